//! What a guard decided, explained: rules, citations, advice. No customer's text is in them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use cpni_guard::policy::{Certainty, Decision, Effect, ReadFrom, Reason};

use crate::answer::{Answer, RemedyPath};
use crate::error::{CpniError, call};

impl Answer {
    pub(crate) fn new(field: &str, decision: &Decision) -> Self {
        Self {
            field: field.to_owned(),
            outcome: decision.outcome(),
            form: decision.form(),
            scope: decision.scope(),
            because: decision.because(),
            obligations: decision.obligations().iter().collect(),
            for_agent: decision.for_agent().to_owned(),
        }
    }
}

/// A rule that decided.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RuleReason {
    /// The pack that the rule is in.
    pub pack: String,
    /// The rule's id.
    pub rule: String,
    /// What it does.
    pub effect: Effect,
    /// What it says, in one line for a supervisor.
    pub title: String,
    /// Its citation.
    pub cite: String,
    /// How sure its reading is.
    pub certainty: Certainty,
    /// How its text was read.
    pub source: ReadFrom,
}

impl From<Reason<'_>> for RuleReason {
    fn from(reason: Reason<'_>) -> Self {
        Self {
            pack: reason.pack.to_string(),
            rule: reason.rule.to_string(),
            effect: reason.effect,
            title: reason.title.to_owned(),
            cite: reason.cite.to_owned(),
            certainty: reason.certainty,
            source: reason.source,
        }
    }
}

/// A fact that a rule used, by its names in policy files.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PolicyFact {
    /// What it is about: `channel`, `evidence`, `account`, ….
    pub about: String,
    /// Its name.
    pub name: String,
}

/// A decision, explained.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Explanation {
    /// The decision.
    pub answer: Answer,
    /// The rules that decided, the one that forbids first.
    pub reasons: Vec<RuleReason>,
    /// What held, of what those rules speak of.
    pub facts_used: Vec<PolicyFact>,
    /// What those rules speak of and nobody knew.
    pub facts_missing: Vec<PolicyFact>,
    /// What would lawfully change the answer, the shortest way first.
    pub remedies: Vec<RemedyPath>,
    /// All of it as text, for a supervisor.
    pub for_supervisor: String,
}

impl Explanation {
    pub(crate) fn new(field: &str, decision: &Decision) -> Self {
        let explained = decision.explain();
        let for_supervisor = explained.to_string();
        let facts = |facts: &[cpni_guard::policy::UsedFact]| {
            let fact = |fact: &cpni_guard::policy::UsedFact| PolicyFact {
                about: fact.about.to_owned(),
                name: fact.name.to_owned(),
            };
            facts.iter().map(fact).collect()
        };
        Self {
            answer: Answer::new(field, decision),
            facts_used: facts(&explained.facts_used),
            facts_missing: facts(&explained.facts_missing),
            remedies: explained.remedies.iter().map(|path| RemedyPath::from(path.as_slice())).collect(),
            reasons: explained.reasons.into_iter().map(RuleReason::from).collect(),
            for_supervisor,
        }
    }
}

/// Decisions, each with its field.
pub(crate) type Decided = Vec<(String, Decision)>;

/// Decisions that can be explained later. Holds no value: it may be left to be freed whenever.
#[derive(uniffi::Object)]
pub struct Decisions(OnceLock<Decided>);

#[uniffi::export]
impl Decisions {
    /// None yet: `Interaction::view_batch` puts them in.
    ///
    /// # Errors
    /// Never.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Arc::new(Self(OnceLock::new()))))
    }

    /// Explains the decision at this place, from 0. Works out what would help, which takes a while.
    ///
    /// # Errors
    /// 9306 if there is none.
    pub fn explain(&self, at: u32) -> Result<Explanation, CpniError> {
        call(|| {
            let at = usize::try_from(at).map_err(|_| CpniError::NO_SUCH_PLACE)?;
            let found = self.0.get().and_then(|all| all.get(at));
            let (field, decision) = found.ok_or(CpniError::NO_SUCH_PLACE)?;
            Ok(Explanation::new(field, decision))
        })
    }
}

impl Decisions {
    pub(crate) fn of(decisions: Decided) -> Arc<Self> {
        Arc::new(Self(decisions.into()))
    }

    /// The answers, and what explains them at the same places.
    pub(crate) fn told(decided: Decided) -> (Vec<Answer>, Arc<Self>) {
        let answers = decided.iter().map(|(field, decision)| Answer::new(field, decision)).collect();
        (answers, Self::of(decided))
    }

    /// Nothing may be put in twice: the places of the first would then be those of the second.
    pub(crate) fn must_be_empty(&self) -> Result<(), CpniError> {
        if self.0.get().is_some() { Err(CpniError::USED_UP) } else { Ok(()) }
    }

    pub(crate) fn put(&self, decisions: Decided) -> Result<(), CpniError> {
        self.0.set(decisions).map_err(|_| CpniError::USED_UP)
    }
}

impl fmt::Debug for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decisions(..)")
    }
}
