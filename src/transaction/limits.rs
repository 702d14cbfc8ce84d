//! How many transactions an account, an agent, a site, a device and a partner ask for.
//!
//! All are library defaults: no rule gives a number. The measure is the case of 2015 (DA 15-399, from a
//! secondary source): 290,803 unlock requests by three people in 168 days, 577 a day each.

use core::time::Duration;

use crate::interaction::accounts::AttemptLimits;

use super::kind::TransactionKind;
use super::risk::RiskFact;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Requests on one account, of one kind: 5 in a day.
pub const TRANSACTIONS_ACCOUNT: AttemptLimits = a_day(5);
/// Requests by one agent, a person at work, of one kind: 40 in a day.
pub const TRANSACTIONS_AGENT: AttemptLimits = a_day(40);
/// Requests from one site, of one kind: 400 in a day.
pub const TRANSACTIONS_SITE: AttemptLimits = a_day(400);
/// Requests from one device, on whatever accounts, of one kind: 5 in a day.
pub const TRANSACTIONS_DEVICE: AttemptLimits = a_day(5);
/// Requests by one employer or partner, of one kind: 4,000 in a day.
pub const TRANSACTIONS_PARTNER: AttemptLimits = a_day(4_000);
/// Unlocks of one account: 3 in a day.
pub const UNLOCKS_ACCOUNT: AttemptLimits = a_day(3);
/// Unlocks by one agent: 20 in a day.
pub const UNLOCKS_AGENT: AttemptLimits = a_day(20);
/// Unlocks from one site: 100 in a day.
pub const UNLOCKS_SITE: AttemptLimits = a_day(100);
/// Unlocks by one employer or partner: 200 in a day.
pub const UNLOCKS_PARTNER: AttemptLimits = a_day(200);

const fn a_day(max: u32) -> AttemptLimits {
    AttemptLimits { max, window: DAY, lock: DAY }
}

/// The limit that a fact about attempts speaks of; `None`: it is about something else.
pub(crate) const fn limits_of(kind: TransactionKind, fact: RiskFact) -> Option<&'static AttemptLimits> {
    use RiskFact as F;
    let is_unlock = matches!(kind, TransactionKind::HandsetUnlock);
    Some(match fact {
        F::AttemptsAccount if is_unlock => &UNLOCKS_ACCOUNT,
        F::AttemptsAgent if is_unlock => &UNLOCKS_AGENT,
        F::AttemptsSite if is_unlock => &UNLOCKS_SITE,
        F::AttemptsPartner if is_unlock => &UNLOCKS_PARTNER,
        F::AttemptsAccount => &TRANSACTIONS_ACCOUNT,
        F::AttemptsAgent => &TRANSACTIONS_AGENT,
        F::AttemptsSite => &TRANSACTIONS_SITE,
        F::AttemptsDevice => &TRANSACTIONS_DEVICE,
        F::AttemptsPartner => &TRANSACTIONS_PARTNER,
        F::SimChangedRecently
        | F::ContactChangedRecently
        | F::NewDevice
        | F::FailedAuthentication
        | F::YoungAccount
        | F::OutsideContact => return None,
    })
}
