//! A window: some groups of a cluster, as one candidate number, with what stands around it.

use super::cluster::{Cluster, Edges, Gap, Group, edges};
use super::context::Before;
use super::marker;
use super::units::{Unit, byte, unit, unit_before};
use super::words::{self, KINDS, Sense};

/// How the digits of a window are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// In one run.
    Solid,
    /// One by one.
    Singles,
    /// In groups.
    Groups,
}

/// As long a group is a replacement counted for: it may stand for any, and this one makes a number go on.
const MARKER_LEN: usize = 4;

/// A candidate.
pub(super) struct Window<'c> {
    text: &'c [u8],
    pub(super) groups: &'c [Group],
    pub(super) digits: &'c str,
    pub(super) shape: Shape,
    /// Where it begins in the text, a plus sign and an opening parenthesis included.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    pub(super) plus: bool,
    pub(super) edges: Edges,
    /// What letters directly before it say: `SSN123456789`.
    pub(super) glued: Sense,
    /// A number is joined to it on one side: it is a part of something longer.
    pub(super) is_part: bool,
    /// The groups before and after it, where only spaces stand between.
    pub(super) spaced: (Option<usize>, Option<usize>),
    pub(super) is_spoken: bool,
}

impl<'c> Window<'c> {
    /// The window of groups `from` to `to` (exclusive) of a cluster with these digits.
    pub(super) fn of(
        text: &'c [u8],
        cluster: &'c Cluster,
        digits: &'c str,
        from: usize,
        to: usize,
    ) -> Option<Self> {
        let all = cluster.groups();
        let groups = all.get(from..to)?;
        let (first, last) = (groups.first()?, groups.last()?);
        let (number_start, end) = (first.start, last.end);
        let plus = cluster.plus.filter(|_| from == 0);
        let mut start = plus.unwrap_or(number_start);
        if let (Unit::Open, len) = unit_before(text, start)
            && closes(text, number_start, end)
        {
            start -= len;
        }
        let next = all.get(to);
        let previous = from.checked_sub(1).and_then(|place| all.get(place));
        let joins = |gap: Gap| gap.is_tight();
        let edges = edges(text, start, end);
        let part_before =
            if previous.is_some() { joins(first.gap) } else { digit_joined_before(text, start) };
        let shape = match groups {
            [_] => Shape::Solid,
            _ if groups.iter().all(|group| group.len == 1) => Shape::Singles,
            _ => Shape::Groups,
        };
        let glued = if edges.glued_before { words::word_before(text, start).1 & KINDS } else { 0 };
        Some(Self {
            text,
            groups,
            digits: digits.get(first.first..last.first + last.len)?,
            shape,
            start,
            end,
            plus: plus.is_some(),
            edges,
            glued,
            is_part: part_before
                || next.is_some_and(|next| joins(next.gap))
                || marker_joined_after(text, end),
            spaced: (
                previous.filter(|_| first.gap == Gap::Space).map(|group| group.len),
                match next {
                    Some(next) => (next.gap == Gap::Space).then_some(next.len),
                    None => marker_spaced_after(text, end).then_some(MARKER_LEN),
                },
            ),
            is_spoken: cluster.is_spoken,
        })
    }

    /// How many digits.
    pub(super) const fn len(&self) -> usize {
        self.digits.len()
    }

    /// Whether the groups have these lengths.
    pub(super) fn is_of(&self, lens: &[usize]) -> bool {
        self.groups.len() == lens.len() && self.groups.iter().zip(lens).all(|(group, len)| group.len == *len)
    }

    /// The gap that stands between all groups; `Mixed` where there are several.
    pub(super) fn gap(&self) -> Gap {
        let mut gaps = self.groups.iter().skip(1).map(|group| group.gap);
        let Some(first) = gaps.next() else { return Gap::None };
        let mut found = first;
        for gap in gaps {
            if gap == Gap::Line || found == Gap::Line {
                found = Gap::Line;
            } else if gap != found {
                found = Gap::Mixed;
            }
        }
        found
    }

    /// How often it goes over a line end.
    pub(super) fn lines(&self) -> usize {
        self.groups.iter().skip(1).filter(|group| group.gap == Gap::Line).count()
    }

    /// The extension after a telephone number, and where it ends: ` x123`, ` ext. 45`.
    pub(super) fn end_with_extension(&self) -> usize {
        extension(self.text, self.end).unwrap_or(self.end)
    }

    /// The filler after a SIM card number.
    pub(super) fn end_with_filler(&self) -> usize {
        let has_filler = matches!(byte(self.text, self.end), b'F' | b'f')
            && !super::units::is_word(self.text, self.end + 1);
        self.end + usize::from(has_filler)
    }
}

/// What the words around a window say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    pub(super) before: Before,
    pub(super) after: Sense,
    pub(super) column: Sense,
    pub(super) glued: Sense,
}

impl Context {
    /// Whether the label directly before it, or its column, is of these kinds.
    pub(super) const fn is_directly(&self, kinds: Sense) -> bool {
        self.glued & kinds != 0 || self.before.is_directly(self.column, kinds)
    }
}

/// Whether a closing parenthesis stands between two places.
fn closes(text: &[u8], start: usize, end: usize) -> bool {
    let mut at = start;
    while at < end {
        let (found, len) = unit(text, at);
        if found == Unit::Close {
            return true;
        }
        at += len.max(1);
    }
    false
}

/// Whether a digit and a joint stand directly before.
fn digit_joined_before(text: &[u8], start: usize) -> bool {
    let (joint, len) = unit_before(text, start);
    let is_joint = matches!(joint, Unit::Dash | Unit::Dot | Unit::Underscore);
    is_joint && matches!(unit_before(text, start - len).0, Unit::Digit(_))
}

/// Whether a joint and a replacement stand directly after.
fn marker_joined_after(text: &[u8], end: usize) -> bool {
    let (joint, len) = unit(text, end);
    matches!(joint, Unit::Dash | Unit::Dot | Unit::Underscore) && marker::is_at(text, end + len)
}

/// Whether up to three spaces and a replacement stand directly after: what it stands for was the next group.
fn marker_spaced_after(text: &[u8], end: usize) -> bool {
    let mut at = end;
    for _ in 0..3 {
        match unit(text, at) {
            (Unit::Space, len) => at += len,
            _ => break,
        }
    }
    at > end && marker::is_at(text, at)
}

/// Where an extension ends that begins here.
fn extension(text: &[u8], end: usize) -> Option<usize> {
    const MAX_DIGITS: usize = 6;
    let mut at = end;
    while matches!(byte(text, at), b' ' | b',' | b';') && at < end + 2 {
        at += 1;
    }
    let rest = text.get(at..)?;
    let words: [&[u8]; 4] = [b"extension", b"extn", b"ext", b"x"];
    let word = words.into_iter().find(|word| {
        rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && rest.get(word.len()).is_some_and(|next| !next.is_ascii_alphabetic())
    })?;
    at += word.len();
    let limit = at + 3;
    while matches!(byte(text, at), b' ' | b'.' | b':' | b'#') && at < limit {
        at += 1;
    }
    let digits = text.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let fits = (1..=MAX_DIGITS).contains(&digits) && !super::units::is_word(text, at + digits);
    fits.then_some(at + digits)
}
