//! The life of root keys: rotated while in use, sealed again in batches, destroyed when nothing needs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cpni_guard::audit::MemoryAuditStore;
use cpni_guard::envelope::SealedAgain;
use cpni_guard::error::{AuditError, InteractionError, KeyError, SealedError, StoreError};
use cpni_guard::guard::{Reseal, ResealReport, Resealed, SealedUnder, Unneeded};
use cpni_guard::keys::{KeyBranch, KeyState};
use cpni_guard::vocabulary::{Action, AgentId, EventKind, RecordId};
use cpni_guard::{
    AccountId, AgentSession, Error, Evidence, Guard, KeyProvider, MemoryKeys, Presented, Record,
    SealedRecord, Sensitive, Stored, Stores,
};

use crate::fixture::{Carrier, PASSWORD, account, record, record_with_id};
use crate::stores::failing;

const DAY: u64 = 86_400;

fn carrier() -> (Carrier, Arc<MemoryKeys>) {
    let keys = Arc::new(MemoryKeys::new().unwrap());
    (Carrier::with_keys(Arc::clone(&keys), Stores::in_memory()).unwrap(), keys)
}

fn plan<'s>(carrier: &Carrier, of: &AccountId, sealed: impl Into<Stored<'s>>) -> Result<String, Error> {
    let mut call = carrier.authenticated("dana", of);
    let view = call.view(sealed, ["plan"])?;
    Ok(view.field("plan").unwrap().disclosed().unwrap().with_text(str::to_owned).unwrap())
}

fn again(reseal: Result<Reseal, Error>) -> Resealed {
    match reseal.unwrap() {
        Reseal::Done(resealed) => resealed,
        Reseal::AlreadyCurrent => panic!("it is current"),
    }
}

fn as_record(resealed: Resealed) -> SealedRecord {
    match resealed.bytes {
        SealedAgain::Record(record) => record,
        SealedAgain::Field(_) => panic!("a field"),
    }
}

/// What the log says of keys: the basis and the cause.
fn told(carrier: &Carrier, kind: EventKind) -> Vec<(String, u16)> {
    let events = carrier.guard.audit().entries(0..u64::MAX).map(|entry| entry.unwrap().1.facts);
    let of_kind = events.filter(|facts| facts.kind == kind);
    of_kind.map(|facts| (facts.basis.unwrap().to_string(), facts.cause)).collect()
}

/// A whole pass that only looks at these.
fn pass(guard: &Guard, rows: &[(&AccountId, &SealedRecord)]) -> ResealReport {
    let mut job = guard.reseal_job();
    job.batch(rows.iter().map(|(of, record)| (*of, Stored::from(*record)))).unwrap();
    job.finish()
}

fn in_use(version: u32, uses: u64) -> Error {
    KeyError::InUse { version, uses }.into()
}

