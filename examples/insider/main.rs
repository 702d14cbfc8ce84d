//! A replay of what a carrier did not notice in 2013 and 2014 (FCC, DA 15-399): three agents who
//! each open 136 accounts a day, for 168 days, among ordinary colleagues.
//!
//! ```sh
//! cargo run --release --example insider -- --days 168
//! cargo run --release --example insider -- --detection off
//! ```
//!
//! Everybody, insiders too, works on call-backs that the host's telephony confirms, so that policy
//! alone lets them read what a care agent may. Afterwards a breach officer asks whose data the
//! insiders got. The answer is compared, account by account, with one plain pass over all events.
//! Exit 1 if an insider was not blocked on the first day, a colleague tripped a rule, or the scope
//! and the plain pass differ in an account or in what was seen of it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

mod aftermath;
mod floor;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use cpni_guard::oversight::watch::{Response, WatchRules};

use floor::{ACCOUNTS_A_DAY, COLLEAGUES, DAY, Floor, INSIDERS, Seen};

const USAGE: &str = "\
usage: insider [--days N] [--detection on|off] [--report FOLDER]
  --days N          days to replay, 1 to 1000; 168 where it is not said
  --detection off   without the watch: how much is taken
  --report FOLDER   where the reports go; otherwise a new temporary folder
";

struct Options {
    days: u64,
    detection: bool,
    report: PathBuf,
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
    let mut options = Options { days: 168, detection: true, report: temporary() };
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
            ("--report", folder) if !folder.is_empty() => options.report = folder.into(),
            _ => return None,
        }
    }
    Some(options)
}

fn temporary() -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    std::env::temp_dir().join(format!("insider-{now}"))
}

/// Whether it went as it should: all insiders blocked on the first day, no colleague troubled, and
/// the scope names whose data they got.
fn play(options: &Options, out: &mut impl Write) -> Result<bool, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let rules = if options.detection { WatchRules::built_in()? } else { WatchRules::none() };
    let detection = if options.detection { "on" } else { "off" };
    writeln!(out, "{} days, {COLLEAGUES} colleagues with 30 to 40 accounts a day,", options.days)?;
    writeln!(out, "{INSIDERS} insiders with {ACCOUNTS_A_DAY}. Detection is {detection}.\n")?;
    let mut floor = Floor::open(rules)?;
    for day in 0..options.days {
        floor.day(day)?;
    }
    floor.is_over(options.days);

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
    let is_same = aftermath::scope(&floor, &seen, options.days, &options.report, out)?;
    let seconds = started.elapsed().as_secs_f64();
    writeln!(out, "\n{} events, verified. {seconds:.1} s.", floor.verify()?)?;
    if options.detection {
        let verdict = if all_is_well {
            "All insiders were blocked on the first day; no colleague was troubled."
        } else {
            "An insider was not blocked on the first day, or a colleague was troubled."
        };
        writeln!(out, "{verdict}")?;
    }
    Ok(is_same && (all_is_well || !options.detection))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn played(days: u64, detection: bool) -> (bool, String, PathBuf) {
        let report = temporary();
        let mut out = Vec::new();
        let options = Options { days, detection, report: report.clone() };
        let well = play(&options, &mut out).unwrap();
        (well, String::from_utf8(out).unwrap(), report)
    }

    #[test]
    fn insiders_are_blocked_on_the_first_day_and_the_scope_names_whose_data_they_got() {
        let (well, text, report) = played(2, true);
        assert!(well, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(text.matches("300 named, the same").count(), 2, "{text}");
        for (file, says) in
            [("report.html", "vendor"), ("report.json", "\"complete\": true"), ("incident.json", "\"2007\"")]
        {
            let written = std::fs::read_to_string(report.join(file)).unwrap();
            assert!(written.contains(says), "{file}");
        }
        std::fs::remove_dir_all(report).unwrap();
    }

    #[test]
    fn without_detection_everything_is_taken_and_named() {
        let (well, text, report) = played(1, false);
        let taken = INSIDERS * ACCOUNTS_A_DAY;
        assert!(well && text.contains(&format!("{taken} named, the same")), "{text}");
        std::fs::remove_dir_all(report).unwrap();
    }

    #[test]
    fn options_are_read_or_refused() {
        let read_text = |text: &str| read(text.split_whitespace().map(str::to_owned));
        assert!(
            read_text("--days=3 --detection off")
                .is_some_and(|options| options.days == 3 && !options.detection)
        );
        for wrong in ["--days", "--days 0", "--days 1001", "--days x", "--detection maybe", "--report", "3"] {
            assert!(read_text(wrong).is_none(), "{wrong}");
        }
    }
}
