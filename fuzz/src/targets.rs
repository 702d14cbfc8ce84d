//! One function a decoder. Each takes any bytes at all and may only return: a panic is a finding.
//!
//! Rules: no state between calls, no randomness, no clock, nothing read or written. This file is
//! also compiled by `tests/fuzz_replay.rs` on stable, so it names only `cpni_guard` and `core`.

use std::sync::Arc;

use cpni_guard::audit::{AuditEvent, Checkpoint, EventProof, VerifyingKey};
use cpni_guard::classify::identifiers::{AccountPattern, check, normalise};
use cpni_guard::interaction::{BackupQuestions, ConsentEvent};
use cpni_guard::oversight::watch::WatchRules;
use cpni_guard::policy::{Facts, Pack, Policy};
use cpni_guard::redact::{Redactor, Scanner, TextKind};
use cpni_guard::testing::{
    ColumnCiphers, Content, Fields, Plan, SealingAccount, recode_calls, recode_device_plain,
    recode_device_reply, recode_notice, recode_subject_row, recode_tally, recode_token_entry,
    recode_transactions,
};
use cpni_guard::vocabulary::{
    AccountId, AgentId, Channel, ContactId, DataClass, FieldName, IdentifierKind, MAX_ID_LEN, MAX_NAME_LEN,
    Purpose, RecordId, Role, RuleId, Scope, Shape, TenantId, Timestamp,
};
use cpni_guard::{
    Alphabet, DeviceReply, DeviceRequest, IndexTerm, Schema, SealedField, SealedRecord, SealedToken,
    TokenColumn, VaultToken,
};

/// A target takes the bytes that the fuzzer made.
pub type Target = fn(&[u8]);

/// Every target by the name of its binary and of its corpus folder.
pub const ALL: &[(&str, Target)] = &[
    ("ids", ids),
    ("identifiers", identifiers),
    ("schema", schema),
    ("policy_pack", policy_pack),
    ("sealed_record", sealed_record),
    ("sealed_field", sealed_field),
    ("round_trip", round_trip),
    ("audit_event", audit_event),
    ("event_proof", event_proof),
    ("consent_event", consent_event),
    ("backup_questions", backup_questions),
    ("queued_notice", queued_notice),
    ("vault_token", vault_token),
    ("token_entry", token_entry),
    ("subject_row", subject_row),
    ("transaction_row", transaction_row),
    ("watch_tally", watch_tally),
    ("watch_rules", watch_rules),
    ("device_request", device_request),
    ("device_reply", device_reply),
    ("device_plain", device_plain),
    ("token", token),
    ("index_term", index_term),
    ("redact_text", redact_text),
];

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

/// Identifier kinds: the first byte says which; the normal form is a fixed point, and whatever
/// passes its check has one.
pub fn identifiers(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    let Ok(text) = core::str::from_utf8(text) else { return };
    let Some(kind) = IdentifierKind::from_code(kind % 16) else { return };
    if let Some(normal) = normalise(kind, text) {
        let again = normalise(kind, normal.expose());
        assert!(again.is_some_and(|again| again == normal));
    }
    if let Ok(identifier) = check(kind, text, None) {
        let normal = normalise(kind, text);
        assert!(normal.is_some_and(|normal| normal == *identifier.normalised()));
    }
    // A pattern of the file's own, against itself.
    if let Ok(pattern) = AccountPattern::new(text) {
        // Match or not, it may only return.
        let _matches = check(IdentifierKind::AccountNumber, text, Some(&pattern)).is_ok();
    }
}

/// Schemas: what is read finds each of its own fields.
pub fn schema(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let Ok(schema) = Schema::from_toml(text) else { return };
    for (index, field) in schema.fields().iter().enumerate() {
        assert_eq!(field.index(), index);
        assert!(schema.field(field.name().as_str()).is_some_and(|found| found.index() == index));
    }
}

