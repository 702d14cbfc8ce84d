//! Tests of the key room.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;

use super::document::Document;
use super::roots::write_document_for_testing;
use super::*;
use crate::hazmat::Key32;
use crate::vocabulary::{AccountId, DataClass, TenantId};

/// A folder of its own, removed at the end.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("cpni-guard-keys-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("keys.cpni")
    }

    pub(super) fn names(&self) -> Vec<String> {
        fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

pub(super) fn passphrase(text: &str) -> Sensitive<String> {
    Sensitive::from(text.to_owned())
}

pub(super) fn right() -> Sensitive<String> {
    passphrase("correct horse battery staple")
}

pub(super) fn cheap(path: &Path) -> Result<PassphraseKeys, KeyError> {
    PassphraseKeys::open_or_create_cheaply_for_testing(path, &right())
}

/// Writes over a file and keeps its mode.
fn overwrite(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

pub(super) fn id(branch: KeyBranch, version: u32, state: KeyState) -> KeyVersion {
    KeyVersion { branch, version, state }
}

fn key32(byte: u8) -> Key32 {
    Key32::filled_by(|out| -> Result<(), KeyError> {
        out.fill(byte);
        Ok(())
    })
    .unwrap()
}

/// Three data versions in every state, and one of each other branch.
pub(super) fn sample_roots() -> Vec<(KeyVersion, [u8; 32])> {
    use {KeyBranch as B, KeyState as S};
    vec![
        (id(B::Data, 1, S::Destroyed), [0; 32]),
        (id(B::Data, 2, S::DecryptOnly), [2; 32]),
        (id(B::Data, 3, S::Active), [3; 32]),
        (id(B::Audit, 1, S::DecryptOnly), [4; 32]),
        (id(B::Audit, 2, S::Active), [5; 32]),
        (id(B::Reference, 1, S::Active), [6; 32]),
        (id(B::Token, 1, S::DecryptOnly), [7; 32]),
        (id(B::Token, 2, S::Active), [8; 32]),
        (id(B::Subject, 1, S::Active), [9; 32]),
    ]
}

pub(super) fn provider_with(roots: &[(KeyVersion, [u8; 32])]) -> MemoryKeys {
    let provider = MemoryKeys::empty().unwrap();
    provider.store(&write_document_for_testing(&provider, roots).unwrap()).unwrap();
    provider
}

pub(super) fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

pub(super) fn account() -> AccountId {
    AccountId::new("8155550100").unwrap()
}

/// Opens `document` with the keys of `provider`.
fn reopen(provider: &MemoryKeys, document: &str) -> Result<Keyring, KeyError> {
    provider.store(document.as_bytes())?;
    Keyring::open(provider)
}

#[test]
fn class_codes_fit_the_slots() {
    assert!(DataClass::ALL.iter().all(|class| (1..=16).contains(&class.code())));
}

#[test]
fn keys_are_made_only_when_asked() {
    let provider = MemoryKeys::empty().unwrap();
    assert_eq!(Keyring::open(&provider).unwrap_err(), KeyError::Missing);
    let keyring = Keyring::create(&provider).unwrap();
    assert_eq!(keyring.versions().count(), 5);
    assert!(keyring.versions().all(|v| v.version == 1 && v.state == KeyState::Active));
    assert_eq!(Keyring::create(&provider).unwrap_err(), KeyError::Exists);
    assert_eq!(keyring.active_version(), 1);
}

#[test]
fn versions_and_states_come_back() {
    let provider = provider_with(&sample_roots());
    let keyring = Keyring::open(&provider).unwrap();
    assert!(keyring.versions().eq(sample_roots().into_iter().map(|(id, _)| id)));
    assert_eq!(keyring.active_version(), 3);
    let keys = |version| keyring.account_keys(&tenant(), &account(), version, 0, None).map(|_| ());
    assert_eq!(keys(1), Err(KeyError::Destroyed { version: 1 }));
    assert_eq!(keys(2), Ok(()));
    assert_eq!(keys(3), Ok(()));
    assert_eq!(keys(4), Err(KeyError::UnknownVersion { version: 4 }));
    assert_eq!(keys(0), Err(KeyError::UnknownVersion { version: 0 }));
    assert_eq!(keyring.verifier_key(&tenant(), 1).unwrap_err(), KeyError::Destroyed { version: 1 });
    let audit: Vec<_> =
        keyring.audit_roots().iter().map(|root| (root.version, *root.key.bytes(), root.active)).collect();
    assert_eq!(audit, [(1, [4; 32], false), (2, [5; 32], true)]);
}

#[test]
fn an_epoch_and_a_subject_secret_go_together() {
    let keyring = Keyring::from_roots_for_testing(&sample_roots()).unwrap();
    let keys = |epoch, secret: Option<&Key32>| {
        let keys = keyring.account_keys(&tenant(), &account(), 3, epoch, secret)?;
        Ok(keys.class_key(DataClass::Ssn).commitment)
    };
    assert_eq!(keys(0, Some(&key32(1))), Err(KeyError::SubjectSecret));
    assert_eq!(keys(1, None), Err(KeyError::SubjectSecret));
    let all = [keys(0, None), keys(1, Some(&key32(1))), keys(2, Some(&key32(1))), keys(1, Some(&key32(2)))];
    for (at, one) in all.iter().enumerate() {
        assert!(one.is_ok());
        assert!(all[at + 1..].iter().all(|other| one != other));
    }
}

#[test]
fn every_input_of_a_derivation_changes_the_key() {
    let keyring = Keyring::from_roots_for_testing(&sample_roots()).unwrap();
    let mut seen = std::collections::HashSet::new();
    // The last two pairs are the same bytes when they are joined without lengths.
    for (tenant, account) in [("acme", "1"), ("bell", "1"), ("acme", "2"), ("acme1", "23"), ("acme12", "3")] {
        let (tenant, account) = (TenantId::new(tenant).unwrap(), AccountId::new(account).unwrap());
        for version in [2, 3] {
            let keys = keyring.account_keys(&tenant, &account, version, 0, None).unwrap();
            for class in DataClass::ALL {
                let bytes = keys.class_bytes_for_testing(*class);
                assert_eq!(keys.class_key(*class).commitment, bytes[32..]);
                assert!(seen.insert(bytes[..32].to_vec()) && seen.insert(bytes[32..].to_vec()));
            }
        }
    }
    for tenant in ["acme", "bell"] {
        let tenant = TenantId::new(tenant).unwrap();
        for version in [2, 3] {
            assert!(seen.insert(keyring.verifier_key(&tenant, version).unwrap().bytes().to_vec()));
        }
        assert!(seen.insert(keyring.reference_key(&tenant).mac(b"x").to_vec()));
        assert!(seen.insert(keyring.state_key(&tenant).mac(b"x").to_vec()));
        for version in [2, 3] {
            assert!(seen.insert(keyring.index_key(&tenant, version).unwrap().bytes().to_vec()));
        }
        for (column, version) in [("a", 1), ("a", 2), ("b", 1), ("b", 2)] {
            assert!(seen.insert(keyring.token_key(&tenant, column, version).unwrap().bytes().to_vec()));
        }
        assert!(seen.insert(keyring.subject_key(&tenant, 1).unwrap().bytes().to_vec()));
    }
    // The same bytes when they are joined without lengths.
    let key = |tenant, column| {
        keyring.token_key(&TenantId::new(tenant).unwrap(), column, 1).unwrap().bytes().to_vec()
    };
    assert_ne!(key("acme", "1x"), key("acme1", "x"));
}

#[test]
fn a_keyring_from_before_a_branch_opens_and_lacks_it() {
    let mut roots = sample_roots();
    roots.truncate(6);
    let keyring = Keyring::open(&provider_with(&roots)).unwrap();
    assert_eq!(keyring.versions().count(), 6);
    for branch in [KeyBranch::Token, KeyBranch::Subject] {
        assert_eq!(keyring.active_of(branch).unwrap_err(), KeyError::NoBranch);
        assert!(keyring.live_versions(branch).is_empty());
    }
    let unknown = KeyError::UnknownVersion { version: 1 };
    assert_eq!(keyring.token_key(&tenant(), "a", 1).unwrap_err(), unknown);
    assert_eq!(keyring.subject_key(&tenant(), 1).unwrap_err(), unknown);
    // Only those two may be missing, and only whole.
    for at in [3..5, 5..6] {
        let mut roots = sample_roots();
        drop(roots.drain(at));
        assert_eq!(Keyring::open(&provider_with(&roots)).unwrap_err(), KeyError::NotOneActive);
    }
    let mut roots = sample_roots();
    roots[8].0.state = KeyState::DecryptOnly;
    assert_eq!(Keyring::open(&provider_with(&roots)).unwrap_err(), KeyError::NotOneActive);
}

#[test]
fn live_versions_begin_with_the_active_one() {
    let keyring = Keyring::from_roots_for_testing(&sample_roots()).unwrap();
    assert_eq!(keyring.live_versions(KeyBranch::Data), [3, 2]);
    assert_eq!(keyring.live_versions(KeyBranch::Token), [2, 1]);
    assert_eq!(keyring.active_of(KeyBranch::Token), Ok(2));
    assert_eq!(keyring.index_key(&tenant(), 1).unwrap_err(), KeyError::Destroyed { version: 1 });
}

#[test]
fn references_outlive_the_data_keys() {
    let before = Keyring::from_roots_for_testing(&sample_roots()).unwrap();
    let mut roots = sample_roots();
    roots[1].0.state = KeyState::Destroyed;
    let after = Keyring::from_roots_for_testing(&roots).unwrap();
    assert_eq!(before.reference_key(&tenant()).mac(b"x"), after.reference_key(&tenant()).mac(b"x"));
    assert_eq!(before.state_key(&tenant()).mac(b"x"), after.state_key(&tenant()).mac(b"x"));
}

#[test]
fn nothing_of_a_key_is_in_debug() {
    let provider = provider_with(&sample_roots());
    let keyring = Keyring::open(&provider).unwrap();
    let keys = keyring.account_keys(&tenant(), &account(), 3, 0, None).unwrap();
    let class = keys.class_key(DataClass::Ssn);
    assert_eq!(format!("{provider:?} {keys:?} {class:?}"), "MemoryKeys(..) AccountKeys(..) ClassKey(..)");
    assert!(format!("{keyring:?}").starts_with("[KeyVersion { branch: Data, version: 1, state: Destroyed }"));
}

#[test]
fn the_document_is_as_specified() {
    let provider = provider_with(&sample_roots());
    let text = String::from_utf8(provider.load().unwrap().unwrap()).unwrap();
    let lines: Vec<_> = text.lines().map(|line| line.split('"').next().unwrap()).collect();
    assert_eq!(
        lines[..8],
        ["[keyring]", "format = ", "mac = ", "", "[[keyring.key]]", "branch = ", "version = 1", "state = "]
    );
    assert_eq!(text.matches("wrapped").count(), 8);
    assert_eq!(Document::read(text.as_bytes()).unwrap().write(), text);
}

#[test]
fn every_changed_byte_of_a_document_is_refused() {
    let provider = provider_with(&sample_roots());
    let good = provider.load().unwrap().unwrap();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            provider.store(&bad).unwrap();
            assert!(Keyring::open(&provider).is_err(), "bit {bit} of byte {at}");
        }
        provider.store(&good[..at]).unwrap();
        assert!(Keyring::open(&provider).is_err(), "cut at {at}");
    }
    provider.store(&good).unwrap();
    assert!(Keyring::open(&provider).is_ok());
}

