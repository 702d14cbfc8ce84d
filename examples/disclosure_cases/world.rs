//! The carrier that a case describes: its account, agent, contact and packs, with the most ordinary
//! value for everything that the case leaves out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cpni_guard::error::HostError;
use cpni_guard::interaction::{
    AccountFactSource, AccountFacts, AddressOnFile, AgentProfile, Attested, CallBack, CodeTo, ConsentEvent,
    ConsentKind, ContactState, HotlineList, MemoryContacts, MemoryDirectory, PhotoIdKind, SimChange, Stated,
};
use cpni_guard::transaction::{AccountChange, ContactChange, HostRisk, RiskSource};
use cpni_guard::vocabulary::{
    Action, AgentId, Channel, CivilDate, ConsentScope, ContactId, ContactPointId, CountryCode, DataClass,
    EmployerId, EvidenceKind, ManualClock, Purpose, Role, RuleId, ScriptVersion, Timestamp,
};
use cpni_guard::{
    AccountId, AgentSession, CallRow, ChangeRequest, Contact, Delivery, Error, Evidence, Guard, Interaction,
    MemoryKeys, NamedCall, Notifier, PhotoId, Protected, Record, Schema, Sensitive, Stores, View,
};
use serde_json::Value;

/// 2026-11-23T15:04:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_446_240);
const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;
const PASSWORD: &str = "plum-harbor-19";
const BACKUP: &str = "blue heron";
const PASSCODE: &str = "482913";
const NAME: &str = "Dana Example";
const CALLED: &str = "202-555-0123";
/// What every field of one text holds, the name apart. An SSN of the advertising range.
pub(crate) const VALUE: &str = "987-65-4321";
const GRANTS: &str = include_str!("../case-roles.toml");

/// A carrier with one account.
pub(crate) struct World {
    case: Value,
    guard: Guard,
    account: AccountId,
    pub(crate) sealed: Protected,
    codes: Arc<Outbox>,
}

/// What goes to customers.
#[derive(Default)]
struct Outbox(Mutex<Vec<String>>);

struct Facts(AccountFacts);

struct Hotlines;

/// A request with nothing unusual about it.
struct Ordinary;

impl RiskSource for Ordinary {
    fn risk(&self, _: &AccountId, _: &ChangeRequest) -> Result<HostRisk, HostError> {
        let opened = Some(ago(DAY.saturating_mul(900)));
        Ok(HostRisk {
            new_device: Some(false),
            device: None,
            account_opened: opened,
            unlock_eligible: Some(true),
        })
    }
}

/// The field that holds a class.
pub(crate) fn field(class: DataClass) -> &'static str {
    class.name()
}

/// The change that an action makes, for those that are transactions.
pub(crate) fn change(action: Action) -> Option<ChangeRequest> {
    let point = ContactPointId::new("point-2").ok()?;
    let contact = |change| ChangeRequest::contact(change, point, "new");
    Some(match action {
        Action::SimChange => ChangeRequest::sim_change("8155550100", "8900000000000000003"),
        Action::PortOut => ChangeRequest::port_out("8155550100", "9999"),
        Action::UnlockHandset => ChangeRequest::unlock_handset("001017000000003"),
        Action::CreatePassword => ChangeRequest::account(AccountChange::CreatePassword),
        Action::ResetPassword => ChangeRequest::account(AccountChange::ResetPassword),
        Action::CreateOnlineAccount => ChangeRequest::account(AccountChange::OnlineAccount),
        Action::ChangeBackupAnswer => ChangeRequest::account(AccountChange::BackupAnswer),
        Action::ChangeEmailOfRecord => contact(ContactChange::Email),
        Action::ChangeAddressOfRecord => contact(ContactChange::Address),
        Action::ChangeNumberOfRecord => contact(ContactChange::Number),
        Action::OutboundApprovalRequest | Action::TakePaymentCard => return None,
    })
}

