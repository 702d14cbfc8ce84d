//! Random bytes from the operating system.

use super::Key32;

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRandom;

/// Fills `out`. One call for many nonces: a system call costs more than a seal.
pub(crate) fn fill(out: &mut [u8]) -> Result<(), NoRandom> {
    getrandom::fill(out).map_err(|_| NoRandom)
}

/// An array of random bytes.
pub(crate) fn make_array<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut out = [0; N];
    fill(&mut out)?;
    Ok(out)
}

/// A random key.
pub(crate) fn make_key() -> Result<Key32, NoRandom> {
    Key32::filled_by(|key| fill(key))
}
