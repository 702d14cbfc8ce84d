//! Causes of the envelope room.

use super::ErrorCode;

/// Why sealed bytes were refused. The stored data's fault, unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealedError {
    /// Not in the format: cut, too long, wrong magic, not canonical.
    #[error("the sealed bytes are not in the format: {why}")]
    Format {
        /// Which rule of `docs/spec/sealed-v1.md` is broken.
        why: &'static str,
    },
    /// Not base64url.
    #[error("the sealed text is not base64url")]
    Text,
    /// The bytes were sealed under another key: another account, tenant, version or epoch.
    #[error("the sealed bytes belong to another account, tenant or key version, or were changed")]
    Commitment,
    /// A field was changed, or moved from another field, record, account, tenant or version.
    #[error("a sealed field was changed, or moved from another place")]
    Authentication,
    /// The field is not in the record. The caller's fault.
    #[error("the record does not hold this field")]
    NoSuchField,
    /// The sealed class or shape is not the one of the schema.
    #[error("a sealed field has another class or shape than its schema says")]
    SchemaMismatch,
    /// What was sealed does not decode. A bug, or another program sealed it.
    #[error("an opened field does not decode")]
    Content,
    /// What should be sealed is longer than the format holds. The caller's fault.
    #[error("what should be sealed has {len} bytes; the longest allowed has {max}")]
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest length in bytes.
        max: usize,
    },
    /// The record has more fields than the format holds. The caller's fault.
    #[error("the record has {fields} fields; at most {max} are allowed")]
    TooManyFields {
        /// Its fields.
        fields: usize,
        /// The largest number of fields.
        max: usize,
    },
}

impl SealedError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Format { .. } => 3001,
            Self::Text => 3002,
            Self::Commitment => 3003,
            Self::Authentication => 3004,
            Self::NoSuchField => 3005,
            Self::SchemaMismatch => 3006,
            Self::Content => 3007,
            Self::TooLarge { .. } => 3008,
            Self::TooManyFields { .. } => 3009,
        })
    }
}
