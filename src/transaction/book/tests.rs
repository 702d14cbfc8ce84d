use super::*;
use crate::interaction::NoticeTarget;
use crate::keys::{KeyBranch, KeyState, KeyVersion};
use crate::transaction::steps::Waits;
use crate::transaction::store::MemoryTransactionStore;

const NOW: Timestamp = Timestamp::from_secs(1_795_446_240);

fn book(store: &Arc<MemoryTransactionStore>) -> Book {
    let branches =
        [KeyBranch::Data, KeyBranch::Audit, KeyBranch::Reference, KeyBranch::Token, KeyBranch::Subject];
    let roots = branches.map(|branch| (KeyVersion { branch, version: 1, state: KeyState::Active }, [9; 32]));
    let keys = Keyring::from_roots_for_testing(&roots).unwrap();
    Book::new(Arc::clone(store) as _, &keys, &TenantId::new("t").unwrap())
}

fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

fn change() -> ChangeRequest {
    ChangeRequest::sim_change("8155550100", "8900000000000000003")
}

fn stated(book: &Book, of: &AccountId) -> Stated {
    let (line, target) = book.digests(of, &change());
    Stated { action: change().action(), line, target, facts: [0; 32], interaction: Some([1; 16]) }
}

/// A transaction of which permits may be asked for.
fn notified(book: &Book, of: &AccountId) -> TransactionId {
    let new = book.draw(of, &change(), [1; 16], &AgentId::new("dana").unwrap(), NOW).unwrap();
    let begin = |one: &mut Account, now| {
        one.request(new.clone())?;
        one.decide(&new.id)?;
        one.notify(&new.id, &[NoticeTarget::number_of_record()], false, Waits::default(), [0; 32], now)
    };
    book.step(of, NOW, Opens::Yes, begin, |_| Ok(())).unwrap();
    new.id
}

