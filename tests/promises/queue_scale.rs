//! Promises of a job queue whose workers follow the work: it grows for the job that would wait, or after a span, and shrinks when idle; a
//! worker that goes takes its handler with it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::pin::Pin;
use std::time::Duration;

use millpond::Concurrency;
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{SECOND, TICK};
use super::queue_kit::{Mill, Tell, adds_up, order};
use super::support::poll_once;

const IDLE: Duration = Duration::from_secs(10);

fn workers(mill: &Mill) -> u32 {
    match mill.queue.stats().workers {
        Concurrency::AtMost(workers) => workers,
        Concurrency::Unlimited => u32::MAX,
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_queue_that_grows_takes_every_job_up_to_its_bounds() {
    let mill = Mill::new(|builder| builder.workers(1..=100).capacity(1));
    let _tells: Vec<Tell> = mill.submit(0..101);
    let stats = adds_up(&mill.queue);
    assert_eq!((stats.running, stats.waiting, stats.rejected, workers(&mill)), (100, 1, 0, 100));
    assert!(mill.queue.try_submit(order(101).1).is_err_and(|error| error.is_full()));
    assert_eq!(mill.built.take(), (0..100).collect::<Vec<_>>());
}

#[wasm_bindgen_test(unsupported = test)]
fn it_shrinks_to_its_lower_bound_and_drops_the_handlers_of_those_who_go() {
    let mill = Mill::new(|builder| builder.workers(2..=4).idle(IDLE));
    let tells = mill.submit(0..4);
    mill.finish(tells);
    assert_eq!((workers(&mill), mill.dropped.count()), (4, 0));
    for (left, dropped) in [(3, 1), (2, 2)] {
        mill.advance(IDLE - TICK);
        assert_eq!((workers(&mill), mill.dropped.count()), (left + 1, dropped - 1));
        mill.advance(TICK);
        assert_eq!((workers(&mill), mill.dropped.count(), mill.queue.stats().handlers), (left, dropped, left as usize));
    }
    mill.advance(100 * IDLE);
    assert_eq!((workers(&mill), mill.dropped.count(), mill.ex.next_deadline()), (2, 2, None));
    assert_eq!(mill.built.take(), [0, 1, 2, 3]);
    let _tells = mill.submit(10..13);
    assert_eq!(mill.built.take(), [2], "a new handler for a new worker, with the number of the old");
    assert_eq!(mill.started.take().split_off(4), [(0, 10, 2), (1, 11, 2), (2, 12, 1)]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_worker_that_is_busy_keeps_its_handler_whoever_goes() {
    let mill = Mill::new(|builder| builder.workers(1..=3).idle(IDLE));
    let mut tells = mill.submit(0..3);
    let last = tells.pop();
    mill.finish(tells);
    mill.advance(IDLE);
    assert_eq!((workers(&mill), mill.queue.stats().handlers), (2, 2));
    mill.advance(IDLE);
    assert_eq!((workers(&mill), mill.queue.stats().handlers, mill.running.now()), (1, 1, 1), "the one that works");
    mill.finish(last);
    assert_eq!(mill.queue.stats().handlers, 1);
    let _tells = mill.submit([3]);
    assert_eq!(mill.started.take().pop(), Some((2, 3, 2)));
}

#[wasm_bindgen_test(unsupported = test)]
fn with_a_span_to_grow_a_rush_brings_nobody_and_a_line_that_stays_does() {
    let mill = Mill::new(|builder| builder.workers(1..=2).capacity(10).grow_after(SECOND).idle(IDLE));
    for _ in 0..3 {
        let tells = mill.submit([0, 0]);
        mill.advance(SECOND - TICK);
        mill.finish(tells);
    }
    assert_eq!((workers(&mill), mill.built.take()), (1, vec![0]));
    let _tells = mill.submit(1..5);
    mill.advance(SECOND - TICK);
    assert_eq!(workers(&mill), 1);
    mill.advance(TICK);
    assert_eq!((workers(&mill), mill.running.now(), mill.built.take()), (2, 2, vec![1]));
    mill.advance(100 * SECOND);
    assert_eq!((workers(&mill), mill.ex.next_deadline()), (2, None));
}

#[wasm_bindgen_test(unsupported = test)]
fn producers_that_wait_are_work_that_waits() {
    let mill = Mill::new(|builder| builder.workers(1..=3).capacity(0).grow_after(SECOND));
    let _tells = mill.submit([0]);
    let _producers: Vec<_> = (1..4)
        .map(|number| {
            let (tell, order) = order(number);
            let queue = mill.queue.clone();
            (tell, mill.ex.spawn(async move { queue.submit(order).await.map(drop) }))
        })
        .collect();
    mill.ex.run_until_idle();
    for running in 1..=3 {
        assert_eq!((workers(&mill), mill.running.now()), (running, running as usize));
        mill.advance(SECOND);
    }
    assert_eq!((workers(&mill), mill.running.now()), (3, 3));
    assert!(poll_once(Pin::new(&mut mill.queue.submit(order(9).1))).is_pending());
}
