//! What a pool is made with, alone or for a key of a manager.

use std::time::Duration;

use crate::error::OptionError;
use crate::limit::{Concurrency, Limit};
use crate::policy::{Order, Overflow};
use crate::state::{Even, LaneOptions, Time};

/// How pools are to be: for all keys of a manager ([`PoolManagerBuilder::pool_options`](crate::PoolManagerBuilder::pool_options)), for one of
/// them ([`pool_options_for`](crate::PoolManagerBuilder::pool_options_for)), or for a pool of its own ([`PoolBuilder::options`](crate::PoolBuilder::options)).
///
/// What is not said is as it is said elsewhere, or the default. Nothing is checked before a pool is made.
///
/// # Examples
/// ```
/// use millpond::{Concurrency, LocalExecutor, Order, PoolManager, PoolOptions};
///
/// let ex = LocalExecutor::new();
/// let tenants = PoolManager::builder(&ex)
///     .pool_options(PoolOptions::new().concurrency(2).order(Order::Lifo))
///     .pool_options_for(|tenant: &&str| match *tenant {
///         "large" => PoolOptions::new().concurrency(20),
///         _ => PoolOptions::new(),
///     })
///     .build()?;
/// assert_eq!(tenants.get("large")?.concurrency(), Concurrency::AtMost(20));
/// assert_eq!(tenants.get("small")?.concurrency(), Concurrency::AtMost(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use = "options do nothing by themselves"]
pub struct PoolOptions {
    pub(crate) concurrency: Option<Concurrency>,
    pub(crate) queue_capacity: Option<u32>,
    order: Option<Order>,
    overflow: Option<Overflow>,
    aging: Option<Duration>,
    rate: Option<(u32, Duration)>,
    burst: Option<u32>,
}

/// Saying it.
impl PoolOptions {
    /// Nothing is said.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many tasks may run at once: 1 or more. Default: [`Concurrency::Unlimited`].
    pub fn concurrency(mut self, concurrency: impl Into<Concurrency>) -> Self {
        self.concurrency = Some(concurrency.into());
        self
    }

    /// How many tasks may wait: 0 or more; 0 takes only what can start at once. Default: as many as may run.
    pub fn queue_capacity(mut self, capacity: u32) -> Self {
        self.queue_capacity = Some(capacity);
        self
    }

    /// Lets the line grow without bound.
    pub fn unbounded_queue(self) -> Self {
        self.queue_capacity(u32::MAX)
    }

    /// Who goes first among tasks of one class. Default: [`Order::Fifo`].
    pub fn order(mut self, order: Order) -> Self {
        self.order = Some(order);
        self
    }

    /// Who goes when the line is full. Default: [`Overflow::Reject`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = Some(overflow);
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
        self.aging = Some(step);
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
        self.rate = Some((count, span));
        self
    }

    /// How many starts may come at once after a quiet time: 1 or more; 1 spaces them evenly. Default: the count of the [`rate`](Self::rate).
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = Some(burst);
        self
    }
}

/// Reading it.
impl PoolOptions {
    /// These, and where they say nothing, those.
    pub(crate) fn over(self, all: Self) -> Self {
        Self {
            concurrency: self.concurrency.or(all.concurrency),
            queue_capacity: self.queue_capacity.or(all.queue_capacity),
            order: self.order.or(all.order),
            overflow: self.overflow.or(all.overflow),
            aging: self.aging.or(all.aging),
            rate: self.rate.or(all.rate),
            // A burst belongs to its rate.
            burst: self.burst.or(all.burst.filter(|_| self.rate.is_none())),
        }
    }

    /// Checks the options, `concurrency` under that name; the line is as long as the concurrency unless said otherwise.
    pub(crate) fn checked(self, concurrency: &'static str) -> Result<LaneOptions, OptionError> {
        let limit = Limit::checked(concurrency, self.concurrency.unwrap_or(Concurrency::Unlimited))?;
        Ok(LaneOptions {
            limit,
            capacity: self.queue_capacity.unwrap_or(limit.get()),
            order: self.order.unwrap_or_default(),
            overflow: self.overflow.unwrap_or_default(),
            aging: self.checked_aging()?,
            rate: self.checked_rate()?,
        })
    }

    fn checked_aging(self) -> Result<Time, OptionError> {
        match self.aging {
            None => Ok(Time::NEVER),
            Some(Duration::ZERO) => Err(OptionError::new("aging", "0", "use a duration above zero, or leave it out for strict classes")),
            Some(step) => Ok(Time::from_elapsed(step)),
        }
    }

    fn checked_rate(self) -> Result<Option<Even>, OptionError> {
        match (self.rate, self.burst) {
            (None, None) => Ok(None),
            (None, Some(burst)) => Err(OptionError::new("burst", burst, "use it together with rate")),
            (Some((0, _)), _) => Err(OptionError::new("rate", "0", "use 1 start or more")),
            (Some((_, Duration::ZERO)), _) => Err(OptionError::new("rate", "a span of 0", "use a duration above zero")),
            (Some(_), Some(0)) => Err(OptionError::new("burst", "0", "use 1 or more")),
            (Some((count, span)), burst) => Ok(Some(Even::new(count, Time::from_elapsed(span), burst.unwrap_or(count)))),
        }
    }
}
