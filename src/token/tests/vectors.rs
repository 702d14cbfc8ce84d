//! The committed vectors (`docs/spec/token-v1.md`): the runner, and the program that made them.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::format::{Place, tweak};
use super::*;
use crate::hazmat::framing::Tuple;
use crate::hazmat::kdf::Prk;

const KINDS: [&str; 2] = ["format", "sealed"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/token-v1")
}

#[test]
fn every_committed_vector_holds() {
    let (mut cases, mut refused) = (0, 0);
    for file in fs::read_dir(folder()).unwrap() {
        let file: Value = serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let title = case["name"].as_str().unwrap();
            assert!(case["why"].as_str().unwrap().len() > 10, "{title}");
            let got = run(case);
            match case["expect"].get("error") {
                Some(code) => {
                    refused += 1;
                    let code = u16::try_from(code.as_u64().unwrap()).unwrap();
                    assert_eq!(got.map_err(|error| error.code().get()).err(), Some(code), "{title}");
                }
                None => assert_eq!(got.unwrap(), case["expect"], "{title}"),
            }
            if let Some(expected) = case.get("intermediate") {
                assert_eq!(intermediate(case), *expected, "{title}");
            }
            cases += 1;
        }
    }
    assert!(cases >= 40 && refused * 2 > cases, "{cases} cases, {refused} refused");
}

/// The token of a case's value; or, where the case brings a token, the value that it is checked against.
fn run(case: &Value) -> Result<Value, Error> {
    let text = |key: &str| case[key].as_str().unwrap();
    let kind = case["value_kind"].as_str().map_or(String::new(), |kind| format!(", kind = \"{kind}\""));
    let schema = format!("[fields]\n{} = {{ class = \"{}\"{kind} }}\n", text("field"), text("class"));
    let schema = Schema::from_toml(&schema).unwrap();
    let columns = columns_of(text("tenant"), &Arc::default(), keyring_of(case));
    let column = match text("kind") {
        "format" => {
            let length = |at: usize| usize::try_from(case["lengths"][at].as_u64().unwrap()).unwrap();
            let column = TokenColumn::format(
                text("column"),
                text("field"),
                Alphabet::new(text("alphabet"))?,
                length(0)..=length(1),
            )?;
            match case["token_alphabet"].as_str() {
                Some(alphabet) => column.written_in(Alphabet::new(alphabet)?)?,
                None => column,
            }
        }
        _ => TokenColumn::sealed(text("column"), text("field"))?,
    };
    columns.register(column, &schema)?;
    match (text("kind"), case["token"].as_str()) {
        ("format", None) => {
            Ok(json!({ "token": columns.format_token(text("column"), text("value"))?.as_str() }))
        }
        (_, None) => {
            let token = columns.sealed_token(text("column"), text("value"))?;
            Ok(json!({ "token": token.to_text(), "bytes": hex(token.as_bytes()) }))
        }
        (_, Some(token)) => {
            let token = SealedToken::from_text(token)?;
            // Opens it, and seals it anew.
            let again = columns.replace_sealed(text("column"), &token)?;
            Ok(json!({ "token": again.to_text(), "bytes": hex(again.as_bytes()) }))
        }
    }
}

fn keyring_of(case: &Value) -> Arc<Keyring> {
    let version = u32::try_from(case["version"].as_u64().unwrap()).unwrap();
    let root: [u8; 32] = unhex(case["root"].as_str().unwrap()).try_into().unwrap();
    let id = |branch, version, state| KeyVersion { branch, version, state };
    let mut roots = vec![
        (id(KeyBranch::Data, 1, KeyState::Active), [1; 32]),
        (id(KeyBranch::Audit, 1, KeyState::Active), [2; 32]),
        (id(KeyBranch::Reference, 1, KeyState::Active), [3; 32]),
    ];
    roots.extend((1..version).map(|old| (id(KeyBranch::Token, old, KeyState::Destroyed), [0; 32])));
    roots.push((id(KeyBranch::Token, version, KeyState::Active), root));
    Arc::new(Keyring::from_roots_for_testing(&roots).unwrap())
}

