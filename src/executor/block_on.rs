//! `block_on`: a thread of its own drives the executor and parks when there is nothing to do. Native only.

use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::executor::LocalExecutor;
use crate::executor::turn::Alarm;
use crate::platform::Parker;

impl LocalExecutor {
    /// Blocks the thread and drives the executor until `future` is ready. Not in a browser, whose thread cannot block: see `drive`.
    ///
    /// The thread itself waits for the next deadline; no timer is made. With a [`ManualClock`](crate::ManualClock) nobody waits:
    /// when nothing is ready the clock is moved to the next deadline. When nothing sleeps either, the thread waits to be woken from
    /// another one.
    ///
    /// # Panics
    /// If `future` panics.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, ManualClock};
    /// use std::time::Duration;
    ///
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// let answer = ex.block_on(async {
    ///     ex.sleep(Duration::from_secs(7)).await;
    ///     42
    /// });
    /// assert_eq!((answer, ex.now()), (42, Duration::from_secs(7)));
    /// ```
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let parker = Parker::new();
        let waker = parker.waker();
        let mut running = pin!(self.run_with(Alarm::Caller, future));
        loop {
            match running.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => self.wait(&parker),
            }
        }
    }

    /// Until woken, or until the next deadline.
    fn wait(&self, parker: &Parker) {
        if parker.take_woken() {
            return;
        }
        let next = self.next_deadline();
        match (self.core.timers.clock().manual(), next) {
            (Some(clock), Some(at)) => clock.advance_to(at),
            _ => parker.park(next.map(|at| self.until(at))),
        }
    }

    fn until(&self, at: Duration) -> Duration {
        at.saturating_sub(self.now())
    }
}
