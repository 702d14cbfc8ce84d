//! Numbers and dates become yes-or-no facts here, each beside the constant and the citation that
//! decide.

use core::fmt;
use std::time::Duration;

use crate::policy::{AccountFact, AgentFact, Facts};
use crate::vocabulary::{AccountId, Channel, ContactPointId, Requester, Timestamp};

use super::contact::Standing;
use super::host::AgentProfile;

/// Days for which an address must have been on the account to be an "address of record":
/// 47 CFR 64.2003(b). Counted in UTC civil days; day 30 counts.
pub const ADDRESS_OF_RECORD_MIN_DAYS: i64 = 30;
/// How long after a SIM change the telephone number of record proves nothing. Interpretation:
/// NIST SP 800-63B says to consider a SIM change; no rule gives a time.
pub const SIM_CHANGE_RECENT: Duration = Duration::from_secs(7 * 86_400);
/// Days after which the list of covered hotlines is stale. 47 CFR 64.6408 (read in a secondary
/// source): refreshed monthly, within 15 days of each release; interpretation: 31 and 15.
pub const HOTLINE_LIST_MAX_DAYS: i64 = 31 + 15;
/// Customers that a group has at least, for what is collective about it to be aggregate information
/// (47 U.S.C. 222(h)(2)). Library default: the statute has no number.
pub const AGGREGATE_GROUP_MIN: u64 = 11;

/// What the host knows of an account. `None` is unknown, and takes its least privileged value.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct AccountFacts {
    /// The address to which something would be sent, and since when it has been on the account.
    pub address: Option<AddressOnFile>,
    /// Whether and when the SIM (or eSIM profile) last changed.
    pub sim_change: Option<SimChange>,
    /// A business customer.
    pub business: Option<bool>,
    /// The business customer has a dedicated account representative (47 CFR 64.2010(g)).
    pub dedicated_representative: Option<bool>,
    /// The business customer's contract specifically addresses the protection of CPNI (64.2010(g)).
    pub cpni_contract: Option<bool>,
    /// An affirmative written request of the customer is on file (47 U.S.C. 222(c)(2)).
    pub written_request: Option<bool>,
    /// The service is being initiated right now (64.2010(f)(1)).
    pub service_initiation: Option<bool>,
    /// A line-separation request concerns the account (47 U.S.C. 345). Unknown is held for a human.
    pub survivor: Option<bool>,
    /// The customer locked SIM changes.
    pub sim_lock: Option<bool>,
    /// The customer locked port-outs.
    pub port_lock: Option<bool>,
    /// A port of it would be a simple port (52.36).
    pub simple_port: Option<bool>,
}

/// An address on the account, postal or electronic.
#[derive(Clone, PartialEq, Eq)]
pub struct AddressOnFile {
    /// The host's id of it, for the delivery. Not the address.
    pub id: ContactPointId,
    /// Since when it has been on the account.
    pub since: Timestamp,
}

/// When the SIM last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimChange {
    /// Never since the service began.
    Never,
    /// Then.
    At(Timestamp),
}

impl AccountFacts {
    pub(super) fn write(&self, facts: &mut Facts, now: Timestamp) {
        facts.set_account(AccountFact::AddressOfRecord, self.address_of_record(now));
        facts.set_account(AccountFact::SimChangedRecently, self.sim_changed_recently(now));
        facts.set_account(AccountFact::Survivor, Some(self.survivor == Some(true)));
        facts.set_account(AccountFact::SurvivorUnreadable, Some(self.survivor.is_none()));
        for (fact, value) in [
            (AccountFact::Business, self.business),
            (AccountFact::DedicatedRepresentative, self.dedicated_representative),
            (AccountFact::CpniContract, self.cpni_contract),
            (AccountFact::WrittenRequest, self.written_request),
            (AccountFact::ServiceInitiation, self.service_initiation),
            (AccountFact::SimLock, self.sim_lock),
            (AccountFact::PortLock, self.port_lock),
            (AccountFact::SimplePort, self.simple_port),
        ] {
            facts.set_account(fact, value);
        }
    }

    /// The address of record, if the address on file is one.
    pub(super) fn destination(&self, now: Timestamp) -> Option<&ContactPointId> {
        self.address.as_ref().map(|address| &address.id).filter(|_| self.address_of_record(now) == Some(true))
    }

    /// Unknown age, or an address from the future, is unknown.
    fn address_of_record(&self, now: Timestamp) -> Option<bool> {
        let age = now.utc_date()?.days_since(self.address.as_ref()?.since.utc_date()?);
        (age >= 0).then_some(age >= ADDRESS_OF_RECORD_MIN_DAYS)
    }

