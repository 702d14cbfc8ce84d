//! What a role reaches, and the least that has to be shown and known for it.
//!
//! Rules: "the least" counts from a contact of which nothing is known and in which nothing was
//! presented. A way is minimal: without any one of its needs, the answer is no.

use core::fmt;
use std::collections::HashMap;

use crate::vocabulary::{Action, Channel, DataClass, Destination, Form, Op, Purpose, Role, Scope, Timestamp};

use super::engine::{Ask, Policy};
use super::explain::{UsedFact, all_facts};
use super::facts::{Dimension, Facts};
use super::opening::{Grid, Left, Open};
use super::space::{self, Variables};

/// Something that a role reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// View, verify, send or act.
    pub op: Op,
    /// Of what.
    pub target: Target,
    /// Which rows.
    pub scope: Scope,
    /// On which channel.
    pub channel: Channel,
    /// For which purpose.
    pub purpose: Purpose,
    /// In which form.
    pub form: Form,
    /// The minimal sets of what it needs, the smallest first; `None` where so many facts meet that
    /// they were not worked out.
    pub ways: Option<Vec<Vec<Need>>>,
}

/// A class of data, or an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A class.
    Class(DataClass),
    /// An action.
    Action(Action),
}

/// One thing that has to be shown or known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Need {
    /// The facts that it is about.
    pub facts: Vec<UsedFact>,
    /// Whether all of them are needed; otherwise any one is enough.
    pub all: bool,
    /// Whether they must be known to be absent.
    pub absent: bool,
}

impl Target {
    pub(super) const fn of(ask: Ask) -> Self {
        match ask {
            Ask::View(class, _) | Ask::Verify(class) | Ask::Send(class, _) | Ask::Search(class) => {
                Self::Class(class)
            }
            Ask::Act(action) => Self::Action(action),
        }
    }

    /// Its name in policy files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Class(class) => class.name(),
            Self::Action(action) => action.name(),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let no = if self.absent { "no " } else { "" };
        let names: Vec<_> = self.facts.iter().map(|fact| format!("{no}{}", fact.name)).collect();
        f.write_str(&names.join(if self.all { " and " } else { " or " }))
    }
}

impl Policy {
    /// What `role` reaches at `now`, on every channel and for every purpose.
    #[must_use]
    pub fn reach(&self, role: Role, now: Timestamp) -> Vec<Reach> {
        let grid = Grid::new(self, now);
        let asks: Vec<_> =
            space::asks().filter(|ask| has_rows(*ask)).map(|ask| (ask, grid.ask(ask))).collect();
        let mut known: HashMap<Left, Option<Vec<FormWays>>> = HashMap::new();
        let mut reach = Vec::new();
        for (channel, _, purpose) in space::contacts().filter(|(_, other, _)| *other == role) {
            let contact = grid.contact(&space::contact(channel, role, purpose));
            let nothing_known = Facts::new(channel, role, purpose);
            for (ask, keys) in &asks {
                let Some(left) = grid.left(grid.permits(), keys, &contact) else { continue };
                let (op, scope) = op_and_scope(*ask);
                let row =
                    |form, ways| Reach { op, target: Target::of(*ask), scope, channel, purpose, form, ways };
                let forms = known
                    .entry(left)
                    .or_insert_with_key(|left| left.open().map(|open| minimal_ways(&open, &nothing_known)));
                match forms {
                    Some(forms) => {
                        reach.extend(forms.iter().map(|(form, ways)| row(*form, Some(ways.clone()))));
                    }
                    None => reach.extend(keys.first().map(|(form, _)| row(*form, None))),
                }
            }
        }
        reach
    }
}

/// Only call detail has rows of which one can be named.
fn has_rows(ask: Ask) -> bool {
    !matches!(ask, Ask::View(class, Scope::NamedCall) if class != DataClass::CallDetail)
}

const fn op_and_scope(ask: Ask) -> (Op, Scope) {
    match ask {
        Ask::View(_, scope) => (Op::View, scope),
        Ask::Verify(_) => (Op::Verify, Scope::Whole),
        Ask::Send(_, Destination::AddressOfRecord) => (Op::Send, Scope::Whole),
        Ask::Act(_) => (Op::Act, Scope::Whole),
        Ask::Search(_) => (Op::Search, Scope::Whole),
    }
}

