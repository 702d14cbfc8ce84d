//! Sealing again under the active key what the host has stored: in batches, with a report.
//!
//! Rules: opened and sealed inside the library, bound to the same account, record and field; no plaintext
//! leaves; what is current already is left as it is, so that a pass can be begun again at any time.
//!
//! Security note: it discloses nothing, and it works on every customer: for the back end only. A batch
//! is recorded before its bytes are given back.

use core::fmt;
use std::collections::BTreeMap;

use crate::audit::LogId;
use crate::envelope::{SealedAgain, Stored};
use crate::error::{Error, KeyError, SealedError};
use crate::keys::{AccountKeys, KeyBranch, KeyState};
use crate::vocabulary::{AccountId, BasisId, CivilDate, EventKind, Timestamp};

use super::Guard;

/// What became of one record or field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reseal {
    /// It was sealed again: store this in its place.
    Done(Resealed),
    /// It is sealed under the active key.
    AlreadyCurrent,
}

/// A record or field that was sealed again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resealed {
    /// What to store. It opens with the same account and record id as before.
    pub bytes: SealedAgain,
    /// What it was sealed under.
    pub from: SealedUnder,
    /// What it is sealed under now.
    pub to: SealedUnder,
}

/// What bytes are sealed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedUnder {
    /// The version of the data root.
    pub key_version: u32,
    /// The epoch of the account's secret; 0: none.
    pub subject_epoch: u32,
}

/// A pass over what the host has stored: from [`Guard::reseal_job`].
///
/// A pass that was broken off is begun again from the start, or from where the host's cursor stood: what is
/// current costs a look at its head. Only a pass over everything shows that a version is not needed.
pub struct ResealJob {
    guard: Guard,
    report: ResealReport,
}

/// The keys of the account that came last: rows of one account mostly stand together. For one batch, so
/// that what another process rotates or erases is seen at the next.
#[derive(Default)]
struct LastKeys {
    /// And the day after which its row is to be deleted.
    account: Option<(AccountId, Option<CivilDate>)>,
    to: Option<AccountKeys>,
    from: Vec<AccountKeys>,
}

/// What a pass found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResealReport {
    began: Timestamp,
    log: LogId,
    /// Versions of the data root that did not seal any more when the pass began.
    idle: Vec<u32>,
    found: BTreeMap<u32, u64>,
    resealed: u64,
    current: u64,
    failed: BTreeMap<u16, u64>,
    unreadable: u64,
    without_secret: u64,
    is_whole: bool,
}

impl Guard {
    /// Seals a record or field again under the active key, if it is not. One event each: for many,
    /// [`Guard::reseal_job`].
    ///
    /// # Errors
    /// [`crate::error::SealedError`] or [`KeyError`] if it does not open: it was moved, changed, or its
    /// key is gone; [`crate::error::AuditError`]: nothing is given back.
    pub fn reseal<'s>(&self, account: &AccountId, sealed: impl Into<Stored<'s>>) -> Result<Reseal, Error> {
        let mut done = self.reseal_job().batch([(account, sealed.into())])?;
        // INVARIANT: one in, one out.
        done.pop().unwrap_or_else(|| Err(SealedError::Content.into()))
    }

    /// Begins a pass over what the host has stored.
    #[must_use]
    pub fn reseal_job(&self) -> ResealJob {
        let idle = self.0.keys.versions().filter(|id| id.branch == KeyBranch::Data);
        let idle = idle.filter(|id| id.state != KeyState::Active).map(|id| id.version);
        let report = ResealReport {
            began: self.now(),
            log: self.0.audit.id(),
            idle: idle.collect(),
            found: BTreeMap::new(),
            resealed: 0,
            current: 0,
            failed: BTreeMap::new(),
            unreadable: 0,
            without_secret: 0,
            is_whole: false,
        };
        ResealJob { guard: self.clone(), report }
    }
}

impl ResealJob {
    /// Seals again what is not sealed under the active key: a result for each, in their order. That it was
    /// done, and how often, is recorded before anything is given back; a batch of which nothing had to be
    /// opened is not recorded.
    ///
    /// # Errors
    /// [`crate::error::AuditError`] if the batch could not be recorded: nothing is given back, nothing is
    /// counted, and the batch may be handed in again.
    pub fn batch<'a>(
        &mut self,
        items: impl IntoIterator<Item = (&'a AccountId, Stored<'a>)>,
    ) -> Result<Vec<Result<Reseal, Error>>, Error> {
        let mut counted = self.report.clone();
        let (mut done, mut last) = (Vec::new(), LastKeys::default());
        for (account, stored) in items {
            let one = last.reseal(&self.guard, account, &stored);
            counted.count(&stored, &one);
            done.push(one);
        }
        let resealed = counted.resealed.saturating_sub(self.report.resealed);
        let failed = counted.failures().saturating_sub(self.report.failures());
        if resealed > 0 || failed > 0 {
            let active = self.guard.0.keys.active_version();
            let current = counted.current.saturating_sub(self.report.current);
            let mut facts = self.guard.event(EventKind::Resealed, self.guard.now());
            let basis = format!("to:{active},resealed:{resealed},current:{current},failed:{failed}");
            facts.basis = Some(BasisId::new(basis)?);
            self.guard.0.audit.record(facts, None)?;
        }
        self.report = counted;
        Ok(done)
    }

    /// Counts something else that hangs under a version of the data root: a row with terms of the index.
    pub fn found(&mut self, version: u32) {
        self.report.add_found(version);
    }

    /// Counts something stored that is not sealed bytes at all, or that could not be read: a pass with
    /// such shows for no version that it is not needed.
    pub fn found_unreadable(&mut self) {
        self.report.unreadable = self.report.unreadable.saturating_add(1);
    }

    /// What was found and done so far.
    #[must_use]
    pub const fn progress(&self) -> &ResealReport {
        &self.report
    }

    /// The host says that this pass saw everything that it has stored under these keys: every row of every
    /// table and copy that it means to open again.
    #[must_use]
    pub fn finish(self) -> ResealReport {
        ResealReport { is_whole: true, ..self.report }
    }
}

