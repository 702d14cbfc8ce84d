//! A value that prints and serialises as its mask.

use core::fmt;

use serde::{Serialize, Serializer};
use zeroize::Zeroize;

use super::{Mask, MaskForm, MaskKind};
use crate::sensitive::Sensitive;

/// A value with its mask: `Debug`, `Display` and `Serialize` give the mask, so that a struct that holds it can be
/// logged or returned. As with [`Sensitive`], the value is wiped on drop and [`Redacted::expose`] is the one way
/// to it.
///
/// ```
/// use cpni_guard::Sensitive;
/// use cpni_guard::redact::{MaskForm, MaskKind, Redacted};
///
/// let ssn = Redacted::new(MaskKind::Ssn, Sensitive::from("987-65-4321".to_owned()));
/// assert_eq!(format!("{ssn} {ssn:?}"), "[SSN] [SSN]");
/// assert_eq!(serde_json::to_string(&ssn)?, "\"[SSN]\"");
/// let card = Sensitive::from("4111 1111 1111 1111".to_owned());
/// assert_eq!(Redacted::showing(MaskKind::Card, MaskForm::Last(4), card).to_string(), "••••1111");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct Redacted<T: Zeroize> {
    mask: Mask,
    value: Sensitive<T>,
}

impl<T: Zeroize> Redacted<T> {
    /// A value of any type, which shows its kind.
    #[must_use]
    pub fn new(kind: MaskKind, value: Sensitive<T>) -> Self {
        Self { mask: Mask::of_kind(kind), value }
    }

    /// What is shown of it.
    #[must_use]
    pub const fn mask(&self) -> &Mask {
        &self.mask
    }

    /// The value itself. Whatever is copied out of the reference is no longer wiped.
    pub fn expose(&self) -> &T {
        // EXPOSE: the caller asks for it, as loudly as with `Sensitive`.
        self.value.expose()
    }
}

impl<T: Zeroize + AsRef<str>> Redacted<T> {
    /// A text, which shows what `form` and its kind allow.
    #[must_use]
    pub fn showing(kind: MaskKind, form: MaskForm, value: Sensitive<T>) -> Self {
        // EXPOSE: masked.
        Self { mask: Mask::new(kind, form, value.expose().as_ref()), value }
    }
}

impl<T: Zeroize> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.mask, f)
    }
}

impl<T: Zeroize> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.mask, f)
    }
}

impl<T: Zeroize> Serialize for Redacted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.mask.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_any_type_is_its_mask_and_can_still_be_used() {
        let digits = Redacted::new(MaskKind::Secret, Sensitive::new([1_u8, 2, 3, 4]));
        assert_eq!(format!("{digits} {digits:?} {:?}", Some(&digits)), "[SECRET] [SECRET] Some([SECRET])");
        assert_eq!(serde_json::to_value([&digits]).unwrap(), serde_json::json!(["[SECRET]"]));
        assert_eq!(digits.expose(), &[1, 2, 3, 4]);
        let name = Sensitive::from("Dana Example".to_owned());
        let name = Redacted::showing(MaskKind::Name, MaskForm::Part, name);
        assert_eq!(format!("{name:>6} {}", name.mask()), " D•••• D••••");
        assert_eq!(name.expose(), "Dana Example");
    }
}
