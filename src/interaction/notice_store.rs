//! Where queued notices are kept: the trait that a store implements, and a store in memory.
//!
//! Rules: a store sees ids and sealed bytes (`docs/spec/notice-queue-v1.md`); what was added is there
//! until it is removed, also after a crash; of all who claim at once, one gets an entry; a clock
//! that went back makes a wait begin anew, which neither loses an entry nor gives it out early.

use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;
use crate::vocabulary::{Timestamp, random_id};

random_id! {
    /// The id of a queued notice: random, and the same for every attempt to hand it over. The host may
    /// use it as the key by which its own systems drop a notice that they have already.
    NoticeId
}

/// A notice as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNotice {
    /// Its id.
    pub id: NoticeId,
    /// Its sealed bytes.
    pub entry: Vec<u8>,
    /// How often it was claimed.
    pub attempts: u32,
}

/// Keeps the queue of one tenant. Shared by threads and, where the store is, by processes.
pub trait NoticeStore: Send + Sync + fmt::Debug {
    /// Adds an entry that is due at once. Returns when it is on stable storage.
    ///
    /// # Errors
    /// [`StoreError::Full`] if there are `max` entries; another [`StoreError`] if it could not be added
    /// durably.
    fn push(&self, id: &NoticeId, entry: &[u8], now: Timestamp, max: usize) -> Result<(), StoreError>;

    /// Claims at most `limit` entries that are due, those that have been due longest first: counts
    /// an attempt of each and puts it off until `until`. One step for all who share the store.
    /// Before, each wait that began after `now` begins anew: the clock went back.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be claimed durably: none may then be handed over.
    fn claim(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<StoredNotice>, StoreError>;

    /// The entry with this id, claimed or not.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn get(&self, id: &NoticeId) -> Result<Option<StoredNotice>, StoreError>;

    /// Puts an entry off until `until`, if it was claimed `attempts` times and not once more since.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    fn put_off(
        &self,
        id: &NoticeId,
        attempts: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Takes an entry away. `false`: it was not there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be taken away durably.
    fn remove(&self, id: &NoticeId) -> Result<bool, StoreError>;

    /// At most `limit` entries, claimed or not, in the order of their ids, from behind `after` on: all, if
    /// it is asked until it gives none. What is added or removed meanwhile may be missed.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn entries_after(&self, after: Option<&NoticeId>, limit: usize) -> Result<Vec<StoredNotice>, StoreError>;

    /// How many entries there are, claimed or not.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be counted.
    fn count(&self) -> Result<usize, StoreError>;
}

/// A queue in memory: for tests and samples. Gone with the process.
#[derive(Default)]
pub struct MemoryNoticeStore(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    rows: HashMap<NoticeId, Row>,
    next: u64,
}

struct Row {
    number: u64,
    entry: Vec<u8>,
    attempts: u32,
    since: Timestamp,
    due: Timestamp,
}

impl MemoryNoticeStore {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Each change is one step, so a panic elsewhere leaves nothing half changed.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NoticeStore for MemoryNoticeStore {
    fn push(&self, id: &NoticeId, entry: &[u8], now: Timestamp, max: usize) -> Result<(), StoreError> {
        let mut memory = self.memory();
        if memory.rows.len() >= max {
            return Err(StoreError::Full);
        }
        if memory.rows.contains_key(id) {
            return Err(StoreError::Damaged);
        }
        let row = Row { number: memory.next, entry: entry.to_vec(), attempts: 0, since: now, due: now };
        memory.rows.insert(*id, row);
        memory.next = memory.next.saturating_add(1);
        Ok(())
    }

