//! The values of a view, whoever opened it: a guard, or an agent's machine.
//!
//! Rules: they stay on this side until they are revealed, are wiped by `wipe`, by the end of what they
//! belong to and when the object is freed, and cross as bytes, one call for one value or for all.
//!
//! Security note: what `reveal` gives is a copy in the caller's memory, and the caller's to overwrite.

use std::sync::{PoisonError, RwLock};

use cpni_guard::Sensitive;
use cpni_guard::classify::FieldValue;
use cpni_guard::error::DiscloseError;

use crate::error::CpniError;
use crate::layout;

/// A view: fields in the order in which they were asked for, some with a value.
pub(crate) trait Shown {
    /// A value that may be over.
    type Value<'v>: layout::Value
    where
        Self: 'v;

    /// The fields; an error stands for a value that is not given out.
    fn values(&self) -> impl Iterator<Item = (&str, Result<Self::Value<'_>, CpniError>)>;
}

/// A view until it is wiped. Fields are named by their place in it, from 0.
pub(crate) struct Held<V>(RwLock<Option<V>>);

impl<V: Shown> Held<V> {
    pub(crate) const fn new(view: V) -> Self {
        Self(RwLock::new(Some(view)))
    }

    /// Looks at the view; 8001 once it was wiped.
    pub(crate) fn view<R>(&self, look: impl FnOnce(&V) -> Result<R, CpniError>) -> Result<R, CpniError> {
        let held = self.0.read().map_err(|_| CpniError::PANIC)?;
        look(held.as_ref().ok_or(DiscloseError::Closed)?)
    }

    pub(crate) fn length(&self, at: u32) -> Result<u64, CpniError> {
        self.look(at, |value| u64::try_from(layout::value_len(value)).map_err(|_| CpniError::LAYOUT))
    }

    pub(crate) fn reveal(&self, at: u32) -> Result<Vec<u8>, CpniError> {
        self.look(at, layout::value_bytes)
    }

    pub(crate) fn reveal_all(&self) -> Result<Vec<u8>, CpniError> {
        self.view(all_bytes)
    }

    pub(crate) fn matches(&self, at: u32, stated: &[u8]) -> Result<bool, CpniError> {
        self.look(at, |value| match value {
            FieldValue::Text(text) => Ok(*text == Sensitive::from(layout::text(stated)?.to_owned())),
            FieldValue::Calls(_) => Err(DiscloseError::WrongShape.into()),
        })
    }

    pub(crate) fn wipe(&self) {
        drop(self.0.write().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn look<R>(
        &self,
        at: u32,
        look: impl FnOnce(&FieldValue) -> Result<R, CpniError>,
    ) -> Result<R, CpniError> {
        use layout::Value as _;
        self.view(|view| {
            let at = usize::try_from(at).map_err(|_| CpniError::NO_SUCH_PLACE)?;
            let (_, value) = view.values().nth(at).ok_or(CpniError::NO_SUCH_PLACE)?;
            value?.look(look)
        })
    }
}

/// Every value of a view that is given out, in the layout of a record.
pub(crate) fn all_bytes<V: Shown>(view: &V) -> Result<Vec<u8>, CpniError> {
    let values: Vec<_> = view.values().map(|(name, value)| (name, value.ok())).collect();
    layout::write_values(&values)
}
