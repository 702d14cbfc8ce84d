//! The carrier's own systems, as stand-ins: who the agents are, which contacts are live, how long
//! an address has been on file. In production these answers come from yours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cpni_guard::error::HostError;
use cpni_guard::interaction::{
    AccountFactSource, AccountFacts, AgentProfile, AgentSession, Attested, ContactState, HotlineList,
    MemoryContacts, MemoryDirectory, SimChange,
};
use cpni_guard::vocabulary::{
    AccountId, AgentId, Channel, ContactId, CountryCode, EmployerId, Role, Timestamp,
};

use crate::failure::Failure;
use crate::folder::make_secret;

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the carrier knows of accounts. Of one that it has said nothing about, the address is unknown.
#[derive(Default)]
pub(crate) struct Accounts(Mutex<HashMap<AccountId, AccountFacts>>);

impl Accounts {
    /// Says more about an account.
    pub(crate) fn change(&self, account: &AccountId, change: impl FnOnce(&mut AccountFacts)) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(accounts.entry(account.clone()).or_insert_with(ordinary));
    }

    /// How long the address has been on file, in days.
    pub(crate) fn days_on_file(&self, account: &AccountId, now: Timestamp) -> Option<i64> {
        let since = self.account_facts(account).ok()?.address?.since;
        Some(now.utc_date()?.days_since(since.utc_date()?))
    }
}

/// A consumer whose SIM never changed, and whom no line-separation request concerns.
fn ordinary() -> AccountFacts {
    AccountFacts {
        sim_change: Some(SimChange::Never),
        survivor: Some(false),
        business: Some(false),
        ..AccountFacts::default()
    }
}

impl AccountFactSource for Accounts {
    fn account_facts(&self, account: &AccountId) -> Result<AccountFacts, HostError> {
        Ok(self.0.lock().map_err(|_| HostError)?.get(account).cloned().unwrap_or_else(ordinary))
    }
}

/// The list of covered hotlines: one number that belongs to nobody, released with the afternoon.
#[derive(Debug)]
pub(crate) struct Hotlines;

impl HotlineList for Hotlines {
    fn released(&self) -> Result<Timestamp, HostError> {
        Ok(days_before(at(0, 0), 20))
    }

    fn contains(&self, number: &str) -> bool {
        number == "8005550199"
    }
}

/// Directory, telephony and customer system.
#[derive(Default)]
pub(crate) struct Hosts {
    pub(crate) directory: Arc<MemoryDirectory>,
    pub(crate) contacts: Arc<MemoryContacts>,
    pub(crate) accounts: Arc<Accounts>,
}

/// Somebody at work.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) id: AgentId,
    pub(crate) role: Role,
    token: String,
}

impl Agent {
    pub(crate) fn session(&self) -> AgentSession {
        AgentSession::new(self.token.as_str())
    }
}

impl Hosts {
    /// Signs an agent in.
    pub(crate) fn agent(&self, id: &str, role: Role, trained_until: Timestamp) -> Result<Agent, Failure> {
        let profile = AgentProfile {
            id: AgentId::new(id)?,
            role,
            employer: EmployerId::new("example-mobile")?,
            site: None,
            country: Some(CountryCode::new("US")?),
            trained_until: Some(trained_until),
            may_approve: false,
            own_account: None,
        };
        // EXPOSE: the directory stands for the carrier's sign-in, which knows its own tokens.
        let token = make_secret()?.expose().clone();
        let agent = Agent { id: profile.id.clone(), role, token: token.clone() };
        self.directory.sign_in(token, profile);
        Ok(agent)
    }

    /// A contact of this agent's begins.
    pub(crate) fn contact(&self, id: &str, channel: Channel, agent: &Agent) -> Result<ContactId, Failure> {
        let id = ContactId::new(id)?;
        self.contacts.set(id.clone(), ContactState::live(channel, agent.id.clone()));
        Ok(id)
    }

    /// A system of the carrier's establishes something of the customer who is there.
    pub(crate) fn attests(&self, id: &ContactId, channel: Channel, agent: &Agent, attested: Attested) {
        let state = ContactState::live(channel, agent.id.clone());
        self.contacts.set(id.clone(), ContactState { attested: vec![attested], ..state });
    }

    /// A case is given to this agent.
    pub(crate) fn case(&self, id: &str, agent: &Agent) -> Result<ContactId, Failure> {
        let id = ContactId::new(id)?;
        let state = ContactState::live(Channel::BackOffice, agent.id.clone());
        self.contacts.set(id.clone(), ContactState { case: Some(id.clone()), ..state });
        Ok(id)
    }
}

/// A point of the afternoon: 2026-11-23, which the script takes for local time.
pub(crate) const fn at(hour: u64, minute: u64) -> Timestamp {
    Timestamp::from_secs(1_795_392_000 + hour * 3600 + minute * 60)
}

/// The time of the day, as on a clock on the wall.
pub(crate) fn clock_face(now: Timestamp) -> String {
    let minutes = now.as_secs() / 60;
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}

/// The same time of the day, `days` days before.
pub(crate) fn days_before(time: Timestamp, days: u64) -> Timestamp {
    Timestamp::from_secs(time.as_secs().saturating_sub(DAY.as_secs().saturating_mul(days)))
}
