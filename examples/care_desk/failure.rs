//! Why the program stopped, and with which exit code.

use core::fmt;
use std::io;

use cpni_guard::Error;
use cpni_guard::error::{AuditError, IdError, KeyError, SchemaError, SealedError, StoreError};

/// Why the program stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed, or a file that was named, is wrong: exit code 2.
    Usage(String),
    /// The library refused where the script did not expect it.
    Library(Error),
    /// The output, or a file of the sample's own, could not be read or written.
    Io(io::Error),
    /// The audit file could not be reached by the scene that changes it.
    Sqlite(rusqlite::Error),
    /// Something that must never happen happened.
    Never(&'static str),
}

impl Failure {
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Library(_) | Self::Io(_) | Self::Sqlite(_) | Self::Never(_) => 1,
        }
    }

    /// Whether the reader of the output has gone (`| head`).
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) => f.write_str(what),
            Self::Library(error) => write!(f, "{error} ({})", error.code()),
            Self::Io(error) => write!(f, "{error}"),
            Self::Sqlite(error) => write!(f, "the audit file: {error}"),
            Self::Never(what) => write!(f, "this must never happen: {what}"),
        }
    }
}

/// Each room's cause is an [`Error`] as well.
macro_rules! from_library {
    ($($cause:ty),+) => {
        $(impl From<$cause> for Failure {
            fn from(cause: $cause) -> Self {
                Self::Library(Error::from(cause))
            }
        })+
    };
}

from_library!(Error, AuditError, IdError, KeyError, SchemaError, SealedError, StoreError);

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}
