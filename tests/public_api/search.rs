//! Searching: who may, what comes out, what is recorded, and what an insider makes of it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use cpni_guard::audit::AuditEvent;
use cpni_guard::error::{DiscloseError, InteractionError, SealedError, StoreError, TokenError};
use cpni_guard::guard::{MAX_CANDIDATES, MAX_FOUND};
use cpni_guard::interaction::{ContactState, SEARCHES_CASE, SEARCHES_CONTACT, SSN_SEARCHES_AGENT};
use cpni_guard::oversight::scope::{Accesses, Reach, Scope, Selection};
use cpni_guard::oversight::watch::{Alarm, AlarmSink};
use cpni_guard::vocabulary::{
    AgentId, Channel, ContactId, DataClass, EventKind, Form, Op, Outcome, Role, WithheldBecause,
};
use cpni_guard::{
    AccountId, AgentSession, Contact, Error, Found, IndexTerm, MemoryKeys, Protected, Purpose, Record,
    Schema, SealedRecord, Search, Sensitive, Stores,
};

use crate::fixture::{Carrier, account, profile};

/// A name and a ZIP code, and identifiers; terms so short that they are shared.
const SCHEMA: &str = r#"
[fields]
last_name = { class = "identity" }
zip = { class = "address" }
ssn = { class = "ssn" }
mobile = { class = "account_info", kind = "nanp" }

[indexes]
name_zip = { fields = ["last_name", "zip"], bits = 6, rows = 1_000, distinct = 800, most_common = 4 }
ssn = { fields = ["ssn"], bits = 7, rows = 1_000, distinct = 1_000 }
mobile = { fields = ["mobile"], bits = 7, rows = 1_000, distinct = 1_000 }
"#;

/// A row of the host's table, with a column for each index.
struct Row {
    account: AccountId,
    record: SealedRecord,
    terms: Vec<(&'static str, IndexTerm)>,
}

/// The host's table.
#[derive(Default)]
struct Table(Vec<Row>);

impl Table {
    fn insert(&mut self, id: &str, protected: Protected) {
        let terms = ["mobile", "name_zip", "ssn"];
        let terms = terms.iter().filter_map(|index| Some((*index, *protected.terms.get(index)?))).collect();
        self.0.push(Row { account: account(id), record: protected.record, terms });
    }

    /// `WHERE index IN (terms)`.
    fn look_up(&self, index: &str, terms: &[IndexTerm]) -> Vec<(&AccountId, &SealedRecord)> {
        let has = |row: &&Row| row.terms.iter().any(|(name, term)| *name == index && terms.contains(term));
        self.0.iter().filter(has).map(|row| (&row.account, &row.record)).collect()
    }
}

#[derive(Default)]
struct Pager(Mutex<Vec<String>>);

impl AlarmSink for Pager {
    fn alarm(&self, alarm: &Alarm) {
        self.0.lock().unwrap().push(alarm.rule.to_string());
    }
}

struct Desk {
    carrier: Carrier,
    pager: Arc<Pager>,
    table: Table,
}

fn ssn(number: u32) -> String {
    format!("{:03}-{:02}-{:04}", 900 + number / 100 % 60, 50 + number % 10, 1000 + number)
}

fn mobile(number: u32) -> String {
    format!("202-555-{number:04}")
}

impl Desk {
    fn new(customers: u32) -> Self {
        Self::with(customers, None, Stores::in_memory())
    }

    fn with_grants(customers: u32, grants: Option<&str>) -> Self {
        Self::with(customers, grants, Stores::in_memory())
    }

    fn with(customers: u32, grants: Option<&str>, stores: Stores) -> Self {
        let pager = Arc::new(Pager::default());
        let sink = Arc::clone(&pager) as _;
        let carrier = Carrier::built(MemoryKeys::new().unwrap(), stores, |builder| {
            let builder = builder.schema(Schema::from_toml(SCHEMA).unwrap()).alarms(sink);
            grants.iter().fold(builder, |builder, grants| builder.grants(*grants))
        })
        .unwrap();
        let mut table = Table::default();
        for number in 0..customers {
            let record = Record::new()
                .text("last_name", if number % 2 == 0 { "O'Brien" } else { "García" })
                .text("zip", format!("627{:02}", number % 100))
                .text("ssn", ssn(number))
                .text("mobile", mobile(number));
            let id = format!("A-{number}");
            table.insert(&id, carrier.guard.protect(&account(&id), record).unwrap());
        }
        Self { carrier, pager, table }
    }

