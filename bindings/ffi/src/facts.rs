//! What the host's systems answer with. Objects, not records: a generated data class prints its
//! fields, and these hold account ids and what is known of a customer.

use std::fmt;
use std::sync::Arc;

use cpni_guard::interaction as core_hosts;
use cpni_guard::interaction::{AddressOnFile, Attested, CallBack};
use cpni_guard::vocabulary::{
    AccountId, AgentId, BasisId, Channel, ContactId, ContactPointId, CountryCode, EmployerId, Role, SiteId,
    Timestamp,
};

use crate::error::{CpniError, call};

macro_rules! facts_object {
    ($name:ident) => {
        impl $name {
            pub(crate) const fn core(&self) -> &core_hosts::$name {
                &self.0
            }
        }

        /// Silent.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

/// Who asks, as the host's directory says. What is not given is unknown, and counts as least.
#[derive(uniffi::Object)]
pub struct AgentProfile(core_hosts::AgentProfile);

facts_object!(AgentProfile);

#[uniffi::export]
impl AgentProfile {
    /// `country`: two letters of ISO 3166-1. `trained_until_micros`: the last moment at which the
    /// training of 47 CFR 64.2009(b) is current, in microseconds since 1970. `may_approve`: a
    /// supervisor. `own_account`: for a signed-in customer. `site`: where the agent sits; the watch counts
    /// by it.
    ///
    /// # Errors
    /// An id that is not allowed (1001 to 1003).
    #[expect(clippy::too_many_arguments, reason = "named arguments in Kotlin and Swift, most with a default")]
    #[uniffi::constructor(default(country = None, trained_until_micros = None, may_approve = false, own_account = None, site = None))]
    pub fn new(
        id: String,
        role: Role,
        employer: String,
        country: Option<String>,
        trained_until_micros: Option<u64>,
        may_approve: bool,
        own_account: Option<String>,
        site: Option<String>,
    ) -> Result<Arc<Self>, CpniError> {
        call(|| {
            Ok(Arc::new(Self(core_hosts::AgentProfile {
                id: AgentId::new(id)?,
                role,
                employer: EmployerId::new(employer)?,
                site: site.map(SiteId::new).transpose()?,
                country: country.map(|country| CountryCode::new(&country)).transpose()?,
                trained_until: trained_until_micros.map(Timestamp::from_micros),
                may_approve,
                own_account: own_account.map(AccountId::new).transpose()?,
            })))
        })
    }
}

/// A call, chat, visit or case, as the host's telephony or CRM says.
#[derive(uniffi::Object)]
pub struct ContactState(core_hosts::ContactState);

facts_object!(ContactState);

#[uniffi::export]
impl ContactState {
    /// `channel`: on the back office it is a ticket. `live`: going on (a ticket: open) right now.
    /// `agent`: whose it is. `account`: the account that it is about, where the host knows. `case_id`:
    /// the case that is worked on. `legal_review`: counsel's review of the legal demand. `group_size`:
    /// for aggregates. `called_back`: for a call that the carrier placed. `caller_id_matches`: proves
    /// nothing by itself. `attested`: what systems of the host's established of the customer in this
    /// contact, and never what the agent's tool says; `Interaction::attest` counts where it stands here.
    ///
    /// # Errors
    /// An id that is not allowed (1001 to 1003).
    #[expect(clippy::too_many_arguments, reason = "named arguments in Kotlin and Swift, most with a default")]
    #[uniffi::constructor(default(account = None, case_id = None, legal_review = None, group_size = None, called_back = None, caller_id_matches = false, attested = []))]
    pub fn new(
        channel: Channel,
        live: bool,
        agent: String,
        account: Option<String>,
        case_id: Option<String>,
        legal_review: Option<String>,
        group_size: Option<u64>,
        called_back: Option<CallBack>,
        caller_id_matches: bool,
        attested: Vec<Attested>,
    ) -> Result<Arc<Self>, CpniError> {
        call(|| {
            Ok(Arc::new(Self(core_hosts::ContactState {
                channel,
                live,
                agent: AgentId::new(agent)?,
                account: account.map(AccountId::new).transpose()?,
                case: case_id.map(ContactId::new).transpose()?,
                legal_review: legal_review.map(BasisId::new).transpose()?,
                group_size,
                called_back,
                caller_id_matches,
                attested,
            })))
        })
    }
}

/// Short lists of arguments: JNA on arm64 crashes where a struct by value is passed on the stack
/// (java-native-access/jna#1736), so Kotlin calls nothing whose arguments do not fit into eight registers.
#[uniffi::export]
impl AgentProfile {
    /// As `new`, of whom it is not known where they sit.
    ///
    /// # Errors
    /// An id that is not allowed (1001 to 1003).
    #[uniffi::constructor]
    pub fn of(
        id: String,
        role: Role,
        employer: String,
        country: Option<String>,
        trained_until_micros: Option<u64>,
        may_approve: bool,
        own_account: Option<String>,
    ) -> Result<Arc<Self>, CpniError> {
        Self::new(id, role, employer, country, trained_until_micros, may_approve, own_account, None)
    }

    /// The same agent, who sits at this site.
    ///
    /// # Errors
    /// An id that is not allowed (1001 to 1003).
    pub fn at_site(&self, site: String) -> Result<Arc<Self>, CpniError> {
        call(|| {
            let site = Some(SiteId::new(site)?);
            Ok(Arc::new(Self(core_hosts::AgentProfile { site, ..self.0.clone() })))
        })
    }
}

/// As of [`AgentProfile`].
#[uniffi::export]
impl ContactState {
    /// A contact as `new` says, of which nothing more is known.
    ///
    /// # Errors
    /// An id that is not allowed (1001 to 1003).
    #[uniffi::constructor]
    pub fn of(
        channel: Channel,
        live: bool,
        agent: String,
        account: Option<String>,
        case_id: Option<String>,
    ) -> Result<Arc<Self>, CpniError> {
        Self::new(channel, live, agent, account, case_id, None, None, None, false, Vec::new())
    }

    /// The same contact, with the rest of what `new` says.
    ///
    /// # Errors
    /// An id that is not allowed (1001 to 1003).
    pub fn and(
        &self,
        legal_review: Option<String>,
        group_size: Option<u64>,
        called_back: Option<CallBack>,
        caller_id_matches: bool,
        attested: Vec<Attested>,
    ) -> Result<Arc<Self>, CpniError> {
        call(|| {
            let legal_review = legal_review.map(BasisId::new).transpose()?;
            let known = self.0.clone();
            let more = core_hosts::ContactState {
                legal_review,
                group_size,
                called_back,
                caller_id_matches,
                attested,
                ..known
            };
            Ok(Arc::new(Self(more)))
        })
    }
}

/// A fact about an account that is so or is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum AccountFlag {
    /// A business customer.
    Business,
    /// With a dedicated representative.
    DedicatedRepresentative,
    /// Whose contract speaks of CPNI.
    CpniContract,
    /// With a written request of the customer's on file.
    WrittenRequest,
    /// Whose service is being initiated.
    ServiceInitiation,
    /// A survivor's, with a line separation.
    Survivor,
    /// With a lock on SIM changes.
    SimLock,
    /// With a lock on port-outs.
    PortLock,
    /// Which is a simple port.
    SimplePort,
}

/// As of [`ContactState`]: short lists of arguments.
#[uniffi::export]
impl AccountFacts {
    /// Facts as `new` says: those that hold, and those that do not. What is in neither list is unknown,
    /// and so is what is in both.
    ///
    /// # Errors
    /// An id that is not allowed (1001 to 1003).
    #[uniffi::constructor]
    pub fn of(
        address: Option<String>,
        address_since_micros: Option<u64>,
        sim_change: Option<SimChange>,
        holds: Vec<AccountFlag>,
        holds_not: Vec<AccountFlag>,
    ) -> Result<Arc<Self>, CpniError> {
        let is = |flag| match (holds.contains(&flag), holds_not.contains(&flag)) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            (true, true) | (false, false) => None,
        };
        Self::new(
            address,
            address_since_micros,
            sim_change,
            is(AccountFlag::Business),
            is(AccountFlag::DedicatedRepresentative),
            is(AccountFlag::CpniContract),
            is(AccountFlag::WrittenRequest),
            is(AccountFlag::ServiceInitiation),
            is(AccountFlag::Survivor),
            is(AccountFlag::SimLock),
            is(AccountFlag::PortLock),
            is(AccountFlag::SimplePort),
        )
    }
}

