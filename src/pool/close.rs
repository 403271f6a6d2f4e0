//! The end of a pool: no more tasks, then wait, then insist.

use std::fmt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{Either, LocalBoxFuture, select};

use super::Pool;
use super::deadlock::Wait;
use super::waits::What;

/// What became of the tasks that were there when a pool was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CloseReport {
    /// Came to their end by themselves.
    pub drained: u64,
    /// Were cancelled in line.
    pub cancelled_waiting: u64,
    /// Were cancelled while they ran.
    pub cancelled_running: u64,
}

/// Waits for a pool to be drained; see [`Pool::close`]. The pool takes nothing from the call of `close` on, awaited or not.
///
/// # Cancel safety
/// Dropped: the pool stays closed, what it has accepted drains. Close it again to wait again, or to insist.
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, ManualClock, Pool};
/// use std::time::Duration;
///
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let pool = Pool::builder(&ex).concurrency(1).build()?;
/// let _stuck = pool.try_submit(std::future::pending::<()>())?;
/// let _waits = pool.try_submit(async {})?;
/// let report = ex.block_on(pool.close().within(Duration::from_secs(30)));
/// assert_eq!((report.drained, report.cancelled_waiting, report.cancelled_running), (0, 1, 1));
/// assert!(pool.try_submit(async {}).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the pool is closed; await this to wait until it is drained"]
pub struct Close {
    pool: Pool,
    terms: Terms,
    /// How many tasks there were when it was called.
    tasks: u64,
    /// There from the first poll on.
    wait: Option<LocalBoxFuture<'static, CloseReport>>,
}

impl Close {
    pub(super) fn new(pool: Pool) -> Self {
        pool.mill().close(pool.lane());
        let tasks = pool.tasks();
        Self { pool, terms: Terms::default(), tasks, wait: None }
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

impl Future for Close {
    type Output = CloseReport;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReport> {
        let Self { pool, terms, tasks, wait } = &mut *self;
        wait.get_or_insert_with(|| Box::pin(terms.drain(pool.clone(), *tasks))).as_mut().poll(cx)
    }
}

impl fmt::Debug for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Close").field("terms", &self.terms).finish_non_exhaustive()
    }
}

/// How patient a close is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    pub(crate) cancel_waiting: bool,
    pub(crate) within: Option<Duration>,
}

impl Terms {
    /// Waits for a closed pool to be drained, and insists as far as the terms say; it had so many tasks when it was closed.
    pub(crate) async fn drain(self, pool: Pool, tasks: u64) -> CloseReport {
        let mut report = CloseReport::default();
        if self.cancel_waiting {
            report.cancelled_waiting += pool.cancel_waiting();
        }
        if !self.drained_in_time(&pool).await {
            report.cancelled_waiting += pool.cancel_waiting();
            report.cancelled_running += pool.mill().cancel_running(pool.lane());
        }
        Drained::new(&pool).await;
        report.drained = tasks - report.cancelled_waiting - report.cancelled_running;
        report
    }

    /// Waits until the pool is drained, but no longer than it may take.
    async fn drained_in_time(self, pool: &Pool) -> bool {
        let sleep = pool.mill().executor().zip(self.within).map(|(executor, within)| executor.sleep(within));
        match sleep {
            Some(sleep) => matches!(select(pin!(Drained::new(pool)), sleep).await, Either::Left(_)),
            None => true,
        }
    }
}

impl CloseReport {
    /// Both together.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            drained: self.drained + other.drained,
            cancelled_waiting: self.cancelled_waiting + other.cancelled_waiting,
            cancelled_running: self.cancelled_running + other.cancelled_running,
        }
    }
}

/// Ready when nothing waits and nothing runs.
pub(crate) struct Drained {
    pool: Pool,
    place: Option<u64>,
}

impl Drained {
    pub(crate) fn new(pool: &Pool) -> Self {
        Self { pool: pool.clone(), place: None }
    }
}

impl Future for Drained {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let pool = self.pool.clone();
        if pool.mill().look(|pond| pond.is_drained(pool.lane())) {
            return Poll::Ready(());
        }
        pool.mill().waits.wait(pool.lane(), What::Drained, &mut self.place, cx.waker());
        self.place.into_iter().for_each(|place| pool.mill().tie(Wait::Drained(pool.lane(), place)));
        Poll::Pending
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.pool.mill().waits.leave(self.pool.lane(), What::Drained, place);
        }
    }
}

/// Ready when the pool takes no more and nothing is left of what it took.
pub(crate) struct Ended {
    drained: Drained,
}

impl Ended {
    pub(crate) fn new(pool: &Pool) -> Self {
        Self { drained: Drained::new(pool) }
    }
}

impl Future for Ended {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Drained { pool, place } = &mut self.drained;
        let (mill, lane) = (pool.mill(), pool.lane());
        if mill.look(|pond| pond.is_closed(lane) && pond.is_drained(lane)) {
            return Poll::Ready(());
        }
        mill.waits.wait(lane, What::Drained, place, cx.waker());
        Poll::Pending
    }
}