/// Packs and grants: what is read compiles or is refused, and what compiles decides.
pub fn policy_pack(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Err(faults) = Pack::check("pack.toml", text, &[]) {
        assert!(!faults.is_empty() && faults.len() <= 100);
        assert!(faults.is_sorted_by_key(|fault| (fault.line, fault.column)));
    }
    for pack in [Pack::from_toml("pack.toml", text), Pack::grants_from_toml("grants.toml", text)] {
        let Ok(pack) = pack else { continue };
        let Ok(mut packs) = Pack::built_in() else { return };
        packs.push(pack);
        let Ok(policy) = Policy::compile(packs, Vec::new()) else { continue };
        let Ok(account) = AccountId::new("A-1") else { return };
        let state = Facts::new(Channel::PhoneInbound, Role::CareAgent, Purpose::Support);
        let plan = Plan::new(Arc::new(policy), state, account, Timestamp::from_secs(1_795_446_240));
        // Nobody is authenticated, and no agent is at a live contact: no grant opens anything.
        for class in DataClass::ALL {
            let decision = plan.decision(*class, Scope::Whole);
            assert!(!decision.is_allowed() || decision.form().is_some());
            assert!(!decision.is_allowed());
        }
    }
}

/// Sealed records: what is read is written the same, and opens or is refused.
pub fn sealed_record(data: &[u8]) {
    let Ok(record) = SealedRecord::from_bytes(data) else { return };
    assert_eq!(record.as_bytes(), data);
    assert_eq!(SealedRecord::from_text(&record.to_text()).as_ref(), Ok(&record));
    let Some(account) = account("A-1") else { return };
    for name in record.field_names() {
        let class = record.class_of(name);
        assert!(record.field(name).is_some_and(|field| field.name() == name && Some(field.class()) == class));
        for shape in Shape::ALL {
            let asked = class.map(|class| (name, class, *shape));
            // Sealed under another root, it does not open.
            let _opened = account.open(&record, asked, |chunk| drop(recode_calls(chunk))).is_ok();
        }
    }
}

/// Sealed fields: as [`sealed_record`].
pub fn sealed_field(data: &[u8]) {
    let Ok(field) = SealedField::from_bytes(data) else { return };
    assert_eq!(field.as_bytes(), data);
    assert_eq!(SealedField::from_text(&field.to_text()).as_ref(), Ok(&field));
    let Some(account) = account("A-1") else { return };
    for shape in Shape::ALL {
        let _opened = account.open_field(&field, *shape, |chunk| drop(recode_calls(chunk))).is_ok();
    }
    // The bytes of a chunk of calls, if they are one.
    if let Ok(chunks) = recode_calls(data) {
        assert!(chunks.iter().flat_map(|chunk| chunk.expose()).eq(data));
    }
}

/// Terms of an index as a row stores them: what is read is written the same, as bytes and as text.
pub fn index_term(data: &[u8]) {
    if let Ok(text) = core::str::from_utf8(data)
        && let Ok(term) = IndexTerm::from_text(text)
    {
        assert_eq!(term.to_text(), text);
    }
    let Ok(term) = IndexTerm::from_bytes(data) else { return };
    assert_eq!(term.as_bytes(), data);
    assert!(term.key_version() > 0 && (1..=32).contains(&term.bits()));
    assert_eq!(IndexTerm::from_text(&term.to_text()), Ok(term));
}

/// Sealing: what goes in comes out under the same account, and not under another. The input is cut
/// into values at its zero bytes.
pub fn round_trip(data: &[u8]) {
    let values: Vec<&[u8]> = data.split(|byte| *byte == 0).take(DataClass::ALL.len()).collect();
    let names: Option<Vec<_>> =
        DataClass::ALL.iter().map(|class| FieldName::new(class.name()).ok()).collect();
    let (Some(names), Some(account), Some(other)) = (names, account("A-1"), account("A-2")) else { return };
    let fields = names.iter().zip(DataClass::ALL).zip(&values);
    let mut fields = Fields::new(fields.map(|((name, class), value)| (name, *class, Content::Value(value))));
    let sealed = account.seal(&mut fields);
    if values.iter().any(|value| value.len() > usize::from(u16::MAX)) {
        assert!(sealed.is_err());
        return;
    }
    let sealed = sealed.ok().and_then(|sealed| SealedRecord::from_bytes(sealed.as_bytes()).ok());
    assert!(sealed.is_some(), "what was sealed does not read");
    let Some(sealed) = sealed else { return };
    for ((name, class), value) in names.iter().zip(DataClass::ALL).zip(&values) {
        let asked = || [(name.as_str(), *class, Shape::Value)];
        let mut same = false;
        assert!(account.open(&sealed, asked(), |plain| same = plain == *value).is_ok() && same);
        assert!(other.open(&sealed, asked(), |_| ()).is_err());
    }
}

