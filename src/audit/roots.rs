//! The keys of a log: the audit root in its versions, and what is derived from it
//! (`docs/spec/audit-log-v1.md`, "Keys" and "The account").

use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

use super::event::{AccountMark, LogId};
use crate::error::{AuditError, KeyError};
use crate::hazmat::Key32;
use crate::hazmat::aead::{AeadKey, NONCE_LEN, TAG_LEN};
use crate::hazmat::framing::Tuple;
use crate::hazmat::hash::Hash;
use crate::hazmat::kdf::Prk;
use crate::hazmat::mac::MacKey;
use crate::hazmat::rng;
use crate::hazmat::sign::SigningKey;
use crate::vocabulary::{AccountId, TenantId};

/// The versions of the audit root, one of them active.
#[derive(Debug)]
pub(crate) struct AuditRoots {
    active: u32,
    versions: Vec<(u32, Prk)>,
}

impl AuditRoots {
    /// The roots of these versions. Each must be uniformly random.
    ///
    /// Fails if `active` is not among them, a version is there twice, or one is 0.
    pub(crate) fn new(active: u32, roots: Vec<(u32, Key32)>) -> Result<Self, KeyError> {
        let mut versions: Vec<(u32, Prk)> = Vec::with_capacity(roots.len());
        for (version, root) in roots {
            if version == 0 {
                return Err(KeyError::UnknownVersion { version });
            }
            if versions.iter().any(|(known, _)| *known == version) {
                return Err(KeyError::NotOneActive);
            }
            versions.push((version, Prk::from_key(root)));
        }
        let roots = Self { active, versions };
        roots.version(active).map(|_| ()).ok_or(KeyError::NotOneActive)?;
        Ok(roots)
    }

    pub(super) const fn active(&self) -> u32 {
        self.active
    }

    fn version(&self, version: u32) -> Option<&Prk> {
        self.versions.iter().find(|(known, _)| *known == version).map(|(_, root)| root)
    }
}

/// The keys of one log.
#[derive(Debug)]
pub(super) struct LogKeys {
    /// Replaced whole when the audit root is rotated; an event is written under one of them.
    roots: RwLock<Arc<AuditRoots>>,
    created: u32,
    tenant: TenantId,
    log: LogId,
    link: MacKey,
    head: MacKey,
    pseudonym: MacKey,
    checkpoint: Key32,
}

impl LogKeys {
    /// Derives the keys of the log that version `created` of the root created.
    pub(super) fn derive(
        roots: AuditRoots,
        created: u32,
        tenant: TenantId,
        log: LogId,
    ) -> Result<Self, KeyError> {
        let root = roots.version(created).ok_or(KeyError::UnknownVersion { version: created })?;
        let of_tenant =
            |label| Tuple::new(label).with(&created.to_be_bytes()).with(tenant.as_str().as_bytes());
        let of_log = |label| root.expand(of_tenant(label).with(log.as_bytes()).as_bytes());
        let link = MacKey::new(&of_log("cpni-guard/v1/audit/link"));
        let head = MacKey::new(&of_log("cpni-guard/v1/audit/head"));
        let checkpoint = of_log("cpni-guard/v1/audit/checkpoint");
        let pseudonym = MacKey::new(&root.expand(of_tenant("cpni-guard/v1/audit/pseudonym").as_bytes()));
        let roots = RwLock::new(Arc::new(roots));
        Ok(Self { roots, created, tenant, log, link, head, pseudonym, checkpoint })
    }

    pub(super) const fn log(&self) -> LogId {
        self.log
    }

    /// The version that created the log: needed as long as the log is.
    pub(super) const fn created(&self) -> u32 {
        self.created
    }

    /// The roots as they are now. An event takes its version and its sealed id from one of these.
    pub(super) fn roots(&self) -> Arc<AuditRoots> {
        Arc::clone(&self.roots.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with these roots. What hangs under the version that created the log stays as it is.
    pub(super) fn set_roots(&self, roots: AuditRoots) {
        *self.roots.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(roots);
    }

    /// The log's own key for checkpoints.
    pub(super) fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.checkpoint)
    }

    /// The link of event `index` to the one before.
    pub(super) fn link(&self, index: u64, previous: &Hash, leaf: &Hash) -> Hash {
        let tuple = Tuple::new("cpni-guard/v1/audit-link").with(&index.to_be_bytes());
        self.link.mac(tuple.with(previous).with(leaf).as_bytes())
    }

