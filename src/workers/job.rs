//! A job: what a worker runs again and again, with its types and its layers forgotten.

use std::error::Error;
use std::fmt;
use std::pin::Pin;

use super::context::WorkerContext;
use super::error::WorkError;

/// A run of a [`Job`]: a boxed future. Dropped, the job stops where it awaits.
pub type JobRun<'job> = Pin<Box<dyn Future<Output = Result<(), WorkError>> + 'job>>;

/// What one worker runs: a function of its own that may keep state from run to run, in the layers it was wrapped in.
///
/// Made from any asynchronous closure over a [`WorkerContext`], or a closure that gives a future; what that gives is a [`JobOutput`].
/// A [`Layer`](super::Layer) takes one and gives another.
///
/// # Cost
/// One allocation per run, of the job as of each layer around it.
///
/// # Source
/// tower's boxed services; the job builders and middleware of worker pools.
///
/// # Examples
/// ```
/// use millpond::workers::Job;
///
/// let mut runs = 0;
/// let job = Job::new(async move |cx| {
///     runs += 1;
///     if cx.is_cancelled() { Err("no time") } else { Ok(()) }
/// });
/// # drop(job);
/// ```
pub struct Job(Box<dyn Run>);

impl Job {
    /// Makes a job of a closure.
    pub fn new<O: JobOutput + 'static>(call: impl AsyncFnMut(WorkerContext) -> O + 'static) -> Self {
        Self(Box::new(Call(call)))
    }

    /// Runs it once.
    ///
    /// # Cancel safety
    /// Dropped: the closure's future is dropped where it awaits. The job can be run again.
    pub fn run(&mut self, cx: WorkerContext) -> JobRun<'_> {
        self.0.run(cx)
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job(..)")
    }
}

trait Run {
    fn run(&mut self, cx: WorkerContext) -> JobRun<'_>;
}

struct Call<F>(F);

impl<O: JobOutput + 'static, F: AsyncFnMut(WorkerContext) -> O + 'static> Run for Call<F> {
    /// The closure is called inside the future, so that its panic is one of the run.
    fn run(&mut self, cx: WorkerContext) -> JobRun<'_> {
        Box::pin(async move { (self.0)(cx).await.into_result() })
    }
}

/// What a job may give: nothing, if it cannot fail, or a `Result<(), E>` with any error.
///
/// An error that is a [`WorkError`] stays one, also behind `?` into a `Box<dyn Error>`: a job tells that it was cancelled, and did not
/// fail, by [`WorkError::Cancelled`].
pub trait JobOutput {
    /// Success, or why not.
    fn into_result(self) -> Result<(), WorkError>;
}

impl JobOutput for () {
    fn into_result(self) -> Result<(), WorkError> {
        Ok(())
    }
}

impl<E: Into<Box<dyn Error>>> JobOutput for Result<(), E> {
    fn into_result(self) -> Result<(), WorkError> {
        self.map_err(WorkError::new)
    }
}
