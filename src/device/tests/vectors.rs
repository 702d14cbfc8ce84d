//! The committed vectors (`docs/spec/device-session-v1.md`): the runner, and the program that made them.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::device::v1::{self, Header};
use crate::hazmat::hpke::Sender;

const SEED: [u8; 32] = [0x11; 32];
const OTHER_SEED: [u8; 32] = [0x22; 32];
const EPHEMERAL: [u8; 32] = [0x33; 32];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/device-session-v1")
}

#[test]
fn every_committed_vector_holds() {
    let (mut cases, mut refused) = (0, 0);
    for file in fs::read_dir(folder()).unwrap() {
        let file: Value = serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let title = case["name"].as_str().unwrap();
            assert!(case["why"].as_str().unwrap().len() > 10, "{title}");
            let last = match case["kind"].as_str().unwrap() {
                "request" => request_of(case),
                _ => run(case),
            };
            match case["expect"].get("error") {
                Some(code) => {
                    refused += 1;
                    let code = u16::try_from(code.as_u64().unwrap()).unwrap();
                    assert_eq!(last.map_err(|error| error.code().get()).err(), Some(code), "{title}");
                }
                None => assert_eq!(last.unwrap(), case["expect"]["open"], "{title}"),
            }
            cases += 1;
        }
    }
    assert!(cases >= 30 && refused * 2 > cases, "{cases} cases, {refused} refused");
}

fn request_of(case: &Value) -> Result<Value, Error> {
    let request = DeviceRequest::from_bytes(unhex(&case["request"]))?;
    Ok(json!({ "public_key": request.fingerprint(), "number": request.number() }))
}

/// Makes the requests of a case, opens its replies in order, and gives back what the last one shows.
fn run(case: &Value) -> Result<Value, Error> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_secs(5_000)));
    let seed = unhex(&case["seed"]).try_into().unwrap();
    let device = DeviceSession::with_seed_for_testing(&seed, Arc::clone(&clock) as _);
    let asked = case["requests"].as_u64().unwrap();
    let requests: Vec<_> = (0..asked).map(|_| device.request().unwrap()).collect();
    let mut last = Err(DeviceError::Ended.into());
    for reply in case["replies"].as_array().unwrap() {
        clock.advance(Duration::from_secs(reply["after_secs"].as_u64().unwrap()));
        let number = usize::try_from(reply["opened_as"].as_u64().unwrap()).unwrap();
        last = device.open(&requests[number - 1], unhex(&reply["reply"])).map(|view| json_of(&view));
    }
    last
}

fn json_of(view: &DeviceView) -> Value {
    let fields = view.fields().map(|(name, field)| {
        let decision = field.decision();
        let value = match &field {
            DeviceField::Withheld(_) => Value::Null,
            DeviceField::Absent(_) => "absent".into(),
            DeviceField::Disclosed(seen) => seen
                .with(|value| match value {
                    FieldValue::Text(text) => json!({ "text": text.expose() }),
                    FieldValue::Calls(rows) => rows.iter().map(json_of_row).collect(),
                })
                .unwrap(),
        };
        json!({
            "name": name.as_str(),
            "class": decision.class().name(),
            "scope": decision.scope().name(),
            "outcome": decision.outcome().name(),
            "form": decision.form().map(Form::name),
            "because": decision.because().map(WithheldBecause::name),
            "obligations": decision.obligations().bits(),
            "for_agent": decision.for_agent(),
            "reasons": decision.reasons().iter().map(|r| json!([r.rule.as_str(), r.title, r.cite, r.certainty])).collect::<Vec<_>>(),
            "remedies": decision.remedies().iter().map(|set| set.iter().map(|r| r.name()).collect()).collect::<Vec<Vec<_>>>(),
            "value": value,
        })
    });
    json!({ "audit_index": view.audit_index(), "fields": fields.collect::<Vec<_>>() })
}

fn json_of_row(row: &CallRow) -> Value {
    json!({
        "direction": row.direction().name(),
        "start": row.start().as_micros(),
        "seconds": row.duration_secs(),
        "number": row.number().expose(),
        "place": row.place().map(Sensitive::expose),
    })
}

/// Writes the vectors where there are none. A committed vector is never regenerated.
#[test]
#[ignore = "makes the vectors, once"]
fn make_missing_vectors() {
    for (name, cases) in [("opens", opening()), ("refused", refused()), ("requests", requests())] {
        let path = folder().join(format!("{name}.json"));
        if path.exists() {
            continue;
        }
        let text = serde_json::to_string_pretty(&json!({ "cases": cases })).unwrap();
        fs::write(path, text + "\n").unwrap();
    }
}

/// The request with this number of the session with this seed.
fn request(seed: [u8; 32], number: u32) -> DeviceRequest {
    let clock = Arc::new(ManualClock::new(SEALED_AT));
    DeviceRequest { public: *DeviceSession::with_seed_for_testing(&seed, clock).public_key(), number }
}

