//! Format-preserving tokens: FF1 under the key of a column (`docs/spec/token-v1.md` §2, §3).

use core::fmt;
use core::ops::RangeInclusive;

use zeroize::Zeroizing;

use super::alphabet::Alphabet;
use crate::error::TokenError;
use crate::hazmat::Key32;
use crate::hazmat::ff1::{Ff1, Refused};
use crate::hazmat::framing::Tuple;
use crate::hazmat::kdf::Prk;
use crate::sensitive::Sensitive;
use crate::vocabulary::{FieldName, TenantId};

const KEY_LABEL: &str = "cpni-guard/v1/token-ff1";
/// Texts up to this length need no allocation: an ICCID has 20 digits.
const SHORT: usize = 20;
const TWEAK_LABEL: &str = "cpni-guard/v1/token-tweak";

/// A format-preserving token: a text of the length and the characters of a value, and not one.
///
/// It carries no version and no proof: any text of the right form is a token of something. Silent in
/// `Debug`, because in a log it would be taken for the number that it looks like.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatToken(Box<str>);

impl FormatToken {
    /// A token as it was stored. Whether it has the column's form is checked where it is used.
    pub fn from_stored(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text, to be stored or compared.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FormatToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormatToken(..)")
    }
}

/// Where tokens stand: all of it is in the tweak.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    pub(crate) tenant: &'p TenantId,
    pub(crate) field: &'p FieldName,
    pub(crate) column: &'p FieldName,
}

/// FF1 under one key version of a column.
pub(crate) struct FormatCipher {
    ff1: Ff1,
    values: Alphabet,
    tokens: Alphabet,
    lengths: RangeInclusive<usize>,
}

impl FormatCipher {
    pub(crate) fn new(
        column_key: Key32,
        place: Place<'_>,
        values: &Alphabet,
        tokens: &Alphabet,
        lengths: &RangeInclusive<usize>,
    ) -> Result<Self, TokenError> {
        let key = Prk::from_key(column_key).expand(Tuple::new(KEY_LABEL).as_bytes());
        let radix = values.size();
        let refused = |_: Refused| TokenError::SmallDomain { radix, len: *lengths.start() };
        let ff1 = Ff1::new(&key, to_u32(radix), tweak(place).as_bytes(), lengths.clone()).map_err(refused)?;
        Ok(Self { ff1, values: values.clone(), tokens: tokens.clone(), lengths: lengths.clone() })
    }

    /// The token of a value in its normal form.
    pub(crate) fn tokenise(&self, value: &str) -> Result<FormatToken, TokenError> {
        self.with_symbols(&self.values, value, |symbols| {
            self.ff1.encrypt(symbols).map_err(|_| self.length(value.len()))?;
            Ok(FormatToken(self.tokens.write(symbols).into_boxed_str()))
        })
    }

    /// The tokens of many values in their normal form, each with a result of its own. Those of one length
    /// are computed side by side.
    pub(crate) fn tokenise_many<'v>(
        &self,
        values: impl ExactSizeIterator<Item = Result<&'v str, TokenError>>,
    ) -> Vec<Result<FormatToken, TokenError>> {
        let mut results: Vec<Result<FormatToken, TokenError>> = Vec::with_capacity(values.len());
        let mut batches: Vec<Batch> = Vec::new();
        for value in values {
            let place = results.len();
            // INVARIANT: every value that is read is replaced below.
            results.push(Err(TokenError::WrongKind));
            let read = value.and_then(|value| self.check_len(value).map(|()| value)).and_then(|value| {
                let batch = match batches.iter_mut().position(|batch| batch.len == value.len()) {
                    Some(at) => batches.get_mut(at),
                    None => {
                        // With its final capacity if all values have this length: a buffer that grows
                        // leaves copies behind.
                        let room = value.len().saturating_mul(results.capacity());
                        let symbols = Zeroizing::new(Vec::with_capacity(room));
                        batches.push(Batch { len: value.len(), places: Vec::new(), symbols });
                        batches.last_mut()
                    }
                };
                let batch = batch.ok_or(TokenError::WrongKind)?;
                let before = batch.symbols.len();
                batch.symbols.resize(before.saturating_add(value.len()), 0);
                let read = self.values.read(value, batch.symbols.get_mut(before..).unwrap_or_default());
                match read {
                    Ok(()) => batch.places.push(place),
                    Err(_) => batch.symbols.truncate(before),
                }
                read
            });
            if let (Err(refused), Some(result)) = (read, results.last_mut()) {
                *result = Err(refused);
            }
        }
        for Batch { len, places, mut symbols } in batches {
            let done = self.ff1.encrypt_many(len, &mut symbols).map_err(|_| self.length(len));
            for (place, row) in places.into_iter().zip(symbols.chunks_exact(len)) {
                if let Some(result) = results.get_mut(place) {
                    *result = done.map(|()| FormatToken(self.tokens.write(row).into_boxed_str()));
                }
            }
        }
        results
    }

    /// The value of a token. Any text of the right form has one: what comes out is not authentic.
    pub(super) fn detokenise(&self, token: &FormatToken) -> Result<Sensitive<String>, TokenError> {
        self.with_symbols(&self.tokens, &token.0, |symbols| {
            self.ff1.decrypt(symbols).map_err(|_| self.length(token.0.len()))?;
            Ok(Sensitive::new(self.values.write(symbols)))
        })
    }

    /// Shows the symbols of a text of a right length to `work`, in a buffer that is wiped.
    fn with_symbols<T>(
        &self,
        alphabet: &Alphabet,
        text: &str,
        work: impl FnOnce(&mut [u16]) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        self.check_len(text)?;
        let (mut short, mut long) = (Zeroizing::new([0; SHORT]), Zeroizing::new(Vec::new()));
        let symbols = match short.get_mut(..text.len()) {
            Some(symbols) => symbols,
            None => {
                *long = vec![0; text.len()];
                long.as_mut_slice()
            }
        };
        alphabet.read(text, symbols)?;
        work(symbols)
    }

    /// Every character of an alphabet is one byte: others are refused when they are read.
    fn check_len(&self, text: &str) -> Result<(), TokenError> {
        if self.lengths.contains(&text.len()) { Ok(()) } else { Err(self.length(text.len())) }
    }

    fn length(&self, len: usize) -> TokenError {
        TokenError::Length { len, min: *self.lengths.start(), max: *self.lengths.end() }
    }
}

/// Values of one length.
struct Batch {
    len: usize,
    /// Where their results go.
    places: Vec<usize>,
    symbols: Zeroizing<Vec<u16>>,
}

impl fmt::Debug for FormatCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormatCipher(..)")
    }
}

/// `token-v1.md` §2. Injective: two places never have one tweak.
pub(super) fn tweak(place: Place<'_>) -> Tuple {
    Tuple::new(TWEAK_LABEL)
        .with(place.tenant.as_str().as_bytes())
        .with(place.field.as_str().as_bytes())
        .with(place.column.as_str().as_bytes())
}

fn to_u32(radix: usize) -> u32 {
    // INVARIANT: an alphabet has at most 94 characters.
    u32::try_from(radix).unwrap_or_default()
}
