//! What calls cost in Rust: the raw side of what Kotlin and Swift print of the same calls in the same run.
//!
//! `calls FOLDER` prints `name nanoseconds` a line: the lower eighth of many short rounds, which other
//! work on the machine disturbs little. The folder is for the durable store. Nothing of UniFFI is in the way, and the
//! heap is the system's.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cpni_guard::classify::FieldValue;
use cpni_guard::interaction::{
    AccountFacts, AgentProfile, ContactState, MemoryContacts, MemoryDirectory, SimChange,
};
use cpni_guard::vocabulary::{
    AccountId, AgentId, CallDirection, Channel, Clock as _, ContactId, CountryCode, EmployerId, Purpose,
    RecordId, Role, SystemClock, Timestamp,
};
use cpni_guard::{
    AgentSession, CallRow, Contact, FieldView, Guard, Interaction, MemoryKeys, Record, Schema, SqliteStore,
    Stores,
};

type Failure = Box<dyn std::error::Error>;

const DAY: u64 = 24 * 3600;
const VIEWS: usize = 1_000;
const ROUNDS: usize = 60;
/// Calls a round: shorter than the time after which a system gives the processor to somebody else.
const TIMES: u32 = 10;
const TEXTS: [(&str, &str); 15] = [
    ("name", "Dana Example"),
    ("street", "12 Example Street"),
    ("city", "Exampleville NY 12345"),
    ("birth_date", "1984-02-29"),
    ("ssn", "987-65-4321"),
    ("account_number", "200000012345"),
    ("mobile", "2125550199"),
    ("email", "dana@example.com"),
    ("plan", "Unlimited Plus"),
    ("features", "Hotspot, voice mail"),
    ("lines", "2125550198"),
    ("imei", "490154203237518"),
    ("iccid", "8901260123456789013"),
    ("balance", "$123.45"),
    ("card", "4111111111111111"),
];

fn record(id: &RecordId) -> Record {
    let record = Record::with_id(id.clone());
    let record = TEXTS.iter().fold(record, |record, (name, value)| record.text(*name, *value));
    let calls = (0..14).map(|n| {
        CallRow::new(CallDirection::Outbound, "2125550123", Timestamp::from_secs(1_795_440_000 + n), 61)
    });
    record.calls("call_detail", calls.collect())
}

/// A guard with its hosts in memory, and a case of a care agent's on the account.
fn case(stores: impl Into<Stores>) -> Result<(Guard, AccountId, Interaction), Failure> {
    let (agents, contacts) = (Arc::new(MemoryDirectory::default()), Arc::new(MemoryContacts::default()));
    let (account, agent, id) =
        (AccountId::new("8155550100")?, AgentId::new("dana")?, ContactId::new("case-1")?);
    agents.sign_in(
        "dana".to_owned(),
        AgentProfile {
            id: agent.clone(),
            role: Role::CareAgent,
            employer: EmployerId::new("carrier")?,
            country: Some(CountryCode::new("US")?),
            trained_until: Some(Timestamp::from_secs(SystemClock.now().as_secs() + DAY)),
            may_approve: false,
            own_account: None,
            site: None,
        },
    );
    contacts.set(id.clone(), ContactState::live(Channel::BackOffice, agent));
    let guard = Guard::builder()
        .schema(Schema::from_toml(include_str!("../../../examples/subscriber.toml"))?)
        .grants(include_str!("../../../examples/grants.toml"))
        .keys(MemoryKeys::new()?)
        .store(stores)
        .agents(agents)
        .contacts(contacts)
        .build()?;
    let facts = AccountFacts {
        sim_change: Some(SimChange::Never),
        survivor: Some(false),
        business: Some(false),
        ..AccountFacts::default()
    };
    guard.set_account_facts(&account, &facts)?;
    let contact = Contact::of(id, Channel::BackOffice);
    let case = guard.interaction(AgentSession::new("dana"), &account, contact, Purpose::Support)?;
    Ok((guard, account, case))
}

/// The lower eighth of rounds of `times` calls, in nanoseconds a call.
fn eighth(rounds: usize, times: u32, mut call: impl FnMut() -> Result<(), Failure>) -> Result<u128, Failure> {
    let mut costs = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..times {
            call()?;
        }
        costs.push(start.elapsed().as_nanos() / u128::from(times));
    }
    costs.sort_unstable();
    costs.get(rounds / 8).copied().ok_or_else(|| "no round".into())
}

fn views(store: &str, stores: impl Into<Stores>, batches: usize, out: &mut String) -> Result<(), Failure> {
    let (guard, account, mut case) = case(stores)?;
    let id = RecordId::new("r-1")?;
    let sealed = guard.protect(&account, record(&id))?.record;
    let names: Vec<&str> = TEXTS.iter().map(|(name, _)| *name).chain(["call_detail"]).collect();
    let mut look = || -> Result<(), Failure> {
        let view = case.view((&sealed, &id), names.iter().copied())?;
        let mut len = 0;
        for (_, shown) in view.fields() {
            if let FieldView::Disclosed(value) = shown {
                len += value.with(|value| match value {
                    // EXPOSE: the sample's own values, and only their lengths.
                    FieldValue::Text(text) => text.expose().len(),
                    FieldValue::Calls(rows) => rows.len(),
                })?;
            }
        }
        assert!(len > 100, "a view that shows nothing measures nothing");
        Ok(())
    };
    let view = eighth(ROUNDS, TIMES, &mut look)?;
    let batch = eighth(batches, 1, || (0..VIEWS).try_for_each(|_| look()))?;
    *out += &format!("view16-{store} {view}\nbatch1000-{store} {batch}\n");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program, not the library")]
fn main() -> Result<(), Failure> {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let mut out = String::new();
    let (guard, account, _case) = case(Stores::in_memory())?;
    let id = RecordId::new("r-1")?;
    let protect = eighth(ROUNDS, TIMES, || {
        guard.protect(&account, record(&id))?;
        Ok(())
    })?;
    out += &format!("protect16 {protect}\n");
    views("memory", Stores::in_memory(), 16, &mut out)?;
    views("durable", SqliteStore::open(Path::new(&folder))?, 3, &mut out)?;
    print!("{out}");
    Ok(())
}
