//! Questions: who saw an account, what an agent saw, what a rule decided; and the two ways through
//! a whole log, by its index and by its events.
//!
//! Rules: an answer is the event itself, checked against its leaf hash, and its row is compared with
//! it; answers stream in the order of time, a page in memory.
//!
//! Security note: a row that was removed, or changed so that it no longer matches, leaves its event
//! out of an answer. [`AuditLog::verify`] finds it.

use core::fmt;
use core::ops::Range;
use std::vec::IntoIter;

use super::columns::{Columns, ColumnsRef};
use super::event::AuditEvent;
use super::log::{AuditLog, broken, event_of, read_one};
use super::merkle::CompactRange;
use super::pass::pass;
use super::proof::TreeHead;
use super::read::PAGE;
use super::store::{About, Lookup, Place, StoredEntry};
use crate::error::{AuditBreak, AuditError, BreakKind};
use crate::hazmat::equal;
use crate::hazmat::hash::merkle_leaf;
use crate::vocabulary::{AccountId, AgentId, EventKind, RuleId, Timestamp};

/// Rows of the index that are read at a time: about 200 kB. Appends wait no longer than one page.
const ROWS: usize = 1024;

impl AuditLog {
    /// The events in which something of this account was given out, in any form, in the order of
    /// time. The time range ends before its end.
    #[must_use]
    pub fn who_saw(&self, account: &AccountId, time: Range<Timestamp>) -> Answers<'_> {
        let about = About::Account(self.derive_pseudonym(account));
        Answers::to(self, Lookup { about, time, given: true }, None)
    }

    /// All events about this account, in the order of time. The time range ends before its end.
    #[must_use]
    pub fn about(&self, account: &AccountId, time: Range<Timestamp>) -> Answers<'_> {
        let about = About::Account(self.derive_pseudonym(account));
        Answers::to(self, Lookup { about, time, given: false }, None)
    }

    /// The events in which something was given out to this agent, as [`AuditLog::who_saw`].
    #[must_use]
    pub fn seen_by(&self, agent: &AgentId, time: Range<Timestamp>) -> Answers<'_> {
        let about = About::Agent(agent.clone());
        Answers::to(self, Lookup { about, time, given: true }, None)
    }

    /// The events in which this rule decided something, to give it out or to withhold it, in the
    /// order of time. Reads every event of the time range.
    #[must_use]
    pub fn decided_by(&self, rule: &RuleId, time: Range<Timestamp>) -> Answers<'_> {
        let lookup = Lookup { about: About::Anything, time, given: false };
        Answers::to(self, lookup, Some(rule.clone()))
    }

    /// The rows of the index, in the order of the events' numbers. They are not compared with the events.
    #[must_use]
    pub fn index_rows(&self) -> IndexRows<'_> {
        IndexRows { log: self, next: 0, end: self.size(), page: Vec::new().into_iter(), held: None }
    }

    /// Reads and hashes the events of `tree`, derives their rows anew, and shows each to `each`. Goes on
    /// behind a break: what is still there is shown, if it is what its leaf hash says.
    pub(crate) fn examine(
        &self,
        tree: &TreeHead,
        mut each: impl FnMut(&ColumnsRef<'_>),
    ) -> Result<Examined, AuditError> {
        let mut examined = Examined::default();
        let mut range = CompactRange::default();
        let mut next = 0;
        let read = pass(&*self.store, tree.size, |entry| {
            let index = entry.index;
            if index != next {
                examined.found(next, BreakKind::Link);
            }
            next = index.saturating_add(1);
            let leaf = merkle_leaf(entry.event);
            range.add(leaf);
            let row = ColumnsRef::read(index, entry.event).filter(|(row, log)| {
                let begins = (row.kind == EventKind::Genesis) == (index == 0);
                leaf == *entry.leaf && *log == self.id() && begins
            });
            let Some((row, _)) = row else {
                examined.found(index, BreakKind::Content);
                return;
            };
            if entry.columns != Some(row) {
                examined.index.get_or_insert(AuditBreak { event: index, kind: BreakKind::Index });
            }
            each(&row);
        });
        read.map_err(AuditError::Unreadable)?;
        if next < tree.size {
            examined.found(next, BreakKind::Truncation);
        }
        if range.root() != tree.root {
            examined.found(tree.size, BreakKind::Head);
        }
        Ok(examined)
    }

    /// The account of the event with this number, if it is still the one with this pseudonym.
    pub(crate) fn reveal_at(&self, index: u64, pseudonym: &[u8; 32]) -> Result<AccountId, AuditError> {
        let (_, event) = read_one(&*self.store, index)?;
        let is_it = event.account.as_ref().is_some_and(|mark| mark.pseudonym() == pseudonym);
        let account = if is_it { self.reveal_account(&event)? } else { None };
        account.ok_or(broken(index, BreakKind::Index))
    }

    /// The account of the event with this number; `None` if it is about none.
    pub(crate) fn reveal_event(&self, index: u64) -> Result<Option<AccountId>, AuditError> {
        let (_, event) = read_one(&*self.store, index)?;
        if event.log != self.id() {
            return Err(broken(index, BreakKind::Content));
        }
        self.reveal_account(&event)
    }

    /// Whether the same account has the same pseudonym in both logs.
    pub(crate) fn shares_pseudonyms(&self, other: &Self) -> bool {
        equal(&self.keys.probe_pseudonyms(), &other.keys.probe_pseudonyms())
    }
}

