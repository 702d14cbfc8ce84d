//! Bytes of another language, cut, changed and made up: each is read or refused, and never a panic.
//!
//! Not a fuzz target: `fuzz/` would have to build this crate, and with it UniFFI, its macros and its allocator,
//! and a door to it in an interface that is generated into two languages. The reader has no loop that a length
//! does not bound and nothing to search for: every truncation, every bit flip, every pair of spliced bytes and
//! some 100,000 strings with lengths near the limits reach each branch in a second, in every check.

use super::super::{ListedValue, read_list};
use super::*;

/// A value of a scanner's lists.
fn listed() -> Vec<u8> {
    [&b"\x01\x03ssn\0\0\0\x0b"[..], b"987-65-4321"].concat()
}

/// The layout of an item, written once more.
fn item(account: &[u8], id: &[u8], record: &[u8]) -> Vec<u8> {
    let mut out = vec![u8::try_from(account.len()).unwrap()];
    out.extend(account);
    out.push(u8::try_from(id.len()).unwrap());
    out.extend(id);
    out.extend(u32::try_from(record.len()).unwrap().to_be_bytes());
    out.extend(record);
    out
}

fn field(name: &str, shape: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![u8::try_from(name.len()).unwrap()];
    out.extend(name.as_bytes());
    out.push(shape);
    out.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
    out.extend(content);
    out
}

fn row(direction: u8, number: &str, place: Option<&str>) -> Vec<u8> {
    let mut out = vec![direction];
    out.extend(1_795_446_240_000_000_u64.to_be_bytes());
    out.extend(61_u32.to_be_bytes());
    out.push(u8::try_from(number.len()).unwrap());
    out.extend(number.as_bytes());
    out.push(u8::from(place.is_some()));
    if let Some(place) = place {
        out.push(u8::try_from(place.len()).unwrap());
        out.extend(place.as_bytes());
    }
    out
}

fn whole_item() -> Vec<u8> {
    let rows = [row(1, "2025550188", Some("Springfield")), row(2, "", None)].concat();
    let calls = [&2_u32.to_be_bytes()[..], &rows].concat();
    let fields =
        [field("name", TEXT, "Dana Q. Exämple".as_bytes()), field("call_detail", CALLS, &calls)].concat();
    item(b"acct-000042", b"r1", &[&2_u16.to_be_bytes()[..], &fields].concat())
}

fn whole_request() -> Vec<u8> {
    [&[1, 2][..], b"r1", &[0, 2, 1, 4], b"name", &[2, 11], b"call_detail"].concat()
}

fn batch(items: &[Vec<u8>]) -> Vec<u8> {
    [&u32::try_from(items.len()).unwrap().to_be_bytes()[..], &items.concat()].concat()
}

