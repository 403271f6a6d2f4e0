//! What a run is told: which worker it is of, whether it is cancelled, what time it is.

use std::fmt;
use std::future::{Pending, pending};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, select};

use super::error::WorkError;
use super::worker::Worker;
use crate::executor::{LocalExecutor, Sleep};

/// The context of one run of a job, for the job and its layers. Clones are of the same run.
///
/// It is cancelled when its worker is removed by [`less`](super::Workers::less), when the workers are closed, and when one of them
/// stops all by an error. A run is told so and comes to its end by itself; only [`abort`](super::Workers::abort) drops it.
///
/// # Examples
/// ```
/// use millpond::workers::{WorkError, WorkerContext};
/// use std::time::Duration;
///
/// async fn poll_the_sensor(cx: WorkerContext) -> Result<(), WorkError> {
///     cx.sleep(Duration::from_secs(1)).await?; // over at once when the worker is cancelled
///     println!("run {} of worker {} at {:?}", cx.run(), cx.worker(), cx.now());
///     Ok(())
/// }
/// # let ex = millpond::LocalExecutor::with_clock(millpond::ManualClock::new());
/// # let workers = millpond::Workers::builder(&ex).start(|| poll_the_sensor)?;
/// # ex.advance(Duration::from_secs(2))?;
/// # assert_eq!(workers.stats().succeeded, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct WorkerContext {
    worker: Rc<Worker>,
    run: u64,
}

/// Who runs.
impl WorkerContext {
    pub(super) fn new(worker: &Rc<Worker>, run: u64) -> Self {
        Self { worker: Rc::clone(worker), run }
    }

    /// The number of the worker: 0 for the first, counting up, never used again.
    #[must_use]
    pub fn worker(&self) -> u64 {
        self.worker.id
    }

    /// How many runs this worker has had before.
    #[must_use]
    pub fn run(&self) -> u64 {
        self.run
    }

    /// Says that the job itself runs, until what it gives is dropped.
    pub(super) fn busy(&self) -> impl Drop + use<> {
        self.worker.busy()
    }
}

/// Whether to go on.
impl WorkerContext {
    /// Whether the run should come to its end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.worker.cancelled.is_fired()
    }

    /// Waits until the run should come to its end.
    ///
    /// # Cancel safety
    /// Dropped: nothing is left behind.
    ///
    /// # Cost
    /// O(log n) of those that wait for the same worker. Nothing is polled until then.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Unpin + use<> {
        self.worker.cancelled.fired()
    }

    /// Waits for `future`, but no longer than until the run is cancelled.
    ///
    /// # Errors
    /// [`WorkError::Cancelled`], also if `future` would be ready at the same time; `future` is dropped.
    ///
    /// # Cancel safety
    /// Dropped: `future` is dropped.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{LocalExecutor, Workers};
    /// # let ex = LocalExecutor::new();
    /// let workers = Workers::builder(&ex).start(|| async |cx| {
    ///     cx.until_cancelled(std::future::pending::<()>()).await
    /// })?;
    /// ex.run_until_idle();
    /// assert_eq!(ex.block_on(workers.close())?.cancelled, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn until_cancelled<T>(&self, future: impl Future<Output = T>) -> Result<T, WorkError> {
        match select(self.cancelled(), pin!(future)).await {
            Either::Left(((), _)) => Err(WorkError::Cancelled),
            Either::Right((output, _)) => Ok(output),
        }
    }
}

/// Time, on the executor's clock.
impl WorkerContext {
    /// What the executor's clock reads.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.worker.clock.elapsed()
    }

    /// Waits for `duration`, counted from the first poll, but no longer than until the run is cancelled.
    ///
    /// # Errors
    /// [`WorkError::Cancelled`].
    ///
    /// # Cancel safety
    /// Dropped: the deadline is gone.
    pub async fn sleep(&self, duration: Duration) -> Result<(), WorkError> {
        self.until_cancelled(self.timer(self.now().saturating_add(duration))).await
    }

    /// Waits until the executor's clock reads `at`, but no longer than until the run is cancelled. See [`sleep`](Self::sleep).
    ///
    /// # Errors
    /// [`WorkError::Cancelled`].
    ///
    /// # Cancel safety
    /// Dropped: the deadline is gone.
    pub async fn sleep_until(&self, at: Duration) -> Result<(), WorkError> {
        self.until_cancelled(self.timer(at)).await
    }

    /// Ready at `at`, cancelled or not; never if the executor is gone.
    pub(super) fn timer(&self, at: Duration) -> Either<Sleep, Pending<()>> {
        let executor: Option<LocalExecutor> = self.worker.executor.upgrade();
        executor.map_or_else(|| Either::Right(pending()), |executor| Either::Left(executor.sleep_until(at)))
    }
}

impl fmt::Debug for WorkerContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("WorkerContext");
        out.field("worker", &self.worker()).field("run", &self.run).field("is_cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}
