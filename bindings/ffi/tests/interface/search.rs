//! Searches: decided, recorded, compared inside; and the terms of rows.

use std::sync::Arc;

use cpni_guard::vocabulary::{Channel, EventKind, Outcome, Purpose};
use cpni_guard_ffi::{
    CpniError, Found, Guard, IndexPlan, Population, ProtectedRecord, ReindexResult, SearchAnswer, TermAge,
    TermInfo, check_index_plan, index_term_from_text, index_term_info, index_term_to_text,
    propose_index_plan,
};

use crate::fixture::*;

fn search(
    carrier: &Carrier,
    contact: &str,
    index: &str,
    stated: &[&[u8]],
) -> Result<SearchAnswer, CpniError> {
    carrier.guard.search(
        "dana".to_owned(),
        Some(contact.to_owned()),
        Some(Channel::PhoneInbound),
        Purpose::Support,
        index.to_owned(),
        &list(stated),
    )
}

fn customer(guard: &Guard, account: &str, ssn: &str) -> ProtectedRecord {
    guard.protect(&item(account, &[Field::Text("ssn", ssn), Field::Text("mobile", "202-555-0143")])).unwrap()
}

fn names(found: &Arc<Found>) -> Vec<String> {
    let names = found.accounts().unwrap().into_iter();
    names.map(|name| String::from_utf8(name).unwrap()).collect()
}

#[test]
fn an_account_is_found_by_what_the_caller_states() {
    let carrier = Carrier::new();
    let sealed = customer(&carrier.guard, ACCOUNT, "987-65-4321");
    let other = customer(&carrier.guard, "acct-000043", "987-65-4322");
    carrier.contact("call-1", Channel::PhoneInbound);
    let answer = search(&carrier, "call-1", "ssn", &[b"987 65 4321"]).unwrap();
    assert!(answer.allowed);
    assert_eq!(answer.answers[0].field, "ssn");
    assert_eq!(answer.terms, [sealed.terms.iter().find(|term| term.index == "ssn").unwrap().term.clone()]);
    // The host is not believed: rows that only share a term, rows of others, and what is no row.
    let field = cpni_guard_ffi::sealed_record_field(&sealed.sealed, "ssn".to_owned()).unwrap();
    let rows = [
        row("acct-000043", 1, &other.sealed),
        row(ACCOUNT, 1, &sealed.sealed),
        row(ACCOUNT, 2, &field),
        row("acct-000043", 1, &sealed.sealed),
        row("", 1, &sealed.sealed),
        row(ACCOUNT, 1, b"CGR"),
        row(ACCOUNT, 3, &sealed.sealed),
    ];
    assert_eq!(code(answer.search.find(&batch(&rows)[1..])), 9302);
    let found = answer.search.find(&batch(&rows)).unwrap();
    assert_eq!((names(&found), found.unreadable()), (vec![ACCOUNT.to_owned()], Ok(4)));
    assert_eq!(code(answer.search.find(&batch(&[]))), 9308, "one search, one answer");
    // The decision, that a row did not open, and the account.
    let page = carrier.guard.clone().audit().unwrap().events(answer.audit_index, 10).unwrap();
    let kinds: Vec<_> = page.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Searched, EventKind::AccountFound, EventKind::AccountFound]);
}

