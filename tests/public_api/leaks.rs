//! Canaries: a distinct text in every place where a customer's or a secret text goes in. None may
//! come out in an error, `Debug`, `Display`, an audit byte, a stored byte or a sealed byte.

use std::sync::Arc;

use cpni_guard::classify::Record;
use cpni_guard::guard::{ErasureRequest, Reseal, Unneeded};
use cpni_guard::interaction::{MemoryContacts, MemoryDirectory, PhotoIdKind};
use cpni_guard::keys::{KeyBranch, MemorySubjectStore, SubjectStore};
use cpni_guard::oversight::export::{ExportFormat, Exporter};
use cpni_guard::policy::Pack;
use cpni_guard::redact::{MaskForm, MaskKind, Redacted, by_schema};
use cpni_guard::transaction::{ContactChange, LockKind};
use cpni_guard::vocabulary::{
    Channel, CivilDate, ContactId, ContactPointId, FieldName, RecordId, Role, Timestamp,
};
use cpni_guard::{
    AccountId, AgentSession, CallRow, ChangeRequest, Contact, DeviceReply, DeviceRequest, DeviceSession,
    Evidence, Guard, IndexTerm, MemoryKeys, NamedCall, Period, PhotoId, Purpose, Schema, SealedField,
    SealedRecord, Sensitive, Stored, Stores, TokenTerms, VaultToken,
};

use crate::fixture::{Carrier, FIELDS, NOON, account, profile};

/// Every canary begins with this, in one of these cases.
const CANARY: &str = "CaNaRy7q";

fn canary(what: &str) -> String {
    format!("{CANARY}{what}")
}

fn sensitive(what: &str) -> Sensitive<String> {
    Sensitive::from(canary(what))
}

/// Collects everything that could be printed or stored, and searches it.
#[derive(Default)]
struct Net {
    caught: Vec<(&'static str, Vec<u8>)>,
}

impl Net {
    fn shown(&mut self, place: &'static str, value: &impl core::fmt::Debug) {
        self.caught.push((place, format!("{value:?} {value:#?}").into_bytes()));
    }

    fn result<T: core::fmt::Debug, E: core::fmt::Debug + core::fmt::Display>(
        &mut self,
        place: &'static str,
        result: &Result<T, E>,
    ) {
        self.shown(place, result);
        if let Err(error) = result {
            self.caught.push((place, error.to_string().into_bytes()));
        }
    }

    fn bytes(&mut self, place: &'static str, bytes: impl Into<Vec<u8>>) {
        self.caught.push((place, bytes.into()));
    }

