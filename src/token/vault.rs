//! The vault: what a token stands for, sealed, under a reference from which no token can be made
//! (`docs/spec/vault-token-v1.md`).
//!
//! Rules: an entry opens in its own row only; what is written beside it (uses, end) never makes a token
//! good for more than the entry says; a token that is not good is refused without saying why.
//!
//! Security note: who can write the file can put a used token's row back. The audit log shows the
//! second use.

use core::fmt;
use core::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::vault_store::{StoredToken, TokenVault, VaultRef};
use super::vault_token::{VaultToken, prefix_of};
use crate::error::{Error, KeyError, StoreError, TokenError};
use crate::hazmat::aead::AeadKey;
use crate::hazmat::entry::{self, Entry};
use crate::hazmat::framing::{Tuple, put_str8, take_str8};
use crate::hazmat::kdf::Prk;
use crate::hazmat::mac::MacKey;
use crate::hazmat::rng;
use crate::keys::Keyring;
use crate::vocabulary::{AccountId, CivilDate, DataClass, FieldName, Purpose, TenantId, Timestamp};

/// Tokens that a vault holds. One more is refused. Library default: [`crate::Guard::sweep_tokens`] was
/// never called.
pub const MAX_VAULT_TOKENS: u64 = 10_000_000;
/// The longest life of a token. Library default.
pub const MAX_TOKEN_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);

const REFERENCE_LABEL: &str = "cpni-guard/v1/token-reference";
const ENTRY_LABEL: &str = "cpni-guard/v1/token-entry";
/// The plaintext has a multiple of this, so that its length does not tell an account id's.
const BLOCK: usize = 256;

/// What a token is good for. It is not good for anything that is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct TokenTerms {
    expires: Timestamp,
    /// The bit of each purpose's code.
    purposes: u32,
    uses: Option<NonZeroU32>,
}

impl TokenTerms {
    /// Good until then, for no purpose yet, as often as is asked.
    pub const fn until(expires: Timestamp) -> Self {
        Self { expires, purposes: 0, uses: None }
    }

    /// For this purpose too.
    pub const fn for_purpose(mut self, purpose: Purpose) -> Self {
        self.purposes |= bit(purpose);
        self
    }

    /// At most so many times.
    pub const fn uses(mut self, uses: NonZeroU32) -> Self {
        self.uses = Some(uses);
        self
    }

    /// Once.
    pub const fn single_use(self) -> Self {
        self.uses(NonZeroU32::MIN)
    }

    /// Fails with [`TokenError::Terms`]. `delete_after`: the day after which its value is to be deleted.
    pub(crate) fn check(&self, now: Timestamp, delete_after: Option<CivilDate>) -> Result<(), TokenError> {
        let life = self.expires.since(now).filter(|life| !life.is_zero() && *life <= MAX_TOKEN_LIFE);
        // A token that outlives its value would be one that nobody can open, seal again or explain.
        let outlives = delete_after.is_some_and(|day| self.expires.utc_date().is_none_or(|end| end > day));
        if life.is_none() || outlives || self.purposes & !bit(Purpose::None) == 0 {
            return Err(TokenError::Terms { max_days: MAX_TOKEN_LIFE.as_secs() / 86_400 });
        }
        Ok(())
    }
}

/// What a token that was found stands for.
pub(crate) struct Issued {
    pub(crate) account: AccountId,
    pub(crate) field: FieldName,
    pub(crate) class: DataClass,
    /// A sealed field (`docs/spec/sealed-v1.md`): the value.
    pub(crate) sealed: Vec<u8>,
    terms: TokenTerms,
    uses_left: Option<u32>,
}

impl Issued {
    /// What a new token stands for.
    pub(crate) fn new(
        account: AccountId,
        field: FieldName,
        class: DataClass,
        sealed: Vec<u8>,
        terms: TokenTerms,
    ) -> Self {
        Self { account, field, class, sealed, terms, uses_left: terms.uses.map(NonZeroU32::get) }
    }

    /// Whether the token is good for this account and purpose, now, once more.
    pub(crate) fn is_good(&self, account: &AccountId, purpose: Purpose, now: Timestamp) -> bool {
        self.account == *account
            && self.terms.purposes & bit(purpose) != 0
            && now < self.terms.expires
            && self.uses_left != Some(0)
    }
}

/// The vault of one tenant.
pub(crate) struct Tokens {
    store: Arc<dyn TokenVault>,
    keys: Arc<Keyring>,
    tenant: TenantId,
    references: MacKey,
}

