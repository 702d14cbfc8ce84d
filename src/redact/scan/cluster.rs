//! A cluster: groups of digits that stand close enough to be one number.
//!
//! Rules: up to 24 groups, 40 digits and 256 bytes; between two groups up to three separators and one line
//! end. What is longer is looked at in parts. A window is a run of its groups.

use zeroize::Zeroize;

use super::marker;
use super::units::{Unit, byte, byte_before, is_word_before, unit, unit_before};

/// Most groups of a cluster.
pub(super) const MAX_GROUPS: usize = 24;
/// Most digits.
pub(super) const MAX_DIGITS: usize = 40;
/// Most bytes.
const MAX_BYTES: usize = 256;
/// Most separators between two groups.
const MAX_GAP: usize = 3;
/// Most spaces after a line end.
const MAX_INDENT: usize = 16;

/// What stands between two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Gap {
    /// Nothing: the first group.
    #[default]
    None,
    /// One or two spaces.
    Space,
    Dash,
    Dot,
    Slash,
    Underscore,
    /// A parenthesis among others.
    Parenthesis,
    /// Several of the above.
    Mixed,
    /// A line end, after or before which others may stand.
    Line,
}

impl Gap {
    /// Whether it joins what stands on its sides into one word.
    pub(super) const fn is_tight(self) -> bool {
        matches!(self, Self::Dash | Self::Dot | Self::Underscore)
    }
}

/// A group of digits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Group {
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// Where it ends, in bytes.
    pub(super) end: usize,
    /// The place of its first digit among all.
    pub(super) first: usize,
    /// How many digits it has.
    pub(super) len: usize,
    /// What stands before it.
    pub(super) gap: Gap,
}

/// Groups of digits that stand together.
pub(super) struct Cluster {
    digits: [u8; MAX_DIGITS],
    digits_len: usize,
    groups: [Group; MAX_GROUPS],
    groups_len: usize,
    /// It ended because it was full: more of the same follows.
    pub(super) is_cut: bool,
    /// Where the first group is preceded by a plus sign, the place of the sign.
    pub(super) plus: Option<usize>,
    /// It holds digits that were words.
    pub(super) is_spoken: bool,
}

impl Cluster {
    /// Reads the cluster whose first digit stands at `start`. `word` reads a spoken digit, where that is
    /// wanted.
    pub(super) fn read(text: &[u8], start: usize, word: impl Fn(&[u8], usize) -> Option<Spoken>) -> Self {
        let mut cluster = Self {
            digits: [0; MAX_DIGITS],
            digits_len: 0,
            groups: [Group::default(); MAX_GROUPS],
            groups_len: 0,
            is_cut: false,
            plus: plus_before(text, start),
            is_spoken: false,
        };
        let (mut at, mut gap) = (start, Gap::None);
        loop {
            let Some(end) = cluster.read_group(text, at, gap, &word) else {
                cluster.is_cut = cluster.groups_len > 0 && !cluster.is_empty_at(text, at, &word);
                break;
            };
            let Some((next, found)) = read_gap(text, end, &word, cluster.is_spoken) else { break };
            if next - start > MAX_BYTES {
                cluster.is_cut = true;
                break;
            }
            (at, gap) = (next, found);
        }
        cluster
    }

    /// Its groups.
    pub(super) fn groups(&self) -> &[Group] {
        self.groups.get(..self.groups_len).unwrap_or_default()
    }

    /// All its digits, as ASCII.
    pub(super) fn digits(&self) -> &str {
        let digits = self.digits.get(..self.digits_len).unwrap_or_default();
        core::str::from_utf8(digits).unwrap_or_default()
    }

    /// Reads the digits at a place as a group; where they end. `None`: none there, or no room for them.
    fn read_group(
        &mut self,
        text: &[u8],
        start: usize,
        gap: Gap,
        word: &impl Fn(&[u8], usize) -> Option<Spoken>,
    ) -> Option<usize> {
        let first = self.digits_len;
        let (mut at, mut end, mut word_at) = (start, start, start);
        loop {
            match unit(text, at) {
                (Unit::Digit(digit), len) => {
                    self.push(digit)?;
                    at += len;
                    end = at;
                }
                (Unit::Invisible, len) if end > start => at += len,
                _ => {
                    let Some(spoken) = word(text, at).filter(|_| at == word_at) else { break };
                    for _ in 0..spoken.times {
                        self.push(spoken.digit)?;
                    }
                    self.is_spoken = true;
                    end = at + spoken.len;
                    // Words stand apart; what joins them is no gap.
                    at = spoken_gap(text, end, word);
                    if at == end {
                        break;
                    }
                    word_at = at;
                }
            }
            if at - start > MAX_BYTES {
                break;
            }
        }
        let len = self.digits_len - first;
        let place = self.groups.get_mut(self.groups_len).filter(|_| len > 0)?;
        *place = Group { start, end, first, len, gap };
        self.groups_len += 1;
        Some(end)
    }

    fn push(&mut self, digit: u8) -> Option<()> {
        let place = self.digits.get_mut(self.digits_len)?;
        *place = b'0' + digit;
        self.digits_len += 1;
        Some(())
    }

    fn is_empty_at(&self, text: &[u8], at: usize, word: &impl Fn(&[u8], usize) -> Option<Spoken>) -> bool {
        !matches!(unit(text, at).0, Unit::Digit(_)) && word(text, at).is_none()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(used) = self.digits.get_mut(..self.digits_len) {
            used.zeroize();
        }
    }
}

/// A digit as a word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spoken {
    /// Its value.
    pub(super) digit: u8,
    /// How often: `double five`.
    pub(super) times: u8,
    /// Bytes of the word.
    pub(super) len: usize,
}

