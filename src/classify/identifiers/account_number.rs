//! Account numbers: there is no standard, so the carrier states a pattern.
//!
//! Any part of an account number is "account information" (47 CFR 64.2003(a)).

use regex_lite::{Regex, RegexBuilder};

use super::spelling::{Take, gather, is_separator, trim};
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

/// Longest pattern, in bytes.
pub const MAX_PATTERN_LEN: usize = 256;
/// Longest account number, in characters, separators included.
const MAX_LEN: usize = 64;
/// Lengths of an account number that no pattern describes, without separators.
const USUAL_LEN: core::ops::RangeInclusive<usize> = 8..=20;
/// Bytes that a compiled pattern may take: counted repetitions multiply.
const MAX_COMPILED_LEN: usize = 256 * 1024;

/// A carrier's pattern of account numbers: a regular expression for the whole value, compiled
/// once and matched in linear time.
///
/// It is tried on the value as written (narrow characters, no spaces around it) and then on the
/// normal form (upper case, no separators), so a pattern may name separators or leave them out.
///
/// ```
/// use cpni_guard::classify::identifiers::{AccountPattern, check};
/// use cpni_guard::vocabulary::IdentifierKind;
///
/// let pattern = AccountPattern::new("[0-9]{4}-[A-Z]{5}")?;
/// assert!(check(IdentifierKind::AccountNumber, "0000-EXMPL", Some(&pattern)).is_ok());
/// assert!(check(IdentifierKind::AccountNumber, "0000-EXMPLE", Some(&pattern)).is_err());
/// # Ok::<(), cpni_guard::classify::identifiers::PatternFault>(())
/// ```
#[derive(Debug, Clone)]
pub struct AccountPattern(Regex);

impl AccountPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`PatternFault`] if it is empty, longer than 256 bytes, no regular expression, or too large
    /// once its repetitions are counted out.
    pub fn new(pattern: &str) -> Result<Self, PatternFault> {
        if pattern.is_empty() {
            return Err(PatternFault::Empty);
        }
        if pattern.len() > MAX_PATTERN_LEN {
            return Err(PatternFault::TooLong { len: pattern.len(), max: MAX_PATTERN_LEN });
        }
        // Compiled alone first: `a)|(b` is no expression, but between anchors it would be one, and
        // match more than whole values.
        compile(pattern)?;
        compile(&format!(r"\A(?:{pattern})\z")).map(Self)
    }

    fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Why a pattern was refused. The fault of whoever wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternFault {
    /// It is empty.
    #[error("the pattern is empty")]
    Empty,
    /// It is too long.
    #[error("the pattern has {len} bytes; the longest allowed has {max}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The longest length in bytes.
        max: usize,
    },
    /// It is no regular expression, or too large once its repetitions are counted out.
    #[error("the pattern does not compile")]
    DoesNotCompile,
}

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    let mut written = written(text)?;
    written.expose_mut().make_ascii_uppercase();
    written.expose_mut().retain(|character| !is_separator(character));
    // EXPOSE: only whether anything is left is read.
    if written.expose().is_empty() {
        return Err(IdentifierFault::Length { len: 0 });
    }
    Ok(written)
}

pub(super) fn sort(
    text: &str,
    normalised: &str,
    pattern: Option<&AccountPattern>,
) -> Result<IdentifierSort, IdentifierFault> {
    let Some(pattern) = pattern else {
        let len = normalised.len();
        let usual = USUAL_LEN.contains(&len);
        return if usual { Ok(IdentifierSort::AccountNumber) } else { Err(IdentifierFault::Length { len }) };
    };
    // EXPOSE: matched in place; the matcher keeps positions, not text.
    if pattern.matches(normalised) || pattern.matches(written(text)?.expose()) {
        Ok(IdentifierSort::AccountNumber)
    } else {
        Err(IdentifierFault::Pattern)
    }
}

/// The value in narrow characters, without the spaces around it.
fn written(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    let (text, before) = trim(text);
    let written = gather(text, MAX_LEN, |character| match character {
        ' ' | '\u{21}'..='\u{7E}' => Take::Keep(character),
        _ => Take::Refuse,
    });
    written.map_err(|fault| fault.moved(before))
}

fn compile(pattern: &str) -> Result<Regex, PatternFault> {
    let compiled = RegexBuilder::new(pattern).size_limit(MAX_COMPILED_LEN).build();
    compiled.map_err(|_| PatternFault::DoesNotCompile)
}
