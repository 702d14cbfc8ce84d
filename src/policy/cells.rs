//! The whole request space against the built-in packs, cell by cell (decision D4).
//!
//! A cell is an operation on a class (or an action), a scope, a destination, a channel, a role, a
//! purpose, and a set of packs: each set of those that may be switched on, and clear law alone, which
//! is what no override reaches. In it only the facts vary that
//! some rule of the cell names; all assignments of them are decided by the engine and compared with
//! the truth tables of `space`, a second reading of the rules. Cells whose rules leave the same rests
//! have the same assignments, so those are decided once; every cell is still asked once, with random
//! values for the facts that nobody names.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use proptest::prelude::*;

use super::engine::{Ask, RuleSet, Verdict, asking};
use super::facts::Dimension;
use super::opening::MAX_FACTS;
use super::space::{self, Fact, Key, Rest, Space, Variables};
use super::*;
use crate::vocabulary::*;

/// 2026-11-23T00:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_392_000);

/// Every class and action for everybody: whatever is withheld under it, the floor withholds.
const EVERYTHING: &str = r#"
id    = "everything"
title = "Everything for everybody"

[[rule]]
id     = "every-class"
title  = "Every class"
effect = "permit"
when   = { class = ["identity", "address", "biographical", "ssn", "ssn_last4", "other_government_id", "account_info", "billing", "service_details", "device_id", "call_detail", "location", "payment", "auth_secret", "directory_listing", "survivor"], op = ["view", "verify", "send", "search"] }

[[rule]]
id     = "every-action"
title  = "Every action"
effect = "permit"
when   = { action = ["create_online_account", "create_password", "reset_password", "change_email_of_record", "change_address_of_record", "sim_change", "port_out", "unlock_handset", "outbound_approval_request", "take_payment_card", "change_backup_answer", "change_number_of_record"] }
"#;

/// Evidence that something went wrong: the only kinds that may close what was open, and why.
const FAILURES: &[(EvidenceKind, &str)] = &[
    (EvidenceKind::PasswordFailed, "after a wrong password and a wrong back-up answer: 64.2010(e)"),
    (EvidenceKind::BackupFailed, "after a wrong password and a wrong back-up answer: 64.2010(e)"),
    (EvidenceKind::PhotoIdExpired, "an expired photo ID is not valid: 64.2003(r)"),
    (EvidenceKind::PhotoIdNameMismatch, "a photo ID in another name does not match: 64.2010(d)"),
];

/// The set of rules that stays where a carrier overrides whatever it may: the last in [`World`].
const CLEAR_LAW: usize = 8;

/// The packs and some grants.
struct World {
    policy: Policy,
    space: Space,
    /// The rules in force: with each set of the packs that a host may switch on, then [`CLEAR_LAW`].
    active: Vec<RuleSet>,
}

impl World {
    fn with(grants: &str) -> Self {
        let mut packs = Pack::built_in().unwrap();
        packs.push(Pack::grants_from_toml("grants.toml", grants).unwrap());
        let switches: Vec<RuleId> = packs
            .iter()
            .filter(|pack| matches!(pack.compliance, Compliance::Adopted | Compliance::Proposed))
            .map(|pack| pack.id.clone())
            .collect();
        let compile = |on| Policy::compile(packs.clone(), on).unwrap();
        let active = (0..1_usize << switches.len()).map(|set| {
            let on = (0..switches.len()).filter(|i| set >> i & 1 == 1).map(|i| switches[i].clone());
            compile(on.collect()).active(NOW)
        });
        let mut active: Vec<RuleSet> = active.collect();
        let policy = compile(Vec::new());
        assert_eq!(active.len(), CLEAR_LAW);
        let mut clear = RuleSet::default();
        for (index, (_, rule)) in policy.rules().enumerate() {
            if rule.certainty == Certainty::Clear {
                clear.insert(index);
            }
        }
        active.push(clear);
        Self { space: Space::new(&policy), policy, active }
    }

