//! A half of a string as one number, and arithmetic modulo a power of the radix.
//!
//! Rule: no operation takes a time that depends on the number. A reduction multiplies by the reciprocal
//! of the modulus and corrects under a mask; a symbol is taken off in the same way.

use zeroize::Zeroize;

/// A half below 2^32.
pub(super) type Narrow = u64;
/// A half below 2^96.
pub(super) type Wide = u128;

/// What holds a half of a string.
pub(super) trait Number: Copy + Default + Zeroize + 'static {
    /// The most bytes that the half may have.
    const MAX_BYTES: usize;

    /// The number that the symbols are, the first one weighing most.
    fn from_symbols(symbols: &[u16], radix: u32) -> Self;
    /// The symbols of the number, as many as there is room for.
    fn write_symbols(self, out: &mut [u16], radix: &Reciprocal);
    fn widen(self) -> u128;
    /// What [`Modulus`] keeps beside the modulus: about (largest answer + 1) / modulus.
    fn reciprocal(modulus: Self) -> Self;
    /// `radix` to the `exponent`. The caller knows that it is at most 2^(8 · [`Number::MAX_BYTES`]).
    fn power(radix: u32, exponent: usize) -> Self;
    /// What is left of a block of the cipher: its first `d` bytes, which is all above `shift`.
    fn of_block(block: u128, shift: u32) -> Self;
    /// What [`Number::of_block`] gave, less a multiple of the modulus: below twice the modulus.
    fn rest(answer: Self, modulus: Self, reciprocal: Self) -> Self;
    /// `a + rest` modulo the modulus: `a` is below it, `rest` below twice it.
    fn add(a: Self, rest: Self, modulus: Self) -> Self;
    /// `a - rest` modulo the modulus, as [`Number::add`].
    fn subtract(a: Self, rest: Self, modulus: Self) -> Self;
}

/// A power of the radix.
pub(super) struct Modulus<N> {
    value: N,
    reciprocal: N,
}

impl<N: Number> Modulus<N> {
    pub(super) fn power(radix: u32, exponent: usize) -> Self {
        let value = N::power(radix, exponent);
        Self { value, reciprocal: N::reciprocal(value) }
    }

    pub(super) fn rest(&self, answer: N) -> N {
        N::rest(answer, self.value, self.reciprocal)
    }

    pub(super) fn add(&self, a: N, rest: N) -> N {
        N::add(a, rest, self.value)
    }

    pub(super) fn subtract(&self, a: N, rest: N) -> N {
        N::subtract(a, rest, self.value)
    }
}

/// A radix, and 2^64 divided by it, rounded up.
///
/// For `x` below 2^32 and `d` at most 2^16, `x · ceil(2^64 / d) >> 64` is `x / d` exactly: the rounding
/// adds less than `x · d / 2^64`, which is below `1 / d`.
#[derive(Clone, Copy)]
pub(super) struct Reciprocal {
    divisor: u32,
    reciprocal: u64,
}

impl Reciprocal {
    pub(super) fn new(divisor: u32) -> Self {
        // INVARIANT: the divisor is at least 2: `Ff1::new` refuses others.
        Self { divisor, reciprocal: u64::MAX / u64::from(divisor) + 1 }
    }

    pub(super) const fn divisor(&self) -> u32 {
        self.divisor
    }

    /// Quotient and remainder of a number below 2^32.
    pub(super) fn divide(&self, x: u64) -> (u64, u64) {
        let quotient = high(x, self.reciprocal);
        (quotient, x - quotient * u64::from(self.divisor))
    }
}

impl Number for Narrow {
    const MAX_BYTES: usize = 4;

    fn from_symbols(symbols: &[u16], radix: u32) -> Self {
        symbols.iter().fold(0, |number, symbol| number * u64::from(radix) + u64::from(*symbol))
    }

    fn write_symbols(self, out: &mut [u16], radix: &Reciprocal) {
        let mut number = self;
        for symbol in out.iter_mut().rev() {
            let (quotient, remainder) = radix.divide(number);
            (number, *symbol) = (quotient, low16(remainder));
        }
    }