#[test]
fn a_document_is_refused_for_the_right_reason() {
    let provider = provider_with(&sample_roots());
    let good = String::from_utf8(provider.load().unwrap().unwrap()).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        reopen(&provider, &good.replacen(from, to, 1)).unwrap_err()
    };
    assert_eq!(changed("keyring-v1", "keyring-v2"), KeyError::Format);
    assert_eq!(changed("version = 2", "version = 4"), KeyError::Format);
    assert_eq!(changed("version = 2", "version = 02"), KeyError::Format);
    assert_eq!(changed("version = 1", "version = 0"), KeyError::Format);
    assert_eq!(changed("version = 1", "version = 1\nx = 1"), KeyError::Format);
    assert_eq!(changed("\"data\"", "\"other\""), KeyError::Format);
    assert_eq!(changed("\"data\"", "\"audit\""), KeyError::Format);
    assert_eq!(changed("\"active\"", "\"decrypt_only\""), KeyError::NotOneActive);
    assert_eq!(changed("\"decrypt_only\"", "\"active\""), KeyError::NotOneActive);
    assert_eq!(changed("\"decrypt_only\"", "\"destroyed\""), KeyError::Format);
    assert_eq!(changed("[keyring]", "# a comment\n[keyring]"), KeyError::Format);
    // A state alone: the form is right, the MAC is not.
    let swapped = good
        .replacen("\"decrypt_only\"", "\"x\"", 1)
        .replacen("\"active\"", "\"decrypt_only\"", 1)
        .replacen("\"x\"", "\"active\"", 1);
    assert_eq!(reopen(&provider, &swapped).unwrap_err(), KeyError::Unwrap);
    assert!(reopen(&provider, &good).is_ok());
}

