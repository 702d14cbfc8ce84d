//! The secrets of accounts: 32 random bytes each, that the keys of an account take in. Without its
//! secret, nothing that was sealed under it opens again (`docs/spec/subject-store-v1.md`). The days after
//! which values are to be deleted have secrets too.
//!
//! Rules: a secret exists outside this process only wrapped, and bound to its account and epoch; it is made
//! once, by the first who seals, and never again by accident after an erasure; it is asked for in the store
//! each time, and kept nowhere, so that an erasure holds at once for every process.
//!
//! Security note: who can write the store can put an older row back. Destroying the version of the subject
//! branch that it is wrapped under ends that, and every backup copy.

mod dated;
mod entry;
mod store;

#[cfg(test)]
pub(crate) mod tests;

use core::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{KeyBranch, Keyring};
use crate::error::{Error, KeyError, StoreError, SubjectError};
use crate::hazmat::framing;
use crate::hazmat::mac::MacKey;
use crate::hazmat::{Key32, equal, rng, wrap};
use crate::vocabulary::{AccountId, CivilDate, TenantId, Timestamp};

pub(crate) use dated::{Day, delete_after};
#[cfg(feature = "testing")]
pub(crate) use entry::recode_for_testing;
pub(crate) use entry::{Erasure, ErasureStep, MAX_COLUMNS};
pub use store::{MemorySubjectStore, SubjectExchange, SubjectRef, SubjectStore};

use dated::{Dated, MAX_EPOCH};
use entry::Entry;

const SECRET_LABEL: &str = "cpni-guard/v1/subject-secret";
const ENTRY_LABEL: &str = "cpni-guard/v1/subject-entry";
/// Rows that are read at once.
const PAGE: usize = 500;
/// How often a change is tried that others were faster than.
const TRIES: u32 = 64;
/// How many days back are looked at for what is due: ten years. Each costs one read.
const DAYS_LOOKED_AT: u16 = 3_660;

/// The secrets of one tenant's accounts.
pub(crate) struct Subjects {
    store: Arc<dyn SubjectStore>,
    keys: Arc<Keyring>,
    tenant: TenantId,
    references: MacKey,
    /// Of the MACs over what is kept.
    state: MacKey,
}

/// What has a secret.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    Account(&'a AccountId),
    /// All values of all accounts that are to be deleted after it.
    Day(Day),
}

/// A secret, wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrapped {
    /// Of the subject branch.
    pub(super) key_version: u32,
    pub(super) bytes: Vec<u8>,
}

/// What is kept of an account, and the bytes that say so.
struct Row {
    entry: Entry,
    bytes: Vec<u8>,
}

impl Subjects {
    /// Fails with [`KeyError::NoBranch`] for a keyring from before there was the branch: rotating it makes
    /// its first version.
    pub(crate) fn new(
        store: Arc<dyn SubjectStore>,
        keys: Arc<Keyring>,
        tenant: TenantId,
    ) -> Result<Self, KeyError> {
        keys.active_of(KeyBranch::Subject)?;
        let (references, state) = (keys.reference_key(&tenant), keys.state_key(&tenant));
        Ok(Self { store, keys, tenant, references, state })
    }

    /// The epoch and secret under which an account is sealed, for good or until the end of a UTC day. The
    /// first who asks makes them.
    ///
    /// Fails with [`SubjectError::Erased`] for an account that was erased: only [`Subjects::readmit`]
    /// gives it another; with [`SubjectError::DeleteAfter`] for a day that is over.
    pub(crate) fn to_seal(
        &self,
        account: &AccountId,
        delete_after: Option<CivilDate>,
        now: Timestamp,
    ) -> Result<(u32, Key32), Error> {
        let account = Subject::Account(account);
        let Some(date) = delete_after else { return self.made(account) };
        let day = Day::of(date).filter(|day| *day >= Day::today(now)).ok_or(SubjectError::DeleteAfter)?;
        let (epoch, of_account) = self.made(account)?;
        let dated = Dated::new(epoch, day)?;
        // Erased already: by somebody whose clock is ahead.
        let of_day = self.made(Subject::Day(day));
        let (_, of_day) = of_day.map_err(|failed| instead_of_erased(failed, SubjectError::DeleteAfter))?;
        Ok((dated.to_epoch(), dated.secret(&of_account, &of_day)))
    }

