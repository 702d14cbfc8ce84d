//! Ed25519 signatures (RFC 8032).
//!
//! Checking is strict: a public key or a nonce point of small order is refused, so that one
//! signature is one key's, and `S` must be reduced, so that it cannot be changed into another.

use ed25519_dalek::{Signature, Signer as _, VerifyingKey};

use super::Key32;

pub(crate) const PUBLIC_LEN: usize = 32;
pub(crate) const SIGNATURE_LEN: usize = 64;

/// A secret key with its public key computed; wiped on drop.
pub(crate) struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key with this seed (RFC 8032 §5.1.5), which must be uniformly random.
    pub(crate) fn from_seed(seed: &Key32) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed.bytes()))
    }

    pub(crate) fn public(&self) -> [u8; PUBLIC_LEN] {
        self.0.verifying_key().to_bytes()
    }

    /// The same message gives the same signature.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.0.sign(message).to_bytes()
    }
}

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// Whether `public` signed `message`. Public data: not in constant time.
pub(crate) fn verifies(public: &[u8; PUBLIC_LEN], message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
    VerifyingKey::from_bytes(public)
        .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}
