//! IMEI and IMEISV: the number of a handset.
//!
//! Source: 3GPP TS 23.003 section 6 and annex B. Records and call logs often leave out the check
//! digit (14 digits); the IMEISV (16 digits) has none, so Luhn is looked at for 15 digits only.

use super::spelling::{all_zero, digits, luhn};
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    digits(text, 14..=16)
}

pub(super) fn sort(normalised: &str) -> Result<IdentifierSort, IdentifierFault> {
    match normalised.len() {
        // All zeros passes Luhn; it is what handsets without a number report.
        _ if all_zero(normalised) => Err(IdentifierFault::NeverAssigned),
        14 => Ok(IdentifierSort::ImeiWithoutCheckDigit),
        15 if luhn(normalised, 10) => Ok(IdentifierSort::Imei),
        15 => Err(IdentifierFault::CheckDigit),
        16 => Ok(IdentifierSort::Imeisv),
        len => Err(IdentifierFault::Length { len }),
    }
}
