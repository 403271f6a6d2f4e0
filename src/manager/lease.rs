//! A lease: the right to use the pool of a key, and what its users share.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::task::Waker;

use crate::executor::WeakExecutor;
use crate::foreign::Wakers;
use crate::pool::household::{self, Household};
use crate::pool::{Pool, WeakPool};

/// What the tasks of a key share; made by a factory, disposed of exactly once.
///
/// # Examples
/// ```
/// struct Counter(std::cell::Cell<u32>);
/// // Nothing to do at the end: it is just dropped.
/// impl millpond::Resource for Counter {}
/// ```
pub trait Resource: Sized + 'static {
    /// Runs once, on the manager's executor, when the last lease and the last task of its generation are gone. If the executor is gone
    /// by then, the resource is dropped instead.
    fn dispose(self) -> impl Future<Output = ()> + 'static {
        async move { drop(self) }
    }
}

impl Resource for () {}

/// How many resources are being disposed of, and who waits for the end of that.
#[derive(Default)]
pub(super) struct Disposals {
    under_way: Cell<usize>,
    waiters: Wakers,
}

impl Disposals {
    /// Disposes of a resource, or drops it where there is no executor to do it on.
    pub(super) fn dispose<S: Resource>(self: &Rc<Self>, resource: S, executor: &WeakExecutor) {
        if let Some(executor) = executor.upgrade() {
            let disposal = self.begin();
            // A dispose that panics ends there; nobody waits for its outcome but for its end.
            drop(executor.spawn(async move {
                resource.dispose().await;
                drop(disposal);
            }));
        }
    }

    fn begin(self: &Rc<Self>) -> Disposal {
        self.under_way.set(self.under_way.get() + 1);
        Disposal(Rc::clone(self))
    }

    pub(super) fn are_over(&self, waker: &Waker) -> bool {
        if self.under_way.get() == 0 {
            return true;
        }
        self.waiters.add(waker);
        false
    }

    fn end(&self) {
        self.under_way.set(self.under_way.get() - 1);
        if self.under_way.get() == 0 {
            self.waiters.wake_all();
        }
    }
}

/// One of them; over when it is dropped, however it ended.
struct Disposal(Rc<Disposals>);

impl Drop for Disposal {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A resource with all who use it: the table while it is current, its leases, and the tasks submitted through them.
pub(super) struct Generation<S: Resource> {
    resource: Option<S>,
    household: Household,
    executor: WeakExecutor,
    disposals: Rc<Disposals>,
    /// What its leases have in common, while there are any: the pool that holds the lane for them.
    leased: RefCell<WeakPool>,
}

impl<S: Resource> Generation<S> {
    pub(super) fn new(resource: S, household: Household, executor: WeakExecutor, disposals: Rc<Disposals>) -> Self {
        Self { resource: Some(resource), household, executor, disposals, leased: RefCell::default() }
    }

    pub(super) const fn household(&self) -> &Household {
        &self.household
    }
}

impl<S: Resource> household::Generation for Generation<S> {
    fn household(&self) -> &Household {
        &self.household
    }
}

impl<S: Resource> Drop for Generation<S> {
    fn drop(&mut self) {
        if let Some(resource) = self.resource.take() {
            self.disposals.dispose(resource, &self.executor);
        }
    }
}

/// The pool of a key, in use: as long as there is a lease, the pool does not expire. It is a [`Pool`] by dereference.
///
/// Clones are leases of the same generation.
///
/// # A lease that was overtaken
/// When its pool is over its lifetime, invalidated or closed, the lease is not [current](Self::is_current) any more. It goes on to run tasks,
/// under the limit that it shares with its successor. Closing it, and cancelling what waits, are meant for the tasks of its own generation
/// and touch no others. As soon as there is a successor, that one steers the pool: `pause`, `resume` and `resize` through the old lease do
/// nothing, and what it has paused or resized is as for a new pool again. The counts of `stats` are those of the key.
///
/// # Cost
/// One allocation for the first lease of a pool, none while there are others. Closing or cancelling through a lease looks at all tasks of
/// the manager.
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, PoolManager};
///
/// let ex = LocalExecutor::new();
/// let manager = PoolManager::builder(&ex).pool_concurrency(1).build()?;
/// let old = manager.get("key")?;
/// drop(old.close());
/// let new = manager.get("key")?;
/// assert!(old.is_closed() && !old.is_current());
/// assert!(!new.is_closed() && new.is_current());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Lease<S: Resource = ()> {
    pool: Pool,
    generation: Rc<Generation<S>>,
}

impl<S: Resource> Lease<S> {
    /// One more lease of a generation that has any; without, its lane must be held for the [first](Self::first).
    pub(super) fn another(generation: &Rc<Generation<S>>) -> Option<Self> {
        let pool = generation.leased.borrow().upgrade()?;
        Some(Self { pool, generation: Rc::clone(generation) })
    }

    /// The first lease of a generation, by a pool of that generation whose lane is held for it.
    pub(super) fn first(pool: impl FnOnce(Rc<dyn household::Generation>) -> Pool, generation: Rc<Generation<S>>) -> Self {
        let pool = pool(Rc::clone(&generation) as Rc<dyn household::Generation>);
        generation.leased.replace(pool.downgrade());
        Self { pool, generation }
    }

    /// Whether the next [`get`](crate::PoolManager::get) of its key would give a lease of the same pool: it is not over its lifetime, not
    /// invalidated and not closed. One that is not current still runs what it is given.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.generation.household.is_current()
    }

    /// What the users of this generation share.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "the resource is there until the generation is dropped, and this lease keeps it"
    )]
    pub fn resource(&self) -> &S {
        self.generation.resource.as_ref().expect("a generation in use has its resource")
    }
}

impl<S: Resource> Deref for Lease<S> {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.pool
    }
}

impl<S: Resource> Clone for Lease<S> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), generation: Rc::clone(&self.generation) }
    }
}

impl<S: Resource> fmt::Debug for Lease<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("pool", &self.pool).finish_non_exhaustive()
    }
}
