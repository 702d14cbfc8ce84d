//! What can be known of sealed bytes without a key.

use cpni_guard::vocabulary::DataClass;
use cpni_guard::{SealedField, SealedRecord};

use crate::day::Day;
use crate::error::{CpniError, call};

/// What sealed bytes say of themselves. Nobody vouches for it before they are opened.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SealedInfo {
    /// The version of the root key.
    pub key_version: u32,
    /// The subject epoch; 0: the account cannot be erased apart.
    pub subject_epoch: u32,
    /// The UTC day after which it opens no more; nothing: it has no such day.
    pub delete_after: Option<Day>,
    /// The fields.
    pub fields: Vec<SealedFieldInfo>,
}

/// A field of a sealed record.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SealedFieldInfo {
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: DataClass,
}

/// What a sealed record says of itself.
///
/// # Errors
/// 3001.
#[uniffi::export]
pub fn sealed_record_info(sealed: &[u8]) -> Result<SealedInfo, CpniError> {
    call(|| {
        let record = SealedRecord::from_bytes(sealed)?;
        let field = |name: &str| {
            let class = record.class_of(name)?;
            Some(SealedFieldInfo { name: name.to_owned(), class })
        };
        Ok(SealedInfo {
            key_version: record.key_version(),
            subject_epoch: record.subject_epoch(),
            delete_after: record.delete_after().map(Day::from),
            fields: record.field_names().filter_map(field).collect(),
        })
    })
}

/// One field of a sealed record, for a column of its own. It stays sealed.
///
/// # Errors
/// 3001; 3005.
#[uniffi::export]
pub fn sealed_record_field(sealed: &[u8], name: String) -> Result<Vec<u8>, CpniError> {
    call(|| {
        let record = SealedRecord::from_bytes(sealed)?;
        let field = record.field(&name).ok_or(cpni_guard::error::SealedError::NoSuchField)?;
        Ok(field.as_bytes().to_vec())
    })
}

/// A sealed record as base64url text.
///
/// # Errors
/// 3001.
#[uniffi::export]
pub fn sealed_record_to_text(sealed: &[u8]) -> Result<String, CpniError> {
    call(|| Ok(SealedRecord::from_bytes(sealed)?.to_text()))
}

/// A sealed record from its text.
///
/// # Errors
/// 3001; 3002.
#[uniffi::export]
pub fn sealed_record_from_text(text: String) -> Result<Vec<u8>, CpniError> {
    call(|| Ok(SealedRecord::from_text(&text)?.as_bytes().to_vec()))
}

/// A sealed field as base64url text.
///
/// # Errors
/// 3001.
#[uniffi::export]
pub fn sealed_field_to_text(sealed: &[u8]) -> Result<String, CpniError> {
    call(|| Ok(SealedField::from_bytes(sealed)?.to_text()))
}

/// A sealed field from its text.
///
/// # Errors
/// 3001; 3002.
#[uniffi::export]
pub fn sealed_field_from_text(text: String) -> Result<Vec<u8>, CpniError> {
    call(|| Ok(SealedField::from_text(&text)?.as_bytes().to_vec()))
}
