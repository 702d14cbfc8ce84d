//! One caller at a time, and none that waits for itself.
//!
//! Why: a call to an interaction may ask the host, and the host's answer may, by mistake, call the same
//! interaction. A plain lock would then wait for ever.

use std::cell::RefCell;
#[cfg(feature = "guard")]
use std::sync::{Mutex, PoisonError};

use crate::error::CpniError;

thread_local! {
    /// The addresses of what this thread is inside of.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// A value that is there until it is taken. Threads wait for each other.
#[cfg(feature = "guard")]
pub(crate) struct Exclusive<T>(Mutex<Option<T>>);

#[cfg(feature = "guard")]
impl<T> Exclusive<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(Some(value)))
    }

    /// Works with the value; `gone` where it was taken. After a panic it is of no use any more.
    pub(crate) fn with<R>(
        &self,
        gone: CpniError,
        work: impl FnOnce(&mut T) -> Result<R, CpniError>,
    ) -> Result<R, CpniError> {
        let _inside = Inside::enter(std::ptr::from_ref(self).addr())?;
        let mut held = self.0.lock().map_err(|_| CpniError::PANIC)?;
        work(held.as_mut().ok_or(gone)?)
    }

    /// Takes the value, also after a panic; `None` if it is gone.
    pub(crate) fn take(&self) -> Result<Option<T>, CpniError> {
        let _inside = Inside::enter(std::ptr::from_ref(self).addr())?;
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

/// This thread is inside of what has this address.
pub(crate) struct Inside(usize);

impl Inside {
    /// Refuses a thread that is inside already.
    pub(crate) fn enter(address: usize) -> Result<Self, CpniError> {
        INSIDE.with_borrow_mut(|inside| {
            if inside.contains(&address) {
                return Err(CpniError::BUSY);
            }
            inside.push(address);
            Ok(Self(address))
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(|inside| inside.retain(|address| *address != self.0));
    }
}

#[cfg(all(test, feature = "guard"))]
mod tests {
    use super::*;

    #[test]
    fn who_is_inside_is_refused_and_not_hung() {
        let one = Exclusive::new(1);
        let other = Exclusive::new(2);
        let nested = one.with(CpniError::CLOSED, |_| {
            assert_eq!(other.with(CpniError::CLOSED, |value| Ok(*value)), Ok(2));
            one.with(CpniError::CLOSED, |value| Ok(*value))
        });
        assert_eq!(nested, Err(CpniError::BUSY));
        assert_eq!(one.with(CpniError::CLOSED, |value| Ok(*value)), Ok(1), "and is free again");
        assert_eq!(one.take(), Ok(Some(1)));
        assert_eq!(one.with(CpniError::CLOSED, |value| Ok(*value)), Err(CpniError::CLOSED));
    }
}
