//! Transactions from the request to the confirmation, locks, fraud; and who is stopped on the way. The tests of the
//! Kotlin and Swift packages expect the same codes and rules.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use cpni_guard::guard::Objection;
use cpni_guard::interaction::{Attested, ContactChannel, NoticeAbout, Stated};
use cpni_guard::transaction::{
    AccountChange, ContactChange, LockKind, RiskFact, TransactionKind, TransactionState,
};
use cpni_guard::vocabulary::{Action, Channel, EventKind, EvidenceKind, Obligation, Purpose, Role};
use cpni_guard_ffi::{
    AccountFactSource, AccountFacts, AccountFlag, ChangeRequest, ContactPoint, CpniError, GuardBuilder,
    HostFailure, HostRisk, ImportedSecret, Interaction, KeyHolder, LockState, NextStep, NoticeTarget,
    RequestAnswer, RiskEffect, RiskRule, RiskSource, SecretKind, SimChange, TransactionRules, Transactions,
    port_fields,
};

use crate::fixture::*;
use crate::hosts::Host;
use crate::officers::Folder;

const LINE: &[u8] = b"8155550100";
const SIM: &[u8] = b"8900000000000000003";
const OTHER_SIM: &[u8] = b"8900000000000000011";
const IMEI: &[u8] = b"001017000000003";
const PASSCODE: &[u8] = b"482913";
/// The permit's life, and the waits of the library's own rules.
const TEN_MINUTES: u64 = 600_000_000;

const MORE_GRANTS: &str = r#"
id    = "transactions"
title = "Transactions"

[[rule]]
id     = "care-changes"
title  = "Care agents change what customers ask for"
effect = "permit"
when   = { role = ["care_agent"], purpose = ["support"], op = ["act"], action = ["port_out", "unlock_handset"] }

[[rule]]
id     = "ports"
title  = "The porting interface ports"
effect = "permit"
when   = { role = ["port_system"], op = ["act"], action = ["port_out"] }
"#;

/// What the host's systems say: when the SIM changed, and whether handsets may be unlocked.
struct Systems(Mutex<(SimChange, Option<bool>)>);

impl AccountFactSource for Systems {
    fn account_facts(&self, _: String) -> Result<Arc<AccountFacts>, HostFailure> {
        let (address, since) = (Some("post-1".to_owned()), Some(NOON - 212 * DAY));
        let sim = Some(self.0.lock().unwrap().0);
        let holds_not = vec![AccountFlag::Survivor, AccountFlag::SimLock, AccountFlag::PortLock];
        AccountFacts::of(address, since, sim, vec![AccountFlag::SimplePort], holds_not)
            .map_err(|_| HostFailure::Unavailable)
    }
}

impl RiskSource for Systems {
    fn risk(&self, _: String, _: Action) -> Result<Arc<HostRisk>, HostFailure> {
        let eligible = self.0.lock().unwrap().1;
        HostRisk::new(Some(false), None, Some(NOON - 900 * DAY), eligible)
            .map_err(|_| HostFailure::Unavailable)
    }
}

struct Desk {
    carrier: Carrier,
    systems: Arc<Systems>,
    transactions: Arc<Transactions>,
    calls: Mutex<u32>,
}

impl Desk {
    fn new() -> Self {
        Self::built(|_| Ok(()))
    }

    fn built(more: impl FnOnce(&GuardBuilder) -> Result<(), CpniError>) -> Self {
        let systems = Arc::new(Systems(Mutex::new((SimChange::Never, Some(true)))));
        let source = Arc::clone(&systems);
        let carrier = Carrier::built(|builder| {
            builder.account_facts(Arc::clone(&source) as _)?;
            builder.risks(source)?;
            builder.grants(MORE_GRANTS.to_owned())?;
            more(builder)
        });
        carrier.guard.import_secret(ImportedSecret::Password, ACCOUNT.to_owned(), PASSWORD).unwrap();
        let transactions = Arc::clone(&carrier.guard).transactions().unwrap();
        Self { carrier, systems, transactions, calls: Mutex::new(0) }
    }

