//! What happens in a pool, as plain values and as lines of text: for whoever observes it, writes it down, or checks it afterwards.
//!
//! ```text
//!  pool ──> Event ──> listeners      on_event of a builder
//!              ├────> EventLog       keeps them, all or the latest
//!              └────> text           one line each, and back; Replay checks them
//! ```

mod log;
mod text;

use std::time::Duration;

pub use log::EventLog;
pub use text::ParseEventError;

use crate::error::Timeout;
use crate::limit::Concurrency;
use crate::priority::Priority;

/// One thing that happened in a pool, or in one of a manager's pools.
///
/// # Order
/// Every observer of a pool is told of every event, one after the other, in the order in which they happened; [`number`](Self::number)
/// counts them. What an observer causes by itself is told of afterwards.
///
/// # Text
/// `Display` writes one line, and `FromStr` reads it; the format is stable. Its words are separated by single spaces:
///
/// ```text
/// <number> <seconds>.<nine digits> pool=<number|all> [task=<number>] <what> [<details>]
///
/// what, with details:
///   opened concurrency=<count|unlimited>      resized concurrency=<count|unlimited>
///   submitted priority=<class> [weight=<n>]   reprioritised priority=<class>      class: low normal high critical
///   started                                   rejected <full|closed>
///   settled <succeeded|failed|panicked|cancelled|closed|dropped|queue_timeout|run_timeout|total_timeout|deadline>
///   paused   resumed   closed   drained   aged   expired
/// ```
///
/// # Examples
/// ```
/// use millpond::{Event, EventKind, Priority};
///
/// let line = "7 1.500000000 pool=1 task=3 submitted priority=high";
/// let event: Event = line.parse()?;
/// assert_eq!((event.number, event.pool, event.task), (7, Some(1), Some(3)));
/// assert_eq!(event.kind, EventKind::Submitted { priority: Priority::High, weight: 1 });
/// assert_eq!(event.to_string(), line);
/// # Ok::<(), millpond::ParseEventError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its place among the events of its pool, or of all pools of its manager: 1, 2, 3 and so on, without a hole.
    pub number: u64,
    /// When it happened, by the executor's clock.
    pub at: Duration,
    /// Which pool, numbered from 1 in the order in which they were opened; the only pool of its kind is 1. None: all pools of a manager together.
    pub pool: Option<u64>,
    /// Which task, numbered from 1 in the order in which they were accepted, by whatever pool of a manager. None: it is about no task.
    pub task: Option<u64>,
    /// What happened.
    pub kind: EventKind,
}

/// What happened; see [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A pool is there. Of all pools together: the manager is, with a cap over all.
    Opened {
        /// How many may run at once.
        concurrency: Concurrency,
    },
    /// A task was accepted. It starts at once, which is another event, or waits in line.
    Submitted {
        /// Its class.
        priority: Priority,
        /// How many units of the concurrency it takes while it runs, unless that is more than there are.
        weight: u32,
    },
    /// A task left the line with its permit, to run.
    Started,
    /// A task ended.
    Settled(TaskOutcome),
    /// Something was not accepted, and so never was a task.
    Rejected(Rejection),
    /// A waiting task changed its class.
    Reprioritised {
        /// The new one.
        priority: Priority,
    },
    /// The limit changed.
    Resized {
        /// How many may run at once from now on.
        concurrency: Concurrency,
    },
    /// Nothing starts from now on.
    Paused,
    /// What waits starts again.
    Resumed,
    /// Nothing is accepted from now on.
    Closed,
    /// A closed pool has no task any more.
    Drained,
    /// A manager's pool is over its lifetime while it is in use.
    Aged,
    /// A manager's pool is gone, because nobody used it or its lifetime was over.
    Expired,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskOutcome {
    /// With its output, whatever it was.
    Succeeded,
    /// With an error that the pool could see.
    Failed,
    /// By a panic, its own or that of its drop.
    Panicked,
    /// It was cancelled.
    Cancelled,
    /// Its executor is gone. Counted as cancelled.
    Closed,
    /// One of its clocks ran out.
    TimedOut(Timeout),
    /// It was taken out of a full line for the sake of another.
    Dropped,
}

/// Why something was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// The line was full, or others waited for room in it.
    Full,
    /// The pool was closed.
    Closed,
}
