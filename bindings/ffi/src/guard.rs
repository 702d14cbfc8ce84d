//! The guard, and the builder that puts it together.
//!
//! Rules: a builder is good for one guard; a guard that was shut down fails every call, and its log is
//! closed when its last interaction has ended. Everything else is the core's.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use cpni_guard::interaction::TimeLimits;
use cpni_guard::policy::{Override, Pack};
use cpni_guard::vocabulary::{AgentId, RuleId, TenantId};
use cpni_guard::{Schema, Sensitive, Stores, WatchRules};

use crate::adapt::{Hotlines, Of, Signer};
use crate::clock::{GuardClock, HostClock};
use crate::day::Day;
use crate::error::{CpniError, call};
use crate::hosts;
use crate::keys::KeyHolder;
use crate::layout;
use crate::memory::{ManualClock, MemoryAgents, MemoryContacts};

/// Collects the parts of a guard. Needed: schema, keys, a store, grants, agents and contacts.
#[derive(uniffi::Object)]
pub struct GuardBuilder(Mutex<Option<cpni_guard::GuardBuilder>>);

#[uniffi::export]
impl GuardBuilder {
    /// Nothing is set.
    ///
    /// # Errors
    /// Never.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Arc::new(Self(Mutex::new(Some(cpni_guard::Guard::builder()))))))
    }

    /// The carrier or brand whose keys these are; `default` where it is not said.
    ///
    /// # Errors
    /// 1001 to 1003; 9308.
    pub fn tenant(&self, id: String) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.tenant(TenantId::new(id)?)))
    }

    /// What the fields of a record are: the text of a schema file. What is wrong with one, and where,
    /// `check_schema` says.
    ///
    /// # Errors
    /// 1201; 9308.
    pub fn schema(&self, toml: String) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.schema(Schema::from_toml(&toml)?)))
    }

    /// Where the root keys come from.
    ///
    /// # Errors
    /// 9308; the keyring is read by `build`.
    pub fn keys(&self, keys: &KeyHolder) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.keys(Arc::clone(&keys.0))))
    }

    /// Audit log and account state in memory: for tests and samples.
    ///
    /// # Errors
    /// 9308.
    pub fn memory_store(&self) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.store(Stores::in_memory())))
    }

    /// The text of a grants file: what the host's roles may do. There may be several. What is wrong
    /// with one, and where, `check_grants` says.
    ///
    /// # Errors
    /// 9308. The text is read by `build`.
    pub fn grants(&self, toml: String) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.grants(toml)))
    }

    /// The text of a pack of the host's own, of `forbid`, `limit` and `oblige` rules.
    ///
    /// # Errors
    /// 4001 to 4013; 9308.
    pub fn pack(&self, name: String, toml: String) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.pack(Pack::from_toml(&name, &toml)?)))
    }

    /// Follows a pack that is adopted or proposed, and not yet required.
    ///
    /// # Errors
    /// 1001 to 1003; 9308.
    pub fn switch_on(&self, pack: String) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.switch_on(RuleId::new(pack)?)))
    }

    /// Switches a rule off until a day, even one whose reading is clear. Recorded, and in every
    /// attestation.
    ///
    /// # Errors
    /// 4012; 1001 to 1003; 9307; 9308.
    pub fn override_rule(
        &self,
        rule: String,
        reason: String,
        approver: String,
        until: Day,
    ) -> Result<(), CpniError> {
        self.with(|builder| {
            let over = Override::new(RuleId::new(rule)?, &reason, &approver, until.date()?)?;
            Ok(builder.override_rule(over))
        })
    }

    /// Who knows the agents.
    ///
    /// # Errors
    /// 9308.
    pub fn agents(&self, directory: Arc<dyn hosts::AgentDirectory>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.agents(Arc::new(Of(directory)))))
    }

    /// The agents in memory.
    ///
    /// # Errors
    /// 9308.
    pub fn memory_agents(&self, directory: &MemoryAgents) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.agents(Arc::clone(&directory.0) as _)))
    }

    /// Who knows the contacts.
    ///
    /// # Errors
    /// 9308.
    pub fn contacts(&self, contacts: Arc<dyn hosts::ContactSource>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.contacts(Arc::new(Of(contacts)))))
    }

    /// The contacts in memory.
    ///
    /// # Errors
    /// 9308.
    pub fn memory_contacts(&self, contacts: &MemoryContacts) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.contacts(Arc::clone(&contacts.0) as _)))
    }

    /// Who knows facts about accounts. Without it they are what `set_account_facts` said.
    ///
    /// # Errors
    /// 9308.
    pub fn account_facts(&self, source: Arc<dyn hosts::AccountFactSource>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.account_facts(Arc::new(Of(source)))))
    }

    /// The list of covered hotlines. Without it, customers' call logs are withheld.
    ///
    /// # Errors
    /// 9308.
    pub fn hotlines(&self, source: Arc<dyn hosts::HotlineSource>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.hotlines(Arc::new(Hotlines::new(source)))))
    }

    /// Who sends to customers. Without it nothing is sent and no code goes out.
    ///
    /// # Errors
    /// 9308.
    pub fn delivery(&self, delivery: Arc<dyn hosts::Delivery>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.delivery(Arc::new(Of(delivery)))))
    }

    /// Who queues notices. Without it they wait in the library's own queue.
    ///
    /// # Errors
    /// 9308.
    pub fn notifier(&self, notifier: Arc<dyn hosts::Notifier>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.notifier(Arc::new(Of(notifier)))))
    }

    /// The text of a file of watch rules, in place of the built-in ones.
    ///
    /// # Errors
    /// 9201; 9308.
    pub fn watch(&self, name: String, toml: String) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.watch(WatchRules::from_toml(&name, &toml)?)))
    }

    /// Who is told when a rule of the watch trips.
    ///
    /// # Errors
    /// 9308.
    pub fn alarms(&self, sink: Arc<dyn hosts::AlarmSink>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.alarms(Arc::new(Of(sink)))))
    }

    /// The clock of the host. Asked several times in each call.
    ///
    /// # Errors
    /// 9308.
    pub fn clock(&self, clock: Arc<dyn GuardClock>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.clock(Arc::new(HostClock(clock)))))
    }

    /// A clock that stands still, for tests and samples.
    ///
    /// # Errors
    /// 9308.
    pub fn manual_clock(&self, clock: &ManualClock) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.clock(Arc::clone(&clock.0) as _)))
    }

    /// After how many seconds interactions end by themselves: without a call to them, and in any case.
    ///
    /// # Errors
    /// 9308.
    pub fn time_limits(&self, idle_secs: u64, absolute_secs: u64) -> Result<(), CpniError> {
        let limits =
            TimeLimits { idle: Duration::from_secs(idle_secs), absolute: Duration::from_secs(absolute_secs) };
        self.with(|builder| Ok(builder.time_limits(limits)))
    }

    /// Who signs checkpoints of the audit log. Without it, a key of the audit root's does. The key is asked for
    /// now.
    ///
    /// # Errors
    /// 6009 if the signer cannot say its key, or it has not 32 bytes; 9308.
    pub fn checkpoint_signer(&self, signer: Arc<dyn hosts::CheckpointSigner>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.checkpoint_signer(Arc::new(Signer::new(signer)?))))
    }

    /// Takes checkpoints of the audit log outside the machine. There may be several.
    ///
    /// # Errors
    /// 9308.
    pub fn checkpoint_sink(&self, sink: Arc<dyn hosts::CheckpointSink>) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.checkpoint_sink(Arc::new(Of(sink)))))
    }

    /// Makes a checkpoint after so many events (at least one), or after so many seconds if there are
    /// new ones.
    ///
    /// # Errors
    /// 9308.
    pub fn checkpoint_every(&self, events: u64, secs: u64) -> Result<(), CpniError> {
        let events = NonZeroU64::new(events).unwrap_or(NonZeroU64::MIN);
        self.with(|builder| Ok(builder.checkpoint_every(events, Duration::from_secs(secs))))
    }

    /// An agent who may ask which accounts an incident touched, by name. There may be several.
    ///
    /// # Errors
    /// 1001 to 1003; 9308.
    pub fn breach_officer(&self, agent: String) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.breach_officer(AgentId::new(agent)?)))
    }

    /// Builds the guard: loads the keys, compiles the policy, opens the audit log.
    ///
    /// # Errors
    /// 9001 if a needed part is missing; 9308; else what the part itself says. The builder is used up.
    pub fn build(&self) -> Result<Arc<Guard>, CpniError> {
        call(|| {
            let builder = self.0.lock().map_err(|_| CpniError::PANIC)?.take();
            let guard = builder.ok_or(CpniError::USED_UP)?.build()?;
            Ok(Arc::new(Guard(RwLock::new(Some(guard)))))
        })
    }
}

