//! The roots as they are between two changes, and how they become the document (`keyring-v1.md`
//! §1 to §3).

use super::KeyProvider;
use super::document::{Document, Entry};
use super::tree;
use crate::error::KeyError;
use crate::hazmat::framing::{self, Tuple};
use crate::hazmat::kdf::Prk;
use crate::hazmat::mac::MacKey;
use crate::hazmat::{self, Key32, rng};
use crate::sensitive::Sensitive;

const ROOT_LABEL: &[u8] = b"cpni-guard/v1/root";
const KEYRING_LABEL: &str = "cpni-guard/v1/keyring";

/// All roots, and what is asked for most.
pub(super) struct Roots {
    pub(super) all: Vec<Root>,
    pub(super) active_data: u32,
    pub(super) reference: (u32, Key32),
}

/// A version of a root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyVersion {
    /// What hangs under the key.
    pub branch: KeyBranch,
    /// Its version, from 1.
    pub version: u32,
    /// What it may do.
    pub state: KeyState,
}

/// What hangs under a root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyBranch {
    /// Sealed fields, verifiers and queued notices.
    Data,
    /// The audit log.
    Audit,
    /// Pseudonyms of accounts in the state store. Not rotated.
    Reference,
    /// Format-preserving and deterministic tokens, whose versions are chosen column by column.
    Token,
    /// Wraps the secrets of accounts: without it, none of them opens.
    Subject,
}

/// What a version of a root key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Seals and opens. One version of each branch.
    Active,
    /// Opens what it sealed before.
    DecryptOnly,
    /// Its key is gone.
    Destroyed,
    /// Does nothing, and can be put back: what still needs it shows before its key is destroyed.
    Retired,
}

pub(super) struct Root {
    pub(super) id: KeyVersion,
    /// `None` where the key was destroyed, and only there.
    secret: Option<Secret>,
}

pub(super) struct Secret {
    pub(super) key: Key32,
    /// The extract for accounts without a subject secret: the same for all of them, so kept.
    pub(super) account: Prk,
}

impl Roots {
    /// Reads what the provider holds.
    pub(super) fn open(provider: &dyn KeyProvider) -> Result<Self, KeyError> {
        Self::read(provider, &provider.load()?.ok_or(KeyError::Missing)?)
    }

    pub(super) fn read(provider: &dyn KeyProvider, document: &[u8]) -> Result<Self, KeyError> {
        let document = Document::read(document)?;
        let roots = document.entries.iter().map(|entry| Root::unwrap(provider, entry));
        let roots = roots.collect::<Result<Vec<_>, _>>()?;
        if !hazmat::equal(&derive_mac(&roots), &document.mac) {
            return Err(KeyError::Unwrap);
        }
        Self::new(roots)
    }

    pub(super) fn new(all: Vec<Root>) -> Result<Self, KeyError> {
        let active = |branch| {
            let mut active =
                all.iter().filter(|root| root.id.branch == branch && root.id.state == KeyState::Active);
            let root = active.next().ok_or(KeyError::NotOneActive)?;
            let secret = root.secret.as_ref().ok_or(KeyError::NotOneActive)?;
            if active.next().is_some() {
                return Err(KeyError::NotOneActive);
            }
            Ok((root.id.version, secret.key.duplicate()))
        };
        let (active_data, _) = active(KeyBranch::Data)?;
        active(KeyBranch::Audit)?;
        let reference = active(KeyBranch::Reference)?;
        Ok(Self { all, active_data, reference })
    }

    /// The document, wrapped by the provider and not stored yet.
    pub(super) fn write(&self, provider: &dyn KeyProvider) -> Result<Vec<u8>, KeyError> {
        write_document(provider, &self.all)
    }

    pub(super) fn of(&self, branch: KeyBranch) -> impl Iterator<Item = &Root> {
        self.all.iter().filter(move |root| root.id.branch == branch)
    }

