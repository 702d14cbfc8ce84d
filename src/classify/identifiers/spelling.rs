//! Spellings: what counts as the same character, and what is dropped between digits.

use core::ops::RangeInclusive;

use super::IdentifierFault;
use crate::sensitive::Sensitive;

/// What becomes of one character of a spelling.
pub(super) enum Take {
    /// It is part of the normal form. ASCII only.
    Keep(char),
    /// It is dropped.
    Drop,
    /// It cannot stand here.
    Refuse,
}

/// Builds a normal form of at most `max` characters. `take` sees narrow characters.
///
/// A refused character is reported before a wrong length. The buffer never grows: a value that
/// is longer than `max` is counted, not copied.
pub(super) fn gather(
    text: &str,
    max: usize,
    mut take: impl FnMut(char) -> Take,
) -> Result<Sensitive<String>, IdentifierFault> {
    let mut kept = Sensitive::new(String::with_capacity(max));
    let mut len = 0_usize;
    for (position, given) in text.chars().enumerate() {
        match take(narrow(given)) {
            // INVARIANT: ASCII and at most `max` of them, so the capacity suffices.
            Take::Keep(character) if character.is_ascii() => {
                if len < max {
                    kept.expose_mut().push(character);
                }
                len = len.saturating_add(1);
            }
            Take::Drop => {}
            Take::Keep(_) | Take::Refuse => return Err(IdentifierFault::Character { position }),
        }
    }
    if len > max { Err(IdentifierFault::Length { len }) } else { Ok(kept) }
}

/// Decimal digits between separators, as many as `allowed`.
pub(super) fn digits(
    text: &str,
    allowed: RangeInclusive<usize>,
) -> Result<Sensitive<String>, IdentifierFault> {
    let digits = gather(text, *allowed.end(), |character| match character {
        '0'..='9' => Take::Keep(character),
        _ if is_separator(character) => Take::Drop,
        _ => Take::Refuse,
    })?;
    // EXPOSE: only the length is read.
    let len = digits.expose().len();
    if allowed.contains(&len) { Ok(digits) } else { Err(IdentifierFault::Length { len }) }
}

/// The number that a few decimal digits spell.
pub(super) fn number(digits: Option<&str>) -> Result<u64, IdentifierFault> {
    digits.and_then(|digits| digits.parse().ok()).ok_or(IdentifierFault::Structure)
}

/// Whether the last digit checks the others: Luhn in base 10 (ISO/IEC 7812-1 annex B) or, for
/// hexadecimal MEIDs, in base 16.
pub(super) fn luhn(digits: &str, base: u32) -> bool {
    let sum = digits.bytes().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        // A digit of any base up to 16: its letters begin ten after its figures.
        let digit = match digit {
            b'0'..=b'9' => u32::from(digit - b'0'),
            _ => char::from(digit).to_digit(base).unwrap_or(0),
        };
        let doubled = if place % 2 == 1 { digit * 2 } else { digit };
        sum.saturating_add(doubled / base + doubled % base)
    });
    sum.is_multiple_of(base)
}

/// Whether every digit is 0: a placeholder that passes most check digits.
pub(super) fn all_zero(digits: &str) -> bool {
    digits.bytes().all(|digit| digit == b'0')
}

/// The text without the spaces around it, and how many characters stand before it.
pub(super) fn trim(text: &str) -> (&str, usize) {
    let is_space = |character| narrow(character) == ' ';
    let rest = text.trim_start_matches(is_space);
    let before = text.chars().count().saturating_sub(rest.chars().count());
    (rest.trim_end_matches(is_space), before)
}

/// Separators between digits, after [`narrow`].
pub(super) const fn is_separator(character: char) -> bool {
    matches!(character, ' ' | '.' | '-' | '/' | '(' | ')')
}

/// A full-width character as its narrow one, every horizontal space as a space, and every dash as
/// a hyphen. Line ends and tabs are no spaces: they separate values.
fn narrow(character: char) -> char {
    match character {
        '\0'..='\x7F' => character,
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character) - 0xFEE0).unwrap_or(character),
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => character,
    }
}
