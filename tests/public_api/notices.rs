//! Notices of changes: queued before the decision is given, handed over by the host's worker.

use std::sync::Arc;
use std::time::Duration;

use cpni_guard::error::HostError;
use cpni_guard::interaction::{
    AccountFactSource, AccountFacts, AddressOnFile, Attested, NOTICE_BACK_OFF, NOTICE_LEASE, NoticeId,
    QueuedNotice,
};
use cpni_guard::policy::Pack;
use cpni_guard::vocabulary::{
    AccountId, Action, BasisId, ContactPointId, EventKind, Obligation, Obligations, Outcome, Timestamp,
};
use cpni_guard::{MemoryKeys, NoticeQueue, Stores};

use crate::fixture::{Carrier, NOON, account};

const DAY: u64 = 86_400;

fn queueing(keys: impl cpni_guard::KeyProvider + 'static, stores: impl Into<Stores>) -> Carrier {
    Carrier::queueing(keys, stores, |builder| builder).unwrap()
}

fn carrier() -> Carrier {
    queueing(MemoryKeys::new().unwrap(), Stores::in_memory())
}

fn change_address(carrier: &Carrier, of: &AccountId) {
    carrier.customer(of);
    let mut call = carrier.authenticated("dana", of);
    assert!(call.decide(Action::ChangeAddressOfRecord).unwrap().is_allowed());
}

/// The one notice that is due.
fn only(queue: &NoticeQueue) -> QueuedNotice {
    let mut claimed = queue.pending(9).unwrap();
    assert_eq!(claimed.len(), 1);
    claimed.remove(0).unwrap()
}

/// The events about notices: their kind, whether they say all that is to be said of the notice, and
/// whom they are about.
fn told(carrier: &Carrier, id: NoticeId) -> Vec<(EventKind, bool, Option<AccountId>)> {
    let log = carrier.guard.audit();
    let events = log.entries(0..u64::MAX).map(|entry| entry.unwrap().1);
    let id = BasisId::new(id.to_string()).ok();
    let notices =
        events.filter(|event| event.facts.kind >= EventKind::NoticeQueued && event.facts.basis == id);
    notices
        .map(|event| {
            let duty = event.facts.action.as_ref().is_some_and(|action| {
                action.action == Action::ChangeAddressOfRecord
                    && action.outcome == Outcome::Disclose
                    && action.obligations == Obligations::of(&[Obligation::NotifyChange])
                    && event.facts.interaction != [0; 16]
            });
            let mark = event.account.as_ref().map(|mark| *mark.pseudonym());
            let mut known = ["A-1", "A-2"].map(account).into_iter();
            let of = known.find(|known| Some(log.derive_pseudonym(known)) == mark);
            (event.facts.kind, duty, of)
        })
        .collect()
}

#[test]
fn a_notice_is_queued_handed_over_and_proved() {
    let carrier = carrier();
    let own = account("A-1");
    change_address(&carrier, &own);
    let queue = carrier.guard.notices();
    let queued = only(&queue);
    let notice = &queued.notice;
    assert_eq!((&queued.account, queued.attempts), (&own, 1));
    assert_eq!((notice.action, notice.before, notice.at), (Action::ChangeAddressOfRecord, false, NOON));
    let address = notice.address.as_ref().unwrap();
    assert_eq!((address.id.as_str(), address.of_record), ("post-1", true));

    assert!(queue.failed(&queued).unwrap());
    assert_eq!(queue.pending(9), Ok(vec![]));
    carrier.clock.advance(NOTICE_BACK_OFF);
    let again = only(&queue);
    assert_eq!((again.id, again.attempts), (queued.id, 2));
    // The attempt before is no longer anybody's; the notice itself is.
    assert_eq!(queue.failed(&queued), Ok(false));
    assert_eq!((queue.done(&again.id), queue.done(&again.id)), (Ok(true), Ok(false)));
    assert_eq!((queue.failed(&again), queue.discard(&again.id)), (Ok(false), Ok(false)));
    assert_eq!(queue.count(), Ok(0));
    let kinds = [EventKind::NoticeQueued, EventKind::NoticeNotHandedOver, EventKind::NoticeHandedOver];
    assert_eq!(told(&carrier, queued.id), kinds.map(|kind| (kind, true, Some(own.clone()))));
    carrier.guard.audit().verify().unwrap();
}

#[test]
fn a_lease_is_one_workers_and_what_nobody_answers_for_comes_back() {
    let carrier = carrier();
    change_address(&carrier, &account("A-1"));
    let (one, two) = (carrier.guard.notices(), carrier.guard.clone().notices());
    let first = only(&one);
    carrier.clock.advance(NOTICE_LEASE - Duration::from_micros(1));
    assert_eq!(two.pending(9), Ok(vec![]));
    carrier.clock.set(NOON);
    assert_eq!(two.pending(9), Ok(vec![]), "the clock went back");
    carrier.clock.advance(NOTICE_LEASE);
    let second = only(&two);
    assert_eq!((second.id, second.attempts), (first.id, 2));
    // The first one was only slow: it went out, and the second one learns of it at the end.
    assert_eq!((one.done(&first.id), two.done(&second.id)), (Ok(true), Ok(false)));
}

/// The host's address on file, so many days old; or nothing is known.
struct OnFile(Option<u64>);

impl AccountFactSource for OnFile {
    fn account_facts(&self, _: &AccountId) -> Result<AccountFacts, HostError> {
        let address = self.0.map(|days| AddressOnFile {
            id: ContactPointId::new("post-now").unwrap(),
            since: Timestamp::from_secs(NOON.as_secs() - days * DAY),
        });
        Ok(AccountFacts { address, survivor: Some(false), ..AccountFacts::default() })
    }
}

