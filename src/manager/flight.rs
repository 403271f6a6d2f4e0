//! A flight: one run of a factory for a key, and all who wait for it.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::lease::{Lease, Resource};
use crate::error::Closed;
use crate::executor::JoinHandle;

/// Why [`PoolManager::get_with`](crate::PoolManager::get_with) gave no lease. All who waited for the same factory get clones of one error.
#[derive(Debug, Clone)]
pub enum GetError {
    /// The manager is closed, or its executor gone.
    Closed,
    /// The factory failed.
    Failed(Rc<dyn Error>),
    /// The factory panicked; the text of the panic, where it has one. Not on wasm, where a panic aborts the module.
    Panicked(Rc<str>),
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the manager is closed and gives no more leases"),
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

/// Owned by those who wait; without them the factory is cancelled.
pub(super) struct Flight<S: Resource> {
    outcome: RefCell<Option<Outcome<S>>>,
    waiters: RefCell<Vec<Waker>>,
    task: RefCell<Option<JoinHandle<()>>>,
}

impl<S: Resource> Flight<S> {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self { outcome: RefCell::default(), waiters: RefCell::default(), task: RefCell::default() })
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
        self.waiters.take().into_iter().for_each(Waker::wake);
    }

    pub(super) async fn landed(&self) -> Outcome<S> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Outcome<S>> {
        if let Some(outcome) = self.outcome.borrow().clone() {
            return Poll::Ready(outcome);
        }
        self.waiters.borrow_mut().push(cx.waker().clone());
        Poll::Pending
    }
}

impl<S: Resource> Drop for Flight<S> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.cancel();
        }
    }
}
