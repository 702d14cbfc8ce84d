//! The bytes of events, and logs in memory: written, changed, failing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use base64ct::{Base64, Encoding as _};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::error::{AuditBreak, AuditError, BreakKind, Error, HostError, KeyError, ProofError, StoreError};
use crate::hazmat::Key32;
use crate::vocabulary::{
    AccountId, Action, AgentId, BasisId, Channel, ContactId, CountryCode, DataClass, Destination, EmployerId,
    EstablishedBy, EventKind, EvidenceKind, FieldName, Form, Obligation, Obligations, Op, Outcome, Purpose,
    Role, RuleId, Scope, SiteId, TenantId, Timestamp, WithheldBecause,
};

const NOW: Timestamp = Timestamp::from_secs(1_795_424_400);

pub(crate) fn roots(active: u32) -> AuditRoots {
    let root = |byte| {
        Key32::filled_by(|key| -> Result<(), KeyError> {
            *key = [byte; 32];
            Ok(())
        })
    };
    let all = (1..=2).map(|version: u8| (version.into(), root(version).unwrap()));
    AuditRoots::new(active, all.collect()).unwrap()
}

pub(crate) fn open(store: Arc<dyn AuditStore>) -> Result<AuditLog, Error> {
    AuditLog::open(store, roots(1), settings("t"), NOW)
}

pub(crate) fn open_as(tenant: &str, store: Arc<dyn AuditStore>) -> AuditLog {
    AuditLog::open(store, roots(1), settings(tenant), NOW).unwrap()
}

pub(crate) fn open_in_place_of(store: Arc<dyn AuditStore>, earlier: EarlierLog) -> Result<AuditLog, Error> {
    AuditLog::open(store, roots(1), LogSettings { earlier: Some(earlier), ..settings("t") }, NOW)
}

fn settings(tenant: &str) -> LogSettings {
    LogSettings { tenant: TenantId::new(tenant).unwrap(), signer: None, earlier: None }
}

pub(crate) fn account(number: u32) -> AccountId {
    AccountId::new(format!("acct-{number}")).unwrap()
}

/// A view as the guard records it.
pub(crate) fn viewed(number: u8) -> EventFacts {
    let field = |field: &str, class, outcome, form, because| FieldRecord {
        field: FieldName::new(field).unwrap(),
        class,
        op: Op::View,
        scope: Scope::Whole,
        outcome,
        form,
        because,
        rules: vec![RuleId::new("call-detail-by-phone").unwrap()],
        obligations: Obligations::of(&[Obligation::Audit, Obligation::Alert]),
    };
    let mut facts = EventFacts::new(EventKind::Viewed, NOW);
    facts.interaction = [number; 16];
    facts.grant = [number ^ 0xff; 16];
    facts.actor = Some(Actor {
        agent: AgentId::new("a-1017").unwrap(),
        role: Role::CareAgent,
        employer: Some(EmployerId::new("vendor-7").unwrap()),
        site: Some(SiteId::new("center-2").unwrap()),
        country: CountryCode::new("US").unwrap(),
    });
    facts.purpose = Some(Purpose::Support);
    facts.channel = Some(Channel::PhoneInbound);
    facts.contact = Some(ContactId::new("call-88231").unwrap());
    facts.case = Some(ContactId::new("case-7").unwrap());
    facts.basis = Some(BasisId::new("review-12").unwrap());
    facts.evidence = vec![(EvidenceKind::Password, EstablishedBy::Library)];
    facts.policy = [7; 32];
    facts.fields = vec![
        field("plan", DataClass::ServiceDetails, Outcome::Disclose, Some(Form::Full), None),
        field("ssn", DataClass::Ssn, Outcome::Withhold, None, Some(WithheldBecause::Forbidden)),
    ];
    facts
}

fn event() -> AuditEvent {
    let account = AccountMark { pseudonym: [9; 32], sealed: vec![8; 44].into() };
    AuditEvent { log: LogId::from_bytes([1; 16]), key_version: 1, account: Some(account), facts: viewed(3) }
}

/// Changes what is stored, past the log.
pub(crate) fn tamper(store: &MemoryAuditStore, change: impl FnOnce(&mut Vec<StoredEntry>)) {
    change(&mut store.memory().entries);
}

pub(crate) fn broken<T>(event: u64, kind: BreakKind) -> Result<T, AuditError> {
    Err(AuditError::Broken(AuditBreak { event, kind }))
}

// --- Bytes ---------------------------------------------------------------------------------------

prop_compose! {
    fn decisions()(
        outcome in select(Outcome::ALL),
        because in select(WithheldBecause::ALL),
        rules in vec("[a-z0-9][a-z0-9.-]{0,63}", 0..4),
        duties in vec(select(Obligation::ALL), 0..4),
    ) -> (Outcome, Option<WithheldBecause>, Vec<RuleId>, Obligations) {
        let rules = rules.into_iter().map(|rule| RuleId::new(rule).unwrap()).collect();
        let duties = Obligations::of(&duties);
        (outcome, (outcome == Outcome::Withhold).then_some(because), rules, duties)
    }
}

prop_compose! {
    fn fields()(
        field in "[a-z][a-z0-9_]{0,63}",
        class in select(DataClass::ALL),
        op in select(Op::ALL),
        scope in select(Scope::ALL),
        form in option::of(select(Form::ALL)),
        (outcome, because, rules, obligations) in decisions(),
    ) -> FieldRecord {
        let form = form.filter(|_| outcome != Outcome::Withhold);
        let field = FieldName::new(field).unwrap();
        FieldRecord { field, class, op, scope, outcome, form, because, rules, obligations }
    }
}

prop_compose! {
    fn actors()(
        agent in "[!-~]{1,128}",
        role in select(Role::ALL),
        employer in option::of("[!-~]{1,128}"),
        site in option::of("[!-~]{1,128}"),
        country in "[A-Z]{2}",
    ) -> Actor {
        Actor {
            agent: AgentId::new(agent).unwrap(),
            role,
            employer: employer.map(|id| EmployerId::new(id).unwrap()),
            site: site.map(|id| SiteId::new(id).unwrap()),
            country: CountryCode::new(&country).unwrap(),
        }
    }
}

prop_compose! {
    fn actions()(
        action in select(Action::ALL),
        (outcome, because, rules, obligations) in decisions(),
    ) -> ActionRecord {
        ActionRecord { action, outcome, because, rules, obligations }
    }
}

prop_compose! {
    fn all_facts()(
        kind in select(&EventKind::ALL[1..]),
        (time, interaction, grant, policy, cause) in any::<(u64, [u8; 16], [u8; 16], [u8; 32], u16)>(),
        actor in option::of(actors()),
        purpose in option::of(select(Purpose::ALL)),
        channel in option::of(select(Channel::ALL)),
        [contact, case, basis] in prop::array::uniform3(option::of("[!-~]{1,128}")),
        evidence in vec((select(EvidenceKind::ALL), select(EstablishedBy::ALL)), 0..5),
        fields in vec(fields(), 0..6),
        action in option::of(actions()),
        destination in option::of(select(Destination::ALL)),
    ) -> EventFacts {
        let [contact, case] = [contact, case].map(|id| id.map(|id| ContactId::new(id).unwrap()));
        let basis = basis.map(|id| BasisId::new(id).unwrap());
        let time = Timestamp::from_micros(time);
        EventFacts {
            kind, time, interaction, grant, actor, purpose, channel, contact, case, basis, evidence, policy,
            fields, action, destination, cause,
        }
    }
}

prop_compose! {
    pub(crate) fn events()(
        (log, key_version) in (any::<[u8; 16]>(), 1_u32..),
        account in option::of((any::<[u8; 32]>(), 1_usize..=9, any::<u8>())),
        facts in all_facts(),
    ) -> AuditEvent {
        let account = account.map(|(pseudonym, blocks, byte)| {
            AccountMark { pseudonym, sealed: vec![byte; 28 + 16 * blocks].into() }
        });
        AuditEvent { log: LogId::from_bytes(log), key_version, account, facts }
    }
}