#[cfg(feature = "sqlite")]
#[uniffi::export]
impl GuardBuilder {
    /// Audit log and account state in SQLite files in this folder, which is made if it is not there.
    ///
    /// # Errors
    /// 7001 to 7008; 9308.
    pub fn store_folder(&self, folder: String) -> Result<(), CpniError> {
        self.with(|builder| Ok(builder.store(cpni_guard::SqliteStore::open(folder)?)))
    }

    /// Publishes checkpoints into a folder, which should be a mount from another machine.
    ///
    /// # Errors
    /// 7001 to 7008; 9308.
    pub fn checkpoint_folder(&self, folder: String) -> Result<(), CpniError> {
        self.with(|builder| {
            Ok(builder.checkpoint_sink(Arc::new(cpni_guard::store::CheckpointFolder::open(folder)?)))
        })
    }
}

impl GuardBuilder {
    /// A part that is refused uses the builder up: no guard is built without a part that somebody gave.
    pub(crate) fn with(
        &self,
        add: impl FnOnce(cpni_guard::GuardBuilder) -> Result<cpni_guard::GuardBuilder, CpniError>,
    ) -> Result<(), CpniError> {
        call(|| {
            let mut held = self.0.lock().map_err(|_| CpniError::PANIC)?;
            let builder = held.take().ok_or(CpniError::USED_UP)?;
            *held = Some(add(builder)?);
            Ok(())
        })
    }
}

