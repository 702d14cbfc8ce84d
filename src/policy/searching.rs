//! Deciding on searches: like a plan, but for somebody who has no account yet.

use std::sync::Arc;

use crate::vocabulary::{DataClass, FieldName, Timestamp};

use super::decision::Decision;
use super::engine::{Ask, Policy, RuleSet};
use super::facts::Facts;

/// What may be searched for in one state. What is known of accounts is not in it: it takes its least
/// privileged value.
#[derive(Debug)]
pub(crate) struct SearchPlan {
    policy: Arc<Policy>,
    active: RuleSet,
    state: Facts,
}

/// Leave to open certain fields of candidates, whosever they are, to compare them with what was stated.
///
/// A proof type, as [`super::Grant`] is.
#[derive(Debug)]
pub(crate) struct SearchGrant {
    id: [u8; 16],
    fields: Vec<(FieldName, DataClass)>,
}

impl SearchPlan {
    pub(crate) fn new(policy: Arc<Policy>, state: Facts, now: Timestamp) -> Self {
        let active = policy.active(now);
        let state = policy.with_predicates(state);
        Self { policy, active, state }
    }

    /// The decision on finding accounts by a value of a class.
    pub(crate) fn decision(&self, class: DataClass) -> Decision {
        self.policy.decision(self.active, &self.state, Ask::Search(class))
    }

    /// Leave to compare all of these fields; `None` where one of them is refused.
    pub(crate) fn grant(&self, id: [u8; 16], fields: Vec<(FieldName, DataClass)>) -> Option<SearchGrant> {
        let allowed = fields.iter().all(|(_, class)| self.decision(*class).is_allowed());
        (allowed && !fields.is_empty()).then_some(SearchGrant { id, fields })
    }
}

impl SearchGrant {
    /// The id that the audit record carries too.
    pub(crate) fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// The fields, in the order of the index.
    pub(crate) fn fields(&self) -> &[(FieldName, DataClass)] {
        &self.fields
    }
}
