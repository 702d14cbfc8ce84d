//! Sealing records, and what can be known of sealed bytes without a key.

use std::fmt;

use cpni_guard::classify::Concern;
use cpni_guard::vocabulary::DataClass;
use cpni_guard::{SealedField, SealedRecord};

use crate::error::{CpniError, call};
#[cfg(feature = "guard")]
use crate::guard::Guard;
#[cfg(feature = "guard")]
use crate::layout::Item;

/// A sealed record, and what was noticed while sealing it. Sealed bytes say nothing of the customer.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ProtectedRecord {
    /// The bytes for the host's own database.
    pub sealed: Vec<u8>,
    /// Values that are not what their field says. They are sealed all the same.
    pub concerns: Vec<FieldConcern>,
}

/// Short: sealed bytes are long.
impl fmt::Debug for ProtectedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtectedRecord").field("concerns", &self.concerns).finish_non_exhaustive()
    }
}

/// A value that was admitted although it is not what its field says.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FieldConcern {
    /// The field.
    pub field: String,
    /// The stable code of what is wrong with it (1151 to 1157).
    pub fault: u16,
}

impl From<Concern> for FieldConcern {
    fn from(concern: Concern) -> Self {
        Self { field: concern.field.to_string(), fault: concern.fault.code().get() }
    }
}

/// What became of one item of a batch.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum ProtectResult {
    /// It is sealed.
    Sealed {
        /// The record.
        record: ProtectedRecord,
    },
    /// It was refused; the others were not.
    Failed {
        /// The stable code.
        code: u16,
    },
}

#[cfg(feature = "guard")]
#[uniffi::export]
impl Guard {
    /// Seals a record of an account. `item`: account, record id and fields, in the layout of
    /// `docs/spec/binding-layout-v1.md`. The bytes are lent: what was made of them is wiped.
    ///
    /// # Errors
    /// 1001 to 1003, 1101 to 1108; 9301 to 9303.
    pub fn protect(&self, item: &[u8]) -> Result<ProtectedRecord, CpniError> {
        call(|| seal(&self.core()?, Item::read(item)?))
    }

    /// Seals many records, of one account or of many, with a result for each.
    ///
    /// # Errors
    /// 9301; 9302 if the items cannot be told apart: nothing is sealed then.
    pub fn protect_batch(&self, items: &[u8]) -> Result<Vec<ProtectResult>, CpniError> {
        call(|| {
            let guard = self.core()?;
            let sealed = |item: Result<Item, CpniError>| match item.and_then(|item| seal(&guard, item)) {
                Ok(record) => ProtectResult::Sealed { record },
                Err(refused) => ProtectResult::Failed { code: refused.code() },
            };
            Ok(Item::read_batch(items)?.into_iter().map(sealed).collect())
        })
    }
}

#[cfg(feature = "guard")]
fn seal(guard: &cpni_guard::Guard, item: Item) -> Result<ProtectedRecord, CpniError> {
    let protected = guard.protect(&item.account, item.record)?;
    Ok(ProtectedRecord {
        sealed: protected.record.as_bytes().to_vec(),
        concerns: protected.concerns.into_iter().map(FieldConcern::from).collect(),
    })
}

/// What sealed bytes say of themselves. Nobody vouches for it before they are opened.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SealedInfo {
    /// The version of the root key.
    pub key_version: u32,
    /// The subject epoch; 0: the account cannot be erased apart.
    pub subject_epoch: u32,
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
