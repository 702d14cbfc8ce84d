//! Hosts that fail, panic, or call back: what they were asked for is withheld.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use cpni_guard::interaction::CodeTo;
use cpni_guard::vocabulary::{Action, Channel, Outcome, Purpose, Role};
use cpni_guard_ffi::{
    AgentDirectory, AgentProfile, AlarmFacts, AlarmSink, CheckpointSink, ContactSource, ContactState,
    Delivery, FieldState, GuardClock, HostFailure, HotlineSource, Interaction, KeyHolder, KeyProvider,
    NoticeFacts, Notifier,
};

use crate::fixture::*;

/// Answers, fails, or panics with a customer's value in its text.
#[derive(Default)]
struct Mood(AtomicU8);

impl Mood {
    const FAILS: u8 = 1;
    const PANICS: u8 = 2;
    /// Another process changes the keyring first.
    const IS_LATE: u8 = 3;

    fn set(&self, mood: u8) {
        self.0.store(mood, Ordering::SeqCst);
    }

    fn say<T>(&self, answer: T) -> Result<T, HostFailure> {
        match self.0.load(Ordering::SeqCst) {
            Self::FAILS => Err(HostFailure::Unavailable),
            Self::PANICS => std::panic::panic_any("987-65-4321"),
            _ => Ok(answer),
        }
    }
}

/// Every trait in one, for the agent `dana` on one call.
#[derive(Default)]
pub(crate) struct Host {
    mood: Mood,
    got: Mutex<Vec<String>>,
    document: Mutex<Option<Vec<u8>>>,
    inside: OnceLock<Arc<Interaction>>,
}

impl Host {
    pub(crate) fn be_late(&self) {
        self.mood.set(Mood::IS_LATE);
    }

    fn note(&self, what: String) -> Result<(), HostFailure> {
        self.mood.say(())?;
        self.got.lock().unwrap().push(what);
        Ok(())
    }
}

impl AgentDirectory for Host {
    fn agent(&self, session: String) -> Result<Option<Arc<AgentProfile>>, HostFailure> {
        self.mood.say((session == "dana").then(|| profile("dana", Role::CareAgent, false)))
    }
}

impl ContactSource for Host {
    fn contact(&self, id: String) -> Result<Option<Arc<ContactState>>, HostFailure> {
        self.mood.say((id == "call-1").then(|| contact(Channel::PhoneInbound, "dana", vec![])))
    }
}

impl HotlineSource for Host {
    fn released(&self) -> Result<u64, HostFailure> {
        self.mood.say(NOON - DAY)
    }

    fn numbers(&self) -> Result<Vec<String>, HostFailure> {
        self.mood.say(Vec::new())
    }
}

impl Delivery for Host {
    fn send(&self, account: String, to: String, values: Vec<u8>) -> Result<(), HostFailure> {
        if let Some(interaction) = self.inside.get() {
            self.got.lock().unwrap().push(interaction.call_back().unwrap_err().to_string());
        }
        let names: Vec<_> = read_record(&values).into_iter().map(|(name, ..)| name).collect();
        self.note(format!("{account} {to} {}", names.join("+")))
    }

    fn send_code(&self, _: String, _: CodeTo, _: Option<String>, code: Vec<u8>) -> Result<(), HostFailure> {
        self.note(String::from_utf8(code).unwrap())
    }

    fn call_back(&self, account: String) -> Result<(), HostFailure> {
        self.note(account)
    }
}

impl Notifier for Host {
    fn queue(&self, account: String, notice: NoticeFacts) -> Result<(), HostFailure> {
        self.note(format!("{account} {:?}", notice.action))
    }
}

impl GuardClock for Host {
    fn now_micros(&self) -> Result<u64, HostFailure> {
        self.mood.say(NOON)
    }
}

impl CheckpointSink for Host {
    fn publish(&self, note: String) -> Result<(), HostFailure> {
        self.note(note)
    }
}

impl AlarmSink for Host {
    fn alarm(&self, alarm: AlarmFacts) -> Result<(), HostFailure> {
        self.note(alarm.rule)
    }
}

impl KeyProvider for Host {
    fn wrap_key(&self, key: Vec<u8>) -> Result<Vec<u8>, HostFailure> {
        self.mood.say(key.iter().map(|byte| byte ^ 0x5A).collect())
    }

