//! The committed vectors (`docs/spec/sealed-v1.md` §9): the runner, and the program that made them.

use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::name;
use super::raw::{Place, RawChunk, RawEntry, RawRecord, seal_raw};
use crate::envelope::v1::EntryPlace;
use crate::envelope::{
    Opener, PlainContent, PlainField, RowParts, SealedField, SealedRecord, Shape, decode_rows, encode_rows,
    seal_record_for_testing, v1,
};
use crate::error::Error;
use crate::keys::AccountKeys;
use crate::sensitive::Sensitive;
use crate::vocabulary::DataClass;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sealed-v1")
}

#[test]
fn every_committed_vector_holds() {
    let (mut cases, mut refused) = (0, 0);
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let title = format!("{}: {}", path.file_name().unwrap().display(), text(case, "name"));
            assert!(text(case, "why").len() > 10, "{title}");
            let result = run(case).map_err(|error| error.code().get());
            match case["expect"].get("error") {
                Some(code) => {
                    refused += 1;
                    assert_eq!(
                        result.map(|_| ()),
                        Err(u16::try_from(code.as_u64().unwrap()).unwrap()),
                        "{title}"
                    );
                }
                None => assert_eq!(result.unwrap(), case["expect"]["open"], "{title}"),
            }
            cases += 1;
        }
    }
    assert!(cases >= 40 && refused * 2 > cases, "{cases} cases, {refused} refused");
}

/// Every case under a secret, with the secret taken out of a subject store.
#[test]
fn vectors_under_a_secret_hold_with_the_secret_from_the_store() {
    let (mut opened, mut refused) = (0, 0);
    for file in ["opens", "binding", "content", "format"] {
        let path = folder().join(file).with_extension("json");
        let file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        // Above, an epoch has a day in it, and its secret is not one of the store's rows.
        let under =
            |case: &&Value| case["keys"]["epoch"].as_u64().is_some_and(|epoch| (1..1 << 31).contains(&epoch));
        for case in file["cases"].as_array().unwrap().iter().filter(under) {
            let place = place_of(case);
            let result = run_with(case, &place, &place.keys_from_store());
            match case["expect"].get("error") {
                Some(code) => {
                    refused += 1;
                    let found = result.map(drop).map_err(|error| u64::from(error.code().get()));
                    assert_eq!(found, Err(code.as_u64().unwrap()), "{}", text(case, "name"));
                }
                None => {
                    opened += 1;
                    assert_eq!(result.unwrap(), case["expect"]["open"], "{}", text(case, "name"));
                }
            }
        }
    }
    assert!(opened >= 1 && refused >= 30, "{opened} opened, {refused} refused");
}

/// Does what a reader does with the case; gives back the fields as the case writes them.
fn run(case: &Value) -> Result<Value, Error> {
    let place = place_of(case);
    run_with(case, &place, &place.keys())
}

fn run_with(case: &Value, place: &Place<'_>, keys: &AccountKeys) -> Result<Value, Error> {
    let sealed = match case.get("text") {
        Some(_) => Err(text(case, "text")),
        None => Ok(unhex(text(case, "sealed"))),
    };
    let (record, field);
    let (mut opener, listed): (_, Vec<(&str, &EntryPlace)>) = match text(case, "kind") {
        "record" => {
            record = match sealed {
                Ok(bytes) => SealedRecord::from_bytes(bytes)?,
                Err(text) => SealedRecord::from_text(text)?,
            };
            let listed = record.field_names().zip(record.entries()).collect();
            (Opener::new(keys, place.binding(), &record)?, listed)
        }
        _ => {
            field = match sealed {
                Ok(bytes) => SealedField::from_bytes(bytes)?,
                Err(text) => SealedField::from_text(text)?,
            };
            (Opener::for_field(keys, place.binding(), &field)?, vec![(field.name(), field.entry())])
        }
    };
    let asked: Vec<(&str, DataClass, Shape)> = match case.get("ask") {
        None => listed.iter().map(|(name, entry)| (*name, entry.class, entry.shape)).collect(),
        Some(asked) => asked.as_array().unwrap().iter().map(asked_of).collect(),
    };
    let mut opened = Vec::new();
    for (name, class, shape) in asked {
        let mut one = Map::new();
        one.insert("name".into(), name.into());
        one.insert("class".into(), class.name().into());
        match shape {
            Shape::Value => {
                one.insert("shape".into(), "value".into());
                one.insert("plaintext".into(), hex(opener.open_value(name, class)?.expose()).into());
            }
            Shape::Calls => {
                let chunks = opener.open_calls(name, class)?;
                let mut rows = Vec::new();
                for chunk in &chunks {
                    rows.extend(decode_rows(chunk.expose())?.iter().map(json_of_row));
                }
                one.insert("shape".into(), "calls".into());
                one.insert("chunks".into(), chunks.iter().map(|c| hex(c.expose())).collect());
                one.insert("rows".into(), rows.into());
            }
        }
        opened.push(Value::Object(one));
    }
    Ok(opened.into())
}

