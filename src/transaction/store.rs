//! Where an account's transactions are kept: the trait that a store implements, and a store in memory.
//!
//! Rules: a store sees keyed references, and rows that say nothing to it; of all who put a row in place of
//! the same one at once, one succeeds; what was put is there after a crash.

use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;

/// An account, as a keyed pseudonym.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionRef([u8; 32]);

impl TransactionRef {
    pub(crate) const fn from_pseudonym(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TransactionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransactionRef(..)")
    }
}

/// Keeps the transactions of one tenant's accounts, a row an account. Shared by threads and, where the
/// store is, by processes.
pub trait TransactionStore: Send + Sync + fmt::Debug {
    /// The row of an account; `None`: there is none.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read: nothing goes on then.
    fn row(&self, of: &TransactionRef) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts `new` in place of `old` (`None`: where there is no row), in one durable step for all who share
    /// the store. `false`, and nothing happens, if the row is not `old` any more.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be put durably: then nothing may be done that rests on it.
    fn swap(&self, of: &TransactionRef, old: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError>;
}

/// Transactions in memory: for tests and samples. Gone with the process.
#[derive(Default)]
pub struct MemoryTransactionStore(Mutex<HashMap<TransactionRef, Vec<u8>>>);

impl MemoryTransactionStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Each change is one step, so a panic elsewhere leaves nothing half changed.
    fn rows(&self) -> MutexGuard<'_, HashMap<TransactionRef, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TransactionStore for MemoryTransactionStore {
    fn row(&self, of: &TransactionRef) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows().get(of).cloned())
    }

    fn swap(&self, of: &TransactionRef, old: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError> {
        let mut rows = self.rows();
        let is_there = rows.get(of).map(Vec::as_slice) == old;
        if is_there {
            rows.insert(*of, new.to_vec());
        }
        Ok(is_there)
    }
}

impl fmt::Debug for MemoryTransactionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryTransactionStore(..)")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What every store of transactions must do: the store room runs this on its own.
    pub(crate) fn must_hold(store: &dyn TransactionStore) {
        let (a, b) = (TransactionRef::from_pseudonym([1; 32]), TransactionRef::from_pseudonym([2; 32]));
        assert_eq!(store.row(&a), Ok(None));
        assert_eq!(store.swap(&a, Some(b"old"), b"new"), Ok(false), "nothing is there");
        assert_eq!(store.swap(&a, None, b"first"), Ok(true));
        assert_eq!(store.swap(&a, None, b"again"), Ok(false), "something is there");
        assert_eq!(store.swap(&a, Some(b"another"), b"new"), Ok(false));
        assert_eq!(store.swap(&a, Some(b"first"), b"second"), Ok(true));
        assert_eq!((store.row(&a), store.row(&b)), (Ok(Some(b"second".to_vec())), Ok(None)));
        let winners = std::thread::scope(|scope| {
            let race = |number: u8| store.swap(&a, Some(b"second"), &[number]).unwrap();
            let racers: Vec<_> = (0..8).map(|number| scope.spawn(move || race(number))).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(winners, 1);
    }

    #[test]
    fn the_store_in_memory_holds() {
        must_hold(&MemoryTransactionStore::new());
    }
}
