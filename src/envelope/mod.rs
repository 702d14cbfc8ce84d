//! Sealed records and sealed fields: what a host stores in place of its customers' values.
//!
//! Rules: each field is sealed alone, under the key of its account and class, and bound to tenant,
//! account, record id, field name, class, shape, key version and subject epoch. The bytes are
//! `docs/spec/sealed-v1.md`; `v1.rs` is that text in code, and frozen. Structure is checked once,
//! when bytes come in; nothing is opened here without keys and binding.
//!
//! Security note: not detected are an older value of the same field put back, and a field left out
//! of a record. Names, classes and rough lengths of fields are not hidden.

mod aad;
mod open;
mod reseal;
mod rows;
mod seal;
mod sealed;
mod stored;
mod text;
mod v1;

#[cfg(test)]
mod tests;

pub use sealed::{SealedField, SealedRecord};
pub use stored::{SealedAgain, Stored};

#[allow(unused_imports, reason = "the crate's own way in: the guard above uses what it needs")]
pub(crate) use self::{
    aad::Binding,
    open::Opener,
    rows::{RowParts, decode_rows, encode_rows},
    seal::{PlainContent, PlainField, seal_record},
    v1::Shape,
};
#[cfg(test)]
pub(crate) use seal::seal_record_for_testing;
