//! The characters that a value or a format-preserving token is made of.

use core::fmt;

use crate::error::TokenError;

/// The most characters of an alphabet: every visible ASCII character.
///
/// The standard allows 65,536. Beyond ASCII one character has several spellings (Unicode normal forms);
/// a database or driver that changes one for another would change the token.
pub const MAX_ALPHABET: usize = 94;

/// No character of the alphabet.
const NONE: u8 = 0xff;

/// An alphabet: 2 to [`MAX_ALPHABET`] different visible ASCII characters, in an order that counts.
#[derive(Clone, PartialEq, Eq)]
pub struct Alphabet {
    characters: Box<str>,
    /// The place of each ASCII character, or [`NONE`].
    places: Box<[u8; 128]>,
}

impl Alphabet {
    /// An alphabet of these characters.
    ///
    /// # Errors
    /// [`TokenError::AlphabetSize`]; [`TokenError::AlphabetCharacter`] for the first one that is not
    /// visible ASCII or was there before.
    pub fn new(characters: &str) -> Result<Self, TokenError> {
        let mut places = Box::new([NONE; 128]);
        for (position, character) in characters.chars().enumerate() {
            let refused = TokenError::AlphabetCharacter { position };
            if !character.is_ascii_graphic() {
                return Err(refused);
            }
            let place = usize::try_from(u32::from(character)).ok().and_then(|at| places.get_mut(at));
            match place {
                // INVARIANT: there are fewer than 255 different ones.
                Some(place) if *place == NONE => *place = u8::try_from(position).unwrap_or(NONE),
                Some(_) | None => return Err(refused),
            }
        }
        if !(2..=MAX_ALPHABET).contains(&characters.len()) {
            return Err(TokenError::AlphabetSize { size: characters.len(), max: MAX_ALPHABET });
        }
        Ok(Self { characters: characters.into(), places })
    }

    /// `0` to `9`.
    #[must_use]
    pub fn digits() -> Self {
        Self::known("0123456789")
    }

    /// `A` to `Z`.
    #[must_use]
    pub fn letters() -> Self {
        Self::known("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    }

    /// `0` to `9`, then `A` to `Z`.
    #[must_use]
    pub fn digits_and_letters() -> Self {
        Self::known("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    }

    /// Ten letters, for tokens of digits that nobody and no program takes for a number. Vowels are left
    /// out, so that no words arise, and letters that look like digits.
    #[must_use]
    pub fn ten_letters() -> Self {
        Self::known("BCDFGHJKMN")
    }

    /// The characters, in their order.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.characters
    }

    /// How many characters there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.characters.len()
    }

    /// The places of the characters of a text, in `out`, which has room for each byte of it.
    ///
    /// The table of places fills two lines of a processor's cache; which of them was read is all that
    /// the time could tell.
    pub(super) fn read(&self, text: &str, out: &mut [u16]) -> Result<(), TokenError> {
        for (symbol, byte) in out.iter_mut().zip(text.bytes()) {
            *symbol = u16::from(self.places.get(usize::from(byte)).copied().unwrap_or(NONE));
        }
        match out.iter().position(|symbol| *symbol == u16::from(NONE)) {
            None => Ok(()),
            Some(position) => Err(TokenError::Character { position }),
        }
    }

    /// The text of places that are all in the alphabet.
    pub(super) fn write(&self, symbols: &[u16]) -> String {
        let characters = self.characters.as_bytes();
        // INVARIANT: every place is that of a visible ASCII character.
        let character = |symbol: &u16| characters.get(usize::from(*symbol)).copied().unwrap_or_default();
        String::from_utf8(symbols.iter().map(character).collect()).unwrap_or_default()
    }

    fn known(characters: &str) -> Self {
        #[expect(clippy::expect_used, reason = "a test makes each of them")]
        Self::new(characters).expect("an alphabet")
    }
}

impl fmt::Debug for Alphabet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Alphabet").field(&self.characters).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_alphabets_are_alphabets() {
        let all = [
            Alphabet::digits(),
            Alphabet::letters(),
            Alphabet::digits_and_letters(),
            Alphabet::ten_letters(),
        ];
        assert_eq!(all.map(|alphabet| alphabet.size()), [10, 26, 36, 10]);
    }

    #[test]
    fn what_is_no_alphabet_is_refused() {
        let visible: String = ('!'..='~').collect();
        assert_eq!(Alphabet::new(&visible).unwrap().size(), MAX_ALPHABET);
        for (characters, refused) in [
            ("", TokenError::AlphabetSize { size: 0, max: 94 }),
            ("a", TokenError::AlphabetSize { size: 1, max: 94 }),
            ("aba", TokenError::AlphabetCharacter { position: 2 }),
            ("a b", TokenError::AlphabetCharacter { position: 1 }),
            ("ab\u{7f}", TokenError::AlphabetCharacter { position: 2 }),
            ("abcé", TokenError::AlphabetCharacter { position: 3 }),
            ("０１２", TokenError::AlphabetCharacter { position: 0 }),
        ] {
            assert_eq!(Alphabet::new(characters).unwrap_err(), refused, "{characters}");
        }
    }

    #[test]
    fn a_text_is_read_and_written() {
        let hex = Alphabet::new("0123456789abcdef").unwrap();
        let mut symbols = [7; 4];
        hex.read("00fe", &mut symbols).unwrap();
        assert_eq!(symbols, [0, 0, 15, 14]);
        assert_eq!(hex.write(&symbols), "00fe");
        assert_eq!(hex.read("00Fe", &mut symbols), Err(TokenError::Character { position: 2 }));
        // A byte beyond ASCII is a character of none: its position counts bytes.
        assert_eq!(hex.read("0é", &mut symbols[..3]), Err(TokenError::Character { position: 1 }));
    }
}
