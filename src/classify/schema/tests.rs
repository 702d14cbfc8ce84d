use super::*;

fn schema(fields: &str) -> Result<Schema, SchemaError> {
    Schema::from_toml_named("s.toml", &format!("[fields]\n{fields}\n"))
}

fn fault(fields: &str) -> String {
    schema(fields).unwrap_err().to_string()
}

fn example(name: &str) -> Schema {
    Schema::from_file(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)).unwrap()
}

#[test]
fn every_mistake_in_a_file_has_its_place_and_a_name_that_was_meant() {
    let mistakes = [
        ("plan = { class = \"service_detail\" }", "2:18: unknown class; did you mean `service_details`?"),
        ("a = { class = \"qqqq\" }", "2:15: unknown class"),
        ("a = { class = 4 }", "2:15: expected a string"),
        ("a = { clas = \"ssn\" }", "2:7: unknown key; did you mean `class`?"),
        ("a = { class = \"ssn\", search = true }", "2:22: unknown key"),
        ("a = { kind = \"ssn\" }", "2:5: the key `class` is missing"),
        ("a = \"ssn\"", "2:5: expected a table"),
        ("a = { class = \"device_id\", kind = \"imie\" }", "2:35: unknown kind; did you mean `imei`?"),
        (
            "a = { class = \"service_details\", kind = \"ssn\" }",
            "2:41: this kind of identifier does not belong in a field of this class",
        ),
        ("a = { class = \"call_detail\", shape = \"call\" }", "2:38: unknown shape; did you mean `calls`?"),
        ("a = { class = \"ssn\", shape = \"calls\" }", "2:30: a field of this class is no list of calls"),
        ("a = { class = \"call_detail\", kind = \"nanp\" }", "2:37: a list of calls has no kind"),
        (
            "a = { class = \"account_info\", pattern = \"a\" }",
            "2:41: a pattern needs kind = \"account_number\"",
        ),
        (
            "a = { class = \"account_info\", kind = \"account_number\", pattern = \"[\" }",
            "2:66: this pattern does not compile, or is too large when it does",
        ),
        (
            "a = { class = \"account_info\", kind = \"account_number\", pattern = \"\" }",
            "2:66: this pattern is empty",
        ),
        ("A = { class = \"identity\" }", "2:1: a field name has 1 to 64 of a-z, 0-9 and _, a letter first"),
        ("a = { class = \"identity\" }\na = { class = \"address\" }", "3:1: this key is already there"),
        (
            "ssn_last4 = { class = \"ssn_last4\" }\nssn = { class = \"ssn\" }",
            "2:1: this field is already there",
        ),
        ("a = { class = ", "2:14: this is not valid TOML"),
        ("", "1:1: there are no fields"),
    ];
    for (fields, expected) in mistakes {
        assert_eq!(fault(fields), format!("schema: s.toml:{expected}"), "{fields}");
    }
    let long = "p".repeat(257);
    let long = fault(&format!(
        "a = {{ class = \"account_info\", kind = \"account_number\", pattern = \"{long}\" }}"
    ));
    assert_eq!(long, "schema: s.toml:2:66: this pattern is longer than 256 bytes");
}

#[test]
fn a_file_with_several_mistakes_names_the_first_of_them() {
    let text = "# a comment, é\n\n[fields]\nzip = { class = \"adress\" }\nage = { clas = \"x\" }\n";
    assert_eq!(
        Schema::from_toml(text).unwrap_err().to_string(),
        "schema: line 4, column 17: unknown class; did you mean `address`?"
    );
    let other_tables = [
        ("[feilds]\na = { class = \"identity\" }", "s.toml:1:2: unknown key; did you mean `fields`?"),
        ("", "s.toml:1:1: the key `fields` is missing"),
        ("fields = 1", "s.toml:1:10: expected a table"),
        ("[fields]\na = { class = \"identity\" }\n[options]", "s.toml:3:2: unknown key"),
    ];
    for (text, expected) in other_tables {
        let fault = Schema::from_toml_named("s.toml", text).unwrap_err().to_string();
        assert_eq!(fault, format!("schema: {expected}"), "{text}");
    }
}

