//! Reading: the events in order, and the verification of a whole log.

use core::fmt;
use core::ops::Range;
use core::time::Duration;
use std::vec::IntoIter;

use super::checkpoint::{Checkpoint, not_signed, read_kept};
use super::columns::Columns;
use super::event::{AuditEvent, LogId};
use super::log::{AuditLog, Position, broken, check_head, event_of};
use super::proof::TreeHead;
use super::store::StoredEntry;
use crate::error::{AuditError, BreakKind};
use crate::vocabulary::{EventKind, Timestamp};

/// Entries that are read at a time. Where events are long, a store gives fewer.
pub(super) const PAGE: usize = 1024;

/// Proof that a whole log was read and verified.
///
/// Not anchored: nobody can tell from the folder alone that nobody put back a whole older log.
/// Anchored: it was compared with a checkpoint that was kept elsewhere ([`AuditLog::verify_against`]).
#[derive(Debug, PartialEq, Eq)]
pub struct VerifiedLog {
    log: LogId,
    tree: TreeHead,
    anchored: Option<u64>,
    clock_back: Duration,
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
        self.tree.size
    }

    /// Merkle tree hash over all events (RFC 6962 §2.1).
    #[must_use]
    pub const fn root(&self) -> &[u8; 32] {
        &self.tree.root
    }

    /// How many events the outside checkpoint covers that the log was compared with; `None`: not
    /// anchored.
    #[must_use]
    pub const fn anchored(&self) -> Option<u64> {
        self.anchored
    }

    /// The largest step back from an event's time to the next one's; zero: none. Events stand in
    /// the order of their numbers: threads differ by moments, a clock that was set back by more.
    #[must_use]
    pub const fn clock_back(&self) -> Duration {
        self.clock_back
    }
}

/// One line: size, and whether the log is anchored.
impl fmt::Display for VerifiedLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events, ", self.tree.size)?;
        match self.anchored {
            Some(covered) => write!(f, "anchored up to {covered}"),
            None => f.write_str("not anchored"),
        }
    }
}

impl AuditLog {
    /// Reads and verifies the whole log: content, links, head, size, and the last checkpoint that is
    /// stored with it. Other threads may go on recording meanwhile.
    ///
    /// # Errors
    /// [`AuditError::Broken`] with the first break; [`AuditError::Unreadable`] if the store fails.
    pub fn verify(&self) -> Result<VerifiedLog, AuditError> {
        self.verify_reading(None, |_, _| ())
    }

    /// As [`AuditLog::verify`], and the log must begin with the events that `checkpoint`, kept
    /// outside of this machine, was signed of.
    ///
    /// # Errors
    /// As [`AuditLog::verify`]. A log that was put back is [`BreakKind::Truncation`], one that was
    /// written anew [`BreakKind::Checkpoint`]: at event 0 if it is another log altogether.
    pub fn verify_against(&self, checkpoint: &Checkpoint) -> Result<VerifiedLog, AuditError> {
        self.verify_reading(Some(checkpoint), |_, _| ())
    }

    /// As [`AuditLog::verify`], or with a checkpoint as [`AuditLog::verify_against`], and hands over each
    /// event with its number, once the chain up to it is verified: what is read is what is verified. On a
    /// break, the events before it were handed over.
    ///
    /// # Errors
    /// As [`AuditLog::verify_against`].
    pub fn verify_reading(
        &self,
        outside: Option<&Checkpoint>,
        each: impl FnMut(u64, &AuditEvent),
    ) -> Result<VerifiedLog, AuditError> {
        if outside.is_some_and(|checkpoint| checkpoint.origin() != self.verifying_key().name()) {
            return Err(broken(0, BreakKind::Checkpoint));
        }
        let outside = outside.map(Checkpoint::tree);
        let known = self.position();
        let kept = self.store.last_checkpoint().map_err(AuditError::Unreadable)?;
        let kept = kept.map(|kept| read_kept(&kept, &self.verifying_key())).transpose();
        let end = self.store.end().map_err(AuditError::Unreadable)?;
        let head = self.store.head().map_err(AuditError::Unreadable)?;
        let claimed = head.as_ref().and_then(|head| check_head(&self.keys, head));
        let size = claimed.as_ref().map_or(end, |claimed| claimed.range.size());

        let kept_tree = kept.as_ref().ok().and_then(|kept| kept.as_ref()).map(|kept| kept.tree);
        let signed: Vec<TreeHead> = kept_tree.into_iter().chain(outside.copied()).collect();
        let (found, clock_back) = self.walk(size.max(end), size, &known, &signed, each)?;
        let claimed = claimed.ok_or(broken(end, BreakKind::Head))?;
        if size < known.range.size() || signed.iter().any(|signed| size < signed.size) {
            return Err(broken(size, BreakKind::Truncation));
        }
        if size < end || claimed.range != found.range || claimed.link != found.link {
            return Err(broken(size, BreakKind::Head));
        }
        kept?;
        self.no_row_without_an_event(size.max(end))?;
        let tree = TreeHead { size, root: found.range.root() };
        Ok(VerifiedLog { log: self.id(), tree, anchored: outside.map(|tree| tree.size), clock_back })
    }

