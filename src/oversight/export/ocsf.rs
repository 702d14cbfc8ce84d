//! Open Cybersecurity Schema Framework: one JSON object an event.
//!
//! Rules: attributes, enumerations and their names are those of the schema's version 1.4.0, and later 1.x
//! schemas take them too: `scripts/check --only interop` holds every kind of event against the schema's own
//! definitions. What the schema has no place for stands in `unmapped`, under the names of
//! `docs/spec/audit-log-v1.md`.

use serde_json::{Map, Value, json};

use crate::audit::{ActionRecord, FieldRecord};
use crate::vocabulary::{BasisId, EventKind, Obligations, Requester, Role, RuleId, Timestamp};

use super::hex;
use super::row::{Gap, NotExported, Row, Severity, Status, words};

/// The version of the schema that an exported object says it follows. The oldest one that has every attribute
/// that is used here, so that most receivers know it.
pub const OCSF_VERSION: &str = "1.4.0";

/// What `metadata.profiles` says where [`is_control`] holds.
const CONTROL_PROFILE: &str = "security_control";
/// `sequence` is an `integer_t`, which receivers store in 32 bits: a larger number is in `uid` only.
const MAX_SEQUENCE: u64 = i32::MAX as u64;
const OTHER: u8 = 99;

/// The classes that are used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    DetectionFinding = 2004,
    AccountChange = 3001,
    Authentication = 3002,
    EntityManagement = 3004,
    ApplicationLifecycle = 6002,
    ApiActivity = 6003,
    DatastoreActivity = 6005,
}

/// Where a kind of event stands in the schema.
struct Mapping {
    class: Class,
    activity: u8,
    /// The schema's name of the activity; for 99 ("Other") ours.
    activity_name: &'static str,
}

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Self::DetectionFinding => "Detection Finding",
            Self::AccountChange => "Account Change",
            Self::Authentication => "Authentication",
            Self::EntityManagement => "Entity Management",
            Self::ApplicationLifecycle => "Application Lifecycle",
            Self::ApiActivity => "API Activity",
            Self::DatastoreActivity => "Datastore Activity",
        }
    }

    const fn category(self) -> (u8, &'static str) {
        match self {
            Self::DetectionFinding => (2, "Findings"),
            Self::AccountChange | Self::Authentication | Self::EntityManagement => {
                (3, "Identity & Access Management")
            }
            Self::ApplicationLifecycle | Self::ApiActivity | Self::DatastoreActivity => {
                (6, "Application Activity")
            }
        }
    }
}

impl Mapping {
    const fn of(class: Class, activity: u8, activity_name: &'static str) -> Self {
        Self { class, activity, activity_name }
    }

    const fn other(class: Class, kind: EventKind) -> Self {
        Self::of(class, OTHER, kind.name())
    }

    /// The reasons stand in `docs/oversight.md`, "Export".
    const fn of_kind(kind: EventKind) -> Self {
        use Class as C;
        use EventKind as K;
        match kind {
            K::Genesis => Self::of(C::ApplicationLifecycle, 1, "Install"),
            K::Reanchored => Self::other(C::ApplicationLifecycle, kind),
            K::InteractionOpened => Self::of(C::ApiActivity, 1, "Create"),
            K::InteractionEnded | K::NoticeHandedOver | K::NoticeDiscarded | K::TokenRevoked => {
                Self::of(C::ApiActivity, 4, "Delete")
            }
            K::NoticeQueued | K::TokenIssued | K::TransactionRequested => {
                Self::of(C::ApiActivity, 1, "Create")
            }
            K::ScopeAsked | K::AccountNamed => Self::of(C::ApiActivity, 2, "Read"),
            K::Decided
            | K::Approved
            | K::CalledBack
            | K::NoticeNotHandedOver
            | K::WatchRefused
            | K::DeviceAsked
            | K::TokenPresented
            | K::TransactionDecided
            | K::TransactionApproved
            | K::TransactionPermitted
            | K::TransactionObjected => Self::other(C::ApiActivity, kind),
            K::TransactionEnded => Self::of(C::ApiActivity, 4, "Delete"),
            K::TransactionExecuting
            | K::TransactionConfirmed
            | K::TransactionReversed
            | K::LockSet
            | K::LockRemovalAsked
            | K::ContactPointsChanged => Self::of(C::EntityManagement, 3, "Update"),
            K::FraudReported => Self::of(C::EntityManagement, 12, "Suspend"),
            K::FraudRemedied => Self::of(C::EntityManagement, 13, "Resume"),
            K::EvidencePresented => Self::of(C::Authentication, 1, "Logon"),
            K::CodeSent => Self::other(C::Authentication, kind),
            K::Viewed | K::Sent | K::AccountFound => Self::of(C::DatastoreActivity, 1, "Read"),
            K::Verified | K::Searched | K::ColumnsCompared => Self::of(C::DatastoreActivity, 4, "Query"),
            K::NotCarriedOut => Self::other(C::DatastoreActivity, kind),
            K::SecretImported => Self::of(C::AccountChange, 3, "Password Change"),
            K::FactsChanged | K::ConsentRecorded | K::KeysChanged | K::ErasureContinued => {
                Self::of(C::EntityManagement, 3, "Update")
            }
            K::AccountErased | K::ValuesDeleted => Self::of(C::EntityManagement, 4, "Delete"),
            K::AccountReadmitted => Self::of(C::EntityManagement, 1, "Create"),
            K::Resealed => Self::of(C::DatastoreActivity, 2, "Update"),
            K::RuleOverridden => Self::of(C::EntityManagement, 9, "Disable"),
            K::WatchLifted => Self::of(C::EntityManagement, 13, "Resume"),
            K::WatchTripped => Self::of(C::DetectionFinding, 1, "Create"),
        }
    }
}

