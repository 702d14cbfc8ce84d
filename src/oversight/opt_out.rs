//! Whether a customer's way to opt out works: 47 CFR 64.2009(f) (read from memory).
//!
//! The FCC is told in writing within five business days where a way to opt out fails to a degree that
//! is more than an anomaly. The host tries each way regularly, as a customer would (a
//! canary), and this pure function of the outcomes says where it stands.
//!
//! Interpretation: an anomaly is one failed check in thirty days, with one that worked after it. The
//! second one, or a check that is missing, starts the clock, and the days count from the first failure.
//! That it works again does not stop the clock: only the notice does.

use core::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::policy::{Certainty, ReadFrom};
use crate::vocabulary::{CivilDate, Timestamp, codes};

use super::calendar::{BusinessDays, earliest_day, last_day_to_act};
use super::cited::Cited;

/// Business days in which the FCC is told in writing: 64.2009(f) (read from memory).
pub const OPT_OUT_NOTICE_BUSINESS_DAYS: u8 = 5;
const OPT_OUT_NOTICE: Cited = Cited::new("47 CFR 64.2009(f)", Certainty::Clear, ReadFrom::Memory);
/// Days in which a second failure makes more than an anomaly. Interpretation.
pub const OPT_OUT_ANOMALY_DAYS: u64 = 30;
const ANOMALY: Duration = Duration::from_secs(OPT_OUT_ANOMALY_DAYS * 24 * 3600);
/// Age after which a check is missing. Library default: tried daily, with an hour to spare.
pub const CANARY_MAX_AGE: Duration = Duration::from_secs(25 * 3600);

codes! {
    /// What happened to one way to opt out.
    OptOutOutcome {
        /// The written notice to the FCC was filed. Covers what is failing, or failed, by then.
        NoticeFiled = 1, "notice_filed";
        /// A check, or a customer, opted out, and it took effect.
        Worked = 2, "worked";
        /// It did not.
        Failed = 3, "failed";
    }
}

/// One outcome, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OptOutCheck {
    /// When.
    pub at: Timestamp,
    /// What.
    pub outcome: OptOutOutcome,
}

/// Where one way to opt out stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OptOutHealth {
    /// It works.
    Works,
    /// It failed once in the last thirty days, and works again.
    Anomaly {
        /// The day of the failure.
        on: CivilDate,
    },
    /// The last check failed: the next one tells. The clock would count from that day.
    Suspected {
        /// The day of the failure.
        on: CivilDate,
        /// The last day for the notice, if it is more than an anomaly; `None`: at once.
        by: Option<CivilDate>,
    },
    /// More than an anomaly, or not checked, and no notice since.
    NoticeDue {
        /// The day from which the clock counts; `None`: the clock shows no day.
        counts_from: Option<CivilDate>,
        /// The last day for the notice; `None`: at once.
        by: Option<CivilDate>,
        /// Where that comes from.
        cited: Cited,
    },
    /// The notice was filed; it has not worked since.
    NoticeFiled,
}

impl OptOutHealth {
    /// Where one way to opt out stands at `now`, by its outcomes in any order, watched since a day on
    /// which the host began.
    ///
    /// Of one instant, failure counts last. What lies in the future counts only where it failed. Days
    /// are those of the westernmost time zone: no deadline is later than the carrier's own.
    #[must_use]
    pub fn of(
        checks: &[OptOutCheck],
        watched_since: Timestamp,
        now: Timestamp,
        calendar: &dyn BusinessDays,
    ) -> Self {
        if earliest_day(now).is_none() || watched_since > now {
            return Self::due(None, calendar);
        }
        let mut run = Run { last_check: watched_since, ..Run::default() };
        let mut checks: Vec<_> = checks
            .iter()
            .filter(|check| check.at <= now || check.outcome == OptOutOutcome::Failed)
            .map(|check| OptOutCheck { at: check.at.min(now), ..*check })
            .collect();
        checks.sort_unstable();
        checks.into_iter().for_each(|check| run.take(check));
        run.find_gap(now);

        match run {
            Run { open: Some(since), .. } => Self::due(Some(since), calendar),
            Run { is_noticed: true, .. } => Self::NoticeFiled,
            Run { failure: None, .. } => Self::Works,
            Run { failure: Some(at), is_failing, .. } => match earliest_day(at) {
                None => Self::due(Some(at), calendar),
                Some(on) if is_failing => Self::Suspected { on, by: last_day(calendar, on) },
                Some(on) if is_within(at, now) => Self::Anomaly { on },
                Some(_) => Self::Works,
            },
        }
    }

    fn due(since: Option<Timestamp>, calendar: &dyn BusinessDays) -> Self {
        let counts_from = since.and_then(earliest_day);
        let by = counts_from.and_then(|from| last_day(calendar, from));
        Self::NoticeDue { counts_from, by, cited: OPT_OUT_NOTICE }
    }
}

