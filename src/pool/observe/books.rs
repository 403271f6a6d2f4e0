//! What is to be told, and what has to be known for that: the numbers of pools and tasks, and since when a task waits or runs.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::event::{Event, EventKind, TaskOutcome};
use crate::limit::Limit;
use crate::priority::Priority;
use crate::state::Id;

/// An event, with the time its task has spent waiting or running before it.
pub(in crate::pool) struct Note {
    pub(in crate::pool) event: Event,
    pub(in crate::pool) spent: Option<Spent>,
}

/// How long a task has waited or run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pool) enum Spent {
    Waiting(Duration),
    Running(Duration),
}

/// A task that has not ended.
struct Stay {
    number: u64,
    pool: u64,
    priority: Priority,
    /// When it was accepted, or started.
    since: Duration,
    running: bool,
}

/// Nothing here outlives its task or its pool.
#[derive(Default)]
pub(in crate::pool) struct Books {
    queue: VecDeque<Note>,
    events: u64,
    pools: u64,
    lanes: HashMap<Id, u64>,
    stays: HashMap<Id, Stay>,
}

impl Books {
    /// The next to be told.
    pub(super) fn next(&mut self) -> Option<Note> {
        self.queue.pop_front()
    }

    fn push(&mut self, at: Duration, pool: Option<u64>, task: Option<u64>, kind: EventKind, spent: Option<Spent>) {
        self.events += 1;
        self.queue.push_back(Note { event: Event { number: self.events, at, pool, task, kind }, spent });
    }

    /// All lanes there are, in the order in which they were opened.
    pub(in crate::pool) fn lanes(&self) -> Vec<Id> {
        let mut lanes: Vec<(u64, Id)> = self.lanes.iter().map(|(lane, number)| (*number, *lane)).collect();
        lanes.sort_unstable_by_key(|(number, _)| *number);
        lanes.into_iter().map(|(_, lane)| lane).collect()
    }
}

/// Pools.
impl Books {
    pub(in crate::pool) fn opened(&mut self, at: Duration, lane: Id, limit: Limit) {
        let pool = lane.some().map(|lane| {
            self.pools += 1;
            self.lanes.insert(lane, self.pools);
            self.pools
        });
        self.push(at, pool, None, EventKind::Opened { concurrency: limit.into() }, None);
    }

    /// Something about a lane, or about all of them for nobody's; lanes that are gone have nothing more to tell.
    pub(in crate::pool) fn about(&mut self, at: Duration, lane: Id, kind: EventKind) {
        let pool = self.lanes.get(&lane).copied();
        if pool.is_some() || lane == Id::NONE {
            self.push(at, pool, None, kind, None);
        }
    }

    pub(in crate::pool) fn gone(&mut self, lane: Id) {
        self.lanes.remove(&lane);
    }
}

/// Tasks.
impl Books {
    /// The number of a task that has not ended.
    #[cfg(feature = "tracing")]
    pub(super) fn number(&self, ticket: Id) -> Option<u64> {
        self.stays.get(&ticket).map(|stay| stay.number)
    }

    pub(in crate::pool) fn submitted(&mut self, at: Duration, lane: Id, (ticket, number): (Id, u64), priority: Priority, weight: u32) {
        let pool = self.lanes.get(&lane).copied().unwrap_or_default();
        self.stays.insert(ticket, Stay { number, pool, priority, since: at, running: false });
        self.push(at, Some(pool), Some(number), EventKind::Submitted { priority, weight }, None);
    }

    pub(in crate::pool) fn started(&mut self, at: Duration, ticket: Id) {
        let Some(stay) = self.stays.get_mut(&ticket) else { return };
        let spent = Spent::Waiting(at.saturating_sub(stay.since));
        (stay.since, stay.running) = (at, true);
        let (pool, task) = (Some(stay.pool), Some(stay.number));
        self.push(at, pool, task, EventKind::Started, Some(spent));
    }

    /// False if nothing is known of it.
    pub(in crate::pool) fn settled(&mut self, at: Duration, ticket: Id, outcome: TaskOutcome) -> bool {
        let Some(stay) = self.stays.remove(&ticket) else { return false };
        let spent = if stay.running { Spent::Running } else { Spent::Waiting };
        let spent = spent(at.saturating_sub(stay.since));
        self.push(at, Some(stay.pool), Some(stay.number), EventKind::Settled(outcome), Some(spent));
        true
    }

    /// Tells nothing if it had that class before.
    pub(in crate::pool) fn reprioritised(&mut self, at: Duration, ticket: Id, priority: Priority) {
        let Some(stay) = self.stays.get_mut(&ticket).filter(|stay| stay.priority != priority) else { return };
        stay.priority = priority;
        let (pool, task) = (Some(stay.pool), Some(stay.number));
        self.push(at, pool, task, EventKind::Reprioritised { priority }, None);
    }
}
