//! The way of a record: in, asked for, authenticated, out, ended; and what the officers ask.

use cpni_guard::interaction::{Attested, Presented};
use cpni_guard::oversight::scope::Reach;
use cpni_guard::vocabulary::{Action, CallDirection, Channel, EventKind, Outcome, Purpose, Remedy};
use cpni_guard_ffi::{
    AuditCheck, FieldState, IncidentAccesses, ProtectResult, SecretKind, ViewResult, check_event_proof,
    check_grants, check_schema, sealed_record_field, sealed_record_from_text, sealed_record_info,
    sealed_record_to_text,
};

use crate::fixture::*;

const FIELDS: &[&str] = &["name", "ssn", "plan", "call_detail", "email"];

#[test]
fn a_view_before_and_after_the_password() {
    use FieldState::{Absent, Disclosed, Withheld};

    let carrier = Carrier::new();
    let sealed = carrier.customer();
    carrier.contact("call-1", Channel::PhoneInbound);
    let call = carrier.open("call-1").unwrap();

    let before = call.view(&sealed, &request(FIELDS)).unwrap();
    assert!(fields(&before).iter().all(|field| field.state == Withheld));
    assert_eq!(code(before.view.reveal(0)), 8003);
    let why = before.view.explain(3).unwrap();
    assert_eq!(why.answer.outcome, Outcome::Withhold);
    assert!(why.reasons.iter().any(|reason| reason.cite == "47 CFR 64.2010(b)"));
    let password = |path: &cpni_guard_ffi::RemedyPath| {
        path.steps.len() == 1 && path.steps[0].remedy == Remedy::ProvidePassword
    };
    let path = why.remedies.iter().find(|path| password(path)).unwrap();
    assert_eq!(path.steps[0].advice, "ask for the account password");
    assert!(why.for_supervisor.contains("64.2010(b)"));

    assert_eq!(call.present(SecretKind::Password, b"plum-harbor-20"), Ok(Presented::NoMatch));
    assert_eq!(call.present(SecretKind::Password, PASSWORD), Ok(Presented::Match));
    let after = call.view(&sealed, &request(FIELDS)).unwrap();
    let states: Vec<_> = fields(&after).iter().map(|field| field.state).collect();
    assert_eq!(states, [Disclosed, Withheld, Disclosed, Disclosed, Absent], "the SSN is never shown");
    assert_eq!(after.view.reveal(0).unwrap(), b"Dana Q. Example");
    assert_eq!(after.view.length(0), Ok(15));
    assert_eq!(after.view.matches(0, b"Dana Q. Example"), Ok(true));
    assert_eq!(after.view.matches(0, b"Dana Q. Exampl"), Ok(false));
    assert_eq!(code(after.view.matches(3, b"x")), 8004);
    assert_eq!(code(after.view.reveal(1)), 8003);
    assert_eq!(code(after.view.reveal(4)), 8003);
    assert_eq!(code(after.view.reveal(5)), 9306);

    let all = read_record(&after.view.reveal_all().unwrap());
    let names: Vec<_> = all.iter().map(|(name, shape, _)| (name.as_str(), *shape)).collect();
    assert_eq!(names, [("name", 1), ("ssn", 0), ("plan", 1), ("call_detail", 2), ("email", 0)]);
    assert_eq!(all[1].2, b"");
    let calls = &customer_fields()[4];
    let Field::Calls(name, rows) = calls else { panic!() };
    assert!(item("", &[Field::Calls(name, rows)]).ends_with(&all[3].2), "the layout is the same both ways");
    assert_eq!(after.view.length(3).unwrap(), all[3].2.len() as u64);
}

#[test]
fn a_customer_does_not_see_the_hotline() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let session = carrier.online("web-1");
    let seen = session.view(&sealed, &request(&["call_detail"])).unwrap();
    let Field::Calls(name, rows) = &customer_fields()[4] else { panic!() };
    let one = item("", &[Field::Calls(name, &rows[..1])]);
    let shown = seen.view.reveal(0).unwrap();
    assert_eq!(rows[1].0, CallDirection::Inbound);
    assert!(one.ends_with(&shown) && !shown.windows(10).any(|part| part == HOTLINE.as_bytes()));
}

