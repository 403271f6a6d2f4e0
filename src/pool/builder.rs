//! How a pool is described and made.

use std::time::Duration;

use super::mill::Mill;
use super::{Observe, Pool};
use crate::error::OptionError;
use crate::event::Event;
use crate::executor::LocalExecutor;
use crate::limit::{Concurrency, Limit};
use crate::policy::{Order, Overflow};
use crate::state::{Expiry, LaneOptions, Rate, Time};

/// What a pool is made with, unchecked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolOptions {
    pub(crate) concurrency: Concurrency,
    pub(crate) queue_capacity: Option<u32>,
    pub(crate) order: Order,
    pub(crate) overflow: Overflow,
    pub(crate) aging: Option<Duration>,
    pub(crate) rate: Option<(u32, Duration)>,
    pub(crate) burst: Option<u32>,
}

impl PoolOptions {
    pub(crate) const DEFAULT: Self = Self {
        concurrency: Concurrency::Unlimited,
        queue_capacity: None,
        order: Order::Fifo,
        overflow: Overflow::Reject,
        aging: None,
        rate: None,
        burst: None,
    };

    /// Checks the options, `concurrency` under that name; the line is as long as the concurrency unless said otherwise.
    pub(crate) fn checked(self, concurrency: &'static str) -> Result<LaneOptions, OptionError> {
        let limit = Limit::checked(concurrency, self.concurrency)?;
        let capacity = self.queue_capacity.unwrap_or(limit.get());
        let (aging, rate) = (self.checked_aging()?, self.checked_rate()?);
        Ok(LaneOptions { limit, capacity, order: self.order, overflow: self.overflow, aging, rate })
    }

    fn checked_aging(self) -> Result<Time, OptionError> {
        match self.aging {
            None => Ok(Time::NEVER),
            Some(Duration::ZERO) => Err(OptionError::new("aging", "0", "use a duration above zero, or leave it out for strict classes")),
            Some(step) => Ok(Time::from_elapsed(step)),
        }
    }

    fn checked_rate(self) -> Result<Option<Rate>, OptionError> {
        match (self.rate, self.burst) {
            (None, None) => Ok(None),
            (None, Some(burst)) => Err(OptionError::new("burst", burst, "use it together with rate")),
            (Some((0, _)), _) => Err(OptionError::new("rate", "0", "use 1 start or more")),
            (Some((_, Duration::ZERO)), _) => Err(OptionError::new("rate", "a span of 0", "use a duration above zero")),
            (Some(_), Some(0)) => Err(OptionError::new("burst", "0", "use 1 or more")),
            (Some((count, span)), burst) => Ok(Some(Rate::new(count, Time::from_elapsed(span), burst.unwrap_or(count)))),
        }
    }
}

/// Describes a [`Pool`]; see [`Pool::builder`].
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, Pool};
///
/// let ex = LocalExecutor::new();
/// let pool = Pool::builder(&ex).concurrency(4).queue_capacity(100).build()?;
/// assert_eq!(pool.stats().submitted, 0);
/// # Ok::<(), millpond::OptionError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct PoolBuilder {
    executor: LocalExecutor,
    options: PoolOptions,
    observe: Observe,
}

impl PoolBuilder {
    pub(crate) fn new(executor: &LocalExecutor) -> Self {
        Self { executor: executor.clone(), options: PoolOptions::DEFAULT, observe: Observe::default() }
    }

    /// How many tasks may run at once: 1 or more. Default: [`Concurrency::Unlimited`].
    pub fn concurrency(mut self, concurrency: impl Into<Concurrency>) -> Self {
        self.options.concurrency = concurrency.into();
        self
    }

    /// How many tasks may wait: 0 or more; 0 takes only what can start at once. Default: as many as may run.
    pub fn queue_capacity(mut self, capacity: u32) -> Self {
        self.options.queue_capacity = Some(capacity);
        self
    }

    /// Lets the line grow without bound.
    pub fn unbounded_queue(self) -> Self {
        self.queue_capacity(u32::MAX)
    }

