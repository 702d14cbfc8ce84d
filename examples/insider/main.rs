//! A replay of what a carrier did not notice in 2013 and 2014 (FCC, DA 15-399): three agents who
//! each open 136 accounts a day, for 168 days, among ordinary colleagues.
//!
//! ```sh
//! cargo run --release --example insider -- --days 168
//! cargo run --release --example insider -- --detection off
//! ```
//!
//! Everybody, insiders too, works on call-backs that the host's telephony confirms, so that policy
//! alone lets them read what a care agent may. The numbers are read from the audit log afterwards.
//! Exit 1 if an insider was not blocked on the first day, or a colleague tripped a rule.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

mod floor;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use cpni_guard::oversight::watch::{Response, WatchRules};

use floor::{ACCOUNTS_A_DAY, COLLEAGUES, DAY, Floor, INSIDERS, Seen};

const USAGE: &str = "\
usage: insider [--days N] [--detection on|off]
  --days N          days to replay, 1 to 1000; 168 where it is not said
  --detection off   without the watch: how much is taken
";

struct Options {
    days: u64,
    detection: bool,
}

fn main() -> ExitCode {
    let Some(options) = read(std::env::args().skip(1)) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match play(&options, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => match error.downcast_ref::<io::Error>() {
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Some(_) | None => {
                eprintln!("insider: {error}");
                ExitCode::from(1)
            }
        },
    }
}

fn read(arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options { days: 168, detection: true };
    let mut arguments = arguments.flat_map(|argument| match argument.split_once('=') {
        Some((name, value)) => vec![name.to_owned(), value.to_owned()],
        None => vec![argument],
    });
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match (name.as_str(), value.as_str()) {
            ("--days", days) => options.days = days.parse().ok().filter(|days| (1..=1000).contains(days))?,
            ("--detection", "on") => options.detection = true,
            ("--detection", "off") => options.detection = false,
            _ => return None,
        }
    }
    Some(options)
}

/// Whether it went as it should: all insiders blocked on the first day, no colleague troubled.
fn play(options: &Options, out: &mut impl Write) -> Result<bool, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let rules = if options.detection { WatchRules::built_in()? } else { WatchRules::none() };
    let detection = if options.detection { "on" } else { "off" };
    writeln!(out, "{} days, {COLLEAGUES} colleagues with 30 to 40 accounts a day,", options.days)?;
    writeln!(out, "{INSIDERS} insiders with {ACCOUNTS_A_DAY}. Detection is {detection}.\n")?;
    let floor = Floor::open(rules)?;
    for day in 0..options.days {
        floor.day(day)?;
    }

    let alarms = floor.alarms();
    if options.detection {
        writeln!(out, "The first day:")?;
        for alarm in alarms.iter().filter(|alarm| alarm.at < floor.start(1)) {
            let time = alarm.at.as_secs() % DAY;
            let agent = alarm.agent.as_ref().map_or("nobody known", |agent| agent.as_str());
            let (hour, minute) = (time / 3600, time % 3600 / 60);
            writeln!(out, "  {hour:02}:{minute:02} {agent:<11} {:<22} {}", alarm.rule, alarm.response)?;
        }
        writeln!(out)?;
    }
    let seen = floor.seen()?;
    writeln!(out, "  Agent        Openings  Held back  Accounts read  Alarms")?;
    let mut all_is_well = true;
    for (agent, seen) in &seen {
        let of_agent = alarms.iter().filter(|alarm| alarm.agent.as_ref() == Some(agent));
        let told = of_agent.clone().count();
        let Seen { openings, held_back, read } = seen;
        writeln!(out, "  {agent:<11}{openings:>10}{held_back:>11}{:>15}{told:>8}", read.len())?;
        all_is_well &= if agent.as_str().starts_with("insider") {
            let mut of_agent = of_agent;
            of_agent.any(|alarm| alarm.response == Response::Block && alarm.at < floor.start(1))
        } else {
            told == 0
        };
    }
    let taken: std::collections::BTreeSet<_> = seen
        .iter()
        .filter(|(agent, _)| agent.as_str().starts_with("insider"))
        .flat_map(|(_, s)| &s.read)
        .collect();
    writeln!(out, "\nThe insiders read the names of {} accounts, by the audit log.", taken.len())?;
    let seconds = started.elapsed().as_secs_f64();
    writeln!(out, "{} events, verified. {seconds:.1} s.", floor.verify()?)?;
    if !options.detection {
        return Ok(true);
    }
    let verdict = if all_is_well {
        "All insiders were blocked on the first day; no colleague was troubled."
    } else {
        "An insider was not blocked on the first day, or a colleague was troubled."
    };
    writeln!(out, "{verdict}")?;
    Ok(all_is_well)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn played(days: u64, detection: bool) -> (bool, String) {
        let mut out = Vec::new();
        let well = play(&Options { days, detection }, &mut out).unwrap();
        (well, String::from_utf8(out).unwrap())
    }

    #[test]
    fn insiders_are_blocked_on_the_first_day() {
        let (well, text) = played(2, true);
        assert!(well, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.contains("names of 300 accounts"), "{text}");
    }

    #[test]
    fn without_detection_everything_is_taken() {
        let (_, text) = played(1, false);
        let taken = INSIDERS * ACCOUNTS_A_DAY;
        assert!(text.contains(&format!("names of {taken} accounts")), "{text}");
    }

    #[test]
    fn options_are_read_or_refused() {
        let read_text = |text: &str| read(text.split_whitespace().map(str::to_owned));
        assert!(
            read_text("--days=3 --detection off")
                .is_some_and(|options| options.days == 3 && !options.detection)
        );
        for wrong in ["--days", "--days 0", "--days 1001", "--days x", "--detection maybe", "3"] {
            assert!(read_text(wrong).is_none(), "{wrong}");
        }
    }
}
