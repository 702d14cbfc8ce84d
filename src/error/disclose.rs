//! Causes of the disclosure room.

use super::ErrorCode;

/// Why a disclosed value is not readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscloseError {
    /// The disclosure was closed, or its interaction ended. The caller's fault.
    #[error("the disclosure is closed")]
    Closed,
    /// The field was not asked for. The caller's fault.
    #[error("this field was not asked for")]
    NotAskedFor,
    /// The field is withheld. The caller's fault: look at its decision first.
    #[error("this field is withheld")]
    Withheld,
    /// The value has another shape (text or rows). The caller's fault.
    #[error("the value has another shape")]
    WrongShape,
    /// Calls to covered hotlines must be left out, and there is no list of them. The host's fault.
    #[error("there is no list of covered hotlines, so the calls are withheld")]
    NoHotlineList,
    /// A grant and an audit record that do not belong together. A bug.
    #[error("the grant and the audit record do not belong together")]
    Unmatched,
}

impl DiscloseError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Closed => 8001,
            Self::NotAskedFor => 8002,
            Self::Withheld => 8003,
            Self::WrongShape => 8004,
            Self::Unmatched => 8005,
            Self::NoHotlineList => 8006,
        })
    }
}
