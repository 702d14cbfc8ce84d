//! Erasure of accounts, and of values that have a day after which they are deleted: where their secrets are kept, what an erasure did, and what the host has to delete yet.

use std::sync::Arc;

use cpni_guard::AgentSession;
use cpni_guard::guard::{ErasureReceipt as CoreReceipt, ErasureRequest};
use cpni_guard::keys::MemorySubjectStore;
use cpni_guard::vocabulary::{AccountId, ContactId, FieldName};

use crate::day::Day;
use crate::error::{CpniError, call};
use crate::guard::{Guard, GuardBuilder};

/// How far an erasure is. The event that it names proves it: `AuditLog::prove`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ErasureReceipt {
    /// The epoch whose secret is gone: what is sealed under it and those before opens no more.
    pub epoch: u32,
    /// The day of the values whose secret is gone (`Guard::delete_due`); nothing: it was an account's.
    pub delete_after: Option<Day>,
    /// When it was begun, in microseconds since 1970.
    pub at_micros: u64,
    /// The log of the event: 16 bytes; nothing: the erasure was broken off before it. Ask again.
    pub log: Option<Vec<u8>>,
    /// The number of the event in that log, from 0.
    pub event: Option<u64>,
    /// Whether the secret is gone, from the store's files as well. `false`: it was broken off. Ask again.
    pub is_deleted: bool,
    /// The version of the subject branch under which older copies of the store have the secret, which ends them
    /// when it is destroyed; nothing: there never was a secret.
    pub key_version: Option<u32>,
    /// When the last backup that holds the secret is gone, as the host said.
    pub backups_expire: Option<Day>,
    /// What the host has to delete yet: indexes, columns of tokens, columns that it named.
    pub outstanding: Vec<String>,
    /// Whether nothing is left to do, but to wait for backups.
    pub is_complete: bool,
}

#[uniffi::export]
impl GuardBuilder {
    /// Secrets of accounts in memory, so that accounts can be erased: for tests and samples.
    ///
    /// # Errors
    /// 9308.
    pub fn memory_subjects(&self) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.subjects(Arc::new(MemorySubjectStore::default()))))
    }
}

#[cfg(feature = "sqlite")]
#[uniffi::export]
impl GuardBuilder {
    /// Secrets of accounts in an SQLite file in this folder, so that accounts can be erased. Its loss is the loss
    /// of everything sealed under it; its backups are what an erasure waits for.
    ///
    /// # Errors
    /// 7001 to 7008; 9308.
    pub fn subject_folder(&self, folder: String) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.subjects(Arc::new(cpni_guard::store::SqliteSubjects::open(folder)?))))
    }
}

#[uniffi::export]
impl Guard {
    /// Erases an account: its secret is deleted, and no copy of what was sealed under it opens again, in any
    /// process. Recorded first. Ask again where it was broken off. `agent_session`: who carries it out;
    /// `case_id`: the customer's request; `backups_expire`: when the last backup that holds the secret is gone;
    /// `columns`: the host's columns that are not under the secret, beside the indexes and token columns that
    /// the library knows. For the back end; not for an agent's tool.
    ///
    /// # Errors
    /// 2103 without a store of secrets; 2108; 1001 to 1003; 5001, 5002; 6001, 7001 to 7008: it may be begun, and is
    /// continued by asking again; 9301, 9307.
    pub fn erase(
        &self,
        account: String,
        agent_session: String,
        case_id: String,
        backups_expire: Option<Day>,
        columns: Vec<String>,
    ) -> Result<ErasureReceipt, CpniError> {
        call(|| {
            let request = request(agent_session, case_id, backups_expire, columns)?;
            Ok(self.core()?.erase(&AccountId::new(account)?, &request)?.into())
        })
    }

    /// Deletes what was to be deleted after a day that is over (`Guard::protect_until`), of all accounts, with the steps
    /// and the record of an erasure: a receipt for each day that there was something to do for. Once a day is
    /// enough. The arguments are those of `erase`.
    ///
    /// # Errors
    /// As `erase`; days that come later are then not looked at: ask again.
    pub fn delete_due(
        &self,
        agent_session: String,
        case_id: String,
        backups_expire: Option<Day>,
        columns: Vec<String>,
    ) -> Result<Vec<ErasureReceipt>, CpniError> {
        call(|| {
            let request = request(agent_session, case_id, backups_expire, columns)?;
            Ok(self.core()?.delete_due(&request)?.into_iter().map(ErasureReceipt::from).collect())
        })
    }