    fn verdict(&self, active: RuleSet, state: Facts, ask: Ask) -> Verdict {
        self.policy.decide(active, &self.policy.with_predicates(state), ask)
    }
}

/// What the rules of a cell leave, for each form that is tried.
type Signature = Vec<(Form, Vec<(usize, Rest)>)>;

/// The truth tables of a signature: 64 assignments a word.
struct Tables {
    variables: Variables,
    forms: Vec<FormTable>,
}

struct FormTable {
    form: Form,
    /// Where a rule forbids, or caps below this form.
    closed: Vec<u64>,
    /// Where a rule that forbids holds for a human.
    held: Vec<u64>,
    /// The duties of the rules that oblige, and of those that forbid.
    duties: Vec<(Obligations, Vec<u64>)>,
    alerts: Vec<(Obligations, Vec<u64>)>,
}

impl Tables {
    fn new(world: &World, signature: &Signature) -> Self {
        let rules: Vec<_> = world.policy.rules().map(|(_, rule)| rule).collect();
        let variables = Variables::of(signature.iter().flat_map(|(_, rests)| rests).map(|(_, rest)| rest));
        let blocks = variables.blocks().unwrap();
        let forms = signature.iter().map(|(form, rests)| {
            let mut table = FormTable {
                form: *form,
                closed: vec![0; blocks],
                held: vec![0; blocks],
                duties: Vec::new(),
                alerts: Vec::new(),
            };
            for (index, rest) in rests {
                let rule = rules[*index];
                let applies: Vec<u64> = (0..blocks).map(|block| variables.table(rest, block)).collect();
                let or = |into: &mut Vec<u64>| into.iter_mut().zip(&applies).for_each(|(a, b)| *a |= b);
                match rule.effect {
                    Effect::Forbid => {
                        or(&mut table.closed);
                        if rule.obligations.contains(Obligation::HoldForHuman) {
                            or(&mut table.held);
                        }
                        table.alerts.push((rule.obligations, applies));
                    }
                    Effect::Limit if rule.max_form.unwrap() < *form => or(&mut table.closed),
                    Effect::Oblige => table.duties.push((rule.obligations, applies)),
                    Effect::Limit | Effect::Permit => {}
                }
            }
            table
        });
        Self { forms: forms.collect(), variables }
    }

    /// The outcome under `EVERYTHING`, and the duties.
    fn expected(&self, assignment: usize) -> (Option<Form>, Obligations, bool) {
        let (word, bit) = (assignment / 64, assignment % 64);
        let at = |table: &[u64]| table[word] >> bit & 1 == 1;
        let sum = |duties: &[(Obligations, Vec<u64>)]| {
            duties
                .iter()
                .filter(|(_, t)| at(t))
                .fold(Obligations::default(), |all, (duty, _)| all.with(*duty))
        };
        match self.forms.iter().find(|form| !at(&form.closed)) {
            Some(open) => (Some(open.form), sum(&open.duties), false),
            None => (None, sum(&self.forms[0].alerts), at(&self.forms[0].held)),
        }
    }

    fn never_opens(&self) -> bool {
        let valid = self.variables.valid();
        self.forms.iter().all(|form| form.closed.iter().all(|block| block & valid == valid))
    }

    fn check(&self, verdict: &Verdict, assignment: usize) {
        let (form, obligations, held) = self.expected(assignment);
        assert_eq!(verdict.form, form, "the floor leaks, or closes what no rule closes");
        assert_eq!(verdict.outcome == Outcome::Withhold, form.is_none());
        assert_eq!(verdict.obligations, obligations, "a duty vanished, or came from nowhere");
        assert_eq!(verdict.because == Some(WithheldBecause::Held), held);
    }

