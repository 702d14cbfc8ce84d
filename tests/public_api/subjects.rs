//! Secrets of accounts, and erasure: what was sealed under a secret is gone with it, everywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use cpni_guard::audit::MemoryAuditStore;
use cpni_guard::error::{AuditError, InteractionError, KeyError, StoreError, SubjectError, TokenError};
use cpni_guard::guard::{ErasureReceipt, ErasureRequest, Reseal, ScopeMode, Unneeded};
use cpni_guard::keys::{KeyBranch, MemorySubjectStore, SubjectRef, SubjectStore};
use cpni_guard::oversight::scope::{Accesses, Selection};
use cpni_guard::vocabulary::{
    AgentId, Channel, CivilDate, ContactId, Destination, EventKind, FieldName, Timestamp,
};
use cpni_guard::{
    AccountId, AgentSession, DeviceSession, Error, MemoryKeys, NamedCall, PhotoId, Presented, Purpose,
    SealedRecord, Sensitive, Stored, Stores, TokenTerms,
};

use crate::fixture::{Carrier, NOON, account, record};
use crate::stores::failing;

pub(crate) fn carrier_with(
    keys: &Arc<MemoryKeys>,
    stores: Stores,
    subjects: &Arc<impl SubjectStore + 'static>,
) -> Carrier {
    let (keys, subjects) = (Arc::clone(keys), Arc::clone(subjects) as Arc<dyn SubjectStore>);
    let fay = AgentId::new("fay").unwrap();
    Carrier::built(keys, stores, |builder| builder.subjects(subjects).breach_officer(fay)).unwrap()
}

pub(crate) fn carrier() -> (Carrier, Arc<MemoryKeys>, Arc<MemorySubjectStore>) {
    let (keys, subjects) = (Arc::new(MemoryKeys::new().unwrap()), Arc::new(MemorySubjectStore::new()));
    (carrier_with(&keys, Stores::in_memory(), &subjects), keys, subjects)
}

pub(crate) fn request(columns: &[&str]) -> ErasureRequest {
    ErasureRequest {
        by: AgentSession::new("fay"),
        case: ContactId::new("case-77").unwrap(),
        backups_expire: CivilDate::new(2027, 2, 28),
        columns: columns.iter().map(|name| FieldName::new(*name).unwrap()).collect(),
    }
}

pub(crate) fn plan<'s>(
    carrier: &Carrier,
    of: &AccountId,
    sealed: impl Into<Stored<'s>>,
) -> Result<String, Error> {
    let mut call = carrier.authenticated("dana", of);
    let view = call.view(sealed, ["plan"])?;
    Ok(view.field("plan").unwrap().disclosed().unwrap().with_text(str::to_owned).unwrap())
}

fn kinds(carrier: &Carrier) -> Vec<(EventKind, Option<String>)> {
    let events = carrier.guard.audit().entries(0..u64::MAX).map(|entry| entry.unwrap().1.facts);
    let erasure = EventKind::AccountErased..=EventKind::AccountReadmitted;
    let told = events.filter(|facts| erasure.contains(&facts.kind));
    told.map(|facts| (facts.kind, facts.basis.map(|basis| basis.to_string()))).collect()
}

const ERASED: Error = Error::Subject(SubjectError::Erased);

