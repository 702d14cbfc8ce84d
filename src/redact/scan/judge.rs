//! What a number may be, and how sure: one function a kind.
//!
//! A base from structure, check digits and issued ranges; words add to it or take from it. The figures are
//! chosen so that a number without any label reaches [`Confidence::USUAL`] only where its form is that of an
//! identifier in use. Sources of the structures: digest sections 5.1 to 5.8, [`crate::classify::identifiers`].

use crate::classify::identifiers::{IdentifierSort, sort_of};
use crate::vocabulary::IdentifierKind;

use super::cluster::{Gap, Group};
use super::finding::{Clue, Clues, Confidence, TextFinding, TextKind as Kind};
use super::window::{Context, Shape, Window};
use super::words::VERSION;

/// What is seen in a number itself: how far it goes without words.
#[derive(Clone, Copy)]
struct Form {
    base: u8,
    why: Clues,
}

/// What the words of a kind add: directly or nearest, further away, after it.
const NEAREST: u8 = 45;
const NEAR: u8 = 35;
const AFTER: u8 = 35;
/// What a word that speaks of something else takes.
const AGAINST: u8 = 30;
/// What a letter, slash or currency sign beside a run of digits takes.
const JOINED: u8 = 25;
/// What a number takes that is joined to another one.
const PART: u8 = 40;
/// What a line end inside takes.
const LINE: u8 = 15;

/// The best reading of a window, if any is worth a look.
pub(super) fn judge(window: &Window<'_>, context: &Context) -> Option<TextFinding> {
    if window.lines() > 1 {
        return None;
    }
    let mut best: Option<TextFinding> = None;
    let mut rivals = 0;
    for kind in kinds_of(window.len()).iter().copied() {
        let Some(reading) = read(kind, window, context) else { continue };
        rivals += usize::from(reading.confidence >= Confidence::USUAL);
        if best.is_none_or(|best| reading.confidence > best.confidence) {
            best = Some(reading);
        }
    }
    best.map(|best| TextFinding { why: best.why.with_if(rivals > 1, Clue::Ambiguous), ..best })
}

/// The kinds that numbers of a length may be, the strictest first.
const fn kinds_of(len: usize) -> &'static [Kind] {
    use Kind::{Account, BirthDate, Card, Eid, Iccid, Imei, Imsi, Itin, Meid, Phone, Secret, Ssn};
    match len {
        ..=2 => &[],
        3..=5 => &[Secret, BirthDate],
        6 => &[Secret, BirthDate, Account],
        7 | 8 => &[Secret, BirthDate, Account, Phone],
        9 => &[Secret, Ssn, Itin, Account, Phone],
        10 | 11 => &[Secret, Account, Phone],
        12 | 13 => &[Secret, Card, Account, Phone],
        14 | 15 => &[Secret, Card, Account, Imei, Meid, Imsi, Phone],
        16 => &[Card, Account, Imei, Phone],
        17 => &[Card, Account, Phone],
        18..=20 => &[Card, Account, Meid, Iccid, Phone],
        32 => &[Eid],
        _ => &[],
    }
}

/// Whether a window without any word beside it may be something by its form alone. It must say yes wherever
/// [`judge`] would find something.
pub(super) fn may_stand_alone(groups: &[Group], len: usize, first_digit: u8, plus: bool) -> bool {
    match groups {
        [_] => true,
        _ if plus || matches!(first_digit, b'0') || len > 12 => true,
        [a, b, c] => {
            matches!((a.len, b.len, c.len), (3, 2 | 3, 4) | (1, 3, 7) | (4, 3, 4) | (6, 3, 4) | (1, 1, 1))
        }
        [a, b] => matches!((a.len, b.len), (3, 6 | 7) | (5 | 6, 4)),
        [a, b, c, d] => matches!((a.len, b.len, c.len, d.len), (1 | 3, 3, 3, 4)),
        _ => groups.iter().all(|group| group.len == 1),
    }
}

