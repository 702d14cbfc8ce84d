//! The text form (`docs/spec/sealed-v1.md` §6), and serde: text where people read, bytes elsewhere.
//!
//! Rule: an error never repeats its input. Where sealed text belongs, a host's mistake may have
//! put the plain value, and serde's own messages would quote it.

use core::fmt;
use core::marker::PhantomData;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::de::{self, Deserialize, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::sealed::{SealedField, SealedRecord};
use super::v1::MAX_LEN;
use crate::error::SealedError;

/// Longest text: four characters for three bytes.
const MAX_TEXT: usize = MAX_LEN.div_ceil(3) * 4;

pub(super) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, SealedError> {
    if text.len() > MAX_TEXT {
        return Err(SealedError::Format { why: "longer than 64 MiB" });
    }
    Base64UrlUnpadded::decode_vec(text).map_err(|_| SealedError::Text)
}

trait Sealed: Sized {
    fn read_text(text: &str) -> Result<Self, SealedError>;
    fn read_bytes(bytes: Vec<u8>) -> Result<Self, SealedError>;
}

macro_rules! sealed_serde {
    ($type:ty) => {
        impl Sealed for $type {
            fn read_text(text: &str) -> Result<Self, SealedError> {
                Self::from_text(text)
            }

            fn read_bytes(bytes: Vec<u8>) -> Result<Self, SealedError> {
                Self::from_bytes(bytes)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.serialize_str(&self.to_text())
                } else {
                    serializer.serialize_bytes(self.as_bytes())
                }
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    // Not `deserialize_str`: a format's own "invalid type" would quote the value.
                    deserializer.deserialize_any(SilentVisitor(PhantomData))
                } else {
                    deserializer.deserialize_byte_buf(SilentVisitor(PhantomData))
                }
            }
        }
    };
}

sealed_serde!(SealedRecord);
sealed_serde!(SealedField);

/// Takes text or bytes, and refuses everything else without saying what it was.
struct SilentVisitor<T>(PhantomData<T>);

const EXPECTED: &str = "sealed bytes, or their base64url text";

macro_rules! refuse {
    ($($method:ident($type:ty)),+ $(,)?) => {$(
        fn $method<E: de::Error>(self, _: $type) -> Result<T, E> {
            Err(E::custom(SealedError::Text))
        }
    )+};
}

impl<'de, T: Sealed> Visitor<'de> for SilentVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::read_text(text).map_err(E::custom)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<T, E> {
        T::read_bytes(bytes.to_vec()).map_err(E::custom)
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<T, E> {
        T::read_bytes(bytes).map_err(E::custom)
    }

    refuse!(
        visit_bool(bool),
        visit_i64(i64),
        visit_i128(i128),
        visit_u64(u64),
        visit_u128(u128),
        visit_f64(f64),
        visit_char(char),
    );

    fn visit_none<E: de::Error>(self) -> Result<T, E> {
        Err(E::custom(SealedError::Text))
    }

    fn visit_unit<E: de::Error>(self) -> Result<T, E> {
        Err(E::custom(SealedError::Text))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<T, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<T, D::Error> {
        inner.deserialize_any(self)
    }

    // The rest is read and thrown away: a format complains about what it did not get to read.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Err(de::Error::custom(SealedError::Text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Err(de::Error::custom(SealedError::Text))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<T, A::Error> {
        Err(de::Error::custom(SealedError::Text))
    }
}
