//! Every kind in both formats, escapes, gaps, sinks that fail, logs that were changed; and the schema's own
//! definitions, by another program.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use super::row::Severity;
use super::*;
use crate::audit::tests::{account, events, open, tamper, viewed};
use crate::audit::{AuditEvent, MemoryAuditStore, leaf_hash};
use crate::vocabulary::{
    Action, AgentId, BasisId, DataClass, EventKind, Form, Obligations, Op, Outcome, Role, WithheldBecause,
};

// --- Events --------------------------------------------------------------------------------------

fn log_of(numbers: core::ops::RangeInclusive<u8>) -> (AuditLog, Arc<MemoryAuditStore>) {
    let store = Arc::new(MemoryAuditStore::new());
    let log = open(store.clone()).unwrap();
    for number in numbers {
        log.record(viewed(number), Some(&account(number.into()))).unwrap();
    }
    (log, store)
}

fn event_of(log: &AuditLog, index: u64) -> AuditEvent {
    log.entries(index..index + 1).next().unwrap().unwrap().1
}

/// An event of each kind, as the guard writes it and without all that may be missing; each failed, too.
fn of_every_kind() -> Vec<AuditEvent> {
    let (log, _) = log_of(1..=1);
    let (genesis, full) = (event_of(&log, 0), event_of(&log, 1));
    let of_kind = |kind: &EventKind| {
        let mut all = vec![full.clone(), full.clone(), genesis.clone(), full.clone()];
        all[1].facts.cause = 5001;
        all[1].facts.fields.retain(|field| field.outcome == Outcome::Withhold);
        all[2].facts.cause = 6003;
        all[3].account = None;
        if let Some(actor) = &mut all[3].facts.actor {
            (actor.role, actor.employer) = (Role::Anonymous, None);
        }
        for event in &mut all {
            event.facts.kind = *kind;
        }
        all[0].facts.action = Some(crate::audit::ActionRecord {
            action: Action::SimChange,
            outcome: Outcome::Withhold,
            because: Some(WithheldBecause::Held),
            rules: Vec::new(),
            obligations: Obligations::default(),
        });
        all
    };
    EventKind::ALL.iter().flat_map(of_kind).collect()
}

fn row(event: &AuditEvent) -> Row<'_> {
    let leaf = leaf_hash(&event.encode().unwrap_or_default());
    Row { index: 7, leaf, log: event.log, tenant: None, event }
}

fn ocsf_of(event: &AuditEvent) -> Value {
    serde_json::from_str(&ocsf::line(&row(event))).unwrap()
}

fn gap(why: NotExported, numbers: core::ops::Range<u64>) -> Gap<'static> {
    let leaf = matches!(why, NotExported::TooLong).then_some([7; 32]);
    let time = Timestamp::from_secs(1_795_424_400);
    Gap { numbers, log: LogId::from_bytes([1; 16]), tenant: None, time, why, leaf }
}

const WHY: [NotExported; 4] = [
    NotExported::Unreadable(BreakKind::Content),
    NotExported::Unreadable(BreakKind::Link),
    NotExported::Missing,
    NotExported::TooLong,
];

// --- CEF, read back ------------------------------------------------------------------------------

