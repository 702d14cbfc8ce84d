//! How a whole record, a request and a whole view cross in one run of bytes
//! (`docs/spec/binding-layout-v1.md`).
//!
//! Why: a call from Kotlin costs as much as opening a field. Values that cross as bytes also leave no
//! copy behind: UniFFI lends them, where it would copy a text several times.
//!
//! Rules: a buffer for values is made at its length, because one that grows leaves a copy behind; records are
//! read in `read`, lists in `reader`; what a view says is in `told`, and many views in `batch`, which an agent's
//! tool does not have.

#[cfg(feature = "guard")]
mod batch;
#[cfg(feature = "guard")]
mod read;
mod reader;
#[cfg(feature = "guard")]
mod told;

use cpni_guard::CallRow;
use cpni_guard::classify::FieldValue;
use cpni_guard::device::DeviceDisclosed;

use crate::error::CpniError;
#[cfg(feature = "guard")]
pub(crate) use batch::Batch;
#[cfg(feature = "guard")]
pub(crate) use read::{ColumnRow, Item, Request, StoredRow, each_row};
pub(crate) use reader::{ListedValue, read_list};
#[cfg(feature = "guard")]
pub(crate) use told::told;

const NONE: u8 = 0;
const TEXT: u8 = 1;
const CALLS: u8 = 2;
/// A row without a place, whose number is empty.
const MIN_ROW: usize = 1 + 8 + 4 + 1 + 1;

/// A value that was given out and may be over.
pub(crate) trait Value {
    /// Looks at it.
    fn look<R>(&self, look: impl FnOnce(&FieldValue) -> Result<R, CpniError>) -> Result<R, CpniError>;
}

impl Value for DeviceDisclosed<'_> {
    fn look<R>(&self, look: impl FnOnce(&FieldValue) -> Result<R, CpniError>) -> Result<R, CpniError> {
        self.with(look)?
    }
}

#[cfg(feature = "guard")]
impl Value for cpni_guard::Disclosed<'_> {
    fn look<R>(&self, look: impl FnOnce(&FieldValue) -> Result<R, CpniError>) -> Result<R, CpniError> {
        self.with(look)?
    }
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, CpniError> {
    std::str::from_utf8(bytes).map_err(|_| CpniError::NOT_TEXT)
}

/// The bytes of one value: the text, or the layout of its calls.
pub(crate) fn value_bytes(value: &FieldValue) -> Result<Vec<u8>, CpniError> {
    let mut out = Vec::with_capacity(value_len(value));
    write_value(&mut out, value)?;
    Ok(out)
}

/// Fields in the layout of a record; `None`: not given out.
pub(crate) fn write_values<V: Value>(fields: &[(&str, Option<V>)]) -> Result<Vec<u8>, CpniError> {
    let mut total = 2_usize;
    for (name, value) in fields {
        let len = value.as_ref().map_or(Ok(0), |value| value.look(|value| Ok(value_len(value))))?;
        total = total.saturating_add(6).saturating_add(name.len()).saturating_add(len);
    }
    let mut out = Vec::with_capacity(total);
    out.extend(u16::try_from(fields.len()).map_err(|_| CpniError::LAYOUT)?.to_be_bytes());
    for (name, value) in fields {
        put_str8(&mut out, name)?;
        match value {
            None => out.extend([NONE, 0, 0, 0, 0]),
            Some(value) => value.look(|value| write_content(&mut out, value))?,
        }
    }
    Ok(out)
}

fn write_content(out: &mut Vec<u8>, value: &FieldValue) -> Result<(), CpniError> {
    out.push(match value {
        FieldValue::Text(_) => TEXT,
        FieldValue::Calls(_) => CALLS,
    });
    put_u32(out, value_len(value))?;
    write_value(out, value)
}

/// How many bytes [`write_value`] writes: a buffer that is made at its length leaves no copy.
pub(crate) fn value_len(value: &FieldValue) -> usize {
    match value {
        // EXPOSE: only the length is read.
        FieldValue::Text(text) => text.expose().len(),
        FieldValue::Calls(rows) => {
            let row_len = |row: &CallRow| {
                // EXPOSE: only the lengths are read.
                let place = row.place().map_or(0, |place| place.expose().len().saturating_add(1));
                // EXPOSE: as above.
                row.number().expose().len().saturating_add(place).saturating_add(MIN_ROW)
            };
            rows.iter().fold(4, |len, row| len.saturating_add(row_len(row)))
        }
    }
}

fn write_value(out: &mut Vec<u8>, value: &FieldValue) -> Result<(), CpniError> {
    match value {
        // EXPOSE: this is the disclosure, to the caller in another language.
        FieldValue::Text(text) => out.extend_from_slice(text.expose().as_bytes()),
        FieldValue::Calls(rows) => {
            put_u32(out, rows.len())?;
            for row in rows {
                out.push(row.direction().code());
                out.extend(row.start().as_micros().to_be_bytes());
                out.extend(row.duration_secs().to_be_bytes());
                // EXPOSE: as above.
                put_str8(out, row.number().expose())?;
                match row.place() {
                    None => out.push(0),
                    Some(place) => {
                        out.push(1);
                        // EXPOSE: as above.
                        put_str8(out, place.expose())?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn put_str8(out: &mut Vec<u8>, text: &str) -> Result<(), CpniError> {
    out.push(u8::try_from(text.len()).map_err(|_| CpniError::LAYOUT)?);
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// A list of results: bytes, or the code of what failed.
pub(crate) fn write_results(results: &[Result<Vec<u8>, CpniError>]) -> Result<Vec<u8>, CpniError> {
    let len = |result: &Result<Vec<u8>, CpniError>| result.as_ref().map_or(0, Vec::len).saturating_add(5);
    let total = results.iter().fold(4_usize, |total, result| total.saturating_add(len(result)));
    let mut out = Vec::with_capacity(total);
    put_u32(&mut out, results.len())?;
    for result in results {
        match result {
            Ok(bytes) => {
                out.push(1);
                put_u32(&mut out, bytes.len())?;
                out.extend_from_slice(bytes);
            }
            Err(failed) => {
                out.push(0);
                out.extend(failed.code().to_be_bytes());
            }
        }
    }
    Ok(out)
}

#[cfg(feature = "guard")]
fn put_u16(out: &mut Vec<u8>, count: usize) -> Result<(), CpniError> {
    out.extend(u16::try_from(count).map_err(|_| CpniError::LAYOUT)?.to_be_bytes());
    Ok(())
}

fn put_u32(out: &mut Vec<u8>, len: usize) -> Result<(), CpniError> {
    out.extend(u32::try_from(len).map_err(|_| CpniError::LAYOUT)?.to_be_bytes());
    Ok(())
}
