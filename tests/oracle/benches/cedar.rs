//! What a change of state costs, every class, scope and form decided with all packs on, beside one
//! single decision of Cedar over the same rules: allowed or not, in one form, without duties.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;

use cpni_guard::testing::Plan;
use cpni_guard::vocabulary::{AccountId, DataClass, Form, Scope, Timestamp};
use cpni_guard_oracle::answer;
use cpni_guard_oracle::cedar::{self, Cedar, Unknown};
use cpni_guard_oracle::request::{Ask, Request};
use cpni_guard_oracle::vocabulary::{ACCOUNT, AGENT};
use cpni_guard_oracle::worlds::{Export, Worlds};
use criterion::{Criterion, criterion_group, criterion_main};

/// Call detail, asked for by a trained agent on a live call of a customer who gave the password.
fn asked(world: usize) -> Request {
    Request {
        world,
        second: 0,
        ask: Ask::View { class: "call_detail", scope: "whole" },
        channel: "phone_inbound",
        role: "care_agent",
        purpose: "support",
        evidence: BTreeSet::from(["password"]),
        account: ACCOUNT.map(|(fact, _)| Some(["address_of_record", "password_set"].contains(&fact))),
        agent: AGENT
            .map(|fact| Some(["training_current", "in_united_states", "live_contact"].contains(&fact))),
    }
}

fn whole_plan(c: &mut Criterion) {
    let worlds = Worlds::load().expect("the packs");
    let index = worlds.all_on();
    let (world, asked) = (&worlds.all[index], asked(index));
    let (facts, now) = (answer::facts(&asked), Timestamp::from_secs(world.midnight()));
    let account = AccountId::new("A-1").expect("an id");
    let plan = || Plan::new(Arc::clone(&world.policy), black_box(facts), account.clone(), now);
    assert_eq!(plan().form(DataClass::CallDetail, Scope::Whole), Some(Form::Full));

    let export = Export::faithful(&worlds).expect("the policies");
    let (floor, cedar) = (&export.sets(index).floor, Cedar::new().expect("the entities"));
    let request = cedar::request(&asked, Some("full"), Unknown::Least).expect("a request");
    assert!(cedar.ask(floor, &request).allowed);

    let mut group = c.benchmark_group("whole_plan");
    group.bench_function("packs", |b| b.iter(plan));
    group.bench_function("cedar", |b| b.iter(|| cedar.decide(floor, black_box(&request))));
    group.finish();
}

criterion_group!(benches, whole_plan);
criterion_main!(benches);
