//! Where a log is kept: the trait that a store implements, and a store in memory.

use core::ops::Range;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::columns::{Columns, ColumnsRef};
use super::event::LogId;
use crate::error::StoreError;
use crate::vocabulary::{AgentId, Timestamp};

/// An event with its place in the chain, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Number of the event, from 0.
    pub index: u64,
    /// The event's exact bytes.
    pub event: Vec<u8>,
    /// Their leaf hash (RFC 6962 §2.1).
    pub leaf: [u8; 32],
    /// The keyed link to the event before.
    pub link: [u8; 32],
    /// Hashes of the perfect subtrees of two and more leaves whose last leaf this is, smallest
    /// first. Derived: they make proofs short to compute, and verification computes them anew.
    pub subtrees: Vec<[u8; 32]>,
    /// The event's row of the index, made by the log. `None` from a store that has none for it, or
    /// one that is not a row.
    pub columns: Option<Columns>,
}

/// A stored entry where it lies, with what a pass over a whole log needs of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRef<'a> {
    /// As [`StoredEntry::index`].
    pub index: u64,
    /// As [`StoredEntry::event`].
    pub event: &'a [u8],
    /// As [`StoredEntry::leaf`].
    pub leaf: &'a [u8; 32],
    /// As [`StoredEntry::columns`].
    pub columns: Option<ColumnsRef<'a>>,
}

/// Which events a question is about, by their rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// What they are about.
    pub about: About,
    /// The times that [`Columns::time`] may have.
    pub time: Range<Timestamp>,
    /// Only those in which some class was given out, in any form.
    pub given: bool,
}

/// What a [`Lookup`] looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Every event.
    Anything,
    /// The events of the account with this pseudonym.
    Account([u8; 32]),
    /// The events in which this agent asked.
    Agent(AgentId),
}

impl Lookup {
    /// Whether these are the columns of an event that the question is about.
    #[must_use]
    pub fn matches(&self, columns: &Columns) -> bool {
        let about = match &self.about {
            About::Anything => true,
            About::Account(account) => columns.account.as_ref() == Some(account),
            About::Agent(agent) => columns.agent.as_ref() == Some(agent),
        };
        about && self.time.contains(&columns.time) && !(self.given && columns.classes.given().is_empty())
    }
}

/// A place in the answer to a [`Lookup`]: answers stand in the order of time, then of number.
pub type Place = (Timestamp, u64);

/// The head of a log: what it held after its last append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHead {
    /// Number of events.
    pub size: u64,
    /// Merkle tree hash over all events.
    pub root: [u8; 32],
    /// Link of the last event.
    pub link: [u8; 32],
    /// Hashes of the perfect subtrees, largest first.
    pub frontier: Vec<[u8; 32]>,
    /// MAC over all of the above.
    pub mac: [u8; 32],
}

/// A checkpoint as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Number of events that it covers.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// Keeps one log. A store need not be trusted: what it gives back is checked.
///
/// What it must do is to be durable: when [`AuditStore::append`] returns, a power cut loses nothing.
pub trait AuditStore: Send + Sync + core::fmt::Debug {
    /// The head; `None` if there never was one.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn head(&self) -> Result<Option<StoredHead>, StoreError>;

    /// Adds `entries` and puts `head` in place of the head, both or neither. Returns when both are
    /// on stable storage.
    ///
    /// # Errors
    /// [`StoreError`] if that could not be done; an entry with a number that is there already is
    /// refused ([`StoreError::Damaged`]).
    fn append(&self, entries: &[StoredEntry], head: &StoredHead) -> Result<(), StoreError>;

    /// At most `limit` entries with numbers from `from` on, in the order of their numbers. A store gives
    /// fewer to bound its memory, and none only where there is none.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn read(&self, from: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError>;