fn intermediate(case: &Value) -> Value {
    let text = |key: &str| case[key].as_str().unwrap();
    let version = u32::try_from(case["version"].as_u64().unwrap()).unwrap();
    let tenant = TenantId::new(text("tenant")).unwrap();
    let [field, column] = ["field", "column"].map(|key| FieldName::new(text(key)).unwrap());
    let key = keyring_of(case).token_key(&tenant, column.as_str(), version).unwrap();
    let column_key = hex(key.bytes());
    let prk = Prk::from_key(key);
    let place = Place { tenant: &tenant, field: &field, column: &column };
    if text("kind") == "format" {
        let key = prk.expand(Tuple::new("cpni-guard/v1/token-ff1").as_bytes());
        json!({ "column_key": column_key, "ff1_key": hex(key.bytes()), "tweak": hex(tweak(place).as_bytes()) })
    } else {
        let mut key = [0; 64];
        prk.expand_into(Tuple::new("cpni-guard/v1/token-siv").as_bytes(), &mut key);
        let class = DataClass::from_name(text("class")).unwrap();
        let associated = Tuple::new("cpni-guard/v1/token-sealed")
            .with(tenant.as_str().as_bytes())
            .with(field.as_str().as_bytes())
            .with(column.as_str().as_bytes())
            .with(&[class.code()])
            .with(&version.to_be_bytes());
        json!({ "column_key": column_key, "siv_key": hex(&key), "associated": hex(associated.as_bytes()) })
    }
}

#[test]
#[ignore = "makes the vectors, once"]
fn make_missing_vectors() {
    fs::create_dir_all(folder()).unwrap();
    for (name, cases) in [("tokens", tokens()), ("refused", refused())] {
        let path = folder().join(format!("{name}.json"));
        if path.exists() {
            continue;
        }
        let text = serde_json::to_string_pretty(&json!({ "cases": cases })).unwrap();
        fs::write(path, text + "\n").unwrap();
    }
}

fn base(kind: &str, name: &str, why: &str) -> Value {
    assert!(KINDS.contains(&kind));
    let mut case = json!({
        "kind": kind, "name": name, "why": why, "root": hex(&[0x5a; 32]), "version": 1,
        "tenant": "acme", "field": "ssn", "class": "ssn", "value_kind": "ssn", "column": "ssn_token",
        "value": "987-65-4321",
    });
    if kind == "format" {
        case["alphabet"] = "0123456789".into();
        case["lengths"] = json!([9, 9]);
    }
    case
}

fn with(mut case: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        case[key] = value.clone();
    }
    case
}

