//! Pools by key: built when they are needed, gone when they are not.
//!
//! ```text
//!  PoolManager ──> lease ──> Pool         a lease keeps its pool from expiring
//!      │             └─────> generation   the shared resource; disposed of once, when nobody uses it
//!      └─> flight                         one factory at a time for each key; other keys do not wait
//! ```
//! All pools of a manager are lanes of one pond: one cap over all of them, one sleep for all their expiries. A pool that is over its
//! lifetime gets a new generation in the *same* lane, so that both together stay under its limit.

mod builder;
mod close;
mod evict;
mod flight;
mod inspect;
mod lease;
mod live;
mod table;

use std::fmt;
use std::hash::Hash;
use std::rc::Rc;

pub use builder::PoolManagerBuilder;
pub use close::CloseAll;
pub use evict::Evicted;
pub use flight::GetError;
pub use lease::{Lease, Resource};

use crate::executor::LocalExecutor;
use crate::pool::PoolTimings;
use table::Table;

/// One [`Pool`](crate::Pool) for each key, built lazily and expired by the clock, with an optional cap over all of them.
///
/// Clones are handles of the same manager. `S` is what the pools of a key share, made by a factory ([`get_with`](Self::get_with))
/// and disposed of exactly once; without one it is `()`, and [`get`](Self::get) is enough.
///
/// # Order
/// Inside a key as in a [`Pool`](crate::Pool). When the cap over all is reached, keys that wait take turns.
///
/// # Expiry
/// The idle clock of a key starts when its last lease is gone *and* its last task has ended; a pool with work never expires, and no task
/// is ever lost. A pool over its `max_lifetime` is followed by another: who holds a lease of the old one keeps it, [`get`](Self::get)
/// gives the new one, and both together stay under the limit of the key. The same holds for a pool that was [invalidated](Self::invalidate),
/// or closed by one of its users. [`on_evict`](PoolManagerBuilder::on_evict) tells of all of them.
///
/// # Cost
/// A lookup in a hash map and one allocation for a lease; expiry is O(log n), amortised. One timer for all keys, none while nothing can expire.
///
/// # Source
/// The keyed, self-expiring pools of Go's worker-pool managers, and the eviction rules of idle-only caches.
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, ManualClock, PoolManager};
/// use std::time::Duration;
///
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let tenants = PoolManager::builder(&ex).pool_concurrency(2).concurrency(50).idle_timeout(Duration::from_secs(600)).build()?;
///
/// let lease = tenants.get("tenant-7")?;
/// assert_eq!(ex.block_on(lease.run(async { "done" }))?, "done");
/// drop(lease);
///
/// ex.advance(Duration::from_secs(600))?;
/// assert!(tenants.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PoolManager<K, S: Resource = ()> {
    table: Rc<Table<K, S>>,
}

/// Making one, and getting pools.
impl<K: Eq + Hash + Clone + 'static, S: Resource> PoolManager<K, S> {
    /// Starts to describe a manager on an executor. See [`PoolManagerBuilder`].
    pub fn builder(executor: &LocalExecutor) -> PoolManagerBuilder<K, S> {
        PoolManagerBuilder::new(executor)
    }

    /// A lease of the pool of `key` with its resource, which `factory` makes if there is none.
    ///
    /// One factory runs at a time for a key, on the manager's executor; who asks meanwhile waits for it and shares its outcome. Other
    /// keys do not wait. The factory of a key whose pool is there is dropped unused.
    ///
    /// # Errors
    /// [`GetError::Failed`] or [`GetError::Panicked`] for everyone who waited for that factory; nothing is kept, the next call tries
    /// again. [`GetError::Closed`] if the manager is closed, or its executor gone, [`GetError::Full`] and [`GetError::Options`] as for
    /// [`get`](Self::get): then no factory runs.
    ///
    /// # Cancel safety
    /// Dropped: the others go on waiting. With the last of them the factory is dropped as well.
    ///
    /// # Hazard
    /// A factory that waits for its own key waits for ever.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, PoolManager, Resource};
    ///
    /// struct Connection(String);
    /// impl Resource for Connection {
    ///     async fn dispose(self) { /* say goodbye */ }
    /// }
    ///
    /// let ex = LocalExecutor::new();
    /// let manager = PoolManager::<String, Connection>::builder(&ex).build()?;
    /// let open = async |key: String| Ok::<_, std::io::Error>(Connection(format!("{key}:5432")));
    /// let lease = ex.block_on(manager.get_with("db".to_owned(), open))?;
    /// assert_eq!(lease.resource().0, "db:5432");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn get_with<E>(&self, key: K, factory: impl AsyncFnOnce(K) -> Result<S, E> + 'static) -> Result<Lease<S>, GetError>
    where
        E: Into<Box<dyn std::error::Error>> + 'static,
    {
        if let Some(lease) = self.table.lease(&key)? {
            return Ok(lease);
        }
        let flight = match self.table.flight(&key) {
            Some(flight) => flight,
            None => self.table.take_off(&key, factory)?,
        };
        flight.landed().await
    }
}