fn asked_of(ask: &Value) -> (&str, DataClass, Shape) {
    (text(ask, "name"), DataClass::from_name(text(ask, "class")).unwrap(), shape_of(text(ask, "shape")))
}

fn place_of(case: &Value) -> Place<'_> {
    let keys = &case["keys"];
    let number = |key| u32::try_from(keys[key].as_u64().unwrap()).unwrap();
    Place {
        root: unhex(text(case, "root")).try_into().unwrap(),
        tenant: text(keys, "tenant"),
        account: text(keys, "account"),
        record: text(case, "record_id"),
        version: number("version"),
        epoch: number("epoch"),
        subject_secret: match keys.get("subject_secret") {
            Some(secret) => unhex(secret.as_str().unwrap()).try_into().unwrap(),
            None => [0; 32],
        },
        ..Place::default()
    }
}

fn json_of_row(row: &RowParts<'_>) -> Value {
    json!({
        "direction": row.direction,
        "start_micros": row.start_micros,
        "duration_secs": row.duration_secs,
        "number": row.number,
        "place": row.place,
    })
}

fn shape_of(name: &str) -> Shape {
    match name {
        "value" => Shape::Value,
        "calls" => Shape::Calls,
        other => panic!("no such shape: {other}"),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is missing"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| u8::try_from(char::from(c).to_digit(16).unwrap()).unwrap();
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    assert!(rest.is_empty());
    pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

// ---- The program that made the vectors ----

/// Writes the vector files that are not there yet. It refuses to touch one that is: a committed
/// vector is never made again. Run with `--ignored` after adding a file.
#[test]
#[ignore = "writes files; run by hand when a new file of vectors is added"]
fn make_missing_vectors() {
    let files = [
        ("opens", opens()),
        ("format", format_cases()),
        ("binding", binding_cases()),
        ("content", content()),
    ];
    for (name, cases) in files {
        let path = folder().join(name).with_extension("json");
        if path.exists() {
            continue;
        }
        let file = json!({ "spec": "docs/spec/sealed-v1.md", "cases": cases });
        fs::write(path, serde_json::to_string_pretty(&file).unwrap() + "\n").unwrap();
    }
}

/// A nonce for each chunk of a case: distinct, and plainly not random.
fn nonces(first: u8) -> Vec<[u8; 12]> {
    (first..=255).map(|n| [n; 12]).collect()
}

fn seal(place: &Place<'_>, fields: &mut [PlainField<'_>]) -> SealedRecord {
    seal_record_for_testing(&place.keys(), place.binding(), fields, &nonces(1)).unwrap()
}

fn seal_values(place: &Place<'_>, fields: &[(&str, DataClass, &[u8])]) -> SealedRecord {
    let names: Vec<_> = fields.iter().map(|field| name(field.0)).collect();
    let fields = names.iter().zip(fields);
    let fields = fields.map(|(name, (_, class, value))| PlainField {
        name,
        class: *class,
        content: PlainContent::Value(value),
    });
    let mut fields: Vec<_> = fields.collect();
    seal(place, &mut fields)
}

fn seal_calls(place: &Place<'_>, chunks: &[Sensitive<Vec<u8>>]) -> SealedRecord {
    let calls = name("call_detail");
    seal(
        place,
        &mut [PlainField {
            name: &calls,
            class: DataClass::CallDetail,
            content: PlainContent::Calls(chunks),
        }],
    )
}

/// Three fields, two classes, and calls in two chunks: what most refused cases start from.
fn base() -> RawRecord {
    let place = Place::default();
    let names = ["call_detail", "ssn", "tax_id"].map(name);
    let chunks = two_chunks();
    let value = |name, value| PlainField { name, class: DataClass::Ssn, content: PlainContent::Value(value) };
    let calls = PlainContent::Calls(&chunks);
    let mut fields = [
        PlainField { name: &names[0], class: DataClass::CallDetail, content: calls },
        value(&names[1], b"987-65-4321"),
        value(&names[2], b"900-70-0000"),
    ];
    RawRecord::read(seal(&place, &mut fields).as_bytes())
}

fn two_chunks() -> Vec<Sensitive<Vec<u8>>> {
    let rows = [
        RowParts {
            direction: 1,
            start_micros: 1_700_000_000_000_000,
            duration_secs: 61,
            number: "8155550100",
            place: None,
        },
        RowParts {
            direction: 2,
            start_micros: 1_700_000_900_000_000,
            duration_secs: 5,
            number: "2125550199",
            place: Some("Reno, NV"),
        },
    ];
    rows.iter().map(|row| encode_rows(core::iter::once(*row)).unwrap().remove(0)).collect()
}

fn case(title: &str, why: &str, place: &Place<'_>, kind: &str, sealed: &[u8]) -> Value {
    let mut keys = json!({
        "tenant": place.tenant, "account": place.account, "version": place.version, "epoch": place.epoch,
    });
    if place.epoch != 0 {
        keys["subject_secret"] = hex(&place.subject_secret).into();
    }
    json!({
        "name": title, "why": why, "kind": kind, "root": hex(&place.root), "keys": keys,
        "record_id": place.record, "sealed": hex(sealed),
    })
}

fn refused(title: &str, code: u16, why: &str, place: &Place<'_>, kind: &str, sealed: &[u8]) -> Value {
    let mut case = case(title, why, place, kind, sealed);
    case["expect"] = json!({ "error": code });
    case
}

/// A case that opens, with everything in between.
fn opening(title: &str, why: &str, place: &Place<'_>, kind: &str, sealed: &[u8]) -> Value {
    let mut case = case(title, why, place, kind, sealed);
    let opened = run(&case).unwrap();
    case["expect"] = json!({ "open": opened });
    let keys = place.keys();
    let entries: Vec<EntryPlace> = match kind {
        "record" => v1::read_record(sealed).unwrap().1,
        _ => vec![v1::read_field(sealed).unwrap().1],
    };
    let mut classes = Map::new();
    let mut chunks = Vec::new();
    for entry in &entries {
        let bytes = keys.class_bytes_for_testing(entry.class);
        let class = json!({ "class_key": hex(&bytes[..32]), "commitment": hex(&bytes[32..]) });
        classes.insert(entry.class.name().into(), class);
        for (index, chunk) in (0..).zip(v1::chunks(sealed, entry)) {
            let field = &sealed[entry.name.clone()];
            let aad = place.aad(field, entry.class.code(), entry.shape.code(), index, entry.chunk_count);
            let mut padded = chunk.ciphertext.to_vec();
            keys.class_key(entry.class).aead.open(chunk.nonce, &aad, &mut padded, chunk.tag).unwrap();
            chunks.push(json!({
                "field": core::str::from_utf8(field).unwrap(), "index": index, "aad": hex(&aad),
                "nonce": hex(chunk.nonce), "padded": hex(&padded),
                "ciphertext_and_tag": hex(&[chunk.ciphertext, chunk.tag].concat()),
            }));
        }
    }
    case["intermediate"] =
        json!({ "account_key": hex(&keys.account_key_for_testing()), "classes": classes, "chunks": chunks });
    case
}

fn opens() -> Vec<Value> {
    use DataClass as C;
    let here = Place::default();
    let one = seal_values(&here, &[("ssn", C::Ssn, b"987-65-4321")]);
    let split = seal_values(&here, &[("ssn", C::Ssn, b"987654321"), ("ssn_last4", C::SsnLast4, b"4321")]);
    let names: Vec<_> = C::ALL.iter().map(|class| (class.name(), *class, class.name().as_bytes())).collect();
    let classes = seal_values(&here, &names);
    let blocks = seal_values(
        &here,
        &[("a", C::Identity, &[b'x'; 15]), ("b", C::Identity, &[b'x'; 16]), ("c", C::Identity, &[])],
    );
    let calls = seal_calls(&here, &two_chunks());
    let none = seal_calls(&here, &encode_rows(core::iter::empty()).unwrap());
    let place = |change: &dyn Fn(&mut Place<'static>)| {
        let mut place = Place::default();
        change(&mut place);
        place
    };
    let epoch = place(&|p| p.epoch = 1);
    let version = place(&|p| (p.version, p.epoch) = (u32::MAX, u32::MAX));
    let unnamed = place(&|p| p.record = "");
    let text = place(&|p| (p.account, p.record) = ("Kontó-Nr. 7", "契約"));
    let sealed_ssn = |place: &Place<'_>| seal_values(place, &[("ssn", C::Ssn, b"987-65-4321")]);
    let record = |title, why, place: &Place<'_>, sealed: &SealedRecord| {
        opening(title, why, place, "record", sealed.as_bytes())
    };
    let alone = calls.field("call_detail").unwrap();
    let mut cases = vec![
        record("one value", "the smallest useful record", &here, &one),
        record(
            "an SSN and its last four",
            "two classes, two keys, two commitments, equal lengths",
            &here,
            &split,
        ),
        record(
            "every class",
            "sixteen classes in the order of codes, fields in the order of names",
            &here,
            &classes,
        ),
        record(
            "block edges",
            "15 bytes fill a block with one byte of padding, 16 bytes and none take another",
            &here,
            &blocks,
        ),
        record(
            "calls in two chunks",
            "each chunk has its own nonce, index and associated data",
            &here,
            &calls,
        ),
        record("calls without rows", "one chunk whose plaintext is empty", &here, &none),
        record(
            "a subject epoch",
            "the subject secret is in the extract and the epoch in the associated data",
            &epoch,
            &sealed_ssn(&epoch),
        ),
        record(
            "the largest numbers",
            "version and epoch are unsigned 32-bit numbers",
            &version,
            &sealed_ssn(&version),
        ),
        record("an empty record id", "the item is there with length 0", &unnamed, &sealed_ssn(&unnamed)),
        record("ids beyond ASCII", "lengths count bytes of UTF-8, not characters", &text, &sealed_ssn(&text)),
        opening(
            "a field alone",
            "taken out of its record without sealing again",
            &here,
            "field",
            one.field("ssn").unwrap().as_bytes(),
        ),
        opening("calls alone", "a standalone column of calls", &here, "field", alone.as_bytes()),
    ];
    let mut as_text = record("a record as text", "base64url without padding characters", &here, &one);
    as_text["text"] = one.to_text().into();
    cases.push(as_text);
    cases
}

