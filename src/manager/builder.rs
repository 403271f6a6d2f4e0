//! How a manager is described and made.

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::time::Duration;

use super::PoolManager;
use super::lease::Resource;
use super::table::Table;
use crate::error::OptionError;
use crate::event::Event;
use crate::executor::LocalExecutor;
use crate::limit::{Concurrency, Limit};
use crate::pool::{Observe, PoolOptions, Scope};
use crate::state::{Expiry, Time};

/// Describes a [`PoolManager`]; see [`PoolManager::builder`].
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, PoolManager};
///
/// let ex = LocalExecutor::new();
/// let error = PoolManager::<u64>::builder(&ex).pool_concurrency(0).build().unwrap_err();
/// assert_eq!(error.to_string(), "pool_concurrency: 0 is refused, use 1 or more, or Concurrency::Unlimited");
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct PoolManagerBuilder<K, S: Resource = ()> {
    executor: LocalExecutor,
    concurrency: Concurrency,
    pool: PoolOptions,
    idle_timeout: Option<Duration>,
    max_lifetime: Option<Duration>,
    observe: Observe,
    types: PhantomData<fn(K) -> S>,
}

impl<K: Eq + Hash + Clone + 'static, S: Resource> PoolManagerBuilder<K, S> {
    pub(super) fn new(executor: &LocalExecutor) -> Self {
        Self {
            executor: executor.clone(),
            concurrency: Concurrency::Unlimited,
            pool: PoolOptions::DEFAULT,
            idle_timeout: None,
            max_lifetime: None,
            observe: Observe::of(Scope::Manager),
            types: PhantomData,
        }
    }

    /// How many tasks may run at once in all pools together: 1 or more. Default: [`Concurrency::Unlimited`].
    pub fn concurrency(mut self, concurrency: impl Into<Concurrency>) -> Self {
        self.concurrency = concurrency.into();
        self
    }

    /// How many tasks of one key may run at once: 1 or more. Default: [`Concurrency::Unlimited`].
    pub fn pool_concurrency(mut self, concurrency: impl Into<Concurrency>) -> Self {
        self.pool.concurrency = concurrency.into();
        self
    }

    /// How many tasks of one key may wait: 0 or more. Default: as many as may run.
    pub fn pool_queue_capacity(mut self, capacity: u32) -> Self {
        self.pool.queue_capacity = Some(capacity);
        self
    }

    /// How long a pool stays after its last lease is gone and its last task has ended. Default: for ever.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// How long a pool is given out, from its making; then a successor is. Default: for ever.
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime = Some(lifetime);
        self
    }

    /// Tells `listener` of everything that happens in any of the pools, and to them. See [`PoolBuilder::on_event`](crate::PoolBuilder::on_event).
    pub fn on_event(mut self, listener: impl Fn(&Event) + 'static) -> Self {
        self.observe.listen(listener);
        self
    }

    /// Under which name all pools together are exported; keys are not told apart. See [`PoolBuilder::name`](crate::PoolBuilder::name).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.observe.name(name.into());
        self
    }

    /// Measures how long tasks wait and run, in all pools together, for [`PoolManager::timings`]. See
    /// [`PoolBuilder::timings`](crate::PoolBuilder::timings).
    pub fn timings(mut self) -> Self {
        self.observe.measure();
        self
    }

    /// Makes the manager. It holds nothing and no timer exists until it has a key.
    ///
    /// # Errors
    /// [`OptionError`] naming the option, the value and the rule.
    pub fn build(self) -> Result<PoolManager<K, S>, OptionError> {
        let limit = Limit::checked("concurrency", self.concurrency)?;
        let pool = self.pool.checked("pool_concurrency")?;
        let span = |duration: Option<Duration>| duration.map_or(Time::NEVER, Time::from_elapsed);
        let expiry = Expiry { idle: span(self.idle_timeout), lifetime: span(self.max_lifetime) };
        let table = Table::new(&self.executor, limit, expiry, pool);
        table.mill().observe(self.observe);
        Ok(PoolManager { table })
    }
}

impl<K, S: Resource> fmt::Debug for PoolManagerBuilder<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { concurrency, pool, idle_timeout, max_lifetime, .. } = self;
        let mut out = f.debug_struct("PoolManagerBuilder");
        out.field("concurrency", concurrency).field("pool", pool);
        out.field("idle_timeout", idle_timeout).field("max_lifetime", max_lifetime).finish_non_exhaustive()
    }
}
