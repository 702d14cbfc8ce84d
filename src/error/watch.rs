//! Causes of the watch.

use super::{ErrorCode, FileFault};

/// Why the rules of the watch were refused. The fault of whoever wrote them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// Something in the file is wrong.
    #[error("watch: {0}")]
    File(FileFault),
}

impl WatchError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::File(_) => 9201,
        })
    }
}
