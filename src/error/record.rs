//! Causes of the ground rooms: identifiers, schemas, records.

use super::{ErrorCode, FileFault};
use crate::vocabulary::FieldName;

/// Why an identifier was refused. The caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// It is empty.
    #[error("the identifier is empty")]
    Empty,
    /// It is too long.
    #[error("the identifier has {len} bytes; the longest allowed has {max}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The longest length in bytes.
        max: usize,
    },
    /// A character is not allowed.
    #[error("the character at position {position} of the identifier is not allowed")]
    Character {
        /// Position from 0.
        position: usize,
    },
}

impl IdError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Empty => 1001,
            Self::TooLong { .. } => 1002,
            Self::Character { .. } => 1003,
        })
    }
}

/// Why a record was refused. The caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The schema does not name this field.
    #[error("field number {position} is not in the schema")]
    UnknownField {
        /// Position in the record, from 0. The name itself is not repeated: it came from outside.
        position: usize,
    },
    /// The field is there twice.
    #[error("the field `{field}` is there twice")]
    DuplicateField {
        /// The field.
        field: FieldName,
    },
    /// A value where the schema says rows, or rows where it says a value.
    #[error("the field `{field}` has the wrong shape: the schema says value or rows")]
    WrongShape {
        /// The field.
        field: FieldName,
    },
    /// A value is too long.
    #[error("the field `{field}` has {len} bytes; the longest allowed has {max}")]
    TooLong {
        /// The field.
        field: FieldName,
        /// Its length in bytes.
        len: usize,
        /// The longest length in bytes.
        max: usize,
    },
    /// Too many rows.
    #[error("the field `{field}` has {rows} rows; at most {max} are allowed")]
    TooManyRows {
        /// The field.
        field: FieldName,
        /// Its rows.
        rows: usize,
        /// The largest number of rows.
        max: usize,
    },
    /// The record has no fields.
    #[error("the record has no fields")]
    Empty,
    /// The library derives this field from another; a record cannot bring it.
    #[error("the field `{field}` is derived from another field: leave it out")]
    DerivedField {
        /// The field.
        field: FieldName,
    },
    /// The number or the place of a row is too long.
    #[error("row {row} of the field `{field}` has a text of {len} bytes; the longest allowed has {max}")]
    RowTooLong {
        /// The field.
        field: FieldName,
        /// The row, from 0.
        row: usize,
        /// The length of its number or place in bytes.
        len: usize,
        /// The longest length in bytes.
        max: usize,
    },
}

impl RecordError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::UnknownField { .. } => 1101,
            Self::DuplicateField { .. } => 1102,
            Self::WrongShape { .. } => 1103,
            Self::TooLong { .. } => 1104,
            Self::TooManyRows { .. } => 1105,
            Self::Empty => 1106,
            Self::DerivedField { .. } => 1107,
            Self::RowTooLong { .. } => 1108,
        })
    }
}

/// Why a schema was refused. The fault of whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// Something in the file is wrong.
    #[error("schema: {0}")]
    File(FileFault),
    /// The file could not be read.
    #[error("schema: the file could not be read")]
    Unreadable,
}

impl SchemaError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::File(_) => 1201,
            Self::Unreadable => 1202,
        })
    }
}