/// A form, and the minimal sets of what it needs.
type FormWays = (Form, Vec<Vec<Need>>);

/// For each form, the minimal sets of changes to `from` after which it is given out.
fn minimal_ways(open: &Open, from: &Facts) -> Vec<FormWays> {
    let start = open.variables.assignment_of(from);
    let of_form = |(form, table): &(Form, Vec<u64>)| {
        let is_open = |at: usize| table.get(at / 64).is_some_and(|block| block >> (at % 64) & 1 == 1);
        let mut changes: Vec<usize> = (0..table.len().saturating_mul(64))
            .filter(|at| is_open(*at))
            .map(|at| at ^ start)
            .filter(|change| !bits(*change).any(|bit| is_open(change ^ bit ^ start)))
            .collect();
        changes.sort_by_key(|change| change.count_ones());
        let mut minimal: Vec<usize> = Vec::new();
        for change in changes {
            if !minimal.iter().any(|smaller| smaller & change == *smaller) {
                minimal.push(change);
            }
        }
        (*form, merged(minimal.iter().map(|change| needs(&open.variables, *change, from)).collect()))
    };
    open.forms.iter().map(of_form).filter(|(_, ways)| !ways.is_empty()).collect()
}

/// The bits of a number, each alone.
fn bits(number: usize) -> impl Iterator<Item = usize> {
    (0..usize::BITS).map(|bit| 1_usize << bit).filter(move |bit| number & bit != 0)
}

/// A change of variables, in words.
fn needs(variables: &Variables, change: usize, from: &Facts) -> Vec<Need> {
    let changed = variables.iter().enumerate().filter(|(index, _)| change >> index & 1 == 1);
    let mut needs: Vec<Need> = changed
        .map(|(_, variable)| {
            let holds = |fact: &&space::Fact| from.word(fact.word) & fact.bit != 0;
            let held = variable.facts.iter().filter(holds).count();
            // What is set is unset now, and the other way round.
            let absent = if variable.all { held == variable.facts.len() } else { held > 0 };
            let concerned = variable.facts.iter().filter(|fact| holds(fact) == absent);
            let mut facts: Vec<UsedFact> = concerned.filter_map(|fact| named(*fact)).collect();
            facts.sort_unstable();
            // Where one of several sets a variable, all of them have to be absent to unset it.
            Need { all: variable.all != absent && facts.len() > 1, facts, absent }
        })
        .collect();
    needs.sort_unstable();
    needs
}

/// Ways that differ in one piece of evidence become one that takes either.
fn merged(mut ways: Vec<Vec<Need>>) -> Vec<Vec<Need>> {
    let mut at = 0;
    while let Some(way) = ways.get(at) {
        let twin = ways.iter().enumerate().skip(at.saturating_add(1));
        let twin = twin.filter_map(|(index, other)| Some((index, either(way, other)?))).next();
        match twin {
            Some((index, both)) => {
                ways.remove(index);
                ways.splice(at..=at, [both]);
            }
            None => at = at.saturating_add(1),
        }
    }
    ways
}

/// The way that is taken by whoever can take one of two, if they differ in one piece of evidence.
fn either(one: &[Need], other: &[Need]) -> Option<Vec<Need>> {
    let only = |these: &[Need], those: &[Need]| {
        let mut only = these.iter().filter(|need| !those.contains(need));
        let need = only.next().filter(|need| !need.all && !need.absent);
        need.filter(|need| only.next().is_none() && need.facts.iter().all(|fact| fact.about == "evidence"))
            .cloned()
    };
    let (mine, theirs) = (only(one, other)?, only(other, one)?);
    let mut facts = [mine.facts.clone(), theirs.facts].concat();
    facts.sort_unstable();
    facts.dedup();
    let shared = one.iter().filter(|need| **need != mine).cloned();
    let mut way: Vec<Need> = shared.chain([Need { facts, all: false, absent: false }]).collect();
    way.sort_unstable();
    Some(way)
}

