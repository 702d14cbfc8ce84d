//! A care floor: who works there, how a day goes, and what the audit log says of it afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cpni_guard::error::{AuditError, InteractionError};
use cpni_guard::interaction::{AgentProfile, CallBack, ContactState, MemoryContacts, MemoryDirectory};
use cpni_guard::oversight::watch::{Alarm, AlarmSink, WatchRules};
use cpni_guard::vocabulary::{
    AgentId, Channel, ClassSet, ContactId, CountryCode, EmployerId, EventKind, ManualClock, Outcome, Role,
    SiteId, Timestamp,
};
use cpni_guard::{
    AccountId, AgentSession, Contact, Error, Guard, MemoryKeys, Purpose, Record, Schema, Sensitive, Stores,
};

pub(crate) const INSIDERS: u64 = 3;
/// 68,701 accounts in 168 days by three people.
pub(crate) const ACCOUNTS_A_DAY: u64 = 136;
pub(crate) const COLLEAGUES: u64 = 9;
pub(crate) const DAY: u64 = 86_400;
/// A shift, in seconds.
const SHIFT: u64 = 8 * 3600;
/// 2013-11-04, a Monday.
const START: u64 = 1_383_523_200;
/// Of so many customers, one asks for something that needs a credit check.
const CREDIT_CHECK_EVERY: u64 = 8;
/// The one agent who may learn, by name, whose data a breach touched.
pub(crate) const BREACH_OFFICER: &str = "privacy-office";

/// What the log says of one agent.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) openings: u64,
    pub(crate) held_back: u64,
    /// The accounts of which something was given out, as the log's pseudonyms, and the classes of it.
    pub(crate) read: BTreeMap<[u8; 32], ClassSet>,
}

/// What a customer is called about.
#[derive(Clone, Copy)]
enum Asks {
    ForHelp,
    CreditCheckByNumber,
    CreditCheckByLastFour,
}

/// Keeps alarms until they are printed.
#[derive(Default)]
struct Alarms(Mutex<Vec<Alarm>>);

impl AlarmSink for Alarms {
    fn alarm(&self, alarm: &Alarm) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(alarm.clone());
    }
}

pub(crate) struct Floor {
    pub(crate) guard: Guard,
    clock: Arc<ManualClock>,
    contacts: Arc<MemoryContacts>,
    alarms: Arc<Alarms>,
    /// The carrier's own list of customers, by what the log calls them.
    customers: BTreeMap<[u8; 32], AccountId>,
}