#[test]
fn entries_cannot_be_swapped_dropped_or_added() {
    let provider = provider_with(&sample_roots());
    let good = Document::read(&provider.load().unwrap().unwrap()).unwrap();
    let open = |document: &Document| reopen(&provider, &document.write()).map(|_| ());
    assert_eq!(open(&good), Ok(()));

    let live = [1, 2, 3, 4, 5, 6, 7, 8];
    for (a, b) in live.iter().flat_map(|a| live.map(|b| (*a, b))).filter(|(a, b)| a < b) {
        let mut bad = good.clone();
        let wrapped = bad.entries[a].wrapped.take();
        bad.entries[a].wrapped = core::mem::replace(&mut bad.entries[b].wrapped, wrapped);
        assert_eq!(open(&bad), Err(KeyError::Unwrap), "{a} and {b}");

        let mut bad = good.clone();
        bad.entries.swap(a, b);
        assert_eq!(open(&bad), Err(KeyError::Format), "{a} and {b}");

        // One key in two places.
        let mut bad = good.clone();
        bad.entries[a].wrapped = bad.entries[b].wrapped.clone();
        assert_eq!(open(&bad), Err(KeyError::Unwrap), "{a} and {b}");
    }
    // A version that the provider's key did wrap, added or dropped at the end of its branch.
    let mut roots = sample_roots();
    roots.insert(3, (id(KeyBranch::Data, 4, KeyState::DecryptOnly), [9; 32]));
    let longer = Document::read(&write_document_for_testing(&provider, &roots).unwrap()).unwrap();
    assert_eq!(open(&longer), Ok(()));
    assert_eq!(open(&Document { mac: good.mac, ..longer.clone() }), Err(KeyError::Unwrap));
    assert_eq!(open(&Document { mac: longer.mac, ..good.clone() }), Err(KeyError::Unwrap));
    for at in 0..good.entries.len() {
        let mut bad = good.clone();
        bad.entries.remove(at);
        assert!(open(&bad).is_err(), "without entry {at}");
    }
}

