//! The store on a real file system: limits, locks, damage, and what a second hand can do to a log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;

use super::*;
use crate::audit::tests::{account, broken, open as open_log, questions_are_answered, record_random, viewed};
use crate::audit::{AuditLog, CheckpointSink as _, Columns, LogId};
use crate::error::{AuditError, BreakKind, Error, HostError};
use crate::interaction::accounts::{AccountRef, AttemptLimits, AttemptState, CounterKey};
use crate::interaction::notice_store::tests::must_hold as notices_must_hold;
use crate::interaction::notices::tests::{NOON, account as customer, notice, queue};
use crate::interaction::{ConsentEvent, ConsentKind, ConsentState, Ledger, NOTICE_LEASE, NoticeId, Notices};
use crate::keys::{Keyring, MemoryKeys, SubjectStore as _};
use crate::oversight::watch::WatchKey;
use crate::oversight::watch::tests::must_hold as watch_must_hold;
use crate::transaction::TransactionStore;
use crate::vocabulary::{AccountId, ConsentScope, ContactPointId, FieldName, TenantId, Timestamp};

/// A folder that is not there yet, and is gone afterwards.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("cpni-guard-store-{}-{number}", process::id()));
        assert!(!folder.exists());
        Self(folder)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn open(&self) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(&self.0)
    }

    fn log(&self) -> Result<AuditLog, Error> {
        open_log(self.open()?.audit())
    }

    /// A log of so many events.
    fn filled(&self, events: u8) -> AuditLog {
        let log = self.log().unwrap();
        for number in 1..events {
            log.record(viewed(number), Some(&account(number.into()))).unwrap();
        }
        log
    }

    /// Somebody else's hand in the file.
    fn other_hand(&self, file: &str) -> Connection {
        Connection::open(self.0.join(file)).unwrap()
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn a_folder_is_opened_again_and_the_log_goes_on() {
    let folder = TemporaryFolder::new();
    let log = folder.filled(20);
    let id = log.id();
    let verified = log.verify().unwrap();
    drop(log);
    let log = folder.log().unwrap();
    assert_eq!((log.id(), log.verify()), (id, Ok(verified)));
    assert_eq!(log.record(viewed(20), None).unwrap().index(), 20);
    drop(log);
    assert_eq!(folder.log().unwrap().verify().unwrap().size(), 21);
}

#[test]
fn a_copy_taken_while_the_log_is_open_verifies() {
    // What a kill leaves behind: the file and its write-ahead log, nothing closed.
    let folder = TemporaryFolder::new();
    let copy = TemporaryFolder::new();
    let log = folder.filled(20);
    fs::create_dir(copy.path()).unwrap();
    for file in ["audit.sqlite3", "audit.sqlite3-wal", "audit.anchor"] {
        fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    assert_eq!(copy.log().unwrap().verify(), log.verify());
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TemporaryFolder::new();
    let log = folder.filled(3);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    let mut seen = 0;
    for file in fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
    drop(log);
}

#[test]
fn there_is_one_writer_and_any_number_of_readers() {
    let folder = TemporaryFolder::new();
    let log = folder.filled(5);
    assert_eq!(folder.open().err(), Some(StoreError::AnotherWriter));
    let reader = SqliteStore::options().read_only().open(folder.path()).unwrap();
    let read = open_log(reader.audit()).unwrap();
    assert_eq!(read.verify(), log.verify());
    log.record(viewed(5), None).unwrap();
    assert_eq!(read.verify().unwrap().size(), 6);
    drop(log);
    assert!(folder.open().is_ok());
}

#[test]
fn a_reader_writes_nothing() {
    let folder = TemporaryFolder::new();
    drop(folder.filled(5));
    let reader = SqliteStore::options().read_only().open(folder.path()).unwrap();
    let log = open_log(reader.audit()).unwrap();
    let not_recorded = Some(AuditError::NotRecorded(StoreError::ReadOnly));
    assert_eq!(log.record(viewed(5), None).err(), not_recorded);
    assert_eq!(log.verify().unwrap().size(), 5);
    assert_eq!(reader.audit().set_anchor(LogId::from_bytes([0; 16])), Err(StoreError::ReadOnly));
    let anybody = AccountRef::from_pseudonym([1; 32]);
    assert_eq!(reader.accounts().set_entry(&anybody, b"v"), Err(StoreError::ReadOnly));
    assert_eq!(reader.accounts().entry(&anybody), Ok(None));
    let notice = NoticeId::from_bytes([1; 16]);
    assert_eq!(reader.notices().push(&notice, b"n", NOON, 1), Err(StoreError::ReadOnly));
    assert_eq!(reader.notices().claim(NOON, NOON, 1), Err(StoreError::ReadOnly));
    assert_eq!(reader.notices().get(&notice), Ok(None));
    let nothing = TemporaryFolder::new();
    assert_eq!(SqliteStore::options().read_only().open(nothing.path()).err(), Some(StoreError::Open));
    assert!(!nothing.path().exists());
}

/// SQLite's own answer, past our check.
#[test]
fn a_file_that_turns_read_only_records_nothing_until_it_is_not() {
    let folder = TemporaryFolder::new();
    let store = AuditFile::open_for_testing(folder.path());
    let log = open_log(Arc::clone(&store) as Arc<dyn AuditStore>).unwrap();
    store.set_query_only_for_testing(true);
    let refused = log.record(viewed(1), None).err();
    assert_eq!(refused, Some(AuditError::NotRecorded(StoreError::ReadOnly)));
    store.set_query_only_for_testing(false);
    assert_eq!(log.record(viewed(1), None).unwrap().index(), 1);
    assert_eq!(log.verify().unwrap().size(), 2);
}

#[test]
fn a_full_store_records_nothing_and_goes_on_when_there_is_space() {
    let folder = TemporaryFolder::new();
    let small = SqliteStore::options().max_audit_bytes(64 * 1024).open(folder.path()).unwrap();
    let log = open_log(small.audit()).unwrap();
    drop(small);
    let mut recorded = 1;
    let cause = loop {
        match log.record(viewed(1), Some(&account(1))) {
            Ok(_) => recorded += 1,
            Err(cause) => break cause,
        }
        assert!(recorded < 1000);
    };
    assert_eq!(cause, AuditError::NotRecorded(StoreError::Full));
    assert_eq!(log.record(viewed(1), Some(&account(1))).err(), Some(cause));
    assert_eq!(log.verify().unwrap().size(), recorded);
    assert!(recorded > 20, "{recorded}");
    drop(log);
    let log = folder.log().unwrap();
    assert_eq!(log.record(viewed(1), None).unwrap().index(), recorded);
    assert_eq!(log.verify().unwrap().size(), recorded + 1);
}

#[test]
fn a_checkpoint_in_a_folder_is_never_replaced_by_an_older_or_another_one() {
    let (folder, outside) = (TemporaryFolder::new(), TemporaryFolder::new());
    let sink = CheckpointFolder::open(outside.path()).unwrap();
    let log = folder.filled(5);
    let file = outside.path().join(format!("{}.checkpoint", log.id()));
    let there = || fs::read_to_string(&file).unwrap();
    let old = log.checkpoint().unwrap();
    sink.publish(&old).unwrap();
    sink.publish(&old).unwrap();
    assert_eq!(there(), old.note());
    log.record(viewed(1), None).unwrap();
    let new = log.checkpoint().unwrap();
    sink.publish(&new).unwrap();
    assert_eq!(sink.publish(&old), Err(HostError));
    assert_eq!(there(), new.note());
    // Another tree of the same size: one of two logs is forged.
    let (_, other_root) = new.note().split_once("\n6\n").unwrap();
    let other_root = other_root.split('\n').next().unwrap();
    fs::write(&file, new.note().replace(other_root, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")).unwrap();
    assert_eq!(sink.publish(&new), Err(HostError));
    // A file that is no checkpoint of this log.
    for other in ["", "nothing of ours", &new.note().replace("audit/", "other/")] {
        fs::write(&file, other).unwrap();
        assert_eq!(sink.publish(&new), Err(HostError));
        assert_eq!(there(), other);
    }
    // Another log has a file of its own.
    let another = TemporaryFolder::new();
    sink.publish(&another.filled(1).checkpoint().unwrap()).unwrap();
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 2);
}

#[test]
fn checkpoints_are_kept_in_the_file_and_compared_when_it_is_opened() {
    let folder = TemporaryFolder::new();
    let log = folder.filled(20);
    let first = log.checkpoint().unwrap();
    log.record(viewed(1), None).unwrap();
    let last = log.checkpoint().unwrap();
    drop(log);
    let store = SqliteStore::options().read_only().open(folder.path()).unwrap();
    let reader = open_log(store.audit()).unwrap();
    assert_eq!(reader.checkpoint(), Ok(last));
    assert_eq!(reader.verify_against(&first).unwrap().anchored(), Some(20));
    drop((reader, store));
    let hand = folder.other_hand("audit.sqlite3");
    let kept: i64 = hand.query_row("SELECT count(*) FROM checkpoints", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 2);
    // The whole table of events was put back, the checkpoints were forgotten.
    hand.execute_batch("UPDATE checkpoints SET size = 22 WHERE size = 21").unwrap();
    assert_eq!(folder.log().err(), broken::<()>(22, BreakKind::Signature).err().map(Error::from));
    hand.execute_batch("UPDATE checkpoints SET size = 21 WHERE size = 22; UPDATE checkpoints SET note = 'x'")
        .unwrap();
    assert_eq!(folder.log().err(), broken::<()>(21, BreakKind::Signature).err().map(Error::from));
    hand.execute_batch("DELETE FROM checkpoints").unwrap();
    assert_eq!(folder.log().unwrap().verify().unwrap().size(), 21);
}

#[test]
fn a_refused_log_is_set_aside_whole_and_another_begins_only_then() {
    let folder = TemporaryFolder::new();
    let log = folder.filled(20);
    let id = log.id();
    assert_eq!(SqliteStore::set_aside(folder.path()), Err(StoreError::AnotherWriter));
    drop(log);
    // A tail that was cut, and a file that was emptied: refused both times, and not begun anew.
    folder.other_hand("audit.sqlite3").execute_batch("DELETE FROM entries WHERE idx >= 12").unwrap();
    assert_eq!(folder.log().err(), broken::<()>(12, BreakKind::Truncation).err().map(Error::from));
    let bytes = fs::read(folder.path().join("audit.sqlite3")).unwrap();
    let aside = SqliteStore::set_aside(folder.path()).unwrap();
    assert_eq!((aside.folder.clone(), aside.log), (folder.path().join("refused-1"), Some(id)));
    assert_eq!(fs::read(aside.folder.join("audit.sqlite3")).unwrap(), bytes);
    let log = folder.filled(5);
    assert_ne!(log.id(), id);
    assert_eq!(log.verify().unwrap().size(), 5);
    let id = log.id();
    drop(log);
    fs::write(folder.path().join("audit.sqlite3"), "").unwrap();
    assert_eq!(folder.log().err(), broken::<()>(0, BreakKind::Truncation).err().map(Error::from));
    // Interrupted before the anchor went: still refused; called again, the rest goes.
    fs::remove_file(folder.path().join("audit.sqlite3")).unwrap();
    assert_eq!(folder.log().err(), broken::<()>(0, BreakKind::Truncation).err().map(Error::from));
    let aside = SqliteStore::set_aside(folder.path()).unwrap();
    assert_eq!((aside.folder, aside.log), (folder.path().join("refused-2"), Some(id)));
    assert_eq!(folder.log().unwrap().verify().unwrap().size(), 1);
}

#[test]
fn a_busy_store_records_nothing_and_goes_on_when_it_is_free() {
    let folder = TemporaryFolder::new();
    let impatient = SqliteStore::options().busy_timeout(Duration::from_millis(20)).open(folder.path());
    let store = impatient.unwrap();
    let log = open_log(store.audit()).unwrap();
    let (audit, state) = (folder.other_hand("audit.sqlite3"), folder.other_hand("state.sqlite3"));
    audit.execute_batch("BEGIN IMMEDIATE").unwrap();
    state.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(log.record(viewed(1), None).err(), Some(AuditError::NotRecorded(StoreError::Busy)));
    let limits = AttemptLimits { max: 1, window: Duration::from_secs(1), lock: Duration::from_secs(1) };
    let counter = CounterKey::from_pseudonym([1; 32]);
    let count = || store.accounts().count_attempt(&counter, Timestamp::from_secs(1), &limits);
    assert_eq!(count(), Err(StoreError::Busy));
    drop((audit, state));
    assert_eq!(count(), Ok(AttemptState::Allowed { left: 0 }));
    assert_eq!(log.record(viewed(1), None).unwrap().index(), 1);
    assert_eq!(log.verify().unwrap().size(), 2);
}

#[test]
fn files_of_others_are_refused_and_not_changed() {
    let refused = |prepare: &dyn Fn(&Connection), found| {
        let folder = TemporaryFolder::new();
        fs::create_dir(folder.path()).unwrap();
        prepare(&folder.other_hand("audit.sqlite3"));
        let before = fs::read(folder.path().join("audit.sqlite3")).unwrap();
        assert_eq!(folder.open().err(), Some(StoreError::Format { found, known: 1 }));
        assert_eq!(fs::read(folder.path().join("audit.sqlite3")).unwrap(), before);
    };
    refused(&|other| other.execute_batch("CREATE TABLE t (x)").unwrap(), 0);
    refused(&|other| other.pragma_update(None, "application_id", 7).unwrap(), 0);
    refused(&|other| other.pragma_update(None, "user_version", 1).unwrap(), 0);
    refused(
        &|other| {
            other.pragma_update(None, "application_id", 0x4350_4e41).unwrap();
            other.pragma_update(None, "user_version", 2).unwrap();
        },
        2,
    );
    let folder = TemporaryFolder::new();
    fs::create_dir(folder.path()).unwrap();
    fs::write(
        folder.path().join("audit.sqlite3"),
        "no database, but as long as the header of one is: 100 bytes. ".repeat(3),
    )
    .unwrap();
    assert_eq!(folder.open().err(), Some(StoreError::Damaged));
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = TemporaryFolder::new();
    fs::write(folder.path(), "a file").unwrap();
    assert!(SqliteStore::open(folder.path().join("inside")).is_err());
    assert!(SqliteStore::open(folder.path()).is_err());
    fs::remove_file(folder.path()).unwrap();
}

#[test]
fn every_commit_is_on_stable_storage() {
    let folder = TemporaryFolder::new();
    for _ in 0..2 {
        // Made anew, and opened again: `synchronous` is a property of the connection.
        let file = AuditFile::open_for_testing(folder.path());
        let of = |name| file.pragma_for_testing(name);
        assert_eq!((of("journal_mode").as_str(), of("synchronous").as_str()), ("wal", "2"));
    }
}

/// A pass over a whole log sees what a reader of pages sees, also where rows are not what the log wrote.
#[test]
fn entries_are_shown_as_they_are_read() {
    let folder = TemporaryFolder::new();
    let log = folder.filled(20);
    log.record(viewed(20), None).unwrap();
    drop(log);
    folder
        .other_hand("audit.sqlite3")
        .execute_batch(
            "PRAGMA ignore_check_constraints = ON;
             DELETE FROM columns WHERE idx = 3;
             DELETE FROM entries WHERE idx = 5;
             UPDATE columns SET kind = 200 WHERE idx = 7;
             UPDATE columns SET kind = 300 WHERE idx = 8;
             UPDATE columns SET classes = zeroblob(19) WHERE idx = 9;
             UPDATE columns SET classes = x'ffffffffffffffffffffffffffffffffffffffff' WHERE idx = 10;
             UPDATE columns SET account = x'00' WHERE idx = 11;
             UPDATE columns SET agent = NULL WHERE idx = 12;
             UPDATE columns SET employer = 'another' WHERE idx = 13;
             UPDATE columns SET key_version = -1 WHERE idx = 14;
             UPDATE columns SET time = -1 WHERE idx = 15;
             UPDATE entries SET event = x'' WHERE idx = 16;",
        )
        .unwrap();
    let store = folder.open().unwrap().audit();
    let read = store.read(2, 17).unwrap();
    let mut shown = 0;
    store
        .show(2, 17, &mut |entry| {
            let expected = &read[shown];
            assert_eq!((entry.index, entry.event), (expected.index, &expected.event[..]));
            assert_eq!(entry.leaf, &expected.leaf);
            assert_eq!(entry.columns, expected.columns.as_ref().map(Columns::borrowed), "{}", entry.index);
            shown += 1;
        })
        .unwrap();
    assert_eq!(shown, 17);
    let without: Vec<_> = read.iter().filter(|entry| entry.columns.is_none()).map(|e| e.index).collect();
    assert_eq!(without, [3, 7, 8, 9, 10, 11, 14, 15]);
    folder
        .other_hand("audit.sqlite3")
        .execute_batch("PRAGMA ignore_check_constraints = ON; UPDATE entries SET leaf = x'00' WHERE idx = 6;")
        .unwrap();
    let mut seen = Vec::new();
    assert_eq!(store.show(2, 17, &mut |entry| seen.push(entry.index)), Err(StoreError::Damaged));
    assert_eq!(seen, [2, 3, 4]);
    assert_eq!(store.read(2, 17), Err(StoreError::Damaged));
}

// --- Breaks --------------------------------------------------------------------------------------

/// Changes a log of 30 events through another connection; gives what its writer finds, and what
/// the next process finds.
fn after(sql: &str) -> (Result<(), AuditError>, Result<(), Error>) {
    let folder = TemporaryFolder::new();
    let log = folder.filled(30);
    folder.other_hand("audit.sqlite3").execute_batch(sql).unwrap();
    let verified = log.verify().map(|_| ());
    drop(log);
    (verified, folder.log().and_then(|log| log.verify().map(|_| ()).map_err(Error::from)))
}

fn both(event: u64, kind: BreakKind) -> (Result<(), AuditError>, Result<(), Error>) {
    (broken(event, kind), broken(event, kind).map_err(Error::from))
}

/// One byte of a column changed, from its first to another one.
fn flip(table: &str, column: &str, row: &str) -> String {
    format!(
        "UPDATE {table} SET {column} = CAST(substr({column}, 1, 10) ||
         CASE substr({column}, 11, 1) WHEN x'00' THEN x'01' ELSE x'00' END || substr({column}, 12) AS BLOB)
         WHERE {row}"
    )
}

#[test]
fn a_changed_byte_is_found() {
    assert_eq!(after(&flip("entries", "event", "idx = 23")), both(23, BreakKind::Content));
    assert_eq!(after(&flip("entries", "subtrees", "idx = 23")), both(23, BreakKind::Index));
    assert_eq!(after(&flip("entries", "leaf", "idx = 23")), both(23, BreakKind::Content));
    assert_eq!(after(&flip("entries", "link", "idx = 23")), both(23, BreakKind::Link));
    for column in ["root", "link", "frontier", "mac"] {
        assert_eq!(after(&flip("head", column, "one = 1")), both(30, BreakKind::Head), "{column}");
    }
}

#[test]
fn rows_that_moved_or_went_are_found() {
    let swap = "UPDATE entries SET idx = 1000 WHERE idx = 7; UPDATE entries SET idx = 7 WHERE idx = 8;
                UPDATE entries SET idx = 8 WHERE idx = 1000";
    assert_eq!(after(swap), both(7, BreakKind::Link));
    assert_eq!(after("DELETE FROM entries WHERE idx = 12"), both(12, BreakKind::Link));
    assert_eq!(after("DELETE FROM entries WHERE idx >= 25"), both(25, BreakKind::Truncation));
    assert_eq!(after("DELETE FROM entries"), both(0, BreakKind::Truncation));
    assert_eq!(
        after("DELETE FROM head"),
        (broken(30, BreakKind::Head), broken(0, BreakKind::Head).map_err(Error::from))
    );
    assert_eq!(
        after("DELETE FROM head; DELETE FROM entries"),
        (broken(0, BreakKind::Head), broken(0, BreakKind::Truncation).map_err(Error::from))
    );
    let one_more = "INSERT INTO entries SELECT 30, event, leaf, link, subtrees FROM entries WHERE idx = 29";
    assert_eq!(after(one_more).1, broken(30, BreakKind::Head).map_err(Error::from));
    assert_eq!(after(one_more).0, broken(30, BreakKind::Link));
}

#[test]
fn a_damaged_page_is_an_error() {
    let folder = TemporaryFolder::new();
    drop(folder.filled(100));
    let file = folder.path().join("audit.sqlite3");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 64].fill(0xff);
    fs::write(&file, bytes).unwrap();
    let found = folder.log().and_then(|log| log.verify().map_err(Error::from)).unwrap_err();
    let expected = [AuditError::Unreadable(StoreError::Damaged).into(), Error::Store(StoreError::Damaged)];
    assert!(expected.contains(&found), "{found:?}");
}

#[test]
fn an_emptied_or_replaced_file_does_not_begin_anew() {
    let folder = TemporaryFolder::new();
    drop(folder.filled(5));
    let file = folder.path().join("audit.sqlite3");
    let genuine = fs::read(&file).unwrap();
    let truncated = broken::<()>(0, BreakKind::Truncation).err().map(Error::from);
    fs::write(&file, "").unwrap();
    assert_eq!(folder.log().err(), truncated);
    fs::remove_file(&file).unwrap();
    assert_eq!(folder.log().err(), truncated);
    let other = TemporaryFolder::new();
    drop(other.filled(5));
    fs::copy(other.path().join("audit.sqlite3"), &file).unwrap();
    assert_eq!(folder.log().err(), broken::<()>(0, BreakKind::Head).err().map(Error::from));
    fs::write(&file, genuine).unwrap();
    assert_eq!(folder.log().unwrap().verify().unwrap().size(), 5);
    for bad in
        ["", "cpni-guard audit anchor v1\n", "cpni-guard audit anchor v1\n+0000000000000000000000000000001\n"]
    {
        fs::write(folder.path().join("audit.anchor"), bad).unwrap();
        let unreadable = AuditError::Unreadable(StoreError::Damaged);
        assert_eq!(folder.log().err(), Some(unreadable.into()), "{bad}");
    }
}

// --- Accounts ------------------------------------------------------------------------------------

#[test]
fn accounts_in_a_file_hold() {
    let folder = TemporaryFolder::new();
    crate::interaction::accounts::tests::must_hold(&*folder.open().unwrap().accounts());
}

#[test]
fn processes_share_attempts_and_passwords() {
    // Two connections, as two processes have; only the log has one writer.
    let folder = TemporaryFolder::new();
    drop(folder.open().unwrap());
    let connect = || StateFile::open(folder.path(), &SqliteStore::options()).unwrap();
    let (one, two) = (connect(), connect());
    let anybody = AccountRef::from_pseudonym([1; 32]);
    one.set_entry(&anybody, b"verifier").unwrap();
    assert_eq!(two.entry(&anybody), Ok(Some(b"verifier".to_vec())));
    let limits = AttemptLimits { max: 10, window: Duration::from_secs(60), lock: Duration::from_secs(60) };
    let counter = CounterKey::from_pseudonym([1; 32]);
    let allowed = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for store in [&one, &two, &one, &two] {
            scope.spawn(|| {
                for _ in 0..6 {
                    let state = store.count_attempt(&counter, Timestamp::from_secs(9), &limits).unwrap();
                    if matches!(state, AttemptState::Allowed { .. }) {
                        allowed.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert_eq!(allowed.into_inner(), 10);
    drop((one, two));
    let again = folder.open().unwrap();
    let state = again.accounts().count_attempt(&counter, Timestamp::from_secs(10), &limits);
    assert_eq!(state, Ok(AttemptState::Locked { until: Timestamp::from_secs(69) }));
}

#[test]
fn times_past_the_range_of_sqlite_stay_shut() {
    let folder = TemporaryFolder::new();
    let store = folder.open().unwrap().accounts();
    let limits = AttemptLimits { max: 0, window: Duration::from_secs(1), lock: Duration::MAX };
    let counter = CounterKey::from_pseudonym([1; 32]);
    let locked = store.count_attempt(&counter, Timestamp::from_secs(1), &limits).unwrap();
    assert_eq!(locked, AttemptState::Locked { until: Timestamp::from_micros(u64::MAX) });
    let later = store.count_attempt(&counter, Timestamp::from_secs(4_000_000_000), &limits).unwrap();
    assert!(matches!(later, AttemptState::Locked { .. }));
}

#[test]
fn events_of_a_history_are_neither_changed_nor_deleted() {
    let folder = TemporaryFolder::new();
    let store = folder.open().unwrap().accounts();
    let of = AccountRef::from_pseudonym([1; 32]);
    assert_eq!(store.append_event(&of, 0, b"objection", b"head"), Ok(true));
    let hand = folder.other_hand("state.sqlite3");
    for sql in [
        "DELETE FROM events",
        "UPDATE events SET event = x'00'",
        "UPDATE events SET reference = zeroblob(32) WHERE number = 1",
    ] {
        assert!(hand.execute_batch(sql).is_err(), "{sql}");
    }
    assert_eq!(store.history(&of).unwrap().events, [b"objection"]);
    assert_eq!(store.history(&of).unwrap().head, Some(b"head".to_vec()));
}

/// Past the triggers, as somebody does who means it.
#[test]
fn an_objection_that_was_deleted_from_the_file_closes_the_account() {
    let folder = TemporaryFolder::new();
    let keys = Arc::new(Keyring::open(&MemoryKeys::new().unwrap()).unwrap());
    let store = folder.open().unwrap().accounts();
    let ledger = Ledger::new(Arc::clone(&store), keys, TenantId::new("t").unwrap());
    let account = AccountId::new("A-1").unwrap();
    let now = Timestamp::from_secs(1_795_435_200);
    let evidence = ContactPointId::new("form-1").unwrap();
    let yes = ConsentKind::OptIn { scope: ConsentScope::Location, evidence };
    for (kind, at) in [(yes, now), (ConsentKind::Objection, now)] {
        ledger.add_consent(&account, &ConsentEvent { at, kind }, now).unwrap();
    }
    let state = || ledger.consent_for_testing(&account, now);
    assert_eq!((state().state, state().location), (ConsentState::Objected, false));
    let hand = folder.other_hand("state.sqlite3");
    hand.execute_batch("DROP TRIGGER events_stay; DELETE FROM events WHERE number = 2").unwrap();
    assert_eq!((state().state, state().location), (ConsentState::Contradictory, false));
}

// --- Notices -------------------------------------------------------------------------------------

/// A process's connection to the queue of a folder.
fn connect(folder: &TemporaryFolder) -> Arc<dyn NoticeStore> {
    Arc::new(NoticeFile::open(folder.path(), &SqliteStore::options()).unwrap())
}

/// A queue with the notices of so many accounts, and the ids in their order.
fn queued(folder: &TemporaryFolder, accounts: u8) -> (Notices, Vec<NoticeId>) {
    let notices = queue(folder.open().unwrap().notices());
    (0..accounts).for_each(|number| {
        notices.queue(&customer(&format!("815555010{number}")), &notice(NOON)).unwrap();
    });
    let file = folder.other_hand("notices.sqlite3");
    let mut query = file.prepare("SELECT id FROM notices ORDER BY number").unwrap();
    let ids = query.query_map([], |row| row.get(0)).unwrap();
    (notices, ids.map(|id| NoticeId::from_bytes(id.unwrap())).collect())
}

#[test]
fn notices_in_a_file_hold() {
    let folder = TemporaryFolder::new();
    notices_must_hold(&*folder.open().unwrap().notices());
}

#[test]
fn a_notice_that_was_queued_survives_a_kill() {
    // What a kill leaves behind: the file and its write-ahead log, nothing closed.
    let folder = TemporaryFolder::new();
    let copy = TemporaryFolder::new();
    let (notices, ids) = queued(&folder, 3);
    assert_eq!(notices.claim(NOON, 1).unwrap().len(), 1);
    fs::create_dir(copy.path()).unwrap();
    for file in ["notices.sqlite3", "notices.sqlite3-wal"] {
        fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    let after = queue(connect(&copy));
    let claimed = |now| after.claim(now, 9).unwrap().into_iter().map(|n| n.unwrap()).collect::<Vec<_>>();
    // The one that was claimed is still leased to whoever was killed, and comes back after that.
    let at_once: Vec<_> = claimed(NOON).iter().map(|notice| notice.id).collect();
    assert_eq!(at_once, ids[1..]);
    let back = claimed(NOON.plus(NOTICE_LEASE));
    assert_eq!((back[0].id, back[0].attempts), (ids[0], 2));
    assert!(back[0].account == customer("8155550100"));
}

#[test]
fn two_processes_never_hold_the_same_notice() {
    let folder = TemporaryFolder::new();
    let (_, ids) = queued(&folder, 10);
    let (one, two) = (queue(connect(&folder)), queue(connect(&folder)));
    let work = |notices: &Notices| {
        let claim = |_| notices.claim(NOON, 1).unwrap();
        (0..10).flat_map(claim).map(|notice| notice.unwrap().id).collect::<Vec<_>>()
    };
    let mut claimed = std::thread::scope(|scope| {
        let (first, second) = (scope.spawn(|| work(&one)), scope.spawn(|| work(&two)));
        [first.join().unwrap(), second.join().unwrap()].concat()
    });
    let mut expected = ids;
    for ids in [&mut claimed, &mut expected] {
        ids.sort_by_key(|id| *id.as_bytes());
    }
    assert_eq!(claimed, expected);
}

#[test]
fn swapped_notices_do_not_open_and_the_others_do() {
    let folder = TemporaryFolder::new();
    let (notices, ids) = queued(&folder, 3);
    let swap = "CREATE TEMP TABLE was AS SELECT number, entry FROM notices;
                UPDATE notices SET entry = (SELECT was.entry FROM was WHERE was.number = 3 - notices.number)
                WHERE number IN (1, 2)";
    folder.other_hand("notices.sqlite3").execute_batch(swap).unwrap();
    let claimed = notices.claim(NOON, 9).unwrap();
    for (claimed, id) in claimed[..2].iter().zip(&ids) {
        let unreadable = claimed.as_ref().unwrap_err();
        assert_eq!((unreadable.id, unreadable.cause.code().get()), (*id, 5016));
    }
    assert!(claimed[2].as_ref().unwrap().account == customer("8155550102"));
    assert_eq!(notices.count(), Ok(3));
}

#[test]
fn numbers_that_nobody_wrote_block_nothing() {
    let folder = TemporaryFolder::new();
    let (notices, _) = queued(&folder, 2);
    let far = "UPDATE notices SET attempts = 9223372036854775807, since = 9223372036854775806,
               due = 9223372036854775807 WHERE number = 1";
    folder.other_hand("notices.sqlite3").execute_batch(far).unwrap();
    let claimed = notices.claim(NOON, 9).unwrap();
    assert_eq!(claimed.into_iter().map(|notice| notice.unwrap().attempts).collect::<Vec<_>>(), [1]);
    let claimed = notices.claim(NOON.plus(Duration::from_micros(1)), 9).unwrap();
    assert_eq!(claimed[0].as_ref().unwrap().attempts, u32::MAX);
}

#[test]
fn the_file_of_notices_names_nobody() {
    let folder = TemporaryFolder::new();
    let (_notices, _) = queued(&folder, 3);
    for file in ["notices.sqlite3", "notices.sqlite3-wal"] {
        let bytes = fs::read(folder.path().join(file)).unwrap();
        for text in ["8155550100", "81555501", "post-before"] {
            assert!(!bytes.windows(text.len()).any(|at| at == text.as_bytes()), "{text} in {file}");
        }
    }
}

// --- Tokens --------------------------------------------------------------------------------------

#[test]
fn tokens_in_a_file_hold() {
    let folder = TemporaryFolder::new();
    crate::token::vault_must_hold(&*folder.open().unwrap().tokens());
}

// --- The watch -----------------------------------------------------------------------------------

#[test]
fn the_columns_in_a_file_hold() {
    let folder = TemporaryFolder::new();
    crate::token::must_hold(&*folder.open().unwrap().columns());
    let (tenant, column) = (TenantId::new("a").unwrap(), FieldName::new("ssn").unwrap());
    let kept = folder.open().unwrap().columns().get(&tenant, &column).unwrap().unwrap();
    let only_looks = SqliteStore::options().read_only().open(folder.path()).unwrap().columns();
    assert_eq!(only_looks.get(&tenant, &column), Ok(Some(kept)), "it is there in the next process");
    assert_eq!(only_looks.replace(&tenant, &column, Some(&kept), &kept), Err(StoreError::ReadOnly));
}

#[test]
fn transactions_hold_and_of_two_processes_one_wins() {
    let folder = TemporaryFolder::new();
    crate::transaction::must_hold(&*folder.open().unwrap().transactions());
    // Two connections to one file: what two processes have.
    let options = SqliteStore::options();
    let open = || TransactionFile::open(folder.path(), &options).unwrap();
    let (one, other) = (open(), open());
    let of = crate::transaction::TransactionRef::from_pseudonym([9; 32]);
    for round in 0..50_u8 {
        let before = one.row(&of).unwrap();
        let wins =
            |file: &TransactionFile, number| file.swap(&of, before.as_deref(), &[round, number]).unwrap();
        let (first, second) = std::thread::scope(|scope| {
            let first = scope.spawn(|| wins(&one, 1));
            let second = scope.spawn(|| wins(&other, 2));
            (first.join().unwrap(), second.join().unwrap())
        });
        assert!(first ^ second, "round {round}");
        assert_eq!(other.row(&of).unwrap(), Some(vec![round, if first { 1 } else { 2 }]));
    }
}

#[test]
fn the_watch_in_a_file_holds() {
    let folder = TemporaryFolder::new();
    watch_must_hold(&*folder.open().unwrap().watch());
}

#[test]
fn processes_that_share_the_watch_lose_no_count() {
    let folder = TemporaryFolder::new();
    fs::create_dir(folder.path()).unwrap();
    let key = WatchKey::from_bytes([1; 32]);
    let open = || WatchFile::open(folder.path(), &SqliteStore::options()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // A connection each, as processes have.
                let file = open();
                for _ in 0..10 {
                    file.update(&[key], &mut |entries| {
                        entries[0].get_or_insert_default().push(1);
                        Ok(())
                    })
                    .unwrap();
                }
            });
        }
    });
    let mut counted = 0;
    open()
        .update(&[key], &mut |entries| {
            counted = entries[0].as_ref().unwrap().len();
            Ok(())
        })
        .unwrap();
    assert_eq!(counted, 40);
}

#[test]
fn what_the_watch_counted_survives_a_kill() {
    let folder = TemporaryFolder::new();
    let copy = TemporaryFolder::new();
    let store = folder.open().unwrap();
    let key = WatchKey::from_bytes([1; 32]);
    store
        .watch()
        .update(&[key], &mut |entries| {
            entries[0] = Some(b"counted".to_vec());
            Ok(())
        })
        .unwrap();
    fs::create_dir(copy.path()).unwrap();
    for file in ["watch.sqlite3", "watch.sqlite3-wal"] {
        fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    let mut seen = None;
    let read_only = SqliteStore::options().read_only();
    let after = WatchFile::open(copy.path(), &SqliteStore::options()).unwrap();
    after
        .update(&[key], &mut |entries| {
            seen = entries[0].clone();
            Ok(())
        })
        .unwrap();
    assert_eq!(seen.as_deref(), Some(&b"counted"[..]));
    let looked = WatchFile::open(copy.path(), &read_only).unwrap();
    assert_eq!(looked.update(&[key], &mut |_| Ok(())), Err(StoreError::ReadOnly));
}

// --- The index -------------------------------------------------------------------------------------

#[test]
fn questions_are_answered_from_the_file_as_from_memory() {
    let folder = TemporaryFolder::new();
    let log = folder.log().unwrap();
    let mut seed = 1_u64;
    let seeds = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed ^ (seed >> 29)
    });
    record_random(&log, &seeds.take(400).collect::<Vec<_>>());
    for times in [0..u64::MAX, 105..106, 100..110, 110..110, 119..500, 0..100] {
        questions_are_answered(&log, times);
    }
    log.verify().unwrap();
    assert_eq!(log.index_rows().map(Result::unwrap).count(), 401);
}

#[test]
fn every_changed_column_is_a_break_of_the_index() {
    for change in [
        "UPDATE columns SET time = time + 1 WHERE idx = 7",
        "UPDATE columns SET kind = 3 WHERE idx = 7",
        "UPDATE columns SET kind = 200 WHERE idx = 7",
        "UPDATE columns SET agent = 'a-1' WHERE idx = 7",
        "UPDATE columns SET agent = NULL WHERE idx = 7",
        "UPDATE columns SET agent = 'no id' WHERE idx = 7",
        "UPDATE columns SET employer = NULL WHERE idx = 7",
        "UPDATE columns SET site = NULL WHERE idx = 7",
        "UPDATE columns SET site = 'center-3' WHERE idx = 7",
        "UPDATE columns SET account = zeroblob(32) WHERE idx = 7",
        "UPDATE columns SET account = NULL WHERE idx = 7",
        "UPDATE columns SET interaction = zeroblob(16) WHERE idx = 7",
        "UPDATE columns SET key_version = 2 WHERE idx = 7",
        "UPDATE columns SET classes = zeroblob(20) WHERE idx = 7",
        "UPDATE columns SET classes = x'0000000000000000000000000000000000000001' WHERE idx = 7",
        "DELETE FROM columns WHERE idx = 7",
        "INSERT INTO columns SELECT 7 + 13, time, kind, agent, employer, site, account, interaction, key_version, classes
         FROM columns WHERE idx = 7",
    ] {
        let folder = TemporaryFolder::new();
        let log = folder.filled(20);
        assert_eq!(folder.other_hand("audit.sqlite3").execute(change, []), Ok(1), "{change}");
        let at = if change.starts_with("INSERT") { 20 } else { 7 };
        assert_eq!(log.verify().map(|_| ()), broken(at, BreakKind::Index), "{change}");
    }
}

/// Longer events come in shorter pages, and all of them come.
#[test]
fn a_page_is_bounded_in_bytes() {
    let folder = TemporaryFolder::new();
    let log = folder.log().unwrap();
    let mut long = viewed(1);
    long.fields = vec![long.fields[0].clone(); crate::audit::MAX_FIELDS];
    for _ in 0..80 {
        log.record(long.clone(), None).unwrap();
    }
    drop(log);
    let store = folder.open().unwrap().audit();
    let page = store.read(0, 1000).unwrap();
    let bytes: usize = page.iter().map(|entry| entry.event.len()).sum();
    assert!(page.len() < 60 && bytes < 2 * 1024 * 1024, "{} entries of {bytes} bytes", page.len());
    assert_eq!(open_log(store).unwrap().verify().unwrap().size(), 81);
}

/// A question reads the part of an index that answers it, in its order, and nothing is sorted.
#[test]
fn questions_use_their_index() {
    use crate::audit::About;
    use crate::vocabulary::AgentId;
    let folder = TemporaryFolder::new();
    drop(folder.filled(3));
    let file = folder.other_hand("audit.sqlite3");
    let agent = AgentId::new("a").unwrap();
    for (about, index) in [
        (About::Anything, "columns_time (time>? AND time<?)"),
        (About::Account([0; 32]), "columns_account (account=? AND time>? AND time<?)"),
        (About::Agent(agent), "columns_agent (agent=? AND time>? AND time<?)"),
    ] {
        let explain = format!("EXPLAIN QUERY PLAN {}", audit_file::look_up_sql(&about));
        let mut query = file.prepare(&explain).unwrap();
        let steps = query.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>();
        let expected = [
            format!("SEARCH columns USING INDEX {index}"),
            "SEARCH entries USING INTEGER PRIMARY KEY (rowid=?)".to_owned(),
        ];
        assert_eq!(steps.unwrap(), expected);
    }
}

#[test]
fn subjects_in_a_file_hold() {
    let folder = TemporaryFolder::new();
    crate::keys::subjects_must_hold(&SqliteSubjects::open(folder.path()).unwrap());
    // What was written is there for the next process, and for one that only looks.
    let of = crate::keys::SubjectRef::from_pseudonym([1; 32]);
    let again = SqliteStore::options().read_only().open_subjects(folder.path()).unwrap();
    assert_eq!(again.entry(&of), Ok(Some(b"new".to_vec())));
    assert_eq!(again.swap(&of, Some(b"new"), b"other"), Err(StoreError::ReadOnly));
    assert_eq!(again.scrub(), Err(StoreError::ReadOnly));
    // A file of another kind is refused.
    let other = TemporaryFolder::new();
    drop(other.open().unwrap());
    fs::copy(other.path().join("state.sqlite3"), other.path().join("subjects.sqlite3")).unwrap();
    let refused = SqliteSubjects::open(other.path()).map(drop);
    assert_eq!(refused, Err(StoreError::Format { found: 0, known: 1 }));
}

/// While somebody reads, the log cannot be cut: that is said, and asked again.
#[test]
fn subjects_are_scrubbed_when_nobody_reads_any_more() {
    let folder = TemporaryFolder::new();
    let options = SqliteStore::options().busy_timeout(Duration::from_millis(10));
    let store = options.open_subjects(folder.path()).unwrap();
    let of = crate::keys::SubjectRef::from_pseudonym([1; 32]);
    store.swap(&of, None, b"a secret of this account").unwrap();
    let reader = folder.other_hand("subjects.sqlite3");
    reader.execute_batch("BEGIN; SELECT count(*) FROM subjects;").unwrap();
    store.swap(&of, Some(b"a secret of this account"), b"gone").unwrap();
    assert_eq!(store.scrub(), Err(StoreError::Busy));
    reader.execute_batch("COMMIT").unwrap();
    store.scrub().unwrap();
    let holds = |file: &str| {
        let content = fs::read(folder.path().join(file)).unwrap_or_default();
        content.windows(8).any(|window| window == b"a secret")
    };
    assert!(!holds("subjects.sqlite3") && !holds("subjects.sqlite3-wal"));
}
