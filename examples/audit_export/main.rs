//! The audit log of a few days of generated traffic, as lines for a SIEM.
//!
//! ```sh
//! cargo run --release --example audit_export -- --format ocsf
//! ```
//!
//! The carrier and its traffic are those of `evidence_report`; the log is in memory. The lines go to the
//! standard output, or to a file, and how the export stands goes to the standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

#[path = "../evidence_report/carrier.rs"]
mod carrier;
#[path = "../evidence_report/year.rs"]
mod year;

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use cpni_guard::Period;
use cpni_guard::oversight::export::{ExportFormat, ExportStatus, Exporter};

const HELP: &str = "\
Plays some days of generated traffic at a carrier, and exports the audit log as
lines for a SIEM.

usage: cargo run --release --example audit_export -- --format ocsf|cef [OPTIONS]

  --format ocsf   a JSON object a line, of the OCSF schema
  --format cef    a line of the Common Event Format
  --from N        begins with event N; otherwise with event 0
  --days N        days of traffic, 1 to 365; otherwise 10
  --out FILE      where the lines go; otherwise to the standard output
  --help          this text

Exit code 0: exported. 1: something failed. 2: wrong use.
";
const DEFAULT_DAYS: u32 = 10;

struct Options {
    format: ExportFormat,
    from: u64,
    days: u32,
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let Some(options) = read(&arguments) else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    match export(&options) {
        Ok(status) => {
            tell(&status);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("audit_export: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read(arguments: &[OsString]) -> Option<Options> {
    let (mut format, mut from, mut days, mut out) = (None, 0, DEFAULT_DAYS, None);
    let (pairs, rest) = arguments.as_chunks::<2>();
    for [option, value] in pairs {
        match (option.to_str()?, value.to_str()?) {
            ("--format", "ocsf") => format = Some(ExportFormat::Ocsf),
            ("--format", "cef") => format = Some(ExportFormat::Cef),
            ("--from", number) => from = number.parse().ok()?,
            ("--days", number) => {
                days = number.parse().ok().filter(|days| (1..=year::DAYS).contains(days))?
            }
            ("--out", path) => out = Some(PathBuf::from(path)),
            _ => return None,
        }
    }
    rest.is_empty().then_some(Options { format: format?, from, days, out })
}

fn export(options: &Options) -> Result<ExportStatus, Box<dyn Error>> {
    let guard = year::play(Period::year(2026).ok_or("no such year")?, options.days)?;
    let mut exporter = Exporter::new(options.format).starting_at(options.from);
    // A forwarder would go on: export what is new every few seconds, keep `exporter.position()` once its
    // receiver has the lines, and begin again with `Exporter::resume` after a restart.
    let mut sink: Box<dyn Write> = match &options.out {
        Some(path) => Box::new(File::create(path)?),
        None => Box::new(io::stdout().lock()),
    };
    exporter.export(guard.audit(), &mut sink)?;
    Ok(exporter.status())
}

fn tell(status: &ExportStatus) {
    let counts = &status.counts;
    for (what, number) in [
        ("events exported", counts.exported),
        ("not exported: unreadable", counts.unreadable),
        ("not exported: missing", counts.missing),
        ("not exported: too long", counts.too_long),
        ("failures of the sink", counts.sink_failures),
        ("next event", status.next),
    ] {
        eprintln!("  {what:<26} {number:>8}");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_export_from_a_number_on_is_the_end_of_the_whole() {
        let lines = |from: u64| {
            let path = std::env::temp_dir().join(format!("audit-export-{}-{from}", std::process::id()));
            let options = Options { format: ExportFormat::Cef, from, days: 2, out: Some(path.clone()) };
            let status = export(&options).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert_eq!(status.not_exported, 0);
            assert_eq!(u64::try_from(text.lines().count()).unwrap(), status.counts.exported);
            status
        };
        let (whole, end) = (lines(0), lines(20));
        assert!(whole.next > 40);
        assert_eq!((whole.counts.exported, end.counts.exported), (whole.next, end.next - 20));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let read =
            |line: &str| read(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>()).is_some();
        assert!(read("--format ocsf") && read("--format cef --from 7 --days 365 --out f"));
        for wrong in
            ["", "--format", "--format xml", "--format cef --days 0", "--format cef --from -1", "--x y"]
        {
            assert!(!read(wrong), "{wrong}");
        }
    }
}