#[test]
fn no_fault_repeats_the_text_of_the_file() {
    for text in [
        "987-65-4321",
        "[fields]\nssn = \"987-65-4321\"",
        "[fields]\n\"987-65-4321\" = {}",
        "x = \"987-65-4321\"",
    ] {
        let error = Schema::from_toml(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("987"), "{text}");
    }
}

#[test]
fn each_kind_has_its_classes() {
    for class in DataClass::ALL {
        for kind in IdentifierKind::ALL {
            let table = matches!(
                (class.name(), kind.name()),
                ("identity" | "account_info" | "directory_listing", "nanp" | "email")
                    | ("address", "email")
                    | ("ssn", "ssn")
                    | ("account_info", "account_number")
                    | ("service_details" | "call_detail", "nanp")
                    | ("device_id", "imei" | "meid" | "iccid" | "imsi" | "eid")
                    | ("payment", "pan")
                    | ("survivor", _)
            );
            let line = format!("a = {{ class = \"{class}\", kind = \"{kind}\", shape = \"value\" }}");
            assert_eq!(schema(&line).is_ok(), table, "{line}");
        }
    }
}

#[test]
fn an_ssn_brings_its_last_four_digits() {
    for line in ["id = { class = \"ssn\" }", "id = { class = \"ssn\", kind = \"ssn\", shape = \"value\" }"] {
        let schema = schema(line).unwrap();
        let (ssn, last_four) = (schema.field("id").unwrap(), schema.field("id_last4").unwrap());
        assert_eq!(ssn.kind(), Some(IdentifierKind::Ssn));
        assert_eq!((ssn.derives(), ssn.derived_from()), (Some(last_four.name()), None));
        assert_eq!((last_four.class(), last_four.kind()), (DataClass::SsnLast4, None));
        assert_eq!((last_four.derived_from(), last_four.derives()), (Some(ssn.name()), None));
        assert_eq!((last_four.shape(), schema.fields().len()), (Shape::Value, 2));
    }
    // A carrier that holds nothing but the last four digits has a field of its own for them.
    let alone = schema("ssn_last4 = { class = \"ssn_last4\" }").unwrap();
    assert_eq!(alone.field("ssn_last4").unwrap().derived_from(), None);
}

#[test]
fn the_name_of_an_ssn_field_leaves_room() {
    let named = |len| schema(&format!("{} = {{ class = \"ssn\" }}", "s".repeat(len)));
    let name = format!("{}_last4", "s".repeat(58));
    assert_eq!(name.len(), 64);
    assert!(named(58).unwrap().field(&name).is_some());
    assert_eq!(
        named(59).unwrap_err().to_string(),
        "schema: s.toml:2:1: the name of an SSN field has at most 58 characters: `_last4` is added to it"
    );
    assert!(schema(&format!("{} = {{ class = \"identity\" }}", "s".repeat(64))).is_ok());
    assert!(schema(&format!("{} = {{ class = \"identity\" }}", "s".repeat(65))).is_err());
}

#[test]
fn there_are_at_most_256_fields() {
    let lines = |n: usize| (0..n).map(|i| format!("f{i} = {{ class = \"identity\" }}\n")).collect::<String>();
    assert_eq!(schema(&lines(256)).unwrap().fields().len(), 256);
    let too_many = "schema: s.toml:1:1: more than 256 fields, the derived ones included";
    assert_eq!(fault(&lines(257)), too_many);
    // The derived field counts.
    assert!(schema(&(lines(254) + "ssn = { class = \"ssn\" }")).is_ok());
    assert_eq!(fault(&(lines(255) + "ssn = { class = \"ssn\" }")), too_many);
}

