//! Reads bytes of another language, from their front; and a list of them.
//!
//! Rules: a reader takes exactly what is there, or refuses; a length is checked against what is left
//! before anything of that length is reserved.

use super::text;
use crate::error::CpniError;

/// Reads from the front of bytes.
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl<'b> Reader<'b> {
    pub(super) fn take(&mut self, len: usize) -> Result<&'b [u8], CpniError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(CpniError::LAYOUT)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CpniError> {
        self.take(N)?.try_into().map_err(|_| CpniError::LAYOUT)
    }

    pub(super) fn u8(&mut self) -> Result<u8, CpniError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, CpniError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// A number of things of at least `least` bytes each: no more than there is room for.
    pub(super) fn count(&mut self, least: usize) -> Result<usize, CpniError> {
        let count = usize::try_from(self.u32()?).map_err(|_| CpniError::LAYOUT)?;
        if count.saturating_mul(least) > self.0.len() { Err(CpniError::LAYOUT) } else { Ok(count) }
    }

    pub(super) fn bytes8(&mut self) -> Result<&'b [u8], CpniError> {
        let len = usize::from(self.u8()?);
        self.take(len)
    }

    pub(super) fn str8(&mut self) -> Result<&'b str, CpniError> {
        text(self.bytes8()?)
    }

    pub(super) fn bytes32(&mut self) -> Result<&'b [u8], CpniError> {
        let len = usize::try_from(self.u32()?).map_err(|_| CpniError::LAYOUT)?;
        self.take(len)
    }

    pub(super) fn end(self) -> Result<(), CpniError> {
        if self.0.is_empty() { Ok(()) } else { Err(CpniError::LAYOUT) }
    }
}

/// How many things one list may have.
pub(super) const MOST_ITEMS: usize = 10_000;

/// Reads a list: the sealed records of a batch of views, what was stated, values, tokens.
pub(crate) fn read_list(bytes: &[u8]) -> Result<Vec<&[u8]>, CpniError> {
    read_many(bytes, 4, MOST_ITEMS, Reader::bytes32)
}

pub(super) fn read_many<'b, T>(
    bytes: &'b [u8],
    least: usize,
    most: usize,
    read: impl Fn(&mut Reader<'b>) -> Result<T, CpniError>,
) -> Result<Vec<T>, CpniError> {
    let mut reader = Reader(bytes);
    let count = reader.count(least)?;
    if count > most {
        return Err(CpniError::LAYOUT);
    }
    let all = (0..count).map(|_| read(&mut reader)).collect::<Result<_, _>>()?;
    reader.end()?;
    Ok(all)
}

/// A value for one of the lists of a scanner.
pub(crate) struct ListedValue<'b> {
    /// Found always; otherwise never.
    pub(crate) is_denied: bool,
    /// The name of its kind.
    pub(crate) kind: &'b str,
    /// The value.
    pub(crate) value: &'b str,
}

impl<'b> ListedValue<'b> {
    /// Without a name and empty.
    const LEAST: usize = 1 + 1 + 4;

    /// Reads the lists of a scanner.
    pub(crate) fn read_all(bytes: &'b [u8]) -> Result<Vec<Self>, CpniError> {
        read_many(bytes, Self::LEAST, MOST_ITEMS, |reader| {
            let is_denied = match reader.u8()? {
                0 => false,
                1 => true,
                _ => return Err(CpniError::LAYOUT),
            };
            Ok(Self { is_denied, kind: reader.str8()?, value: text(reader.bytes32()?)? })
        })
    }
}
