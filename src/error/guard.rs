//! Causes of the guard itself.

use super::ErrorCode;

/// Why a guard could not be built. The caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// A needed part was not given.
    #[error("the guard needs {part}: give it to the builder")]
    Missing {
        /// The builder's call that gives it.
        part: &'static str,
    },
}

impl GuardError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Missing { .. } => 9001,
        })
    }
}
