//! Rotation, retirement, destruction and new wrapping keys, with providers that fail half-way.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::super::tests::{
    Folder, account, cheap, id, passphrase, provider_with, right, sample_roots, tenant,
};
use super::super::{KeyVersion, MemoryKeys, PassphraseKeys};
use super::*;
use crate::hazmat::password::Cost;
use crate::sensitive::Sensitive;
use crate::vocabulary::DataClass;

/// The changes alone, with nobody to tell.
impl Keyring {
    fn rotate(&self, provider: &dyn KeyProvider, branch: KeyBranch) -> Result<u32, KeyError> {
        self.change(provider, branch, KeyChange::Rotate, |_| Ok(()))
    }

    fn retire(&self, provider: &dyn KeyProvider, branch: KeyBranch, version: u32) -> Result<(), KeyError> {
        self.change(provider, branch, KeyChange::Retire(version), |_| Ok(())).map(drop)
    }

    fn reinstate(&self, provider: &dyn KeyProvider, branch: KeyBranch, version: u32) -> Result<(), KeyError> {
        self.change(provider, branch, KeyChange::Reinstate(version), |_| Ok(())).map(drop)
    }

    fn destroy(&self, provider: &dyn KeyProvider, branch: KeyBranch, version: u32) -> Result<(), KeyError> {
        self.change(provider, branch, KeyChange::Destroy(version), |_| Ok(())).map(drop)
    }

    fn reload_quietly(&self, provider: &dyn KeyProvider) -> Result<bool, KeyError> {
        self.reload(provider, || Ok(()))
    }
}

/// What bytes that were sealed under this version open with.
fn commitment(keyring: &Keyring, version: u32) -> Result<[u8; 32], KeyError> {
    let keys = keyring.account_keys(&tenant(), &account(), version, 0, None)?;
    Ok(keys.class_key(DataClass::Ssn).commitment)
}

fn states(keyring: &Keyring, branch: KeyBranch) -> Vec<(u32, KeyState)> {
    keyring.versions().filter(|v| v.branch == branch).map(|v| (v.version, v.state)).collect()
}

#[test]
fn a_rotated_branch_seals_under_the_new_version_and_opens_the_old_ones() {
    use KeyState::{Active, DecryptOnly};
    let provider = MemoryKeys::new().unwrap();
    let keyring = Keyring::open(&provider).unwrap();
    let first = commitment(&keyring, 1).unwrap();
    for branch in [KeyBranch::Data, KeyBranch::Audit, KeyBranch::Token, KeyBranch::Subject] {
        assert_eq!(keyring.rotate(&provider, branch), Ok(2));
        assert_eq!(states(&keyring, branch), [(1, DecryptOnly), (2, Active)]);
    }
    assert_eq!(keyring.active_version(), 2);
    assert_eq!(commitment(&keyring, 1), Ok(first));
    assert_ne!(commitment(&keyring, 2), Ok(first));
    assert_eq!(keyring.rotate(&provider, KeyBranch::Data), Ok(3));
    let again = Keyring::open(&provider).unwrap();
    assert!(again.versions().eq(keyring.versions()));
    for version in [1, 2, 3] {
        assert_eq!(commitment(&again, version), commitment(&keyring, version));
    }
    assert_eq!(keyring.rotate(&provider, KeyBranch::Reference), Err(KeyError::NotRotated));
}

