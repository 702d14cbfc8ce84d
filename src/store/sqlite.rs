//! What the files have in common: how they are opened and checked, and what SQLite's errors mean.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, ffi};

use super::SqliteOptions;
use crate::error::StoreError;

/// The version of each schema (`user_version`).
const FORMAT: u32 = 1;

/// One of the store's files.
pub(super) struct FileKind {
    pub(super) name: &'static str,
    pub(super) application_id: u32,
    pub(super) schema: &'static str,
    /// Whether a change is on stable storage when it is done (`synchronous=FULL`), or only safe from a
    /// crash of the process (`NORMAL`: <https://sqlite.org/pragma.html#pragma_synchronous>).
    pub(super) is_synced: bool,
}

/// An open file. One connection: its threads take turns, as SQLite's writers would anyway.
pub(super) struct Database {
    connection: Mutex<Connection>,
    read_only: bool,
}

impl Database {
    /// Opens, and where it is empty makes, the file.
    pub(super) fn open(folder: &Path, kind: &FileKind, options: &SqliteOptions) -> Result<Self, StoreError> {
        let access = if options.read_only {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            // SQLite gives its own files beside this one the mode of this one.
            drop(super::folder::create_file(folder, kind.name)?);
            OpenFlags::SQLITE_OPEN_READ_WRITE
        };
        let mut connection =
            Connection::open_with_flags(folder.join(kind.name), access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .map_err(of_sqlite)?;
        connection.busy_timeout(options.busy_timeout).map_err(of_sqlite)?;
        check_format(&mut connection, kind, options.read_only).map_err(of_refused)?;
        Ok(Self { connection: Mutex::new(connection), read_only: options.read_only })
    }

    /// INVARIANT: a panic drops the transaction that was open, which rolls it back.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) const fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Fails with [`StoreError::ReadOnly`] where the store only looks.
    pub(super) const fn check_writable(&self) -> Result<(), StoreError> {
        if self.read_only { Err(StoreError::ReadOnly) } else { Ok(()) }
    }

    /// Runs `work` outside a transaction of its own.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        work(&self.connection()).map_err(of_sqlite)
    }

    /// Runs `work` in a transaction that holds the write lock from its beginning, unless the store only looks.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        self.check_writable()?;
        let mut connection = self.connection();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of_sqlite)?;
        let done = work(&transaction).map_err(of_sqlite)?;
        transaction.commit().map_err(of_sqlite)?;
        Ok(done)
    }
}

enum Refused {
    Sqlite(rusqlite::Error),
    Format(u32),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn of_refused(refused: Refused) -> StoreError {
    match refused {
        Refused::Sqlite(error) => of_sqlite(error),
        Refused::Format(found) => StoreError::Format { found, known: FORMAT },
    }
}

/// Makes the schema in an empty file; refuses a file that is not of this kind and version.
fn check_format(connection: &mut Connection, kind: &FileKind, read_only: bool) -> Result<(), Refused> {
    if !read_only {
        // Before anything is made: somebody else's file is not even switched to WAL.
        if is_empty(connection)? {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another process may have been faster.
            if is_empty(&transaction)? {
                transaction.execute_batch(kind.schema)?;
                transaction.pragma_update(None, "application_id", kind.application_id)?;
                transaction.pragma_update(None, "user_version", FORMAT)?;
            }
            transaction.commit()?;
        }
    }
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
    if number("application_id")? != kind.application_id {
        return Err(Refused::Format(0));
    }
    match number("user_version")? {
        FORMAT => {}
        found => return Err(Refused::Format(found)),
    }
    // INVARIANT: these two are of the connection, not of the file, but for WAL.
    connection.pragma_update(None, "synchronous", if kind.is_synced { "FULL" } else { "NORMAL" })?;
    connection.pragma_update(None, "trusted_schema", false)?;
    if !read_only {
        connection.pragma_update(None, "secure_delete", true)?;
    }
    Ok(())
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(tables == 0 && id == 0 && version == 0)
}

/// Which of our causes a failure of SQLite is (<https://sqlite.org/rescode.html>).
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
pub(super) fn of_sqlite(error: rusqlite::Error) -> StoreError {
    // What is not SQLite's own failure is a row that is missing or has other types: a damaged file.
    let Some(code) = error.sqlite_error().map(|error| error.extended_code & 0xff) else {
        return StoreError::Damaged;
    };
    match code {
        ffi::SQLITE_FULL | ffi::SQLITE_TOOBIG => StoreError::Full,
        ffi::SQLITE_READONLY => StoreError::ReadOnly,
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => StoreError::Busy,
        ffi::SQLITE_CANTOPEN | ffi::SQLITE_PERM | ffi::SQLITE_AUTH => StoreError::Open,
        ffi::SQLITE_CORRUPT
        | ffi::SQLITE_NOTADB
        | ffi::SQLITE_FORMAT
        | ffi::SQLITE_SCHEMA
        | ffi::SQLITE_ERROR
        | ffi::SQLITE_CONSTRAINT
        | ffi::SQLITE_MISMATCH => StoreError::Damaged,
        _ => StoreError::Io,
    }
}
