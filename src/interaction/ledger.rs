//! What is remembered of accounts between interactions: secrets, codes, facts, attempts, which
//! contact opened which account. Kept under keyed references: the store names no account and no contact.

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroize;

use crate::error::{Error, InteractionError, KeyError, StoreError};
use crate::hazmat::equal;
use crate::hazmat::mac::MacKey;
use crate::hazmat::rng;
use crate::keys::Keyring;
use crate::sensitive::Sensitive;
use crate::vocabulary::{AccountId, AgentId, ContactId, Role, TenantId, Timestamp};

use super::accounts::{AccountRef, AccountStore, AttemptLimits, AttemptState, CounterKey};
use super::consent::{Consent, ConsentEvent};
use super::facts::AccountFacts;
use super::history::Chain;
use super::verifier::{self, Owner};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 3600;

/// Wrong passwords (back-up answers, passcodes) before an account locks, over all channels and
/// agents: 5 in 15 minutes lock it for 30 minutes. Library default: 64.2010 gives no number.
pub const PASSWORD_ATTEMPTS: AttemptLimits = limits(5, 15 * MINUTE, 30 * MINUTE);
/// Calls that may be named on an account, over all channels and agents: 5 in a day. Library default.
pub const NAMED_CALL_ATTEMPTS: AttemptLimits = limits(5, DAY, DAY);
/// Attempts at a one-time code: 3 while it is good. Library default.
pub const CODE_ATTEMPTS: AttemptLimits = limits(3, 10 * MINUTE, 30 * MINUTE);
/// How long a one-time code is good. Library default.
pub const CODE_LIFE: Duration = Duration::from_secs(10 * MINUTE);
/// One-time codes that are sent for an account, over all channels and agents: 5 in an hour. Library default.
pub const CODES_SENT_ACCOUNT: AttemptLimits = limits(5, 60 * MINUTE, 60 * MINUTE);
/// One-time codes that one agent, a person at work, has sent: 40 in a day. Library default.
pub const CODES_SENT_AGENT: AttemptLimits = limits(40, DAY, DAY);
/// Photo IDs that do not match, for an account, over all stores and agents: 5 in a day. One that matches
/// takes them back. Library default.
pub const PHOTO_ID_ATTEMPTS: AttemptLimits = limits(5, DAY, DAY);
/// Values of one account that may be verified, over all channels and agents: 5 in a day. Library default.
pub const VERIFY_ATTEMPTS_ACCOUNT: AttemptLimits = limits(5, DAY, DAY);
/// Values that one agent may verify: 40 in a day. Library default.
pub const VERIFY_ATTEMPTS_AGENT: AttemptLimits = limits(40, DAY, DAY);
/// Values of one account that port requests may have verified: 10 in a day, an account number and a ZIP code (47 CFR
/// 52.36) for each of [`crate::transaction::TRANSACTIONS_ACCOUNT`]. Counted apart from what agents verify, so that
/// neither uses the other's up. Library default.
pub const PORT_CHECKS_ACCOUNT: AttemptLimits = limits(10, DAY, DAY);
/// Values that one porting system, a partner's, may verify: 8,000 in a day, two for each of
/// [`crate::transaction::TRANSACTIONS_PARTNER`]. Library default: a partner ports many numbers a day.
pub const PORT_CHECKS_PARTNER: AttemptLimits = limits(8_000, DAY, DAY);

/// Searches of one agent: 60 in a day. One that finds nothing counts like every other. Library default.
pub const SEARCHES_AGENT: AttemptLimits = limits(60, DAY, DAY);
/// Searches of one agent by a number of a government's: 20 in a day. Library default: whoever may try SSNs
/// without end finds out whose they are.
pub const SSN_SEARCHES_AGENT: AttemptLimits = limits(20, DAY, DAY);
/// Searches from one contact with a customer: 3. Library default: a caller has one account to be found.
pub const SEARCHES_CONTACT: AttemptLimits = limits(3, DAY, DAY);
/// Searches on one case: 20 in a day. Library default.
pub const SEARCHES_CASE: AttemptLimits = limits(20, DAY, DAY);

const ENTRY_LABEL: &str = "cpni-guard/v1/entry";