    /// Calls `worse` with the facts that close something by being set, and with those that do by
    /// not being set.
    fn closing(&self, mut closes: impl FnMut(Fact, bool)) {
        for (index, variable) in self.variables.iter().enumerate() {
            for set in [true, false] {
                let better_without = self.forms.iter().any(|form| {
                    (0..form.closed.len()).any(|block| {
                        let (before, after) = flipped(&form.closed, index, block);
                        let (open, closed) = if set { (before, after) } else { (after, before) };
                        !open & closed & self.variables.valid() != 0
                    })
                });
                if better_without {
                    variable.facts.iter().for_each(|fact| closes(*fact, set));
                }
            }
        }
    }
}

/// A table where variable `index` is not set and where it is, both at the places where it is not.
fn flipped(table: &[u64], index: usize, block: usize) -> (u64, u64) {
    let column = Variables::column(index, block);
    let unset = table[block] & !column;
    let set = if index < 6 {
        (table[block] & column) >> (1 << index)
    } else {
        table[block | 1 << (index - 6)] & !column
    };
    (unset | column, set | column)
}

fn fact_masks() -> [(usize, u64); 3] {
    let mask = |codes: &[u8], dimension: Dimension| codes.iter().fold(0, |bits, c| bits | dimension.bit(*c));
    let codes = |n: usize| (1..=u8::try_from(n).unwrap()).collect::<Vec<_>>();
    [
        (Dimension::EVIDENCE.word, mask(&codes(EvidenceKind::ALL.len()), Dimension::EVIDENCE)),
        (Dimension::ACCOUNT.word, mask(&codes(AccountFact::ALL.len()), Dimension::ACCOUNT)),
        (Dimension::AGENT.word, mask(&codes(AgentFact::ALL.len()), Dimension::AGENT)),
    ]
}

/// A state in which every fact is known.
fn known(channel: Channel, role: Role, purpose: Purpose) -> Facts {
    let mut state = Facts::new(channel, role, purpose);
    AccountFact::ALL.iter().for_each(|fact| state.set_account(*fact, Some(false)));
    AgentFact::ALL.iter().for_each(|fact| state.set_agent(*fact, Some(false)));
    state
}

fn with_facts(mut state: Facts, bits: impl Fn(usize) -> u64) -> Facts {
    for (word, mask) in fact_masks() {
        state.set_fact(Fact { word, bit: mask }, false);
        state.set_fact(Fact { word, bit: mask & bits(word) }, true);
    }
    state
}

/// splitmix64: seeded, so that a failure comes again.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What becomes of the cells as they are walked through.
struct Walk<'w> {
    world: &'w World,
    active_rules: Vec<Vec<usize>>,
    by_key: HashMap<Vec<(Form, Key)>, Vec<usize>>,
    by_signature: HashMap<Signature, usize>,
    tables: Vec<Tables>,
    cells: u64,
    requests: u64,
    decided: u64,
    seed: u64,
}

impl<'w> Walk<'w> {
    fn new(world: &'w World) -> Self {
        Self {
            world,
            active_rules: world.active.iter().map(|active| active.iter().collect()).collect(),
            by_key: HashMap::new(),
            by_signature: HashMap::new(),
            tables: Vec::new(),
            cells: 0,
            requests: 0,
            decided: 0,
            seed: 64_2010,
        }
    }

    /// The cells of one request and contact: one for each set of packs.
    fn cells(&mut self, ask: Ask, keys: Vec<(Form, Key)>, base: Facts) {
        if !self.by_key.contains_key(&keys) {
            let ids = self.decide_all(ask, &keys, base);
            self.by_key.insert(keys.clone(), ids);
        }
        for (packs, (id, active)) in self.by_key[&keys].iter().zip(&self.world.active).enumerate() {
            let table = &self.tables[*id];
            let bits = [(); 3].map(|()| next(&mut self.seed));
            let state = with_facts(base, |word| bits[word - Dimension::EVIDENCE.word]);
            let verdict = self.world.verdict(*active, state, ask);
            table.check(&verdict, table.variables.assignment_of(&state));
            if packs != CLEAR_LAW
                && let Ask::View(DataClass::Ssn | DataClass::SsnLast4 | DataClass::AuthSecret, _) = ask
            {
                assert!(table.never_opens(), "{ask:?} can be seen");
            }
            self.cells += 1;
            self.requests += 1 << table.variables.len();
            self.decided += 1;
        }
    }

