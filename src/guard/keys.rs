//! The life of the root keys, seen from the guard: each change is recorded before it is made.
//!
//! Security note: whoever can call these holds the key provider, and with it every key. They are for
//! the people who keep the keys, in the back end, and for no agent's tool.

use core::fmt;
use std::sync::PoisonError;

use crate::audit::{Actor, AuditLog};
use crate::error::{Error, KeyError, SubjectError};
use crate::interaction::AgentSession;
use crate::keys::{KeyBranch, KeyChange, KeyProvider, KeyVersion, Keyring};
use crate::oversight::{RecordKind, may_delete};
use crate::vocabulary::{BasisId, EventKind, Timestamp};

use super::builder::audit_roots;
use super::reseal::ResealReport;
use super::{Guard, Inner};

/// Rotates, retires and destroys root keys: from [`Guard::keys`].
///
/// The usual way of a data key: [`KeyDesk::rotate`]; [`KeyDesk::reload`] in every other process; seal
/// what is stored again ([`Guard::reseal_job`]); a second pass that finds nothing; [`KeyDesk::retire`],
/// and wait for what nobody thought of; [`KeyDesk::destroy`].
///
/// Of each change an event `keys_changed` is durable before it takes effect. If it fails after that, a
/// second one says so, with the cause.
#[derive(Clone)]
pub struct KeyDesk {
    guard: Guard,
    actor: Option<Actor>,
}

/// What shows that nothing needs a version of a root key, apart from what the library sees itself.
#[derive(Debug, Clone, Copy)]
pub enum Unneeded<'p> {
    /// For the data branch: a full pass over all that the host keeps, which found nothing under it.
    Rows(&'p ResealReport),
    /// For the audit branch: every other log that was written under this keyring, of other processes.
    Logs(&'p [&'p AuditLog]),
    /// For the other branches: only the library's own stores have anything under them.
    OwnStores,
}

/// What in the library's own stores needs a version of a root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Needs {
    /// Passwords, back-up answers, passcodes, and codes that are still good. One moves to the active
    /// version when the customer next shows it.
    pub secrets: u64,
    /// Notices that wait to be handed over.
    pub notices: u64,
    /// Entries of the token vault: [`Guard::reseal_tokens`] moves them.
    pub tokens: u64,
    /// 1 if columns of tokens have the version, now or as the one that is being replaced.
    pub columns: u64,
    /// Events of the audit log within their retention, or all of it if the version created it.
    pub events: u64,
    /// Secrets of accounts that are wrapped under it: [`KeyDesk::rewrap_subjects`] moves them.
    pub subjects: u64,
}

impl Needs {
    /// All together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        let sealed = self.secrets.saturating_add(self.notices).saturating_add(self.tokens);
        sealed.saturating_add(self.columns).saturating_add(self.events).saturating_add(self.subjects)
    }
}

impl Guard {
    /// The desk at which root keys are changed.
    #[must_use]
    pub fn keys(&self) -> KeyDesk {
        KeyDesk { guard: self.clone(), actor: None }
    }
}

impl KeyDesk {
    /// Has the events name who asks, as the host's directory knows them.
    ///
    /// # Errors
    /// [`crate::error::InteractionError::UnknownAgent`],
    /// [`crate::error::InteractionError::DirectoryUnavailable`].
    pub fn by(self, agent: &AgentSession) -> Result<Self, Error> {
        let actor = self.guard.actor_of(agent)?;
        Ok(Self { actor: Some(actor), ..self })
    }

    /// Every version of every branch in use, the destroyed ones too.
    #[must_use]
    pub fn versions(&self) -> Vec<KeyVersion> {
        self.guard.0.keys.versions().collect()
    }

    /// Makes a new version of a branch, which seals from now on in this process, and gives it back. What
    /// is stored is untouched: the version before opens it. Where the keyring is older than the branch,
    /// this makes its version 1.
    ///
    /// # Errors
    /// [`KeyError::NotRotated`] for the reference branch; [`KeyError::TooManyVersions`];
    /// [`KeyError::Changed`] if another process changed the keyring: reload; [`KeyError::Replaced`] if the
    /// provider's did not come of the one in use; the provider's errors: whether the change was stored
    /// then shows at [`KeyDesk::reload`]; [`crate::error::AuditError`]: nothing is changed.
    pub fn rotate(&self, provider: &dyn KeyProvider, branch: KeyBranch) -> Result<u32, Error> {
        self.change(provider, branch, KeyChange::Rotate)
    }