    /// How far the deletion of what was to be deleted after a day is; nothing if it was not begun.
    ///
    /// # Errors
    /// As `erasure_of`; 9307.
    pub fn deletion_of(&self, delete_after: Day) -> Result<Option<ErasureReceipt>, CpniError> {
        call(|| Ok(self.core()?.deletion_of(delete_after.date()?)?.map(ErasureReceipt::from)))
    }

    /// The host says that it deleted what a column held of the rows of a day. Recorded first.
    ///
    /// # Errors
    /// As `confirm_deleted`; 9307.
    pub fn confirm_due_deleted(
        &self,
        delete_after: Day,
        column: String,
        agent_session: String,
    ) -> Result<ErasureReceipt, CpniError> {
        call(|| {
            let by = AgentSession::new(agent_session);
            Ok(self.core()?.confirm_due_deleted(delete_after.date()?, &column, &by)?.into())
        })
    }

    /// How far the erasure of an account is; nothing if it was not begun.
    ///
    /// # Errors
    /// 2103, 2104; 1001 to 1003; 7001 to 7008; 9301.
    pub fn erasure_of(&self, account: String) -> Result<Option<ErasureReceipt>, CpniError> {
        call(|| Ok(self.core()?.erasure_of(&AccountId::new(account)?)?.map(ErasureReceipt::from)))
    }

    /// How many erasures are not complete: broken off, or waiting for the host. Reads every row.
    ///
    /// # Errors
    /// As `erasure_of`.
    pub fn unfinished_erasures(&self) -> Result<u64, CpniError> {
        call(|| Ok(self.core()?.unfinished_erasures()?))
    }

    /// The host says that it deleted what a column held of an erased account. Recorded first.
    ///
    /// # Errors
    /// 2105 before `erase` gave its receipt; 2107 if it is not outstanding, or no more; as `erase`.
    pub fn confirm_deleted(
        &self,
        account: String,
        column: String,
        agent_session: String,
    ) -> Result<ErasureReceipt, CpniError> {
        call(|| {
            let (account, by) = (AccountId::new(account)?, AgentSession::new(agent_session));
            Ok(self.core()?.confirm_deleted(&account, &column, &by)?.into())
        })
    }

    /// Lets an erased account be sealed again, under a new secret and the next epoch, which it gives back. What was
    /// erased stays so. Recorded first.
    ///
    /// # Errors
    /// 2105; 2106 while the host has columns to delete; 2109; as `erase`.
    pub fn readmit(&self, account: String, agent_session: String, case_id: String) -> Result<u32, CpniError> {
        call(|| {
            let (account, by) = (AccountId::new(account)?, AgentSession::new(agent_session));
            Ok(self.core()?.readmit(&account, &by, &ContactId::new(case_id)?)?)
        })
    }
}

fn request(
    agent_session: String,
    case_id: String,
    backups_expire: Option<Day>,
    columns: Vec<String>,
) -> Result<ErasureRequest, CpniError> {
    Ok(ErasureRequest {
        by: AgentSession::new(agent_session),
        case: ContactId::new(case_id)?,
        backups_expire: backups_expire.map(Day::date).transpose()?,
        columns: columns.into_iter().map(FieldName::new).collect::<Result<_, _>>()?,
    })
}

impl From<CoreReceipt> for ErasureReceipt {
    fn from(receipt: CoreReceipt) -> Self {
        Self {
            epoch: receipt.epoch,
            delete_after: receipt.delete_after.map(Day::from),
            at_micros: receipt.at.as_micros(),
            log: receipt.event.map(|(log, _)| log.as_bytes().to_vec()),
            event: receipt.event.map(|(_, event)| event),
            is_deleted: receipt.is_deleted,
            key_version: receipt.key_version,
            backups_expire: receipt.backups_expire.map(Day::from),
            is_complete: receipt.is_complete(),
            outstanding: receipt.outstanding.iter().map(ToString::to_string).collect(),
        }
    }
}
