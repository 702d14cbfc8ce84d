//! A small reader of Rust source: enough to find every path that the shipped code names.
//!
//! Rules: comments, literals and `#[cfg(test)]` items do not count. Code behind a feature does.
//! It reads tokens, not types: a path that a macro builds from pieces is not seen.
#![expect(clippy::indexing_slicing, reason = "test code: each index was compared with the length")]

/// A path that the code names, with `use` groups taken apart: `use a::{b, c}` is two paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    /// From 1.
    pub(crate) line: usize,
    /// Named by `use` or `extern crate`.
    pub(crate) imported: bool,
    /// The name it goes by afterwards: `x` in `use a::b as x`.
    pub(crate) alias: Option<String>,
    /// Names of the inline modules around it, outermost first.
    pub(crate) inside: Vec<String>,
}

/// What one source file names.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) paths: Vec<Named>,
    /// Modules declared here, with their lines: `mod x;` and `mod x { .. }`.
    pub(crate) modules: Vec<(String, usize)>,
    /// Every other word, with its line: keywords and names.
    pub(crate) words: Vec<(String, usize)>,
}

/// Reads the source of one file.
pub(crate) fn scan(source: &str) -> Found {
    let tokens = without_tests(&tokens(source));
    let mut found = Found::default();
    let mut inside: Vec<(String, usize)> = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let text = token.text.as_str();
        match text {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inside.retain(|(_, opened)| *opened <= depth);
            }
            "mod" if is_word(&tokens, at + 1) => {
                let name = tokens[at + 1].text.clone();
                found.modules.push((name.clone(), token.line));
                if text_at(&tokens, at + 2) == "{" {
                    inside.push((name, depth + 1));
                }
                at += 2;
                continue;
            }
            _ => {}
        }
        if is_word(&tokens, at) {
            found.words.push((text.to_owned(), token.line));
        }
        if starts_path(&tokens, at) {
            let before = at.checked_sub(1).map_or("", |i| text_at(&tokens, i));
            let before = if before == "::" && at >= 2 { text_at(&tokens, at - 2) } else { before };
            let imported =
                before == "use" || before == "crate" && at >= 2 && text_at(&tokens, at - 2) == "extern";
            let mut paths = Vec::new();
            at = read_tree(&tokens, at, &[], &mut paths);
            for mut path in paths {
                path.imported = imported;
                path.inside = inside.iter().map(|(name, _)| name.clone()).collect();
                found.paths.push(path);
            }
        } else if text == "use" && text_at(&tokens, at + 1) == "{" {
            let mut paths = Vec::new();
            at = read_group(&tokens, at + 1, &[], &mut paths);
            for mut path in paths {
                path.imported = true;
                path.inside = inside.iter().map(|(name, _)| name.clone()).collect();
                found.paths.push(path);
            }
        } else {
            at += 1;
        }
    }
    found
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    text: String,
    line: usize,
}

fn text_at(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| &token.text)
}

fn is_word(tokens: &[Token], at: usize) -> bool {
    text_at(tokens, at).starts_with(|c: char| c == '_' || c.is_alphabetic())
}

/// A word that is neither the middle of a path, nor a method or field.
fn starts_path(tokens: &[Token], at: usize) -> bool {
    if !is_word(tokens, at) || matches!(text_at(tokens, at), "use" | "extern" | "mod" | "as" | "fn" | "pub") {
        return false;
    }
    let Some(before) = at.checked_sub(1) else { return true };
    match text_at(tokens, before) {
        "." => false,
        // `::hkdf::Hkdf` starts a path; the `c` of `a::c`, `<T>::c` and `x!()::c` does not.
        "::" => {
            let left = before.checked_sub(1).map_or("", |i| text_at(tokens, i));
            matches!(
                left,
                "" | "use" | "&" | "(" | "{" | ";" | "=" | "," | "<" | ":" | "}" | "return" | "mut"
            )
        }
        // `extern crate x`: `crate` is a keyword here and `x` is the path.
        "extern" => text_at(tokens, at) != "crate",
        _ => true,
    }
}

