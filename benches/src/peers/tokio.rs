//! tokio's `LocalSet` on its `current_thread` runtime, whose tasks each take a permit of its semaphore: with a handle for each, and in a `JoinSet`.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::Result;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet, LocalSet, spawn_local};

use super::{Cancel, LOCAL_SET, Peer};

/// What both are made of.
struct Base {
    // Dropped before the runtime it runs on.
    set: LocalSet,
    runtime: Runtime,
    semaphore: Rc<Semaphore>,
}

impl Base {
    fn new(limit: usize) -> Result<Self> {
        Ok(Self { set: LocalSet::new(), runtime: Builder::new_current_thread().build()?, semaphore: Rc::new(Semaphore::new(limit)) })
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.set.block_on(&self.runtime, future)
    }

    fn limited(&self, task: impl Future<Output = u64> + 'static) -> impl Future<Output = Result<u64>> + 'static {
        let semaphore = Rc::clone(&self.semaphore);
        async move {
            let _permit = semaphore.acquire().await?;
            Ok(task.await)
        }
    }

    /// A set polls its tasks in the order in which they became ready: when the last is over, all others have been polled.
    fn settle(&self) {
        let last = self.block_on(async { spawn_local(async {}).await });
        debug_assert!(last.is_ok(), "it does not panic");
    }
}

pub(crate) struct LocalSetSemaphore(Base);

impl Peer for LocalSetSemaphore {
    const NAME: &'static str = LOCAL_SET;

    type Handle = JoinHandle<Result<u64>>;

    fn new(limit: usize) -> Result<Self> {
        Ok(Self(Base::new(limit)?))
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }

    fn submit(&self, task: impl Future<Output = u64> + 'static) -> Result<Self::Handle> {
        Ok(spawn_local(self.0.limited(task)))
    }

    async fn sum(&self, handles: Vec<Self::Handle>) -> Result<u64> {
        let mut sum = 0;
        for handle in handles {
            sum += handle.await??;
        }
        Ok(sum)
    }

    fn settle(&self) {
        self.0.settle();
    }
}

impl Cancel for LocalSetSemaphore {
    fn cancel(&self, handle: Self::Handle) -> Result<()> {
        handle.abort();
        Ok(())
    }
}

/// It hands out results as they come, not by a handle for each.
pub(crate) struct JoinSetSemaphore {
    // Dropped before the set of tasks they are in.
    tasks: RefCell<JoinSet<Result<u64>>>,
    base: Base,
}

impl Peer for JoinSetSemaphore {
    const NAME: &'static str = "tokio JoinSet + Semaphore";

    type Handle = ();

    fn new(limit: usize) -> Result<Self> {
        Ok(Self { tasks: RefCell::default(), base: Base::new(limit)? })
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.base.block_on(future)
    }

    fn submit(&self, task: impl Future<Output = u64> + 'static) -> Result<()> {
        self.tasks.borrow_mut().spawn_local(self.base.limited(task));
        Ok(())
    }

    async fn sum(&self, _handles: Vec<()>) -> Result<u64> {
        let mut tasks = self.tasks.take();
        let mut sum = 0;
        while let Some(output) = tasks.join_next().await {
            sum += output??;
        }
        Ok(sum)
    }

    fn settle(&self) {
        self.base.settle();
    }
}
