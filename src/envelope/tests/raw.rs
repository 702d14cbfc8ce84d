//! The format written down a second time, without checks: for bytes that no writer makes.

use crate::envelope::Binding;
use crate::hazmat::Key32;
use crate::hazmat::framing::Tuple;
use crate::keys::{AccountKeys, KeyBranch, KeyState, KeyVersion, Keyring};
use crate::vocabulary::{AccountId, DataClass, RecordId, TenantId};

/// Whose record, under which keys. The root key is the same for every version.
pub(super) struct Place<'a> {
    pub(super) root: [u8; 32],
    pub(super) tenant: &'a str,
    pub(super) account: &'a str,
    pub(super) record: &'a str,
    pub(super) version: u32,
    pub(super) epoch: u32,
    /// Used where the epoch is not 0.
    pub(super) subject_secret: [u8; 32],
    pub(super) ids: std::sync::OnceLock<(TenantId, AccountId, RecordId)>,
}

impl Default for Place<'_> {
    fn default() -> Self {
        let bytes = |start: u8| core::array::from_fn(|i| start + u8::try_from(i).unwrap());
        Self {
            root: bytes(0),
            tenant: "acme",
            account: "8155550100",
            record: "r-1",
            version: 1,
            epoch: 0,
            subject_secret: bytes(0x80),
            ids: std::sync::OnceLock::new(),
        }
    }
}

/// The ids are made again: a clone is there to be changed.
impl Clone for Place<'_> {
    fn clone(&self) -> Self {
        Self { ids: std::sync::OnceLock::new(), ..*self }
    }
}

impl Place<'_> {
    pub(super) fn keys(&self) -> AccountKeys {
        let id = |branch, version| KeyVersion { branch, version, state: KeyState::Active };
        let keyring = Keyring::from_roots_for_testing(&[
            (id(KeyBranch::Data, self.version), self.root),
            (id(KeyBranch::Audit, 1), [0xaa; 32]),
            (id(KeyBranch::Reference, 1), [0xbb; 32]),
        ]);
        let secret = Key32::filled_by(|out| -> Result<(), ()> {
            *out = self.subject_secret;
            Ok(())
        });
        let (tenant, account, _) = self.ids();
        let secret = (self.epoch != 0).then(|| secret.unwrap());
        keyring.unwrap().account_keys(tenant, account, self.version, self.epoch, secret.as_ref()).unwrap()
    }

    /// The same by way of a subject store that holds the secret.
    pub(super) fn keys_from_store(&self) -> AccountKeys {
        let id = |branch, version| KeyVersion { branch, version, state: KeyState::Active };
        let keyring = Keyring::from_roots_for_testing(&[
            (id(KeyBranch::Data, self.version), self.root),
            (id(KeyBranch::Audit, 1), [0xaa; 32]),
            (id(KeyBranch::Reference, 1), [0xbb; 32]),
            (id(KeyBranch::Subject, 1), [0xcc; 32]),
        ]);
        let keyring = std::sync::Arc::new(keyring.unwrap());
        let (tenant, account, _) = self.ids();
        let store = std::sync::Arc::new(crate::keys::MemorySubjectStore::new());
        let subjects = crate::keys::Subjects::new(store, keyring.clone(), tenant.clone()).unwrap();
        let secret = Key32::filled_by(|out| -> Result<(), ()> {
            *out = self.subject_secret;
            Ok(())
        });
        subjects.put_for_testing(account, self.epoch, &secret.unwrap());
        let now = crate::vocabulary::Timestamp::from_secs(0);
        let secret = subjects.secret(account, self.epoch, now).unwrap();
        keyring.account_keys(tenant, account, self.version, self.epoch, Some(&secret)).unwrap()
    }

    pub(super) fn binding(&self) -> Binding<'_> {
        let (tenant, account, record) = self.ids();
        Binding { tenant, account, record }
    }

    pub(super) fn aad(&self, name: &[u8], class: u8, shape: u8, index: u32, count: u32) -> Vec<u8> {
        let tuple = Tuple::new("cpni-guard/v1/sealed")
            .with(self.tenant.as_bytes())
            .with(self.account.as_bytes())
            .with(self.record.as_bytes())
            .with(name)
            .with(&[class])
            .with(&[shape])
            .with(&self.version.to_be_bytes())
            .with(&self.epoch.to_be_bytes())
            .with(&index.to_be_bytes())
            .with(&count.to_be_bytes());
        tuple.as_bytes().to_vec()
    }

    fn ids(&self) -> &(TenantId, AccountId, RecordId) {
        let ids = self.ids.get_or_init(|| {
            let tenant = TenantId::new(self.tenant).unwrap();
            (tenant, AccountId::new(self.account).unwrap(), RecordId::new(self.record).unwrap())
        });
        // A clone with other words must not keep the ids of the original.
        assert_eq!(
            (ids.0.as_str(), ids.1.expose(), ids.2.expose()),
            (self.tenant, self.account, self.record)
        );
        ids
    }
}

