//! Words with digits in them: a MEID in hexadecimal, a carrier's account number, a date with its month's name.

use crate::classify::identifiers::{AccountPattern, check};
use crate::vocabulary::IdentifierKind;

use super::context::before;
use super::finding::{Clue, Clues, Confidence, TextFinding, TextKind};
use super::lists::Lists;
use super::units::{byte, byte_before, is_word, is_word_before};
use super::words::{self, Sense, is_month};

/// Longest account number, in bytes, separators included.
const MAX_ACCOUNT: usize = 64;
/// Longest word that is taken for an account number after its label.
const MAX_LABELLED: usize = 24;
/// Bytes that are looked at before a digit for the start of the word that it stands in.
const MAX_BACK: usize = 40;
/// Parts of a compound word that are tried.
const MAX_PARTS: usize = 6;

/// A MEID in hexadecimal digits, or an account number with letters right after its label.
pub(super) fn word_with_digits(text: &[u8], at: usize, column: Sense) -> Option<TextFinding> {
    let (start, end) = compound(text, at);
    let written = text.get(start..end)?;
    if !(5..=MAX_LABELLED).contains(&written.len()) || !written.iter().any(u8::is_ascii_alphabetic) {
        return None;
    }
    let written = core::str::from_utf8(written).ok()?;
    meid(text, start, end, written, column).or_else(|| labelled_account(text, start, end, written, column))
}

fn meid(text: &[u8], start: usize, end: usize, written: &str, column: Sense) -> Option<TextFinding> {
    let begins = written.bytes().next()?.to_ascii_uppercase();
    let fits = matches!(written.len(), 14 | 15)
        && matches!(begins, b'A'..=b'F')
        && written.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !fits || check(IdentifierKind::Meid, written, None).is_err() {
        return None;
    }
    let is_capital = !written.bytes().any(|byte| byte.is_ascii_lowercase());
    let base = if is_capital { 55 } else { 40 };
    let (before, bit) = (before(text, start), TextKind::Meid.bit());
    let (confidence, why) = (Confidence::of_percent(base), Clues::none().with(Clue::Structure));
    let (confidence, why) = if before.near & bit != 0 {
        (confidence.up(45), why.with(Clue::WordBefore))
    } else if column & bit != 0 {
        (confidence.up(45), why.with(Clue::ColumnLabel))
    } else if before.against {
        (confidence.down(30), why.with(Clue::WordAgainst))
    } else {
        (confidence, why)
    };
    Some(TextFinding { kind: TextKind::Meid, start, end, confidence, why })
}

fn labelled_account(
    text: &[u8],
    start: usize,
    end: usize,
    written: &str,
    column: Sense,
) -> Option<TextFinding> {
    let before = before(text, start);
    let digits = written.bytes().filter(u8::is_ascii_digit).count();
    let is_direct = before.is_directly(column, TextKind::Account.bit());
    let why = Clues::none().with(Clue::WordBefore);
    let confidence = Confidence::of_percent(70);
    (is_direct && digits >= 3 && written.len() >= 6).then_some(TextFinding {
        kind: TextKind::Account,
        start,
        end,
        confidence,
        why,
    })
}

/// An account number of one of the carrier's patterns, or a value that is listed as one to be found, around
/// the digit at a place.
pub(super) fn of_pattern(
    text: &[u8],
    at: usize,
    patterns: &[AccountPattern],
    lists: &Lists,
) -> Option<TextFinding> {
    let (start, end) = compound(text, at);
    let starts = part_starts(text, start, at);
    let ends = part_ends(text, at, end);
    for from in starts.into_iter().flatten() {
        for to in ends.into_iter().rev().flatten() {
            let Some(written) = text.get(from..to).and_then(|bytes| core::str::from_utf8(bytes).ok()) else {
                continue;
            };
            if let Some(kind) = lists.denied(written) {
                let why = Clues::none().with(Clue::Listed);
                return Some(TextFinding { kind, start: from, end: to, confidence: Confidence::MAX, why });
            }
            let is_account = patterns
                .iter()
                .any(|pattern| check(IdentifierKind::AccountNumber, written, Some(pattern)).is_ok());
            if is_account {
                let said = before(text, from).direct & TextKind::Account.bit() != 0;
                let why = Clues::none().with(Clue::Pattern).with_if(said, Clue::WordBefore);
                let confidence = Confidence::of_percent(if said { 97 } else { 85 });
                return Some(TextFinding { kind: TextKind::Account, start: from, end: to, confidence, why });
            }
        }
    }
    None
}