#[test]
fn a_version_is_retired_reinstated_and_destroyed() {
    use KeyState::{Active, DecryptOnly, Destroyed, Retired};
    let (data, provider) = (KeyBranch::Data, MemoryKeys::new().unwrap());
    let keyring = Keyring::open(&provider).unwrap();
    assert_eq!(keyring.retire(&provider, data, 1), Err(KeyError::StillActive { version: 1 }));
    assert_eq!(keyring.destroy(&provider, data, 1), Err(KeyError::StillActive { version: 1 }));
    assert_eq!(keyring.destroy(&provider, data, 2), Err(KeyError::UnknownVersion { version: 2 }));
    assert_eq!(keyring.destroy(&provider, KeyBranch::Reference, 1), Err(KeyError::NotRotated));
    keyring.rotate(&provider, data).unwrap();
    assert_eq!(keyring.reinstate(&provider, data, 1), Err(KeyError::WrongState { version: 1 }));

    keyring.retire(&provider, data, 1).unwrap();
    assert_eq!(states(&keyring, data), [(1, Retired), (2, Active)]);
    assert_eq!(commitment(&keyring, 1), Err(KeyError::Retired { version: 1 }));
    assert_eq!(keyring.live_versions(data), [2]);
    assert_eq!(keyring.retire(&provider, data, 1), Err(KeyError::WrongState { version: 1 }));
    let again = Keyring::open(&provider).unwrap();
    assert_eq!(commitment(&again, 1), Err(KeyError::Retired { version: 1 }));

    keyring.reinstate(&provider, data, 1).unwrap();
    assert_eq!(states(&keyring, data), [(1, DecryptOnly), (2, Active)]);
    assert!(commitment(&keyring, 1).is_ok());

    keyring.destroy(&provider, data, 1).unwrap();
    assert_eq!(states(&keyring, data), [(1, Destroyed), (2, Active)]);
    let destroyed = KeyError::Destroyed { version: 1 };
    assert_eq!(commitment(&keyring, 1), Err(destroyed));
    assert_eq!(commitment(&Keyring::open(&provider).unwrap(), 1), Err(destroyed));
    assert_eq!(keyring.retire(&provider, data, 1), Err(destroyed));
    assert_eq!(keyring.reinstate(&provider, data, 1), Err(destroyed));
    assert_eq!(keyring.destroy(&provider, data, 1), Err(destroyed));
    // Its number is not given again.
    assert_eq!(keyring.rotate(&provider, data), Ok(3));
}

#[test]
fn a_branch_that_is_missing_begins_with_version_1() {
    let mut roots = sample_roots();
    roots.truncate(6);
    let provider = provider_with(&roots);
    let keyring = Keyring::open(&provider).unwrap();
    // The later one first: each goes to its place in the document.
    assert_eq!(keyring.rotate(&provider, KeyBranch::Subject), Ok(1));
    assert_eq!(keyring.rotate(&provider, KeyBranch::Token), Ok(1));
    assert_eq!(keyring.rotate(&provider, KeyBranch::Token), Ok(2));
    let last: Vec<_> = Keyring::open(&provider).unwrap().versions().skip(6).collect();
    let expected = [
        id(KeyBranch::Token, 1, KeyState::DecryptOnly),
        id(KeyBranch::Token, 2, KeyState::Active),
        id(KeyBranch::Subject, 1, KeyState::Active),
    ];
    assert_eq!(last, expected);
}

#[test]
fn a_branch_ends_with_its_64th_version() {
    let mut roots: Vec<(KeyVersion, [u8; 32])> =
        (1..=63).map(|v| (id(KeyBranch::Data, v, KeyState::Destroyed), [0; 32])).collect();
    roots[62] = (id(KeyBranch::Data, 63, KeyState::Active), [1; 32]);
    roots.extend(sample_roots().split_off(3));
    let provider = provider_with(&roots);
    let keyring = Keyring::open(&provider).unwrap();
    assert_eq!(keyring.rotate(&provider, KeyBranch::Data), Ok(64));
    let full = Err(KeyError::TooManyVersions { max: 64 });
    assert_eq!(keyring.rotate(&provider, KeyBranch::Data), full);
    assert_eq!(Keyring::open(&provider).unwrap().active_version(), 64);
}

/// Fails at one of its calls; at a store, before or after it took effect.
struct Failing<'p> {
    inner: &'p MemoryKeys,
    calls: AtomicU32,
    fails_at: u32,
    after_effect: bool,
}

impl Failing<'_> {
    fn fails(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst) == self.fails_at
    }

    fn step<T>(&self, work: impl FnOnce() -> Result<T, KeyError>) -> Result<T, KeyError> {
        if self.fails() {
            if self.after_effect {
                drop(work());
            }
            return Err(KeyError::Provider);
        }
        work()
    }
}

