//! Calling what is not ours: wakers, listeners, destructors.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Calls something whose panic is nobody's who happens to be here; it stays in here.
pub(crate) fn isolated(call: impl FnOnce()) {
    let _panicked = catch_unwind(AssertUnwindSafe(call));
}

/// Wakers that are told all together, once. Nothing is borrowed while one is cloned, called or dropped.
#[derive(Debug, Default)]
pub(crate) struct Wakers(RefCell<Vec<Waker>>);

impl Wakers {
    /// Adds one, unless there is one already that wakes the same task.
    pub(crate) fn add(&self, waker: &Waker) {
        let is_new = !self.0.borrow().iter().any(|known| known.will_wake(waker));
        if is_new {
            let waker = waker.clone();
            self.0.borrow_mut().push(waker);
        }
    }

    pub(crate) fn wake_all(&self) {
        self.0.take().into_iter().for_each(Waker::wake);
    }
}
