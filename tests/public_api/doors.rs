//! The other doors: verify, send, codes, call-back, actions, hotlines.

use std::sync::atomic::Ordering;

use cpni_guard::error::InteractionError;
use cpni_guard::interaction::{
    Attested, CODES_SENT_ACCOUNT, CODES_SENT_AGENT, CodeTo, ConsentEvent, ConsentKind, PHOTO_ID_ATTEMPTS,
    PhotoIdKind,
};
use cpni_guard::vocabulary::{
    Action, Channel, CivilDate, Destination, EventKind, Obligation, Op, Outcome, Role, Timestamp,
    WithheldBecause,
};
use cpni_guard::{
    AgentSession, Contact, Error, Evidence, Interaction, PhotoId, Presented, Purpose, Sensitive, Stores,
};

use crate::fixture::{Carrier, NOON, PASSWORD, account, profile};

fn stated(text: &str) -> Sensitive<String> {
    Sensitive::from(text.to_owned())
}

/// A call about a credit check, with the password given.
fn credit_check(carrier: &Carrier, agent: &str) -> Interaction {
    let contact =
        carrier.contact(&format!("call-{}", carrier.guard.audit().size()), Channel::PhoneInbound, agent);
    let session = AgentSession::new(agent);
    let mut call =
        carrier.guard.interaction(session, &account("A-1"), contact, Purpose::CreditCheck).unwrap();
    call.present(Evidence::password(PASSWORD)).unwrap();
    call
}

#[test]
fn an_ssn_is_compared_and_never_shown() {
    let carrier = Carrier::new(Stores::in_memory());
    let sealed = carrier.customer(&account("A-1"));
    let mut call = credit_check(&carrier, "dana");
    let right = call.verify(&sealed, "ssn", &stated("987 65 4321")).unwrap();
    assert_eq!((right.decision.outcome(), right.result), (Outcome::VerifyOnly, Some(Presented::Match)));
    assert_eq!(call.verify(&sealed, "ssn_last4", &stated("4322")).unwrap().result, Some(Presented::NoMatch));
    assert!(!call.view(&sealed, ["ssn"]).unwrap().field("ssn").unwrap().decision().is_allowed());
    // For another purpose it is not even compared.
    let mut support = carrier.authenticated("dana", &account("A-1"));
    let refused = support.verify(&sealed, "ssn", &stated("987654321")).unwrap();
    assert_eq!((refused.decision.outcome(), refused.result), (Outcome::Withhold, None));
    let size = carrier.guard.audit().size();
    let (_, event) = carrier.guard.audit().entries(size - 1..size).next().unwrap().unwrap();
    assert_eq!((event.facts.kind, event.facts.fields[0].op), (EventKind::Verified, Op::Verify));
}

#[test]
fn guessing_an_ssn_is_limited_by_interaction_and_account() {
    let carrier = Carrier::new(Stores::in_memory());
    let sealed = carrier.customer(&account("A-1"));
    let locked = InteractionError::LockedOut.into();
    let mut call = credit_check(&carrier, "dana");
    for guess in ["0000", "0001", "0002"] {
        assert_eq!(
            call.verify(&sealed, "ssn_last4", &stated(guess)).unwrap().result,
            Some(Presented::NoMatch)
        );
    }
    assert_eq!(call.verify(&sealed, "ssn_last4", &stated("4321")).unwrap_err(), locked);
    // Two more from another agent's contact, and the account is closed for the day.
    let mut call = credit_check(&carrier, "lee");
    for guess in ["0003", "0004"] {
        assert_eq!(
            call.verify(&sealed, "ssn_last4", &stated(guess)).unwrap().result,
            Some(Presented::NoMatch)
        );
    }
    assert_eq!(call.verify(&sealed, "ssn_last4", &stated("4321")).unwrap_err(), locked);
    carrier.advance(24 * 3600 + 1);
    let mut call = credit_check(&carrier, "lee");
    assert_eq!(call.verify(&sealed, "ssn_last4", &stated("4321")).unwrap().result, Some(Presented::Match));
}

#[test]
fn call_detail_is_sent_to_the_address_of_record_without_the_agent_seeing_it() {
    let carrier = Carrier::new(Stores::in_memory());
    let sealed = carrier.customer(&account("A-1"));
    let mut call = carrier.call("dana", &account("A-1"));
    let receipt = call.send(&sealed, ["call_detail", "ssn"], Destination::AddressOfRecord).unwrap();
    let outcomes: Vec<_> = receipt.decisions().map(|(_, decision)| decision.outcome()).collect();
    assert_eq!((outcomes, receipt.is_sent()), (vec![Outcome::Disclose, Outcome::Withhold], true));
    // Two of the three calls were with a covered hotline.
    assert_eq!(carrier.outbox.last(), "post-1: call_detail=1 calls");
    let at = receipt.audit_index();
    let (_, event) = carrier.guard.audit().entries(at..at + 1).next().unwrap().unwrap();
    assert_eq!(
        (event.facts.kind, event.facts.destination),
        (EventKind::Sent, Some(Destination::AddressOfRecord))
    );

    carrier.outbox.fails.store(true, Ordering::SeqCst);
    let refused = call.send(&sealed, ["call_detail"], Destination::AddressOfRecord).unwrap_err();
    assert_eq!(refused, InteractionError::NotDelivered.into());
    let size = carrier.guard.audit().size();
    let (_, event) = carrier.guard.audit().entries(size - 1..size).next().unwrap().unwrap();
    assert_eq!((event.facts.kind, event.facts.cause), (EventKind::NotCarriedOut, refused.code().get()));
}

