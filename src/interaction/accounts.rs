//! What must be remembered of an account between contacts: the keyed verifier of its password,
//! attempts, and which account a contact opened.
//!
//! Rules: a store sees pseudonyms and keyed verifiers, never an account id or a password; an attempt
//! is counted before it is looked at, so that a crash or a race never gives one away; a clock that
//! went back opens nothing.
//!
//! Security note: limits hold for all processes that share a store, and for no others.

use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::StoreError;
use crate::vocabulary::Timestamp;

/// How long a binding of a contact to an account is kept at least: longer than any contact lasts.
pub const BINDING_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// An account, as a keyed pseudonym.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountRef([u8; 32]);

/// Something whose attempts are counted (an account, an agent, an interaction), as a keyed pseudonym.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CounterKey([u8; 32]);

impl AccountRef {
    /// From the bytes of a keyed pseudonym.
    pub(crate) const fn from_pseudonym(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl CounterKey {
    /// From the bytes of a keyed pseudonym.
    pub(crate) const fn from_pseudonym(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for AccountRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountRef(..)")
    }
}

impl fmt::Debug for CounterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CounterKey(..)")
    }
}

/// How many attempts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Attempts within a window.
    pub max: u32,
    /// How long a window lasts, from its first attempt.
    pub window: Duration,
    /// How long the attempt after the last one locks.
    pub lock: Duration,
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptState {
    /// It may, and has been counted.
    Allowed {
        /// How many more there are in this window.
        left: u32,
    },
    /// It may not.
    Locked {
        /// Until when.
        until: Timestamp,
    },
}

/// A history as a store keeps it. Opaque to the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredHistory {
    /// The events, in the order in which they were added.
    pub events: Vec<Vec<u8>>,
    /// What was last put beside them; `None` if nothing was ever added.
    pub head: Option<Vec<u8>>,
}

/// Remembers accounts. Shared by threads and, where the store is, by processes.
pub trait AccountStore: Send + Sync + fmt::Debug {
    /// What is kept under a reference (a keyed verifier, the facts of an account); `None` if
    /// nothing is. Opaque to the store.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn entry(&self, of: &AccountRef) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps `entry` in place of the one before.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    fn set_entry(&self, of: &AccountRef, entry: &[u8]) -> Result<(), StoreError>;

    /// Takes the entry away: of all who ask at once, one gets it.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be taken away durably.
    fn take_entry(&self, of: &AccountRef) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts `new` in place of `old`, or nothing, in one step. `false`, and nothing happens, if the entry
    /// is not `old` any more: somebody else was faster.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    fn swap_entry(&self, of: &AccountRef, old: &[u8], new: Option<&[u8]>) -> Result<bool, StoreError>;

    /// At most `limit` entries in the order of their references, from behind `after` on: all entries, if
    /// it is asked until it gives none. What is added or taken meanwhile may be missed.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn entries_after(
        &self,
        after: Option<&AccountRef>,
        limit: usize,
    ) -> Result<Vec<(AccountRef, Vec<u8>)>, StoreError>;

    /// Adds an event to a history that has `len` of them, and puts `head` in place of its head, in one
    /// step. `false`, and nothing happens, if it has another number: somebody else was faster.
    /// No event of a history is ever changed or deleted.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be added durably.
    fn append_event(
        &self,
        of: &AccountRef,
        len: usize,
        event: &[u8],
        head: &[u8],
    ) -> Result<bool, StoreError>;

    /// A history, as it is at one moment.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn history(&self, of: &AccountRef) -> Result<StoredHistory, StoreError>;

    /// Counts an attempt before it is looked at, in one step for all who share the store. The
    /// attempt after `limits.max` within the window locks; while locked, none is counted or
    /// allowed. A clock that went back neither ends a lock nor begins a window.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be counted durably: then it must not be made.
    fn count_attempt(
        &self,
        counter: &CounterKey,
        now: Timestamp,
        limits: &AttemptLimits,
    ) -> Result<AttemptState, StoreError>;

    /// Forgets the attempts: after a right one.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    fn clear_attempts(&self, counter: &CounterKey) -> Result<(), StoreError>;

    /// Binds a contact (a keyed pseudonym of it) to the account. `true` if it is bound to this
    /// account now, `false` if it is bound to another: the first one wins. A binding that was not
    /// used for [`BINDING_LIFE`] is forgotten.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read or written: then the contact opens nothing.
    fn bind_contact(
        &self,
        contact: &[u8; 32],
        account: &AccountRef,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// The attempts of one counter: the state that a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub(crate) window_start: Timestamp,
    pub(crate) count: u32,
    pub(crate) locked_until: Option<Timestamp>,
}

