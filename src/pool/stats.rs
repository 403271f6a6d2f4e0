//! A snapshot of what became of a pool's tasks.

use crate::limit::Concurrency;
use crate::state::{Counter, Counts};

/// The counters of a pool at one instant.
///
/// Always: `submitted = waiting + running + succeeded + failed + panicked + cancelled + timed_out + dropped`.
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, Pool};
///
/// let ex = LocalExecutor::new();
/// let pool = Pool::builder(&ex).concurrency(1).build()?;
/// let (_first, second) = (pool.try_submit(async {})?, pool.try_submit(async {})?);
/// second.cancel();
/// ex.run_until_idle();
/// let stats = pool.stats();
/// assert_eq!((stats.submitted, stats.succeeded, stats.cancelled, stats.waiting), (2, 1, 1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// How many may run at once.
    pub concurrency: Concurrency,
    /// Tasks accepted so far.
    pub submitted: u64,
    /// Accepted, not started.
    pub waiting: u64,
    /// Started, not ended: each holds a permit.
    pub running: u64,
    /// Ended with their output, whatever it was.
    pub succeeded: u64,
    /// Ended with an error that the pool could see: of a [`Group`](crate::Group), a [`TryMap`](crate::TryMap), or a
    /// [fallible](crate::TaskBuilder::fallible) task. Other outputs are none of its business.
    pub failed: u64,
    /// Ended by a panic.
    pub panicked: u64,
    /// Cancelled while waiting or running, by their handle, by close, or with the executor.
    pub cancelled: u64,
    /// Ended because one of their clocks ran out.
    pub timed_out: u64,
    /// Taken out of a full line for the sake of another.
    pub dropped: u64,
    /// Never accepted, because the line was full or the pool closed. Not part of `submitted`.
    pub rejected: u64,
}

impl PoolStats {
    pub(crate) fn new(counts: Counts, concurrency: Concurrency) -> Self {
        Self {
            concurrency,
            submitted: counts.get(Counter::Submitted),
            waiting: counts.get(Counter::Waiting),
            running: counts.get(Counter::Running),
            succeeded: counts.get(Counter::Succeeded),
            failed: counts.get(Counter::Failed),
            panicked: counts.get(Counter::Panicked),
            cancelled: counts.get(Counter::Cancelled),
            timed_out: counts.get(Counter::TimedOut),
            dropped: counts.get(Counter::Dropped),
            rejected: counts.get(Counter::Rejected),
        }
    }
}
