//! Tests of the secrets of accounts.

use proptest::prelude::*;

use super::super::tests::{account, provider_with, sample_roots, tenant};
use super::super::{KeyChange, MemoryKeys};
use super::*;
use crate::vocabulary::{CivilDate, FieldName, Timestamp};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// What every subject store must do, on an empty one: the store room runs this on its own.
pub(crate) fn must_hold(store: &dyn SubjectStore) {
    let of = |number| SubjectRef::from_pseudonym([number; 32]);
    assert_eq!((store.entry(&of(1)), store.entries_after(None, 9)), (Ok(None), Ok(vec![])));
    assert_eq!(store.swap(&of(1), Some(b"old"), b"new"), Ok(false), "nothing is there");
    // Of all who are first at once, one is.
    let first = std::thread::scope(|scope| {
        let swap = |new: u8| store.swap(&of(1), None, &[new]).unwrap();
        let threads: Vec<_> = (0..8).map(|new| scope.spawn(move || swap(new))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(first, 1);
    let there = store.entry(&of(1)).unwrap().unwrap();
    assert_eq!(store.swap(&of(1), None, b"new"), Ok(false));
    assert_eq!(store.swap(&of(1), Some(b"another"), b"new"), Ok(false));
    assert_eq!(store.swap(&of(1), Some(&there), b"new"), Ok(true));
    assert_eq!(store.entry(&of(1)), Ok(Some(b"new".to_vec())));
    for number in [0x90, 0x10] {
        assert_eq!(store.swap(&of(number), None, &[number]), Ok(true));
    }
    let page = |after: Option<u8>, limit| {
        let page = store.entries_after(after.map(of).as_ref(), limit).unwrap();
        page.into_iter().map(|(of, _)| of.as_bytes()[0]).collect::<Vec<_>>()
    };
    assert_eq!(
        (page(None, 2), page(Some(0x10), 2), page(Some(2), 9)),
        (vec![1, 0x10], vec![0x90], vec![0x10, 0x90])
    );
    assert!(page(Some(0x90), 9).is_empty() && page(None, 0).is_empty());
    let exchange = |number: u8, old: &[u8], new: &[u8]| SubjectExchange {
        of: of(number),
        old: old.to_vec(),
        new: new.to_vec(),
    };
    // One that another was faster with holds up none of the others.
    let rows = [exchange(0x10, &[0x10], b"x"), exchange(0x77, b"none", b"y"), exchange(0x90, &[0x90], b"z")];
    assert_eq!((store.swap_all(&rows), store.swap_all(&rows), store.swap_all(&[])), (Ok(2), Ok(0), Ok(0)));
    assert_eq!((store.entry(&of(0x90)), store.entry(&of(0x77))), (Ok(Some(b"z".to_vec())), Ok(None)));
    assert_eq!(store.scrub(), Ok(()));
    assert_eq!(store.entry(&of(1)), Ok(Some(b"new".to_vec())));
}

#[test]
fn the_store_in_memory_holds() {
    must_hold(&MemorySubjectStore::new());
}

fn subjects(store: &Arc<MemorySubjectStore>, keys: &MemoryKeys) -> Subjects {
    let keys = Arc::new(Keyring::open(keys).unwrap());
    Subjects::new(Arc::clone(store) as _, keys, tenant()).unwrap()
}

fn begun(columns: &[&str]) -> Erasure {
    Erasure {
        step: ErasureStep::Begun,
        epoch: 0,
        key_version: 0,
        at: Timestamp::from_secs(1_800_000_000),
        event: 0,
        log: [0; 16],
        backups_expire: CivilDate::new(2027, 2, 28),
        columns: columns.iter().map(|name| FieldName::new(*name).unwrap()).collect(),
    }
}

fn cause<T>(result: Result<T, Error>) -> Error {
    result.map(drop).unwrap_err()
}

#[test]
fn the_first_who_seals_makes_the_secret_and_all_get_it() {
    let (store, keys) = (Arc::new(MemorySubjectStore::new()), MemoryKeys::new().unwrap());
    let subjects = subjects(&store, &keys);
    assert_eq!(cause(subjects.secret(&account(), 1, NOW)), SubjectError::Missing.into());
    let secrets = std::thread::scope(|scope| {
        let ask = || *subjects.to_seal(&account(), None, NOW).unwrap().1.bytes();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(secrets.iter().all(|secret| *secret == secrets[0] && *secret != [0; 32]));
    assert_eq!(subjects.secret(&account(), 1, NOW).unwrap().bytes(), &secrets[0]);
    assert_eq!(cause(subjects.secret(&account(), 2, NOW)), SubjectError::Missing.into());
    let other = AccountId::new("8155550101").unwrap();
    assert_ne!(subjects.to_seal(&other, None, NOW).unwrap().1.bytes(), &secrets[0]);
    assert_eq!(format!("{subjects:?} {store:?}"), "Subjects(..) MemorySubjectStore(..)");
}

/// An insider who can write the store: rows copied, changed, cut, made up.
#[test]
fn a_row_says_nothing_in_another_place() {
    let (store, keys) = (Arc::new(MemorySubjectStore::new()), MemoryKeys::new().unwrap());
    let subjects = subjects(&store, &keys);
    let (a, b) = (account(), AccountId::new("8155550101").unwrap());
    subjects.to_seal(&a, None, NOW).unwrap();
    subjects.to_seal(&b, None, NOW).unwrap();
    let rows = store.entries_after(None, 9).unwrap();
    let [(of_one, one), (_, two)] = &rows[..] else { panic!("two rows") };
    let of_a = subjects.reference(Subject::Account(&a));
    let mine = if of_one == &of_a { one } else { two };
    let theirs = if of_one == &of_a { two } else { one };
    let put = |row: &[u8]| {
        let now = store.entry(&of_a).unwrap();
        assert!(store.swap(&of_a, now.as_deref(), row).unwrap());
    };
    put(theirs);
    for read in [
        cause(subjects.secret(&a, 1, NOW)),
        cause(subjects.to_seal(&a, None, NOW)),
        cause(subjects.erasure(Subject::Account(&a))),
    ] {
        assert_eq!(read, SubjectError::Damaged.into());
    }
    for bit in 0..mine.len() * 8 {
        let mut changed = mine.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        put(&changed);
        assert_eq!(cause(subjects.secret(&a, 1, NOW)), SubjectError::Damaged.into(), "bit {bit}");
    }
    for len in 0..mine.len() {
        put(&mine[..len]);
        assert_eq!(cause(subjects.to_seal(&a, None, NOW)), SubjectError::Damaged.into(), "cut at {len}");
    }
    put(mine);
    assert!(subjects.secret(&a, 1, NOW).is_ok());
    // The wrapped secret alone, moved under a right MAC by somebody with the state key, is still another's.
    let row = subjects.read(&of_a, mine.clone()).unwrap();
    let other = subjects.unwrap(&subjects.reference(Subject::Account(&b)), 1, row.entry.secret().unwrap());
    assert_eq!(cause(other), SubjectError::Damaged.into());
    assert_eq!(cause(subjects.unwrap(&of_a, 2, row.entry.secret().unwrap())), SubjectError::Damaged.into());
}

#[test]
fn an_erasure_goes_step_by_step_and_gives_the_secret_to_nobody() {
    let (store, keys) = (Arc::new(MemorySubjectStore::new()), MemoryKeys::new().unwrap());
    let subjects = subjects(&store, &keys);
    let of = account();
    subjects.to_seal(&of, None, NOW).unwrap();
    assert_eq!(subjects.erasure(Subject::Account(&of)), Ok(None));
    let refused = SubjectError::NotErased.into();
    assert_eq!(cause(subjects.readmit(&of)), refused);
    assert_eq!(cause(subjects.advance_erasure(Subject::Account(&of), &begun(&[]), &begun(&[]))), refused);

    let erasure = subjects.begin_erasure(Subject::Account(&of), &begun(&["ssn_index"])).unwrap();
    assert_eq!((erasure.epoch, erasure.key_version), (1, 1));
    let erased = Error::from(SubjectError::Erased);
    let is_shut = || {
        cause(subjects.to_seal(&of, None, NOW)) == erased
            && cause(subjects.secret(&of, 1, NOW)) == erased
            && cause(subjects.check_alive(&of, 1, NOW)) == erased
    };
    assert!(is_shut());
    assert_eq!(subjects.count_under(1), Ok(1), "the secret is still there");
    // Another request changes nothing of the first one's.
    assert_eq!(subjects.begin_erasure(Subject::Account(&of), &begun(&[])), Ok(erasure.clone()));

    let deleted = Erasure { step: ErasureStep::Deleted, event: 7, log: [9; 16], ..erasure.clone() };
    assert_eq!(
        subjects.advance_erasure(Subject::Account(&of), &deleted, &erasure),
        Ok(false),
        "that is not how far it is"
    );
    assert_eq!(subjects.advance_erasure(Subject::Account(&of), &erasure, &deleted), Ok(true));
    assert_eq!(subjects.advance_erasure(Subject::Account(&of), &erasure, &deleted), Ok(false));
    assert_eq!((subjects.count_under(1), subjects.count_unfinished()), (Ok(0), Ok(1)));
    let scrubbed = Erasure { step: ErasureStep::Scrubbed, ..deleted.clone() };
    assert_eq!(subjects.advance_erasure(Subject::Account(&of), &deleted, &scrubbed), Ok(true));
    assert_eq!(subjects.erasure(Subject::Account(&of)), Ok(Some(scrubbed.clone())));
    assert_eq!(cause(subjects.readmit(&of)), SubjectError::Outstanding { columns: 1 }.into());
    let confirmed = Erasure { step: ErasureStep::Confirmed, columns: vec![], ..scrubbed.clone() };
    assert_eq!(subjects.advance_erasure(Subject::Account(&of), &scrubbed, &confirmed), Ok(true));
    assert!(is_shut());
    assert_eq!(subjects.count_unfinished(), Ok(0));

    // Readmitted: a new secret, and the old epoch stays erased.
    assert_eq!((subjects.next_epoch(&of), subjects.readmit(&of)), (Ok(2), Ok(2)));
    assert_eq!(subjects.to_seal(&of, None, NOW).unwrap().0, 2);
    assert!(subjects.check_alive(&of, 2, NOW).is_ok());
    assert_eq!(cause(subjects.secret(&of, 1, NOW)), erased);
    assert_eq!(cause(subjects.secret(&of, 3, NOW)), SubjectError::Missing.into());
}

#[test]
fn an_account_without_a_secret_is_erased_too() {
    let (store, keys) = (Arc::new(MemorySubjectStore::new()), MemoryKeys::new().unwrap());
    let subjects = subjects(&store, &keys);
    let erasure = subjects.begin_erasure(Subject::Account(&account()), &begun(&[])).unwrap();
    assert_eq!((erasure.epoch, erasure.key_version), (1, 0));
    assert_eq!(cause(subjects.to_seal(&account(), None, NOW)), SubjectError::Erased.into());
    assert_eq!(subjects.rewrap(), Ok(0));
}

#[test]
fn secrets_move_to_the_active_version_and_stay_the_same() {
    let (store, keys) = (Arc::new(MemorySubjectStore::new()), MemoryKeys::new().unwrap());
    let subjects = subjects(&store, &keys);
    let accounts: Vec<_> =
        (0..PAGE + 3).map(|number| AccountId::new(format!("A-{number}")).unwrap()).collect();
    let secrets: Vec<_> =
        accounts.iter().map(|of| *subjects.to_seal(of, None, NOW).unwrap().1.bytes()).collect();
    let erasing = subjects.begin_erasure(Subject::Account(&accounts[0]), &begun(&[])).unwrap();
    subjects.keys.change::<KeyError>(&keys, KeyBranch::Subject, KeyChange::Rotate, |_| Ok(())).unwrap();
    let count = u64::try_from(accounts.len()).unwrap();
    assert_eq!((subjects.count_under(1), subjects.count_under(2)), (Ok(count), Ok(0)));
    assert_eq!(subjects.rewrap(), Ok(count));
    assert_eq!(
        (subjects.rewrap(), subjects.count_under(1), subjects.count_under(2)),
        (Ok(0), Ok(0), Ok(count))
    );
    for (of, secret) in accounts.iter().zip(&secrets).skip(1) {
        assert_eq!(subjects.secret(of, 1, NOW).unwrap().bytes(), secret);
    }
    // One that is being erased moves as well, and its journal says so: a step from before is refused.
    let deleted = Erasure { step: ErasureStep::Deleted, ..erasing.clone() };
    assert_eq!(subjects.advance_erasure(Subject::Account(&accounts[0]), &erasing, &deleted), Ok(false));
    assert_eq!(subjects.erasure(Subject::Account(&accounts[0])).unwrap().unwrap().key_version, 2);
}

#[test]
fn a_keyring_without_the_branch_keeps_no_secrets() {
    let mut roots = sample_roots();
    roots.truncate(6);
    let keys = Arc::new(Keyring::open(&provider_with(&roots)).unwrap());
    let none = Subjects::new(Arc::new(MemorySubjectStore::new()), keys, tenant());
    assert_eq!(none.map(drop), Err(KeyError::NoBranch));
}

#[test]
fn a_row_has_the_specified_bytes() {
    let secret = Wrapped { key_version: 3, bytes: vec![0xaa; 120] };
    let alive = Entry::Alive { epoch: 2, secret: secret.clone() };
    let head = [&[1, 1, 0, 0, 0, 2, 0, 0, 0, 3, 120][..], &[0xaa; 120]].concat();
    assert_eq!(alive.encode(), head);
    let erasure = Erasure { epoch: 2, key_version: 3, event: 5, log: [7; 16], ..begun(&["ab"]) };
    let erasing =
        Entry::Erasing { secret: None, erasure: Erasure { step: ErasureStep::Deleted, ..erasure.clone() } };
    let at = 1_800_000_000_000_000_u64.to_be_bytes();
    let day = 20_877_u32.to_be_bytes();
    let tail =
        [&[0, 0, 0, 3][..], &at, &[0, 0, 0, 0, 0, 0, 0, 5], &[7; 16], &day, &[1, 2, b'a', b'b']].concat();
    assert_eq!(erasing.encode(), [&[1, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0][..], &tail].concat());

    let refused = |entry: Entry| assert_eq!(Entry::decode(&entry.encode()), None, "{entry:?}");
    for step in [ErasureStep::Deleted, ErasureStep::Scrubbed, ErasureStep::Confirmed] {
        refused(Entry::Erasing {
            secret: Some(secret.clone()),
            erasure: Erasure { step, ..erasure.clone() },
        });
    }
    let with = |step, columns: &[&str], key_version| Entry::Erasing {
        secret: None,
        erasure: Erasure { step, key_version, columns: begun(columns).columns, ..erasure.clone() },
    };
    refused(with(ErasureStep::Scrubbed, &[], 3));
    refused(with(ErasureStep::Confirmed, &["ab"], 3));
    refused(with(ErasureStep::Begun, &[], 3));
    let other = Wrapped { key_version: 4, ..secret.clone() };
    refused(Entry::Erasing { secret: Some(other), erasure });
    refused(Entry::Alive { epoch: 0, secret: secret.clone() });
    for (at, byte) in [(0, 2), (1, 0), (1, 6)] {
        let mut bytes = alive.encode();
        bytes[at] = byte;
        assert_eq!(Entry::decode(&bytes), None);
    }
    let longer = [alive.encode(), vec![0]].concat();
    assert_eq!(Entry::decode(&longer), None);
    assert_eq!(Entry::decode(&alive.encode()), Some(alive));
}

proptest! {
    #[test]
    fn a_row_that_is_read_is_the_one_that_would_be_written(bytes in proptest::collection::vec(any::<u8>(), 0..200), fix in any::<bool>()) {
        let mut bytes = bytes;
        if fix && bytes.len() > 2 {
            (bytes[0], bytes[1]) = (1, 1 + bytes[1] % 5);
        }
        if let Some(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode(), bytes);
        }
    }
}