/// Reads a line as the format says, and fails where it says something else.
fn read_cef(line: &str) -> (Vec<String>, BTreeMap<String, String>) {
    assert!(!line.contains(['\n', '\r']), "{line}");
    let (mut header, mut part) = (Vec::new(), String::new());
    let mut characters = line.chars();
    while header.len() < 7 {
        match characters.next().unwrap() {
            '\\' => {
                let escaped = characters.next().unwrap();
                assert!(['\\', '|'].contains(&escaped));
                part.push(escaped);
            }
            '|' => header.push(core::mem::take(&mut part)),
            character => part.push(character),
        }
    }
    let rest: Vec<char> = characters.collect();
    // Every `=` that is not escaped ends a key, and a key goes back to the last space.
    let (mut pairs, mut key, mut value, mut escaped) = (BTreeMap::new(), String::new(), String::new(), false);
    let mut finish = |key: &mut String, value: String| {
        let key = core::mem::take(key);
        if !key.is_empty() {
            assert!(key.chars().all(|c| c.is_ascii_alphanumeric()), "{key}");
            assert!(pairs.insert(key, value).is_none(), "a key twice");
        }
    };
    for character in rest {
        match character {
            'n' | 'r' if escaped => value.push(if character == 'n' { '\n' } else { '\r' }),
            '\\' | '=' if escaped => value.push(character),
            _ if escaped => panic!("an escape that CEF does not have: {line}"),
            '\\' => {}
            '=' => {
                let (before, next) = value.rsplit_once(' ').unwrap_or(("", &value));
                let next = next.to_owned();
                finish(&mut key, before.to_owned());
                (key, value) = (next, String::new());
            }
            _ => value.push(character),
        }
        escaped = character == '\\' && !escaped;
    }
    finish(&mut key, value);
    (header, pairs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_event_gives_one_whole_line_in_both_formats(event in events()) {
        let row = row(&event);
        let json = ocsf::line(&row);
        prop_assert!(!json.contains(['\n', '\r']));
        let object: Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&object["metadata"]["event_code"], event.facts.kind.name());
        prop_assert_eq!(&object["unmapped"]["leaf_hash"], &hex(&row.leaf));
        let uid = object["class_uid"].as_u64().unwrap() * 100 + object["activity_id"].as_u64().unwrap();
        prop_assert_eq!(object["type_uid"].as_u64(), Some(uid));

        let Some(line) = cef::line(&row) else { return Ok(()) };
        let (header, pairs) = read_cef(&line);
        prop_assert_eq!(&header[0], "CEF:0");
        prop_assert_eq!(&header[4], event.facts.kind.name());
        prop_assert_eq!(header[6].parse::<u8>().unwrap(), row.severity().cef());
        let id = |key: &str| pairs.get(key).map(String::as_str);
        prop_assert_eq!(&pairs["cs1"], &hex(&row.leaf));
        prop_assert_eq!(id("CpniGuardContact"), event.facts.contact.as_ref().map(|id| id.as_str()));
        prop_assert_eq!(id("CpniGuardCase"), event.facts.case.as_ref().map(|id| id.as_str()));
        prop_assert_eq!(id("CpniGuardBasis"), event.facts.basis.as_ref().map(|id| id.as_str()));
        prop_assert_eq!(id("suid"), row.agent().and_then(|(_, id)| id));
    }

    #[test]
    fn no_text_leaves_its_place_in_cef(header in any::<String>(), value in any::<String>()) {
        let mut line = String::from("CEF:0");
        for text in [header.as_str(), "p", "v", "id", header.as_str(), "5"] {
            line.push('|');
            cef::escape_header(&mut line, text);
        }
        line.push_str("|msg=");
        cef::escape_value(&mut line, &value);
        line.push_str(" act=view");
        let (parts, pairs) = read_cef(&line);
        let ends = |c: char| c.is_control() || ['\u{2028}', '\u{2029}'].contains(&c);
        prop_assert!(!line.chars().any(ends));
        let same = |a: &str, b: &str| a.chars().zip(b.chars()).all(|(a, b)| a == b || a == ' ') && a.chars().count() == b.chars().count();
        prop_assert!(same(&parts[1], &header) && same(&parts[5], &header));
        prop_assert!(same(&pairs["msg"], &value));
        prop_assert_eq!(&pairs["act"], "view");
    }
}

#[test]
fn escapes_are_those_of_the_format() {
    let (mut header, mut value) = (String::new(), String::new());
    cef::escape_header(&mut header, "a|b\\c=d\ne");
    cef::escape_value(&mut value, "a|b\\c=d\ne\rf\tg");
    assert_eq!(header, "a\\|b\\\\c=d e");
    assert_eq!(value, "a|b\\\\c\\=d\\ne\\rf g");
}