impl World {
    pub(crate) fn new(case: &Value) -> Result<Self, String> {
        let account = AccountId::new("A-1").map_err(show)?;
        let codes = Arc::new(Outbox::default());
        let directory = Arc::new(MemoryDirectory::default());
        directory.sign_in("session", profile(case, &account)?);
        let contacts = Arc::new(MemoryContacts::default());
        if let Some(state) = contact_state(case)? {
            contacts.set(contact_id()?, state);
        }
        let mut builder = Guard::builder()
            .schema(schema().map_err(show)?)
            .keys(MemoryKeys::new().map_err(show)?)
            .store(Stores::in_memory())
            .grants(GRANTS)
            .agents(directory)
            .contacts(contacts)
            .account_facts(Arc::new(Facts(facts(case)?)))
            .risks(Arc::new(Ordinary))
            .hotlines(Arc::new(Hotlines))
            .delivery(Arc::clone(&codes) as _)
            .notifier(Arc::clone(&codes) as _)
            .clock(Arc::new(ManualClock::new(NOW)));
        for (key, pack) in
            [("sim_change", "us-sim-change"), ("port_out", "us-port-out"), ("onshoring", "us-onshoring")]
        {
            match case["regime"].get(key).map(Value::as_str) {
                None | Some(Some("off")) => {}
                Some(Some("adopted" | "proposed")) => {
                    builder = builder.switch_on(RuleId::new(pack).map_err(show)?);
                }
                Some(_) => return Err(format!("unknown regime of {key}")),
            }
        }
        let guard = builder.build().map_err(show)?;
        guard.import_password(&account, &secret(PASSWORD)).map_err(show)?;
        guard.import_backup_answer(&account, &secret(BACKUP)).map_err(show)?;
        if case["account"]["port_passcode_set"] == true {
            guard.import_port_passcode(&account, &secret(PASSCODE)).map_err(show)?;
        }
        for event in consent(case)? {
            guard.record_consent(&account, &event).map_err(show)?;
        }
        let sealed = guard.protect(&account, record()).map_err(show)?;
        Ok(Self { case: case.clone(), guard, account, sealed, codes })
    }

    /// An interaction with the evidence of the case presented.
    pub(crate) fn interaction(&self) -> Result<Interaction, String> {
        let purpose = named("purpose", &self.case["purpose"], Purpose::from_name)?;
        let contact = match contact_state(&self.case)? {
            Some(state) => Contact::of(contact_id()?, state.channel),
            None => Contact::None,
        };
        let session = AgentSession::new("session");
        let mut call = self.guard.interaction(session, &self.account, contact, purpose).map_err(show)?;
        if self.case["account"]["one_time_oral_approval"] == true {
            let recording = ContactPointId::new("recording-1").map_err(show)?;
            let script = ScriptVersion::new("notice-1").map_err(show)?;
            if_taken("one_time_oral_approval", call.record_oral_approval(recording, script))?;
        }
        for kind in evidence(&self.case)? {
            if_taken(kind.name(), self.present(&mut call, kind))?;
        }
        Ok(call)
    }

