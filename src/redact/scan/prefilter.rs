//! Where something may begin: digits, `@`, full-width characters, the first letters of a password's label; and
//! where a replacement may (`[`, `•`).
//!
//! 32 bytes are looked at together, in a form that compilers turn into vector instructions.

/// Bytes that are looked at together. Two more are read behind them.
const CHUNK: usize = 32;

/// The first place from `from` on where something may begin.
pub(super) fn next(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(bytes) = text.get(at..at + CHUNK + 2) {
        if let Some(place) = first_in(bytes) {
            return Some(at + place);
        }
        at += CHUNK;
    }
    (at..text.len()).find(|at| begins_at(text, *at))
}

/// Whether something may begin at a place.
pub(super) fn begins_at(text: &[u8], at: usize) -> bool {
    let byte_at = |more: usize| super::units::byte(text, at + more);
    may_begin(byte_at(0), byte_at(1), byte_at(2)) != 0
}

/// The first of the first bytes of a chunk where something may begin.
#[inline]
fn first_in(bytes: &[u8]) -> Option<usize> {
    let (first, second, third) = (shifted(bytes, 0)?, shifted(bytes, 1)?, shifted(bytes, 2)?);
    let mut flags = [0_u8; CHUNK];
    for (((flag, a), b), c) in flags.iter_mut().zip(first).zip(second).zip(third) {
        *flag = may_begin(*a, *b, *c);
    }
    let (words, _) = flags.as_chunks::<8>();
    for (count, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        if word != 0 {
            return Some(count * 8 + (word.trailing_zeros() / 8) as usize);
        }
    }
    None
}

/// 1 if something may begin with these three bytes. Without branches, for [`first_in`].
#[inline]
fn may_begin(a: u8, b: u8, c: u8) -> u8 {
    let is = |byte: u8, wanted: u8| u8::from(byte == wanted);
    let (small, small_b, small_c) = (a | 0x20, b | 0x20, c | 0x20);
    let pas = is(small_b, b'a') & is(small_c, b's');
    let pwd = is(small_b, b'w') & is(small_c, b'd');
    let sec = is(small, b's') & is(small_b, b'e') & is(small_c, b'c');
    let wide = is(a, 0xEF) & is(b, 0xBC);
    let replaced = is(a, b'[') | (is(a, 0xE2) & is(c, 0xA2));
    u8::from(a.wrapping_sub(b'0') < 10)
        | is(a, b'@')
        | wide
        | (is(small, b'p') & (pas | pwd))
        | sec
        | replaced
}

fn shifted(bytes: &[u8], by: usize) -> Option<&[u8; CHUNK]> {
    bytes.get(by..)?.first_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_and_single_bytes_say_the_same() {
        let made = "The PASSword of caller number 7 is long gone; section two says pwd, \u{FF14} and me@home. \u{FEFF} [S] [s] \u{2022}\u{2019}";
        let text: Vec<u8> =
            made.bytes().chain("no such thing here at all, ".repeat(4).bytes()).cycle().take(1000).collect();
        let begins = |at: usize| match &text[at..] {
            [b'0'..=b'9' | b'@', ..] | [0xEF, 0xBC, ..] | [b'[', ..] | [0xE2, _, 0xA2, ..] => true,
            [a, b, c, ..] => {
                let start = [*a, *b, *c].map(|byte| byte.to_ascii_lowercase());
                [*b"pas", *b"pwd", *b"sec"].contains(&start)
            }
            _ => false,
        };
        for from in 0..text.len() {
            let slow = (from..text.len()).find(|at| begins(*at));
            assert_eq!(next(&text, from), slow, "{from}");
        }
        assert_eq!(next(b"", 0), None);
        assert_eq!(next(b"nothing here", 5), None);
        assert_eq!(next(b"nothing pa", 5), None);
    }
}
