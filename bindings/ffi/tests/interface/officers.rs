//! The questions of officers and witnesses beyond one log: theft, other logs, growth; and a signer that is
//! not on this machine.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cpni_guard::oversight::Exposure;
use cpni_guard::oversight::scope::Reach;
use cpni_guard::vocabulary::{DataClass, EventKind, Role};
use cpni_guard_ffi::{
    AuditCheck, CheckpointSigner, CustomerCount, FieldState, GuardBuilder, HostFailure, IncidentAccesses,
    KeyHolder, LostKeys, StolenRecords, StoreSettings, check_growth, open_checkpoint, set_aside_audit_log,
};
use ed25519_dalek::{Signer as _, SigningKey};

use crate::fixture::*;

/// The key of the signing service, which no guard has.
fn signing() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn officer() -> String {
    "sue".to_owned()
}

#[test]
fn what_was_stolen_counts_by_the_keys_that_were_lost() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let scope = |lost: LostKeys| {
        let stolen = StolenRecords::new(lost).unwrap();
        stolen.add("acct-stolen".to_owned(), &sealed).unwrap();
        assert_eq!(code(stolen.add("acct-stolen".to_owned(), b"CGR")), 3001);
        assert_eq!(code(stolen.add(String::new(), &sealed)), 1001);
        carrier.guard.breach_scope_of(officer(), None, Some(stolen), Vec::new(), true).unwrap()
    };
    for (lost, reach, exposure) in [
        (LostKeys::NotKnown, Reach::Disclosed, Exposure::Readable),
        (LostKeys::Versions { versions: vec![1] }, Reach::Disclosed, Exposure::Readable),
        (LostKeys::Versions { versions: vec![2] }, Reach::Encrypted, Exposure::EncryptedKeysSafe),
        (LostKeys::NoneLost, Reach::Encrypted, Exposure::EncryptedKeysSafe),
    ] {
        let scope = scope(lost.clone());
        let accounts = scope.accounts().unwrap();
        assert_eq!((accounts.len(), accounts[0].reach), (1, reach), "{lost:?}");
        let (opened, shut) = (&accounts[0].decryptable, &accounts[0].encrypted);
        let (all, none) = if reach == Reach::Disclosed { (opened, shut) } else { (shut, opened) };
        assert!(all.contains(&DataClass::Ssn) && all.contains(&DataClass::CallDetail) && none.is_empty());
        assert_eq!(scope.customers(), Ok(CustomerCount::Exactly { count: 1 }));
        assert!(scope.exposures().unwrap().iter().all(|reached| reached.exposure == exposure));
        assert_eq!(scope.name(0).unwrap().as_deref(), Some(b"acct-stolen".as_slice()));
    }
}

#[test]
fn only_an_officer_asks_and_every_question_is_recorded() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    carrier.authenticated("call-1").view(&sealed, &request(&["plan"])).unwrap();
    let audit = carrier.guard.clone().audit().unwrap();
    let before = audit.size().unwrap();
    let stolen = || {
        let stolen = StolenRecords::new(LostKeys::NotKnown).unwrap();
        stolen.add(ACCOUNT.to_owned(), &sealed).unwrap();
        Some(stolen)
    };
    let asked = |who: &str| {
        let all = Some(IncidentAccesses::default());
        carrier.guard.breach_scope_of(who.to_owned(), all, stolen(), Vec::new(), false)
    };
    assert_eq!(code(asked("dana")), 5030);
    assert_eq!(code(asked("nobody")), 5001);
    let scope = asked("sue").unwrap();
    assert_eq!(audit.size().unwrap(), before + 3);
    let page = audit.events(before, 10).unwrap();
    assert_eq!(page.events.iter().map(|event| event.cause).collect::<Vec<_>>(), [5030, 5001, 0]);
    assert!(page.events.iter().all(|event| event.kind == EventKind::ScopeAsked) && !page.more);
    assert!(audit.events(0, 1).unwrap().more);
    assert_eq!(scope.accounts().unwrap()[0].given, [DataClass::ServiceDetails]);
    let source = &scope.logs().unwrap()[0];
    assert!(!source.proven && source.gap.is_none() && source.checkpoint.is_none());
    assert_eq!((source.log.len(), source.root.len()), (16, 32));
    let all = Some(IncidentAccesses::default());
    let proven = carrier.guard.breach_scope_of(officer(), all, None, Vec::new(), true).unwrap();
    let source = &proven.logs().unwrap()[0];
    assert!(source.proven && source.checkpoint.is_some() && proven.is_exact().unwrap());
}

