//! Tests of the envelope. `raw.rs` writes the format a second time, from the specification, so
//! that bytes can be made which no writer makes; `vectors.rs` runs the committed vectors.

mod raw;
mod rows;
mod vectors;

use proptest::prelude::*;

use super::aad::{Aad, FieldPart};
use super::*;
use crate::error::{Error, RecordError, SealedError};
use crate::sensitive::Sensitive;
use crate::vocabulary::{DataClass, FieldName};
use raw::{Place, RawChunk, RawEntry, RawRecord, seal_raw};

fn name(text: &str) -> FieldName {
    FieldName::new(text).unwrap()
}

/// A record with four classes, an empty value, and calls in two chunks.
fn sample(place: &Place) -> SealedRecord {
    let call =
        |number| RowParts { direction: 1, start_micros: 7, duration_secs: 60, number, place: Some("Reno") };
    let chunks = ["8155550100", "8155550101"].map(|n| encode_rows([call(n)].into_iter()).unwrap().remove(0));
    let names = ["ssn", "ssn_last4", "call_detail", "note", "alias"].map(name);
    let [ssn, last4, calls, note, alias] = &names;
    let value = |name, class, text: &'static str| PlainField {
        name,
        class,
        content: PlainContent::Value(text.as_bytes()),
    };
    let mut fields = [
        value(ssn, DataClass::Ssn, "987-65-4321"),
        value(last4, DataClass::SsnLast4, "4321"),
        PlainField { name: calls, class: DataClass::CallDetail, content: PlainContent::Calls(&chunks) },
        value(note, DataClass::Identity, ""),
        value(alias, DataClass::Identity, "Dana Example of Exampleville"),
    ];
    seal_record(&place.keys(), place.binding(), &mut fields).unwrap()
}

/// Opens every field as what it says it is.
fn open_all(place: &Place, record: &SealedRecord) -> Result<Vec<Vec<Sensitive<Vec<u8>>>>, SealedError> {
    let keys = place.keys();
    let mut opener = Opener::new(&keys, place.binding(), record)?;
    let entries = record.field_names().zip(record.entries());
    entries
        .map(|(name, entry)| match entry.shape {
            Shape::Value => opener.open_value(name, entry.class).map(|value| vec![value]),
            Shape::Calls => opener.open_calls(name, entry.class),
        })
        .collect()
}

fn open_ssn(place: &Place, record: &SealedRecord) -> Result<Sensitive<Vec<u8>>, SealedError> {
    let keys = place.keys();
    Opener::new(&keys, place.binding(), record)?.open_value("ssn", DataClass::Ssn)
}

#[test]
fn a_record_opens_as_it_was_sealed() {
    let place = Place::default();
    let record = sample(&place);
    let keys = place.keys();
    let mut opener = Opener::new(&keys, place.binding(), &record).unwrap();
    let mut value = |name, class| opener.open_value(name, class).map(|v| v.expose().clone());
    assert_eq!(value("ssn", DataClass::Ssn).unwrap(), b"987-65-4321");
    assert_eq!(value("ssn_last4", DataClass::SsnLast4).unwrap(), b"4321");
    assert_eq!(value("note", DataClass::Identity).unwrap(), b"");
    assert_eq!(value("alias", DataClass::Identity).unwrap(), b"Dana Example of Exampleville");
    assert_eq!(value("none", DataClass::Identity), Err(SealedError::NoSuchField));
    assert_eq!(value("alias", DataClass::Address), Err(SealedError::SchemaMismatch));
    assert_eq!(value("call_detail", DataClass::CallDetail), Err(SealedError::SchemaMismatch));
    assert_eq!(opener.open_calls("ssn", DataClass::Ssn).unwrap_err(), SealedError::SchemaMismatch);
    let calls = opener.open_calls("call_detail", DataClass::CallDetail).unwrap();
    let numbers: Vec<_> =
        calls.iter().flat_map(|c| decode_rows(c.expose()).unwrap()).map(|row| row.number).collect();
    assert_eq!(numbers, ["8155550100", "8155550101"]);
    assert!(record.field_names().eq(["alias", "call_detail", "note", "ssn", "ssn_last4"]));
    assert_eq!(record.class_of("ssn"), Some(DataClass::Ssn));
    assert_eq!((record.key_version(), record.subject_epoch()), (1, 0));
}

