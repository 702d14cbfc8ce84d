//! The watch in interactions: what trips is recorded, told and refused, whatever tools an agent uses.

use std::sync::{Arc, Mutex};

use cpni_guard::audit::AuditEvent;
use cpni_guard::error::{InteractionError, StoreError};
use cpni_guard::interaction::{Approval, CodeTo, PhotoIdKind};
use cpni_guard::oversight::watch::{
    Alarm, AlarmSink, Change, LOCAL_READS, MemoryWatchStore, Response, WatchKey, WatchRules, WatchStore,
};
use cpni_guard::vocabulary::{Action, AgentId, Channel, CivilDate, Destination, EventKind, Role};
use cpni_guard::{
    AgentSession, Contact, Error, Evidence, MemoryKeys, NamedCall, PhotoId, Presented, Protected, Stores,
};

use crate::fixture::{Carrier, NOON, PASSWORD, account, profile};

#[derive(Default)]
struct Pager(Mutex<Vec<Alarm>>);

impl AlarmSink for Pager {
    fn alarm(&self, alarm: &Alarm) {
        self.0.lock().unwrap().push(alarm.clone());
    }
}

impl Pager {
    fn rules(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|alarm| alarm.rule.to_string()).collect()
    }
}

/// Cannot count.
#[derive(Debug)]
struct Broken;

impl WatchStore for Broken {
    fn update(&self, _: &[WatchKey], _: &mut Change<'_>) -> Result<(), StoreError> {
        Err(StoreError::Io)
    }
}

fn rule(count: &str, more_than: u32, response: &str) -> WatchRules {
    let text = format!(
        "[[rule]]\nid = \"own-rule\"\ntitle = \"t\"\ncite = \"our manual, 4.2\"\nper = \"agent\"\n\
         count = \"{count}\"\nwithin_minutes = 60\nmore_than = {more_than}\nresponse = \"{response}\""
    );
    WatchRules::from_toml("own.toml", &text).unwrap()
}

fn carrier(rules: WatchRules) -> (Carrier, Arc<Pager>) {
    let pager = Arc::new(Pager::default());
    let (keys, sink) = (MemoryKeys::new().unwrap(), Arc::clone(&pager) as _);
    let carrier = Carrier::built(keys, Stores::in_memory(), |builder| {
        let fay = AgentId::new("fay").unwrap();
        builder.watch(rules).alarms(sink).breach_officer(fay)
    })
    .unwrap();
    (carrier, pager)
}

fn sealed(carrier: &Carrier, id: &str) -> Protected {
    carrier.guard.protect(&account(id), crate::fixture::record()).unwrap()
}

fn events(carrier: &Carrier, kind: EventKind) -> Vec<AuditEvent> {
    let audit = carrier.guard.audit();
    let events = audit.entries(0..audit.size()).map(|entry| entry.unwrap().1);
    events.filter(|event| event.facts.kind == kind).collect()
}

fn held_back() -> Error {
    InteractionError::HeldBack.into()
}

