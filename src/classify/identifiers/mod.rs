//! Identifiers: one spelling for each value, and a check of what a value claims to be.
//!
//! Rules: [`normalise`] looks at the form only (characters and length), so that a number that
//! was never assigned can still be searched and matched; [`check`] looks at the rest. All
//! spellings of a value have one normal form, and a normal form is its own. A check digit is
//! dropped only where it is no part of the identifier (IMEI, MEID), and only if it is right.
//! Sources: digest section 5, cited in each file by its own source.
//!
//! Security note: every buffer that holds digits is built with its final capacity and wiped;
//! faults carry lengths and positions, never text.

mod account_number;
mod eid;
mod email;
mod fault;
mod iccid;
mod imei;
mod imsi;
mod meid;
mod nanp;
mod pan;
mod spelling;
mod ssn;
#[cfg(test)]
mod tests;

use core::fmt;

pub use account_number::{AccountPattern, MAX_PATTERN_LEN, PatternFault};
pub use fault::IdentifierFault;

use crate::sensitive::Sensitive;
use crate::vocabulary::IdentifierKind;

/// An identifier that passed its check.
#[derive(PartialEq, Eq)]
pub struct Identifier {
    normalised: Sensitive<String>,
    sort: IdentifierSort,
}

impl Identifier {
    /// The normal form, as [`normalise`] gives it.
    #[must_use]
    pub const fn normalised(&self) -> &Sensitive<String> {
        &self.normalised
    }

    /// Which sort of its kind it is. It says something about the customer (an ITIN is not an
    /// SSN): treat it like the value.
    #[must_use]
    pub const fn sort(&self) -> IdentifierSort {
        self.sort
    }

    /// The normal form, by value.
    #[must_use]
    pub fn into_normalised(self) -> Sensitive<String> {
        self.normalised
    }
}

/// Silent: the sort alone would tell an immigrant's number from others.
impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identifier(..)")
    }
}

/// Which sort of identifier a checked value is, within its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdentifierSort {
    /// A number that can have been assigned as an SSN.
    Ssn,
    /// An SSN of the range kept for advertising, 987-65-4320 to 987-65-4329. Nobody's.
    AdvertisingSsn,
    /// An SSN made invalid by being printed: 078-05-1120, 219-09-9999.
    PublicisedSsn,
    /// An individual taxpayer identification number.
    Itin,
    /// An adoption taxpayer identification number.
    Atin,
    /// An IRS number: assigned by the Internal Revenue Service for its own use.
    Irsn,
    /// A telephone number of an area code that is not toll-free.
    NanpGeographic,
    /// A toll-free number.
    NanpTollFree,
    /// A number kept for fiction: 555-0100 to 555-0199 in an area, or 800-555-0199.
    NanpFictional,
    /// An IMEI with its check digit.
    Imei,
    /// An IMEI of 14 digits: without its check digit.
    ImeiWithoutCheckDigit,
    /// An IMEI with a software version, 16 digits; it has no check digit.
    Imeisv,
    /// A MEID.
    Meid,
    /// An ICCID of 19 digits whose check digit is right.
    Iccid,
    /// An ICCID of 18 digits: without its check digit.
    IccidWithoutCheckDigit,
    /// An ICCID of 20 digits. Operators differ in what the last one is, so it is not checked.
    IccidOfTwentyDigits,
    /// An IMSI of a United States network: country code 310 to 316.
    ImsiUnitedStates,
    /// An IMSI of a test network: country code 001.
    ImsiTest,
    /// An IMSI of a private network: country code 999.
    ImsiPrivate,
    /// An IMSI of another country or of an international network.
    ImsiOther,
    /// An EID.
    Eid,
    /// A payment card number.
    Pan,
    /// An account number.
    AccountNumber,
    /// An e-mail address.
    Email,
}

