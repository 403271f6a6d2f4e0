//! Workers, stopping on an error: the first failure stops all and is told to the owner; a cancellation is none.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use millpond::Workers;
use millpond::workers::{EndError, RunError, StartError, WorkError, WorkerContext};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Later, SECOND};
use super::support::{Recorder, WakeCount, poll, poll_once};
use super::workers_kit::{adds_up, ending, executor, ticks};

/// Worker 0 fails after a second, with its number in the text; the others after more, unless they are cancelled.
async fn failing(cx: WorkerContext) -> Result<(), WorkError> {
    cx.sleep(SECOND * (1 + u32::try_from(cx.worker()).unwrap())).await?;
    Err(WorkError::new(format!("worker {}", cx.worker())))
}

#[wasm_bindgen_test(unsupported = test)]
fn the_first_error_stops_all_workers_and_is_told_to_the_owner() {
    let ex = executor();
    let workers = Workers::builder(&ex).initial(3).stop_on_error(true).start(|| failing).unwrap();
    let (wakes, waker) = WakeCount::new();
    let mut ended = workers.ended();
    assert!(poll(Pin::new(&mut ended), &waker).is_pending());
    ex.advance(SECOND).unwrap();
    assert_eq!((wakes.take(), workers.is_closed(), workers.current()), (1, true, 0));
    for mut end in [ended, workers.ended(), workers.close(), workers.close().within(SECOND)] {
        let Some(Err(EndError::Tripped(trip))) = ending(&mut end) else { panic!("it failed") };
        assert_eq!((trip.worker(), trip.run(), trip.error().to_string()), (0, 0, "the run failed: worker 0".into()));
        assert_eq!((adds_up(trip.report()).failed, trip.report().cancelled), (1, 2));
    }
    assert_eq!(ex.advance(3600 * SECOND).unwrap(), 0, "nothing is left to do");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_cancelled_run_is_not_a_failed_one() {
    let ex = executor();
    let workers = Workers::builder(&ex).initial(3).stop_on_error(true).start(|| failing).unwrap();
    ex.run_until_idle();
    assert_eq!((workers.less(), ex.run_until_idle() > 0), (Ok(2), true));
    assert_eq!((workers.is_closed(), workers.stats().cancelled, workers.stats().failed), (false, 1, 0));
    let mut close = workers.close();
    ex.run_until_idle();
    assert_eq!(ending(&mut close).unwrap().unwrap().cancelled, 3);
}

#[wasm_bindgen_test(unsupported = test)]
fn without_it_errors_stop_nobody_and_the_job_is_called_again() {
    let ex = executor();
    let workers = Workers::builder(&ex).initial(2).start(|| failing).unwrap();
    ex.advance(10 * SECOND).unwrap();
    assert_eq!((adds_up(workers.stats()).failed, workers.stats().running, workers.current()), (15, 2, 2));
    let mut close = workers.close();
    ex.run_until_idle();
    assert!(ending(&mut close).unwrap().is_ok());
}

#[wasm_bindgen_test(unsupported = test)]
fn run_gives_the_error_that_stopped_it() {
    let ex = executor();
    let mut run = pin!(Workers::builder(&ex).initial(2).stop_on_error(true).run(|| failing));
    assert!(poll_once(run.as_mut()).is_pending());
    ex.advance(SECOND).unwrap();
    let Poll::Ready(Err(RunError::Tripped(trip))) = poll_once(run.as_mut()) else { panic!("it failed") };
    assert_eq!((trip.worker(), trip.report().cancelled), (0, 1));
    let mut refused = pin!(Workers::builder(&ex).max(0).run(|| failing));
    assert!(matches!(poll_once(refused.as_mut()), Poll::Ready(Err(RunError::Start(StartError::Option(_))))));
}

#[wasm_bindgen_test(unsupported = test)]
fn run_until_closes_without_a_limit_when_it_is_told_to_stop() {
    let ex = executor();
    let sleeper = ex.clone();
    let job = move || {
        let sleeper = sleeper.clone();
        async move |_cx| sleeper.sleep(100 * SECOND).await
    };
    let mut run = pin!(Workers::builder(&ex).initial(2).run_until(ex.sleep(SECOND), job));
    assert!(poll_once(run.as_mut()).is_pending());
    ex.advance(SECOND).unwrap();
    assert!(poll_once(run.as_mut()).is_pending(), "both still run");
    ex.advance(99 * SECOND).unwrap();
    let Poll::Ready(Ok(report)) = poll_once(run.as_mut()) else { panic!("over") };
    assert_eq!((report.succeeded, report.started), (2, 2));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_that_is_dropped_cancels_its_workers() {
    let (ex, cancelled) = (executor(), Rc::new(Cell::new(0)));
    let count = cancelled.clone();
    let mut run = Box::pin(Workers::builder(&ex).initial(2).run(move || {
        let count = count.clone();
        async move |cx| {
            cx.cancelled().await;
            count.set(count.get() + 1);
        }
    }));
    assert!(poll_once(run.as_mut()).is_pending());
    ex.run_until_idle();
    drop(run);
    ex.run_until_idle();
    assert_eq!(cancelled.get(), 2);
}

#[wasm_bindgen_test(unsupported = test)]
fn every_run_knows_that_all_are_stopped_before_anyone_begins_again() {
    let (ex, seen) = (executor(), Recorder::new());
    let (record, bad) = (seen.clone(), Later::new());
    let trigger = bad.clone();
    bad.set(());
    let workers = Workers::builder(&ex).initial(3).stop_on_error(true).start(move || {
        let (record, trigger) = (record.clone(), trigger.clone());
        async move |cx| {
            record.note((cx.worker(), cx.run()));
            trigger.take().map_or(Ok(()), |()| Err("the very first run"))
        }
    });
    let workers = workers.unwrap();
    ticks(&ex, 100);
    assert_eq!((seen.take(), workers.stats().started), (vec![(0, 0)], 1));
}
