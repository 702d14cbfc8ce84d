//! The bytes of an event, version 1: `docs/spec/audit-log-v1.md`, "Events". Frozen.
//!
//! Rules: one event has one encoding; what the specification does not name is refused, on the way
//! in as on the way out.

use super::event::{AccountMark, ActionRecord, Actor, AuditEvent, EventFacts, FieldRecord, LogId};
use crate::error::{AuditError, IdError};
use crate::vocabulary::{
    Action, AgentId, BasisId, Channel, ContactId, CountryCode, DataClass, Destination, EmployerId,
    EstablishedBy, EventKind, EvidenceKind, FieldName, Form, Obligations, Op, Outcome, PlainId, Purpose,
    Role, RuleId, Scope, SiteId, Timestamp, WithheldBecause,
};

/// Longest event, in bytes.
pub const MAX_EVENT_LEN: usize = 1024 * 1024;
/// Most pieces of evidence in an event.
pub const MAX_EVIDENCE: usize = 64;
/// Most fields in an event.
pub const MAX_FIELDS: usize = 512;
/// Most rules in a decision.
pub const MAX_RULES: usize = 32;

const VERSION: u8 = 1;
/// Nonce and tag of a sealed account id.
const SEALED_OVERHEAD: usize = 28;
const MAX_SEALED_BLOCKS: usize = 9;

impl AuditEvent {
    /// The bytes that are stored and hashed.
    ///
    /// # Errors
    /// [`AuditError::Format`] if a count or the whole is over its limit, or the facts contradict
    /// each other (rules 4 to 7 of the specification).
    pub fn encode(&self) -> Result<Vec<u8>, AuditError> {
        encode(self).map_err(|why| AuditError::Format { why })
    }

    /// Reads an event. Needs no key, and trusts nothing.
    ///
    /// # Errors
    /// [`AuditError::Format`] if the bytes are not exactly one event of version 1.
    pub fn decode(bytes: &[u8]) -> Result<Self, AuditError> {
        decode(bytes).map_err(|why| AuditError::Format { why })
    }
}

type Why = &'static str;

fn encode(event: &AuditEvent) -> Result<Vec<u8>, Why> {
    let facts = &event.facts;
    check(event)?;
    let mut out = Vec::with_capacity(256 + facts.fields.len() * 64);
    out.extend([VERSION, facts.kind.code()]);
    out.extend(event.log.as_bytes());
    out.extend(event.key_version.to_be_bytes());
    out.extend(facts.time.as_micros().to_be_bytes());
    out.extend(facts.interaction);
    out.extend(facts.grant);
    out.push(facts.actor.is_some().into());
    if let Some(actor) = &facts.actor {
        put_str8(&mut out, actor.agent.as_str().as_bytes())?;
        out.push(actor.role.code());
        put_str8(&mut out, actor.employer.as_ref().map_or(&[], |id| id.as_str().as_bytes()))?;
        put_str8(&mut out, actor.site.as_ref().map_or(&[], |id| id.as_str().as_bytes()))?;
        out.extend(actor.country.as_bytes());
    }
    out.push(event.account.is_some().into());
    if let Some(account) = &event.account {
        out.extend(account.pseudonym);
        put_str8(&mut out, &account.sealed)?;
    }
    out.push(facts.purpose.map_or(0, Purpose::code));
    out.push(facts.channel.map_or(0, Channel::code));
    put_str8(&mut out, facts.contact.as_ref().map_or(&[], |id| id.as_str().as_bytes()))?;
    put_str8(&mut out, facts.case.as_ref().map_or(&[], |id| id.as_str().as_bytes()))?;
    put_str8(&mut out, facts.basis.as_ref().map_or(&[], |id| id.as_str().as_bytes()))?;
    out.extend(facts.policy);
    out.push(facts.action.is_some().into());
    if let Some(action) = &facts.action {
        out.push(action.action.code());
        put_decision(&mut out, action.outcome, action.because, action.obligations, &action.rules)?;
    }
    out.push(facts.destination.map_or(0, Destination::code));
    out.extend(facts.cause.to_be_bytes());
    out.push(facts.evidence.len().try_into().map_err(|_| TOO_MANY)?);
    for (kind, by) in &facts.evidence {
        out.extend([kind.code(), by.code()]);
    }
    out.extend(u16::try_from(facts.fields.len()).map_err(|_| TOO_MANY)?.to_be_bytes());
    for field in &facts.fields {
        put_str8(&mut out, field.field.as_str().as_bytes())?;
        out.extend([field.class.code(), field.op.code(), field.scope.code()]);
        out.push(field.form.map_or(0, Form::code));
        put_decision(&mut out, field.outcome, field.because, field.obligations, &field.rules)?;
    }
    if out.len() > MAX_EVENT_LEN {
        return Err(TOO_LONG);
    }
    Ok(out)
}

