//! HKDF-SHA-256 (RFC 5869).

use hkdf::Hkdf;
use sha2::Sha256;

use super::Key32;

/// A pseudorandom key that further keys are expanded from. Wiped on drop.
pub(crate) struct Prk(Key32);

impl Prk {
    /// Takes a key that is already uniformly random (the output of an expand) as the PRK
    /// (RFC 5869 §3.3 allows it).
    pub(crate) fn from_key(key: Key32) -> Self {
        Self(key)
    }

    /// RFC 5869 §2.2: extract. The parts of `ikm` are concatenated: they must have fixed lengths.
    pub(crate) fn extract(salt: &[u8], ikm: &[&[u8]]) -> Self {
        let mut extract = hkdf::HkdfExtract::<Sha256>::new(Some(salt));
        for part in ikm {
            extract.input_ikm(part);
        }
        let (mut prk, _) = extract.finalize();
        let Ok(key) = Key32::filled_by(|key| -> Result<(), core::convert::Infallible> {
            key.copy_from_slice(&prk);
            Ok(())
        });
        zeroize::Zeroize::zeroize(&mut prk[..]);
        Self(key)
    }

    /// RFC 5869 §2.3: expand to fill `out`, at most 255 · 32 bytes.
    pub(crate) fn expand_into(&self, info: &[u8], out: &mut [u8]) {
        let filled = Hkdf::<Sha256>::from_prk(self.0.bytes()).map(|hkdf| hkdf.expand(info, out));
        // INVARIANT: the PRK has 32 bytes, and no caller asks for more than 64.
        debug_assert!(matches!(filled, Ok(Ok(()))));
    }

    /// RFC 5869 §2.3: expand to one key.
    pub(crate) fn expand(&self, info: &[u8]) -> Key32 {
        let Ok(key) = Key32::filled_by(|key| -> Result<(), core::convert::Infallible> {
            self.expand_into(info, key);
            Ok(())
        });
        key
    }

    #[cfg(test)]
    pub(crate) fn key_for_testing(&self) -> &Key32 {
        &self.0
    }
}

impl core::fmt::Debug for Prk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Prk(..)")
    }
}
