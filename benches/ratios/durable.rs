//! Disclosures a second with the log on disk, beside bare SQLite that is as durable.
//!
//! Ours: agents at once, each viewing four fields over and over: liveness, decisions, the watch and its
//! file, the event in the log with its index and head, synced, and the values opened. The limit `bare`: one
//! thread, `synchronous=FULL`, the bytes of the same events into one table with no other column, as many in a
//! transaction as ours had on average. `rows` writes all that the log keeps of them: entries, rows of
//! the index with its three indexes, and a head. Times are for one disclosure.

use core::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use cpni_guard::audit::{
    AuditStore, Columns, EntryRef, LogId, Lookup, Place, StoredCheckpoint, StoredEntry, StoredHead,
};
use cpni_guard::error::StoreError;
use cpni_guard::oversight::watch::WatchRules;
use cpni_guard::vocabulary::{AccountId, SiteId};
use cpni_guard::{FieldView, Interaction, SqliteStore, Stores};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};
use rusqlite::{Connection, params};

use crate::scope::Folder;
use crate::{guard, subscriber};

const CALLERS: [usize; 3] = [1, 8, 64];
const FIELDS: [&str; 4] = ["name", "plan", "balance", "lines"];

/// Groups for each number of callers, with the limits at the same grouping.
pub(crate) fn disclosures(c: &mut Criterion) {
    for callers in CALLERS {
        let mut group = c.benchmark_group(format!("durable_{callers}"));
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        let folder = Folder::new("durable");
        let written = views(&mut group, &folder.0, callers);
        bare(&mut group, &folder.0, &written);
        rows(&mut group, &folder.0, &written);
        group.finish();
    }
}

/// What ours wrote: the last entry, and how many events shared a write.
struct Written {
    entry: StoredEntry,
    head: StoredHead,
    grouping: f64,
}

fn views(group: &mut BenchmarkGroup<'_, WallTime>, folder: &Path, callers: usize) -> Written {
    let store = SqliteStore::open(folder.join("ours")).expect("a store");
    let counted = Arc::new(Counted { store: store.audit(), writes: AtomicU64::new(0) });
    let stores = Stores { audit: Arc::clone(&counted) as _, ..Stores::from(store) };
    let carrier = guard::carrier(stores, WatchRules::built_in().expect("rules"), callers);
    let id = subscriber::record_id();
    let mut desks: Vec<_> = (0..callers)
        .map(|number| {
            let account = AccountId::new(format!("81555501{number:02}")).expect("an id");
            let sealed = carrier.protect(&account, subscriber::record()).expect("it seals").record;
            (guard::interaction(&carrier, &account, number), sealed)
        })
        .collect();
    let mut view = |times: u64| {
        let barrier = Barrier::new(callers + 1);
        let began = thread::scope(|scope| {
            for (call, sealed) in &mut desks {
                let (barrier, id) = (&barrier, &id);
                scope.spawn(move || {
                    barrier.wait();
                    for _ in 0..times {
                        look(call, (&*sealed, id));
                    }
                });
            }
            barrier.wait();
            Instant::now()
        });
        began.elapsed()
    };
    view(2);
    let before = (counted.end().expect("an end"), counted.writes.load(Ordering::SeqCst));
    let all = u64::try_from(callers).expect("a few");
    group.bench_function("ours", |b| {
        b.iter_custom(|iterations| {
            let each = iterations.div_ceil(all);
            per_iteration(view(each), iterations, each * all)
        });
    });
    let end = counted.end().expect("an end");
    let writes = counted.writes.load(Ordering::SeqCst) - before.1;
    let entry = counted.read(end - 1, 1).expect("an entry").pop().expect("an entry");
    let head = counted.head().expect("a head").expect("a head");
    // Nothing was run where the results are only filtered.
    let grouping = if writes == 0 { 1.0 } else { (end - before.0) as f64 / writes as f64 };
    say(&format!("durable_{callers}: {grouping:.1} events a write, {} bytes an event", entry.event.len()));
    Written { entry, head, grouping }
}

fn look<'s>(call: &mut Interaction, sealed: impl Into<cpni_guard::Stored<'s>>) {
    let view = call.view(sealed, FIELDS).expect("a view");
    let mut disclosed = 0;
    for (_, field) in view.fields() {
        if let FieldView::Disclosed(value) = field {
            black_box(value.with(subscriber::len_of).expect("open"));
            disclosed += 1;
        }
    }
    assert_eq!(disclosed, FIELDS.len());
}

#[expect(clippy::print_stderr, reason = "who reads the times wants to know what was written")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// The time of `iterations`, where `done` were done.
fn per_iteration(time: Duration, iterations: u64, done: u64) -> Duration {
    time.mul_f64(iterations as f64 / done as f64)
}

fn connection(folder: &Path, name: &str) -> Connection {
    let connection = Connection::open(folder.join(name)).expect("a file");
    connection.pragma_update(None, "journal_mode", "WAL").expect("WAL");
    connection.pragma_update(None, "synchronous", "FULL").expect("FULL");
    connection
}