proptest! {
    #[test]
    fn an_event_comes_back(event in events()) {
        let bytes = event.encode().unwrap();
        prop_assert!(bytes.len() <= MAX_EVENT_LEN);
        prop_assert_eq!(AuditEvent::decode(&bytes), Ok(event));
    }

    /// A pass over a whole log derives rows without decoding: one grammar, two ways to keep it.
    #[test]
    fn a_row_read_from_the_bytes_is_the_one_of_the_event(event in events(), index in any::<u64>()) {
        let bytes = event.encode().unwrap();
        let columns = Columns::of(index, &event);
        prop_assert_eq!(ColumnsRef::read(index, &bytes), Some((columns.borrowed(), event.log)));
    }

    #[test]
    fn decoding_never_panics_and_is_canonical(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(event) = AuditEvent::decode(&bytes) {
            prop_assert_eq!(event.encode().unwrap(), bytes);
        }
    }
}

#[test]
fn no_truncation_or_extension_decodes() {
    let bytes = event().encode().unwrap();
    for len in 0..bytes.len() {
        assert!(AuditEvent::decode(&bytes[..len]).is_err(), "{len} bytes");
        assert_eq!(ColumnsRef::read(0, &bytes[..len]), None, "{len} bytes");
    }
    for more in [0, 1, 0xff] {
        let longer = [&bytes[..], &[more]].concat();
        assert_eq!(AuditEvent::decode(&longer), Err(AuditError::Format { why: "bytes follow the event" }));
    }
}

#[test]
fn every_bit_says_something() {
    let event = event();
    let bytes = event.encode().unwrap();
    let mut decoded = 0;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let row = ColumnsRef::read(7, &flipped);
        assert_eq!(row.is_some(), AuditEvent::decode(&flipped).is_ok(), "bit {bit}");
        if let Ok(other) = AuditEvent::decode(&flipped) {
            assert_eq!(row, Some((Columns::of(7, &other).borrowed(), other.log)), "bit {bit}");
            assert_ne!(other, event, "bit {bit}");
            assert_eq!(other.encode().unwrap(), flipped, "bit {bit}");
            decoded += 1;
        }
    }
    // Both happen: a flip in an id is another event, a flip in a length or flag is none.
    assert!(decoded > 500 && decoded < bytes.len() * 8 - 200, "{decoded}");
}

#[test]
fn what_the_specification_refuses_is_refused_on_the_way_out_as_well() {
    let refused = |change: &dyn Fn(&mut AuditEvent)| {
        let mut event = event();
        change(&mut event);
        assert!(matches!(event.encode(), Err(AuditError::Format { .. })), "{event:?}");
    };
    refused(&|e| e.key_version = 0);
    refused(&|e| e.account.as_mut().unwrap().sealed = vec![0; 28].into());
    refused(&|e| e.account.as_mut().unwrap().sealed = vec![0; 45].into());
    refused(&|e| e.account.as_mut().unwrap().sealed = vec![0; 28 + 160].into());
    refused(&|e| e.facts.fields[0].because = Some(WithheldBecause::Held));
    refused(&|e| e.facts.fields[1].because = None);
    refused(&|e| e.facts.fields[1].form = Some(Form::Masked));
    refused(&|e| e.facts.fields[0].rules = vec![RuleId::new("r").unwrap(); MAX_RULES + 1]);
    refused(&|e| e.facts.fields = vec![e.facts.fields[0].clone(); MAX_FIELDS + 1]);
    refused(&|e| e.facts.evidence = vec![(EvidenceKind::Password, EstablishedBy::Agent); MAX_EVIDENCE + 1]);
    refused(&|e| e.facts.kind = EventKind::Genesis);
    // Each count within its limit, and yet too long.
    refused(&|e| {
        e.facts.fields[0].rules = vec![RuleId::new("r".repeat(64)).unwrap(); MAX_RULES];
        e.facts.fields = vec![e.facts.fields[0].clone(); MAX_FIELDS];
    });
    // And at the limits it is not.
    let mut event = event();
    event.facts.fields[0].rules = vec![RuleId::new("r").unwrap(); MAX_RULES];
    event.facts.fields = vec![event.facts.fields[0].clone(); MAX_FIELDS];
    event.facts.evidence = vec![(EvidenceKind::Password, EstablishedBy::Agent); MAX_EVIDENCE];
    assert_eq!(AuditEvent::decode(&event.encode().unwrap()), Ok(event));
}

#[test]
fn the_longest_event_is_the_limit() {
    let why = |len| AuditEvent::decode(&vec![1; len]);
    assert_eq!(why(MAX_EVENT_LEN + 1), Err(AuditError::Format { why: "the event is too long" }));
    assert_ne!(why(MAX_EVENT_LEN), Err(AuditError::Format { why: "the event is too long" }));
}

// --- A log in memory -----------------------------------------------------------------------------

fn filled(events: u8) -> (Arc<MemoryAuditStore>, AuditLog) {
    let store = Arc::new(MemoryAuditStore::new());
    let log = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    for number in 1..events {
        let recorded = log.record(viewed(number), Some(&account(number.into()))).unwrap();
        assert_eq!(recorded.index(), u64::from(number));
        assert_eq!(recorded.grant_id(), &[number ^ 0xff; 16]);
    }
    (store, log)
}

#[test]
fn a_log_verifies_and_goes_on_where_it_stopped() {
    let (store, log) = filled(150);
    let first = log.verify().unwrap();
    assert_eq!((first.size(), first.log()), (150, log.id()));
    assert_eq!(first.root(), &store.memory().head.as_ref().unwrap().root);
    drop(log);
    let log = open(store).unwrap();
    assert_eq!(log.verify(), Ok(first));
    assert_eq!(log.record(viewed(0), None).unwrap().index(), 150);
    assert_eq!(log.verify().unwrap().size(), 151);
}

#[test]
fn events_are_read_and_accounts_are_revealed() {
    let (_, log) = filled(100);
    let events: Vec<_> = log.entries(0..u64::MAX).collect::<Result<_, _>>().unwrap();
    assert_eq!(events.len(), 100);
    assert_eq!(events[0].1.facts, EventFacts::new(EventKind::Genesis, NOW));
    assert_eq!(log.reveal_account(&events[0].1), Ok(None));
    for (index, event) in &events[1..] {
        let number = u8::try_from(*index).unwrap();
        assert_eq!(event.facts, viewed(number));
        assert!(log.reveal_account(event) == Ok(Some(account(number.into()))));
        let pseudonym = log.derive_pseudonym(&account(number.into()));
        assert_eq!(event.account.as_ref().unwrap().pseudonym(), &pseudonym);
        assert!(!contains(&event.encode().unwrap(), format!("acct-{number}").as_bytes()));
    }
    let some: Vec<_> = log.entries(70..73).map(|event| event.unwrap().0).collect();
    assert_eq!(some, [70, 71, 72]);
    assert_eq!(log.entries(200..300).count(), 0);
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_new_root_version_goes_on_with_the_same_pseudonyms() {
    let (store, log) = filled(3);
    let pseudonym = log.derive_pseudonym(&account(1));
    drop(log);
    let log = AuditLog::open(store, roots(2), settings("t"), NOW).unwrap();
    log.record(viewed(9), Some(&account(1))).unwrap();
    assert_eq!(log.verify().unwrap().size(), 4);
    let (_, event) = log.entries(3..4).next().unwrap().unwrap();
    assert_eq!((event.key_version, event.account.as_ref().unwrap().pseudonym()), (2, &pseudonym));
    assert!(log.reveal_account(&event) == Ok(Some(account(1))));
}

#[test]
fn another_tenant_or_root_does_not_open_a_log() {
    let (store, _) = filled(3);
    let store: Arc<dyn AuditStore> = store;
    let opened = AuditLog::open(Arc::clone(&store), roots(1), settings("u"), NOW);
    assert_eq!(opened.err(), broken::<()>(3, BreakKind::Head).err().map(Error::from));
    let key = Key32::filled_by(|_| -> Result<(), ()> { Ok(()) }).unwrap();
    let opened = AuditLog::open(store, AuditRoots::new(5, vec![(5, key)]).unwrap(), settings("t"), NOW);
    assert_eq!(opened.err(), Some(Error::Key(KeyError::UnknownVersion { version: 1 })));
}

#[test]
fn nobody_else_writes_how_a_log_begins() {
    let (_, log) = filled(1);
    for kind in [EventKind::Genesis, EventKind::Reanchored] {
        let beginning = EventFacts::new(kind, NOW);
        assert!(matches!(log.record(beginning, None), Err(AuditError::Format { .. })));
    }
    assert_eq!(log.verify().unwrap().size(), 1);
}

#[test]
fn eight_threads_record_and_one_verifies() {
    let (_, log) = filled(1);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let log = &log;
            scope.spawn(move || {
                for number in 0..25 {
                    log.record(viewed(thread * 25 + number), Some(&account(number.into()))).unwrap();
                }
            });
        }
        scope.spawn(|| {
            while log.verify().unwrap().size() < 201 {
                std::thread::yield_now();
            }
        });
    });
    let mut seen: Vec<_> = log.entries(1..201).map(|event| event.unwrap().1.facts.interaction[0]).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<u8>>());
}

