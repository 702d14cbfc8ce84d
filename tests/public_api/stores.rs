//! A store that fails, is full or read-only: nothing is disclosed, the error is clear, and the
//! guard works again when the store does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cpni_guard::audit::{
    AuditStore, Columns, LogId, Lookup, MemoryAuditStore, Place, StoredCheckpoint, StoredEntry, StoredHead,
};
use cpni_guard::error::{AuditError, InteractionError, StoreError};
use cpni_guard::interaction::accounts::{
    AccountRef, AccountStore, AttemptLimits, AttemptState, CounterKey, MemoryAccountStore, StoredHistory,
};
use cpni_guard::interaction::{MemoryNoticeStore, NoticeId, NoticeStore, StoredNotice};
use cpni_guard::oversight::watch::MemoryWatchStore;
use cpni_guard::token::{MemoryColumnStore, MemoryTokenVault, StoredToken, TokenVault, VaultRef};
use cpni_guard::transaction::MemoryTransactionStore;
use cpni_guard::vocabulary::{Action, Timestamp};
use cpni_guard::{DeviceSession, Error, Evidence, MemoryKeys, Presented, Purpose, Stores, TokenTerms};

use crate::fixture::{Carrier, NOON, PASSWORD, account};

/// A store that fails while its switch is on.
#[derive(Debug)]
struct Failing<S> {
    inner: S,
    fails: Arc<AtomicBool>,
}

impl<S> Failing<S> {
    fn check(&self) -> Result<(), StoreError> {
        if self.fails.load(Ordering::SeqCst) { Err(StoreError::Io) } else { Ok(()) }
    }
}

impl AuditStore for Failing<MemoryAuditStore> {
    fn head(&self) -> Result<Option<StoredHead>, StoreError> {
        self.check().and_then(|()| self.inner.head())
    }

    fn append(&self, entries: &[StoredEntry], head: &StoredHead) -> Result<(), StoreError> {
        self.check().and_then(|()| self.inner.append(entries, head))
    }

    fn read(&self, from: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        self.check().and_then(|()| self.inner.read(from, limit))
    }

    fn columns(&self, from: u64, limit: usize) -> Result<Vec<Columns>, StoreError> {
        self.check().and_then(|()| self.inner.columns(from, limit))
    }

    fn look_up(
        &self,
        lookup: &Lookup,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.check().and_then(|()| self.inner.look_up(lookup, after, limit))
    }

    fn end(&self) -> Result<u64, StoreError> {
        self.check().and_then(|()| self.inner.end())
    }

    fn anchor(&self) -> Result<Option<LogId>, StoreError> {
        self.check().and_then(|()| self.inner.anchor())
    }

    fn set_anchor(&self, log: LogId) -> Result<(), StoreError> {
        self.check().and_then(|()| self.inner.set_anchor(log))
    }

    fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.check().and_then(|()| self.inner.last_checkpoint())
    }

    fn add_checkpoint(&self, checkpoint: &StoredCheckpoint) -> Result<(), StoreError> {
        self.check().and_then(|()| self.inner.add_checkpoint(checkpoint))
    }
}

impl AccountStore for Failing<MemoryAccountStore> {
    fn entry(&self, of: &AccountRef) -> Result<Option<Vec<u8>>, StoreError> {
        self.check().and_then(|()| self.inner.entry(of))
    }

    fn set_entry(&self, of: &AccountRef, entry: &[u8]) -> Result<(), StoreError> {
        self.check().and_then(|()| self.inner.set_entry(of, entry))
    }

    fn take_entry(&self, of: &AccountRef) -> Result<Option<Vec<u8>>, StoreError> {
        self.check().and_then(|()| self.inner.take_entry(of))
    }

    fn swap_entry(&self, of: &AccountRef, old: &[u8], new: Option<&[u8]>) -> Result<bool, StoreError> {
        self.check().and_then(|()| self.inner.swap_entry(of, old, new))
    }

