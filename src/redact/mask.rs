//! Masks of values: withheld, the kind only, or the part that the kind allows.

mod address;
#[cfg(test)]
mod tests;

use core::fmt;
use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::kind::{MaskKind, Part};
use crate::classify::identifiers::check;
use crate::vocabulary::IdentifierKind;

/// What stands for what is hidden: of one width for all, so that it says nothing of the value.
pub(super) const DOTS: &str = "\u{2022}\u{2022}\u{2022}\u{2022}";
/// Most characters at the end of an identifier that any mask shows. PCI DSS lets no more than these and the
/// issuer's digits of a card be displayed (read in a secondary source); for the others it is our limit.
const MAX_LAST: u8 = 4;
/// Fewest characters that stay hidden where others are shown: a shorter identifier is masked whole. An SSN
/// without its last four has five. Our limit.
const MIN_HIDDEN: usize = 5;
/// A name of fewer or more characters is masked whole. Our limits.
const NAME_LEN: core::ops::RangeInclusive<usize> = 3..=100;
/// A mailbox of fewer characters is masked whole: its first letter would be most of it. Our limit.
const MIN_MAILBOX_LEN: usize = 3;

/// How much a mask shows. What a kind does not allow shows less, never more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaskForm {
    /// `••••`: nothing, not even the kind.
    #[default]
    Withheld,
    /// `[SSN]`: the kind only.
    Kind,
    /// `••••11`: the last characters of the normal form, at most this many and at most as many as the kind
    /// allows ([`MaskKind`]). Where it allows none it is [`MaskForm::Withheld`].
    Last(u8),
    /// The part that a masked view shows: `••••1111` of a card, `D••••` of a name, `••••, Springfield, IL` of an
    /// address. Where there is none it is [`MaskForm::Withheld`].
    Part,
}

/// What is shown in place of a value. It may be printed, logged and sent.
///
/// ```
/// use cpni_guard::redact::{Mask, MaskForm, MaskKind};
///
/// let shown = |kind, form, text| Mask::new(kind, form, text).to_string();
/// assert_eq!(shown(MaskKind::Ssn, MaskForm::Kind, "987-65-4321"), "[SSN]");
/// assert_eq!(shown(MaskKind::Ssn, MaskForm::Last(4), "987-65-4321"), "••••"); // never by default
/// assert_eq!(shown(MaskKind::Card, MaskForm::Last(4), "4111 1111 1111 1111"), "••••1111");
/// assert_eq!(shown(MaskKind::Card, MaskForm::Last(4), "4111 1111 1111"), "••••"); // no card number
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Mask(Cow<'static, str>);

impl Mask {
    /// Nothing is shown.
    pub const WITHHELD: Self = Self(Cow::Borrowed(DOTS));

    /// The mask of a value. A value that has not the form of its kind, or fails its check, shows no part.
    #[must_use]
    pub fn new(kind: MaskKind, form: MaskForm, text: &str) -> Self {
        match (form, kind.part()) {
            (MaskForm::Kind, _) => Self::of_kind(kind),
            (MaskForm::Last(k), Part::Last { of, .. }) => last(of, text, k),
            (MaskForm::Part, Part::Last { of, usual }) => last(of, text, usual),
            (MaskForm::Part, Part::Initial) => initial(text),
            (MaskForm::Part, Part::Mailbox) => mailbox(text),
            (MaskForm::Part, Part::CityAndState) => match address::city_and_state(text) {
                Some((city, state)) => Self(format!("{DOTS}, {city}, {state}").into()),
                None => Self::WITHHELD,
            },
            (MaskForm::Withheld | MaskForm::Last(_) | MaskForm::Part, _) => Self::WITHHELD,
        }
    }

    /// The kind only, for a value that is not looked at.
    #[must_use]
    pub const fn of_kind(kind: MaskKind) -> Self {
        Self(Cow::Borrowed(kind.label()))
    }

    /// The last four digits of an SSN. **They are an authenticator at other carriers and banks, and "readily
    /// available biographical information" (47 CFR 64.2003(m)).** Nothing in the library calls this: somebody who
    /// may see them has a grant for the class `ssn_last4`. It is for forms that the law has a carrier print.
    #[must_use]
    pub fn dangerous_ssn_last_four(text: &str) -> Self {
        last(IdentifierKind::Ssn, text, MAX_LAST)
    }

    /// The text of the mask.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// As the mask: it shows nothing that must not be shown.
impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Mask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The last `k` characters of an identifier that passes its check.
fn last(kind: IdentifierKind, text: &str, k: u8) -> Mask {
    let shown = usize::from(k.min(MAX_LAST));
    let Ok(identifier) = check(kind, text, None) else { return Mask::WITHHELD };
    // EXPOSE: at most `MAX_LAST` characters of it leave this function; normal forms are ASCII.
    let normal = identifier.normalised().expose();
    match normal.len().checked_sub(shown) {
        Some(hidden) if hidden >= MIN_HIDDEN && shown > 0 => {
            Mask(format!("{DOTS}{}", normal.get(hidden..).unwrap_or_default()).into())
        }
        Some(_) | None => Mask::WITHHELD,
    }
}

/// The first letter of a name of letters, if it is one of A to Z: in scripts where one character is a
/// syllable or a whole family name, it would be too much.
fn initial(text: &str) -> Mask {
    let text = text.trim();
    let is_name = |c: char| c.is_alphabetic() || matches!(c, ' ' | '.' | '-' | '\'' | '\u{2019}');
    let len = text.chars().filter(|c| c.is_alphabetic()).count();
    match text.chars().next() {
        Some(first)
            if first.is_ascii_alphabetic() && NAME_LEN.contains(&len) && text.chars().all(is_name) =>
        {
            Mask(format!("{}{DOTS}", first.to_ascii_uppercase()).into())
        }
        Some(_) | None => Mask::WITHHELD,
    }
}

/// The first letter of a mailbox, and nothing of the domain: it may be the customer's own.
fn mailbox(text: &str) -> Mask {
    let Ok(identifier) = check(IdentifierKind::Email, text, None) else { return Mask::WITHHELD };
    // EXPOSE: one letter of it leaves this function.
    let local = identifier.normalised().expose().split('@').next().unwrap_or_default();
    match local.chars().next() {
        Some(first) if first.is_ascii_alphabetic() && local.len() >= MIN_MAILBOX_LEN => {
            Mask(format!("{first}{DOTS}@{DOTS}").into())
        }
        Some(_) | None => Mask::WITHHELD,
    }
}
