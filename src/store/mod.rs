//! The embedded store: SQLite files in a folder, nothing to install.
//!
//! Rules: the log, the state of accounts, their secrets, the queue of notices, the watch, the vault, the columns of
//! tokens and the transactions are files of their own:
//! the log has a single writer, the others are shared by processes; every commit is on stable storage
//! before it returns (`synchronous=FULL`), but for the watch; a file that this version did not make is
//! refused, not changed.
//!
//! Security note: the files hold pseudonyms, keyed verifiers and sealed ids. They are for their
//! owner only (0600), because who can write them can roll them back.

mod audit_file;
mod checkpoint_folder;
mod column_file;
mod exchange;
mod folder;
mod notice_file;
mod sqlite;
mod state_file;
mod subject_file;
mod transaction_file;
mod vault_file;
mod watch_file;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::audit::{AuditStore, LogId};
use crate::error::StoreError;
use crate::interaction::NoticeStore;
use crate::interaction::accounts::AccountStore;
use crate::oversight::watch::WatchStore;
use crate::token::{ColumnStore, TokenVault};
use crate::transaction::TransactionStore;

use audit_file::AuditFile;
use column_file::ColumnFile;
use notice_file::NoticeFile;
use state_file::StateFile;
use transaction_file::TransactionFile;
use vault_file::VaultFile;
use watch_file::WatchFile;

pub use checkpoint_folder::CheckpointFolder;
pub use subject_file::SqliteSubjects;

/// How long a write waits for somebody else's lock, unless [`SqliteOptions::busy_timeout`] says otherwise.
pub const DEFAULT_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The audit log, the state of accounts, queued notices, the watch, the vault, the columns of tokens and the
/// transactions, in SQLite files in one folder.
///
/// One process at a time writes the log of a folder. Copies of this value share the open files.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    audit: Arc<AuditFile>,
    state: Arc<StateFile>,
    notices: Arc<NoticeFile>,
    watch: Arc<WatchFile>,
    tokens: Arc<VaultFile>,
    columns: Arc<ColumnFile>,
    transactions: Arc<TransactionFile>,
}

impl SqliteStore {
    /// Opens the store in `folder`, and makes what is not there.
    ///
    /// # Errors
    /// [`StoreError::AnotherWriter`] if another process (or another store in this one) writes to
    /// the folder; [`StoreError::Format`] if a file there is not this version's (`found` 0: not
    /// this library's); others as the file system says.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::options().open(folder)
    }

    /// Moves the audit log of a folder, which was refused, into a folder `refused-1`, `refused-2`, … in it,
    /// unchanged: evidence. The next [`SqliteStore::open`] begins a new log, which should say in whose
    /// place it stands ([`crate::GuardBuilder::in_place_of`]). The state of accounts stays.
    ///
    /// # Errors
    /// [`StoreError::AnotherWriter`] if the log is open; others as the file system says. What was
    /// moved by then stays moved, and no new log begins before this was called again.
    pub fn set_aside(folder: impl AsRef<Path>) -> Result<SetAside, StoreError> {
        audit_file::set_aside(folder.as_ref())
    }

    /// Opens with other settings than [`SqliteStore::open`].
    pub const fn options() -> SqliteOptions {
        SqliteOptions { max_audit_bytes: None, busy_timeout: DEFAULT_BUSY_TIMEOUT, read_only: false }
    }

    /// The store of the audit log.
    #[must_use]
    pub fn audit(&self) -> Arc<dyn AuditStore> {
        Arc::clone(&self.audit) as Arc<dyn AuditStore>
    }

    /// The store of accounts.
    #[must_use]
    pub fn accounts(&self) -> Arc<dyn AccountStore> {
        Arc::clone(&self.state) as Arc<dyn AccountStore>
    }

    /// The store of queued notices.
    #[must_use]
    pub fn notices(&self) -> Arc<dyn NoticeStore> {
        Arc::clone(&self.notices) as Arc<dyn NoticeStore>
    }

    /// The vault of tokens.
    #[must_use]
    pub fn tokens(&self) -> Arc<dyn TokenVault> {
        Arc::clone(&self.tokens) as Arc<dyn TokenVault>
    }

    /// The store of the watch.
    #[must_use]
    pub fn watch(&self) -> Arc<dyn WatchStore> {
        Arc::clone(&self.watch) as Arc<dyn WatchStore>
    }

    /// The store of columns of tokens.
    #[must_use]
    pub fn columns(&self) -> Arc<dyn ColumnStore> {
        Arc::clone(&self.columns) as Arc<dyn ColumnStore>
    }

    /// The store of transactions and locks.
    #[must_use]
    pub fn transactions(&self) -> Arc<dyn TransactionStore> {
        Arc::clone(&self.transactions) as Arc<dyn TransactionStore>
    }
}

/// An audit log that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub folder: PathBuf,
    /// Which log its anchor names; `None`: it has none that can be read.
    pub log: Option<LogId>,
}

/// Settings of a [`SqliteStore`].
#[derive(Debug, Clone)]
#[must_use]
pub struct SqliteOptions {
    max_audit_bytes: Option<u64>,
    busy_timeout: Duration,
    read_only: bool,
}

impl SqliteOptions {
    /// How large the audit file may grow, in bytes, rounded down to whole pages. Past it, writing
    /// fails with [`StoreError::Full`], and nothing is disclosed.
    pub const fn max_audit_bytes(mut self, max: u64) -> Self {
        self.max_audit_bytes = Some(max);
        self
    }

    /// How long a write waits for somebody else's lock before [`StoreError::Busy`].
    pub const fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Only looks: takes no lock, so that a log can be verified while it is written. Every write
    /// fails with [`StoreError::ReadOnly`], and the files must be there. SQLite keeps an index of
    /// the write-ahead log beside the file: the folder itself must be writable, or be a copy.
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Opens the store in `folder`.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open(self, folder: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        let folder = folder.as_ref();
        if !self.read_only {
            folder::create(folder)?;
        }
        let audit = Arc::new(AuditFile::open(folder, &self)?);
        let state = Arc::new(StateFile::open(folder, &self)?);
        let notices = Arc::new(NoticeFile::open(folder, &self)?);
        let watch = Arc::new(WatchFile::open(folder, &self)?);
        let tokens = Arc::new(VaultFile::open(folder, &self)?);
        let columns = Arc::new(ColumnFile::open(folder, &self)?);
        let transactions = Arc::new(TransactionFile::open(folder, &self)?);
        Ok(SqliteStore { audit, state, notices, watch, tokens, columns, transactions })
    }
}
