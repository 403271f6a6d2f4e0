//! Looking at a manager. Nothing here counts as use of a pool.
//!
//! What has come due by the clock is served first, driven or not, so that what is seen is exact. That may tell of evictions.

use std::hash::Hash;

use super::PoolManager;
use super::lease::Resource;
use crate::limit::Concurrency;
use crate::pool::PoolStats;
use crate::state::Pond;

/// Looking. Never counts as use.
impl<K: Eq + Hash + Clone + 'static, S: Resource> PoolManager<K, S> {
    /// How many tasks may run at once in all pools together.
    #[must_use]
    pub fn concurrency(&self) -> Concurrency {
        self.table.mill().look(Pond::limit).into()
    }

    /// How many keys have a pool, those included whose pool is only kept by who still uses it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether no key has a pool.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `key` has a pool.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.table.contains(key)
    }

    /// The keys that have a pool, in no order.
    #[must_use]
    pub fn keys(&self) -> Vec<K> {
        self.table.keys()
    }

    /// What became of every task of every pool, those that are gone included. Looks at every pool.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        PoolStats::new(self.table.mill().look(Pond::totals), self.concurrency())
    }

    /// What became of every task of a key since it has a pool; nothing if it has none.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, PoolManager};
    ///
    /// let ex = LocalExecutor::new();
    /// let manager = PoolManager::builder(&ex).build()?;
    /// let _task = manager.get("a")?.try_submit(async {})?;
    /// assert_eq!(manager.pool_stats(&"a").map(|stats| stats.running), Some(1));
    /// assert_eq!(manager.pool_stats(&"b"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pool_stats(&self, key: &K) -> Option<PoolStats> {
        let lane = self.table.lane_of(key)?;
        self.table.mill().look(|pond| Some(PoolStats::new(pond.counts(lane)?, pond.lane_limit(lane)?.into())))
    }

    /// The keys that have a pool, each with what became of its tasks, all at one instant; in no order.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, PoolManager};
    ///
    /// let ex = LocalExecutor::new();
    /// let manager = PoolManager::builder(&ex).pool_concurrency(1).pool_queue_capacity(9).build()?;
    /// for key in ["a", "b", "b"] {
    ///     let _detached = manager.get(key)?.try_submit(async {})?;
    /// }
    /// let waiting: u64 = manager.snapshot().iter().map(|(_, stats)| stats.waiting).sum();
    /// assert_eq!(waiting, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Vec<(K, PoolStats)> {
        let counts = self.table.counts().into_iter();
        counts.map(|(key, counts, limit)| (key, PoolStats::new(counts, limit.into()))).collect()
    }
}