#[test]
fn an_agent_is_counted_once_over_tools_sessions_and_channels() {
    let (carrier, pager) = carrier(rule("accounts", 3, "block"));
    // A second tool has a token of its own, of the same agent.
    carrier.directory.sign_in("dana-phone-tool", profile("dana", Role::CareAgent));
    let tools =
        [("dana", Channel::PhoneInbound), ("dana-phone-tool", Channel::Online), ("dana", Channel::Retail)];
    for (n, (token, channel)) in tools.into_iter().enumerate() {
        let contact = carrier.contact(&format!("c-{n}"), channel, "dana");
        carrier.interaction(token, &account(&format!("A-{n}")), contact).unwrap();
    }
    assert_eq!(pager.rules(), Vec::<String>::new());
    let contact = carrier.contact("c-9", Channel::PhoneInbound, "dana");
    let refused = carrier.interaction("dana-phone-tool", &account("A-9"), contact).unwrap_err();
    assert_eq!(refused, held_back());
    // A colleague goes on.
    carrier.call("lee", &account("A-9"));

    let alarm = pager.0.lock().unwrap()[0].clone();
    assert_eq!((alarm.rule.as_str(), alarm.response), ("own-rule", Response::Block));
    assert_eq!(alarm.agent, Some(AgentId::new("dana").unwrap()));
    assert_eq!(alarm.account, carrier.guard.audit().derive_pseudonym(&account("A-9")));
    let tripped = events(&carrier, EventKind::WatchTripped);
    assert_eq!(tripped.len(), 1);
    assert_eq!(tripped[0].facts.basis.as_ref().unwrap().as_str(), "own-rule");
    assert_eq!(tripped[0].facts.actor.as_ref().unwrap().agent.as_str(), "dana");
    // Those entitled have the account named.
    let named = carrier.guard.name_account(&AgentSession::new("fay"), alarm.audit_index);
    assert_eq!(named, Ok(Some(account("A-9"))));
    let refusals = events(&carrier, EventKind::WatchRefused);
    assert_eq!(refusals.iter().map(|event| event.facts.cause).collect::<Vec<_>>(), [5020]);
}

#[test]
fn who_is_held_back_reads_verifies_sends_and_changes_nothing_more() {
    let (carrier, _) = carrier(rule("accounts", 0, "alert"));
    let dana = account("A-1");
    let record = sealed(&carrier, "A-1");
    let mut call = carrier.call("dana", &dana);
    call.view(&record, ["plan"]).unwrap();

    let (carrier, _) = self::carrier(rule("reads_without_contact", 0, "block"));
    let record = sealed(&carrier, "A-1");
    let mut desk = carrier.interaction("dana", &dana, Contact::None).unwrap();
    let stated = "987-65-4321".to_owned().into();
    assert_eq!(desk.view(&record, ["plan"]).unwrap_err(), held_back());
    assert_eq!(desk.verify(&record, "ssn", &stated).unwrap_err(), held_back());
    assert_eq!(desk.send(&record, ["plan"], Destination::AddressOfRecord).unwrap_err(), held_back());
    assert_eq!(desk.decide(Action::SimChange).unwrap_err(), held_back());
    assert_eq!(desk.present(Evidence::password("a guess")).unwrap_err(), held_back());
    assert_eq!(desk.send_one_time_code(CodeTo::NumberOfRecord).unwrap_err(), held_back());
    assert_eq!(carrier.interaction("dana", &dana, Contact::None).unwrap_err(), held_back());
    assert_eq!(events(&carrier, EventKind::WatchRefused).len(), 7);
    for kind in [
        EventKind::EvidencePresented,
        EventKind::CodeSent,
        EventKind::Viewed,
        EventKind::Verified,
        EventKind::Sent,
        EventKind::Decided,
    ] {
        assert!(events(&carrier, kind).is_empty(), "{kind}");
    }
}

#[test]
fn a_second_person_opens_one_interaction_and_the_agent_is_not_one() {
    let (carrier, pager) = carrier(rule("accounts", 0, "second_person"));
    let mut supervisor = profile("sam", Role::CareAgent);
    supervisor.may_approve = true;
    carrier.directory.sign_in("sam", supervisor);
    let record = carrier.customer(&account("A-1"));
    let mut call = carrier.authenticated("dana", &account("A-1"));
    let needs = Error::from(InteractionError::NeedsSecondPerson);
    assert_eq!(call.view(&record, ["plan"]).unwrap_err(), needs);
    assert_eq!(call.decide(Action::ResetPassword).unwrap_err(), needs);
    let not_oneself = call.approve(&AgentSession::new("dana"), Approval::Disclosure).unwrap_err();
    assert_eq!(not_oneself, InteractionError::MayNotApprove.into());
    assert_eq!(call.view(&record, ["plan"]).unwrap_err(), needs);
    // Approval of one action is of that action.
    call.approve(&AgentSession::new("sam"), Approval::Action(Action::ResetPassword)).unwrap();
    assert!(call.decide(Action::ResetPassword).is_ok());
    assert_eq!(call.view(&record, ["plan"]).unwrap_err(), needs);
    call.approve(&AgentSession::new("sam"), Approval::Disclosure).unwrap();
    assert!(call.view(&record, ["plan"]).unwrap().field("plan").unwrap().disclosed().is_ok());
    call.end().unwrap();
    let mut next = carrier.authenticated("dana", &account("A-1"));
    assert_eq!(next.view(&record, ["plan"]).unwrap_err(), needs);
    assert_eq!(pager.rules(), ["own-rule"], "one trip, told once");
}

