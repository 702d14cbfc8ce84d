//! Points in time and the clock that the host injects.

use core::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// From seconds since the Unix epoch, saturating.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000
    }

    /// This point in time plus `duration`, saturating.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }

    /// The time that passed since `earlier`; `None` if `earlier` is later: the clock went back.
    #[must_use]
    pub fn since(self, earlier: Self) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration::from_micros)
    }

    /// The UTC civil day that this point in time lies in; `None` past the year 9999.
    #[must_use]
    pub fn utc_date(self) -> Option<CivilDate> {
        let seconds = i64::try_from(self.as_secs()).ok()?;
        let instant = jiff::Timestamp::from_second(seconds).ok()?;
        Some(CivilDate(jiff::tz::Offset::UTC.to_datetime(instant).date()))
    }
}

/// A day of the calendar, without a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate(jiff::civil::Date);

impl CivilDate {
    /// A day of the proleptic Gregorian calendar; `None` if there is no such day.
    #[must_use]
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        jiff::civil::Date::new(year, month, day).ok().map(Self)
    }

    /// The day so many days later; `None` past the end of the calendar.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Option<Self> {
        self.0.checked_add(jiff::Span::new().try_days(days).ok()?).ok().map(Self)
    }

    /// The anniversary so many years later, that of 29 February being 28 February where there is no
    /// other; `None` past the end of the calendar.
    #[must_use]
    pub fn plus_years(self, years: i16) -> Option<Self> {
        self.0.checked_add(jiff::Span::new().try_years(years).ok()?).ok().map(Self)
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> i8 {
        self.0.day()
    }

    /// The day of the week as ISO 8601 counts it: Monday is 1, Sunday 7.
    #[must_use]
    pub fn iso_weekday(self) -> i8 {
        self.0.weekday().to_monday_one_offset()
    }

    /// The beginning of the day in UTC; `None` before 1970.
    #[must_use]
    pub fn starts_at(self) -> Option<Timestamp> {
        let epoch = jiff::civil::Date::constant(1970, 1, 1);
        let days = u64::try_from(self.days_since(Self(epoch))).ok()?;
        Some(Timestamp::from_secs(days.saturating_mul(86_400)))
    }

    /// Whole days from `earlier` to this day; negative if `earlier` is later.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i64 {
        i64::from(self.0.since(earlier.0).map_or(0, |span| span.get_days()))
    }
}

/// `2026-11-23`.
impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// As a text: `2026-11-23`.
impl serde::Serialize for CivilDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `2026-11-23T08:33:31Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match i64::try_from(self.as_secs()).ok().and_then(|s| jiff::Timestamp::from_second(s).ok()) {
            Some(instant) => instant.fmt(f),
            None => write!(f, "{}us", self.0),
        }
    }
}

/// Tells the time. Hosts may inject one; everything that expires asks it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    /// A clock before 1970 gives 0: everything that needs a fresh fact is then refused.
    fn now(&self) -> Timestamp {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(Timestamp(0), |d| Timestamp(0).plus(d))
    }
}

/// A clock that stands still until it is moved: for tests and for scripted samples.
#[derive(Debug, Default)]
pub struct ManualClock(std::sync::atomic::AtomicU64);

impl ManualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(start.0.into())
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }

    /// Sets the clock, back as well as forward.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.0, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_days_change_at_midnight_utc() {
        let midnight = Timestamp::from_secs(1_795_392_000); // 2026-11-23
        assert_eq!(midnight.utc_date().unwrap().to_string(), "2026-11-23");
        assert_eq!(
            Timestamp::from_micros(midnight.as_micros() - 1).utc_date().unwrap().to_string(),
            "2026-11-22"
        );
        assert_eq!(midnight.to_string(), "2026-11-23T00:00:00Z");
        assert_eq!(Timestamp::from_micros(u64::MAX).utc_date(), None);
        assert_eq!(midnight.utc_date().unwrap().starts_at(), Some(midnight));
        assert_eq!(CivilDate::new(1970, 1, 1).unwrap().starts_at(), Some(Timestamp::from_secs(0)));
        assert_eq!(CivilDate::new(1969, 12, 31).unwrap().starts_at(), None);
    }

    #[test]
    fn days_are_counted_over_months_and_years() {
        let day = |y, m, d| CivilDate::new(y, m, d).unwrap();
        assert_eq!(day(2026, 3, 1).days_since(day(2026, 1, 30)), 30);
        assert_eq!(day(2028, 3, 1).days_since(day(2027, 3, 1)), 366);
        assert_eq!(day(2026, 1, 1).days_since(day(2026, 1, 2)), -1);
        assert_eq!(CivilDate::new(2026, 2, 29), None);
        assert_eq!(day(2026, 12, 31).plus_days(1), Some(day(2027, 1, 1)));
        assert_eq!(day(2024, 2, 29).plus_years(2), Some(day(2026, 2, 28)));
        assert_eq!(day(9999, 12, 31).plus_days(1), None);
        assert_eq!(day(9999, 12, 31).plus_days(i64::MAX), None);
    }

    #[test]
    fn a_day_says_where_it_stands_in_week_month_and_year() {
        let day = CivilDate::new(2026, 11, 23).unwrap();
        assert_eq!((day.year(), day.month(), day.day(), day.iso_weekday()), (2026, 11, 23, 1));
        assert_eq!(CivilDate::new(2026, 11, 22).unwrap().iso_weekday(), 7);
    }

    #[test]
    fn a_clock_that_went_back_is_noticed() {
        assert_eq!(Timestamp(5).since(Timestamp(6)), None);
        assert_eq!(Timestamp(6).since(Timestamp(5)), Some(Duration::from_micros(1)));
    }
}
