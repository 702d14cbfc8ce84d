//! The documents name only what is there: paths, links, headings, and the tree in ARCHITECTURE.md.
//!
//! Read are the root's `*.md` files and those under docs/. A path is checked where it stands in
//! backticks, in a link, or in a `sh` block. `NAME`, `NNNN` and `*` stand for anything. A line of
//! the tree that ends in "(not built yet)" must name something that is not there.
#![expect(clippy::expect_used, reason = "test code: an unreadable file ends the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const NOT_BUILT: &str = "(not built yet)";

/// Folders whose paths are checked even when nothing is left of the folder.
const FOLDERS: &[&str] = &[
    ".cargo", ".ci", ".github", "benches", "bindings", "docs", "examples", "fuzz", "scripts", "src", "tests",
];

/// Files at the root that are checked by name, beside every `*.md`.
const ROOT_FILES: &[&str] =
    &["Cargo.toml", "Cargo.lock", "deny.toml", "clippy.toml", "rustfmt.toml", ".gitignore"];

#[test]
fn the_documents_name_what_is_there() {
    let tree = Tree::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let faults = tree.faults();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The repository: its paths (folders end in `/`), its documents, and what git ignores at the root.
#[derive(Default)]
struct Tree {
    paths: BTreeSet<String>,
    documents: BTreeMap<String, String>,
    ignored: Vec<String>,
}

impl Tree {
    fn read(root: &Path) -> Self {
        let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let ignored = ignored.lines().filter_map(|line| line.strip_prefix('/')).map(str::to_owned).collect();
        let mut tree = Self { ignored, ..Self::default() };
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder)).expect("a folder of the repository") {
                let entry = entry.expect("an entry of the repository");
                let path = format!("{folder}{}", entry.file_name().to_string_lossy());
                if path == ".git" || tree.is_ignored(&path) {
                    continue;
                }
                if entry.path().is_dir() {
                    tree.paths.insert(format!("{path}/"));
                    folders.push(format!("{path}/"));
                    continue;
                }
                if path.ends_with(".md") && (!path.contains('/') || path.starts_with("docs/")) {
                    tree.documents
                        .insert(path.clone(), fs::read_to_string(entry.path()).expect("a document"));
                }
                tree.paths.insert(path);
            }
        }
        tree
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (document, text) in &self.documents {
            let mut fence = None;
            for (number, line) in text.lines().enumerate() {
                let mut fault = |what: String| faults.push(format!("{document}:{}: {what}", number + 1));
                if let Some(info) = line.trim_start().strip_prefix("```") {
                    fence = if fence.is_some() { None } else { Some(info.trim().to_owned()) };
                    continue;
                }
                let mut words: Vec<&str> = Vec::new();
                match fence.as_deref() {
                    Some("sh" | "bash" | "console") => words.extend(line.split_whitespace()),
                    Some(_) => continue,
                    None => {
                        words.extend(line.split('`').skip(1).step_by(2).flat_map(str::split_whitespace));
                        links(line).filter_map(|link| self.link_fault(document, link)).for_each(&mut fault);
                    }
                }
                for word in words.into_iter().filter(|word| self.is_missing(word)) {
                    fault(format!("`{word}` is not in the tree"));
                }
            }
        }
        faults.extend(self.tree_faults());
        faults
    }

    fn is_ignored(&self, path: &str) -> bool {
        self.ignored.iter().any(|ignored| path == ignored || path.starts_with(&format!("{ignored}/")))
    }

    fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty() || self.paths.contains(path) || self.paths.contains(&format!("{path}/"))
    }

    /// A word that looks like a path of this repository, and is none.
    fn is_missing(&self, word: &str) -> bool {
        let word = word.trim_matches(|c| {
            matches!(c, '(' | ')' | ',' | ';' | '.' | '"' | '\'')
            // `.ci/run` and `.gitignore` keep their dot
            && !(c == '.' && word.starts_with('.'))
        });
        let word = word.split(':').next().unwrap_or_default();
        let word = word.strip_prefix("./").unwrap_or(word);
        let first = word.split('/').next().unwrap_or_default();
        let is_path = if word.contains('/') {
            FOLDERS.contains(&first) || self.paths.contains(&format!("{first}/"))
        } else {
            ROOT_FILES.contains(&word)
                || word.ends_with(".md")
                    && word.starts_with(|c: char| c.is_ascii_uppercase())
                    && !word.contains('*')
        };
        if !is_path || self.is_ignored(word) {
            return false;
        }
        let pattern = word.replace("NAME", "*").replace("NNNN", "*");
        if pattern.contains('*') {
            return !self.paths.iter().any(|path| matches(&pattern, path.trim_end_matches('/')));
        }
        !self.has(word)
    }

    fn link_fault(&self, document: &str, link: &str) -> Option<String> {
        if link.contains("://") || link.starts_with("mailto:") {
            return None;
        }
        let (path, heading) =
            link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
        let mut parts: Vec<&str> = document.split('/').collect();
        if !path.is_empty() {
            parts.pop();
        }
        for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
            if part != ".." {
                parts.push(part);
            } else if parts.pop().is_none() {
                return Some(format!("the link `{link}` leads out of the repository"));
            }
        }
        let target = parts.join("/");
        if !self.has(&target) {
            return Some(format!("the link `{link}` leads nowhere"));
        }
        let heading = heading?;
        let text = self.documents.get(&target)?;
        let found = text.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == heading);
        (!found).then(|| format!("the link `{link}`: no such heading"))
    }

    /// The tree block against the folders: every top-level folder and every room, and nothing else.
    fn tree_faults(&self) -> Vec<String> {
        let Some(text) = self.documents.get("ARCHITECTURE.md") else {
            return vec!["ARCHITECTURE.md: is missing".to_owned()];
        };
        let drawn = drawn_tree(text);
        if drawn.is_empty() {
            return vec!["ARCHITECTURE.md: no tree block (it opens with a line `cpni-guard/`)".to_owned()];
        }
        let mut faults = Vec::new();
        for (path, (line, built)) in &drawn {
            let there = self.paths.contains(path);
            match (built, there) {
                (true, false) => faults.push(format!("ARCHITECTURE.md:{line}: `{path}` is not in the tree")),
                (false, true) => faults.push(format!("ARCHITECTURE.md:{line}: `{path}` is built by now")),
                _ => {}
            }
        }
        for path in &self.paths {
            let depth = path.trim_end_matches('/').matches('/').count();
            let private = path.starts_with('.') && !FOLDERS.contains(&path.trim_end_matches('/')); // an editor's
            let top = depth == 0 && path.ends_with('/') && !private;
            let wanted = top || depth == 1 && path.starts_with("src/");
            let named =
                drawn.keys().any(|known| known == path || path.ends_with('/') && known.starts_with(path));
            if wanted && !named {
                faults.push(format!("ARCHITECTURE.md: the tree does not show `{path}`"));
            }
        }
        faults
    }
}