// --- Mapping -------------------------------------------------------------------------------------

#[test]
fn a_refused_view_says_who_what_and_why() {
    let (log, _) = log_of(1..=1);
    let object = ocsf_of(&event_of(&log, 1));
    let at = |path: &str| object.pointer(path).cloned().unwrap_or_default();
    let pseudonym = hex(&log.derive_pseudonym(&account(1)));
    for (path, expected) in [
        ("/class_uid", Value::from(6005)),
        ("/type_uid", 600_501.into()),
        ("/type_name", "Datastore Activity: Read".into()),
        ("/status", "Success".into()),
        ("/action", "Allowed".into()),
        // One of its fields has the duty to alert.
        ("/severity", "High".into()),
        ("/status_detail", "forbidden".into()),
        ("/actor/user/uid", "a-1017".into()),
        ("/actor/user/org/uid", "vendor-7".into()),
        ("/actor/user/groups/0/name", "care_agent".into()),
        ("/actor/session/uid", hex(&[1; 16]).into()),
        ("/src_endpoint/name", "phone_inbound".into()),
        ("/databucket/uid", pseudonym.clone().into()),
        ("/observables/0/value", pseudonym.into()),
        ("/metadata/sequence", 7.into()),
        ("/unmapped/fields/1/field", "ssn".into()),
        ("/unmapped/fields/1/because", "forbidden".into()),
        ("/unmapped/evidence/0/established_by", "library".into()),
    ] {
        assert_eq!(at(path), expected, "{path}");
    }
    let (_, pairs) = read_cef(&cef::line(&row(&event_of(&log, 1))).unwrap());
    assert_eq!(pairs["cs4"], "plan/service_details/view/disclose/full; ssn/ssn/view/withhold/forbidden");
    assert_eq!((pairs["suid"].as_str(), pairs["spriv"].as_str()), ("a-1017", "care_agent"));
    assert_eq!((pairs["outcome"].as_str(), pairs["reason"].as_str()), ("Success", "forbidden"));
}

/// The table of `docs/oversight.md` says what the code does, for every kind.
#[test]
fn the_documented_mapping_is_this_one() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/oversight.md");
    let text = std::fs::read_to_string(file).unwrap();
    for event in of_every_kind() {
        let kind = event.facts.kind;
        let line = text.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).unwrap();
        let of = ocsf_of(&event);
        let cell = |name: &str, uid: &str| format!("{} {}", of[name].as_str().unwrap(), of[uid]);
        let class = cell("class_name", "class_uid");
        let row = format!("| {class} | {} |", cell("activity_name", "activity_id"));
        assert!(line.contains(&row), "{line}: {row}");
    }
    assert!(text.contains(&format!("OCSF {OCSF_VERSION};")));
}

#[test]
fn what_is_graver_is_graver() {
    let (log, _) = log_of(1..=1);
    let mut view = event_of(&log, 1);
    view.facts.fields.iter_mut().for_each(|field| field.obligations = Obligations::default());
    let severity = |change: &dyn Fn(&mut AuditEvent)| {
        let mut changed = view.clone();
        change(&mut changed);
        row(&changed).severity()
    };
    let give_ssn = |event: &mut AuditEvent, op, form| {
        let field = &mut event.facts.fields[1];
        (field.class, field.op) = (DataClass::Ssn, op);
        (field.outcome, field.form, field.because) = (Outcome::Disclose, Some(form), None);
    };
    let kind = |kind, cause: u16| {
        move |event: &mut AuditEvent| (event.facts.kind, event.facts.cause) = (kind, cause)
    };
    assert_eq!(severity(&|_| {}), Severity::Informational);
    assert_eq!(severity(&|event| drop(event.facts.fields.remove(0))), Severity::Low);
    assert_eq!(severity(&|event| give_ssn(event, Op::View, Form::Full)), Severity::Medium);
    assert_eq!(severity(&|event| give_ssn(event, Op::Verify, Form::Match)), Severity::Informational);
    assert_eq!(severity(&kind(EventKind::ScopeAsked, 0)), Severity::Medium);
    assert_eq!(severity(&kind(EventKind::ScopeAsked, 5001)), Severity::High);
    assert_eq!(severity(&kind(EventKind::WatchTripped, 0)), Severity::High);
    let decoy = |event: &mut AuditEvent| {
        event.facts.kind = EventKind::WatchTripped;
        event.facts.basis = Some(BasisId::new("watch-decoy").unwrap());
    };
    assert_eq!(severity(&decoy), Severity::Critical);
}

