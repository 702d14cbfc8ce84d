//! The session against hosts that change their minds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::accounts::{AccountStore, MemoryAccountStore};
use super::*;
use crate::error::{Error, HostError, InteractionError};
use crate::keys::{Keyring, MemoryKeys};
use crate::policy::{Pack, Policy};
use crate::sensitive::Sensitive;
use crate::vocabulary::*;

const NOW: Timestamp = Timestamp::from_secs(1_795_446_240);
const GRANTS: &str = include_str!("../../examples/grants.toml");

/// Telephony that is up (0), down (1), or says that the call ended (2).
#[derive(Default)]
struct Telephony(AtomicU8);

impl ContactSource for Telephony {
    fn contact(&self, _: &ContactId) -> Result<Option<ContactState>, HostError> {
        let mut state = ContactState::live(Channel::PhoneInbound, AgentId::new("a-1").unwrap());
        match self.0.load(Ordering::SeqCst) {
            0 => Ok(Some(state)),
            1 => Err(HostError),
            _ => {
                state.live = false;
                Ok(Some(state))
            }
        }
    }
}

struct World {
    store: Arc<MemoryAccountStore>,
    telephony: Arc<Telephony>,
    directory: Arc<MemoryDirectory>,
    ledger: Arc<Ledger>,
    hosts: Arc<Hosts>,
    policy: Arc<Policy>,
}

fn world() -> World {
    let telephony = Arc::new(Telephony::default());
    let directory = Arc::new(MemoryDirectory::default());
    directory.sign_in("t", agent());
    let keys = Arc::new(Keyring::open(&MemoryKeys::new().unwrap()).unwrap());
    let store = Arc::new(MemoryAccountStore::new());
    let ledger = Arc::new(Ledger::new(Arc::clone(&store) as _, keys, TenantId::new("t").unwrap()));
    ledger.set(Secret::Password, &account(), &Sensitive::from("plum-harbor".to_owned())).unwrap();
    let mut packs = Pack::built_in().unwrap();
    packs.push(Pack::grants_from_toml("grants.toml", GRANTS).unwrap());
    let hosts = Arc::new(Hosts {
        directory: Arc::clone(&directory) as _,
        contacts: Arc::clone(&telephony) as _,
        accounts: None,
        hotlines: None,
        clock: Arc::new(ManualClock::new(NOW)),
    });
    World {
        store,
        telephony,
        directory,
        ledger,
        hosts,
        policy: Arc::new(Policy::compile(packs, Vec::new()).unwrap()),
    }
}

fn agent() -> AgentProfile {
    AgentProfile {
        id: AgentId::new("a-1").unwrap(),
        role: Role::CareAgent,
        employer: EmployerId::new("carrier").unwrap(),
        site: None,
        country: None,
        trained_until: Some(NOW),
        may_approve: false,
        own_account: None,
    }
}

fn account() -> AccountId {
    AccountId::new("A-1").unwrap()
}

impl World {
    fn open(&self) -> Result<Session, Error> {
        let opening = Opening {
            id: [1; 16],
            session: AgentSession::new("t"),
            account: account(),
            contact: Contact::of(ContactId::new("c-1").unwrap(), Channel::PhoneInbound),
            purpose: Purpose::Support,
            limits: TimeLimits::default(),
        };
        Session::open(Arc::clone(&self.hosts), Arc::clone(&self.policy), Arc::clone(&self.ledger), opening)
    }

    fn authenticated(&self) -> Session {
        let mut session = self.open().unwrap();
        assert_eq!(present(&mut session, Evidence::password("plum-harbor")), Presented::Match);
        assert!(allowed(&session));
        session
    }
}

/// Presents evidence and lets it count, as the guard does once it is recorded.
fn present(session: &mut Session, evidence: Evidence) -> Presented {
    let looked = session.present(evidence).unwrap();
    if let Some((kind, by)) = looked.evidence {
        session.accept(kind, by, NOW);
    }
    looked.presented
}

fn allowed(session: &Session) -> bool {
    session.decision(DataClass::ServiceDetails, Scope::Whole).is_allowed()
}

#[test]
fn telephony_that_is_silent_withholds_until_it_answers_again() {
    let world = world();
    let mut session = world.authenticated();
    world.telephony.0.store(1, Ordering::SeqCst);
    session.refresh().unwrap();
    assert!(!allowed(&session));
    let because = session.decision(DataClass::ServiceDetails, Scope::Whole).because();
    assert_eq!(because, Some(WithheldBecause::FactsMissing));
    world.telephony.0.store(0, Ordering::SeqCst);
    session.refresh().unwrap();
    assert!(allowed(&session));
    world.telephony.0.store(2, Ordering::SeqCst);
    assert_eq!(session.refresh(), Err(InteractionError::Ended.into()));
    assert_eq!(session.liveness().end_reason(), Some(EndReason::ContactEnded));
}

