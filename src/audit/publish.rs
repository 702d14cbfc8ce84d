//! Publishing: a thread of its own makes checkpoints and hands them to sinks outside the machine.
//!
//! Rules: it works beside disclosures, never in their way: what fails or hangs here is counted and
//! tried again, and holds up no event; a sink gets checkpoints only, never an event.
//!
//! Security note: only what left the machine shows that a whole log was put back. A sink that
//! refuses a checkpoint may have seen a longer log than this one: look at it.

use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::checkpoint::Checkpoint;
use super::log::AuditLog;
use crate::error::{AuditError, HostError, StoreError};

/// After how many events a checkpoint is made. Library default.
pub const DEFAULT_CHECKPOINT_EVENTS: u64 = 1024;
/// After how long a checkpoint is made, if there are new events. Library default.
pub const DEFAULT_CHECKPOINT_INTERVAL: Duration = Duration::from_secs(60);

/// Takes checkpoints to where who can write the log cannot write: another machine, another owner.
pub trait CheckpointSink: Send + Sync + fmt::Debug {
    /// Publishes a checkpoint. Called on a thread of the log's own, one at a time. It should give up
    /// after a while: dropping the guard waits for it.
    ///
    /// # Errors
    /// [`HostError`] if it was not taken. It is tried again, or a later one is.
    fn publish(&self, checkpoint: &Checkpoint) -> Result<(), HostError>;
}

/// How publishing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CheckpointStatus {
    /// How many events the last checkpoint covers.
    pub signed: u64,
    /// How many events are covered by what every sink took; `None`: there is none, or it took nothing yet.
    pub published: Option<u64>,
    /// How often making or publishing one failed since the log was opened.
    pub failures: u64,
    /// Whether something failed at the last attempt.
    pub failing: bool,
}

/// When checkpoints are made, and where they go.
#[derive(Debug)]
pub(crate) struct Publishing {
    pub(crate) every_events: u64,
    pub(crate) every: Duration,
    pub(crate) sinks: Vec<Arc<dyn CheckpointSink>>,
}

impl Default for Publishing {
    fn default() -> Self {
        Self {
            every_events: DEFAULT_CHECKPOINT_EVENTS,
            every: DEFAULT_CHECKPOINT_INTERVAL,
            sinks: Vec::new(),
        }
    }
}

/// The thread. Dropped, it makes a last checkpoint and ends.
#[derive(Debug)]
pub(crate) struct Publisher {
    log: Arc<AuditLog>,
    thread: Option<JoinHandle<()>>,
}

impl Publisher {
    /// Starts publishing. Fails if the operating system gives no thread.
    pub(crate) fn start(log: Arc<AuditLog>, settings: Publishing) -> Result<Self, AuditError> {
        let of_thread = Arc::clone(&log);
        let thread = thread::Builder::new().name("cpni-guard-checkpoint".to_owned());
        let thread = thread.spawn(move || run(&of_thread, &settings));
        let thread = thread.map_err(|_| AuditError::NotKept(StoreError::Io))?;
        Ok(Self { log, thread: Some(thread) })
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.log.due.tell(|state| state.stop = true);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told when it happened.
            thread.join().ok();
        }
    }
}

impl AuditLog {
    /// How publishing goes. A failing sink stops no disclosure: it shows here.
    #[must_use]
    pub fn checkpoint_status(&self) -> CheckpointStatus {
        self.due.state().status
    }
}

/// What the writer and the publisher tell each other.
#[derive(Debug)]
pub(super) struct Due {
    /// The size from which on a checkpoint is due.
    size: AtomicU64,
    state: Mutex<DueState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct DueState {
    wanted: bool,
    stop: bool,
    status: CheckpointStatus,
}

impl Default for Due {
    /// Nothing is due: nobody publishes.
    fn default() -> Self {
        Self { size: AtomicU64::new(u64::MAX), state: Mutex::default(), changed: Condvar::new() }
    }
}

impl Due {
    /// The log has this size now.
    pub(super) fn reached(&self, size: u64) {
        if size >= self.size.load(Ordering::Relaxed) {
            self.tell(|state| state.wanted = true);
        }
    }

