use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::keys::{KeyState, KeyVersion};

fn load(file: &str) -> Value {
    let path = format!("{}/tests/vectors/blind-index-v1/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn unhex(value: &Value) -> Vec<u8> {
    let digits: Vec<u8> =
        text(value).chars().map(|digit| digit.to_digit(16).unwrap().try_into().unwrap()).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// A keyring in which `active` of the data versions seals.
fn keyring(data: &[(u32, [u8; 32], KeyState)]) -> Arc<Keyring> {
    let mut roots: Vec<_> = data
        .iter()
        .map(|(version, key, state)| {
            (KeyVersion { branch: KeyBranch::Data, version: *version, state: *state }, *key)
        })
        .collect();
    for (branch, key) in [(KeyBranch::Audit, [2; 32]), (KeyBranch::Reference, [3; 32])] {
        roots.push((KeyVersion { branch, version: 1, state: KeyState::Active }, key));
    }
    Arc::new(Keyring::from_roots_for_testing(&roots).unwrap())
}

fn forms(schema: &Schema, index: &IndexSpec, values: &[&str]) -> Vec<NormalForm> {
    let kinds = index.fields().iter().map(|name| schema.field(name.as_str()).unwrap().kind());
    kinds.zip(values).map(|(kind, value)| NormalForm::of(kind, value).unwrap()).collect()
}

struct Carrier {
    schema: Schema,
    keys: IndexKeys,
}

impl Carrier {
    fn new(keys: Arc<Keyring>, tenant: &str) -> Self {
        let schema = Schema::from_toml(text(&load("valid.json")["schema"])).unwrap();
        let keys = IndexKeys::new(keys, TenantId::new(tenant).unwrap(), &schema);
        Self { schema, keys }
    }

    fn small() -> Self {
        Self::new(keyring(&[(1, [0x11; 32], KeyState::Active)]), "carrier")
    }

    fn search(&self, index: &str, values: &[&str]) -> Vec<IndexTerm> {
        let index = self.schema.index(index).unwrap();
        self.keys.of_search(index, forms(&self.schema, index, values).iter()).unwrap()
    }
}

#[test]
fn the_vectors_hold() {
    let file = load("valid.json");
    let roots: Vec<(u32, [u8; 32])> = file["roots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|root| {
            (root["version"].as_u64().unwrap().try_into().unwrap(), unhex(&root["key"]).try_into().unwrap())
        })
        .collect();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 19);
    for case in cases {
        let version: u32 = case["version"].as_u64().unwrap().try_into().unwrap();
        let state = |of| if of == version { KeyState::Active } else { KeyState::DecryptOnly };
        let data: Vec<_> = roots.iter().map(|(of, key)| (*of, *key, state(*of))).collect();
        let carrier = Carrier::new(keyring(&data), text(&case["tenant"]));
        let values: Vec<&str> = case["values"].as_array().unwrap().iter().map(text).collect();
        let terms = carrier.search(text(&case["index"]), &values);
        assert_eq!(terms.len(), 2, "one a version");
        assert_eq!(terms[0].as_bytes(), unhex(&case["stored"]), "{case}");
        assert_eq!(terms[0].to_text(), text(&case["text"]));
        assert_eq!(
            (terms[0].key_version(), IndexTerm::from_text(text(&case["text"]))),
            (version, Ok(terms[0]))
        );
        // A record gets the same.
        let index = carrier.schema.index(text(&case["index"])).unwrap();
        let value_of = |spec: &FieldSpec| {
            index.fields().iter().position(|name| name == spec.name()).map(|at| values[at])
        };
        let of_record = carrier.keys.of_record(&carrier.schema, value_of).unwrap();
        assert_eq!(of_record.get(text(&case["index"])), Some(&terms[0]));
    }
}

#[test]
fn what_is_no_stored_term_is_refused_with_the_reason() {
    let file = load("refused.json");
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 25);
    for case in cases {
        let stored = unhex(&case["stored"]);
        let Err(TokenError::TermFormat { why }) = IndexTerm::from_bytes(&stored) else { panic!("{case}") };
        assert_eq!(why, text(&case["why"]), "{case}");
        let as_text = Base64UrlUnpadded::encode_string(&stored);
        assert!(IndexTerm::from_text(&as_text).is_err(), "{case}");
    }
    for text in ["", "AAAAAQ", "AAAAARQ=", "AAAAARTc Zx", "é", &"A".repeat(64)] {
        assert!(IndexTerm::from_text(text).is_err(), "{text}");
    }
}

