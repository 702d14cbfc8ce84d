//! Digits as words: `four one five`, `oh`, `double five`. Not `fifteen`, not `four hundred`.

use super::cluster::Spoken;
use super::units::{byte, is_word, is_word_before};

const DIGITS: [(&[u8], u8); 11] = [
    (b"zero", 0),
    (b"oh", 0),
    (b"one", 1),
    (b"two", 2),
    (b"three", 3),
    (b"four", 4),
    (b"five", 5),
    (b"six", 6),
    (b"seven", 7),
    (b"eight", 8),
    (b"nine", 9),
];

/// The spoken digit at a place.
pub(super) fn digit(text: &[u8], at: usize) -> Option<Spoken> {
    if is_word_before(text, at) || !byte(text, at).is_ascii_alphabetic() {
        return None;
    }
    for (word, times) in [(&b"double"[..], 2), (b"triple", 3)] {
        if let Some(end) = word_end(text, at, word).filter(|end| matches!(byte(text, *end), b' ' | b'-')) {
            let (digit, len) = plain(text, end + 1)?;
            return Some(Spoken { digit, times, len: end + 1 - at + len });
        }
    }
    plain(text, at).map(|(digit, len)| Spoken { digit, times: 1, len })
}

/// Whether a spoken digit begins at a place.
pub(super) fn begins_at(text: &[u8], at: usize) -> bool {
    matches!(byte(text, at) | 0x20, b'z' | b'o' | b't' | b'f' | b's' | b'e' | b'n' | b'd')
        && digit(text, at).is_some()
}

fn plain(text: &[u8], at: usize) -> Option<(u8, usize)> {
    DIGITS.into_iter().find_map(|(word, digit)| Some((digit, word_end(text, at, word)? - at)))
}

fn word_end(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let end = at + word.len();
    let is_there = text.get(at..end)?.eq_ignore_ascii_case(word) && !is_word(text, end);
    is_there.then_some(end)
}