impl<K: Eq + Hash + Clone + 'static> PoolManager<K> {
    /// A lease of the pool of `key`, which is made if there is none. Never waits.
    ///
    /// # Errors
    /// [`GetError::Closed`] if the manager is closed, or its executor gone; [`GetError::Full`] if there are as many pools as there may be, all
    /// of them in use; [`GetError::Options`] if the options of this key are refused.
    pub fn get(&self, key: K) -> Result<Lease, GetError> {
        match self.table.lease(&key)? {
            Some(lease) => Ok(lease),
            None => self.table.settle(&key, (), self.table.options_for(&key).map_err(GetError::Options)?),
        }
    }
}

/// The end, of a pool and of all.
impl<K: Eq + Hash + Clone + 'static, S: Resource> PoolManager<K, S> {
    /// Gives the pool of `key` out no more: the next [`get`](Self::get) makes another. False if there was none to give out.
    ///
    /// Nothing is lost: who holds a lease of it goes on, what it was given drains, and together with its successor it stays under the limit of
    /// the key. Its resource is disposed of when nobody uses it any more. A factory under way is not touched.
    ///
    /// # Cost
    /// O(log n), amortised, for the clocks.
    ///
    /// # Source
    /// Caches that invalidate by key (moka, Guava), without taking anything away from who uses it.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, PoolManager};
    ///
    /// let ex = LocalExecutor::new();
    /// let manager = PoolManager::builder(&ex).build()?;
    /// let old = manager.get("db")?;
    /// assert!(manager.invalidate(&"db") && !manager.invalidate(&"db"));
    /// assert!(manager.get("db")?.is_current() && !old.is_current());
    /// assert_eq!(ex.block_on(old.run(async { "still works" }))?, "still works");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn invalidate(&self, key: &K) -> bool {
        self.table.invalidate(key)
    }

    /// [Invalidates](Self::invalidate) every key, and says how many had a pool to give out.
    pub fn invalidate_all(&self) -> usize {
        self.table.invalidate_all()
    }

    /// How long the tasks of all pools waited and ran. None unless they are measured, see [`PoolManagerBuilder::timings`].
    #[must_use]
    pub fn timings(&self) -> Option<PoolTimings> {
        self.table.mill().timings()
    }

    /// Closes the manager and all its pools, from this very call on; await it to wait until every task has settled and every
    /// resource that is not leased any more is disposed of. Ends all pauses.
    ///
    /// Idempotent, and can be awaited again and again. See [`CloseAll`].
    pub fn close(&self) -> CloseAll {
        CloseAll::new(&self.table)
    }

    /// Whether it gives no more leases.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.table.is_closed()
    }
}

impl<K, S: Resource> Clone for PoolManager<K, S> {
    fn clone(&self) -> Self {
        Self { table: Rc::clone(&self.table) }
    }
}

impl<K, S: Resource> fmt::Debug for PoolManager<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolManager").finish_non_exhaustive()
    }
}
