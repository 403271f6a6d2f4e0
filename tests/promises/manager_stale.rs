//! Promises of a manager to those who hold an old lease and to those who hold the new one: each closes and cancels its own, and the new
//! one steers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::pin::{Pin, pin};
use std::time::Duration;

use millpond::{CloseReport, Concurrency, Lease, Task, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, SECOND, accepted, end, gated};
use super::manager_kit::Estate;
use super::support::{WakeCount, poll, poll_once};

/// Two generations of a key, with one permit; the old one has a task that runs and one that waits, the new one has one that waits.
struct Two {
    estate: Estate,
    old: Lease,
    new: Lease,
    gate: Gate,
    tasks: [Task<u32>; 3],
}

fn two() -> Two {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1));
    let old = estate.manager.get(1).unwrap();
    let (gate, future) = gated(0);
    let first = [accepted(old.try_submit(future)), accepted(old.try_submit(async { 1 }))];
    assert!(estate.manager.invalidate(&1));
    let new = estate.manager.get(1).unwrap();
    let [first, second] = first;
    let third = accepted(new.try_submit(async { 2 }));
    estate.ex.run_until_idle();
    Two { estate, old, new, gate, tasks: [first, second, third] }
}

fn counts(report: CloseReport) -> [u64; 4] {
    [report.drained, report.cancelled_waiting, report.cancelled_running, report.cancelled_otherwise]
}

#[wasm_bindgen_test(unsupported = test)]
fn closing_an_old_lease_closes_its_own_generation_only() {
    let Two { estate, old, new, gate, mut tasks } = two();
    let other = old.clone();
    let mut close = old.close();
    assert!(old.is_closed() && other.is_closed() && !new.is_closed());
    assert!(other.try_submit(async {}).is_err_and(|error| !error.is_full()));
    let (wakes, waker) = WakeCount::new();
    assert!(poll(Pin::new(&mut close), &waker).is_pending());
    let late = accepted(new.try_submit(std::future::pending::<u32>()));
    gate.open();
    estate.ex.run_until_idle();
    assert!(wakes.take() > 0);
    assert_eq!(counts(estate.finish(close)), [2, 0, 0, 0], "its own tasks; the successor's go on");
    assert_eq!(tasks.each_mut().map(end), [0, 1, 2].map(End::Value));
    assert_eq!(late.state(), TaskState::Running);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_impatient_close_of_an_old_lease_cancels_its_own_tasks_only() {
    let Two { estate, old, gate, mut tasks, new } = two();
    let close = estate.ex.spawn(old.close().within(SECOND));
    estate.advance(SECOND);
    assert_eq!(counts(estate.finish(close).unwrap()), [0, 1, 1, 0]);
    assert_eq!(tasks.each_mut().map(end), [End::Cancelled, End::Cancelled, End::Value(2)]);
    assert_eq!(estate.finish(new.run(async { 3 })).unwrap(), 3);
    drop(gate);
}

#[wasm_bindgen_test(unsupported = test)]
fn closing_the_new_lease_touches_no_task_of_the_old_one() {
    let Two { estate, old, new, gate, mut tasks } = two();
    let report = estate.finish(new.close().within(Duration::ZERO));
    assert_eq!(counts(report), [0, 1, 0, 0]);
    assert!(!old.is_closed() && old.try_submit(async {}).is_ok());
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!(tasks.each_mut().map(end), [End::Value(0), End::Value(1), End::Cancelled]);
    assert!(!estate.manager.get(1).unwrap().is_closed(), "and the key has a third");
}

#[wasm_bindgen_test(unsupported = test)]
fn cancelling_what_waits_is_meant_for_the_own_generation() {
    let Two { estate, old, new, gate, mut tasks } = two();
    assert_eq!(old.cancel_waiting(), 1);
    assert_eq!([tasks[1].state(), tasks[2].state()], [TaskState::Ended, TaskState::Waiting]);
    assert_eq!((new.cancel_waiting(), old.cancel_waiting()), (1, 0));
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!(tasks.each_mut().map(end), [End::Value(0), End::Cancelled, End::Cancelled]);
    estate.adds_up();
}

#[wasm_bindgen_test(unsupported = test)]
fn an_old_lease_neither_pauses_nor_resizes_its_successor() {
    let Two { estate, old, new, gate, .. } = two();
    old.pause();
    old.resize(9).unwrap();
    assert_eq!((new.is_paused(), new.concurrency()), (false, Concurrency::AtMost(1)));
    new.pause();
    old.resume();
    assert!(new.is_paused());
    new.resume();
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!(estate.adds_up().succeeded, 3);
}

#[wasm_bindgen_test(unsupported = test)]
fn who_has_no_successor_yet_still_steers() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1));
    let lease = estate.manager.get(1).unwrap();
    lease.pause();
    let mut task = accepted(lease.try_submit(async { 1 }));
    assert!(estate.manager.invalidate(&1));
    estate.ex.run_until_idle();
    assert_eq!(task.state(), TaskState::Waiting);
    lease.resume();
    estate.ex.run_until_idle();
    assert_eq!(end(&mut task), End::Value(1));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_successor_is_made_as_a_new_pool_is() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(2));
    let old = estate.manager.get(1).unwrap();
    old.pause();
    old.resize(7).unwrap();
    let mut task = accepted(old.try_submit(async { 1 }));
    assert!(estate.manager.invalidate(&1));
    let new = estate.manager.get(1).unwrap();
    assert_eq!((new.is_paused(), new.concurrency()), (false, Concurrency::AtMost(2)));
    estate.ex.run_until_idle();
    assert_eq!(end(&mut task), End::Value(1), "what the old one held back runs: nobody is left who could resume it");
}

