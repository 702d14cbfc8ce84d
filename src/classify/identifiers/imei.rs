//! IMEI and IMEISV: the number of a handset.
//!
//! Source: 3GPP TS 23.003 section 6 and annex B. The number is the type allocation code and the
//! serial number, 14 digits; a check digit complements it and is not transmitted (6.2.1), and the
//! software version of an IMEISV (6.2.2) changes while the handset stays the same. Luhn is looked
//! at for 15 digits only.

use super::spelling::{all_zero, digits, luhn};
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

/// Digits of the type allocation code and the serial number.
const LEN: usize = 14;
/// And of the longest form, the IMEISV.
const MAX_LEN: usize = 16;

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    let mut kept = digits(text, LEN..=MAX_LEN)?;
    // EXPOSE: its length and its check digit are read.
    let spelled = kept.expose();
    // A wrong check digit stays: dropped, a value with an error in it would match.
    if spelled.len() == MAX_LEN || (spelled.len() == 15 && luhn(spelled, 10)) {
        kept.expose_mut().truncate(LEN);
    }
    Ok(kept)
}

/// Which form it was written in is read from the text: the normal form no longer tells.
pub(super) fn sort(text: &str) -> Result<IdentifierSort, IdentifierFault> {
    let spelled = digits(text, LEN..=MAX_LEN)?;
    // EXPOSE: looked at here and not kept.
    sort_of_digits(spelled.expose())
}

/// The same for what is digits only.
pub(super) fn sort_of_digits(spelled: &str) -> Result<IdentifierSort, IdentifierFault> {
    match spelled.len() {
        // All zeros passes Luhn; it is what handsets without a number report.
        _ if all_zero(spelled) => Err(IdentifierFault::NeverAssigned),
        LEN => Ok(IdentifierSort::ImeiWithoutCheckDigit),
        15 if luhn(spelled, 10) => Ok(IdentifierSort::Imei),
        15 => Err(IdentifierFault::CheckDigit),
        MAX_LEN => Ok(IdentifierSort::Imeisv),
        len => Err(IdentifierFault::Length { len }),
    }
}
