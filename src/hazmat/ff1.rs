//! FF1 of NIST SP 800-38G: a keyed permutation of the strings of one radix and length.
//!
//! Rules: a domain below [`MIN_DOMAIN`] is refused (draft Revision 1 of SP 800-38G); the tweak and the lengths
//! are fixed when the key is set up, so that what does not change between two values is computed once.
//! Halves below 2^32 are `u64`, below 2^96 `u128`, longer ones runs of 16-bit limbs; all three compute
//! the same function.
//!
//! Security note: deterministic, and without authentication: a wrong key, tweak or length gives another
//! string, never an error. Timing depends on radix, tweak and length alone: there is no division by a
//! value and no branch on one; reductions multiply by a reciprocal and correct under a mask.

mod long;
mod number;

use core::ops::RangeInclusive;

use aes_gcm::aes::cipher::consts::U16;
use aes_gcm::aes::cipher::{
    BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, InOutBuf, KeyInit as _,
};
use aes_gcm::aes::{Aes256, Block};
use zeroize::{Zeroize as _, Zeroizing};

use super::Key32;
use long::LongPlan;
use number::{Modulus, Narrow, Number, Reciprocal, Wide};

/// The fewest strings that radix and length must allow: draft Revision 1 of SP 800-38G asks for one million.
pub(crate) const MIN_DOMAIN: u64 = 1_000_000;
/// The largest radix of the standard.
pub(crate) const MAX_RADIX: u32 = 1 << 16;
/// Longest string, in symbols. The standard allows 2^32; nothing here has more than a line of text.
pub(crate) const MAX_LEN: usize = 1024;
/// Longest tweak, in bytes.
pub(crate) const MAX_TWEAK: usize = 1024;

const ROUNDS: u8 = 10;
/// Strings side by side: as many blocks as the widest instructions take at once.
const LANES: usize = 64;
/// Fewer strings than this are done one by one.
const FEW: usize = 6;

/// Why a domain or a value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The radix is not 2 to 65,536.
    Radix,
    /// Fewer than [`MIN_DOMAIN`] strings, or fewer than two symbols.
    SmallDomain,
    /// A string longer than [`MAX_LEN`], or no length at all.
    Length,
    /// A tweak longer than [`MAX_TWEAK`].
    Tweak,
    /// A symbol that is not below the radix.
    Symbol,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Encrypt,
    Decrypt,
}

/// A key, a tweak, a radix and a range of lengths, ready for use.
pub(crate) struct Ff1<C = Aes256> {
    // Boxed: a move would leave a copy of the key schedule behind.
    cipher: Box<C>,
    radix: u32,
    shortest: usize,
    /// By length, from `shortest`.
    plans: Vec<Plan>,
}

/// What does not change between two strings of one length.
struct Plan {
    /// Symbols of the left half; the right one has as many, or one more.
    left: usize,
    half: Half,
}

enum Half {
    Narrow(Round<Narrow>),
    Wide(Round<Wide>),
    Long(LongPlan),
}

/// The one block that changes from round to round, and how its answer is used.
struct Round<N: Number> {
    /// The last block before the round and the number are written into it.
    base: u128,
    /// Where the round stands in it: above the bytes of the number.
    shift: u32,
    /// By how much the answer is shifted to leave its first `d` bytes.
    rest: u32,
    /// The moduli of the left and the right half.
    moduli: [Modulus<N>; 2],
    radix: Reciprocal,
}