fn format_cases() -> Vec<Value> {
    let here = Place::default();
    let good = base();
    let bytes = good.write();
    let raw = |title, why, sealed: &[u8]| refused(title, 3001, why, &here, "record", sealed);
    let changed = |title, why, change: &dyn Fn(&mut RawRecord)| {
        let mut bad = good.clone();
        change(&mut bad);
        raw(title, why, &bad.write())
    };
    let mut cases = vec![
        raw("nothing", "no bytes are no record", &[]),
        raw("the magic alone", "cut after the magic", &bytes[..4]),
        raw("cut in the commitments", "cut in the list of classes", &bytes[..40]),
        raw("cut by one byte", "the last tag is cut", &bytes[..bytes.len() - 1]),
        raw("one byte more", "nothing may follow the last entry", &[&bytes[..], &[0]].concat()),
        changed("magic of a field", "a field is not a record", &|r| r.magic = *b"CGF\x01"),
        changed("version 2 of the format", "another version is not guessed at", &|r| r.magic = *b"CGR\x02"),
        changed("key version 0", "key versions count from 1", &|r| r.version = 0),
        changed("no classes", "a class is used and not listed", &|r| r.classes.clear()),
        changed("class count too large", "the list would run into the fields", &|r| r.class_count = Some(3)),
        changed("class count too small", "the rest of the list is read as fields", &|r| {
            r.class_count = Some(1)
        }),
        changed("class code 0", "there is no class 0", &|r| {
            (r.classes[0].0, r.entries[1].class, r.entries[2].class) = (0, 0, 0)
        }),
        changed("class code 17", "there is no class 17", &|r| {
            (r.classes[1].0, r.entries[0].class) = (17, 17)
        }),
        changed("classes descending", "the classes must strictly ascend", &|r| r.classes.swap(0, 1)),
        changed("a class twice", "two commitments for one class", &|r| {
            let twice = r.classes[0];
            r.classes.insert(0, twice);
        }),
        changed("a class not used", "each class listed is used", &|r| r.classes.push((16, [7; 32]))),
        changed("a class not listed", "each class used is listed", &|r| r.classes.truncate(1)),
        changed("no fields", "a record has at least one field", &|r| {
            r.classes.clear();
            r.entries.clear();
        }),
        changed("field count too large", "the bytes end before the fourth field", &|r| {
            r.field_count = Some(4)
        }),
        changed("field count too small", "a field lies after the end", &|r| r.field_count = Some(2)),
        changed("names descending", "the names must strictly ascend", &|r| r.entries.swap(1, 2)),
        changed("a name twice", "two values for one name", &|r| r.entries[2].name = b"ssn".to_vec()),
        changed("an empty name", "a name has at least one character", &|r| r.entries[0].name.clear()),
        changed("a name of 65", "a name has at most 64 characters", &|r| r.entries[0].name = vec![b'a'; 65]),
        changed("an upper-case name", "one spelling for a name", &|r| r.entries[0].name = b"Call".to_vec()),
        changed("a name that begins with a digit", "a name begins with a letter", &|r| {
            r.entries[0].name = b"1st".to_vec()
        }),
        changed("a name that is not ASCII", "a name is plain ASCII", &|r| {
            r.entries[0].name = vec![b'a', 0xc3, 0xa9]
        }),
        changed("shape 0", "there is no shape 0", &|r| r.entries[1].shape = 0),
        changed("shape 3", "there is no shape 3", &|r| r.entries[1].shape = 3),
        changed("body length too large", "the body would reach into the next entry", &|r| {
            r.entries[0].body_len = Some(0x100)
        }),
        changed("body length too small", "the chunks do not fit into the body", &|r| {
            r.entries[0].body_len = Some(36)
        }),
        changed("body length 4 GiB", "a length must not be trusted before the bytes are there", &|r| {
            r.entries[2].body_len = Some(u32::MAX)
        }),
        changed("no chunks", "each field has at least one chunk", &|r| r.entries[1].chunks.clear()),
        changed("a value of two chunks", "a value has one chunk", &|r| {
            let again = r.entries[1].chunks[0].clone();
            r.entries[1].chunks.push(again);
        }),
        changed("4,097 chunks claimed", "calls have at most 4,096 chunks", &|r| {
            r.entries[0].chunk_count = Some(4097)
        }),
        changed(
            "4,294,967,295 chunks claimed",
            "a count must not be trusted before the bytes are there",
            &|r| r.entries[0].chunk_count = Some(u32::MAX),
        ),
        changed("a tag alone", "a chunk has at least one block, for the padding", &|r| {
            drop(r.entries[1].chunks[0].sealed.drain(..16))
        }),
        changed("half a block", "a chunk is a whole number of blocks", &|r| {
            drop(r.entries[1].chunks[0].sealed.drain(..8))
        }),
        changed("a chunk of 64 KiB and a block too many", "the longest chunk has 65,568 bytes", &|r| {
            r.entries[2].chunks[0].len = Some(65_584)
        }),
    ];
    let field = SealedRecord::from_bytes(&*bytes).unwrap().field("ssn").unwrap().as_bytes().to_vec();
    let alone = |title, why, sealed: &[u8]| refused(title, 3001, why, &here, "field", sealed);
    let at = |at: usize, byte: u8| {
        let mut bad = field.clone();
        bad[at] = byte;
        bad
    };
    cases.extend([
        alone("a record as a field", "another magic", &bytes),
        alone("a field of key version 0", "key versions count from 1", &at(7, 0)),
        alone("a field cut", "the tag is cut", &field[..field.len() - 1]),
        alone("a field and one byte more", "nothing may follow the entry", &[&field[..], &[0]].concat()),
        alone("a field of class 17", "there is no class 17", &at(48, 17)),
    ]);
    let good = SealedRecord::from_bytes(bytes).unwrap().to_text();
    let written = |title, code: u16, why: &str, written: String| {
        let mut case = refused(title, code, why, &here, "record", &[]);
        case.as_object_mut().unwrap().remove("sealed");
        case["text"] = written.into();
        case
    };
    // The last character has bits that no byte takes: another one decodes to the same bytes.
    let mut loose = seal_values(&here, &[("tax", DataClass::Ssn, b"900-70-0000")]).to_text();
    assert_ne!(loose.len() % 4, 0);
    let last = loose.pop().unwrap();
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    let at = alphabet.iter().position(|c| *c == last).unwrap();
    loose.push(alphabet[at + 1]);
    cases.extend([
        written("text with padding characters", 3002, "there are none in this form", format!("{good}=")),
        written(
            "text of the standard alphabet",
            3002,
            "+ and / belong to another alphabet",
            good.replacen('A', "+", 1),
        ),
        written("text with a line break", 3002, "white space is not skipped", format!("{good}\n")),
        written("text with loose bits", 3002, "two texts for the same bytes", loose),
        written("empty text", 3001, "no bytes are no record", String::new()),
    ]);
    cases
}

