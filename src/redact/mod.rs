//! Redaction: what stands where a value must not stand.
//!
//! Of a value whose kind is known: a [`Mask`], of its [`MaskKind`] and a [`MaskForm`]; [`Redacted`] prints and
//! serialises as its mask, and so do all fields under [`by_schema`]. Of free text: a [`Scanner`] finds
//! identifiers, and a [`Redactor`] puts a label, a mask or a token in their place: in strings, streams, JSON
//! and, with the feature `tracing`, log lines.
//!
//! Rules: a mask is made of the normal form of a value and has one width for its kind; what has not the form
//! of its kind is masked whole; a field that the schema does not name is withheld. If redaction of a text
//! fails, the text is dropped. Nothing depends on a locale. Tokens are made by whoever has keys ([`MakeToken`]).
//!
//! Security note: what a mask shows is a disclosure of that part. A scanner finds what has a form: names and
//! addresses it does not. `docs/redaction.md` has both tables. This room knows no cryptography.

mod json;
mod kind;
#[cfg(feature = "tracing")]
pub mod log;
mod mask;
mod redacted;
mod redactor;
mod replace;
mod scan;
mod serialize;
mod stream;

pub use json::{JsonPaths, MAX_PATH_LEN};
pub use kind::MaskKind;
pub use mask::{Mask, MaskForm};
pub use redacted::Redacted;
pub use redactor::Redactor;
pub use replace::{MakeToken, Replacement};
pub use scan::{
    Clue, Clues, Confidence, MAX_ENTRY_LEN, MAX_PATTERNS, MIN_ENTRY_LEN, Scanner, ScannerBuilder,
    TextFinding, TextFindings, TextKind,
};
pub use serialize::{BySchema, by_schema};
pub use stream::{RedactingReader, RedactingWriter};
