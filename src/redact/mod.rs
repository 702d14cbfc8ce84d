//! Redaction: identifiers found in free text and replaced.
//!
//! A [`Scanner`] finds them; a [`Redactor`] puts a label, a mask or a token in their place, in strings, in
//! streams ([`RedactingWriter`], [`RedactingReader`]), in JSON documents and, with the feature `tracing`, in
//! log lines before they are written.
//!
//! Rules: if redaction fails, the text is dropped and the event kept. Tokens are made by whoever has keys
//! ([`MakeToken`]): this room knows no cryptography.
//!
//! Security note: a scanner finds what has a form. Names, addresses and numbers that look like nothing are
//! not found; `docs/redaction.md` lists what is missed, with figures. Buffers are wiped.

mod redactor;
mod replace;
mod scan;
mod stream;

pub use redactor::Redactor;
pub use replace::{MakeToken, Replacement};
pub use scan::{
    Confidence, Evidence, MAX_ENTRY_LEN, MAX_PATTERNS, MIN_ENTRY_LEN, Scanner, ScannerBuilder, TextFinding,
    TextFindings, TextKind, Why,
};
pub use stream::{RedactingReader, RedactingWriter};
