//! How a whole record, a request and a whole view cross in one run of bytes
//! (`docs/spec/binding-layout-v1.md`).
//!
//! Why: a call from Kotlin costs as much as opening a field. Values that cross as bytes also leave no
//! copy behind: UniFFI lends them, where it would copy a text several times.
//!
//! Rules: a reader takes exactly what is there, or refuses; a length is checked against what is left
//! before anything of that length is reserved.

use cpni_guard::classify::FieldValue;
use cpni_guard::vocabulary::{AccountId, CallDirection, RecordId, Scope, Timestamp};
use cpni_guard::{CallRow, Disclosed, FieldRequest, Record, SealedField, SealedRecord, Stored};

use crate::error::CpniError;

const NONE: u8 = 0;
const TEXT: u8 = 1;
const CALLS: u8 = 2;
/// A row without a place, whose number is empty.
const MIN_ROW: usize = 1 + 8 + 4 + 1 + 1;
/// A batch item with everything empty.
const MIN_ITEM: usize = 1 + 1 + 4;

/// Reads from the front of bytes.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, len: usize) -> Result<&'b [u8], CpniError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(CpniError::LAYOUT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CpniError> {
        self.take(N)?.try_into().map_err(|_| CpniError::LAYOUT)
    }

    fn u8(&mut self) -> Result<u8, CpniError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, CpniError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// A number of things of at least `least` bytes each: no more than there is room for.
    fn count(&mut self, least: usize) -> Result<usize, CpniError> {
        let count = usize::try_from(self.u32()?).map_err(|_| CpniError::LAYOUT)?;
        if count.saturating_mul(least) > self.0.len() { Err(CpniError::LAYOUT) } else { Ok(count) }
    }

    fn str8(&mut self) -> Result<&'b str, CpniError> {
        let len = usize::from(self.u8()?);
        text(self.take(len)?)
    }

    fn bytes32(&mut self) -> Result<&'b [u8], CpniError> {
        let len = usize::try_from(self.u32()?).map_err(|_| CpniError::LAYOUT)?;
        self.take(len)
    }

    fn end(self) -> Result<(), CpniError> {
        if self.0.is_empty() { Ok(()) } else { Err(CpniError::LAYOUT) }
    }
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, CpniError> {
    std::str::from_utf8(bytes).map_err(|_| CpniError::NOT_TEXT)
}

/// An account with its record, read from an item of a batch.
pub(crate) struct Item {
    pub(crate) account: AccountId,
    pub(crate) record: Record,
}

impl Item {
    /// Reads one item that is all there is.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, CpniError> {
        let mut reader = Reader(bytes);
        let parts = item_parts(&mut reader)?;
        reader.end()?;
        parts.read()
    }

    /// Reads a batch: a result an item. That the items cannot be told apart is an error of the whole.
    pub(crate) fn read_batch(bytes: &[u8]) -> Result<Vec<Result<Self, CpniError>>, CpniError> {
        let mut reader = Reader(bytes);
        let count = reader.count(MIN_ITEM)?;
        let parts: Vec<_> = (0..count).map(|_| item_parts(&mut reader)).collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(parts.into_iter().map(ItemParts::read).collect())
    }
}

struct ItemParts<'b> {
    account: &'b [u8],
    id: &'b [u8],
    record: &'b [u8],
}

fn item_parts<'b>(reader: &mut Reader<'b>) -> Result<ItemParts<'b>, CpniError> {
    let len = usize::from(reader.u8()?);
    let account = reader.take(len)?;
    let len = usize::from(reader.u8()?);
    let id = reader.take(len)?;
    Ok(ItemParts { account, id, record: reader.bytes32()? })
}

impl ItemParts<'_> {
    fn read(self) -> Result<Item, CpniError> {
        let account = AccountId::new(text(self.account)?)?;
        let id = RecordId::new(text(self.id)?)?;
        let mut reader = Reader(self.record);
        let mut record = Record::with_id(id);
        let count = u16::from_be_bytes(reader.array()?);
        for _ in 0..count {
            let name = reader.str8()?;
            let shape = reader.u8()?;
            let content = reader.bytes32()?;
            record = match shape {
                // The text is built at its length: it does not grow, and the record wipes it.
                TEXT => record.text(name, text(content)?),
                CALLS => record.calls(name, read_calls(content)?),
                _ => return Err(CpniError::LAYOUT),
            };
        }
        reader.end()?;
        Ok(Item { account, record })
    }
}

