//! Erasure of an account, or of everything that was to be deleted after a day: its secret is deleted, and
//! what is sealed under it opens no more.
//!
//! Rules: each step is durable before the next, and recorded before what cannot be taken back; an erasure
//! that was broken off is continued by asking for it again; an erased account gets no secret by accident.
//!
//! Security note: what is not sealed under the secret (rows from before there was one, terms of the index,
//! tokens in columns) the host deletes. Backups of the store follow when they are gone, or when the version
//! of the subject branch is destroyed.

use crate::audit::{Actor, LogId};
use crate::error::{Error, InteractionError, SubjectError};
use crate::interaction::AgentSession;
use crate::keys::{Day, Erasure, ErasureStep, MAX_COLUMNS, Subject, Subjects};
use crate::vocabulary::{AccountId, BasisId, CivilDate, ContactId, EventKind, FieldName, Timestamp};

use super::Guard;
use super::interaction::actor;

/// Who has an account erased, why, and what the host has to do beside.
#[derive(Debug)]
pub struct ErasureRequest {
    /// Who carries it out: known to the directory. The event names them.
    pub by: AgentSession,
    /// The customer's request, or whatever it rests on, in the host's system.
    pub case: ContactId,
    /// When the last backup that holds the account's secret is gone; `None`: not known.
    pub backups_expire: Option<CivilDate>,
    /// The host's columns that hold something of the account and are not under its secret, beside those
    /// that the library knows: the indexes of the schema, and the columns of tokens in the store. All are outstanding until [`Guard::confirm_deleted`].
    pub columns: Vec<FieldName>,
}

/// How far an erasure is. The event it names proves it ([`crate::audit::AuditLog::prove_inclusion`]).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErasureReceipt {
    /// The epoch whose secret is gone: what is sealed under it and those before opens no more. Of a day,
    /// the number that stands for it in the store.
    pub epoch: u32,
    /// The day of the values whose secret is gone ([`Guard::delete_due`]); `None`: it was an account's.
    pub delete_after: Option<CivilDate>,
    /// When it was begun.
    pub at: Timestamp,
    /// The log of the event, and its number in it; `None`: the erasure was broken off before it. Ask again.
    pub event: Option<(LogId, u64)>,
    /// Whether the secret is gone, from the store's files as well. `false`: the erasure was broken off.
    /// Ask again.
    pub is_deleted: bool,
    /// The version of the subject branch under which older copies of the store have the secret, which
    /// ends them when it is destroyed; `None`: there never was a secret.
    pub key_version: Option<u32>,
    /// When the last backup that holds the secret is gone, as the host said.
    pub backups_expire: Option<CivilDate>,
    /// What the host has to delete yet.
    pub outstanding: Vec<FieldName>,
}

impl ErasureReceipt {
    /// Whether nothing is left to do, but to wait for backups.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_deleted && self.outstanding.is_empty()
    }
}

impl Guard {
    /// Erases an account: deletes its secret, so that no copy of what was sealed under it opens again, in
    /// any process. Recorded first. To be asked again where it was broken off, until it gives a receipt: it
    /// goes on where it was, with what the first request said.
    ///
    /// Interactions that are open on the account open nothing more; what they have shown ends with them.
    /// Passwords, approvals and the log stay: others rest on them, and they hold no value. For the back
    /// end; not for an agent's tool.
    ///
    /// # Errors
    /// [`SubjectError::NoStore`]; [`SubjectError::TooManyColumns`]; [`InteractionError::UnknownAgent`],
    /// [`InteractionError::DirectoryUnavailable`]; [`crate::error::AuditError`],
    /// [`crate::error::StoreError`]: it may be begun, and is continued by asking again.
    pub fn erase(&self, account: &AccountId, request: &ErasureRequest) -> Result<ErasureReceipt, Error> {
        self.carry_out(Subject::Account(account), &self.begun(request)?, &self.told(request, Some(account))?)
    }

    /// Deletes what was to be deleted after a day that is over ([`Guard::protect_until`]), of all accounts: the
    /// secret of each such day, with the steps and the record of an erasure. A receipt for each day
    /// that there was something to do for; for a value, the one of its day. Once a day is enough: values open
    /// no more from the end of their day on, whether this ran or not. Looks ten years back, at the cost of one
    /// read a day.
    ///
    /// What the request names beside is outstanding for each of these days, in rows whose sealed bytes
    /// say that day ([`crate::SealedRecord::delete_after`]).
    ///
    /// # Errors
    /// As [`Guard::erase`]; days that come later are then not looked at: ask again.
    pub fn delete_due(&self, request: &ErasureRequest) -> Result<Vec<ErasureReceipt>, Error> {
        let (begun, told) = (self.begun(request)?, self.told(request, None)?);
        let due = self.subjects()?.days_due(begun.at)?;
        due.into_iter().map(|day| self.carry_out(Subject::Day(day), &begun, &told)).collect()
    }

