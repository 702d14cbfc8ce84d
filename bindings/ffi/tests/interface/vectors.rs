//! The vectors of `tests/vectors/binding-layout-v1`, which the tests in Kotlin and Swift read too.

use std::fs;
use std::path::Path;

use cpni_guard_ffi::ProtectResult;
use serde_json::{Value, json};

use crate::fixture::*;

struct Case {
    name: String,
    kind: String,
    bytes: Vec<u8>,
    value: Value,
}

fn cases(file: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/binding-layout-v1");
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let case = |case: &Value| {
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        let hex = text("bytes");
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes = (0..hex.len()).step_by(2).map(byte).collect();
        Case { name: text("name"), kind: text("kind"), bytes, value: case.clone() }
    };
    all["cases"].as_array().unwrap().iter().map(case).collect()
}

/// Bytes from the front, read once more by the words of the specification.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, len: usize) -> &'b [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn number(&mut self, len: usize) -> u64 {
        self.take(len).iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A code of 1 or 2.
    fn one_of(&mut self, words: [&'static str; 2]) -> &'static str {
        words[usize::try_from(self.number(1)).unwrap() - 1]
    }

    fn text(&mut self, len_of_len: usize) -> &'b str {
        let len = usize::try_from(self.number(len_of_len)).unwrap();
        std::str::from_utf8(self.take(len)).unwrap()
    }

    fn times(&mut self, len_of_len: usize, read: impl Fn(&mut Self) -> Value) -> Value {
        (0..self.number(len_of_len)).map(|_| read(self)).collect()
    }

    fn record(&mut self) -> Value {
        self.times(2, |field| {
            let name = field.text(1);
            match field.number(1) {
                0 => {
                    assert_eq!(field.number(4), 0);
                    json!({ "name": name })
                }
                1 => json!({ "name": name, "text": field.text(4) }),
                2 => {
                    let len = usize::try_from(field.number(4)).unwrap();
                    let mut content = Bytes(field.take(len));
                    let calls = content.times(4, Self::call);
                    assert!(content.0.is_empty());
                    json!({ "name": name, "calls": calls })
                }
                other => panic!("shape {other}"),
            }
        })
    }

    fn call(&mut self) -> Value {
        json!({
            "direction": self.one_of(["outbound", "inbound"]),
            "start_micros": self.number(8),
            "duration_secs": self.number(4),
            "number": self.text(1),
            "place": (self.number(1) == 1).then(|| self.text(1)),
        })
    }

    fn item(&mut self) -> Value {
        let (account, id) = (self.text(1), self.text(1));
        let len = usize::try_from(self.number(4)).unwrap();
        let mut record = Bytes(self.take(len));
        let item = json!({ "account": account, "record_id": id, "fields": record.record() });
        assert!(record.0.is_empty());
        item
    }

    fn request(&mut self) -> Value {
        let what = self.one_of(["record", "field"]);
        let id = self.text(1);
        let fields = self.times(2, |field| {
            let scope = field.one_of(["whole", "named_call"]);
            json!({ "scope": scope, "name": field.text(1) })
        });
        json!({ "what": what, "record_id": id, "fields": fields })
    }
}

#[test]
fn valid_bytes_say_what_the_vector_says_and_are_taken() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let mut seen = [0; 4];
    for Case { name, kind, bytes, value } in cases("valid.json") {
        let mut reader = Bytes(&bytes);
        let said = match kind.as_str() {
            "item" => reader.item(),
            "batch" => reader.times(4, Bytes::item),
            "request" => reader.request(),
            _ => json!({ "fields": reader.record() }),
        };
        assert!(reader.0.is_empty());
        assert_eq!(said, value["says"], "{name}");
        match kind.as_str() {
            "item" => {
                seen[0] += 1;
                let sealed = carrier.guard.protect(&bytes).unwrap().sealed;
                let fields = said["fields"].as_array().unwrap().iter();
                let fields: Vec<_> = fields.map(|field| field["name"].as_str().unwrap()).collect();
                let id = said["record_id"].as_str().unwrap();
                let mut asked = request(&fields);
                asked[1] = u8::try_from(id.len()).unwrap();
                asked.splice(2..2, id.bytes());
                let all = call.view(&sealed, &asked).unwrap().view.reveal_all().unwrap();
                assert!(bytes.ends_with(&all), "{name}: it comes out as it went in");
            }
            "batch" => {
                seen[1] += 1;
                let results = carrier.guard.protect_batch(&bytes).unwrap();
                assert_eq!(results.len(), said.as_array().unwrap().len(), "{name}");
                assert!(
                    results.iter().all(|result| matches!(result, ProtectResult::Sealed { .. })),
                    "{name}"
                );
            }
            "request" => {
                seen[2] += 1;
                let column = said["what"] == "field";
                let field = cpni_guard_ffi::sealed_record_field(&sealed, "plan".to_owned()).unwrap();
                let asked = call.view(if column { &field } else { &sealed }, &bytes);
                // Sealed under no record id: under another it does not open, which is no fault of the layout.
                let opens = said["record_id"] == "";
                assert!(
                    asked.as_ref().map_or_else(|e| !opens && e.code() < 9000, |_| opens),
                    "{name}: {asked:?}"
                );
            }
            _ => seen[3] += 1,
        }
    }
    assert_eq!(seen, [7, 2, 4, 3]);
}

#[test]
fn every_refused_vector_is_refused_with_its_cause() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let cases = cases("refused.json");
    assert_eq!(cases.len(), 24);
    for Case { name, kind, bytes, value } in cases {
        let refused = match kind.as_str() {
            "item" => code(carrier.guard.protect(&bytes)),
            "batch" => code(carrier.guard.protect_batch(&bytes)),
            _ => code(call.view(&sealed, &bytes)),
        };
        assert_eq!(u64::from(refused), value["error"].as_u64().unwrap(), "{name}");
    }
}
