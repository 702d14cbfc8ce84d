//! The audit log in a file: `docs/spec/audit-log-v1.md`, "Files".

use core::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension, Row, params};

use super::folder;
use super::sqlite::{Database, FileKind, of_sqlite};
use super::{SetAside, SqliteOptions};
use crate::audit::{
    About, AuditStore, Classes, Columns, ColumnsRef, EntryRef, LogId, Lookup, Place, StoredCheckpoint,
    StoredEntry, StoredHead,
};
use crate::error::StoreError;
use crate::vocabulary::{AgentId, EmployerId, EventKind, SiteId, Timestamp, unhex16};

const KIND: FileKind = FileKind {
    name: "audit.sqlite3",
    application_id: 0x4350_4e41, // "CPNA"
    schema: "
        CREATE TABLE entries (
            idx   INTEGER PRIMARY KEY CHECK (idx >= 0),
            event BLOB NOT NULL,
            leaf  BLOB NOT NULL CHECK (length(leaf) = 32),
            link  BLOB NOT NULL CHECK (length(link) = 32),
            subtrees BLOB NOT NULL CHECK (length(subtrees) % 32 = 0)
        ) STRICT;
        CREATE TABLE columns (
            idx         INTEGER PRIMARY KEY CHECK (idx >= 0),
            time        INTEGER NOT NULL CHECK (time >= 0),
            kind        INTEGER NOT NULL,
            agent       TEXT,
            employer    TEXT,
            site        TEXT,
            account     BLOB CHECK (length(account) = 32),
            interaction BLOB NOT NULL CHECK (length(interaction) = 16),
            key_version INTEGER NOT NULL,
            classes     BLOB NOT NULL CHECK (length(classes) = 20)
        ) STRICT;
        CREATE INDEX columns_time ON columns (time);
        CREATE INDEX columns_account ON columns (account, time) WHERE account IS NOT NULL;
        CREATE INDEX columns_agent ON columns (agent, time) WHERE agent IS NOT NULL;
        CREATE TABLE head (
            one      INTEGER PRIMARY KEY CHECK (one = 1),
            size     INTEGER NOT NULL CHECK (size >= 0),
            root     BLOB NOT NULL CHECK (length(root) = 32),
            link     BLOB NOT NULL CHECK (length(link) = 32),
            frontier BLOB NOT NULL CHECK (length(frontier) % 32 = 0),
            mac      BLOB NOT NULL CHECK (length(mac) = 32)
        ) STRICT;
        CREATE TABLE checkpoints (
            size INTEGER PRIMARY KEY CHECK (size > 0),
            note TEXT NOT NULL
        ) STRICT;",
    is_synced: true,
};
const LOCK: &str = "audit.lock";
const ANCHOR: &str = "audit.anchor";
const ANCHOR_LABEL: &str = "cpni-guard audit anchor v1";

/// The columns of a row of the index behind its number.
macro_rules! row {
    () => {
        "time, kind, agent, employer, site, account, interaction, key_version, classes"
    };
}

/// The columns of a row of the index.
macro_rules! columns {
    () => {
        concat!("columns.idx, ", row!())
    };
}

/// The columns of an event with its row.
macro_rules! entry {
    () => {
        concat!("entries.idx, event, leaf, link, subtrees, ", columns!())
    };
}

/// The events of a question, in the order of time. `CROSS JOIN` (<https://sqlite.org/lang_select.html>):
/// the index is read first, and an event only where its row matches. The first 16 bytes of
/// `classes` say what was given out.
macro_rules! look_up {
    ($about:literal) => {
        concat!(
            "SELECT ",
            entry!(),
            " FROM columns CROSS JOIN entries ON entries.idx = columns.idx
             WHERE ",
            $about,
            "(time, columns.idx) > (?1, ?2) AND time <= ?3
             AND (NOT ?4 OR substr(classes, 1, 16) <> zeroblob(16))
             ORDER BY time, columns.idx LIMIT ?5"
        )
    };
}

pub(super) fn look_up_sql(about: &About) -> &'static str {
    match about {
        About::Anything => look_up!(""),
        About::Account(_) => look_up!("account = ?6 AND "),
        About::Agent(_) => look_up!("agent = ?6 AND "),
    }
}

/// The log of one folder.
pub(super) struct AuditFile {
    folder: PathBuf,
    database: Database,
    /// Held while this is the writer; `None`: read-only.
    lock: Option<File>,
}

