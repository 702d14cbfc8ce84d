//! The service: everything wired together, started and stopped.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cpni_guard::interaction::TimeLimits;
use cpni_guard::transaction::{RiskEffect, RiskRule, TransactionKind};
use cpni_guard::vocabulary::{Channel, Clock, ContactId, RuleId, Timestamp};
use cpni_guard::{
    AccountId, AgentSession, Contact, Guard, Interaction, MemoryKeys, Purpose, Schema, SqliteStore,
    TransactionRules,
};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::carrier::Carrier;
use crate::data::Data;
use crate::identity::Identity;
use crate::limits::Limiter;
use crate::partner::Partners;
use crate::refusal::Refusal;
use crate::sample::{self, Sample, SampleCustomer, SamplePartner};
use crate::sessions::Sessions;
use crate::settings::{Limits, Settings};
use crate::worker::Worker;
use crate::{routes, server};

/// How long a request waits for its turn.
const WAIT_FOR_TURN: Duration = Duration::from_secs(1);

/// What every handler has.
pub(crate) struct App {
    pub(crate) guard: Guard,
    pub(crate) data: Data,
    pub(crate) carrier: Arc<Carrier>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) sessions: Sessions,
    pub(crate) limiter: Limiter,
    pub(crate) partners: Partners,
    pub(crate) limits: Limits,
    /// Bytes of nobody's, shown to the library where there are none of the caller's.
    pub(crate) nobody: cpni_guard::SealedRecord,
    clock: Arc<dyn Clock>,
    at_work: Arc<Semaphore>,
}

pub(crate) type Shared = Arc<App>;

/// A service that runs. Stops in order when [`Service::stop`] is called.
pub struct Service {
    app: Shared,
    address: SocketAddr,
    sample: Sample,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
    worker: Worker,
}

/// Why it does not start: what failed, in words without a customer's.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

impl App {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The library's interaction of a name that [`Identity`] knows.
    pub(crate) fn open(
        &self,
        name: &str,
        account: &AccountId,
        channel: Channel,
    ) -> Result<Interaction, cpni_guard::Error> {
        let contact = Contact::of(ContactId::new(name)?, channel);
        self.guard.interaction(AgentSession::new(name), account, contact, Purpose::Support)
    }

    /// Runs what blocks, off the async threads, and so much of it at once. A panic in it is one constant answer.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let turn = timeout(WAIT_FOR_TURN, Arc::clone(&self.at_work).acquire_owned()).await;
        let turn = turn.map_err(|_| Refusal::Busy)?.map_err(|_| Refusal::Busy)?;
        let app = Arc::clone(self);
        let worked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&app)
        });
        worked.await.map_err(|_| Refusal::Internal)?
    }
}

impl Service {
    /// Starts a service with sample data.
    ///
    /// # Errors
    /// [`StartError`]: the folder, the address or the library refused.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        Self::start_with(settings, false).await
    }

    /// Starts a service which has, at `/bare/account`, the account without the library as well: what a load is
    /// compared with. Never in service.
    ///
    /// # Errors
    /// As [`Service::start`].
    pub async fn start_beside_bare_for_testing(settings: Settings) -> Result<Self, StartError> {
        Self::start_with(settings, true).await
    }

    async fn start_with(settings: Settings, bare: bool) -> Result<Self, StartError> {
        let listener = TcpListener::bind(settings.address).await?;
        let address = listener.local_addr()?;
        let (app, sample) = tokio::task::spawn_blocking(move || build(settings)).await??;
        let app = Arc::new(app);
        let worker = Worker::start(&app)?;
        let (stop, stopped) = oneshot::channel();
        if bare {
            app.bare(&sample.customers).map_err(|_| "the bare records")?;
        }
        let router = routes::router(Arc::clone(&app), bare);
        let served = tokio::spawn(server::serve(listener, router, app.limits.clone(), stopped));
        Ok(Self { app, address, sample, stop, served, worker })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sample customers.
    #[must_use]
    pub fn customers(&self) -> &[SampleCustomer] {
        &self.sample.customers
    }

    /// The partner on the porting interface.
    #[must_use]
    pub const fn partner(&self) -> &SamplePartner {
        &self.sample.partner
    }

    /// How many events the audit log has.
    #[must_use]
    pub fn audit_size(&self) -> u64 {
        self.app.guard.audit().size()
    }

    /// Checks the whole audit log.
    ///
    /// # Errors
    /// What the library finds.
    pub fn verify_audit(&self) -> Result<(), cpni_guard::Error> {
        self.app.guard.audit().verify()?;
        Ok(())
    }

    /// Takes no more requests, lets those that are there end, then the worker.
    pub async fn stop(self) {
        let _nobody_listens = self.stop.send(()).is_err();
        let _panicked = self.served.await.is_err();
        let worker = self.worker;
        let _panicked = tokio::task::spawn_blocking(move || worker.stop()).await.is_err();
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("address", &self.address).finish_non_exhaustive()
    }
}

fn build(settings: Settings) -> Result<(App, Sample), StartError> {
    let Settings { folder, customers, sim_wait, limits, clock, .. } = settings;
    fs::create_dir_all(&folder)?;
    let carrier = Arc::new(Carrier::new(&folder, Arc::clone(&clock))?);
    let identity = Arc::new(Identity::default());
    // A day is the library's own; here it has to be seen in a minute.
    let waits = RiskRule {
        id: RuleId::new("sample-sim-waits")?,
        title: "Every SIM change that is asked for online waits, so that its notice is seen".to_owned(),
        kinds: vec![TransactionKind::SimChange],
        facts: Vec::new(),
        effect: RiskEffect::Wait(sim_wait),
    };
    let guard = Guard::builder()
        .schema(Schema::from_toml(include_str!("../schema.toml"))?)
        // In production: `PassphraseKeys`, or a provider of yours for a KMS. These are gone with the process,
        // and so is what they sealed.
        .keys(MemoryKeys::new()?)
        .store(SqliteStore::open(folder.join("guard"))?)
        .grants(include_str!("../grants.toml"))
        .agents(Arc::clone(&identity) as _)
        .contacts(Arc::clone(&identity) as _)
        .account_facts(Arc::clone(&carrier) as _)
        .hotlines(Arc::clone(&carrier) as _)
        .risks(Arc::clone(&carrier) as _)
        .delivery(Arc::clone(&carrier) as _)
        .transaction_rules(TransactionRules::library_default().with(waits)?)
        .time_limits(TimeLimits::default())
        .clock(Arc::clone(&clock))
        .build()?;
    let data = Data::create(&folder)?;
    let (sample, partners) = sample::make(&guard, &data, &carrier, customers, limits.partner, clock.now())?;
    let nobody = sample::nobody(&guard)?;
    let at_work = Arc::new(Semaphore::new(limits.at_work));
    let (sessions, limiter) = (Sessions::default(), Limiter::default());
    Ok((
        App { guard, data, carrier, identity, sessions, limiter, partners, limits, nobody, clock, at_work },
        sample,
    ))
}
