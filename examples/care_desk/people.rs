//! Customers who do not exist: made from a fixed seed, with identifiers that can be nobody's.
//!
//! Sources of the safe ranges: SSA (never assigned areas 000 and 666, advertising range
//! 987-65-4320 to 4329), IRS (9xx-45 is in no range of ITIN, ATIN or IRSN), NANPA (555-0100 to
//! 555-0199), 3GPP TS 23.003 (IMEI of reporting body 00: test equipment), ITU-T E.118 (no country
//! code begins with 0, so ICCID 8900…), test card numbers of payment processors, RFC 2606
//! (example.com, example.net, example.org).

#![expect(clippy::indexing_slicing, reason = "every index is taken modulo the length of its table")]

use std::time::Duration;

use cpni_guard::vocabulary::{AccountId, Timestamp};
use cpni_guard::{CallRow, Record, Sensitive};

use crate::desk::{Customers, NewCustomer, PLAYERS, Remembered};
use crate::hosts::at;

/// How many customers are made.
pub(crate) const CUSTOMERS: u64 = 500;
/// Where the generator starts: the letters CPNI.
const SEED: u64 = 0x4350_4E49;

const GIVEN: [&str; 24] = [
    "Dana", "Robin", "Sam", "Kim", "Alex", "Jo", "Lee", "Pat", "Chris", "Max", "Toni", "Charlie", "Jamie",
    "Morgan", "Casey", "Riley", "Quinn", "Avery", "Rowan", "Skyler", "Sasha", "Frankie", "Billie", "Noor",
];
const FAMILY: [&str; 21] = [
    "Example",
    "Sample",
    "Specimen",
    "Placeholder",
    "Fictional",
    "Testcase",
    "Madeup",
    "Lorem",
    "Ipsum",
    "Dolor",
    "Pretend",
    "Imaginary",
    "Template",
    "Dummy",
    "Nobody",
    "Standin",
    "Mockup",
    "Stub",
    "Draft",
    "Fixture",
    "Blank",
];
const STREETS: [&str; 6] =
    ["Example Street", "Sample Avenue", "Placeholder Road", "Specimen Lane", "Fiction Way", "Nowhere Court"];
const CITIES: [&str; 5] = [
    "Sampleton, ZZ 00000",
    "Exampleville, ZZ 00000",
    "Nowhere, ZZ 00000",
    "Testburg, ZZ 00000",
    "Fiction City, ZZ 00000",
];
const PLACES: [&str; 5] = ["Sampleton", "Exampleville", "Nowhere", "Testburg", "Fiction City"];
const PLANS: [&str; 5] =
    ["Unlimited Plus", "Talk and Text", "Family Share", "Prepaid Basic", "Data and Text 50"];
const FEATURES: [&str; 6] = [
    "voicemail",
    "voicemail, call waiting",
    "caller ID block",
    "roaming pass",
    "international calls",
    "voicemail, roaming pass",
];
const MAIL_DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];
const AREA_CODES: [&str; 10] = ["202", "206", "212", "303", "305", "312", "415", "512", "617", "702"];
const CARDS: [&str; 5] =
    ["4111111111111111", "4242424242424242", "5555555555554444", "378282246310005", "6011111111111117"];

/// Columns of a made record, in the order in which a person would list them.
const COLUMNS: [&str; 16] = [
    "name",
    "street",
    "city",
    "birth_date",
    "ssn",
    "account_number",
    "mobile",
    "email",
    "plan",
    "features",
    "lines",
    "imei",
    "iccid",
    "balance",
    "card",
    "call_detail",
];

/// The customers of the sample.
pub(crate) fn make_customers() -> Customers {
    let people = (0..CUSTOMERS).filter_map(|number| Person::derive(number).into_customer(number)).collect();
    Customers { people, columns: COLUMNS.iter().map(|name| (*name).to_owned()).collect() }
}

/// A customer in the clear.
struct Person {
    account: String,
    values: [String; 15],
    calls: Vec<Call>,
}

struct Call {
    outbound: bool,
    number: String,
    start: Timestamp,
    seconds: u32,
    place: Option<&'static str>,
}