fn read_calls(bytes: &[u8]) -> Result<Vec<CallRow>, CpniError> {
    let mut reader = Reader(bytes);
    let count = reader.count(MIN_ROW)?;
    let mut rows = Vec::with_capacity(count);
    for _ in 0..count {
        let direction = CallDirection::from_code(reader.u8()?).ok_or(CpniError::LAYOUT)?;
        let start = Timestamp::from_micros(u64::from_be_bytes(reader.array()?));
        let duration = reader.u32()?;
        let row = CallRow::new(direction, reader.str8()?, start, duration);
        rows.push(match reader.u8()? {
            0 => row,
            1 => row.at_place(reader.str8()?),
            _ => return Err(CpniError::LAYOUT),
        });
    }
    reader.end()?;
    Ok(rows)
}

/// What is asked of sealed bytes: what they are, under which record id, and which fields.
pub(crate) struct Request<'b> {
    is_column: bool,
    id: RecordId,
    fields: Vec<(Scope, &'b str)>,
}

impl<'b> Request<'b> {
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self, CpniError> {
        let mut reader = Reader(bytes);
        let is_column = match reader.u8()? {
            1 => false,
            2 => true,
            _ => return Err(CpniError::LAYOUT),
        };
        let id = RecordId::new(reader.str8()?)?;
        let count = u16::from_be_bytes(reader.array()?);
        let mut fields = Vec::new();
        for _ in 0..count {
            let scope = Scope::from_code(reader.u8()?).ok_or(CpniError::LAYOUT)?;
            fields.push((scope, reader.str8()?));
        }
        reader.end()?;
        Ok(Self { is_column, id, fields })
    }

    /// The sealed bytes as what the request says that they are.
    pub(crate) fn sealed(&self, bytes: &[u8]) -> Result<Sealed<'_>, CpniError> {
        let bytes = if self.is_column {
            SealedBytes::Column(SealedField::from_bytes(bytes)?)
        } else {
            SealedBytes::Record(SealedRecord::from_bytes(bytes)?)
        };
        Ok(Sealed { bytes, id: &self.id })
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = FieldRequest<'b>> {
        self.fields.iter().map(|(scope, name)| match scope {
            Scope::Whole => FieldRequest::whole(name),
            Scope::NamedCall => FieldRequest::named_call(name),
        })
    }

    /// The names, where only whole fields can be asked for.
    pub(crate) fn whole_fields(&self) -> Result<Vec<&'b str>, CpniError> {
        let whole = |(scope, name): &(Scope, &'b str)| (*scope == Scope::Whole).then_some(*name);
        self.fields.iter().map(whole).collect::<Option<_>>().ok_or(CpniError::LAYOUT)
    }

    /// The one field that is asked for.
    pub(crate) fn one_field(&self) -> Result<&'b str, CpniError> {
        match self.whole_fields()?.as_slice() {
            [name] => Ok(name),
            _ => Err(CpniError::LAYOUT),
        }
    }
}

/// Sealed bytes that were read.
pub(crate) struct Sealed<'r> {
    bytes: SealedBytes,
    id: &'r RecordId,
}

enum SealedBytes {
    Record(SealedRecord),
    Column(SealedField),
}

impl Sealed<'_> {
    pub(crate) fn stored(&self) -> Stored<'_> {
        match &self.bytes {
            SealedBytes::Record(record) => (record, self.id).into(),
            SealedBytes::Column(field) => (field, self.id).into(),
        }
    }
}

/// The bytes of one value: the text, or the layout of its calls.
pub(crate) fn value_bytes(value: &FieldValue) -> Result<Vec<u8>, CpniError> {
    let mut out = Vec::with_capacity(value_len(value));
    write_value(&mut out, value)?;
    Ok(out)
}

/// Fields in the layout of a record; `None`: not given out.
pub(crate) fn write_disclosed(fields: &[(&str, Option<Disclosed<'_>>)]) -> Result<Vec<u8>, CpniError> {
    let mut total = 2_usize;
    for (name, value) in fields {
        let len = value.as_ref().map_or(Ok(0), |value| value.with(value_len))?;
        total = total.saturating_add(6).saturating_add(name.len()).saturating_add(len);
    }
    let mut out = Vec::with_capacity(total);
    out.extend(u16::try_from(fields.len()).map_err(|_| CpniError::LAYOUT)?.to_be_bytes());
    for (name, value) in fields {
        put_str8(&mut out, name)?;
        match value {
            None => out.extend([NONE, 0, 0, 0, 0]),
            Some(value) => value.with(|value| write_content(&mut out, value))??,
        }
    }
    Ok(out)
}

fn write_content(out: &mut Vec<u8>, value: &FieldValue) -> Result<(), CpniError> {
    out.push(match value {
        FieldValue::Text(_) => TEXT,
        FieldValue::Calls(_) => CALLS,
    });
    out.extend(u32::try_from(value_len(value)).map_err(|_| CpniError::LAYOUT)?.to_be_bytes());
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
            out.extend(u32::try_from(rows.len()).map_err(|_| CpniError::LAYOUT)?.to_be_bytes());
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
