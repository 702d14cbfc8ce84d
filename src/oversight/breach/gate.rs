//! Whether customers may be told now.
//!
//! The texts pull apart: that of 2007 forbids to tell customers before law enforcement had seven full
//! business days; that of 2024, and the states, require telling them. Silence can hurt customers and
//! words an investigation, so a third answer is that a human decides: nothing is sent meanwhile.

use serde::Serialize;

use crate::policy::{Certainty, ReadFrom};
use crate::vocabulary::{CivilDate, Timestamp, codes};

use super::super::calendar::{earliest_day, has_ended, latest_day};
use super::super::cited::Cited;
use super::facts::{AGENCY_DELAY_2007, AGENCY_DELAY_2024, AGENCY_DELAY_INITIAL_DAYS, AgencyDelay, Regime};
use super::report::{BreachReport, Task, When};

/// Full business days that must have passed after notice to USSS and FBI before customers are told:
/// 64.2011(b)(1), text of 2007.
pub const CUSTOMER_HOLD_BUSINESS_DAYS: u8 = 7;
pub(super) const CUSTOMER_HOLD: Cited =
    Cited::new("47 CFR 64.2011(b)(1)", Certainty::Clear, ReadFrom::Primary);
const LAW_ENFORCEMENT_FIRST: Cited = Cited::new("47 CFR 64.2011(a)", Certainty::Clear, ReadFrom::Primary);

/// Whether 64.2011 lets customers be told now. Other law is the host's to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum MayNotify {
    /// Nothing in 64.2011 holds it.
    Yes,
    /// Not now.
    No {
        /// The first day on which this no longer stands against it, once that day has begun everywhere
        /// (12:00 UTC); `None`: no day can be told.
        until: Option<CivilDate>,
        /// Why not.
        why: Hold,
        /// Where that comes from.
        cited: Cited,
    },
    /// Not now, and silence may hurt customers too: a human decides.
    HeldForHuman {
        /// What pulls against what.
        why: Hold,
    },
}

codes! {
    /// Why customers are not told now.
    Hold {
        /// The clock shows no day.
        NoDay = 1, "clock_shows_no_day";
        /// USSS and FBI were not told, or nobody knows.
        LawEnforcementFirst = 2, "law_enforcement_first";
        /// The seven full business days have not passed.
        FullBusinessDays = 3, "full_business_days";
        /// An agency directed silence in writing.
        AgencyDirection = 4, "agency_direction";
        /// An agency directed silence, and the carrier does not hold it in writing.
        DirectionNotInWriting = 5, "direction_not_in_writing";
        /// A first direction of more than 30 days, after the thirtieth; or one that ends before it was given.
        DirectionPastLimit = 6, "direction_past_limit";
        /// The seven days have not passed; the carrier sees irreparable harm and has consulted the agency.
        UrgentNeed = 7, "urgent_need";
        /// Nobody knows whether law enforcement was told, and other law, or the text of 2024, has
        /// customers told by now.
        OtherNoticeDue = 8, "other_notice_due";
        /// Text of 2024: the agencies were not told yet, who come first.
        AgenciesFirst = 9, "agencies_first";
        /// No text governs a breach determined on that day.
        NoText = 10, "no_text";
    }
}

impl BreachReport {
    /// Whether 64.2011, as it governs this incident, lets customers be told now.
    ///
    /// A day of notice that lies in the future is unknown. Of several grounds the one that lasts
    /// longest is named; a "no" goes before "held for a human".
    #[must_use]
    pub fn may_notify_customer(&self, now: Timestamp) -> MayNotify {
        let (Some(_), Some(today)) = (earliest_day(now), latest_day(now)) else {
            return MayNotify::No { until: None, why: Hold::NoDay, cited: LAW_ENFORCEMENT_FIRST };
        };
        let text = match self.governing {
            Some(Regime::Text2007) => self.stop_of_2007(now, today),
            Some(Regime::Text2024) => self.stop_of_2024(today),
            None => Some(MayNotify::HeldForHuman { why: Hold::NoText }),
        };
        let delays = self.incident.delays.iter().filter_map(|delay| self.stop_of(delay, now));
        // INVARIANT: the key puts "no" over "held", and among "no" the later day over the earlier.
        let lasts = |stop: &MayNotify| match stop {
            MayNotify::Yes => (0, None),
            MayNotify::HeldForHuman { .. } => (1, None),
            MayNotify::No { until: Some(day), .. } => (2, Some(*day)),
            MayNotify::No { until: None, .. } => (3, None),
        };
        delays.chain(text).max_by_key(lasts).unwrap_or(MayNotify::Yes)
    }

