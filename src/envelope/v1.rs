//! The bytes of version 1 (`docs/spec/sealed-v1.md` §2 to §5). Frozen: another layout is a `v2.rs`.
//!
//! Rules: reading checks everything and gives back places; there is one encoding, so that what was
//! accepted is what a writer would write. Reading never allocates by a number that the bytes claim.

use core::ops::Range;

use crate::error::SealedError;
use crate::hazmat::aead::{NONCE_LEN, TAG_LEN};
use crate::vocabulary::DataClass;

const RECORD_MAGIC: [u8; 4] = *b"CGR\x01";
const FIELD_MAGIC: [u8; 4] = *b"CGF\x01";
/// Longest record or field, in bytes.
pub(super) const MAX_LEN: usize = 64 * 1024 * 1024;
/// Most fields of a record.
pub(super) const MAX_FIELDS: usize = 512;
/// Longest plaintext of a chunk, in bytes, before padding.
pub(super) const MAX_CHUNK: usize = 64 * 1024;
/// Most chunks of a field.
pub(super) const MAX_CHUNKS: usize = 4096;
const MAX_NAME: usize = 64;
const BLOCK: usize = 16;
const COMMITMENT_LEN: usize = 32;
/// Bytes of a chunk besides its ciphertext.
const CHUNK_OVERHEAD: usize = 4 + NONCE_LEN + TAG_LEN;

/// Whether a field is a value or a list of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One chunk.
    Value = 1,
    /// Rows, in one or more chunks.
    Calls = 2,
}

/// What stands before the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) key_version: u32,
    pub(super) subject_epoch: u32,
}

/// Where the parts of an entry are, in bytes that were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryPlace {
    /// The whole entry.
    pub(super) entry: Range<usize>,
    pub(super) name: Range<usize>,
    pub(super) class: DataClass,
    pub(super) shape: Shape,
    pub(super) chunk_count: u32,
    /// The chunks, without their count.
    pub(super) chunks: Range<usize>,
    pub(super) commitment: Range<usize>,
}

/// A chunk as it is stored.
pub(super) struct Chunk<'a> {
    pub(super) nonce: &'a [u8; NONCE_LEN],
    pub(super) ciphertext: &'a [u8],
    pub(super) tag: &'a [u8; TAG_LEN],
}

impl Shape {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Value => 1,
            Self::Calls => 2,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Value),
            2 => Some(Self::Calls),
            _ => None,
        }
    }
}

const fn format(why: &'static str) -> SealedError {
    SealedError::Format { why }
}

/// Checks a whole record.
pub(super) fn read_record(bytes: &[u8]) -> Result<(Header, Vec<EntryPlace>), SealedError> {
    let mut reader = Reader::new(bytes)?;
    let header = reader.header(&RECORD_MAGIC)?;

    // The place of the commitment of each class that is listed, by code.
    let mut listed: [Option<Range<usize>>; 17] = [const { None }; 17];
    let classes = reader.byte()?;
    let mut last = 0;
    for _ in 0..classes {
        let code = reader.byte()?;
        let commitment = reader.place(COMMITMENT_LEN)?;
        if code <= last {
            return Err(format("the classes do not strictly ascend"));
        }
        last = code;
        *listed.get_mut(usize::from(code)).ok_or(format("a class code is not in the list"))? =
            Some(commitment);
    }

    let count = usize::from(reader.u16()?);
    if count == 0 || count > MAX_FIELDS {
        return Err(format("a record has 1 to 512 fields"));
    }
    let mut entries: Vec<EntryPlace> = Vec::with_capacity(count);
    let mut used = 0_u32;
    for _ in 0..count {
        let entry = reader.entry(|class| listed.get(usize::from(class.code())).cloned().flatten())?;
        let name = bytes.get(entry.name.clone());
        if entries.last().is_some_and(|before| bytes.get(before.name.clone()) >= name) {
            return Err(format("the names do not strictly ascend"));
        }
        used |= class_bit(entry.class);
        entries.push(entry);
    }
    if used.count_ones() != u32::from(classes) {
        return Err(format("a class is listed and not used"));
    }
    reader.finish()?;
    Ok((header, entries))
}

/// Checks a whole field that stands alone.
pub(super) fn read_field(bytes: &[u8]) -> Result<(Header, EntryPlace), SealedError> {
    let mut reader = Reader::new(bytes)?;
    let header = reader.header(&FIELD_MAGIC)?;
    let commitment = reader.place(COMMITMENT_LEN)?;
    let entry = reader.entry(|_| Some(commitment.clone()))?;
    reader.finish()?;
    Ok((header, entry))
}

