//! Records: what a host hands in, and what a schema admits of it.
//!
//! Rules: a record is taken whole or refused whole; a field that the schema does not name, names
//! as another shape, or derives itself is refused; values stay as they were given. A value that
//! fails the check of its kind is admitted with a [`Concern`]. An empty value says that nothing is
//! known: it is admitted and not checked.
//!
//! Security note: every text is taken over and wiped on drop, on refusal too. `Debug` shows
//! neither values nor how many rows there are: the number of calls is a usage total.

mod call;
#[cfg(test)]
mod tests;

use core::fmt;

pub use call::CallRow;

use super::identifiers::{self, IdentifierFault};
use super::schema::{FieldSpec, Schema};
use crate::error::RecordError;
use crate::sensitive::Sensitive;
use crate::vocabulary::{FieldName, IdentifierKind, RecordId, Shape};

/// Longest value of a field, in bytes.
pub const MAX_VALUE_LEN: usize = 65_535;
/// Most rows of a field.
pub const MAX_ROWS: usize = 100_000;
/// Longest number and longest place of a row, in bytes.
pub const MAX_ROW_TEXT_LEN: usize = 255;
/// Digits of the derived field.
const LAST_FOUR: usize = 4;

/// A customer's record on its way in: field names with their values.
///
/// ```
/// use cpni_guard::classify::{CallRow, Record};
/// use cpni_guard::vocabulary::Timestamp;
///
/// let call = CallRow::outbound("+1 202 555 0123", Timestamp::from_secs(1_795_392_000), 61);
/// let record = Record::new()
///     .text("name", "Dana Example")
///     .text("ssn", "987-65-4321")
///     .calls("call_detail", vec![call.at_place("Springfield")]);
/// assert_eq!(format!("{record:?}"), "Record(..)");
/// ```
#[must_use]
pub struct Record {
    id: RecordId,
    fields: Vec<(Box<str>, FieldValue)>,
}

impl Record {
    /// A record without an id, for hosts that keep one record an account.
    pub const fn new() -> Self {
        Self::with_id(RecordId::none())
    }

    /// A record with the host's id of it.
    pub const fn with_id(id: RecordId) -> Self {
        Self { id, fields: Vec::new() }
    }

    /// Adds a field with one value. A `String` is taken over and wiped; what was copied from a
    /// `&str` remains with its owner.
    pub fn text(self, name: impl Into<Box<str>>, value: impl Into<String>) -> Self {
        self.with(name.into(), FieldValue::Text(Sensitive::from(value.into())))
    }

    /// Adds a field with a list of calls.
    pub fn calls(self, name: impl Into<Box<str>>, rows: Vec<CallRow>) -> Self {
        self.with(name.into(), FieldValue::Calls(rows))
    }

    fn with(mut self, name: Box<str>, value: FieldValue) -> Self {
        self.fields.push((name, value));
        self
    }
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}

/// Silent: a name that no schema has may be anything.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Record(..)")
    }
}

/// The value of a field.
#[derive(PartialEq, Eq)]
pub enum FieldValue {
    /// One text.
    Text(Sensitive<String>),
    /// A list of calls, in the host's order.
    Calls(Vec<CallRow>),
}

impl FieldValue {
    /// The shape of the value.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        match self {
            Self::Text(_) => Shape::Value,
            Self::Calls(_) => Shape::Calls,
        }
    }
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Calls(_) => "Calls(..)",
        })
    }
}

/// A value that was admitted although it is not what its field says. It is sealed and masked like
/// every other; the host may want to ask the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    /// The field.
    pub field: FieldName,
    /// What is wrong with its value.
    pub fault: IdentifierFault,
}

/// A record that fits its schema.
#[derive(Debug)]
pub(crate) struct Admitted<'s> {
    /// The host's id of the record.
    pub(crate) id: RecordId,
    /// The fields in the order of the schema, the derived ones included. At least one.
    pub(crate) fields: Vec<AdmittedField<'s>>,
    /// Values that failed their check, in the order of the schema.
    pub(crate) concerns: Vec<Concern>,
}

/// A field of a record that fits its schema.
#[derive(Debug)]
pub(crate) struct AdmittedField<'s> {
    /// What the schema says of it.
    pub(crate) spec: &'s FieldSpec,
    /// Its value, as it was given.
    pub(crate) value: FieldValue,
}

