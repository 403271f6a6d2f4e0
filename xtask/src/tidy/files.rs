//! Rules about files as a whole: their heads, their length, their names, and the version they agree on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Finding;

const LONGEST: usize = 450;

/// Folders with sources, and whether each file in them has to begin with a comment that says what it is for.
const FOLDERS: [(&str, bool); 13] = [
    ("src", true),
    ("benches", true),
    ("xtask", true),
    ("npm/src", true),
    ("npm/scripts", true),
    ("npm/packaging", true),
    ("npm/hosts", true),
    ("npm/dropin", true),
    ("npm/bench", true),
    ("www", true),
    ("tests", true),
    ("examples", true),
    ("npm/test", false),
];

/// How the comment at a file's head begins, by the file's ending; other files are not looked at.
const HEADS: [(&str, &[&str]); 8] = [
    ("rs", &["//!"]),
    ("ts", &["//", "/*"]),
    ("js", &["//", "/*"]),
    ("mjs", &["//", "/*"]),
    ("cjs", &["//", "/*"]),
    ("mts", &["//", "/*"]),
    ("css", &["/*"]),
    ("html", &["<!--"]),
];

/// Not ours to write: dependencies, and what the build makes.
const SKIPPED: [&str; 3] = ["node_modules", "dist", "wasm"];

/// One file, its path relative to the root, with `/` between its parts.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) needs_head: bool,
}

impl Source {
    pub(crate) fn finding(&self, line: usize, rule: impl Into<String>) -> Finding {
        Finding { file: self.path.clone(), line, rule: rule.into() }
    }

    fn heads(&self) -> Option<&'static [&'static str]> {
        let (_, ending) = self.path.rsplit_once('.')?;
        HEADS.iter().find(|(known, _)| *known == ending).map(|(_, heads)| *heads)
    }
}

/// All sources below `root`.
pub(crate) fn sources(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for (folder, needs_head) in FOLDERS.into_iter().filter(|(folder, _)| root.join(folder).exists()) {
        let mut files = Vec::new();
        walk(&root.join(folder), &mut files)?;
        for file in files {
            let path = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            let mut source = Source { path, text: String::new(), needs_head };
            if source.heads().is_some() {
                source.text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", source.path))?;
                sources.push(source);
            }
        }
    }
    Ok(sources)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if !path.is_dir() {
            files.push(path);
        } else if !SKIPPED.iter().any(|name| path.ends_with(name)) {
            walk(&path, files)?;
        }
    }
    Ok(())
}

/// Length, head and name.
pub(crate) fn shape(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = source.text.lines().count();
    if lines > LONGEST {
        findings.push(source.finding(lines, format!("{lines} lines, more than {LONGEST}: split the file")));
    }
    if source.needs_head && !has_head(source) {
        findings.push(source.finding(1, "begins without a comment saying what the file is for"));
    }
    if source.path.ends_with("/mod.rs") {
        let better = source.path.trim_end_matches("/mod.rs");
        findings.push(source.finding(1, format!("no mod.rs: name it {better}.rs")));
    }
    findings
}

fn has_head(source: &Source) -> bool {
    let first = |line: &&str| !(line.trim().is_empty() || line.starts_with("#!/") || line.to_lowercase().starts_with("<!doctype"));
    let first = source.text.lines().find(first).unwrap_or_default();
    source.heads().is_some_and(|heads| heads.iter().any(|head| first.trim_start().starts_with(head)))
}

/// The crate and the npm package carry one version; ours is the workspace's.
pub(crate) fn versions(root: &Path) -> Result<Vec<Finding>> {
    let file = "npm/package.json";
    let text = std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
    let package: serde_json::Value = serde_json::from_str(&text).with_context(|| format!("cannot read {file}"))?;
    let npm = package.get("version").and_then(|version| version.as_str()).unwrap_or("missing");
    let crate_ = env!("CARGO_PKG_VERSION");
    let line = text.lines().position(|line| line.contains("\"version\"")).map_or(1, |index| index + 1);
    let rule = format!("version {npm}, but Cargo.toml has {crate_}: they are released together");
    Ok(if npm == crate_ { Vec::new() } else { vec![Finding { file: file.to_owned(), line, rule }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<String> {
        let source = Source { path: path.to_owned(), text: text.to_owned(), needs_head: true };
        shape(&source).into_iter().map(|finding| format!("{}:{} {}", finding.file, finding.line, finding.rule)).collect()
    }

    #[test]
    fn heads_are_known_for_every_language() {
        assert!(rules("src/a.rs", "//! A.\n").is_empty());
        assert!(rules("npm/src/a.ts", "/** A. */\n").is_empty());
        assert!(rules("www/a.mjs", "#!/usr/bin/env node\n\n// A.\n").is_empty());
        assert!(rules("www/a.html", "<!doctype html>\n<!-- A. -->\n").is_empty());
        assert_eq!(rules("src/a.rs", "// A.\n"), ["src/a.rs:1 begins without a comment saying what the file is for"]);
        assert_eq!(rules("www/a.css", "body {}\n").len(), 1);
    }

    #[test]
    fn long_files_and_mod_rs_are_found() {
        let long = format!("//! A.\n{}", "\n".repeat(LONGEST));
        assert_eq!(rules("src/a.rs", &long), ["src/a.rs:451 451 lines, more than 450: split the file"]);
        assert_eq!(rules("src/pool/mod.rs", "//! A.\n"), ["src/pool/mod.rs:1 no mod.rs: name it src/pool.rs"]);
    }

    #[test]
    fn both_packages_have_one_version() -> Result<()> {
        assert_eq!(versions(crate::run::root())?, []);
        Ok(())
    }
}
