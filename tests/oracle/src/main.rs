//! Compares a sample of the request space with Cedar, and shows that a spoiled rule is found out.

use std::process::ExitCode;
use std::time::Instant;

use cpni_guard_oracle::pack::Error;
use cpni_guard_oracle::sample::Difference;
use cpni_guard_oracle::worlds::{Export, Worlds};
use cpni_guard_oracle::{cedar, mutants, sample};

const USAGE: &str = "usage: cpni-guard-oracle [--requests N] [--seed S] [--mutate | --export]

Asks N requests (200000) of the library and of Cedar, and compares outcome, form, reason, duties and
the rules that decided. The same N and S (642010) make the same sample.

  --mutate   instead: spoils every exported policy, one at a time, and has the sample find it out
  --export   instead: prints the policies

Exit 1: the engines differ, a rule never decided, or a spoiled policy was not found out.";

struct Options {
    requests: u64,
    seed: u64,
    mode: Mode,
}

#[derive(Clone, Copy)]
enum Mode {
    Compare,
    Mutate,
    Export,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { requests: 200_000, seed: 64_2010, mode: Mode::Compare };
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|n| n.parse().ok()).ok_or(format!("{word} takes a number"));
        match word.as_str() {
            "--requests" => options.requests = number()?,
            "--seed" => options.seed = number()?,
            "--mutate" => options.mode = Mode::Mutate,
            "--export" => options.mode = Mode::Export,
            _ => return Err(format!("unknown option '{word}'")),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<bool, Error> {
    let worlds = Worlds::load()?;
    match options.mode {
        Mode::Compare => compare(&worlds, options),
        Mode::Mutate => mutate(&worlds, options),
        Mode::Export => {
            for rule in &worlds.rules {
                println!("@id({:?})\n{}", rule.id, cedar::text(rule, &worlds.definitions));
            }
            Ok(true)
        }
    }
}

fn compare(worlds: &Worlds, options: &Options) -> Result<bool, Error> {
    let started = Instant::now();
    let counts = sample::run(worlds, &Export::faithful(worlds)?, options.seed, options.requests)?;
    let of = |answer| counts.answers.get(answer).copied().unwrap_or_default();
    let silent: Vec<_> = worlds.rules.iter().filter(|rule| !counts.rules.contains(&rule.id)).collect();
    println!(
        "{} requests, {} sets of packs and days: {} differences; seed {}, {:.0} s",
        counts.requests,
        worlds.all.len(),
        counts.differences,
        options.seed,
        started.elapsed().as_secs_f32(),
    );
    println!(
        "allowed: {} disclosed, {} limited, {} verified only",
        of("disclose"),
        of("disclose_limited"),
        of("verify_only"),
    );
    println!(
        "withheld: {} forbidden, {} held, {} for want of facts, {} not granted",
        of("forbidden"),
        of("held"),
        of("facts_missing"),
        of("not_granted"),
    );
    println!("{} of {} rules decided at least once", worlds.rules.len() - silent.len(), worlds.rules.len());
    for rule in &silent {
        println!("never decided: {}", rule.id);
    }
    for Difference { index, request, library, cedar } in &counts.shown {
        println!("request {index}: {request:?}\n  library: {library:?}\n  cedar:   {cedar:?}");
    }
    Ok(counts.differences == 0 && silent.is_empty())
}

fn mutate(worlds: &Worlds, options: &Options) -> Result<bool, Error> {
    let started = Instant::now();
    let mutants = mutants::all(worlds);
    let found = mutants::hunt(worlds, &mutants, options.seed, options.requests)?;
    let missed: Vec<_> = found.iter().filter(|(_, by)| by.is_none()).collect();
    println!(
        "{} of {} spoiled policies found out, the last by request {}; seed {}, {:.0} s",
        found.len() - missed.len(),
        found.len(),
        found.iter().filter_map(|(_, by)| *by).max().unwrap_or_default(),
        options.seed,
        started.elapsed().as_secs_f32(),
    );
    for (mutant, _) in &missed {
        println!("not found out: {mutant}");
    }
    Ok(missed.is_empty())
}