/// Audit events: what is read is written the same.
pub fn audit_event(data: &[u8]) {
    if let Ok(event) = AuditEvent::decode(data) {
        assert_eq!(event.encode().as_deref(), Ok(data));
    }
}

/// Proofs of events, checkpoints and verifier keys: what a stranger hands over. The key is the one of
/// `docs/spec/audit-log-v1.md`, which signed one event and no more.
pub fn event_proof(data: &[u8]) {
    const KEY: &str = "cpni-guard/audit/02020202020202020202020202020202+e5349f92+Ac7hxizHDqP3z66d/NN5D7ELYBpjzIi5owm3hh4TFmJZ";
    let (Ok(text), Ok(key)) = (core::str::from_utf8(data), KEY.parse()) else { return };
    if let Ok(proof) = EventProof::open(text, &key) {
        assert_eq!((proof.index(), proof.checkpoint().tree().size), (0, 1));
    }
    if let Ok(checkpoint) = Checkpoint::open(text, &key) {
        assert_eq!((checkpoint.origin(), checkpoint.tree().size), (key.name(), 1));
    }
    if let Ok(other) = text.parse::<VerifyingKey>() {
        assert_eq!(other.to_string(), text);
    }
}

/// Events of a consent history: what is read is written the same.
pub fn consent_event(data: &[u8]) {
    if let Some(event) = ConsentEvent::decode(data) {
        assert_eq!(event.encode(), data);
    }
}

/// Catalogues of back-up questions: nothing barred gets in.
pub fn backup_questions(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(catalogue) = BackupQuestions::from_toml("questions.toml", text) {
        assert!(catalogue.questions().iter().all(|question| question.about.is_allowed()));
    }
}

/// Queued notices, opened: what is read is written the same.
pub fn queued_notice(data: &[u8]) {
    if let Some(again) = recode_notice(data) {
        assert_eq!(again, data);
    }
}

/// An account's row of transactions: what is read is written the same.
pub fn transaction_row(data: &[u8]) {
    if let Some(again) = recode_transactions(data) {
        assert_eq!(again, data);
    }
}

/// Vault tokens as text: what is read is written the same, in lower case.
pub fn vault_token(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(token) = VaultToken::from_text(text) {
        assert_eq!(token.to_text(), text.to_ascii_lowercase());
    }
}

/// Entries of the token vault, opened: what is read is written the same.
pub fn token_entry(data: &[u8]) {
    if let Some(again) = recode_token_entry(data) {
        assert_eq!(again, data);
    }
}

/// Rows of the subject store: what is taken comes out byte for byte.
pub fn subject_row(data: &[u8]) {
    assert!(recode_subject_row(data).is_none_or(|again| again == data));
}

/// What the watch keeps of an agent: what is read is written the same.
pub fn watch_tally(data: &[u8]) {
    if let Some(again) = recode_tally(data) {
        assert_eq!(again, data);
    }
}

/// Rules of the watch: what is read has a name and a text, and no name twice.
pub fn watch_rules(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(rules) = WatchRules::from_toml("watch.toml", text) {
        let rules = rules.rules();
        assert!(rules.iter().all(|rule| !rule.title().is_empty() && !rule.cite().is_empty()));
        for (at, rule) in rules.iter().enumerate() {
            assert!(rules.iter().take(at).all(|other| other.id() != rule.id()));
        }
    }
}

/// Requests of devices: what is read is written the same, as bytes and as text.
pub fn device_request(data: &[u8]) {
    if let Ok(request) = DeviceRequest::from_bytes(data) {
        assert_eq!(request.to_bytes(), data);
        assert_eq!(DeviceRequest::from_text(&request.to_text()), Ok(request));
    }
}

