//! The scanner and the redactor, by our own corpus of disguises and near-misses.

use std::io::{Read, Write};
use std::ops::Range;

use cpni_guard::redact::{Redactor, Scanner, TextKind};

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
    for case in corpus() {
        let redactor = Redactor::new(scanner(case.spoken));
        let once = redactor.redact_str(&case.text).expect("labels need no keys");
        let again: Vec<_> = redactor.scanner().scan(&once).collect();
        assert!(again.is_empty(), "line {}: {once:?}: {again:?}", case.line);
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
            let mut writer = redactor.writer(Vec::new());
            let (first, second) = text.as_bytes().split_at(cut);
            writer.write_all(first).expect("a vector");
            writer.write_all(second).expect("a vector");
            let written = writer.finish().expect("a vector");
            assert_eq!(String::from_utf8_lossy(&written), whole, "cut at {cut}");
        }
        let mut writer = redactor.writer(Vec::new());
        for byte in text.as_bytes() {
            writer.write_all(&[*byte]).expect("a vector");
        }
        assert_eq!(String::from_utf8_lossy(&writer.finish().expect("a vector")), whole);
        let mut read = String::new();
        redactor.reader(text.as_bytes()).read_to_string(&mut read).expect("text");
        assert_eq!(read, whole);
    }
}
