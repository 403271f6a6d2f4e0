//! How long tasks waited and ran: every accepted task once, every started one once, by the executor's clock.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::time::Duration;

use millpond::{Distribution, LocalExecutor, ManualClock, Pool, PoolManager, PoolTimings};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Rig, SECOND, TICK, accepted};

fn numbers(distribution: Distribution) -> (u64, Duration, Duration, Duration) {
    (distribution.count, distribution.min, distribution.mean, distribution.max)
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_leaves_the_line_has_waited_and_one_that_is_stopped_has_run() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).concurrency(1).queue_capacity(2).timings().build().unwrap();
    assert_eq!(pool.timings(), Some(PoolTimings::default()));
    let _stopped = accepted(pool.task(pending::<()>()).timeout(5 * SECOND).try_submit());
    let _left = accepted(pool.task(pending::<()>()).queue_timeout(2 * SECOND).try_submit());
    let inner = ex.clone();
    let last = accepted(pool.try_submit(async move { inner.sleep(TICK).await }));
    assert!(pool.try_submit(async {}).is_err(), "which is no task and has no time");
    assert_eq!(numbers(pool.timings().unwrap().waiting), (1, Duration::ZERO, Duration::ZERO, Duration::ZERO));
    ex.advance(10 * SECOND).unwrap();
    drop(last);
    let timings = pool.timings().unwrap();
    // It waited for nothing, two seconds until it left, and five seconds for the first.
    assert_eq!(numbers(timings.waiting), (3, Duration::ZERO, 7 * SECOND / 3, 5 * SECOND));
    assert_eq!(numbers(timings.running), (2, TICK, (5 * SECOND + TICK) / 2, 5 * SECOND));
}

#[wasm_bindgen_test(unsupported = test)]
fn percentiles_are_those_of_the_times() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).timings().build().unwrap();
    (1..=100).for_each(|seconds| drop(accepted(pool.try_submit(ex.sleep(SECOND * seconds)))));
    ex.advance(200 * SECOND).unwrap();
    let running = pool.timings().unwrap().running;
    for (percentile, exact) in [(running.p50, 50.0), (running.p90, 90.0), (running.p95, 95.0), (running.p99, 99.0)] {
        assert!((percentile.as_secs_f64() / exact - 1.0).abs() < 0.01, "{running:?}");
    }
    assert_eq!(running.max, 100 * SECOND);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_manager_measures_its_pools_together() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let manager: PoolManager<u8> = PoolManager::builder(&ex).pool_concurrency(1).timings().build().unwrap();
    for key in [1, 2] {
        drop(accepted(manager.get(key).unwrap().try_submit(ex.sleep(SECOND * u32::from(key)))));
    }
    ex.advance(3 * SECOND).unwrap();
    assert_eq!(numbers(manager.timings().unwrap().running), (2, SECOND, 3 * SECOND / 2, 2 * SECOND));
}

#[wasm_bindgen_test(unsupported = test)]
fn who_does_not_ask_measures_nothing() {
    assert_eq!(Rig::new(1).pool.timings(), None);
}
