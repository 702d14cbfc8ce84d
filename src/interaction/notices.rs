//! Notices to customers, queued until the host's worker has handed them over
//! (`docs/spec/notice-queue-v1.md`).
//!
//! Rules: a notice names the contact points as they were before the change, and never a value of it
//! (47 CFR 64.2010(f)(1)); it is durable before it counts as queued; its bytes are sealed and open
//! in their own row only; an entry that does not open is reported and kept.
//!
//! Security note: a notice is handed over at least once, not exactly once. Who can write the file can
//! delete a row: the audit log then shows a notice that was queued and never handed over.

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::notice_store::{NoticeId, NoticeStore, StoredNotice};
use super::targets::{ContactChannel, NoticeAbout, TransactionNotice};
use crate::error::{Error, InteractionError, KeyError, StoreError};
use crate::hazmat::aead::AeadKey;
use crate::hazmat::entry::{self, Entry};
use crate::hazmat::framing::{Tuple, put_str8, take_str8};
use crate::hazmat::kdf::Prk;
use crate::hazmat::rng;
use crate::keys::Keyring;
use crate::vocabulary::{AccountId, Action, ContactPointId, TenantId, Timestamp};

/// Notices that a queue holds. One more is refused, and with it its change. Library default: a worker
/// that takes none for so long is an outage.
pub const MAX_QUEUED_NOTICES: usize = 100_000;
/// How long a claimed notice is nobody else's. Library default.
pub const NOTICE_LEASE: Duration = Duration::from_secs(10 * 60);
/// How long a notice waits after its first failure; twice as long after each further one. Library
/// default: the law says "immediately".
pub const NOTICE_BACK_OFF: Duration = Duration::from_secs(60);
/// The longest that it waits. Library default.
pub const NOTICE_BACK_OFF_MAX: Duration = Duration::from_secs(60 * 60);

/// Entries that are read at once to be counted.
const PAGE: usize = 1000;
const LABEL: &str = "cpni-guard/v1/notice-entry";
/// The longest notice has 285 bytes.
const PLAIN_LEN: usize = 288;
/// The longest notice of a transaction has 311 bytes.
const TRANSACTION_LEN: usize = 320;
/// Added to the code of when it goes out, where it is a notice of a transaction.
const OF_TRANSACTION: u8 = 2;

/// A notice to a customer of an account change (47 CFR 64.2010(f)(1)). It says what kind of change it
/// is, never the value.
///
/// It goes to the telephone number of record, or to [`Notice::address`] where that is an address of
/// record: both as they were before the change. A notice of a transaction goes to the one place that
/// [`Notice::transaction`] says, of several.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// What changes.
    pub action: Action,
    /// Whether it goes out before it is done, rather than immediately after.
    pub before: bool,
    /// When it was decided.
    pub at: Timestamp,
    /// The interaction in which it was decided, as audit events name it.
    pub interaction: [u8; 16],
    /// The address on file then, before the change; `None`: none is known.
    pub address: Option<NoticeAddress>,
    /// For a transaction or a lock: which one, and where this notice goes.
    pub transaction: Option<TransactionNotice>,
}

/// Where mail to the customer went before the change.
#[derive(Clone, PartialEq, Eq)]
pub struct NoticeAddress {
    /// The host's id of it. Not the address.
    pub id: ContactPointId,
    /// It was an "address of record" (64.2003(b)). `false`, also where its age was not known: the
    /// notice goes to the telephone number of record instead.
    pub of_record: bool,
}

/// A notice that its claimant hands over now, within [`NOTICE_LEASE`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueuedNotice {
    /// Its id: the same for every attempt.
    pub id: NoticeId,
    /// Whom it is for.
    pub account: AccountId,
    /// What it says. It was queued at [`Notice::at`].
    pub notice: Notice,
    /// The attempts to hand it over, with this one.
    pub attempts: u32,
}

/// An entry of the queue that does not open. It is kept, and reported again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadableNotice {
    /// Its id.
    pub id: NoticeId,
    /// How often it was claimed.
    pub attempts: u32,
    /// [`InteractionError::NoticeUnreadable`], or that the key is gone ([`KeyError`]).
    pub cause: Error,
}

