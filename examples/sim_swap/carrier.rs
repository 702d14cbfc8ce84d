//! A small carrier: its agents, its customer, and a screen on which it is told what happens.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cpni_guard::error::HostError;
use cpni_guard::interaction::{
    AccountFactSource, AccountFacts, AddressOnFile, AgentProfile, Attested, CodeTo, ContactChannel,
    ContactState, MemoryContacts, MemoryDirectory, SimChange,
};
use cpni_guard::policy::Decision;
use cpni_guard::transaction::{ContactPoint, HostRisk, RiskSource};
use cpni_guard::vocabulary::{
    AgentId, Channel, Clock, ContactId, ContactPointId, CountryCode, EmployerId, ManualClock, Role, SiteId,
    Timestamp,
};
use cpni_guard::{
    AccountId, AgentSession, ChangeRequest, Contact, Delivery, Error, Evidence, Guard, Interaction,
    MemoryKeys, Purpose, Schema, Sensitive, Stores, View,
};

/// 2026-11-23T13:00:00Z.
const START: Timestamp = Timestamp::from_secs(1_795_438_800);
/// Columns of the output.
const WIDTH: usize = 80;
const DAY: u64 = 86_400;
pub(crate) const PASSWORD: &str = "plum-harbor-19";
pub(crate) const PASSCODE: &str = "482913";
pub(crate) const LINE: &str = "8155550100";
pub(crate) const SIM: &str = "8900000000000000003";
pub(crate) const OTHER_SIM: &str = "8900000000000000011";

const GRANTS: &str = r#"
id    = "sim-swap"
title = "A carrier whose agents change what customers ask for"

[[rule]]
id     = "agents-change"
title  = "Care agents change SIMs, addresses and handsets"
effect = "permit"
when   = { role = ["care_agent"], purpose = ["support"], op = ["act"], action = ["sim_change", "port_out", "unlock_handset", "change_email_of_record"] }

[[rule]]
id     = "customers-change"
title  = "Customers change their own SIM"
effect = "permit"
when   = { role = ["customer"], purpose = ["support"], channel = ["online"], op = ["act"], action = ["sim_change", "port_out"] }

[[rule]]
id     = "ports"
title  = "The porting interface validates ports"
effect = "permit"
when   = { role = ["port_system"], op = ["act"], action = ["port_out"] }
"#;

/// What the host's systems know of the account.
#[derive(Debug)]
pub(crate) struct Systems(Mutex<AccountFacts>);

pub(crate) struct Carrier {
    pub(crate) guard: Guard,
    pub(crate) own: AccountId,
    pub(crate) systems: Arc<Systems>,
    clock: Arc<ManualClock>,
    directory: Arc<MemoryDirectory>,
    contacts: Arc<MemoryContacts>,
    calls: AtomicU32,
}

/// What is printed, and how often something came to another end than it should.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    lines: Vec<String>,
    faults: u32,
}

struct Sends;

impl Delivery for Sends {
    fn send(&self, _: &AccountId, _: &ContactPointId, _: &View) -> Result<(), HostError> {
        Ok(())
    }

    fn send_code(
        &self,
        _: &AccountId,
        _: CodeTo,
        _: Option<&ContactPointId>,
        _: &Sensitive<String>,
    ) -> Result<(), HostError> {
        Ok(())
    }

    fn call_back(&self, _: &AccountId) -> Result<(), HostError> {
        Ok(())
    }
}

impl AccountFactSource for Systems {
    fn account_facts(&self, _: &AccountId) -> Result<AccountFacts, HostError> {
        Ok(self.0.lock().map_err(|_| HostError)?.clone())
    }
}

impl RiskSource for Systems {
    fn risk(&self, _: &AccountId, _: &ChangeRequest) -> Result<HostRisk, HostError> {
        let account_opened = Some(ago(900));
        Ok(HostRisk { new_device: Some(false), device: None, account_opened, unlock_eligible: Some(true) })
    }
}

impl Systems {
    pub(crate) fn sim_moved(&self, at: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sim_change = Some(SimChange::At(at));
    }
}

