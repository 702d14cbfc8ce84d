//! The bytes of requests and replies (`docs/spec/device-session-v1.md`). Frozen.
//!
//! Rules: decoding is strict, and what is read is the only encoding of what it says; a count cannot
//! make a reader reserve more than the bytes that are there; plaintext is written once, into a buffer
//! of its final size.

use super::decision::{DeviceDecision, DeviceReason};
use super::request::DeviceRequest;
use crate::classify::{CallRow, FieldValue};
use crate::error::DeviceError;
use crate::hazmat::framing::Tuple;
use crate::hazmat::hpke::{ENC_LEN, PUBLIC_LEN, TAG_LEN};
use crate::sensitive::Sensitive;
use crate::vocabulary::{
    AgentId, CallDirection, DataClass, FieldName, Form, Obligations, Outcome, Remedy, RuleId, Scope,
    Timestamp, WithheldBecause,
};

/// Which rule a reader found broken.
pub(super) type Why = &'static str;

const REQUEST_MAGIC: &[u8; 4] = b"CGQ\x01";
const REPLY_MAGIC: &[u8; 4] = b"CGA\x01";
const INFO_LABEL: &str = "cpni-guard/v1/device-session";

pub(super) const REQUEST_LEN: usize = REQUEST_MAGIC.len() + PUBLIC_LEN + 4;
/// Longest reply, in bytes.
pub const MAX_REPLY_LEN: usize = 16 * 1024 * 1024;
/// Most fields of a reply.
pub const MAX_FIELDS: usize = 512;
const MAX_REASONS: usize = 32;
const MAX_REMEDIES: usize = 255;
/// The length of a plaintext is a multiple of this.
pub(super) const BLOCK: usize = 1024;

const NOT_A_REQUEST: Why = "not a request of version 1";
const NOT_A_REPLY: Why = "not a reply of version 1";
pub(super) const TOO_LONG: Why = "longer than is allowed";
const ENDS_EARLY: Why = "it ends early";
const BAD_ID: Why = "an id, name or text is not allowed";
const BAD_CODE: Why = "a code is not known";
const BAD_COUNT: Why = "a count is not allowed";

pub(super) fn write_request(request: &DeviceRequest) -> [u8; REQUEST_LEN] {
    let mut out = [0; REQUEST_LEN];
    let parts = REQUEST_MAGIC.iter().chain(&request.public).copied().chain(request.number.to_be_bytes());
    out.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    out
}

pub(super) fn read_request(bytes: &[u8]) -> Result<DeviceRequest, Why> {
    let r = &mut Reader(bytes);
    if bytes.len() != REQUEST_LEN || r.array()? != *REQUEST_MAGIC {
        return Err(NOT_A_REQUEST);
    }
    let request = DeviceRequest { public: r.array()?, number: u32::from_be_bytes(r.array()?) };
    if request.number == 0 { Err("the number is 0") } else { Ok(request) }
}

/// The open part of a reply. All of it is bound to the sealed part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: u32,
    pub(super) interaction: [u8; 16],
    pub(super) account_ref: [u8; 32],
    pub(super) sealed_at: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) agent: AgentId,
}

