//! A scenario of one point as bars: a median each, with a whisker over the middle half of its samples.

use super::entry::{Entry, Point};
use super::figures::middle_half;
use super::rivals;
use super::say;
use super::svg::{CHARACTER, Svg, WIDTH};

const TOP: f64 = 52.0;
const ROW: f64 = 26.0;
const THICK: f64 = 16.0;
const EDGE: f64 = 14.0;

/// Room right of the longest bar for its figure.
const FIGURE: f64 = 110.0;

pub(crate) fn draw(entry: &Entry, point: &Point) -> String {
    let ranked = rivals::ranked(entry, point);
    let longest = ranked.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let left = EDGE + longest as f64 * CHARACTER + 10.0;
    let spread = |name: &str| point.samples.get(name).map(|samples| middle_half(samples));
    let most = ranked.iter().map(|(name, value)| spread(name).map_or(*value, |(_, to)| to.max(*value))).fold(0.0, f64::max);
    // Differences of samples may fall below zero: their bars have no length, their figures tell.
    let x = |value: f64| if most > 0.0 { left + value.max(0.0) / most * (WIDTH - left - FIGURE) } else { left };

    let mut svg = Svg::default();
    svg.text("bold", EDGE, 22.0, &entry.title);
    svg.text("small", EDGE, 40.0, &legend(entry, point));
    for (row, (name, value)) in ranked.iter().enumerate() {
        let top = TOP + row as f64 * ROW;
        let (base, middle) = (top + 12.5, top + THICK / 2.0);
        let ahead = rivals::ahead(entry, point, name);
        let ours = rivals::is_ours(name);
        svg.text(if ours { "bold end" } else { "end" }, left - 8.0, base, name);
        svg.bar(
            if ours {
                "ours"
            } else if ahead {
                "ahead"
            } else {
                "other"
            },
            left,
            top,
            x(*value) - left,
            THICK,
        );
        let mut end = x(*value);
        if let Some((from, to)) = spread(name).filter(|(from, to)| from < to) {
            svg.line("whisker", (x(from), middle), (x(to), middle));
            for at in [x(from), x(to)] {
                svg.line("whisker", (at, middle - 4.0), (at, middle + 4.0));
            }
            end = end.max(x(to));
        }
        let mark = if ahead { format!(" {}", say::AHEAD) } else { String::new() };
        svg.text(if ours { "bold" } else { "" }, end + 6.0, base, &format!("{}{mark}", say::number(*value)));
    }
    svg.line("grid", (left, TOP - 5.0), (left, TOP + ranked.len() as f64 * ROW));
    svg.finish(TOP + ranked.len() as f64 * ROW + 10.0, &entry.title, &shows(entry, &ranked))
}

fn legend(entry: &Entry, point: &Point) -> String {
    let better = if entry.more_is_better() { "more is better" } else { "less is better" };
    let several = point.samples.values().any(|samples| samples.len() > 1);
    let what = if several { ": medians, and the middle half of the samples" } else { "" };
    format!("{}{what}; {better}; {} better than millpond", entry.unit, say::AHEAD)
}

fn shows(entry: &Entry, ranked: &[(&str, f64)]) -> String {
    let said: Vec<_> = ranked.iter().map(|(name, value)| format!("{name} {}", say::number(*value))).collect();
    format!("{}: {}", entry.unit, said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{POINT, entry};
    use super::*;

    #[test]
    fn every_peer_has_a_bar_and_those_ahead_are_marked() -> anyhow::Result<()> {
        let entry = entry(POINT, "")?;
        let svg = entry.last().map(|point| draw(&entry, point)).unwrap_or_default();
        assert!(svg.contains("<title>Some &lt;tasks&gt;</title>"));
        assert!(svg.contains("<desc>ns per task: minimum 2.00, millpond 5.00, other 10.0</desc>"));
        assert_eq!([svg.matches("rect class=\"ours\"").count(), svg.matches("rect class=\"ahead\"").count()], [1, 1]);
        assert!(svg.contains(">2.00 ▲</text>") && svg.contains(">10.0</text>"));
        // Two whiskers of three lines; the minimum has the same sample thrice.
        assert_eq!(svg.matches("class=\"whisker\"").count(), 6);
        Ok(())
    }

    #[test]
    fn nothing_and_less_are_drawn_too() -> anyhow::Result<()> {
        let entry = entry(r#"{"samples": {"millpond": [0], "millpond over other": [-2]}}"#, "")?;
        let svg = entry.last().map(|point| draw(&entry, point)).unwrap_or_default();
        assert!(svg.contains(">-2.00</text>") && !svg.contains("NaN") && !svg.contains("width=\"-"));
        Ok(())
    }
}