#[test]
fn what_is_over_is_an_error() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let wiped = call.view(&sealed, &request(&["name"])).unwrap();
    wiped.view.wipe().unwrap();
    assert_eq!(code(wiped.view.reveal(0)), 8001);
    assert_eq!(code(wiped.view.explain(0)), 8001);
    let kept = call.view(&sealed, &request(&["name"])).unwrap();
    assert_eq!(kept.view.reveal(0).unwrap(), b"Dana Q. Example");
    call.end().unwrap();
    assert_eq!(code(kept.view.reveal(0)), 8001, "it ends with the interaction");
    assert_eq!(code(call.view(&sealed, &request(&["name"]))), 5003);
    assert_eq!(code(call.present(SecretKind::Password, PASSWORD)), 5003);
    assert_eq!(call.end(), Ok(()), "twice is once");

    let idle = carrier.authenticated("call-2");
    carrier.clock.advance(20 * 60 * 1_000_000).unwrap();
    assert_eq!(code(idle.view(&sealed, &request(&["name"]))), 5004);

    let open = carrier.authenticated("call-3");
    let audit = carrier.guard.clone().audit().unwrap();
    carrier.guard.shut_down().unwrap();
    assert_eq!(code(carrier.guard.protect(&item(ACCOUNT, &customer_fields()))), 9301);
    assert_eq!(code(carrier.open("call-3")), 9301);
    assert_eq!(code(audit.size()), 9301);
    assert!(open.view(&sealed, &request(&["name"])).is_ok(), "what is open goes on to its end");
}

#[test]
fn a_batch_has_a_result_for_each() {
    let carrier = Carrier::new();
    let good = item("acct-1", &customer_fields());
    let unknown = item("acct-2", &[Field::Text("favourite_colour", "blue")]);
    let odd = item("acct-3", &[Field::Text("ssn", "12")]);
    let results = carrier.guard.protect_batch(&batch(&[good, unknown, odd])).unwrap();
    let [
        ProtectResult::Sealed { record },
        ProtectResult::Failed { code },
        ProtectResult::Sealed { record: odd },
    ] = results.as_slice()
    else {
        panic!("{results:?}")
    };
    assert_eq!((*code, record.concerns.len()), (1101, 0));
    assert_eq!((odd.concerns[0].field.as_str(), odd.concerns[0].fault), ("ssn", 1151));
    assert_eq!(carrier.guard.protect_batch(&batch(&[])), Ok(vec![]));

    let info = sealed_record_info(&record.sealed).unwrap();
    assert_eq!(info.key_version, 1);
    assert!(info.fields.iter().any(|field| field.name == "ssn_last4"), "derived");
    let text = sealed_record_to_text(&record.sealed).unwrap();
    assert_eq!(sealed_record_from_text(text).unwrap(), record.sealed);
    assert_eq!(code_of(sealed_record_field(&record.sealed, "nothing".to_owned())), 3005);
}

#[test]
fn several_records_and_a_column_in_one_interaction() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let cut = &sealed[..sealed.len() - 1];
    let results = call.view_many(&list(&[&sealed, cut, &sealed]), &request(&["plan"])).unwrap();
    let [ViewResult::Viewed { answer }, ViewResult::Failed { code }, ViewResult::Viewed { .. }] =
        results.as_slice()
    else {
        panic!("{results:?}")
    };
    assert_eq!(answer.view.reveal(0).unwrap(), b"Unlimited Canary");
    assert_eq!(*code, 3001);

    let column = sealed_record_field(&sealed, "plan".to_owned()).unwrap();
    let mut asked = request(&["plan"]);
    asked[0] = 2;
    assert_eq!(call.view(&column, &asked).unwrap().view.reveal(0).unwrap(), b"Unlimited Canary");
    assert_eq!(code_of(call.view(&column, &request(&["plan"]))), 3001, "a column is no record");
}

#[test]
fn bytes_out_of_the_layout_are_refused() {
    let carrier = Carrier::new();
    let whole = item(ACCOUNT, &customer_fields());
    for len in 0..whole.len() {
        let refused = carrier.guard.protect(&whole[..len]);
        assert!(matches!(code_of(refused), 9302 | 1001), "cut at {len}");
    }
    assert_eq!(code_of(carrier.guard.protect(&[&whole[..], &[0]].concat())), 9302);
    assert_eq!(code_of(carrier.guard.protect_batch(&[0xFF; 8])), 9302, "a count that cannot be");
    let not_text = item(ACCOUNT, &[Field::Text("name", "x")]);
    let not_text: Vec<_> = not_text.iter().map(|byte| if *byte == b'x' { 0xFF } else { *byte }).collect();
    assert_eq!(code_of(carrier.guard.protect(&not_text)), 9303);

    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let asked = request(FIELDS);
    for len in 0..asked.len() {
        assert_eq!(code_of(call.view(&sealed, &asked[..len])), 9302, "cut at {len}");
    }
    for wrong in [0, 3, 255] {
        let mut asked = asked.clone();
        asked[0] = wrong;
        assert_eq!(code_of(call.view(&sealed, &asked)), 9302);
    }
    assert_eq!(code_of(call.view(&sealed, &request(&["no_such_field"]))), 1101);
    assert_eq!(code_of(call.view(&sealed, &request(&[]))), 1106);
    assert_eq!(code_of(call.verify(&sealed, &request(&["ssn", "name"]), b"x")), 9302);
}

