//! The request space, cut into cells: a cell is a request and a contact without their facts
//! (evidence, account, agent). In a cell most rules are decided already; what is left of a rule
//! speaks of facts only, and a set of such rests is a truth table over the facts that it names.
//!
//! Rules: nothing here decides for anybody. It is a second reading of the rules, of which the
//! checks of a policy and the tests of the engine are made. Facts that no rule can tell apart (they
//! stand in the same clauses, and only as `any` or `none`, or only as `all`) are one variable.

use std::collections::BTreeMap;

use crate::vocabulary::{Channel, DataClass, Purpose, Role, Scope};

use super::engine::{Ask, Policy};
use super::facts::{Dimension, Facts};
use super::pack::Definition;
use super::rule::{Clause, Conjunction, Mode, Rule};

/// First word of the facts that vary within a cell; those before it make the cell.
const FIRST_FACT_WORD: usize = Dimension::EVIDENCE.word;

/// The rules of a policy, taken apart into what a cell decides and what it leaves open.
pub(super) struct Space {
    /// The clauses on the request and the contact that any rule has.
    fixed: Vec<Clause>,
    rules: Vec<Split>,
}

/// Which of [`Space::fixed`] hold in a cell, one bit each. Cells with the same key are decided alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key(Vec<u64>);

/// What a cell leaves of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Rest {
    when: Vec<Term>,
    unless: Vec<Vec<Term>>,
}

/// One condition of a conjunction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Term {
    Clause(Clause),
    /// A predicate: one of these conjunctions.
    AnyOf(Vec<Vec<Clause>>),
}

#[derive(Debug)]
struct Split {
    when: SplitConjunction,
    unless: Vec<SplitConjunction>,
}

#[derive(Debug)]
struct SplitConjunction {
    /// Indices into [`Space::fixed`].
    fixed: Vec<usize>,
    clauses: Vec<Clause>,
    predicates: Vec<Vec<SplitConjunction>>,
}

/// A fact, by its bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Fact {
    pub(super) word: usize,
    pub(super) bit: u64,
}

/// Facts that vary as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) facts: Vec<Fact>,
    /// Whether it is set where all of its facts are; otherwise where any is.
    pub(super) all: bool,
}

/// The variables that some rests name. Assignment `n` sets variable `i` where bit `i` of `n` is set.
#[derive(Debug, Clone)]
pub(super) struct Variables(Vec<Variable>);

/// A table of 64 assignments to variables 0 to 5.
const COLUMNS: [u64; 6] = [
    0xAAAA_AAAA_AAAA_AAAA,
    0xCCCC_CCCC_CCCC_CCCC,
    0xF0F0_F0F0_F0F0_F0F0,
    0xFF00_FF00_FF00_FF00,
    0xFFFF_0000_FFFF_0000,
    0xFFFF_FFFF_0000_0000,
];

impl Space {
    pub(super) fn new(policy: &Policy) -> Self {
        Self::of(policy.rules().map(|(_, rule)| rule), &policy.definitions().collect::<Vec<_>>())
    }

    /// The space of some rules, which go by their place in the list.
    pub(super) fn of<'r>(rules: impl Iterator<Item = &'r Rule>, definitions: &[&Definition]) -> Self {
        let mut fixed = Vec::new();
        let rules = rules
            .map(|rule| Split {
                when: split(&rule.when, definitions, &mut fixed),
                unless: rule.unless.iter().map(|c| split(c, definitions, &mut fixed)).collect(),
            })
            .collect();
        Self { fixed, rules }
    }

    /// The key of a cell, or of a part of one: the keys of disjoint parts join to that of the whole.
    pub(super) fn key(&self, facts: &Facts) -> Key {
        let mut words = vec![0; self.fixed.len().div_ceil(64)];
        for (index, clause) in self.fixed.iter().enumerate() {
            if let Some(word) = words.get_mut(index / 64)
                && clause.holds(facts)
            {
                *word |= 1 << (index % 64);
            }
        }
        Key(words)
    }

    /// What a cell leaves of a rule; `None` where it can no longer apply.
    pub(super) fn rest(&self, rule: usize, key: &Key) -> Option<Rest> {
        let split = self.rules.get(rule)?;
        let when = split.when.in_cell(key)?;
        let unless: Vec<_> = split.unless.iter().filter_map(|exception| exception.in_cell(key)).collect();
        if unless.iter().any(Vec::is_empty) { None } else { Some(Rest { when, unless }) }
    }
}

