//! Transactions in a file that processes share: every change is one compare-and-set
//! (`docs/spec/transactions-v1.md`).

use core::fmt;
use std::path::Path;

use super::SqliteOptions;
use super::exchange::Exchange;
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

const ROWS: Exchange = Exchange {
    read: "SELECT row FROM accounts WHERE reference = ?1",
    replace: "UPDATE accounts SET row = ?3 WHERE reference = ?1 AND row = ?2",
    insert: "INSERT OR IGNORE INTO accounts (reference, row) VALUES (?1, ?2)",
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
        ROWS.row(&self.database, of.as_bytes())
    }

    fn swap(&self, of: &TransactionRef, old: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError> {
        ROWS.swap(&self.database, of.as_bytes(), old, new)
    }
}

impl fmt::Debug for TransactionFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionFile")
            .field("read_only", &self.database.is_read_only())
            .finish_non_exhaustive()
    }
}