    /// A call to dana in which nobody is proved.
    fn ring(&self, attested: Vec<Attested>) -> Arc<Interaction> {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        let id = format!("call-{calls}");
        self.carrier.contacts.put(id.clone(), &contact(Channel::PhoneInbound, "dana", attested)).unwrap();
        self.carrier.open(&id).unwrap()
    }

    /// A call in which the customer is proved by password and app.
    fn call(&self) -> Arc<Interaction> {
        let call = self.ring(vec![Attested::AppFactor]);
        call.present(SecretKind::Password, PASSWORD).unwrap();
        call.attest(Attested::AppFactor).unwrap();
        call
    }

    fn sim_changed(&self, at: u64) {
        self.systems.0.lock().unwrap().0 = SimChange::At { micros: at };
    }

    fn points(&self, points: &[(&str, ContactChannel, u64)]) {
        let points = points.iter().map(|(id, channel, days)| ContactPoint {
            id: (*id).to_owned(),
            channel: *channel,
            since_micros: NOON - days * DAY,
            from_the_beginning: false,
        });
        self.transactions.set_contact_points(ACCOUNT.to_owned(), points.collect()).unwrap();
    }

    fn state(&self, asked: &RequestAnswer) -> TransactionState {
        self.transactions.status(ACCOUNT.to_owned(), asked.id.clone()).unwrap().state
    }

    fn permit(
        &self,
        asked: &RequestAnswer,
        change: &ChangeRequest,
    ) -> Result<Arc<cpni_guard_ffi::ExecutePermit>, CpniError> {
        self.transactions.permit(ACCOUNT.to_owned(), asked.id.clone(), change)
    }

    fn approve(&self, asked: &RequestAnswer, shown: &ChangeRequest, by: &str) -> Result<(), CpniError> {
        self.transactions.approve(ACCOUNT.to_owned(), asked.id.clone(), shown, by.to_owned())
    }

    /// Where queued notices go, as the worker takes them.
    fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        for leased in self.carrier.guard.lease_notices(99).unwrap() {
            let facts = leased.notice.unwrap().facts().unwrap();
            let transaction = facts.transaction.expect("of a transaction");
            told.push(facts.address.unwrap_or_else(|| format!("{:?}", transaction.channel)));
            assert!(self.carrier.guard.notice_done(&leased.id).unwrap());
        }
        told.sort_unstable();
        told
    }

    /// The events of the transaction room, with their causes.
    fn events(&self) -> Vec<(EventKind, u16)> {
        let audit = Arc::clone(&self.carrier.guard).audit().unwrap();
        let events = audit.events(0, 1_000).unwrap().events;
        let of_the_room = events.into_iter().filter(|event| event.kind >= EventKind::TransactionRequested);
        of_the_room.map(|event| (event.kind, event.cause)).collect()
    }
}

fn new_sim() -> Arc<ChangeRequest> {
    ChangeRequest::sim_change(LINE, SIM).unwrap()
}

fn target(channel: ContactChannel, id: &str) -> NoticeTarget {
    NoticeTarget { channel, id: Some(id.to_owned()) }
}