    fn entries_after(
        &self,
        after: Option<&AccountRef>,
        limit: usize,
    ) -> Result<Vec<(AccountRef, Vec<u8>)>, StoreError> {
        self.check().and_then(|()| self.inner.entries_after(after, limit))
    }

    fn append_event(
        &self,
        of: &AccountRef,
        len: usize,
        event: &[u8],
        head: &[u8],
    ) -> Result<bool, StoreError> {
        self.check().and_then(|()| self.inner.append_event(of, len, event, head))
    }

    fn history(&self, of: &AccountRef) -> Result<StoredHistory, StoreError> {
        self.check().and_then(|()| self.inner.history(of))
    }

    fn count_attempt(
        &self,
        counter: &CounterKey,
        now: Timestamp,
        limits: &AttemptLimits,
    ) -> Result<AttemptState, StoreError> {
        self.check().and_then(|()| self.inner.count_attempt(counter, now, limits))
    }

    fn clear_attempts(&self, counter: &CounterKey) -> Result<(), StoreError> {
        self.check().and_then(|()| self.inner.clear_attempts(counter))
    }

    fn bind_contact(
        &self,
        contact: &[u8; 32],
        account: &AccountRef,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.check().and_then(|()| self.inner.bind_contact(contact, account, now))
    }
}

impl NoticeStore for Failing<MemoryNoticeStore> {
    fn push(&self, id: &NoticeId, entry: &[u8], now: Timestamp, max: usize) -> Result<(), StoreError> {
        self.check().and_then(|()| self.inner.push(id, entry, now, max))
    }

    fn claim(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<StoredNotice>, StoreError> {
        self.check().and_then(|()| self.inner.claim(now, until, limit))
    }

    fn get(&self, id: &NoticeId) -> Result<Option<StoredNotice>, StoreError> {
        self.check().and_then(|()| self.inner.get(id))
    }

    fn put_off(
        &self,
        id: &NoticeId,
        attempts: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.check().and_then(|()| self.inner.put_off(id, attempts, now, until))
    }

    fn remove(&self, id: &NoticeId) -> Result<bool, StoreError> {
        self.check().and_then(|()| self.inner.remove(id))
    }

    fn entries_after(&self, after: Option<&NoticeId>, limit: usize) -> Result<Vec<StoredNotice>, StoreError> {
        self.check().and_then(|()| self.inner.entries_after(after, limit))
    }

    fn count(&self) -> Result<usize, StoreError> {
        self.check().and_then(|()| self.inner.count())
    }
}

impl TokenVault for Failing<MemoryTokenVault> {
    fn put(&self, of: &VaultRef, token: &StoredToken, max: u64) -> Result<(), StoreError> {
        self.check().and_then(|()| self.inner.put(of, token, max))
    }

    fn get(&self, of: &VaultRef) -> Result<Option<StoredToken>, StoreError> {
        self.inner.get(of)
    }

    fn take_use(&self, of: &VaultRef, now: Timestamp) -> Result<bool, StoreError> {
        self.check().and_then(|()| self.inner.take_use(of, now))
    }

    fn remove(&self, of: &VaultRef) -> Result<bool, StoreError> {
        self.check().and_then(|()| self.inner.remove(of))
    }

    fn remove_of(&self, account: &VaultRef) -> Result<u64, StoreError> {
        self.check().and_then(|()| self.inner.remove_of(account))
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.check().and_then(|()| self.inner.sweep(now, limit))
    }

    fn not_of_version(
        &self,
        key_version: u32,
        limit: usize,
    ) -> Result<Vec<(VaultRef, StoredToken)>, StoreError> {
        self.inner.not_of_version(key_version, limit)
    }

    fn replace(&self, of: &VaultRef, before: &[u8], entry: &[u8], version: u32) -> Result<bool, StoreError> {
        self.check().and_then(|()| self.inner.replace(of, before, entry, version))
    }