    /// The secret of an epoch.
    ///
    /// Fails with [`SubjectError::Erased`]; with [`SubjectError::Missing`] for an epoch that never was; with
    /// [`SubjectError::PastDeleteAfter`].
    pub(crate) fn secret(&self, account: &AccountId, epoch: u32, now: Timestamp) -> Result<Key32, Error> {
        let look = |of: &SubjectRef, epoch, wrapped: &Wrapped| self.unwrap(of, epoch, wrapped);
        Ok(match self.looked_at(account, epoch, now, look)? {
            (of_account, None) => of_account,
            (of_account, Some((dated, of_day))) => dated.secret(&of_account, &of_day),
        })
    }

    /// Whether the secret of an epoch is still there, without unwrapping it. Fails as
    /// [`Subjects::secret`].
    pub(crate) fn check_alive(&self, account: &AccountId, epoch: u32, now: Timestamp) -> Result<(), Error> {
        self.looked_at(account, epoch, now, |_, _, _| Ok(())).map(drop)
    }

    /// The days that are over and have a secret yet, or an erasure that was broken off.
    pub(crate) fn days_due(&self, now: Timestamp) -> Result<Vec<Day>, Error> {
        let mut due = Vec::new();
        for day in Day::today(now).before(DAYS_LOOKED_AT) {
            let is_due = match self.row(&self.reference(Subject::Day(day)))?.map(|row| row.entry) {
                Some(Entry::Alive { .. }) => true,
                Some(Entry::Erasing { erasure, .. }) => erasure.step < ErasureStep::Scrubbed,
                None => false,
            };
            if is_due {
                due.push(day);
            }
        }
        Ok(due)
    }

