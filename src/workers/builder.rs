//! How workers are described and started.

use std::fmt;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use futures::future::select;

use super::counter::{Counter, RunCounts};
use super::crew::{Crew, Rules};
use super::error::{RunError, StartError};
use super::job::JobOutput;
use super::layer::{Layer, stack};
use super::{WorkerContext, Workers};
use crate::error::OptionError;
use crate::executor::LocalExecutor;
use crate::limit::{Concurrency, Limit};

/// Describes [`Workers`]; see [`Workers::builder`].
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, Workers};
///
/// let ex = LocalExecutor::new();
/// let refused = Workers::builder(&ex).max(2).initial(5).start(|| async |_cx| {}).unwrap_err();
/// assert_eq!(refused.to_string(), "initial: 5 is refused, use min to max");
/// ```
#[must_use = "a builder does nothing until `start` or `run`"]
pub struct WorkersBuilder {
    executor: LocalExecutor,
    min: u32,
    max: Concurrency,
    initial: Option<u32>,
    stop_on_error: bool,
    layers: Vec<Box<dyn Layer>>,
}

/// Describing.
impl WorkersBuilder {
    pub(super) fn new(executor: &LocalExecutor) -> Self {
        let executor = executor.clone();
        Self { executor, min: 0, max: Concurrency::Unlimited, initial: None, stop_on_error: false, layers: Vec::new() }
    }

    /// How many workers [`less`](Workers::less) leaves: 0 or more. Default: 0.
    pub fn min(mut self, min: u32) -> Self {
        self.min = min;
        self
    }

    /// How many workers there may be: 1 or more, and not below `min`. Default: [`Concurrency::Unlimited`].
    pub fn max(mut self, max: impl Into<Concurrency>) -> Self {
        self.max = max.into();
        self
    }

    /// How many workers there are from the start: from `min` to `max`; 0 starts paused. Default: `min`, or 1 if that is 0.
    pub fn initial(mut self, initial: u32) -> Self {
        self.initial = Some(initial);
        self
    }

    /// Whether the first error of a run, or its panic, stops all workers. A cancellation is no error. Default: no, the job is run again.
    pub fn stop_on_error(mut self, stop: bool) -> Self {
        self.stop_on_error = stop;
        self
    }

    /// Wraps the job of each worker in one more layer, inside those that were added before: the first is outermost.
    pub fn layer(mut self, layer: impl Layer + 'static) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// The rules and the number to begin with.
    fn checked(&self) -> Result<(Rules, u32), OptionError> {
        let max = Limit::checked("max", self.max)?;
        if max.get() < self.min {
            return Err(OptionError::new("max", max.get(), "use min or more, or Concurrency::Unlimited"));
        }
        let initial = self.initial.unwrap_or_else(|| self.min.max(1));
        if initial < self.min || initial > max.get() {
            return Err(OptionError::new("initial", initial, "use min to max"));
        }
        Ok((Rules { min: self.min, max, stop_on_error: self.stop_on_error }, initial))
    }
}

/// Starting.
impl WorkersBuilder {
    /// Starts the workers and gives a handle of them. `build` is called once for each worker, now and by [`more`](Workers::more), and gives
    /// the worker its own job: a closure that is called again and again and keeps its state, also after an error.
    ///
    /// All initial workers are there when it returns, in the order of their numbers; they begin when the executor is next driven.
    ///
    /// # Errors
    /// [`StartError`]: an option was refused, before anything was called; or `build` or a layer panicked. Nothing is left of the attempt.
    pub fn start<J, O>(self, build: impl FnMut() -> J + 'static) -> Result<Workers, StartError>
    where
        J: AsyncFnMut(WorkerContext) -> O + 'static,
        O: JobOutput + 'static,
    {
        let (rules, initial) = self.checked()?;
        let counter = Counter::new();
        let mut build = stack(build, counter.clone(), self.layers);
        let jobs = catch_unwind(AssertUnwindSafe(|| (0..initial).map(|_| build()).collect())).map_err(StartError::Panicked)?;
        Ok(Workers::of(&Crew::new(&self.executor, rules, counter, build, jobs)))
    }

    /// Runs the workers until this future is dropped or an error of a run stops them. See [`run_until`](Self::run_until).
    ///
    /// # Errors
    /// As [`run_until`](Self::run_until).
    ///
    /// # Cancel safety
    /// As [`run_until`](Self::run_until).
    pub async fn run<J, O>(self, build: impl FnMut() -> J + 'static) -> Result<RunCounts, RunError>
    where
        J: AsyncFnMut(WorkerContext) -> O + 'static,
        O: JobOutput + 'static,
    {
        self.run_until(pending::<()>(), build).await
    }

    /// Runs the workers until `stop` is ready or an error of a run stops them; then closes them and waits for all, however long it takes.
    ///
    /// They start at the first poll, as by [`start`](Self::start).
    ///
    /// # Errors
    /// [`RunError`]: they did not start, or an error of a run stopped them, or came while they closed.
    ///
    /// # Cancel safety
    /// Dropped: the workers are cancelled; what runs comes to its end while the executor is driven.
    ///
    /// # Examples
    /// ```
    /// use millpond::workers::Pause;
    /// use millpond::{LocalExecutor, ManualClock, Workers};
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// let builder = Workers::builder(&ex).initial(3).layer(Pause::between(second));
    /// let report = ex.block_on(builder.run_until(ex.sleep(second * 10 - second / 2), || async |_cx| {}))?;
    /// assert_eq!(report.succeeded, 3 * 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn run_until<J, O>(self, stop: impl Future, build: impl FnMut() -> J + 'static) -> Result<RunCounts, RunError>
    where
        J: AsyncFnMut(WorkerContext) -> O + 'static,
        O: JobOutput + 'static,
    {
        let workers = self.start(build)?;
        select(workers.ended(), pin!(stop)).await;
        // Without a limit it is not an error of time.
        let _ended: Result<_, _> = workers.close().await;
        Ok(workers.crew().verdict()?)
    }
}

impl fmt::Debug for WorkersBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, max, initial, stop_on_error, layers, .. } = self;
        let mut out = f.debug_struct("WorkersBuilder");
        out.field("min", min).field("max", max).field("initial", initial).field("stop_on_error", stop_on_error);
        out.field("layers", &layers.len()).finish_non_exhaustive()
    }
}