#[test]
fn a_customer_sees_the_call_log_without_covered_hotlines_and_an_agent_sees_it_whole() {
    let carrier = Carrier::new(Stores::in_memory());
    let own = account("A-1");
    let sealed = carrier.customer(&own);
    let mut customer = profile("web-1", Role::Customer);
    customer.own_account = Some(own.clone());
    carrier.directory.sign_in("web", customer);
    let contact = carrier.contact("s-1", Channel::Online, "web-1");
    let mut session = carrier.interaction("web", &own, contact).unwrap();
    session.present(Evidence::password(PASSWORD)).unwrap();
    let calls = |call: &mut Interaction| {
        let view = call.view(&sealed, ["call_detail"]).unwrap();
        let shown = view.field("call_detail").unwrap();
        let omits = shown.decision().obligations().contains(Obligation::OmitCoveredHotlines);
        (shown.disclosed().unwrap().with_calls(<[_]>::len).unwrap(), omits)
    };
    assert_eq!(calls(&mut session), (1, true));
    assert_eq!(calls(&mut carrier.authenticated("dana", &own)), (3, false));
}

#[test]
fn a_one_time_code_authenticates_for_the_plan_and_not_for_call_detail() {
    let carrier = Carrier::new(Stores::in_memory());
    let sealed = carrier.customer(&account("A-1"));
    let mut call = carrier.call("dana", &account("A-1"));
    call.send_one_time_code(CodeTo::NumberOfRecord).unwrap();
    let code = carrier.outbox.last();
    let read_back = |code: &str| Evidence::OneTimeCode(CodeTo::NumberOfRecord, stated(code));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(call.present(read_back(wrong)).unwrap(), Presented::NoMatch);
    assert_eq!(call.present(read_back(&code)).unwrap(), Presented::Match);
    let view = call.view(&sealed, ["plan", "call_detail"]).unwrap();
    assert!(view.field("plan").unwrap().decision().is_allowed());
    assert!(!view.field("call_detail").unwrap().decision().is_allowed());
    assert_eq!(call.present(read_back(&code)).unwrap(), Presented::NoMatch, "good once");
    // The code is in no audit record.
    let events: String = carrier.guard.audit().entries(0..u64::MAX).map(|e| format!("{e:?}")).collect();
    assert!(!events.contains(&code));
}

#[test]
fn a_call_back_is_the_dialers_and_counts_when_telephony_says_so() {
    let carrier = Carrier::new(Stores::in_memory());
    let sealed = carrier.customer(&account("A-1"));
    let mut desk = carrier.interaction("dana", &account("A-1"), Contact::None).unwrap();
    assert_eq!(desk.call_back(), Err(InteractionError::NoLiveContact.into()), "nobody is there");
    assert_eq!(carrier.outbox.last(), "");
    let mut call = carrier.call("dana", &account("A-1"));
    call.call_back().unwrap();
    assert_eq!(carrier.outbox.last(), "call back");
    assert!(
        !call.view(&sealed, ["call_detail"]).unwrap().field("call_detail").unwrap().decision().is_allowed()
    );
}

#[test]
fn a_change_without_a_queued_notice_is_refused() {
    let carrier = Carrier::new(Stores::in_memory());
    carrier.customer(&account("A-1"));
    let mut call = carrier.authenticated("dana", &account("A-1"));
    let decision = call.decide(Action::ChangeAddressOfRecord).unwrap();
    assert!(decision.is_allowed() && decision.obligations().contains(Obligation::NotifyChange));
    assert_eq!(carrier.outbox.last(), "change_address_of_record before=false");
    carrier.outbox.fails.store(true, Ordering::SeqCst);
    let refused = call.decide(Action::ChangeAddressOfRecord).unwrap_err();
    assert_eq!(refused, InteractionError::NotNotified.into());
    carrier.outbox.fails.store(false, Ordering::SeqCst);

    // A SIM does not move on a password alone; with a second factor the customer is told before.
    let refused = call.decide(Action::SimChange).unwrap();
    assert_eq!(refused.because(), Some(WithheldBecause::Forbidden));
    assert!(refused.reasons().all(|reason| reason.pack.as_str() == "transaction-guards"));
    drop(call);
    let mut call = carrier.attested("dana", &account("A-1"), Attested::AppFactor);
    // Whether the customer locked SIM changes is not known: unknown is locked.
    assert_eq!(call.decide(Action::SimChange).unwrap().because(), Some(WithheldBecause::FactsMissing));
    let before = carrier.outbox.last();
    assert_eq!(before, "change_address_of_record before=false", "nothing is queued for what is refused");
}