/// Entries that are read at once to be counted.
const PAGE: usize = 1000;
/// Digits of a one-time code.
const CODE_DIGITS: usize = 6;
/// How often an event is tried that others were faster than: each time one of them was added.
const APPEND_TRIES: u32 = 64;

const fn limits(max: u32, window_secs: u64, lock_secs: u64) -> AttemptLimits {
    AttemptLimits { max, window: Duration::from_secs(window_secs), lock: Duration::from_secs(lock_secs) }
}

/// A secret that the customer sets and keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secret {
    Password,
    /// The answer to a back-up question (47 CFR 64.2010(e)).
    Backup,
    /// The passcode that the end user requested for port-outs (52.36(c)).
    PortPasscode,
}

/// Where a one-time code went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeTo {
    /// The telephone number of record (47 CFR 64.2003(q)).
    NumberOfRecord,
    /// The address of record (64.2003(b)).
    AddressOfRecord,
}

/// The remembered state of one tenant's accounts.
pub(crate) struct Ledger {
    store: Arc<dyn AccountStore>,
    keys: Arc<Keyring>,
    tenant: TenantId,
    references: MacKey,
    /// Of the MACs over what is kept.
    state: MacKey,
}

impl Secret {
    const fn what(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Backup => "backup",
            Self::PortPasscode => "port-passcode",
        }
    }
}

impl CodeTo {
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::NumberOfRecord => "code-number",
            Self::AddressOfRecord => "code-address",
        }
    }
}

impl Ledger {
    pub(crate) fn new(store: Arc<dyn AccountStore>, keys: Arc<Keyring>, tenant: TenantId) -> Self {
        let references = keys.reference_key(&tenant);
        let state = keys.state_key(&tenant);
        Self { store, keys, tenant, references, state }
    }

    /// The keyed reference under which the store knows an account.
    pub(crate) fn account_ref(&self, account: &AccountId) -> AccountRef {
        AccountRef::from_pseudonym(self.reference("account", account.expose().as_bytes()))
    }

    /// Whether the account has such a secret.
    pub(crate) fn has(&self, secret: Secret, account: &AccountRef) -> Result<bool, StoreError> {
        Ok(self.store.entry(&self.entry_ref(secret.what(), account))?.is_some())
    }

    /// Replaces a secret. The attempts on the old one are forgotten.
    pub(crate) fn set(
        &self,
        secret: Secret,
        account: &AccountId,
        new: &Sensitive<String>,
    ) -> Result<(), Error> {
        let account = self.account_ref(account);
        let verifier = self.verifier_of(secret, &account, new)?;
        self.store.set_entry(&self.entry_ref(secret.what(), &account), &verifier)?;
        Ok(self.store.clear_attempts(&self.counter(secret.what(), account.as_bytes()))?)
    }

    /// Whether `typed` is the account's secret. Counted before it is looked at.
    pub(super) fn matches(
        &self,
        secret: Secret,
        account: &AccountRef,
        typed: &Sensitive<String>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let counter = self.counter(secret.what(), account.as_bytes());
        self.count(&counter, now, &PASSWORD_ATTEMPTS)?;
        let stored = self.store.entry(&self.entry_ref(secret.what(), account))?;
        let owner = self.owner(secret.what(), account);
        let matches = match secret {
            Secret::Backup => verifier::matches(owner, stored.as_deref(), &folded(typed))?,
            Secret::Password | Secret::PortPasscode => verifier::matches(owner, stored.as_deref(), typed)?,
        };
        if matches {
            self.store.clear_attempts(&counter)?;
            if let Some(stored) = &stored {
                self.renew(secret, account, stored, typed)?;
            }
        }
        Ok(matches)
    }

    /// Moves a verifier whose secret was just shown to the active key. One that was set meanwhile stays.
    fn renew(
        &self,
        secret: Secret,
        account: &AccountRef,
        stored: &[u8],
        typed: &Sensitive<String>,
    ) -> Result<(), Error> {
        if verifier::key_version(stored) == Some(self.keys.active_version()) {
            return Ok(());
        }
        let renewed = self.verifier_of(secret, account, typed)?;
        self.store.swap_entry(&self.entry_ref(secret.what(), account), stored, Some(&renewed))?;
        Ok(())
    }