fn decode(bytes: &[u8]) -> Result<AuditEvent, Why> {
    let mut fields = Vec::new();
    let event = read(bytes, |field| fields.push(field.kept()))?;
    let mut facts = EventFacts::new(event.kind, event.time);
    (facts.interaction, facts.grant) = (*event.interaction, *event.grant);
    facts.actor = event.actor.map(|actor| actor.kept()).transpose()?;
    (facts.purpose, facts.channel) = (event.purpose, event.channel);
    facts.contact = optional(event.contact, ContactId::new)?;
    facts.case = optional(event.case, ContactId::new)?;
    facts.basis = optional(event.basis, BasisId::new)?;
    facts.policy = *event.policy;
    facts.action = event.action.map(|action| action.kept()).transpose()?;
    (facts.destination, facts.cause) = (event.destination, event.cause);
    facts.evidence = event.evidence;
    facts.fields = fields.into_iter().collect::<Result<_, _>>()?;
    let account = event
        .account
        .map(|account| AccountMark { pseudonym: *account.pseudonym, sealed: account.sealed.into() });
    Ok(AuditEvent { log: event.log, key_version: event.key_version, account, facts })
}

/// What an event says, where it lies in the bytes. All of it is checked.
pub(super) struct EventRef<'a> {
    pub(super) kind: EventKind,
    pub(super) log: LogId,
    pub(super) key_version: u32,
    pub(super) time: Timestamp,
    pub(super) interaction: &'a [u8; 16],
    grant: &'a [u8; 16],
    pub(super) actor: Option<ActorRef<'a>>,
    pub(super) account: Option<AccountRef<'a>>,
    purpose: Option<Purpose>,
    channel: Option<Channel>,
    contact: &'a str,
    case: &'a str,
    basis: &'a str,
    policy: &'a [u8; 32],
    action: Option<ActionRef<'a>>,
    destination: Option<Destination>,
    cause: u16,
    /// Empty in most events: no allocation.
    evidence: Vec<(EvidenceKind, EstablishedBy)>,
}

#[derive(Clone, Copy)]
pub(super) struct ActorRef<'a> {
    pub(super) agent: &'a str,
    role: Role,
    /// Empty: not known.
    pub(super) employer: &'a str,
    /// Empty: not known.
    pub(super) site: &'a str,
    country: CountryCode,
}

#[derive(Clone, Copy)]
pub(super) struct AccountRef<'a> {
    pub(super) pseudonym: &'a [u8; 32],
    sealed: &'a [u8],
}

struct ActionRef<'a> {
    action: Action,
    decision: DecisionRef<'a>,
}

pub(super) struct FieldRef<'a> {
    field: &'a str,
    pub(super) class: DataClass,
    pub(super) op: Op,
    scope: Scope,
    pub(super) form: Option<Form>,
    pub(super) decision: DecisionRef<'a>,
}

pub(super) struct DecisionRef<'a> {
    pub(super) outcome: Outcome,
    because: Option<WithheldBecause>,
    obligations: Obligations,
    /// Each with its length.
    rules: &'a [u8],
}