    /// The tables of the cells of a key, one for each set of packs; those that are new are compared
    /// with the engine, assignment by assignment.
    fn decide_all(&mut self, ask: Ask, keys: &[(Form, Key)], base: Facts) -> Vec<usize> {
        let world = self.world;
        let rests =
            |key| (0..world.policy.rules().count()).filter_map(move |i| Some((i, world.space.rest(i, key)?)));
        let whole: Signature = keys.iter().map(|(form, key)| (*form, rests(key).collect())).collect();
        let mut ids = Vec::new();
        for (active, rules) in world.active.iter().zip(&self.active_rules) {
            let mut signature = whole.clone();
            signature.iter_mut().for_each(|(_, rests)| rests.retain(|(rule, _)| rules.contains(rule)));
            if let Some(id) = self.by_signature.get(&signature) {
                ids.push(*id);
                continue;
            }
            let table = Tables::new(world, &signature);
            assert!(table.variables.len() <= MAX_FACTS, "{ask:?}: {} facts", table.variables.len());
            for assignment in 0..1 << table.variables.len() {
                let state = table.variables.assign(base, assignment);
                table.check(&world.verdict(*active, state, ask), assignment);
                self.decided += 1;
            }
            ids.push(self.tables.len());
            self.by_signature.insert(signature, self.tables.len());
            self.tables.push(table);
        }
        ids
    }
}

#[test]
fn every_cell_of_the_request_space_is_decided_as_the_rules_say() {
    let started = Instant::now();
    let world = World::with(EVERYTHING);
    let mut walk = Walk::new(&world);
    let contacts: Vec<_> = space::contacts()
        .map(|(channel, role, purpose)| {
            (world.space.key(&space::contact(channel, role, purpose)), known(channel, role, purpose))
        })
        .collect();
    for ask in space::asks() {
        let of_form = |form: &Form| world.space.key(&asking(&Facts::empty(), ask, *form));
        let ask_keys: Vec<_> = ask.forms().iter().map(|form| (*form, of_form(form))).collect();
        for (contact, base) in &contacts {
            walk.cells(ask, ask_keys.iter().map(|(form, key)| (*form, key.join(contact))).collect(), *base);
        }
    }
    let largest = walk.tables.iter().map(|table| table.variables.len()).max().unwrap();
    println!(
        "{} cells, {} different ones, largest k {largest}; {} requests, {} of them decided by the engine, {:.1} s",
        walk.cells,
        walk.tables.len(),
        walk.requests,
        walk.decided,
        started.elapsed().as_secs_f32(),
    );
    let mut closing: BTreeMap<Fact, [usize; 2]> = BTreeMap::new();
    for table in &walk.tables {
        table.closing(|fact, set| closing.entry(fact).or_default()[usize::from(set)] += 1);
    }
    check_directions(&closing);
}

/// Evidence opens and never closes, the failures excepted; an unknown fact has the value that closes.
/// One fact at a time is enough: what holds for each step holds for all of them.
fn check_directions(closing: &BTreeMap<Fact, [usize; 2]>) {
    let cells = |dimension: Dimension, code| {
        let fact = Fact { word: dimension.word, bit: dimension.bit(code) };
        closing.get(&fact).copied().unwrap_or_default()
    };
    for kind in EvidenceKind::ALL {
        let [_, by_having] = cells(Dimension::EVIDENCE, kind.code());
        let failure = FAILURES.iter().find(|(failure, _)| failure == kind);
        assert_eq!(by_having > 0, failure.is_some(), "{kind} closes something in {by_having} cells");
        if let Some((_, why)) = failure {
            println!("{kind} closes something in {by_having} cells: {why}");
        }
    }
    for fact in AccountFact::ALL {
        let [by_lacking, by_having] = cells(Dimension::ACCOUNT, fact.code());
        #[expect(clippy::wildcard_enum_match_arm, reason = "every other fact closes by its absence")]
        match fact {
            // The unknown survivor is a fact of its own, which closes what the known one closes.
            AccountFact::Survivor => {
                assert_eq!(
                    [by_lacking, by_having],
                    cells(Dimension::ACCOUNT, AccountFact::SurvivorUnreadable.code())
                );
            }
            _ if fact.if_unknown() => assert_eq!(by_lacking, 0, "{fact} is assumed and opens something"),
            _ => assert_eq!(by_having, 0, "{fact} is not assumed where it is unknown, and closes something"),
        }
    }
    for fact in AgentFact::ALL {
        let [_, by_having] = cells(Dimension::AGENT, fact.code());
        assert_eq!(by_having, 0, "{fact} is not assumed where it is unknown, and closes something");
    }
}