    fn stop_of_2007(&self, now: Timestamp, today: CivilDate) -> Option<MayNotify> {
        if !self.regime(Regime::Text2007).is_breach {
            return None;
        }
        if self.incident.agencies_notified.is_none_or(|day| day > today) {
            let is_due = self.other_notice_due().is_some_and(|due| due <= today);
            return Some(if is_due {
                MayNotify::HeldForHuman { why: Hold::OtherNoticeDue }
            } else {
                MayNotify::No { until: None, why: Hold::LawEnforcementFirst, cited: LAW_ENFORCEMENT_FIRST }
            });
        }
        if self.silent_through.is_some_and(|last| has_ended(last, now)) {
            return None;
        }
        if self.incident.urgent_after_consultation {
            return Some(MayNotify::HeldForHuman { why: Hold::UrgentNeed });
        }
        let until = self.silent_through.and_then(|last| last.plus_days(1));
        Some(MayNotify::No { until, why: Hold::FullBusinessDays, cited: CUSTOMER_HOLD })
    }

    fn stop_of_2024(&self, today: CivilDate) -> Option<MayNotify> {
        let is_told = self.incident.agencies_notified.is_some_and(|day| day <= today);
        let must_tell = self.regime(Regime::Text2024).duty(Task::NotifyAgencies).is_some();
        // The order of the two notices is read from memory, and customers have a last day.
        (must_tell && !is_told).then_some(MayNotify::HeldForHuman { why: Hold::AgenciesFirst })
    }

    /// The earliest day on which customers must be told by a law that the text of 2007 is not.
    fn other_notice_due(&self) -> Option<CivilDate> {
        let by_2024 = self.regime(Regime::Text2024).duty(Task::NotifyCustomers).map(|duty| duty.when);
        let by_2024 = match by_2024 {
            Some(When::By(day)) => Some(day),
            Some(When::AtOnce) => Some(self.incident.determined),
            Some(When::Through(_) | When::NoLastDay) | None => None,
        };
        by_2024.into_iter().chain(self.incident.other_notice_due).min()
    }

    /// What one direction of an agency stops now. Also where the incident is no breach: an agency asked.
    fn stop_of(&self, delay: &AgencyDelay, now: Timestamp) -> Option<MayNotify> {
        let is_lifted = |lifted: CivilDate| {
            delay.given < lifted && earliest_day(now).is_some_and(|today| lifted <= today)
        };
        if self.incident.delays_lifted.is_some_and(is_lifted) {
            return None;
        }
        let held = |why| Some(MayNotify::HeldForHuman { why });
        if delay.through < delay.given {
            return held(Hold::DirectionPastLimit);
        }
        if has_ended(delay.through, now) {
            return None;
        }
        if !delay.in_writing {
            return held(Hold::DirectionNotInWriting);
        }
        let limit = delay.given.plus_days(AGENCY_DELAY_INITIAL_DAYS).filter(|_| !delay.extends);
        let last = limit.map_or(delay.through, |limit| limit.min(delay.through));
        if has_ended(last, now) {
            return held(Hold::DirectionPastLimit);
        }
        let cited = match self.governing {
            Some(Regime::Text2024) => AGENCY_DELAY_2024,
            Some(Regime::Text2007) | None => AGENCY_DELAY_2007,
        };
        Some(MayNotify::No { until: last.plus_days(1), why: Hold::AgencyDirection, cited })
    }
}