/// One event, one disclosure: does not compile if a proof can be copied.
#[test]
fn proofs_are_not_clone() {
    trait AmbiguousIfClone<A> {
        fn is_not() -> bool {
            true
        }
    }
    struct Clones;
    impl<T> AmbiguousIfClone<()> for T {}
    impl<T: Clone> AmbiguousIfClone<Clones> for T {}
    assert!(<Recorded as AmbiguousIfClone<_>>::is_not() && <VerifiedLog as AmbiguousIfClone<_>>::is_not());
}

// --- Breaks --------------------------------------------------------------------------------------

/// Changes a log of 40 events; gives what its writer finds, and what the next process finds.
fn after(change: impl Fn(&mut store::Memory)) -> (Result<(), AuditError>, Result<(), Error>) {
    let (store, log) = filled(40);
    change(&mut store.memory());
    let verified = log.verify().map(|_| ());
    let reopened = open(store).and_then(|log| log.verify().map(|_| ()).map_err(Error::from));
    (verified, reopened)
}

fn both(event: u64, kind: BreakKind) -> (Result<(), AuditError>, Result<(), Error>) {
    (broken(event, kind), broken(event, kind).map_err(Error::from))
}

/// What somebody without keys can compute anew.
fn rehash(entry: &mut StoredEntry) {
    entry.leaf = crate::hazmat::hash::merkle_leaf(&entry.event);
}

#[test]
fn changed_content_is_found() {
    for at in [0, 1, 23, 39] {
        let found = after(|m| m.entries[at].event[40] ^= 1);
        assert_eq!(found, both(at as u64, BreakKind::Content), "event {at}");
    }
    assert_eq!(after(|m| m.entries[23].leaf[0] ^= 1), both(23, BreakKind::Content));
    // Anew hashed, but no event any more.
    let cut = |m: &mut store::Memory| {
        m.entries[23].event.pop();
        rehash(&mut m.entries[23]);
    };
    assert_eq!(after(cut), both(23, BreakKind::Content));
}

#[test]
fn changed_and_anew_hashed_content_is_found() {
    let change = |m: &mut store::Memory| {
        m.entries[23].event[30] ^= 1;
        rehash(&mut m.entries[23]);
    };
    assert_eq!(after(change), both(23, BreakKind::Link));
    assert_eq!(after(|m| m.entries[23].link[31] ^= 0x80), both(23, BreakKind::Link));
}

#[test]
fn moved_events_are_found() {
    let swap_whole = |m: &mut store::Memory| {
        m.entries.swap(10, 11);
        m.entries[10].index = 10;
        m.entries[11].index = 11;
    };
    assert_eq!(after(swap_whole), both(10, BreakKind::Link));
    let swap_bytes = |m: &mut store::Memory| {
        let (left, right) = m.entries.split_at_mut(11);
        std::mem::swap(&mut left[10].event, &mut right[0].event);
    };
    assert_eq!(after(swap_bytes), both(10, BreakKind::Content));
    // An event of the same log again, in the place of another.
    let again = |m: &mut store::Memory| m.entries[20] = StoredEntry { index: 20, ..m.entries[5].clone() };
    assert_eq!(after(again), both(20, BreakKind::Link));
    // One taken out, and the others moved up.
    let close_up = |m: &mut store::Memory| {
        m.entries.remove(20);
        m.entries[20..].iter_mut().for_each(|entry| entry.index -= 1);
    };
    let (verified, reopened) = after(close_up);
    assert_eq!(verified, broken(20, BreakKind::Link));
    assert_eq!(reopened, broken(39, BreakKind::Truncation).map_err(Error::from));
    assert_eq!(after(|m| drop(m.entries.remove(20))), both(20, BreakKind::Link));
}

#[test]
fn a_changed_subtree_hash_is_found_and_proves_nothing() {
    let (store, log) = filled(40);
    let tree = log.tree_head();
    let leaf = store.memory().entries[23].leaf;
    let path = log.prove_inclusion(23, &tree).unwrap();
    assert_eq!(verify_inclusion(&tree, 23, &leaf, &path), Ok(()));
    // Event 31 closes the subtree over the events 16 to 31, and more; it is in this path.
    for height in 0..4 {
        let changed = |m: &mut store::Memory| m.entries[31].subtrees[height][0] ^= 1;
        assert_eq!(after(changed), both(31, BreakKind::Index));
    }
    store.memory().entries[15].subtrees[3][0] ^= 1;
    assert_eq!(log.prove_inclusion(23, &tree), Err(AuditError::NotProven));
    let add = |m: &mut store::Memory| m.entries[32].subtrees.push([0; 32]);
    assert_eq!(after(add), both(32, BreakKind::Index));
    assert_eq!(after(|m| m.entries[31].subtrees.truncate(4)), both(31, BreakKind::Index));
}

#[test]
fn a_changed_or_missing_row_of_the_index_is_found() {
    type Change = fn(&mut Columns);
    let changes: [Change; 10] = [
        |c| c.index += 1,
        |c| c.time = Timestamp::default(),
        |c| c.kind = EventKind::Sent,
        |c| c.agent = None,
        |c| c.employer = Some(EmployerId::new("carrier").unwrap()),
        |c| c.site = None,
        |c| c.account = Some([0; 32]),
        |c| c.interaction[0] ^= 1,
        |c| c.key_version = 2,
        |c| c.classes.full = c.classes.full.with(c.classes.withheld),
    ];
    for (number, change) in changes.iter().enumerate() {
        let changed = after(|m| change(m.entries[23].columns.as_mut().unwrap()));
        assert_eq!(changed, both(23, BreakKind::Index), "change {number}");
    }
    assert_eq!(after(|m| m.entries[23].columns = None), both(23, BreakKind::Index));
}

// --- Questions -----------------------------------------------------------------------------------

/// A log of random events, of few agents and accounts and rules.
pub(crate) fn random_log(seeds: &[u64]) -> (Arc<MemoryAuditStore>, AuditLog) {
    let store = Arc::new(MemoryAuditStore::new());
    let log = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    record_random(&log, seeds);
    (store, log)
}

