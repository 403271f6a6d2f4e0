//! Promise 6, the clocks: waiting, running and the total are measured apart, to the tick; and no timer exists that nobody needs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use millpond::{LocalExecutor, ManualClock, Pool, Task, TaskState, Timeout};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Rig, SECOND, TICK, accepted, end, gated};
use super::support::{Drops, Recorder, WakeCount, poll, waker_calling};

/// Asserts that a task ends with this clock, and not a tick before.
fn assert_ends_after(rig: &Rig, task: &mut Task<()>, span: Duration, clock: Timeout) {
    rig.advance(span.saturating_sub(TICK));
    assert_eq!(end(task), End::NotYet, "{clock:?}: too early");
    rig.advance(TICK);
    assert_eq!(end(task), End::TimedOut(clock));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_queue_clock_runs_until_the_task_starts() {
    let rig = Rig::new(1);
    let gates = rig.fill();
    let mut waits = accepted(rig.pool.task(pending()).queue_timeout(3 * SECOND).try_submit());
    assert_ends_after(&rig, &mut waits, 3 * SECOND, Timeout::Queue);
    let mut starts = accepted(rig.pool.task(pending::<()>()).queue_timeout(3 * SECOND).try_submit());
    rig.advance(3 * SECOND - TICK);
    gates.into_iter().for_each(super::kit::Gate::open);
    rig.advance(1000 * SECOND);
    assert_eq!((starts.state(), end(&mut starts)), (TaskState::Running, End::NotYet));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_run_clock_starts_with_the_task() {
    let rig = Rig::new(1);
    let gates = rig.fill();
    let mut task = accepted(rig.pool.task(pending()).timeout(3 * SECOND).try_submit());
    rig.advance(100 * SECOND);
    assert_eq!(task.state(), TaskState::Waiting, "the wait is not counted");
    gates.into_iter().for_each(super::kit::Gate::open);
    rig.ex.run_until_idle();
    assert_ends_after(&rig, &mut task, 3 * SECOND, Timeout::Run);
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_total_clock_runs_from_acceptance_to_the_end() {
    let rig = Rig::new(1);
    let gates = rig.fill();
    let stuck = || accepted(rig.pool.task(pending()).total_timeout(3 * SECOND).timeout(3 * SECOND).try_submit());
    let mut starts = stuck();
    let mut waits = stuck();
    rig.advance(2 * SECOND);
    gates.into_iter().for_each(super::kit::Gate::open);
    rig.ex.run_until_idle();
    assert_eq!((starts.state(), waits.state()), (TaskState::Running, TaskState::Waiting));
    assert_ends_after(&rig, &mut starts, SECOND, Timeout::Total);
    assert_eq!(end(&mut waits), End::TimedOut(Timeout::Total));
}

#[wasm_bindgen_test(unsupported = test)]
fn waiting_for_room_is_on_no_clock_of_the_task() {
    let rig = Rig::with_line(1, 0);
    let gates = rig.fill();
    let mut run = rig.pool.task(async { "in time" }).queue_timeout(SECOND).timeout(SECOND).total_timeout(SECOND).run();
    assert_eq!(end(&mut run), End::NotYet);
    rig.advance(100 * SECOND);
    gates.into_iter().for_each(super::kit::Gate::open);
    rig.ex.run_until_idle();
    assert_eq!(end(&mut run), End::NotYet);
    rig.ex.run_until_idle();
    assert_eq!(end(&mut run), End::Value("in time"));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_clock_that_runs_out_frees_the_permit_at_once() {
    let (rig, drops) = (Rig::new(1), Drops::default());
    let guard = drops.guard();
    let work = async move {
        let _guard = guard;
        pending::<()>().await;
    };
    let mut first = accepted(rig.pool.task(work).timeout(SECOND).try_submit());
    let (ex, record) = (rig.ex.clone(), Recorder::new());
    let started = record.clone();
    let _second = accepted(rig.pool.try_submit(async move { started.note(ex.now()) }));
    rig.advance(10 * SECOND);
    assert_eq!((end(&mut first), drops.count(), record.take()), (End::TimedOut(Timeout::Run), 1, vec![SECOND]));
}

#[wasm_bindgen_test(unsupported = test)]
fn no_timer_exists_while_nothing_waits_on_time() {
    let rig = Rig::new(2);
    let next = || {
        rig.ex.run_until_idle();
        rig.ex.next_deadline()
    };
    assert_eq!(next(), None, "a new pool");
    let _running = accepted(rig.pool.try_submit(pending::<()>()));
    let (gate, future) = gated(());
    let mut other = accepted(rig.pool.try_submit(future));
    let _waiting = accepted(rig.pool.try_submit(pending::<()>()));
    assert_eq!(next(), None, "tasks without timeouts");
    let timed = accepted(rig.pool.task(pending::<()>()).queue_timeout(SECOND).timeout(SECOND).total_timeout(9 * SECOND).try_submit());
    assert_eq!(next(), Some(SECOND));
    assert!(timed.cancel());
    assert_eq!(next(), None, "cancelled");
    gate.open();
    assert_eq!((next(), end(&mut other)), (None, End::Value(())));
    let _never = accepted(rig.pool.task(pending::<()>()).queue_timeout(Duration::MAX).total_timeout(Duration::MAX).try_submit());
    assert_eq!(next(), None, "never is no time");
}

#[wasm_bindgen_test(unsupported = test)]
fn one_timer_serves_all_and_follows_the_first() {
    let rig = Rig::new(1);
    let _gates = rig.fill();
    let stuck = |seconds| accepted(rig.pool.task(pending::<()>()).queue_timeout(seconds * SECOND).try_submit());
    let next = || {
        rig.ex.run_until_idle();
        rig.ex.next_deadline()
    };
    let mut later = stuck(5);
    assert_eq!(next(), Some(5 * SECOND));
    let mut first = stuck(2);
    assert_eq!(next(), Some(2 * SECOND), "moved forward");
    rig.advance(2 * SECOND);
    assert_eq!((end(&mut first), end(&mut later), next()), (End::TimedOut(Timeout::Queue), End::NotYet, Some(5 * SECOND)));
    assert!(later.cancel());
    assert_eq!(next(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn equal_deadlines_are_served_in_the_order_of_submission() {
    let rig = Rig::new(1);
    let _gates = rig.fill();
    let record = Recorder::new();
    let mut tasks: Vec<_> = (0..20).map(|_| accepted(rig.pool.task(pending::<()>()).queue_timeout(SECOND).try_submit())).collect();
    for (name, task) in tasks.iter_mut().enumerate().rev() {
        let record = record.clone();
        assert!(poll(Pin::new(task), &waker_calling(move || record.note(name))).is_pending());
    }
    rig.advance(SECOND);
    assert_eq!(record.take(), Vec::from_iter(0..20));
}

#[wasm_bindgen_test(unsupported = test)]
fn no_time_at_all_is_over_before_the_next_turn() {
    let rig = Rig::new(1);
    let mut runs = accepted(rig.pool.task(pending::<()>()).timeout(Duration::ZERO).try_submit());
    let mut waits = accepted(rig.pool.task(pending::<()>()).queue_timeout(Duration::ZERO).try_submit());
    rig.ex.run_until_idle();
    assert_eq!(end(&mut runs), End::TimedOut(Timeout::Run));
    assert_ne!(end(&mut waits), End::Value(()));
    assert_eq!(rig.ex.now(), Duration::ZERO);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pause_stops_no_clock() {
    let rig = Rig::new(1);
    rig.pool.pause();
    let mut task = accepted(rig.pool.task(pending()).queue_timeout(SECOND).try_submit());
    assert_ends_after(&rig, &mut task, SECOND, Timeout::Queue);
}

#[wasm_bindgen_test(unsupported = test)]
fn one_leap_over_many_deadlines_ends_each_with_its_own_clock() {
    let clock = ManualClock::new();
    let ex = LocalExecutor::with_clock(clock.clone());
    let pool = Pool::builder(&ex).concurrency(1).queue_capacity(9).build().unwrap();
    let mut tasks = [
        accepted(pool.task(pending::<()>()).timeout(4 * SECOND).try_submit()),
        accepted(pool.task(pending::<()>()).queue_timeout(2 * SECOND).try_submit()),
        accepted(pool.task(pending::<()>()).total_timeout(3 * SECOND).try_submit()),
    ];
    ex.run_until_idle();
    let (wakes, waker) = WakeCount::new();
    tasks.iter_mut().for_each(|task| assert!(poll(Pin::new(task), &waker).is_pending()));
    clock.advance(100 * SECOND);
    ex.run_until_idle();
    let ends: Vec<_> = tasks.iter_mut().map(end).collect();
    assert_eq!(ends, [Timeout::Run, Timeout::Queue, Timeout::Total].map(End::TimedOut));
    assert_eq!((wakes.take(), pool.stats().timed_out), (3, 3));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_value_that_comes_with_the_last_tick_counts() {
    // The task and its clock are due at the same instant; the task was asleep first.
    let rig = Rig::new(1);
    let sleep = rig.ex.sleep(SECOND - TICK);
    let mut task = accepted(rig.pool.task(sleep).timeout(SECOND).try_submit());
    rig.advance(SECOND);
    assert_eq!(end(&mut task), End::Value(()));
}

#[wasm_bindgen_test(unsupported = test)]
fn who_is_late_does_not_start_although_nobody_has_looked_at_the_clock_since() {
    for cancelled in [false, true] {
        let clock = ManualClock::new();
        let ex = LocalExecutor::with_clock(clock.clone());
        let pool = Pool::builder(&ex).concurrency(1).queue_capacity(9).build().unwrap();
        let (gate, future) = gated(());
        let running = accepted(pool.try_submit(future));
        let mut late = accepted(pool.task(async {}).queue_timeout(SECOND).try_submit());
        ex.run_until_idle();
        // It is woken before the clock moves, and so polled before time is served.
        gate.open();
        clock.advance(SECOND);
        assert_eq!((cancelled && running.cancel(), late.state()), (cancelled, TaskState::Waiting));
        ex.run_until_idle();
        assert_eq!((end(&mut late), running.state()), (End::TimedOut(Timeout::Queue), TaskState::Ended), "cancelled: {cancelled}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_deadline_that_is_not_the_first_wakes_nobody() {
    let rig = Rig::new(1);
    let _gates = rig.fill();
    let stuck = |seconds| accepted(rig.pool.task(pending::<()>()).queue_timeout(seconds * SECOND).try_submit());
    let _first = stuck(2);
    rig.ex.run_until_idle();
    for seconds in [2, 3] {
        drop(stuck(seconds));
        assert_eq!(rig.ex.run_until_idle(), 0, "{seconds}");
    }
}
