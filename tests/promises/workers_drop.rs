//! Workers, going: the last handle, the executor, in any order; whoever waits is told, and nothing is left.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::pin::Pin;

use millpond::Workers;
use millpond::workers::{MoreError, Pause, WorkerContext};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::SECOND;
use super::support::{Drops, WakeCount, poll};
use super::workers_kit::{Stubborn, ending, executor, is_over};

#[wasm_bindgen_test(unsupported = test)]
fn the_last_handle_cancels_and_what_runs_comes_to_its_end() {
    let (ex, job) = (executor(), Stubborn::default());
    let workers = job.start(Workers::builder(&ex));
    let other = workers.clone();
    ex.run_until_idle();
    drop(workers);
    job.let_go(0);
    ex.run_until_idle();
    assert_eq!(job.running(), [0], "another handle keeps them");
    drop(other);
    ex.run_until_idle();
    assert_eq!(job.running(), [0], "it is not cut short");
    job.let_go(0);
    assert!(ex.run_until_idle() > 0);
    assert_eq!((job.running(), ex.run_until_idle()), (vec![], 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn an_executor_that_goes_ends_all_and_tells_who_waits() {
    let (ex, drops) = (executor(), Drops::default());
    let counted = drops.clone();
    let builder = Workers::builder(&ex).initial(3).layer(Pause::between(SECOND));
    let started = builder.start(move || {
        let (counted, own) = (counted.clone(), counted.guard());
        async move |cx| {
            let (_own, _guard) = (&own, counted.guard());
            if cx.worker() > 0 {
                pending::<()>().await;
            }
        }
    });
    let workers = started.unwrap();
    ex.run_until_idle();
    let (wakes, waker) = WakeCount::new();
    let (mut ended, mut close) = (workers.ended(), workers.ended().within(SECOND));
    assert!(poll(Pin::new(&mut ended), &waker).is_pending() && poll(Pin::new(&mut close), &waker).is_pending());
    drop(ex);
    assert_eq!((wakes.take(), drops.count()), (2, 3 + 3), "three jobs, and a run of each");
    assert_eq!(ending(&mut ended).unwrap().unwrap().cancelled, 2);
    assert!(ending(&mut close).unwrap().is_ok() && is_over(&workers));
    assert!(matches!(workers.more(), Err(MoreError::Closed)) && workers.is_closed() && workers.current() == 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_the_builder_holds_is_let_go_of_at_the_end() {
    let (ex, drops) = (executor(), Drops::default());
    let (guard, layer) = (drops.guard(), drops.guard());
    let layered = Workers::builder(&ex).layer(move |job| {
        let _layer = &layer;
        job
    });
    let started = layered.start(move || {
        let _guard = &guard;
        async |cx| cx.cancelled().await
    });
    let workers = started.unwrap();
    ex.run_until_idle();
    drop(workers.close());
    ex.run_until_idle();
    assert_eq!((drops.count(), is_over(&workers)), (2, true), "although a handle is left");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_context_that_outlives_everything_does_no_harm() {
    let ex = executor();
    let kept = super::kit::Later::new();
    let keep = kept.clone();
    let workers = Workers::builder(&ex).start(move || {
        let keep = keep.clone();
        async move |cx| {
            keep.set(cx.clone());
            cx.cancelled().await;
        }
    });
    ex.run_until_idle();
    drop((workers, ex));
    let cx: WorkerContext = kept.take().unwrap();
    assert!(cx.is_cancelled() && cx.now().is_zero());
    let mut slept = std::pin::pin!(cx.sleep(SECOND));
    assert!(super::support::poll_once(slept.as_mut()).is_ready(), "cancelled");
}

#[wasm_bindgen_test(unsupported = test)]
fn workers_do_not_keep_their_executor() {
    let (ex, drops) = (executor(), Drops::default());
    let guard = drops.guard();
    ex.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let workers = Workers::builder(&ex).start(|| async |cx| cx.cancelled().await).unwrap();
    ex.run_until_idle();
    drop(ex);
    assert_eq!((drops.count(), is_over(&workers)), (1, true));
}