#[test]
fn a_decoy_alarms_whoever_touches_it_and_however_that_ends() {
    let (carrier, pager) = carrier(WatchRules::built_in().unwrap());
    let decoy = account("D-1");
    carrier.guard.add_decoys([&decoy]).unwrap();
    let record = sealed(&carrier, "D-1");
    assert_eq!(carrier.guard.audit().size(), 1, "that there is a decoy is not in the log");

    // Opened, and refused to be seen.
    let mut desk = carrier.interaction("dana", &decoy, Contact::None).unwrap();
    assert_eq!(pager.rules(), ["watch-decoy"]);
    assert!(!desk.view(&record, ["ssn"]).unwrap().field("ssn").unwrap().decision().is_allowed());
    assert_eq!(pager.rules().len(), 2);
    // By nobody whom the directory knows.
    carrier.interaction("stolen-token", &decoy, Contact::None).unwrap_err();
    assert_eq!(pager.rules().len(), 3);
    let alarms = pager.0.lock().unwrap().clone();
    assert_eq!(alarms[1].agent.as_ref().map(AgentId::as_str), Some("dana"));
    assert_eq!(alarms[2].agent, None);
    let tripped = events(&carrier, EventKind::WatchTripped);
    assert_eq!(tripped.len(), 3);
    assert!(tripped.iter().all(|event| event.facts.basis.as_ref().unwrap().as_str() == "watch-decoy"));

    carrier.guard.remove_decoys([&decoy]).unwrap();
    carrier.interaction("dana", &decoy, Contact::None).unwrap();
    assert_eq!(pager.rules().len(), 3);
}

#[test]
fn an_alarm_is_on_record_before_anybody_is_told() {
    let (carrier, pager) = carrier(rule("accounts", 0, "alert"));
    carrier.call("dana", &account("A-1"));
    let alarm = pager.0.lock().unwrap()[0].clone();
    let index = alarm.audit_index;
    let (_, event) = carrier.guard.audit().entries(index..index + 1).next().unwrap().unwrap();
    assert_eq!(event.facts.kind, EventKind::WatchTripped);
    assert_eq!(event.facts.interaction, alarm.interaction);
}

#[test]
fn without_counters_a_few_reads_go_through_and_each_is_told() {
    let pager = Arc::new(Pager::default());
    let (keys, sink) = (MemoryKeys::new().unwrap(), Arc::clone(&pager) as _);
    let stores = Stores { watch: Arc::new(Broken), ..Stores::in_memory() };
    let carrier = Carrier::built(keys, stores, |builder| builder.alarms(sink)).unwrap();
    let record = carrier.customer(&account("A-1"));
    let mut call = carrier.authenticated("dana", &account("A-1"));
    for _ in 0..LOCAL_READS {
        assert!(call.view(&record, ["plan"]).unwrap().field("plan").unwrap().disclosed().is_ok());
    }
    assert_eq!(call.view(&record, ["plan"]).unwrap_err(), InteractionError::NotCounted.into());
    assert!(pager.rules().iter().all(|rule| rule == "watch-unavailable"));
    // And the opening, the password, the read that is refused.
    assert_eq!(pager.rules().len(), usize::try_from(LOCAL_READS).unwrap() + 3);
    let causes: Vec<_> = events(&carrier, EventKind::WatchTripped).iter().map(|e| e.facts.cause).collect();
    assert!(causes.iter().all(|cause| *cause == 7007), "{causes:?}");
    // The colleague has reads of their own: not all are stopped at once.
    let mut other = carrier.authenticated("lee", &account("A-1"));
    assert!(other.view(&record, ["plan"]).is_ok());
    assert!(carrier.guard.add_decoys([&account("D-1")]).is_err());
}

