//! A small carrier: two customers, a few agents, a clock that stands still.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cpni_guard::classify::FieldValue;
use cpni_guard::error::HostError;
use cpni_guard::interaction::{
    AccountFactSource, AccountFacts, AddressOnFile, AgentProfile, Attested, CallBack, CodeTo, ContactState,
    HotlineList, MemoryContacts, MemoryDirectory, SimChange,
};
use cpni_guard::vocabulary::{
    AgentId, Channel, ContactId, ContactPointId, CountryCode, EmployerId, ManualClock, RecordId, Role,
    Timestamp,
};
use cpni_guard::{
    AccountId, AgentSession, CallRow, Contact, Delivery, Error, Evidence, Guard, GuardBuilder, Interaction,
    MemoryKeys, Notice, Notifier, Protected, Purpose, Record, Schema, Sensitive, Stores, View,
};

/// 2026-11-23T15:04:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_secs(1_795_446_240);
pub(crate) const PASSWORD: &str = "plum-harbor-19";

/// The fields that a record of the sample schema brings: texts, and calls last.
pub(crate) const FIELDS: [&str; 16] = [
    "name",
    "street",
    "city",
    "birth_date",
    "ssn",
    "account_number",
    "mobile",
    "email",
    "plan",
    "features",
    "lines",
    "imei",
    "iccid",
    "balance",
    "card",
    "call_detail",
];

pub(crate) const SCHEMA: &str = include_str!("../../examples/subscriber.toml");
pub(crate) const GRANTS: &str = include_str!("../../examples/grants.toml");

/// What goes to customers: texts of what was sent, codes, notices. Fails while it is told to.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) sent: Mutex<Vec<String>>,
    pub(crate) fails: AtomicBool,
}

impl Outbox {
    fn put(&self, text: String) -> Result<(), HostError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(HostError);
        }
        self.sent.lock().unwrap().push(text);
        Ok(())
    }

    pub(crate) fn last(&self) -> String {
        self.sent.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

impl Delivery for Outbox {
    fn send(&self, _: &AccountId, to: &ContactPointId, view: &View) -> Result<(), HostError> {
        let shown = view.fields().filter_map(|(name, shown)| {
            let value = shown.disclosed().ok()?;
            let text = value.with(|value| match value {
                FieldValue::Text(text) => text.expose().clone(),
                FieldValue::Calls(rows) => format!("{} calls", rows.len()),
            });
            Some(format!("{name}={}", text.ok()?))
        });
        self.put(format!("{to}: {}", shown.collect::<Vec<_>>().join(" ")))
    }

    fn send_code(
        &self,
        _: &AccountId,
        _: CodeTo,
        _: Option<&ContactPointId>,
        code: &Sensitive<String>,
    ) -> Result<(), HostError> {
        self.put(code.expose().clone())
    }

    fn call_back(&self, _: &AccountId) -> Result<(), HostError> {
        self.put("call back".to_owned())
    }
}

impl Notifier for Outbox {
    fn queue(&self, _: &AccountId, notice: Notice) -> Result<(), HostError> {
        self.put(format!("{} before={}", notice.action, notice.before))
    }
}

/// One covered hotline: 202-555-0145. The list is a day old.
struct Hotlines;

impl HotlineList for Hotlines {
    fn released(&self) -> Result<Timestamp, HostError> {
        Ok(Timestamp::from_secs(NOON.as_secs() - 86_400))
    }

    fn contains(&self, number: &str) -> bool {
        number == "2025550145"
    }
}

/// A guard with everything around it.
pub(crate) struct Carrier {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) guard: Guard,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) directory: Arc<MemoryDirectory>,
    pub(crate) contacts: Arc<MemoryContacts>,
}

struct OldAddress;

impl AccountFactSource for OldAddress {
    fn account_facts(&self, _: &AccountId) -> Result<AccountFacts, HostError> {
        let id = ContactPointId::new("post-1").expect("an id");
        let address = Some(AddressOnFile { id, since: Timestamp::from_secs(NOON.as_secs() - 212 * 86_400) });
        Ok(AccountFacts {
            address,
            sim_change: Some(SimChange::Never),
            survivor: Some(false),
            ..AccountFacts::default()
        })
    }
}

impl Carrier {
    pub(crate) fn new(stores: impl Into<Stores>) -> Self {
        Self::with_keys(MemoryKeys::new().unwrap(), stores).unwrap()
    }

    pub(crate) fn with_keys(
        keys: impl cpni_guard::KeyProvider + 'static,
        stores: impl Into<Stores>,
    ) -> Result<Self, Error> {
        Self::built(keys, stores, |builder| builder)
    }

    /// As [`Carrier::with_keys`], with more said to the builder.
    pub(crate) fn built(
        keys: impl cpni_guard::KeyProvider + 'static,
        stores: impl Into<Stores>,
        more: impl FnOnce(GuardBuilder) -> GuardBuilder,
    ) -> Result<Self, Error> {
        Self::assemble(keys, stores, |builder, outbox| more(builder.notifier(outbox)))
    }

    /// As [`Carrier::built`], without a notifier: notices wait in the library's queue.
    pub(crate) fn queueing(
        keys: impl cpni_guard::KeyProvider + 'static,
        stores: impl Into<Stores>,
        more: impl FnOnce(GuardBuilder) -> GuardBuilder,
    ) -> Result<Self, Error> {
        Self::assemble(keys, stores, |builder, _| more(builder))
    }