impl Carrier {
    pub(crate) fn new() -> Result<Self, Error> {
        let clock = Arc::new(ManualClock::new(START));
        let directory = Arc::new(MemoryDirectory::default());
        let contacts = Arc::new(MemoryContacts::default());
        let own = AccountId::new("A-1")?;
        let systems = Arc::new(Systems(Mutex::new(AccountFacts {
            address: Some(AddressOnFile { id: ContactPointId::new("post-1")?, since: ago(700) }),
            sim_change: Some(SimChange::Never),
            survivor: Some(false),
            sim_lock: Some(false),
            port_lock: Some(false),
            simple_port: Some(true),
            ..AccountFacts::default()
        })));
        for (token, role, may_approve) in [
            ("dana", Role::CareAgent, false),
            ("sue", Role::CareAgent, true),
            ("app", Role::Customer, false),
            ("porter", Role::PortSystem, false),
            ("fay", Role::FraudAnalyst, false),
        ] {
            directory.sign_in(token, profile(token, role, may_approve, &own)?);
        }
        let guard = Guard::builder()
            .schema(Schema::from_toml(include_str!("../subscriber.toml"))?)
            .keys(MemoryKeys::new()?)
            .store(Stores::in_memory())
            .grants(GRANTS)
            .agents(Arc::clone(&directory) as _)
            .contacts(Arc::clone(&contacts) as _)
            .account_facts(Arc::clone(&systems) as _)
            .risks(Arc::clone(&systems) as _)
            .delivery(Arc::new(Sends))
            .clock(Arc::clone(&clock) as _)
            .build()?;
        guard.import_password(&own, &Sensitive::from(PASSWORD.to_owned()))?;
        guard.import_port_passcode(&own, &Sensitive::from(PASSCODE.to_owned()))?;
        let point = |id: &str, channel, days| -> Result<ContactPoint, Error> {
            Ok(ContactPoint {
                id: ContactPointId::new(id)?,
                channel,
                since: ago(days),
                from_the_beginning: false,
            })
        };
        let points = [
            point("mail-1", ContactChannel::Email, 400)?,
            point("post-1", ContactChannel::Post, 700)?,
            point("app-1", ContactChannel::App, 90)?,
        ];
        guard.transactions().set_contact_points(&own, &points)?;
        Ok(Self { guard, own, systems, clock, directory, contacts, calls: AtomicU32::new(0) })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    pub(crate) fn minutes(&self, minutes: u64) {
        self.wait(Duration::from_secs(minutes.saturating_mul(60)));
    }

    /// A contact of `agent`'s on `channel`, in which the carrier's systems established this.
    pub(crate) fn contact(
        &self,
        agent: &str,
        of: &AccountId,
        channel: Channel,
        attested: &[Attested],
    ) -> Result<Interaction, Error> {
        let id = ContactId::new(format!("contact-{}", self.calls.fetch_add(1, Ordering::SeqCst)))?;
        let mut state = ContactState::live(channel, AgentId::new(agent)?);
        state.attested = attested.to_vec();
        self.contacts.set(id.clone(), state);
        let contact = Contact::of(id, channel);
        let mut call = self.guard.interaction(AgentSession::new(agent), of, contact, Purpose::Support)?;
        attested.iter().try_for_each(|one| call.present(Evidence::Attested(*one)).map(drop))?;
        Ok(call)
    }

    /// Another customer, with the same password: for an agent who sells unlocks.
    pub(crate) fn customer(&self, number: u32) -> Result<AccountId, Error> {
        let account = AccountId::new(format!("B-{number}"))?;
        self.guard.import_password(&account, &Sensitive::from(PASSWORD.to_owned()))?;
        self.guard.set_account_facts(&account, &AccountFacts::default())?;
        Ok(account)
    }

    /// An agent who is bribed and signs in as the customer's app would.
    pub(crate) fn sign_in(&self, token: &str, role: Role) -> Result<(), Error> {
        self.directory.sign_in(token, profile(token, role, false, &self.own)?);
        Ok(())
    }

    /// The rule that stopped it, where it comes from, and whether that is in force.
    pub(crate) fn why(&self, decision: &Decision) -> String {
        let Some(reason) = decision.reasons().next() else { return "no grant permits it".to_owned() };
        let status = self.guard.policy_status();
        let pack = status.iter().find(|pack| pack.id == reason.pack);
        let state = pack.map_or_else(String::new, |pack| {
            let force = if pack.in_force { "in force" } else { "off" };
            match pack.compliance.name().replace('_', " ") {
                compliance if reason.cite.contains(&compliance) => format!(", {force}"),
                compliance => format!("; {compliance}, {force}"),
            }
        });
        format!("{} ({}{state})", reason.rule, reason.cite)
    }
}

impl Screen {
    pub(crate) fn title(&mut self, text: &str) {
        self.lines.push(String::new());
        self.lines.push(text.to_owned());
    }

    pub(crate) fn say(&mut self, text: impl AsRef<str>) {
        self.put("", text.as_ref());
    }

    /// A step of the pretexter, and what stopped it.
    pub(crate) fn stopped(&mut self, step: &str, is_stopped: bool, by: &str) {
        self.step(step, is_stopped, ["STOPPED", "GOT THROUGH"], by);
    }

    /// A step of the customer.
    pub(crate) fn done(&mut self, step: &str, is_done: bool, how: &str) {
        self.step(step, is_done, ["done", "REFUSED"], how);
    }

    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(crate) const fn faults(&self) -> u32 {
        self.faults
    }

    fn step(&mut self, step: &str, is_good: bool, [good, bad]: [&str; 2], why: &str) {
        self.faults = self.faults.saturating_add(u32::from(!is_good));
        self.put(if is_good { good } else { bad }, step);
        self.put("", why);
    }

    /// Text beside a word, wrapped under its own first column.
    fn put(&mut self, left: &str, text: &str) {
        let mut line = format!("  {left:<10} ");
        let mut gap = "";
        for word in text.split_whitespace() {
            let is_full = line.chars().count() + gap.len() + word.chars().count() > WIDTH;
            if is_full && !gap.is_empty() {
                self.lines.push(line);
                (line, gap) = (format!("  {:<11}", ""), "");
            }
            line.push_str(gap);
            line.push_str(word);
            gap = " ";
        }
        self.lines.push(line);
    }
}

fn profile(token: &str, role: Role, may_approve: bool, own: &AccountId) -> Result<AgentProfile, Error> {
    Ok(AgentProfile {
        id: AgentId::new(token)?,
        role,
        employer: EmployerId::new("carrier")?,
        site: Some(SiteId::new("springfield")?),
        country: Some(CountryCode::new("US")?),
        trained_until: Some(START.plus(Duration::from_secs(DAY.saturating_mul(90)))),
        may_approve,
        own_account: (role == Role::Customer).then(|| own.clone()),
    })
}

fn ago(days: u64) -> Timestamp {
    Timestamp::from_secs(START.as_secs().saturating_sub(days.saturating_mul(DAY)))
}