/// The chunks of an entry that was checked.
pub(super) fn chunks<'a>(bytes: &'a [u8], entry: &EntryPlace) -> impl Iterator<Item = Chunk<'a>> {
    let mut rest = bytes.get(entry.chunks.clone()).unwrap_or_default();
    core::iter::from_fn(move || {
        let (len, tail) = rest.split_first_chunk()?;
        let (nonce, tail) = tail.split_first_chunk()?;
        let (sealed, tail) = tail.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
        let (ciphertext, tag) = sealed.split_last_chunk()?;
        rest = tail;
        Some(Chunk { nonce, ciphertext, tag })
    })
}

/// A bit for each class, to know which ones a record holds.
pub(super) const fn class_bit(class: DataClass) -> u32 {
    1 << class.code()
}

/// The bytes of a plaintext of `len` bytes with its padding: ISO/IEC 7816-4, always at least one.
pub(super) const fn padded_len(len: usize) -> usize {
    (len / BLOCK).saturating_add(1).saturating_mul(BLOCK)
}

/// The bytes of an entry with these plaintexts.
pub(super) fn entry_len(name: &str, plaintexts: impl Iterator<Item = usize>) -> usize {
    plaintexts.fold(1 + name.len() + 1 + 1 + 4 + 4, |sum, len| {
        sum.saturating_add(padded_len(len)).saturating_add(CHUNK_OVERHEAD)
    })
}

/// The bytes of a record before its entries.
pub(super) const fn record_header_len(classes: usize) -> usize {
    4 + 4 + 4 + 1 + classes * (1 + COMMITMENT_LEN) + 2
}

/// Where the commitment of the class after `before` others is, in a record.
pub(super) const fn commitment_place(before: usize) -> Range<usize> {
    let start = 4 + 4 + 4 + 1 + before * (1 + COMMITMENT_LEN) + 1;
    start..start + COMMITMENT_LEN
}

/// The bytes of a field that stands alone, before its entry.
pub(super) const FIELD_HEADER_LEN: usize = 4 + 4 + 4 + COMMITMENT_LEN;

/// Writes what stands before the entries of a record. The classes ascend.
pub(super) fn write_record_header<'a>(
    out: &mut Vec<u8>,
    header: Header,
    class_count: u8,
    classes: impl Iterator<Item = (DataClass, &'a [u8; COMMITMENT_LEN])>,
    field_count: u16,
) {
    out.extend_from_slice(&RECORD_MAGIC);
    write_header(out, header);
    out.push(class_count);
    for (class, commitment) in classes {
        out.push(class.code());
        out.extend_from_slice(commitment);
    }
    out.extend_from_slice(&field_count.to_be_bytes());
}

/// Writes what stands before the entry of a field that stands alone.
pub(super) fn write_field_header(out: &mut Vec<u8>, header: Header, commitment: &[u8]) {
    out.extend_from_slice(&FIELD_MAGIC);
    write_header(out, header);
    out.extend_from_slice(commitment);
}

fn write_header(out: &mut Vec<u8>, header: Header) {
    out.extend_from_slice(&header.key_version.to_be_bytes());
    out.extend_from_slice(&header.subject_epoch.to_be_bytes());
}

/// Writes an entry up to its chunks. `entry_len` is that of [`entry_len`].
pub(super) fn write_entry_header(
    out: &mut Vec<u8>,
    name: &str,
    class: DataClass,
    shape: Shape,
    entry_len: usize,
    chunk_count: u32,
) {
    // INVARIANT: names have at most 64 bytes and entries at most 64 MiB: checked before.
    out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(name.as_bytes());
    out.push(class.code());
    out.push(shape.code());
    let body = u32::try_from(entry_len.saturating_sub(1 + name.len() + 1 + 1 + 4)).unwrap_or(u32::MAX);
    out.extend_from_slice(&body.to_be_bytes());
    out.extend_from_slice(&chunk_count.to_be_bytes());
}

/// Writes a chunk's length, nonce, and plaintext with padding; gives back where the plaintext
/// begins. It is to be encrypted there at once, and the tag appended.
pub(super) fn write_plain_chunk(out: &mut Vec<u8>, nonce: &[u8; NONCE_LEN], plaintext: &[u8]) -> usize {
    let padded = padded_len(plaintext.len());
    // INVARIANT: a chunk has at most 64 KiB: checked before.
    let len = u32::try_from(padded.saturating_add(TAG_LEN)).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(nonce);
    let start = out.len();
    out.extend_from_slice(plaintext);
    out.push(0x80);
    out.resize(start.saturating_add(padded), 0);
    start
}

