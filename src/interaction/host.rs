//! What the host's systems are asked: who is this agent, is this contact live, what is known of
//! the account. And simple stand-ins that hold their answers in memory, for samples and tests.

use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::error::HostError;
use crate::sensitive::Sensitive;
use crate::vocabulary::{
    AccountId, AgentId, BasisId, Channel, ContactId, CountryCode, EmployerId, Role, SiteId, Timestamp,
};

use super::evidence::Attested;
use super::facts::AccountFacts;

/// The proof of who asks that the host's own sign-in issued (a session token, say). Opaque here.
#[derive(Debug)]
pub struct AgentSession(Sensitive<String>);

impl AgentSession {
    /// Takes a token.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(Sensitive::from(token.into()))
    }

    /// The token, for the directory that verifies it.
    #[must_use]
    pub fn expose(&self) -> &str {
        // EXPOSE: the directory is the one reader; the token is not customer data.
        self.0.expose()
    }
}

/// Who asks, as the host's directory says. What is `None` is unknown, and counts as least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentProfile {
    /// The employee, bot, application or system.
    pub id: AgentId,
    /// What it is.
    pub role: Role,
    /// Who employs it; a vendor's agents are told apart from the carrier's in the audit log.
    pub employer: EmployerId,
    /// Where it sits: a call centre, a store, an office. The watch counts by it, and a breach is narrowed
    /// to it.
    pub site: Option<SiteId>,
    /// In which country it works.
    pub country: Option<CountryCode>,
    /// The last moment at which the training of 47 CFR 64.2009(b) is current.
    pub trained_until: Option<Timestamp>,
    /// Whether this person may approve what others do (a supervisor, 47 CFR 64.2009(d)).
    pub may_approve: bool,
    /// For a signed-in customer: the customer's own account.
    pub own_account: Option<AccountId>,
}

/// The host's directory of agents. It verifies the session; this library does not.
pub trait AgentDirectory: Send + Sync {
    /// Who holds this session; `None` if nobody does, or no longer.
    ///
    /// # Errors
    /// [`HostError`] if the directory cannot answer: no interaction opens.
    fn agent(&self, session: &AgentSession) -> Result<Option<AgentProfile>, HostError>;
}

/// A call, chat, visit or case, as the host's telephony or CRM says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactState {
    /// Where it comes in. On [`Channel::BackOffice`] it is a ticket.
    pub channel: Channel,
    /// Whether it is going on (a ticket: open) right now.
    pub live: bool,
    /// Whose it is.
    pub agent: AgentId,
    /// The account that it is about, where the host knows. Where it does not, the first account
    /// that is opened from the contact is the only one.
    pub account: Option<AccountId>,
    /// The case that is worked on: a fraud case, an emergency call, a legal demand.
    pub case: Option<ContactId>,
    /// Counsel's review of the legal demand that the case is about.
    pub legal_review: Option<BasisId>,
    /// For work on aggregates: of how many customers the group consists.
    pub group_size: Option<u64>,
    /// For a call that the carrier placed: which number was called.
    pub called_back: Option<CallBack>,
    /// Whether the calling number is the telephone number of record. Proves nothing by itself.
    pub caller_id_matches: bool,
    /// What systems of the host's established of the customer in this contact: the identity provider,
    /// the app, the process of two people. Never what the agent's tool says.
    pub attested: Vec<Attested>,
}

impl ContactState {
    /// A live contact on `channel` that belongs to `agent`.
    #[must_use]
    pub const fn live(channel: Channel, agent: AgentId) -> Self {
        Self {
            channel,
            live: true,
            agent,
            account: None,
            case: None,
            legal_review: None,
            group_size: None,
            called_back: None,
            caller_id_matches: false,
            attested: Vec::new(),
        }
    }
}

/// Which number the carrier called, as its telephony recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallBack {
    /// The "telephone number of record" (47 CFR 64.2003(q)): the number of the service itself.
    NumberOfRecord,
    /// A number that was only left as contact information.
    ContactNumber,
}

/// The host's telephony or CRM.
pub trait ContactSource: Send + Sync {
    /// The contact with this id; `None` if there is none.
    ///
    /// # Errors
    /// [`HostError`] if the source cannot answer: the contact then counts as not live.
    fn contact(&self, id: &ContactId) -> Result<Option<ContactState>, HostError>;
}

/// What the host knows of accounts.
pub trait AccountFactSource: Send + Sync {
    /// The facts about an account.
    ///
    /// # Errors
    /// [`HostError`] if the source cannot answer: every fact then takes its least privileged value.
    fn account_facts(&self, account: &AccountId) -> Result<AccountFacts, HostError>;
}

/// The list of covered hotlines (47 CFR 64.6408): calls to them are left out of what customers see.
pub trait HotlineList: Send + Sync {
    /// When the list that is held was released.
    ///
    /// # Errors
    /// [`HostError`] if there is none: customers' call logs are then withheld.
    fn released(&self) -> Result<Timestamp, HostError>;

    /// Whether a number is on the list. Ten digits where it is a NANP number, else as it was dialled.
    fn contains(&self, number: &str) -> bool;
}

/// A directory in memory: the token is looked up as it is. Silent in `Debug`: a token is a secret.
#[derive(Default)]
pub struct MemoryDirectory(Mutex<HashMap<String, AgentProfile>>);

impl fmt::Debug for MemoryDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryDirectory(..)")
    }
}

impl MemoryDirectory {
    /// Signs an agent in under a token.
    pub fn sign_in(&self, token: impl Into<String>, profile: AgentProfile) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.into(), profile);
    }

    /// Signs an agent out.
    pub fn sign_out(&self, token: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
    }
}

impl AgentDirectory for MemoryDirectory {
    fn agent(&self, session: &AgentSession) -> Result<Option<AgentProfile>, HostError> {
        Ok(self.0.lock().map_err(|_| HostError)?.get(session.expose()).cloned())
    }
}

/// Contacts in memory.
#[derive(Debug, Default)]
pub struct MemoryContacts(Mutex<HashMap<ContactId, ContactState>>);

impl MemoryContacts {
    /// Starts or changes a contact.
    pub fn set(&self, id: ContactId, state: ContactState) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, state);
    }

    /// Ends a contact.
    pub fn end(&self, id: &ContactId) {
        if let Some(state) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(id) {
            state.live = false;
        }
    }
}

impl ContactSource for MemoryContacts {
    fn contact(&self, id: &ContactId) -> Result<Option<ContactState>, HostError> {
        Ok(self.0.lock().map_err(|_| HostError)?.get(id).cloned())
    }
}
