//! The traits of the core, answered by the host's objects.
//!
//! Rules: what the host gives is checked as any other input; what is not an id, or does not come, is a
//! host that could not answer. A clock that fails shows 0, a time that went back, which ends whatever is
//! going on; a list of hotlines that fails covers every number, so that none is shown.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cpni_guard::audit::Checkpoint;
use cpni_guard::error::{AuditError, HostError, KeyError};
use cpni_guard::interaction::{self as core_hosts, AgentSession, CodeTo, Notice};
use cpni_guard::oversight::DayKind;
use cpni_guard::oversight::watch::Alarm;
use cpni_guard::vocabulary::{AccountId, CivilDate, ContactId, ContactPointId, Timestamp};
use cpni_guard::{Sensitive, View};

use crate::hosts;
use crate::values::all_bytes;

/// A host's object in the place of a trait of the core.
pub(crate) struct Of<T: ?Sized>(pub(crate) Arc<T>);

impl<T: ?Sized> fmt::Debug for Of<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Of(..)")
    }
}

impl cpni_guard::KeyProvider for Of<dyn hosts::KeyProvider> {
    fn wrap(&self, key: &Sensitive<Vec<u8>>) -> Result<Vec<u8>, KeyError> {
        // EXPOSE: the host's key store wraps it; the trait asks for a copy of its own.
        self.0.wrap_key(key.expose().clone()).map_err(|_| KeyError::Provider)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, KeyError> {
        self.0.unwrap_key(wrapped.to_vec()).map(Sensitive::from).map_err(|_| KeyError::Provider)
    }

    fn load(&self) -> Result<Option<Vec<u8>>, KeyError> {
        self.0.load_document().map_err(|_| KeyError::Provider)
    }

    fn store(&self, document: &[u8]) -> Result<(), KeyError> {
        self.0.store_document(document.to_vec()).map_err(|_| KeyError::Provider)
    }

    fn replace(&self, before: &[u8], document: &[u8]) -> Result<(), KeyError> {
        match self.0.replace_document(before.to_vec(), document.to_vec()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(KeyError::Changed),
            Err(_) => Err(KeyError::Provider),
        }
    }
}

impl core_hosts::AgentDirectory for Of<dyn hosts::AgentDirectory> {
    fn agent(&self, session: &AgentSession) -> Result<Option<core_hosts::AgentProfile>, HostError> {
        Ok(self.0.agent(session.expose().to_owned())?.map(|profile| profile.core().clone()))
    }
}

impl core_hosts::ContactSource for Of<dyn hosts::ContactSource> {
    fn contact(&self, id: &ContactId) -> Result<Option<core_hosts::ContactState>, HostError> {
        Ok(self.0.contact(id.as_str().to_owned())?.map(|state| state.core().clone()))
    }
}

impl core_hosts::AccountFactSource for Of<dyn hosts::AccountFactSource> {
    fn account_facts(&self, account: &AccountId) -> Result<core_hosts::AccountFacts, HostError> {
        Ok(self.0.account_facts(account.expose().to_owned())?.core().clone())
    }
}

/// The host's list of hotlines, as it was when its date last changed.
pub(crate) struct Hotlines {
    source: Arc<dyn hosts::HotlineSource>,
    held: Mutex<Option<Held>>,
}

struct Held {
    released: u64,
    numbers: HashSet<String>,
}

impl Hotlines {
    pub(crate) fn new(source: Arc<dyn hosts::HotlineSource>) -> Self {
        Self { source, held: Mutex::default() }
    }
}

impl core_hosts::HotlineList for Hotlines {
    /// Asked before each view: the list is fetched again where its date is another one.
    fn released(&self) -> Result<Timestamp, HostError> {
        let released = self.source.released()?;
        let is_held = |held: &Held| held.released == released;
        if !self.held.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(is_held) {
            // Without the lock: the host may take its time, and may panic.
            let numbers = self.source.numbers()?.into_iter().collect();
            *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Held { released, numbers });
        }
        Ok(Timestamp::from_micros(released))
    }

    fn contains(&self, number: &str) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().is_none_or(|held| held.numbers.contains(number))
    }
}

impl cpni_guard::Delivery for Of<dyn hosts::Delivery> {
    fn send(&self, account: &AccountId, to: &ContactPointId, view: &View) -> Result<(), HostError> {
        let values = all_bytes(view).map_err(|_| HostError)?;
        // EXPOSE: the host's own id of the account, for the host's own delivery.
        Ok(self.0.send(account.expose().to_owned(), to.as_str().to_owned(), values)?)
    }

    fn send_code(
        &self,
        account: &AccountId,
        to: CodeTo,
        address: Option<&ContactPointId>,
        code: &Sensitive<String>,
    ) -> Result<(), HostError> {
        let address = address.map(|address| address.as_str().to_owned());
        // EXPOSE: what the host sends to the customer, and the host's own id of the account.
        let (account, code) = (account.expose().to_owned(), code.expose().as_bytes().to_vec());
        Ok(self.0.send_code(account, to, address, code)?)
    }

    fn call_back(&self, account: &AccountId) -> Result<(), HostError> {
        // EXPOSE: the host's own id of the account.
        Ok(self.0.call_back(account.expose().to_owned())?)
    }
}

impl cpni_guard::Notifier for Of<dyn hosts::Notifier> {
    fn queue(&self, account: &AccountId, notice: Notice) -> Result<(), HostError> {
        // EXPOSE: the host's own id of the account.
        Ok(self.0.queue(account.expose().to_owned(), (&notice).into())?)
    }
}

impl cpni_guard::audit::CheckpointSink for Of<dyn hosts::CheckpointSink> {
    fn publish(&self, checkpoint: &Checkpoint) -> Result<(), HostError> {
        Ok(self.0.publish(checkpoint.note().to_owned())?)
    }
}

impl cpni_guard::AlarmSink for Of<dyn hosts::AlarmSink> {
    fn alarm(&self, alarm: &Alarm) {
        // Nothing depends on it: the audit log holds the alarm.
        let _told = self.0.alarm(alarm.into()).is_ok();
    }
}

/// The host's signer, with its key as it was when the builder was given it.
pub(crate) struct Signer {
    host: Arc<dyn hosts::CheckpointSigner>,
    public: [u8; 32],
}

impl Signer {
    /// Fails if the host does not name a key of 32 bytes.
    pub(crate) fn new(host: Arc<dyn hosts::CheckpointSigner>) -> Result<Self, AuditError> {
        let public = host.public_key().ok().and_then(|key| key.try_into().ok());
        Ok(Self { public: public.ok_or(AuditError::NotSigned)?, host })
    }
}

impl cpni_guard::audit::CheckpointSigner for Signer {
    fn public_key(&self) -> [u8; 32] {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], HostError> {
        self.host.sign(message.to_vec())?.try_into().map_err(|_| HostError)
    }
}

/// Silent.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

impl cpni_guard::oversight::BusinessDays for Of<dyn hosts::BusinessDays> {
    /// A calendar that cannot answer makes no day a safe one: it is in doubt.
    fn kind(&self, day: CivilDate) -> DayKind {
        self.0.kind(day.into()).unwrap_or(DayKind::Unclear)
    }
}