impl Person {
    /// The same person for the same number, in every run.
    fn derive(number: u64) -> Self {
        let random = &mut SplitMix64(SEED ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        // Names go round by number: no two customers share one.
        let (given, family) = (pick_at(&GIVEN, number), pick_at(&FAMILY, number / 24));
        let account = format!("{:012}", 100_000_000_000 + number * 7_919);
        let mut calls: Vec<_> = (0..5 + random.below(36)).map(|_| Call::derive(random)).collect();
        calls.sort_by_key(|call| call.start);
        let values = [
            format!("{given} {family}"),
            format!("{} {}", 1 + random.below(999), random.pick(&STREETS)),
            (*random.pick(&CITIES)).to_owned(),
            format!("{}-{:02}-{:02}", 1940 + random.below(65), 1 + random.below(12), 1 + random.below(28)),
            ssn(random),
            account.clone(),
            telephone(random),
            format!("{}.{}@{}", given.to_lowercase(), family.to_lowercase(), random.pick(&MAIL_DOMAINS)),
            (*random.pick(&PLANS)).to_owned(),
            (*random.pick(&FEATURES)).to_owned(),
            format!("{}", 1 + random.below(5)),
            imei(random),
            iccid(random),
            format!("${}.{:02}", random.below(240), random.below(100)),
            (*random.pick(&CARDS)).to_owned(),
        ];
        Self { account, values, calls }
    }

    fn into_customer(self, number: u64) -> Option<NewCustomer> {
        let plays = usize::try_from(number).is_ok_and(|number| number < PLAYERS);
        let remembered = plays.then(|| Remembered {
            name: Some(Sensitive::from(self.values[0].clone())),
            call: self.calls.last().map(|call| (call.number.clone(), call.start)),
        });
        let record = COLUMNS
            .into_iter()
            .zip(self.values)
            .fold(Record::new(), |record, (name, value)| record.text(name, value))
            .calls(COLUMNS[15], self.calls.into_iter().map(Call::into_row).collect());
        Some(NewCustomer { account: AccountId::new(self.account).ok()?, record, remembered })
    }
}

impl Call {
    /// A call in the sixty days before the afternoon.
    fn derive(random: &mut SplitMix64) -> Self {
        let before = Duration::from_secs(3600 + random.below(60 * 24 * 3600));
        let micros = u64::try_from(before.as_micros()).unwrap_or_default();
        Self {
            outbound: random.below(2) == 0,
            number: telephone(random),
            start: Timestamp::from_micros(at(15, 0).as_micros().saturating_sub(micros)),
            seconds: u32::try_from(5 + random.below(1_800)).unwrap_or_default(),
            place: (random.below(3) > 0).then(|| *random.pick(&PLACES)),
        }
    }

    fn into_row(self) -> CallRow {
        let row = if self.outbound {
            CallRow::outbound(self.number, self.start, self.seconds)
        } else {
            CallRow::inbound(self.number, self.start, self.seconds)
        };
        match self.place {
            Some(place) => row.at_place(place),
            None => row,
        }
    }
}

fn ssn(random: &mut SplitMix64) -> String {
    let (group, serial) = (1 + random.below(99), 1 + random.below(9_999));
    match random.below(4) {
        0 => format!("987-65-432{}", random.below(10)),
        1 => format!("000-{group:02}-{serial:04}"),
        2 => format!("666-{group:02}-{serial:04}"),
        _ => format!("9{:02}-45-{serial:04}", random.below(100)),
    }
}

fn telephone(random: &mut SplitMix64) -> String {
    format!("+1 {} 555 01{:02}", random.pick(&AREA_CODES), random.below(100))
}

fn imei(random: &mut SplitMix64) -> String {
    with_luhn(format!("00{:04}00{:06}", 1 + random.below(9_999), 1 + random.below(999_999)))
}

fn iccid(random: &mut SplitMix64) -> String {
    with_luhn(format!("8900{:014}", 1 + random.below(99_999_999_999_999)))
}

/// Adds the Luhn check digit (ISO/IEC 7812-1, annex B).
fn with_luhn(digits: String) -> String {
    let sum: u32 = digits
        .chars()
        .rev()
        .zip([true, false].into_iter().cycle())
        .map(|(digit, doubled)| digit.to_digit(10).unwrap_or_default() * if doubled { 2 } else { 1 })
        .map(|term| term / 10 + term % 10)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn pick_at<'t>(table: &[&'t str], number: u64) -> &'t str {
    table[usize::try_from(number).unwrap_or_default() % table.len()]
}

/// `SplitMix64`: the same numbers from the same seed, everywhere. Not for secrets.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; the slight unevenness does not matter here.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn pick<'t, T>(&mut self, table: &'t [T]) -> &'t T {
        &table[usize::try_from(self.below(table.len() as u64)).unwrap_or_default() % table.len()]
    }
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "a test fails by panicking")]
mod tests {
    use std::collections::HashSet;

    use cpni_guard::classify::identifiers::{self, IdentifierFault, IdentifierSort};
    use cpni_guard::vocabulary::IdentifierKind as Kind;

