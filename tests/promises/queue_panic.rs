//! Promise 8 of a job queue, panics: the job is told, others go on, and a handler whose state may be broken is not used again.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::panic::panic_any;
use std::rc::Rc;

use millpond::{JobQueue, LocalExecutor, ManualClock};

use super::kit::SECOND;
use super::queue_kit::{Fate, adds_up, fate, read};
use super::support::{give_way, on_drop};

type Queue = JobQueue<&'static str, u32, ()>;

/// Counts its jobs; panics when it is told to.
async fn job(count: &mut u32, job: &str) -> Result<u32, ()> {
    *count += 1;
    give_way().await;
    if job == "panic" {
        panic_any("told to");
    }
    Ok(*count)
}

fn queue(ex: &LocalExecutor, mut generator: impl FnMut(usize) + 'static) -> Queue {
    let builder = JobQueue::builder(ex).workers(1).capacity(10);
    builder
        .build(move |worker| {
            generator(worker);
            let mut count = 0;
            async move |text: &'static str| job(&mut count, text).await
        })
        .unwrap()
}

#[test]
fn a_handler_that_panics_ends_its_job_alone_and_its_worker_gets_a_new_one() {
    let ex = LocalExecutor::new();
    let built = Rc::new(Cell::new(0));
    let seen = Rc::clone(&built);
    let queue = queue(&ex, move |_| seen.set(seen.get() + 1));
    let mut runs: Vec<_> = ["", "", "panic", "", ""].map(|text| queue.run(text)).into_iter().collect();
    runs.iter_mut().for_each(|run| assert_eq!(fate(run), None));
    ex.run_until_idle();
    let fates: Vec<_> = runs.iter_mut().map(|run| fate(run).unwrap()).collect();
    assert_eq!(fates, [Fate::Done(1), Fate::Done(2), Fate::Panicked, Fate::Done(1), Fate::Done(2)], "the count began anew");
    assert_eq!((built.get(), adds_up(&queue).panicked), (2, 1));
}

#[test]
fn a_generator_that_panics_fails_that_job_only_and_nothing_hangs() {
    let ex = LocalExecutor::new();
    let calls = Rc::new(Cell::new(0));
    let seen = Rc::clone(&calls);
    let queue = queue(&ex, move |_| {
        seen.set(seen.get() + 1);
        assert!(seen.get() != 1, "not yet");
    });
    let mut results = queue.results();
    for _ in 0..3 {
        queue.try_submit("").unwrap();
    }
    let report = ex.block_on(queue.close());
    assert_eq!((report.drained, calls.get()), (3, 2));
    let fates: Vec<_> = read(&mut results).0.into_iter().map(|(job, result)| (job, Fate::from(result))).collect();
    assert_eq!(fates, [(0, Fate::Panicked), (1, Fate::Done(1)), (2, Fate::Done(2))]);
    assert_eq!(adds_up(&queue).handlers, 0);
}

#[test]
fn a_handler_that_panics_when_it_is_dropped_harms_nobody() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let queue = JobQueue::builder(&ex)
        .workers(1..=2)
        .idle(SECOND)
        .build(|_| {
            let guard = on_drop(|| panic_any("not me"));
            async move |(): ()| {
                let _kept = &guard;
                give_way().await;
                Ok::<(), ()>(())
            }
        })
        .unwrap();
    for _ in 0..2 {
        queue.try_submit(()).unwrap();
    }
    ex.run_until_idle();
    ex.advance(SECOND).unwrap();
    assert_eq!(queue.stats().handlers, 1, "one has gone");
    let last = queue.run(());
    drop(queue.close());
    assert_eq!(ex.block_on(last).ok(), None, "it was not submitted yet");
    assert_eq!((adds_up(&queue).succeeded, queue.stats().handlers), (2, 0));
}

#[test]
fn a_result_that_nobody_reads_and_that_panics_when_it_is_dropped_is_a_success() {
    let ex = LocalExecutor::new();
    let queue = JobQueue::builder(&ex).workers(1).build(|_| async |(): ()| Ok::<_, ()>(on_drop(|| panic_any("unread")))).unwrap();
    queue.try_submit(()).unwrap();
    ex.run_until_idle();
    let stats = adds_up(&queue);
    assert_eq!((stats.succeeded, stats.panicked), (1, 0));
}
