//! Running a job again that failed, after a delay that grows.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use super::context::WorkerContext;
use super::error::WorkError;
use super::job::Job;
use super::layer::Layer;
use crate::executor::turn;

/// A layer that runs what is inside it again when it fails, after a delay that grows from one time to the next.
///
/// The last error is given when no retry is left, the rule refuses, or the next delay would go beyond the time for all. When the worker is
/// cancelled, also in the middle of a delay, it gives [`WorkError::Cancelled`] at once, and a run that was cancelled is never retried.
/// Without [`jitter`](Self::jitter) delays are the same every time, to the seven digits of an `f32`.
///
/// # Cost
/// One allocation per attempt; one deadline while it waits.
///
/// # Source
/// The delays are those of the crate backon.
///
/// # Examples
/// ```
/// use millpond::workers::Retry;
/// use millpond::{LocalExecutor, ManualClock, Workers};
/// use std::time::Duration;
///
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let workers = Workers::builder(&ex).layer(Retry::exponential(3)).start(|| {
///     let mut attempts = 0;
///     async move |cx| {
///         attempts += 1;
///         if attempts < 4 { return Err("not yet") }
///         cx.cancelled().await;
///         Ok(())
///     }
/// })?;
/// ex.advance(Duration::from_secs(1 + 2 + 4))?;
/// assert_eq!((workers.stats().failed, workers.stats().running), (3, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is added"]
pub struct Retry {
    delays: ExponentialBuilder,
    max_delay: Duration,
    budget: Duration,
    jitter: Option<u64>,
    rule: Rc<dyn Fn(&WorkError) -> bool>,
}

impl Retry {
    /// Up to `retries` retries, so one attempt more: 0 is a single attempt, `u32::MAX` practically no limit.
    ///
    /// The first delay is one second, each one twice the one before, none longer than a minute.
    pub fn exponential(retries: u32) -> Self {
        let times = usize::try_from(retries).unwrap_or(usize::MAX);
        Self {
            delays: ExponentialBuilder::new().with_max_times(times),
            max_delay: Duration::from_secs(60),
            budget: Duration::MAX,
            jitter: None,
            rule: Rc::new(|error| matches!(error, WorkError::Failed(_) | WorkError::TimedOut(_))),
        }
    }

    /// The delay before the first retry. Default: one second. Zero retries at once, always.
    pub fn first_delay(mut self, delay: Duration) -> Self {
        self.delays = self.delays.with_min_delay(delay);
        self
    }

    /// How many times longer each delay is than the one before; anything below 1 is taken as 1. Default: 2.
    pub fn factor(mut self, factor: f32) -> Self {
        self.delays = self.delays.with_factor(factor.max(1.0));
        self
    }

    /// The longest delay, jitter included. Default: one minute.
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The time for all attempts and delays together, counted from the start of the first: no delay is begun that would end later. An
    /// attempt is never cut short; see [`Timeout`](super::Timeout) for that. Default: no limit.
    pub fn within(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// Makes each delay up to twice as long, by chance, so that those who failed together do not come back together.
    ///
    /// The chances follow from `seed`, the worker and the run: the same every time for a test, and different for each worker. Give
    /// every process a seed of its own.
    pub fn jitter(mut self, seed: u64) -> Self {
        self.jitter = Some(seed);
        self
    }

    /// Which errors are retried. Default: failures and timeouts; not panics. A cancellation never is, whatever the rule says.
    ///
    /// Panics are seen here only with a [`CatchPanic`](super::CatchPanic) inside.
    pub fn when(mut self, rule: impl Fn(&WorkError) -> bool + 'static) -> Self {
        self.rule = Rc::new(rule);
        self
    }

    fn retries(&self, error: &WorkError) -> bool {
        !error.is_cancelled() && (self.rule)(error)
    }

    /// The delays of one run. backon adds the jitter after its maximum, and leaves the first delay as it is.
    fn delays(&self, cx: &WorkerContext) -> impl Iterator<Item = Duration> + use<> {
        let delays = self.delays.with_max_delay(self.max_delay);
        let delays = match self.jitter {
            None => delays,
            Some(seed) => delays.with_jitter().with_jitter_seed(mix(seed, cx.worker(), cx.run())),
        };
        let max = self.max_delay;
        delays.build().map(move |delay| delay.min(max))
    }
}

/// One seed of three numbers, different wherever one of them is.
const fn mix(seed: u64, worker: u64, run: u64) -> u64 {
    seed ^ worker.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ run.wrapping_add(1).wrapping_mul(0xd1b5_4a32_d192_ed03)
}

impl Layer for Retry {
    fn wrap(&self, mut job: Job) -> Job {
        let retry = self.clone();
        Job::new(async move |cx| {
            let (mut delays, end) = (retry.delays(&cx), cx.now().saturating_add(retry.budget));
            loop {
                let error = match job.run(cx.clone()).await {
                    Err(error) if retry.retries(&error) => error,
                    other => return other,
                };
                let at = delays.next().map(|delay| cx.now().saturating_add(delay));
                let Some(at) = at.filter(|at| *at <= end) else { return Err(error) };
                cx.sleep_until(at).await?;
                // Without a delay the next attempt would starve others.
                turn::give_way().await;
            }
        })
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Retry");
        out.field("delays", &self.delays).field("max_delay", &self.max_delay).field("budget", &self.budget);
        out.field("jitter", &self.jitter).finish_non_exhaustive()
    }
}
