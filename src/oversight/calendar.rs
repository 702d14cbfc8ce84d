//! Business days: the calendar that the host injects, and a default for the federal government.
//!
//! What a "business day" of 47 CFR 64.2011 is, the rule does not say. Interpretation: not a weekend
//! and not a federal holiday, as 47 CFR 1.4 counts (read from memory). A day in doubt works against
//! whoever waits for it: a deadline counts it, a silence does not.
//!
//! Days are civil days of the carrier. The clock is UTC, so a day has ended when it has ended
//! everywhere on earth, and begins when it begins anywhere.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::vocabulary::{CivilDate, Timestamp};

/// Hours by which the westernmost time zone is behind UTC: there a day ends last.
const WESTERNMOST: Duration = Duration::from_secs(12 * 3600);
/// Hours by which the easternmost time zone is ahead of UTC: there a day begins first.
const EASTERNMOST: Duration = Duration::from_secs(14 * 3600);
/// Days that are looked at for one business day after another, at the most. Library default: a
/// calendar without one in a year knows nothing.
const MAX_SCAN_DAYS: i64 = 366;

/// Whether a day is a business day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// A business day.
    Business,
    /// None: a weekend or a holiday.
    Closed,
    /// In doubt. A deadline counts it, a silence does not.
    Unclear,
}

/// The calendar of business days. The host's own knows closures of the FCC that no rule foretells.
pub trait BusinessDays {
    /// What this day is.
    fn kind(&self, day: CivilDate) -> DayKind;
}

/// The last day to act: the business day that is number `days` after `from`, which itself does not
/// count. Days in doubt count. `None` if the calendar cannot tell: act at once.
#[must_use]
pub fn last_day_to_act(calendar: &dyn BusinessDays, from: CivilDate, days: u8) -> Option<CivilDate> {
    nth_day(from, days, |day| calendar.kind(day) != DayKind::Closed)
}

/// The last of so many *full* business days after `from`: `from` had begun, so it is not full. Days in
/// doubt do not count. `None` if the calendar cannot tell: the silence has no known end.
#[must_use]
pub fn last_full_day(calendar: &dyn BusinessDays, from: CivilDate, days: u8) -> Option<CivilDate> {
    nth_day(from, days, |day| calendar.kind(day) == DayKind::Business)
}

fn nth_day(from: CivilDate, days: u8, counts: impl Fn(CivilDate) -> bool) -> Option<CivilDate> {
    (0..days).try_fold(from, |day, _| {
        (1..=MAX_SCAN_DAYS).map_while(|ahead| day.plus_days(ahead)).find(|next| counts(*next))
    })
}

/// Whether `day` has ended everywhere. No, where the clock shows no day.
pub(super) fn has_ended(day: CivilDate, now: Timestamp) -> bool {
    earliest_day(now).is_some_and(|today| today > day)
}

/// The day that it is where the day begins last: no carrier's day is earlier.
pub(super) fn earliest_day(now: Timestamp) -> Option<CivilDate> {
    let west = u64::try_from(WESTERNMOST.as_micros()).unwrap_or(u64::MAX);
    Timestamp::from_micros(now.as_micros().checked_sub(west)?).utc_date()
}

/// The day that it is where the day begins first: no carrier's day is later.
pub(super) fn latest_day(now: Timestamp) -> Option<CivilDate> {
    now.plus(EASTERNMOST).utc_date()
}

/// Weekends and the legal public holidays of 5 USC 6103(a) and (b), from 2007 on, by rule: a holiday
/// on a Saturday is kept on the Friday before (6103(b)), one on a Sunday on the Monday after (Executive
/// Order 11582, read from memory). Inauguration Day, kept around Washington only (6103(c)), is in
/// doubt; so is every day on which the host says that the FCC was closed.
///
/// It foretells no closure by weather or executive order: tell it those, or inject a calendar.
#[derive(Debug, Clone, Default)]
pub struct UsFederalDays {
    closures: BTreeSet<CivilDate>,
}

