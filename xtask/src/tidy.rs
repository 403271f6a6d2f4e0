//! The rules of this project no other tool knows: who may import whom, where the target matters, how files begin and how long they get.
//!
//! Rust sources are read as tokens, so that comments and strings do not count.

mod files;
mod rust;

use std::path::Path;

use anyhow::{Result, ensure};

use files::{Source, sources, versions};

/// A broken rule: where, and which.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) rule: String,
}

/// Reads every source below `root`; fails after printing all findings if there are any.
pub(crate) fn tidy(root: &Path) -> Result<()> {
    let mut findings = versions(root)?;
    for source in sources(root)? {
        findings.extend(inspect(&source));
    }
    for Finding { file, line, rule } in &findings {
        eprintln!("{file}:{line}: {rule}");
    }
    ensure!(findings.is_empty(), "tidy: {} broken rule(s), see above", findings.len());
    Ok(())
}

fn inspect(source: &Source) -> Vec<Finding> {
    let mut findings = files::shape(source);
    if source.path.starts_with("src/") {
        findings.extend(rust::rules(source));
    }
    findings
}
