//! A vault token as text: a prefix for its class, 128 random bits, and a checksum that catches typing
//! errors (Bech32m, BIP 350; `docs/spec/vault-token-v1.md` §1).

use core::fmt;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};

use crate::error::TokenError;
use crate::vocabulary::DataClass;

/// What stands for a value that leaves the carrier: random, so it says nothing of the value. The value
/// is in the vault, and comes out by [`crate::Interaction::detokenise`] only.
///
/// As text it has 38 characters, such as `cgssn1…`: a prefix for each class, so that a token is never
/// taken for a value or for a token of another class, and a checksum (BIP 350) by which up to four
/// mistyped characters are always found.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VaultToken {
    class: DataClass,
    id: [u8; 16],
}

impl VaultToken {
    pub(super) const fn new(class: DataClass, id: [u8; 16]) -> Self {
        Self { class, id }
    }

    /// Reads what [`VaultToken::to_text`] wrote, in lower or in upper case.
    ///
    /// # Errors
    /// [`TokenError::NotAToken`]: mistyped, cut, or something else. That it was ever issued, and is
    /// still good, this does not say.
    pub fn from_text(text: &str) -> Result<Self, TokenError> {
        let checked = CheckedHrpstring::new::<Bech32m>(text).map_err(|_| TokenError::NotAToken)?;
        let prefix = checked.hrp().to_lowercase();
        let class = DataClass::ALL.iter().copied().find(|class| prefix_of(*class) == Some(&prefix));
        let class = class.ok_or(TokenError::NotAToken)?;
        let mut id = [0; 16];
        let mut bytes = checked.byte_iter();
        for byte in &mut id {
            *byte = bytes.next().ok_or(TokenError::NotAToken)?;
        }
        let token = Self { class, id };
        // There is one spelling: this also refuses more bytes, and bits of the last character that say nothing.
        if token.to_text().eq_ignore_ascii_case(text) { Ok(token) } else { Err(TokenError::NotAToken) }
    }

    /// The text to hand out, in lower case.
    #[must_use]
    pub fn to_text(&self) -> String {
        // INVARIANT: a token is made only for a class that has a prefix, and 38 characters are within the code's 90.
        let hrp = prefix_of(self.class).and_then(|prefix| Hrp::parse(prefix).ok());
        hrp.and_then(|hrp| bech32::encode::<Bech32m>(hrp, &self.id).ok()).unwrap_or_default()
    }

    /// What its text begins with: the same for all tokens of a class.
    #[must_use]
    pub fn prefix(&self) -> &'static str {
        prefix_of(self.class).unwrap_or_default()
    }

    /// The class of the value that it stands for.
    #[must_use]
    pub const fn class(&self) -> DataClass {
        self.class
    }

    pub(super) const fn id(&self) -> &[u8; 16] {
        &self.id
    }
}

/// Silent but for the class: whoever has a token may ask for its value.
impl fmt::Debug for VaultToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultToken").field("class", &self.class).finish_non_exhaustive()
    }
}

/// The prefix of the tokens of a class; `None`: its values are not tokenised. What a customer proves
/// to be the customer with never leaves, in no form.
pub(super) const fn prefix_of(class: DataClass) -> Option<&'static str> {
    Some(match class {
        DataClass::Identity => "cgidn",
        DataClass::Address => "cgadr",
        DataClass::Biographical => "cgbio",
        DataClass::Ssn => "cgssn",
        DataClass::SsnLast4 => "cgss4",
        DataClass::OtherGovernmentId => "cggov",
        DataClass::AccountInfo => "cgacc",
        DataClass::Billing => "cgbil",
        DataClass::ServiceDetails => "cgsvc",
        DataClass::DeviceId => "cgdev",
        DataClass::CallDetail => "cgcal",
        DataClass::Location => "cgloc",
        DataClass::Payment => "cgpay",
        DataClass::DirectoryListing => "cgdir",
        DataClass::Survivor => "cgsur",
        DataClass::AuthSecret => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> VaultToken {
        VaultToken::new(DataClass::Ssn, *b"sixteen bytes of")
    }

    #[test]
    fn a_token_reads_back_and_has_one_length() {
        let mut prefixes = Vec::new();
        for class in DataClass::ALL {
            let Some(prefix) = prefix_of(*class) else {
                assert_eq!(*class, DataClass::AuthSecret);
                continue;
            };
            assert!(!prefixes.contains(&prefix), "a prefix of its own");
            prefixes.push(prefix);
            for id in [[0; 16], [0xff; 16], *b"sixteen bytes of"] {
                let token = VaultToken::new(*class, id);
                let text = token.to_text();
                assert_eq!(text.len(), 38);
                assert!(text.starts_with(prefix));
                assert_eq!(token.prefix(), prefix);
                assert_eq!(VaultToken::from_text(&text), Ok(token.clone()));
                assert_eq!(VaultToken::from_text(&text.to_ascii_uppercase()), Ok(token));
            }
        }
        assert_eq!(prefixes.len(), 15);
    }

    /// Written by another program (BIP 350).
    #[test]
    fn a_vector() {
        assert_eq!(token().to_text(), "cgssn1wd5hsar9v4hzqcnew3jhxgr0vc048mle");
    }

    /// BIP 173: up to four wrong characters are always found. Here: each single one, each pair of
    /// neighbours exchanged, each character missing or doubled.
    #[test]
    fn typing_errors_are_found() {
        let text = token().to_text();
        let refused = |changed: &str| {
            assert_eq!(VaultToken::from_text(changed), Err(TokenError::NotAToken), "{changed}");
        };
        let letters: Vec<char> = text.chars().collect();
        for at in 0..letters.len() {
            let (before, right, after) = (&letters[..at], letters[at], &letters[at + 1..]);
            let with = |middle: &[char]| [before, middle, after].concat().into_iter().collect::<String>();
            let wrong = ('0'..='9').chain('a'..='z').chain(['-', ' ', '\u{a0}', 'Q']);
            wrong.filter(|wrong| *wrong != right).for_each(|wrong| refused(&with(&[wrong])));
            refused(&with(&[]));
            refused(&with(&[right, right]));
            let mut exchanged = letters.clone();
            if at + 1 < letters.len() && right != letters[at + 1] {
                exchanged.swap(at, at + 1);
                refused(&exchanged.into_iter().collect::<String>());
            }
        }
        let cut: String = letters[..37].iter().collect();
        for other in ["", "1", "078-05-1120", "cgssn1", &cut, &format!("{text}q")] {
            refused(other);
        }
        // Good checksums over something else: another prefix, other lengths, the older code.
        refused(&bech32::encode::<Bech32m>(Hrp::parse("bc").unwrap(), &[7; 16]).unwrap());
        let prefix = Hrp::parse("cgssn").unwrap();
        refused(&bech32::encode::<Bech32m>(prefix, &[7; 15]).unwrap());
        refused(&bech32::encode::<Bech32m>(prefix, &[7; 17]).unwrap());
        refused(&bech32::encode::<bech32::Bech32>(prefix, &[7; 16]).unwrap());
    }

    #[test]
    fn debug_shows_the_class_only() {
        assert_eq!(format!("{:?}", token()), "VaultToken { class: Ssn, .. }");
    }
}
