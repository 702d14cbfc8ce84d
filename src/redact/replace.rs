//! What stands in place of a value: a mask, or a token that somebody with keys makes.

use std::fmt;
use std::sync::Arc;

use crate::classify::identifiers::normalise;
use crate::error::Error;
use crate::sensitive::Sensitive;

use super::mask::{Mask, MaskForm};
use super::scan::TextKind;

/// Makes tokens for values: [`crate::Guard::blind_tokens`], [`crate::Guard::vault_tokens`], or the host's own.
pub trait MakeToken: Send + Sync {
    /// What stands for a value of this kind. `value` is in the normal form of its kind where it has one, and
    /// as written otherwise.
    ///
    /// # Errors
    /// Any: the text is dropped then.
    fn make_token(&self, kind: TextKind, value: &Sensitive<String>) -> Result<String, Error>;
}

/// What stands in place of a finding.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Replacement {
    /// Its kind: `[SSN]`.
    #[default]
    Label,
    /// A mask of this form. What shows has been shown: `••••1111` of a card.
    Mask(MaskForm),
    /// A token: the same value may get the same one, or lead back to it.
    Token(Arc<dyn MakeToken>),
}

impl Replacement {
    /// Writes what stands for a value.
    pub(super) fn write(&self, kind: TextKind, written: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Label => out.extend_from_slice(kind.label().as_bytes()),
            // EXPOSE: masked, and wiped.
            Self::Mask(form) => out.extend_from_slice(
                Mask::new(kind.mask(), *form, normal(kind, written).expose()).as_str().as_bytes(),
            ),
            Self::Token(maker) => {
                out.extend_from_slice(maker.make_token(kind, &normal(kind, written))?.as_bytes())
            }
        }
        Ok(())
    }
}

/// Silent of the maker: it has keys.
impl fmt::Debug for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label => f.write_str("Label"),
            Self::Mask(form) => write!(f, "Mask({form:?})"),
            Self::Token(_) => f.write_str("Token(..)"),
        }
    }
}

/// A value in the normal form of its kind; as written where it has none.
fn normal(kind: TextKind, written: &[u8]) -> Sensitive<String> {
    let mut text = Sensitive::new(String::with_capacity(written.len()));
    // INVARIANT: the scanner's spans end at characters, so only text that was none before is refused.
    if let Ok(written) = core::str::from_utf8(written) {
        text.expose_mut().push_str(written);
    }
    let normalised = kind.identifier().and_then(|identifier| {
        // EXPOSE: brought to its normal form, which is wiped too.
        normalise(identifier, text.expose())
    });
    normalised.unwrap_or(text)
}