#[test]
fn the_customer_changes_the_sim_in_one_contact() {
    let desk = Desk::new();
    let (change, call) = (new_sim(), desk.call());
    assert_eq!(change.action(), Ok(Action::SimChange));
    let asked = call.request(&change).unwrap();
    assert_eq!((asked.next, asked.at_micros, asked.action), (NextStep::Execute, NOON, Action::SimChange));
    assert!(asked.for_customer.starts_with("We change the SIM now.") && asked.id.len() == 32);
    assert!(asked.answer.obligations.contains(&Obligation::NotifyBefore));
    let why = asked.why.explain(0).unwrap();
    assert!(
        why.reasons.iter().any(|reason| reason.rule == "guard-sim-change-notice" && !reason.cite.is_empty())
    );
    let number = NoticeTarget { channel: ContactChannel::NumberOfRecord, id: None };
    assert_eq!(asked.notified, [number, target(ContactChannel::Address, "post-1")]);
    assert_eq!((asked.risk.len(), asked.risk_rules.len(), asked.beyond_simple_port.len()), (0, 0, 0));
    let leased = desk.carrier.guard.lease_notices(1).unwrap().remove(0);
    let notice = leased.notice.as_ref().unwrap().facts().unwrap().transaction.unwrap();
    assert_eq!((notice.about, notice.id.as_ref()), (NoticeAbout::Transaction, Some(&asked.id)));

    let permit = call.permit(asked.id.clone(), &change).unwrap();
    assert_eq!((permit.id(), permit.ends_micros()), (Ok(asked.id.clone()), Ok(NOON + TEN_MINUTES)));
    let order = call.execute(&permit, &change).unwrap();
    assert_eq!((order.id(), desk.state(&asked)), (Ok(asked.id.clone()), TransactionState::Executing));
    // A permit is good for one call, and so is its number.
    assert_eq!(code(call.execute(&permit, &change)), 9308);
    assert_eq!((code(permit.id()), code(permit.ends_micros())), (9308, 9308));
    assert_eq!(code(call.permit(asked.id.clone(), &change)), 5204);
    desk.transactions.confirm(&order).unwrap();
    assert_eq!(code(desk.transactions.confirm(&order)), 5204);
    assert_eq!(desk.state(&asked), TransactionState::Confirmed);
    let kinds = [
        (EventKind::TransactionRequested, 0),
        (EventKind::TransactionDecided, 0),
        (EventKind::TransactionPermitted, 0),
        (EventKind::TransactionExecuting, 0),
        (EventKind::TransactionPermitted, 5204),
        (EventKind::TransactionConfirmed, 0),
        (EventKind::TransactionConfirmed, 5204),
    ];
    assert_eq!(desk.events(), kinds);
}

#[test]
fn of_two_threads_with_one_permit_one_executes() {
    let desk = Desk::new();
    let (change, call) = (new_sim(), desk.call());
    let asked = call.request(&change).unwrap();
    let permit = call.permit(asked.id.clone(), &change).unwrap();
    let start = Barrier::new(2);
    let done: Vec<_> = thread::scope(|scope| {
        let executors: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    call.execute(&permit, &change).map(drop)
                })
            })
            .collect();
        executors.into_iter().map(|executor| executor.join().unwrap()).collect()
    });
    assert_eq!(done.iter().filter(|one| one.is_ok()).count(), 1);
    assert!(done.contains(&Err(CpniError::Failed { code: 9308 })));
    let executing =
        |(kind, cause): &&(EventKind, u16)| *kind == EventKind::TransactionExecuting && *cause == 0;
    assert_eq!(desk.events().iter().filter(executing).count(), 1);
}

#[test]
fn a_permit_that_is_refused_is_used_up() {
    let desk = Desk::new();
    let (change, call) = (new_sim(), desk.call());
    let swapped = ChangeRequest::sim_change(LINE, OTHER_SIM).unwrap();
    let asked = call.request(&change).unwrap();
    assert_eq!(code(call.permit(asked.id.clone(), &swapped)), 5205);
    assert_eq!(code(call.permit("not an id".to_owned(), &change)), 5203);
    assert_eq!(code(call.permit("0".repeat(32), &change)), 5203);
    assert_eq!(code(desk.call().request(&change)), 5202);
    let permit = call.permit(asked.id.clone(), &change).unwrap();
    assert_eq!(code(call.execute(&permit, &swapped)), 5205);
    assert_eq!(code(call.execute(&permit, &change)), 9308);
    // Nothing is lost: after its end there is another, which ends as well.
    desk.carrier.clock.advance(TEN_MINUTES).unwrap();
    let permit = call.permit(asked.id.clone(), &change).unwrap();
    desk.carrier.clock.advance(TEN_MINUTES).unwrap();
    assert_eq!(code(call.execute(&permit, &change)), 5211);
    // What changed in between refuses.
    let permit = call.permit(asked.id.clone(), &change).unwrap();
    desk.sim_changed(NOON);
    assert_eq!(code(call.execute(&permit, &change)), 5206);
    // Neither another interaction nor the worker carries out what waited for nothing.
    desk.carrier.clock.advance(TEN_MINUTES).unwrap();
    assert_eq!(code(desk.permit(&asked, &change)), 5223);
    assert_eq!(code(desk.call().permit(asked.id.clone(), &change)), 5223);
    call.cancel(asked.id.clone()).unwrap();
    assert_eq!(desk.state(&asked), TransactionState::Cancelled);
    assert_eq!(code(call.cancel(asked.id.clone())), 5204);
}