/// A second wrong password changes nothing in the list: whether it matched cannot be told, and is not.
#[test]
fn evidence_that_leaves_it_open_is_unknown() {
    use crate::vocabulary::{EstablishedBy::Library, EvidenceKind as E};
    let (log, _) = log_of(1..=1);
    let mut event = event_of(&log, 1);
    event.facts.kind = EventKind::EvidencePresented;
    let mut status = |evidence: &[E], cause| {
        event.facts.evidence = evidence.iter().map(|kind| (*kind, Library)).collect();
        event.facts.cause = cause;
        row(&event).status()
    };
    assert_eq!(status(&[E::Password], 0), row::Status::Success);
    assert_eq!(status(&[E::PasswordFailed], 0), row::Status::Failure);
    assert_eq!(status(&[E::Passkey, E::PasswordFailed], 0), row::Status::Failure);
    assert_eq!(status(&[E::PasswordFailed, E::Password], 0), row::Status::Unknown);
    assert_eq!(status(&[E::Password], 5002), row::Status::Failure);
    assert_eq!(status(&[], 0), row::Status::Unknown);
}

/// An attacker who reads the SIEM learns no account and no login of a customer.
#[test]
fn no_account_and_no_customers_login_leaves() {
    let store = Arc::new(MemoryAuditStore::new());
    let log = open(store).unwrap();
    for role in Role::ALL {
        let mut facts = viewed(1);
        let actor = facts.actor.as_mut().unwrap();
        (actor.agent, actor.role) = (AgentId::new(format!("login-{role}")).unwrap(), *role);
        log.record(facts, Some(&account(1))).unwrap();
    }
    for format in [ExportFormat::Ocsf, ExportFormat::Cef] {
        let mut out = Vec::new();
        Exporter::new(format).export(&log, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("login-care_agent") && text.contains("login-third_party_app"));
        for secret in ["acct-", "login-customer", "login-anonymous"] {
            assert!(!text.contains(secret), "{secret}");
        }
        assert!(text.contains(&hex(&log.derive_pseudonym(&account(1)))));
    }
}

// --- Streams -------------------------------------------------------------------------------------

fn uids(text: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(text).unwrap();
    let uid = |line: &str| {
        let object: Value = serde_json::from_str(line).unwrap();
        object["metadata"]["uid"].as_str().unwrap().rsplit_once('-').unwrap().1.to_owned()
    };
    text.lines().filter(|line| !line.is_empty()).map(uid).collect()
}

#[test]
fn an_export_goes_on_where_it_stood() {
    let (log, _) = log_of(1..=4);
    let mut exporter = Exporter::new(ExportFormat::Ocsf);
    let mut first = Vec::new();
    assert_eq!((exporter.position(), exporter.export(&log, &mut first)), (None, Ok(5)));
    assert_eq!(exporter.export(&log, &mut first), Ok(0));
    let position = exporter.position().unwrap();
    assert_eq!((position.log, position.next), (log.id(), 5));
    for number in 5..=7 {
        log.record(viewed(number), None).unwrap();
    }
    let mut second = Vec::new();
    let mut resumed = Exporter::new(ExportFormat::Ocsf).resume(&position);
    assert_eq!(resumed.export(&log, &mut second), Ok(3));
    assert_eq!((uids(&first).len(), uids(&second)), (5, ["5", "6", "7"].map(String::from).to_vec()));
    let mut third = Vec::new();
    assert_eq!(Exporter::new(ExportFormat::Ocsf).starting_at(5).export(&log, &mut third), Ok(3));
    assert_eq!(second, third, "the same event gives the same line");
    assert_eq!(resumed.counts(), &ExportCounts { exported: 3, ..ExportCounts::default() });
}

