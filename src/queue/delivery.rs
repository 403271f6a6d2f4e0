//! What became of the jobs, on its way to whoever reads it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::Waker;

use super::JobId;
use super::error::{JobError, settled};
use crate::foreign::Wakers;
use crate::pool::{Outcome, Settled, Sink};

/// Two boxes: results, and errors for those who read errors alone.
pub(super) struct Delivery<R, E> {
    pub(super) results: Outbox<Result<R, JobError<E>>>,
    pub(super) errors: Outbox<JobError<E>>,
    /// Jobs that somebody may read of and that have not ended.
    expected: Cell<u64>,
}

/// What a delivery has to say in the statistics.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeliveryTally {
    pub(super) unread: usize,
    pub(super) missed: u64,
}

impl<R: 'static, E: 'static> Delivery<R, E> {
    pub(super) fn new(capacity: usize) -> Rc<Self> {
        Rc::new(Self { results: Outbox::new(capacity), errors: Outbox::new(capacity), expected: Cell::new(0) })
    }

    /// What a job's result comes by, if anybody reads it.
    pub(super) fn expect(self: &Rc<Self>, id: JobId) -> Letter<R, E> {
        let is_read = self.results.is_read() || self.errors.is_read();
        if is_read {
            self.expected.set(self.expected.get() + 1);
        }
        Letter { id, delivery: is_read.then(|| Rc::clone(self)), result: Cell::new(None) }
    }

    fn deliver(&self, id: JobId, result: Result<R, JobError<E>>) {
        self.expected.set(self.expected.get() - 1);
        match result {
            Err(error) if self.errors.is_read() => self.errors.put(id, error),
            result => self.results.put(id, result),
        }
        if self.has_all() {
            self.results.wake();
            self.errors.wake();
        }
    }

    /// Nothing comes any more, unless there are new jobs.
    pub(super) fn has_all(&self) -> bool {
        self.expected.get() == 0
    }

    pub(super) fn tally(&self) -> DeliveryTally {
        DeliveryTally { unread: self.results.len() + self.errors.len(), missed: self.results.missed.get() + self.errors.missed.get() }
    }
}

/// Takes the result of one job to its delivery.
pub(super) struct Letter<R, E> {
    id: JobId,
    /// None if nobody reads it.
    delivery: Option<Rc<Delivery<R, E>>>,
    result: Cell<Option<Result<R, JobError<E>>>>,
}

impl<R: 'static, E: 'static> Sink<Result<R, E>> for Letter<R, E> {
    fn settle(&self, result: Settled<Result<R, E>>) -> (Outcome, Option<Settled<Result<R, E>>>) {
        let outcome = if matches!(result, Ok(Err(_))) { Outcome::Failed } else { Outcome::Succeeded };
        if self.delivery.is_none() {
            return (outcome, Some(result));
        }
        self.result.set(Some(settled(result)));
        (outcome, None)
    }

    fn announce(&self) {
        if let Some((delivery, result)) = self.delivery.as_ref().zip(self.result.take()) {
            delivery.deliver(self.id, result);
        }
    }
}

/// Keeps the newest for readers; nothing while there are none.
pub(super) struct Outbox<T> {
    items: RefCell<VecDeque<(JobId, T)>>,
    capacity: usize,
    readers: Cell<usize>,
    missed: Cell<u64>,
    wakers: Wakers,
}

impl<T> Outbox<T> {
    fn new(capacity: usize) -> Self {
        Self { items: RefCell::default(), capacity, readers: Cell::new(0), missed: Cell::new(0), wakers: Wakers::default() }
    }

    fn is_read(&self) -> bool {
        self.readers.get() > 0
    }

    fn len(&self) -> usize {
        self.items.borrow().len()
    }

    pub(super) fn enter(&self) {
        self.readers.set(self.readers.get() + 1);
    }

    /// A reader goes; what nobody will read goes with the last.
    pub(super) fn leave(&self) {
        self.readers.set(self.readers.get() - 1);
        if self.is_read() {
            // The one that goes may have been woken for something.
            self.wake();
        } else {
            drop(self.items.take());
        }
    }

    fn put(&self, id: JobId, item: T) {
        if !self.is_read() {
            return;
        }
        let oldest = if self.len() == self.capacity { self.take() } else { None };
        self.missed.set(self.missed.get() + u64::from(oldest.is_some()));
        self.items.borrow_mut().push_back((id, item));
        self.wake();
        drop(oldest);
    }

    pub(super) fn take(&self) -> Option<(JobId, T)> {
        self.items.borrow_mut().pop_front()
    }

    /// Wakes `waker` the next time there may be something, once.
    pub(super) fn watch(&self, waker: &Waker) {
        self.wakers.add(waker);
    }

    fn wake(&self) {
        self.wakers.wake_all();
    }
}