#[test]
fn a_second_person_lifts_what_is_held_against_an_agent() {
    let (carrier, _) = carrier(rule("accounts", 0, "block"));
    let mut supervisor = profile("sam", Role::CareAgent);
    supervisor.may_approve = true;
    carrier.directory.sign_in("sam", supervisor);
    let dana = AgentId::new("dana").unwrap();
    let opens = || carrier.interaction("dana", &account("A-1"), Contact::None).map(|_| ());
    assert_eq!(opens(), Err(held_back()));
    let refused = carrier.guard.lift_watch(&dana, &AgentSession::new("dana")).unwrap_err();
    assert_eq!(refused, InteractionError::MayNotApprove.into());
    assert_eq!(opens(), Err(held_back()));
    carrier.guard.lift_watch(&dana, &AgentSession::new("sam")).unwrap();
    let lifted = events(&carrier, EventKind::WatchLifted);
    let said: Vec<_> = lifted.iter().map(|event| (event.facts.cause, event.facts.basis.clone())).collect();
    assert_eq!(said.iter().map(|(cause, _)| *cause).collect::<Vec<_>>(), [5015, 0]);
    assert!(said.iter().all(|(_, basis)| basis.as_ref().unwrap().as_str() == "dana"));
    // Counting began anew: the next account trips anew, which is told anew.
    assert_eq!(opens(), Err(held_back()));
    assert_eq!(events(&carrier, EventKind::WatchTripped).len(), 2);
}

#[test]
fn answers_to_an_agent_name_no_rule_and_no_threshold() {
    for refused in
        [InteractionError::HeldBack, InteractionError::NeedsSecondPerson, InteractionError::NotCounted]
    {
        let text = format!("{refused} {refused:?}");
        assert!(!text.chars().any(|c| c.is_ascii_digit()) && !text.contains("rule"), "{text}");
    }
}

#[test]
fn a_guard_without_a_watch_says_so() {
    let gaps = |rules| carrier(rules).0.guard.attestation().gaps.join("\n");
    assert!(gaps(WatchRules::none()).contains("no watch"));
    assert!(!gaps(WatchRules::built_in().unwrap()).contains("no watch"));
}

#[cfg(feature = "sqlite")]
#[test]
fn what_was_counted_outlives_the_process_and_names_nobody() {
    let folder = crate::stores::Folder::new("watch");
    let keys = Arc::new(MemoryKeys::new().unwrap());
    let (mut supervisor, sam) = (profile("sam", Role::CareAgent), AgentSession::new("sam"));
    supervisor.may_approve = true;
    for (n, expected) in [(0, Ok(())), (1, Ok(())), (2, Err(held_back())), (0, Err(held_back()))] {
        let store = cpni_guard::SqliteStore::open(&folder.0).unwrap();
        let rules = rule("accounts", 2, "block");
        let carrier = Carrier::built(Arc::clone(&keys), store, |builder| builder.watch(rules)).unwrap();
        let own = account(&format!("CaNaRy7q-{n}"));
        let opened = carrier.interaction("dana", &own, Contact::None).map(|_| ());
        assert_eq!(opened, expected, "process {n}");
        carrier.guard.add_decoys([&account("CaNaRy7q-9")]).unwrap();
    }
    let stored = std::fs::read(folder.0.join("watch.sqlite3")).unwrap();
    let stored = [stored, std::fs::read(folder.0.join("watch.sqlite3-wal")).unwrap_or_default()].concat();
    assert!(stored.windows(8).any(|at| at == b"own-rule"), "what was counted is in these bytes");
    for text in ["CaNaRy7q", "dana", "carrier"] {
        assert!(!stored.windows(text.len()).any(|at| at == text.as_bytes()), "{text}");
    }
    let store = cpni_guard::SqliteStore::open(&folder.0).unwrap();
    let rules = rule("accounts", 2, "block");
    let carrier = Carrier::built(keys, store, |builder| builder.watch(rules)).unwrap();
    carrier.directory.sign_in("sam", supervisor);
    carrier.guard.lift_watch(&AgentId::new("dana").unwrap(), &sam).unwrap();
    carrier.interaction("dana", &account("A-1"), Contact::None).unwrap();
}

