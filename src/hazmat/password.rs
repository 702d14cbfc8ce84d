//! Argon2id (RFC 9106, version 0x13), with the secret input K where there is one.

use argon2::{Algorithm, Argon2, Params, Version};

use super::Key32;

/// The cost of one hash. Part of what is stored, so that it can rise without breaking old hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Memory in KiB.
    pub(crate) memory_kib: u32,
    /// Passes.
    pub(crate) passes: u32,
    /// Lanes.
    pub(crate) lanes: u32,
}

impl Cost {
    /// For the passphrase of a key file, asked once a start: RFC 9106 §4, second recommended
    /// option (64 MiB, 3 passes), on one lane.
    pub(crate) const KEY_FILE: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// For a customer's password, checked while the customer waits, and keyed besides: the OWASP
    /// password storage minimum (19 MiB, 2 passes, 1 lane).
    pub(crate) const CUSTOMER: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// No hash read from storage may cost more than this: a changed file must not exhaust the host.
    pub(crate) const MAX: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 16 };
    /// No hash read from storage may cost less than this: a changed file must not weaken the hash.
    pub(crate) const MIN: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// Whether the cost lies within [`Cost::MIN`] and [`Cost::MAX`].
    pub(crate) fn is_acceptable(&self) -> bool {
        (Self::MIN.memory_kib..=Self::MAX.memory_kib).contains(&self.memory_kib)
            && (Self::MIN.passes..=Self::MAX.passes).contains(&self.passes)
            && (Self::MIN.lanes..=Self::MAX.lanes).contains(&self.lanes)
    }
}

/// The hash could not be computed: parameters refused, or no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashFailed;

/// Argon2id of `password` under `salt`, with the secret `pepper` (RFC 9106 §3.1, input K).
pub(crate) fn argon2id(
    password: &[u8],
    salt: &[u8; 16],
    pepper: Option<&Key32>,
    cost: Cost,
) -> Result<Key32, HashFailed> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| HashFailed)?;
    let argon2 = match pepper {
        Some(pepper) => Argon2::new_with_secret(pepper.bytes(), Algorithm::Argon2id, Version::V0x13, params)
            .map_err(|_| HashFailed)?,
        None => Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
    };
    Key32::filled_by(|out| argon2.hash_password_into(password, salt, out).map_err(|_| HashFailed))
}
