//! The scanner: finds identifiers in free text, one pass, linear time, bounded memory.
//!
//! Rules: every step looks at no more than 128 bytes before and 512 bytes after its place, so that a stream
//! cut anywhere is read as the whole is; what was found is never looked at again, not even as context. Where a
//! number may be several things, the better evidence wins, and with equal evidence the stricter kind.
//! What it finds, and what it misses: `docs/redaction.md`.
//!
//! Security note: a finding has place and kind, no text. A scan is no proof that a text is free of
//! identifiers: names and addresses are not found at all.

mod address;
mod cluster;
mod context;
mod finding;
mod judge;
mod lists;
mod prefilter;
mod search;
mod secret;
mod small;
mod spoken;
#[cfg(test)]
mod tests;
mod token;
mod units;
mod window;
mod words;

use core::fmt;

pub use finding::{Clue, Clues, Confidence, TextFinding, TextKind};
pub use lists::{MAX_ENTRY_LEN, MIN_ENTRY_LEN};

use crate::classify::identifiers::AccountPattern;
use crate::error::RedactError;

use cluster::{Cluster, Spoken};
use lists::Lists;
use search::Search;
use units::{Unit, byte, byte_before, unit, unit_before};
pub(super) use words::{Sense, sense_of_label};

/// Bytes before a place that a step may look at.
pub(super) const BEFORE: usize = 128;
/// Bytes after a place that a step may look at.
pub(super) const AHEAD: usize = 512;
/// Most carrier's patterns of a scanner: each is tried on each word with a digit.
pub const MAX_PATTERNS: usize = 16;

/// Finds identifiers in text. Made once, used by many threads.
///
/// ```
/// use cpni_guard::redact::{TextKind, Scanner};
///
/// let scanner = Scanner::new();
/// let text = "cust verified with SSN 987-65-4320, call back at (202) 555-0123";
/// let kinds: Vec<_> = scanner.scan(text).map(|found| found.kind()).collect();
/// assert_eq!(kinds, [TextKind::Ssn, TextKind::Phone]);
/// ```
pub struct Scanner {
    least: Confidence,
    spoken: bool,
    patterns: Vec<AccountPattern>,
    lists: Lists,
}

impl Scanner {
    /// A scanner as most want it: everything of [`Confidence::USUAL`] and above, no spoken digits, no
    /// patterns, no lists.
    #[must_use]
    pub fn new() -> Self {
        Self { least: Confidence::USUAL, spoken: false, patterns: Vec::new(), lists: Lists::default() }
    }

    /// Begins one with other settings.
    #[must_use]
    pub fn builder() -> ScannerBuilder {
        ScannerBuilder(Self::new())
    }

    /// The findings of a text, in order, without overlaps.
    pub fn scan<'t>(&'t self, text: &'t str) -> TextFindings<'t> {
        self.scan_bytes(text.as_bytes(), 0)
    }

    /// The findings of the value of a column, field or key of this name: the name counts as a label before
    /// the value. `("home_phone", "5550123")` is a telephone number.
    pub fn scan_labelled<'t>(&'t self, label: &str, text: &'t str) -> TextFindings<'t> {
        self.scan_bytes(text.as_bytes(), sense_of_label(label))
    }

    pub(super) const fn scan_bytes<'t>(&'t self, text: &'t [u8], column: Sense) -> TextFindings<'t> {
        TextFindings { scanner: self, text, column, walk: Walk::START }
    }

    /// Goes on from where a walk is. `is_whole`: nothing comes behind the text.
    pub(super) fn step(&self, text: &[u8], walk: &mut Walk, column: Sense, is_whole: bool) -> Step {
        loop {
            let at = walk.at;
            if at >= text.len() {
                return if is_whole { Step::End } else { Step::More };
            }
            if walk.continues {
                if !is_whole && text.len() - at < AHEAD {
                    return Step::More;
                }
                let end = secret::continued(window_of(text, walk).0, at - window_start(walk));
                let end = end + window_start(walk);
                walk.continues = secret::goes_on(text, at, end);
                if end > at {
                    let why = Clues::none().with(Clue::WordBefore);
                    let confidence = Confidence::of_percent(80);
                    (walk.at, walk.floor) = (end, end);
                    return Step::Found(TextFinding {
                        kind: TextKind::Secret,
                        start: at,
                        end,
                        confidence,
                        why,
                    });
                }
                continue;
            }
            let limit = if is_whole { text.len() } else { (text.len() + 1).saturating_sub(AHEAD) };
            let Some(place) = self.next_place(text, at, limit).filter(|place| *place < limit) else {
                walk.at = at.max(limit);
                return if is_whole { Step::End } else { Step::More };
            };
            walk.at = place;
            let (view, at) = window_of(text, walk);
            let offset = place - at;
            let (found, next) = self.look(view, at, column);
            let next = (offset + next).max(place + 1);
            let Some(found) = found else {
                walk.at = next;
                continue;
            };
            let cut = secret::is_cut(view, &found);
            let found = found.moved(offset);
            let end = found.end.max(walk.floor + 1);
            (walk.at, walk.floor, walk.continues) = (end, end, cut);
            return Step::Found(found);
        }
    }