#[test]
fn a_pretexter_is_refused_with_the_rule_that_refuses() {
    let desk = Desk::new();
    let call = desk.ring(Vec::new());
    call.note_stated(Stated::SsnLast4).unwrap();
    call.note_stated(Stated::DateOfBirth).unwrap();
    let asked = call.request(&new_sim()).unwrap();
    assert_eq!(asked.next, NextStep::Refused { code: 5218 });
    assert_eq!(asked.for_customer, "We cannot change the SIM here.");
    assert_eq!(desk.told(), [""; 0], "nobody is told of what is not done");
    let why = asked.why.explain(0).unwrap();
    let reason = &why.reasons[0];
    assert_eq!(reason.rule, "guard-sim-change-authentication");
    assert_eq!(
        (reason.pack.as_str(), reason.cite.as_str()),
        ("transaction-guards", "47 CFR 64.2010(a); library default")
    );
    assert!(!why.remedies.is_empty());
    assert_eq!(desk.state(&asked), TransactionState::Refused);
    assert_eq!(code(call.set_lock(LockKind::Sim)), 5217);

    let unlock = ChangeRequest::unlock_handset(IMEI).unwrap();
    let asked = call.request(&unlock).unwrap();
    assert_eq!(asked.next, NextStep::Refused { code: 5218 });
    assert!(asked.why.explain(0).unwrap().reasons.iter().any(|reason| reason.rule == "guard-unlock"));
    let proved = desk.call();
    desk.systems.0.lock().unwrap().1 = None;
    assert_eq!(proved.request(&unlock).unwrap().next, NextStep::Refused { code: 5215 });
    desk.systems.0.lock().unwrap().1 = Some(true);
    assert_eq!(proved.request(&unlock).unwrap().next, NextStep::Execute);
}

#[test]
fn a_wait_is_executed_by_the_worker_and_not_a_moment_early() {
    let desk = Desk::new();
    desk.points(&[("mail-1", ContactChannel::Email, 400), ("app-1", ContactChannel::App, 2)]);
    let change = new_sim();
    let asked = desk.call().request(&change).unwrap();
    assert_eq!(asked.next, NextStep::Wait { until_micros: NOON + DAY });
    assert_eq!(
        (asked.risk_rules.as_slice(), asked.risk.as_slice()),
        (&["risk-sim-after-contact-change".to_owned()][..], &[RiskFact::ContactChangedRecently][..])
    );
    assert!(asked.for_customer.contains("waits until 2026-11-24T15:04:00Z"), "{}", asked.for_customer);
    let all = desk.transactions.of_account(ACCOUNT.to_owned()).unwrap();
    assert_eq!(
        (all.len(), all[0].state, all[0].not_before_micros),
        (1, TransactionState::Waiting, NOON + DAY)
    );
    assert_eq!((all[0].agent.as_str(), all[0].needs_approval), ("dana", false));
    desk.carrier.clock.advance(DAY - 1).unwrap();
    assert_eq!(code(desk.permit(&asked, &change)), 5209);
    desk.carrier.clock.advance(1).unwrap();
    let permit = desk.permit(&asked, &change).unwrap();
    let order = desk.transactions.execute(&permit, &change).unwrap();
    assert_eq!(code(desk.transactions.execute(&permit, &change)), 9308);
    desk.transactions.not_done(&order).unwrap();
    assert_eq!(desk.state(&asked), TransactionState::Cancelled);
}

