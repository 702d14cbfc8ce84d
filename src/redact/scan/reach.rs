//! How far a look goes that finds nothing: up to where the text decided that. What stands behind may change.
//!
//! Rules: rather too far than too near, and where that is not plain, as far as the look may see. `tests` puts
//! other text behind it.

use super::context;
use super::units::byte;

/// Bytes behind a number in which lines may end: three separators, and a line end with its indent about each.
const LINES: usize = 80;
/// Bytes behind it in which a replacement may end that stands beside it.
const REPLACEMENT: usize = 72;
/// Separators beside a number, and what is behind them.
const BESIDE: usize = 4;
/// Bytes of a name or word that a number may belong to.
const JOINED: usize = 64;
/// Bytes of the longest word that may be a label, and the one behind it.
const LABEL: usize = 20;

/// Of the number whose last digit ends here.
pub(super) fn of_number(text: &[u8], end: usize) -> usize {
    let behind = text.get(end..).unwrap_or_default();
    let joins = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._/:%+'&~!".contains(byte);
    let joined = behind.iter().take(JOINED).take_while(|byte| joins(byte)).count();
    let is_beside = |signs: &[u8]| behind.iter().take(BESIDE).any(|byte| signs.contains(byte));
    let lines = if is_beside(b"\r\n") { LINES } else { 0 };
    let replacement = if is_beside(b"[") { REPLACEMENT } else { 0 };
    let reach = context::after_reach(text, end).max(end + lines.max(replacement).max(joined + BESIDE));
    // A name with an at sign, a replacement that is joined to it, characters of several bytes.
    let is_plain = joined < JOINED
        && !matches!(byte(text, end + joined), b'@' | b'[')
        && behind.iter().take(reach - end).all(u8::is_ascii);
    if is_plain { reach } else { text.len() }
}

/// Of a letter at which no label begins.
pub(super) const fn of_letter(at: usize) -> usize {
    at + LABEL
}
