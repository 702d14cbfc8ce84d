//! What is wrong or odd in a policy as a whole, for the person who writes it.
//!
//! Rules: a file alone is judged by its reader (`Pack::check`); here are the findings that need
//! all packs. They are exact: every cell of the request space that a rule speaks of is looked at,
//! with every state of the facts that matter there.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::vocabulary::{CivilDate, DataClass, Destination, Form, Op, RuleId, Scope, Timestamp};

use super::engine::Policy;
use super::facts::Facts;
use super::opening::{Grid, Left, MAX_FACTS};
use super::pack::{Compliance, Definition, Pack};
use super::reach::Target;
use super::rule::{Effect, Rule};
use super::space::{self, Key, Space, Variables};

/// Something in a policy that its author should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<'p> {
    /// What was found.
    pub kind: FindingKind<'p>,
    /// The rule, or the rule that an override names.
    pub rule: &'p RuleId,
    /// Where the rule or the override begins.
    pub place: Place<'p>,
}

/// What was found about a rule or an override.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind<'p> {
    /// The rule can never match: its conditions contradict each other, or its exceptions cover all
    /// of them.
    NeverMatches,
    /// A permit for what no call of this version asks (tokens).
    NeverAsked,
    /// For these classes and actions the permit opens nothing: whatever the evidence and the facts
    /// are, some rule in force closes.
    Closed {
        /// The classes or actions.
        what: Vec<&'static str>,
        /// Rules that close, in one such request.
        by: Vec<&'p RuleId>,
        /// Whether these are all that the permit names.
        entirely: bool,
    },
    /// The day on which the override ends is here or past: the rule decides again.
    RunOut {
        /// The first day on which the rule decides again.
        until: CivilDate,
    },
    /// The rules that meet here name so many facts that it was not worked out.
    NotWorkedOut,
}

/// A place in a policy file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'p> {
    /// The file's name, as the host gave it.
    pub file: Option<&'p str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl FindingKind<'_> {
    /// Whether the file is wrong, not only odd.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        match self {
            Self::NeverMatches => true,
            Self::NeverAsked | Self::Closed { .. } | Self::RunOut { .. } | Self::NotWorkedOut => false,
        }
    }
}

impl fmt::Display for FindingKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverMatches => f.write_str("this rule can never match"),
            Self::NeverAsked => f.write_str("nothing in this version asks for what this permits"),
            Self::Closed { what, by, entirely } => {
                let rules = by.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", ");
                if *entirely {
                    write!(f, "this permit opens nothing; it is closed by {rules}")
                } else {
                    write!(f, "this permit does not open {}; closed by {rules}", what.join(", "))
                }
            }
            Self::RunOut { until } => write!(f, "this override ended on {until}"),
            Self::NotWorkedOut => write!(f, "more than {MAX_FACTS} facts meet here: not worked out"),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file {
            Some(file) => write!(f, "{file}:{}:{}", self.line, self.column),
            None => write!(f, "line {}, column {}", self.line, self.column),
        }
    }
}

impl fmt::Display for Finding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (`{}`)", self.place, self.kind, self.rule)
    }
}