#[test]
fn a_second_person_is_another_one_who_sees_what_is_approved() {
    let desk = Desk::new();
    desk.points(&[("mail-1", ContactChannel::Email, 400)]);
    desk.sim_changed(NOON - DAY);
    let (change, call) = (new_sim(), desk.call());
    let asked = call.request(&change).unwrap();
    assert_eq!(asked.next, NextStep::SecondPerson { until_micros: NOON });
    assert_eq!(asked.risk_rules, ["risk-sim-after-sim-change"]);
    assert_eq!(code(call.permit(asked.id.clone(), &change)), 5213);
    // The same person with a second session and the right to approve; an agent without; nobody.
    desk.carrier.agents.sign_in("dana-again".to_owned(), &profile("dana", Role::CareAgent, true)).unwrap();
    desk.carrier.agents.sign_in("lee".to_owned(), &profile("lee", Role::CareAgent, false)).unwrap();
    for by in ["dana-again", "dana", "lee", "nobody"] {
        assert_eq!(code(desk.approve(&asked, &change, by)), 5015, "{by}");
    }
    let other = ChangeRequest::sim_change(LINE, OTHER_SIM).unwrap();
    assert_eq!(code(desk.approve(&asked, &other, "sue")), 5205);
    assert_eq!(code(call.permit(asked.id.clone(), &change)), 5213, "none of them approved");
    desk.approve(&asked, &change, "sue").unwrap();
    let status = desk.transactions.status(ACCOUNT.to_owned(), asked.id.clone()).unwrap();
    assert_eq!((status.needs_approval, status.approver.as_deref()), (false, Some("sue")));
    let permit = call.permit(asked.id.clone(), &change).unwrap();
    assert!(call.execute(&permit, &change).is_ok());
}

#[test]
fn who_was_told_objects_and_nobody_else() {
    let desk = Desk::new();
    desk.points(&[("mail-1", ContactChannel::Email, 400), ("app-1", ContactChannel::App, 2)]);
    let change = new_sim();
    let asked = desk.call().request(&change).unwrap();
    assert_eq!(desk.told(), ["NumberOfRecord", "mail-1"]);
    let object = |from| desk.transactions.take_objection(ACCOUNT.to_owned(), asked.id.clone(), from);
    assert_eq!(code(object(target(ContactChannel::App, "app-1"))), 5225);
    assert_eq!(object(target(ContactChannel::Email, "mail-1")), Ok(Objection::Stopped));
    desk.carrier.clock.advance(DAY).unwrap();
    assert_eq!(code(desk.permit(&asked, &change)), 5204);
    assert_eq!(code(desk.approve(&asked, &change, "sue")), 5204);

    // A port-out is not held, and the log says so; where the carrier holds them, what is at risk is said.
    let port = ChangeRequest::port_out(LINE, b"9999").unwrap();
    for holds in [false, true] {
        let rules = TransactionRules::library_default().unwrap();
        assert_eq!(rules.port_warning(), Ok(None));
        let rules = if holds { rules.objections_hold_ports().unwrap() } else { rules };
        let says = rules.port_warning().unwrap();
        assert_eq!(says.is_some_and(|says| says.contains("47 CFR 52.35")), holds);
        let desk = Desk::built(|builder| builder.transaction_rules(&rules));
        let call = desk.call();
        let asked = call.request(&port).unwrap();
        let number = NoticeTarget { channel: ContactChannel::NumberOfRecord, id: None };
        let expected = if holds { Objection::Stopped } else { Objection::Noted };
        assert_eq!(
            desk.transactions.take_objection(ACCOUNT.to_owned(), asked.id.clone(), number),
            Ok(expected)
        );
        assert_eq!(call.permit(asked.id, &port).is_ok(), !holds);
    }
}

