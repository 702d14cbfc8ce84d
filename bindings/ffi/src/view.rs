//! A view: its decisions as a record, its values behind an object that ends.
//!
//! Rules: the values stay on this side until they are revealed, are wiped by `wipe`, by the end of the
//! interaction and when the object is freed, and cross as bytes, one call for one value or for all.
//!
//! Security note: what `reveal` gives is a copy in the caller's memory, and the caller's to overwrite.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use cpni_guard::classify::FieldValue;
use cpni_guard::error::DiscloseError;
use cpni_guard::{Disclosed, FieldView, Sensitive, View};

use crate::answer::FieldAnswer;
use crate::decision::Explanation;
use crate::error::{CpniError, call};
use crate::layout;

/// The answer to a view.
#[derive(Debug, uniffi::Record)]
pub struct ViewAnswer {
    /// The values.
    pub view: Arc<DisclosedView>,
    /// A decision for each field, in the order in which they were asked for.
    pub fields: Vec<FieldAnswer>,
    /// The number of the audit event that records this view, from 0.
    pub audit_index: u64,
}

impl ViewAnswer {
    pub(crate) fn new(view: View) -> Self {
        Self {
            fields: view.fields().map(|(name, shown)| FieldAnswer::new(name.as_str(), &shown)).collect(),
            audit_index: view.audit_index(),
            view: Arc::new(DisclosedView(RwLock::new(Some(view)))),
        }
    }
}

/// One of several views that were asked for at once.
#[derive(Debug, uniffi::Enum)]
pub enum ViewResult {
    /// It was decided.
    Viewed {
        /// The answer.
        answer: ViewAnswer,
    },
    /// This one failed; the others did not.
    Failed {
        /// The stable code.
        code: u16,
    },
}

/// The values of a view. Fields are named by their place in it, from 0.
#[derive(uniffi::Object)]
pub struct DisclosedView(RwLock<Option<View>>);

#[uniffi::export]
impl DisclosedView {
    /// How many bytes `reveal` would give.
    ///
    /// # Errors
    /// As [`DisclosedView::reveal`].
    pub fn length(&self, at: u32) -> Result<u64, CpniError> {
        self.look(at, |value| u64::try_from(layout::value_len(value)).map_err(|_| CpniError::LAYOUT))
    }

    /// The value of a field: a text as UTF-8, or calls (`docs/spec/binding-layout-v1.md`).
    ///
    /// # Errors
    /// 8001 once it was wiped or the interaction ended; 8003 where it is withheld or absent; 9306.
    pub fn reveal(&self, at: u32) -> Result<Vec<u8>, CpniError> {
        self.look(at, layout::value_bytes)
    }

    /// Every value that is given out, in the layout of a record.
    ///
    /// # Errors
    /// 8001 once it was wiped or the interaction ended.
    pub fn reveal_all(&self) -> Result<Vec<u8>, CpniError> {
        self.view(view_bytes)
    }

    /// Whether a text is the value, in constant time. To compare without looking.
    ///
    /// # Errors
    /// As [`DisclosedView::reveal`]; 8004 for calls; 9303.
    pub fn matches(&self, at: u32, stated: &[u8]) -> Result<bool, CpniError> {
        self.look(at, |value| match value {
            FieldValue::Text(text) => Ok(*text == Sensitive::from(layout::text(stated)?.to_owned())),
            FieldValue::Calls(_) => Err(DiscloseError::WrongShape.into()),
        })
    }

    /// Explains the decision on a field.
    ///
    /// # Errors
    /// 8001 once it was wiped; 9306 if there is no such place.
    pub fn explain(&self, at: u32) -> Result<Explanation, CpniError> {
        self.view(|view| {
            let (name, shown) = nth(view, at)?;
            Ok(Explanation::new(name, shown.decision()))
        })
    }

    /// Wipes the values. The object is of no use afterwards.
    ///
    /// # Errors
    /// Never.
    pub fn wipe(&self) -> Result<(), CpniError> {
        call(|| {
            drop(self.0.write().unwrap_or_else(PoisonError::into_inner).take());
            Ok(())
        })
    }
}

impl DisclosedView {
    fn view<R>(&self, look: impl FnOnce(&View) -> Result<R, CpniError>) -> Result<R, CpniError> {
        call(|| {
            let held = self.0.read().map_err(|_| CpniError::PANIC)?;
            look(held.as_ref().ok_or(DiscloseError::Closed)?)
        })
    }

    fn look<R>(
        &self,
        at: u32,
        look: impl FnOnce(&FieldValue) -> Result<R, CpniError>,
    ) -> Result<R, CpniError> {
        self.view(|view| nth(view, at)?.1.disclosed()?.with(look)?)
    }
}

/// Silent.
impl fmt::Debug for DisclosedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DisclosedView(..)")
    }
}

/// Every value of a view, in the layout of a record.
pub(crate) fn view_bytes(view: &View) -> Result<Vec<u8>, CpniError> {
    let shown: Vec<_> = view.fields().collect();
    let disclosed: Vec<(&str, Option<Disclosed<'_>>)> = shown
        .iter()
        .map(|(name, shown)| {
            let value = match shown {
                FieldView::Disclosed(value) => Some(*value),
                FieldView::Withheld(_) | FieldView::Absent(_) => None,
            };
            (name.as_str(), value)
        })
        .collect();
    layout::write_values(&disclosed)
}

fn nth(view: &View, at: u32) -> Result<(&str, FieldView<'_>), CpniError> {
    let at = usize::try_from(at).map_err(|_| CpniError::NO_SUCH_PLACE)?;
    let (name, shown) = view.fields().nth(at).ok_or(CpniError::NO_SUCH_PLACE)?;
    Ok((name.as_str(), shown))
}