/// Times go back and forth, and some are the same.
pub(crate) fn record_random(log: &AuditLog, seeds: &[u64]) {
    for seed in seeds {
        let pick = |shift: u32, of: u64| (seed >> shift) % of;
        let mut facts = viewed(u8::try_from(pick(0, 5)).unwrap());
        facts.kind = [EventKind::Viewed, EventKind::Sent, EventKind::NotCarriedOut, EventKind::Decided]
            [usize::try_from(pick(3, 4)).unwrap()];
        facts.time = Timestamp::from_secs(100 + pick(8, 20));
        if let Some(actor) = &mut facts.actor {
            actor.agent = AgentId::new(format!("a-{}", pick(16, 4))).unwrap();
            actor.employer =
                (pick(18, 3) > 0).then(|| EmployerId::new(format!("v-{}", pick(18, 3))).unwrap());
            actor.site = (pick(22, 3) > 0).then(|| SiteId::new(format!("s-{}", pick(22, 3))).unwrap());
        }
        if pick(20, 7) == 0 {
            facts.actor = None;
        }
        if pick(24, 6) == 0 {
            facts.fields.clear();
        }
        for (at, field) in facts.fields.iter_mut().enumerate() {
            let pick = |shift: u32, of: usize| usize::try_from(seed.rotate_right(shift)).unwrap() % of;
            let at = u32::try_from(at).unwrap() * 7;
            field.class = DataClass::ALL[pick(28 + at, 16)];
            field.op = Op::ALL[pick(30 + at, 3)];
            field.outcome = Outcome::ALL[pick(34 + at, 4)];
            let withheld = field.outcome == Outcome::Withhold;
            field.because = withheld.then_some(WithheldBecause::Forbidden);
            field.form = if withheld { None } else { Form::ALL.get(pick(36 + at, 5)).copied() };
            field.rules = vec![RuleId::new(format!("r-{}", pick(40 + at, 3))).unwrap()];
        }
        let about = account(u32::try_from(pick(44, 6)).unwrap());
        log.record(facts, (pick(48, 9) > 0).then_some(&about)).unwrap();
    }
}

/// What a pass over all events answers, in the order of time.
fn naive(log: &AuditLog, asked: impl Fn(&AuditEvent) -> bool) -> Vec<(u64, AuditEvent)> {
    let mut found: Vec<_> =
        log.entries(0..u64::MAX).map(Result::unwrap).filter(|(_, event)| asked(event)).collect();
    found.sort_by_key(|(index, event)| (event.facts.time, *index));
    found
}

fn gives(event: &AuditEvent) -> bool {
    event.facts.fields.iter().any(|field| field.outcome != Outcome::Withhold)
}

