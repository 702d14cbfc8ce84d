//! Passwords after their label: `password: swordfish`, `"pwd":"…"`, `password is …`.
//!
//! Rules: after `:` or `=` anything is a value; after `is` what is no common word; after a space only what
//! has a digit or a sign in it. PINs and codes are numbers, and found as such.

use super::finding::{Clue, Clues, Confidence, TextFinding, TextKind};
use super::marker;
use super::units::byte;

/// Most bytes of a value in one finding. A longer one is several findings, one behind the other.
pub(super) const MAX_VALUE: usize = 128;

/// Most bytes of a character.
const MAX_CHARACTER: usize = 4;

/// Words that follow `password is` and are none.
const NO_VALUES: &[&str] = &[
    "incorrect",
    "wrong",
    "expired",
    "required",
    "reset",
    "changed",
    "not",
    "the",
    "a",
    "an",
    "correct",
    "invalid",
    "too",
    "weak",
    "being",
    "set",
    "still",
    "now",
    "unknown",
    "forgotten",
    "ok",
    "okay",
    "valid",
    "verified",
    "no",
    "on",
    "in",
    "to",
    "for",
    "was",
    "is",
    "has",
    "never",
    "been",
    "already",
    "same",
    "locked",
    "blank",
    "empty",
    "stored",
    "protected",
    "needed",
    "missing",
    "available",
    "at",
    "by",
    "via",
    "with",
    "and",
    "or",
    "but",
    "that",
    "this",
    "their",
    "his",
    "her",
    "my",
    "your",
    "our",
    "it",
    "be",
    "only",
    "also",
    "just",
    "ready",
    "updated",
    "temporary",
    "secure",
    "encrypted",
    "hashed",
    "optional",
    "rejected",
    "accepted",
    "good",
    "bad",
    "working",
    "longer",
    "default",
    "different",
    "fine",
    "gone",
    "lost",
    "due",
    "about",
    "ever",
    "one",
    "what",
    "work",
    "recover",
];

/// What a program writes where there is none.
const NOTHING: &[&str] =
    &["null", "none", "nil", "true", "false", "undefined", "n/a", "na", "redacted", "hidden"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    /// `:` or `=`.
    Sign,
    /// `is`, `was`, `to`.
    Verb,
    /// A space.
    Space,
}

/// The password after the label that ends at a place.
pub(super) fn password(text: &[u8], label_end: usize) -> Option<TextFinding> {
    let (link, at) = link(text, label_end)?;
    let (start, end) = value(text, at)?;
    let written = text.get(start..end)?;
    let lower = |words: &[&str]| words.iter().any(|word| written.eq_ignore_ascii_case(word.as_bytes()));
    let is_quoted = start > at;
    let has_sign =
        written.iter().any(|byte| !byte.is_ascii_alphabetic() && !matches!(byte, b'.' | b'\'' | b'-' | b'/'));
    let is_none = written.is_empty()
        || lower(NOTHING)
        || written.iter().all(|byte| matches!(byte, b'*' | b'.' | b'_' | b'-' | b'?' | b'<' | b'>'));
    let is_value = match link {
        Link::Sign => true,
        Link::Verb => is_quoted || has_sign || !lower(NO_VALUES),
        Link::Space => {
            is_quoted
                || (written.len() >= 4
                    && written.iter().any(u8::is_ascii_alphabetic)
                    && written.iter().any(u8::is_ascii_digit))
        }
    };
    let confidence = if link == Link::Sign { 95 } else { 80 };
    let why = Clues::none().with(Clue::WordBefore);
    let found = TextFinding {
        kind: TextKind::Secret,
        start,
        end,
        confidence: Confidence::of_percent(confidence),
        why,
    };
    (is_value && !is_none).then_some(found)
}

/// Where a value goes on that was cut at [`MAX_VALUE`].
pub(super) fn continued(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    start + boundary(rest, value_len(rest, ends_value))
}

