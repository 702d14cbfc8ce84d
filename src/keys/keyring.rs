//! `Keyring`: the root keys of a running process, by branch and version.

use core::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::KeyProvider;
use super::document::{Document, Entry};
use super::tree::{self, AccountKeys};
use crate::error::KeyError;
use crate::hazmat::framing::{self, Tuple};
use crate::hazmat::kdf::Prk;
use crate::hazmat::mac::MacKey;
use crate::hazmat::{self, Key32, rng};
use crate::sensitive::Sensitive;
use crate::vocabulary::{AccountId, TenantId};

const ROOT_LABEL: &[u8] = b"cpni-guard/v1/root";
const KEYRING_LABEL: &str = "cpni-guard/v1/keyring";
const VERIFIER_LABEL: &str = "cpni-guard/v1/verifier";
const NOTICE_LABEL: &str = "cpni-guard/v1/notice";
const VAULT_LABEL: &str = "cpni-guard/v1/vault";
const REFERENCE_LABEL: &str = "cpni-guard/v1/reference";
const STATE_LABEL: &str = "cpni-guard/v1/state";
const INDEX_LABEL: &str = "cpni-guard/v1/index";
const TOKEN_LABEL: &str = "cpni-guard/v1/token";
const SUBJECT_LABEL: &str = "cpni-guard/v1/subject";

/// The root keys, unwrapped. Opaque: what it knows comes out only as [`KeyVersion`]s.
///
/// It is made once when the program starts. The provider, and with it the wrapping key, is needed
/// only for that and for changes.
pub struct Keyring {
    /// Replaced whole when keys change; whoever reads holds the one it began with.
    now: RwLock<Arc<Roots>>,
}

/// The roots as they are between two changes.
struct Roots {
    all: Vec<Root>,
    active_data: u32,
    reference: (u32, Key32),
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
#[non_exhaustive]
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
#[non_exhaustive]
pub enum KeyState {
    /// Seals and opens. One version of each branch.
    Active,
    /// Opens what it sealed before.
    DecryptOnly,
    /// Its key is gone.
    Destroyed,
}

/// A root of the audit branch that still has its key.
pub(crate) struct AuditRoot {
    pub(crate) version: u32,
    pub(crate) key: Key32,
    /// Whether new events are sealed under it.
    pub(crate) active: bool,
}

struct Root {
    id: KeyVersion,
    secret: Option<Secret>,
}

struct Secret {
    key: Key32,
    /// The extract for accounts without a subject secret: the same for all of them, so kept.
    account: Prk,
}

impl Keyring {
    /// Opens the keyring that the provider holds.
    ///
    /// # Errors
    /// [`KeyError::Missing`] if it holds none: keys are never made in place of lost ones.
    /// [`KeyError::Unwrap`] if the wrapping key is another or the document was changed;
    /// [`KeyError::Format`] or [`KeyError::NotOneActive`] if the document breaks its format; and
    /// the provider's own errors.
    pub fn open(provider: &dyn KeyProvider) -> Result<Self, KeyError> {
        let document = Document::read(&provider.load()?.ok_or(KeyError::Missing)?)?;
        let roots = document.entries.iter().map(|entry| Root::unwrap(provider, entry));
        let roots = roots.collect::<Result<Vec<_>, _>>()?;
        if !hazmat::equal(&derive_mac(&roots), &document.mac) {
            return Err(KeyError::Unwrap);
        }
        Self::from_roots(roots)
    }

    /// Makes version 1 of each branch and stores the keyring with a provider that holds none.
    ///
    /// # Errors
    /// [`KeyError::Exists`] if the provider holds a keyring; [`KeyError::Random`]; and the
    /// provider's own errors.
    pub fn create(provider: &dyn KeyProvider) -> Result<Self, KeyError> {
        if provider.load()?.is_some() {
            return Err(KeyError::Exists);
        }
        provider.store(&make_document(provider)?)?;
        Self::open(provider)
    }

    /// Every version of every branch, the destroyed ones too.
    pub fn versions(&self) -> impl Iterator<Item = KeyVersion> + use<> {
        let roots = self.roots();
        (0..roots.all.len()).filter_map(move |at| roots.all.get(at).map(|root| root.id))
    }

    /// The version of the data root that seals.
    pub(crate) fn active_version(&self) -> u32 {
        self.roots().active_data
    }

