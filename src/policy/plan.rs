//! The plan of an interaction: every class decided once per change of state, so that looking at a
//! field is a table look-up; and the grant that comes out of it.

use std::sync::Arc;

use crate::vocabulary::{
    AccountId, Action, DataClass, Destination, FieldName, Form, Obligation, Outcome, Scope, Timestamp,
};

use super::decision::Decision;
use super::engine::{Ask, Policy, RuleSet, Verdict};
use super::facts::{AccountFact, AgentFact, Facts};

/// Every class and scope, decided for one account in one state.
#[derive(Debug)]
pub(crate) struct Plan {
    policy: Arc<Policy>,
    active: RuleSet,
    state: Facts,
    account: AccountId,
    views: Vec<[Verdict; 2]>,
}

/// A field that may be opened, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrantedField {
    pub(crate) field: FieldName,
    pub(crate) class: DataClass,
    pub(crate) form: Form,
    pub(crate) scope: Scope,
    /// Rows of calls to covered hotlines are left out (47 CFR 64.6408).
    pub(crate) omit_hotlines: bool,
}

/// Leave to open certain fields of one account, once.
///
/// A proof type: only the policy room makes one, from a plan; it is consumed by the disclosure,
/// and cannot be copied.
#[derive(Debug)]
pub struct Grant {
    id: [u8; 16],
    account: AccountId,
    fields: Vec<GrantedField>,
}

impl Plan {
    pub(crate) fn new(policy: Arc<Policy>, state: Facts, account: AccountId, now: Timestamp) -> Self {
        let active = policy.active(now);
        let state = policy.with_predicates(state);
        let views = DataClass::ALL
            .iter()
            .map(|class| {
                [Scope::Whole, Scope::NamedCall]
                    .map(|scope| policy.decide(active, &state, Ask::View(*class, scope)))
            })
            .collect();
        Self { policy, active, state, account, views }
    }

    /// The decision on viewing a class, with what is needed to explain it.
    pub(crate) fn decision(&self, class: DataClass, scope: Scope) -> Decision {
        let ask = Ask::View(class, scope);
        match self.verdict(class, scope) {
            Some(verdict) => self.policy.explained(self.active, &self.state, ask, *verdict),
            None => self.policy.decision(self.active, &self.state, ask),
        }
    }

    /// Whether viewing a class is allowed, and in which form: the table look-up that benches time.
    #[cfg(feature = "testing")]
    pub(crate) fn form(&self, class: DataClass, scope: Scope) -> Option<Form> {
        self.verdict(class, scope).filter(|verdict| verdict.outcome != Outcome::Withhold)?.form
    }

    /// The decision on an action, and whether a second person approved that very action.
    pub(crate) fn action(&self, action: Action, approved: bool) -> Decision {
        self.act(self.state, action, approved)
    }

    /// The same as if no lock were on.
    pub(crate) fn action_without_locks(&self, action: Action, approved: bool) -> Decision {
        let mut state = self.state;
        state.set_account(AccountFact::SimLock, Some(false));
        state.set_account(AccountFact::PortLock, Some(false));
        self.act(state, action, approved)
    }

    fn act(&self, mut state: Facts, action: Action, approved: bool) -> Decision {
        state.set_agent(AgentFact::SupervisorApproval, Some(approved));
        let state = self.policy.with_predicates(state);
        self.policy.decision(self.active, &state, Ask::Act(action))
    }

    /// The decision on verifying a value of a class.
    pub(crate) fn verification(&self, class: DataClass) -> Decision {
        self.policy.decision(self.active, &self.state, Ask::Verify(class))
    }

    /// The decision on sending a value of a class.
    pub(crate) fn sending(&self, class: DataClass, to: Destination) -> Decision {
        self.policy.decision(self.active, &self.state, Ask::Send(class, to))
    }

    /// The fields among `asked` that may be opened to be viewed, as a grant; `None` where there are none.
    pub(crate) fn grant(
        &self,
        id: [u8; 16],
        asked: impl Iterator<Item = (FieldName, DataClass, Scope)>,
    ) -> Option<Grant> {
        let fields: Vec<_> = asked
            .filter_map(|(field, class, scope)| {
                let verdict = self.verdict(class, scope)?;
                let form = verdict.form.filter(|_| verdict.outcome != Outcome::Withhold)?;
                let omit_hotlines = verdict.obligations.contains(Obligation::OmitCoveredHotlines);
                Some(GrantedField { field, class, form, scope, omit_hotlines })
            })
            .collect();
        (!fields.is_empty()).then(|| Grant { id, account: self.account.clone(), fields })
    }

    /// The fields among `asked` that may be opened to be sent, as a grant; `None` where there are none.
    pub(crate) fn grant_sending(
        &self,
        id: [u8; 16],
        to: Destination,
        asked: impl Iterator<Item = (FieldName, DataClass)>,
    ) -> Option<Grant> {
        let fields: Vec<_> = asked
            .filter_map(|(field, class)| {
                let decision = self.sending(class, to);
                let omit_hotlines = decision.obligations().contains(Obligation::OmitCoveredHotlines);
                Some(GrantedField {
                    field,
                    class,
                    form: decision.form()?,
                    scope: Scope::Whole,
                    omit_hotlines,
                })
            })
            .collect();
        (!fields.is_empty()).then(|| Grant { id, account: self.account.clone(), fields })
    }

    /// Leave to open one field for a comparison inside the library; `None` where it is refused.
    pub(crate) fn grant_verifying(&self, id: [u8; 16], field: FieldName, class: DataClass) -> Option<Grant> {
        let form = self.verification(class).form()?;
        let fields = vec![GrantedField { field, class, form, scope: Scope::Whole, omit_hotlines: false }];
        Some(Grant { id, account: self.account.clone(), fields })
    }

    fn verdict(&self, class: DataClass, scope: Scope) -> Option<&Verdict> {
        let [whole, named] = self.views.get(usize::from(class.code()).checked_sub(1)?)?;
        Some(match scope {
            Scope::Whole => whole,
            Scope::NamedCall => named,
        })
    }
}

impl Grant {
    /// The id that the audit record carries too.
    pub(crate) fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// The account whose fields may be opened.
    pub(crate) fn account(&self) -> &AccountId {
        &self.account
    }

    /// The fields, in the order in which they were asked for.
    pub(crate) fn fields(&self) -> &[GrantedField] {
        &self.fields
    }
}
