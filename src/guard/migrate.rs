//! From plain columns to sealed ones, while the host goes on working (`docs/migration.md`): look, write
//! sealed and read both, compare, drop.
//!
//! Rules: whether a value is sealed is told by its form, never guessed: what begins as sealed bytes do and
//! is not whole is damaged, and is neither sealed once more nor shown; doing a step again changes nothing.

use std::collections::BTreeMap;
use std::fmt;

use crate::classify::{Concern, Record};
use crate::disclose::open_value;
use crate::envelope::{SealedField, Stored};
use crate::error::{Error, RecordError, SealedError};
use crate::sensitive::Sensitive;
use crate::vocabulary::{AccountId, BasisId, EventKind, RecordId};

use super::{Guard, Inner};

/// The first characters of a sealed field and of a sealed record as text (`docs/spec/sealed-v1.md` §2, §6).
const SEALED_STARTS: [&str; 2] = ["Q0dGA", "Q0dSA"];

/// One value of a text column in the host's database.
#[derive(Clone, Copy)]
pub struct ColumnValue<'v> {
    /// Whose it is.
    pub account: &'v AccountId,
    /// The host's id of the row, to which the value is bound; empty where there is none.
    pub record: &'v RecordId,
    /// The field that the column is, by the name in the schema.
    pub field: &'v str,
    /// What the column holds.
    pub text: &'v str,
}

/// What a text column holds, by its form alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What became of one value.
#[derive(Debug)]
pub enum Migrated {
    /// It was plain: what to write in its place, and into the column of each field that is derived from
    /// it (the last four digits of an SSN).
    Sealed {
        /// By the name of the field.
        columns: Vec<SealedField>,
        /// What was noticed while sealing it.
        concerns: Vec<Concern>,
    },
    /// It was sealed before, or there was none: nothing to do.
    Already,
}

/// What a pass over columns found. Passes add up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationReport {
    /// Columns without a value.
    pub empty: u64,
    /// Values that were sealed before.
    pub sealed: u64,
    /// Values that were plain; sealed now, unless it was a rehearsal.
    pub plain: u64,
    /// Of those, the ones that are not what their field says.
    pub concerns: u64,
    /// What could not be sealed, or is damaged, by the stable code of the cause.
    pub failed: BTreeMap<u16, u64>,
}

/// How plain columns compare with the sealed ones beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnComparison {
    /// Pairs that hold the same value.
    pub same: u64,
    /// The places of those that do not, or whose sealed part does not open, from 0.
    pub different: Vec<usize>,
}

impl ColumnContent {
    /// Tells what `text` is, in the column of `field`.
    #[must_use]
    pub fn of(field: &str, text: &str) -> Self {
        if text.is_empty() {
            return Self::Empty;
        }
        if !SEALED_STARTS.iter().any(|start| text.starts_with(start)) {
            return Self::Plain;
        }
        match SealedField::from_text(text) {
            Ok(sealed) if sealed.name() == field => Self::Sealed,
            Ok(_) | Err(_) => Self::Damaged,
        }
    }
}

impl MigrationReport {
    /// Whether the pass found nothing that is plain and nothing that failed: the plain columns are then
    /// no longer needed, if the pass went over all of them and nothing writes them any more.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.plain == 0 && self.failed.is_empty()
    }

    fn add(&mut self, content: ColumnContent, result: Result<bool, &Error>) {
        let count = match (content, result) {
            (_, Err(error)) => self.failed.entry(error.code().get()).or_default(),
            (ColumnContent::Empty, Ok(_)) => &mut self.empty,
            (ColumnContent::Sealed, Ok(_)) => &mut self.sealed,
            (ColumnContent::Plain | ColumnContent::Damaged, Ok(has_concerns)) => {
                self.concerns = self.concerns.saturating_add(u64::from(has_concerns));
                &mut self.plain
            }
        };
        *count = count.saturating_add(1);
    }
}