impl Policy {
    /// What its author should look at, in the order of the packs and their files: rules that can
    /// never match, permits that open nothing at `now`, overrides that have run out. Takes a
    /// moment: it is for whoever writes a policy, not for a contact.
    #[must_use]
    pub fn findings(&self, now: Timestamp) -> Vec<Finding<'_>> {
        let definitions: Vec<&Definition> = self.definitions().collect();
        let requests = requests();
        let contacts: Vec<Facts> = space::contacts().map(|(c, r, p)| space::contact(c, r, p)).collect();
        let grid = Grid::new(self, now);
        let cells = Cells::new(&grid);
        let mut findings = Vec::new();
        for (index, (pack, rule)) in self.rules().enumerate() {
            let mut found = |kind| findings.push(finding(kind, pack, &rule.id, rule.at));
            match matches(rule, &definitions, &requests, &contacts) {
                Some(true) if rule.effect == Effect::Permit && grid.permits().contains(&index) => {
                    cells.permit(self, index).into_iter().for_each(found);
                }
                Some(true) => {}
                Some(false) => found(FindingKind::NeverMatches),
                None => found(FindingKind::NotWorkedOut),
            }
        }
        for pack in self.packs() {
            for over in &pack.overrides {
                if let Some(at) = over.at
                    && now.utc_date().is_some_and(|today| over.until <= today)
                {
                    let kind = FindingKind::RunOut { until: over.until };
                    findings.push(finding(kind, pack, &over.rule, at));
                }
            }
        }
        findings
    }

    /// The first rule of a carrier's grants or of one of `packs` that can never match: a mistake for
    /// which a guard is not built. The packs of this library are tested.
    pub(crate) fn dead_rule(&self, packs: &[RuleId]) -> Option<&RuleId> {
        let definitions: Vec<&Definition> = self.definitions().collect();
        let requests = requests();
        let contacts: Vec<Facts> = space::contacts().map(|(c, r, p)| space::contact(c, r, p)).collect();
        let own = |pack: &Pack| pack.compliance == Compliance::Grants || packs.contains(&pack.id);
        let mut own = self.rules().filter(|(pack, _)| own(pack)).map(|(_, rule)| rule);
        own.find(|rule| matches(rule, &definitions, &requests, &contacts) == Some(false)).map(|rule| &rule.id)
    }

    /// The classes that no permit in force at `now` names: withheld from everybody.
    #[must_use]
    pub fn classes_without_permit(&self, now: Timestamp) -> Vec<DataClass> {
        let grid = Grid::new(self, now);
        let cells = Cells::new(&grid);
        let is_without = |class: &DataClass| cells.of(Target::Class(*class), grid.permits()).next().is_none();
        DataClass::ALL.iter().copied().filter(is_without).collect()
    }
}

fn finding<'p>(kind: FindingKind<'p>, pack: &'p Pack, rule: &'p RuleId, at: usize) -> Finding<'p> {
    let (line, column) = pack.line_and_column(at);
    Finding { kind, rule, place: Place { file: pack.name.as_deref(), line, column } }
}

/// Every request that a rule may speak of, also those that no call asks yet.
fn requests() -> Vec<Facts> {
    let empty = Facts::empty();
    let mut requests: Vec<Facts> =
        crate::vocabulary::Action::ALL.iter().map(|action| empty.asking_to(*action)).collect();
    for class in DataClass::ALL {
        for scope in Scope::ALL {
            requests.push(empty.asking_for(Op::Verify, *class, *scope, Form::Match));
            requests.push(empty.asking_for(Op::Search, *class, *scope, Form::Match));
            for form in [Form::Token, Form::Masked, Form::Full] {
                requests.push(empty.asking_for(Op::View, *class, *scope, form));
                for to in Destination::ALL {
                    let mut facts = empty.asking_for(Op::Send, *class, *scope, form);
                    facts.set_destination(Some(*to));
                    requests.push(facts);
                }
            }
        }
    }
    requests
}

/// Whether some request is one that the rule applies to; `None` where it names too many facts.
fn matches(rule: &Rule, definitions: &[&Definition], requests: &[Facts], contacts: &[Facts]) -> Option<bool> {
    let space = Space::of(core::iter::once(rule), definitions);
    let keys = |facts: &[Facts]| facts.iter().map(|facts| space.key(facts)).collect::<HashSet<Key>>();
    let contacts = keys(contacts);
    let mut too_many = false;
    for request in keys(requests) {
        for contact in &contacts {
            let Some(rest) = space.rest(0, &request.join(contact)) else { continue };
            let variables = Variables::of([&rest]);
            let Some(blocks) = variables.blocks().filter(|_| variables.len() <= MAX_FACTS) else {
                too_many = true;
                continue;
            };
            if (0..blocks).any(|block| variables.table(&rest, block) & variables.valid() != 0) {
                return Some(true);
            }
        }
    }
    if too_many { None } else { Some(false) }
}

/// The cells of the rules in force, each kind once.
struct Cells<'g> {
    grid: &'g Grid,
    asks: Vec<(Target, Vec<(Form, Key)>)>,
    contacts: Vec<Key>,
}

/// A cell: what is asked, and the contact.
type Cell<'c> = (&'c [(Form, Key)], &'c Key);

impl<'g> Cells<'g> {
    fn new(grid: &'g Grid) -> Self {
        let mut seen = HashSet::new();
        let contacts = space::contacts().map(|(c, r, p)| grid.contact(&space::contact(c, r, p)));
        Self {
            asks: space::asks().map(|ask| (Target::of(ask), grid.ask(ask))).collect(),
            contacts: contacts.filter(|key| seen.insert(key.clone())).collect(),
            grid,
        }
    }

