//! Those that pull tasks as they have room for them, and so have neither a line nor handles.

use anyhow::Result;
use futures::StreamExt;
use futures::executor::block_on;
use futures::stream::{FuturesUnordered, iter};
use millpond::{LocalExecutor, Pool};

use crate::work::told;

pub(crate) const BUFFER_UNORDERED: &str = "buffer_unordered";
pub(crate) const BUFFERED: &str = "buffered";
pub(crate) const FUTURES_UNORDERED: &str = "FuturesUnordered";

/// Makes `count` tasks by their numbers, runs `limit` of them at a time, and adds up what they give.
pub(crate) fn buffer_unordered<F: Future<Output = u64>>(count: u64, limit: usize, task: impl Fn(u64) -> F) -> u64 {
    let outputs = iter((0..count).map(task)).buffer_unordered(limit);
    block_on(outputs.fold(0, async |sum, output| sum + output))
}

pub(crate) fn buffered<F: Future<Output = u64>>(count: u64, limit: usize, task: impl Fn(u64) -> F) -> u64 {
    let outputs = iter((0..count).map(task)).buffered(limit);
    block_on(outputs.fold(0, async |sum, output| sum + output))
}

/// The loop that one writes around it to have a limit.
pub(crate) fn futures_unordered<F: Future<Output = u64>>(count: u64, limit: usize, task: impl Fn(u64) -> F) -> u64 {
    let mut items = (0..count).map(task);
    block_on(async {
        let mut running = items.by_ref().take(limit).collect::<FuturesUnordered<_>>();
        let mut sum = 0;
        while let Some(output) = running.next().await {
            sum += output;
            running.extend(items.next());
        }
        sum
    })
}

/// In the order in which they end, or in that of the items.
#[derive(Clone, Copy)]
pub(crate) enum Order {
    Completed,
    Items,
}

pub(crate) fn millpond_map<F>(count: u64, limit: u32, order: Order, task: impl Fn(u64) -> F) -> Result<u64>
where
    F: Future<Output = u64> + 'static,
{
    let executor = LocalExecutor::new();
    let pool = Pool::builder(&executor).concurrency(limit).unbounded_queue().build()?;
    let outputs = pool.map(0..count, task);
    let outputs = match order {
        Order::Completed => outputs.unordered(),
        Order::Items => outputs,
    };
    let mut outputs = std::pin::pin!(outputs);
    executor.block_on(async {
        let mut sum = 0;
        while let Some(output) = outputs.next().await {
            sum += output.map_err(told)?;
        }
        Ok(sum)
    })
}
