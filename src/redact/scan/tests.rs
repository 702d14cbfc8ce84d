//! Tests of the scanner's settings and of single findings; texts stand in `tests/redaction/corpus.txt`.

use super::*;

fn found<'t>(scanner: &Scanner, text: &'t str) -> Vec<(TextKind, &'t str)> {
    scanner.scan(text).map(|found| (found.kind(), text.get(found.range()).unwrap())).collect()
}

#[test]
fn reasons_say_what_was_seen() {
    let scanner = Scanner::new();
    let why = |text: &str| {
        scanner.scan(text).next().map(|found| (found.confidence().to_string(), found.why().to_string()))
    };
    let is = |confidence: &str, why: &str| Some((confidence.to_owned(), why.to_owned()));
    assert_eq!(why("SSN 987-65-4320"), is("0.99", "structure, grouping, assigned range, word before"));
    assert_eq!(why("987-65-4320"), is("0.90", "structure, grouping, assigned range"));
    assert_eq!(why("219099999"), is("0.50", "structure, assigned range"));
    assert_eq!(why("4111111111111111"), is("0.80", "structure, check digit, assigned range"));
    assert_eq!(why("202-555-0123 office"), is("0.99", "structure, grouping, assigned range, word after"));
    assert_eq!(
        why("order (202) 555-0123"),
        is("0.55", "structure, grouping, assigned range, word against it")
    );
    assert_eq!(why("987-65-\n4320"), is("0.65", "structure, grouping, assigned range, across lines"));
}

#[test]
fn a_lower_threshold_finds_what_has_less_evidence() {
    let scanner = |percent| Scanner::builder().least(Confidence::of_percent(percent)).build();
    assert_eq!(found(&scanner(50), "900-45-6789"), []);
    assert_eq!(found(&scanner(40), "900-45-6789"), [(TextKind::Ssn, "900-45-6789")]);
    assert_eq!(found(&scanner(60), "219099999"), []);
    assert_eq!(Confidence::of_percent(200), Confidence::MAX);
}

#[test]
fn the_stricter_kind_wins_where_evidence_is_equal() {
    // Nine digits that are an SSN's and a routing number's (its check digit is right).
    let scanner = Scanner::new();
    assert_eq!(found(&scanner, "122105155"), [(TextKind::Ssn, "122105155")]);
    // A 14-digit card's number, which a handset's may be too.
    let both = scanner.scan("30569309025904").next().unwrap();
    assert_eq!(both.kind(), TextKind::Card);
    // Both readings reach the threshold.
    let both = Scanner::builder().least(Confidence::of_percent(10)).build();
    let both = both.scan("account SSN PIN 987654320").next().unwrap();
    assert_eq!(both.kind(), TextKind::Secret);
    assert!(both.why().has(Clue::Ambiguous));
}

#[test]
fn the_name_of_a_column_is_a_label() {
    let scanner = Scanner::new();
    let of = |label: &str, text: &str| scanner.scan_labelled(label, text).map(|found| found.kind()).next();
    assert_eq!(of("home_phone", "5550123"), Some(TextKind::Phone));
    assert_eq!(of("ssn", "000-12-3456"), Some(TextKind::Ssn));
    assert_eq!(of("customerPin", "4482"), Some(TextKind::Secret));
    assert_eq!(of("dob", "1980-01-02"), Some(TextKind::BirthDate));
    assert_eq!(of("date_of_birth", "2 March 1980"), Some(TextKind::BirthDate));
    assert_eq!(of("imsi", "001010123456789"), Some(TextKind::Imsi));
    assert_eq!(of("opened", "1980-01-02"), None);
    assert_eq!(of("plan", "4482"), None);
}