#[test]
fn a_lock_is_the_customers_and_goes_late_and_told() {
    let desk = Desk::new();
    let lock = || desk.transactions.lock(ACCOUNT.to_owned(), LockKind::Sim);
    assert_eq!(lock(), Ok(LockState::Off));
    let (change, call) = (new_sim(), desk.call());
    let asked = call.request(&change).unwrap();
    let permit = call.permit(asked.id.clone(), &change).unwrap();
    call.set_lock(LockKind::Sim).unwrap();
    assert_eq!(lock(), Ok(LockState::On));
    assert_eq!(code(call.execute(&permit, &change)), 5218, "a lock that is set in between refuses");
    call.cancel(asked.id).unwrap();
    desk.told();
    let locked = call.request(&change).unwrap();
    assert_eq!(locked.next, NextStep::Refused { code: 5207 });
    assert_eq!(
        locked.for_customer,
        "We cannot change the SIM while your lock is on. You can remove it yourself."
    );
    assert_eq!(code(desk.ring(Vec::new()).remove_lock(LockKind::Sim)), 5217);
    assert_eq!(code(call.remove_lock(LockKind::Port)), 5204);
    let removal = call.remove_lock(LockKind::Sim).unwrap();
    assert_eq!(removal.until_micros, NOON + DAY);
    assert!(removal.for_customer.contains("set it again"));
    assert_eq!(lock(), Ok(LockState::OnUntil { micros: NOON + DAY }));
    let leased = desk.carrier.guard.lease_notices(9).unwrap();
    let notice = leased[0].notice.as_ref().unwrap().facts().unwrap().transaction.unwrap();
    assert_eq!(
        (notice.about, notice.id, notice.not_before_micros),
        (NoticeAbout::LockRemoval, None, NOON + DAY)
    );
    assert_eq!(call.request(&change).unwrap().next, NextStep::Refused { code: 5207 }, "until then it holds");
    // Who was told keeps it; then it is asked for again, and waited for.
    desk.transactions.keep_lock(ACCOUNT.to_owned(), LockKind::Sim).unwrap();
    assert_eq!(lock(), Ok(LockState::On));
    desk.call().remove_lock(LockKind::Sim).unwrap();
    desk.carrier.clock.advance(DAY).unwrap();
    assert_eq!(code(desk.transactions.keep_lock(ACCOUNT.to_owned(), LockKind::Sim)), 5204);
    let asked = desk.call().request(&change).unwrap();
    assert!(!matches!(asked.next, NextStep::Refused { .. }), "{:?}", asked.next);

    let rules = TransactionRules::library_default().unwrap().lock_removal_delay(60).unwrap();
    let desk = Desk::built(|builder| builder.transaction_rules(&rules));
    let call = desk.call();
    call.set_lock(LockKind::Port).unwrap();
    assert_eq!(call.remove_lock(LockKind::Port).unwrap().until_micros, NOON + 60_000_000);
}

#[test]
fn a_port_goes_by_the_customers_passcode_and_its_attempts_count_on_every_channel() {
    let desk = Desk::new();
    desk.carrier.guard.import_secret(ImportedSecret::PortPasscode, ACCOUNT.to_owned(), PASSCODE).unwrap();
    desk.carrier.agents.sign_in("porter".to_owned(), &profile("porter", Role::PortSystem, false)).unwrap();
    let port = ChangeRequest::port_out(LINE, b"9999").unwrap();
    let request = |id: &str| {
        desk.carrier.contacts.put(id.to_owned(), &contact(Channel::PortInterface, "porter", vec![])).unwrap();
        let (agent, channel) = ("porter".to_owned(), Some(Channel::PortInterface));
        let opened = desk.carrier.guard.open_interaction(
            agent,
            ACCOUNT.to_owned(),
            Purpose::Support,
            Some(id.to_owned()),
            channel,
        );
        opened.unwrap()
    };
    let asked = request("port-1").request(&port).unwrap();
    assert_eq!(asked.next, NextStep::Refused { code: 5218 });
    let why = asked.why.explain(0).unwrap();
    assert!(
        why.reasons
            .iter()
            .any(|reason| reason.rule == "guard-port-passcode" && reason.cite.starts_with("47 CFR 52.36(c)"))
    );
    assert_eq!(asked.beyond_simple_port, [""; 0], "the library's own rules stay within 52.36");
    let call = request("port-2");
    call.present(SecretKind::PortPasscode, PASSCODE).unwrap();
    assert_eq!(call.request(&port).unwrap().next, NextStep::Execute);

    // Guesses on the telephone and on the porting interface are guesses of one account.
    let guess = |call: &Interaction| call.present(SecretKind::PortPasscode, b"000000").map(drop);
    let mut tried = Vec::new();
    for at in 0..4 {
        tried.push(guess(&request(&format!("guess-{at}"))));
        tried.push(guess(&desk.ring(Vec::new())));
    }
    assert_eq!(tried.iter().filter(|one| one.is_ok()).count(), 5, "{tried:?}");
    assert!(tried[5..].iter().all(|one| *one == Err(CpniError::Failed { code: 5006 })), "{tried:?}");
    assert_eq!(port_fields().unwrap().len(), 14);
    assert!(port_fields().unwrap().contains(&"zip_code".to_owned()));
}

