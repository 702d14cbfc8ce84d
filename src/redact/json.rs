//! JSON documents: by path and by content.
//!
//! Rules: a document is checked as a whole before anything of it is given out; what stands at a path of
//! [`JsonPaths`] is kept, masked or withheld; every other text, number and key is scanned, with its key as its
//! label. Layout and order stay. A number in which something is found becomes a text.

use serde::de::IgnoredAny;

use crate::error::RedactError;

use super::kind::MaskKind;
use super::mask::{Mask, MaskForm};
use super::redactor::Redactor;
use super::scan::{Sense, sense_of_label};

/// Longest path, in bytes.
pub const MAX_PATH_LEN: usize = 512;
/// Deepest nesting: what `serde_json` reads.
const MAX_DEPTH: usize = 128;

/// What is done at which place of a document.
///
/// A path is that of a JSON Pointer (RFC 6901) in which `*` stands for any one key or place in a list:
/// `/customers/*/ssn`. The first path that fits counts, for all that it holds.
#[derive(Debug, Clone, Default)]
pub struct JsonPaths(Vec<(String, Rule)>);

#[derive(Debug, Clone, Copy)]
enum Rule {
    Keep,
    Mask(MaskKind, MaskForm),
}

impl JsonPaths {
    /// No paths: everything is scanned.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// What stands there is kept as it is, unscanned.
    ///
    /// # Errors
    /// [`RedactError::Path`].
    pub fn keep(self, path: &str) -> Result<Self, RedactError> {
        self.with(path, Rule::Keep)
    }

    /// What stands there is masked, whether or not a scan would find it.
    ///
    /// # Errors
    /// [`RedactError::Path`].
    pub fn mask(self, path: &str, kind: MaskKind, form: MaskForm) -> Result<Self, RedactError> {
        self.with(path, Rule::Mask(kind, form))
    }

    fn with(mut self, path: &str, rule: Rule) -> Result<Self, RedactError> {
        if path.len() > MAX_PATH_LEN || !(path.is_empty() || path.starts_with('/')) {
            return Err(RedactError::Path { max: MAX_PATH_LEN });
        }
        self.0.push((path.to_owned(), rule));
        Ok(self)
    }

    fn rule(&self, place: &[Step]) -> Option<Rule> {
        self.0.iter().find(|(path, _)| fits(path, place)).map(|(_, rule)| *rule)
    }
}

impl Redactor {
    /// A JSON document with everything replaced that stands at a path, or that is found.
    ///
    /// # Errors
    /// [`RedactError::Document`] if it is no JSON or nested deeper than 128; [`RedactError::NotReplaced`].
    /// Nothing of the document is given out then.
    pub fn redact_json(&self, paths: &JsonPaths, document: &str) -> Result<String, RedactError> {
        serde_json::from_str::<IgnoredAny>(document).map_err(|_| RedactError::Document)?;
        let out = String::with_capacity(document.len());
        let mut walk = Walk { redactor: self, paths, text: document, at: 0, out, place: Vec::new() };
        walk.value()?;
        walk.spaces();
        Ok(walk.out)
    }
}

/// One step of a path: a key, or a place in a list.
enum Step {
    /// With what its words say.
    Key(String, Sense),
    Place(usize),
}

/// A walk over a document that is known to be JSON.
struct Walk<'d> {
    redactor: &'d Redactor,
    paths: &'d JsonPaths,
    text: &'d str,
    at: usize,
    out: String,
    place: Vec<Step>,
}

