//! One function a decoder. Each takes any bytes at all and may only return: a panic is a finding.
//!
//! Rules: no state between calls, no randomness, no clock, nothing read or written. This file is
//! also compiled by `tests/fuzz_replay.rs` on stable, so it names only `cpni_guard` and `core`.

use cpni_guard::vocabulary::{
    AccountId, AgentId, ContactId, FieldName, MAX_ID_LEN, MAX_NAME_LEN, RecordId, RuleId, TenantId,
};

/// A target takes the bytes that the fuzzer made.
pub type Target = fn(&[u8]);

/// Every target by the name of its binary and of its corpus folder.
pub const ALL: &[(&str, Target)] = &[("ids", ids)];

/// Identifiers: what is taken comes out unchanged and within its limits.
pub fn ids(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };

    for (taken, empty_allowed) in [
        (AccountId::new(text).ok().map(|id| id.expose() == text), false),
        (RecordId::new(text).ok().map(|id| id.expose() == text), true),
    ] {
        let allowed = text.len() <= MAX_ID_LEN
            && (empty_allowed || !text.is_empty())
            && !text.chars().any(char::is_control);
        assert_eq!(taken, allowed.then_some(true));
    }

    for taken in [
        TenantId::new(text).ok().map(|id| id.as_str() == text && id.to_string() == text),
        AgentId::new(text).ok().map(|id| id.as_str() == text && id.to_string() == text),
        ContactId::new(text).ok().map(|id| id.as_str() == text && id.to_string() == text),
    ] {
        let allowed =
            (1..=MAX_ID_LEN).contains(&text.len()) && text.bytes().all(|b| (0x21..=0x7e).contains(&b));
        assert_eq!(taken, allowed.then_some(true));
    }

    let name = |first: fn(u8) -> bool, rest: fn(u8) -> bool| {
        (1..=MAX_NAME_LEN).contains(&text.len())
            && text.bytes().enumerate().all(|(at, b)| if at == 0 { first(b) } else { rest(b) })
    };
    let field = name(|b| b.is_ascii_lowercase(), |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    assert_eq!(FieldName::new(text).ok().map(|id| id.as_str() == text), field.then_some(true));
    let rule = name(
        |b| matches!(b, b'a'..=b'z' | b'0'..=b'9'),
        |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'),
    );
    assert_eq!(RuleId::new(text).ok().map(|id| id.as_str() == text), rule.then_some(true));
}