impl Header {
    pub(super) fn write(&self) -> Vec<u8> {
        let agent = self.agent.as_str().as_bytes();
        let mut out = Vec::with_capacity(80 + agent.len());
        out.extend_from_slice(REPLY_MAGIC);
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.interaction);
        out.extend_from_slice(&self.account_ref);
        out.extend_from_slice(&self.sealed_at.as_micros().to_be_bytes());
        out.extend_from_slice(&self.expires.as_micros().to_be_bytes());
        // INVARIANT: an agent id has at most 128 bytes.
        out.push(u8::try_from(agent.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(agent);
        out
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Why> {
        if r.array()? != *REPLY_MAGIC {
            return Err(NOT_A_REPLY);
        }
        let header = Self {
            number: u32::from_be_bytes(r.array()?),
            interaction: r.array()?,
            account_ref: r.array()?,
            sealed_at: Timestamp::from_micros(u64::from_be_bytes(r.array()?)),
            expires: Timestamp::from_micros(u64::from_be_bytes(r.array()?)),
            agent: AgentId::new(r.text8()?).map_err(|_| BAD_ID)?,
        };
        if header.number == 0 {
            return Err("the number is 0");
        }
        if header.expires <= header.sealed_at {
            return Err("it expires before it was sealed");
        }
        Ok(header)
    }
}

/// HPKE's `info`: everything that a reply is bound to.
pub(super) fn info(header: &[u8]) -> Tuple {
    Tuple::new(INFO_LABEL).with(header)
}

/// A reply, cut into its parts.
pub(super) struct ReplyParts<'r> {
    pub(super) header: Header,
    pub(super) header_bytes: &'r [u8],
    pub(super) enc: &'r [u8; ENC_LEN],
    pub(super) ciphertext: &'r [u8],
    pub(super) tag: &'r [u8; TAG_LEN],
}

impl<'r> ReplyParts<'r> {
    pub(super) fn read(bytes: &'r [u8]) -> Result<Self, Why> {
        if bytes.len() > MAX_REPLY_LEN {
            return Err(TOO_LONG);
        }
        let r = &mut Reader(bytes);
        let header = Header::read(r)?;
        let header_bytes = bytes.get(..bytes.len() - r.0.len()).ok_or(ENDS_EARLY)?;
        let (enc, sealed) = r.0.split_first_chunk().ok_or(ENDS_EARLY)?;
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(ENDS_EARLY)?;
        if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(BLOCK) {
            return Err("the sealed part has another length");
        }
        Ok(Self { header, header_bytes, enc, ciphertext, tag })
    }
}

/// What is sealed.
#[derive(Clone, Copy)]
pub(super) struct Plain<'p> {
    pub(super) audit_index: u64,
    pub(super) fields: &'p [(FieldName, DeviceDecision)],
    pub(super) values: &'p [(FieldName, FieldValue)],
}

impl Plain<'_> {
    /// Header, encapsulated key and padded plaintext in one buffer, which has room for the tag; and where
    /// the plaintext starts.
    pub(super) fn write_behind(
        self,
        header: &[u8],
        enc: &[u8; ENC_LEN],
    ) -> Result<(Sensitive<Vec<u8>>, usize), DeviceError> {
        let mut counted = Counter(0);
        self.write(&mut counted)?;
        let padded = (counted.0 + 1).next_multiple_of(BLOCK);
        let starts = header.len() + ENC_LEN;
        let len = starts + padded + TAG_LEN;
        if len > MAX_REPLY_LEN {
            return Err(DeviceError::TooLarge { len, max: MAX_REPLY_LEN });
        }
        let mut out = Sensitive::new(Vec::with_capacity(len));
        // EXPOSE: written here.
        let bytes = out.expose_mut();
        bytes.extend_from_slice(header);
        bytes.extend_from_slice(enc);
        self.write(bytes)?;
        bytes.push(0x80);
        bytes.resize(starts + padded, 0);
        Ok((out, starts))
    }

    fn write(&self, out: &mut impl Sink) -> Result<(), DeviceError> {
        out.put(&self.audit_index.to_be_bytes());
        put_u16(out, self.fields.len(), MAX_FIELDS)?;
        for (name, decision) in self.fields {
            let value = self.values.iter().find(|(held, _)| held == name).map(|(_, value)| value);
            put_str8(out, name.as_str())?;
            write_decision(out, decision)?;
            write_value(out, value.filter(|_| decision.is_allowed()))?;
        }
        Ok(())
    }
}

/// What was sealed, read.
pub(super) struct Opened {
    pub(super) audit_index: u64,
    pub(super) fields: Vec<(FieldName, DeviceDecision)>,
    pub(super) values: Vec<(FieldName, FieldValue)>,
}

impl Opened {
    /// Reads a plaintext that was opened, with its padding.
    pub(super) fn read(padded: &[u8]) -> Result<Self, Why> {
        let r = &mut Reader(unpadded(padded)?);
        let audit_index = u64::from_be_bytes(r.array()?);
        let count = usize::from(u16::from_be_bytes(r.array()?));
        if !(1..=MAX_FIELDS).contains(&count) {
            return Err(BAD_COUNT);
        }
        let mut opened = Self { audit_index, fields: Vec::new(), values: Vec::new() };
        for _ in 0..count {
            let name = FieldName::new(r.text8()?).map_err(|_| BAD_ID)?;
            if opened.fields.iter().any(|(held, _)| *held == name) {
                return Err("a field stands twice");
            }
            let decision = read_decision(r)?;
            match read_value(r)? {
                Some(_) if !decision.is_allowed() => return Err("a withheld field has a value"),
                Some(value) => opened.values.push((name.clone(), value)),
                None => {}
            }
            opened.fields.push((name, decision));
        }
        if r.0.is_empty() { Ok(opened) } else { Err("bytes follow the last field") }
    }
}