#[test]
fn what_a_writer_made_reads_the_same() {
    for place in [Place::default(), Place { epoch: 3, version: 9, ..Place::default() }] {
        let record = sample(&place);
        let read = SealedRecord::from_bytes(record.as_bytes()).unwrap();
        assert!(read == record && read.entries() == record.entries() && read.header() == record.header());
        assert!(SealedRecord::from_text(&record.to_text()).unwrap() == record);
        assert_eq!(RawRecord::read(record.as_bytes()).write(), record.as_bytes());
        for name in record.field_names() {
            let field = record.field(name).unwrap();
            assert!(SealedField::from_text(&field.to_text()).unwrap() == field);
        }
        assert!(record.field("none").is_none());
    }
}

#[test]
fn a_field_taken_out_opens_with_the_records_binding() {
    let place = Place::default();
    let record = sample(&place);
    let field = record.field("ssn").unwrap();
    assert_eq!((field.name(), field.class(), field.key_version()), ("ssn", DataClass::Ssn, 1));
    let open = |place: &Place| {
        let keys = place.keys();
        Opener::for_field(&keys, place.binding(), &field)?.open_value("ssn", DataClass::Ssn).map(|_| ())
    };
    assert_eq!(open(&place), Ok(()));
    assert_eq!(open(&Place { record: "r-2", ..place.clone() }), Err(SealedError::Authentication));
    assert_eq!(open(&Place { account: "8155550199", ..place.clone() }), Err(SealedError::Commitment));
}

#[test]
fn associated_data_are_the_general_tuple() {
    let place = Place { version: 0x0102_0304, epoch: 0x0506_0708, ..Place::default() };
    let mut aad = Aad::new(place.binding(), place.version, place.epoch);
    for (field, class, shape, chunk_count) in [
        ("ssn", DataClass::Ssn, Shape::Value, 1),
        ("a_longer_name", DataClass::CallDetail, Shape::Calls, 0x0102),
        ("x", DataClass::Survivor, Shape::Value, 1),
    ] {
        aad.set_field(field.as_bytes());
        for index in [0, 1, 0x0a0b_0c0d] {
            let expected = place.aad(field.as_bytes(), class.code(), shape.code(), index, chunk_count);
            assert_eq!(aad.chunk(FieldPart { class, shape, chunk_count }, index), expected);
        }
    }
}

/// The seven things that a field is bound to, each with another value.
type Change = fn(&mut Spot);

#[derive(Clone)]
struct Spot {
    place: Place<'static>,
    field: &'static str,
    class: DataClass,
}

const CHANGES: [(&str, Change); 7] = [
    ("field", |spot| spot.field = "itin"),
    ("record id", |spot| spot.place.record = "r-2"),
    ("class", |spot| spot.class = DataClass::OtherGovernmentId),
    ("account", |spot| spot.place.account = "8155550199"),
    ("tenant", |spot| spot.place.tenant = "bell"),
    ("key version", |spot| spot.place.version = 2),
    ("subject epoch", |spot| spot.place.epoch = 2),
];

