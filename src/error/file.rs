//! What can be wrong with a schema, policy or keyring file, and where.

use core::fmt;

use super::TokenError;

/// A fault in a file, with its place. The offending text itself is never repeated: a file may be
/// the wrong one, and hold customer data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// The file's name, as the host gave it.
    pub file: Option<Box<str>>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong there.
    pub cause: FileCause,
}

/// What is wrong at a place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileCause {
    /// Not TOML.
    Syntax,
    /// A key that this table does not have.
    UnknownKey {
        /// The key that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A key that this table must have is missing.
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A value of another type.
    WrongType {
        /// The type that belongs here.
        expected: &'static str,
    },
    /// A word that is not in the vocabulary.
    UnknownName {
        /// What it should name: `class`, `role`, ….
        what: &'static str,
        /// The word that was probably meant.
        nearest: Option<Box<str>>,
    },
    /// The same name twice.
    Duplicate {
        /// What is named twice.
        what: &'static str,
    },
    /// A value that cannot stand here.
    Invalid {
        /// What is wrong with it.
        why: &'static str,
    },
    /// An index that its population has no room for.
    Plan {
        /// Why.
        cause: TokenError,
    },
    /// The file is longer than is allowed.
    TooLarge {
        /// The limit, in bytes.
        max: usize,
    },
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{file}:{}:{}: {}", self.line, self.column, self.cause),
            None => write!(f, "line {}, column {}: {}", self.line, self.column, self.cause),
        }
    }
}

impl fmt::Display for FileCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("this is not valid TOML"),
            Self::UnknownKey { nearest } => write!(f, "unknown key{}", DidYouMean(*nearest)),
            Self::MissingKey { key } => write!(f, "the key `{key}` is missing"),
            Self::WrongType { expected } => write!(f, "expected {expected}"),
            Self::UnknownName { what, nearest } => {
                write!(f, "unknown {what}{}", DidYouMean(nearest.as_deref()))
            }
            Self::Duplicate { what } => write!(f, "this {what} is already there"),
            Self::Invalid { why } => f.write_str(why),
            Self::Plan { cause } => cause.fmt(f),
            Self::TooLarge { max } => write!(f, "the file is longer than {max} bytes"),
        }
    }
}

struct DidYouMean<'a>(Option<&'a str>);

impl fmt::Display for DidYouMean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}