impl UsFederalDays {
    /// With days on which the FCC was closed without a holiday.
    #[must_use]
    pub fn with_closures(closures: impl IntoIterator<Item = CivilDate>) -> Self {
        Self { closures: closures.into_iter().collect() }
    }
}

impl BusinessDays for UsFederalDays {
    fn kind(&self, day: CivilDate) -> DayKind {
        if day.iso_weekday() >= SATURDAY || is_federal_holiday(day) {
            DayKind::Closed
        } else if is_inauguration_day(day) || self.closures.contains(&day) {
            DayKind::Unclear
        } else {
            DayKind::Business
        }
    }
}

const MONDAY: i8 = 1;
const THURSDAY: i8 = 4;
const FRIDAY: i8 = 5;
const SATURDAY: i8 = 6;
const SUNDAY: i8 = 7;
/// The first year of Juneteenth National Independence Day (Public Law 117-17).
const JUNETEENTH_FROM: i16 = 2021;

/// Whether offices keep a federal holiday on this day.
fn is_federal_holiday(day: CivilDate) -> bool {
    let is_kept_for = |ahead| day.plus_days(ahead).is_some_and(is_holiday_by_date);
    is_holiday_by_weekday(day)
        || is_holiday_by_date(day)
        || day.iso_weekday() == FRIDAY && is_kept_for(1)
        || day.iso_weekday() == MONDAY && is_kept_for(-1)
}

fn is_holiday_by_date(day: CivilDate) -> bool {
    let is_juneteenth = (day.month(), day.day()) == (6, 19) && day.year() >= JUNETEENTH_FROM;
    is_juneteenth || matches!((day.month(), day.day()), (1, 1) | (7, 4) | (11, 11) | (12, 25))
}

fn is_holiday_by_weekday(day: CivilDate) -> bool {
    matches!(
        (day.month(), day.iso_weekday(), day.day()),
        (1 | 2, MONDAY, 15..=21)     // Martin Luther King, Jr.; Washington: the third Monday
            | (5, MONDAY, 25..=31)   // Memorial Day: the last
            | (9, MONDAY, 1..=7)     // Labor Day: the first
            | (10, MONDAY, 8..=14)   // Columbus Day: the second
            | (11, THURSDAY, 22..=28) // Thanksgiving Day: the fourth Thursday
    )
}

