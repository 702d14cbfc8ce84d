//! What happened, in an order that cannot be changed unseen: events, the chained Merkle log, its
//! verification.
//!
//! Rules: an event is durable before any plaintext exists, and only then is there a [`Recorded`];
//! events hold ids, codes and keyed pseudonyms, never a value; the bytes are those of
//! `docs/spec/audit-log-v1.md`; the log has a root of its own, apart from the data keys.
//!
//! Security note: the chain shows every change by somebody without the keys, except putting back
//! a whole older state of the folder. Only a checkpoint outside the machine shows that.

mod bundle;
mod checkpoint;
mod columns;
mod event;
mod group;
mod log;
mod merkle;
mod note;
mod pass;
mod proof;
mod publish;
mod questions;
mod read;
mod roots;
mod store;
mod survey;
mod v1;

#[cfg(test)]
pub(crate) mod tests;

pub use bundle::{EventProof, MAX_EVENT_PROOF_LEN};
#[cfg(feature = "sqlite")]
pub(crate) use checkpoint::peek;
pub use checkpoint::{Checkpoint, CheckpointSigner, ORIGIN_PREFIX};
pub use columns::{Classes, Columns, ColumnsRef};
pub use event::{AccountMark, ActionRecord, Actor, AuditEvent, EventFacts, FieldRecord, LogId};
pub(crate) use log::LogSettings;
pub use log::{AuditLog, EarlierLog, Recorded};
#[cfg(any(test, feature = "testing"))]
pub(crate) use merkle::CompactRange;
pub use note::{MAX_NOTE_LEN, VerifyingKey};
pub use proof::{TreeHead, leaf_hash, verify_consistency, verify_inclusion};
pub use publish::{CheckpointSink, CheckpointStatus, DEFAULT_CHECKPOINT_EVENTS, DEFAULT_CHECKPOINT_INTERVAL};
pub(crate) use publish::{Publisher, Publishing};
pub use questions::{Answers, IndexRows};
pub use read::{Entries, VerifiedLog};
pub(crate) use roots::AuditRoots;
pub use store::{
    About, AuditStore, EntryRef, Lookup, MemoryAuditStore, Place, StoredCheckpoint, StoredEntry, StoredHead,
};
pub(crate) use survey::Found;
pub use v1::{MAX_EVENT_LEN, MAX_EVIDENCE, MAX_FIELDS, MAX_RULES};
