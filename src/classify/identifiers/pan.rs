//! PAN: a payment card number, 13 to 19 digits with a Luhn check digit.
//!
//! Source: ISO/IEC 7812-1. A SIM card number (89…) has the same length and the same check digit:
//! that prefix is the telecom industry's and no payment card's.

use super::spelling::{all_zero, digits, luhn};
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    digits(text, 13..=19)
}

pub(super) fn sort(normalised: &str) -> Result<IdentifierSort, IdentifierFault> {
    if normalised.starts_with("89") {
        Err(IdentifierFault::Prefix)
    } else if all_zero(normalised) {
        Err(IdentifierFault::NeverAssigned)
    } else if luhn(normalised, 10) {
        Ok(IdentifierSort::Pan)
    } else {
        Err(IdentifierFault::CheckDigit)
    }
}
