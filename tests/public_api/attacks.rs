//! The insider's and the thief's moves, played against the public API.

use std::sync::Arc;

use cpni_guard::error::{HostError, InteractionError, KeyError, SealedError};
use cpni_guard::interaction::{
    AccountFactSource, AccountFacts, AddressOnFile, Attested, ContactSource, ContactState,
    PORT_CHECKS_ACCOUNT, PORT_CHECKS_PARTNER, SimChange, Stated, VERIFY_ATTEMPTS_AGENT,
};
use cpni_guard::transaction::{TRANSACTIONS_ACCOUNT, TRANSACTIONS_PARTNER};
use cpni_guard::vocabulary::{
    Action, AgentId, Channel, ContactId, ContactPointId, Destination, EstablishedBy, EventKind, EvidenceKind,
    Obligation, RecordId, Role, Timestamp,
};
use cpni_guard::{
    AccountId, AgentSession, Contact, Error, Evidence, FieldView, Guard, GuardBuilder, Interaction,
    MemoryKeys, Presented, Purpose, SealedRecord, Stores, View,
};

use crate::fixture::{Carrier, FIELDS, NOON, account, profile, record, record_with_id};

/// Every field of the schema, the derived one too.
fn all_fields() -> impl Iterator<Item = &'static str> {
    FIELDS.into_iter().chain(["ssn_last4"])
}

/// The fields that a care agent sees after the password.
const OPEN: [&str; 12] = [
    "name",
    "street",
    "city",
    "account_number",
    "mobile",
    "email",
    "plan",
    "features",
    "lines",
    "imei",
    "iccid",
    "balance",
];

fn opens_nothing(view: &Result<View, Error>) -> bool {
    match view {
        Err(_) => true,
        Ok(view) => view.fields().all(|(_, shown)| !matches!(shown, FieldView::Disclosed(_))),
    }
}

#[test]
fn a_ciphertext_copied_to_another_account_is_refused_and_recorded() {
    let carrier = Carrier::new(Stores::in_memory());
    let (victim, own) = (account("A-1"), account("A-2"));
    let (stolen, _) = (carrier.customer(&victim), carrier.customer(&own));
    let mut call = carrier.authenticated("dana", &own);
    let refused = call.view(&stolen, ["plan"]).unwrap_err();
    assert_eq!(refused, SealedError::Commitment.into());
    let size = carrier.guard.audit().size();
    let (_, event) = carrier.guard.audit().entries(size - 1..size).next().unwrap().unwrap();
    assert_eq!((event.facts.kind, event.facts.cause), (EventKind::NotCarriedOut, refused.code().get()));
    assert_eq!(event.facts.actor.unwrap().agent, AgentId::new("dana").unwrap());
}

#[test]
fn another_record_id_or_another_guards_keys_open_nothing() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    carrier.customer(&dana);
    let (one, two) = (RecordId::new("1").unwrap(), RecordId::new("2").unwrap());
    let sealed = carrier.guard.protect(&dana, record_with_id(one.clone())).unwrap().record;
    let mut call = carrier.authenticated("dana", &dana);
    assert!(call.view((&sealed, &one), ["plan"]).is_ok());
    assert_eq!(call.view((&sealed, &two), ["plan"]).unwrap_err(), SealedError::Authentication.into());

    let other = Carrier::new(Stores::in_memory());
    other.customer(&dana);
    let mut call = other.authenticated("dana", &dana);
    assert_eq!(call.view((&sealed, &one), ["plan"]).unwrap_err(), SealedError::Commitment.into());
}

