//! The back end of a made-up carrier: a guard with keys in a file, agents and callers as the searches need
//! them, and customers that a number stands for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cpni_guard::interaction::{AgentProfile, ContactState, MemoryContacts, MemoryDirectory};
use cpni_guard::vocabulary::{AgentId, Channel, ContactId, CountryCode, EmployerId, Role, Timestamp};
use cpni_guard::{
    AccountId, AgentSession, Contact, Guard, PassphraseKeys, Purpose, Record, Schema, Search, Sensitive,
    SqliteStore,
};

use crate::Failure;

/// In a program of yours, from wherever secrets come from.
const PASSPHRASE: &str = "sample passphrase of six words";
/// An agent may search for 20 SSNs a day, and is noticed before: so there are many.
const SEARCHES_OF_AN_AGENT: u64 = 5;

/// Where everything is.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn rows(&self) -> PathBuf {
        self.0.join("carrier.sqlite3")
    }

    fn keys(&self) -> PathBuf {
        self.0.join("keys.cpni")
    }
}

pub(crate) struct Carrier {
    pub(crate) guard: Guard,
    pub(crate) keys: Arc<PassphraseKeys>,
    directory: Arc<MemoryDirectory>,
    contacts: Arc<MemoryContacts>,
}

impl Carrier {
    /// A guard of this process: its audit log is in `store`, the keys are those of the folder.
    pub(crate) fn open(folder: &Folder, store: &str) -> Result<Self, Failure> {
        let passphrase = Sensitive::from(PASSPHRASE.to_owned());
        let keys = Arc::new(PassphraseKeys::open_or_create(folder.keys(), &passphrase)?);
        let (directory, contacts) =
            (Arc::new(MemoryDirectory::default()), Arc::new(MemoryContacts::default()));
        let guard = Guard::builder()
            .schema(Schema::from_toml(include_str!("../subscriber.toml"))?)
            .keys(Arc::clone(&keys))
            .store(SqliteStore::open(Path::new(&folder.0).join(store))?)
            .grants(include_str!("../grants.toml"))
            .agents(Arc::clone(&directory) as _)
            .contacts(Arc::clone(&contacts) as _)
            .build()?;
        Ok(Self { guard, keys, directory, contacts })
    }

    /// An agent's search for the account of who is on the line. `number`: the how-manieth search this is.
    pub(crate) fn search(&self, number: u64, index: &str, stated: String) -> Result<Search, Failure> {
        let agent = format!("agent-{}", number / SEARCHES_OF_AN_AGENT);
        let contact = ContactId::new(format!("call-{number}"))?;
        self.directory.sign_in(&agent, profile(&agent)?);
        self.contacts.set(contact.clone(), ContactState::live(Channel::PhoneInbound, AgentId::new(&*agent)?));
        let contact = Contact::of(contact, Channel::PhoneInbound);
        let stated = [Sensitive::from(stated)];
        Ok(self.guard.search(AgentSession::new(agent), contact, Purpose::Support, index, &stated)?)
    }
}

fn profile(agent: &str) -> Result<AgentProfile, Failure> {
    Ok(AgentProfile {
        id: AgentId::new(agent)?,
        role: Role::CareAgent,
        employer: EmployerId::new("carrier")?,
        site: None,
        country: Some(CountryCode::new("US")?),
        trained_until: Some(Timestamp::from_micros(u64::MAX)),
        may_approve: false,
        own_account: None,
    })
}

/// The customer that a number stands for. No SSN of these was ever given to anybody: areas from 900 on.
pub(crate) struct Customer(pub(crate) u64);

impl Customer {
    pub(crate) fn account(&self) -> Result<AccountId, Failure> {
        Ok(AccountId::new(format!("A-{}", self.0))?)
    }

    pub(crate) fn ssn(&self) -> String {
        let (serial, rest) = (self.0 % 9_999 + 1, self.0 / 9_999);
        format!("{}-{:02}-{serial:04}", 900 + rest / 40, rest % 40 + 1)
    }

    pub(crate) fn mobile(&self) -> String {
        format!("({}) 555-{:04}", 230 + self.0 / 10_000, self.0 % 10_000)
    }

    pub(crate) fn record(&self) -> Record {
        Record::new().text("ssn", self.ssn()).text("mobile", self.mobile()).text("plan", "Unlimited Plus")
    }
}
