//! How the pool of one key differs from the others.

use crate::limit::Concurrency;
use crate::pool::PoolOptions;

/// What is different about the pool of a key; see [`PoolManagerBuilder::pool_options_for`](crate::PoolManagerBuilder::pool_options_for).
///
/// What is not said is as the manager has it for all.
///
/// # Examples
/// ```
/// use millpond::{Concurrency, LocalExecutor, PoolManager, PoolOverrides};
///
/// let ex = LocalExecutor::new();
/// let tenants = PoolManager::builder(&ex)
///     .pool_concurrency(2)
///     .pool_options_for(|tenant: &&str| match *tenant {
///         "large" => PoolOverrides::new().concurrency(20),
///         _ => PoolOverrides::new(),
///     })
///     .build()?;
/// assert_eq!(tenants.get("large")?.concurrency(), Concurrency::AtMost(20));
/// assert_eq!(tenants.get("small")?.concurrency(), Concurrency::AtMost(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolOverrides {
    concurrency: Option<Concurrency>,
    queue_capacity: Option<u32>,
}

impl PoolOverrides {
    /// Nothing is different.
    #[must_use]
    pub const fn new() -> Self {
        Self { concurrency: None, queue_capacity: None }
    }

    /// How many tasks of this key may run at once: 1 or more.
    #[must_use]
    pub fn concurrency(mut self, concurrency: impl Into<Concurrency>) -> Self {
        self.concurrency = Some(concurrency.into());
        self
    }

    /// How many tasks of this key may wait: 0 or more.
    #[must_use]
    pub const fn queue_capacity(mut self, capacity: u32) -> Self {
        self.queue_capacity = Some(capacity);
        self
    }

    /// Lets the line of this key grow without bound.
    #[must_use]
    pub const fn unbounded_queue(self) -> Self {
        self.queue_capacity(u32::MAX)
    }

    /// The options of all with what is different, unchecked.
    pub(super) fn over(self, all: PoolOptions) -> PoolOptions {
        PoolOptions {
            concurrency: self.concurrency.unwrap_or(all.concurrency),
            queue_capacity: self.queue_capacity.or(all.queue_capacity),
            ..all
        }
    }
}
