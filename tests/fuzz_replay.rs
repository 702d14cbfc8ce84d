//! The fuzz targets on stable: every committed seed and every past finding, once each.
//!
//! It also keeps the list of targets, their binaries, their files and their corpora the same.
#![expect(clippy::expect_used, reason = "test code: an unreadable file ends the test")]

#[path = "../fuzz/src/targets.rs"]
#[expect(unreachable_pub, reason = "the file is a public module of the fuzz crate")]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The files of a folder, sorted; none if the folder is not there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a folder entry").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

#[test]
fn the_corpus_and_past_findings_replay() {
    for (name, target) in targets::ALL {
        let seeds = files(&fuzz().join("corpus").join(name));
        assert!(!seeds.is_empty(), "fuzz/corpus/{name} has no seed");
        for path in seeds.into_iter().chain(files(&fuzz().join("regressions").join(name))) {
            println!("{name}: {}", path.display()); // shown when the target panics
            target(&fs::read(&path).expect("an input"));
        }
    }
}

#[test]
fn every_target_has_its_binary_its_file_and_its_corpus() {
    let listed: BTreeSet<String> = targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed.len(), targets::ALL.len(), "a target is listed twice");

    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("fuzz/Cargo.toml");
    assert_eq!(binaries(&manifest), listed, "[[bin]] of fuzz/Cargo.toml against targets.rs");

    for (folder, what) in [("corpus", "folders"), ("regressions", "folders"), ("fuzz_targets", "files")] {
        let entries = fs::read_dir(fuzz().join(folder)).expect("a folder of fuzz/");
        let paths = entries.map(|entry| entry.expect("a folder entry").path());
        let paths = paths.filter(|path| path.is_dir() || path.extension().is_some_and(|e| e == "rs"));
        let names: BTreeSet<_> =
            paths.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
        if folder == "regressions" {
            assert!(names.is_subset(&listed), "fuzz/{folder}: {what} {names:?} against {listed:?}");
        } else {
            assert_eq!(names, listed, "fuzz/{folder}: {what} against targets.rs");
        }
    }
    for name in &listed {
        let file =
            fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).expect("a target's file");
        assert!(
            file.contains(&format!("targets::{name}(data)")),
            "fuzz_targets/{name}.rs runs another target"
        );
    }
}

/// The names in the `[[bin]]` tables of a manifest.
fn binaries(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut in_bin = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_bin = line.trim() == "[[bin]]";
        } else if let Some(name) = line.strip_prefix("name = ").filter(|_| in_bin) {
            names.insert(name.trim().trim_matches('"').to_owned());
        }
    }
    names
}

#[test]
fn binaries_are_read_from_their_own_tables() {
    let manifest = "[package]\nname = \"x\"\n[[bin]]\nname = \"a\"\n[dependencies]\nname = \"y\"\n[[bin]]\nname = \"b\"\n";
    assert_eq!(binaries(manifest).into_iter().collect::<Vec<_>>(), ["a", "b"]);
}