#[test]
fn an_attestation_says_what_is_enforced_and_what_is_missing() {
    let carrier = Carrier::new(Stores::in_memory());
    let attestation = carrier.guard.attestation();
    let pack = |id: &str| attestation.packs.iter().find(|pack| pack.id == id).unwrap();
    assert!(pack("us-cpni-authentication").in_force && pack("transaction-guards").in_force);
    assert!(!pack("us-sim-change").in_force && !pack("us-onshoring").in_force);
    assert_eq!(pack("us-line-separation").effective_from.as_deref(), Some("2024-07-15"));
    assert_eq!(pack("us-ssn").hash.len(), 64);
    let count = |of: &str| attestation.rules_by_certainty.iter().find(|count| count.of == of).unwrap().rules;
    assert!(count("clear") > 10 && count("interpretation") > 10 && count("pending") == 0);
    assert!(attestation.gaps.iter().any(|gap| gap.contains("not anchored")));
    let json: serde_json::Value = serde_json::from_str(&attestation.to_json()).unwrap();
    assert_eq!(json["packs"].as_array().unwrap().len(), attestation.packs.len());
    for text in [attestation.to_string(), attestation.to_json()] {
        assert!(!text.to_lowercase().contains("compliant"), "{text}");
    }
}

#[test]
fn an_approval_from_the_future_is_not_recorded() {
    let carrier = Carrier::new(Stores::in_memory());
    carrier.customer(&account("A-1"));
    let event = |micros| ConsentEvent { at: Timestamp::from_micros(micros), kind: ConsentKind::Objection };
    let now = NOON.as_micros();
    let refused = carrier.guard.record_consent(&account("A-1"), &event(now + 1));
    assert_eq!(refused, Err(InteractionError::InTheFuture.into()));
    assert_eq!(carrier.guard.record_consent(&account("A-1"), &event(now)), Ok(()));
}

#[test]
fn codes_are_sent_so_often_by_interaction_account_and_agent() {
    let carrier = Carrier::new(Stores::in_memory());
    let locked = Err(Error::from(InteractionError::LockedOut));
    let own = account("A-1");
    let mut call = carrier.call("dana", &own);
    for _ in 0..3 {
        assert_eq!(call.send_one_time_code(CodeTo::NumberOfRecord), Ok(()));
    }
    assert_eq!(call.send_one_time_code(CodeTo::NumberOfRecord), locked, "three an interaction");
    let size = carrier.guard.audit().size();
    let (_, last) = carrier.guard.audit().entries(size - 1..size).next().unwrap().unwrap();
    assert_eq!((last.facts.kind, last.facts.cause), (EventKind::CodeSent, 5006));
    // By another agent: five an account and hour.
    let mut call = carrier.call("lee", &own);
    for _ in 3..CODES_SENT_ACCOUNT.max {
        assert_eq!(call.send_one_time_code(CodeTo::AddressOfRecord), Ok(()));
    }
    assert_eq!(call.send_one_time_code(CodeTo::AddressOfRecord), locked);
    carrier.advance(CODES_SENT_ACCOUNT.lock.as_secs());
    let mut call = carrier.call("lee", &own);
    assert_eq!(call.send_one_time_code(CodeTo::AddressOfRecord), Ok(()));
    // By one agent over accounts: forty a day. Dana has sent three; one more was refused before it counted.
    let sends = |n: u32| {
        let mut call = carrier.call("dana", &account(&format!("B-{n}")));
        call.send_one_time_code(CodeTo::NumberOfRecord)
    };
    assert!((3..CODES_SENT_AGENT.max).all(|n| sends(n) == Ok(())));
    assert_eq!(sends(99), locked);
}

#[test]
fn a_photo_id_that_matches_takes_back_those_that_did_not_and_five_lock() {
    let carrier = Carrier::new(Stores::in_memory());
    let own = account("A-1");
    let record = carrier.customer(&own);
    let shows = |n: u32, name: &str| {
        let contact = carrier.contact(&format!("visit-{n}"), Channel::Retail, "ray");
        let id = PhotoId {
            kind: PhotoIdKind::Passport,
            expires: CivilDate::new(2030, 1, 1).unwrap(),
            name: Sensitive::from(name.to_owned()),
        };
        carrier.interaction("ray", &own, contact).unwrap().show_photo_id(&id, &record, "name")
    };
    let max = PHOTO_ID_ATTEMPTS.max;
    assert!((1..max).all(|n| shows(n, "Sam Sample") == Ok(Presented::NoMatch)));
    assert_eq!(shows(max, "Dana Example"), Ok(Presented::Match), "the fifth");
    assert!((1..=max).all(|n| shows(max + n, "Sam Sample") == Ok(Presented::NoMatch)));
    assert_eq!(shows(99, "Dana Example"), Err(InteractionError::LockedOut.into()), "the sixth");
    carrier.advance(PHOTO_ID_ATTEMPTS.lock.as_secs());
    assert_eq!(shows(100, "Dana Example"), Ok(Presented::Match));
}
