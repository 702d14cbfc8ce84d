//! The files that a guard is built from, checked: an error has no text, so what is wrong, and where, is
//! asked for here. A text of the file itself is never repeated.

use cpni_guard::error::{Error, FileFault, PolicyError, SchemaError, WatchError};
use cpni_guard::policy::{Compliance, Pack, PackStatus};
use cpni_guard::vocabulary::{DataClass, IdentifierKind, Shape};
use cpni_guard::{Schema, WatchRules};

use crate::error::{CpniError, call};
use crate::guard::Guard;

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Fault {
    /// Line, from 1; 0: the file as a whole.
    pub line: u32,
    /// Column in characters, from 1; 0: the file as a whole.
    pub column: u32,
    /// What is wrong there, with the word that was probably meant.
    pub what: String,
}

impl From<&FileFault> for Fault {
    fn from(fault: &FileFault) -> Self {
        Self { line: fault.line, column: fault.column, what: fault.cause.to_string() }
    }
}

/// Checks a schema file. Nothing: it can be used.
///
/// # Errors
/// Never.
#[uniffi::export]
pub fn check_schema(toml: String) -> Result<Vec<Fault>, CpniError> {
    call(|| {
        Ok(match Schema::from_toml(&toml) {
            Ok(_) => Vec::new(),
            Err(SchemaError::File(fault)) => vec![(&fault).into()],
            Err(other) => vec![whole(&other.into())],
        })
    })
}

/// Checks a grants file beside the built-in packs: every fault, up to a hundred.
///
/// # Errors
/// Never.
#[uniffi::export]
pub fn check_grants(toml: String) -> Result<Vec<Fault>, CpniError> {
    call(|| {
        let checked = Pack::check("grants", &toml, &Pack::built_in()?);
        let faults = checked.err().unwrap_or_default();
        if !faults.is_empty() {
            return Ok(faults.iter().map(Fault::from).collect());
        }
        // What `check` takes and a grants file may not hold.
        Ok(match Pack::grants_from_toml("grants", &toml) {
            Ok(_) => Vec::new(),
            Err(Error::Policy(PolicyError::File(fault))) => vec![(&fault).into()],
            Err(other) => vec![whole(&other)],
        })
    })
}

/// Checks a file of watch rules.
///
/// # Errors
/// Never.
#[uniffi::export]
pub fn check_watch(toml: String) -> Result<Vec<Fault>, CpniError> {
    call(|| {
        Ok(match WatchRules::from_toml("watch", &toml) {
            Ok(_) => Vec::new(),
            Err(Error::Watch(WatchError::File(fault))) => vec![(&fault).into()],
            Err(other) => vec![whole(&other)],
        })
    })
}

pub(crate) fn whole(error: &Error) -> Fault {
    Fault { line: 0, column: 0, what: error.to_string() }
}

/// A policy pack, and whether it decides.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PolicyPack {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Whether it must be followed.
    pub compliance: Compliance,
    /// Whether it decides now.
    pub in_force: bool,
    /// The first day on which it decides, as `2026-11-23`; nothing: always did.
    pub effective_from: Option<String>,
    /// The first day on which it no longer decides; nothing: until further notice.
    pub effective_until: Option<String>,
}

/// A field of the schema.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SchemaField {
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: DataClass,
    /// The name of its kind of identifier, if it is one: `ssn`, `nanp`, ….
    pub kind: Option<String>,
    /// Whether it is a list of calls, rather than a text.
    pub is_calls: bool,
    /// The field that it is derived from, if it is: a record does not bring it.
    pub derived_from: Option<String>,
}

#[uniffi::export]
impl Guard {
    /// The policy packs, and which of them decide now.
    ///
    /// # Errors
    /// 9301.
    pub fn policy_status(&self) -> Result<Vec<PolicyPack>, CpniError> {
        call(|| {
            let pack = |status: PackStatus<'_>| PolicyPack {
                id: status.id.to_string(),
                title: status.title.to_owned(),
                compliance: status.compliance,
                in_force: status.in_force,
                effective_from: status.effective_from.map(|day| day.to_string()),
                effective_until: status.effective_until.map(|day| day.to_string()),
            };
            Ok(self.core()?.policy_status().into_iter().map(pack).collect())
        })
    }

    /// The fields of the schema.
    ///
    /// # Errors
    /// 9301.
    pub fn schema_fields(&self) -> Result<Vec<SchemaField>, CpniError> {
        call(|| {
            let guard = self.core()?;
            let field = |field: &cpni_guard::classify::FieldSpec| SchemaField {
                name: field.name().to_string(),
                class: field.class(),
                kind: field.kind().map(IdentifierKind::name).map(str::to_owned),
                is_calls: field.shape() == Shape::Calls,
                derived_from: field.derived_from().map(ToString::to_string),
            };
            Ok(guard.schema().fields().iter().map(field).collect())
        })
    }
}