/// Reads one branch of a `use` tree, or a plain path; gives back the place after it.
fn read_tree(tokens: &[Token], mut at: usize, prefix: &[String], paths: &mut Vec<Named>) -> usize {
    let mut segments = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |token| token.line);
    loop {
        if text_at(tokens, at) == "{" {
            return read_group(tokens, at, &segments, paths);
        }
        if !(is_word(tokens, at) || text_at(tokens, at) == "*" && !segments.is_empty()) {
            break; // a turbofish, or the end
        }
        segments.push(text_at(tokens, at).to_owned());
        at += 1;
        if text_at(tokens, at) != "::" {
            break;
        }
        at += 1;
    }
    let mut alias = None;
    if text_at(tokens, at) == "as" && is_word(tokens, at + 1) {
        // In an expression (`x as u8`) the "alias" is a type: reading it as a name harms nothing,
        // but the type must still be seen, so only the place after the path moves on.
        alias = Some(text_at(tokens, at + 1).to_owned());
    }
    paths.push(Named { segments, line, imported: false, alias, inside: Vec::new() });
    at
}

fn read_group(tokens: &[Token], open: usize, prefix: &[String], paths: &mut Vec<Named>) -> usize {
    let mut at = open + 1;
    loop {
        match text_at(tokens, at) {
            "" => return at,
            "}" => return at + 1,
            "," | "as" | "::" => at += 1,
            _ => {
                let next = read_tree(tokens, at, prefix, paths);
                // Past an alias, and past anything that is no path: never stand still.
                at = if text_at(tokens, next) == "as" { next + 2 } else { next.max(at + 1) };
            }
        }
    }
}

/// Drops every item under `#[cfg(test)]` or `#[cfg(all(test, ..))]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if token.text == "#" {
            let inner = text_at(tokens, at + 1) == "!";
            let open = at + 1 + usize::from(inner);
            if text_at(tokens, open) == "[" && is_test_only(tokens, open + 1) {
                if inner {
                    return Vec::new(); // the whole file
                }
                at = after_item(tokens, after_group(tokens, open));
                continue;
            }
        }
        kept.push(token.clone());
        at += 1;
    }
    kept
}

fn is_test_only(tokens: &[Token], at: usize) -> bool {
    let text = |ahead: usize| text_at(tokens, at + ahead);
    text(0) == "cfg"
        && text(1) == "("
        && (text(2) == "test" && text(3) == ")" || text(2) == "all" && text(3) == "(" && text(4) == "test")
}

/// The place after the group of brackets that opens at `open`.
fn after_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The place after the item (or field, or match arm) that starts at `at`.
fn after_item(tokens: &[Token], mut at: usize) -> usize {
    while text_at(tokens, at) == "#" {
        at = after_group(tokens, at + 1);
    }
    if text_at(tokens, at) == "pub" {
        at += 1;
        if text_at(tokens, at) == "(" {
            at = after_group(tokens, at);
        }
    }
    let keyword = text_at(tokens, at);
    let ends_with_brace = matches!(
        keyword,
        "mod"
            | "fn"
            | "impl"
            | "struct"
            | "enum"
            | "union"
            | "trait"
            | "macro_rules"
            | "unsafe"
            | "async"
            | "extern"
    ) || keyword == "const" && text_at(tokens, at + 1) == "fn";
    let ends_with_semicolon =
        matches!(keyword, "use" | "const" | "static" | "type" | "let") && !ends_with_brace;
    loop {
        match text_at(tokens, at) {
            "" | ")" | "]" | "}" => return at, // the end of what the item stands in
            ";" => return at + 1,
            "," if !ends_with_brace && !ends_with_semicolon => return at + 1,
            "{" if ends_with_brace => return after_group(tokens, at),
            "(" | "[" | "{" => at = after_group(tokens, at),
            _ => at += 1,
        }
    }
}

/// Words, `::` and single signs. Comments, literals and lifetimes leave nothing.
fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let get = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        match (get(at), get(at + 1)) {
            ('/', '/') => {
                while at < chars.len() && get(at) != '\n' {
                    at += 1;
                }
            }
            ('/', '*') => at = after_block_comment(&chars, at),
            ('"', _) => at = after_string(&chars, at + 1),
            ('\'', '\\') => {
                at += 3; // past the escaped sign, which may itself be a quote
                while at < chars.len() && get(at) != '\'' {
                    at += 1;
                }
                at += 1;
            }
            ('\'', _) if get(at + 2) == '\'' => at += 3,
            ('\'', _) => {
                at += 1; // a lifetime
                while is_word_char(get(at)) {
                    at += 1;
                }
            }
            (':', ':') => {
                tokens.push(Token { text: "::".to_owned(), line });
                at += 2;
            }
            (c, _) if is_word_char(c) => {
                while is_word_char(get(at)) {
                    at += 1;
                }
                let word: String = chars[start..at].iter().collect();
                let raw = matches!(word.as_str(), "r" | "br" | "cr");
                if raw && (get(at) == '"' || get(at) == '#' && matches!(get(at + 1), '"' | '#')) {
                    at = after_raw_string(&chars, at);
                } else if word == "r" && get(at) == '#' {
                    at += 1; // a raw identifier: the word that follows is it
                } else if !(matches!(word.as_str(), "b" | "c") && matches!(get(at), '"' | '\'')) {
                    tokens.push(Token { text: word, line });
                }
            }
            (c, _) if c.is_whitespace() => at += 1,
            (c, _) => {
                tokens.push(Token { text: c.to_string(), line });
                at += 1;
            }
        }
        at = at.min(chars.len());
        line += chars[start..at].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

