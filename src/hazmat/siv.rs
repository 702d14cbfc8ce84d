//! AES-SIV (RFC 5297) with a key of 512 bits: deterministic authenticated encryption.
//!
//! Security note: equal plaintexts under equal associated data give equal bytes; that is its purpose,
//! and what it tells whoever sees two of them. There is no nonce to repeat.

use aes_siv::KeyInit as _;
use aes_siv::siv::{Aes256Siv, IV_SIZE};
use zeroize::Zeroizing;

/// The key: the first half authenticates, the second encrypts (RFC 5297 §2.2).
pub(crate) const KEY_LEN: usize = 64;
/// The synthetic initialisation vector, which is the tag as well.
pub(crate) const TAG_LEN: usize = IV_SIZE;

/// The bytes were not sealed under this key and associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAuthentic;

/// A key; wiped on drop, and boxed: a move would leave a copy of it behind. Each call makes a copy of the key, which it wipes.
pub(crate) struct SivKey(Box<Zeroizing<[u8; KEY_LEN]>>);

impl SivKey {
    /// A key that `fill` writes in place.
    pub(crate) fn filled_by(fill: impl FnOnce(&mut [u8; KEY_LEN])) -> Self {
        let mut key = Box::new(Zeroizing::new([0; KEY_LEN]));
        fill(&mut key);
        Self(key)
    }

    /// Encrypts `buffer` in place and gives back the tag. `associated` is one component each, in order;
    /// at most 126 of them.
    pub(crate) fn seal(
        &self,
        associated: &[&[u8]],
        buffer: &mut [u8],
    ) -> Result<[u8; TAG_LEN], NotAuthentic> {
        let sealed = self.cipher().encrypt_inout_detached(associated, buffer.into());
        sealed.map(Into::into).map_err(|_| NotAuthentic)
    }

    /// Decrypts `buffer` in place. On failure the buffer still holds the ciphertext.
    pub(crate) fn open(
        &self,
        associated: &[&[u8]],
        buffer: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), NotAuthentic> {
        let opened = self.cipher().decrypt_inout_detached(associated, buffer.into(), &(*tag).into());
        opened.map_err(|_| NotAuthentic)
    }

    /// The crate's state is `&mut` while it works; a guard's key is shared by threads.
    fn cipher(&self) -> Aes256Siv {
        Aes256Siv::new((&**self.0).into())
    }
}

impl core::fmt::Debug for SivKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SivKey(..)")
    }
}
