//! The derivations below a root key: HKDF-SHA-256 over length-prefixed tuples (`sealed-v1.md` §1).

use core::fmt;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::hazmat::aead::AeadKey;
use crate::hazmat::framing;
use crate::hazmat::kdf::Prk;
use crate::hazmat::{Key32, framing::Tuple};
use crate::vocabulary::{AccountId, DataClass, TenantId};

const ACCOUNT_LABEL: &[u8] = b"cpni-guard/v1/account";
const CLASS_LABEL: &str = "cpni-guard/v1/class";
const CLASSES: usize = 16;

/// The keys of one account under one root version and subject epoch. Class keys are derived when
/// first asked for, and kept; all are wiped on drop.
pub(crate) struct AccountKeys {
    account_key: Prk,
    version: u32,
    epoch: u32,
    // Boxed: a key schedule has about a kilobyte, and a move would leave copies of it behind.
    classes: [OnceLock<Box<ClassKey>>; CLASSES],
}

/// The key of one class of one account, ready for use, and the public commitment to it.
pub(crate) struct ClassKey {
    pub(crate) aead: AeadKey,
    pub(crate) commitment: [u8; 32],
}

impl AccountKeys {
    /// `prk` is the extract of the root key, and of the subject's secret where the epoch is not 0.
    pub(super) fn derive(
        prk: &Prk,
        version: u32,
        tenant: &TenantId,
        account: &AccountId,
        epoch: u32,
    ) -> Self {
        // The account id is customer data: wiped. The capacity suffices, so no copy is left behind.
        let mut info = Zeroizing::new(Vec::with_capacity(320));
        framing::push(&mut info, ACCOUNT_LABEL);
        framing::push(&mut info, &version.to_be_bytes());
        framing::push(&mut info, tenant.as_str().as_bytes());
        // EXPOSE: the id is an input of the derivation and does not come out of it.
        framing::push(&mut info, account.expose().as_bytes());
        framing::push(&mut info, &epoch.to_be_bytes());
        Self {
            account_key: Prk::from_key(prk.expand(&info)),
            version,
            epoch,
            classes: [const { OnceLock::new() }; CLASSES],
        }
    }

    /// The version of the data root.
    pub(crate) const fn version(&self) -> u32 {
        self.version
    }

    /// The subject epoch; 0 for none.
    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The key of a class: derived at the first call, an atomic load afterwards.
    pub(crate) fn class_key(&self, class: DataClass) -> &ClassKey {
        #[expect(
            clippy::indexing_slicing,
            reason = "codes are 1 to 16: DataClass::ALL is checked in the tests"
        )]
        let slot = &self.classes[usize::from(class.code()).wrapping_sub(1)];
        slot.get_or_init(|| Box::new(ClassKey::from_bytes(&self.derive_class(class))))
    }

    /// 64 bytes: the key and the commitment.
    fn derive_class(&self, class: DataClass) -> Zeroizing<[u8; 64]> {
        let mut bytes = Zeroizing::new([0; 64]);
        let info = Tuple::new(CLASS_LABEL).with(&[class.code()]);
        self.account_key.expand_into(info.as_bytes(), bytes.as_mut_slice());
        bytes
    }

    #[cfg(test)]
    pub(crate) fn class_bytes_for_testing(&self, class: DataClass) -> Zeroizing<[u8; 64]> {
        self.derive_class(class)
    }

    #[cfg(test)]
    pub(crate) fn account_key_for_testing(&self) -> [u8; 32] {
        *self.account_key.key_for_testing().bytes()
    }
}

impl fmt::Debug for AccountKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKeys(..)")
    }
}

impl ClassKey {
    fn from_bytes(bytes: &[u8; 64]) -> Self {
        let (key, commitment) = bytes.split_at(32);
        let Ok(key) = Key32::filled_by(|out| -> Result<(), core::convert::Infallible> {
            out.copy_from_slice(key);
            Ok(())
        });
        let mut public = [0; 32];
        public.copy_from_slice(commitment);
        Self { aead: AeadKey::new(&key), commitment: public }
    }
}

impl fmt::Debug for ClassKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClassKey(..)")
    }
}

/// What is extracted from a data root for the accounts under it.
pub(super) fn extract_account(root: &Key32, subject_secret: Option<&Key32>) -> Prk {
    match subject_secret {
        None => Prk::extract(ACCOUNT_LABEL, &[root.bytes()]),
        Some(secret) => Prk::extract(ACCOUNT_LABEL, &[root.bytes(), secret.bytes()]),
    }
}

/// The key of another branch of the tree, per tenant. `label` is its whole label.
pub(super) fn derive_tenant_key(root: &Key32, label: &str, version: u32, tenant: &TenantId) -> Key32 {
    let info = Tuple::new(label).with(&version.to_be_bytes()).with(tenant.as_str().as_bytes());
    Prk::extract(label.as_bytes(), &[root.bytes()]).expand(info.as_bytes())
}

/// The key of one column of a tenant.
pub(super) fn derive_column_key(
    root: &Key32,
    label: &str,
    version: u32,
    tenant: &TenantId,
    column: &str,
) -> Key32 {
    let info = Tuple::new(label).with(&version.to_be_bytes()).with(tenant.as_str().as_bytes());
    let info = info.with(column.as_bytes());
    Prk::extract(label.as_bytes(), &[root.bytes()]).expand(info.as_bytes())
}
