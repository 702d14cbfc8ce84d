//! Reads one text out of a value: a field of which a part shows, or the key of a map.

use core::fmt;

use serde::ser::{Impossible, Serialize, Serializer};

/// Gives the text to its function; `None` for what is no text.
pub(super) struct TextReader<F>(pub(super) F);

/// What is no text is no error: the function is told.
macro_rules! no_text {
    ($($method:ident: $type:ty),+) => {
        $(fn $method(self, _: $type) -> Result<R, fmt::Error> { Ok((self.0)(None)) })+
    };
}

/// What holds more than one value is refused: the caller withholds it.
macro_rules! refused {
    ($($method:ident($($arg:ty),*) -> $type:ident);+) => {
        $(fn $method(self, $(_: $arg),*) -> Result<Self::$type, fmt::Error> { Err(fmt::Error) })+
    };
}

impl<R, F: FnOnce(Option<&str>) -> R> Serializer for TextReader<F> {
    type Ok = R;
    type Error = fmt::Error;
    type SerializeSeq = Impossible<R, fmt::Error>;
    type SerializeTuple = Impossible<R, fmt::Error>;
    type SerializeTupleStruct = Impossible<R, fmt::Error>;
    type SerializeTupleVariant = Impossible<R, fmt::Error>;
    type SerializeMap = Impossible<R, fmt::Error>;
    type SerializeStruct = Impossible<R, fmt::Error>;
    type SerializeStructVariant = Impossible<R, fmt::Error>;

    fn serialize_str(self, text: &str) -> Result<R, fmt::Error> {
        Ok((self.0)(Some(text)))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<R, fmt::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<R, fmt::Error> {
        value.serialize(self)
    }

    no_text! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_f32: f32, serialize_f64: f64, serialize_char: char,
        serialize_bytes: &[u8], serialize_unit_struct: &'static str
    }

    fn serialize_none(self) -> Result<R, fmt::Error> {
        Ok((self.0)(None))
    }

    fn serialize_unit(self) -> Result<R, fmt::Error> {
        Ok((self.0)(None))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<R, fmt::Error> {
        Ok((self.0)(None))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<R, fmt::Error> {
        Ok((self.0)(None))
    }

    refused! {
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant
    }
}