#[test]
fn a_contact_that_was_unknown_at_the_opening_stays_unknown() {
    let world = world();
    world.telephony.0.store(1, Ordering::SeqCst);
    let mut session = world.open().unwrap();
    world.telephony.0.store(0, Ordering::SeqCst);
    assert_eq!(
        session.present(Evidence::password("plum-harbor")).unwrap_err(),
        InteractionError::NoLiveContact.into()
    );
    assert_eq!(session.channel(), Channel::BackOffice);
}

#[test]
fn what_the_directory_says_now_decides() {
    let world = world();
    let mut session = world.authenticated();
    // Training ended a second ago.
    let lapsed = AgentProfile { trained_until: Some(Timestamp::from_secs(NOW.as_secs() - 1)), ..agent() };
    world.directory.sign_in("t", lapsed);
    session.refresh().unwrap();
    assert!(!allowed(&session));
    world.directory.sign_in("t", AgentProfile { role: Role::Marketer, ..agent() });
    session.refresh().unwrap();
    let because = session.decision(DataClass::ServiceDetails, Scope::Whole).because();
    assert_eq!(because, Some(WithheldBecause::NotGranted));
    // The same token is somebody else now.
    world.directory.sign_in("t", AgentProfile { id: AgentId::new("a-2").unwrap(), ..agent() });
    assert_eq!(session.refresh(), Err(InteractionError::Ended.into()));
    assert_eq!(session.liveness().end_reason(), Some(EndReason::AgentGone));
}

#[test]
fn a_right_password_takes_the_wrong_ones_back() {
    let world = world();
    let mut session = world.open().unwrap();
    assert_eq!(present(&mut session, Evidence::password("wrong")), Presented::NoMatch);
    assert_eq!(session.evidence(), [(EvidenceKind::PasswordFailed, EstablishedBy::Library)]);
    assert_eq!(present(&mut session, Evidence::password("plum-harbor")), Presented::Match);
    assert_eq!(session.evidence(), [(EvidenceKind::Password, EstablishedBy::Library)]);
}

#[test]
fn a_verifier_copied_from_another_account_never_matches() {
    let (own, victim) = (account(), AccountId::new("A-2").unwrap());
    let store = Arc::new(MemoryAccountStore::new());
    let keys = Arc::new(Keyring::open(&MemoryKeys::new().unwrap()).unwrap());
    let ledger = Ledger::new(Arc::clone(&store) as _, keys, TenantId::new("t").unwrap());
    let typed = Sensitive::from("plum-harbor".to_owned());
    ledger.set(Secret::Password, &own, &typed).unwrap();
    let (own, victim) = (ledger.account_ref(&own), ledger.account_ref(&victim));
    let entry = |account| ledger.entry_ref("password", account);
    let copied = store.entry(&entry(&own)).unwrap().unwrap();
    store.set_entry(&entry(&victim), &copied).unwrap();
    assert_eq!(ledger.matches(Secret::Password, &own, &typed, NOW), Ok(true));
    assert_eq!(ledger.matches(Secret::Password, &victim, &typed, NOW), Ok(false));
    // Nor does one whose cost was lowered, or that was cut.
    let mut weak = copied.clone();
    weak[5..9].copy_from_slice(&8_u32.to_be_bytes());
    for broken in [weak, copied[..64].to_vec(), [copied.as_slice(), &[0]].concat()] {
        store.set_entry(&entry(&own), &broken).unwrap();
        assert_eq!(ledger.matches(Secret::Password, &own, &typed, NOW), Ok(false));
    }
}

#[test]
fn a_passcode_copied_over_a_password_never_matches() {
    let world = world();
    let typed = Sensitive::from("482913".to_owned());
    world.ledger.set(Secret::PortPasscode, &account(), &typed).unwrap();
    let account = world.ledger.account_ref(&account());
    assert_eq!(world.ledger.matches(Secret::PortPasscode, &account, &typed, NOW), Ok(true));
    assert_eq!(world.ledger.matches(Secret::Password, &account, &typed, NOW), Ok(false));
}

#[test]
fn a_back_up_answer_is_compared_without_case_and_spacing() {
    let world = world();
    let answer = |text: &str| Sensitive::from(text.to_owned());
    world.ledger.set(Secret::Backup, &account(), &answer("Blue  Heron")).unwrap();
    let account = world.ledger.account_ref(&account());
    assert_eq!(world.ledger.matches(Secret::Backup, &account, &answer(" blue heron "), NOW), Ok(true));
    assert_eq!(world.ledger.matches(Secret::Backup, &account, &answer("blueheron"), NOW), Ok(false));
}

