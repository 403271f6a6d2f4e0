//! One pool of a replay: its line, its permits, its counters.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Impossible, bound, check};
use crate::error::Timeout;
use crate::event::{EventKind, Rejection, TaskOutcome};
use crate::limit::{Concurrency, Limit};
use crate::pool::PoolStats;
use crate::priority::Priority;
use crate::state::Counts;

/// A task that has not settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stay {
    pub(super) pool: u64,
    pub(super) task: u64,
    pub(super) priority: Priority,
    pub(super) weight: u32,
    pub(super) running: bool,
}

impl Stay {
    /// Its place in line: the smaller, the sooner.
    const fn place(&self) -> (Reverse<Priority>, u64) {
        (Reverse(self.priority), self.task)
    }
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) concurrency: Limit,
    /// Permits in use.
    pub(super) used: u64,
    line: BTreeSet<(Reverse<Priority>, u64)>,
    counted: PoolStats,
    paused: bool,
    closed: bool,
    expired: bool,
}

impl Default for Lane {
    fn default() -> Self {
        Self::new(Concurrency::Unlimited)
    }
}

impl Lane {
    pub(super) fn new(concurrency: Concurrency) -> Self {
        let counted = PoolStats::new(Counts::default(), concurrency);
        Self { concurrency: bound(concurrency), used: 0, line: BTreeSet::new(), counted, paused: false, closed: false, expired: false }
    }

    pub(super) fn stats(&self) -> PoolStats {
        PoolStats { concurrency: self.concurrency.into(), ..self.counted }
    }

    pub(super) fn add_to(&self, totals: &mut PoolStats) {
        let counted = &self.counted;
        totals.submitted += counted.submitted;
        totals.waiting += counted.waiting;
        totals.running += counted.running;
        totals.succeeded += counted.succeeded;
        totals.failed += counted.failed;
        totals.panicked += counted.panicked;
        totals.cancelled += counted.cancelled;
        totals.timed_out += counted.timed_out;
        totals.dropped += counted.dropped;
        totals.rejected += counted.rejected;
    }

    pub(super) fn limit(&self) -> String {
        match self.concurrency.into() {
            Concurrency::AtMost(count) => count.to_string(),
            Concurrency::Unlimited => "unlimited".to_owned(),
        }
    }

    pub(super) fn fits(&self) -> bool {
        self.concurrency == Limit::UNLIMITED || self.used <= self.concurrency.get().into()
    }

    fn is_empty(&self) -> bool {
        self.counted.waiting == 0 && self.counted.running == 0
    }
}

/// What happens in it; the reason is what comes after its name, or that of its task.
impl Lane {
    pub(super) fn change(&mut self, kind: EventKind) -> Impossible {
        check(!self.expired, || "has expired".to_owned())?;
        match kind {
            EventKind::Resized { concurrency } => self.concurrency = bound(concurrency),
            EventKind::Paused => {
                check(!self.paused, || "is paused already".to_owned())?;
                self.paused = true;
            }
            EventKind::Resumed => {
                check(self.paused, || "is not paused".to_owned())?;
                self.paused = false;
            }
            EventKind::Closed => {
                check(!self.closed, || "is closed already".to_owned())?;
                self.closed = true;
            }
            EventKind::Rejected(reason) => {
                check(self.closed == (reason == Rejection::Closed), || format!("cannot reject as {reason}"))?;
                self.counted.rejected += 1;
            }
            EventKind::Drained => check(self.closed && self.is_empty(), || "is not drained".to_owned())?,
            EventKind::Aged => {}
            EventKind::Expired => {
                check(self.is_empty(), || "expires with tasks".to_owned())?;
                self.expired = true;
            }
            kind => return Err(format!("cannot have {kind:?}")),
        }
        Ok(())
    }

    pub(super) fn submit(&mut self, stay: &Stay) -> Impossible {
        check(!self.closed && !self.expired, || format!("takes task {} after its end", stay.task))?;
        self.line.insert(stay.place());
        self.counted.submitted += 1;
        self.counted.waiting += 1;
        Ok(())
    }

    /// What is heavier than a limit takes all of it.
    pub(super) fn start(&mut self, stay: &mut Stay, cap: Limit, any_order: bool) -> Impossible {
        check(!stay.running, || format!("task {} has started", stay.task))?;
        check(!self.paused, || format!("task {} starts in a paused pool", stay.task))?;
        let first = self.line.first().map(|(_, task)| *task);
        check(any_order || first == Some(stay.task), || format!("task {} starts before task {}", stay.task, first.unwrap_or_default()))?;
        stay.weight = stay.weight.min(self.concurrency.get()).min(cap.get());
        self.used += u64::from(stay.weight);
        check(self.fits(), || format!("pool {} runs {}, its concurrency is {}", stay.pool, self.used, self.limit()))?;
        self.leave_line(stay);
        self.counted.running += 1;
        stay.running = true;
        Ok(())
    }

    pub(super) fn settle(&mut self, stay: &Stay, outcome: TaskOutcome) -> Impossible {
        check(may_end(stay.running, outcome), || {
            format!("cannot end as {outcome} while it {}", if stay.running { "runs" } else { "waits" })
        })?;
        if stay.running {
            self.used -= u64::from(stay.weight);
            self.counted.running -= 1;
        } else {
            self.leave_line(stay);
        }
        *self.counter(outcome) += 1;
        Ok(())
    }

    pub(super) fn move_to(&mut self, stay: &mut Stay, priority: Priority) -> Impossible {
        check(!stay.running, || "runs and is in no line".to_owned())?;
        self.line.remove(&stay.place());
        stay.priority = priority;
        self.line.insert(stay.place());
        Ok(())
    }

    fn leave_line(&mut self, stay: &Stay) {
        self.line.remove(&stay.place());
        self.counted.waiting -= 1;
    }

    const fn counter(&mut self, outcome: TaskOutcome) -> &mut u64 {
        match outcome {
            TaskOutcome::Succeeded => &mut self.counted.succeeded,
            TaskOutcome::Failed => &mut self.counted.failed,
            TaskOutcome::Panicked => &mut self.counted.panicked,
            TaskOutcome::Cancelled | TaskOutcome::Closed => &mut self.counted.cancelled,
            TaskOutcome::TimedOut(_) => &mut self.counted.timed_out,
            TaskOutcome::Dropped => &mut self.counted.dropped,
        }
    }
}

/// Whether a task can end like that while it runs, or while it waits.
const fn may_end(running: bool, outcome: TaskOutcome) -> bool {
    match outcome {
        TaskOutcome::Succeeded | TaskOutcome::Failed | TaskOutcome::Panicked | TaskOutcome::TimedOut(Timeout::Run) => running,
        TaskOutcome::Dropped | TaskOutcome::TimedOut(Timeout::Queue) => !running,
        TaskOutcome::Cancelled | TaskOutcome::Closed | TaskOutcome::TimedOut(Timeout::Total | Timeout::Deadline) => true,
    }
}
