use proptest::prelude::*;

use super::*;
use crate::vocabulary::{CallDirection, Timestamp};

fn schema() -> Schema {
    let toml = r#"
        [fields]
        name = { class = "identity" }
        ssn = { class = "ssn" }
        mobile = { class = "account_info", kind = "nanp" }
        account = { class = "account_info", kind = "account_number", pattern = "[0-9]{12}" }
        log = { class = "call_detail" }
        zone = { class = "location" }
    "#;
    Schema::from_toml(toml).unwrap()
}

fn call(number: &str) -> CallRow {
    CallRow::outbound(number, Timestamp::from_secs(1_795_392_000), 61)
}

fn name(name: &str) -> FieldName {
    FieldName::new(name).unwrap()
}

fn text<'a>(admitted: &'a Admitted<'_>, field: &str) -> Option<&'a str> {
    let field = admitted.fields.iter().find(|admitted| admitted.spec.name().as_str() == field)?;
    match &field.value {
        FieldValue::Text(text) => Some(text.expose()),
        FieldValue::Calls(_) => None,
    }
}

fn refused(record: Record) -> RecordError {
    schema().admit(record).map(|_| ()).unwrap_err()
}

#[test]
fn fields_come_in_the_order_of_the_schema_and_as_given() {
    let schema = schema();
    let record = Record::with_id(RecordId::new("line-1").unwrap())
        .text("zone", "")
        .text("ssn", " 987 65-4321")
        .calls("log", vec![call("611")])
        .text("name", "Dana Example".to_owned());
    let admitted = schema.admit(record).unwrap();
    assert_eq!(admitted.id.expose(), "line-1");
    let names: Vec<_> = admitted.fields.iter().map(|field| field.spec.name().as_str()).collect();
    assert_eq!(names, ["log", "name", "ssn", "ssn_last4", "zone"]);
    assert_eq!(text(&admitted, "ssn"), Some(" 987 65-4321"));
    assert_eq!(text(&admitted, "ssn_last4"), Some("4321"));
    assert_eq!(text(&admitted, "zone"), Some(""));
    assert_eq!(admitted.fields[0].value, FieldValue::Calls(vec![call("611")]));
    assert_eq!(admitted.concerns, []);
    let alone = schema.admit(Record::new().text("zone", "x")).unwrap();
    assert_eq!((alone.id, alone.fields.len()), (RecordId::none(), 1));
}

#[test]
fn a_value_that_fails_its_check_is_admitted_with_a_concern() {
    let schema = schema();
    let record = Record::new()
        .text("ssn", "000-12-3456")
        .text("mobile", "call me")
        .text("account", "12345")
        .calls("log", vec![call("*#")]);
    let admitted = schema.admit(record).unwrap();
    let concern = |field, fault| Concern { field: name(field), fault };
    assert_eq!(
        admitted.concerns,
        [
            concern("account", IdentifierFault::Pattern),
            concern("mobile", IdentifierFault::Character { position: 0 }),
            concern("ssn", IdentifierFault::NeverAssigned),
        ]
    );
    assert_eq!(text(&admitted, "mobile"), Some("call me"));
    assert_eq!(text(&admitted, "ssn"), Some("000-12-3456"));
    // Nine digits are enough for the last four of them, assigned or not.
    assert_eq!(text(&admitted, "ssn_last4"), Some("3456"));
}

