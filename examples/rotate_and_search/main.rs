//! A data key is rotated while agents search, the worker that seals everything again is killed half-way, and
//! the old key is destroyed when nothing needs it.
//!
//! ```sh
//! cargo run --release --example rotate_and_search -- --records 200000
//! ```
//!
//! The worker is this program once more, in a process of its own, so that it can be killed.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

mod carrier;
mod rows;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cpni_guard::guard::{Reseal, ResealReport, Unneeded};
use cpni_guard::keys::KeyBranch;
use cpni_guard::{SealedRecord, Stored};

use carrier::{Carrier, Customer, Folder};
use rows::Rows;

const HELP: &str = "\
Seals made-up customers, searches them by SSN and telephone number, rotates the
data key with searches going on, kills the worker half-way and resumes it, and
destroys the old key when nothing needs it.

usage: cargo run --release --example rotate_and_search -- [OPTIONS]

  --records N     customers, 1000 to 500000; otherwise 20000
  --folder DIR    where keys, logs and table are made (it must not exist);
                  otherwise a temporary folder, removed at the end
  --help          this text

Exit code 0: nothing was missed and the key is gone. 1: something failed.
2: wrong use.
";
const DEFAULT_RECORDS: u64 = 20_000;
/// Rows that are sealed again between two commits of the table.
const PAGE: usize = 500;
const SEARCHERS: u64 = 2;

/// Whatever ends the program.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