    /// Where a canary is, plain, in base64url or base64 at any offset, or in hexadecimal.
    fn leaks(&self) -> Vec<&'static str> {
        let mut needles: Vec<Vec<u8>> =
            vec![CANARY.into(), CANARY.to_lowercase().into(), CANARY.to_uppercase().into()];
        needles.push(CANARY.bytes().map(|b| format!("{b:02x}")).collect::<String>().into());
        let numbers: Vec<_> = CANARY.bytes().map(|b| b.to_string()).collect();
        needles.push(numbers.join(", ").into());
        // Base64 of three bytes each, at the three possible offsets.
        for offset in 0..3 {
            needles.push(base64(&CANARY.as_bytes()[offset..offset + 6]).into());
        }
        let found =
            |text: &[u8]| needles.iter().any(|needle| text.windows(needle.len()).any(|at| at == needle));
        self.caught.iter().filter(|(_, text)| found(text)).map(|(place, _)| *place).collect()
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks_exact(3) {
        let bits = u32::from(chunk[0]) << 16 | u32::from(chunk[1]) << 8 | u32::from(chunk[2]);
        out.extend((0..4).map(|i| char::from(ALPHABET[(bits >> (18 - 6 * i) & 63) as usize])));
    }
    out
}

fn record() -> Record {
    let texts = FIELDS.iter().filter(|field| **field != "call_detail");
    let record = Record::with_id(RecordId::new(canary("record")).unwrap());
    let call = CallRow::outbound(canary("number"), NOON, 61).at_place(canary("place"));
    texts.fold(record, |record, field| record.text(*field, canary(field))).calls("call_detail", vec![call])
}

#[test]
fn the_net_finds_what_leaks() {
    let mut net = Net::default();
    net.bytes("plain", canary("x"));
    net.bytes("hex", CANARY.bytes().map(|b| format!("{b:02x}")).collect::<String>());
    net.bytes("list", format!("{:?}", CANARY.as_bytes()));
    net.bytes("base64", base64(format!("xyz{CANARY}z").as_bytes()));
    net.bytes("base64, shifted", base64(format!("xy{CANARY}zz").as_bytes()));
    net.bytes("nothing", "quiet");
    assert_eq!(net.leaks(), ["plain", "hex", "list", "base64", "base64, shifted"]);
}

/// What a host logs and returns: masks of canaries, of every kind and in every form.
#[test]
fn masks_and_records_that_serialise_as_masks_let_no_canary_out() {
    let mut net = Net::default();
    let schema = Schema::from_toml(crate::fixture::SCHEMA).unwrap();
    // There is a digit in it: it is no name and no city, so no letter of it may show.
    let texts =
        [canary("x"), format!("{CANARY}@"), format!("12 Elm Street, 4{CANARY}, IL"), CANARY.repeat(40)];
    for (kind, text) in MaskKind::ALL.iter().flat_map(|kind| texts.iter().map(move |text| (*kind, text))) {
        for form in [MaskForm::Withheld, MaskForm::Kind, MaskForm::Last(4), MaskForm::Part] {
            let held = Redacted::showing(kind, form, Sensitive::from(text.clone()));
            net.shown("redacted", &held);
            net.shown("mask", held.mask());
            net.bytes("redacted, displayed", format!("{held} {held:>40} {}", held.mask()));
            net.bytes("redacted, serialised", serde_json::to_string(&held).unwrap());
            assert!(held.expose().contains(CANARY));
        }
    }
    let field = |name: &str| (name.to_owned(), serde_json::Value::from(canary(name)));
    let record: serde_json::Map<_, _> =
        FIELDS.iter().map(|name| field(name)).chain([field(CANARY)]).collect();
    let rows =
        serde_json::json!({ "rows": [record, { canary("key"): [canary("value")] }], canary("key"): 1 });
    for form in [MaskForm::Withheld, MaskForm::Kind, MaskForm::Last(4), MaskForm::Part] {
        for within in [&[][..], &["rows"]] {
            let record = by_schema(&schema, &rows).within(within).showing(form);
            net.shown("record", &record);
            net.bytes("record, displayed", record.to_string());
            net.bytes("record, serialised", serde_json::to_string_pretty(&record).unwrap());
        }
    }
    assert_eq!(net.leaks(), [""; 0]);
    assert!(net.caught.len() > 1000);
}

fn walk(net: &mut Net, carrier: &Carrier) {
    let own = AccountId::new(canary("account")).unwrap();
    let other = account("A-2");
    let id = RecordId::new(canary("record")).unwrap();
    let guard = &carrier.guard;
    net.shown("account id", &own);
    net.shown("record id", &id);
    net.shown("record", &record());

    let sealed = guard.protect(&own, record());
    net.result("protect", &sealed);
    let sealed = sealed.unwrap();
    net.bytes("sealed record", sealed.record.as_bytes());
    net.bytes("sealed text", sealed.record.to_text());
    net.bytes("sealed serde", serde_json::to_string(&sealed.record).unwrap());
    net.bytes("sealed field", sealed.record.field("ssn").unwrap().as_bytes());

    // Records that do not fit.
    net.result("unknown field", &guard.protect(&own, Record::new().text(canary("field"), canary("value"))));
    net.result(
        "twice",
        &guard.protect(&own, Record::new().text("name", canary("1")).text("name", canary("2"))),
    );
    net.result("wrong shape", &guard.protect(&own, Record::new().text("call_detail", canary("rows"))));
    net.result("too long", &guard.protect(&own, Record::new().text("name", canary(&"x".repeat(70_000)))));
    let long = vec![CallRow::inbound(canary(&"9".repeat(300)), NOON, 1)];
    net.result("row too long", &guard.protect(&own, Record::new().calls("call_detail", long)));

    net.result("import", &guard.import_password(&own, &sensitive("password")));
    net.result("import too long", &guard.import_password(&own, &sensitive(&"p".repeat(300))));
    net.result("unknown agent", &carrier.interaction(&canary("token"), &own, Contact::None));

    // A call, with everything that can be presented.
    let contact = carrier.contact("call-leaks", Channel::PhoneInbound, "dana");
    let mut call = carrier.interaction("dana", &own, contact).unwrap();
    net.shown("interaction", &call);
    for evidence in [Evidence::password(canary("wrong")), Evidence::password(canary("password"))] {
        net.shown("evidence", &evidence);
        net.result("present", &call.present(evidence));
    }
    let named = NamedCall { number: sensitive("number"), started: NOON, duration_secs: Some(61) };
    net.shown("named call", &named);
    net.result("name a call", &call.name_call(named, (&sealed.record, &id), "call_detail"));
    net.result("asked wrongly", &call.view((&sealed.record, &id), [&*canary("field")]));
    net.result("wrong record id", &call.view(&sealed, ["plan"]));
    let view = call.view((&sealed.record, &id), ["name", "plan", "ssn", "call_detail"]);
    net.result("view", &view);
    let view = view.unwrap();
    for (_, shown) in view.fields() {
        net.shown("field", &shown);
        net.shown("decision", shown.decision());
        net.bytes("for the agent", shown.decision().for_agent());
        net.shown("remedies", &shown.decision().remedies());
        for reason in shown.decision().reasons() {
            net.shown("reason", &reason);
        }
    }
    // The value itself is there: the canaries did go in.
    let plan = view.field("plan").unwrap().disclosed().unwrap();
    assert_eq!(plan.with_text(str::to_owned), Ok(canary("plan")));
    net.shown("disclosed", &plan);

    // Searching. The terms of the record, and what is stated, are made of canaries.
    for (index, term) in sealed.terms.iter() {
        net.shown("term", &(index, term));
        net.bytes("term, bytes", term.as_bytes());
        net.bytes("term, text", term.to_text());
    }
    net.result("reindex", &guard.reindex(&own, (&sealed.record, &id)));
    net.result("reindex, another account", &guard.reindex(&other, (&sealed.record, &id)));
    net.result("needs reindex", &guard.needs_reindex(&canary("index"), sealed.terms.get("ssn").unwrap()));
    net.result("term, any text", &IndexTerm::from_text(&canary("term")));
    net.result("term, any bytes", &IndexTerm::from_bytes(canary("term").as_bytes()));
    for (agent, index, stated) in [
        ("dana", "ssn", vec![sensitive("ssn")]),
        ("dana", "ssn", vec![sensitive("another")]),
        ("ray", "ssn", vec![sensitive("ssn")]),
        ("dana", "ssn", vec![sensitive("ssn"), sensitive("ssn")]),
        ("dana", &canary("index"), vec![sensitive("ssn")]),
        (&canary("token"), "ssn", vec![sensitive("ssn")]),
    ] {
        let contact = carrier.contact("search-leaks", Channel::PhoneInbound, "dana");
        let search = guard.search(AgentSession::new(agent), contact, Purpose::Support, index, &stated);
        net.result("search", &search);
        if let Ok(search) = search {
            search.decisions().for_each(|decision| net.shown("search decision", &decision));
            let candidates = [(&own, (&sealed.record, &id)), (&other, (&sealed.record, &id))];
            net.result("found", &search.find(candidates));
        }
    }

    // A store visit, with an ID.
    let contact = carrier.contact("visit-leaks", Channel::Retail, "ray");
    let mut visit = carrier.interaction("ray", &own, contact).unwrap();
    let photo = PhotoId {
        kind: PhotoIdKind::Passport,
        expires: CivilDate::new(2030, 1, 1).unwrap(),
        name: sensitive("name"),
    };
    net.shown("photo id", &photo);
    net.result("show id", &visit.show_photo_id(&photo, (&sealed.record, &id), "name"));
    net.result("id on a column", &visit.show_photo_id(&photo, (&sealed.record, &id), &canary("column")));

    // The agent's machine. What a device opens is customer text, and shows it to nobody by itself.
    let device = DeviceSession::start().unwrap();
    let request = device.request().unwrap();
    net.shown("device request", &request);
    let reply = call.view_for_device((&sealed.record, &id), ["plan", "ssn", "call_detail"], &request);
    net.result("device reply", &reply);
    let reply = reply.unwrap();
    net.bytes("device reply, bytes", reply.as_bytes());
    net.bytes("device reply, text", reply.to_text());
    let opened = device.open(&request, &reply);
    net.result("device view", &opened);
    let opened = opened.unwrap();
    opened.fields().for_each(|(_, field)| net.shown("device field", &field));
    net.result("device column", &opened.field(&canary("column")));
    net.result("device replay", &device.open(&request, &reply));
    net.result("device, any bytes", &device.open(&request, canary("reply")));
    net.result("device request, any text", &DeviceRequest::from_text(&canary("request")));
    net.result("device reply, any text", &DeviceReply::from_text(&canary("reply")));
    net.shown("device reply, any bytes", &DeviceReply::from_bytes(canary("reply")));
    let unknown = call.view_for_device((&sealed.record, &id), [canary("column").as_str()], &request);
    net.result("device, unknown column", &unknown);
    device.end();
    net.shown("device session", &device);
    net.result(
        "device view, closed",
        &opened.field("plan").unwrap().disclosed().unwrap().with_text(str::to_owned),
    );

    // What leaves the carrier in the place of a value.
    let terms =
        TokenTerms::until(NOON.plus(std::time::Duration::from_secs(60))).for_purpose(Purpose::Support);
    let issue = |field: &str| guard.issue_token(&own, (&sealed.record, &id), field, terms);
    net.result("token, unknown column", &issue(&canary("column")));
    let token = issue("plan");
    net.result("token", &token);
    let token = token.unwrap();
    net.bytes("token, text", token.to_text());
    net.result("token, any text", &VaultToken::from_text(&canary("token")));
    let shown = call.detokenise(&token);
    net.result("token, shown", &shown);
    let plan = shown.unwrap();
    let plan = plan.field("plan").unwrap().disclosed().unwrap().with_text(str::to_owned);
    assert_eq!(plan, Ok(canary("plan")));
    net.result("token, revoked", &guard.revoke_tokens_of(&own));
    net.result("token, not valid", &call.detokenise(&token));
    let (_, late) = (issue("ssn"), guard.token_versions());
    net.result("token, versions", &late);

    transactions(net, carrier);

    // The insider.
    let contact = carrier.contact("call-thief", Channel::PhoneInbound, "lee");
    let mut theft = carrier.interaction("lee", &other, contact).unwrap();
    net.result("copied ciphertext", &theft.view((&sealed.record, &id), ["plan"]));
    net.shown("interaction", &theft);
    net.result("end", &call.end());
    let closed = view.field("plan").unwrap().disclosed().unwrap().with_text(str::to_owned);
    net.result("closed", &closed);

    net.shown("guard", guard);
    net.shown("schema", guard.schema());
    net.shown("audit log", guard.audit());
    for entry in guard.audit().entries(0..u64::MAX) {
        net.result("event", &entry);
        net.bytes("event bytes", entry.unwrap().1.encode().unwrap());
    }
    net.result("verify", &guard.audit().verify());
    let report = guard.evidence_report(Period::year(2026).unwrap());
    net.shown("evidence report", &report);
    net.bytes("evidence report, JSON", report.to_json());
    net.bytes("evidence report, page", report.to_html());
    for format in [ExportFormat::Ocsf, ExportFormat::Cef] {
        let (mut exporter, mut lines) = (Exporter::new(format), Vec::new());
        assert_eq!(exporter.export(guard.audit(), &mut lines), Ok(guard.audit().size()));
        net.shown("exporter", &exporter);
        net.bytes("exported lines", lines);
    }
}

/// Canaries as line, target and new address, through every call of a transaction.
fn transactions(net: &mut Net, carrier: &Carrier) {
    let own = &AccountId::new(canary("account-2")).unwrap();
    carrier.customer(own);
    let point = ContactPointId::new("mail-2").unwrap();
    let changes = [
        ChangeRequest::sim_change(canary("line"), canary("sim")),
        ChangeRequest::contact(ContactChange::Email, point, canary("email")),
        ChangeRequest::unlock_handset(canary("imei")),
    ];
    let transactions = carrier.guard.transactions();
    let fay = AgentSession::new("fay");
    let mut call = carrier.authenticated("dana", own);
    let mut permits = 0;
    for change in &changes {
        net.shown("change", change);
        let asked = call.request(change);
        net.result("requested", &asked);
        let Ok(asked) = asked else { continue };
        net.bytes("for the customer", asked.for_customer());
        net.result("status", &transactions.status(own, &asked.id));
        net.result("another change", &call.permit(&asked.id, &changes[0]));
        net.result("worker's permit", &transactions.permit(own, &asked.id, change));
        net.result("approved", &transactions.approve(own, &asked.id, change, &fay));
        let permit = call.permit(&asked.id, change);
        net.result("permit", &permit);
        let Ok(permit) = permit else { continue };
        permits += 1;
        let execution = call.execute(permit, change);
        net.result("execution", &execution);
        net.result("confirmed", &transactions.confirm(&execution.unwrap()));
        net.result("reversed", &transactions.reverse(own, &asked.id, &fay));
    }
    assert!(permits > 0, "nothing was carried out, so little was shown");
    net.result("lock", &call.set_lock(LockKind::Sim));
    net.result("lock removed", &call.remove_lock(LockKind::Sim));
    let case = ContactId::new("fraud-1").unwrap();
    net.result("fraud", &transactions.report_fraud(own, &case, Timestamp::default(), &fay));
    net.result("frozen", &call.request(&changes[0]));
    net.result("remedied", &transactions.remedied(own, &case, &fay));
    net.result("statistics", &transactions.sim_statistics(&(Timestamp::default()..NOON)));
    net.result("all", &transactions.of(own));
    net.shown("transactions", &transactions);
}

/// Files and bytes that are not what they should be may be the wrong ones.
fn wrong_files(net: &mut Net) {
    let text = canary("file");
    for file in [
        text.clone(),
        format!("{text} = 1"),
        format!("[fields]\n{text} = {{ class = \"ssn\" }}"),
        format!("[fields]\nx = {{ class = \"{text}\" }}"),
        format!("[fields]\nx = {{ class = \"ssn\", {text} = 1 }}"),
        format!(
            "[fields]\nx = {{ class = \"account_info\", kind = \"account_number\", pattern = \"({text}\" }}"
        ),
    ] {
        net.result("schema", &Schema::from_toml(&file));
    }
    let rule = |line: &str| {
        format!(
            "id = \"p\"\ntitle = \"t\"\n[[rule]]\nid = \"r\"\ntitle = \"t\"\neffect = \"permit\"\n{line}\n"
        )
    };
    for file in [
        text.clone(),
        format!("id = \"{text}\""),
        rule(&format!("when = {{ class = [\"{text}\"] }}")),
        rule(&format!("{text} = 1")),
        rule(&format!("when = {{ class = [\"ssn\"], predicate = \"{text}\" }}")),
    ] {
        net.result("grants", &Pack::grants_from_toml("grants.toml", &file));
        net.result("pack", &Pack::from_toml("pack.toml", &file));
    }
    net.result("sealed bytes", &SealedRecord::from_bytes(text.as_bytes()));
    net.result("sealed text", &SealedRecord::from_text(&text));
    net.result("sealed field", &SealedField::from_text(&text));
    net.result("sealed serde", &serde_json::from_str::<SealedRecord>(&format!("\"{text}\"")));
    net.result("event", &cpni_guard::audit::AuditEvent::decode(text.as_bytes()));
    net.result("account id", &AccountId::new(format!("{text}\n")));
    net.result("account id", &AccountId::new(text.repeat(20)));
    net.result("guard", &Guard::builder().build());
}

#[test]
fn no_canary_comes_out() {
    let mut net = Net::default();
    let carrier = Carrier::new(Stores::in_memory());
    carrier.directory.sign_in(canary("signed-in"), profile("quiet", Role::CareAgent));
    walk(&mut net, &carrier);
    wrong_files(&mut net);
    net.shown("session", &AgentSession::new(canary("token")));
    net.shown("directory", &*carrier.directory);
    net.shown("contacts", &*carrier.contacts);
    net.shown("stand-ins", &(MemoryDirectory::default(), MemoryContacts::default(), MemoryKeys::new()));
    net.shown("builder", &Guard::builder());
    net.shown("purpose", &Purpose::Support);
    net.shown("request", &cpni_guard::FieldRequest::whole(&canary("request")));
    assert_eq!(net.leaks(), [""; 0]);
}

/// Rotation, sealing again and erasure, of an account whose id and values are canaries.
#[test]
fn no_canary_comes_out_of_keys_and_erasure() {
    let (mut net, keys) = (Net::default(), Arc::new(MemoryKeys::new().unwrap()));
    let subjects = Arc::new(MemorySubjectStore::new());
    let shared = Arc::clone(&subjects) as Arc<dyn SubjectStore>;
    let carrier = Carrier::built(Arc::clone(&keys), Stores::in_memory(), |builder| builder.subjects(shared));
    let carrier = carrier.unwrap();
    let (guard, own, fay) =
        (&carrier.guard, AccountId::new(canary("account")).unwrap(), AgentSession::new("fay"));
    let (desk, sealed) = (guard.keys(), guard.protect(&own, record()).unwrap().record);
    net.shown("desk", &desk);
    net.result("rotate", &desk.rotate(&keys, KeyBranch::Data));
    net.result("rotate", &desk.rotate(&keys, KeyBranch::Subject));
    net.result("rewrap", &desk.rewrap_subjects());
    net.result("needs", &desk.needs(KeyBranch::Data, 1));
    let mut job = guard.reseal_job();
    let rows = [(&own, Stored::from(&sealed)), (&account("A-2"), Stored::from(&sealed))];
    for done in job.batch(rows).unwrap() {
        net.result("resealed", &done);
        if let Ok(Reseal::Done(done)) = &done {
            net.bytes("resealed bytes", done.bytes.as_bytes());
            net.bytes("resealed text", done.bytes.to_text());
        }
    }
    net.shown("job", &job);
    let whole = job.finish();
    net.result("destroy", &desk.destroy(&keys, KeyBranch::Data, 1, Unneeded::Rows(&whole)));
    net.shown("report", &whole);

    let request = ErasureRequest {
        by: AgentSession::new("fay"),
        case: ContactId::new("case-1").unwrap(),
        backups_expire: None,
        columns: vec![FieldName::new("ssn_index").unwrap()],
    };
    net.shown("request", &request);
    net.result("erase", &guard.erase(&own, &request));
    let lost = AgentSession::new(canary("token"));
    net.result("erase", &guard.erase(&own, &ErasureRequest { by: lost, ..request }));
    net.result("no such column", &guard.confirm_deleted(&own, &canary("column"), &fay));
    net.result("confirmed", &guard.confirm_deleted(&own, "ssn_index", &fay));
    net.result("protect", &guard.protect(&own, record()));
    net.result("readmitted", &guard.readmit(&own, &fay, &ContactId::new("case-2").unwrap()));
    net.result("erasure", &guard.erasure_of(&own));

    net.shown("subjects", &*subjects);
    for (of, row) in subjects.entries_after(None, 9).unwrap() {
        net.shown("reference", &of);
        net.bytes("row", row);
    }
    for entry in guard.audit().entries(0..u64::MAX) {
        let (_, event) = entry.unwrap();
        net.shown("event", &event);
        net.bytes("event bytes", event.encode().unwrap());
    }
    assert!(net.caught.len() > 25);
    assert_eq!(net.leaks(), [""; 0]);
}

#[cfg(feature = "sqlite")]
#[test]
fn no_canary_is_stored() {
    let folder = crate::stores::Folder::new("leaks");
    let mut net = Net::default();
    {
        let keys = folder.0.join("keys.cpni");
        std::fs::create_dir_all(&folder.0).unwrap();
        let provider = cpni_guard::PassphraseKeys::open_or_create(&keys, &sensitive("passphrase"));
        net.result("keys", &provider);
        net.result("wrong passphrase", &cpni_guard::PassphraseKeys::open(&keys, &sensitive("another")));
        let store = cpni_guard::SqliteStore::open(folder.0.join("data")).unwrap();
        net.shown("store", &store);
        walk(&mut net, &Carrier::with_keys(provider.unwrap(), store).unwrap());
    }
    let mut files = 0;
    let mut folders = vec![folder.0.clone()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                net.bytes("a file", std::fs::read(path).unwrap());
                files += 1;
            }
        }
    }
    assert!(files >= 3, "keys, audit log and state");
    assert_eq!(net.leaks(), [""; 0]);
}
