//! `drive`: a page, a worker or a JavaScript runtime drives the executor, in slices that leave the page its turn. Browser only.

use std::rc::Rc;
use std::time::Duration;

use crate::clock::Clock;
use crate::executor::turn::{Alarm, Seat};
use crate::executor::{Core, LocalExecutor};
use crate::platform::{self, Hops};
use crate::slice::Slice;

/// Long enough that hopping costs little, short enough that input waits at most 5 ms, with what the browser needs itself.
const BUDGET: Duration = Duration::from_millis(3);

impl LocalExecutor {
    /// Has the page drive the executor from now on. A second call does nothing.
    ///
    /// The first turn is a microtask; then work goes in slices of 3 ms, and between two slices the page gets a whole turn: input,
    /// timers, painting. So does a task that wakes itself for ever, or one that lives on a chain of microtasks.
    ///
    /// The executor lives on without its handles for as long as it has tasks.
    ///
    /// # Cost
    /// One microtask per wake, one macrotask (`setImmediate` or a message) per slice, one `setTimeout` for all that sleep.
    ///
    /// # Source
    /// What the hop and the budget lead to is measured: docs/performance.md, "drive".
    ///
    /// # Examples
    /// ```no_run
    /// use millpond::LocalExecutor;
    ///
    /// let ex = LocalExecutor::new();
    /// ex.drive();
    /// ex.spawn(async { /* fetch, sleep, draw */ });
    /// ```
    pub fn drive(&self) {
        self.drive_with(BUDGET);
    }

    /// As [`drive`](Self::drive), with slices of `budget`: shorter is smoother, longer is faster.
    ///
    /// However short, a slice polls one task at least.
    pub fn drive_with(&self, budget: Duration) {
        if !self.core.driven.replace(true) {
            platform::spawn(drive(Rc::clone(&self.core), Slice::new(budget)));
        }
    }
}

async fn drive(core: Rc<Core>, mut slice: Slice) {
    let hops = Hops::new();
    let seat = core.seat(Alarm::Own);
    // The page's patience is real time, whatever clock the tasks live by.
    let watch = Clock::system();
    loop {
        if slice.is_spent() {
            hops.hop().await;
            slice.refill();
        }
        if core.stride(&mut slice, &watch) && !core.unstick_at_last().await && !core.wait(&seat).await {
            return;
        }
    }
}

impl Core {
    /// Polls some tasks; says whether nothing is ready any more.
    fn stride(&self, slice: &mut Slice, watch: &Clock) -> bool {
        let (start, most) = (watch.elapsed(), slice.room());
        let polls = self.turn(most);
        slice.took(watch.elapsed().saturating_sub(start), polls);
        polls < most
    }

    /// Waits for work; false if there can be none any more, because there are no tasks and nobody is left to make one.
    async fn wait(self: &Rc<Self>, seat: &Seat) -> bool {
        let is_over = Rc::strong_count(self) == 1 && self.tasks.is_empty();
        if !is_over {
            self.idle(seat).await;
        }
        !is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    /// Longer than any slice takes, however slow the machine.
    const NO_HOP: Duration = Duration::from_secs(60);

    async fn microtasks() {
        for _ in 0..20 {
            let turn: js_sys::Promise = js_sys::Promise::resolve(&wasm_bindgen::JsValue::UNDEFINED);
            assert!(turn.await.is_ok());
        }
    }

    #[wasm_bindgen_test]
    async fn the_page_lets_go_when_there_is_no_task_and_nobody_to_make_one() {
        let ex = LocalExecutor::new();
        let weak = ex.downgrade();
        ex.drive_with(NO_HOP);
        microtasks().await;
        assert!(!weak.is_gone());
        drop(ex.clone());
        let task = ex.spawn(std::future::pending::<()>());
        drop(ex);
        microtasks().await;
        assert!(!weak.is_gone(), "a task is left");
        task.cancel();
        microtasks().await;
        assert!(weak.is_gone());
    }

    #[wasm_bindgen_test]
    async fn the_page_lets_go_of_an_executor_that_never_had_a_task() {
        let ex = LocalExecutor::new();
        let weak = ex.downgrade();
        ex.drive_with(NO_HOP);
        microtasks().await;
        drop(ex);
        microtasks().await;
        assert!(weak.is_gone());
    }
}
