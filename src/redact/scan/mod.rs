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
mod marker;
mod prefilter;
mod reach;
mod search;
mod secret;
mod small;
mod spoken;
#[cfg(test)]
mod tests;
mod token;
mod trail;
mod units;
mod walk;
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
use walk::Look;
pub(super) use walk::{BACK, Step, Walk};
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

    /// The next place where something may begin. Only the text from `floor` on counts.
    fn next_place(&self, text: &[u8], floor: usize, at: usize, limit: usize) -> Option<usize> {
        if !self.spoken {
            return prefilter::next(text, at);
        }
        // Step by step, and no further than to the first: a look ahead at each word would be one too many.
        let (text, end) = (text.get(floor..)?, limit.min(text.len()));
        (at..end).find(|at| prefilter::begins_at(text, at - floor) || spoken::begins_at(text, at - floor))
    }

    /// What begins or lies at a place of a view.
    fn look(&self, view: &[u8], at: usize, column: Sense) -> Look {
        let look = self.read(view, at, column);
        let Some(found) = look.found else { return look };
        let written = view.get(found.start..found.end).unwrap_or_default();
        // What stands behind an allowed value is looked at like everything else.
        if self.lists.allows(found.kind, written) {
            return Look { found: None, next: found.end, ..look };
        }
        look
    }

    /// A look at a number that is seen to be nothing without a look at all that it may be.
    #[inline]
    fn pass_over(&self, view: &[u8], at: usize, column: Sense) -> Option<Look> {
        if !byte(view, at).is_ascii_digit() {
            return None;
        }
        let run = byte_before(view, at).is_ascii_digit().then(|| run_end(view, at));
        if let Some(next) = run.or_else(|| small::time_end(view, at)) {
            return Some(Look { found: None, next, reach: next + 1 });
        }
        if column == 0 && self.is_plain() { small::nothing(view, at) } else { None }
    }

    /// Whether it reads neither spoken digits nor words of the host's.
    fn is_plain(&self) -> bool {
        self.patterns.is_empty() && !self.lists.denies() && !self.spoken
    }

    fn read(&self, view: &[u8], at: usize, column: Sense) -> Look {
        let first = byte(view, at);
        if let Some(len) = address::at_sign(view, at) {
            let email = address::email(view, at).filter(|found| found.confidence >= self.least);
            return Look::at_end(view, email, at + len);
        }
        if first.is_ascii_alphabetic() {
            let label = context::password_label(view, at);
            let password = label.and_then(|label_end| secret::password(view, label_end));
            let password = password.filter(|found| found.confidence >= self.least);
            if password.is_some() || !self.spoken {
                let reach = if label.is_some() { view.len() } else { reach::of_letter(at) };
                return Look { found: password, next: at + 1, reach };
            }
        }
        if first.is_ascii_digit() {
            if let Some(found) = self.token(view, at, column) {
                return Look::at_end(view, Some(found), found.end);
            }
        } else if !matches!(unit(view, at).0, Unit::Digit(_)) && !self.spoken {
            return Look::at_end(view, None, at + 1);
        } else if matches!(unit_before(view, at).0, Unit::Digit(_)) {
            return Look::at_end(view, None, at + unit(view, at).1);
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
    fn number(&self, view: &[u8], at: usize, column: Sense) -> Look {
        let word =
            |text: &[u8], at: usize| -> Option<Spoken> { self.spoken.then(|| spoken::digit(text, at))? };
        let cluster = Cluster::read(view, at, word);
        let groups = cluster.groups();
        let Some(last) = groups.last() else {
            return Look::at_end(view, None, run_end(view, at));
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
                return Look::at_end(view, Some(token), token.end);
            }
        }
        let is_near = found.is_none() && !cluster.is_cut && self.is_plain();
        let reach = if is_near { reach::of_number(view, last.end) } else { view.len() };
        Look { found, next: next.max(at + 1), reach }
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

impl TextFindings<'_> {
    /// Whether something before a finding is not as it will be found again. The text must not be given out.
    pub(super) const fn is_unsettled(&self) -> bool {
        self.walk.is_unsettled
    }
}

/// Silent: it holds a customer's text.
impl fmt::Debug for TextFindings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextFindings(..)")
    }
}

/// Where the digits end that stand at a place.
fn run_end(text: &[u8], mut at: usize) -> usize {
    while let (Unit::Digit(_), len) = unit(text, at) {
        at += len;
    }
    at
}
