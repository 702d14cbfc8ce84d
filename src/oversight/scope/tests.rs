//! Scopes against a pass over the decoded events, with every selector; gaps; names.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::audit::tests::{account, open, random_log, record_random};
use crate::audit::{AuditEvent, MemoryAuditStore};
use crate::vocabulary::{Form, Op, Outcome, SiteId};

/// An account as the pass over the events has it.
#[derive(Debug, Default, PartialEq)]
struct Told {
    sets: [BTreeSet<DataClass>; 5],
    times: Option<(Timestamp, Timestamp)>,
    events: u64,
    not_carried_out: u64,
}

/// The specification's table of forms, anew.
fn place(op: Op, outcome: Outcome, form: Option<Form>) -> usize {
    if outcome == Outcome::Withhold {
        return 4;
    }
    match (op == Op::Send, form) {
        (true, _) => 3,
        (false, Some(Form::Match)) => 2,
        (false, Some(Form::Masked | Form::Token)) => 1,
        (false, Some(Form::Full) | None) => 0,
    }
}

fn naive(logs: &[&AuditLog], selected: impl Fn(&AuditEvent) -> bool) -> BTreeMap<AccountId, Told> {
    let mut told: BTreeMap<AccountId, Told> = BTreeMap::new();
    for log in logs {
        for (_, event) in log.entries(0..u64::MAX).map(Result::unwrap).filter(|(_, event)| selected(event)) {
            let Some(account) = log.reveal_account(&event).unwrap() else { continue };
            let told = told.entry(account).or_default();
            told.not_carried_out += u64::from(event.facts.kind == EventKind::NotCarriedOut);
            for field in &event.facts.fields {
                told.sets[place(field.op, field.outcome, field.form)].insert(field.class);
            }
            if !event.facts.fields.is_empty() {
                let time = event.facts.time;
                let (first, last) = told.times.unwrap_or((time, time));
                told.times = Some((first.min(time), last.max(time)));
                told.events += 1;
            }
        }
    }
    told.retain(|_, told| told.events > 0);
    told
}

fn told(scope: &Scope) -> BTreeMap<AccountId, Told> {
    let accounts = scope.accounts().map(|affected| {
        let c = affected.classes();
        let sets = [c.full, c.masked, c.verified, c.sent, c.withheld].map(|set| set.iter().collect());
        let told = Told {
            sets,
            times: affected.times(),
            events: affected.events(),
            not_carried_out: affected.not_carried_out(),
        };
        (affected.name().unwrap().clone(), told)
    });
    accounts.collect()
}

fn both(accesses: Accesses, first: &AuditLog, others: &[&AuditLog]) -> [Scope; 2] {
    let incident = Selection::of(accesses);
    let mut scopes = [
        Scope::from_index(&incident, first, others).unwrap(),
        Scope::prove(&incident, first, others).unwrap(),
    ];
    for scope in &mut scopes {
        scope.name_accounts(first, others).unwrap();
        assert!(scope.is_exact());
    }
    scopes
}

fn agent(number: u8) -> AgentId {
    AgentId::new(format!("a-{number}")).unwrap()
}

fn employer(number: u8) -> EmployerId {
    EmployerId::new(format!("v-{number}")).unwrap()
}

