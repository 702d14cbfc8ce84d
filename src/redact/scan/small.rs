//! Small numbers: most digits in a text belong to amounts, dates and times, and are passed over here.
//!
//! A number of fewer than seven digits is an identifier only after a label, or as part of a word. What is
//! passed over must be what the slow way would not report: `tests` compares the two.

use super::context::{self, direct_label};
use super::finding::TextKind;
use super::units::{byte, byte_before};
use super::walk::Look;
use super::words::{self, Sense};

/// Fewest digits of an identifier that needs no label right before it.
const MIN_DIGITS: usize = 7;
/// Most bytes that are looked at.
const MAX_BYTES: usize = 32;
/// Separators that may stand between two groups.
const MAX_GAP: usize = 3;
/// Bytes of the next line that are looked at.
const NEXT_LINE: usize = 17;
/// Bytes behind a number that are looked at for a month's name or a sign.
const BESIDE: usize = 6;
/// Labels after which fewer digits are something.
const OF_SMALL: Sense = TextKind::Secret.bit() | TextKind::BirthDate.bit() | TextKind::Account.bit();

/// A look at the number that the digit at a place begins, if it is surely nothing. `None`: look closer.
pub(super) fn nothing(text: &[u8], at: usize) -> Option<Look> {
    let before = byte_before(text, at);
    // In a word, an address or a name: look closer. A sign after a word may join the two.
    if before.is_ascii_alphabetic()
        || before >= 0x80
        || matches!(before, b':' | b'-' | b'_' | b'.' | b'/' | b'+' | b'=' | b'&')
    {
        return None;
    }
    let mut digits = 0;
    let (mut end, mut here, mut gap, mut first_len) = (at, at, 0, 0);
    let (mut points, mut in_gap) = (0, 0);
    loop {
        if here >= at + MAX_BYTES {
            return None;
        }
        match byte(text, here) {
            b'0'..=b'9' => {
                digits += 1;
                (gap, points, in_gap) = (0, points + in_gap, 0);
                here += 1;
                end = here;
                if digits >= MIN_DIGITS {
                    return None;
                }
                if first_len + at + 1 == here {
                    first_len += 1;
                }
            }
            sign @ (b' ' | b'.' | b'-' | b'/' | b'(' | b')') if gap < MAX_GAP => {
                in_gap += usize::from(matches!(sign, b'.' | b'/'));
                gap += 1;
                here += 1;
            }
            b'\n' if !goes_on_after(text, here) => {
                here += NEXT_LINE;
                break;
            }
            b'\n' | b'\r' | 0x80.. | b'_' => return None,
            _ => break,
        }
    }
    let mut reach = here.max(end + BESIDE) + 1;
    let next = byte(text, end);
    let is_word = next.is_ascii_alphabetic()
        || (matches!(next, b'-' | b'.' | b'_' | b'/') && byte(text, end + 1).is_ascii_alphabetic());
    if is_word
        || matches!(next, b':' | b'@' | b'%' | b'+' | b'&' | b'\'' | b'!' | b'~') && looks_on(text, end)
    {
        return None;
    }
    if first_len <= 2 && beside_month(text, at, at + first_len) {
        return None;
    }
    if before == b'$' {
        let next = amount_end(text, at + first_len)?;
        return Some(Look { found: None, next, reach });
    }
    // Four digits with points or slashes may be a date, and with three points an address.
    if points > 2 {
        return None;
    }
    let may_be_code = digits >= 3 + usize::from(points > 0) && direct_label(text, at) & OF_SMALL != 0;
    let asks_after = digits >= 4;
    if asks_after {
        reach = reach.max(context::after_reach(text, end));
    }
    let may_be_named = asks_after && named_after(text, end);
    if may_be_code || may_be_named { None } else { Some(Look { found: None, next: end, reach }) }
}

/// Where an amount ends whose first digits end here: only it is passed over, and what follows is looked at.
fn amount_end(text: &[u8], end: usize) -> Option<usize> {
    let digits = |from: usize| {
        text.get(from..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
    };
    let decimals = if byte(text, end) == b'.' { digits(end + 1) } else { 0 };
    let amount_end = if decimals > 0 { end + 1 + decimals } else { end };
    let goes_on = byte(text, amount_end) == b'.' && digits(amount_end + 1) > 0;
    (!goes_on).then_some(amount_end)
}

/// Whether the next line begins as a number may go on.
fn goes_on_after(text: &[u8], line_end: usize) -> bool {
    let rest = text.get(line_end + 1..).unwrap_or_default();
    let first = rest.iter().take(NEXT_LINE).find(|byte| !matches!(byte, b' ' | b'\t'));
    first.is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'(' | 0x80.. | b' ' | b'\t'))
}

/// Where a time of day ends that begins here: `10:30`, `9:05:07`. No address of IPv6 begins so.
pub(super) fn time_end(text: &[u8], at: usize) -> Option<usize> {
    let two = |at: usize| byte(text, at).is_ascii_digit() && byte(text, at + 1).is_ascii_digit();
    let hour = at + 1 + usize::from(byte(text, at + 1).is_ascii_digit());
    if byte(text, hour) != b':' || !two(hour + 1) {
        return None;
    }
    let mut end = hour + 3;
    if byte(text, end) == b':' && two(end + 1) {
        end += 3;
    }
    matches!(byte(text, end), b' ' | b',' | b';' | b')' | b'\n').then_some(end)
}

/// Whether a sign after a number may join it to an address.
fn looks_on(text: &[u8], end: usize) -> bool {
    let next = byte(text, end + 1);
    !matches!(next, b' ' | b'\n' | 0)
}

/// Whether a word that may be a month's name stands beside the first number, as
/// [`super::token::birth_date_in_words`] looks for one.
fn beside_month(text: &[u8], start: usize, end: usize) -> bool {
    let joins = |byte: &u8| matches!(byte, b' ' | b',' | b'.' | b'-' | b'/');
    let before = text.get(start.saturating_sub(3)..start).unwrap_or_default();
    let word_end = start - before.iter().rev().take_while(|byte| joins(byte)).count();
    // The last letters of months, whole and cut short.
    let may_end = matches!(
        byte_before(text, word_end) | 0x20,
        b'b' | b'c' | b'e' | b'g' | b'h' | b'l' | b'n' | b'p' | b'r' | b't' | b'v' | b'y'
    );
    if may_end {
        let word_start = words::word_start(text, word_end);
        if words::is_month(text.get(word_start..word_end).unwrap_or_default()) {
            return true;
        }
    }
    let after = text.get(end..).unwrap_or_default();
    let joints = after.iter().take(3).take_while(|byte| joins(byte)).count();
    // `2nd March`, `2 of March`: rare enough to look closer at every `of`, and at every `Mar`.
    let after = after.get(joints..).unwrap_or_default();
    let of = after.first_chunk().is_some_and(|[a, b]| (a | 0x20, b | 0x20) == (b'o', b'f'));
    of || after.get(..3).is_some_and(words::is_month)
}

/// Whether words follow that may end in a label: `4482 is my pin`.
fn named_after(text: &[u8], end: usize) -> bool {
    context::after(text, end) & TextKind::Secret.bit() != 0
}
