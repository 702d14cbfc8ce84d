//! The root keys, who keeps them, and the tree of keys that is derived from them.
//!
//! Rules: a root key exists outside this process only wrapped by a [`KeyProvider`]; no key of the
//! tree leaves the crate; no key covers two classes or two accounts; keys are made only by calls
//! that say so, never in place of lost ones. The document is `docs/spec/keyring-v1.md`.
//!
//! Security note: whoever has a root key has every account under it. A provider that keeps the
//! wrapping key in an HSM or KMS is better than a passphrase. An older whole keyring put back is
//! not detected.

mod changes;
mod document;
mod keyring;
mod memory;
mod passphrase;
mod roots;
mod subjects;
mod tree;

#[cfg(feature = "testing")]
pub(crate) use subjects::recode_for_testing as recode_subject_row_for_testing;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use subjects::tests::must_hold as subjects_must_hold;

pub use keyring::Keyring;
pub use memory::MemoryKeys;
pub use passphrase::PassphraseKeys;
pub use roots::{KeyBranch, KeyState, KeyVersion};
pub use subjects::{MemorySubjectStore, SubjectExchange, SubjectRef, SubjectStore};

#[cfg(test)]
pub(crate) use roots::write_document_for_testing;

pub(crate) use changes::KeyChange;
pub(crate) use subjects::{Day, Erasure, ErasureStep, MAX_COLUMNS, Subject, Subjects, delete_after};
pub(crate) use tree::{AccountKeys, ClassKey};

use crate::error::KeyError;
use crate::sensitive::Sensitive;

/// Keeps the key that wraps the root keys, and the keyring document: a KMS, an HSM, a key store,
/// or [`PassphraseKeys`].
///
/// A provider is asked when a [`Keyring`] is opened or changed, never while fields are sealed or
/// opened. It answers [`KeyError::Provider`] when it cannot be reached.
pub trait KeyProvider: Send + Sync {
    /// Wraps a key of 1 to 4,096 bytes, with authentication. The result has at most 8,192 bytes.
    ///
    /// # Errors
    /// [`KeyError`] if the key could not be wrapped.
    fn wrap(&self, key: &Sensitive<Vec<u8>>) -> Result<Vec<u8>, KeyError>;

    /// Unwraps what [`KeyProvider::wrap`] wrapped.
    ///
    /// # Errors
    /// [`KeyError::Unwrap`] if the bytes were changed or wrapped by another key.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, KeyError>;

    /// The keyring document that was stored last; `None` if none ever was. "I cannot tell" is an
    /// error, not `None`.
    ///
    /// # Errors
    /// [`KeyError`] if the document could not be read.
    fn load(&self) -> Result<Option<Vec<u8>>, KeyError>;

    /// Replaces the keyring document, atomically, and returns when it is durable.
    ///
    /// # Errors
    /// [`KeyError`] if the document could not be stored; the old one is then still there.
    fn store(&self, document: &[u8]) -> Result<(), KeyError>;

    /// Replaces the document as [`KeyProvider::store`] does, if it is still `before`. Every change of a
    /// keyring goes through here: of two at once, the slower one would else destroy a key that the
    /// faster one has sealed under.
    ///
    /// Left to itself, this looks first and stores then. A provider whose processes may change the keyring
    /// at once must do both in one step.
    ///
    /// # Errors
    /// [`KeyError::Changed`] if it is another document now; as [`KeyProvider::load`] and
    /// [`KeyProvider::store`].
    fn replace(&self, before: &[u8], document: &[u8]) -> Result<(), KeyError> {
        if self.load()?.as_deref() != Some(before) {
            return Err(KeyError::Changed);
        }
        self.store(document)
    }
}

/// A provider that several guards share.
impl<P: KeyProvider + ?Sized> KeyProvider for std::sync::Arc<P> {
    fn wrap(&self, key: &Sensitive<Vec<u8>>) -> Result<Vec<u8>, KeyError> {
        (**self).wrap(key)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, KeyError> {
        (**self).unwrap(wrapped)
    }

    fn load(&self) -> Result<Option<Vec<u8>>, KeyError> {
        (**self).load()
    }

    fn store(&self, document: &[u8]) -> Result<(), KeyError> {
        (**self).store(document)
    }

    fn replace(&self, before: &[u8], document: &[u8]) -> Result<(), KeyError> {
        (**self).replace(before, document)
    }
}
