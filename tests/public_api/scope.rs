//! Whose data an incident touched: asked by those entitled, recorded, named.

use cpni_guard::error::InteractionError;
use cpni_guard::guard::ScopeMode;
use cpni_guard::oversight::scope::{Accesses, LostKeys, Reach, Selection, StolenRecord};
use cpni_guard::vocabulary::{AgentId, ClassSet, DataClass, EmployerId, EventKind, SiteId, Timestamp};
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
    let everything = Selection::of(Accesses::all()).digest(carrier.guard.audit()).to_string();
    assert!(events.iter().all(|facts| facts.basis.as_ref().unwrap().as_str() == everything));
    let cause = |refused: InteractionError| ErrorCode::get(Error::from(refused).code());
    let (not_entitled, unknown) =
        (cause(InteractionError::NotEntitled), cause(InteractionError::UnknownAgent));
    assert_eq!(told, [(Some("dana"), not_entitled), (None, unknown), (Some("fay"), 0)]);
    assert_eq!(audit.end(), Ok(4));
}

#[test]
fn an_account_of_one_event_is_named_to_who_is_entitled_and_every_question_is_recorded() {
    let carrier = carrier(Stores::in_memory());
    drop(carrier.call("dana", &account("A-1")));
    let name = |token: &str, event| carrier.guard.name_account(&AgentSession::new(token), event);
    assert_eq!(name("fay", 1), Ok(Some(account("A-1"))));
    assert_eq!(name("fay", 0), Ok(None), "the beginning is about nobody");
    assert_eq!(name("dana", 1), Err(InteractionError::NotEntitled.into()));
    assert_eq!(name("nobody", 1), Err(InteractionError::UnknownAgent.into()));
    assert!(matches!(name("fay", 999), Err(Error::Audit(_))));
    let log = carrier.guard.audit();
    let asked = log.entries(3..log.size()).map(|entry| entry.unwrap().1.facts);
    let asked: Vec<_> = asked
        .map(|facts| {
            assert_eq!(facts.kind, EventKind::AccountNamed);
            (facts.basis.unwrap().as_str().to_owned(), facts.actor.is_some(), facts.cause)
        })
        .collect();
    let told = |event: &str, known, cause| (event.to_owned(), known, cause);
    assert_eq!(
        asked,
        [
            told("1", true, 0),
            told("0", true, 0),
            told("1", true, 5030),
            told("1", false, 5001),
            told("999", true, 0)
        ]
    );
}

#[test]
fn the_record_of_a_question_says_what_was_selected() {
    let carrier = carrier(Stores::in_memory());
    let log = carrier.guard.audit();
    let agents = |ids: &[&str]| Accesses::all().by_agents(ids.iter().map(|id| AgentId::new(*id).unwrap()));
    let stolen = |name: &str, key_version| StolenRecord {
        account: account(name),
        key_version,
        classes: ClassSet::of([DataClass::Ssn]),
    };
    let whole = || Selection::of(Accesses::all());
    let two = || whole().with_stolen([stolen("A-1", 1), stolen("A-2", 1)], LostKeys::None);
    let digests = [
        whole(),
        Selection::default(),
        Selection::of(agents(&["dana"])),
        Selection::of(agents(&["dana", "lee"])),
        Selection::of(agents(&["danalee"])),
        Selection::of(Accesses::all().by_employers([EmployerId::new("dana").unwrap()])),
        Selection::of(Accesses::all().at_sites([SiteId::new("dana").unwrap()])),
        Selection::of(Accesses::all().in_interactions([[1; 16]])),
        Selection::of(Accesses::all().under_key_versions([1])),
        Selection::of(Accesses::all().within(Timestamp::default()..Timestamp::from_micros(1))),
        Selection::of(Accesses::all().within(Timestamp::default()..Timestamp::from_micros(2))),
        two(),
        whole().with_stolen([stolen("A-1", 1), stolen("A-2", 2)], LostKeys::None),
        whole().with_stolen([stolen("A-1", 1), stolen("A-2", 1)], LostKeys::NotKnown),
        whole().with_stolen([stolen("A-1", 1), stolen("A-2", 1)], LostKeys::Versions([1].into())),
    ]
    .map(|selected| selected.digest(log).to_string());
    let different: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(different.len(), digests.len());
    // The order in which it was said, and what is said twice, change nothing.
    let other_way =
        whole().with_stolen([stolen("A-2", 1), stolen("A-1", 1), stolen("A-2", 1)], LostKeys::None);
    assert_eq!(other_way.digest(log), two().digest(log));
    assert_eq!(Selection::of(agents(&["lee", "dana"])).digest(log).to_string(), digests[3]);
}
