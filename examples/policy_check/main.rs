//! Checks policy files before they are used, for the person who writes them.
//!
//! ```sh
//! cargo run --example policy_check -- FILE...
//! ```
//!
//! A file that says `compliance` is a legal pack, any other a carrier's grants; packs come before
//! the grants that use their predicates. Without files the built-in packs and the sample grants are
//! checked. Printed are all faults with their places and what to do, permits that open nothing,
//! classes that nobody is granted, and what each role reaches with which evidence. Exit 1 on
//! errors, 2 where a file cannot be read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

mod advice;
mod page;
mod table;

use std::process::ExitCode;

use cpni_guard::policy::{Compliance, Finding, Pack, Policy};
use cpni_guard::vocabulary::{Clock as _, Role, SystemClock, Timestamp};

use page::Page;

/// What is checked where no file is named.
const SAMPLE: (&str, &str) = ("examples/grants.toml", include_str!("../grants.toml"));

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.iter().any(|name| name.starts_with('-')) {
        eprintln!("usage: policy_check [FILE]...");
        return ExitCode::from(2);
    }
    let mut files = Vec::new();
    for name in names {
        match std::fs::read_to_string(&name) {
            Ok(text) => files.push((name, text)),
            Err(error) => {
                eprintln!("{name}: {error}");
                return ExitCode::from(2);
            }
        }
    }
    if files.is_empty() {
        files.push((SAMPLE.0.to_owned(), SAMPLE.1.to_owned()));
    }
    let (page, errors) = check(&files, SystemClock.now());
    print!("{}", page.text());
    if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// The page about some files, and the number of errors on it.
fn check(files: &[(String, String)], now: Timestamp) -> (Page, usize) {
    let mut page = Page::default();
    let mut packs = match Pack::built_in() {
        Ok(packs) => packs,
        Err(error) => {
            page.note(0, &format!("The built-in packs are broken: {error}."));
            return (page, 1);
        }
    };
    let built_in = packs.len();
    let mut errors = 0_usize;
    for (name, text) in files {
        match Pack::check(name, text, &packs) {
            Ok(pack) => packs.push(pack),
            Err(faults) => {
                for fault in &faults {
                    page.note(0, &fault.to_string());
                    page.under("  →", 4, &advice::for_fault(&fault.cause));
                }
                errors = errors.saturating_add(faults.len());
            }
        }
    }
    if errors > 0 {
        page.gap();
        page.note(0, "The policy as a whole was not checked: correct these first.");
    } else {
        let granted = packs.iter().any(|pack| pack.compliance() == Compliance::Grants);
        match Policy::compile(packs, Vec::new()) {
            Ok(policy) => errors = whole(&mut page, &policy, built_in, granted, now),
            Err(error) => {
                page.note(0, &format!("{error}."));
                errors = 1;
            }
        }
    }
    page.gap();
    page.note(
        0,
        &match errors {
            0 => "No errors.".to_owned(),
            1 => "1 error.".to_owned(),
            more => format!("{more} errors."),
        },
    );
    (page, errors)
}

/// What the packs are together; the number of errors.
fn whole(page: &mut Page, policy: &Policy, built_in: usize, granted: bool, now: Timestamp) -> usize {
    let status = policy.status(now);
    let others = status.len().saturating_sub(built_in);
    let off: Vec<_> = status.iter().filter(|pack| !pack.in_force).map(|pack| pack.id.as_str()).collect();
    let today = now.utc_date().map(|date| format!("On {date}, UTC")).unwrap_or_default();
    let off = if off.is_empty() { String::new() } else { format!(" Not in force: {}.", off.join(", ")) };
    page.note(0, &format!("{today}: {built_in} built-in packs and {others} of yours.{off}"));

    let findings = policy.findings(now);
    if !findings.is_empty() {
        page.gap();
    }
    for Finding { kind, rule, place, .. } in &findings {
        let weight = if kind.is_error() { "" } else { "warning: " };
        page.note(0, &format!("{place}: {weight}{kind} (`{rule}`)"));
        page.under("  →", 4, advice::for_finding(kind));
    }
    page.gap();
    if granted {
        let without: Vec<_> = policy.classes_without_permit(now).iter().map(|class| class.name()).collect();
        match without.is_empty() {
            true => page.note(0, "Every class has a permit."),
            false => page.note(
                0,
                &format!(
                    "No permit names these classes; they are withheld from everybody: {}.",
                    without.join(", ")
                ),
            ),
        }
        page.gap();
        page.note(0, table::HEAD);
        for role in Role::ALL {
            table::role(page, *role, policy.reach(*role, now));
        }
    } else {
        page.note(0, "There is no grants file among these, so nobody reaches anything yet.");
    }
    findings.iter().filter(|finding| finding.kind.is_error()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23T00:00:00Z.
    const NOW: Timestamp = Timestamp::from_secs(1_795_392_000);

    fn page_of(name: &str, text: &str) -> (String, usize) {
        let (page, errors) = check(&[(name.to_owned(), text.to_owned())], NOW);
        assert!(page.text().lines().all(|line| line.chars().count() <= 80), "{}", page.text());
        (page.text().to_owned(), errors)
    }

    /// What a compliance officer reads after an afternoon of typical mistakes.
    #[test]
    fn typical_mistakes_are_all_named_in_one_run() {
        let file = include_str!("../policy-with-mistakes.toml");
        let (page, errors) = page_of("examples/policy-with-mistakes.toml", file);
        assert_eq!(page, include_str!("../policy-with-mistakes.txt"), "{page}");
        assert!(errors >= 10);
        // Every mistake has a comment above it in the file, and none is found where there is none.
        assert_eq!(file.matches("# Mistake").count(), errors);
    }

    #[test]
    fn the_sample_grants_have_no_errors_and_a_table() {
        let (page, errors) = page_of(SAMPLE.0, SAMPLE.1);
        assert_eq!(errors, 0);
        assert!(!page.contains("warning"), "{page}");
        assert!(page.contains("\ncare_agent\n") && !page.contains("\nlocation_partner\n"), "{page}");
    }

    #[test]
    fn a_permit_that_opens_nothing_is_a_warning() {
        let grants = SAMPLE.1.replace("class = [\"ssn\", \"ssn_last4\"]", "class = [\"survivor\"]");
        let (page, errors) = page_of("g.toml", &grants);
        assert_eq!(errors, 0);
        assert!(
            page.contains(": warning: this permit opens nothing; it is closed by `survivor-data`"),
            "{page}"
        );
    }

    #[test]
    fn a_rule_that_never_matches_is_an_error() {
        let pack = "id = \"p\"\ntitle = \"t\"\ncompliance = \"library_default\"\n[[rule]]\nid = \"r\"\ntitle = \"t\"\n\
                    effect = \"forbid\"\ncite = \"c\"\ncertainty = \"clear\"\nsource = \"memory\"\n\
                    when = { predicate = \"business_exempt\", account.none = [\"business\"] }\n";
        let (page, errors) = page_of("p.toml", pack);
        assert_eq!(errors, 1);
        assert!(page.contains("p.toml:4:1: this rule can never match (`r`)"), "{page}");
        assert!(page.contains("no grants file"), "{page}");
    }
}
