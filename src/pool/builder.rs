//! How a pool is described and made.

use super::mill::Mill;
use super::{Observe, Pool};
use crate::error::OptionError;
use crate::event::Event;
use crate::executor::LocalExecutor;
use crate::limit::{Concurrency, Limit};
use crate::state::{Expiry, LaneOptions};

/// What a pool is made with, unchecked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolOptions {
    pub(crate) concurrency: Concurrency,
    pub(crate) queue_capacity: Option<u32>,
}

impl PoolOptions {
    pub(crate) const DEFAULT: Self = Self { concurrency: Concurrency::Unlimited, queue_capacity: None };

    /// Checks the options, `concurrency` under that name; the line is as long as the concurrency unless said otherwise.
    pub(crate) fn checked(self, concurrency: &'static str) -> Result<LaneOptions, OptionError> {
        let limit = Limit::checked(concurrency, self.concurrency)?;
        Ok(LaneOptions { limit, capacity: self.queue_capacity.unwrap_or(limit.get()) })
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

    /// Makes the pool. Nothing runs and no timer exists until it has a task.
    ///
    /// # Errors
    /// [`OptionError`] naming the option, the value and the rule.
    pub fn build(self) -> Result<Pool, OptionError> {
        let options = self.options.checked("concurrency")?;
        let mill = Mill::new(&self.executor, Limit::UNLIMITED, Expiry::NEVER);
        mill.observe(self.observe);
        let lane = mill.open(options).ok_or_else(|| OptionError::new("pool", "one more", "a pond holds at most 2^24 pools"))?;
        Ok(Pool::of(&mill, lane, None))
    }
}
