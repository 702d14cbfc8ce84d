//! Who may use whom: every `crate::` path of the shipped code, against one table.
//!
//! The floors are those of ARCHITECTURE.md. Tests do not count: a room's own tests may reach
//! further. To add a room, give it a line in `ROOMS`; to add a dependency, one in `CRATES`.
#![expect(clippy::expect_used, reason = "test code: a missing source file ends the test")]

#[path = "layering/scan.rs"]
mod scan;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use scan::{Found, scan};

/// Used by every room that is not marked `Bare`.
const EVERYONE: &[&str] = &["error", "vocabulary"];

/// What a room may use beside itself.
#[derive(Clone, Copy)]
enum Uses {
    /// Exactly these, not even `EVERYONE`.
    Bare(&'static [&'static str]),
    /// These and `EVERYONE`.
    These(&'static [&'static str]),
    /// All rooms.
    All,
}

/// The floors, lowest first.
const ROOMS: &[(&str, Uses)] = &[
    // ground
    ("vocabulary", Uses::Bare(&["error"])),
    ("error", Uses::Bare(&["vocabulary"])),
    ("hazmat", Uses::Bare(&[])), // knows no telecom
    ("sensitive", Uses::Bare(&[])),
    ("toml_reader", Uses::These(&[])),
    ("classify", Uses::These(&["sensitive", "toml_reader"])), // knows no cryptography
    // first
    ("keys", Uses::These(&["hazmat", "sensitive", "classify", "toml_reader"])),
    ("policy", Uses::These(&["classify", "toml_reader"])), // knows no cryptography
    ("redact", Uses::These(&["classify", "sensitive"])), // no cryptography, no decision: tokens come through a trait
    // on an agent's machine: no way from here to a key of the tree, a policy or a log
    ("device", Uses::These(&["hazmat", "classify", "sensitive"])),
    // second
    ("envelope", Uses::These(&["keys", "hazmat", "classify", "sensitive"])),
    ("token", Uses::These(&["keys", "hazmat", "classify", "sensitive"])),
    ("audit", Uses::These(&["hazmat", "classify"])), // ids and codes: never a `Sensitive<T>`
    // keyed pseudonyms, ids, times, facts; no customer text
    ("oversight", Uses::These(&["hazmat", "toml_reader", "audit", "policy", "classify"])),
    // third
    ("interaction", Uses::These(&["policy", "classify", "hazmat", "keys", "sensitive", "toml_reader"])),
    ("transaction", Uses::These(&["interaction", "policy", "audit", "hazmat", "keys", "sensitive"])),
    // fourth
    (
        "disclose",
        Uses::These(&[
            "envelope",
            "keys",
            "policy",
            "audit",
            "classify",
            "sensitive",
            "interaction",
            "redact",
        ]),
    ),
    // roof
    ("guard", Uses::All), // the only room that names `store`
    ("store", Uses::These(&["audit", "interaction", "keys", "oversight", "token", "transaction"])),
    ("testing", Uses::All), // only with the feature of that name
];

/// Rooms of the table that are not built yet. A room leaves this list with its first file.
const PLANNED: &[&str] = &[];

/// Where a dependency may be named.
#[derive(Clone, Copy)]
enum Where {
    /// In these rooms only.
    Only(&'static [&'static str]),
    Anywhere,
}