#[test]
fn the_memory_of_the_watch_is_silent() {
    assert_eq!(format!("{:?}", MemoryWatchStore::new()), "MemoryWatchStore(..)");
    assert_eq!(format!("{:?}", WatchKey::from_bytes([1; 32])), "WatchKey(..)");
}

#[test]
fn an_insider_who_guesses_over_many_accounts_is_stopped_before_a_right_guess_is_told() {
    let (carrier, pager) = carrier(rule("failed_evidence", 3, "block"));
    let guess = |n: u32, typed: &str| {
        let id = account(&format!("A-{n}"));
        carrier.customer(&id);
        carrier.call("dana", &id).present(Evidence::password(typed))
    };
    // One guess an account: no account ever locks.
    for n in 0..3 {
        assert_eq!(guess(n, "0000"), Ok(Presented::NoMatch));
    }
    assert_eq!(guess(3, PASSWORD), Ok(Presented::Match), "what matches is no guess");
    assert_eq!(pager.rules(), Vec::<String>::new());
    assert_eq!(guess(4, "0000"), Err(held_back()));
    assert_eq!(pager.rules(), ["own-rule"]);
    let contact = carrier.contact("later", Channel::PhoneInbound, "dana");
    assert_eq!(carrier.interaction("dana", &account("A-5"), contact).unwrap_err(), held_back());
    assert_eq!(events(&carrier, EventKind::EvidencePresented).len(), 5, "each is on record");
}

#[test]
fn evidence_of_every_kind_counts_and_so_does_what_is_not_looked_at_any_more() {
    let (carrier, pager) = carrier(rule("failed_evidence", 8, "alert"));
    let record = carrier.customer(&account("A-1"));
    let contact = carrier.contact("visit", Channel::Retail, "ray");
    let mut visit = carrier.interaction("ray", &account("A-1"), contact).unwrap();
    let secret = |text: &str| text.to_owned().into();
    for evidence in [
        Evidence::password("0000"),
        Evidence::Backup(secret("0000")),
        Evidence::PortPasscode(secret("0000")),
        Evidence::OneTimeCode(CodeTo::NumberOfRecord, secret("000000")),
    ] {
        assert_eq!(visit.present(evidence), Ok(Presented::NoMatch));
    }
    let named = || NamedCall { number: secret("2025550199"), started: NOON, duration_secs: None };
    assert_eq!(visit.name_call(named(), &record, "call_detail"), Ok(Presented::NoMatch));
    let id = |name: &str| PhotoId {
        kind: PhotoIdKind::Passport,
        expires: CivilDate::new(2030, 1, 1).unwrap(),
        name: secret(name),
    };
    for _ in 0..3 {
        assert_eq!(visit.show_photo_id(&id("Sam Sample"), &record, "name"), Ok(Presented::NoMatch));
    }
    assert_eq!(pager.rules(), Vec::<String>::new(), "eight, and the rule says more than eight");
    let locked = Err(InteractionError::LockedOut.into());
    assert_eq!(visit.show_photo_id(&id("Dana Example"), &record, "name"), locked);
    assert_eq!(pager.rules(), ["own-rule"]);
}