#[test]
fn versions_end_at_64() {
    let roots = |count: u32| {
        let mut roots: Vec<_> =
            (1..=count).map(|v| (id(KeyBranch::Data, v, KeyState::Destroyed), [0; 32])).collect();
        roots.last_mut().unwrap().0.state = KeyState::Active;
        roots.extend(sample_roots().split_off(3));
        roots
    };
    let provider = provider_with(&roots(64));
    assert_eq!(Keyring::open(&provider).unwrap().active_version(), 64);
    assert_eq!(Keyring::open(&provider_with(&roots(65))).unwrap_err(), KeyError::Format);
}

#[test]
fn another_provider_opens_nothing() {
    let (a, b) = (MemoryKeys::new().unwrap(), MemoryKeys::new().unwrap());
    b.store(&a.load().unwrap().unwrap()).unwrap();
    assert_eq!(Keyring::open(&b).unwrap_err(), KeyError::Unwrap);
}

#[test]
fn a_key_file_comes_back_and_only_with_its_passphrase() {
    let folder = Folder::new();
    let keys = cheap(&folder.file()).unwrap();
    let first = Keyring::open(&keys).unwrap();
    drop(keys);
    assert_eq!(folder.names(), ["keys.cpni"]);

    let again = Keyring::open(&PassphraseKeys::open(folder.file(), &right()).unwrap()).unwrap();
    let commitment = |keyring: &Keyring| {
        let keys = keyring.account_keys(&tenant(), &account(), 1, 0, None).unwrap();
        keys.class_key(DataClass::Ssn).commitment
    };
    assert_eq!(commitment(&first), commitment(&again));

    for wrong in ["correct horse battery stapl", "correct horse battery staple ", ""] {
        assert_eq!(PassphraseKeys::open(folder.file(), &passphrase(wrong)).unwrap_err(), KeyError::Unwrap);
    }
    assert_eq!(PassphraseKeys::create(folder.file(), &right()).unwrap_err(), KeyError::Exists);
    assert_eq!(PassphraseKeys::open(folder.0.join("other"), &right()).unwrap_err(), KeyError::Missing);
    let short = PassphraseKeys::create(folder.0.join("other"), &passphrase("eleven chrs")).unwrap_err();
    assert_eq!(short, KeyError::PassphraseTooShort { len: 11, min: 12 });
    assert_eq!(folder.names(), ["keys.cpni"]);
}

