//! What was decided, as records, as far as a guard and an agent's machine both tell it. No customer's text
//! is in them.

use cpni_guard::vocabulary::{Form, Obligation, Outcome, Remedy, Scope, WithheldBecause};

/// Whether there is a value to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FieldState {
    /// Not given out; the decision says why.
    Withheld,
    /// It may be given out, and the record does not hold it.
    Absent,
    /// Given out.
    Disclosed,
}

/// The decision on one field or action, as far as a tool shows it at once. Why, and what would help, a
/// guard explains when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Answer {
    /// The field of the schema; empty for an action.
    pub field: String,
    /// What is given out.
    pub outcome: Outcome,
    /// In which form; nothing where nothing is given out.
    pub form: Option<Form>,
    /// Which rows.
    pub scope: Scope,
    /// Why it is withheld.
    pub because: Option<WithheldBecause>,
    /// The duties that come with it.
    pub obligations: Vec<Obligation>,
    /// One or two sentences that the agent may say: nothing in them helps a pretexter.
    pub for_agent: String,
}

/// Something that an agent could do.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RemedyStep {
    /// What.
    pub remedy: Remedy,
    /// In words that follow "you could".
    pub advice: String,
}

/// Steps that together would change the answer.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RemedyPath {
    /// The steps, in their order.
    pub steps: Vec<RemedyStep>,
}

impl From<&[Remedy]> for RemedyPath {
    fn from(path: &[Remedy]) -> Self {
        let step = |remedy: &Remedy| RemedyStep { remedy: *remedy, advice: remedy.advice().to_owned() };
        Self { steps: path.iter().map(step).collect() }
    }
}