/// A line, without its line feed.
pub(super) fn line(row: &Row<'_>) -> String {
    let kind = row.event.facts.kind;
    let mapping = Mapping::of_kind(kind);
    let mut object = base(&mapping, row.severity(), row.event.facts.time, &words(kind.name()));
    let metadata = metadata(row, kind);
    object.insert("metadata".into(), metadata);
    let pseudonym = row.pseudonym();
    if let Some(pseudonym) = &pseudonym {
        let at = "unmapped.account_pseudonym";
        let found = json!([{ "name": at, "type_id": 10, "type": "Resource UID", "value": pseudonym }]);
        object.insert("observables".into(), found);
    }
    if mapping.class != Class::DetectionFinding {
        insert_status(&mut object, row);
    }
    if is_control(kind) {
        let is_allowed = row.status() == Status::Success;
        let (action, disposition, id) =
            if is_allowed { ("Allowed", "Allowed", 1) } else { ("Denied", "Blocked", 2) };
        object.insert("action_id".into(), id.into());
        object.insert("action".into(), action.into());
        object.insert("disposition_id".into(), id.into());
        object.insert("disposition".into(), disposition.into());
    }
    match mapping.class {
        Class::DetectionFinding => insert_finding(&mut object, row),
        Class::AccountChange => {
            object.insert("actor".into(), actor(row));
            object.insert("user".into(), account_user(pseudonym.as_deref()));
        }
        Class::Authentication => {
            object.insert("actor".into(), actor(row));
            object.insert("user".into(), account_user(pseudonym.as_deref()));
            object.insert("service".into(), json!({ "name": env!("CARGO_PKG_NAME") }));
        }
        Class::EntityManagement => {
            object.insert("actor".into(), actor(row));
            object.insert("entity".into(), entity(row, pseudonym.as_deref()));
        }
        Class::ApplicationLifecycle => {
            object.insert("app".into(), product());
        }
        Class::ApiActivity => {
            object.insert("actor".into(), actor(row));
            object.insert("src_endpoint".into(), src_endpoint(row));
            let service = json!({ "name": env!("CARGO_PKG_NAME") });
            object.insert("api".into(), json!({ "operation": operation(row), "service": service }));
            if let Some(pseudonym) = &pseudonym {
                let resource = json!({ "uid": pseudonym, "type": "account" });
                object.insert("resources".into(), json!([resource]));
            }
        }
        Class::DatastoreActivity => {
            object.insert("actor".into(), actor(row));
            object.insert("src_endpoint".into(), src_endpoint(row));
            object.insert("type_id".into(), 2.into());
            object.insert("type".into(), "Databucket".into());
            let mut bucket = json!({ "name": "account", "type_id": OTHER, "type": "sealed account data", "is_encrypted": true });
            if let Some(pseudonym) = &pseudonym {
                put(&mut bucket, "uid", pseudonym.as_str());
            }
            object.insert("databucket".into(), bucket);
        }
    }
    object.insert("unmapped".into(), unmapped(row, pseudonym));
    text(object)
}