fn is_word_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn after_block_comment(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn after_string(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

fn after_raw_string(chars: &[char], mut at: usize) -> usize {
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    at += hashes + 1;
    while at < chars.len() {
        if chars[at] == '"' && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

#[test]
fn literals_and_comments_leave_no_path() {
    let source = r###"
        // crate::keys::A
        /* crate::keys::B /* nested */ crate::keys::C */
        const A: &str = "crate::keys::D \" crate::keys::E";
        const B: &[u8] = br#"crate::keys::F " crate::keys::G"#;
        const C: [char; 3] = ['"', '\'', '\\'];
        const D: &'static str = "x";
        fn e<'a>(x: &'a u8) -> &'a u8 { crate::audit::f(x) }
    "###;
    let found = scan(source);
    let paths: Vec<_> = found.paths.iter().filter(|p| p.segments.len() > 1).collect();
    assert_eq!(paths.len(), 1, "{paths:?}");
    assert_eq!((paths[0].segments.join("::").as_str(), paths[0].line), ("crate::audit::f", 8));
}

#[test]
fn use_trees_are_taken_apart() {
    let found =
        scan("use crate::{a::B, c::{d, e::*}, f as g};\nuse super::super::h;\npub(crate) use {i::j, k};");
    let paths: Vec<_> = found.paths.iter().filter(|p| p.imported).map(|p| p.segments.join("::")).collect();
    assert_eq!(
        paths,
        ["crate::a::B", "crate::c::d", "crate::c::e::*", "crate::f", "super::super::h", "i::j", "k"]
    );
    assert_eq!(found.paths.iter().find_map(|p| p.alias.clone()).as_deref(), Some("g"));
}

#[test]
fn paths_in_types_calls_attributes_and_casts_are_seen() {
    let source = "#[derive(x::Y)] struct A(Vec<crate::b::C>); \
                  fn d() { let e = crate::f::G::<crate::h::I>::j() as crate::k::L; ::m::n(); <A as o::P>::q() }";
    let paths: Vec<_> = scan(source).paths.iter().map(|p| p.segments.join("::")).collect();
    for path in ["x::Y", "crate::b::C", "crate::f::G", "crate::h::I", "crate::k::L", "m::n", "o::P"] {
        assert!(paths.iter().any(|p| p == path), "{path} is not in {paths:?}");
    }
}

#[test]
fn test_items_are_dropped_and_what_follows_them_is_not() {
    let source = "
        #[cfg(test)]
        #[path = \"x.rs\"]
        pub(crate) mod tests { use crate::a::B; fn x() { {} } }
        #[cfg(test)]
        use crate::{c::D, e::F};
        #[cfg(all(test, unix))]
        fn g<T, U>(_: [u8; 2]) -> T { crate::h::i() }
        struct J { #[cfg(test)] k: Vec<crate::l::M>, n: crate::o::P }
        #[cfg(test)]
        const Q: [u8; 2] = [crate::r::S, 0];
        #[cfg(any(test, feature = \"testing\"))]
        fn t() { crate::u::v() }
    ";
    let paths: Vec<_> = scan(source)
        .paths
        .into_iter()
        .filter(|p| p.segments[0] == "crate")
        .map(|p| p.segments.join("::"))
        .collect();
    assert_eq!(paths, ["crate::o::P", "crate::u::v"]);
    assert!(scan("#![cfg(test)]\nuse crate::a::B;").paths.is_empty());
}

#[test]
fn inline_modules_are_known() {
    let found = scan("mod a { mod b { use super::c::D; } use super::E; } use super::F; mod g;");
    let inside: Vec<_> = found.paths.iter().map(|p| (p.segments.join("::"), p.inside.join("::"))).collect();
    let expected = [("super::c::D", "a::b"), ("super::E", "a"), ("super::F", "")];
    assert_eq!(inside, expected.map(|(p, i)| (p.to_owned(), i.to_owned())));
    assert_eq!(found.modules.iter().map(|(m, _)| m.as_str()).collect::<Vec<_>>(), ["a", "b", "g"]);
}