/// Takes so many bytes, and fails with every write after them, or with the flush.
struct Fails {
    taken: Vec<u8>,
    left: usize,
    flush: bool,
}

impl Write for Fails {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let take = bytes.len().min(self.left);
        if take == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.left -= take;
        self.taken.extend(&bytes[..take]);
        Ok(take)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.flush { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Wherever the sink fails, and however often: every event comes, whole, at least once, in order.
    #[test]
    fn a_sink_that_fails_loses_nothing(cuts in vec((0_usize..200_000, any::<bool>()), 1..4)) {
        let (log, _) = log_of(1..=100);
        let mut exporter = Exporter::new(ExportFormat::Ocsf);
        let mut sink = Fails { taken: Vec::new(), left: 0, flush: true };
        let mut failures = 0;
        for (left, flush) in cuts {
            (sink.left, sink.flush) = (left, flush);
            let before = exporter.position().map_or(0, |position| position.next);
            match exporter.export(&log, &mut sink) {
                Ok(_) => {}
                Err(failed) => {
                    let is_of_sink = matches!(failed, ExportError::Sink { .. });
                    prop_assert!(is_of_sink);
                    failures += 1;
                }
            }
            prop_assert!(exporter.position().unwrap().next >= before);
        }
        (sink.left, sink.flush) = (usize::MAX, true);
        exporter.export(&log, &mut sink).unwrap();
        let expected = ExportCounts { exported: 101, sink_failures: failures, ..ExportCounts::default() };
        prop_assert_eq!(exporter.counts(), &expected);
        // A receiver leaves out what is no object, and repetitions.
        let text = String::from_utf8(sink.taken).unwrap();
        let whole = text.split('\n').filter(|line| serde_json::from_str::<Value>(line).is_ok_and(|v| v.is_object()));
        let mut seen = BTreeSet::new();
        let order: Vec<u64> = uids(whole.collect::<Vec<_>>().join("\n").as_bytes()).iter().map(|uid| uid.parse().unwrap()).filter(|uid| seen.insert(*uid)).collect();
        prop_assert_eq!(order, (0..101).collect::<Vec<_>>());
    }
}

#[test]
fn a_changed_event_is_told_and_does_not_blind_the_siem() {
    let (log, store) = log_of(1..=8);
    tamper(&store, |entries| {
        // Content that is not its leaf; content and leaf that fit and do not follow; two that are gone.
        entries[2].event[30] ^= 1;
        (entries[4].event, entries[4].leaf) = (entries[1].event.clone(), entries[1].leaf);
        entries.drain(6..8);
    });
    for format in [ExportFormat::Ocsf, ExportFormat::Cef] {
        let mut out = Vec::new();
        let mut exporter = Exporter::new(format);
        assert_eq!(exporter.export(&log, &mut out), Ok(9));
        let counts = ExportCounts { exported: 5, unreadable: 2, missing: 2, ..ExportCounts::default() };
        assert_eq!((exporter.counts(), exporter.counts().not_exported()), (&counts, 4));
        let status = exporter.status();
        assert!(status.to_string().starts_with("5 exported, 4 not: 2 unreadable, 2 missing, 0 too long"));
        assert_eq!(serde_json::to_value(&status).unwrap()["not_exported"], 4);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 8, "a line for each, and one for the two that are missing");
        assert_eq!(text.matches("Audit event not exported").count(), 3);
        let mut parts = Vec::new();
        let mut exporter = Exporter::new(format);
        for numbers in [1, 1, 1, 1, 1, 1, 2, 1, 0] {
            assert_eq!(exporter.export_some(&log, &mut parts, 1), Ok(numbers), "one line at a time");
        }
        assert_eq!(String::from_utf8(parts).unwrap(), text);
    }
    let mut out = Vec::new();
    Exporter::new(ExportFormat::Ocsf).export(&log, &mut out).unwrap();
    let line = |at: usize| -> Value {
        serde_json::from_str(std::str::from_utf8(&out).unwrap().lines().nth(at).unwrap()).unwrap()
    };
    assert_eq!(
        (&line(2)["unmapped"]["reason"], &line(2)["severity"]),
        (&"unreadable".into(), &"Critical".into())
    );
    assert_eq!(line(4)["message"], "the event does not follow the one before it");
    assert_eq!((&line(6)["unmapped"]["first"], &line(6)["unmapped"]["last"]), (&6.into(), &7.into()));
    assert_eq!(line(7)["metadata"]["event_code"], "viewed");
}

