//! Where the key versions of columns are kept: the trait that a store implements, and one in memory.
//!
//! Rules: an entry says which versions a column's tokens have; it is there for as long as the column
//! is, and changes in one step for all who share the store. The MAC in it is the guard's: a store
//! neither makes nor checks it.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;
use crate::vocabulary::{FieldName, TenantId};

/// The entry of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredColumn {
    /// The key version of new tokens.
    pub version: u32,
    /// The key version of the tokens that are being replaced.
    pub previous: Option<u32>,
    /// Binds the versions to the column's definition.
    pub mac: [u8; 32],
}

/// Keeps the entries of columns. Shared by threads and, where the store is, by processes.
pub trait ColumnStore: Send + Sync + fmt::Debug {
    /// The entry of a column.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read. "I cannot tell" is an error, not `None`.
    fn get(&self, tenant: &TenantId, column: &FieldName) -> Result<Option<StoredColumn>, StoreError>;

    /// Puts `after` in the place of `before` (`None`: there is no entry), if that is the entry now. One step
    /// for all who share the store, and on stable storage when it returns `true`.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be written durably: the entry is then what it was.
    fn replace(
        &self,
        tenant: &TenantId,
        column: &FieldName,
        before: Option<&StoredColumn>,
        after: &StoredColumn,
    ) -> Result<bool, StoreError>;

    /// The names of a tenant's columns, whichever process registered them.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn names(&self, tenant: &TenantId) -> Result<Vec<FieldName>, StoreError>;

    /// The key versions that a token of any column of any tenant may have: current and previous ones.
    ///
    /// Who destroys a version of the branch `token` asks here first, and refuses while it is among them:
    /// its tokens could not be read or replaced any more. A column takes the active version only, which
    /// cannot be destroyed; so ask after the version has ceased to be active.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read: destroy nothing then.
    fn versions_in_use(&self) -> Result<BTreeSet<u32>, StoreError>;
}

/// Columns in memory: for tests and samples. Gone with the process, and then every column is new.
#[derive(Default)]
pub struct MemoryColumnStore(Mutex<BTreeMap<(TenantId, FieldName), StoredColumn>>);

impl MemoryColumnStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Each change is one step, so a panic elsewhere leaves nothing half changed.
    fn columns(&self) -> MutexGuard<'_, BTreeMap<(TenantId, FieldName), StoredColumn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ColumnStore for MemoryColumnStore {
    fn get(&self, tenant: &TenantId, column: &FieldName) -> Result<Option<StoredColumn>, StoreError> {
        Ok(self.columns().get(&(tenant.clone(), column.clone())).copied())
    }

    fn replace(
        &self,
        tenant: &TenantId,
        column: &FieldName,
        before: Option<&StoredColumn>,
        after: &StoredColumn,
    ) -> Result<bool, StoreError> {
        let (mut columns, key) = (self.columns(), (tenant.clone(), column.clone()));
        if columns.get(&key) != before {
            return Ok(false);
        }
        columns.insert(key, *after);
        Ok(true)
    }

    fn names(&self, tenant: &TenantId) -> Result<Vec<FieldName>, StoreError> {
        let columns = self.columns();
        Ok(columns.keys().filter(|(of, _)| of == tenant).map(|(_, name)| name.clone()).collect())
    }

    fn versions_in_use(&self) -> Result<BTreeSet<u32>, StoreError> {
        let columns = self.columns();
        Ok(columns.values().flat_map(|entry| [Some(entry.version), entry.previous]).flatten().collect())
    }
}

impl fmt::Debug for MemoryColumnStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryColumnStore(..)")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What every store of columns must do, from empty: the store room runs this on its own.
    pub(crate) fn must_hold(store: &dyn ColumnStore) {
        let [a, b] = ["a", "b"].map(|id| TenantId::new(id).unwrap());
        let [ssn, phone] = ["ssn", "phone"].map(|id| FieldName::new(id).unwrap());
        let entry = |version, previous| StoredColumn { version, previous, mac: [7; 32] };
        assert_eq!((store.get(&a, &ssn), store.versions_in_use()), (Ok(None), Ok(BTreeSet::new())));
        let (one, two) = (entry(1, None), entry(2, Some(1)));
        assert_eq!(store.replace(&a, &ssn, Some(&one), &two), Ok(false), "there is nothing to replace");
        assert_eq!(store.replace(&a, &ssn, None, &one), Ok(true));
        assert_eq!(store.replace(&a, &ssn, None, &one), Ok(false), "a column is new once");
        assert_eq!((store.get(&a, &ssn), store.get(&a, &phone)), (Ok(Some(one)), Ok(None)));
        assert_eq!(store.get(&b, &ssn), Ok(None), "another tenant's column");
        assert_eq!((store.names(&a), store.names(&b)), (Ok(vec![ssn.clone()]), Ok(vec![])));
        // Every part of what was expected counts.
        for stale in [entry(2, None), entry(1, Some(1)), StoredColumn { mac: [8; 32], ..one }] {
            assert_eq!(store.replace(&a, &ssn, Some(&stale), &two), Ok(false));
        }
        assert_eq!(store.replace(&a, &ssn, Some(&one), &two), Ok(true));
        assert_eq!(store.get(&a, &ssn), Ok(Some(two)));
        assert_eq!(store.replace(&b, &phone, None, &entry(u32::MAX, None)), Ok(true));
        assert_eq!(store.versions_in_use(), Ok(BTreeSet::from([1, 2, u32::MAX])));
        assert_eq!(store.replace(&a, &ssn, Some(&two), &entry(2, None)), Ok(true));
        assert_eq!(store.versions_in_use(), Ok(BTreeSet::from([2, u32::MAX])));
        only_one_of_many_wins(store, &b, &ssn);
    }

    fn only_one_of_many_wins(store: &dyn ColumnStore, tenant: &TenantId, column: &FieldName) {
        let wins: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = (1..=8)
                .map(|version| {
                    let entry = StoredColumn { version, previous: None, mac: [0; 32] };
                    scope.spawn(move || store.replace(tenant, column, None, &entry).unwrap())
                })
                .collect();
            tries.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
        });
        assert_eq!(wins, 1);
    }

    #[test]
    fn the_columns_in_memory_hold() {
        must_hold(&MemoryColumnStore::new());
    }
}
