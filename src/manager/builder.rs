//! How a manager is described and made.

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::time::Duration;

use super::PoolManager;
use super::evict::{Evicted, Listener};
use super::lease::Resource;
use super::table::{Overrides, Table, Terms};
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
    overrides: Option<Overrides<K>>,
    idle_timeout: Option<Duration>,
    max_lifetime: Option<Duration>,
    max_pools: Option<usize>,
    listener: Option<Listener<K>>,
    observe: Observe,
    types: PhantomData<fn(K) -> S>,
}

impl<K: Eq + Hash + Clone + 'static, S: Resource> PoolManagerBuilder<K, S> {
    pub(super) fn new(executor: &LocalExecutor) -> Self {
        Self {
            executor: executor.clone(),
            concurrency: Concurrency::Unlimited,
            pool: PoolOptions::new(),
            overrides: None,
            idle_timeout: None,
            max_lifetime: None,
            max_pools: None,
            listener: None,
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
        self.pool = self.pool.concurrency(concurrency);
        self
    }

    /// How many tasks of one key may wait: 0 or more. Default: as many as may run.
    pub fn pool_queue_capacity(mut self, capacity: u32) -> Self {
        self.pool = self.pool.queue_capacity(capacity);
        self
    }

    /// How the pools of all keys are: the order of their lines, who goes when one is full, aging, a rate, and what is said above.
    pub fn pool_options(mut self, options: PoolOptions) -> Self {
        self.pool = options.over(self.pool);
        self
    }

    /// How the pools of some keys differ from the others: asked whenever a pool is made, for a successor as well, and before its factory runs.
    ///
    /// It may look at anything, so also at a table that changes. Options it gives that are refused are the error of the call that asks for
    /// the key, [`GetError::Options`](crate::GetError::Options). See [`PoolOptions`].
    pub fn pool_options_for(mut self, overrides: impl Fn(&K) -> PoolOptions + 'static) -> Self {
        self.overrides = Some(Box::new(overrides));
        self
    }

    /// How many keys may have a pool at once: 1 or more. Default: no end.
    ///
    /// When one more is needed, the pool that has been idle for longest goes, as if it had expired. One that is in use never goes: if none is
    /// idle, the call is refused with [`GetError::Full`](crate::GetError::Full). A key whose factory is under way counts, as does one that was
    /// invalidated and is still used.
    ///
    /// # Cost
    /// O(1).
    ///
    /// # Examples
    /// ```
    /// use millpond::{GetError, LocalExecutor, PoolManager};
    ///
    /// let ex = LocalExecutor::new();
    /// let manager = PoolManager::builder(&ex).max_pools(2).build()?;
    /// drop(manager.get("idle")?);
    /// let _one = manager.get("one")?;
    /// let _two = manager.get("two")?;
    /// assert!(!manager.contains(&"idle"));
    /// assert!(matches!(manager.get("three"), Err(GetError::Full)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_pools(mut self, pools: usize) -> Self {
        self.max_pools = Some(pools);
        self
    }

    /// Is told of every pool that is not given out any more, and why: once for each, in order, in the same turn. See [`Evicted`].
    ///
    /// It may call the manager for anything; what it brings about is told of when it has returned. Its panics end there (native; on wasm a
    /// panic aborts). A listener that keeps a handle of its own manager keeps it for ever.
    ///
    /// # Hazard
    /// Where [`max_pools`](Self::max_pools) is reached, a listener that brings back what went for want of room sends away another, and so on.
    pub fn on_evict(mut self, listener: impl Fn(&K, Evicted) + 'static) -> Self {
        self.listener = Some(Box::new(listener));
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
        self.pool.checked("pool_concurrency")?;
        let expiry = Expiry { idle: span(self.idle_timeout), lifetime: span(self.max_lifetime) };
        let max_pools = places(self.max_pools)?;
        let terms = Terms { limit, expiry, pool: self.pool, overrides: self.overrides, max_pools, listener: self.listener };
        let table = Table::new(&self.executor, terms);
        table.mill().observe(self.observe);
        Ok(PoolManager { table })
    }
}

/// For ever, unless said otherwise.
pub(super) fn span(duration: Option<Duration>) -> Time {
    duration.map_or(Time::NEVER, Time::from_elapsed)
}

/// As many as there may be, unless said otherwise.
pub(super) fn places(max_pools: Option<usize>) -> Result<usize, OptionError> {
    match max_pools {
        Some(0) => Err(OptionError::new("max_pools", 0, "use 1 or more, or no such bound")),
        bound => Ok(bound.unwrap_or(usize::MAX)),
    }
}

impl<K, S: Resource> fmt::Debug for PoolManagerBuilder<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { concurrency, pool, idle_timeout, max_lifetime, max_pools, .. } = self;
        let mut out = f.debug_struct("PoolManagerBuilder");
        out.field("concurrency", concurrency).field("pool", pool);
        out.field("idle_timeout", idle_timeout).field("max_lifetime", max_lifetime);
        out.field("max_pools", max_pools).finish_non_exhaustive()
    }
}