enum Job {
    Play {
        records: u64,
        folder: Option<PathBuf>,
    },
    /// What the program starts itself as.
    Work {
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let done = match read(&arguments) {
        Some(Job::Play { records, folder }) => play(records, folder),
        Some(Job::Work { folder }) => work(&Folder(folder)),
        None => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("rotate_and_search: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn read(arguments: &[OsString]) -> Option<Job> {
    let (mut records, mut folder) = (DEFAULT_RECORDS, None);
    let mut rest = arguments.iter();
    while let Some(option) = rest.next() {
        let value = rest.next()?;
        match option.to_str()? {
            "--records" => {
                records = value.to_str()?.parse().ok().filter(|n| (1_000..=500_000).contains(n))?
            }
            "--folder" => folder = Some(PathBuf::from(value)),
            "--work-in" => return Some(Job::Work { folder: PathBuf::from(value) }),
            _ => return None,
        }
    }
    Some(Job::Play { records, folder })
}

fn play(records: u64, folder: Option<PathBuf>) -> Result<(), Failure> {
    let is_temporary = folder.is_none();
    let folder = folder
        .unwrap_or_else(|| std::env::temp_dir().join(format!("rotate-and-search-{}", std::process::id())));
    std::fs::create_dir(&folder)?;
    let played = acts(records, &Folder(folder.clone()));
    if is_temporary {
        std::fs::remove_dir_all(folder)?;
    }
    played
}

fn acts(records: u64, folder: &Folder) -> Result<(), Failure> {
    let carrier = Carrier::open(folder, "guard")?;
    let desk = carrier.guard.keys();
    let mut rows = Rows::open(&folder.rows())?;

    protect(&carrier, &mut rows, records)?;
    let searches = Searches::default();
    for number in 0..20 {
        searches.search(&carrier, &rows, records, number)?;
    }
    searches.say("searched by SSN and by number, in other spellings");

    let version = desk.rotate(&carrier.keys, KeyBranch::Data)?;
    println!("\nrotated: new records are sealed under version {version}; version 1 still opens");
    let searches = Searches { next: AtomicU64::new(1_000), ..Searches::default() };
    let is_over = AtomicBool::new(false);
    let resumed = std::thread::scope(|scope| {
        let searching: Vec<_> = (0..SEARCHERS)
            .map(|_| scope.spawn(|| searches.go_on(&carrier, folder, records, &is_over)))
            .collect();
        let resumed = kill_and_resume(&carrier, folder, records, &mut rows);
        is_over.store(true, Ordering::SeqCst);
        let mut failed = None;
        for thread in searching {
            failed = failed.or(thread.join().map_err(|_| "a searcher panicked")?.err());
        }
        failed.map_or(resumed, Err)
    })?;
    searches.say("searched meanwhile, with rows of both versions");

    println!(
        "\ndestroying version 1 now:\n  {}",
        refusal(desk.destroy(&carrier.keys, KeyBranch::Data, 1, Unneeded::Rows(&resumed),))
    );
    let report = pass(&carrier, &mut rows)?;
    let needs = desk.needs(KeyBranch::Data, 1)?;
    println!(
        "a whole pass: {} rows and terms under version 1, {} under version {version};",
        report.found_under(1),
        report.found_under(version)
    );
    println!(
        "  in the library's own stores {} passwords, {} notices, {} tokens",
        needs.secrets, needs.notices, needs.tokens
    );
    desk.destroy(&carrier.keys, KeyBranch::Data, 1, Unneeded::Rows(&report))?;
    println!("destroyed version 1");

    let searches = Searches { next: AtomicU64::new(1_000_000), ..Searches::default() };
    for number in 0..20 {
        searches.search(&carrier, &rows, records, number)?;
    }
    searches.say("searched without it");
    let again = pass(&carrier, &mut rows)?;
    if again.found_under(version) != records.saturating_mul(3) {
        return Err("rows were lost".into());
    }
    carrier.guard.audit().verify()?;
    println!("every row is there; the audit log verifies, with {} events", carrier.guard.audit().size());
    Ok(())
}

fn protect(carrier: &Carrier, rows: &mut Rows, records: u64) -> Result<(), Failure> {
    let started = Instant::now();
    let numbers: Vec<u64> = (0..records).collect();
    for page in numbers.chunks(10_000) {
        let sealed = page.iter().map(|number| {
            let (customer, account) = (Customer(*number), Customer(*number).account()?);
            let protected = carrier.guard.protect(&account, customer.record())?;
            Ok((account, protected.record, protected.terms))
        });
        rows.insert(&sealed.collect::<Result<Vec<_>, Failure>>()?)?;
    }
    println!(
        "sealed {records} customers in {:.1} s, each with terms for its SSN and number",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// What searches came to.
#[derive(Default)]
struct Searches {
    next: AtomicU64,
    done: AtomicU64,
    candidates: AtomicU64,
}

impl Searches {
    /// One search for a customer of whom the caller says the SSN or the number. Fails where the account does
    /// not come out, or another does.
    fn search(&self, carrier: &Carrier, rows: &Rows, records: u64, seed: u64) -> Result<(), Failure> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // Any customer, in no order.
        let customer = Customer((number.wrapping_add(seed) ^ 0x5bd1).wrapping_mul(2_654_435_761) % records);
        let (index, stated) = if number.is_multiple_of(2) {
            ("ssn", customer.ssn().replace('-', " "))
        } else {
            ("mobile", format!("+1 {}", customer.mobile().replace(['(', ')'], "")))
        };
        let search = carrier.search(number, index, stated)?;
        if !search.is_allowed() {
            return Err("a search was refused".into());
        }
        let candidates = rows.look_up(index, search.terms())?;
        let found = search.find(candidates.iter().map(|(account, record)| (account, record)))?;
        if found.accounts() != [customer.account()?] {
            return Err(format!("search {number} by {index} missed its account").into());
        }
        self.done.fetch_add(1, Ordering::Relaxed);
        self.candidates.fetch_add(u64::try_from(candidates.len())?, Ordering::Relaxed);
        Ok(())
    }

    fn go_on(
        &self,
        carrier: &Carrier,
        folder: &Folder,
        records: u64,
        is_over: &AtomicBool,
    ) -> Result<(), Failure> {
        let rows = Rows::open(&folder.rows())?;
        while !is_over.load(Ordering::SeqCst) {
            self.search(carrier, &rows, records, 0)?;
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn say(&self, how: &str) {
        let (done, candidates) = (self.done.load(Ordering::SeqCst), self.candidates.load(Ordering::SeqCst));
        println!(
            "{how}: {done} times, none missed;\n  {:.1} candidates each, compared inside the library",
            as_float(candidates) / as_float(done.max(1)),
        );
    }
}

/// Starts the worker, kills it when it is half-way, and does the rest here.
fn kill_and_resume(
    carrier: &Carrier,
    folder: &Folder,
    records: u64,
    rows: &mut Rows,
) -> Result<ResealReport, Failure> {
    let mut worker = start_worker(folder)?;
    loop {
        let done = rows.count(2)?;
        if done.saturating_mul(2) >= records {
            break;
        }
        if let Some(status) = worker.try_wait()? {
            return Err(format!("the worker ended by itself after {done} rows: {status}").into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    worker.kill()?;
    worker.wait()?;
    println!("killed the worker: {} rows are sealed again, {} are not", rows.count(2)?, rows.count(1)?);
    let report = pass(carrier, rows)?;
    println!("resumed: {} rows sealed again, {} were already", report.resealed(), report.current());
    Ok(report)
}

fn start_worker(folder: &Folder) -> Result<Child, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--work-in").arg(&folder.0).stdin(Stdio::null());
    Ok(command.spawn()?)
}

/// The worker: a process of its own, with an audit log of its own and the same keys.
fn work(folder: &Folder) -> Result<(), Failure> {
    pass(&Carrier::open(folder, "worker")?, &mut Rows::open(&folder.rows())?)?;
    Ok(())
}

/// Goes over every row: seals again what is not under the active key, with its terms, and counts what is
/// under which version.
fn pass(carrier: &Carrier, rows: &mut Rows) -> Result<ResealReport, Failure> {
    let mut job = carrier.guard.reseal_job();
    let mut after = 0;
    loop {
        let page = rows.page(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(job.finish()) };
        after = last.id;
        page.iter().flat_map(|row| &row.terms).for_each(|term| job.found(term.key_version()));
        let results = job.batch(page.iter().map(|row| (&row.account, Stored::from(&row.record))))?;
        let mut changed = Vec::new();
        for (row, result) in page.iter().zip(results) {
            if let Reseal::Done(again) = result? {
                let record = SealedRecord::from_bytes(again.bytes.as_bytes())?;
                let terms = carrier.guard.reindex(&row.account, &record)?;
                changed.push((row.id, record, terms));
            }
        }
        rows.replace(&changed)?;
    }
}

fn refusal(destroyed: Result<(), cpni_guard::Error>) -> String {
    match destroyed {
        Ok(()) => "it was destroyed, and should not have been".to_owned(),
        Err(refused) => format!("refused ({}: {refused})", refused.code()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number for people")]
const fn as_float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in
            [&["--records"][..], &["--records", "999"], &["--records", "many"], &["--x", "1"], &["5"]]
        {
            assert!(read(&arguments(wrong)).is_none(), "{wrong:?}");
        }
        let read = read(&arguments(&["--records", "200000", "--folder", "/tmp/x"]));
        assert!(matches!(read, Some(Job::Play { records: 200_000, folder: Some(_) })));
    }

    #[test]
    fn customers_differ() {
        let all: std::collections::HashSet<_> = (0..500_000)
            .step_by(7)
            .flat_map(|number| [Customer(number).ssn(), Customer(number).mobile()])
            .collect();
        assert_eq!(all.len(), 2 * 500_000_usize.div_ceil(7));
    }
}
