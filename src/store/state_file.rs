//! The state of accounts in a file that processes share: every change is one transaction.

use core::fmt;
use std::path::Path;

use rusqlite::{OptionalExtension, params};

use super::SqliteOptions;
use super::sqlite::{Database, FileKind, of_sqlite};
use crate::error::StoreError;
use crate::interaction::accounts::{
    AccountRef, AccountStore, AttemptLimits, AttemptState, Attempts, CounterKey, StoredHistory,
    bindings_expire_before,
};
use crate::vocabulary::Timestamp;

const KIND: FileKind = FileKind {
    name: "state.sqlite3",
    application_id: 0x4350_4e53, // "CPNS"
    schema: "
        CREATE TABLE entries (
            reference BLOB PRIMARY KEY CHECK (length(reference) = 32),
            entry     BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE events (
            number    INTEGER PRIMARY KEY,
            reference BLOB NOT NULL CHECK (length(reference) = 32),
            event     BLOB NOT NULL
        ) STRICT;
        CREATE INDEX events_of ON events (reference, number);
        CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'events are not changed'); END;
        CREATE TRIGGER events_stay BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'events are not deleted'); END;
        CREATE TABLE heads (
            reference BLOB PRIMARY KEY CHECK (length(reference) = 32),
            head      BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE attempts (
            counter      BLOB PRIMARY KEY CHECK (length(counter) = 32),
            window_start INTEGER NOT NULL,
            count        INTEGER NOT NULL CHECK (count >= 0),
            locked_until INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE bindings (
            contact BLOB PRIMARY KEY CHECK (length(contact) = 32),
            account BLOB NOT NULL CHECK (length(account) = 32),
            used    INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX bindings_used ON bindings (used);",
    is_synced: true,
};

/// The accounts of one folder.
pub(super) struct StateFile {
    database: Database,
}

impl StateFile {
    pub(super) fn open(folder: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(folder, &KIND, options)? })
    }
}

impl AccountStore for StateFile {
    fn entry(&self, of: &AccountRef) -> Result<Option<Vec<u8>>, StoreError> {
        let connection = self.database.connection();
        let mut query =
            connection.prepare_cached("SELECT entry FROM entries WHERE reference = ?1").map_err(of_sqlite)?;
        query.query_row([of.as_bytes()], |row| row.get(0)).optional().map_err(of_sqlite)
    }

    fn set_entry(&self, of: &AccountRef, entry: &[u8]) -> Result<(), StoreError> {
        self.database.write(|connection| {
            let mut replace = connection
                .prepare_cached("INSERT OR REPLACE INTO entries (reference, entry) VALUES (?1, ?2)")?;
            replace.execute(params![of.as_bytes(), entry]).map(|_| ())
        })
    }

    fn take_entry(&self, of: &AccountRef) -> Result<Option<Vec<u8>>, StoreError> {
        self.database.write(|connection| {
            let mut take =
                connection.prepare_cached("DELETE FROM entries WHERE reference = ?1 RETURNING entry")?;
            take.query_row([of.as_bytes()], |row| row.get(0)).optional()
        })
    }

    fn swap_entry(&self, of: &AccountRef, old: &[u8], new: Option<&[u8]>) -> Result<bool, StoreError> {
        self.database.write(|connection| {
            let changed = match new {
                Some(new) => connection
                    .prepare_cached("UPDATE entries SET entry = ?3 WHERE reference = ?1 AND entry = ?2")?
                    .execute(params![of.as_bytes(), old, new])?,
                None => connection
                    .prepare_cached("DELETE FROM entries WHERE reference = ?1 AND entry = ?2")?
                    .execute(params![of.as_bytes(), old])?,
            };
            Ok(changed == 1)
        })
    }

