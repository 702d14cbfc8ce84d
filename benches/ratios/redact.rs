//! Redaction of text, beside one combined regular expression and beside a bare search for digits.

use core::hint::black_box;
use std::fmt::Write as _;

use cpni_guard::redact::{Redactor, Scanner};
use criterion::{Criterion, Throughput};
use regex::{Captures, Regex};

const MEGABYTE: usize = 1 << 20;

/// Words of agent notes. None is an identifier; some have digits, as notes do.
const WORDS: [&str; 64] = [
    "customer",
    "called",
    "about",
    "the",
    "bill",
    "and",
    "asked",
    "for",
    "a",
    "credit",
    "of",
    "$45.99",
    "on",
    "line",
    "2",
    "agent",
    "explained",
    "plan",
    "changes",
    "from",
    "1/15,",
    "offered",
    "upgrade",
    "to",
    "unlimited",
    "data,",
    "will",
    "think",
    "it",
    "over.",
    "No",
    "issues",
    "with",
    "coverage",
    "in",
    "home",
    "area;",
    "device",
    "restarts",
    "after",
    "update",
    "14.2,",
    "advised",
    "reset",
    "network",
    "settings.",
    "Store",
    "visit",
    "scheduled",
    "at",
    "10:30",
    "by",
    "manager",
    "who",
    "speaks",
    "Spanish",
    "promised",
    "callback",
    "before",
    "Friday.",
    "Thanks",
    "given,",
    "satisfied",
    "resolved",
];

/// Identifiers as agents write them.
const IDENTIFIERS: [&str; 8] = [
    "987-65-4320",
    "(202) 555-0123",
    "4111 1111 1111 1111",
    "dana@example.com",
    "SSN 219099999",
    "202.555.0147",
    "001017000000003",
    "192.0.2.77",
];

/// A generator that is the same in every run (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        usize::try_from((mixed ^ (mixed >> 27)) % limit as u64).expect("below the limit")
    }
}

/// Notes of this many bytes, with one word in so many an identifier; 0 for none.
fn notes(len: usize, one_in: usize) -> String {
    let (mut draw, mut text, mut line) = (Draw(7), String::with_capacity(len + 64), 0);
    while text.len() < len {
        let is_identifier = one_in > 0 && draw.below(one_in) == 0;
        let words = if is_identifier { IDENTIFIERS.as_slice() } else { WORDS.as_slice() };
        let word = words.get(draw.below(words.len())).expect("a word");
        text.push_str(word);
        line += 1;
        text.push(if line % 24 == 0 { '\n' } else { ' ' });
    }
    text
}

