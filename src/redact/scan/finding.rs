//! What a scan gives: kind, place, confidence, and why. Never the text itself.

use core::fmt;

use crate::redact::MaskKind;
use crate::vocabulary::IdentifierKind;

/// The kinds of identifiers that a scan finds, from the strictest to the least strict: where two readings
/// are equally good, the earlier one is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TextKind {
    /// A password, PIN, passcode, one-time or card security code, after its label.
    Secret,
    /// A Social Security number.
    Ssn,
    /// A taxpayer number of the same form (ITIN, ATIN).
    Itin,
    /// A payment card number.
    Card,
    /// A date of birth, after its label.
    BirthDate,
    /// An account number: of the carrier's pattern, or after its label.
    Account,
    /// The number of a handset (3GPP TS 23.003), with or without check digit or software version.
    Imei,
    /// The number of a CDMA handset.
    Meid,
    /// The subscriber's number in mobile networks.
    Imsi,
    /// The number of a SIM card.
    Iccid,
    /// The number of an eSIM chip.
    Eid,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// An IPv4 or IPv6 address.
    Ip,
}

impl TextKind {
    /// All kinds, the strictest first.
    pub const ALL: [Self; 14] = [
        Self::Secret,
        Self::Ssn,
        Self::Itin,
        Self::Card,
        Self::BirthDate,
        Self::Account,
        Self::Imei,
        Self::Meid,
        Self::Imsi,
        Self::Iccid,
        Self::Eid,
        Self::Phone,
        Self::Email,
        Self::Ip,
    ];

    /// The name in reports: `ssn`, `birth_date`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.mask().name()
    }

    /// What stands in place of a value: `[SSN]`, the label of its mask.
    #[must_use]
    pub const fn label(self) -> &'static str {
        self.mask().label()
    }

    /// The kind of mask for such a value.
    #[must_use]
    pub const fn mask(self) -> MaskKind {
        match self {
            Self::Secret => MaskKind::Secret,
            Self::Ssn => MaskKind::Ssn,
            Self::Itin => MaskKind::Itin,
            Self::Card => MaskKind::Card,
            Self::BirthDate => MaskKind::BirthDate,
            Self::Account => MaskKind::Account,
            Self::Imei => MaskKind::Imei,
            Self::Meid => MaskKind::Meid,
            Self::Imsi => MaskKind::Imsi,
            Self::Iccid => MaskKind::Iccid,
            Self::Eid => MaskKind::Eid,
            Self::Phone => MaskKind::Phone,
            Self::Email => MaskKind::Email,
            Self::Ip => MaskKind::Ip,
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of identifier whose normal form it has; `None` where there is none.
    #[must_use]
    pub const fn identifier(self) -> Option<IdentifierKind> {
        match self {
            Self::Ssn | Self::Itin => Some(IdentifierKind::Ssn),
            Self::Card => Some(IdentifierKind::Pan),
            Self::Account => Some(IdentifierKind::AccountNumber),
            Self::Imei => Some(IdentifierKind::Imei),
            Self::Meid => Some(IdentifierKind::Meid),
            Self::Imsi => Some(IdentifierKind::Imsi),
            Self::Iccid => Some(IdentifierKind::Iccid),
            Self::Eid => Some(IdentifierKind::Eid),
            Self::Phone => Some(IdentifierKind::Nanp),
            Self::Email => Some(IdentifierKind::Email),
            Self::Secret | Self::BirthDate | Self::Ip => None,
        }
    }

    /// Its bit in a set of kinds.
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for TextKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How sure a finding is, in hundredths: 0 to 99. It orders findings and is no probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confidence(u8);

impl Confidence {
    /// From here on a scan reports, unless told otherwise. A number without separators and without a
    /// label that may be an SSN or a telephone number has exactly this.
    pub const USUAL: Self = Self(50);
    /// The most.
    pub const MAX: Self = Self(99);

    /// So many hundredths, at most 99.
    #[must_use]
    pub const fn of_percent(percent: u8) -> Self {
        if percent > Self::MAX.0 { Self::MAX } else { Self(percent) }
    }

    /// The hundredths.
    #[must_use]
    pub const fn percent(self) -> u8 {
        self.0
    }

    pub(super) const fn up(self, by: u8) -> Self {
        Self::of_percent(self.0.saturating_add(by))
    }

    pub(super) const fn down(self, by: u8) -> Self {
        Self(self.0.saturating_sub(by))
    }
}

/// As a fraction: `0.95`.
impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0.{:02}", self.0)
    }
}

