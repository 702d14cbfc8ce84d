//! The one error of the interface: a number. And the door that every call goes through.
//!
//! Rules: an error carries its stable code and nothing else, because Kotlin and Swift print every
//! field of an error; a panic becomes a code too, and its text, which could quote a value, is dropped.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cpni_guard::ErrorCode;

/// Why a call failed: the code of `error_codes`, and no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Error)]
pub enum CpniError {
    /// It failed for this reason.
    Failed {
        /// The stable code.
        code: u16,
    },
}

/// Causes of this room: 9300 to 9399.
const OWN: &[(u16, &str)] = &[
    (9301, "binding_closed"),
    (9302, "binding_layout"),
    (9303, "binding_not_text"),
    (9304, "binding_busy"),
    (9305, "binding_panic"),
    (9306, "binding_no_such_place"),
    (9307, "binding_not_a_day"),
    (9308, "binding_used_up"),
    (9309, "binding_pattern"),
];

#[cfg_attr(not(feature = "guard"), allow(dead_code, reason = "an agent's tool has fewer ways to fail"))]
impl CpniError {
    /// The guard was shut down. The caller's fault.
    pub(crate) const CLOSED: Self = Self::Failed { code: 9301 };
    /// Bytes are not in the layout of `docs/spec/binding-layout-v1.md`. The caller's fault.
    pub(crate) const LAYOUT: Self = Self::Failed { code: 9302 };
    /// A text is not UTF-8. The caller's fault.
    pub(crate) const NOT_TEXT: Self = Self::Failed { code: 9303 };
    /// A host's callback called the object that was calling it. The host's fault.
    pub(crate) const BUSY: Self = Self::Failed { code: 9304 };
    /// The library panicked. A bug.
    pub(crate) const PANIC: Self = Self::Failed { code: 9305 };
    /// There is nothing at this place of the list. The caller's fault.
    pub(crate) const NO_SUCH_PLACE: Self = Self::Failed { code: 9306 };
    /// Not a day of the calendar. The caller's fault.
    pub(crate) const NOT_A_DAY: Self = Self::Failed { code: 9307 };
    /// What is good for one time was used: a builder, a search, a pass that was finished. The caller's fault.
    pub(crate) const USED_UP: Self = Self::Failed { code: 9308 };
    /// A pattern of account numbers is empty, too long, or no regular expression. The caller's fault.
    pub(crate) const PATTERN: Self = Self::Failed { code: 9309 };

    /// The code.
    #[must_use]
    pub const fn code(self) -> u16 {
        let Self::Failed { code } = self;
        code
    }
}

/// The number, as [`ErrorCode`] writes it.
impl fmt::Display for CpniError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E{:04}", self.code())
    }
}

impl std::error::Error for CpniError {}

impl From<cpni_guard::Error> for CpniError {
    fn from(error: cpni_guard::Error) -> Self {
        Self::Failed { code: error.code().get() }
    }
}

macro_rules! from_rooms {
    ($($error:ident),+) => {$(
        impl From<cpni_guard::error::$error> for CpniError {
            fn from(error: cpni_guard::error::$error) -> Self {
                cpni_guard::Error::from(error).into()
            }
        }
    )+};
}

from_rooms!(
    AuditError,
    DeviceError,
    DiscloseError,
    ExportError,
    IdError,
    KeyError,
    ProofError,
    RecordError,
    RedactError,
    SchemaError,
    SealedError,
    StoreError,
    TokenError,
    TransactionError
);

/// Does the work of one call. What it panics with is dropped: the text may quote a value.
pub(crate) fn call<T>(work: impl FnOnce() -> Result<T, CpniError>) -> Result<T, CpniError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(CpniError::PANIC))
}

/// A code and its name.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NamedCode {
    /// The number that an error carries.
    pub code: u16,
    /// Its name, which says no more than the number: `interaction_locked_out`.
    pub name: String,
}

/// Every code that a call can fail with, in the order of the numbers. Kotlin and Swift hold the same
/// table and compare it with this one.
///
/// # Errors
/// Never.
#[uniffi::export]
pub fn error_codes() -> Result<Vec<NamedCode>, CpniError> {
    call(|| {
        let all = ErrorCode::ALL.iter().chain(OWN);
        let mut all: Vec<_> =
            all.map(|(code, name)| NamedCode { code: *code, name: (*name).to_owned() }).collect();
        all.sort_by_key(|known| known.code);
        Ok(all)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_code_without_its_text() {
        let failed = call::<()>(|| std::panic::panic_any("987-65-4321"));
        assert_eq!(failed, Err(CpniError::PANIC));
        assert_eq!(format!("{} {:?}", CpniError::PANIC, CpniError::PANIC), "E9305 Failed { code: 9305 }");
    }

    #[test]
    fn the_table_holds_every_code_once() {
        let table = error_codes().unwrap();
        assert!(table.is_sorted_by(|a, b| a.code < b.code));
        let own = [
            CpniError::CLOSED,
            CpniError::LAYOUT,
            CpniError::NOT_TEXT,
            CpniError::BUSY,
            CpniError::PANIC,
            CpniError::NO_SUCH_PLACE,
            CpniError::NOT_A_DAY,
            CpniError::USED_UP,
            CpniError::PATTERN,
        ];
        assert_eq!(own.len(), OWN.len());
        assert!(own.iter().all(|own| table.iter().any(|known| known.code == own.code())));
    }
}
