//! Writing: a log is opened once and takes one event after the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::checkpoint::{Checkpoint, CheckpointSigner, Signer, compare, read_kept};
use super::columns::Columns;
use super::event::{Actor, AuditEvent, EventFacts, LogId};
use super::group::Groups;
use super::merkle::CompactRange;
use super::publish::Due;
use super::roots::{AuditRoots, LogKeys};
use super::store::{AuditStore, StoredEntry, StoredHead};
use crate::error::{AuditBreak, AuditError, BreakKind, Error, StoreError};
use crate::hazmat::hash::{Hash, merkle_leaf};
use crate::hazmat::{equal, rng};
use crate::vocabulary::{AccountId, EventKind, TenantId, Timestamp};

/// The audit log of one process.
#[derive(Debug)]
pub struct AuditLog {
    pub(super) store: Arc<dyn AuditStore>,
    pub(super) keys: LogKeys,
    pub(super) signer: Signer,
    /// The last checkpoint of the present signer.
    pub(super) checkpoint: Mutex<Option<Checkpoint>>,
    pub(super) due: Due,
    groups: Groups<Vec<Encoded>, Result<u64, AuditError>>,
    state: Mutex<State>,
}

/// What a log is opened with, beside its store and its roots.
#[derive(Debug)]
pub(crate) struct LogSettings {
    pub(crate) tenant: TenantId,
    /// Who signs checkpoints; `None`: the log's own key.
    pub(crate) signer: Option<Arc<dyn CheckpointSigner>>,
    /// The log in whose place one is begun, if one is begun.
    pub(crate) earlier: Option<EarlierLog>,
}

/// A log that was refused and set aside, so that another begins in its place. That is written into
/// the new log; the old one stays as evidence.
#[derive(Debug, Clone, Default)]
pub struct EarlierLog {
    /// Which log; `None`: not known.
    pub log: Option<LogId>,
    /// The stable number ([`crate::ErrorCode`]) of why it was refused; 0: not known.
    pub cause: u16,
    /// Who decided to begin another one.
    pub actor: Option<Actor>,
}

/// Where the log stands.
#[derive(Debug, Clone, Default)]
struct State {
    position: Position,
    /// What an append that has not succeeded tried to reach. While this is set, the store is asked
    /// which of the two it is before anything else is written.
    tried: Option<Position>,
}

/// An event that is about to be stored.
#[derive(Debug)]
struct Encoded {
    bytes: Vec<u8>,
    leaf: Hash,
    /// With a number that is not yet its own.
    columns: Columns,
}

/// The end of the log: all that is needed to go on.
#[derive(Debug, Clone, Default)]
pub(super) struct Position {
    pub(super) range: CompactRange,
    pub(super) link: Hash,
}

/// Proof that an event is on stable storage. Only the log makes one; a disclosure takes it by value.
#[derive(Debug)]
pub struct Recorded {
    index: u64,
    grant: [u8; 16],
}

impl Recorded {
    /// Number of the event in its log, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The grant that the event names; all zero: none.
    pub(crate) const fn grant_id(&self) -> &[u8; 16] {
        &self.grant
    }
}

