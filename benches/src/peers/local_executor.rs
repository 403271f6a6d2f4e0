//! async-executor, whose tasks each take a permit of async-lock's semaphore.

use std::rc::Rc;

use anyhow::Result;
use async_executor::Task;
use async_lock::Semaphore;

use super::{BareSpawn, Cancel, LOCAL_EXECUTOR, Peer};

/// As bare spawn in all else.
pub(crate) struct LocalExecutorSemaphore {
    spawn: BareSpawn,
    semaphore: Rc<Semaphore>,
}

impl Peer for LocalExecutorSemaphore {
    const NAME: &'static str = LOCAL_EXECUTOR;

    type Handle = Task<u64>;

    fn new(limit: usize) -> Result<Self> {
        Ok(Self { spawn: BareSpawn::new(limit)?, semaphore: Rc::new(Semaphore::new(limit)) })
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.spawn.block_on(future)
    }

    fn submit(&self, task: impl Future<Output = u64> + 'static) -> Result<Task<u64>> {
        let semaphore = Rc::clone(&self.semaphore);
        self.spawn.submit(async move {
            let _permit = semaphore.acquire().await;
            task.await
        })
    }

    fn sum(&self, handles: Vec<Task<u64>>) -> impl Future<Output = Result<u64>> {
        self.spawn.sum(handles)
    }

    fn settle(&self) {
        self.spawn.settle();
    }
}

impl Cancel for LocalExecutorSemaphore {
    /// A task of async-executor is cancelled by dropping it; its future is dropped by the executor.
    fn cancel(&self, handle: Task<u64>) -> Result<()> {
        drop(handle);
        Ok(())
    }
}