fn read(kind: Kind, window: &Window<'_>, context: &Context) -> Option<TextFinding> {
    let form = match kind {
        Kind::Secret => return secret(window, context),
        Kind::BirthDate => return birth_date(window, context),
        Kind::Account => return account(window, context),
        Kind::Ssn => ssn(window, false, context),
        Kind::Itin => ssn(window, true, context),
        Kind::Card => card(window),
        Kind::Imei => imei(window),
        Kind::Meid => meid(window),
        Kind::Imsi => imsi(window),
        Kind::Iccid => iccid(window),
        Kind::Eid => eid(window),
        Kind::Phone => phone(window, context),
        Kind::Email | Kind::Ip => None,
    }?;
    let of_nine = Kind::Ssn.bit() | Kind::Itin.bit();
    let kinds = if kind.bit() & of_nine != 0 { of_nine } else { kind.bit() };
    let Form { base, mut why } = form;
    let mut confidence = Confidence::of_percent(base);
    let before = &context.before;
    let mut is_labelled = true;
    if context.glued & kinds != 0 || before.nearest & kinds != 0 {
        (confidence, why) = (confidence.up(NEAREST), why.with(Clue::WordBefore));
    } else if before.near & kinds != 0 {
        (confidence, why) = (confidence.up(NEAR), why.with(Clue::WordBefore));
    } else if context.column & kinds != 0 {
        (confidence, why) = (confidence.up(NEAREST), why.with(Clue::ColumnLabel));
    } else {
        is_labelled = false;
    }
    if context.after & kinds != 0 {
        is_labelled = true;
        (confidence, why) = (confidence.up(AFTER), why.with(Clue::WordAfter));
    }
    if before.against && !is_labelled {
        (confidence, why) = (confidence.down(AGAINST), why.with(Clue::WordAgainst));
    }
    if before.direct & VERSION != 0 && window.gap() == Gap::Dot {
        (confidence, why) = (confidence.down(PART), why.with(Clue::WordAgainst));
    }
    if window.edges.glued_before && context.glued & kinds == 0 {
        return None;
    }
    let solid = window.shape == Shape::Solid;
    let end = if kind == Kind::Phone {
        window.end_with_extension()
    } else if kind == Kind::Iccid {
        window.end_with_filler()
    } else {
        window.end
    };
    if end == window.end && window.edges.glued_after {
        // A letter that sticks to groups of the right form is a slip; one that sticks to a run, a word.
        if solid {
            return None;
        }
        confidence = confidence.down(JOINED);
    }
    if window.is_part {
        confidence = confidence.down(PART);
    } else if !is_labelled
        && (window.edges.is_amount
            || solid && (window.edges.joined_before || (window.edges.joined_after && end == window.end)))
    {
        confidence = confidence.down(JOINED);
    }
    if window.lines() > 0 {
        (confidence, why) = (confidence.down(LINE), why.with(Clue::AcrossLines));
    }
    let why = why.with_if(window.is_spoken, Clue::Spoken);
    Some(TextFinding { start: window.start, kind, confidence, why, end })
}

const fn form(base: u8, grouped: bool, checked: bool, assigned: bool) -> Option<Form> {
    let why = Clues::none()
        .with(Clue::Structure)
        .with_if(grouped, Clue::Grouping)
        .with_if(checked, Clue::CheckDigit)
        .with_if(assigned, Clue::Assigned);
    Some(Form { base, why })
}