fn plain_of(fields: &Fields, values: &Values) -> Vec<u8> {
    let plain = v1::Plain { audit_index: 7, fields, values };
    let (bytes, starts) = plain.write_behind(&[], &[0; 32]).unwrap();
    bytes.expose()[starts..].to_vec()
}

fn header(number: u32) -> Header {
    Header {
        number,
        interaction: [1; 16],
        account_ref: [2; 32],
        sealed_at: SEALED_AT,
        expires: SEALED_AT.plus(LASTS),
        agent: agent(),
    }
}

/// Seals any bytes under any header, as somebody may who knows the public key.
fn seal_raw(to: &DeviceRequest, header: &[u8], mut plain: Vec<u8>) -> Vec<u8> {
    let info = v1::info(header);
    let sender = Sender::with_seed_for_testing(&to.public, info.as_bytes(), EPHEMERAL).unwrap();
    let enc = *sender.enc();
    let tag = sender.seal(&mut plain).unwrap();
    [header, &enc, &plain, &tag].concat()
}

fn good(number: u32) -> Vec<u8> {
    let (fields, values) = view();
    let agent = agent();
    let sealer =
        ReplySealer::with_seed_for_testing(&request(SEED, number), context(&agent), EPHEMERAL).unwrap();
    sealer.seal(7, &fields, &values).unwrap().into()
}

fn opening() -> Vec<Value> {
    let mut cases = Vec::new();
    let mut add = |name: &str, why: &str, requests: u32, replies: Vec<Value>| {
        let mut case = case(name, why, requests, replies);
        let last = case["replies"].as_array().unwrap().last().unwrap();
        let bytes = unhex(&last["reply"]);
        let parts = ReplyParts::read(&bytes).unwrap();
        let mut plain = parts.ciphertext.to_vec();
        crate::hazmat::hpke::SecretKey::derive(&SEED)
            .open(parts.enc, v1::info(parts.header_bytes).as_bytes(), &mut plain, parts.tag)
            .unwrap();
        case["info"] = hex(v1::info(parts.header_bytes).as_bytes()).into();
        case["plaintext"] = hex(&plain).into();
        case["expect"] = json!({ "open": run(&case).unwrap() });
        cases.push(case);
    };
    add("a view", "a text, two calls, a withheld field and an absent one", 1, vec![reply(1, 0, good(1))]);
    add("two views", "each answers its own request", 2, vec![reply(1, 0, good(1)), reply(2, 0, good(2))]);
    add("out of order", "the order of replies is free", 2, vec![reply(2, 0, good(2)), reply(1, 0, good(1))]);
    add("just in time", "one second before the interaction's end", 1, vec![reply(1, 899, good(1))]);
    let withheld_only = plain_of(&vec![(name("ssn"), withheld())], &Vec::new());
    let bytes = seal_raw(&request(SEED, 1), &header(1).write(), withheld_only);
    add("nothing given out", "a refusal travels sealed, too", 1, vec![reply(1, 0, bytes)]);
    let long = FieldValue::Text(Sensitive::from("x".repeat(2 * BLOCK)));
    let fields = vec![(name("plan"), allowed(DataClass::ServiceDetails))];
    let bytes =
        seal_raw(&request(SEED, 1), &header(1).write(), plain_of(&fields, &vec![(name("plan"), long)]));
    add("three blocks", "a long value takes more blocks", 1, vec![reply(1, 0, bytes)]);
    cases
}

