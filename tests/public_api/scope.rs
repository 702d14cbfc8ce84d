//! Whose data an incident touched: asked by those entitled, recorded, named.

use cpni_guard::error::InteractionError;
use cpni_guard::guard::ScopeMode;
use cpni_guard::oversight::scope::{Accesses, Reach, Selection};
use cpni_guard::vocabulary::{AgentId, DataClass, EventKind, Timestamp};
use cpni_guard::{AgentSession, Error, ErrorCode, MemoryKeys, Stores};

use crate::fixture::{Carrier, account};

fn carrier(stores: Stores) -> Carrier {
    let fay = AgentId::new("fay").unwrap();
    Carrier::built(MemoryKeys::new().unwrap(), stores, |builder| builder.breach_officer(fay)).unwrap()
}

#[test]
fn a_breach_names_whose_data_was_seen_and_whose_was_only_asked_for() {
    let carrier = carrier(Stores::in_memory());
    for (name, agent, password) in [("A-1", "dana", true), ("A-2", "dana", false), ("A-3", "lee", true)] {
        let sealed = carrier.customer(&account(name));
        let mut call = if password {
            carrier.authenticated(agent, &account(name))
        } else {
            carrier.call(agent, &account(name))
        };
        call.view(&sealed, ["plan", "ssn"]).unwrap();
    }
    let incident = Selection::of(Accesses::all().by_agents([AgentId::new("dana").unwrap()]));
    for mode in [ScopeMode::Index, ScopeMode::Prove] {
        let scope = carrier.guard.breach_scope(&AgentSession::new("fay"), &incident, mode, &[]).unwrap();
        let mut told: Vec<_> = scope
            .accounts()
            .map(|affected| {
                assert!(affected.classes().withheld.contains(DataClass::Ssn) && affected.ssn().is_none());
                (affected.name().unwrap().expose().to_owned(), affected.reach())
            })
            .collect();
        told.sort();
        assert_eq!(told, [("A-1".to_owned(), Reach::Disclosed), ("A-2".to_owned(), Reach::Attempted)]);
        assert!(scope.is_exact());
        assert_eq!(scope.logs()[0].proven, mode == ScopeMode::Prove);
    }
    let always = Timestamp::default()..Timestamp::from_micros(u64::MAX);
    let saw: Vec<_> = carrier.guard.audit().who_saw(&account("A-1"), always).map(Result::unwrap).collect();
    assert_eq!(saw.len(), 1);
    assert_eq!(saw[0].1.facts.actor.as_ref().unwrap().agent.as_str(), "dana");
    carrier.guard.audit().verify().unwrap();
}

#[test]
fn only_who_is_entitled_learns_names_and_every_question_is_recorded() {
    let stores = Stores::in_memory();
    let audit = std::sync::Arc::clone(&stores.audit);
    let carrier = carrier(stores);
    let ask = |token: &str| {
        carrier
            .guard
            .breach_scope(&AgentSession::new(token), &Selection::of(Accesses::all()), ScopeMode::Index, &[])
            .map(|_| ())
    };
    assert_eq!(ask("dana"), Err(Error::Interaction(InteractionError::NotEntitled)));
    assert_eq!(ask("nobody"), Err(Error::Interaction(InteractionError::UnknownAgent)));
    assert_eq!(ask("fay"), Ok(()));
    let events: Vec<_> = carrier.guard.audit().entries(1..9).map(|event| event.unwrap().1.facts).collect();
    let told: Vec<_> = events
        .iter()
        .map(|facts| {
            assert_eq!(facts.kind, EventKind::ScopeAsked);
            (facts.actor.as_ref().map(|actor| actor.agent.as_str()), facts.cause)
        })
        .collect();
    let cause = |refused: InteractionError| ErrorCode::get(Error::from(refused).code());
    let (not_entitled, unknown) =
        (cause(InteractionError::NotEntitled), cause(InteractionError::UnknownAgent));
    assert_eq!(told, [(Some("dana"), not_entitled), (None, unknown), (Some("fay"), 0)]);
    assert_eq!(audit.end(), Ok(4));
}