/// All questions over all accounts, agents and rules, against the naive pass.
pub(crate) fn questions_are_answered(log: &AuditLog, times: core::ops::Range<u64>) {
    let times = Timestamp::from_secs(times.start)..Timestamp::from_secs(times.end);
    let within = |event: &AuditEvent| times.contains(&event.facts.time);
    let all = |answers: Answers<'_>| answers.collect::<Result<Vec<_>, _>>().unwrap();
    for number in 0..6 {
        let (account, pseudonym) = (account(number), log.derive_pseudonym(&account(number)));
        let asked = |event: &AuditEvent| {
            within(event) && gives(event) && event.account.as_ref().is_some_and(|a| a.pseudonym == pseudonym)
        };
        assert_eq!(all(log.who_saw(&account, times.clone())), naive(log, asked));
        let agent = AgentId::new(format!("a-{number}")).unwrap();
        let asked = |event: &AuditEvent| {
            let facts = &event.facts;
            within(event) && gives(event) && facts.actor.as_ref().is_some_and(|actor| actor.agent == agent)
        };
        assert_eq!(all(log.seen_by(&agent, times.clone())), naive(log, asked));
        let rule = RuleId::new(format!("r-{number}")).unwrap();
        let asked = |event: &AuditEvent| {
            within(event) && event.facts.fields.iter().any(|field| field.rules.contains(&rule))
        };
        assert_eq!(all(log.decided_by(&rule, times.clone())), naive(log, asked));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn questions_have_the_answers_of_a_pass_over_all_events(
        seeds in vec(any::<u64>(), 0..200),
        (from, to) in (99_u64..122, 99_u64..122),
    ) {
        let (_, log) = random_log(&seeds);
        questions_are_answered(&log, from..to);
        let rows: Vec<_> = log.index_rows().collect::<Result<_, _>>().unwrap();
        let derived = log.entries(0..u64::MAX).map(|entry| entry.map(|(index, event)| Columns::of(index, &event)));
        prop_assert_eq!(rows, derived.collect::<Result<Vec<_>, _>>().unwrap());
    }
}

#[test]
fn what_does_not_fit_its_event_is_no_answer() {
    let always = || Timestamp::default()..Timestamp::from_micros(u64::MAX);
    let last = |log: &AuditLog| log.who_saw(&account(5), always()).last().map(|answer| answer.map(|_| ()));
    let (store, log) = filled(20);
    assert_eq!(last(&log), Some(Ok(())));
    assert_eq!(format!("{:?}", log.who_saw(&account(5), always())), "Answers(..)");
    // Another account's event, made to look like this one's; and this one's, made to look like less.
    store.memory().entries[7].columns.as_mut().unwrap().account = Some(log.derive_pseudonym(&account(5)));
    assert_eq!(last(&log), Some(broken(7, BreakKind::Index)));
    store.memory().entries[7].columns.as_mut().unwrap().account = None;
    store.memory().entries[5].columns.as_mut().unwrap().employer = None;
    assert_eq!(last(&log), Some(broken(5, BreakKind::Index)));
    store.memory().entries[5].event[40] ^= 1;
    assert_eq!(last(&log), Some(broken(5, BreakKind::Content)));
    let agent = AgentId::new("a-1017").unwrap();
    let answers: Vec<_> = log.seen_by(&agent, always()).collect();
    assert_eq!((answers.len(), answers.last().unwrap().is_err()), (5, true));
}

#[test]
fn rows_that_are_missing_are_told_and_the_others_follow() {
    let (store, log) = filled(20);
    for gone in [0, 7, 8, 19] {
        store.memory().entries[gone].columns = None;
    }
    let rows: Vec<_> = log.index_rows().map(|row| row.map(|row| row.index)).collect();
    assert_eq!(rows.len(), 19);
    assert_eq!(
        [&rows[0], &rows[1], &rows[7], &rows[8]],
        [&broken(0, BreakKind::Index), &Ok(1), &broken(7, BreakKind::Index), &Ok(9)]
    );
    assert_eq!(rows.last(), Some(&broken(19, BreakKind::Index)));
}

#[test]
fn a_log_proves_that_it_grew_and_nothing_about_trees_of_others() {
    let (_, log) = filled(40);
    let earlier = log.tree_head();
    log.record(viewed(1), None).unwrap();
    let later = log.tree_head();
    let path = log.prove_consistency(&earlier, &later).unwrap();
    assert_eq!(verify_consistency(&earlier, &later, &path), Ok(()));
    let not = Err(AuditError::NotProven);
    assert_eq!(log.prove_consistency(&later, &earlier), not);
    assert_eq!(log.prove_consistency(&TreeHead { size: 0, ..earlier }, &later), not);
    assert_eq!(log.prove_consistency(&TreeHead { root: [0; 32], ..earlier }, &later), not);
    assert_eq!(log.prove_inclusion(40, &earlier), not);
    assert_eq!(log.prove_inclusion(0, &TreeHead { size: 42, ..later }), not);
    assert_eq!(log.prove_inclusion(0, &TreeHead { root: [0; 32], ..later }), not);
}

#[test]
fn events_of_another_log_of_the_same_root_are_found() {
    let (other, _) = filled(40);
    let other = other.memory().entries[23].clone();
    assert_eq!(after(|m| m.entries[23] = other.clone()), both(23, BreakKind::Content));
}

#[test]
fn a_cut_log_is_found() {
    for left in [0, 1, 39] {
        let found = after(|m| m.entries.truncate(left));
        assert_eq!(found, both(left as u64, BreakKind::Truncation), "{left} events left");
    }
}

#[test]
fn a_changed_or_lost_head_is_found() {
    let head = |change: &dyn Fn(&mut StoredHead)| after(|m| change(m.head.as_mut().unwrap()));
    assert_eq!(head(&|h| h.mac[0] ^= 1), both(40, BreakKind::Head));
    assert_eq!(head(&|h| h.root[0] ^= 1), both(40, BreakKind::Head));
    assert_eq!(head(&|h| h.link[0] ^= 1), both(40, BreakKind::Head));
    assert_eq!(head(&|h| h.frontier[1][0] ^= 1), both(40, BreakKind::Head));
    assert_eq!(head(&|h| h.frontier.truncate(1)), both(40, BreakKind::Head));
    assert_eq!(head(&|h| h.size = 48), both(40, BreakKind::Head));
    assert_eq!(head(&|h| h.size = 0), both(40, BreakKind::Head));
    let (verified, reopened) = after(|m| m.head = None);
    assert_eq!(verified, broken(40, BreakKind::Head));
    assert_eq!(reopened, broken(0, BreakKind::Head).map_err(Error::from));
}

#[test]
fn an_old_head_is_found() {
    let (store, log) = filled(30);
    let old = store.memory().head.clone();
    for number in 30..40 {
        log.record(viewed(number), None).unwrap();
    }
    let new = std::mem::replace(&mut store.memory().head, old.clone());
    // The old head over the new events: events beyond the head; the writer also knows better.
    assert_eq!(log.verify(), broken(30, BreakKind::Truncation));
    let store: Arc<MemoryAuditStore> = store;
    let reopened = |store: &Arc<MemoryAuditStore>| open(Arc::clone(store) as Arc<dyn AuditStore>);
    assert_eq!(reopened(&store).err(), broken::<()>(30, BreakKind::Head).err().map(Error::from));
    // The old head over the old events: the writer still knows better; the next process cannot,
    // without something outside of the folder (the specification says so).
    store.memory().entries.truncate(30);
    assert_eq!(log.verify(), broken(30, BreakKind::Truncation));
    assert_eq!(reopened(&store).unwrap().verify().unwrap().size(), 30);
    // The new head over the old events.
    store.memory().head = new;
    assert_eq!(log.verify(), broken(30, BreakKind::Truncation));
    assert_eq!(reopened(&store).err(), broken::<()>(30, BreakKind::Truncation).err().map(Error::from));
}

/// A head that somebody with the keys made, and that still does not fit its events.
#[test]
fn a_head_with_a_right_mac_must_fit_as_well() {
    let resealed = |change: &dyn Fn(&mut StoredHead)| {
        let (store, log) = filled(40);
        let mut head = store.memory().head.clone().unwrap();
        change(&mut head);
        head.mac = log.keys.head(head.size, &head.root, &head.link, &head.frontier);
        store.memory().head = Some(head);
        (log.verify().map(|_| ()), open(store).map(|_| ()))
    };
    assert_eq!(resealed(&|_| ()), (Ok(()), Ok(())));
    assert_eq!(resealed(&|h| h.root[0] ^= 1), both(40, BreakKind::Head));
    let (verified, opened) = resealed(&|h| h.link[0] ^= 1);
    assert_eq!(verified, broken(40, BreakKind::Head));
    assert_eq!(opened, broken(39, BreakKind::Link).map_err(Error::from));
    let another_tree = |h: &mut StoredHead| {
        h.frontier[1][0] ^= 1;
        h.root = crate::hazmat::hash::merkle_node(&h.frontier[0], &h.frontier[1]);
    };
    assert_eq!(resealed(&another_tree), (broken(40, BreakKind::Head), Ok(())));
}

#[test]
fn events_beyond_the_head_are_found_by_who_knows_no_more_than_the_head() {
    let (store, reader) = filled(30);
    let old = store.memory().head.clone();
    let writer = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    for number in 30..40 {
        writer.record(viewed(number), None).unwrap();
    }
    assert_eq!(reader.verify().unwrap().size(), 40);
    store.memory().head = old;
    assert_eq!(reader.verify(), broken(30, BreakKind::Head));
}

/// Somebody with the keys writes another end: the process that wrote the first one notices.
#[test]
fn an_end_written_anew_is_found_by_its_first_writer() {
    let (store, log) = filled(30);
    let rewritten = Arc::new(MemoryAuditStore::new());
    let (entries, head) = {
        let memory = store.memory();
        (memory.entries.clone(), memory.head.clone())
    };
    *rewritten.memory() = store::Memory { entries, head, ..store::Memory::default() };
    for (store, log) in [(&store, &log), (&rewritten, &open(rewritten.clone()).unwrap())] {
        // Each event has a nonce of its own, so these differ although their facts do not.
        log.record(viewed(30), Some(&account(1))).unwrap();
        assert_eq!(store.end(), Ok(31));
    }
    *store.memory() = std::mem::take(&mut *rewritten.memory());
    assert_eq!(log.verify(), broken(30, BreakKind::Link));
    assert_eq!(open(store).unwrap().verify().unwrap().size(), 31);
}

#[test]
fn an_emptied_log_does_not_begin_anew() {
    let (verified, reopened) = after(|m| {
        m.entries.clear();
        m.head = None;
    });
    assert_eq!(verified, broken(0, BreakKind::Head));
    assert_eq!(reopened, broken(0, BreakKind::Truncation).map_err(Error::from));
}

#[test]
fn a_log_that_takes_the_place_of_another_says_so_once() {
    let (_, refused) = filled(3);
    let actor = viewed(1).actor;
    let earlier = EarlierLog { log: Some(refused.id()), cause: 6003, actor: actor.clone() };
    let settings = || LogSettings { earlier: Some(earlier.clone()), ..settings("t") };
    let store = Arc::new(Flaky::default());
    let open = || AuditLog::open(Arc::clone(&store) as Arc<dyn AuditStore>, roots(1), settings(), NOW);
    // Both of its first events, or none.
    store.set(FAIL);
    assert!(open().is_err());
    assert_eq!(store.end(), Ok(0));
    store.set(WORK);
    drop(open().unwrap());
    let log = open().unwrap();
    assert_eq!(log.verify().unwrap().size(), 2);
    let (_, event) = log.entries(1..2).next().unwrap().unwrap();
    let mut expected = EventFacts::new(EventKind::Reanchored, NOW);
    (expected.interaction, expected.cause, expected.actor) = (*refused.id().as_bytes(), 6003, actor);
    assert_eq!(event.facts, expected);
}

#[test]
fn a_log_in_the_place_of_another_is_found() {
    let (store, log) = filled(5);
    let (other, _) = filled(5);
    let other = std::mem::take(&mut *other.memory());
    let mut memory = store.memory();
    (memory.entries, memory.head) = (other.entries, other.head);
    drop(memory);
    assert_eq!(log.verify(), broken(0, BreakKind::Content));
    assert_eq!(open(store).err(), broken::<()>(0, BreakKind::Head).err().map(Error::from));
}

#[test]
fn a_lost_anchor_is_made_again() {
    // The process can die between the first event and the anchor.
    let (store, log) = filled(2);
    store.memory().anchor = None;
    let id = log.id();
    let again = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    assert_eq!((store.anchor(), again.id()), (Ok(Some(id)), id));
}

// --- Checkpoints -----------------------------------------------------------------------------------

#[test]
fn a_checkpoint_is_made_kept_and_found_again() {
    let (store, log) = filled(40);
    let checkpoint = log.checkpoint().unwrap();
    assert_eq!(checkpoint.tree(), &log.tree_head());
    assert_eq!(checkpoint.origin(), format!("cpni-guard/audit/{}", log.id()));
    // Whoever has the key in its text form opens it.
    let key: VerifyingKey = log.verifying_key().to_string().parse().unwrap();
    assert_eq!(Checkpoint::open(checkpoint.note(), &key), Ok(checkpoint.clone()));
    assert_eq!(log.checkpoint(), Ok(checkpoint.clone()));
    log.record(viewed(1), None).unwrap();
    let next = log.checkpoint().unwrap();
    assert_eq!(next.tree().size, 41);
    assert_eq!(store.memory().checkpoints.len(), 2);
    let reopened = open(store).unwrap();
    assert_eq!((reopened.checkpoint(), reopened.verifying_key()), (Ok(next), key));
    // Another log of the same roots signs with another key, under another name.
    let (_, other) = filled(40);
    assert_eq!(Checkpoint::open(checkpoint.note(), &other.verifying_key()), Err(ProofError::NotSigned));
    assert_ne!(other.verifying_key().public(), log.verifying_key().public());
}

/// The key is the log's, and the checkpoint says that it is another log's.
#[test]
fn a_checkpoint_of_another_origin_is_refused() {
    let (_, log) = filled(2);
    let signing = log.keys.signing_key();
    let text =
        log.checkpoint().unwrap().note().split("\n\n").next().unwrap().replace("audit/", "other/") + "\n";
    let note = log.verifying_key().note(&text, &signing.sign(text.as_bytes()));
    assert_eq!(Checkpoint::open(&note, &log.verifying_key()), Err(ProofError::AnotherLog));
}

#[test]
fn a_log_is_compared_with_its_last_checkpoint() {
    // Without the checkpoint, nothing in the folder shows it (see `an_old_head_is_found`).
    let put_back = |m: &mut store::Memory, head: &StoredHead| {
        m.entries.truncate(30);
        m.head = Some(head.clone());
    };
    let (store, log) = filled(30);
    let old = store.memory().head.clone().unwrap();
    for number in 30..40 {
        log.record(viewed(number), None).unwrap();
    }
    log.checkpoint().unwrap();
    put_back(&mut store.memory(), &old);
    let opened = open(Arc::clone(&store) as Arc<dyn AuditStore>);
    assert_eq!(opened.err(), broken::<()>(30, BreakKind::Truncation).err().map(Error::from));
    // A lost checkpoint costs nothing else: the next one is made on demand.
    store.memory().checkpoints.clear();
    let log = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    assert_eq!(log.checkpoint().unwrap().tree().size, 30);
    // Somebody with the keys writes the last ten events anew.
    let (other, other_log) = filled(1);
    drop(other_log);
    *other.memory() = {
        let memory = store.memory();
        store::Memory {
            entries: memory.entries[..20].to_vec(),
            head: None,
            anchor: memory.anchor,
            checkpoints: memory.checkpoints.clone(),
        }
    };
    let (mut range, mut link) = (CompactRange::default(), [0; 32]);
    for entry in &other.memory().entries {
        range.push(entry.leaf);
        link = entry.link;
    }
    for index in 20..30 {
        let mut event = AuditEvent::decode(&store.memory().entries[index].event).unwrap();
        event.facts.grant = [0xee; 16];
        let event = event.encode().unwrap();
        let leaf = crate::hazmat::hash::merkle_leaf(&event);
        link = log.keys.link(index as u64, &link, &leaf);
        let (index, subtrees) = (index as u64, range.push(leaf));
        let columns = Some(Columns::of(index, &AuditEvent::decode(&event).unwrap()));
        other.memory().entries.push(StoredEntry { index, event, leaf, link, subtrees, columns });
    }
    let (size, root, frontier) = (range.size(), range.root(), range.subtrees().to_vec());
    let mac = log.keys.head(size, &root, &link, &frontier);
    other.memory().head = Some(StoredHead { size, root, link, frontier, mac });
    let opened = open(Arc::clone(&other) as Arc<dyn AuditStore>);
    assert_eq!(opened.err(), broken::<()>(29, BreakKind::Checkpoint).err().map(Error::from));
    // And the process that is told only afterwards.
    let checkpoints = std::mem::take(&mut other.memory().checkpoints);
    let forged = open(Arc::clone(&other) as Arc<dyn AuditStore>).unwrap();
    assert_eq!(forged.verify().unwrap().to_string(), "30 events, not anchored");
    assert_eq!(forged.verify_against(&log.checkpoint().unwrap()), broken(29, BreakKind::Checkpoint));
    other.memory().checkpoints = checkpoints;
    assert_eq!(forged.verify(), broken(29, BreakKind::Checkpoint));
}

#[test]
fn an_outside_checkpoint_anchors_a_log_and_shows_what_was_put_back() {
    let (store, log) = filled(30);
    let before = log.checkpoint().unwrap();
    let old = store.memory().head.clone();
    for number in 30..40 {
        log.record(viewed(number), None).unwrap();
    }
    let outside = log.checkpoint().unwrap();
    assert_eq!(log.verify().unwrap().anchored(), None);
    assert_eq!(log.verify_against(&before).unwrap().anchored(), Some(30));
    assert_eq!(log.verify_against(&outside).unwrap().to_string(), "40 events, anchored up to 40");
    drop(log);
    // Everything is put back, the checkpoints too.
    {
        let mut memory = store.memory();
        memory.entries.truncate(30);
        memory.head = old;
        memory.checkpoints.remove(&40);
    }
    let log = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    assert_eq!(log.verify().unwrap().anchored(), None);
    assert_eq!(log.verify_against(&before).unwrap().anchored(), Some(30));
    assert_eq!(log.verify_against(&outside), broken(30, BreakKind::Truncation));
    // It goes on, and is long enough again: the old checkpoint still does not fit.
    for number in 30..50 {
        log.record(viewed(number), Some(&account(1))).unwrap();
    }
    assert_eq!(log.verify_against(&outside), broken(39, BreakKind::Checkpoint));
    // The folder was deleted, and another log begun.
    let (_, another) = filled(50);
    assert_eq!(another.verify_against(&outside), broken(0, BreakKind::Checkpoint));
}

#[test]
fn a_changed_checkpoint_is_found() {
    let changed = |change: &dyn Fn(&mut String)| {
        let (store, log) = filled(40);
        log.checkpoint().unwrap();
        change(store.memory().checkpoints.get_mut(&40).unwrap());
        (log.verify().map(|_| ()), open(store).map(|_| ()))
    };
    let both = both(40, BreakKind::Signature);
    assert_eq!(changed(&|note| *note = note.replace("\n40\n", "\n39\n")), both);
    assert_eq!(changed(&|note| *note = note.replacen("\n40\n", "\n40\n\n", 1)), both);
    assert_eq!(changed(&|note| note.truncate(10)), both);
    assert_eq!(changed(&String::clear), both);
    // One of another size under this number.
    let (store, log) = filled(40);
    log.checkpoint().unwrap();
    let note = store.memory().checkpoints.remove(&40).unwrap();
    store.memory().checkpoints.insert(39, note);
    assert_eq!(log.verify().map(|_| ()), broken(39, BreakKind::Signature));
}

#[test]
fn one_event_is_proved_with_the_public_key_alone() {
    let (store, log) = filled(40);
    for index in [0, 1, 23, 39] {
        let proof = log.prove(index).unwrap();
        let key: VerifyingKey = log.verifying_key().to_string().parse().unwrap();
        let opened = EventProof::open(&proof, &key).unwrap();
        let (_, event) = log.entries(index..index + 1).next().unwrap().unwrap();
        assert_eq!((opened.index(), opened.event()), (index, &event));
        assert_eq!(opened.checkpoint().tree().size, 40);
    }
    assert_eq!(log.prove(40), Err(AuditError::NotProven));
    // The last checkpoint covers it: no other is made.
    log.record(viewed(1), None).unwrap();
    log.prove(39).unwrap();
    assert_eq!(store.memory().checkpoints.len(), 1);
    log.prove(40).unwrap();
    assert_eq!(store.memory().checkpoints.len(), 2);
    store.memory().entries[23].event[40] ^= 1;
    assert_eq!(log.prove(23), Err(AuditError::NotProven));
}

#[test]
fn no_changed_proof_of_an_event_opens() {
    let (_, log) = filled(11);
    let (proof, key) = (log.prove(9).unwrap(), log.verifying_key());
    let opened = EventProof::open(&proof, &key).unwrap();
    for at in 0..proof.len() {
        assert!(proof.get(..at).is_none_or(|cut| EventProof::open(cut, &key).is_err()), "{at} bytes");
        for byte in [b'\n', b' ', b'A', b'B', b'1', b'='] {
            let mut changed = proof.clone().into_bytes();
            if std::mem::replace(&mut changed[at], byte) != byte
                && let Ok(changed) = String::from_utf8(changed)
            {
                assert!(EventProof::open(&changed, &key).is_err(), "{changed}");
            }
        }
    }
    let (_, other) = filled(11);
    assert_eq!(EventProof::open(&proof, &other.verifying_key()), Err(ProofError::NotSigned));
    // Another event's proof with this one's bytes.
    let extra = |proof: &str| proof.lines().nth(1).unwrap().to_owned();
    let mixed = log.prove(8).unwrap().replace(&extra(&log.prove(8).unwrap()), &extra(&proof));
    assert_eq!(EventProof::open(&mixed, &key), Err(ProofError::Inclusion));
    // A path longer than any tree's.
    let long = proof.replacen("\n\n", &format!("\n{}\n\n", [extra_hash(); 62].join("\n")), 1);
    assert!(matches!(EventProof::open(&long, &key), Err(ProofError::Format { .. })));
    assert_eq!(opened.event().facts, viewed(9));
}

fn extra_hash() -> &'static str {
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
}

