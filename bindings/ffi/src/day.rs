//! Days of the calendar.

use cpni_guard::vocabulary::CivilDate;

#[cfg(feature = "guard")]
use crate::error::CpniError;

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Day {
    /// The year.
    pub year: i16,
    /// The month, 1 to 12.
    pub month: i8,
    /// The day of the month, 1 to 31.
    pub day: i8,
}

#[cfg(feature = "guard")]
impl Day {
    pub(crate) fn date(self) -> Result<CivilDate, CpniError> {
        CivilDate::new(self.year, self.month, self.day).ok_or(CpniError::NOT_A_DAY)
    }
}

impl From<CivilDate> for Day {
    fn from(day: CivilDate) -> Self {
        Self { year: day.year(), month: day.month(), day: day.day() }
    }
}