/// Nine digits (digest 5.1). The order there: advertising range, the two that were printed, ITIN and ATIN,
/// SSN by structure; then what was never assigned, which counts only with a label.
fn ssn(window: &Window<'_>, of_taxpayer: bool, context: &Context) -> Option<Form> {
    if window.len() != 9 {
        return None;
    }
    let sort = sort_of(IdentifierKind::Ssn, window.digits).ok();
    let is_taxpayer = match sort {
        Some(IdentifierSort::Itin | IdentifierSort::Atin) => true,
        None | Some(IdentifierSort::Irsn) => {
            context.before.direct & Kind::Itin.bit() != 0 && context.before.direct & Kind::Ssn.bit() == 0
        }
        Some(_) => false,
    };
    if is_taxpayer != of_taxpayer {
        return None;
    }
    let assigned = sort.is_some_and(|sort| sort != IdentifierSort::Irsn);
    let grouped = window.is_of(&[3, 2, 4]);
    let gap = window.gap();
    let base = match (assigned, window.shape) {
        (true, Shape::Groups) if grouped => match gap {
            Gap::Dash => 90,
            Gap::Line => 80,
            Gap::Mixed | Gap::Parenthesis => 65,
            Gap::None | Gap::Space | Gap::Dot | Gap::Slash | Gap::Underscore => {
                if window.spaced == (None, None) { 80 } else { 60 }
            }
        },
        (true, Shape::Solid) => 50,
        (true, Shape::Singles) if window.spaced == (None, None) && gap != Gap::Slash => 50,
        (true, Shape::Groups) if gap == Gap::Line && window.is_of(&[3, 6]) | window.is_of(&[5, 4]) => 40,
        (true, _) => 25,
        (false, Shape::Groups) if grouped && gap == Gap::Dash => 40,
        (false, _) => 15,
    };
    form(base, grouped, false, assigned)
}

/// NANP numbers with and without their prefixes, numbers of other countries after a plus sign or a dialling
/// prefix, and what a label says is a telephone number (digest 5.2).
fn phone(window: &Window<'_>, context: &Context) -> Option<Form> {
    let len = window.len();
    let labelled = labelled_phone(window, context);
    let found = if window.plus && !window.digits.starts_with('1') {
        let is_country = (8..=16).contains(&len) && !window.digits.starts_with('0');
        is_country.then(|| form(80, false, false, false)).flatten()
    } else {
        nanp(window).or_else(|| dialled(window))
    };
    match (found, labelled) {
        (Some(found), Some(labelled)) if found.base >= labelled.base => Some(found),
        (found, None) => found,
        (_, labelled) => labelled,
    }
}

fn nanp(window: &Window<'_>) -> Option<Form> {
    let prefix = window.len().checked_sub(10)?;
    let (prefix, national) = (window.digits.get(..prefix)?, window.digits.get(prefix..)?);
    let has_prefix = match prefix {
        "" if !window.plus => false,
        "1" | "001" | "0111" => true,
        _ => return None,
    };
    let assigned = sort_of(IdentifierKind::Nanp, national).is_ok();
    let canonical: [&[usize]; 7] =
        [&[3, 3, 4], &[1, 3, 3, 4], &[3, 3, 3, 4], &[3, 1, 3, 3, 4], &[4, 3, 4], &[6, 3, 4], &[4, 3, 3, 4]];
    let grouped = canonical.iter().any(|lens| window.is_of(lens));
    let gap = window.gap();
    let base = match (grouped, window.shape) {
        (true, _) => match (assigned, gap) {
            (true, Gap::Dash | Gap::Dot | Gap::Parenthesis | Gap::Mixed) => 85,
            (true, _) if window.spaced != (None, None) && !has_prefix => 50,
            (true, _) => 75,
            (false, Gap::Dash | Gap::Dot | Gap::Parenthesis | Gap::Mixed) => 55,
            (false, _) if window.spaced == (None, None) => 50,
            (false, _) => 30,
        },
        (false, Shape::Solid) if assigned => 50,
        (false, Shape::Singles) if assigned => 45,
        (false, Shape::Groups)
            if assigned && (window.is_of(&[3, 7]) || window.is_of(&[6, 4]) || window.is_of(&[1, 3, 7])) =>
        {
            55
        }
        _ => 15,
    };
    let base = if window.plus {
        base.max(60) + 10
    } else if has_prefix && grouped {
        base + 5
    } else {
        base
    };
    form(base, grouped, false, assigned)
}

