//! `MemoryKeys`: a keyring that lives as long as the process. For tests, samples and demonstrations.

use core::fmt;
use std::sync::{Mutex, PoisonError};

use super::{KeyProvider, roots};
use crate::error::KeyError;
use crate::hazmat::{Key32, rng, wrap};
use crate::sensitive::Sensitive;

/// A provider whose wrapping key is random and never written down: what is sealed under its keys
/// is lost when it drops. It holds a new keyring from the start.
pub struct MemoryKeys {
    kek: Key32,
    document: Mutex<Option<Vec<u8>>>,
}

impl MemoryKeys {
    /// Makes a wrapping key and a keyring.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn new() -> Result<Self, KeyError> {
        let keys = Self::empty()?;
        keys.store(&roots::make_document(&keys)?)?;
        Ok(keys)
    }

    /// A wrapping key, and no keyring yet.
    pub(super) fn empty() -> Result<Self, KeyError> {
        Ok(Self { kek: rng::make_key().map_err(|_| KeyError::Random)?, document: Mutex::new(None) })
    }
}

impl KeyProvider for MemoryKeys {
    fn wrap(&self, key: &Sensitive<Vec<u8>>) -> Result<Vec<u8>, KeyError> {
        wrap_under(&self.kek, key)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, KeyError> {
        unwrap_under(&self.kek, wrapped)
    }

    fn load(&self) -> Result<Option<Vec<u8>>, KeyError> {
        Ok(self.document.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn store(&self, document: &[u8]) -> Result<(), KeyError> {
        *self.document.lock().unwrap_or_else(PoisonError::into_inner) = Some(document.to_vec());
        Ok(())
    }

    fn replace(&self, before: &[u8], document: &[u8]) -> Result<(), KeyError> {
        let mut stored = self.document.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.as_deref() != Some(before) {
            return Err(KeyError::Changed);
        }
        *stored = Some(document.to_vec());
        Ok(())
    }
}

impl fmt::Debug for MemoryKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryKeys(..)")
    }
}

/// AES-KWP (RFC 5649), for the providers that hold their wrapping key themselves.
pub(super) fn wrap_under(kek: &Key32, key: &Sensitive<Vec<u8>>) -> Result<Vec<u8>, KeyError> {
    // EXPOSE: only the wrapped bytes come out.
    wrap::wrap(kek, key.expose()).map_err(|_| KeyError::Provider)
}

pub(super) fn unwrap_under(kek: &Key32, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, KeyError> {
    let mut plain = wrap::unwrap(kek, wrapped).map_err(|_| KeyError::Unwrap)?;
    // The allocation moves from one wiping owner to the other.
    Ok(Sensitive::new(core::mem::take(&mut *plain)))
}
