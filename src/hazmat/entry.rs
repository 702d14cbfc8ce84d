//! A sealed entry of a store: format, key version, nonce, ciphertext, tag. What it is bound to, and what is
//! in it, the room that keeps it says.

use zeroize::Zeroizing;

use super::aead::{AeadKey, NONCE_LEN, NotAuthentic, TAG_LEN};
use super::rng::{self, NoRandom};

const FORMAT: u8 = 1;
/// Bytes of an entry besides its ciphertext.
const OVERHEAD: usize = 1 + 4 + NONCE_LEN + TAG_LEN;

/// A stored entry, taken apart.
pub(crate) struct Entry<'e> {
    /// The version of the key that sealed it.
    pub(crate) version: u32,
    nonce: &'e [u8; NONCE_LEN],
    text: &'e [u8],
    tag: &'e [u8; TAG_LEN],
}

impl<'e> Entry<'e> {
    /// `None` if it is not an entry of version 1.
    pub(crate) fn of(entry: &'e [u8]) -> Option<Self> {
        let (&FORMAT, rest) = entry.split_first()? else { return None };
        let (version, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (text, tag) = rest.split_last_chunk()?;
        Some(Self { version: u32::from_be_bytes(*version), nonce, text, tag })
    }

    /// Bytes of its plaintext.
    pub(crate) const fn plain_len(&self) -> usize {
        self.text.len()
    }

    /// Opens it. `aad` is what it was sealed with.
    pub(crate) fn open(&self, key: &AeadKey, aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotAuthentic> {
        let mut plain = Zeroizing::new(self.text.to_vec());
        key.open(self.nonce, aad, &mut plain, self.tag)?;
        Ok(plain)
    }
}

/// Seals an entry under a nonce of its own.
pub(crate) fn seal(
    key: &AeadKey,
    version: u32,
    aad: &[u8],
    mut plain: Zeroizing<Vec<u8>>,
) -> Result<Vec<u8>, NoRandom> {
    let nonce: [u8; NONCE_LEN] = rng::make_array()?;
    // INVARIANT: the mode fails only for messages of gigabytes.
    let tag = key.seal(&nonce, aad, &mut plain).map_err(|_| NoRandom)?;
    let mut entry = Vec::with_capacity(plain.len().saturating_add(OVERHEAD));
    entry.push(FORMAT);
    entry.extend_from_slice(&version.to_be_bytes());
    entry.extend_from_slice(&nonce);
    entry.extend_from_slice(&plain);
    entry.extend_from_slice(&tag);
    Ok(entry)
}
