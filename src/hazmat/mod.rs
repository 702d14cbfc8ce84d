//! The only room that names a cipher or hash crate. Private, and knows no telecom.
//!
//! Rules: fixed algorithms (no negotiation), fixed sizes as array types, no error that tells more
//! than "failed". Callers decide what is bound to what; here nothing is optional by default.
//! Each primitive is checked against other people's vectors (Wycheproof, RFC) in `tests.rs`.
//!
//! Security note: used wrongly, every function here can hurt: a repeated nonce, a key with two
//! jobs, an unkeyed hash of a small space. The rooms above exist so that nobody has to.

pub(crate) mod aead;
pub(crate) mod entry;
pub(crate) mod ff1;
pub(crate) mod framing;
pub(crate) mod hash;
pub(crate) mod hpke;
pub(crate) mod kdf;
pub(crate) mod mac;
pub(crate) mod password;
pub(crate) mod rng;
pub(crate) mod sign;
pub(crate) mod siv;
pub(crate) mod wrap;

#[cfg(test)]
mod tests;

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 bytes of key material: wiped on drop, silent in `Debug`, compared in constant time.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Key32([u8; 32]);

impl Key32 {
    /// A key that `fill` writes in place, so that no copy of it is left behind.
    pub(crate) fn filled_by<E>(fill: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self([0; 32]);
        fill(&mut key.0)?;
        Ok(key)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A copy for a second owner, who wipes it as well.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0)
    }
}

impl core::fmt::Debug for Key32 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Key32(..)")
    }
}

/// Equal, in constant time in the bytes; the lengths are compared openly.
///
/// The differences are gathered word by word and compared once: `subtle` puts its barrier behind
/// every byte, which costs more than the hash that is compared.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    let ((a_words, a_rest), (b_words, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let differ = |all, (a, b): (&[u8; 8], &[u8; 8])| all | (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b));
    let words = a_words.iter().zip(b_words).fold(0, differ);
    let rest = a_rest.iter().zip(b_rest).fold(0, |all, (a, b)| all | (a ^ b));
    a.len() == b.len() && (words | u64::from(rest)).ct_eq(&0).into()
}
