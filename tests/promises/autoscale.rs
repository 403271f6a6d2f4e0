//! Promise 1, cap, of pools whose concurrency follows demand: up at once or after a span, down by one for each idle span, exactly between
//! the bounds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::ops::RangeInclusive;
use std::pin::Pin;
use std::time::Duration;

use millpond::{Autoscale, Concurrency, Pool, PoolManager, Task, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Rig, SECOND, TICK, accepted, adds_up, end, gated};
use super::support::poll_once;

const IDLE: Duration = Duration::from_secs(10);

fn scaled(line: u32, bounds: RangeInclusive<u32>) -> Rig {
    let rig = Rig::with_line(*bounds.start(), line);
    rig.pool.autoscale(bounds, IDLE).unwrap();
    rig
}

fn size(pool: &Pool) -> u32 {
    match pool.concurrency() {
        Concurrency::AtMost(size) => size,
        Concurrency::Unlimited => u32::MAX,
    }
}

/// Submits tasks behind gates; all must be taken.
fn submit(pool: &Pool, count: usize) -> (Vec<Gate>, Vec<Task<()>>) {
    (0..count)
        .map(|_| {
            let (gate, future) = gated(());
            (gate, accepted(pool.try_submit(future)))
        })
        .unzip()
}

fn open(rig: &Rig, gates: impl IntoIterator<Item = Gate>) {
    gates.into_iter().for_each(Gate::open);
    rig.ex.run_until_idle();
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_that_grows_to_its_upper_bound_rejects_nothing_on_the_way() {
    let rig = scaled(1, 1..=100);
    let (_gates, tasks) = submit(&rig.pool, 100);
    assert!(tasks.iter().all(|task| task.state() == TaskState::Running), "each new permit went to the task that caused it");
    let stats = adds_up(&rig.pool);
    assert_eq!((stats.running, stats.waiting, stats.rejected, size(&rig.pool)), (100, 0, 0, 100));
    let _waits = accepted(rig.pool.try_submit(async {}));
    assert!(rig.pool.try_submit(async {}).is_err_and(|error| error.is_full()), "the hundred and second");
    assert_eq!(size(&rig.pool), 100);
}

#[wasm_bindgen_test(unsupported = test)]
fn without_a_line_too_it_grows_for_each_task_up_to_its_bound() {
    let rig = scaled(0, 1..=3);
    for wanted in 1..=3 {
        let (_gate, future) = gated(());
        let mut submit = rig.pool.submit(future);
        assert!(poll_once(Pin::new(&mut submit)).is_ready(), "number {wanted} waited");
        assert_eq!(size(&rig.pool), wanted);
    }
    assert!(rig.pool.try_submit(async {}).is_err());
    assert!(poll_once(Pin::new(&mut rig.pool.submit(async {}))).is_pending());
    assert_eq!((size(&rig.pool), rig.pool.stats().running), (3, 3));
}

#[wasm_bindgen_test(unsupported = test)]
fn it_shrinks_by_one_for_each_idle_span_from_two_to_one_and_no_further() {
    let rig = scaled(0, 1..=2);
    let (gates, _tasks) = submit(&rig.pool, 2);
    rig.ex.run_until_idle();
    assert_eq!((size(&rig.pool), rig.ex.next_deadline()), (2, None), "all permits are in use: nothing to wait for");
    open(&rig, gates);
    rig.advance(IDLE - TICK);
    assert_eq!(size(&rig.pool), 2);
    rig.advance(TICK);
    assert_eq!((size(&rig.pool), rig.ex.next_deadline()), (1, None), "at the lower bound: nothing to wait for");
    rig.advance(100 * IDLE);
    assert_eq!(size(&rig.pool), 1);
    rig.assert_all_permits_are_back(2);
}

#[wasm_bindgen_test(unsupported = test)]
fn ten_shrink_to_three_in_seven_spans() {
    let rig = scaled(0, 3..=10);
    let (gates, _tasks) = submit(&rig.pool, 10);
    open(&rig, gates);
    for left in (3..10).rev() {
        rig.advance(IDLE);
        assert_eq!(size(&rig.pool), left);
    }
    rig.advance(IDLE);
    assert_eq!(size(&rig.pool), 3);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_idle_span_is_counted_from_the_end_of_a_long_task_not_during_it() {
    let rig = scaled(0, 1..=4);
    let (gates, _tasks) = submit(&rig.pool, 4);
    rig.advance(10 * IDLE);
    assert_eq!(size(&rig.pool), 4);
    open(&rig, gates);
    rig.advance(IDLE - TICK);
    assert_eq!(size(&rig.pool), 4, "the long tasks were no idle time");
    rig.advance(TICK);
    assert_eq!(size(&rig.pool), 3);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_permit_that_is_in_use_is_never_taken_away_and_every_busy_moment_counts() {
    let rig = scaled(0, 1..=3);
    let (mut gates, _tasks) = submit(&rig.pool, 3);
    rig.advance(5 * IDLE);
    open(&rig, gates.pop());
    rig.advance(IDLE - TICK);
    // For a moment all three are in use again.
    open(&rig, submit(&rig.pool, 1).0);
    rig.advance(IDLE - TICK);
    assert_eq!(size(&rig.pool), 3);
    rig.advance(10 * IDLE);
    assert_eq!((size(&rig.pool), rig.pool.stats().running), (2, 2), "two still run");
    open(&rig, gates);
}

#[wasm_bindgen_test(unsupported = test)]
fn with_a_span_to_grow_it_grows_when_work_has_waited_that_long() {
    let rig = Rig::new(1);
    rig.pool.autoscale_with(Autoscale::new(1..=3).grow_after(SECOND).idle(IDLE)).unwrap();
    let (mut gates, mut tasks) = submit(&rig.pool, 5);
    rig.advance(SECOND - TICK);
    assert_eq!((size(&rig.pool), rig.pool.stats().running), (1, 1));
    rig.advance(TICK);
    assert_eq!((size(&rig.pool), tasks[1].state(), tasks[2].state()), (2, TaskState::Running, TaskState::Waiting));
    rig.advance(SECOND);
    assert_eq!((size(&rig.pool), rig.pool.stats().running), (3, 3));
    rig.advance(10 * SECOND);
    assert_eq!((size(&rig.pool), rig.ex.next_deadline()), (3, None), "at the upper bound: nothing to wait for");
    open(&rig, gates.drain(..3));
    assert!(tasks.drain(..3).all(|mut task| end(&mut task) == End::Value(())));
    assert_eq!(rig.pool.stats().running, 2);
    rig.advance(IDLE);
    assert_eq!(size(&rig.pool), 2);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_rush_that_is_over_before_the_span_leaves_the_size_as_it_was() {
    let rig = Rig::new(1);
    rig.pool.autoscale_with(Autoscale::new(1..=3).grow_after(SECOND)).unwrap();
    for _ in 0..5 {
        let (gates, _tasks) = submit(&rig.pool, 2);
        rig.advance(SECOND - TICK);
        open(&rig, gates);
        assert_eq!((size(&rig.pool), rig.pool.stats().running), (1, 0));
    }
    rig.ex.run_until_idle();
    rig.advance(SECOND);
    assert_eq!(rig.ex.next_deadline(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn who_waits_for_room_makes_it_grow_too() {
    let rig = Rig::with_line(1, 0);
    rig.pool.autoscale_with(Autoscale::new(1..=2).grow_after(SECOND)).unwrap();
    let (_gates, _tasks) = submit(&rig.pool, 1);
    let pool = rig.pool.clone();
    let waits = rig.ex.spawn(async move { pool.run(async { "in" }).await });
    rig.advance(SECOND);
    assert_eq!(rig.ex.run_until_idle(), 0);
    assert_eq!((size(&rig.pool), rig.pool.stats().succeeded), (2, 1));
    drop(waits);
    let mut gives_up = rig.pool.submit(async {});
    let (_more, _running) = submit(&rig.pool, 1);
    assert!(poll_once(Pin::new(&mut gives_up)).is_pending());
    drop(gives_up);
    rig.advance(10 * SECOND);
    assert_eq!(size(&rig.pool), 2);
}

#[wasm_bindgen_test(unsupported = test)]
fn tasks_of_a_paused_pool_are_demand_and_all_start_when_it_goes_on() {
    let rig = scaled(100, 1..=5);
    rig.pool.pause();
    let (_gates, _tasks) = submit(&rig.pool, 8);
    rig.pool.resume();
    let stats = adds_up(&rig.pool);
    assert_eq!((stats.running, stats.waiting, size(&rig.pool)), (5, 3, 5));
}

#[wasm_bindgen_test(unsupported = test)]
fn it_begins_with_the_size_there_is_and_serves_what_waits() {
    let rig = Rig::new(1);
    let (_gates, _tasks) = submit(&rig.pool, 3);
    rig.pool.autoscale(2..=8, IDLE).unwrap();
    assert_eq!((size(&rig.pool), rig.pool.stats().running), (3, 3));
    for (before, after) in [(Concurrency::AtMost(1), 2), (Concurrency::AtMost(6), 6), (Concurrency::Unlimited, 8)] {
        let rig = Rig::new(1);
        rig.pool.resize(before).unwrap();
        rig.pool.autoscale(2..=8, IDLE).unwrap();
        assert_eq!(size(&rig.pool), after);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_resize_ends_it() {
    let rig = scaled(0, 1..=5);
    let (gates, _tasks) = submit(&rig.pool, 3);
    open(&rig, gates);
    assert!(rig.pool.resize(0).is_err());
    assert_eq!(rig.ex.next_deadline(), Some(IDLE), "a refused resize changes nothing");
    rig.pool.resize(4).unwrap();
    rig.advance(100 * IDLE);
    assert_eq!(size(&rig.pool), 4);
    let (_gates, _tasks) = submit(&rig.pool, 4);
    assert!(rig.pool.try_submit(async {}).is_err());
}

#[wasm_bindgen_test(unsupported = test)]
fn bounds_that_mean_nothing_are_refused() {
    let rig = Rig::new(7);
    for (min, max) in [(0, 5), (0, 0), (5, 2), (1, u32::MAX)] {
        let error = rig.pool.autoscale(RangeInclusive::new(min, max), IDLE).unwrap_err();
        assert_eq!(error.option(), "autoscale");
        let rule = "use a range from 1 or more to the same or more, below u32::MAX";
        assert_eq!(error.to_string(), format!("autoscale: {min}..={max} is refused, {rule}"));
    }
    assert_eq!(size(&rig.pool), 7);
    rig.pool.autoscale(5..=5, IDLE).unwrap();
    assert_eq!(size(&rig.pool), 5);
}

#[wasm_bindgen_test(unsupported = test)]
fn no_timer_is_left_when_a_pool_that_could_shrink_is_closed() {
    let rig = scaled(0, 1..=5);
    let (gates, _tasks) = submit(&rig.pool, 5);
    open(&rig, gates);
    assert_eq!(rig.ex.next_deadline(), Some(IDLE));
    let mut close = rig.pool.close();
    assert!(poll_once(Pin::new(&mut close)).is_ready());
    rig.ex.run_until_idle();
    assert_eq!(rig.ex.next_deadline(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_managers_pools_scale_each_for_itself_under_the_cap_over_all() {
    let rig = Rig::new(1);
    let manager = PoolManager::builder(&rig.ex).concurrency(4).pool_concurrency(1).build().unwrap();
    let (red, blue) = (manager.get("red"), manager.get("blue"));
    let (red, blue) = (red.unwrap(), blue.unwrap());
    red.autoscale(1..=3, IDLE).unwrap();
    let (gates, _tasks) = submit(&red, 3);
    let (_blue_gates, _blue_tasks) = submit(&blue, 1);
    assert_eq!((size(&red), red.stats().running, size(&blue)), (3, 3, 1));
    open(&rig, gates);
    rig.advance(2 * IDLE);
    assert_eq!((size(&red), size(&blue)), (1, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_managers_pool_that_expires_takes_its_scale_and_its_timer_with_it() {
    let rig = Rig::new(1);
    let manager = PoolManager::builder(&rig.ex).pool_concurrency(1).idle_timeout(SECOND).build().unwrap();
    let lease = manager.get("red").unwrap();
    lease.autoscale(1..=3, IDLE).unwrap();
    let (gates, _tasks) = submit(&lease, 3);
    open(&rig, gates);
    assert_eq!(rig.ex.next_deadline(), Some(IDLE));
    drop(lease);
    rig.advance(SECOND);
    rig.ex.run_until_idle();
    assert_eq!((manager.len(), rig.ex.next_deadline()), (0, None));
    let lease = manager.get("red").unwrap();
    let (_gates, _tasks) = submit(&lease, 2);
    assert_eq!((size(&lease), lease.stats().running), (1, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn heavy_tasks_are_as_much_demand_as_they_weigh() {
    let rig = scaled(100, 1..=10);
    let heavy = || rig.pool.task(std::future::pending::<()>()).weight(3).unwrap();
    let first = heavy().try_submit().unwrap();
    assert_eq!((size(&rig.pool), first.state()), (3, TaskState::Running));
    rig.pool.pause();
    let tasks: Vec<_> = (0..3).map(|_| heavy().try_submit().unwrap()).collect();
    assert_eq!(size(&rig.pool), 10);
    rig.pool.resume();
    assert_eq!((rig.pool.stats().running, rig.pool.stats().waiting), (3, 1), "nine of ten units are in use");
    tasks.iter().for_each(|task| assert!(task.cancel()));
    assert!(first.cancel());
    rig.ex.run_until_idle();
    rig.advance(100 * IDLE);
    assert_eq!(size(&rig.pool), 1);
}
