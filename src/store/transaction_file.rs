//! Transactions in a file that processes share: every change is one compare-and-set
//! (`docs/spec/transactions-v1.md`).

use core::fmt;
use std::path::Path;

use rusqlite::{OptionalExtension, params};

use super::SqliteOptions;
use super::sqlite::{Database, FileKind};
use crate::error::StoreError;
use crate::transaction::{TransactionRef, TransactionStore};

const KIND: FileKind = FileKind {
    name: "transactions.sqlite3",
    application_id: 0x4350_4e58, // "CPNX"
    schema: "
        CREATE TABLE accounts (
            reference BLOB PRIMARY KEY CHECK (length(reference) = 32),
            row       BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;",
    is_synced: true,
};

/// The transactions of one folder.
pub(super) struct TransactionFile {
    database: Database,
}

impl TransactionFile {
    pub(super) fn open(folder: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(folder, &KIND, options)? })
    }
}

impl TransactionStore for TransactionFile {
    fn row(&self, of: &TransactionRef) -> Result<Option<Vec<u8>>, StoreError> {
        self.database.read(|connection| {
            let mut query = connection.prepare_cached("SELECT row FROM accounts WHERE reference = ?1")?;
            query.query_row([of.as_bytes()], |row| row.get(0)).optional()
        })
    }

    fn swap(&self, of: &TransactionRef, old: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError> {
        self.database.write(|connection| {
            let changed = match old {
                Some(old) => connection
                    .prepare_cached("UPDATE accounts SET row = ?3 WHERE reference = ?1 AND row = ?2")?
                    .execute(params![of.as_bytes(), old, new])?,
                None => connection
                    .prepare_cached("INSERT OR IGNORE INTO accounts (reference, row) VALUES (?1, ?2)")?
                    .execute(params![of.as_bytes(), new])?,
            };
            Ok(changed == 1)
        })
    }
}

impl fmt::Debug for TransactionFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionFile")
            .field("read_only", &self.database.is_read_only())
            .finish_non_exhaustive()
    }
}