#[test]
fn a_field_is_found_by_its_name_and_its_index() {
    let schema = example("subscriber.toml");
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert!(names.is_sorted());
    for (index, field) in schema.fields().iter().enumerate() {
        assert_eq!(field.index(), index);
        assert_eq!(schema.field(field.name().as_str()).unwrap().index(), index);
    }
    for other in ["", "SSN", "ssn_", "ssn_last", "zzz"] {
        assert!(schema.field(other).is_none(), "{other}");
    }
    assert_eq!(names.len(), 17);
    assert_eq!(schema.fields().iter().filter(|field| field.derived_from().is_some()).count(), 1);
    let kinds =
        [("mobile", "nanp"), ("imei", "imei"), ("iccid", "iccid"), ("card", "pan"), ("email", "email")];
    for (name, kind) in kinds {
        assert_eq!(schema.field(name).unwrap().kind().unwrap().name(), kind);
    }
    assert!(schema.field("account_number").unwrap().pattern().is_some());
    assert_eq!(schema.field("call_detail").unwrap().shape(), Shape::Calls);
}

#[test]
fn the_columns_of_other_peoples_data_are_all_classified() {
    let header = "customerID,gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,\
        InternetService,OnlineSecurity,OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,\
        Contract,PaperlessBilling,PaymentMethod,MonthlyCharges,TotalCharges,Churn";
    let schema = example("telco-customers.toml");
    let mut columns = 0;
    for column in header.split(',') {
        let mut name = String::new();
        let mut before_is_lower = false;
        for character in column.chars() {
            if character.is_ascii_uppercase() && before_is_lower {
                name.push('_');
            }
            before_is_lower = character.is_ascii_lowercase();
            name.push(character.to_ascii_lowercase());
        }
        assert!(schema.field(&name).is_some(), "{name}");
        columns += 1;
    }
    assert_eq!((columns, schema.fields().len()), (21, 21));
    let pattern = schema.field("customer_id").unwrap().pattern();
    assert!(super::super::identifiers::check(IdentifierKind::AccountNumber, "0000-EXMPL", pattern).is_ok());
}