impl LastKeys {
    fn reseal(&mut self, guard: &Guard, account: &AccountId, stored: &Stored<'_>) -> Result<Reseal, Error> {
        let from = SealedUnder { key_version: stored.key_version(), subject_epoch: stored.subject_epoch() };
        if guard.is_current(from) {
            return Ok(Reseal::AlreadyCurrent);
        }
        let delete_after = stored.delete_after();
        if self.account.as_ref().is_none_or(|(last, day)| last != account || *day != delete_after) {
            *self = Self { account: Some((account.clone(), delete_after)), ..Self::default() };
        }
        let is_it =
            |keys: &AccountKeys| (keys.version(), keys.epoch()) == (from.key_version, from.subject_epoch);
        if !self.from.iter().any(is_it) {
            self.from.push(guard.keys_of(account, from.key_version, from.subject_epoch)?);
        }
        let to_keys = match &mut self.to {
            Some(keys) => keys,
            none => none.insert(guard.keys_to_seal(account, delete_after)?),
        };
        let from_keys = self.from.iter().find(|keys| is_it(keys)).ok_or(SealedError::Commitment)?;
        let to = SealedUnder { key_version: to_keys.version(), subject_epoch: to_keys.epoch() };
        let bytes = stored.reseal(from_keys, to_keys, &guard.0.tenant, account)?;
        Ok(Reseal::Done(Resealed { bytes, from, to }))
    }
}

impl ResealReport {
    /// When the pass began.
    #[must_use]
    pub const fn began(&self) -> Timestamp {
        self.began
    }

    /// How many rows the pass found under a version of the data root, before it did anything.
    #[must_use]
    pub fn found_under(&self, version: u32) -> u64 {
        self.found.get(&version).copied().unwrap_or(0)
    }

    /// The versions that something was found under, and how much.
    pub fn found(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.found.iter().map(|(version, count)| (*version, *count))
    }

    /// How many were sealed again.
    #[must_use]
    pub const fn resealed(&self) -> u64 {
        self.resealed
    }

    /// How many were current.
    #[must_use]
    pub const fn current(&self) -> u64 {
        self.current
    }

    /// The causes of failures, and how often each.
    pub fn failed(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        self.failed.iter().map(|(cause, count)| (*cause, *count))
    }

    /// How many were sealed without a secret of their account before the pass did anything: an erasure
    /// does not reach them ([`Guard::erase`]).
    #[must_use]
    pub const fn without_secret(&self) -> u64 {
        self.without_secret
    }

    /// How many were no sealed bytes, or could not be read.
    #[must_use]
    pub const fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Whether this pass shows that nothing of the host's needs a version: it was a whole one, began after
    /// the version had ceased to seal, could read everything, and found nothing under it. A pass that
    /// sealed something again shows it for no version that it found: the host may not have stored it.
    #[must_use]
    pub fn shows_unneeded(&self, version: u32) -> bool {
        self.check_unneeded(version, self.log).is_ok()
    }

    pub(super) fn check_unneeded(&self, version: u32, log: LogId) -> Result<(), KeyError> {
        match self.found_under(version) {
            0 => {}
            uses => return Err(KeyError::InUse { version, uses }),
        }
        let shows = self.is_whole && self.unreadable == 0 && self.log == log && self.idle.contains(&version);
        if shows { Ok(()) } else { Err(KeyError::NotSurveyed { version }) }
    }

    fn failures(&self) -> u64 {
        self.failed.values().fold(0, |all, count| all.saturating_add(*count))
    }

    fn add_found(&mut self, version: u32) {
        let found = self.found.entry(version).or_default();
        *found = found.saturating_add(1);
    }

    fn count(&mut self, stored: &Stored<'_>, one: &Result<Reseal, Error>) {
        self.add_found(stored.key_version());
        self.without_secret = self.without_secret.saturating_add(u64::from(stored.subject_epoch() == 0));
        let count = match one {
            Ok(Reseal::Done(_)) => &mut self.resealed,
            Ok(Reseal::AlreadyCurrent) => &mut self.current,
            Err(failed) => self.failed.entry(failed.code().get()).or_default(),
        };
        *count = count.saturating_add(1);
    }
}

impl fmt::Debug for ResealJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResealJob").field("report", &self.report).finish_non_exhaustive()
    }
}
