//! Counting runs: what has become of every one so far.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use super::catch_panic::watched;
use super::error::WorkError;
use super::job::{Job, JobRun};
use super::layer::Layer;

/// What has become of every run so far, at one instant.
///
/// `started = running + succeeded + failed + cancelled + panicked`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RunCounts {
    /// All.
    pub started: u64,
    /// Have not ended.
    pub running: u64,
    /// Ended without an error.
    pub succeeded: u64,
    /// Ended with an error, timed out ones included.
    pub failed: u64,
    /// Ended with [`WorkError::Cancelled`], or were dropped before their end.
    pub cancelled: u64,
    /// Panicked.
    pub panicked: u64,
}

impl RunCounts {
    /// All that have ended.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.succeeded + self.failed + self.cancelled + self.panicked
    }

    /// The count of those that ended like this.
    const fn of(&mut self, end: &Result<(), WorkError>) -> &mut u64 {
        match end {
            Ok(()) => &mut self.succeeded,
            Err(WorkError::Cancelled) => &mut self.cancelled,
            Err(WorkError::Panicked(_)) => &mut self.panicked,
            Err(WorkError::Failed(_) | WorkError::TimedOut(_)) => &mut self.failed,
        }
    }
}

/// A layer that counts runs. Clones count together: keep one to read it.
///
/// It counts what passes its place: outside a [`Retry`](super::Retry) a run and all its retries are one, inside it each attempt is.
/// [`Workers::stats`](super::Workers::stats) has the counts of the job itself.
///
/// A run that panics is counted, and its panic goes on; one that is dropped counts as cancelled.
///
/// # Examples
/// ```
/// use millpond::workers::Counter;
/// use millpond::{LocalExecutor, Workers};
///
/// let ex = LocalExecutor::new();
/// let counter = Counter::new();
/// let workers = Workers::builder(&ex).layer(counter.clone()).start(|| async |cx| {
///     if cx.run() == 2 { cx.cancelled().await }
///     if cx.run() == 1 { Err("odd") } else { Ok(()) }
/// })?;
/// ex.run_until_idle();
/// let counts = counter.snapshot();
/// assert_eq!((counts.started, counts.running, counts.succeeded, counts.failed), (3, 1, 1, 1));
/// # drop(workers);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Counter(Rc<Cell<RunCounts>>);

impl Counter {
    /// A counter that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The counts at this instant, which add up.
    #[must_use]
    pub fn snapshot(&self) -> RunCounts {
        self.0.get()
    }

    fn change(&self, change: impl FnOnce(&mut RunCounts)) {
        let mut counts = self.0.get();
        change(&mut counts);
        self.0.set(counts);
    }

    /// Waits for a run and counts it.
    pub(super) async fn count(&self, run: JobRun<'_>) -> Result<(), WorkError> {
        let mut counted = Counted::new(self);
        watched(run, |end| counted.end(end)).await
    }
}

impl Layer for Counter {
    fn wrap(&self, mut job: Job) -> Job {
        let counter = self.clone();
        Job::new(async move |cx| counter.count(job.run(cx)).await)
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.snapshot()).finish()
    }
}

/// A run that is counted as running until it ends, or this is dropped.
struct Counted {
    counter: Counter,
    ended: bool,
}

impl Counted {
    fn new(counter: &Counter) -> Self {
        counter.change(|counts| {
            counts.started += 1;
            counts.running += 1;
        });
        Self { counter: counter.clone(), ended: false }
    }

    fn end(&mut self, end: &Result<(), WorkError>) {
        if !std::mem::replace(&mut self.ended, true) {
            self.counter.change(|counts| {
                counts.running -= 1;
                *counts.of(end) += 1;
            });
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.end(&Err(WorkError::Cancelled));
    }
}
