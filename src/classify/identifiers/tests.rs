//! Values are the safe ones of digest section 5, impossible ones, or drawn at run time. Where a
//! rule has only unsafe examples, its function is tested on the part that decides.

use proptest::prelude::*;

use super::*;
use IdentifierFault as Fault;
use IdentifierKind as Kind;
use IdentifierSort as Sort;

fn normal(kind: Kind, text: &str) -> Option<String> {
    normalise(kind, text).map(|value| value.expose().clone())
}

fn sort_of(kind: Kind, text: &str) -> Result<Sort, Fault> {
    check(kind, text, None).map(|identifier| identifier.sort())
}

fn all(kind: Kind, texts: &[&str], expected: Result<Sort, Fault>) {
    for text in texts {
        assert_eq!(sort_of(kind, text), expected, "{text}");
    }
}

#[test]
fn an_ssn_is_sorted_in_the_order_of_the_rules() {
    all(Kind::Ssn, &["987-65-4320", "987-65-4321", "987-65-4329"], Ok(Sort::AdvertisingSsn));
    // One below and one above the range: group 65 is an ITIN group.
    all(Kind::Ssn, &["987-65-4319", "987-65-4330"], Ok(Sort::Itin));
    all(Kind::Ssn, &["078-05-1120", "219-09-9999"], Ok(Sort::PublicisedSsn));
    let never = ["000-12-3456", "666-12-3456", "900-45-6789", "123-00-4567", "123-45-0000", "000-00-0000"];
    all(Kind::Ssn, &never, Err(Fault::NeverAssigned));
}

#[test]
fn the_groups_of_nine_hundreds_are_those_of_the_list() {
    for group in 0..100 {
        let expected = match group {
            50..=65 | 70..=88 | 90..=92 | 94..=99 => Ok(Sort::Itin),
            93 => Ok(Sort::Atin),
            1..=10 | 17..=19 | 28 | 29 | 37..=39 => Ok(Sort::Irsn),
            _ => Err(Fault::NeverAssigned),
        };
        all(Kind::Ssn, &[&format!("900{group:02}0000"), &format!("999{group:02}0000")], expected);
    }
}

#[test]
fn lengths_and_characters_are_refused_with_their_place() {
    let length =
        |kind, text: &str, len| assert_eq!(sort_of(kind, text), Err(Fault::Length { len }), "{text}");
    length(Kind::Ssn, "", 0);
    length(Kind::Ssn, "000-12-345", 8);
    length(Kind::Ssn, "000-12-34567", 10);
    length(Kind::Nanp, "202 555 010", 9);
    length(Kind::Nanp, "202 555 0100 20255", 15);
    length(Kind::Imei, "0010170000000", 13);
    length(Kind::Imei, "00101700000000300", 17);
    length(Kind::Meid, "AF0123450ABCD", 13);
    length(Kind::Meid, "AF0123450ABCDECC", 16);
    length(Kind::Meid, "AF0123450ABCDE0000", 18);
    length(Kind::Meid, "2936087365007037100", 19);
    length(Kind::Iccid, "89000000000000000", 17);
    length(Kind::Iccid, "89000000000000000F", 17);
    length(Kind::Iccid, "890000000000000000040", 21);
    length(Kind::Iccid, "89000000000000000004F", 21);
    length(Kind::Imsi, "00101", 5);
    length(Kind::Imsi, "0010101234567890", 16);
    length(Kind::Eid, "8900101201234123401234567890122", 31);
    length(Kind::Eid, "890010120123412340123456789012240", 33);
    length(Kind::Pan, "411111111111", 12);
    length(Kind::Pan, "41111111111111111111", 20);
    length(Kind::AccountNumber, "EXAMPL-0", 7);
    length(Kind::AccountNumber, &"E".repeat(21), 21);
    length(Kind::AccountNumber, &"E".repeat(65), 65);
    length(Kind::AccountNumber, " -/- ", 0);
    length(Kind::Email, "  ", 0);
    length(Kind::Email, &format!("{}@example.com", "a".repeat(243)), 255);

    let character = |kind, text: &str, position| {
        assert_eq!(sort_of(kind, text), Err(Fault::Character { position }), "{text}");
    };
    character(Kind::Ssn, "***-**-3456", 0);
    character(Kind::Ssn, "000-12-345x", 10);
    character(Kind::Ssn, "０００-12-345é", 10);
    character(Kind::Ssn, "000-12\n3456", 6);
    character(Kind::Nanp, "202+555 0100", 3);
    character(Kind::Nanp, "++1 202 555 0100", 1);
    character(Kind::Nanp, "202 555 0100 x1", 13);
    character(Kind::Imei, "00101700000000A", 14);
    character(Kind::Meid, "AF0123450ABCDG", 13);
    character(Kind::Iccid, "890000F0", 7);
    character(Kind::Iccid, "890000E", 6);
    character(Kind::Imsi, "00101x", 5);
    character(Kind::Eid, "89001012F", 8);
    character(Kind::Pan, "4111*", 4);
    character(Kind::AccountNumber, "  EXAMPLE\t1", 9);
    character(Kind::Email, " dana example@example.com", 5);
    character(Kind::Email, "dána@example.com", 1);
    // A bad character is told before a wrong length, however long the text is.
    character(Kind::Ssn, &format!("{}x", "0".repeat(60_000)), 60_000);
}

