//! Transactions from the request to the confirmation, and who is stopped on the way.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cpni_guard::error::{HostError, InteractionError, TransactionError};
use cpni_guard::guard::Objection;
use cpni_guard::interaction::{
    AccountFactSource, AccountFacts, AddressOnFile, Attested, ContactChannel, ContactState, NoticeTarget,
    SimChange,
};
use cpni_guard::transaction::{
    AccountChange, ContactChange, ContactPoint, HostRisk, LOCK_REMOVAL_DELAY, LockKind, LockState, NextStep,
    PERMIT_LIFE, RISK_WAIT, RiskEffect, RiskFact, RiskRule, RiskSource, TRANSACTION_LIFE,
    TRANSACTIONS_ACCOUNT, TransactionId, TransactionKind, TransactionState, UNLOCKS_AGENT,
};
use cpni_guard::vocabulary::{
    Action, AgentId, Channel, ContactId, ContactPointId, EventKind, EvidenceKind, Role, RuleId, Timestamp,
};
use cpni_guard::{
    AccountId, AgentSession, ChangeRequest, Contact, Error, Evidence, Interaction, MemoryKeys, Sensitive,
    Stores, TransactionRules,
};

use crate::fixture::{Carrier, NOON, account, profile};

const DAY: u64 = 86_400;
const LINE: &str = "8155550100";
const SIM: &str = "8900000000000000003";

const GRANTS: &str = r#"
id    = "transactions"
title = "Transactions"

[[rule]]
id     = "care-changes"
title  = "Care agents change what customers ask for"
effect = "permit"
when   = { role = ["care_agent"], purpose = ["support"], op = ["act"], action = ["port_out", "unlock_handset", "create_password", "reset_password", "create_online_account", "change_backup_answer", "change_number_of_record"] }

[[rule]]
id     = "ports"
title  = "The porting interface ports"
effect = "permit"
when   = { role = ["port_system"], op = ["act"], action = ["port_out"] }
"#;

/// What the host's systems say, until the test says otherwise.
pub(crate) struct Said(pub(crate) Mutex<(AccountFacts, HostRisk)>);

impl AccountFactSource for Said {
    fn account_facts(&self, _: &AccountId) -> Result<AccountFacts, HostError> {
        Ok(self.0.lock().unwrap().0.clone())
    }
}

impl RiskSource for Said {
    fn risk(&self, _: &AccountId, _: &ChangeRequest) -> Result<HostRisk, HostError> {
        Ok(self.0.lock().unwrap().1.clone())
    }
}

pub(crate) fn ago(days: u64) -> Timestamp {
    Timestamp::from_secs(NOON.as_secs() - days * DAY)
}

/// An ordinary account: nothing changed lately, no lock.
pub(crate) fn ordinary() -> (AccountFacts, HostRisk) {
    let id = ContactPointId::new("post-1").unwrap();
    let facts = AccountFacts {
        address: Some(AddressOnFile { id, since: ago(212) }),
        sim_change: Some(SimChange::Never),
        survivor: Some(false),
        sim_lock: Some(false),
        port_lock: Some(false),
        simple_port: Some(true),
        ..AccountFacts::default()
    };
    let risk = HostRisk {
        new_device: Some(false),
        device: None,
        account_opened: Some(ago(900)),
        unlock_eligible: Some(true),
    };
    (facts, risk)
}

pub(crate) struct Desk {
    pub(crate) carrier: Carrier,
    pub(crate) said: Arc<Said>,
    pub(crate) own: AccountId,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(TransactionRules::default())
    }

    pub(crate) fn with(rules: TransactionRules) -> Self {
        Self::over(MemoryKeys::new().unwrap(), Stores::in_memory(), rules)
    }

    pub(crate) fn over(
        keys: impl cpni_guard::KeyProvider + 'static,
        stores: impl Into<Stores>,
        rules: TransactionRules,
    ) -> Self {
        let said = Arc::new(Said(Mutex::new(ordinary())));
        let source = Arc::clone(&said);
        let carrier = Carrier::queueing(keys, stores, |builder| {
            builder
                .account_facts(Arc::clone(&source) as _)
                .risks(source)
                .grants(GRANTS)
                .transaction_rules(rules)
        })
        .unwrap();
        let mut second = profile("sue", Role::CareAgent);
        second.may_approve = true;
        carrier.directory.sign_in("sue", second);
        let own = account("A-1");
        carrier.customer(&own);
        Self { carrier, said, own }
    }

    pub(crate) fn say(&self, change: impl FnOnce(&mut AccountFacts, &mut HostRisk)) {
        let mut said = self.said.0.lock().unwrap();
        let (facts, risk) = &mut *said;
        change(facts, risk);
    }

    /// A call in which the customer is proved by password and app.
    pub(crate) fn call(&self) -> Interaction {
        self.carrier.attested("dana", &self.own, Attested::AppFactor)
    }

    pub(crate) fn points(&self, points: &[(&str, ContactChannel, u64)]) {
        let points: Vec<_> = points
            .iter()
            .map(|(id, channel, days)| ContactPoint {
                id: ContactPointId::new(*id).unwrap(),
                channel: *channel,
                since: ago(*days),
                from_the_beginning: false,
            })
            .collect();
        self.carrier.guard.transactions().set_contact_points(&self.own, &points).unwrap();
    }

    fn state(&self, id: &TransactionId) -> TransactionState {
        self.carrier.guard.transactions().status(&self.own, id).unwrap().state
    }

    /// Where queued notices go, as the worker takes them.
    fn told(&self) -> Vec<String> {
        let mut told: Vec<_> = self.carrier.guard.notices().pending(99).unwrap();
        let mut places: Vec<_> = told
            .drain(..)
            .map(|queued| {
                let queued = queued.unwrap();
                self.carrier.guard.notices().done(&queued.id).unwrap();
                let notice = queued.notice;
                let transaction = notice.transaction.unwrap();
                notice
                    .address
                    .map_or_else(|| transaction.channel.to_string(), |address| address.id.to_string())
            })
            .collect();
        places.sort_unstable();
        places
    }

    /// The events of the transaction room, with their causes.
    fn events(&self) -> Vec<(EventKind, u16)> {
        let log = self.carrier.guard.audit();
        let events = log.entries(0..u64::MAX).map(|entry| entry.unwrap().1.facts);
        events
            .filter(|facts| facts.kind >= EventKind::TransactionRequested)
            .map(|facts| (facts.kind, facts.cause))
            .collect()
    }
}

