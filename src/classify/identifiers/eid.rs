//! EID: the number of an eSIM chip, 32 digits, the last two of which check the others.
//!
//! Source: GSMA SGP.02 and SGP.29; the check is ISO/IEC 7064 MOD 97-10. EIDs of SGP.29 need not
//! begin with 89, so nothing is asked of the first digits.

use super::spelling::digits;
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

/// How many digits an EID has. 10^32 fits 128 bits.
const LEN: usize = 32;

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    digits(text, LEN..=LEN)
}

/// The check digits are compared with the computed ones. The remainder 1 alone would also let
/// 00, 01 and 99 through for 97, 98 and 02.
pub(super) fn sort(normalised: &str) -> Result<IdentifierSort, IdentifierFault> {
    let eid: u128 = normalised.parse().map_err(|_| IdentifierFault::Structure)?;
    let (rest, check) = (eid - eid % 100, eid % 100);
    if check == 98 - rest % 97 { Ok(IdentifierSort::Eid) } else { Err(IdentifierFault::CheckDigit) }
}
