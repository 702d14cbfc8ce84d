//! The carrier's worker: hands notices over, carries out what waited, and ends sessions that nobody uses.
//!
//! Rules: it works from what is stored, so that one that died goes on where it was; a change is carried out with a
//! permit of the library's, which looks at everything once more.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cpni_guard::interaction::{NoticeAbout, QueuedNotice};
use cpni_guard::transaction::{TransactionId, TransactionState};
use cpni_guard::{ChangeRequest, Error};

use crate::app::{App, Shared};
use crate::data::{Change, ObjectionOf, make_reference};
use crate::refusal::Refusal;

/// How often it looks.
const PAUSE: Duration = Duration::from_millis(200);
/// Notices that are taken at once.
const NOTICES: usize = 50;

/// The worker's thread. Ends when it is told, or dropped.
pub(crate) struct Worker {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Worker {
    pub(crate) fn start(app: &Shared) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let app = Arc::clone(app);
        let thread = thread::Builder::new().name("worker".to_owned()).spawn(move || {
            while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                app.work();
            }
        })?;
        Ok(Self { stop, thread })
    }

    pub(crate) fn stop(self) {
        drop(self.stop);
        let _panicked = self.thread.join().is_err();
    }
}

impl App {
    /// One round. What fails comes again in the next.
    fn work(&self) {
        let _next_round = self.hand_over_notices().is_err();
        for change in self.data.changes().unwrap_or_default() {
            // What the library refuses for good is not asked for again: a lock that was set meanwhile, say.
            if let Err(Error::Transaction(_)) = self.go_on(&change) {
                let _next_round = self.data.forget_change(&change.id).is_err();
            }
        }
        self.sessions.sweep(&self.identity, self.now());
    }

    fn hand_over_notices(&self) -> Result<(), Refusal> {
        let queue = self.guard.notices();
        for queued in queue.pending(NOTICES)? {
            // One that does not open is on record, and needs a human.
            let Ok(queued) = queued else { continue };
            if self.carrier.deliver(&self.message(&queued)?) {
                queue.done(&queued.id)?;
            } else {
                queue.failed(&queued)?;
            }
        }
        Ok(())
    }

    /// What the customer reads: what is about to be done, never the value, and how to object.
    fn message(&self, queued: &QueuedNotice) -> Result<String, Refusal> {
        let (account, action) = (queued.account.expose(), queued.notice.action.name());
        let Some(about) = &queued.notice.transaction else { return Ok(format!("{account} notice {action}")) };
        let (channel, until) = (about.channel, about.not_before);
        if about.about == NoticeAbout::LockRemoval {
            return Ok(format!("{account} notice lock-removal of {action} from {until} to {channel}"));
        }
        let token = make_reference()?;
        let of = ObjectionOf {
            account: queued.account.clone(),
            change: TransactionId::from_bytes(about.id),
            channel: channel.code(),
            point: queued.notice.address.as_ref().map(|address| address.id.clone()),
        };
        self.data.add_objection(&token, &of)?;
        Ok(format!("{account} notice {action} from {until} to {channel} object with {token}"))
    }

    fn go_on(&self, change: &Change) -> Result<(), Error> {
        let transactions = self.guard.transactions();
        let status = transactions.status(&change.account, &change.id)?;
        match status.state {
            TransactionState::Waiting if status.not_before <= self.now() && !status.needs_approval => {
                let asked = ChangeRequest::sim_change(change.number.as_str(), change.sim.as_str());
                let permit = transactions.permit(&change.account, &change.id, &asked)?;
                let order = transactions.execute(permit, &asked)?;
                match self.data.move_sim(&change.number, &change.sim) {
                    Ok(()) => transactions.confirm(&order)?,
                    Err(_) => transactions.not_done(&order)?,
                }
                self.sim_moved(&change.account);
            }
            // A permit or an order that died with its process: the permit expires, and the order is settled by
            // somebody who looks into the provisioning system.
            TransactionState::Requested
            | TransactionState::Decided
            | TransactionState::Notified
            | TransactionState::Waiting
            | TransactionState::Permitted
            | TransactionState::Executing => {}
            TransactionState::Confirmed
            | TransactionState::Refused
            | TransactionState::Cancelled
            | TransactionState::Expired
            | TransactionState::Reversed => {
                let _next_round = self.data.forget_change(&change.id).is_err();
            }
        }
        Ok(())
    }
}