impl Floor {
    pub(crate) fn open(rules: WatchRules) -> Result<Self, Error> {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(START)));
        let contacts = Arc::new(MemoryContacts::default());
        let alarms = Arc::new(Alarms::default());
        let directory = MemoryDirectory::default();
        let officer = || BREACH_OFFICER.to_owned();
        let staff = (0..INSIDERS).map(insider).chain((0..COLLEAGUES).map(colleague));
        for agent in staff.chain([officer()]) {
            directory.sign_in(
                agent.clone(),
                AgentProfile {
                    id: AgentId::new(agent)?,
                    role: Role::CareAgent,
                    employer: EmployerId::new("vendor")?,
                    site: Some(SiteId::new("center-2")?),
                    country: CountryCode::new("US").ok(),
                    trained_until: Some(Timestamp::from_micros(u64::MAX)),
                    may_approve: false,
                    own_account: None,
                },
            );
        }
        let guard = Guard::builder()
            .schema(Schema::from_toml(include_str!("../subscriber.toml"))?)
            .keys(MemoryKeys::new()?)
            .store(Stores::in_memory())
            .grants(include_str!("../grants.toml"))
            .agents(Arc::new(directory))
            .contacts(Arc::clone(&contacts) as _)
            .watch(rules)
            .alarms(Arc::clone(&alarms) as _)
            .breach_officer(AgentId::new(officer())?)
            .clock(Arc::clone(&clock) as _)
            .build()?;
        Ok(Self { guard, clock, contacts, alarms, customers: BTreeMap::new() })
    }

    /// One day: insiders every day, colleagues five days of seven. Everybody's accounts in the order of
    /// the clock.
    pub(crate) fn day(&mut self, day: u64) -> Result<(), Error> {
        let mut calls = Vec::new();
        for number in 0..INSIDERS {
            calls.extend(shift(&insider(number), number, ACCOUNTS_A_DAY));
        }
        for number in 0..COLLEAGUES {
            if day.wrapping_add(number) % 7 < 5 {
                let accounts = 30_u64.saturating_add(drawn(&[day, number]) % 11);
                calls.extend(shift(&colleague(number), 100_u64.saturating_add(number), accounts));
            }
        }
        calls.sort();
        for (time, agent, number, n) in calls {
            self.clock.set(Timestamp::from_secs(self.start(day).as_secs().saturating_add(time)));
            let account = drawn(&[day, number, n]) % 100_000_000;
            let account = AccountId::new(format!("8{account:09}"))?;
            self.customers.insert(self.guard.audit().derive_pseudonym(&account), account.clone());
            let asks = match n % (2 * CREDIT_CHECK_EVERY) {
                0 => Asks::CreditCheckByNumber,
                CREDIT_CHECK_EVERY => Asks::CreditCheckByLastFour,
                _ => Asks::ForHelp,
            };
            match self.call(&agent, &account, &format!("call-{day}-{number}-{n}"), asks) {
                Ok(()) | Err(Error::Interaction(InteractionError::HeldBack)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// One customer: called back at the number of record. Their name and plan are looked up, or
    /// what they say of their SSN is compared.
    fn call(&self, agent: &str, account: &AccountId, contact: &str, asks: Asks) -> Result<(), Error> {
        let record = Record::new()
            .text("name", "Pat Example")
            .text("plan", "Unlimited Plus")
            .text("ssn", "987-65-4321");
        let sealed = self.guard.protect(account, record)?;
        let contact = ContactId::new(contact)?;
        let mut state = ContactState::live(Channel::PhoneCallback, AgentId::new(agent)?);
        state.called_back = Some(CallBack::NumberOfRecord);
        self.contacts.set(contact.clone(), state);
        let contact = Contact::of(contact, Channel::PhoneCallback);
        let (purpose, compared) = match asks {
            Asks::ForHelp => (Purpose::Support, None),
            Asks::CreditCheckByNumber => (Purpose::CreditCheck, Some(("ssn", "987-65-4321"))),
            Asks::CreditCheckByLastFour => (Purpose::CreditCheck, Some(("ssn_last4", "4321"))),
        };
        let mut call = self.guard.interaction(AgentSession::new(agent), account, contact, purpose)?;
        if let Some((field, stated)) = compared {
            call.verify(&sealed, field, &Sensitive::from(stated.to_owned()))?;
        } else {
            call.view(&sealed, ["name", "plan"])?;
        }
        call.end()
    }

    /// Moves the clock to the morning after the last of so many days.
    pub(crate) fn is_over(&self, days: u64) {
        self.clock.set(self.start(days));
    }

    /// When a day begins.
    pub(crate) fn start(&self, day: u64) -> Timestamp {
        Timestamp::from_secs(START.saturating_add(day.saturating_mul(DAY)))
    }

    pub(crate) fn alarms(&self) -> Vec<Alarm> {
        self.alarms.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the log says of each agent: one pass over all events.
    pub(crate) fn seen(&self) -> Result<BTreeMap<AgentId, Seen>, AuditError> {
        let audit = self.guard.audit();
        let mut all: BTreeMap<AgentId, Seen> = BTreeMap::new();
        for entry in audit.entries(0..audit.size()) {
            let (_, event) = entry?;
            let Some(actor) = event.facts.actor else { continue };
            let seen = all.entry(actor.agent).or_default();
            let given = event.facts.fields.iter().filter(|field| field.outcome != Outcome::Withhold);
            let given = ClassSet::of(given.map(|field| field.class));
            if event.facts.kind == EventKind::InteractionOpened {
                seen.openings = seen.openings.saturating_add(1);
            } else if event.facts.kind == EventKind::WatchRefused {
                seen.held_back = seen.held_back.saturating_add(1);
            } else if let Some(account) = event.account.filter(|_| !given.is_empty()) {
                let classes = seen.read.entry(*account.pseudonym()).or_default();
                *classes = classes.with(given);
            }
        }
        Ok(all)
    }

    /// Whose account the log calls by this pseudonym, by the carrier's own list.
    pub(crate) fn customer(&self, pseudonym: &[u8; 32]) -> Option<&AccountId> {
        self.customers.get(pseudonym)
    }

    /// Verifies the log, and says how many events it has.
    pub(crate) fn verify(&self) -> Result<u64, AuditError> {
        Ok(self.guard.audit().verify()?.size())
    }
}

fn insider(number: u64) -> String {
    format!("insider-{}", number.saturating_add(1))
}

fn colleague(number: u64) -> String {
    format!("colleague-{}", number.saturating_add(1))
}

/// The customers of one shift: when, by whom, and a number for each.
fn shift(agent: &str, number: u64, accounts: u64) -> Vec<(u64, String, u64, u64)> {
    let begins = 3600_u64.saturating_mul(13_u64.saturating_add(number % 3));
    let at = |n: u64| begins.saturating_add(n.saturating_mul(SHIFT) / accounts.max(1));
    (0..accounts).map(|n| (at(n), agent.to_owned(), number, n)).collect()
}

/// A number that looks drawn, and is the same in every run.
fn drawn(of: &[u64]) -> u64 {
    of.iter().fold(0x9e37_79b9_7f4a_7c15, |state, number| {
        let mixed = (state ^ number).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb)
    })
}