/// Signed with the key of a log, about a tree that holds an event of another one.
#[test]
fn an_event_that_names_another_log_is_no_proof() {
    let (_, log) = filled(1);
    let event = event().encode().unwrap();
    let tree = TreeHead { size: 1, root: leaf_hash(&event) };
    let key = log.verifying_key();
    let text = checkpoint::text(key.name(), &tree);
    let note = key.note(&text, &log.keys.signing_key().sign(text.as_bytes()));
    let proof = format!("c2sp.org/tlog-proof@v1\nextra {}\nindex 0\n\n{note}", Base64::encode_string(&event));
    assert_eq!(EventProof::open(&proof, &key), Err(ProofError::AnotherLog));
}

/// A host's signer that can be told to fail.
#[derive(Debug)]
struct HostSigner {
    key: crate::hazmat::sign::SigningKey,
    mode: AtomicU8,
}

impl HostSigner {
    fn new(byte: u8) -> Arc<Self> {
        let seed = Key32::filled_by(|seed| -> Result<(), ()> {
            *seed = [byte; 32];
            Ok(())
        });
        let key = crate::hazmat::sign::SigningKey::from_seed(&seed.unwrap());
        Arc::new(Self { key, mode: AtomicU8::new(WORK) })
    }
}

impl CheckpointSigner for HostSigner {
    fn public_key(&self) -> [u8; 32] {
        self.key.public()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], HostError> {
        match self.mode.load(Ordering::SeqCst) {
            WORK => Ok(self.key.sign(message)),
            FAIL => Err(HostError),
            _ => Ok(self.key.sign(b"something else")),
        }
    }
}