#[test]
fn a_new_key_file_has_the_stated_cost() {
    let folder = Folder::new();
    let keys = PassphraseKeys::create(folder.file(), &right()).unwrap();
    let text = fs::read_to_string(folder.file()).unwrap();
    assert!(text.contains("\nmemory_kib = 65536\npasses = 3\nlanes = 1\nsalt = \""));
    assert!(!format!("{keys:?}").contains("kek"));
    assert_eq!(folder.names(), ["keys.cpni"]);
}

#[test]
fn a_changed_head_of_a_key_file_is_refused() {
    let folder = Folder::new();
    let keys = cheap(&folder.file()).unwrap();
    let good = fs::read_to_string(folder.file()).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        overwrite(&folder.file(), &good.replacen(from, to, 1));
        PassphraseKeys::open(folder.file(), &right()).unwrap_err()
    };
    assert_eq!(changed("memory_kib = 19456", "memory_kib = 19455"), KeyError::Parameters);
    assert_eq!(changed("memory_kib = 19456", "memory_kib = 1048577"), KeyError::Parameters);
    assert_eq!(changed("passes = 2", "passes = 1"), KeyError::Parameters);
    assert_eq!(changed("passes = 2", "passes = 17"), KeyError::Parameters);
    assert_eq!(changed("lanes = 1", "lanes = 0"), KeyError::Parameters);
    assert_eq!(changed("lanes = 1", "lanes = 17"), KeyError::Parameters);
    assert_eq!(changed("lanes = 1", "lanes = 4294967297"), KeyError::Format);
    assert_eq!(changed("passes = 2", "passes = 3"), KeyError::Unwrap);
    assert_eq!(changed("argon2id", "argon2i"), KeyError::Format);
    assert_eq!(changed("[kdf]", "[kdf] "), KeyError::Format);
    assert_eq!(changed("[kdf]", "x = 1\n[kdf]"), KeyError::Format);
    assert_eq!(changed("lanes", "lines"), KeyError::Format);
    let salt = good.split("salt = \"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(changed(salt, "AAAAAAAAAAAAAAAAAAAAAA"), KeyError::Unwrap);
    assert_eq!(changed(salt, "AAAAAAAAAAAAAAAAAAAAAB"), KeyError::Format); // loose bits
    assert_eq!(changed(salt, "AAAA"), KeyError::Format);
    assert_eq!(changed("[keyring]", "[[keyring]]"), KeyError::Format);
    // An open provider notices too.
    overwrite(&folder.file(), &good.replacen(salt, "AAAAAAAAAAAAAAAAAAAAAA", 1));
    assert_eq!(Keyring::open(&keys).unwrap_err(), KeyError::Format);
    for text in ["", "\u{0}", "ssn = \"987-65-4321\"\n"] {
        overwrite(&folder.file(), text);
        assert_eq!(PassphraseKeys::open(folder.file(), &right()).unwrap_err(), KeyError::Format);
    }
    fs::write(folder.file(), [0xff, 0xfe]).unwrap();
    assert_eq!(PassphraseKeys::open(folder.file(), &right()).unwrap_err(), KeyError::Format);
}