    fn present(&self, call: &mut Interaction, kind: EvidenceKind) -> Result<(), Error> {
        use EvidenceKind as E;
        let attested = |attested| Evidence::Attested(attested);
        let evidence = match kind {
            E::Password => Evidence::password(PASSWORD),
            E::PasswordFailed => Evidence::password("not the password"),
            E::Backup => Evidence::Backup(secret(BACKUP)),
            E::BackupFailed => Evidence::Backup(secret("not the answer")),
            E::PortPasscode => Evidence::PortPasscode(secret(PASSCODE)),
            E::PortPasscodeFailed => Evidence::PortPasscode(secret("000000")),
            E::OtpNumberOfRecord => self.code(call, CodeTo::NumberOfRecord)?,
            E::OtpAddressOfRecord => self.code(call, CodeTo::AddressOfRecord)?,
            E::Passkey => attested(Attested::Passkey),
            E::AppFactor => attested(Attested::AppFactor),
            E::BusinessContract => attested(Attested::BusinessContract),
            E::LineSeparationVerified => attested(Attested::LineSeparationVerified),
            E::PhotoId => return self.photo(call, 2030, NAME),
            E::PhotoIdExpired => return self.photo(call, 2020, NAME),
            E::PhotoIdNameMismatch => return self.photo(call, 2030, "Sam Sample"),
            E::CallNamedUnaided => return self.name_call(call, CALLED),
            E::CallNamedWithHelp => return self.name_call(call, "202-555-0199"),
            // What the host's telephony says stands in the contact.
            E::CallbackNumberOfRecord | E::CallbackContactNumber | E::CallerId => return Ok(()),
            E::SsnVerified => Evidence::Stated(Stated::SsnVerified),
            E::SsnLast4 => Evidence::Stated(Stated::SsnLast4),
            E::DateOfBirth => Evidence::Stated(Stated::DateOfBirth),
            E::MothersMaidenName => Evidence::Stated(Stated::MothersMaidenName),
            E::HomeAddress => Evidence::Stated(Stated::HomeAddress),
            E::FullName => Evidence::Stated(Stated::FullName),
            E::ZipCode => Evidence::Stated(Stated::ZipCode),
            E::AccountNumber => Evidence::Stated(Stated::AccountNumber),
            E::AccountNumberLast4 => Evidence::Stated(Stated::AccountNumberLast4),
            E::BillAmount => Evidence::Stated(Stated::BillAmount),
            E::RecentPayment => Evidence::Stated(Stated::RecentPayment),
            E::CallDetailQuiz => Evidence::Stated(Stated::CallDetailQuiz),
            E::PartnerAssertedConsent => Evidence::Stated(Stated::PartnerAssertedConsent),
        };
        call.present(evidence).map(|_| ())
    }

    /// Has a code sent and reads it back.
    fn code(&self, call: &mut Interaction, to: CodeTo) -> Result<Evidence, Error> {
        call.send_one_time_code(to)?;
        let code = self.codes.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        Ok(Evidence::OneTimeCode(to, Sensitive::from(code)))
    }

    fn photo(&self, call: &mut Interaction, year: i16, name: &str) -> Result<(), Error> {
        let Some(expires) = CivilDate::new(year, 1, 1) else { return Ok(()) };
        let id = PhotoId { kind: PhotoIdKind::DriversLicence, expires, name: secret(name) };
        call.show_photo_id(&id, &self.sealed, field(DataClass::Identity)).map(|_| ())
    }

    fn name_call(&self, call: &mut Interaction, number: &str) -> Result<(), Error> {
        let named = NamedCall { number: secret(number), started: ago(HOUR), duration_secs: None };
        call.name_call(named, &self.sealed, field(DataClass::CallDetail)).map(|_| ())
    }
}

impl AccountFactSource for Facts {
    fn account_facts(&self, _: &AccountId) -> Result<AccountFacts, HostError> {
        Ok(self.0.clone())
    }
}

impl HotlineList for Hotlines {
    fn released(&self) -> Result<Timestamp, HostError> {
        Ok(ago(DAY))
    }

    fn contains(&self, _: &str) -> bool {
        false
    }
}

impl Delivery for Outbox {
    fn send(&self, _: &AccountId, _: &ContactPointId, _: &View) -> Result<(), HostError> {
        Ok(())
    }

    fn send_code(
        &self,
        _: &AccountId,
        _: CodeTo,
        _: Option<&ContactPointId>,
        code: &Sensitive<String>,
    ) -> Result<(), HostError> {
        self.0.lock().map_err(|_| HostError)?.push(code.expose().clone());
        Ok(())
    }

    fn call_back(&self, _: &AccountId) -> Result<(), HostError> {
        Ok(())
    }
}

impl Notifier for Outbox {
    fn queue(&self, _: &AccountId, _: cpni_guard::Notice) -> Result<(), HostError> {
        Ok(())
    }
}

/// What the library does not take on this channel, or does not send, does not count.
fn if_taken(what: &str, taken: Result<(), Error>) -> Result<(), String> {
    match taken {
        Ok(()) | Err(Error::Interaction(_)) => Ok(()),
        Err(error) => Err(format!("{what}: {error}")),
    }
}