#[test]
fn a_host_signs_with_its_own_key_and_may_change_it() {
    let store = Arc::new(MemoryAuditStore::new());
    let with = |signer: &Arc<HostSigner>| {
        let signer: Arc<dyn CheckpointSigner> = Arc::clone(signer) as _;
        let settings = LogSettings { signer: Some(signer), ..settings("t") };
        AuditLog::open(Arc::clone(&store) as Arc<dyn AuditStore>, roots(1), settings, NOW).unwrap()
    };
    let first = HostSigner::new(1);
    let log = with(&first);
    for (mode, expected) in [(FAIL, AuditError::NotSigned), (PANIC, AuditError::NotSigned)] {
        first.mode.store(mode, Ordering::SeqCst);
        assert_eq!(log.checkpoint(), Err(expected));
        assert!(store.memory().checkpoints.is_empty());
        log.record(viewed(1), None).unwrap();
    }
    first.mode.store(WORK, Ordering::SeqCst);
    let checkpoint = log.checkpoint().unwrap();
    assert_eq!(log.verifying_key().public(), &first.key.public());
    drop(log);
    // Under another key, its signature says nothing any more; its root still does.
    let log = with(&HostSigner::new(2));
    assert_eq!(Checkpoint::open(checkpoint.note(), &log.verifying_key()), Err(ProofError::NotSigned));
    assert_eq!(log.verify().unwrap().size(), 3);
    log.record(viewed(2), None).unwrap();
    assert_eq!(log.checkpoint().unwrap().tree().size, 4);
    drop(log);
    store.memory().checkpoints.remove(&4);
    let mut lines: Vec<&str> = checkpoint.note().split('\n').collect();
    let root = Base64::encode_string(&[7; 32]);
    lines[2] = &root;
    let changed = lines.join("\n");
    store.memory().checkpoints.insert(3, changed);
    let settings = LogSettings { signer: Some(HostSigner::new(2)), ..settings("t") };
    let opened = AuditLog::open(Arc::clone(&store) as Arc<dyn AuditStore>, roots(1), settings, NOW);
    assert_eq!(opened.err(), broken::<()>(2, BreakKind::Checkpoint).err().map(Error::from));
}

#[test]
fn a_store_that_cannot_keep_a_checkpoint_stops_no_event() {
    let store = Arc::new(Flaky::default());
    let log = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    store.set(FAIL);
    assert_eq!(log.checkpoint(), Err(AuditError::NotKept(StoreError::Full)));
    store.set(WORK);
    log.record(viewed(1), None).unwrap();
    assert_eq!(log.checkpoint().unwrap().tree().size, 2);
}

#[test]
fn a_clock_that_went_back_is_told() {
    let (_, log) = filled(3);
    assert_eq!(log.verify().unwrap().clock_back(), core::time::Duration::ZERO);
    let mut earlier = viewed(4);
    earlier.time = Timestamp::from_secs(NOW.as_secs() - 90);
    log.record(earlier, None).unwrap();
    log.record(viewed(5), None).unwrap();
    assert_eq!(log.verify().unwrap().clock_back(), core::time::Duration::from_secs(90));
}

// --- Failing stores ------------------------------------------------------------------------------

/// A store that can be told to fail.
#[derive(Debug, Default)]
pub(crate) struct Flaky {
    inner: MemoryAuditStore,
    mode: AtomicU8,
}

const WORK: u8 = 0;
const FAIL: u8 = 1;
const FAIL_AFTER_STORING: u8 = 2;
const PANIC: u8 = 3;
const FAIL_WHOLLY: u8 = 4;
/// Reads behind event 0 fail, or panic.
pub(crate) const FAIL_BEHIND: u8 = 5;
pub(crate) const PANIC_BEHIND: u8 = 6;

impl Flaky {
    pub(crate) fn of(inner: MemoryAuditStore, mode: u8) -> Self {
        Self { inner, mode: mode.into() }
    }

    pub(crate) fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }

    fn fails_wholly(&self) -> Result<(), StoreError> {
        if self.mode.load(Ordering::SeqCst) == FAIL_WHOLLY { Err(StoreError::Io) } else { Ok(()) }
    }
}

impl AuditStore for Flaky {
    fn head(&self) -> Result<Option<StoredHead>, StoreError> {
        self.fails_wholly()?;
        self.inner.head()
    }

