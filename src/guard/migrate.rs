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

use super::Guard;

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

/// What a text column holds, read once.
enum Held {
    Empty,
    Plain,
    Sealed(SealedField),
}

/// What a pass counts of one value.
#[derive(Clone, Copy)]
enum Found {
    Empty,
    Sealed,
    Plain { has_concerns: bool },
}

impl ColumnContent {
    /// Tells what `text` is, in the column of `field`.
    #[must_use]
    pub fn of(field: &str, text: &str) -> Self {
        match Held::read(field, text) {
            Ok(Held::Empty) => Self::Empty,
            Ok(Held::Plain) => Self::Plain,
            Ok(Held::Sealed(_)) => Self::Sealed,
            Err(_) => Self::Damaged,
        }
    }
}

impl Held {
    /// Fails where it is damaged: with what is wrong with it, or that it is another field's.
    fn read(field: &str, text: &str) -> Result<Self, SealedError> {
        if text.is_empty() {
            return Ok(Self::Empty);
        }
        if !SEALED_STARTS.iter().any(|start| text.starts_with(start)) {
            return Ok(Self::Plain);
        }
        let sealed = SealedField::from_text(text)?;
        if sealed.name() == field { Ok(Self::Sealed(sealed)) } else { Err(SealedError::SchemaMismatch) }
    }
}

impl MigrationReport {
    /// Whether the pass found nothing that is plain and nothing that failed: the plain columns are then
    /// no longer needed, if the pass went over all of them and nothing writes them any more.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.plain == 0 && self.failed.is_empty()
    }

    fn add(&mut self, found: Result<Found, &Error>) {
        let count = match found {
            Err(error) => self.failed.entry(error.code().get()).or_default(),
            Ok(Found::Empty) => &mut self.empty,
            Ok(Found::Sealed) => &mut self.sealed,
            Ok(Found::Plain { has_concerns }) => {
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
            let found = self.held(&value).and_then(|held| match held {
                Held::Empty => Ok(Found::Empty),
                Held::Sealed(_) => Ok(Found::Sealed),
                Held::Plain => {
                    let concerns = self.0.schema.admit(record_of(&value))?.concerns;
                    Ok(Found::Plain { has_concerns: !concerns.is_empty() })
                }
            });
            report.add(found.as_ref().copied());
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
            let migrated = self.held(&value).and_then(|held| match held {
                Held::Empty => Ok((Found::Empty, Migrated::Already)),
                Held::Sealed(_) => Ok((Found::Sealed, Migrated::Already)),
                Held::Plain => {
                    let (columns, concerns) = self.seal_plain(&value)?;
                    let found = Found::Plain { has_concerns: !concerns.is_empty() };
                    Ok((found, Migrated::Sealed { columns, concerns }))
                }
            });
            report.add(migrated.as_ref().map(|(found, _)| *found));
            migrated.map(|(_, migrated)| migrated)
        });
        migrated.collect()
    }

    /// The sealed field of a column that may hold either, for [`crate::Interaction::view`] while both are
    /// there; `None`: the column is empty. A plain value is sealed for it and not written back.
    ///
    /// # Errors
    /// [`SealedError`] where it is damaged; else as [`Guard::protect`].
    pub fn read_both(&self, value: &ColumnValue<'_>) -> Result<Option<SealedField>, Error> {
        match self.held(value)? {
            Held::Empty => Ok(None),
            Held::Sealed(sealed) => Ok(Some(sealed)),
            Held::Plain => {
                let (columns, _) = self.seal_plain(value)?;
                Ok(columns.into_iter().find(|column| column.name() == value.field))
            }
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

    /// What a column holds, which must be one of a field of the schema, and not damaged.
    fn held(&self, value: &ColumnValue<'_>) -> Result<Held, Error> {
        let spec = self.0.schema.field(value.field).ok_or(RecordError::UnknownField { position: 0 })?;
        match Held::read(value.field, value.text)? {
            Held::Sealed(sealed) if sealed.class() != spec.class() => Err(SealedError::SchemaMismatch.into()),
            held @ (Held::Empty | Held::Plain | Held::Sealed(_)) => Ok(held),
        }
    }

    /// The columns of a plain value, sealed, and what was noticed.
    fn seal_plain(&self, value: &ColumnValue<'_>) -> Result<(Vec<SealedField>, Vec<Concern>), Error> {
        let protected = self.protect(value.account, record_of(value))?;
        let columns = protected.record.field_names().filter_map(|name| protected.record.field(name));
        Ok((columns.collect(), protected.concerns))
    }

    fn is_same(&self, plain: &ColumnValue<'_>, sealed: &str) -> Result<bool, Error> {
        let spec = self.0.schema.field(plain.field).ok_or(RecordError::UnknownField { position: 0 })?;
        let sealed = SealedField::from_text(sealed)?;
        let stored = Stored::from((&sealed, plain.record));
        let value =
            self.open_with(plain.account, &stored, |opener| open_value(opener, spec.name(), spec.class()))?;
        Ok(value == Sensitive::from(plain.text.to_owned()))
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
