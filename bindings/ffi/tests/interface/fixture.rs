//! A small carrier, put together through the exported interface alone.

use std::sync::Arc;

use cpni_guard::interaction::Attested;
use cpni_guard::vocabulary::{
    CallDirection, Channel, Form, Obligation, Outcome, Purpose, Role, Scope, WithheldBecause,
};
use cpni_guard_ffi::{
    AccountFactSource, AccountFacts, AgentProfile, Answer, ContactState, CpniError, FieldState, Guard,
    GuardBuilder, HostFailure, HotlineSource, ImportedSecret, Interaction, KeyHolder, ManualClock,
    MemoryAgents, MemoryContacts, SecretKind, SimChange, ViewAnswer,
};

/// 2026-11-23T15:04:00Z.
pub(crate) const NOON: u64 = 1_795_446_240_000_000;
pub(crate) const DAY: u64 = 86_400_000_000;
pub(crate) const PASSWORD: &[u8] = b"plum-harbor-19";
pub(crate) const ACCOUNT: &str = "acct-000042";
pub(crate) const SITE: &str = "tulsa-2";
pub(crate) const SCHEMA: &str = include_str!("../../../../examples/subscriber.toml");
pub(crate) const GRANTS: &str = include_str!("../../../../examples/grants.toml");

/// The values of the customer, none of which may come out but through a view.
pub(crate) const CANARIES: &[(&str, &str)] = &[
    ("name", "Dana Q. Example"),
    ("ssn", "987-65-4321"),
    ("mobile", "202-555-0143"),
    ("plan", "Unlimited Canary"),
];
pub(crate) const CANARY_NUMBER: &str = "2025550188";
/// On the list of covered hotlines.
pub(crate) const HOTLINE: &str = "2025550145";

pub(crate) struct Carrier {
    pub(crate) guard: Arc<Guard>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) agents: Arc<MemoryAgents>,
    pub(crate) contacts: Arc<MemoryContacts>,
}

struct Facts;

impl AccountFactSource for Facts {
    fn account_facts(&self, _: String) -> Result<Arc<AccountFacts>, HostFailure> {
        let address = (Some("post-1".to_owned()), Some(NOON - 212 * DAY));
        let facts = AccountFacts::new(
            address.0,
            address.1,
            Some(SimChange::Never),
            None,
            None,
            None,
            None,
            None,
            Some(false),
            None,
            None,
            None,
        );
        facts.map_err(|_| HostFailure::Unavailable)
    }
}

struct Hotlines;

impl HotlineSource for Hotlines {
    fn released(&self) -> Result<u64, HostFailure> {
        Ok(NOON - DAY)
    }

    fn numbers(&self) -> Result<Vec<String>, HostFailure> {
        Ok(vec![HOTLINE.to_owned()])
    }
}

pub(crate) fn profile(id: &str, role: Role, may_approve: bool) -> Arc<AgentProfile> {
    let country = Some("US".to_owned());
    let trained = Some(NOON + DAY);
    let site = Some(SITE.to_owned());
    AgentProfile::new(id.to_owned(), role, "carrier".to_owned(), country, trained, may_approve, None, site)
        .unwrap()
}

/// A live contact in which systems of the host's established this.
pub(crate) fn contact(channel: Channel, agent: &str, attested: Vec<Attested>) -> Arc<ContactState> {
    ContactState::new(channel, true, agent.to_owned(), None, None, None, None, None, false, attested).unwrap()
}

impl Carrier {
    pub(crate) fn new() -> Self {
        Self::built(|_| Ok(()))
    }

    /// With more said to the builder, or said again.
    pub(crate) fn built(more: impl FnOnce(&GuardBuilder) -> Result<(), CpniError>) -> Self {
        let (agents, contacts) = (MemoryAgents::new().unwrap(), MemoryContacts::new().unwrap());
        let clock = ManualClock::new(NOON).unwrap();
        agents.sign_in("dana".to_owned(), &profile("dana", Role::CareAgent, false)).unwrap();
        agents.sign_in("sue".to_owned(), &profile("sue", Role::CareAgent, true)).unwrap();
        let builder = GuardBuilder::new().unwrap();
        builder.schema(SCHEMA.to_owned()).unwrap();
        builder.grants(GRANTS.to_owned()).unwrap();
        builder.keys(&KeyHolder::memory().unwrap()).unwrap();
        builder.memory_store().unwrap();
        builder.memory_agents(&agents).unwrap();
        builder.memory_contacts(&contacts).unwrap();
        builder.account_facts(Arc::new(Facts)).unwrap();
        builder.hotlines(Arc::new(Hotlines)).unwrap();
        builder.manual_clock(&clock).unwrap();
        builder.breach_officer("sue".to_owned()).unwrap();
        more(&builder).unwrap();
        Self { guard: builder.build().unwrap(), clock, agents, contacts }
    }