    /// A change in the future is unknown.
    pub(crate) fn sim_changed_recently(&self, now: Timestamp) -> Option<bool> {
        match self.sim_change? {
            SimChange::Never => Some(false),
            SimChange::At(at) => now.since(at).map(|age| age < SIM_CHANGE_RECENT),
        }
    }

    /// The bytes that a store keeps: format 1, two bits a yes-or-no fact, then what has a length.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        out.extend(self.yes_or_no().map(|fact| match fact {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        }));
        match self.sim_change {
            None => out.push(0),
            Some(SimChange::Never) => out.push(1),
            Some(SimChange::At(at)) => {
                out.push(2);
                out.extend(at.as_micros().to_be_bytes());
            }
        }
        if let Some(address) = &self.address {
            out.extend(address.since.as_micros().to_be_bytes());
            out.extend(address.id.as_str().as_bytes());
        }
        out
    }

    /// `None` if the bytes are not in the format: every fact is then unknown.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&FORMAT, rest) = bytes.split_first()? else { return None };
        let (flags, rest) = rest.split_first_chunk::<YES_OR_NO>()?;
        let mut facts = Self::default();
        for (fact, flag) in facts.yes_or_no_mut().into_iter().zip(flags) {
            *fact = match flag {
                0 => None,
                1 => Some(false),
                2 => Some(true),
                _ => return None,
            };
        }
        let (sim, rest) = rest.split_first()?;
        let rest = match sim {
            0 => rest,
            1 => {
                facts.sim_change = Some(SimChange::Never);
                rest
            }
            2 => {
                let (at, rest) = rest.split_first_chunk::<8>()?;
                facts.sim_change = Some(SimChange::At(Timestamp::from_micros(u64::from_be_bytes(*at))));
                rest
            }
            _ => return None,
        };
        if !rest.is_empty() {
            let (since, id) = rest.split_first_chunk::<8>()?;
            let id = ContactPointId::new(core::str::from_utf8(id).ok()?).ok()?;
            facts.address =
                Some(AddressOnFile { id, since: Timestamp::from_micros(u64::from_be_bytes(*since)) });
        }
        Some(facts)
    }

    const fn yes_or_no(&self) -> [Option<bool>; YES_OR_NO] {
        [
            self.business,
            self.dedicated_representative,
            self.cpni_contract,
            self.written_request,
            self.service_initiation,
            self.survivor,
            self.sim_lock,
            self.port_lock,
            self.simple_port,
        ]
    }

    const fn yes_or_no_mut(&mut self) -> [&mut Option<bool>; YES_OR_NO] {
        [
            &mut self.business,
            &mut self.dedicated_representative,
            &mut self.cpni_contract,
            &mut self.written_request,
            &mut self.service_initiation,
            &mut self.survivor,
            &mut self.sim_lock,
            &mut self.port_lock,
            &mut self.simple_port,
        ]
    }
}

const FORMAT: u8 = 1;
const YES_OR_NO: usize = 9;

/// Silent: what is known of an account is the customer's.
impl fmt::Debug for AccountFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountFacts(..)")
    }
}

impl fmt::Debug for AddressOnFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressOnFile(..)")
    }
}

/// Whether the list of covered hotlines is fresh; a release in the future is unknown.
pub(super) fn hotline_list_is_fresh(released: Timestamp, now: Timestamp) -> Option<bool> {
    let age = now.utc_date()?.days_since(released.utc_date()?);
    (age >= 0).then_some(age <= HOTLINE_LIST_MAX_DAYS)
}

