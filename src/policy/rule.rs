//! A rule: its effect, the conjunction under which it applies, and where it comes from.

use crate::vocabulary::{Form, Obligations, RuleId, codes};

use super::facts::Facts;

codes! {
    /// What a rule does where it applies.
    Effect {
        /// Closes. Overrides every permit.
        Forbid = 1, "forbid";
        /// Caps the form in which a value is given out.
        Limit = 2, "limit";
        /// Adds duties to what is given out.
        Oblige = 3, "oblige";
        /// Opens, unless something forbids.
        Permit = 4, "permit";
    }
}

codes! {
    /// How sure the reading of a rule is.
    Certainty {
        /// It follows from the words of the rule.
        Clear = 1, "clear";
        /// The rule is silent or ambiguous; this is a default that a carrier may change.
        Interpretation = 2, "interpretation";
        /// The text is adopted; nobody has to follow it yet.
        Pending = 3, "pending";
        /// Only proposed.
        Proposed = 4, "proposed";
        /// What a consent decree ordered.
        Decree = 5, "decree";
    }
}

codes! {
    /// How the text behind a rule was read. A rule from memory is enforced and never quoted.
    ReadFrom {
        /// The statute, regulation or order itself.
        Primary = 1, "primary";
        /// Somebody's description of it.
        Secondary = 2, "secondary";
        /// Memory.
        Memory = 3, "memory";
    }
}

/// A rule as its file says it.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) id: RuleId,
    pub(super) effect: Effect,
    /// One line for a supervisor: what the rule says.
    pub(super) title: Box<str>,
    /// What the agent may say: no detail that helps a pretexter.
    pub(super) say: Option<Box<str>>,
    pub(super) cite: Box<str>,
    pub(super) certainty: Certainty,
    pub(super) source: ReadFrom,
    pub(super) when: Conjunction,
    pub(super) unless: Vec<Conjunction>,
    /// `limit`: the most that is given out.
    pub(super) max_form: Option<Form>,
    /// `oblige`, and `forbid` where it alerts or holds.
    pub(super) obligations: Obligations,
    /// Where it begins in its file, in bytes.
    pub(super) at: usize,
}

impl Rule {
    pub(super) fn applies(&self, facts: &Facts) -> bool {
        self.when.holds(facts) && !self.unless.iter().any(|exception| exception.holds(facts))
    }
}

/// All clauses must hold. An empty conjunction holds always.
#[derive(Debug, Clone, Default)]
pub(super) struct Conjunction {
    pub(super) clauses: Vec<Clause>,
    /// Predicates that must hold, by name: the compiler makes clauses of them.
    pub(super) predicates: Vec<RuleId>,
}

impl Conjunction {
    /// Whether all of it is demanded by another, too.
    pub(super) fn is_part_of(&self, other: &Self) -> bool {
        self.clauses.iter().all(|clause| other.clauses.contains(clause))
            && self.predicates.iter().all(|name| other.predicates.contains(name))
    }

    /// Whether it holds. Predicates count once they are compiled.
    pub(super) fn holds(&self, facts: &Facts) -> bool {
        self.clauses.iter().all(|clause| clause.holds(facts))
    }
}

/// A condition on the bits of one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Clause {
    pub(super) word: usize,
    pub(super) bits: u64,
    pub(super) mode: Mode,
}

/// How many of a clause's bits must be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    Any,
    All,
    None,
}

impl Clause {
    pub(super) fn holds(self, facts: &Facts) -> bool {
        let common = facts.word(self.word) & self.bits;
        match self.mode {
            Mode::Any => common != 0,
            Mode::All => common == self.bits,
            Mode::None => common == 0,
        }
    }
}