#[test]
fn a_search_that_is_refused_says_why_and_gives_no_term() {
    let carrier = Carrier::new();
    let sealed = customer(&carrier.guard, ACCOUNT, "987-65-4321");
    // Nobody is on the line.
    let answer = search(&carrier, "call-9", "ssn", &[b"987-65-4321"]).unwrap();
    assert!(!answer.allowed && answer.terms.is_empty());
    assert_eq!(answer.answers[0].outcome, Outcome::Withhold);
    let why = answer.why.explain(0).unwrap();
    assert_eq!(why.answer, answer.answers[0]);
    assert!(!why.for_supervisor.is_empty());
    assert_eq!(code(answer.search.find(&batch(&[row(ACCOUNT, 1, &sealed.sealed)]))), 8003);

    carrier.contact("call-1", Channel::PhoneInbound);
    assert_eq!(code(search(&carrier, "call-1", "plan", &[b"x"])), 3137);
    assert_eq!(code(search(&carrier, "call-1", "ssn", &[b"1", b"2"])), 5053);
    assert_eq!(code(search(&carrier, "call-1", "ssn", &[b"\xff"])), 9303);
    let nothing = search(&carrier, "call-1", "ssn", &[b"987-65-0000"]).unwrap();
    assert_eq!(names(&nothing.search.find(&batch(&[row(ACCOUNT, 1, &sealed.sealed)])).unwrap()), [""; 0]);
    // One agent cannot try values without end.
    let tried = (0..200).map(|at| search(&carrier, "call-1", "ssn", &[format!("987-65-{at:04}").as_bytes()]));
    let refused: Vec<_> = tried.filter_map(|tried| tried.err().map(CpniError::code)).collect();
    assert!(
        refused.len() > 150 && refused.iter().all(|code| [5006, 5020, 5021].contains(code)),
        "{refused:?}"
    );
}

#[test]
fn terms_of_rows_are_told_old_and_made_anew() {
    let carrier = Carrier::new();
    let sealed = customer(&carrier.guard, ACCOUNT, "987-65-4321");
    let ssn = &sealed.terms.iter().find(|term| term.index == "ssn").unwrap().term;
    assert_eq!(index_term_info(ssn), Ok(TermInfo { key_version: 1, bits: 20 }));
    let text = index_term_to_text(ssn).unwrap();
    assert_eq!(index_term_from_text(text), Ok(ssn.clone()));
    assert_eq!(code(index_term_from_text("987-65-4321".to_owned())), 3136);
    let mut longer = ssn.clone();
    longer[4] = 21;
    let ages = carrier.guard.needs_reindex("ssn".to_owned(), &list(&[ssn, &longer, b"x"])).unwrap();
    assert_eq!(ages, [TermAge::Current, TermAge::Old, TermAge::Failed { code: 3136 }]);
    assert_eq!(code(carrier.guard.needs_reindex("plan".to_owned(), &list(&[]))), 3137);
    let again =
        carrier.guard.reindex(&batch(&[row(ACCOUNT, 1, &sealed.sealed), row("b", 1, &sealed.sealed)]));
    let again = again.unwrap();
    assert_eq!(again[0], ReindexResult::Terms { terms: sealed.terms.clone() });
    assert!(matches!(again[1], ReindexResult::Failed { code: 3003..=3005 }), "{:?}", again[1]);
    assert!(!format!("{sealed:?} {again:?}").contains(&format!("{:?}", &ssn[5..]).replace(['[', ']'], "")));
}

#[test]
fn a_plan_is_proposed_or_refused_with_its_reason() {
    let population = |rows, distinct| Population { rows, distinct, most_common: None };
    let plan = propose_index_plan(population(20_000_000, 20_000_000)).unwrap();
    assert_eq!((plan.bits, plan.candidates), (20, 21));
    assert_eq!(code(propose_index_plan(population(20_000_000, 56))), 3135);
    assert_eq!(code(propose_index_plan(population(50, 50))), 3131);
    assert_eq!(code(check_index_plan(32, population(20_000_000, 20_000_000))), 3133);
    let skewed = Population { most_common: Some(4_000_000), ..population(20_000_000, 12_000_000) };
    assert!([3134, 3135].contains(&code(check_index_plan(14, skewed))));
    let indexes = Carrier::new().guard.schema_indexes().unwrap();
    let ssn = indexes.iter().find(|index| index.name == "ssn").unwrap();
    assert_eq!((ssn.fields.as_slice(), ssn.plan), (["ssn".to_owned()].as_slice(), plan));
    assert_eq!(ssn.plan, IndexPlan { bits: 20, candidates: 21, sharing: ssn.plan.sharing });
}