#[test]
fn area_codes_are_those_of_the_plan() {
    for code in 0..1100_u64 {
        let digits = format!("{code:03}");
        let [first, second, third] = *digits.as_bytes() else {
            assert_eq!(nanp::area(code), nanp::Area::Unassigned, "{code}");
            continue;
        };
        let shaped = (b'2'..=b'9').contains(&first) && second != b'9' && (second, third) != (b'1', b'1');
        let expected = match &*digits {
            "800" | "833" | "844" | "855" | "866" | "877" | "888" => nanp::Area::TollFree,
            "822" | "880" | "881" | "882" | "883" | "884" | "885" | "886" | "887" | "889" => {
                nanp::Area::Unassigned
            }
            area if area.starts_with("37") || area.starts_with("96") => nanp::Area::Unassigned,
            _ if shaped => nanp::Area::Geographic,
            _ => nanp::Area::Unassigned,
        };
        assert_eq!(nanp::area(code), expected, "{code}");
    }
}

#[test]
fn telephone_numbers_are_sorted() {
    all(Kind::Nanp, &["202-555-0100", "202-555-0199", "800-555-0199"], Ok(Sort::NanpFictional));
    // Directory assistance, and the first numbers outside the range kept for fiction.
    all(Kind::Nanp, &["202-555-1212", "202-555-0099", "202-555-0200"], Ok(Sort::NanpGeographic));
    all(Kind::Nanp, &["800-555-0198", "800-555-0200", "888-555-0199"], Ok(Sort::NanpTollFree));
    // A service code is no exchange of an area, but can be one of a toll-free number.
    all(Kind::Nanp, &["193 411 0000", "202 411 0000", "202 911 0000"], Err(Fault::NeverAssigned));
    all(Kind::Nanp, &["800 411 0000"], Ok(Sort::NanpTollFree));
    all(Kind::Nanp, &["202 055 0100", "202 155 0100", "800 155 0199"], Err(Fault::NeverAssigned));
    all(Kind::Nanp, &["370 555 0100", "290 555 0100", "911 555 0100"], Err(Fault::NeverAssigned));
}

#[test]
fn a_telephone_number_has_one_form_and_other_countries_have_none() {
    let spellings = [
        "2025550100",
        "12025550100",
        "+12025550100",
        "+1 202 555 0100",
        "1-202-555-0100",
        "(202) 555-0100",
        "202.555.0100",
        "202/555-0100",
        "011 1 202 555 0100",
        "00 1 202 555 0100",
        "＋１（２０２）５５５－０１００",
        "+1\u{A0}202\u{2009}555\u{2011}0100",
        " ( +1 202 555 0100",
    ];
    for spelling in spellings {
        assert_eq!(normal(Kind::Nanp, spelling).as_deref(), Some("2025550100"), "{spelling}");
    }
    let foreign =
        ["+2025550100", "+202555010", "+0025550100", "+00 1 202 555 0100", "+44 202 555 0100", "22025550100"];
    all(Kind::Nanp, &foreign, Err(Fault::Prefix));
}