#[test]
fn logs_of_other_guards_merge_where_they_have_the_same_keys() {
    let vault = Arc::new(crate::hosts::Host::default());
    let one = Carrier::built(|builder| builder.keys(&*KeyHolder::host(vault.clone(), true)?));
    let other = Carrier::built(|builder| builder.keys(&*KeyHolder::host(vault.clone(), true)?));
    let sealed = one.customer();
    other.customer();
    other.authenticated("call-1").view(&sealed, &request(&["plan"])).unwrap();
    let all = || Some(IncidentAccesses::default());
    let alone = one.guard.breach_scope_of(officer(), all(), None, Vec::new(), true).unwrap();
    assert_eq!(alone.accounts(), Ok(Vec::new()));
    let log = other.guard.clone().audit().unwrap();
    let both = one.guard.breach_scope_of(officer(), all(), None, vec![log], true).unwrap();
    assert_eq!(both.accounts().unwrap().len(), 1);
    assert_eq!(both.logs().unwrap().len(), 2);
    assert_eq!(both.name(0).unwrap().as_deref(), Some(ACCOUNT.as_bytes()));

    let strange = Carrier::new().guard.clone().audit().unwrap();
    assert_eq!(code(one.guard.breach_scope_of(officer(), all(), None, vec![strange], true)), 6020);
    let gone = other.guard.clone().audit().unwrap();
    other.guard.shut_down().unwrap();
    assert_eq!(code(one.guard.breach_scope_of(officer(), all(), None, vec![gone], true)), 9301);
}

#[test]
fn a_witness_sees_that_a_log_only_grew() {
    let carrier = Carrier::new();
    let log = carrier.guard.clone().audit().unwrap();
    let earlier = log.checkpoint().unwrap();
    assert_eq!(log.kept_checkpoint(), Ok(Some(earlier.clone())));
    carrier.customer();
    let later = log.checkpoint().unwrap();
    let key = log.verifying_key().unwrap();
    let seen = open_checkpoint(later.clone(), key.clone()).unwrap();
    assert_eq!((seen.size, seen.root.len()), (log.size().unwrap(), 32));
    assert!(seen.origin.starts_with("cpni-guard/audit/"));
    let path = log.prove_growth(earlier.clone(), later.clone()).unwrap();
    let check = |earlier: &String, later: &String, path: &Vec<Vec<u8>>| {
        check_growth(earlier.clone(), later.clone(), path.clone(), key.clone())
    };
    assert_eq!(check(&earlier, &later, &path), Ok(()));
    assert_eq!(code(check(&later, &earlier, &path)), 6102);
    let mut changed = path.clone();
    changed[0][0] ^= 1;
    assert_eq!(code(check(&earlier, &later, &changed)), 6102);
    assert_eq!(code(check(&earlier, &later, &vec![vec![0; 31]])), 9302);
    assert_eq!(code(check(&earlier, &"no note".to_owned(), &path)), 6103);
    assert_eq!(code(log.prove_growth(later.clone(), earlier.clone())), 6008);
    let strange = Carrier::new().guard.clone().audit().unwrap().checkpoint().unwrap();
    assert_eq!(code(log.prove_growth(strange.clone(), later)), 6104);
    assert_eq!(code(open_checkpoint(strange, key)), 6104);
}

/// A signing service: it signs with a key that is not the guard's, fails, panics, or signs nonsense.
#[derive(Default)]
struct Service(AtomicU8);

impl Service {
    const FAILS: u8 = 1;
    const PANICS: u8 = 2;
    const SHORT: u8 = 3;
    const WRONG: u8 = 4;

    fn say(&self, good: Vec<u8>) -> Result<Vec<u8>, HostFailure> {
        match self.0.load(Ordering::SeqCst) {
            Self::FAILS => Err(HostFailure::Unavailable),
            Self::PANICS => std::panic::panic_any("987-65-4321"),
            Self::SHORT => Ok(vec![0; 5]),
            Self::WRONG => Ok(vec![7; good.len()]),
            _ => Ok(good),
        }
    }
}

impl CheckpointSigner for Service {
    fn public_key(&self) -> Result<Vec<u8>, HostFailure> {
        self.say(signing().verifying_key().to_bytes().to_vec())
    }

    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, HostFailure> {
        self.say(signing().sign(&message).to_bytes().to_vec())
    }
}

