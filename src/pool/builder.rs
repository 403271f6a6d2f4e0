//! How a pool is described and made.

use std::time::Duration;

use super::mill::Mill;
use super::{Observe, Pool, PoolOptions};
use crate::error::OptionError;
use crate::event::Event;
use crate::executor::LocalExecutor;
use crate::limit::{Concurrency, Limit};
use crate::policy::{Order, Overflow};
use crate::state::Expiry;

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
        Self { executor: executor.clone(), options: PoolOptions::new(), observe: Observe::default() }
    }

    /// How many tasks may run at once: 1 or more. Default: [`Concurrency::Unlimited`].
    pub fn concurrency(mut self, concurrency: impl Into<Concurrency>) -> Self {
        self.options = self.options.concurrency(concurrency);
        self
    }

    /// How many tasks may wait: 0 or more; 0 takes only what can start at once. Default: as many as may run.
    pub fn queue_capacity(mut self, capacity: u32) -> Self {
        self.options = self.options.queue_capacity(capacity);
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
        self.options = self.options.order(order);
        self
    }

    /// Who goes when the line is full. Default: [`Overflow::Reject`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.options = self.options.overflow(overflow);
        self
    }

    /// Has a waiting task rise by a class each time it has waited for `step`; see [`PoolOptions::aging`]. Default: strict classes.
    pub fn aging(mut self, step: Duration) -> Self {
        self.options = self.options.aging(step);
        self
    }

    /// Starts at most `count` tasks in each `span`, beside what the concurrency allows; see [`PoolOptions::rate`]. Default: no bound.
    pub fn rate(mut self, count: u32, span: Duration) -> Self {
        self.options = self.options.rate(count, span);
        self
    }

    /// How many starts may come at once after a quiet time; see [`PoolOptions::burst`]. Default: the count of the rate.
    pub fn burst(mut self, burst: u32) -> Self {
        self.options = self.options.burst(burst);
        self
    }

    /// Takes what `options` say; what they do not say stays as it is.
    pub fn options(mut self, options: PoolOptions) -> Self {
        self.options = options.over(self.options);
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