    fn widen(self) -> u128 {
        u128::from(self)
    }

    fn reciprocal(modulus: Self) -> Self {
        // floor(2^64 / modulus), or one less where the modulus divides 2^64.
        Self::MAX / modulus
    }

    fn power(radix: u32, exponent: usize) -> Self {
        (0..exponent).fold(1, |power: Self, _| power.wrapping_mul(Self::from(radix)))
    }

    fn of_block(block: u128, _: u32) -> Self {
        // `d` is 8 for every half of at most 4 bytes.
        low64(block >> 64)
    }

    fn rest(answer: Self, modulus: Self, reciprocal: Self) -> Self {
        // The reciprocal is less than one too small, so the product is, and its floor by less than two: the
        // quotient is right or too small by one.
        answer - high(answer, reciprocal) * modulus
    }

    fn add(a: Self, rest: Self, modulus: Self) -> Self {
        settle(a.wrapping_sub(2 * modulus).wrapping_add(rest), modulus)
    }

    fn subtract(a: Self, rest: Self, modulus: Self) -> Self {
        settle(a.wrapping_sub(rest), modulus)
    }
}

impl Number for Wide {
    const MAX_BYTES: usize = 12;

    fn from_symbols(symbols: &[u16], radix: u32) -> Self {
        symbols.iter().fold(0, |number, symbol| number * u128::from(radix) + u128::from(*symbol))
    }

    fn write_symbols(self, out: &mut [u16], radix: &Reciprocal) {
        let mut number = self;
        for symbol in out.iter_mut().rev() {
            let (mut quotient, mut rest) = (0, 0);
            // Limbs of 16 bits, the highest first: each step divides a number below 2^32.
            for shift in [80, 64, 48, 32, 16, 0] {
                let (digit, remainder) = radix.divide((rest << 16) | (low64(number >> shift) & 0xffff));
                quotient = (quotient << 16) | u128::from(digit);
                rest = remainder;
            }
            (number, *symbol) = (quotient, low16(rest));
        }
    }

    fn widen(self) -> u128 {
        self
    }

    fn reciprocal(modulus: Self) -> Self {
        Self::MAX / modulus
    }

    fn power(radix: u32, exponent: usize) -> Self {
        (0..exponent).fold(1, |power: Self, _| power.wrapping_mul(Self::from(radix)))
    }

    fn of_block(block: u128, shift: u32) -> Self {
        block >> shift
    }

    fn rest(answer: Self, modulus: Self, reciprocal: Self) -> Self {
        answer - high_wide(answer, reciprocal) * modulus
    }

    fn add(a: Self, rest: Self, modulus: Self) -> Self {
        settle_wide(a.wrapping_sub(2 * modulus).wrapping_add(rest), modulus)
    }

    fn subtract(a: Self, rest: Self, modulus: Self) -> Self {
        settle_wide(a.wrapping_sub(rest), modulus)
    }
}

/// `x`, which is at least minus twice the modulus and below it, brought to 0 or more. Negative numbers are
/// those whose highest bit is set: the modulus is at most 2^32.
fn settle(x: u64, modulus: u64) -> u64 {
    // All ones where it is negative.
    let mask = |x: u64| 0_u64.wrapping_sub(x >> 63);
    x.wrapping_add(modulus & mask(x)).wrapping_add(modulus & mask(x.wrapping_add(modulus)))
}

/// As [`settle`], for a modulus of at most 2^96.
fn settle_wide(x: u128, modulus: u128) -> u128 {
    let mask = |x: u128| 0_u128.wrapping_sub(x >> 127);
    x.wrapping_add(modulus & mask(x)).wrapping_add(modulus & mask(x.wrapping_add(modulus)))
}

/// The upper half of the product.
fn high(a: u64, b: u64) -> u64 {
    low64((u128::from(a) * u128::from(b)) >> 64)
}

