//! Why a decision came out as it did, for a supervisor: the rules, the facts that they used, the
//! facts that were missing.

use core::fmt;

use crate::vocabulary::{
    Action, Channel, DataClass, Destination, EvidenceKind, Form, Label, Op, Outcome, Purpose, Remedy,
    Requester, Role, Scope, WithheldBecause,
};

use super::decision::{Decision, Reason};
use super::facts::{AccountFact, AgentFact, Dimension, Facts, WORDS};

/// A decision, explained.
#[derive(Debug)]
pub struct Explanation<'d> {
    /// What is given out.
    pub outcome: Outcome,
    /// Why it is withheld, where it is.
    pub because: Option<WithheldBecause>,
    /// The rules that decided.
    pub reasons: Vec<Reason<'d>>,
    /// What held, of what those rules speak of.
    pub facts_used: Vec<UsedFact>,
    /// What those rules speak of and nobody knew: it took its least privileged value.
    pub facts_missing: Vec<UsedFact>,
    /// What would lawfully change the answer.
    pub remedies: Vec<Vec<Remedy>>,
}

/// A fact that a rule used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsedFact {
    /// What it is about: `channel`, `evidence`, `account`, ….
    pub about: &'static str,
    /// Its name in policy files.
    pub name: &'static str,
}

/// What a set of rules speaks of: the bits of all their clauses.
pub(super) type Spoken = [u64; WORDS];

impl<'d> Explanation<'d> {
    pub(super) fn new(decision: &'d Decision, facts: &Facts, spoken: &Spoken) -> Self {
        let missing: Vec<_> = facts
            .missing()
            .map(|fact| (Dimension::ACCOUNT, fact.code(), UsedFact { about: "account", name: fact.name() }))
            .chain(
                facts.missing_agent_facts().map(|fact| {
                    (Dimension::AGENT, fact.code(), UsedFact { about: "agent", name: fact.name() })
                }),
            )
            .filter(|(dimension, code, _)| speaks_of(spoken, *dimension, *code))
            .map(|(_, _, fact)| fact)
            .collect();
        let mut used = all_facts();
        used.retain(|(dimension, code, fact)| {
            facts.is(*dimension, *code) && speaks_of(spoken, *dimension, *code) && !missing.contains(fact)
        });
        Self {
            outcome: decision.outcome(),
            because: decision.because(),
            reasons: decision.reasons().collect(),
            facts_used: used.into_iter().map(|(_, _, fact)| fact).collect(),
            facts_missing: missing,
            remedies: decision.remedies(),
        }
    }
}

/// One line a rule, then the facts, then what would help.
impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.because {
            Some(WithheldBecause::NotGranted) => writeln!(f, "{}: no grant permits it", self.outcome)?,
            Some(WithheldBecause::FactsMissing) => writeln!(f, "{}: a fact is missing", self.outcome)?,
            Some(WithheldBecause::Held) => writeln!(f, "{}: held for a human", self.outcome)?,
            Some(WithheldBecause::Forbidden) => writeln!(f, "{}: forbidden", self.outcome)?,
            None => writeln!(f, "{}", self.outcome)?,
        }
        for reason in &self.reasons {
            writeln!(
                f,
                "  {} {} ({}; {}; {})",
                reason.effect, reason.rule, reason.title, reason.cite, reason.certainty
            )?;
        }
        list(f, "because", &self.facts_used)?;
        list(f, "not known", &self.facts_missing)?;
        for (index, set) in self.remedies.iter().enumerate() {
            f.write_str(if index == 0 { "  would help: " } else { "  or: " })?;
            for (index, remedy) in set.iter().enumerate() {
                write!(f, "{}{remedy}", if index == 0 { "" } else { " and " })?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for UsedFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.about, self.name)
    }
}

fn list(f: &mut fmt::Formatter<'_>, what: &str, facts: &[UsedFact]) -> fmt::Result {
    for (index, fact) in facts.iter().enumerate() {
        if index == 0 {
            write!(f, "  {what}: {fact}")?;
        } else {
            write!(f, ", {fact}")?;
        }
    }
    if facts.is_empty() { Ok(()) } else { writeln!(f) }
}

fn speaks_of(spoken: &Spoken, dimension: Dimension, code: u8) -> bool {
    spoken.get(dimension.word).is_some_and(|bits| bits & dimension.bit(code) != 0)
}

/// Every fact that there is.
pub(super) fn all_facts() -> Vec<(Dimension, u8, UsedFact)> {
    let mut all = Vec::new();
    macro_rules! add {
        ($about:literal, $dimension:ident, $type:ty) => {
            all.extend(<$type>::ALL.iter().map(|value| {
                (Dimension::$dimension, value.code(), UsedFact { about: $about, name: value.name() })
            }));
        };
    }
    add!("op", OP, Op);
    add!("action", ACTION, Action);
    add!("to", TO, Destination);
    add!("scope", SCOPE, Scope);
    add!("form", FORM, Form);
    add!("class", CLASS, DataClass);
    add!("label", LABEL, Label);
    add!("channel", CHANNEL, Channel);
    add!("requester", REQUESTER, Requester);
    add!("role", ROLE, Role);
    add!("purpose", PURPOSE, Purpose);
    add!("evidence", EVIDENCE, EvidenceKind);
    add!("account", ACCOUNT, AccountFact);
    add!("agent", AGENT, AgentFact);
    all
}
