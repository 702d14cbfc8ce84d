//! Tests of the rows codec.

use proptest::prelude::*;

use crate::envelope::{RowParts, decode_rows, encode_rows};
use crate::error::SealedError;

const ROW: RowParts<'_> =
    RowParts { direction: 2, start_micros: 1, duration_secs: 2, number: "8155550100", place: None };

#[test]
fn the_bytes_of_a_row() {
    let rows = [ROW, RowParts { direction: 1, place: Some("Reno"), ..ROW }];
    let chunks = encode_rows(rows.into_iter()).unwrap();
    let fixed =
        |direction| [&[direction, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 10][..], b"8155550100"].concat();
    let expected = [fixed(2), vec![0], fixed(1), vec![1, 4], b"Reno".to_vec()].concat();
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].expose(), &expected);
    assert!(decode_rows(&expected).unwrap() == rows);
    // A whole row cut off is a shorter list, which the tag of the chunk prevents; all else is refused.
    let first = fixed(2).len() + 1;
    for cut in (1..expected.len()).filter(|cut| *cut != first) {
        assert!(decode_rows(&expected[..cut]) == Err(SealedError::Content), "cut at {cut}");
    }
}

#[test]
fn no_rows_are_one_empty_chunk() {
    let chunks = encode_rows(core::iter::empty()).unwrap();
    assert_eq!((chunks.len(), chunks[0].expose().len()), (1, 0));
    assert!(decode_rows(chunks[0].expose()).unwrap().is_empty());
}

#[test]
fn wrong_rows_are_refused() {
    let encode = |row| encode_rows(core::iter::once(row)).map(|_| ());
    assert_eq!(encode(RowParts { direction: 0, ..ROW }), Err(SealedError::Content));
    assert_eq!(encode(RowParts { direction: 3, ..ROW }), Err(SealedError::Content));
    let long = "1".repeat(256);
    let too_large = Err(SealedError::TooLarge { len: 256, max: 255 });
    assert_eq!(encode(RowParts { number: &long, ..ROW }), too_large);
    assert_eq!(encode(RowParts { place: Some(&long), ..ROW }), too_large);
    assert_eq!(encode(RowParts { place: long.get(..255), ..ROW }), Ok(()));

    let good = encode_rows(core::iter::once(ROW)).unwrap().remove(0).expose().clone();
    let decode = |at: usize, byte| {
        let mut bad = good.clone();
        bad[at] = byte;
        decode_rows(&bad).map(|_| ())
    };
    assert_eq!(decode(0, 0), Err(SealedError::Content));
    assert_eq!(decode(0, 3), Err(SealedError::Content));
    assert_eq!(decode(13, 255), Err(SealedError::Content)); // a number longer than the chunk
    assert_eq!(decode(14, 0xff), Err(SealedError::Content)); // not UTF-8
    assert_eq!(decode(good.len() - 1, 2), Err(SealedError::Content)); // the place flag
    assert_eq!(decode(good.len() - 1, 1), Err(SealedError::Content)); // a place that is not there
}

#[test]
fn chunks_are_full_and_never_grown() {
    let rows = std::iter::repeat_n(ROW, 10_000);
    let chunks = encode_rows(rows).unwrap();
    let row = 25;
    let full = 65_536 / row;
    assert_eq!(chunks.len(), 10_000_usize.div_ceil(full));
    for (at, chunk) in chunks.iter().enumerate() {
        let len = if at + 1 == chunks.len() { 10_000 % full * row } else { full * row };
        assert_eq!((chunk.expose().len(), chunk.expose().capacity()), (len, len));
    }
}

proptest! {
    #[test]
    fn rows_come_back(
        rows in proptest::collection::vec(
            (1_u8..=2, any::<u64>(), any::<u32>(), "\\PC{0,60}", proptest::option::of("\\PC{0,60}")),
            0..30,
        ),
        times in 1_usize..40, // enough for more than one chunk
    ) {
        let parts = rows.iter().map(|(direction, start_micros, duration_secs, number, place)| RowParts {
            direction: *direction,
            start_micros: *start_micros,
            duration_secs: *duration_secs,
            number,
            place: place.as_deref(),
        });
        let parts = parts.cycle().take(rows.len() * times);
        let chunks = encode_rows(parts.clone()).unwrap();
        let back: Vec<_> = chunks.iter().flat_map(|chunk| decode_rows(chunk.expose()).unwrap()).collect();
        prop_assert!(back.into_iter().eq(parts));
        prop_assert!(chunks.iter().all(|chunk| chunk.expose().len() <= 65_536));
    }

    #[test]
    fn decoding_is_strict(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        if let Ok(rows) = decode_rows(&bytes) {
            let again = encode_rows(rows.iter().copied()).unwrap();
            prop_assert_eq!(again[0].expose(), &bytes);
        }
    }
}
