//! Middleware, pace: a pause is a pause, a rate is a rate, and neither makes anyone wait who is cancelled.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::time::Duration;

use millpond::Workers;
use millpond::workers::{Counter, Job, Layer, Pause, Rate, WorkError};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::SECOND;
use super::support::Recorder;
use super::workers_kit::{MS, adds_up, ending, executor, ticks, timed};

/// When a worker begins its runs, in milliseconds, if they take so long.
fn starts(layer: impl Layer + 'static, took: &'static [u64]) -> Vec<u128> {
    let (ex, starts) = (executor(), Recorder::new());
    let workers = timed(&ex, Workers::builder(&ex).layer(layer), &starts, took);
    ex.advance(SECOND).unwrap();
    workers.abort();
    starts.take()
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pause_is_a_pause_from_the_end_to_the_next_start() {
    assert_eq!(starts(Pause::between(50 * MS), &[80, 80, 80]), [0, 130, 260, 390]);
    assert_eq!(starts(Pause::between(50 * MS), &[0, 200, 0]), [0, 50, 300, 350]);
    assert_eq!(starts(Pause::between(Duration::ZERO), &[80, 80]), [0, 80, 160]);
    assert_eq!(starts(Pause::between(Duration::MAX), &[80]), [0]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_rate_is_a_rate_from_start_to_start_and_skips_what_it_missed() {
    assert_eq!(starts(Rate::every(50 * MS), &[80, 80, 80]), [0, 80, 160, 240]);
    assert_eq!(starts(Rate::every(50 * MS), &[80, 10, 10, 10]), [0, 80, 100, 150, 200]);
    assert_eq!(starts(Rate::every(50 * MS), &[20, 50, 20]), [0, 50, 100, 150]);
    assert_eq!(starts(Rate::every(50 * MS), &[240, 1, 1]), [0, 240, 250, 300], "one for all that were missed");
    assert_eq!(starts(Rate::every(Duration::ZERO), &[80, 80]), [0, 80, 160]);
    assert_eq!(starts(Rate::every(Duration::MAX), &[80]), [0]);
}

#[wasm_bindgen_test(unsupported = test)]
fn workers_pace_themselves_each_for_itself() {
    let (ex, starts) = (executor(), Recorder::new());
    let workers = timed(&ex, Workers::builder(&ex).layer(Rate::every(50 * MS)), &starts, &[0; 3]);
    ex.advance(20 * MS).unwrap();
    workers.more().unwrap();
    ex.advance(SECOND).unwrap();
    assert_eq!(starts.take(), [0, 20, 50, 70, 100, 120, 150, 170]);
}

#[wasm_bindgen_test(unsupported = test)]
fn whoever_waits_for_its_turn_is_cancelled_at_once_and_does_not_begin() {
    fn check(layer: impl Layer + 'static) {
        let (ex, outer) = (executor(), Counter::new());
        let builder = Workers::builder(&ex).initial(3).stop_on_error(true).layer(outer.clone()).layer(layer);
        let workers = builder.start(|| async |_cx| {}).unwrap();
        ex.run_until_idle();
        assert_eq!((workers.stats().succeeded, workers.stats().running, outer.snapshot().running), (3, 0, 3));
        workers.less().unwrap();
        ex.run_until_idle();
        assert_eq!((adds_up(outer.snapshot()).cancelled, outer.snapshot().running), (1, 2));
        let mut close = workers.close();
        ex.run_until_idle();
        assert_eq!(ending(&mut close).unwrap().unwrap().started, 3);
        assert_eq!((ex.now(), ex.next_deadline(), outer.snapshot().cancelled), (Duration::ZERO, None, 3));
    }
    check(Pause::between(SECOND));
    check(Rate::every(SECOND));
    check(Rate::every(Duration::MAX));
}

#[wasm_bindgen_test(unsupported = test)]
fn no_job_begins_under_a_cancelled_context() {
    fn check(layer: impl Layer + 'static) {
        let (ex, begun) = (executor(), Recorder::new());
        let record = begun.clone();
        let workers = Workers::builder(&ex).initial(4).layer(layer).start(move || {
            let record = record.clone();
            async move |cx| record.note(cx.is_cancelled())
        });
        let workers = workers.unwrap();
        ticks(&ex, 10);
        workers.less().unwrap();
        ticks(&ex, 10);
        drop(workers.close());
        ticks(&ex, 100);
        let begun = begun.take();
        assert!(!begun.is_empty() && !begun.contains(&true));
    }
    check(Pause::between(Duration::ZERO));
    check(Rate::every(Duration::ZERO));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_layer_that_ignores_cancellation_cannot_begin_the_job() {
    let ex = executor();
    let deaf = |mut job: Job| {
        Job::new(async move |cx| {
            cx.cancelled().await;
            let first = job.run(cx.clone()).await;
            let second = job.run(cx).await;
            assert!(matches!((&first, &second), (Err(WorkError::Cancelled), Err(WorkError::Cancelled))));
            first
        })
    };
    let workers = Workers::builder(&ex).max(2).initial(2).layer(deaf).start(|| async |_cx| {}).unwrap();
    ex.run_until_idle();
    assert_eq!((workers.less(), workers.more().ok()), (Ok(1), Some(2)), "which is why it leaves room at once");
    let mut close = workers.close();
    ex.run_until_idle();
    assert_eq!(ending(&mut close).unwrap().unwrap().started, 0);
}
