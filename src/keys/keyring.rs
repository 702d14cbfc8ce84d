//! `Keyring`: the root keys of a running process, by branch and version.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use super::KeyProvider;
use super::roots::{self, KeyBranch, KeyState, KeyVersion, Roots};
use super::tree::{self, AccountKeys};
use crate::error::KeyError;
use crate::hazmat::Key32;
use crate::hazmat::mac::MacKey;
use crate::vocabulary::{AccountId, TenantId};

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
    /// Held by the one change at a time.
    pub(super) changing: Mutex<()>,
}

/// A root of the audit branch that still has its key.
pub(crate) struct AuditRoot {
    pub(crate) version: u32,
    pub(crate) key: Key32,
    /// Whether new events are sealed under it.
    pub(crate) active: bool,
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
        Ok(Self::of(Roots::open(provider)?))
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
        provider.store(&roots::make_document(provider)?)?;
        Self::open(provider)
    }

    /// Every version of every branch, the destroyed ones too.
    pub fn versions(&self) -> impl Iterator<Item = KeyVersion> + use<> {
        let roots = self.roots();
        (0..roots.all.len()).filter_map(move |at| roots.all.get(at).map(|root| root.id))
    }

    /// The version of the data root that seals.
    pub(crate) fn active_version(&self) -> u32 {
        self.read().active_data
    }

    /// The version of a branch that seals. Fails with [`KeyError::NoBranch`] where the keyring was
    /// made before there was this branch.
    pub(crate) fn active_of(&self, branch: KeyBranch) -> Result<u32, KeyError> {
        let roots = self.roots();
        let active = roots.of(branch).find(|root| root.id.state == KeyState::Active);
        active.map(|root| root.id.version).ok_or(KeyError::NoBranch)
    }

    /// The versions of a branch that may be used, the active one first, then the newest.
    pub(crate) fn live_versions(&self, branch: KeyBranch) -> Vec<u32> {
        let roots = self.roots();
        let live = roots.of(branch).filter(|root| root.id.state.is_usable());
        let mut ids: Vec<_> = live.map(|root| root.id).collect();
        ids.sort_by_key(|id| (id.state != KeyState::Active, core::cmp::Reverse(id.version)));
        ids.into_iter().map(|id| id.version).collect()
    }

    /// Whether a version may be used: fails with why it may not.
    pub(crate) fn check_usable(&self, branch: KeyBranch, version: u32) -> Result<(), KeyError> {
        self.roots().secret(branch, version).map(drop)
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
    pub(crate) fn index_key(&self, tenant: &TenantId, version: u32) -> Result<Key32, KeyError> {
        self.tenant_key(KeyBranch::Data, INDEX_LABEL, tenant, version)
    }

    /// The key of a column of tokens, from which the keys of its scheme are expanded. The column's
    /// registration names its version.
    pub(crate) fn token_key(&self, tenant: &TenantId, column: &str, version: u32) -> Result<Key32, KeyError> {
        let roots = self.roots();
        let root = &roots.secret(KeyBranch::Token, version)?.key;
        Ok(tree::derive_column_key(root, TOKEN_LABEL, version, tenant, column))
    }

    /// The key that wraps the secrets of accounts. A stored secret names its version.
    pub(crate) fn subject_key(&self, tenant: &TenantId, version: u32) -> Result<Key32, KeyError> {
        self.tenant_key(KeyBranch::Subject, SUBJECT_LABEL, tenant, version)
    }

    /// The key under which entries of the token vault have theirs. A stored entry names its version.
    pub(crate) fn vault_key(&self, tenant: &TenantId, version: u32) -> Result<Key32, KeyError> {
        self.tenant_key(KeyBranch::Data, VAULT_LABEL, tenant, version)
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

    /// The audit roots that may be used, in the order of their versions.
    pub(crate) fn audit_roots(&self) -> Vec<AuditRoot> {
        let roots = self.roots();
        let audit = roots.of(KeyBranch::Audit).filter(|root| root.id.state.is_usable());
        let live = audit.filter_map(|root| root.secret().map(|secret| (root.id, secret)));
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

    pub(super) fn roots(&self) -> Arc<Roots> {
        Arc::clone(&self.read())
    }

    /// For a look that ends at once: it keeps a change waiting.
    fn read(&self) -> RwLockReadGuard<'_, Arc<Roots>> {
        // A writer only replaces the pointer: what a panic leaves behind is whole.
        self.now.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_roots(&self, roots: Roots) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(roots);
    }

    fn of(roots: Roots) -> Self {
        Self { now: RwLock::new(Arc::new(roots)), changing: Mutex::new(()) }
    }

    /// A keyring of given roots.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn from_roots_for_testing(roots: &[(KeyVersion, [u8; 32])]) -> Result<Self, KeyError> {
        let roots = roots.iter().map(|(id, key)| {
            let Ok(key) = Key32::filled_by(|out| -> Result<(), core::convert::Infallible> {
                out.copy_from_slice(key);
                Ok(())
            });
            roots::Root::new(*id, (id.state != KeyState::Destroyed).then_some(key))
        });
        Ok(Self::of(Roots::new(roots.collect())?))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.versions()).finish()
    }
}