    fn verifier_of(
        &self,
        secret: Secret,
        account: &AccountRef,
        new: &Sensitive<String>,
    ) -> Result<Vec<u8>, Error> {
        let owner = self.owner(secret.what(), account);
        match secret {
            Secret::Backup => verifier::make_verifier(owner, &folded(new)),
            Secret::Password | Secret::PortPasscode => verifier::make_verifier(owner, new),
        }
    }

    /// How many secrets and codes that are still good hang under this version of the data root. A secret
    /// moves to the active one when it is next shown.
    pub(crate) fn count_under(&self, version: u32, now: Timestamp) -> Result<u64, StoreError> {
        let mut count: u64 = 0;
        self.each_entry(|of, entry| {
            count = count.saturating_add(self.hangs_under(version, of, entry, now).into());
            Ok(())
        })?;
        Ok(count)
    }

    /// Takes away the secrets and codes under this version: their customers set new ones. Gives back how
    /// many.
    pub(crate) fn forget_under(&self, version: u32, now: Timestamp) -> Result<u64, StoreError> {
        let mut count: u64 = 0;
        self.each_entry(|of, entry| {
            // One that was shown or set meanwhile is another entry, and stays.
            let gone = self.hangs_under(version, of, entry, now) && self.store.swap_entry(of, entry, None)?;
            count = count.saturating_add(gone.into());
            Ok(())
        })?;
        Ok(count)
    }

    /// What has a MAC is a code or facts, and no secret's verifier.
    fn hangs_under(&self, version: u32, of: &AccountRef, entry: &[u8], now: Timestamp) -> bool {
        let verifier = match self.content(of, entry).map(<[u8]>::split_first_chunk::<8>) {
            None => Some(entry),
            Some(None) => None,
            Some(Some((until, verifier))) => {
                (now < Timestamp::from_micros(u64::from_be_bytes(*until))).then_some(verifier)
            }
        };
        verifier.and_then(verifier::key_version) == Some(version)
    }

