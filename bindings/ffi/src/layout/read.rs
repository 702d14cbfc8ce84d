//! Records and requests, read from bytes of another language.
//!
//! Rules: those of `reader`.

#[cfg(test)]
mod tests;

use cpni_guard::vocabulary::{AccountId, CallDirection, RecordId, Scope, Timestamp};
use cpni_guard::{CallRow, FieldRequest, Record, SealedField, SealedRecord, Stored};

use super::reader::{MOST_ITEMS, Reader, read_many};
use super::{CALLS, MIN_ROW, TEXT, text};
use crate::error::CpniError;

/// A batch item with everything empty.
const MIN_ITEM: usize = 1 + 1 + 4;

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
        let parts = read_many(bytes, MIN_ITEM, usize::MAX, item_parts)?;
        Ok(parts.into_iter().map(ItemParts::read).collect())
    }
}

struct ItemParts<'b> {
    account: &'b [u8],
    id: &'b [u8],
    record: &'b [u8],
}

fn item_parts<'b>(reader: &mut Reader<'b>) -> Result<ItemParts<'b>, CpniError> {
    Ok(ItemParts { account: reader.bytes8()?, id: reader.bytes8()?, record: reader.bytes32()? })
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

/// A result for each row: what was done with those that were read, and why the others were not.
pub(crate) fn each_row<T, D, R: From<D> + From<CpniError>>(
    rows: &[Result<T, CpniError>],
    done: Vec<D>,
) -> Vec<R> {
    let mut done = done.into_iter();
    let result = |row: &Result<T, CpniError>| match row {
        // INVARIANT: there is one result for each row that was read.
        Ok(_) => done.next().map_or(CpniError::LAYOUT.into(), R::from),
        Err(failed) => (*failed).into(),
    };
    rows.iter().map(result).collect()
}

/// Sealed bytes of an account, as a row of the host's has them.
pub(crate) struct StoredRow {
    pub(crate) account: AccountId,
    id: RecordId,
    bytes: SealedBytes,
}

impl StoredRow {
    /// A row with everything empty.
    const LEAST: usize = 1 + 1 + 1 + 4;

    /// Reads rows: a result a row. That they cannot be told apart is an error of the whole.
    pub(crate) fn read_all(bytes: &[u8]) -> Result<Vec<Result<Self, CpniError>>, CpniError> {
        let parts = read_many(bytes, Self::LEAST, MOST_ITEMS, |reader| {
            Ok((reader.bytes8()?, reader.u8()?, reader.bytes8()?, reader.bytes32()?))
        })?;
        let row = |(account, what, id, sealed): (&[u8], u8, &[u8], &[u8])| {
            Ok(Self {
                account: AccountId::new(text(account)?)?,
                id: RecordId::new(text(id)?)?,
                bytes: SealedBytes::read(is_column(what)?, sealed)?,
            })
        };
        Ok(parts.into_iter().map(row).collect())
    }

    pub(crate) fn stored(&self) -> Stored<'_> {
        self.bytes.stored(&self.id)
    }
}

/// A value of a text column of the host's.
pub(crate) struct ColumnRow<'b> {
    pub(crate) account: AccountId,
    pub(crate) id: RecordId,
    pub(crate) field: &'b str,
    pub(crate) text: &'b str,
}

type ColumnParts<'b> = [&'b [u8]; 4];

impl<'b> ColumnRow<'b> {
    /// A column value with everything empty.
    const LEAST: usize = 1 + 1 + 1 + 4;

    /// Reads one that is all there is.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self, CpniError> {
        let mut reader = Reader(bytes);
        let parts = Self::parts(&mut reader)?;
        reader.end()?;
        Self::of(parts)
    }

    /// Reads column values: a result each. That they cannot be told apart is an error of the whole.
    pub(crate) fn read_all(bytes: &'b [u8]) -> Result<Vec<Result<Self, CpniError>>, CpniError> {
        Ok(read_many(bytes, Self::LEAST, MOST_ITEMS, Self::parts)?.into_iter().map(Self::of).collect())
    }

    /// Reads column values, each with the text of the sealed column beside it.
    pub(crate) fn read_pairs(bytes: &'b [u8]) -> Result<Vec<(Self, &'b str)>, CpniError> {
        read_many(bytes, Self::LEAST + 4, MOST_ITEMS, |reader| {
            Ok((Self::of(Self::parts(reader)?)?, text(reader.bytes32()?)?))
        })
    }

    fn parts(reader: &mut Reader<'b>) -> Result<ColumnParts<'b>, CpniError> {
        Ok([reader.bytes8()?, reader.bytes8()?, reader.bytes8()?, reader.bytes32()?])
    }

    fn of([account, id, field, content]: ColumnParts<'b>) -> Result<Self, CpniError> {
        let (account, id) = (AccountId::new(text(account)?)?, RecordId::new(text(id)?)?);
        Ok(Self { account, id, field: text(field)?, text: text(content)? })
    }
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
        let is_column = is_column(reader.u8()?)?;
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
        Ok(Sealed { bytes: SealedBytes::read(self.is_column, bytes)?, id: &self.id })
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = FieldRequest<'b>> {
        self.fields.iter().map(|(scope, name)| match scope {
            Scope::Whole => FieldRequest::whole(name),
            Scope::NamedCall => FieldRequest::named_call(name),
        })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'b str> {
        self.fields.iter().map(|(_, name)| *name)
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

impl SealedBytes {
    fn read(is_column: bool, bytes: &[u8]) -> Result<Self, CpniError> {
        Ok(if is_column {
            Self::Column(SealedField::from_bytes(bytes)?)
        } else {
            Self::Record(SealedRecord::from_bytes(bytes)?)
        })
    }

    fn stored<'s>(&'s self, id: &'s RecordId) -> Stored<'s> {
        match self {
            Self::Record(record) => (record, id).into(),
            Self::Column(field) => (field, id).into(),
        }
    }
}

impl Sealed<'_> {
    pub(crate) fn stored(&self) -> Stored<'_> {
        self.bytes.stored(self.id)
    }
}

/// What sealed bytes are, by its code.
fn is_column(code: u8) -> Result<bool, CpniError> {
    match code {
        1 => Ok(false),
        2 => Ok(true),
        _ => Err(CpniError::LAYOUT),
    }
}