#[test]
fn a_carriers_rules_are_its_own() {
    let rule = |kinds, effect| RiskRule {
        id: "our-wait".to_owned(),
        title: "A SIM change of an account waits an hour".to_owned(),
        kinds,
        facts: Vec::new(),
        effect,
    };
    let rules = TransactionRules::library_default().unwrap();
    let built_in = rules.rules().unwrap();
    assert!(built_in.iter().any(|rule| rule.effect == RiskEffect::Wait { secs: 86_400 }));
    assert_eq!(code(rules.with(rule(vec![TransactionKind::PortOut], RiskEffect::Refuse))), 5227);
    assert_eq!(code(rules.with(RiskRule { id: "no id".to_owned(), ..built_in[0].clone() })), 1003);
    let own = rules.with(rule(vec![TransactionKind::SimChange], RiskEffect::Wait { secs: 3_600 })).unwrap();
    assert_eq!(own.rules().unwrap().len(), built_in.len() + 1);
    assert_eq!(rules.rules().unwrap(), built_in, "and the others are as they were");
    assert_eq!(own.without("our-wait".to_owned()).unwrap().rules().unwrap(), built_in);
    let desk = Desk::built(|builder| builder.transaction_rules(&own));
    let asked = desk.call().request(&new_sim()).unwrap();
    assert_eq!(asked.next, NextStep::Wait { until_micros: NOON + 3_600_000_000 });
    // A host whose systems do not answer has everything unknown.
    struct Silent;
    impl RiskSource for Silent {
        fn risk(&self, _: String, _: Action) -> Result<Arc<HostRisk>, HostFailure> {
            Err(HostFailure::Unavailable)
        }
    }
    let desk = Desk::built(|builder| builder.risks(Arc::new(Silent)));
    let asked = desk.call().request(&new_sim()).unwrap();
    assert_eq!(asked.next, NextStep::SecondPerson { until_micros: NOON });
    assert_eq!(asked.risk, [RiskFact::NewDevice, RiskFact::YoungAccount]);
}

#[test]
fn fraud_freezes_names_what_changed_and_counts() {
    let desk = Desk::new();
    desk.points(&[("mail-1", ContactChannel::Email, 400), ("app-1", ContactChannel::App, 90)]);
    let change = new_sim();
    let call = desk.call();
    let asked = call.request(&change).unwrap();
    let permit = call.permit(asked.id.clone(), &change).unwrap();
    desk.transactions.confirm(&call.execute(&permit, &change).unwrap()).unwrap();
    let email =
        ChangeRequest::contact(ContactChange::Email, "mail-9".to_owned(), b"mallory@example.com").unwrap();
    let waits = call.request(&email).unwrap();
    assert!(matches!(waits.next, NextStep::Wait { .. }));
    let (account, case) = (ACCOUNT.to_owned(), "fraud-7".to_owned());
    let report =
        |by: &str| desk.transactions.report_fraud(account.clone(), case.clone(), NOON - DAY, by.to_owned());
    assert_eq!(code(report("nobody")), 5001);
    let report = report("sue").unwrap();
    assert_eq!(
        (report.frozen_since_micros, report.stopped, report.in_doubt.len()),
        (NOON, vec![waits.id], 0)
    );
    let sim = &report.changes[0];
    assert_eq!((sim.kind, sim.action), (EventKind::TransactionConfirmed, Some(Action::SimChange)));
    assert_eq!((sim.transaction.as_ref(), sim.by.as_deref()), (Some(&asked.id), Some("dana")));
    assert!(sim.evidence.iter().any(|shown| shown.kind == EvidenceKind::AppFactor));
    assert!(report.changes.iter().any(|change| change.kind == EventKind::ContactPointsChanged));
    assert_eq!(code(call.request(&email)), 5208);
    let reverse = || desk.transactions.reverse(account.clone(), asked.id.clone(), "sue".to_owned());
    reverse().unwrap();
    assert_eq!(code(reverse()), 5204);
    desk.carrier.clock.advance(3_600_000_000).unwrap();
    desk.transactions.remedied(account.clone(), case.clone(), "sue".to_owned()).unwrap();
    assert_eq!(code(desk.transactions.remedied(account.clone(), case, "sue".to_owned())), 5228);

    let found = desk.transactions.sim_statistics(NOON - DAY, NOON + DAY).unwrap();
    assert_eq!((found.requests, found.successful, found.failed, found.fraudulent), (1, 1, 0, 1));
    assert_eq!((found.complaints, found.remedied, found.average_remedy_micros), (1, 1, Some(3_600_000_000)));
    let by: Vec<_> = found.authentication.iter().map(|one| (one.kind, one.count, one.first_micros)).collect();
    assert_eq!(by, [(EvidenceKind::Password, 1, NOON), (EvidenceKind::AppFactor, 1, NOON)]);
    assert_eq!(found.log_begins_micros, NOON);
}

