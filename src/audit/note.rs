//! Signed notes: text with Ed25519 signatures under it (C2SP `signed-note`).
//!
//! Rules: a text counts only after a signature of the expected key was checked; signatures of
//! other keys are passed over; one wrong signature of the expected key refuses the whole note.

use core::fmt;
use core::str::FromStr;

use base64ct::{Base64, Encoding as _};

use crate::error::ProofError;
use crate::hazmat::hash::sha256;
use crate::hazmat::sign::{self, PUBLIC_LEN, SIGNATURE_LEN};

/// Longest signed note, in bytes. Library default: the specification asks for room for 16 signatures.
pub const MAX_NOTE_LEN: usize = 256 * 1024;

/// The signature type Ed25519.
const ED25519: u8 = 0x01;
const KEY_ID_LEN: usize = 4;

/// A public key with the name that it signs under. Its text form is C2SP's, such as
/// `cpni-guard/audit/0202…02+1f0a3b5c+AQ…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: Box<str>,
    public: [u8; PUBLIC_LEN],
}

impl VerifyingKey {
    /// Only names of this library or checked ones: not empty, no space, no plus.
    pub(super) fn new(name: &str, public: [u8; PUBLIC_LEN]) -> Self {
        Self { name: name.into(), public }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &str {
        &self.name
    }

    /// The public key (RFC 8032 §5.1.5).
    #[must_use]
    pub const fn public(&self) -> &[u8; PUBLIC_LEN] {
        &self.public
    }

    /// The text of a note that this key signed.
    ///
    /// # Errors
    /// [`ProofError::Format`] if it is no signed note or longer than [`MAX_NOTE_LEN`];
    /// [`ProofError::NotSigned`] if this key did not sign it; [`ProofError::Signature`] if a
    /// signature that is said to be this key's is not.
    pub fn open_note<'n>(&self, note: &'n str) -> Result<&'n str, ProofError> {
        let (text, signatures) = split(note)?;
        let id = self.id();
        let mut signed = false;
        for line in signatures.lines() {
            let signature = Signature::read(line).ok_or(NOT_A_NOTE)?;
            if signature.name != &*self.name || signature.id != id {
                continue;
            }
            let bytes = signature.bytes.as_slice().try_into().map_err(|_| ProofError::Signature)?;
            if !sign::verifies(&self.public, text.as_bytes(), bytes) {
                return Err(ProofError::Signature);
            }
            signed = true;
        }
        signed.then_some(text).ok_or(ProofError::NotSigned)
    }

    /// The note of this text with this signature.
    pub(super) fn note(&self, text: &str, signature: &[u8; SIGNATURE_LEN]) -> String {
        let signature = Base64::encode_string(&[&self.id()[..], signature].concat());
        format!("{text}\n{DASH}{} {signature}\n", self.name)
    }

    fn id(&self) -> [u8; KEY_ID_LEN] {
        let key = [self.name.as_bytes(), b"\n", &[ED25519], &self.public].concat();
        let [a, b, c, d, ..] = sha256(&key);
        [a, b, c, d]
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let key = Base64::encode_string(&[&[ED25519][..], &self.public].concat());
        write!(f, "{}+{id:08x}+{key}", self.name)
    }
}

impl FromStr for VerifyingKey {
    type Err = ProofError;

    /// Reads the text form. A key of another signature type is refused.
    fn from_str(text: &str) -> Result<Self, ProofError> {
        let refused = ProofError::Format { why: "not a verifier key of signature type Ed25519" };
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refused);
        };
        let key = Base64::decode_vec(key).map_err(|_| refused)?;
        let public = match key.split_first() {
            Some((&ED25519, public)) => public.try_into().map_err(|_| refused)?,
            Some(_) | None => return Err(refused),
        };
        let key = Self::new(name, public);
        // One form only: the id is the one of name and key, in lower case.
        (is_name(name) && key.to_string() == text).then_some(key).ok_or(refused)
    }
}

/// Em dash and space.
const DASH: &str = "\u{2014} ";
const NOT_A_NOTE: ProofError = ProofError::Format { why: "not a signed note" };

struct Signature<'n> {
    name: &'n str,
    id: [u8; KEY_ID_LEN],
    bytes: Vec<u8>,
}

impl<'n> Signature<'n> {
    fn read(line: &'n str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
        let signature = Base64::decode_vec(signature).ok()?;
        let (id, bytes) = signature.split_first_chunk()?;
        (is_name(name) && !bytes.is_empty()).then(|| Self { name, id: *id, bytes: bytes.to_vec() })
    }
}

