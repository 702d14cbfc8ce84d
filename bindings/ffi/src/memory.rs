//! Stand-ins for the host's systems that hold their answers in memory, for samples and tests. A guard
//! asks them without leaving the library.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cpni_guard::interaction as core_hosts;
use cpni_guard::vocabulary::{self, Clock as _, ContactId, Timestamp};

use crate::error::{CpniError, call};
use crate::facts::{AgentProfile, ContactState};

/// A directory of agents: the session's token is looked up as it is.
#[derive(uniffi::Object, Default)]
pub struct MemoryAgents(pub(crate) Arc<core_hosts::MemoryDirectory>);

/// Silent: a token is a secret.
impl fmt::Debug for MemoryAgents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryAgents(..)")
    }
}

#[uniffi::export]
impl MemoryAgents {
    /// Nobody is signed in.
    ///
    /// # Errors
    /// Never.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Arc::default()))
    }

    /// Signs an agent in under a token.
    ///
    /// # Errors
    /// Never.
    pub fn sign_in(&self, token: String, profile: &AgentProfile) -> Result<(), CpniError> {
        call(|| {
            self.0.sign_in(token, profile.core().clone());
            Ok(())
        })
    }

    /// Signs an agent out.
    ///
    /// # Errors
    /// Never.
    pub fn sign_out(&self, token: String) -> Result<(), CpniError> {
        call(|| {
            self.0.sign_out(&token);
            Ok(())
        })
    }
}

/// Contacts.
#[derive(Debug, uniffi::Object, Default)]
pub struct MemoryContacts(pub(crate) Arc<core_hosts::MemoryContacts>);

#[uniffi::export]
impl MemoryContacts {
    /// There is none.
    ///
    /// # Errors
    /// Never.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Arc::default()))
    }

    /// Starts or changes a contact.
    ///
    /// # Errors
    /// An id that is not allowed (1001 to 1003).
    pub fn put(&self, id: String, state: &ContactState) -> Result<(), CpniError> {
        call(|| {
            self.0.set(ContactId::new(id)?, state.core().clone());
            Ok(())
        })
    }

    /// Ends a contact.
    ///
    /// # Errors
    /// An id that is not allowed (1001 to 1003).
    pub fn finish(&self, id: String) -> Result<(), CpniError> {
        call(|| {
            self.0.end(&ContactId::new(id)?);
            Ok(())
        })
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, uniffi::Object)]
pub struct ManualClock(pub(crate) Arc<vocabulary::ManualClock>);

#[uniffi::export]
impl ManualClock {
    /// A clock that shows this moment, in microseconds since 1970.
    ///
    /// # Errors
    /// Never.
    #[uniffi::constructor]
    pub fn new(micros: u64) -> Result<Arc<Self>, CpniError> {
        let clock = vocabulary::ManualClock::new(Timestamp::from_micros(micros));
        call(|| Ok(Arc::new(Self(Arc::new(clock)))))
    }

    /// What it shows.
    ///
    /// # Errors
    /// Never.
    pub fn micros(&self) -> Result<u64, CpniError> {
        Ok(self.0.now().as_micros())
    }

    /// Moves it forward.
    ///
    /// # Errors
    /// Never.
    pub fn advance(&self, micros: u64) -> Result<(), CpniError> {
        call(|| {
            self.0.advance(Duration::from_micros(micros));
            Ok(())
        })
    }
}
