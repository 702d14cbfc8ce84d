//! No record, error or object prints a customer's value.

use std::fmt::Debug;

use cpni_guard::oversight::export::ExportFormat;
use cpni_guard::vocabulary::Action;
use cpni_guard_ffi::{
    BreachReport, BusinessCalendar, Decisions, DeviceSession, ExportFrom, IncidentAccesses, LostKeys,
    SecretKind, StolenRecords, backup_questions, check_questions,
};

use crate::fixture::*;

struct Heard(String);

impl Heard {
    fn hear(&mut self, said: &impl Debug) {
        self.0.push_str(&format!("{said:?} {said:#?}\n"));
    }
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
    heard.hear(&call.view_many(&sealed_batch(&[&sealed]), &request(&["name"])));
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
