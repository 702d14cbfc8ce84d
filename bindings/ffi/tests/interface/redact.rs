//! Texts that are redacted, findings, masks; and tokens of a guard in texts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

use cpni_guard::redact::{Clue, MaskKind, TextKind};
use cpni_guard::vocabulary::Purpose;
use cpni_guard_ffi::{
    CpniError, JsonPathRule, JsonPaths, JsonRule, KindReplacement, MaskForm, Redactor, RedactorSettings,
    TextReplacement, TokenTerms, VaultToken, mask,
};

use crate::fixture::*;

const CORPUS: &str = include_str!("../../../../tests/redaction/corpus.txt");

pub(crate) fn settings() -> RedactorSettings {
    RedactorSettings {
        spoken: false,
        least: None,
        account_patterns: Vec::new(),
        replacement: TextReplacement::Label,
        of_kinds: Vec::new(),
    }
}

/// A value of a scanner's lists, in the layout.
pub(crate) fn listed(which: u8, kind: &str, value: &str) -> Vec<u8> {
    let mut out = vec![which, u8::try_from(kind.len()).unwrap()];
    out.extend(kind.as_bytes());
    out.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
    out.extend(value.as_bytes());
    out
}

fn redactor() -> Arc<Redactor> {
    Redactor::new(settings(), &batch(&[])).unwrap()
}

fn redacted(redactor: &Redactor, text: &str) -> String {
    String::from_utf8(redactor.redact(text.as_bytes()).unwrap()).unwrap()
}

#[test]
fn texts_lists_and_labelled_values() {
    let redactor = redactor();
    assert_eq!(redacted(&redactor, "SSN 987-65-4320, cb (202) 555-0123"), "SSN [SSN], cb [PHONE]");
    assert_eq!(redacted(&redactor, ""), "");
    assert_eq!(code(redactor.redact(b"\xff")), 9303);
    assert_eq!(redactor.redact_labelled("home_phone".to_owned(), b"5550123").unwrap(), b"[PHONE]");

    let all = redactor.redact_all(&list(&[b"SSN 987-65-4320", b"\xff", b"plan gold"])).unwrap();
    assert_eq!(results(&all), [Ok("SSN [SSN]".to_owned()), Err(9303), Ok("plan gold".to_owned())]);
    let pairs: &[&[u8]] = &[b"pin", b"4482", b"", b"4482", b"\xff", b"4482", b"dob", b"1980-01-02"];
    let all = redactor.redact_all_labelled(&list(pairs)).unwrap();
    let wanted = [Ok("[SECRET]".to_owned()), Ok("4482".to_owned()), Err(9303), Ok("[BIRTH DATE]".to_owned())];
    assert_eq!(results(&all), wanted);
    assert_eq!(code(redactor.redact_all_labelled(&list(&pairs[1..]))), 9302, "a name without a value");
    assert_eq!(code(redactor.redact_all(b"\0\0\0\x01")), 9302);
    assert_eq!(code(redactor.redact_all(&list(&vec![b"".as_slice(); 10_001]))), 9302);
}

/// Every line of the corpus, and its places in bytes and in UTF-16.
#[test]
fn findings_are_those_of_the_core_in_both_units() {
    let plain = redactor();
    let spoken = Redactor::new(RedactorSettings { spoken: true, ..settings() }, &batch(&[])).unwrap();
    let core = cpni_guard::redact::Scanner::new();
    let core_spoken = cpni_guard::redact::Scanner::builder().spoken(true).build();
    for line in CORPUS.lines().chain(["\u{1F600}\u{1F600} SSN \u{FF19}87-65-4320\u{301}, cb 202-555-0123"]) {
        for (ours, core) in [(&plain, &core), (&spoken, &core_spoken)] {
            let wanted: Vec<_> = core.scan(line).collect();
            let found = ours.findings(line.as_bytes(), None).unwrap();
            assert_eq!(found.len(), wanted.len());
            for (found, wanted) in found.iter().zip(&wanted) {
                assert_eq!(found.kind, wanted.kind());
                assert_eq!(found.start as usize..found.end as usize, wanted.range());
                assert_eq!(found.confidence, wanted.confidence().percent());
                assert_eq!(found.why, wanted.why().iter().collect::<Vec<_>>());
                let units: Vec<u16> = line.encode_utf16().collect();
                let there = &units[found.utf16_start as usize..found.utf16_end as usize];
                assert_eq!(String::from_utf16(there).unwrap(), line[wanted.range()]);
            }
        }
    }
    let labelled = plain.findings(b"5550123", Some("home_phone".to_owned())).unwrap();
    assert_eq!((labelled[0].kind, labelled[0].why.contains(&Clue::ColumnLabel)), (TextKind::Phone, true));
    assert_eq!(code(plain.findings(b"\xff", None)), 9303);
}

