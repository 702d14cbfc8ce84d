//! Changes of a keyring: a version more, a version less, another wrapping key.
//!
//! Rules: one change at a time; it begins with what the provider holds, which must be the keyring in
//! use; the new document is opened once before it is stored, and durable before the keyring in use
//! changes. So a crash leaves the old keyring or the new one, whole, with the provider.
//!
//! Security note: a key that is destroyed here is gone from this document only. Who kept an older
//! document and the wrapping key has it still.

use std::sync::{MutexGuard, PoisonError};

use super::document::MAX_VERSIONS;
use super::roots::{KeyBranch, KeyState, Root, Roots};
use super::{KeyProvider, Keyring};
use crate::error::KeyError;

/// What is done to a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyChange {
    /// A new version seals from now on; the one before opens what it sealed. Where the keyring lacks the
    /// branch, this makes its version 1. [`KeyError::TooManyVersions`], [`KeyError::Random`].
    Rotate,
    /// The version does nothing more until it is reinstated or destroyed: what still needs it fails with
    /// [`KeyError::Retired`]. Its key stays, wrapped, in the document. [`KeyError::StillActive`],
    /// [`KeyError::WrongState`].
    Retire(u32),
    /// A retirement is taken back. [`KeyError::WrongState`].
    Reinstate(u32),
    /// The key is gone, and whatever needs it is lost: the caller has made sure that nothing does.
    /// [`KeyError::StillActive`].
    Destroy(u32),
}

impl Keyring {
    /// Wraps the root keys by another provider: a KMS in place of a file. Nothing that is sealed is
    /// touched, and the old provider keeps what it has, to be deleted by the host. Done again after a
    /// crash, it finds that it was done.
    ///
    /// A new passphrase is [`super::PassphraseKeys::change_passphrase`].
    ///
    /// # Errors
    /// [`KeyError::Exists`] if `new` holds another keyring; as [`Keyring::open`] for `old`; the
    /// providers' own errors.
    pub fn rewrap(old: &dyn KeyProvider, new: &dyn KeyProvider) -> Result<(), KeyError> {
        let roots = Roots::open(old)?;
        if let Some(there) = new.load()? {
            let is_done = Roots::read(new, &there).is_ok_and(|there| there.is_same_as(&roots));
            return if is_done { Ok(()) } else { Err(KeyError::Exists) };
        }
        new.store(&checked(&roots, new)?)
    }

    /// Makes a change, and gives back the version that it is about. `announce` is told that version when
    /// the change is allowed, and before anything is stored: what it refuses does not happen.
    ///
    /// Fails as [`KeyChange`] says; with [`KeyError::Changed`] if the provider's keyring is newer than
    /// the one in use, [`KeyError::Replaced`] if it did not come of it, and the provider's own errors:
    /// whether it was stored then shows when the keyring is loaded again.
    pub(crate) fn change<E: From<KeyError>>(
        &self,
        provider: &dyn KeyProvider,
        branch: KeyBranch,
        change: KeyChange,
        announce: impl FnOnce(u32) -> Result<(), E>,
    ) -> Result<u32, E> {
        let _one = self.change_lock();
        let before = provider.load()?.ok_or(KeyError::Missing)?;
        let (found, now) = (Roots::read(provider, &before)?, self.roots());
        if !found.is_same_as(&now) {
            return Err(if found.continues(&now) { KeyError::Changed } else { KeyError::Replaced }.into());
        }
        let mut all = found.all;
        let version = change.edit(branch, &mut all)?;
        let next = Roots::new(all)?;
        let document = checked(&next, provider)?;
        announce(version)?;
        provider.replace(&before, &document)?;
        self.set_roots(next);
        Ok(version)
    }