impl Attempts {
    /// Counts one more attempt: what to keep, and what to say. Every store decides with this.
    pub(crate) fn next(before: Option<Self>, now: Timestamp, limits: &AttemptLimits) -> (Self, AttemptState) {
        let fresh = Self { window_start: now, count: 0, locked_until: None };
        let mut attempts = match before {
            Some(Self { locked_until: Some(until), .. }) if now >= until => fresh,
            Some(Self { locked_until: None, window_start, .. })
                if now.since(window_start).is_some_and(|age| age >= limits.window) =>
            {
                fresh
            }
            Some(attempts) => attempts,
            None => fresh,
        };
        let state = match attempts.locked_until {
            Some(until) => AttemptState::Locked { until },
            None if attempts.count < limits.max => {
                attempts.count = attempts.count.saturating_add(1);
                AttemptState::Allowed { left: limits.max.saturating_sub(attempts.count) }
            }
            None => {
                let until = now.plus(limits.lock);
                attempts.locked_until = Some(until);
                AttemptState::Locked { until }
            }
        };
        (attempts, state)
    }
}

/// A binding of a contact that was last used before this may be forgotten; `None`: none may.
pub(crate) fn bindings_expire_before(now: Timestamp) -> Option<Timestamp> {
    now.since(Timestamp::default().plus(BINDING_LIFE)).map(|age| Timestamp::default().plus(age))
}

/// Accounts in memory: for tests and samples. Gone with the process.
#[derive(Default)]
pub struct MemoryAccountStore(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    entries: HashMap<AccountRef, Vec<u8>>,
    histories: HashMap<AccountRef, StoredHistory>,
    attempts: HashMap<CounterKey, Attempts>,
    bindings: HashMap<[u8; 32], (AccountRef, Timestamp)>,
}

impl MemoryAccountStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Each change is one step, so a panic elsewhere leaves nothing half changed.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl MemoryAccountStore {
    /// What somebody does who can write the store.
    pub(crate) fn tamper_for_testing(&self, of: &AccountRef, change: impl FnOnce(&mut StoredHistory)) {
        change(self.memory().histories.entry(*of).or_default());
    }
}

impl AccountStore for MemoryAccountStore {
    fn entry(&self, of: &AccountRef) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.memory().entries.get(of).cloned())
    }

    fn set_entry(&self, of: &AccountRef, entry: &[u8]) -> Result<(), StoreError> {
        self.memory().entries.insert(*of, entry.to_vec());
        Ok(())
    }

    fn take_entry(&self, of: &AccountRef) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.memory().entries.remove(of))
    }

    fn swap_entry(&self, of: &AccountRef, old: &[u8], new: Option<&[u8]>) -> Result<bool, StoreError> {
        let mut memory = self.memory();
        let is_there = memory.entries.get(of).is_some_and(|entry| entry == old);
        match new {
            Some(new) if is_there => drop(memory.entries.insert(*of, new.to_vec())),
            None if is_there => drop(memory.entries.remove(of)),
            Some(_) | None => {}
        }
        Ok(is_there)
    }

    fn entries_after(
        &self,
        after: Option<&AccountRef>,
        limit: usize,
    ) -> Result<Vec<(AccountRef, Vec<u8>)>, StoreError> {
        let memory = self.memory();
        let mut behind: Vec<_> =
            memory.entries.iter().filter(|(of, _)| after.is_none_or(|after| *of > after)).collect();
        behind.sort_unstable_by_key(|(of, _)| **of);
        Ok(behind.into_iter().take(limit).map(|(of, entry)| (*of, entry.clone())).collect())
    }

    fn append_event(
        &self,
        of: &AccountRef,
        len: usize,
        event: &[u8],
        head: &[u8],
    ) -> Result<bool, StoreError> {
        let mut memory = self.memory();
        let history = memory.histories.entry(*of).or_default();
        let is_next = history.events.len() == len;
        if is_next {
            history.events.push(event.to_vec());
            history.head = Some(head.to_vec());
        }
        Ok(is_next)
    }

    fn history(&self, of: &AccountRef) -> Result<StoredHistory, StoreError> {
        Ok(self.memory().histories.get(of).cloned().unwrap_or_default())
    }

    fn count_attempt(
        &self,
        counter: &CounterKey,
        now: Timestamp,
        limits: &AttemptLimits,
    ) -> Result<AttemptState, StoreError> {
        let mut memory = self.memory();
        let (attempts, state) = Attempts::next(memory.attempts.get(counter).copied(), now, limits);
        memory.attempts.insert(*counter, attempts);
        Ok(state)
    }

    fn clear_attempts(&self, counter: &CounterKey) -> Result<(), StoreError> {
        self.memory().attempts.remove(counter);
        Ok(())
    }

    fn bind_contact(
        &self,
        contact: &[u8; 32],
        account: &AccountRef,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut memory = self.memory();
        if let Some(limit) = bindings_expire_before(now) {
            memory.bindings.retain(|_, (_, used)| *used >= limit);
        }
        let (bound, used) = memory.bindings.entry(*contact).or_insert((*account, now));
        if bound == account {
            *used = now.max(*used);
        }
        Ok(bound == account)
    }
}

