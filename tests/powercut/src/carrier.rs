//! A shop with one agent, through the public API: customers come with their photo ID, look at their
//! plan, set a password up, name calls and read codes back.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cpni_guard::error::{AuditError, HostError, KeyError};
use cpni_guard::interaction::{
    AccountFactSource, AccountFacts, AgentProfile, CodeTo, ContactState, MemoryContacts, MemoryDirectory,
    NAMED_CALL_ATTEMPTS, PhotoIdKind, SimChange,
};
use cpni_guard::keys::{Keyring, SubjectStore};
use cpni_guard::vocabulary::{
    Action, AgentId, Channel, CivilDate, ContactId, ContactPointId, CountryCode, EmployerId, EventKind,
    ManualClock, Role, Timestamp,
};
use cpni_guard::{
    AccountId, AgentSession, CallRow, Contact, Delivery, Error, Evidence, Guard, GuardBuilder, Interaction,
    KeyProvider, NamedCall, PhotoId, Presented, Protected, Purpose, Record, Schema, SealedRecord, Sensitive,
    SqliteStore, TransactionRules, View, WatchRules,
};

/// 2026-11-23T15:04:00Z. The clock stands still, so that attempts of one life count in the next.
pub const NOW: Timestamp = Timestamp::from_secs(1_795_446_240);
const NAME: &str = "Dana Example";
const PLAN: &str = "Unlimited Plus";
const SCHEMA: &str = r#"
[fields]
name        = { class = "identity" }
plan        = { class = "service_details" }
call_detail = { class = "call_detail" }
"#;
const GRANTS: &str = r#"
id    = "shop"
title = "Retail agents help customers in the store"

[[rule]]
id     = "shop-helps"
title  = "Retail agents help customers in the store"
effect = "permit"
when   = { role = ["retail_agent"], purpose = ["support"], channel = ["retail"], op = ["view"], class = ["identity", "service_details", "call_detail"] }

[[rule]]
id     = "shop-sets-passwords"
title  = "Retail agents set up passwords with the customer"
effect = "permit"
when   = { role = ["retail_agent"], purpose = ["support"], op = ["act"], action = ["create_password", "sim_change"] }
"#;

pub struct Carrier {
    pub guard: Guard,
    /// Changes that were allowed. The customer is to be told of each (47 CFR 64.2010(f)(1)).
    pub changes: AtomicUsize,
    contacts: Arc<MemoryContacts>,
    codes: Arc<Codes>,
}

pub struct Customer {
    account: AccountId,
    sealed: Protected,
}

impl Customer {
    /// What a host stores of them.
    pub fn into_record(self) -> SealedRecord {
        self.sealed.record
    }
}

/// A value that was given out, by the number and the contact that its event must have.
#[derive(Clone)]
pub struct Handed {
    pub index: u64,
    pub contact: String,
}

/// How attempts to name a call went.
#[derive(Debug, Default)]
pub struct Attempts {
    pub begun: u32,
    /// Those that were answered.
    pub counted: u32,
}

impl Carrier {
    pub fn open(folder: &Path, keys: impl KeyProvider + 'static) -> Result<Self, Error> {
        Self::built(SqliteStore::open(folder)?, keys, |builder| builder)
    }

    /// As [`Carrier::open`], at another time, for as many SIM changes as are asked for.
    pub fn at(folder: &Path, keys: impl KeyProvider + 'static, now: Timestamp) -> Result<Self, Error> {
        // Nothing is known of devices and ages here, which would need a second person each time.
        let rules = TransactionRules::default().without("risk-sim-new-device-young-account");
        let rules = rules.without("risk-many-by-agent");
        Self::built(SqliteStore::open(folder)?, keys, |builder| {
            builder.clock(Arc::new(ManualClock::new(now))).transaction_rules(rules)
        })
    }

    /// As [`Carrier::open`], with secrets of accounts.
    pub fn with_subjects(
        store: SqliteStore,
        keys: impl KeyProvider + 'static,
        subjects: Arc<dyn SubjectStore>,
    ) -> Result<Self, Error> {
        Self::built(store, keys, |builder| builder.subjects(subjects))
    }