fn binding_cases() -> Vec<Value> {
    let here = Place { epoch: 1, ..Place::default() };
    let sealed = seal_values(
        &here,
        &[("itin", DataClass::OtherGovernmentId, b"900-70-0000"), ("ssn", DataClass::Ssn, b"987-65-4321")],
    );
    let read = |title, code, why, change: &dyn Fn(&mut Place<'static>)| {
        let mut place = here.clone();
        change(&mut place);
        refused(title, code, why, &place, "record", sealed.as_bytes())
    };
    let mut cases = vec![
        read("another account", 3003, "the account is in the derivation of the key", &|p| {
            p.account = "8155550199"
        }),
        read("another tenant", 3003, "the tenant is in the derivation of the key", &|p| p.tenant = "bell"),
        read("another root key", 3003, "everything hangs under the root", &|p| p.root[31] ^= 1),
        read("another key version", 3003, "the version is in the derivation, even of the same root", &|p| {
            p.version = 2
        }),
        read("another epoch", 3003, "the epoch is in the derivation, even of the same secret", &|p| {
            p.epoch = 2
        }),
        read(
            "another subject secret",
            3003,
            "a customer that was erased and came back has a new secret",
            &|p| p.subject_secret[0] ^= 1,
        ),
        read("no subject secret", 3003, "an erased customer's record opens under no other key", &|p| {
            p.epoch = 0
        }),
        read("another record id", 3004, "the record id is in the associated data", &|p| p.record = "r-2"),
        read("no record id", 3004, "an empty id is an id too", &|p| p.record = ""),
        read(
            "tenant and account joined otherwise",
            3003,
            "acme1 + 23 is not acme + 123: items have lengths",
            &|p| (p.tenant, p.account) = ("acme8", "155550100"),
        ),
    ];
    let good = RawRecord::read(sealed.as_bytes());
    let changed = |title, code, why, change: &dyn Fn(&mut RawRecord)| {
        let mut bad = good.clone();
        change(&mut bad);
        refused(title, code, why, &here, "record", &bad.write())
    };
    let flip = |which: usize| {
        move |r: &mut RawRecord| {
            let sealed = &mut r.entries[1].chunks[0].sealed;
            let at = if which == 0 { 0 } else { sealed.len() - 1 };
            sealed[at] ^= 1;
        }
    };
    cases.extend([
        changed("a commitment changed", 3003, "one bit of a commitment", &|r| r.classes[0].1[31] ^= 1),
        changed("two commitments swapped", 3003, "each class has its own", &|r| {
            let first = r.classes[0].1;
            r.classes[0].1 = core::mem::replace(&mut r.classes[1].1, first);
        }),
        changed("header of another version", 3003, "the number alone changes the key", &|r| r.version = 2),
        changed("header of another epoch", 3003, "the number alone changes the key", &|r| r.epoch = 2),
        changed("a field renamed", 3004, "the name is in the associated data", &|r| {
            r.entries[1].name = b"ssn2".to_vec()
        }),
        changed("two values swapped", 3004, "class and name are in the associated data", &|r| {
            let (first, second) = r.entries.split_at_mut(1);
            core::mem::swap(&mut first[0].chunks, &mut second[0].chunks);
        }),
        changed("two classes swapped", 3004, "a value read under the key of another class", &|r| {
            (r.entries[0].class, r.entries[1].class) = (r.entries[1].class, r.entries[0].class);
        }),
        changed("a value as calls", 3004, "the shape is in the associated data", &|r| r.entries[1].shape = 2),
        changed("a bit of the ciphertext", 3004, "GCM is malleable without its tag", &flip(0)),
        changed("a bit of the tag", 3004, "the whole tag counts", &flip(1)),
        changed("a bit of the nonce", 3004, "the nonce is authenticated", &|r| {
            r.entries[1].chunks[0].nonce[0] ^= 1
        }),
        changed("a block repeated", 3004, "the length of the ciphertext is authenticated", &|r| {
            let chunk = &mut r.entries[1].chunks[0];
            let twice = [&chunk.sealed[..16], &chunk.sealed[..]].concat();
            chunk.sealed = twice;
        }),
    ]);
    // A chunk of another record with this record's commitment and name: same keys, other record id.
    let other = Place { record: "r-2", ..here.clone() };
    let theirs = RawRecord::read(seal_values(&other, &[("ssn", DataClass::Ssn, b"000-12-3456")]).as_bytes());
    cases.push(changed("an entry of another record", 3004, "same account and keys, other record id", &|r| {
        r.entries[1] = theirs.entries[0].clone();
    }));
    let plain = Place::default();
    let calls = RawRecord::read(seal_calls(&plain, &two_chunks()).as_bytes());
    let chunks = |title, why, change: &dyn Fn(&mut Vec<RawChunk>)| {
        let mut bad = calls.clone();
        change(&mut bad.entries[0].chunks);
        refused(title, 3004, why, &plain, "record", &bad.write())
    };
    cases.extend([
        chunks("chunks in another order", "the index is in the associated data", &|c| c.swap(0, 1)),
        chunks("the last chunk dropped", "the count is in the associated data", &|c| drop(c.pop())),
        chunks("a chunk repeated at the end", "the count is in the associated data", &|c| {
            c.push(c[1].clone())
        }),
        chunks("a chunk in place of another", "the index is in the associated data", &|c| {
            c[1] = c[0].clone()
        }),
    ]);
    let field = sealed.field("ssn").unwrap();
    let mut renamed = field.as_bytes().to_vec();
    renamed[47] = b'm';
    let mut version = field.as_bytes().to_vec();
    version[7] = 2;
    let mut commitment = field.as_bytes().to_vec();
    commitment[12] ^= 1;
    let elsewhere = Place { account: "8155550199", ..here.clone() };
    cases.extend([
        refused(
            "a field alone in another account",
            3003,
            "the column of one customer copied to another",
            &elsewhere,
            "field",
            field.as_bytes(),
        ),
        refused(
            "a field alone in another record",
            3004,
            "it keeps the record id of its record",
            &other,
            "field",
            field.as_bytes(),
        ),
        refused(
            "a field alone renamed",
            3004,
            "the name is in the associated data",
            &here,
            "field",
            &renamed,
        ),
        refused(
            "a field alone of another version",
            3003,
            "the number alone changes the key",
            &here,
            "field",
            &version,
        ),
        refused(
            "a field alone, commitment changed",
            3003,
            "one bit of the commitment",
            &here,
            "field",
            &commitment,
        ),
    ]);
    let ask = |title, code: u16, why, name: &str, class: &str, shape: &str| {
        let mut case = refused(title, code, why, &here, "record", sealed.as_bytes());
        case["ask"] = json!([{ "name": name, "class": class, "shape": shape }]);
        case
    };
    cases.extend([
        ask(
            "a field that is not there",
            3005,
            "no field is not an empty field",
            "ssn_last4",
            "ssn_last4",
            "value",
        ),
        ask(
            "another class than the schema's",
            3006,
            "policy decided on the schema's class",
            "ssn",
            "identity",
            "value",
        ),
        ask("another shape than the schema's", 3006, "a value is not a list", "ssn", "ssn", "calls"),
    ]);
    cases
}