#[test]
fn a_data_key_is_rotated_and_destroyed_and_nothing_is_lost() {
    let (carrier, keys) = carrier();
    let (a, b) = (account("A-1"), account("A-2"));
    let old = carrier.customer(&a).record;
    let desk = carrier.guard.keys().by(&AgentSession::new("fay")).unwrap();
    assert_eq!(desk.rotate(&keys, KeyBranch::Data), Ok(2));
    let new = carrier.customer(&b).record;
    assert_eq!((old.key_version(), new.key_version()), (1, 2));
    assert_eq!(plan(&carrier, &a, &old).unwrap(), "Unlimited Plus");

    // Sealed again: the same fields under the new key, and the same bytes the second time.
    let mut job = carrier.guard.reseal_job();
    let mut done = job.batch([(&a, Stored::from(&old)), (&b, Stored::from(&new))]).unwrap();
    assert_eq!(done.pop().unwrap(), Ok(Reseal::AlreadyCurrent));
    let resealed = again(done.pop().unwrap());
    let under = |key_version| SealedUnder { key_version, subject_epoch: 0 };
    assert_eq!((resealed.from, resealed.to), (under(1), under(2)));
    let moved = as_record(resealed);
    assert_ne!(moved, old);
    assert!(moved.field_names().eq(old.field_names()));
    assert_eq!(carrier.guard.reseal(&a, &moved), Ok(Reseal::AlreadyCurrent));
    assert_eq!(plan(&carrier, &a, &moved).unwrap(), "Unlimited Plus");
    let first = job.finish();
    assert_eq!((first.resealed(), first.current(), first.failed().count()), (1, 1, 0));
    assert!(first.found().eq([(1, 1), (2, 1)]));

    // The pass that moved the row is no proof that the host stored it.
    let destroy = |report: &ResealReport| desk.destroy(&keys, KeyBranch::Data, 1, Unneeded::Rows(report));
    assert_eq!(destroy(&first), Err(in_use(1, 1)));
    let second = pass(&carrier.guard, &[(&a, &moved), (&b, &new)]);
    assert!(second.shows_unneeded(1) && !second.shows_unneeded(2));
    // The password of A-1 moved when it was given above; nothing else is there.
    assert_eq!(desk.needs(KeyBranch::Data, 1).unwrap().total(), 0);
    destroy(&second).unwrap();

    let destroyed = Error::from(KeyError::Destroyed { version: 1 });
    assert_eq!(plan(&carrier, &a, &old).unwrap_err(), destroyed);
    assert_eq!(carrier.guard.reseal(&a, &old), Err(destroyed));
    assert_eq!(plan(&carrier, &a, &moved).unwrap(), "Unlimited Plus");
    let states: Vec<_> = desk.versions().iter().map(|id| (id.branch, id.version, id.state)).take(2).collect();
    let data = KeyBranch::Data;
    assert_eq!(states, [(data, 1, KeyState::Destroyed), (data, 2, KeyState::Active)]);

    let expected = [("rotate:data:2".to_owned(), 0), ("destroy:data:1".to_owned(), 0)];
    assert_eq!(told(&carrier, EventKind::KeysChanged), expected);
    let batches: Vec<_> = told(&carrier, EventKind::Resealed);
    assert_eq!(batches[0], ("to:2,resealed:1,current:1,failed:0".to_owned(), 0));
    assert_eq!(batches[1], ("to:2,resealed:0,current:0,failed:1".to_owned(), 0));
    assert_eq!(batches.len(), 2, "what is only looked at is not recorded");
    let actors = carrier.guard.audit().entries(0..u64::MAX).map(|entry| entry.unwrap().1.facts);
    let mut changes = actors.filter(|facts| facts.kind == EventKind::KeysChanged);
    assert!(changes.all(|facts| facts.actor.unwrap().agent.as_str() == "fay"));
    assert!(carrier.guard.audit().verify().is_ok());
}

#[test]
fn what_is_sealed_again_stays_where_it_was() {
    let (carrier, keys) = carrier();
    let (a, b) = (account("A-1"), account("A-2"));
    let (one, two) = (RecordId::new("r-1").unwrap(), RecordId::new("r-2").unwrap());
    carrier.customer(&a);
    let sealed = carrier.guard.protect(&a, record_with_id(one.clone())).unwrap().record;
    let field = sealed.field("call_detail").unwrap();
    carrier.guard.keys().rotate(&keys, KeyBranch::Data).unwrap();
    let guard = &carrier.guard;

    // Bytes that say of themselves what they are not are not laundered.
    let moved = Error::from(SealedError::Authentication);
    assert_eq!(guard.reseal(&a, &sealed), Err(moved.clone()), "without its record id");
    assert_eq!(guard.reseal(&a, (&sealed, &two)), Err(moved.clone()));
    assert_eq!(guard.reseal(&b, (&sealed, &one)), Err(SealedError::Commitment.into()));
    assert_eq!(guard.reseal(&a, (&field, &two)), Err(moved));

    let resealed = again(guard.reseal(&a, (&sealed, &one)));
    assert_eq!(resealed.bytes.as_bytes().len(), sealed.as_bytes().len());
    let moved = as_record(resealed);
    assert_eq!(plan(&carrier, &a, (&moved, &one)).unwrap(), "Unlimited Plus");
    assert!(plan(&carrier, &a, (&moved, &two)).is_err());
    assert!(plan(&carrier, &a, &moved).is_err());

    // A column: rows of calls come back whole, and the field of the record opens in its place.
    let column = again(guard.reseal(&a, (&field, &one)));
    let SealedAgain::Field(column) = column.bytes else { panic!("a record") };
    assert_eq!((column.name(), column.class(), column.key_version()), (field.name(), field.class(), 2));
    let mut job = guard.reseal_job();
    let rows = [(&a, Stored::from((&column, &one))), (&a, Stored::from((&field, &two)))];
    let done = job.batch(rows).unwrap();
    assert!(matches!(done[..], [Ok(Reseal::AlreadyCurrent), Err(_)]));
    assert!(job.progress().failed().eq([(3004, 1)]));
    assert_eq!(job.progress().found_under(1), 1);
    let mut call = carrier.authenticated("dana", &a);
    let view = call.view((&column, &one), ["call_detail"]).unwrap();
    assert_eq!(view.field("call_detail").unwrap().disclosed().unwrap().with_calls(<[_]>::len).unwrap(), 3);
}

