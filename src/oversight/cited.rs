//! Where a number or a duty comes from.

use core::fmt;

use serde::Serialize;

use crate::policy::{Certainty, ReadFrom};

/// Where a number or a duty comes from, how sure its reading is, and how the text was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cited {
    /// The paragraph.
    pub cite: &'static str,
    /// How sure the reading is.
    pub certainty: Certainty,
    /// How the text was read. Nothing from memory is quoted.
    pub source: ReadFrom,
}

impl Cited {
    pub(super) const fn new(cite: &'static str, certainty: Certainty, source: ReadFrom) -> Self {
        Self { cite, certainty, source }
    }

    /// What is clear, and nobody has to follow yet.
    pub(super) fn pending(self) -> Self {
        let is_clear = self.certainty == Certainty::Clear;
        Self { certainty: if is_clear { Certainty::Pending } else { self.certainty }, ..self }
    }
}

/// `47 CFR 64.2011(b) (clear, read from primary)`.
impl fmt::Display for Cited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, read from {})", self.cite, self.certainty, self.source)
    }
}
