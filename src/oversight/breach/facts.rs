//! The facts of an incident, and the two texts of 47 CFR 64.2011.

use core::fmt;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::policy::{Certainty, Compliance, ReadFrom};
use crate::vocabulary::{CivilDate, DataClass, codes};

use super::super::cited::Cited;

/// Business days after reasonable determination in which USSS and FBI are told: 64.2011(b), text of
/// 2007.
pub const LAW_ENFORCEMENT_NOTICE_BUSINESS_DAYS: u8 = 7;
pub(super) const LAW_ENFORCEMENT_NOTICE: Cited =
    Cited::new("47 CFR 64.2011(b)", Certainty::Clear, ReadFrom::Primary);

/// Business days after reasonable determination in which FCC, USSS and FBI are told: 64.2011(a), text
/// of 2024.
pub const AGENCY_NOTICE_BUSINESS_DAYS: u8 = 7;
pub(super) const AGENCY_NOTICE: Cited =
    Cited::new("47 CFR 64.2011(a) (89 FR 9968)", Certainty::Clear, ReadFrom::Primary);

/// Customers from which on the agencies are told without regard to harm: 64.2011(a)(3), text of 2024
/// (read from memory). 500 counts.
pub const THRESHOLD_CUSTOMERS: u64 = 500;
pub(super) const THRESHOLD: Cited =
    Cited::new("47 CFR 64.2011(a)(3) (89 FR 9968)", Certainty::Clear, ReadFrom::Memory);

/// Month and day of the annual summary, in the year after: 64.2011(a)(4), text of 2024 (read from
/// memory). Interpretation: the year after the determination; not moved where it is no business day.
pub const ANNUAL_SUMMARY_DAY: (i8, i8) = (2, 1);
pub(super) const ANNUAL_SUMMARY: Cited =
    Cited::new("47 CFR 64.2011(a)(4) (89 FR 9968)", Certainty::Clear, ReadFrom::Memory);

/// Days after reasonable determination in which customers are told: 64.2011(b), text of 2024 (read
/// from memory). Day 30 counts.
pub const CUSTOMER_NOTICE_DAYS: i64 = 30;
pub(super) const CUSTOMER_NOTICE: Cited =
    Cited::new("47 CFR 64.2011(b) (89 FR 9968)", Certainty::Clear, ReadFrom::Memory);

/// Days for which an agency's first direction may hold notice back: 64.2011(b)(3), text of 2007 (read
/// in a description), and (a)(2), text of 2024. Interpretation: the day of the direction does not
/// count, day 30 does.
pub const AGENCY_DELAY_INITIAL_DAYS: i64 = 30;
pub(super) const AGENCY_DELAY_2007: Cited =
    Cited::new("47 CFR 64.2011(b)(3)", Certainty::Clear, ReadFrom::Secondary);
pub(super) const AGENCY_DELAY_2024: Cited =
    Cited::new("47 CFR 64.2011(a)(2) (89 FR 9968)", Certainty::Clear, ReadFrom::Primary);

codes! {
    /// A text of 47 CFR 64.2011.
    Regime {
        /// The text of 2007: CPNI, intentional, customers last.
        Text2007 = 1, "2007";
        /// The text of 89 FR 9968 (FCC 23-111): covered data, harm, customers within 30 days.
        Text2024 = 2, "2024";
    }
}

/// Which text governs from when: dated, and switched by the host, as packs are.
///
/// The text of 2024 is adopted and its effective date "delayed indefinitely" (89 FR 9968). That was so
/// on 2026-10-05, the last day that was checked. Interpretation: the text governs that was in force
/// on the day of the determination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Regimes {
    text_2024_from: Option<CivilDate>,
}

impl Regimes {
    /// As the Federal Register has it: the text of 2007 governs, that of 2024 is adopted.
    #[must_use]
    pub const fn as_published() -> Self {
        Self { text_2024_from: None }
    }

    /// The text of 2024 governs from this day on: the date that the FCC will publish.
    #[must_use]
    pub const fn text_2024_from(day: CivilDate) -> Self {
        Self { text_2024_from: Some(day) }
    }

