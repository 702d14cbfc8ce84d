//! Entries: what opens, and what must not.

use proptest::prelude::*;

use super::*;
use crate::interaction::notice_store::MemoryNoticeStore;
use crate::keys::{KeyBranch, KeyState, KeyVersion};

pub(crate) const NOON: Timestamp = Timestamp::from_secs(1_795_446_240);

/// Roots of one byte each: the same data root for the same `data`, in version 1 or 2.
fn keyring(data: u8, destroyed: bool) -> Arc<Keyring> {
    let id = |branch, version, state| KeyVersion { branch, version, state };
    let first = if destroyed { KeyState::Destroyed } else { KeyState::Active };
    let mut roots = vec![
        (id(KeyBranch::Data, 1, first), [data; 32]),
        (id(KeyBranch::Audit, 1, KeyState::Active), [8; 32]),
        (id(KeyBranch::Reference, 1, KeyState::Active), [9; 32]),
    ];
    if destroyed {
        roots.push((id(KeyBranch::Data, 2, KeyState::Active), [7; 32]));
    }
    Arc::new(Keyring::from_roots_for_testing(&roots).unwrap())
}

/// The queue of tenant `t` over this store.
pub(crate) fn queue(store: Arc<dyn NoticeStore>) -> Notices {
    Notices::new(store, keyring(1, false), TenantId::new("t").unwrap())
}

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

pub(crate) fn notice(at: Timestamp) -> Notice {
    let address = Some(NoticeAddress { id: ContactPointId::new("post-before").unwrap(), of_record: true });
    Notice {
        action: Action::ChangeAddressOfRecord,
        before: false,
        at,
        interaction: [3; 16],
        address,
        transaction: None,
    }
}

fn later(secs: u64) -> Timestamp {
    NOON.plus(Duration::from_secs(secs))
}

/// The sealed bytes of one notice, and the store that holds them.
fn sealed() -> (Arc<MemoryNoticeStore>, NoticeId, Vec<u8>) {
    let store = Arc::new(MemoryNoticeStore::new());
    queue(Arc::clone(&store) as _).queue(&account("8155550100"), &notice(NOON)).unwrap();
    let stored = store.claim(NOON, NOON, 1).unwrap().remove(0);
    (store, stored.id, stored.entry)
}

#[test]
fn a_notice_comes_out_as_it_went_in() {
    let (store, id, entry) = sealed();
    assert_eq!(entry.len(), 321);
    let found = queue(store).find(&id).unwrap().unwrap().unwrap();
    assert_eq!((found.account, found.notice, found.attempts), (account("8155550100"), notice(NOON), 1));
}

#[test]
fn every_changed_bit_and_every_cut_is_refused() {
    let (store, id, entry) = sealed();
    let queue = queue(store);
    let refused: [Error; 2] =
        [InteractionError::NoticeUnreadable.into(), KeyError::UnknownVersion { version: 0 }.into()];
    for bit in 0..entry.len() * 8 {
        let mut changed = entry.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let cause = queue.open_entry(&id, &changed).unwrap_err();
        let expected = if (8..40).contains(&bit) { &refused[1] } else { &refused[0] };
        assert_eq!(cause.code(), expected.code(), "bit {bit}");
    }
    for len in 0..entry.len() {
        assert_eq!(queue.open_entry(&id, &entry[..len]), Err(refused[0].clone()), "{len} bytes");
    }
    let longer = [&entry[..], &[0]].concat();
    assert_eq!(queue.open_entry(&id, &longer), Err(refused[0].clone()));
}

#[test]
fn an_entry_opens_in_its_own_row_for_its_own_tenant_and_key_only() {
    let (store, id, entry) = sealed();
    let unreadable = Err(InteractionError::NoticeUnreadable.into());
    assert!(queue(Arc::clone(&store) as _).open_entry(&id, &entry).is_ok());
    let other_row = NoticeId::from_bytes([0; 16]);
    assert_eq!(queue(Arc::clone(&store) as _).open_entry(&other_row, &entry), unreadable);
    let notices = |keys, tenant| Notices::new(Arc::clone(&store) as _, keys, TenantId::new(tenant).unwrap());
    assert_eq!(notices(keyring(1, false), "u").open_entry(&id, &entry), unreadable);
    assert_eq!(notices(keyring(2, false), "t").open_entry(&id, &entry), unreadable);
    let destroyed = notices(keyring(1, true), "t").open_entry(&id, &entry);
    assert_eq!(destroyed, Err(KeyError::Destroyed { version: 1 }.into()));
}

#[test]
fn poison_is_reported_and_neither_blocks_nor_vanishes() {
    let (store, id, entry) = sealed();
    let queue = queue(Arc::clone(&store) as _);
    // Before the good one in the queue: no entry at all, and the good one's bytes in another row.
    let (torn, copied) = (NoticeId::from_bytes([1; 16]), NoticeId::from_bytes([2; 16]));
    store.push(&torn, b"torn", Timestamp::from_secs(1), 9).unwrap();
    store.push(&copied, &entry, Timestamp::from_secs(2), 9).unwrap();
    let claim = |secs| queue.claim(later(secs), 9).unwrap();
    let claimed = claim(0);
    let poison = |id, attempts| {
        Err(UnreadableNotice { id, attempts, cause: InteractionError::NoticeUnreadable.into() })
    };
    assert_eq!(claimed[..2], [poison(torn, 1), poison(copied, 1)]);
    assert_eq!(claimed[2].as_ref().unwrap().id, id);
    assert!(queue.remove(&id).unwrap());
    assert_eq!(claim(600), [poison(torn, 2), poison(copied, 2)]);
    assert_eq!(queue.count(), Ok(2));
}

