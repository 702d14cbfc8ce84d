//! The host's worker and the queue of notices: it takes some, hands them over, and says how it went.

use core::fmt;

use crate::audit::{ActionRecord, EventFacts};
use crate::error::Error;
use crate::interaction::{Notice, NoticeId, QueuedNotice, UnreadableNotice};
use crate::vocabulary::{BasisId, EventKind, Obligation, Obligations, Outcome};

use super::Guard;

/// The notices that wait to be handed over to customers, where the host has no [`super::Notifier`].
///
/// **At least once**: a worker that dies after it handed a notice over and before it said so leaves it
/// to be handed over again, under the same [`NoticeId`]. Never to two workers at once, as long as one
/// takes no more than it hands over within [`crate::interaction::NOTICE_LEASE`].
///
/// It goes to the telephone number of record or to the address of record, as they were before the
/// change (47 CFR 64.2010(f)(1)).
#[derive(Clone)]
pub struct NoticeQueue(Guard);

impl NoticeQueue {
    pub(super) fn new(guard: Guard) -> Self {
        Self(guard)
    }

    /// Claims at most so many notices, those that wait longest first. Each is this caller's alone for
    /// [`crate::interaction::NOTICE_LEASE`]: say [`NoticeQueue::done`] or [`NoticeQueue::failed`] by
    /// then. One that does not open is recorded, put off and kept: it needs a human, who may
    /// [`NoticeQueue::discard`] it.
    ///
    /// # Errors
    /// [`crate::error::StoreError`]; [`crate::error::AuditError`] if an entry that does not open could
    /// not be recorded. Nothing is lost: what was claimed comes back after the lease.
    pub fn pending(&self, limit: usize) -> Result<Vec<Result<QueuedNotice, UnreadableNotice>>, Error> {
        let now = self.0.now();
        let claimed = self.0.0.notices.claim(now, limit)?;
        for unreadable in claimed.iter().filter_map(|claimed| claimed.as_ref().err()) {
            self.0.0.notices.put_off(&unreadable.id, unreadable.attempts, now)?;
            self.record(EventKind::NoticeNotHandedOver, Err(unreadable))?;
        }
        Ok(claimed)
    }

    /// A notice was handed over: recorded, and then taken out of the queue. `false`: it was not in the
    /// queue any more.
    ///
    /// # Errors
    /// [`crate::error::AuditError`], [`crate::error::StoreError`], and what [`UnreadableNotice::cause`]
    /// says: it is still in the queue, and will be handed over again.
    pub fn done(&self, id: &NoticeId) -> Result<bool, Error> {
        let Some(found) = self.0.0.notices.find(id)? else { return Ok(false) };
        let notice = found.map_err(|unreadable| unreadable.cause)?;
        self.record(EventKind::NoticeHandedOver, Ok(&notice))?;
        Ok(self.0.0.notices.remove(id)?)
    }

    /// A notice could not be handed over: it waits, longer after each attempt, and comes back. `false`:
    /// the lease had run out and it is another worker's now, or it is gone; nothing changed.
    ///
    /// # Errors
    /// [`crate::error::StoreError`]: it then comes back after the lease; [`crate::error::AuditError`].
    pub fn failed(&self, notice: &QueuedNotice) -> Result<bool, Error> {
        let is_ours = self.0.0.notices.put_off(&notice.id, notice.attempts, self.0.now())?;
        if is_ours {
            self.record(EventKind::NoticeNotHandedOver, Ok(notice))?;
        }
        Ok(is_ours)
    }

    /// Gives a notice up, also one that does not open: recorded, and then taken out of the queue. The
    /// customer is not told by this queue. `false`: it was not in the queue.
    ///
    /// # Errors
    /// [`crate::error::AuditError`], [`crate::error::StoreError`]: it is still in the queue.
    pub fn discard(&self, id: &NoticeId) -> Result<bool, Error> {
        let Some(found) = self.0.0.notices.find(id)? else { return Ok(false) };
        self.record(EventKind::NoticeDiscarded, found.as_ref())?;
        Ok(self.0.0.notices.remove(id)?)
    }

    /// How many notices there are, claimed or not. At [`crate::interaction::MAX_QUEUED_NOTICES`] changes
    /// that need a notice are refused.
    ///
    /// # Errors
    /// [`crate::error::StoreError`] if they cannot be counted.
    pub fn count(&self) -> Result<usize, Error> {
        Ok(self.0.0.notices.count()?)
    }

    fn record(&self, kind: EventKind, of: Result<&QueuedNotice, &UnreadableNotice>) -> Result<(), Error> {
        let mut facts = self.0.event(kind, self.0.now());
        let (id, account) = match of {
            Ok(QueuedNotice { id, notice, account, .. }) => {
                facts.interaction = notice.interaction;
                write_notice(&mut facts, notice);
                (id, Some(account))
            }
            Err(UnreadableNotice { id, cause, .. }) => {
                facts.cause = cause.code().get();
                (id, None)
            }
        };
        facts.basis = Some(BasisId::new(id.to_string())?);
        self.0.0.audit.record(facts, account)?;
        Ok(())
    }
}

impl fmt::Debug for NoticeQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoticeQueue(..)")
    }
}

/// What an event says of a notice: the action that was allowed, and the duty that it discharges.
pub(super) fn write_notice(facts: &mut EventFacts, notice: &Notice) {
    let duty = if notice.before { Obligation::NotifyBefore } else { Obligation::NotifyChange };
    facts.action = Some(ActionRecord {
        action: notice.action,
        outcome: Outcome::Disclose,
        because: None,
        rules: Vec::new(),
        obligations: Obligations::of(&[duty]),
    });
}
