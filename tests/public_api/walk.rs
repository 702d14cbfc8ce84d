//! The walk: sealed, authenticated, disclosed, recorded, ended.

use cpni_guard::error::{DiscloseError, InteractionError, RecordError};
use cpni_guard::interaction::{PhotoIdKind, Stated};
use cpni_guard::vocabulary::{
    AgentId, Channel, CivilDate, EventKind, EvidenceKind, Obligation, Outcome, Purpose, RecordId, Remedy,
    Role, Timestamp, WithheldBecause,
};
use cpni_guard::{
    AgentSession, Contact, Error, Evidence, FieldRequest, FieldView, Interaction, NamedCall, PhotoId,
    Presented, Sensitive, Stores, View,
};

use crate::fixture::{Carrier, NOON, account, profile, record_with_id};

fn text(view: &View, field: &str) -> String {
    view.field(field).unwrap().disclosed().unwrap().with_text(str::to_owned).unwrap()
}

fn withheld(view: &View, field: &str) -> bool {
    matches!(view.field(field).unwrap(), FieldView::Withheld(_))
}

#[test]
fn nothing_before_the_password_and_what_policy_allows_after_it() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.call("dana", &dana);
    let fields = ["name", "plan", "call_detail", "ssn", "ssn_last4"];

    let before = call.view(&sealed, fields).unwrap();
    for field in fields {
        let shown = before.field(field).unwrap();
        let decision = shown.decision();
        assert!(withheld(&before, field), "{field}");
        assert_eq!(decision.because(), Some(WithheldBecause::Forbidden), "{field}");
        assert!(decision.reasons().next().is_some_and(|reason| !reason.cite.is_empty()), "{field}");
    }
    let remedies = before.field("call_detail").unwrap().decision().remedies();
    assert_eq!(remedies[0], [Remedy::ProvidePassword]);
    assert!(before.field("ssn").unwrap().decision().remedies().is_empty());

    assert_eq!(call.present(Evidence::password("not it")).unwrap(), Presented::NoMatch);
    assert!(withheld(&call.view(&sealed, ["plan"]).unwrap(), "plan"));
    assert_eq!(call.present(Evidence::password(crate::fixture::PASSWORD)).unwrap(), Presented::Match);

    let after = call.view(&sealed, fields).unwrap();
    assert_eq!(text(&after, "name"), "Dana Example");
    assert_eq!(text(&after, "plan"), "Unlimited Plus");
    assert_eq!(after.field("call_detail").unwrap().disclosed().unwrap().with_calls(<[_]>::len).unwrap(), 3);
    assert!(withheld(&after, "ssn") && withheld(&after, "ssn_last4"));
    assert!(after.field("plan").unwrap().decision().obligations().contains(Obligation::Audit));
    call.end().unwrap();
    carrier.guard.audit().verify().unwrap();
}

#[test]
fn what_was_disclosed_dies_with_the_interaction() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let closed = |view: &View| {
        let read = view.field("plan").unwrap().disclosed().unwrap().with_text(str::len);
        assert_eq!(read, Err(Error::Disclose(DiscloseError::Closed)));
    };

    let mut call = carrier.authenticated("dana", &dana);
    let view = call.view(&sealed, ["plan"]).unwrap();
    assert_eq!(text(&view, "plan"), "Unlimited Plus");
    call.end().unwrap();
    closed(&view);

    let mut call = carrier.authenticated("dana", &dana);
    let view = call.view(&sealed, ["plan"]).unwrap();
    drop(call);
    closed(&view);

    // Idle for fifteen minutes: the view closes by itself, and the interaction takes no more.
    let mut call = carrier.authenticated("dana", &dana);
    let view = call.view(&sealed, ["plan"]).unwrap();
    carrier.advance(15 * 60 - 1);
    assert_eq!(text(&view, "plan"), "Unlimited Plus");
    carrier.advance(1);
    closed(&view);
    assert_eq!(call.view(&sealed, ["plan"]).unwrap_err(), InteractionError::Expired.into());

    // The customer hangs up.
    let mut call = carrier.authenticated("dana", &dana);
    let view = call.view(&sealed, ["plan"]).unwrap();
    let size = carrier.guard.audit().size();
    let (_, last) = carrier.guard.audit().entries(size - 1..size).next().unwrap().unwrap();
    carrier.contacts.end(&last.facts.contact.unwrap());
    assert_eq!(call.view(&sealed, ["plan"]).unwrap_err(), InteractionError::Ended.into());
    closed(&view);

    // The agent signs out.
    let mut call = carrier.authenticated("lee", &dana);
    let view = call.view(&sealed, ["plan"]).unwrap();
    carrier.directory.sign_out("lee");
    assert_eq!(call.view(&sealed, ["plan"]).unwrap_err(), InteractionError::Ended.into());
    closed(&view);
}