impl Ff1 {
    /// Sets up AES-256 for strings of `lengths` symbols.
    pub(crate) fn new(
        key: &Key32,
        radix: u32,
        tweak: &[u8],
        lengths: RangeInclusive<usize>,
    ) -> Result<Self, Refused> {
        Self::with_cipher(Aes256::new(key.bytes().into()), radix, tweak, lengths)
    }
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Ff1<C> {
    /// As [`Ff1::new`], for any cipher of 16-byte blocks.
    pub(crate) fn with_cipher(
        cipher: C,
        radix: u32,
        tweak: &[u8],
        lengths: RangeInclusive<usize>,
    ) -> Result<Self, Refused> {
        if !(2..=MAX_RADIX).contains(&radix) {
            return Err(Refused::Radix);
        }
        if tweak.len() > MAX_TWEAK {
            return Err(Refused::Tweak);
        }
        let (shortest, longest) = (*lengths.start(), *lengths.end());
        if longest > MAX_LEN || shortest > longest {
            return Err(Refused::Length);
        }
        if shortest < 2 || !is_large_enough(radix, shortest) {
            return Err(Refused::SmallDomain);
        }
        let cipher = Box::new(cipher);
        let plans = (shortest..=longest).map(|len| Plan::new(&*cipher, radix, tweak, len)).collect();
        Ok(Self { cipher, radix, shortest, plans })
    }

    /// Encrypts one string in place.
    pub(crate) fn encrypt(&self, symbols: &mut [u16]) -> Result<(), Refused> {
        self.run(symbols.len(), symbols, Way::Encrypt)
    }

    /// Decrypts one string in place.
    pub(crate) fn decrypt(&self, symbols: &mut [u16]) -> Result<(), Refused> {
        self.run(symbols.len(), symbols, Way::Decrypt)
    }

    /// Encrypts many strings of `len` symbols, one behind the other. None is changed if one is refused.
    pub(crate) fn encrypt_many(&self, len: usize, rows: &mut [u16]) -> Result<(), Refused> {
        self.run(len, rows, Way::Encrypt)
    }

    /// Decrypts many strings, as [`Ff1::encrypt_many`].
    #[cfg(test)]
    pub(crate) fn decrypt_many(&self, len: usize, rows: &mut [u16]) -> Result<(), Refused> {
        self.run(len, rows, Way::Decrypt)
    }

    fn run(&self, len: usize, rows: &mut [u16], way: Way) -> Result<(), Refused> {
        let plan = len.checked_sub(self.shortest).and_then(|at| self.plans.get(at)).ok_or(Refused::Length)?;
        if !rows.len().is_multiple_of(len) {
            return Err(Refused::Length);
        }
        // Without an early end: the place of a wrong symbol is not told by the time.
        let is_wrong = rows.iter().fold(false, |wrong, symbol| wrong | (u32::from(*symbol) >= self.radix));
        if is_wrong {
            return Err(Refused::Symbol);
        }
        match &plan.half {
            Half::Narrow(round) => round.run(&*self.cipher, len, plan.left, rows, way),
            Half::Wide(round) => round.run(&*self.cipher, len, plan.left, rows, way),
            Half::Long(round) => round.run(&*self.cipher, len, plan.left, rows, way),
        }
        Ok(())
    }
}

impl Plan {
    fn new<C>(cipher: &C, radix: u32, tweak: &[u8], len: usize) -> Self
    where
        C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
    {
        let left = len / 2;
        let bits = long::bits_of_power(radix, len - left);
        let bytes = bits.div_ceil(8);
        let (prefix, tail) = absorb_prefix(cipher, radix, tweak, len, left, bytes);
        let half = if bytes <= Narrow::MAX_BYTES {
            Half::Narrow(Round::new(radix, left, len - left, bytes, prefix, &tail))
        } else if bytes <= Wide::MAX_BYTES {
            Half::Wide(Round::new(radix, left, len - left, bytes, prefix, &tail))
        } else {
            Half::Long(LongPlan::new(radix, bytes, prefix, tail))
        };
        Self { left, half }
    }
}

impl<N: Number> Round<N> {
    fn new(radix: u32, left: usize, right: usize, bytes: usize, prefix: u128, tail: &[u8]) -> Self {
        // INVARIANT: the number, the round and the tail fill one block; `bytes` is at most 12.
        let tail = tail.iter().fold(0, |all, byte| (all << 8) | u128::from(*byte));
        let shift = number::bits(bytes);
        let rest = 128 - number::bits(bytes.next_multiple_of(4) + 4);
        let base = prefix ^ (tail << (shift + 8));
        Self {
            base,
            shift,
            rest,
            moduli: [Modulus::power(radix, left), Modulus::power(radix, right)],
            radix: Reciprocal::new(radix),
        }
    }