    /// Has a version open nothing more, until it is reinstated or destroyed: whatever still needs it
    /// shows as [`KeyError::Retired`]. Its key is kept.
    ///
    /// # Errors
    /// [`KeyError::StillActive`]; [`KeyError::WrongState`] if it is retired already;
    /// [`KeyError::InUse`] for the version that created this audit log; as [`KeyDesk::rotate`].
    pub fn retire(&self, provider: &dyn KeyProvider, branch: KeyBranch, version: u32) -> Result<(), Error> {
        if branch == KeyBranch::Audit && self.guard.0.audit.created_under() == version {
            // The log would not open again, and with it no guard that could reinstate the key.
            return Err(KeyError::InUse { version, uses: 1 }.into());
        }
        self.change(provider, branch, KeyChange::Retire(version)).map(drop)
    }

    /// Takes a retirement back.
    ///
    /// # Errors
    /// [`KeyError::WrongState`] if it is not retired; as [`KeyDesk::rotate`].
    pub fn reinstate(
        &self,
        provider: &dyn KeyProvider,
        branch: KeyBranch,
        version: u32,
    ) -> Result<(), Error> {
        self.change(provider, branch, KeyChange::Reinstate(version)).map(drop)
    }

    /// Destroys the key of a version, for good, where nothing needs it.
    ///
    /// Older copies of the keyring have the key still, for whoever has the wrapping key: they follow
    /// when they are destroyed.
    ///
    /// # Errors
    /// [`KeyError::StillActive`]; [`KeyError::InUse`] if something needs it: [`KeyDesk::needs`] says what;
    /// [`KeyError::NotSurveyed`] if `unneeded` is not what the branch asks for or shows less than it must;
    /// as [`KeyDesk::rotate`], and as [`KeyDesk::needs`].
    pub fn destroy(
        &self,
        provider: &dyn KeyProvider,
        branch: KeyBranch,
        version: u32,
        unneeded: Unneeded<'_>,
    ) -> Result<(), Error> {
        self.guard.0.keys.check_destroyable(branch, version)?;
        let others: &[&AuditLog] = match (branch, unneeded) {
            (KeyBranch::Data, Unneeded::Rows(report)) => {
                report.check_unneeded(version, self.guard.0.audit.id())?;
                &[]
            }
            (KeyBranch::Audit, Unneeded::Logs(others)) => others,
            (KeyBranch::Subject | KeyBranch::Token, Unneeded::OwnStores) => &[],
            (_, Unneeded::Rows(_) | Unneeded::Logs(_) | Unneeded::OwnStores) => {
                return Err(KeyError::NotSurveyed { version }.into());
            }
        };
        let uses = self.needs_with(branch, version, others)?.total();
        if uses > 0 {
            return Err(KeyError::InUse { version, uses }.into());
        }
        self.change(provider, branch, KeyChange::Destroy(version)).map(drop)
    }

    /// Takes over the keyring that the provider holds now, after another process changed it. `false`: it
    /// is the one in use, and nothing is recorded.
    ///
    /// # Errors
    /// [`KeyError::Replaced`] if it did not come of the one in use; as [`Keyring::open`];
    /// [`crate::error::AuditError`]: the one in use stays.
    pub fn reload(&self, provider: &dyn KeyProvider) -> Result<bool, Error> {
        let inner = &*self.guard.0;
        let _one = inner.keys_changing.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = inner.keys.reload(provider, || self.record("reload", 0))?;
        self.tell_rooms()?;
        Ok(changed)
    }

    /// Wraps the root keys by another provider, as [`Keyring::rewrap`]. Nothing that is sealed is touched.
    ///
    /// # Errors
    /// As [`Keyring::rewrap`]; [`crate::error::AuditError`]: nothing is wrapped.
    pub fn rewrap(&self, old: &dyn KeyProvider, new: &dyn KeyProvider) -> Result<(), Error> {
        self.record("rewrap", 0)?;
        self.told_if_failed("rewrap", Keyring::rewrap(old, new).map_err(Error::from))
    }

    /// What in the library's own stores needs a version. Reads them all: for the audit branch, every event.
    ///
    /// # Errors
    /// [`KeyError::NotSurveyed`] where nobody can say; [`crate::error::StoreError`],
    /// [`crate::error::AuditError`] if a store cannot be read.
    pub fn needs(&self, branch: KeyBranch, version: u32) -> Result<Needs, Error> {
        self.needs_with(branch, version, &[])
    }

