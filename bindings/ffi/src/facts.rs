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
