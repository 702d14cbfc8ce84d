//! Whose data an incident touched, where sealed data was stolen past the library or several logs are asked;
//! and what of it goes into the report of a breach: numbers and classes, no names.
//!
//! Rules: names are given to breach officers only, and that it was asked is recorded first, as in
//! `Guard::breach_scope`. Account ids cross into an object, never in a record.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cpni_guard::audit::AuditLog as CoreLog;
use cpni_guard::error::AuditBreak;
use cpni_guard::guard::ScopeMode;
use cpni_guard::oversight::scope::{self as core, Selection, StolenRecord};
use cpni_guard::vocabulary::{AccountId, ClassSet};
use cpni_guard::{AgentSession, SealedRecord};

use crate::audit::{AuditBreakKind, AuditLog, break_kind};
use crate::breach::{CustomerCount, ReachedClass};
use crate::error::{CpniError, call};
use crate::guard::Guard;
use crate::oversight::{BreachScope, IncidentAccesses};

/// Which versions of the data root were lost together with sealed data.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum LostKeys {
    /// It is not known: every one counts as lost.
    NotKnown,
    /// These, and no other.
    Versions {
        /// Which.
        versions: Vec<u32>,
    },
    /// None: it is established that the keys are safe.
    NoneLost,
}

/// Sealed records that were copied from the host's database. An object, because it names accounts.
#[derive(uniffi::Object)]
pub struct StolenRecords {
    lost: LostKeys,
    records: Mutex<Vec<StolenRecord>>,
}

/// A log that a scope was drawn from.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ScopeSource {
    /// Which log: 16 bytes.
    pub log: Vec<u8>,
    /// How many of its events were read.
    pub size: u64,
    /// The root over what was written: 32 bytes.
    pub root: Vec<u8>,
    /// Whether every event was read and hashed up to that root.
    pub proven: bool,
    /// A checkpoint of that tree, as a signed note; nothing if it was not proved, or the log could not sign one.
    pub checkpoint: Option<String>,
    /// The first place at which something is missing or is not what was written. More accounts may be affected
    /// than are told.
    pub gap: Option<AuditGap>,
    /// The first event whose row in the index is not the one derived from it.
    pub index: Option<AuditGap>,
}

/// A place at which a log is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct AuditGap {
    /// The event, from 0.
    pub event: u64,
    /// What does not fit.
    pub kind: AuditBreakKind,
}

#[uniffi::export]
impl StolenRecords {
    /// None yet. `lost`: which data keys were lost with them decides whether they count as opened.
    ///
    /// # Errors
    /// Never.
    #[uniffi::constructor]
    pub fn new(lost: LostKeys) -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Arc::new(Self { lost, records: Mutex::default() })))
    }

    /// A sealed record of this account. What it holds, its bytes say in the open; nothing is opened.
    ///
    /// # Errors
    /// 1001 to 1003; 3001: it is not added.
    pub fn add(&self, account: String, sealed: &[u8]) -> Result<(), CpniError> {
        call(|| {
            let account = AccountId::new(account)?;
            let sealed = SealedRecord::from_bytes(sealed)?;
            let classes = ClassSet::of(sealed.field_names().filter_map(|name| sealed.class_of(name)));
            let record = StolenRecord { account, key_version: sealed.key_version(), classes };
            self.records.lock().unwrap_or_else(PoisonError::into_inner).push(record);
            Ok(())
        })
    }
}

/// Silent.
impl fmt::Debug for StolenRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StolenRecords(..)")
    }
}

#[uniffi::export]
impl Guard {
    /// As `breach_scope`, of accesses, of stolen data, or of both, from this guard's log and from those of other
    /// guards of the same tenant. Nothing for `accesses`: only what was stolen.
    ///
    /// # Errors
    /// As `breach_scope`; 6020 if accounts do not have the same pseudonyms in all of the logs.
    pub fn breach_scope_of(
        &self,
        officer_session: String,
        accesses: Option<IncidentAccesses>,
        stolen: Option<Arc<StolenRecords>>,
        others: Vec<Arc<AuditLog>>,
        prove: bool,
    ) -> Result<Arc<BreachScope>, CpniError> {
        call(|| {
            let mut selection = match accesses {
                Some(accesses) => Selection::of(accesses.core()?),
                None => Selection::default(),
            };
            if let Some(stolen) = stolen {
                let records = stolen.records.lock().unwrap_or_else(PoisonError::into_inner);
                selection = selection.with_stolen(records.iter().cloned(), stolen.lost.core());
            }
            let mode = if prove { ScopeMode::Prove } else { ScopeMode::Index };
            let others = AuditLog::guards(&others)?;
            let logs: Vec<&CoreLog> = others.iter().map(cpni_guard::Guard::audit).collect();
            let officer = AgentSession::new(officer_session);
            Ok(Arc::new(BreachScope(self.core()?.breach_scope(&officer, &selection, mode, &logs)?)))
        })
    }
}

#[uniffi::export]
impl BreachScope {
    /// How many accounts got out, and whether that is all. Attempts do not count.
    ///
    /// # Errors
    /// Never.
    pub fn customers(&self) -> Result<CustomerCount, CpniError> {
        call(|| Ok(self.0.customers().into()))
    }

    /// Every class that got out, and whether it can be read.
    ///
    /// # Errors
    /// Never.
    pub fn exposures(&self) -> Result<Vec<ReachedClass>, CpniError> {
        call(|| Ok(self.0.exposures().map(|(class, exposure)| ReachedClass { class, exposure }).collect()))
    }

    /// The logs that it was drawn from.
    ///
    /// # Errors
    /// Never.
    pub fn logs(&self) -> Result<Vec<ScopeSource>, CpniError> {
        call(|| Ok(self.0.logs().iter().map(ScopeSource::from).collect()))
    }
}

impl LostKeys {
    fn core(&self) -> core::LostKeys {
        match self {
            Self::NotKnown => core::LostKeys::NotKnown,
            Self::Versions { versions } => core::LostKeys::Versions(versions.iter().copied().collect()),
            Self::NoneLost => core::LostKeys::None,
        }
    }
}

impl From<&core::Source> for ScopeSource {
    fn from(source: &core::Source) -> Self {
        let gap = |gap: AuditBreak| AuditGap { event: gap.event, kind: break_kind(gap.kind) };
        Self {
            log: source.log.as_bytes().to_vec(),
            size: source.tree.size,
            root: source.tree.root.to_vec(),
            proven: source.proven,
            checkpoint: source.checkpoint.as_ref().map(|signed| signed.note().to_owned()),
            gap: source.gap.map(gap),
            index: source.index.map(gap),
        }
    }
}
