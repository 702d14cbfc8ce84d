//! The one path from sealed bytes to plaintext: a grant, a record of it, then the opening.
//!
//! Rules: `disclose` consumes a [`Grant`], which only the policy room makes, and a [`Recorded`],
//! which only the audit room makes after the record is durable; the two must name each other. What
//! comes out is wiped on drop, on `close`, and when its interaction ends, whichever is first.
//!
//! Security note: a closure that is shown a value can copy it. What the library promises ends
//! where the host's own code begins; a device session carries the promise to the agent's machine.

mod view;

use std::sync::Arc;

use crate::audit::Recorded;
use crate::classify::identifiers::normalise;
use crate::classify::{CallRow, FieldSpec, FieldValue, NormalForm, Schema};
use crate::envelope::{Opener, Stored, decode_rows};
use crate::error::{DiscloseError, Error, SealedError};
use crate::interaction::{HotlineList, Liveness, NamedCall};
use crate::keys::AccountKeys;
use crate::policy::{Grant, SearchGrant};
use crate::redact::{Mask, MaskForm, MaskKind};
use crate::sensitive::Sensitive;
use crate::vocabulary::{
    CallDirection, DataClass, FieldName, Form, IdentifierKind, Scope, Shape, TenantId, Timestamp,
};

pub use view::{Disclosed, Disclosure, FieldView, View};
pub(crate) use view::{Vault, ViewedField};

/// What a disclosure opens, and with which keys.
pub(crate) struct Source<'s> {
    pub(crate) stored: &'s Stored<'s>,
    pub(crate) keys: &'s AccountKeys,
    pub(crate) tenant: &'s TenantId,
    pub(crate) schema: &'s Schema,
    pub(crate) hotlines: Option<&'s dyn HotlineList>,
}

/// Opens what was granted, after it was recorded, as fields of the grant's account.
///
/// # Errors
/// [`DiscloseError::Unmatched`] if grant and record do not name each other; [`SealedError`] if the
/// sealed bytes are not what they claim. Nothing is given out then, not even the other fields.
pub(crate) fn disclose(
    grant: Grant,
    recorded: Recorded,
    source: &Source<'_>,
    named_call: Option<&NamedCall>,
    liveness: &Arc<Liveness>,
) -> Result<Disclosure, Error> {
    if recorded.grant_id() != grant.id() {
        return Err(DiscloseError::Unmatched.into());
    }
    let mut opener = source.stored.opener(source.keys, source.tenant, grant.account())?;
    let mut values = Vec::with_capacity(grant.fields().len());
    for granted in grant.fields() {
        let spec = source.schema.field(granted.field.as_str()).ok_or(SealedError::SchemaMismatch)?;
        if spec.class() != granted.class {
            return Err(SealedError::SchemaMismatch.into());
        }
        let value = match granted.form {
            Form::Full => match spec.shape() {
                Shape::Value => FieldValue::Text(open_value(&mut opener, &granted.field, spec.class())?),
                Shape::Calls => {
                    let rows = open_calls(&mut opener, &granted.field, spec.class())?;
                    let rows = in_scope(rows, granted.scope, named_call);
                    FieldValue::Calls(if granted.omit_hotlines {
                        without_hotlines(rows, source.hotlines)?
                    } else {
                        rows
                    })
                }
            },
            Form::Masked => text_of(&masked(&mut opener, &granted.field, spec)?),
            Form::Token | Form::Match => text_of(&Mask::WITHHELD),
        };
        values.push((granted.field.clone(), value));
    }
    Ok(Disclosure::new(values, Arc::clone(liveness)))
}

/// The mask of a field. What shows no part is not opened.
fn masked(opener: &mut Opener<'_>, field: &FieldName, spec: &FieldSpec) -> Result<Mask, SealedError> {
    let kind = MaskKind::of_field(spec);
    if spec.shape() == Shape::Calls || !kind.shows_a_part() {
        return Ok(Mask::WITHHELD);
    }
    let value = open_value(opener, field, spec.class())?;
    // EXPOSE: the part that the table of masks allows is copied; the value is wiped here.
    Ok(Mask::new(kind, MaskForm::Part, value.expose()))
}

fn text_of(mask: &Mask) -> FieldValue {
    FieldValue::Text(Sensitive::from(mask.as_str().to_owned()))
}

/// Opens one text, for a comparison inside the library or a granted disclosure.
pub(crate) fn open_value(
    opener: &mut Opener<'_>,
    field: &FieldName,
    class: DataClass,
) -> Result<Sensitive<String>, SealedError> {
    let mut bytes = opener.open_value(field.as_str(), class)?;
    // The buffer moves into the text: no copy is left behind.
    let bytes = core::mem::take(bytes.expose_mut());
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Sensitive::from(text)),
        Err(not_text) => {
            drop(Sensitive::from(not_text.into_bytes()));
            Err(SealedError::Content)
        }
    }
}

