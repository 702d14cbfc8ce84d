//! Nothing of a host's value gets through but names and masks.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const CANARY: &str = "CaNaRy7q";

fn schema() -> Schema {
    Schema::from_toml(
        r#"
        [fields]
        name   = { class = "identity" }
        ssn    = { class = "ssn" }
        mobile = { class = "account_info", kind = "nanp" }
        card   = { class = "payment", kind = "pan" }
        pin    = { class = "auth_secret" }
        escape = { class = "survivor", kind = "nanp" }
        calls  = { class = "call_detail" }
        "#,
    )
    .unwrap()
}

fn json_of<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(by_schema(&schema(), value).within(&["customer", "lines"])).unwrap()
}

#[derive(Serialize)]
struct Line {
    mobile: Option<String>,
    imei: u64,
    calls: Vec<u32>,
}

#[derive(Serialize)]
struct Customer {
    name: &'static str,
    ssn: (u32, u32),
    pin: Vec<u8>,
    escape: &'static str,
    lines: Vec<Line>,
    other_lines: Vec<Line>,
    more: &'static str,
}

fn customer() -> Customer {
    let line = |mobile: Option<&str>| Line { mobile: mobile.map(str::to_owned), imei: 1, calls: vec![1; 3] };
    Customer {
        name: "Dana Example",
        ssn: (987, 4321),
        pin: b"1234".to_vec(),
        escape: "+1 202 555 0123",
        lines: vec![line(Some("+1 202 555 0123")), line(None)],
        other_lines: vec![line(None)],
        more: "x",
    }
}

#[test]
fn every_field_of_a_struct_is_its_mask_or_withheld() {
    let line = json!({ "mobile": "[PHONE]", "imei": "••••", "calls": "[CALL DETAIL]" });
    let mut expected = json!({
        "name": "[NAME]", "ssn": "[SSN]", "pin": "[SECRET]", "escape": "••••", "lines": [line, line],
        "other_lines": "••••", "more": "••••",
    });
    assert_eq!(json_of(&customer()), expected);
    // The same as JSON: what is no field of a struct is a key, and is not shown.
    let fields = expected.as_object_mut().unwrap();
    fields.remove("other_lines");
    fields.remove("more");
    fields.insert("••••".to_owned(), "••••".into());
    for line in expected["lines"].as_array_mut().unwrap() {
        let line = line.as_object_mut().unwrap();
        line.remove("imei");
        line.insert("••••".to_owned(), "••••".into());
    }
    assert_eq!(json_of(&serde_json::to_value(customer()).unwrap()), expected);
    assert_eq!(json_of(&json!({ "customer": customer() }))["customer"], expected);
}

#[test]
fn parts_show_where_they_are_asked_for_and_are_texts() {
    let schema = schema();
    let value = json!([
        { "name": "Dana Example", "mobile": "+1 (202) 555-0123", "card": "4111 1111 1111 1111", "ssn": "987-65-4321" },
        { "name": ["Dana"], "mobile": 2_025_550_123_u64, "card": { "number": "4111111111111111" }, "ssn": null },
    ]);
    let shown = |form| serde_json::to_value(by_schema(&schema, &value).showing(form)).unwrap();
    let none = json!({ "name": "••••", "mobile": "••••", "card": "••••", "ssn": "••••" });
    let part = json!({ "name": "D••••", "mobile": "••••23", "card": "••••1111", "ssn": "••••" });
    assert_eq!(shown(MaskForm::Part), json!([part, none]));
    let last = json!({ "name": "••••", "mobile": "••••123", "card": "••••111", "ssn": "••••" });
    assert_eq!(shown(MaskForm::Last(3)), json!([last, none]));
    assert_eq!(shown(MaskForm::Withheld), json!([none, none]));
}

#[test]
fn what_is_no_field_is_withheld() {
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Status {
        Unit,
        Newtype(Customer),
        Tuple(u8, u8),
        Struct { ssn: u8 },
    }
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::RawValue")]
    struct Raw {
        #[serde(rename = "$serde_json::private::RawValue")]
        text: &'static str,
    }
    let dots = json!("••••");
    assert_eq!(json_of("4111"), dots);
    assert_eq!(json_of(&1_u128), dots);
    assert_eq!(json_of(&Some(1.5)), dots);
    assert_eq!(json_of(&None::<u8>), dots);
    assert_eq!(json_of(&()), dots);
    assert_eq!(json_of(&Status::Unit), dots);
    assert_eq!(json_of(&Status::Newtype(customer())), dots);
    assert_eq!(json_of(&Status::Tuple(1, 2)), dots);
    assert_eq!(json_of(&Status::Struct { ssn: 1 }), dots);
    assert_eq!(json_of(&Raw { text: "\"987-65-4321\"" }), dots);
    assert_eq!(json_of(&core::net::Ipv4Addr::LOCALHOST), dots);
    assert_eq!(
        json_of(&(1, "a", [customer().lines])),
        json!(["••••", "••••", [[
            { "mobile": "[PHONE]", "imei": "••••", "calls": "[CALL DETAIL]" },
            { "mobile": "[PHONE]", "imei": "••••", "calls": "[CALL DETAIL]" },
        ]]])
    );
}