/// ISO/IEC 7816-4: one byte 0x80, then as few zeros as make a multiple of [`BLOCK`].
fn unpadded(padded: &[u8]) -> Result<&[u8], Why> {
    const BAD: Why = "it is not padded as it must be";
    let end = padded.iter().rposition(|byte| *byte != 0).ok_or(BAD)?;
    let (plain, rest) = padded.split_at_checked(end).ok_or(BAD)?;
    if rest.first() != Some(&0x80) || rest.len() > BLOCK || !padded.len().is_multiple_of(BLOCK) {
        return Err(BAD);
    }
    Ok(plain)
}

fn write_decision(out: &mut impl Sink, decision: &DeviceDecision) -> Result<(), DeviceError> {
    out.put(&[
        decision.class.code(),
        decision.scope.code(),
        decision.outcome.code(),
        decision.form.map_or(0, Form::code),
        decision.because.map_or(0, WithheldBecause::code),
    ]);
    out.put(&decision.obligations.bits().to_be_bytes());
    put_str16(out, &decision.for_agent)?;
    put_u8(out, decision.reasons.len(), MAX_REASONS)?;
    for reason in &decision.reasons {
        put_str8(out, reason.rule.as_str())?;
        put_str16(out, &reason.title)?;
        put_str16(out, &reason.cite)?;
        put_str8(out, &reason.certainty)?;
    }
    put_u8(out, decision.remedies.len(), MAX_REMEDIES)?;
    for set in &decision.remedies {
        put_u8(out, set.len(), MAX_REMEDIES)?;
        set.iter().for_each(|remedy| out.put(&[remedy.code()]));
    }
    Ok(())
}

fn read_decision(r: &mut Reader<'_>) -> Result<DeviceDecision, Why> {
    let class = r.code(DataClass::from_code)?;
    let scope = r.code(Scope::from_code)?;
    let outcome = r.code(Outcome::from_code)?;
    let form = r.optional(Form::from_code)?;
    let because = r.optional(WithheldBecause::from_code)?;
    let obligations = Obligations::from_bits(u32::from_be_bytes(r.array()?)).ok_or(BAD_CODE)?;
    let for_agent = r.text16()?.into();
    let count = r.u8()?;
    if usize::from(count) > MAX_REASONS {
        return Err(BAD_COUNT);
    }
    let reason = |r: &mut Reader<'_>| {
        Ok(DeviceReason {
            rule: RuleId::new(r.text8()?).map_err(|_| BAD_ID)?,
            title: r.text16()?.into(),
            cite: r.text16()?.into(),
            certainty: r.text8()?.into(),
        })
    };
    let reasons = (0..count).map(|_| reason(r)).collect::<Result<Vec<_>, Why>>()?;
    let mut remedies = Vec::new();
    for _ in 0..r.u8()? {
        let set = (0..r.u8()?).map(|_| r.code(Remedy::from_code)).collect::<Result<Vec<_>, _>>()?;
        remedies.push(set);
    }
    let withheld = outcome == Outcome::Withhold;
    if withheld != because.is_some() || (withheld && form.is_some()) || (!withheld && !remedies.is_empty()) {
        return Err("a decision contradicts itself");
    }
    Ok(DeviceDecision { class, scope, outcome, form, because, obligations, for_agent, reasons, remedies })
}

const NO_VALUE: u8 = 0;
const TEXT: u8 = 1;
const CALLS: u8 = 2;

fn write_value(out: &mut impl Sink, value: Option<&FieldValue>) -> Result<(), DeviceError> {
    match value {
        None => out.put(&[NO_VALUE]),
        Some(FieldValue::Text(text)) => {
            out.put(&[TEXT]);
            // EXPOSE: sealed where it is written.
            put_u32(out, text.expose().len())?;
            // EXPOSE: as above.
            out.put(text.expose().as_bytes());
        }
        Some(FieldValue::Calls(rows)) => {
            out.put(&[CALLS]);
            put_u32(out, rows.len())?;
            for row in rows {
                out.put(&[row.direction().code()]);
                out.put(&row.start().as_micros().to_be_bytes());
                out.put(&row.duration_secs().to_be_bytes());
                // EXPOSE: as above.
                put_str8(out, row.number().expose())?;
                out.put(&[row.place().is_some().into()]);
                if let Some(place) = row.place() {
                    // EXPOSE: as above.
                    put_str8(out, place.expose())?;
                }
            }
        }
    }
    Ok(())
}

