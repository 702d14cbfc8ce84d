//! What stands around a number: the words before it and the one after it.
//!
//! Rules: at most six words and 64 bytes before, one word that counts and 32 bytes after; a line end is
//! crossed only where no word that counts has come yet; a long number ends it.

use super::finding::TextKind;
use super::marker;
use super::units::{Unit, byte, byte_before, is_word_before, start_before, unit, unit_before};
use super::words::{self, AGAINST, CODE, KINDS, LINK, OF_CODE, PASSWORD, PLACE, Sense, VERSION};

/// Words that are looked at before a number.
const MAX_WORDS: usize = 6;
/// And bytes.
const MAX_BEFORE: usize = 64;
/// Bytes that are looked at after it.
const MAX_AFTER: usize = 32;
/// And behind that and its spaces, for what the word is a label of: `number`, or the four dots of a mask.
const MAX_NEXT: usize = 12;
/// A number of so many digits is one of its own: no label reaches over it.
const LONG_NUMBER: usize = 7;

/// What the words before a number say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    /// Of the first word that is no link: the label, if it is one.
    pub(super) direct: Sense,
    /// Of all words as far as one that speaks against.
    pub(super) near: Sense,
    /// Kinds of the nearest word that names one.
    pub(super) nearest: Sense,
    /// The nearest word that counts speaks against.
    pub(super) against: bool,
}

impl Before {
    /// Whether the label directly before, or the column, is of these kinds.
    pub(super) const fn is_directly(&self, column: Sense, kinds: Sense) -> bool {
        self.direct & kinds != 0 || (column & kinds != 0 && self.near & KINDS == 0 && !self.against)
    }
}

/// Reads the words before a place.
pub(super) fn before(text: &[u8], start: usize) -> Before {
    read_before(text, start, false)
}

/// The label directly before a place: [`Before::direct`], without the rest.
pub(super) fn direct_label(text: &[u8], start: usize) -> Sense {
    read_before(text, start, true).direct
}

fn read_before(text: &[u8], start: usize, only_direct: bool) -> Before {
    let mut found = Before::default();
    let mut is_direct = true;
    let mut waits_for_code = false;
    let mut lines = 0;
    let (mut at, mut words) = (start, 0);
    let limit = start.saturating_sub(MAX_BEFORE);
    while at > limit && words < MAX_WORDS && (is_direct || !only_direct) {
        let letter = byte_before(text, at);
        if letter.is_ascii_alphabetic() {
            let (word_start, said) = words::word_before(text, at);
            let is_dob = at - word_start == 1 && is_dotted_dob(text, word_start, at);
            let said = if is_dob { TextKind::BirthDate.bit() } else { said };
            words += 1;
            at = word_start;
            let secret = waits_for_code && said & (OF_CODE | TextKind::Secret.bit()) != 0;
            let is_code = core::mem::replace(&mut waits_for_code, said & CODE != 0);
            let said = if secret { said | TextKind::Secret.bit() } else { said };
            let said = if words == 1 { of_place(said) } else { said };
            if is_direct && said & (LINK | CODE) == 0 {
                found.direct = said;
                is_direct = false;
            } else if is_code && !secret {
                is_direct = false;
            }
            if said & AGAINST != 0 {
                found.against = found.near & KINDS == 0;
                break;
            }
            if found.near & KINDS == 0 {
                found.nearest = said & KINDS;
            }
            found.near |= said;
        } else if letter.is_ascii_digit() {
            let digits_start = digits_start(text, at, limit);
            if at - digits_start >= LONG_NUMBER {
                break;
            }
            (at, words) = (digits_start, words + 1);
            is_direct = false;
        } else if letter == b'\n' {
            lines += 1;
            if !is_direct || lines > 1 {
                break;
            }
            at -= 1;
        } else if letter == b';' {
            is_direct = false;
            at -= 1;
        } else if letter >= 0x80 {
            let (found_unit, len) = unit_before(text, at);
            if found_unit == Unit::Other && is_word_before(text, at) {
                // A word in other letters: it says nothing.
                is_direct = false;
                words += 1;
                while at > limit && byte_before(text, at) >= 0x80 {
                    at = start_before(text, at);
                }
            } else {
                at -= len.max(1);
            }
        } else {
            at -= 1;
        }
    }
    found
}

