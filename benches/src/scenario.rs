//! A scenario: what is measured, by whom, how often, and what is to be reached.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::plan::spell;

/// Does the work with so many tasks, checks it, and gives what it cost: per task, or whatever the scenario's unit says.
type Work = Box<dyn Fn(u64) -> Result<f64>>;

/// One way to do a scenario's work.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) work: Work,
}

impl Contender {
    pub(crate) fn new(name: &'static str, work: impl Fn(u64) -> Result<f64> + 'static) -> Self {
        Self { name, work: Box::new(work) }
    }
}

/// How often it is done with how many tasks.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub(crate) at: u64,
    pub(crate) rounds: u32,
}

pub(crate) struct Scenario {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) unit: &'static str,
    pub(crate) says: &'static str,
    /// What the points of a curve count; a scenario without it has one point.
    pub(crate) x: Option<&'static str>,
    pub(crate) points: Vec<Point>,
    pub(crate) contenders: Vec<Contender>,
    pub(crate) targets: Vec<Target>,
}

impl Scenario {
    pub(crate) fn contender(&self, name: &str) -> Result<&Contender> {
        let known = || self.contenders.iter().map(|contender| contender.name).collect::<Vec<_>>().join(", ");
        let found = self.contenders.iter().find(|contender| contender.name == name);
        found.with_context(|| format!("{} has no peer {name:?}, it has: {}", self.id, known()))
    }

    /// The line for stdout; the samples are those of each point, by contender.
    pub(crate) fn line(&self, samples: &[Vec<Vec<f64>>]) -> Value {
        let points: Vec<_> = self.points.iter().zip(samples).map(|(point, samples)| self.point(point.at, samples)).collect();
        let mut line = json!({
            "area": "native",
            "id": self.id,
            "title": self.title,
            "unit": self.unit,
            "says": self.says,
            "points": points,
            "targets": self.targets.iter().map(Target::line).collect::<Vec<_>>(),
        });
        if let (Some(x), Some(line)) = (self.x, line.as_object_mut()) {
            line.insert("x".to_owned(), x.into());
        }
        line
    }

    fn point(&self, at: u64, samples: &[Vec<f64>]) -> Value {
        let samples = self.contenders.iter().zip(samples).map(|(contender, samples)| (contender.name.to_owned(), json!(samples)));
        let samples = samples.collect::<Map<_, _>>();
        if self.x.is_some() { json!({ "at": at, "samples": samples }) } else { json!({ "samples": samples }) }
    }

    /// Which of its points it is, for who watches.
    pub(crate) fn label(&self, at: u64) -> String {
        self.x.map_or_else(|| self.id.to_owned(), |x| format!("{}, {} {x}", self.id, spell(at)))
    }
}

/// What millpond is to reach.
pub(crate) struct Target {
    against: Option<&'static str>,
    growth: Option<(u64, u64)>,
    at_most: f64,
}

impl Target {
    /// The value itself, in the scenario's unit.
    pub(crate) fn value(at_most: f64) -> Self {
        Self { against: None, growth: None, at_most }
    }

    /// So many times the value of another.
    pub(crate) fn ratio(against: &'static str, at_most: f64) -> Self {
        Self { against: Some(against), growth: None, at_most }
    }

    /// So many times its own value at an earlier point.
    pub(crate) fn growth(from: u64, to: u64, at_most: f64) -> Self {
        Self { against: None, growth: Some((from, to)), at_most }
    }

    fn line(&self) -> Value {
        let mut line = json!({ "of": crate::peers::MILLPOND, "at_most": self.at_most });
        if let Some(line) = line.as_object_mut() {
            line.extend(self.against.map(|against| ("against".to_owned(), against.into())));
            line.extend(self.growth.into_iter().flat_map(|(from, to)| [("from".to_owned(), from.into()), ("to".to_owned(), to.into())]));
        }
        line
    }
}
