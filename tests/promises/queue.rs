//! Promises of a job queue: backpressure that is real, first come first started, a handler for each worker and never for two, and an end
//! that waits for all.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use millpond::{Closed, Concurrency, JobQueue, LocalExecutor, TrySubmitError};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Later, SECOND, TICK};
use super::queue_kit::{Fate, Mill, adds_up, fate, order};
use super::support::{give_way, poll_once};

#[wasm_bindgen_test(unsupported = test)]
fn of_five_thousand_jobs_for_a_buffer_of_one_two_are_accepted_and_nobody_holds_the_rest() {
    let mill = Mill::new(|builder| builder.workers(1).capacity(1));
    let (mut tells, mut accepted, mut handed_back) = (Vec::new(), 0, 0);
    for number in 0..5000 {
        let (tell, order) = order(number);
        tells.push(tell);
        match mill.queue.try_submit(order) {
            Ok(_) => accepted += 1,
            Err(error) => {
                assert!(error.is_full());
                assert_eq!(error.into_inner().number, number);
                handed_back += 1;
            }
        }
        mill.ex.run_until_idle();
    }
    assert_eq!((accepted, handed_back), (2, 4998));
    let stats = adds_up(&mill.queue);
    assert_eq!((stats.running, stats.waiting, stats.rejected), (1, 1, 4998));
}

