//! A decision as it travels to the device: what the agent's tool shows of it.

use core::fmt;

use crate::vocabulary::{DataClass, Form, Obligations, Outcome, Remedy, RuleId, Scope, WithheldBecause};

/// What the back end decided about one field. Holds no customer text.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceDecision {
    pub(crate) class: DataClass,
    pub(crate) scope: Scope,
    pub(crate) outcome: Outcome,
    pub(crate) form: Option<Form>,
    pub(crate) because: Option<WithheldBecause>,
    pub(crate) obligations: Obligations,
    pub(crate) for_agent: Box<str>,
    pub(crate) reasons: Vec<DeviceReason>,
    pub(crate) remedies: Vec<Vec<Remedy>>,
}

/// A rule that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceReason {
    /// The rule's id.
    pub rule: RuleId,
    /// What it says, in one line for a supervisor.
    pub title: Box<str>,
    /// Its citation.
    pub cite: Box<str>,
    /// How sure its reading is, in the word of the packs: `clear`, `interpretation`, ….
    pub certainty: Box<str>,
}

impl DeviceDecision {
    /// What the field holds.
    #[must_use]
    pub const fn class(&self) -> DataClass {
        self.class
    }

    /// Which rows were asked for.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// What is given out.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// In which form; `None` where nothing is given out.
    #[must_use]
    pub const fn form(&self) -> Option<Form> {
        self.form
    }

    /// Why it is withheld; `None` where it is not.
    #[must_use]
    pub const fn because(&self) -> Option<WithheldBecause> {
        self.because
    }

    /// Whether anything is given out.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.outcome != Outcome::Withhold
    }

    /// The duties that come with the decision.
    #[must_use]
    pub const fn obligations(&self) -> Obligations {
        self.obligations
    }

    /// One or two sentences that the agent may say: nothing in them helps a pretexter.
    #[must_use]
    pub fn for_agent(&self) -> &str {
        &self.for_agent
    }

    /// The rules that decided, the one that forbids first.
    #[must_use]
    pub fn reasons(&self) -> &[DeviceReason] {
        &self.reasons
    }

    /// What would lawfully change the answer: sets of moves, the smallest first. Empty where nothing
    /// would, and where nothing is withheld.
    #[must_use]
    pub fn remedies(&self) -> &[Vec<Remedy>] {
        &self.remedies
    }
}

impl fmt::Debug for DeviceDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceDecision")
            .field("outcome", &self.outcome)
            .field("form", &self.form)
            .field("because", &self.because)
            .field("obligations", &self.obligations)
            .field("rules", &self.reasons.iter().map(|reason| reason.rule.as_str()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