/// The upper half of the product of 256 bits.
fn high_wide(a: u128, b: u128) -> u128 {
    let halves = |x: u128| (x >> 64, x & u128::from(u64::MAX));
    let ((a1, a0), (b1, b0)) = (halves(a), halves(b));
    // No sum overflows: each product is at most (2^64 - 1)^2, which leaves room for two halves.
    let middle = a1 * b0 + ((a0 * b0) >> 64);
    let (carry, middle) = halves(middle);
    let middle = a0 * b1 + middle;
    a1 * b1 + carry + (middle >> 64)
}

/// Bytes as bits.
pub(super) fn bits(bytes: usize) -> u32 {
    // INVARIANT: a block has 16 bytes.
    u32::try_from(bytes).unwrap_or(16) * 8
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
const fn low64(x: u128) -> u64 {
    x as u64
}

#[expect(clippy::cast_possible_truncation, reason = "a symbol is below the radix, at most 2^16")]
pub(super) const fn low16(x: u64) -> u16 {
    x as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every radix, at the edges of each multiple: the reciprocal is exact.
    #[test]
    fn a_symbol_is_taken_off_exactly() {
        for divisor in 2..=1_u32 << 16 {
            let reciprocal = Reciprocal::new(divisor);
            let d = u64::from(divisor);
            let last = u64::from(u32::MAX) / d * d;
            for x in [0, 1, d - 1, d, d + 1, last - 1, last, u64::from(u32::MAX)] {
                assert_eq!(reciprocal.divide(x), (x / d, x % d), "{x} / {d}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn reductions_are_those_of_division(answer: u128, a: u128, b: u128, radix in 2_u32..=1 << 16, exponent in 1_usize..97) {
            let fits = |bits| f64::from(radix).log2() * f64::from(u32::try_from(exponent).unwrap()) <= f64::from(bits);
            if fits(32) {
                let modulus = Modulus::<Narrow>::power(radix, exponent);
                let (m, low) = (modulus.value, low64(answer));
                proptest::prop_assert_eq!(modulus.rest(low) % m, low % m);
                proptest::prop_assert!(modulus.rest(low) < 2 * m);
                let (a, b) = (low64(a) % m, low64(b) % (2 * m));
                proptest::prop_assert_eq!(modulus.add(a, b), (a + b) % m);
                proptest::prop_assert_eq!(modulus.subtract(a, b), (a + 2 * m - b) % m);
            }
            if fits(96) {
                let modulus = Modulus::<Wide>::power(radix, exponent);
                let m = modulus.value;
                proptest::prop_assert_eq!(modulus.rest(answer) % m, answer % m);
                proptest::prop_assert!(modulus.rest(answer) < 2 * m);
                let (a, b) = (a % m, b % (2 * m));
                proptest::prop_assert_eq!(modulus.add(a, b), (a + b) % m);
                proptest::prop_assert_eq!(modulus.subtract(a, b), (a + 2 * m - b) % m);
            }
        }

        #[test]
        fn a_reduction_holds_at_its_edges(radix in 2_u32..=1 << 16, exponent in 1_usize..33, near in 0_u64..4) {
            if f64::from(radix).log2() * f64::from(u32::try_from(exponent).unwrap()) <= 32.0 {
                let modulus = Modulus::<Narrow>::power(radix, exponent);
                let m = modulus.value;
                for answer in [near, u64::MAX - near, u64::MAX / m * m - near.min(m), (m + near).wrapping_sub(2)] {
                    proptest::prop_assert_eq!(modulus.rest(answer) % m, answer % m);
                }
                for (a, b) in [(0, 0), (0, 2 * m - 1), (m - 1, 2 * m - 1), (m - 1, m), (0, m), (m - 1, 1), (0, 1)] {
                    proptest::prop_assert_eq!(modulus.add(a, b), (a + b) % m);
                    proptest::prop_assert_eq!(modulus.subtract(a, b), (a + 2 * m - b) % m);
                }
            }
        }
    }
}