    fn unwrap_key(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, HostFailure> {
        self.wrap_key(wrapped)
    }

    fn load_document(&self) -> Result<Option<Vec<u8>>, HostFailure> {
        self.mood.say(self.document.lock().unwrap().clone())
    }

    fn store_document(&self, document: Vec<u8>) -> Result<(), HostFailure> {
        *self.document.lock().unwrap() = Some(document);
        self.mood.say(())
    }

    fn replace_document(&self, before: Vec<u8>, document: Vec<u8>) -> Result<bool, HostFailure> {
        let mut held = self.document.lock().unwrap();
        if held.as_ref() != Some(&before) || self.mood.0.load(Ordering::SeqCst) == Mood::IS_LATE {
            return Ok(false);
        }
        *held = Some(document);
        self.mood.say(true)
    }
}

fn open(carrier: &Carrier) -> Result<Arc<Interaction>, cpni_guard_ffi::CpniError> {
    carrier.open("call-1")
}

#[test]
fn a_directory_that_fails_or_panics_opens_nothing() {
    let host = Arc::new(Host::default());
    let carrier = Carrier::built(|builder| builder.agents(host.clone()));
    carrier.customer();
    carrier.contact("call-1", Channel::PhoneInbound);
    host.mood.set(Mood::FAILS);
    assert_eq!(code(open(&carrier)), 5002);
    host.mood.set(Mood::PANICS);
    assert_eq!(code(open(&carrier)), 9305, "without the text of the panic");
    host.mood.set(0);
    assert!(open(&carrier).is_ok(), "and goes on when the host does");
}

#[test]
fn a_contact_source_that_fails_withholds() {
    let host = Arc::new(Host::default());
    let carrier = Carrier::built(|builder| builder.contacts(host.clone()));
    let sealed = carrier.customer();
    let call = open(&carrier).unwrap();
    call.present(cpni_guard_ffi::SecretKind::Password, PASSWORD).unwrap();
    let seen = call.view(&sealed, &request(&["plan"])).unwrap();
    assert_eq!(fields(&seen)[0].state, FieldState::Disclosed);
    host.mood.set(Mood::FAILS);
    let call = open(&carrier).unwrap();
    assert_eq!(code(call.present(cpni_guard_ffi::SecretKind::Password, PASSWORD)), 5008);
    let seen = call.view(&sealed, &request(&["plan"])).unwrap();
    assert_eq!(fields(&seen)[0].state, FieldState::Withheld);
}

#[test]
fn a_panic_in_the_middle_ends_the_interaction() {
    let host = Arc::new(Host::default());
    let carrier = Carrier::built(|builder| builder.contacts(host.clone()));
    let sealed = carrier.customer();
    let call = open(&carrier).unwrap();
    call.present(cpni_guard_ffi::SecretKind::Password, PASSWORD).unwrap();
    host.mood.set(Mood::PANICS);
    assert_eq!(code(call.view(&sealed, &request(&["plan"]))), 9305);
    host.mood.set(0);
    assert_eq!(code(call.view(&sealed, &request(&["plan"]))), 9305, "nobody knows how far it got");
    assert_eq!(call.end(), Ok(()));
}

#[test]
fn a_list_of_hotlines_that_fails_withholds_the_calls() {
    let host = Arc::new(Host::default());
    let carrier = Carrier::built(|builder| builder.hotlines(host.clone()));
    let sealed = carrier.customer();
    let seen = carrier.online("web-1").view(&sealed, &request(&["call_detail"])).unwrap();
    assert_eq!(fields(&seen)[0].state, FieldState::Disclosed);
    host.mood.set(Mood::FAILS);
    let seen = carrier.online("web-2").view(&sealed, &request(&["call_detail"])).unwrap();
    assert_eq!(fields(&seen)[0].state, FieldState::Withheld);
}

#[test]
fn a_clock_that_fails_ends_what_goes_on() {
    let host = Arc::new(Host::default());
    let carrier = Carrier::built(|builder| builder.clock(host.clone()));
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let seen = call.view(&sealed, &request(&["plan"])).unwrap();
    host.mood.set(Mood::FAILS);
    assert_eq!(code(seen.view.reveal(0)), 8001);
    assert_eq!(code(call.view(&sealed, &request(&["plan"]))), 5004);
}

#[test]
fn what_is_not_delivered_or_queued_is_refused() {
    let host = Arc::new(Host::default());
    let carrier = Carrier::built(|builder| {
        builder.delivery(host.clone())?;
        builder.notifier(host.clone())
    });
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let sent = call.send_to_address_of_record(&sealed, &request(&["plan", "ssn"])).unwrap();
    assert!(sent.sent);
    assert_eq!(sent.answers[1].outcome, Outcome::Withhold);
    assert_eq!(sent.why.explain(1).unwrap().answer.field, "ssn");
    call.send_one_time_code(CodeTo::NumberOfRecord).unwrap();
    call.call_back().unwrap();
    assert_eq!(call.decide(Action::ChangeEmailOfRecord).unwrap().answer.outcome, Outcome::Disclose);
    let got = host.got.lock().unwrap().clone();
    assert_eq!(got[0], format!("{ACCOUNT} post-1 plan+ssn"));
    assert_eq!(got[2..], [ACCOUNT.to_owned(), format!("{ACCOUNT} ChangeEmailOfRecord")]);
    assert_eq!(call.present(cpni_guard_ffi::SecretKind::CodeToNumber, got[1].as_bytes()).unwrap(), {
        use cpni_guard::interaction::Presented;
        Presented::Match
    });

    host.mood.set(Mood::FAILS);
    assert_eq!(code(call.send_to_address_of_record(&sealed, &request(&["plan"]))), 5010);
    assert_eq!(code(call.call_back()), 5010);
    assert_eq!(code(call.decide(Action::ChangeEmailOfRecord)), 5011);
}

#[test]
fn a_host_that_calls_back_into_the_interaction_is_refused_and_not_hung() {
    let host = Arc::new(Host::default());
    let carrier = Carrier::built(|builder| builder.delivery(host.clone()));
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    assert!(host.inside.set(call.clone()).is_ok());
    assert!(call.send_to_address_of_record(&sealed, &request(&["plan"])).unwrap().sent);
    assert_eq!(host.got.lock().unwrap()[0], "E9304");
}

#[test]
fn a_key_store_of_the_host_keeps_the_keys() {
    let host = Arc::new(Host::default());
    let carrier = Carrier::built(|builder| builder.keys(&*KeyHolder::host(host.clone(), true)?));
    let sealed = carrier.customer();
    let again = Carrier::built(|builder| builder.keys(&*KeyHolder::host(host.clone(), true)?));
    again.customer();
    let call = again.authenticated("call-1");
    let seen = call.view(&sealed, &request(&["plan"])).unwrap();
    assert_eq!(seen.view.reveal(0).unwrap(), b"Unlimited Canary", "the same keys");

    host.mood.set(Mood::FAILS);
    let held = KeyHolder::host(host.clone(), true);
    assert_eq!(code(held), 2001, "no new keys where the old ones cannot be asked for");
    host.mood.set(Mood::PANICS);
    assert_eq!(code(KeyHolder::host(host, true)), 9305);
}

#[test]
fn alarms_and_checkpoints_reach_the_host_and_stop_nothing_when_they_fail() {
    for mood in [0, Mood::FAILS] {
        let host = Arc::new(Host::default());
        host.mood.set(mood);
        let carrier = Carrier::built(|builder| {
            builder.alarms(host.clone())?;
            builder.checkpoint_sink(host.clone())
        });
        let sealed = carrier.customer();
        carrier.guard.add_decoys(vec![ACCOUNT.to_owned()]).unwrap();
        let call = carrier.authenticated("call-1");
        let seen = call.view(&sealed, &request(&["plan"])).unwrap();
        assert_eq!(fields(&seen)[0].state, FieldState::Disclosed);
        call.end().unwrap();
        drop((call, seen));
        carrier.guard.shut_down().unwrap();
        let got = host.got.lock().unwrap().clone();
        let published = got.iter().any(|got| got.starts_with("cpni-guard/audit/"));
        assert_eq!((published, got.len() > 1), (mood == 0, mood == 0), "{got:?}");
    }
}

#[test]
fn a_contact_without_its_channel_is_none() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    carrier.contact("call-1", Channel::PhoneInbound);
    let open = carrier.guard.open_interaction(
        "dana".to_owned(),
        ACCOUNT.to_owned(),
        Purpose::Support,
        Some("call-1".to_owned()),
        None,
    );
    let call = open.unwrap();
    assert_eq!(code(call.present(cpni_guard_ffi::SecretKind::Password, PASSWORD)), 5008);
    let seen = call.view(&sealed, &request(&["plan"])).unwrap();
    assert_eq!(fields(&seen)[0].state, FieldState::Withheld);
}
