//! `cargo xtask bench --report`: the README's table, the page and its charts from the results, and the check that they are just that.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::entry::Entry;
use super::page::{self, PAGE};
use super::results::{KEPT, Results};
use super::{bars, curves, readme};
use crate::run::root;

const README: &str = "README.md";
const PICTURES: &str = "docs/performance";

/// Writes them all, and takes away charts of scenarios that are no more.
pub(crate) fn write(file: &Path) -> Result<()> {
    let files = made(&Results::read(file)?)?;
    fs::create_dir_all(root().join(PICTURES))?;
    for (path, text) in &files {
        fs::write(root().join(path), text).with_context(|| format!("cannot write {path}"))?;
    }
    for path in strangers(&files)? {
        fs::remove_file(root().join(&path)).with_context(|| format!("cannot remove {path}"))?;
    }
    println!("{README}, {PAGE} and {} charts in {PICTURES} are those of {}", files.len() - 2, file.display());
    Ok(())
}

/// Fails after naming every file that is not what the kept results give.
pub(crate) fn check() -> Result<()> {
    let files = made(&Results::read(&root().join(KEPT))?)?;
    let stale = |(path, text): &(&String, &String)| !fs::read_to_string(root().join(path)).is_ok_and(|there| there == **text);
    let mut wrong: Vec<_> = files.iter().filter(stale).map(|(path, _)| path.clone()).collect();
    wrong.extend(strangers(&files)?);
    for path in &wrong {
        eprintln!("{path}: not what {KEPT} gives");
    }
    ensure!(wrong.is_empty(), "{} file(s) to make anew: `cargo xtask bench --report`", wrong.len());
    Ok(())
}

/// Every file that is made, by its path.
fn made(results: &Results) -> Result<BTreeMap<String, String>> {
    let readme = fs::read_to_string(root().join(README)).context("cannot read README.md")?;
    let mut files: BTreeMap<_, _> = results.entries.iter().map(|entry| (format!("docs/{}", page::picture(entry)), chart(entry))).collect();
    files.insert(README.to_owned(), readme::renewed(&readme, results)?);
    files.insert(PAGE.to_owned(), page::page(results));
    Ok(files)
}

fn chart(entry: &Entry) -> String {
    match entry.last() {
        Some(point) if entry.x.is_none() => bars::draw(entry, point),
        _ => curves::draw(entry),
    }
}

/// Charts that nobody shows.
fn strangers(files: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let Ok(folder) = root().join(PICTURES).read_dir() else { return Ok(Vec::new()) };
    let paths = folder.map(|entry| Ok(format!("{PICTURES}/{}", entry?.file_name().to_string_lossy()))).collect::<Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| !files.contains_key(path)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{CURVE, POINT, entry};
    use super::*;

    #[test]
    fn one_point_is_drawn_as_bars_and_several_as_lines() -> Result<()> {
        assert!(chart(&entry(POINT, "")?).contains("rect class=\"ours\""));
        assert!(chart(&entry(CURVE, "")?).contains("<path"));
        Ok(())
    }
}
