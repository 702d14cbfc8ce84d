//! The windows of a cluster, and the best reading among them.

use core::cmp::Reverse;

use super::cluster::{Cluster, Group, MAX_GROUPS};
use super::context::{Before, after, before};
use super::finding::{Confidence, TextFinding};
use super::judge::{judge, may_stand_alone};
use super::units::byte_before;
use super::window::{Context, Window};
use super::words::Sense;

/// From here on a whole cluster is taken for what it is without a look at its parts.
const BEYOND_DOUBT: Confidence = Confidence::of_percent(80);
/// Most groups in which a number is written, but for digits one by one: an EID in fours.
const MAX_WRITTEN: usize = 8;
/// Fewest and most digits of a window.
const DIGITS: core::ops::RangeInclusive<usize> = 3..=32;
/// Fewest digits of what needs no word beside it.
const MIN_ALONE: usize = 7;

/// A search for the best reading in the first groups of a cluster.
pub(super) struct Search<'c> {
    text: &'c [u8],
    cluster: &'c Cluster,
    digits: &'c str,
    column: Sense,
    least: Confidence,
    after: [Option<Sense>; MAX_GROUPS],
}

impl<'c> Search<'c> {
    /// In a text that may be cut short behind the cluster's first groups.
    pub(super) fn new(text: &'c [u8], cluster: &'c Cluster, column: Sense, least: Confidence) -> Self {
        Self { text, cluster, digits: cluster.digits(), column, least, after: [None; MAX_GROUPS] }
    }

    /// The best finding that begins in the first `starts` groups and ends in the first `to`, with the group
    /// that it begins at.
    pub(super) fn best(&mut self, starts: usize, to: usize) -> Option<(usize, TextFinding)> {
        let groups = self.cluster.groups().get(..to)?;
        let mut best: Option<(usize, TextFinding)> = None;
        for from in 0..starts.min(to) {
            let before = before(self.text, groups.get(from)?.start);
            if from == 0
                && !self.cluster.is_cut
                && let Some(whole) = self.read(groups, 0, before)
                && whole.confidence >= BEYOND_DOUBT
            {
                return Some((0, whole));
            }
            for end in from + 1..=to {
                let Some(inside) = groups.get(from..end).filter(|inside| is_writable(inside)) else { break };
                let Some(found) = self.read(inside, from, before) else { continue };
                let rank =
                    |found: &TextFinding| (found.confidence, Reverse(found.kind), found.end - found.start);
                if best.as_ref().is_none_or(|(_, best)| rank(&found) > rank(best)) {
                    best = Some((from, found));
                }
            }
        }
        best
    }

    /// The reading of a window, if it is sure enough.
    fn read(&mut self, groups: &[Group], from: usize, before: Before) -> Option<TextFinding> {
        let (first, last) = (groups.first()?, groups.last()?);
        let digits = last.first + last.len - first.first;
        if !DIGITS.contains(&digits) || !is_writable(groups) {
            return None;
        }
        let to = from + groups.len();
        let after = *self.after.get_mut(to - 1)?.get_or_insert_with(|| after(self.text, last.end));
        let is_glued = byte_before(self.text, first.start).is_ascii_alphabetic();
        let is_alone = before.near == 0 && after == 0 && self.column == 0 && !is_glued;
        if is_alone && self.least >= Confidence::USUAL {
            let first_digit = self.digits.as_bytes().get(first.first)?;
            let plus = from == 0 && self.cluster.plus.is_some();
            if digits < MIN_ALONE || !may_stand_alone(groups, digits, *first_digit, plus) {
                return None;
            }
        }
        let window = Window::of(self.text, self.cluster, self.digits, from, to)?;
        let context = Context { before, after, column: self.column, glued: window.glued };
        judge(&window, &context).filter(|found| found.confidence >= self.least)
    }
}

/// Whether a number is written in so many groups.
fn is_writable(groups: &[Group]) -> bool {
    groups.len() <= MAX_WRITTEN || groups.iter().all(|group| group.len == 1)
}
