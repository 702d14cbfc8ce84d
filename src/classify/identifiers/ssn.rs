//! SSN and its look-alikes: nine digits AAA-GG-SSSS without a check digit.
//!
//! Sources: SSA POMS RM 10201.035 (never assigned), IRS (ITIN, ATIN, IRSN ranges), SSA (the
//! advertising range; the two numbers made invalid by publicity). Since 2011-06-25 numbers are
//! random: lists of high groups and states are of no use and are not here.

use super::spelling::{digits, number};
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

/// How many digits an SSN has.
const LEN: usize = 9;

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    digits(text, LEN..=LEN)
}

/// The order matters: the advertising range lies inside the ITIN range, and the numbers made
/// invalid by publicity pass the tests of structure.
pub(super) fn sort(normalised: &str) -> Result<IdentifierSort, IdentifierFault> {
    let ssn = number(Some(normalised))?;
    // Written as whole numbers: 987-65-4320 to 987-65-4329, then 078-05-1120 and 219-09-9999.
    match ssn {
        987_654_320..=987_654_329 => return Ok(IdentifierSort::AdvertisingSsn),
        78_051_120 | 219_099_999 => return Ok(IdentifierSort::PublicisedSsn),
        _ => {}
    }
    let (area, group, serial) = (ssn / 1_000_000, ssn / 10_000 % 100, ssn % 10_000);
    match (area, group, serial) {
        (900.., 50..=65 | 70..=88 | 90..=92 | 94..=99, _) => Ok(IdentifierSort::Itin),
        (900.., 93, _) => Ok(IdentifierSort::Atin),
        (900.., 1..=10 | 17..=19 | 28..=29 | 37..=39, _) => Ok(IdentifierSort::Irsn),
        (0 | 666 | 900.., _, _) | (_, 0, _) | (_, _, 0) => Err(IdentifierFault::NeverAssigned),
        _ => Ok(IdentifierSort::Ssn),
    }
}
