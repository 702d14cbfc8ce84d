//! Deterministic sealed tokens: AES-SIV under the key of a column (`docs/spec/token-v1.md` §4).

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};

use super::format::Place;
use crate::error::TokenError;
use crate::hazmat::Key32;
use crate::hazmat::framing::Tuple;
use crate::hazmat::kdf::Prk;
use crate::hazmat::siv::{SivKey, TAG_LEN};
use crate::sensitive::Sensitive;
use crate::vocabulary::DataClass;

const KEY_LABEL: &str = "cpni-guard/v1/token-siv";
const AAD_LABEL: &str = "cpni-guard/v1/token-sealed";
/// "CGT", version 1.
const MAGIC: [u8; 4] = *b"CGT\x01";
const HEADER_LEN: usize = MAGIC.len() + 4 + TAG_LEN;
const BLOCK: usize = 16;

/// Longest value of a sealed token, in bytes of its normal form.
pub const MAX_VALUE_LEN: usize = 1023;
const MAX_LEN: usize = HEADER_LEN + MAX_VALUE_LEN + 1;
/// Four characters for three bytes.
const MAX_TEXT: usize = MAX_LEN.div_ceil(3) * 4;

/// A deterministic sealed token: the same for equal values of a column, and authentic.
///
/// It says its key version; who has it learns in addition only which other tokens are equal, and the
/// value's length in steps of 16 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealedToken {
    version: u32,
    bytes: Box<[u8]>,
}

impl SealedToken {
    /// Reads a token from its bytes.
    ///
    /// # Errors
    /// [`TokenError::Format`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TokenError> {
        let format = |why| TokenError::Format { why };
        let rest = bytes.strip_prefix(&MAGIC).ok_or(format("it begins otherwise"))?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(format("it is cut"))?;
        let (_, sealed) = rest.split_first_chunk::<TAG_LEN>().ok_or(format("it is cut"))?;
        let version = u32::from_be_bytes(*version);
        if version == 0 {
            return Err(format("there is no key version 0"));
        }
        if sealed.is_empty() || !sealed.len().is_multiple_of(BLOCK) || bytes.len() > MAX_LEN {
            return Err(format("its length is not one of a token"));
        }
        Ok(Self { version, bytes: bytes.into() })
    }

    /// Reads a token from its text, base64url without padding.
    ///
    /// # Errors
    /// [`TokenError::Format`]. The text is not repeated: it may be a value that a host forgot to tokenise.
    pub fn from_text(text: &str) -> Result<Self, TokenError> {
        if text.len() > MAX_TEXT {
            return Err(TokenError::Format { why: "its length is not one of a token" });
        }
        let bytes = Base64UrlUnpadded::decode_vec(text);
        Self::from_bytes(&bytes.map_err(|_| TokenError::Format { why: "it is not base64url" })?)
    }

    /// Its text, base64url without padding. Every token of version 1 begins with `Q0dUA`.
    #[must_use]
    pub fn to_text(&self) -> String {
        Base64UrlUnpadded::encode_string(&self.bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The version of its key.
    #[must_use]
    pub const fn key_version(&self) -> u32 {
        self.version
    }
}

impl fmt::Debug for SealedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedToken").field("version", &self.version).finish_non_exhaustive()
    }
}

/// AES-SIV under one key version of a column.
pub(crate) struct SealedCipher {
    siv: SivKey,
    version: u32,
    associated: Tuple,
}

impl SealedCipher {
    pub(crate) fn new(column_key: Key32, place: Place<'_>, class: DataClass, version: u32) -> Self {
        let prk = Prk::from_key(column_key);
        let siv = SivKey::filled_by(|key| prk.expand_into(Tuple::new(KEY_LABEL).as_bytes(), key));
        let associated = Tuple::new(AAD_LABEL)
            .with(place.tenant.as_str().as_bytes())
            .with(place.field.as_str().as_bytes())
            .with(place.column.as_str().as_bytes())
            .with(&[class.code()])
            .with(&version.to_be_bytes());
        Self { siv, version, associated }
    }

    /// The token of a value in its normal form.
    pub(crate) fn tokenise(&self, value: &str) -> Result<SealedToken, TokenError> {
        if value.len() > MAX_VALUE_LEN {
            return Err(TokenError::Length { len: value.len(), min: 0, max: MAX_VALUE_LEN });
        }
        // ISO/IEC 7816-4, as in sealed fields.
        let padded = (value.len() + 1).next_multiple_of(BLOCK);
        let mut bytes = Vec::with_capacity(HEADER_LEN + padded);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes.extend_from_slice(&[0; TAG_LEN]);
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(0x80);
        bytes.resize(HEADER_LEN + padded, 0);
        // INVARIANT: the buffer has a header and at least one block; SIV takes any length.
        let (header, plain) = bytes.split_at_mut_checked(HEADER_LEN).ok_or(TokenError::Authentication)?;
        let tag = self.siv.seal(&[self.associated.as_bytes()], plain);
        let tag = tag.map_err(|_| TokenError::Authentication)?;
        if let Some(place) = header.last_chunk_mut::<TAG_LEN>() {
            *place = tag;
        }
        Ok(SealedToken { version: self.version, bytes: bytes.into() })
    }

    /// The value of a token of this version.
    pub(super) fn detokenise(&self, token: &SealedToken) -> Result<Sensitive<String>, TokenError> {
        let (header, sealed) = token.bytes.split_at_checked(HEADER_LEN).ok_or(TokenError::Authentication)?;
        let tag = header.last_chunk::<TAG_LEN>().ok_or(TokenError::Authentication)?;
        let mut plain = Sensitive::new(sealed.to_vec());
        let buffer = plain.expose_mut();
        let opened = self.siv.open(&[self.associated.as_bytes()], buffer, tag);
        opened.map_err(|_| TokenError::Authentication)?;
        let end = buffer.iter().rposition(|byte| *byte != 0).unwrap_or_default();
        // INVARIANT: the tag was right, so a writer of this format padded it; another program's bytes are
        // refused all the same.
        if buffer.get(end) != Some(&0x80) || buffer.len() - end > BLOCK {
            return Err(TokenError::Authentication);
        }
        buffer.truncate(end);
        // The buffer moves into the text: no copy is left behind.
        match String::from_utf8(core::mem::take(buffer)) {
            Ok(text) => Ok(Sensitive::from(text)),
            Err(not_text) => {
                drop(Sensitive::from(not_text.into_bytes()));
                Err(TokenError::Authentication)
            }
        }
    }
}

impl fmt::Debug for SealedCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedCipher(..)")
    }
}