/// Ciphertext and tag of a plaintext that is padded already, or wrongly.
pub(super) fn seal_raw(
    place: &Place<'_>,
    name: &str,
    class: DataClass,
    shape: u8,
    (index, count): (u32, u32),
    nonce: [u8; 12],
    padded: &[u8],
) -> Vec<u8> {
    let aad = place.aad(name.as_bytes(), class.code(), shape, index, count);
    let mut sealed = padded.to_vec();
    let tag = place.keys().class_key(class).aead.seal(&nonce, &aad, &mut sealed).unwrap();
    sealed.extend_from_slice(&tag);
    sealed
}

/// A record in parts. A count or length that is `None` is the true one.
#[derive(Clone)]
pub(super) struct RawRecord {
    pub(super) magic: [u8; 4],
    pub(super) version: u32,
    pub(super) epoch: u32,
    pub(super) class_count: Option<u8>,
    pub(super) classes: Vec<(u8, [u8; 32])>,
    pub(super) field_count: Option<u16>,
    pub(super) entries: Vec<RawEntry>,
}

#[derive(Clone)]
pub(super) struct RawEntry {
    pub(super) name_len: Option<u8>,
    pub(super) name: Vec<u8>,
    pub(super) class: u8,
    pub(super) shape: u8,
    pub(super) body_len: Option<u32>,
    pub(super) chunk_count: Option<u32>,
    pub(super) chunks: Vec<RawChunk>,
}

#[derive(Clone)]
pub(super) struct RawChunk {
    pub(super) len: Option<u32>,
    pub(super) nonce: [u8; 12],
    pub(super) sealed: Vec<u8>,
}

impl Default for RawRecord {
    fn default() -> Self {
        let (classes, entries) = (Vec::new(), Vec::new());
        Self {
            magic: *b"CGR\x01",
            version: 1,
            epoch: 0,
            class_count: None,
            classes,
            field_count: None,
            entries,
        }
    }
}

impl RawRecord {
    /// Reads a good record; panics on any other.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut rest = bytes;
        let magic = take(&mut rest);
        let (version, epoch) = (u32::from_be_bytes(take(&mut rest)), u32::from_be_bytes(take(&mut rest)));
        let [classes] = take(&mut rest);
        let classes = (0..classes).map(|_| (take::<1>(&mut rest)[0], take(&mut rest))).collect();
        let fields = u16::from_be_bytes(take(&mut rest));
        let entries = (0..fields).map(|_| RawEntry::read(&mut rest)).collect();
        assert!(rest.is_empty());
        Self { magic, version, epoch, classes, entries, ..Self::default() }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = self.magic.to_vec();
        out.extend(self.version.to_be_bytes());
        out.extend(self.epoch.to_be_bytes());
        out.push(self.class_count.unwrap_or(self.classes.len().try_into().unwrap()));
        for (code, commitment) in &self.classes {
            out.push(*code);
            out.extend(commitment);
        }
        out.extend(self.field_count.unwrap_or(self.entries.len().try_into().unwrap()).to_be_bytes());
        self.entries.iter().for_each(|entry| entry.write(&mut out));
        out
    }
}

impl RawEntry {
    pub(super) fn new(name: &str, class: DataClass, shape: u8, chunks: Vec<RawChunk>) -> Self {
        let (name, class) = (name.as_bytes().to_vec(), class.code());
        Self { name_len: None, name, class, shape, body_len: None, chunk_count: None, chunks }
    }

    fn read(rest: &mut &[u8]) -> Self {
        let [name_len] = take(rest);
        let name = take_slice(rest, usize::from(name_len));
        let [class, shape] = take(rest);
        take::<4>(rest);
        let count = u32::from_be_bytes(take(rest));
        let chunks = (0..count).map(|_| {
            let len = u32::from_be_bytes(take(rest));
            RawChunk { len: None, nonce: take(rest), sealed: take_slice(rest, len.try_into().unwrap()) }
        });
        let chunks = chunks.collect();
        Self { name_len: None, name, class, shape, body_len: None, chunk_count: None, chunks }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut body =
            self.chunk_count.unwrap_or(self.chunks.len().try_into().unwrap()).to_be_bytes().to_vec();
        for chunk in &self.chunks {
            body.extend(chunk.len.unwrap_or(chunk.sealed.len().try_into().unwrap()).to_be_bytes());
            body.extend(chunk.nonce);
            body.extend(&chunk.sealed);
        }
        out.push(self.name_len.unwrap_or(self.name.len().try_into().unwrap()));
        out.extend(&self.name);
        out.extend([self.class, self.shape]);
        out.extend(self.body_len.unwrap_or(body.len().try_into().unwrap()).to_be_bytes());
        out.extend(body);
    }
}

impl RawChunk {
    pub(super) fn new(nonce: [u8; 12], sealed: Vec<u8>) -> Self {
        Self { len: None, nonce, sealed }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (array, tail) = rest.split_first_chunk().unwrap();
    *rest = tail;
    *array
}

fn take_slice(rest: &mut &[u8], len: usize) -> Vec<u8> {
    let (slice, tail) = rest.split_at(len);
    *rest = tail;
    slice.to_vec()
}
