//! The words that are written down: every code that reaches sealed bytes, an audit record or a
//! policy file, and the identifiers of the people and things that those speak of.
//!
//! Rules: a code is given once and never reused or renumbered; names are the ones of policy and
//! schema files; keys, associated data and audit records take the code, never the name.
//! This room knows no cryptography and makes no decision.

mod codes;
mod ids;
mod time;

pub(crate) use codes::codes;
pub use codes::{
    Action, CallDirection, Channel, ClassSet, ConsentScope, DataClass, Destination, EstablishedBy, EventKind,
    EvidenceKind, Form, IdentifierKind, Label, Labels, Obligation, Obligations, Op, Outcome, Purpose, Remedy,
    Requester, Role, Scope, Shape, WithheldBecause,
};
pub use ids::{
    AccountId, AgentId, BasisId, ContactId, ContactPointId, CountryCode, EmployerId, FieldName, MAX_ID_LEN,
    MAX_NAME_LEN, RecordId, RuleId, ScriptVersion, SiteId, TenantId,
};
pub(crate) use ids::{PlainId, random_id};
pub use time::{CivilDate, Clock, ManualClock, SystemClock, Timestamp};

/// The name among `known` that `given` was probably meant to be, if any is near enough.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const NEAR_ENOUGH: f64 = 0.7;
    known
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(given, name), name))
        .filter(|(similarity, _)| *similarity >= NEAR_ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Lower-case hexadecimal digits: how ids, keyed references and digests are written as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut hex, byte| {
        // INVARIANT: writing to a `String` does not fail.
        let _written = write!(hex, "{byte:02x}").is_ok();
        hex
    })
}

/// The 16 bytes that these digits spell, in the one form of [`hex`]: no sign, no upper case, no missing zeros.
pub(crate) fn unhex16(digits: &str) -> Option<[u8; 16]> {
    let bytes = u128::from_str_radix(digits, 16).ok()?.to_be_bytes();
    (hex(&bytes) == digits).then_some(bytes)
}
