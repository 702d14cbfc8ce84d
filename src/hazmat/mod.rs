//! The only room that names a cipher or hash crate. Private, and knows no telecom.
//!
//! Rules: fixed algorithms (no negotiation), fixed sizes as array types, no error that tells more
//! than "failed". Callers decide what is bound to what; here nothing is optional by default.
//! Each primitive is checked against other people's vectors (Wycheproof, RFC) in `tests.rs`.
//!
//! Security note: used wrongly, every function here can hurt: a repeated nonce, a key with two
//! jobs, an unkeyed hash of a small space. The rooms above exist so that nobody has to.

pub(crate) mod aead;
pub(crate) mod framing;
pub(crate) mod hash;
pub(crate) mod kdf;
pub(crate) mod mac;
pub(crate) mod password;
pub(crate) mod rng;
pub(crate) mod wrap;

#[cfg(test)]
mod tests;

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

/// Equal, in constant time.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(a, b).into()
}

/// Equal, in constant time, for 32 bytes: in words, because this runs for each class of a record
/// and byte by byte takes several times as long.
pub(crate) fn equal32(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let difference = words.fold(0, |all, (a, b)| all | (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)));
    subtle::ConstantTimeEq::ct_eq(&difference, &0).into()
}