#[test]
fn a_one_time_code_is_good_once_and_for_ten_minutes() {
    let world = world();
    let ledger = &world.ledger;
    let account = ledger.account_ref(&account());
    let to = CodeTo::NumberOfRecord;
    let make = || ledger.make_code(to, &account, NOW).unwrap();
    let matches = |code: &Sensitive<String>, at: Timestamp| ledger.code_matches(to, &account, code, at);

    let code = make();
    assert!(code.expose().len() == 6 && code.expose().bytes().all(|b| b.is_ascii_digit()));
    let wrong = Sensitive::from(if code.expose() == "000000" { "000001" } else { "000000" }.to_owned());
    assert_eq!(matches(&wrong, NOW), Ok(false));
    assert_eq!(ledger.code_matches(CodeTo::AddressOfRecord, &account, &code, NOW), Ok(false));
    assert_eq!(matches(&code, NOW), Ok(true));
    assert_eq!(matches(&code, NOW), Ok(false), "good once");

    let last = Timestamp::from_micros(NOW.plus(CODE_LIFE).as_micros() - 1);
    let code = make();
    assert_eq!(matches(&code, last), Ok(true));
    let code = make();
    assert_eq!(matches(&code, NOW.plus(CODE_LIFE)), Ok(false), "for ten minutes");
    // A clock that went back before the code was made.
    let code = make();
    assert_eq!(matches(&code, Timestamp::from_micros(NOW.as_micros() - 1)), Ok(false));
    // A second code takes the place of the first.
    let world = self::world();
    let account = world.ledger.account_ref(&self::account());
    let first = world.ledger.make_code(to, &account, NOW).unwrap();
    let second = world.ledger.make_code(to, &account, NOW).unwrap();
    if first != second {
        assert_eq!(world.ledger.code_matches(to, &account, &first, NOW), Ok(false));
    }
    assert_eq!(world.ledger.code_matches(to, &account, &second, NOW), Ok(true));
}

#[test]
fn guessing_a_one_time_code_is_limited_and_the_next_code_starts_locked() {
    let world = world();
    let account = world.ledger.account_ref(&account());
    let to = CodeTo::AddressOfRecord;
    world.ledger.make_code(to, &account, NOW).unwrap();
    let guess = Sensitive::from("no code".to_owned());
    for _ in 0..3 {
        assert_eq!(world.ledger.code_matches(to, &account, &guess, NOW), Ok(false));
    }
    let code = world.ledger.make_code(to, &account, NOW).unwrap();
    assert_eq!(world.ledger.code_matches(to, &account, &code, NOW), Err(InteractionError::LockedOut.into()));
}

#[test]
fn no_code_goes_to_a_number_whose_sim_moved_or_may_have() {
    let world = world();
    let code = |sim_change| {
        let facts = AccountFacts { sim_change, ..AccountFacts::default() };
        world.ledger.set_facts(&account(), &facts).unwrap();
        world.open().unwrap().make_code(CodeTo::NumberOfRecord).map(|_| ())
    };
    let refused = Err(InteractionError::NotOfRecord.into());
    assert_eq!(code(None), refused);
    assert_eq!(code(Some(SimChange::At(NOW))), refused);
    assert_eq!(code(Some(SimChange::Never)), Ok(()));
    assert_eq!(world.open().unwrap().make_code(CodeTo::AddressOfRecord).map(|_| ()), refused);
}

#[test]
fn somebody_unknown_becomes_the_customer_by_the_password() {
    let world = world();
    world.directory.sign_in("t", AgentProfile { role: Role::Anonymous, ..agent() });
    let mut session = world.open().unwrap();
    assert!(!session.decision(DataClass::ServiceDetails, Scope::Whole).is_allowed());
    session.present(Evidence::Stated(Stated::SsnLast4)).unwrap();
    assert_eq!(present(&mut session, Evidence::password("plum-harbor")), Presented::Match);
    let reasons = session.decision(DataClass::ServiceDetails, Scope::Whole);
    let reasons: Vec<_> = reasons.reasons().map(|reason| reason.rule.as_str().to_owned()).collect();
    assert!(!reasons.contains(&"own-account-only".to_owned()), "{reasons:?}");
}

// --- Who can write the store ---------------------------------------------------------------------

fn approval(kind: ConsentKind) -> ConsentEvent {
    ConsentEvent { at: NOW, kind }
}

fn opt_in(scope: ConsentScope) -> ConsentEvent {
    approval(ConsentKind::OptIn { scope, evidence: ContactPointId::new("form-1").unwrap() })
}

