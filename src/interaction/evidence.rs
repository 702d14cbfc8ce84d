//! What a customer presents, and what the caller learns of it.

use core::fmt;

use crate::sensitive::Sensitive;
use crate::vocabulary::{CivilDate, EstablishedBy, EvidenceKind};

use super::ledger::CodeTo;

/// Evidence that is presented to an interaction.
///
/// Evidence that needs the sealed record (a photo ID's name, a call that the customer names) is
/// presented by calls of their own.
#[derive(Debug)]
#[non_exhaustive]
pub enum Evidence {
    /// The account password, as the customer gives it. Compared by the library.
    Password(Sensitive<String>),
    /// The answer to the back-up question (47 CFR 64.2010(e)). Compared by the library.
    Backup(Sensitive<String>),
    /// The passcode that the customer set for port-outs (52.36(c)). Compared by the library.
    PortPasscode(Sensitive<String>),
    /// The one-time code that went to this place. Compared by the library; good once.
    OneTimeCode(CodeTo, Sensitive<String>),
    /// What a system of the host's established. That is no word of the agent's: it counts where the host's
    /// contact source says the same of this contact ([`super::ContactState::attested`]), and does not
    /// match where it does not. Recorded as attested.
    Attested(Attested),
    /// Something that the customer stated and that never authenticates: biographical or account
    /// information (47 CFR 64.2003(a), (m)). It is recorded, so that a review sees on what an
    /// agent relied; the value itself is not taken.
    Stated(Stated),
}

impl Evidence {
    /// The account password; the text is taken over and wiped.
    #[must_use]
    pub fn password(typed: impl Into<String>) -> Self {
        Self::Password(Sensitive::from(typed.into()))
    }
}

/// What a system of the host's established about the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attested {
    /// The identity provider verified a passkey assertion.
    Passkey,
    /// The carrier's app confirmed on the customer's device.
    AppFactor,
    /// The authentication that a business customer's contract lays down was carried out (64.2010(g)).
    BusinessContract,
    /// A line-separation request was verified, by a process of two people (47 U.S.C. 345).
    LineSeparationVerified,
}

impl Attested {
    pub(crate) const fn kind(self) -> EvidenceKind {
        match self {
            Self::Passkey => EvidenceKind::Passkey,
            Self::AppFactor => EvidenceKind::AppFactor,
            Self::BusinessContract => EvidenceKind::BusinessContract,
            Self::LineSeparationVerified => EvidenceKind::LineSeparationVerified,
        }
    }
}

/// Evidence after it was looked at: what it is, who established it, what the caller learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looked {
    /// `None` where it proves nothing and has no kind: a wrong one-time code.
    pub(crate) evidence: Option<(EvidenceKind, EstablishedBy)>,
    pub(crate) presented: Presented,
}

impl Looked {
    pub(crate) const fn new(kind: EvidenceKind, by: EstablishedBy, presented: Presented) -> Self {
        Self { evidence: Some((kind, by)), presented }
    }

    /// What the library compared: one kind for a match, another for none.
    pub(super) const fn compared(matches: bool, right: EvidenceKind, wrong: Option<EvidenceKind>) -> Self {
        let kind = if matches { Some(right) } else { wrong };
        Self {
            evidence: match kind {
                Some(kind) => Some((kind, EstablishedBy::Library)),
                None => None,
            },
            presented: if matches { Presented::Match } else { Presented::NoMatch },
        }
    }
}