    fn versions(&self) -> Result<Vec<(u32, u64)>, StoreError> {
        self.inner.versions()
    }
}

pub(crate) fn failing() -> (Stores, Arc<AtomicBool>, Arc<AtomicBool>) {
    let (audit, accounts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let stores = Stores {
        notices: Arc::new(Failing { inner: MemoryNoticeStore::new(), fails: Arc::clone(&accounts) }),
        audit: Arc::new(Failing { inner: MemoryAuditStore::new(), fails: Arc::clone(&audit) }),
        accounts: Arc::new(Failing { inner: MemoryAccountStore::new(), fails: Arc::clone(&accounts) }),
        watch: Arc::new(MemoryWatchStore::new()),
        tokens: Arc::new(Failing { inner: MemoryTokenVault::new(), fails: Arc::clone(&accounts) }),
        columns: Arc::new(MemoryColumnStore::new()),
        transactions: Arc::new(MemoryTransactionStore::new()),
    };
    (stores, audit, accounts)
}

#[test]
fn without_a_record_nothing_is_disclosed_and_nothing_counts() {
    let (stores, audit_fails, _) = failing();
    let carrier = Carrier::new(stores);
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let not_recorded = Error::Audit(AuditError::NotRecorded(StoreError::Io));

    let mut call = carrier.call("dana", &dana);
    audit_fails.store(true, Ordering::SeqCst);
    // A right password that could not be recorded does not count.
    assert_eq!(call.present(Evidence::password(PASSWORD)), Err(not_recorded.clone()));
    audit_fails.store(false, Ordering::SeqCst);
    assert!(!call.view(&sealed, ["plan"]).unwrap().field("plan").unwrap().decision().is_allowed());
    assert_eq!(call.present(Evidence::password(PASSWORD)).unwrap(), Presented::Match);

    audit_fails.store(true, Ordering::SeqCst);
    assert_eq!(call.view(&sealed, ["plan"]).unwrap_err(), not_recorded);
    let request = DeviceSession::start().unwrap().request().unwrap();
    assert_eq!(call.view_for_device(&sealed, ["plan"], &request).unwrap_err(), not_recorded);
    assert_eq!(carrier.interaction("lee", &dana, cpni_guard::Contact::None).unwrap_err(), not_recorded);
    assert_eq!(carrier.guard.import_password(&dana, &"another-one".to_owned().into()), Err(not_recorded));
    audit_fails.store(false, Ordering::SeqCst);

    let view = call.view(&sealed, ["plan"]).unwrap();
    assert_eq!(view.field("plan").unwrap().disclosed().unwrap().with_text(str::len), Ok(14));
    call.end().unwrap();
    carrier.guard.audit().verify().unwrap();
    // The password that could not be recorded was not taken over.
    carrier.authenticated("dana", &dana);
}

#[test]
fn without_the_account_store_nobody_is_authenticated() {
    let (stores, _, accounts_fail) = failing();
    let carrier = Carrier::new(stores);
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.call("dana", &dana);
    accounts_fail.store(true, Ordering::SeqCst);
    assert_eq!(call.present(Evidence::password(PASSWORD)), Err(StoreError::Io.into()));
    // A contact that cannot be bound to its account is no live contact.
    let mut unbound = carrier.call("dana", &dana);
    assert_eq!(unbound.present(Evidence::password(PASSWORD)), Err(InteractionError::NoLiveContact.into()));
    assert!(!unbound.view(&sealed, ["plan"]).unwrap().field("plan").unwrap().decision().is_allowed());
    accounts_fail.store(false, Ordering::SeqCst);
    assert_eq!(call.present(Evidence::password(PASSWORD)).unwrap(), Presented::Match);
}

#[test]
fn without_a_queued_notice_there_is_no_change() {
    let (stores, audit_fails, queue_fails) = failing();
    let carrier = Carrier::queueing(MemoryKeys::new().unwrap(), stores, |builder| builder).unwrap();
    let dana = account("A-1");
    carrier.customer(&dana);
    let mut call = carrier.authenticated("dana", &dana);
    queue_fails.store(true, Ordering::SeqCst);
    let refused = call.decide(Action::ChangeAddressOfRecord).unwrap_err();
    assert_eq!(refused, InteractionError::NotNotified.into());
    assert_eq!(carrier.guard.notices().count(), Err(StoreError::Io.into()));
    queue_fails.store(false, Ordering::SeqCst);
    assert_eq!(carrier.guard.notices().count(), Ok(0));
    assert!(call.decide(Action::ChangeAddressOfRecord).unwrap().is_allowed());

    // What cannot be recorded is not taken out: it comes back.
    let queue = carrier.guard.notices();
    let notice = queue.pending(1).unwrap().remove(0).unwrap();
    audit_fails.store(true, Ordering::SeqCst);
    let not_recorded = Error::Audit(AuditError::NotRecorded(StoreError::Io));
    assert_eq!(queue.done(&notice.id), Err(not_recorded.clone()));
    assert_eq!(queue.discard(&notice.id), Err(not_recorded));
    audit_fails.store(false, Ordering::SeqCst);
    assert_eq!((queue.count(), queue.done(&notice.id), queue.count()), (Ok(1), Ok(true), Ok(0)));
}

#[test]
fn wrong_passwords_lock_the_account_over_all_agents() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    carrier.customer(&dana);
    let locked = Err(InteractionError::LockedOut.into());
    for attempt in 0..5 {
        let mut call = carrier.call(["dana", "lee"][attempt % 2], &dana);
        assert_eq!(call.present(Evidence::password("wrong")).unwrap(), Presented::NoMatch);
    }
    let mut call = carrier.call("lee", &dana);
    assert_eq!(call.present(Evidence::password(PASSWORD)), locked);
    carrier.advance(14 * 60);
    assert_eq!(carrier.call("dana", &dana).present(Evidence::password(PASSWORD)), locked);
    carrier.advance(16 * 60);
    assert_eq!(carrier.call("dana", &dana).present(Evidence::password(PASSWORD)).unwrap(), Presented::Match);
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use cpni_guard::SqliteStore;
    use cpni_guard::audit::{Checkpoint, CheckpointStatus};
    use cpni_guard::error::{AuditBreak, BreakKind};
    use cpni_guard::store::CheckpointFolder;

    use super::*;

    /// A folder that is removed with the test.
    pub(crate) struct Folder(pub(crate) std::path::PathBuf);

    impl Folder {
        pub(crate) fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("cpni-guard-{}-{name}", std::process::id()));
            drop(std::fs::remove_dir_all(&folder));
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn checkpoints_leave_the_machine_and_show_a_folder_that_was_put_back() {
        let (folder, outside) = (Folder::new("anchored"), Folder::new("outside"));
        let keys = Arc::new(MemoryKeys::new().unwrap());
        let dana = account("A-1");
        let carrier = || {
            let sink = Arc::new(CheckpointFolder::open(&outside.0).unwrap());
            let store = SqliteStore::open(&folder.0).unwrap();
            Carrier::built(Arc::clone(&keys), store, |builder| builder.checkpoint_sink(sink)).unwrap()
        };
        let settled = |carrier: &Carrier| {
            // The first checkpoint is made on a thread of its own.
            while carrier.guard.audit().checkpoint_status() == CheckpointStatus::default() {
                std::thread::yield_now();
            }
            carrier.guard.audit().checkpoint_status()
        };
        let first = carrier();
        let key = first.guard.audit().verifying_key();
        assert_eq!(settled(&first).published, Some(1));
        let not_anchored = |carrier: &Carrier| {
            carrier.guard.attestation().gaps.iter().any(|gap| gap.contains("not anchored"))
        };
        assert!(!not_anchored(&first));
        let file = outside.0.join(format!("{}.checkpoint", first.guard.audit().id()));
        let published = || Checkpoint::open(&std::fs::read_to_string(&file).unwrap(), &key).unwrap();
        assert_eq!(published().tree().size, 1);
        drop(first);
        // What somebody keeps to put it back later.
        let kept = std::fs::read(folder.0.join("audit.sqlite3")).unwrap();

        let second = carrier();
        second.customer(&dana);
        drop(second);
        assert_eq!(published().tree().size, 2);

        std::fs::write(folder.0.join("audit.sqlite3"), kept).unwrap();
        let third = carrier();
        assert_eq!(third.guard.audit().verify().unwrap().to_string(), "1 events, not anchored");
        let refused = third.guard.audit().verify_against(&published()).unwrap_err();
        assert_eq!(refused, AuditError::Broken(AuditBreak { event: 1, kind: BreakKind::Truncation }));
        // The folder outside takes no smaller checkpoint, and says so; disclosures go on.
        let status = settled(&third);
        assert_eq!((status.published, status.failing, status.failures > 0), (None, true, true));
        assert!(not_anchored(&third));
        third.customer(&dana);
        assert!(third.guard.audit().size() > 1);
        assert_eq!(published().tree().size, 2);
    }

    #[test]
    fn a_full_store_withholds() {
        let folder = Folder::new("full");
        let store = SqliteStore::options().max_audit_bytes(120_000).open(&folder.0).unwrap();
        let carrier = Carrier::new(store);
        let dana = account("A-1");
        let sealed = carrier.customer(&dana);
        let mut call = carrier.authenticated("dana", &dana);
        let full = (0..10_000).find_map(|_| call.view(&sealed, ["plan"]).err());
        assert_eq!(full, Some(AuditError::NotRecorded(StoreError::Full).into()));
        assert_eq!(call.view(&sealed, ["plan"]).unwrap_err(), full.unwrap());
        carrier.guard.audit().verify().unwrap();
    }

    #[test]
    fn a_read_only_store_verifies_and_discloses_nothing() {
        let folder = Folder::new("read-only");
        let keys = Arc::new(MemoryKeys::new().unwrap());
        let dana = account("A-1");
        let sealed = {
            let carrier =
                Carrier::with_keys(Arc::clone(&keys), SqliteStore::open(&folder.0).unwrap()).unwrap();
            carrier.customer(&dana)
        };
        let store = SqliteStore::options().read_only().open(&folder.0).unwrap();
        let carrier = Carrier::with_keys(Arc::clone(&keys), store).unwrap();
        assert_eq!(carrier.guard.audit().verify().unwrap().size(), 2);
        let refused = carrier.interaction("dana", &dana, cpni_guard::Contact::None).unwrap_err();
        assert_eq!(refused, AuditError::NotRecorded(StoreError::ReadOnly).into());
        drop(carrier);

        let carrier = Carrier::with_keys(keys, SqliteStore::open(&folder.0).unwrap()).unwrap();
        let mut call = carrier.authenticated("dana", &dana);
        assert!(call.view(&sealed, ["plan"]).unwrap().field("plan").unwrap().decision().is_allowed());
        call.end().unwrap();
        assert_eq!(carrier.guard.audit().verify().unwrap().size(), 6);
    }
}

#[cfg(feature = "sqlite")]
pub(crate) use sqlite::Folder;

#[test]
fn a_token_needs_its_record_and_its_use_taken() {
    let (stores, audit_fails, store_fails) = failing();
    let carrier = Carrier::new(stores);
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let terms = TokenTerms::until(NOON.plus(Duration::from_secs(60))).for_purpose(Purpose::Support);
    let issue = || carrier.guard.issue_token(&dana, &sealed, "plan", terms.single_use());
    for fails in [&audit_fails, &store_fails] {
        fails.store(true, Ordering::SeqCst);
        assert!(issue().is_err());
        fails.store(false, Ordering::SeqCst);
    }
    let token = issue().unwrap();
    let mut call = carrier.authenticated("dana", &dana);
    store_fails.store(true, Ordering::SeqCst);
    assert!(call.detokenise(&token).is_err(), "a use that is not taken durably shows nothing");
    store_fails.store(false, Ordering::SeqCst);
    audit_fails.store(true, Ordering::SeqCst);
    assert!(call.detokenise(&token).is_err());
    audit_fails.store(false, Ordering::SeqCst);
    // The use was taken before the record failed: lost, not given twice.
    let again = call.detokenise(&token);
    assert!(again.is_err(), "{again:?}");
}