    fn next_place(&self, text: &[u8], at: usize, limit: usize) -> Option<usize> {
        if !self.spoken {
            return prefilter::next(text, at);
        }
        // Step by step, and no further than to the first: a look ahead at each word would be one too many.
        let end = limit.min(text.len());
        (at..end).find(|at| prefilter::begins_at(text, *at) || spoken::begins_at(text, *at))
    }

    /// What begins or lies at a place of a view, and where to look on if nothing does.
    fn look(&self, view: &[u8], at: usize, column: Sense) -> (Option<TextFinding>, usize) {
        let (found, next) = self.look_at(view, at, column);
        let Some(found) = found else { return (None, next) };
        let written = view.get(found.start..found.end).unwrap_or_default();
        // What stands behind an allowed value is looked at like everything else.
        if self.lists.allows(found.kind, written) { (None, found.end) } else { (Some(found), next) }
    }

    fn look_at(&self, view: &[u8], at: usize, column: Sense) -> (Option<TextFinding>, usize) {
        let first = byte(view, at);
        if let Some(len) = address::at_sign(view, at) {
            return (address::email(view, at).filter(|found| found.confidence >= self.least), at + len);
        }
        if first.is_ascii_alphabetic() {
            let password = secret::password(view, at).filter(|found| found.confidence >= self.least);
            if password.is_some() || !self.spoken {
                return (password, at + 1);
            }
        }
        if first.is_ascii_digit() {
            if byte_before(view, at).is_ascii_digit() {
                return (None, run_end(view, at));
            }
            if let Some(end) = small::time_end(view, at) {
                return (None, end);
            }
            let is_plain = column == 0 && self.patterns.is_empty() && !self.lists.denies() && !self.spoken;
            if is_plain && let Some(end) = small::is_nothing(view, at) {
                return (None, end);
            }
            if let Some(found) = self.token(view, at, column) {
                return (Some(found), found.end);
            }
        } else if !matches!(unit(view, at).0, Unit::Digit(_)) && !self.spoken {
            return (None, at + 1);
        } else if matches!(unit_before(view, at).0, Unit::Digit(_)) {
            return (None, at + unit(view, at).1);
        }
        self.number(view, at, column)
    }

    /// What is told by the word that a digit stands in, or by the words beside it.
    fn token(&self, view: &[u8], at: usize, column: Sense) -> Option<TextFinding> {
        let is_sure = |found: &TextFinding| found.confidence >= self.least;
        if let Some(sign) = address::at_sign_ahead(view, at)
            && let Some(found) = address::email(view, sign).filter(|found| found.start <= at)
        {
            return Some(found).filter(is_sure);
        }
        if !self.patterns.is_empty() || self.lists.denies() {
            let found = token::of_pattern(view, at, &self.patterns, &self.lists);
            if found.is_some_and(|found| is_sure(&found)) {
                return found;
            }
        }
        let found = address::ip(view, at).or_else(|| token::birth_date_in_words(view, at, column));
        found.or_else(|| token::word_with_digits(view, at, column)).filter(is_sure)
    }

    /// The best reading of the digits that begin at a place.
    fn number(&self, view: &[u8], at: usize, column: Sense) -> (Option<TextFinding>, usize) {
        let word =
            |text: &[u8], at: usize| -> Option<Spoken> { self.spoken.then(|| spoken::digit(text, at))? };
        let cluster = Cluster::read(view, at, word);
        let groups = cluster.groups();
        let Some(last) = groups.last() else {
            return (None, run_end(view, at));
        };
        // Of a cluster that is not all here only the first half is judged: the rest comes again.
        let starts = if cluster.is_cut { groups.len().div_ceil(2) } else { groups.len() };
        let next = groups.get(starts).map_or(last.end, |group| group.start);
        let mut found = None;
        let (mut text_end, mut to) = (view.len(), groups.len());
        // The best of all; then, as long as something better stands before it, what stands before it.
        while let Some((from, best)) =
            Search::new(view.get(..text_end).unwrap_or(view), &cluster, column, self.least).best(starts, to)
        {
            found = Some(best);
            if from == 0 {
                break;
            }
            (text_end, to) = (best.start, from);
        }

        // An address or an account number may begin at a later group, before what was found.
        let until = found.map_or(next, |found| found.start);
        for group in groups.iter().skip(1).take_while(|group| group.start < until) {
            let is_ascii = byte(view, group.start).is_ascii_digit();
            if is_ascii
                && let Some(token) = self.token(view, group.start, column).filter(|token| token.end <= until)
            {
                return (Some(token), token.end);
            }
        }
        (found, next.max(at + 1))
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

/// Silent: lists hold the host's values.
impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scanner(..)")
    }
}