    fn append(&self, entries: &[StoredEntry], head: &StoredHead) -> Result<(), StoreError> {
        match self.mode.load(Ordering::SeqCst) {
            WORK => self.inner.append(entries, head),
            FAIL_AFTER_STORING => {
                self.inner.append(entries, head)?;
                Err(StoreError::Io)
            }
            PANIC => panic!("a store that panics"),
            _ => Err(StoreError::Full),
        }
    }

    fn read(&self, from: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        self.fails_wholly()?;
        match self.mode.load(Ordering::SeqCst) {
            FAIL_BEHIND if from > 0 => Err(StoreError::Io),
            PANIC_BEHIND if from > 0 => panic!("a store that panics"),
            _ => self.inner.read(from, limit),
        }
    }

    fn columns(&self, from: u64, limit: usize) -> Result<Vec<Columns>, StoreError> {
        self.fails_wholly()?;
        self.inner.columns(from, limit)
    }

    fn look_up(
        &self,
        lookup: &Lookup,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.fails_wholly()?;
        self.inner.look_up(lookup, after, limit)
    }

    fn end(&self) -> Result<u64, StoreError> {
        self.fails_wholly()?;
        self.inner.end()
    }

    fn anchor(&self) -> Result<Option<LogId>, StoreError> {
        self.inner.anchor()
    }

    fn set_anchor(&self, log: LogId) -> Result<(), StoreError> {
        self.inner.set_anchor(log)
    }

    fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.fails_wholly()?;
        self.inner.last_checkpoint()
    }

    fn add_checkpoint(&self, checkpoint: &StoredCheckpoint) -> Result<(), StoreError> {
        if self.mode.load(Ordering::SeqCst) == WORK {
            self.inner.add_checkpoint(checkpoint)
        } else {
            Err(StoreError::Full)
        }
    }
}

#[test]
fn a_store_that_fails_records_nothing_and_the_log_goes_on() {
    let store = Arc::new(Flaky::default());
    let log = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    log.record(viewed(1), None).unwrap();
    store.set(FAIL);
    for _ in 0..3 {
        assert_eq!(log.record(viewed(2), None).err(), Some(AuditError::NotRecorded(StoreError::Full)));
    }
    store.set(FAIL_WHOLLY);
    assert_eq!(log.record(viewed(2), None).err(), Some(AuditError::NotRecorded(StoreError::Io)));
    assert_eq!(log.verify(), Err(AuditError::Unreadable(StoreError::Io)));
    store.set(WORK);
    assert_eq!(log.verify().unwrap().size(), 2);
    assert_eq!(log.record(viewed(3), None).unwrap().index(), 2);
    assert_eq!(log.verify().unwrap().size(), 3);
}

/// Threads share writes, some of which fail: who was told of success is in the log, and nobody else.
#[test]
fn a_write_that_fails_fails_for_all_who_shared_it() {
    let store = Arc::new(Flaky::default());
    let log = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    let recorded: Vec<u64> = std::thread::scope(|scope| {
        let threads = (0..8).map(|thread| {
            let (log, store) = (&log, &store);
            scope.spawn(move || {
                let turns = (0..50_u8).filter_map(|turn| {
                    if turn % 5 == thread % 5 {
                        store.set(if turn % 2 == 0 { FAIL } else { WORK });
                    }
                    log.record(viewed(turn), None).ok().map(|recorded| recorded.index())
                });
                turns.collect::<Vec<_>>()
            })
        });
        threads.collect::<Vec<_>>().into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    store.set(WORK);
    let mut indices = recorded.clone();
    indices.sort_unstable();
    assert!(indices.iter().copied().eq(1..=recorded.len() as u64), "{indices:?}");
    assert!(!recorded.is_empty() && recorded.len() < 400, "{}", recorded.len());
    assert_eq!(log.verify().unwrap().size(), 1 + recorded.len() as u64);
}

#[test]
fn an_event_that_was_stored_in_spite_of_a_failure_stays() {
    let store = Arc::new(Flaky::default());
    let log = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    store.set(FAIL_AFTER_STORING);
    assert_eq!(log.record(viewed(1), None).err(), Some(AuditError::NotRecorded(StoreError::Io)));
    assert_eq!(log.verify().unwrap().size(), 2);
    store.set(WORK);
    assert_eq!(log.record(viewed(2), None).unwrap().index(), 2);
    assert_eq!(log.verify().unwrap().size(), 3);
}

#[test]
fn a_store_that_panics_does_not_stop_the_log() {
    let store = Arc::new(Flaky::default());
    let log = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    store.set(PANIC);
    let panicked = std::thread::scope(|scope| scope.spawn(|| log.record(viewed(1), None)).join());
    assert!(panicked.is_err());
    store.set(WORK);
    assert_eq!(log.record(viewed(2), None).unwrap().index(), 1);
    assert_eq!(log.verify().unwrap().size(), 2);
}

#[test]
fn after_a_failure_a_changed_log_is_not_written_to() {
    let store = Arc::new(Flaky::default());
    let log = open(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    log.record(viewed(1), None).unwrap();
    store.set(FAIL);
    assert!(log.record(viewed(2), None).is_err());
    store.inner.memory().head.as_mut().unwrap().mac[0] ^= 1;
    store.set(WORK);
    assert_eq!(log.record(viewed(2), None).err(), broken::<()>(2, BreakKind::Head).err());
}

#[test]
fn a_log_that_could_not_begin_begins_later() {
    let store = Arc::new(Flaky::default());
    store.set(FAIL);
    let opened = open(Arc::clone(&store) as Arc<dyn AuditStore>);
    assert_eq!(opened.err(), Some(Error::Audit(AuditError::NotRecorded(StoreError::Full))));
    assert_eq!(store.anchor(), Ok(None));
    store.set(WORK);
    assert_eq!(open(store).unwrap().verify().unwrap().size(), 1);
}

// --- The vector of the specification ---------------------------------------------------------------

#[test]
fn the_vector_of_the_specification() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let id = LogId::from_bytes([2; 16]);
    let keys = roots::LogKeys::derive(roots(1), 1, TenantId::new("t").unwrap(), id).unwrap();
    let facts = EventFacts::new(EventKind::Genesis, Timestamp::from_micros(3));
    let genesis = AuditEvent { log: id, key_version: 1, account: None, facts };
    let event = genesis.encode().unwrap();
    let leaf = crate::hazmat::hash::merkle_leaf(&event);
    let link = keys.link(0, &[0; 32], &leaf);
    let mac = keys.head(1, &leaf, &link, &[leaf]);
    let pseudonym = keys.derive_pseudonym(&AccountId::new("8155550100").unwrap());
    let signing = keys.signing_key();
    let key = VerifyingKey::new(&format!("{ORIGIN_PREFIX}{id}"), signing.public());
    let tree = TreeHead { size: 1, root: leaf };
    let text = checkpoint::text(key.name(), &tree);
    let note = key.note(&text, &signing.sign(text.as_bytes()));
    assert_eq!(Checkpoint::open(&note, &key).unwrap().tree(), &tree);
    let found = [
        ("event(0)", hex(&event)),
        ("leaf(0) = root(1)", hex(&leaf)),
        ("link(0)", hex(&link)),
        ("mac", hex(&mac)),
        ("pseudonym of 8155550100", hex(&pseudonym)),
        ("verifier key", key.to_string()),
        ("checkpoint", note),
    ];
    // The seed of the fuzz target is the proof of this event.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/event_proof/genesis.tlog-proof");
    let proof = EventProof::open(&std::fs::read_to_string(path).unwrap(), &key).unwrap();
    assert_eq!((proof.index(), proof.event()), (0, &genesis));
    // White space is how the specification breaks its lines.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/spec/audit-log-v1.md");
    let spec: String = std::fs::read_to_string(path).unwrap().split_whitespace().collect();
    for (name, value) in found {
        let line: String = format!("{name} = {value}").split_whitespace().collect();
        assert!(spec.contains(&line), "{name} = {value}");
    }
}