#[test]
fn an_opt_in_that_was_written_past_the_library_approves_nothing() {
    let world = world();
    let ledger = &world.ledger;
    let reference = ledger.account_ref(&account());
    let of = ledger.entry_ref("consent", &reference);
    let consent = || ledger.consent(&reference, NOW, &[1; 16]).unwrap();
    // The bytes of an event are no secret; its MAC is another's.
    let forged = opt_in(ConsentScope::Cpni).encode();
    world.store.tamper_for_testing(&of, |history| history.events.push([&forged[..], &[7; 32]].concat()));
    assert_eq!(consent(), Consent::CONTRADICTORY);
    // A real opt-in of another account.
    let other = AccountId::new("A-2").unwrap();
    ledger.add_consent(&other, &opt_in(ConsentScope::Cpni), NOW).unwrap();
    let others = ledger.entry_ref("consent", &ledger.account_ref(&other));
    let copy = world.store.history(&others).unwrap();
    world.store.tamper_for_testing(&of, |history| *history = copy);
    assert_eq!(consent(), Consent::CONTRADICTORY);
    // The customer's own word is taken, and closes or opens as ever.
    ledger.add_consent(&account(), &approval(ConsentKind::Objection), NOW).unwrap();
    assert_eq!(consent(), Consent::CONTRADICTORY);
    world.store.tamper_for_testing(&of, |history| drop(history.events.pop()));
    ledger.add_consent(&account(), &opt_in(ConsentScope::Cpni), NOW).unwrap();
    assert_eq!(consent().state, ConsentState::OptedIn);
}

#[test]
fn an_objection_that_was_deleted_closes_all_the_same() {
    let world = world();
    let ledger = &world.ledger;
    let reference = ledger.account_ref(&account());
    for event in [opt_in(ConsentScope::Cpni), opt_in(ConsentScope::Location)] {
        ledger.add_consent(&account(), &event, NOW).unwrap();
    }
    let consent =
        || ledger.consent(&reference, NOW.plus(core::time::Duration::from_secs(1)), &[1; 16]).unwrap();
    assert!(consent().state == ConsentState::OptedIn && consent().location);
    let objection =
        ConsentEvent { at: Timestamp::from_micros(NOW.as_micros() + 1), kind: ConsentKind::Objection };
    ledger.add_consent(&account(), &objection, objection.at).unwrap();
    assert!(consent().state == ConsentState::Objected && !consent().location);
    let of = ledger.entry_ref("consent", &reference);
    world.store.tamper_for_testing(&of, |history| drop(history.events.pop()));
    assert_eq!(consent(), Consent::CONTRADICTORY);
}

#[test]
fn everybody_who_adds_to_a_history_at_once_is_heard() {
    let world = world();
    let ledger = &world.ledger;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    ledger.add_consent(&account(), &opt_in(ConsentScope::Location), NOW).unwrap();
                }
            });
        }
    });
    let reference = ledger.account_ref(&account());
    assert_eq!(world.store.history(&ledger.entry_ref("consent", &reference)).unwrap().events.len(), 40);
    assert!(ledger.consent(&reference, NOW, &[1; 16]).unwrap().location);
}

#[test]
fn facts_that_were_changed_or_copied_are_unknown() {
    let world = world();
    let ledger = &world.ledger;
    let (own, other) = (ledger.account_ref(&account()), ledger.account_ref(&AccountId::new("A-2").unwrap()));
    let facts = AccountFacts { sim_lock: Some(true), ..AccountFacts::default() };
    ledger.set_facts(&account(), &facts).unwrap();
    assert_eq!(ledger.facts(&own), Ok(facts.clone()));
    let place = |account| ledger.entry_ref("facts", account);
    let entry = world.store.entry(&place(&own)).unwrap().unwrap();
    for bit in 0..entry.len() * 8 {
        let mut changed = entry.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        world.store.set_entry(&place(&own), &changed).unwrap();
        assert_eq!(ledger.facts(&own), Ok(AccountFacts::default()), "{bit}");
    }
    for len in 0..entry.len() {
        world.store.set_entry(&place(&own), &entry[..len]).unwrap();
        assert_eq!(ledger.facts(&own), Ok(AccountFacts::default()), "{len}");
    }
    world.store.set_entry(&place(&other), &entry).unwrap();
    assert_eq!(ledger.facts(&other), Ok(AccountFacts::default()));
}

#[test]
fn a_one_time_code_is_not_given_a_longer_life() {
    let world = world();
    let (ledger, to) = (&world.ledger, CodeTo::NumberOfRecord);
    let account = ledger.account_ref(&account());
    let code = ledger.make_code(to, &account, NOW).unwrap();
    let place = ledger.entry_ref(to.what(), &account);
    let mut entry = world.store.entry(&place).unwrap().unwrap();
    let late = NOW.plus(CODE_LIFE);
    entry[..8].copy_from_slice(&late.plus(CODE_LIFE).as_micros().to_be_bytes());
    world.store.set_entry(&place, &entry).unwrap();
    assert_eq!(ledger.code_matches(to, &account, &code, late), Ok(false));
}