    use super::*;

    fn everybody() -> impl Iterator<Item = Person> {
        (0..CUSTOMERS).map(Person::derive)
    }

    fn value(person: &Person, column: &str) -> String {
        person.values[COLUMNS.iter().position(|name| *name == column).unwrap()].clone()
    }

    fn sort(kind: Kind, value: &str) -> Result<IdentifierSort, IdentifierFault> {
        identifiers::check(kind, value, None).map(|identifier| identifier.sort())
    }

    #[test]
    fn the_generator_is_splitmix64() {
        // The first numbers of seed 1234567, as the reference implementation gives them.
        let mut random = SplitMix64(1_234_567);
        assert_eq!(
            [random.next(), random.next(), random.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn the_same_customers_in_every_run() {
        let dana = Person::derive(0);
        assert_eq!(dana.values[0], "Dana Example");
        assert_eq!(dana.values, Person::derive(0).values);
        assert_eq!(dana.calls.len(), Person::derive(0).calls.len());
        // Written down from the first run: a change of the generator shows here.
        assert_eq!(everybody().map(|person| person.calls.len()).sum::<usize>(), CALLS_IN_ALL);
    }

    const CALLS_IN_ALL: usize = 11_361;

    #[test]
    fn there_are_500_with_16_fields_and_5_to_40_calls() {
        let (mut names, mut accounts) = (HashSet::new(), HashSet::new());
        for person in everybody() {
            assert!((5..=40).contains(&person.calls.len()));
            assert!(person.values.iter().all(|value| !value.is_empty()));
            assert!(names.insert(person.values[0].clone()), "{}", person.values[0]);
            assert!(accounts.insert(person.account.clone()));
            assert_eq!(person.account.len(), 12);
        }
        assert_eq!(make_customers().people.len(), 500);
        assert_eq!(COLUMNS.len(), 16);
    }

    #[test]
    fn no_ssn_can_be_anybodys() {
        let mut seen = HashSet::new();
        for person in everybody() {
            let ssn = value(&person, "ssn");
            let safe = match (&ssn[..3], &ssn[4..6]) {
                ("000" | "666", _) => "000 or 666",
                ("987", "65") if ssn.starts_with("987-65-432") => "advertising",
                (area, "45") if area.starts_with('9') => "9xx-45",
                _ => panic!("{ssn} may be somebody's"),
            };
            seen.insert(safe);
            // The library's own checks say the same.
            let expected = match safe {
                "advertising" => Ok(IdentifierSort::AdvertisingSsn),
                _ => Err(IdentifierFault::NeverAssigned),
            };
            assert_eq!(sort(Kind::Ssn, &ssn), expected, "{ssn}");
        }
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn no_telephone_number_rings() {
        for person in everybody() {
            let calls = person.calls.iter().map(|call| call.number.clone());
            for number in calls.chain([value(&person, "mobile")]) {
                assert!(number[6..].starts_with(" 555 01"), "{number}");
                assert_eq!(sort(Kind::Nanp, &number), Ok(IdentifierSort::NanpFictional), "{number}");
            }
        }
    }

    #[test]
    fn no_device_sim_card_or_mailbox_exists() {
        for person in everybody() {
            let (imei, iccid) = (value(&person, "imei"), value(&person, "iccid"));
            assert!(imei.starts_with("00"), "{imei}");
            assert_eq!(sort(Kind::Imei, &imei), Ok(IdentifierSort::Imei), "{imei}");
            assert!(iccid.starts_with("8900"), "{iccid}");
            assert_eq!(sort(Kind::Iccid, &iccid), Ok(IdentifierSort::Iccid), "{iccid}");
            let card = value(&person, "card");
            assert!(CARDS.contains(&card.as_str()));
            assert_eq!(sort(Kind::Pan, &card), Ok(IdentifierSort::Pan), "{card}");
            let email = value(&person, "email");
            assert!(MAIL_DOMAINS.iter().any(|domain| email.ends_with(&format!("@{domain}"))), "{email}");
            assert_eq!(sort(Kind::Email, &email), Ok(IdentifierSort::Email), "{email}");
        }
    }

    #[test]
    fn calls_lie_before_the_afternoon_and_the_last_one_can_be_named() {
        for (number, person) in everybody().enumerate() {
            assert!(person.calls.iter().all(|call| call.start < at(15, 0)));
            if number == crate::afternoon::NAMES_A_CALL {
                let last = person.calls.last().unwrap();
                let like_it = person.calls.iter().filter(|call| call.number == last.number);
                assert_eq!(like_it.count(), 1, "customer {number} cannot name one call");
            }
        }
    }
}