    /// The text that governs a breach determined on this day; `None` before 2007-12-08.
    #[must_use]
    pub fn on(&self, day: CivilDate) -> Option<Regime> {
        if self.text_2024_from.is_some_and(|from| from <= day) {
            Some(Regime::Text2024)
        } else {
            // 72 FR 31948: in force from this day.
            (CivilDate::new(2007, 12, 8)? <= day).then_some(Regime::Text2007)
        }
    }

    /// Whether a text must be followed for a breach determined on this day; `None` before it is in
    /// force, and after another text took its place.
    #[must_use]
    pub fn compliance(&self, regime: Regime, day: CivilDate) -> Option<Compliance> {
        if self.on(day) == Some(regime) {
            return Some(Compliance::Required);
        }
        match regime {
            Regime::Text2024 => Some(Compliance::Adopted),
            Regime::Text2007 => None,
        }
    }
}

codes! {
    /// Whether what was reached can be read.
    Exposure {
        /// Encrypted, with definitive evidence that no key for it was accessed.
        EncryptedKeysSafe = 1, "encrypted_keys_safe";
        /// Readable; also where nobody knows.
        Readable = 2, "readable";
    }
}

/// Whether it was done on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// On purpose.
    Intentional,
    /// By mistake, as the carrier found.
    Inadvertent,
    /// Nobody knows: counts as on purpose.
    #[default]
    Unknown,
}

/// Whether customers are likely to be harmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// Likely.
    Likely,
    /// The carrier reasonably determined that no harm is reasonably likely.
    NotLikely,
    /// Nobody determined it: counts as likely, unless all that was taken is encrypted with its keys
    /// safe (interpretation).
    #[default]
    Undetermined,
}

/// How many customers are affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Customers {
    /// Counted.
    Exactly(u64),
    /// A lower bound: the log has a gap, or somebody is still counting.
    AtLeast(u64),
}

impl Customers {
    /// Whether the count is known to stay below the threshold of 500.
    pub(super) const fn are_fewer_than_threshold(self) -> bool {
        matches!(self, Self::Exactly(count) if count < THRESHOLD_CUSTOMERS)
    }

    /// Whether a lower bound below the threshold may turn out to be at or over it.
    pub(super) const fn may_cross_threshold(self) -> bool {
        matches!(self, Self::AtLeast(count) if count < THRESHOLD_CUSTOMERS)
    }
}

impl fmt::Display for Customers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(count) => write!(f, "{count} customers"),
            Self::AtLeast(count) => write!(f, "at least {count} customers"),
        }
    }
}

/// A direction of an agency not to tell customers or the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AgencyDelay {
    /// The day on which it was given.
    pub given: CivilDate,
    /// The last day of the silence that it directs.
    pub through: CivilDate,
    /// Whether it extends an earlier one. A first direction lasts 30 days at the most.
    pub extends: bool,
    /// Whether the carrier holds it in writing.
    pub in_writing: bool,
}

/// An earlier finding by which the agencies did not have to be told, and the day on which it fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct EarlierFinding {
    pub(super) customers: Customers,
    pub(super) harm: Harm,
    pub(super) fell_on: CivilDate,
}

/// The facts of an incident. What is not said takes the side that closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incident {
    pub(super) determined: CivilDate,
    pub(super) affected: BTreeMap<DataClass, Exposure>,
    pub(super) customers: Customers,
    pub(super) intent: Intent,
    pub(super) good_faith: bool,
    pub(super) harm: Harm,
    pub(super) earlier: Option<EarlierFinding>,
    pub(super) agencies_notified: Option<CivilDate>,
    pub(super) urgent_after_consultation: bool,
    pub(super) delays: Vec<AgencyDelay>,
    pub(super) delays_lifted: Option<CivilDate>,
    pub(super) other_notice_due: Option<CivilDate>,
}

impl Incident {
    /// An incident whose "reasonable determination" was made on this day, as the carrier's own clock
    /// had it. The order on the text of 2024 speaks of a breach that is more likely than not (read in a
    /// description): do not wait for certainty.
    #[must_use]
    pub const fn determined(on: CivilDate) -> Self {
        Self {
            determined: on,
            affected: BTreeMap::new(),
            customers: Customers::AtLeast(0),
            intent: Intent::Unknown,
            good_faith: false,
            harm: Harm::Undetermined,
            earlier: None,
            agencies_notified: None,
            urgent_after_consultation: false,
            delays: Vec::new(),
            delays_lifted: None,
            other_notice_due: None,
        }
    }