#[test]
fn an_imei_is_checked_only_where_it_has_a_check_digit() {
    let imeis =
        ["001017000000003", "001017011234567", "004401000000014", "004999010640000", "00-101700-000000-3"];
    all(Kind::Imei, &imeis, Ok(Sort::Imei));
    all(Kind::Imei, &["001017000000000", "001017000000004"], Err(Fault::CheckDigit));
    all(Kind::Imei, &["00101700000000"], Ok(Sort::ImeiWithoutCheckDigit));
    all(Kind::Imei, &["0010170000000000", "0010170000000001"], Ok(Sort::Imeisv));
    let zeros = ["00000000000000", "000000000000000", "0000000000000000"];
    all(Kind::Imei, &zeros, Err(Fault::NeverAssigned));
}

#[test]
fn a_handset_has_one_form_with_its_check_digit_without_and_with_its_software() {
    for spelling in ["00101700000000", "001017000000003", "0010170000000000", "0010170000000099"] {
        assert_eq!(normal(Kind::Imei, spelling).as_deref(), Some("00101700000000"), "{spelling}");
    }
    // A wrong check digit is not dropped.
    for wrong in "012456789".chars() {
        let spelled = format!("00101700000000{wrong}");
        assert_eq!(normal(Kind::Imei, &spelled), Some(spelled));
    }
}

#[test]
fn a_meid_has_one_form() {
    let spellings = [
        "AF0123450ABCDE",
        "af0123450abcde",
        "AF 012345 0ABCDE",
        "AF0123450ABCDEC",
        "AF-012345-0ABCDE-C",
        "293608736500703710",
        "29360 87365 0070 3710",
        "ＡＦ0123450ａｂｃｄｅ",
    ];
    for spelling in spellings {
        assert_eq!(normal(Kind::Meid, spelling).as_deref(), Some("AF0123450ABCDE"), "{spelling}");
        assert_eq!(sort_of(Kind::Meid, spelling), Ok(Sort::Meid));
    }
    // A wrong check digit is not dropped.
    for wrong in "0123456789ABDEF".chars() {
        assert_eq!(sort_of(Kind::Meid, &format!("AF0123450ABCDE{wrong}")), Err(Fault::CheckDigit));
    }
    // All digits decimal: base 10, as in an IMEI.
    assert_eq!(normal(Kind::Meid, "001017000000003").as_deref(), Some("00101700000000"));
    all(Kind::Meid, &["001017000000004"], Err(Fault::CheckDigit));
    // The largest parts, and one more each.
    assert_eq!(normal(Kind::Meid, "429496729516777215").as_deref(), Some("FFFFFFFFFFFFFF"));
    all(Kind::Meid, &["429496729600000000", "000000000016777216"], Err(Fault::Structure));
    all(Kind::Meid, &["00000000000000", "000000000000000000", "9F0123450ABCDE"], Err(Fault::NeverAssigned));
    all(Kind::Meid, &["A0000000000000"], Ok(Sort::Meid));
}

#[test]
fn an_iccid_is_checked_at_nineteen_digits_only() {
    all(
        Kind::Iccid,
        &["8900000000000000003", "8900001234567890121", "8900000000000000003F"],
        Ok(Sort::Iccid),
    );
    all(Kind::Iccid, &["8900000000000000004", "8900001234567890120"], Err(Fault::CheckDigit));
    all(Kind::Iccid, &["89000000000000000004", "89000000000000000005"], Ok(Sort::IccidOfTwentyDigits));
    let short =
        ["890000000000000000", "890000000000000000F", "890000000000000000ff", "8900 0000 0000 0000 00 ＦＦ"];
    all(Kind::Iccid, &short, Ok(Sort::IccidWithoutCheckDigit));
    all(Kind::Iccid, &["0000000000000000000", "88000000000000000004"], Err(Fault::Prefix));
    assert_eq!(normal(Kind::Iccid, "8900000000000000003f").as_deref(), Some("8900000000000000003"));
}

