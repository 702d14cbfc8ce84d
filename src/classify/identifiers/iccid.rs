//! ICCID: the number of a SIM card, beginning with 89 ("telecommunications").
//!
//! Source: ITU-T E.118 and field practice. Stored as ten octets, so a card of 19 digits ends in a
//! filler `F`. Factory files leave out the check digit (18 digits). With 20 digits operators
//! differ in what the last one is: it is not held against the card.

use super::spelling::{Take, gather, is_separator, luhn};
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

/// Places for digits and filler on the card.
const PLACES: usize = 20;
/// Fewest digits: a card number without its check digit.
const MIN_LEN: usize = 18;

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    let mut filled = false;
    let mut kept = gather(text, PLACES, |character| match character {
        '0'..='9' if !filled => Take::Keep(character),
        'F' | 'f' => {
            filled = true;
            Take::Keep('F')
        }
        _ if is_separator(character) => Take::Drop,
        _ => Take::Refuse,
    })?;
    // EXPOSE: only the number of digits before the filler is read.
    let len = kept.expose().trim_end_matches('F').len();
    if len < MIN_LEN {
        return Err(IdentifierFault::Length { len });
    }
    kept.expose_mut().truncate(len);
    Ok(kept)
}

pub(super) fn sort(normalised: &str) -> Result<IdentifierSort, IdentifierFault> {
    match normalised.len() {
        _ if !normalised.starts_with("89") => Err(IdentifierFault::Prefix),
        18 => Ok(IdentifierSort::IccidWithoutCheckDigit),
        19 if luhn(normalised, 10) => Ok(IdentifierSort::Iccid),
        19 => Err(IdentifierFault::CheckDigit),
        20 => Ok(IdentifierSort::IccidOfTwentyDigits),
        len => Err(IdentifierFault::Length { len }),
    }
}