/// When the SIM last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SimChange {
    /// Never since the service began.
    Never,
    /// Then.
    At {
        /// Microseconds since 1970.
        micros: u64,
    },
}

/// What the host knows of an account. What is not given is unknown, and takes its least privileged
/// value.
#[derive(uniffi::Object)]
pub struct AccountFacts(core_hosts::AccountFacts);

facts_object!(AccountFacts);

#[uniffi::export]
impl AccountFacts {
    /// `address`: the host's id of the address to which something would be sent, not the address, and
    /// since when it has been on the account, in microseconds since 1970; one without the other is no
    /// address. The rest as `AccountFacts` of the core says.
    ///
    /// # Errors
    /// An id that is not allowed (1001 to 1003).
    #[expect(clippy::too_many_arguments, reason = "named arguments in Kotlin and Swift, each with a default")]
    #[uniffi::constructor(default(address = None, address_since_micros = None, sim_change = None, business = None, dedicated_representative = None, cpni_contract = None, written_request = None, service_initiation = None, survivor = None, sim_lock = None, port_lock = None, simple_port = None))]
    pub fn new(
        address: Option<String>,
        address_since_micros: Option<u64>,
        sim_change: Option<SimChange>,
        business: Option<bool>,
        dedicated_representative: Option<bool>,
        cpni_contract: Option<bool>,
        written_request: Option<bool>,
        service_initiation: Option<bool>,
        survivor: Option<bool>,
        sim_lock: Option<bool>,
        port_lock: Option<bool>,
        simple_port: Option<bool>,
    ) -> Result<Arc<Self>, CpniError> {
        call(|| {
            let address = match (address, address_since_micros) {
                (Some(id), Some(since)) => {
                    Some(AddressOnFile { id: ContactPointId::new(id)?, since: Timestamp::from_micros(since) })
                }
                (Some(_) | None, _) => None,
            };
            let sim_change = sim_change.map(|change| match change {
                SimChange::Never => core_hosts::SimChange::Never,
                SimChange::At { micros } => core_hosts::SimChange::At(Timestamp::from_micros(micros)),
            });
            Ok(Arc::new(Self(core_hosts::AccountFacts {
                address,
                sim_change,
                business,
                dedicated_representative,
                cpni_contract,
                written_request,
                service_initiation,
                survivor,
                sim_lock,
                port_lock,
                simple_port,
            })))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_forms_say_what_the_long_ones_say() {
        let text = |text: &str| Some(text.to_owned());
        let long = AccountFacts::new(
            text("post-1"),
            Some(7),
            Some(SimChange::Never),
            Some(true),
            Some(false),
            Some(true),
            Some(false),
            Some(true),
            Some(false),
            Some(true),
            Some(false),
            None,
        );
        let [business, representative, contract, request, initiation, survivor, sim, port] = [
            AccountFlag::Business,
            AccountFlag::DedicatedRepresentative,
            AccountFlag::CpniContract,
            AccountFlag::WrittenRequest,
            AccountFlag::ServiceInitiation,
            AccountFlag::Survivor,
            AccountFlag::SimLock,
            AccountFlag::PortLock,
        ];
        let short = AccountFacts::of(
            text("post-1"),
            Some(7),
            Some(SimChange::Never),
            vec![business, contract, initiation, sim, AccountFlag::SimplePort],
            vec![representative, request, survivor, port, AccountFlag::SimplePort],
        );
        assert_eq!(short.unwrap().core(), long.unwrap().core(), "in both lists is unknown");

        let agent = || "dana".to_owned();
        let carrier = || "carrier".to_owned();
        let long = AgentProfile::new(
            agent(),
            Role::CareAgent,
            carrier(),
            text("US"),
            Some(7),
            true,
            text("a"),
            text("s-1"),
        );
        let short =
            AgentProfile::of(agent(), Role::CareAgent, carrier(), text("US"), Some(7), true, text("a"));
        assert_eq!(short.unwrap().at_site("s-1".to_owned()).unwrap().core(), long.unwrap().core());

        let long = ContactState::new(
            Channel::PhoneCallback,
            true,
            agent(),
            text("acct-1"),
            text("case-1"),
            text("review-1"),
            Some(12),
            Some(CallBack::NumberOfRecord),
            true,
            vec![Attested::Passkey],
        );
        let short = ContactState::of(Channel::PhoneCallback, true, agent(), text("acct-1"), text("case-1"));
        let short = short.unwrap().and(
            text("review-1"),
            Some(12),
            Some(CallBack::NumberOfRecord),
            true,
            vec![Attested::Passkey],
        );
        assert_eq!(short.unwrap().core(), long.unwrap().core());
    }
}
