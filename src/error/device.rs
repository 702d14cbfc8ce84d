//! Causes of the device room.

use super::ErrorCode;

/// Why a device session refused something. The device must ask anew; nothing was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// A request or a reply is not in the format: cut, too long, another version, a code that is not
    /// known. The fault of whoever carried it, or of an older release on one side.
    #[error("not a request or reply of a device session: {why}")]
    Format {
        /// Which rule of `docs/spec/device-session-v1.md` is broken.
        why: &'static str,
    },
    /// Not base64url. The caller's fault.
    #[error("the text is not base64url")]
    Text,
    /// The public key of the request is of low order: no session makes such a key. An attack.
    #[error("the public key of the device session is not one")]
    PublicKey,
    /// The reply was sealed for another session, or was changed. An attack, or a mistaken delivery.
    #[error("the reply is not for this device session, or was changed")]
    NotForThisSession,
    /// The reply is of another interaction, agent or account than the first one. An attack, or a
    /// mistaken delivery.
    #[error("the reply is of another interaction")]
    AnotherInteraction,
    /// The reply answers another request than the one it is opened for. An attack, or a mix-up of the
    /// caller's.
    #[error("the reply answers another request")]
    AnotherRequest,
    /// The request is not waiting for a reply: it has been answered, it is not of this session, or too
    /// many were made after it. A replay, or the caller's fault.
    #[error("the request is not waiting for a reply")]
    NotWaiting,
    /// The reply came after its own expiry. Ask again.
    #[error("the reply came too late")]
    TooLate,
    /// The session was ended. The caller's fault.
    #[error("the device session has ended")]
    Ended,
    /// The interaction's time is over, or the device's clock went back. Begin another session.
    #[error("the device session has expired")]
    Expired,
    /// What should be sealed is longer than the format holds. The caller's fault: ask for fewer fields.
    #[error("the reply would have {len} bytes; the longest allowed has {max}")]
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest length in bytes.
        max: usize,
    },
}

impl DeviceError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Format { .. } => 8501,
            Self::Text => 8502,
            Self::PublicKey => 8503,
            Self::NotForThisSession => 8504,
            Self::AnotherInteraction => 8505,
            Self::AnotherRequest => 8506,
            Self::NotWaiting => 8507,
            Self::TooLate => 8508,
            Self::Ended => 8509,
            Self::Expired => 8510,
            Self::TooLarge { .. } => 8511,
        })
    }
}
