//! Texts with labels and masks in place of identifiers, and what was found in them. No key is needed, so an
//! agent's machine has it too; tokens are in `redact_tokens`.
//!
//! Rules: a text crosses as bytes that are lent, and comes back once; a list is one call; a finding says where
//! and what, and holds no text.
//!
//! Security note: an error is a code. What a text was scanned in is this library's memory, which is wiped.

use std::fmt;
use std::sync::Arc;

use cpni_guard::classify::identifiers::AccountPattern;
use cpni_guard::redact::{Clue, Confidence, Mask, MaskKind, Replacement, Scanner, TextKind};

use crate::error::{CpniError, call};
use crate::layout::{self, ListedValue, read_list, write_results};

/// The kinds of identifiers that a scan finds, from the strictest to the least strict.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum TextKind {
    /// A password, PIN, passcode, one-time or card security code, after its label.
    Secret,
    /// A Social Security number.
    Ssn,
    /// A taxpayer number of the same form (ITIN, ATIN).
    Itin,
    /// A payment card number.
    Card,
    /// A date of birth, after its label.
    BirthDate,
    /// An account number: of the carrier's pattern, or after its label.
    Account,
    /// The number of a handset (3GPP TS 23.003), with or without check digit or software version.
    Imei,
    /// The number of a CDMA handset.
    Meid,
    /// The subscriber's number in mobile networks.
    Imsi,
    /// The number of a SIM card.
    Iccid,
    /// The number of an eSIM chip.
    Eid,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// An IPv4 or IPv6 address.
    Ip,
}

/// One reason why something was found.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum Clue {
    /// It has the form: so many digits, such parts.
    Structure,
    /// Its groups are those in which this kind is written: 3-2-4, 3-3-4, 4-4-4-4.
    Grouping,
    /// Its check digits are right.
    CheckDigit,
    /// It lies in a range that is given out.
    Assigned,
    /// A word of its kind stands before it.
    WordBefore,
    /// A word of its kind stands after it.
    WordAfter,
    /// The name of its column, field or key says so.
    ColumnLabel,
    /// It has the carrier's own pattern of account numbers.
    Pattern,
    /// The host listed it as always to be found.
    Listed,
    /// Other kinds have this form too: the strictest was taken.
    Ambiguous,
    /// A word nearby speaks of something else (an order, an invoice).
    WordAgainst,
    /// It is spoken: digits as words.
    Spoken,
    /// It goes on over the end of a line.
    AcrossLines,
}

/// What a mask stands for: `docs/redaction.md` says what shows of each.
#[uniffi::remote(Enum)]
pub enum MaskKind {
    /// A Social Security number or its last four digits.
    Ssn,
    /// A taxpayer's number that looks like an SSN.
    Itin,
    /// A telephone number.
    Phone,
    /// A payment card number.
    Card,
    /// An IMEI.
    Imei,
    /// The number of a SIM card.
    Iccid,
    /// The subscriber's number in mobile networks.
    Imsi,
    /// The number of an eSIM chip.
    Eid,
    /// A MEID.
    Meid,
    /// An e-mail address.
    Email,
    /// An address on the Internet.
    Ip,
    /// An account number.
    Account,
    /// A password, PIN, answer or code.
    Secret,
    /// A date of birth.
    BirthDate,
    /// A customer's name.
    Name,
    /// A postal address.
    Address,
    /// Life history other than a date of birth.
    Biographical,
    /// A driver's licence, passport or tax number.
    GovernmentId,
    /// Other account information.
    AccountInfo,
    /// An amount of money.
    Amount,
    /// Means and history of payment, other than a card number.
    Payment,
    /// What the customer subscribes to.
    Service,
    /// Another identifier of a device.
    DeviceId,
    /// Calls, one or many: how many there are does not show.
    CallDetail,
    /// A place.
    Location,
    /// What a directory publishes.
    Listing,
    /// What is not told. It has no label.
    Untold,
}

/// How much a mask shows. What a kind does not allow shows less, never more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum MaskForm {
    /// Four dots: nothing, not even the kind.
    Withheld,
    /// `[SSN]`: the kind only.
    Kind,
    /// The last characters of the normal form, as many as the kind allows at most.
    Last {
        /// At most this many.
        most: u8,
    },
    /// The part that a masked view shows.
    Part,
}

/// What stands in place of a finding. Tokens need a guard: `with_blind_tokens`, `with_vault_tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum TextReplacement {
    /// Its kind: `[SSN]`.
    Label,
    /// A mask. What shows has been shown.
    Mask {
        /// How much of it.
        form: MaskForm,
    },
}

/// What stands in place of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct KindReplacement {
    /// Of which.
    pub kind: TextKind,
    /// What.
    pub replacement: TextReplacement,
}

