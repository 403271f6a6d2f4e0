//! Workers: one job, run by several workers again and again until they are stopped, with middleware around each run.
//!
//! Not a queue: nobody submits anything. For tasks that come from outside see [`Pool`](crate::Pool).
//!
//! ```text
//!  WorkersBuilder ──> start ──> Workers ──> crew ─┬─> worker   one executor task each: run, give way, run, …
//!        │                        │               └─> ended    all are gone
//!        └─> layers, job builder  └─> more, less, close, abort
//!
//!  one run:  worker ─> first layer ─> … ─> last layer ─> job
//!                      Counter, Elapsed, Retry, Pause, Rate, Timeout, CatchPanic, or your own
//! ```
//!
//! At no instant do more than `max` runs of the job itself go on, workers that were removed included. A run is never cut short, except by a
//! [`Timeout`] and by [`Workers::abort`]: it is told by its [`WorkerContext`] that it should end.

mod builder;
mod catch_panic;
mod close;
mod context;
mod counter;
mod crew;
mod elapsed;
mod error;
mod job;
mod layer;
mod pause;
mod rate;
mod retry;
mod signal;
mod timeout;
mod worker;

use std::fmt;
use std::rc::Rc;

pub use builder::WorkersBuilder;
pub use catch_panic::CatchPanic;
pub use close::Ending;
pub use context::WorkerContext;
pub use counter::{Counter, RunCounts};
pub use elapsed::{Elapsed, RunTimes};
pub use error::{EndError, LessError, MoreError, RunError, StartError, TripError, WorkError};
pub use job::{Job, JobOutput, JobRun};
pub use layer::Layer;
pub use pause::Pause;
pub use rate::Rate;
pub use retry::Retry;
pub use timeout::Timeout;

use crate::executor::LocalExecutor;
use crew::Crew;

/// Workers that run one job again and again, until they are stopped.
///
/// Clones are handles of the same workers. When the last one is dropped the workers are cancelled, as by [`close`](Self::close), and what
/// runs comes to its end while the executor is driven.
///
/// # Order
/// Workers take turns in the order in which they became ready. A job that is always ready gives way after each run and starves nobody.
///
/// # Settling
/// Whoever waits for the end is told, also when the executor is dropped: then the runs are dropped, and count as cancelled.
///
/// # Panics
/// A panic of a job is caught; it counts as an error of that run, and the worker goes on with its next run unless errors stop it. On wasm a
/// panic aborts the module.
///
/// # Cost
/// One executor task per worker, two allocations per run and one for each layer. Nothing is polled and no timer exists but for what the job and its
/// layers wait for. [`more`](Self::more), [`less`](Self::less) and [`current`](Self::current) are O(workers).
///
/// # Source
/// Pools that run one job non-stop; the middleware is tower's idea.
///
/// # Examples
/// ```
/// use millpond::workers::{Counter, Elapsed, Pause, Retry};
/// use millpond::{LocalExecutor, ManualClock, Workers};
/// use std::time::Duration;
///
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let (counter, elapsed) = (Counter::new(), Elapsed::new());
/// let workers = Workers::builder(&ex)
///     .min(1)
///     .max(3)
///     .stop_on_error(true)
///     .layer(counter.clone())
///     .layer(Pause::between(Duration::from_secs(2)))
///     .layer(Retry::exponential(3))
///     .layer(elapsed.clone())
///     .start(|| {
///         let mut sum = 0; // each worker has its own
///         async move |cx| {
///             sum += cx.run();
///             cx.sleep(Duration::from_secs(1)).await
///         }
///     })?;
/// workers.more()?;
/// ex.advance(Duration::from_secs(30))?;
/// assert_eq!((counter.snapshot().succeeded, elapsed.snapshot().average()), (20, Duration::from_secs(1)));
/// workers.less()?;
/// let report = ex.block_on(workers.close().within(Duration::from_secs(5)))?;
/// assert_eq!(report.failed, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Workers {
    handle: Rc<Handle>,
}

/// What all handles share; its drop is the drop of the last one.
struct Handle {
    crew: Rc<Crew>,
}

impl Workers {
    /// Starts to describe workers on an executor. See [`WorkersBuilder`].
    pub fn builder(executor: &LocalExecutor) -> WorkersBuilder {
        WorkersBuilder::new(executor)
    }

    fn of(crew: &Rc<Crew>) -> Self {
        Self { handle: Rc::new(Handle { crew: Rc::clone(crew) }) }
    }

    fn crew(&self) -> &Rc<Crew> {
        &self.handle.crew
    }
}

/// Steering them.
impl Workers {
    /// Adds a worker and gives its number. It begins when the executor is next driven.
    ///
    /// # Errors
    /// [`MoreError`], at once: there are `max`, counting those that were removed and are still in their last run; or they are closed; or
    /// the builder of the job panicked, or called this itself.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{LocalExecutor, Workers, workers::MoreError};
    /// # let ex = LocalExecutor::new();
    /// let workers = Workers::builder(&ex).max(2).start(|| async |cx| cx.cancelled().await)?;
    /// assert_eq!(workers.more()?, 1);
    /// assert!(matches!(workers.more(), Err(MoreError::AtMax { max: 2, leaving: 0 })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn more(&self) -> Result<u64, MoreError> {
        self.crew().more()
    }

    /// Removes a worker and gives its number: the newest that is idle, else the newest, whose run is told to come to its end.
    ///
    /// A worker is idle while the job itself does not run: before its first run, between runs, and while a layer pauses, or waits to retry. It
    /// leaves room at once; one that runs leaves room when its run has ended.
    ///
    /// # Errors
    /// [`LessError`]: there are only `min`, or they are closed.
    pub fn less(&self) -> Result<u64, LessError> {
        self.crew().less()
    }

    /// How many workers there are, without those that were removed; 0 once they are closed.
    #[must_use]
    pub fn current(&self) -> usize {
        self.crew().current()
    }

    /// What became of every run of the job itself so far; it adds up at every instant. A retry is a run of its own here.
    #[must_use]
    pub fn stats(&self) -> RunCounts {
        self.crew().counts()
    }

    /// Cancels all workers, from this very call on; await it to wait until all have ended.
    ///
    /// Idempotent, and can be awaited again and again. See [`Ending`].
    pub fn close(&self) -> Ending {
        self.crew().close();
        Ending::new(self.crew(), None)
    }

    /// Whether they were closed, or stopped by an error, or their executor is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.crew().is_closed()
    }

    /// Waits until all workers have ended, without closing them: because an error stopped them or another handle closed them.
    pub fn ended(&self) -> Ending {
        Ending::new(self.crew(), Some(self.clone()))
    }

    /// Closes, and drops every run where it awaits; says how many workers there were. For those that do not hear that they are cancelled.
    ///
    /// All have ended when it returns, except one that calls this from its own run: that one ends when it next awaits.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{LocalExecutor, Workers};
    /// # let ex = LocalExecutor::new();
    /// let workers = Workers::builder(&ex).initial(2).start(|| async |_| std::future::pending::<()>().await)?;
    /// ex.run_until_idle();
    /// assert_eq!(workers.abort(), 2);
    /// assert_eq!(ex.block_on(workers.close())?.cancelled, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn abort(&self) -> usize {
        self.crew().abort()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.crew.close();
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("current", &self.current()).field("stats", &self.stats()).finish_non_exhaustive()
    }
}
