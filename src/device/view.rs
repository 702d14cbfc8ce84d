//! What a reply shows once it is opened: decisions, and values that live as long as their session.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::decision::DeviceDecision;
use super::session::Shared;
use crate::classify::{CallRow, FieldValue};
use crate::error::{DiscloseError, Error};
use crate::vocabulary::FieldName;

/// A view on the device: one decision for each field that was asked for, and the values of those that
/// are given out. The values are wiped on drop, on [`DeviceView::close`], and when the session ends.
#[derive(Debug)]
pub struct DeviceView {
    pub(super) fields: Vec<(FieldName, DeviceDecision)>,
    /// The fields that have a value.
    pub(super) names: Vec<FieldName>,
    pub(super) vault: Arc<Vault>,
    pub(super) audit_index: u64,
}

/// One field of a [`DeviceView`].
#[derive(Debug)]
pub enum DeviceField<'v> {
    /// Not given out; the decision says why, and what would help.
    Withheld(&'v DeviceDecision),
    /// It may be given out, and the record does not hold it.
    Absent(&'v DeviceDecision),
    /// Given out.
    Disclosed(DeviceDisclosed<'v>),
}

/// A value that was given out.
#[derive(Debug, Clone, Copy)]
pub struct DeviceDisclosed<'v> {
    decision: &'v DeviceDecision,
    vault: &'v Vault,
    name: &'v FieldName,
}

impl DeviceView {
    /// One field of the view.
    ///
    /// # Errors
    /// [`DiscloseError::NotAskedFor`].
    pub fn field(&self, name: &str) -> Result<DeviceField<'_>, Error> {
        let (name, decision) =
            self.fields.iter().find(|(held, _)| held.as_str() == name).ok_or(DiscloseError::NotAskedFor)?;
        Ok(self.shown(name, decision))
    }

    /// Every field that was asked for, in that order.
    pub fn fields(&self) -> impl Iterator<Item = (&FieldName, DeviceField<'_>)> {
        self.fields.iter().map(|(name, decision)| (name, self.shown(name, decision)))
    }

    /// The number of the back end's audit event that records this view, from 0.
    #[must_use]
    pub const fn audit_index(&self) -> u64 {
        self.audit_index
    }

    /// Wipes what was given out. Dropping the view does the same.
    pub fn close(self) {
        drop(self);
    }

    fn shown<'v>(&'v self, name: &'v FieldName, decision: &'v DeviceDecision) -> DeviceField<'v> {
        if !decision.is_allowed() {
            DeviceField::Withheld(decision)
        } else if self.names.contains(name) {
            DeviceField::Disclosed(DeviceDisclosed { decision, vault: &self.vault, name })
        } else {
            DeviceField::Absent(decision)
        }
    }
}

impl<'v> DeviceField<'v> {
    /// The decision on the field.
    #[must_use]
    pub const fn decision(&self) -> &'v DeviceDecision {
        match self {
            Self::Withheld(decision) | Self::Absent(decision) => decision,
            Self::Disclosed(disclosed) => disclosed.decision,
        }
    }

    /// The disclosed value.
    ///
    /// # Errors
    /// [`DiscloseError::Withheld`] where there is none.
    pub fn disclosed(self) -> Result<DeviceDisclosed<'v>, Error> {
        match self {
            Self::Disclosed(disclosed) => Ok(disclosed),
            Self::Withheld(_) | Self::Absent(_) => Err(DiscloseError::Withheld.into()),
        }
    }
}

impl DeviceDisclosed<'_> {
    /// Shows the value to `look`, which should keep no copy of it.
    ///
    /// # Errors
    /// [`DiscloseError::Closed`] once the session has ended or expired.
    pub fn with<R>(&self, look: impl FnOnce(&FieldValue) -> R) -> Result<R, Error> {
        self.vault.with(self.name, look)
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

type Values = Vec<(FieldName, FieldValue)>;

/// The values of a view. The session keeps a weak hold on it, to wipe it at its end.
pub(super) struct Vault {
    values: Mutex<Option<Arc<Values>>>,
    session: Arc<Shared>,
}

impl Vault {
    pub(super) fn new(values: Values, session: Arc<Shared>) -> Self {
        Self { values: Mutex::new(Some(Arc::new(values))), session }
    }

    /// Wipes the values: whoever still holds the view finds it closed.
    pub(super) fn wipe(&self) {
        // They wipe themselves on drop: now, or when a look that is going on has returned.
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(values);
    }

    fn with<R>(&self, name: &FieldName, look: impl FnOnce(&FieldValue) -> R) -> Result<R, Error> {
        // Wipes, this vault too, where the session is over.
        self.session.check().map_err(|_| DiscloseError::Closed)?;
        // No lock is held while `look` runs: it may end the session.
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let values = values.ok_or(DiscloseError::Closed)?;
        let value = values.iter().find(|(held, _)| held == name).map(|(_, value)| value);
        Ok(look(value.ok_or(DiscloseError::Closed)?))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}
