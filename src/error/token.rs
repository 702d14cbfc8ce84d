//! Causes of the token room.

use super::ErrorCode;

/// Why a token was not made, read or taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// A text is not a vault token: mistyped, cut, or something else. The caller's fault.
    #[error("this is not a token: it was mistyped, or is something else")]
    NotAToken,
    /// Values of this class, or lists of calls, have no tokens. The caller's fault.
    #[error("values of this kind have no tokens")]
    NotTokenised,
    /// A token needs a purpose, and an end that is ahead and not too far. The caller's fault.
    #[error("a token needs a purpose, and an end that is ahead and at most {max_days} days away")]
    Terms {
        /// The longest life in days.
        max_days: u64,
    },
    /// The vault holds an entry that does not open. The data's fault.
    #[error("an entry of the token vault does not open")]
    Unreadable,
    /// The token is not good here: unknown, expired, used up, revoked, of another account, or for another
    /// purpose. The answer does not say which; the audit log holds that it was asked.
    #[error("the token is not valid here")]
    NotValid,
}

impl TokenError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::NotAToken => 3150,
            Self::NotTokenised => 3151,
            Self::Terms { .. } => 3152,
            Self::Unreadable => 3153,
            Self::NotValid => 3154,
        })
    }
}