#[wasm_bindgen_test(unsupported = test)]
fn who_waits_for_room_in_a_closed_generation_is_told_and_others_keep_their_places() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).pool_queue_capacity(0));
    let old = estate.manager.get(1).unwrap();
    let (gate, future) = gated(());
    let _running = accepted(old.try_submit(future));
    let mut first = old.run(async { 1 });
    assert_eq!(end(&mut first), End::NotYet);
    assert!(estate.manager.invalidate(&1));
    let new = estate.manager.get(1).unwrap();
    let second = estate.ex.spawn(new.run(async { 2 }));
    estate.ex.run_until_idle();
    drop(old.close());
    assert_eq!(end(&mut first), End::Closed);
    gate.open();
    assert_eq!(estate.finish(second).unwrap().unwrap(), 2);
    assert_eq!((estate.adds_up().submitted, estate.adds_up().running), (2, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn closing_a_lease_twice_or_after_its_manager_hangs_nobody() {
    let Two { estate, old, new, gate, .. } = two();
    let first = estate.ex.spawn(old.close());
    let second = estate.ex.spawn(old.close());
    let all = estate.ex.spawn(estate.manager.close());
    let third = estate.ex.spawn(new.close());
    estate.ex.run_until_idle();
    gate.open();
    assert_eq!(counts(estate.finish(first).unwrap()), [2, 0, 0, 0]);
    assert_eq!(counts(estate.finish(second).unwrap()), [2, 0, 0, 0]);
    assert_eq!(counts(estate.finish(third).unwrap()), [1, 0, 0, 0]);
    assert_eq!(counts(estate.finish(all).unwrap()), [3, 0, 0, 0]);
    assert!(poll_once(pin!(old.close())).is_ready() && poll_once(pin!(new.close())).is_ready());
}

#[wasm_bindgen_test(unsupported = test)]
fn who_waits_for_the_end_of_an_old_generation_is_told_by_its_last_task() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(3));
    let old = estate.manager.get(1).unwrap();
    let gates = [(); 2].map(|()| {
        let (gate, future) = gated(());
        drop(accepted(old.try_submit(future)));
        gate
    });
    assert!(estate.manager.invalidate(&1));
    let new = estate.manager.get(1).unwrap();
    let _busy = accepted(new.try_submit(std::future::pending::<()>()));
    let mut close = old.close();
    let (wakes, waker) = WakeCount::new();
    assert!(poll(Pin::new(&mut close), &waker).is_pending());
    estate.ex.run_until_idle();
    let told = gates.map(|gate| {
        gate.open();
        estate.ex.run_until_idle();
        wakes.take()
    });
    assert_eq!(told, [0, 1]);
    assert!(poll_once(Pin::new(&mut close)).is_ready());
}
