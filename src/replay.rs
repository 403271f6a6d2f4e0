//! Events, played again: what a pool did is rebuilt from them alone, and every promise that shows in them is checked.

mod pool;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use crate::event::{Event, EventKind, ParseEventError};
use crate::limit::{Concurrency, Limit};
use crate::pool::PoolStats;
use crate::state::Counts;
use pool::{Lane, Stay};

/// What became of the pools that some events are about, rebuilt from nothing else.
///
/// Whoever has one knows of those events:
/// - none is missing, doubled or in another place than its own, and time never runs back;
/// - no pool ever ran more than its concurrency at that instant, nor all pools together more than the cap over them;
/// - every task started in its turn: higher [`Priority`](crate::Priority) first, then first come, first served;
/// - every task started at most once and settled at most once, in a way that fits where it was;
/// - nothing was accepted by a closed pool, and nothing started in a paused one;
/// - a pool that was drained, or expired, had no task.
///
/// A missing end shows in the statistics only: compare them with those of the pool.
///
/// # Errors
/// [`ReplayError`] names the first line (event) that cannot have happened, and why.
///
/// # Cost
/// O(log n) per event of the number that wait.
///
/// # Examples
/// ```
/// use millpond::{EventLog, LocalExecutor, ManualClock, Pool, Replay};
///
/// let log = EventLog::new();
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let pool = Pool::builder(&ex).concurrency(1).on_event(log.listener()).build()?;
/// let (_first, second) = (pool.try_submit(async {})?, pool.try_submit(async {})?);
/// second.cancel();
/// ex.run_until_idle();
///
/// let replay = Replay::of(&log.events())?;
/// assert_eq!(replay.stats(1), Some(pool.stats()));
///
/// // Somebody makes it look as if the second task had been first.
/// let doctored = log.to_string().replace("task=1 started", "task=2 started");
/// let error = Replay::of_text(&doctored).unwrap_err();
/// assert_eq!(error.to_string(), "line 3: task 2 was never submitted");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Replay {
    /// Whether tasks may start in any order.
    any_order: bool,
    events: u64,
    at: Duration,
    cap: Lane,
    lanes: Vec<Lane>,
    stays: HashMap<u64, Stay>,
    tasks: u64,
}

impl Replay {
    /// Plays events, all of them from the first.
    ///
    /// # Errors
    /// [`ReplayError`] naming the event, counted from 1.
    pub fn of(events: &[Event]) -> Result<Self, ReplayError> {
        Self::default().play(events)
    }

    /// Plays events of pools whose order is another than priority and coming, such as one that ages its tasks; checks all but the order.
    ///
    /// # Errors
    /// [`ReplayError`] naming the event, counted from 1.
    pub fn in_any_order(events: &[Event]) -> Result<Self, ReplayError> {
        Self { any_order: true, ..Self::default() }.play(events)
    }

    /// Plays a trace: the text of an [`EventLog`](crate::EventLog).
    ///
    /// # Errors
    /// [`ReplayError`] naming the line, counted from 1.
    pub fn of_text(trace: &str) -> Result<Self, ReplayError> {
        let mut replay = Self::default();
        for (index, line) in trace.lines().enumerate() {
            let event = line.parse().map_err(|error: ParseEventError| ReplayError { line: index + 1, reason: error.to_string() })?;
            replay.next(&event).map_err(|reason| ReplayError { line: index + 1, reason })?;
        }
        Ok(replay)
    }

    /// What the statistics of a pool, by its number, must be after these events. None: there was no such pool.
    #[must_use]
    pub fn stats(&self, pool: u64) -> Option<PoolStats> {
        self.lane(pool).map(Lane::stats)
    }

    /// What the statistics of all pools together must be after these events.
    #[must_use]
    pub fn totals(&self) -> PoolStats {
        let mut totals = PoolStats::new(Counts::default(), self.cap.concurrency.into());
        self.lanes.iter().for_each(|lane| lane.add_to(&mut totals));
        totals
    }

    fn play(mut self, events: &[Event]) -> Result<Self, ReplayError> {
        for (index, event) in events.iter().enumerate() {
            self.next(event).map_err(|reason| ReplayError { line: index + 1, reason })?;
        }
        Ok(self)
    }

    fn lane(&self, pool: u64) -> Option<&Lane> {
        self.lanes.get(usize::try_from(pool).ok()?.checked_sub(1)?)
    }
}

/// Why an event cannot have happened.
type Impossible = Result<(), String>;

/// Refuses what does not hold.
fn check(holds: bool, reason: impl FnOnce() -> String) -> Impossible {
    if holds { Ok(()) } else { Err(reason()) }
}