/// Bytes sealed in one place are refused in every other: each change alone, each pair, and every
/// larger set. The root key and the subject secret are the same everywhere, so that the number of
/// the version or epoch alone makes the difference.
#[test]
fn swap_matrix() {
    let home = Spot { place: Place { epoch: 1, ..Place::default() }, field: "ssn", class: DataClass::Ssn };
    let seal = |spot: &Spot, value: &[u8]| {
        let field = name(spot.field);
        let plain = PlainField { name: &field, class: spot.class, content: PlainContent::Value(value) };
        seal_record(&spot.place.keys(), spot.place.binding(), &mut [plain]).unwrap()
    };
    let open = |spot: &Spot, bytes: &[u8]| {
        let keys = spot.place.keys();
        let record = SealedRecord::from_bytes(bytes).unwrap();
        let mut opener = Opener::new(&keys, spot.place.binding(), &record)?;
        opener.open_value(spot.field, spot.class).map(|value| value.expose().clone())
    };
    let ours = seal(&home, b"987-65-4321");
    assert_eq!(open(&home, ours.as_bytes()).unwrap(), b"987-65-4321");

    for set in 1_u32..1 << CHANGES.len() {
        let mut away = home.clone();
        let changed = CHANGES.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0);
        let names: Vec<_> = changed.map(|(_, (name, change))| (change(&mut away), *name).1).collect();
        let theirs = seal(&away, b"000-12-3456");
        assert_eq!(open(&away, theirs.as_bytes()).unwrap(), b"000-12-3456");

        // The whole record, read where it does not belong.
        assert!(open(&away, ours.as_bytes()).is_err(), "{names:?}");
        // The chunk, in a record whose header, commitment and entry are those of the other place.
        let (mut a, mut b) = (RawRecord::read(ours.as_bytes()), RawRecord::read(theirs.as_bytes()));
        core::mem::swap(&mut a.entries[0].chunks, &mut b.entries[0].chunks);
        assert_eq!(open(&home, &a.write()), Err(SealedError::Authentication), "{names:?}");
        assert_eq!(open(&away, &b.write()), Err(SealedError::Authentication), "{names:?}");
        // The chunk with its own commitment, in the other place.
        let mut c = RawRecord::read(ours.as_bytes());
        (c.version, c.epoch) = (away.place.version, away.place.epoch);
        c.classes[0].0 = away.class.code();
        c.entries[0].class = away.class.code();
        c.entries[0].name = away.field.as_bytes().to_vec();
        assert!(open(&away, &c.write()).is_err(), "{names:?}");
    }
}

#[test]
fn entries_of_two_records_do_not_mix() {
    let first = Place::default();
    let second = Place { record: "r-2", ..first.clone() };
    let (a, b) = (RawRecord::read(sample(&first).as_bytes()), RawRecord::read(sample(&second).as_bytes()));
    for at in 0..a.entries.len() {
        let mut mixed = a.clone();
        mixed.entries[at] = b.entries[at].clone();
        let mixed = SealedRecord::from_bytes(mixed.write()).unwrap();
        assert_eq!(open_all(&first, &mixed).unwrap_err(), SealedError::Authentication, "entry {at}");
        assert_eq!(open_all(&second, &mixed).unwrap_err(), SealedError::Authentication, "entry {at}");
    }
}

#[test]
fn chunks_keep_their_order_and_number() {
    let place = Place::default();
    let good = RawRecord::read(sample(&place).as_bytes());
    let at = good.entries.iter().position(|entry| entry.name == b"call_detail").unwrap();
    let refused = |change: &dyn Fn(&mut Vec<RawChunk>)| {
        let mut bad = good.clone();
        change(&mut bad.entries[at].chunks);
        let bad = SealedRecord::from_bytes(bad.write()).unwrap();
        assert_eq!(open_all(&place, &bad).unwrap_err(), SealedError::Authentication);
    };
    refused(&|chunks| chunks.swap(0, 1));
    refused(&|chunks| drop(chunks.pop()));
    refused(&|chunks| drop(chunks.remove(0)));
    refused(&|chunks| chunks.push(chunks[1].clone()));
    refused(&|chunks| chunks[1] = chunks[0].clone());
}