#[test]
fn a_pass_shows_only_what_it_can() {
    let (carrier, keys) = carrier();
    let (a, guard) = (account("A-1"), &carrier.guard);
    let old = guard.protect(&a, record()).unwrap().record;
    let early = guard.reseal_job();
    let desk = guard.keys();
    desk.rotate(&keys, KeyBranch::Data).unwrap();
    let not_shown = Err(Error::from(KeyError::NotSurveyed { version: 1 }));
    let destroy_with =
        |report: &ResealReport| desk.destroy(&keys, KeyBranch::Data, 1, Unneeded::Rows(report));

    // Begun while version 1 still sealed; not whole; with rows that nobody could read; another guard's.
    assert_eq!(destroy_with(&early.finish()), not_shown);
    assert_eq!(destroy_with(guard.reseal_job().progress()), not_shown);
    let mut job = guard.reseal_job();
    job.found_unreadable();
    assert_eq!((job.progress().unreadable(), destroy_with(&job.finish())), (1, not_shown.clone()));
    let (other, other_keys) = self::carrier();
    other.guard.keys().rotate(&other_keys, KeyBranch::Data).unwrap();
    assert_eq!(destroy_with(&other.guard.reseal_job().finish()), not_shown);
    // Another kind of proof than the branch asks for.
    assert_eq!(desk.destroy(&keys, KeyBranch::Data, 1, Unneeded::OwnStores), not_shown);
    assert_eq!(desk.destroy(&keys, KeyBranch::Data, 1, Unneeded::Logs(&[])), not_shown);
    // Something else under the version.
    let mut job = guard.reseal_job();
    job.found(1);
    job.found(2);
    assert_eq!(destroy_with(&job.finish()), Err(in_use(1, 1)));
    assert_eq!(destroy_with(&pass(guard, &[(&a, &old)])), Err(in_use(1, 1)));

    let whole = guard.reseal_job().finish();
    let active = Err(Error::from(KeyError::StillActive { version: 2 }));
    assert_eq!(desk.destroy(&keys, KeyBranch::Data, 2, Unneeded::Rows(&whole)), active);
    let reference = desk.destroy(&keys, KeyBranch::Reference, 1, Unneeded::OwnStores);
    assert_eq!(reference, Err(KeyError::NotRotated.into()));
    assert_eq!(desk.rotate(&keys, KeyBranch::Reference), Err(KeyError::NotRotated.into()));
    // A pass over rows says nothing of tokens.
    desk.rotate(&keys, KeyBranch::Token).unwrap();
    assert_eq!(desk.destroy(&keys, KeyBranch::Token, 1, Unneeded::Rows(&whole)), not_shown);
    destroy_with(&whole).unwrap();
}

