//! What a customer is told: what happens next, and how to object. Plain words, without a value.

use crate::error::TransactionError;
use crate::vocabulary::{Action, Timestamp};

use super::kind::LockKind;

/// What happens next with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// It may be carried out now, in this interaction.
    Execute,
    /// It waits until then.
    Wait {
        /// From when on it may be carried out.
        until: Timestamp,
    },
    /// A second person has to approve it, and where there is a time it waits until then as well.
    SecondPerson {
        /// From when on it may be carried out; in the past where only the person is missing.
        until: Timestamp,
    },
    /// It is not done.
    Refused(TransactionError),
}

impl NextStep {
    /// One or two sentences for the customer.
    #[must_use]
    pub fn for_customer(&self, action: Action, now: Timestamp) -> String {
        let what = what(action);
        match self {
            Self::Execute => format!("We {what} now. {OBJECT}"),
            Self::Wait { until } => {
                format!("Your request to {what} waits until {until}, to keep others from doing it. {OBJECT}")
            }
            Self::SecondPerson { until } if now < *until => format!(
                "A colleague looks at your request to {what}, and it waits until {until}, to keep others from doing it. {OBJECT}"
            ),
            Self::SecondPerson { .. } => {
                format!("A colleague looks at your request to {what} first. {OBJECT}")
            }
            Self::Refused(TransactionError::Locked) => {
                format!("We cannot {what} while your lock is on. You can remove it yourself.")
            }
            Self::Refused(TransactionError::NoUnchangedContact) => format!(
                "We cannot {what} now, because your contact details changed lately and we could not warn you there. Please come to a store with a photo ID."
            ),
            Self::Refused(_) => format!("We cannot {what} here."),
        }
    }
}

impl LockKind {
    /// What a customer hears whose lock goes then.
    pub(crate) fn of_removal(self, until: Timestamp) -> String {
        let lock = match self {
            Self::Sim => "SIM lock",
            Self::Port => "number lock",
        };
        format!(
            "Your {lock} is off from {until}. Until then it holds. \
             If you did not ask for this, set it again or call us."
        )
    }
}

const OBJECT: &str = "We tell you where we could reach you before. \
     If you did not ask for this, answer that message or call us, and we stop it.";

const fn what(action: Action) -> &'static str {
    match action {
        Action::SimChange => "change the SIM",
        Action::PortOut => "move the number to another carrier",
        Action::UnlockHandset => "unlock the phone",
        Action::CreateOnlineAccount => "open the online account",
        Action::CreatePassword | Action::ResetPassword => "set the password",
        Action::ChangeEmailOfRecord => "change the e-mail address",
        Action::ChangeAddressOfRecord => "change the address",
        Action::ChangeBackupAnswer => "change the back-up answer",
        Action::ChangeNumberOfRecord => "change the telephone number",
        Action::OutboundApprovalRequest | Action::TakePaymentCard => "do this",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::TransactionKind;

    const NOW: Timestamp = Timestamp::from_secs(1_795_446_240);

    #[test]
    fn a_customer_hears_what_happens_and_how_to_object() {
        let later = NOW.plus(core::time::Duration::from_secs(86_400));
        let wait = NextStep::Wait { until: later }.for_customer(Action::SimChange, NOW);
        assert_eq!(
            wait,
            "Your request to change the SIM waits until 2026-11-24T15:04:00Z, to keep others from doing it. \
             We tell you where we could reach you before. If you did not ask for this, answer that message \
             or call us, and we stop it."
        );
        for action in Action::ALL.iter().filter(|action| TransactionKind::of(**action).is_some()) {
            for step in [
                NextStep::Execute,
                NextStep::Wait { until: later },
                NextStep::SecondPerson { until: NOW },
                NextStep::SecondPerson { until: later },
            ] {
                let said = step.for_customer(*action, NOW);
                assert!(
                    said.contains("If you did not ask for this") && !said.contains("do this now"),
                    "{said}"
                );
            }
            let refused = NextStep::Refused(TransactionError::RefusedByRisk).for_customer(*action, NOW);
            assert!(!refused.contains("risk"), "nothing that helps a pretexter: {refused}");
        }
        assert!(LockKind::Sim.of_removal(later).contains("set it again"));
    }
}
