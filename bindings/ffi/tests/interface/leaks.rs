//! No record, error or object prints a customer's value.

use std::fmt::Debug;

use cpni_guard::oversight::export::ExportFormat;
use cpni_guard::transaction::{ContactChange, LockKind};
use cpni_guard::vocabulary::{Action, Channel, Purpose};
use cpni_guard_ffi::{
    BreachReport, BusinessCalendar, ChangeRequest, Decisions, DeviceSession, ExportFrom, HostRisk,
    IncidentAccesses, Interaction, JsonPaths, KeyHolder, LostKeys, Redactor, SecretKind, StolenRecords,
    TokenColumn, TokenForm, TokenKind, TokenTerms, VaultToken, backup_questions, check_questions,
};

use crate::fixture::*;

struct Heard(String);

impl Heard {
    fn hear(&mut self, said: &impl Debug) {
        self.0.push_str(&format!("{said:?} {said:#?}\n"));
    }
}

/// Search, tokens, keys, migration, erasure.
fn after_issue_seven(carrier: &Carrier, call: &Interaction, sealed: &[u8], heard: &mut Heard) {
    let guard = &carrier.guard;
    let search = |stated: &[u8]| {
        let (agent, contact) = ("dana".to_owned(), Some("call-1".to_owned()));
        let (channel, purpose) = (Some(Channel::PhoneInbound), Purpose::Support);
        guard.search(agent, contact, channel, purpose, "ssn".to_owned(), &list(&[stated]))
    };
    let asked = search(b"987-65-4321").unwrap();
    heard.hear(&(&asked, &asked.search, asked.search.find(&batch(&[row(ACCOUNT, 1, sealed)]))));
    heard.hear(&search(b"\xff987-65-4321"));
    heard.hear(&guard.reindex(&batch(&[row(ACCOUNT, 1, sealed)])));
    let (expires_micros, purposes) = (NOON + DAY, vec![Purpose::Support]);
    let terms = TokenTerms { expires_micros, purposes, uses: None };
    let token = guard.issue_token(ACCOUNT.to_owned(), sealed, &request(&["plan"]), terms).unwrap();
    heard.hear(&(&token, call.detokenise(&token), VaultToken::from_text("987-65-4321".to_owned())));
    let column = |name: &str, form| TokenColumn { name: name.to_owned(), field: "ssn".to_owned(), form };
    heard.hear(&guard.register_column(column("ssn_join", TokenForm::Sealed)));
    heard.hear(&guard.tokenise("987-65-4321".to_owned(), TokenKind::Sealed, &list(&[b"987-65-4321"])));
    heard.hear(&call.view_token(
        sealed,
        &request(&[]),
        "ssn_join".to_owned(),
        TokenKind::Sealed,
        b"987-65-4321",
    ));
    let keys = KeyHolder::memory().unwrap();
    heard.hear(&(&keys, guard.clone().key_desk(keys.clone(), Some("sue".to_owned()))));
    let job = guard.reseal_job().unwrap();
    heard.hear(&(&job, job.batch(&batch(&[row(ACCOUNT, 1, sealed)])), job.progress(), job.finish()));
    let values =
        batch(&[column_value(ACCOUNT, "ssn", "987-65-4321"), column_value("987-65-4321", "x", "4321")]);
    heard.hear(&(guard.migrate(&values), guard.rehearse_migration(&values)));
    heard.hear(&guard.erase(ACCOUNT.to_owned(), "sue".to_owned(), "case-1".to_owned(), None, Vec::new()));
}

