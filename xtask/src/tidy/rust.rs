//! Rules about `src`: the import table, `cfg` of the target, and who reads the clock.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::Finding;
use super::files::Source;

/// Which modules each module may name, besides itself (DESIGN, Layers). `lib.rs` may name all.
const IMPORTS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("foreign", &[]),
    ("limit", &["error"]),
    ("policy", &[]),
    ("priority", &[]),
    ("clock", &[]),
    ("platform", &[]),
    ("state", &["limit", "policy", "priority", "error"]),
    ("executor", &["state", "platform", "clock", "error"]),
    ("event", &["limit", "priority", "error"]),
    ("pool", &["event", "foreign", "executor", "state", "clock", "limit", "policy", "priority", "error"]),
    ("queue", &["pool", "foreign", "executor", "limit", "error"]),
    ("manager", &["pool", "event", "foreign", "executor", "state", "clock", "limit", "policy", "priority", "error"]),
    ("workers", &["executor", "foreign", "state", "clock", "limit", "error"]),
    ("replay", &["pool", "event", "state", "limit", "priority", "error"]),
    ("js", &["state", "limit", "policy", "priority", "error"]),
];

/// Files of `executor/` that `lib.rs` declares itself, because their `cfg` of the target may stand only there.
const PARTS_OF_EXECUTOR: [&str; 3] = ["block_on", "drive", "slice"];

/// What the tokens of a file say that a rule is about, with its line.
#[derive(Debug, PartialEq, Eq)]
enum Mention {
    /// A path that begins at the crate's root, by its first name.
    Root(String, usize),
    /// `cfg` that asks about the target.
    Target(usize),
    /// `Instant::now`.
    Now(usize),
}

/// All rules over one file.
pub(crate) fn rules(source: &Source) -> Vec<Finding> {
    match source.text.parse::<TokenStream>() {
        Ok(tokens) => mentions(tokens, depth(&source.path)).into_iter().filter_map(|mention| judge(source, mention)).collect(),
        Err(error) => vec![source.finding(error.span().start().line, "cannot be read as Rust")],
    }
}

fn judge(source: &Source, mention: Mention) -> Option<Finding> {
    let module = module(&source.path);
    match mention {
        Mention::Root(name, line) => import(module, &name).map(|rule| source.finding(line, rule)),
        Mention::Target(line) => {
            let allowed = matches!(module, "lib" | "core" | "platform");
            (!allowed).then(|| source.finding(line, "cfg of the target belongs in lib.rs and platform only"))
        }
        Mention::Now(line) => {
            (module != "clock").then(|| source.finding(line, "Instant::now belongs in clock.rs only: take the time as an argument"))
        }
    }
}

/// The rule `module` breaks by naming `name`, if any.
fn import(module: &str, name: &str) -> Option<String> {
    let name = if PARTS_OF_EXECUTOR.contains(&name) { "executor" } else { name };
    if module == "lib" || module == name {
        return None;
    }
    let Some((_, allowed)) = IMPORTS.iter().find(|(known, _)| *known == module) else {
        return Some(format!("`{module}` is not in the import table of xtask/src/tidy/rust.rs: give it its place"));
    };
    if allowed.contains(&name) {
        return None;
    }
    if !IMPORTS.iter().any(|(known, _)| *known == name) {
        return Some(format!("`crate::{name}` is no module: import it from the module it lives in"));
    }
    let may = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") };
    Some(format!("`{module}` must not import `{name}`; it may import {may}"))
}

/// The module below the root a file belongs to: `src/pool/task.rs` to `pool`.
fn module(path: &str) -> &str {
    let inner = path.trim_start_matches("src/");
    inner.split(['/', '.']).next().unwrap_or(inner)
}

/// How many `super` lead from a file's own level to the root.
fn depth(path: &str) -> usize {
    if path == "src/lib.rs" { 0 } else { path.matches('/').count() }
}

fn mentions(tokens: TokenStream, depth: usize) -> Vec<Mention> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut found = Vec::new();
    let mut rest = tokens.as_slice();
    while let [first, tail @ ..] = rest {
        match first {
            TokenTree::Ident(word) => found.extend(at_word(&word.to_string(), word.span().start().line, tail, depth)),
            TokenTree::Group(group) => found.extend(mentions(group.stream(), depth + usize::from(opens_module(&tokens, rest)))),
            _ => {}
        }
        rest = tail;
    }
    found
}

/// Whether the group `rest` begins with is the body of an inline module: `mod name { … }`.
fn opens_module(tokens: &[TokenTree], rest: &[TokenTree]) -> bool {
    let before = tokens.len().saturating_sub(rest.len());
    let word = |back: usize| before.checked_sub(back).and_then(|index| tokens.get(index));
    matches!((word(2), word(1)), (Some(TokenTree::Ident(keyword)), Some(TokenTree::Ident(_))) if *keyword == "mod")
}

fn at_word(word: &str, line: usize, tail: &[TokenTree], depth: usize) -> Vec<Mention> {
    match (word, tail) {
        ("crate", _) => roots(tail, line),
        ("super", _) if depth > 0 => supers(tail, line, depth - 1),
        ("cfg" | "cfg_attr", [TokenTree::Group(group), ..]) if asks_target(group) => vec![Mention::Target(line)],
        // `cfg!(…)`: the group comes after the exclamation mark.
        ("cfg", [TokenTree::Punct(mark), TokenTree::Group(group), ..]) if mark.as_char() == '!' && asks_target(group) => {
            vec![Mention::Target(line)]
        }
        ("Instant", _) if after_colons(tail).is_some_and(|rest| begins_with(rest, "now")) => vec![Mention::Now(line)],
        _ => Vec::new(),
    }
}