    fn assemble(
        keys: impl cpni_guard::KeyProvider + 'static,
        stores: impl Into<Stores>,
        more: impl FnOnce(GuardBuilder, Arc<Outbox>) -> GuardBuilder,
    ) -> Result<Self, Error> {
        let clock = Arc::new(ManualClock::new(NOON));
        let directory = Arc::new(MemoryDirectory::default());
        let contacts = Arc::new(MemoryContacts::default());
        let outbox = Arc::new(Outbox::default());
        for (token, role) in [
            ("dana", Role::CareAgent),
            ("lee", Role::CareAgent),
            ("ray", Role::RetailAgent),
            ("fay", Role::FraudAnalyst),
        ] {
            directory.sign_in(token, profile(token, role));
        }
        let builder = Guard::builder()
            .schema(Schema::from_toml(SCHEMA)?)
            .keys(keys)
            .store(stores)
            .grants(GRANTS)
            .agents(Arc::clone(&directory) as _)
            .contacts(Arc::clone(&contacts) as _)
            .account_facts(Arc::new(OldAddress))
            .hotlines(Arc::new(Hotlines))
            .delivery(Arc::clone(&outbox) as _)
            .clock(Arc::clone(&clock) as _);
        let guard = more(builder, Arc::clone(&outbox)).build()?;
        Ok(Self { outbox, guard, clock, directory, contacts })
    }

    /// Seals a customer, with a password.
    pub(crate) fn customer(&self, account: &AccountId) -> Protected {
        self.guard.import_password(account, &Sensitive::from(PASSWORD.to_owned())).unwrap();
        self.guard.protect(account, record()).unwrap()
    }

    /// A live contact.
    pub(crate) fn contact(&self, id: &str, channel: Channel, agent: &str) -> Contact {
        let id = ContactId::new(id).unwrap();
        let mut state = ContactState::live(channel, AgentId::new(agent).unwrap());
        if channel == Channel::BackOffice {
            state.case = Some(id.clone());
        }
        if channel == Channel::PhoneCallback {
            state.called_back = Some(CallBack::NumberOfRecord);
        }
        self.contacts.set(id.clone(), state);
        Contact::of(id, channel)
    }

    pub(crate) fn interaction(
        &self,
        agent: &str,
        account: &AccountId,
        contact: Contact,
    ) -> Result<Interaction, Error> {
        self.guard.interaction(AgentSession::new(agent), account, contact, Purpose::Support)
    }

    /// An inbound call that `agent` takes, about `account`.
    pub(crate) fn call(&self, agent: &str, account: &AccountId) -> Interaction {
        let contact =
            self.contact(&format!("call-{}", self.guard.audit().size()), Channel::PhoneInbound, agent);
        self.interaction(agent, account, contact).unwrap()
    }

    /// As [`Carrier::call`], with the password given.
    pub(crate) fn authenticated(&self, agent: &str, account: &AccountId) -> Interaction {
        let mut call = self.call(agent, account);
        assert_eq!(call.present(Evidence::password(PASSWORD)).unwrap(), cpni_guard::Presented::Match);
        call
    }

    /// As [`Carrier::authenticated`], where a system of the carrier's established something as well.
    pub(crate) fn attested(&self, agent: &str, account: &AccountId, attested: Attested) -> Interaction {
        let id = ContactId::new(format!("call-{}", self.guard.audit().size())).unwrap();
        let mut state = ContactState::live(Channel::PhoneInbound, AgentId::new(agent).unwrap());
        state.attested = vec![attested];
        self.contacts.set(id.clone(), state);
        let mut call = self.interaction(agent, account, Contact::of(id, Channel::PhoneInbound)).unwrap();
        for evidence in [Evidence::password(PASSWORD), Evidence::Attested(attested)] {
            assert_eq!(call.present(evidence).unwrap(), cpni_guard::Presented::Match);
        }
        call
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub(crate) fn profile(id: &str, role: Role) -> AgentProfile {
    AgentProfile {
        id: AgentId::new(id).unwrap(),
        role,
        employer: EmployerId::new("carrier").unwrap(),
        site: None,
        country: Some(CountryCode::new("US").unwrap()),
        trained_until: Some(NOON.plus(Duration::from_secs(90 * 86_400))),
        may_approve: false,
        own_account: None,
    }
}

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

pub(crate) fn record() -> Record {
    record_with_id(RecordId::none())
}

/// Every field of the schema; calls at 10:00, 11:00 and 11:10 of the day.
pub(crate) fn record_with_id(id: RecordId) -> Record {
    let at = |minutes_before_noon: u64| Timestamp::from_secs(NOON.as_secs() - minutes_before_noon * 60);
    Record::with_id(id)
        .text("name", "Dana Example")
        .text("street", "12 Sample Street")
        .text("city", "Springfield, IL 62701")
        .text("birth_date", "1970-01-01")
        .text("ssn", "987-65-4321")
        .text("account_number", "000000000042")
        .text("mobile", "+1 202 555 0100")
        .text("email", "dana@example.com")
        .text("plan", "Unlimited Plus")
        .text("features", "voice mail, caller id")
        .text("lines", "3")
        .text("imei", "001017000000003")
        .text("iccid", "8900000000000000003")
        .text("balance", "61.20")
        .text("card", "4111111111111111")
        .calls(
            "call_detail",
            vec![
                CallRow::outbound("+1 202 555 0123", at(304), 61).at_place("Springfield"),
                CallRow::inbound("202-555-0145", at(244), 240),
                CallRow::outbound("202-555-0145", at(234), 12),
            ],
        )
}
