//! The normal form of a value: the one spelling in which tokens, search and verify compare it.
//!
//! Rules: an identifier has the form of its kind; every other text, and a value that has not the form
//! of its kind, has the form of a text. The two are told apart, so that no text is an identifier.
//! The table is `docs/spec/blind-index-v1.md` §1. A form of today is one of tomorrow: whoever changes it
//! changes every index.
//!
//! Security note: buffers are built with their final capacity and wiped; equality is in constant time.

use unicode_normalization::UnicodeNormalization as _;

use super::identifiers;
use crate::sensitive::Sensitive;
use crate::vocabulary::{DataClass, IdentifierKind};

/// A value in its normal form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NormalForm {
    of_kind: bool,
    text: Sensitive<String>,
}

impl NormalForm {
    /// The form of a value; `None` for an empty one, which says that nothing is known.
    pub(crate) fn of(kind: Option<IdentifierKind>, text: &str) -> Option<Self> {
        let of_kind = kind.and_then(|kind| identifiers::normalise(kind, text));
        let form = match of_kind {
            Some(text) => Self { of_kind: true, text },
            None => Self { of_kind: false, text: text_form(text) },
        };
        // EXPOSE: only whether it is empty is read.
        (!form.text.expose().is_empty()).then_some(form)
    }

    /// Whether two values are the same. A secret is the same only to the letter.
    pub(crate) fn same(class: DataClass, kind: Option<IdentifierKind>, a: &str, b: &str) -> bool {
        let exactly = |text: &str| Sensitive::from(text.to_owned());
        match (Self::of(kind, a), Self::of(kind, b)) {
            (Some(a), Some(b)) if class != DataClass::AuthSecret => a == b,
            (Some(_) | None, _) => exactly(a) == exactly(b),
        }
    }

    /// 1: the form of a kind. 0: the form of a text.
    pub(crate) const fn tag(&self) -> u8 {
        self.of_kind as u8
    }

    /// The form itself.
    pub(crate) fn expose(&self) -> &[u8] {
        // EXPOSE: for a keyed hash or a comparison in constant time.
        self.text.expose().as_bytes()
    }
}

/// The form of a text: Unicode NFKC, without case, typographic apostrophes and dashes as those of
/// ASCII, each run of white space one space, none at the ends, nothing that is never seen.
fn text_form(text: &str) -> Sensitive<String> {
    if text.is_ascii() {
        return collected(text.len(), text.chars().map(|character| character.to_ascii_lowercase()));
    }
    // Twice, so that the buffer never grows.
    let len = folded(text).map(char::len_utf8).fold(0, usize::saturating_add);
    collected(len, folded(text))
}

/// Lower case of upper case of lower case is the case folding that pairs `ß` with `SS` and final sigma
/// with sigma. What it gives may compose anew.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    let characters = text.nfkc().filter(|character| !is_never_seen(*character)).map(plain);
    let lower = characters.flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc()
}

fn collected(len: usize, characters: impl Iterator<Item = char>) -> Sensitive<String> {
    let mut kept = Sensitive::new(String::with_capacity(len));
    let mut space_waits = false;
    for character in characters {
        if character.is_whitespace() {
            // EXPOSE: only whether it is empty is read.
            space_waits = !kept.expose().is_empty();
            continue;
        }
        if core::mem::take(&mut space_waits) {
            kept.expose_mut().push(' ');
        }
        kept.expose_mut().push(character);
    }
    kept
}

/// Soft hyphen, joiners and other marks without width.
const fn is_never_seen(character: char) -> bool {
    matches!(character, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

/// Telephones and word processors replace these as one types.
const fn plain(character: char) -> char {
    match character {
        '\u{2018}' | '\u{2019}' | '\u{02BC}' | '\u{2032}' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: &str) -> String {
        text_form(value).expose().clone()
    }

    #[test]
    fn a_name_has_one_form_however_it_is_typed() {
        let spellings = [
            ("josé garcía", &["José García", "JOSE\u{301} GARCI\u{301}A", " Jose\u{301}\u{A0}García  "][..]),
            (
                "o'brien-smith",
                &["O'Brien-Smith", "O\u{2019}BRIEN\u{2010}SMITH", "o\u{2BC}brien\u{2011}smith"],
            ),
            ("strasse", &["Straße", "STRASSE", "STRA\u{1E9E}E", "stra\u{AD}sse"]),
            ("dana example", &["Dana Example", "ＤＡＮＡ　ＥＸＡＭＰＬＥ", "dana\t\n example"]),
            ("οδυσσευσ", &["ΟΔΥΣΣΕΥΣ", "οδυσσευς"]),
        ];
        for (form, spellings) in spellings {
            for spelling in spellings {
                assert_eq!(text(spelling), form, "{spelling}");
            }
        }
        assert_ne!(text("Dana Example"), text("DanaExample"));
        assert_ne!(text("Jose"), text("José"), "an accent is part of a name");
    }

    #[test]
    fn an_identifier_and_a_text_are_never_the_same() {
        let ssn = Some(IdentifierKind::Ssn);
        assert_eq!(NormalForm::of(ssn, "987-65-4321"), NormalForm::of(ssn, "９８７ 65 4321"));
        assert_ne!(NormalForm::of(ssn, "987654321"), NormalForm::of(None, "987654321"));
        // A value that is none of its kind is still found, as a text.
        assert_eq!(NormalForm::of(ssn, "Not Known"), NormalForm::of(None, "not  known"));
        for nothing in ["", " ", "\u{200B}\u{3000}"] {
            assert!(NormalForm::of(None, nothing).is_none(), "{nothing:?}");
        }
    }

    #[test]
    fn values_compare_in_their_normal_form_and_secrets_to_the_letter() {
        let same = |kind, a, b| NormalForm::same(DataClass::Survivor, kind, a, b);
        let ssn = Some(IdentifierKind::Ssn);
        assert!(same(ssn, "987-65-4321", "987 65 4321"));
        assert!(!same(ssn, "987-65-4321", "987-65-4322"));
        assert!(same(ssn, "not a number", "not a number"));
        assert!(!same(ssn, "not a number", "987-65-4321"));
        assert!(same(None, "Dana", "dana"));
        assert!(!same(None, "Dana", "Dan"));
        let secret = |a, b| NormalForm::same(DataClass::AuthSecret, None, a, b);
        assert!(secret("Plum", "Plum") && !secret("Plum", "plum") && !secret("Plum", "Plum "));
        assert!(same(None, "", "") && !same(None, "", "x"));
    }

    proptest! {
        #[test]
        fn a_form_is_its_own_and_needs_no_more_room(value in "\\PC{0,24}") {
            let form = text_form(&value);
            prop_assert_eq!(&text(form.expose()), form.expose());
            let upper = value.to_uppercase();
            prop_assert_eq!(&text(&upper), form.expose());
            prop_assert_eq!(&text(&value.nfd().collect::<String>()), form.expose());
        }

        /// Two forms that differ come from values that differ by more than case, width and space.
        #[test]
        fn what_differs_in_letters_or_digits_stays_apart(a in "[a-z0-9'-]{1,8}", b in "[a-z0-9'-]{1,8}") {
            prop_assert_eq!(text(&a) == text(&b), a == b);
        }
    }
}
