//! Causes of the audit room and of the stores.

use core::fmt;

use super::ErrorCode;

/// Why a store could not do its work. The host's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store could not be opened.
    #[error("the store could not be opened")]
    Open,
    /// Another process writes to it.
    #[error("another writer has the store open")]
    AnotherWriter,
    /// No space left, or the configured limit is reached.
    #[error("the store is full")]
    Full,
    /// The store is read-only.
    #[error("the store is read-only")]
    ReadOnly,
    /// The store is locked by somebody else for too long.
    #[error("the store is busy")]
    Busy,
    /// The store's own structure is damaged.
    #[error("the store is damaged")]
    Damaged,
    /// Reading or writing failed.
    #[error("the store could not be read or written")]
    Io,
    /// The store was made by a version that this one does not know.
    #[error("the store has format {found}; this version reads {known}")]
    Format {
        /// What the store says.
        found: u32,
        /// What this version reads.
        known: u32,
    },
}

impl StoreError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Open => 7001,
            Self::AnotherWriter => 7002,
            Self::Full => 7003,
            Self::ReadOnly => 7004,
            Self::Busy => 7005,
            Self::Damaged => 7006,
            Self::Io => 7007,
            Self::Format { .. } => 7008,
        })
    }
}

/// Why the audit log could not be written, or does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The record could not be made durable: nothing is disclosed. The host's fault.
    #[error("nothing is disclosed, because the audit record could not be written: {0}")]
    NotRecorded(StoreError),
    /// The log could not be read.
    #[error("the audit log could not be read: {0}")]
    Unreadable(StoreError),
    /// The log was changed.
    #[error("the audit log is broken {0}")]
    Broken(AuditBreak),
    /// Event bytes are not in the format. The stored data's fault.
    #[error("the bytes are not an audit event of version 1: {why}")]
    Format {
        /// Which rule of `docs/spec/audit-log-v1.md` is broken.
        why: &'static str,
    },
    /// The operating system gave no random bytes: nothing is recorded or disclosed. The host's fault.
    #[error("nothing is disclosed, because the operating system gave no random bytes")]
    Random,
    /// The sealed account id of an event was changed or moved. The stored data's fault.
    #[error("the sealed account id of the event does not open")]
    Account,
    /// The audit root has no such version any more. The host's fault.
    #[error("the audit root has no version {version}")]
    KeyVersion {
        /// The version.
        version: u32,
    },
    /// The log cannot prove what was asked: the tree or the event is not one of its own (the
    /// caller's fault), or its stored hashes were changed, which verification then shows.
    #[error("the audit log cannot prove this")]
    NotProven,
    /// Logs that were to be read together name the same account by different pseudonyms: they are of
    /// different tenants, or were created under different root versions. The caller's fault.
    #[error("the logs do not name accounts by the same pseudonyms")]
    AnotherTenant,
    /// The host's signer could not sign a checkpoint, or signed it wrongly. Disclosures go on. The
    /// host's fault.
    #[error("the checkpoint could not be signed")]
    NotSigned,
    /// A checkpoint could not be stored. Disclosures go on. The host's fault.
    #[error("the checkpoint could not be stored: {0}")]
    NotKept(StoreError),
}

impl AuditError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::NotRecorded(_) => 6001,
            Self::Unreadable(_) => 6002,
            Self::Broken(_) => 6003,
            Self::Format { .. } => 6004,
            Self::Random => 6005,
            Self::Account => 6006,
            Self::KeyVersion { .. } => 6007,
            Self::NotProven => 6008,
            Self::NotSigned => 6009,
            Self::NotKept(_) => 6010,
            Self::AnotherTenant => 6020,
        })
    }
}

/// Why something that was handed over as a proof proves nothing. Needs no guard and no secret key
/// to find out. The fault of what was handed over, or of the caller who expects something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The event is not at this place in the tree.
    #[error("the event is not at this place in the tree")]
    Inclusion,
    /// The later tree is no continuation of the earlier one.
    #[error("the later tree does not begin with the earlier one")]
    Consistency,
    /// The text or bytes are not in their format.
    #[error("{why}")]
    Format {
        /// Which rule of `docs/spec/audit-log-v1.md` is broken.
        why: &'static str,
    },
    /// The expected key did not sign this.
    #[error("not signed by the expected key")]
    NotSigned,
    /// A signature that is said to be the expected key's is not.
    #[error("the signature is not the expected key's")]
    Signature,
    /// It is about another log than the one expected.
    #[error("it is about another log")]
    AnotherLog,
}

impl ProofError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Inclusion => 6101,
            Self::Consistency => 6102,
            Self::Format { .. } => 6103,
            Self::NotSigned => 6104,
            Self::Signature => 6105,
            Self::AnotherLog => 6106,
        })
    }
}

/// Where and how an audit log was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditBreak {
    /// Index of the first event that does not verify, from 0.
    pub event: u64,
    /// What does not fit.
    pub kind: BreakKind,
}

/// What does not fit in a changed audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakKind {
    /// The event's bytes do not match its leaf hash.
    Content,
    /// The event does not follow its predecessor.
    Link,
    /// Events are missing at the end.
    Truncation,
    /// The log's head does not match its events.
    Head,
    /// What is derived from the events and stored beside them does not match them.
    Index,
    /// The checkpoint that is stored with the log was not signed with its key.
    Signature,
    /// A checkpoint was signed of another log than this one: it was put back or written anew.
    Checkpoint,
}

impl fmt::Display for AuditBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            BreakKind::Content => "its content does not match its leaf",
            BreakKind::Link => "it does not follow the event before it",
            BreakKind::Truncation => "events are missing from here on",
            BreakKind::Head => "the log's head does not match its events",
            BreakKind::Index => "what is stored beside it was not derived from it",
            BreakKind::Signature => "the checkpoint stored there was not signed with the log's key",
            BreakKind::Checkpoint => "a checkpoint was signed of another log up to here",
        };
        write!(f, "at event {}: {what}", self.event)
    }
}
