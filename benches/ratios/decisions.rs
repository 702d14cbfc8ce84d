//! One decision of an interaction, beside a look-up in a bare table.

use core::hint::black_box;
use std::sync::Arc;

use cpni_guard::policy::{AccountFact, AgentFact, Facts, Pack, Policy};
use cpni_guard::testing::Plan;
use cpni_guard::vocabulary::{Channel, DataClass, EvidenceKind, Form, Purpose, Role, Scope, Timestamp};
use criterion::Criterion;

use crate::subscriber;

/// 2026-11-23T00:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_392_000);

fn policy() -> Arc<Policy> {
    let mut packs = Pack::built_in().expect("the packs");
    packs.push(Pack::grants_from_toml("grants.toml", subscriber::GRANTS).expect("the grants"));
    Arc::new(Policy::compile(packs, Vec::new()).expect("a policy"))
}

/// A trained agent on a live call of a customer who gave the password.
fn facts() -> Facts {
    let mut facts = Facts::new(Channel::PhoneInbound, Role::CareAgent, Purpose::Support);
    for fact in AccountFact::ALL {
        facts.set_account(
            *fact,
            Some(matches!(fact, AccountFact::PasswordSet | AccountFact::AddressOfRecord)),
        );
    }
    for fact in [AgentFact::TrainingCurrent, AgentFact::InUnitedStates, AgentFact::LiveContact] {
        facts.set_agent(fact, Some(true));
    }
    facts.set_evidence(EvidenceKind::Password, true);
    facts
}

fn plan(policy: &Arc<Policy>) -> Plan {
    Plan::new(Arc::clone(policy), facts(), subscriber::account(), NOW)
}

/// Each iteration takes all 32 cells, so that what is measured is more than the clock's own cost.
pub(crate) fn look_up(c: &mut Criterion) {
    let cells: Vec<_> =
        DataClass::ALL.iter().flat_map(|class| Scope::ALL.iter().map(|scope| (*class, *scope))).collect();
    let policy = policy();
    let plan = plan(&policy);
    let mut table = [[None::<Form>; 3]; 17];
    for (class, scope) in &cells {
        let row = table.get_mut(usize::from(class.code())).expect("a class");
        *row.get_mut(usize::from(scope.code())).expect("a scope") = plan.form(*class, *scope);
    }
    assert!(table.iter().flatten().any(Option::is_some));

    let mut group = c.benchmark_group("decision");
    group.bench_function("plan", |b| {
        b.iter(|| {
            for (class, scope) in &cells {
                black_box(black_box(&plan).form(black_box(*class), black_box(*scope)));
            }
        });
    });
    group.bench_function("explained", |b| {
        b.iter(|| {
            for (class, scope) in &cells {
                black_box(black_box(&plan).decision(black_box(*class), black_box(*scope)));
            }
        });
    });
    group.bench_function("table", |b| {
        b.iter(|| {
            for (class, scope) in &cells {
                let (class, scope) = (black_box(*class).code(), black_box(*scope).code());
                #[expect(clippy::indexing_slicing, reason = "the bare look-up: the codes are in range")]
                black_box(black_box(&table)[usize::from(class)][usize::from(scope)]);
            }
        });
    });
    group.finish();
}

/// What a start costs: every built-in pack is read and compiled. The limit parses the same texts and
/// looks at nothing in them.
pub(crate) fn load_packs(c: &mut Criterion) {
    let packs = Pack::built_in().expect("the packs");
    let texts: Vec<&str> = packs.iter().map(Pack::text).collect();
    let mut group = c.benchmark_group("load_packs");
    group.bench_function("policy", |b| {
        b.iter(|| Policy::compile(Pack::built_in().expect("the packs"), Vec::new()).expect("a policy"));
    });
    group.bench_function("toml", |b| {
        b.iter(|| {
            for text in &texts {
                black_box(toml::de::DeTable::parse(black_box(text)).expect("TOML"));
            }
        });
    });
    group.finish();
}

/// What a change of state costs: every class and scope is decided.
pub(crate) fn whole_plan(c: &mut Criterion) {
    let policy = policy();
    let mut group = c.benchmark_group("decision");
    group.bench_function("whole_plan", |b| b.iter(|| plan(&policy)));
    group.finish();
}