#[test]
fn every_bit_and_every_cut_counts() {
    for epoch in [0, 1] {
        let place = Place { epoch, ..Place::default() };
        let good = sample(&place).as_bytes().to_vec();
        // The keys that a host would derive for what the header says, root and secret being equal.
        let refused = |bytes: Vec<u8>| match SealedRecord::from_bytes(bytes) {
            Err(_) => true,
            Ok(record) => {
                let (version, epoch) = (record.key_version(), record.subject_epoch());
                open_all(&Place { version, epoch, ..place.clone() }, &record).is_err()
            }
        };
        assert!(!refused(good.clone()));
        for at in 0..good.len() {
            assert!(refused(good[..at].to_vec()), "cut at {at}");
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert!(refused(bad), "bit {bit} of byte {at}");
            }
        }
        assert!(refused([&good[..], &[0]].concat()));

        let field = SealedRecord::from_bytes(good).unwrap().field("ssn").unwrap();
        let refused = |bytes: Vec<u8>| match SealedField::from_bytes(bytes) {
            Err(_) => true,
            Ok(field) => {
                let (version, epoch) = (field.key_version(), field.subject_epoch());
                let place = Place { version, epoch, ..place.clone() };
                let keys = place.keys();
                let opener = Opener::for_field(&keys, place.binding(), &field);
                opener.and_then(|mut opener| opener.open_value(field.name(), field.class())).is_err()
            }
        };
        assert!(!refused(field.as_bytes().to_vec()));
        for at in 0..field.as_bytes().len() {
            assert!(refused(field.as_bytes()[..at].to_vec()), "cut at {at}");
            for bit in 0..8 {
                let mut bad = field.as_bytes().to_vec();
                bad[at] ^= 1 << bit;
                assert!(refused(bad), "bit {bit} of byte {at}");
            }
        }
    }
}

#[test]
fn a_commitment_names_one_key() {
    let (ours, theirs) = (Place::default(), Place { account: "8155550199", ..Place::default() });
    let record = sample(&ours);
    assert_eq!(open_ssn(&theirs, &record).unwrap_err(), SealedError::Commitment);
    let mut bad = RawRecord::read(record.as_bytes());
    for (code, commitment) in &mut bad.classes {
        *commitment = theirs.keys().class_key(DataClass::from_code(*code).unwrap()).commitment;
    }
    let bad = SealedRecord::from_bytes(bad.write()).unwrap();
    assert_eq!(open_ssn(&ours, &bad).unwrap_err(), SealedError::Commitment);
    assert_eq!(open_ssn(&theirs, &bad).unwrap_err(), SealedError::Authentication);
    // A class that agreed does not vouch for another.
    let mut bad = RawRecord::read(record.as_bytes());
    bad.classes.last_mut().unwrap().1[0] ^= 1;
    let bad = SealedRecord::from_bytes(bad.write()).unwrap();
    assert_eq!(open_all(&ours, &bad).unwrap_err(), SealedError::Commitment);
}

/// AES-GCM does not commit to its key: here is a chunk that two accounts' keys both open, made by
/// solving for one block (Dodis et al., "Fast message franking", 2018). The commitment refuses it
/// for all but one of them.
#[test]
fn bytes_that_open_under_two_keys_are_refused() {
    let places = [Place::default(), Place { account: "8155550199", ..Place::default() }];
    let keys = [places[0].keys(), places[1].keys()];
    let aad = [&places[0], &places[1]].map(|p| p.aad(b"ssn", DataClass::Ssn.code(), 1, 0, 1));
    let class = [&keys[0], &keys[1]].map(|keys| keys.class_key(DataClass::Ssn));

    // A nonce where the last keystream byte of block 2 agrees: one padding byte serves both.
    let stream = |which: usize, nonce: &[u8; 12]| {
        let mut stream = [0; 32];
        class[which].aead.seal(nonce, &aad[which], &mut stream).unwrap();
        stream
    };
    let nonces = (0_u32..).map(|n| {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&n.to_be_bytes());
        nonce
    });
    let nonce = nonces.into_iter().find(|n| stream(0, n)[31] == stream(1, n)[31]).unwrap();
    let streams = [stream(0, &nonce), stream(1, &nonce)];
    let ciphertext = |block: u128| {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&block.to_be_bytes());
        bytes[31] = 0x80 ^ streams[0][31];
        bytes
    };
    let tag = |which: usize, block: u128| {
        let mut plain = ciphertext(block);
        plain.iter_mut().zip(streams[which]).for_each(|(byte, stream)| *byte ^= stream);
        u128::from_be_bytes(class[which].aead.seal(&nonce, &aad[which], &mut plain).unwrap())
    };
    // The difference of the two tags is affine in the free block: solve for 0 over GF(2).
    let difference = |block| tag(0, block) ^ tag(1, block);
    let target = difference(0);
    let mut rows: Vec<(u128, u128)> = (0..128).map(|i| (difference(1 << i) ^ target, 1 << i)).collect();
    let (mut left, mut block) = (target, 0);
    for bit in (0..128).map(|i| 1_u128 << i) {
        let Some(at) = rows.iter().position(|row| row.0 & bit != 0) else { continue };
        let pivot = rows.swap_remove(at);
        rows.iter_mut().filter(|row| row.0 & bit != 0).for_each(|row| {
            row.0 ^= pivot.0;
            row.1 ^= pivot.1;
        });
        if left & bit != 0 {
            left ^= pivot.0;
            block ^= pivot.1;
        }
    }
    assert_eq!(left, 0, "the system has a solution");
    assert_eq!(tag(0, block), tag(1, block));

    let sealed = [&ciphertext(block)[..], &tag(0, block).to_be_bytes()].concat();
    let opened = [0, 1].map(|which| {
        let record = RawRecord {
            classes: vec![(DataClass::Ssn.code(), class[which].commitment)],
            entries: vec![RawEntry::new(
                "ssn",
                DataClass::Ssn,
                1,
                vec![RawChunk::new(nonce, sealed.clone())],
            )],
            ..RawRecord::default()
        };
        let record = SealedRecord::from_bytes(record.write()).unwrap();
        // With the commitment of each account the chunk does open: the attack is real.
        assert!(open_ssn(&places[which], &record).is_ok());
        [0, 1].map(|reader| open_ssn(&places[reader], &record).map(|_| ()))
    });
    let refused = Err(SealedError::Commitment);
    assert_eq!(opened, [[Ok(()), refused], [refused, Ok(())]]);
}