fn tokens() -> Vec<Value> {
    let f = |name, why, more| with(base("format", name, why), more);
    let s = |name, why, more| with(base("sealed", name, why), more);
    let plain = |more| with(json!({ "field": "code", "class": "account_info", "value_kind": null }), more);
    let mut cases = vec![
        f("an SSN", "nine digits, the short way of counting", json!({})),
        f("an SSN spelled otherwise", "the normal form is tokenised", json!({ "value": "987 65 4321" })),
        f("another tenant", "the tenant is in key and tweak", json!({ "tenant": "acme2" })),
        f("another column", "the column is in key and tweak", json!({ "column": "ssn_token2" })),
        f("another field", "the field is in the tweak alone", json!({ "field": "ssn2" })),
        f("another key version", "the version is in the key", json!({ "version": 2 })),
        f(
            "in letters",
            "the places of the symbols are written in another alphabet",
            json!({ "token_alphabet": "BCDFGHJKMN" }),
        ),
        f(
            "a telephone number",
            "ten digits: halves of five",
            json!({ "field": "mobile", "class": "account_info", "value_kind": "nanp", "lengths": [10, 10], "value": "+1 202 555 0100" }),
        ),
        f(
            "an ICCID",
            "nineteen digits: a half has more than 32 bits",
            json!({ "field": "iccid", "class": "device_id", "value_kind": "iccid", "lengths": [18, 20], "value": "8900000000000000003" }),
        ),
        f(
            "six digits",
            "the smallest domain that is allowed",
            plain(json!({ "lengths": [6, 6], "value": "000000" })),
        ),
        f(
            "letters and digits",
            "radix 36: halves of two symbols",
            plain(
                json!({ "alphabet": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "lengths": [4, 40], "value": "A0Z9" }),
            ),
        ),
        f(
            "radix 94 with four characters",
            "every visible character of ASCII",
            plain(json!({ "alphabet": ('!'..='~').collect::<String>(), "lengths": [4, 4], "value": "a~!0" })),
        ),
        f(
            "forty digits",
            "a half has 67 bits: the middle way of counting",
            plain(json!({ "lengths": [6, 128], "value": "0123456789012345678901234567890123456789" })),
        ),
        f(
            "128 digits",
            "the longest value: the long way of counting",
            plain(json!({ "lengths": [6, 128], "value": "9".repeat(128) })),
        ),
        f(
            "two symbols",
            "twenty places of radix 2",
            plain(json!({ "alphabet": "01", "lengths": [20, 20], "value": "00000000000000000001" })),
        ),
        s("a sealed SSN", "one block of plaintext", json!({})),
        s("a sealed value of no characters", "the padding alone", plain(json!({ "value": "" }))),
        s(
            "a sealed value of fifteen bytes",
            "one block with one byte of padding",
            plain(json!({ "value": "x".repeat(15) })),
        ),
        s(
            "a sealed value of sixteen bytes",
            "a whole block of padding",
            plain(json!({ "value": "x".repeat(16) })),
        ),
        s("a sealed value of 1,023 bytes", "the longest value", plain(json!({ "value": "x".repeat(1023) }))),
        s(
            "a sealed text beyond ASCII",
            "UTF-8 as it is: without a kind there is no normal form",
            plain(json!({ "value": "Zoë" })),
        ),
        s(
            "sealed under another key version",
            "the version is in key, associated data and token",
            json!({ "version": 7 }),
        ),
    ];
    for case in &mut cases {
        case["expect"] = run(case).unwrap();
        case["intermediate"] = intermediate(case);
    }
    cases
}

