//! Kills: a process discloses from many threads and says so in a pipe; SIGKILL; everything that it
//! said must be in a log that verifies. The files are real, and so is SQLite's own VFS.

use std::convert::Infallible;
use std::io::{BufRead, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fs, io, thread};

use crate::Outcome;
use crate::carrier::{Carrier, Handed, KeysInFile, TemporaryFolder};
use crate::disk::Rng;
use crate::life::start;

/// Kills of one folder.
const LIVES: u64 = 100;
const THREADS: usize = 8;
/// How long a process goes on after its first word.
const LIFE: u64 = 40_000;
/// How long one that need not have said anything lives: about what it takes to open.
const BIRTH: u64 = 20_000;

pub fn run(n: u64, seed: u64) -> Outcome {
    let mut rng = Rng(seed);
    let (mut folder, mut handed) = (TemporaryFolder::new(), Vec::new());
    let (mut total, mut events, mut silent) = (0, 0, 0);
    for kill in 0..n {
        if kill % LIVES == 0 {
            (folder, handed) = (TemporaryFolder::new(), Vec::new());
            fs::create_dir_all(folder.path()).map_err(|error| error.to_string())?;
            keys(folder.path())?;
        }
        let said =
            one_life(folder.path(), kill, &mut rng).map_err(|error| format!("kill {kill}: {error}"))?;
        total += said.len();
        silent += u64::from(said.is_empty());
        handed.extend(said);
        let carrier = open(folder.path()).map_err(|error| format!("kill {kill}: {error}"))?;
        events += carrier.check(&handed).map_err(|lost| format!("kill {kill}: {lost:?}"))?;
    }
    println!("{n} kills in {} folders: nothing lost", n.div_ceil(LIVES));
    println!("  {total} values handed out, {events} events verified; {silent} died before the first value");
    if total == 0 {
        return Err("no process handed out anything: the test shows nothing".to_owned());
    }
    Ok(())
}

/// Discloses until it is killed.
pub fn child(folder: &Path, life: &str) -> Result<Infallible, String> {
    let carrier = open(folder)?;
    let number = AtomicU64::new(0);
    let worker = |worker: usize| -> Result<Infallible, String> {
        let customer = carrier.customer(&format!("A-{worker}")).map_err(|cause| cause.to_string())?;
        loop {
            let contact = format!("{life}-{}", number.fetch_add(1, Ordering::Relaxed));
            let mut say = |handed: Handed| {
                // One write of less than PIPE_BUF: whole or not at all.
                let line = format!("{} {}\n", handed.index, handed.contact);
                io::stdout().write_all(line.as_bytes()).expect("somebody listens");
            };
            carrier.serve(&contact, &customer, 4, &mut say).map_err(|cause| cause.to_string())?;
        }
    };
    thread::scope(|scope| {
        let worker = &worker;
        let workers: Vec<_> = (0..THREADS).map(|number| scope.spawn(move || worker(number))).collect();
        let ends = workers.into_iter().map(|worker| worker.join().expect("no panic"));
        ends.reduce(Result::and).unwrap_or(Err("no worker".to_owned()))
    })
}

fn one_life(folder: &Path, life: u64, rng: &mut Rng) -> Result<Vec<Handed>, String> {
    let (mut process, mut pipe) = start("child", folder, life)?;
    let mut said = String::new();
    let wait = if rng.below(8) == 0 {
        rng.below(BIRTH)
    } else {
        let first = pipe.read_line(&mut said).map_err(|error| error.to_string())?;
        if first == 0 {
            return Err("the process ended by itself".to_owned());
        }
        rng.below(LIFE)
    };
    thread::sleep(Duration::from_micros(wait));
    process.kill().map_err(|error| error.to_string())?;
    pipe.read_to_string(&mut said).map_err(|error| error.to_string())?;
    let status = process.wait().map_err(|error| error.to_string())?;
    if status.code().is_some() {
        return Err(format!("the process ended by itself: {status}"));
    }
    said.lines().map(|line| handed_of(line).ok_or_else(|| format!("torn line {line:?}"))).collect()
}

fn handed_of(line: &str) -> Option<Handed> {
    let (index, contact) = line.split_once(' ')?;
    Some(Handed { index: index.parse().ok()?, contact: contact.to_owned() })
}

fn open(folder: &Path) -> Result<Carrier, String> {
    Carrier::open(folder, keys(folder)?).map_err(|cause| cause.to_string())
}

fn keys(folder: &Path) -> Result<KeysInFile, String> {
    KeysInFile::new(folder.join("keys")).map_err(|cause| cause.to_string())
}
