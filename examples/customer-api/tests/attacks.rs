//! OWASP API Security Top 10 (2023), played over a socket against the running service, and against a weak twin on
//! which every attack must succeed: so it is known that the suite can fail.
//!
//! Prints the table, writes it to `target/tmp/attacks.md`, and compares it with `docs/customer-api.md`.
//! API10 (unsafe consumption of APIs) has no row: the service asks no other one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a test fails by panicking, and prints what it found"
)]

#[path = "attacks/authentication.rs"]
mod authentication;
#[path = "attacks/client.rs"]
mod client;
#[path = "attacks/document.rs"]
mod document;
#[path = "attacks/misuse.rs"]
mod misuse;
#[path = "attacks/objects.rs"]
mod objects;
#[path = "attacks/table.rs"]
mod table;
#[path = "attacks/target.rs"]
mod target;
#[path = "attacks/timing.rs"]
mod timing;
#[path = "attacks/weak.rs"]
mod weak;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cpni_guard::vocabulary::{ManualClock, Timestamp};
use customer_api::{Limits, Service, Settings, make_reference};
use tokio::runtime::Runtime;

use table::Row;
use target::Target;

/// 2026-11-23T12:00:00Z.
const START: Timestamp = Timestamp::from_secs(1_795_435_200);
const CUSTOMERS: usize = 80;
/// Those of the timing attacks.
const TIMED: usize = 41;
const MINUTE: Duration = Duration::from_secs(60);

/// A running service with a clock of the test's, in a folder that goes with it.
struct Running {
    service: Service,
    clock: Arc<ManualClock>,
    folder: PathBuf,
}

impl Running {
    fn start(runtime: &Runtime, customers: usize, limits: Limits) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(make_reference().unwrap());
        let clock = Arc::new(ManualClock::new(START));
        let settings = Settings {
            customers: u32::try_from(customers).unwrap(),
            limits,
            clock: Arc::clone(&clock) as _,
            ..Settings::new(&folder)
        };
        let service = runtime.block_on(Service::start(settings)).expect("the service starts");
        Self { service, clock, folder }
    }

    fn target(&self) -> Target {
        Target {
            address: self.service.address(),
            people: self.service.customers().to_vec(),
            partner: self.service.partner().key.clone(),
            clock: Some(Arc::clone(&self.clock)),
            outbox: Some(self.folder.join("outbox.txt")),
            used: Cell::new(0),
        }
    }

    /// The log is whole, and the service ends in order.
    fn stop(self, runtime: &Runtime) {
        self.service.verify_audit().expect("the audit log verifies");
        runtime.block_on(self.service.stop());
        fs::remove_dir_all(self.folder).unwrap();
    }
}

fn weak_target(runtime: &Runtime, people: usize) -> Target {
    let people = weak::people(people);
    let address = runtime.block_on(weak::start(&people));
    let partner = "partner-key".to_owned();
    Target { address, people, partner, clock: None, outbox: None, used: Cell::new(0) }
}

#[test]
fn every_attack_succeeds_on_the_weak_twin_and_none_here() {
    let runtime = Runtime::new().unwrap();
    let mut rows = played(&runtime);
    rows.extend(timed(&runtime));
    rows.sort_by_key(|row| row.owasp);
    let (table, faults) = (table::table(&rows), table::faults(&rows));
    println!("{table}");
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("attacks.md"), &table).unwrap();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    let document = include_str!("../../../docs/customer-api.md");
    assert!(
        document.contains(&table),
        "docs/customer-api.md has another table; the new one is printed above"
    );
}

fn played(runtime: &Runtime) -> Vec<Row> {
    let running = Running::start(runtime, CUSTOMERS, Limits::default());
    let (ours, weak) = (running.target(), weak_target(runtime, CUSTOMERS));
    let attacks = objects::ATTACKS.iter().chain(authentication::ATTACKS).chain(misuse::ATTACKS);
    let rows = attacks.map(|attack| {
        // What is counted by the minute belongs to one attack.
        ours.wait(2 * MINUTE);
        let (weak, ours) = ((attack.play)(&weak), (attack.play)(&ours));
        Row { owasp: attack.owasp, name: attack.name.to_owned(), how: attack.how.to_owned(), weak, ours }
    });
    let rows = rows.collect();
    running.stop(runtime);
    rows
}

/// With the limits out of the way, as for somebody with many networks and much time.
fn timed(runtime: &Runtime) -> Vec<Row> {
    // Without the floor of a partner's answers too: it is the steps themselves that must not tell.
    let limits = Limits::none_for_testing();
    let running = Running::start(runtime, TIMED, limits);
    let rows = timing::rows(&running.target(), &weak_target(runtime, TIMED));
    running.stop(runtime);
    rows
}