/// Every bit of a record that was changed: the record is refused when it is read, or a field of it
/// when it is viewed. Nothing panics, and no view gives out everything.
#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let bytes = carrier.customer(&dana).record.as_bytes().to_vec();
    for len in 0..bytes.len() {
        assert!(SealedRecord::from_bytes(&bytes[..len]).is_err(), "cut to {len}");
    }
    // A case sees every class that a care agent sees, and is open for as long as it takes.
    let case = carrier.contact("case-1", Channel::BackOffice, "dana");
    let guard = &carrier.guard;
    let view_all = |sealed: &SealedRecord, call: &mut Interaction| {
        call.view(sealed, OPEN.iter().copied().chain(["call_detail"]))
    };
    let mut call = guard.interaction(AgentSession::new("dana"), &dana, case, Purpose::Support).unwrap();
    let intact = SealedRecord::from_bytes(bytes.clone()).unwrap();
    let view = view_all(&intact, &mut call).unwrap();
    assert!(view.fields().all(|(_, shown)| matches!(shown, FieldView::Disclosed(_))));

    let visible: Vec<_> = OPEN.iter().copied().chain(["call_detail"]).collect();
    let mut seen = 0;
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(changed) = SealedRecord::from_bytes(changed) else { continue };
        match view_all(&changed, &mut call) {
            Err(_) => {}
            // The bit lies in a field that this view does not open: the field is not one of them,
            // and each of the others is what it was.
            Ok(view) => {
                let hidden: Vec<_> = all_fields().filter(|field| !visible.contains(field)).collect();
                let names: Vec<_> = changed.field_names().collect();
                let renamed = visible.iter().filter(|field| !names.contains(field)).count();
                assert!(renamed <= 1, "bit {bit}");
                let differs = |name: &&&str| intact.field(name) != changed.field(name);
                assert!(renamed == 1 || hidden.iter().filter(|name| differs(name)).count() == 1, "bit {bit}");
                assert!(
                    view.fields().filter(|(_, shown)| matches!(shown, FieldView::Absent(_))).count()
                        == renamed
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "the fields that are not viewed have bits too");
}

#[test]
fn a_claimed_contact_is_believed_only_where_the_source_agrees() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    let refused = |contact: Contact, agent: &str| {
        let mut call = carrier.interaction(agent, &dana, contact).unwrap();
        let view = call.view(&sealed, all_fields()).unwrap();
        let alert = view.field("plan").unwrap().decision().obligations().contains(Obligation::Alert);
        opens_nothing(&Ok(view)) && alert
    };
    let ghost = Contact::of(ContactId::new("ghost").unwrap(), Channel::PhoneInbound);
    assert!(refused(Contact::None, "dana"), "no contact");
    assert!(refused(ghost, "dana"), "a contact that nobody knows");
    let colleagues = carrier.contact("call-1", Channel::PhoneInbound, "lee");
    assert!(refused(colleagues.clone(), "dana"), "a colleague's contact");
    let ended = carrier.contact("call-2", Channel::PhoneInbound, "dana");
    carrier.contacts.end(&ContactId::new("call-2").unwrap());
    assert!(refused(ended, "dana"), "a contact that ended");
    // A channel on which no live contact would be needed is not taken from the agent.
    let mine = carrier.contact("call-3", Channel::PhoneInbound, "dana");
    for channel in [Channel::Batch, Channel::BackOffice, Channel::PortInterface, Channel::PhoneCallback] {
        let claimed = Contact::of(ContactId::new("call-3").unwrap(), channel);
        assert!(refused(claimed, "dana"), "{channel}");
    }
    assert!(!refused(mine, "dana") || carrier.guard.audit().size() > 0);
    // A contact about another account.
    let other = ContactId::new("call-4").unwrap();
    let mut state = ContactState::live(Channel::PhoneInbound, AgentId::new("dana").unwrap());
    state.account = Some(account("A-2"));
    carrier.contacts.set(other.clone(), state);
    assert!(refused(Contact::of(other, Channel::PhoneInbound), "dana"), "another account's contact");
}

#[test]
fn a_record_from_a_key_version_that_is_not_there_is_a_typed_error() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let mut bytes = carrier.customer(&dana).record.as_bytes().to_vec();
    bytes[7] = 9;
    let sealed = SealedRecord::from_bytes(bytes).unwrap();
    let mut call = carrier.authenticated("dana", &dana);
    assert_eq!(call.view(&sealed, ["plan"]).unwrap_err(), KeyError::UnknownVersion { version: 9 }.into());
}

