//! A pause between the runs of a worker.

use std::time::Duration;

use super::job::Job;
use super::layer::Layer;

/// A layer that pauses between runs: each run of a worker begins so long after its previous one has ended, the first at once.
///
/// Over at once when the worker is cancelled: then the run gives [`WorkError::Cancelled`](super::WorkError::Cancelled) and the job does not
/// begin. Each worker pauses by itself. See [`Rate`](super::Rate) for a fixed time from start to start.
///
/// # Examples
/// ```
/// use millpond::workers::Pause;
/// use millpond::{LocalExecutor, ManualClock, Workers};
/// use std::time::Duration;
///
/// let minute = Duration::from_secs(60);
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let workers = Workers::builder(&ex).layer(Pause::between(minute)).start(|| async |_cx| {})?;
/// ex.advance(10 * minute)?;
/// assert_eq!(workers.stats().succeeded, 11);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Pause(Duration);

impl Pause {
    /// A pause of `duration`; zero is none.
    #[must_use]
    pub const fn between(duration: Duration) -> Self {
        Self(duration)
    }
}

impl Layer for Pause {
    /// The pause comes before the next run, not after this one, whose end is told at once.
    fn wrap(&self, mut job: Job) -> Job {
        let (pause, mut next) = (self.0, None);
        Job::new(async move |cx| {
            if let Some(next) = next {
                cx.sleep_until(next).await?;
            }
            let end = job.run(cx.clone()).await;
            next = Some(cx.now().saturating_add(pause));
            end
        })
    }
}