#[test]
fn a_change_queues_its_notice() {
    let carrier = Carrier::new();
    let _sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let decided = call.decide(Action::ChangeEmailOfRecord).unwrap();
    assert_eq!(decided.answer.outcome, Outcome::Disclose);
    assert!(decided.why.explain(0).unwrap().remedies.is_empty());
    assert_eq!(code_of(decided.why.explain(1)), 9306);

    let leased = carrier.guard.lease_notices(10).unwrap();
    let [leased] = leased.as_slice() else { panic!("{leased:?}") };
    let notice = leased.notice.as_ref().unwrap();
    assert_eq!(notice.account().unwrap(), ACCOUNT.as_bytes());
    let facts = notice.facts().unwrap();
    assert_eq!((facts.action, facts.before), (Action::ChangeEmailOfRecord, false));
    assert_eq!((facts.address.as_deref(), facts.address_of_record), (Some("post-1"), true));
    assert_eq!(carrier.guard.notice_count(), Ok(1));
    assert!(carrier.guard.lease_notices(10).unwrap().is_empty(), "leased to one worker");
    assert_eq!(carrier.guard.notice_failed(notice), Ok(true));
    assert_eq!(carrier.guard.notice_done(&leased.id), Ok(true));
    assert_eq!(carrier.guard.notice_done(&leased.id), Ok(false));
    assert_eq!(code_of(carrier.guard.notice_discard(&leased.id[1..])), 9302);
}

#[test]
fn attested_is_what_the_contact_source_says() {
    let carrier = Carrier::new();
    let _sealed = carrier.customer();
    carrier.contact("call-1", Channel::PhoneInbound);
    let call = carrier.open("call-1").unwrap();
    assert_eq!(call.attest(Attested::Passkey), Ok(Presented::NoMatch), "the tool's word is none");
    let established = contact(Channel::PhoneInbound, "dana", vec![Attested::Passkey]);
    carrier.contacts.put("call-1".to_owned(), &established).unwrap();
    assert_eq!(call.attest(Attested::Passkey), Ok(Presented::Match));
    assert_eq!(call.attest(Attested::BusinessContract), Ok(Presented::NoMatch));
}

#[test]
fn a_stated_ssn_is_compared_and_not_shown() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    carrier.contact("call-1", Channel::PhoneInbound);
    let call = carrier
        .guard
        .open_interaction(
            "dana".to_owned(),
            ACCOUNT.to_owned(),
            Purpose::CreditCheck,
            Some("call-1".to_owned()),
            Some(Channel::PhoneInbound),
        )
        .unwrap();
    let right = call.verify(&sealed, &request(&["ssn"]), b"987654321").unwrap();
    let wrong = call.verify(&sealed, &request(&["ssn"]), b"987654322").unwrap();
    assert_eq!(right.answer.outcome, Outcome::VerifyOnly);
    assert_eq!((right.result, wrong.result), (Some(Presented::Match), Some(Presented::NoMatch)));
}