/// Silent.
impl fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuardBuilder(..)")
    }
}

/// Seals customers' records and opens interactions on them. One a process; threads share it.
#[derive(uniffi::Object)]
pub struct Guard(RwLock<Option<cpni_guard::Guard>>);

impl Guard {
    /// The guard of the core, for one call.
    pub(crate) fn core(&self) -> Result<cpni_guard::Guard, CpniError> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(CpniError::CLOSED)
    }
}

#[uniffi::export]
impl Guard {
    /// Shuts the guard down. Every later call to it fails; its files are closed when the last of its
    /// interactions has ended. Freeing the object does the same, when the language gets to it.
    ///
    /// # Errors
    /// Never.
    pub fn shut_down(&self) -> Result<(), CpniError> {
        call(|| {
            // Dropped outside of the lock: it waits for the last checkpoint to be published.
            let guard = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
            drop(guard);
            Ok(())
        })
    }

    /// What this guard enforces now, as JSON. It says which rules decide and what is missing; it never
    /// says that a carrier meets its duties.
    ///
    /// # Errors
    /// 9301.
    pub fn attestation_json(&self) -> Result<String, CpniError> {
        call(|| Ok(self.core()?.attestation().to_json()))
    }

    /// The same, as a page of text.
    ///
    /// # Errors
    /// 9301.
    pub fn attestation_text(&self) -> Result<String, CpniError> {
        call(|| Ok(self.core()?.attestation().to_string()))
    }
}

/// Silent.
impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard(..)")
    }
}

/// A secret that was lent as bytes, in a buffer of its own length.
pub(crate) fn secret(bytes: &[u8]) -> Result<Sensitive<String>, CpniError> {
    Ok(Sensitive::from(layout::text(bytes)?.to_owned()))
}
