//! Causes of the secrets of accounts, and of erasure.

use super::ErrorCode;

/// Why an account's secret could not be used, or its erasure could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// The account was erased, or the bytes are of before it was. Nothing opens them any more.
    #[error("the account was erased")]
    Erased,
    /// Bytes were sealed under a secret that the store does not have. The host's fault: the store was
    /// lost, or is another one.
    #[error("the secret that the bytes were sealed under is not in the store")]
    Missing,
    /// Bytes were sealed under an account's secret, and the guard was built without their store. The
    /// caller's fault.
    #[error("the bytes need the secrets of accounts; give their store to the builder")]
    NoStore,
    /// What is stored of the account was changed, moved, or not written by this library. The data's fault.
    #[error("what is stored of the account's secret was changed")]
    Damaged,
    /// The account was not erased. The caller's fault.
    #[error("the account was not erased")]
    NotErased,
    /// The host has columns to delete yet. The caller's fault.
    #[error("{columns} columns are still to be deleted by the host")]
    Outstanding {
        /// How many.
        columns: usize,
    },
    /// The host has no such column to delete. The caller's fault.
    #[error("no such column is to be deleted")]
    NoSuchColumn,
    /// More columns are named than an erasure holds. The caller's fault.
    #[error("an erasure names at most {max} columns")]
    TooManyColumns {
        /// The largest number.
        max: usize,
    },
    /// The account has had as many secrets as the format can count. The caller's fault.
    #[error("the account can have no further secret")]
    TooManyEpochs,
    /// The value was to be deleted after a day that is over. Nothing opens it any more.
    #[error("the value was to be deleted after a day that is over")]
    PastDeleteAfter,
    /// A value cannot be sealed until this day: it is over, or past what the format can write. The
    /// caller's fault.
    #[error("the day after which to delete is over, or past 2149-06-06")]
    DeleteAfter,
}

impl SubjectError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Erased => 2101,
            Self::Missing => 2102,
            Self::NoStore => 2103,
            Self::Damaged => 2104,
            Self::NotErased => 2105,
            Self::Outstanding { .. } => 2106,
            Self::NoSuchColumn => 2107,
            Self::TooManyColumns { .. } => 2108,
            Self::TooManyEpochs => 2109,
            Self::PastDeleteAfter => 2110,
            Self::DeleteAfter => 2111,
        })
    }
}
