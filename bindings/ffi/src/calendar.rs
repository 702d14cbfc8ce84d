//! Business days, by which the duties of a breach and of a broken opt-out are counted.
//!
//! Rules: without anything else it is the federal government's calendar; a host's own calendar that fails
//! makes the day one in doubt, which a deadline counts and a silence does not.

use std::fmt;
use std::sync::Arc;

use cpni_guard::oversight::{BusinessDays, DayKind, UsFederalDays, last_day_to_act, last_full_day};

use crate::adapt::Of;
use crate::day::Day;
use crate::error::{CpniError, call};
use crate::hosts;

/// Whether a day is a business day.
#[uniffi::remote(Enum)]
pub enum DayKind {
    /// A business day.
    Business,
    /// None: a weekend or a holiday.
    Closed,
    /// In doubt. A deadline counts it, a silence does not.
    Unclear,
}

/// The calendar of business days.
#[derive(uniffi::Object)]
pub struct BusinessCalendar(Box<dyn BusinessDays + Send + Sync>);

#[uniffi::export]
impl BusinessCalendar {
    /// Weekends and the legal public holidays of 5 USC 6103, by rule, and days on which the FCC was closed
    /// without a holiday, which are in doubt. It foretells no closure by weather or executive order.
    ///
    /// # Errors
    /// 9307.
    #[uniffi::constructor(default(closures = []))]
    pub fn us_federal(closures: Vec<Day>) -> Result<Arc<Self>, CpniError> {
        call(|| {
            let closures = closures.into_iter().map(Day::date).collect::<Result<Vec<_>, _>>()?;
            Ok(Arc::new(Self(Box::new(UsFederalDays::with_closures(closures)))))
        })
    }

    /// The host's own.
    ///
    /// # Errors
    /// Never.
    #[uniffi::constructor]
    pub fn of_host(days: Arc<dyn hosts::BusinessDays>) -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Arc::new(Self(Box::new(Of(days))))))
    }

    /// What this day is.
    ///
    /// # Errors
    /// 9307.
    pub fn kind(&self, day: Day) -> Result<DayKind, CpniError> {
        call(|| Ok(self.0.kind(day.date()?)))
    }

    /// The last day to act: the business day that is number `days` after `from`, which itself does not count.
    /// Days in doubt count. Nothing: the calendar cannot tell, so act at once.
    ///
    /// # Errors
    /// 9307.
    pub fn last_day_to_act(&self, from: Day, days: u8) -> Result<Option<Day>, CpniError> {
        call(|| Ok(last_day_to_act(self.core(), from.date()?, days).map(Day::from)))
    }

    /// The last of so many full business days after `from`. Days in doubt do not count. Nothing: the
    /// calendar cannot tell, so the silence has no known end.
    ///
    /// # Errors
    /// 9307.
    pub fn last_full_day(&self, from: Day, days: u8) -> Result<Option<Day>, CpniError> {
        call(|| Ok(last_full_day(self.core(), from.date()?, days).map(Day::from)))
    }
}

impl BusinessCalendar {
    pub(crate) fn core(&self) -> &dyn BusinessDays {
        &*self.0
    }
}

/// Silent.
impl fmt::Debug for BusinessCalendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BusinessCalendar(..)")
    }
}