fn site(number: u8) -> SiteId {
    SiteId::new(format!("s-{number}")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_scope_is_what_a_pass_over_all_events_finds(
        (here, there) in (vec(any::<u64>(), 0..150), vec(any::<u64>(), 0..150)),
        agents in vec(0_u8..5, 0..3),
        employers in vec(0_u8..4, 0..2),
        sites in vec(0_u8..3, 0..2),
        interactions in vec(0_u8..6, 0..4),
        versions in vec(1_u32..3, 0..2),
        time in proptest::option::of((99_u64..122, 99_u64..122)),
    ) {
        let (_, here) = random_log(&here);
        let (_, there) = random_log(&there);
        let time = time.map(|(from, to)| Timestamp::from_secs(from)..Timestamp::from_secs(to));
        let mut accesses = Accesses::all()
            .by_agents(agents.iter().copied().map(agent))
            .by_employers(employers.iter().copied().map(employer))
            .at_sites(sites.iter().copied().map(site))
            .in_interactions(interactions.iter().map(|number| [*number; 16]))
            .under_key_versions(versions.iter().copied());
        if let Some(time) = time.clone() {
            accesses = accesses.within(time);
        }
        let selected = |event: &AuditEvent| {
            let facts = &event.facts;
            let actor = facts.actor.as_ref();
            let by = |number: &u8| actor.is_some_and(|actor| actor.agent == agent(*number));
            let of = |number: &u8| actor.is_some_and(|a| a.employer.as_ref() == Some(&employer(*number)));
            let at = |number: &u8| actor.is_some_and(|a| a.site.as_ref() == Some(&site(*number)));
            (agents.is_empty() || agents.iter().any(by))
                && (sites.is_empty() || sites.iter().any(at))
                && (employers.is_empty() || employers.iter().any(of))
                && (interactions.is_empty() || interactions.contains(&facts.interaction[0]))
                && (versions.is_empty() || versions.contains(&event.key_version))
                && time.as_ref().is_none_or(|time| time.contains(&facts.time))
        };
        let expected = naive(&[&here, &there], selected);
        for scope in both(accesses, &here, &[&there, &here]) {
            prop_assert_eq!(&told(&scope), &expected);
            prop_assert_eq!(scope.logs().len(), 2);
        }
    }
}

fn seeds(count: u64) -> Vec<u64> {
    (1..=count).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect()
}

#[test]
fn what_was_proved_cites_a_checkpoint_of_what_was_read() {
    let (_, log) = random_log(&seeds(100));
    let [index, proved] = both(Accesses::all(), &log, &[]);
    assert!(!index.logs()[0].proven && index.logs()[0].checkpoint.is_none());
    let source = &proved.logs()[0];
    let cited = source.checkpoint.as_ref().unwrap();
    assert_eq!((cited.tree(), &source.tree), (&log.tree_head(), &log.tree_head()));
    assert!(source.proven && source.log == log.id());
    assert_eq!(told(&index).len(), 6);
    let out = proved.accounts().filter(|account| account.reach() == Reach::Disclosed).count() as u64;
    assert_eq!(proved.customers(), Customers::Exactly(out));
    let given =
        proved.accounts().fold(ClassSet::default(), |all, account| all.with(account.classes().given()));
    assert!(proved.exposures().eq(given.iter().map(|class| (class, Exposure::Readable))));
}

/// A log that was changed, and the two scopes of it.
fn changed(change: impl Fn(&MemoryAuditStore)) -> [Scope; 2] {
    let (store, log) = random_log(&seeds(100));
    let incident = Selection::of(Accesses::all());
    change(&store);
    [Scope::from_index(&incident, &log, &[]).unwrap(), Scope::prove(&incident, &log, &[]).unwrap()]
}

fn gap(scope: &Scope) -> Option<(u64, BreakKind)> {
    let gap = scope.logs()[0].gap.map(|gap| (gap.event, gap.kind));
    assert_eq!((scope.is_exact(), scope.logs()[0].proven), (gap.is_none(), gap.is_none()));
    gap
}

#[test]
fn a_gap_makes_a_lower_bound() {
    let events = |scope: &Scope| scope.accounts().map(Affected::events).sum::<u64>();
    let [_, whole] = changed(|_| ());
    for (change, kind) in [
        (
            (|store: &MemoryAuditStore| store.change(30, |entry| entry.event[40] ^= 1)) as fn(&_),
            BreakKind::Content,
        ),
        (|store| store.change(30, |entry| entry.leaf[0] ^= 1), BreakKind::Content),
        (|store| store.remove(30..31), BreakKind::Link),
        (|store| store.remove(30..101), BreakKind::Truncation),
    ] {
        let [_, proved] = changed(change);
        assert_eq!(gap(&proved), Some((30, kind)));
        assert!(matches!(proved.customers(), Customers::AtLeast(1..)));
        assert!(events(&proved) <= events(&whole) && events(&proved) > 0);
    }
    let [index, proved] = changed(|store| store.remove(30..101));
    assert_eq!(index.logs()[0].gap, Some(AuditBreak { event: 30, kind: BreakKind::Index }));
    assert_eq!(events(&index), events(&proved));
    // An event that somebody hashed anew, with its row.
    let [_, proved] = changed(|store| {
        store.change(30, |entry| {
            let mut event = AuditEvent::decode(&entry.event).unwrap();
            event.facts.fields.clear();
            (entry.event, entry.columns) = (event.encode().unwrap(), Some(Columns::of(30, &event)));
            entry.leaf = crate::audit::leaf_hash(&entry.event);
        });
    });
    assert_eq!(gap(&proved), Some((101, BreakKind::Head)));
}

/// What a changed row hides from the index, the proof finds.
#[test]
fn a_proof_does_not_believe_the_index() {
    let hide = |store: &MemoryAuditStore| {
        for index in 1..=100 {
            store.change(index, |entry| entry.columns.as_mut().unwrap().account = None);
        }
    };
    let [index, proved] = changed(hide);
    assert_eq!(index.accounts().count(), 0);
    assert_eq!((proved.accounts().count(), gap(&proved)), (6, None));
    assert_eq!(proved.logs()[0].index.map(|found| found.kind), Some(BreakKind::Index));
    let [index, proved] = changed(|store| store.change(30, |entry| entry.columns = None));
    assert_eq!(index.logs()[0].gap, Some(AuditBreak { event: 30, kind: BreakKind::Index }));
    assert_eq!((gap(&proved), proved.logs()[0].index.unwrap().event), (None, 30));
}

#[test]
fn a_name_that_its_event_does_not_hold_is_not_told() {
    let (store, log) = random_log(&seeds(100));
    let incident = Selection::of(Accesses::all());
    let forged = [7; 32];
    store.change(30, |entry| entry.columns.as_mut().unwrap().account = Some(forged));
    let mut scope = Scope::from_index(&incident, &log, &[]).unwrap();
    scope.name_accounts(&log, &[]).unwrap();
    let unnamed: Vec<_> = scope.accounts().filter(|account| account.name().is_none()).collect();
    assert_eq!(unnamed.len(), 1);
    assert_eq!(unnamed[0].pseudonym(), &forged);
    assert_eq!(scope.logs()[0].gap, Some(AuditBreak { event: 30, kind: BreakKind::Index }));
}

#[test]
fn stolen_data_counts_as_opened_unless_its_keys_are_known_to_be_safe() {
    use DataClass as C;
    let (_, log) = random_log(&[]);
    let record = |number: u32, key_version, classes: &[C]| StolenRecord {
        account: account(number),
        key_version,
        classes: ClassSet::of(classes.iter().copied()),
    };
    let exposures = |lost: LostKeys| {
        let stolen = [record(1, 1, &[C::Ssn]), record(2, 2, &[C::SsnLast4]), record(1, 2, &[C::Billing])];
        let incident = Selection::default().with_stolen(stolen, lost);
        let scope = Scope::from_index(&incident, &log, &[]).unwrap();
        assert_eq!(scope.customers(), Customers::Exactly(2));
        let safe = scope.exposures().filter(|(_, exposure)| *exposure == Exposure::EncryptedKeysSafe).count();
        assert_eq!(scope.exposures().count(), 3);
        assert!(scope.accounts().all(|affected| affected.times().is_none() && affected.name().is_some()));
        let all: BTreeMap<_, _> = scope
            .accounts()
            .map(|affected| (affected.name().unwrap().clone(), (affected.reach(), affected.ssn())))
            .collect();
        (all[&account(1)], all[&account(2)], safe)
    };
    let (encrypted, disclosed) = (Reach::Encrypted, Reach::Disclosed);
    let (full, four) = (Some(SsnReach::Full), Some(SsnReach::LastFour));
    assert_eq!(exposures(LostKeys::None), ((encrypted, None), (encrypted, None), 3));
    assert_eq!(exposures(LostKeys::default()), ((disclosed, full), (disclosed, four), 0));
    assert_eq!(exposures(LostKeys::Versions([1].into())), ((disclosed, full), (encrypted, None), 2));
    assert_eq!(exposures(LostKeys::Versions([2].into())), ((disclosed, None), (disclosed, four), 1));
}

#[test]
fn the_forms_of_an_ssn_stand_apart() {
    let ssn = |change: fn(&mut Classes)| {
        let mut affected = Affected::new([0; 32]);
        change(&mut affected.classes);
        (affected.reach(), affected.ssn())
    };
    assert_eq!(ssn(|c| c.withheld = ClassSet::of([DataClass::Ssn])), (Reach::Attempted, None));
    assert_eq!(ssn(|c| c.masked = ClassSet::of([DataClass::Ssn])), (Reach::Disclosed, None));
    assert_eq!(ssn(|c| c.full = ClassSet::of([DataClass::SsnLast4])).1, Some(SsnReach::LastFour));
    assert_eq!(ssn(|c| c.verified = ClassSet::of([DataClass::SsnLast4])).1, Some(SsnReach::LastFour));
    assert_eq!(ssn(|c| c.verified = ClassSet::of([DataClass::Ssn])).1, Some(SsnReach::Compared));
    assert_eq!(ssn(|c| c.sent = ClassSet::of([DataClass::Ssn])).1, Some(SsnReach::Full));
}

#[test]
fn logs_merge_only_where_accounts_have_the_same_pseudonyms() {
    let (_, here) = random_log(&seeds(10));
    let there = crate::audit::tests::open_as("u", Arc::new(MemoryAuditStore::new()));
    record_random(&there, &seeds(10));
    let incident = Selection::of(Accesses::all());
    for refused in [Scope::from_index(&incident, &here, &[&there]), Scope::prove(&incident, &here, &[&there])]
    {
        assert_eq!(refused.err(), Some(AuditError::AnotherTenant));
    }
    let again = open(Arc::new(MemoryAuditStore::new())).unwrap();
    assert!(Scope::prove(&incident, &here, &[&again]).is_ok());
}

#[test]
fn a_scope_says_nobodys_name_by_accident() {
    let (_, log) = random_log(&seeds(50));
    let [scope, _] = both(Accesses::all(), &log, &[]);
    let text = format!("{scope:?}");
    assert!(text.contains("Affected") && !text.contains("acct-"), "{text}");
}
