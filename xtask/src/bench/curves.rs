//! A curve as lines over a logarithmic axis: a median at each point, with a whisker over the middle half of its samples.

use super::entry::Entry;
use super::figures::{median, middle_half};
use super::rivals;
use super::say;
use super::scale::Scale;
use super::svg::{Svg, WIDTH, width};
use super::table::lines;

const TOP: f64 = 58.0;
const BOTTOM: f64 = 330.0;
const HEIGHT: f64 = 372.0;
const LEFT: f64 = 76.0;
const EDGE: f64 = 14.0;

/// Names at the ends of lines are at least so far apart.
const APART: f64 = 15.0;

/// A peer's place at a point of the curve.
struct Spot {
    x: f64,
    median: f64,
    half: (f64, f64),
}

pub(crate) fn draw(entry: &Entry) -> String {
    let names = lines(entry);
    let longest = names.iter().map(|name| width(name, rivals::is_ours(name))).fold(0.0, f64::max);
    // Room for the piece of line before a name, and for the mark behind it.
    let right = WIDTH - EDGE - longest - 32.0;
    let values = entry.points.iter().flat_map(|point| point.samples.values()).flat_map(|samples| <[f64; 2]>::from(middle_half(samples)));
    let ats: Vec<_> = entry.points.iter().map(|point| point.at.unwrap_or(1) as f64).collect();
    let x = Scale::logarithmic(&ats, (LEFT + 12.0, right - 12.0));
    let y = Scale::fitting(&values.collect::<Vec<_>>(), (BOTTOM, TOP));

    let mut svg = Svg::default();
    svg.title(EDGE, &entry.title, &say::legend(entry, if y.is_logarithmic() { " (logarithmic)" } else { "" }));
    for tick in y.ticks() {
        svg.line("grid", (LEFT, y.at(tick)), (right, y.at(tick)));
        svg.text("small end", LEFT - 6.0, y.at(tick) + 4.0, &say::number(tick));
    }
    for at in entry.points.iter().filter_map(|point| point.at) {
        svg.text("small middle", x.at(at as f64), BOTTOM + 18.0, &say::count(at));
    }
    svg.text("small middle", f64::midpoint(LEFT, right), BOTTOM + 34.0, entry.x.as_deref().unwrap_or_default());
    // Those in front are drawn last.
    let mut numbered: Vec<_> = numbered(&names);
    numbered.reverse();
    for (number, name) in &numbered {
        draw_line(&mut svg, *number, name, &spots(entry, name, &x), &y);
    }
    draw_names(&mut svg, entry, &names, right, &y);
    svg.finish(HEIGHT, &entry.title, &shows(entry, &names))
}

/// Each name with the number of its line: ours have the first ones, so that colours say the same in all charts.
fn numbered<'a>(names: &[&'a str]) -> Vec<(usize, &'a str)> {
    let (ours, others): (Vec<_>, Vec<_>) = names.iter().copied().partition(|name| rivals::is_ours(name));
    ours.into_iter().chain(others).enumerate().collect()
}

fn spots(entry: &Entry, name: &str, x: &Scale) -> Vec<Spot> {
    let spot = |point: &super::entry::Point| {
        let samples = point.samples.get(name)?;
        Some(Spot { x: x.at(point.at? as f64), median: median(samples), half: middle_half(samples) })
    };
    entry.points.iter().filter_map(spot).collect()
}

fn draw_line(svg: &mut Svg, number: usize, name: &str, spots: &[Spot], y: &Scale) {
    let way: Vec<_> = spots.iter().map(|spot| (spot.x, y.at(spot.median))).collect();
    svg.path(number, rivals::is_ours(name), &way);
    for Spot { x, half: (from, to), .. } in spots.iter().filter(|spot| spot.half.0 < spot.half.1) {
        svg.line("whisker", (*x, y.at(*from)), (*x, y.at(*to)));
    }
}

/// Names beside the ends of their lines, pushed apart where they would cover each other, each with a piece of its line.
fn draw_names(svg: &mut Svg, entry: &Entry, names: &[&str], right: f64, y: &Scale) {
    let last = |name: &str| entry.points.iter().rev().find_map(|point| point.samples.get(name)).map_or(0.0, |samples| median(samples));
    let mut places: Vec<_> = numbered(names).into_iter().map(|(number, name)| (y.at(last(name)), number, name)).collect();
    places.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
    let room = BOTTOM - APART * places.len().saturating_sub(1) as f64;
    let mut free = TOP;
    for (index, (place, number, name)) in places.into_iter().enumerate() {
        // Not above the one before, and not so low that those to come have no room.
        let place = place.min(room + APART * index as f64).max(free);
        free = place + APART;
        let ahead = entry.last().is_some_and(|point| rivals::ahead(entry, point, name));
        let text = if ahead { format!("{name} {}", say::AHEAD) } else { name.to_owned() };
        svg.path(number, rivals::is_ours(name), &[(right - 4.0, place), (right + 12.0, place)]);
        svg.text(if rivals::is_ours(name) { "bold" } else { "" }, right + 17.0, place + 4.5, &text);
    }
}

fn shows(entry: &Entry, names: &[&str]) -> String {
    let of = |name: &&str| {
        let medians = entry
            .points
            .iter()
            .map(|point| point.samples.get(*name).map_or_else(|| "–".to_owned(), |samples| say::number(median(samples))));
        format!("{name} {}", medians.collect::<Vec<_>>().join(" "))
    };
    let ats: Vec<_> = entry.points.iter().map(|point| say::count(point.at.unwrap_or(0))).collect();
    format!(
        "{} at {} {}: {}",
        entry.unit,
        ats.join(", "),
        entry.x.as_deref().unwrap_or_default(),
        names.iter().map(of).collect::<Vec<_>>().join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{CURVE, entry};
    use super::*;

    #[test]
    fn every_peer_has_a_line_and_a_name() -> anyhow::Result<()> {
        let svg = draw(&entry(CURVE, "")?);
        // One through the points, one beside the name.
        assert_eq!(svg.matches("<path").count(), 6);
        assert!(svg.contains("(logarithmic)") && svg.contains(">minimum ▲</text>") && svg.contains(">other</text>"));
        assert!(svg.contains("millpond 10.0 15.0") && svg.contains(">1 M</text>") && !svg.contains("NaN"));
        Ok(())
    }
}
