//! AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, in place.
//!
//! Nonces are random: a key may seal at most 2^32 messages (SP 800-38D §8.3). The key tree gives
//! each account and class its own key, so that this limit is out of reach.

use aes_gcm::aead::{AeadInOut, KeyInit, inout::InOutBuf};
use aes_gcm::{Aes256Gcm, Nonce, Tag};

use super::Key32;

pub(crate) const NONCE_LEN: usize = 12;
pub(crate) const TAG_LEN: usize = 16;

/// The bytes were not sealed under this key, nonce and associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAuthentic;

/// A key with its expanded schedule; wiped on drop.
pub(crate) struct AeadKey(Aes256Gcm);

impl AeadKey {
    pub(crate) fn new(key: &Key32) -> Self {
        Self(Aes256Gcm::new(key.bytes().into()))
    }

    /// Encrypts `buffer` in place and gives back the tag.
    ///
    /// Fails only for messages past the mode's limit of 2^36 - 32 bytes.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Result<[u8; TAG_LEN], NotAuthentic> {
        let tag = self.0.encrypt_inout_detached(&Nonce::from(*nonce), aad, InOutBuf::from(buffer));
        tag.map(Into::into).map_err(|_| NotAuthentic)
    }

    /// Decrypts `buffer` in place. On failure the buffer still holds the ciphertext.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), NotAuthentic> {
        self.0
            .decrypt_inout_detached(&Nonce::from(*nonce), aad, InOutBuf::from(buffer), &Tag::from(*tag))
            .map_err(|_| NotAuthentic)
    }
}

impl core::fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AeadKey(..)")
    }
}