/// Numbers of other countries as they are dialled: `011` from here, `00` from most others.
fn dialled(window: &Window<'_>) -> Option<Form> {
    let rest = window.digits.strip_prefix("011").or_else(|| window.digits.strip_prefix("00"))?;
    let fits = (8..=15).contains(&rest.len()) && !rest.starts_with('0');
    let base = if window.shape == Shape::Groups && !matches!(window.gap(), Gap::Line) { 50 } else { 30 };
    fits.then(|| form(base, false, false, false)).flatten()
}

/// A number of no known plan right after `phone`, `call me at`, or right before `office`, `fax`.
fn labelled_phone(window: &Window<'_>, context: &Context) -> Option<Form> {
    let is_directly = context.is_directly(Kind::Phone.bit()) || context.after & Kind::Phone.bit() != 0;
    let fits = (7..=13).contains(&window.len())
        && window.lines() == 0
        && window.groups.iter().all(|group| group.len <= 11 && group.gap != Gap::Slash)
        && window.groups.last().is_some_and(|group| group.len >= 2)
        && !window.edges.joined_before
        && !(is_date(window) && window.gap() != Gap::Dot);
    (is_directly && fits).then(|| form(35, false, false, false)).flatten()
}

/// Payment cards: 13 to 19 digits with Luhn and a plausible issuer; 12 only with words (digest 5.7).
fn card(window: &Window<'_>) -> Option<Form> {
    let (len, digits) = (window.len(), window.digits);
    if !(12..=19).contains(&len) || digits.starts_with("89") {
        return None;
    }
    let issued = is_issued(digits);
    let gap = window.gap();
    let canonical: [&[usize]; 6] =
        [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[4, 4, 5], &[4, 4, 4, 4, 2]];
    let grouped = canonical.iter().any(|lens| window.is_of(lens)) && gap != Gap::Mixed;
    let checked = sort_of(IdentifierKind::Pan, digits).is_ok();
    // A parcel's number goes on in fours, and so does no card's, but an expiry date may follow.
    let goes_on = grouped && window.spaced.0 == Some(4) || (!issued && window.spaced.1 == Some(4));
    let base = match (checked, issued, window.shape) {
        _ if len == 12 => 15,
        _ if goes_on => 30,
        (true, true, _) if grouped => 90,
        (true, true, Shape::Solid) => 80,
        (true, true, _) => 55,
        (true, false, _) if grouped => 60,
        (true, false, Shape::Solid) => 35,
        (true, false, _) => 20,
        // A slip of the pen is still most of a card's number.
        (false, true, _) if grouped => 40,
        (false, true, Shape::Solid) if len >= 15 => 15,
        (false, _, _) => return None,
    };
    if len == 12 && !checked {
        return None;
    }
    form(base, grouped, checked, issued)
}

/// Whether cards of this length begin so.
fn is_issued(digits: &str) -> bool {
    let lead = |len: usize| digits.get(..len).and_then(|lead| lead.parse::<u32>().ok()).unwrap_or(0);
    match digits.len() {
        13 => lead(1) == 4,
        14 => matches!(lead(3), 300..=305 | 309) || matches!(lead(2), 36 | 38 | 39),
        15 => matches!(lead(2), 34 | 37) || matches!(lead(4), 1800 | 2131),
        16 => matches!(lead(2), 35 | 40..=49 | 50..=69 | 81) || matches!(lead(4), 2200..=2204 | 2221..=2720),
        17..=19 => matches!(lead(2), 40..=49 | 50 | 56..=69),
        _ => false,
    }
}

