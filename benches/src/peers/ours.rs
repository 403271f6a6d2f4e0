//! millpond.

use anyhow::{Result, ensure};
use millpond::{LocalExecutor, Pool, Task};

use super::{Cancel, MILLPOND, Peer};
use crate::work::told;

/// A pool whose line has no end, as those of the others.
pub(crate) struct Millpond {
    executor: LocalExecutor,
    pool: Pool,
}

impl Peer for Millpond {
    const NAME: &'static str = MILLPOND;

    type Handle = Task<u64>;

    fn new(limit: usize) -> Result<Self> {
        let executor = LocalExecutor::new();
        let pool = Pool::builder(&executor).concurrency(u32::try_from(limit)?).unbounded_queue().build()?;
        Ok(Self { executor, pool })
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.executor.block_on(future)
    }

    fn submit(&self, task: impl Future<Output = u64> + 'static) -> Result<Task<u64>> {
        self.pool.try_submit(task).map_err(told)
    }

    async fn sum(&self, handles: Vec<Task<u64>>) -> Result<u64> {
        let mut sum = 0;
        for handle in handles {
            sum += handle.await.map_err(told)?;
        }
        Ok(sum)
    }

    fn settle(&self) {
        self.executor.run_until_idle();
    }
}

impl Cancel for Millpond {
    fn cancel(&self, handle: Task<u64>) -> Result<()> {
        ensure!(handle.cancel(), "a waiting task was not cancelled");
        Ok(())
    }
}
