//! A view from a guard to an agent's machine, and what the machine refuses.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use cpni_guard::vocabulary::{Channel, DataClass, EventKind, Outcome, Remedy};
use cpni_guard_ffi::{DeviceAnswer, DeviceSession, FieldState, GuardClock, HostFailure, ManualClock};

use crate::fixture::*;

const FIELDS: &[&str] = &["name", "ssn", "call_detail", "email"];
const MINUTE: u64 = 60_000_000;

/// The clock of the machine. It can fail, and it can call the session that asks it.
#[derive(Default)]
struct Watch {
    clock: OnceLock<Arc<ManualClock>>,
    fails: AtomicBool,
    inside: OnceLock<(Arc<DeviceSession>, Arc<DeviceAnswer>)>,
}

impl GuardClock for Watch {
    fn now_micros(&self) -> Result<u64, HostFailure> {
        if let Some((session, answer)) = self.inside.get() {
            assert_eq!(code(session.is_live()), 9304);
            assert_eq!(code(session.end()), 9304);
            assert_eq!(code(answer.view.reveal(0)), 9304);
            assert_eq!(code(answer.view.wipe()), 9304);
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err(HostFailure::Unavailable);
        }
        self.clock.get().unwrap().micros().map_err(|_| HostFailure::Unavailable)
    }
}

fn machine(carrier: &Carrier) -> (Arc<DeviceSession>, Arc<Watch>) {
    let watch = Arc::new(Watch { clock: OnceLock::from(carrier.clock.clone()), ..Watch::default() });
    (DeviceSession::start_with_clock(watch.clone()).unwrap(), watch)
}

#[test]
fn a_view_reaches_one_machine() {
    use FieldState::{Absent, Disclosed, Withheld};

    let carrier = Carrier::new();
    let sealed = carrier.customer();
    carrier.contact("call-1", Channel::PhoneInbound);
    let call = carrier.open("call-1").unwrap();
    let (device, _) = machine(&carrier);
    assert_eq!((device.is_live(), device.time_left()), (Ok(true), Ok(None)));

    let asked = device.request().unwrap();
    let reply = call.view_for_device(&sealed, &request(FIELDS), &asked).unwrap();
    let before = device.open(&asked, &reply).unwrap();
    assert!(before.fields.iter().all(|field| field.state == Withheld));
    let calls = &before.fields[2];
    assert_eq!((calls.class, calls.answer.outcome), (DataClass::CallDetail, Outcome::Withhold));
    let reason = calls.reasons.iter().find(|reason| reason.cite == "47 CFR 64.2010(b)").unwrap();
    assert!(!reason.title.is_empty() && !reason.rule.is_empty() && reason.certainty == "clear");
    assert!(!calls.answer.for_agent.is_empty());
    let password = |path: &&cpni_guard_ffi::RemedyPath| {
        path.steps.len() == 1 && path.steps[0].remedy == Remedy::ProvidePassword
    };
    let path = calls.remedies.iter().find(password).unwrap();
    assert_eq!(path.steps[0].advice, "ask for the account password");

    call.present(cpni_guard_ffi::SecretKind::Password, PASSWORD).unwrap();
    let asked = device.request().unwrap();
    let reply = call.view_for_device(&sealed, &request(FIELDS), &asked).unwrap();
    assert!(!reply.windows(4).any(|part| part == b"Dana" || part == b"4321"), "sealed");
    let after = device.open(&asked, &reply).unwrap();
    let states: Vec<_> = after.fields.iter().map(|field| field.state).collect();
    assert_eq!(states, [Disclosed, Withheld, Disclosed, Absent]);
    assert!(after.fields[0].remedies.is_empty());

    // What a view in the back end shows, here too.
    let here = call.view(&sealed, &request(FIELDS)).unwrap();
    let told = fields(&here);
    let answers = told.iter().map(|field| &field.answer);
    assert!(answers.eq(after.fields.iter().map(|field| &field.answer)));
    assert_eq!(after.view.reveal_all(), here.view.reveal_all());
    assert_eq!(after.view.reveal(0).unwrap(), b"Dana Q. Example");
    assert_eq!((after.view.length(0), after.view.length(2)), (Ok(15), here.view.length(2)));
    assert_eq!(after.view.reveal(2), here.view.reveal(2));
    assert_eq!(after.view.matches(0, b"Dana Q. Example"), Ok(true));
    assert_eq!(after.view.matches(0, b"Dana Q. Exampl"), Ok(false));
    assert_eq!(code(after.view.matches(0, &[0xFF])), 9303);
    assert_eq!(code(after.view.matches(2, b"x")), 8004);
    assert_eq!((code(after.view.reveal(1)), code(after.view.reveal(3))), (8003, 8003));
    assert_eq!(code(after.view.reveal(4)), 9306);

    let audit = carrier.guard.clone().audit().unwrap();
    let page = audit.seen_by("dana".to_owned(), 0, NOON + DAY, 0, 10).unwrap();
    assert_eq!((page.events[0].kind, page.events[0].index), (EventKind::Viewed, after.audit_index));
    // The event before it says to which key.
    let index = after.audit_index - 1;
    let proof = audit.prove(index).unwrap();
    let told = cpni_guard_ffi::check_event_proof(proof, audit.verifying_key().unwrap()).unwrap();
    assert_eq!((told.kind, told.basis), (EventKind::DeviceAsked, Some(device.fingerprint().unwrap())));
}