/// The separators at a place and where they end, if a digit follows.
fn read_gap(
    text: &[u8],
    start: usize,
    word: &impl Fn(&[u8], usize) -> Option<Spoken>,
    is_spoken: bool,
) -> Option<(usize, Gap)> {
    let (mut at, mut count, mut gap) = (start, 0, Gap::None);
    loop {
        let (found, len) = unit(text, at);
        let this = match found {
            Unit::Digit(_) => break,
            Unit::Space => Gap::Space,
            Unit::Dash => Gap::Dash,
            Unit::Dot => Gap::Dot,
            Unit::Slash => Gap::Slash,
            Unit::Underscore => Gap::Underscore,
            Unit::Open | Unit::Close => Gap::Parenthesis,
            Unit::Line => {
                let next = line_end(text, at)?;
                (at, gap) = (next, Gap::Line);
                continue;
            }
            Unit::Invisible => {
                at += len;
                if at - start > MAX_BYTES {
                    return None;
                }
                continue;
            }
            Unit::Other if is_spoken && byte(text, at) == b',' => Gap::Mixed,
            Unit::Other
                if is_spoken
                    && text.get(at..at + 4).is_some_and(|word| word.eq_ignore_ascii_case(b"dash")) =>
            {
                at += 3; // and one below
                Gap::Dash
            }
            Unit::Plus | Unit::Other | Unit::End => {
                word(text, at).filter(|_| at > start)?;
                break;
            }
        };
        count += 1;
        if count > MAX_GAP {
            return None;
        }
        gap = match (gap, this) {
            (Gap::None, _) => this,
            (Gap::Line, _) => Gap::Line,
            (Gap::Parenthesis, _) | (_, Gap::Parenthesis) => Gap::Parenthesis,
            (before, _) if before == this => this,
            _ => Gap::Mixed,
        };
        at += len;
    }
    (at > start).then_some((at, gap))
}

/// Where the next line's text begins; `None` if it is empty.
fn line_end(text: &[u8], mut at: usize) -> Option<usize> {
    if byte(text, at) == b'\r' && byte(text, at + 1) == b'\n' {
        at += 1;
    }
    at += unit(text, at).1;
    let indent =
        text.get(at..)?.iter().take(MAX_INDENT).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    at += indent;
    matches!(unit(text, at).0, Unit::Digit(_) | Unit::Dash | Unit::Open).then_some(at)
}

/// Where the next spoken digit or the next digit begins, over one separator between words; the same place
/// if there is none.
fn spoken_gap(text: &[u8], start: usize, word: &impl Fn(&[u8], usize) -> Option<Spoken>) -> usize {
    let mut at = start;
    for _ in 0..2 {
        match unit(text, at) {
            (Unit::Space | Unit::Dash, len) => at += len,
            _ => break,
        }
    }
    let goes_on = at > start && (word(text, at).is_some() || matches!(unit(text, at).0, Unit::Digit(_)));
    if goes_on { at } else { start }
}

/// A plus sign directly before a number, or before the parenthesis that it stands in.
fn plus_before(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for _ in 0..2 {
        let (found, len) = unit_before(text, at);
        at = at.checked_sub(len).filter(|_| len > 0)?;
        if found == Unit::Plus {
            return (!is_word_before(text, at)).then_some(at);
        }
        if found != Unit::Open {
            return None;
        }
    }
    None
}

/// How the sides of a window touch the text around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edges {
    /// An ASCII letter stands directly before, and no label. Other scripts write without spaces.
    pub(super) glued_before: bool,
    /// A letter or digit stands directly after.
    pub(super) glued_after: bool,
    /// It is an amount of money, or the thousands of one: `$61`, `$1,234`.
    pub(super) is_amount: bool,
    /// It is joined to a word before it (`INV-1234`), or to a currency sign or a decimal point.
    pub(super) joined_before: bool,
    /// It is joined to a word or a number after it.
    pub(super) joined_after: bool,
}

/// Looks at the characters beside a number that begins and ends here.
pub(super) fn edges(text: &[u8], start: usize, end: usize) -> Edges {
    let before = byte_before(text, start);
    let joins_before = matches!(before, b'-' | b'/' | b'.' | b'+' | b'=' | b'\\' | b'&' | b'_' | b'%')
        && start > 1
        && is_word_before(text, start - 1);
    let after = byte(text, end);
    let joins_after = matches!(after, b'-' | b'/' | b'.' | b'+' | b'=' | b'_' | b'@')
        && (super::units::is_word(text, end + 1) || marker::is_at(text, end + 1));
    Edges {
        glued_before: before.is_ascii_alphanumeric(),
        glued_after: after.is_ascii_alphanumeric(),
        is_amount: is_amount(text, start),
        joined_before: before == b'$'
            || joins_before
            || (before == b',' && start > 1 && byte(text, start - 2).is_ascii_digit()),
        joined_after: after == b'%' || joins_after || (after == b',' && byte(text, end + 1).is_ascii_digit()),
    }
}

/// Whether a currency sign stands directly before, or before the thousands that do.
fn is_amount(text: &[u8], start: usize) -> bool {
    /// `$1,234,567,` and more.
    const MAX_LEN: usize = 16;
    match byte_before(text, start) {
        b'$' => true,
        b',' => {
            let before = text.get(start.saturating_sub(MAX_LEN)..start).unwrap_or_default();
            let sign = before.iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b',');
            sign.and_then(|sign| before.get(sign)) == Some(&b'$')
        }
        _ => false,
    }
}
