//! What a view gives: a decision per field, and the values that may be seen while the interaction
//! lives.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::classify::{CallRow, FieldValue};
use crate::error::{DiscloseError, Error};
use crate::interaction::Liveness;
use crate::policy::Decision;
use crate::vocabulary::FieldName;

/// The answer to a view: one decision per field that was asked for, and the values of those that
/// are given out.
#[derive(Debug)]
pub struct View {
    fields: Vec<ViewedField>,
    disclosure: Option<Disclosure>,
    audit_index: u64,
}

/// A field that was asked for.
#[derive(Debug)]
pub(crate) struct ViewedField {
    pub(crate) name: FieldName,
    pub(crate) decision: Decision,
}

/// One field of a [`View`].
#[derive(Debug)]
pub enum FieldView<'v> {
    /// Not given out; the decision says why, and what would help.
    Withheld(&'v Decision),
    /// It may be given out, and the record does not hold it.
    Absent(&'v Decision),
    /// Given out.
    Disclosed(Disclosed<'v>),
}

/// A value that was given out.
#[derive(Debug, Clone, Copy)]
pub struct Disclosed<'v> {
    decision: &'v Decision,
    disclosure: &'v Disclosure,
    name: &'v FieldName,
}

impl View {
    pub(crate) fn new(fields: Vec<ViewedField>, disclosure: Option<Disclosure>, audit_index: u64) -> Self {
        Self { fields, disclosure, audit_index }
    }

    /// One field of the view.
    ///
    /// # Errors
    /// [`DiscloseError::NotAskedFor`].
    pub fn field(&self, name: &str) -> Result<FieldView<'_>, Error> {
        let asked =
            self.fields.iter().find(|field| field.name.as_str() == name).ok_or(DiscloseError::NotAskedFor)?;
        Ok(self.shown(asked))
    }

    /// Every field that was asked for, in that order.
    pub fn fields(&self) -> impl Iterator<Item = (&FieldName, FieldView<'_>)> {
        self.fields.iter().map(|field| (&field.name, self.shown(field)))
    }

    /// The number of the audit event that records this view, from 0.
    #[must_use]
    pub fn audit_index(&self) -> u64 {
        self.audit_index
    }

    /// Shows all values at once, by name, to be sealed for a device session.
    pub(crate) fn with_values<R>(
        &self,
        look: impl FnOnce(&[(FieldName, FieldValue)]) -> R,
    ) -> Result<R, Error> {
        match &self.disclosure {
            Some(disclosure) => disclosure.vault.with_all(look),
            None => Ok(look(&[])),
        }
    }

    /// Wipes what was given out. Dropping the view does the same.
    pub fn close(self) {
        drop(self);
    }

    fn shown<'v>(&'v self, field: &'v ViewedField) -> FieldView<'v> {
        let decision = &field.decision;
        match &self.disclosure {
            _ if !decision.is_allowed() => FieldView::Withheld(decision),
            Some(disclosure) if disclosure.names.contains(&field.name) => {
                FieldView::Disclosed(Disclosed { decision, disclosure, name: &field.name })
            }
            Some(_) | None => FieldView::Absent(decision),
        }
    }
}

impl<'v> FieldView<'v> {
    /// The decision on the field.
    #[must_use]
    pub fn decision(&self) -> &'v Decision {
        match self {
            Self::Withheld(decision) | Self::Absent(decision) => decision,
            Self::Disclosed(disclosed) => disclosed.decision,
        }
    }

    /// The disclosed value.
    ///
    /// # Errors
    /// [`DiscloseError::Withheld`] where there is none.
    pub fn disclosed(self) -> Result<Disclosed<'v>, Error> {
        match self {
            Self::Disclosed(disclosed) => Ok(disclosed),
            Self::Withheld(_) | Self::Absent(_) => Err(DiscloseError::Withheld.into()),
        }
    }
}

impl Disclosed<'_> {
    /// Shows the value to `look`, which should keep no copy of it.
    ///
    /// # Errors
    /// [`DiscloseError::Closed`] once the interaction has ended or expired.
    pub fn with<R>(&self, look: impl FnOnce(&FieldValue) -> R) -> Result<R, Error> {
        self.disclosure.vault.with(self.name, look)
    }

    /// Shows a text to `look`.
    ///
    /// # Errors
    /// [`DiscloseError::Closed`]; [`DiscloseError::WrongShape`] for a list of calls.
    pub fn with_text<R>(&self, look: impl FnOnce(&str) -> R) -> Result<R, Error> {
        self.with(|value| match value {
            // EXPOSE: this is the disclosure.
            FieldValue::Text(text) => Ok(look(text.expose())),
            FieldValue::Calls(_) => Err(DiscloseError::WrongShape.into()),
        })?
    }

    /// Shows a list of calls to `look`.
    ///
    /// # Errors
    /// [`DiscloseError::Closed`]; [`DiscloseError::WrongShape`] for a text.
    pub fn with_calls<R>(&self, look: impl FnOnce(&[CallRow]) -> R) -> Result<R, Error> {
        self.with(|value| match value {
            FieldValue::Calls(rows) => Ok(look(rows)),
            FieldValue::Text(_) => Err(DiscloseError::WrongShape.into()),
        })?
    }
}

/// Opened values, held for as long as their interaction lives. Wiped on drop.
pub struct Disclosure {
    names: Vec<FieldName>,
    vault: Arc<Vault>,
}

impl Disclosure {
    pub(super) fn new(values: Vec<(FieldName, FieldValue)>, liveness: Arc<Liveness>) -> Self {
        let names = values.iter().map(|(name, _)| name.clone()).collect();
        Self { names, vault: Arc::new(Vault { values: Mutex::new(values), liveness }) }
    }

    pub(crate) fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosure").field("names", &self.names).finish_non_exhaustive()
    }
}

/// The values themselves. The interaction keeps a weak hold on it, to wipe it at its end.
pub(crate) struct Vault {
    values: Mutex<Vec<(FieldName, FieldValue)>>,
    liveness: Arc<Liveness>,
}

impl Vault {
    /// Wipes the values: whoever still holds the view finds it closed.
    pub(crate) fn wipe(&self) {
        // The values wipe themselves on drop.
        self.values.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn with<R>(&self, name: &FieldName, look: impl FnOnce(&FieldValue) -> R) -> Result<R, Error> {
        self.with_all(|values| {
            let value = values.iter().find(|(held, _)| held == name).map(|(_, value)| value);
            Ok(look(value.ok_or(DiscloseError::Closed)?))
        })?
    }

    fn with_all<R>(&self, look: impl FnOnce(&[(FieldName, FieldValue)]) -> R) -> Result<R, Error> {
        if self.liveness.check().is_err() {
            self.wipe();
            return Err(DiscloseError::Closed.into());
        }
        Ok(look(&self.values.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