    /// Seals the customer, and gives the account its password.
    pub(crate) fn customer(&self) -> Vec<u8> {
        let kind = ImportedSecret::Password;
        self.guard.import_secret(kind, ACCOUNT.to_owned(), PASSWORD).unwrap();
        self.guard.protect(&item(ACCOUNT, &customer_fields())).unwrap().sealed
    }

    pub(crate) fn contact(&self, id: &str, channel: Channel) {
        self.contacts.put(id.to_owned(), &contact(channel, "dana", vec![])).unwrap();
    }

    pub(crate) fn open(&self, id: &str) -> Result<Arc<Interaction>, CpniError> {
        self.guard.open_interaction(
            "dana".to_owned(),
            ACCOUNT.to_owned(),
            Purpose::Support,
            Some(id.to_owned()),
            Some(Channel::PhoneInbound),
        )
    }

    /// The customer's own session on the web site, with the password given.
    pub(crate) fn online(&self, id: &str) -> Arc<Interaction> {
        let own = Some(ACCOUNT.to_owned());
        let customer = AgentProfile::new(
            "web-1".to_owned(),
            Role::Customer,
            "carrier".to_owned(),
            None,
            None,
            false,
            own,
            None,
        );
        self.agents.sign_in("web-1".to_owned(), &customer.unwrap()).unwrap();
        self.contacts.put(id.to_owned(), &contact(Channel::Online, "web-1", vec![])).unwrap();
        let session = self.guard.open_interaction(
            "web-1".to_owned(),
            ACCOUNT.to_owned(),
            Purpose::Support,
            Some(id.to_owned()),
            Some(Channel::Online),
        );
        let session = session.unwrap();
        session.present(SecretKind::Password, PASSWORD).unwrap();
        session
    }

    /// An inbound call in which the password was given.
    pub(crate) fn authenticated(&self, id: &str) -> Arc<Interaction> {
        self.contact(id, Channel::PhoneInbound);
        let call = self.open(id).unwrap();
        call.present(SecretKind::Password, PASSWORD).unwrap();
        call
    }
}

/// What an error is, in one number.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, CpniError>) -> u16 {
    result.unwrap_err().code()
}

pub(crate) enum Field<'f> {
    Text(&'f str, &'f str),
    Calls(&'f str, &'f [(CallDirection, &'f str, Option<&'f str>)]),
}

pub(crate) fn customer_fields() -> Vec<Field<'static>> {
    let mut fields: Vec<_> = CANARIES.iter().map(|(name, value)| Field::Text(name, value)).collect();
    fields.push(Field::Calls(
        "call_detail",
        &[
            (CallDirection::Outbound, CANARY_NUMBER, Some("Springfield")),
            (CallDirection::Inbound, HOTLINE, None),
        ],
    ));
    fields
}

/// The layout of an item, written here once more from `docs/spec/binding-layout-v1.md`.
pub(crate) fn item(account: &str, fields: &[Field<'_>]) -> Vec<u8> {
    let mut record = u16::try_from(fields.len()).unwrap().to_be_bytes().to_vec();
    for field in fields {
        let (name, shape, content) = match field {
            Field::Text(name, value) => (name, 1, value.as_bytes().to_vec()),
            Field::Calls(name, rows) => (name, 2, calls(rows)),
        };
        str8(&mut record, name);
        record.push(shape);
        bytes32(&mut record, &content);
    }
    let mut out = Vec::new();
    str8(&mut out, account);
    str8(&mut out, "");
    bytes32(&mut out, &record);
    out
}

pub(crate) fn batch(items: &[Vec<u8>]) -> Vec<u8> {
    let count = u32::try_from(items.len()).unwrap().to_be_bytes();
    [&count[..], &items.concat()].concat()
}

pub(crate) fn request(fields: &[&str]) -> Vec<u8> {
    request_scoped(&fields.iter().map(|name| (Scope::Whole, *name)).collect::<Vec<_>>())
}

pub(crate) fn request_scoped(fields: &[(Scope, &str)]) -> Vec<u8> {
    let mut out = vec![1, 0];
    out.extend(u16::try_from(fields.len()).unwrap().to_be_bytes());
    for (scope, name) in fields {
        out.push(scope.code());
        str8(&mut out, name);
    }
    out
}

/// A list: the sealed bytes of a batch of views, values, tokens.
pub(crate) fn list(items: &[&[u8]]) -> Vec<u8> {
    let items: Vec<_> = items.iter().map(|item| part32(item)).collect();
    batch(&items)
}

/// A row: sealed bytes of an account, as a record or as a column.
pub(crate) fn row(account: &str, what: u8, sealed: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    str8(&mut out, account);
    out.extend([what, 0]);
    bytes32(&mut out, sealed);
    out
}

/// A value of a text column.
pub(crate) fn column_value(account: &str, field: &str, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    str8(&mut out, account);
    out.push(0);
    str8(&mut out, field);
    bytes32(&mut out, text.as_bytes());
    out
}

pub(crate) fn part32(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    bytes32(&mut out, bytes);
    out
}

/// A list of results: texts, or the codes of what failed.
pub(crate) fn results(bytes: &[u8]) -> Vec<Result<String, u16>> {
    let mut reader = Reader(bytes);
    let result = |reader: &mut Reader<'_>| match reader.u8() {
        0 => Err(reader.u16()),
        1 => Ok(String::from_utf8(reader.bytes32().to_vec()).unwrap()),
        other => panic!("result {other}"),
    };
    let all = (0..reader.u32()).map(|_| result(&mut reader)).collect();
    assert!(reader.0.is_empty());
    all
}

