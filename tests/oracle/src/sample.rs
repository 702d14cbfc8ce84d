//! The sample, asked of both engines.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use crate::answer::{self, Answer};
use crate::cedar::Cedar;
use crate::pack::Error;
use crate::request::Request;
use crate::worlds::{Export, Worlds};

/// How many differences are kept to be shown.
const SHOWN: usize = 5;

/// The two answers to a request, where they differ.
#[derive(Debug)]
pub struct Difference {
    pub index: u64,
    pub request: Request,
    pub library: Answer,
    pub cedar: Answer,
}

/// What the sample was.
#[derive(Debug, Default)]
pub struct Counts {
    pub requests: u64,
    /// By the library's outcome, or by its reason for a refusal.
    pub answers: BTreeMap<&'static str, u64>,
    /// The rules that decided at least once.
    pub rules: BTreeSet<String>,
    pub differences: u64,
    /// The first of them.
    pub shown: Vec<Difference>,
}

impl Counts {
    fn add(&mut self, answer: &Answer) {
        self.requests += 1;
        *self.answers.entry(answer.because.unwrap_or(answer.outcome)).or_default() += 1;
        for rule in
            answer.rules.iter().filter(|rule| !self.rules.contains(*rule)).cloned().collect::<Vec<_>>()
        {
            self.rules.insert(rule);
        }
    }

    fn join(&mut self, other: Self) {
        self.requests += other.requests;
        other
            .answers
            .into_iter()
            .for_each(|(answer, times)| *self.answers.entry(answer).or_default() += times);
        self.rules.extend(other.rules);
        self.differences += other.differences;
        self.shown.extend(other.shown);
    }
}

/// Both answers to one request, where they differ, and otherwise the one answer.
pub fn compare(
    worlds: &Worlds,
    export: &Export<'_>,
    cedar: &Cedar,
    seed: u64,
    index: u64,
) -> Result<Result<Answer, Box<Difference>>, Error> {
    let request = Request::sample(worlds, seed, index);
    let world = &worlds.all[request.world];
    let library = answer::of_library(&world.policy, world.midnight(), &request)?;
    let other = answer::of_cedar(cedar, export.sets(request.world), &request)?;
    if library == other {
        return Ok(Ok(library));
    }
    Ok(Err(Box::new(Difference { index, request, library, cedar: other })))
}

/// Asks the whole sample, on all cores.
pub fn run(worlds: &Worlds, export: &Export<'_>, seed: u64, requests: u64) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    for part in on_all_cores(|core, cores| part(worlds, export, seed, (core..requests).step_by(cores))) {
        counts.join(part?);
    }
    counts.shown.sort_by_key(|difference| difference.index);
    counts.shown.truncate(SHOWN);
    Ok(counts)
}

fn part(
    worlds: &Worlds,
    export: &Export<'_>,
    seed: u64,
    indices: impl Iterator<Item = u64>,
) -> Result<Counts, Error> {
    let cedar = Cedar::new()?;
    let mut counts = Counts::default();
    for index in indices {
        match compare(worlds, export, &cedar, seed, index)? {
            Ok(answer) => counts.add(&answer),
            Err(difference) => {
                counts.add(&difference.library);
                counts.differences += 1;
                if counts.shown.len() < SHOWN {
                    counts.shown.push(*difference);
                }
            }
        }
    }
    Ok(counts)
}

/// Runs `work` once a core, with the core's number and how many there are.
pub(crate) fn on_all_cores<T: Send>(work: impl Fn(u64, usize) -> T + Sync) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = (0..cores as u64).map(|core| scope.spawn(move || work(core, cores))).collect();
        running.into_iter().map(|core| core.join().expect("a core's work")).collect()
    })
}