/// Handsets (digest 5.3). The first two digits are the body that reported the type.
fn imei(window: &Window<'_>) -> Option<Form> {
    let len = window.len();
    if !(14..=16).contains(&len) || window.digits.bytes().all(|digit| digit == b'0') {
        return None;
    }
    let body = matches!(
        window.digits.get(..2),
        Some(
            "00" | "01"
                | "10"
                | "30"
                | "33"
                | "35"
                | "44"
                | "45"
                | "49"
                | "50"
                | "51"
                | "52"
                | "53"
                | "54"
                | "86"
                | "91"
                | "98"
                | "99"
        )
    );
    let grouped = [
        &[2, 6, 6, 1][..],
        &[2, 6, 6],
        &[2, 6, 6, 2],
        &[6, 2, 6, 1],
        &[6, 2, 6],
        &[6, 2, 6, 2],
        &[8, 6, 1],
        &[8, 6],
    ]
    .iter()
    .any(|lens| window.is_of(lens));
    let checked = len == 15 && sort_of(IdentifierKind::Imei, window.digits).is_ok();
    let base = match (checked, body, grouped) {
        (true, true, true) => 92,
        (true, true, false) if window.shape == Shape::Solid => 85,
        (true, true, false) => 40,
        (true, false, _) => 35,
        (false, true, true) => 50,
        (false, _, _) => 15,
    };
    form(base, grouped, checked, body)
}

/// CDMA handsets in decimal (digest 5.3): the hexadecimal form is no number.
fn meid(window: &Window<'_>) -> Option<Form> {
    match window.len() {
        18 => {
            let (first, last) = (window.digits.get(..10)?, window.digits.get(10..)?);
            let fits = first.parse::<u64>().is_ok_and(|first| first <= 0xFFFF_FFFF)
                && last.parse::<u64>().is_ok_and(|last| last <= 0xFF_FFFF);
            fits.then(|| form(25, false, false, false)).flatten()
        }
        14 | 15 => form(15, false, false, false),
        _ => None,
    }
}

/// Subscribers (digest 5.5): fifteen digits of a United States network, or a label.
fn imsi(window: &Window<'_>) -> Option<Form> {
    if !(14..=15).contains(&window.len()) {
        return None;
    }
    let sort = sort_of(IdentifierKind::Imsi, window.digits).ok();
    let grouped = window.is_of(&[3, 3, 9]) || window.is_of(&[3, 2, 10]);
    let domestic = sort == Some(IdentifierSort::ImsiUnitedStates) && window.len() == 15;
    let base = match (domestic, window.shape) {
        (true, Shape::Solid) => 60,
        (true, _) if grouped => 60,
        _ => 15,
    };
    form(base, grouped, false, domestic)
}

/// SIM cards (digest 5.4).
fn iccid(window: &Window<'_>) -> Option<Form> {
    let len = window.len();
    if !(18..=20).contains(&len) {
        return None;
    }
    let checked = len == 19 && sort_of(IdentifierKind::Iccid, window.digits).is_ok();
    let base = match len {
        _ if !window.digits.starts_with("89") => 15,
        19 if checked => 92,
        20 => 75,
        18 => 65,
        _ => 50,
    };
    form(base, false, checked, base > 15)
}

/// eSIM chips (digest 5.6).
fn eid(window: &Window<'_>) -> Option<Form> {
    if window.len() != 32 {
        return None;
    }
    let checked = sort_of(IdentifierKind::Eid, window.digits).is_ok();
    let telecom = window.digits.starts_with("89");
    form(
        if checked {
            95
        } else if telecom {
            50
        } else {
            15
        },
        false,
        checked,
        telecom,
    )
}

