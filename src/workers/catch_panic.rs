//! Panics of a run, caught.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Poll;

use super::context::WorkerContext;
use super::error::WorkError;
use super::job::{Job, JobRun};
use super::layer::Layer;

/// A layer that turns a panic of what is inside it into [`WorkError::Panicked`], for the layers outside it to see.
///
/// A worker catches panics by itself, as if this were its outermost layer. Add it where a layer should see an error instead of being
/// unwound: inside a [`Retry`](super::Retry) whose rule retries panics. On wasm it does nothing, because there a panic aborts the module.
///
/// # Source
/// `CatchPanic` of tower-http.
///
/// # Examples
/// ```
/// use millpond::workers::{CatchPanic, Retry, WorkError, WorkerContext};
/// use millpond::{LocalExecutor, ManualClock, Workers};
/// use std::time::Duration;
///
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let retry = Retry::exponential(1).when(|error| matches!(error, WorkError::Panicked(_)));
/// let workers = Workers::builder(&ex).layer(retry).layer(CatchPanic).stop_on_error(true).start(|| {
///     let mut calls = 0;
///     async move |cx: WorkerContext| {
///         calls += 1;
///         assert!(calls > 1, "only the first call panics");
///         cx.cancelled().await;
///     }
/// })?;
/// ex.advance(Duration::from_secs(1))?;
/// assert_eq!((workers.stats().panicked, workers.stats().running), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct CatchPanic;

impl Layer for CatchPanic {
    fn wrap(&self, mut job: Job) -> Job {
        Job::new(async move |cx: WorkerContext| caught(job.run(cx)).await)
    }
}

/// Waits for a run, and for its drop: a panic in either is an error. Of several, the first counts.
pub(super) async fn caught(mut run: JobRun<'_>) -> Result<(), WorkError> {
    let end = poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx)));
        polled.unwrap_or_else(|payload| Poll::Ready(Err(WorkError::Panicked(payload))))
    })
    .await;
    match catch_unwind(AssertUnwindSafe(|| drop(run))) {
        Ok(()) => end,
        Err(payload) => end.and(Err(WorkError::Panicked(payload))),
    }
}

/// Lets a caught panic go on, for layers that only look at how a run ends.
pub(super) fn passed_on(end: Result<(), WorkError>) -> Result<(), WorkError> {
    match end {
        Err(WorkError::Panicked(payload)) => resume_unwind(payload),
        end => end,
    }
}