#[test]
fn nobody_else_opens_a_reply_and_nobody_twice() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let ((device, _), (other, _)) = (machine(&carrier), machine(&carrier));
    let asked = device.request().unwrap();
    let reply = call.view_for_device(&sealed, &request(FIELDS), &asked).unwrap();

    assert_eq!(code(other.open(&asked, &reply)), 8507, "not its request");
    assert_eq!(code(other.open(&other.request().unwrap(), &reply)), 8504, "not its key");
    assert_eq!(code(device.open(&device.request().unwrap(), &reply)), 8506, "another question");
    for at in [0, 40, reply.len() / 2, reply.len() - 1] {
        let mut changed = reply.clone();
        changed[at] ^= 1;
        assert!((8501..=8508).contains(&code(device.open(&asked, &changed))), "changed at {at}");
    }
    for cut in [0, 3, 40, reply.len() - 1] {
        assert_eq!(code(device.open(&asked, &reply[..cut])), 8501, "cut at {cut}");
    }
    assert_eq!(code(device.open(&asked[..39], &reply)), 8501);
    assert!(device.open(&asked, &reply).is_ok(), "what was refused changed nothing");
    assert_eq!(code(device.open(&asked, &reply)), 8507, "a replay");

    // The interaction answers one machine, and one machine serves one interaction.
    let asked = other.request().unwrap();
    assert_eq!(code(call.view_for_device(&sealed, &request(FIELDS), &asked)), 5040);
    let second = carrier.authenticated("call-2");
    let asked = device.request().unwrap();
    let reply = second.view_for_device(&sealed, &request(FIELDS), &asked).unwrap();
    assert_eq!(code(device.open(&asked, &reply)), 8505);

    let zeros = [b"CGQ\x01", &[0; 32][..], &[0, 0, 0, 1]].concat();
    let third = carrier.authenticated("call-3");
    assert_eq!(code(third.view_for_device(&sealed, &request(FIELDS), &zeros)), 8503);
    assert_eq!(code(third.view_for_device(&sealed, &request(FIELDS), b"")), 8501);
    assert_eq!(code(third.view_for_device(&sealed, b"", &asked)), 9302);
}

#[test]
fn what_is_over_on_the_machine_is_wiped() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let view = |device: &DeviceSession| {
        let asked = device.request().unwrap();
        device.open(&asked, &call.view_for_device(&sealed, &request(FIELDS), &asked).unwrap()).unwrap()
    };
    let (device, _) = machine(&carrier);
    let (wiped, kept) = (view(&device), view(&device));
    wiped.view.wipe().unwrap();
    assert_eq!(code(wiped.view.reveal(0)), 8001);
    assert!(kept.view.reveal(0).is_ok());
    let waiting = device.request().unwrap();
    let late = call.view_for_device(&sealed, &request(FIELDS), &waiting).unwrap();
    device.end().unwrap();
    assert_eq!((code(kept.view.reveal(0)), code(kept.view.reveal_all())), (8001, 8001));
    assert_eq!(code(device.open(&waiting, &late)), 8509);
    assert_eq!((code(device.request()), device.is_live()), (8509, Ok(false)));

    // By time, by the object's end, and by a clock that fails.
    for way in 0..3 {
        let call = carrier.authenticated(&format!("call-1{way}"));
        let (device, watch) = machine(&carrier);
        let asked = device.request().unwrap();
        let reply = call.view_for_device(&sealed, &request(FIELDS), &asked).unwrap();
        let seen = device.open(&asked, &reply).unwrap();
        let left = device.time_left().unwrap().unwrap();
        assert!(left >= 5 * MINUTE && seen.view.reveal(0).is_ok());
        match way {
            0 => {
                carrier.clock.advance(left - 1).unwrap();
                assert_eq!((device.is_live(), device.time_left()), (Ok(true), Ok(Some(1))));
                carrier.clock.advance(1).unwrap();
                assert_eq!((code(device.request()), device.time_left()), (8510, Ok(None)));
            }
            1 => drop(device),
            _ => {
                watch.fails.store(true, Ordering::SeqCst);
                assert_eq!(device.is_live(), Ok(false));
                watch.fails.store(false, Ordering::SeqCst);
            }
        }
        assert_eq!(code(seen.view.reveal(0)), 8001, "way {way}");
    }
}

#[test]
fn a_clock_that_calls_its_session_is_refused_and_not_hung() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let (device, watch) = machine(&carrier);
    let asked = device.request().unwrap();
    let reply = call.view_for_device(&sealed, &request(FIELDS), &asked).unwrap();
    let seen = Arc::new(device.open(&asked, &reply).unwrap());
    assert!(watch.inside.set((device.clone(), seen.clone())).is_ok());
    assert_eq!(seen.view.reveal(0).unwrap(), b"Dana Q. Example");
    assert_eq!(device.is_live(), Ok(true));
}
