//! Panics of a run, caught.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Poll;
use std::thread;

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
/// use millpond::workers::{CatchPanic, Retry, WorkError};
/// use millpond::{LocalExecutor, ManualClock, Workers};
/// use std::time::Duration;
///
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let retry = Retry::exponential(1).when(|error| matches!(error, WorkError::Panicked(_)));
/// let workers = Workers::builder(&ex).layer(retry).layer(CatchPanic).stop_on_error(true).start(|| {
///     let mut calls = 0;
///     async move |cx| {
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
        Job::new(async move |cx| caught(job.run(cx)).await)
    }
}

/// Waits for a run, and for its drop: a panic in either is an error.
pub(super) async fn caught(run: JobRun<'_>) -> Result<(), WorkError> {
    unwound(run).await.unwrap_or_else(|payload| Err(WorkError::Panicked(payload)))
}

/// Waits for a run and shows how it ended, for layers that only look: a panic is seen as an error, and goes on as a panic.
pub(super) async fn watched(run: JobRun<'_>, look: impl FnOnce(&Result<(), WorkError>)) -> Result<(), WorkError> {
    match unwound(run).await {
        Ok(end) => {
            look(&end);
            end
        }
        Err(payload) => {
            look(&Err(WorkError::Panicked(Box::new(()))));
            resume_unwind(payload)
        }
    }
}

/// Waits for a run, and for its drop. Of several panics the first counts.
async fn unwound(mut run: JobRun<'_>) -> thread::Result<Result<(), WorkError>> {
    let end = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(payload) => Poll::Ready(Err(payload)),
    })
    .await;
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(run)));
    end.and_then(|end| dropped.map(|()| end))
}