/// Brings one value to its one spelling. `None` if it has not the form of its kind.
///
/// For all kinds full-width characters count as their narrow ones. For all kinds but e-mail the
/// separators space, dot, dash, slash and parentheses (with the Unicode spaces and dashes, such
/// as the no-break space) are dropped. Nothing else is dropped, except as stated here:
///
/// | Kind | Normal form | Also |
/// |---|---|---|
/// | `ssn` | 9 digits | |
/// | `nanp` | 10 digits | the prefixes `+1`, `1`, `001` and `011 1` are dropped |
/// | `imei` | 14 digits: the handset | a right check digit is dropped, a wrong one stays; the software version of an IMEISV is dropped |
/// | `meid` | 14 hexadecimal digits, upper case | a right check digit is dropped; 18 decimal digits are converted |
/// | `iccid` | 18, 19 or 20 digits | the filler `F` at the end is dropped, of at most 20 places in all |
/// | `imsi` | 6 to 15 digits | |
/// | `eid` | 32 digits | |
/// | `pan` | 13 to 19 digits | |
/// | `account_number` | 1 to 64 visible ASCII characters, upper case | |
/// | `email` | 1 to 254 visible ASCII characters, lower case | spaces around it are dropped, nothing in it |
///
/// ```
/// use cpni_guard::classify::identifiers::normalise;
/// use cpni_guard::vocabulary::IdentifierKind;
///
/// let mobile = normalise(IdentifierKind::Nanp, "+1 (202) 555-0100").unwrap();
/// assert_eq!(mobile.expose(), "2025550100");
/// assert!(normalise(IdentifierKind::Nanp, "+2 025 550 100").is_none()); // another country
/// ```
#[must_use]
pub fn normalise(kind: IdentifierKind, text: &str) -> Option<Sensitive<String>> {
    form(kind, text).ok()
}

/// Brings a value to its normal form and checks it.
///
/// `pattern` is the carrier's pattern of account numbers; the other kinds do not look at it. An
/// account number without a pattern has 8 to 20 characters.
///
/// # Errors
/// [`IdentifierFault`]: what is wrong and, for a character, where. The text is not repeated.
pub fn check(
    kind: IdentifierKind,
    text: &str,
    pattern: Option<&AccountPattern>,
) -> Result<Identifier, IdentifierFault> {
    let normalised = form(kind, text)?;
    let sort = sort(kind, text, &normalised, pattern)?;
    Ok(Identifier { normalised, sort })
}

/// The sort of a number that is in its normal form already: no copy is made.
pub(crate) fn sort_of(kind: IdentifierKind, normalised: &str) -> Result<IdentifierSort, IdentifierFault> {
    match kind {
        IdentifierKind::Ssn => ssn::sort(normalised),
        IdentifierKind::Nanp => nanp::sort(normalised),
        IdentifierKind::Imei => imei::sort_of_digits(normalised),
        IdentifierKind::Meid => meid::sort(normalised),
        IdentifierKind::Iccid => iccid::sort(normalised),
        IdentifierKind::Imsi => imsi::sort(normalised),
        IdentifierKind::Eid => eid::sort(normalised),
        IdentifierKind::Pan => pan::sort(normalised),
        IdentifierKind::AccountNumber => account_number::sort(normalised, normalised, None),
        IdentifierKind::Email => email::sort(normalised),
    }
}

/// The normal form, or why there is none.
pub(super) fn form(kind: IdentifierKind, text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    match kind {
        IdentifierKind::Ssn => ssn::form(text),
        IdentifierKind::Nanp => nanp::form(text),
        IdentifierKind::Imei => imei::form(text),
        IdentifierKind::Meid => meid::form(text),
        IdentifierKind::Iccid => iccid::form(text),
        IdentifierKind::Imsi => imsi::form(text),
        IdentifierKind::Eid => eid::form(text),
        IdentifierKind::Pan => pan::form(text),
        IdentifierKind::AccountNumber => account_number::form(text),
        IdentifierKind::Email => email::form(text),
    }
}

/// The sort of a value, from its normal form; for account numbers and handsets also from its spelling.
pub(super) fn sort(
    kind: IdentifierKind,
    text: &str,
    normalised: &Sensitive<String>,
    pattern: Option<&AccountPattern>,
) -> Result<IdentifierSort, IdentifierFault> {
    // EXPOSE: read by the checks below, which keep and repeat nothing of it.
    let normalised = normalised.expose();
    match kind {
        // These two are told by their spelling too.
        IdentifierKind::Imei => imei::sort(text),
        IdentifierKind::AccountNumber => account_number::sort(text, normalised, pattern),
        IdentifierKind::Ssn
        | IdentifierKind::Nanp
        | IdentifierKind::Meid
        | IdentifierKind::Iccid
        | IdentifierKind::Imsi
        | IdentifierKind::Eid
        | IdentifierKind::Pan
        | IdentifierKind::Email => sort_of(kind, normalised),
    }
}