/// How a redactor scans and replaces. Its lists hold values, so they cross as bytes beside it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RedactorSettings {
    /// Reads digits as words too: "four one five". For transcripts; it costs speed.
    pub spoken: bool,
    /// Reports from this confidence on, in hundredths; nothing: from 50.
    pub least: Option<u8>,
    /// The carrier's own patterns of account numbers: regular expressions for a whole number, 16 at most.
    pub account_patterns: Vec<String>,
    /// What stands in place of every kind that has nothing of its own.
    pub replacement: TextReplacement,
    /// What stands in place of single kinds.
    pub of_kinds: Vec<KindReplacement>,
}

/// One identifier in a text: where it is, and not what it is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TextFinding {
    /// Its kind.
    pub kind: TextKind,
    /// Where it begins, in bytes of UTF-8.
    pub start: u32,
    /// Where it ends, exclusive.
    pub end: u32,
    /// Where it begins, in units of UTF-16: an index of a text of Java's.
    pub utf16_start: u32,
    /// Where it ends, exclusive.
    pub utf16_end: u32,
    /// How sure it is, in hundredths: 0 to 99.
    pub confidence: u8,
    /// Why it was found.
    pub why: Vec<Clue>,
}

/// What is done at a place of a JSON document.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum JsonRule {
    /// It is kept as it is, unscanned.
    Keep,
    /// It is masked, whether or not a scan would find it.
    Mask {
        /// What it is.
        kind: MaskKind,
        /// How much shows.
        form: MaskForm,
    },
}

/// A place of a JSON document, and what is done there.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct JsonPathRule {
    /// A JSON Pointer (RFC 6901) of 512 bytes at most in which `*` is any one key or place in a list.
    pub path: String,
    /// What is done.
    pub rule: JsonRule,
}

/// What is done at which place of a document. The first path that fits counts, for all that it holds.
#[derive(Debug, uniffi::Object)]
pub struct JsonPaths(cpni_guard::redact::JsonPaths);

/// Puts labels, masks or tokens in place of identifiers in texts. Threads may share it.
#[derive(uniffi::Object)]
pub struct Redactor(pub(crate) cpni_guard::redact::Redactor);

#[uniffi::export]
impl JsonPaths {
    /// With these rules, in their order.
    ///
    /// # Errors
    /// 9605.
    #[uniffi::constructor]
    pub fn new(rules: Vec<JsonPathRule>) -> Result<Arc<Self>, CpniError> {
        call(|| {
            let paths = cpni_guard::redact::JsonPaths::new();
            let paths =
                rules.into_iter().try_fold(paths, |paths, JsonPathRule { path, rule }| match rule {
                    JsonRule::Keep => paths.keep(&path),
                    JsonRule::Mask { kind, form } => paths.mask(&path, kind, form.into()),
                })?;
            Ok(Arc::new(Self(paths)))
        })
    }
}

#[uniffi::export]
impl Redactor {
    /// A redactor with these settings. `lists`: values that are never reported, and values that always are, in
    /// the layout of listed values (`docs/spec/binding-layout-v1.md`).
    ///
    /// # Errors
    /// 9601 for a value that cannot be listed; 9602; 9309 for a pattern; 9302, 9303.
    #[uniffi::constructor]
    pub fn new(settings: RedactorSettings, lists: &[u8]) -> Result<Arc<Self>, CpniError> {
        call(|| {
            let mut scanner = Scanner::builder().spoken(settings.spoken);
            if let Some(least) = settings.least {
                scanner = scanner.least(Confidence::of_percent(least));
            }
            for pattern in &settings.account_patterns {
                let pattern = AccountPattern::new(pattern).map_err(|_| CpniError::PATTERN)?;
                scanner = scanner.account_pattern(pattern)?;
            }
            for listed in ListedValue::read_all(lists)? {
                let kind = TextKind::from_name(listed.kind).ok_or(CpniError::LAYOUT)?;
                scanner = if listed.is_denied {
                    scanner.deny(kind, listed.value)?
                } else {
                    scanner.allow(kind, listed.value)?
                };
            }
            let redactor = cpni_guard::redact::Redactor::new(scanner.build());
            let redactor = redactor.replacing(settings.replacement.into());
            Ok(Arc::new(Self(
                settings.of_kinds.into_iter().fold(redactor, |redactor, own| {
                    redactor.replacing_kind(own.kind, own.replacement.into())
                }),
            )))
        })
    }

    /// The text with everything replaced that is found.
    ///
    /// # Errors
    /// 9603 if a token could not be made: nothing of the text is given out; 9303.
    pub fn redact(&self, text: &[u8]) -> Result<Vec<u8>, CpniError> {
        call(|| Ok(self.0.redact_str(layout::text(text)?)?.into_bytes()))
    }