impl fmt::Debug for MemoryAccountStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryAccountStore(..)")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const LIMITS: AttemptLimits =
        AttemptLimits { max: 3, window: Duration::from_secs(60), lock: Duration::from_secs(600) };

    const fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + secs)
    }

    /// What every store of accounts must do: the store room runs this on its own.
    pub(crate) fn must_hold(store: &dyn AccountStore) {
        entries_are_kept_and_taken_once(store);
        entries_are_exchanged_and_listed(store);
        histories_grow_and_keep_their_order(store);
        attempts_are_limited(store);
        a_clock_that_went_back_opens_nothing(store);
        contacts_open_one_account(store);
        threads_never_exceed_the_limit(store);
    }

    fn entries_are_kept_and_taken_once(store: &dyn AccountStore) {
        let (a, b) = (AccountRef::from_pseudonym([1; 32]), AccountRef::from_pseudonym([2; 32]));
        assert_eq!(store.entry(&a), Ok(None));
        store.set_entry(&a, b"first").unwrap();
        store.set_entry(&a, b"second").unwrap();
        assert_eq!(store.entry(&a), Ok(Some(b"second".to_vec())));
        assert_eq!(store.entry(&b), Ok(None));
        let taken = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..8).map(|_| scope.spawn(|| store.take_entry(&a).unwrap())).collect();
            takers.into_iter().filter_map(|taker| taker.join().unwrap()).count()
        });
        assert_eq!(taken, 1);
        assert_eq!(store.entry(&a), Ok(None));
    }

    fn entries_are_exchanged_and_listed(store: &dyn AccountStore) {
        let of = |number| AccountRef::from_pseudonym([number; 32]);
        assert_eq!(store.entries_after(None, 9), Ok(vec![]));
        assert_eq!(store.swap_entry(&of(1), b"", Some(b"new")), Ok(false), "nothing is there");
        for number in [0x90, 1, 0x10, 3] {
            store.set_entry(&of(number), &[number]).unwrap();
        }
        assert_eq!(store.swap_entry(&of(1), b"another", Some(b"new")), Ok(false));
        assert_eq!(store.swap_entry(&of(1), &[1], Some(b"new")), Ok(true));
        assert_eq!(store.swap_entry(&of(1), &[1], None), Ok(false));
        assert_eq!(store.swap_entry(&of(3), &[3], None), Ok(true));
        let page = |after: Option<u8>, limit| {
            let page = store.entries_after(after.map(of).as_ref(), limit).unwrap();
            page.into_iter().map(|(of, entry)| (of.as_bytes()[0], entry)).collect::<Vec<_>>()
        };
        assert_eq!(page(None, 2), [(1, b"new".to_vec()), (0x10, vec![0x10])]);
        assert_eq!(page(Some(0x10), 2), [(0x90, vec![0x90])]);
        assert_eq!(page(Some(2), 9).len(), 2, "from where nothing is");
        assert!(page(Some(0x90), 9).is_empty() && page(None, 0).is_empty());
        // Of all who exchange at once, one does.
        let won = std::thread::scope(|scope| {
            let swap = |new: u8| store.swap_entry(&of(1), b"new", Some(&[new])).unwrap();
            let swappers: Vec<_> = (0..8).map(|new| scope.spawn(move || swap(new))).collect();
            swappers.into_iter().map(|swapper| swapper.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(won, 1);
        for number in [0x90, 1, 0x10] {
            store.take_entry(&of(number)).unwrap();
        }
    }

    fn histories_grow_and_keep_their_order(store: &dyn AccountStore) {
        let (a, b) = (AccountRef::from_pseudonym([1; 32]), AccountRef::from_pseudonym([2; 32]));
        assert_eq!(store.history(&a), Ok(StoredHistory::default()));
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                scope.spawn(move || {
                    for number in 0..5_u8 {
                        let event = [thread, number];
                        let add = |len| store.append_event(&a, len, &event, &event).unwrap();
                        // Who was slower looks again.
                        while !add(store.history(&a).unwrap().events.len()) {}
                    }
                });
            }
        });
        assert_eq!(store.append_event(&a, 19, b"late", b"late"), Ok(false));
        assert_eq!(store.append_event(&a, 21, b"early", b"early"), Ok(false));
        let StoredHistory { events, head } = store.history(&a).unwrap();
        assert_eq!((events.len(), head.as_ref()), (20, events.last()));
        for thread in 0..4 {
            let numbers: Vec<_> =
                events.iter().filter(|event| event[0] == thread).map(|event| event[1]).collect();
            assert_eq!(numbers, [0, 1, 2, 3, 4]);
        }
        assert_eq!(store.history(&b), Ok(StoredHistory::default()));
    }

    fn attempts_are_limited(store: &dyn AccountStore) {
        let counter = CounterKey::from_pseudonym([1; 32]);
        let count = |secs| store.count_attempt(&counter, at(secs), &LIMITS).unwrap();
        let locked = |secs| AttemptState::Locked { until: at(secs) };
        assert_eq!(count(0), AttemptState::Allowed { left: 2 });
        assert_eq!(count(59), AttemptState::Allowed { left: 1 });
        // The window has passed: a new one.
        assert_eq!(count(60), AttemptState::Allowed { left: 2 });
        assert_eq!(count(61), AttemptState::Allowed { left: 1 });
        assert_eq!(count(62), AttemptState::Allowed { left: 0 });
        assert_eq!(count(63), locked(663));
        // Asking while locked does not make the lock longer, nor does the end of the window end it.
        assert_eq!(count(200), locked(663));
        assert_eq!(
            store.count_attempt(&counter, Timestamp::from_micros(at(663).as_micros() - 1), &LIMITS),
            Ok(locked(663))
        );
        assert_eq!(count(663), AttemptState::Allowed { left: 2 });
        // Another counter has its own.
        let other = CounterKey::from_pseudonym([2; 32]);
        assert_eq!(store.count_attempt(&other, at(663), &LIMITS), Ok(AttemptState::Allowed { left: 2 }));
        // A right attempt clears.
        assert_eq!(count(664), AttemptState::Allowed { left: 1 });
        store.clear_attempts(&counter).unwrap();
        assert_eq!(count(665), AttemptState::Allowed { left: 2 });
        // No attempts at all.
        let none = AttemptLimits { max: 0, ..LIMITS };
        let third = CounterKey::from_pseudonym([3; 32]);
        assert_eq!(store.count_attempt(&third, at(0), &none), Ok(locked(600)));
    }

    fn a_clock_that_went_back_opens_nothing(store: &dyn AccountStore) {
        let counter = CounterKey::from_pseudonym([4; 32]);
        let count = |secs| store.count_attempt(&counter, at(secs), &LIMITS).unwrap();
        assert_eq!(count(5000), AttemptState::Allowed { left: 2 });
        assert_eq!(count(10), AttemptState::Allowed { left: 1 });
        assert_eq!(count(4000), AttemptState::Allowed { left: 0 });
        assert_eq!(count(5000), AttemptState::Locked { until: at(5600) });
        assert_eq!(count(0), AttemptState::Locked { until: at(5600) });
    }

    fn contacts_open_one_account(store: &dyn AccountStore) {
        let (a, b) = (AccountRef::from_pseudonym([1; 32]), AccountRef::from_pseudonym([2; 32]));
        let day = BINDING_LIFE.as_secs();
        let bind =
            |contact: u8, account, secs| store.bind_contact(&[contact; 32], account, at(secs)).unwrap();
        assert!(bind(1, &a, 0));
        assert!(bind(1, &a, 1));
        assert!(!bind(1, &b, 2));
        assert!(bind(2, &b, 3));
        // A refused account does not keep the binding alive, and a day to the second does not end it.
        assert!(!bind(1, &b, day + 1));
        assert!(bind(1, &b, day + 2));
        assert!(!bind(1, &a, 0));
        // Before 1970-01-02 nothing is forgotten.
        assert_eq!(store.bind_contact(&[1; 32], &a, Timestamp::default()), Ok(false));
    }

    fn threads_never_exceed_the_limit(store: &dyn AccountStore) {
        let counter = CounterKey::from_pseudonym([5; 32]);
        let limits = AttemptLimits { max: 20, ..LIMITS };
        let allowed = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..4 {
                        let state = store.count_attempt(&counter, at(0), &limits).unwrap();
                        if matches!(state, AttemptState::Allowed { .. }) {
                            allowed.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        assert_eq!(allowed.into_inner(), 20);
    }

    #[test]
    fn the_store_in_memory_holds() {
        must_hold(&MemoryAccountStore::new());
    }

    #[test]
    fn references_are_silent() {
        assert_eq!(format!("{:?}", AccountRef::from_pseudonym([1; 32])), "AccountRef(..)");
        assert_eq!(format!("{:?}", CounterKey::from_pseudonym([1; 32])), "CounterKey(..)");
    }
}