    /// Verifies events 0 to `target` - 1, hands over the first `size` of them, and gives back where the
    /// chain stood after those.
    fn walk(
        &self,
        target: u64,
        size: u64,
        known: &Position,
        signed: &[TreeHead],
        mut each: impl FnMut(u64, &AuditEvent),
    ) -> Result<(Position, Duration), AuditError> {
        let mut at = Position::default();
        let mut found = Position::default();
        let (mut time, mut clock_back) = (Timestamp::default(), Duration::ZERO);
        let mut pages = Pages::of(self, 0..target);
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
            if subtrees != entry.subtrees || entry.columns != Some(Columns::of(index, &event)) {
                return Err(broken(index, BreakKind::Index));
            }
            if let Some(signed) =
                signed.iter().find(|signed| signed.size == at.range.size() && signed.root != at.range.root())
            {
                return Err(not_signed(signed));
            }
            clock_back = clock_back.max(time.since(event.facts.time).unwrap_or_default());
            time = event.facts.time;
            if index < size {
                each(index, &event);
            }
            if at.range.size() == size {
                found = at.clone();
            }
        }
        Ok((found, clock_back))
    }

    /// Looks for a row of the index at or behind `end` that belongs to no event. Between the end that
    /// was read and this, others may have appended.
    fn no_row_without_an_event(&self, end: u64) -> Result<(), AuditError> {
        let Some(row) = self.store.columns(end, 1).map_err(AuditError::Unreadable)?.into_iter().next() else {
            return Ok(());
        };
        let entry = self.store.read(row.index, 1).map_err(AuditError::Unreadable)?.into_iter().next();
        let stands = entry.is_some_and(|entry| entry.index == row.index);
        if stands { Ok(()) } else { Err(broken(row.index, BreakKind::Index)) }
    }

    /// The events with these numbers, in order, as far as the log goes. Each is checked against its
    /// leaf hash; [`AuditLog::verify`] checks the chain.
    #[must_use]
    pub fn entries(&self, range: Range<u64>) -> Entries<'_> {
        let left = range.start..range.end.min(self.size());
        Entries { pages: Pages::of(self, left.clone()), left }
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
#[derive(Debug)]
pub(super) struct Pages<'a> {
    log: &'a AuditLog,
    left: Range<u64>,
    page: IntoIter<StoredEntry>,
}

impl<'a> Pages<'a> {
    /// Those that stand in `range`. Where some are missing, those behind it may follow.
    pub(super) fn of(log: &'a AuditLog, range: Range<u64>) -> Self {
        Self { log, left: range, page: Vec::new().into_iter() }
    }

    pub(super) fn next(&mut self) -> Result<Option<StoredEntry>, AuditError> {
        if self.page.len() == 0 {
            let left = self.left.end.saturating_sub(self.left.start);
            let limit = usize::try_from(left).unwrap_or(PAGE).min(PAGE);
            let page = self.log.store.read(self.left.start, limit).map_err(AuditError::Unreadable)?;
            self.page = page.into_iter();
        }
        let entry = self.page.next();
        if let Some(entry) = &entry {
            self.left.start = entry.index.saturating_add(1);
        }
        Ok(entry)
    }
}
