//! What the tests of managers share: a manager on a clock that stands still, and a resource whose making and ending is written down.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use millpond::{GetError, Lease, LocalExecutor, ManualClock, PoolManager, PoolManagerBuilder, PoolStats, Resource};

use super::support::poll_once;

/// How long the pools of these tests stay when nobody uses them.
pub(crate) const IDLE: Duration = Duration::from_secs(10);
/// How long they are given out.
pub(crate) const LIFE: Duration = Duration::from_secs(60);

/// A manager on an executor of its own, whose clock is moved by hand.
pub(crate) struct Estate<S: Resource = ()> {
    pub(crate) ex: LocalExecutor,
    pub(crate) clock: ManualClock,
    pub(crate) manager: PoolManager<u32, S>,
}

impl<S: Resource> Estate<S> {
    /// Lines are long enough for any test unless `options` says otherwise.
    pub(crate) fn new(options: impl FnOnce(PoolManagerBuilder<u32, S>) -> PoolManagerBuilder<u32, S>) -> Self {
        let clock = ManualClock::new();
        let ex = LocalExecutor::with_clock(clock.clone());
        let manager = options(PoolManager::builder(&ex).pool_queue_capacity(1_000_000)).build().unwrap();
        Self { ex, clock, manager }
    }

    /// Moves the clock from deadline to deadline.
    pub(crate) fn advance(&self, by: Duration) {
        self.ex.advance(by).unwrap();
    }

    /// The statistics of all pools, after asserting that they add up.
    pub(crate) fn adds_up(&self) -> PoolStats {
        let stats = self.manager.stats();
        let ended = stats.succeeded + stats.failed + stats.panicked + stats.cancelled + stats.timed_out + stats.dropped;
        assert_eq!(stats.submitted, stats.waiting + stats.running + ended, "{stats:?}");
        stats
    }

    /// Drives the executor until the future is ready; time stands still.
    pub(crate) fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = poll_once(future.as_mut()) {
                return output;
            }
            assert!(self.ex.run_until_idle() > 0, "it hangs");
        }
    }
}

impl Estate<Shared> {
    /// A lease of a key whose resource is written down in a ledger.
    pub(crate) fn shared(&self, key: u32, ledger: &Ledger) -> Lease<Shared> {
        self.finish(self.manager.get_with(key, ledger.factory())).unwrap()
    }
}

/// What the tasks of a key share in these tests; numbered in the order of making.
pub(crate) struct Shared {
    pub(crate) number: usize,
    ledger: Ledger,
}

impl Resource for Shared {
    async fn dispose(self) {
        self.ledger.0.disposed.borrow_mut().push(self.number);
        let farewell = self.ledger.0.farewell.take();
        if let Some(farewell) = farewell {
            farewell.await;
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.ledger.0.dropped.borrow_mut().push(self.number);
    }
}

/// Every resource that was made, disposed of and dropped.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Rc<Books>);

#[derive(Default)]
struct Books {
    made: Cell<usize>,
    disposed: RefCell<Vec<usize>>,
    dropped: RefCell<Vec<usize>>,
    farewell: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>,
}

impl Ledger {
    pub(crate) fn make(&self) -> Shared {
        self.0.made.set(self.made() + 1);
        Shared { number: self.made(), ledger: self.clone() }
    }

    /// A factory that is ready at once.
    pub(crate) fn factory(&self) -> impl AsyncFnOnce(u32) -> Result<Shared, Infallible> + use<> {
        let ledger = self.clone();
        async move |_| Ok(ledger.make())
    }

    /// A factory that waits first.
    pub(crate) fn slowly(&self, wait: impl Future<Output = ()> + 'static) -> impl AsyncFnOnce(u32) -> Result<Shared, Infallible> + 'static {
        let ledger = self.clone();
        async move |_| {
            wait.await;
            Ok(ledger.make())
        }
    }

    /// What the next dispose waits for.
    pub(crate) fn set_farewell(&self, farewell: impl Future<Output = ()> + 'static) {
        self.0.farewell.replace(Some(Box::pin(farewell)));
    }

    pub(crate) fn made(&self) -> usize {
        self.0.made.get()
    }

    /// The numbers of those of whom disposing has begun, in that order.
    pub(crate) fn disposed(&self) -> Vec<usize> {
        self.0.disposed.borrow().clone()
    }

    /// The numbers of those who are gone.
    pub(crate) fn dropped(&self) -> Vec<usize> {
        self.0.dropped.borrow().clone()
    }
}

/// A `get_with` on its way, comparable.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    NotYet,
    /// The number of the resource.
    Lease(usize),
    Closed,
    Full,
    Failed(String),
    Panicked(String),
}

/// Polls a `get_with` once; the lease is dropped.
pub(crate) fn got(future: Pin<&mut impl Future<Output = Result<Lease<Shared>, GetError>>>) -> Got {
    match poll_once(future) {
        Poll::Pending => Got::NotYet,
        Poll::Ready(Ok(lease)) => Got::Lease(lease.resource().number),
        Poll::Ready(Err(GetError::Closed)) => Got::Closed,
        Poll::Ready(Err(GetError::Full)) => Got::Full,
        Poll::Ready(Err(GetError::Failed(error))) => Got::Failed(error.to_string()),
        Poll::Ready(Err(GetError::Panicked(message))) => Got::Panicked(message.to_string()),
        Poll::Ready(Err(other)) => panic!("{other}"),
    }
}
