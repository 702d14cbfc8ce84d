//! Counts that say whether they are exact.

use core::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::vocabulary::Outcome;

/// A count. Where the log is incomplete it is a lower bound and is written as one: nobody who reads
/// the number alone takes a gap for a zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    count: u64,
    exact: bool,
}

impl Figure {
    pub(super) const fn new(count: u64, exact: bool) -> Self {
        Self { count, exact }
    }

    /// What was counted.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.count
    }

    /// Whether it is all that there was.
    #[must_use]
    pub const fn is_exact(self) -> bool {
        self.exact
    }
}

/// `1,234`; `at least 1,234`; `not known` where nothing was found in a log that is incomplete.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { exact: true, count } => f.write_str(&thousands(*count)),
            Self { exact: false, count: 0 } => f.write_str("not known"),
            Self { exact: false, count } => write!(f, "at least {}", thousands(*count)),
        }
    }
}

/// A number, or `{"at_least": number}`.
impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.exact {
            return serializer.serialize_u64(self.count);
        }
        let mut bound = serializer.serialize_struct("Figure", 1)?;
        bound.serialize_field("at_least", &self.count)?;
        bound.end()
    }
}

/// How decisions came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Outcomes<N> {
    /// The value was given out, or the action allowed.
    pub disclosed: N,
    /// A part of the value, or another form of it.
    pub limited: N,
    /// Match or no match, and nothing else.
    pub verify_only: N,
    /// Nothing.
    pub withheld: N,
}

impl Outcomes<u64> {
    pub(super) const fn add(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Disclose => &mut self.disclosed,
            Outcome::DiscloseLimited => &mut self.limited,
            Outcome::VerifyOnly => &mut self.verify_only,
            Outcome::Withhold => &mut self.withheld,
        };
        *count = count.saturating_add(1);
    }

    pub(super) const fn given(&self) -> u64 {
        self.disclosed.saturating_add(self.limited).saturating_add(self.verify_only)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            disclosed: self.disclosed.saturating_add(other.disclosed),
            limited: self.limited.saturating_add(other.limited),
            verify_only: self.verify_only.saturating_add(other.verify_only),
            withheld: self.withheld.saturating_add(other.withheld),
        }
    }

    pub(super) const fn figures(self, exact: bool) -> Outcomes<Figure> {
        Outcomes {
            disclosed: Figure::new(self.disclosed, exact),
            limited: Figure::new(self.limited, exact),
            verify_only: Figure::new(self.verify_only, exact),
            withheld: Figure::new(self.withheld, exact),
        }
    }
}

impl Outcomes<Figure> {
    /// All that gave something out.
    #[must_use]
    pub const fn given(&self) -> Figure {
        let Self { disclosed, limited, verify_only, .. } = self;
        let count = disclosed.count.saturating_add(limited.count).saturating_add(verify_only.count);
        Figure::new(count, disclosed.exact)
    }

    /// All decisions.
    #[must_use]
    pub const fn all(&self) -> Figure {
        Figure::new(self.given().count.saturating_add(self.withheld.count), self.withheld.exact)
    }
}

/// With a comma for each thousand.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