/// A key that is no text is nobody's name, and what was said of one key does not hold for the next value.
#[test]
fn odd_maps_are_withheld() {
    let numbers: BTreeMap<u64, &str> = [(9_876_543_210, "x")].into();
    assert_eq!(json_of(&numbers), json!({ "••••": "••••" }));
    // `flatten` makes a map of a struct.
    #[derive(Serialize)]
    struct Flat {
        ssn: u32,
        note: u32,
        #[serde(flatten)]
        more: BTreeMap<&'static str, u32>,
    }
    let flat = Flat { ssn: 1, note: 1, more: [("card", 1), ("202-555-0100", 1), ("202-555-0101", 1)].into() };
    assert_eq!(json_of(&flat), json!({ "ssn": "[SSN]", "card": "[CARD]", "••••": "••••" }));
    struct TwoValues;
    impl Serialize for TwoValues {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeMap as _;
            let mut map = serializer.serialize_map(Some(2))?;
            map.serialize_key("customer")?;
            map.serialize_value(&json!({ "ssn": CANARY }))?;
            map.serialize_value(CANARY)?;
            map.end()
        }
    }
    assert_eq!(json_of(&TwoValues), json!({ "customer": { "ssn": "[SSN]" }, "••••": "••••" }));
}

/// A host's own `Serialize` may put the value into its error.
#[test]
fn an_error_carries_no_text_of_the_value() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom(CANARY))
        }
    }
    let schema = schema();
    let broken = BTreeMap::from([("ssn", Broken)]);
    for form in [MaskForm::Kind, MaskForm::Part] {
        // A field is a mask whatever becomes of its value.
        let masked = by_schema(&schema, &broken).showing(form).to_string();
        assert!(matches!(&*masked, r#"{"ssn":"[SSN]"}"# | r#"{"ssn":"••••"}"#), "{masked}");
    }
    for value in
        [json_error(&Broken), json_error(&[Broken]), json_error(&BTreeMap::from([("lines", Broken)]))]
    {
        assert_eq!(value, "a value could not be serialised, and nothing of it is shown");
    }
    assert_eq!(by_schema(&schema, &Broken).to_string(), "••••");
    assert_eq!(format!("{:?}", by_schema(&schema, &[Broken])), "••••");
}

fn json_error<T: Serialize>(value: &T) -> String {
    serde_json::to_string(&by_schema(&schema(), value).within(&["lines"])).unwrap_err().to_string()
}

/// Documents with a canary in every text, key and number.
fn documents() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("ssn".to_owned()),
        Just("name".to_owned()),
        Just("card".to_owned()),
        Just("calls".to_owned()),
        Just("lines".to_owned()),
        Just("customer".to_owned()),
        "[a-z]{0,3}".prop_map(|end| format!("{CANARY}{end}")),
    ];
    let leaf = prop_oneof![
        "\\PC{0,4}".prop_map(|end| format!("{CANARY}{end}").into()),
        Just(json!(77_077_077)),
        Just(json!(-77_077_077)),
        Just(json!(77_077_077.5)),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_gets_through(document in documents()) {
        let schema = schema();
        for form in [MaskForm::Withheld, MaskForm::Kind, MaskForm::Last(4), MaskForm::Part] {
            for within in [&[][..], &["lines", "customer", "ssn"]] {
                let wrapped = by_schema(&schema, &document).within(within).showing(form);
                let text = wrapped.to_string();
                prop_assert_eq!(&format!("{:?}", wrapped), &text);
                prop_assert!(!text.contains(CANARY) && !text.contains("77") && !text.contains("null"), "{}", text);
                prop_assert!(!text.contains("true") && !text.contains("false"), "{}", text);
                let read: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(serde_json::to_value(&wrapped).unwrap(), read);
            }
        }
    }
}