impl AuditLog {
    /// Opens the log that `store` holds, or begins one. Reads no more than its first and last event.
    ///
    /// Fails as the specification's "Opening a log" says: with [`AuditError::Broken`] for a log
    /// that was changed, [`crate::error::KeyError::UnknownVersion`] if the root that created it is
    /// not among `roots`, [`AuditError::Unreadable`] or [`AuditError::NotRecorded`] if the store fails.
    pub(crate) fn open(
        store: Arc<dyn AuditStore>,
        roots: AuditRoots,
        settings: LogSettings,
        now: Timestamp,
    ) -> Result<Self, Error> {
        // A reader may open the log while its writer appends: the end before and after frames the
        // head, and the checkpoint is older than it.
        let kept = store.last_checkpoint().map_err(AuditError::Unreadable)?;
        let end_before = store.end().map_err(AuditError::Unreadable)?;
        let head = store.head().map_err(AuditError::Unreadable)?;
        let end = store.end().map_err(AuditError::Unreadable)?;
        let anchor = store.anchor().map_err(AuditError::Unreadable)?;
        let Some(head) = head else {
            if end > 0 {
                return Err(broken(0, BreakKind::Head).into());
            }
            if anchor.is_some() {
                return Err(broken(0, BreakKind::Truncation).into());
            }
            return Self::begin(store, roots, settings, now);
        };
        if end == 0 {
            return Err(broken(0, BreakKind::Truncation).into());
        }
        let genesis = read_one(&*store, 0)?.1;
        if genesis.facts.kind != EventKind::Genesis {
            return Err(broken(0, BreakKind::Content).into());
        }
        let (keys, signer) = derive(roots, genesis.key_version, settings, genesis.log)?;
        if anchor.is_some_and(|anchor| anchor != genesis.log) {
            return Err(broken(0, BreakKind::Head).into());
        }
        let position = check_head(&keys, &head).ok_or(broken(end, BreakKind::Head))?;
        if head.size > end {
            return Err(broken(end, BreakKind::Truncation).into());
        }
        if head.size < end_before {
            return Err(broken(head.size, BreakKind::Head).into());
        }
        let last = head.size.saturating_sub(1);
        if read_one(&*store, last)?.0.link != head.link {
            return Err(broken(last, BreakKind::Link).into());
        }
        let kept = kept.map(|kept| read_kept(&kept, &signer.key(keys.log()))).transpose()?;
        if let Some(kept) = &kept {
            compare(&*store, head.size, &kept.tree)?;
        }
        if anchor.is_none() {
            match store.set_anchor(keys.log()) {
                // A log that is opened to be looked at gets no anchor.
                Ok(()) | Err(StoreError::ReadOnly) => {}
                Err(cause) => return Err(AuditError::NotRecorded(cause).into()),
            }
        }
        let checkpoint = kept.and_then(|kept| kept.checked);
        Ok(Self::new(store, keys, signer, checkpoint, position))
    }

    fn begin(
        store: Arc<dyn AuditStore>,
        roots: AuditRoots,
        settings: LogSettings,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let id = LogId::from_bytes(rng::make_array().map_err(|_| AuditError::Random)?);
        let created = roots.active();
        let earlier = settings.earlier.clone();
        let (keys, signer) = derive(roots, created, settings, id)?;
        let log = Self::new(store, keys, signer, None, Position::default());
        let mut events = vec![log.encode(EventFacts::new(EventKind::Genesis, now), None)?];
        if let Some(earlier) = earlier {
            let mut facts = EventFacts::new(EventKind::Reanchored, now);
            facts.interaction = earlier.log.map_or([0; 16], |log| *log.as_bytes());
            (facts.cause, facts.actor) = (earlier.cause, earlier.actor);
            events.push(log.encode(facts, None)?);
        }
        // In one transaction: a log that takes another's place says so from its beginning.
        log.store_group(events)?;
        log.store.set_anchor(id).map_err(AuditError::NotRecorded)?;
        Ok(log)
    }

    fn new(
        store: Arc<dyn AuditStore>,
        keys: LogKeys,
        signer: Signer,
        checkpoint: Option<Checkpoint>,
        position: Position,
    ) -> Self {
        let state = Mutex::new(State { position, tried: None });
        let (due, groups) = (Due::default(), Groups::default());
        Self { store, keys, signer, checkpoint: Mutex::new(checkpoint), due, groups, state }
    }

    /// The log's id.
    #[must_use]
    pub const fn id(&self) -> LogId {
        self.keys.log()
    }