#[test]
fn an_address_that_is_not_of_record_is_marked_so() {
    for (days, of_record) in [(Some(30), Some(true)), (Some(29), Some(false)), (None, None)] {
        let stores = Stores::in_memory();
        let facts = Arc::new(OnFile(days));
        let carrier =
            Carrier::queueing(MemoryKeys::new().unwrap(), stores, |builder| builder.account_facts(facts));
        let carrier = carrier.unwrap();
        change_address(&carrier, &account("A-1"));
        let address = only(&carrier.guard.notices()).notice.address;
        assert_eq!(address.map(|address| address.of_record), of_record, "{days:?} days");
    }
}

#[test]
fn a_line_separation_sends_no_notice_whatever_a_pack_asks_for() {
    let pack = "id = \"loud\"\ntitle = \"t\"\ncompliance = \"library_default\"\n[[rule]]\nid = \"tell\"\n\
                title = \"t\"\neffect = \"oblige\"\nwhen = { op = [\"act\"], action = [\"change_address_of_record\"] }\n\
                cite = \"c\"\ncertainty = \"interpretation\"\nsource = \"memory\"\n\
                obligations = [\"notify_change\", \"notify_before\"]";
    let pack = Pack::from_toml("loud.toml", pack).unwrap();
    let stores = Stores::in_memory();
    let carrier =
        Carrier::queueing(MemoryKeys::new().unwrap(), stores, |builder| builder.pack(pack)).unwrap();
    let own = account("A-1");
    carrier.customer(&own);
    let mut call = carrier.attested("dana", &own, Attested::LineSeparationVerified);
    let duties = call.decide(Action::ChangeAddressOfRecord).unwrap().obligations();
    assert!(duties.contains(Obligation::SuppressChangeNotice) && duties.contains(Obligation::NotifyChange));
    assert_eq!(carrier.guard.notices().count(), Ok(0));
    let size = carrier.guard.audit().size();
    let (_, last) = carrier.guard.audit().entries(size - 1..size).next().unwrap().unwrap();
    assert_eq!(last.facts.kind, EventKind::Decided, "nothing was queued");
    // Any other change of the same account is noticed, by both.
    drop(call);
    change_address(&carrier, &own);
    let befores: Vec<_> =
        carrier.guard.notices().pending(9).unwrap().into_iter().map(|n| n.unwrap().notice.before).collect();
    assert_eq!(befores, [false, true]);
}

#[test]
fn a_notice_may_be_given_up_and_the_log_says_so() {
    let carrier = carrier();
    let own = account("A-1");
    change_address(&carrier, &own);
    let queue = carrier.guard.notices();
    let id = only(&queue).id;
    assert_eq!((queue.discard(&id), queue.count()), (Ok(true), Ok(0)));
    let expected = [EventKind::NoticeQueued, EventKind::NoticeDiscarded];
    assert_eq!(told(&carrier, id), expected.map(|kind| (kind, true, Some(own.clone()))));
}

#[test]
fn poison_is_recorded_put_off_and_given_up_by_hand() {
    let stores = Stores::in_memory();
    let notices = Arc::clone(&stores.notices);
    let carrier = queueing(MemoryKeys::new().unwrap(), stores);
    change_address(&carrier, &account("A-1"));
    let queue = carrier.guard.notices();
    // The store's bytes under another id.
    let entry = notices.claim(NOON, NOON, 1).unwrap().remove(0);
    assert!(notices.remove(&entry.id).unwrap());
    let id = NoticeId::from_bytes([1; 16]);
    notices.push(&id, &entry.entry, NOON, 9).unwrap();

    let unreadable = queue.pending(9).unwrap().remove(0).unwrap_err();
    assert_eq!((unreadable.id, unreadable.attempts, unreadable.cause.code().get()), (id, 1, 5016));
    assert_eq!(queue.done(&id), Err(unreadable.cause.clone()), "nobody can have handed it over");
    assert_eq!(queue.pending(9), Ok(vec![]));
    carrier.clock.advance(NOTICE_BACK_OFF);
    assert_eq!(queue.pending(9).unwrap().remove(0).unwrap_err().attempts, 2);
    assert_eq!((queue.discard(&id), queue.count()), (Ok(true), Ok(0)));
    let nobodys = |kind| (kind, false, None);
    let twice = [EventKind::NoticeNotHandedOver, EventKind::NoticeNotHandedOver, EventKind::NoticeDiscarded];
    assert_eq!(told(&carrier, id), twice.map(nobodys));
}

#[cfg(feature = "sqlite")]
#[test]
fn a_queue_outlives_its_process_and_names_nobody() {
    use cpni_guard::SqliteStore;

    let folder = crate::stores::Folder::new("notices");
    let keys = Arc::new(MemoryKeys::new().unwrap());
    let own = account("CaNaRy7q-8155550100");
    {
        let store = SqliteStore::open(&folder.0).unwrap();
        change_address(&queueing(Arc::clone(&keys), store), &own);
    }
    for file in std::fs::read_dir(&folder.0).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for text in ["CaNaRy7q", "8155550100", "post-1"] {
            assert!(!bytes.windows(text.len()).any(|at| at == text.as_bytes()), "{text} in {path:?}");
        }
    }
    let carrier = queueing(keys, SqliteStore::open(&folder.0).unwrap());
    let queue = carrier.guard.notices();
    let queued = only(&queue);
    assert_eq!((queued.account, queued.notice.at), (own, NOON));
    assert!(queue.done(&queued.id).unwrap());
}