#[test]
fn a_signer_of_the_host_signs_and_one_that_fails_loses_no_record() {
    let service = Arc::new(Service::default());
    let carrier = Carrier::built(|builder| {
        builder.checkpoint_signer(service.clone())?;
        builder.checkpoint_every(1, 3600)
    });
    let sealed = carrier.customer();
    let log = carrier.guard.clone().audit().unwrap();
    let key = log.verifying_key().unwrap();
    let first = log.checkpoint().unwrap();
    assert_eq!(open_checkpoint(first, key.clone()).unwrap().size, log.size().unwrap());
    let public = key.parse::<cpni_guard::audit::VerifyingKey>().unwrap();
    assert_eq!(public.public(), signing().verifying_key().as_bytes(), "the key of the service's");

    for (number, mood) in
        [Service::FAILS, Service::PANICS, Service::SHORT, Service::WRONG].into_iter().enumerate()
    {
        service.0.store(mood, Ordering::SeqCst);
        let before = log.size().unwrap();
        let call = carrier.authenticated(&format!("call-{number}"));
        let seen = call.view(&sealed, &request(&["plan"])).unwrap();
        assert_eq!(fields(&seen)[0].state, FieldState::Disclosed, "disclosures go on");
        call.end().unwrap();
        assert_eq!(log.size().unwrap(), before + 4, "opened, presented, viewed, ended");
        let refused = if mood == Service::PANICS { 9305 } else { 6009 };
        assert_eq!(code(log.checkpoint()), refused);
        assert_eq!(code(log.prove(before)), refused);
        assert!(matches!(log.verify(None), Ok(AuditCheck::Intact { size, .. }) if size == before + 4));
    }
    service.0.store(0, Ordering::SeqCst);
    let last = log.checkpoint().unwrap();
    assert_eq!(open_checkpoint(last, key).unwrap().size, log.size().unwrap(), "and then all of them");

    for mood in [Service::FAILS, Service::SHORT] {
        service.0.store(mood, Ordering::SeqCst);
        let builder = GuardBuilder::new().unwrap();
        assert_eq!(code(builder.checkpoint_signer(service.clone())), 6009, "no guard without its signer");
        assert_eq!(code(builder.memory_store()), 9308);
    }
    service.0.store(Service::PANICS, Ordering::SeqCst);
    assert_eq!(code(GuardBuilder::new().unwrap().checkpoint_signer(service)), 9305);
}

/// A folder of its own, gone at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        Self(std::env::temp_dir().join(format!("cpni-ffi-{name}-{}-{now}", std::process::id())))
    }

    pub(crate) fn path(&self) -> String {
        self.0.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn settings() -> StoreSettings {
    StoreSettings { max_audit_bytes: None, busy_timeout_millis: None, read_only: false }
}

#[test]
fn a_log_that_is_refused_is_set_aside_and_the_next_one_says_so() {
    let (folder, vault) = (Folder::new("aside"), Arc::new(crate::hosts::Host::default()));
    let built = |more: &dyn Fn(&GuardBuilder)| {
        Carrier::built(|builder| {
            builder.keys(&*KeyHolder::host(vault.clone(), true)?)?;
            more(builder);
            builder.store_folder_with(folder.path(), settings())
        })
    };
    let first = built(&|_| {});
    first.customer();
    let id = open_checkpoint(first.guard.clone().audit().unwrap().checkpoint().unwrap(), {
        first.guard.clone().audit().unwrap().verifying_key().unwrap()
    });
    let origin = id.unwrap().origin;
    assert_eq!(code(set_aside_audit_log(folder.path())), 7002, "not under a guard that writes it");
    // Whoever only looks may look at the same time.
    let looks = Carrier::built(|builder| {
        builder.keys(&*KeyHolder::host(vault.clone(), true)?)?;
        builder.store_folder_with(folder.path(), StoreSettings { read_only: true, ..settings() })
    });
    assert!(matches!(looks.guard.clone().audit().unwrap().verify(None), Ok(AuditCheck::Intact { .. })));
    assert_eq!(
        code(looks.guard.import_secret(
            cpni_guard_ffi::ImportedSecret::Password,
            ACCOUNT.to_owned(),
            PASSWORD
        )),
        6001
    );
    looks.guard.shut_down().unwrap();
    first.guard.shut_down().unwrap();
    drop((looks, first));

    let aside = set_aside_audit_log(folder.path()).unwrap();
    let log = aside.log.unwrap();
    let hex: String = log.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(origin.ends_with(&hex) && aside.folder.contains("refused-1"));
    let who = profile("sue", Role::CareAgent, true);
    let second = built(&|builder| {
        builder.in_place_of(Some(log.clone()), 6003, Some(who.clone())).unwrap();
    });
    let page = second.guard.clone().audit().unwrap().events(0, 10).unwrap();
    let began = page.events.iter().find(|event| event.cause == 6003).expect("it says so");
    assert_eq!((&began.interaction, began.agent.as_deref()), (&log, Some("sue")));
    let builder = GuardBuilder::new().unwrap();
    assert_eq!(code(builder.in_place_of(Some(vec![1; 15]), 0, None)), 9302);
}

#[test]
fn an_audit_file_that_is_full_discloses_nothing() {
    let folder = Folder::new("full");
    let small = StoreSettings { max_audit_bytes: Some(200_000), busy_timeout_millis: Some(10), ..settings() };
    let carrier = Carrier::built(|builder| builder.store_folder_with(folder.path(), small));
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let stopped = (0..2_000).find_map(|_| call.view(&sealed, &request(&["plan"])).err());
    assert_eq!(stopped.unwrap().code(), 6001);
}
