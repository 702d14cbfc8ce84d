//! E-mail and IP addresses.
//!
//! Source: RFC 5321 sections 4.1.2 and 4.5.3.1 as people write it (no quoted local parts); RFC 4291 section
//! 2.2 for IPv6. Letters beyond ASCII may stand in a name (RFC 6531).

use core::net::Ipv6Addr;

use super::context::speaks_of_version;
use super::finding::{Clue, Clues, Confidence, TextFinding, TextKind};
use super::marker;
use super::units::{byte, byte_before, is_word, is_word_before, start_before, unit};

/// Longest local part, in bytes.
const MAX_LOCAL: usize = 64;
/// Longest domain.
const MAX_DOMAIN: usize = 253;
/// Longest IPv6 address as text, with an IPv4 address at its end.
const MAX_IPV6: usize = 45;
/// The most separate groups that an IPv6 address has.
const MAX_IPV6_COLONS: usize = 7;

/// The at sign that belongs to the name in which a place lies; `None` where it is no such name.
pub(super) fn at_sign_ahead(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < from + MAX_LOCAL {
        match byte(text, at) {
            b'@' => return Some(at),
            byte if is_local(byte) => at += 1,
            0x80.. if is_word(text, at) => at += unit(text, at).1,
            _ => return at_sign(text, at).map(|_| at),
        }
    }
    None
}

/// The length of an at sign, of either width.
pub(super) fn at_sign(text: &[u8], at: usize) -> Option<usize> {
    match byte(text, at) {
        b'@' => Some(1),
        0xEF if text.get(at..at + 3) == Some("\u{FF20}".as_bytes()) => Some(3),
        _ => None,
    }
}

/// The e-mail address around the at sign at a place.
pub(super) fn email(text: &[u8], sign: usize) -> Option<TextFinding> {
    let after = sign + at_sign(text, sign)?;
    let start = local_start(text, sign)?;
    let end = domain_end(text, after)?;
    let why = Clues::none().with(Clue::Structure);
    Some(TextFinding { kind: TextKind::Email, start, end, confidence: Confidence::of_percent(95), why })
}

const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'&' | b'~' | b'!')
}

fn local_start(text: &[u8], sign: usize) -> Option<usize> {
    let limit = sign.saturating_sub(MAX_LOCAL);
    let mut start = sign;
    while start > limit {
        match byte_before(text, start) {
            byte if is_local(byte) => start -= 1,
            0x80.. if is_word_before(text, start) => start = start_before(text, start),
            _ => break,
        }
    }
    // What may stand in a name but begins none: a quotation mark, a dash of a list.
    while start < sign && !is_word(text, start) && byte(text, start) != b'_' {
        start += 1;
    }
    (start < sign).then_some(start)
}

fn domain_end(text: &[u8], start: usize) -> Option<usize> {
    let mut end = None;
    let (mut at, mut labels) = (start, 0);
    loop {
        let label = at;
        while at < start + MAX_DOMAIN && (is_word(text, at) || (byte(text, at) == b'-' && at > label)) {
            at += unit(text, at).1.max(1);
        }
        if at == label {
            break;
        }
        labels += 1;
        if labels > 1 {
            end = top_end(text, label, at).or(end);
        }
        if byte(text, at) != b'.' {
            break;
        }
        at += 1;
    }
    end
}

/// Where a top-level label ends: two letters or more, or its encoded form.
fn top_end(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let label = text.get(start..end)?;
    if label.len() > 4 && label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--")) {
        return Some(end);
    }
    let letters = label.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
    (letters >= 2 && !is_word(text, start + letters)).then_some(start + letters)
}

/// The IP address in which the digit at a place lies.
pub(super) fn ip(text: &[u8], at: usize) -> Option<TextFinding> {
    let (start, end, confidence) = match ipv6(text, at) {
        Some((start, end)) => (start, end, 90),
        None => ipv4(text, at).map(|(start, end)| (start, end, 85))?,
    };
    let why = Clues::none().with(Clue::Structure);
    Some(TextFinding { kind: TextKind::Ip, start, end, confidence: Confidence::of_percent(confidence), why })
}

fn ipv4(text: &[u8], start: usize) -> Option<(usize, usize)> {
    let before = byte_before(text, start);
    if is_word_before(text, start) || before == b'.' {
        return None;
    }
    let mut at = start;
    for part in 0..4 {
        if part > 0 {
            if byte(text, at) != b'.' {
                return None;
            }
            at += 1;
        }
        let digits = text.get(at..)?.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let value = text
            .get(at..at + digits)?
            .iter()
            .fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'));
        let has_leading_zero = digits > 1 && byte(text, at) == b'0';
        if !(1..=3).contains(&digits) || value > 255 || has_leading_zero {
            return None;
        }
        at += digits;
    }
    let goes_on = is_word(text, at)
        || (byte(text, at) == b'.' && (byte(text, at + 1).is_ascii_digit() || marker::is_at(text, at + 1)));
    // `Chrome/120.0.0.1`: the version of a product.
    let is_product = before == b'/' && start > 1 && byte(text, start - 2).is_ascii_alphabetic();
    let is_other = goes_on || is_product || speaks_of_version(text, start);
    (!is_other).then_some((start, at))
}

fn ipv6(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
    // Colons beside the group of hexadecimal digits, or it is no such address.
    let group_end = at + text.get(at..)?.iter().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let mut group_start = at;
    while group_start > at.saturating_sub(4) && byte_before(text, group_start).is_ascii_hexdigit() {
        group_start -= 1;
    }
    if byte(text, group_end) != b':' && byte_before(text, group_start) != b':' {
        return None;
    }
    let mut start = group_start;
    while at - start < MAX_IPV6 && is_part(byte_before(text, start)) {
        start -= 1;
    }
    if byte(text, start) == b':' && byte(text, start + 1) != b':' {
        start += 1; // of a label: `addr:2001:db8::1`
    }
    let rest = text.get(start..)?;
    let mut len = rest.iter().take(MAX_IPV6).take_while(|byte| is_part(**byte) || **byte == b'.').count();
    while matches!(byte(rest, len.saturating_sub(1)), b'.') || ends_with_one_colon(rest, len) {
        len -= 1;
    }
    let written = core::str::from_utf8(rest.get(..len)?).ok()?;
    let colons = written.bytes().filter(|byte| *byte == b':').count();
    let groups = written.split(':').filter(|group| !group.is_empty()).count();
    // `a::b` is a path in a program; an address shows more of itself.
    let begins_full = written.find(':') == Some(4) && groups == 2;
    let is_long = groups >= 3 || written.contains('.') || colons == MAX_IPV6_COLONS || begins_full;
    let fits = is_long && (2..=MAX_IPV6_COLONS).contains(&colons) && written.parse::<Ipv6Addr>().is_ok();
    let joined = matches!(byte(rest, len), b':' | b'.') && marker::is_at(rest, len + 1);
    let touches = is_word_before(text, start) || is_word(text, start + len) || joined;
    (fits && !touches && start + len > at).then_some((start, start + len))
}

fn ends_with_one_colon(text: &[u8], len: usize) -> bool {
    len > 1 && byte(text, len - 1) == b':' && byte(text, len - 2) != b':'
}