    fn tell(&self, what: impl FnOnce(&mut DueState)) {
        what(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until a checkpoint is wanted or the time is over; gives back whether it is the last one.
    fn wait(&self, at_most: Duration) -> bool {
        let waiting = |state: &mut DueState| !state.wanted && !state.stop;
        let waited = self.changed.wait_timeout_while(self.state(), at_most, waiting);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.wanted = false;
        state.stop
    }

    /// INVARIANT: each change is one assignment.
    fn state(&self) -> MutexGuard<'_, DueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(log: &AuditLog, settings: &Publishing) {
    let mut taken = vec![None; settings.sinks.len()];
    let mut last = false;
    loop {
        tend(log, settings, &mut taken);
        if last {
            return;
        }
        last = log.due.wait(settings.every);
    }
}

/// Makes a checkpoint if there are new events, and gives it to the sinks that do not have it yet.
fn tend(log: &AuditLog, settings: &Publishing, taken: &mut [Option<u64>]) {
    // Also after a failure: the next attempt is at the next interval, not at the next event.
    log.due.size.store(log.size().saturating_add(settings.every_events), Ordering::Relaxed);
    let mut failures = 0;
    // The host's code runs here: its panic is a failure, not the end of publishing.
    let checkpoint = match catch_unwind(AssertUnwindSafe(|| log.checkpoint())) {
        Ok(Ok(checkpoint)) => Some(checkpoint),
        // A log that is opened to be looked at gets no checkpoint.
        Ok(Err(AuditError::NotKept(StoreError::ReadOnly))) => None,
        Ok(Err(_)) | Err(_) => {
            failures += 1;
            log.kept_checkpoint()
        }
    };
    if let Some(checkpoint) = &checkpoint {
        for (sink, taken) in settings.sinks.iter().zip(taken.iter_mut()) {
            if *taken == Some(checkpoint.tree().size) {
                continue;
            }
            match catch_unwind(AssertUnwindSafe(|| sink.publish(checkpoint))) {
                Ok(Ok(())) => *taken = Some(checkpoint.tree().size),
                Ok(Err(HostError)) | Err(_) => failures += 1,
            }
        }
    }
    let mut state = log.due.state();
    state.status = CheckpointStatus {
        signed: checkpoint.map_or(state.status.signed, |checkpoint| checkpoint.tree().size),
        // `None` is less than any number: one sink that took nothing is enough.
        published: taken.iter().copied().min().flatten(),
        failures: state.status.failures.saturating_add(failures),
        failing: failures > 0,
    };
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU8;

    use super::super::tests::{open, viewed};
    use super::super::{AuditStore, MemoryAuditStore};
    use super::*;

    const NEVER: Duration = Duration::from_secs(3600);
    const SOON: Duration = Duration::from_millis(1);

    /// Keeps what it took; fails, panics or hangs while it is told to.
    #[derive(Debug, Default)]
    struct Sink {
        taken: Mutex<Vec<u64>>,
        mode: AtomicU8,
    }

    const WORK: u8 = 0;
    const FAIL: u8 = 1;
    const PANIC: u8 = 2;
    const HANG: u8 = 3;

    impl Sink {
        fn set(&self, mode: u8) {
            self.mode.store(mode, Ordering::SeqCst);
        }

        fn taken(&self) -> Vec<u64> {
            self.taken.lock().unwrap().clone()
        }
    }

    impl CheckpointSink for Sink {
        fn publish(&self, checkpoint: &Checkpoint) -> Result<(), HostError> {
            until(|| self.mode.load(Ordering::SeqCst) != HANG);
            match self.mode.load(Ordering::SeqCst) {
                WORK => self.taken.lock().unwrap().push(checkpoint.tree().size),
                PANIC => panic!("a sink that panics"),
                _ => return Err(HostError),
            }
            Ok(())
        }
    }

    fn started(every_events: u64, every: Duration) -> (Arc<AuditLog>, Arc<Sink>, Publisher) {
        let log = Arc::new(open(Arc::new(MemoryAuditStore::new()) as Arc<dyn AuditStore>).unwrap());
        let sink = Arc::new(Sink::default());
        let sinks = vec![Arc::clone(&sink) as Arc<dyn CheckpointSink>];
        let publisher = Publisher::start(Arc::clone(&log), Publishing { every_events, every, sinks });
        (log, sink, publisher.unwrap())
    }

    fn until(holds: impl Fn() -> bool) {
        while !holds() {
            thread::sleep(SOON);
        }
    }

    #[test]
    fn a_log_is_published_when_it_begins_every_so_many_events_and_at_its_end() {
        let (log, sink, publisher) = started(5, NEVER);
        until(|| sink.taken() == [1]);
        for number in 1..=4 {
            log.record(viewed(number), None).unwrap();
        }
        thread::sleep(20 * SOON);
        assert_eq!(sink.taken(), [1], "four events are not five");
        log.record(viewed(5), None).unwrap();
        until(|| sink.taken() == [1, 6]);
        log.record(viewed(6), None).unwrap();
        drop(publisher);
        assert_eq!(sink.taken(), [1, 6, 7]);
        let status = CheckpointStatus { signed: 7, published: Some(7), failures: 0, failing: false };
        assert_eq!(log.checkpoint_status(), status);
    }

    #[test]
    fn a_log_is_published_after_a_while_if_it_grew() {
        let (log, sink, publisher) = started(u64::MAX, SOON);
        until(|| sink.taken() == [1]);
        thread::sleep(20 * SOON);
        assert_eq!(sink.taken(), [1]);
        log.record(viewed(1), None).unwrap();
        until(|| sink.taken() == [1, 2]);
        drop(publisher);
    }

    #[test]
    fn a_sink_that_fails_panics_or_hangs_stops_no_event_and_shows() {
        let (log, sink, publisher) = started(1, SOON);
        until(|| sink.taken() == [1]);
        for mode in [FAIL, PANIC] {
            sink.set(mode);
            log.record(viewed(1), None).unwrap();
            let before = log.checkpoint_status().failures;
            until(|| log.checkpoint_status().failures > before + 1);
            assert!(log.checkpoint_status().failing);
            sink.set(WORK);
            until(|| !log.checkpoint_status().failing);
            assert_eq!(sink.taken().last(), Some(&log.size()));
        }
        sink.set(HANG);
        for number in 0..20 {
            log.record(viewed(number), None).unwrap();
        }
        assert!(sink.taken().last() < Some(&log.size()));
        sink.set(WORK);
        drop(publisher);
        assert_eq!(sink.taken().last(), Some(&log.size()));
    }

    #[test]
    fn what_one_sink_lacks_is_not_published() {
        let log = Arc::new(open(Arc::new(MemoryAuditStore::new()) as Arc<dyn AuditStore>).unwrap());
        let (good, bad) = (Arc::new(Sink::default()), Arc::new(Sink::default()));
        bad.set(FAIL);
        let sinks = vec![Arc::clone(&good) as Arc<dyn CheckpointSink>, Arc::clone(&bad) as _];
        let settings = Publishing { sinks, ..Publishing::default() };
        drop(Publisher::start(Arc::clone(&log), settings).unwrap());
        assert_eq!((good.taken().last(), bad.taken().len()), (Some(&1), 0));
        let status = log.checkpoint_status();
        assert_eq!((status.signed, status.published, status.failing), (1, None, true));
    }
}
