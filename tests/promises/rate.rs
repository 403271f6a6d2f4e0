//! The rate: no more starts in a span of time than allowed, beside the concurrency; and what is held goes on by itself, exactly then.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::time::Duration;

use millpond::{LocalExecutor, ManualClock, Pool, PoolBuilder};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Random, SECOND, accepted, adds_up};
use super::support::{Recorder, poll_once};

const TENTH: Duration = Duration::from_millis(100);

fn pool(describe: impl FnOnce(PoolBuilder) -> PoolBuilder) -> (LocalExecutor, Pool) {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = describe(Pool::builder(&ex).queue_capacity(1000)).build().unwrap();
    (ex, pool)
}

/// Submits so many tasks, and tells when they start, in tenths of a second.
fn starts(ex: &LocalExecutor, pool: &Pool, count: usize) -> Vec<u128> {
    let record = Recorder::new();
    for _ in 0..count {
        let (note, clock) = (record.clone(), ex.clone());
        drop(accepted(pool.try_submit(async move { note.note(clock.now().as_millis() / 100) })));
    }
    ex.advance(100 * SECOND).unwrap();
    record.take()
}

#[wasm_bindgen_test(unsupported = test)]
fn starts_come_as_a_burst_and_then_evenly() {
    for (burst, expected) in [(1, [0, 1, 2, 3, 4, 5]), (3, [0, 0, 0, 1, 2, 3]), (10, [0, 0, 0, 0, 0, 0])] {
        let (ex, pool) = pool(|pool| pool.rate(10, SECOND).burst(burst));
        assert_eq!(starts(&ex, &pool, 6), expected, "burst {burst}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_rate_without_a_burst_of_its_own_lets_the_whole_count_come_at_once() {
    let (ex, pool) = pool(|pool| pool.rate(2, SECOND));
    assert_eq!(starts(&ex, &pool, 6), [0, 0, 5, 10, 15, 20]);
}

#[wasm_bindgen_test(unsupported = test)]
fn no_window_of_time_sees_more_starts_than_burst_and_rate_allow() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let burst = 1 + random.below(5);
        let (ex, pool) = pool(|pool| pool.concurrency(3).rate(5, SECOND).burst(burst as u32));
        let record = Recorder::new();
        for _ in 0..40 {
            let (note, clock, length) = (record.clone(), ex.clone(), TENTH * random.below(10) as u32);
            drop(accepted(pool.try_submit(async move {
                note.note(clock.now());
                clock.sleep(length).await;
            })));
            ex.advance(TENTH * random.below(6) as u32).unwrap();
        }
        ex.advance(100 * SECOND).unwrap();
        let starts = record.take();
        assert_eq!(starts.len(), 40);
        for (first, from) in starts.iter().enumerate() {
            for (last, to) in starts.iter().enumerate().skip(first) {
                // Five a second: one more for each 200 ms that have passed.
                let allowed = burst + ((*to - *from).as_millis() / 200) as usize;
                assert!(last - first < allowed, "{} starts in {:?}", last - first + 1, *to - *from);
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_concurrency_holds_beside_the_rate() {
    let (ex, pool) = pool(|pool| pool.concurrency(1).rate(10, SECOND).burst(1));
    let record = Recorder::new();
    for _ in 0..3 {
        let (note, clock) = (record.clone(), ex.clone());
        drop(accepted(pool.try_submit(async move {
            note.note(clock.now().as_millis());
            clock.sleep(Duration::from_millis(250)).await;
        })));
    }
    ex.advance(9 * SECOND).unwrap();
    assert_eq!(record.take(), [0, 250, 500]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_submission_that_waits_for_room_is_told_when_the_rate_allows_it() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).queue_capacity(0).rate(1, SECOND).build().unwrap();
    drop(accepted(pool.try_submit(async {})));
    assert!(pool.try_submit(async {}).is_err_and(|error| error.is_full()));
    let (inner, outer) = (pool.clone(), ex.clone());
    let mut waiting = ex.spawn(async move {
        assert!(inner.submit(async {}).await.is_ok());
        outer.now()
    });
    ex.advance(9 * SECOND).unwrap();
    assert!(matches!(poll_once(std::pin::Pin::new(&mut waiting)), std::task::Poll::Ready(Ok(at)) if at == SECOND));
    assert_eq!(adds_up(&pool).succeeded, 2);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_rate_that_allows_nothing_is_refused() {
    let ex = LocalExecutor::new();
    let error = |describe: fn(PoolBuilder) -> PoolBuilder| describe(Pool::builder(&ex)).build().unwrap_err().to_string();
    assert_eq!(error(|pool| pool.rate(0, SECOND)), "rate: 0 is refused, use 1 start or more");
    assert_eq!(error(|pool| pool.rate(1, Duration::ZERO)), "rate: a span of 0 is refused, use a duration above zero");
    assert_eq!(error(|pool| pool.rate(1, SECOND).burst(0)), "burst: 0 is refused, use 1 or more");
    assert_eq!(error(|pool| pool.burst(3)), "burst: 3 is refused, use it together with rate");
}
