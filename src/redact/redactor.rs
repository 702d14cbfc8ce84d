//! A scanner and what is put in place of its findings.

use std::sync::Arc;

use crate::error::RedactError;

use super::replace::Replacement;
use super::scan::{Scanner, Sense, TextFinding, TextKind, sense_of_label};
use super::stream::{RedactingReader, RedactingWriter};

/// Puts labels or tokens in place of what a [`Scanner`] finds. Cheap to clone.
///
/// ```
/// use cpni_guard::redact::{Redactor, Scanner};
///
/// let redactor = Redactor::new(Scanner::new());
/// let text = redactor.redact_str("SSN 987-65-4320, cb (202) 555-0123").unwrap();
/// assert_eq!(text, "SSN [SSN], cb [PHONE]");
/// ```
#[derive(Debug, Clone)]
pub struct Redactor(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    scanner: Arc<Scanner>,
    usual: Replacement,
    own: [Option<Replacement>; TextKind::ALL.len()],
}

impl Redactor {
    /// With labels: `[SSN]`.
    #[must_use]
    pub fn new(scanner: Scanner) -> Self {
        let own = [const { None }; TextKind::ALL.len()];
        Self(Arc::new(Inner { scanner: Arc::new(scanner), usual: Replacement::Label, own }))
    }

    /// With this in place of every kind that has no replacement of its own.
    #[must_use]
    pub fn replacing(mut self, replacement: Replacement) -> Self {
        Arc::make_mut(&mut self.0).usual = replacement;
        self
    }

    /// With this in place of one kind.
    #[must_use]
    pub fn replacing_kind(mut self, kind: TextKind, replacement: Replacement) -> Self {
        if let Some(own) = Arc::make_mut(&mut self.0).own.get_mut(kind as usize) {
            *own = Some(replacement);
        }
        self
    }

    /// Its scanner.
    #[must_use]
    pub fn scanner(&self) -> &Scanner {
        &self.0.scanner
    }

    /// The text with everything replaced that is found.
    ///
    /// # Errors
    /// [`RedactError::NotReplaced`] if a token could not be made: nothing of the text is given out.
    pub fn redact_str(&self, text: &str) -> Result<String, RedactError> {
        self.redact_with(text, 0, |_| {})
    }

    /// The same for the value of a column, field or key: [`Scanner::scan_labelled`].
    ///
    /// # Errors
    /// As [`Redactor::redact_str`].
    pub fn redact_labelled(&self, label: &str, text: &str) -> Result<String, RedactError> {
        self.redact_with(text, sense_of_label(label), |_| {})
    }

    /// The same as [`Redactor::redact_str`], and each finding is shown to `look`.
    ///
    /// # Errors
    /// As [`Redactor::redact_str`].
    pub fn redact_and_look(&self, text: &str, look: impl FnMut(&TextFinding)) -> Result<String, RedactError> {
        self.redact_with(text, 0, look)
    }

    /// Many texts, each with a result of its own.
    pub fn redact_all<T: AsRef<str>>(&self, texts: &[T]) -> Vec<Result<String, RedactError>> {
        texts.iter().map(|text| self.redact_str(text.as_ref())).collect()
    }

    /// A writer that redacts what goes through it.
    pub fn writer<W: std::io::Write>(&self, inner: W) -> RedactingWriter<W> {
        RedactingWriter::new(self.clone(), inner)
    }

    /// A reader that redacts what comes through it.
    pub fn reader<R: std::io::Read>(&self, inner: R) -> RedactingReader<R> {
        RedactingReader::new(self.clone(), inner)
    }

    /// Writes what stands for a finding.
    pub(super) fn replace(
        &self,
        kind: TextKind,
        written: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let own = self.0.own.get(kind as usize).and_then(Option::as_ref);
        own.unwrap_or(&self.0.usual).write(kind, written, out).map_err(|_| RedactError::NotReplaced)
    }

    /// `column`: what the name of the column, field or key says.
    pub(super) fn redact_with(
        &self,
        text: &str,
        column: Sense,
        mut look: impl FnMut(&TextFinding),
    ) -> Result<String, RedactError> {
        let mut findings = self.scanner().scan_bytes(text.as_bytes(), column);
        let (bytes, mut out, mut done) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
        for found in findings.by_ref() {
            look(&found);
            out.extend_from_slice(bytes.get(done..found.start()).unwrap_or_default());
            self.replace(found.kind(), bytes.get(found.range()).unwrap_or_default(), &mut out)?;
            done = found.end();
        }
        if findings.is_unsettled() {
            return Err(RedactError::NotReplaced);
        }
        out.extend_from_slice(bytes.get(done..).unwrap_or_default());
        // INVARIANT: findings end at characters; a token is text.
        String::from_utf8(out).map_err(|_| RedactError::NotReplaced)
    }
}