/// 20 January after a presidential election; where that is a Sunday, the day after.
fn is_inauguration_day(day: CivilDate) -> bool {
    let is_its_year = day.year().rem_euclid(4) == 1;
    let is_the_day_after = day.day() == 21 && day.iso_weekday() == MONDAY;
    is_its_year && day.month() == 1 && (day.day() == 20 && day.iso_weekday() != SUNDAY || is_the_day_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i16, month: i8, day: i8) -> CivilDate {
        CivilDate::new(year, month, day).unwrap()
    }

    /// The days without business of a year that are no weekend.
    fn holidays(year: i16) -> Vec<String> {
        let first = day(year, 1, 1);
        (0..366)
            .map(|ahead| first.plus_days(ahead).unwrap())
            .filter(|day| day.year() == year && day.iso_weekday() < SATURDAY)
            .filter(|day| UsFederalDays::default().kind(*day) == DayKind::Closed)
            .map(|day| day.to_string().split_off(5))
            .collect()
    }

    /// The lists of the Office of Personnel Management.
    #[test]
    fn the_holidays_of_past_years_are_those_that_were_kept() {
        let of_2020 = "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25"; // 4 July a Saturday
        let of_2021 = "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31";
        let of_2022 = "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26";
        let of_2023 = "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25";
        let of_2026 = "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25";
        let of_2027 = "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31";
        for (year, expected) in [
            (2020, of_2020),
            (2021, of_2021),
            (2022, of_2022),
            (2023, of_2023),
            (2026, of_2026),
            (2027, of_2027),
        ] {
            assert_eq!(holidays(year).join(" "), expected, "{year}");
        }
    }

    #[test]
    fn juneteenth_is_no_holiday_before_2021() {
        assert_eq!(UsFederalDays::default().kind(day(2020, 6, 19)), DayKind::Business);
        assert_eq!(UsFederalDays::default().kind(day(2021, 6, 18)), DayKind::Closed);
    }

    #[test]
    fn inauguration_day_and_closures_are_in_doubt() {
        let calendar = UsFederalDays::with_closures([day(2026, 1, 26)]);
        assert_eq!(calendar.kind(day(2021, 1, 20)), DayKind::Unclear);
        assert_eq!(calendar.kind(day(2022, 1, 20)), DayKind::Business);
        assert_eq!(calendar.kind(day(2025, 1, 20)), DayKind::Closed, "the third Monday");
        assert_eq!(calendar.kind(day(2013, 1, 21)), DayKind::Closed, "the third Monday, after a Sunday");
        assert_eq!(calendar.kind(day(2009, 1, 21)), DayKind::Business);
        assert_eq!(calendar.kind(day(2026, 1, 26)), DayKind::Unclear);
    }

    #[test]
    fn a_day_in_doubt_counts_for_a_deadline_and_not_for_a_silence() {
        let calendar = UsFederalDays::default();
        let tuesday = day(2021, 1, 19);
        assert_eq!(last_day_to_act(&calendar, tuesday, 1), Some(day(2021, 1, 20)));
        assert_eq!(last_full_day(&calendar, tuesday, 1), Some(day(2021, 1, 21)));
    }

    #[test]
    fn counting_leaves_out_weekends_holidays_and_the_first_day() {
        let calendar = UsFederalDays::default();
        let cases = [
            (day(2026, 11, 2), 7, day(2026, 11, 12)), // Veterans Day among them
            (day(2026, 10, 2), 7, day(2026, 10, 14)), // from a Friday, Columbus Day among them
            (day(2026, 10, 3), 7, day(2026, 10, 14)), // from the Saturday: the same
            (day(2027, 12, 23), 7, day(2028, 1, 5)),  // 24 and 31 December are kept
            (day(2028, 2, 28), 1, day(2028, 2, 29)),  // a leap day is a day
            (day(2026, 11, 2), 0, day(2026, 11, 2)),
        ];
        for (from, days, expected) in cases {
            assert_eq!(last_day_to_act(&calendar, from, days), Some(expected), "{from} + {days}");
            assert_eq!(last_full_day(&calendar, from, days), Some(expected), "{from} + {days}");
        }
    }

    #[test]
    fn a_calendar_that_knows_no_business_day_tells_no_day() {
        struct Never;
        impl BusinessDays for Never {
            fn kind(&self, _: CivilDate) -> DayKind {
                DayKind::Unclear
            }
        }
        assert_eq!(last_full_day(&Never, day(2026, 11, 2), 7), None);
        assert_eq!(last_day_to_act(&Never, day(2026, 11, 2), 7), Some(day(2026, 11, 9)));
        assert_eq!(last_day_to_act(&UsFederalDays::default(), day(9999, 12, 30), 7), None);
    }

    #[test]
    fn a_day_has_ended_when_it_has_ended_everywhere() {
        let noon = Timestamp::from_secs(1_795_392_000 + 12 * 3600); // 2026-11-23
        assert!(has_ended(day(2026, 11, 22), noon));
        assert!(!has_ended(day(2026, 11, 22), Timestamp::from_micros(noon.as_micros() - 1)));
        assert_eq!(latest_day(Timestamp::from_secs(1_795_392_000 + 10 * 3600)), Some(day(2026, 11, 24)));
        let no_day = Timestamp::from_micros(u64::MAX);
        assert!(!has_ended(day(2026, 11, 22), no_day) && !has_ended(day(1969, 1, 1), Timestamp::default()));
    }
}