/// Replies to devices: their parts are read and written the same.
pub fn device_reply(data: &[u8]) {
    if let Some(again) = recode_device_reply(data) {
        assert_eq!(again, data);
        let text = DeviceReply::from_bytes(data).to_text();
        assert_eq!(DeviceReply::from_text(&text).as_ref().map(DeviceReply::as_bytes), Ok(data));
    }
}

/// What was sealed in a reply, opened: what is read is written the same.
pub fn device_plain(data: &[u8]) {
    if let Some(again) = recode_device_plain(data) {
        assert_eq!(again, data);
    }
}

/// An account under a fixed root.
fn account(id: &str) -> Option<SealingAccount> {
    let (tenant, account) = (TenantId::new("fuzz").ok()?, AccountId::new(id).ok()?);
    SealingAccount::new(&[7; 32], tenant, account, RecordId::none()).ok()
}

/// Tokens: a sealed one that is taken is what it was; a text is tokenised or refused; an alphabet that is
/// taken is one.
pub fn token(data: &[u8]) {
    if let Ok(token) = SealedToken::from_bytes(data) {
        assert!(token.as_bytes() == data && token.key_version() > 0);
        assert_eq!(SealedToken::from_text(&token.to_text()).as_ref(), Ok(&token));
    }
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(token) = SealedToken::from_text(text) {
        assert_eq!(token.to_text(), text);
    }
    if let Ok(alphabet) = Alphabet::new(text) {
        assert_eq!(alphabet.as_str(), text);
        let column = TokenColumn::format("column", "field", alphabet.clone(), 20..=128);
        assert!(column.and_then(|column| column.written_in(alphabet)).is_ok());
    }
    let ciphers = ColumnCiphers::new(&[7; 32]).expect("ciphers");
    match ciphers.format(text) {
        Ok(token) => {
            assert!(text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit()));
            assert!(token.as_str().len() == 9 && token.as_str().bytes().all(|byte| byte.is_ascii_digit()));
            assert_eq!(ciphers.format_many(&[text, text]), [Ok(token.clone()), Ok(token)]);
        }
        Err(_) => assert!(text.len() != 9 || !text.bytes().all(|byte| byte.is_ascii_digit())),
    }
    if let Ok(token) = ciphers.sealed(text) {
        assert_eq!(SealedToken::from_bytes(token.as_bytes()), Ok(token));
    }
}

/// Text that is redacted: places of findings are in order and at characters, a second scan finds nothing more, a
/// stream cut anywhere is redacted as the whole is, and small numbers are passed over rightly. The first byte
/// says whether spoken digits are read.
pub fn redact_text(data: &[u8]) {
    /// A longer text is cut at fewer places.
    const ALL_CUTS: usize = 40;
    let Some((options, data)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(data);
    let scanner = || Scanner::builder().spoken(options & 1 == 1);
    let redactor = Redactor::new(scanner().build());

    let mut end = 0;
    for found in redactor.scanner().scan(&text) {
        assert!(found.start() >= end && found.end() > found.start());
        assert!(text.is_char_boundary(found.start()) && text.is_char_boundary(found.end()));
        end = found.end();
    }

    let whole = redactor.redact_str(&text).expect("labels need no keys");
    let again = redactor.scanner().scan(&whole).next();
    assert!(again.is_none(), "{whole:?}: {again:?}");
    let step = text.len() / ALL_CUTS + 1;
    for cut in (0..=text.len()).step_by(step) {
        let (first, second) = text.as_bytes().split_at(cut);
        let mut writer = redactor.writer(Vec::new());
        std::io::Write::write_all(&mut writer, first).expect("a vector");
        std::io::Write::write_all(&mut writer, second).expect("a vector");
        assert_eq!(writer.finish().expect("a vector"), whole.as_bytes(), "cut at {cut}");
    }

    // A list turns the quick way off. The fuzzer has found its entry.
    if text.contains(['q', 'Q']) {
        return;
    }
    let slow = scanner().deny(TextKind::Account, "ZQ00000000000").expect("an entry").build();
    assert!(slow.scan(&text).eq(redactor.scanner().scan(&text)), "{text:?}");
}
