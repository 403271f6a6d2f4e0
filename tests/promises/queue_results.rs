//! Promises of a job queue's streams: each result with its job, in the order of the ends; and nobody waits for a reader.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::StreamExt;
use millpond::{JobQueue, LocalExecutor};
use wasm_bindgen_test::wasm_bindgen_test;

use super::queue_kit::{Fate, Mill, adds_up, fate, order, read};
use super::support::{Drops, Recorder, WakeCount, poll_once, waker_calling};

/// A queue whose jobs end at once: with themselves if even, with an error if odd.
fn quick(workers: u32, results: usize) -> (LocalExecutor, JobQueue<u32, u32, u32>) {
    let ex = LocalExecutor::new();
    let builder = JobQueue::builder(&ex).workers(workers).capacity(1_000_000).results_capacity(results);
    let queue = builder.build(|_| async |job: u32| if job.is_multiple_of(2) { Ok(job) } else { Err(job) }).unwrap();
    (ex, queue)
}

#[wasm_bindgen_test(unsupported = test)]
fn results_come_with_their_jobs_in_the_order_in_which_they_end() {
    let mill = Mill::new(|builder| builder.workers(3));
    let mut results = mill.queue.results();
    let mut tells: Vec<_> = mill.submit(0..3).into_iter().map(Some).collect();
    assert_eq!(read(&mut results).0.len(), 0);
    for (job, result) in [(2, Ok(20)), (0, Err("broken")), (1, Ok(10))] {
        tells[job].take().unwrap().send(result).unwrap();
        mill.ex.run_until_idle();
    }
    let (read, over) = read(&mut results);
    let fates: Vec<(u64, Fate<_, _>)> = read.into_iter().map(|(job, result)| (job, result.into())).collect();
    assert_eq!((fates, over), (vec![(2, Fate::Done(20)), (0, Fate::Failed("broken")), (1, Fate::Done(10))], false));
}