    /// A class of data was reached. Said twice, the worse exposure stands.
    #[must_use]
    pub fn affected(mut self, class: DataClass, exposure: Exposure) -> Self {
        let worst = self.affected.entry(class).or_insert(exposure);
        *worst = exposure.max(*worst);
        self
    }

    /// How many customers. Unsaid: at least 0.
    #[must_use]
    pub const fn customers(mut self, customers: Customers) -> Self {
        self.customers = customers;
        self
    }

    /// Whether it was done on purpose.
    #[must_use]
    pub const fn intent(mut self, intent: Intent) -> Self {
        self.intent = intent;
        self
    }

    /// An employee or agent came upon it in good faith, and it was neither used improperly nor disclosed
    /// further. Excepts under the text of 2024, and only what was inadvertent (interpretation).
    #[must_use]
    pub const fn good_faith_of_employee(mut self) -> Self {
        self.good_faith = true;
        self
    }

    /// What was found about harm.
    #[must_use]
    pub const fn harm(mut self, harm: Harm) -> Self {
        self.harm = harm;
        self
    }

    /// Until this day the carrier had found fewer customers and less harm; then the facts of this
    /// incident came out. Moves the deadline of the agencies' notice only where the earlier finding
    /// was one by which they did not have to be told (text of 2024).
    #[must_use]
    pub const fn found_before(mut self, customers: Customers, harm: Harm, fell_on: CivilDate) -> Self {
        self.earlier = Some(EarlierFinding { customers, harm, fell_on });
        self
    }

    /// The day on which the central reporting facility confirmed the notice. Unsaid: nobody was told.
    #[must_use]
    pub const fn agencies_notified(mut self, on: CivilDate) -> Self {
        self.agencies_notified = Some(on);
        self
    }

    /// The carrier said in its notice that customers must know sooner, to avoid immediate and irreparable
    /// harm, and has consulted the investigating agency: 64.2011(b)(2), text of 2007. A human decides.
    #[must_use]
    pub const fn urgent_after_consultation(mut self) -> Self {
        self.urgent_after_consultation = true;
        self
    }

    /// An agency directed silence.
    #[must_use]
    pub fn delayed_by(mut self, delay: AgencyDelay) -> Self {
        self.delays.push(delay);
        self
    }

    /// An agency wrote on this day that notice no longer impedes it. Ends the directions given before.
    #[must_use]
    pub const fn delays_lifted(mut self, on: CivilDate) -> Self {
        self.delays_lifted = Some(on);
        self
    }

    /// The earliest day on which other law, a state's mostly, has customers told.
    #[must_use]
    pub const fn other_notice_due(mut self, on: CivilDate) -> Self {
        self.other_notice_due = Some(on);
        self
    }

    /// Whether all that was reached is encrypted and its keys are safe.
    pub(super) fn is_solely_encrypted(&self) -> bool {
        !self.affected.is_empty() && self.affected.values().all(|how| *how == Exposure::EncryptedKeysSafe)
    }

    pub(super) fn is_harm_unlikely(&self) -> bool {
        match self.harm {
            Harm::NotLikely => true,
            Harm::Likely => false,
            Harm::Undetermined => self.is_solely_encrypted(),
        }
    }

    /// The day from which the agencies' deadline of 2024 counts.
    pub(super) fn agencies_clock_starts(&self) -> CivilDate {
        let was_exempt = |finding: &EarlierFinding| {
            finding.customers.are_fewer_than_threshold()
                && finding.harm == Harm::NotLikely
                && finding.fell_on > self.determined
        };
        self.earlier.filter(was_exempt).map_or(self.determined, |finding| finding.fell_on)
    }

    /// The last day that the carrier's record speaks of.
    pub(super) fn last_day(&self) -> CivilDate {
        let days = [self.agencies_notified, self.earlier.map(|e| e.fell_on), self.delays_lifted];
        let delays = self.delays.iter().map(|delay| delay.given.max(delay.through));
        days.into_iter().flatten().chain(delays).fold(self.determined, CivilDate::max)
    }
}
