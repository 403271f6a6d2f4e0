//! async-executor, whose tasks each take a permit of async-lock's semaphore.

use std::rc::Rc;

use anyhow::Result;
use async_executor::{LocalExecutor, Task};
use async_lock::Semaphore;
use futures::executor::block_on;

use super::{Cancel, LOCAL_EXECUTOR, Peer};

pub(crate) struct LocalExecutorSemaphore {
    executor: LocalExecutor<'static>,
    semaphore: Rc<Semaphore>,
}

impl Peer for LocalExecutorSemaphore {
    const NAME: &'static str = LOCAL_EXECUTOR;

    type Handle = Task<u64>;

    fn new(limit: usize) -> Result<Self> {
        Ok(Self { executor: LocalExecutor::new(), semaphore: Rc::new(Semaphore::new(limit)) })
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(self.executor.run(future))
    }

    fn submit(&self, task: impl Future<Output = u64> + 'static) -> Result<Task<u64>> {
        let semaphore = Rc::clone(&self.semaphore);
        Ok(self.executor.spawn(async move {
            let _permit = semaphore.acquire().await;
            task.await
        }))
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

impl Cancel for LocalExecutorSemaphore {
    /// A task of async-executor is cancelled by dropping it; its future is dropped by the executor.
    fn cancel(&self, handle: Task<u64>) -> Result<()> {
        drop(handle);
        Ok(())
    }
}
