//! A flight: one run of a factory for a key, and all who wait for it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::lease::{Lease, Resource};
use crate::error::{Closed, OptionError};
use crate::executor::JoinHandle;
use crate::pool::Pool;

/// Why [`PoolManager::get`](crate::PoolManager::get) or [`get_with`](crate::PoolManager::get_with) gave no lease. All who waited for the same factory get clones of one error.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum GetError {
    /// The manager is closed, or its executor gone.
    Closed,
    /// There are as many pools as there may be ([`max_pools`](crate::PoolManagerBuilder::max_pools)), and none of them is idle. A later
    /// try may succeed.
    Full,
    /// The options of this key are refused ([`pool_options_for`](crate::PoolManagerBuilder::pool_options_for)).
    Options(OptionError),
    /// The factory failed.
    Failed(Rc<dyn Error>),
    /// The factory panicked; the text of the panic, where it has one. Not on wasm, where a panic aborts the module.
    Panicked(Rc<str>),
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the manager is closed and gives no more leases"),
            Self::Full => f.write_str("the manager has as many pools as it may have, and none of them is idle"),
            Self::Options(error) => error.fmt(f),
            Self::Failed(error) => write!(f, "the factory failed: {error}"),
            Self::Panicked(message) => write!(f, "the factory panicked: {message}"),
        }
    }
}

impl Error for GetError {}

impl From<Closed> for GetError {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

pub(super) type Outcome<S> = Result<Lease<S>, GetError>;

/// What is kept for a factory's outcome, so that there is room for it.
pub(super) enum Berth {
    /// The lane that the key has, which does not expire meanwhile.
    Lane { _hold: Pool },
    /// A place for the key among all.
    Place { _reserved: Reserved },
}

pub(super) struct Reserved(Rc<Cell<usize>>);

impl Reserved {
    pub(super) fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Owned by those who wait; without them the factory is cancelled, and its place is free at once.
pub(super) struct Flight<S: Resource> {
    outcome: RefCell<Option<Outcome<S>>>,
    /// In the order of their coming.
    waiters: RefCell<BTreeMap<u64, Waker>>,
    came: Cell<u64>,
    task: RefCell<Option<JoinHandle<()>>>,
    berth: Cell<Option<Berth>>,
}

impl<S: Resource> Flight<S> {
    pub(super) fn new(berth: Berth) -> Rc<Self> {
        let (outcome, waiters, task) = Default::default();
        Rc::new(Self { outcome, waiters, came: Cell::new(0), task, berth: Cell::new(Some(berth)) })
    }

    pub(super) fn take_berth(&self) -> Option<Berth> {
        self.berth.take()
    }

    pub(super) fn is_flown_by(&self, task: JoinHandle<()>) {
        self.task.replace(Some(task));
    }

    /// Ends the flight, unless it has ended, and tells everyone.
    pub(super) fn land(&self, outcome: Outcome<S>) {
        let mut place = self.outcome.borrow_mut();
        if place.is_some() {
            drop(place);
            return drop(outcome);
        }
        *place = Some(outcome);
        drop(place);
        self.waiters.take().into_values().for_each(Waker::wake);
    }

    pub(super) fn landed(self: Rc<Self>) -> Landed<S> {
        self.came.set(self.came.get() + 1);
        Landed { place: self.came.get(), flight: self }
    }

    /// The factory goes, although somebody may still hold the flight.
    pub(super) fn cancel(&self) {
        let task = self.task.take();
        task.into_iter().for_each(|task| task.cancel());
    }
}

/// Waits for the end of a flight. It has one waker in line, and none once it is dropped.
pub(super) struct Landed<S: Resource> {
    flight: Rc<Flight<S>>,
    place: u64,
}

impl<S: Resource> Future for Landed<S> {
    type Output = Outcome<S>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<S>> {
        if let Some(outcome) = self.flight.outcome.borrow().clone() {
            return Poll::Ready(outcome);
        }
        let waker = cx.waker().clone();
        let old = self.flight.waiters.borrow_mut().insert(self.place, waker);
        drop(old);
        Poll::Pending
    }
}

impl<S: Resource> Drop for Landed<S> {
    fn drop(&mut self) {
        let waker = self.flight.waiters.borrow_mut().remove(&self.place);
        drop(waker);
    }
}

impl<S: Resource> Drop for Flight<S> {
    fn drop(&mut self) {
        self.cancel();
    }
}