    /// What needs no look at data to be refused.
    pub(crate) fn check_destroyable(&self, branch: KeyBranch, version: u32) -> Result<(), KeyError> {
        if branch == KeyBranch::Reference {
            return Err(KeyError::NotRotated);
        }
        match self.roots().find(branch, version)?.id.state {
            KeyState::Active => Err(KeyError::StillActive { version }),
            KeyState::DecryptOnly | KeyState::Retired => Ok(()),
            KeyState::Destroyed => Err(KeyError::Destroyed { version }),
        }
    }

    /// Takes over what the provider holds now: after another process changed the keyring, or after a
    /// change whose end is not known. `false`: it is the keyring in use, and `announce` is not called.
    ///
    /// Fails with [`KeyError::Replaced`] if it did not come of the keyring in use; as
    /// [`Keyring::open`].
    pub(crate) fn reload<E: From<KeyError>>(
        &self,
        provider: &dyn KeyProvider,
        announce: impl FnOnce() -> Result<(), E>,
    ) -> Result<bool, E> {
        let _one = self.change_lock();
        let (found, now) = (Roots::open(provider)?, self.roots());
        if found.is_same_as(&now) {
            return Ok(false);
        }
        if !found.continues(&now) {
            return Err(KeyError::Replaced.into());
        }
        announce()?;
        self.set_roots(found);
        Ok(true)
    }

    fn change_lock(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyChange {
    /// As events name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::Retire(_) => "retire",
            Self::Reinstate(_) => "reinstate",
            Self::Destroy(_) => "destroy",
        }
    }

    fn edit(self, branch: KeyBranch, all: &mut Vec<Root>) -> Result<u32, KeyError> {
        use KeyState as S;
        if branch == KeyBranch::Reference {
            return Err(KeyError::NotRotated);
        }
        let version = match self {
            Self::Rotate => return rotate(branch, all),
            Self::Retire(version) | Self::Reinstate(version) | Self::Destroy(version) => version,
        };
        let wanted = |root: &&mut Root| root.id.branch == branch && root.id.version == version;
        let root = all.iter_mut().find(wanted).ok_or(KeyError::UnknownVersion { version })?;
        match (self, root.id.state) {
            (_, S::Destroyed) => return Err(KeyError::Destroyed { version }),
            (Self::Retire(_) | Self::Destroy(_), S::Active) => {
                return Err(KeyError::StillActive { version });
            }
            (Self::Retire(_), S::DecryptOnly) => root.id.state = S::Retired,
            (Self::Reinstate(_), S::Retired) => root.id.state = S::DecryptOnly,
            (Self::Destroy(_), S::DecryptOnly | S::Retired) => root.destroy(),
            (Self::Retire(_), S::Retired)
            | (Self::Reinstate(_), S::Active | S::DecryptOnly)
            | (Self::Rotate, _) => return Err(KeyError::WrongState { version }),
        }
        Ok(version)
    }
}

fn rotate(branch: KeyBranch, all: &mut Vec<Root>) -> Result<u32, KeyError> {
    let of_branch = all.iter().filter(|root| root.id.branch == branch);
    let version = of_branch.map(|root| root.id.version).max().unwrap_or(0).saturating_add(1);
    if version > MAX_VERSIONS {
        return Err(KeyError::TooManyVersions { max: MAX_VERSIONS });
    }
    for root in all.iter_mut().filter(|root| root.id.branch == branch) {
        if root.id.state == KeyState::Active {
            root.id.state = KeyState::DecryptOnly;
        }
    }
    let end = all.iter().take_while(|root| root.id.branch.code() <= branch.code()).count();
    all.insert(end, Root::make(branch, version)?);
    Ok(version)
}

/// The document of these roots. A document that the provider does not open again is never stored: the
/// one before would be gone.
pub(super) fn checked(roots: &Roots, provider: &dyn KeyProvider) -> Result<Vec<u8>, KeyError> {
    let document = roots.write(provider)?;
    if Roots::read(provider, &document)?.is_same_as(roots) { Ok(document) } else { Err(KeyError::Provider) }
}

#[cfg(test)]
mod tests;