#[test]
fn no_nine_digits_no_last_four() {
    let schema = schema();
    let faults = [
        ("***-**-3456", Some(IdentifierFault::Character { position: 0 })),
        ("000-12-345", Some(IdentifierFault::Length { len: 8 })),
        ("3456", Some(IdentifierFault::Length { len: 4 })),
        (" ", Some(IdentifierFault::Length { len: 0 })),
        // Nothing is claimed, so nothing is wrong.
        ("", None),
    ];
    for (ssn, fault) in faults {
        let admitted = schema.admit(Record::new().text("ssn", ssn)).unwrap();
        assert_eq!(admitted.concerns.first().map(|concern| concern.fault), fault, "{ssn}");
        assert_eq!(text(&admitted, "ssn"), Some(ssn));
        assert_eq!(text(&admitted, "ssn_last4"), None, "{ssn}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(refused(Record::new()), RecordError::Empty);
    assert_eq!(
        refused(Record::new().text("name", "x").text("987-65-4321", "x")),
        RecordError::UnknownField { position: 1 }
    );
    assert_eq!(refused(Record::new().text("", "x")), RecordError::UnknownField { position: 0 });
    assert_eq!(
        refused(Record::new().text("name", "x").text("zone", "x").text("name", "x")),
        RecordError::DuplicateField { field: name("name") }
    );
    assert_eq!(refused(Record::new().text("log", "8")), RecordError::WrongShape { field: name("log") });
    assert_eq!(refused(Record::new().calls("name", vec![])), RecordError::WrongShape { field: name("name") });
    for record in [Record::new(), Record::new().text("ssn", "987-65-4321")] {
        assert_eq!(
            refused(record.text("ssn_last4", "4321")),
            RecordError::DerivedField { field: name("ssn_last4") }
        );
    }
    let code = |error| crate::error::Error::Record(error).code().get();
    assert_eq!(code(RecordError::DerivedField { field: name("a") }), 1107);
    assert_eq!(code(RecordError::RowTooLong { field: name("a"), row: 0, len: 256, max: 255 }), 1108);
}

#[test]
fn sizes_hold_at_their_edges() {
    let schema = schema();
    let value = |len| schema.admit(Record::new().text("name", "x".repeat(len))).map(|_| ());
    assert_eq!(value(65_535), Ok(()));
    assert_eq!(value(65_536), Err(RecordError::TooLong { field: name("name"), len: 65_536, max: 65_535 }));

    let rows = |n| (0..n).map(|_| call("")).collect::<Vec<_>>();
    let calls = |rows| schema.admit(Record::new().calls("log", rows)).map(|_| ());
    assert_eq!(calls(rows(0)), Ok(()));
    assert_eq!(calls(rows(100_000)), Ok(()));
    assert_eq!(
        calls(rows(100_001)),
        Err(RecordError::TooManyRows { field: name("log"), rows: 100_001, max: 100_000 })
    );

    let (longest, too_long) = ("é".repeat(127) + "x", "é".repeat(128));
    assert_eq!(calls(vec![call(&longest).at_place(longest.clone())]), Ok(()));
    let fault = |row| RecordError::RowTooLong { field: name("log"), row, len: 256, max: 255 };
    assert_eq!(calls(vec![call(&too_long)]), Err(fault(0)));
    assert_eq!(calls(vec![call("611"), call("611").at_place(too_long)]), Err(fault(1)));
}

#[test]
fn a_call_keeps_what_it_was_given() {
    let start = Timestamp::from_micros(1_795_392_000_000_001);
    let out = CallRow::outbound("+1 202 555 0123", start, u32::MAX).at_place("Springfield");
    assert_eq!(out.direction(), CallDirection::Outbound);
    assert_eq!(out.number().expose(), "+1 202 555 0123");
    assert_eq!((out.start(), out.duration_secs()), (start, u32::MAX));
    assert_eq!(out.place().unwrap().expose(), "Springfield");
    let inbound = CallRow::inbound("+1 202 555 0123", start, 0);
    assert_eq!((inbound.direction(), inbound.place()), (CallDirection::Inbound, None));
    assert_ne!(out, inbound);
}

#[test]
fn debug_and_errors_say_nothing_of_a_record() {
    const CANARY: &str = "canary-55501";
    let schema = schema();
    let record = || {
        Record::with_id(RecordId::new(CANARY).unwrap())
            .text("ssn", CANARY)
            .calls("log", vec![call(CANARY).at_place(CANARY)])
    };
    let admitted = schema.admit(record()).unwrap();
    assert_eq!(admitted.concerns.len(), 1);
    let mut said = format!("{:?} {admitted:?} {:?}", record(), call(CANARY));
    for concern in &admitted.concerns {
        said += &format!("{concern:?} {}", concern.fault);
    }
    let too_long = CANARY.repeat(6_000);
    for record in [
        record().text(CANARY, CANARY),
        record().text("ssn", CANARY),
        record().text("ssn_last4", CANARY),
        record().calls("name", vec![call(CANARY)]),
        record().text("name", too_long.clone()),
        Record::new().calls("log", vec![call(&too_long)]),
    ] {
        let error = schema.admit(record).map(|_| ()).unwrap_err();
        said += &format!("{error} {error:?}");
    }
    assert!(!said.contains(CANARY) && !said.contains("55501") && !said.contains("1795392000"), "{said}");
}

proptest! {
    #[test]
    fn a_record_is_admitted_as_given(
        name in any::<String>(), ssn in any::<String>(), mobile in any::<String>(),
        calls in prop::collection::vec((any::<bool>(), "[0-9*#+]{0,20}", any::<u64>(), any::<u32>()), 0..20),
    ) {
        let schema = schema();
        let rows = || calls.iter().map(|(out, number, start, secs)| {
            let direction = if *out { CallDirection::Outbound } else { CallDirection::Inbound };
            CallRow::new(direction, number.clone(), Timestamp::from_micros(*start), *secs)
        }).collect::<Vec<_>>();
        let record = Record::new()
            .calls("log", rows())
            .text("ssn", ssn.clone())
            .text("name", name.clone())
            .text("mobile", mobile.clone());
        let admitted = schema.admit(record).unwrap();
        prop_assert_eq!(text(&admitted, "ssn"), Some(ssn.as_str()));
        prop_assert_eq!(text(&admitted, "name"), Some(name.as_str()));
        prop_assert_eq!(text(&admitted, "mobile"), Some(mobile.as_str()));
        let log = admitted.fields.iter().find(|field| field.spec.name().as_str() == "log").unwrap();
        prop_assert_eq!(&log.value, &FieldValue::Calls(rows()));
        prop_assert!(admitted.fields.is_sorted_by_key(|field| field.spec.index()));
    }

    #[test]
    fn the_last_four_are_the_last_four_of_any_spelling(
        area in "[0-9]{3}", group in "[0-9]{2}", serial in "[0-9]{4}", separator in "[ ./-]?",
    ) {
        let schema = schema();
        let spelled = format!("{area}{separator}{group}{separator}{serial}");
        let admitted = schema.admit(Record::new().text("ssn", spelled)).unwrap();
        prop_assert_eq!(text(&admitted, "ssn_last4"), Some(serial.as_str()));
    }
}
