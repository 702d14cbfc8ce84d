//! Rules of the crate that the compiler does not hold, read from its sources.

use std::fs;
use std::path::Path;

fn sources() -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                sources.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    assert!(sources.len() > 24);
    sources
}

/// In Swift, a panic in a function that cannot fail ends the process.
#[test]
fn every_export_can_fail() {
    let mut seen = 0;
    for (file, text) in sources() {
        let mut rest = text.as_str();
        while let Some(at) = rest.find("#[uniffi::export") {
            rest = &rest[at..];
            let end = rest.find("\n}\n").expect("the end of an item") + 2;
            let (item, after) = rest.split_at(end);
            rest = after;
            for signature in item.split("fn ").skip(1) {
                let signature = &signature[..signature.find(['{', ';']).unwrap()];
                assert!(signature.contains("-> Result<"), "{file}: fn {signature}");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "only {seen} exports were found");
}

/// A doc comment that opens or closes a block comment breaks the generated code.
#[test]
fn no_doc_comment_breaks_the_generated_code() {
    for (file, text) in sources() {
        for line in text.lines().map(str::trim).filter(|line| line.starts_with("///")) {
            assert!(!line.contains("/*") && !line.contains("*/"), "{file}: {line}");
        }
    }
}

/// `uniffi` and `unsafe` stay where they are.
#[test]
fn unsafe_code_is_the_allocator_alone() {
    for (file, text) in sources() {
        if file != "alloc.rs" {
            assert!(!text.contains("unsafe "), "{file}");
        }
        let mut safety = false;
        for line in text.lines() {
            let line = line.trim();
            if line.contains("unsafe {") || line.starts_with("unsafe impl") {
                assert!(safety, "{file}: no SAFETY line above: {line}");
            }
            safety = if line.starts_with("//") { safety || line.contains("SAFETY") } else { false };
        }
    }
}