#[cfg(feature = "sqlite")]
#[test]
fn after_a_restart_a_transaction_goes_on_and_a_permit_does_not() {
    let (folder, vault) = (Folder::new("transactions"), Arc::new(Host::default()));
    let start = |now: u64| {
        let desk = Desk::built(|builder| {
            builder.keys(&*KeyHolder::host(vault.clone(), true)?)?;
            builder.store_folder(folder.path())
        });
        desk.carrier.clock.advance(now - NOON).unwrap();
        desk
    };
    let change = new_sim();
    let desk = start(NOON);
    desk.points(&[("mail-1", ContactChannel::Email, 400), ("app-1", ContactChannel::App, 2)]);
    let asked = desk.call().request(&change).unwrap();
    let stop = |desk: Desk| {
        desk.carrier.guard.shut_down().unwrap();
        assert_eq!(code(desk.transactions.of_account(ACCOUNT.to_owned())), 9301);
    };
    stop(desk);

    let desk = start(NOON + DAY);
    assert_eq!(desk.state(&asked), TransactionState::Waiting);
    let _lost = desk.permit(&asked, &change).unwrap();
    stop(desk);

    // The permit died with its process: until its end nobody gets another.
    let desk = start(NOON + DAY + 1);
    assert_eq!(desk.state(&asked), TransactionState::Permitted);
    assert_eq!(code(desk.permit(&asked, &change)), 5204);
    desk.carrier.clock.advance(TEN_MINUTES).unwrap();
    let permit = desk.permit(&asked, &change).unwrap();
    let _order = desk.transactions.execute(&permit, &change).unwrap();
    stop(desk);

    // What died in the host's hands stays there until somebody has looked.
    let desk = start(NOON + DAY + 2 * TEN_MINUTES);
    assert_eq!(desk.state(&asked), TransactionState::Executing);
    assert_eq!(code(desk.permit(&asked, &change)), 5204);
    assert_eq!(code(desk.call().request(&change)), 5202);
    let settle =
        |by: &str| desk.transactions.settle(ACCOUNT.to_owned(), asked.id.clone(), true, by.to_owned());
    assert_eq!(code(settle("nobody")), 5001);
    settle("sue").unwrap();
    assert_eq!(desk.state(&asked), TransactionState::Confirmed);
    assert_eq!(code(settle("sue")), 5204);
    stop(desk);
}

#[test]
fn a_change_prints_nothing_and_takes_only_text() {
    let made = [
        ChangeRequest::sim_change(LINE, SIM),
        ChangeRequest::port_out(LINE, b"9999"),
        ChangeRequest::unlock_handset(IMEI),
        ChangeRequest::account(AccountChange::ResetPassword),
        ChangeRequest::contact(ContactChange::Number, "number-2".to_owned(), LINE),
    ];
    let actions = [
        Action::SimChange,
        Action::PortOut,
        Action::UnlockHandset,
        Action::ResetPassword,
        Action::ChangeNumberOfRecord,
    ];
    for (change, action) in made.into_iter().zip(actions) {
        let change = change.unwrap();
        assert_eq!((format!("{change:?}"), change.action()), ("ChangeRequest(..)".to_owned(), Ok(action)));
    }
    assert_eq!(code(ChangeRequest::sim_change(LINE, b"\xff")), 9303);
    assert_eq!(
        code(ChangeRequest::contact(ContactChange::Email, "no id".to_owned(), b"a@example.com")),
        1003
    );
}
