//! From plain columns to sealed ones while both are read: a rehearsal with counts, passes that may be interrupted, a
//! comparison before the plain ones go. For the back end, which still has the plain values; they are lent as bytes.

use cpni_guard::guard::{
    ColumnComparison as CoreComparison, ColumnContent, ColumnValue, Migrated, MigrationReport as CoreReport,
};

use crate::error::{CpniError, call};
use crate::guard::Guard;
use crate::keys::CauseCount;
use crate::layout::{self, ColumnRow};
use crate::protect::FieldConcern;

/// What a text column holds, by its form alone.
#[uniffi::remote(Enum)]
pub enum ColumnContent {
    /// Nothing.
    Empty,
    /// A value that is not sealed.
    Plain,
    /// A sealed field of this name. Whether it opens is another question.
    Sealed,
    /// It begins as sealed bytes do, and is not a whole sealed field of this name.
    Damaged,
}

/// What to write into the column of a field.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SealedColumn {
    /// The field.
    pub field: String,
    /// The sealed field as base64url.
    pub text: String,
}

/// What became of one value.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum MigratedValue {
    /// It was plain.
    Sealed {
        /// What to write in its place, and into the column of each field that is derived from it.
        columns: Vec<SealedColumn>,
        /// What was noticed while sealing it.
        concerns: Vec<FieldConcern>,
    },
    /// It was sealed before, or there was none: nothing to do.
    Already,
    /// It could not be sealed, or is damaged; the others are not.
    Failed {
        /// The stable code.
        code: u16,
    },
}

/// What a pass over columns found. Passes add up.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MigrationReport {
    /// How many columns hold no value.
    pub empty: u64,
    /// How many values were sealed before.
    pub sealed: u64,
    /// How many were plain; sealed now, unless it was a rehearsal.
    pub plain: u64,
    /// Of those, the ones that are not what their field says.
    pub concerns: u64,
    /// What could not be sealed, or is damaged.
    pub failed: Vec<CauseCount>,
    /// Whether nothing is plain and nothing failed.
    pub is_clean: bool,
}

/// A part of a migration.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MigrationBatch {
    /// One for each value, in their order.
    pub results: Vec<MigratedValue>,
    /// What the part comes to.
    pub report: MigrationReport,
}

/// How plain columns compare with the sealed ones beside them.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ColumnComparison {
    /// Pairs that hold the same value.
    pub same: u64,
    /// The places of those that do not, or whose sealed part does not open, from 0.
    pub different: Vec<u64>,
}

/// Tells what a text is, in the column of a field.
///
/// # Errors
/// 9303.
#[uniffi::export]
pub fn column_content(field: String, text: &[u8]) -> Result<ColumnContent, CpniError> {
    call(|| Ok(ColumnContent::of(&field, layout::text(text)?)))
}

#[uniffi::export]
impl Guard {
    /// Looks at values without sealing any: column values in the layout of `docs/spec/binding-layout-v1.md`.
    ///
    /// # Errors
    /// 9301, 9302.
    pub fn rehearse_migration(&self, values: &[u8]) -> Result<MigrationReport, CpniError> {
        call(|| {
            let (guard, mut report) = (self.core()?, CoreReport::default());
            let rows = ColumnRow::read_all(values)?;
            guard.rehearse_migration(rows.iter().flatten().map(ColumnRow::value), &mut report);
            rows.iter().for_each(|row| count_failed(row, &mut report));
            Ok(report.into())
        })
    }

    /// Seals the plain ones among these values, with a result for each. What is sealed already stays as it is, so that
    /// a pass may be interrupted and begun again.
    ///
    /// # Errors
    /// 9301, 9302.
    pub fn migrate(&self, values: &[u8]) -> Result<MigrationBatch, CpniError> {
        call(|| {
            let (guard, mut report) = (self.core()?, CoreReport::default());
            let rows = ColumnRow::read_all(values)?;
            let done = guard.migrate(rows.iter().flatten().map(ColumnRow::value), &mut report);
            rows.iter().for_each(|row| count_failed(row, &mut report));
            Ok(MigrationBatch { results: layout::each_row(&rows, done), report: report.into() })
        })
    }

    /// The sealed bytes of a column value that may be plain or sealed, for a view while both are there; nothing: the
    /// column is empty. A plain value is sealed for it and not written back.
    ///
    /// # Errors
    /// 3001 to 3007 where it is damaged; as `protect`.
    pub fn read_both(&self, value: &[u8]) -> Result<Option<Vec<u8>>, CpniError> {
        call(|| {
            let row = ColumnRow::read(value)?;
            Ok(self.core()?.read_both(&row.value())?.map(|sealed| sealed.as_bytes().to_vec()))
        })
    }

    /// Compares plain column values with the sealed texts beside them, before the plain ones are dropped. Recorded with
    /// its counts.
    ///
    /// # Errors
    /// 6001 if it could not be recorded: nothing is said then; 1001 to 1003 for any of the ids; 9301 to 9303.
    pub fn compare_columns(&self, pairs: &[u8]) -> Result<ColumnComparison, CpniError> {
        call(|| {
            let pairs = ColumnRow::read_pairs(pairs)?;
            let pairs = pairs.iter().map(|(row, sealed)| (row.value(), *sealed));
            Ok(self.core()?.compare_columns(pairs)?.into())
        })
    }
}

/// A row that is none was seen, and is not migrated.
fn count_failed(row: &Result<ColumnRow<'_>, CpniError>, report: &mut CoreReport) {
    if let Err(failed) = row {
        let count = report.failed.entry(failed.code()).or_default();
        *count = count.saturating_add(1);
    }
}

impl ColumnRow<'_> {
    fn value(&self) -> ColumnValue<'_> {
        ColumnValue { account: &self.account, record: &self.id, field: self.field, text: self.text }
    }
}

impl From<CpniError> for MigratedValue {
    fn from(failed: CpniError) -> Self {
        Self::Failed { code: failed.code() }
    }
}

impl From<Result<Migrated, cpni_guard::Error>> for MigratedValue {
    fn from(result: Result<Migrated, cpni_guard::Error>) -> Self {
        match result {
            Ok(Migrated::Sealed { columns, concerns }) => {
                let column = |sealed: &cpni_guard::SealedField| SealedColumn {
                    field: sealed.name().to_owned(),
                    text: sealed.to_text(),
                };
                Self::Sealed {
                    columns: columns.iter().map(column).collect(),
                    concerns: concerns.into_iter().map(FieldConcern::from).collect(),
                }
            }
            Ok(Migrated::Already) => Self::Already,
            Err(failed) => CpniError::from(failed).into(),
        }
    }
}

impl From<CoreReport> for MigrationReport {
    fn from(report: CoreReport) -> Self {
        Self {
            empty: report.empty,
            sealed: report.sealed,
            plain: report.plain,
            concerns: report.concerns,
            is_clean: report.is_clean(),
            failed: report.failed.into_iter().map(CauseCount::from).collect(),
        }
    }
}

impl From<CoreComparison> for ColumnComparison {
    fn from(compared: CoreComparison) -> Self {
        let place = |place: usize| u64::try_from(place).unwrap_or(u64::MAX);
        Self { same: compared.same, different: compared.different.into_iter().map(place).collect() }
    }
}
