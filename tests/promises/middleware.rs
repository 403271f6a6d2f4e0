//! Middleware: the order of layers, counting that adds up, times that belong together, limits, and a layer of one's own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use millpond::Workers;
use millpond::workers::{Counter, Elapsed, EndError, Job, Layer, Retry, RunTimes, Timeout, WorkError};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Random, SECOND, TICK};
use super::support::{Recorder, give_way};
use super::workers_kit::{Stubborn, adds_up, ending, executor, ticks};

/// Notes a name before and after each run.
fn named(name: &'static str, record: &Recorder<&'static str>) -> impl Layer + use<> {
    let record = record.clone();
    move |mut job: Job| {
        let record = record.clone();
        Job::new(async move |cx| {
            record.note(name);
            let end = job.run(cx).await;
            record.note(name);
            end
        })
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_layer_that_is_added_first_is_outermost() {
    let (ex, record) = (executor(), Recorder::new());
    let mut builder = Workers::builder(&ex);
    for name in ["first", "second", "third"] {
        builder = builder.layer(named(name, &record));
    }
    let inner = record.clone();
    let workers = builder.start(move || {
        let inner = inner.clone();
        async move |_cx| inner.note("job")
    });
    ex.try_tick();
    assert_eq!(record.take(), ["first", "second", "third", "job", "third", "second", "first"]);
    drop(workers);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_layer_is_made_for_each_worker_and_shares_what_it_holds() {
    /// Counts its own runs for each worker, and all together.
    #[derive(Clone, Default)]
    struct Mine(Rc<Cell<u64>>, Recorder2);
    type Recorder2 = Rc<std::cell::RefCell<Vec<(u64, u64)>>>;
    impl Layer for Mine {
        fn wrap(&self, mut job: Job) -> Job {
            let (Self(all, record), mut own) = (self.clone(), 0);
            Job::new(async move |cx| {
                own += 1;
                all.set(all.get() + 1);
                record.borrow_mut().push((cx.worker(), own));
                job.run(cx).await
            })
        }
    }
    let (ex, mine) = (executor(), Mine::default());
    let workers = Workers::builder(&ex).initial(2).layer(mine.clone()).start(|| async |_cx| {}).unwrap();
    assert_eq!(ticks(&ex, 2), 2);
    workers.more().unwrap();
    assert_eq!(ticks(&ex, 3), 3);
    assert_eq!((mine.0.get(), mine.1.take()), (5, vec![(0, 1), (1, 1), (0, 2), (1, 2), (2, 1)]));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_counter_adds_up_and_never_underflows_however_a_run_ends() {
    for seed in 0..20 {
        let (ex, mut random) = (executor(), Random::new(seed));
        let (outer, inner) = (Counter::new(), Counter::new());
        let builder = Workers::builder(&ex).initial(4).layer(outer.clone()).layer(Timeout::after(3 * SECOND)).layer(inner.clone());
        let (seen_outer, seen_inner, inside) = (outer.clone(), inner.clone(), Recorder::new());
        let notes = inside.clone();
        let workers = builder.start(move || {
            let (outer, inner, record) = (seen_outer.clone(), seen_inner.clone(), notes.clone());
            let mut random = Random::new(seed + 100);
            async move |cx| {
                // Noted, because a panic would be caught.
                record.note([inner.snapshot(), outer.snapshot()]);
                match random.below(5) {
                    0 => give_way().await,
                    1 => cx.sleep(SECOND).await?,
                    2 => pending().await,
                    3 => return Err(WorkError::Cancelled),
                    _ => return Err(WorkError::new("bad")),
                }
                Ok(())
            }
        });
        let workers = workers.unwrap();
        for _ in 0..100 {
            match random.below(4) {
                0 => drop(workers.more()),
                1 => drop(workers.less()),
                2 => drop(ex.advance(SECOND / 2)),
                _ => assert!(ticks(&ex, random.below(9)) < 9),
            }
            assert!(inside.take().into_iter().flatten().all(|counts| (1..1_000).contains(&adds_up(counts).running)));
            assert!([outer.snapshot(), inner.snapshot(), workers.stats()].into_iter().all(|counts| adds_up(counts).running < 1_000));
        }
        workers.abort();
        assert_eq!([outer.snapshot(), inner.snapshot(), workers.stats()].map(|counts| adds_up(counts).running), [0, 0, 0]);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_dropped_run_counts_as_cancelled_and_a_limit_as_failed() {
    let (ex, outer, inner) = (executor(), Counter::new(), Counter::new());
    let builder = Workers::builder(&ex).layer(outer.clone()).layer(Timeout::after(SECOND)).layer(inner.clone());
    let workers = builder.start(|| async |_cx| pending::<()>().await).unwrap();
    ex.advance(10 * SECOND).unwrap();
    assert_eq!((adds_up(outer.snapshot()).failed, outer.snapshot().cancelled, outer.snapshot().running), (10, 0, 1));
    assert_eq!((adds_up(inner.snapshot()).failed, inner.snapshot().cancelled, inner.snapshot().running), (0, 10, 1));
    drop(workers);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_average_is_over_the_runs_whose_time_is_in_the_total() {
    let (ex, elapsed) = (executor(), Elapsed::new());
    let job = Stubborn::default();
    let workers = job.start(Workers::builder(&ex).initial(3).layer(elapsed.clone()));
    ex.run_until_idle();
    assert_eq!((elapsed.snapshot(), elapsed.snapshot().average()), (RunTimes::default(), Duration::ZERO));
    for (worker, at) in [(2, 1), (0, 3), (1, 4)] {
        ex.advance(SECOND * at - ex.now()).unwrap();
        job.let_go(worker);
        ex.run_until_idle();
    }
    let times = elapsed.snapshot();
    assert_eq!((times.runs, times.total, times.average()), (3, 8 * SECOND, 8 * SECOND / 3));
    assert_eq!((times.min, times.max, times.last), (SECOND, 4 * SECOND, 4 * SECOND));
    ex.advance(SECOND).unwrap();
    workers.abort();
    assert_eq!(elapsed.snapshot(), times, "a run that is dropped has no time");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_that_takes_too_long_is_dropped_and_told_apart() {
    let ex = executor();
    let builder = Workers::builder(&ex).stop_on_error(true).layer(Timeout::after(SECOND));
    let workers = builder.start(|| {
        async |cx| match cx.run() {
            0 => cx.sleep(SECOND).await,
            _ => cx.sleep(SECOND + TICK).await,
        }
    });
    let workers = workers.unwrap();
    ex.advance(2 * SECOND - TICK).unwrap();
    assert_eq!((workers.stats().succeeded, workers.stats().running), (1, 1), "in time to the nanosecond");
    ex.advance(TICK).unwrap();
    let Some(Err(EndError::Tripped(trip))) = ending(&mut workers.ended()) else { panic!("it timed out") };
    assert!(matches!(**trip.error(), WorkError::TimedOut(SECOND)) && trip.run() == 1);
    assert_eq!((trip.error().to_string(), trip.report().cancelled, ex.next_deadline()), ("the run took longer than 1s".into(), 1, None));
}

#[wasm_bindgen_test(unsupported = test)]
fn outside_a_retry_a_limit_is_for_all_attempts_and_inside_for_each() {
    let attempts = |outside: bool| {
        let ex = executor();
        let (limit, retry) = (Timeout::after(SECOND), Retry::exponential(2).first_delay(SECOND / 4).factor(1.0));
        let builder = Workers::builder(&ex).stop_on_error(true);
        let builder = if outside { builder.layer(limit).layer(retry) } else { builder.layer(retry).layer(limit) };
        let workers = builder.start(|| {
            async |cx| {
                cx.sleep(SECOND / 2).await?;
                Err::<(), _>(WorkError::new("bad"))
            }
        });
        let workers = workers.unwrap();
        ex.advance(10 * SECOND).unwrap();
        let Some(Err(EndError::Tripped(trip))) = ending(&mut workers.ended()) else { panic!("it failed") };
        (trip.report().started, matches!(**trip.error(), WorkError::TimedOut(_)))
    };
    assert_eq!((attempts(true), attempts(false)), ((2, true), (3, false)));
}