/// The forms of the same kinds in one expression, without check digits, ranges and nearby words.
fn combined() -> Regex {
    let mut forms = String::new();
    for (name, form) in [
        (
            "secret",
            r#"(?i:\b(?:pin|passcode|password|passwd|pwd|otp|cvv)\b["' ]*(?:is|:|=)?["' ]*)[^\s"',;&]+"#,
        ),
        ("birth_date", r"(?i:\b(?:dob|born|birth)[: ]+)[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}\b"),
        ("account", r"(?i:\b(?:account|acct)(?: number| no)?[#: ]+)[0-9]{6,20}\b"),
        ("email", r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"),
        ("ip", r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b(?:[0-9A-Fa-f]{1,4}:){2,7}:?[0-9A-Fa-f]{1,4}\b"),
        ("eid", r"\b[0-9]{32}\b"),
        ("iccid", r"\b89[0-9]{16,18}\b"),
        ("meid", r"\b[A-F][0-9A-F]{13}\b"),
        ("card", r"\b(?:[0-9]{4}[ -]?){3}[0-9]{4}\b"),
        ("imei", r"\b[0-9]{15}\b"),
        ("ssn", r"\b[0-9]{3}[- .]?[0-9]{2}[- .]?[0-9]{4}\b"),
        ("phone", r"(?:\+?1[ .-]?)?(?:\([0-9]{3}\) ?|\b[0-9]{3}[ .-]?)[0-9]{3}[ .-]?[0-9]{4}\b"),
    ] {
        let _ = write!(forms, "{}(?P<{name}>{form})", if forms.is_empty() { "" } else { "|" });
    }
    Regex::new(&forms).expect("an expression")
}

fn label(found: &Captures<'_>) -> &'static str {
    let labels = [
        ("email", "[EMAIL]"),
        ("ip", "[IP]"),
        ("card", "[CARD]"),
        ("imei", "[IMEI]"),
        ("ssn", "[SSN]"),
        ("phone", "[PHONE]"),
    ];
    labels.into_iter().find(|(name, _)| found.name(name).is_some()).map_or("[OTHER]", |(_, label)| label)
}

/// How many runs of digits a text has: 32 bytes at a time where there is none, as `memchr` steps.
fn digit_runs(text: &[u8]) -> usize {
    let (mut runs, mut at) = (0, 0);
    while let Some(place) = next_digit(text, at) {
        runs += 1;
        at = place;
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
    }
    runs
}

fn next_digit(text: &[u8], mut at: usize) -> Option<usize> {
    while let Some(chunk) = text.get(at..at + 32) {
        if chunk.iter().fold(false, |any, byte| any | byte.is_ascii_digit())
            && let Some(place) = chunk.iter().position(u8::is_ascii_digit)
        {
            return Some(at + place);
        }
        at += 32;
    }
    text.get(at..)?.iter().position(u8::is_ascii_digit).map(|place| at + place)
}

/// Ten megabytes with one word in a hundred an identifier: found and replaced.
pub(crate) fn replace(c: &mut Criterion) {
    let (text, redactor, regex) = (notes(10 * MEGABYTE, 100), Redactor::new(Scanner::new()), combined());
    let mut group = c.benchmark_group("redact");
    group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("ours", |b| b.iter(|| redactor.redact_str(black_box(&text)).expect("labels")));
    group.bench_function("regex", |b| b.iter(|| regex.replace_all(black_box(&text), label).into_owned()));
    group.finish();
}

/// Notes without an identifier: scanned, beside stepping from digit to digit.
pub(crate) fn clean(c: &mut Criterion) {
    let (text, scanner) = (notes(10 * MEGABYTE, 0), Scanner::new());
    assert_eq!(scanner.scan(&text).count(), 0, "the notes are clean");
    let bare: String = text.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    for (name, text) in [("clean", &text), ("clean_without_digits", &bare)] {
        let mut group = c.benchmark_group(name);
        group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("ours", |b| b.iter(|| scanner.scan(black_box(text)).count()));
        group.bench_function("digits", |b| b.iter(|| digit_runs(black_box(text.as_bytes()))));
        group.finish();
    }
}

/// The same work in one text and in many short ones: time is linear if they cost the same.
pub(crate) fn linear(c: &mut Criterion) {
    let scanner = Scanner::new();
    let pair = |c: &mut Criterion, name: &str, long: &str, count: usize| {
        let short = long.get(..long.len() / count).expect("ASCII");
        let mut group = c.benchmark_group(name);
        group.sample_size(10).throughput(Throughput::Bytes(long.len() as u64));
        group.bench_function("one", |b| b.iter(|| scanner.scan(black_box(long)).count()));
        group.bench_function("many", |b| {
            b.iter(|| (0..count).map(|_| scanner.scan(black_box(short)).count()).sum::<usize>())
        });
        group.finish();
    };
    pair(c, "linear_notes", &notes(100 * MEGABYTE, 100), 100);
    for (name, unit) in ADVERSE {
        let text = unit.repeat(4 * MEGABYTE / unit.len());
        pair(c, name, &text, 64);
    }
}

/// What costs a scanner most: endless runs of digits, groups without an end, labels in labels, half addresses.
const ADVERSE: [(&str, &str); 6] = [
    ("linear_digits", "0123456789"),
    ("linear_groups", "123-45 6789.1 2 "),
    ("linear_labels", "password is ssn pin card number 1 "),
    ("linear_signs", "a1@b.c@d-"),
    ("linear_colons", "1:ab::2:"),
    ("linear_secret", "pas=sec:1"),
];
