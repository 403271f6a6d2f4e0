//! The end of a manager: all its pools, then all its resources.

use std::fmt;
use std::future::poll_fn;
use std::hash::Hash;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{LocalBoxFuture, join_all};

use super::lease::Resource;
use super::table::Table;
use crate::pool::{CloseReport, Pool, Tally, Terms};

/// Waits for a manager to be drained; see [`PoolManager::close`](crate::PoolManager::close).
///
/// # Cancel safety
/// Dropped: the manager stays closed, what it has accepted drains. Close it again to wait again, or to insist.
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, PoolManager};
///
/// let ex = LocalExecutor::new();
/// let manager = PoolManager::builder(&ex).build()?;
/// let _task = manager.get("a")?.try_submit(async {})?;
/// assert_eq!(ex.block_on(manager.close()).drained, 1);
/// assert!(manager.get("a").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the manager is closed; await this to wait until it is drained"]
pub struct CloseAll {
    terms: Terms,
    begin: Begin,
    /// There from the first poll on.
    wait: Option<LocalBoxFuture<'static, CloseReport>>,
}

type Begin = Box<dyn Fn(Terms) -> LocalBoxFuture<'static, CloseReport>>;

impl CloseAll {
    pub(super) fn new<K: Eq + Hash + Clone + 'static, S: Resource>(table: &Rc<Table<K, S>>) -> Self {
        let (pools, before) = table.close();
        let table = Rc::clone(table);
        let begin =
            move |terms| -> LocalBoxFuture<'static, CloseReport> { Box::pin(drain(Rc::clone(&table), pools.clone(), before, terms)) };
        Self { terms: Terms::default(), begin: Box::new(begin), wait: None }
    }

    /// Cancels what waits, right when this is first polled; what runs comes to its end.
    pub fn cancel_waiting(mut self) -> Self {
        self.terms.cancel_waiting = true;
        self
    }

    /// Drains for so long, counted from the first poll; then cancels what still waits and what still runs.
    pub fn within(mut self, duration: Duration) -> Self {
        self.terms.within = Some(duration);
        self
    }
}

/// Drains all pools at the same time, then waits for the resources that nobody leases.
async fn drain<K, S>(table: Rc<Table<K, S>>, pools: Vec<Pool>, before: Tally, terms: Terms) -> CloseReport
where
    K: Eq + Hash + Clone + 'static,
    S: Resource,
{
    let reports = join_all(pools.into_iter().map(|pool| terms.drain(pool))).await;
    let after = table.tally();
    table.clear();
    poll_fn(|cx| if table.disposals.are_over(cx.waker()) { Poll::Ready(()) } else { Poll::Pending }).await;
    reports.into_iter().fold(CloseReport::default(), CloseReport::plus).since(before, after)
}

impl Future for CloseAll {
    type Output = CloseReport;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReport> {
        let Self { terms, begin, wait } = &mut *self;
        wait.get_or_insert_with(|| begin(*terms)).as_mut().poll(cx)
    }
}

impl fmt::Debug for CloseAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloseAll").field("terms", &self.terms).finish_non_exhaustive()
    }
}
