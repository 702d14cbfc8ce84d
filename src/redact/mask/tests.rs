//! Masks show what the table says and no more, and say nothing of the rest.

use proptest::prelude::*;

use super::*;
use crate::vocabulary::DataClass;

const FORMS: [MaskForm; 6] = [
    MaskForm::Withheld,
    MaskForm::Kind,
    MaskForm::Last(1),
    MaskForm::Last(4),
    MaskForm::Last(u8::MAX),
    MaskForm::Part,
];

/// A valid identifier of each kind that shows its end: `d` is any digit, `?` what its check needs. Four
/// digits follow.
const TEMPLATES: [(MaskKind, &str); 7] = [
    (MaskKind::Phone, "2022d?"),
    (MaskKind::Card, "4ddddddddd??"),
    (MaskKind::Imei, "00dddddd??"),
    (MaskKind::Meid, "A0dddddd??"),
    (MaskKind::Iccid, "89dddddddddddd?"),
    (MaskKind::Imsi, "310dddddddd"),
    (MaskKind::Eid, "89dddddddddddddddddddddddd??"),
];

fn text(kind: MaskKind, form: MaskForm, value: &str) -> String {
    Mask::new(kind, form, value).to_string()
}

fn part(kind: MaskKind, value: &str) -> String {
    text(kind, MaskForm::Part, value)
}

fn identifier(kind: MaskKind) -> (IdentifierKind, u8) {
    let Part::Last { of, usual } = kind.part() else { panic!("{kind} shows no end") };
    (of, usual)
}

/// The template with these digits, filled so that it passes its check.
fn valid(kind: MaskKind, template: &str, digits: &[u8], tail: &str) -> String {
    let mut digits = digits.iter().cycle();
    let head: String = template
        .chars()
        .map(|c| if c == 'd' { char::from(b'0' + digits.next().unwrap() % 10) } else { c })
        .collect();
    let filled = (0..100).map(|n| {
        let two = format!("{n:02}");
        let mut fill = two.chars().rev();
        let head: String = head.chars().map(|c| if c == '?' { fill.next().unwrap() } else { c }).collect();
        head + tail
    });
    let (of, _) = identifier(kind);
    filled
        .into_iter()
        .find(|value| check(of, value, None).is_ok())
        .unwrap_or_else(|| panic!("no {kind} of {template} passes"))
}

/// The same digits with separators, or full width.
fn spellings(value: &str) -> [String; 3] {
    let spaced = value.chars().flat_map(|c| [c, '\u{A0}']).collect();
    let dashed = value.chars().enumerate().map(|(i, c)| if i % 3 == 2 { format!("{c}-") } else { c.into() });
    let wide = value.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
    [spaced, dashed.collect(), wide]
}

#[test]
fn every_kind_has_a_form_that_shows_nothing_and_one_that_names_it() {
    let mut labels = std::collections::BTreeSet::new();
    for kind in MaskKind::ALL {
        assert_eq!(text(*kind, MaskForm::Withheld, "4111111111111111"), DOTS);
        assert_eq!(text(*kind, MaskForm::Kind, "4111111111111111"), kind.label());
        assert!(labels.insert(kind.label()), "{kind}: a label of its own");
        let stands_in_brackets = kind.label().starts_with('[') && kind.label().ends_with(']');
        assert_eq!(stands_in_brackets, *kind != MaskKind::Untold, "{kind}");
    }
    assert_eq!(MaskForm::default(), MaskForm::Withheld);
}

#[test]
fn what_authenticates_is_never_shown() {
    let values = ["987-65-4321", "078051120", "4321", "1234", "plum-harbor-19", "000000000012", "Dana"];
    let never = [MaskKind::Ssn, MaskKind::Itin, MaskKind::Secret, MaskKind::Account, MaskKind::BirthDate];
    for (kind, value) in never.into_iter().flat_map(|kind| values.map(|value| (kind, value))) {
        for form in FORMS {
            let expected = if form == MaskForm::Kind { kind.label() } else { DOTS };
            assert_eq!(text(kind, form, value), expected, "{kind} {form:?}");
        }
    }
}

