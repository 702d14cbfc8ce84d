//! AES-256 key wrap with padding (AES-KWP: RFC 5649, NIST SP 800-38F).

use aes_kw::{AesKwp, KeyInit};
use zeroize::Zeroizing;

use super::Key32;

/// The bytes were not wrapped under this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotWrapped;

/// Longest input, in bytes: more than any key in this crate needs.
const MAX_LEN: usize = 4096;

/// Wraps 1 to 4096 bytes.
pub(crate) fn wrap(kek: &Key32, plain: &[u8]) -> Result<Vec<u8>, NotWrapped> {
    if plain.is_empty() || plain.len() > MAX_LEN {
        return Err(NotWrapped);
    }
    let mut out = vec![0; plain.len().next_multiple_of(8).saturating_add(8)];
    let cipher: AesKwp<aes_gcm::aes::Aes256> = AesKwp::new(kek.bytes().into());
    cipher.wrap_key(plain, &mut out).map_err(|_| NotWrapped)?;
    Ok(out)
}

/// Unwraps what [`wrap`] wrapped.
pub(crate) fn unwrap(kek: &Key32, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotWrapped> {
    if wrapped.len() < 16 || wrapped.len() > MAX_LEN + 8 || !wrapped.len().is_multiple_of(8) {
        return Err(NotWrapped);
    }
    let mut out = Zeroizing::new(vec![0; wrapped.len()]);
    let cipher: AesKwp<aes_gcm::aes::Aes256> = AesKwp::new(kek.bytes().into());
    let len = cipher.unwrap_key(wrapped, &mut out).map_err(|_| NotWrapped)?.len();
    out.truncate(len);
    Ok(out)
}