/// The targets of the Markdown links of a line, outside of backticks.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split('`')
        .step_by(2)
        .flat_map(|text| text.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
}

/// The anchor that a heading gets: lower case, spaces as hyphens, other signs dropped.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// `*` stands for any run of characters within one part of the path.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((head, tail)) => path.strip_prefix(head).is_some_and(|rest| {
            let part = rest.find('/').unwrap_or(rest.len());
            let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]).filter(|at| *at <= part);
            ends.any(|at| rest.get(at..).is_some_and(|rest| matches(tail, rest)))
        }),
    }
}

/// The entries of the tree block by path, each with its line and whether it is said to be built.
fn drawn_tree(text: &str) -> BTreeMap<String, (usize, bool)> {
    let mut drawn = BTreeMap::new();
    let mut parents: Vec<String> = Vec::new();
    let lines = text.lines().enumerate().skip_while(|(_, line)| line.trim() != "cpni-guard/").skip(1);
    for (number, line) in lines.take_while(|(_, line)| !line.starts_with("```")) {
        let Some((indent, entry)) = line.split_once("── ") else { continue };
        let depth = indent.chars().count() / 4;
        let name = entry.split_whitespace().next().unwrap_or_default().to_owned();
        parents.truncate(depth);
        drawn.insert(
            format!("{}{name}", parents.concat()),
            (number + 1, !line.trim_end().ends_with(NOT_BUILT)),
        );
        parents.push(name);
    }
    drawn
}

