//! Views for an agent's machine: the same decisions and values as any view, recorded as going there.

use std::sync::Arc;

use cpni_guard::audit::AuditEvent;
use cpni_guard::classify::FieldValue;
use cpni_guard::error::{DeviceError, DiscloseError, InteractionError, SealedError};
use cpni_guard::vocabulary::{EventKind, Outcome};
use cpni_guard::{
    DeviceField, DeviceReply, DeviceRequest, DeviceSession, DeviceView, Error, FieldRequest, FieldView,
    Stores, View,
};

use crate::fixture::{Carrier, FIELDS, account};

fn carrier() -> Carrier {
    Carrier::new(Stores::in_memory())
}

fn device(carrier: &Carrier) -> DeviceSession {
    DeviceSession::start_with_clock(Arc::clone(&carrier.clock) as _).unwrap()
}

fn events(carrier: &Carrier) -> Vec<AuditEvent> {
    carrier.guard.audit().entries(0..u64::MAX).map(|entry| entry.unwrap().1).collect()
}

fn text(view: &DeviceView, field: &str) -> Result<String, Error> {
    view.field(field)?.disclosed()?.with_text(str::to_owned)
}

/// What an agent's tool can show of a field.
type Shown = (String, Outcome, String, Vec<String>, Vec<Vec<&'static str>>, Option<String>);

fn value(value: &FieldValue) -> String {
    match value {
        FieldValue::Text(text) => text.expose().clone(),
        FieldValue::Calls(rows) => {
            let row = |row: &cpni_guard::CallRow| {
                let place = row.place().map(|place| place.expose().clone());
                format!(
                    "{} {} {} {} {place:?}",
                    row.direction(),
                    row.number().expose(),
                    row.start(),
                    row.duration_secs()
                )
            };
            rows.iter().map(row).collect::<Vec<_>>().join("; ")
        }
    }
}

fn shown(view: &View) -> Vec<Shown> {
    view.fields()
        .map(|(name, field)| {
            let decision = field.decision().clone();
            (
                name.to_string(),
                decision.outcome(),
                decision.for_agent().to_owned(),
                decision.reasons().map(|r| format!("{} {} {}", r.rule, r.title, r.cite)).collect(),
                decision
                    .remedies()
                    .iter()
                    .map(|set| set.iter().map(|remedy| remedy.advice()).collect())
                    .collect(),
                match field {
                    FieldView::Disclosed(seen) => Some(seen.with(value).unwrap()),
                    FieldView::Withheld(_) | FieldView::Absent(_) => None,
                },
            )
        })
        .collect()
}

fn shown_on_device(view: &DeviceView) -> Vec<Shown> {
    view.fields()
        .map(|(name, field)| {
            let decision = field.decision();
            (
                name.to_string(),
                decision.outcome(),
                decision.for_agent().to_owned(),
                decision.reasons().iter().map(|r| format!("{} {} {}", r.rule, r.title, r.cite)).collect(),
                decision
                    .remedies()
                    .iter()
                    .map(|set| set.iter().map(|remedy| remedy.advice()).collect())
                    .collect(),
                match field {
                    DeviceField::Disclosed(seen) => Some(seen.with(value).unwrap()),
                    DeviceField::Withheld(_) | DeviceField::Absent(_) => None,
                },
            )
        })
        .collect()
}

#[test]
fn a_device_sees_what_any_view_shows() {
    let carrier = carrier();
    let customer = account("A-1");
    let sealed = carrier.customer(&customer);
    for authenticated in [false, true] {
        let mut call = if authenticated {
            carrier.authenticated("dana", &customer)
        } else {
            carrier.call("dana", &customer)
        };
        let device = device(&carrier);
        let request = DeviceRequest::from_text(&device.request().unwrap().to_text()).unwrap();
        let reply = call.view_for_device(&sealed, FIELDS, &request).unwrap().to_text();
        let there = device.open(&request, DeviceReply::from_text(&reply).unwrap()).unwrap();
        let here = call.view(&sealed, FIELDS).unwrap();
        assert_eq!(shown_on_device(&there), shown(&here));
        let disclosed = shown(&here).iter().filter(|field| field.5.is_some()).count();
        assert_eq!(disclosed > 5, authenticated, "{disclosed}");
    }
}

#[test]
fn the_view_is_recorded_as_going_to_the_device() {
    let carrier = carrier();
    let customer = account("A-1");
    let sealed = carrier.customer(&customer);
    let mut call = carrier.authenticated("dana", &customer);
    let device = device(&carrier);
    let request = device.request().unwrap();
    let reply = call.view_for_device(&sealed, ["plan", "ssn"], &request).unwrap();
    let view = device.open(&request, reply).unwrap();
    let events = events(&carrier);
    let [.., asked, viewed] = &events[..] else { panic!("two events") };
    assert_eq!(usize::try_from(view.audit_index()), Ok(events.len() - 1));
    assert_eq!((asked.facts.kind, asked.facts.cause), (EventKind::DeviceAsked, 0));
    assert_eq!(asked.facts.basis.as_ref().unwrap().as_str(), device.fingerprint());
    assert_eq!(viewed.facts.kind, EventKind::Viewed);
    assert_eq!(asked.facts.interaction, viewed.facts.interaction);
    assert_eq!(Some(viewed.facts.interaction), device.interaction());
    assert_eq!(viewed.facts.fields.len(), 2);
    let pseudonym = |event: &AuditEvent| *event.account.as_ref().unwrap().pseudonym();
    assert_eq!(pseudonym(asked), pseudonym(viewed));
    carrier.guard.audit().verify().unwrap();
    // A view in the back end is not announced.
    call.view(&sealed, ["plan"]).unwrap();
    let events = self::events(&carrier);
    assert_eq!(events[events.len() - 2].facts.kind, EventKind::Viewed);
}

/// With the agent's login and another key: refused, also where the login is good, and on record.
#[test]
fn an_interaction_answers_one_device_session() {
    let carrier = carrier();
    let customer = account("A-1");
    let sealed = carrier.customer(&customer);
    let mut call = carrier.authenticated("dana", &customer);
    let (mine, thief) = (device(&carrier), device(&carrier));
    let request = mine.request().unwrap();
    assert!(call.view_for_device(&sealed, ["plan"], &request).is_ok());
    let theirs = thief.request().unwrap();
    let refused = call.view_for_device(&sealed, ["plan"], &theirs);
    assert_eq!(refused.err(), Some(InteractionError::AnotherDevice.into()));
    let last = events(&carrier).pop().unwrap().facts;
    assert_eq!((last.kind, last.fields.len()), (EventKind::DeviceAsked, 0));
    assert_eq!(last.basis.unwrap().as_str(), thief.fingerprint());
    assert_eq!(last.cause, Error::from(InteractionError::AnotherDevice).code().get());
    assert!(call.view_for_device(&sealed, ["plan"], &mine.request().unwrap()).is_ok());
}

#[test]
fn a_session_serves_one_interaction() {
    let carrier = carrier();
    let (one, two) = (account("A-1"), account("A-2"));
    let (sealed_one, sealed_two) = (carrier.customer(&one), carrier.customer(&two));
    let device = device(&carrier);
    let request = device.request().unwrap();
    let mut call = carrier.authenticated("dana", &one);
    let reply = call.view_for_device(&sealed_one, ["plan"], &request).unwrap();
    let view = device.open(&request, reply).unwrap();
    for (agent, customer, sealed) in
        [("dana", &two, &sealed_two), ("dana", &one, &sealed_one), ("lee", &one, &sealed_one)]
    {
        let mut other = carrier.authenticated(agent, customer);
        let request = device.request().unwrap();
        let reply = other.view_for_device(sealed, ["plan"], &request).unwrap();
        let refused = device.open(&request, reply).err();
        assert_eq!(refused, Some(DeviceError::AnotherInteraction.into()));
    }
    assert_eq!(text(&view, "plan").as_deref(), Ok("Unlimited Plus"));
}

/// Whoever carries, logs or stores the reply reads nothing of it.
#[test]
fn nothing_of_the_view_is_in_the_reply() {
    let carrier = carrier();
    let customer = account("ACCOUNT-OF-DANA");
    let sealed = carrier.customer(&customer);
    let mut call = carrier.authenticated("dana", &customer);
    let device = device(&carrier);
    let request = device.request().unwrap();
    let reply = call.view_for_device(&sealed, FIELDS, &request).unwrap();
    let bytes = String::from_utf8_lossy(reply.as_bytes()).into_owned();
    for text in ["Unlimited", "555", "Dana", "ACCOUNT", "plan", "64.2010", "share"] {
        assert!(!bytes.contains(text), "{text}");
    }
    assert!(bytes.contains("dana"), "the agent's id is in the open part");
}

#[test]
fn it_ends_when_the_interaction_would() {
    let carrier = carrier();
    let customer = account("A-1");
    let sealed = carrier.customer(&customer);
    let mut call = carrier.authenticated("dana", &customer);
    let device = device(&carrier);
    let request = device.request().unwrap();
    let reply = call.view_for_device(&sealed, ["plan"], &request).unwrap();
    let view = device.open(&request, reply).unwrap();
    assert_eq!(device.time_left().map(|left| left.as_secs()), Some(15 * 60));
    carrier.advance(15 * 60 - 1);
    assert!(text(&view, "plan").is_ok());
    let request = device.request().unwrap();
    let later = call.view_for_device(&sealed, ["lines"], &request).unwrap();
    carrier.advance(1);
    // The first view's time is over, and the second was not opened before.
    assert_eq!(text(&view, "plan").err(), Some(DiscloseError::Closed.into()));
    assert_eq!(device.open(&request, later).err(), Some(DeviceError::Expired.into()));
}

#[test]
fn what_is_refused_gives_no_reply() {
    let carrier = carrier();
    let (one, two) = (account("A-1"), account("A-2"));
    let (sealed, _) = (carrier.customer(&one), carrier.customer(&two));
    let mut call = carrier.authenticated("dana", &two);
    let device = device(&carrier);
    let recorded = carrier.guard.audit().size();

    // A key that no session makes: nothing is decided, opened or bound.
    let mut low = device.request().unwrap().to_bytes();
    low[4..36].fill(0);
    let low = DeviceRequest::from_bytes(low).unwrap();
    let refused = call.view_for_device(&sealed, ["plan"], &low);
    assert_eq!(refused.err(), Some(DeviceError::PublicKey.into()));
    assert_eq!(carrier.guard.audit().size(), recorded);

    // Bytes of another account: recorded as not carried out.
    let request = device.request().unwrap();
    let moved = call.view_for_device(&sealed, ["plan"], &request);
    assert_eq!(moved.err(), Some(SealedError::Commitment.into()));
    let kinds: Vec<_> = events(&carrier).iter().rev().take(3).map(|event| event.facts.kind).collect();
    assert_eq!(kinds, [EventKind::NotCarriedOut, EventKind::Viewed, EventKind::DeviceAsked]);

    // The interaction's own end.
    call.end().unwrap();
    let mut call = carrier.call("dana", &one);
    carrier.advance(15 * 60);
    let expired = call.view_for_device(&sealed, [FieldRequest::whole("plan")], &request);
    assert_eq!(expired.err(), Some(InteractionError::Expired.into()));
}