fn last_day(calendar: &dyn BusinessDays, from: CivilDate) -> Option<CivilDate> {
    last_day_to_act(calendar, from, OPT_OUT_NOTICE_BUSINESS_DAYS)
}

fn is_within(failure: Timestamp, now: Timestamp) -> bool {
    now.since(failure).is_none_or(|age| age <= ANOMALY)
}

/// The outcomes up to a moment.
#[derive(Debug, Default)]
struct Run {
    last_check: Timestamp,
    /// The last failure that no notice covers.
    failure: Option<Timestamp>,
    /// The last check failed.
    is_failing: bool,
    /// When the clock started that no notice has stopped.
    open: Option<Timestamp>,
    /// A notice covers a failure that lasts.
    is_noticed: bool,
}

impl Run {
    fn take(&mut self, check: OptOutCheck) {
        self.find_gap(check.at);
        match check.outcome {
            OptOutOutcome::NoticeFiled => {
                if self.open.is_some() || self.is_failing {
                    *self = Self { last_check: self.last_check, is_noticed: true, ..Self::default() };
                }
                return;
            }
            OptOutOutcome::Worked => (self.is_failing, self.is_noticed) = (false, false),
            OptOutOutcome::Failed if self.is_noticed => {}
            OptOutOutcome::Failed => {
                if let Some(earlier) = self.failure.filter(|earlier| is_within(*earlier, check.at)) {
                    self.open.get_or_insert(earlier);
                }
                self.failure = Some(check.at);
                self.is_failing = true;
            }
        }
        self.last_check = self.last_check.max(check.at);
    }

    /// Starts the clock where a check is missing by `until`: from the failure that was never cleared,
    /// else from the moment at which the check was due.
    fn find_gap(&mut self, until: Timestamp) {
        let is_missing = until.since(self.last_check).is_some_and(|age| age > CANARY_MAX_AGE);
        if is_missing && !self.is_noticed {
            let from = self.failure.filter(|_| self.is_failing);
            self.open.get_or_insert(from.unwrap_or(self.last_check.plus(CANARY_MAX_AGE)));
        }
    }
}