fn part(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

fn stored(what: u8, sealed: &[u8]) -> Vec<u8> {
    [&[1, b'a', what, 2][..], b"r1", &part(sealed)].concat()
}

fn column(text: &[u8]) -> Vec<u8> {
    [&[1, b'a', 2][..], b"r1", &[3], b"ssn", &part(text)].concat()
}

/// What a request says, as bytes again.
fn written(request: &Request<'_>) -> Vec<u8> {
    let id = request.id.expose();
    let mut out = vec![if request.is_column { 2 } else { 1 }, u8::try_from(id.len()).unwrap()];
    out.extend(id.as_bytes());
    out.extend(u16::try_from(request.fields.len()).unwrap().to_be_bytes());
    for (scope, name) in &request.fields {
        out.extend([scope.code(), u8::try_from(name.len()).unwrap()]);
        out.extend(name.as_bytes());
    }
    out
}

/// Reads bytes in every way. `true`: at least one took them.
fn read(bytes: &[u8]) -> bool {
    let is_own =
        |refused: CpniError| assert!(matches!(refused.code(), 9302 | 9303 | 1001..=1003), "{refused}");
    let item = Item::read(bytes).map(drop).map_err(is_own).is_ok();
    let request = match Request::read(bytes) {
        Ok(request) => {
            assert_eq!(written(&request), bytes, "the only bytes of what it says");
            true
        }
        Err(refused) => {
            is_own(refused);
            false
        }
    };
    let batch = match Item::read_batch(bytes) {
        Ok(items) => {
            assert!(items.len() <= bytes.len() / MIN_ITEM);
            let sizes = items.iter().filter_map(|item| item.as_ref().err());
            sizes.for_each(|refused| is_own(*refused));
            true
        }
        Err(refused) => {
            is_own(refused);
            false
        }
    };
    let calls = read_calls(bytes).map(drop).map_err(is_own).is_ok();
    let list = read_list(bytes).map(drop).map_err(is_own).is_ok();
    let listed = ListedValue::read_all(bytes).map(drop).map_err(is_own).is_ok();
    let rows = match StoredRow::read_all(bytes) {
        Ok(rows) => {
            let refused = rows.iter().filter_map(|row| row.as_ref().err());
            // What is sealed is looked at too.
            refused.for_each(|refused| {
                assert!(refused.code() == 3001 || (1001..=9303).contains(&refused.code()))
            });
            true
        }
        Err(refused) => {
            is_own(refused);
            false
        }
    };
    let value = ColumnRow::read(bytes).map(drop).map_err(is_own).is_ok();
    let pairs = ColumnRow::read_pairs(bytes).map(drop).map_err(is_own).is_ok();
    let values = match ColumnRow::read_all(bytes) {
        Ok(values) => {
            values.iter().filter_map(|value| value.as_ref().err()).for_each(|refused| is_own(*refused));
            true
        }
        Err(refused) => {
            is_own(refused);
            false
        }
    };
    item || request || batch || calls || list || listed || rows || value || pairs || values
}

fn seeds() -> Vec<Vec<u8>> {
    let calls = [&1_u32.to_be_bytes()[..], &row(2, "2025550145", Some("x"))].concat();
    let rows = batch(&[stored(1, b"CGR"), stored(2, b"")]);
    let values = batch(&[column(b"987-65-4321"), column(b"")]);
    let pairs = batch(&[[column(b"Basic"), part(b"Q0dGA")].concat()]);
    let items = batch(&[whole_item(), item(b"a", b"", &[0, 0])]);
    let list = batch(&[part(b"987-65-4321"), part(b"")]);
    vec![
        whole_item(),
        whole_request(),
        items,
        batch(&[]),
        calls,
        list,
        rows,
        column(b"x"),
        values,
        pairs,
        batch(&[listed(), listed()]),
    ]
}

#[test]
fn what_is_whole_is_read() {
    assert!(Item::read(&whole_item()).is_ok());
    let request = whole_request();
    let request = Request::read(&request).unwrap();
    assert_eq!((request.is_column, request.id.expose()), (false, "r1"));
    assert_eq!(request.fields, [(Scope::Whole, "name"), (Scope::NamedCall, "call_detail")]);
    assert!(request.whole_fields().is_err() && request.one_field().is_err());
    let two = batch(&[whole_item(), item(b"", b"", &[0, 0])]);
    let read: Vec<_> = Item::read_batch(&two).unwrap().iter().map(Result::is_ok).collect();
    assert_eq!(read, [true, false], "a fault inside an item is the item's");
}

#[test]
fn every_truncation_and_every_byte_more_is_refused() {
    for whole in [whole_item(), whole_request()] {
        for len in 0..whole.len() {
            let cut = whole.get(..len).unwrap();
            assert!(Item::read(cut).is_err() && Request::read(cut).is_err(), "cut at {len}");
        }
        let more = [&whole[..], &[0]].concat();
        assert!(Item::read(&more).is_err() && Request::read(&more).is_err());
    }
    let whole = batch(&[whole_item()]);
    for len in 0..whole.len() {
        assert!(Item::read_batch(whole.get(..len).unwrap()).is_err(), "cut at {len}");
    }
    let lists = [
        batch(&[part(b"987-65-4321")]),
        batch(&[stored(1, b"CGR")]),
        batch(&[column(b"Basic")]),
        batch(&[listed()]),
        batch(&[[column(b"Basic"), part(b"Q0dGA")].concat()]),
    ];
    for (kind, whole) in lists.iter().enumerate() {
        let is_read = |bytes: &[u8]| match kind {
            0 => read_list(bytes).is_ok(),
            1 => StoredRow::read_all(bytes).is_ok(),
            2 => ColumnRow::read_all(bytes).is_ok(),
            3 => ListedValue::read_all(bytes).is_ok(),
            _ => ColumnRow::read_pairs(bytes).is_ok(),
        };
        assert!(is_read(whole) && !is_read(&[&whole[..], &[0]].concat()));
        (0..whole.len()).for_each(|len| assert!(!is_read(&whole[..len]), "{kind} cut at {len}"));
    }
}

#[test]
fn every_bit_flip_is_read_or_refused() {
    for whole in seeds() {
        assert!(read(&whole));
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                *changed.get_mut(at).unwrap() ^= 1 << bit;
                read(&changed);
            }
        }
    }
}

#[test]
fn a_length_reserves_nothing_that_is_not_there() {
    for count in [2, 1 << 16, u32::MAX] {
        let rows = [&count.to_be_bytes()[..], &row(1, "", None)].concat();
        assert!(matches!(read_calls(&rows), Err(CpniError::LAYOUT)), "{count} rows, and one is there");
        assert!(Item::read_batch(&[&count.to_be_bytes()[..], &[0; MIN_ITEM]].concat()).is_err());
    }
    let many = [&[1, 0, 0xFF, 0xFF][..], &[1, 0]].concat();
    assert!(Request::read(&many).is_err());
}

/// Numbers that are the same in every run (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

#[test]
fn made_up_bytes_are_read_or_refused() {
    const BYTES: [u8; 12] = [0, 0, 0, 1, 1, 2, 3, 4, b'a', 0x7F, 0x80, 0xFF];
    let (seeds, mut numbers) = (seeds(), Numbers(0x5EED));
    let (mut taken, mut refused) = (0_u32, 0_u32);
    for _ in 0..100_000 {
        let bytes: Vec<u8> = if numbers.below(3) == 0 {
            (0..numbers.below(40)).map(|_| BYTES[numbers.below(BYTES.len())]).collect()
        } else {
            // The front of one and the back of another, with a few bytes changed.
            let (front, back) = (&seeds[numbers.below(seeds.len())], &seeds[numbers.below(seeds.len())]);
            let (until, from) = (numbers.below(front.len() + 1), numbers.below(back.len() + 1));
            let mut bytes = [&front[..until], &back[from..]].concat();
            for _ in 0..numbers.below(4) {
                let at = numbers.below(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = BYTES[numbers.below(BYTES.len())];
                }
            }
            bytes
        };
        *if read(&bytes) { &mut taken } else { &mut refused } += 1;
    }
    assert!(taken > 100 && refused > 10_000, "{taken} were read, {refused} refused");
}