/// Transactions and locks, with the customer's line and SIM as what is to be changed.
fn transactions(carrier: &Carrier, call: &Interaction, heard: &mut Heard) {
    let line = CANARY_NUMBER.as_bytes();
    let changes = [
        ChangeRequest::sim_change(line, b"987-65-4321").unwrap(),
        ChangeRequest::contact(ContactChange::Email, "mail-2".to_owned(), b"Dana Q. Example").unwrap(),
        ChangeRequest::unlock_handset(line).unwrap(),
    ];
    let all = carrier.guard.clone().transactions().unwrap();
    for change in &changes {
        heard.hear(&(change, change.action()));
        let Ok(asked) = call.request(change) else { continue };
        heard.hear(&(&asked, asked.why.explain(0)));
        let permit = call.permit(asked.id.clone(), change);
        heard.hear(&permit);
        heard.hear(&permit.map(|permit| (call.execute(&permit, change), permit)));
        heard.hear(&all.approve(ACCOUNT.to_owned(), asked.id, change, "sue".to_owned()));
    }
    heard.hear(&(ChangeRequest::sim_change(line, b"\xff987-65-4321"), call.remove_lock(LockKind::Sim)));
    heard.hear(&call.permit("987-65-4321".to_owned(), &changes[0]));
    heard.hear(&(&all, all.of_account(ACCOUNT.to_owned()), all.lock(ACCOUNT.to_owned(), LockKind::Port)));
    heard.hear(&all.report_fraud(ACCOUNT.to_owned(), "case-1".to_owned(), 0, "sue".to_owned()));
    heard
        .hear(&(all.sim_statistics(0, NOON + DAY), HostRisk::new(None, Some("4321".to_owned()), None, None)));
}

/// Redaction of texts: what it found, what it refused, and the redactor with its lists.
fn redaction(carrier: &Carrier, heard: &mut Heard) {
    let listed = crate::redact::listed(1, "account", "987-65-4321");
    let redactor = Redactor::new(crate::redact::settings(), &batch(&[listed])).unwrap();
    let text = "Dana Q. Example, SSN 987-65-4321".as_bytes();
    heard.hear(&(
        &redactor,
        redactor.findings(text, Some("ssn".to_owned())),
        redactor.findings(b"\xff4321", None),
    ));
    let vault = TokenTerms { expires_micros: NOON + DAY, purposes: vec![Purpose::Support], uses: None };
    let tokens =
        redactor.with_vault_tokens(carrier.guard.clone(), ACCOUNT.to_owned(), vault, Vec::new()).unwrap();
    heard.hear(&(&tokens, tokens.redact(b"PIN 4321, from 192.0.2.1")));
    let refused = |value: &str| {
        Redactor::new(crate::redact::settings(), &batch(&[crate::redact::listed(1, "ssn", value)]))
    };
    heard.hear(&(refused(&"987-65-4321".repeat(20)), refused("987-65-4321")));
    let paths = JsonPaths::new(Vec::new()).unwrap();
    heard.hear(&(redactor.redact_json(b"{987-65-4321", &paths), &paths));
}