impl KeyProvider for Failing<'_> {
    fn wrap(&self, key: &Sensitive<Vec<u8>>) -> Result<Vec<u8>, KeyError> {
        self.step(|| self.inner.wrap(key))
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, KeyError> {
        self.step(|| self.inner.unwrap(wrapped))
    }

    fn load(&self) -> Result<Option<Vec<u8>>, KeyError> {
        self.step(|| self.inner.load())
    }

    fn store(&self, document: &[u8]) -> Result<(), KeyError> {
        self.step(|| self.inner.store(document))
    }
}

/// Every change, stopped at every step, on both sides of the store: the provider has the old keyring or
/// the new one, the one in use is the old one, and a reload makes them one.
#[test]
fn a_change_that_stops_anywhere_leaves_one_keyring_or_the_other() {
    type Change = fn(&Keyring, &dyn KeyProvider) -> Result<(), KeyError>;
    let changes: [(&str, Change); 4] = [
        ("rotate", |keyring, provider| keyring.rotate(provider, KeyBranch::Data).map(drop)),
        ("retire", |keyring, provider| keyring.retire(provider, KeyBranch::Data, 2)),
        ("destroy", |keyring, provider| keyring.destroy(provider, KeyBranch::Data, 2)),
        ("audit", |keyring, provider| keyring.rotate(provider, KeyBranch::Audit).map(drop)),
    ];
    for (name, change) in changes {
        let (mut steps, mut took_effect) = (0, 0);
        for after_effect in [false, true] {
            for fails_at in 0.. {
                let inner = provider_with(&sample_roots());
                let keyring = Keyring::open(&inner).unwrap();
                let before: Vec<_> = keyring.versions().collect();
                let provider = Failing { inner: &inner, calls: AtomicU32::new(0), fails_at, after_effect };
                if change(&keyring, &provider).is_ok() {
                    break;
                }
                steps += 1;
                assert!(keyring.versions().eq(before.iter().copied()), "{name} {fails_at}");
                let stored = Keyring::open(&inner).unwrap();
                let is_new = !stored.versions().eq(before.iter().copied());
                took_effect += u32::from(is_new);
                assert_eq!(keyring.reload_quietly(&inner), Ok(is_new), "{name} {fails_at}");
                assert!(keyring.versions().eq(stored.versions()));
                assert_eq!(commitment(&keyring, 3), commitment(&stored, 3));
                if !is_new {
                    change(&keyring, &inner).unwrap();
                }
            }
        }
        assert!(steps > 30, "{name}: {steps}");
        assert_eq!(took_effect, 1, "{name}: only a store that says no after it took effect");
    }
}

/// Wraps, and does not unwrap what it wrapped.
struct Forgetful<'p>(&'p MemoryKeys, AtomicBool);

impl KeyProvider for Forgetful<'_> {
    fn wrap(&self, key: &Sensitive<Vec<u8>>) -> Result<Vec<u8>, KeyError> {
        let mut wrapped = self.0.wrap(key)?;
        if self.1.load(Ordering::SeqCst) {
            wrapped[0] ^= 1;
        }
        Ok(wrapped)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, KeyError> {
        self.0.unwrap(wrapped)
    }

    fn load(&self) -> Result<Option<Vec<u8>>, KeyError> {
        self.0.load()
    }

    fn store(&self, document: &[u8]) -> Result<(), KeyError> {
        self.0.store(document)
    }
}

#[test]
fn a_document_that_would_not_open_again_is_not_stored() {
    let inner = MemoryKeys::new().unwrap();
    let before = inner.load().unwrap();
    let provider = Forgetful(&inner, AtomicBool::new(true));
    let keyring = Keyring::open(&provider).unwrap();
    assert_eq!(keyring.rotate(&provider, KeyBranch::Data), Err(KeyError::Unwrap));
    assert_eq!(inner.load().unwrap(), before);
    let empty = MemoryKeys::empty().unwrap();
    let broken = Forgetful(&empty, AtomicBool::new(true));
    assert_eq!(Keyring::rewrap(&inner, &broken), Err(KeyError::Unwrap));
    assert_eq!(empty.load().unwrap(), None);
    provider.1.store(false, Ordering::SeqCst);
    assert_eq!(keyring.rotate(&provider, KeyBranch::Data), Ok(2));
}