#[test]
fn secrets_and_notices_hold_a_key_back() {
    let keys = Arc::new(MemoryKeys::new().unwrap());
    let carrier = Carrier::queueing(Arc::clone(&keys), Stores::in_memory(), |builder| builder).unwrap();
    let (a, b) = (account("A-1"), account("A-2"));
    carrier.customer(&a);
    carrier.customer(&b);
    let answer = Sensitive::from("First Pet  Rex".to_owned());
    carrier.guard.import_backup_answer(&b, &answer).unwrap();
    let mut call = carrier.authenticated("dana", &a);
    assert!(call.decide(Action::ChangeAddressOfRecord).unwrap().is_allowed());
    call.end().unwrap();

    let desk = carrier.guard.keys();
    desk.rotate(&keys, KeyBranch::Data).unwrap();
    let whole = carrier.guard.reseal_job().finish();
    let destroy = || desk.destroy(&keys, KeyBranch::Data, 1, Unneeded::Rows(&whole));
    let needs = || {
        let needs = desk.needs(KeyBranch::Data, 1).unwrap();
        (needs.secrets, needs.notices)
    };
    assert_eq!(needs(), (3, 1));
    assert_eq!(destroy(), Err(in_use(1, 4)));

    // A wrong password moves nothing, the right one does, and is the password still.
    let mut call = carrier.call("dana", &a);
    assert_eq!(call.present(Evidence::password("wrong-harbor-19")).unwrap(), Presented::NoMatch);
    assert_eq!(needs(), (3, 1));
    call.end().unwrap();
    for _ in 0..2 {
        carrier.authenticated("dana", &a).end().unwrap();
        assert_eq!(needs(), (2, 1));
    }
    let notice = carrier.guard.notices().pending(1).unwrap().remove(0).unwrap();
    assert!(carrier.guard.notices().done(&notice.id).unwrap());
    assert_eq!(needs(), (2, 0));

    // The others are taken away: those customers have no password until they set one.
    assert_eq!(desk.forget_secrets(2), Err(KeyError::StillActive { version: 2 }.into()));
    assert_eq!(desk.forget_secrets(1), Ok(2));
    assert_eq!(needs(), (0, 0));
    let mut call = carrier.call("dana", &b);
    assert_eq!(call.present(Evidence::password(PASSWORD)).unwrap(), Presented::NoMatch);
    destroy().unwrap();
    carrier.authenticated("dana", &a).end().unwrap();
    assert_eq!(told(&carrier, EventKind::KeysChanged)[1], ("forget-secrets:data:1".to_owned(), 0));
}

#[test]
fn a_retired_key_opens_nothing_even_where_it_was_kept() {
    let (carrier, keys) = carrier();
    let a = account("A-1");
    let old = carrier.customer(&a).record;
    let desk = carrier.guard.keys();
    desk.rotate(&keys, KeyBranch::Data).unwrap();
    let mut call = carrier.authenticated("dana", &a);
    assert!(call.view(&old, ["plan"]).is_ok());
    desk.retire(&keys, KeyBranch::Data, 1).unwrap();
    let retired = Error::from(KeyError::Retired { version: 1 });
    assert_eq!(call.view(&old, ["plan"]).unwrap_err(), retired);
    assert_eq!(carrier.guard.reseal(&a, &old), Err(retired));
    desk.reinstate(&keys, KeyBranch::Data, 1).unwrap();
    assert!(call.view(&old, ["plan"]).is_ok());
}

#[test]
fn the_log_goes_on_when_its_root_is_rotated() {
    let keys = Arc::new(MemoryKeys::new().unwrap());
    let stores = Stores { audit: Arc::new(MemoryAuditStore::new()), ..Stores::in_memory() };
    let open = |stores: &Stores| {
        let officer = AgentId::new("fay").unwrap();
        Carrier::built(Arc::clone(&keys), stores.clone(), |builder| builder.breach_officer(officer)).unwrap()
    };
    let carrier = open(&stores);
    let of = |number: u32| account(&format!("A-{number}"));
    let fay = AgentSession::new("fay");
    let seal = |carrier: &Carrier, number| {
        carrier.customer(&of(number));
        carrier.guard.audit().size() - 1
    };
    let events = [1, 2, 3].map(|number| {
        let event = seal(&carrier, number);
        let version = carrier.guard.keys().rotate(&keys, KeyBranch::Audit).unwrap();
        assert_eq!(version, number + 1);
        event
    });
    let audit = carrier.guard.audit();
    let versions: Vec<_> = audit.entries(0..u64::MAX).map(|entry| entry.unwrap().1.key_version).collect();
    assert!(versions.is_sorted() && versions.first() == Some(&1) && versions.last() == Some(&3));
    for (event, number) in events.iter().zip(1..) {
        assert_eq!(carrier.guard.name_account(&fay, *event), Ok(Some(of(number))));
    }
    assert!(audit.verify().is_ok());

    // The version that created the log is needed as long as the log; another as long as what it sealed.
    let desk = carrier.guard.keys();
    let destroy = |version| desk.destroy(&keys, KeyBranch::Audit, version, Unneeded::Logs(&[]));
    assert_eq!(destroy(1), Err(in_use(1, audit.size())));
    assert_eq!(desk.retire(&keys, KeyBranch::Audit, 1), Err(in_use(1, 1)));
    assert_eq!(destroy(2), Err(in_use(2, 1)));
    // Three years to the day, and the day itself is kept everywhere on earth.
    carrier.advance((3 * 365 + 1) * DAY);
    assert_eq!(destroy(2), Err(in_use(2, 1)));
    carrier.advance(2 * DAY);
    let (other, other_keys) = self::carrier();
    other.guard.keys().rotate(&other_keys, KeyBranch::Audit).unwrap();
    other.advance(3 * 365 * DAY);
    other.customer(&of(1));
    let with_other = desk.destroy(&keys, KeyBranch::Audit, 2, Unneeded::Logs(&[other.guard.audit()]));
    assert_eq!(with_other, Err(in_use(2, 1)), "an event of the other log is young");
    destroy(2).unwrap();
    let gone = Error::from(AuditError::KeyVersion { version: 2 });
    assert_eq!(carrier.guard.name_account(&fay, events[1]), Err(gone.clone()));
    assert_eq!(carrier.guard.name_account(&fay, events[0]), Ok(Some(of(1))));
    assert!(audit.verify().is_ok());

    // Opened again by another process, it is the same log.
    let size = audit.size();
    drop(carrier);
    let carrier = open(&stores);
    assert_eq!(carrier.guard.audit().size(), size);
    assert!(carrier.guard.audit().verify().is_ok());
    assert_eq!(carrier.guard.name_account(&fay, events[2]), Ok(Some(of(3))));
    assert_eq!(carrier.guard.name_account(&fay, events[1]), Err(gone));
}