macro_rules! stated {
    ($($(#[$meta:meta])* $variant:ident),+ $(,)?) => {
        /// Biographical and account information that customers offer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Stated { $($(#[$meta])* $variant),+ }

        impl Stated {
            pub(crate) const fn kind(self) -> EvidenceKind {
                match self { $(Self::$variant => EvidenceKind::$variant),+ }
            }
        }
    };
}

stated! {
    /// The whole SSN.
    SsnVerified,
    /// The last four digits of the SSN.
    SsnLast4,
    /// Date of birth.
    DateOfBirth,
    /// Mother's maiden name.
    MothersMaidenName,
    /// Home address.
    HomeAddress,
    /// Full name.
    FullName,
    /// ZIP code.
    ZipCode,
    /// Account number.
    AccountNumber,
    /// A part of the account number.
    AccountNumberLast4,
    /// The amount of a bill.
    BillAmount,
    /// A recent payment.
    RecentPayment,
    /// Answers about call detail.
    CallDetailQuiz,
    /// A partner's word that the customer consented.
    PartnerAssertedConsent,
}

/// What the caller learns of presented evidence: this, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// It matches.
    Match,
    /// It does not match, or there is nothing to match it with.
    NoMatch,
    /// It was noted and proves nothing.
    Noted,
}

/// A photo ID as the agent reads it. Not its image, and not its number. Silent in `Debug`.
pub struct PhotoId {
    /// What it is.
    pub kind: PhotoIdKind,
    /// The last day on which it is valid.
    pub expires: CivilDate,
    /// The name on it.
    pub name: Sensitive<String>,
}

/// The government-issued photo IDs of 47 CFR 64.2003(r): a driver's licence, a passport, or
/// comparable ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoIdKind {
    /// A driver's licence.
    DriversLicence,
    /// A passport.
    Passport,
    /// Another ID card that a government issued, with a photograph.
    OtherGovernmentIssued,
}

impl PhotoId {
    /// What the ID proves at a retail location: it is valid through its last day, and its name is
    /// the sealed one.
    pub(crate) fn examine(&self, today: Option<CivilDate>, name_on_account: &str) -> EvidenceKind {
        // EXPOSE: compared here and not kept.
        if !same_name(self.name.expose(), name_on_account) {
            return EvidenceKind::PhotoIdNameMismatch;
        }
        match today {
            Some(today) if today <= self.expires => EvidenceKind::PhotoId,
            Some(_) | None => EvidenceKind::PhotoIdExpired,
        }
    }
}

impl fmt::Debug for PhotoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhotoId(..)")
    }
}

impl fmt::Display for PhotoIdKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DriversLicence => "driver's licence",
            Self::Passport => "passport",
            Self::OtherGovernmentIssued => "other government-issued photo ID",
        })
    }
}

/// Interpretation: names match where their words are the same, whatever their order, case and
/// punctuation ("EXAMPLE, DANA" is "Dana Example"). No word may be missing on either side.
fn same_name(read: &str, stored: &str) -> bool {
    fn words(name: &str) -> Vec<Sensitive<String>> {
        let mut words: Vec<_> = name
            .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '\u{2019}')
            .filter(|word| !word.is_empty())
            .map(|word| {
                let mut folded = String::with_capacity(word.len().saturating_mul(3));
                folded.extend(word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
                Sensitive::from(folded)
            })
            .collect();
        // EXPOSE: sorted here and not kept.
        words.sort_by(|a, b| a.expose().cmp(b.expose()));
        words
    }
    let (read, stored) = (words(read), words(stored));
    !read.is_empty() && read == stored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_whatever_their_order_and_punctuation() {
        assert!(same_name("EXAMPLE, DANA", "Dana Example"));
        assert!(same_name("Dana  O'Example-Smith", "dana oexample smith"));
        assert!(!same_name("Dana Q. Example", "Dana Example"));
        assert!(!same_name("Dana", "Dana Example"));
        assert!(!same_name("", "Dana Example"));
        assert!(!same_name(" ,", " ."));
    }

    #[test]
    fn an_id_is_valid_through_its_last_day() {
        let id = |expires| PhotoId {
            kind: PhotoIdKind::Passport,
            expires,
            name: Sensitive::from("Dana Example".to_owned()),
        };
        let day = |d| CivilDate::new(2026, 11, d).unwrap();
        assert_eq!(id(day(23)).examine(Some(day(23)), "Dana Example"), EvidenceKind::PhotoId);
        assert_eq!(id(day(22)).examine(Some(day(23)), "Dana Example"), EvidenceKind::PhotoIdExpired);
        assert_eq!(id(day(23)).examine(None, "Dana Example"), EvidenceKind::PhotoIdExpired);
        assert_eq!(id(day(22)).examine(Some(day(23)), "Sam Example"), EvidenceKind::PhotoIdNameMismatch);
    }
}
