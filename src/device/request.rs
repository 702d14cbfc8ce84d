//! What travels: the request of a device, and the sealed reply.

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};

use super::v1::{self, MAX_REPLY_LEN, REQUEST_LEN};
use crate::error::DeviceError;
use crate::hazmat::hpke::PUBLIC_LEN;
use crate::vocabulary::hex;

/// What a device sends with its question, over the host's own authenticated channel: the public key
/// of its session and the number of the request. Good for one reply. Not secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceRequest {
    pub(super) public: [u8; PUBLIC_LEN],
    pub(super) number: u32,
}

impl DeviceRequest {
    /// Reads a request that a device sent.
    ///
    /// # Errors
    /// [`DeviceError::Format`] for anything else.
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, DeviceError> {
        v1::read_request(bytes.as_ref()).map_err(|why| DeviceError::Format { why })
    }

    /// Reads its text form.
    ///
    /// # Errors
    /// [`DeviceError::Text`], [`DeviceError::Format`].
    pub fn from_text(text: &str) -> Result<Self, DeviceError> {
        Self::from_bytes(decode(text, REQUEST_LEN)?)
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; REQUEST_LEN] {
        v1::write_request(self)
    }

    /// Its text: base64url without padding.
    #[must_use]
    pub fn to_text(&self) -> String {
        Base64UrlUnpadded::encode_string(&self.to_bytes())
    }

    /// The public key of the session.
    #[must_use]
    pub const fn public_key(&self) -> &[u8; PUBLIC_LEN] {
        &self.public
    }

    /// The number of the request in its session, from 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The public key as the audit log names it: 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&self.public)
    }
}

/// A view, sealed for one device session. Only that session opens it, once.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceReply(Vec<u8>);

impl DeviceReply {
    pub(super) const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Takes bytes for a reply. They are looked at when a session opens them.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Reads its text form.
    ///
    /// # Errors
    /// [`DeviceError::Text`], [`DeviceError::Format`] if it is too long.
    pub fn from_text(text: &str) -> Result<Self, DeviceError> {
        decode(text, MAX_REPLY_LEN).map(Self)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its text: base64url without padding.
    #[must_use]
    pub fn to_text(&self) -> String {
        Base64UrlUnpadded::encode_string(&self.0)
    }
}

impl AsRef<[u8]> for DeviceReply {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<DeviceReply> for Vec<u8> {
    fn from(reply: DeviceReply) -> Self {
        reply.0
    }
}

/// Silent: what is taken for a reply may be anything.
impl fmt::Debug for DeviceReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceReply(..)")
    }
}

fn decode(text: &str, max: usize) -> Result<Vec<u8>, DeviceError> {
    if text.len() > max.div_ceil(3) * 4 {
        return Err(DeviceError::Format { why: v1::TOO_LONG });
    }
    Base64UrlUnpadded::decode_vec(text).map_err(|_| DeviceError::Text)
}