#[wasm_bindgen_test(unsupported = test)]
fn producers_wait_for_room_and_are_served_in_the_order_in_which_they_came() {
    let mill = Mill::new(|builder| builder.workers(1).capacity(1));
    let (tells, producers): (Vec<_>, Vec<_>) = (0..5000)
        .map(|number| {
            let (tell, order) = order(number);
            let queue = mill.queue.clone();
            (tell, mill.ex.spawn(async move { queue.submit(order).await.map(|job| job.get()) }))
        })
        .unzip();
    mill.ex.run_until_idle();
    let stats = adds_up(&mill.queue);
    assert_eq!((stats.submitted, stats.running, stats.waiting), (2, 1, 1), "the others are producers still");
    mill.finish(tells);
    assert_eq!(mill.begun(), (0..5000).collect::<Vec<_>>());
    for (number, mut producer) in (0..).zip(producers) {
        let job = poll_once(Pin::new(&mut producer)).map(|ended| ended.unwrap().ok());
        assert_eq!(job, Poll::Ready(Some(number)));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn without_a_buffer_a_job_is_handed_to_a_worker_or_not_taken() {
    let mill = Mill::new(|builder| builder.workers(1).capacity(0));
    let mut tells = mill.submit([0]);
    assert!(mill.queue.try_submit(order(1).1).is_err_and(|error| error.is_full()));
    let (_tell, second) = order(2);
    let mut submit = mill.queue.submit(second);
    assert!(poll_once(Pin::new(&mut submit)).is_pending());
    mill.finish(tells.pop());
    assert!(poll_once(Pin::new(&mut submit)).is_ready());
    assert_eq!((mill.queue.stats().running, mill.queue.stats().waiting), (1, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn with_one_worker_jobs_start_and_end_first_come_first_served() {
    let mill = Mill::new(|builder| builder.workers(1).capacity(100));
    let tells = mill.submit(0..100);
    assert_eq!(mill.begun(), [0]);
    // They could end in any order, but for the order of the queue.
    mill.finish(tells.into_iter().rev());
    assert_eq!(mill.begun(), (1..100).collect::<Vec<_>>());
    assert_eq!(mill.running.most(), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn with_many_workers_jobs_start_in_the_order_of_submission() {
    let mill = Mill::new(|builder| builder.workers(4).capacity(100));
    let tells = mill.submit(0..50);
    mill.finish(tells.into_iter().rev());
    assert_eq!(mill.begun(), (0..50).collect::<Vec<_>>());
    assert_eq!(mill.running.most(), 4);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_worker_that_is_quick_does_not_begin_the_next_job_before_others_begin_theirs() {
    let mill = Mill::new(|builder| builder.workers(4).capacity(100));
    for number in 0..20 {
        let (tell, order) = order(number);
        // It ends the moment it begins.
        tell.send(Ok(number)).unwrap();
        mill.queue.try_submit(order).unwrap();
    }
    mill.ex.run_until_idle();
    assert_eq!(mill.begun(), (0..20).collect::<Vec<_>>());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_handler_is_built_when_its_worker_first_has_a_job_and_kept() {
    let mill = Mill::new(|builder| builder.workers(3).capacity(100));
    mill.ex.run_until_idle();
    assert_eq!((mill.built.take(), mill.queue.stats().handlers), (vec![], 0), "no job, no handler");
    let one = mill.submit([0]);
    mill.finish(one);
    let one = mill.submit([1]);
    mill.finish(one);
    assert_eq!(mill.built.take(), [0], "one at a time is one worker's work");
    let three = mill.submit([2, 3, 4, 5]);
    assert_eq!(mill.built.take(), [1, 2]);
    assert_eq!(mill.started.take(), [(0, 0, 1), (0, 1, 2), (0, 2, 3), (1, 3, 1), (2, 4, 1)], "each counts for itself");
    mill.finish(three);
    assert_eq!((mill.dropped.count(), mill.queue.stats().handlers), (0, 3));
    drop(mill.queue);
    assert_eq!(mill.dropped.count(), 3);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_handler_is_never_shared_by_two_jobs() {
    let ex = LocalExecutor::new();
    let shared = Rc::new(Cell::new(false));
    let seen = Rc::clone(&shared);
    let queue = JobQueue::builder(&ex)
        .workers(1..=7)
        .capacity(1000)
        .build(move |_| {
            let (seen, busy) = (Rc::clone(&seen), Rc::new(Cell::new(false)));
            // This one lends nothing of its own to its futures, so nothing but the queue keeps two of them apart.
            move |turns: u32| {
                let (seen, busy) = (Rc::clone(&seen), Rc::clone(&busy));
                async move {
                    seen.set(seen.get() | busy.replace(true));
                    for _ in 0..turns {
                        give_way().await;
                    }
                    busy.set(false);
                    Ok::<(), ()>(())
                }
            }
        })
        .unwrap();
    for job in 0..500 {
        queue.try_submit(job * 7919 % 13).unwrap();
        if job % 3 == 0 {
            ex.try_tick();
        }
    }
    ex.run_until_idle();
    assert_eq!((shared.get(), adds_up(&queue).succeeded, queue.stats().handlers), (false, 500, 7));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_cancelled_job_takes_its_handler_with_it_and_the_worker_gets_a_new_one() {
    let mill = Mill::new(|builder| builder.workers(2).capacity(10));
    let (_never, stuck) = order(0);
    let mut run = mill.queue.run(stuck);
    assert_eq!(fate(&mut run), None);
    let other = mill.submit([1]);
    drop(run);
    assert_eq!((mill.dropped.count(), mill.running.now(), mill.queue.stats().handlers), (1, 1, 1));
    let more = mill.submit([2]);
    assert_eq!(mill.built.take(), [0, 1, 0]);
    assert_eq!(mill.started.take(), [(0, 0, 1), (1, 1, 1), (0, 2, 1)], "with a state of its own");
    mill.finish(other.into_iter().chain(more));
    assert_eq!(adds_up(&mill.queue).cancelled, 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_close_waits_for_all_eight_that_still_run() {
    let mill = Mill::new(|builder| builder.workers(8).capacity(8));
    let mut tells = mill.submit(0..12);
    let mut close = mill.queue.close();
    assert!(mill.queue.is_closed());
    assert!(matches!(mill.queue.try_submit(order(99).1), Err(TrySubmitError::Closed(order)) if order.number == 99));
    let handed_back = poll_once(Pin::new(&mut mill.queue.submit(order(98).1)));
    assert!(matches!(handed_back, Poll::Ready(Err(Closed(order))) if order.number == 98));
    assert_eq!(fate(&mut mill.queue.run(order(97).1)), Some(Fate::Closed));
    while let Some(tell) = tells.pop() {
        assert!(poll_once(Pin::new(&mut close)).is_pending(), "{} still run", mill.running.now());
        assert_eq!(mill.running.now(), (tells.len() + 1).min(8));
        mill.finish([tell]);
        // The last in line end at once when it is their turn.
        tells.retain(|tell| !tell.is_canceled());
    }
    let Poll::Ready(report) = poll_once(Pin::new(&mut close)) else { panic!("all have ended") };
    assert_eq!((report.drained, report.cancelled_waiting, report.cancelled_running), (12, 0, 0));
    assert_eq!((mill.dropped.count(), mill.queue.stats().handlers), (8, 0), "and all handlers are gone");
    let again = poll_once(Pin::new(&mut mill.queue.close()));
    assert!(matches!(again, Poll::Ready(report) if report.drained == 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_close_cancels_what_it_is_told_to_and_every_producer_gets_its_job_back() {
    let mill = Mill::new(|builder| builder.workers(1).capacity(1));
    let _never = mill.submit([0, 1]);
    let mut producer = mill.queue.submit(order(2).1);
    let mut runner = mill.queue.run(order(3).1);
    assert!(poll_once(Pin::new(&mut producer)).is_pending());
    assert_eq!(fate(&mut runner), None);
    let mut close = mill.queue.close().cancel_waiting().within(SECOND);
    assert!(poll_once(Pin::new(&mut close)).is_pending());
    assert!(matches!(poll_once(Pin::new(&mut producer)), Poll::Ready(Err(Closed(order))) if order.number == 2));
    assert_eq!(fate(&mut runner), Some(Fate::Closed));
    mill.advance(SECOND - TICK);
    assert!(poll_once(Pin::new(&mut close)).is_pending());
    mill.advance(TICK);
    let Poll::Ready(report) = poll_once(Pin::new(&mut close)) else { panic!("its time is over") };
    assert_eq!((report.drained, report.cancelled_waiting, report.cancelled_running), (0, 1, 1));
    assert_eq!((adds_up(&mill.queue).cancelled, mill.dropped.count()), (2, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn dropping_the_queue_closes_it_and_drains_what_it_accepted() {
    let mill = Mill::new(|builder| builder.workers(1).capacity(5));
    let tells = mill.submit(0..3);
    let (_tell, last) = order(3);
    let mut run = mill.queue.run(last);
    assert_eq!(fate(&mut run), None);
    drop(mill.queue);
    for tell in tells {
        tell.send(Ok(0)).unwrap();
        mill.ex.run_until_idle();
    }
    assert_eq!(mill.started.take().len(), 4);
    drop(run);
    assert_eq!((mill.dropped.count(), mill.running.now()), (1, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn dropping_the_executor_settles_every_job() {
    let mill = Mill::new(|builder| builder.workers(1..=2).capacity(1));
    let mut runs: Vec<_> = (0..3).map(|number| mill.queue.run(order(number).1)).collect();
    runs.iter_mut().for_each(|run| assert_eq!(fate(run), None));
    let mut producer = mill.queue.submit(order(9).1);
    assert!(poll_once(Pin::new(&mut producer)).is_pending());
    mill.ex.run_until_idle();
    drop(mill.ex);
    runs.iter_mut().for_each(|run| assert_eq!(fate(run), Some(Fate::Closed)));
    assert!(matches!(poll_once(Pin::new(&mut producer)), Poll::Ready(Err(Closed(order))) if order.number == 9));
    assert!(mill.queue.try_submit(order(9).1).is_err_and(|error| !error.is_full()));
    assert_eq!((mill.running.now(), mill.dropped.count()), (0, 2), "handlers go with their jobs");
    assert!(matches!(poll_once(Pin::new(&mut mill.queue.close())), Poll::Ready(_)));
    adds_up(&mill.queue);
}

#[wasm_bindgen_test(unsupported = test)]
fn handlers_submit_to_their_own_queue_and_generators_run_the_executor() {
    let ex = LocalExecutor::new();
    let myself: Later<JobQueue<u32, u32, ()>> = Later::new();
    let (inner, ex_inside) = (myself.clone(), ex.clone());
    let queue = JobQueue::builder(&ex)
        .workers(2)
        .capacity(10)
        .build(move |_| {
            // Another job may start inside: it waits until the generator is back.
            ex_inside.run_until_idle();
            let inner = inner.clone();
            async move |job: u32| {
                if let Some(queue) = inner.take() {
                    queue.try_submit(job + 1).map_err(|_| ())?;
                    drop(queue.close());
                }
                Ok(job)
            }
        })
        .unwrap();
    myself.set(queue.clone());
    let (mut one, mut two) = (queue.run(1), queue.run(2));
    assert_eq!((fate(&mut one), fate(&mut two)), (None, None));
    ex.run_until_idle();
    assert_eq!((fate(&mut one), fate(&mut two)), (Some(Fate::Done(1)), Some(Fate::Done(2))));
    assert_eq!((queue.is_closed(), adds_up(&queue).succeeded), (true, 3));
}

#[wasm_bindgen_test(unsupported = test)]
fn options_that_mean_nothing_are_refused() {
    let ex = LocalExecutor::new();
    let build = |workers: RangeInclusive<u32>, results: usize| {
        JobQueue::builder(&ex).workers(workers).results_capacity(results).build(|_| async |_: ()| Ok::<(), ()>(())).map(drop)
    };
    for (min, max) in [(0, 3), (3, 2), (1, u32::MAX)] {
        assert_eq!(build(RangeInclusive::new(min, max), 1).unwrap_err().option(), "workers");
    }
    assert_eq!(build(1..=1, 0).unwrap_err().to_string(), "results_capacity: 0 is refused, use 1 or more");
    assert_eq!(build(1..=1, 1), Ok(()));
    let queue = JobQueue::builder(&ex).workers(0).build(|_| async |_: ()| Ok::<(), ()>(()));
    assert_eq!(queue.unwrap_err().option(), "workers");
}

#[wasm_bindgen_test(unsupported = test)]
fn building_does_nothing_yet_and_the_line_is_as_long_as_there_may_be_workers() {
    let mill = Mill::new(|builder| builder.workers(2..=3));
    assert!(!mill.ex.try_tick());
    assert_eq!((mill.ex.next_deadline(), mill.queue.stats().workers), (None, Concurrency::AtMost(2)));
    let _tells = mill.submit(0..6);
    assert!(mill.queue.try_submit(order(6).1).is_err());
    assert_eq!((mill.queue.stats().running, mill.queue.stats().waiting), (3, 3));
    assert!(format!("{:?}", mill.queue).contains("running: 3"));
}

#[wasm_bindgen_test(unsupported = test)]
fn futures_and_streams_can_be_moved_between_polls_and_printed() {
    fn moves_and_prints<T: Unpin + Debug>(value: T) -> String {
        format!("{value:?}")
    }
    let mill = Mill::new(|builder| builder.workers(1));
    assert!(moves_and_prints(mill.queue.submit(order(0).1)).contains("SubmitJob"));
    assert!(moves_and_prints(mill.queue.run(order(0).1)).contains("RunJob"));
    assert_eq!(moves_and_prints((mill.queue.results(), mill.queue.errors())), "(Results { .. }, Errors { .. })");
    assert!(moves_and_prints(JobQueue::builder(&mill.ex)).contains("workers"));
    let job = mill.queue.try_submit(order(0).1).unwrap();
    assert_eq!((moves_and_prints(job), job.to_string()), ("JobId(0)".to_owned(), "0".to_owned()));
}
