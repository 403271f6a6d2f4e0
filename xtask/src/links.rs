//! Links of the README: files are there, and so are the pages and headings of the documentation that rustdoc has just made.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::run::{root, target};

/// Where the documentation will be read; what follows is the path below `target/doc/millpond`.
const DOCS: &str = "https://docs.rs/millpond/latest/millpond/";

/// Fails after printing every link that leads nowhere.
pub(crate) fn links() -> Result<()> {
    let readme = read_to_string(root().join("README.md")).context("cannot read README.md")?;
    let lines = readme.lines().zip(1..);
    let dead: Vec<_> = lines.flat_map(|(text, line)| targets(text).filter(|link| !leads(link)).map(move |link| (line, link))).collect();
    for (line, link) in &dead {
        eprintln!("README.md:{line}: {link} leads nowhere");
    }
    ensure!(dead.is_empty(), "{} dead link(s), see above", dead.len());
    Ok(())
}

/// What the links of a line lead to.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

fn leads(link: &str) -> bool {
    match link.strip_prefix(DOCS) {
        Some(page) => is_documented(page),
        None if link.contains("://") => true,
        None => root().join(link.split('#').next().unwrap_or(link)).exists(),
    }
}

/// Whether rustdoc has made such a page, and a heading of that name on it.
fn is_documented(page: &str) -> bool {
    let (file, heading) = page.split_once('#').unwrap_or((page, ""));
    let file = file_of(&target().join("doc/millpond"), file);
    read_to_string(file).is_ok_and(|html| heading.is_empty() || html.contains(&format!("id=\"{heading}\"")))
}

fn file_of(docs: &Path, page: &str) -> PathBuf {
    if page.is_empty() || page.ends_with('/') { docs.join(page).join("index.html") } else { docs.join(page) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_links_of_a_line() {
        let text = "a [b](c.md), `d` [e](f#g) and (h)";
        assert_eq!(targets(text).collect::<Vec<_>>(), ["c.md", "f#g"]);
    }

    #[test]
    fn files_are_there_or_not() {
        assert!(leads("Cargo.toml") && leads("https://example.com/") && !leads("no/such/file.rs"));
    }
}