#[test]
fn every_way_of_opening_finds_the_secret() {
    let (carrier, keys, _) = carrier();
    let of = account("A-1");
    let sealed = carrier.customer(&of);
    assert_eq!((sealed.record.subject_epoch(), sealed.record.key_version()), (1, 1));
    assert_eq!(plan(&carrier, &of, &sealed).unwrap(), "Unlimited Plus");

    let mut call = carrier.authenticated("dana", &of);
    let verified = call.verify(&sealed, "ssn", &Sensitive::from("987-65-4321".to_owned())).unwrap();
    assert!(verified.result != Some(Presented::NoMatch));
    assert!(call.send(&sealed, ["plan"], Destination::AddressOfRecord).unwrap().is_sent());
    let started = Timestamp::from_secs(NOON.as_secs() - 304 * 60);
    let named =
        NamedCall { number: Sensitive::from("+1 202 555 0123".to_owned()), started, duration_secs: None };
    assert_eq!(call.name_call(named, &sealed, "call_detail").unwrap(), Presented::Match);
    let session = DeviceSession::start_with_clock(Arc::clone(&carrier.clock) as _).unwrap();
    let asked = session.request().unwrap();
    assert!(call.view_for_device(&sealed, ["plan"], &asked).is_ok());
    let column = sealed.record.field("plan").unwrap();
    assert!(call.view(&column, ["plan"]).unwrap().field("plan").unwrap().disclosed().is_ok());
    call.end().unwrap();

    let contact = carrier.contact("visit-1", Channel::Retail, "ray");
    let mut visit = carrier.interaction("ray", &of, contact).unwrap();
    let id = PhotoId {
        kind: cpni_guard::interaction::PhotoIdKind::DriversLicence,
        expires: CivilDate::new(2027, 11, 22).unwrap(),
        name: Sensitive::from("Dana Example".to_owned()),
    };
    assert_eq!(visit.show_photo_id(&id, &sealed, "name").unwrap(), Presented::Match);

    // Without the store nothing of it opens, and the message says what is missing.
    let without = Carrier::with_keys(Arc::clone(&keys), Stores::in_memory()).unwrap();
    without.customer(&of);
    let missing = Error::from(SubjectError::NoStore);
    assert_eq!(plan(&without, &of, &sealed).unwrap_err(), missing);
    assert_eq!(without.guard.erase(&of, &request(&[])).unwrap_err(), missing);
    // With an empty one as well.
    let empty = carrier_with(&keys, Stores::in_memory(), &Arc::new(MemorySubjectStore::new()));
    empty.guard.import_password(&of, &Sensitive::from(crate::fixture::PASSWORD.to_owned())).unwrap();
    assert_eq!(plan(&empty, &of, &sealed).unwrap_err(), SubjectError::Missing.into());
}

#[test]
fn rows_from_before_move_under_the_secret() {
    let (keys, stores) = (Arc::new(MemoryKeys::new().unwrap()), Stores::in_memory());
    let of = account("A-1");
    let before = Carrier::with_keys(Arc::clone(&keys), stores.clone()).unwrap();
    let old = before.customer(&of).record;
    drop(before);
    let carrier = carrier_with(&keys, stores, &Arc::new(MemorySubjectStore::new()));
    assert_eq!((old.subject_epoch(), plan(&carrier, &of, &old).unwrap().as_str()), (0, "Unlimited Plus"));

    let mut job = carrier.guard.reseal_job();
    let done = job.batch([(&of, Stored::from(&old))]).unwrap().remove(0).unwrap();
    let Reseal::Done(done) = done else { panic!("left as it was") };
    assert_eq!((done.from.subject_epoch, done.to.subject_epoch, done.to.key_version), (0, 1, 1));
    assert_eq!(job.progress().without_secret(), 1);
    assert_eq!(plan(&carrier, &of, &done.bytes).unwrap(), "Unlimited Plus");
    let mut job = carrier.guard.reseal_job();
    assert_eq!(job.batch([(&of, Stored::from(&done.bytes))]).unwrap(), [Ok(Reseal::AlreadyCurrent)]);
    assert_eq!(job.progress().without_secret(), 0);

    // An erasure does not reach what was sealed without a secret: the report says that some is left.
    carrier.guard.erase(&of, &request(&[])).unwrap();
    assert_eq!(plan(&carrier, &of, &done.bytes).unwrap_err(), ERASED);
    assert_eq!(plan(&carrier, &of, &old).unwrap(), "Unlimited Plus");
    assert_eq!(carrier.guard.reseal(&of, &old), Err(ERASED));
}

