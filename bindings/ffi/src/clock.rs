//! The host's clock, and how a host fails: what a guard and an agent's machine both need.

use std::fmt;
use std::sync::Arc;

use cpni_guard::vocabulary::{Clock, Timestamp};

/// A system of the host's could not answer. There is nothing in it: what happened is for the host's
/// own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Error)]
pub enum HostFailure {
    /// It could not answer.
    Unavailable,
}

impl fmt::Display for HostFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a system of the host could not answer")
    }
}

impl std::error::Error for HostFailure {}

/// Any other exception of the host's. Its text (in Kotlin the whole stack trace) ends here.
impl From<uniffi::UnexpectedUniFFICallbackError> for HostFailure {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable
    }
}

impl From<HostFailure> for cpni_guard::error::HostError {
    fn from(_: HostFailure) -> Self {
        Self
    }
}

/// The clock. Without one, the operating system's.
#[uniffi::export(foreign)]
#[expect(clippy::missing_errors_doc, reason = "it fails in one way: the host could not answer")]
pub trait GuardClock: Send + Sync {
    /// Microseconds since 1970.
    fn now_micros(&self) -> Result<u64, HostFailure>;
}

/// The host's clock in the place of the core's.
pub(crate) struct HostClock(pub(crate) Arc<dyn GuardClock>);

impl Clock for HostClock {
    /// A clock that fails shows 0, a time that went back: whatever is going on ends.
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.now_micros().unwrap_or(0))
    }
}

/// Silent.
impl fmt::Debug for HostClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostClock(..)")
    }
}