#[test]
fn without_a_record_no_key_changes() {
    let (stores, audit_fails, _) = failing();
    let keys = Arc::new(MemoryKeys::new().unwrap());
    let carrier = Carrier::with_keys(Arc::clone(&keys), stores).unwrap();
    let a = account("A-1");
    let old = carrier.customer(&a).record;
    let before = keys.load().unwrap();
    let desk = carrier.guard.keys();
    let not_recorded = Error::Audit(AuditError::NotRecorded(StoreError::Io));
    audit_fails.store(true, Ordering::SeqCst);
    assert_eq!(desk.rotate(&keys, KeyBranch::Data).unwrap_err(), not_recorded);
    assert_eq!(desk.forget_secrets(2).unwrap_err(), KeyError::UnknownVersion { version: 2 }.into());
    assert_eq!(keys.load().unwrap(), before);
    audit_fails.store(false, Ordering::SeqCst);
    desk.rotate(&keys, KeyBranch::Data).unwrap();

    audit_fails.store(true, Ordering::SeqCst);
    assert_eq!(desk.forget_secrets(1).unwrap_err(), not_recorded);
    let mut job = carrier.guard.reseal_job();
    assert_eq!(job.batch([(&a, Stored::from(&old))]).unwrap_err(), not_recorded);
    assert_eq!((job.progress().resealed(), job.progress().found().count()), (0, 0), "handed in again");
    audit_fails.store(false, Ordering::SeqCst);
    assert_eq!(job.batch([(&a, Stored::from(&old))]).unwrap().len(), 1);
    assert_eq!(job.progress().resealed(), 1);
    assert_eq!(desk.needs(KeyBranch::Data, 1).unwrap().secrets, 1, "nothing was forgotten");
}

/// Loads and wraps; stores while it may.
struct Stubborn(Arc<MemoryKeys>, AtomicBool);