fn profile(case: &Value, account: &AccountId) -> Result<AgentProfile, String> {
    let role = named("role", &case["role"], Role::from_name)?;
    let agent = &case["agent"];
    let trained_until = match agent["training"].as_str() {
        None | Some("current") => Some(NOW.plus(Duration::from_secs(DAY))),
        Some("lapsed") => Some(ago(DAY)),
        Some("unknown") => None,
        Some(other) => return Err(format!("unknown training {other}")),
    };
    let own_account = match case["account"]["owner"].as_str() {
        None | Some("self") => account.clone(),
        Some("someone_else") => AccountId::new("A-2").map_err(show)?,
        Some(other) => return Err(format!("unknown owner {other}")),
    };
    Ok(AgentProfile {
        id: agent_id()?,
        role,
        employer: EmployerId::new("carrier").map_err(show)?,
        site: None,
        country: Some(CountryCode::new(agent["country"].as_str().unwrap_or("US")).map_err(show)?),
        trained_until,
        may_approve: false,
        own_account: (role == Role::Customer).then_some(own_account),
    })
}

/// What systems of the host's establish.
const ATTESTED: [(EvidenceKind, Attested); 4] = [
    (EvidenceKind::Passkey, Attested::Passkey),
    (EvidenceKind::AppFactor, Attested::AppFactor),
    (EvidenceKind::BusinessContract, Attested::BusinessContract),
    (EvidenceKind::LineSeparationVerified, Attested::LineSeparationVerified),
];

/// The contact, unless the case says that there is none.
fn contact_state(case: &Value) -> Result<Option<ContactState>, String> {
    let agent = &case["agent"];
    if agent.get("interaction").is_some_and(Value::is_null) {
        return Ok(None);
    }
    let channel = named("channel", &case["channel"], Channel::from_name)?;
    let kinds = evidence(case)?;
    let mut state = ContactState::live(channel, agent_id()?);
    state.case = agent["case_id"].as_str().map(ContactId::new).transpose().map_err(show)?;
    state.caller_id_matches = kinds.contains(&EvidenceKind::CallerId);
    state.called_back = if kinds.contains(&EvidenceKind::CallbackNumberOfRecord) {
        Some(CallBack::NumberOfRecord)
    } else {
        kinds.contains(&EvidenceKind::CallbackContactNumber).then_some(CallBack::ContactNumber)
    };
    let established = ATTESTED.iter().filter(|(kind, _)| kinds.contains(kind));
    state.attested = established.map(|(_, attested)| *attested).collect();
    Ok(Some(state))
}

fn facts(case: &Value) -> Result<AccountFacts, String> {
    let account = &case["account"];
    let flag = |key: &str| match account.get(key) {
        None => Ok(Some(false)),
        Some(value) => value.as_bool().map(Some).ok_or_else(|| format!("{key} is neither true nor false")),
    };
    let number = |key: &str| match account.get(key) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| format!("{key} is no number")),
    };
    let days = number("address_age_days")?.unwrap_or(365);
    Ok(AccountFacts {
        address: Some(AddressOnFile {
            id: ContactPointId::new("address-1").map_err(show)?,
            since: ago(days.saturating_mul(DAY)),
        }),
        sim_change: Some(match number("sim_changed_hours_ago")? {
            Some(hours) => SimChange::At(ago(hours.saturating_mul(HOUR))),
            None => SimChange::Never,
        }),
        business: flag("business")?,
        dedicated_representative: flag("dedicated_representative")?,
        cpni_contract: flag("cpni_contract")?,
        written_request: flag("written_request")?,
        service_initiation: flag("service_initiation")?,
        survivor: if account["survivor"] == "unreadable" { None } else { flag("survivor")? },
        sim_lock: flag("sim_lock")?,
        port_lock: flag("port_lock")?,
        simple_port: flag("simple_port")?,
    })
}