#[test]
fn an_absolute_limit_ends_even_a_busy_interaction() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.authenticated("dana", &dana);
    for _ in 0..23 {
        carrier.advance(10 * 60);
        call.view(&sealed, ["plan"]).unwrap();
    }
    carrier.advance(10 * 60);
    assert_eq!(call.view(&sealed, ["plan"]).unwrap_err(), InteractionError::Expired.into());
}

fn named(number: &str, minutes_before_noon: u64) -> NamedCall {
    let started = Timestamp::from_secs(NOON.as_secs() - minutes_before_noon * 60);
    NamedCall { number: Sensitive::from(number.to_owned()), started, duration_secs: None }
}

#[test]
fn a_call_named_unaided_opens_that_call_only() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.call("dana", &dana);

    // Sixteen minutes off is too far; fifteen is not. Spelling does not matter.
    assert_eq!(
        call.name_call(named("(202) 555-0123", 320), &sealed, "call_detail").unwrap(),
        Presented::NoMatch
    );
    assert!(withheld(&call.view(&sealed, [FieldRequest::named_call("call_detail")]).unwrap(), "call_detail"));
    assert_eq!(
        call.name_call(named("(202) 555-0123", 319), &sealed, "call_detail").unwrap(),
        Presented::Match
    );

    let view = call.view(&sealed, [FieldRequest::named_call("call_detail")]).unwrap();
    assert_eq!(view.field("call_detail").unwrap().decision().outcome(), Outcome::DiscloseLimited);
    let disclosed = view.field("call_detail").unwrap().disclosed().unwrap();
    disclosed
        .with_calls(|rows| {
            assert_eq!(rows.len(), 1);
            assert_eq!(rows[0].number().expose(), "+1 202 555 0123");
        })
        .unwrap();
    // Not the others, and no other CPNI.
    let view = call.view(&sealed, ["call_detail", "plan"]).unwrap();
    assert!(withheld(&view, "call_detail") && withheld(&view, "plan"));
}

/// The agent reads out a second call after the first one was shown: it was not named unaided, and does
/// not take the place of the one that was.
#[test]
fn a_call_named_with_help_does_not_open_in_place_of_the_one_named_without() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.call("dana", &dana);
    let shown = |call: &mut Interaction| {
        let view = call.view(&sealed, [FieldRequest::named_call("call_detail")]).unwrap();
        let rows = view.field("call_detail").unwrap().disclosed().unwrap();
        rows.with_calls(|rows| rows.iter().map(|row| row.duration_secs()).collect::<Vec<_>>()).unwrap()
    };
    assert_eq!(call.name_call(named("202-555-0123", 304), &sealed, "call_detail").unwrap(), Presented::Match);
    assert_eq!(shown(&mut call), [61]);
    let second = NamedCall { duration_secs: Some(240), ..named("202-555-0145", 244) };
    assert_eq!(call.name_call(second, &sealed, "call_detail").unwrap(), Presented::Match);
    assert_eq!(shown(&mut call), [61]);
}

#[test]
fn a_call_that_fits_two_names_none_and_guessing_is_limited() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.call("dana", &dana);
    // Both calls with 555-0145 lie within fifteen minutes of 11:05.
    assert_eq!(call.name_call(named("2025550145", 239), &sealed, "call_detail").unwrap(), Presented::NoMatch);
    for _ in 0..2 {
        assert_eq!(
            call.name_call(named("2025550199", 239), &sealed, "call_detail").unwrap(),
            Presented::NoMatch
        );
    }
    // A fourth attempt is not looked at, although it is right.
    let locked = Err(InteractionError::LockedOut.into());
    assert_eq!(call.name_call(named("2025550123", 304), &sealed, "call_detail"), locked);
    // A new contact starts anew, until the account has had five in a day.
    let mut call = carrier.call("dana", &dana);
    for _ in 0..2 {
        assert_eq!(
            call.name_call(named("2025550199", 239), &sealed, "call_detail").unwrap(),
            Presented::NoMatch
        );
    }
    assert_eq!(call.name_call(named("2025550123", 304), &sealed, "call_detail"), locked);
}

#[test]
fn a_call_named_after_call_detail_was_shown_is_not_unaided() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.authenticated("dana", &dana);
    call.view(&sealed, ["call_detail"]).unwrap();
    assert_eq!(call.name_call(named("2025550123", 304), &sealed, "call_detail").unwrap(), Presented::Match);
    let size = carrier.guard.audit().size();
    let (_, last) = carrier.guard.audit().entries(size - 1..size).next().unwrap().unwrap();
    let kinds: Vec<_> = last.facts.evidence.iter().map(|(kind, _)| *kind).collect();
    assert!(
        kinds.contains(&EvidenceKind::CallNamedWithHelp) && !kinds.contains(&EvidenceKind::CallNamedUnaided)
    );
}