    pub(super) fn find(&self, branch: KeyBranch, version: u32) -> Result<&Root, KeyError> {
        let root = self.of(branch).find(|root| root.id.version == version);
        root.ok_or(KeyError::UnknownVersion { version })
    }

    /// The key of a version that may be used.
    pub(super) fn secret(&self, branch: KeyBranch, version: u32) -> Result<&Secret, KeyError> {
        let root = self.find(branch, version)?;
        match root.id.state {
            KeyState::Active | KeyState::DecryptOnly => {
                root.secret.as_ref().ok_or(KeyError::Destroyed { version })
            }
            KeyState::Retired => Err(KeyError::Retired { version }),
            KeyState::Destroyed => Err(KeyError::Destroyed { version }),
        }
    }

    /// The same versions in the same states with the same keys.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.all.len() == other.all.len()
            && self.all.iter().zip(&other.all).all(|(a, b)| a.id == b.id && a.has_key_of(b))
    }

    /// Whether these can have come of `before`: no version is lost, none has another key, and none
    /// has come back from where no version comes back.
    pub(super) fn continues(&self, before: &Self) -> bool {
        before.all.iter().all(|old| {
            let Ok(new) = self.find(old.id.branch, old.id.version) else { return false };
            let comes_back = (old.id.state != KeyState::Active && new.id.state == KeyState::Active)
                || (old.id.state == KeyState::Destroyed && new.id.state != KeyState::Destroyed);
            !comes_back && (new.id.state == KeyState::Destroyed || new.has_key_of(old))
        })
    }
}

impl KeyBranch {
    pub(super) const ALL: &'static [Self] =
        &[Self::Data, Self::Audit, Self::Reference, Self::Token, Self::Subject];

    /// Whether every keyring has it. The others came later: an older keyring lacks them.
    pub(super) const fn is_always_there(self) -> bool {
        match self {
            Self::Data | Self::Audit | Self::Reference => true,
            Self::Token | Self::Subject => false,
        }
    }

    /// The code in MACs and wrapped keys.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Data => 1,
            Self::Audit => 2,
            Self::Reference => 3,
            Self::Token => 4,
            Self::Subject => 5,
        }
    }

    /// The name in the document and in events.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Audit => "audit",
            Self::Reference => "reference",
            Self::Token => "token",
            Self::Subject => "subject",
        }
    }
}

impl KeyState {
    pub(super) const ALL: &'static [Self] =
        &[Self::Active, Self::DecryptOnly, Self::Destroyed, Self::Retired];

    /// Whether its key opens anything.
    pub(super) const fn is_usable(self) -> bool {
        match self {
            Self::Active | Self::DecryptOnly => true,
            Self::Retired | Self::Destroyed => false,
        }
    }

    /// The code in MACs.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Active => 1,
            Self::DecryptOnly => 2,
            Self::Destroyed => 3,
            Self::Retired => 4,
        }
    }

    /// The name in the document.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::DecryptOnly => "decrypt_only",
            Self::Destroyed => "destroyed",
            Self::Retired => "retired",
        }
    }
}

impl Root {
    pub(super) fn new(id: KeyVersion, key: Option<Key32>) -> Self {
        let secret = key.map(|key| Secret { account: tree::extract_account(&key, None), key });
        Self { id, secret }
    }

    /// A new key.
    pub(super) fn make(branch: KeyBranch, version: u32) -> Result<Self, KeyError> {
        let key = rng::make_key().map_err(|_| KeyError::Random)?;
        Ok(Self::new(KeyVersion { branch, version, state: KeyState::Active }, Some(key)))
    }

    /// Its key, whatever its state.
    pub(super) const fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// Wipes the key.
    pub(super) fn destroy(&mut self) {
        self.id.state = KeyState::Destroyed;
        self.secret = None;
    }

