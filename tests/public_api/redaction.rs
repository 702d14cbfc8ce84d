//! The scanner and the redactor, by our own corpus of disguises and near-misses.

use std::io::{Read, Write};
use std::ops::Range;

use std::sync::Arc;
use std::time::Duration;

use cpni_guard::error::RedactError;
use cpni_guard::redact::{MakeToken, MaskForm, Redactor, Replacement, Scanner, TextKind};
use cpni_guard::vocabulary::EventKind;
use cpni_guard::{Error, Purpose, Sensitive, Stores, TokenTerms, VaultToken};

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::{Index, select};

use crate::fixture::{Carrier, NOON, account};

const CORPUS: &str = include_str!("../redaction/corpus.txt");

/// A text of the corpus, and what must be found in it.
struct Case {
    line: usize,
    spoken: bool,
    text: String,
    wanted: Vec<(TextKind, Range<usize>)>,
}

fn corpus() -> Vec<Case> {
    let mut spoken = false;
    let mut cases = Vec::new();
    for (number, line) in CORPUS.lines().enumerate() {
        if let Some(section) = line.strip_prefix("## ") {
            spoken = section == "spoken";
        }
        if line.is_empty() || line.starts_with("# ") || line.starts_with("## ") || line == "#" {
            continue;
        }
        let (mut text, mut wanted) = (String::new(), Vec::new());
        let mut rest = unescape(line);
        while let Some((before, marked)) = rest.split_once('⟦') {
            text.push_str(before);
            let (marked, after) = marked.split_once('⟧').expect("a closing mark");
            let (kind, value) = marked.split_once(':').expect("a kind");
            let start = text.len();
            text.push_str(value);
            wanted.push((TextKind::from_name(kind).expect("a kind"), start..text.len()));
            rest = after.to_owned();
        }
        text.push_str(&rest);
        cases.push(Case { line: number + 1, spoken, text, wanted });
    }
    cases
}

fn unescape(line: &str) -> String {
    let mut text = line.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t");
    while let Some((before, after)) = text.split_once("\\u{") {
        let (number, after) = after.split_once('}').expect("a number in braces");
        let character =
            char::from_u32(u32::from_str_radix(number, 16).expect("a number")).expect("a character");
        text = format!("{before}{character}{after}");
    }
    text
}

fn scanner(spoken: bool) -> Scanner {
    Scanner::builder().spoken(spoken).build()
}

