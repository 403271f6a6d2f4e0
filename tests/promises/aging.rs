//! Aging: a task that has waited for a step rises by a class, exactly then, so that nothing starves; and no timer is needed for it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::time::Duration;

use millpond::{LocalExecutor, ManualClock, Pool, Priority, Task};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Gate, SECOND, TICK, accepted, gated};
use super::support::Recorder;

const STEP: Duration = Duration::from_secs(10);

/// One permit, taken, in a pool whose tasks rise every ten seconds; and a record of who starts.
struct Line {
    ex: LocalExecutor,
    pool: Pool,
    gate: Gate,
    record: Recorder<&'static str>,
}

impl Line {
    fn new() -> Self {
        let ex = LocalExecutor::with_clock(ManualClock::new());
        let pool = Pool::builder(&ex).concurrency(1).queue_capacity(99).aging(STEP).build().unwrap();
        let (gate, future) = gated(());
        drop(accepted(pool.try_submit(future)));
        ex.run_until_idle();
        Self { ex, pool, gate, record: Recorder::new() }
    }

    fn enter(&self, name: &'static str, priority: Priority) -> Task<()> {
        let record = self.record.clone();
        accepted(self.pool.task(async move { record.note(name) }).priority(priority).try_submit())
    }

    fn wait(&self, span: Duration) {
        self.ex.advance(span).unwrap();
    }

    fn starts(self) -> Vec<&'static str> {
        self.gate.open();
        self.ex.run_until_idle();
        self.record.take()
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_rises_at_its_step_and_not_a_moment_before() {
    for (waited, expected) in [(STEP - TICK, ["normal", "low"]), (STEP, ["low", "normal"])] {
        let line = Line::new();
        let _low = line.enter("low", Priority::Low);
        line.wait(waited);
        let _normal = line.enter("normal", Priority::Normal);
        assert_eq!(line.starts(), expected, "after {waited:?}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn nothing_starves_under_a_flood_of_higher_classes() {
    let line = Line::new();
    let _low = line.enter("low", Priority::Low);
    let mut flood = Vec::new();
    for _ in 0..4 {
        flood.push(line.enter("critical", Priority::Critical));
        line.wait(STEP);
    }
    // Critical itself by now, and submitted before them all.
    assert_eq!(line.starts()[0], "low");
}

#[wasm_bindgen_test(unsupported = test)]
fn without_aging_the_classes_are_strict() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).concurrency(1).queue_capacity(9).build().unwrap();
    let (gate, future) = gated(());
    drop(accepted(pool.try_submit(future)));
    let low = accepted(pool.task(async {}).priority(Priority::Low).try_submit());
    ex.advance(1000 * STEP).unwrap();
    let normal = accepted(pool.try_submit(std::future::pending::<()>()));
    gate.open();
    ex.run_until_idle();
    assert_eq!((low.state(), normal.state()), (millpond::TaskState::Waiting, millpond::TaskState::Running));
}

#[wasm_bindgen_test(unsupported = test)]
fn many_steps_passed_at_once_count_one_by_one() {
    let line = Line::new();
    let _low = line.enter("low", Priority::Low);
    line.wait(STEP);
    let _normal = line.enter("normal", Priority::Normal);
    line.wait(2 * STEP); // low has waited for three steps, normal for two: both critical
    let _critical = line.enter("critical", Priority::Critical);
    assert_eq!(line.starts(), ["low", "normal", "critical"]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_priority_that_is_set_anew_rises_from_there() {
    let line = Line::new();
    let changed = line.enter("changed", Priority::Normal);
    line.wait(STEP - SECOND);
    assert!(changed.set_priority(Priority::Low));
    line.wait(SECOND); // its first step would have ended now
    let _normal = line.enter("normal", Priority::Normal);
    assert_eq!(line.starts(), ["normal", "changed"]);
}

#[wasm_bindgen_test(unsupported = test)]
fn waiting_with_aging_sets_no_timer() {
    let line = Line::new();
    let _low = line.enter("low", Priority::Low);
    line.ex.run_until_idle();
    assert_eq!(line.ex.next_deadline(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_step_of_no_time_is_refused() {
    let ex = LocalExecutor::new();
    let error = Pool::builder(&ex).aging(Duration::ZERO).build().unwrap_err();
    assert_eq!(error.to_string(), "aging: 0 is refused, use a duration above zero, or leave it out for strict classes");
}
