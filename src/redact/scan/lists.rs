//! What the host lists as never to be reported, and as always to be found.
//!
//! Rules: an entry is a whole value, compared in its normal form with a whole finding. Part of a value, or of
//! the text around it, neither lets a finding through nor makes one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::classify::identifiers::normalise;
use crate::error::RedactError;
use crate::sensitive::Sensitive;

use super::finding::TextKind;

/// Longest entry, in bytes.
pub const MAX_ENTRY_LEN: usize = 64;
/// Fewest letters and digits of an entry that is always to be found.
pub const MIN_ENTRY_LEN: usize = 4;

/// The lists of a scanner.
#[derive(Default)]
pub(super) struct Lists {
    allowed: BTreeSet<(TextKind, String)>,
    denied: BTreeMap<String, TextKind>,
}

impl Lists {
    pub(super) fn allow(&mut self, kind: TextKind, value: &str) -> Result<(), RedactError> {
        if value.is_empty() || value.len() > MAX_ENTRY_LEN {
            return Err(RedactError::ListEntry { len: value.len() });
        }
        self.allowed.insert((kind, normal(kind, value)));
        Ok(())
    }

    pub(super) fn deny(&mut self, kind: TextKind, value: &str) -> Result<(), RedactError> {
        let bare = bare(value);
        let fits = (MIN_ENTRY_LEN..=MAX_ENTRY_LEN).contains(&bare.len());
        if !fits || !bare.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(RedactError::ListEntry { len: value.len() });
        }
        self.denied.insert(bare, kind);
        Ok(())
    }

    /// Whether a whole finding is listed as never to be reported.
    pub(super) fn allows(&self, kind: TextKind, written: &[u8]) -> bool {
        if self.allowed.is_empty() {
            return false;
        }
        let Ok(written) = core::str::from_utf8(written) else { return false };
        self.allowed.contains(&(kind, normal(kind, written)))
    }

    /// The kind as which a whole value is listed to be found.
    pub(super) fn denied(&self, written: &str) -> Option<TextKind> {
        if self.denied.is_empty() { None } else { self.denied.get(&bare(written)).copied() }
    }

    pub(super) fn denies(&self) -> bool {
        !self.denied.is_empty()
    }
}

fn normal(kind: TextKind, value: &str) -> String {
    let normalised = kind.identifier().and_then(|identifier| normalise(identifier, value));
    // EXPOSE: the entries are the host's own numbers, and a value is looked up among them and dropped.
    normalised.as_ref().map(Sensitive::expose).map_or_else(|| value.trim().to_lowercase(), Clone::clone)
}

fn bare(value: &str) -> String {
    value.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}