#[test]
fn a_log_that_ends_early_is_told() {
    let (log, store) = log_of(1..=3);
    tamper(&store, |entries| entries.truncate(2));
    let mut exporter = Exporter::new(ExportFormat::Cef);
    let mut out = Vec::new();
    assert_eq!(exporter.export(&log, &mut out), Ok(4));
    assert_eq!((exporter.counts().exported, exporter.counts().missing), (2, 2));
}

#[test]
fn a_log_that_was_put_back_or_written_anew_is_refused() {
    let (log, store) = log_of(1..=4);
    let mut exporter = Exporter::new(ExportFormat::Ocsf);
    exporter.export(&log, &mut Vec::new()).unwrap();
    let position = exporter.position().unwrap();

    let (other, _) = log_of(1..=4);
    assert_eq!(exporter.export(&other, &mut Vec::new()), Err(ExportError::AnotherLog { next: 5 }));
    let anew = ExportPosition { last: Some((4, [9; 32])), ..position };
    let mut resumed = Exporter::new(ExportFormat::Ocsf).resume(&anew);
    assert_eq!(resumed.export(&log, &mut Vec::new()), Err(ExportError::AnotherLog { next: 5 }));
    let mut ahead = Exporter::new(ExportFormat::Ocsf).starting_at(6);
    assert_eq!(ahead.export(&log, &mut Vec::new()), Err(ExportError::EndsEarlier { size: 5, next: 6 }));
    assert_eq!((ahead.counts().log_failures, exporter.counts().log_failures), (1, 1));

    // The last exported event was changed afterwards.
    tamper(&store, |entries| entries[4].event[30] ^= 1);
    assert_eq!(exporter.export(&log, &mut Vec::new()), Err(ExportError::AnotherLog { next: 5 }));
}

#[test]
fn an_event_that_no_line_holds_is_told_and_counted() {
    let store = Arc::new(MemoryAuditStore::new());
    let log = open(store).unwrap();
    let mut facts = viewed(1);
    let field = facts.fields[1].clone();
    facts.fields = vec![field; 200];
    log.record(facts, None).unwrap();
    log.record(viewed(2), None).unwrap();
    for (format, max_line) in [(ExportFormat::Ocsf, 0), (ExportFormat::Cef, DEFAULT_MAX_LINE)] {
        let mut out = Vec::new();
        let mut exporter = Exporter::new(format).with_max_line(max_line);
        exporter.export(&log, &mut out).unwrap();
        let counts = ExportCounts { exported: 2, too_long: 1, ..ExportCounts::default() };
        assert_eq!(exporter.counts(), &counts, "{format:?}");
        let text = String::from_utf8(out).unwrap();
        let stand_in = text.lines().nth(1).unwrap();
        assert!(stand_in.contains("too_long") && stand_in.contains(&hex(&event_leaf(&log, 1))), "{stand_in}");
    }
    let mut whole = Exporter::new(ExportFormat::Ocsf);
    whole.export(&log, &mut Vec::new()).unwrap();
    assert_eq!(whole.counts().too_long, 0);
}

