//! Sealing again under other keys: all of a record, or the one field that stands alone.
//!
//! Rules: nothing is given out unless every field opened and was sealed again; names, classes, shapes,
//! chunks and binding stay as they are.

use super::aad::Binding;
use super::open::Opener;
use super::seal::{PlainContent, PlainField, seal_record};
use super::sealed::{SealedField, SealedRecord};
use super::v1::{EntryPlace, Shape};
use crate::error::{Error, SealedError};
use crate::keys::AccountKeys;
use crate::sensitive::Sensitive;
use crate::vocabulary::{DataClass, FieldName};

pub(super) fn reseal_record(
    from: &AccountKeys,
    to: &AccountKeys,
    binding: Binding<'_>,
    record: &SealedRecord,
) -> Result<SealedRecord, Error> {
    let names = record.field_names();
    reseal(Opener::new(from, binding, record)?, names.zip(record.entries()), to, binding)
}

pub(super) fn reseal_field(
    from: &AccountKeys,
    to: &AccountKeys,
    binding: Binding<'_>,
    field: &SealedField,
) -> Result<SealedField, Error> {
    let entries = [(field.name(), field.entry())].into_iter();
    let record = reseal(Opener::for_field(from, binding, field)?, entries, to, binding)?;
    Ok(record.field(field.name()).ok_or(SealedError::Content)?)
}

/// A field while it is open: all of its chunks.
struct OpenField {
    name: FieldName,
    class: DataClass,
    shape: Shape,
    chunks: Vec<Sensitive<Vec<u8>>>,
}

fn reseal<'e>(
    mut opener: Opener<'_>,
    entries: impl Iterator<Item = (&'e str, &'e EntryPlace)>,
    to: &AccountKeys,
    binding: Binding<'_>,
) -> Result<SealedRecord, Error> {
    let open = entries.map(|(name, entry)| {
        let (class, shape) = (entry.class, entry.shape);
        let chunks = match shape {
            Shape::Value => vec![opener.open_value(name, class)?],
            Shape::Calls => opener.open_calls(name, class)?,
        };
        // INVARIANT: the format's names are field names.
        let name = FieldName::new(name).map_err(|_| SealedError::Content)?;
        Ok(OpenField { name, class, shape, chunks })
    });
    let open = open.collect::<Result<Vec<_>, SealedError>>()?;
    let fields = open.iter().map(|field| {
        let content = match field.shape {
            Shape::Value => {
                let value = field.chunks.first().ok_or(SealedError::Content)?;
                // EXPOSE: sealed below.
                PlainContent::Value(value.expose())
            }
            Shape::Calls => PlainContent::Calls(&field.chunks),
        };
        Ok(PlainField { name: &field.name, class: field.class, content })
    });
    let mut fields = fields.collect::<Result<Vec<_>, SealedError>>()?;
    seal_record(to, binding, &mut fields)
}
