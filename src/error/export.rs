//! Causes of the export.

use std::io;

use super::{ErrorCode, StoreError};

/// Why an export stopped. It goes on from where it stood: nothing is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The sink did not take the lines. They are written again with the next call. The host's fault.
    #[error("the sink did not take the exported lines: {kind}")]
    Sink {
        /// What the sink said.
        kind: io::ErrorKind,
    },
    /// The log could not be read. The host's fault.
    #[error("the audit log could not be read for the export: {0}")]
    Unreadable(StoreError),
    /// The log is not the one that was exported so far: another one, or it was put back or written anew.
    #[error("the audit log is not the one that was exported up to event {next}")]
    AnotherLog {
        /// The number of the event that was to be exported next.
        next: u64,
    },
    /// The log ends before the event that was to be exported next: events were taken away, or another number
    /// was asked for than there is.
    #[error("the audit log has {size} events, and event {next} was to be exported next")]
    EndsEarlier {
        /// Events in the log.
        size: u64,
        /// The number of the event that was to be exported next.
        next: u64,
    },
}

impl ExportError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Sink { .. } => 9401,
            Self::Unreadable(_) => 9402,
            Self::AnotherLog { .. } => 9403,
            Self::EndsEarlier { .. } => 9404,
        })
    }
}