    /// The cells of a target in which one of these permits may apply, with what is left of them.
    fn of(&self, target: Target, permits: &[usize]) -> impl Iterator<Item = (Cell<'_>, Left)> {
        let asks = self.asks.iter().filter(move |(other, _)| *other == target);
        let cells =
            asks.flat_map(|(_, ask)| self.contacts.iter().map(move |contact| (ask.as_slice(), contact)));
        cells.filter_map(move |(ask, contact)| Some(((ask, contact), self.grid.left(permits, ask, contact)?)))
    }

    /// What is odd about a permit in force.
    fn permit<'p>(&self, policy: &'p Policy, permit: usize) -> Option<FindingKind<'p>> {
        let (mut closed, mut by) = (Vec::new(), BTreeSet::new());
        let (mut any_open, mut not_worked_out) = (false, false);
        let mut known: HashMap<Left, Option<bool>> = HashMap::new();
        for target in self.asks.iter().map(|(target, _)| *target).collect::<BTreeSet<_>>() {
            let mut is_open = None;
            for (_, left) in self.of(target, &[permit]) {
                let open = known.entry(left).or_insert_with_key(|left| Some(left.open()?.is_anywhere()));
                not_worked_out |= open.is_none();
                // What is not worked out is not called closed.
                is_open = Some(*open != Some(false));
                if is_open == Some(true) {
                    break;
                }
            }
            any_open |= is_open == Some(true);
            if is_open == Some(false) {
                closed.push(target.name());
                by.extend(self.closed_by(target, permit));
            }
        }
        let by = by.into_iter().filter_map(|index| Some(&policy.rules().nth(index)?.1.id)).collect();
        match (any_open, closed.is_empty()) {
            (false, true) => Some(FindingKind::NeverAsked),
            (_, false) => Some(FindingKind::Closed { what: closed, by, entirely: !any_open }),
            (true, true) => not_worked_out.then_some(FindingKind::NotWorkedOut),
        }
    }

    /// Rules that close all cells of a permit: where no rule does so alone in some cell, those that do
    /// together there; otherwise those that do in most cells.
    fn closed_by(&self, target: Target, permit: usize) -> Vec<usize> {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for ((ask, contact), _) in self.of(target, &[permit]) {
            let always = self.grid.always_closed_by(ask, contact);
            if always.is_empty() {
                return self.grid.closed_by(permit, ask, contact);
            }
            for rule in always {
                let count = counts.entry(rule).or_default();
                *count = count.saturating_add(1);
            }
        }
        let most = counts.values().max().copied();
        counts.into_iter().filter(|(_, count)| Some(*count) == most).map(|(rule, _)| rule).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23T00:00:00Z.
    const NOW: Timestamp = Timestamp::from_secs(1_795_392_000);

    fn policy(pack: &str, grants: &str) -> Policy {
        let mut packs = Pack::built_in().unwrap();
        if !pack.is_empty() {
            let head = "id = \"p\"\ntitle = \"t\"\ncompliance = \"library_default\"\n";
            packs.push(Pack::from_toml("p.toml", &format!("{head}{pack}")).unwrap());
        }
        let head = "id = \"g\"\ntitle = \"t\"\n";
        packs.push(Pack::grants_from_toml("g.toml", &format!("{head}{grants}")).unwrap());
        Policy::compile(packs, Vec::new()).unwrap()
    }

    fn permit(when: &str) -> String {
        format!("[[rule]]\nid = \"r\"\ntitle = \"t\"\neffect = \"permit\"\nwhen = {{ {when} }}\n")
    }

    fn forbid(when: &str) -> String {
        format!(
            "[[rule]]\nid = \"f\"\ntitle = \"t\"\neffect = \"forbid\"\ncite = \"c\"\ncertainty = \"clear\"\n\
             source = \"memory\"\nwhen = {when}\n"
        )
    }

    fn found(pack: &str, grants: &str) -> Vec<String> {
        policy(pack, grants).findings(NOW).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_built_in_packs_and_the_sample_grants_are_sound() {
        let grants = include_str!("../../examples/grants.toml");
        let mut packs = Pack::built_in().unwrap();
        packs.push(Pack::grants_from_toml("grants.toml", grants).unwrap());
        let policy = Policy::compile(packs, Vec::new()).unwrap();
        assert_eq!(policy.findings(NOW), []);
    }

    #[test]
    fn a_permit_that_the_floor_closes_is_found_with_what_closes_it() {
        assert_eq!(
            found("", &permit("class = [\"ssn\"], op = [\"view\"], role = [\"care_agent\"]")),
            ["g.toml:3:1: this permit opens nothing; it is closed by `ssn-not-shown` (`r`)"]
        );
        assert_eq!(
            found("", &permit("class = [\"ssn\", \"identity\"], op = [\"view\"]")),
            ["g.toml:3:1: this permit does not open ssn; closed by `ssn-not-shown` (`r`)"]
        );
        // Two rules together: neither closes alone.
        let either = ["any", "none"].map(|mode| {
            forbid(&format!("{{ class = [\"payment\"], evidence.{mode} = [\"password\"] }}"))
                .replace("\"f\"", &format!("\"f-{mode}\""))
        });
        let found = found(&either.concat(), &permit("class = [\"payment\"], channel = [\"back_office\"]"));
        assert!(found[0].starts_with("g.toml:3:1: this permit opens nothing; it is closed by"), "{found:?}");
        assert!(found[0].contains("`f-any`, `f-none`"), "{found:?}");
    }

    #[test]
    fn a_permit_that_opens_somewhere_is_not_found() {
        assert_eq!(found("", &permit("class = [\"ssn\"], op = [\"verify\"]")), [""; 0]);
        // Only with all of the contract's facts.
        assert_eq!(
            found(
                "",
                &permit("class = [\"call_detail\"], channel = [\"retail\"], evidence.none = [\"photo_id\"]")
            ),
            [""; 0]
        );
        // A limit closes the forms above it only.
        let limit =
            forbid("{ class = [\"payment\"] }").replace("\"forbid\"", "\"limit\"\nmax_form = \"masked\"");
        assert_eq!(found(&limit, &permit("class = [\"payment\"], op = [\"view\"]")), [""; 0]);
        assert!(
            found(&limit, &permit("class = [\"payment\"], form = [\"full\"]"))[0].contains("opens nothing")
        );
    }

    #[test]
    fn a_rule_that_can_never_match_is_found_where_the_reader_cannot_see_it() {
        let nothing = permit("class = [\"directory_listing\"]");
        let covered = "{ op = [\"view\"], class = [\"billing\"] }\n\
                       unless = [{ evidence.any = [\"password\"] }, { evidence.none = [\"password\"] }]";
        assert_eq!(
            found(&forbid(covered), &nothing),
            ["p.toml:4:1: this rule can never match (`f`)"].map(str::to_owned)
        );
        let predicate = "{ predicate = \"business_exempt\", account.none = [\"business\"] }";
        assert!(found(&forbid(predicate), &nothing)[0].contains("can never match"));
        // One state is enough.
        let almost = "{ op = [\"view\"], class = [\"billing\"] }\n\
                      unless = [{ evidence.any = [\"password\"] }, { evidence.none = [\"password\", \"backup\"] }]";
        assert_eq!(found(&forbid(almost), &nothing), [""; 0]);
        // What a later version asks can match.
        assert_eq!(found(&forbid("{ op = [\"view\"], form = [\"token\"] }"), &nothing), [""; 0]);
        assert_eq!(found("", &permit("class = [\"device_id\"], op = [\"search\"]")), [""; 0]);
        assert_eq!(
            found("", &permit("class = [\"billing\"], form = [\"token\"]")),
            ["g.toml:3:1: nothing in this version asks for what this permits (`r`)"]
        );
    }

    #[test]
    fn an_override_runs_out_on_its_day() {
        let over = |until: &str| {
            let over = format!(
                "[[override]]\nrule = \"training-current\"\nreason = \"r\"\napprover = \"a\"\nuntil = {until}\n"
            );
            found("", &(permit("class = [\"billing\"]") + &over))
        };
        assert_eq!(over("2026-11-24"), [""; 0]);
        assert_eq!(
            over("2026-11-23"),
            ["g.toml:8:1: this override ended on 2026-11-23 (`training-current`)"]
        );
    }

    #[test]
    fn classes_that_nobody_is_granted() {
        let without = policy("", &permit("label = [\"cpni\"], class = [\"billing\", \"ssn\"]"))
            .classes_without_permit(NOW);
        assert!(!without.contains(&DataClass::Billing), "the label that billing has");
        assert!(without.contains(&DataClass::Ssn), "an SSN has no such label");
        assert_eq!(without.len(), DataClass::ALL.len() - 1);
    }
}
