//! Runners: executor tasks that go from job to job as long as there is one, first in the line of their berth, then in the next berth that has
//! no runner yet.
//!
//! Where many start at once and are ready at once, a few runners do them all: a start calls a runner only if none is on its way. Nobody waits
//! for a task that is not ready: before a runner polls anything, another one is on its way to the berths that are left, and as soon as it has
//! to stop, there is one for each of them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::mill::Mill;
use super::slots::Berth;

/// How many jobs in a row a runner ends before it lets others have a turn.
const TURN: usize = 32;

/// Berths that have a job and no runner yet, in the order of their starts. While there are any, a runner is on its way.
#[derive(Default)]
pub(super) struct Unmanned {
    berths: RefCell<VecDeque<Berth>>,
    /// How many runners are on their way: called, and not polled yet.
    called: Cell<usize>,
}

impl Unmanned {
    pub(super) fn push(&self, berth: Berth) {
        self.berths.borrow_mut().push_back(berth);
    }

    /// Counts one more runner as called, if so many are not on their way yet, nor one for each berth.
    pub(super) fn call(&self, most: usize) -> bool {
        let wanted = self.called.get() < most.min(self.berths.borrow().len());
        self.called.set(self.called.get() + usize::from(wanted));
        wanted
    }

    fn pop(&self) -> Option<Berth> {
        self.berths.borrow_mut().pop_front()
    }
}

pub(super) struct Runner {
    mill: Rc<Mill>,
    /// Whether it was called and not polled yet.
    called: bool,
    berth: Option<Berth>,
}

impl Runner {
    pub(super) const fn new(mill: Rc<Mill>) -> Self {
        Self { mill, called: true, berth: None }
    }

    fn arrive(&mut self) {
        if std::mem::take(&mut self.called) {
            let called = &self.mill.unmanned.called;
            called.set(called.get() - 1);
        }
    }

    /// The berth it works in; its own, or the next that nobody works in. A job may drive the executor and wait for any other,
    /// so somebody else is on the way to those that are left.
    fn berth(&mut self) -> Option<Berth> {
        if self.berth.is_none() {
            self.berth = self.mill.unmanned.pop();
            self.mill.call_runners(1);
        }
        self.berth
    }

    fn leave(&mut self) {
        self.berth.take().into_iter().for_each(|berth| self.mill.slots.retire(berth));
    }
}

impl Future for Runner {
    type Output = ();

    /// Ready when there is no more work: the runner retires.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.arrive();
        let turn = if self.mill.in_order.get() { 1 } else { TURN };
        for _ in 0..turn {
            let Some(berth) = self.berth() else { return Poll::Ready(()) };
            match self.mill.step(berth, cx) {
                Poll::Ready(true) => {}
                Poll::Ready(false) => self.leave(),
                Poll::Pending => {
                    self.mill.call_runners(usize::MAX);
                    return Poll::Pending;
                }
            }
        }
        self.mill.call_runners(usize::MAX);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
