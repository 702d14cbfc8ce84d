//! Rows that say nothing to the store, under keyed references, each exchanged for exactly what was read.

use rusqlite::{OptionalExtension, params};

use super::sqlite::Database;
use crate::error::StoreError;

/// The statements over one table of such rows.
pub(super) struct Exchange {
    /// The row of `?1`.
    pub(super) read: &'static str,
    /// `?3` in the place of `?2`, of `?1`.
    pub(super) replace: &'static str,
    /// `?2` as the row of `?1`, where there is none.
    pub(super) insert: &'static str,
}

impl Exchange {
    /// The row under a reference.
    pub(super) fn row(&self, database: &Database, of: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        database.read(|connection| {
            let mut query = connection.prepare_cached(self.read)?;
            query.query_row([of], |row| row.get(0)).optional()
        })
    }

    /// Puts `new` in the place of `old` (`None`: of nothing). `false`: something else is there.
    pub(super) fn swap(
        &self,
        database: &Database,
        of: &[u8; 32],
        old: Option<&[u8]>,
        new: &[u8],
    ) -> Result<bool, StoreError> {
        database.write(|connection| {
            let changed = match old {
                Some(old) => connection.prepare_cached(self.replace)?.execute(params![of, old, new])?,
                None => connection.prepare_cached(self.insert)?.execute(params![of, new])?,
            };
            Ok(changed == 1)
        })
    }
}