    /// The epoch and secret that a subject has now. The first who asks makes them.
    fn made(&self, of: Subject<'_>) -> Result<(u32, Key32), Error> {
        let (first, of) = (of.first_epoch(), self.reference(of));
        for _ in 0..TRIES {
            if let Some(row) = self.row(&of)? {
                let (epoch, wrapped) = row.entry.alive().ok_or(SubjectError::Erased)?;
                return Ok((epoch, self.unwrap(&of, epoch, wrapped)?));
            }
            let (secret, wrapped) = self.make(&of, first)?;
            if self.swap(&of, None, &Entry::Alive { epoch: first, secret: wrapped })? {
                return Ok((first, secret));
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Looks at every secret that bytes of an epoch need: the account's, and its day's where it has one. Fails
    /// as [`Subjects::secret`].
    fn looked_at<T>(
        &self,
        account: &AccountId,
        epoch: u32,
        now: Timestamp,
        look: impl Fn(&SubjectRef, u32, &Wrapped) -> Result<T, Error>,
    ) -> Result<(T, Option<(Dated, T)>), Error> {
        let alive = |of: Subject<'_>, epoch| {
            let of = self.reference(of);
            let row = self.row(&of)?;
            look(&of, epoch, alive_at(row.as_ref(), epoch)?)
        };
        let account = Subject::Account(account);
        let Some(dated) = Dated::of(epoch) else { return Ok((alive(account, epoch)?, None)) };
        dated.check(now)?;
        let of_account = alive(account, dated.epoch)?;
        let of_day = alive(Subject::Day(dated.day), dated.day.row_epoch());
        let of_day = of_day.map_err(|failed| instead_of_erased(failed, SubjectError::PastDeleteAfter))?;
        Ok((of_account, Some((dated, of_day))))
    }

    /// Begins an erasure, or says how far it is. From here on the secret is given to nobody; it is still
    /// there, wrapped.
    pub(crate) fn begin_erasure(&self, of: Subject<'_>, begun: &Erasure) -> Result<Erasure, Error> {
        let (first, of) = (of.first_epoch(), self.reference(of));
        for _ in 0..TRIES {
            let row = self.row(&of)?;
            let erasing = match row.as_ref().map(|row| &row.entry) {
                Some(Entry::Erasing { erasure, .. }) => return Ok(erasure.clone()),
                Some(Entry::Alive { epoch, secret }) => {
                    let version = secret.key_version;
                    let erasure = Erasure { epoch: *epoch, key_version: version, ..begun.clone() };
                    Entry::Erasing { secret: Some(secret.clone()), erasure }
                }
                // Nothing was ever sealed under a secret; now nothing will be.
                None => {
                    let erasure = Erasure { epoch: first, key_version: 0, ..begun.clone() };
                    Entry::Erasing { secret: None, erasure }
                }
            };
            if let Entry::Erasing { erasure, .. } = &erasing
                && self.swap(&of, row.as_ref(), &erasing)?
            {
                return Ok(erasure.clone());
            }
        }
        Err(StoreError::Busy.into())
    }

    /// How far an erasure is; `None` if it was not begun.
    pub(crate) fn erasure(&self, of: Subject<'_>) -> Result<Option<Erasure>, Error> {
        let row = self.row(&self.reference(of))?;
        Ok(row.and_then(|row| match row.entry {
            Entry::Erasing { erasure, .. } => Some(erasure),
            Entry::Alive { .. } => None,
        }))
    }

    /// Takes the next step of an erasure down: `next` in the place of `before`. The secret is gone from
    /// the first step on that is behind [`ErasureStep::Begun`]. `false`: somebody else was faster.
    pub(crate) fn advance_erasure(
        &self,
        of: Subject<'_>,
        before: &Erasure,
        next: &Erasure,
    ) -> Result<bool, Error> {
        let of = self.reference(of);
        let Some(row) = self.row(&of)? else { return Err(SubjectError::NotErased.into()) };
        let Entry::Erasing { secret, erasure } = &row.entry else {
            return Err(SubjectError::NotErased.into());
        };
        if erasure != before {
            return Ok(false);
        }
        let secret = if next.step == ErasureStep::Begun { secret.clone() } else { None };
        self.swap(&of, Some(&row), &Entry::Erasing { secret, erasure: next.clone() })
    }

    /// Leaves nothing of replaced rows in the files of the store.
    pub(crate) fn scrub(&self) -> Result<(), Error> {
        Ok(self.store.scrub()?)
    }

    /// Gives an erased account a new secret, under the next epoch. Fails with [`SubjectError::NotErased`],
    /// [`SubjectError::Outstanding`].
    pub(crate) fn readmit(&self, account: &AccountId) -> Result<u32, Error> {
        let of = self.reference(Subject::Account(account));
        let row = self.row(&of)?.ok_or(SubjectError::NotErased)?;
        let Entry::Erasing { erasure, .. } = &row.entry else { return Err(SubjectError::NotErased.into()) };
        let epoch = epoch_after(erasure)?;
        let (_, secret) = self.make(&of, epoch)?;
        let taken = self.swap(&of, Some(&row), &Entry::Alive { epoch, secret })?;
        if taken { Ok(epoch) } else { Err(StoreError::Busy.into()) }
    }

    /// The epoch that a readmission would begin. Fails as [`Subjects::readmit`].
    pub(crate) fn next_epoch(&self, account: &AccountId) -> Result<u32, Error> {
        Ok(epoch_after(&self.erasure(Subject::Account(account))?.ok_or(SubjectError::NotErased)?)?)
    }

    /// How many secrets are wrapped under a version of the subject branch.
    pub(crate) fn count_under(&self, version: u32) -> Result<u64, Error> {
        let mut count: u64 = 0;
        self.each(|row| {
            let is_under = row.entry.secret().is_some_and(|secret| secret.key_version == version);
            count = count.saturating_add(is_under.into());
        })?;
        Ok(count)
    }

    /// How many erasures are begun and not yet confirmed.
    pub(crate) fn count_unfinished(&self) -> Result<u64, Error> {
        let mut count: u64 = 0;
        self.each(|row| {
            let unfinished = matches!(&row.entry, Entry::Erasing { erasure, .. }
                if erasure.step != ErasureStep::Confirmed);
            count = count.saturating_add(unfinished.into());
        })?;
        Ok(count)
    }

    /// Wraps every secret under the active version that is under another. May be broken off and begun
    /// again. Gives back how many it moved; those that others changed meanwhile are left to the next time.
    pub(crate) fn rewrap(&self) -> Result<u64, Error> {
        let active = self.keys.active_of(KeyBranch::Subject)?;
        let mut moved: u64 = 0;
        self.each_page(|page| {
            let exchanges = page.into_iter().map(|(of, row)| self.rewrapped(of, row, active));
            let exchanges = exchanges.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
            if !exchanges.is_empty() {
                moved = moved.saturating_add(self.store.swap_all(&exchanges)?);
            }
            Ok(())
        })?;
        self.store.scrub()?;
        Ok(moved)
    }

    /// `None` where there is nothing to move.
    fn rewrapped(&self, of: SubjectRef, row: Row, active: u32) -> Result<Option<SubjectExchange>, Error> {
        let Some(secret) = row.entry.secret().filter(|secret| secret.key_version != active) else {
            return Ok(None);
        };
        let epoch = row.entry.epoch();
        let plain = self.unwrap(&of, epoch, secret)?;
        let entry = row.entry.with_secret(self.wrap(&of, epoch, active, &plain)?);
        Ok(Some(SubjectExchange { of, old: row.bytes, new: self.write(&of, &entry) }))
    }

    fn each(&self, mut look: impl FnMut(&Row)) -> Result<(), Error> {
        self.each_page(|page| {
            page.iter().for_each(|(_, row)| look(row));
            Ok(())
        })
    }

    fn each_page(
        &self,
        mut look: impl FnMut(Vec<(SubjectRef, Row)>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut after: Option<SubjectRef> = None;
        loop {
            let page = self.store.entries_after(after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(*last);
            let read = page.into_iter().map(|(of, bytes)| Ok((of, self.read(&of, bytes)?)));
            look(read.collect::<Result<_, Error>>()?)?;
        }
    }

    fn row(&self, of: &SubjectRef) -> Result<Option<Row>, Error> {
        self.store.entry(of)?.map(|bytes| self.read(of, bytes)).transpose()
    }

    fn read(&self, of: &SubjectRef, bytes: Vec<u8>) -> Result<Row, Error> {
        let (content, mac) = bytes.split_last_chunk::<32>().ok_or(SubjectError::Damaged)?;
        if !equal(&self.mac(of, content), mac) {
            return Err(SubjectError::Damaged.into());
        }
        let entry = Entry::decode(content).ok_or(SubjectError::Damaged)?;
        Ok(Row { entry, bytes })
    }

    fn swap(&self, of: &SubjectRef, old: Option<&Row>, new: &Entry) -> Result<bool, Error> {
        Ok(self.store.swap(of, old.map(|row| row.bytes.as_slice()), &self.write(of, new))?)
    }

    fn write(&self, of: &SubjectRef, entry: &Entry) -> Vec<u8> {
        let mut bytes = entry.encode();
        bytes.extend(self.mac(of, &bytes));
        bytes
    }

    fn mac(&self, of: &SubjectRef, content: &[u8]) -> [u8; 32] {
        self.state.mac_tuple(&[ENTRY_LABEL.as_bytes(), of.as_bytes(), content])
    }

    fn make(&self, of: &SubjectRef, epoch: u32) -> Result<(Key32, Wrapped), Error> {
        let secret = rng::make_key().map_err(|_| KeyError::Random)?;
        let wrapped = self.wrap(of, epoch, self.keys.active_of(KeyBranch::Subject)?, &secret)?;
        Ok((secret, wrapped))
    }

    fn wrap(&self, of: &SubjectRef, epoch: u32, version: u32, secret: &Key32) -> Result<Wrapped, Error> {
        let mut plain = place(of, epoch);
        plain.extend_from_slice(secret.bytes());
        let key = self.keys.subject_key(&self.tenant, version)?;
        let bytes = wrap::wrap(&key, &plain).map_err(|_| KeyError::Provider)?;
        Ok(Wrapped { key_version: version, bytes })
    }

    fn unwrap(&self, of: &SubjectRef, epoch: u32, wrapped: &Wrapped) -> Result<Key32, Error> {
        let key = self.keys.subject_key(&self.tenant, wrapped.key_version)?;
        let plain = wrap::unwrap(&key, &wrapped.bytes).map_err(|_| SubjectError::Damaged)?;
        let secret = plain.strip_prefix(place(of, epoch).as_slice());
        let secret: &[u8; 32] = secret.and_then(|s| s.try_into().ok()).ok_or(SubjectError::Damaged)?;
        Key32::filled_by(|out| {
            *out = *secret;
            Ok(())
        })
    }

    /// The keyed reference under which the store knows a subject.
    fn reference(&self, of: Subject<'_>) -> SubjectRef {
        let label = b"cpni-guard/v1/reference";
        SubjectRef::from_pseudonym(match of {
            // EXPOSE: into a keyed MAC.
            Subject::Account(account) => {
                self.references.mac_tuple(&[label, b"subject", account.expose().as_bytes()])
            }
            Subject::Day(day) => self.references.mac_tuple(&[label, b"delete-after", &day.to_be_bytes()]),
        })
    }

    /// Puts a given secret into the store: for vectors.
    #[cfg(test)]
    pub(crate) fn put_for_testing(&self, account: &AccountId, epoch: u32, secret: &Key32) {
        let of = self.reference(Subject::Account(account));
        let version = self.keys.active_of(KeyBranch::Subject).unwrap();
        let secret = self.wrap(&of, epoch, version, secret).unwrap();
        let row = self.row(&of).unwrap();
        assert!(self.swap(&of, row.as_ref(), &Entry::Alive { epoch, secret }).unwrap());
    }
}

impl Subject<'_> {
    fn first_epoch(self) -> u32 {
        match self {
            Self::Account(_) => 1,
            Self::Day(day) => day.row_epoch(),
        }
    }
}

impl Erasure {
    /// The day whose secret goes; `None`: it is an account's.
    pub(crate) fn delete_after(&self) -> Option<CivilDate> {
        Day::of_row(self.epoch).and_then(Day::date)
    }
}

impl fmt::Debug for Subjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subjects(..)")
    }
}

/// The epoch that a readmission after this erasure begins.
fn epoch_after(erasure: &Erasure) -> Result<u32, SubjectError> {
    if erasure.step != ErasureStep::Confirmed {
        return Err(SubjectError::Outstanding { columns: erasure.columns.len() });
    }
    if erasure.epoch >= MAX_EPOCH {
        Err(SubjectError::TooManyEpochs)
    } else {
        Ok(erasure.epoch.saturating_add(1))
    }
}

/// What a day that was erased means for what was sealed until then.
fn instead_of_erased(failed: Error, meant: SubjectError) -> Error {
    if failed == SubjectError::Erased.into() { meant.into() } else { failed }
}

/// The secret of this epoch, if the subject is alive in it.
fn alive_at(row: Option<&Row>, epoch: u32) -> Result<&Wrapped, SubjectError> {
    let row = row.ok_or(SubjectError::Missing)?;
    match row.entry.alive() {
        Some((now, secret)) if now == epoch => Ok(secret),
        // Of before it was readmitted.
        Some((now, _)) if epoch < now => Err(SubjectError::Erased),
        None if epoch <= row.entry.epoch() => Err(SubjectError::Erased),
        Some(_) | None => Err(SubjectError::Missing),
    }
}

/// What stands before the secret in the wrapped bytes: `tuple(label, reference, epoch, secret)` without
/// the secret's own 32 bytes.
fn place(of: &SubjectRef, epoch: u32) -> Zeroizing<Vec<u8>> {
    let mut place = Zeroizing::new(Vec::with_capacity(160));
    framing::push(&mut place, SECRET_LABEL.as_bytes());
    framing::push(&mut place, of.as_bytes());
    framing::push(&mut place, &epoch.to_be_bytes());
    place.extend_from_slice(&32_u32.to_be_bytes());
    place
}