    fn run<C>(&self, cipher: &C, len: usize, left: usize, rows: &mut [u16], way: Way)
    where
        C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
    {
        if rows.len() < len.saturating_mul(FEW) {
            cipher.encrypt_with_backend(Run::<N, 1> { round: self, len, left, rows, way });
        } else {
            cipher.encrypt_with_backend(Run::<N, LANES> { round: self, len, left, rows, way });
        }
    }

    /// Ten rounds over one string, in registers: there is nothing in memory to be wiped.
    #[inline(always)]
    fn one<B: BlockCipherEncBackend<BlockSize = U16>>(
        &self,
        backend: &B,
        left: usize,
        row: &mut [u16],
        way: Way,
    ) {
        let (low, high) = row.split_at_mut(left);
        let mut a = N::from_symbols(low, self.radix.divisor());
        let mut b = N::from_symbols(high, self.radix.divisor());
        let [left, right] = &self.moduli;
        match way {
            Way::Encrypt => {
                for even in (0..ROUNDS).step_by(2) {
                    a = left.add(a, self.answer(backend, even, b, left));
                    b = right.add(b, self.answer(backend, even + 1, a, right));
                }
            }
            Way::Decrypt => {
                for even in (0..ROUNDS).step_by(2).rev() {
                    b = right.subtract(b, self.answer(backend, even + 1, a, right));
                    a = left.subtract(a, self.answer(backend, even, b, left));
                }
            }
        }
        a.write_symbols(low, &self.radix);
        b.write_symbols(high, &self.radix);
    }

    /// What a round adds to the other half.
    #[inline(always)]
    fn answer<B>(&self, backend: &B, round: u8, number: N, modulus: &Modulus<N>) -> N
    where
        B: BlockCipherEncBackend<BlockSize = U16>,
    {
        let input = self.base ^ (u128::from(round) << self.shift) ^ number.widen();
        let mut block: Block = input.to_be_bytes().into();
        backend.encrypt_block((&mut block).into());
        modulus.rest(N::of_block(u128::from_be_bytes(block.into()), self.rest))
    }

    /// Ten rounds over at most `LANES` strings. The halves stay in their places: what the standard calls A
    /// and B change them after each round.
    #[inline(always)]
    fn lanes<B, const LANES: usize>(&self, backend: &B, len: usize, left: usize, rows: &mut [u16], way: Way)
    where
        B: BlockCipherEncBackend<BlockSize = U16>,
    {
        let mut halves = Zeroizing::new([[N::default(); LANES]; 2]);
        let [lefts, rights] = &mut *halves;
        for ((row, a), b) in rows.chunks_exact(len).zip(lefts.iter_mut()).zip(rights.iter_mut()) {
            let (low, high) = row.split_at(left);
            *a = N::from_symbols(low, self.radix.divisor());
            *b = N::from_symbols(high, self.radix.divisor());
        }
        let mut blocks = [Block::default(); LANES];
        for step in 0..ROUNDS {
            let round = if way == Way::Encrypt { step } else { ROUNDS - 1 - step };
            let [left, right] = &self.moduli;
            let (changed, source, modulus) = if round.is_multiple_of(2) {
                (&mut *lefts, &*rights, left)
            } else {
                (&mut *rights, &*lefts, right)
            };
            let base = self.base ^ (u128::from(round) << self.shift);
            for (block, number) in blocks.iter_mut().zip(source) {
                *block = (base ^ number.widen()).to_be_bytes().into();
            }
            encrypt_all(backend, &mut blocks);
            for (block, number) in blocks.iter().zip(changed) {
                let answer = modulus.rest(N::of_block(u128::from_be_bytes((*block).into()), self.rest));
                *number = match way {
                    Way::Encrypt => modulus.add(*number, answer),
                    Way::Decrypt => modulus.subtract(*number, answer),
                };
            }
        }
        for ((row, a), b) in rows.chunks_exact_mut(len).zip(lefts.iter()).zip(rights.iter()) {
            let (low, high) = row.split_at_mut(left);
            a.write_symbols(low, &self.radix);
            b.write_symbols(high, &self.radix);
        }
        blocks.iter_mut().for_each(|block| block.zeroize());
    }
}

/// All rounds of all strings in one call of the cipher, which so chooses its instructions and loads its
/// round keys once.
struct Run<'r, N: Number, const LANES: usize> {
    round: &'r Round<N>,
    len: usize,
    left: usize,
    rows: &'r mut [u16],
    way: Way,
}