/// What was found on the way through a whole log.
#[derive(Debug, Default)]
pub(crate) struct Examined {
    /// The first event that is missing, or is not the one of the tree.
    pub(crate) events: Option<AuditBreak>,
    /// The first event whose row is not the one that is derived from it.
    pub(crate) index: Option<AuditBreak>,
}

impl Examined {
    fn found(&mut self, event: u64, kind: BreakKind) {
        self.events.get_or_insert(AuditBreak { event, kind });
    }
}

/// The events that answer a question, with their numbers. Ends after its first error.
pub struct Answers<'a> {
    log: &'a AuditLog,
    lookup: Lookup,
    rule: Option<RuleId>,
    size: u64,
    after: Option<Place>,
    page: IntoIter<StoredEntry>,
    ended: bool,
}

impl<'a> Answers<'a> {
    fn to(log: &'a AuditLog, lookup: Lookup, rule: Option<RuleId>) -> Self {
        let ended = lookup.time.is_empty();
        Self { log, lookup, rule, size: log.size(), after: None, page: Vec::new().into_iter(), ended }
    }

    /// The next event whose row matches.
    fn look(&mut self) -> Result<Option<(u64, AuditEvent)>, AuditError> {
        if self.page.len() == 0 {
            let page = self.log.store.look_up(&self.lookup, self.after, PAGE);
            self.page = page.map_err(AuditError::Unreadable)?.into_iter();
        }
        let Some(entry) = self.page.next() else { return Ok(None) };
        let index = entry.index;
        let event = event_of(&entry).filter(|event| event.log == self.log.id());
        let event = event.ok_or(broken(index, BreakKind::Content))?;
        let columns = Columns::of(index, &event);
        // The store is not believed: it also must go forward.
        let place = (columns.time, index);
        let forward = self.after.is_none_or(|after| place > after);
        if entry.columns.as_ref() != Some(&columns) || !self.lookup.matches(&columns) || !forward {
            return Err(broken(index, BreakKind::Index));
        }
        self.after = Some(place);
        Ok(Some((index, event)))
    }

    fn is_asked_for(&self, index: u64, event: &AuditEvent) -> bool {
        let facts = &event.facts;
        let mut rules =
            facts.fields.iter().map(|field| &field.rules).chain(facts.action.as_ref().map(|a| &a.rules));
        index < self.size && self.rule.as_ref().is_none_or(|rule| rules.any(|rules| rules.contains(rule)))
    }
}

impl Iterator for Answers<'_> {
    type Item = Result<(u64, AuditEvent), AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.look() {
                Ok(Some((index, event))) if self.is_asked_for(index, &event) => {
                    return Some(Ok((index, event)));
                }
                Ok(Some(_)) => {}
                Ok(None) => self.ended = true,
                Err(cause) => {
                    self.ended = true;
                    return Some(Err(cause));
                }
            }
        }
        None
    }
}

/// Silent on what was asked: it may be an account.
impl fmt::Debug for Answers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers(..)")
    }
}

/// The rows of the index: from [`AuditLog::index_rows`]. Where rows are missing, one error names the
/// first of them, and what follows comes next. Ends after a failure of the store.
pub struct IndexRows<'a> {
    log: &'a AuditLog,
    next: u64,
    end: u64,
    page: IntoIter<Columns>,
    /// The row behind a gap.
    held: Option<Columns>,
}

impl Iterator for IndexRows<'_> {
    type Item = Result<Columns, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        if self.held.is_none() && self.page.len() == 0 {
            match self.log.store.columns(self.next, ROWS) {
                Ok(page) => self.page = page.into_iter(),
                Err(cause) => {
                    self.next = self.end;
                    return Some(Err(AuditError::Unreadable(cause)));
                }
            }
        }
        let row = self.held.take().or_else(|| self.page.next()).filter(|row| row.index < self.end);
        match row {
            Some(row) if row.index == self.next => {
                self.next = self.next.saturating_add(1);
                Some(Ok(row))
            }
            row => {
                let gap = broken(self.next, BreakKind::Index);
                // A store that goes back is at its end.
                self.held = row.filter(|row| row.index > self.next);
                self.next = self.held.as_ref().map_or(self.end, |row| row.index);
                Some(Err(gap))
            }
        }
    }
}

impl fmt::Debug for IndexRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IndexRows({}..{})", self.next, self.end)
    }
}