impl Tokens {
    pub(crate) fn new(store: Arc<dyn TokenVault>, keys: Arc<Keyring>, tenant: TenantId) -> Self {
        let references = keys.reference_key(&tenant);
        Self { store, keys, tenant, references }
    }

    /// A new token for a value of this class, not yet in the vault.
    pub(crate) fn draw(&self, class: DataClass) -> Result<VaultToken, Error> {
        prefix_of(class).ok_or(TokenError::RefusedClass { class })?;
        Ok(VaultToken::new(class, rng::make_array().map_err(|_| KeyError::Random)?))
    }

    /// What the store, the log and the seal of the value know a token by: nobody makes the token of it.
    pub(crate) fn reference(&self, token: &VaultToken) -> VaultRef {
        self.pseudonym("token", &[token.class().code()], token.id())
    }

    /// Puts a token of this reference into the vault. It is on stable storage when this returns.
    pub(crate) fn put(&self, of: &VaultRef, issued: &Issued, now: Timestamp) -> Result<(), Error> {
        let Issued { account, terms, uses_left, .. } = issued;
        terms.check(now, None)?;
        let (entry, key_version) = self.seal(of, encode(issued))?;
        let (account, uses_left, expires) = (self.account_ref(account), *uses_left, terms.expires);
        let stored = StoredToken { account, entry, key_version, uses_left, expires };
        Ok(self.store.put(of, &stored, MAX_VAULT_TOKENS)?)
    }

    /// What the token of this class and reference stands for; `None`: it is not in the vault.
    pub(crate) fn find(&self, of: &VaultRef, class: DataClass) -> Result<Option<Issued>, Error> {
        let Some(stored) = self.store.get(of)? else { return Ok(None) };
        let issued = self.open(of, &stored)?;
        if issued.class == class { Ok(Some(issued)) } else { Err(TokenError::Unreadable.into()) }
    }

    /// Takes one use, durably. `false`: there is none.
    pub(crate) fn take_use(&self, of: &VaultRef, now: Timestamp) -> Result<bool, StoreError> {
        self.store.take_use(of, now)
    }

    pub(crate) fn remove(&self, of: &VaultRef) -> Result<bool, StoreError> {
        self.store.remove(of)
    }

    pub(crate) fn remove_of(&self, account: &AccountId) -> Result<u64, StoreError> {
        self.store.remove_of(&self.account_ref(account))
    }

    pub(crate) fn sweep(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.store.sweep(now, limit)
    }

    /// How many entries each version of the data root still opens.
    pub(crate) fn versions(&self) -> Result<Vec<(u32, u64)>, StoreError> {
        self.store.versions()
    }

    /// Seals at most `limit` entries of older versions anew: `reseal` seals the value in them. How many
    /// were, and how many could not be.
    pub(crate) fn reseal(
        &self,
        limit: usize,
        reseal: impl Fn(&VaultRef, &AccountId, &FieldName, &[u8]) -> Result<Vec<u8>, Error>,
    ) -> Result<(u64, u64), Error> {
        let (mut moved, mut failed) = (0_u64, 0_u64);
        for (of, stored) in self.store.not_of_version(self.keys.active_version(), limit)? {
            let anew = self.open(&of, &stored).and_then(|mut issued| {
                issued.sealed = reseal(&of, &issued.account, &issued.field, &issued.sealed)?;
                self.seal(&of, encode(&issued))
            });
            match anew {
                // Where it is gone or changed meanwhile, the next call sees it again.
                Ok((entry, version)) => {
                    let is_moved = self.store.replace(&of, &stored.entry, &entry, version)?;
                    moved = moved.saturating_add(u64::from(is_moved));
                }
                Err(_) => failed = failed.saturating_add(1),
            }
        }
        Ok((moved, failed))
    }

    fn account_ref(&self, account: &AccountId) -> VaultRef {
        // EXPOSE: an input of the pseudonym.
        self.pseudonym("account", &[], account.expose().as_bytes())
    }

    fn pseudonym(&self, what: &str, class: &[u8], of: &[u8]) -> VaultRef {
        VaultRef::from_pseudonym(self.references.mac_tuple(&[
            REFERENCE_LABEL.as_bytes(),
            what.as_bytes(),
            class,
            of,
        ]))
    }

    fn seal(&self, of: &VaultRef, plain: Zeroizing<Vec<u8>>) -> Result<(Vec<u8>, u32), Error> {
        let version = self.keys.active_version();
        let (key, aad) = (self.entry_key(of, version)?, self.aad(of, version));
        let entry = entry::seal(&key, version, aad.as_bytes(), plain).map_err(|_| KeyError::Random)?;
        Ok((entry, version))
    }

