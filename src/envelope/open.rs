//! Opening (`docs/spec/sealed-v1.md` §8): commitment, then every chunk, then the padding; nothing
//! is given out before the last check has passed.

use super::aad::{Aad, Binding, FieldPart};
use super::sealed::{SealedField, SealedRecord};
use super::v1::{self, Chunk, EntryPlace, Header, Shape};
use crate::error::SealedError;
use crate::hazmat;
use crate::keys::{AccountKeys, ClassKey};
use crate::sensitive::Sensitive;
use crate::vocabulary::DataClass;

/// Opens fields of one record, or a field that stands alone. The commitment of a class is
/// compared once.
pub(crate) struct Opener<'a> {
    keys: &'a AccountKeys,
    bytes: &'a [u8],
    entries: &'a [EntryPlace],
    aad: Aad,
    /// A bit for each class whose commitment agreed.
    committed: u32,
    /// The entry after the last one that was asked for.
    next: usize,
}

impl<'a> Opener<'a> {
    /// For a record. The keys must be of its version and epoch: [`SealedError::Commitment`].
    pub(crate) fn new(
        keys: &'a AccountKeys,
        binding: Binding<'_>,
        record: &'a SealedRecord,
    ) -> Result<Self, SealedError> {
        Self::with(keys, binding, record.header(), record.as_bytes(), record.entries())
    }

    /// For a field that stands alone. As [`Opener::new`].
    pub(crate) fn for_field(
        keys: &'a AccountKeys,
        binding: Binding<'_>,
        field: &'a SealedField,
    ) -> Result<Self, SealedError> {
        Self::with(keys, binding, field.header(), field.as_bytes(), core::slice::from_ref(field.entry()))
    }

    fn with(
        keys: &'a AccountKeys,
        binding: Binding<'_>,
        header: Header,
        bytes: &'a [u8],
        entries: &'a [EntryPlace],
    ) -> Result<Self, SealedError> {
        if (header.key_version, header.subject_epoch) != (keys.version(), keys.epoch()) {
            return Err(SealedError::Commitment);
        }
        let aad = Aad::new(binding, header.key_version, header.subject_epoch);
        Ok(Self { keys, bytes, entries, aad, committed: 0, next: 0 })
    }

    /// Opens a value whose schema says `class`.
    ///
    /// Fails with [`SealedError`]: `NoSuchField`, `SchemaMismatch`, `Commitment`,
    /// `Authentication` or `Content`.
    pub(crate) fn open_value(
        &mut self,
        name: &str,
        class: DataClass,
    ) -> Result<Sensitive<Vec<u8>>, SealedError> {
        let (entry, key) = self.begin(name, class, Shape::Value)?;
        // INVARIANT: a value has one chunk: checked when the bytes came in.
        let chunk = v1::chunks(self.bytes, entry).next().ok_or(SealedError::Content)?;
        self.open_chunk(entry, key, 0, &chunk)
    }

    /// Opens the chunks of a list of calls, for [`super::decode_rows`]. Fails as
    /// [`Opener::open_value`].
    pub(crate) fn open_calls(
        &mut self,
        name: &str,
        class: DataClass,
    ) -> Result<Vec<Sensitive<Vec<u8>>>, SealedError> {
        let (entry, key) = self.begin(name, class, Shape::Calls)?;
        (0..).zip(v1::chunks(self.bytes, entry)).map(|(i, c)| self.open_chunk(entry, key, i, &c)).collect()
    }

    /// Finds the entry, compares it with the schema, and the commitment of its class.
    fn begin(
        &mut self,
        name: &str,
        class: DataClass,
        shape: Shape,
    ) -> Result<(&'a EntryPlace, &'a ClassKey), SealedError> {
        let entry = self.find(name).ok_or(SealedError::NoSuchField)?;
        if (entry.class, entry.shape) != (class, shape) {
            return Err(SealedError::SchemaMismatch);
        }
        let key = self.keys.class_key(class);
        if self.committed & v1::class_bit(class) == 0 {
            let claimed = self.bytes.get(entry.commitment.clone()).unwrap_or_default();
            if !hazmat::equal(claimed, &key.commitment) {
                return Err(SealedError::Commitment);
            }
            self.committed |= v1::class_bit(class);
        }
        self.aad.set_field(name.as_bytes());
        Ok((entry, key))
    }

    /// The entry of a name. Fields are mostly asked for in their order, so the next one is tried
    /// before the search.
    fn find(&mut self, name: &str) -> Option<&'a EntryPlace> {
        let is_it = |entry: &&EntryPlace| self.bytes.get(entry.name.clone()) == Some(name.as_bytes());
        if let Some(next) = self.entries.get(self.next).filter(is_it) {
            self.next = self.next.saturating_add(1);
            return Some(next);
        }
        let at = position(self.bytes, self.entries, name)?;
        self.next = at.saturating_add(1);
        self.entries.get(at)
    }

    fn open_chunk(
        &mut self,
        entry: &EntryPlace,
        key: &ClassKey,
        index: u32,
        chunk: &Chunk<'_>,
    ) -> Result<Sensitive<Vec<u8>>, SealedError> {
        let part = FieldPart { class: entry.class, shape: entry.shape, chunk_count: entry.chunk_count };
        let aad = self.aad.chunk(part, index);
        let mut plain = Sensitive::new(chunk.ciphertext.to_vec());
        let buffer = plain.expose_mut();
        key.aead.open(chunk.nonce, aad, buffer, chunk.tag).map_err(|_| SealedError::Authentication)?;
        let len = v1::unpadded_len(buffer).ok_or(SealedError::Content)?;
        buffer.truncate(len);
        Ok(plain)
    }
}

impl core::fmt::Debug for Opener<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Opener(..)")
    }
}

/// The entry of a name.
pub(super) fn find<'e>(bytes: &[u8], entries: &'e [EntryPlace], name: &str) -> Option<&'e EntryPlace> {
    entries.get(position(bytes, entries, name)?)
}

/// Where the entry of a name is. The names ascend.
fn position(bytes: &[u8], entries: &[EntryPlace], name: &str) -> Option<usize> {
    let name_of = |entry: &EntryPlace| bytes.get(entry.name.clone()).unwrap_or_default();
    entries.binary_search_by(|entry| name_of(entry).cmp(name.as_bytes())).ok()
}
