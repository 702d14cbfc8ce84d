//! Why a value is not the identifier that it should be.

use crate::error::ErrorCode;

/// Why a value is not of its kind. It says nothing of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierFault {
    /// This kind has another length.
    #[error("{len} characters without separators: not a length of this kind")]
    Length {
        /// Its length in characters, without separators and prefixes.
        len: usize,
    },
    /// A character that this kind does not have.
    #[error("the character at position {position} does not belong in this kind")]
    Character {
        /// Position in the given text, in characters from 0.
        position: usize,
    },
    /// The check digits do not fit the others.
    #[error("the check digit is wrong")]
    CheckDigit,
    /// It has the form, but no such number is given out.
    #[error("no such number is assigned")]
    NeverAssigned,
    /// It begins with what another kind begins with.
    #[error("it does not begin as this kind does")]
    Prefix,
    /// Its parts cannot be those of this kind.
    #[error("its parts are not those of this kind")]
    Structure,
    /// It does not match the carrier's pattern.
    #[error("it does not match the pattern")]
    Pattern,
}

impl IdentifierFault {
    /// The stable code of the fault (1150 to 1199). A fault is no error: the value is admitted.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Length { .. } => 1151,
            Self::Character { .. } => 1152,
            Self::CheckDigit => 1153,
            Self::NeverAssigned => 1154,
            Self::Prefix => 1155,
            Self::Structure => 1156,
            Self::Pattern => 1157,
        })
    }

    /// The same fault in a text that has `before` characters more at its start.
    pub(super) const fn moved(self, before: usize) -> Self {
        match self {
            Self::Character { position } => Self::Character { position: position.saturating_add(before) },
            Self::Length { .. }
            | Self::CheckDigit
            | Self::NeverAssigned
            | Self::Prefix
            | Self::Structure
            | Self::Pattern => self,
        }
    }
}