#[test]
fn settings_say_what_is_found_and_what_stands_for_it() {
    let with = |settings, lists: &[Vec<u8>]| Redactor::new(settings, &batch(lists));
    let patterns = |patterns: &[&str]| RedactorSettings {
        account_patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
        ..settings()
    };
    let ours = with(patterns(&["[0-9]{4}-[A-Z]{5}"]), &[]).unwrap();
    assert_eq!(redacted(&ours, "it is 0000-EXMPL"), "it is [ACCOUNT]");
    assert_eq!(code(with(patterns(&["[0-9"]), &[])), 9309);
    assert_eq!(code(with(patterns(&["a"; 17]), &[])), 9602);
    let lists = [listed(0, "phone", "202-555-0123"), listed(1, "account", "zz-77")];
    let ours = with(settings(), &lists).unwrap();
    assert_eq!(redacted(&ours, "202.555.0123 or 202-555-0124, ZZ 77"), "202.555.0123 or [PHONE], [ACCOUNT]");
    assert_eq!(code(with(settings(), &[listed(1, "account", "zz")])), 9601);
    for wrong in [listed(2, "ssn", "987654320"), listed(0, "nothing", "987654320"), vec![0]] {
        assert_eq!(code(with(settings(), &[wrong])), 9302);
    }
    let masks = RedactorSettings {
        replacement: TextReplacement::Mask { form: MaskForm::Withheld },
        of_kinds: vec![KindReplacement {
            kind: TextKind::Card,
            replacement: TextReplacement::Mask { form: MaskForm::Last { most: 9 } },
        }],
        ..settings()
    };
    let ours = with(masks, &[]).unwrap();
    assert_eq!(redacted(&ours, "card 4111-1111-1111-1111, ssn 987-65-4320"), "card ••••1111, ssn ••••");
    let strict = with(RedactorSettings { least: Some(60), ..settings() }, &[]).unwrap();
    assert_eq!(redacted(&strict, "219099999"), "219099999");
}

#[test]
fn documents_are_redacted_by_path_and_by_content() {
    let rule = |path: &str, rule| JsonPathRule { path: path.to_owned(), rule };
    let masked = JsonRule::Mask { kind: MaskKind::Name, form: MaskForm::Part };
    let paths =
        JsonPaths::new(vec![rule("/support", JsonRule::Keep), rule("/customers/*/name", masked)]).unwrap();
    let document =
        r#"{"support":"202-555-0123","customers":[{"name":"Dana","pin":4482}],"x":"202-555-0123"}"#;
    let wanted =
        r#"{"support":"202-555-0123","customers":[{"name":"D••••","pin":"[SECRET]"}],"x":"[PHONE]"}"#;
    assert_eq!(redactor().redact_json(document.as_bytes(), &paths).unwrap(), wanted.as_bytes());
    assert_eq!(code(redactor().redact_json(b"{987-65-4320", &paths)), 9604);
    assert_eq!(code(JsonPaths::new(vec![rule("x", JsonRule::Keep)])), 9605);
}