/// The least that a decision may be worse than another: the form, the lower the less.
fn opens(verdict: &Verdict) -> Option<Form> {
    verdict.form.filter(|_| verdict.outcome != Outcome::Withhold)
}

fn any_ask() -> impl Strategy<Value = Ask> {
    proptest::sample::select(space::asks().collect::<Vec<_>>())
}

fn any_contact() -> impl Strategy<Value = (Channel, Role, Purpose)> {
    proptest::sample::select(space::contacts().collect::<Vec<_>>())
}

/// Facts as in an ordinary contact, some of them flipped: random ones open hardly anything.
fn any_facts() -> impl Strategy<Value = [u64; 3]> {
    let ordinary = [
        Dimension::EVIDENCE.bit(EvidenceKind::Password.code()),
        [
            AccountFact::AddressOfRecord,
            AccountFact::OwnedByRequester,
            AccountFact::HotlineListFresh,
            AccountFact::OptIn,
            AccountFact::LocationOptIn,
        ]
        .iter()
        .fold(0, |bits, fact| bits | Dimension::ACCOUNT.bit(fact.code())),
        [AgentFact::TrainingCurrent, AgentFact::LiveContact, AgentFact::OpenCase, AgentFact::InUnitedStates]
            .iter()
            .fold(0, |bits, fact| bits | Dimension::AGENT.bit(fact.code())),
    ];
    proptest::array::uniform3(any::<[u64; 3]>())
        .prop_map(move |[a, b, c]| [0, 1, 2].map(|i| ordinary[i] ^ (a[i] & b[i] & c[i])))
}

fn state_of(contact: (Channel, Role, Purpose), bits: [u64; 3]) -> Facts {
    with_facts(known(contact.0, contact.1, contact.2), |word| bits[word - Dimension::EVIDENCE.word])
}

#[test]
fn facts_that_no_rule_of_a_cell_names_change_nothing() {
    let world = World::with(include_str!("../../examples/case-roles.toml"));
    let rules = world.policy.rules().count();
    proptest!(|(ask in any_ask(), contact in any_contact(), bits in any_facts(), flips in any::<[u64; 3]>(), packs in 0..world.active.len())| {
        let cell = world.space.key(&space::contact(contact.0, contact.1, contact.2));
        let keys: Vec<Key> = ask.forms().iter().map(|f| world.space.key(&asking(&Facts::empty(), ask, *f)).join(&cell)).collect();
        let rests: Vec<Rest> = keys.iter().flat_map(|key| (0..rules).filter_map(|i| world.space.rest(i, key))).collect();
        let mut free = [0, 1, 2].map(|i| flips[i] & fact_masks()[i].1);
        for fact in Variables::of(&rests).iter().flat_map(|variable| &variable.facts) {
            free[fact.word - Dimension::EVIDENCE.word] &= !fact.bit;
        }
        let before = world.verdict(world.active[packs], state_of(contact, bits), ask);
        let after = world.verdict(world.active[packs], state_of(contact, [0, 1, 2].map(|i| bits[i] ^ free[i])), ask);
        prop_assert_eq!(before, after);
    });
}

