//! Who asks, as the library is told: its directory of agents and its source of contacts.
//!
//! Rules: a session is one contact of one account, from its sign-in to its end; the names that the library and the
//! audit log know it by are not the token that the caller holds.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cpni_guard::error::HostError;
use cpni_guard::interaction::{AgentDirectory, AgentProfile, AgentSession, ContactSource, ContactState};
use cpni_guard::vocabulary::{AgentId, Channel, ContactId, EmployerId, Role};
use cpni_guard::{AccountId, Error};

/// Sessions and requests that are under way, by their internal names.
#[derive(Default)]
pub(crate) struct Identity(RwLock<HashMap<String, (AgentProfile, ContactState)>>);

impl Identity {
    /// Somebody whom nobody knows claims to be the customer of this account.
    pub(crate) fn claimed(&self, name: &str, account: &AccountId) -> Result<(), Error> {
        self.enter(name, Role::Anonymous, "self-service", Channel::Online, account)
    }

    /// It is the customer.
    pub(crate) fn proved(&self, name: &str, account: &AccountId) {
        if let Some((profile, _)) = self.write().get_mut(name) {
            profile.role = Role::Customer;
            profile.own_account = Some(account.clone());
        }
    }

    /// A partner asks about this account on the porting interface.
    pub(crate) fn partner(&self, name: &str, partner: &str, account: &AccountId) -> Result<(), Error> {
        self.enter(name, Role::PortSystem, partner, Channel::PortInterface, account)
    }

    /// Over. Interactions of this name end with it.
    pub(crate) fn leave(&self, name: &str) {
        self.write().remove(name);
    }

    fn enter(
        &self,
        name: &str,
        role: Role,
        agent: &str,
        channel: Channel,
        account: &AccountId,
    ) -> Result<(), Error> {
        let id = AgentId::new(agent)?;
        let mut contact = ContactState::live(channel, id.clone());
        contact.account = Some(account.clone());
        let profile = AgentProfile {
            id,
            role,
            employer: EmployerId::new(agent)?,
            site: None,
            country: None,
            trained_until: None,
            may_approve: false,
            own_account: None,
        };
        self.write().insert(name.to_owned(), (profile, contact));
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<String, (AgentProfile, ContactState)>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, (AgentProfile, ContactState)>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AgentDirectory for Identity {
    fn agent(&self, session: &AgentSession) -> Result<Option<AgentProfile>, HostError> {
        Ok(self.read().get(session.expose()).map(|(profile, _)| profile.clone()))
    }
}

impl ContactSource for Identity {
    fn contact(&self, id: &ContactId) -> Result<Option<ContactState>, HostError> {
        Ok(self.read().get(id.as_str()).map(|(_, contact)| contact.clone()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}