fn content() -> Vec<Value> {
    let here = Place::default();
    let sealed = |class: DataClass, shape: u8, padded: &[u8]| {
        let chunk = RawChunk::new([9; 12], seal_raw(&here, "x", class, shape, (0, 1), [9; 12], padded));
        let commitment = here.keys().class_key(class).commitment;
        let entries = vec![RawEntry::new("x", class, shape, vec![chunk])];
        RawRecord { classes: vec![(class.code(), commitment)], entries, ..RawRecord::default() }.write()
    };
    let padding = |title, why, padded: &[u8]| {
        refused(title, 3007, why, &here, "record", &sealed(DataClass::Ssn, 1, padded))
    };
    let mut marked = *b"987-65-4321\x80\0\0\0\0";
    marked[15] = 1;
    let mut long = [0; 32];
    long[15] = 0x80;
    let row = encode_rows(core::iter::once(RowParts {
        direction: 2,
        start_micros: 1_700_000_000_000_000,
        duration_secs: 61,
        number: "8155550100",
        place: Some("Reno"),
    }))
    .unwrap()
    .remove(0);
    let row = row.expose();
    let rows = |title, why, change: &dyn Fn(&mut Vec<u8>)| {
        let mut plain = row.clone();
        change(&mut plain);
        plain.push(0x80);
        plain.resize(plain.len().next_multiple_of(16), 0);
        refused(title, 3007, why, &here, "record", &sealed(DataClass::CallDetail, 2, &plain))
    };
    vec![
        padding("padding without its mark", "a block of zeros has no 0x80", &[0; 16]),
        padding("padding with another mark", "the mark is 0x80", b"987-65-4321\x81\0\0\0\0"),
        padding("padding that is not zero", "only zeros follow the mark", &marked),
        padding("no padding", "there is always padding", &[b'9'; 16]),
        padding("padding of more than a block", "one encoding for a length", &long),
        rows("direction 0", "directions are 1 and 2", &|p| p[0] = 0),
        rows("direction 3", "directions are 1 and 2", &|p| p[0] = 3),
        rows("a row cut in its start", "a row is whole", &|p| p.truncate(5)),
        rows("a row cut in its number", "a row is whole", &|p| p.truncate(20)),
        rows("a row cut before its place", "the flag promises a place", &|p| p.truncate(25)),
        rows(
            "a number longer than the chunk",
            "a length must not be trusted before the bytes are there",
            &|p| p[13] = 255,
        ),
        rows("a number that is not UTF-8", "texts are UTF-8", &|p| p[14] = 0xff),
        rows("place flag 2", "the flag is 0 or 1", &|p| p[24] = 2),
        rows("a byte after the row", "the rest is read as a row, and is cut", &|p| p.push(1)),
    ]
}
