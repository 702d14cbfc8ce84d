//! What a redactor leaves in a text: `[SSN]`, `[SSN:qhzm]`, `••••1111`.
//!
//! Rules: a scan looks over none of these. What stands between two of them is read as a text of its own, but
//! that the last label in it belongs to what was replaced. So redacted text reads as it did when it was redacted.

use super::finding::TextKind;
use super::units::byte;

/// Longest replacement that is known as one, in bytes.
pub(super) const MAX_LEN: usize = 64;
/// What a mask hides behind: so many of it or more.
const DOT: &[u8] = "•".as_bytes();
const MIN_DOTS: usize = 4;
/// Bytes that are looked at together.
const CHUNK: usize = 32;
/// Most digits that a mask shows.
const MAX_SHOWN: usize = 4;

/// The first replacement that begins in a part of a text: where it begins and ends.
pub(super) fn first(text: &[u8], from: usize, to: usize) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        at += next_sign(text.get(at..to.min(text.len()))?)?;
        if let Some(end) = end(text, at) {
            return Some((at, end));
        }
        at += 1;
    }
}

/// Where the first byte stands that a replacement may begin with. Many are looked at together, as in
/// [`super::prefilter`].
fn next_sign(text: &[u8]) -> Option<usize> {
    let is_sign = |byte: &u8| matches!(byte, b'[' | 0xE2);
    let (chunks, _) = text.as_chunks::<CHUNK>();
    let has_sign = |chunk: &[u8; CHUNK]| {
        chunk.iter().fold(0, |any, byte| any | u8::from(*byte == b'[') | u8::from(*byte == 0xE2)) != 0
    };
    let clean = chunks.iter().take_while(|chunk| !has_sign(chunk)).count() * CHUNK;
    text.get(clean..)?.iter().position(is_sign).map(|place| clean + place)
}

/// Where the replacement ends that begins at a place, if one does.
#[inline]
pub(super) fn end(text: &[u8], start: usize) -> Option<usize> {
    matches!(byte(text, start), b'[' | 0xE2).then(|| end_of_sign(text, start))?
}

fn end_of_sign(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..text.len().min(start + MAX_LEN))?;
    if byte(text, start) == b'[' {
        if !byte(text, start + 1).is_ascii_uppercase() {
            return None;
        }
        let len = rest.iter().position(|byte| *byte == b']')? + 1;
        return rest.get(..len).filter(|label| is_label(label)).map(|_| start + len);
    }
    let dots = rest.chunks_exact(DOT.len()).take_while(|dot| *dot == DOT).count();
    let shown = rest.get(dots * DOT.len()..)?.iter().take(MAX_SHOWN);
    let shown = shown.take_while(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')).count();
    (dots >= MIN_DOTS).then_some(start + dots * DOT.len() + shown)
}

/// Whether a replacement begins at a place. It counts as the number that it stands for, where it is joined to
/// another.
pub(super) fn is_at(text: &[u8], start: usize) -> bool {
    end(text, start).is_some()
}

/// Whether a text is a label as a redactor writes it, alone or with a token.
fn is_label(text: &[u8]) -> bool {
    TextKind::ALL.into_iter().any(|kind| {
        let name = kind.label().trim_end_matches(']').as_bytes();
        let rest = text.strip_prefix(name).and_then(|rest| rest.strip_suffix(b"]"));
        rest.is_some_and(|rest| match rest.split_first() {
            None => true,
            Some((b':', token)) => token.iter().all(u8::is_ascii_lowercase),
            Some(_) => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_redactor_leaves_is_known_and_nothing_else() {
        for text in
            ["[SSN]", "[BIRTH DATE]", "[CARD:qhzmxwabqhzmxwab]", "••••", "••••23", "•••••••", "••••BCDE"]
        {
            assert_eq!(first(text.as_bytes(), 0, text.len()), Some((0, text.len())), "{text}");
            let inside = format!("a “{text}]x");
            let start = inside.find(text).unwrap();
            assert_eq!(
                first(inside.as_bytes(), 0, inside.len()),
                Some((start, start + text.len())),
                "{inside}"
            );
            assert_eq!(first(inside.as_bytes(), 0, start), None, "{inside}");
        }
        for text in
            ["", "[", "[]", "[NOTE]", "[ssn]", "[SSN", "[SSN:ABC]", "[SSN 1]", "•••", "[[SSN", "••• •"]
        {
            assert_eq!(first(text.as_bytes(), 0, text.len()), None, "{text}");
        }
        assert_eq!(first("••••12345".as_bytes(), 0, 5), Some((0, 16)));
    }
}
