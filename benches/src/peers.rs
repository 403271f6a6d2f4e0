//! Those that can be given tasks and give a handle for each, all with the same methods.
//!
//! Each is used as its own documentation recommends, and in its cheapest form: no `Arc` where an `Rc` will do, nothing locked or boxed
//! for the sake of the bench.

mod bare_spawn;
mod local_executor;
mod local_pool;
mod minimum;
mod ours;
pub(crate) mod streams;
mod tokio;

pub(crate) use bare_spawn::BareSpawn;
pub(crate) use local_executor::LocalExecutorSemaphore;
pub(crate) use local_pool::LocalPoolSemaphore;
pub(crate) use minimum::Minimum;
pub(crate) use ours::Millpond;
pub(crate) use tokio::{JoinSetSemaphore, LocalSetSemaphore};

use anyhow::Result;

/// Names that targets speak of.
pub(crate) const MILLPOND: &str = "millpond";
pub(crate) const BARE_SPAWN: &str = "bare spawn";
pub(crate) const LOCAL_EXECUTOR: &str = "LocalExecutor + Semaphore";
pub(crate) const LOCAL_SET: &str = "tokio LocalSet + Semaphore";
pub(crate) const MINIMUM: &str = "minimum";

/// Runs tasks of one thread, at most so many at once, each of which gives a number.
pub(crate) trait Peer: Sized + 'static {
    const NAME: &'static str;

    /// What there is of a task that was submitted.
    type Handle: 'static;

    fn new(limit: usize) -> Result<Self>;

    /// Drives the tasks until `future` is ready.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;

    /// Called inside [`block_on`](Self::block_on); never waits.
    fn submit(&self, task: impl Future<Output = u64> + 'static) -> Result<Self::Handle>;

    /// Submits `count` tasks, made by their numbers.
    fn submit_all<F>(&self, count: u64, task: impl Fn(u64) -> F) -> Result<Vec<Self::Handle>>
    where
        F: Future<Output = u64> + 'static,
    {
        let mut handles = Vec::with_capacity(usize::try_from(count)?);
        for number in 0..count {
            handles.push(self.submit(task(number))?);
        }
        Ok(handles)
    }

    /// Awaits every task by its handle, in the order of submission, and adds the results up.
    fn sum(&self, handles: Vec<Self::Handle>) -> impl Future<Output = Result<u64>>;

    /// Drives the tasks until those that may run all do, and the others wait.
    fn settle(&self);
}

/// A peer whose waiting tasks can be cancelled.
pub(crate) trait Cancel: Peer {
    fn cancel(&self, handle: Self::Handle) -> Result<()>;
}