#[test]
fn a_store_visit_needs_a_valid_id_in_the_right_name() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let contact = carrier.contact("visit-1", Channel::Retail, "ray");
    let mut visit = carrier.interaction("ray", &dana, contact).unwrap();
    let id = |year, name: &str| PhotoId {
        kind: PhotoIdKind::DriversLicence,
        expires: CivilDate::new(year, 11, 22).unwrap(),
        name: Sensitive::from(name.to_owned()),
    };
    assert_eq!(visit.show_photo_id(&id(2026, "EXAMPLE, DANA"), &sealed, "name").unwrap(), Presented::NoMatch);
    let view = visit.view(&sealed, ["plan", "call_detail"]).unwrap();
    let decision = view.field("plan").unwrap().decision().clone();
    assert!(decision.reasons().any(|reason| reason.rule.as_str() == "invalid-photo-id"));
    assert!(decision.remedies().contains(&vec![Remedy::ShowValidPhotoId]));

    assert_eq!(visit.show_photo_id(&id(2027, "Sam Sample"), &sealed, "name").unwrap(), Presented::NoMatch);
    assert!(withheld(&visit.view(&sealed, ["plan"]).unwrap(), "plan"));
    assert_eq!(visit.show_photo_id(&id(2027, "EXAMPLE, DANA"), &sealed, "name").unwrap(), Presented::Match);
    assert_eq!(text(&visit.view(&sealed, ["plan"]).unwrap(), "plan"), "Unlimited Plus");

    // On the telephone nobody can look at an ID.
    let mut call = carrier.call("dana", &dana);
    let refused = call.show_photo_id(&id(2027, "Dana Example"), &sealed, "name");
    assert_eq!(refused, Err(InteractionError::NotOnThisChannel.into()));
}

#[test]
fn a_call_back_counts_where_the_telephony_says_so() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let contact = carrier.contact("back-1", Channel::PhoneCallback, "dana");
    let mut call = carrier.interaction("dana", &dana, contact).unwrap();
    let view = call.view(&sealed, ["call_detail"]).unwrap();
    assert!(!withheld(&view, "call_detail"));
}

#[test]
fn what_a_customer_states_is_noted_and_proves_nothing() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.call("dana", &dana);
    for stated in [
        Stated::SsnLast4,
        Stated::DateOfBirth,
        Stated::HomeAddress,
        Stated::AccountNumber,
        Stated::BillAmount,
    ] {
        assert_eq!(call.present(Evidence::Stated(stated)).unwrap(), Presented::Noted);
    }
    let view = call.view(&sealed, ["plan", "call_detail", "name"]).unwrap();
    assert!(["plan", "call_detail", "name"].iter().all(|field| withheld(&view, field)));
}

#[test]
fn an_open_case_opens_what_fraud_work_needs_and_masks_payment() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let case = carrier.contact("case-7", Channel::BackOffice, "fay");
    let mut work = carrier.guard.interaction(AgentSession::new("fay"), &dana, case, Purpose::Fraud).unwrap();
    let view = work.view(&sealed, ["call_detail", "card", "ssn"]).unwrap();
    assert!(!withheld(&view, "call_detail") && withheld(&view, "ssn"));
    assert_eq!(text(&view, "card"), "\u{2022}\u{2022}\u{2022}\u{2022}1111");
    // No customer is there who could give a password.
    assert_eq!(work.present(Evidence::password("x")), Err(InteractionError::NoLiveContact.into()));
}

#[test]
fn a_customer_online_sees_the_own_account_and_no_other() {
    let carrier = Carrier::new(Stores::in_memory());
    let (own, other) = (account("A-1"), account("A-2"));
    let (sealed, foreign) = (carrier.customer(&own), carrier.customer(&other));
    let mut customer = profile("web-1", Role::Customer);
    customer.own_account = Some(own.clone());
    carrier.directory.sign_in("web", customer);
    let open = |account, contact: &str| {
        let contact = carrier.contact(contact, Channel::Online, "web-1");
        let mut session = carrier.interaction("web", account, contact).unwrap();
        session.present(Evidence::password(crate::fixture::PASSWORD)).unwrap();
        session
    };
    let view = open(&own, "s-1").view(&sealed, ["plan"]).map(|view| withheld(&view, "plan"));
    assert_eq!(view, Ok(false));
    let view = open(&other, "s-2").view(&foreign, ["plan"]).unwrap();
    let reasons: Vec<_> =
        view.field("plan").unwrap().decision().reasons().map(|r| r.rule.to_string()).collect();
    assert!(reasons.contains(&"own-account-only".to_owned()), "{reasons:?}");
}

