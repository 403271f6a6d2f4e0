//! Middleware, retry: as many attempts as asked, at the times asked, and none for anyone who is cancelled.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use millpond::Workers;
use millpond::workers::{Counter, EndError, Retry, WorkError};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::SECOND;
use super::support::Recorder;
use super::workers_kit::{adds_up, ending, executor, ticks};

/// When the attempts of a job begin that always fails, in seconds.
fn attempts(retry: Retry) -> Vec<f64> {
    by(1, retry).into_iter().map(|(_, at)| at).collect()
}

/// The same for several workers, with their numbers.
fn by(workers: u32, retry: Retry) -> Vec<(u64, f64)> {
    let (ex, record) = (executor(), Recorder::new());
    let (clock, notes) = (ex.clone(), record.clone());
    let builder = Workers::builder(&ex).initial(workers).layer(retry);
    let started = builder.start(move || {
        let (clock, notes) = (clock.clone(), notes.clone());
        async move |cx| {
            if cx.run() > 0 {
                cx.cancelled().await;
                return Ok(());
            }
            notes.note((cx.worker(), clock.now().as_secs_f64()));
            Err("bad")
        }
    });
    ex.advance(1000 * SECOND).unwrap();
    drop(started);
    ex.run_until_idle();
    record.take()
}

#[wasm_bindgen_test(unsupported = test)]
fn retries_come_after_delays_that_grow_up_to_their_maximum() {
    assert_eq!(attempts(Retry::exponential(3)), [0.0, 1.0, 3.0, 7.0]);
    assert_eq!(attempts(Retry::exponential(0)), [0.0]);
    assert_eq!(attempts(Retry::exponential(4).max_delay(3 * SECOND)), [0.0, 1.0, 3.0, 6.0, 9.0]);
    assert_eq!(attempts(Retry::exponential(2).max_delay(SECOND / 2)), [0.0, 0.5, 1.0], "the first delay too");
    assert_eq!(attempts(Retry::exponential(2).first_delay(SECOND / 2).factor(3.0)), [0.0, 0.5, 2.0]);
    assert_eq!(attempts(Retry::exponential(2).factor(0.1)), [0.0, 1.0, 2.0]);
    assert_eq!(attempts(Retry::exponential(2).factor(f32::NAN)), [0.0, 1.0, 2.0]);
    assert_eq!(attempts(Retry::exponential(2).first_delay(Duration::ZERO)), [0.0; 3]);
}