    fn open(&self, of: &VaultRef, stored: &StoredToken) -> Result<Issued, Error> {
        let unreadable = || Error::from(TokenError::Unreadable);
        let entry = Entry::of(&stored.entry).filter(|entry| entry.version == stored.key_version);
        let entry = entry.ok_or_else(unreadable)?;
        let (key, aad) = (self.entry_key(of, entry.version)?, self.aad(of, entry.version));
        let plain = entry.open(&key, aad.as_bytes()).map_err(|_| unreadable())?;
        let mut issued = decode(&plain).ok_or_else(unreadable)?;
        // What stands beside the entry is not authenticated: it may only say less.
        let is_less = match (stored.uses_left, issued.terms.uses) {
            (Some(left), Some(uses)) => left <= uses.get(),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !is_less
            || stored.expires != issued.terms.expires
            || stored.account != self.account_ref(&issued.account)
        {
            return Err(unreadable());
        }
        issued.uses_left = stored.uses_left;
        Ok(issued)
    }

    /// A key for each entry: its nonces never come near 2^32.
    fn entry_key(&self, of: &VaultRef, version: u32) -> Result<AeadKey, KeyError> {
        let key = Prk::from_key(self.keys.vault_key(&self.tenant, version)?);
        Ok(AeadKey::new(&key.expand(Tuple::new(ENTRY_LABEL).with(of.as_bytes()).as_bytes())))
    }

    fn aad(&self, of: &VaultRef, version: u32) -> Tuple {
        let tuple = Tuple::new(ENTRY_LABEL).with(self.tenant.as_str().as_bytes());
        tuple.with(of.as_bytes()).with(&version.to_be_bytes())
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(..)")
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issued(..)")
    }
}

const fn bit(purpose: Purpose) -> u32 {
    // INVARIANT: codes are below 32: Purpose::ALL is checked in the tests.
    1 << purpose.code()
}

/// The plaintext of an entry, built in place: the account id leaves no copy behind.
fn encode(issued: &Issued) -> Zeroizing<Vec<u8>> {
    let Issued { account, field, class, sealed, terms, .. } = issued;
    // EXPOSE: sealed by the caller; the buffer is wiped and does not grow.
    let account = account.expose();
    let len = 2 + account.len() + field.as_str().len() + 1 + 4 + 4 + 8 + 4 + sealed.len();
    let len = len.next_multiple_of(BLOCK);
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    put_str8(&mut out, account);
    put_str8(&mut out, field.as_str());
    out.push(class.code());
    out.extend(terms.purposes.to_be_bytes());
    out.extend(terms.uses.map_or(0, NonZeroU32::get).to_be_bytes());
    out.extend(terms.expires.as_micros().to_be_bytes());
    // INVARIANT: a sealed value has less than 128 KiB.
    out.extend(u32::try_from(sealed.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(sealed);
    out.resize(len, 0);
    out
}

/// `None` if the plaintext is not exactly one entry.
fn decode(plain: &[u8]) -> Option<Issued> {
    let (account, rest) = take_str8(plain)?;
    let (field, rest) = take_str8(rest)?;
    let (class, rest) = rest.split_first()?;
    let (purposes, rest) = rest.split_first_chunk()?;
    let (uses, rest) = rest.split_first_chunk()?;
    let (expires, rest) = rest.split_first_chunk()?;
    let (len, rest) = rest.split_first_chunk()?;
    let (sealed, padding) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    let is_padding = padding.len() < BLOCK && padding.iter().all(|byte| *byte == 0);
    if !is_padding || !plain.len().is_multiple_of(BLOCK) {
        return None;
    }
    let terms = TokenTerms {
        expires: Timestamp::from_micros(u64::from_be_bytes(*expires)),
        purposes: u32::from_be_bytes(*purposes),
        uses: NonZeroU32::new(u32::from_be_bytes(*uses)),
    };
    let (account, field) = (AccountId::new(account).ok()?, FieldName::new(field).ok()?);
    Some(Issued::new(account, field, DataClass::from_code(*class)?, sealed.to_vec(), terms))
}

/// For fuzzing: reads the plaintext of an entry and writes it again; `None` where it is refused.
#[cfg(feature = "testing")]
pub(crate) fn recode_for_testing(plain: &[u8]) -> Option<Vec<u8>> {
    Some(encode(&decode(plain)?).to_vec())
}

#[cfg(test)]
mod tests;
