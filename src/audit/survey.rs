//! Reading on past what is broken: for whoever hands the log on and may neither stop at a changed event
//! nor leave it out unsaid.
//!
//! Rules: an event is handed over where its bytes are its leaf, and its link follows from the one before
//! it; what does not fit and what is missing is said by number; a store that fails ends it.
//!
//! Security note: the link needs the log's key, so that an event with a leaf that fits is found out too.
//! Of the first event, and of one behind a gap, only content is checked. A whole log that was put back is
//! found by [`AuditLog::verify_against`].

use core::ops::Range;

use super::event::AuditEvent;
use super::log::{AuditLog, event_of};
use super::read::Pages;
use super::store::StoredEntry;
use crate::error::{AuditError, BreakKind, StoreError};
use crate::hazmat::hash::Hash;

/// What stands at a number of the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// An event, with its leaf hash (RFC 6962 §2.1).
    Event { index: u64, leaf: Hash, event: Box<AuditEvent> },
    /// One event that does not fit, or several that are missing.
    Broken { numbers: Range<u64>, kind: BreakKind },
}

/// What stands in a range of the log: from [`AuditLog::survey`]. Ends after its first error.
#[derive(Debug)]
pub(crate) struct Survey<'a> {
    log: &'a AuditLog,
    left: Range<u64>,
    pages: Pages<'a>,
    /// Read, and behind a gap that is told first.
    ahead: Option<StoredEntry>,
    /// The link before `left`, where it is known.
    link: Option<Hash>,
}

impl AuditLog {
    /// What stands at these numbers, as far as the log goes.
    pub(crate) fn survey(&self, range: Range<u64>) -> Result<Survey<'_>, AuditError> {
        let left = range.start..range.end.min(self.size());
        let before = match left.start.checked_sub(1) {
            Some(before) => Pages::of(self, before..left.start).next()?.filter(|entry| entry.index == before),
            None => None,
        };
        let link = if left.start == 0 { Some([0; 32]) } else { before.map(|entry| entry.link) };
        Ok(Survey { log: self, pages: Pages::of(self, left.clone()), left, ahead: None, link })
    }

    /// The leaf hash and the event with this number; `None` where it is missing or does not fit its leaf.
    pub(crate) fn found_at(&self, index: u64) -> Result<Option<(Hash, AuditEvent)>, AuditError> {
        let end = index.saturating_add(1);
        let entry = Pages::of(self, index..end).next()?.filter(|entry| entry.index == index);
        Ok(entry.and_then(|entry| Some((entry.leaf, event_of(&entry)?))))
    }
}

impl Survey<'_> {
    fn gap(&mut self, until: u64) -> Found {
        let numbers = self.left.start..until;
        self.left.start = until;
        self.link = None;
        Found::Broken { numbers, kind: BreakKind::Truncation }
    }

    fn read(&mut self) -> Result<Found, AuditError> {
        let entry = match self.ahead.take() {
            Some(entry) => Some(entry),
            None => self.pages.next()?,
        };
        let index = self.left.start;
        let Some(entry) = entry.filter(|entry| entry.index < self.left.end) else {
            return Ok(self.gap(self.left.end));
        };
        if entry.index < index {
            // A store that gives what was not asked for could do so without end.
            return Err(AuditError::Unreadable(StoreError::Damaged));
        }
        if entry.index > index {
            let until = entry.index;
            self.ahead = Some(entry);
            return Ok(self.gap(until));
        }
        self.left.start = index.saturating_add(1);
        let follows =
            self.link.is_none_or(|link| self.log.keys.link(index, &link, &entry.leaf) == entry.link);
        self.link = Some(entry.link);
        let broken = |kind| Found::Broken { numbers: index..self.left.start, kind };
        Ok(match event_of(&entry).filter(|event| event.log == self.log.id()) {
            None => broken(BreakKind::Content),
            Some(_) if !follows => broken(BreakKind::Link),
            Some(event) => Found::Event { index, leaf: entry.leaf, event: Box::new(event) },
        })
    }
}

impl Iterator for Survey<'_> {
    type Item = Result<Found, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left.is_empty() {
            return None;
        }
        let found = self.read();
        if found.is_err() {
            self.left = 0..0;
        }
        Some(found)
    }
}