#[test]
fn disguises_are_found_and_near_misses_are_not() {
    let cases = corpus();
    assert!(cases.len() >= 500, "{} lines", cases.len());
    let mut faults = Vec::new();
    for case in &cases {
        let found: Vec<_> =
            scanner(case.spoken).scan(&case.text).map(|found| (found.kind(), found.range())).collect();
        if found != case.wanted {
            let shown: Vec<_> = found
                .iter()
                .map(|(kind, range)| (kind.name(), case.text.get(range.clone()).unwrap_or("?")))
                .collect();
            faults.push(format!("line {}: {:?}: {shown:?}", case.line, case.text));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

#[test]
fn what_was_redacted_holds_nothing_more() {
    let tokens = Carrier::new(Stores::in_memory()).guard.blind_tokens();
    let replacements = [
        Replacement::Label,
        Replacement::Mask(MaskForm::Withheld),
        Replacement::Mask(MaskForm::Part),
        Replacement::Mask(MaskForm::Last(4)),
        Replacement::Token(tokens),
    ];
    for replacement in replacements {
        for case in corpus() {
            let redactor = Redactor::new(scanner(case.spoken)).replacing(replacement.clone());
            let once = redactor.redact_str(&case.text).expect("tokens can be made");
            let again: Vec<_> = redactor.scanner().scan(&once).collect();
            assert!(again.is_empty(), "{replacement:?}, line {}: {once:?}: {again:?}", case.line);
        }
    }
}

/// What texts are composed of below: parts of numbers, labels, separators, line ends, replacements.
const FRAGMENTS: [&str; 60] = [
    "1",
    "2",
    "0",
    "44",
    "12",
    "202",
    "555",
    "0123",
    "0198",
    "987",
    "65",
    "4320",
    "4111",
    "1111",
    "4482",
    "89",
    "2025550123",
    "987654320",
    "4111111111111111",
    "987-65-4320",
    "(202) 555-0123",
    "4111 1111 1111 1111",
    "192.0.2.1",
    "2001:db8::1",
    "dana@example.com",
    "b@c.io",
    "AF0123450ABCDE",
    "$5",
    " ",
    " ",
    " ",
    "-",
    "-",
    ".",
    "/",
    ",",
    ":",
    "(",
    ")",
    "+1",
    "\n",
    "\n",
    "\r\n",
    "\u{A0}",
    "\u{FF12}",
    "\u{2022}",
    "SSN",
    "is my pin",
    "phone",
    "password",
    "order",
    "March",
    "born",
    "card",
    "two",
    "five",
    "[PHONE]",
    "[SSN:qhzm]",
    "••••1111",
    "x",
];

/// What a stream makes of a text that comes in pieces.
fn written<'a>(redactor: &Redactor, pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut writer = redactor.writer(Vec::new());
    for piece in pieces {
        writer.write_all(piece).expect("a vector");
    }
    String::from_utf8_lossy(&writer.finish().expect("a vector")).into_owned()
}

proptest! {
    /// Most texts are made of few fragments, many times: so numbers stand in each other's way.
    #[test]
    fn what_was_redacted_holds_nothing_more_whatever_it_was(
        few in vec(select(&FRAGMENTS), 1..12),
        places in vec(any::<Index>(), 1..300),
        spoken in any::<bool>(),
        cut in any::<Index>(),
    ) {
        let text: String = places.iter().map(|place| *place.get(&few)).collect();
        let redactor = Redactor::new(scanner(spoken));
        let whole = redactor.redact_str(&text).expect("labels need no keys");
        let again = redactor.scanner().scan(&whole).next();
        prop_assert!(again.is_none(), "{again:?} in {whole:?}");

        let (first, second) = text.as_bytes().split_at(cut.index(text.len() + 1));
        prop_assert_eq!(written(&redactor, [first, second]), whole);
    }
}

#[test]
fn a_stream_cut_anywhere_is_redacted_as_the_whole_is() {
    // Long enough that text leaves before the end, and cut at every place.
    let all: Vec<_> = corpus().into_iter().filter(|case| !case.spoken).map(|case| case.text).collect();
    for part in all.chunks(25) {
        let text = part.join("\n");
        let redactor = Redactor::new(Scanner::new());
        let whole = redactor.redact_str(&text).expect("labels need no keys");
        for cut in 0..=text.len() {
            let (first, second) = text.as_bytes().split_at(cut);
            assert_eq!(written(&redactor, [first, second]), whole, "cut at {cut}");
        }
        assert_eq!(written(&redactor, text.as_bytes().chunks(1)), whole);
        let mut read = String::new();
        redactor.reader(text.as_bytes()).read_to_string(&mut read).expect("text");
        assert_eq!(read, whole);
    }
}

#[test]
fn blind_tokens_join_equal_values_of_a_tenant() {
    let carrier = Carrier::new(Stores::in_memory());
    let redactor = Redactor::new(Scanner::new()).replacing(Replacement::Token(carrier.guard.blind_tokens()));
    let text = redactor.redact_str("ssn 987-65-4320, SSN 987654320; ssn 987-65-4321. PIN 4482").unwrap();
    let tokens: Vec<_> = text
        .split(['[', ']'])
        .skip(1)
        .step_by(2)
        .map(|token| token.split_once(':').unwrap_or((token, "")))
        .collect();
    let [(_, first), (_, same), (kind, other), secret] = tokens[..] else { panic!("{text}") };
    assert_eq!((first, kind, secret), (same, "SSN", ("SECRET", "")), "{text}");
    assert_ne!(first, other);
    assert!(first.len() == 16 && first.bytes().all(|byte| byte.is_ascii_lowercase()), "{text}");
    // What was replaced holds nothing more, and another key gives other tokens.
    assert_eq!(redactor.redact_str(&text).as_deref(), Ok(text.as_str()));
    let another = Carrier::new(Stores::in_memory()).guard.blind_tokens();
    let value = Sensitive::from("987654320".to_owned());
    let ours = carrier.guard.blind_tokens().make_token(TextKind::Ssn, &value).unwrap();
    assert_eq!(ours, format!("[SSN:{first}]"));
    // The kind is in it, and the tenant's key.
    assert_ne!(carrier.guard.blind_tokens().make_token(TextKind::Account, &value).unwrap(), ours);
    assert_ne!(another.make_token(TextKind::Ssn, &value).unwrap(), ours);
}

#[test]
fn vault_tokens_lead_back_in_an_interaction_only() {
    let carrier = Carrier::new(Stores::in_memory());
    carrier.customer(&account("A-1"));
    let terms = TokenTerms::until(NOON.plus(Duration::from_secs(3600))).for_purpose(Purpose::Support);
    let tokens = carrier.guard.vault_tokens(&account("A-1"), terms);
    let redactor = Redactor::new(Scanner::new()).replacing(Replacement::Token(tokens));
    let size = carrier.guard.audit().size();
    let text = redactor.redact_str("call 202-555-0123 instead").unwrap();
    let token = text.trim_start_matches("call ").trim_end_matches(" instead");
    let token = VaultToken::from_text(token).unwrap();
    let issued = carrier.guard.audit().entries(size..size + 1).next().unwrap().unwrap().1;
    assert_eq!(issued.facts.kind, EventKind::TokenIssued);

    let mut call = carrier.authenticated("dana", &account("A-1"));
    let view = call.detokenise(&token).unwrap();
    view.field("mobile")
        .unwrap()
        .disclosed()
        .unwrap()
        .with_text(|text| assert_eq!(text, "2025550123"))
        .unwrap();
    // The schema has no field for an IP address: nothing of the text comes out.
    assert_eq!(redactor.redact_str("from 192.0.2.1"), Err(RedactError::NotReplaced));
}

#[test]
fn masks_stand_in_text_as_elsewhere() {
    let redactor = Redactor::new(Scanner::new())
        .replacing(Replacement::Mask(MaskForm::Withheld))
        .replacing_kind(TextKind::Card, Replacement::Mask(MaskForm::Last(4)));
    let text = redactor
        .redact_str("card 4111-1111-1111-1111, ssn 987-65-4320, or card 4111 1111 1111 1112")
        .unwrap();
    assert_eq!(text, "card ••••1111, ssn ••••, or card ••••");
}

/// The insider's way: a token maker that fails must not let half a text out.
#[test]
fn a_text_that_cannot_be_replaced_does_not_come_out() {
    struct Fails;
    impl MakeToken for Fails {
        fn make_token(&self, _: TextKind, _: &Sensitive<String>) -> Result<String, Error> {
            Err(RedactError::NotReplaced.into())
        }
    }
    let redactor = Redactor::new(Scanner::new()).replacing(Replacement::Token(Arc::new(Fails)));
    let text = "first line\nSSN 987-65-4320\n".repeat(100);
    assert_eq!(redactor.redact_str(&text), Err(RedactError::NotReplaced));
    let mut out = Vec::new();
    let mut writer = redactor.writer(&mut out);
    assert!(writer.write_all(text.as_bytes()).is_err());
    assert!(writer.write_all(b"more").is_err());
    assert!(writer.finish().is_err());
    assert!(!String::from_utf8(out).unwrap().contains("987"));
    let mut read = String::new();
    assert!(redactor.reader(text.as_bytes()).read_to_string(&mut read).is_err());
    assert!(!read.contains("987"));
    assert!(!format!("{redactor:?}").contains("Fails"));
}
