//! MEID: the number of a CDMA handset, 56 bits.
//!
//! Source: 3GPP2 S.R0048 and C.S0072. Written as 14 hexadecimal digits, with or without a check
//! digit that is no part of it (Luhn in base 16, or in base 10 if all digits are decimal), or as
//! 18 decimal digits: the first 32 bits as ten, the last 24 bits as eight.

use core::fmt::Write;

use super::spelling::{Take, all_zero, gather, is_separator, luhn, number};
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

/// Hexadecimal digits of a MEID.
const HEX_LEN: usize = 14;
/// Digits of the decimal form, and of its first part.
const DECIMAL_LEN: usize = 18;
const DECIMAL_FIRST_LEN: usize = 10;
/// The largest values of the two parts.
const MAX_FIRST: u64 = 0xFFFF_FFFF;
const MAX_SECOND: u64 = 0xFF_FFFF;

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    let mut kept = gather(text, DECIMAL_LEN, |character| match character {
        _ if character.is_ascii_hexdigit() => Take::Keep(character.to_ascii_uppercase()),
        _ if is_separator(character) => Take::Drop,
        _ => Take::Refuse,
    })?;
    // EXPOSE: its length, its check digit and its decimal value are computed; only wiped buffers leave.
    let spelled = kept.expose();
    match spelled.len() {
        HEX_LEN => Ok(kept),
        // INVARIANT: 15 = HEX_LEN and the check digit. A wrong one stays no part of a MEID: it is
        // not dropped, or a value with an error in it would match.
        15 if luhn(spelled, base(spelled)) => {
            kept.expose_mut().truncate(HEX_LEN);
            Ok(kept)
        }
        15 => Err(IdentifierFault::CheckDigit),
        DECIMAL_LEN if base(spelled) == 10 => hexadecimal(spelled),
        len => Err(IdentifierFault::Length { len }),
    }
}

/// A MEID has a reporting body of `A0` or above, or decimal digits only.
pub(super) fn sort(normalised: &str) -> Result<IdentifierSort, IdentifierFault> {
    let first = normalised.chars().next();
    match first {
        _ if all_zero(normalised) => Err(IdentifierFault::NeverAssigned),
        Some('A'..='F') => Ok(IdentifierSort::Meid),
        _ if base(normalised) == 10 => Ok(IdentifierSort::Meid),
        _ => Err(IdentifierFault::NeverAssigned),
    }
}

fn base(digits: &str) -> u32 {
    if digits.bytes().all(|digit| digit.is_ascii_digit()) { 10 } else { 16 }
}

fn hexadecimal(decimal: &str) -> Result<Sensitive<String>, IdentifierFault> {
    let first = number(decimal.get(..DECIMAL_FIRST_LEN))?;
    let second = number(decimal.get(DECIMAL_FIRST_LEN..))?;
    if first > MAX_FIRST || second > MAX_SECOND {
        return Err(IdentifierFault::Structure);
    }
    let mut hex = Sensitive::new(String::with_capacity(HEX_LEN));
    write!(hex.expose_mut(), "{first:08X}{second:06X}").map_err(|_| IdentifierFault::Structure)?;
    Ok(hex)
}