#[test]
fn unknown_facts_open_no_more_than_any_values_of_them() {
    let world = World::with(EVERYTHING);
    proptest!(|(ask in any_ask(), contact in any_contact(), bits in any_facts(), unknown in any::<u64>(), packs in 0..world.active.len())| {
        let state = state_of(contact, bits);
        let mut asked = state;
        let unknown = |code: u8| unknown >> code & 1 == 1;
        AccountFact::ALL.iter().filter(|f| unknown(f.code())).for_each(|f| asked.set_account(*f, None));
        AgentFact::ALL.iter().filter(|f| unknown(f.code() + 32)).for_each(|f| asked.set_agent(*f, None));
        if unknown(AccountFact::Survivor.code()) {
            asked.set_account(AccountFact::SurvivorUnreadable, Some(true));
        }
        let [asked, state] = [asked, state].map(|state| world.verdict(world.active[packs], state, ask));
        prop_assert!(opens(&asked) <= opens(&state));
    });
}

/// A permit that any carrier may write.
fn any_permit() -> impl Strategy<Value = String> {
    fn some<T: Copy + std::fmt::Debug + 'static>(
        key: &'static str,
        all: &'static [T],
        name: fn(T) -> &'static str,
    ) -> impl Strategy<Value = String> {
        proptest::sample::subsequence(all, 1..=all.len())
            .prop_map(move |some| format!("{key} = {:?}", some.into_iter().map(name).collect::<Vec<_>>()))
    }
    fn maybe(strategy: impl Strategy<Value = String>) -> impl Strategy<Value = Option<String>> {
        proptest::option::weighted(0.3, strategy)
    }
    let what = prop_oneof![
        some("class", DataClass::ALL, DataClass::name),
        some("action", Action::ALL, Action::name)
    ];
    let when = (
        maybe(some("channel", Channel::ALL, Channel::name)),
        maybe(some("role", Role::ALL, Role::name)),
        maybe(some("purpose", Purpose::ALL, Purpose::name)),
        maybe(some("form", Form::ALL, Form::name)),
        maybe(some("evidence.any", EvidenceKind::ALL, EvidenceKind::name)),
        maybe(some("account.none", AccountFact::ALL, AccountFact::name)),
        maybe(some("agent.all", AgentFact::ALL, AgentFact::name)),
    );
    (what, when).prop_map(|(what, (a, b, c, d, e, f, g))| {
        let d = d.filter(|_| what.starts_with("class"));
        let when: Vec<_> = [Some(what), a, b, c, d, e, f, g].into_iter().flatten().collect();
        format!("effect = \"permit\"\ntitle = \"t\"\nwhen = {{ {} }}\n", when.join(", "))
    })
}

#[test]
fn no_grants_file_opens_the_floor_or_drops_a_duty() {
    let most = World::with(EVERYTHING);
    let requests =
        proptest::collection::vec((any_ask(), any_contact(), any_facts(), 0..most.active.len()), 60);
    let opened = core::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(64), |(permits in proptest::collection::vec(any_permit(), 1..8), requests in requests)| {
        let rules = (1..).zip(&permits).map(|(i, permit)| format!("[[rule]]\nid = \"r{i}\"\n{permit}"));
        let world = World::with(&rules.fold("id = \"g\"\ntitle = \"t\"\n".to_owned(), |all, rule| all + &rule));
        for (ask, contact, bits, packs) in requests {
            let state = state_of(contact, bits);
            let [granted, most] = [&world, &most].map(|world| world.verdict(world.active[packs], state, ask));
            prop_assert!(opens(&granted) <= opens(&most), "{:?} {:?}", granted, most);
            if opens(&granted).is_some() {
                opened.set(opened.get() + 1);
                if granted.form == most.form {
                    prop_assert_eq!(granted.obligations, most.obligations);
                }
                prop_assert!(granted.obligations.contains(Obligation::Audit) || packs == CLEAR_LAW);
            }
        }
    });
    assert!(opened.get() > 0, "nothing was opened, so nothing was shown");
}
