//! Characters as the scanner sees them: digits in every width, separators, dashes, what cannot be seen.
//!
//! Works on bytes, so that a stream may be cut anywhere and text that is not UTF-8 does no harm. Nothing
//! here ends inside a character of valid UTF-8.

/// One character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A decimal digit, ASCII or full-width: its value.
    Digit(u8),
    /// Space, of any width, but no tab and no line end.
    Space,
    /// Any dash, or a minus.
    Dash,
    Dot,
    Slash,
    Underscore,
    Open,
    Close,
    Plus,
    /// A line end.
    Line,
    /// Takes no room: zero-width characters, soft hyphen.
    Invisible,
    /// Anything else.
    Other,
    /// There is no character here.
    End,
}

/// The byte at a place; 0 outside the text.
pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The byte before a place; 0 at the start.
pub(super) fn byte_before(text: &[u8], at: usize) -> u8 {
    at.checked_sub(1).map_or(0, |at| byte(text, at))
}

/// The character at a place, and how many bytes it has (at least 1, but 0 at the end).
pub(super) fn unit(text: &[u8], at: usize) -> (Unit, usize) {
    let Some(&first) = text.get(at) else { return (Unit::End, 0) };
    let ascii = match first {
        b'0'..=b'9' => Unit::Digit(first - b'0'),
        b' ' => Unit::Space,
        b'-' => Unit::Dash,
        b'.' => Unit::Dot,
        b'/' => Unit::Slash,
        b'_' => Unit::Underscore,
        b'(' => Unit::Open,
        b')' => Unit::Close,
        b'+' => Unit::Plus,
        b'\n' | b'\r' => Unit::Line,
        0x80.. => return wide(text, at, first),
        _ => Unit::Other,
    };
    (ascii, 1)
}

/// A character of more than one byte.
fn wide(text: &[u8], at: usize, first: u8) -> (Unit, usize) {
    let (second, third) = (byte(text, at + 1), byte(text, at + 2));
    match (first, second, third) {
        (0xC2, 0xA0, _) => (Unit::Space, 2),
        (0xC2, 0xAD, _) => (Unit::Invisible, 2),
        (0xC2, 0xB7, _) => (Unit::Dot, 2),
        (0xE2, 0x80, 0x80..=0x8A | 0xAF) | (0xE2, 0x81, 0x9F) | (0xE3, 0x80, 0x80) => (Unit::Space, 3),
        (0xE2, 0x80, 0x8B..=0x8F) | (0xE2, 0x81, 0xA0) | (0xEF, 0xBB, 0xBF) => (Unit::Invisible, 3),
        (0xE2, 0x80, 0x90..=0x95) | (0xE2, 0x88, 0x92) | (0xEF, 0xBC, 0x8D) => (Unit::Dash, 3),
        (0xE2, 0x80, 0xA2) | (0xEF, 0xBC, 0x8E) => (Unit::Dot, 3),
        (0xE2, 0x80, 0xA8 | 0xA9) => (Unit::Line, 3),
        (0xEF, 0xBC, 0x90..=0x99) => (Unit::Digit(third - 0x90), 3),
        (0xEF, 0xBC, 0x88) => (Unit::Open, 3),
        (0xEF, 0xBC, 0x89) => (Unit::Close, 3),
        (0xEF, 0xBC, 0x8B) => (Unit::Plus, 3),
        (0xEF, 0xBC, 0x8F) => (Unit::Slash, 3),
        _ => (Unit::Other, width(text, at, first)),
    }
}

/// How many bytes a character has: as its first byte says, but never more than follow in its form.
fn width(text: &[u8], at: usize, first: u8) -> usize {
    let wanted = match first {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0.. => 4,
        _ => 1,
    };
    (1..wanted).take_while(|more| matches!(byte(text, at + more), 0x80..=0xBF)).count() + 1
}

/// Where the character before a place begins.
pub(super) fn start_before(text: &[u8], at: usize) -> usize {
    let mut start = at.saturating_sub(1);
    while start > 0 && at - start < 4 && matches!(byte(text, start), 0x80..=0xBF) {
        start -= 1;
    }
    start
}

/// The character before a place.
pub(super) fn unit_before(text: &[u8], at: usize) -> (Unit, usize) {
    if at == 0 {
        return (Unit::End, 0);
    }
    let start = start_before(text, at);
    match unit(text, start) {
        (found, len) if start + len == at => (found, len),
        _ => (Unit::Other, 1),
    }
}

/// Whether the character at a place is part of a word: an ASCII letter or digit, or beyond ASCII anything
/// that is no separator and no punctuation of a width of its own.
pub(super) fn is_word(text: &[u8], at: usize) -> bool {
    match byte(text, at) {
        byte if byte.is_ascii_alphanumeric() => true,
        0x80.. => is_wide_letter(text, at),
        _ => false,
    }
}

/// Whether the character before a place is part of a word.
pub(super) fn is_word_before(text: &[u8], at: usize) -> bool {
    match byte_before(text, at) {
        byte if byte.is_ascii_alphanumeric() => true,
        0x80.. => is_wide_letter(text, start_before(text, at)),
        _ => false,
    }
}

fn is_wide_letter(text: &[u8], at: usize) -> bool {
    let (found, len) = unit(text, at);
    let digit = matches!(found, Unit::Digit(_));
    if digit || found != Unit::Other {
        return digit;
    }
    let character = text.get(at..at + len).and_then(|bytes| core::str::from_utf8(bytes).ok());
    character.and_then(|text| text.chars().next()).is_some_and(char::is_alphanumeric)
}