    fn search(&self, agent: &str, contact: Contact, index: &str, stated: &[&str]) -> Result<Search, Error> {
        let purpose = if agent == "fay" { Purpose::Fraud } else { Purpose::Support };
        let stated: Vec<_> = stated.iter().map(|text| Sensitive::from((*text).to_owned())).collect();
        self.carrier.guard.search(AgentSession::new(agent), contact, purpose, index, &stated)
    }

    fn call(&self, agent: &str) -> Contact {
        let id = format!("call-{}", self.carrier.guard.audit().size());
        self.carrier.contact(&id, Channel::PhoneInbound, agent)
    }

    fn case(&self) -> Contact {
        let id = format!("case-{}", self.carrier.guard.audit().size());
        self.carrier.contact(&id, Channel::BackOffice, "fay")
    }

    fn find(&self, search: Search, index: &str) -> Result<Found, Error> {
        let candidates = self.table.look_up(index, search.terms());
        search.find(candidates)
    }

    fn events(&self, kind: EventKind) -> Vec<AuditEvent> {
        let audit = self.carrier.guard.audit();
        let events = audit.entries(0..audit.size()).map(|entry| entry.unwrap().1);
        events.filter(|event| event.facts.kind == kind).collect()
    }
}

fn ids(found: &Found) -> Vec<&str> {
    found.accounts().iter().map(AccountId::expose).collect()
}

#[test]
fn a_care_agent_finds_the_account_of_who_is_on_the_line() {
    let desk = Desk::new(40);
    for spelling in [ssn(17), ssn(17).replace('-', " "), ssn(17).replace('-', "\u{2011}")] {
        let contact = desk.call("dana");
        let search = desk.search("dana", contact.clone(), "ssn", &[&spelling]).unwrap();
        assert!(search.is_allowed());
        assert_eq!(search.terms().len(), 1);
        let found = desk.find(search, "ssn").unwrap();
        assert_eq!((ids(&found), found.unreadable()), (vec!["A-17"], 0));
        // The contact now opens what it found, and shows nothing yet.
        let mut call = desk.carrier.interaction("dana", &found.accounts()[0], contact).unwrap();
        let view = call.view(&desk.table.0[17].record, ["mobile"]).unwrap();
        assert!(!view.field("mobile").unwrap().decision().is_allowed());
    }
    let contact = desk.call("dana");
    let search = desk.search("dana", contact, "mobile", &["+1 (202) 555-0023"]).unwrap();
    assert_eq!(ids(&desk.find(search, "mobile").unwrap()), ["A-23"]);
}

#[test]
fn the_record_is_there_before_the_terms_and_before_the_accounts() {
    let desk = Desk::new(40);
    let before = desk.carrier.guard.audit().size();
    let search = desk.search("dana", desk.call("dana"), "ssn", &[&ssn(5)]).unwrap();
    assert_eq!((search.audit_index(), desk.carrier.guard.audit().size()), (before, before + 1));
    let searched = desk.events(EventKind::Searched).pop().unwrap();
    assert!(searched.account.is_none());
    let facts = searched.facts;
    assert_eq!((facts.cause, facts.basis.unwrap().as_str()), (0, "ssn"));
    assert_eq!(facts.actor.unwrap().agent, AgentId::new("dana").unwrap());
    assert_eq!((facts.purpose, facts.channel), (Some(Purpose::Support), Some(Channel::PhoneInbound)));
    let field = &facts.fields[0];
    assert_eq!((field.class, field.op, field.form), (DataClass::Ssn, Op::Search, Some(Form::Match)));
    assert_eq!(field.outcome, Outcome::VerifyOnly);

    desk.find(search, "ssn").unwrap();
    let found = desk.events(EventKind::AccountFound).pop().unwrap();
    let pseudonym = *found.account.unwrap().pseudonym();
    assert_eq!((found.facts.cause, found.facts.interaction), (0, facts.interaction));
    // A breach scope counts the account, as one whose SSN was compared.
    let by_dana = Selection::of(Accesses::all().by_agents([AgentId::new("dana").unwrap()]));
    let scope = Scope::prove(&by_dana, desk.carrier.guard.audit(), &[]).unwrap();
    let affected: Vec<_> = scope.accounts().collect();
    assert_eq!(affected.len(), 1);
    assert_eq!((affected[0].pseudonym(), affected[0].reach()), (&pseudonym, Reach::Disclosed));
    assert_eq!(scope.exposures().map(|(class, _)| class).collect::<Vec<_>>(), [DataClass::Ssn]);
    desk.carrier.guard.audit().verify().unwrap();
}

#[test]
fn what_only_shares_a_term_never_comes_out() {
    let desk = Desk::new(300);
    let mut shared = 0;
    for number in 0..20 {
        let search = desk.search("fay", desk.case(), "mobile", &[&mobile(number)]).unwrap();
        shared += desk.table.look_up("mobile", search.terms()).len() - 1;
        assert_eq!(ids(&desk.find(search, "mobile").unwrap()), [format!("A-{number}")]);
    }
    assert!(shared > 10, "the terms are short enough to be shared: {shared}");
    // Rows that the host should not have brought change nothing.
    let search = desk.search("fay", desk.case(), "mobile", &[&mobile(7)]).unwrap();
    let all = desk.table.0.iter().map(|row| (&row.account, &row.record));
    assert_eq!(ids(&search.find(all).unwrap()), ["A-7"]);
}

#[test]
fn an_index_over_two_fields_finds_by_both_in_any_spelling() {
    let grants = "id = \"g\"\ntitle = \"t\"\n[[rule]]\nid = \"r\"\ntitle = \"t\"\neffect = \"permit\"\n\
                  when = { role = [\"fraud_analyst\"], op = [\"search\"], class = [\"identity\", \"address\"] }\n";
    let desk = Desk::with_grants(200, Some(grants));
    for name in ["garcía", "GARCI\u{301}A", "  García "] {
        let search = desk.search("fay", desk.case(), "name_zip", &[name, "62711"]).unwrap();
        let found = desk.find(search, "name_zip").unwrap();
        assert_eq!(ids(&found), ["A-11", "A-111"]);
    }
    let other = desk.search("fay", desk.case(), "name_zip", &["O\u{2019}BRIEN", "62711"]).unwrap();
    assert!(desk.find(other, "name_zip").unwrap().accounts().is_empty());
    let wrong = |stated: &[&str]| desk.search("fay", desk.case(), "name_zip", stated).unwrap_err();
    let expected = Error::from(InteractionError::StatedValues { fields: 2 });
    assert_eq!([wrong(&["García"]), wrong(&["García", ""]), wrong(&[])], [(); 3].map(|()| expected.clone()));
    let unknown = desk.search("fay", desk.case(), "nothing", &["x"]).unwrap_err();
    assert_eq!(unknown, TokenError::UnknownIndex.into());
}

/// Who has no reason to search gets no term, and the refusal is on record.
#[test]
fn without_a_caller_or_a_case_nobody_searches() {
    let desk = Desk::new(3);
    let contacts = &desk.carrier.contacts;
    let set = |id: &str, state: ContactState| {
        let channel = state.channel;
        let id = ContactId::new(id).unwrap();
        contacts.set(id.clone(), state);
        Contact::of(id, channel)
    };
    let live = |channel, agent: &str| ContactState::live(channel, AgentId::new(agent).unwrap());
    let mut known = live(Channel::PhoneInbound, "dana");
    known.account = Some(account("A-1"));
    let refused = [
        ("dana", Contact::None, "no contact"),
        ("fay", Contact::None, "no case"),
        ("fay", set("t-1", live(Channel::BackOffice, "fay")), "a ticket without a case"),
        ("dana", set("t-2", live(Channel::PhoneInbound, "lee")), "somebody else's call"),
        ("dana", set("t-3", known.clone()), "a caller whose account is known"),
        ("dana", set("t-4", live(Channel::Batch, "dana")), "a job"),
        ("ray", set("t-5", live(Channel::Retail, "ray")), "a role without a grant"),
    ];
    for (count, (agent, contact, why)) in refused.into_iter().enumerate() {
        let search = desk.search(agent, contact, "ssn", &[&ssn(1)]).unwrap();
        assert!(!search.is_allowed() && search.terms().is_empty(), "{why}");
        let (_, decision) = search.decisions().next().unwrap();
        assert!(decision.because().is_some(), "{why}");
        let all = desk.table.0.iter().map(|row| (&row.account, &row.record));
        assert_eq!(search.find(all).unwrap_err(), DiscloseError::Withheld.into(), "{why}");
        let searched = desk.events(EventKind::Searched);
        assert_eq!(searched.len(), count + 1, "{why}");
        assert_eq!(searched[count].facts.fields[0].outcome, Outcome::Withhold, "{why}");
    }
    assert!(desk.events(EventKind::AccountFound).is_empty());
    // The same account on a case: what a fraud analyst searches from.
    known.case = Some(ContactId::new("case-9").unwrap());
    known.channel = Channel::BackOffice;
    known.agent = AgentId::new("fay").unwrap();
    let search = desk.search("fay", set("t-6", known), "ssn", &[&ssn(1)]).unwrap();
    assert!(search.is_allowed());
    // And who is known to nobody is refused before all that, and recorded.
    let nobody = desk.search("nobody", desk.call("nobody"), "ssn", &[&ssn(1)]).unwrap_err();
    assert_eq!(nobody, InteractionError::UnknownAgent.into());
    assert_eq!(desk.events(EventKind::Searched).pop().unwrap().facts.cause, nobody.code().get());
}

#[test]
fn a_permit_to_see_is_none_to_search() {
    let permit = |more: &str| {
        format!(
            "id = \"g\"\ntitle = \"t\"\n[[rule]]\nid = \"r\"\ntitle = \"t\"\neffect = \"permit\"\n\
             when = {{ role = [\"retail_agent\"], class = [\"account_info\"]{more} }}\n"
        )
    };
    for (more, because) in [("", Some(WithheldBecause::NotGranted)), (", op = [\"search\"]", None)] {
        let desk = Desk::with_grants(1, Some(&permit(more)));
        let visit = desk.carrier.contact("visit-1", Channel::Retail, "ray");
        let search = desk.search("ray", visit, "mobile", &[&mobile(0)]).unwrap();
        assert_eq!(search.decisions().next().unwrap().1.because(), because);
    }
    // Nor does a grant of everything open what the floor closes: an SSN for marketing.
    let all = permit(", op = [\"search\"]").replace("account_info", "ssn").replace("retail", "care");
    let desk = Desk::with_grants(1, Some(&all));
    let stated = [Sensitive::from(ssn(0))];
    let search = desk
        .carrier
        .guard
        .search(AgentSession::new("dana"), desk.call("dana"), Purpose::MarketNewCategory, "ssn", &stated)
        .unwrap();
    assert!(!search.is_allowed());
}

#[test]
fn searches_are_few_for_a_caller_for_a_case_and_for_an_agent() {
    let locked = Error::from(InteractionError::LockedOut);
    let desk = Desk::new(3);
    let contact = desk.call("dana");
    for _ in 0..SEARCHES_CONTACT.max {
        // Values of nobody: what finds nothing counts.
        let search = desk.search("dana", contact.clone(), "mobile", &["202-555-9999"]).unwrap();
        assert!(desk.find(search, "mobile").unwrap().accounts().is_empty());
    }
    assert_eq!(desk.search("dana", contact, "mobile", &[&mobile(1)]).unwrap_err(), locked);
    let refused = desk.events(EventKind::Searched).pop().unwrap().facts;
    assert_eq!((refused.cause, refused.fields.len()), (locked.code().get(), 0));

    let desk = Desk::new(3);
    let case = desk.case();
    for _ in 0..SEARCHES_CASE.max {
        desk.search("fay", case.clone(), "mobile", &[&mobile(1)]).unwrap();
    }
    assert_eq!(desk.search("fay", case, "mobile", &[&mobile(1)]).unwrap_err(), locked);
    assert!(desk.search("fay", desk.case(), "mobile", &[&mobile(1)]).is_ok());
}

/// An insider who tries SSN after SSN, a new case each time, over two tools of the same agent.
#[test]
fn who_tries_ssns_is_stopped_and_told_of() {
    let desk = Desk::new(3);
    desk.carrier.directory.sign_in("fay-too", profile("fay", Role::FraudAnalyst));
    for try_ in 0..SSN_SEARCHES_AGENT.max {
        let agent = if try_ % 2 == 0 { "fay" } else { "fay-too" };
        let stated = [Sensitive::from(ssn(500 + try_))];
        let guard = &desk.carrier.guard;
        let search = guard.search(AgentSession::new(agent), desk.case(), Purpose::Fraud, "ssn", &stated);
        assert!(desk.find(search.unwrap(), "ssn").unwrap().accounts().is_empty());
    }
    let refused = desk.search("fay", desk.case(), "ssn", &[&ssn(1)]).unwrap_err();
    assert_eq!(refused, InteractionError::LockedOut.into());
    assert_eq!(*desk.pager.0.lock().unwrap(), ["watch-searches-hour"]);
    // A day later the limit has passed, and the watch counts on.
    desk.carrier.advance(86_400);
    let search = desk.search("fay", desk.case(), "ssn", &[&ssn(1)]).unwrap();
    assert_eq!(ids(&desk.find(search, "ssn").unwrap()), ["A-1"]);
}

#[test]
fn the_watch_holds_who_searches_all_day_and_a_decoy_alarms_when_it_is_found() {
    let desk = Desk::new(3);
    desk.carrier.guard.add_decoys([&account("A-2")]).unwrap();
    let search = desk.search("fay", desk.case(), "mobile", &[&mobile(2)]).unwrap();
    desk.find(search, "mobile").unwrap();
    assert_eq!(*desk.pager.0.lock().unwrap(), ["watch-decoy"]);
    for _ in 0..39 {
        desk.carrier.advance(600);
        desk.search("fay", desk.case(), "mobile", &["202-555-9999"]).unwrap();
    }
    let held = desk.search("fay", desk.case(), "mobile", &[&mobile(1)]).unwrap_err();
    assert_eq!(held, InteractionError::NeedsSecondPerson.into());
    assert_eq!(*desk.pager.0.lock().unwrap(), ["watch-decoy", "watch-searches"]);
    assert_eq!(desk.events(EventKind::WatchRefused).len(), 1);
}

#[test]
fn match_and_no_match_leave_as_much_behind() {
    let desk = Desk::new(40);
    let of = |stated: &str| {
        let search = desk.search("dana", desk.call("dana"), "ssn", &[stated]).unwrap();
        let before = desk.carrier.guard.audit().size();
        desk.find(search, "ssn").unwrap();
        desk.carrier.guard.audit().size() - before
    };
    assert_eq!((of(&ssn(3)), of("987-65-4321"), of("not a number")), (1, 1, 1));
    let causes: Vec<_> = desk.events(EventKind::AccountFound).iter().map(|event| event.facts.cause).collect();
    assert_eq!(causes, [0, 5052, 5052]);
}

#[test]
fn too_many_accounts_or_candidates_give_out_none() {
    let desk = Desk::new(1);
    let same = |n: usize| {
        let mut table = Table::default();
        for number in 0..n {
            let id = format!("B-{number}");
            let record = Record::new().text("mobile", mobile(0));
            table.insert(&id, desk.carrier.guard.protect(&account(&id), record).unwrap());
        }
        let search = desk.search("fay", desk.case(), "mobile", &[&mobile(0)]).unwrap();
        let candidates = table.look_up("mobile", search.terms());
        assert_eq!(candidates.len(), n);
        search.find(candidates).map(|found| found.accounts().len())
    };
    assert_eq!(same(MAX_FOUND), Ok(MAX_FOUND));
    let refused = InteractionError::TooManyFound { max: MAX_FOUND };
    assert_eq!(same(MAX_FOUND + 1), Err(refused.into()));
    assert_eq!(desk.events(EventKind::AccountFound).pop().unwrap().facts.cause, 5051);

    let row = &desk.table.0[0];
    let many = |n| {
        let search = desk.search("fay", desk.case(), "mobile", &[&mobile(0)]).unwrap();
        search.find(std::iter::repeat_n((&row.account, &row.record), n)).map(|found| found.accounts().len())
    };
    assert_eq!(many(MAX_CANDIDATES), Ok(1));
    let refused = InteractionError::TooManyCandidates { max: MAX_CANDIDATES };
    assert_eq!(many(MAX_CANDIDATES + 1), Err(refused.into()));
}

#[test]
fn a_candidate_that_is_not_its_accounts_is_passed_over_and_recorded() {
    let desk = Desk::new(40);
    let search = desk.search("fay", desk.case(), "mobile", &[&mobile(3)]).unwrap();
    // The row of another account under this one's name: the insider moves the victim's record to an account
    // that is theirs, to learn whether the number is the victim's.
    let (own, victim) = (account("A-30"), &desk.table.0[3]);
    let found = search.find([(&own, &victim.record), (&victim.account, &victim.record)]).unwrap();
    assert_eq!((ids(&found), found.unreadable()), (vec!["A-3"], 1));
    let fault = Error::from(SealedError::Commitment).code().get();
    let causes: Vec<_> = desk.events(EventKind::AccountFound).iter().map(|event| event.facts.cause).collect();
    assert_eq!(causes, [fault, 0]);
}

#[test]
fn a_search_dies_with_its_contact_and_its_time() {
    let desk = Desk::new(3);
    let contact = desk.call("dana");
    let search = desk.search("dana", contact.clone(), "ssn", &[&ssn(1)]).unwrap();
    let Contact::Of { id, .. } = &contact else { panic!("a call") };
    desk.carrier.contacts.end(id);
    assert_eq!(desk.find(search, "ssn").unwrap_err(), InteractionError::Ended.into());

    let search = desk.search("dana", desk.call("dana"), "ssn", &[&ssn(1)]).unwrap();
    desk.carrier.advance(15 * 60);
    assert_eq!(desk.find(search, "ssn").unwrap_err(), InteractionError::Expired.into());

    let search = desk.search("dana", desk.call("dana"), "ssn", &[&ssn(1)]).unwrap();
    desk.carrier.directory.sign_out("dana");
    assert_eq!(desk.find(search, "ssn").unwrap_err(), InteractionError::Ended.into());
    assert!(desk.events(EventKind::AccountFound).is_empty());
}

#[test]
fn without_a_record_or_a_count_there_are_no_terms_and_no_accounts() {
    let (stores, audit_fails, counts_fail) = crate::stores::failing();
    let desk = Desk::with(3, None, stores);
    let (call, search) = (desk.call("dana"), |contact| desk.search("dana", contact, "ssn", &[&ssn(1)]));
    let allowed = search(call.clone()).unwrap();
    audit_fails.store(true, Ordering::SeqCst);
    assert!(matches!(search(call.clone()), Err(Error::Audit(_))));
    assert!(matches!(desk.find(allowed, "ssn"), Err(Error::Audit(_))));
    audit_fails.store(false, Ordering::SeqCst);
    counts_fail.store(true, Ordering::SeqCst);
    assert_eq!(search(call).unwrap_err(), StoreError::Io.into());
    assert!(desk.events(EventKind::AccountFound).is_empty());
}

#[test]
fn a_sealed_record_gets_the_terms_again_that_it_had() {
    let desk = Desk::new(2);
    let guard = &desk.carrier.guard;
    for row in &desk.table.0 {
        let terms = guard.reindex(&row.account, &row.record).unwrap();
        assert_eq!(terms.iter().count(), row.terms.len());
        for (index, term) in &row.terms {
            assert_eq!(terms.get(index), Some(term));
            assert_eq!(guard.needs_reindex(index, term), Ok(false));
        }
    }
    // Another length is old, as another version is.
    let old = IndexTerm::from_bytes(&[0, 0, 0, 1, 6, 0b1000_0000]).unwrap();
    assert_eq!(guard.needs_reindex("ssn", &old), Ok(true));
    assert_eq!(guard.needs_reindex("name", &old), Err(TokenError::UnknownIndex.into()));
    let row = &desk.table.0[0];
    assert_eq!(guard.reindex(&account("A-1"), &row.record), Err(SealedError::Commitment.into()));
    // Another guard has other keys: its terms are others.
    let other = Desk::new(2);
    assert_ne!(desk.table.0[0].terms, other.table.0[0].terms);
}
