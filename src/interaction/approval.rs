//! A second person's approval (47 CFR 64.2009(d)).
//!
//! The approver signs in with a session of their own: what the agent's tool says about a supervisor
//! proves nothing. Approval is for one thing, in one interaction.

use crate::vocabulary::{Action, AgentId, Requester, Timestamp};

use super::host::AgentProfile;

/// What is approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// That this action is decided in the customer's favour once.
    Action(Action),
    /// What is viewed, verified and sent in this interaction.
    Disclosure,
}

/// Whether `approver` may approve what `agent` does: somebody else, of the carrier, whom the
/// directory lets approve, with current training.
pub(super) fn may_approve(approver: &AgentProfile, agent: &AgentId, now: Timestamp) -> bool {
    approver.may_approve
        && approver.id != *agent
        && approver.role.requester() == Requester::Carrier
        && approver.trained_until.is_some_and(|until| now <= until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{EmployerId, Role};

    const NOW: Timestamp = Timestamp::from_secs(1_795_392_000);

    fn supervisor() -> AgentProfile {
        AgentProfile {
            id: AgentId::new("s-1").unwrap(),
            role: Role::CareAgent,
            employer: EmployerId::new("carrier").unwrap(),
            site: None,
            country: None,
            trained_until: Some(NOW),
            may_approve: true,
            own_account: None,
        }
    }

    #[test]
    fn an_approver_is_another_trained_employee_whom_the_directory_lets_approve() {
        let agent = AgentId::new("a-1").unwrap();
        assert!(may_approve(&supervisor(), &agent, NOW), "trained until now");
        let refused = [
            (AgentProfile { id: agent.clone(), ..supervisor() }, "the agent"),
            (AgentProfile { may_approve: false, ..supervisor() }, "not let"),
            (AgentProfile { trained_until: None, ..supervisor() }, "training unknown"),
            (
                AgentProfile { trained_until: Some(Timestamp::from_secs(NOW.as_secs() - 1)), ..supervisor() },
                "lapsed",
            ),
            (AgentProfile { role: Role::ThirdPartyApp, ..supervisor() }, "a third party"),
            (AgentProfile { role: Role::Customer, ..supervisor() }, "a customer"),
        ];
        for (approver, why) in refused {
            assert!(!may_approve(&approver, &agent, NOW), "{why}");
        }
    }
}