    /// The MAC of a head.
    pub(super) fn head(&self, size: u64, root: &Hash, link: &Hash, frontier: &[Hash]) -> Hash {
        let tuple = Tuple::new("cpni-guard/v1/audit-head").with(self.log.as_bytes());
        let tuple = tuple.with(&size.to_be_bytes()).with(root).with(link).with(frontier.as_flattened());
        self.head.mac(tuple.as_bytes())
    }

    /// The pseudonym of an account: the same for the life of the log.
    pub(super) fn derive_pseudonym(&self, account: &AccountId) -> [u8; 32] {
        // EXPOSE: into a keyed MAC.
        self.pseudonym_of(account.expose().as_bytes())
    }

    /// The same for logs in which the same account has the same pseudonym. Not the pseudonym of any
    /// account: no account id is empty.
    pub(super) fn probe_pseudonyms(&self) -> [u8; 32] {
        self.pseudonym_of(b"")
    }

    fn pseudonym_of(&self, account: &[u8]) -> [u8; 32] {
        self.pseudonym.mac_tuple(&[
            b"cpni-guard/v1/audit-pseudonym",
            self.tenant.as_str().as_bytes(),
            account,
        ])
    }

    /// The pseudonym, and the account id sealed under the active version of `roots`.
    pub(super) fn make_mark(
        &self,
        roots: &AuditRoots,
        account: &AccountId,
    ) -> Result<AccountMark, AuditError> {
        let pseudonym = self.derive_pseudonym(account);
        let version = roots.active();
        let key = self.account_key(roots, version, &pseudonym).ok_or(AuditError::KeyVersion { version })?;
        let nonce: [u8; NONCE_LEN] = rng::make_array().map_err(|_| AuditError::Random)?;
        // EXPOSE: sealed in place below; the buffer does not grow while it holds the id.
        let id = account.expose().as_bytes();
        let padded = (id.len() + 1).next_multiple_of(BLOCK);
        let mut sealed = Vec::with_capacity(NONCE_LEN + padded + TAG_LEN);
        sealed.extend(nonce);
        sealed.extend(id);
        sealed.push(PAD);
        sealed.resize(NONCE_LEN + padded, 0);
        let (_, text) = sealed.split_at_mut(NONCE_LEN);
        // INVARIANT: the mode fails only for messages of gigabytes.
        let tag = key.seal(&nonce, self.aad(version, &pseudonym).as_bytes(), text);
        sealed.extend(tag.map_err(|_| AuditError::Random)?);
        Ok(AccountMark { pseudonym, sealed: sealed.into() })
    }

    /// Opens a sealed account id.
    pub(super) fn open_mark(&self, version: u32, mark: &AccountMark) -> Result<AccountId, AuditError> {
        let key = self
            .account_key(&self.roots(), version, &mark.pseudonym)
            .ok_or(AuditError::KeyVersion { version })?;
        let parts = mark.sealed.split_first_chunk::<NONCE_LEN>().and_then(|(nonce, rest)| {
            rest.split_last_chunk::<TAG_LEN>().map(|(text, tag)| (nonce, text, tag))
        });
        let (nonce, text, tag) = parts.ok_or(AuditError::Account)?;
        let mut id = Zeroizing::new(text.to_vec());
        key.open(nonce, self.aad(version, &mark.pseudonym).as_bytes(), &mut id, tag)
            .map_err(|_| AuditError::Account)?;
        let len = unpadded(&id).ok_or(AuditError::Account)?;
        id.truncate(len);
        let id = core::str::from_utf8(&id).map_err(|_| AuditError::Account)?;
        AccountId::new(id).map_err(|_| AuditError::Account)
    }

    /// A key for each account: random nonces under one key stay far below 2^32.
    fn account_key(&self, roots: &AuditRoots, version: u32, pseudonym: &[u8; 32]) -> Option<AeadKey> {
        let root = roots.version(version)?;
        let tuple = Tuple::new("cpni-guard/v1/audit/account").with(&version.to_be_bytes());
        let tuple = tuple.with(self.tenant.as_str().as_bytes()).with(pseudonym);
        Some(AeadKey::new(&root.expand(tuple.as_bytes())))
    }

    fn aad(&self, version: u32, pseudonym: &[u8; 32]) -> Tuple {
        let tuple = Tuple::new("cpni-guard/v1/audit-account").with(self.tenant.as_str().as_bytes());
        tuple.with(pseudonym).with(&version.to_be_bytes())
    }
}

const BLOCK: usize = 16;
const PAD: u8 = 0x80;