impl Walk<'_> {
    fn value(&mut self) -> Result<(), RedactError> {
        self.spaces();
        match self.paths.rule(&self.place) {
            Some(Rule::Keep) => {
                let value = self.skip_value()?;
                self.out.push_str(value);
                return Ok(());
            }
            Some(Rule::Mask(kind, form)) => {
                let value = self.skip_value()?;
                let text = serde_json::from_str::<String>(value);
                let mask = Mask::new(kind, form, text.as_deref().unwrap_or(value));
                return self.put(mask.as_str());
            }
            None => {}
        }
        match self.peek() {
            Some(b'{') => self.members(b'}', true),
            Some(b'[') => self.members(b']', false),
            Some(b'"') => {
                let written = self.skip_string()?;
                self.scanned(written, true)
            }
            Some(_) => {
                let written = self.skip_plain();
                self.scanned(written, false)
            }
            None => Err(RedactError::Document),
        }
    }

    fn members(&mut self, end: u8, is_object: bool) -> Result<(), RedactError> {
        if self.place.len() > MAX_DEPTH {
            return Err(RedactError::Document);
        }
        self.copy_sign();
        for count in 0.. {
            self.spaces();
            match self.peek() {
                Some(sign) if sign == end => {
                    self.copy_sign();
                    return Ok(());
                }
                Some(b',') => {
                    self.copy_sign();
                    self.spaces();
                }
                Some(_) => {}
                None => return Err(RedactError::Document),
            }
            if is_object {
                let written = self.skip_string()?;
                let key = serde_json::from_str::<String>(written).map_err(|_| RedactError::Document)?;
                self.redacted(written, &key, 0)?;
                self.spaces();
                self.copy_sign();
                // Once: a list may have many entries, and its name be long.
                let said = sense_of_label(&key);
                self.place.push(Step::Key(key, said));
            } else {
                self.place.push(Step::Place(count));
            }
            self.value()?;
            self.place.pop();
        }
        Err(RedactError::Document)
    }

    /// Writes a text or a number, scanned.
    fn scanned(&mut self, written: &str, is_text: bool) -> Result<(), RedactError> {
        let owned;
        let text = if is_text {
            owned = serde_json::from_str::<String>(written).map_err(|_| RedactError::Document)?;
            owned.as_str()
        } else {
            written
        };
        // The label of an entry of a list is that of the list.
        let column = self.place.iter().rev().find_map(|step| match step {
            Step::Key(_, said) => Some(*said),
            Step::Place(_) => None,
        });
        self.redacted(written, text, column.unwrap_or_default())
    }

    /// Writes a text redacted, or as it is written where nothing is found.
    fn redacted(&mut self, written: &str, text: &str, column: Sense) -> Result<(), RedactError> {
        let redacted = self.redactor.redact_with(text, column, |_| {})?;
        if redacted == text {
            self.out.push_str(written);
            return Ok(());
        }
        self.put(&redacted)
    }

    fn put(&mut self, text: &str) -> Result<(), RedactError> {
        self.out.push_str(&serde_json::to_string(text).map_err(|_| RedactError::Document)?);
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn copy_sign(&mut self) {
        let sign = self.text.get(self.at..=self.at).unwrap_or_default();
        self.out.push_str(sign);
        self.at += 1;
    }

    fn spaces(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let len = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let spaces = self.text.get(self.at..self.at + len).unwrap_or_default();
        self.out.push_str(spaces);
        self.at += len;
    }
}

impl<'d> Walk<'d> {
    /// The text as it is written, with its quotation marks.
    fn skip_string(&mut self) -> Result<&'d str, RedactError> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let mut len = 1;
        loop {
            match rest.get(len) {
                Some(b'"') => break,
                Some(b'\\') => len += 2,
                Some(_) => len += 1,
                None => return Err(RedactError::Document),
            }
        }
        let (start, end) = (self.at, self.at + len + 1);
        self.at = end;
        self.text.get(start..end).ok_or(RedactError::Document)
    }

    /// A number, `true`, `false` or `null`.
    fn skip_plain(&mut self) -> &'d str {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        self.at += rest
            .iter()
            .take_while(|byte| !matches!(byte, b',' | b']' | b'}') && !byte.is_ascii_whitespace())
            .count();
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Any value, whole.
    fn skip_value(&mut self) -> Result<&'d str, RedactError> {
        let (start, mut depth) = (self.at, 0_usize);
        loop {
            match self.peek().ok_or(RedactError::Document)? {
                b'"' => {
                    self.skip_string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                sign if sign == b',' || sign == b':' || sign.is_ascii_whitespace() => self.at += 1,
                _ => {
                    self.skip_plain();
                }
            }
            if depth == 0 {
                return self.text.get(start..self.at).ok_or(RedactError::Document);
            }
        }
    }
}

