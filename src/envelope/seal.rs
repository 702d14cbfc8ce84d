//! Sealing: one random draw and one output allocation for a whole record; each plaintext is
//! encrypted in place in the output.

use zeroize::Zeroize;

use super::aad::{Aad, Binding, FieldPart};
use super::sealed::SealedRecord;
use super::v1::{self, EntryPlace, Header, Shape};
use crate::error::{Error, KeyError, RecordError, SealedError};
use crate::hazmat::aead::NONCE_LEN;
use crate::hazmat::rng;
use crate::keys::AccountKeys;
use crate::sensitive::Sensitive;
use crate::vocabulary::{DataClass, FieldName};

type Nonce = [u8; NONCE_LEN];

/// A field to be sealed.
#[derive(Clone, Copy)]
pub(crate) struct PlainField<'a> {
    pub(crate) name: &'a FieldName,
    pub(crate) class: DataClass,
    pub(crate) content: PlainContent<'a>,
}

/// What the field holds.
#[derive(Clone, Copy)]
pub(crate) enum PlainContent<'a> {
    /// A value of at most 64 KiB.
    Value(&'a [u8]),
    /// The chunks of [`super::encode_rows`].
    Calls(&'a [Sensitive<Vec<u8>>]),
}

/// Seals the fields of a record. They are put in the order of their names.
///
/// Fails with [`RecordError::Empty`], [`RecordError::DuplicateField`], [`RecordError::TooLong`],
/// [`SealedError::TooManyFields`], [`SealedError::TooLarge`] or [`KeyError::Random`].
pub(crate) fn seal_record(
    keys: &AccountKeys,
    binding: Binding<'_>,
    fields: &mut [PlainField<'_>],
) -> Result<SealedRecord, Error> {
    seal_record_with(keys, binding, fields, make_nonces)
}

/// [`seal_record`] with nonces that the caller chooses: for vectors. A nonce that repeats under a
/// key gives the key's secrets away.
#[cfg(test)]
pub(crate) fn seal_record_for_testing(
    keys: &AccountKeys,
    binding: Binding<'_>,
    fields: &mut [PlainField<'_>],
    nonces: &[Nonce],
) -> Result<SealedRecord, Error> {
    seal_record_with(keys, binding, fields, |_| Ok(nonces.to_vec()))
}

fn seal_record_with(
    keys: &AccountKeys,
    binding: Binding<'_>,
    fields: &mut [PlainField<'_>],
    nonces: impl FnOnce(usize) -> Result<Vec<Nonce>, KeyError>,
) -> Result<SealedRecord, Error> {
    if fields.is_empty() {
        return Err(RecordError::Empty.into());
    }
    let too_many = SealedError::TooManyFields { fields: fields.len(), max: v1::MAX_FIELDS };
    let field_count = u16::try_from(fields.len())
        .ok()
        .filter(|count| usize::from(*count) <= v1::MAX_FIELDS)
        .ok_or(too_many)?;
    // A schema's fields come in the order of their names already.
    if !fields.is_sorted_by(|a, b| a.name < b.name) {
        fields.sort_unstable_by(|a, b| a.name.cmp(b.name));
        if let Some(twice) = fields.iter().zip(fields.iter().skip(1)).find(|(a, b)| a.name == b.name) {
            return Err(RecordError::DuplicateField { field: twice.0.name.clone() }.into());
        }
    }

    let (mut chunk_count, mut len, mut classes) = (0_usize, 0_usize, 0_u32);
    for field in &*fields {
        chunk_count = chunk_count.saturating_add(field.check()?);
        len = len.saturating_add(field.entry_len());
        classes |= v1::class_bit(field.class);
    }
    let class_count = classes.count_ones();
    let header_len = v1::record_header_len(usize::try_from(class_count).unwrap_or(usize::MAX));
    let len = len.saturating_add(header_len);
    check_len(len)?;

    let nonces = nonces(chunk_count)?;
    let mut sealer = Sealer::new(keys, binding, &nonces, len);
    let present = DataClass::ALL.iter().copied().filter(|class| classes & v1::class_bit(*class) != 0);
    let commitments = present.map(|class| (class, &keys.class_key(class).commitment));
    let class_count = u8::try_from(class_count).unwrap_or(u8::MAX);
    let header = sealer.header();
    v1::write_record_header(&mut sealer.out, header, class_count, commitments, field_count);

    let mut entries = Vec::with_capacity(fields.len());
    for field in &*fields {
        let before = (classes & v1::class_bit(field.class).wrapping_sub(1)).count_ones();
        let commitment = v1::commitment_place(usize::try_from(before).unwrap_or(usize::MAX));
        entries.push(sealer.seal(*field, commitment)?);
    }
    debug_assert_eq!(sealer.out.len(), len, "sized in advance, never grown");
    Ok(SealedRecord::new(header, sealer.out, entries))
}

impl PlainField<'_> {
    /// Checks the limits; gives back the number of chunks.
    fn check(&self) -> Result<usize, RecordError> {
        let too_long = |len, max| RecordError::TooLong { field: self.name.clone(), len, max };
        let count = self.plaintexts().count();
        if count == 0 || count > v1::MAX_CHUNKS {
            let len = self.plaintexts().map(<[u8]>::len).fold(0, usize::saturating_add);
            return Err(too_long(len, v1::MAX_CHUNKS.saturating_mul(v1::MAX_CHUNK)));
        }
        match self.plaintexts().map(<[u8]>::len).find(|len| *len > v1::MAX_CHUNK) {
            Some(len) => Err(too_long(len, v1::MAX_CHUNK)),
            None => Ok(count),
        }
    }

    fn entry_len(&self) -> usize {
        v1::entry_len(self.name.as_str(), self.plaintexts().map(<[u8]>::len))
    }

    fn plaintexts(&self) -> impl Iterator<Item = &[u8]> {
        let (value, calls) = match self.content {
            PlainContent::Value(value) => (Some(value), &[][..]),
            PlainContent::Calls(chunks) => (None, chunks),
        };
        // EXPOSE: the plaintext is measured, and copied into the output where it is encrypted.
        value.into_iter().chain(calls.iter().map(|chunk| chunk.expose().as_slice()))
    }

    const fn shape(&self) -> Shape {
        match self.content {
            PlainContent::Value(_) => Shape::Value,
            PlainContent::Calls(_) => Shape::Calls,
        }
    }
}

struct Sealer<'a> {
    keys: &'a AccountKeys,
    aad: Aad,
    nonces: core::slice::Iter<'a, Nonce>,
    out: Vec<u8>,
}

impl<'a> Sealer<'a> {
    fn new(keys: &'a AccountKeys, binding: Binding<'_>, nonces: &'a [Nonce], len: usize) -> Self {
        let aad = Aad::new(binding, keys.version(), keys.epoch());
        Self { keys, aad, nonces: nonces.iter(), out: Vec::with_capacity(len) }
    }

    fn header(&self) -> Header {
        Header { key_version: self.keys.version(), subject_epoch: self.keys.epoch() }
    }

    /// Appends the entry of a field that was checked.
    fn seal(
        &mut self,
        field: PlainField<'_>,
        commitment: core::ops::Range<usize>,
    ) -> Result<EntryPlace, SealedError> {
        let (name, class, shape) = (field.name.as_str(), field.class, field.shape());
        let chunk_count = u32::try_from(field.plaintexts().count()).unwrap_or(u32::MAX);
        let start = self.out.len();
        v1::write_entry_header(&mut self.out, name, class, shape, field.entry_len(), chunk_count);
        let chunks = self.out.len();
        self.aad.set_field(name.as_bytes());
        let key = self.keys.class_key(class);
        for (index, plaintext) in (0..).zip(field.plaintexts()) {
            // INVARIANT: there is a nonce for each chunk; sealing with none would not be safe.
            let nonce = self.nonces.next().ok_or(SealedError::Content)?;
            let aad = self.aad.chunk(FieldPart { class, shape, chunk_count }, index);
            let plain = v1::write_plain_chunk(&mut self.out, nonce, plaintext);
            let sealed = key.aead.seal(nonce, aad, self.out.get_mut(plain..).unwrap_or_default());
            match sealed {
                Ok(tag) => self.out.extend_from_slice(&tag),
                Err(_) => {
                    // The plaintext is still there.
                    self.out.zeroize();
                    return Err(SealedError::Content);
                }
            }
        }
        let name_start = start.saturating_add(1);
        Ok(EntryPlace {
            entry: start..self.out.len(),
            name: name_start..name_start.saturating_add(name.len()),
            class,
            shape,
            chunk_count,
            chunks: chunks..self.out.len(),
            commitment,
        })
    }
}

fn make_nonces(count: usize) -> Result<Vec<Nonce>, KeyError> {
    let mut nonces = vec![[0; NONCE_LEN]; count];
    rng::fill(nonces.as_flattened_mut()).map_err(|_| KeyError::Random)?;
    Ok(nonces)
}

fn check_len(len: usize) -> Result<(), SealedError> {
    if len > v1::MAX_LEN { Err(SealedError::TooLarge { len, max: v1::MAX_LEN }) } else { Ok(()) }
}
