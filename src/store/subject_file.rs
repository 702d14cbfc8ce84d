//! The secrets of accounts, wrapped, in a file of their own that processes share: what is replaced is
//! overwritten, and after an erasure nothing of it is left in the file or its log.

use core::fmt;
use std::path::Path;

use rusqlite::params;

use super::exchange::Exchange;
use super::sqlite::{Database, FileKind, of_sqlite};
use super::{SqliteOptions, SqliteStore, folder};
use crate::error::StoreError;
use crate::keys::{SubjectExchange, SubjectRef, SubjectStore};

const KIND: FileKind = FileKind {
    name: "subjects.sqlite3",
    application_id: 0x4350_4e55, // "CPNU"
    schema: "
        CREATE TABLE subjects (
            reference BLOB PRIMARY KEY CHECK (length(reference) = 32),
            entry     BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;",
    is_synced: true,
};

const ROWS: Exchange = Exchange {
    read: "SELECT entry FROM subjects WHERE reference = ?1",
    replace: "UPDATE subjects SET entry = ?3 WHERE reference = ?1 AND entry = ?2",
    insert: "INSERT OR IGNORE INTO subjects (reference, entry) VALUES (?1, ?2)",
};

/// The secrets of accounts in a folder: its own, or that of a [`SqliteStore`].
///
/// A file of its own, because its backups need a rule of their own: an erased account's secret lives on in
/// them until they are gone, or the version of the subject branch is destroyed.
pub struct SqliteSubjects {
    database: Database,
}

impl SqliteSubjects {
    /// Opens the file in `folder`, and makes what is not there.
    ///
    /// # Errors
    /// [`StoreError::Format`] if the file there is not this version's (`found` 0: not this library's);
    /// others as the file system says.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        SqliteStore::options().open_subjects(folder)
    }
}

impl SqliteOptions {
    /// Opens the secrets of accounts in `folder`.
    ///
    /// # Errors
    /// As [`SqliteSubjects::open`].
    pub fn open_subjects(self, folder: impl AsRef<Path>) -> Result<SqliteSubjects, StoreError> {
        let path = folder.as_ref();
        if !self.read_only {
            folder::create(path)?;
        }
        Ok(SqliteSubjects { database: Database::open(path, &KIND, &self)? })
    }
}

impl SubjectStore for SqliteSubjects {
    fn entry(&self, of: &SubjectRef) -> Result<Option<Vec<u8>>, StoreError> {
        ROWS.row(&self.database, of.as_bytes())
    }

    fn swap(&self, of: &SubjectRef, old: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError> {
        ROWS.swap(&self.database, of.as_bytes(), old, new)
    }

    fn swap_all(&self, rows: &[SubjectExchange]) -> Result<u64, StoreError> {
        self.database.write(|connection| {
            let mut swap = connection.prepare_cached(ROWS.replace)?;
            rows.iter().try_fold(0_u64, |done, SubjectExchange { of, old, new }| {
                let changed = swap.execute(params![of.as_bytes(), old, new])?;
                Ok(done.saturating_add(u64::from(changed == 1)))
            })
        })
    }

    fn entries_after(
        &self,
        after: Option<&SubjectRef>,
        limit: usize,
    ) -> Result<Vec<(SubjectRef, Vec<u8>)>, StoreError> {
        self.database.read(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT reference, entry FROM subjects WHERE reference > ?1 ORDER BY reference LIMIT ?2",
            )?;
            // Shorter than every reference, and before all of them.
            let after = after.map_or(&[][..], |after| after.as_bytes());
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = query.query_map(params![after, limit], |row| {
                Ok((SubjectRef::from_pseudonym(row.get(0)?), row.get(1)?))
            })?;
            rows.collect()
        })
    }

    /// The write-ahead log is written back and cut to nothing; the file itself overwrites what it deletes
    /// (<https://sqlite.org/pragma.html#pragma_secure_delete>). What the disk keeps below the file system
    /// is out of reach.
    fn scrub(&self) -> Result<(), StoreError> {
        self.database.check_writable()?;
        let connection = self.database.connection();
        let is_busy: i64 = connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(of_sqlite)?;
        if is_busy == 0 { Ok(()) } else { Err(StoreError::Busy) }
    }
}

impl fmt::Debug for SqliteSubjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSubjects")
            .field("read_only", &self.database.is_read_only())
            .finish_non_exhaustive()
    }
}
