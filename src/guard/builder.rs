//! Putting a guard together.

use core::fmt;
use core::num::NonZeroU64;
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::audit::{
    AuditLog, AuditRoots, AuditStore, CheckpointSigner, CheckpointSink, EarlierLog, LogSettings,
    MemoryAuditStore, Publisher, Publishing,
};
use crate::classify::Schema;
use crate::error::{Error, GuardError, IdError, KeyError, PolicyError};
use crate::interaction::accounts::{AccountStore, MemoryAccountStore};
use crate::interaction::{
    AccountFactSource, AgentDirectory, ContactSource, Hosts, HotlineList, Ledger, MemoryNoticeStore,
    NoticeStore, Notices, TimeLimits,
};
use crate::keys::{KeyProvider, Keyring, SubjectStore, Subjects};
use crate::oversight::watch::{AlarmSink, MemoryWatchStore, WatchRules, WatchStore, Watcher};
use crate::policy::{Override, Pack, Policy};
use crate::token::{
    ColumnStore, Columns, IndexKeys, MemoryColumnStore, MemoryTokenVault, TokenVault, Tokens,
};
use crate::transaction::{Book, MemoryTransactionStore, RiskSource, TransactionRules, TransactionStore};
use crate::vocabulary::{AgentId, Clock, RuleId, SystemClock, TenantId};

use super::doors::{Delivery, Notifier};
use super::inventory::FieldCounts;
use super::{Guard, Inner};

/// Where the audit log, the state of accounts, the queue of notices, the watch, the columns of tokens and the
/// transactions are kept.
#[derive(Debug, Clone)]
pub struct Stores {
    /// The audit log.
    pub audit: Arc<dyn AuditStore>,
    /// Passwords, attempts and contact bindings.
    pub accounts: Arc<dyn AccountStore>,
    /// Notices to customers, until they are handed over. Used where there is no [`Notifier`].
    pub notices: Arc<dyn NoticeStore>,
    /// What agents did lately, and which accounts are decoys.
    pub watch: Arc<dyn WatchStore>,
    /// What vault tokens stand for.
    pub tokens: Arc<dyn TokenVault>,
    /// Which key versions the columns of tokens use.
    pub columns: Arc<dyn ColumnStore>,
    /// Transactions, locks and contact points.
    pub transactions: Arc<dyn TransactionStore>,
}

impl Stores {
    /// In memory: for tests and samples. What was recorded is gone with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            audit: Arc::new(MemoryAuditStore::new()),
            accounts: Arc::new(MemoryAccountStore::new()),
            notices: Arc::new(MemoryNoticeStore::new()),
            watch: Arc::new(MemoryWatchStore::new()),
            tokens: Arc::new(MemoryTokenVault::new()),
            columns: Arc::new(MemoryColumnStore::new()),
            transactions: Arc::new(MemoryTransactionStore::new()),
        }
    }
}

#[cfg(feature = "sqlite")]
impl From<crate::store::SqliteStore> for Stores {
    fn from(store: crate::store::SqliteStore) -> Self {
        Self {
            audit: store.audit(),
            accounts: store.accounts(),
            notices: store.notices(),
            watch: store.watch(),
            tokens: store.tokens(),
            columns: store.columns(),
            transactions: store.transactions(),
        }
    }
}

/// Collects the parts of a [`Guard`]. Needed: schema, keys, store, grants, agents and contacts.
#[derive(Default)]
pub struct GuardBuilder {
    tenant: Option<TenantId>,
    schema: Option<Schema>,
    keys: Option<Box<dyn KeyProvider>>,
    stores: Option<Stores>,
    subjects: Option<Arc<dyn SubjectStore>>,
    grants: Vec<(String, String)>,
    packs: Vec<Pack>,
    switched_on: Vec<RuleId>,
    overrides: Vec<Override>,
    agents: Option<Arc<dyn AgentDirectory>>,
    contacts: Option<Arc<dyn ContactSource>>,
    accounts: Option<Arc<dyn AccountFactSource>>,
    hotlines: Option<Arc<dyn HotlineList>>,
    delivery: Option<Arc<dyn Delivery>>,
    notifier: Option<Arc<dyn Notifier>>,
    watch: Option<WatchRules>,
    transaction_rules: TransactionRules,
    risks: Option<Arc<dyn RiskSource>>,
    alarms: Option<Arc<dyn AlarmSink>>,
    clock: Option<Arc<dyn Clock>>,
    limits: TimeLimits,
    checkpoint_signer: Option<Arc<dyn CheckpointSigner>>,
    publishing: Publishing,
    earlier_log: Option<EarlierLog>,
    breach_officers: BTreeSet<AgentId>,
}