#[test]
fn a_carriers_pattern_is_found_whole_and_only_whole() {
    let pattern = |text: &str| AccountPattern::new(text).unwrap();
    let scanner = Scanner::builder()
        .account_pattern(pattern("[0-9]{4}-[A-Z]{5}"))
        .and_then(|builder| builder.account_pattern(pattern("TX[0-9]{8}")))
        .and_then(|builder| builder.account_pattern(pattern("AB [0-9]{4} [0-9]{4}")))
        .unwrap()
        .build();
    assert_eq!(found(&scanner, "acct 0000-EXMPL is late"), [(TextKind::Account, "0000-EXMPL")]);
    assert_eq!(found(&scanner, "see (tx00000042)."), [(TextKind::Account, "tx00000042")]);
    assert_eq!(found(&scanner, "id:TX00000042/2"), [(TextKind::Account, "TX00000042")]);
    assert_eq!(found(&scanner, "ref AB 0000 0042 ok"), [(TextKind::Account, "AB 0000 0042")]);
    assert_eq!(found(&scanner, "0000-EXMPLE TX000000421 XTX00000042 AB 0000 004"), []);
    let many = (0..MAX_PATTERNS)
        .try_fold(Scanner::builder(), |builder, _| builder.account_pattern(pattern("X[0-9]")));
    let refused = many.unwrap().account_pattern(pattern("Y[0-9]"));
    assert_eq!(refused.err(), Some(RedactError::TooManyPatterns { max: MAX_PATTERNS }));
}

/// An allow list that is matched inside of values lets them through (presidio#2074).
#[test]
fn an_allowed_value_hides_nothing_but_itself() {
    let scanner = Scanner::builder()
        .allow(TextKind::Phone, "800-555-0199")
        .and_then(|builder| builder.allow(TextKind::Email, "care@carrier.example"))
        .and_then(|builder| builder.allow(TextKind::Ssn, "4320"))
        .and_then(|builder| builder.allow(TextKind::Ssn, "98"))
        .unwrap()
        .build();
    assert_eq!(found(&scanner, "call 1 (800) 555-0199 or Care@Carrier.example"), []);
    assert_eq!(found(&scanner, "SSN 987-65-4320"), [(TextKind::Ssn, "987-65-4320")]);
    assert_eq!(found(&scanner, "800-555-0199x98"), [(TextKind::Phone, "800-555-0199x98")]);
    assert_eq!(
        found(&scanner, "dana.care@carrier.example"),
        [(TextKind::Email, "dana.care@carrier.example")]
    );
    // The same digits as another kind are not allowed.
    assert_eq!(found(&scanner, "account 8005550199"), [(TextKind::Account, "8005550199")]);
    // What stands beside an allowed value is found.
    let both = "800-555-0199 987-65-4320 800-555-0199 202-555-0123";
    assert_eq!(found(&scanner, both), [(TextKind::Ssn, "987-65-4320"), (TextKind::Phone, "202-555-0123")]);
    // What was allowed is not found in pieces.
    let scanner = Scanner::builder().allow(TextKind::Card, "4111 1111 1111 1111").unwrap().build();
    assert_eq!(found(&scanner, "4111-1111-1111-1111"), []);
}

#[test]
fn a_listed_value_is_always_found_and_only_whole() {
    let scanner = Scanner::builder()
        .deny(TextKind::Account, "VIP-0007")
        .and_then(|builder| builder.deny(TextKind::Phone, "88022"))
        .unwrap()
        .build();
    assert_eq!(found(&scanner, "order vip 0007!"), [(TextKind::Account, "vip 0007")]);
    assert_eq!(found(&scanner, "text 88022"), [(TextKind::Phone, "88022")]);
    assert_eq!(found(&scanner, "188022 880221 VIP-00071 vip"), []);
    for entry in ["", "abc", "abcd", "a1"] {
        assert!(Scanner::builder().deny(TextKind::Account, entry).is_err(), "{entry}");
    }
    assert!(Scanner::builder().allow(TextKind::Account, "").is_err());
    assert!(Scanner::builder().allow(TextKind::Account, &"1".repeat(MAX_ENTRY_LEN + 1)).is_err());
}

/// Small numbers are passed over in a way of their own, which a list that denies anything turns off.
#[test]
fn the_quick_way_finds_what_the_slow_way_finds() {
    let quick = Scanner::new();
    let slow = Scanner::builder().deny(TextKind::Account, "ZQ00000000000").unwrap().build();
    let compare = |text: &str| {
        let (quick, slow): (Vec<_>, Vec<_>) = (quick.scan(text).collect(), slow.scan(text).collect());
        assert_eq!(quick, slow, "{text:?}");
    };
    include_str!("../../../tests/redaction/corpus.txt").lines().for_each(compare);
    composed(20_000).for_each(|text| compare(&text));
}

