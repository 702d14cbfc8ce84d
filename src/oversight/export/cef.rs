//! Common Event Format, version 0: `CEF:0|vendor|product|version|id|name|severity|extension`.
//!
//! Rules: in the header `\` and `|` are escaped, in a value of the extension `\`, `=` and line ends; a control
//! character that CEF has no escape for becomes a space. A value longer than its key allows is not cut:
//! the event has no line then, and a stand-in says so.

use crate::audit::FieldRecord;
use crate::vocabulary::Timestamp;

use super::hex;
use super::row::{Gap, Row, Severity, words};

/// The most that CEF's dictionary gives the keys that are used here, in characters.
const SHORT: usize = 63;
const ID: usize = 255;
const TEXT: usize = 1023;
const CUSTOM: usize = 4000;

/// A line, without its line feed; `None`: the format cannot hold it.
pub(super) fn line(row: &Row<'_>) -> Option<String> {
    let facts = &row.event.facts;
    let mut line = header(facts.kind.name(), &words(facts.kind.name()), row.severity(), facts.time);
    let out = &mut line;
    put(out, "deviceExternalId", &row.log.to_string(), ID)?;
    put(out, "externalId", &row.index.to_string(), SHORT)?;
    labelled(out, "cs1", "leafHash", Some(&hex(&row.leaf)))?;
    labelled(out, "cs2", "accountPseudonym", row.pseudonym().as_deref())?;
    labelled(out, "cs3", "interaction", row.interaction().as_deref())?;
    let decisions = facts.fields.iter().map(decision).collect::<Vec<_>>().join("; ");
    labelled(out, "cs4", "decisions", Some(&decisions))?;
    let mut rules: Vec<_> = facts.fields.iter().flat_map(|field| &field.rules).collect();
    rules.extend(facts.action.iter().flat_map(|action| &action.rules));
    rules.sort_unstable();
    rules.dedup();
    labelled(out, "cs5", "rules", Some(&joined(rules.iter().map(|rule| rule.as_str()))))?;
    labelled(out, "cs6", "policyHash", row.policy().as_deref())?;
    if let Some(cause) = row.cause() {
        put(out, "cn1Label", "errorCode", TEXT)?;
        put(out, "cn1", &cause.get().to_string(), SHORT)?;
    }
    if let Some((actor, id)) = row.agent() {
        optional(out, "suid", id)?;
        put(out, "spriv", actor.role.name(), TEXT)?;
        optional(out, "CpniGuardEmployer", actor.employer.as_ref().map(|id| id.as_str()))?;
        put(out, "CpniGuardCountry", &actor.country.to_string(), TEXT)?;
    }
    if let Some(action) = &facts.action {
        put(out, "act", action.action.name(), SHORT)?;
        put(out, "CpniGuardActionOutcome", action.outcome.name(), TEXT)?;
    }
    put(out, "outcome", row.status().name(), SHORT)?;
    optional(
        out,
        "reason",
        Some(joined(row.reasons().into_iter()).as_str()).filter(|text| !text.is_empty()),
    )?;
    optional(out, "CpniGuardTenant", row.tenant.map(|tenant| tenant.as_str()))?;
    optional(out, "CpniGuardPurpose", facts.purpose.map(|purpose| purpose.name()))?;
    optional(out, "CpniGuardChannel", facts.channel.map(|channel| channel.name()))?;
    optional(out, "CpniGuardContact", facts.contact.as_ref().map(|id| id.as_str()))?;
    optional(out, "CpniGuardCase", facts.case.as_ref().map(|id| id.as_str()))?;
    optional(out, "CpniGuardBasis", facts.basis.as_ref().map(|id| id.as_str()))?;
    optional(out, "CpniGuardDestination", facts.destination.map(|to| to.name()))?;
    optional(out, "CpniGuardGrant", row.grant().as_deref())?;
    let evidence = facts.evidence.iter().map(|(kind, by)| format!("{kind}/{by}")).collect::<Vec<_>>();
    let evidence = joined(evidence.iter().map(String::as_str));
    optional(out, "CpniGuardEvidence", Some(evidence.as_str()).filter(|text| !text.is_empty()))?;
    let duties = joined(row.duties().iter().map(|duty| duty.name()));
    optional(out, "CpniGuardDuties", Some(duties.as_str()).filter(|text| !text.is_empty()))?;
    put(out, "CpniGuardKeyVersion", &row.event.key_version.to_string(), TEXT)?;
    Some(line)
}

/// The line that stands for events which have none.
pub(super) fn stand_in(gap: &Gap<'_>) -> String {
    let mut line = header("not_exported", "Audit event not exported", gap.severity(), gap.time);
    let leaf = gap.leaf.as_ref().map(|leaf| hex(leaf));
    let (log, first, last) = (gap.log.to_string(), gap.numbers.start.to_string(), gap.last().to_string());
    let parts = [
        ("deviceExternalId", Some(log.as_str())),
        ("externalId", Some(first.as_str())),
        ("CpniGuardLast", Some(last.as_str())),
        ("outcome", Some("Failure")),
        ("reason", Some(gap.reason())),
        ("msg", Some(gap.what())),
        ("CpniGuardTenant", gap.tenant.map(|tenant| tenant.as_str())),
        ("cs1Label", leaf.as_ref().map(|_| "leafHash")),
        ("cs1", leaf.as_deref()),
    ];
    for (key, value) in parts {
        // INVARIANT: numbers, hashes, fixed words and a tenant's id: nothing is over its limit.
        let _ = optional(&mut line, key, value);
    }
    line
}

/// The header, and the first key of the extension: milliseconds since 1970.
fn header(id: &str, name: &str, severity: Severity, time: Timestamp) -> String {
    let mut line = String::with_capacity(1024);
    line.push_str("CEF:0");
    let (product, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let severity = severity.cef().to_string();
    for part in [product, product, version, id, name, severity.as_str()] {
        line.push('|');
        escape_header(&mut line, part);
    }
    line.push_str("|rt=");
    line.push_str(&(time.as_micros() / 1000).to_string());
    line
}

/// A field's decision: name, class, what was asked, how it came out, and in which form or why not.
fn decision(field: &FieldRecord) -> String {
    let mut text = format!("{}/{}/{}/{}", field.field, field.class, field.op, field.outcome);
    let more = field.form.map(|form| form.name()).or(field.because.map(|because| because.name()));
    if let Some(more) = more {
        text.push('/');
        text.push_str(more);
    }
    text
}

fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    texts.collect::<Vec<_>>().join(",")
}

fn labelled(out: &mut String, key: &str, label: &str, value: Option<&str>) -> Option<()> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Some(()) };
    put(out, &format!("{key}Label"), label, TEXT)?;
    put(out, key, value, CUSTOM)
}

fn optional(out: &mut String, key: &str, value: Option<&str>) -> Option<()> {
    value.map_or(Some(()), |value| put(out, key, value, TEXT))
}

fn put(out: &mut String, key: &str, value: &str, most: usize) -> Option<()> {
    if value.chars().nth(most).is_some() {
        return None;
    }
    out.push(' ');
    out.push_str(key);
    out.push('=');
    escape_value(out, value);
    Some(())
}

pub(super) fn escape_header(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\\' | '|' => out.extend(['\\', character]),
            _ if is_line_end_or_control(character) => out.push(' '),
            _ => out.push(character),
        }
    }
}

pub(super) fn escape_value(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\\' | '=' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            _ if is_line_end_or_control(character) => out.push(' '),
            _ => out.push(character),
        }
    }
}

/// Also what some readers end a line with.
fn is_line_end_or_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}