impl Guard {
    /// Looks at values without sealing any: how many are plain, sealed, damaged, not what their field
    /// says, or would be refused.
    pub fn rehearse_migration<'v>(
        &self,
        values: impl IntoIterator<Item = ColumnValue<'v>>,
        report: &mut MigrationReport,
    ) {
        for value in values {
            let content = ColumnContent::of(value.field, value.text);
            let found = self.expect_column(&value, content).and_then(|()| match content {
                ColumnContent::Plain => Ok(!self.0.schema.admit(record_of(&value))?.concerns.is_empty()),
                ColumnContent::Empty | ColumnContent::Sealed | ColumnContent::Damaged => Ok(false),
            });
            report.add(content, found.as_ref().copied());
        }
    }

    /// Seals the plain ones among these values. A value that fails does not stop the others; what is
    /// sealed already stays as it is, so that a pass may be interrupted and begun again.
    pub fn migrate<'v>(
        &self,
        values: impl IntoIterator<Item = ColumnValue<'v>>,
        report: &mut MigrationReport,
    ) -> Vec<Result<Migrated, Error>> {
        let migrated = values.into_iter().map(|value| {
            let content = ColumnContent::of(value.field, value.text);
            let migrated =
                self.expect_column(&value, content).and_then(|()| self.migrate_one(&value, content));
            let concerns = migrated.as_ref().map(
                |migrated| matches!(migrated, Migrated::Sealed { concerns, .. } if !concerns.is_empty()),
            );
            report.add(content, concerns);
            migrated
        });
        migrated.collect()
    }

    /// The sealed field of a column that may hold either, for [`crate::Interaction::view`] while both are
    /// there; `None`: the column is empty. A plain value is sealed for it and not written back.
    ///
    /// # Errors
    /// [`SealedError`] where it is damaged; else as [`Guard::protect`].
    pub fn read_both(&self, value: &ColumnValue<'_>) -> Result<Option<SealedField>, Error> {
        let content = ColumnContent::of(value.field, value.text);
        self.expect_column(value, content)?;
        match self.migrate_one(value, content)? {
            Migrated::Sealed { columns, .. } => {
                Ok(columns.into_iter().find(|column| column.name() == value.field))
            }
            Migrated::Already if content == ColumnContent::Empty => Ok(None),
            Migrated::Already => Ok(Some(SealedField::from_text(value.text)?)),
        }
    }

    /// Compares plain columns with the sealed ones beside them, before the plain ones are dropped. For the
    /// back end, which still has the plain values: recorded with its counts, since it says of any text
    /// whether it is the sealed value.
    ///
    /// # Errors
    /// [`crate::error::AuditError`] if it could not be recorded: nothing is said then.
    pub fn compare_columns<'v>(
        &self,
        pairs: impl IntoIterator<Item = (ColumnValue<'v>, &'v str)>,
    ) -> Result<ColumnComparison, Error> {
        let mut comparison = ColumnComparison::default();
        for (place, (plain, sealed)) in pairs.into_iter().enumerate() {
            if self.is_same(&plain, sealed).unwrap_or(false) {
                comparison.same = comparison.same.saturating_add(1);
            } else {
                comparison.different.push(place);
            }
        }
        let mut facts = self.event(EventKind::ColumnsCompared, self.now());
        facts.basis =
            Some(BasisId::new(format!("same-{}-different-{}", comparison.same, comparison.different.len()))?);
        self.0.audit.record(facts, None)?;
        Ok(comparison)
    }

    fn migrate_one(&self, value: &ColumnValue<'_>, content: ColumnContent) -> Result<Migrated, Error> {
        if content != ColumnContent::Plain {
            return Ok(Migrated::Already);
        }
        let protected = self.protect(value.account, record_of(value))?;
        let columns = protected.record.field_names().filter_map(|name| protected.record.field(name));
        Ok(Migrated::Sealed { columns: columns.collect(), concerns: protected.concerns })
    }

    /// The column is a field of the schema that a record can bring, and what it holds is not damaged.
    fn expect_column(&self, value: &ColumnValue<'_>, content: ColumnContent) -> Result<(), Error> {
        let spec = self.0.schema.field(value.field).ok_or(RecordError::UnknownField { position: 0 })?;
        if content == ColumnContent::Damaged {
            // What is wrong with it, or that it is another field's.
            SealedField::from_text(value.text)?;
            return Err(SealedError::SchemaMismatch.into());
        }
        if content == ColumnContent::Sealed && SealedField::from_text(value.text)?.class() != spec.class() {
            return Err(SealedError::SchemaMismatch.into());
        }
        Ok(())
    }

    fn is_same(&self, plain: &ColumnValue<'_>, sealed: &str) -> Result<bool, Error> {
        let Inner { tenant, schema, .. } = &*self.0;
        let spec = schema.field(plain.field).ok_or(RecordError::UnknownField { position: 0 })?;
        let sealed = SealedField::from_text(sealed)?;
        let stored = Stored::from((&sealed, plain.record));
        let keys = self.keys_of(plain.account, stored.key_version(), stored.subject_epoch())?;
        let mut opener = stored.opener(&keys, tenant, plain.account)?;
        Ok(open_value(&mut opener, spec.name(), spec.class())? == Sensitive::from(plain.text.to_owned()))
    }
}

/// Silent: a column may hold anything.
impl fmt::Debug for ColumnValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ColumnValue(..)")
    }
}

fn record_of(value: &ColumnValue<'_>) -> Record {
    Record::with_id(value.record.clone()).text(value.field, value.text)
}
