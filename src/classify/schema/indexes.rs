//! The table `[indexes]` of a schema.

use super::super::index::{MAX_INDEX_FIELDS, MAX_INDEXES, why_not_indexed};
use super::super::{IndexPlan, IndexSpec, Population};
use super::FieldSpec;
use crate::error::{FileCause, FileFault};
use crate::toml_reader::{Key, Value};
use crate::vocabulary::{FieldName, Shape, nearest};

/// Reads the indexes over these fields, sorted by name.
pub(super) fn read(value: &Value<'_, '_>, fields: &[FieldSpec]) -> Result<Vec<IndexSpec>, FileFault> {
    let mut indexes = Vec::new();
    for (key, index) in value.table()?.entries() {
        if indexes.len() == MAX_INDEXES {
            return Err(key.fault(FileCause::Invalid { why: "more than 16 indexes" }));
        }
        indexes.push(read_index(&key, &index, fields)?);
    }
    indexes.sort_by(|a: &IndexSpec, b| a.name.cmp(&b.name));
    for (position, index) in indexes.iter_mut().enumerate() {
        index.position = position;
    }
    Ok(indexes)
}

fn read_index(
    key: &Key<'_, '_>,
    value: &Value<'_, '_>,
    fields: &[FieldSpec],
) -> Result<IndexSpec, FileFault> {
    let name = FieldName::new(key.text()).map_err(|_| {
        key.fault(FileCause::Invalid { why: "an index name has 1 to 64 of a-z, 0-9 and _, a letter first" })
    })?;
    let table = value.table()?;
    let (of, bits) = (table.get("fields"), table.get("bits"));
    let (rows, distinct) = (table.get("rows"), table.get("distinct"));
    let most_common = table.get("most_common");
    // Unknown keys first, as for fields.
    table.finish()?;
    let needed = |found: Option<Value<'_, '_>>, key| {
        found.map(|found| found.number()).unwrap_or_else(|| Err(value.fault(FileCause::MissingKey { key })))
    };
    let of = of.ok_or_else(|| value.fault(FileCause::MissingKey { key: "fields" }))?;
    let fields = read_fields(&of, fields)?;
    let stated = needed(bits, "bits")?;
    let mut population = Population::new(needed(rows, "rows")?, needed(distinct, "distinct")?);
    if let Some(rows) = most_common {
        population = population.most_common(rows.number()?);
    }
    let place = bits.as_ref().unwrap_or(value);
    // What is no length of a term at all is refused by the plan.
    let plan = IndexPlan::check(u8::try_from(stated).unwrap_or(u8::MAX), population);
    let plan = plan.map_err(|cause| place.fault(FileCause::Plan { cause }))?;
    Ok(IndexSpec { name, fields, plan, position: 0 })
}

fn read_fields(value: &Value<'_, '_>, known: &[FieldSpec]) -> Result<Vec<FieldName>, FileFault> {
    let mut fields: Vec<FieldName> = Vec::new();
    for named in value.list()? {
        let text = named.text()?;
        let invalid = |why| Err(named.fault(FileCause::Invalid { why }));
        let Some(spec) = known.iter().find(|spec| spec.name().as_str() == text) else {
            let nearest = nearest(text, known.iter().map(|spec| spec.name().as_str()));
            return Err(
                named.fault(FileCause::UnknownName { what: "field", nearest: nearest.map(Into::into) })
            );
        };
        if let Some(why) = why_not_indexed(spec.class()) {
            return invalid(why);
        }
        if spec.shape() != Shape::Value {
            return invalid("a list of calls is not indexed");
        }
        if fields.contains(spec.name()) {
            return Err(named.fault(FileCause::Duplicate { what: "field" }));
        }
        if fields.len() == MAX_INDEX_FIELDS {
            return invalid("an index has at most 4 fields");
        }
        fields.push(spec.name().clone());
    }
    if fields.is_empty() {
        return Err(value.fault(FileCause::Invalid { why: "this list is empty" }));
    }
    Ok(fields)
}