/// Opens the one field of a grant for a comparison, after it was recorded.
pub(crate) fn open_to_compare(
    grant: Grant,
    recorded: Recorded,
    opener: &mut Opener<'_>,
) -> Result<Sensitive<String>, SealedError> {
    match grant.fields() {
        [granted] if recorded.grant_id() == grant.id() => open_value(opener, &granted.field, granted.class),
        _ => Err(SealedError::SchemaMismatch),
    }
}

/// What candidates of a search are compared with, after the search was granted and recorded.
pub(crate) struct Sought {
    fields: Vec<(FieldName, DataClass, Option<IdentifierKind>, NormalForm)>,
}

impl Sought {
    /// `forms` are what was stated, each with its field's kind, in the order of the grant's fields.
    pub(crate) fn new(
        grant: SearchGrant,
        recorded: Recorded,
        forms: Vec<(Option<IdentifierKind>, NormalForm)>,
    ) -> Result<Self, DiscloseError> {
        if recorded.grant_id() != grant.id() || grant.fields().len() != forms.len() {
            return Err(DiscloseError::Unmatched);
        }
        let fields = grant.fields().iter().zip(forms);
        let fields = fields.map(|((name, class), (kind, form))| (name.clone(), *class, kind, form));
        Ok(Self { fields: fields.collect() })
    }
}

/// Whether a candidate has all values that are sought. Every field is opened and compared, whatever came
/// before. A record without one of the fields is not sought, and is no fault.
pub(crate) fn is_sought(sought: &Sought, opener: &mut Opener<'_>) -> Result<bool, SealedError> {
    let mut all = true;
    for (name, class, kind, form) in &sought.fields {
        let value = match open_value(opener, name, *class) {
            Err(SealedError::NoSuchField) => None,
            opened => Some(opened?),
        };
        // EXPOSE: compared in constant time, and wiped.
        let stored = value.as_ref().and_then(|value| NormalForm::of(*kind, value.expose()));
        all &= stored.as_ref() == Some(form);
    }
    Ok(all)
}

/// Opens the rows of a list of calls, for a comparison inside the library or a granted disclosure.
pub(crate) fn open_calls(
    opener: &mut Opener<'_>,
    field: &FieldName,
    class: DataClass,
) -> Result<Vec<CallRow>, SealedError> {
    let chunks = opener.open_calls(field.as_str(), class)?;
    let mut rows = Vec::new();
    for chunk in &chunks {
        // EXPOSE: decoded into rows that wipe themselves.
        for parts in decode_rows(chunk.expose())? {
            let start = Timestamp::from_micros(parts.start_micros);
            let row = match CallDirection::from_code(parts.direction).ok_or(SealedError::Content)? {
                CallDirection::Outbound => CallRow::outbound(parts.number, start, parts.duration_secs),
                CallDirection::Inbound => CallRow::inbound(parts.number, start, parts.duration_secs),
            };
            rows.push(match parts.place {
                Some(place) => row.at_place(place),
                None => row,
            });
        }
    }
    Ok(rows)
}

/// The rows that the scope leaves. Where only the named call is in scope, that is one row, or none
/// if the record no longer holds it.
fn in_scope(rows: Vec<CallRow>, scope: Scope, named_call: Option<&NamedCall>) -> Vec<CallRow> {
    match scope {
        Scope::Whole => rows,
        Scope::NamedCall => {
            let index = named_call.and_then(|call| call.only_match(&rows));
            rows.into_iter().enumerate().filter(|(at, _)| Some(*at) == index).map(|(_, row)| row).collect()
        }
    }
}

/// The rows without calls to covered hotlines. Without a list nothing is given out.
fn without_hotlines(
    rows: Vec<CallRow>,
    hotlines: Option<&dyn HotlineList>,
) -> Result<Vec<CallRow>, DiscloseError> {
    let hotlines = hotlines.ok_or(DiscloseError::NoHotlineList)?;
    let is_covered = |row: &CallRow| {
        // EXPOSE: looked up in the host's own list.
        let number = row.number().expose();
        match normalise(IdentifierKind::Nanp, number) {
            // EXPOSE: as above.
            Some(normal) => hotlines.contains(normal.expose()),
            None => hotlines.contains(number),
        }
    };
    Ok(rows.into_iter().filter(|row| !is_covered(row)).collect())
}
