//! Changing a manager while it works.

use std::hash::Hash;
use std::time::Duration;

use super::PoolManager;
use super::builder::{places, span};
use super::lease::Resource;
use crate::error::OptionError;
use crate::limit::{Concurrency, Limit};
use crate::state::Id;

/// Changing it, for the pools that are there and for those to come.
impl<K: Eq + Hash + Clone + 'static, S: Resource> PoolManager<K, S> {
    /// Changes how many tasks may run at once in all pools together. After a shrink nothing starts until fewer run.
    ///
    /// # Errors
    /// [`OptionError`] for zero; nothing is changed.
    pub fn resize(&self, concurrency: impl Into<Concurrency>) -> Result<(), OptionError> {
        let limit = Limit::checked("concurrency", concurrency.into())?;
        self.table.mill().change(Id::NONE, |pond, _| pond.resize(limit));
        Ok(())
    }

    /// Changes how many tasks of `key` may run at once, without a lease. False if the key has no pool.
    ///
    /// It holds until the pool is gone or followed by another, which is made as the manager says; to change those as well, let
    /// [`pool_options_for`](crate::PoolManagerBuilder::pool_options_for) look at what you change.
    ///
    /// # Errors
    /// [`OptionError`] for zero; nothing is changed.
    ///
    /// # Examples
    /// ```
    /// use millpond::{Concurrency, LocalExecutor, PoolManager};
    ///
    /// let ex = LocalExecutor::new();
    /// let manager = PoolManager::builder(&ex).pool_concurrency(1).build()?;
    /// let lease = manager.get("busy")?;
    /// assert!(manager.resize_pool(&"busy", 5)? && !manager.resize_pool(&"other", 5)?);
    /// assert_eq!(lease.concurrency(), Concurrency::AtMost(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resize_pool(&self, key: &K, concurrency: impl Into<Concurrency>) -> Result<bool, OptionError> {
        let limit = Limit::checked("concurrency", concurrency.into())?;
        Ok(self.table.resize_pool(key, limit))
    }

    /// Changes how many tasks of one key may run at once. Pools that were resized by themselves are as the manager says again; what
    /// [`pool_options_for`](crate::PoolManagerBuilder::pool_options_for) says of a key goes first, and is asked again. Where no capacity of
    /// the line was given, it follows.
    ///
    /// # Errors
    /// [`OptionError`] for zero, or for what is said of a key that has a pool; nothing is changed.
    ///
    /// # Examples
    /// ```
    /// use millpond::{Concurrency, LocalExecutor, PoolManager};
    ///
    /// let ex = LocalExecutor::new();
    /// let manager = PoolManager::builder(&ex).pool_concurrency(1).build()?;
    /// let before = manager.get("before")?;
    /// manager.set_pool_concurrency(3)?;
    /// assert_eq!(before.concurrency(), Concurrency::AtMost(3));
    /// assert_eq!(manager.get("after")?.concurrency(), Concurrency::AtMost(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_pool_concurrency(&self, concurrency: impl Into<Concurrency>) -> Result<(), OptionError> {
        let concurrency = concurrency.into();
        self.table.set_pool(|pool| pool.concurrency = Some(concurrency))
    }

    /// Changes how many tasks of one key may wait; those who wait already stay. Nothing for as many as may run. As
    /// [`set_pool_concurrency`](Self::set_pool_concurrency) otherwise.
    ///
    /// # Errors
    /// [`OptionError`] for what is said of a key that has a pool; nothing is changed.
    pub fn set_pool_queue_capacity(&self, capacity: Option<u32>) -> Result<(), OptionError> {
        self.table.set_pool(|pool| pool.queue_capacity = capacity)
    }

    /// Changes how long a pool stays that nobody uses; nothing for ever.
    ///
    /// Pools that are idle are judged by the new span as if it had always held: from when they fell idle. What is over by that goes in this
    /// call. (As long as a manager had neither this timeout nor a lifetime it kept no time: then clocks start with the change.)
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, ManualClock, PoolManager};
    /// use std::time::Duration;
    ///
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// let manager = PoolManager::builder(&ex).idle_timeout(Duration::from_secs(600)).build()?;
    /// drop(manager.get("a")?);
    /// ex.advance(Duration::from_secs(60))?;
    /// manager.set_idle_timeout(Some(Duration::from_secs(61)));
    /// assert!(manager.contains(&"a"));
    /// manager.set_idle_timeout(Some(Duration::from_secs(60)));
    /// assert!(!manager.contains(&"a"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_idle_timeout(&self, timeout: Option<Duration>) {
        let idle = span(timeout);
        self.table.set_expiry(|expiry| expiry.idle = idle);
    }

    /// Changes how long a pool is given out; nothing for ever. Pools that are there are judged from when they were made, as with
    /// [`set_idle_timeout`](Self::set_idle_timeout). One that is over its lifetime already does not come back.
    pub fn set_max_lifetime(&self, lifetime: Option<Duration>) {
        let lifetime = span(lifetime);
        self.table.set_expiry(|expiry| expiry.lifetime = lifetime);
    }

    /// Changes how many keys may have a pool at once; nothing for no bound. Where there are more, idle ones go in this call, the longest idle
    /// first; those in use stay, and no key comes until there are fewer.
    ///
    /// # Errors
    /// [`OptionError`] for zero; nothing is changed.
    pub fn set_max_pools(&self, pools: Option<usize>) -> Result<(), OptionError> {
        self.table.set_max_pools(places(pools)?);
        Ok(())
    }
}