/// Whether a path is that of a place, or of something around it.
fn fits(path: &str, place: &[Step]) -> bool {
    let parts = path.split('/').skip(1);
    let mut count = 0;
    for (part, step) in parts.clone().zip(place) {
        let is_it = part == "*"
            || match step {
                Step::Key(key, _) => unescaped(part, key),
                Step::Place(at) => part.parse() == Ok(*at),
            };
        if !is_it {
            return false;
        }
        count += 1;
    }
    count == parts.count()
}

/// Whether a part of a path says this key: `~1` is a slash and `~0` a tilde (RFC 6901 section 4).
fn unescaped(part: &str, key: &str) -> bool {
    if part.contains('~') { part.replace("~1", "/").replace("~0", "~") == key } else { part == key }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Scanner;

    fn redact(paths: &JsonPaths, document: &str) -> Result<String, RedactError> {
        Redactor::new(Scanner::new()).redact_json(paths, document)
    }

    #[test]
    fn content_is_found_with_its_key_as_label() {
        let document = r#"{ "ssn": "987654320", "note": "cb (202) 555-0123\n\u00e9", "pin": 4482,
            "phones": ["5550123", 2025550123], "202-555-0147": [1, true, null, -1.5e3], "n": 4482,
            "iccid": 89000000000000000004, "deep": {"email": "dana@example.com"} }"#;
        let wanted = r#"{ "ssn": "[SSN]", "note": "cb [PHONE]\né", "pin": "[SECRET]",
            "phones": ["[PHONE]", "[PHONE]"], "[PHONE]": [1, true, null, -1.5e3], "n": 4482,
            "iccid": "[ICCID]", "deep": {"email": "[EMAIL]"} }"#;
        assert_eq!(redact(&JsonPaths::new(), document).unwrap(), wanted);
        for same in ["{}", "[]", " null ", "12", r#""x""#, "[[],{}, \"\\\"\"]", r#"{"a":{"b":[{}]}}"#] {
            assert_eq!(redact(&JsonPaths::new(), same).unwrap(), same);
        }
    }

    #[test]
    fn paths_keep_and_mask() {
        let paths = JsonPaths::new()
            .keep("/support/phone")
            .and_then(|paths| paths.mask("/customers/*/name", MaskKind::Name, MaskForm::Part))
            .and_then(|paths| paths.mask("/customers/*/history", MaskKind::CallDetail, MaskForm::Kind))
            .and_then(|paths| paths.mask("/a~1b/1", MaskKind::Untold, MaskForm::Withheld))
            .unwrap();
        let document = r#"{"support":{"phone":"202-555-0123"},"customers":[{"name":"Dana","history":[{"x":"}"}]}],"a/b":[1,2,3],"phone":"202-555-0123"}"#;
        let wanted = r#"{"support":{"phone":"202-555-0123"},"customers":[{"name":"D••••","history":"[CALL DETAIL]"}],"a/b":[1,"••••",3],"phone":"[PHONE]"}"#;
        assert_eq!(redact(&paths, document).unwrap(), wanted);
        // A path above a value counts for it.
        let whole = JsonPaths::new().keep("").unwrap();
        assert_eq!(redact(&whole, document).unwrap(), document);
        assert!(JsonPaths::new().keep("x").is_err());
        assert!(JsonPaths::new().keep(&"/x".repeat(MAX_PATH_LEN)).is_err());
    }

    #[test]
    fn what_is_no_document_is_dropped() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in ["", "{", "987-65-4320", r#"{"a":987-65-4320}"#, "{'a':1}", "[1]]", deep.as_str()] {
            assert_eq!(redact(&JsonPaths::new(), text), Err(RedactError::Document), "{text}");
        }
    }
}
