//! Causes of the room that redacts.

use super::ErrorCode;

/// Why there is no scanner, or no redacted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// An entry of a list is empty, too short, too long or without a digit. The caller's fault.
    #[error("an entry of {len} bytes cannot be listed")]
    ListEntry {
        /// Its length in bytes.
        len: usize,
    },
    /// Too many patterns of account numbers. The caller's fault.
    #[error("a scanner takes at most {max} patterns of account numbers")]
    TooManyPatterns {
        /// The most.
        max: usize,
    },
    /// A token could not be made, so the text was dropped. The host's fault, or that of its keys.
    #[error("a value could not be replaced, so the text was dropped")]
    NotReplaced,
    /// A document is no JSON, or nested too deeply. The data's fault; nothing of it is given out.
    #[error("the document cannot be read, so it was dropped")]
    Document,
    /// A path does not begin with `/`, or is too long. The caller's fault.
    #[error("a path is empty or begins with `/`, and has at most {max} bytes")]
    Path {
        /// The most bytes.
        max: usize,
    },
}

impl RedactError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::ListEntry { .. } => 9601,
            Self::TooManyPatterns { .. } => 9602,
            Self::NotReplaced => 9603,
            Self::Document => 9604,
            Self::Path { .. } => 9605,
        })
    }
}
