//! A serializer around another: it sees every value first, and lets names and masks through.

use core::fmt;
use core::marker::PhantomData;

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{Fate, Field, Rules, TextReader, Walk};
use crate::redact::mask::DOTS;

/// How the names begin by which `serde_json` and `toml` tell structs of their own, whose text they write as it is.
const FORMATS_OWN: char = '$';

pub(super) struct Walker<'a, S> {
    pub(super) rules: Rules<'a>,
    pub(super) inner: S,
}

/// What went wrong: in the format, whose error goes on, or in the value, whose text may be a customer's.
pub(super) enum Fault<E> {
    Inner(E),
    Value,
}

impl<E: Error> Fault<E> {
    pub(super) fn into_inner(self) -> E {
        match self {
            Self::Inner(error) => error,
            Self::Value => E::custom("a value could not be serialised, and nothing of it is shown"),
        }
    }
}

impl<E> Error for Fault<E> {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Value
    }
}

impl<E> core::error::Error for Fault<E> {}

impl<E> fmt::Display for Fault<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not serialised")
    }
}

impl<E> fmt::Debug for Fault<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'a, S: Serializer> Walker<'a, S> {
    fn withheld(self) -> Result<S::Ok, Fault<S::Error>> {
        self.inner.serialize_str(DOTS).map_err(Fault::Inner)
    }

    fn done(self) -> Result<Done<S>, Fault<S::Error>> {
        self.withheld().map(|ok| Done(ok, PhantomData))
    }

    fn rows<C>(self, begin: impl FnOnce(S) -> Result<C, S::Error>) -> Result<Rows<'a, C>, Fault<S::Error>> {
        Ok(Rows { rules: self.rules, inner: begin(self.inner).map_err(Fault::Inner)? })
    }
}

/// What is no field and holds none.
macro_rules! withheld {
    ($($method:ident($($arg:ty),*));+) => {
        $(fn $method(self, $(_: $arg),*) -> Result<S::Ok, Self::Error> { self.withheld() })+
    };
}

impl<'a, S: Serializer> Serializer for Walker<'a, S> {
    type Ok = S::Ok;
    type Error = Fault<S::Error>;
    type SerializeSeq = Rows<'a, S::SerializeSeq>;
    type SerializeTuple = Rows<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Rows<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Done<S>;
    type SerializeMap = Map<'a, S::SerializeMap>;
    type SerializeStruct = Struct<'a, S>;
    type SerializeStructVariant = Done<S>;