    fn begun(&self, request: &ErasureRequest) -> Result<Erasure, Error> {
        self.subjects()?;
        let mut columns = request.columns.clone();
        // What the library itself knows of is not left to be remembered.
        columns.extend(self.0.schema.indexes().iter().map(|index| index.name().clone()));
        columns.extend(self.0.columns.names()?);
        columns.sort_unstable();
        columns.dedup();
        if columns.len() > MAX_COLUMNS {
            return Err(SubjectError::TooManyColumns { max: MAX_COLUMNS }.into());
        }
        Ok(Erasure {
            step: ErasureStep::Begun,
            epoch: 0,
            key_version: 0,
            at: self.now(),
            event: 0,
            log: [0; 16],
            backups_expire: request.backups_expire,
            columns,
        })
    }

    fn carry_out(&self, of: Subject<'_>, begun: &Erasure, told: &Told<'_>) -> Result<ErasureReceipt, Error> {
        let subjects = self.subjects()?;
        loop {
            // Also after somebody else was faster: what is there says how far it is.
            let erasure = subjects.begin_erasure(of, begun)?;
            let next = match erasure.step {
                ErasureStep::Begun => {
                    let (kind, what) = match of {
                        Subject::Account(_) => (EventKind::AccountErased, "epoch"),
                        Subject::Day(_) => (EventKind::ValuesDeleted, "delete-after"),
                    };
                    let event = self.tell(kind, format!("{what}:{}", name_of(&erasure)), told)?;
                    let log = *self.0.audit.id().as_bytes();
                    Erasure { step: ErasureStep::Deleted, event, log, ..erasure.clone() }
                }
                ErasureStep::Deleted => {
                    subjects.scrub()?;
                    // They open no more; an account's rows go too.
                    if let Subject::Account(account) = of {
                        self.0.tokens.remove_of(account)?;
                    }
                    let basis = format!("secret-deleted:{}", name_of(&erasure));
                    self.tell(EventKind::ErasureContinued, basis, told)?;
                    Erasure { step: step_with(&erasure.columns), ..erasure.clone() }
                }
                ErasureStep::Scrubbed | ErasureStep::Confirmed => {
                    return Ok(ErasureReceipt::of(erasure));
                }
            };
            subjects.advance_erasure(of, &erasure, &next)?;
        }
    }

    /// How far the erasure of an account is; `None` if it was not begun.
    ///
    /// # Errors
    /// [`SubjectError::NoStore`], [`SubjectError::Damaged`]; [`crate::error::StoreError`].
    pub fn erasure_of(&self, account: &AccountId) -> Result<Option<ErasureReceipt>, Error> {
        Ok(self.subjects()?.erasure(Subject::Account(account))?.map(ErasureReceipt::of))
    }

    /// How far the deletion of what was to be deleted after a day is; `None` if it was not begun, or
    /// there never was such a value.
    ///
    /// # Errors
    /// As [`Guard::erasure_of`].
    pub fn deletion_of(&self, delete_after: CivilDate) -> Result<Option<ErasureReceipt>, Error> {
        let subjects = self.subjects()?;
        let Some(day) = Day::of(delete_after) else { return Ok(None) };
        Ok(subjects.erasure(Subject::Day(day))?.map(ErasureReceipt::of))
    }

    /// How many erasures are not complete, of accounts and of days: broken off, or waiting for the host.
    /// Reads every row.
    ///
    /// # Errors
    /// As [`Guard::erasure_of`].
    pub fn unfinished_erasures(&self) -> Result<u64, Error> {
        self.subjects()?.count_unfinished()
    }

    /// The host says that it deleted what a column held of an erased account. Recorded first.
    ///
    /// # Errors
    /// [`SubjectError::NotErased`] before [`Guard::erase`] gave its receipt;
    /// [`SubjectError::NoSuchColumn`] if it is not outstanding, or no more; as [`Guard::erase`].
    pub fn confirm_deleted(
        &self,
        account: &AccountId,
        column: &str,
        by: &AgentSession,
    ) -> Result<ErasureReceipt, Error> {
        self.confirm(Subject::Account(account), column, by)
    }

    /// The host says that it deleted what a column held of the rows of a day. As [`Guard::confirm_deleted`].
    ///
    /// # Errors
    /// As [`Guard::confirm_deleted`], before [`Guard::delete_due`] gave the day's receipt.
    pub fn confirm_due_deleted(
        &self,
        delete_after: CivilDate,
        column: &str,
        by: &AgentSession,
    ) -> Result<ErasureReceipt, Error> {
        self.confirm(Subject::Day(Day::of(delete_after).ok_or(SubjectError::NotErased)?), column, by)
    }