impl AuditFile {
    pub(super) fn open(folder: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        let lock = if options.read_only { None } else { Some(take_lock(folder)?) };
        let database = Database::open(folder, &KIND, options)?;
        if let Some(max) = options.max_audit_bytes {
            let connection = database.connection();
            let page: u32 =
                connection.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(of_sqlite)?;
            // SQLite reads 0 as "no change", and keeps more pages than the limit if there are more.
            let pages = max.checked_div(page.into()).unwrap_or(0).clamp(1, MAX_PAGES);
            connection
                .pragma_update_and_check(None, "max_page_count", pages.cast_signed(), |_| Ok(()))
                .map_err(of_sqlite)?;
        }
        Ok(Self { folder: folder.to_path_buf(), database, lock })
    }
}

/// Moves the files of the log away. The anchor goes last: while it is there, no new log begins.
pub(super) fn set_aside(folder: &Path) -> Result<SetAside, StoreError> {
    let lock = take_lock(folder)?;
    let log = folder::read_file(folder, ANCHOR)?.as_deref().and_then(anchor_of);
    let aside = folder::create_next(folder, "refused-")?;
    for suffix in ["", "-wal", "-shm"] {
        folder::move_file(folder, &format!("{}{suffix}", KIND.name), &aside)?;
    }
    folder::move_file(folder, ANCHOR, &aside)?;
    drop(lock);
    Ok(SetAside { folder: aside, log })
}

#[cfg(test)]
impl AuditFile {
    pub(super) fn open_for_testing(folder: &Path) -> std::sync::Arc<Self> {
        folder::create(folder).unwrap();
        std::sync::Arc::new(Self::open(folder, &super::SqliteStore::options()).unwrap())
    }

    /// A setting of the connection, as text.
    pub(super) fn pragma_for_testing(&self, name: &str) -> String {
        let query = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        self.database.connection().query_row(&query, [], |row| row.get(0)).unwrap()
    }

    /// Makes SQLite refuse writes, as it does on a file system that turned read-only.
    pub(super) fn set_query_only_for_testing(&self, on: bool) {
        self.database.connection().pragma_update(None, "query_only", on).unwrap();
    }
}

/// SQLite's own limit of pages.
const MAX_PAGES: u64 = 4_294_967_294;

fn take_lock(folder: &Path) -> Result<File, StoreError> {
    let file = folder::create_file(folder, LOCK)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::AnotherWriter),
        Err(TryLockError::Error(error)) => Err(folder::of_io(&error)),
    }
}

impl AuditStore for AuditFile {
    fn head(&self) -> Result<Option<StoredHead>, StoreError> {
        let connection = self.database.connection();
        let mut query = connection
            .prepare_cached("SELECT size, root, link, frontier, mac FROM head WHERE one = 1")
            .map_err(of_sqlite)?;
        query.query_row([], head_of).optional().map_err(of_sqlite)
    }

