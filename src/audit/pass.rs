//! A pass over a whole log: one thread reads the entries while another works on those before them.
//!
//! Rules: entries are worked on in the order in which the store gives them, on the thread that asked; a
//! few pages are in memory, whatever the length of the log; where there is no thread to be had, it goes
//! in turn.

use core::ops::Range;
use std::sync::mpsc;
use std::thread;

use super::columns::{Classes, ColumnsRef};
use super::read::PAGE;
use super::store::{AuditStore, EntryRef};
use crate::error::StoreError;
use crate::vocabulary::{EventKind, Timestamp};

/// Pages that are read ahead. A page is 1,024 entries, or 1 MiB of events and one more.
const AHEAD: usize = 2;

/// Shows `each` the entries before `end`, as far as the store has them. Ends where the store does not
/// go on: an entry that is not behind the one before it is not shown.
pub(super) fn pass(
    store: &dyn AuditStore,
    end: u64,
    mut each: impl FnMut(&EntryRef<'_>),
) -> Result<(), StoreError> {
    thread::scope(|scope| {
        let (send, pages) = mpsc::sync_channel(AHEAD);
        let (give_back, used) = mpsc::channel::<Page>();
        let read = move || {
            let mut next = 0;
            loop {
                let mut page = used.try_recv().unwrap_or_default();
                let filled = page.fill(store, next..end);
                let page = filled.map(|reached| {
                    next = reached;
                    page
                });
                let is_last = page.as_ref().map_or(true, |page| page.entries.is_empty());
                // Nobody takes it: the other side gave up.
                if send.send(page).is_err() || is_last {
                    return;
                }
            }
        };
        if thread::Builder::new().spawn_scoped(scope, read).is_err() {
            return in_turn(store, end, each);
        }
        for page in pages {
            let page = page?;
            page.show(&mut each);
            // The reader may be done, and wants none.
            drop(give_back.send(page));
        }
        Ok(())
    })
}

fn in_turn(store: &dyn AuditStore, end: u64, mut each: impl FnMut(&EntryRef<'_>)) -> Result<(), StoreError> {
    let (mut page, mut next) = (Page::default(), 0);
    loop {
        next = page.fill(store, next..end)?;
        if page.entries.is_empty() {
            return Ok(());
        }
        page.show(&mut each);
    }
}

/// Entries, copied out of the store.
#[derive(Default)]
struct Page {
    entries: Vec<Held>,
    events: Vec<u8>,
    /// The agents and employers of their rows.
    ids: String,
}

struct Held {
    index: u64,
    event: Range<usize>,
    leaf: [u8; 32],
    columns: Option<HeldColumns>,
}

struct HeldColumns {
    index: u64,
    time: Timestamp,
    kind: EventKind,
    agent: Option<Range<usize>>,
    employer: Option<Range<usize>>,
    site: Option<Range<usize>>,
    account: Option<[u8; 32]>,
    interaction: [u8; 16],
    key_version: u32,
    classes: Classes,
}

impl Page {
    /// Holds the first entries of `range` in place of those before, and gives back the number behind them.
    fn fill(&mut self, store: &dyn AuditStore, range: Range<u64>) -> Result<u64, StoreError> {
        self.entries.clear();
        self.events.clear();
        self.ids.clear();
        let mut next = range.start;
        let left = range.end.saturating_sub(next);
        let limit = usize::try_from(left).unwrap_or(PAGE).min(PAGE);
        if limit > 0 {
            store.show(next, limit, &mut |entry| {
                if (next..range.end).contains(&entry.index) {
                    next = entry.index.saturating_add(1);
                    self.hold(entry);
                }
            })?;
        }
        Ok(next)
    }

    fn hold(&mut self, entry: &EntryRef<'_>) {
        let start = self.events.len();
        self.events.extend_from_slice(entry.event);
        let event = start..self.events.len();
        let columns = entry.columns.map(|row| HeldColumns {
            index: row.index,
            time: row.time,
            kind: row.kind,
            agent: row.agent.map(|id| self.copy(id)),
            employer: row.employer.map(|id| self.copy(id)),
            site: row.site.map(|id| self.copy(id)),
            account: row.account.copied(),
            interaction: *row.interaction,
            key_version: row.key_version,
            classes: row.classes,
        });
        self.entries.push(Held { index: entry.index, event, leaf: *entry.leaf, columns });
    }

    fn copy(&mut self, id: &str) -> Range<usize> {
        let start = self.ids.len();
        self.ids.push_str(id);
        start..self.ids.len()
    }

    fn show(&self, each: &mut impl FnMut(&EntryRef<'_>)) {
        // INVARIANT: `hold` made every range, of the bytes or the text that it added.
        let id = |range: &Range<usize>| self.ids.get(range.clone()).unwrap_or_default();
        for held in &self.entries {
            let columns = held.columns.as_ref().map(|row| ColumnsRef {
                index: row.index,
                time: row.time,
                kind: row.kind,
                agent: row.agent.as_ref().map(id),
                employer: row.employer.as_ref().map(id),
                site: row.site.as_ref().map(id),
                account: row.account.as_ref(),
                interaction: &row.interaction,
                key_version: row.key_version,
                classes: row.classes,
            });
            let event = self.events.get(held.event.clone()).unwrap_or_default();
            each(&EntryRef { index: held.index, event, leaf: &held.leaf, columns });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::audit::tests::{FAIL_BEHIND, Flaky, PANIC_BEHIND};
    use crate::audit::{Columns, MemoryAuditStore, StoredEntry, StoredHead};
    use crate::vocabulary::{AgentId, EmployerId, SiteId};

    const ENTRIES: u64 = 3 * PAGE as u64 + 7;

    /// Entries with rows, without, and with an id or none. No log wrote them: a pass checks nothing.
    fn filled() -> MemoryAuditStore {
        let store = MemoryAuditStore::new();
        let entries: Vec<_> = (0..ENTRIES).map(entry).collect();
        let head = StoredHead { size: ENTRIES, root: [0; 32], link: [0; 32], frontier: vec![], mac: [0; 32] };
        store.append(&entries, &head).unwrap();
        store
    }

    fn entry(index: u64) -> StoredEntry {
        let byte = index.to_be_bytes()[7];
        let columns = Columns {
            index,
            time: Timestamp::from_micros(index),
            kind: EventKind::Viewed,
            agent: byte.is_multiple_of(2).then(|| AgentId::new(format!("agent-{index}")).unwrap()),
            employer: byte.is_multiple_of(3).then(|| EmployerId::new(format!("employer-{index}")).unwrap()),
            site: byte.is_multiple_of(4).then(|| SiteId::new(format!("site-{index}")).unwrap()),
            account: byte.is_multiple_of(5).then_some([byte; 32]),
            interaction: [byte; 16],
            key_version: 1 + u32::from(byte),
            classes: Classes::default(),
        };
        StoredEntry {
            index,
            event: vec![byte; usize::from(byte)],
            leaf: [byte; 32],
            link: [0; 32],
            subtrees: vec![],
            columns: (!byte.is_multiple_of(7)).then_some(columns),
        }
    }

    fn assert_shown(seen: &mut u64, shown: &EntryRef<'_>) {
        let StoredEntry { index, event, leaf, columns, .. } = entry(*seen);
        let columns = columns.as_ref().map(Columns::borrowed);
        assert_eq!(*shown, EntryRef { index, event: &event, leaf: &leaf, columns });
        *seen += 1;
    }

    #[test]
    fn everything_is_shown_in_its_order() {
        let store = filled();
        for end in [0, 1, PAGE as u64, PAGE as u64 + 1, ENTRIES, ENTRIES + 1, u64::MAX] {
            let (mut ahead, mut turn) = (0, 0);
            pass(&store, end, |shown| assert_shown(&mut ahead, shown)).unwrap();
            in_turn(&store, end, |shown| assert_shown(&mut turn, shown)).unwrap();
            assert_eq!([ahead, turn], [end.min(ENTRIES); 2]);
        }
    }

    #[test]
    fn what_is_missing_is_passed_over() {
        let store = filled();
        store.remove(5..9);
        let mut seen = Vec::new();
        pass(&store, 12, |shown| seen.push(shown.index)).unwrap();
        assert_eq!(seen, [0, 1, 2, 3, 4, 9, 10, 11]);
    }

    /// A store that fails behind the first page, then one that panics there: neither ends well, and
    /// nobody waits for ever.
    #[test]
    fn what_happens_to_the_reader_is_told() {
        let store = Flaky::of(filled(), FAIL_BEHIND);
        let mut seen = 0;
        assert_eq!(pass(&store, ENTRIES, |_| seen += 1), Err(StoreError::Io));
        assert_eq!(seen, PAGE);
        store.set(PANIC_BEHIND);
        assert!(catch_unwind(AssertUnwindSafe(|| pass(&store, ENTRIES, |_| ()))).is_err());
        let stopped = || pass(&filled(), ENTRIES, |_| panic!("who works gives up"));
        assert!(catch_unwind(AssertUnwindSafe(stopped)).is_err());
    }
}