/// Only the bytes of the events.
fn bare(group: &mut BenchmarkGroup<'_, WallTime>, folder: &Path, written: &Written) {
    let connection = connection(folder, "bare.sqlite3");
    connection
        .execute_batch("CREATE TABLE events (idx INTEGER PRIMARY KEY, event BLOB NOT NULL) STRICT")
        .expect("a table");
    let mut insert = connection.prepare("INSERT INTO events (event) VALUES (?1)").expect("a statement");
    group.bench_function("bare", |b| {
        b.iter_custom(|iterations| {
            grouped(&connection, iterations, written.grouping, |_| {
                insert.execute([&written.entry.event]).expect("inserted");
            })
        });
    });
}

/// All that the log keeps.
fn rows(group: &mut BenchmarkGroup<'_, WallTime>, folder: &Path, written: &Written) {
    let connection = connection(folder, "rows.sqlite3");
    let ours = Connection::open(folder.join("ours/audit.sqlite3")).expect("the log");
    let mut schema = ours
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, rowid")
        .expect("a statement");
    let schema = schema.query_map([], |row| row.get(0)).and_then(Iterator::collect::<Result<Vec<String>, _>>);
    connection.execute_batch(&schema.expect("the schema").join(";")).expect("the schema");
    let mut entry = connection.prepare("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5)").expect("sql");
    let mut columns = connection
        .prepare("INSERT INTO columns VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
        .expect("sql");
    let mut head =
        connection.prepare("INSERT OR REPLACE INTO head VALUES (1, ?1, ?2, ?3, ?4, ?5)").expect("sql");
    let (event, row) = (&written.entry, written.entry.columns.as_ref().expect("a row"));
    let (agent, employer) = (row.agent.as_ref().expect("one"), row.employer.as_ref().expect("one"));
    let mut index = 0_i64;
    group.bench_function("rows", |b| {
        b.iter_custom(|iterations| {
            grouped(&connection, iterations, written.grouping, |is_last| {
                index += 1;
                let subtrees = vec![event.leaf; usize::try_from(index.trailing_zeros()).expect("few")];
                entry
                    .execute(params![index, event.event, event.leaf, event.link, subtrees.as_flattened()])
                    .expect("inserted");
                columns
                    .execute(params![
                        index,
                        row.time.as_micros().cast_signed() + index,
                        row.kind.code(),
                        agent.as_str(),
                        employer.as_str(),
                        row.site.as_ref().map(SiteId::as_str),
                        row.account,
                        row.interaction,
                        row.key_version,
                        row.classes.to_bytes(),
                    ])
                    .expect("inserted");
                if is_last {
                    let StoredHead { root, link, frontier, mac, .. } = &written.head;
                    head.execute(params![index, root, link, frontier.as_flattened(), mac]).expect("replaced");
                }
            })
        });
    });
}

/// Runs `insert` so often, a transaction for each group; it hears which is the last of its group.
fn grouped(
    connection: &Connection,
    iterations: u64,
    grouping: f64,
    mut insert: impl FnMut(bool),
) -> Duration {
    let began = Instant::now();
    let (mut done, mut due) = (0, 0.0);
    while done < iterations {
        due += grouping;
        connection.execute_batch("BEGIN IMMEDIATE").expect("begun");
        loop {
            done += 1;
            let is_last = (done as f64) + 1.0 > due;
            insert(is_last);
            if is_last {
                break;
            }
        }
        connection.execute_batch("COMMIT").expect("committed");
    }
    per_iteration(began.elapsed(), iterations, done)
}

/// Counts the writes.
#[derive(Debug)]
struct Counted {
    store: Arc<dyn AuditStore>,
    writes: AtomicU64,
}

impl AuditStore for Counted {
    fn head(&self) -> Result<Option<StoredHead>, StoreError> {
        self.store.head()
    }

    fn append(&self, entries: &[StoredEntry], head: &StoredHead) -> Result<(), StoreError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.store.append(entries, head)
    }

    fn read(&self, from: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        self.store.read(from, limit)
    }

    fn show(&self, from: u64, limit: usize, each: &mut dyn FnMut(&EntryRef<'_>)) -> Result<(), StoreError> {
        self.store.show(from, limit, each)
    }

    fn columns(&self, from: u64, limit: usize) -> Result<Vec<Columns>, StoreError> {
        self.store.columns(from, limit)
    }

    fn look_up(
        &self,
        lookup: &Lookup,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.store.look_up(lookup, after, limit)
    }

    fn end(&self) -> Result<u64, StoreError> {
        self.store.end()
    }

    fn anchor(&self) -> Result<Option<LogId>, StoreError> {
        self.store.anchor()
    }

    fn set_anchor(&self, log: LogId) -> Result<(), StoreError> {
        self.store.set_anchor(log)
    }

    fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.store.last_checkpoint()
    }

    fn add_checkpoint(&self, checkpoint: &StoredCheckpoint) -> Result<(), StoreError> {
        self.store.add_checkpoint(checkpoint)
    }
}
