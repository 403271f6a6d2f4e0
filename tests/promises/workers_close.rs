//! Workers, closing: cancelled from the call on, awaited as often as one likes, and no poll is spent on waiting.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::pin::Pin;

use millpond::Workers;
use millpond::workers::EndError;
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Later, SECOND, TICK};
use super::support::{Drops, WakeCount, poll};
use super::workers_kit::{Stubborn, adds_up, ending, executor, ticks};

#[wasm_bindgen_test(unsupported = test)]
fn close_can_be_awaited_again_after_its_time_was_over() {
    let (ex, job) = (executor(), Stubborn::default());
    let workers = job.start(Workers::builder(&ex).initial(2));
    ex.run_until_idle();
    let mut close = workers.close().within(SECOND);
    assert!(ending(&mut close).is_none());
    ex.advance(SECOND - TICK).unwrap();
    assert!(ending(&mut close).is_none());
    job.let_go(0);
    ex.advance(TICK).unwrap();
    assert!(matches!(ending(&mut close), Some(Err(EndError::TimedOut { running: 1 }))));
    assert!(ending(&mut close).is_none(), "the same future waits on");
    let mut again = workers.close();
    let mut third = workers.close().within(SECOND);
    assert!(ending(&mut again).is_none() && ending(&mut third).is_none());
    job.let_go(1);
    ex.run_until_idle();
    for end in [&mut close, &mut again, &mut third, &mut workers.close(), &mut workers.ended()] {
        assert_eq!(ending(end).unwrap().unwrap().succeeded, 2);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_late_close_still_tells_the_first_error() {
    let (ex, job) = (executor(), Stubborn::default());
    let wait = job.clone();
    let workers = Workers::builder(&ex).stop_on_error(true).start(move || {
        let wait = wait.clone();
        async move |cx| {
            wait.clone().run(cx).await;
            Err::<(), _>("too late")
        }
    });
    let workers = workers.unwrap();
    ex.run_until_idle();
    let mut close = workers.close().within(SECOND);
    assert!(ending(&mut close).is_none());
    ex.advance(SECOND).unwrap();
    assert!(matches!(ending(&mut close), Some(Err(EndError::TimedOut { .. }))));
    job.let_go(0);
    ex.run_until_idle();
    for end in [&mut close, &mut workers.close()] {
        let Some(Err(EndError::Tripped(trip))) = ending(end) else { panic!("it failed") };
        assert_eq!((trip.worker(), trip.run(), trip.report().failed), (0, 0, 1));
        assert_eq!(trip.to_string(), "run 0 of worker 0 stopped all workers: the run failed: too late");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn closing_workers_poll_nothing_while_a_run_hangs() {
    let (ex, job) = (executor(), Stubborn::default());
    let workers = job.start(Workers::builder(&ex).initial(3));
    ex.run_until_idle();
    let (wakes, waker) = WakeCount::new();
    let mut close = workers.close();
    assert!(poll(Pin::new(&mut close), &waker).is_pending());
    assert!(ticks(&ex, 100) <= 3, "each is told once");
    assert_eq!(ticks(&ex, 100), 0, "polls of those that go on");
    assert_eq!(ex.advance(3600 * SECOND).unwrap(), 0, "polls in an hour");
    job.let_go(1);
    assert!(ex.advance(3600 * SECOND).unwrap() <= 2, "polls for the end of a run");
    assert_eq!((wakes.take(), ex.next_deadline()), (0, None));
    [0, 2].into_iter().for_each(|worker| job.let_go(worker));
    ex.run_until_idle();
    assert_eq!((wakes.take(), ending(&mut close).unwrap().unwrap().succeeded), (1, 3));
}

#[wasm_bindgen_test(unsupported = test)]
fn close_cancels_all_from_the_call_on() {
    let ex = executor();
    let workers = Workers::builder(&ex).initial(3).start(|| async |cx| cx.cancelled().await).unwrap();
    ex.run_until_idle();
    assert!(!workers.is_closed());
    drop(workers.close());
    assert_eq!((workers.is_closed(), workers.current()), (true, 0));
    ex.run_until_idle();
    let report = ending(&mut workers.close()).unwrap().unwrap();
    assert_eq!((adds_up(report).succeeded, report.started), (3, 3));
}

#[wasm_bindgen_test(unsupported = test)]
fn workers_that_never_ran_close_without_a_run() {
    let (ex, drops) = (executor(), Drops::default());
    let counted = drops.clone();
    let workers = Workers::builder(&ex).initial(3).start(move || {
        let guard = counted.guard();
        async move |_cx| {
            let _guard = &guard;
            pending::<()>().await;
        }
    });
    let workers = workers.unwrap();
    let mut close = workers.close();
    assert!(ending(&mut close).is_none());
    ex.run_until_idle();
    assert_eq!((ending(&mut close).unwrap().unwrap().started, drops.count()), (0, 3));
    let none = Workers::builder(&ex).initial(0).start(|| async |_cx| {}).unwrap();
    assert_eq!(ending(&mut none.close()).unwrap().unwrap().started, 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn ended_waits_without_closing() {
    let (ex, job) = (executor(), Stubborn::default());
    let workers = job.start(Workers::builder(&ex));
    let mut ended = workers.ended();
    ex.run_until_idle();
    assert!(ending(&mut ended).is_none() && !workers.is_closed());
    drop(workers);
    job.let_go(0);
    ex.run_until_idle();
    assert_eq!((job.running(), ending(&mut ended).is_none()), (vec![0], true), "who waits keeps them");
    drop(ended);
    job.let_go(0);
    ex.run_until_idle();
    assert_eq!(job.gauge.now(), 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn abort_drops_every_run_where_it_awaits() {
    let (ex, drops) = (executor(), Drops::default());
    let counted = drops.clone();
    let workers = Workers::builder(&ex).initial(3).start(move || {
        let counted = counted.clone();
        async move |_cx| {
            let _guard = counted.guard();
            pending::<()>().await;
        }
    });
    let workers = workers.unwrap();
    ex.run_until_idle();
    let mut close = workers.close();
    assert!(ending(&mut close).is_none());
    assert_eq!((workers.abort(), drops.count()), (3, 3), "before it returns");
    let report = ending(&mut close).unwrap().unwrap();
    assert_eq!((adds_up(report).cancelled, report.running, workers.abort()), (3, 0, 0));
    assert!(ex.run_until_idle() <= 3 && ex.run_until_idle() == 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_may_close_or_abort_its_own_workers() {
    for abort in [false, true] {
        let (ex, own) = (executor(), Later::<Workers>::new());
        let handle = own.clone();
        let workers = Workers::builder(&ex).initial(2).start(move || {
            let handle = handle.clone();
            async move |cx| {
                if let Some(workers) = handle.take() {
                    if abort {
                        workers.abort();
                    } else {
                        drop(workers.close());
                    }
                }
                cx.cancelled().await;
                super::support::give_way().await;
            }
        });
        let workers = workers.unwrap();
        own.set(workers.clone());
        ex.run_until_idle();
        let report = ending(&mut workers.ended()).unwrap().unwrap();
        // The second worker had not begun.
        assert_eq!((adds_up(report).succeeded, report.cancelled), if abort { (0, 1) } else { (1, 0) });
    }
}