/// What a look that found nothing said of its reach: behind it may stand what will.
#[test]
fn what_stands_behind_a_look_does_not_matter() {
    let scanner = Scanner::new();
    let behind = [
        "[SSN]",
        "7",
        "-0123 is my pin",
        "@b.io",
        "\n202",
        " phone:",
        "x7",
        ". 4",
        "::1",
        "(555) 0123",
        "\u{2022}",
    ];
    let corpus = include_str!("../../../tests/redaction/corpus.txt").lines().map(str::to_owned);
    let (mut near, mut far) = (0, 0);
    for (number, text) in corpus.chain(composed(20_000)).enumerate() {
        let text = text.as_bytes();
        let mut from = 0;
        while let Some(at) = prefilter::next(text, from) {
            from = at + 1;
            let look =
                |view: &[u8]| scanner.pass_over(view, at, 0).unwrap_or_else(|| scanner.look(view, at, 0));
            let Look { found: None, next, reach } = look(text) else { continue };
            let Some(before) = text.get(..reach).filter(|before| before.len() < text.len()) else {
                far += 1;
                continue;
            };
            near += 1;
            for other in [behind[number % behind.len()], ""] {
                let other = look(&[before, other.as_bytes()].concat());
                assert!(
                    other.found.is_none() && other.next == next,
                    "{at}, {reach} of {:?}",
                    String::from_utf8_lossy(text)
                );
            }
        }
    }
    assert!(near > 10_000 && far > 100, "{near}, {far}");
}

/// Texts of parts of numbers, labels, separators.
fn composed(count: usize) -> impl Iterator<Item = String> {
    let words = [
        "1",
        "44",
        "4482",
        "10:30",
        "1/2/80",
        "192.0.2.1",
        "14.2",
        "$45.99",
        "$5",
        "pin",
        "is",
        "my",
        "ssn",
        "dob",
        "May",
        "of",
        "202",
        "555-0123",
        "x7",
        "a@b.io",
        "-",
        ":",
        ".",
        "/",
        ",",
        "\n",
        "(",
        ")",
        "::",
        "\u{A0}",
        "cell",
        "order",
        "account",
        "1st",
        "4 4 8 2",
        "2001:db8",
        "987",
        "65",
        "4320",
        "+1",
        "v",
    ];
    let mut state = 1_u64;
    (0..count).map(move |number| {
        let mut text = String::new();
        for _ in 0..6 + 6 * (number % 4) {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            let place = usize::try_from(state >> 33).unwrap();
            text.push_str(words[place % words.len()]);
            text.push_str(if place % 3 == 0 { "" } else { " " });
        }
        text
    })
}

#[test]
fn a_long_secret_is_found_to_its_end() {
    let scanner = Scanner::new();
    let text = format!("token password={} end", "x7".repeat(1000));
    let findings: Vec<_> = scanner.scan(&text).collect();
    assert!(findings.iter().all(|found| found.kind() == TextKind::Secret));
    assert_eq!((findings[0].start(), findings.last().unwrap().end()), (15, 15 + 2000));
    assert!(findings.windows(2).all(|pair| pair[0].end() == pair[1].start()));
}

#[test]
fn text_that_is_no_utf8_does_no_harm() {
    let scanner = Scanner::new();
    for bytes in [&b"\xFF\xEF\xBC4 987-65-4320 \xEF"[..], b"\x80\x80@\x80.\xC0", b"\xEF\xBC\x94\xEF\xBC"] {
        let count = scanner.scan_bytes(bytes, 0).count();
        assert!(count <= 1);
    }
}

#[test]
fn kinds_have_their_names() {
    for kind in TextKind::ALL {
        assert_eq!(TextKind::from_name(kind.name()), Some(kind));
        assert_eq!(kind.label(), format!("[{}]", kind.name().to_uppercase().replace('_', " ")));
    }
    assert!(TextKind::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(
        format!("{:?} {:?}", Scanner::new(), Scanner::new().scan("x")),
        "Scanner(..) TextFindings(..)"
    );
}