impl<N: Number, const LANES: usize> BlockSizeUser for Run<'_, N, LANES> {
    type BlockSize = U16;
}

impl<N: Number, const LANES: usize> BlockCipherEncClosure for Run<'_, N, LANES> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let Self { round, len, left, rows, way } = self;
        if LANES == 1 {
            rows.chunks_exact_mut(len).for_each(|row| round.one(backend, left, row, way));
            return;
        }
        for rows in rows.chunks_mut(len.saturating_mul(LANES)) {
            round.lanes::<B, LANES>(backend, len, left, rows, way);
        }
    }
}

/// Encrypts the blocks side by side, as many as the processor takes at once.
#[inline(always)]
fn encrypt_all<B, const LANES: usize>(backend: &B, blocks: &mut [Block; LANES])
where
    B: BlockCipherEncBackend<BlockSize = U16>,
{
    let (chunks, tail) = InOutBuf::from(blocks.as_mut_slice()).into_chunks::<B::ParBlocksSize>();
    chunks.into_iter().for_each(|chunk| backend.encrypt_par_blocks(chunk));
    backend.encrypt_tail_blocks(tail);
}

/// The CBC-MAC over every whole block that no round changes, and the bytes of the tweak and its padding
/// that are left before the round number (SP 800-38G, algorithm 7, steps 5 and 6.i).
fn absorb_prefix<C>(
    cipher: &C,
    radix: u32,
    tweak: &[u8],
    len: usize,
    left: usize,
    bytes: usize,
) -> (u128, Vec<u8>)
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    // INVARIANT: len is at most 1024 and the tweak at most 1024 bytes.
    let be32 = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes();
    let [_, radix @ ..] = radix.to_be_bytes();
    let [.., left] = be32(left);
    let mut message = Vec::with_capacity(16 + tweak.len() + 16);
    message.extend_from_slice(&[1, 2, 1]);
    message.extend_from_slice(&radix);
    message.extend_from_slice(&[ROUNDS, left]);
    message.extend_from_slice(&be32(len));
    message.extend_from_slice(&be32(tweak.len()));
    message.extend_from_slice(tweak);
    let padded = (message.len() + 1 + bytes).next_multiple_of(16) - 1 - bytes;
    message.resize(padded, 0);
    let (whole, tail) = message.as_chunks::<16>();
    let prefix = whole.iter().fold(0, |state, block| long::absorb(cipher, state, block));
    (prefix, tail.to_vec())
}

/// Whether there are at least [`MIN_DOMAIN`] strings.
fn is_large_enough(radix: u32, len: usize) -> bool {
    let mut strings = 1_u64;
    for _ in 0..len {
        strings = strings.saturating_mul(u64::from(radix));
        if strings >= MIN_DOMAIN {
            return true;
        }
    }
    false
}

impl<C> core::fmt::Debug for Ff1<C> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Ff1(..)")
    }
}
