//! Charts as inline SVG: no script, no text that shrinks with the page. Every chart stands beside a
//! table with its numbers.

use core::fmt;

use super::figure::thousands;
use super::html::Escaped;

/// Height of the columns, in CSS pixels.
const HEIGHT: u64 = 220;
/// Room above the columns for half a line of text.
const TOP: u64 = 10;
/// Share of a column's place that is left free, in thousandths.
const GAP: u64 = 220;
/// Most labels under the columns.
const MAX_LABELS: usize = 12;

/// A bar in a table row: parts beside each other, as long as their share of the longest row. The row
/// has the numbers, so it is nothing to a screen reader.
pub(super) struct Bar<'b> {
    /// Style class and count of each part.
    pub(super) parts: &'b [(&'static str, u64)],
    /// The longest row.
    pub(super) longest: u64,
}

impl fmt::Display for Bar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"<svg class="bar" width="100%" height="14" aria-hidden="true" focusable="false">"#)?;
        let mut before = 0;
        for (class, count) in self.parts.iter().filter(|(_, count)| *count > 0) {
            let width = thousandths(*count, self.longest).max(2);
            let (x, width) = (Percent(before), Percent(width));
            write!(f, r#"<rect class="{class}" x="{x}" y="1" width="{width}" height="12"/>"#)?;
            before = before.saturating_add(width.0);
        }
        f.write_str("</svg>")
    }
}

/// Columns over time: parts on top of each other, from zero, on a scale that ends at a round number.
pub(super) struct Columns<'c> {
    /// Unique in the page.
    pub(super) id: &'static str,
    pub(super) title: &'c str,
    /// What is to be seen, in a sentence.
    pub(super) description: String,
    /// Style class of each part, the lowest first.
    pub(super) parts: [&'static str; 2],
    /// Label under the column, and the count of each part.
    pub(super) columns: Vec<(String, [u64; 2])>,
}

impl fmt::Display for Columns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, title, description, .. } = self;
        let highest = self.columns.iter().map(|(_, [low, high])| low.saturating_add(*high)).max();
        let step = round_step(highest.unwrap_or_default());
        let lines = highest.unwrap_or_default().div_ceil(step).max(1);
        let top = step.saturating_mul(lines);
        let y = |count: u64| {
            let down = u128::from(top.saturating_sub(count)).saturating_mul(HEIGHT.into());
            let down = down.checked_div(top.into()).unwrap_or_default();
            TOP.saturating_add(u64::try_from(down).unwrap_or(HEIGHT))
        };
        let base = y(0);
        let tall = base.saturating_add(24);
        write!(
            f,
            r#"<div class="plot"><svg class="axis" width="56" height="{tall}" aria-hidden="true" focusable="false">"#
        )?;
        for line in 0..=lines {
            let value = step.saturating_mul(line);
            let at = y(value).saturating_add(4);
            write!(f, r#"<text x="48" y="{at}" text-anchor="end">{}</text>"#, thousands(value))?;
        }
        write!(
            f,
            r#"</svg><svg class="columns" width="100%" height="{tall}" role="img" aria-labelledby="{id}-title {id}-text"><title id="{id}-title">{}</title><desc id="{id}-text">{}</desc>"#,
            Escaped(title),
            Escaped(description)
        )?;
        for line in 0..=lines {
            let at = y(step.saturating_mul(line));
            let class = if line == 0 { "base" } else { "grid" };
            write!(f, r#"<line class="{class}" x1="0" x2="100%" y1="{at}" y2="{at}"/>"#)?;
        }
        let places = u64::try_from(self.columns.len()).unwrap_or(u64::MAX).max(1);
        let every = self.columns.len().div_ceil(MAX_LABELS).max(1);
        let width = 1000_u64.saturating_sub(GAP).checked_div(places).unwrap_or_default();
        for (at, (label, counts)) in self.columns.iter().enumerate() {
            let place = u64::try_from(at).unwrap_or(u64::MAX).saturating_mul(1000);
            let left = place.saturating_add(GAP / 2).checked_div(places).unwrap_or_default();
            let mut below = 0_u64;
            for (class, count) in self.parts.iter().zip(counts).filter(|(_, count)| **count > 0) {
                let (from, to) = (y(below), y(below.saturating_add(*count)));
                let (x, width) = (Percent(left), Percent(width));
                let height = from.saturating_sub(to).max(1);
                write!(f, r#"<rect class="{class}" x="{x}" y="{to}" width="{width}" height="{height}"/>"#)?;
                below = below.saturating_add(*count);
            }
            if at.is_multiple_of(every) {
                let middle = Percent(left.saturating_add(width / 2));
                // A narrow page shows every other label.
                let is_second = at.checked_div(every).is_some_and(|number| !number.is_multiple_of(2));
                let class = if is_second { r#" class="wide""# } else { "" };
                let label = Escaped(label);
                let y = base.saturating_add(18);
                write!(f, r#"<text{class} x="{middle}" y="{y}" text-anchor="middle">{label}</text>"#)?;
            }
        }
        f.write_str("</svg></div>")
    }
}

/// Tenths of a percent.
#[derive(Clone, Copy)]
struct Percent(u64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}%", self.0 / 10, self.0 % 10)
    }
}

/// `part` of `whole`, in thousandths, at most 1000.
pub(super) fn thousandths(part: u64, whole: u64) -> u64 {
    let share = u128::from(part).saturating_mul(1000).checked_div(whole.into()).unwrap_or_default();
    u64::try_from(share).unwrap_or(1000).min(1000)
}

/// 1, 2 or 5 times a power of ten, so that at most five steps reach `highest`.
fn round_step(highest: u64) -> u64 {
    let powers = core::iter::successors(Some(1_u64), |power| power.checked_mul(10));
    let steps = powers.flat_map(|power| [1, 2, 5].map(|times| power.saturating_mul(times)));
    steps.into_iter().find(|step| highest.div_ceil(*step) <= 5).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers_at_or_above_the_highest() {
        let expected =
            [(0, 1), (5, 1), (6, 2), (10, 2), (11, 5), (25, 5), (26, 10), (1_234, 500), (2_501, 1_000)];
        for (highest, step) in expected {
            assert_eq!(round_step(highest), step, "{highest}");
        }
        assert_eq!(round_step(u64::MAX), 5_000_000_000_000_000_000);
    }

    #[test]
    fn a_share_is_never_more_than_all() {
        assert_eq!(
            [(0, 0), (1, 2), (3, 2), (u64::MAX, u64::MAX)].map(|(a, b)| thousandths(a, b)),
            [0, 500, 1000, 1000]
        );
        assert_eq!(Percent(425).to_string(), "42.5%");
    }
}