/// The fields of a record that came out: name, shape, content.
pub(crate) fn read_record(bytes: &[u8]) -> Vec<(String, u8, Vec<u8>)> {
    let count = u16::from_be_bytes(bytes[..2].try_into().unwrap());
    let mut rest = &bytes[2..];
    let mut take = |len: usize| {
        let (taken, after) = rest.split_at(len);
        rest = after;
        taken
    };
    let fields = (0..count)
        .map(|_| {
            let len = usize::from(take(1)[0]);
            let name = String::from_utf8(take(len).to_vec()).unwrap();
            let shape = take(1)[0];
            let len = u32::from_be_bytes(take(4).try_into().unwrap());
            (name, shape, take(usize::try_from(len).unwrap()).to_vec())
        })
        .collect();
    assert!(rest.is_empty());
    fields
}

fn calls(rows: &[(CallDirection, &str, Option<&str>)]) -> Vec<u8> {
    let mut out = u32::try_from(rows.len()).unwrap().to_be_bytes().to_vec();
    for (direction, number, place) in rows {
        out.push(direction.code());
        out.extend((NOON - 3_600_000_000).to_be_bytes());
        out.extend(61_u32.to_be_bytes());
        str8(&mut out, number);
        out.push(u8::from(place.is_some()));
        if let Some(place) = place {
            str8(&mut out, place);
        }
    }
    out
}

fn str8(out: &mut Vec<u8>, text: &str) {
    out.push(u8::try_from(text.len()).unwrap());
    out.extend(text.as_bytes());
}

fn bytes32(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend(bytes);
}

/// A field of a view.
pub(crate) struct Told {
    pub(crate) state: FieldState,
    pub(crate) answer: Answer,
}

/// What a view says, read to its last byte: the number of its audit event, how many decisions stand in it,
/// and its fields.
pub(crate) fn read_told(bytes: &[u8]) -> (u64, usize, Vec<Told>) {
    let mut reader = Reader(bytes);
    let audit_index = reader.u64();
    let decisions: Vec<_> = (0..reader.u16()).map(|_| reader.decision()).collect();
    let field = |reader: &mut Reader<'_>| {
        let name = reader.str8();
        let state = reader.state();
        let decision = decisions[usize::from(reader.u16())].clone();
        Told { state, answer: Answer { field: name, ..decision } }
    };
    let fields = (0..reader.u16()).map(|_| field(&mut reader)).collect();
    assert!(reader.0.is_empty());
    (audit_index, decisions.len(), fields)
}

/// The fields of a view.
pub(crate) fn fields(seen: &ViewAnswer) -> Vec<Told> {
    read_told(&seen.told).2
}

/// The layout of what comes out, read here once more.
pub(crate) struct Reader<'b>(pub(crate) &'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) fn take(&mut self, len: usize) -> &'b [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    pub(crate) fn u8(&mut self) -> u8 {
        self.take(1)[0]
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.take(8).try_into().unwrap())
    }

    pub(crate) fn bytes32(&mut self) -> &'b [u8] {
        let len = self.u32();
        self.take(usize::try_from(len).unwrap())
    }

    pub(crate) fn str8(&mut self) -> String {
        let len = usize::from(self.u8());
        String::from_utf8(self.take(len).to_vec()).unwrap()
    }

    pub(crate) fn state(&mut self) -> FieldState {
        [FieldState::Withheld, FieldState::Absent, FieldState::Disclosed][usize::from(self.u8())]
    }

    /// A decision; which field it is on stands elsewhere.
    pub(crate) fn decision(&mut self) -> Answer {
        let outcome = Outcome::from_code(self.u8()).unwrap();
        let form = Some(self.u8()).filter(|code| *code != 0).map(|code| Form::from_code(code).unwrap());
        let scope = Scope::from_code(self.u8()).unwrap();
        let because = Some(self.u8()).filter(|code| *code != 0);
        let because = because.map(|code| WithheldBecause::from_code(code).unwrap());
        let bits = self.u32();
        let obligations = (0..32).filter(|bit| bits & (1 << bit) != 0);
        let obligations = obligations.map(|bit| Obligation::from_code(bit).unwrap()).collect();
        let for_agent = String::from_utf8(self.bytes32().to_vec()).unwrap();
        Answer { field: String::new(), outcome, form, scope, because, obligations, for_agent }
    }
}
