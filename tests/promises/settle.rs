//! Promise 3, exactly once: every accepted task settles once, whoever ends it and whoever listens.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::future::pending;
use std::pin::Pin;
use std::rc::Rc;

use millpond::{Task, TaskState, Timeout};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Later, Rig, SECOND, accepted, adds_up, end, gated, until};
use super::support::{Drops, WakeCount, on_drop, poll, poll_once};

#[wasm_bindgen_test(unsupported = test)]
fn every_way_to_end_reaches_the_handle_once_and_drops_the_future_once() {
    type Way = fn(Rig, &Task<u8>) -> Option<Rig>;
    let cancelled: Way = |rig, task| {
        assert!(task.cancel());
        Some(rig)
    };
    let waited: Way = |rig, _| {
        rig.advance(9 * SECOND);
        Some(rig)
    };
    let ways: [(&str, bool, Way, End<u8>); 9] = [
        ("cancelled in line", false, cancelled, End::Cancelled),
        ("cancelled running", true, cancelled, End::Cancelled),
        ("timed out in line", false, waited, End::TimedOut(Timeout::Queue)),
        ("timed out running", true, waited, End::TimedOut(Timeout::Run)),
        ("line cancelled", false, |rig, _| (rig.pool.cancel_waiting() == 1).then_some(rig), End::Cancelled),
        ("executor dropped, in line", false, |_, _| None, End::Closed),
        ("executor dropped, running", true, |_, _| None, End::Closed),
        (
            "closed, in line",
            false,
            |rig, _| poll_once(Pin::new(&mut rig.pool.close().cancel_waiting())).is_pending().then_some(rig),
            End::Cancelled,
        ),
        (
            "closed, running",
            true,
            |rig, _| {
                let mut close = rig.pool.close().within(SECOND);
                assert!(poll_once(Pin::new(&mut close)).is_pending());
                rig.advance(SECOND);
                assert!(poll_once(Pin::new(&mut close)).is_ready());
                Some(rig)
            },
            End::Cancelled,
        ),
    ];
    for (name, running, way, expected) in ways {
        let (rig, drops) = (Rig::new(1), Drops::default());
        let _gates = if running { Vec::new() } else { rig.fill() };
        let guard = drops.guard();
        let work = async move {
            let _guard = guard;
            pending::<u8>().await
        };
        let mut task = accepted(rig.pool.task(work).queue_timeout(3 * SECOND).timeout(4 * SECOND).try_submit());
        let (wakes, waker) = WakeCount::new();
        rig.ex.run_until_idle();
        assert!(poll(Pin::new(&mut task), &waker).is_pending());
        let rig = way(rig, &task);
        assert_eq!((wakes.take(), drops.count(), task.state()), (1, 1, TaskState::Ended), "{name}");
        assert_eq!(end(&mut task), expected, "{name}");
        assert!(!task.cancel(), "{name}");
        rig.map(|rig| (rig.ex.run_until_idle(), adds_up(&rig.pool)));
        assert_eq!((wakes.take(), end(&mut task)), (0, End::NotYet), "{name}: settled twice");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_result_waits_for_its_handle() {
    let rig = Rig::new(1);
    let mut task = accepted(rig.pool.try_submit(async { 42 }));
    rig.ex.run_until_idle();
    drop(rig);
    assert_eq!((task.state(), end(&mut task)), (TaskState::Ended, End::Value(42)));
}

#[wasm_bindgen_test(unsupported = test)]
fn only_the_waker_of_the_last_poll_is_called() {
    let rig = Rig::new(1);
    let (gate, future) = gated(());
    let mut task = accepted(rig.pool.try_submit(future));
    let ((old, old_waker), (new, new_waker)) = (WakeCount::new(), WakeCount::new());
    assert!(poll(Pin::new(&mut task), &old_waker).is_pending());
    assert!(poll(Pin::new(&mut task), &new_waker).is_pending());
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!((old.take(), new.take()), (0, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_dropped_handle_lets_the_task_go_on() {
    let rig = Rig::new(1);
    let done = Rc::new(Cell::new(0));
    for _ in 0..3 {
        let done = done.clone();
        drop(rig.pool.try_submit(async move { done.set(done.get() + 1) }));
    }
    rig.ex.run_until_idle();
    assert_eq!((done.get(), adds_up(&rig.pool).succeeded), (3, 3));
}

#[wasm_bindgen_test(unsupported = test)]
fn an_output_nobody_takes_is_dropped_once() {
    let (rig, drops) = (Rig::new(2), Drops::default());
    let [before, after] = [drops.guard(), drops.guard()];
    drop(rig.pool.try_submit(async move { before }));
    let kept = accepted(rig.pool.try_submit(async move { after }));
    rig.ex.run_until_idle();
    assert_eq!(drops.count(), 1, "its handle was dropped before it ended");
    drop(kept);
    assert_eq!(drops.count(), 2, "its handle was dropped afterwards");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_ends_in_the_poll_that_cancels_it_keeps_its_value() {
    let rig = Rig::new(1);
    let handle = Later::<Task<i32>>::new();
    let (inner, back) = (handle.clone(), handle.clone());
    handle.set(accepted(rig.pool.try_submit(async move {
        let task = inner.take().unwrap();
        assert!(task.cancel() && task.cancel(), "it has not ended");
        back.set(task);
        7
    })));
    rig.ex.run_until_idle();
    let mut task = handle.take().unwrap();
    assert_eq!((end(&mut task), rig.pool.stats().succeeded, rig.pool.stats().cancelled), (End::Value(7), 1, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_cancels_itself_goes_no_further_than_its_await() {
    let (rig, drops) = (Rig::new(1), Drops::default());
    let handle = Later::<Task<()>>::new();
    let (inner, back, guard) = (handle.clone(), handle.clone(), drops.guard());
    handle.set(accepted(rig.pool.try_submit(async move {
        let _guard = guard;
        let task = inner.take().unwrap();
        task.cancel();
        back.set(task);
        pending::<()>().await;
    })));
    rig.ex.run_until_idle();
    assert_eq!((end(&mut handle.take().unwrap()), drops.count()), (End::Cancelled, 1));
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_first_reason_wins() {
    // Cancelled while its future is being dropped for another reason.
    let rig = Rig::new(1);
    let handle = Later::<Task<()>>::new();
    let (inner, back) = (handle.clone(), handle.clone());
    let guard = on_drop(move || {
        if let Some(task) = inner.take() {
            task.cancel();
            back.set(task);
        }
    });
    let work = async move {
        let _guard = guard;
        pending::<()>().await;
    };
    handle.set(accepted(rig.pool.task(work).timeout(SECOND).try_submit()));
    rig.advance(SECOND);
    assert_eq!(end(&mut handle.take().unwrap()), End::TimedOut(Timeout::Run));
    assert_eq!((adds_up(&rig.pool).timed_out, rig.pool.stats().cancelled), (1, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_woken_task_that_is_cancelled_before_its_poll_is_not_polled_again() {
    let rig = Rig::new(1);
    let (ready, waker) = (Rc::new(Cell::new(false)), Later::new());
    let mut task = accepted(rig.pool.try_submit(until(ready.clone(), waker.clone())));
    rig.ex.run_until_idle();
    ready.set(true);
    waker.take().unwrap().wake();
    assert!(task.cancel());
    rig.ex.run_until_idle();
    assert!(waker.take().is_none(), "polled after it was cancelled");
    assert_eq!(end(&mut task), End::Cancelled);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_waker_kept_after_the_end_wakes_nobody_else() {
    let rig = Rig::new(1);
    let (ready, waker) = (Rc::new(Cell::new(true)), Later::new());
    let _first = accepted(rig.pool.try_submit(until(ready, waker.clone())));
    rig.ex.run_until_idle();
    let polls = Rc::new(Cell::new(0));
    let counted = polls.clone();
    let _second = accepted(rig.pool.try_submit(std::future::poll_fn(move |_| {
        counted.set(counted.get() + 1);
        std::task::Poll::<()>::Pending
    })));
    rig.ex.run_until_idle();
    waker.take().unwrap().wake();
    rig.ex.run_until_idle();
    assert!(polls.get() <= 2);
    assert_eq!(rig.pool.stats().running, 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn nothing_of_an_ended_task_is_kept() {
    let (rig, drops) = (Rig::new(3), Drops::default());
    for round in 0..1000 {
        let [inside, output] = [drops.guard(), drops.guard()];
        let mut task = accepted(rig.pool.try_submit(async move {
            let _inside = inside;
            output
        }));
        rig.ex.run_until_idle();
        drop(poll_once(Pin::new(&mut task)));
        assert_eq!(drops.count(), 2 * (round + 1));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn many_short_lives_in_one_place_are_not_mixed_up() {
    // Numbers of tasks are used again; an old handle must not reach a new task.
    let rig = Rig::new(1);
    let mut old: Vec<Task<usize>> = Vec::new();
    for name in 0..500 {
        let mut task = accepted(rig.pool.try_submit(async move { name }));
        old.iter().for_each(|task| assert!(!task.cancel() && !task.set_priority(millpond::Priority::High)));
        if name % 7 == 0 {
            assert!(task.cancel());
            assert_eq!(end(&mut task), End::Cancelled);
        } else if name % 3 == 0 {
            rig.ex.run_until_idle();
            assert_eq!(end(&mut task), End::Value(name));
        } else {
            rig.ex.run_until_idle();
        }
        old.push(task);
    }
    rig.assert_all_permits_are_back(1);
}