fn refused() -> Vec<Value> {
    let f = |name, why, more| with(base("format", name, why), more);
    let s = |name, why, more| with(base("sealed", name, why), more);
    let plain = |more| with(json!({ "field": "code", "class": "account_info", "value_kind": null }), more);
    let good =
        SealedToken::from_text(run(&s("", "", json!({}))).unwrap()["token"].as_str().unwrap()).unwrap();
    let bytes = good.as_bytes();
    let text_of = |bytes: &[u8]| {
        use base64ct::{Base64UrlUnpadded, Encoding as _};
        Base64UrlUnpadded::encode_string(bytes)
    };
    let changed = |at: usize, value: u8| {
        let mut bytes = bytes.to_vec();
        bytes[at] = value;
        json!({ "token": text_of(&bytes) })
    };
    let cut = |end: usize| json!({ "token": text_of(&bytes[..end]) });
    let token = good.to_text();
    let mut cases = vec![
        f(
            "five digits",
            "fewer than one million values",
            plain(json!({ "lengths": [5, 9], "value": "123456" })),
        ),
        f(
            "four letters",
            "26 to the fourth is below one million",
            plain(json!({ "alphabet": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "lengths": [4, 4], "value": "ABCD" })),
        ),
        f(
            "a length of nothing",
            "fewer than one million values",
            plain(json!({ "lengths": [0, 9], "value": "123456789" })),
        ),
        f(
            "129 digits",
            "the longest length is 128",
            plain(json!({ "lengths": [9, 129], "value": "123456789" })),
        ),
        f(
            "lengths backwards",
            "the shortest stands first",
            plain(json!({ "lengths": [9, 8], "value": "123456789" })),
        ),
        f(
            "a PIN of six digits",
            "the class auth_secret has no tokens",
            json!({ "field": "pin", "class": "auth_secret", "value_kind": null, "lengths": [6, 6], "value": "123456" }),
        ),
        f(
            "last four",
            "the class ssn_last4 has no tokens",
            json!({ "field": "last4", "class": "ssn_last4", "value_kind": null, "value": "000004321" }),
        ),
        f(
            "a list of calls",
            "only a single value has tokens",
            json!({ "field": "calls", "class": "call_detail", "value_kind": null }),
        ),
        f("an alphabet of one character", "an alphabet has at least two", plain(json!({ "alphabet": "0" }))),
        f("a character twice", "the characters of an alphabet differ", plain(json!({ "alphabet": "0120" }))),
        f("a space in an alphabet", "only visible ASCII", plain(json!({ "alphabet": "01 2" }))),
        f("full-width digits in an alphabet", "only visible ASCII", plain(json!({ "alphabet": "０１２" }))),
        f("tokens of another radix", "both alphabets have one size", json!({ "token_alphabet": "ABC" })),
        f("eight digits as an SSN", "no normal form of its kind", json!({ "value": "98765432" })),
        f("a letter in an SSN", "no normal form of its kind", json!({ "value": "98765432A" })),
        f("a value too short", "shorter than the column takes", plain(json!({ "value": "12345678" }))),
        f("a value too long", "longer than the column takes", plain(json!({ "value": "1234567890" }))),
        f(
            "a character of another alphabet",
            "not in the column's alphabet",
            plain(json!({ "value": "12345678A" })),
        ),
        f(
            "a full-width digit",
            "three bytes, none of them in the alphabet",
            plain(json!({ "value": "123456１" })),
        ),
        s(
            "a sealed PIN",
            "the class auth_secret has no tokens",
            json!({ "field": "pin", "class": "auth_secret", "value_kind": null }),
        ),
        s(
            "a sealed value of 1,024 bytes",
            "the longest has 1,023",
            plain(json!({ "value": "x".repeat(1024) })),
        ),
        s(
            "a sealed token with padding characters",
            "base64url has no padding here",
            json!({ "token": format!("{token}=") }),
        ),
        s("a plain value for a token", "it is not base64url", json!({ "token": "987-65-4321 " })),
        s("an empty text", "a token begins with its magic", json!({ "token": "" })),
        s("another magic", "a sealed field is no token", changed(2, b'F')),
        s("version 2 of the format", "an unknown version is not guessed at", changed(3, 2)),
        s("key version 0", "versions begin with 1", changed(7, 0)),
        s("another key version", "the column does not use it", changed(7, 2)),
        s("cut by one byte", "the ciphertext is whole blocks", cut(bytes.len() - 1)),
        s("without ciphertext", "there is at least one block", cut(24)),
        s("cut in the tag", "a token has a whole tag", cut(20)),
        s("a bit of the tag", "it is not authentic", changed(8, bytes[8] ^ 1)),
        s("a bit of the ciphertext", "it is not authentic", changed(24, bytes[24] ^ 0x80)),
        s(
            "moved to another column",
            "the column is in key and associated data",
            json!({ "token": token, "column": "other" }),
        ),
        s(
            "moved to another tenant",
            "the tenant is in key and associated data",
            json!({ "token": token, "tenant": "acme2" }),
        ),
        s(
            "moved to another field",
            "the field is in the associated data",
            json!({ "token": token, "field": "ssn2" }),
        ),
        s(
            "moved to another class",
            "the class is in the associated data",
            json!({ "token": token, "class": "other_government_id", "value_kind": null }),
        ),
        s("another root", "another key", json!({ "token": token, "root": hex(&[0x5b; 32]) })),
    ];
    for case in &mut cases {
        let refused = run(case).map_err(|error| error.code().get());
        case["expect"] = json!({ "error": refused.expect_err(case["name"].as_str().unwrap()) });
    }
    cases
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect()
}