    fn confirm(&self, of: Subject<'_>, column: &str, by: &AgentSession) -> Result<ErasureReceipt, Error> {
        let (subjects, actor) = (self.subjects()?, self.actor_of(by)?);
        let account = if let Subject::Account(account) = of { Some(account) } else { None };
        let told = Told { account, actor, case: None };
        loop {
            let erasure = subjects.erasure(of)?.ok_or(SubjectError::NotErased)?;
            if erasure.step < ErasureStep::Scrubbed {
                return Err(SubjectError::NotErased.into());
            }
            let left: Vec<_> =
                erasure.columns.iter().filter(|name| name.as_str() != column).cloned().collect();
            if left.len() == erasure.columns.len() {
                return Err(SubjectError::NoSuchColumn.into());
            }
            self.tell(EventKind::ErasureContinued, format!("column:{column}"), &told)?;
            if left.is_empty() {
                let basis = format!("confirmed:{}", name_of(&erasure));
                self.tell(EventKind::ErasureContinued, basis, &told)?;
            }
            let next = Erasure { step: step_with(&left), columns: left, ..erasure.clone() };
            if subjects.advance_erasure(of, &erasure, &next)? {
                return Ok(ErasureReceipt::of(next));
            }
        }
    }

    /// Lets an erased account be sealed again, under a new secret and the next epoch, which it gives back.
    /// What was erased stays so. Recorded first.
    ///
    /// # Errors
    /// [`SubjectError::NotErased`]; [`SubjectError::Outstanding`] while the host has columns to delete;
    /// as [`Guard::erase`].
    pub fn readmit(&self, account: &AccountId, by: &AgentSession, case: &ContactId) -> Result<u32, Error> {
        let (subjects, actor) = (self.subjects()?, self.actor_of(by)?);
        let epoch = subjects.next_epoch(account)?;
        let told = Told { account: Some(account), actor, case: Some(case.clone()) };
        self.tell(EventKind::AccountReadmitted, format!("epoch:{epoch}"), &told)?;
        subjects.readmit(account)
    }

    fn subjects(&self) -> Result<&Subjects, SubjectError> {
        self.0.subjects.as_ref().ok_or(SubjectError::NoStore)
    }

    /// Who that is, as the directory says.
    pub(super) fn actor_of(&self, agent: &AgentSession) -> Result<Actor, Error> {
        let profile = self.0.hosts.directory.agent(agent);
        let profile = profile.map_err(|_| InteractionError::DirectoryUnavailable)?;
        Ok(actor(&profile.ok_or(InteractionError::UnknownAgent)?))
    }

    fn told<'t>(&self, request: &ErasureRequest, account: Option<&'t AccountId>) -> Result<Told<'t>, Error> {
        Ok(Told { account, actor: self.actor_of(&request.by)?, case: Some(request.case.clone()) })
    }

    fn tell(&self, kind: EventKind, basis: String, told: &Told<'_>) -> Result<u64, Error> {
        let mut facts = self.event(kind, self.now());
        facts.basis = Some(BasisId::new(basis)?);
        facts.actor = Some(told.actor.clone());
        facts.case.clone_from(&told.case);
        Ok(self.0.audit.record(facts, told.account)?.index())
    }
}

impl ErasureReceipt {
    fn of(erasure: Erasure) -> Self {
        let is_recorded = erasure.step > ErasureStep::Begun;
        Self {
            epoch: erasure.epoch,
            delete_after: erasure.delete_after(),
            at: erasure.at,
            event: is_recorded.then_some((LogId::from_bytes(erasure.log), erasure.event)),
            is_deleted: erasure.step >= ErasureStep::Scrubbed,
            key_version: Some(erasure.key_version).filter(|version| *version > 0),
            backups_expire: erasure.backups_expire,
            outstanding: erasure.columns,
        }
    }
}

/// What the events of an erasure have in common.
struct Told<'t> {
    account: Option<&'t AccountId>,
    actor: Actor,
    case: Option<ContactId>,
}

/// What events call the secret that goes: the epoch of an account, or the day.
fn name_of(erasure: &Erasure) -> String {
    erasure.delete_after().map_or_else(|| erasure.epoch.to_string(), |day| day.to_string())
}

/// Where an erasure stands whose secret is gone.
const fn step_with(outstanding: &[FieldName]) -> ErasureStep {
    if outstanding.is_empty() { ErasureStep::Confirmed } else { ErasureStep::Scrubbed }
}