#[test]
fn nothing_that_prints_holds_a_value() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let mut heard = Heard(String::new());
    heard.hear(&carrier.guard.protect(&item(ACCOUNT, &customer_fields())));
    heard.hear(&carrier.guard.protect_batch(&batch(&[item(ACCOUNT, &customer_fields())])));
    heard.hear(&carrier.guard.protect(&item(ACCOUNT, &[Field::Text("Dana Q. Example", "987-65-4321")])));
    heard.hear(&call.present(SecretKind::Password, b"987-65-4321"));
    heard.hear(&call.present(SecretKind::Password, PASSWORD));
    let fields: Vec<_> = CANARIES.iter().map(|(name, _)| *name).chain(["call_detail"]).collect();
    let seen = call.view(&sealed, &request(&fields)).unwrap();
    heard.hear(&seen);
    heard.hear(&(0..5).map(|at| seen.view.explain(at)).collect::<Vec<_>>());
    heard.hear(&call.view(&sealed, &request(&["Dana Q. Example"])));
    heard.hear(&call.verify(&sealed, &request(&["ssn"]), b"987-65-4321"));
    heard.hear(&call.decide(Action::ChangeEmailOfRecord));
    heard.hear(&call.view_many(&list(&[&sealed]), &request(&["name"])));
    let why = Decisions::new().unwrap();
    // The bytes themselves are the values: only what stands beside them is heard.
    heard.hear(&call.view_batch(&batch(&[]), &request(&["Dana Q. Example"]), why.clone()).map(drop));
    heard.hear(&(&why, why.explain(0)));
    heard.hear(&call.send_to_address_of_record(&sealed, &request(&["name"])));
    for leased in carrier.guard.lease_notices(5).unwrap() {
        heard.hear(&leased);
        heard.hear(&leased.notice.unwrap().facts());
    }
    let device = DeviceSession::start().unwrap();
    let asked = device.request().unwrap();
    let reply = call.view_for_device(&sealed, &request(&fields), &asked).unwrap();
    heard.hear(&reply);
    heard.hear(&device.open(&asked, &reply[1..]));
    let opened = device.open(&asked, &reply).unwrap();
    heard.hear(&(&device, &opened, &opened.view));
    heard.hear(&opened.view.matches(4, b"987-65-4321"));
    heard.hear(&device.open(&asked, &reply));
    let audit = carrier.guard.clone().audit().unwrap();
    heard.hear(&audit.who_saw(ACCOUNT.to_owned(), 0, NOON + DAY, 0, 100));
    heard.hear(&carrier.guard.name_account("dana".to_owned(), 1));
    for format in [ExportFormat::Ocsf, ExportFormat::Cef] {
        heard.hear(&audit.export(format, ExportFrom::Number { next: 0 }, 1000, None, None));
    }
    let all = IncidentAccesses::default();
    let scope = carrier.guard.breach_scope("sue".to_owned(), all, true).unwrap();
    heard.hear(&scope);
    heard.hear(&scope.accounts());
    let stolen = StolenRecords::new(LostKeys::NotKnown).unwrap();
    heard.hear(&stolen.add(ACCOUNT.to_owned(), &sealed));
    heard.hear(&stolen.add("987-65-4321".repeat(40), &sealed));
    heard.hear(&stolen.add(ACCOUNT.to_owned(), b"987-65-4321"));
    heard.hear(&stolen);
    let all = Some(IncidentAccesses::default());
    let scope = carrier.guard.breach_scope_of("sue".to_owned(), all, Some(stolen), Vec::new(), true).unwrap();
    heard.hear(&(&scope, scope.accounts(), scope.customers(), scope.exposures(), scope.logs()));
    heard.hear(&audit.events(0, 1_000));
    heard.hear(&audit.kept_checkpoint());
    let calendar = BusinessCalendar::us_federal(Vec::new()).unwrap();
    let report = BreachReport::of(crate::duties::incident(), None, &calendar).unwrap();
    heard.hear(&(&calendar, &report, report.findings(), report.may_notify_customer(NOON)));
    transactions(&carrier, &call, &mut heard);
    after_issue_seven(&carrier, &call, &sealed, &mut heard);
    redaction(&carrier, &mut heard);
    let question =
        "[[question]]\nid = \"q\"\ntext = \"Is it 987-65-4321 or plum-harbor?\"\nabout = \"ssn\"\n";
    heard.hear(&(backup_questions(question.to_owned()), check_questions(question.to_owned())));
    heard.hear(&(&carrier.guard, &call, &audit, &carrier.agents, &carrier.contacts));

    assert!(heard.0.len() > 5_000, "the calls said something");
    let secrets = CANARIES.iter().map(|(_, value)| *value);
    let secrets = secrets.chain([CANARY_NUMBER, "Springfield", "plum-harbor", ACCOUNT, "4321", "987654321"]);
    for secret in secrets {
        // Four digits are in some random id or other: as a word of their own they are nobody's.
        let is_said = match secret {
            "4321" => {
                heard.0.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == secret)
            }
            _ => heard.0.contains(secret),
        };
        assert!(!is_said, "{secret} was said");
        // As a list of bytes, which is how Kotlin and Swift print an array.
        let bytes = format!("{:?}", secret.as_bytes());
        assert!(!heard.0.contains(bytes.trim_matches(['[', ']'])), "{secret} was said in bytes");
    }
}
