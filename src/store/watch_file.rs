//! What the watch counts, in a file that processes share: every step is one transaction.
//!
//! Not synced at each step: it is kept when a process dies, and the last moments may go when the
//! power fails. Nothing rests on them: the audit log, which is synced, holds every look.

use core::fmt;
use std::path::Path;

use rusqlite::{OptionalExtension, params};

use super::SqliteOptions;
use super::sqlite::{Database, FileKind};
use crate::error::StoreError;
use crate::oversight::watch::{Change, WatchKey, WatchStore};

const KIND: FileKind = FileKind {
    name: "watch.sqlite3",
    application_id: 0x4350_4e57, // "CPNW"
    schema: "
        CREATE TABLE entries (
            key   BLOB PRIMARY KEY CHECK (length(key) = 32),
            entry BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;",
    is_synced: false,
};

/// The watch of one folder.
pub(super) struct WatchFile {
    database: Database,
}

impl WatchFile {
    pub(super) fn open(folder: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(folder, &KIND, options)? })
    }
}

impl WatchStore for WatchFile {
    fn update(&self, keys: &[WatchKey], change: &mut Change<'_>) -> Result<(), StoreError> {
        self.database.write(|connection| {
            let mut select = connection.prepare_cached("SELECT entry FROM entries WHERE key = ?1")?;
            let before = keys
                .iter()
                .map(|key| select.query_row([key.as_bytes()], |row| row.get(0)).optional())
                .collect::<Result<Vec<Option<Vec<u8>>>, _>>()?;
            let mut after = before.clone();
            if let Err(refused) = change(&mut after) {
                return Ok(Err(refused));
            }
            for ((key, before), after) in keys.iter().zip(before).zip(after) {
                match after {
                    Some(entry) if before.as_ref() != Some(&entry) => {
                        let mut keep = connection
                            .prepare_cached("INSERT OR REPLACE INTO entries (key, entry) VALUES (?1, ?2)")?;
                        keep.execute(params![key.as_bytes(), entry])?;
                    }
                    None if before.is_some() => {
                        let mut forget = connection.prepare_cached("DELETE FROM entries WHERE key = ?1")?;
                        forget.execute([key.as_bytes()])?;
                    }
                    Some(_) | None => {}
                }
            }
            Ok(Ok(()))
        })?
    }
}

impl fmt::Debug for WatchFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchFile").field("read_only", &self.database.is_read_only()).finish_non_exhaustive()
    }
}