/// The history behind the account's approvals. One that cannot be read goes back in time.
fn consent(case: &Value) -> Result<Vec<ConsentEvent>, String> {
    let account = &case["account"];
    let event = |days: u64, kind| ConsentEvent { at: ago(days.saturating_mul(DAY)), kind };
    let mut history = Vec::new();
    let notice = &account["opt_out_notice"];
    if notice.is_object() {
        let days = notice["days_ago"].as_u64().ok_or("a notice without days_ago")?;
        history.push(event(
            days,
            match notice["method"].as_str() {
                Some("email") => ConsentKind::NoticeByEmail,
                Some("mail") => ConsentKind::NoticeByMail,
                _ => return Err(format!("unknown notice {notice}")),
            },
        ));
        if notice["bounced"] == true {
            history.push(event(days, ConsentKind::Undeliverable));
        }
    }
    if account["opt_in"] == true {
        for scope in opt_in_scopes(case)? {
            let evidence = ContactPointId::new("form-1").map_err(show)?;
            history.push(event(0, ConsentKind::OptIn { scope, evidence }));
        }
    }
    if account["consent_unavailable"] == true {
        history.push(event(0, ConsentKind::NoticeByEmail));
        history.push(event(1, ConsentKind::NoticeByEmail));
    }
    Ok(history)
}

/// The opt-in that the request is about: for location both, because location is CPNI. A case of our own
/// may name the one that there is.
fn opt_in_scopes(case: &Value) -> Result<Vec<ConsentScope>, String> {
    let scope = &case["account"]["opt_in_scope"];
    if !scope.is_null() {
        return Ok(vec![named("scope", scope, ConsentScope::from_name)?]);
    }
    let about_location = asks_for(case, DataClass::Location);
    Ok(if about_location { ConsentScope::ALL.to_vec() } else { vec![ConsentScope::Cpni] })
}

/// Whether the request is for a value of this class.
fn asks_for(case: &Value, class: DataClass) -> bool {
    ["view", "verify", "send"].iter().any(|op| case["request"][op] == class.name())
}

fn evidence(case: &Value) -> Result<Vec<EvidenceKind>, String> {
    let Some(kinds) = case.get("evidence") else { return Ok(Vec::new()) };
    let kinds = kinds.as_array().ok_or("evidence is no list")?.iter().filter(|kind| **kind != "none");
    kinds.map(|kind| named("evidence", kind, EvidenceKind::from_name)).collect()
}

/// A schema with one field a class, named like it. The last four digits come from the SSN.
fn schema() -> Result<Schema, Error> {
    let fields = DataClass::ALL.iter().filter(|class| **class != DataClass::SsnLast4);
    let lines: String = fields.map(|class| format!("{class} = {{ class = \"{class}\" }}\n")).collect();
    Ok(Schema::from_toml(&format!("[fields]\n{lines}"))?)
}

fn record() -> Record {
    let calls =
        vec![CallRow::outbound(CALLED, ago(HOUR), 61), CallRow::inbound("202-555-0145", ago(2 * HOUR), 240)];
    let texts = DataClass::ALL
        .iter()
        .filter(|class| !matches!(class, DataClass::SsnLast4 | DataClass::CallDetail | DataClass::Identity));
    texts
        .fold(Record::new().text(field(DataClass::Identity), NAME), |record, class| {
            record.text(field(*class), VALUE)
        })
        .calls(field(DataClass::CallDetail), calls)
}

fn named<T>(what: &str, value: &Value, from_name: impl Fn(&str) -> Option<T>) -> Result<T, String> {
    let name = value.as_str().unwrap_or_default();
    from_name(name).ok_or_else(|| format!("unknown {what} {value}"))
}

fn agent_id() -> Result<AgentId, String> {
    AgentId::new("agent-1").map_err(show)
}

fn contact_id() -> Result<ContactId, String> {
    ContactId::new("contact-1").map_err(show)
}

fn ago(seconds: u64) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs().saturating_sub(seconds))
}

fn secret(text: &str) -> Sensitive<String> {
    Sensitive::from(text.to_owned())
}

fn show(error: impl core::fmt::Display) -> String {
    error.to_string()
}