impl Key {
    pub(super) fn join(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    fn holds(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }
}

impl Rest {
    /// Whether the rule applies whatever the facts are.
    pub(super) fn is_always(&self) -> bool {
        self.when.is_empty() && self.unless.is_empty()
    }

    fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.unless.iter().chain([&self.when]).flatten().flat_map(|term| match term {
            Term::Clause(clause) => core::slice::from_ref(clause).iter().chain([].iter().flatten()),
            Term::AnyOf(any_of) => [].iter().chain(any_of.iter().flatten()),
        })
    }
}

impl SplitConjunction {
    /// What a cell leaves of it; `None` where it does not hold, nothing where it always does.
    fn in_cell(&self, key: &Key) -> Option<Vec<Term>> {
        if !self.fixed.iter().all(|index| key.holds(*index)) {
            return None;
        }
        let mut terms: Vec<Term> = self.clauses.iter().copied().map(Term::Clause).collect();
        for predicate in &self.predicates {
            let mut any_of = Vec::new();
            for part in predicate.iter().filter(|part| part.fixed.iter().all(|index| key.holds(*index))) {
                any_of.push(part.clauses.clone());
            }
            if any_of.is_empty() {
                return None;
            }
            if !any_of.iter().any(Vec::is_empty) {
                terms.push(Term::AnyOf(any_of));
            }
        }
        Some(terms)
    }
}

