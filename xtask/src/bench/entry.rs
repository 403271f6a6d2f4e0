//! What a bench program prints: one scenario per line, as JSON; and what makes such a line one that can be worked with.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::figures;

/// What is measured, by who runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Area {
    /// The Rust crate beside its peers: time and memory; instructions, where valgrind is
    Native,
    /// The npm package beside its peers, in Node
    Node,
    /// The same in headless Chromium
    Browser,
    /// What the package adds to a page, minified and compressed
    Size,
    /// How well a page answers while work is done in it
    Drive,
}

impl Area {
    /// As it is spelled on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// In a few words: its documentation above.
    pub(crate) fn about(self) -> String {
        self.to_possible_value().and_then(|value| Some(value.get_help()?.to_string())).unwrap_or_default()
    }
}

/// One scenario and all that was measured in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) area: Area,
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) unit: String,
    pub(crate) says: String,
    /// For curves: what `at` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) x: Option<String>,
    pub(crate) points: Vec<Point>,
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
}

/// One round per sample; the i-th samples of all peers belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Point {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<u64>,
    pub(crate) samples: BTreeMap<String, Vec<f64>>,
}

/// A bound on a value, on its ratio to another's, on its growth along a curve, or on the ratio of two growths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    pub(crate) of: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) against: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at_most: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at_least: Option<f64>,
}

impl Entry {
    /// Reads a line that a program of this area has printed.
    pub(crate) fn read(area: Area, line: &str) -> Result<Self> {
        let mut entry: Self = serde_json::from_str(line)?;
        entry.points.iter_mut().flat_map(|point| point.samples.values_mut()).flatten().for_each(|sample| *sample = rounded(*sample));
        ensure!(entry.area == area, "it is of another area than its program");
        entry.check()?;
        Ok(entry)
    }

    /// Whether everything that is computed from an entry can be computed from this one.
    pub(crate) fn check(&self) -> Result<()> {
        let kebab = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
        ensure!(!self.id.is_empty() && self.id.chars().all(kebab), "`{}` is no id: lower case, digits and `-` only", self.id);
        self.check_points().with_context(|| format!("in `{}`", self.id))?;
        let wrong = self.targets.iter().find(|target| !self.knows(target));
        ensure!(wrong.is_none(), "in `{}`: a target without one bound, or about what was not measured: {:?}", self.id, wrong);
        Ok(())
    }

    fn check_points(&self) -> Result<()> {
        let ats: Vec<_> = self.points.iter().map(|point| point.at).collect();
        match self.x {
            None => ensure!(ats == [None], "without `x` there is one point, without `at`"),
            Some(_) => ensure!(
                ats.first().is_some_and(Option::is_some) && ats.is_sorted_by(|before, after| before < after),
                "with `x` every point has `at`, in ascending order"
            ),
        }
        for Point { samples, .. } in &self.points {
            let rounds = samples.values().next().map_or(0, Vec::len);
            ensure!(rounds > 0, "a point without samples");
            ensure!(samples.values().all(|of| of.len() == rounds), "peers of one point with different numbers of samples");
        }
        Ok(())
    }

    fn knows(&self, target: &Target) -> bool {
        let growth = target.from.is_some() == target.to.is_some();
        growth && target.at_most.is_some() != target.at_least.is_some() && figures::value(self, target).is_some()
    }

    /// Whether the higher value is the better one: its targets say so.
    pub(crate) fn more_is_better(&self) -> bool {
        self.targets.iter().any(|target| target.at_least.is_some())
    }

    /// The only point, or that at the end of the curve.
    pub(crate) fn last(&self) -> Option<&Point> {
        self.points.last()
    }
}

/// Six digits are more than any clock is good for, and keep the file of results small.
fn rounded(sample: f64) -> f64 {
    format!("{sample:.5e}").parse().unwrap_or(sample)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A scenario as its program prints it, with these points and targets.
    pub(crate) fn line(curve: bool, points: &str, targets: &str) -> String {
        let x = if curve { r#""x": "tasks", "# } else { "" };
        format!(
            r#"{{"area": "node", "id": "some-tasks", "title": "Some <tasks>", "unit": "ns per task", "says": "What it says.", {x}"points": [{points}], "targets": [{targets}]}}"#
        )
    }

    pub(crate) const POINT: &str = r#"{"samples": {"millpond": [4, 5, 6.0000001], "other": [8, 10, 24], "minimum": [2, 2, 2]}}"#;
    pub(crate) const CURVE: &str = r#"{"at": 1000, "samples": {"millpond": [10], "other": [20], "minimum": [5]}},
        {"at": 1000000, "samples": {"millpond": [15], "other": [2000], "minimum": [10]}}"#;

    pub(crate) fn entry(points: &str, targets: &str) -> Result<Entry> {
        Entry::read(Area::Node, &line(points.contains("\"at\""), points, targets))
    }

    fn refused(line: &str) -> String {
        Entry::read(Area::Node, line).map_or_else(|error| format!("{error:#}"), |_| "taken".to_owned())
    }

    #[test]
    fn a_line_is_read_and_written() -> Result<()> {
        let entry = entry(CURVE, r#"{"of": "millpond", "from": 1000, "to": 1000000, "at_most": 1.5}"#)?;
        assert_eq!(serde_json::from_str::<Entry>(&serde_json::to_string(&entry)?)?, entry);
        Ok(())
    }

    #[test]
    fn samples_have_six_digits() -> Result<()> {
        let entry = entry(POINT, "")?;
        let samples = entry.last().and_then(|point| point.samples.get("millpond"));
        assert_eq!(samples, Some(&vec![4.0, 5.0, 6.0]));
        Ok(())
    }

    #[test]
    fn malformed_lines_are_refused_with_a_reason() {
        assert!(refused("1 M tasks").contains("line 1"));
        assert!(refused(&line(false, POINT, "").replace("unit", "units")).contains("unknown field `units`"));
        assert!(refused(&line(false, POINT, "").replace("\"node\"", "\"native\"")).contains("another area"));
        assert!(refused(&line(false, POINT, "").replace("some-tasks", "Some tasks")).contains("is no id"));
        assert!(refused(&line(false, CURVE, "")).contains("without `x`"));
        assert!(refused(&line(true, POINT, "")).contains("every point has `at`"));
        assert!(refused(&line(true, &CURVE.replace("1000000", "10"), "")).contains("ascending"));
        assert!(refused(&line(false, r#"{"samples": {}}"#, "")).contains("without samples"));
        assert!(refused(&line(false, r#"{"samples": {"a": [1], "b": [1, 2]}}"#, "")).contains("different numbers"));
        assert!(refused(&line(false, r#"{"samples": {"a": ["1"]}}"#, "")).contains("invalid type"));
    }

    #[test]
    fn targets_are_about_what_was_measured() {
        let target = |target| refused(&line(true, CURVE, target));
        assert_eq!(target(r#"{"of": "millpond", "against": "other", "at_most": 1}"#), "taken");
        assert!(target(r#"{"of": "millpond", "against": "another", "at_most": 1}"#).contains("not measured"));
        assert!(target(r#"{"of": "millpond", "from": 1000, "to": 5, "at_most": 1}"#).contains("not measured"));
        assert!(target(r#"{"of": "millpond", "from": 1000, "at_most": 1}"#).contains("not measured"));
        assert!(target(r#"{"of": "millpond"}"#).contains("without one bound"));
    }
}