#[test]
fn values_that_look_alike_in_length_stay_alike_when_sealed() {
    let guard: Guard = Carrier::new(Stores::in_memory()).guard;
    let len = |lines: &str| {
        let record = cpni_guard::Record::new().text("lines", lines);
        guard.protect(&account("A-1"), record).unwrap().record.as_bytes().len()
    };
    assert_eq!(len("1"), len("987-65-4321"));
    assert_ne!(len("1"), len("sixteen bytes ok"));
}

#[test]
fn two_seals_of_one_record_share_no_bytes_of_ciphertext() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let seal = || carrier.guard.protect(&dana, record()).unwrap().record;
    let (first, second) = (seal(), seal());
    for name in all_fields() {
        assert_ne!(first.field(name).unwrap(), second.field(name).unwrap(), "{name}");
    }
}

/// Grants as wide as a careless carrier writes them: the floor alone decides.
const CARELESS: &str = r#"
id    = "careless"
title = "Everybody sees and does everything"

[[rule]]
id     = "see-all"
title  = "Everything is seen"
effect = "permit"
when   = { op = ["view", "verify", "send"], class = ["identity", "account_info", "service_details", "call_detail", "payment"] }

[[rule]]
id     = "do-all"
title  = "Everything is done"
effect = "permit"
when   = { op = ["act"], action = ["port_out", "take_payment_card"] }
"#;

/// A careless carrier with a signed-in customer, a partner, a port system and two more desks.
fn careless(more: impl FnOnce(GuardBuilder) -> GuardBuilder) -> Carrier {
    let keys = MemoryKeys::new().unwrap();
    let carrier =
        Carrier::built(keys, Stores::in_memory(), |builder| more(builder.grants(CARELESS))).unwrap();
    let mut customer = profile("web", Role::Customer);
    customer.own_account = Some(account("A-1"));
    carrier.directory.sign_in("web", customer);
    for (token, role) in [
        ("app", Role::ThirdPartyApp),
        ("ports", Role::PortSystem),
        ("mark", Role::Marketer),
        ("ann", Role::Analyst),
    ] {
        carrier.directory.sign_in(token, profile(token, role));
    }
    carrier
}

/// Telephony and chat are down.
struct Silent;

impl ContactSource for Silent {
    fn contact(&self, _: &ContactId) -> Result<Option<ContactState>, HostError> {
        Err(HostError)
    }
}

/// A stolen session token, and no contact that anybody confirms: the password is not got round by
/// being nowhere.
#[test]
fn a_customer_whom_nobody_confirms_to_be_online_sees_nothing() {
    let own = account("A-1");
    let refused = |carrier: &Carrier, contact: Contact| {
        let sealed = carrier.customer(&own);
        let mut session = carrier.interaction("web", &own, contact).unwrap();
        let view = session.view(&sealed, ["plan", "call_detail", "name", "card"]);
        assert!(!session.decide(Action::TakePaymentCard).unwrap().is_allowed());
        opens_nothing(&view)
    };
    let carrier = careless(|builder| builder);
    let ghost = Contact::of(ContactId::new("ghost").unwrap(), Channel::Online);
    assert!(refused(&carrier, Contact::None), "no contact");
    assert!(refused(&carrier, ghost.clone()), "a contact that nobody knows");
    for channel in [Channel::BackOffice, Channel::Batch, Channel::PortInterface] {
        assert!(refused(&carrier, carrier.contact(channel.name(), channel, "web")), "{channel}");
    }
    assert!(refused(&careless(|builder| builder.contacts(Arc::new(Silent))), ghost), "an outage");
}