    /// Shows `each` what [`AuditStore::read`] gives, where it lies: for a pass over a whole log. `each`
    /// does not call the store.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read; some may have been shown.
    fn show(&self, from: u64, limit: usize, each: &mut dyn FnMut(&EntryRef<'_>)) -> Result<(), StoreError> {
        for StoredEntry { index, event, leaf, columns, .. } in &self.read(from, limit)? {
            let columns = columns.as_ref().map(Columns::borrowed);
            each(&EntryRef { index: *index, event, leaf, columns });
        }
        Ok(())
    }

    /// At most `limit` rows of the index with numbers from `from` on, in the order of their numbers. What
    /// is not a row is left out.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn columns(&self, from: u64, limit: usize) -> Result<Vec<Columns>, StoreError>;

    /// At most `limit` entries whose rows match, behind `after` in the order of [`Place`]s; fewer as
    /// [`AuditStore::read`] does.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn look_up(
        &self,
        lookup: &Lookup,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, StoreError>;

    /// One more than the largest number that is stored; 0 if nothing is.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn end(&self) -> Result<u64, StoreError>;

    /// Which log was begun here, kept apart from the entries: an emptied log must not begin anew.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn anchor(&self) -> Result<Option<LogId>, StoreError>;

    /// Keeps the anchor, durably.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    fn set_anchor(&self, log: LogId) -> Result<(), StoreError>;

    /// The checkpoint of the largest size; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError>;

    /// Keeps a checkpoint, durably, beside those before it. Where one of this size is kept already,
    /// that one stays.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    fn add_checkpoint(&self, checkpoint: &StoredCheckpoint) -> Result<(), StoreError>;
}

/// A log in memory: for tests and samples. It is gone with the process.
#[derive(Default)]
pub struct MemoryAuditStore(Mutex<Memory>);

#[derive(Default)]
pub(super) struct Memory {
    pub(super) entries: Vec<StoredEntry>,
    pub(super) head: Option<StoredHead>,
    pub(super) anchor: Option<LogId>,
    pub(super) checkpoints: BTreeMap<u64, String>,
}

impl MemoryAuditStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is stored. A panic elsewhere cannot leave it half changed: each change is one step.
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl MemoryAuditStore {
    /// Changes what is stored of an event, behind the log's back.
    pub(crate) fn change(&self, index: usize, change: impl FnOnce(&mut StoredEntry)) {
        change(&mut self.memory().entries[index]);
    }

    /// Loses events.
    pub(crate) fn remove(&self, range: Range<usize>) {
        self.memory().entries.drain(range);
    }
}

impl AuditStore for MemoryAuditStore {
    fn head(&self) -> Result<Option<StoredHead>, StoreError> {
        Ok(self.memory().head.clone())
    }

    fn append(&self, entries: &[StoredEntry], head: &StoredHead) -> Result<(), StoreError> {
        let mut memory = self.memory();
        let next = memory.entries.last().map_or(0, |last| last.index.saturating_add(1));
        if !entries.iter().map(|entry| entry.index).eq((next..).take(entries.len())) {
            return Err(StoreError::Damaged);
        }
        memory.entries.extend_from_slice(entries);
        memory.head = Some(head.clone());
        Ok(())
    }

    fn read(&self, from: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let memory = self.memory();
        let start = memory.entries.partition_point(|entry| entry.index < from);
        Ok(memory.entries.iter().skip(start).take(limit).cloned().collect())
    }

    fn columns(&self, from: u64, limit: usize) -> Result<Vec<Columns>, StoreError> {
        let memory = self.memory();
        let start = memory.entries.partition_point(|entry| entry.index < from);
        let rows = memory.entries.iter().skip(start).filter_map(|entry| entry.columns.clone());
        Ok(rows.take(limit).collect())
    }

    fn look_up(
        &self,
        lookup: &Lookup,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let memory = self.memory();
        let places = memory.entries.iter().filter_map(|entry| {
            let columns = entry.columns.as_ref().filter(|columns| lookup.matches(columns))?;
            Some(((columns.time, entry.index), entry))
        });
        let behind: BTreeMap<Place, _> =
            places.filter(|(place, _)| after.is_none_or(|after| *place > after)).collect();
        Ok(behind.into_values().take(limit).cloned().collect())
    }

    fn end(&self) -> Result<u64, StoreError> {
        Ok(self.memory().entries.last().map_or(0, |last| last.index.saturating_add(1)))
    }

    fn anchor(&self) -> Result<Option<LogId>, StoreError> {
        Ok(self.memory().anchor)
    }

    fn set_anchor(&self, log: LogId) -> Result<(), StoreError> {
        self.memory().anchor = Some(log);
        Ok(())
    }

    fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        let memory = self.memory();
        let last = memory.checkpoints.last_key_value();
        Ok(last.map(|(size, note)| StoredCheckpoint { size: *size, note: note.clone() }))
    }

    fn add_checkpoint(&self, checkpoint: &StoredCheckpoint) -> Result<(), StoreError> {
        self.memory().checkpoints.entry(checkpoint.size).or_insert_with(|| checkpoint.note.clone());
        Ok(())
    }
}

impl core::fmt::Debug for MemoryAuditStore {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MemoryAuditStore(..)")
    }
}
