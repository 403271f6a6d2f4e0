//! A scenario of one point as bars: a median each, with a whisker over the middle half of its samples.

use super::entry::{Entry, Point};
use super::figures::middle_half;
use super::rivals;
use super::say;
use super::svg::{Svg, WIDTH, width};

const TOP: f64 = 52.0;
const ROW: f64 = 26.0;
const THICK: f64 = 16.0;
const EDGE: f64 = 14.0;

/// See `longest`.
const TIMES_OURS: f64 = 12.0;

/// Room right of the longest bar for its figure.
const FIGURE: f64 = 110.0;

pub(crate) fn draw(entry: &Entry, point: &Point) -> String {
    let ranked = rivals::ranked(entry, point);
    let left = EDGE + ranked.iter().map(|(name, _)| width(name, rivals::is_ours(name))).fold(0.0, f64::max) + 10.0;
    let spread = |name: &str| point.samples.get(name).map(|samples| middle_half(samples));
    let all = ranked.iter().map(|(name, value)| spread(name).map_or(*value, |(_, to)| to.max(*value))).fold(0.0, f64::max);
    let most = all.min(longest(&ranked));
    // Differences of samples may fall below zero: their bars have no length, their figures tell.
    let x = |value: f64| if most > 0.0 { left + value.clamp(0.0, most) / most * (WIDTH - left - FIGURE) } else { left };

    let mut svg = Svg::default();
    svg.title(EDGE, &entry.title, &legend(entry, most < all));
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
        if *value > most {
            svg.bar("ground", end - 22.0, top - 1.0, 5.0, THICK + 2.0);
        } else if let Some((from, to)) = spread(name).filter(|(from, to)| from < to) {
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

/// How much fits on the chart: beyond so many times our own values a bar is cut, or ours could not be seen.
fn longest(ranked: &[(&str, f64)]) -> f64 {
    let ours = ranked.iter().filter(|(name, _)| rivals::is_ours(name)).map(|(_, value)| *value).fold(0.0, f64::max);
    if ours > 0.0 { ours * TIMES_OURS } else { f64::INFINITY }
}

fn legend(entry: &Entry, cut: bool) -> String {
    format!("{}{}", say::legend(entry, ""), if cut { "; bars with a gap are longer" } else { "" })
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
    fn bars_that_would_hide_ours_are_cut() -> anyhow::Result<()> {
        let entry = entry(r#"{"samples": {"millpond": [1], "other": [12], "another": [13]}}"#, "")?;
        let svg = entry.last().map(|point| draw(&entry, point)).unwrap_or_default();
        assert!(svg.contains("bars with a gap are longer") && svg.contains(">13.0</text>"));
        // One for the picture, one for the gap.
        assert_eq!(svg.matches("class=\"ground\"").count(), 2);
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