#[test]
fn an_imsi_is_known_by_its_country() {
    all(Kind::Imsi, &["001010123456789", "001-01-0123456789", "001010"], Ok(Sort::ImsiTest));
    for code in 0..1001 {
        let expected = match code {
            1 => Ok(Sort::ImsiTest),
            310..=316 => Ok(Sort::ImsiUnitedStates),
            999 => Ok(Sort::ImsiPrivate),
            200..=799 | 900..=998 => Ok(Sort::ImsiOther),
            _ => Err(Fault::NeverAssigned),
        };
        assert_eq!(imsi::sort_of_country(code), expected, "{code}");
    }
    all(Kind::Imsi, &["000010123456789", "800010123456789"], Err(Fault::NeverAssigned));
}

#[test]
fn an_eid_has_two_check_digits() {
    let eids = [
        "89001012012341234012345678901224",
        "89001567010203040506070809101152",
        "89044011112233441122334411223321",
        "8900 1012 0123 4123 4012 3456 7890 1224",
    ];
    all(Kind::Eid, &eids, Ok(Sort::Eid));
    let [eid, ..] = eids;
    for place in 0..eid.len() {
        for digit in '0'..='9' {
            let mut changed = eid.to_owned();
            changed.replace_range(place..=place, &digit.to_string());
            assert_eq!(sort_of(Kind::Eid, &changed).is_ok(), changed == eid, "{changed}");
        }
    }
    // 00 and 97 leave the same remainder; so do 01 and 98, 02 and 99.
    let zeros = "0".repeat(30);
    all(Kind::Eid, &[&format!("{zeros}98")], Ok(Sort::Eid));
    all(Kind::Eid, &[&format!("{zeros}01"), &"0".repeat(32)], Err(Fault::CheckDigit));
}

#[test]
fn a_payment_card_is_no_sim_card() {
    let cards = [
        "4111111111111111",
        "4242 4242 4242 4242",
        "5555-5555-5555-4444",
        "378282246310005",
        "6011111111111117",
    ];
    all(Kind::Pan, &cards, Ok(Sort::Pan));
    all(Kind::Pan, &["4111111111111112", "378282246310006"], Err(Fault::CheckDigit));
    all(Kind::Pan, &["8900000000000000003"], Err(Fault::Prefix));
    all(Kind::Pan, &["0000000000000", "0000000000000000"], Err(Fault::NeverAssigned));
}

#[test]
fn an_account_number_has_the_carriers_pattern() {
    let pattern = AccountPattern::new("[0-9]{4}-[A-Z]{5}").unwrap();
    let with = |text| check(Kind::AccountNumber, text, Some(&pattern)).map(|found| found.into_normalised());
    assert_eq!(with(" 0000-EXMPL "), Ok(Sensitive::from("0000EXMPL".to_owned())));
    assert_eq!(with("００００‐ＥＸＭＰＬ"), Ok(Sensitive::from("0000EXMPL".to_owned())));
    for other in ["0000-EXMP", "0000-EXMPLE", "x0000-EXMPL", "0000EXMPL"] {
        assert_eq!(with(other), Err(Fault::Pattern), "{other}");
    }
    // Without separators in the pattern, any spelling matches by its normal form.
    let plain = AccountPattern::new("[A-Z]{2}[0-9]{4}").unwrap();
    for spelling in ["XX0000", "xx-0000", "XX 00 00"] {
        assert!(check(Kind::AccountNumber, spelling, Some(&plain)).is_ok(), "{spelling}");
    }
    // The pattern decides the length; without one 8 to 20 are usual.
    all(Kind::AccountNumber, &["EXAMPLE0", "exam-ple0", &"E".repeat(20)], Ok(Sort::AccountNumber));
}

#[test]
fn a_pattern_is_for_the_whole_value_and_limited() {
    let alternatives = AccountPattern::new("aa|bb").unwrap();
    for (text, expected) in [("aa", true), ("bb", true), ("aab", false), ("abb", false), ("aa\n", false)] {
        let found = check(Kind::AccountNumber, text, Some(&alternatives)).is_ok();
        assert_eq!(found, expected, "{text:?}");
    }
    let lines = AccountPattern::new("(?m)^a$").unwrap();
    assert_eq!(sort_of_with("a b", &lines), Err(Fault::Pattern));
    let refused = |pattern: &str| AccountPattern::new(pattern).map(|_| ()).unwrap_err();
    assert_eq!(refused(""), PatternFault::Empty);
    assert_eq!(refused("a)|(b"), PatternFault::DoesNotCompile);
    assert_eq!(refused("[0-9"), PatternFault::DoesNotCompile);
    assert_eq!(refused("((a{500}){500}){500}"), PatternFault::DoesNotCompile);
    assert_eq!(refused(&"a".repeat(257)), PatternFault::TooLong { len: 257, max: 256 });
    assert!(AccountPattern::new(&"a".repeat(256)).is_ok());
}