/// A fact by its name.
fn named(fact: space::Fact) -> Option<UsedFact> {
    let is_it = |dimension: Dimension, code| dimension.word == fact.word && dimension.bit(code) == fact.bit;
    all_facts().into_iter().find(|(dimension, code, _)| is_it(*dimension, *code)).map(|(_, _, fact)| fact)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::policy::{AccountFact, AgentFact, Pack};
    use crate::vocabulary::EvidenceKind;

    /// 2026-11-23T00:00:00Z.
    const NOW: Timestamp = Timestamp::from_secs(1_795_392_000);

    fn policy(grants: &str) -> Arc<Policy> {
        let mut packs = Pack::built_in().unwrap();
        packs.push(Pack::grants_from_toml("grants.toml", grants).unwrap());
        Arc::new(Policy::compile(packs, Vec::new()).unwrap())
    }

    fn set(state: &mut Facts, fact: UsedFact, on: bool) {
        match fact.about {
            "evidence" => state.set_evidence(EvidenceKind::from_name(fact.name).unwrap(), on),
            "account" => state.set_account(AccountFact::from_name(fact.name).unwrap(), Some(on)),
            "agent" => state.set_agent(AgentFact::from_name(fact.name).unwrap(), Some(on)),
            about => panic!("{about}"),
        }
    }

    fn with(mut state: Facts, needs: &[Need], choice: usize) -> Facts {
        for need in needs {
            let one = need.facts[choice % need.facts.len()];
            for fact in need.facts.iter().filter(|fact| need.all || **fact == one) {
                set(&mut state, *fact, !need.absent);
            }
        }
        state
    }

    /// Asks the engine, which shares no code with the search for ways.
    #[test]
    fn a_way_opens_and_without_any_of_its_needs_it_does_not() {
        let policy = policy(include_str!("../../examples/case-roles.toml"));
        let active = policy.active(NOW);
        let mut seen = BTreeSet::new();
        for role in Role::ALL {
            for reach in policy.reach(*role, NOW) {
                let nothing = Facts::new(reach.channel, *role, reach.purpose);
                let ask = match (reach.target, reach.op) {
                    (Target::Action(action), _) => Ask::Act(action),
                    (Target::Class(class), Op::Verify) => Ask::Verify(class),
                    (Target::Class(class), Op::Send) => Ask::Send(class, Destination::AddressOfRecord),
                    (Target::Class(class), Op::Search) => Ask::Search(class),
                    (Target::Class(class), Op::View | Op::Act) => Ask::View(class, reach.scope),
                };
                let form = |state| policy.decide(active, &policy.with_predicates(state), ask).form;
                for way in reach.ways.unwrap() {
                    for choice in 0..way.iter().map(|need| need.facts.len()).max().unwrap_or(1) {
                        assert_eq!(
                            form(with(nothing, &way, choice)),
                            Some(reach.form),
                            "{role} {ask:?} {way:?}"
                        );
                    }
                    for left_out in 0..way.len() {
                        let mut less = way.clone();
                        less.remove(left_out);
                        assert_ne!(form(with(nothing, &less, 0)), Some(reach.form), "{role} {ask:?} {way:?}");
                    }
                    seen.insert(way);
                }
            }
        }
        assert!(seen.len() > 50, "{} ways", seen.len());
    }

    #[test]
    fn call_detail_by_phone_is_reached_with_the_password() {
        let reach = policy(include_str!("../../examples/grants.toml")).reach(Role::CareAgent, NOW);
        let whole = reach
            .iter()
            .find(|reach| {
                reach.target == Target::Class(DataClass::CallDetail)
                    && (reach.op, reach.scope, reach.channel, reach.purpose)
                        == (Op::View, Scope::Whole, Channel::PhoneInbound, Purpose::Support)
            })
            .unwrap();
        let ways = whole.ways.clone().unwrap();
        let ways: Vec<_> =
            ways.iter().map(|way| way.iter().map(ToString::to_string).collect::<Vec<_>>()).collect();
        assert_eq!(
            ways,
            [
                vec!["live_contact or open_case", "training_current", "password"],
                vec![
                    "business and cpni_contract and dedicated_representative",
                    "live_contact or open_case",
                    "training_current",
                    "business_contract"
                ],
            ]
        );
        assert!(reach.iter().all(|reach| reach.target != Target::Class(DataClass::Payment)));
    }
}