    withheld! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_i128(i128); serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64);
        serialize_u128(u128); serialize_f32(f32); serialize_f64(f64); serialize_char(char);
        serialize_str(&str); serialize_bytes(&[u8]); serialize_none(); serialize_unit();
        serialize_unit_struct(&'static str); serialize_unit_variant(&'static str, u32, &'static str)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<S::Ok, Self::Error> {
        self.withheld()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, Self::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<S::Ok, Self::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, Self::Error> {
        self.withheld()
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, Self::Error> {
        self.rows(|inner| inner.serialize_seq(len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, Self::Error> {
        self.rows(|inner| inner.serialize_tuple(len))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, Self::Error> {
        self.rows(|inner| inner.serialize_tuple_struct(name, len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Self::Error> {
        self.done()
    }

    /// Without a length: how many entries are withheld does not show.
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Self::Error> {
        let inner = self.inner.serialize_map(None).map_err(Fault::Inner)?;
        Ok(Map { rules: self.rules, inner, fate: Fate::Withheld, has_withheld: false })
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, Self::Error> {
        if name.starts_with(FORMATS_OWN) {
            return self.done().map(Struct::Done);
        }
        let inner = self.inner.serialize_struct(name, len).map_err(Fault::Inner)?;
        Ok(Struct::Fields { rules: self.rules, inner })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Self::Error> {
        self.done()
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// A list or tuple: each element holds fields of its own.
pub(super) struct Rows<'a, C> {
    rules: Rules<'a>,
    inner: C,
}

macro_rules! rows {
    ($($compound:ident: $method:ident),+) => {$(
        impl<C: $compound> $compound for Rows<'_, C> {
            type Ok = C::Ok;
            type Error = Fault<C::Error>;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Self::Error> {
                self.inner.$method(&Walk { rules: self.rules, value }).map_err(Fault::Inner)
            }

            fn end(self) -> Result<C::Ok, Self::Error> {
                self.inner.end().map_err(Fault::Inner)
            }
        }
    )+};
}

rows!(SerializeSeq: serialize_element, SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field);

/// A map. Whatever is withheld of it is one entry.
pub(super) struct Map<'a, C> {
    rules: Rules<'a>,
    inner: C,
    /// Of the key that came last.
    fate: Fate<'a>,
    has_withheld: bool,
}

impl<C: SerializeMap> SerializeMap for Map<'_, C> {
    type Ok = C::Ok;
    type Error = Fault<C::Error>;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Self::Error> {
        let rules = self.rules;
        let fate = key.serialize(TextReader(|name: Option<&str>| rules.fate(name)));
        self.fate = fate.unwrap_or(Fate::Withheld);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Self::Error> {
        let rules = self.rules;
        let written = match core::mem::replace(&mut self.fate, Fate::Withheld) {
            Fate::Masked(name, kind) => {
                self.inner.serialize_entry(name, &Field { kind, form: rules.form, value })
            }
            Fate::Within(name) => self.inner.serialize_entry(name, &Walk { rules, value }),
            Fate::Withheld if core::mem::replace(&mut self.has_withheld, true) => Ok(()),
            Fate::Withheld => self.inner.serialize_entry(DOTS, DOTS),
        };
        written.map_err(Fault::Inner)
    }

    fn end(self) -> Result<C::Ok, Self::Error> {
        self.inner.end().map_err(Fault::Inner)
    }
}

/// A struct: its names are the program's own, and show.
pub(super) enum Struct<'a, S: Serializer> {
    Fields { rules: Rules<'a>, inner: S::SerializeStruct },
    Done(Done<S>),
}

impl<S: Serializer> SerializeStruct for Struct<'_, S> {
    type Ok = S::Ok;
    type Error = Fault<S::Error>;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Self::Error> {
        let Self::Fields { rules, inner } = self else { return Ok(()) };
        let written = match rules.fate(Some(name)) {
            Fate::Masked(_, kind) => inner.serialize_field(name, &Field { kind, form: rules.form, value }),
            Fate::Within(_) => inner.serialize_field(name, &Walk { rules: *rules, value }),
            Fate::Withheld => inner.serialize_field(name, DOTS),
        };
        written.map_err(Fault::Inner)
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), Self::Error> {
        let Self::Fields { inner, .. } = self else { return Ok(()) };
        inner.skip_field(name).map_err(Fault::Inner)
    }

    fn end(self) -> Result<S::Ok, Self::Error> {
        match self {
            Self::Fields { inner, .. } => inner.end().map_err(Fault::Inner),
            Self::Done(Done(ok, _)) => Ok(ok),
        }
    }
}

/// What is withheld already: nothing of what follows is looked at.
pub(super) struct Done<S: Serializer>(S::Ok, PhantomData<S>);

macro_rules! done {
    ($($compound:ident($($arg:ty)?)),+) => {$(
        impl<S: Serializer> $compound for Done<S> {
            type Ok = S::Ok;
            type Error = Fault<S::Error>;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                $(_: $arg,)?
                _: &T,
            ) -> Result<(), Self::Error> {
                Ok(())
            }

            fn end(self) -> Result<S::Ok, Self::Error> {
                Ok(self.0)
            }
        }
    )+};
}

done!(SerializeTupleVariant(), SerializeStructVariant(&'static str));
