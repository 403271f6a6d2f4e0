//! Workers, more and less: the bounds are exact, and hold for what runs, not for what is on the books.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use millpond::Workers;
use millpond::workers::{LessError, MoreError, Pause, Retry};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Later, Random, SECOND};
use super::workers_kit::{MS, Stubborn, adds_up, executor, is_over, ticks};

/// What a refused `more` says: the most, and how many of them are leaving.
fn refused(workers: &Workers) -> (u32, usize) {
    match workers.more() {
        Err(MoreError::AtMax { max, leaving }) => (max, leaving),
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_removed_worker_that_still_runs_counts_against_max() {
    let (ex, job) = (executor(), Stubborn::default());
    let workers = job.start(Workers::builder(&ex).max(1));
    ex.run_until_idle();
    for _ in 0..4 {
        let less = workers.less();
        assert!(less == Ok(0) || less == Err(LessError::AtMin { min: 0 }));
        assert_eq!(refused(&workers), (1, 1));
        ex.run_until_idle();
        assert_eq!((workers.current(), job.gauge.now()), (0, 1));
    }
    job.let_go(0);
    ex.run_until_idle();
    assert_eq!((workers.more().ok(), ex.run_until_idle(), refused(&workers)), (Some(1), 1, (1, 0)));
    assert_eq!((job.running(), job.gauge.most()), (vec![1], 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn no_mixture_of_more_and_less_exceeds_max() {
    for seed in 0..50 {
        let (ex, job, mut random) = (executor(), Stubborn::default(), Random::new(seed));
        let max = 1 + random.below(4);
        let workers = job.start(Workers::builder(&ex).max(u32::try_from(max).unwrap()));
        for _ in 0..200 {
            match random.below(4) {
                0 => drop(workers.more()),
                1 => drop(workers.less()),
                2 => drop(ex.run_until_idle()),
                _ => {
                    let running = job.running();
                    if !running.is_empty() {
                        job.let_go(running[random.below(running.len())]);
                    }
                }
            }
            adds_up(workers.stats());
            assert!(workers.current() <= max && job.gauge.now() <= max);
        }
        assert!(job.gauge.most() <= max, "seed {seed}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_bounds_are_exact_and_a_refusal_changes_nothing() {
    let (ex, job) = (executor(), Stubborn::default());
    let workers = job.start(Workers::builder(&ex).min(1).max(3));
    assert_eq!(workers.less(), Err(LessError::AtMin { min: 1 }));
    assert_eq!((workers.more().ok(), workers.more().ok(), refused(&workers), workers.current()), (Some(1), Some(2), (3, 0), 3));
    assert_eq!((workers.less(), workers.less()), (Ok(2), Ok(1)));
    assert_eq!((workers.less(), workers.current()), (Err(LessError::AtMin { min: 1 }), 1));
    ex.run_until_idle();
    assert_eq!(job.running(), [0], "those removed before their first run never ran");
    assert_eq!(workers.more().ok(), Some(3), "numbers are never used again");
}

#[wasm_bindgen_test(unsupported = test)]
fn less_takes_an_idle_worker_first_and_else_the_newest() {
    let (ex, job) = (executor(), Stubborn::default());
    let workers = job.start(Workers::builder(&ex).initial(3).layer(Pause::between(SECOND)));
    ex.run_until_idle();
    job.let_go(1);
    ex.run_until_idle();
    assert_eq!((job.running(), workers.less()), (vec![0, 2], Ok(1)), "it pauses");
    assert_eq!((workers.less(), workers.current()), (Ok(2), 1), "all run: the newest");
    job.let_go(2);
    ex.advance(10 * SECOND).unwrap();
    assert_eq!((job.running(), workers.stats().started), (vec![0], 3), "neither began again");
}

#[wasm_bindgen_test(unsupported = test)]
fn an_idle_worker_that_is_removed_makes_room_at_once() {
    let ex = executor();
    let failing = || async |_cx| Err::<(), _>("always");
    let builder = Workers::builder(&ex).max(1).layer(Retry::exponential(9).first_delay(SECOND));
    let workers = builder.start(failing).unwrap();
    ex.run_until_idle();
    for number in 0..4 {
        assert_eq!(refused(&workers), (1, 0));
        assert_eq!((workers.less(), workers.more().ok()), (Ok(number), Some(number + 1)), "it waits to retry");
        ex.run_until_idle();
    }
    assert_eq!((workers.stats().failed, workers.current()), (5, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_context_is_told_that_its_worker_is_removed() {
    let ex = executor();
    let workers = Workers::builder(&ex).initial(2).start(|| async |cx| cx.cancelled().await).unwrap();
    ex.run_until_idle();
    assert_eq!((workers.less(), ex.run_until_idle()), (Ok(1), 2));
    assert_eq!((workers.stats().succeeded, workers.stats().running), (1, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn more_after_a_stop_is_an_error_at_once() {
    let ex = executor();
    let tripped = Workers::builder(&ex).initial(2).stop_on_error(true).start(|| {
        async |cx| {
            if cx.worker() == 0 {
                return Err("stop");
            }
            cx.cancelled().await;
            Ok(())
        }
    });
    let tripped = tripped.unwrap();
    let (inside, told) = (Later::<Workers>::new(), Later::new());
    inside.set(tripped.clone());
    ticks(&ex, 100);
    assert_eq!(tripped.current(), 0);
    let closed = Workers::builder(&ex).start(move || {
        let (inside, told) = (inside.clone(), told.clone());
        async move |cx| {
            cx.cancelled().await;
            told.set(inside.take().map(|workers| workers.more().is_err()));
        }
    });
    let closed = closed.unwrap();
    ex.run_until_idle();
    drop(closed.close());
    ex.run_until_idle();
    for workers in [&tripped, &closed] {
        assert!(matches!(workers.more(), Err(MoreError::Closed)) && workers.less() == Err(LessError::Closed));
        assert_eq!((workers.is_closed(), workers.current(), ex.run_until_idle()), (true, 0, 0));
    }
    assert!(is_over(&closed));
}

#[wasm_bindgen_test(unsupported = test)]
fn sizes_change_from_inside_a_run_and_from_inside_a_builder() {
    let ex = executor();
    let (own, in_builder) = (Later::<Workers>::new(), Later::<Workers>::new());
    let (handle, building) = (own.clone(), in_builder.clone());
    let workers = Workers::builder(&ex).max(4).start(move || {
        if let Some(workers) = building.take() {
            assert!(matches!(workers.more(), Err(MoreError::Building)) && workers.less().is_ok());
        }
        let handle = handle.clone();
        async move |cx| {
            if let Some(workers) = handle.take() {
                assert!(workers.more().is_ok() && workers.more().is_ok() && workers.less() == Ok(2));
                assert!(workers.less() == Ok(1) && workers.less() == Ok(0) && cx.is_cancelled());
            }
            cx.cancelled().await;
        }
    });
    let workers = workers.unwrap();
    own.set(workers.clone());
    ex.advance(MS).unwrap();
    assert_eq!((workers.current(), workers.stats().succeeded, workers.is_closed()), (0, 1, false));
    workers.more().unwrap();
    in_builder.set(workers.clone());
    assert_eq!((workers.more().ok(), workers.current()), (Some(4), 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn workers_closed_by_their_own_builder_take_no_more() {
    let (ex, in_builder) = (executor(), Later::<Workers>::new());
    let building = in_builder.clone();
    let workers = Workers::builder(&ex).start(move || {
        drop(building.take().map(|workers| workers.close()));
        async |cx| cx.cancelled().await
    });
    let workers = workers.unwrap();
    in_builder.set(workers.clone());
    assert!(matches!(workers.more(), Err(MoreError::Closed)));
    ex.run_until_idle();
    assert!(is_over(&workers));
}
