//! What a host hands in from its database: a whole record or one column, and the record id that
//! it was sealed under.

use super::aad::Binding;
use super::open::Opener;
use super::reseal;
use super::sealed::{SealedField, SealedRecord};
use crate::error::{Error, SealedError};
use crate::keys::{AccountKeys, delete_after};
use crate::vocabulary::{AccountId, CivilDate, DataClass, RecordId, TenantId};

/// Sealed bytes from the host's database, with the record id that they were sealed under.
///
/// `&record` and `&field` go where this is asked for; so do `(&record, &id)` and `(&field, &id)`
/// for what was sealed with a record id.
#[derive(Debug, Clone)]
pub struct Stored<'s> {
    sealed: Sealed<'s>,
    id: RecordId,
}

#[derive(Debug, Clone, Copy)]
enum Sealed<'s> {
    Record(&'s SealedRecord),
    Field(&'s SealedField),
}

impl<'s> Stored<'s> {
    /// The class under which a field is sealed, if it is there.
    pub(crate) fn class_of(&self, name: &str) -> Option<DataClass> {
        match self.sealed {
            Sealed::Record(record) => record.class_of(name),
            Sealed::Field(field) => (field.name() == name).then(|| field.class()),
        }
    }

    pub(crate) const fn key_version(&self) -> u32 {
        match self.sealed {
            Sealed::Record(record) => record.key_version(),
            Sealed::Field(field) => field.key_version(),
        }
    }

    pub(crate) const fn subject_epoch(&self) -> u32 {
        match self.sealed {
            Sealed::Record(record) => record.subject_epoch(),
            Sealed::Field(field) => field.subject_epoch(),
        }
    }

    /// The day after which it is to be deleted, if it has one.
    pub(crate) fn delete_after(&self) -> Option<CivilDate> {
        delete_after(self.subject_epoch())
    }

    /// Opens every field and seals it again under other keys of the same account, bound to the same
    /// tenant, account, record and field. The plaintext goes nowhere else, and is wiped.
    pub(crate) fn reseal(
        &self,
        from: &AccountKeys,
        to: &AccountKeys,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<SealedAgain, Error> {
        let binding = Binding { tenant, account, record: &self.id };
        Ok(match self.sealed {
            Sealed::Record(record) => SealedAgain::Record(reseal::reseal_record(from, to, binding, record)?),
            Sealed::Field(field) => SealedAgain::Field(reseal::reseal_field(from, to, binding, field)?),
        })
    }

    /// Opens fields of it as fields of this tenant's account.
    pub(crate) fn opener<'o>(
        &self,
        keys: &'o AccountKeys,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Opener<'o>, SealedError>
    where
        's: 'o,
    {
        let binding = Binding { tenant, account, record: &self.id };
        match self.sealed {
            Sealed::Record(record) => Opener::new(keys, binding, record),
            Sealed::Field(field) => Opener::for_field(keys, binding, field),
        }
    }
}

/// A record or a field, as it was sealed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedAgain {
    /// Of a whole record.
    Record(SealedRecord),
    /// Of a field that stands alone.
    Field(SealedField),
}

impl SealedAgain {
    /// The bytes to store, in place of those that were handed in.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Record(record) => record.as_bytes(),
            Self::Field(field) => field.as_bytes(),
        }
    }

    /// The same as base64url (RFC 4648 §5) without padding characters.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Record(record) => record.to_text(),
            Self::Field(field) => field.to_text(),
        }
    }
}

impl<'s> From<&'s SealedAgain> for Stored<'s> {
    fn from(again: &'s SealedAgain) -> Self {
        match again {
            SealedAgain::Record(record) => Self::from(record),
            SealedAgain::Field(field) => Self::from(field),
        }
    }
}

impl<'s> From<(&'s SealedAgain, &RecordId)> for Stored<'s> {
    fn from((again, id): (&'s SealedAgain, &RecordId)) -> Self {
        Self { id: id.clone(), ..Self::from(again) }
    }
}

impl<'s> From<&'s SealedRecord> for Stored<'s> {
    fn from(record: &'s SealedRecord) -> Self {
        Self { sealed: Sealed::Record(record), id: RecordId::none() }
    }
}

impl<'s> From<(&'s SealedRecord, &RecordId)> for Stored<'s> {
    fn from((record, id): (&'s SealedRecord, &RecordId)) -> Self {
        Self { sealed: Sealed::Record(record), id: id.clone() }
    }
}

impl<'s> From<&'s SealedField> for Stored<'s> {
    fn from(field: &'s SealedField) -> Self {
        Self { sealed: Sealed::Field(field), id: RecordId::none() }
    }
}

impl<'s> From<(&'s SealedField, &RecordId)> for Stored<'s> {
    fn from((field, id): (&'s SealedField, &RecordId)) -> Self {
        Self { sealed: Sealed::Field(field), id: id.clone() }
    }
}