    /// The version of a branch that seals. Fails with [`KeyError::NoBranch`] where the keyring was
    /// made before there was this branch.
    #[allow(dead_code, reason = "for the rooms of tokens, search and subjects")]
    pub(crate) fn active_of(&self, branch: KeyBranch) -> Result<u32, KeyError> {
        let roots = self.roots();
        let mut of = roots.all.iter().filter(|root| root.id.branch == branch);
        let active = of.find(|root| root.id.state == KeyState::Active);
        active.map(|root| root.id.version).ok_or(KeyError::NoBranch)
    }

    /// The versions of a branch that still have their keys, the active one first, then the newest.
    #[allow(dead_code, reason = "for the rooms of tokens, search and subjects")]
    pub(crate) fn live_versions(&self, branch: KeyBranch) -> Vec<u32> {
        let roots = self.roots();
        let live = roots.all.iter().filter(|root| root.id.branch == branch && root.secret.is_some());
        let mut ids: Vec<_> = live.map(|root| root.id).collect();
        ids.sort_by_key(|id| (id.state != KeyState::Active, core::cmp::Reverse(id.version)));
        ids.into_iter().map(|id| id.version).collect()
    }

    /// The keys of an account. An epoch other than 0 takes the subject's secret, epoch 0 none.
    pub(crate) fn account_keys(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        version: u32,
        epoch: u32,
        subject_secret: Option<&Key32>,
    ) -> Result<AccountKeys, KeyError> {
        let roots = self.roots();
        let root = roots.secret(KeyBranch::Data, version)?;
        match (epoch, subject_secret) {
            (0, None) => Ok(AccountKeys::derive(&root.account, version, tenant, account, epoch)),
            (0, Some(_)) | (1.., None) => Err(KeyError::SubjectSecret),
            (1.., Some(_)) => {
                let prk = tree::extract_account(&root.key, subject_secret);
                Ok(AccountKeys::derive(&prk, version, tenant, account, epoch))
            }
        }
    }

    /// The secret input K of Argon2id (RFC 9106 §3.1) for passwords, back-up answers and codes.
    /// A stored verifier names its version.
    pub(crate) fn verifier_key(&self, tenant: &TenantId, version: u32) -> Result<Key32, KeyError> {
        self.tenant_key(KeyBranch::Data, VERIFIER_LABEL, tenant, version)
    }

    /// The key under which queued notices have theirs. A stored entry names its version.
    pub(crate) fn notice_key(&self, tenant: &TenantId, version: u32) -> Result<Key32, KeyError> {
        self.tenant_key(KeyBranch::Data, NOTICE_LABEL, tenant, version)
    }

    /// The key of the terms of the blind index. A row of the index names its version.
    #[allow(dead_code, reason = "for the rooms of tokens, search and subjects")]
    pub(crate) fn index_key(&self, tenant: &TenantId, version: u32) -> Result<Key32, KeyError> {
        self.tenant_key(KeyBranch::Data, INDEX_LABEL, tenant, version)
    }

    /// The key of a column of tokens, from which the keys of its scheme are expanded. The column's
    /// registration names its version.
    #[allow(dead_code, reason = "for the rooms of tokens, search and subjects")]
    pub(crate) fn token_key(&self, tenant: &TenantId, column: &str, version: u32) -> Result<Key32, KeyError> {
        let roots = self.roots();
        let root = &roots.secret(KeyBranch::Token, version)?.key;
        Ok(tree::derive_column_key(root, TOKEN_LABEL, version, tenant, column))
    }

    /// The key that wraps the secrets of accounts. A stored secret names its version.
    #[allow(dead_code, reason = "for the rooms of tokens, search and subjects")]
    pub(crate) fn subject_key(&self, tenant: &TenantId, version: u32) -> Result<Key32, KeyError> {
        self.tenant_key(KeyBranch::Subject, SUBJECT_LABEL, tenant, version)
    }

    /// The key under which entries of the token vault have theirs. A stored entry names its version.
    pub(crate) fn vault_key(&self, tenant: &TenantId, version: u32) -> Result<Key32, KeyError> {
        let root = self.data_root(version)?;
        Ok(tree::derive_tenant_key(&root.key, VAULT_LABEL, version, tenant))
    }