    fn append(&self, entries: &[StoredEntry], head: &StoredHead) -> Result<(), StoreError> {
        if self.lock.is_none() {
            return Err(StoreError::ReadOnly);
        }
        let size = stored(head.size)?;
        self.database.write(|connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO entries (idx, event, leaf, link, subtrees) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let mut index_row = connection.prepare_cached(
                "INSERT INTO columns (idx, time, kind, agent, employer, site, account, interaction, key_version, classes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?;
            for entry in entries {
                // INVARIANT: below the head's size, which fits.
                let index = entry.index.cast_signed();
                let subtrees = entry.subtrees.as_flattened();
                insert.execute(params![index, entry.event, entry.leaf, entry.link, subtrees])?;
                if let Some(columns) = &entry.columns {
                    index_row.execute(params![
                        index,
                        // INVARIANT: at most `Columns::LAST_TIME`.
                        columns.time.as_micros().cast_signed(),
                        columns.kind.code(),
                        columns.agent.as_ref().map(AgentId::as_str),
                        columns.employer.as_ref().map(EmployerId::as_str),
                        columns.site.as_ref().map(SiteId::as_str),
                        columns.account,
                        columns.interaction,
                        columns.key_version,
                        columns.classes.to_bytes(),
                    ])?;
                }
            }
            let mut replace = connection.prepare_cached(
                "INSERT OR REPLACE INTO head (one, size, root, link, frontier, mac)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            )?;
            replace.execute(params![size, head.root, head.link, head.frontier.as_flattened(), head.mac])?;
            Ok(())
        })
    }

    fn read(&self, from: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let Ok(from) = i64::try_from(from) else { return Ok(Vec::new()) };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let connection = self.database.connection();
        let mut query = connection
            .prepare_cached(concat!(
                "SELECT ",
                entry!(),
                " FROM entries LEFT JOIN columns ON columns.idx = entries.idx
                 WHERE entries.idx >= ?1 ORDER BY entries.idx LIMIT ?2"
            ))
            .map_err(of_sqlite)?;
        let entries = query.query_map(params![from, limit], entry_of).map_err(of_sqlite)?;
        page_of(entries)
    }

    fn show(&self, from: u64, limit: usize, each: &mut dyn FnMut(&EntryRef<'_>)) -> Result<(), StoreError> {
        let Ok(from) = i64::try_from(from) else { return Ok(()) };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let connection = self.database.connection();
        let mut query = connection
            .prepare_cached(concat!(
                "SELECT entries.idx, event, leaf, ",
                row!(),
                " FROM entries LEFT JOIN columns ON columns.idx = entries.idx
                 WHERE entries.idx >= ?1 ORDER BY entries.idx LIMIT ?2"
            ))
            .map_err(of_sqlite)?;
        let mut rows = query.query(params![from, limit]).map_err(of_sqlite)?;
        let mut bytes = 0;
        while let Some(row) = rows.next().map_err(of_sqlite)? {
            let blob = |column| row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from);
            let event = blob(1).map_err(of_sqlite)?;
            let leaf = blob(2).map_err(of_sqlite)?.try_into().map_err(|_| StoreError::Damaged)?;
            let index = number(row, 0).map_err(of_sqlite)?;
            each(&EntryRef { index, event, leaf, columns: columns_ref(row, index, 3) });
            // As in a page: an append waits no longer than for these.
            bytes += event.len();
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        Ok(())
    }

    fn columns(&self, from: u64, limit: usize) -> Result<Vec<Columns>, StoreError> {
        let Ok(from) = i64::try_from(from) else { return Ok(Vec::new()) };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let connection = self.database.connection();
        let mut query = connection
            .prepare_cached(concat!(
                "SELECT ",
                columns!(),
                " FROM columns WHERE idx >= ?1 ORDER BY idx LIMIT ?2"
            ))
            .map_err(of_sqlite)?;
        let mut rows = query.query(params![from, limit]).map_err(of_sqlite)?;
        let mut columns = Vec::new();
        while let Some(row) = rows.next().map_err(of_sqlite)? {
            columns.extend(columns_of(row, 0));
        }
        Ok(columns)
    }

    fn look_up(
        &self,
        lookup: &Lookup,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let Some(last) = lookup.time.end.as_micros().checked_sub(1) else { return Ok(Vec::new()) };
        let (first, behind) = after.map_or((lookup.time.start, -1), |(time, index)| {
            (time, i64::try_from(index).unwrap_or(i64::MAX))
        });
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let connection = self.database.connection();
        let mut query = connection.prepare_cached(look_up_sql(&lookup.about)).map_err(of_sqlite)?;
        let (first, last) = (clamped(first.as_micros()), clamped(last));
        let rest = params![first, behind, last, lookup.given, limit];
        let entries = match &lookup.about {
            About::Anything => query.query_map(rest, entry_of),
            About::Account(account) => {
                query.query_map(params![first, behind, last, lookup.given, limit, account], entry_of)
            }
            About::Agent(agent) => {
                query.query_map(params![first, behind, last, lookup.given, limit, agent.as_str()], entry_of)
            }
        };
        page_of(entries.map_err(of_sqlite)?)
    }

    fn end(&self) -> Result<u64, StoreError> {
        let connection = self.database.connection();
        let mut query = connection.prepare_cached("SELECT max(idx) FROM entries").map_err(of_sqlite)?;
        let last: Option<i64> = query.query_row([], |row| row.get(0)).map_err(of_sqlite)?;
        last.map_or(Ok(0), |last| {
            u64::try_from(last).map(|last| last.saturating_add(1)).map_err(|_| StoreError::Damaged)
        })
    }

    fn anchor(&self) -> Result<Option<LogId>, StoreError> {
        let content = folder::read_file(&self.folder, ANCHOR)?;
        content.map(|content| anchor_of(&content).ok_or(StoreError::Damaged)).transpose()
    }

    fn set_anchor(&self, log: LogId) -> Result<(), StoreError> {
        if self.lock.is_none() {
            return Err(StoreError::ReadOnly);
        }
        folder::write_file(&self.folder, ANCHOR, format!("{ANCHOR_LABEL}\n{log}\n").as_bytes())
    }

    fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        let connection = self.database.connection();
        let mut query = connection
            .prepare_cached("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1")
            .map_err(of_sqlite)?;
        let last =
            query.query_row([], |row| Ok(StoredCheckpoint { size: number(row, 0)?, note: row.get(1)? }));
        last.optional().map_err(of_sqlite)
    }

    fn add_checkpoint(&self, checkpoint: &StoredCheckpoint) -> Result<(), StoreError> {
        if self.lock.is_none() {
            return Err(StoreError::ReadOnly);
        }
        let size = stored(checkpoint.size)?;
        self.database.write(|connection| {
            let mut insert = connection
                .prepare_cached("INSERT OR IGNORE INTO checkpoints (size, note) VALUES (?1, ?2)")?;
            insert.execute(params![size, checkpoint.note]).map(|_| ())
        })
    }
}

impl fmt::Debug for AuditFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditFile").field("read_only", &self.lock.is_none()).finish_non_exhaustive()
    }
}