    fn entries_after(
        &self,
        after: Option<&AccountRef>,
        limit: usize,
    ) -> Result<Vec<(AccountRef, Vec<u8>)>, StoreError> {
        let connection = self.database.connection();
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut query = connection.prepare_cached(
                "SELECT reference, entry FROM entries WHERE reference > ?1 ORDER BY reference LIMIT ?2",
            )?;
            // Shorter than every reference, and before all of them.
            let after = after.map_or(&[][..], |after| after.as_bytes());
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = query.query_map(params![after, limit], |row| {
                Ok((AccountRef::from_pseudonym(row.get(0)?), row.get(1)?))
            })?;
            rows.collect()
        };
        read().map_err(of_sqlite)
    }

    fn append_event(
        &self,
        of: &AccountRef,
        len: usize,
        event: &[u8],
        head: &[u8],
    ) -> Result<bool, StoreError> {
        self.database.write(|connection| {
            let mut count = connection.prepare_cached("SELECT count(*) FROM events WHERE reference = ?1")?;
            let stored: i64 = count.query_row([of.as_bytes()], |row| row.get(0))?;
            if usize::try_from(stored) != Ok(len) {
                return Ok(false);
            }
            let mut append =
                connection.prepare_cached("INSERT INTO events (reference, event) VALUES (?1, ?2)")?;
            append.execute(params![of.as_bytes(), event])?;
            let mut replace = connection
                .prepare_cached("INSERT OR REPLACE INTO heads (reference, head) VALUES (?1, ?2)")?;
            replace.execute(params![of.as_bytes(), head])?;
            Ok(true)
        })
    }

    fn history(&self, of: &AccountRef) -> Result<StoredHistory, StoreError> {
        let mut connection = self.database.connection();
        // In one transaction: between two, somebody else could add an event.
        let transaction = connection.transaction().map_err(of_sqlite)?;
        let read = |connection: &rusqlite::Connection| {
            let mut query = connection.prepare_cached("SELECT head FROM heads WHERE reference = ?1")?;
            let head = query.query_row([of.as_bytes()], |row| row.get(0)).optional()?;
            let mut query =
                connection.prepare_cached("SELECT event FROM events WHERE reference = ?1 ORDER BY number")?;
            let events = query.query_map([of.as_bytes()], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(StoredHistory { events, head })
        };
        read(&transaction).map_err(of_sqlite)
    }

    fn count_attempt(
        &self,
        counter: &CounterKey,
        now: Timestamp,
        limits: &AttemptLimits,
    ) -> Result<AttemptState, StoreError> {
        self.database.write(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT window_start, count, locked_until FROM attempts WHERE counter = ?1",
            )?;
            let before = query.query_row([counter.as_bytes()], |row| {
                let locked_until: Option<i64> = row.get(2)?;
                Ok(Attempts {
                    window_start: read_time(row.get(0)?),
                    count: row.get(1)?,
                    locked_until: locked_until.map(read_time),
                })
            });
            let (after, state) = Attempts::next(before.optional()?, now, limits);
            let mut replace = connection.prepare_cached(
                "INSERT OR REPLACE INTO attempts (counter, window_start, count, locked_until)
                 VALUES (?1, ?2, ?3, ?4)",
            )?;
            replace.execute(params![
                counter.as_bytes(),
                stored_time(after.window_start),
                after.count,
                after.locked_until.map(stored_time),
            ])?;
            Ok(state)
        })
    }

    fn clear_attempts(&self, counter: &CounterKey) -> Result<(), StoreError> {
        self.database.write(|connection| {
            let mut delete = connection.prepare_cached("DELETE FROM attempts WHERE counter = ?1")?;
            delete.execute([counter.as_bytes()]).map(|_| ())
        })
    }

    fn bind_contact(
        &self,
        contact: &[u8; 32],
        account: &AccountRef,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.database.write(|connection| {
            if let Some(limit) = bindings_expire_before(now) {
                let mut prune = connection.prepare_cached("DELETE FROM bindings WHERE used < ?1")?;
                prune.execute([stored_time(limit)])?;
            }
            // The first account stays; only its own use keeps the binding alive.
            let mut bind = connection.prepare_cached(
                "INSERT INTO bindings (contact, account, used) VALUES (?1, ?2, ?3)
                 ON CONFLICT (contact) DO UPDATE SET used = max(used, excluded.used)
                 WHERE account = excluded.account",
            )?;
            let bound = bind.execute(params![contact, account.as_bytes(), stored_time(now)])?;
            Ok(bound == 1)
        })
    }
}

impl fmt::Debug for StateFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateFile").field("read_only", &self.database.is_read_only()).finish_non_exhaustive()
    }
}

/// SQLite's numbers are signed: a time past the year 290000 is the last one that it can hold.
pub(super) fn stored_time(time: Timestamp) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// A negative time was not written by this library; the latest time keeps what it guards shut.
pub(super) fn read_time(stored: i64) -> Timestamp {
    Timestamp::from_micros(u64::try_from(stored).unwrap_or(u64::MAX))
}
