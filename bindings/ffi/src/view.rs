//! A view: what was decided as bytes, its values behind an object that ends (`values`).

use std::fmt;
use std::sync::Arc;

use cpni_guard::View;

use crate::decision::Explanation;
use crate::error::{CpniError, call};
use crate::layout;
use crate::values::{Held, Shown};

/// The answer to a view.
#[derive(Debug, uniffi::Record)]
pub struct ViewAnswer {
    /// The values.
    pub view: Arc<DisclosedView>,
    /// Its audit event and a decision for each field, without a value: an answer to a view in the layout of
    /// `docs/spec/binding-layout-v1.md`.
    pub told: Vec<u8>,
}

impl ViewAnswer {
    pub(crate) fn new(view: View) -> Result<Self, CpniError> {
        Ok(Self { told: layout::told(&view)?, view: Arc::new(DisclosedView(Held::new(view))) })
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
pub struct DisclosedView(Held<View>);

#[uniffi::export]
impl DisclosedView {
    /// How many bytes `reveal` would give.
    ///
    /// # Errors
    /// As [`DisclosedView::reveal`].
    pub fn length(&self, at: u32) -> Result<u64, CpniError> {
        call(|| self.0.length(at))
    }

    /// The value of a field: a text as UTF-8, or calls (`docs/spec/binding-layout-v1.md`).
    ///
    /// # Errors
    /// 8001 once it was wiped or the interaction ended; 8003 where it is withheld or absent; 9306.
    pub fn reveal(&self, at: u32) -> Result<Vec<u8>, CpniError> {
        call(|| self.0.reveal(at))
    }

    /// Every value that is given out, in the layout of a record.
    ///
    /// # Errors
    /// 8001 once it was wiped or the interaction ended.
    pub fn reveal_all(&self) -> Result<Vec<u8>, CpniError> {
        call(|| self.0.reveal_all())
    }

    /// Whether a text is the value, in constant time. To compare without looking.
    ///
    /// # Errors
    /// As [`DisclosedView::reveal`]; 8004 for calls; 9303.
    pub fn matches(&self, at: u32, stated: &[u8]) -> Result<bool, CpniError> {
        call(|| self.0.matches(at, stated))
    }

    /// Explains the decision on a field.
    ///
    /// # Errors
    /// 8001 once it was wiped; 9306 if there is no such place.
    pub fn explain(&self, at: u32) -> Result<Explanation, CpniError> {
        call(|| {
            self.0.view(|view| {
                let at = usize::try_from(at).map_err(|_| CpniError::NO_SUCH_PLACE)?;
                let (name, shown) = view.fields().nth(at).ok_or(CpniError::NO_SUCH_PLACE)?;
                Ok(Explanation::new(name.as_str(), shown.decision()))
            })
        })
    }

    /// Wipes the values. The object is of no use afterwards.
    ///
    /// # Errors
    /// Never.
    pub fn wipe(&self) -> Result<(), CpniError> {
        call(|| {
            self.0.wipe();
            Ok(())
        })
    }
}

/// Silent.
impl fmt::Debug for DisclosedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DisclosedView(..)")
    }
}

impl Shown for View {
    type Value<'v> = cpni_guard::Disclosed<'v>;

    fn values(&self) -> impl Iterator<Item = (&str, Result<Self::Value<'_>, CpniError>)> {
        self.fields().map(|(name, shown)| (name.as_str(), shown.disclosed().map_err(CpniError::from)))
    }
}