/// The length before padding; `None` if the padding is not the one of the specification.
fn unpadded(text: &[u8]) -> Option<usize> {
    let len = text.iter().rposition(|byte| *byte != 0)?;
    (text.get(len) == Some(&PAD) && (len + 1).next_multiple_of(BLOCK) == text.len()).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(byte: u8) -> Key32 {
        Key32::filled_by(|key| -> Result<(), ()> {
            *key = [byte; 32];
            Ok(())
        })
        .unwrap()
    }

    fn keys(active: u32, tenant: &str) -> LogKeys {
        let roots = AuditRoots::new(active, vec![(1, root(1)), (2, root(2))]).unwrap();
        LogKeys::derive(roots, 1, TenantId::new(tenant).unwrap(), LogId::from_bytes([2; 16])).unwrap()
    }

    fn mark_under(keys: &LogKeys, account: &AccountId) -> AccountMark {
        keys.make_mark(&keys.roots(), account).unwrap()
    }

    #[test]
    fn a_log_goes_on_under_other_roots() {
        let account = AccountId::new("8155550100").unwrap();
        let keys = keys(1, "t");
        let before = mark_under(&keys, &account);
        let (link, held) = (keys.link(1, &[0; 32], &[1; 32]), keys.roots());
        keys.set_roots(AuditRoots::new(3, vec![(1, root(1)), (2, root(2)), (3, root(3))]).unwrap());
        let after = mark_under(&keys, &account);
        assert_eq!((keys.roots().active(), held.active(), keys.created()), (3, 1, 1));
        assert!(
            keys.open_mark(1, &before).unwrap() == account && keys.open_mark(3, &after).unwrap() == account
        );
        assert_eq!((before.pseudonym, link), (after.pseudonym, keys.link(1, &[0; 32], &[1; 32])));
        // An event that began before the change ends under the version that it names.
        assert!(keys.open_mark(1, &keys.make_mark(&held, &account).unwrap()).unwrap() == account);
    }

    #[test]
    fn the_account_opens_again_and_its_length_is_hidden() {
        for (len, sealed) in [(1, 44), (15, 44), (16, 60), (31, 60), (127, 156), (128, 172)] {
            let account = AccountId::new("x".repeat(len)).unwrap();
            let mark = mark_under(&keys(2, "t"), &account);
            assert_eq!(mark.sealed.len(), sealed);
            assert!(keys(1, "t").open_mark(2, &mark) == Ok(account));
        }
    }

    #[test]
    fn a_mark_that_was_moved_or_changed_does_not_open() {
        let account = AccountId::new("8155550100").unwrap();
        let other = AccountId::new("8155550101").unwrap();
        let keys_1 = keys(1, "t");
        let mark = mark_under(&keys_1, &account);
        assert_eq!(keys_1.open_mark(2, &mark), Err(AuditError::Account));
        assert_eq!(keys_1.open_mark(3, &mark), Err(AuditError::KeyVersion { version: 3 }));
        assert_eq!(keys(1, "u").open_mark(1, &mark), Err(AuditError::Account));
        let moved = AccountMark { pseudonym: keys_1.derive_pseudonym(&other), sealed: mark.sealed.clone() };
        assert_eq!(keys_1.open_mark(1, &moved), Err(AuditError::Account));
        for bit in 0..mark.sealed.len() * 8 {
            let mut changed = mark.clone();
            changed.sealed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys_1.open_mark(1, &changed), Err(AuditError::Account), "bit {bit}");
        }
    }

    #[test]
    fn a_pseudonym_outlives_a_rotation_and_differs_between_tenants() {
        let account = AccountId::new("8155550100").unwrap();
        assert_eq!(keys(1, "t").derive_pseudonym(&account), keys(2, "t").derive_pseudonym(&account));
        assert_ne!(keys(1, "t").derive_pseudonym(&account), keys(1, "u").derive_pseudonym(&account));
    }

    #[test]
    fn padding_has_one_form() {
        let mut block = [0; 16];
        assert_eq!(unpadded(&block), None);
        block[0] = PAD;
        assert_eq!(unpadded(&block), Some(0));
        block[15] = 1;
        assert_eq!(unpadded(&block), None);
        let mut long = [0; 32];
        long[3] = PAD;
        assert_eq!(unpadded(&long), None);
        assert_eq!(unpadded(&[]), None);
    }

    #[test]
    fn roots_need_one_active_version() {
        assert!(AuditRoots::new(1, vec![]).is_err());
        assert!(AuditRoots::new(2, vec![(1, root(1))]).is_err());
        assert!(AuditRoots::new(1, vec![(1, root(1)), (1, root(2))]).is_err());
        assert!(AuditRoots::new(0, vec![(0, root(1))]).is_err());
    }
}
