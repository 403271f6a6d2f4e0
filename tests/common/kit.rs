//! What the tests of pools share: a pool on a clock that stands still, gates that hold tasks up, a gauge of what runs, comparable ends.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use futures::channel::oneshot;
use millpond::{LocalExecutor, ManualClock, Pool, PoolStats, Task, TaskError, TaskState, Timeout, TrySubmitError};

use super::support::poll_once;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// The smallest step of a clock.
pub(crate) const TICK: Duration = Duration::from_nanos(1);

/// A pool on an executor of its own, whose clock is moved by hand.
pub(crate) struct Rig {
    pub(crate) ex: LocalExecutor,
    pub(crate) pool: Pool,
}

impl Rig {
    /// A pool with a line that is long enough for any test.
    pub(crate) fn new(concurrency: u32) -> Self {
        Self::with_line(concurrency, 1_000_000)
    }

    pub(crate) fn with_line(concurrency: u32, capacity: u32) -> Self {
        let ex = LocalExecutor::with_clock(ManualClock::new());
        let pool = Pool::builder(&ex).concurrency(concurrency).queue_capacity(capacity).build().unwrap();
        Self { ex, pool }
    }

    /// Moves the clock from deadline to deadline.
    pub(crate) fn advance(&self, by: Duration) {
        self.ex.advance(by).unwrap();
    }

    /// Takes all permits there are, until the gates are opened.
    pub(crate) fn fill(&self) -> Vec<Gate> {
        let mut gates = Vec::new();
        loop {
            let (gate, future) = gated(());
            match self.pool.try_submit(future) {
                Ok(task) if task.state() == TaskState::Running => gates.push(gate),
                Ok(task) => {
                    assert!(task.cancel());
                    break;
                }
                Err(error) => {
                    assert!(error.is_full());
                    break;
                }
            }
        }
        self.ex.run_until_idle();
        gates
    }

    /// Asserts that nothing is left behind, and that as many tasks can run as ever.
    pub(crate) fn assert_all_permits_are_back(&self, concurrency: usize) {
        self.ex.run_until_idle();
        let stats = adds_up(&self.pool);
        assert_eq!((stats.waiting, stats.running), (0, 0));
        let gates = self.fill();
        assert_eq!(gates.len(), concurrency, "permits that can be taken");
        gates.into_iter().for_each(Gate::open);
        self.ex.run_until_idle();
        assert_eq!(self.pool.stats().running, 0);
    }
}

/// The statistics, after asserting that they add up.
pub(crate) fn adds_up(pool: &Pool) -> PoolStats {
    let stats = pool.stats();
    assert!(balances(&stats), "{stats:?}");
    stats
}

/// Whether the statistics add up. For places where a panic would be caught by the pool.
pub(crate) fn balances(stats: &PoolStats) -> bool {
    let ended = stats.succeeded + stats.failed + stats.panicked + stats.cancelled + stats.timed_out + stats.dropped;
    stats.submitted == stats.waiting + stats.running + ended
}

/// Takes an accepted task, or fails the test.
pub(crate) fn accepted<T, F: Future<Output = T>>(task: Result<Task<T>, TrySubmitError<F>>) -> Task<T> {
    task.unwrap_or_else(|error| panic!("{error}"))
}

/// Opens a [`gated`] future. Dropped unopened, it never opens.
pub(crate) struct Gate(oneshot::Sender<()>);

impl Gate {
    pub(crate) fn open(self) {
        // Whoever waited may be gone.
        let _gone = self.0.send(());
    }
}

/// A future that is ready with `value` as soon as its gate is open.
pub(crate) fn gated<T: 'static>(value: T) -> (Gate, impl Future<Output = T> + use<T>) {
    let (open, opened) = oneshot::channel();
    let future = async move {
        if opened.await.is_err() {
            pending::<()>().await;
        }
        value
    };
    (Gate(open), future)
}

/// Counts what is between its start and its drop, and the most there ever was.
#[derive(Clone, Default)]
pub(crate) struct Gauge(Rc<(Cell<usize>, Cell<usize>)>);

impl Gauge {
    pub(crate) fn enter(&self) -> impl Drop + use<> {
        struct Inside(Gauge);
        impl Drop for Inside {
            fn drop(&mut self) {
                let (now, _) = self.0.0.deref();
                now.set(now.get() - 1);
            }
        }
        let (now, most) = self.0.deref();
        now.set(now.get() + 1);
        most.set(most.get().max(now.get()));
        Inside(self.clone())
    }

    pub(crate) fn now(&self) -> usize {
        self.0.0.get()
    }

    pub(crate) fn most(&self) -> usize {
        self.0.1.get()
    }
}

/// How a task ended, or that it has not; to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End<T> {
    NotYet,
    Value(T),
    Cancelled,
    TimedOut(Timeout),
    Panicked,
    Closed,
    Dropped,
    Deadlock,
}

impl<T> From<Poll<Result<T, TaskError>>> for End<T> {
    fn from(polled: Poll<Result<T, TaskError>>) -> Self {
        match polled {
            Poll::Pending => Self::NotYet,
            Poll::Ready(Ok(value)) => Self::Value(value),
            Poll::Ready(Err(TaskError::Cancelled)) => Self::Cancelled,
            Poll::Ready(Err(TaskError::TimedOut(clock))) => Self::TimedOut(clock),
            Poll::Ready(Err(TaskError::Panicked(_))) => Self::Panicked,
            Poll::Ready(Err(TaskError::Closed)) => Self::Closed,
            Poll::Ready(Err(TaskError::Dropped)) => Self::Dropped,
            Poll::Ready(Err(TaskError::Deadlock(_))) => Self::Deadlock,
        }
    }
}

/// Polls a handle, or a run, once.
pub(crate) fn end<T>(future: &mut (impl Future<Output = Result<T, TaskError>> + Unpin)) -> End<T> {
    poll_once(Pin::new(future)).into()
}

/// A place for something that a closure made before it needs.
pub(crate) struct Later<T>(Rc<RefCell<Option<T>>>);

impl<T> Later<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::default())
    }

    pub(crate) fn set(&self, value: T) {
        self.0.replace(Some(value));
    }

    /// Takes it out, so that nothing is borrowed while it is used.
    pub(crate) fn take(&self) -> Option<T> {
        self.0.take()
    }
}

impl<T> Clone for Later<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Keeps the waker of its poll and is ready when told.
pub(crate) async fn until(ready: Rc<Cell<bool>>, waker: Later<Waker>) {
    std::future::poll_fn(|cx| {
        waker.set(cx.waker().clone());
        if ready.get() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Numbers that look random and are the same every time.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One of `0..below` (xorshift64*).
    pub(crate) fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        high as usize % below
    }
}

/// Calls back with every order of `0..count`.
pub(crate) fn orders(count: usize, mut call: impl FnMut(&[usize])) {
    fn extend(order: &mut Vec<usize>, count: usize, call: &mut impl FnMut(&[usize])) {
        if order.len() == count {
            return call(order);
        }
        for next in 0..count {
            if !order.contains(&next) {
                order.push(next);
                extend(order, count, call);
                order.pop();
            }
        }
    }
    extend(&mut Vec::new(), count, &mut call);
}