/// The line that stands for events which have none: a finding, so that somebody looks.
pub(super) fn stand_in(gap: &Gap<'_>) -> String {
    let mapping = Mapping::of(Class::DetectionFinding, 1, "Create");
    let mut object = base(&mapping, gap.severity(), gap.time, gap.what());
    let first = gap.numbers.start;
    let uid = format!("{}-{first}", gap.log);
    let mut metadata = json!({
        "version": OCSF_VERSION,
        "product": product(),
        "uid": uid,
        "log_name": gap.log.to_string(),
        "event_code": "not_exported",
    });
    if let Some(tenant) = gap.tenant {
        put(&mut metadata, "tenant_uid", tenant.as_str());
    }
    if first <= MAX_SEQUENCE {
        put(&mut metadata, "sequence", first);
    }
    object.insert("metadata".into(), metadata);
    object.insert("is_alert".into(), true.into());
    object.insert("status_id".into(), 1.into());
    object.insert("status".into(), "New".into());
    let is_tampered = !matches!(gap.why, NotExported::TooLong);
    let types = if is_tampered { "audit log integrity" } else { "audit log export" };
    let analytic = json!({ "uid": "not_exported", "type_id": 1, "type": "Rule" });
    object.insert(
        "finding_info".into(),
        json!({ "uid": uid, "title": "Audit event not exported", "types": [types], "analytic": analytic }),
    );
    let leaf = gap.leaf.as_ref().map(|leaf| hex(leaf));
    object.insert(
        "unmapped".into(),
        json!({ "first": first, "last": gap.last(), "reason": gap.reason(), "leaf_hash": leaf }),
    );
    text(object)
}

fn base(mapping: &Mapping, severity: Severity, time: Timestamp, message: &str) -> Map<String, Value> {
    let Mapping { class, activity, activity_name } = mapping;
    let class_uid = *class as u16;
    let (category_uid, category_name) = class.category();
    let type_name = if *activity == OTHER { "Other" } else { activity_name };
    let type_uid = u32::from(class_uid).saturating_mul(100).saturating_add(u32::from(*activity));
    let mut object = Map::new();
    object.insert("category_uid".into(), category_uid.into());
    object.insert("category_name".into(), category_name.into());
    object.insert("class_uid".into(), class_uid.into());
    object.insert("class_name".into(), class.name().into());
    object.insert("activity_id".into(), (*activity).into());
    object.insert("activity_name".into(), (*activity_name).into());
    object.insert("type_uid".into(), type_uid.into());
    object.insert("type_name".into(), format!("{}: {type_name}", class.name()).into());
    object.insert("severity_id".into(), severity.id().into());
    object.insert("severity".into(), severity.name().into());
    object.insert("time".into(), (time.as_micros() / 1000).into());
    object.insert("message".into(), message.into());
    object
}

fn metadata(row: &Row<'_>, kind: EventKind) -> Value {
    let mut metadata = json!({
        "version": OCSF_VERSION,
        "product": product(),
        "uid": format!("{}-{}", row.log, row.index),
        "log_name": row.log.to_string(),
        "event_code": kind.name(),
        "original_time": row.event.facts.time.to_string(),
    });
    if let Some(tenant) = row.tenant {
        put(&mut metadata, "tenant_uid", tenant.as_str());
    }
    if let Some(interaction) = row.interaction() {
        put(&mut metadata, "correlation_uid", interaction);
    }
    if row.index <= MAX_SEQUENCE {
        put(&mut metadata, "sequence", row.index);
    }
    if is_control(kind) {
        put(&mut metadata, "profiles", json!([CONTROL_PROFILE]));
    }
    metadata
}