/// Settings of a [`Scanner`].
#[derive(Debug)]
pub struct ScannerBuilder(Scanner);

impl ScannerBuilder {
    /// Reports from this confidence on. Lower ones find more that is none.
    #[must_use]
    pub fn least(mut self, confidence: Confidence) -> Self {
        self.0.least = confidence;
        self
    }

    /// Reads digits as words too: "four one five, five five five …". For transcripts; it costs speed.
    #[must_use]
    pub fn spoken(mut self, spoken: bool) -> Self {
        self.0.spoken = spoken;
        self
    }

    /// Finds the carrier's account numbers by their pattern; values without a digit are not found.
    ///
    /// # Errors
    /// [`RedactError::TooManyPatterns`] beyond [`MAX_PATTERNS`].
    pub fn account_pattern(mut self, pattern: AccountPattern) -> Result<Self, RedactError> {
        if self.0.patterns.len() >= MAX_PATTERNS {
            return Err(RedactError::TooManyPatterns { max: MAX_PATTERNS });
        }
        self.0.patterns.push(pattern);
        Ok(self)
    }

    /// Never reports this value of this kind, such as the carrier's own hotline: a whole finding that is the
    /// same in its normal form. A longer number that holds it is reported.
    ///
    /// # Errors
    /// [`RedactError::ListEntry`] if it is empty or longer than [`MAX_ENTRY_LEN`].
    pub fn allow(mut self, kind: TextKind, value: &str) -> Result<Self, RedactError> {
        self.0.lists.allow(kind, value)?;
        Ok(self)
    }

    /// Always reports this value, as this kind. Letters and digits are compared, in any case and with any
    /// single separators between words.
    ///
    /// # Errors
    /// [`RedactError::ListEntry`] if it has no digit, or not [`MIN_ENTRY_LEN`] to [`MAX_ENTRY_LEN`] letters
    /// and digits.
    pub fn deny(mut self, kind: TextKind, value: &str) -> Result<Self, RedactError> {
        self.0.lists.deny(kind, value)?;
        Ok(self)
    }

    /// The scanner.
    #[must_use]
    pub fn build(self) -> Scanner {
        self.0
    }
}

/// The findings of one text, in order: [`Scanner::scan`].
pub struct TextFindings<'t> {
    scanner: &'t Scanner,
    text: &'t [u8],
    column: Sense,
    walk: Walk,
}

impl Iterator for TextFindings<'_> {
    type Item = TextFinding;

    fn next(&mut self) -> Option<TextFinding> {
        match self.scanner.step(self.text, &mut self.walk, self.column, true) {
            Step::Found(found) => Some(found),
            Step::More | Step::End => None,
        }
    }
}

/// Silent: it holds a customer's text.
impl fmt::Debug for TextFindings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextFindings(..)")
    }
}

/// Where a scan is in its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    /// The next place to look at.
    pub(super) at: usize,
    /// The end of the last finding: nothing reaches back over it.
    pub(super) floor: usize,
    /// The last finding is a secret that goes on.
    continues: bool,
}

impl Walk {
    pub(super) const START: Self = Self { at: 0, floor: 0, continues: false };

    /// The same place in a text that begins `by` bytes later.
    pub(super) const fn shifted(self, by: usize) -> Self {
        Self { at: self.at - by, floor: self.floor.saturating_sub(by), continues: self.continues }
    }
}

/// What became of a step.
#[derive(Debug)]
pub(super) enum Step {
    Found(TextFinding),
    /// More text is needed to go on.
    More,
    /// The text is at its end.
    End,
}

/// The part of a text that a step at a place may look at, and the place in it.
fn window_of<'t>(text: &'t [u8], walk: &Walk) -> (&'t [u8], usize) {
    let (start, at) = (window_start(walk), walk.at);
    let end = text.len().min(at.saturating_add(AHEAD));
    (text.get(start..end).unwrap_or_default(), at - start)
}

fn window_start(walk: &Walk) -> usize {
    walk.at.saturating_sub(BEFORE).max(walk.floor.min(walk.at))
}

/// Where the digits end that stand at a place.
fn run_end(text: &[u8], mut at: usize) -> usize {
    while let (Unit::Digit(_), len) = unit(text, at) {
        at += len;
    }
    at
}
