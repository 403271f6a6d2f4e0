//! Who is compared with whom: some scenarios have several ways to use millpond, and each has rivals of its own.

use super::entry::{Entry, Point};
use super::figures;

/// Whether a peer is millpond, in one of its shapes.
pub(crate) fn is_ours(name: &str) -> bool {
    name.starts_with("millpond")
}

/// The shapes of millpond in a scenario, in order of their names.
pub(crate) fn ours(entry: &Entry) -> Vec<&str> {
    let mut names: Vec<_> =
        entry.points.iter().flat_map(|point| point.samples.keys()).filter(|name| is_ours(name)).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// `a over b` is the difference of the two: it has no rivals.
fn is_difference(name: &str) -> bool {
    name.contains(" over ")
}

/// The ratio of a shape of millpond to a peer at a point: for those that a target compares, and for peers of which no target speaks, all.
pub(crate) fn ratio(entry: &Entry, point: &Point, ours: &str, peer: &str) -> Option<f64> {
    let mut targets = entry.targets.iter().filter(|target| target.against.as_deref() == Some(peer)).peekable();
    let compared = targets.peek().is_none() || targets.any(|target| target.of == ours);
    if compared && ![ours, peer].into_iter().any(is_difference) && !is_ours(peer) { figures::ratio(point, ours, peer) } else { None }
}

/// Whether a peer is better than a shape of millpond that it is compared with.
pub(crate) fn ahead(entry: &Entry, point: &Point, peer: &str) -> bool {
    ours(entry).into_iter().filter_map(|ours| ratio(entry, point, ours, peer)).any(|ratio| figures::ahead(entry, ratio))
}

/// The peers of a point with their medians, the best first.
pub(crate) fn ranked<'a>(entry: &Entry, point: &'a Point) -> Vec<(&'a str, f64)> {
    let mut peers: Vec<_> = point.samples.iter().map(|(name, samples)| (name.as_str(), figures::median(samples))).collect();
    peers.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    if entry.more_is_better() {
        peers.reverse();
    }
    peers
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::entry;
    use super::*;

    const POINT: &str = r#"{"samples": {"millpond map": [4], "millpond": [5], "p-map": [3], "p-limit": [6], "minimum": [4.5]}}"#;
    const TARGETS: &str =
        r#"{"of": "millpond map", "against": "p-map", "at_most": 1}, {"of": "millpond", "against": "p-limit", "at_most": 1}"#;

    #[test]
    fn targets_say_who_is_compared_with_whom() -> anyhow::Result<()> {
        let entry = entry(POINT, TARGETS)?;
        let point = entry.last().ok_or_else(|| anyhow::anyhow!("no point"))?;
        assert_eq!(ours(&entry), ["millpond", "millpond map"]);
        assert_eq!(ratio(&entry, point, "millpond", "p-limit"), Some(5.0 / 6.0));
        assert_eq!(ratio(&entry, point, "millpond", "p-map"), None);
        assert_eq!(ratio(&entry, point, "millpond", "millpond map"), None);
        assert!(ratio(&entry, point, "millpond map", "minimum").is_some_and(|ratio| ratio < 1.0));
        assert!(ahead(&entry, point, "p-map") && ahead(&entry, point, "minimum") && !ahead(&entry, point, "p-limit"));
        Ok(())
    }

    #[test]
    fn differences_have_no_rivals() -> anyhow::Result<()> {
        let entry = entry(r#"{"samples": {"millpond": [4], "millpond over other": [1], "other": [3]}}"#, "")?;
        let point = entry.last().ok_or_else(|| anyhow::anyhow!("no point"))?;
        assert_eq!(ratio(&entry, point, "millpond over other", "other"), None);
        assert!(ahead(&entry, point, "other"));
        Ok(())
    }

    #[test]
    fn the_best_comes_first() -> anyhow::Result<()> {
        let names =
            |entry: &Entry| entry.last().map(|point| ranked(entry, point).into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>());
        let up = entry(POINT, "")?;
        assert_eq!(names(&up).and_then(|names| names.first().cloned()).as_deref(), Some("p-map"));
        let down = entry(POINT, r#"{"of": "millpond", "at_least": 1}"#)?;
        assert_eq!(names(&down).and_then(|names| names.first().cloned()).as_deref(), Some("p-limit"));
        Ok(())
    }
}