fn sort_of_with(text: &str, pattern: &AccountPattern) -> Result<Sort, Fault> {
    check(Kind::AccountNumber, text, Some(pattern)).map(|identifier| identifier.sort())
}

#[test]
fn an_email_address_has_two_parts() {
    let longest_local = format!("{}@example.com", "a".repeat(64));
    let longest_label = format!("dana@{}.example", "a".repeat(63));
    let good = [
        "dana@example.com",
        "Dana.Example+cpni@Example.COM",
        " dana@example.com\u{A0}",
        "ｄａｎａ＠example．com",
        "d_a'n-a@a-b.example.com",
        &longest_local,
        &longest_label,
    ];
    all(Kind::Email, &good, Ok(Sort::Email));
    assert_eq!(normal(Kind::Email, " Dana@Example.COM").as_deref(), Some("dana@example.com"));
    let long_local = format!("{}@example.com", "a".repeat(65));
    let long_label = format!("dana@{}.example", "a".repeat(64));
    let bad = [
        "dana",
        "@example.com",
        "dana@",
        "dana@example",
        "dana@example.com@example.com",
        ".dana@example.com",
        "da..na@example.com",
        "dana.@example.com",
        "\"dana\"@example.com",
        "dana@-a.example",
        "dana@a-.example",
        "dana@example..com",
        "dana@example.com.",
        "dana@[192.0.2.1]",
        "dana@exam_ple.com",
        &long_local,
        &long_label,
    ];
    all(Kind::Email, &bad, Err(Fault::Structure));
    // Separators are part of an address.
    assert_eq!(normal(Kind::Email, "(d-a.n/a)@example.com").as_deref(), Some("(d-a.n/a)@example.com"));
}

#[test]
fn debug_and_faults_say_nothing_of_the_value() {
    let identifier = check(Kind::Ssn, "987-65-4321", None).unwrap();
    assert_eq!(format!("{identifier:?}"), "Identifier(..)");
    let faults = [
        (Fault::Length { len: 8 }, "8 characters without separators: not a length of this kind", 1151),
        (Fault::Character { position: 3 }, "the character at position 3 does not belong in this kind", 1152),
        (Fault::CheckDigit, "the check digit is wrong", 1153),
        (Fault::NeverAssigned, "no such number is assigned", 1154),
        (Fault::Prefix, "it does not begin as this kind does", 1155),
        (Fault::Structure, "its parts are not those of this kind", 1156),
        (Fault::Pattern, "it does not match the pattern", 1157),
    ];
    for (fault, text, code) in faults {
        assert_eq!((fault.to_string().as_str(), fault.code().get()), (text, code));
    }
}

/// A value of each kind in its normal form.
fn normal_form() -> impl Strategy<Value = (Kind, String)> {
    prop_oneof![
        (Just(Kind::Ssn), "[0-9]{9}"),
        (Just(Kind::Nanp), "[0-9]{10}"),
        (Just(Kind::Imei), "[0-9]{14}"),
        (Just(Kind::Meid), "[0-9A-F]{14}"),
        (Just(Kind::Iccid), "[0-9]{18,20}"),
        (Just(Kind::Imsi), "[0-9]{6,15}"),
        (Just(Kind::Eid), "[0-9]{32}"),
        (Just(Kind::Pan), "[0-9]{13,19}"),
        (Just(Kind::AccountNumber), "[0-9A-Z_#]{1,20}"),
        (Just(Kind::Email), "[a-z0-9]{1,9}@[a-z]{1,9}\\.example"),
    ]
}

