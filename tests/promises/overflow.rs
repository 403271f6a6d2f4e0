//! A full line: who goes is the pool's choice, who goes is told, and the line is never longer than its capacity.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cmp::Reverse;

use millpond::{LocalExecutor, ManualClock, Order, Overflow, Pool, Priority, Task, TaskError, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Random, accepted, adds_up, end, gated};
use super::support::{Drops, poll_once};

const CLASSES: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];

struct Line {
    ex: LocalExecutor,
    pool: Pool,
    gate: Gate,
}

fn line(capacity: u32, overflow: Overflow, order: Order) -> Line {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).concurrency(1).queue_capacity(capacity).overflow(overflow).order(order).build().unwrap();
    let (gate, future) = gated(());
    drop(accepted(pool.try_submit(future)));
    ex.run_until_idle();
    Line { ex, pool, gate }
}

fn enter(pool: &Pool, priority: Priority) -> Task<()> {
    accepted(pool.task(async {}).priority(priority).try_submit())
}

#[wasm_bindgen_test(unsupported = test)]
fn the_oldest_goes_whatever_its_class_and_is_told() {
    let Line { ex, pool, gate } = line(2, Overflow::DropOldest, Order::Fifo);
    let mut oldest = enter(&pool, Priority::Critical);
    let second = enter(&pool, Priority::Low);
    let third = enter(&pool, Priority::Low);
    assert_eq!(end(&mut oldest), End::Dropped);
    assert_eq!((second.state(), third.state()), (TaskState::Waiting, TaskState::Waiting));
    let stats = adds_up(&pool);
    assert_eq!((stats.waiting, stats.dropped, stats.rejected, stats.submitted), (2, 1, 0, 4));
    gate.open();
    ex.run_until_idle();
    assert_eq!(adds_up(&pool).succeeded, 3);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_lowest_goes_and_a_newcomer_that_is_lower_still_is_refused() {
    let Line { ex: _ex, pool, gate: _gate } = line(2, Overflow::DropLowest, Order::Fifo);
    let mut low = enter(&pool, Priority::Low);
    let mut late = enter(&pool, Priority::Normal);
    assert!(pool.task(async {}).priority(Priority::Low).try_submit().is_err_and(|error| error.is_full()));
    let _high = enter(&pool, Priority::High);
    assert_eq!(end(&mut low), End::Dropped);
    // Of equals the last in order goes, and that is the newcomer.
    assert!(pool.try_submit(async {}).is_err_and(|error| error.is_full()));
    let _critical = enter(&pool, Priority::Critical);
    assert_eq!(end(&mut late), End::Dropped);
    assert_eq!(adds_up(&pool).rejected, 2);
}

#[wasm_bindgen_test(unsupported = test)]
fn last_in_first_out_drops_the_stalest_of_the_lowest() {
    let Line { ex: _ex, pool, gate: _gate } = line(2, Overflow::DropLowest, Order::Lifo);
    let mut stale = enter(&pool, Priority::Normal);
    let fresh = enter(&pool, Priority::Normal);
    let fresher = enter(&pool, Priority::Normal);
    assert_eq!((end(&mut stale), fresh.state(), fresher.state()), (End::Dropped, TaskState::Waiting, TaskState::Waiting));
}

#[wasm_bindgen_test(unsupported = test)]
fn with_a_policy_that_drops_a_submission_does_not_wait() {
    let Line { ex: _ex, pool, gate: _gate } = line(1, Overflow::DropOldest, Order::Fifo);
    let mut first = enter(&pool, Priority::Normal);
    assert!(poll_once(std::pin::pin!(pool.submit(async {}))).is_ready());
    assert_eq!(end(&mut first), End::Dropped);
}

#[wasm_bindgen_test(unsupported = test)]
fn without_a_line_there_is_nobody_to_drop() {
    for overflow in [Overflow::DropOldest, Overflow::DropLowest] {
        let Line { ex: _ex, pool, gate: _gate } = line(0, overflow, Order::Fifo);
        assert!(pool.task(async {}).priority(Priority::Critical).try_submit().is_err_and(|error| error.is_full()));
        assert_eq!(adds_up(&pool).running, 1);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_dropped_future_is_dropped_and_may_come_back_for_anything() {
    let Line { ex: _ex, pool, gate: _gate } = line(1, Overflow::DropOldest, Order::Fifo);
    let drops = Drops::default();
    let (guard, again) = (drops.guard(), pool.clone());
    let bomb = super::support::on_drop(move || drop(again.try_submit(async {})));
    let _victim = accepted(pool.try_submit(async move {
        let _kept = (&guard, &bomb);
        std::future::pending::<()>().await;
    }));
    let mut newcomer = enter(&pool, Priority::Normal);
    assert_eq!(drops.count(), 1);
    // What the destructor submitted came later, and dropped the newcomer in turn.
    assert_eq!(end(&mut newcomer), End::Dropped);
    assert_eq!(adds_up(&pool).dropped, 2);
}

#[wasm_bindgen_test(unsupported = test)]
fn when_a_heavy_head_is_dropped_the_light_newcomer_starts() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).concurrency(2).queue_capacity(1).overflow(Overflow::DropOldest).build().unwrap();
    let (_gate, future) = gated(());
    drop(accepted(pool.try_submit(future)));
    let mut heavy = accepted(pool.task(async {}).weight(2).unwrap().try_submit());
    let light = accepted(pool.try_submit(std::future::pending::<()>()));
    assert_eq!((end(&mut heavy), light.state()), (End::Dropped, TaskState::Running));
}

#[wasm_bindgen_test(unsupported = test)]
fn agrees_with_a_sorted_list_through_random_work() {
    for overflow in [Overflow::DropOldest, Overflow::DropLowest] {
        for seed in 0..30 {
            let mut random = Random::new(seed);
            let Line { ex, pool, gate } = line(5, overflow, Order::Fifo);
            let mut tasks = Vec::new();
            // Who waits, as (class, number).
            let mut waiting: Vec<(Priority, usize)> = Vec::new();
            for number in 0..60 {
                let class = CLASSES[random.below(4)];
                let newcomer = (class, number);
                let full = waiting.len() == 5;
                let victim = match overflow {
                    _ if !full => None,
                    Overflow::DropOldest => waiting.iter().copied().min_by_key(|task| task.1),
                    _ => waiting.iter().copied().chain([newcomer]).max_by_key(|task| (Reverse(task.0), task.1)),
                };
                let submitted = pool.task(std::future::pending::<()>()).priority(class).try_submit();
                if victim == Some(newcomer) {
                    assert!(submitted.is_err());
                    tasks.push(None);
                    continue;
                }
                tasks.push(Some(accepted(submitted)));
                waiting.push(newcomer);
                waiting.retain(|task| Some(*task) != victim);
                if random.below(4) == 0 {
                    let chosen = random.below(waiting.len());
                    let class = CLASSES[random.below(4)];
                    assert!(tasks[waiting[chosen].1].as_ref().unwrap().set_priority(class));
                    waiting[chosen].0 = class;
                }
                let actual: Vec<usize> =
                    (0..=number).filter(|&task| tasks[task].as_ref().is_some_and(|task| task.state() == TaskState::Waiting)).collect();
                let mut expected: Vec<usize> = waiting.iter().map(|task| task.1).collect();
                expected.sort_unstable();
                assert_eq!(actual, expected, "seed {seed}, {overflow:?}");
            }
            adds_up(&pool);
            drop(gate);
            drop(ex);
            for mut task in tasks.into_iter().flatten() {
                assert!(matches!(end(&mut task), End::Dropped | End::Closed));
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_error_says_what_happened() {
    assert_eq!(TaskError::Dropped.to_string(), "the task was dropped from a full line for the sake of another");
}
