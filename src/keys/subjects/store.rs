//! Where the secrets of accounts are kept, wrapped: the trait that a store implements, and a store in
//! memory.

use core::fmt;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use crate::error::StoreError;

/// An account, as a keyed pseudonym.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectRef([u8; 32]);

impl SubjectRef {
    /// From the bytes of a keyed pseudonym.
    #[must_use]
    pub const fn from_pseudonym(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SubjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectRef(..)")
    }
}

/// One exchange of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectExchange {
    /// Whose row.
    pub of: SubjectRef,
    /// What must be there.
    pub old: Vec<u8>,
    /// What takes its place.
    pub new: Vec<u8>,
}

/// Keeps a row for each account, which is opaque to it. Shared by threads and, where the store is, by
/// processes.
///
/// What was replaced must go: keep it in no history, and in backups no longer than the host tells its
/// customers.
pub trait SubjectStore: Send + Sync + fmt::Debug {
    /// What is kept of an account; `None` if nothing is. "I cannot tell" is an error, not `None`.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn entry(&self, of: &SubjectRef) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts `new` in the place of `old` (`None`: of nothing), in one durable step. `false`, and nothing
    /// happens, if something else is there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be done durably.
    fn swap(&self, of: &SubjectRef, old: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError>;

    /// Exchanges several rows, each as [`SubjectStore::swap`] does and whether the others were exchanged or
    /// not. Gives back how many were. A store that syncs does it in one transaction: there may be millions.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be done durably: some may be exchanged.
    fn swap_all(&self, rows: &[SubjectExchange]) -> Result<u64, StoreError> {
        rows.iter().try_fold(0_u64, |done, SubjectExchange { of, old, new }| {
            Ok(done.saturating_add(self.swap(of, Some(old), new)?.into()))
        })
    }

    /// At most `limit` rows in the order of their references, from behind `after` on: all, if it is asked
    /// until it gives none. What is added meanwhile may be missed.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn entries_after(
        &self,
        after: Option<&SubjectRef>,
        limit: usize,
    ) -> Result<Vec<(SubjectRef, Vec<u8>)>, StoreError>;

    /// Returns when nothing of replaced rows is left in the store's own files and logs.
    ///
    /// # Errors
    /// [`StoreError`] if something is: it is asked again.
    fn scrub(&self) -> Result<(), StoreError>;
}

/// Rows in memory, wiped when they are replaced: for tests and samples. Gone with the process, and with
/// them everything that was sealed.
#[derive(Default)]
pub struct MemorySubjectStore(Mutex<BTreeMap<SubjectRef, Zeroizing<Vec<u8>>>>);

impl MemorySubjectStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Each change is one step, so a panic elsewhere leaves nothing half changed.
    fn memory(&self) -> MutexGuard<'_, BTreeMap<SubjectRef, Zeroizing<Vec<u8>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SubjectStore for MemorySubjectStore {
    fn entry(&self, of: &SubjectRef) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.memory().get(of).map(|row| row.to_vec()))
    }

    fn swap(&self, of: &SubjectRef, old: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError> {
        let mut memory = self.memory();
        let is_there = memory.get(of).map(|row| row.as_slice()) == old;
        if is_there {
            memory.insert(*of, Zeroizing::new(new.to_vec()));
        }
        Ok(is_there)
    }

    fn entries_after(
        &self,
        after: Option<&SubjectRef>,
        limit: usize,
    ) -> Result<Vec<(SubjectRef, Vec<u8>)>, StoreError> {
        let memory = self.memory();
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(*after));
        let rows = memory.range((from, Bound::Unbounded)).take(limit);
        Ok(rows.map(|(of, row)| (*of, row.to_vec())).collect())
    }

    fn scrub(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl fmt::Debug for MemorySubjectStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemorySubjectStore(..)")
    }
}