#[wasm_bindgen_test(unsupported = test)]
fn no_delay_is_begun_that_would_end_after_the_time_for_all() {
    assert_eq!(attempts(Retry::exponential(9).within(7 * SECOND)), [0.0, 1.0, 3.0, 7.0]);
    assert_eq!(attempts(Retry::exponential(9).within(6 * SECOND)), [0.0, 1.0, 3.0]);
    assert_eq!(attempts(Retry::exponential(9).within(Duration::ZERO)), [0.0]);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_largest_count_of_retries_still_runs_the_job() {
    let ex = executor();
    let retry = Retry::exponential(u32::MAX).first_delay(Duration::ZERO);
    let workers = Workers::builder(&ex).layer(retry).start(|| async |_cx| Err::<(), _>("bad")).unwrap();
    ticks(&ex, 100);
    assert!(adds_up(workers.stats()).failed >= 50, "and gives way between its attempts");
    drop(workers);
    let recovers = Workers::builder(&ex).layer(Retry::exponential(u32::MAX)).start(|| {
        let mut attempts = 0;
        async move |cx| {
            attempts += 1;
            if attempts <= 5 {
                return Err("not yet");
            }
            cx.cancelled().await;
            Ok(())
        }
    });
    ex.advance(31 * SECOND).unwrap();
    assert_eq!(recovers.unwrap().stats().running, 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_retry_stops_at_once_when_its_worker_is_cancelled() {
    let (ex, outer) = (executor(), Counter::new());
    let builder = Workers::builder(&ex).initial(2).stop_on_error(true).layer(outer.clone()).layer(Retry::exponential(9));
    let workers = builder.start(|| async |_cx| Err::<(), _>("bad")).unwrap();
    ex.advance(2 * SECOND).unwrap();
    assert_eq!(workers.stats().failed, 4);
    workers.less().unwrap();
    ex.run_until_idle();
    assert_eq!((outer.snapshot().cancelled, ex.now()), (1, 2 * SECOND), "in the middle of its delay");
    let mut close = workers.close();
    ex.run_until_idle();
    let report = ending(&mut close).unwrap().unwrap();
    assert_eq!((report.started, ex.now(), ex.next_deadline()), (4, 2 * SECOND, None));
    assert_eq!((adds_up(outer.snapshot()).cancelled, outer.snapshot().failed), (2, 0), "nobody has failed for good");
}

#[wasm_bindgen_test(unsupported = test)]
fn no_attempt_begins_under_a_cancelled_context() {
    let ex = executor();
    let retry = Retry::exponential(9).first_delay(Duration::ZERO);
    let workers = Workers::builder(&ex).layer(retry).start(|| {
        async |cx| {
            cx.cancelled().await;
            Err::<(), _>("after all")
        }
    });
    let workers = workers.unwrap();
    ex.run_until_idle();
    let mut close = workers.close();
    ex.run_until_idle();
    assert_eq!(ending(&mut close).unwrap().unwrap().started, 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_rule_chooses_but_never_retries_a_cancellation() {
    let run = |retry: Retry, error: fn() -> WorkError| {
        let ex = executor();
        let calls = Rc::new(Cell::new(0));
        let count = calls.clone();
        let builder = Workers::builder(&ex).layer(retry);
        let started = builder.start(move || {
            let count = count.clone();
            async move |cx| {
                if cx.run() > 0 {
                    cx.cancelled().await;
                }
                count.set(count.get() + 1);
                Err::<(), _>(error())
            }
        });
        ex.advance(100 * SECOND).unwrap();
        drop(started);
        calls.get()
    };
    let two = || Retry::exponential(2);
    assert_eq!(run(two(), || WorkError::new("bad")), 3);
    assert_eq!(run(two(), || WorkError::TimedOut(SECOND)), 3);
    assert_eq!(run(two(), || WorkError::Panicked(Box::new(()))), 1);
    assert_eq!(run(two().when(|_| false), || WorkError::new("bad")), 1);
    assert_eq!(run(two().when(|_| true), || WorkError::Panicked(Box::new(()))), 3);
    assert_eq!(run(two().when(|_| true), || WorkError::Cancelled), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn jitter_is_the_same_for_a_seed_and_another_for_each_worker() {
    let some = by(2, Retry::exponential(3).jitter(7));
    assert_eq!(some, by(2, Retry::exponential(3).jitter(7)));
    assert_ne!(some, by(2, Retry::exponential(3).jitter(8)));
    let times = |worker| some.iter().filter(|(who, _)| *who == worker).map(|(_, at)| *at).collect::<Vec<_>>();
    assert_ne!(times(0), times(1));
    for worker in 0..2 {
        for (step, delay) in times(worker).windows(2).zip([1.0, 2.0, 4.0]) {
            let (least, took) = (delay, step[1] - step[0]);
            assert!(took >= least && took < 2.0 * least + 1e-6, "{took}");
        }
    }
    let capped = attempts(Retry::exponential(3).jitter(7).max_delay(SECOND));
    assert_eq!(capped, [0.0, 1.0, 2.0, 3.0], "the maximum holds for jitter too");
}

#[wasm_bindgen_test(unsupported = test)]
fn the_last_error_is_told_when_no_retry_is_left() {
    let ex = executor();
    let builder = Workers::builder(&ex).stop_on_error(true).layer(Retry::exponential(2));
    let workers = builder.start(|| {
        let mut attempts = 0;
        async move |_cx| {
            attempts += 1;
            Err::<(), _>(format!("attempt {attempts}"))
        }
    });
    let workers = workers.unwrap();
    ex.advance(3 * SECOND).unwrap();
    let Some(Err(EndError::Tripped(trip))) = ending(&mut workers.ended()) else { panic!("it failed") };
    assert_eq!((trip.error().to_string(), trip.run()), ("the run failed: attempt 3".into(), 0));
}
