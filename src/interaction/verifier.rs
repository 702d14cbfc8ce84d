//! Secrets that only the customer should know: kept as keyed verifiers, compared here.
//!
//! A verifier is bound to its account and its job: its key depends on both, so that a row copied
//! from another account in the store never matches. Format: `docs/spec/verifier-v1.md`.

use crate::error::{Error, InteractionError, KeyError};
use crate::hazmat::framing::Tuple;
use crate::hazmat::kdf::Prk;
use crate::hazmat::password::{Cost, argon2id};
use crate::hazmat::{Key32, equal, rng};
use crate::keys::Keyring;
use crate::sensitive::Sensitive;
use crate::vocabulary::TenantId;

use super::accounts::AccountRef;

/// Shortest and longest password, in bytes.
pub const PASSWORD_LEN: core::ops::RangeInclusive<usize> = 4..=256;
const LABEL: &str = "cpni-guard/v1/verifier-of";
const FORMAT: u8 = 1;
const VERIFIER_LEN: usize = 1 + 4 + 3 * 4 + 16 + 32;

/// A stored verifier, taken apart.
struct Verifier<'v> {
    key_version: u32,
    cost: Cost,
    salt: &'v [u8; 16],
    hash: &'v [u8; 32],
}

/// Whose secret it is, and for what.
#[derive(Clone, Copy)]
pub(super) struct Owner<'o> {
    pub(super) keys: &'o Keyring,
    pub(super) tenant: &'o TenantId,
    pub(super) account: &'o AccountRef,
    /// `password`, `backup`, `port-passcode`, `code-number` or `code-address`.
    pub(super) what: &'static str,
}

/// A verifier for a new secret, with a random salt, under the active key.
pub(super) fn make_verifier(owner: Owner<'_>, secret: &Sensitive<String>) -> Result<Vec<u8>, Error> {
    // EXPOSE: hashed below.
    let password = secret.expose().as_bytes();
    if !PASSWORD_LEN.contains(&password.len()) {
        let (min, max) = (*PASSWORD_LEN.start(), *PASSWORD_LEN.end());
        return Err(InteractionError::PasswordLength { len: password.len(), min, max }.into());
    }
    let key_version = owner.keys.active_version();
    let salt: [u8; 16] = rng::make_array().map_err(|_| KeyError::Random)?;
    let hash = hash(&owner.pepper(key_version)?, password, &salt, Cost::CUSTOMER)?;
    let mut verifier = Vec::with_capacity(VERIFIER_LEN);
    verifier.push(FORMAT);
    for number in [key_version, Cost::CUSTOMER.memory_kib, Cost::CUSTOMER.passes, Cost::CUSTOMER.lanes] {
        verifier.extend_from_slice(&number.to_be_bytes());
    }
    verifier.extend_from_slice(&salt);
    verifier.extend_from_slice(hash.bytes());
    Ok(verifier)
}

/// Whether `typed` is the secret behind `stored`. Where nothing (readable) is stored it takes as
/// long and never matches.
pub(super) fn matches(
    owner: Owner<'_>,
    stored: Option<&[u8]>,
    typed: &Sensitive<String>,
) -> Result<bool, Error> {
    // EXPOSE: hashed below. An over-long one is cut: it matches nothing, and costs no more.
    let typed = typed.expose().as_bytes();
    let typed = typed.get(..PASSWORD_LEN.end().saturating_add(1)).unwrap_or(typed);
    let Some(verifier) = stored.and_then(Verifier::decode) else {
        hash(&owner.pepper(owner.keys.active_version())?, typed, &[0; 16], Cost::CUSTOMER)?;
        return Ok(false);
    };
    let pepper = owner.pepper(verifier.key_version)?;
    Ok(equal(hash(&pepper, typed, verifier.salt, verifier.cost)?.bytes(), verifier.hash))
}

/// The key version of a stored verifier; `None` if it is none.
pub(super) fn key_version(stored: &[u8]) -> Option<u32> {
    Verifier::decode(stored).map(|verifier| verifier.key_version)
}

impl Owner<'_> {
    /// The secret input of the hash.
    fn pepper(&self, version: u32) -> Result<Key32, Error> {
        let key = self.keys.verifier_key(self.tenant, version)?;
        let info = Tuple::new(LABEL).with(self.what.as_bytes()).with(self.account.as_bytes());
        Ok(Prk::from_key(key).expand(info.as_bytes()))
    }
}

fn hash(pepper: &Key32, password: &[u8], salt: &[u8; 16], cost: Cost) -> Result<Key32, Error> {
    Ok(argon2id(password, salt, Some(pepper), cost).map_err(|_| KeyError::PasswordHash)?)
}

impl<'v> Verifier<'v> {
    /// `None` if it is not a verifier of version 1 at an acceptable cost: it then never matches.
    fn decode(bytes: &'v [u8]) -> Option<Self> {
        let (&format, rest) = bytes.split_first()?;
        let (numbers, rest) = rest.split_first_chunk::<16>()?;
        let (salt, rest) = rest.split_first_chunk::<16>()?;
        let hash: &[u8; 32] = rest.try_into().ok()?;
        let (numbers, _) = numbers.as_chunks::<4>();
        let [key_version, memory_kib, passes, lanes] = *numbers else { return None };
        let cost = Cost {
            memory_kib: u32::from_be_bytes(memory_kib),
            passes: u32::from_be_bytes(passes),
            lanes: u32::from_be_bytes(lanes),
        };
        let verifier = Self { key_version: u32::from_be_bytes(key_version), cost, salt, hash };
        (format == FORMAT && cost.is_acceptable()).then_some(verifier)
    }
}