#[test]
fn an_erased_account_opens_nowhere_and_leaves_its_proof() {
    let (carrier, _, _) = carrier();
    let (of, other) = (account("A-1"), account("A-2"));
    let (sealed, theirs) = (carrier.customer(&of).record, carrier.customer(&other).record);
    let mut open = carrier.authenticated("dana", &of);
    assert!(open.view(&sealed, ["plan"]).is_ok());
    assert_eq!(carrier.guard.erasure_of(&of), Ok(None));
    let terms =
        TokenTerms::until(NOON.plus(std::time::Duration::from_secs(86_400))).for_purpose(Purpose::Support);
    let token = carrier.guard.issue_token(&of, &sealed, "plan", terms).unwrap();

    let receipt = carrier.guard.erase(&of, &request(&["ssn_index", "legacy_ssn", "ssn_index"])).unwrap();
    let names = |receipt: &ErasureReceipt| {
        receipt.outstanding.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
    };
    // The indexes of the schema are in it without being named.
    assert_eq!(names(&receipt), ["legacy_ssn", "mobile", "ssn", "ssn_index"]);
    assert_eq!(carrier.guard.token_versions(), Ok(vec![]), "its vault tokens are gone");
    assert_eq!(open.detokenise(&token).unwrap_err(), TokenError::NotValid.into());
    assert!(receipt.is_deleted && !receipt.is_complete());
    assert_eq!((receipt.epoch, receipt.key_version, receipt.at), (1, Some(1), NOON));
    assert_eq!(receipt.backups_expire, CivilDate::new(2027, 2, 28));
    assert_eq!(carrier.guard.unfinished_erasures(), Ok(1));

    // Also where its keys were kept, and in every operation.
    assert_eq!(open.view(&sealed, ["plan"]).unwrap_err(), ERASED);
    open.end().unwrap();
    assert_eq!(plan(&carrier, &of, &sealed).unwrap_err(), ERASED);
    assert_eq!(carrier.guard.protect(&of, record()).unwrap_err(), ERASED);
    assert_eq!(plan(&carrier, &other, &theirs).unwrap(), "Unlimited Plus");

    // The proof: an event of the log that names account, case and who.
    let audit = carrier.guard.audit();
    let (log, index) = receipt.event.unwrap();
    assert_eq!(log, audit.id());
    let event = audit.entries(index..index + 1).next().unwrap().unwrap().1;
    assert_eq!(event.facts.case.as_ref().map(ContactId::as_str), Some("case-77"));
    assert_eq!(event.facts.actor.as_ref().unwrap().agent.as_str(), "fay");
    assert_eq!(event.account.as_ref().unwrap().pseudonym(), &audit.derive_pseudonym(&of));
    let tree = audit.tree_head();
    assert!(audit.prove_inclusion(index, &tree).is_ok());

    // Asked again, it says the same, and records nothing.
    let size = audit.size();
    assert_eq!(carrier.guard.erase(&of, &request(&[])).unwrap(), receipt);
    assert_eq!((audit.size(), carrier.guard.erasure_of(&of)), (size, Ok(Some(receipt))));

    // What the host deletes, it confirms, one by one.
    let fay = AgentSession::new("fay");
    let confirm = |column| carrier.guard.confirm_deleted(&of, column, &fay);
    let case = ContactId::new("case-78").unwrap();
    assert_eq!(confirm("no_such_column"), Err(SubjectError::NoSuchColumn.into()));
    assert_eq!(names(&confirm("ssn_index").unwrap()), ["legacy_ssn", "mobile", "ssn"]);
    assert_eq!(names(&confirm("mobile").unwrap()), ["legacy_ssn", "ssn"]);
    assert_eq!(names(&confirm("ssn").unwrap()), ["legacy_ssn"]);
    assert_eq!(confirm("ssn_index"), Err(SubjectError::NoSuchColumn.into()));
    let outstanding = SubjectError::Outstanding { columns: 1 };
    assert_eq!(carrier.guard.readmit(&of, &fay, &case), Err(outstanding.into()));
    assert!(confirm("legacy_ssn").unwrap().is_complete());
    assert_eq!(carrier.guard.unfinished_erasures(), Ok(0));
    assert_eq!(carrier.guard.confirm_deleted(&other, "x", &fay), Err(SubjectError::NotErased.into()));
    assert_eq!(carrier.guard.readmit(&other, &fay, &case), Err(SubjectError::NotErased.into()));

    // Readmitted by somebody's word only; what was erased stays so.
    assert_eq!(carrier.guard.readmit(&of, &fay, &case), Ok(2));
    let anew = carrier.guard.protect(&of, record()).unwrap().record;
    assert_eq!((anew.subject_epoch(), plan(&carrier, &of, &anew).unwrap().as_str()), (2, "Unlimited Plus"));
    assert_eq!(plan(&carrier, &of, &sealed).unwrap_err(), ERASED);
    assert_eq!(carrier.guard.reseal(&of, &sealed), Ok(Reseal::AlreadyCurrent), "its head says nothing else");

    let expected = [
        (EventKind::AccountErased, "epoch:1"),
        (EventKind::ErasureContinued, "secret-deleted:1"),
        (EventKind::ErasureContinued, "column:ssn_index"),
        (EventKind::ErasureContinued, "column:mobile"),
        (EventKind::ErasureContinued, "column:ssn"),
        (EventKind::ErasureContinued, "column:legacy_ssn"),
        (EventKind::ErasureContinued, "confirmed:1"),
        (EventKind::AccountReadmitted, "epoch:2"),
    ];
    assert!(kinds(&carrier).into_iter().eq(expected.map(|(kind, basis)| (kind, Some(basis.to_owned())))));

    // The log verifies, and an incident still counts the account, by name.
    assert!(audit.verify().is_ok());
    let selected = Selection::of(Accesses::all().by_agents([AgentId::new("dana").unwrap()]));
    let scope = carrier.guard.breach_scope(&fay, &selected, ScopeMode::Prove, &[]).unwrap();
    assert!(scope.accounts().any(|affected| affected.name().unwrap() == &of));
}

