//! A column of tokens: what is tokenised, in which form, and with which key version.

use core::fmt;
use core::ops::RangeInclusive;

use super::alphabet::Alphabet;
use crate::classify::{FieldSpec, Schema};
use crate::error::{Error, RecordError, TokenError};
use crate::hazmat::ff1::MIN_DOMAIN;
use crate::hazmat::framing::Tuple;
use crate::vocabulary::{DataClass, FieldName, IdentifierKind, Shape};

/// Longest value of a column of format-preserving tokens, in characters.
pub const MAX_FORMAT_LEN: usize = 128;

const DEFINITION_LABEL: &str = "cpni-guard/v1/token-column";

/// The definition of a column of tokens. It is the host's, in its code, and the same at each start;
/// [`crate::Guard::register_column`] takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenColumn {
    pub(super) name: FieldName,
    pub(super) field: FieldName,
    pub(super) form: Form,
}

/// What the tokens of a column are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// FF1: as long as the value, of as many characters.
    Format { values: Alphabet, tokens: Alphabet, lengths: RangeInclusive<usize> },
    /// AES-SIV: text that says what it is.
    Sealed,
}

/// A registered column, and the key versions of its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnStatus {
    /// The column.
    pub name: FieldName,
    /// The version of new tokens.
    pub version: u32,
    /// The version of the tokens that are being replaced; `None`: all have [`ColumnStatus::version`].
    pub previous: Option<u32>,
}

/// A definition that fits the schema, with what the schema says of its field.
pub(super) struct CheckedColumn {
    pub(super) column: TokenColumn,
    pub(super) class: DataClass,
    pub(super) kind: Option<IdentifierKind>,
}

impl TokenColumn {
    /// A column of format-preserving tokens (FF1, NIST SP 800-38G) of a field: a token has the length of
    /// the value's normal form, and its characters. `alphabet` and `lengths` are those of the normal form
    /// of the field's kind; without a kind, of the value as it is.
    ///
    /// # Errors
    /// [`crate::error::IdError`] for a name; [`TokenError::Lengths`] past [`MAX_FORMAT_LEN`];
    /// [`TokenError::SmallDomain`] where the shortest length allows fewer than one million values.
    pub fn format(
        name: &str,
        field: &str,
        alphabet: Alphabet,
        lengths: RangeInclusive<usize>,
    ) -> Result<Self, Error> {
        let (name, field) = (FieldName::new(name)?, FieldName::new(field)?);
        let (shortest, longest) = (*lengths.start(), *lengths.end());
        if shortest > longest || longest > MAX_FORMAT_LEN {
            return Err(TokenError::Lengths { max: MAX_FORMAT_LEN }.into());
        }
        let radix = alphabet.size();
        let values = (0..shortest)
            .fold(1_u64, |values, _| values.saturating_mul(u64::try_from(radix).unwrap_or(u64::MAX)));
        if values < MIN_DOMAIN {
            return Err(TokenError::SmallDomain { radix, len: shortest }.into());
        }
        Ok(Self { name, field, form: Form::Format { values: alphabet.clone(), tokens: alphabet, lengths } })
    }

    /// Writes the tokens in another alphabet of the same size than the values: so that no token is ever
    /// taken for a live number. [`Alphabet::ten_letters`] is one for digits.
    ///
    /// # Errors
    /// [`TokenError::AlphabetsDiffer`]; [`TokenError::WrongKind`] for a column of sealed tokens.
    pub fn written_in(mut self, alphabet: Alphabet) -> Result<Self, Error> {
        let Form::Format { values, tokens, .. } = &mut self.form else {
            return Err(TokenError::WrongKind.into());
        };
        if alphabet.size() != values.size() {
            let (values, tokens) = (values.size(), alphabet.size());
            return Err(TokenError::AlphabetsDiffer { values, tokens }.into());
        }
        *tokens = alphabet;
        Ok(self)
    }

    /// A column of deterministic sealed tokens (AES-SIV, RFC 5297) of a field.
    ///
    /// # Errors
    /// [`crate::error::IdError`] for a name.
    pub fn sealed(name: &str, field: &str) -> Result<Self, Error> {
        Ok(Self { name: FieldName::new(name)?, field: FieldName::new(field)?, form: Form::Sealed })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &FieldName {
        &self.name
    }

    /// The field whose values it stands for.
    #[must_use]
    pub const fn field(&self) -> &FieldName {
        &self.field
    }

    /// The definition against the schema: the field is there, is one value, and is not of a class whose
    /// values are so few that a token is as good as the value.
    pub(super) fn check(self, schema: &Schema) -> Result<CheckedColumn, Error> {
        let spec: &FieldSpec =
            schema.field(self.field.as_str()).ok_or(RecordError::UnknownField { position: 0 })?;
        let (class, kind) = (spec.class(), spec.kind());
        if spec.shape() != Shape::Value {
            return Err(TokenError::WrongShape.into());
        }
        if matches!(class, DataClass::AuthSecret | DataClass::SsnLast4) {
            return Err(TokenError::RefusedClass { class }.into());
        }
        Ok(CheckedColumn { column: self, class, kind })
    }
}

impl CheckedColumn {
    /// Everything that decides which token a value has, but for the key (`token-v1.md` §5).
    pub(super) fn definition(&self) -> Tuple {
        let Self { column: TokenColumn { name, field, form }, class, kind } = self;
        let mut definition = Tuple::new(DEFINITION_LABEL);
        definition.push(name.as_str().as_bytes());
        definition.push(field.as_str().as_bytes());
        definition.push(&[class.code(), kind.map_or(0, IdentifierKind::code)]);
        match form {
            Form::Format { values, tokens, lengths } => {
                // INVARIANT: a length is at most 128.
                let [shortest, longest] = [lengths.start(), lengths.end()]
                    .map(|len| u32::try_from(*len).unwrap_or(u32::MAX).to_be_bytes());
                definition.push(&[1]);
                definition.push(values.as_str().as_bytes());
                definition.push(tokens.as_str().as_bytes());
                definition.push(&shortest);
                definition.push(&longest);
            }
            Form::Sealed => definition.push(&[2]),
        }
        definition
    }
}

impl fmt::Debug for CheckedColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.column.fmt(f)
    }
}
