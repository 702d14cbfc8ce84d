//! What a field is: its class, the kind of identifier in it, and its shape.
//!
//! A [`Schema`] names the fields of a host's records, one line a field. A [`Record`] is what the
//! host hands in: it is admitted only if the schema names every field. [`identifiers`] bring a
//! value to one spelling and check it. A schema says by which fields accounts are found ([`IndexSpec`]).
//!
//! Rules: a field that the schema does not name is an error, never a pass-through; a value that
//! fails its check is still admitted, unchanged, with a [`Concern`], because protection must not
//! depend on validity; the last four digits of an SSN are a field of their own.
//!
//! Security note: values are owned and wiped, `Debug` is silent, and no error or concern repeats
//! the text of a value. This room knows no cryptography.

pub mod identifiers;
mod index;
mod normal;
mod record;
mod schema;

pub use index::{
    IndexPlan, IndexSpec, MAX_INDEX_FIELDS, MAX_INDEXES, MAX_TERM_BITS, MIN_INDEXED_ROWS, Population,
};
pub(crate) use normal::NormalForm;
#[allow(unused_imports, reason = "the first room that seals takes them")]
pub(crate) use record::{Admitted, AdmittedField};
pub use record::{CallRow, Concern, FieldValue, MAX_ROW_TEXT_LEN, MAX_ROWS, MAX_VALUE_LEN, Record};
pub use schema::{FieldSpec, LAST_FOUR_SUFFIX, MAX_FIELDS, Schema};
