//! Workers, panics: a panic is an error of its run, or of the call whose builder it is. Native only: on wasm a panic aborts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use millpond::Workers;
use millpond::workers::{CatchPanic, Counter, Elapsed, EndError, Job, MoreError, Retry, StartError, WorkError, WorkerContext};

use super::kit::SECOND;
use super::support::{Drops, on_drop};
use super::workers_kit::{adds_up, ending, executor, is_over, ticks};

#[test]
fn a_worker_whose_job_panics_goes_on_with_its_next_run() {
    let ex = executor();
    let (outer, elapsed) = (Counter::new(), Elapsed::new());
    let builder = Workers::builder(&ex).initial(2).layer(outer.clone()).layer(elapsed.clone());
    let started = builder.start(|| {
        async |cx| match (cx.worker(), cx.run()) {
            (0, 0) => panic!("at once"),
            (0, 1) => {
                cx.sleep(SECOND).await.unwrap();
                panic!("later");
            }
            _ => cx.cancelled().await,
        }
    });
    let workers = started.unwrap();
    ex.advance(SECOND).unwrap();
    for counts in [workers.stats(), outer.snapshot()] {
        assert_eq!((adds_up(counts).panicked, counts.running, counts.started), (2, 2, 4));
    }
    assert_eq!((elapsed.snapshot().runs, elapsed.snapshot().total), (2, SECOND));
    drop(workers.close());
    ex.run_until_idle();
    assert!(is_over(&workers));
}

#[test]
fn a_panic_is_an_error_that_stops_all() {
    let ex = executor();
    let workers = Workers::builder(&ex).initial(2).stop_on_error(true).start(|| {
        async |cx| {
            super::support::give_way().await;
            assert!(cx.worker() > 0, "boom");
            cx.cancelled().await;
        }
    });
    let workers = workers.unwrap();
    ticks(&ex, 100);
    let Some(Err(EndError::Tripped(trip))) = ending(&mut workers.ended()) else { panic!("it panicked") };
    assert!(matches!(**trip.error(), WorkError::Panicked(_)));
    assert_eq!(trip.error().to_string(), "the run panicked: boom");
    assert_eq!((trip.report().panicked, trip.report().succeeded), (1, 1));
}

#[test]
fn a_panicking_builder_is_an_error_for_who_called_and_nothing_is_half_made() {
    let (ex, drops) = (executor(), Drops::default());
    let calls = Rc::new(Cell::new(0));
    let build = |bad: usize| {
        let (calls, drops) = (calls.clone(), drops.clone());
        calls.set(0);
        move || {
            calls.set(calls.get() + 1);
            assert!(calls.get() != bad, "no more jobs");
            let guard = drops.guard();
            async move |cx: WorkerContext| {
                let _guard = &guard;
                cx.cancelled().await;
            }
        }
    };
    let error = Workers::builder(&ex).initial(3).start(build(3)).unwrap_err();
    assert!(matches!(error, StartError::Panicked(_)));
    assert_eq!((error.to_string(), drops.count()), ("the builder of a job panicked: no more jobs".into(), 2));
    assert!(!ex.try_tick(), "no worker was left behind");
    let workers = Workers::builder(&ex).initial(1).max(2).start(build(2)).unwrap();
    assert!(matches!(workers.more(), Err(MoreError::Panicked(_))));
    assert_eq!((workers.current(), workers.more().ok()), (1, Some(1)), "the next call is a new try");
}

#[test]
fn a_panicking_layer_is_an_error_for_who_called() {
    let ex = executor();
    let layer = |_: Job| -> Job { panic!("no layer") };
    let error = Workers::builder(&ex).layer(layer).start(|| async |_cx| {}).unwrap_err();
    assert!(matches!(error, StartError::Panicked(_)));
}

#[test]
fn a_caught_panic_can_be_retried_and_an_uncaught_one_passes_by() {
    let attempts = |caught: bool| {
        let ex = executor();
        // Those between only look.
        let builder = Workers::builder(&ex).layer(Retry::exponential(2).when(|_| true)).layer(Counter::new()).layer(Elapsed::new());
        let builder = if caught { builder.layer(CatchPanic) } else { builder };
        let builder = builder.stop_on_error(true);
        let workers = builder.start(|| async |_cx| -> () { panic!("always") }).unwrap();
        ex.advance(100 * SECOND).unwrap();
        assert!(matches!(ending(&mut workers.ended()), Some(Err(EndError::Tripped(_)))));
        adds_up(workers.stats()).panicked
    };
    assert_eq!((attempts(true), attempts(false)), (3, 1));
}

#[test]
fn a_panic_while_a_run_is_dropped_stays_with_its_worker() {
    let ex = executor();
    let workers = Workers::builder(&ex).initial(2).start(|| {
        async |cx| {
            let worker = cx.worker();
            let _guard = on_drop(move || assert!(worker > 0 || std::thread::panicking(), "in a drop"));
            pending::<()>().await;
        }
    });
    let workers = workers.unwrap();
    ex.run_until_idle();
    assert_eq!(workers.abort(), 2);
    assert_eq!((adds_up(workers.stats()).running, is_over(&workers)), (0, true));
    let gone = executor();
    let workers = Workers::builder(&gone).start(|| {
        async |_cx| {
            let _guard = on_drop(|| assert!(std::thread::panicking(), "in a drop"));
            pending::<()>().await;
        }
    });
    gone.run_until_idle();
    drop(gone);
    assert!(is_over(&workers.unwrap()));
}