/// SQLite's numbers are signed.
fn stored(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Full)
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn head_of(row: &Row<'_>) -> rusqlite::Result<StoredHead> {
    Ok(StoredHead {
        size: number(row, 0)?,
        root: row.get(1)?,
        link: row.get(2)?,
        frontier: hashes(row, 3)?,
        mac: row.get(4)?,
    })
}

/// Hashes, one behind the other. A rest that is no whole hash is left out: what is read here is
/// compared with hashes that are computed, and their number is fixed.
fn hashes(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<[u8; 32]>> {
    let bytes: Vec<u8> = row.get(column)?;
    Ok(bytes.as_chunks::<32>().0.to_vec())
}

fn entry_of(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
    Ok(StoredEntry {
        index: number(row, 0)?,
        event: row.get(1)?,
        leaf: row.get(2)?,
        link: row.get(3)?,
        subtrees: hashes(row, 4)?,
        columns: columns_of(row, 5),
    })
}

/// Events of a page, in bytes: one more is read where they are fewer.
const PAGE_BYTES: usize = 1024 * 1024;

fn page_of(
    entries: impl Iterator<Item = rusqlite::Result<StoredEntry>>,
) -> Result<Vec<StoredEntry>, StoreError> {
    let (mut page, mut bytes) = (Vec::new(), 0);
    for entry in entries {
        let entry = entry.map_err(of_sqlite)?;
        bytes += entry.event.len();
        page.push(entry);
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(page)
}

/// A row of the index; `None` if there is none, or it is not one.
fn columns_of(row: &Row<'_>, first: usize) -> Option<Columns> {
    let stored = columns_ref(row, number(row, first).ok()?, first + 1)?;
    Some(Columns {
        index: stored.index,
        time: stored.time,
        kind: stored.kind,
        agent: stored.agent.map(AgentId::new).transpose().ok()?,
        employer: stored.employer.map(EmployerId::new).transpose().ok()?,
        site: stored.site.map(SiteId::new).transpose().ok()?,
        account: stored.account.copied(),
        interaction: *stored.interaction,
        key_version: stored.key_version,
        classes: stored.classes,
    })
}

/// The same where it lies, behind its number. Its ids are not checked: who takes this compares them.
fn columns_ref<'a>(row: &'a Row<'_>, index: u64, first: usize) -> Option<ColumnsRef<'a>> {
    let value = |column: usize| row.get_ref(first + column).ok();
    let text = |column| value(column)?.as_str_or_null().ok();
    Some(ColumnsRef {
        index,
        // NULL where there is no row.
        time: Timestamp::from_micros(number(row, first).ok()?),
        kind: EventKind::from_code(u8::try_from(value(1)?.as_i64().ok()?).ok()?)?,
        agent: text(2)?,
        employer: text(3)?,
        site: text(4)?,
        account: value(5)?.as_blob_or_null().ok()?.map(<&[u8; 32]>::try_from).transpose().ok()?,
        interaction: value(6)?.as_blob().ok()?.try_into().ok()?,
        key_version: u32::try_from(value(7)?.as_i64().ok()?).ok()?,
        classes: Classes::from_bytes(value(8)?.as_blob().ok()?.try_into().ok()?)?,
    })
}

/// SQLite's numbers are signed; no stored time is larger than these.
fn clamped(micros: u64) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX)
}

fn anchor_of(content: &[u8]) -> Option<LogId> {
    let digits = core::str::from_utf8(content).ok()?.strip_prefix(ANCHOR_LABEL)?.strip_prefix('\n')?;
    unhex16(digits.strip_suffix('\n')?).map(LogId::from_bytes)
}
