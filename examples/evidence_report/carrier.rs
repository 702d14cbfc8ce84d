//! A carrier of 26 agents and 600 customers, and its systems as stand-ins.

use std::error::Error;
use std::sync::Arc;

use cpni_guard::error::HostError;
use cpni_guard::interaction::{
    AccountFactSource, AccountFacts, AddressOnFile, AgentProfile, Attested, CallBack, CodeTo, ContactState,
    HotlineList, MemoryContacts, MemoryDirectory, SimChange,
};
use cpni_guard::vocabulary::{
    AgentId, Channel, CivilDate, Clock as _, ContactId, ContactPointId, CountryCode, EmployerId, ManualClock,
    Role, Timestamp,
};
use cpni_guard::{
    AccountId, AgentSession, Contact, Delivery, Guard, Interaction, MemoryKeys, Purpose, Record, Schema,
    SealedRecord, Sensitive, Stores, View,
};

const GRANTS: &str = include_str!("../grants.toml");
const SCHEMA: &str = include_str!("../subscriber.toml");

/// From spring on: a file switches off a default of the library's, and a marketer may plan campaigns.
const CHANGED: &str = r#"id = "spring-grants"
title = "Sample carrier: what changed in spring"

[[rule]]
id     = "marketing-plans-campaigns"
title  = "Marketers ask customers for their approval"
effect = "permit"
when   = { role = ["marketer"], purpose = ["market_new_category"], op = ["act"], action = ["outbound_approval_request"] }

[[override]]
rule     = "guard-sim-change-lock"
reason   = "The SIM team asks for the lock itself since the merger"
approver = "C. Officer"
until    = 2026-10-01
"#;

pub(crate) const CUSTOMERS: u32 = 600;
/// A number that nobody has (NANPA's range for fiction) and an SSN of the advertising range.
const MOBILE: &str = "202-555-0123";
const SSN: &str = "987-65-4321";

type Fallible<T> = Result<T, Box<dyn Error>>;

/// The carrier: everything that outlives a guard.
pub(crate) struct Carrier {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) guard: Guard,
    pub(crate) table: Vec<(AccountId, SealedRecord)>,
    keys: Arc<MemoryKeys>,
    stores: Stores,
    directory: Arc<MemoryDirectory>,
    contacts: Arc<MemoryContacts>,
}

/// The customer system: everybody has had their address for years, every seventh has a SIM lock, and of
/// every fiftieth it does not know whether a line-separation request concerns them.
struct Accounts;
/// The list of covered hotlines comes anew every day.
struct Hotlines(Arc<ManualClock>);
/// Delivers everything.
struct Post;

impl Carrier {
    pub(crate) fn open(clock: Arc<ManualClock>) -> Fallible<Self> {
        let keys = Arc::new(MemoryKeys::new()?);
        let (directory, contacts) =
            (Arc::new(MemoryDirectory::default()), Arc::new(MemoryContacts::default()));
        let stores = Stores::in_memory();
        let guard = build(&clock, &keys, &stores, &directory, &contacts, &[GRANTS])?;
        let table = (0..CUSTOMERS).map(|number| customer(&guard, number)).collect::<Fallible<_>>()?;
        Ok(Self { clock, guard, table, keys, stores, directory, contacts })
    }

    /// A new guard on the same log, with other grants.
    pub(crate) fn change_policy(&mut self) -> Fallible<()> {
        let Self { clock, keys, stores, directory, contacts, .. } = self;
        self.guard = build(clock, keys, stores, directory, contacts, &[GRANTS, CHANGED])?;
        Ok(())
    }

    /// Signs somebody in under their id.
    pub(crate) fn sign_in(
        &self,
        id: &str,
        role: Role,
        employer: &str,
        until: Option<CivilDate>,
    ) -> Fallible<()> {
        self.directory.sign_in(
            id,
            AgentProfile {
                id: AgentId::new(id)?,
                role,
                employer: EmployerId::new(employer)?,
                site: None,
                country: Some(CountryCode::new("US")?),
                trained_until: until.and_then(CivilDate::starts_at),
                may_approve: role == Role::Specialist,
                own_account: None,
            },
        );
        Ok(())
    }