impl KeyProvider for Stubborn {
    fn wrap(&self, key: &Sensitive<Vec<u8>>) -> Result<Vec<u8>, KeyError> {
        self.0.wrap(key)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, KeyError> {
        self.0.unwrap(wrapped)
    }

    fn load(&self) -> Result<Option<Vec<u8>>, KeyError> {
        self.0.load()
    }

    fn store(&self, document: &[u8]) -> Result<(), KeyError> {
        self.0.store(document)?;
        if self.1.load(Ordering::SeqCst) { Err(KeyError::Provider) } else { Ok(()) }
    }
}

#[test]
fn a_change_whose_end_is_not_known_is_told_and_found_out() {
    let (carrier, keys) = carrier();
    let a = account("A-1");
    carrier.customer(&a);
    let provider = Stubborn(Arc::clone(&keys), AtomicBool::new(true));
    let desk = carrier.guard.keys();
    // Stored, and then said to have failed.
    assert_eq!(desk.rotate(&provider, KeyBranch::Data), Err(KeyError::Provider.into()));
    let cause = Error::from(KeyError::Provider).code().get();
    let told_of = |at: usize| told(&carrier, EventKind::KeysChanged)[at].clone();
    assert_eq!((told_of(0), told_of(1)), (("rotate:data:2".into(), 0), ("rotate:data:2".into(), cause)));
    assert_eq!(carrier.guard.protect(&a, record()).unwrap().record.key_version(), 1);
    assert_eq!(desk.rotate(&keys, KeyBranch::Data), Err(KeyError::Changed.into()), "not a second time");
    assert_eq!(desk.reload(&keys), Ok(true));
    assert_eq!(desk.reload(&keys), Ok(false));
    assert_eq!(told_of(2), ("reload".to_owned(), 0));
    assert_eq!(carrier.guard.protect(&a, record()).unwrap().record.key_version(), 2);

    // Another provider takes the keys over; the guard goes on.
    let kms = Stubborn(Arc::new(MemoryKeys::new().unwrap()), AtomicBool::new(false));
    assert_eq!(desk.rewrap(&keys, &kms), Err(KeyError::Exists.into()));
    assert_eq!(told_of(4), ("rewrap".to_owned(), Error::from(KeyError::Exists).code().get()));
    let unknown = carrier.guard.keys().by(&AgentSession::new("nobody")).map(drop);
    assert_eq!(unknown, Err(InteractionError::UnknownAgent.into()));
}

#[test]
fn processes_that_share_a_keyring_follow() {
    let keys = Arc::new(MemoryKeys::new().unwrap());
    let stores = Stores::in_memory();
    let theirs = Stores { audit: Arc::new(MemoryAuditStore::new()), ..stores.clone() };
    let one = Carrier::with_keys(Arc::clone(&keys), stores).unwrap();
    let two = Carrier::with_keys(Arc::clone(&keys), theirs).unwrap();
    let a = account("A-1");
    one.customer(&a);
    one.guard.keys().rotate(&keys, KeyBranch::Data).unwrap();
    let new = one.guard.protect(&a, record()).unwrap().record;
    let unknown = Error::from(KeyError::UnknownVersion { version: 2 });
    assert_eq!(plan(&two, &a, &new).unwrap_err(), unknown, "it has not heard of the key");
    assert_eq!(two.guard.keys().reload(&keys), Ok(true));
    assert_eq!(plan(&two, &a, &new).unwrap(), "Unlimited Plus");
    // An older keyring put back is not taken over.
    let rotated = keys.load().unwrap().unwrap();
    one.guard.keys().rotate(&keys, KeyBranch::Data).unwrap();
    keys.store(&rotated).unwrap();
    assert_eq!(one.guard.keys().reload(&keys), Err(KeyError::Replaced.into()));
    assert_eq!(two.guard.keys().reload(&keys), Ok(false));
}

#[test]
fn sealing_opening_and_rotating_at_once_lose_nothing() {
    let (carrier, keys) = carrier();
    let a = account("A-1");
    let stop = AtomicBool::new(false);
    let guard = &carrier.guard;
    std::thread::scope(|scope| {
        let sealers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut sealed = Vec::new();
                    while !stop.load(Ordering::SeqCst) {
                        let record = Record::new().text("plan", "Unlimited Plus");
                        sealed.push(guard.protect(&a, record).unwrap().record);
                    }
                    sealed
                })
            })
            .collect();
        for version in 2..=12 {
            assert_eq!(guard.keys().rotate(&keys, KeyBranch::Data), Ok(version));
            std::thread::sleep(Duration::from_millis(2));
        }
        stop.store(true, Ordering::SeqCst);
        let sealed: Vec<_> = sealers.into_iter().flat_map(|sealer| sealer.join().unwrap()).collect();
        let mut job = guard.reseal_job();
        let done = job.batch(sealed.iter().map(|record| (&a, Stored::from(record)))).unwrap();
        assert!(!done.is_empty() && done.iter().all(Result::is_ok));
        assert!(job.progress().found().count() > 2, "{:?}", job.progress());
    });
}
