//! IMSI: mobile country code (3 digits), network code (2 or 3), subscriber; at most 15 digits.
//!
//! Source: ITU-T E.212. There is no check digit: the country code is all that can be looked at.

use super::spelling::{digits, number};
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

/// Country code, the shortest network code, and one digit of a subscriber.
const MIN_LEN: usize = 6;
const MAX_LEN: usize = 15;

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    digits(text, MIN_LEN..=MAX_LEN)
}

pub(super) fn sort(normalised: &str) -> Result<IdentifierSort, IdentifierFault> {
    sort_of_country(number(normalised.get(..3))?)
}

/// E.212 gives the first digits 2 to 7 to regions and 9 to international networks; 0 (but for
/// the test network 001), 1 and 8 to nobody.
pub(super) const fn sort_of_country(code: u64) -> Result<IdentifierSort, IdentifierFault> {
    match code {
        1 => Ok(IdentifierSort::ImsiTest),
        310..=316 => Ok(IdentifierSort::ImsiUnitedStates),
        999 => Ok(IdentifierSort::ImsiPrivate),
        200..=799 | 900..=998 => Ok(IdentifierSort::ImsiOther),
        _ => Err(IdentifierFault::NeverAssigned),
    }
}
