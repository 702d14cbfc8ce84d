//! The folder of a store: its settings, and what to do with an audit log that was refused.

use std::sync::Arc;

use cpni_guard::audit::{Actor, EarlierLog, LogId};
use cpni_guard::vocabulary::CountryCode;

use crate::error::CpniError;
use crate::facts::AgentProfile;
use crate::guard::GuardBuilder;

/// Settings of a store in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct StoreSettings {
    /// How large the audit file may grow, in bytes. Past it nothing is disclosed (7003).
    #[uniffi(default = None)]
    pub max_audit_bytes: Option<u64>,
    /// How many milliseconds a write waits for somebody else's lock (7005); 5,000 where it is not said.
    #[uniffi(default = None)]
    pub busy_timeout_millis: Option<u64>,
    /// Only looks: takes no lock, so that a log can be verified while it is written. Every write fails (7004).
    #[uniffi(default = false)]
    pub read_only: bool,
}

/// An audit log that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SetAsideLog {
    /// The folder in which it is now.
    pub folder: String,
    /// Which log its anchor names: 16 bytes; nothing: it has none that can be read.
    pub log: Option<Vec<u8>>,
}

#[uniffi::export]
impl GuardBuilder {
    /// If a new audit log begins, it says that it does in the place of this one, which was refused and set
    /// aside. `log`: 16 bytes; nothing: not known. `cause`: the code by which it was refused; 0: not known.
    /// `decided_by`: who decided to begin another one. A log that is there already is opened as ever.
    ///
    /// # Errors
    /// 9302; 9308.
    pub fn in_place_of(
        &self,
        log: Option<Vec<u8>>,
        cause: u16,
        decided_by: Option<Arc<AgentProfile>>,
    ) -> Result<(), CpniError> {
        self.with(|builder| {
            let log = log.map(|bytes| bytes.try_into().map_err(|_| CpniError::LAYOUT)).transpose()?;
            let actor = decided_by.map(|agent| {
                let agent = agent.core();
                Actor {
                    agent: agent.id.clone(),
                    role: agent.role,
                    employer: Some(agent.employer.clone()),
                    site: agent.site.clone(),
                    country: agent.country.unwrap_or(CountryCode::UNKNOWN),
                }
            });
            Ok(builder.in_place_of(EarlierLog { log: log.map(LogId::from_bytes), cause, actor }))
        })
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::time::Duration;

    use cpni_guard::SqliteStore;

    use super::{SetAsideLog, StoreSettings};
    use crate::error::{CpniError, call};
    use crate::guard::GuardBuilder;

    #[uniffi::export]
    impl GuardBuilder {
        /// As `store_folder`, with settings.
        ///
        /// # Errors
        /// 7001 to 7008; 9308.
        pub fn store_folder_with(&self, folder: String, settings: StoreSettings) -> Result<(), CpniError> {
            self.with(|builder| {
                let mut options = SqliteStore::options();
                if let Some(max) = settings.max_audit_bytes {
                    options = options.max_audit_bytes(max);
                }
                if let Some(millis) = settings.busy_timeout_millis {
                    options = options.busy_timeout(Duration::from_millis(millis));
                }
                if settings.read_only {
                    options = options.read_only();
                }
                Ok(builder.store(options.open(folder)?))
            })
        }
    }

    /// Moves the audit log of a folder, which was refused, into a folder of its own in it, unchanged: evidence.
    /// The next guard on the folder begins a new log: tell its builder `in_place_of`. The state of accounts stays.
    ///
    /// # Errors
    /// 7002 if the log is open; 7001 to 7008.
    #[uniffi::export]
    pub fn set_aside_audit_log(folder: String) -> Result<SetAsideLog, CpniError> {
        call(|| {
            let aside = SqliteStore::set_aside(folder)?;
            let folder = aside.folder.to_str().ok_or(CpniError::NOT_TEXT)?.to_owned();
            Ok(SetAsideLog { folder, log: aside.log.map(|log| log.as_bytes().to_vec()) })
        })
    }
}

#[cfg(feature = "sqlite")]
pub use sqlite::set_aside_audit_log;