#[test]
fn the_last_four_of_an_ssn_take_a_call_that_says_so() {
    let shown = |text| Mask::dangerous_ssn_last_four(text).to_string();
    for spelling in ["987-65-4321", "987 65 4321", "９８７６５４３２１"] {
        assert_eq!(shown(spelling), "••••4321");
    }
    for malformed in ["", "4321", "98765432", "9876543210", "987-65-432l", "000-00-0000"] {
        assert_eq!(shown(malformed), DOTS, "{malformed}");
    }
}

#[test]
fn a_survivors_field_and_one_that_nobody_classified_look_alike() {
    for kind in IdentifierKind::ALL {
        assert_eq!(MaskKind::of(DataClass::Survivor, Some(*kind)), MaskKind::Untold);
        assert_eq!(MaskKind::of(DataClass::AuthSecret, Some(*kind)), MaskKind::Secret);
    }
    assert_eq!(Mask::of_kind(MaskKind::Untold), Mask::WITHHELD);
    assert_eq!(part(MaskKind::Untold, "4111111111111111"), DOTS);
    // An SSN in a field of another class stays one.
    for class in DataClass::ALL.iter().filter(|class| **class != DataClass::Survivor) {
        assert!(!MaskKind::of(*class, Some(IdentifierKind::Ssn)).shows_a_part(), "{class}");
    }
}

#[test]
fn a_masked_view_shows_the_part_of_the_table() {
    for (kind, value, shown) in [
        (MaskKind::Card, "4111 1111 1111 1111", "••••1111"),
        (MaskKind::Card, "3782-822463-10005", "••••0005"),
        (MaskKind::Phone, "+1 (202) 555-0123", "••••23"),
        (MaskKind::Imei, "001017000000003", "••••0000"),
        (MaskKind::Iccid, "8900000000000000003F", "••••0003"),
        (MaskKind::Imsi, "001010123456789", "••••6789"),
        (MaskKind::Eid, "89001012012341234012345678901224", "••••1224"),
        (MaskKind::Meid, "AF 012345 0ABCDE", "••••BCDE"),
        (MaskKind::Email, " Dana.Example@example.com ", "d••••@••••"),
        (MaskKind::Name, "dana example", "D••••"),
        (MaskKind::Name, "O'Brien-Smith, Jr.", DOTS), // a comma is in no name
        (MaskKind::Address, "12 Elm Street, Springfield, IL 62704", "••••, Springfield, IL"),
        (MaskKind::Account, "000000000012", DOTS),
        (MaskKind::Amount, "$84.20", DOTS),
        (MaskKind::CallDetail, "+1 202 555 0123", DOTS),
    ] {
        assert_eq!(part(kind, value), shown, "{kind}: {value}");
    }
}

#[test]
fn what_is_malformed_short_or_too_long_shows_nothing() {
    for (kind, value) in [
        (MaskKind::Card, "4111 1111 1111 1112"), // its check digit is wrong
        (MaskKind::Card, "PIN 1234"),
        (MaskKind::Card, "8900000000000000003"),   // a SIM card
        (MaskKind::Card, "0000000000000000"),      // nobody's
        (MaskKind::Card, "٤١١١١١١١١١١١١١١١"),      // digits of another script
        (MaskKind::Card, "4111111111111111 1234"), // a card and something else
        (MaskKind::Phone, "555-0123"),
        (MaskKind::Phone, "+44 20 7946 0018"),
        (MaskKind::Phone, "202-555-0123 x4"),
        (MaskKind::Imsi, "001010"), // six digits are an IMSI, and four of them too many
        (MaskKind::Imsi, "00101012"),
        (MaskKind::Email, "da@example.com"),
        (MaskKind::Email, "987654321@example.com"),
        (MaskKind::Email, "dana at example.com"),
        (MaskKind::Name, ""),
        (MaskKind::Name, "Al"),
        (MaskKind::Name, "987-65-4321"),
        (MaskKind::Name, "Dana 4321"),
        (MaskKind::Name, "李小龍"), // its first character is the family name
        (MaskKind::Name, "\u{202E}Dana"),
    ] {
        assert_eq!(part(kind, value), DOTS, "{kind}: {value}");
        assert_eq!(text(kind, MaskForm::Last(4), value), DOTS, "{kind}: {value}");
    }
    assert_eq!(part(MaskKind::Name, &"a".repeat(101)), DOTS);
    assert_eq!(part(MaskKind::Name, &"a".repeat(100)), "A••••");
    // Nine digits of an IMSI keep five hidden.
    assert_eq!(text(MaskKind::Imsi, MaskForm::Last(4), "001010123"), "••••0123");
    assert_eq!(text(MaskKind::Card, MaskForm::Last(0), "4111111111111111"), DOTS);
}

