//! An incident under the two texts of 47 CFR 64.2011: whether it is a breach, who must be told by when,
//! and whether customers may be told now.
//!
//! Rules: a pure function of the host's facts, a calendar and the clock. Unknown intent is a breach, an
//! unknown count is a lower bound of 0, harm is likely until it was found unlikely.

mod facts;
mod gate;
mod report;

#[cfg(test)]
mod tests;

pub use facts::{
    AGENCY_DELAY_INITIAL_DAYS, AGENCY_NOTICE_BUSINESS_DAYS, ANNUAL_SUMMARY_DAY, AgencyDelay,
    CUSTOMER_NOTICE_DAYS, Customers, Exposure, Harm, Incident, Intent, LAW_ENFORCEMENT_NOTICE_BUSINESS_DAYS,
    Regime, Regimes, THRESHOLD_CUSTOMERS,
};
pub use gate::{CUSTOMER_HOLD_BUSINESS_DAYS, Hold, MayNotify};
pub use report::{BreachReport, Duty, Ground, NotBefore, RegimeReport, Task, When, Whom};
