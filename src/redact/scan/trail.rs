//! What a scan has passed over, and may have to look at again: the places whose look went further than to
//! where something was found and replaced.
//!
//! Rules: a place is remembered with how far it was looked from there, for as long as something that is found
//! later may lie in that reach. Places are remembered by the block, so that a trail has at most [`MAX_MARKS`].

use super::BEFORE;

/// Bytes in which places are remembered as one: by the first of them, and the furthest reach.
const BLOCK: usize = 128;
/// Most blocks.
const MAX_MARKS: usize = 12;
/// Bytes before a place that are remembered at most.
pub(super) const MAX_TRAIL: usize = BLOCK * MAX_MARKS;

/// A place of the walk, and up to where what was said of it and of those behind it depends on the text.
#[derive(Debug, Clone, Copy)]
struct Mark {
    place: usize,
    reach: usize,
}

/// The places that may have to be looked at again.
#[derive(Debug)]
pub(super) struct Trail {
    marks: [Mark; MAX_MARKS],
    len: usize,
    /// The furthest reach of a place that is remembered no more, though it may matter.
    lost: usize,
}

impl Trail {
    pub(super) const EMPTY: Self = Self { marks: [Mark { place: 0, reach: 0 }; MAX_MARKS], len: 0, lost: 0 };

    /// Forgets all: nothing before here can change any more.
    pub(super) const fn clear(&mut self) {
        (self.len, self.lost) = (0, 0);
    }

    /// Remembers a place and its reach.
    #[inline]
    pub(super) fn add(&mut self, place: usize, reach: usize) {
        let last = self.len.checked_sub(1).and_then(|last| self.marks.get_mut(last));
        if let Some(last) = last
            && place < last.place + BLOCK
        {
            last.reach = last.reach.max(reach);
            return;
        }
        if self.len > 0 && place > self.marks.first().map_or(0, |first| first.place) + MAX_TRAIL - BLOCK {
            self.forget(place);
        }
        if let Some(free) = self.marks.get_mut(self.len) {
            (*free, self.len) = (Mark { place, reach }, self.len + 1);
        }
    }

    /// Forgets what cannot matter any more when the walk is at a place, and what is too far back.
    fn forget(&mut self, at: usize) {
        let start = self.start(at).max(at.saturating_sub(MAX_TRAIL - BLOCK));
        let marks = self.marks.iter().take(self.len);
        let gone = marks.take_while(|mark| mark.place < start).map(|mark| mark.reach);
        let (count, furthest) =
            gone.fold((0, self.lost), |(count, lost), reach| (count + 1, lost.max(reach)));
        self.lost = if furthest > start.saturating_sub(BEFORE) { furthest } else { 0 };
        self.drop_first(count);
    }

    /// The first place whose reach goes over another, from which on the walk must be gone again. It and those
    /// behind it are forgotten.
    pub(super) fn go_back(&mut self, over: usize) -> Option<usize> {
        let count = self.marks.iter().take(self.len).position(|mark| mark.reach > over)?;
        self.len = count;
        self.marks.get(count).map(|mark| mark.place)
    }

    /// Whether a place that is remembered no more has a reach over another.
    pub(super) const fn has_lost(&self, over: usize) -> bool {
        self.lost > over
    }

    /// The first place that may have to be looked at again when the walk is at `at`.
    pub(super) fn start(&self, at: usize) -> usize {
        let mut start = at;
        for mark in self.marks.iter().take(self.len).rev() {
            if mark.reach > start.saturating_sub(BEFORE) {
                start = start.min(mark.place);
            }
        }
        start
    }

    /// The same places in a text that begins `by` bytes later. Those before it matter no more.
    pub(super) fn shift(&mut self, by: usize) {
        let gone = self.marks.iter().take(self.len).take_while(|mark| mark.place < by).count();
        self.drop_first(gone);
        for mark in self.marks.iter_mut().take(self.len) {
            *mark = Mark { place: mark.place.saturating_sub(by), reach: mark.reach.saturating_sub(by) };
        }
        self.lost = self.lost.saturating_sub(by);
    }

    fn drop_first(&mut self, count: usize) {
        self.marks.copy_within(count..self.len, 0);
        self.len -= count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The way back goes to the first place that saw the finding, or to one of the same block before it.
    #[test]
    fn the_way_back_begins_where_a_look_went_over() {
        let mut trail = Trail::EMPTY;
        for (place, reach) in [(100, 110), (300, 700), (450, 460), (600, 610), (650, 660)] {
            trail.add(place, reach);
        }
        assert_eq!((trail.start(690), trail.has_lost(0)), (300, false));
        assert_eq!(trail.go_back(680), Some(300));
        assert_eq!(trail.go_back(115), None, "no look before it went so far");
        trail.add(600, 610);
        trail.add(650, 660);
        trail.shift(500);
        assert_eq!((trail.start(160), trail.go_back(155)), (100, Some(100)));
    }

    #[test]
    fn what_is_too_far_back_is_lost_and_said_so() {
        let mut trail = Trail::EMPTY;
        let places = (0..=30).map(|block| block * BLOCK);
        places.for_each(|place| trail.add(place, place + 3 * BLOCK));
        let oldest = 30 * BLOCK - (MAX_TRAIL - BLOCK);
        assert_eq!(trail.start(30 * BLOCK), oldest);
        assert!(!trail.has_lost(oldest + 2 * BLOCK));
        assert!(trail.has_lost(oldest + BLOCK));
        // Where nothing is in doubt any more, nothing is lost either.
        trail.add(60 * BLOCK, 60 * BLOCK + 1);
        assert!(!trail.has_lost(0));
        assert_eq!(trail.start(60 * BLOCK), 60 * BLOCK);
    }
}
