//! The watch: what each agent and each employer did lately is counted, and rules say how much is
//! too much (47 CFR 64.2010(a): "discover and protect against attempts").
//!
//! Rules: the counts are one durable step for all who share the store, before anything is opened; an
//! agent is counted once however many tools it uses; a rule that trips is told until it is recorded;
//! without the counts an agent has [`LOCAL_READS`] and no more.
//!
//! Security note: a store holds keyed pseudonyms of agents, employers and accounts, and times
//! (`docs/spec/watch-v1.md`). A clock that went back forgets nothing.

mod rules;
mod store;
mod tally;
mod watcher;

#[cfg(test)]
pub(crate) mod tests;

pub use rules::{
    HOURS_DAYS, HOURS_MIN_DAYS, MAX_COUNT, MAX_WITHIN, Measure, Per, Response, SEQUENCE_STEP, STAFF,
    WATCH_HOLD, WatchRule, WatchRules,
};
pub use store::{Change, MemoryWatchStore, WatchKey, WatchStore};
#[cfg(feature = "testing")]
pub(crate) use tally::recode_for_testing;
pub use watcher::{Alarm, AlarmSink, LOCAL_READS, LOCAL_READS_WITHIN};
pub(crate) use watcher::{Asking, DECOY, Verdict, Watcher, What};