/// The text of a note, with its last newline, and its signature lines. Nothing is checked yet.
pub(super) fn split(note: &str) -> Result<(&str, &str), ProofError> {
    let allowed = note.len() <= MAX_NOTE_LEN && !note.bytes().any(|byte| byte < b' ' && byte != b'\n');
    let (text, signatures) = note.rsplit_once("\n\n").filter(|_| allowed).ok_or(NOT_A_NOTE)?;
    let text = note.get(..=text.len()).ok_or(NOT_A_NOTE)?;
    if signatures.is_empty() || !signatures.ends_with('\n') {
        Err(NOT_A_NOTE)
    } else {
        Ok((text, signatures))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hazmat::Key32;
    use crate::hazmat::sign::SigningKey;

    fn signer(byte: u8) -> (SigningKey, VerifyingKey) {
        let seed = Key32::filled_by(|seed| -> Result<(), ()> {
            *seed = [byte; 32];
            Ok(())
        });
        let signing = SigningKey::from_seed(&seed.unwrap());
        let public = VerifyingKey::new(&format!("example.com/{byte}"), signing.public());
        (signing, public)
    }

    #[test]
    fn a_key_has_one_text_form() {
        let (_, key) = signer(1);
        let text = key.to_string();
        assert_eq!(text.parse(), Ok(key));
        let refused = |text: &str| assert!(text.parse::<VerifyingKey>().is_err(), "{text}");
        for at in 0..text.len() {
            refused(text.get(..at).unwrap());
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            refused(str::from_utf8(&other).unwrap());
        }
        refused(&format!("{text}="));
        refused(&format!("{text}\n"));
        refused(&text.to_uppercase());
        // Type 0x02 with its right id, and names that are not allowed.
        for (name, kind) in [("n", 2), ("", 1), ("a b", 1), ("a\u{a0}b", 1)] {
            let key = [&[kind][..], &[7; 32]].concat();
            let id = sha256(&[name.as_bytes(), b"\n", &key].concat());
            let id = u32::from_be_bytes([id[0], id[1], id[2], id[3]]);
            refused(&format!("{name}+{id:08x}+{}", Base64::encode_string(&key)));
        }
    }

    #[test]
    fn a_note_counts_only_with_a_signature_of_the_expected_key() {
        let ((signing, key), (other_signing, other)) = (signer(1), signer(2));
        let text = "two\n\nparagraphs\n";
        let note = key.note(text, &signing.sign(text.as_bytes()));
        assert_eq!(key.open_note(&note), Ok(text));
        assert_eq!(other.open_note(&note), Err(ProofError::NotSigned));
        // A second signature, in front or behind, changes nothing.
        let both = other.note(text, &other_signing.sign(text.as_bytes()));
        let both = format!("{note}{}", both.strip_prefix(text).unwrap().trim_start());
        assert_eq!((key.open_note(&both), other.open_note(&both)), (Ok(text), Ok(text)));
        // A wrong one of the same key does, although another of it is right.
        let wrong = key.note(text, &signing.sign(b"something else\n"));
        let wrong = format!("{note}{}", wrong.strip_prefix(text).unwrap().trim_start());
        assert_eq!(key.open_note(&wrong), Err(ProofError::Signature));
        // The right key under another name.
        let renamed = VerifyingKey::new("example.com/3", *key.public());
        assert_eq!(renamed.open_note(&note), Err(ProofError::NotSigned));
    }

    #[test]
    fn no_changed_note_opens() {
        let (signing, key) = signer(1);
        let text = "text\n";
        let note = key.note(text, &signing.sign(text.as_bytes()));
        for at in 0..note.len() {
            for byte in [b'\n', b' ', b'A', b'B', 0, b'\r', 0xff] {
                let mut changed = note.clone().into_bytes();
                if std::mem::replace(&mut changed[at], byte) != byte
                    && let Ok(changed) = String::from_utf8(changed)
                {
                    assert!(key.open_note(&changed).is_err(), "{changed:?}");
                }
            }
            assert!(note.get(..at).is_none_or(|cut| key.open_note(cut).is_err()), "{at} bytes");
        }
        for more in ["\n", "x", "\u{2014} x\n", "\u{2014} x y\n", "\u{2014} x AAAAAA\n"] {
            assert!(key.open_note(&format!("{note}{more}")).is_err(), "{more:?}");
        }
        let padded = |len: usize| {
            let text = format!("{}\n", "x".repeat(len));
            let note = key.note(&text, &signing.sign(text.as_bytes()));
            (note.len(), key.open_note(&note).is_ok())
        };
        let rest = padded(0).0;
        assert_eq!(padded(MAX_NOTE_LEN - rest), (MAX_NOTE_LEN, true));
        assert_eq!(padded(MAX_NOTE_LEN - rest + 1), (MAX_NOTE_LEN + 1, false));
    }

    #[test]
    #[ignore = "reads ../shared/vectors"]
    fn shared_signed_note() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors/signed-note.json");
        let case: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let (key, note) = (case["vkey"].as_str().unwrap(), case["note"].as_str().unwrap());
        let parsed: VerifyingKey = key.parse().unwrap();
        assert_eq!(parsed.to_string(), key);
        assert_eq!(parsed.open_note(note), Ok("This is an example message.\n"));
        assert_eq!(
            parsed.open_note(&note.replace("example message", "Example message")),
            Err(ProofError::Signature)
        );
        assert_eq!(signer(1).1.open_note(note), Err(ProofError::NotSigned));
    }
}