    /// An interaction of this agent's, from a live contact, or from none.
    pub(crate) fn open_interaction(
        &self,
        agent: &str,
        customer: &AccountId,
        channel: Option<Channel>,
        purpose: Purpose,
    ) -> Fallible<Interaction> {
        let contact = match channel {
            None => Contact::None,
            Some(channel) => {
                let id = ContactId::new(format!("c-{}", self.guard.audit().size()))?;
                let mut state = ContactState::live(channel, AgentId::new(agent)?);
                state.called_back = (channel == Channel::PhoneCallback).then_some(CallBack::NumberOfRecord);
                // Whoever has a passkey, uses it.
                state.attested = vec![Attested::Passkey];
                state.case = (channel == Channel::BackOffice).then(|| id.clone());
                self.contacts.set(id.clone(), state);
                Contact::of(id, channel)
            }
        };
        Ok(self.guard.interaction(AgentSession::new(agent), customer, contact, purpose)?)
    }

    /// The worker's round: notices are handed over, and every fiftieth attempt fails.
    pub(crate) fn hand_notices_over(&self, round: u32) -> Fallible<()> {
        let queue = self.guard.notices();
        for (number, notice) in (round..).zip(queue.pending(100)?) {
            let notice = notice.map_err(|unreadable| unreadable.cause)?;
            if number % 50 == 0 {
                queue.failed(&notice)?;
            } else {
                queue.done(&notice.id)?;
            }
        }
        Ok(())
    }
}

fn build(
    clock: &Arc<ManualClock>,
    keys: &Arc<MemoryKeys>,
    stores: &Stores,
    directory: &Arc<MemoryDirectory>,
    contacts: &Arc<MemoryContacts>,
    grants: &[&str],
) -> Fallible<Guard> {
    let builder = Guard::builder()
        .schema(Schema::from_toml(SCHEMA)?)
        .keys(Arc::clone(keys))
        .store(stores.clone())
        .agents(directory.clone())
        .contacts(contacts.clone())
        .account_facts(Arc::new(Accounts))
        .hotlines(Arc::new(Hotlines(Arc::clone(clock))))
        .delivery(Arc::new(Post))
        .clock(clock.clone());
    Ok(grants.iter().fold(builder, |builder, text| builder.grants(*text)).build()?)
}

fn customer(guard: &Guard, number: u32) -> Fallible<(AccountId, SealedRecord)> {
    let account = AccountId::new(format!("A-{number:05}"))?;
    let record = Record::new()
        .text("name", "Dana Example")
        .text("street", "1 Sample Street")
        .text("ssn", SSN)
        .text("mobile", MOBILE)
        .text("plan", "Unlimited")
        .text("balance", "42.10")
        .calls("call_detail", Vec::new());
    let sealed = guard.protect(&account, record)?.record;
    Ok((account, sealed))
}

impl Accounts {
    fn number(account: &AccountId) -> u32 {
        // EXPOSE: the carrier's own system knows its accounts.
        account.expose().trim_start_matches("A-").parse().unwrap_or_default()
    }
}

impl AccountFactSource for Accounts {
    fn account_facts(&self, account: &AccountId) -> Result<AccountFacts, HostError> {
        let id = ContactPointId::new("postal-1").map_err(|_| HostError)?;
        let since = CivilDate::new(2024, 5, 1).and_then(CivilDate::starts_at).ok_or(HostError)?;
        Ok(AccountFacts {
            address: Some(AddressOnFile { id, since }),
            sim_change: Some(SimChange::Never),
            survivor: (Self::number(account) % 50 != 13).then_some(false),
            business: Some(false),
            sim_lock: Some(Self::number(account).is_multiple_of(7)),
            ..AccountFacts::default()
        })
    }
}

impl HotlineList for Hotlines {
    fn released(&self) -> Result<Timestamp, HostError> {
        Ok(self.0.now())
    }

    fn contains(&self, _: &str) -> bool {
        false
    }
}

impl Delivery for Post {
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