#[test]
fn a_number_is_not_ported_out_from_where_nobody_is_asked_for_anything() {
    let carrier = careless(|builder| builder.account_facts(Arc::new(Unlocked)));
    let own = account("A-1");
    carrier.customer(&own);
    let may = |agent: &str, contact: Contact| {
        let mut desk = carrier.interaction(agent, &own, contact).unwrap();
        desk.decide(Action::PortOut).unwrap().is_allowed()
    };
    assert!(!may("dana", carrier.contact("ticket-1", Channel::BackOffice, "dana")), "a ticket");
    assert!(!may("mark", carrier.contact("job-1", Channel::Batch, "mark")), "a job");
    assert!(!may("ports", Contact::None), "a port system that came from nowhere");
    // What another carrier sends for a simple port is not refused on these grounds (52.36).
    let mut port = carrier
        .interaction("ports", &own, carrier.contact("port-1", Channel::PortInterface, "ports"))
        .unwrap();
    for stated in [Stated::AccountNumber, Stated::ZipCode] {
        port.present(Evidence::Stated(stated)).unwrap();
    }
    assert!(port.decide(Action::PortOut).unwrap().is_allowed());
    // The customer sets a passcode meanwhile.
    carrier.guard.import_port_passcode(&own, &"482913".to_owned().into()).unwrap();
    assert!(!port.decide(Action::PortOut).unwrap().is_allowed());
}

/// A partner ports many numbers a day, and guesses at one account end; neither takes from what agents may do.
#[test]
fn a_partner_verifies_many_accounts_and_guesses_at_none() {
    let carrier = careless(|builder| builder);
    let port = |own: &AccountId, number: u32| {
        let contact = carrier.contact(
            &format!("port-{own_number}-{number}", own_number = own.expose()),
            Channel::PortInterface,
            "ports",
        );
        carrier.interaction("ports", own, contact).unwrap()
    };
    // More than one agent verifies in a day.
    for number in 0..VERIFY_ATTEMPTS_AGENT.max + 1 {
        let own = account(&format!("P-{number}"));
        let sealed = carrier.customer(&own);
        let result = port(&own, 0).verify(&sealed, "account_number", &"1".to_owned().into()).unwrap().result;
        assert_eq!(result, Some(Presented::NoMatch));
    }
    let own = account("A-1");
    let sealed = carrier.customer(&own);
    let guess = |number| port(&own, number).verify(&sealed, "account_number", &format!("{number}").into());
    for number in 0..PORT_CHECKS_ACCOUNT.max {
        assert_eq!(guess(number).unwrap().result, Some(Presented::NoMatch), "{number}");
    }
    assert_eq!(guess(PORT_CHECKS_ACCOUNT.max).unwrap_err(), InteractionError::LockedOut.into());
    carrier.advance(24 * 3600 + 1);
    assert_eq!(guess(99).unwrap().result, Some(Presented::NoMatch));
    // Two values, the account number and the ZIP code, for each request that is counted.
    assert_eq!(PORT_CHECKS_ACCOUNT.max, 2 * TRANSACTIONS_ACCOUNT.max);
    assert_eq!(PORT_CHECKS_PARTNER.max, 2 * TRANSACTIONS_PARTNER.max);
}

/// Everything known, nothing locked, an address of 29 days.
struct Unlocked;

impl AccountFactSource for Unlocked {
    fn account_facts(&self, _: &AccountId) -> Result<AccountFacts, HostError> {
        let since = Timestamp::from_secs(NOON.as_secs() - 29 * 86_400);
        Ok(AccountFacts {
            address: Some(AddressOnFile { id: ContactPointId::new("new").unwrap(), since }),
            sim_change: Some(SimChange::Never),
            survivor: Some(false),
            sim_lock: Some(false),
            port_lock: Some(false),
            simple_port: Some(true),
            ..AccountFacts::default()
        })
    }
}

#[test]
fn an_application_without_a_request_of_the_customer_learns_no_name() {
    let carrier = careless(|builder| builder);
    let own = account("A-1");
    let sealed = carrier.customer(&own);
    for (number, purpose) in
        [Purpose::CustomerDirected, Purpose::ThirdPartyService, Purpose::Support].into_iter().enumerate()
    {
        let contact = carrier.contact(&format!("api-{number}"), Channel::Online, "app");
        let mut api = carrier.guard.interaction(AgentSession::new("app"), &own, contact, purpose).unwrap();
        assert!(opens_nothing(&api.view(&sealed, ["name", "account_number", "card"])), "{purpose}");
        let stated = "Dana Example".to_owned().into();
        assert_eq!(api.verify(&sealed, "name", &stated).unwrap().result, None, "{purpose}");
    }
}

