//! Numbers and dates become yes-or-no facts here, each beside the constant and the citation that
//! decide.

use crate::policy::{AccountFact, AgentFact, Facts};
use crate::vocabulary::{AccountId, Channel, Requester, Timestamp};

use super::contact::Standing;
use super::host::AgentProfile;

/// Days for which an address must have been on the account to be an "address of record":
/// 47 CFR 64.2003(b). Counted in UTC civil days; day 30 counts.
pub const ADDRESS_OF_RECORD_MIN_DAYS: i64 = 30;

/// What the host knows of an account. `None` is unknown, and takes its least privileged value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountFacts {
    /// Since when the address to which something would be sent has been on the account.
    pub address_since: Option<Timestamp>,
    /// A business customer.
    pub business: Option<bool>,
    /// The business customer has a dedicated account representative (47 CFR 64.2010(g)).
    pub dedicated_representative: Option<bool>,
    /// The business customer's contract specifically addresses the protection of CPNI (64.2010(g)).
    pub cpni_contract: Option<bool>,
}

impl AccountFacts {
    pub(super) fn write(&self, facts: &mut Facts, now: Timestamp) {
        facts.set_account(AccountFact::AddressOfRecord, self.address_of_record(now));
        facts.set_account(AccountFact::Business, self.business);
        facts.set_account(AccountFact::DedicatedRepresentative, self.dedicated_representative);
        facts.set_account(AccountFact::CpniContract, self.cpni_contract);
    }

    /// Unknown age, or an address from the future, is unknown.
    fn address_of_record(&self, now: Timestamp) -> Option<bool> {
        let age = now.utc_date()?.days_since(self.address_since?.utc_date()?);
        (age >= 0).then_some(age >= ADDRESS_OF_RECORD_MIN_DAYS)
    }
}

/// What the directory and the contact source say, as facts.
pub(super) fn write_agent(
    facts: &mut Facts,
    profile: &AgentProfile,
    standing: &Standing,
    account: &AccountId,
    now: Timestamp,
) {
    let trained = profile.trained_until.map(|until| now <= until);
    facts.set_agent(AgentFact::TrainingCurrent, trained);
    facts.set_agent(AgentFact::InUnitedStates, profile.country.map(|country| country.as_bytes() == b"US"));
    let (contact, case) = match standing {
        Standing::Live(state) if state.channel == Channel::BackOffice => (Some(false), Some(true)),
        Standing::Live(_) => (Some(true), Some(false)),
        Standing::NotLive | Standing::Absent => (Some(false), Some(false)),
        Standing::Unknown => (None, None),
    };
    facts.set_agent(AgentFact::LiveContact, contact);
    facts.set_agent(AgentFact::OpenCase, case);
    let owned = match profile.role.requester() {
        Requester::Customer => Some(profile.own_account.as_ref() == Some(account)),
        Requester::Carrier | Requester::ThirdParty => None,
    };
    facts.set_account(AccountFact::OwnedByRequester, owned);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_record_from_day_30() {
        const DAY: u64 = 86_400;
        let now = Timestamp::from_secs(1_795_392_000 + DAY - 1); // 2026-11-23, last second
        let of_record = |since: Timestamp| {
            AccountFacts { address_since: Some(since), ..Default::default() }.address_of_record(now)
        };
        assert_eq!(of_record(Timestamp::from_secs(1_795_392_000 - 29 * DAY)), Some(false));
        assert_eq!(of_record(Timestamp::from_secs(1_795_392_000 - 29 * DAY - 1)), Some(true));
        assert_eq!(of_record(Timestamp::from_secs(1_795_392_000 + DAY)), None);
        assert_eq!(AccountFacts::default().address_of_record(now), None);
    }
}