impl GuardBuilder {
    /// The carrier or brand whose keys these are. `default` where it is not said; records sealed
    /// for one tenant do not open for another.
    #[must_use]
    pub fn tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// What the fields of a record are.
    #[must_use]
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = Some(schema);
        self
    }

    /// Where the root keys come from.
    #[must_use]
    pub fn keys(mut self, provider: impl KeyProvider + 'static) -> Self {
        self.keys = Some(Box::new(provider));
        self
    }

    /// Where the audit log, the state of accounts, the queue of notices and the watch are kept.
    #[must_use]
    pub fn store(mut self, stores: impl Into<Stores>) -> Self {
        self.stores = Some(stores.into());
        self
    }

    /// Where the secrets of accounts are kept, so that an account can be erased ([`Guard::erase`]): what is
    /// sealed from then on takes in the account's secret, and opens only while that is there. What was
    /// sealed before opens as before, and is sealed again under the secret by [`Guard::reseal_job`].
    ///
    /// Its loss is the loss of everything sealed under it; its backups are what an erasure waits for.
    #[must_use]
    pub fn subjects(mut self, store: Arc<dyn SubjectStore>) -> Self {
        self.subjects = Some(store);
        self
    }

    /// The text of a grants file: what the host's roles may do. The law is built in.
    #[must_use]
    pub fn grants(mut self, toml: impl Into<String>) -> Self {
        self.grants.push((format!("grants[{}]", self.grants.len()), toml.into()));
        self
    }

    /// A pack of the host's own, of `forbid`, `limit` and `oblige` rules.
    #[must_use]
    pub fn pack(mut self, pack: Pack) -> Self {
        self.packs.push(pack);
        self
    }

    /// Follows a pack that is adopted or proposed, and not yet required.
    #[must_use]
    pub fn switch_on(mut self, pack: RuleId) -> Self {
        self.switched_on.push(pack);
        self
    }

    /// Switches a rule off, even one whose reading is clear. Each guard that is built so records it,
    /// and it stands in every attestation.
    #[must_use]
    pub fn override_rule(mut self, over: Override) -> Self {
        self.overrides.push(over);
        self
    }

    /// Who knows the agents.
    #[must_use]
    pub fn agents(mut self, directory: Arc<dyn AgentDirectory>) -> Self {
        self.agents = Some(directory);
        self
    }

    /// Who knows the contacts.
    #[must_use]
    pub fn contacts(mut self, contacts: Arc<dyn ContactSource>) -> Self {
        self.contacts = Some(contacts);
        self
    }

    /// Who knows facts about accounts. Without it they are what [`Guard::set_account_facts`] said;
    /// what nobody said takes its least privileged value.
    #[must_use]
    pub fn account_facts(mut self, accounts: Arc<dyn AccountFactSource>) -> Self {
        self.accounts = Some(accounts);
        self
    }

    /// The list of covered hotlines. Without it, customers' call logs are withheld.
    #[must_use]
    pub fn hotlines(mut self, hotlines: Arc<dyn HotlineList>) -> Self {
        self.hotlines = Some(hotlines);
        self
    }

    /// Who sends to customers. Without it nothing is sent and no code goes out.
    #[must_use]
    pub fn delivery(mut self, delivery: Arc<dyn Delivery>) -> Self {
        self.delivery = Some(delivery);
        self
    }

    /// Who queues notices to customers. Without it they wait in the library's own queue for a worker
    /// of the host's: [`Guard::notices`].
    #[must_use]
    pub fn notifier(mut self, notifier: Arc<dyn Notifier>) -> Self {
        self.notifier = Some(notifier);
        self
    }

    /// What agents are watched by, in place of [`WatchRules::built_in`].
    #[must_use]
    pub fn watch(mut self, rules: WatchRules) -> Self {
        self.watch = Some(rules);
        self
    }

    /// What requests for changes wait for or are refused on, in place of
    /// [`TransactionRules::library_default`].
    #[must_use]
    pub fn transaction_rules(mut self, rules: TransactionRules) -> Self {
        self.transaction_rules = rules;
        self
    }

    /// Who knows devices, ages of accounts and which handsets may be unlocked. Without it that is unknown,
    /// counts as a risk, and no handset is unlocked.
    #[must_use]
    pub fn risks(mut self, source: Arc<dyn RiskSource>) -> Self {
        self.risks = Some(source);
        self
    }

    /// Who is told when a rule of the watch trips or a decoy is touched. Without it that stands in the
    /// audit log only.
    #[must_use]
    pub fn alarms(mut self, sink: Arc<dyn AlarmSink>) -> Self {
        self.alarms = Some(sink);
        self
    }

    /// The clock. The operating system's where it is not said.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// After which time interactions end by themselves.
    #[must_use]
    pub fn time_limits(mut self, limits: TimeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Who signs checkpoints of the audit log. Without it, a key of the audit root's does.
    #[must_use]
    pub fn checkpoint_signer(mut self, signer: Arc<dyn CheckpointSigner>) -> Self {
        self.checkpoint_signer = Some(signer);
        self
    }

    /// Takes checkpoints of the audit log outside the machine. There may be several. Without one,
    /// nothing shows that the whole log was put back.
    #[must_use]
    pub fn checkpoint_sink(mut self, sink: Arc<dyn CheckpointSink>) -> Self {
        self.publishing.sinks.push(sink);
        self
    }

    /// If a new audit log begins, it says that it does in the place of this one, which was refused and
    /// set aside. A log that is there already is opened as ever.
    #[must_use]
    pub fn in_place_of(mut self, earlier: EarlierLog) -> Self {
        self.earlier_log = Some(earlier);
        self
    }

    /// Makes a checkpoint after so many events, or after so long if there are new ones.
    /// [`crate::audit::DEFAULT_CHECKPOINT_EVENTS`] and
    /// [`crate::audit::DEFAULT_CHECKPOINT_INTERVAL`] where it is not said.
    #[must_use]
    pub fn checkpoint_every(mut self, events: NonZeroU64, time: Duration) -> Self {
        (self.publishing.every_events, self.publishing.every) = (events.get(), time);
        self
    }

    /// An agent who may ask which accounts an incident touched, by name ([`Guard::breach_scope`]).
    /// There may be several. Without one, nobody may.
    #[must_use]
    pub fn breach_officer(mut self, agent: AgentId) -> Self {
        self.breach_officers.insert(agent);
        self
    }

    /// Builds the guard: loads the keys, compiles the policy, opens the audit log.
    ///
    /// # Errors
    /// [`GuardError::Missing`] if a needed part is missing; [`KeyError::NoBranch`] if secrets of accounts
    /// are to be kept under a keyring from before there were such: rotate that branch once; else what the
    /// part itself says.
    pub fn build(self) -> Result<Guard, Error> {
        let missing = |part| Error::from(GuardError::Missing { part });
        let tenant = self.tenant.map_or_else(|| TenantId::new("default"), Ok::<_, IdError>)?;
        let schema = self.schema.ok_or_else(|| missing("schema"))?;
        let stores = self.stores.ok_or_else(|| missing("store"))?;
        let directory = self.agents.ok_or_else(|| missing("agents"))?;
        let contacts = self.contacts.ok_or_else(|| missing("contacts"))?;
        if self.grants.is_empty() {
            return Err(missing("grants"));
        }
        let mut packs = Pack::built_in()?;
        let own: Vec<RuleId> = self.packs.iter().map(|pack| pack.id().clone()).collect();
        packs.extend(self.packs);
        for (name, text) in &self.grants {
            packs.push(Pack::grants_from_toml(name, text)?);
        }
        let policy = Arc::new(Policy::compile(packs, self.switched_on)?.overriding(self.overrides)?);
        if let Some(rule) = policy.dead_rule(&own) {
            return Err(PolicyError::NeverMatches { rule: rule.clone() }.into());
        }
        let keys = Arc::new(Keyring::open(&*self.keys.ok_or_else(|| missing("keys"))?)?);
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let settings =
            LogSettings { tenant: tenant.clone(), signer: self.checkpoint_signer, earlier: self.earlier_log };
        let audit = Arc::new(open_audit(&keys, stores.audit, settings, &*clock)?);
        let publisher = Publisher::start(Arc::clone(&audit), self.publishing)?;
        let notices = Notices::new(stores.notices, Arc::clone(&keys), tenant.clone());
        let rules = self.watch.map_or_else(WatchRules::built_in, Ok)?;
        let watcher = Watcher::new(stores.watch, keys.reference_key(&tenant), rules);
        let tokens = Tokens::new(stores.tokens, Arc::clone(&keys), tenant.clone());
        let columns = Columns::new(stores.columns, Arc::clone(&keys), tenant.clone());
        let book = Book::new(stores.transactions, &keys, &tenant);
        let ledger = Arc::new(Ledger::new(stores.accounts, Arc::clone(&keys), tenant.clone()));
        let subjects = self.subjects.map(|store| Subjects::new(store, Arc::clone(&keys), tenant.clone()));
        let hosts =
            Arc::new(Hosts { directory, contacts, accounts: self.accounts, hotlines: self.hotlines, clock });
        let indexes = IndexKeys::new(Arc::clone(&keys), tenant.clone(), &schema);
        let guard = Guard(Arc::new(Inner {
            tenant,
            counts: FieldCounts::new(&schema),
            schema,
            keys,
            indexes,
            subjects: subjects.transpose()?,
            policy,
            ledger,
            audit,
            _publisher: publisher,
            hosts,
            delivery: self.delivery,
            notifier: self.notifier,
            notices,
            watcher,
            tokens,
            columns,
            book,
            transaction_rules: self.transaction_rules,
            risks: self.risks,
            own_packs: own,
            alarms: self.alarms,
            limits: self.limits,
            breach_officers: self.breach_officers,
            policy_hash: Mutex::default(),
            keys_changing: Mutex::default(),
        }));
        guard.record_overrides()?;
        Ok(guard)
    }
}

impl fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuardBuilder(..)")
    }
}

fn open_audit(
    keys: &Keyring,
    store: Arc<dyn AuditStore>,
    settings: LogSettings,
    clock: &dyn Clock,
) -> Result<AuditLog, Error> {
    AuditLog::open(store, audit_roots(keys)?, settings, clock.now())
}

/// The roots of the audit log, as they are now.
pub(super) fn audit_roots(keys: &Keyring) -> Result<AuditRoots, KeyError> {
    let roots = keys.audit_roots();
    let active = roots.iter().find(|root| root.active).map_or(0, |root| root.version);
    AuditRoots::new(active, roots.into_iter().map(|root| (root.version, root.key)).collect())
}
