//! A decision: what is given out, why, under which duties, and what would help.

use core::fmt;
use std::sync::Arc;

use crate::vocabulary::{Form, Obligations, Outcome, Remedy, RuleId, Scope, WithheldBecause};

use super::engine::{Policy, RuleSet, Verdict};
use super::explain::Explanation;
use super::facts::Facts;
use super::moves;
use super::rule::{Certainty, Effect, ReadFrom};

/// What was decided about one field or action.
///
/// A decision is not an authority: a value comes only out of a view, which is recorded.
#[derive(Clone)]
pub struct Decision {
    policy: Arc<Policy>,
    active: RuleSet,
    facts: Facts,
    verdict: Verdict,
}

impl Decision {
    pub(super) fn new(policy: Arc<Policy>, active: RuleSet, facts: Facts, verdict: Verdict) -> Self {
        Self { policy, active, facts, verdict }
    }

    /// What is given out.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.verdict.outcome
    }

    /// In which form; `None` where nothing is given out.
    #[must_use]
    pub fn form(&self) -> Option<Form> {
        self.verdict.form
    }

    /// Which rows were asked for.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.verdict.scope
    }

    /// Why it is withheld; `None` where it is not.
    #[must_use]
    pub fn because(&self) -> Option<WithheldBecause> {
        self.verdict.because
    }

    /// Whether anything is given out (for an action: whether it may proceed).
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.verdict.outcome != Outcome::Withhold
    }

    /// The duties that come with the decision.
    #[must_use]
    pub fn obligations(&self) -> Obligations {
        self.verdict.obligations
    }

    /// The rules that decided, the one that forbids first.
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'_>> {
        self.policy.reasons(self.verdict.rules)
    }

    /// What would lawfully change the answer: minimal sets of at most three moves, the smallest
    /// first. Empty where nothing would, and where nothing is withheld. Computed when asked for.
    #[must_use]
    pub fn remedies(&self) -> Vec<Vec<Remedy>> {
        if self.is_allowed() { Vec::new() } else { moves::remedies(&self.policy, self.active, &self.facts) }
    }

    /// The decision explained, for a supervisor.
    #[must_use]
    pub fn explain(&self) -> Explanation<'_> {
        Explanation::new(self, &self.facts, &self.policy.spoken_of(self.verdict.rules))
    }

    /// One or two sentences that the agent may say: nothing in them helps a pretexter.
    #[must_use]
    pub fn for_agent(&self) -> &str {
        if self.is_allowed() {
            return "You may share this with the customer.";
        }
        self.policy.say(self.verdict.rules).unwrap_or(match self.verdict.because {
            Some(WithheldBecause::Held) => "A colleague has to look at this first.",
            Some(WithheldBecause::NotGranted) => "Your role does not see this.",
            Some(WithheldBecause::Forbidden | WithheldBecause::FactsMissing) | None => {
                "I cannot share this here."
            }
        })
    }
}

/// Decided alike, by the same rules on the same facts: they explain themselves in the same words.
impl PartialEq for Decision {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.policy, &other.policy)
            && (self.active, self.facts, self.verdict) == (other.active, other.facts, other.verdict)
    }
}

impl Eq for Decision {}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decision")
            .field("outcome", &self.verdict.outcome)
            .field("form", &self.verdict.form)
            .field("because", &self.verdict.because)
            .field("obligations", &self.verdict.obligations)
            .field("rules", &self.reasons().map(|reason| reason.rule.as_str().to_owned()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A rule that decided.
#[derive(Debug, Clone, Copy)]
pub struct Reason<'p> {
    /// The pack that the rule is in.
    pub pack: &'p RuleId,
    /// The rule's id.
    pub rule: &'p RuleId,
    /// What it does.
    pub effect: Effect,
    /// What it says, in one line for a supervisor.
    pub title: &'p str,
    /// Its citation.
    pub cite: &'p str,
    /// How sure its reading is.
    pub certainty: Certainty,
    /// How its text was read.
    pub source: ReadFrom,
}