    /// Takes away the passwords, back-up answers and passcodes that are still under a version of the data
    /// root, so that it can be destroyed: those customers set new ones (47 CFR 64.2010(e)). Gives back
    /// how many. Recorded first.
    ///
    /// # Errors
    /// [`KeyError::StillActive`]; [`crate::error::AuditError`]: nothing is taken away;
    /// [`crate::error::StoreError`]: some may be.
    pub fn forget_secrets(&self, version: u32) -> Result<u64, Error> {
        let inner = &*self.guard.0;
        inner.keys.check_destroyable(KeyBranch::Data, version)?;
        let basis = format!("forget-secrets:{}:{version}", KeyBranch::Data.name());
        self.record(&basis, 0)?;
        self.told_if_failed(&basis, inner.ledger.forget_under(version, self.guard.now()).map_err(Error::from))
    }

    /// Wraps the secrets of accounts under the active version of the subject branch, after it was rotated:
    /// no data is touched. May be broken off and begun again. When the version before is destroyed, every
    /// older copy of the store is useless. Gives back how many it moved. Recorded first.
    ///
    /// # Errors
    /// [`SubjectError::NoStore`]; [`crate::error::AuditError`]: nothing is moved;
    /// [`crate::error::StoreError`], [`SubjectError::Damaged`]: some may be.
    pub fn rewrap_subjects(&self) -> Result<u64, Error> {
        let inner = &*self.guard.0;
        let subjects = inner.subjects.as_ref().ok_or(SubjectError::NoStore)?;
        let basis = format!("rewrap-subjects:{}", inner.keys.active_of(KeyBranch::Subject)?);
        self.record(&basis, 0)?;
        self.told_if_failed(&basis, subjects.rewrap())
    }

    fn needs_with(&self, branch: KeyBranch, version: u32, others: &[&AuditLog]) -> Result<Needs, Error> {
        let inner = &*self.guard.0;
        let now = self.guard.now();
        let mut needs = Needs::default();
        match branch {
            KeyBranch::Data => {
                needs.secrets = inner.ledger.count_under(version, now)?;
                needs.notices = inner.notices.count_under(version)?;
                let tokens = inner.tokens.versions()?.into_iter();
                needs.tokens = tokens.filter(|(under, _)| *under == version).map(|(_, count)| count).sum();
            }
            KeyBranch::Audit => {
                let is_kept = |time: Timestamp| {
                    let day = time.utc_date();
                    !RecordKind::ALL.iter().all(|kind| may_delete(*kind, day, now))
                };
                for log in others.iter().copied().chain([&*inner.audit]) {
                    needs.events = needs.events.saturating_add(log.count_needing(version, is_kept)?);
                }
            }
            KeyBranch::Reference => return Err(KeyError::NotRotated.into()),
            KeyBranch::Token => needs.columns = u64::from(inner.columns.need(version)?),
            KeyBranch::Subject => {
                // A guard without the store cannot say what is in it.
                let subjects = inner.subjects.as_ref().ok_or(KeyError::NotSurveyed { version })?;
                needs.subjects = subjects.count_under(version)?;
            }
        }
        Ok(needs)
    }

    fn change(&self, provider: &dyn KeyProvider, branch: KeyBranch, change: KeyChange) -> Result<u32, Error> {
        let inner = &*self.guard.0;
        let _one = inner.keys_changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut announced = None;
        let changed = inner.keys.change(provider, branch, change, |version| {
            let basis = format!("{}:{}:{version}", change.name(), branch.name());
            self.record(&basis, 0)?;
            announced = Some(basis);
            Ok(())
        });
        let version = match announced {
            Some(basis) => self.told_if_failed(&basis, changed)?,
            None => changed?,
        };
        self.tell_rooms()?;
        Ok(version)
    }

    /// The audit log holds roots of its own.
    fn tell_rooms(&self) -> Result<(), Error> {
        let Inner { keys, audit, .. } = &*self.guard.0;
        audit.use_roots(audit_roots(keys)?);
        Ok(())
    }

    /// A change that was announced and failed is told a second time, with its cause.
    pub(super) fn told_if_failed<T>(&self, basis: &str, done: Result<T, Error>) -> Result<T, Error> {
        if let Err(failed) = &done {
            self.record(basis, failed.code().get())?;
        }
        done
    }

    pub(super) fn record(&self, basis: &str, cause: u16) -> Result<(), Error> {
        let mut facts = self.guard.event(EventKind::KeysChanged, self.guard.now());
        facts.basis = Some(BasisId::new(basis)?);
        facts.actor.clone_from(&self.actor);
        facts.cause = cause;
        self.guard.0.audit.record(facts, None)?;
        Ok(())
    }
}

impl fmt::Debug for KeyDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDesk(..)")
    }
}
