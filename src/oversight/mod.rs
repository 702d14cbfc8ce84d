//! Notice what should not happen, and say what follows: who looks at too much, too often, in order, or
//! with nobody there; whose data an incident touched, whom it must be told to and when; whether the
//! ways to opt out work; what may be deleted; what the log holds of a period, and its
//! events for a SIEM.
//!
//! Rules: what is counted is counted before it is looked at; each number is named with its citation,
//! as an interpretation, or as a library default; what is read from memory is never quoted. What is
//! unknown or contradictory takes the side that closes. Nothing here says that a carrier meets its
//! duties.
//!
//! Security note: a threshold that an agent knows is a quota: no answer to an agent names one. A store
//! sees keyed pseudonyms only, and an incident has classes, counts and days, no value, and names
//! only in a scope that [`crate::Guard::breach_scope`] gave.
//!
//! ```
//! use cpni_guard::oversight::{
//!     BreachReport, Customers, Exposure, Incident, Intent, MayNotify, Regimes, UsFederalDays,
//! };
//! use cpni_guard::vocabulary::{CivilDate, DataClass, Timestamp};
//! # fn main() -> Option<()> {
//! // An agent read call logs. Determined on Monday 2 November 2026, reported to the facility on Wednesday.
//! let incident = Incident::determined(CivilDate::new(2026, 11, 2)?)
//!     .affected(DataClass::CallDetail, Exposure::Readable)
//!     .intent(Intent::Intentional)
//!     .customers(Customers::Exactly(136))
//!     .agencies_notified(CivilDate::new(2026, 11, 4)?);
//! let report = BreachReport::of(incident, Regimes::as_published(), &UsFederalDays::default());
//!
//! // Seven full business days, with Veterans Day among them: customers not before 17 November.
//! let until = CivilDate::new(2026, 11, 17);
//! let on_the_10th = Timestamp::from_secs(1_794_268_800);
//! assert!(matches!(report.may_notify_customer(on_the_10th), MayNotify::No { until: day, .. } if day == until));
//! println!("{report}");
//! # Some(()) }
//! # main().unwrap();
//! ```

mod breach;
mod calendar;
mod cited;
pub mod export;
mod opt_out;
pub mod report;
mod retention;
pub mod scope;
pub mod watch;

pub use breach::{
    AGENCY_DELAY_INITIAL_DAYS, AGENCY_NOTICE_BUSINESS_DAYS, ANNUAL_SUMMARY_DAY, AgencyDelay, BreachReport,
    CUSTOMER_HOLD_BUSINESS_DAYS, CUSTOMER_NOTICE_DAYS, Customers, Duty, Exposure, Ground, Harm, Hold,
    Incident, Intent, LAW_ENFORCEMENT_NOTICE_BUSINESS_DAYS, MayNotify, NotBefore, Regime, RegimeReport,
    Regimes, THRESHOLD_CUSTOMERS, Task, When, Whom,
};
pub use calendar::{BusinessDays, DayKind, UsFederalDays, last_day_to_act, last_full_day};
pub use cited::Cited;
pub use opt_out::{
    CANARY_MAX_AGE, OPT_OUT_ANOMALY_DAYS, OPT_OUT_NOTICE_BUSINESS_DAYS, OptOutCheck, OptOutHealth,
    OptOutOutcome,
};
pub use retention::{
    APPROVAL_RECORD_YEARS, BREACH_RECORD_YEARS, RecordKind, SIM_CHANGE_RECORD_YEARS, may_delete,
};
