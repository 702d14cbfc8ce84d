//! Whether a customer's way to opt out works, and what may be deleted. Pure: no guard, no key, no log.

use cpni_guard::oversight::{self as core, OptOutOutcome, RecordKind, may_delete as core_may_delete};
use cpni_guard::vocabulary::Timestamp;

use crate::breach::Citation;
use crate::calendar::BusinessCalendar;
use crate::day::Day;
use crate::error::{CpniError, call};

/// What happened to one way to opt out.
#[uniffi::remote(Enum)]
pub enum OptOutOutcome {
    /// The written notice to the FCC was filed. Covers what is failing, or failed, by then.
    NoticeFiled,
    /// A check, or a customer, opted out, and it took effect.
    Worked,
    /// It did not.
    Failed,
}

/// One outcome, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct OptOutCheck {
    /// When, in microseconds since 1970.
    pub at_micros: u64,
    /// What.
    pub outcome: OptOutOutcome,
}

/// Where one way to opt out stands (47 CFR 64.2009(f)).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum OptOutHealth {
    /// It works.
    Works,
    /// It failed once in the last thirty days, and works again.
    Anomaly {
        /// The day of the failure.
        on: Day,
    },
    /// The last check failed: the next one tells. The clock would count from that day.
    Suspected {
        /// The day of the failure.
        on: Day,
        /// The last day for the notice, if it is more than an anomaly; nothing: at once.
        by: Option<Day>,
    },
    /// More than an anomaly, or not checked, and no notice since.
    NoticeDue {
        /// The day from which the clock counts; nothing: the clock shows no day.
        counts_from: Option<Day>,
        /// The last day for the notice; nothing: at once.
        by: Option<Day>,
        /// Where that comes from.
        cited: Citation,
    },
    /// The notice was filed; it has not worked since.
    NoticeFiled,
}

/// A kind of record that a rule has kept.
#[uniffi::remote(Enum)]
pub enum RecordKind {
    /// A customer's approval or disapproval.
    Approval,
    /// A notice of the right to restrict the use of CPNI.
    Notice,
    /// A campaign that used CPNI.
    Campaign,
    /// CPNI that third parties were given or could reach.
    ThirdPartyDisclosure,
    /// Supervisory review of outbound marketing.
    SupervisoryReview,
    /// A breach.
    Breach,
    /// A request for a SIM change and what became of it.
    SimChange,
}

/// How long a kind of record is kept.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Retention {
    /// Years for which it is kept at least.
    pub years: i16,
    /// Where that comes from.
    pub cited: Citation,
}

/// Where one way to opt out stands now, by its outcomes in any order, watched since the host began. A check
/// that is missing counts as a failure.
///
/// # Errors
/// Never.
#[uniffi::export]
pub fn opt_out_health(
    checks: Vec<OptOutCheck>,
    watched_since_micros: u64,
    now_micros: u64,
    calendar: &BusinessCalendar,
) -> Result<OptOutHealth, CpniError> {
    call(|| {
        let checks: Vec<_> = checks
            .into_iter()
            .map(|check| core::OptOutCheck {
                at: Timestamp::from_micros(check.at_micros),
                outcome: check.outcome,
            })
            .collect();
        let (since, now) = (Timestamp::from_micros(watched_since_micros), Timestamp::from_micros(now_micros));
        Ok(core::OptOutHealth::of(&checks, since, now, calendar.core()).into())
    })
}

/// How long this kind of record is kept at least, and by which rule.
///
/// # Errors
/// Never.
#[uniffi::export]
pub fn retention_of(kind: RecordKind) -> Result<Retention, CpniError> {
    call(|| Ok(Retention { years: kind.years(), cited: kind.cited().into() }))
}

/// Whether a record may be deleted now, as far as these rules go. `last_day`: the last day that it is about;
/// of an approval, the day on which it ended. Nothing (unknown, or it still stands) is never deleted.
///
/// # Errors
/// 9307.
#[uniffi::export]
pub fn may_delete(kind: RecordKind, last_day: Option<Day>, now_micros: u64) -> Result<bool, CpniError> {
    call(|| {
        let last_day = last_day.map(Day::date).transpose()?;
        Ok(core_may_delete(kind, last_day, Timestamp::from_micros(now_micros)))
    })
}

impl From<core::OptOutHealth> for OptOutHealth {
    fn from(health: core::OptOutHealth) -> Self {
        match health {
            core::OptOutHealth::Works => Self::Works,
            core::OptOutHealth::Anomaly { on } => Self::Anomaly { on: on.into() },
            core::OptOutHealth::Suspected { on, by } => {
                Self::Suspected { on: on.into(), by: by.map(Day::from) }
            }
            core::OptOutHealth::NoticeDue { counts_from, by, cited } => Self::NoticeDue {
                counts_from: counts_from.map(Day::from),
                by: by.map(Day::from),
                cited: cited.into(),
            },
            core::OptOutHealth::NoticeFiled => Self::NoticeFiled,
        }
    }
}
