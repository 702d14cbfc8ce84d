//! Nothing public in the core is forgotten: it has a call here, or stands in `bindings/left-out.txt` with the
//! reason. By name: what is only re-exported under a room is looked for in the sources of this crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Rust files under a folder, but for tests.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            into.push(path);
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Whether a file is a public module of the core: a door, or what a door calls `pub mod`.
fn is_public(file: &Path) -> bool {
    let name = file.file_name().unwrap().to_str().unwrap();
    if file.components().any(|part| part.as_os_str() == "hazmat") || name == "testing.rs" {
        return false;
    }
    if matches!(name, "mod.rs" | "lib.rs") {
        return true;
    }
    let door = fs::read_to_string(file.with_file_name("mod.rs")).unwrap_or_default();
    door.contains(&format!("\npub mod {};", name.trim_end_matches(".rs")))
}

/// What the public modules of the core let out: what they define, and what they use again.
fn public_names() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut names = BTreeSet::new();
    for file in files.iter().filter(|file| is_public(file)) {
        let text = fs::read_to_string(file).unwrap();
        for item in text.split("\npub use ").skip(1) {
            let item = &item[..item.find(';').expect("the end of a use")];
            let name = item.rsplit("::").next().expect("a name");
            names.extend(words(name).map(str::to_owned));
        }
        for kind in ["struct", "enum", "trait", "fn"] {
            let begin = format!("\npub {kind} ");
            names.extend(
                text.split(&begin).skip(1).map(|item| words(item).next().expect("a name").to_owned()),
            );
        }
    }
    names.retain(|name| !name.ends_with("_for_testing"));
    assert!(names.len() > 250, "{} names", names.len());
    names
}

#[test]
fn every_public_name_of_the_core_is_reachable_or_left_out_for_a_reason() {
    let mut files = Vec::new();
    sources(&root().join("bindings/ffi/src"), &mut files);
    let ours: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let ours: BTreeSet<&str> = words(&ours).collect();
    let listed = fs::read_to_string(root().join("bindings/left-out.txt")).unwrap();
    let lines = listed.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut left = BTreeSet::new();
    for line in lines {
        let (names, reason) = line.split_once(": ").expect("names, a colon, a reason");
        assert!(reason.len() > 20, "{line}");
        for name in names.split(' ') {
            assert!(left.insert(name), "{name} stands there twice");
        }
    }
    let public = public_names();
    let is_number = |name: &str| !name.chars().any(|c| c.is_ascii_lowercase());
    let forgotten = public.iter().map(String::as_str).filter(|name| !is_number(name) && !ours.contains(name));
    let forgotten: BTreeSet<&str> = forgotten.collect();
    assert_eq!(forgotten.difference(&left).collect::<Vec<_>>(), [&""; 0], "neither here nor left out");
    assert_eq!(left.difference(&forgotten).collect::<Vec<_>>(), [&""; 0], "left out, and here or gone");
}

/// How Kotlin and Swift read the vectors, as their READMEs say: a row for each folder.
#[test]
fn every_folder_of_vectors_is_run_or_excused_in_both_languages() {
    let languages = [
        ("bindings/kotlin/README.md", "bindings/kotlin/consumer-tests/src/test/kotlin/example/carrier", "kt"),
        ("bindings/swift/README.md", "bindings/swift/Consumer/Tests/CpniGuardTests", "swift"),
    ];
    let vectors = root().join("tests/vectors");
    for (readme, tests, extension) in languages {
        let text = fs::read_to_string(root().join(readme)).unwrap();
        let mut rows = BTreeSet::new();
        for row in text.lines().filter(|row| row.starts_with("| `")) {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let Some(folder) = cells[1].strip_prefix('`').and_then(|cell| cell.strip_suffix('`')) else {
                continue;
            };
            if !vectors.join(folder).is_dir() {
                continue;
            }
            rows.insert(folder.to_owned());
            assert!(cells[3].len() > 20, "{readme}: {folder}: through what, or why not");
            if cells[2] == "not run" {
                continue;
            }
            let test = root().join(tests).join(format!("{}.{extension}", cells[2].trim_matches('`')));
            let test = fs::read_to_string(&test).unwrap_or_else(|_| panic!("{readme}: {}", test.display()));
            assert!(test.contains(folder), "{readme}: {} does not read {folder}", cells[2]);
            for file in fs::read_dir(vectors.join(folder)).unwrap() {
                let file = file.unwrap().path();
                let stem = file.file_stem().unwrap().to_str().unwrap();
                let is_read = test.contains("Files.list(folder") || test.contains(stem);
                assert!(is_read, "{readme}: {} does not read {folder}/{stem}", cells[2]);
            }
        }
        let there = fs::read_dir(&vectors).unwrap().map(|entry| entry.unwrap().file_name());
        let there: BTreeSet<_> = there.map(|name| name.to_str().unwrap().to_owned()).collect();
        assert_eq!(rows, there, "{readme}");
    }
}