/// One event after the other.
impl Replay {
    fn next(&mut self, event: &Event) -> Impossible {
        check(event.number == self.events + 1, || format!("event {} stands where event {} belongs", event.number, self.events + 1))?;
        check(event.at >= self.at, || format!("time runs back from {:?} to {:?}", self.at, event.at))?;
        (self.events, self.at) = (event.number, event.at);
        match (event.pool, event.task) {
            (None, None) => self.over_all(event.kind),
            (Some(pool), None) => self.of_pool(pool, event.kind),
            (Some(pool), Some(task)) => self.of_task(pool, task, event.kind),
            (None, Some(_)) => Err("a task belongs to a pool".to_owned()),
        }
    }

    fn over_all(&mut self, kind: EventKind) -> Impossible {
        match kind {
            EventKind::Opened { concurrency } => {
                check(self.events == 1, || "the cap over all comes first".to_owned())?;
                self.cap = Lane::new(concurrency);
            }
            EventKind::Resized { concurrency } => self.cap.concurrency = bound(concurrency),
            kind => return Err(format!("{kind:?} cannot be of all pools")),
        }
        Ok(())
    }

    fn of_pool(&mut self, pool: u64, kind: EventKind) -> Impossible {
        if let EventKind::Opened { concurrency } = kind {
            check(pool == self.lanes.len() as u64 + 1, || format!("pool {} comes next, not {pool}", self.lanes.len() + 1))?;
            self.lanes.push(Lane::new(concurrency));
            return Ok(());
        }
        self.lane_mut(pool)?.change(kind).map_err(|reason| format!("pool {pool} {reason}"))
    }

    fn of_task(&mut self, pool: u64, task: u64, kind: EventKind) -> Impossible {
        match kind {
            EventKind::Submitted { priority, weight } => {
                check(task == self.tasks + 1, || format!("task {} comes next, not {task}", self.tasks + 1))?;
                self.tasks = task;
                let stay = Stay { pool, task, priority, weight, running: false };
                self.lane_mut(pool)?.submit(&stay).map_err(|reason| format!("pool {pool} {reason}"))?;
                self.stays.insert(task, stay);
            }
            EventKind::Started => self.start(pool, task)?,
            EventKind::Settled(outcome) => {
                let stay = self.stay(pool, task)?;
                self.lane_mut(pool)?.settle(&stay, outcome).map_err(|reason| format!("task {task} {reason}"))?;
                self.cap.used -= if stay.running { u64::from(stay.weight) } else { 0 };
                self.stays.remove(&task);
            }
            EventKind::Reprioritised { priority } => {
                let mut stay = self.stay(pool, task)?;
                self.lane_mut(pool)?.move_to(&mut stay, priority).map_err(|reason| format!("task {task} {reason}"))?;
                self.stays.insert(task, stay);
            }
            kind => return Err(format!("{kind:?} cannot be of a task")),
        }
        Ok(())
    }

    fn start(&mut self, pool: u64, task: u64) -> Impossible {
        let mut stay = self.stay(pool, task)?;
        let (cap, any_order) = (self.cap.concurrency, self.any_order);
        self.lane_mut(pool)?.start(&mut stay, cap, any_order)?;
        self.cap.used += u64::from(stay.weight);
        let cap = &self.cap;
        check(cap.fits(), || format!("all pools run {}, the cap over them is {}", cap.used, cap.limit()))?;
        self.stays.insert(task, stay);
        Ok(())
    }

    fn lane_mut(&mut self, pool: u64) -> Result<&mut Lane, String> {
        let index = usize::try_from(pool).ok().and_then(|pool| pool.checked_sub(1));
        index.and_then(|index| self.lanes.get_mut(index)).ok_or_else(|| format!("pool {pool} was never opened"))
    }

    /// A task that was accepted and has not settled.
    fn stay(&self, pool: u64, task: u64) -> Result<Stay, String> {
        let stay = self.stays.get(&task).copied().ok_or_else(|| match task <= self.tasks {
            true => format!("task {task} has settled"),
            false => format!("task {task} was never submitted"),
        })?;
        check(stay.pool == pool, || format!("task {task} is of pool {}, not {pool}", stay.pool))?;
        Ok(stay)
    }
}

fn bound(concurrency: Concurrency) -> Limit {
    Limit::checked("concurrency", concurrency).unwrap_or(Limit::UNLIMITED)
}

/// An event that cannot have happened after those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayError {
    line: usize,
    reason: String,
}

impl ReplayError {
    /// Which line of the trace, or which event, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for ReplayError {}