#[test]
fn of_an_address_city_and_state_show() {
    let springfield = "••••, Springfield, IL";
    for address in [
        "12 Elm Street, Springfield, IL 62704",
        "12 Elm Street, Springfield IL 62704-0123",
        "12 Elm Street\nApt 4\nSpringfield, il, 62704",
        "Springfield, IL 62704", // a field of its own
        "P.O. Box 7, Springfield, IL 62704, USA",
        " 12 Elm Street ,  Springfield ,IL,,",
    ] {
        assert_eq!(part(MaskKind::Address, address), springfield, "{address}");
    }
    for (address, shown) in [
        ("1 A St, St. Louis, MO 63101", "••••, St. Louis, MO"),
        ("1 Calle Sol, Mayagüez, PR 00680", "••••, Mayagüez, PR"),
        ("1 Main St, Winston-Salem NC", "••••, Winston-Salem, NC"),
    ] {
        assert_eq!(part(MaskKind::Address, address), shown);
    }
    let long = format!("1 Elm Street, {}, IL 62704", "x".repeat(31));
    for doubtful in [
        "",
        "12 Elm Street",
        "62704",
        "IL 62704",
        "12 Elm Street Springfield IL 62704", // where does the street end?
        "12 Elm Street, Springfield, Illinois",
        "12 Elm Street, Springfield, IL 627041",
        "12 Elm Street, IL 62704",
        "Elm Street, IL 62704",
        "Elm St, IL 62704",
        "Elm Rd., IL 62704",
        "Apt. Four, IL 62704",
        "12 Elm Street, Spring-4-field, IL 62704",
        "12 Elm Street, one two three four five, IL 62704",
        "10 Downing Street, London SW1A 2AA, UK",
        long.as_str(),
        &format!("{}, Springfield, IL", "x".repeat(500)),
    ] {
        assert_eq!(part(MaskKind::Address, doubtful), DOTS, "{doubtful}");
    }
}

