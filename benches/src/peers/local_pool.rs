//! The executor of the futures crate, whose tasks each take a permit of async-lock's semaphore.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::Result;
use async_lock::Semaphore;
use futures::executor::{LocalPool, LocalSpawner};
use futures::future::RemoteHandle;
use futures::task::LocalSpawnExt;

use super::Peer;

pub(crate) struct LocalPoolSemaphore {
    pool: RefCell<LocalPool>,
    spawner: LocalSpawner,
    semaphore: Rc<Semaphore>,
}

impl Peer for LocalPoolSemaphore {
    const NAME: &'static str = "LocalPool + Semaphore";

    type Handle = RemoteHandle<u64>;

    fn new(limit: usize) -> Result<Self> {
        let pool = LocalPool::new();
        let spawner = pool.spawner();
        Ok(Self { pool: RefCell::new(pool), spawner, semaphore: Rc::new(Semaphore::new(limit)) })
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.pool.borrow_mut().run_until(future)
    }

    fn submit(&self, task: impl Future<Output = u64> + 'static) -> Result<RemoteHandle<u64>> {
        let semaphore = Rc::clone(&self.semaphore);
        Ok(self.spawner.spawn_local_with_handle(async move {
            let _permit = semaphore.acquire().await;
            task.await
        })?)
    }

    async fn sum(&self, handles: Vec<RemoteHandle<u64>>) -> Result<u64> {
        let mut sum = 0;
        for handle in handles {
            sum += handle.await;
        }
        Ok(sum)
    }

    fn settle(&self) {
        self.pool.borrow_mut().run_until_stalled();
    }
}