fn product() -> Value {
    json!({
        "name": env!("CARGO_PKG_NAME"),
        "vendor_name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn insert_status(object: &mut Map<String, Value>, row: &Row<'_>) {
    let status = row.status();
    object.insert("status_id".into(), status.id().into());
    object.insert("status".into(), status.name().into());
    if let Some(cause) = row.cause() {
        object.insert("status_code".into(), cause.to_string().into());
    }
    let reasons = row.reasons();
    if !reasons.is_empty() {
        object.insert("status_detail".into(), reasons.join(", ").into());
    }
}

/// Whether the event tells of a decision that lets something through or stops it.
const fn is_control(kind: EventKind) -> bool {
    use EventKind as K;
    match kind {
        K::Viewed
        | K::Verified
        | K::Sent
        | K::Searched
        | K::Decided
        | K::WatchRefused
        | K::TransactionDecided => true,
        K::Genesis
        | K::InteractionOpened
        | K::EvidencePresented
        | K::NotCarriedOut
        | K::InteractionEnded
        | K::SecretImported
        | K::CodeSent
        | K::CalledBack
        | K::FactsChanged
        | K::ConsentRecorded
        | K::Approved
        | K::RuleOverridden
        | K::NoticeQueued
        | K::NoticeHandedOver
        | K::NoticeNotHandedOver
        | K::NoticeDiscarded
        | K::Reanchored
        | K::WatchTripped
        | K::WatchLifted
        | K::ScopeAsked
        | K::AccountNamed
        | K::AccountFound
        | K::DeviceAsked
        | K::TokenIssued
        | K::TokenPresented
        | K::TokenRevoked
        | K::ColumnsCompared
        | K::KeysChanged
        | K::Resealed
        | K::AccountErased
        | K::ValuesDeleted
        | K::ErasureContinued
        | K::TransactionRequested
        | K::TransactionApproved
        | K::TransactionPermitted
        | K::TransactionExecuting
        | K::TransactionConfirmed
        | K::TransactionEnded
        | K::TransactionObjected
        | K::TransactionReversed
        | K::LockSet
        | K::LockRemovalAsked
        | K::ContactPointsChanged
        | K::FraudReported
        | K::FraudRemedied
        | K::AccountReadmitted => false,
    }
}

/// The agent; the library itself where nobody asked.
fn actor(row: &Row<'_>) -> Value {
    let Some((actor, id)) = row.agent() else {
        return json!({ "app_name": env!("CARGO_PKG_NAME") });
    };
    let (type_id, type_name) = user_type(actor.role);
    let mut user = json!({
        "type_id": type_id,
        "type": type_name,
        "groups": [{ "name": actor.role.name(), "type": "role" }],
    });
    match id {
        Some(id) => put(&mut user, "uid", id),
        None => put(&mut user, "name", actor.role.name()),
    }
    if let Some(employer) = &actor.employer {
        put(&mut user, "org", json!({ "uid": employer.as_str() }));
    }
    let mut actor = json!({ "user": user });
    if let Some(interaction) = row.interaction() {
        put(&mut actor, "session", json!({ "uid": interaction }));
    }
    actor
}

/// The schema's `type_id` of a user: a person at work, a system, or somebody else.
const fn user_type(role: Role) -> (u8, &'static str) {
    if matches!(role, Role::VirtualAgent | Role::ThirdPartyApp | Role::PortSystem) {
        return (3, "System");
    }
    match role.requester() {
        Requester::Carrier | Requester::ThirdParty => (1, "User"),
        Requester::Customer => (OTHER, "customer"),
    }
}

/// Whoever the account belongs to. An event of these classes is about an account.
fn account_user(pseudonym: Option<&str>) -> Value {
    match pseudonym {
        Some(pseudonym) => json!({ "uid": pseudonym, "type_id": OTHER, "type": "customer account" }),
        None => json!({ "name": "unknown", "type_id": 0, "type": "Unknown" }),
    }
}

/// What a change is about: the rule that is off, the agent who is let go on, or the account.
fn entity(row: &Row<'_>, pseudonym: Option<&str>) -> Value {
    let facts = &row.event.facts;
    let basis = facts.basis.as_ref().map_or("unknown", BasisId::as_str);
    if facts.kind == EventKind::RuleOverridden {
        return json!({ "uid": basis, "type_id": 5, "type": "Policy", "policy": { "uid": basis } });
    }
    if facts.kind == EventKind::WatchLifted {
        return json!({ "uid": basis, "type_id": 2, "type": "User", "user": { "uid": basis } });
    }
    if facts.kind == EventKind::KeysChanged {
        return json!({ "uid": basis, "type_id": OTHER, "type": "root keys" });
    }
    json!({ "uid": pseudonym.unwrap_or("unknown"), "type_id": OTHER, "type": "customer account" })
}

/// The log knows no address: through which channel, and from which country.
fn src_endpoint(row: &Row<'_>) -> Value {
    let facts = &row.event.facts;
    let channel = facts.channel.map_or("unknown", |channel| channel.name());
    let mut endpoint = json!({ "name": channel });
    if let Some(actor) = &facts.actor {
        put(&mut endpoint, "location", json!({ "country": actor.country.to_string() }));
    }
    endpoint
}

fn operation(row: &Row<'_>) -> String {
    let facts = &row.event.facts;
    match &facts.action {
        Some(action) => format!("{}:{}", facts.kind, action.action),
        None => facts.kind.name().into(),
    }
}

fn insert_finding(object: &mut Map<String, Value>, row: &Row<'_>) {
    let uid = format!("{}-{}", row.log, row.index);
    let rule = row.event.facts.basis.as_ref().map_or("unknown", BasisId::as_str);
    object.insert("is_alert".into(), true.into());
    object.insert("status_id".into(), 1.into());
    object.insert("status".into(), "New".into());
    let time = row.event.facts.time.as_micros() / 1000;
    object.insert(
        "finding_info".into(),
        json!({
            "uid": uid,
            "title": format!("Rule of the watch tripped: {rule}"),
            "types": ["insider access"],
            "created_time": time,
            "analytic": { "uid": rule, "type_id": 1, "type": "Rule" },
        }),
    );
    object.insert("evidences".into(), json!([{ "actor": actor(row) }]));
    if let Some(pseudonym) = row.pseudonym() {
        object.insert("resources".into(), json!([{ "uid": pseudonym, "type": "account" }]));
    }
}

/// What the schema has no place for.
fn unmapped(row: &Row<'_>, pseudonym: Option<String>) -> Value {
    let facts = &row.event.facts;
    let mut rest = json!({
        "log": row.log.to_string(),
        "number": row.index,
        "leaf_hash": hex(&row.leaf),
        "key_version": row.event.key_version,
        "time_micros": facts.time.as_micros(),
    });
    let texts = [
        ("account_pseudonym", pseudonym),
        ("interaction", row.interaction()),
        ("grant", row.grant()),
        ("policy_hash", row.policy()),
        ("purpose", facts.purpose.map(|purpose| purpose.name().into())),
        ("channel", facts.channel.map(|channel| channel.name().into())),
        ("contact", facts.contact.as_ref().map(ToString::to_string)),
        ("case", facts.case.as_ref().map(ToString::to_string)),
        ("basis", facts.basis.as_ref().map(ToString::to_string)),
        ("destination", facts.destination.map(|to| to.name().into())),
        ("role", facts.actor.as_ref().map(|actor| actor.role.name().into())),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            put(&mut rest, key, value);
        }
    }
    if facts.cause != 0 {
        put(&mut rest, "cause", facts.cause);
    }
    if !facts.evidence.is_empty() {
        let one = |(kind, by): &(crate::vocabulary::EvidenceKind, crate::vocabulary::EstablishedBy)| json!({ "kind": kind.name(), "established_by": by.name() });
        put(&mut rest, "evidence", facts.evidence.iter().map(one).collect::<Vec<_>>());
    }
    if !facts.fields.is_empty() {
        put(&mut rest, "fields", facts.fields.iter().map(field).collect::<Vec<_>>());
    }
    if let Some(record) = &facts.action {
        put(&mut rest, "action", action(record));
    }
    rest
}

fn field(record: &FieldRecord) -> Value {
    let FieldRecord { field, class, op, scope, outcome, form, because, rules, obligations } = record;
    let mut written = json!({
        "field": field.as_str(),
        "class": class.name(),
        "op": op.name(),
        "scope": scope.name(),
        "outcome": outcome.name(),
    });
    if let Some(form) = form {
        put(&mut written, "form", form.name());
    }
    if let Some(because) = because {
        put(&mut written, "because", because.name());
    }
    put_rules(&mut written, rules, *obligations);
    written
}

fn action(record: &ActionRecord) -> Value {
    let ActionRecord { action, outcome, because, rules, obligations } = record;
    let mut written = json!({ "action": action.name(), "outcome": outcome.name() });
    if let Some(because) = because {
        put(&mut written, "because", because.name());
    }
    put_rules(&mut written, rules, *obligations);
    written
}

fn put_rules(to: &mut Value, rules: &[RuleId], duties: Obligations) {
    if !rules.is_empty() {
        put(to, "rules", rules.iter().map(RuleId::as_str).collect::<Vec<_>>());
    }
    if duties != Obligations::default() {
        put(to, "obligations", duties.iter().map(|duty| duty.name()).collect::<Vec<_>>());
    }
}

fn put(to: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(object) = to.as_object_mut() {
        object.insert(key.into(), value.into());
    }
}

fn text(object: Map<String, Value>) -> String {
    // A `Value` is written without line ends, and U+2028 stands only where a text has it: no id has.
    Value::Object(object).to_string()
}