impl Schema {
    /// Takes a record that fits.
    ///
    /// # Errors
    /// [`RecordError`], for the first field in the order of the record that does not fit.
    pub(crate) fn admit(&self, record: Record) -> Result<Admitted<'_>, RecordError> {
        let Record { id, fields: given } = record;
        if given.is_empty() {
            return Err(RecordError::Empty);
        }
        let mut values: Vec<Option<FieldValue>> = self.fields().iter().map(|_| None).collect();
        for (position, (name, value)) in given.into_iter().enumerate() {
            let unknown = RecordError::UnknownField { position };
            let Some(spec) = self.field(&name) else { return Err(unknown) };
            check_value(spec, &value)?;
            // INVARIANT: there is a place for each field of the schema.
            let place = values.get_mut(spec.index()).ok_or(unknown)?;
            if place.replace(value).is_some() {
                return Err(RecordError::DuplicateField { field: spec.name().clone() });
            }
        }
        let mut concerns = Vec::new();
        for spec in self.fields() {
            let derived = values.get(spec.index()).and_then(Option::as_ref).and_then(|value| {
                let looked_at = look_at(spec, value);
                concerns.extend(looked_at.fault.map(|fault| Concern { field: spec.name().clone(), fault }));
                looked_at.last_four
            });
            let place = spec.derives().and_then(|name| self.field(name.as_str())).map(FieldSpec::index);
            if let (Some(last_four), Some(place)) = (derived, place.and_then(|at| values.get_mut(at))) {
                *place = Some(FieldValue::Text(last_four));
            }
        }
        let fields = self.fields().iter().zip(values);
        let fields = fields.filter_map(|(spec, value)| Some(AdmittedField { spec, value: value? })).collect();
        Ok(Admitted { id, fields, concerns })
    }
}

/// Shape and size.
fn check_value(spec: &FieldSpec, value: &FieldValue) -> Result<(), RecordError> {
    let field = || spec.name().clone();
    if spec.derived_from().is_some() {
        return Err(RecordError::DerivedField { field: field() });
    }
    if spec.shape() != value.shape() {
        return Err(RecordError::WrongShape { field: field() });
    }
    match value {
        FieldValue::Text(text) => {
            // EXPOSE: only the length is read.
            let len = text.expose().len();
            if len > MAX_VALUE_LEN {
                return Err(RecordError::TooLong { field: field(), len, max: MAX_VALUE_LEN });
            }
        }
        FieldValue::Calls(rows) => {
            if rows.len() > MAX_ROWS {
                return Err(RecordError::TooManyRows { field: field(), rows: rows.len(), max: MAX_ROWS });
            }
            let lens = rows.iter().map(CallRow::longest_text_len).enumerate();
            if let Some((row, len)) = lens.into_iter().find(|(_, len)| *len > MAX_ROW_TEXT_LEN) {
                return Err(RecordError::RowTooLong { field: field(), row, len, max: MAX_ROW_TEXT_LEN });
            }
        }
    }
    Ok(())
}

/// What a look at an identifier gives.
#[derive(Default)]
struct LookedAt {
    fault: Option<IdentifierFault>,
    last_four: Option<Sensitive<String>>,
}

fn look_at(spec: &FieldSpec, value: &FieldValue) -> LookedAt {
    let (Some(kind), FieldValue::Text(text)) = (spec.kind(), value) else { return LookedAt::default() };
    // EXPOSE: read by the checks of this room, which keep wiped buffers only.
    let text = text.expose();
    if text.is_empty() {
        return LookedAt::default();
    }
    match identifiers::form(kind, text) {
        Err(fault) => LookedAt { fault: Some(fault), last_four: None },
        Ok(normalised) => LookedAt {
            fault: identifiers::sort(kind, text, &normalised, spec.pattern()).err(),
            last_four: spec.derives().is_some().then(|| last_four(kind, &normalised)).flatten(),
        },
    }
}

/// The last four of nine digits.
fn last_four(kind: IdentifierKind, normalised: &Sensitive<String>) -> Option<Sensitive<String>> {
    if kind != IdentifierKind::Ssn {
        return None;
    }
    // EXPOSE: four digits are copied into a buffer of their own that is wiped like the whole.
    let digits = normalised.expose();
    let start = digits.len().checked_sub(LAST_FOUR)?;
    let mut last_four = Sensitive::new(String::with_capacity(LAST_FOUR));
    last_four.expose_mut().push_str(digits.get(start..)?);
    Some(last_four)
}
