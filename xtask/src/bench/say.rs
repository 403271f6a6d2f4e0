//! Figures, counts and verdicts in words: the same ones on the terminal, in the README and on the page.

use super::entry::{Entry, Target};
use super::figures;

/// Marks a peer that is better than millpond.
pub(crate) const AHEAD: char = '▲';

/// Three digits, unless there are more before the point.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if !value.is_finite() => "–".to_owned(),
        0.0 => "0".to_owned(),
        99.95.. => grouped(&format!("{value:.0}")),
        9.995.. => format!("{value:.1}"),
        0.9995.. => format!("{value:.2}"),
        0.01.. => format!("{value:.3}"),
        _ => format!("{value:.5}"),
    }
}

/// 1234567 → 1,234,567
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        let left = digits.len() - place;
        if place > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn ratio(value: f64) -> String {
    format!("{} ×", number(value))
}

/// A ratio of millpond to a peer, with the mark if the peer is the better one.
pub(crate) fn beside(entry: &Entry, value: f64) -> String {
    if figures::ahead(entry, value) { format!("{} {AHEAD}", ratio(value)) } else { ratio(value) }
}

/// How many, where they are round numbers: 1 k, 10 M.
pub(crate) fn count(value: u64) -> String {
    match value {
        1_000_000.. if value.is_multiple_of(1_000_000) => format!("{} M", value / 1_000_000),
        1_000.. if value.is_multiple_of(1_000) => format!("{} k", value / 1_000),
        _ => value.to_string(),
    }
}

/// What a chart shows, below its title.
pub(crate) fn legend(entry: &Entry, scale: &str) -> String {
    let better = if entry.more_is_better() { "more is better" } else { "less is better" };
    let several = entry.points.iter().flat_map(|point| point.samples.values()).any(|samples| samples.len() > 1);
    let whiskers = if several { "; whiskers: the middle half" } else { "" };
    format!("{}, {}{scale}{whiskers}; {better}; {AHEAD} better than millpond", entry.id, entry.unit)
}

/// A text in lines that fit a terminal.
pub(crate) fn paragraph(text: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        let gap = if width == 0 {
            ""
        } else if width + 1 + length > 110 {
            width = 0;
            "\n"
        } else {
            width += 1;
            " "
        };
        lines.push_str(gap);
        lines.push_str(word);
        width += length;
    }
    lines
}

/// A target as it has been decided.
#[derive(Debug)]
pub(crate) struct Verdict<'a> {
    pub(crate) of: &'a str,
    pub(crate) reached: bool,
    /// What it came to, against whom, and the bound.
    pub(crate) came_to: String,
}

impl Verdict<'_> {
    pub(crate) fn word(&self) -> &'static str {
        if self.reached { "reached:" } else { "NOT reached:" }
    }

    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.of, self.came_to)
    }
}

/// All targets of a scenario, in its order.
pub(crate) fn verdicts(entry: &Entry) -> Vec<Verdict<'_>> {
    entry.targets.iter().map(|target| verdict(entry, target)).collect()
}

fn verdict<'a>(entry: &Entry, target: &'a Target) -> Verdict<'a> {
    // Every target was looked at when the line was read, so there is a value.
    let value = figures::value(entry, target).unwrap_or(f64::NAN);
    let (word, bound) = match target.at_least {
        Some(bound) => ("at least", bound),
        None => ("at most", target.at_most.unwrap_or(f64::NAN)),
    };
    let reached = figures::reached(target, value);
    let value = if reached { number(value) } else { beyond(value, bound) };
    let x = entry.x.as_deref().unwrap_or_default();
    let span = target.from.zip(target.to).map(|(from, to)| format!("from {} to {} {x}", count(from), count(to)));
    let came_to = match (&target.against, span) {
        (None, None) => format!("{value} {}", entry.unit),
        (Some(against), None) => format!("{value} × {against}"),
        (None, Some(span)) => format!("{span} grows {value} ×"),
        (Some(against), Some(span)) => format!("{span} grows {value} × as much as {against}"),
    };
    Verdict { of: &target.of, reached, came_to: format!("{came_to}, {word} {bound}") }
}

/// A value that is not the bound, also where three digits would say that it is.
fn beyond(value: f64, bound: f64) -> String {
    if number(value) == number(bound) { format!("{value:.6}") } else { number(value) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::entry::tests::{CURVE, POINT, entry};
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let said = [0.0, 0.004, 0.0612, 0.6249, 1.0, 9.999, 99.96, 1234567.8, f64::NAN].map(number);
        assert_eq!(said, ["0", "0.00400", "0.061", "0.625", "1.00", "10.0", "100", "1,234,568", "–"]);
    }

    #[test]
    fn counts_are_short_where_they_are_round() {
        assert_eq!([7, 1500, 10_000, 1_500_000, 2_000_000].map(count), ["7", "1500", "10 k", "1500 k", "2 M"]);
    }

    #[test]
    fn paragraphs_are_narrow_and_lose_nothing() {
        let text = "some words of a text ".repeat(30);
        let lines = paragraph(&text);
        assert!(lines.lines().count() > 5 && lines.lines().all(|line| line.len() <= 110));
        assert_eq!(lines.replace('\n', " "), text.trim_end());
    }

    /// Each with its word.
    pub(crate) fn lines_of(entry: &Entry) -> Vec<String> {
        verdicts(entry).iter().map(|verdict| format!("{} {}", verdict.word(), verdict.text())).collect()
    }

    fn lines(points: &str, targets: &str) -> anyhow::Result<Vec<String>> {
        Ok(lines_of(&entry(points, targets)?))
    }

    #[test]
    fn verdicts_of_a_point() -> anyhow::Result<()> {
        let targets = r#"{"of": "millpond", "at_most": 4.5}, {"of": "millpond", "against": "other", "at_most": 0.6},
            {"of": "millpond", "at_most": 4.999}"#;
        let said = [
            "NOT reached: millpond 5.00 ns per task, at most 4.5",
            "reached: millpond 0.500 × other, at most 0.6",
            "NOT reached: millpond 5.000000 ns per task, at most 4.999",
        ];
        assert_eq!(lines(POINT, targets)?, said);
        Ok(())
    }

    #[test]
    fn verdicts_of_growth() -> anyhow::Result<()> {
        let span = r#""from": 1000, "to": 1000000"#;
        let targets =
            format!(r#"{{"of": "millpond", {span}, "at_most": 1.5}}, {{"of": "other", "against": "minimum", {span}, "at_most": 1}}"#);
        let said = [
            "reached: millpond from 1 k to 1 M tasks grows 1.50 ×, at most 1.5",
            "NOT reached: other from 1 k to 1 M tasks grows 50.0 × as much as minimum, at most 1",
        ];
        assert_eq!(lines(CURVE, &targets)?, said);
        Ok(())
    }
}
