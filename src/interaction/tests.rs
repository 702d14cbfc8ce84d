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
    let ledger =
        Arc::new(Ledger::new(Arc::new(MemoryAccountStore::new()), keys, TenantId::new("t").unwrap()));
    ledger.set_password(&account(), &Sensitive::from("plum-harbor".to_owned())).unwrap();
    let mut packs = Pack::built_in().unwrap();
    packs.push(Pack::grants_from_toml("grants.toml", GRANTS).unwrap());
    let hosts = Arc::new(Hosts {
        directory: Arc::clone(&directory) as _,
        contacts: Arc::clone(&telephony) as _,
        accounts: Arc::new(NoAccountFacts),
        clock: Arc::new(ManualClock::new(NOW)),
    });
    World {
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
        country: None,
        trained_until: Some(NOW),
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
        let (kind, by, presented) = session.present(Evidence::password("plum-harbor")).unwrap();
        assert_eq!((kind, by, presented), (EvidenceKind::Password, EstablishedBy::Library, Presented::Match));
        session.accept(kind, by, NOW);
        assert!(allowed(&session));
        session
    }
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
    let (kind, by, presented) = session.present(Evidence::password("wrong")).unwrap();
    assert_eq!((kind, presented), (EvidenceKind::PasswordFailed, Presented::NoMatch));
    session.accept(kind, by, NOW);
    let (kind, by, _) = session.present(Evidence::password("plum-harbor")).unwrap();
    session.accept(kind, by, NOW);
    assert_eq!(session.evidence(), [(EvidenceKind::Password, EstablishedBy::Library)]);
}

#[test]
fn a_verifier_copied_from_another_account_never_matches() {
    let (own, victim) = (account(), AccountId::new("A-2").unwrap());
    let store = Arc::new(MemoryAccountStore::new());
    let keys = Arc::new(Keyring::open(&MemoryKeys::new().unwrap()).unwrap());
    let ledger = Ledger::new(Arc::clone(&store) as _, keys, TenantId::new("t").unwrap());
    let typed = Sensitive::from("plum-harbor".to_owned());
    ledger.set_password(&own, &typed).unwrap();
    let (own, victim) = (ledger.account_ref(&own), ledger.account_ref(&victim));
    let copied = store.password(&own).unwrap().unwrap();
    store.set_password(&victim, &copied).unwrap();
    assert_eq!(ledger.password_matches(&own, &typed, NOW), Ok(true));
    assert_eq!(ledger.password_matches(&victim, &typed, NOW), Ok(false));
    // Nor does one whose cost was lowered, or that was cut.
    let mut weak = copied.clone();
    weak[5..9].copy_from_slice(&8_u32.to_be_bytes());
    for broken in [weak, copied[..64].to_vec(), [copied.as_slice(), &[0]].concat()] {
        store.set_password(&own, &broken).unwrap();
        assert_eq!(ledger.password_matches(&own, &typed, NOW), Ok(false));
    }
}
