//! What the tests of maps share: a source that counts, tasks behind gates by their number, and polling by hand.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::Stream;
use millpond::TaskError;

use super::kit::{End, Gate, Gauge, gated};

/// The tasks of a map: each is done when its gate is opened.
#[derive(Clone, Default)]
pub(crate) struct Works {
    pub(crate) pulled: Rc<Cell<u32>>,
    pub(crate) called: Rc<Cell<u32>>,
    /// Those that have started and not ended.
    pub(crate) running: Gauge,
    gates: Rc<RefCell<BTreeMap<u32, Gate>>>,
}

impl Works {
    /// The numbers of a range, counted as they are pulled.
    pub(crate) fn pull(&self, numbers: impl IntoIterator<Item = u32> + 'static) -> impl Iterator<Item = u32> + 'static {
        let pulled = self.pulled.clone();
        numbers.into_iter().inspect(move |_| pulled.set(pulled.get() + 1))
    }

    /// Makes the task of a number, behind a gate.
    pub(crate) fn work(&self, number: u32) -> impl Future<Output = u32> + use<> {
        self.called.set(self.called.get() + 1);
        let ((gate, opened), running) = (gated(number), self.running.clone());
        self.gates.borrow_mut().insert(number, gate);
        async move {
            let _inside = running.enter();
            opened.await
        }
    }

    pub(crate) fn open(&self, number: u32) {
        let gate = self.gates.borrow_mut().remove(&number);
        gate.unwrap_or_else(|| panic!("{number} was not made")).open();
    }

    /// The numbers whose gates are shut.
    pub(crate) fn shut(&self) -> Vec<u32> {
        self.gates.borrow().keys().copied().collect()
    }
}

/// What a stream gives at one poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next<T> {
    Item(End<T>),
    Over,
    NotYet,
}

pub(crate) fn value<T>(value: T) -> Next<T> {
    Next::Item(End::Value(value))
}

pub(crate) fn next<T>(stream: &mut (impl Stream<Item = Result<T, TaskError>> + Unpin)) -> Next<T> {
    next_with(stream, Waker::noop())
}

pub(crate) fn next_with<T>(stream: &mut (impl Stream<Item = Result<T, TaskError>> + Unpin), waker: &Waker) -> Next<T> {
    match Pin::new(stream).poll_next(&mut Context::from_waker(waker)) {
        Poll::Ready(Some(output)) => Next::Item(Poll::Ready(output).into()),
        Poll::Ready(None) => Next::Over,
        Poll::Pending => Next::NotYet,
    }
}