    fn claim(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<StoredNotice>, StoreError> {
        let mut memory = self.memory();
        for row in memory.rows.values_mut().filter(|row| row.since > now) {
            row.due = now.plus(row.due.since(row.since).unwrap_or_default());
            row.since = now;
        }
        let mut due: Vec<_> = memory.rows.iter_mut().filter(|(_, row)| row.due <= now).collect();
        due.sort_by_key(|(_, row)| (row.due, row.number));
        let claim = |(id, row): (&NoticeId, &mut Row)| {
            row.attempts = row.attempts.saturating_add(1);
            (row.since, row.due) = (now, until);
            StoredNotice { id: *id, entry: row.entry.clone(), attempts: row.attempts }
        };
        Ok(due.into_iter().take(limit).map(claim).collect())
    }

    fn get(&self, id: &NoticeId) -> Result<Option<StoredNotice>, StoreError> {
        let memory = self.memory();
        let row = memory.rows.get(id);
        Ok(row.map(|row| StoredNotice { id: *id, entry: row.entry.clone(), attempts: row.attempts }))
    }

    fn put_off(
        &self,
        id: &NoticeId,
        attempts: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut memory = self.memory();
        let Some(row) = memory.rows.get_mut(id).filter(|row| row.attempts == attempts) else {
            return Ok(false);
        };
        (row.since, row.due) = (now, until);
        Ok(true)
    }

    fn remove(&self, id: &NoticeId) -> Result<bool, StoreError> {
        Ok(self.memory().rows.remove(id).is_some())
    }

    fn entries_after(&self, after: Option<&NoticeId>, limit: usize) -> Result<Vec<StoredNotice>, StoreError> {
        let memory = self.memory();
        let mut behind: Vec<_> =
            memory.rows.iter().filter(|(id, _)| after.is_none_or(|after| *id > after)).collect();
        behind.sort_unstable_by_key(|(id, _)| **id);
        let stored = |(id, row): (&NoticeId, &Row)| StoredNotice {
            id: *id,
            entry: row.entry.clone(),
            attempts: row.attempts,
        };
        Ok(behind.into_iter().take(limit).map(stored).collect())
    }

    fn count(&self) -> Result<usize, StoreError> {
        Ok(self.memory().rows.len())
    }
}

impl fmt::Debug for MemoryNoticeStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryNoticeStore(..)")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashSet;

    use super::*;

    const LEASE: u64 = 600;

    const fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + secs)
    }

    const fn id(number: u8) -> NoticeId {
        NoticeId::from_bytes([number; 16])
    }

    fn claim(store: &dyn NoticeStore, secs: u64, limit: usize) -> Vec<u8> {
        let claimed = store.claim(at(secs), at(secs + LEASE), limit).unwrap();
        claimed.iter().map(|notice| notice.id.as_bytes()[0]).collect()
    }

    /// What every store of notices must do, from empty to empty: the store room runs this on its own.
    pub(crate) fn must_hold(store: &dyn NoticeStore) {
        entries_are_claimed_in_turn_and_come_back(store);
        a_late_failure_moves_nobody_elses_claim(store);
        a_clock_that_went_back_neither_loses_nor_doubles(store);
        the_queue_has_a_length(store);
        workers_never_share_an_entry(store);
    }

    fn entries_are_claimed_in_turn_and_come_back(store: &dyn NoticeStore) {
        assert_eq!((claim(store, 0, 9), store.count()), (vec![], Ok(0)));
        for number in 1..=3 {
            store.push(&id(number), &[number; 40], at(u64::from(number)), 9).unwrap();
        }
        assert_eq!(store.get(&id(2)).unwrap().unwrap().attempts, 0);
        assert_eq!(claim(store, 0, 9), [1, 2, 3], "a clock that is behind loses nothing");
        assert!(claim(store, LEASE - 1, 9).is_empty());
        assert_eq!(claim(store, LEASE, 2), [1, 2], "a lease ends to the second");
        assert!(claim(store, LEASE, 0).is_empty());
        assert_eq!(claim(store, LEASE, 9), [3]);
        let second = store.get(&id(2)).unwrap().unwrap();
        assert_eq!(second, StoredNotice { id: id(2), entry: vec![2; 40], attempts: 2 });
        let ids = |after: Option<u8>, limit| {
            let page = store.entries_after(after.map(id).as_ref(), limit).unwrap();
            page.iter().map(|stored| stored.id.as_bytes()[0]).collect::<Vec<_>>()
        };
        assert_eq!((ids(None, 2), ids(Some(2), 2), ids(Some(3), 2)), (vec![1, 2], vec![3], vec![]));
        assert_eq!(store.entries_after(Some(&id(1)), 1), Ok(vec![second]));
        assert_eq!(store.remove(&id(2)), Ok(true));
        assert_eq!((store.remove(&id(2)), store.get(&id(2)), store.count()), (Ok(false), Ok(None), Ok(2)));
        // What waits longest goes first, whatever its age.
        assert_eq!(store.put_off(&id(1), 2, at(LEASE), at(5 * LEASE)), Ok(true));
        assert_eq!(claim(store, 5 * LEASE, 9), [3, 1]);
        assert!(store.remove(&id(1)).unwrap() && store.remove(&id(3)).unwrap());
    }