/// Every dependency of the shipped crate, by the name it has in Rust.
const CRATES: &[(&str, Where)] = &[
    ("aes_gcm", Where::Only(&["hazmat"])),
    ("aes_kw", Where::Only(&["hazmat"])),
    ("aes_siv", Where::Only(&["hazmat"])),
    ("argon2", Where::Only(&["hazmat"])),
    ("ed25519_dalek", Where::Only(&["hazmat"])),
    ("getrandom", Where::Only(&["hazmat"])),
    ("hkdf", Where::Only(&["hazmat"])),
    ("hmac", Where::Only(&["hazmat"])),
    ("hpke", Where::Only(&["hazmat"])),
    ("rand_core", Where::Only(&["hazmat"])),
    ("sha2", Where::Only(&["hazmat"])),
    ("bech32", Where::Only(&["token"])),
    ("rusqlite", Where::Only(&["store"])),
    ("toml", Where::Only(&["toml_reader"])),
    ("strsim", Where::Only(&["vocabulary"])),
    ("base64ct", Where::Anywhere),
    ("jiff", Where::Anywhere),
    ("regex_lite", Where::Anywhere),
    ("serde", Where::Anywhere),
    ("serde_json", Where::Only(&["guard", "oversight", "redact"])), // attestations, reports, log lines
    ("subtle", Where::Anywhere),
    ("tracing_core", Where::Only(&["redact"])),
    ("tracing_subscriber", Where::Only(&["redact"])),
    ("thiserror", Where::Anywhere),
    ("unicode_normalization", Where::Only(&["classify"])), // names in one form
    ("zeroize", Where::Anywhere),
];

/// Words that would put logic into `lib.rs`.
const LOGIC: &[&str] =
    &["fn", "struct", "enum", "union", "trait", "impl", "static", "const", "type", "macro_rules", "unsafe"];

/// The name that the crate itself has in a path.
const SELF_NAMES: &[&str] = &["crate", "cpni_guard"];

#[test]
fn no_room_uses_a_room_above_it() {
    let faults = House::read(Path::new(env!("CARGO_MANIFEST_DIR"))).faults();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The source files by path from the root, and the names of the dependencies.
struct House {
    files: BTreeMap<String, String>,
    dependencies: BTreeSet<String>,
    planned: &'static [&'static str],
}

impl House {
    fn read(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![PathBuf::from("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder)).expect("a folder of the source tree") {
                let entry = entry.expect("an entry of the source tree");
                let path = folder.join(entry.file_name());
                if entry.path().is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(entry.path()).expect("a source file");
                    files.insert(path.to_string_lossy().replace('\\', "/"), text);
                }
            }
        }
        let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("Cargo.toml");
        Self { files, dependencies: dependencies(&manifest), planned: PLANNED }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.table_faults();
        let lib = self.files.get("src/lib.rs").map(|text| scan(text)).unwrap_or_default();
        faults.extend(lib_faults(&lib));
        let exports = exports(&lib);
        for (path, text) in &self.files {
            let module = module_of(path);
            // `tests.rs` is test code as long as its parent says so, which `file_faults` checks.
            if module.is_empty() || module.iter().skip(1).any(|part| part == "tests") {
                continue;
            }
            faults.extend(file_faults(path, &module, &scan(text), &exports));
        }
        faults
    }

    fn table_faults(&self) -> Vec<String> {
        let built: BTreeSet<_> =
            self.files.keys().filter_map(|path| module_of(path).into_iter().next()).collect();
        let mut faults = Vec::new();
        for (room, uses) in ROOMS {
            match (built.contains(*room), self.planned.contains(room)) {
                (true, true) => {
                    faults.push(format!("tests/layering.rs: `{room}` is built: take it off PLANNED"))
                }
                (false, false) => {
                    faults.push(format!("tests/layering.rs: the room `{room}` is not under src/"))
                }
                _ => {}
            }
            let (Uses::Bare(used) | Uses::These(used)) = uses else { continue };
            for other in used.iter().filter(|other| find(ROOMS, other).is_none()) {
                faults.push(format!("tests/layering.rs: `{room}` may use `{other}`, which is no room"));
            }
        }
        for room in built.iter().filter(|room| find(ROOMS, room).is_none()) {
            faults.push(format!("src/{room}: this room has no line in the table of tests/layering.rs"));
        }
        for name in self.dependencies.iter().filter(|name| find(CRATES, name).is_none()) {
            faults.push(format!("Cargo.toml: `{name}` has no line in CRATES of tests/layering.rs"));
        }
        for (name, _) in CRATES.iter().filter(|(name, _)| !self.dependencies.contains(*name)) {
            faults.push(format!("tests/layering.rs: `{name}` is no dependency any more"));
        }
        faults
    }
}

fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// `src/keys/tree.rs` is `[keys, tree]`, `src/keys/mod.rs` is `[keys]`, `src/lib.rs` is `[]`.
fn module_of(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// The names under `[dependencies]` and `[target.*.dependencies]`, as Rust spells them.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut shipped = false;
    for line in manifest.lines() {
        if let Some(header) = line.trim().strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            shipped = header == "dependencies"
                || header.starts_with("target.") && header.ends_with(".dependencies");
            if let Some(name) = header.strip_prefix("dependencies.") {
                names.insert(name.replace('-', "_"));
            }
        } else if let Some((name, _)) = line.split_once('=').filter(|_| shipped) {
            let name = name.trim().split('.').next().unwrap_or_default();
            if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
                names.insert(name.replace('-', "_"));
            }
        }
    }
    names
}

/// The room behind each name that `lib.rs` re-exports: `crate::Error` is `error`.
fn exports(lib: &Found) -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    for path in lib.paths.iter().filter(|path| path.imported) {
        let segments: Vec<_> =
            path.segments.iter().skip_while(|s| matches!(s.as_str(), "crate" | "self")).collect();
        if let [room, .., name] = segments[..] {
            exports.insert(path.alias.clone().unwrap_or_else(|| name.clone()), room.clone());
        }
    }
    exports
}

fn lib_faults(lib: &Found) -> Vec<String> {
    let logic = lib.words.iter().filter(|(word, _)| LOGIC.contains(&word.as_str()));
    logic.map(|(word, line)| format!("src/lib.rs:{line}: `{word}`: modules and re-exports only")).collect()
}

fn file_faults(
    path: &str,
    module: &[String],
    found: &Found,
    exports: &BTreeMap<String, String>,
) -> Vec<String> {
    let room = module.first().map_or("", String::as_str);
    let mut faults = Vec::new();
    let mut fault = |line: usize, what: String| faults.push(format!("{path}:{line}: {what}"));

    for (name, line) in found.modules.iter().filter(|(name, _)| name == "tests") {
        fault(*line, format!("`mod {name}` without `#[cfg(test)]`"));
    }

    // A name that the file brought in or declared is not a crate: `aead` of `use crate::hazmat::aead`.
    let mut local: BTreeSet<&str> = found.modules.iter().map(|(name, _)| name.as_str()).collect();
    local.extend(
        found
            .paths
            .iter()
            .filter(|p| p.imported && p.segments.len() > 1)
            .filter_map(|p| p.alias.as_deref().or_else(|| p.segments.last().map(String::as_str))),
    );

    for named in &found.paths {
        let first = named.segments.first().map_or("", String::as_str);
        let written = named.segments.join("::");
        if let Some(target) = absolute(module, named) {
            let target = target.first().map(String::as_str);
            let target = target.map(|name| exports.get(name).map_or(name, String::as_str));
            match target {
                Some(target) if target == room || may_use(room, target) => {}
                Some(target) if find(ROOMS, target).is_some() => {
                    fault(named.line, format!("`{written}`: `{room}` may not use `{target}`"));
                }
                Some(target) => fault(named.line, format!("`{written}`: `{target}` is no room")),
                // `pub(crate)` and `pub(super)` name no path.
                None if !named.imported => {}
                None => fault(named.line, format!("`{written}`: name the room, not the crate's root")),
            }
        } else if let Some(Where::Only(rooms)) = find(CRATES, first)
            && !rooms.contains(&room)
            && (named.imported || named.segments.len() > 1)
            && (named.segments.len() == 1 || !local.contains(first))
        {
            fault(
                named.line,
                format!("`{written}`: the crate `{first}` is named in {} only", rooms.join(", ")),
            );
        }
    }
    faults
}