/// `super::super::name`: a path from the root if there are as many of them as modules around it.
fn supers(tail: &[TokenTree], line: usize, depth: usize) -> Vec<Mention> {
    match after_colons(tail) {
        _ if depth == 0 => roots(tail, line),
        Some([TokenTree::Ident(word), tail @ ..]) if word == "super" => supers(tail, line, depth - 1),
        _ => Vec::new(),
    }
}

/// The names after `crate`: one, or those of a `{…}` list.
fn roots(tail: &[TokenTree], line: usize) -> Vec<Mention> {
    match after_colons(tail) {
        Some([TokenTree::Ident(name), ..]) => vec![Mention::Root(name.to_string(), line)],
        Some([TokenTree::Group(group), ..]) if group.delimiter() == Delimiter::Brace => branches(group),
        _ => Vec::new(),
    }
}

/// The first name of each branch of a `{…}` import list.
fn branches(group: &Group) -> Vec<Mention> {
    let tokens: Vec<_> = group.stream().into_iter().collect();
    let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    let first = |branch: &[TokenTree]| match branch.first() {
        Some(TokenTree::Ident(name)) => Some(Mention::Root(name.to_string(), name.span().start().line)),
        _ => None,
    };
    tokens.split(comma).filter_map(first).collect()
}

/// What follows `::`, if that is how `tokens` begin.
fn after_colons(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [TokenTree::Punct(one), TokenTree::Punct(two), rest @ ..] if one.as_char() == ':' && two.as_char() == ':' => Some(rest),
        _ => None,
    }
}

fn begins_with(tokens: &[TokenTree], word: &str) -> bool {
    matches!(tokens.first(), Some(TokenTree::Ident(ident)) if ident == word)
}

fn asks_target(group: &Group) -> bool {
    group.stream().into_iter().any(|token| match token {
        TokenTree::Ident(word) => word.to_string().starts_with("target_"),
        TokenTree::Group(inner) => asks_target(&inner),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> Vec<String> {
        let source = Source { path: path.to_owned(), text: text.to_owned(), needs_head: true };
        rules(&source).into_iter().map(|finding| format!("{} {}", finding.line, finding.rule)).collect()
    }

    #[test]
    fn the_layers_hold() {
        assert!(broken("src/state/line.rs", "use crate::{error::Full, limit::Limit};\nuse crate::state::Ticket;").is_empty());
        assert!(broken("src/lib.rs", "pub use crate::pool::Pool;").is_empty());
        assert_eq!(
            broken("src/state.rs", "//! S.\nuse crate::{\n    limit,\n    pool::Pool,\n};"),
            ["4 `state` must not import `pool`; it may import limit, policy, priority, error"]
        );
        assert_eq!(
            broken("src/clock.rs", "fn f() { crate::platform::park() }"),
            ["1 `clock` must not import `platform`; it may import nothing of ours"]
        );
    }

    #[test]
    fn parts_declared_by_lib_belong_to_their_folder() {
        assert!(broken("src/executor/drive.rs", "use crate::slice::Slice;").is_empty());
        assert_eq!(broken("src/state.rs", "use crate::slice::Slice;").len(), 1);
    }

    #[test]
    fn the_root_is_no_way_round() {
        assert_eq!(broken("src/state.rs", "use crate::Pool;"), ["1 `crate::Pool` is no module: import it from the module it lives in"]);
        assert_eq!(broken("src/new.rs", "use crate::state::Line;").len(), 1);
    }

    #[test]
    fn super_is_followed_to_the_root_only() {
        assert!(broken("src/pool/task.rs", "use super::runner::Runner;").is_empty());
        assert!(broken("src/state.rs", "mod tests { use super::Line; }").is_empty());
        assert_eq!(broken("src/state.rs", "use super::pool::Pool;").len(), 1);
        assert_eq!(broken("src/state/line.rs", "use super::super::pool::Pool;").len(), 1);
        assert_eq!(broken("src/state.rs", "mod tests { use super::super::pool::Pool; }").len(), 1);
    }

    #[test]
    fn comments_and_strings_do_not_count() {
        assert!(
            broken("src/state.rs", "//! [`crate::pool::Pool`]\n/// crate::pool\nconst S: &str = \"crate::pool Instant::now\";").is_empty()
        );
    }

    #[test]
    fn the_target_matters_in_two_places() {
        let text = "#[cfg(all(test, not(target_family = \"wasm\")))]\nfn f() {}";
        assert_eq!(broken("src/pool.rs", text), ["1 cfg of the target belongs in lib.rs and platform only"]);
        assert_eq!(broken("src/pool.rs", "fn f() -> bool {\n cfg!(target_os = \"linux\") }").len(), 1);
        assert!(broken("src/platform/native.rs", text).is_empty());
        assert!(broken("src/lib.rs", text).is_empty());
        assert!(broken("src/pool.rs", "#[cfg(test)]\nmod tests {}").is_empty());
    }

    #[test]
    fn one_file_reads_the_clock() {
        assert!(broken("src/clock.rs", "fn now() -> Instant { Instant::now() }").is_empty());
        assert_eq!(broken("src/pool.rs", "fn f() { let t = web_time::Instant::now(); }").len(), 1);
    }
}