    /// Number of events that this process knows to be stored.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.state().position.range.size()
    }

    /// Writes an event and returns when it is on stable storage. The log adds the account's
    /// pseudonym and sealed id. Events of threads that come meanwhile share one write.
    ///
    /// Fails with [`AuditError::NotRecorded`] if the store fails (the log goes on when the store
    /// does), with [`AuditError::Format`] if the facts are over a limit or contradict each other,
    /// and with [`AuditError::Broken`] if the store holds another log than the one written so far.
    pub(crate) fn record(
        &self,
        facts: EventFacts,
        account: Option<&AccountId>,
    ) -> Result<Recorded, AuditError> {
        self.record_behind(None, facts, account)
    }

    /// As [`AuditLog::record`], directly behind another event about the same account, in one write.
    pub(crate) fn record_behind(
        &self,
        before: Option<EventFacts>,
        facts: EventFacts,
        account: Option<&AccountId>,
    ) -> Result<Recorded, AuditError> {
        let grant = facts.grant;
        let mut events = Vec::with_capacity(2);
        for facts in before.into_iter().chain([facts]) {
            if matches!(facts.kind, EventKind::Genesis | EventKind::Reanchored) {
                return Err(AuditError::Format { why: "how a log begins is only written by the log" });
            }
            events.push(self.encode(facts, account)?);
        }
        let stored = self.groups.run(events, |group| {
            let lens: Vec<_> =
                group.iter().map(|events| u64::try_from(events.len()).unwrap_or(u64::MAX)).collect();
            match self.store_group(group.into_iter().flatten().collect()) {
                Ok(first) => {
                    let mut end = first;
                    let last_of = |len: u64| {
                        end = end.saturating_add(len);
                        Ok(end.saturating_sub(1))
                    };
                    lens.into_iter().map(last_of).collect()
                }
                Err(cause) => vec![Err(cause); lens.len()],
            }
        });
        // Nothing: the store panicked on another thread that wrote for this one as well.
        let index = stored.unwrap_or(Err(AuditError::NotRecorded(StoreError::Io)))?;
        Ok(Recorded { index, grant })
    }

    /// As [`AuditLog::record`], in one write.
    #[cfg(feature = "testing")]
    pub(crate) fn record_all(&self, all: Vec<(EventFacts, Option<AccountId>)>) -> Result<(), AuditError> {
        let encoded = all.into_iter().map(|(facts, account)| self.encode(facts, account.as_ref()));
        self.store_group(encoded.collect::<Result<_, _>>()?).map(|_| ())
    }

    /// Goes on under these roots: after the audit branch was changed.
    pub(crate) fn use_roots(&self, roots: AuditRoots) {
        self.keys.set_roots(roots);
    }

    /// The version of the audit root that created the log.
    pub(crate) const fn created_under(&self) -> u32 {
        self.keys.created()
    }

    /// How many things in this log need a version of the audit root: the log itself, if the version
    /// created it; else the events whose sealed account id is under it and of which `is_kept` says so.
    /// Reads every event.
    ///
    /// Fails as [`AuditLog::entries`].
    pub(crate) fn count_needing(
        &self,
        version: u32,
        is_kept: impl Fn(Timestamp) -> bool,
    ) -> Result<u64, AuditError> {
        if self.keys.created() == version {
            return Ok(self.size());
        }
        let mut count: u64 = 0;
        for entry in self.entries(0..self.size()) {
            let (_, event) = entry?;
            let needs = event.key_version == version && event.account.is_some() && is_kept(event.facts.time);
            count = count.saturating_add(needs.into());
        }
        Ok(count)
    }

    /// The pseudonym that events about this account have.
    #[must_use]
    pub fn derive_pseudonym(&self, account: &AccountId) -> [u8; 32] {
        self.keys.derive_pseudonym(account)
    }

    /// The account that an event is about; `None` if it is about none. For those who are entitled to it,
    /// and recorded: [`crate::Guard::name_account`] and [`crate::Guard::breach_scope`] see to both.
    ///
    /// Fails with [`AuditError::KeyVersion`] if the event's root version is not there, and with
    /// [`AuditError::Account`] if the sealed id was changed.
    pub(crate) fn reveal_account(&self, event: &AuditEvent) -> Result<Option<AccountId>, AuditError> {
        event.account.as_ref().map(|mark| self.keys.open_mark(event.key_version, mark)).transpose()
    }

    /// The bytes of an event, and what is derived from them.
    fn encode(&self, facts: EventFacts, account: Option<&AccountId>) -> Result<Encoded, AuditError> {
        let roots = self.keys.roots();
        let account = account.map(|account| self.keys.make_mark(&roots, account)).transpose()?;
        let event = AuditEvent { log: self.keys.log(), key_version: roots.active(), account, facts };
        let bytes = event.encode()?;
        let leaf = merkle_leaf(&bytes);
        Ok(Encoded { bytes, leaf, columns: Columns::of(0, &event) })
    }

    /// Stores events in one transaction, under one head. Gives back the number of the first.
    fn store_group(&self, group: Vec<Encoded>) -> Result<u64, AuditError> {
        let mut state = self.state();
        self.settle(&mut state)?;
        let mut next = state.position.clone();
        let first = next.range.size();
        let mut entries = Vec::with_capacity(group.len());
        for Encoded { bytes: event, leaf, columns } in group {
            let index = next.range.size();
            next.link = self.keys.link(index, &next.link, &leaf);
            let subtrees = next.range.push(leaf);
            let columns = Some(Columns { index, ..columns });
            entries.push(StoredEntry { index, event, leaf, link: next.link, subtrees, columns });
        }
        let (head, size) = (self.head_of(&next), next.range.size());
        // Before the attempt: a store that panics leaves it set as well.
        state.tried = Some(next);
        self.store.append(&entries, &head).map_err(AuditError::NotRecorded)?;
        if let Some(reached) = state.tried.take() {
            state.position = reached;
        }
        self.due.reached(size);
        Ok(first)
    }

    /// After an append that failed: finds out whether the store took it.
    fn settle(&self, state: &mut State) -> Result<(), AuditError> {
        let Some(tried) = &state.tried else { return Ok(()) };
        let head = self.store.head().map_err(AuditError::NotRecorded)?;
        let size = state.position.range.size();
        match head {
            Some(head) if head == self.head_of(tried) => state.position = tried.clone(),
            Some(head) if size > 0 && head == self.head_of(&state.position) => {}
            None if size == 0 => {}
            Some(_) | None => return Err(broken(size, BreakKind::Head)),
        }
        state.tried = None;
        Ok(())
    }

    fn head_of(&self, position: &Position) -> StoredHead {
        let (size, root) = (position.range.size(), position.range.root());
        let frontier = position.range.subtrees().to_vec();
        let mac = self.keys.head(size, &root, &position.link, &frontier);
        StoredHead { size, root, link: position.link, frontier, mac }
    }

    /// Where this process knows the log to stand.
    pub(super) fn position(&self) -> Position {
        self.state().position.clone()
    }

    /// INVARIANT: the state is whole after every statement, so a panic of a store does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn derive(
    roots: AuditRoots,
    created: u32,
    settings: LogSettings,
    log: LogId,
) -> Result<(LogKeys, Signer), Error> {
    let keys = LogKeys::derive(roots, created, settings.tenant, log)?;
    let signer = settings.signer.map_or_else(|| Signer::Own(Box::new(keys.signing_key())), Signer::Host);
    Ok((keys, signer))
}