fn read_value(r: &mut Reader<'_>) -> Result<Option<FieldValue>, Why> {
    Ok(match r.u8()? {
        NO_VALUE => None,
        TEXT => {
            let len = usize::try_from(u32::from_be_bytes(r.array()?)).map_err(|_| ENDS_EARLY)?;
            let text = core::str::from_utf8(r.take(len)?).map_err(|_| BAD_ID)?;
            Some(FieldValue::Text(Sensitive::from(text.to_owned())))
        }
        CALLS => {
            let count = u32::from_be_bytes(r.array()?);
            // Each row takes at least 15 bytes of what is there: a count reserves nothing.
            Some(FieldValue::Calls((0..count).map(|_| read_row(r)).collect::<Result<Vec<_>, _>>()?))
        }
        _ => return Err(BAD_CODE),
    })
}

fn read_row(r: &mut Reader<'_>) -> Result<CallRow, Why> {
    let direction = r.code(CallDirection::from_code)?;
    let start = Timestamp::from_micros(u64::from_be_bytes(r.array()?));
    let duration = u32::from_be_bytes(r.array()?);
    let row = CallRow::new(direction, r.text8()?, start, duration);
    match r.u8()? {
        0 => Ok(row),
        1 => Ok(row.at_place(r.text8()?)),
        _ => Err(BAD_CODE),
    }
}

/// Where plaintext is written: a buffer, or the count of its bytes.
trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

struct Counter(usize);

impl Sink for Counter {
    fn put(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len());
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

fn put_u8(out: &mut impl Sink, len: usize, max: usize) -> Result<(), DeviceError> {
    let too_large = DeviceError::TooLarge { len, max };
    out.put(&[u8::try_from(len).ok().filter(|_| len <= max).ok_or(too_large)?]);
    Ok(())
}

fn put_u16(out: &mut impl Sink, len: usize, max: usize) -> Result<(), DeviceError> {
    let too_large = DeviceError::TooLarge { len, max };
    out.put(&u16::try_from(len).ok().filter(|_| len <= max).ok_or(too_large)?.to_be_bytes());
    Ok(())
}

fn put_u32(out: &mut impl Sink, len: usize) -> Result<(), DeviceError> {
    let too_large = DeviceError::TooLarge { len, max: MAX_REPLY_LEN };
    out.put(&u32::try_from(len).map_err(|_| too_large)?.to_be_bytes());
    Ok(())
}

fn put_str8(out: &mut impl Sink, text: &str) -> Result<(), DeviceError> {
    put_u8(out, text.len(), usize::from(u8::MAX))?;
    out.put(text.as_bytes());
    Ok(())
}

fn put_str16(out: &mut impl Sink, text: &str) -> Result<(), DeviceError> {
    put_u16(out, text.len(), usize::from(u16::MAX))?;
    out.put(text.as_bytes());
    Ok(())
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

    fn text8(&mut self) -> Result<&'a str, Why> {
        let len = self.u8()?;
        core::str::from_utf8(self.take(len.into())?).map_err(|_| BAD_ID)
    }

    fn text16(&mut self) -> Result<&'a str, Why> {
        let len = u16::from_be_bytes(self.array()?);
        core::str::from_utf8(self.take(len.into())?).map_err(|_| BAD_ID)
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

/// Reads a reply's parts and writes them again; `None` where they are refused.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn recode_reply_for_testing(bytes: &[u8]) -> Option<Vec<u8>> {
    let parts = ReplyParts::read(bytes).ok()?;
    Some([&parts.header.write()[..], parts.enc, parts.ciphertext, parts.tag].concat())
}

/// Reads a padded plaintext and writes it again; `None` where it is refused.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn recode_plain_for_testing(padded: &[u8]) -> Option<Vec<u8>> {
    let Opened { audit_index, fields, values } = Opened::read(padded).ok()?;
    let plain = Plain { audit_index, fields: &fields, values: &values };
    let (mut written, starts) = plain.write_behind(&[], &[0; ENC_LEN]).ok()?;
    // EXPOSE: to a test.
    Some(written.expose_mut().split_off(starts))
}
