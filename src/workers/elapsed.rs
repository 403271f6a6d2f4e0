//! Timing runs.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::catch_panic::watched;
use super::job::Job;
use super::layer::Layer;

/// How long runs took, at one instant. All of it is about the same runs: those that came to their end, whatever it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RunTimes {
    /// How many runs came to their end.
    pub runs: u64,
    /// How long they took together.
    pub total: Duration,
    /// How long the one took that ended last.
    pub last: Duration,
    /// The shortest time.
    pub min: Duration,
    /// The longest time.
    pub max: Duration,
}

impl RunTimes {
    /// The time of an average run; zero before the first has ended.
    #[must_use]
    pub fn average(&self) -> Duration {
        let nanos = self.total.as_nanos().checked_div(self.runs.into()).unwrap_or_default();
        let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        // No average is longer than the total, so both parts fit.
        Duration::new(u64::try_from(seconds).unwrap_or(u64::MAX), u32::try_from(rest).unwrap_or_default())
    }

    fn with(self, took: Duration) -> Self {
        let min = if self.runs == 0 { took } else { self.min.min(took) };
        Self { runs: self.runs + 1, total: self.total.saturating_add(took), last: took, min, max: self.max.max(took) }
    }
}

/// A layer that takes the time of runs, on the executor's clock. Clones take time together: keep one to read it.
///
/// It times what is inside its place: outside a [`Retry`](super::Retry) with the retries and their pauses, inside it each attempt.
/// A run that is dropped has no time.
///
/// # Examples
/// ```
/// use millpond::workers::Elapsed;
/// use millpond::{LocalExecutor, ManualClock, Workers};
/// use std::time::Duration;
///
/// let second = Duration::from_secs(1);
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let elapsed = Elapsed::new();
/// let workers = Workers::builder(&ex).layer(elapsed.clone()).start(|| async |cx| {
///     cx.sleep(Duration::from_secs(cx.run() + 1)).await
/// })?;
/// ex.advance(second * 6)?; // the runs take 1, 2 and 3 seconds
/// let times = elapsed.snapshot();
/// assert_eq!((times.runs, times.total, times.average()), (3, second * 6, second * 2));
/// assert_eq!((times.min, times.max, times.last), (second, second * 3, second * 3));
/// # drop(workers);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Elapsed(Rc<Cell<RunTimes>>);

impl Elapsed {
    /// A watch that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The times of all runs that have ended by now.
    #[must_use]
    pub fn snapshot(&self) -> RunTimes {
        self.0.get()
    }
}

impl Layer for Elapsed {
    fn wrap(&self, mut job: Job) -> Job {
        let times = Rc::clone(&self.0);
        Job::new(async move |cx| {
            let start = cx.now();
            watched(job.run(cx.clone()), |_| times.set(times.get().with(cx.now().saturating_sub(start)))).await
        })
    }
}

impl fmt::Debug for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Elapsed").field(&self.snapshot()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_exact_to_the_nanosecond_and_never_overflows() {
        assert_eq!(RunTimes::default().average(), Duration::ZERO);
        let times = RunTimes::default().with(Duration::from_nanos(3)).with(Duration::from_nanos(4));
        assert_eq!((times.average(), times.min, times.max), (Duration::from_nanos(3), Duration::from_nanos(3), Duration::from_nanos(4)));
        assert_eq!(RunTimes::default().with(Duration::MAX).average(), Duration::MAX);
        assert_eq!(RunTimes::default().with(Duration::MAX).with(Duration::MAX).total, Duration::MAX);
    }
}