/// The same value otherwise spelled: `widths` and `separators` are drawn anew for each character.
fn respelled(kind: Kind, normal: &str, choices: &[(bool, bool, usize)]) -> String {
    const SEPARATORS: [&str; 14] =
        ["", "", "", "", " ", ".", "-", "/", "(", ")", "\u{A0}", "\u{3000}", "\u{2013}", "\u{FF0D}"];
    let mut spelled = String::new();
    for (character, (wide, lower, separator)) in normal.chars().zip(choices.iter().cycle()) {
        let cased = match (kind == Kind::Email, *lower) {
            (_, true) => character.to_ascii_lowercase(),
            (true, false) => character.to_ascii_uppercase(),
            (false, false) => character,
        };
        let widened = char::from_u32(u32::from(cased) + 0xFEE0).unwrap();
        spelled.push(if *wide { widened } else { cased });
        if kind != Kind::Email {
            spelled.push_str(SEPARATORS[*separator]);
        }
    }
    spelled
}

proptest! {
    #[test]
    fn every_spelling_has_the_one_normal_form(
        (kind, normal_form) in normal_form(),
        choices in prop::collection::vec((any::<bool>(), any::<bool>(), 0..14_usize), 1..40),
    ) {
        let spelled = respelled(kind, &normal_form, &choices);
        prop_assert_eq!(normal(kind, &normal_form), Some(normal_form.clone()));
        prop_assert_eq!(normal(kind, &spelled), Some(normal_form.clone()));
        prop_assert_eq!(sort_of(kind, &spelled), sort_of(kind, &normal_form));
    }

    #[test]
    fn what_is_accepted_keeps_its_form_and_its_sort(kind in 0..10_usize, text in "[+0-9A-Fa-f@. ()/-]{0,40}") {
        let kind = Kind::ALL[kind];
        if let Ok(found) = check(kind, &text, None) {
            let again = check(kind, found.normalised().expose(), None).unwrap();
            prop_assert_eq!(again.normalised(), found.normalised());
            // The form of a handset no longer tells how it was written.
            prop_assert!(kind == Kind::Imei || again == found);
        }
    }

    #[test]
    fn no_text_breaks_a_check(kind in 0..10_usize, text in any::<String>()) {
        let kind = Kind::ALL[kind];
        let checked = check(kind, &text, None);
        if let Err(Fault::Character { position }) = checked {
            prop_assert!(position < text.chars().count());
        }
        prop_assert!(checked.is_err() || normalise(kind, &text).is_some());
    }

    #[test]
    fn a_structurally_sound_ssn_is_one(area in 1..900_u32, group in 1..100_u32, serial in 1..10_000_u32) {
        prop_assume!(area != 666);
        let expected = match (area, group, serial) {
            (78, 5, 1120) | (219, 9, 9999) => Sort::PublicisedSsn,
            _ => Sort::Ssn,
        };
        prop_assert_eq!(sort_of(Kind::Ssn, &format!("{area:03}-{group:02}-{serial:04}")), Ok(expected));
    }

    #[test]
    fn a_meid_survives_decimal_and_back(meid in 0..(1_u64 << 56)) {
        let decimal = format!("{:010}{:08}", meid >> 24, meid & 0xFF_FFFF);
        prop_assert_eq!(normal(Kind::Meid, &decimal), Some(format!("{meid:014X}")));
    }

    #[test]
    fn one_changed_digit_is_noticed(digits in "[1-9][0-9]{12,17}", place in 0..19_usize, change in 1..10_u32) {
        prop_assume!(!digits.starts_with("89"));
        let check_digit = ('0'..='9').find(|last| spelling::luhn(&format!("{digits}{last}"), 10)).unwrap();
        let card = format!("{digits}{check_digit}");
        prop_assert_eq!(sort_of(Kind::Pan, &card), Ok(Sort::Pan));
        let place = place % card.len();
        let digit = u32::from(card.as_bytes()[place] - b'0');
        let mut wrong = card.clone();
        wrong.replace_range(place..=place, &((digit + change) % 10).to_string());
        prop_assume!(!wrong.starts_with("89"));
        prop_assert_eq!(sort_of(Kind::Pan, &wrong), Err(Fault::CheckDigit));
    }
}
