//! A snapshot of what became of a queue's jobs.

use super::delivery::DeliveryTally;
use crate::limit::Concurrency;
use crate::pool::PoolStats;

/// The counters of a queue at one instant.
///
/// Always: `submitted = waiting + running + succeeded + failed + panicked + cancelled`.
///
/// # Examples
/// ```
/// use millpond::{Concurrency, JobQueue, LocalExecutor};
///
/// let ex = LocalExecutor::new();
/// let queue = JobQueue::builder(&ex).workers(1..=3).build(|_| async |_: ()| Err::<(), _>("no"))?;
/// queue.try_submit(())?;
/// queue.try_submit(())?;
/// assert_eq!((queue.stats().workers, queue.stats().handlers), (Concurrency::AtMost(2), 0));
/// ex.run_until_idle();
/// let stats = queue.stats();
/// assert_eq!((stats.submitted, stats.failed, stats.handlers), (2, 2, 1)); // the first was idle again before the second started
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStats {
    /// How many workers there are now.
    pub workers: Concurrency,
    /// How many of them have a handler: each that has had a job to do, until it goes.
    pub handlers: usize,
    /// Jobs accepted so far.
    pub submitted: u64,
    /// Accepted, not started.
    pub waiting: u64,
    /// Started, not ended.
    pub running: u64,
    /// Ended with a result.
    pub succeeded: u64,
    /// Ended with an error of their handler.
    pub failed: u64,
    /// Ended by a panic of their handler, or of the generator for them.
    pub panicked: u64,
    /// Cancelled while waiting or running, by whoever ran them, by close, or with the executor.
    pub cancelled: u64,
    /// Never accepted, because the queue was full or closed. Not part of `submitted`.
    pub rejected: u64,
    /// Kept for readers that have not read them yet.
    pub unread: usize,
    /// Dropped because nobody read them and newer ones came. Counted in an outcome as well.
    pub missed: u64,
}

impl QueueStats {
    pub(super) const fn new(pool: &PoolStats, handlers: usize, delivery: DeliveryTally) -> Self {
        Self {
            workers: pool.concurrency,
            handlers,
            submitted: pool.submitted,
            waiting: pool.waiting,
            running: pool.running,
            succeeded: pool.succeeded,
            failed: pool.failed,
            panicked: pool.panicked,
            cancelled: pool.cancelled,
            rejected: pool.rejected,
            unread: delivery.unread,
            missed: delivery.missed,
        }
    }
}