fn tree_of(paths: &[&str], documents: &[(&str, &str)]) -> Tree {
    Tree {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        documents: documents.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect(),
        ignored: vec!["target".to_owned(), "fuzz/artifacts".to_owned()],
    }
}

#[test]
fn a_path_that_is_gone_is_found() {
    let tree = tree_of(
        &[
            "src/",
            "src/keys/",
            "src/keys/mod.rs",
            "scripts/",
            "scripts/check",
            "docs/",
            "docs/adr/",
            "docs/adr/0001-x.md",
            "README.md",
        ],
        &[],
    );
    for there in [
        "src/keys",
        "src/keys/",
        "`src/keys/mod.rs:12`",
        "scripts/check",
        "README.md",
        "docs/adr/NNNN-NAME.md",
        "docs/*",
        "(src/keys/mod.rs)",
        "src/keys/mod.rs,",
        "and/or",
        "aes-gcm",
        "a/b.rs",
        "../shared/data",
        "target/criterion",
        "fuzz/artifacts/ids",
        "tests.rs",
        "*.md",
    ] {
        assert!(!tree.is_missing(there.trim_matches('`')), "{there}");
    }
    for gone in [
        "src/token",
        "src/keys/tree.rs",
        "scripts/chek",
        "SECURITY.md",
        "deny.toml",
        "docs/spec/*-v1.md",
        ".ci/run",
        "./src/token",
        "benches/aims.txt",
    ] {
        assert!(tree.is_missing(gone), "{gone}");
    }
}

#[test]
fn faults_name_document_and_line() {
    let guide = "# A guide\nSee `src/gone.rs`, [this](other.md), [that](../README.md#how-to), [there](#a-guide),\n\
                 [out](../../x), [no](#b) and [web](https://example.org).\n```text\n`src/not/read`\n```\n```sh\nscripts/gone --quick\n```\n";
    let mut tree = tree_of(
        &["docs/", "docs/guide.md", "README.md", "ARCHITECTURE.md", "src/", "scripts/"],
        &[
            ("docs/guide.md", guide),
            ("README.md", "## How to\n"),
            ("ARCHITECTURE.md", "```text\ncpni-guard/\n├── docs/\n├── scripts/\n└── src/\n```\n"),
        ],
    );
    assert_eq!(
        tree.faults(),
        [
            "docs/guide.md:2: the link `other.md` leads nowhere",
            "docs/guide.md:2: `src/gone.rs` is not in the tree",
            "docs/guide.md:3: the link `../../x` leads out of the repository",
            "docs/guide.md:3: the link `#b`: no such heading",
            "docs/guide.md:8: `scripts/gone` is not in the tree",
        ]
    );
    tree.documents.insert("docs/guide.md".to_owned(), String::new());
    assert_eq!(tree.faults(), Vec::<String>::new());
}

#[test]
fn the_drawn_tree_must_be_the_real_one() {
    let drawing = "```text\ncpni-guard/\n├── Cargo.toml    the manifest\n├── src/\n│   ├── lib.rs\n\
                   │   ├── keys/     root keys,\n│   │             and more words\n│   ├── gone/\n│   ├── late/     (not built yet)\n\
                   │   └── done/     (not built yet)\n└── scripts/check   the runner\n```\n";
    let tree = tree_of(
        &[
            "Cargo.toml",
            "src/",
            "src/lib.rs",
            "src/keys/",
            "src/keys/a.rs",
            "src/done/",
            "src/new.rs",
            "scripts/",
            "scripts/check",
            "fuzz/",
        ],
        &[("ARCHITECTURE.md", drawing)],
    );
    assert_eq!(
        tree.faults(),
        [
            "ARCHITECTURE.md:10: `src/done/` is built by now",
            "ARCHITECTURE.md:8: `src/gone/` is not in the tree",
            "ARCHITECTURE.md: the tree does not show `fuzz/`",
            "ARCHITECTURE.md: the tree does not show `src/new.rs`",
        ]
    );
}