    /// Tells `listener` of everything that happens in the pool, in order; any number of listeners are told one after the other.
    ///
    /// Nothing is borrowed meanwhile: a listener may submit, cancel, resize and close. What comes of that is told of when all have heard
    /// of what came before. A listener that panics is as good as one that returns; on wasm it aborts the module.
    ///
    /// # Hazard
    /// A listener that owns a handle of its pool keeps the pool open for ever. One that causes an event by each that it is told of never
    /// comes to an end.
    ///
    /// # Cost
    /// One reading of the clock for each event. Without listeners nothing but a look at their number.
    ///
    /// # Examples
    /// ```
    /// use millpond::{EventKind, LocalExecutor, Pool, TaskOutcome};
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// let ex = LocalExecutor::new();
    /// let (cancelled, count) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    /// let counter = cancelled.clone();
    /// let pool = Pool::builder(&ex)
    ///     .on_event(move |event| {
    ///         if event.kind == EventKind::Settled(TaskOutcome::Cancelled) {
    ///             counter.set(counter.get() + 1);
    ///         }
    ///     })
    ///     .on_event(move |event| count.set(event.number))
    ///     .build()?;
    /// pool.try_submit(async {})?.cancel();
    /// assert_eq!(cancelled.get(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_event(mut self, listener: impl Fn(&Event) + 'static) -> Self {
        self.observe.listen(listener);
        self
    }

    /// Who goes first among tasks of one class. Default: [`Order::Fifo`].
    pub fn order(mut self, order: Order) -> Self {
        self.options.order = order;
        self
    }

    /// Who goes when the line is full. Default: [`Overflow::Reject`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.options.overflow = overflow;
        self
    }

    /// Has a waiting task rise by a class each time it has waited for `step`, up to the highest, so that nothing starves: a task of the
    /// lowest class is overtaken for three steps at most. Above zero. Default: strict classes.
    ///
    /// Inside a class it stands where its submission puts it: before all that came later. A task whose priority is set anew rises from there.
    ///
    /// # Cost
    /// One entry in a heap per waiting task; no timer: whoever has risen is found when the next task starts.
    pub fn aging(mut self, step: Duration) -> Self {
        self.options.aging = Some(step);
        self
    }

    /// Starts at most `count` tasks in each `span`, beside what the concurrency allows. Default: no bound.
    ///
    /// Starts are counted, not ends or weights. What was not used comes back evenly: `span / count` for one start, up to the
    /// [`burst`](Self::burst).
    ///
    /// # Source
    /// The generic cell rate algorithm, as in the governor crate; written anew, because the rule has to take its time as an argument,
    /// share the line and the timer of the pool, and be there in wasm.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, ManualClock, Pool};
    /// use std::time::Duration;
    ///
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// let pool = Pool::builder(&ex).rate(10, Duration::from_secs(1)).burst(1).build()?;
    /// for _ in 0..5 {
    ///     ex.block_on(pool.run(async {}))?;
    /// }
    /// assert_eq!(ex.now(), Duration::from_millis(400));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rate(mut self, count: u32, span: Duration) -> Self {
        self.options.rate = Some((count, span));
        self
    }

    /// How many starts may come at once after a quiet time: 1 or more; 1 spaces them evenly. Default: the count of the [`rate`](Self::rate).
    pub fn burst(mut self, burst: u32) -> Self {
        self.options.burst = Some(burst);
        self
    }

    /// Under which name it is exported. Without one it is not.
    ///
    /// With the feature `metrics`, to the recorder that is installed when the pool is built, under the label `pool`:
    /// the counters `millpond_tasks_submitted_total`, `millpond_tasks_rejected_total` and `millpond_tasks_total` (label `outcome`:
    /// succeeded, failed, panicked, cancelled, timed_out, dropped), the gauges `millpond_tasks_waiting`, `millpond_tasks_running` and
    /// `millpond_concurrency`, the histograms `millpond_wait_seconds` and `millpond_run_seconds`.
    ///
    /// With the feature `tracing`, at the level of debugging, with the target `millpond`: a span `task` for each task, below the span in which
    /// it was submitted, entered for each poll; and an event for each that [`on_event`](Self::on_event) tells of, in the task's span.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.observe.name(name.into());
        self
    }

    /// Measures how long tasks wait and run, for [`Pool::timings`].
    ///
    /// # Cost
    /// Two readings of the clock and two entries in histograms per task. The histograms take a few kilobytes each, by the longest
    /// time, and never more than 32.
    ///
    /// # Source
    /// Gil Tene's HDR histograms, by the hdrhistogram crate.
    pub fn timings(mut self) -> Self {
        self.observe.measure();
        self
    }

    /// Makes the pool. Nothing runs and no timer exists until it has a task.
    ///
    /// # Errors
    /// [`OptionError`] naming the option, the value and the rule.
    pub fn build(self) -> Result<Pool, OptionError> {
        let options = self.options.checked("concurrency")?;
        let mill = Mill::new(&self.executor, Limit::UNLIMITED, Expiry::NEVER);
        mill.observe(self.observe);
        let lane = mill.open(options).ok_or_else(|| OptionError::new("pool", "one more", "a pond holds at most 2^24 pools"))?;
        mill.tell_observers();
        Ok(Pool::of(&mill, lane, None))
    }
}