/// What the directory and the contact source say, as facts. `account`: the one that it is about, if it is
/// about one.
pub(super) fn write_agent(
    facts: &mut Facts,
    profile: &AgentProfile,
    standing: &Standing,
    account: Option<&AccountId>,
    now: Timestamp,
) {
    let trained = profile.trained_until.map(|until| now <= until);
    facts.set_agent(AgentFact::TrainingCurrent, trained);
    facts.set_agent(AgentFact::InUnitedStates, profile.country.map(|country| country.as_bytes() == b"US"));
    let (contact, case, reviewed, group) = match standing {
        Standing::Live(state) => {
            let with_somebody = !matches!(state.channel, Channel::Batch | Channel::PortInterface);
            let reviewed = state.case.is_some() && state.legal_review.is_some();
            let group = state.group_size.map(|size| size >= AGGREGATE_GROUP_MIN);
            (Some(with_somebody), Some(state.case.is_some()), Some(reviewed), group)
        }
        Standing::NotLive | Standing::Absent => (Some(false), Some(false), Some(false), Some(false)),
        Standing::Unknown => (None, None, None, None),
    };
    facts.set_agent(AgentFact::LiveContact, contact);
    facts.set_agent(AgentFact::OpenCase, case);
    facts.set_agent(AgentFact::LegalReview, reviewed);
    facts.set_agent(AgentFact::GroupLargeEnough, group);
    let owned = match profile.role.requester() {
        Requester::Customer => Some(account.is_some() && profile.own_account.as_ref() == account),
        Requester::Carrier | Requester::ThirdParty => None,
    };
    facts.set_account(AccountFact::OwnedByRequester, owned);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: u64 = 86_400;
    /// 2026-11-23, the last second.
    const NOW: Timestamp = Timestamp::from_secs(1_795_392_000 + DAY - 1);

    fn address(since: Timestamp) -> AccountFacts {
        let address = Some(AddressOnFile { id: ContactPointId::new("p-1").unwrap(), since });
        AccountFacts { address, ..AccountFacts::default() }
    }

    #[test]
    fn an_address_is_of_record_from_day_30() {
        let of_record = |since| address(since).address_of_record(NOW);
        assert_eq!(of_record(Timestamp::from_secs(1_795_392_000 - 29 * DAY)), Some(false));
        assert_eq!(of_record(Timestamp::from_secs(1_795_392_000 - 29 * DAY - 1)), Some(true));
        assert_eq!(of_record(Timestamp::from_secs(1_795_392_000 + DAY)), None);
        assert_eq!(AccountFacts::default().address_of_record(NOW), None);
        assert!(address(NOW).destination(NOW).is_none());
        assert!(address(Timestamp::from_secs(0)).destination(NOW).is_some());
    }

    #[test]
    fn a_sim_change_is_recent_for_seven_days() {
        let recent =
            |sim_change| AccountFacts { sim_change, ..AccountFacts::default() }.sim_changed_recently(NOW);
        let ago = |secs| Some(SimChange::At(Timestamp::from_secs(NOW.as_secs() - secs)));
        assert_eq!(recent(ago(7 * DAY - 1)), Some(true));
        assert_eq!(recent(ago(7 * DAY)), Some(false));
        assert_eq!(recent(Some(SimChange::Never)), Some(false));
        assert_eq!(recent(Some(SimChange::At(NOW.plus(Duration::from_secs(1))))), None);
        assert_eq!(recent(None), None);
    }

    #[test]
    fn a_hotline_list_is_fresh_for_a_month_and_fifteen_days() {
        let fresh = |days: u64| hotline_list_is_fresh(Timestamp::from_secs(NOW.as_secs() - days * DAY), NOW);
        assert_eq!((fresh(46), fresh(47)), (Some(true), Some(false)));
        assert_eq!(hotline_list_is_fresh(NOW.plus(Duration::from_secs(DAY)), NOW), None);
    }

    #[test]
    fn a_survivor_flag_that_cannot_be_read_is_a_value_of_its_own() {
        let facts = |survivor| {
            let mut facts = Facts::new(
                Channel::Online,
                crate::vocabulary::Role::Customer,
                crate::vocabulary::Purpose::Support,
            );
            AccountFacts { survivor, ..AccountFacts::default() }.write(&mut facts, NOW);
            (facts.has_account(AccountFact::Survivor), facts.has_account(AccountFact::SurvivorUnreadable))
        };
        assert_eq!(
            [facts(None), facts(Some(false)), facts(Some(true))],
            [(false, true), (false, false), (true, false)]
        );
    }

    proptest! {
        #[test]
        fn facts_come_back_as_they_were_kept(
            flags in prop::array::uniform9(prop::option::of(any::<bool>())),
            sim in prop::option::of(prop::option::of(any::<u64>())),
            address in prop::option::of((any::<u64>(), "[!-~]{1,128}")),
        ) {
            let mut facts = AccountFacts {
                sim_change: sim.map(|at| at.map_or(SimChange::Never, |at| SimChange::At(Timestamp::from_micros(at)))),
                address: address.map(|(since, id)| AddressOnFile {
                    id: ContactPointId::new(id).unwrap(),
                    since: Timestamp::from_micros(since),
                }),
                ..AccountFacts::default()
            };
            for (fact, flag) in facts.yes_or_no_mut().into_iter().zip(flags) {
                *fact = flag;
            }
            let bytes = facts.encode();
            prop_assert_eq!(AccountFacts::decode(&bytes), Some(facts));
            let mut other_format = bytes.clone();
            other_format[0] = 2;
            prop_assert_eq!(AccountFacts::decode(&other_format), None);
        }

        #[test]
        fn any_bytes_are_facts_or_not(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(facts) = AccountFacts::decode(&bytes) {
                prop_assert_eq!(facts.encode(), bytes);
            }
        }
    }
}
