//! The queue of notices in a file that processes share: every change is one transaction
//! (`docs/spec/notice-queue-v1.md`).

use core::fmt;
use std::path::Path;

use rusqlite::{OptionalExtension, Row, params};

use super::SqliteOptions;
use super::sqlite::{Database, FileKind, of_sqlite};
use super::state_file::stored_time;
use crate::error::StoreError;
use crate::interaction::{NoticeId, NoticeStore, StoredNotice};
use crate::vocabulary::Timestamp;

const KIND: FileKind = FileKind {
    name: "notices.sqlite3",
    application_id: 0x4350_4e4e, // "CPNN"
    schema: "
        CREATE TABLE notices (
            number   INTEGER PRIMARY KEY,
            id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
            entry    BLOB NOT NULL,
            attempts INTEGER NOT NULL CHECK (attempts >= 0),
            since    INTEGER NOT NULL CHECK (since >= 0),
            due      INTEGER NOT NULL CHECK (due >= since)
        ) STRICT;
        CREATE INDEX notices_due ON notices (due, number);
        CREATE INDEX notices_since ON notices (since);",
    is_synced: true,
};

/// The notices of one folder.
pub(super) struct NoticeFile {
    database: Database,
}

impl NoticeFile {
    pub(super) fn open(folder: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(folder, &KIND, options)? })
    }
}

impl NoticeStore for NoticeFile {
    fn push(&self, id: &NoticeId, entry: &[u8], now: Timestamp, max: usize) -> Result<(), StoreError> {
        let added = self.database.write(|connection| {
            let mut push = connection.prepare_cached(
                "INSERT INTO notices (id, entry, attempts, since, due) SELECT ?1, ?2, 0, ?3, ?3
                 WHERE (SELECT count(*) FROM notices) < ?4",
            )?;
            push.execute(params![id.as_bytes(), entry, stored_time(now), stored_count(max)])
        })?;
        if added == 1 { Ok(()) } else { Err(StoreError::Full) }
    }

    fn claim(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<StoredNotice>, StoreError> {
        self.database.write(|connection| {
            let mut begin_anew = connection
                .prepare_cached("UPDATE notices SET due = ?1 + (due - since), since = ?1 WHERE since > ?1")?;
            begin_anew.execute([stored_time(now)])?;
            let mut query = connection.prepare_cached(
                "SELECT id, entry, attempts FROM notices WHERE due <= ?1 ORDER BY due, number LIMIT ?2",
            )?;
            let due = query.query_map(params![stored_time(now), stored_count(limit)], read_notice)?;
            let mut claimed = due.collect::<Result<Vec<_>, _>>()?;
            let mut claim = connection
                .prepare_cached("UPDATE notices SET attempts = ?2, since = ?3, due = ?4 WHERE id = ?1")?;
            for notice in &mut claimed {
                notice.attempts = notice.attempts.saturating_add(1);
                let (since, due) = (stored_time(now), stored_time(until));
                claim.execute(params![notice.id.as_bytes(), notice.attempts, since, due])?;
            }
            Ok(claimed)
        })
    }

    fn get(&self, id: &NoticeId) -> Result<Option<StoredNotice>, StoreError> {
        let connection = self.database.connection();
        let mut query = connection
            .prepare_cached("SELECT id, entry, attempts FROM notices WHERE id = ?1")
            .map_err(of_sqlite)?;
        query.query_row([id.as_bytes()], read_notice).optional().map_err(of_sqlite)
    }

    fn put_off(
        &self,
        id: &NoticeId,
        attempts: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.database.write(|connection| {
            let mut put_off = connection
                .prepare_cached("UPDATE notices SET since = ?3, due = ?4 WHERE id = ?1 AND attempts = ?2")?;
            let changed =
                put_off.execute(params![id.as_bytes(), attempts, stored_time(now), stored_time(until)])?;
            Ok(changed == 1)
        })
    }

    fn remove(&self, id: &NoticeId) -> Result<bool, StoreError> {
        self.database.write(|connection| {
            let mut remove = connection.prepare_cached("DELETE FROM notices WHERE id = ?1")?;
            Ok(remove.execute([id.as_bytes()])? == 1)
        })
    }

    fn entries_after(&self, after: Option<&NoticeId>, limit: usize) -> Result<Vec<StoredNotice>, StoreError> {
        let connection = self.database.connection();
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut query = connection.prepare_cached(
                "SELECT id, entry, attempts FROM notices WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let after = after.map_or(&[][..], |after| after.as_bytes());
            query.query_map(params![after, stored_count(limit)], read_notice)?.collect()
        };
        read().map_err(of_sqlite)
    }

    fn count(&self) -> Result<usize, StoreError> {
        let connection = self.database.connection();
        let mut query = connection.prepare_cached("SELECT count(*) FROM notices").map_err(of_sqlite)?;
        let count: i64 = query.query_row([], |row| row.get(0)).map_err(of_sqlite)?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

impl fmt::Debug for NoticeFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoticeFile").field("read_only", &self.database.is_read_only()).finish_non_exhaustive()
    }
}

fn read_notice(row: &Row<'_>) -> rusqlite::Result<StoredNotice> {
    let attempts: i64 = row.get(2)?;
    Ok(StoredNotice {
        id: NoticeId::from_bytes(row.get(0)?),
        entry: row.get(1)?,
        // A number that this library did not write blocks nothing.
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
    })
}

/// SQLite's numbers are signed.
fn stored_count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
