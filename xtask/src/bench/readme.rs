//! The README's table: a line for each shape of millpond in each scenario, between two comments that stay.

use anyhow::{Context, Result, ensure};

use super::entry::Entry;
use super::figures::median;
use super::page::{self, PAGE};
use super::results::Results;
use super::rivals;
use super::say;
use super::table::Table;

pub(crate) const BEGIN: &str = "<!-- what follows is made by `cargo xtask bench --report` -->\n";
pub(crate) const END: &str = "<!-- what is made by `cargo xtask bench --report` ends here -->\n";

/// The README with the table made anew.
pub(crate) fn renewed(readme: &str, results: &Results) -> Result<String> {
    let (before, rest) = cut(readme, BEGIN)?;
    let (_, after) = cut(rest, END)?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", section(results)))
}

fn cut<'a>(text: &'a str, marker: &str) -> Result<(&'a str, &'a str)> {
    let marked = text.split_once(marker).with_context(|| format!("README.md lacks the line {} in its place", marker.trim()))?;
    ensure!(!marked.1.contains(marker), "README.md has the line {} twice", marker.trim());
    Ok(marked)
}

fn section(results: &Results) -> String {
    let mut table = Table::with_words(&["median", "millpond", "best of the others", "millpond to it", "targets reached"]);
    let mut area = None;
    for entry in &results.entries {
        if area.replace(entry.area) != Some(entry.area) {
            table.row([format!("**{}**", entry.area.name())].into_iter().chain((0..4).map(|_| String::new())));
        }
        for ours in rivals::ours(entry) {
            table.row(row(entry, ours));
        }
    }
    format!(
        "{}\n\n{} [{PAGE}]({PAGE}) has all peers, charts, and every target. {} marks who is better than millpond.\n\n{}",
        page::machine(&results.facts),
        page::tally(results),
        say::AHEAD,
        table.markdown()
    )
}

fn row(entry: &Entry, ours: &str) -> [String; 5] {
    let shape = if rivals::ours(entry).len() > 1 { format!(": {ours}") } else { String::new() };
    let title = format!("[{}]({}): {}", entry.id, page::place(entry), page::plain(&format!("{}{shape}", entry.title)));
    // Of a curve, the end.
    let point = entry.last();
    let value = point.and_then(|point| point.samples.get(ours)).map_or_else(|| "–".to_owned(), |samples| say::number(median(samples)));
    let best = point.and_then(|point| {
        let mut others = rivals::ranked(entry, point).into_iter();
        others.find_map(|(name, value)| Some((format!("{name} {}", say::number(value)), rivals::ratio(entry, point, ours, name)?)))
    });
    let (best, ratio) = best.map(|(best, ratio)| (best, say::beside(entry, ratio))).unwrap_or_default();
    [title, format!("{value} {}", entry.unit), best, ratio, targets(entry, ours)]
}

/// How many of a shape's targets are reached.
fn targets(entry: &Entry, ours: &str) -> String {
    let verdicts: Vec<_> = say::verdicts(entry).into_iter().filter(|verdict| verdict.of == ours).collect();
    let reached = verdicts.iter().filter(|verdict| verdict.reached).count();
    if verdicts.is_empty() { String::new() } else { format!("{reached} of {}", verdicts.len()) }
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{POINT, entry};
    use super::super::results::tests::results;
    use super::*;

    const TARGETS: &str =
        r#"{"of": "millpond", "against": "other", "at_most": 0.6}, {"of": "millpond", "against": "minimum", "at_most": 1.5}"#;

    #[test]
    fn the_table_is_between_its_markers() -> Result<()> {
        let results = results(vec![entry(POINT, TARGETS)?]);
        let readme = renewed(&format!("a\n{BEGIN}old\n{END}z\n"), &results)?;
        assert!(readme.starts_with(&format!("a\n{BEGIN}")) && readme.ends_with(&format!("{END}z\n")) && !readme.contains("old"));
        let row = "| [some-tasks](docs/performance.md#node-some-tasks): Some &lt;tasks> | 5.00 ns per task | minimum 2.00 | 2.50 × ▲ | 1 of 2 |\n";
        assert!(readme.contains(row), "{readme}");
        assert_eq!(renewed(&readme, &results)?, readme);
        Ok(())
    }

    #[test]
    fn missing_markers_are_named() -> Result<()> {
        let results = results(vec![entry(POINT, "")?]);
        let refused = |readme: String| renewed(&readme, &results).map_or_else(|error| error.to_string(), |_| "taken".to_owned());
        assert!(refused("a\n".to_owned()).starts_with("README.md lacks the line <!-- what follows"));
        assert!(refused(format!("{END}{BEGIN}")).starts_with("README.md lacks the line <!-- what is made"));
        assert!(refused(format!("{BEGIN}{END}{BEGIN}")).contains("twice"));
        Ok(())
    }
}