#[wasm_bindgen_test(unsupported = test)]
fn unread_results_never_block_the_jobs_or_the_close_and_their_number_is_bounded() {
    let (ex, queue) = quick(2, 10);
    let (mut results, mut errors) = (queue.results(), queue.errors());
    for job in 0..1000 {
        queue.try_submit(job).unwrap();
    }
    let report = ex.block_on(queue.close());
    assert_eq!(report.drained, 1000);
    let stats = adds_up(&queue);
    assert_eq!((stats.succeeded, stats.failed, stats.unread, stats.missed), (500, 500, 20, 980));
    let (even, over) = read(&mut results);
    assert!(over, "the stream ends with the queue");
    assert_eq!(even.into_iter().map(|(job, _)| job).collect::<Vec<_>>(), (980..1000).step_by(2).collect::<Vec<_>>(), "the newest");
    assert_eq!(read(&mut errors).0.len(), 10);
    assert_eq!(queue.stats().unread, 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_nobody_reads_is_not_kept() {
    let ex = LocalExecutor::new();
    let drops = Drops::default();
    let maker = drops.clone();
    let queue = JobQueue::builder(&ex).capacity(100).build(move |_| {
        let maker = maker.clone();
        async move |(): ()| Ok::<_, ()>(maker.guard())
    });
    let queue = queue.unwrap();
    let submit = |count| (0..count).for_each(|_| assert!(queue.try_submit(()).is_ok()));
    submit(5);
    ex.run_until_idle();
    assert_eq!((drops.count(), queue.stats().unread), (5, 0));
    let (reader, other) = (queue.results(), queue.results());
    submit(5);
    ex.run_until_idle();
    assert_eq!((drops.count(), queue.stats().unread), (5, 5));
    drop(reader);
    assert_eq!(drops.count(), 5, "there is another reader");
    drop(other);
    assert_eq!((drops.count(), queue.stats().unread, queue.stats().missed), (10, 0, 0));
    submit(1);
    let late = queue.results();
    ex.run_until_idle();
    assert_eq!((drops.count(), queue.stats().unread), (11, 0), "it was submitted before");
    drop(late);
}

#[wasm_bindgen_test(unsupported = test)]
fn errors_go_to_the_stream_of_errors_while_there_is_one() {
    let (ex, queue) = quick(1, 100);
    let mut results = queue.results();
    let mut errors = queue.errors();
    (0..4).for_each(|job| assert!(queue.try_submit(job).is_ok()));
    ex.run_until_idle();
    assert_eq!(read(&mut results).0.into_iter().map(|(job, _)| job).collect::<Vec<_>>(), [0, 2]);
    let wrong: Vec<_> = read(&mut errors).0.into_iter().map(|(job, error)| (job, Fate::<(), u32>::from(Err(error)))).collect();
    assert_eq!(wrong, [(1, Fate::Failed(1)), (3, Fate::Failed(3))]);
    drop(errors);
    (4..6).for_each(|job| assert!(queue.try_submit(job).is_ok()));
    ex.run_until_idle();
    assert_eq!(read(&mut results).0.into_iter().map(|(job, _)| job).collect::<Vec<_>>(), [4, 5]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_has_its_result_for_itself() {
    let mill = Mill::new(|builder| builder.workers(1));
    let mut results = mill.queue.results();
    let (tell, job) = order(1);
    let mut run = mill.queue.run(job);
    assert_eq!(fate(&mut run), None);
    mill.ex.run_until_idle();
    tell.send(Err("its own")).unwrap();
    mill.ex.run_until_idle();
    assert_eq!(fate(&mut run), Some(Fate::Failed("its own")));
    assert_eq!((read(&mut results).0.len(), adds_up(&mill.queue).failed), (0, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn jobs_that_are_cancelled_are_told_of_too() {
    let mill = Mill::new(|builder| builder.workers(1));
    let mut results = mill.queue.results();
    let _never = mill.submit([0, 1]);
    let mut close = mill.queue.close().within(std::time::Duration::ZERO);
    assert!(poll_once(Pin::new(&mut close)).is_ready());
    let (read, over) = read(&mut results);
    let fates: Vec<(u64, Fate<_, _>)> = read.into_iter().map(|(job, result)| (job, result.into())).collect();
    assert_eq!((fates, over), (vec![(1, Fate::Cancelled), (0, Fate::Cancelled)], true));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_reader_is_woken_for_what_comes_and_for_the_end() {
    let mill = Mill::new(|builder| builder.workers(2));
    let mut results = mill.queue.results();
    let (wakes, waker) = WakeCount::new();
    let mut next = |expected: Option<Option<u64>>| {
        let polled = Pin::new(&mut results).poll_next_unpin(&mut Context::from_waker(&waker));
        let number = match polled {
            Poll::Ready(item) => Some(item.map(|(job, _)| job.get())),
            Poll::Pending => None,
        };
        assert_eq!(number, expected);
    };
    next(None);
    let tells = mill.submit([0, 1]);
    let _woken_for_nothing = wakes.take();
    mill.finish(tells);
    assert!(wakes.take() > 0);
    next(Some(Some(0)));
    next(Some(Some(1)));
    next(None);
    let _woken_for_nothing = wakes.take();
    drop(mill.queue);
    assert!(wakes.take() > 0);
    next(Some(None));
    next(Some(None));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_stream_ends_when_the_executor_goes_after_telling_of_every_job() {
    let mill = Mill::new(|builder| builder.workers(1).capacity(5));
    let mut results = mill.queue.results();
    let _never = mill.submit(0..3);
    drop(mill.ex);
    let (read, over) = read(&mut results);
    assert!(read.into_iter().all(|(_, result)| Fate::from(result) == Fate::<u32, &str>::Closed));
    assert!(over);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_reader_that_looks_the_moment_it_is_woken_does_not_take_the_last_job_for_the_end() {
    let mill = Mill::new(|builder| builder.workers(1));
    let results = Rc::new(RefCell::new(mill.queue.results()));
    let (seen, stream) = (Recorder::new(), Rc::clone(&results));
    let looks = seen.clone();
    let waker = waker_calling(move || {
        let (read, over) = read(&mut *stream.borrow_mut());
        looks.note((read.len(), over));
    });
    let tells = mill.submit([0]);
    drop(mill.queue.close());
    assert!(results.borrow_mut().poll_next_unpin(&mut Context::from_waker(&waker)).is_pending());
    mill.finish(tells);
    let seen = seen.take();
    assert_eq!(seen.iter().map(|(read, _)| read).sum::<usize>(), 1, "{seen:?}");
    assert!(seen.iter().position(|(_, over)| *over) >= seen.iter().position(|(read, _)| *read == 1), "{seen:?}");
}
