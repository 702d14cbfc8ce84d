//! Rows of calls as bytes (`docs/spec/sealed-v1.md` §7).
//!
//! Rules: a row never spans two chunks; a chunk is built with its exact capacity, because a buffer
//! that grows leaves plaintext behind; decoding is strict. What a row means is not known here.

use super::v1::{MAX_CHUNK, MAX_CHUNKS};
use crate::error::SealedError;
use crate::sensitive::Sensitive;

/// Bytes of a row besides its number and place.
const FIXED_LEN: usize = 1 + 8 + 4 + 1 + 1;
const MAX_TEXT: usize = 255;

/// One row. Customer data: no `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowParts<'a> {
    /// A code of `CallDirection`: 1 outbound, 2 inbound.
    pub(crate) direction: u8,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(crate) start_micros: u64,
    /// Duration in seconds.
    pub(crate) duration_secs: u32,
    /// The other party, at most 255 bytes.
    pub(crate) number: &'a str,
    /// Where, at most 255 bytes.
    pub(crate) place: Option<&'a str>,
}

impl RowParts<'_> {
    fn len(&self) -> usize {
        FIXED_LEN + self.number.len() + self.place.map_or(0, |place| 1 + place.len())
    }

    fn check(&self) -> Result<(), SealedError> {
        if !matches!(self.direction, 1 | 2) {
            return Err(SealedError::Content);
        }
        match self.number.len().max(self.place.map_or(0, str::len)) {
            len if len > MAX_TEXT => Err(SealedError::TooLarge { len, max: MAX_TEXT }),
            _ => Ok(()),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        // INVARIANT: `check` has limited the texts to 255 bytes.
        let short = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
        out.push(self.direction);
        out.extend_from_slice(&self.start_micros.to_be_bytes());
        out.extend_from_slice(&self.duration_secs.to_be_bytes());
        out.push(short(self.number));
        out.extend_from_slice(self.number.as_bytes());
        out.push(u8::from(self.place.is_some()));
        if let Some(place) = self.place {
            out.push(short(place));
            out.extend_from_slice(place.as_bytes());
        }
    }
}

/// Encodes rows into chunks, in their order: at least one chunk, each as full as can be. The
/// iterator is run twice, first to measure.
///
/// Fails with [`SealedError::TooLarge`] if a text or the whole is too long, and with
/// [`SealedError::Content`] if a direction is neither 1 nor 2 (a bug of the caller).
pub(crate) fn encode_rows<'a>(
    rows: impl Iterator<Item = RowParts<'a>> + Clone,
) -> Result<Vec<Sensitive<Vec<u8>>>, SealedError> {
    // How many rows and bytes each chunk has.
    let mut sizes = vec![(0_usize, 0_usize)];
    for row in rows.clone() {
        row.check()?;
        match sizes.last_mut() {
            Some((rows, len)) if *len + row.len() <= MAX_CHUNK => {
                *rows += 1;
                *len += row.len();
            }
            Some(_) | None => sizes.push((1, row.len())),
        }
    }
    if sizes.len() > MAX_CHUNKS {
        let len = sizes.iter().map(|(_, len)| *len).fold(0, usize::saturating_add);
        return Err(SealedError::TooLarge { len, max: MAX_CHUNK * MAX_CHUNKS });
    }
    let mut rows = rows;
    let chunks = sizes.into_iter().map(|(count, len)| {
        let mut chunk = Sensitive::new(Vec::with_capacity(len));
        rows.by_ref().take(count).for_each(|row| row.write(chunk.expose_mut()));
        chunk
    });
    Ok(chunks.collect())
}

/// Decodes the rows of one chunk. They borrow from it.
///
/// Fails with [`SealedError::Content`] if any row is not in the format.
pub(crate) fn decode_rows(chunk: &[u8]) -> Result<Vec<RowParts<'_>>, SealedError> {
    let mut rest = chunk;
    let mut rows = Vec::new();
    while !rest.is_empty() {
        rows.push(read_row(&mut rest).ok_or(SealedError::Content)?);
    }
    Ok(rows)
}

fn read_row<'a>(rest: &mut &'a [u8]) -> Option<RowParts<'a>> {
    let [direction] = read_array(rest)?;
    if !matches!(direction, 1 | 2) {
        return None;
    }
    let start_micros = u64::from_be_bytes(read_array(rest)?);
    let duration_secs = u32::from_be_bytes(read_array(rest)?);
    let number = read_text(rest)?;
    let place = match read_array(rest)? {
        [0] => None,
        [1] => Some(read_text(rest)?),
        _ => return None,
    };
    Some(RowParts { direction, start_micros, duration_secs, number, place })
}

fn read_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let [len] = read_array(rest)?;
    let (text, tail) = rest.split_at_checked(usize::from(len))?;
    *rest = tail;
    core::str::from_utf8(text).ok()
}

fn read_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (array, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*array)
}