/// The queue of one tenant.
pub(crate) struct Notices {
    store: Arc<dyn NoticeStore>,
    keys: Arc<Keyring>,
    tenant: TenantId,
}

impl Notices {
    pub(crate) fn new(store: Arc<dyn NoticeStore>, keys: Arc<Keyring>, tenant: TenantId) -> Self {
        Self { store, keys, tenant }
    }

    /// Adds a notice. It is on stable storage when this returns.
    pub(crate) fn queue(&self, account: &AccountId, notice: &Notice) -> Result<NoticeId, Error> {
        let id = NoticeId::from_bytes(rng::make_array().map_err(|_| KeyError::Random)?);
        let entry = self.seal(&id, account, notice)?;
        self.store.push(&id, &entry, notice.at, MAX_QUEUED_NOTICES)?;
        Ok(id)
    }

    /// Claims at most so many notices for [`NOTICE_LEASE`].
    pub(crate) fn claim(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Result<QueuedNotice, UnreadableNotice>>, StoreError> {
        let claimed = self.store.claim(now, now.plus(NOTICE_LEASE), limit)?;
        Ok(claimed.iter().map(|stored| self.open(stored)).collect())
    }

    /// The notice with this id, if it is in the queue.
    pub(crate) fn find(
        &self,
        id: &NoticeId,
    ) -> Result<Option<Result<QueuedNotice, UnreadableNotice>>, StoreError> {
        Ok(self.store.get(id)?.map(|stored| self.open(&stored)))
    }

    /// Puts off the notice whose attempt of this number failed. `false`: it is somebody else's by
    /// now, or gone.
    pub(crate) fn put_off(&self, id: &NoticeId, attempts: u32, now: Timestamp) -> Result<bool, StoreError> {
        self.store.put_off(id, attempts, now, now.plus(back_off(attempts)))
    }

    pub(crate) fn remove(&self, id: &NoticeId) -> Result<bool, StoreError> {
        self.store.remove(id)
    }

    pub(crate) fn count(&self) -> Result<usize, StoreError> {
        self.store.count()
    }

    /// How many notices are sealed under this version of the data root.
    pub(crate) fn count_under(&self, version: u32) -> Result<u64, StoreError> {
        let (mut count, mut after): (u64, Option<NoticeId>) = (0, None);
        loop {
            let page = self.store.entries_after(after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { return Ok(count) };
            after = Some(last.id);
            let under = page.iter().filter_map(|stored| Entry::of(&stored.entry).filter(has_its_length));
            let under = under.filter(|parts| parts.version == version).count();
            count = count.saturating_add(u64::try_from(under).unwrap_or(u64::MAX));
        }
    }

    fn seal(&self, id: &NoticeId, account: &AccountId, notice: &Notice) -> Result<Vec<u8>, KeyError> {
        let version = self.keys.active_version();
        let (key, aad) = (self.entry_key(id, version)?, self.aad(id, version));
        let sealed = entry::seal(&key, version, aad.as_bytes(), encode(account, notice));
        sealed.map_err(|_| KeyError::Random)
    }

    fn open(&self, stored: &StoredNotice) -> Result<QueuedNotice, UnreadableNotice> {
        let StoredNotice { id, ref entry, attempts } = *stored;
        let (account, notice) =
            self.open_entry(&id, entry).map_err(|cause| UnreadableNotice { id, attempts, cause })?;
        Ok(QueuedNotice { id, account, notice, attempts })
    }

    fn open_entry(&self, id: &NoticeId, entry: &[u8]) -> Result<(AccountId, Notice), Error> {
        let unreadable = || Error::from(InteractionError::NoticeUnreadable);
        let entry = Entry::of(entry).filter(has_its_length).ok_or_else(unreadable)?;
        let (key, aad) = (self.entry_key(id, entry.version)?, self.aad(id, entry.version));
        let plain = entry.open(&key, aad.as_bytes()).map_err(|_| unreadable())?;
        decode(&plain).ok_or_else(unreadable)
    }

    /// A key for each entry: its nonces never come near 2^32.
    fn entry_key(&self, id: &NoticeId, version: u32) -> Result<AeadKey, KeyError> {
        let key = Prk::from_key(self.keys.notice_key(&self.tenant, version)?);
        Ok(AeadKey::new(&key.expand(Tuple::new(LABEL).with(id.as_bytes()).as_bytes())))
    }

    fn aad(&self, id: &NoticeId, version: u32) -> Tuple {
        let tuple = Tuple::new(LABEL).with(self.tenant.as_str().as_bytes());
        tuple.with(id.as_bytes()).with(&version.to_be_bytes())
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notices(..)")
    }
}

/// Silent: what is known of an account is the customer's.
impl fmt::Debug for NoticeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoticeAddress(..)")
    }
}