fn refused() -> Vec<Value> {
    let mut cases = Vec::new();
    let mut add = |name: &str, why: &str, requests: u32, replies: Vec<Value>, code: u16| {
        let mut case = case(name, why, requests, replies);
        case["expect"] = json!({ "error": code });
        assert_eq!(run(&case).map_err(|error| error.code().get()), Err(code), "{name}");
        cases.push(case);
    };
    const FORMAT: u16 = 8501;
    const NOT_FOR_THIS: u16 = 8504;
    let to = request(SEED, 1);
    let (fields, values) = view();
    let plain = plain_of(&fields, &values);
    let one = |bytes: Vec<u8>| vec![reply(1, 0, bytes)];

    add("replay", "a reply opens once", 1, vec![reply(1, 0, good(1)), reply(1, 0, good(1))], 8507);
    add("swapped", "a reply answers its own request only", 2, vec![reply(1, 0, good(2))], 8506);
    let mut renumbered = good(2);
    renumbered[7] = 1;
    add("renumbered", "the number is bound to what is sealed", 2, one(renumbered), NOT_FOR_THIS);
    let elsewhere = seal_raw(&request(OTHER_SEED, 1), &header(1).write(), plain.clone());
    add("another session", "it was sealed to another key", 1, one(elsewhere), NOT_FOR_THIS);
    for (name, at) in
        [("interaction", 8), ("account", 24), ("time of sealing", 63), ("expiry", 71), ("agent", 73)]
    {
        let mut changed = good(1);
        changed[at] ^= 1;
        let why = "the open part is bound to what is sealed";
        add(&format!("another {name} written over"), why, 1, one(changed), NOT_FOR_THIS);
    }
    for (name, change) in [
        ("interaction", (|h| h.interaction[0] ^= 1) as fn(&mut Header)),
        ("account", |h| h.account_ref[0] ^= 1),
        ("agent", |h| h.agent = AgentId::new("a-1018").unwrap()),
    ] {
        let mut header = header(2);
        change(&mut header);
        let other = seal_raw(&request(SEED, 2), &header.write(), plain.clone());
        let replies = vec![reply(1, 0, good(1)), reply(2, 0, other)];
        add(&format!("another {name}"), "the first reply binds the session", 2, replies, 8505);
    }
    add("held back", "it came when its interaction was over", 1, vec![reply(1, 900, good(1))], 8508);
    let late = vec![reply(1, 0, good(1)), reply(2, 900, good(2))];
    add("after the end", "the session's time is over", 2, late, 8510);
    let mut expired = header(1);
    expired.expires = expired.sealed_at;
    let bytes = seal_raw(&to, &expired.write(), plain.clone());
    add("no time", "it expires when it was sealed", 1, one(bytes), FORMAT);

    let mut version = good(1);
    version[3] = 2;
    add("version 2", "the version is not 1", 1, one(version), FORMAT);
    add("a request", "a request is no reply", 1, one(to.to_bytes().to_vec()), FORMAT);
    add("empty", "nothing is no reply", 1, one(Vec::new()), FORMAT);
    let mut cut = good(1);
    cut.pop();
    add("cut", "the sealed part has another length", 1, one(cut), FORMAT);
    let mut longer = good(1);
    longer.push(0);
    add("one byte more", "the sealed part has another length", 1, one(longer), FORMAT);
    let enc_at = header(1).write().len();
    for (name, at) in [("encapsulated key", enc_at), ("ciphertext", enc_at + 32)] {
        let mut changed = good(1);
        changed[at] ^= 1;
        add(&format!("{name} changed"), "one bit is another reply", 1, one(changed), NOT_FOR_THIS);
    }
    let mut tag = good(1);
    *tag.last_mut().unwrap() ^= 0x80;
    add("tag changed", "one bit is another reply", 1, one(tag), NOT_FOR_THIS);
    let mut low = good(1);
    low[enc_at..enc_at + 32].fill(0);
    add("low order", "RFC 9180 §7.1.4: the shared secret is zero", 1, one(low), NOT_FOR_THIS);

    let mut sealed = |name: &str, why: &str, plain: Vec<u8>| {
        add(name, why, 1, one(seal_raw(&to, &header(1).write(), plain)), FORMAT);
    };
    sealed("only zeros", "the padding has no mark", vec![0; BLOCK]);
    sealed("a block too many", "the padding is as short as can be", [&plain[..], &[0; BLOCK]].concat());
    sealed("no fields", "a view has a field", plain_of(&Vec::new(), &Vec::new()));
    let twice = vec![fields[0].clone(), fields[0].clone()];
    sealed("a field twice", "a name stands once", plain_of(&twice, &Vec::new()));
    let mut no_reason = fields.clone();
    no_reason[2].1.because = None;
    sealed("withheld without because", "a decision agrees with itself", plain_of(&no_reason, &values));
    let mut both = fields.clone();
    both[0].1.remedies = vec![vec![Remedy::ProvidePassword]];
    sealed("allowed with remedies", "a decision agrees with itself", plain_of(&both, &values));
    let mut code = plain.clone();
    code[15] = 99; // the class of the first field, `plan`
    sealed("class 99", "the class is not known", code);
    cases
}

fn requests() -> Vec<Value> {
    let good = request(SEED, 1).to_bytes().to_vec();
    let changed = |at: usize, to: u8| {
        let mut bytes = good.clone();
        bytes[at] = to;
        bytes
    };
    let mut cases = Vec::new();
    let mut add = |name: &str, why: &str, bytes: Vec<u8>| {
        let mut case = json!({ "kind": "request", "name": name, "why": why, "request": hex(&bytes) });
        case["expect"] = match request_of(&case) {
            Ok(open) => json!({ "open": open }),
            Err(error) => json!({ "error": error.code().get() }),
        };
        cases.push(case);
    };
    add("a request", "the first of a session", good.clone());
    add("version 2", "the version is not 1", changed(3, 2));
    add("a reply", "a reply is no request", changed(2, b'A'));
    add("number 0", "numbers begin at 1", changed(39, 0));
    add("cut", "a request has one length", good[..39].to_vec());
    add("one byte more", "a request has one length", [&good[..], &[0]].concat());
    cases
}

fn case(name: &str, why: &str, requests: u32, replies: Vec<Value>) -> Value {
    json!({ "kind": "open", "name": name, "why": why, "seed": hex(&SEED), "requests": requests, "replies": replies })
}

fn reply(opened_as: u32, after_secs: u32, bytes: Vec<u8>) -> Value {
    json!({ "opened_as": opened_as, "after_secs": after_secs, "reply": hex(&bytes) })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
