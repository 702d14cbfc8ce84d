//! What the output looks like: 80 columns, words wrapped under their column, styles and a progress
//! bar only where a person watches.

use std::env;
use std::io::{self, IsTerminal as _, Write};

use crate::failure::Failure;

/// Columns of the output.
const WIDTH: usize = 80;

/// How a piece of text is set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// What was disclosed, and who asks.
    Bold,
    /// Why.
    Dim,
}

/// Where the output goes.
pub(crate) struct Screen {
    out: Box<dyn Write>,
    styled: bool,
    watched: bool,
}

impl Screen {
    pub(crate) fn of_this_terminal() -> Self {
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            styled: io::stdout().is_terminal() && !plain,
            watched: io::stderr().is_terminal(),
            out: Box::new(io::stdout().lock()),
        }
    }

    /// A line as it is.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{text}")?)
    }

    /// A paragraph, indented by `indent` columns.
    pub(crate) fn note(&mut self, indent: usize, text: &str) -> Result<(), Failure> {
        self.under("", indent, text, Style::Plain)
    }

    /// `left` once, and `text` wrapped in the columns from `at` on, beside and below it.
    pub(crate) fn under(&mut self, left: &str, at: usize, text: &str, style: Style) -> Result<(), Failure> {
        let mut left = left.to_owned();
        if columns(&left) >= at && !left.is_empty() {
            writeln!(self.out, "{left}")?;
            left.clear();
        }
        for line in wrap(text, WIDTH.saturating_sub(at)) {
            let set = self.set(&line, style);
            let gap = at.saturating_sub(columns(&left));
            writeln!(self.out, "{left}{:gap$}{}", "", set.trim_end())?;
            left.clear();
        }
        Ok(())
    }

    /// `text` in its style.
    fn set(&self, text: &str, style: Style) -> String {
        match style {
            Style::Bold if self.styled => format!("\x1b[1m{text}\x1b[0m"),
            Style::Dim if self.styled => format!("\x1b[2m{text}\x1b[0m"),
            Style::Plain | Style::Bold | Style::Dim => text.to_owned(),
        }
    }

    /// Draws how far something is, if a person watches; wipes it at the end.
    pub(crate) fn progress(&self, what: &str, done: usize, of: usize) -> Result<(), Failure> {
        const CELLS: usize = 24;
        let filled = |done: usize| done.saturating_mul(CELLS).checked_div(of).unwrap_or(CELLS);
        // Only when a cell fills: writing costs more than sealing.
        if !self.watched || filled(done) == filled(done.saturating_sub(1)) {
            return Ok(());
        }
        let mut err = io::stderr().lock();
        if done < of {
            let (full, empty) = ("█".repeat(filled(done)), " ".repeat(CELLS.saturating_sub(filled(done))));
            write!(err, "\r {what}  ▕{full}{empty}▏")?;
        } else {
            write!(err, "\r{:1$}\r", "", CELLS.saturating_add(columns(what)).saturating_add(6))?;
        }
        Ok(err.flush()?)
    }
}

/// How many columns a text takes: a character each. Control characters are gone by then.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Lines of at most `width` columns, broken between words; a word that is longer is cut. Later lines
/// stand under the first word, which may be indented and come after an arrow. A no-break space holds
/// words together, and is printed as a space. What a record holds may be anything: control
/// characters, which could drive the terminal, are replaced.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let body = text.trim_start_matches(' ');
    let (arrow, body) = if body.starts_with("→ ") { body.split_at("→ ".len()) } else { ("", body) };
    let indent = columns(&text).saturating_sub(columns(body));
    let room = width.saturating_sub(indent).max(1);

    let mut lines = vec![String::new()];
    for word in body.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let free = room.saturating_sub(lines.last().map_or(0, |line| columns(line)));
        match lines.last_mut() {
            Some(line) if line.is_empty() => {}
            Some(line) if word.len() < free => line.push(' '),
            Some(_) | None => lines.push(String::new()),
        }
        while word.len() > room {
            let rest = word.split_off(room);
            lines.last_mut().into_iter().for_each(|line| line.extend(&word));
            lines.push(String::new());
            word = rest;
        }
        lines.last_mut().into_iter().for_each(|line| line.extend(&word));
    }
    let margin = indent.saturating_sub(columns(arrow));
    let (first, later) = (format!("{:margin$}{arrow}", ""), " ".repeat(indent));
    let margins = core::iter::once(first).chain(core::iter::repeat(later));
    margins.zip(lines).map(|(margin, line)| margin + &line.replace('\u{a0}', " ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_under_their_column() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("→ one two three", 9), ["→ one two", "  three"]);
        assert_eq!(wrap("", 9), [""]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("→ abcdefgh", 5), ["→ abc", "  def", "  gh"]);
        assert_eq!(wrap("  → one two", 8), ["  → one", "    two"]);
        assert_eq!(wrap("a  b", 9), ["a  b"]);
        assert_eq!(wrap("see 47\u{a0}CFR", 7), ["see", "47 CFR"]);
    }

    #[test]
    fn a_value_cannot_drive_the_terminal() {
        assert_eq!(wrap("a\x1b[2Jb\nc", 80), ["a\u{fffd}[2Jb\u{fffd}c"]);
    }

    #[test]
    fn no_line_is_longer_than_it_may_be() {
        let text = "→ a call-detail-by-phone 47 CFR 64.2010(b) supercalifragilisticexpialidocious · x";
        for width in 3..60 {
            for line in wrap(text, width) {
                assert!(columns(&line) <= width, "{line:?} at {width}");
            }
        }
    }
}
