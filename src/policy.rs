//! How a pool treats those who wait: who goes first, and who goes when the line is full.

/// Who goes first among waiting tasks of one class.
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, Order, Pool};
///
/// let ex = LocalExecutor::new();
/// let pool = Pool::builder(&ex).concurrency(1).queue_capacity(9).order(Order::Lifo).build()?;
/// let tasks: Vec<_> = (0..4).map(|number| pool.try_submit(async move { number })).collect::<Result<_, _>>()?;
/// let order = ex.block_on(async {
///     use futures::stream::{FuturesUnordered, StreamExt};
///     tasks.into_iter().collect::<FuturesUnordered<_>>().filter_map(async |end| end.ok()).collect::<Vec<_>>().await
/// });
/// assert_eq!(order, [0, 3, 2, 1]); // the first had a permit at once
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// First come, first served.
    #[default]
    Fifo,
    /// Last come, first served: the freshest first, for work that loses its worth by waiting. The oldest may wait for ever.
    Lifo,
}

impl Order {
    /// A task's place from the number of its submission: the smaller the earlier. Its own inverse.
    pub(crate) const fn place(self, number: u64) -> u64 {
        match self {
            Self::Fifo => number,
            Self::Lifo => !number,
        }
    }
}

/// Who goes when a task comes to a full line.
///
/// With the two that drop, a newcomer takes the place at once, so that [`submit`](crate::Pool::submit) has nothing to wait for; who is dropped
/// settles with [`TaskError::Dropped`](crate::TaskError::Dropped).
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, Overflow, Pool, TaskError};
///
/// let ex = LocalExecutor::new();
/// let pool = Pool::builder(&ex).concurrency(1).queue_capacity(1).overflow(Overflow::DropOldest).build()?;
/// let _running = pool.try_submit(async {})?;
/// let stale = pool.try_submit(async { "stale" })?;
/// let fresh = pool.try_submit(async { "fresh" })?;
/// assert!(matches!(ex.block_on(stale), Err(TaskError::Dropped)));
/// assert_eq!(ex.block_on(fresh)?, "fresh");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Overflow {
    /// The newcomer is refused, or waits for room.
    #[default]
    Reject,
    /// The task that was submitted first, whatever its class.
    DropOldest,
    /// The task that would start last: of the lowest class, and there the last in order. If that is the newcomer, it is refused.
    DropLowest,
}
