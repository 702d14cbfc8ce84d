//! Sealing records: one, or many with a result for each.

use std::fmt;

use cpni_guard::Protected;
use cpni_guard::classify::Concern;

use crate::day::Day;
use crate::error::{CpniError, call};
use crate::guard::Guard;
use crate::layout::Item;
use crate::search::{RowTerm, row_terms};

/// A sealed record, and what was noticed while sealing it. Sealed bytes say nothing of the customer.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ProtectedRecord {
    /// The bytes for the host's own database.
    pub sealed: Vec<u8>,
    /// Values that are not what their field says. They are sealed all the same.
    pub concerns: Vec<FieldConcern>,
    /// The terms for the columns of the schema's indexes, in the same row. Replace the old ones with them.
    pub terms: Vec<RowTerm>,
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

    /// Seals a record that is to be deleted after a UTC day: from its end on it opens for nobody, and `delete_due`
    /// deletes what it was sealed under. Fields that are taken out of it have the same day.
    ///
    /// # Errors
    /// As `protect`; 2103 without a store of secrets; 2111 for a day that is over, or past 2149-06-06; 9307.
    pub fn protect_until(&self, item: &[u8], delete_after: Day) -> Result<ProtectedRecord, CpniError> {
        call(|| {
            let (guard, item) = (self.core()?, Item::read(item)?);
            Ok(guard.protect_until(&item.account, item.record, delete_after.date()?)?.into())
        })
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

fn seal(guard: &cpni_guard::Guard, item: Item) -> Result<ProtectedRecord, CpniError> {
    Ok(guard.protect(&item.account, item.record)?.into())
}

impl From<Protected> for ProtectedRecord {
    fn from(protected: Protected) -> Self {
        Self {
            sealed: protected.record.as_bytes().to_vec(),
            concerns: protected.concerns.into_iter().map(FieldConcern::from).collect(),
            terms: row_terms(&protected.terms),
        }
    }
}