fn event_leaf(log: &AuditLog, index: u64) -> [u8; 32] {
    leaf_hash(&event_of(log, index).encode().unwrap())
}

/// What stands for an event always fits, so that none is without a line.
#[test]
fn lines_that_stand_for_events_fit_the_least_line() {
    let tenant = TenantId::new("|".repeat(128)).unwrap();
    for why in WHY {
        let gap = Gap { tenant: Some(&tenant), leaf: Some([255; 32]), ..gap(why, u64::MAX - 1..u64::MAX) };
        let (json, line) = (ocsf::stand_in(&gap), cef::stand_in(&gap));
        assert!(json.len() < LEAST_MAX_LINE && line.len() < LEAST_MAX_LINE);
        let object: Value = serde_json::from_str(&json).unwrap();
        let (header, pairs) = read_cef(&line);
        assert_eq!((header[4].as_str(), pairs["reason"].as_str()), ("not_exported", gap.reason()));
        assert_eq!(object["unmapped"]["reason"], gap.reason());
        assert_eq!(pairs["CpniGuardTenant"], tenant.as_str());
    }
}

// --- The schema's own definitions ----------------------------------------------------------------

/// What is changed in a line, and must then be refused.
const SPOILED: [(&str, &str); 14] = [
    ("/class_uid", "6004"),
    ("/type_uid", "600502"),
    ("/activity_id", "77"),
    ("/activity_name", "\"Write\""),
    ("/severity_id", "7"),
    ("/severity", "\"Grave\""),
    ("/time", "\"now\""),
    ("/status_id", "3"),
    ("/category_uid", "3"),
    ("/metadata/profiles", "[]"),
    ("/metadata/product", "{}"),
    ("/actor", "{}"),
    ("/databucket/type_id", "null"),
    ("/src_endpoint/colour", "1"),
];

fn ocsf_program(refuses: bool, lines: &[String]) {
    let name = format!("cpni-guard-ocsf-{}-{refuses}", std::process::id());
    let file: PathBuf = std::env::temp_dir().join(name);
    std::fs::write(&file, lines.join("\n")).unwrap();
    let python = std::env::var_os("OCSF_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/ocsf.py"));
    let out = command.args(refuses.then_some("--refuses")).arg(&file).output().unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    println!("{}", String::from_utf8_lossy(&out.stdout).trim());
}

#[test]
#[ignore = "needs the package with the OCSF schemas: scripts/check --only interop"]
fn ocsf_lines_fit_the_schemas_own_definitions() {
    let mut lines: Vec<_> = of_every_kind().iter().map(|event| ocsf::line(&row(event))).collect();
    assert_eq!(lines.len(), EventKind::ALL.len() * 4);
    lines.extend(WHY.map(|why| ocsf::stand_in(&gap(why, 3..5))));
    let mut runner = TestRunner::deterministic();
    for _ in 0..500 {
        let event = events().new_tree(&mut runner).unwrap().current();
        lines.push(ocsf::line(&row(&event)));
    }
    ocsf_program(false, &lines);

    // And the program does look: a line that is spoiled in one place is refused.
    let (log, _) = log_of(1..=1);
    let good = ocsf_of(&event_of(&log, 1));
    let spoiled = SPOILED.map(|(path, value)| {
        let mut object = good.clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        let value: Value = serde_json::from_str(value).unwrap();
        object.pointer_mut(parent).unwrap()[key] = value;
        object.to_string()
    });
    let without = ["metadata", "time", "severity_id", "actor", "databucket"].map(|name| {
        let mut object = good.clone();
        object.as_object_mut().unwrap().remove(name).unwrap();
        // The program finds the version in there.
        if name == "metadata" {
            object["metadata"] = serde_json::json!({ "version": OCSF_VERSION });
        }
        object.to_string()
    });
    ocsf_program(true, &[spoiled.to_vec(), without.to_vec()].concat());
}