    fn built(
        store: SqliteStore,
        keys: impl KeyProvider + 'static,
        more: impl FnOnce(GuardBuilder) -> GuardBuilder,
    ) -> Result<Self, Error> {
        let (contacts, codes) = (Arc::new(MemoryContacts::default()), Arc::new(Codes::default()));
        let directory = MemoryDirectory::default();
        directory.sign_in(
            "ray",
            AgentProfile {
                id: AgentId::new("ray")?,
                role: Role::RetailAgent,
                employer: EmployerId::new("carrier")?,
                site: None,
                country: Some(CountryCode::new("US")?),
                trained_until: Some(Timestamp::from_secs(NOW.as_secs() + 86_400)),
                may_approve: false,
                own_account: None,
            },
        );
        let builder = Guard::builder()
            .schema(Schema::from_toml(SCHEMA)?)
            .keys(keys)
            .store(store)
            .grants(GRANTS)
            .agents(Arc::new(directory))
            .contacts(Arc::clone(&contacts) as _)
            .account_facts(Arc::new(SimNeverMoved))
            .delivery(Arc::clone(&codes) as _)
            .watch(telling()?)
            .clock(Arc::new(ManualClock::new(NOW)));
        let guard = more(builder).build()?;
        Ok(Self { guard, changes: AtomicUsize::new(0), contacts, codes })
    }

    /// Seals a customer's record. Touches no store.
    pub fn customer(&self, account: &str) -> Result<Customer, Error> {
        let account = AccountId::new(account)?;
        let record = Record::new()
            .text("name", NAME)
            .text("plan", PLAN)
            .calls("call_detail", vec![CallRow::outbound("202-555-0123", NOW, 61)]);
        let sealed = self.guard.protect(&account, record)?;
        Ok(Customer { account, sealed })
    }

    /// A customer comes in.
    pub fn visit(&self, contact: &str, customer: &Customer) -> Result<Interaction, Error> {
        let id = ContactId::new(contact)?;
        self.contacts.set(id.clone(), ContactState::live(Channel::Retail, AgentId::new("ray")?));
        let contact = Contact::of(id, Channel::Retail);
        self.guard.interaction(AgentSession::new("ray"), &customer.account, contact, Purpose::Support)
    }

    /// A customer comes in and shows a photo ID.
    pub fn identified(&self, contact: &str, customer: &Customer) -> Result<Interaction, Error> {
        let mut visit = self.visit(contact, customer)?;
        show_id(&mut visit, customer)?;
        Ok(visit)
    }

    /// A customer comes in, shows a photo ID, looks at the plan `looks` times and sets a password
    /// up. What was handed out before an error is in `handed`.
    pub fn serve(
        &self,
        contact: &str,
        customer: &Customer,
        looks: u64,
        handed: &mut impl FnMut(Handed),
    ) -> Result<(), Error> {
        let mut visit = self.identified(contact, customer)?;
        for _ in 0..looks {
            look(&mut visit, contact, customer, handed)?;
        }
        self.change(&mut visit)?;
        visit.end()
    }

