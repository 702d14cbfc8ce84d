//! Telephone numbers of the North American Numbering Plan: area code, exchange, line.
//!
//! Sources: ATIS/NANPA area code and central office code guidelines; FCC toll-free codes; the
//! 555 line number guidelines for the numbers kept for fiction.

use super::spelling::{Take, gather, is_separator, number};
use super::{IdentifierFault, IdentifierSort};
use crate::sensitive::Sensitive;

/// How many digits a number has without its prefix.
const LEN: usize = 10;
/// What may stand before them: the country code, alone or as it is dialled from other countries (`00`,
/// ITU-T E.164) or from this one (`011`). Without one of these a longer number is of another country.
const PREFIXES: [&str; 4] = ["+1", "1", "001", "0111"];
/// The longest of them.
const MAX_PREFIX_LEN: usize = 4;

pub(super) fn form(text: &str) -> Result<Sensitive<String>, IdentifierFault> {
    let mut at_start = true;
    let mut kept = gather(text, LEN + MAX_PREFIX_LEN, |character| match character {
        '0'..='9' => {
            at_start = false;
            Take::Keep(character)
        }
        '+' if core::mem::take(&mut at_start) => Take::Keep(character),
        _ if is_separator(character) => Take::Drop,
        _ => Take::Refuse,
    })?;
    // EXPOSE: the prefix is read to be dropped; nothing leaves this function but the wiped buffer.
    let spelled = kept.expose();
    let prefix = spelled.len().checked_sub(LEN).ok_or(IdentifierFault::Length { len: spelled.len() })?;
    // `+` before ten digits begins a number of another country, although ten digits are left.
    let known = spelled.get(..prefix).is_some_and(|given| given.is_empty() || PREFIXES.contains(&given));
    if !known || spelled.get(prefix..).is_some_and(|rest| rest.starts_with('+')) {
        return Err(IdentifierFault::Prefix);
    }
    kept.expose_mut().drain(..prefix);
    Ok(kept)
}

pub(super) fn sort(normalised: &str) -> Result<IdentifierSort, IdentifierFault> {
    let phone = number(Some(normalised))?;
    let (area_code, exchange, line) = (phone / 10_000_000, phone / 10_000 % 1000, phone % 10_000);
    match (area(area_code), exchange, line) {
        (Area::Unassigned, _, _) | (_, ..200, _) => Err(IdentifierFault::NeverAssigned),
        (Area::Geographic, _, _) if is_n11(exchange) => Err(IdentifierFault::NeverAssigned),
        (Area::Geographic, 555, 100..=199) => Ok(IdentifierSort::NanpFictional),
        (Area::Geographic, _, _) => Ok(IdentifierSort::NanpGeographic),
        (Area::TollFree, 555, 199) if area_code == 800 => Ok(IdentifierSort::NanpFictional),
        (Area::TollFree, _, _) => Ok(IdentifierSort::NanpTollFree),
    }
}

/// What an area code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Area {
    /// A place, or a special service.
    Geographic,
    /// The called party pays.
    TollFree,
    /// No number begins so.
    Unassigned,
}

/// Area codes are `[2-9][0-8][0-9]` without N11; 37X and 96X are set aside, and of the toll-free
/// ones 822, 880 to 887 and 889 are reserved.
pub(super) const fn area(code: u64) -> Area {
    match code {
        800 | 833 | 844 | 855 | 866 | 877 | 888 => Area::TollFree,
        ..200 | 1000.. | 370..=379 | 960..=969 | 822 | 880..=887 | 889 => Area::Unassigned,
        _ if code / 10 % 10 == 9 || is_n11(code) => Area::Unassigned,
        _ => Area::Geographic,
    }
}

/// Service codes: 211, 311 … 911.
const fn is_n11(code: u64) -> bool {
    code % 100 == 11
}
