//! Deadlines: a task that is late does not start, one that runs ends, and nothing starts that is due to leave the line.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::rc::Rc;

use millpond::{LocalExecutor, ManualClock, Pool, Task, Timeout};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Rig, SECOND, TICK, accepted, adds_up, end, gated};
use super::support::{WakeCount, poll, poll_once};

fn by(rig: &Rig, at: std::time::Duration) -> Task<()> {
    accepted(rig.pool.task(std::future::pending::<()>()).deadline(at).try_submit())
}

#[wasm_bindgen_test(unsupported = test)]
fn in_line_and_running_it_ends_at_its_deadline() {
    let rig = Rig::new(1);
    let mut running = by(&rig, 2 * SECOND);
    let mut waiting = by(&rig, SECOND);
    rig.advance(SECOND - TICK);
    assert_eq!((end(&mut running), end(&mut waiting)), (End::NotYet, End::NotYet));
    rig.advance(TICK);
    assert_eq!((end(&mut running), end(&mut waiting)), (End::NotYet, End::TimedOut(Timeout::Deadline)));
    rig.advance(SECOND);
    assert_eq!(end(&mut running), End::TimedOut(Timeout::Deadline));
    assert_eq!(adds_up(&rig.pool).timed_out, 2);
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_comes_too_late_is_accepted_and_never_starts() {
    let rig = Rig::new(1);
    rig.advance(SECOND);
    let polled = Rc::new(Cell::new(false));
    let started = polled.clone();
    let mut late = accepted(rig.pool.task(async move { started.set(true) }).deadline(SECOND).try_submit());
    assert_eq!(end(&mut late), End::TimedOut(Timeout::Deadline));
    rig.ex.run_until_idle();
    let stats = adds_up(&rig.pool);
    assert!(!polled.get());
    assert_eq!((stats.submitted, stats.timed_out, stats.running), (1, 1, 0));
    assert!(!late.cancel() && !late.set_priority(millpond::Priority::High));
}

#[wasm_bindgen_test(unsupported = test)]
fn who_waits_for_room_does_not_wait_beyond_the_deadline() {
    let rig = Rig::with_line(1, 0);
    let _running = rig.fill();
    let mut run = Box::pin(rig.pool.task(async {}).deadline(SECOND).run());
    let (wakes, waker) = WakeCount::new();
    assert!(poll(run.as_mut(), &waker).is_pending());
    rig.advance(SECOND);
    assert_eq!(wakes.take(), 1);
    assert_eq!(End::from(poll_once(run.as_mut())), End::TimedOut(Timeout::Deadline));
}

#[wasm_bindgen_test(unsupported = test)]
fn to_a_closed_pool_a_late_task_is_refused_like_any_other() {
    let rig = Rig::new(1);
    rig.advance(SECOND);
    drop(rig.pool.close());
    assert!(rig.pool.task(async {}).deadline(SECOND).try_submit().is_err());
    assert_eq!(adds_up(&rig.pool).rejected, 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn when_the_clock_leaps_nothing_starts_whose_time_to_wait_is_over() {
    let clock = ManualClock::new();
    let ex = LocalExecutor::with_clock(clock.clone());
    let pool = Pool::builder(&ex).concurrency(1).queue_capacity(9).build().unwrap();
    let (gate, future) = gated(());
    drop(accepted(pool.try_submit(future)));
    ex.run_until_idle();
    let started = Rc::new(Cell::new(0));
    let count = |count: Rc<Cell<u32>>| async move { count.set(count.get() + 1) };
    let mut stale = accepted(pool.task(count(started.clone())).queue_timeout(SECOND).try_submit());
    let mut fresh = accepted(pool.task(count(started.clone())).queue_timeout(9 * SECOND).try_submit());
    // The permit comes free and the time is over in the same turn, and the runner is polled first.
    gate.open();
    clock.advance(2 * SECOND);
    ex.run_until_idle();
    assert_eq!((end(&mut stale), end(&mut fresh), started.get()), (End::TimedOut(Timeout::Queue), End::Value(()), 1));
    assert_eq!(adds_up(&pool).succeeded, 2);
}