#[test]
fn an_erasure_holds_at_once_in_every_process() {
    let (one, keys, subjects) = carrier();
    let two = carrier_with(&keys, Stores::in_memory(), &subjects);
    let of = account("A-1");
    let sealed = one.customer(&of).record;
    two.guard.import_password(&of, &Sensitive::from(crate::fixture::PASSWORD.to_owned())).unwrap();
    let mut open = two.authenticated("dana", &of);
    assert!(open.view(&sealed, ["plan"]).is_ok());
    one.guard.erase(&of, &request(&[])).unwrap();
    assert_eq!(open.view(&sealed, ["plan"]).unwrap_err(), ERASED);
    assert_eq!(two.guard.protect(&of, record()).unwrap_err(), ERASED);
    let refused = two.guard.audit().entries(0..u64::MAX).map(|entry| entry.unwrap().1.facts).last().unwrap();
    assert_eq!((refused.kind, refused.cause), (EventKind::NotCarriedOut, ERASED.code().get()));
}

#[test]
fn erasures_that_contradict_themselves_are_refused() {
    let (carrier, ..) = carrier();
    let of = account("A-1");
    carrier.customer(&of);
    let names: Vec<_> = (0..256).map(|number| format!("c_{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let many = carrier.guard.erase(&of, &request(&names)).unwrap_err();
    assert_eq!(many, SubjectError::TooManyColumns { max: 255 }.into());
    let nobody = ErasureRequest { by: AgentSession::new("nobody"), ..request(&[]) };
    let unknown = carrier.guard.erase(&of, &nobody).unwrap_err();
    assert_eq!(unknown, InteractionError::UnknownAgent.into());
    assert_eq!(carrier.guard.erasure_of(&of), Ok(None), "nothing was begun");
    assert!(
        carrier.guard.erase(&of, &request(&names[3..])).is_ok_and(|receipt| receipt.outstanding.len() == 255)
    );
}

/// Dies at one of its calls, and answers no more: before what the call does, or after.
#[derive(Debug)]
pub(crate) struct Dying {
    pub(crate) inner: Arc<MemorySubjectStore>,
    pub(crate) left: AtomicI64,
    pub(crate) after_effect: bool,
    /// Where the audit store dies in its place.
    pub(crate) audit: Option<Arc<AtomicBool>>,
}

impl Dying {
    fn step<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        match &self.audit {
            Some(audit) if left == 0 => audit.store(true, Ordering::SeqCst),
            Some(_) => {}
            None if left == 0 && self.after_effect => {
                work()?;
                return Err(StoreError::Io);
            }
            None if left <= 0 => return Err(StoreError::Io),
            None => {}
        }
        work()
    }
}

impl SubjectStore for Dying {
    fn entry(&self, of: &SubjectRef) -> Result<Option<Vec<u8>>, StoreError> {
        self.step(|| self.inner.entry(of))
    }

    fn swap(&self, of: &SubjectRef, old: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError> {
        self.step(|| self.inner.swap(of, old, new))
    }

    fn entries_after(
        &self,
        after: Option<&SubjectRef>,
        limit: usize,
    ) -> Result<Vec<(SubjectRef, Vec<u8>)>, StoreError> {
        self.step(|| self.inner.entries_after(after, limit))
    }

    fn scrub(&self) -> Result<(), StoreError> {
        self.step(|| self.inner.scrub())
    }
}

/// The process dies at every call of every store, on both sides of it. What the next one finds opens
/// whole or not at all, and the erasure is asked for again and ends.
#[test]
fn an_erasure_that_dies_anywhere_is_finished_by_asking_again() {
    let of = account("A-1");
    let mut deaths = 0;
    for (after_effect, audit_dies) in [(false, false), (true, false), (false, true)] {
        for at in 0.. {
            let (stores, audit_fails, _) = failing();
            let (keys, inner) = (Arc::new(MemoryKeys::new().unwrap()), Arc::new(MemorySubjectStore::new()));
            let carrier = carrier_with(&keys, stores.clone(), &inner);
            let sealed = carrier.guard.protect(&of, record()).unwrap().record;
            // So that to seal it again is to open it.
            carrier.guard.keys().rotate(&keys, KeyBranch::Data).unwrap();
            drop(carrier);
            let audit = audit_dies.then(|| Arc::clone(&audit_fails));
            let left = AtomicI64::new(at);
            let dying = Arc::new(Dying { inner: Arc::clone(&inner), left, after_effect, audit });
            let carrier = carrier_with(&keys, stores.clone(), &dying);
            let died = carrier.guard.erase(&of, &request(&["ssn_index"])).is_err();
            let is_past = dying.left.load(Ordering::SeqCst) >= 0;
            drop(carrier);
            audit_fails.store(false, Ordering::SeqCst);

            let carrier = carrier_with(&keys, stores, &inner);
            let (was_begun, found) =
                (carrier.guard.erasure_of(&of).unwrap(), carrier.guard.reseal(&of, &sealed));
            match &was_begun {
                None => assert!(matches!(found, Ok(Reseal::Done(_))), "{at}"),
                Some(_) => assert_eq!(found.unwrap_err(), ERASED, "{at}"),
            }
            let told = kinds(&carrier);
            let is_deleted = was_begun.is_some_and(|receipt| receipt.event.is_some());
            assert!(!is_deleted || told.iter().any(|(kind, _)| *kind == EventKind::AccountErased), "{at}");

            let receipt = carrier.guard.erase(&of, &request(&["ssn_index"])).unwrap();
            assert!(receipt.is_deleted && receipt.event.is_some());
            assert_eq!((receipt.outstanding.len(), carrier.guard.unfinished_erasures()), (3, Ok(1)));
            assert_eq!(carrier.guard.reseal(&of, &sealed), Err(ERASED));
            let erased =
                kinds(&carrier).into_iter().filter(|(kind, _)| *kind == EventKind::AccountErased).count();
            assert!((1..=2).contains(&erased), "{at}: {erased}");
            assert!(carrier.guard.audit().verify().is_ok());
            if !died && is_past {
                break;
            }
            deaths += u32::from(died);
        }
    }
    assert!(deaths >= 20, "{deaths}");
}

#[test]
fn without_its_record_no_secret_goes() {
    let (stores, audit_fails, _) = failing();
    let (keys, subjects) = (Arc::new(MemoryKeys::new().unwrap()), Arc::new(MemorySubjectStore::new()));
    let carrier = carrier_with(&keys, stores, &subjects);
    let of = account("A-1");
    carrier.customer(&of);
    audit_fails.store(true, Ordering::SeqCst);
    let refused = carrier.guard.erase(&of, &request(&[])).unwrap_err();
    assert_eq!(refused, AuditError::NotRecorded(StoreError::Io).into());
    let broken_off = carrier.guard.erasure_of(&of).unwrap().unwrap();
    assert_eq!((broken_off.is_deleted, broken_off.event, broken_off.key_version), (false, None, Some(1)));
    assert_eq!(carrier.guard.keys().needs(KeyBranch::Subject, 1).unwrap().subjects, 1, "it is still there");
    audit_fails.store(false, Ordering::SeqCst);
    assert!(carrier.guard.erase(&of, &request(&[])).unwrap().is_deleted);
    assert_eq!(carrier.guard.keys().needs(KeyBranch::Subject, 1).unwrap().subjects, 0);
}

#[cfg(feature = "sqlite")]
mod in_a_file {
    use std::fs;
    use std::path::{Path, PathBuf};

    use cpni_guard::store::SqliteSubjects;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("cpni-guard-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    /// Whether the files of the folder hold these bytes anywhere.
    fn holds(folder: &Path, bytes: &[u8]) -> bool {
        fs::read_dir(folder).unwrap().any(|file| {
            let content = fs::read(file.unwrap().path()).unwrap();
            content.windows(bytes.len()).any(|window| window == bytes)
        })
    }

    fn copy(from: &Path, to: &Path) {
        drop(fs::remove_dir_all(to));
        fs::create_dir_all(to).unwrap();
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }

    /// What a thief has who took a copy before the erasure, and the sealed rows, and no keys; and what an
    /// operator has who puts a backup back.
    #[test]
    fn nothing_is_left_in_the_files_and_a_backup_ends_with_its_key() {
        let folder = Folder::new("subjects");
        let (live, backup) = (folder.0.join("live"), folder.0.join("backup"));
        let keys = Arc::new(MemoryKeys::new().unwrap());
        let open = |path: &Path| {
            let subjects = Arc::new(SqliteSubjects::open(path).unwrap());
            let stores = Stores { audit: Arc::new(MemoryAuditStore::new()), ..Stores::in_memory() };
            (carrier_with(&keys, stores, &subjects), subjects)
        };
        let (of, other) = (account("A-1"), account("A-2"));
        let (carrier, store) = open(&live);
        let seal = |of: &AccountId| carrier.guard.protect(of, record()).unwrap().record;
        let (sealed, theirs) = (seal(&of), seal(&other));
        // So that to seal it again is to open it.
        carrier.guard.keys().rotate(&keys, KeyBranch::Data).unwrap();
        let rows = store.entries_after(None, 9).unwrap();
        // Format, state, epoch, version and length; then the wrapped secret.
        let wrapped = |row: &[u8]| row[11..131].to_vec();
        assert!(rows.iter().all(|(_, row)| row[10] == 120 && holds(&live, &wrapped(row))));
        copy(&live, &backup);

        carrier.guard.erase(&of, &request(&[])).unwrap();
        let gone = rows.iter().filter(|(_, row)| !holds(&live, &wrapped(row))).count();
        assert_eq!(gone, 1, "the erased one's secret is in no file, the other's is");
        assert_eq!(carrier.guard.reseal(&of, &sealed), Err(ERASED));

        // Until the backup's key is destroyed, a backup that is put back brings the account back.
        let (restored, _) = open(&backup);
        assert!(matches!(restored.guard.reseal(&of, &sealed), Ok(Reseal::Done(_))));
        drop(restored);
        let desk = carrier.guard.keys();
        desk.rotate(&keys, KeyBranch::Subject).unwrap();
        assert_eq!(desk.rewrap_subjects(), Ok(1));
        assert!(rows.iter().all(|(_, row)| !holds(&live, &wrapped(row))), "nor is what was wrapped anew");
        desk.destroy(&keys, KeyBranch::Subject, 1, Unneeded::OwnStores).unwrap();
        let (restored, _) = open(&backup);
        let destroyed = Error::from(KeyError::Destroyed { version: 1 });
        assert_eq!(restored.guard.reseal(&of, &sealed), Err(destroyed.clone()));
        assert_eq!(restored.guard.reseal(&other, &theirs), Err(destroyed), "all of the backup is useless");
        assert!(matches!(carrier.guard.reseal(&other, &theirs), Ok(Reseal::Done(_))));
    }
}

#[test]
fn the_subject_branch_rotates_without_touching_data() {
    let (carrier, keys, _) = carrier();
    let (a, b) = (account("A-1"), account("A-2"));
    let sealed: SealedRecord = carrier.customer(&a).record;
    let desk = carrier.guard.keys();
    assert_eq!(desk.rotate(&keys, KeyBranch::Subject), Ok(2));
    let theirs = carrier.customer(&b).record;
    let destroy = || desk.destroy(&keys, KeyBranch::Subject, 1, Unneeded::OwnStores);
    assert_eq!(destroy(), Err(KeyError::InUse { version: 1, uses: 1 }.into()));
    assert_eq!(desk.rewrap_subjects(), Ok(1));
    assert_eq!(desk.rewrap_subjects(), Ok(0));
    destroy().unwrap();
    for (of, sealed) in [(&a, &sealed), (&b, &theirs)] {
        assert_eq!(
            (sealed.subject_epoch(), plan(&carrier, of, sealed).unwrap().as_str()),
            (1, "Unlimited Plus")
        );
    }
    // A guard without the store cannot say that nothing needs a version.
    let other = Carrier::with_keys(
        Arc::clone(&keys),
        Stores { audit: Arc::new(MemoryAuditStore::new()), ..Stores::in_memory() },
    );
    let other = other.unwrap();
    other.guard.keys().rotate(&keys, KeyBranch::Subject).unwrap();
    let refused = other.guard.keys().destroy(&keys, KeyBranch::Subject, 2, Unneeded::OwnStores);
    assert_eq!(refused, Err(KeyError::NotSurveyed { version: 2 }.into()));
    assert_eq!(other.guard.keys().rewrap_subjects(), Err(SubjectError::NoStore.into()));
}