/// The path from the crate's root; `None` where it leads out of the crate or into the file itself.
fn absolute(module: &[String], named: &scan::Named) -> Option<Vec<String>> {
    let mut segments = named.segments.iter().map(String::as_str).peekable();
    let mut here: Vec<String> = module.iter().chain(&named.inside).cloned().collect();
    match segments.peek().copied() {
        Some(first) if SELF_NAMES.contains(&first) => {
            here.clear();
            segments.next();
        }
        Some("self") => {
            segments.next();
        }
        Some("super") => {}
        _ => return None,
    }
    while segments.next_if_eq(&"super").is_some() {
        here.pop();
    }
    here.extend(segments.filter(|s| !matches!(*s, "*" | "self")).map(str::to_owned));
    Some(here)
}

fn may_use(room: &str, target: &str) -> bool {
    match find(ROOMS, room) {
        Some(Uses::All) => true,
        Some(Uses::Bare(used)) => used.contains(&target),
        Some(Uses::These(used)) => used.contains(&target) || EVERYONE.contains(&target),
        None => false,
    }
}

/// The faults of a house that is whole but for these files.
fn faults_with(files: &[(&str, &str)]) -> Vec<String> {
    let mut house = House {
        files: ROOMS.iter().map(|(room, _)| (format!("src/{room}/mod.rs"), String::new())).collect(),
        dependencies: CRATES.iter().map(|(name, _)| (*name).to_owned()).collect(),
        planned: &[],
    };
    house.files.insert("src/lib.rs".to_owned(), "mod hazmat;\npub use error::Error;".to_owned());
    house.files.extend(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    house.faults()
}

#[test]
fn a_whole_house_has_no_fault() {
    assert_eq!(faults_with(&[]), Vec::<String>::new());
}

#[test]
fn an_edge_outside_the_table_is_found() {
    let cases = [
        ("src/policy/mod.rs", "//!\nuse crate::hazmat::hash;", "src/policy/mod.rs:2: `crate::hazmat::hash`"),
        (
            "src/policy/a.rs",
            "use crate::{classify::Schema, keys::{Keyring, Version}};",
            "`crate::keys::Keyring`",
        ),
        ("src/policy/a.rs", "use super::super::keys;", "`super::super::keys`"),
        ("src/policy.rs", "use super::keys::Keyring;", "`super::keys::Keyring`"),
        ("src/policy/a.rs", "mod b { use super::super::super::keys::X; }", "may not use `keys`"),
        ("src/policy/a.rs", "use self::super::super::{keys::X};", "may not use `keys`"),
        ("src/policy/a.rs", "fn f() -> Vec<crate::audit::Event> { Vec::new() }", "`crate::audit::Event`"),
        ("src/policy/a.rs", "macro_rules! m { () => { $crate::keys::x() } }", "may not use `keys`"),
        ("src/hazmat/a.rs", "use crate::vocabulary::Role;", "`hazmat` may not use `vocabulary`"),
        ("src/hazmat/a.rs", "use crate::Error;", "`hazmat` may not use `error`"),
        ("src/audit/a.rs", "use cpni_guard::sensitive::Sensitive;", "`audit` may not use `sensitive`"),
        ("src/disclose/a.rs", "use crate::store::Sqlite;", "`disclose` may not use `store`"),
        ("src/keys/a.rs", "use crate::nowhere::X;", "`nowhere` is no room"),
        ("src/keys/a.rs", "use crate::*;", "not the crate's root"),
        ("src/keys/a.rs", "use crate as root;", "not the crate's root"),
        ("src/keys/a.rs", "use super::super as root;", "not the crate's root"),
        ("src/keys/a.rs", "use super::super::*;", "not the crate's root"),
        ("src/keys/a.rs", "mod tests;", "`mod tests` without `#[cfg(test)]`"),
    ];
    for (path, text, expected) in cases {
        let faults = faults_with(&[(path, text)]);
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{text}: {faults:?}");
        assert!(faults.iter().all(|fault| fault.starts_with(path)), "{text}: {faults:?}");
    }
}

#[test]
fn an_edge_of_the_table_is_allowed() {
    let cases = [
        (
            "src/policy/a.rs",
            "use crate::{classify::Schema, error, vocabulary::*};\nuse super::b::C;\npub(super) fn d() {}",
        ),
        ("src/policy/a.rs", "pub(in crate::policy) struct A;\nuse crate::Error;\nuse crate::policy::b;"),
        ("src/policy/a.rs", "#[cfg(test)]\nmod tests { use crate::keys::Keyring; }"),
        ("src/policy/a/tests.rs", "use crate::keys::Keyring;"),
        ("src/guard.rs", "use crate::{store::Sqlite, hazmat};"),
        ("src/envelope/v1.rs", "use crate::hazmat::{aead, aead::AeadKey};\nfn f() { aead::seal(); }"),
    ];
    for (path, text) in cases {
        assert_eq!(faults_with(&[(path, text)]), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_dependency_outside_its_rooms_is_found() {
    let cases = [
        ("src/keys/a.rs", "use hkdf::Hkdf;"),
        ("src/keys/a.rs", "use ::hkdf::Hkdf;"),
        ("src/keys/a.rs", "use {hkdf as h, core::fmt};"),
        ("src/keys/a.rs", "extern crate hkdf;"),
        ("src/audit/a.rs", "fn f() { hkdf::Hkdf::new() }"),
        ("src/audit/a.rs", "struct A(::hkdf::Hkdf);"),
    ];
    for (path, text) in cases {
        let faults = faults_with(&[(path, text)]);
        assert!(
            faults.iter().any(|f| f.contains("the crate `hkdf` is named in hazmat only")),
            "{text}: {faults:?}"
        );
    }
    assert!(!faults_with(&[("src/audit/sqlite.rs", "use rusqlite::Connection;")]).is_empty());
    assert!(faults_with(&[("src/store/sqlite.rs", "use rusqlite::Connection;")]).is_empty());
    assert!(faults_with(&[("src/hazmat/kdf.rs", "use hkdf::Hkdf;")]).is_empty());
    assert!(faults_with(&[("src/audit/a.rs", "fn f(hkdf: &Prk) { hkdf.expand(); hkdf }")]).is_empty());
}

#[test]
fn logic_in_lib_is_found() {
    assert!(faults_with(&[("src/lib.rs", "mod keys;\nfn f() {}")])[0].contains("src/lib.rs:2: `fn`"));
    assert!(!faults_with(&[("src/lib.rs", "pub struct A;")]).is_empty());
    assert!(faults_with(&[("src/lib.rs", "//! fn\nmod a;\npub use a::{B, C as D};")]).is_empty());
}

#[test]
fn the_table_must_match_the_tree() {
    let mut house = House {
        files: ROOMS.iter().map(|(room, _)| (format!("src/{room}.rs"), String::new())).collect(),
        dependencies: dependencies(
            "[dependencies]\naes-gcm = \"1\" # x\nfoo.workspace = true\n[dev-dependencies]\nbar = \"1\"",
        ),
        planned: &["keys"],
    };
    house.files.remove("src/audit.rs");
    house.files.insert("src/billing/mod.rs".to_owned(), String::new());
    let faults = house.faults().join("\n");
    for expected in [
        "the room `audit` is not under src/",
        "`keys` is built: take it off PLANNED",
        "src/billing: this room has no line",
        "Cargo.toml: `foo` has no line",
        "`sha2` is no dependency any more",
    ] {
        assert!(faults.contains(expected), "{expected}: {faults}");
    }
    assert!(!faults.contains("`bar`") && !faults.contains("`aes_gcm`"), "{faults}");
}