/// The length of the plaintext in `padded`, or `None` if the padding is wrong. Looks at all of the
/// last block, whatever is in it: the block is one number, and its padding the lowest set byte.
pub(super) fn unpadded_len(padded: &[u8]) -> Option<usize> {
    let block = u128::from_be_bytes(*padded.last_chunk()?);
    // 16 for a block of zeros, which `wrapping_shr` shifts by nothing: its last byte is still 0.
    let zero_bytes = block.trailing_zeros() / 8;
    let [.., last] = block.wrapping_shr(8 * zero_bytes).to_be_bytes();
    let padding = usize::try_from(zero_bytes).ok()?.saturating_add(1);
    if last == 0x80 { padded.len().checked_sub(padding) } else { None }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, SealedError> {
        if bytes.len() > MAX_LEN { Err(format("longer than 64 MiB")) } else { Ok(Self { bytes, at: 0 }) }
    }

    fn place(&mut self, len: usize) -> Result<Range<usize>, SealedError> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len());
        let place = self.at..end.ok_or(format("the bytes are cut"))?;
        self.at = place.end;
        Ok(place)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SealedError> {
        let place = self.place(N)?;
        let bytes = self.bytes.get(place).and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or(format("the bytes are cut"))
    }

    fn byte(&mut self) -> Result<u8, SealedError> {
        self.array().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, SealedError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, SealedError> {
        self.array().map(u32::from_be_bytes)
    }

    fn len(&mut self) -> Result<usize, SealedError> {
        usize::try_from(self.u32()?).map_err(|_| format("the bytes are cut"))
    }

    fn header(&mut self, magic: &[u8; 4]) -> Result<Header, SealedError> {
        if self.array::<4>()? != *magic {
            return Err(format("another magic or version"));
        }
        let header = Header { key_version: self.u32()?, subject_epoch: self.u32()? };
        if header.key_version == 0 { Err(format("a key version is 1 or more")) } else { Ok(header) }
    }

    fn entry(
        &mut self,
        commitment: impl Fn(DataClass) -> Option<Range<usize>>,
    ) -> Result<EntryPlace, SealedError> {
        let start = self.at;
        let name_len = usize::from(self.byte()?);
        let name = self.place(name_len)?;
        if !self.bytes.get(name.clone()).is_some_and(is_name) {
            return Err(format("a name is 1 to 64 of a-z, 0-9 and _, a letter first"));
        }
        let class = DataClass::from_code(self.byte()?).ok_or(format("a class code is not in the list"))?;
        let commitment = commitment(class).ok_or(format("a class is used and not listed"))?;
        let shape = Shape::from_code(self.byte()?).ok_or(format("a shape code is not in the list"))?;
        let body_len = self.len()?;
        let end = self.at.checked_add(body_len).ok_or(format("the bytes are cut"))?;
        let chunk_count = self.u32()?;
        let max = match shape {
            Shape::Value => 1,
            Shape::Calls => MAX_CHUNKS,
        };
        if chunk_count == 0 || usize::try_from(chunk_count).map_or(true, |count| count > max) {
            return Err(format("a value has one chunk, calls have 1 to 4096"));
        }
        let chunks = self.at;
        for _ in 0..chunk_count {
            let len = self.len()?;
            if !(BLOCK + TAG_LEN..=padded_len(MAX_CHUNK) + TAG_LEN).contains(&len)
                || !len.is_multiple_of(BLOCK)
            {
                return Err(format("a chunk is whole blocks of at most 64 KiB and padding"));
            }
            self.place(NONCE_LEN)?;
            self.place(len)?;
        }
        if self.at != end {
            return Err(format("a body length is not that of its chunks"));
        }
        Ok(EntryPlace { entry: start..end, name, class, shape, chunk_count, chunks: chunks..end, commitment })
    }

    fn finish(self) -> Result<(), SealedError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(format("there are bytes after the end")) }
    }
}

/// The rule of `FieldName`, kept here too: the format does not change when that type does.
fn is_name(name: &[u8]) -> bool {
    let fits = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    name.len() <= MAX_NAME && name.first().is_some_and(u8::is_ascii_lowercase) && name.iter().all(fits)
}
