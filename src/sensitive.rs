//! `Sensitive<T>`: a value that is wiped when it is dropped and says nothing in `Debug`.
//!
//! Rules: no `Display`, no `Serialize`, no `Copy`, no `Clone`; equality in constant time; the
//! one way to the inside is [`Sensitive::expose`], and every call to it inside this crate stands
//! under a line `// EXPOSE: why this is safe`.
//!
//! Security note: wiping covers the value's own memory. A `String` or `Vec` that grew while it
//! was built has left copies behind: build values with their final capacity.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// A secret or a customer's value: wiped on drop, silent in `Debug`, loud to read.
///
/// ```
/// use cpni_guard::Sensitive;
///
/// let ssn = Sensitive::from("987-65-4321".to_owned());
/// assert_eq!(format!("{ssn:?}"), "Sensitive(..)");
/// assert_eq!(ssn.expose(), "987-65-4321");
/// ```
pub struct Sensitive<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Sensitive<T> {
    /// Takes ownership of `value`, which is wiped when this is dropped.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself. Whatever is copied out of the reference is no longer wiped.
    pub fn expose(&self) -> &T {
        &self.0
    }

    pub(crate) fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl From<String> for Sensitive<String> {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<Vec<u8>> for Sensitive<Vec<u8>> {
    fn from(value: Vec<u8>) -> Self {
        Self::new(value)
    }
}

impl<T: Zeroize> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(..)")
    }
}

/// Constant time in the bytes; the lengths are compared openly.
impl<T: Zeroize + AsRef<[u8]>> PartialEq for Sensitive<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().ct_eq(other.0.as_ref()).into()
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Sensitive<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiles only while `Sensitive` lacks the traits that would let a value slip out: each
    /// blanket implementation below would be ambiguous with a real one.
    macro_rules! assert_not_implemented {
        ($type:ty: $($trait:path),+) => {$(
            const _: fn() = || {
                trait AmbiguousIfImplemented<A> { fn check() {} }
                impl<T: ?Sized> AmbiguousIfImplemented<()> for T {}
                struct Invalid;
                impl<T: ?Sized + $trait> AmbiguousIfImplemented<Invalid> for T {}
                let _ = <$type as AmbiguousIfImplemented<_>>::check;
            };
        )+};
    }

    assert_not_implemented!(Sensitive<String>: Clone, Copy, fmt::Display, serde::Serialize, core::ops::Deref, AsRef<[u8]>);

    #[test]
    fn debug_says_nothing_and_equality_is_of_bytes() {
        let a = Sensitive::from("000-12-3456".to_owned());
        assert_eq!(format!("{a:?} {:?}", Some(&a)), "Sensitive(..) Some(Sensitive(..))");
        assert_eq!(a, Sensitive::from("000-12-3456".to_owned()));
        assert_ne!(a, Sensitive::from("000-12-3457".to_owned()));
        assert_ne!(a, Sensitive::from("000-12-345".to_owned()));
    }
}
