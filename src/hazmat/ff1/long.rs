//! Halves of more than 96 bits: symbols one by one, and the answer of the cipher as 16-bit limbs.
//!
//! Rule: as in `number.rs`, nothing here takes a time that depends on a value. An answer modulo a power
//! of the radix is its lowest symbols, so that no long division is needed: symbols are taken off and
//! added with a carry.

use aes_gcm::aes::Block;
use aes_gcm::aes::cipher::consts::U16;
use aes_gcm::aes::cipher::{BlockCipherEncrypt, BlockSizeUser};
use zeroize::Zeroizing;

use super::number::{Reciprocal, low16};
use super::{ROUNDS, Way};

/// What does not change between two long strings of one length.
pub(super) struct LongPlan {
    radix: Reciprocal,
    /// Bytes of the number that a half is.
    bytes: usize,
    prefix: u128,
    tail: Vec<u8>,
}

impl LongPlan {
    pub(super) fn new(radix: u32, bytes: usize, prefix: u128, tail: Vec<u8>) -> Self {
        Self { radix: Reciprocal::new(radix), bytes, prefix, tail }
    }

    pub(super) fn run<C>(&self, cipher: &C, len: usize, left: usize, rows: &mut [u16], way: Way)
    where
        C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
    {
        for row in rows.chunks_exact_mut(len) {
            let (lefts, rights) = row.split_at_mut(left);
            for step in 0..ROUNDS {
                let round = if way == Way::Encrypt { step } else { ROUNDS - 1 - step };
                let (changed, source) =
                    if round.is_multiple_of(2) { (&mut *lefts, &*rights) } else { (&mut *rights, &*lefts) };
                let mut answer = self.answer(cipher, round, source);
                self.shift(changed, &mut answer, way);
            }
        }
    }

    /// The first `d` bytes that the round gives for a half, as limbs.
    fn answer<C>(&self, cipher: &C, round: u8, source: &[u16]) -> Zeroizing<Vec<u16>>
    where
        C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
    {
        let mut message = Zeroizing::new(Vec::with_capacity(self.tail.len() + 1 + self.bytes));
        message.extend_from_slice(&self.tail);
        message.push(round);
        let number = limbs_of_symbols(source, self.radix.divisor(), self.bytes.div_ceil(2));
        message.extend(number.iter().flat_map(|limb| limb.to_be_bytes()).skip(self.bytes % 2));
        let (blocks, _) = message.as_chunks::<16>();
        let state = blocks.iter().fold(self.prefix, |state, block| absorb(cipher, state, block));

        let wanted = self.bytes.next_multiple_of(4) + 4;
        let mut limbs = Zeroizing::new(Vec::with_capacity(wanted.next_multiple_of(16) / 2));
        for (index, _) in (0_u128..).zip((0..wanted).step_by(16)) {
            let block = if index == 0 { state } else { encrypt(cipher, state ^ index) };
            let bytes = block.to_be_bytes();
            limbs.extend(bytes.as_chunks::<2>().0.iter().map(|two| u16::from_be_bytes(*two)));
        }
        limbs.truncate(wanted / 2);
        limbs
    }

    /// Adds the answer to a half, or takes it away, modulo the power of the radix that the half has.
    fn shift(&self, half: &mut [u16], answer: &mut [u16], way: Way) {
        let radix = u64::from(self.radix.divisor());
        let mut carry = 0;
        for symbol in half.iter_mut().rev() {
            let digit = self.take_symbol(answer);
            let sum = match way {
                Way::Encrypt => u64::from(*symbol) + digit + carry,
                // At least 0, and below twice the radix: the carry says that nothing was borrowed.
                Way::Decrypt => u64::from(*symbol) + radix - digit - carry,
            };
            let (over, rest) = self.radix.divide(sum);
            *symbol = low16(rest);
            carry = if way == Way::Encrypt { over } else { 1 - over };
        }
    }

    /// Divides the limbs by the radix and gives the remainder.
    fn take_symbol(&self, limbs: &mut [u16]) -> u64 {
        limbs.iter_mut().fold(0, |rest, limb| {
            let (quotient, rest) = self.radix.divide((rest << 16) | u64::from(*limb));
            *limb = low16(quotient);
            rest
        })
    }
}

/// One step of a CBC-MAC.
pub(super) fn absorb<C>(cipher: &C, state: u128, block: &[u8; 16]) -> u128
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    encrypt(cipher, state ^ u128::from_be_bytes(*block))
}

fn encrypt<C>(cipher: &C, block: u128) -> u128
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut block: Block = block.to_be_bytes().into();
    cipher.encrypt_block(&mut block);
    u128::from_be_bytes(block.into())
}

/// How many bits the largest number below `radix` to the `exponent` has.
pub(super) fn bits_of_power(radix: u32, exponent: usize) -> usize {
    // The largest number has the largest symbol in each place.
    let symbols = vec![low16(u64::from(radix) - 1); exponent];
    let limbs = limbs_of_symbols(&symbols, radix, exponent);
    let leading = limbs.iter().take_while(|limb| **limb == 0).count();
    let first = limbs.get(leading).map_or(0, |limb| 16 - limb.leading_zeros());
    let below = limbs.len().saturating_sub(leading + 1) * 16;
    below + usize::try_from(first).unwrap_or_default()
}

/// The number that the symbols are, in as many limbs, the first one weighing most.
fn limbs_of_symbols(symbols: &[u16], radix: u32, limbs: usize) -> Zeroizing<Vec<u16>> {
    let mut number = Zeroizing::new(vec![0_u16; limbs]);
    for symbol in symbols {
        let mut carry = u64::from(*symbol);
        for limb in number.iter_mut().rev() {
            let sum = u64::from(*limb) * u64::from(radix) + carry;
            (*limb, carry) = (low16(sum), sum >> 16);
        }
    }
    number
}