/// One reason why something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Clue {
    /// It has the form: so many digits, such parts.
    Structure,
    /// Its groups are those in which this kind is written: 3-2-4, 3-3-4, 4-4-4-4.
    Grouping,
    /// Its check digits are right.
    CheckDigit,
    /// It lies in a range that is given out.
    Assigned,
    /// A word of its kind stands before it.
    WordBefore,
    /// A word of its kind stands after it.
    WordAfter,
    /// The name of its column, field or key says so.
    ColumnLabel,
    /// It has the carrier's own pattern of account numbers.
    Pattern,
    /// The host listed it as always to be found.
    Listed,
    /// Other kinds have this form too: the strictest was taken.
    Ambiguous,
    /// A word nearby speaks of something else (an order, an invoice).
    WordAgainst,
    /// It is spoken: digits as words.
    Spoken,
    /// It goes on over the end of a line.
    AcrossLines,
}

impl Clue {
    /// All reasons.
    pub const ALL: [Self; 13] = [
        Self::Structure,
        Self::Grouping,
        Self::CheckDigit,
        Self::Assigned,
        Self::WordBefore,
        Self::WordAfter,
        Self::ColumnLabel,
        Self::Pattern,
        Self::Listed,
        Self::Ambiguous,
        Self::WordAgainst,
        Self::Spoken,
        Self::AcrossLines,
    ];

    /// Its name in reports: `check digit`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Grouping => "grouping",
            Self::CheckDigit => "check digit",
            Self::Assigned => "assigned range",
            Self::WordBefore => "word before",
            Self::WordAfter => "word after",
            Self::ColumnLabel => "column label",
            Self::Pattern => "carrier's pattern",
            Self::Listed => "listed",
            Self::Ambiguous => "ambiguous",
            Self::WordAgainst => "word against it",
            Self::Spoken => "spoken",
            Self::AcrossLines => "across lines",
        }
    }
}

/// The reasons of a finding.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Clues(u16);

impl Clues {
    /// Whether this reason is among them.
    #[must_use]
    pub const fn has(self, evidence: Clue) -> bool {
        self.0 & (1 << evidence as u16) != 0
    }

    /// The reasons.
    pub fn iter(self) -> impl Iterator<Item = Clue> {
        Clue::ALL.into_iter().filter(move |evidence| self.has(*evidence))
    }

    pub(super) const fn none() -> Self {
        Self(0)
    }

    pub(super) const fn with(self, evidence: Clue) -> Self {
        Self(self.0 | 1 << evidence as u16)
    }

    pub(super) const fn with_if(self, holds: bool, evidence: Clue) -> Self {
        if holds { self.with(evidence) } else { self }
    }
}

/// The names, with commas between them.
impl fmt::Display for Clues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, evidence) in self.iter().enumerate() {
            f.write_str(if position == 0 { "" } else { ", " })?;
            f.write_str(evidence.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Clues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// One identifier in a text: where it is, and not what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextFinding {
    pub(super) kind: TextKind,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) confidence: Confidence,
    pub(super) why: Clues,
}

impl TextFinding {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> TextKind {
        self.kind
    }

    /// Where it begins, in bytes from the start of the text: on a character boundary.
    #[must_use]
    pub const fn start(&self) -> usize {
        self.start
    }

    /// Where it ends, in bytes, exclusive: on a character boundary.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.end
    }

    /// Start and end.
    #[must_use]
    pub const fn range(&self) -> core::ops::Range<usize> {
        self.start..self.end
    }

    /// How sure it is.
    #[must_use]
    pub const fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// Clues it was found.
    #[must_use]
    pub const fn why(&self) -> Clues {
        self.why
    }

    /// The same finding in a text that begins `by` bytes earlier.
    pub(in crate::redact) const fn moved(self, by: usize) -> Self {
        Self { start: self.start.saturating_add(by), end: self.end.saturating_add(by), ..self }
    }
}
