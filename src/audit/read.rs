//! Reading: the events in order, and the verification of a whole log.

use core::fmt;
use core::ops::Range;
use std::vec::IntoIter;

use super::event::{AuditEvent, LogId};
use super::log::{AuditLog, Position, broken, check_head, event_of};
use super::store::StoredEntry;
use crate::error::{AuditError, BreakKind};
use crate::hazmat::hash::Hash;
use crate::vocabulary::EventKind;

/// Entries that are read at a time: at most 64 MiB of the longest events.
const PAGE: usize = 64;

/// Proof that a whole log was read and verified. Not anchored: that nobody put back a whole older
/// log is only shown by comparing `size` and `root` with a note of them outside the machine.
#[derive(Debug, PartialEq, Eq)]
pub struct VerifiedLog {
    log: LogId,
    size: u64,
    root: Hash,
}

impl VerifiedLog {
    /// Which log.
    #[must_use]
    pub const fn log(&self) -> LogId {
        self.log
    }

    /// Number of events.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Merkle tree hash over all events (RFC 6962 §2.1).
    #[must_use]
    pub const fn root(&self) -> &[u8; 32] {
        &self.root
    }
}

impl AuditLog {
    /// Reads and verifies the whole log: content, links, head and size. Other threads may go on
    /// recording meanwhile.
    ///
    /// # Errors
    /// [`AuditError::Broken`] with the first break; [`AuditError::Unreadable`] if the store fails.
    pub fn verify(&self) -> Result<VerifiedLog, AuditError> {
        let known = self.position();
        let end = self.store.end().map_err(AuditError::Unreadable)?;
        let head = self.store.head().map_err(AuditError::Unreadable)?;
        let claimed = head.as_ref().and_then(|head| check_head(&self.keys, head));
        let size = claimed.as_ref().map_or(end, |claimed| claimed.range.size());

        let found = self.walk(size.max(end), size, &known)?;
        let claimed = claimed.ok_or(broken(end, BreakKind::Head))?;
        if size < known.range.size() {
            return Err(broken(size, BreakKind::Truncation));
        }
        if size < end || claimed.range != found.range || claimed.link != found.link {
            return Err(broken(size, BreakKind::Head));
        }
        Ok(VerifiedLog { log: self.id(), size, root: found.range.root() })
    }

    /// Verifies events 0 to `target` - 1, and gives back where the chain stood after `size` of them.
    fn walk(&self, target: u64, size: u64, known: &Position) -> Result<Position, AuditError> {
        let mut at = Position::default();
        let mut found = Position::default();
        let mut pages = Pages { log: self, next: 0, page: Vec::new().into_iter() };
        for index in 0..target {
            let entry = match pages.next()? {
                Some(entry) if entry.index == index => entry,
                Some(_) => return Err(broken(index, BreakKind::Link)),
                None => return Err(broken(index, BreakKind::Truncation)),
            };
            let event = event_of(&entry).ok_or(broken(index, BreakKind::Content))?;
            let is_genesis = event.facts.kind == EventKind::Genesis;
            if event.log != self.id() || is_genesis != (index == 0) {
                return Err(broken(index, BreakKind::Content));
            }
            let link = self.keys.link(index, &at.link, &entry.leaf);
            let subtrees = at.range.push(entry.leaf);
            at.link = link;
            let ours_differs = at.range.size() == known.range.size() && link != known.link;
            if link != entry.link || ours_differs {
                return Err(broken(index, BreakKind::Link));
            }
            if subtrees != entry.subtrees {
                return Err(broken(index, BreakKind::Index));
            }
            if at.range.size() == size {
                found = at.clone();
            }
        }
        Ok(found)
    }

    /// The events with these numbers, in order, as far as the log goes. Each is checked against its
    /// leaf hash; [`AuditLog::verify`] checks the chain.
    #[must_use]
    pub fn entries(&self, range: Range<u64>) -> Entries<'_> {
        let left = range.start..range.end.min(self.size());
        Entries { left, pages: Pages { log: self, next: range.start, page: Vec::new().into_iter() } }
    }
}

/// The events of a log with their numbers: from [`AuditLog::entries`]. Ends after its first error.
pub struct Entries<'a> {
    left: Range<u64>,
    pages: Pages<'a>,
}

impl Iterator for Entries<'_> {
    type Item = Result<(u64, AuditEvent), AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.left.next()?;
        let event = self.pages.next().and_then(|entry| {
            let entry = entry.ok_or(broken(index, BreakKind::Truncation))?;
            if entry.index != index {
                return Err(broken(index, BreakKind::Link));
            }
            event_of(&entry).ok_or(broken(index, BreakKind::Content))
        });
        if event.is_err() {
            self.left = 0..0;
        }
        Some(event.map(|event| (index, event)))
    }
}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entries({:?})", self.left)
    }
}

/// Stored entries, a page at a time.
struct Pages<'a> {
    log: &'a AuditLog,
    next: u64,
    page: IntoIter<StoredEntry>,
}

impl Pages<'_> {
    fn next(&mut self) -> Result<Option<StoredEntry>, AuditError> {
        if self.page.len() == 0 {
            self.page = self.log.store.read(self.next, PAGE).map_err(AuditError::Unreadable)?.into_iter();
        }
        let entry = self.page.next();
        if let Some(entry) = &entry {
            self.next = entry.index.saturating_add(1);
        }
        Ok(entry)
    }
}