impl Variables {
    /// The variables of these rests.
    pub(super) fn of<'r>(rests: impl IntoIterator<Item = &'r Rest>) -> Self {
        let mut clauses: Vec<&Clause> = Vec::new();
        for clause in rests.into_iter().flat_map(Rest::clauses) {
            if !clauses.contains(&clause) {
                clauses.push(clause);
            }
        }
        let mut stands_in: BTreeMap<Fact, Vec<usize>> = BTreeMap::new();
        for (index, clause) in clauses.iter().enumerate() {
            for fact in facts_of(clause) {
                stands_in.entry(fact).or_default().push(index);
            }
        }
        let mut variables: Vec<(Vec<usize>, Variable)> = Vec::new();
        for (fact, places) in stands_in {
            let as_all = |index: &&usize| clauses.get(**index).is_some_and(|c| c.mode == Mode::All);
            let count = places.iter().filter(as_all).count();
            let all = count == places.len();
            let alike = (all || count == 0).then(|| variables.iter_mut().find(|(other, _)| *other == places));
            match alike.flatten() {
                Some((_, variable)) => variable.facts.push(fact),
                None => variables.push((places, Variable { facts: vec![fact], all })),
            }
        }
        Self(variables.into_iter().map(|(_, variable)| variable).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Variable> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The number of blocks of 64 assignments. `None` where there are more than a machine counts.
    pub(super) fn blocks(&self) -> Option<usize> {
        u32::try_from(self.len().saturating_sub(6)).ok().and_then(|shift| 1_usize.checked_shl(shift))
    }

    /// The assignments of a block that there are: fewer than 64 with fewer than six variables.
    pub(super) fn valid(&self) -> u64 {
        match 1_u64.checked_shl(1 << self.len().min(6)) {
            Some(end) => end - 1,
            None => u64::MAX,
        }
    }

    /// Where variable `index` is set, among the 64 assignments of `block`.
    pub(super) fn column(index: usize, block: usize) -> u64 {
        match COLUMNS.get(index) {
            Some(column) => *column,
            None if block >> (index - COLUMNS.len()) & 1 == 1 => u64::MAX,
            None => 0,
        }
    }

    /// Where the rule applies, among the 64 assignments of `block`.
    pub(super) fn table(&self, rest: &Rest, block: usize) -> u64 {
        let conjunction = |terms: &[Term]| {
            terms.iter().fold(u64::MAX, |holds, term| {
                holds
                    & match term {
                        Term::Clause(clause) => self.clause(clause, block),
                        Term::AnyOf(any_of) => any_of.iter().fold(0, |any, part| {
                            any | part.iter().fold(u64::MAX, |all, c| all & self.clause(c, block))
                        }),
                    }
            })
        };
        rest.unless.iter().fold(conjunction(&rest.when), |holds, exception| holds & !conjunction(exception))
    }

    fn clause(&self, clause: &Clause, block: usize) -> u64 {
        let named = self.0.iter().enumerate().filter(|(_, variable)| {
            variable.facts.iter().any(|fact| fact.word == clause.word && clause.bits & fact.bit != 0)
        });
        let columns = named.map(|(index, _)| Self::column(index, block));
        match clause.mode {
            Mode::Any => columns.fold(0, |any, column| any | column),
            Mode::All => columns.fold(u64::MAX, |all, column| all & column),
            Mode::None => !columns.fold(0, |any, column| any | column),
        }
    }

    /// The assignment that a state has.
    pub(super) fn assignment_of(&self, state: &Facts) -> usize {
        self.0.iter().enumerate().fold(0, |assignment, (index, variable)| {
            let mut set = variable.facts.iter().map(|fact| state.word(fact.word) & fact.bit != 0);
            let value = if variable.all { set.all(|set| set) } else { set.any(|set| set) };
            assignment | usize::from(value) << index
        })
    }

    /// A state in which the variables have the values of an assignment, the other facts being `from`'s.
    #[cfg(test)]
    pub(super) fn assign(&self, mut state: Facts, assignment: usize) -> Facts {
        for (index, variable) in self.0.iter().enumerate() {
            let set = assignment >> index & 1 == 1;
            for (position, fact) in variable.facts.iter().enumerate() {
                state.set_fact(*fact, set && (variable.all || position == 0));
            }
        }
        state
    }
}

/// Everything that the engine is asked.
pub(super) fn asks() -> impl Iterator<Item = Ask> {
    use crate::vocabulary::{Action, Destination};
    let classes = || DataClass::ALL.iter().copied();
    let views = classes().flat_map(|class| Scope::ALL.iter().map(move |scope| Ask::View(class, *scope)));
    let sends = classes().flat_map(|class| Destination::ALL.iter().map(move |to| Ask::Send(class, *to)));
    let acts = Action::ALL.iter().map(|action| Ask::Act(*action));
    let searches = classes().map(Ask::Search);
    views.chain(classes().map(Ask::Verify)).chain(sends).chain(acts).chain(searches)
}

/// Every contact: who asks, where, and for what.
pub(super) fn contacts() -> impl Iterator<Item = (Channel, Role, Purpose)> {
    Channel::ALL.iter().flat_map(|channel| {
        Role::ALL.iter().flat_map(|role| Purpose::ALL.iter().map(|purpose| (*channel, *role, *purpose)))
    })
}

/// The part of a cell that is the contact.
pub(super) fn contact(channel: Channel, role: Role, purpose: Purpose) -> Facts {
    let mut facts = Facts::empty();
    facts.set_channel(channel);
    facts.set_role(role);
    facts.set_purpose(purpose);
    facts
}

fn split(
    conjunction: &Conjunction,
    definitions: &[&Definition],
    fixed: &mut Vec<Clause>,
) -> SplitConjunction {
    let mut split = SplitConjunction { fixed: Vec::new(), clauses: Vec::new(), predicates: Vec::new() };
    for clause in &conjunction.clauses {
        if clause.word == Dimension::PREDICATE.word {
            continue;
        }
        if clause.word >= FIRST_FACT_WORD {
            split.clauses.push(*clause);
            continue;
        }
        let known = fixed.iter().position(|other| other == clause);
        split.fixed.push(known.unwrap_or_else(|| {
            fixed.push(*clause);
            fixed.len() - 1
        }));
    }
    for name in &conjunction.predicates {
        let parts = definitions.iter().filter(|definition| definition.name == *name);
        let parts = parts.flat_map(|definition| &definition.any_of);
        split.predicates.push(parts.map(|part| self::split(part, &[], fixed)).collect());
    }
    split
}

fn facts_of(clause: &Clause) -> impl Iterator<Item = Fact> {
    let (word, mut bits) = (clause.word, clause.bits);
    core::iter::from_fn(move || {
        let rest = bits & bits.checked_sub(1)?;
        let bit = bits ^ rest;
        bits = rest;
        Some(Fact { word, bit })
    })
}
