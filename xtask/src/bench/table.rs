//! A scenario as a table, for the terminal and for Markdown.

use super::entry::Entry;
use super::figures::{median, middle_half};
use super::rivals;
use super::say;

#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Whether the last column is text.
    wordy: bool,
}

impl Table {
    pub(crate) fn with_words(head: &[&str]) -> Self {
        Self { wordy: true, ..Self::new(head) }
    }

    pub(crate) fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|&text| text.to_owned()).collect(), rows: Vec::new(), wordy: false }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Columns padded, the first to the left and the others to the right.
    pub(crate) fn text(&self) -> String {
        let rows: Vec<_> = std::iter::once(&self.head).chain(&self.rows).collect();
        let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let pad = |(column, cell): (usize, &String)| match column {
            0 => format!("{cell:<0$}", width(column)),
            _ => format!("{cell:>0$}", width(column)),
        };
        let line = |row: &&Vec<String>| format!("  {}\n", row.iter().enumerate().map(pad).collect::<Vec<_>>().join("   ").trim_end());
        rows.iter().map(line).collect()
    }

    /// The first column to the left, as the last one if it has more than figures; the others to the right. Rows of ours are told by their name.
    pub(crate) fn markdown(&self) -> String {
        let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
        let rule = format!("|---{}|\n", "|--:".repeat(self.head.len().saturating_sub(1)));
        let rule = if self.wordy { rule.replacen("|--:|\n", "|---|\n", 1) } else { rule };
        let rows = self.rows.iter().map(|row| {
            let mut row = row.clone();
            row.first_mut().filter(|name| rivals::is_ours(name)).into_iter().for_each(|name| *name = format!("**{name}**"));
            line(&row)
        });
        line(&self.head) + &rule + &rows.collect::<String>()
    }
}

/// Curves have a row per peer with a column per point; other scenarios a row per peer with its spread and the ratios to it.
pub(crate) fn of(entry: &Entry) -> Table {
    if entry.x.is_some() { curve(entry) } else { peers(entry) }
}

fn peers(entry: &Entry) -> Table {
    let mut ours = rivals::ours(entry);
    // A shape that is compared with nobody needs no column.
    ours.retain(|ours| entry.points.iter().any(|point| point.samples.keys().any(|peer| rivals::ratio(entry, point, ours, peer).is_some())));
    let mut table = Table::new(&["", &entry.unit, "middle half"]);
    table.head.extend(ours.iter().map(|ours| format!("{ours} to it")));
    for point in &entry.points {
        for (peer, value) in rivals::ranked(entry, point) {
            let spread = point.samples.get(peer).map_or_else(String::new, |samples| spread(samples));
            let ratio = |ours: &&str| rivals::ratio(entry, point, ours, peer).map_or_else(String::new, |ratio| say::beside(entry, ratio));
            table.row([peer.to_owned(), say::number(value), spread].into_iter().chain(ours.iter().map(ratio)));
        }
    }
    table
}

/// Empty for a single sample.
fn spread(samples: &[f64]) -> String {
    match samples {
        [_] => String::new(),
        _ => {
            let (from, to) = middle_half(samples);
            format!("{}–{}", say::number(from), say::number(to))
        }
    }
}

fn curve(entry: &Entry) -> Table {
    let x = entry.x.as_deref().unwrap_or_default();
    let mut table = Table::new(&[&entry.unit]);
    table.head.extend(entry.points.iter().map(|point| format!("{} {x}", say::count(point.at.unwrap_or(0)))));
    for peer in lines(entry) {
        let cell = |point| cell(entry, point, peer);
        table.row(std::iter::once(peer.to_owned()).chain(entry.points.iter().map(cell)));
    }
    table
}

fn cell(entry: &Entry, point: &super::entry::Point, peer: &str) -> String {
    let Some(samples) = point.samples.get(peer) else { return "–".to_owned() };
    let value = say::number(median(samples));
    if rivals::ahead(entry, point, peer) { format!("{value} {}", say::AHEAD) } else { value }
}

/// The peers of a curve: in the order of its end, then those that did not get there.
pub(crate) fn lines(entry: &Entry) -> Vec<&str> {
    let mut names = Vec::new();
    for (name, _) in entry.points.iter().rev().flat_map(|point| rivals::ranked(entry, point)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{CURVE, POINT, entry};
    use super::*;

    #[test]
    fn a_row_per_peer_the_best_first() -> anyhow::Result<()> {
        let table = of(&entry(POINT, "")?);
        let expected = "| | ns per task | middle half | millpond to it |\n\
            |---|--:|--:|--:|\n\
            | minimum | 2.00 | 2.00–2.00 | 2.50 × ▲ |\n\
            | **millpond** | 5.00 | 4.50–5.50 |  |\n\
            | other | 10.0 | 9.00–17.0 | 0.500 × |\n";
        assert_eq!(table.markdown().replace("|  | ns", "| | ns"), expected);
        let first = table.text().lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(first.get(1).map(String::as_str), Some("  minimum           2.00     2.00–2.00         2.50 × ▲"));
        Ok(())
    }

    #[test]
    fn curves_have_a_column_per_point() -> anyhow::Result<()> {
        let expected = "| ns per task | 1 k tasks | 1 M tasks |\n\
            |---|--:|--:|\n\
            | minimum | 5.00 ▲ | 10.0 ▲ |\n\
            | **millpond** | 10.0 | 15.0 |\n\
            | other | 20.0 | 2,000 |\n";
        assert_eq!(of(&entry(CURVE, "")?).markdown(), expected);
        Ok(())
    }

    #[test]
    fn peers_that_leave_a_curve_early_are_in_it() -> anyhow::Result<()> {
        let points = r#"{"at": 1, "samples": {"millpond": [1], "slow": [9]}}, {"at": 2, "samples": {"millpond": [1]}}"#;
        let entry = entry(points, "")?;
        assert_eq!(lines(&entry), ["millpond", "slow"]);
        assert!(of(&entry).markdown().ends_with("| slow | 9.00 | – |\n"));
        Ok(())
    }
}
