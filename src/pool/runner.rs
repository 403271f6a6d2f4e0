//! A runner: one executor task for one permit, going from job to job as long as there is one.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::mill::Mill;
use super::slots::Berth;

/// How many jobs in a row a runner ends before it lets others have a turn.
const TURN: usize = 32;

pub(super) struct Runner {
    mill: Rc<Mill>,
    berth: Berth,
}

impl Runner {
    pub(super) const fn new(mill: Rc<Mill>, berth: Berth) -> Self {
        Self { mill, berth }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.mill.retire_runner(self.berth);
    }
}

impl Future for Runner {
    type Output = ();

    /// Ready when there is no more work: the runner retires.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let turn = if self.mill.in_order.get() { 1 } else { TURN };
        for _ in 0..turn {
            match self.mill.step(self.berth, cx) {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