fn has_its_length(entry: &Entry<'_>) -> bool {
    [PLAIN_LEN, TRANSACTION_LEN].contains(&entry.plain_len())
}

/// The wait after the attempt of this number failed.
fn back_off(attempts: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
    NOTICE_BACK_OFF.saturating_mul(doubled).min(NOTICE_BACK_OFF_MAX)
}

/// The plaintext of an entry, built in place: the account id leaves no copy behind.
fn encode(account: &AccountId, notice: &Notice) -> Zeroizing<Vec<u8>> {
    let (len, kind) = match &notice.transaction {
        None => (PLAIN_LEN, 0),
        Some(_) => (TRANSACTION_LEN, OF_TRANSACTION),
    };
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    out.extend([notice.action.code(), kind | u8::from(notice.before)]);
    out.extend(notice.at.as_micros().to_be_bytes());
    out.extend(notice.interaction);
    if let Some(TransactionNotice { about, id, channel, not_before }) = &notice.transaction {
        out.extend([about.code(), channel.code()]);
        out.extend(id);
        out.extend(not_before.as_micros().to_be_bytes());
    }
    // EXPOSE: sealed by the caller; the buffer is wiped and does not grow.
    put_str8(&mut out, account.expose());
    match &notice.address {
        None => out.push(0),
        Some(NoticeAddress { id, of_record }) => {
            out.push(if *of_record { 2 } else { 1 });
            put_str8(&mut out, id.as_str());
        }
    }
    out.resize(len, 0);
    out
}

/// `None` if the plaintext is not exactly one notice.
fn decode(plain: &[u8]) -> Option<(AccountId, Notice)> {
    let ([action, kind], rest) = plain.split_first_chunk()?;
    let action = Action::from_code(*action)?;
    let (before, is_of_transaction) = match *kind {
        0 => (false, false),
        1 => (true, false),
        OF_TRANSACTION => (false, true),
        3 => (true, true),
        _ => return None,
    };
    if plain.len() != if is_of_transaction { TRANSACTION_LEN } else { PLAIN_LEN } {
        return None;
    }
    let (at, rest) = take_time(rest)?;
    let (interaction, rest) = rest.split_first_chunk()?;
    let (transaction, rest) = if is_of_transaction {
        let ([about, channel], rest) = rest.split_first_chunk()?;
        let (about, channel) = (NoticeAbout::from_code(*about)?, ContactChannel::from_code(*channel)?);
        let (id, rest) = rest.split_first_chunk()?;
        let (not_before, rest) = take_time(rest)?;
        (Some(TransactionNotice { about, id: *id, channel, not_before }), rest)
    } else {
        (None, rest)
    };
    let (account, rest) = take_str8(rest)?;
    let account = AccountId::new(account).ok()?;
    let (kind, rest) = rest.split_first()?;
    let (address, padding) = match kind {
        0 => (None, rest),
        1 | 2 => {
            let (id, rest) = take_str8(rest)?;
            (Some(NoticeAddress { id: ContactPointId::new(id).ok()?, of_record: *kind == 2 }), rest)
        }
        _ => return None,
    };
    let notice = Notice { action, before, at, interaction: *interaction, address, transaction };
    padding.iter().all(|byte| *byte == 0).then_some((account, notice))
}

fn take_time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (at, rest) = bytes.split_first_chunk()?;
    Some((Timestamp::from_micros(u64::from_be_bytes(*at)), rest))
}

/// For fuzzing: reads the plaintext of an entry and writes it again; `None` where it is refused.
#[cfg(feature = "testing")]
pub(crate) fn recode_for_testing(plain: &[u8]) -> Option<Vec<u8>> {
    decode(plain).map(|(account, notice)| encode(&account, &notice).to_vec())
}

#[cfg(test)]
pub(crate) mod tests;
