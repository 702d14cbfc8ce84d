//! Agent notes, transcripts or log lines with every identifier replaced that is found.
//!
//! ```sh
//! cargo run --release --example redact_notes -- notes.txt > clean.txt
//! cargo run --release --example redact_notes -- --explain < notes.txt
//! cargo run --release --example redact_notes -- --findings jsonl notes.txt
//! cargo run --release --example redact_notes -- --score ../shared/data/annotated-sentences.json
//! ```
//!
//! The text goes to standard output, the summary to standard error. Nothing else repeats a value: a finding is
//! a place and a kind. `--score` compares with sentences that were annotated by others and prints a table,
//! every miss and every false hit; those texts are made up, and it prints them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

mod report;
mod score;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cpni_guard::redact::{Confidence, Redactor, Scanner};

use report::{Lines, Progress, Summary};

const USAGE: &str = "\
usage: redact_notes [--explain] [--findings jsonl] [--spoken] [--least N] [FILE]
       redact_notes --score FILE
  FILE              the text; standard input where it is not said, or `-`
  --explain         says of each finding where and why, on standard error
  --findings jsonl  prints one JSON object a finding instead of the text: line from 1, bytes in the line
  --spoken          reads digits as words too: \"four one five, five five five ...\"
  --least N         reports from this confidence on, 1 to 99; 50 where it is not said
  --score FILE      annotated sentences (presidio-research): recall and precision, misses and false hits
";

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

#[derive(Default)]
struct Options {
    explain: bool,
    findings: bool,
    spoken: bool,
    least: Option<u8>,
    score: Option<PathBuf>,
    file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Some(options) = read(std::env::args().skip(1)) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let done = match &options.score {
        Some(file) => score::print(file, &scanner(&options)),
        None => redact(&options),
    };
    match done {
        Ok(code) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("redact_notes: {error}");
            ExitCode::from(1)
        }
    }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--explain" => options.explain = true,
            "--spoken" => options.spoken = true,
            "--findings" => {
                options.findings = true;
                arguments.next().filter(|format| format == "jsonl")?;
            }
            "--least" => {
                let least = arguments.next()?.parse().ok()?;
                options.least = Some(least).filter(|least| (1..=99).contains(least));
                options.least?;
            }
            "--score" => options.score = Some(PathBuf::from(arguments.next()?)),
            file if options.file.is_none() && (file == "-" || !file.starts_with('-')) => {
                options.file = Some(PathBuf::from(file));
            }
            _ => return None,
        }
    }
    Some(options)
}

fn scanner(options: &Options) -> Scanner {
    let least = options.least.map_or(Confidence::USUAL, Confidence::of_percent);
    Scanner::builder().spoken(options.spoken).least(least).build()
}

fn redact(options: &Options) -> io::Result<ExitCode> {
    let file = options.file.as_deref().filter(|file| *file != Path::new("-"));
    let (mut input, len): (Box<dyn Read>, Option<u64>) = match file {
        Some(path) => {
            let file = File::open(path)?;
            let len = file.metadata().map(|found| found.len()).ok();
            (Box::new(file), len)
        }
        None => (Box::new(io::stdin().lock()), None),
    };
    let redactor = Redactor::new(scanner(options));
    let out = BufWriter::with_capacity(PIECE, io::stdout().lock());
    let text: Box<dyn Write> =
        if options.findings { Box::new(io::sink()) } else { Box::new(io::stdout().lock()) };
    let mut report = Report {
        out,
        lines: Lines::default(),
        summary: Summary::default(),
        findings: options.findings,
        explain: options.explain,
        failed: None,
    };
    let mut writer = redactor.writer(BufWriter::with_capacity(PIECE, text));
    let mut progress = Progress::new(len, io::stderr().is_terminal());
    let mut piece = vec![0; PIECE];
    loop {
        let len = match input.read(&mut piece) {
            Ok(0) => break,
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let read = piece.get(..len).unwrap_or_default();
        report.lines.take_in(read);
        writer.write_and_look(read, |found| report.tell(found))?;
        progress.step(len, report.summary.count());
    }
    writer.finish_and_look(|found| report.tell(found))?.flush()?;
    report.out.flush()?;
    progress.end();
    if let Some(failed) = report.failed {
        return Err(failed);
    }
    eprint!("{}", report.summary.text(report.lines.bytes(), report.lines.count()));
    Ok(ExitCode::SUCCESS)
}

/// What is told of each finding.
struct Report<W: Write> {
    out: W,
    lines: Lines,
    summary: Summary,
    findings: bool,
    explain: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Report<W> {
    fn tell(&mut self, found: &cpni_guard::redact::TextFinding) {
        let place = self.lines.place(found);
        self.summary.add(found);
        if self.explain {
            eprintln!("{place}: {} {} ({})", found.kind(), found.confidence(), found.why());
        }
        if self.findings
            && let Err(error) = writeln!(self.out, "{}", place.json(found))
        {
            self.failed.get_or_insert(error);
        }
    }
}