/// What the word after a number says, if it is a word that names a kind and no label of what follows.
pub(super) fn after(text: &[u8], end: usize) -> Sense {
    let limit = text.len().min(end.saturating_add(MAX_AFTER));
    let mut at = end;
    while at < limit {
        let letter = byte(text, at);
        if letter.is_ascii_alphabetic() {
            let len = text.get(at..limit).unwrap_or_default();
            let len = len.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            let said = of_place(words::sense(text.get(at..at + len).unwrap_or_default()));
            at += len;
            if said & LINK == 0 {
                return if is_label_of_next(text, at) { 0 } else { said & KINDS };
            }
        } else if letter.is_ascii_digit()
            || matches!(letter, b'\n' | b'[' | b'@' | b';')
            || marker::is_at(text, at)
        {
            return 0;
        } else {
            at += unit(text, at).1.max(1);
        }
    }
    0
}

/// Up to where [`after`] looks at the most.
pub(super) fn after_reach(text: &[u8], end: usize) -> usize {
    let mut at = end.saturating_add(MAX_AFTER);
    while matches!(byte(text, at), b' ' | b'"' | b'\'') {
        at += 1;
    }
    at + MAX_NEXT
}

/// Whether `version`, `section` or the like is one of the two words before.
pub(super) fn speaks_of_version(text: &[u8], start: usize) -> bool {
    let mut end = start;
    for _ in 0..2 {
        while end > 0 && matches!(byte_before(text, end), b' ' | b':' | b'=' | b'-' | b'_' | b'(' | b'"') {
            end -= 1;
        }
        let (word_start, said) = words::word_before(text, end);
        if said & VERSION != 0 {
            return true;
        }
        end = word_start;
    }
    false
}

/// Whether the label of a password stands at a place, as a word of its own; where it ends.
pub(super) fn password_label(text: &[u8], start: usize) -> Option<usize> {
    let before = byte_before(text, start);
    let starts_word = !before.is_ascii_alphabetic()
        || (before.is_ascii_lowercase() && byte(text, start).is_ascii_uppercase());
    if !starts_word {
        return None;
    }
    let rest = text.get(start..)?;
    let mut len = 0;
    while rest.get(len).is_some_and(u8::is_ascii_alphabetic) {
        let is_step = rest.get(len).is_some_and(u8::is_ascii_uppercase)
            && len > 0
            && rest.get(len - 1).is_some_and(u8::is_ascii_lowercase);
        if is_step || len > 16 {
            break;
        }
        len += 1;
    }
    let said = words::sense(rest.get(..len)?);
    (said & PASSWORD != 0).then_some(start + len)
}

const fn of_place(said: Sense) -> Sense {
    if said & PLACE != 0 { said | TextKind::Phone.bit() } else { said }
}

fn is_label_of_next(text: &[u8], mut at: usize) -> bool {
    while matches!(byte(text, at), b' ' | b'"' | b'\'') {
        at += 1;
    }
    let rest = text.get(at..).unwrap_or_default();
    let is_link = |word: &[u8]| rest.get(..word.len()).is_some_and(|rest| rest.eq_ignore_ascii_case(word));
    matches!(byte(text, at), b':' | b'=' | b'#' | b'0'..=b'9' | b'+' | b'(' | b'[')
        || marker::is_at(text, at)
        || is_link(b"number")
        || is_link(b"is ")
        || is_link(b"no")
}

/// `d.o.b`, of which the word here is the `b`.
fn is_dotted_dob(text: &[u8], start: usize, end: usize) -> bool {
    let letters = start.checked_sub(4).and_then(|from| text.get(from..end));
    letters.is_some_and(|letters| {
        letters.eq_ignore_ascii_case(b"d.o.b") || letters.eq_ignore_ascii_case(b"d/o/b")
    })
}

fn digits_start(text: &[u8], end: usize, limit: usize) -> usize {
    let mut start = end;
    while start > limit && byte_before(text, start).is_ascii_digit() {
        start -= 1;
    }
    start
}
