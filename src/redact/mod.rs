//! Masks: what stands where a value must not stand.
//!
//! A [`Mask`] is made of a value, its [`MaskKind`] and a [`MaskForm`]; masked views are made of the same masks.
//! [`Redacted`] holds a value that prints and serialises as its mask; [`by_schema`] serialises a host's own
//! structs, maps and rows with every field masked as the schema says.
//!
//! Rules: a mask is made of the normal form of a value, so that separators and width of characters decide
//! nothing; it has one width for its kind; what has not the form of its kind is masked whole; nothing depends
//! on a locale; a field that the schema does not name is withheld.
//!
//! Security note: what a mask shows is a disclosure of that part. How much each kind may show is one table,
//! [`MaskKind`], with its reasons in `docs/redaction.md`. This room knows no cryptography.

mod kind;
mod mask;
mod redacted;
mod serialize;

pub use kind::MaskKind;
pub use mask::{Mask, MaskForm};
pub use redacted::Redacted;
pub use serialize::{BySchema, by_schema};