#[test]
fn masks_are_those_of_the_core() {
    use cpni_guard::redact::{Mask, MaskForm as Core};
    let values = [
        "987-65-4321",
        "4111 1111 1111 1111",
        "Dana",
        "12 Elm Street, Springfield, IL 62704",
        "x@example.com",
        "",
    ];
    let forms = [
        (MaskForm::Withheld, Core::Withheld),
        (MaskForm::Kind, Core::Kind),
        (MaskForm::Last { most: 4 }, Core::Last(4)),
        (MaskForm::Part, Core::Part),
    ];
    for kind in MaskKind::ALL {
        for (form, core) in forms {
            for value in values {
                assert_eq!(
                    mask(*kind, form, value.as_bytes()).unwrap(),
                    Mask::new(*kind, core, value).as_str()
                );
            }
        }
    }
    assert_eq!(mask(MaskKind::Card, MaskForm::Part, b"4111 1111 1111 1111").unwrap(), "••••1111");
    assert_eq!(mask(MaskKind::Ssn, MaskForm::Last { most: 4 }, b"987-65-4321").unwrap(), "••••");
    assert_eq!(code(mask(MaskKind::Ssn, MaskForm::Kind, b"\xff")), 9303);
}

/// UniFFI is told of the variants one by one: a new one must not be forgotten.
#[test]
fn every_kind_and_every_reason_crosses() {
    let source = include_str!("../../src/redact.rs");
    let declared = |name: &str| -> BTreeSet<String> {
        let body = source.split(&format!("pub enum {name} {{")).nth(1).unwrap().split("\n}").next().unwrap();
        body.lines().filter_map(|line| line.trim().strip_suffix(',')).map(str::to_owned).collect()
    };
    assert_eq!(declared("TextKind"), TextKind::ALL.iter().map(|kind| format!("{kind:?}")).collect());
    assert_eq!(declared("Clue"), Clue::ALL.iter().map(|clue| format!("{clue:?}")).collect());
}

#[test]
fn tokens_need_an_open_guard() {
    let carrier = Carrier::new();
    carrier.customer();
    let blind = redactor().with_blind_tokens(carrier.guard.clone(), vec![TextKind::Ssn]).unwrap();
    let text = redacted(&blind, "ssn 987-65-4320, SSN 987654320, cb 202-555-0123");
    let tokens: Vec<_> = text.split(['[', ']']).skip(1).step_by(2).collect();
    assert_eq!((tokens[0], tokens[2]), (tokens[1], "PHONE"));
    assert!(tokens[0].starts_with("SSN:") && tokens[0].len() == 20, "{text}");

    let terms = TokenTerms { expires_micros: NOON + DAY, purposes: vec![Purpose::Support], uses: None };
    let vault =
        |terms| redactor().with_vault_tokens(carrier.guard.clone(), ACCOUNT.to_owned(), terms, Vec::new());
    assert_eq!(code(vault(TokenTerms { uses: Some(0), ..terms.clone() })), 3151);
    let vault = vault(terms).unwrap();
    let text = redacted(&vault, "call 202-555-0123 instead");
    let token = text.trim_start_matches("call ").trim_end_matches(" instead");
    let call = carrier.authenticated("call-1");
    let seen = call.detokenise(&VaultToken::from_text(token.to_owned()).unwrap()).unwrap();
    assert_eq!(seen.view.reveal(0).unwrap(), b"2025550123");
    let nothing = Err(CpniError::Failed { code: 9603 });
    assert_eq!(vault.redact(b"from 192.0.2.1"), nothing, "no field holds it");

    carrier.guard.shut_down().unwrap();
    assert_eq!(blind.redact(b"SSN 987-65-4320"), nothing);
    assert_eq!(redacted(&blind, "plan gold"), "plan gold");
    assert_eq!(code(redactor().with_blind_tokens(carrier.guard.clone(), Vec::new())), 9301);
}

#[test]
fn threads_share_a_redactor() {
    let redactor = redactor();
    let texts: Vec<&[u8]> = CORPUS.lines().map(str::as_bytes).collect();
    let wanted = redactor.redact_all(&list(&texts)).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                (0..5).for_each(|_| assert_eq!(redactor.redact_all(&list(&texts)).unwrap(), wanted))
            });
        }
    });
}
