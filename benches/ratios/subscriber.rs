//! One subscriber with sixteen fields, as `examples/subscriber.toml` has them. No real person:
//! the identifiers are those that were never given to anybody.

use cpni_guard::classify::{FieldValue, Record, Schema};
use cpni_guard::testing::Content;
use cpni_guard::vocabulary::{AccountId, DataClass, FieldName, RecordId, Shape, TenantId, Timestamp};
use cpni_guard::{CallRow, Sensitive};

pub(crate) const SCHEMA: &str = include_str!("../../examples/subscriber.toml");
pub(crate) const GRANTS: &str = include_str!("../../examples/grants.toml");

/// Fifteen fields of the schema; the sixteenth is derived from the SSN.
const VALUES: [(&str, &str); 14] = [
    ("account_number", "815555019900"),
    ("balance", "84.17 due 2026-12-01"),
    ("birth_date", "1961-04-12"),
    ("card", "4111111111111111"),
    ("city", "Springfield, IL 62701"),
    ("email", "dana@example.com"),
    ("iccid", "8900001234567890121"),
    ("imei", "004999010640000"),
    ("lines", "3"),
    ("mobile", "+1 202 555 0100"),
    ("name", "Dana Example"),
    ("plan", "Unlimited Plus 5G, 3 lines"),
    ("ssn", "987-65-4321"),
    ("street", "1600 Example Street Apt 12"),
];
const CALLS: [(&str, u32); 3] = [("+12025550123", 61), ("+12025550156", 1260), ("611", 412)];

/// A field as it is sealed.
pub(crate) struct Plain {
    pub(crate) name: FieldName,
    pub(crate) class: DataClass,
    pub(crate) shape: Shape,
    pub(crate) chunk: Vec<Sensitive<Vec<u8>>>,
}

impl Plain {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.chunk.first().expect("one chunk").expose()
    }

    pub(crate) fn field(&self) -> (&FieldName, DataClass, Content<'_>) {
        let content = match self.shape {
            Shape::Value => Content::Value(self.bytes()),
            Shape::Calls => Content::Calls(&self.chunk),
        };
        (&self.name, self.class, content)
    }

    pub(crate) fn asked(&self) -> (&str, DataClass, Shape) {
        (self.name.as_str(), self.class, self.shape)
    }
}

/// The record as a host hands it in.
pub(crate) fn record() -> Record {
    let record = Record::with_id(record_id());
    VALUES
        .iter()
        .fold(record, |record, (name, value)| record.text(*name, *value))
        .calls("call_detail", calls())
}

/// The same record as it is sealed: with the last four digits of the SSN, in the order of the names.
pub(crate) fn plain() -> Vec<Plain> {
    let schema = schema();
    let last_four = ("ssn_last4", "4321");
    let texts = VALUES.iter().chain([&last_four]).map(|(name, value)| (*name, value.as_bytes().to_vec()));
    let calls = calls().iter().flat_map(encode).collect();
    let mut fields: Vec<_> = texts
        .chain([("call_detail", calls)])
        .map(|(name, bytes)| {
            let spec = schema.field(name).expect("a field of the schema");
            let chunk = vec![Sensitive::new(bytes)];
            Plain { name: spec.name().clone(), class: spec.class(), shape: spec.shape(), chunk }
        })
        .collect();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(fields.len(), 16);
    fields
}

pub(crate) fn schema() -> Schema {
    Schema::from_toml(SCHEMA).expect("the sample schema")
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("default").expect("an id")
}

pub(crate) fn account() -> AccountId {
    AccountId::new("8155550199").expect("an id")
}

pub(crate) fn record_id() -> RecordId {
    RecordId::new("sub-000042").expect("an id")
}

fn calls() -> Vec<CallRow> {
    let rows = (0..).zip(CALLS).map(|(hour, (number, seconds))| {
        let row = CallRow::outbound(number, Timestamp::from_secs(1_795_392_000 + 3600 * hour), seconds);
        if hour == 0 { row.at_place("Springfield, IL") } else { row }
    });
    rows.collect()
}

/// A row by `docs/spec/sealed-v1.md` §7.
fn encode(row: &CallRow) -> Vec<u8> {
    let short = |text: &str| u8::try_from(text.len()).expect("a short text");
    let number = row.number().expose();
    let mut out = vec![row.direction().code()];
    out.extend(row.start().as_micros().to_be_bytes());
    out.extend(row.duration_secs().to_be_bytes());
    out.push(short(number));
    out.extend(number.as_bytes());
    out.push(row.place().is_some().into());
    if let Some(place) = row.place() {
        out.push(short(place.expose()));
        out.extend(place.expose().as_bytes());
    }
    out
}

/// Whether a disclosed value is the plaintext, so that a bench that opens nothing is noticed.
pub(crate) fn len_of(value: &FieldValue) -> usize {
    match value {
        FieldValue::Text(text) => text.expose().len(),
        FieldValue::Calls(rows) => rows.len(),
    }
}