#[test]
fn of_many_threads_and_books_one_gets_the_permit_and_one_executes() {
    let store = Arc::new(MemoryTransactionStore::new());
    let books = [book(&store), book(&store)];
    let of = account("A-1");
    let id = notified(&books[0], &of);
    let permits: Vec<_> = std::thread::scope(|scope| {
        let ask = |number: usize| {
            let book = &books[number % 2];
            book.permit(&of, &id, |_| stated(book, &of), NOW, |_| Ok(())).ok()
        };
        let asking: Vec<_> = (0..8).map(|number| scope.spawn(move || ask(number))).collect();
        asking.into_iter().filter_map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(permits.len(), 1);
    let executed = std::thread::scope(|scope| {
        let permit = &permits[0];
        let execute = |number: usize| {
            let book = &books[number % 2];
            book.execute(permit, |_| stated(book, &of), NOW, |_| Ok(())).is_ok()
        };
        let executing: Vec<_> = (0..8).map(|number| scope.spawn(move || execute(number))).collect();
        executing.into_iter().map(|one| one.join().unwrap()).filter(|done| *done).count()
    });
    assert_eq!(executed, 1);
}

/// Has two who read at once wait for each other, so that both go on from the same row.
#[derive(Debug)]
struct Racing {
    inner: Arc<MemoryTransactionStore>,
    both: std::sync::Barrier,
    reads: std::sync::atomic::AtomicU32,
}

impl TransactionStore for Racing {
    fn row(&self, of: &TransactionRef) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self.inner.row(of);
        if self.reads.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2 {
            self.both.wait();
        }
        row
    }

    fn swap(&self, of: &TransactionRef, old: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError> {
        self.inner.swap(of, old, new)
    }
}

#[test]
fn two_who_read_the_same_row_get_one_permit() {
    let inner = Arc::new(MemoryTransactionStore::new());
    let of = account("A-1");
    let id = notified(&book(&inner), &of);
    let racing = Racing { inner, both: std::sync::Barrier::new(2), reads: 0.into() };
    let mut raced = book(&Arc::new(MemoryTransactionStore::new()));
    raced.store = Arc::new(racing);
    let permits = std::thread::scope(|scope| {
        let ask = || raced.permit(&of, &id, |_| stated(&raced, &of), NOW, |_| Ok(()));
        let asking = [scope.spawn(ask), scope.spawn(ask)];
        asking.map(|one| one.join().unwrap())
    });
    assert_eq!(permits.iter().filter(|permit| permit.is_ok()).count(), 1);
    let refused = permits.iter().find_map(|permit| permit.as_ref().err());
    assert_eq!(refused, Some(&TransactionError::WrongState.into()));
}

#[test]
fn a_row_is_bound_to_its_account_and_every_bit_of_it_counts() {
    let store = Arc::new(MemoryTransactionStore::new());
    let book = book(&store);
    let (own, other) = (account("A-1"), account("A-2"));
    notified(&book, &own);
    let row = store.row(&book.reference(&own)).unwrap().unwrap();
    let unreadable =
        |book: &Book, of: &AccountId| book.read(of).err() == Some(TransactionError::Unreadable.into());
    assert!(store.swap(&book.reference(&other), None, &row).unwrap());
    assert!(unreadable(&book, &other), "moved");
    let mut now = row.clone();
    for at in 0..row.len() {
        let mut spoiled = row.clone();
        spoiled[at] ^= 1;
        assert!(store.swap(&book.reference(&own), Some(&now), &spoiled).unwrap());
        assert!(unreadable(&book, &own), "byte {at}");
        now = spoiled;
    }
    for cut in [0, 31, row.len() - 1] {
        assert!(store.swap(&book.reference(&own), Some(&now), &row[..cut]).unwrap());
        assert!(unreadable(&book, &own), "cut to {cut}");
        now = row[..cut].to_vec();
    }
}

#[test]
fn digests_tell_accounts_lines_targets_and_points_apart() {
    let store = Arc::new(MemoryTransactionStore::new());
    let book = book(&store);
    let (own, other) = (account("A-1"), account("A-2"));
    let point = |id: &str| crate::vocabulary::ContactPointId::new(id).unwrap();
    let email =
        |id: &str, to: &str| ChangeRequest::contact(super::super::kind::ContactChange::Email, point(id), to);
    let mut all = vec![
        book.digests(&own, &change()),
        book.digests(&other, &change()),
        book.digests(&own, &ChangeRequest::sim_change("8155550101", "8900000000000000003")),
        book.digests(&own, &ChangeRequest::sim_change("8155550100", "8900000000000000011")),
        book.digests(&own, &ChangeRequest::sim_change("81555501008", "900000000000000003")),
        book.digests(&own, &ChangeRequest::port_out("8155550100", "8900000000000000003")),
        book.digests(&own, &email("mail-1", "a@example.com")),
        book.digests(&own, &email("mail-2", "a@example.com")),
        book.digests(&own, &email("mail-1", "b@example.com")),
    ];
    let len = all.len();
    all.sort_unstable_by_key(|(_, target)| *target);
    all.dedup_by_key(|(_, target)| *target);
    assert_eq!(all.len(), len);
}

#[test]
fn nothing_is_done_that_could_not_be_told() {
    let store = Arc::new(MemoryTransactionStore::new());
    let book = book(&store);
    let of = account("A-1");
    let id = notified(&book, &of);
    let before = book.read(&of).unwrap();
    let silent = |_: Tell<'_, Timestamp>| Err(StoreError::Io.into());
    assert!(book.permit(&of, &id, |_| stated(&book, &of), NOW, silent).is_err());
    assert_eq!(book.read(&of).unwrap(), before);
}

#[test]
fn what_ran_out_is_told_once_with_the_next_step() {
    let store = Arc::new(MemoryTransactionStore::new());
    let book = book(&store);
    let of = account("A-1");
    let id = notified(&book, &of);
    let over = NOW.plus(crate::transaction::TRANSACTION_LIFE);
    let mut told = Vec::new();
    for _ in 0..2 {
        let touch = |_: &mut Account, _| Ok(());
        book.step(&of, over, Opens::No, touch, |tell| {
            if let Tell::Expired(one) = tell {
                told.push(one.id);
            }
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(told, [id]);
    assert_eq!(book.read(&of).unwrap().find(&id).unwrap().state, TransactionState::Expired);
}
