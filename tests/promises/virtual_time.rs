//! Time by hand: so many polls, until idle, until a time, until nothing is left; and one clock for all that knows time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use millpond::workers::{Pause, Retry, WorkerContext};
use millpond::{Event, EventKind, LocalExecutor, ManualClock, Pool, PoolManager, Workers};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{SECOND, accepted, gated};
use super::support::{Recorder, forever};

fn manual() -> (ManualClock, LocalExecutor) {
    let clock = ManualClock::new();
    let ex = LocalExecutor::with_clock(clock.clone());
    (clock, ex)
}

#[wasm_bindgen_test(unsupported = test)]
fn a_step_is_so_many_polls_even_if_a_task_is_always_ready() {
    let (_clock, ex) = manual();
    let polls = Rc::new(Cell::new(0));
    ex.spawn(forever(polls.clone()));
    assert_eq!((ex.step(0), polls.get()), (0, 0));
    assert_eq!((ex.step(7), polls.get()), (7, 7));
    assert_eq!((ex.step(1000), polls.get()), (1000, 1007));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_step_wakes_what_is_due_and_moves_no_clock() {
    let (clock, ex) = manual();
    let sleeper = ex.spawn(ex.sleep(SECOND));
    assert_eq!((ex.step(9), ex.step(9)), (1, 0));
    assert!(ex.now().is_zero());
    clock.advance(SECOND);
    assert_eq!((ex.step(9), ex.step(9)), (1, 0));
    drop(sleeper);
}

#[wasm_bindgen_test(unsupported = test)]
fn advancing_to_a_time_stops_there_and_never_runs_back() {
    let (_clock, ex) = manual();
    let record = Recorder::new();
    for seconds in [3, 1, 2] {
        let (ex, record) = (ex.clone(), record.clone());
        ex.clone().spawn(async move {
            ex.sleep(SECOND * seconds).await;
            record.note(ex.now());
        });
    }
    ex.advance_to(2 * SECOND).unwrap();
    assert_eq!(record.take(), [SECOND, 2 * SECOND]);
    assert_eq!((ex.advance_to(SECOND), ex.now()), (Ok(0), 2 * SECOND));
    ex.advance_to(9 * SECOND).unwrap();
    assert_eq!((record.take(), ex.now()), (vec![3 * SECOND], 9 * SECOND));
}

#[wasm_bindgen_test(unsupported = test)]
fn until_settled_serves_all_that_wait_on_time_and_stands_at_the_last() {
    let (_clock, ex) = manual();
    let (inner, hours) = (ex.clone(), 3600 * SECOND);
    ex.spawn(async move {
        for _ in 0..3 {
            inner.sleep(hours).await;
        }
    });
    assert_eq!(ex.run_until_settled(24 * hours), Ok(4));
    assert_eq!((ex.now(), ex.next_deadline()), (3 * hours, None));
    assert_eq!(ex.run_until_settled(24 * hours), Ok(0));
}

#[wasm_bindgen_test(unsupported = test)]
fn until_settled_comes_back_although_somebody_sleeps_again_and_again() {
    let (_clock, ex) = manual();
    let inner = ex.clone();
    let ticks = Rc::new(Cell::new(0));
    let counter = ticks.clone();
    let ticker = ex.spawn(async move {
        loop {
            inner.sleep(SECOND).await;
            counter.set(counter.get() + 1);
        }
    });
    ex.run_until_settled(10 * SECOND).unwrap();
    assert_eq!((ticks.get(), ex.now(), ex.next_deadline()), (10, 10 * SECOND, Some(11 * SECOND)));
    ticker.cancel();
    ex.run_until_settled(10 * SECOND).unwrap();
    assert_eq!((ex.now(), ex.next_deadline()), (10 * SECOND, None), "the clock has nowhere to go");
}

#[wasm_bindgen_test(unsupported = test)]
fn nobody_moves_the_clock_of_the_system() {
    let ex = LocalExecutor::new();
    assert!(ex.advance_to(SECOND).is_err() && ex.run_until_settled(SECOND).is_err());
    assert_eq!(ex.step(1), 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn one_clock_drives_expiry_timeouts_rates_and_sleeps_each_at_its_own_time() {
    let (_clock, ex) = manual();
    let record = Recorder::new();
    let told = |name: &'static str| {
        let record = record.clone();
        move |event: &Event| {
            if !matches!(event.kind, EventKind::Submitted { .. } | EventKind::Opened { .. }) {
                record.note((event.at.as_secs(), name, event.kind.to_string()));
            }
        }
    };
    let manager: PoolManager<u8> =
        PoolManager::builder(&ex).idle_timeout(4 * SECOND).max_lifetime(60 * SECOND).on_event(told("manager")).build().unwrap();
    let rated = Pool::builder(&ex).rate(1, 3 * SECOND).unbounded_queue().on_event(told("rated")).build().unwrap();
    let timed = Pool::builder(&ex).concurrency(1).queue_capacity(9).on_event(told("timed")).build().unwrap();

    drop(accepted(manager.get(7).unwrap().try_submit(ex.sleep(SECOND))));
    let _rated: Vec<_> = (0..3).map(|_| accepted(rated.try_submit(async {}))).collect();
    let (_gate, never) = gated(());
    let _stuck = accepted(timed.task(never).timeout(8 * SECOND).try_submit());
    let _tired = accepted(timed.task(pending::<()>()).queue_timeout(2 * SECOND).try_submit());
    let _total = accepted(timed.task(pending::<()>()).total_timeout(9 * SECOND).try_submit());
    let (sleeper, note) = (ex.clone(), record.clone());
    ex.spawn(async move {
        sleeper.sleep(7 * SECOND).await;
        note.note((7, "sleeper", "awake".to_owned()));
    });

    ex.run_until_settled(1000 * SECOND).unwrap();
    let story = record.take();
    let story: Vec<_> = story.iter().map(|(at, who, what)| (*at, *who, what.as_str())).collect();
    assert_eq!(
        story,
        [
            (0, "manager", "started"),
            (0, "rated", "started"),
            (0, "timed", "started"),
            (0, "rated", "settled succeeded"),
            (1, "manager", "settled succeeded"),
            (2, "timed", "settled queue_timeout"),
            (3, "rated", "started"),
            (3, "rated", "settled succeeded"),
            (5, "manager", "expired"),
            (6, "rated", "started"),
            (6, "rated", "settled succeeded"),
            (7, "sleeper", "awake"),
            (8, "timed", "settled run_timeout"),
            (8, "timed", "started"),
            (9, "timed", "settled total_timeout"),
        ]
    );
    assert_eq!((ex.now(), ex.next_deadline()), (9 * SECOND, None));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_same_clock_drives_retries_pauses_and_scaling() {
    let (_clock, ex) = manual();
    let record = Recorder::new();
    let note = record.clone();
    let workers = Workers::builder(&ex)
        .layer(Pause::between(10 * SECOND))
        .layer(Retry::exponential(2).first_delay(SECOND).factor(2.0))
        .start(move || {
            let note = note.clone();
            async move |cx: WorkerContext| {
                note.note((cx.now().as_secs(), "attempt"));
                Err::<(), _>("again")
            }
        })
        .unwrap();
    let sizes = record.clone();
    let size = move |event: &Event| {
        if matches!(event.kind, EventKind::Resized { .. }) {
            sizes.note((event.at.as_secs(), "resized"));
        }
    };
    let pool = Pool::builder(&ex).concurrency(1).queue_capacity(0).on_event(size).build().unwrap();
    pool.autoscale(1..=3, 4 * SECOND).unwrap();
    (0..3).for_each(|_| drop(accepted(pool.try_submit(ex.sleep(2 * SECOND)))));
    ex.advance_to(15 * SECOND).unwrap();
    assert_eq!(
        record.take(),
        [
            (0, "resized"),
            (0, "resized"),
            (0, "attempt"),
            (1, "attempt"),
            (3, "attempt"),
            (6, "resized"),
            (10, "resized"),
            (13, "attempt"),
            (14, "attempt"),
        ]
    );
    drop(workers.close());
}

#[wasm_bindgen_test(unsupported = test)]
fn timeouts_of_one_instant_are_served_in_the_order_in_which_they_were_set() {
    let (_clock, ex) = manual();
    let record = Recorder::new();
    let note = record.clone();
    let pool = Pool::builder(&ex)
        .concurrency(1)
        .queue_capacity(9)
        .on_event(move |event| {
            if let (EventKind::Settled(_), Some(task)) = (event.kind, event.task) {
                note.note(task);
            }
        })
        .build()
        .unwrap();
    let _stuck = accepted(pool.try_submit(pending::<()>()));
    let _second = accepted(pool.task(pending::<()>()).total_timeout(5 * SECOND).try_submit());
    ex.advance(SECOND).unwrap();
    let _third = accepted(pool.task(pending::<()>()).queue_timeout(4 * SECOND).try_submit());
    let _fourth = accepted(pool.task(pending::<()>()).deadline(5 * SECOND).try_submit());
    ex.advance_to(5 * SECOND).unwrap();
    assert_eq!(record.take(), [2, 3, 4]);
}
