//! What is remembered of accounts between interactions: passwords, attempts, which contact opened
//! which account. Kept under keyed references: the store names no account and no contact.

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, InteractionError, StoreError};
use crate::hazmat::framing::Tuple;
use crate::hazmat::mac::MacKey;
use crate::keys::Keyring;
use crate::sensitive::Sensitive;
use crate::vocabulary::{AccountId, ContactId, TenantId, Timestamp};

use super::accounts::{AccountRef, AccountStore, AttemptLimits, AttemptState, CounterKey};
use super::password;

/// Wrong passwords before an account locks, over all channels and agents: 5 in 15 minutes lock it
/// for 30 minutes. Library default: 64.2010 gives no number.
pub const PASSWORD_ATTEMPTS: AttemptLimits =
    AttemptLimits { max: 5, window: Duration::from_secs(15 * 60), lock: Duration::from_secs(30 * 60) };
/// Calls that may be named on an account, over all channels and agents: 5 in a day. Library default.
pub const NAMED_CALL_ATTEMPTS: AttemptLimits =
    AttemptLimits { max: 5, window: Duration::from_secs(24 * 3600), lock: Duration::from_secs(24 * 3600) };

/// The remembered state of one tenant's accounts.
pub(crate) struct Ledger {
    store: Arc<dyn AccountStore>,
    keys: Arc<Keyring>,
    tenant: TenantId,
    references: MacKey,
}

impl Ledger {
    pub(crate) fn new(store: Arc<dyn AccountStore>, keys: Arc<Keyring>, tenant: TenantId) -> Self {
        let references = keys.reference_key(&tenant);
        Self { store, keys, tenant, references }
    }

    /// The keyed reference under which the store knows an account.
    pub(crate) fn account_ref(&self, account: &AccountId) -> AccountRef {
        AccountRef::from_pseudonym(self.reference("account", account.expose().as_bytes()))
    }

    /// Whether the account has a password.
    pub(super) fn has_password(&self, account: &AccountRef) -> Result<bool, StoreError> {
        Ok(self.store.password(account)?.is_some())
    }

    /// Replaces the account's password. The attempts on the old one are forgotten.
    pub(crate) fn set_password(&self, account: &AccountId, new: &Sensitive<String>) -> Result<(), Error> {
        let account = self.account_ref(account);
        let verifier = password::make_verifier(&self.keys, &self.tenant, &account, new)?;
        self.store.set_password(&account, &verifier)?;
        Ok(self.store.clear_attempts(&self.counter("password", &account))?)
    }

    /// Whether `typed` is the account's password. Counted before it is looked at.
    pub(super) fn password_matches(
        &self,
        account: &AccountRef,
        typed: &Sensitive<String>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let counter = self.counter("password", account);
        self.count(&counter, now, &PASSWORD_ATTEMPTS)?;
        let stored = self.store.password(account)?;
        let matches = password::matches(&self.keys, &self.tenant, account, stored.as_deref(), typed)?;
        if matches {
            self.store.clear_attempts(&counter)?;
        }
        Ok(matches)
    }

    /// Counts an attempt to name a call.
    pub(super) fn count_named_call(&self, account: &AccountRef, now: Timestamp) -> Result<(), Error> {
        self.count(&self.counter("named-call", account), now, &NAMED_CALL_ATTEMPTS)
    }

    /// Whether this account is the one that the contact opens: the first one that it opened.
    pub(super) fn bind_contact(
        &self,
        contact: &ContactId,
        account: &AccountRef,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.store.bind_contact(&self.reference("contact", contact.as_str().as_bytes()), account, now)
    }

    fn count(&self, counter: &CounterKey, now: Timestamp, limits: &AttemptLimits) -> Result<(), Error> {
        match self.store.count_attempt(counter, now, limits)? {
            AttemptState::Allowed { .. } => Ok(()),
            AttemptState::Locked { .. } => Err(InteractionError::LockedOut.into()),
        }
    }

    fn counter(&self, what: &str, account: &AccountRef) -> CounterKey {
        CounterKey::from_pseudonym(self.reference(what, account.as_bytes()))
    }

    fn reference(&self, what: &str, of: &[u8]) -> [u8; 32] {
        self.references.mac(Tuple::new("cpni-guard/v1/reference").with(what.as_bytes()).with(of).as_bytes())
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledger(..)")
    }
}