/// Reads an event, and shows its fields to `each` in their order. A field may be shown of an event that is
/// refused behind it.
pub(super) fn read<'a>(bytes: &'a [u8], mut each: impl FnMut(FieldRef<'a>)) -> Result<EventRef<'a>, Why> {
    if bytes.len() > MAX_EVENT_LEN {
        return Err(TOO_LONG);
    }
    let r = &mut Reader(bytes);
    if r.u8()? != VERSION {
        return Err("the version is not 1");
    }
    let kind = EventKind::from_code(r.u8()?).ok_or("the kind is not known")?;
    let log = LogId::from_bytes(*r.array()?);
    let key_version = r.u32()?;
    if key_version == 0 {
        return Err(NO_KEY_VERSION);
    }
    let time = Timestamp::from_micros(u64::from_be_bytes(*r.array()?));
    // What is absent, not said or empty is a zero, and nothing else is.
    if kind == EventKind::Genesis && r.0.iter().any(|byte| *byte != 0) {
        return Err(GENESIS_SAYS_MORE);
    }
    let (interaction, grant) = (r.array()?, r.array()?);
    let actor = if r.flag()? { Some(read_actor(r)?) } else { None };
    let account = if r.flag()? { Some(read_account(r)?) } else { None };
    let purpose = r.optional(Purpose::from_code)?;
    let channel = r.optional(Channel::from_code)?;
    let (contact, case) = (r.optional_id::<ContactId>()?, r.optional_id::<ContactId>()?);
    let basis = r.optional_id::<BasisId>()?;
    let policy = r.array()?;
    let action = if r.flag()? { Some(read_action(r)?) } else { None };
    let destination = r.optional(Destination::from_code)?;
    let cause = r.u16()?;
    let mut evidence = Vec::new();
    let pieces = r.u8()?;
    check_counts(pieces.into(), 0)?;
    for _ in 0..pieces {
        evidence.push((r.code(EvidenceKind::from_code)?, r.code(EstablishedBy::from_code)?));
    }
    let fields = r.u16()?;
    check_counts(0, fields.into())?;
    for _ in 0..fields {
        each(read_field(r)?);
    }
    if !r.0.is_empty() {
        return Err("bytes follow the event");
    }
    Ok(EventRef {
        kind,
        log,
        key_version,
        time,
        interaction,
        grant,
        actor,
        account,
        purpose,
        channel,
        contact,
        case,
        basis,
        policy,
        action,
        destination,
        cause,
        evidence,
    })
}

const ENDS_EARLY: Why = "the event ends early";
const TOO_LONG: Why = "the event is too long";
const TOO_MANY: Why = "a count is over its limit";
const BAD_ID: Why = "an id or name is not allowed";
const BAD_CODE: Why = "a code is not known";
const NO_KEY_VERSION: Why = "the key version is 0";
const GENESIS_SAYS_MORE: Why = "a genesis says more than its time";

/// The rules that the types do not hold already, before an event is written.
fn check(event: &AuditEvent) -> Result<(), Why> {
    let facts = &event.facts;
    if event.key_version == 0 {
        return Err(NO_KEY_VERSION);
    }
    if let Some(account) = &event.account {
        check_sealed(&account.sealed)?;
    }
    check_counts(facts.evidence.len(), facts.fields.len())?;
    for field in &facts.fields {
        check_decision(field.outcome, field.because, field.rules.len())?;
        check_form(field.outcome, field.form)?;
    }
    if let Some(action) = &facts.action {
        check_decision(action.outcome, action.because, action.rules.len())?;
    }
    let says_more = || event.account.is_some() || *facts != EventFacts::new(EventKind::Genesis, facts.time);
    if facts.kind == EventKind::Genesis && says_more() {
        return Err(GENESIS_SAYS_MORE);
    }
    Ok(())
}

fn check_sealed(sealed: &[u8]) -> Result<(), Why> {
    let blocks = sealed.len().checked_sub(SEALED_OVERHEAD).ok_or("the sealed account id is cut")?;
    if blocks == 0 || !blocks.is_multiple_of(16) || blocks / 16 > MAX_SEALED_BLOCKS {
        return Err("the sealed account id has another length");
    }
    Ok(())
}

fn check_counts(evidence: usize, fields: usize) -> Result<(), Why> {
    if evidence > MAX_EVIDENCE || fields > MAX_FIELDS { Err(TOO_MANY) } else { Ok(()) }
}

fn check_form(outcome: Outcome, form: Option<Form>) -> Result<(), Why> {
    let fits = outcome != Outcome::Withhold || form.is_none();
    if fits { Ok(()) } else { Err("a withheld field has a form") }
}

fn check_decision(outcome: Outcome, because: Option<WithheldBecause>, rules: usize) -> Result<(), Why> {
    if (outcome == Outcome::Withhold) != because.is_some() {
        return Err("a reason without withholding, or withholding without a reason");
    }
    if rules > MAX_RULES { Err(TOO_MANY) } else { Ok(()) }
}

fn put_str8(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Why> {
    out.push(bytes.len().try_into().map_err(|_| BAD_ID)?);
    out.extend(bytes);
    Ok(())
}

fn put_decision(
    out: &mut Vec<u8>,
    outcome: Outcome,
    because: Option<WithheldBecause>,
    obligations: Obligations,
    rules: &[RuleId],
) -> Result<(), Why> {
    out.extend([outcome.code(), because.map_or(0, WithheldBecause::code)]);
    out.extend(obligations.bits().to_be_bytes());
    out.push(rules.len().try_into().map_err(|_| TOO_MANY)?);
    rules.iter().try_for_each(|rule| put_str8(out, rule.as_str().as_bytes()))
}

fn read_actor<'a>(r: &mut Reader<'a>) -> Result<ActorRef<'a>, Why> {
    let agent = r.id::<AgentId>()?;
    let role = r.code(Role::from_code)?;
    let employer = r.optional_id::<EmployerId>()?;
    let site = r.optional_id::<SiteId>()?;
    let country = core::str::from_utf8(r.take(2)?).ok().and_then(|code| CountryCode::new(code).ok());
    Ok(ActorRef { agent, role, employer, site, country: country.ok_or("the country is not two letters")? })
}

fn read_account<'a>(r: &mut Reader<'a>) -> Result<AccountRef<'a>, Why> {
    let account = AccountRef { pseudonym: r.array()?, sealed: r.str8()? };
    check_sealed(account.sealed)?;
    Ok(account)
}