#[test]
fn a_file_cut_anywhere_is_refused_and_not_replaced() {
    let folder = Folder::new();
    let keys = cheap(&folder.file()).unwrap();
    let good = fs::read_to_string(folder.file()).unwrap();
    for len in 0..good.len() {
        overwrite(&folder.file(), good.get(..len).unwrap());
        // The provider is open already: no Argon2 for each cut.
        assert!(Keyring::open(&keys).is_err(), "cut at {len}");
    }
    overwrite(&folder.file(), "");
    assert_eq!(cheap(&folder.file()).unwrap_err(), KeyError::Format);
    assert_eq!(fs::read(folder.file()).unwrap(), b"");
}

#[cfg(unix)]
#[test]
fn a_key_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    drop(cheap(&folder.file()).unwrap());
    let mode = || fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    for open in [0o640, 0o604, 0o620, 0o602, 0o666, 0o610, 0o601] {
        fs::set_permissions(folder.file(), fs::Permissions::from_mode(open)).unwrap();
        assert_eq!(PassphraseKeys::open(folder.file(), &right()).unwrap_err(), KeyError::Permissions);
        assert_eq!(cheap(&folder.file()).unwrap_err(), KeyError::Permissions);
    }
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o400)).unwrap();
    let keys = PassphraseKeys::open(folder.file(), &right()).unwrap();
    // A replaced file is private whatever the old one was.
    keys.store(&keys.load().unwrap().unwrap()).unwrap();
    assert_eq!(mode(), 0o600);
}

#[test]
fn storing_replaces_the_file_whole_or_not_at_all() {
    let folder = Folder::new();
    let keys = cheap(&folder.file()).unwrap();
    let document = write_document_for_testing(&keys, &sample_roots()).unwrap();
    keys.store(&document).unwrap();
    assert_eq!(keys.load().unwrap().unwrap(), document);
    assert_eq!(Keyring::open(&keys).unwrap().active_version(), 3);
    assert_eq!(folder.names(), ["keys.cpni"]);

    // A crash between the steps leaves a temporary file: the key file still opens.
    fs::write(folder.0.join(".keys.cpni.0000000000000000.tmp"), "half").unwrap();
    assert_eq!(Keyring::open(&keys).unwrap().active_version(), 3);

    // A store that fails leaves the old document.
    let before = fs::read(folder.file()).unwrap();
    let aside = folder.0.with_extension("aside");
    fs::rename(&folder.0, &aside).unwrap();
    assert_eq!(keys.store(b"new").unwrap_err(), KeyError::Io);
    fs::rename(&aside, &folder.0).unwrap();
    assert_eq!(fs::read(folder.file()).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_stays_a_link() {
    let folder = Folder::new();
    drop(cheap(&folder.file()).unwrap());
    let link = folder.0.join("link");
    std::os::unix::fs::symlink("keys.cpni", &link).unwrap();
    let keys = PassphraseKeys::open(&link, &right()).unwrap();
    keys.store(&keys.load().unwrap().unwrap()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(Keyring::open(&keys).is_ok());

    // A link to nothing is a taken name: no keys behind somebody else's link.
    let dangling = folder.0.join("dangling");
    std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
    assert_eq!(cheap(&dangling).unwrap_err(), KeyError::Missing);
    assert!(!folder.0.join("nowhere").exists());
}

#[test]
fn many_at_once_make_one_key_file() {
    let folder = Folder::new();
    let path = folder.file();
    let versions: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| Keyring::open(&cheap(&path).unwrap()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
    });
    let references: Vec<_> =
        versions.iter().map(|keyring| keyring.reference_key(&tenant()).mac(b"x")).collect();
    assert!(references.iter().all(|reference| *reference == references[0]));
    assert_eq!(folder.names(), ["keys.cpni"]);
}

proptest! {
    #[test]
    fn wrapping_comes_back(key in proptest::collection::vec(any::<u8>(), 1..200), flip in any::<proptest::sample::Index>()) {
        let provider = MemoryKeys::empty().unwrap();
        let key = Sensitive::new(key);
        let mut wrapped = provider.wrap(&key).unwrap();
        prop_assert!(provider.unwrap(&wrapped).unwrap() == key);
        let at = flip.index(wrapped.len());
        wrapped[at] ^= 1;
        prop_assert_eq!(provider.unwrap(&wrapped).unwrap_err(), KeyError::Unwrap);
    }

    #[test]
    fn reading_never_panics(text in "\\PC*") {
        drop(Document::read(text.as_bytes()));
    }
}
