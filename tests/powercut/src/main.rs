//! Crashes of the SQLite store: power cuts, kills and faults, through the public API alone.
//!
//! ```sh
//! cargo run --release --manifest-path tests/powercut/Cargo.toml -- power|kill|erase|transact [--n N] [--seed S]
//! cargo run --release --manifest-path tests/powercut/Cargo.toml -- faults [--seed S]
//! ```
//!
//! A failure prints the seed. It repeats the choices, not the order in which threads take turns.
//!
//! Not covered: what the library writes past SQLite. The anchor is written whole, under another
//! name, synced and renamed; `faults` opens the folder in each state that a crash can leave it in.
//! The lock file is empty, and its lock goes with the process: `kill` covers it. The folder's own
//! entries, which the library syncs itself, are always there after a cut.

mod carrier;
mod disk;
mod erase;
mod faults;
mod kill;
mod life;
mod power;
mod transact;
mod vfs;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// `Err` says what did not hold.
type Outcome = Result<(), String>;

const USAGE: &str = "usage: power|kill|erase|transact [--n N] [--seed S]\n       faults [--seed S]";
/// The short forms, for `scripts/check`.
const CUTS: u64 = 60;
const KILLS: u64 = 30;
const ERASURES: u64 = 20;
const TRANSACTIONS: u64 = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [child @ ("child" | "eraser" | "changer"), folder, life] = arguments[..] {
        let run = match child {
            "child" => kill::child,
            "eraser" => erase::child,
            _ => transact::child,
        };
        return match run(folder.as_ref(), life) {
            Ok(never) => match never {},
            Err(cause) => {
                eprintln!("child: {cause}");
                ExitCode::FAILURE
            }
        };
    }
    let Some((test, n, seed)) = parse(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let (outcome, again) = match test {
        "power" => {
            let n = n.unwrap_or(CUTS);
            (power::run(n, seed), format!("power --n {n}"))
        }
        "kill" => {
            let n = n.unwrap_or(KILLS);
            (kill::run(n, seed), format!("kill --n {n}"))
        }
        "erase" => {
            let n = n.unwrap_or(ERASURES);
            (erase::run(n, seed), format!("erase --n {n}"))
        }
        "transact" => {
            let n = n.unwrap_or(TRANSACTIONS);
            (transact::run(n, seed), format!("transact --n {n}"))
        }
        _ => (faults::run(seed), "faults".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            println!("FAILED: {what}\n  repeat with: {again} --seed {seed}");
            ExitCode::FAILURE
        }
    }
}

fn parse<'a>(arguments: &[&'a str]) -> Option<(&'a str, Option<u64>, u64)> {
    let (test, options) = arguments.split_first()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (mut n, mut seed) = (None, now);
    for option in options.chunks(2) {
        match option {
            ["--n", number] if *test != "faults" => n = Some(number.parse().ok().filter(|n| *n > 0)?),
            ["--seed", number] => seed = number.parse().ok()?,
            _ => return None,
        }
    }
    matches!(*test, "power" | "kill" | "erase" | "transact" | "faults").then_some((*test, n, seed))
}
