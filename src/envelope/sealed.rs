//! `SealedRecord` and `SealedField`: bytes whose structure has been checked.

use core::fmt;

use super::open::find;
use super::v1::{self, EntryPlace, Header};
use crate::error::SealedError;
use crate::keys::delete_after;
use crate::vocabulary::{CivilDate, DataClass};

/// A customer's record with every field sealed: what a host stores.
///
/// It reveals the names, classes and rough lengths of its fields, and nothing of their values.
/// Store [`SealedRecord::as_bytes`] or, where bytes are not at hand, [`SealedRecord::to_text`].
#[derive(Clone)]
pub struct SealedRecord {
    header: Header,
    bytes: Vec<u8>,
    entries: Vec<EntryPlace>,
}

/// One sealed field that stands alone: for a host that keeps a column for each field.
#[derive(Clone)]
pub struct SealedField {
    header: Header,
    bytes: Vec<u8>,
    entry: EntryPlace,
}

impl SealedRecord {
    /// `bytes` and `entries` are those of a writer.
    pub(super) const fn new(header: Header, bytes: Vec<u8>, entries: Vec<EntryPlace>) -> Self {
        Self { header, bytes, entries }
    }

    /// Checks the structure of stored bytes. Whether they are authentic shows when a field is
    /// opened.
    ///
    /// # Errors
    /// [`SealedError::Format`] if a rule of `docs/spec/sealed-v1.md` is broken.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, SealedError> {
        let bytes = bytes.into();
        let (header, entries) = v1::read_record(&bytes)?;
        Ok(Self { header, bytes, entries })
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes as base64url (RFC 4648 §5) without padding characters.
    #[must_use]
    pub fn to_text(&self) -> String {
        super::text::encode(&self.bytes)
    }

    /// Reads what [`SealedRecord::to_text`] wrote.
    ///
    /// # Errors
    /// [`SealedError::Text`] if it is not base64url; [`SealedError::Format`] as
    /// [`SealedRecord::from_bytes`].
    pub fn from_text(text: &str) -> Result<Self, SealedError> {
        Self::from_bytes(super::text::decode(text)?)
    }

    /// The version of the root key that the record is sealed under.
    #[must_use]
    pub const fn key_version(&self) -> u32 {
        self.header.key_version
    }

    /// The epoch of the subject's secret; 0 for none.
    #[must_use]
    pub const fn subject_epoch(&self) -> u32 {
        self.header.subject_epoch
    }

    /// The UTC day after which it opens no more ([`crate::Guard::protect_until`]); `None`: it has no such day.
    #[must_use]
    pub fn delete_after(&self) -> Option<CivilDate> {
        delete_after(self.header.subject_epoch)
    }

    /// The names of the fields, ascending.
    pub fn field_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|entry| name_of(&self.bytes, entry))
    }

    /// The class of a field, if the record holds it.
    #[must_use]
    pub fn class_of(&self, name: &str) -> Option<DataClass> {
        find(&self.bytes, &self.entries, name).map(|entry| entry.class)
    }

    /// Takes a copy of a field out, as it is sealed. It opens with the record id of this record.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<SealedField> {
        let place = find(&self.bytes, &self.entries, name)?;
        let (commitment, entry) =
            (self.bytes.get(place.commitment.clone())?, self.bytes.get(place.entry.clone())?);
        let mut bytes = Vec::with_capacity(v1::FIELD_HEADER_LEN.saturating_add(entry.len()));
        v1::write_field_header(&mut bytes, self.header, commitment);
        bytes.extend_from_slice(entry);
        SealedField::from_bytes(bytes).ok()
    }

    pub(super) const fn header(&self) -> Header {
        self.header
    }

    pub(super) fn entries(&self) -> &[EntryPlace] {
        &self.entries
    }
}

impl SealedField {
    /// Checks the structure of stored bytes, as [`SealedRecord::from_bytes`].
    ///
    /// # Errors
    /// [`SealedError::Format`] if a rule of `docs/spec/sealed-v1.md` is broken.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, SealedError> {
        let bytes = bytes.into();
        let (header, entry) = v1::read_field(&bytes)?;
        Ok(Self { header, bytes, entry })
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes as base64url (RFC 4648 §5) without padding characters.
    #[must_use]
    pub fn to_text(&self) -> String {
        super::text::encode(&self.bytes)
    }

    /// Reads what [`SealedField::to_text`] wrote.
    ///
    /// # Errors
    /// [`SealedError::Text`] if it is not base64url; [`SealedError::Format`] as
    /// [`SealedField::from_bytes`].
    pub fn from_text(text: &str) -> Result<Self, SealedError> {
        Self::from_bytes(super::text::decode(text)?)
    }

    /// The version of the root key that the field is sealed under.
    #[must_use]
    pub const fn key_version(&self) -> u32 {
        self.header.key_version
    }

    /// The epoch of the subject's secret; 0 for none.
    #[must_use]
    pub const fn subject_epoch(&self) -> u32 {
        self.header.subject_epoch
    }

    /// The UTC day after which it opens no more ([`crate::Guard::protect_until`]); `None`: it has no such day.
    #[must_use]
    pub fn delete_after(&self) -> Option<CivilDate> {
        delete_after(self.header.subject_epoch)
    }

    /// The field's name.
    #[must_use]
    pub fn name(&self) -> &str {
        name_of(&self.bytes, &self.entry)
    }

    /// The field's class.
    #[must_use]
    pub const fn class(&self) -> DataClass {
        self.entry.class
    }

    pub(super) const fn header(&self) -> Header {
        self.header
    }

    pub(super) const fn entry(&self) -> &EntryPlace {
        &self.entry
    }
}

/// Equality is of the bytes: everything else follows from them.
impl PartialEq for SealedRecord {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for SealedRecord {}

impl PartialEq for SealedField {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for SealedField {}

impl fmt::Debug for SealedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedRecord")
            .field("bytes", &self.bytes.len())
            .field("key_version", &self.header.key_version)
            .field("subject_epoch", &self.header.subject_epoch)
            .field("fields", &self.entries.len())
            .finish()
    }
}

impl fmt::Debug for SealedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedField")
            .field("bytes", &self.bytes.len())
            .field("key_version", &self.header.key_version)
            .field("subject_epoch", &self.header.subject_epoch)
            .field("name", &self.name())
            .field("class", &self.class())
            .finish()
    }
}

fn name_of<'a>(bytes: &'a [u8], entry: &EntryPlace) -> &'a str {
    // INVARIANT: names are ASCII: checked when the bytes came in.
    bytes.get(entry.name.clone()).and_then(|name| core::str::from_utf8(name).ok()).unwrap_or_default()
}