    /// The same for the value of a column, field or key of this name.
    ///
    /// # Errors
    /// As `redact`.
    pub fn redact_labelled(&self, label: String, text: &[u8]) -> Result<Vec<u8>, CpniError> {
        call(|| Ok(self.0.redact_labelled(&label, layout::text(text)?)?.into_bytes()))
    }

    /// A list of texts, in and out: a result for each.
    ///
    /// # Errors
    /// 9302, and nothing is given out; of one text: as `redact`.
    pub fn redact_all(&self, texts: &[u8]) -> Result<Vec<u8>, CpniError> {
        call(|| {
            write_results(&read_list(texts)?.into_iter().map(|text| self.each("", text)).collect::<Vec<_>>())
        })
    }

    /// The same for values, each after the name of its column, field or key in the list; an empty name: none.
    ///
    /// # Errors
    /// As `redact_all`; 9302 too where a name has no value.
    pub fn redact_all_labelled(&self, pairs: &[u8]) -> Result<Vec<u8>, CpniError> {
        call(|| {
            let pairs = read_list(pairs)?;
            let (pairs, rest) = pairs.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(CpniError::LAYOUT);
            }
            let redacted = |[label, text]: &[&[u8]; 2]| self.each(layout::text(label)?, text);
            write_results(&pairs.iter().map(redacted).collect::<Vec<_>>())
        })
    }

    /// A JSON document with everything replaced that stands at a path, or that is found.
    ///
    /// # Errors
    /// 9604 if it is none, or nested deeper than 128; as `redact`. Nothing of it is given out then.
    pub fn redact_json(&self, document: &[u8], paths: &JsonPaths) -> Result<Vec<u8>, CpniError> {
        call(|| Ok(self.0.redact_json(&paths.0, layout::text(document)?)?.into_bytes()))
    }

    /// What is found in a text, in order, without overlaps. `label`: the name of its column, field or key.
    ///
    /// # Errors
    /// 9303.
    pub fn findings(&self, text: &[u8], label: Option<String>) -> Result<Vec<TextFinding>, CpniError> {
        call(|| {
            let text = layout::text(text)?;
            let scanner = self.0.scanner();
            let found = match &label {
                None => scanner.scan(text),
                Some(label) => scanner.scan_labelled(label, text),
            };
            let mut places = Places { text, at: 0, utf16: 0 };
            found.map(|found| places.finding(&found)).collect()
        })
    }
}

impl Redactor {
    fn each(&self, label: &str, text: &[u8]) -> Result<Vec<u8>, CpniError> {
        let text = layout::text(text)?;
        let redacted =
            if label.is_empty() { self.0.redact_str(text) } else { self.0.redact_labelled(label, text) };
        Ok(redacted?.into_bytes())
    }
}

/// Silent: its lists hold the host's values.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

/// The mask of a value of this kind. What has not the form of its kind, or fails its check, shows no part.
///
/// # Errors
/// 9303.
#[uniffi::export]
pub fn mask(kind: MaskKind, form: MaskForm, text: &[u8]) -> Result<String, CpniError> {
    call(|| Ok(Mask::new(kind, form.into(), layout::text(text)?).as_str().to_owned()))
}

/// Counts UTF-16 from finding to finding: each character is looked at once.
struct Places<'t> {
    text: &'t str,
    at: usize,
    utf16: usize,
}

impl Places<'_> {
    fn finding(&mut self, found: &cpni_guard::redact::TextFinding) -> Result<TextFinding, CpniError> {
        let place = |place: usize| u32::try_from(place).map_err(|_| CpniError::LAYOUT);
        Ok(TextFinding {
            kind: found.kind(),
            start: place(found.start())?,
            end: place(found.end())?,
            utf16_start: place(self.utf16_at(found.start()))?,
            utf16_end: place(self.utf16_at(found.end()))?,
            confidence: found.confidence().percent(),
            why: found.why().iter().collect(),
        })
    }

    /// INVARIANT: places come in order, at characters.
    fn utf16_at(&mut self, place: usize) -> usize {
        let between = self.text.get(self.at..place).unwrap_or_default();
        let units = between.chars().fold(0_usize, |units, c| units.saturating_add(c.len_utf16()));
        (self.at, self.utf16) = (place, self.utf16.saturating_add(units));
        self.utf16
    }
}

impl From<MaskForm> for cpni_guard::redact::MaskForm {
    fn from(form: MaskForm) -> Self {
        match form {
            MaskForm::Withheld => Self::Withheld,
            MaskForm::Kind => Self::Kind,
            MaskForm::Last { most } => Self::Last(most),
            MaskForm::Part => Self::Part,
        }
    }
}

impl From<TextReplacement> for Replacement {
    fn from(replacement: TextReplacement) -> Self {
        match replacement {
            TextReplacement::Label => Self::Label,
            TextReplacement::Mask { form } => Self::Mask(form.into()),
        }
    }
}
