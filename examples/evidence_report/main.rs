//! An evidence report on a sample year: what the audit log holds, as JSON and as a page.
//!
//! ```sh
//! cargo run --release --example evidence_report -- --out FOLDER
//! ```
//!
//! Generated traffic of 2026 runs through a guard: calls, stores, self-service, SIM changes, a credit
//! check, a campaign, training that lapsed, one agent who looks at accounts with nobody on the line.
//! The customers are made up, the clock is moved by hand, and the log is in memory. Without `--out` the
//! report goes to a new temporary folder.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

mod carrier;
mod year;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use cpni_guard::oversight::report::CarrierRecords;
use cpni_guard::{EvidenceReport, EvidenceRequest, Period};

const HELP: &str = "\
Plays a year of generated traffic at a carrier, and writes the evidence report
on it: report.json and report.html.

usage: cargo run --release --example evidence_report -- [--out FOLDER]

  --out FOLDER  where the report goes. Otherwise to a new temporary folder.
  --help        this text

Exit code 0: written. 1: something failed. 2: wrong use.
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let out = match arguments.as_slice() {
        [] => temporary(),
        [help] if help == "--help" || help == "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        [option, folder] if option == "--out" => PathBuf::from(folder),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match make(year::DAYS).and_then(|report| write(&report, &out).map(|()| report)) {
        Ok(report) => {
            tell(&report, &out);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("evidence_report: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Plays the first days of the year and reports on the year.
fn make(days: u32) -> Result<EvidenceReport, Box<dyn Error>> {
    let period = Period::year(2026).ok_or("no such year")?;
    let guard = year::play(period, days)?;
    // What the log cannot know: of the carrier's own records, three numbers are given here.
    let carrier = CarrierRecords {
        breaches: Some(0),
        complaints_of_access_by_employees: Some(1),
        complaints_of_disclosure: Some(2),
        ..CarrierRecords::default()
    };
    Ok(guard.evidence_report(EvidenceRequest { carrier, ..period.into() }))
}

fn write(report: &EvidenceReport, out: &Path) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(out)?;
    std::fs::write(out.join("report.json"), report.to_json())?;
    std::fs::write(out.join("report.html"), report.to_html())?;
    Ok(())
}

fn tell(report: &EvidenceReport, out: &Path) {
    let standing = if report.complete { "complete" } else { "incomplete" };
    println!("Evidence report on a sample year: {standing}");
    report.shortfalls.iter().for_each(|fall| println!("  {}", fall.what));
    let total = &report.decisions.total;
    let redirects = &report.redirects;
    for (what, figure) in [
        ("decisions", total.all()),
        ("withheld", total.withheld),
        ("interactions with a refused view", redirects.refused),
        ("  then sent to the address of record", redirects.sent),
        ("  then called back", redirects.called_back),
        ("refusals for lack of training", report.training_gaps.refusals),
        ("refused by the watch", report.alerts.refused_by_watch),
        ("SSN verifications", report.ssn_verifications.compared),
    ] {
        println!("  {what:<38} {:>10}", figure.to_string());
    }
    println!("Written to");
    println!("{}", out.join("report.html").display());
    println!("{}", out.join("report.json").display());
}

fn temporary() -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    std::env::temp_dir().join(format!("evidence-report-{now}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn every_part_of_the_report_has_something_to_say() {
        let report = make(120).unwrap();
        assert!(report.complete, "{:?}", report.shortfalls);
        let redirects = &report.redirects;
        for (what, figure) in [
            ("refused", redirects.refused),
            ("sent", redirects.sent),
            ("called back", redirects.called_back),
            ("training", report.training_gaps.refusals),
            ("held back by the watch", report.alerts.refused_by_watch),
            ("lifted", report.alerts.lifted),
            ("ssn", report.ssn_verifications.compared),
            ("consent", report.consent_records),
            ("queued", report.notices.queued),
            ("handed over", report.notices.handed_over),
            ("attempts failed", report.notices.attempts_failed),
        ] {
            assert!(figure.count() > 0, "{what}");
        }
        let rows = [
            report.policies.len(),
            report.overrides.recorded.len(),
            report.overrides.today.len(),
            report.alerts.alarms.len(),
            report.approvals.by_subject.len(),
            report.agents.by_employer.len(),
            report.agents.most_refused.len(),
        ];
        assert_eq!(rows, [2, 1, 1, 3, 1, 3, 10]);
        assert_eq!(report.agents.most_refused.first().unwrap().agent, "v-07");
    }
}