/// Digits right after the label of a PIN or code, or named as one right after.
fn secret(window: &Window<'_>, context: &Context) -> Option<TextFinding> {
    let bit = Kind::Secret.bit();
    let tight = window.groups.iter().skip(1).all(|group| group.gap == Gap::Dash);
    let fits = (3..=15).contains(&window.len())
        && (window.groups.len() == 1 || window.shape == Shape::Singles || tight)
        && !window.is_part
        && !window.edges.is_amount
        && !window.edges.glued_after;
    if !fits || (window.edges.glued_before && context.glued & bit == 0) {
        return None;
    }
    let why = Clues::none().with(Clue::Structure).with_if(window.is_spoken, Clue::Spoken);
    let (confidence, why) = if context.before.direct & bit != 0 || context.glued & bit != 0 {
        (95, why.with(Clue::WordBefore))
    } else if context.is_directly(bit) {
        (95, why.with(Clue::ColumnLabel))
    } else if context.after & bit != 0 && window.len() >= 4 && window.len() <= 8 {
        (70, why.with(Clue::WordAfter))
    } else {
        return None;
    };
    Some(TextFinding {
        start: window.start,
        kind: Kind::Secret,
        confidence: Confidence::of_percent(confidence),
        why,
        end: window.end,
    })
}

/// A date right after the label of a birth date.
fn birth_date(window: &Window<'_>, context: &Context) -> Option<TextFinding> {
    let fits = is_date(window)
        && window.lines() == 0
        && !window.edges.glued_after
        && !window.edges.is_amount
        && !window.is_part;
    if !(fits && context.is_directly(Kind::BirthDate.bit())) {
        return None;
    }
    let why = Clues::none().with(Clue::Structure);
    let named = context.before.direct & Kind::BirthDate.bit() != 0;
    let why = why.with(if named { Clue::WordBefore } else { Clue::ColumnLabel });
    Some(TextFinding {
        start: window.start,
        kind: Kind::BirthDate,
        confidence: Confidence::of_percent(95),
        why,
        end: window.end,
    })
}

/// Whether the groups are those of a date that can be: in the American, the European or the ISO order.
pub(super) fn is_date(window: &Window<'_>) -> bool {
    let number = |from: usize, len: usize| {
        window.digits.get(from..from + len).and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(u32::MAX)
    };
    let is_year = |year: u32| (1880..=2100).contains(&year);
    let is_day = |a: u32, b: u32| {
        ((1..=12).contains(&a) && (1..=31).contains(&b)) || ((1..=31).contains(&a) && (1..=12).contains(&b))
    };
    match *window.groups {
        [a, b, c] if a.len <= 2 && b.len <= 2 && matches!(c.len, 2 | 4) => {
            is_day(number(0, a.len), number(a.len, b.len))
                && (c.len == 2 || is_year(number(a.len + b.len, 4)))
        }
        [a, b, c] if a.len == 4 && b.len <= 2 && c.len <= 2 => {
            is_year(number(0, 4)) && is_day(number(4, b.len), number(4 + b.len, c.len))
        }
        [a] if a.len == 8 => {
            (is_year(number(0, 4)) && is_day(number(4, 2), number(6, 2)))
                || (is_day(number(0, 2), number(2, 2)) && is_year(number(4, 4)))
        }
        [a] if a.len == 6 => is_day(number(0, 2), number(2, 2)),
        _ => false,
    }
}

/// Digits right after the label of an account.
fn account(window: &Window<'_>, context: &Context) -> Option<TextFinding> {
    let fits = (6..=20).contains(&window.len())
        && window.lines() == 0
        && !is_date(window)
        && !window.is_part
        && !window.edges.glued_after
        && !window.edges.joined_before
        && context.is_directly(Kind::Account.bit())
        && (!window.edges.glued_before || context.glued & Kind::Account.bit() != 0);
    let named = context.before.direct & Kind::Account.bit() != 0;
    let why = Clues::none().with(Clue::Structure);
    let why = why.with(if named { Clue::WordBefore } else { Clue::ColumnLabel });
    fits.then_some(TextFinding {
        start: window.start,
        kind: Kind::Account,
        confidence: Confidence::of_percent(75),
        why,
        end: window.end,
    })
}