#[test]
fn a_change_begins_with_the_newest_keyring() {
    let provider = MemoryKeys::new().unwrap();
    let (a, b) = (Keyring::open(&provider).unwrap(), Keyring::open(&provider).unwrap());
    a.rotate(&provider, KeyBranch::Data).unwrap();
    assert_eq!(b.rotate(&provider, KeyBranch::Data), Err(KeyError::Changed));
    assert_eq!(b.destroy(&provider, KeyBranch::Data, 1), Err(KeyError::Changed));
    assert_eq!(b.reload_quietly(&provider), Ok(true));
    assert_eq!(b.reload_quietly(&provider), Ok(false));
    assert_eq!(commitment(&a, 2), commitment(&b, 2));
    assert_eq!(b.rotate(&provider, KeyBranch::Data), Ok(3));
    // The trait's own way to replace looks first, too.
    let plain = Forgetful(&provider, AtomicBool::new(false));
    assert_eq!(plain.replace(b"another", b"new"), Err(KeyError::Changed));
    assert_eq!(Keyring::open(&provider).unwrap().active_version(), 3);
}

#[test]
fn a_change_that_could_not_be_announced_does_not_happen() {
    let provider = MemoryKeys::new().unwrap();
    let keyring = Keyring::open(&provider).unwrap();
    let before = provider.load().unwrap();
    let refused = keyring.change(&provider, KeyBranch::Data, KeyChange::Rotate, |version| {
        assert_eq!((version, provider.load().unwrap()), (2, before.clone()));
        Err(KeyError::Provider)
    });
    assert_eq!((refused, keyring.active_version()), (Err(KeyError::Provider), 1));
    assert_eq!(provider.load().unwrap(), before);
    // Nor is one announced that is not allowed.
    let refused =
        keyring.change(&provider, KeyBranch::Data, KeyChange::Retire(1), |_| Err(KeyError::Provider));
    assert_eq!(refused, Err(KeyError::StillActive { version: 1 }));
    let other = Keyring::open(&provider).unwrap();
    other.rotate(&provider, KeyBranch::Data).unwrap();
    assert_eq!(keyring.reload(&provider, || Err(KeyError::Provider)), Err(KeyError::Provider));
    assert_eq!(keyring.active_version(), 1);
}

#[test]
fn a_keyring_that_was_put_back_or_exchanged_is_not_taken_over() {
    let provider = MemoryKeys::new().unwrap();
    let old = provider.load().unwrap().unwrap();
    let keyring = Keyring::open(&provider).unwrap();
    keyring.rotate(&provider, KeyBranch::Data).unwrap();
    let rotated = provider.load().unwrap().unwrap();
    keyring.destroy(&provider, KeyBranch::Data, 1).unwrap();
    for older in [&old, &rotated] {
        provider.store(older).unwrap();
        assert_eq!(keyring.reload_quietly(&provider), Err(KeyError::Replaced));
        assert_eq!(keyring.rotate(&provider, KeyBranch::Data), Err(KeyError::Replaced));
    }
    // Another keyring with more versions.
    let (other, unlike) = (MemoryKeys::new().unwrap(), Keyring::open(&MemoryKeys::new().unwrap()).unwrap());
    Keyring::open(&other).unwrap().rotate(&other, KeyBranch::Data).unwrap();
    assert_eq!(unlike.reload_quietly(&other), Err(KeyError::Replaced));
}

#[test]
fn readers_never_fail_while_keys_are_rotated() {
    let provider = MemoryKeys::new().unwrap();
    let keyring = Keyring::open(&provider).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = 0;
                    while !stop.load(Ordering::SeqCst) {
                        let version = keyring.active_version();
                        assert!(version >= seen && commitment(&keyring, version).is_ok());
                        seen = version;
                    }
                    seen
                })
            })
            .collect();
        for version in 2..=40 {
            assert_eq!(keyring.rotate(&provider, KeyBranch::Data), Ok(version));
        }
        stop.store(true, Ordering::SeqCst);
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() <= 40));
    });
}

