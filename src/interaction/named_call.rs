//! The call that a customer names without help (47 CFR 64.2010(b), last sentence).

use core::fmt;
use std::time::Duration;

use crate::classify::CallRow;
use crate::classify::identifiers::normalise;
use crate::sensitive::Sensitive;
use crate::vocabulary::{IdentifierKind, Timestamp};

/// How far the stated start may lie from the recorded one, either way. Interpretation: the
/// regulation asks for the call "without the carrier's assistance" and gives no tolerance.
pub const NAMED_CALL_START_TOLERANCE: Duration = Duration::from_secs(15 * 60);
/// How far a stated duration may lie from the recorded one, in seconds, either way. Interpretation.
pub const NAMED_CALL_DURATION_TOLERANCE_SECS: u32 = 60;

/// A call as the customer states it. Silent in `Debug`.
pub struct NamedCall {
    /// The other party's number.
    pub number: Sensitive<String>,
    /// When the call started, to within [`NAMED_CALL_START_TOLERANCE`].
    pub started: Timestamp,
    /// How long it lasted in seconds, to within [`NAMED_CALL_DURATION_TOLERANCE_SECS`], if stated.
    pub duration_secs: Option<u32>,
}

impl NamedCall {
    /// The one row that this names. No row, or more than one, is no match: an answer that fits
    /// several calls names none of them. Every row is looked at, whatever the first ones say.
    pub(crate) fn only_match(&self, rows: &[CallRow]) -> Option<usize> {
        // EXPOSE: normalised for the comparison, and wiped.
        let stated = comparable(self.number.expose());
        let mut only = None;
        let mut matches = 0_usize;
        for (index, row) in rows.iter().enumerate() {
            if self.matches(&stated, row) {
                matches = matches.saturating_add(1);
                only = Some(index);
            }
        }
        only.filter(|_| matches == 1)
    }

    fn matches(&self, stated: &Sensitive<String>, row: &CallRow) -> bool {
        let apart = row.start().as_micros().abs_diff(self.started.as_micros());
        let near = u128::from(apart) <= NAMED_CALL_START_TOLERANCE.as_micros();
        let as_long = self
            .duration_secs
            .is_none_or(|stated| stated.abs_diff(row.duration_secs()) <= NAMED_CALL_DURATION_TOLERANCE_SECS);
        // EXPOSE: normalised for the comparison, and wiped.
        let same_number = comparable(row.number().expose()) == *stated;
        near & as_long & same_number
    }
}

impl fmt::Debug for NamedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamedCall(..)")
    }
}

/// A number in the one form in which NANP numbers compare; any other number (short code,
/// international) as it is, without its separators.
fn comparable(number: &str) -> Sensitive<String> {
    normalise(IdentifierKind::Nanp, number).unwrap_or_else(|| {
        let mut plain = String::with_capacity(number.len());
        plain.extend(number.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '(' | ')')));
        Sensitive::from(plain)
    })
}