/// How the label and the value are joined, and where the value begins.
fn link(text: &[u8], label_end: usize) -> Option<(Link, usize)> {
    let mut at = label_end;
    if matches!(byte(text, at), b'"' | b'\'' | b'`') {
        at += 1;
    }
    let spaced = skip_spaces(text, at);
    match byte(text, spaced) {
        b':' | b'=' => {
            let mut end = spaced + 1;
            while matches!(byte(text, end), b'=' | b'>' | b':') {
                end += 1;
            }
            return Some((Link::Sign, skip_spaces(text, end)));
        }
        _ if spaced == at => return None,
        b'-' if byte(text, spaced + 1) == b' ' => return Some((Link::Verb, skip_spaces(text, spaced + 1))),
        _ => {}
    }
    let mut verb = None;
    let mut from = spaced;
    // `is`, `was set to`, `has been changed to`: at most four words of which the last is a verb or `to`.
    for _ in 0..4 {
        let len = text.get(from..)?.iter().take(12).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = text.get(from..from + len)?;
        let is = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
        if len == 0
            || byte(text, from + len) != b' '
            || !is(&[
                "is", "was", "to", "set", "changed", "reset", "has", "been", "updated", "now", "provided",
                "given", "as", "of", "word", "answer", "question",
            ])
        {
            break;
        }
        from = skip_spaces(text, from + len);
        if is(&["is", "was", "to", "as"]) {
            verb = Some(from);
        }
        if matches!(byte(text, from), b':' | b'=') {
            return Some((Link::Sign, skip_spaces(text, from + 1)));
        }
    }
    Some(verb.map_or((Link::Space, spaced), |from| (Link::Verb, from)))
}

/// The value that begins at a place: between quotation marks, or as far as a space or the end of a list.
fn value(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = byte(text, at);
    if matches!(first, b'"' | b'\'' | b'`') {
        let rest = text.get(at + 1..)?;
        let len = boundary(rest, value_len(rest, |byte| byte == first || byte == b'\n'));
        if len > 0 {
            return Some((at + 1, at + 1 + len));
        }
    }
    let rest = text.get(at..)?;
    let written = value_len(rest, ends_value);
    let mut len = boundary(rest, written);
    if written < MAX_VALUE {
        // The full stop of the sentence, the bracket of the object.
        while len > 1 && matches!(byte(rest, len - 1), b'.' | b',' | b';' | b')' | b'}' | b'"' | b'\'' | b'?')
        {
            len -= 1;
        }
    }
    (len > 0).then_some((at, at + len))
}

/// How long a value is that begins here, if these bytes end one. A replacement ends every value.
fn value_len(rest: &[u8], ends: impl Fn(u8) -> bool) -> usize {
    let goes_on = |(at, byte): &(usize, &u8)| !ends(**byte) && !marker::is_at(rest, *at);
    rest.iter().enumerate().take(MAX_VALUE).take_while(goes_on).count()
}

const fn ends_value(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'<' | b'&' | b',' | b';')
}

/// A length that ends at a character, where the value was cut. Of what is no UTF-8 any byte is one.
fn boundary(text: &[u8], len: usize) -> usize {
    let back = (0..MAX_CHARACTER).find(|back| !matches!(byte(text, len.saturating_sub(*back)), 0x80..=0xBF));
    if len < MAX_VALUE { len } else { len - back.unwrap_or(0) }
}

fn skip_spaces(text: &[u8], mut at: usize) -> usize {
    let limit = at + 8;
    while at < limit && matches!(byte(text, at), b' ' | b'\t') {
        at += 1;
    }
    at
}

/// Whether a value was cut because it is long.
pub(super) fn is_cut(text: &[u8], found: &TextFinding) -> bool {
    found.kind == TextKind::Secret && goes_on(text, found.start, found.end)
}

/// Whether so long a value goes on.
fn goes_on(text: &[u8], start: usize, end: usize) -> bool {
    end - start + MAX_CHARACTER > MAX_VALUE
        && text.get(end).is_some_and(|next| !ends_value(*next))
        && !marker::is_at(text, end)
}
