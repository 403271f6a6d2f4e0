//! Instructions per task, counted by callgrind: the same whatever else the machine does, where times are not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::entry::{Entry, Point};
use super::say;
use crate::run::{output, step, target};
use crate::setup;

/// Scenarios whose work is tasks and nothing else.
const SCENARIOS: [&str; 2] = ["tasks-limit-10", "map-unordered"];

/// Two runs with so many tasks each: what comes before and after the tasks is the same in both, and falls out of the difference.
#[derive(Clone, Copy)]
struct Counts {
    few: u32,
    many: u32,
}

/// A scenario of instructions for each of those that were timed; none where there is no valgrind.
pub(crate) fn count(program: &Path, timed: &[Entry], quick: bool) -> Result<Vec<Entry>> {
    let Some(valgrind) = setup::valgrind()? else { return Ok(Vec::new()) };
    let counts = if quick { Counts { few: 1_000, many: 6_000 } } else { Counts { few: 10_000, many: 60_000 } };
    let callgrind = Callgrind { valgrind, program: program.to_owned() };
    step("count instructions (callgrind)", || {
        timed.iter().filter(|entry| SCENARIOS.contains(&entry.id.as_str())).map(|entry| callgrind.entry(entry, counts)).collect()
    })
}

struct Callgrind {
    valgrind: PathBuf,
    program: PathBuf,
}

impl Callgrind {
    fn entry(&self, timed: &Entry, counts: Counts) -> Result<Entry> {
        let peers = timed.points.iter().flat_map(|point| point.samples.keys());
        let mut samples = BTreeMap::new();
        for peer in peers {
            let (few, many) = (self.run(&timed.id, peer, counts.few)?, self.run(&timed.id, peer, counts.many)?);
            let each = (many - few) / f64::from(counts.many - counts.few);
            eprintln!("instructions, {}: {peer} {}", timed.id, say::number(each));
            samples.insert(peer.clone(), vec![each.round()]);
        }
        Ok(instructions(timed, counts, samples))
    }

    /// All instructions of one run of the program.
    fn run(&self, scenario: &str, peer: &str, count: u32) -> Result<f64> {
        let file = target().join("callgrind.out");
        let mut command = Command::new(&self.valgrind);
        command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", file.display()));
        output(command.arg(&self.program).args(["once", scenario, peer, &count.to_string()]))?;
        let text = std::fs::read_to_string(&file).context("callgrind has written no file")?;
        total(&text).context("callgrind has counted nothing")
    }
}

/// The sum at the end of callgrind's file.
fn total(text: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix("totals:"))?.trim().parse().ok()
}

/// What was counted, with those targets of the timed scenario that are ratios to peers.
fn instructions(timed: &Entry, counts: Counts, samples: BTreeMap<String, Vec<f64>>) -> Entry {
    let [few, many] = [counts.few, counts.many].map(|count| say::count(count.into()));
    Entry {
        area: timed.area,
        id: format!("instructions-{}", timed.id),
        title: format!("Instructions for {}", timed.id),
        unit: "instructions per task".to_owned(),
        says: format!(
            "The work of {}, counted by callgrind: the instructions of a run with {many} tasks less those of a run with {few}, by the \
             difference in tasks.",
            timed.id
        ),
        x: None,
        points: vec![Point { at: None, samples }],
        targets: timed.targets.iter().filter(|target| target.against.is_some() && target.from.is_none()).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{POINT, entry};
    use super::super::say::tests::lines_of;
    use super::*;

    #[test]
    fn the_total_is_found() {
        assert_eq!(total("events: Ir\nsummary: 5\n\nfn=(1)\n1 2\n\ntotals: 123456789\n"), Some(123_456_789.0));
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn the_ratios_are_to_be_reached_in_instructions_too() -> Result<()> {
        let targets = r#"{"of": "millpond", "against": "other", "at_most": 0.7}, {"of": "millpond", "at_most": 5}"#;
        let samples = BTreeMap::from([("millpond".to_owned(), vec![500.0]), ("other".to_owned(), vec![1000.0])]);
        let counted = instructions(&entry(POINT, targets)?, Counts { few: 1, many: 2 }, samples);
        counted.check()?;
        assert_eq!(lines_of(&counted), ["reached: millpond 0.500 × other, at most 0.7"]);
        Ok(())
    }
}
