//! Where something may begin: digits, `@`, full-width characters, the first letters of a password's label.
//!
//! Text without these is stepped over 32 bytes at a time, in a form that compilers turn into vector
//! instructions.

/// Bytes that are looked at together. Two more are read behind them.
const CHUNK: usize = 32;

/// The first place from `from` on where something may begin.
pub(super) fn next(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(bytes) = text.get(at..at + CHUNK + 2) {
        if may_begin_in(bytes)
            && let Some(place) = find_in(text, at)
        {
            return Some(place);
        }
        at += CHUNK;
    }
    (at..text.len()).find(|at| may_begin(text, *at))
}

/// Whether something may begin in the first bytes of a chunk.
#[inline]
fn may_begin_in(bytes: &[u8]) -> bool {
    let (Some(first), Some(second), Some(third)) =
        (bytes.first_chunk::<CHUNK>(), shifted(bytes, 1), shifted(bytes, 2))
    else {
        return true;
    };
    let mut any = 0_u8;
    for ((a, b), c) in first.iter().zip(second).zip(third) {
        let (small, b, c) = (a | 0x20, b | 0x20, c | 0x20);
        let plain = u8::from(a.wrapping_sub(b'0') < 10) | u8::from(*a == b'@') | u8::from(*a == 0xEF);
        let pas = u8::from(b == b'a') & u8::from(c == b's');
        let pwd = u8::from(b == b'w') & u8::from(c == b'd');
        let sec = u8::from(small == b's') & u8::from(b == b'e') & u8::from(c == b'c');
        any |= plain | (u8::from(small == b'p') & (pas | pwd)) | sec;
    }
    any != 0
}

/// The first place of a chunk where something may begin: eight bytes in one word at a time.
fn find_in(text: &[u8], chunk: usize) -> Option<usize> {
    for word_at in (chunk..chunk + CHUNK).step_by(8) {
        let word = u64::from_le_bytes(*text.get(word_at..)?.first_chunk()?);
        let small = word | repeat(0x20);
        let mut candidates =
            digits(word) | equal(word, b'@') | equal(word, 0xEF) | equal(small, b'p') | equal(small, b's');
        while candidates != 0 {
            let place = word_at + (candidates.trailing_zeros() / 8) as usize;
            if may_begin(text, place) {
                return Some(place);
            }
            candidates &= candidates - 1;
        }
    }
    None
}

const fn repeat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The top bit of each byte that is a digit.
const fn digits(word: u64) -> u64 {
    let value = word ^ repeat(b'0');
    // INVARIANT: no byte of the sum exceeds 0x7F + 0x76, so nothing is carried.
    !(((value & repeat(0x7F)) + repeat(0x76)) | value) & repeat(0x80)
}

/// The top bit of each byte that is this one.
const fn equal(word: u64, byte: u8) -> u64 {
    let other = word ^ repeat(byte);
    !(((other & repeat(0x7F)) + repeat(0x7F)) | other) & repeat(0x80)
}

fn shifted(bytes: &[u8], by: usize) -> Option<&[u8; CHUNK]> {
    bytes.get(by..)?.first_chunk()
}

#[inline]
fn may_begin(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        Some(b'0'..=b'9' | b'@') => true,
        Some(0xEF) => text.get(at + 1) == Some(&0xBC),
        Some(b'p' | b'P' | b's' | b'S') => is_label_start(text, at),
        _ => false,
    }
}

fn is_label_start(text: &[u8], at: usize) -> bool {
    let start = text.get(at..at + 3).unwrap_or_default();
    [b"pas", b"pwd", b"sec"].into_iter().any(|label| start.eq_ignore_ascii_case(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_and_single_bytes_say_the_same() {
        let made =
            "The PASSword of caller number 7 is long gone; section two says pwd, \u{FF14} and me@home. ";
        let text: Vec<u8> =
            made.bytes().chain("no such thing here at all, ".repeat(4).bytes()).cycle().take(1000).collect();
        for from in 0..text.len() {
            let slow = (from..text.len()).find(|at| may_begin(&text, *at));
            assert_eq!(next(&text, from), slow, "{from}");
        }
        assert_eq!(next(b"", 0), None);
        assert_eq!(next(b"nothing here", 5), None);
    }
}