#[test]
fn a_column_alone_opens_like_the_record_it_came_from() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let id = RecordId::new("row-7").unwrap();
    let sealed = carrier.guard.protect(&dana, record_with_id(id.clone())).unwrap().record;
    carrier.customer(&dana);
    let column = sealed.field("plan").unwrap();
    let mut call = carrier.authenticated("dana", &dana);
    assert_eq!(text(&call.view((&column, &id), ["plan"]).unwrap(), "plan"), "Unlimited Plus");
    assert_eq!(text(&call.view((&sealed, &id), ["plan"]).unwrap(), "plan"), "Unlimited Plus");
    // What the column does not hold is absent; without its record id it does not open.
    let view = call.view((&column, &id), ["name"]).unwrap();
    assert!(matches!(view.field("name").unwrap(), FieldView::Absent(_)));
    assert!(matches!(call.view(&column, ["plan"]), Err(Error::Sealed(_))));
}

#[test]
fn asking_wrongly_is_an_error() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.authenticated("dana", &dana);
    let unknown = call.view(&sealed, ["plan", "plam"]).unwrap_err();
    assert_eq!(unknown, RecordError::UnknownField { position: 1 }.into());
    assert!(matches!(
        call.view(&sealed, ["plan", "plan"]),
        Err(Error::Record(RecordError::DuplicateField { .. }))
    ));
    assert_eq!(call.view(&sealed, Vec::<&str>::new()).unwrap_err(), RecordError::Empty.into());
    let view = call.view(&sealed, ["plan", "call_detail"]).unwrap();
    assert_eq!(view.field("name").unwrap_err(), DiscloseError::NotAskedFor.into());
    let rows = view.field("call_detail").unwrap().disclosed().unwrap();
    assert_eq!(rows.with_text(str::len), Err(DiscloseError::WrongShape.into()));
}

#[test]
fn every_step_is_in_the_log() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let mut call = carrier.authenticated("dana", &dana);
    let view = call.view(&sealed, ["plan", "ssn"]).unwrap();
    let at = view.audit_index();
    call.end().unwrap();
    let log = carrier.guard.audit();
    let events: Vec<_> = log.entries(0..u64::MAX).map(|entry| entry.unwrap().1).collect();
    let kinds: Vec<_> = events.iter().map(|event| event.facts.kind).collect();
    assert_eq!(
        kinds,
        [
            EventKind::Genesis,
            EventKind::SecretImported,
            EventKind::InteractionOpened,
            EventKind::EvidencePresented,
            EventKind::Viewed,
            EventKind::InteractionEnded,
        ]
    );
    let viewed = &events[usize::try_from(at).unwrap()].facts;
    assert_eq!(viewed.actor.as_ref().unwrap().agent, AgentId::new("dana").unwrap());
    assert_eq!((viewed.purpose, viewed.channel), (Some(Purpose::Support), Some(Channel::PhoneInbound)));
    assert_eq!(viewed.fields[0].outcome, Outcome::Disclose);
    assert_eq!(viewed.fields[1].rules[0].as_str(), "ssn-not-shown");
    assert_ne!(viewed.grant, [0; 16]);
    assert_ne!(viewed.policy, [0; 32]);
    assert_eq!(*events[4].account.as_ref().unwrap().pseudonym(), log.derive_pseudonym(&dana));
    assert_eq!(log.verify().unwrap().size(), 6);
}

#[test]
fn a_contact_opens_one_account() {
    let carrier = Carrier::new(Stores::in_memory());
    let (first, second) = (account("A-1"), account("A-2"));
    let (_, sealed) = (carrier.customer(&first), carrier.customer(&second));
    let contact = carrier.contact("call-9", Channel::PhoneInbound, "dana");
    carrier.interaction("dana", &first, contact.clone()).unwrap().end().unwrap();
    let mut call = carrier.interaction("dana", &second, contact).unwrap();
    let view = call.view(&sealed, ["plan"]).unwrap();
    let decision = view.field("plan").unwrap().decision().clone();
    assert!(decision.reasons().any(|reason| reason.rule.as_str() == "live-contact"));
    assert!(decision.obligations().contains(Obligation::Alert));
    assert_eq!(
        call.present(Evidence::password(crate::fixture::PASSWORD)),
        Err(InteractionError::NoLiveContact.into())
    );
}

#[test]
fn an_unknown_agent_opens_nothing_and_leaves_a_record() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let refused = carrier.interaction("nobody", &dana, Contact::None).unwrap_err();
    assert_eq!(refused, InteractionError::UnknownAgent.into());
    let (_, event) = carrier.guard.audit().entries(1..2).next().unwrap().unwrap();
    assert_eq!((event.facts.kind, event.facts.cause), (EventKind::InteractionOpened, refused.code().get()));
}