pub(crate) fn new_sim() -> ChangeRequest {
    ChangeRequest::sim_change(LINE, SIM)
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> TransactionError {
    match result {
        Err(Error::Transaction(cause)) => cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_customer_changes_the_sim_in_one_contact() {
    let desk = Desk::new();
    let transactions = desk.carrier.guard.transactions();
    let mut call = desk.call();
    let change = new_sim();
    let asked = call.request(&change).unwrap();
    assert_eq!(asked.next, NextStep::Execute, "{asked:?}");
    assert!(asked.for_customer().contains("If you did not ask for this"));
    assert_eq!(asked.notified.len(), 2);
    assert_eq!(desk.told(), ["number_of_record", "post-1"]);
    let permit = call.permit(&asked.id, &change).unwrap();
    assert_eq!(permit.ends(), NOON.plus(PERMIT_LIFE));
    let execution = call.execute(permit, &change).unwrap();
    assert_eq!(desk.state(&asked.id), TransactionState::Executing);
    transactions.confirm(&execution).unwrap();
    assert_eq!(desk.state(&asked.id), TransactionState::Confirmed);
    assert_eq!(refused(transactions.confirm(&execution)), TransactionError::WrongState);
    let kinds = [
        EventKind::TransactionRequested,
        EventKind::TransactionDecided,
        EventKind::TransactionPermitted,
        EventKind::TransactionExecuting,
        EventKind::TransactionConfirmed,
        EventKind::TransactionConfirmed,
    ];
    let causes = [0, 0, 0, 0, 0, 5204];
    assert_eq!(desk.events(), kinds.into_iter().zip(causes).collect::<Vec<_>>());
    desk.carrier.guard.audit().verify().unwrap();
}

#[test]
fn of_all_who_ask_at_once_one_gets_a_permit() {
    let desk = Desk::new();
    let change = new_sim();
    let mut call = desk.call();
    let mut other = desk.call();
    let asked = call.request(&change).unwrap();
    assert_eq!(refused(other.request(&change)), TransactionError::AlreadyUnderWay);
    let permit = call.permit(&asked.id, &change).unwrap();
    assert_eq!(refused(call.permit(&asked.id, &change)), TransactionError::WrongState);
    // After its end another is made, and the first is good for nothing.
    desk.carrier.clock.advance(PERMIT_LIFE);
    let second = call.permit(&asked.id, &change).unwrap();
    assert_eq!(refused(call.execute(permit, &change)), TransactionError::PermitUsed);
    let _execution = call.execute(second, &change).unwrap();
    assert_eq!(refused(call.permit(&asked.id, &change)), TransactionError::WrongState);
    assert_eq!(
        refused(other.request(&change)),
        TransactionError::AlreadyUnderWay,
        "it is in the host's hands"
    );
}

#[test]
fn a_permit_ends() {
    let desk = Desk::new();
    let (change, mut call) = (new_sim(), desk.call());
    let asked = call.request(&change).unwrap();
    let permit = call.permit(&asked.id, &change).unwrap();
    desk.carrier.clock.advance(PERMIT_LIFE - Duration::from_micros(1));
    call.permit(&asked.id, &change).unwrap_err();
    desk.carrier.clock.advance(Duration::from_micros(1));
    assert_eq!(refused(call.execute(permit, &change)), TransactionError::PermitExpired);
}

#[test]
fn another_target_is_another_change() {
    let desk = Desk::new();
    let mut call = desk.call();
    let asked = call.request(&new_sim()).unwrap();
    let swapped = ChangeRequest::sim_change(LINE, "8900000000000000011");
    assert_eq!(refused(call.permit(&asked.id, &swapped)), TransactionError::AnotherTarget);
    let other_line = ChangeRequest::sim_change("8155550101", SIM);
    assert_eq!(refused(call.permit(&asked.id, &other_line)), TransactionError::AnotherTarget);
    let permit = call.permit(&asked.id, &new_sim()).unwrap();
    assert_eq!(refused(call.execute(permit, &swapped)), TransactionError::AnotherTarget);
}

#[test]
fn what_changes_in_between_refuses() {
    type Change = fn(&mut AccountFacts, &mut HostRisk);
    let changes: [(&str, Change, TransactionError); 3] = [
        ("SIM", |facts, _| facts.sim_change = Some(SimChange::At(NOON)), TransactionError::FactsChanged),
        ("address", |facts, _| facts.address = None, TransactionError::FactsChanged),
        ("the host's lock", |facts, _| facts.sim_lock = Some(true), TransactionError::RefusedByPolicy),
    ];
    for (what, change, expected) in changes {
        let desk = Desk::new();
        let mut call = desk.call();
        let asked = call.request(&new_sim()).unwrap();
        let permit = call.permit(&asked.id, &new_sim()).unwrap();
        desk.say(change);
        assert_eq!(refused(call.execute(permit, &new_sim())), expected, "{what}");
        assert_eq!(desk.state(&asked.id), TransactionState::Permitted, "{what}");
    }
}

#[test]
fn a_lock_that_is_set_in_between_refuses() {
    let desk = Desk::new();
    let mut call = desk.call();
    let asked = call.request(&new_sim()).unwrap();
    let permit = call.permit(&asked.id, &new_sim()).unwrap();
    desk.call().set_lock(LockKind::Sim).unwrap();
    assert_eq!(refused(call.execute(permit, &new_sim())), TransactionError::RefusedByPolicy);
    assert_eq!(desk.events().last(), Some(&(EventKind::TransactionExecuting, 5218)));
}

#[test]
fn a_permit_dies_with_its_interaction() {
    let desk = Desk::new();
    let mut call = desk.call();
    let asked = call.request(&new_sim()).unwrap();
    let permit = call.permit(&asked.id, &new_sim()).unwrap();
    drop(call);
    let mut other = desk.call();
    assert_eq!(refused(other.execute(permit, &new_sim())), TransactionError::AnotherInteraction);
    let worker = desk.carrier.guard.transactions();
    desk.carrier.clock.advance(PERMIT_LIFE);
    assert_eq!(
        refused(worker.permit(&desk.own, &asked.id, &new_sim())),
        TransactionError::AnotherInteraction
    );
}

#[test]
fn a_pretexter_is_refused_and_the_log_says_by_which_rule() {
    let desk = Desk::new();
    let mut call = desk.carrier.authenticated("dana", &desk.own);
    let asked = call.request(&new_sim()).unwrap();
    assert_eq!(asked.next, NextStep::Refused(TransactionError::RefusedByPolicy));
    assert!(!asked.decision.is_allowed() && !asked.decision.remedies().is_empty());
    assert_eq!(desk.state(&asked.id), TransactionState::Refused);
    assert_eq!(desk.told(), [""; 0], "nobody is told of what is not done");
    assert_eq!(refused(call.permit(&asked.id, &new_sim())), TransactionError::RefusedByPolicy);
    let expected = [
        (EventKind::TransactionRequested, 0),
        (EventKind::TransactionDecided, 0),
        (EventKind::TransactionEnded, 5218),
        (EventKind::TransactionPermitted, 5218),
    ];
    assert_eq!(desk.events(), expected);
}

#[test]
fn a_lock_is_the_customers_and_goes_late_and_told() {
    let desk = Desk::new();
    let transactions = desk.carrier.guard.transactions();
    let mut nobody = desk.carrier.call("dana", &desk.own);
    assert_eq!(refused(nobody.set_lock(LockKind::Sim)), TransactionError::NotAuthenticated);
    let mut call = desk.call();
    call.set_lock(LockKind::Sim).unwrap();
    assert_eq!(transactions.lock(&desk.own, LockKind::Sim), Ok(LockState::On));
    let locked = call.request(&new_sim()).unwrap();
    assert_eq!(locked.next, NextStep::Refused(TransactionError::Locked));
    assert!(locked.for_customer().contains("remove it yourself"));
    assert!(!call.decide(Action::SimChange).unwrap().is_allowed(), "a decision alone sees the lock too");
    drop(nobody);

    // A password alone may set one, and not remove it: as it may not change the SIM.
    let mut weak = desk.carrier.authenticated("dana", &desk.own);
    assert_eq!(refused(weak.remove_lock(LockKind::Sim)), TransactionError::NotAuthenticated);
    let removal = call.remove_lock(LockKind::Sim).unwrap();
    assert_eq!(removal.until, NOON.plus(LOCK_REMOVAL_DELAY));
    assert!(removal.for_customer.contains("set it again"));
    assert_eq!(desk.told(), ["number_of_record", "post-1"]);
    // Asking again makes it neither longer nor told again.
    desk.carrier.advance(60);
    assert_eq!(call.remove_lock(LockKind::Sim).unwrap().until, removal.until);
    let asked = desk.call().request(&new_sim()).unwrap();
    assert_eq!(asked.next, NextStep::Refused(TransactionError::Locked), "until then it holds");
    desk.carrier.clock.set(removal.until);
    assert_eq!(desk.call().request(&new_sim()).unwrap().next, NextStep::Execute);
    assert_eq!(refused(desk.call().remove_lock(LockKind::Sim)), TransactionError::WrongState);
}

#[test]
fn a_removal_is_taken_back_by_setting_the_lock_again() {
    let desk = Desk::with(TransactionRules::default().lock_removal_delay(Duration::from_secs(60)));
    let mut call = desk.call();
    call.set_lock(LockKind::Port).unwrap();
    assert_eq!(call.remove_lock(LockKind::Port).unwrap().until, NOON.plus(Duration::from_secs(60)));
    call.set_lock(LockKind::Port).unwrap();
    desk.carrier.advance(60);
    assert_eq!(desk.carrier.guard.transactions().lock(&desk.own, LockKind::Port), Ok(LockState::On));
}

#[test]
fn who_is_told_that_a_lock_goes_keeps_it() {
    let desk = Desk::new();
    let transactions = desk.carrier.guard.transactions();
    let mut call = desk.call();
    call.set_lock(LockKind::Sim).unwrap();
    assert_eq!(refused(transactions.keep_lock(&desk.own, LockKind::Sim)), TransactionError::WrongState);
    let until = call.remove_lock(LockKind::Sim).unwrap().until;
    transactions.keep_lock(&desk.own, LockKind::Sim).unwrap();
    desk.carrier.clock.set(until);
    assert_eq!(transactions.lock(&desk.own, LockKind::Sim), Ok(LockState::On));
    desk.call().remove_lock(LockKind::Sim).unwrap();
    desk.carrier.clock.advance(LOCK_REMOVAL_DELAY);
    assert_eq!(refused(transactions.keep_lock(&desk.own, LockKind::Sim)), TransactionError::WrongState);
}

#[test]
fn a_pretexters_tries_lock_no_customer_out() {
    let desk = Desk::new();
    for _ in 0..TRANSACTIONS_ACCOUNT.max {
        let mut pretexter = desk.carrier.call("lee", &desk.own);
        assert!(!pretexter.request(&new_sim()).unwrap().decision.is_allowed());
    }
    let asked = desk.call().request(&new_sim()).unwrap();
    assert!(asked.risk.contains(RiskFact::AttemptsAccount));
    assert_eq!(asked.next, NextStep::SecondPerson { until: NOON });
}

#[test]
fn a_row_that_cannot_be_read_is_a_lock() {
    let stores = Stores::in_memory();
    let rows = Arc::new(Spoiled::default());
    let desk = Desk::over(
        MemoryKeys::new().unwrap(),
        Stores { transactions: Arc::clone(&rows) as _, ..stores },
        TransactionRules::default(),
    );
    let mut call = desk.call();
    assert!(call.decide(Action::SimChange).unwrap().is_allowed());
    rows.0.lock().unwrap().replace(vec![1; 80]);
    assert!(!call.decide(Action::SimChange).unwrap().is_allowed());
    assert_eq!(refused(call.request(&new_sim())), TransactionError::Unreadable);
    assert_eq!(refused(call.set_lock(LockKind::Sim)), TransactionError::Unreadable);
    assert_eq!(desk.events(), [(EventKind::TransactionRequested, 5201)]);
}

/// A store whose one row the test writes.
#[derive(Debug, Default)]
struct Spoiled(Mutex<Option<Vec<u8>>>);

impl cpni_guard::transaction::TransactionStore for Spoiled {
    fn row(
        &self,
        _: &cpni_guard::transaction::TransactionRef,
    ) -> Result<Option<Vec<u8>>, cpni_guard::error::StoreError> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn swap(
        &self,
        _: &cpni_guard::transaction::TransactionRef,
        _: Option<&[u8]>,
        _: &[u8],
    ) -> Result<bool, cpni_guard::error::StoreError> {
        Err(cpni_guard::error::StoreError::Io)
    }
}

#[test]
fn a_store_that_does_not_answer_refuses() {
    let desk = Desk::over(
        MemoryKeys::new().unwrap(),
        Stores { transactions: Arc::new(Spoiled::default()), ..Stores::in_memory() },
        TransactionRules::default(),
    );
    let mut call = desk.call();
    assert!(matches!(call.request(&new_sim()), Err(Error::Store(_))));
    assert!(matches!(call.set_lock(LockKind::Sim), Err(Error::Store(_))));
    assert_eq!(desk.told(), [""; 0]);
}

#[test]
fn notices_go_where_the_customer_was_before_and_not_where_the_chain_leads() {
    let desk = Desk::new();
    desk.points(&[
        ("mail-1", ContactChannel::Email, 400),
        ("post-1", ContactChannel::Post, 212),
        ("app-1", ContactChannel::App, 90),
    ]);
    // A pretexter who has the password and the app changes the e-mail address first.
    let email = ChangeRequest::contact(
        ContactChange::Email,
        ContactPointId::new("mail-evil").unwrap(),
        "mallory@example.com",
    );
    let mut call = desk.call();
    let asked = call.request(&email).unwrap();
    assert_eq!(asked.next, NextStep::Execute);
    assert_eq!(desk.told(), ["app-1", "mail-1", "number_of_record", "post-1"]);
    let permit = call.permit(&asked.id, &email).unwrap();
    let execution = call.execute(permit, &email).unwrap();
    desk.carrier.guard.transactions().confirm(&execution).unwrap();

    // Then the SIM: it waits, and those who are told are those of before.
    desk.carrier.advance(3_600);
    let asked = desk.call().request(&new_sim()).unwrap();
    assert_eq!(asked.next, NextStep::Wait { until: desk_now(&desk).plus(RISK_WAIT) });
    assert!(asked.risk.contains(RiskFact::ContactChangedRecently));
    assert_eq!(desk.told(), ["app-1", "mail-1", "number_of_record", "post-1"]);
    // The one who has the old address says no.
    let old = NoticeTarget { channel: ContactChannel::Email, id: ContactPointId::new("mail-1").ok() };
    let evil = NoticeTarget { channel: ContactChannel::Email, id: ContactPointId::new("mail-evil").ok() };
    let transactions = desk.carrier.guard.transactions();
    assert_eq!(refused(transactions.object(&desk.own, &asked.id, &evil)), TransactionError::NotNotifiedThere);
    assert_eq!(transactions.object(&desk.own, &asked.id, &old), Ok(Objection::Stopped));
    assert_eq!(desk.state(&asked.id), TransactionState::Cancelled);
    desk.carrier.clock.advance(RISK_WAIT);
    assert_eq!(refused(transactions.permit(&desk.own, &asked.id, &new_sim())), TransactionError::WrongState);
}

fn desk_now(desk: &Desk) -> Timestamp {
    use cpni_guard::vocabulary::Clock;
    desk.carrier.clock.now()
}

#[test]
fn after_a_sim_change_the_number_is_told_of_nothing() {
    let desk = Desk::new();
    desk.points(&[("mail-1", ContactChannel::Email, 400)]);
    let mut call = desk.call();
    let asked = call.request(&new_sim()).unwrap();
    let permit = call.permit(&asked.id, &new_sim()).unwrap();
    let execution = call.execute(permit, &new_sim()).unwrap();
    desk.carrier.guard.transactions().confirm(&execution).unwrap();
    desk.told();
    // The host's own system has not heard of it yet: the library has.
    let port = ChangeRequest::port_out(LINE, "9999");
    let asked = call.request(&port).unwrap();
    assert_eq!(asked.next, NextStep::Execute, "a port-out waits for nothing by default");
    assert_eq!(desk.told(), ["mail-1"]);
}

#[test]
fn where_nobody_can_be_told_nothing_is_done() {
    let desk = Desk::new();
    desk.say(|facts, _| {
        facts.sim_change = Some(SimChange::At(ago(8)));
        facts.address = Some(AddressOnFile { id: ContactPointId::new("post-2").unwrap(), since: ago(29) });
    });
    let asked = desk.call().request(&new_sim()).unwrap();
    assert_eq!(asked.next, NextStep::Refused(TransactionError::NoUnchangedContact));
    assert!(asked.for_customer().contains("store with a photo ID"));
    assert_eq!(desk.told(), [""; 0]);
    assert_eq!(desk.events().last(), Some(&(EventKind::TransactionEnded, 5214)));
}

#[test]
fn no_notice_queued_no_permit() {
    let desk = Desk::new();
    let notifier = Carrier::built(MemoryKeys::new().unwrap(), Stores::in_memory(), |builder| {
        builder.account_facts(Arc::clone(&desk.said) as _).risks(Arc::clone(&desk.said) as _)
    })
    .unwrap();
    notifier.customer(&desk.own);
    let mut call = notifier.attested("dana", &desk.own, Attested::AppFactor);
    notifier.outbox.fails.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(call.request(&new_sim()), Err(InteractionError::NotNotified.into()));
    let all = notifier.guard.transactions().of(&desk.own).unwrap();
    assert_eq!(all.iter().map(|one| one.state).collect::<Vec<_>>(), [TransactionState::Refused]);
    assert!(call.permit(&all[0].id, &new_sim()).is_err());
    notifier.outbox.fails.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(call.request(&new_sim()).unwrap().next, NextStep::Execute);
}

#[test]
fn a_line_separation_tells_nobody() {
    let desk = Desk::new();
    desk.say(|facts, _| facts.survivor = Some(true));
    let mut call = desk.carrier.attested("dana", &desk.own, Attested::LineSeparationVerified);
    let asked = call.request(&new_sim()).unwrap();
    assert_eq!((&asked.next, asked.notified.len()), (&NextStep::Execute, 0));
    assert_eq!(desk.told(), [""; 0]);
    let permit = call.permit(&asked.id, &new_sim()).unwrap();
    let _execution = call.execute(permit, &new_sim()).unwrap();
}

#[test]
fn a_wait_is_executed_by_the_worker_and_not_a_moment_early() {
    let desk = Desk::new();
    desk.points(&[("mail-1", ContactChannel::Email, 400), ("app-1", ContactChannel::App, 2)]);
    let asked = desk.call().request(&new_sim()).unwrap();
    let transactions = desk.carrier.guard.transactions();
    let until = NOON.plus(RISK_WAIT);
    assert_eq!(asked.next, NextStep::Wait { until });
    desk.carrier.clock.set(Timestamp::from_micros(until.as_micros() - 1));
    assert_eq!(refused(transactions.permit(&desk.own, &asked.id, &new_sim())), TransactionError::NotYet);
    desk.carrier.clock.set(until);
    let permit = transactions.permit(&desk.own, &asked.id, &new_sim()).unwrap();
    let execution = transactions.execute(permit, &new_sim()).unwrap();
    transactions.not_done(&execution).unwrap();
    assert_eq!(desk.state(&asked.id), TransactionState::Cancelled);
    // Nothing is lost: it may be asked for again.
    let asked = desk.call().request(&new_sim()).unwrap();
    let ends = desk_now(&desk).plus(RISK_WAIT).plus(TRANSACTION_LIFE);
    desk.carrier.clock.set(ends);
    assert_eq!(refused(transactions.permit(&desk.own, &asked.id, &new_sim())), TransactionError::TimedOut);
    assert_eq!(desk.state(&asked.id), TransactionState::Expired);
}

#[test]
fn whoever_comes_upon_a_transaction_whose_time_is_over_did_not_end_it() {
    let desk = Desk::new();
    let _asked = desk.call().request(&new_sim()).unwrap();
    desk.carrier.clock.set(NOON.plus(TRANSACTION_LIFE));
    let _asked = desk.call().request(&new_sim()).unwrap();
    let log = desk.carrier.guard.audit();
    let of = |kind| {
        let events = log.entries(0..u64::MAX).map(|entry| entry.unwrap().1.facts);
        events.filter(|facts| facts.kind == kind).collect::<Vec<_>>()
    };
    let (asked, ended) = (of(EventKind::TransactionRequested), of(EventKind::TransactionEnded));
    assert_ne!(asked[0].interaction, asked[1].interaction);
    let [ended] = &ended[..] else { panic!("{ended:?}") };
    assert_eq!(ended.interaction, asked[0].interaction);
    assert_eq!((&ended.actor, ended.evidence.len()), (&None, 0));
}

#[test]
fn a_second_person_is_another_one_who_sees_what_is_approved() {
    let desk = Desk::new();
    desk.say(|facts, _| facts.sim_change = Some(SimChange::At(ago(1))));
    desk.points(&[("mail-1", ContactChannel::Email, 400)]);
    let mut call = desk.call();
    let asked = call.request(&new_sim()).unwrap();
    assert_eq!(asked.next, NextStep::SecondPerson { until: NOON });
    let transactions = desk.carrier.guard.transactions();
    let approve = |shown: &ChangeRequest, by: &str| {
        transactions.approve(&desk.own, &asked.id, shown, &AgentSession::new(by))
    };
    assert_eq!(refused(call.permit(&asked.id, &new_sim())), TransactionError::NeedsApproval);
    let mut self_made = profile("dana", Role::CareAgent);
    self_made.may_approve = true;
    desk.carrier.directory.sign_in("dana-again", self_made);
    for by in ["dana-again", "lee", "nobody"] {
        assert_eq!(approve(&new_sim(), by), Err(InteractionError::MayNotApprove.into()), "{by}");
    }
    let other = ChangeRequest::sim_change(LINE, "8900000000000000011");
    assert_eq!(refused(approve(&other, "sue")), TransactionError::AnotherTarget);
    approve(&new_sim(), "sue").unwrap();
    let status = transactions.status(&desk.own, &asked.id).unwrap();
    assert_eq!((status.needs_approval, status.approver), (false, AgentId::new("sue").ok()));
    let permit = call.permit(&asked.id, &new_sim()).unwrap();
    let _execution = call.execute(permit, &new_sim()).unwrap();
}

#[test]
fn a_handset_is_never_unlocked_on_what_is_known_of_somebody() {
    let desk = Desk::new();
    let unlock = ChangeRequest::unlock_handset("001017000000003");
    let mut call = desk.carrier.call("dana", &desk.own);
    for stated in [cpni_guard::interaction::Stated::SsnLast4, cpni_guard::interaction::Stated::FullName] {
        call.present(Evidence::Stated(stated)).unwrap();
    }
    assert_eq!(call.request(&unlock).unwrap().next, NextStep::Refused(TransactionError::RefusedByPolicy));
    let mut call = desk.call();
    desk.say(|_, risk| risk.unlock_eligible = None);
    assert_eq!(call.request(&unlock).unwrap().next, NextStep::Refused(TransactionError::NotEligible));
    desk.say(|_, risk| risk.unlock_eligible = Some(true));
    assert_eq!(call.request(&unlock).unwrap().next, NextStep::Execute);
}

#[test]
fn an_agent_unlocks_only_so_many_handsets() {
    let desk = Desk::new();
    let unlock = |number: u32| ChangeRequest::unlock_handset(format!("0010170000{number:05}"));
    for number in 0..=UNLOCKS_AGENT.max {
        let own = account(&format!("B-{number}"));
        desk.carrier.customer(&own);
        let mut call = desk.carrier.authenticated("dana", &own);
        let next = match call.request(&unlock(number)) {
            Ok(asked) => asked.next,
            // The watch counts unlocks as well, and may be first.
            Err(Error::Interaction(InteractionError::HeldBack | InteractionError::NeedsSecondPerson)) => {
                return;
            }
            Err(other) => panic!("{other:?}"),
        };
        if number < UNLOCKS_AGENT.max {
            assert_eq!(next, NextStep::Execute, "{number}");
        } else {
            assert_eq!(next, NextStep::Refused(TransactionError::RefusedByRisk));
        }
    }
}

#[test]
fn an_objection_does_not_hold_a_port_unless_the_carrier_says_so() {
    for (holds, expected) in [(false, Objection::Noted), (true, Objection::Stopped)] {
        let rules = TransactionRules::default();
        let desk = Desk::with(if holds { rules.objections_hold_ports() } else { rules });
        let port = ChangeRequest::port_out(LINE, "9999");
        let mut call = desk.call();
        let asked = call.request(&port).unwrap();
        let transactions = desk.carrier.guard.transactions();
        let from = NoticeTarget::number_of_record();
        assert_eq!(transactions.object(&desk.own, &asked.id, &from), Ok(expected));
        assert_eq!(call.permit(&asked.id, &port).is_ok(), !holds);
        let says_so = desk.carrier.guard.attestation().gaps.iter().any(|gap| gap.contains("52.35"));
        assert_eq!(says_so, holds);
    }
}

#[test]
fn a_simple_port_is_refused_for_the_customers_passcode_and_the_library_says_what_is_more() {
    let own_pack = cpni_guard::policy::Pack::from_toml(
        "ours",
        r#"
id         = "our-port-rules"
title      = "Ours"
compliance = "library_default"

[[rule]]
id        = "ports-need-a-password"
title     = "A port needs the account password"
effect    = "forbid"
when      = { op = ["act"], action = ["port_out"] }
unless    = [{ evidence.any = ["password"] }]
cite      = "house rule"
certainty = "interpretation"
source    = "primary"
"#,
    )
    .unwrap();
    for with_pack in [false, true] {
        let said = Arc::new(Said(Mutex::new(ordinary())));
        let source = Arc::clone(&said);
        let carrier = Carrier::queueing(MemoryKeys::new().unwrap(), Stores::in_memory(), |builder| {
            let builder = builder.account_facts(Arc::clone(&source) as _).risks(source).grants(GRANTS);
            if with_pack { builder.pack(own_pack.clone()) } else { builder }
        })
        .unwrap();
        carrier.directory.sign_in("porter", profile("porter", Role::PortSystem));
        let own = account("A-1");
        carrier.customer(&own);
        let passcode = "482913".to_owned();
        carrier.guard.import_port_passcode(&own, &Sensitive::from(passcode.clone())).unwrap();
        let contact = carrier.contact("port-1", Channel::PortInterface, "porter");
        let mut request = carrier.interaction("porter", &own, contact).unwrap();
        let port = ChangeRequest::port_out(LINE, "9999");
        request.present(Evidence::PortPasscode(Sensitive::from("000000".to_owned()))).unwrap();
        let refused = request.request(&port).unwrap();
        assert!(!refused.decision.is_allowed());
        assert_eq!(refused.beyond_simple_port.len(), usize::from(with_pack), "{refused:?}");
        request.present(Evidence::PortPasscode(Sensitive::from(passcode))).unwrap();
        let asked = request.request(&port).unwrap();
        if with_pack {
            let rule = RuleId::new("ports-need-a-password").unwrap();
            assert_eq!(asked.beyond_simple_port, [rule]);
        } else {
            assert_eq!(asked.next, NextStep::Execute);
        }
    }
}

#[test]
fn a_carrier_may_have_ports_wait_and_never_refuses_them_on_risk() {
    let rule = RiskRule {
        id: RuleId::new("our-port-wait").unwrap(),
        title: "A port-out soon after a SIM change waits".to_owned(),
        kinds: vec![TransactionKind::PortOut],
        facts: vec![RiskFact::SimChangedRecently],
        effect: RiskEffect::Wait(Duration::from_secs(3_600)),
    };
    let desk = Desk::with(TransactionRules::default().with(rule).unwrap());
    desk.points(&[("mail-1", ContactChannel::Email, 400)]);
    desk.say(|facts, _| facts.sim_change = Some(SimChange::At(ago(1))));
    let asked = desk.call().request(&ChangeRequest::port_out(LINE, "9999")).unwrap();
    assert_eq!(asked.next, NextStep::Wait { until: NOON.plus(Duration::from_secs(3_600)) });
    assert_eq!(asked.risk_rules.len(), 1);
}

#[test]
fn fraud_freezes_names_what_changed_and_counts() {
    let desk = Desk::new();
    desk.points(&[("mail-1", ContactChannel::Email, 400)]);
    let transactions = desk.carrier.guard.transactions();
    let email =
        ChangeRequest::contact(ContactChange::Email, ContactPointId::new("mail-2").unwrap(), "m@example.com");
    for change in [&new_sim(), &email] {
        let mut call = desk.call();
        let asked = call.request(change).unwrap();
        let execution = if let NextStep::Wait { until } = asked.next {
            desk.carrier.clock.set(until);
            let permit = transactions.permit(&desk.own, &asked.id, change).unwrap();
            transactions.execute(permit, change).unwrap()
        } else {
            let permit = call.permit(&asked.id, change).unwrap();
            call.execute(permit, change).unwrap()
        };
        transactions.confirm(&execution).unwrap();
    }
    let open = desk.call().request(&ChangeRequest::account(AccountChange::BackupAnswer)).unwrap();
    let case = ContactId::new("fraud-7").unwrap();
    let by = AgentSession::new("fay");
    let report = transactions.report_fraud(&desk.own, &case, NOON, &by).unwrap();
    assert_eq!((report.stopped, report.in_doubt.len()), (vec![open.id], 0));
    let actions: Vec<_> = report.changes.iter().map(|change| change.action).collect();
    assert_eq!(
        actions,
        [Some(Action::SimChange), Some(Action::ChangeEmailOfRecord), None, None],
        "SIM first, then addresses, then what was told and imported"
    );
    let sim = &report.changes[0];
    assert_eq!(sim.by, AgentId::new("dana").ok());
    assert!(sim.evidence.iter().any(|(kind, _)| *kind == EvidenceKind::AppFactor));
    assert_eq!(refused(desk.call().request(&new_sim())), TransactionError::Frozen);
    assert!(!desk.call().decide(Action::SimChange).unwrap().is_allowed(), "nor by a decision alone");
    assert_eq!(refused(desk.call().remove_lock(LockKind::Sim)), TransactionError::Frozen);
    for change in report.changes.iter().filter_map(|change| change.transaction) {
        transactions.reverse(&desk.own, &change, &by).unwrap();
        assert_eq!(desk.state(&change), TransactionState::Reversed);
    }
    desk.carrier.advance(7_200);
    transactions.remedied(&desk.own, &case, &by).unwrap();
    assert_eq!(refused(transactions.remedied(&desk.own, &case, &by)), TransactionError::NotFrozen);

    let period = NOON..desk_now(&desk).plus(Duration::from_secs(1));
    let sim = transactions.sim_statistics(&period).unwrap();
    // One was refused while the account was frozen.
    assert_eq!((sim.requests, sim.successful, sim.failed, sim.fraudulent), (2, 1, 1, 1));
    assert_eq!((sim.complaints, sim.remedied), (1, 1));
    assert_eq!(sim.average_remedy, Some(Duration::from_secs(7_200)));
    assert_eq!(sim.authentication[&EvidenceKind::AppFactor].0, 2);
    assert!(sim.log_begins <= NOON);
    let later = transactions.sim_statistics(&(period.end..period.end.plus(RISK_WAIT))).unwrap();
    assert_eq!((later.requests, later.average_remedy), (0, None));
}

#[test]
fn what_died_in_the_hosts_hands_is_settled_by_hand() {
    let desk = Desk::new();
    let transactions = desk.carrier.guard.transactions();
    let mut call = desk.call();
    let asked = call.request(&new_sim()).unwrap();
    let permit = call.permit(&asked.id, &new_sim()).unwrap();
    drop(call.execute(permit, &new_sim()).unwrap());
    drop(call);
    desk.carrier.clock.advance(Duration::from_secs(100 * DAY));
    assert_eq!(desk.state(&asked.id), TransactionState::Executing, "nobody but the host knows");
    let nobody = AgentSession::new("nobody");
    assert_eq!(
        transactions.settle(&desk.own, &asked.id, true, &nobody),
        Err(InteractionError::UnknownAgent.into())
    );
    desk.carrier.directory.sign_in("fay", profile("fay", Role::FraudAnalyst));
    transactions.settle(&desk.own, &asked.id, true, &AgentSession::new("fay")).unwrap();
    assert_eq!(desk.state(&asked.id), TransactionState::Confirmed);
}

#[test]
fn a_clock_that_went_back_opens_nothing() {
    let desk = Desk::new();
    let asked = desk.call().request(&new_sim()).unwrap();
    desk.carrier.clock.set(ago(1));
    let mut call = desk.call();
    assert_eq!(refused(call.permit(&asked.id, &new_sim())), TransactionError::ClockWentBack);
    assert_eq!(
        refused(call.request(&ChangeRequest::sim_change("8155550101", SIM))),
        TransactionError::ClockWentBack
    );
    call.set_lock(LockKind::Sim).unwrap();
    call.cancel(&asked.id).unwrap();
}

#[test]
fn anybody_on_the_line_may_stop_and_nobody_without_a_contact() {
    let desk = Desk::new();
    let asked = desk.call().request(&new_sim()).unwrap();
    let mut outside = desk.carrier.interaction("dana", &desk.own, Contact::None).unwrap();
    assert_eq!(outside.cancel(&asked.id), Err(InteractionError::NoLiveContact.into()));
    let mut unknown = desk.carrier.call("lee", &desk.own);
    unknown.cancel(&asked.id).unwrap();
    assert_eq!(desk.state(&asked.id), TransactionState::Cancelled);
    assert_eq!(refused(unknown.cancel(&asked.id)), TransactionError::WrongState);
}

#[test]
fn a_request_of_an_account_of_somebody_else_finds_nothing() {
    let desk = Desk::new();
    let asked = desk.call().request(&new_sim()).unwrap();
    let other = account("A-2");
    desk.carrier.customer(&other);
    let mut call = desk.carrier.attested("dana", &other, Attested::AppFactor);
    assert_eq!(refused(call.permit(&asked.id, &new_sim())), TransactionError::NoSuchTransaction);
    assert_eq!(
        refused(desk.carrier.guard.transactions().status(&other, &asked.id)),
        TransactionError::NoSuchTransaction
    );
}

#[test]
fn who_is_called_back_at_an_unchanged_sim_needs_no_second_factor() {
    // Digest §6.4; the password with the app, and passkeys, are in the tests above and in the cases.
    let desk = Desk::new();
    let contact = desk.carrier.contact("back-1", Channel::PhoneCallback, "dana");
    let mut called_back = desk.carrier.interaction("dana", &desk.own, contact).unwrap();
    assert_eq!(called_back.request(&new_sim()).unwrap().next, NextStep::Execute);
}

#[test]
fn a_customer_on_the_web_changes_what_the_carrier_grants_and_no_more() {
    let desk = Desk::new();
    let mut passkey = ContactState::live(Channel::Online, AgentId::new("app").unwrap());
    passkey.attested = vec![Attested::Passkey];
    let id = ContactId::new("web-1").unwrap();
    desk.carrier.contacts.set(id.clone(), passkey);
    let mut customer = profile("app", Role::Customer);
    customer.own_account = Some(desk.own.clone());
    desk.carrier.directory.sign_in("app", customer);
    let mut online = desk.carrier.interaction("app", &desk.own, Contact::of(id, Channel::Online)).unwrap();
    online.present(Evidence::Attested(Attested::Passkey)).unwrap();
    // The sample grants let customers look, and change nothing.
    assert!(!online.request(&new_sim()).unwrap().decision.is_allowed());
}
