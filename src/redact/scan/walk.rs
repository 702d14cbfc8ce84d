//! The walk of a scan through its text: from place to place, and back where a replacement changes what was said.
//!
//! Rules: what was found is replaced, and replacements are borders (see [`super::marker`]). So before a finding
//! is given out, the places before it whose look went over its start are looked at once more, in the text as
//! it will stand; what is found then comes first, and is settled in the same way. A second scan of the
//! redacted text looks at the same places, sees the same, and finds nothing.

use zeroize::Zeroizing;

use super::finding::{Clue, Clues, Confidence, TextFinding, TextKind};
use super::marker;
use super::secret;
use super::trail::{MAX_TRAIL, Trail};
use super::words::Sense;
use super::{AHEAD, BEFORE, Scanner};

/// Bytes after a place that a look sees. A replacement that begins there is seen whole.
const SIGHT: usize = AHEAD - marker::MAX_LEN;
/// Bytes before a place that a stream may have to keep.
pub(in crate::redact) const BACK: usize = MAX_TRAIL + AHEAD + 2 * BEFORE;

/// What a look at a place found out.
pub(super) struct Look {
    pub(super) found: Option<TextFinding>,
    /// Where to look on if nothing was found.
    pub(super) next: usize,
    /// Up to where the text decided. What stands from there on does not matter.
    pub(super) reach: usize,
}

impl Look {
    /// A look that the whole view decided.
    pub(super) const fn at_end(view: &[u8], found: Option<TextFinding>, next: usize) -> Self {
        Self { found, next, reach: view.len() }
    }
}

/// Where a scan is in its text.
#[derive(Debug)]
pub(in crate::redact) struct Walk {
    /// The next place to look at.
    at: usize,
    /// The end of the last finding or replacement: nothing reaches back over it.
    floor: usize,
    /// The last finding is a secret that goes on.
    continues: bool,
    trail: Trail,
    /// What was found and waits until all before it is settled, the last one first.
    waiting: Vec<TextFinding>,
    /// Something before a finding could not be settled: the trail was not long enough.
    pub(in crate::redact) is_unsettled: bool,
}

/// What became of a step.
#[derive(Debug)]
pub(in crate::redact) enum Step {
    Found(TextFinding),
    /// More text is needed to go on.
    More,
    /// The text is at its end.
    End,
}

impl Walk {
    pub(in crate::redact) const START: Self = Self {
        at: 0,
        floor: 0,
        continues: false,
        trail: Trail::EMPTY,
        waiting: Vec::new(),
        is_unsettled: false,
    };

    /// Up to here the text is settled, and needed no more, once more of it is needed to go on.
    pub(in crate::redact) fn sure(&self) -> usize {
        self.trail.start(self.at).saturating_sub(BEFORE)
    }

    /// Goes on in a text that begins `by` bytes later.
    pub(in crate::redact) fn shift(&mut self, by: usize) {
        self.at = self.at.saturating_sub(by);
        self.floor = self.floor.saturating_sub(by);
        self.trail.shift(by);
    }

    /// Where the text begins that a look at a place sees.
    fn sight_start(&self, place: usize) -> usize {
        place.saturating_sub(BEFORE).max(self.floor.min(place))
    }

    /// The text as far as it is not yet known to be replaced.
    fn open<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let end = self.waiting.last().map_or(text.len(), |next| next.start);
        text.get(..end).unwrap_or_default()
    }

    /// Passes a replacement, or what will be one.
    fn pass(&mut self, end: usize) {
        (self.at, self.floor) = (end, end);
        self.trail.clear();
    }

    /// Takes a finding before which all is settled.
    fn settle(&mut self, text: &[u8], found: TextFinding) -> Step {
        self.continues = secret::is_cut(self.open(text), &found);
        self.pass(found.end.max(self.floor + 1));
        Step::Found(found)
    }
}

impl Scanner {
    /// Goes on from where a walk is. `is_whole`: nothing comes behind the text.
    pub(in crate::redact) fn step(
        &self,
        text: &[u8],
        walk: &mut Walk,
        column: Sense,
        is_whole: bool,
    ) -> Step {
        loop {
            if walk.continues {
                if !is_whole && walk.waiting.is_empty() && text.len() - walk.at < AHEAD {
                    return Step::More;
                }
                walk.continues = false;
                if let Some(rest) = rest_of_secret(walk.open(text), walk.at) {
                    return walk.settle(text, rest);
                }
            }
            let limit = match walk.waiting.last() {
                Some(next) => next.start,
                None if is_whole => text.len(),
                None => (text.len() + 1).saturating_sub(AHEAD),
            };
            let place = self.next_place(text, walk.floor, walk.at, limit).filter(|place| *place < limit);
            let Some(place) = place else {
                if let Some(next) = walk.waiting.pop() {
                    return walk.settle(text, next);
                }
                walk.at = walk.at.max(limit);
                return if is_whole { Step::End } else { Step::More };
            };
            walk.at = place;
            if let Some(end) = marker::end(text, place) {
                walk.pass(end);
                continue;
            }
            let Look { found, next, reach } = self.look_from(text, walk, column);
            walk.at = next.max(place + 1);
            let found = found.filter(|found| walk.waiting.is_empty() || found.start < limit);
            // What was found at the place, or before it, does not change what is found there.
            if found.is_none_or(|found| found.start > place) {
                walk.trail.add(place, reach);
            }
            let Some(found) = found else { continue };
            walk.is_unsettled |= walk.trail.has_lost(found.start);
            if let Some(back) = walk.trail.go_back(found.start).filter(|back| *back < found.start) {
                walk.at = back;
                walk.waiting.push(found);
            } else {
                return walk.settle(text, found);
            }
        }
    }

    /// Looks at the place where a walk is, in the text as it will stand.
    fn look_from(&self, text: &[u8], walk: &Walk, column: Sense) -> Look {
        let (start, sight_end) = (walk.sight_start(walk.at), text.len().min(walk.at + SIGHT));
        let at = walk.at - start;
        let seen = |end: usize| text.get(start..end).unwrap_or_default();
        let look = if let Some(next) = walk.waiting.last().filter(|next| next.start < sight_end) {
            let mut will_stand = Zeroizing::new(Vec::with_capacity(BEFORE + AHEAD));
            will_stand.extend_from_slice(seen(next.start));
            will_stand.extend_from_slice(next.kind.label().as_bytes());
            self.pass_over(&will_stand, at, column).unwrap_or_else(|| self.look(&will_stand, at, column))
        } else {
            // What is passed over needs no search for a replacement: none is looked over for that.
            self.pass_over(seen(sight_end), at, column).unwrap_or_else(|| {
                let end = marker::first(text, walk.at, sight_end).map_or(sight_end, |(_, end)| end);
                self.look(seen(end), at, column)
            })
        };
        Look {
            found: look.found.map(|found| found.moved(start)),
            next: start + look.next,
            reach: start + look.reach,
        }
    }
}

/// Where a secret that was cut goes on.
fn rest_of_secret(text: &[u8], start: usize) -> Option<TextFinding> {
    let end = secret::continued(text, start);
    let why = Clues::none().with(Clue::WordBefore);
    let confidence = Confidence::of_percent(80);
    (end > start).then_some(TextFinding { kind: TextKind::Secret, start, end, confidence, why })
}