#[test]
fn an_index_over_two_fields_has_no_term_of_one() {
    let Carrier { schema, keys } = Carrier::small();
    let with = |values: &'static [(&str, &str)]| {
        let value_of = |spec: &FieldSpec| {
            values.iter().find(|(name, _)| *name == spec.name().as_str()).map(|(_, value)| *value)
        };
        let terms = keys.of_record(&schema, value_of).unwrap();
        terms.iter().map(|(name, _)| name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(with(&[("last_name", "Example"), ("zip", "62701")]), ["name_zip", "zip_name"]);
    assert_eq!(with(&[("last_name", "Example")]), [""; 0]);
    assert_eq!(with(&[("last_name", "Example"), ("zip", " ")]), [""; 0]);
    assert_eq!(with(&[("ssn", ""), ("mobile", "202-555-0100")]), ["mobile"]);
}

#[test]
fn a_search_has_a_term_of_every_version_that_has_its_key() {
    let keys = [
        (1, [1; 32], KeyState::Destroyed),
        (2, [2; 32], KeyState::DecryptOnly),
        (3, [3; 32], KeyState::Active),
        (4, [4; 32], KeyState::DecryptOnly),
    ];
    let carrier = Carrier::new(keyring(&keys), "carrier");
    let terms = carrier.search("ssn", &["987-65-4321"]);
    assert_eq!(terms.iter().map(IndexTerm::key_version).collect::<Vec<_>>(), [3, 4, 2]);
    let index = carrier.schema.index("ssn").unwrap();
    assert_eq!(
        terms.iter().map(|term| carrier.keys.is_old(index, term)).collect::<Vec<_>>(),
        [false, true, true]
    );
    let shorter = IndexTerm::of(3_u32.to_be_bytes(), 16, &[0, 0]).unwrap();
    assert!(carrier.keys.is_old(index, &shorter));
    // Old rows sort first.
    let mut sorted = terms.clone();
    sorted.sort();
    assert_eq!(sorted.iter().map(IndexTerm::key_version).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn keys_are_kept_for_the_versions_that_are_there() {
    let carrier = Carrier::small();
    let known = || carrier.keys.known.read().unwrap().iter().map(|(version, _)| *version).collect::<Vec<_>>();
    assert_eq!(known(), [0_u32; 0]);
    carrier.search("ssn", &["987-65-4321"]);
    assert_eq!(known(), [1]);
    carrier.keys.forget_all_but(&[2]);
    assert_eq!(known(), [0_u32; 0]);
}

#[test]
fn debug_says_neither_the_bits_nor_a_key() {
    let carrier = Carrier::small();
    let term = carrier.search("ssn", &["987-65-4321"])[0];
    assert_eq!(format!("{term:?}"), "IndexTerm { key_version: 1, bits: 20, .. }");
    assert_eq!(format!("{:?}", carrier.keys), "IndexKeys(..)");
}

/// What a thief has: the terms of 200 customers, this document, and 2,000 SSNs with theirs among them.
struct Thief {
    carrier: Carrier,
    stolen: Vec<IndexTerm>,
}

impl Thief {
    fn ssn(number: usize) -> String {
        format!("{:09}", 900_500_000 + number * 37)
    }

    fn message(&self, ssn: &str) -> Vec<u8> {
        let index = self.carrier.schema.index("ssn").unwrap();
        let form = &forms(&self.carrier.schema, index, &[ssn])[0];
        let mut item = vec![form.tag()];
        item.extend(form.expose());
        head(index).with(&item).as_bytes().to_vec()
    }

    /// How many customers' SSNs come out where a term is what `guess` makes of a message.
    fn recovered(&self, stolen: &[IndexTerm], guess: impl Fn(&[u8]) -> [u8; 32]) -> usize {
        let term = |number| IndexTerm::truncated(1, 20, &guess(&self.message(&Self::ssn(number))));
        let terms: Vec<_> = (0..2_000).map(term).collect();
        let fits = |(customer, stolen): &(usize, &IndexTerm)| terms[customer * 10] == **stolen;
        stolen.iter().enumerate().filter(fits).count()
    }
}

#[test]
fn an_unkeyed_hash_gives_up_every_ssn_and_the_index_none() {
    use crate::hazmat::{Key32, hash};
    let carrier = Carrier::new(keyring(&[(1, [0x5A; 32], KeyState::Active)]), "carrier");
    let stolen = (0..200).map(|customer| carrier.search("ssn", &[&Thief::ssn(customer * 10)])[0]).collect();
    let thief = Thief { carrier, stolen };
    // Everything that is public, as a key: nothing, zeros, names, and the label.
    let keys = ["", "carrier", "ssn", LABEL, "cpni-guard/v1/index"].map(|text| hash::sha256(text.as_bytes()));
    for guessed in keys.into_iter().chain([[0; 32], [0xFF; 32]]) {
        let Ok(key) = Key32::filled_by(|out| -> Result<(), core::convert::Infallible> {
            *out = guessed;
            Ok(())
        });
        let key = MacKey::new(&key);
        assert_eq!(thief.recovered(&thief.stolen, |message| key.mac(message)), 0);
    }
    assert_eq!(thief.recovered(&thief.stolen, hash::sha256), 0);
    // The test can fail: the same attack on the same values under a hash without a key.
    let unkeyed = |customer: usize| {
        IndexTerm::truncated(1, 20, &hash::sha256(&thief.message(&Thief::ssn(customer * 10))))
    };
    let unkeyed: Vec<_> = (0..200).map(unkeyed).collect();
    assert_eq!(thief.recovered(&unkeyed, hash::sha256), 200);
}

proptest! {
    #[test]
    fn stored_terms_come_back_and_no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
        if let Ok(term) = IndexTerm::from_bytes(&bytes) {
            prop_assert_eq!(term.as_bytes(), &bytes[..]);
            prop_assert_eq!(IndexTerm::from_text(&term.to_text()), Ok(term));
        }
    }

    /// A longer term begins with the shorter one.
    #[test]
    fn a_term_is_the_beginning_of_its_mac(mac in any::<[u8; 32]>(), bits in 1..=32_u8, version in 1..u32::MAX) {
        let term = IndexTerm::truncated(version, bits, &mac);
        prop_assert_eq!(IndexTerm::from_bytes(term.as_bytes()), Ok(term));
        prop_assert_eq!((term.key_version(), term.bits()), (version, bits));
        let first = u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]]);
        let mut stored = [0; 4];
        stored[..term.as_bytes().len() - 5].copy_from_slice(&term.as_bytes()[5..]);
        prop_assert_eq!(u32::from_be_bytes(stored), first >> (32 - bits) << (32 - bits));
    }

    /// Whole MACs are compared: terms are too short to tell all values apart.
    #[test]
    fn every_spelling_has_one_message_and_two_values_have_two(
        a in "[1-8][0-9]{8}", b in "[1-8][0-9]{8}", name in "[a-z]{1,6}", other in "[a-z]{1,6}",
    ) {
        let Carrier { schema, keys } = Carrier::small();
        let mac = |index: &str, values: &[&str]| {
            let index = schema.index(index).unwrap();
            let forms = forms(&schema, index, values);
            let parts = forms.iter().flat_map(|form| {
                let len = u32::try_from(form.expose().len() + 1).unwrap().to_be_bytes();
                [len.to_vec(), vec![form.tag()], form.expose().to_vec()]
            });
            keys.with(1, |macs| Ok(macs[index.position()].mac_of(parts))).unwrap()
        };
        let mut spelled = a.clone();
        spelled.insert(5, '\u{2013}');
        spelled.insert(3, ' ');
        prop_assert_eq!(mac("ssn", &[&a]), mac("ssn", &[&spelled]));
        prop_assert_eq!(mac("ssn", &[&a]) == mac("ssn", &[&b]), a == b);
        let pairs = [mac("name_zip", &[&name, &other]), mac("name_zip", &[&other, &name])];
        prop_assert_eq!(pairs[0] == pairs[1], name == other);
        // What stands in one field never runs over into the next, and indexes are told apart.
        let (joined, empty) = (format!("{name}{other}"), "-");
        prop_assert_ne!(mac("name_zip", &[&name, &other]), mac("name_zip", &[&joined, empty]));
        prop_assert_ne!(mac("name_zip", &[&name, &name]), mac("zip_name", &[&name, &name]));
    }
}
