//! City and state of a postal address of the United States, as it is written in one field.
//!
//! Rules: the state is a two-letter code at the end, alone or before a ZIP code; the city is what stands
//! before it, of letters, after a comma or a line end, or at the start. Whatever could be part of a street
//! line is no city: then nothing is shown. No name of a place is looked up.
//!
//! Security note: a person's name in the place of the city, in a field that is none of its own, would show.

/// Longest address that is looked at, in bytes. Our limit.
const MAX_LEN: usize = 512;
/// Most characters and words of a city. Our limits: longer ones are masked.
const MAX_CITY_LEN: usize = 30;
const MAX_CITY_WORDS: usize = 4;

/// The two-letter codes of states and territories, and of the armed forces (USPS Publication 28, appendix B).
const STATES: [&str; 62] = [
    "AA", "AE", "AK", "AL", "AP", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "FM", "GA", "GU",
    "HI", "IA", "ID", "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MH", "MI", "MN", "MO", "MP", "MS",
    "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "PR", "PW", "RI", "SC",
    "SD", "TN", "TX", "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY",
];

/// Words of street lines, in upper case: a city with one of them is taken for a street. `ST` may stand first, as
/// in St Louis.
const STREET_WORDS: [&str; 29] = [
    "APARTMENT",
    "APT",
    "AVE",
    "AVENUE",
    "BLVD",
    "BOULEVARD",
    "BOX",
    "CIR",
    "CIRCLE",
    "COURT",
    "CT",
    "DR",
    "DRIVE",
    "FLOOR",
    "HIGHWAY",
    "HWY",
    "LANE",
    "LN",
    "PKWY",
    "PLACE",
    "PO",
    "RD",
    "ROAD",
    "STE",
    "STREET",
    "SUITE",
    "TERRACE",
    "UNIT",
    "WAY",
];

/// The city as written, with single spaces, and the state's code. `None` if either is in doubt.
pub(super) fn city_and_state(text: &str) -> Option<(String, &'static str)> {
    if text.len() > MAX_LEN {
        return None;
    }
    let mut parts = text.split([',', '\n']).map(str::trim).rev().filter(|part| !part.is_empty()).peekable();
    parts.next_if(|part| ["USA", "US", "UNITED STATES"].iter().any(|name| part.eq_ignore_ascii_case(name)));
    let mut last: Vec<&str> = parts.next()?.split_whitespace().collect();
    if last.last().is_some_and(|word| is_zip(word)) {
        last.pop();
        if last.is_empty() {
            last = parts.next()?.split_whitespace().collect();
        }
    }
    let written = last.pop()?;
    let state = *STATES.iter().find(|state| state.eq_ignore_ascii_case(written))?;
    let words = if last.is_empty() { parts.next()?.split_whitespace().collect() } else { last };
    let city = words.join(" ");
    let is_city = (1..=MAX_CITY_WORDS).contains(&words.len())
        && city.chars().count() <= MAX_CITY_LEN
        && words.iter().enumerate().all(|(at, word)| is_city_word(at, word));
    is_city.then_some((city, state))
}

/// Five digits, or nine as ZIP+4.
fn is_zip(word: &str) -> bool {
    let is_digits = |digits: &str, len| digits.len() == len && digits.bytes().all(|b| b.is_ascii_digit());
    match word.split_once('-') {
        Some((five, four)) => is_digits(five, 5) && is_digits(four, 4),
        None => is_digits(word, 5),
    }
}

fn is_city_word(at: usize, word: &str) -> bool {
    let bare = word.trim_end_matches('.');
    let is_street = STREET_WORDS.iter().any(|street| street.eq_ignore_ascii_case(bare))
        || at > 0 && bare.eq_ignore_ascii_case("ST");
    !is_street
        && word.starts_with(char::is_alphabetic)
        && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '\u{2019}'))
}
