//! Breach scope over a log in a file, beside a bare walk over the same rows and bytes.

use core::hint::black_box;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

use cpni_guard::SqliteStore;
use cpni_guard::audit::{Actor, AuditLog, EventFacts, FieldRecord};
use cpni_guard::oversight::scope::{Accesses, Scope, Selection};
use cpni_guard::testing;
use cpni_guard::vocabulary::{
    AccountId, AgentId, CountryCode, DataClass, EmployerId, EventKind, FieldName, Form, Obligation,
    Obligations, Op, Outcome, Role, RuleId, Scope as Rows, Timestamp, WithheldBecause,
};
use criterion::Criterion;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

const GROUP: usize = 1024;
const AGENTS: u64 = 500;
const ACCOUNTS: u64 = 40_000;

/// A folder that is gone with its last user.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("cpni-guard-bench-{name}-{}", process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// More than these are not also held in memory.
const IN_MEMORY: u64 = 1_000_000;

fn events() -> u64 {
    env::var("SCOPE_EVENTS").map_or(200_000, |number| number.parse().expect("a number of events"))
}

fn filled(folder: &Path) -> AuditLog {
    let events = events();
    let store = SqliteStore::open(folder).expect("a store").audit();
    let log = testing::open_log(store, &[1; 32], Timestamp::from_secs(1)).expect("a log");
    for first in (0..events).step_by(GROUP) {
        let group = (first..events).take(GROUP).map(event);
        testing::record_all(&log, group.collect()).expect("recorded");
    }
    log
}

/// Four events an interaction: opened, evidence, a view, the end.
fn event(number: u64) -> (EventFacts, Option<AccountId>) {
    use DataClass as C;
    let kind = match number % 4 {
        0 => EventKind::InteractionOpened,
        1 => EventKind::EvidencePresented,
        2 => EventKind::Viewed,
        _ => EventKind::InteractionEnded,
    };
    let mut facts = testing::event(kind, Timestamp::from_secs(1_000_000 + number));
    let call = (number / 4).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    facts.interaction = (u128::from(call) << 64 | u128::from(number / 4)).to_be_bytes();
    facts.actor = Some(Actor {
        agent: AgentId::new(format!("agent-{}", call % AGENTS)).expect("an id"),
        role: Role::CareAgent,
        employer: EmployerId::new(format!("vendor-{}", call % 7)).ok(),
        site: None,
        country: CountryCode::UNKNOWN,
    });
    if kind == EventKind::Viewed {
        let classes = [C::Identity, C::ServiceDetails, C::Billing, C::CallDetail, C::SsnLast4, C::Ssn];
        facts.fields = classes.into_iter().map(field).collect();
    }
    (facts, AccountId::new(format!("acct-{}", (call >> 20) % ACCOUNTS)).ok())
}

fn field(class: DataClass) -> FieldRecord {
    let withheld = matches!(class, DataClass::Ssn | DataClass::SsnLast4);
    FieldRecord {
        field: FieldName::new(class.name()).expect("a name"),
        class,
        op: Op::View,
        scope: Rows::Whole,
        outcome: if withheld { Outcome::Withhold } else { Outcome::Disclose },
        form: (!withheld).then_some(Form::Full),
        because: withheld.then_some(WithheldBecause::Forbidden),
        rules: vec![RuleId::new("call-detail-by-phone").expect("a rule")],
        obligations: Obligations::of(&[Obligation::Audit]),
    }
}

/// Both ways, over one log.
pub(crate) fn breach(c: &mut Criterion) {
    let folder = Folder::new("scope");
    let log = filled(&folder.0);
    from_index(c, &folder, &log);
    prove(c, &folder, &log);
}

fn three_agents() -> Selection {
    let agents = (0..3).map(|number| AgentId::new(format!("agent-{number}")).expect("an id"));
    Selection::of(Accesses::all().by_agents(agents))
}

fn bare(folder: &Folder) -> Connection {
    let file = folder.0.join("audit.sqlite3");
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the file")
}

/// Every row of the index, in a file with nothing else to do.
fn from_index(c: &mut Criterion, folder: &Folder, log: &AuditLog) {
    let file = bare(folder);
    let found = Scope::from_index(&three_agents(), log, &[]).expect("a scope");
    assert!(found.is_exact() && found.accounts().len() > 0);
    say_peak("scope");
    let mut group = c.benchmark_group("scope");
    group.sample_size(10);
    group.bench_function("index", |b| {
        b.iter(|| Scope::from_index(&three_agents(), log, &[]).expect("a scope"))
    });
    group.bench_function("rows", |b| {
        let mut query = file.prepare("SELECT * FROM columns ORDER BY idx").expect("a query");
        b.iter(|| {
            let mut rows = query.query([]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                for column in 0..9 {
                    black_box(row.get_ref(column).expect("a column"));
                }
            }
        });
    });
    group.finish();
}

/// Every event.
fn prove(c: &mut Criterion, folder: &Folder, log: &AuditLog) {
    let file = bare(folder);
    let mut query = file.prepare("SELECT event FROM entries ORDER BY idx").expect("a query");
    let found = Scope::prove(&three_agents(), log, &[]).expect("a scope");
    assert!(found.is_exact() && found.logs().iter().all(|source| source.proven));
    say_peak("prove");
    let mut group = c.benchmark_group("prove");
    group.sample_size(10);
    group.bench_function("scope", |b| b.iter(|| Scope::prove(&three_agents(), log, &[]).expect("a scope")));
    group.bench_function("read", |b| {
        b.iter(|| {
            let mut rows = query.query([]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                let event = row.get_ref(0).expect("a column");
                black_box(Sha256::digest(event.as_blob().expect("bytes")));
            }
        });
    });
    if events() <= IN_MEMORY {
        let events: Vec<Vec<u8>> =
            query.query_map([], |row| row.get(0)).and_then(Iterator::collect).expect("the events");
        group.bench_function("sha256", |b| {
            b.iter(|| {
                events.iter().for_each(|event| {
                    black_box(Sha256::digest(event));
                })
            })
        });
    }
    group.finish();
}

/// What this process ever held in memory, the filling of the log included. Only Linux tells.
#[expect(clippy::print_stderr, reason = "that memory is bounded is half of the aim")]
fn say_peak(name: &str) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or("not told", str::trim);
    eprintln!("{name}: {} events, peak memory {peak}", events());
}