#[test]
fn what_is_not_sent_is_not_recorded_as_sent() {
    let carrier = careless(|builder| builder.account_facts(Arc::new(Unlocked)));
    let own = account("A-1");
    let sealed = carrier.customer(&own);
    let mut call = carrier.call("dana", &own);
    for field in ["name", "account_number", "card", "plan"] {
        let receipt = call.send(&sealed, [field], Destination::AddressOfRecord).unwrap();
        let (_, decision) = receipt.decisions().next().unwrap();
        assert_eq!((decision.is_allowed(), receipt.is_sent()), (false, false), "{field}");
    }
}

/// A directory job, and a marketer who guesses where looking needs an approval.
#[test]
fn another_purpose_or_another_operation_opens_no_more() {
    let carrier = careless(|builder| builder);
    let own = account("A-1");
    let sealed = carrier.customer(&own);
    let job = |agent: &str, purpose: Purpose| {
        let contact = carrier.contact(&format!("{agent}-job"), Channel::Batch, agent);
        carrier.guard.interaction(AgentSession::new(agent), &own, contact, purpose).unwrap()
    };
    assert!(opens_nothing(&job("ann", Purpose::Directory).view(&sealed, ["plan", "call_detail", "name"])));
    for purpose in [Purpose::MarketNewCategory, Purpose::MarketUnrelatedProduct] {
        let stated = "Unlimited Plus".to_owned().into();
        let guessed = job("mark", purpose).verify(&sealed, "plan", &stated).unwrap();
        assert_eq!(guessed.result, None, "{purpose}");
    }
}

#[test]
fn an_agents_tool_attests_nothing_that_no_system_of_the_hosts_established() {
    let carrier = Carrier::new(Stores::in_memory());
    let own = account("A-1");
    let record = carrier.customer(&own);
    let (id, channel) = (ContactId::new("call-1").unwrap(), Channel::PhoneInbound);
    let say = |attested: &[Attested]| {
        let mut state = ContactState::live(channel, AgentId::new("dana").unwrap());
        state.attested = attested.to_vec();
        carrier.contacts.set(id.clone(), state);
    };
    say(&[]);
    let mut call = carrier.interaction("dana", &own, Contact::of(id.clone(), channel)).unwrap();
    let all = [
        Attested::Passkey,
        Attested::AppFactor,
        Attested::BusinessContract,
        Attested::LineSeparationVerified,
    ];
    for attested in all {
        assert_eq!(call.present(Evidence::Attested(attested)), Ok(Presented::NoMatch));
    }
    assert!(opens_nothing(&call.view(&record, ["plan"])));
    // Another one than was established; then the one that was, while the contact goes on.
    say(&[Attested::Passkey]);
    assert_eq!(call.present(Evidence::Attested(Attested::AppFactor)), Ok(Presented::NoMatch));
    assert!(opens_nothing(&call.view(&record, ["plan"])));
    assert_eq!(call.present(Evidence::Attested(Attested::Passkey)), Ok(Presented::Match));
    assert!(!opens_nothing(&call.view(&record, ["plan"])));
    let log = carrier.guard.audit();
    let facts = log.entries(0..log.size()).map(|entry| entry.unwrap().1.facts);
    let shown: Vec<_> = facts
        .filter(|facts| facts.kind == EventKind::EvidencePresented)
        .map(|facts| (facts.evidence, facts.cause))
        .collect();
    let nothing = (Vec::new(), 5012);
    assert_eq!(shown[..5], vec![nothing; 5]);
    assert_eq!(shown[5], (vec![(EvidenceKind::Passkey, EstablishedBy::HostSystem)], 0));
    // Without a contact there is nobody whom a system could have established.
    let mut desk = carrier.interaction("dana", &own, Contact::None).unwrap();
    let refused = desk.present(Evidence::Attested(Attested::Passkey));
    assert_eq!(refused, Err(InteractionError::NoLiveContact.into()));
}
