//! The whole path of a host, beside the raw cipher: protecting a record, and viewing it with
//! decisions, audit and liveness.

use core::hint::black_box;
use std::sync::Arc;

use cpni_guard::interaction::{AgentProfile, ContactState, MemoryContacts, MemoryDirectory};
use cpni_guard::oversight::watch::WatchRules;
use cpni_guard::vocabulary::{
    AccountId, AgentId, Channel, ContactId, CountryCode, EmployerId, Role, Timestamp,
};
use cpni_guard::{
    AgentSession, Contact, DeviceField, DeviceSession, Evidence, FieldView, Guard, Interaction, MemoryKeys,
    Presented, Purpose, Sensitive, Stores,
};
use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion};

use crate::raw::Raw;
use crate::subscriber;

/// A carrier with so many agents, each in a call: as a host has it that says nothing, but for the
/// stores and the rules of the watch.
pub(crate) fn carrier(stores: impl Into<Stores>, rules: WatchRules, agents: usize) -> Guard {
    let directory = MemoryDirectory::default();
    let contacts = MemoryContacts::default();
    for number in 0..agents {
        let agent = AgentId::new(format!("agent-{number}")).expect("an id");
        let profile = AgentProfile {
            id: agent.clone(),
            role: Role::CareAgent,
            employer: EmployerId::new("carrier").expect("an id"),
            site: None,
            country: CountryCode::new("US").ok(),
            trained_until: Some(Timestamp::from_micros(u64::MAX)),
            may_approve: false,
            own_account: None,
        };
        directory.sign_in(token(number), profile);
        contacts.set(contact_id(number), ContactState::live(Channel::PhoneInbound, agent));
    }
    Guard::builder()
        .schema(subscriber::schema())
        .keys(MemoryKeys::new().expect("keys"))
        .store(stores)
        .grants(subscriber::GRANTS)
        .agents(Arc::new(directory))
        .contacts(Arc::new(contacts))
        .watch(rules)
        .build()
        .expect("a guard")
}

fn guard(rules: WatchRules) -> Guard {
    carrier(Stores::in_memory(), rules, 1)
}

fn watched() -> Guard {
    guard(WatchRules::built_in().expect("rules"))
}

fn token(agent: usize) -> String {
    format!("session-{agent}")
}

fn contact_id(agent: usize) -> ContactId {
    ContactId::new(format!("call-{agent}")).expect("an id")
}

/// A caller who gave the password, with this agent.
pub(crate) fn interaction(guard: &Guard, account: &AccountId, agent: usize) -> Interaction {
    let password = "correct horse";
    guard.import_password(account, &Sensitive::from(password.to_owned())).expect("a password");
    let contact = Contact::of(contact_id(agent), Channel::PhoneInbound);
    let mut call = guard
        .interaction(AgentSession::new(token(agent)), account, contact, Purpose::Support)
        .expect("an interaction");
    let presented = call.present(Evidence::password(password)).expect("it is compared");
    assert_eq!(presented, Presented::Match);
    call
}

/// Cold: a record is sealed under keys that are derived for it.
pub(crate) fn protect(c: &mut Criterion) {
    let (guard, account, raw) = (watched(), subscriber::account(), Raw::of(&subscriber::plain()));
    let mut group = c.benchmark_group("protect");
    group.bench_function("guard", |b| {
        b.iter_batched(
            subscriber::record,
            |record| guard.protect(&account, record).expect("it seals"),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("raw", |b| b.iter(|| raw.seal()));
    group.finish();
}

/// As the view beside it, sealed for a device session and opened there: both sides in one time.
fn for_device(group: &mut BenchmarkGroup<'_, WallTime>, names: &[&str]) {
    let guard = watched();
    let id = subscriber::record_id();
    let sealed = guard.protect(&subscriber::account(), subscriber::record()).expect("it seals").record;
    let mut call = interaction(&guard, &subscriber::account(), 0);
    let device = DeviceSession::start().expect("a session");
    group.bench_function("device", |b| {
        b.iter(|| {
            let request = device.request().expect("a request");
            let reply =
                call.view_for_device((&sealed, &id), names.iter().copied(), &request).expect("a reply");
            let view = device.open(&request, reply).expect("it opens");
            for (_, field) in view.fields() {
                if let DeviceField::Disclosed(value) = field {
                    black_box(value.with(subscriber::len_of).expect("open"));
                }
            }
        });
    });
    group.bench_function("device_opens", |b| {
        b.iter_batched(
            || {
                let request = device.request().expect("a request");
                let reply = call.view_for_device((&sealed, &id), names.iter().copied(), &request);
                (request, reply.expect("a reply"))
            },
            |(request, reply)| device.open(&request, reply).expect("it opens"),
            BatchSize::PerIteration,
        );
    });
}

/// Sixteen decisions, twelve values, one event of the audit log; with and without the watch.
pub(crate) fn view(c: &mut Criterion) {
    let plain = subscriber::plain();
    let raw = Raw::of(&plain);
    let raw_sealed = raw.seal();
    let names: Vec<_> = plain.iter().map(|field| field.name.as_str()).collect();

    let mut group = c.benchmark_group("view");
    for (name, guard) in [("guard", watched()), ("unwatched", guard(WatchRules::none()))] {
        let id = subscriber::record_id();
        let sealed = guard.protect(&subscriber::account(), subscriber::record()).expect("it seals").record;
        let mut call = interaction(&guard, &subscriber::account(), 0);
        let view = call.view((&sealed, &id), names.iter().copied()).expect("a view");
        let disclosed = view.fields().filter(|(_, field)| matches!(field, FieldView::Disclosed(_))).count();
        assert_eq!(disclosed, 12, "not the ssn, its last four digits, the card and the date of birth");
        group.bench_function(name, |b| {
            b.iter(|| {
                let view = call.view((&sealed, &id), names.iter().copied()).expect("a view");
                for (_, field) in view.fields() {
                    if let FieldView::Disclosed(value) = field {
                        black_box(value.with(subscriber::len_of).expect("open"));
                    }
                }
            });
        });
    }
    for_device(&mut group, &names);
    group.bench_function("raw", |b| {
        b.iter(|| {
            raw.open(&raw_sealed, |text| {
                black_box(text);
            })
        })
    });
    group.finish();
}