#[test]
fn padding_is_checked_whole() {
    let place = Place::default();
    let open = |padded: &[u8]| {
        let record = RawRecord {
            classes: vec![(4, place.keys().class_key(DataClass::Ssn).commitment)],
            entries: vec![RawEntry::new(
                "ssn",
                DataClass::Ssn,
                1,
                vec![RawChunk::new(
                    [7; 12],
                    seal_raw(&place, "ssn", DataClass::Ssn, 1, (0, 1), [7; 12], padded),
                )],
            )],
            ..RawRecord::default()
        };
        open_ssn(&place, &SealedRecord::from_bytes(record.write()).unwrap()).map(|v| v.expose().len())
    };
    for len in 0..=15 {
        let mut padded = [0x55; 16];
        padded[len..].fill(0);
        padded[len] = 0x80;
        assert_eq!(open(&padded), Ok(len));
        for wrong in (0..=255).filter(|byte| ![0x00, 0x80].contains(byte)) {
            padded[len] = wrong;
            assert_eq!(open(&padded), Err(SealedError::Content), "{wrong:02x} at {len}");
        }
    }
    assert_eq!(open(&[0; 16]), Err(SealedError::Content));
    // A whole block of zeros after the mark is one block too many.
    let mut long = [0; 32];
    long[15] = 0x80;
    assert_eq!(open(&long), Err(SealedError::Content));
    long[16] = 0x80;
    assert_eq!(open(&long), Ok(16));
}

#[test]
fn short_values_look_alike() {
    let place = Place::default();
    let field = name("ssn");
    let len = |value: &[u8]| {
        let plain = PlainField { name: &field, class: DataClass::Ssn, content: PlainContent::Value(value) };
        seal_record(&place.keys(), place.binding(), &mut [plain]).unwrap().as_bytes().len()
    };
    assert!((0..=15).all(|l| len(&vec![b'1'; l]) == len(b"")));
    assert_eq!(len(&[b'1'; 16]), len(b"") + 16);
}