proptest! {
    /// One property for each kind that shows its end: at most `k` characters, of the end only; another value
    /// with the same end has the same mask; so has every other spelling.
    #[test]
    fn an_identifier_shows_its_end_and_nothing_else(
        one in proptest::collection::vec(0_u8..10, 24),
        other in proptest::collection::vec(0_u8..10, 24),
        // Check digits of an EID are 02 to 98.
        tail in "[0-9]{2}(0[2-9]|[1-8][0-9]|9[0-8])",
        k in 0_u8..=9,
    ) {
        for (kind, template) in TEMPLATES {
            let (a, b) = (valid(kind, template, &one, &tail), valid(kind, template, &other, &tail));
            let (of, usual) = identifier(kind);
            // A right check digit is no part of a handset's number.
            let normal = crate::classify::identifiers::normalise(of, &a).unwrap();
            prop_assert_eq!(normal.expose(), &a);
            for (form, k) in [(MaskForm::Last(k), k.min(4)), (MaskForm::Part, usual)] {
                let mask = text(kind, form, &a);
                let shown: String = tail.chars().skip(4 - usize::from(k)).collect();
                prop_assert_eq!(&mask, &format!("{DOTS}{shown}"), "{}", kind);
                prop_assert_eq!(&mask, &text(kind, form, &b), "{}", kind);
                for spelling in spellings(&a) {
                    prop_assert_eq!(&mask, &text(kind, form, &spelling), "{}", kind);
                }
            }
        }
    }

    #[test]
    fn names_with_one_initial_have_one_mask(a in "[Dd][a-z]{2,20}", b in "d[a-z]{2,9} [A-Z][a-z'-]{2,20}") {
        for (name, other) in [(&a, &b), (&b, &a)] {
            prop_assert_eq!(part(MaskKind::Name, name), "D••••");
            prop_assert_eq!(part(MaskKind::Name, name), part(MaskKind::Name, other));
        }
    }

    #[test]
    fn mailboxes_with_one_initial_have_one_mask(
        a in "[Dd][a-z0-9]{2,20}@[a-z]{1,9}\\.com",
        b in "d[a-z.]{1,9}x@[a-z]{1,9}\\.[a-z]{2,9}\\.net",
    ) {
        prop_assume!(!b.contains("..") && !b.contains(".@"));
        prop_assert_eq!(part(MaskKind::Email, &a), "d••••@••••");
        prop_assert_eq!(part(MaskKind::Email, &b), "d••••@••••");
    }

    #[test]
    fn addresses_of_one_city_have_one_mask(
        a in "[0-9]{1,5} [A-Z][a-z]{2,12} (Street|Ave|Rd\\.)( Apt [0-9]{1,3})?",
        b in "P\\.?O\\.? Box [0-9]{1,6}",
        zip in "[0-9]{5}(-[0-9]{4})?",
        other in "[0-9]{5}",
    ) {
        let mask = part(MaskKind::Address, &format!("{a}, Long Beach, CA {zip}"));
        prop_assert_eq!(&mask, "••••, Long Beach, CA");
        prop_assert_eq!(&mask, &part(MaskKind::Address, &format!("{b}\nLong  Beach, CA {other}")));
    }

    /// Kinds that show nothing show nothing of anything.
    #[test]
    fn kinds_without_a_part_have_one_mask(value in "\\PC{0,40}|[0-9 .-]{0,24}") {
        for kind in MaskKind::ALL.iter().filter(|kind| !kind.shows_a_part()) {
            for form in FORMS {
                let expected = if form == MaskForm::Kind { kind.label() } else { DOTS };
                prop_assert_eq!(text(*kind, form, &value), expected);
            }
        }
    }

    /// Whatever comes in, a mask has one of the few shapes, and shows at most four digits.
    #[test]
    fn any_text_has_a_mask_of_a_known_shape(
        value in "\\PC{0,40}|[0-9 .+-]{0,40}|[A-Za-z0-9 ,@.\n-]{0,60}",
    ) {
        for kind in MaskKind::ALL {
            for form in FORMS {
                let mask = text(*kind, form, &value);
                let rest = mask.strip_prefix(DOTS);
                let fits = mask == kind.label() || mask == DOTS || match kind.part() {
                    Part::Nothing => false,
                    Part::Last { of, .. } => check(of, &value, None).is_ok()
                        && rest.is_some_and(|end| end.len() <= 4 && end.bytes().all(|b| b.is_ascii_alphanumeric())),
                    Part::Initial => mask.len() == DOTS.len() + 1 && mask.ends_with(DOTS),
                    Part::Mailbox => mask.len() == 2 * DOTS.len() + 2 && mask.ends_with("@••••"),
                    Part::CityAndState => rest.is_some_and(|place| !place.contains(|c: char| c.is_numeric())),
                };
                prop_assert!(fits, "{} {:?}: {:?} of {:?}", kind, form, mask, value);
            }
        }
    }
}
