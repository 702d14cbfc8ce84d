//! The bytes of an event, version 1: `docs/spec/audit-log-v1.md`, "Events". Frozen.
//!
//! Rules: one event has one encoding; what the specification does not name is refused, on the way
//! in as on the way out.

use super::event::{AccountMark, ActionRecord, Actor, AuditEvent, EventFacts, FieldRecord, LogId};
use crate::error::{AuditError, IdError};
use crate::vocabulary::{
    Action, AgentId, BasisId, Channel, ContactId, CountryCode, DataClass, Destination, EmployerId,
    EstablishedBy, EventKind, EvidenceKind, FieldName, Form, Obligations, Op, Outcome, Purpose, Role, RuleId,
    Scope, Timestamp, WithheldBecause,
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
    if bytes.len() > MAX_EVENT_LEN {
        return Err(TOO_LONG);
    }
    let r = &mut Reader(bytes);
    if r.u8()? != VERSION {
        return Err("the version is not 1");
    }
    let kind = EventKind::from_code(r.u8()?).ok_or("the kind is not known")?;
    let log = LogId::from_bytes(r.array()?);
    let key_version = r.u32()?;
    let mut facts = EventFacts::new(kind, Timestamp::from_micros(u64::from_be_bytes(r.array()?)));
    facts.interaction = r.array()?;
    facts.grant = r.array()?;
    facts.actor = if r.flag()? { Some(read_actor(r)?) } else { None };
    let account =
        if r.flag()? { Some(AccountMark { pseudonym: r.array()?, sealed: r.str8()?.into() }) } else { None };
    facts.purpose = r.optional(Purpose::from_code)?;
    facts.channel = r.optional(Channel::from_code)?;
    facts.contact = r.id(ContactId::new)?;
    facts.case = r.id(ContactId::new)?;
    facts.basis = r.id(BasisId::new)?;
    facts.policy = r.array()?;
    facts.action = if r.flag()? { Some(read_action(r)?) } else { None };
    facts.destination = r.optional(Destination::from_code)?;
    facts.cause = r.u16()?;
    // Each item takes at least a byte of what is there: a count cannot make the decoder reserve more.
    for _ in 0..r.u8()? {
        facts.evidence.push((r.code(EvidenceKind::from_code)?, r.code(EstablishedBy::from_code)?));
    }
    for _ in 0..r.u16()? {
        facts.fields.push(read_field(r)?);
    }
    if !r.0.is_empty() {
        return Err("bytes follow the event");
    }
    let event = AuditEvent { log, key_version, account, facts };
    check(&event)?;
    Ok(event)
}

const ENDS_EARLY: Why = "the event ends early";
const TOO_LONG: Why = "the event is too long";
const TOO_MANY: Why = "a count is over its limit";
const BAD_ID: Why = "an id or name is not allowed";
const BAD_CODE: Why = "a code is not known";

/// The rules that the types do not hold already.
fn check(event: &AuditEvent) -> Result<(), Why> {
    let facts = &event.facts;
    if event.key_version == 0 {
        return Err("the key version is 0");
    }
    if let Some(account) = &event.account {
        let blocks =
            account.sealed.len().checked_sub(SEALED_OVERHEAD).ok_or("the sealed account id is cut")?;
        if blocks == 0 || !blocks.is_multiple_of(16) || blocks / 16 > MAX_SEALED_BLOCKS {
            return Err("the sealed account id has another length");
        }
    }
    if facts.evidence.len() > MAX_EVIDENCE || facts.fields.len() > MAX_FIELDS {
        return Err(TOO_MANY);
    }
    for field in &facts.fields {
        check_decision(field.outcome, field.because, &field.rules)?;
        if field.outcome == Outcome::Withhold && field.form.is_some() {
            return Err("a withheld field has a form");
        }
    }
    if let Some(action) = &facts.action {
        check_decision(action.outcome, action.because, &action.rules)?;
    }
    let says_more = || event.account.is_some() || *facts != EventFacts::new(EventKind::Genesis, facts.time);
    if facts.kind == EventKind::Genesis && says_more() {
        return Err("a genesis says more than its time");
    }
    Ok(())
}

fn check_decision(outcome: Outcome, because: Option<WithheldBecause>, rules: &[RuleId]) -> Result<(), Why> {
    if (outcome == Outcome::Withhold) != because.is_some() {
        return Err("a reason without withholding, or withholding without a reason");
    }
    if rules.len() > MAX_RULES {
        return Err(TOO_MANY);
    }
    Ok(())
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

fn read_actor(r: &mut Reader<'_>) -> Result<Actor, Why> {
    let agent = AgentId::new(r.text8()?).map_err(|_| BAD_ID)?;
    let role = r.code(Role::from_code)?;
    let employer = r.id(EmployerId::new)?;
    let country = core::str::from_utf8(r.take(2)?).ok().and_then(|code| CountryCode::new(code).ok());
    Ok(Actor { agent, role, employer, country: country.ok_or("the country is not two letters")? })
}

fn read_action(r: &mut Reader<'_>) -> Result<ActionRecord, Why> {
    let action = r.code(Action::from_code)?;
    let (outcome, because, obligations, rules) = read_decision(r)?;
    Ok(ActionRecord { action, outcome, because, rules, obligations })
}

fn read_field(r: &mut Reader<'_>) -> Result<FieldRecord, Why> {
    let field = FieldName::new(r.text8()?).map_err(|_| BAD_ID)?;
    let class = r.code(DataClass::from_code)?;
    let op = r.code(Op::from_code)?;
    let scope = r.code(Scope::from_code)?;
    let form = r.optional(Form::from_code)?;
    let (outcome, because, obligations, rules) = read_decision(r)?;
    Ok(FieldRecord { field, class, op, scope, outcome, form, because, rules, obligations })
}

type Decided = (Outcome, Option<WithheldBecause>, Obligations, Vec<RuleId>);

fn read_decision(r: &mut Reader<'_>) -> Result<Decided, Why> {
    let outcome = r.code(Outcome::from_code)?;
    let because = r.optional(WithheldBecause::from_code)?;
    let obligations = Obligations::from_bits(r.u32()?).ok_or("an obligation is not known")?;
    let rules =
        (0..r.u8()?).map(|_| RuleId::new(r.text8()?).map_err(|_| BAD_ID)).collect::<Result<Vec<_>, Why>>()?;
    Ok((outcome, because, obligations, rules))
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Why> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Why> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, Why> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, Why> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Why> {
        self.array().map(u32::from_be_bytes)
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

    /// Empty: none.
    fn id<T>(&mut self, new: impl Fn(&'a str) -> Result<T, IdError>) -> Result<Option<T>, Why> {
        match self.text8()? {
            "" => Ok(None),
            id => new(id).map(Some).map_err(|_| BAD_ID),
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
