//! Errors: one enum of causes per room, a stable numeric code for each cause.
//!
//! Rules: no payload is text of a customer or of a stored value; a payload is an id, a code, a
//! length, a version or a position. Each cause says whose fault it is: the caller's, the stored
//! data's, the host's or a bug's. Codes are never reused; Kotlin and Swift compare their table
//! with this one.

mod audit;
mod device;
mod disclose;
mod envelope;
mod export;
mod file;
mod guard;
mod interaction;
mod keys;
mod policy;
mod record;
mod redact;
mod subjects;
mod table;
mod token;
mod transaction;
mod watch;

use core::fmt;

pub use audit::{AuditBreak, AuditError, BreakKind, ProofError, StoreError};
pub use device::DeviceError;
pub use disclose::DiscloseError;
pub use envelope::SealedError;
pub use export::ExportError;
pub use file::{FileCause, FileFault};
pub use guard::GuardError;
pub use interaction::{HostError, InteractionError};
pub use keys::KeyError;
pub use policy::PolicyError;
pub use record::{IdError, RecordError, SchemaError};
pub use redact::RedactError;
pub use subjects::SubjectError;
pub use token::TokenError;
pub use transaction::TransactionError;
pub use watch::WatchError;

/// Everything that can go wrong in this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An identifier was refused (1000–1099).
    #[error(transparent)]
    Id(#[from] IdError),
    /// A record does not fit its schema (1100–1199).
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A schema file was refused (1200–1299).
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Keys could not be loaded, wrapped or used (2000–2099).
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An account's secret could not be used, or its erasure could not go on (2100–2199).
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// Sealed bytes were refused (3000–3099).
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// A token, or a term of an index, was not made, read or taken (3100–3199).
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A policy pack or grants file was refused (4000–4999).
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// An interaction could not go on (5000–5199, 5300–5999).
    #[error(transparent)]
    Interaction(#[from] InteractionError),
    /// A transaction or a lock did not take a step (5200–5299).
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The audit log could not be written, or does not verify (6000–6099).
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A proof out of an audit log proves nothing (6100–6199).
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// A store failed (7000–7999).
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A disclosure is not readable (8000–8499).
    #[error(transparent)]
    Disclose(#[from] DiscloseError),
    /// A device session refused something (8500–8599).
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A guard could not be built (9000–9099).
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The rules of the watch were refused (9200–9299).
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// An export of the audit log stopped (9400–9499).
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A text was not redacted (9601–9649).
    #[error(transparent)]
    Redact(#[from] RedactError),
}

impl Error {
    /// The stable code of the cause.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Id(cause) => cause.code(),
            Self::Record(cause) => cause.code(),
            Self::Schema(cause) => cause.code(),
            Self::Key(cause) => cause.code(),
            Self::Subject(cause) => cause.code(),
            Self::Sealed(cause) => cause.code(),
            Self::Token(cause) => cause.code(),
            Self::Policy(cause) => cause.code(),
            Self::Interaction(cause) => cause.code(),
            Self::Transaction(cause) => cause.code(),
            Self::Audit(cause) => cause.code(),
            Self::Proof(cause) => cause.code(),
            Self::Store(cause) => cause.code(),
            Self::Disclose(cause) => cause.code(),
            Self::Device(cause) => cause.code(),
            Self::Guard(cause) => cause.code(),
            Self::Watch(cause) => cause.code(),
            Self::Export(cause) => cause.code(),
            Self::Redact(cause) => cause.code(),
        }
    }
}

/// A stable number for a cause of failure: the same in Rust, Kotlin and Swift, in every release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub(crate) u16);

impl ErrorCode {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E{:04}", self.0)
    }
}