    fn each_entry(
        &self,
        mut look: impl FnMut(&AccountRef, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut after: Option<AccountRef> = None;
        loop {
            let page = self.store.entries_after(after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(*last);
            page.iter().try_for_each(|(of, entry)| look(of, entry))?;
        }
    }

    /// A new one-time code for this destination; the one before is no longer good.
    pub(super) fn make_code(
        &self,
        to: CodeTo,
        account: &AccountRef,
        now: Timestamp,
    ) -> Result<Sensitive<String>, Error> {
        let code = make_digits()?;
        let mut entry = now.plus(CODE_LIFE).as_micros().to_be_bytes().to_vec();
        entry.extend(verifier::make_verifier(self.owner(to.what(), account), &code)?);
        let reference = self.entry_ref(to.what(), account);
        self.store.set_entry(&reference, &self.with_mac(&reference, entry))?;
        Ok(code)
    }

    /// Whether `typed` is the code that went there. Good once, for [`CODE_LIFE`].
    pub(super) fn code_matches(
        &self,
        to: CodeTo,
        account: &AccountRef,
        typed: &Sensitive<String>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let counter = self.counter(to.what(), account.as_bytes());
        self.count(&counter, now, &CODE_ATTEMPTS)?;
        let reference = self.entry_ref(to.what(), account);
        let taken = self.store.take_entry(&reference)?;
        let kept = taken.as_deref().and_then(|entry| self.content(&reference, entry));
        let kept = kept.and_then(<[u8]>::split_first_chunk::<8>);
        let (good_until, stored) = match kept {
            Some((until, stored)) => (Timestamp::from_micros(u64::from_be_bytes(*until)), Some(stored)),
            None => (Timestamp::default(), None),
        };
        let is_good = now < good_until && good_until <= now.plus(CODE_LIFE);
        let matches = verifier::matches(self.owner(to.what(), account), stored, typed)?;
        match taken {
            Some(entry) if is_good && !matches => self.store.set_entry(&reference, &entry)?,
            Some(_) | None => {}
        }
        if matches && is_good {
            self.store.clear_attempts(&counter)?;
        }
        Ok(matches && is_good)
    }

    /// What the host said of an account, where it keeps no facts of its own.
    pub(crate) fn facts(&self, account: &AccountRef) -> Result<AccountFacts, StoreError> {
        let reference = self.entry_ref("facts", account);
        let entry = self.store.entry(&reference)?;
        let facts = entry.as_deref().and_then(|entry| self.content(&reference, entry));
        Ok(facts.and_then(AccountFacts::decode).unwrap_or_default())
    }

    /// Keeps what the host says of an account.
    pub(crate) fn set_facts(&self, account: &AccountId, facts: &AccountFacts) -> Result<(), StoreError> {
        let reference = self.entry_ref("facts", &self.account_ref(account));
        self.store.set_entry(&reference, &self.with_mac(&reference, facts.encode()))
    }

    /// The account's approvals, as far as they are known.
    pub(super) fn consent(
        &self,
        account: &AccountRef,
        now: Timestamp,
        interaction: &[u8; 16],
    ) -> Result<Consent, StoreError> {
        let of = self.entry_ref("consent", account);
        let history = Chain { key: &self.state, of: &of }.read(&self.store.history(&of)?);
        Ok(history.map_or(Consent::CONTRADICTORY, |history| {
            Consent::after_loss(&history.events, history.lost_before, now, interaction)
        }))
    }

    #[cfg(test)]
    pub(crate) fn consent_for_testing(&self, account: &AccountId, now: Timestamp) -> Consent {
        self.consent(&self.account_ref(account), now, &[0; 16]).unwrap()
    }

    /// Adds to the history of the account's approvals.
    pub(crate) fn add_consent(
        &self,
        account: &AccountId,
        event: &ConsentEvent,
        now: Timestamp,
    ) -> Result<(), Error> {
        let of = self.entry_ref("consent", &self.account_ref(account));
        for _ in 0..APPEND_TRIES {
            let stored = self.store.history(&of)?;
            let Some(added) = (Chain { key: &self.state, of: &of }).add(&stored, event, now)? else {
                return Ok(());
            };
            if self.store.append_event(&of, stored.events.len(), &added.event, &added.head)? {
                return Ok(());
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Counts an attempt to name a call.
    pub(super) fn count_named_call(&self, account: &AccountRef, now: Timestamp) -> Result<(), Error> {
        self.count(&self.counter("named-call", account.as_bytes()), now, &NAMED_CALL_ATTEMPTS)
    }

    /// Counts a code that is about to be sent, by agent and by account.
    pub(super) fn count_code_sent(
        &self,
        account: &AccountRef,
        agent: Option<&AgentId>,
        now: Timestamp,
    ) -> Result<(), Error> {
        if let Some(agent) = agent {
            self.count(&self.counter("code-sent-agent", agent.as_str().as_bytes()), now, &CODES_SENT_AGENT)?;
        }
        self.count(&self.counter("code-sent", account.as_bytes()), now, &CODES_SENT_ACCOUNT)
    }

    /// Counts a request for a transaction of this kind, by whatever `what` says. Whether it is within `limits`.
    pub(crate) fn count_request(
        &self,
        what: &str,
        of: &[u8],
        limits: &AttemptLimits,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let state = self.store.count_attempt(&self.counter(what, of), now, limits)?;
        Ok(matches!(state, AttemptState::Allowed { .. }))
    }

    /// Counts a photo ID that is shown.
    pub(super) fn count_photo_id(&self, account: &AccountRef, now: Timestamp) -> Result<(), Error> {
        self.count(&self.counter("photo-id", account.as_bytes()), now, &PHOTO_ID_ATTEMPTS)
    }

    /// After one that matches.
    pub(super) fn forget_photo_ids(&self, account: &AccountRef) -> Result<(), StoreError> {
        self.store.clear_attempts(&self.counter("photo-id", account.as_bytes()))
    }

    /// Counts an attempt to verify a value, by account and by agent; those of porting systems apart.
    pub(super) fn count_verify(
        &self,
        account: &AccountRef,
        agent: &AgentId,
        role: Role,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (agents, of_agent, accounts, of_account) = if role == Role::PortSystem {
            ("port-check-partner", &PORT_CHECKS_PARTNER, "port-check", &PORT_CHECKS_ACCOUNT)
        } else {
            ("verify-agent", &VERIFY_ATTEMPTS_AGENT, "verify", &VERIFY_ATTEMPTS_ACCOUNT)
        };
        self.count(&self.counter(agents, agent.as_str().as_bytes()), now, of_agent)?;
        self.count(&self.counter(accounts, account.as_bytes()), now, of_account)
    }

    /// Counts a search, by agent and by contact or case.
    pub(super) fn count_search(
        &self,
        contact: Option<&ContactId>,
        is_case: bool,
        agent: &AgentId,
        by_government_id: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        let agent = agent.as_str().as_bytes();
        self.count(&self.counter("search-agent", agent), now, &SEARCHES_AGENT)?;
        if by_government_id {
            self.count(&self.counter("search-ssn-agent", agent), now, &SSN_SEARCHES_AGENT)?;
        }
        let limits = if is_case { &SEARCHES_CASE } else { &SEARCHES_CONTACT };
        // Without a contact no rule of the floor lets a search through; where one was overridden, the
        // limits of the agent are left.
        contact.map_or(Ok(()), |contact| {
            self.count(&self.counter("search-contact", contact.as_str().as_bytes()), now, limits)
        })
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

    /// An entry as it is stored: its content, and a MAC that binds it to its place.
    fn with_mac(&self, reference: &AccountRef, mut content: Vec<u8>) -> Vec<u8> {
        content.extend(self.mac(reference, &content));
        content
    }

    /// The content of a stored entry; `None` if its MAC is wrong: the entry counts as not there.
    fn content<'e>(&self, reference: &AccountRef, entry: &'e [u8]) -> Option<&'e [u8]> {
        let (content, mac) = entry.split_last_chunk::<32>()?;
        equal(&self.mac(reference, content), mac).then_some(content)
    }

    fn mac(&self, reference: &AccountRef, content: &[u8]) -> [u8; 32] {
        self.state.mac_tuple(&[ENTRY_LABEL.as_bytes(), reference.as_bytes(), content])
    }

    fn count(&self, counter: &CounterKey, now: Timestamp, limits: &AttemptLimits) -> Result<(), Error> {
        match self.store.count_attempt(counter, now, limits)? {
            AttemptState::Allowed { .. } => Ok(()),
            AttemptState::Locked { .. } => Err(InteractionError::LockedOut.into()),
        }
    }

    fn owner<'o>(&'o self, what: &'static str, account: &'o AccountRef) -> Owner<'o> {
        Owner { keys: &self.keys, tenant: &self.tenant, account, what }
    }

    fn counter(&self, what: &str, of: &[u8]) -> CounterKey {
        CounterKey::from_pseudonym(self.reference(what, of))
    }

    pub(super) fn entry_ref(&self, what: &str, account: &AccountRef) -> AccountRef {
        AccountRef::from_pseudonym(self.reference(what, account.as_bytes()))
    }

    fn reference(&self, what: &str, of: &[u8]) -> [u8; 32] {
        self.references.mac_tuple(&[b"cpni-guard/v1/reference", what.as_bytes(), of])
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledger(..)")
    }
}

/// A back-up answer as it is compared: lower case, each run of white space one space.
fn folded(answer: &Sensitive<String>) -> Sensitive<String> {
    // EXPOSE: folded into another wiped text.
    let answer = answer.expose();
    let mut folded = String::with_capacity(answer.len().saturating_mul(3));
    for word in answer.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    Sensitive::from(folded)
}

/// Six digits, all equally likely: a byte that would favour the low ones is drawn again.
fn make_digits() -> Result<Sensitive<String>, KeyError> {
    let mut digits = String::with_capacity(CODE_DIGITS);
    while digits.len() < CODE_DIGITS {
        let mut bytes: [u8; 16] = rng::make_array().map_err(|_| KeyError::Random)?;
        let fair =
            bytes.iter().filter(|byte| **byte < 250).map(|byte| char::from(b'0'.saturating_add(byte % 10)));
        digits.extend(fair.take(CODE_DIGITS.saturating_sub(digits.len())));
        bytes.zeroize();
    }
    Ok(Sensitive::from(digits))
}