fn read_action<'a>(r: &mut Reader<'a>) -> Result<ActionRef<'a>, Why> {
    Ok(ActionRef { action: r.code(Action::from_code)?, decision: read_decision(r)? })
}

fn read_field<'a>(r: &mut Reader<'a>) -> Result<FieldRef<'a>, Why> {
    let field = FieldRef {
        field: r.id::<FieldName>()?,
        class: r.code(DataClass::from_code)?,
        op: r.code(Op::from_code)?,
        scope: r.code(Scope::from_code)?,
        form: r.optional(Form::from_code)?,
        decision: read_decision(r)?,
    };
    check_form(field.decision.outcome, field.form)?;
    Ok(field)
}

fn read_decision<'a>(r: &mut Reader<'a>) -> Result<DecisionRef<'a>, Why> {
    let outcome = r.code(Outcome::from_code)?;
    let because = r.optional(WithheldBecause::from_code)?;
    let obligations = Obligations::from_bits(r.u32()?).ok_or("an obligation is not known")?;
    let count = r.u8()?;
    check_decision(outcome, because, count.into())?;
    let behind = r.0;
    for _ in 0..count {
        r.id::<RuleId>()?;
    }
    let (rules, _) = behind.split_at_checked(behind.len() - r.0.len()).ok_or(ENDS_EARLY)?;
    Ok(DecisionRef { outcome, because, obligations, rules })
}

/// Empty: none.
fn optional<'a, T>(id: &'a str, new: impl Fn(&'a str) -> Result<T, IdError>) -> Result<Option<T>, Why> {
    if id.is_empty() { Ok(None) } else { new(id).map(Some).map_err(|_| BAD_ID) }
}

impl ActorRef<'_> {
    fn kept(self) -> Result<Actor, Why> {
        Ok(Actor {
            agent: AgentId::new(self.agent).map_err(|_| BAD_ID)?,
            role: self.role,
            employer: optional(self.employer, EmployerId::new)?,
            site: optional(self.site, SiteId::new)?,
            country: self.country,
        })
    }
}

impl ActionRef<'_> {
    fn kept(self) -> Result<ActionRecord, Why> {
        let rules = self.decision.kept_rules()?;
        let DecisionRef { outcome, because, obligations, .. } = self.decision;
        Ok(ActionRecord { action: self.action, outcome, because, rules, obligations })
    }
}

impl FieldRef<'_> {
    fn kept(self) -> Result<FieldRecord, Why> {
        let rules = self.decision.kept_rules()?;
        let field = FieldName::new(self.field).map_err(|_| BAD_ID)?;
        let Self { class, op, scope, form, .. } = self;
        let DecisionRef { outcome, because, obligations, .. } = self.decision;
        Ok(FieldRecord { field, class, op, scope, outcome, form, because, rules, obligations })
    }
}

impl DecisionRef<'_> {
    fn kept_rules(&self) -> Result<Vec<RuleId>, Why> {
        let (mut r, mut rules) = (Reader(self.rules), Vec::new());
        while !r.0.is_empty() {
            rules.push(RuleId::new(r.text8()?).map_err(|_| BAD_ID)?);
        }
        Ok(rules)
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Why> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Why> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8, Why> {
        self.array().map(|bytes| u8::from_be_bytes(*bytes))
    }

    fn u16(&mut self) -> Result<u16, Why> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    fn u32(&mut self) -> Result<u32, Why> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    fn flag(&mut self) -> Result<bool, Why> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a flag is neither 0 nor 1"),
        }
    }

    fn str8(&mut self) -> Result<&'a [u8], Why> {
        let len = self.u8()?;
        self.take(len.into())
    }

    fn text8(&mut self) -> Result<&'a str, Why> {
        core::str::from_utf8(self.str8()?).map_err(|_| BAD_ID)
    }

    fn id<T: PlainId>(&mut self) -> Result<&'a str, Why> {
        let id = self.text8()?;
        T::check(id).map_err(|_| BAD_ID)?;
        Ok(id)
    }

    /// Empty: none.
    fn optional_id<T: PlainId>(&mut self) -> Result<&'a str, Why> {
        match self.text8()? {
            "" => Ok(""),
            id => T::check(id).map_err(|_| BAD_ID).map(|()| id),
        }
    }

    fn code<T>(&mut self, from_code: impl Fn(u8) -> Option<T>) -> Result<T, Why> {
        from_code(self.u8()?).ok_or(BAD_CODE)
    }

    fn optional<T>(&mut self, from_code: impl Fn(u8) -> Option<T>) -> Result<Option<T>, Why> {
        match self.u8()? {
            0 => Ok(None),
            code => from_code(code).map(Some).ok_or(BAD_CODE),
        }
    }
}
