//! async-executor without any limit: what a task costs that nobody holds back.

use anyhow::Result;
use async_executor::{LocalExecutor, Task};
use futures::executor::block_on;

use super::{BARE_SPAWN, Peer};

/// The executor that millpond is built on.
pub(crate) struct BareSpawn {
    executor: LocalExecutor<'static>,
}

impl Peer for BareSpawn {
    const NAME: &'static str = BARE_SPAWN;

    type Handle = Task<u64>;

    fn new(_no_limit: usize) -> Result<Self> {
        Ok(Self { executor: LocalExecutor::new() })
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(self.executor.run(future))
    }

    fn submit(&self, task: impl Future<Output = u64> + 'static) -> Result<Task<u64>> {
        Ok(self.executor.spawn(task))
    }

    async fn sum(&self, handles: Vec<Task<u64>>) -> Result<u64> {
        let mut sum = 0;
        for handle in handles {
            sum += handle.await;
        }
        Ok(sum)
    }

    fn settle(&self) {
        while self.executor.try_tick() {}
    }
}