    fn a_late_failure_moves_nobody_elses_claim(store: &dyn NoticeStore) {
        store.push(&id(1), b"entry", at(0), 9).unwrap();
        assert_eq!(claim(store, 0, 1), [1]);
        assert_eq!(claim(store, LEASE, 1), [1]);
        assert_eq!(store.put_off(&id(1), 1, at(LEASE), at(LEASE + 1)), Ok(false));
        assert!(claim(store, LEASE + 1, 1).is_empty());
        assert_eq!(store.put_off(&id(1), 2, at(LEASE), at(LEASE + 1)), Ok(true));
        assert_eq!(claim(store, LEASE + 1, 1), [1]);
        assert_eq!(store.put_off(&id(2), 1, at(0), at(1)), Ok(false));
        assert!(store.remove(&id(1)).unwrap());
    }

    fn a_clock_that_went_back_neither_loses_nor_doubles(store: &dyn NoticeStore) {
        let years = 20 * 365 * 86_400;
        store.push(&id(1), b"entry", at(years), 9).unwrap();
        assert_eq!(claim(store, years, 1), [1]);
        // The lease begins anew on the clock that is right.
        assert!(claim(store, 0, 1).is_empty());
        assert!(claim(store, LEASE - 1, 1).is_empty());
        assert_eq!(claim(store, LEASE, 1), [1]);
        // At the beginning of time as well.
        assert_eq!(store.claim(Timestamp::default(), at(0), 1), Ok(vec![]));
        assert!(store.remove(&id(1)).unwrap());
        // Past the range of a store nothing is lost.
        store.push(&id(1), b"entry", Timestamp::from_micros(u64::MAX), 9).unwrap();
        assert_eq!(claim(store, 0, 1), [1]);
        assert!(store.remove(&id(1)).unwrap());
    }

    fn the_queue_has_a_length(store: &dyn NoticeStore) {
        store.push(&id(1), b"entry", at(0), 2).unwrap();
        assert_eq!(store.push(&id(1), b"other", at(0), 2), Err(StoreError::Damaged), "an id is there once");
        store.push(&id(2), b"entry", at(0), 2).unwrap();
        // What is claimed counts: it may come back.
        assert_eq!(claim(store, 0, 1), [1]);
        assert_eq!(store.push(&id(3), b"entry", at(0), 2), Err(StoreError::Full));
        assert!(store.remove(&id(1)).unwrap());
        assert_eq!(store.push(&id(3), b"entry", at(0), 2), Ok(()));
        assert!(store.remove(&id(2)).unwrap() && store.remove(&id(3)).unwrap());
    }

    fn workers_never_share_an_entry(store: &dyn NoticeStore) {
        (0..40).for_each(|number| store.push(&id(number), b"entry", at(0), 99).unwrap());
        let work = || {
            let rounds = (0..20).map(|_| claim(store, 1, 3));
            rounds.flatten().collect::<Vec<_>>()
        };
        let claimed: Vec<u8> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        assert_eq!(claimed.len(), 40);
        assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), 40);
        (0..40).for_each(|number| assert!(store.remove(&id(number)).unwrap()));
    }

    #[test]
    fn the_queue_in_memory_holds() {
        must_hold(&MemoryNoticeStore::new());
    }

    #[test]
    fn an_id_is_shown_in_hexadecimal() {
        assert_eq!(format!("{:?}", id(10)), format!("NoticeId({})", "0a".repeat(16)));
    }
}