#[test]
fn limits_of_a_record() {
    let place = Place::default();
    let keys = place.keys();
    let seal = |fields: &mut [PlainField<'_>]| seal_record(&keys, place.binding(), fields);
    let value =
        |name, value| PlainField { name, class: DataClass::Identity, content: PlainContent::Value(value) };

    assert_eq!(seal(&mut []).unwrap_err(), Error::Record(RecordError::Empty));
    let ssn = name("ssn");
    let twice = seal(&mut [value(&ssn, b"1"), value(&ssn, b"2")]).unwrap_err();
    assert_eq!(twice, Error::Record(RecordError::DuplicateField { field: ssn.clone() }));

    let names: Vec<_> = (0..513).map(|n| name(&format!("f{n}"))).collect();
    let mut fields: Vec<_> = names.iter().map(|name| value(name, b"x")).collect();
    let many = seal(&mut fields).unwrap_err();
    assert_eq!(many, Error::Sealed(SealedError::TooManyFields { fields: 513, max: 512 }));
    let full = seal(&mut fields[..512]).unwrap();
    assert_eq!(open_all(&place, &full).unwrap().len(), 512);
    let mut more = RawRecord::read(full.as_bytes());
    more.entries.push(RawEntry { name: b"z".to_vec(), ..more.entries[0].clone() });
    assert!(matches!(SealedRecord::from_bytes(more.write()), Err(SealedError::Format { .. })));

    let long = vec![1; 65_537];
    let record = seal(&mut [value(&ssn, &long[..65_536])]).unwrap();
    let keys_again = place.keys();
    let mut opener = Opener::new(&keys_again, place.binding(), &record).unwrap();
    assert_eq!(opener.open_value("ssn", DataClass::Identity).unwrap().expose(), &long[..65_536]);
    let error = seal(&mut [value(&ssn, &long)]).unwrap_err();
    assert_eq!(error, Error::Record(RecordError::TooLong { field: ssn.clone(), len: 65_537, max: 65_536 }));

    let calls = |name, chunks| PlainField {
        name,
        class: DataClass::CallDetail,
        content: PlainContent::Calls(chunks),
    };
    let chunks: Vec<_> = (0..4097).map(|_| Sensitive::new(Vec::new())).collect();
    let most = seal(&mut [calls(&ssn, &chunks[..4096])]).unwrap();
    assert_eq!(open_all(&place, &SealedRecord::from_bytes(most.as_bytes()).unwrap()).unwrap()[0].len(), 4096);
    for wrong in [&chunks[..], &[]] {
        assert!(matches!(seal(&mut [calls(&ssn, wrong)]), Err(Error::Record(RecordError::TooLong { .. }))));
    }
    let large: Vec<_> = (0..128).map(|_| Sensitive::new(vec![1; 65_536])).collect();
    let mut fields: Vec<_> = names[..8].iter().map(|name| calls(name, &large)).collect();
    assert!(matches!(seal(&mut fields), Err(Error::Sealed(SealedError::TooLarge { .. }))));

    let huge = vec![0; 64 * 1024 * 1024 + 1];
    assert!(matches!(SealedRecord::from_bytes(huge), Err(SealedError::Format { .. })));
}

#[test]
fn names_are_those_of_field_names() {
    let place = Place::default();
    let good = RawRecord::read(sample(&place).as_bytes());
    let mut record =
        RawRecord { classes: vec![good.classes[1]], entries: vec![good.entries[3].clone()], ..good };
    record.classes[0].0 = record.entries[0].class;
    let candidates = ["", "a", "A", "_a", "1a", "a1_", "a-b", "a b", "é", "a\u{e9}", "a\n"];
    let long = ["a".repeat(64), "a".repeat(65), "a".repeat(255)];
    for candidate in candidates.into_iter().chain(long.iter().map(String::as_str)) {
        record.entries[0].name = candidate.as_bytes().to_vec();
        let read = SealedRecord::from_bytes(record.write());
        assert_eq!(read.is_ok(), FieldName::new(candidate).is_ok(), "{candidate:?}");
    }
}

#[test]
fn serde_is_text_where_people_read() {
    let record = sample(&Place::default());
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(json, format!("\"{}\"", record.to_text()));
    assert!(serde_json::from_str::<SealedRecord>(&json).unwrap() == record);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(serde_json::from_value::<Option<SealedRecord>>(value).unwrap() == Some(record.clone()));
    let field = record.field("ssn").unwrap();
    let json = serde_json::to_string(&[&field]).unwrap();
    assert!(serde_json::from_str::<Vec<SealedField>>(&json).unwrap()[0] == field);

    // The other way: a format that is not for people.
    use serde::de::value::{BytesDeserializer, Error};
    struct Binary<'a>(&'a [u8]);
    impl<'de> serde::Deserializer<'de> for Binary<'de> {
        type Error = Error;
        fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            BytesDeserializer::new(self.0).deserialize_any(visitor)
        }
        fn is_human_readable(&self) -> bool {
            false
        }
        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
            option unit unit_struct newtype_struct seq tuple tuple_struct map struct enum
            identifier ignored_any
        }
    }
    let read = <SealedRecord as serde::Deserialize>::deserialize(Binary(record.as_bytes())).unwrap();
    assert!(read == record);
}