#[test]
fn a_failure_waits_longer_each_time_and_an_hour_at_most() {
    let minutes = |attempts| back_off(attempts).as_secs() / 60;
    assert_eq!([0, 1, 2, 3, 6, 7, 8, u32::MAX].map(minutes), [1, 1, 2, 4, 32, 60, 60, 60]);
    let (store, id, _) = sealed();
    let queue = queue(store);
    assert_eq!(queue.put_off(&id, 1, NOON), Ok(true));
    assert_eq!(queue.claim(later(59), 1), Ok(vec![]));
    assert_eq!(queue.claim(later(60), 1).unwrap().len(), 1);
}

#[test]
fn the_queue_is_full_at_its_limit() {
    let store = Arc::new(MemoryNoticeStore::new());
    for number in 1..MAX_QUEUED_NOTICES as u128 {
        store.push(&NoticeId::from_bytes(number.to_be_bytes()), b"", NOON, usize::MAX).unwrap();
    }
    let queue = queue(store);
    queue.queue(&account("8155550100"), &notice(NOON)).unwrap();
    assert_eq!(queue.queue(&account("8155550100"), &notice(NOON)), Err(StoreError::Full.into()));
    assert!(queue.remove(&NoticeId::from_bytes(1_u128.to_be_bytes())).unwrap());
    assert!(queue.queue(&account("8155550100"), &notice(NOON)).is_ok());
}

#[test]
fn a_notice_is_silent_about_the_customer() {
    let (store, id, _) = sealed();
    let found = queue(store).find(&id).unwrap().unwrap();
    let shown = format!("{found:?}");
    assert!(!shown.contains("8155550100") && !shown.contains("post-before"), "{shown}");
}

proptest! {
    #[test]
    fn every_notice_leads_back_to_itself(
        id in "[^\\p{Cc}]{1,32}",
        action in 0..Action::ALL.len(),
        before in any::<bool>(),
        at in any::<u64>(),
        interaction in any::<[u8; 16]>(),
        address in prop::option::of(("[!-~]{1,128}", any::<bool>())),
        of_transaction in prop::option::of((
            prop::sample::select(NoticeAbout::ALL),
            any::<[u8; 16]>(),
            prop::sample::select(ContactChannel::ALL),
            any::<u64>(),
        )),
    ) {
        let address = address
            .map(|(id, of_record)| NoticeAddress { id: ContactPointId::new(id).unwrap(), of_record });
        let transaction = of_transaction.map(|(about, id, channel, not_before)| {
            TransactionNotice { about, id, channel, not_before: Timestamp::from_micros(not_before) }
        });
        let len = if transaction.is_some() { TRANSACTION_LEN } else { PLAIN_LEN };
        let at = Timestamp::from_micros(at);
        let notice = Notice { action: Action::ALL[action], before, at, interaction, address, transaction };
        let account = account(&id);
        let plain = encode(&account, &notice);
        prop_assert_eq!(plain.len(), len);
        prop_assert_eq!(decode(&plain), Some((account, notice)));
        prop_assert_eq!(decode(&plain[1..]), None);
    }

    #[test]
    fn what_is_read_is_written_the_same(at in 0..PLAIN_LEN, byte in any::<u8>()) {
        let mut plain = encode(&account("8155550100"), &notice(NOON));
        plain[at] = byte;
        if let Some((account, notice)) = decode(&plain) {
            let again = encode(&account, &notice);
            prop_assert_eq!(again, plain);
        }
    }
}

#[test]
fn the_longest_ids_fit() {
    let mut longest = notice(NOON);
    longest.address =
        Some(NoticeAddress { id: ContactPointId::new("p".repeat(128)).unwrap(), of_record: false });
    let account = account(&"a".repeat(128));
    let mut of_transaction = longest.clone();
    of_transaction.transaction = Some(TransactionNotice {
        about: NoticeAbout::LockRemoval,
        id: [7; 16],
        channel: ContactChannel::Email,
        not_before: NOON,
    });
    let plain = encode(&account, &of_transaction);
    assert_eq!((plain.len(), plain.capacity()), (TRANSACTION_LEN, TRANSACTION_LEN));
    assert_eq!(decode(&plain), Some((account.clone(), of_transaction)));
    // Another kind, what it is about and a channel that are not known, padding, and the other length.
    for (at, byte) in [(1, 0), (1, 4), (26, 0), (27, 9), (319, 1)] {
        let mut changed = plain.clone();
        changed[at] = byte;
        assert_eq!(decode(&changed), None, "byte {at}");
    }
    assert_eq!(decode(&plain[..PLAIN_LEN]), None);
    let plain = encode(&account, &longest);
    assert_eq!((plain.len(), plain.capacity()), (PLAIN_LEN, PLAIN_LEN));
    assert_eq!(decode(&plain), Some((account, longest)));
    // Padding that is not zero, a flag and codes that are not known.
    for (at, byte) in [(287, 1), (154, 3), (1, 2), (0, 0), (0, 99), (26, 0), (26, 129)] {
        let mut changed = plain.clone();
        changed[at] = byte;
        assert_eq!(decode(&changed), None, "byte {at}");
    }
}