#[test]
fn the_officers_get_their_answers() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let seen = call.view(&sealed, &request(&["plan"])).unwrap();
    call.end().unwrap();

    let audit = carrier.guard.clone().audit().unwrap();
    let page = audit.who_saw(ACCOUNT.to_owned(), 0, NOON + DAY, 0, 10).unwrap();
    assert_eq!((page.events.len(), page.more), (1, false));
    let event = &page.events[0];
    assert_eq!((event.kind, event.index), (EventKind::Viewed, read_told(&seen.told).0));
    assert_eq!((event.agent.as_deref(), event.contact.as_deref()), (Some("dana"), Some("call-1")));
    assert_eq!(event.fields[0].field, "plan");
    assert!(!event.fields[0].rules.is_empty());
    let rule = event.fields[0].rules[0].clone();
    assert!(audit.decided_by(rule, 0, NOON + DAY, 0, 0).unwrap().more);
    assert_eq!(audit.seen_by("dana".to_owned(), 0, NOON + DAY, 0, 10), Ok(page.clone()));
    assert!(audit.seen_by("dana".to_owned(), 0, NOON + DAY, 1, 10).unwrap().events.is_empty());

    let key = audit.verifying_key().unwrap();
    let proof = audit.prove(event.index).unwrap();
    assert_eq!(check_event_proof(proof.clone(), key.clone()).as_ref(), Ok(event));
    let changed = proof.replacen("\nindex ", "\nindex 1", 1);
    assert!(check_event_proof(changed, key).is_err());

    let note = audit.checkpoint().unwrap();
    let AuditCheck::Intact { size, anchored, .. } = audit.verify(Some(note.clone())).unwrap() else {
        panic!()
    };
    assert_eq!((size, anchored), (audit.size().unwrap(), Some(size)));
    let other = Carrier::new().guard.clone().audit().unwrap();
    assert!(other.verify(Some(note)).is_err(), "another log's checkpoint");

    let report = carrier.guard.evidence_report(NOON - DAY, NOON + DAY, None, None).unwrap();
    assert!(report.json.starts_with('{') && report.html.starts_with("<!"));
    assert_eq!(code_of(carrier.guard.evidence_report(1, 1, None, None)), 9306);

    let index = read_told(&seen.told).0;
    assert_eq!(carrier.guard.name_account("sue".to_owned(), index).unwrap().unwrap(), ACCOUNT.as_bytes());
    assert_eq!(carrier.guard.name_account("sue".to_owned(), 0), Ok(None), "the log's beginning");
    assert_eq!(code_of(carrier.guard.name_account("dana".to_owned(), index)), 5030);
    let asked = audit.seen_by("dana".to_owned(), 0, NOON + DAY, 0, 10).unwrap();
    assert_eq!(asked.events[0].site.as_deref(), Some(SITE));

    let all = IncidentAccesses { agents: vec!["dana".to_owned()], ..IncidentAccesses::default() };
    let elsewhere = IncidentAccesses { sites: vec!["elsewhere".to_owned()], ..all.clone() };
    let scope = carrier.guard.breach_scope("sue".to_owned(), elsewhere, true).unwrap();
    assert!(scope.accounts().unwrap().is_empty());
    let all = IncidentAccesses { sites: vec![SITE.to_owned()], ..all };
    let refused = carrier.guard.breach_scope("dana".to_owned(), all.clone(), true);
    assert_eq!(code_of(refused), 5030, "an agent is no officer");
    let scope = carrier.guard.breach_scope("sue".to_owned(), all, true).unwrap();
    let accounts = scope.accounts().unwrap();
    assert_eq!((accounts.len(), accounts[0].reach), (1, Reach::Disclosed));
    assert_eq!(scope.name(0).unwrap().unwrap(), ACCOUNT.as_bytes());
    assert_eq!(code_of(scope.name(1)), 9306);
    assert_eq!(scope.is_exact(), Ok(true));

    assert!(carrier.guard.attestation_json().unwrap().contains("\"tenant\": \"default\""));
    assert!(carrier.guard.policy_status().unwrap().iter().any(|pack| pack.id == "us-ssn" && pack.in_force));
    assert!(carrier.guard.schema_fields().unwrap().iter().any(|field| field.is_calls));
}

#[test]
fn faults_in_files_have_a_place_and_a_builder_is_good_once() {
    assert!(check_schema(SCHEMA.to_owned()).unwrap().is_empty());
    assert!(check_grants(GRANTS.to_owned()).unwrap().is_empty());
    let faults = check_schema("[fields]\nname = { class = \"identty\" }\n".to_owned()).unwrap();
    assert_eq!((faults.len(), faults[0].line), (1, 2));
    assert!(faults[0].what.contains("did you mean `identity`"));
    assert!(!check_grants(GRANTS.replace("\"permit\"", "\"forbid\"")).unwrap().is_empty());

    let builder = cpni_guard_ffi::GuardBuilder::new().unwrap();
    assert_eq!(code_of(builder.build()), 9001);
    assert_eq!(code_of(builder.build()), 9308);
    let builder = cpni_guard_ffi::GuardBuilder::new().unwrap();
    assert_eq!(code_of(builder.schema("nonsense".to_owned())), 1201);
    assert_eq!(code_of(builder.build()), 9308, "no guard without the part that was refused");
}

fn code_of<T: std::fmt::Debug>(result: Result<T, cpni_guard_ffi::CpniError>) -> u16 {
    code(result)
}
