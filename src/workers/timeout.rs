//! A limit to how long a run may take.

use std::time::Duration;

use futures::future::{Either, select};

use super::error::WorkError;
use super::job::Job;
use super::layer::Layer;

/// A layer that drops what is inside it when it takes too long, at the point where it awaits, and gives [`WorkError::TimedOut`].
///
/// Outside a [`Retry`](super::Retry) it limits all attempts together, inside it each. A run that is ready just at its limit is in time.
/// Time in which the job does not await cannot be cut short.
///
/// # Source
/// tower's `Timeout`.
///
/// # Examples
/// ```
/// use millpond::workers::{EndError, Timeout, WorkError};
/// use millpond::{LocalExecutor, ManualClock, Workers};
/// use std::time::Duration;
///
/// let second = Duration::from_secs(1);
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let builder = Workers::builder(&ex).stop_on_error(true).layer(Timeout::after(second));
/// let workers = builder.start(|| async |_cx| std::future::pending::<()>().await)?;
/// ex.advance(second)?;
/// let Err(EndError::Tripped(trip)) = ex.block_on(workers.close()) else { panic!("it timed out") };
/// assert!(matches!(**trip.error(), WorkError::TimedOut(limit) if limit == second));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Timeout(Duration);

impl Timeout {
    /// A limit of `duration`, counted from the start of each run. With zero a run is polled once.
    #[must_use]
    pub const fn after(duration: Duration) -> Self {
        Self(duration)
    }
}

impl Layer for Timeout {
    fn wrap(&self, mut job: Job) -> Job {
        let limit = self.0;
        Job::new(async move |cx| {
            let timer = cx.timer(cx.now().saturating_add(limit));
            match select(job.run(cx), timer).await {
                Either::Left((end, _)) => end,
                Either::Right(_) => Err(WorkError::TimedOut(limit)),
            }
        })
    }
}