    fn has_key_of(&self, other: &Self) -> bool {
        match (&self.secret, &other.secret) {
            (Some(a), Some(b)) => hazmat::equal(a.key.bytes(), b.key.bytes()),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn unwrap(provider: &dyn KeyProvider, entry: &Entry) -> Result<Self, KeyError> {
        let Some(wrapped) = &entry.wrapped else { return Ok(Self::new(entry.id, None)) };
        let plain = provider.unwrap(wrapped)?;
        let place = root_place(entry.id);
        // EXPOSE: the root key is copied into a Key32, which wipes it, and goes nowhere else.
        let key = plain.expose().strip_prefix(place.as_slice()).ok_or(KeyError::Unwrap)?;
        let key = Key32::filled_by(|out| {
            *out = *<&[u8; 32]>::try_from(key).map_err(|_| KeyError::Unwrap)?;
            Ok(())
        })?;
        Ok(Self::new(entry.id, Some(key)))
    }

    fn wrap(&self, provider: &dyn KeyProvider) -> Result<Entry, KeyError> {
        let Some(secret) = &self.secret else { return Ok(Entry { id: self.id, wrapped: None }) };
        let mut plain = Vec::with_capacity(128);
        plain.extend_from_slice(&root_place(self.id));
        plain.extend_from_slice(secret.key.bytes());
        Ok(Entry { id: self.id, wrapped: Some(provider.wrap(&Sensitive::new(plain))?) })
    }
}

/// A new keyring, wrapped by the provider and not stored yet.
pub(super) fn make_document(provider: &dyn KeyProvider) -> Result<Vec<u8>, KeyError> {
    let roots = KeyBranch::ALL.iter().map(|branch| Root::make(*branch, 1));
    let roots = roots.collect::<Result<Vec<_>, KeyError>>()?;
    write_document(provider, &roots)
}

fn write_document(provider: &dyn KeyProvider, roots: &[Root]) -> Result<Vec<u8>, KeyError> {
    let entries = roots.iter().map(|root| root.wrap(provider)).collect::<Result<_, _>>()?;
    Ok(Document { entries, mac: derive_mac(roots) }.write().into_bytes())
}

#[cfg(test)]
pub(crate) fn write_document_for_testing(
    provider: &dyn KeyProvider,
    roots: &[(KeyVersion, [u8; 32])],
) -> Result<Vec<u8>, KeyError> {
    let key = |key: &[u8; 32]| {
        Key32::filled_by(|out| -> Result<(), KeyError> {
            out.copy_from_slice(key);
            Ok(())
        })
    };
    let roots = roots.iter().map(|(id, bytes)| {
        let key = if id.state == KeyState::Destroyed { None } else { Some(key(bytes)?) };
        Ok(Root::new(*id, key))
    });
    write_document(provider, &roots.collect::<Result<Vec<_>, KeyError>>()?)
}

/// What stands before the key in the wrapped bytes: `tuple(label, branch, version, key)` without
/// the key's own 32 bytes.
fn root_place(id: KeyVersion) -> Vec<u8> {
    let mut place = Vec::with_capacity(64);
    framing::push(&mut place, ROOT_LABEL);
    framing::push(&mut place, &[id.branch.code()]);
    framing::push(&mut place, &id.version.to_be_bytes());
    place.extend_from_slice(&32_u32.to_be_bytes());
    place
}

/// Binds the states and the order of the entries (`keyring-v1.md` §3).
fn derive_mac(roots: &[Root]) -> [u8; 32] {
    let keys: Vec<&[u8]> =
        roots.iter().filter_map(|root| root.secret.as_ref().map(|secret| &secret.key.bytes()[..])).collect();
    let info = Tuple::new(KEYRING_LABEL);
    let key = Prk::extract(KEYRING_LABEL.as_bytes(), &keys).expand(info.as_bytes());
    let mut message = info;
    for Root { id, .. } in roots {
        message.push(&[id.branch.code()]);
        message.push(&id.version.to_be_bytes());
        message.push(&[id.state.code()]);
    }
    MacKey::new(&key).mac(message.as_bytes())
}