#[test]
fn a_file_that_cannot_be_read_says_so() {
    let folder = std::env::temp_dir().join(format!("cpni-guard-schema-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("s.toml");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Schema::from_file(&path).map(|schema| schema.fields().len())
    };
    let cause = |result: Result<usize, SchemaError>| match result.unwrap_err() {
        SchemaError::File(fault) => (fault.line, fault.column, fault.cause),
        SchemaError::Unreadable => panic!("it is readable"),
    };
    assert_eq!(read(b"[fields]\nname = { class = \"identity\" }"), Ok(1));
    // Not UTF-8: the place of the first wrong byte.
    assert_eq!(cause(read(b"[fields]\n# \xC3\xA9 \xFF")), (2, 5, FileCause::Syntax));
    let mut large = b"#".repeat(Source::MAX_LEN);
    assert_eq!(cause(read(&large)), (1, 1, FileCause::MissingKey { key: "fields" }));
    large.push(b'#');
    assert_eq!(cause(read(&large)), (1, 1, FileCause::TooLarge { max: Source::MAX_LEN }));
    // Cut in the middle of a character at the limit: too large, not wrong.
    large.truncate(Source::MAX_LEN);
    large.extend("é".bytes());
    assert_eq!(cause(read(&large)), (1, 1, FileCause::TooLarge { max: Source::MAX_LEN }));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(Schema::from_file(&path).unwrap_err(), SchemaError::Unreadable);
}

#[test]
fn an_index_names_fields_and_the_population_that_it_is_planned_for() {
    let schema = Schema::from_toml(
        r#"
        [fields]
        ssn = { class = "ssn" }
        last_name = { class = "identity" }
        zip = { class = "address" }

        [indexes]
        ssn = { fields = ["ssn"], bits = 20, rows = 20_000_000, distinct = 20_000_000 }
        name_zip = { fields = ["last_name", "zip"], bits = 14, rows = 20_000_000, distinct = 12_000_000, most_common = 900 }
        "#,
    )
    .unwrap();
    let names: Vec<_> = schema.indexes().iter().map(|index| index.name().as_str()).collect();
    assert_eq!(names, ["name_zip", "ssn"]);
    let of: Vec<_> =
        schema.index("name_zip").unwrap().fields().iter().map(|name| name.as_str().to_owned()).collect();
    assert_eq!(of, ["last_name", "zip"]);
    assert_eq!(schema.index("ssn").map(|index| (index.plan().bits(), index.position())), Some((20, 1)));
    assert!(schema.index("zip").is_none());
    assert_eq!(example("subscriber.toml").indexes().len(), 2);
}

#[test]
fn every_mistake_in_an_index_has_its_place_and_its_reason() {
    let fields = "n = { class = \"identity\" }\nssn = { class = \"ssn\" }\nc = { class = \"call_detail\" }\n\
                  p = { class = \"auth_secret\" }\ns = { class = \"survivor\" }\nl = { class = \"location\" }\n\
                  b = { class = \"billing\" }";
    let sized = "bits = 10, rows = 20000, distinct = 20000";
    let index = |text: &str| format!("i = {{ {text}, {sized} }}");
    let of = |field: &str| index(&format!("fields = [\"{field}\"]"));
    let four = "four digits have 10,000 values: every term would be known by counting";
    let mistakes = [
        (of("ssn_last"), "10:17: unknown field; did you mean `ssn_last4`?"),
        (of("ssn_last4"), &*format!("10:17: {four}")),
        (of("p"), "10:17: a secret is compared, never searched: equal terms would show equal secrets"),
        (of("s"), "10:17: what a line-separation request holds is found by nobody (47 USC 345)"),
        (of("l"), "10:17: equal terms would show who was at the same place"),
        (of("c"), "10:17: equal terms would show who called the same number"),
        (of("b"), "10:17: amounts repeat: equal terms would show them"),
        (index("fields = []"), "10:16: this list is empty"),
        (index("fields = [\"n\", \"n\"]"), "10:22: this field is already there"),
        (index("field = [\"n\"]"), "10:7: unknown key; did you mean `fields`?"),
        ("I = 1".to_owned(), "10:1: an index name has 1 to 64 of a-z, 0-9 and _, a letter first"),
        ("i = 1".to_owned(), "10:5: expected a table"),
        ("i = { fields = [\"n\"] }".to_owned(), "10:5: the key `bits` is missing"),
        ("i = { fields = [\"n\"], bits = 9 }".to_owned(), "10:5: the key `rows` is missing"),
        ("i = { fields = [\"n\"], bits = 9, rows = 9 }".to_owned(), "10:5: the key `distinct` is missing"),
        (
            "i = { fields = [\"n\"], bits = 12, rows = 20000, distinct = 20000 }".to_owned(),
            "10:30: with 12 bits some values would have a term to themselves; fewer bits are shared",
        ),
        (
            "i = { fields = [\"n\"], bits = 300, rows = 20000, distinct = 20000 }".to_owned(),
            "10:30: a term has 1 to 32 bits, not 255",
        ),
        (
            "i = { fields = [\"n\"], bits = 4, rows = 300, distinct = 300 }".to_owned(),
            "10:30: 300 rows are too few for an index: from 1000 on it saves more than it tells",
        ),
        (
            "i = { fields = [\"n\"], bits = 4, rows = 20000, distinct = 50 }".to_owned(),
            "10:30: a search would bring up 1625 rows, and more than 141 are hardly filtered",
        ),
        (
            "i = { fields = [\"n\"], bits = 10, rows = 20000, distinct = 20000, most_common = 400 }"
                .to_owned(),
            "10:30: the most common value, of 400 rows, would be known by how often its term is there",
        ),
    ];
    for (text, expected) in mistakes {
        let file = format!("[fields]\n{fields}\n[indexes]\n{text}\n");
        let fault = Schema::from_toml_named("s.toml", &file).unwrap_err().to_string();
        assert_eq!(fault, format!("schema: s.toml:{expected}"), "{text}");
    }
    let many: String = (0..17).map(|i| format!("i{i} = {{ fields = [\"n\"], {sized} }}\n")).collect();
    let many = Schema::from_toml(&format!("[fields]\n{fields}\n[indexes]\n{many}")).unwrap_err().to_string();
    assert_eq!(many, "schema: line 26, column 1: more than 16 indexes");
}