/// Processes that share a key file: no rotation is lost, whoever is faster.
#[test]
fn no_rotation_of_a_shared_key_file_is_lost() {
    let folder = Folder::new();
    drop(cheap(&folder.file()).unwrap());
    let made: Vec<_> = std::thread::scope(|scope| {
        let rotate = || {
            let keys = PassphraseKeys::open(folder.file(), &right()).unwrap();
            let keyring = Keyring::open(&keys).unwrap();
            let mut made = Vec::new();
            while made.len() < 5 {
                match keyring.rotate(&keys, KeyBranch::Data) {
                    Ok(version) => made.push((version, commitment(&keyring, version).unwrap())),
                    Err(KeyError::Changed) => drop(keyring.reload_quietly(&keys).unwrap()),
                    Err(other) => panic!("{other}"),
                }
            }
            made
        };
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(rotate)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let keyring = Keyring::open(&PassphraseKeys::open(folder.file(), &right()).unwrap()).unwrap();
    assert_eq!(keyring.active_version(), 16);
    for (version, made) in made {
        assert_eq!(commitment(&keyring, version), Ok(made), "version {version}");
    }
    assert_eq!(folder.names(), ["keys.cpni"]);
}

#[test]
fn a_new_passphrase_opens_and_the_old_one_does_not() {
    let folder = Folder::new();
    let old = cheap(&folder.file()).unwrap();
    let keyring = Keyring::open(&old).unwrap();
    let document = fs::read_to_string(folder.file()).unwrap();
    let short = old.change_passphrase(&passphrase("eleven chrs")).unwrap_err();
    assert_eq!(short, KeyError::PassphraseTooShort { len: 11, min: 12 });
    let new_words = passphrase("staple battery horse correct");
    let new = old.change_passphrase_with(&new_words, Cost::MIN).unwrap();
    assert_eq!(folder.names(), ["keys.cpni"]);
    assert_eq!(PassphraseKeys::open(folder.file(), &right()).unwrap_err(), KeyError::Unwrap);
    let again = Keyring::open(&PassphraseKeys::open(folder.file(), &new_words).unwrap()).unwrap();
    assert_eq!(commitment(&again, 1), commitment(&keyring, 1));
    // The salt is another one, and the old value changes nothing more.
    let salt = |text: &str| text.lines().find(|line| line.starts_with("salt")).unwrap().to_owned();
    assert_ne!(salt(&document), salt(&fs::read_to_string(folder.file()).unwrap()));
    assert_eq!(keyring.rotate(&old, KeyBranch::Data), Err(KeyError::Format));
    assert_eq!(keyring.rotate(&new, KeyBranch::Data), Ok(2));
    assert_eq!(old.change_passphrase_with(&new_words, Cost::MIN).unwrap_err(), KeyError::Format);
    // Half a new file beside it, as a crash leaves it.
    fs::write(folder.0.join(".keys.cpni.0000000000000000.tmp"), "half").unwrap();
    assert!(PassphraseKeys::open(folder.file(), &new_words).is_ok());
}

#[test]
fn another_provider_takes_the_keyring_over_once() {
    let folder = Folder::new();
    let file = cheap(&folder.file()).unwrap();
    let keyring = Keyring::open(&file).unwrap();
    keyring.rotate(&file, KeyBranch::Data).unwrap();
    let kms = MemoryKeys::empty().unwrap();
    Keyring::rewrap(&file, &kms).unwrap();
    let moved = kms.load().unwrap();
    assert_eq!(Keyring::rewrap(&file, &kms), Ok(()), "done again after a crash");
    assert_eq!(kms.load().unwrap(), moved);
    for version in [1, 2] {
        assert_eq!(commitment(&Keyring::open(&kms).unwrap(), version), commitment(&keyring, version));
    }
    // A guard that runs goes on with the new provider.
    assert_eq!(keyring.reload_quietly(&kms), Ok(false));
    assert_eq!(keyring.rotate(&kms, KeyBranch::Data), Ok(3));
    assert_eq!(Keyring::rewrap(&file, &kms), Err(KeyError::Exists), "the old provider is behind");
    assert_eq!(Keyring::rewrap(&file, &MemoryKeys::new().unwrap()), Err(KeyError::Exists));

    let back = folder.0.join("back.cpni");
    let other = PassphraseKeys::create_from(&back, &right(), &kms).unwrap();
    assert_eq!(commitment(&Keyring::open(&other).unwrap(), 3), commitment(&keyring, 3));
    assert_eq!(PassphraseKeys::create_from(&back, &right(), &kms).unwrap_err(), KeyError::Exists);
}
