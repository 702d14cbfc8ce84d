//! Lines, the summary and the progress of a long file.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use cpni_guard::redact::{TextFinding, TextKind};

/// Where lines begin, as far as findings may still come.
#[derive(Default)]
pub(crate) struct Lines {
    bytes: usize,
    ended: usize,
    /// The line of the last finding, from 0, and where it begins.
    line: usize,
    start: usize,
    /// Ends of later lines.
    ends: VecDeque<usize>,
}

/// Where a finding is: line from 1, bytes in its line.
pub(crate) struct Place {
    line: usize,
    start: usize,
    /// The line that it ends in, and the byte there.
    end_line: usize,
    end: usize,
}

impl Lines {
    /// Takes in what was read.
    pub(crate) fn take_in(&mut self, text: &[u8]) {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let before = self.ends.len();
        self.ends.extend(ends.map(|(place, _)| self.bytes + place));
        self.ended += self.ends.len() - before;
        self.bytes += text.len();
    }

    /// How many bytes were read.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many lines were ended.
    pub(crate) const fn count(&self) -> usize {
        self.ended
    }

    /// Where a finding is. They come in order.
    pub(crate) fn place(&mut self, found: &TextFinding) -> Place {
        while let Some(end) = self.ends.front().copied().filter(|end| *end < found.start()) {
            self.ends.pop_front();
            (self.line, self.start) = (self.line + 1, end + 1);
        }
        let (line, start) = (self.line + 1, found.start() - self.start);
        let inside = self.ends.iter().take_while(|end| **end < found.end());
        let (count, last) = inside.fold((0, self.start), |(count, _), end| (count + 1, end + 1));
        Place { line, start, end_line: line + count, end: found.end() - last }
    }
}

impl Place {
    /// The finding as one JSON object. `end_line` is there where it goes over the end of a line.
    pub(crate) fn json(&self, found: &TextFinding) -> String {
        let Self { line, start, end_line, end } = self;
        let (kind, confidence) = (found.kind(), found.confidence());
        let more = if end_line == line { String::new() } else { format!(r#","end_line":{end_line}"#) };
        format!(
            r#"{{"line":{line},"start":{start},"end":{end},"kind":"{kind}","confidence":{confidence}{more}}}"#
        )
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}-{}", self.line, self.start, self.end)
    }
}

/// How many of each kind.
#[derive(Default)]
pub(crate) struct Summary(BTreeMap<TextKind, (usize, usize)>);

impl Summary {
    pub(crate) fn add(&mut self, found: &TextFinding) {
        let (count, sure) = self.0.entry(found.kind()).or_default();
        *count += 1;
        *sure += usize::from(found.confidence().percent() >= 80);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// The summary as lines.
    pub(crate) fn text(&self, bytes: usize, lines: usize) -> String {
        let mut text = format!("{bytes} bytes, {lines} lines: {} found\n", self.count());
        for (kind, (count, sure)) in &self.0 {
            text.push_str(&format!("  {:<11}{count:>9}   {sure} of them at 0.80 or more\n", kind.name()));
        }
        text
    }
}

/// A line on standard error that says how far a long file is.
pub(crate) struct Progress {
    len: Option<u64>,
    read: u64,
    terminal: bool,
    last: Instant,
    told: bool,
}

impl Progress {
    pub(crate) fn new(len: Option<u64>, terminal: bool) -> Self {
        Self { len, read: 0, terminal, last: Instant::now(), told: false }
    }

    pub(crate) fn step(&mut self, len: usize, found: usize) {
        self.read += len as u64;
        let pause = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(2) };
        if self.last.elapsed() < pause {
            return;
        }
        (self.last, self.told) = (Instant::now(), true);
        let share = self
            .len
            .filter(|len| *len > 0)
            .map(|len| format!(" of {} MB, {} %", len >> 20, self.read * 100 / len));
        let (start, end) = if self.terminal { ("\r", "\x1b[K") } else { ("", "\n") };
        eprint!("{start}{} MB{}, {found} found{end}", self.read >> 20, share.unwrap_or_default());
    }

    pub(crate) fn end(&self) {
        if self.told && self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}