impl fmt::Display for OptOutHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_once = |by: &Option<CivilDate>| by.map_or("at once".to_owned(), |day| format!("by {day}"));
        match self {
            Self::Works => f.write_str("works"),
            Self::Anomaly { on } => write!(f, "failed once on {on} and works again"),
            Self::Suspected { on, by } => {
                write!(
                    f,
                    "failed on {on}; if the next check fails or is missing, notice to the FCC {}",
                    at_once(by)
                )
            }
            Self::NoticeDue { counts_from, by, cited } => {
                let from = counts_from.map_or("unknown".to_owned(), |day| day.to_string());
                write!(f, "written notice to the FCC {} (counted from {from}); {cited}", at_once(by))
            }
            Self::NoticeFiled => f.write_str("notice filed; has not worked since"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OptOutOutcome::{Failed, NoticeFiled, Worked};
    use super::*;
    use crate::oversight::calendar::UsFederalDays;

    const HOUR: u64 = 3600;
    const DAY: u64 = 24 * HOUR;
    /// Monday 2 November 2026, 12:00 UTC: in the westernmost zone that day begins.
    const START: u64 = 1_793_620_800;

    fn day(month: i8, day: i8) -> Option<CivilDate> {
        CivilDate::new(2026, month, day)
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(START + seconds)
    }

    /// Daily checks that worked until `now`, but for those that `other` has, in seconds after the start.
    fn health(other: &[(u64, OptOutOutcome)], now: u64) -> OptOutHealth {
        let checks = (0..=now / DAY)
            .map(|n| (n * DAY, Worked))
            .filter(|(when, _)| !other.iter().any(|(at, outcome)| at == when && *outcome != NoticeFiled))
            .chain(other.iter().copied())
            .map(|(when, outcome)| OptOutCheck { at: at(when), outcome })
            .collect::<Vec<_>>();
        OptOutHealth::of(&checks, at(0), at(now), &UsFederalDays::default())
    }

    fn due_by(health: OptOutHealth) -> Option<CivilDate> {
        let OptOutHealth::NoticeDue { by, cited, .. } = health else { panic!("{health:?}") };
        assert_eq!(cited.source, ReadFrom::Memory);
        by
    }

    #[test]
    fn no_result_starts_the_clock() {
        let of = |now| OptOutHealth::of(&[], at(0), at(now), &UsFederalDays::default());
        assert_eq!(of(25 * HOUR), OptOutHealth::Works);
        // Missing since Tuesday; Veterans Day is no business day.
        assert_eq!(due_by(of(25 * HOUR + 1)), day(11, 10));
        let gap =
            [OptOutCheck { at: at(0), outcome: Worked }, OptOutCheck { at: at(40 * DAY), outcome: Worked }];
        let after = OptOutHealth::of(&gap, at(0), at(40 * DAY), &UsFederalDays::default());
        assert_eq!(due_by(after), day(11, 10), "that it works again stops nothing");
    }

    #[test]
    fn one_failure_is_suspected_and_then_an_anomaly() {
        let failed = [(DAY, Failed)];
        assert_eq!(
            health(&failed, DAY + HOUR),
            OptOutHealth::Suspected { on: day(11, 3).unwrap(), by: day(11, 10) }
        );
        assert_eq!(health(&failed, 2 * DAY), OptOutHealth::Anomaly { on: day(11, 3).unwrap() });
        assert_eq!(health(&failed, 31 * DAY), OptOutHealth::Anomaly { on: day(11, 3).unwrap() });
        assert_eq!(health(&failed, 31 * DAY + 1), OptOutHealth::Works);
    }

    #[test]
    fn a_second_failure_in_thirty_days_starts_the_clock_from_the_first() {
        assert_eq!(due_by(health(&[(DAY, Failed), (2 * DAY, Failed)], 2 * DAY)), day(11, 10));
        assert_eq!(due_by(health(&[(DAY, Failed), (31 * DAY, Failed)], 40 * DAY)), day(11, 10));
        let apart = [(DAY, Failed), (31 * DAY + 1, Failed), (31 * DAY + 2, Worked)];
        assert_eq!(health(&apart, 32 * DAY), OptOutHealth::Anomaly { on: day(12, 3).unwrap() });
    }

    #[test]
    fn a_failure_and_then_nothing_starts_the_clock_from_the_failure() {
        let checks = [OptOutCheck { at: at(0), outcome: Failed }];
        let of = |now| OptOutHealth::of(&checks, at(0), at(now), &UsFederalDays::default());
        assert!(matches!(of(25 * HOUR), OptOutHealth::Suspected { .. }));
        assert_eq!(due_by(of(25 * HOUR + 1)), day(11, 9));
    }

    #[test]
    fn a_notice_stops_the_clock_until_it_fails_anew() {
        let filed = [(DAY, Failed), (2 * DAY, Failed), (2 * DAY + 1, NoticeFiled)];
        assert_eq!(health(&filed, 2 * DAY + 2), OptOutHealth::NoticeFiled);
        assert_eq!(health(&filed, 3 * DAY), OptOutHealth::Works);
        let still = [filed.as_slice(), &[(3 * DAY, Failed), (4 * DAY, Failed)]].concat();
        assert_eq!(health(&still, 4 * DAY), OptOutHealth::NoticeFiled, "the same instance");
        let anew = [filed.as_slice(), &[(5 * DAY, Failed), (6 * DAY, Failed)]].concat();
        assert_eq!(due_by(health(&anew, 6 * DAY)), day(11, 16));
        let early = [(DAY + 1, NoticeFiled), (2 * DAY, Failed), (3 * DAY, Failed)];
        assert_eq!(due_by(health(&early, 3 * DAY)), day(11, 12), "a notice of nothing covers nothing");
        let same = [(DAY, Failed), (2 * DAY, Worked), (3 * DAY, NoticeFiled), (3 * DAY, Failed)];
        assert_eq!(due_by(health(&same, 3 * DAY)), day(11, 10), "of one instant, failure counts last");
    }

    #[test]
    fn order_does_not_matter_and_the_future_counts_against() {
        let sorted = [(0, Worked), (DAY, Failed), (2 * DAY, Failed)];
        let checks = |of: &[(u64, OptOutOutcome)]| {
            of.iter()
                .map(|(when, outcome)| OptOutCheck { at: at(*when), outcome: *outcome })
                .collect::<Vec<_>>()
        };
        let of =
            |checks: &[OptOutCheck], now| OptOutHealth::of(checks, at(0), at(now), &UsFederalDays::default());
        let mut reversed = checks(&sorted);
        reversed.reverse();
        assert_eq!(of(&reversed, 2 * DAY), of(&checks(&sorted), 2 * DAY));
        assert_eq!(due_by(of(&checks(&sorted), DAY)), day(11, 10), "a failure of tomorrow is one");
        assert!(matches!(
            of(&checks(&[(0, Failed), (2 * DAY, Worked)]), HOUR),
            OptOutHealth::Suspected { .. }
        ));
        assert!(matches!(
            of(&checks(&[(0, Failed), (2 * DAY, NoticeFiled)]), HOUR),
            OptOutHealth::Suspected { .. }
        ));
    }

    #[test]
    fn a_clock_without_a_day_is_due_at_once() {
        for now in [Timestamp::default(), Timestamp::from_micros(u64::MAX)] {
            let health = OptOutHealth::of(&[], Timestamp::default(), now, &UsFederalDays::default());
            assert_eq!(due_by(health), None);
        }
        let before = OptOutHealth::of(&[], at(1), at(0), &UsFederalDays::default());
        assert_eq!(due_by(before), None);
        assert!(before.to_string().starts_with("written notice to the FCC at once"));
    }
}
