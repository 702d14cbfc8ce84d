//! HMAC-SHA-256 (RFC 2104, FIPS 198-1).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Key32, framing};

/// A key with its two inner states computed; wiped on drop.
#[derive(Clone)]
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn new(key: &Key32) -> Self {
        Self::from_slice(key.bytes())
    }

    fn from_slice(key: &[u8]) -> Self {
        // INVARIANT: HMAC takes keys of any length (RFC 2104 §2).
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    pub(crate) fn mac(&self, message: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(message).finalize().into_bytes().into()
    }

    /// The MAC of the parts one after the other. Nothing marks where one ends: the caller's framing must.
    pub(crate) fn mac_of(&self, parts: impl Iterator<Item = impl AsRef<[u8]>>) -> [u8; 32] {
        let mut mac = self.0.clone();
        parts.for_each(|part| mac.update(part.as_ref()));
        mac.finalize().into_bytes().into()
    }

    /// The MAC of the tuple of these items ([`super::framing`]), of which no copy is made.
    pub(crate) fn mac_tuple(&self, items: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for item in items {
            mac.update(&framing::prefix(item));
            mac.update(item);
        }
        mac.finalize().into_bytes().into()
    }

    /// The key of MACs over messages that begin with `prefix`, which is taken in once.
    pub(crate) fn absorbing(&self, prefix: &[u8]) -> Self {
        Self(self.0.clone().chain_update(prefix))
    }

    #[cfg(test)]
    pub(super) fn from_slice_for_testing(key: &[u8]) -> Self {
        Self::from_slice(key)
    }
}

impl core::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MacKey(..)")
    }
}