    /// The key of the pseudonyms of accounts in the state store. From a branch of its own, so that
    /// it survives the rotation and destruction of data keys (`keyring-v1.md` §1).
    pub(crate) fn reference_key(&self, tenant: &TenantId) -> MacKey {
        let (version, root) = &self.roots().reference;
        MacKey::new(&tree::derive_tenant_key(root, REFERENCE_LABEL, *version, tenant))
    }

    /// The key of the MACs over what the state store keeps. As long-lived as the pseudonyms.
    pub(crate) fn state_key(&self, tenant: &TenantId) -> MacKey {
        let (version, root) = &self.roots().reference;
        MacKey::new(&tree::derive_tenant_key(root, STATE_LABEL, *version, tenant))
    }

    /// The audit roots that still have their keys, in the order of their versions.
    pub(crate) fn audit_roots(&self) -> Vec<AuditRoot> {
        let roots = self.roots();
        let audit = roots.all.iter().filter(|root| root.id.branch == KeyBranch::Audit);
        let live = audit.filter_map(|root| root.secret.as_ref().map(|secret| (root.id, secret)));
        live.map(|(id, secret)| AuditRoot {
            version: id.version,
            key: secret.key.duplicate(),
            active: id.state == KeyState::Active,
        })
        .collect()
    }

    fn tenant_key(
        &self,
        branch: KeyBranch,
        label: &str,
        tenant: &TenantId,
        version: u32,
    ) -> Result<Key32, KeyError> {
        let roots = self.roots();
        Ok(tree::derive_tenant_key(&roots.secret(branch, version)?.key, label, version, tenant))
    }

    fn roots(&self) -> Arc<Roots> {
        // A writer only replaces the pointer: what a panic leaves behind is whole.
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn from_roots(roots: Vec<Root>) -> Result<Self, KeyError> {
        Ok(Self { now: RwLock::new(Arc::new(Roots::new(roots)?)) })
    }

    /// A keyring of given roots.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn from_roots_for_testing(roots: &[(KeyVersion, [u8; 32])]) -> Result<Self, KeyError> {
        let roots = roots.iter().map(|(id, key)| {
            let Ok(key) = Key32::filled_by(|out| -> Result<(), core::convert::Infallible> {
                out.copy_from_slice(key);
                Ok(())
            });
            Root::new(*id, (id.state != KeyState::Destroyed).then_some(key))
        });
        Self::from_roots(roots.collect())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.versions()).finish()
    }
}

impl Roots {
    fn new(all: Vec<Root>) -> Result<Self, KeyError> {
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

    fn secret(&self, branch: KeyBranch, version: u32) -> Result<&Secret, KeyError> {
        let wanted = |root: &&Root| root.id.branch == branch && root.id.version == version;
        let root = self.all.iter().find(wanted).ok_or(KeyError::UnknownVersion { version })?;
        root.secret.as_ref().ok_or(KeyError::Destroyed { version })
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

    /// The name in the document.
    pub(super) const fn name(self) -> &'static str {
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
    pub(super) const ALL: &'static [Self] = &[Self::Active, Self::DecryptOnly, Self::Destroyed];

    /// The code in MACs.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Active => 1,
            Self::DecryptOnly => 2,
            Self::Destroyed => 3,
        }
    }

    /// The name in the document.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::DecryptOnly => "decrypt_only",
            Self::Destroyed => "destroyed",
        }
    }
}

impl Root {
    fn new(id: KeyVersion, key: Option<Key32>) -> Self {
        let secret = key.map(|key| Secret { account: tree::extract_account(&key, None), key });
        Self { id, secret }
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
    let make_root = |branch: &KeyBranch| {
        let key = rng::make_key().map_err(|_| KeyError::Random)?;
        Ok(Root::new(KeyVersion { branch: *branch, version: 1, state: KeyState::Active }, Some(key)))
    };
    let roots = KeyBranch::ALL.iter().map(make_root).collect::<Result<Vec<_>, KeyError>>()?;
    write_document(provider, &roots)
}

fn write_document(provider: &dyn KeyProvider, roots: &[Root]) -> Result<Vec<u8>, KeyError> {
    let entries = roots.iter().map(|root| root.wrap(provider)).collect::<Result<_, _>>()?;
    Ok(Document { entries, mac: derive_mac(roots) }.write().into_bytes())
}

#[cfg(test)]
pub(super) fn write_document_for_testing(
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