pub(super) const fn broken(event: u64, kind: BreakKind) -> AuditError {
    AuditError::Broken(AuditBreak { event, kind })
}

/// The position that a head speaks of; `None` if the head was not made by this log's writer.
pub(super) fn check_head(keys: &LogKeys, head: &StoredHead) -> Option<Position> {
    let range = CompactRange::from_parts(head.size, head.frontier.clone())?;
    let mac = keys.head(head.size, &head.root, &head.link, &head.frontier);
    let fits = head.size > 0 && range.root() == head.root && equal(&mac, &head.mac);
    fits.then_some(Position { range, link: head.link })
}

/// One event, checked against its leaf hash.
pub(super) fn read_one(store: &dyn AuditStore, index: u64) -> Result<(StoredEntry, AuditEvent), AuditError> {
    let entry = store.read(index, 1).map_err(AuditError::Unreadable)?.into_iter().next();
    let entry = entry.filter(|entry| entry.index == index).ok_or(broken(index, BreakKind::Content))?;
    let event = event_of(&entry).ok_or(broken(index, BreakKind::Content))?;
    Ok((entry, event))
}

/// The event of an entry; `None` if its bytes are not its leaf, or not an event.
pub(super) fn event_of(entry: &StoredEntry) -> Option<AuditEvent> {
    (merkle_leaf(&entry.event) == entry.leaf).then(|| AuditEvent::decode(&entry.event).ok()).flatten()
}