#[test]
fn errors_and_debug_are_silent() {
    for json in [
        "\"987-65-4321\"",
        "987654321",
        "-987654321",
        "9876.54321",
        "[987654321, \"987-65-4321\"]",
        "{\"987654321\": \"987-65-4321\"}",
        "true",
        "null",
        "\"OTg3NjU0MzIx\"",
        "\"987654321\\n\"",
    ] {
        let error = serde_json::from_str::<SealedRecord>(json).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("9876") && !text.contains("987-") && !text.contains("OTg3"), "{text}");
        assert!(text.contains("sealed"), "{text}");
    }
    let record = sample(&Place::default());
    let field = record.field("ssn").unwrap();
    let place = Place::default();
    let keys = place.keys();
    let opener = Opener::new(&keys, place.binding(), &record).unwrap();
    let len = record.as_bytes().len();
    assert_eq!(
        format!("{record:?} {opener:?}"),
        format!("SealedRecord {{ bytes: {len}, key_version: 1, subject_epoch: 0, fields: 5 }} Opener(..)")
    );
    assert!(format!("{field:?}").ends_with("subject_epoch: 0, name: \"ssn\", class: Ssn }"));
}

#[test]
fn nonces_are_fresh() {
    let place = Place::default();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let record = RawRecord::read(sample(&place).as_bytes());
        for chunk in record.entries.iter().flat_map(|entry| &entry.chunks) {
            assert!(seen.insert(chunk.nonce));
        }
    }
}

fn a_value() -> impl Strategy<Value = (DataClass, Vec<u8>)> {
    (1_u8..=16, proptest::collection::vec(any::<u8>(), 0..100))
        .prop_map(|(code, value)| (DataClass::from_code(code).unwrap(), value))
}

proptest! {
    #[test]
    fn values_come_back(
        fields in proptest::collection::btree_map("[a-z][a-z0-9_]{0,63}", a_value(), 1..12),
        version in 1_u32..,
        epoch in any::<u32>(),
        account in "[^\\p{Cc}]{1,30}",
        record in "[^\\p{Cc}]{0,30}",
    ) {
        let place = Place { version, epoch, account: &account, record: &record, ..Place::default() };
        let names: Vec<_> = fields.keys().map(|n| name(n)).collect();
        // Given in another order than that of their names.
        let mut plain: Vec<_> = names.iter().zip(fields.values()).rev().map(|(name, (class, value))| {
            PlainField { name, class: *class, content: PlainContent::Value(value) }
        }).collect();
        let keys = place.keys();
        let sealed = seal_record(&keys, place.binding(), &mut plain).unwrap();
        let sealed = SealedRecord::from_text(&sealed.to_text()).unwrap();
        let mut opener = Opener::new(&keys, place.binding(), &sealed).unwrap();
        for (name, (class, value)) in &fields {
            let opened = opener.open_value(name, *class).unwrap();
            prop_assert_eq!(opened.expose(), value);
        }
        prop_assert!(sealed.field_names().eq(fields.keys().map(String::as_str)));
    }

    #[test]
    fn reading_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), magic in 0_usize..3) {
        let magic: &[u8] = [&b"CGR\x01\0\0\0\x01"[..], b"CGF\x01\0\0\0\x01", b""][magic];
        bytes.splice(..0, magic.iter().copied());
        if let Ok(record) = SealedRecord::from_bytes(bytes.clone()) {
            prop_assert_eq!(RawRecord::read(record.as_bytes()).write(), bytes.clone());
        }
        drop(SealedField::from_bytes(bytes));
    }
}