/// Places where a candidate may begin: the start of each part of the compound, and the word before it.
fn part_starts(text: &[u8], start: usize, at: usize) -> [Option<usize>; MAX_PARTS] {
    let mut starts = [None; MAX_PARTS];
    let mut places = starts.iter_mut();
    if byte_before(text, start) == b' ' {
        let word = words::word_start(text, start - 1);
        if word + 1 < start
            && start - word <= 9
            && let Some(place) = places.next()
        {
            *place = Some(word);
        }
    }
    for from in (start..=at).filter(|from| *from == start || !is_word_before(text, *from)) {
        if is_word(text, from)
            && let Some(place) = places.next()
        {
            *place = Some(from);
        }
    }
    starts
}

/// Places where one may end, the nearest first: the end of each part, and of the next two after a space.
fn part_ends(text: &[u8], at: usize, end: usize) -> [Option<usize>; MAX_PARTS] {
    let mut ends = [None; MAX_PARTS];
    let mut places = ends.iter_mut();
    for to in (at + 1..=end).filter(|to| is_word_before(text, *to) && !is_word(text, *to)) {
        if let Some(place) = places.next() {
            *place = Some(to);
        }
    }
    let mut to = end;
    for _ in 0..2 {
        if byte(text, to) != b' ' || !byte(text, to + 1).is_ascii_alphanumeric() {
            break;
        }
        to = compound(text, to + 1).1;
        if let Some(place) = places.next() {
            *place = Some(to);
        }
    }
    ends
}

/// Words around a place that are joined by single signs.
fn compound(text: &[u8], at: usize) -> (usize, usize) {
    let joins = |byte: u8| matches!(byte, b'-' | b'.' | b'_' | b'/');
    let (mut start, mut end) = (at, at);
    while start > at.saturating_sub(MAX_BACK) {
        let byte_there = byte_before(text, start);
        let is_joint = joins(byte_there) && start > 1 && byte(text, start - 2).is_ascii_alphanumeric();
        if !byte_there.is_ascii_alphanumeric() && !is_joint {
            break;
        }
        start -= 1;
    }
    while end < at + MAX_ACCOUNT {
        let is_joint = joins(byte(text, end)) && byte(text, end + 1).is_ascii_alphanumeric();
        if !byte(text, end).is_ascii_alphanumeric() && !is_joint {
            break;
        }
        end += 1;
    }
    (start, end)
}

/// A birth date with the name of its month around the number at a place: `born 2 March 1980`.
pub(super) fn birth_date_in_words(text: &[u8], at: usize, column: Sense) -> Option<TextFinding> {
    let digits = |from: usize| {
        text.get(from..)
            .map_or(0, |rest| rest.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count())
    };
    let day = digits(at);
    if !(1..=2).contains(&day) || byte(text, at + day) == b':' {
        return None;
    }
    let (month_start, month_before) = word_before(text, at);
    let mut end = at + day;
    let ordinal = text.get(end..end + 2).unwrap_or_default();
    if [b"st", b"nd", b"rd", b"th"].into_iter().any(|known| ordinal.eq_ignore_ascii_case(known)) {
        end += 2;
    }
    let start = if is_month(month_before) {
        month_start
    } else {
        let from = skip_joints(text, end);
        let from = if text.get(from..from + 3).is_some_and(|of| of.eq_ignore_ascii_case(b"of ")) {
            from + 3
        } else {
            from
        };
        let len = text.get(from..)?.iter().take(10).take_while(|byte| byte.is_ascii_alphabetic()).count();
        if !is_month(text.get(from..from + len)?) {
            return None;
        }
        end = from + len;
        at
    };
    let year = skip_joints(text, end);
    let year = if byte(text, year) == b'\'' { year + 1 } else { year };
    if matches!(digits(year), 2 | 4) && !is_word(text, year + digits(year)) {
        end = year + digits(year);
    }
    let before = before(text, start);
    let bit = TextKind::BirthDate.bit();
    if is_word(text, end) || is_word_before(text, start) || !before.is_directly(column, bit) {
        return None;
    }
    let named = before.direct & bit != 0;
    let why = Clues::none().with(Clue::Structure);
    let why = why.with(if named { Clue::WordBefore } else { Clue::ColumnLabel });
    Some(TextFinding { kind: TextKind::BirthDate, start, end, confidence: Confidence::of_percent(95), why })
}

/// The word before a place, over spaces and points.
fn word_before(text: &[u8], at: usize) -> (usize, &[u8]) {
    let mut end = at;
    while end > 0 && at - end < 3 && matches!(byte_before(text, end), b' ' | b'.' | b'-' | b'/') {
        end -= 1;
    }
    let start = words::word_start(text, end);
    (start, text.get(start..end).unwrap_or_default())
}

fn skip_joints(text: &[u8], mut at: usize) -> usize {
    let limit = at + 3;
    while at < limit && matches!(byte(text, at), b' ' | b',' | b'.' | b'-' | b'/') {
        at += 1;
    }
    at
}