    /// Asks whether a password may be set up.
    pub fn change(&self, visit: &mut Interaction) -> Result<(), Error> {
        assert!(visit.decide(Action::CreatePassword)?.is_allowed());
        self.changes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Has a one-time code sent, and gives what the customer received.
    pub fn send_code(&self, visit: &mut Interaction, customer: &Customer) -> Result<String, Error> {
        visit.send_one_time_code(CodeTo::NumberOfRecord)?;
        let codes = self.codes.0.lock().expect("no panic under this lock");
        Ok(codes.get(customer.account.expose()).cloned().expect("a code was sent"))
    }

    /// Names calls that nobody made until the account locks or the store fails, in as many visits as
    /// that needs.
    pub fn guess(&self, contact: &str, customer: &Customer, attempts: &mut Attempts) -> Result<(), Error> {
        for number in 0..NAMED_CALL_ATTEMPTS.max {
            let mut visit = self.visit(&format!("{contact}-{number}"), customer)?;
            guess_once(&mut visit, customer, attempts)?;
        }
        Ok(())
    }

    /// Whether the log verifies and holds everything that was handed out.
    pub fn check(&self, handed: &[Handed]) -> Result<u64, Lost> {
        let size = self.guard.audit().verify().map_err(Lost::DoesNotVerify)?.size();
        let events = self.guard.audit().entries(0..size).map(|entry| entry.map(|(_, event)| event));
        let events = events.collect::<Result<Vec<_>, _>>().map_err(Lost::DoesNotVerify)?;
        let is_there = |handed: &Handed| {
            events.get(handed.index as usize).is_some_and(|event| {
                let contact = event.facts.contact.as_ref().map(ContactId::as_str);
                event.facts.kind == EventKind::Viewed && contact == Some(&handed.contact)
            })
        };
        match handed.iter().find(|handed| !is_there(handed)) {
            Some(missing) => Err(Lost::Missing(missing.index)),
            None => Ok(size),
        }
    }
}

/// What must never be found after a crash.
#[derive(Debug)]
#[expect(dead_code, reason = "shown by Debug")]
pub enum Lost {
    DoesNotOpen(Error),
    DoesNotVerify(AuditError),
    /// The event of this number is not, or not as it was when a value was handed out for it.
    Missing(u64),
    /// A change was allowed, and nobody will tell the customer.
    Notices {
        allowed: usize,
        queued: usize,
    },
    /// A one-time code was accepted twice.
    CodeTwice,
    /// More or fewer attempts were left than there may be.
    Attempts {
        before: Attempts,
        after: Attempts,
    },
}

pub fn show_id(visit: &mut Interaction, customer: &Customer) -> Result<(), Error> {
    let expires = CivilDate::new(2030, 1, 1).expect("a date");
    let id = PhotoId { kind: PhotoIdKind::DriversLicence, expires, name: Sensitive::from(NAME.to_owned()) };
    let presented = visit.show_photo_id(&id, &customer.sealed, "name")?;
    assert_eq!(presented, Presented::Match);
    Ok(())
}

/// Looks at the plan once.
pub fn look(
    visit: &mut Interaction,
    contact: &str,
    customer: &Customer,
    handed: &mut impl FnMut(Handed),
) -> Result<(), Error> {
    let view = visit.view(&customer.sealed, ["plan"])?;
    assert!(is_plan(&view)?, "the value is the one that was sealed");
    handed(Handed { index: view.audit_index(), contact: contact.to_owned() });
    Ok(())
}

fn is_plan(view: &View) -> Result<bool, Error> {
    view.field("plan")?.disclosed()?.with_text(|text| text == PLAN)
}

/// Names a call that nobody made.
pub fn guess_once(
    visit: &mut Interaction,
    customer: &Customer,
    attempts: &mut Attempts,
) -> Result<(), Error> {
    let number = Sensitive::from("202-555-0199".to_owned());
    attempts.begun += 1;
    let call = NamedCall { number, started: NOW, duration_secs: None };
    let presented = visit.name_call(call, &customer.sealed, "call_detail")?;
    assert_eq!(presented, Presented::NoMatch);
    attempts.counted += 1;
    Ok(())
}

/// Reads a code back.
pub fn read_back(visit: &mut Interaction, code: &str) -> Result<Presented, Error> {
    let code = Sensitive::from(code.to_owned());
    visit.present(Evidence::OneTimeCode(CodeTo::NumberOfRecord, code))
}

/// The last code that each account was sent.
#[derive(Default)]
struct Codes(Mutex<HashMap<String, String>>);

impl Delivery for Codes {
    fn send(&self, _: &AccountId, _: &ContactPointId, _: &View) -> Result<(), HostError> {
        Err(HostError)
    }

    fn send_code(
        &self,
        account: &AccountId,
        _: CodeTo,
        _: Option<&ContactPointId>,
        code: &Sensitive<String>,
    ) -> Result<(), HostError> {
        let mut codes = self.0.lock().expect("no panic under this lock");
        codes.insert(account.expose().to_owned(), code.expose().clone());
        Ok(())
    }

    fn call_back(&self, _: &AccountId) -> Result<(), HostError> {
        Err(HostError)
    }
}

struct SimNeverMoved;

impl AccountFactSource for SimNeverMoved {
    fn account_facts(&self, _: &AccountId) -> Result<AccountFacts, HostError> {
        Ok(AccountFacts {
            sim_change: Some(SimChange::Never),
            survivor: Some(false),
            sim_lock: Some(false),
            ..AccountFacts::default()
        })
    }
}

/// Keys that outlive a process, for a test only: nothing wraps them.
pub struct KeysInFile(PathBuf);

impl KeysInFile {
    /// The keys in this file, made if it is not there.
    pub fn new(path: PathBuf) -> Result<Self, KeyError> {
        let keys = Self(path);
        if !keys.0.exists() {
            Keyring::create(&keys)?;
        }
        Ok(keys)
    }
}

impl KeyProvider for KeysInFile {
    fn wrap(&self, key: &Sensitive<Vec<u8>>) -> Result<Vec<u8>, KeyError> {
        Ok(key.expose().clone())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, KeyError> {
        Ok(Sensitive::from(wrapped.to_vec()))
    }

    fn load(&self) -> Result<Option<Vec<u8>>, KeyError> {
        if self.0.exists() { fs::read(&self.0).map(Some).map_err(|_| KeyError::Provider) } else { Ok(None) }
    }

    fn store(&self, document: &[u8]) -> Result<(), KeyError> {
        fs::write(&self.0, document).map_err(|_| KeyError::Provider)
    }
}

/// A folder that goes with this value.
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    pub fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("cpni-guard-powercut-{}-{number}", std::process::id())))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The library's rules, which count and tell, and refuse nothing: the agent here is what they are for.
fn telling() -> Result<WatchRules, Error> {
    let text = WatchRules::built_in_text()
        .replace("\"block\"", "\"alert\"")
        .replace("\"second_person\"", "\"alert\"");
    WatchRules::from_toml("watch.toml", &text)
}
