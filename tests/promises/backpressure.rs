//! Promise 5, backpressure: the line is bounded; `submit` waits for room, `try_submit` never waits and gives the future back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::pin::Pin;
use std::task::Poll;

use millpond::{Concurrency, LocalExecutor, Pool, PoolManager, Submit, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Rig, SECOND, accepted, end, gated};
use super::support::{Drops, WakeCount, poll, poll_once};

#[wasm_bindgen_test(unsupported = test)]
fn unless_told_otherwise_as_many_may_wait_as_may_run() {
    let ex = LocalExecutor::new();
    let takes = |pool: Pool| std::iter::from_fn(|| pool.try_submit(pending::<()>()).ok()).take(1000).count();
    assert_eq!(takes(Pool::builder(&ex).concurrency(4).build().unwrap()), 8);
    assert_eq!(takes(Pool::builder(&ex).concurrency(4).queue_capacity(1).build().unwrap()), 5);
    assert_eq!(takes(Pool::builder(&ex).concurrency(4).queue_capacity(0).build().unwrap()), 4);
    assert_eq!(takes(Pool::builder(&ex).concurrency(4).unbounded_queue().build().unwrap()), 1000);
    assert_eq!(takes(Pool::builder(&ex).concurrency(Concurrency::Unlimited).queue_capacity(0).build().unwrap()), 1000);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_full_line_has_room_again_after_every_kind_of_leaving() {
    type Leaving = fn(&Rig, millpond::Task<()>);
    let ways: [(&str, Leaving); 7] = [
        ("cancelled", |_, task| assert!(task.cancel())),
        ("started because the one before has ended", |rig, _| rig.advance(3 * SECOND)),
        ("timed out", |rig, _| rig.advance(SECOND)),
        ("all cancelled", |rig, _| assert_eq!(rig.pool.cancel_waiting(), 1)),
        ("resized", |rig, _| rig.pool.resize(2).unwrap()),
        ("resized without bound", |rig, _| rig.pool.resize(Concurrency::Unlimited).unwrap()),
        ("handle dropped, then cancelled", |rig, task| {
            drop(task);
            rig.pool.cancel_waiting();
        }),
    ];
    for (name, leave) in ways {
        let rig = Rig::with_line(1, 1);
        let _running = accepted(rig.pool.task(pending::<()>()).timeout(2 * SECOND).try_submit());
        let waiting = rig.pool.task(pending::<()>()).timeout(SECOND);
        let waiting = accepted(if name == "timed out" { waiting.queue_timeout(SECOND) } else { waiting }.try_submit());
        let (wakes, waker) = WakeCount::new();
        let mut submit = rig.pool.submit(async {});
        assert!(poll(Pin::new(&mut submit), &waker).is_pending());
        assert!(rig.pool.try_submit(async {}).is_err_and(|error| error.is_full()), "{name}");
        assert_eq!(wakes.take(), 0);
        leave(&rig, waiting);
        assert!(wakes.take() > 0, "{name}: not told");
        assert!(poll_once(Pin::new(&mut submit)).is_ready(), "{name}: no room");
        rig.ex.run_until_idle();
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_resumed_pool_tells_those_who_wait_for_room() {
    let rig = Rig::with_line(1, 1);
    rig.pool.pause();
    let waiting = accepted(rig.pool.try_submit(pending::<()>()));
    let (wakes, waker) = WakeCount::new();
    let mut submit = rig.pool.submit(async {});
    assert!(poll(Pin::new(&mut submit), &waker).is_pending());
    rig.pool.resume();
    assert_eq!((waiting.state(), wakes.take() > 0), (TaskState::Running, true));
    assert!(poll_once(Pin::new(&mut submit)).is_ready());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_start_makes_room_in_its_own_pool_though_it_is_another_pool_that_gave_the_permit() {
    let ex = LocalExecutor::new();
    let manager = PoolManager::<u8>::builder(&ex).concurrency(1).pool_queue_capacity(1).build().unwrap();
    let (one, other) = (manager.get(1).unwrap(), manager.get(2).unwrap());
    let (gate, first) = gated(());
    let _running = accepted(one.try_submit(first));
    let _waiting = accepted(other.try_submit(pending::<()>()));
    let mut submit = other.submit(async {});
    let (wakes, waker) = WakeCount::new();
    assert!(poll(Pin::new(&mut submit), &waker).is_pending());
    gate.open();
    ex.run_until_idle();
    assert!(wakes.take() > 0);
    assert!(poll_once(Pin::new(&mut submit)).is_ready());
}

#[wasm_bindgen_test(unsupported = test)]
fn room_for_many_lets_many_in_one_after_the_other() {
    let rig = Rig::with_line(1, 3);
    let mut gates = rig.fill();
    let waiting: Vec<_> = (0..3).map(|_| accepted(rig.pool.try_submit(pending::<()>()))).collect();
    let mut submits: Vec<_> = (0..5).map(|_| (WakeCount::new(), rig.pool.submit(pending::<()>()))).collect();
    for ((_, waker), submit) in &mut submits {
        assert!(poll(Pin::new(submit), waker).is_pending());
    }
    assert_eq!(rig.pool.cancel_waiting(), 3);
    // Only who is woken polls, as on any executor.
    let mut entered = 0;
    while let Some(((wakes, _), submit)) = submits.get_mut(entered)
        && wakes.take() > 0
    {
        assert!(poll_once(Pin::new(submit)).is_ready());
        entered += 1;
    }
    assert_eq!((entered, rig.pool.stats().waiting, waiting.len()), (3, 3, 3));
    gates.pop().unwrap().open();
    rig.ex.run_until_idle();
    assert!(submits[3].0.0.take() > 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn who_gives_up_waiting_for_room_passes_it_on() {
    for woken in [false, true] {
        let (rig, drops) = (Rig::with_line(1, 0), Drops::default());
        let gate = rig.fill().pop().unwrap();
        let guard = drops.guard();
        let mut first = rig.pool.submit(async move { drop(guard) });
        let mut second = rig.pool.submit(async { 2 });
        let ((first_wakes, first_waker), (wakes, waker)) = (WakeCount::new(), WakeCount::new());
        assert!(poll(Pin::new(&mut first), &first_waker).is_pending());
        assert!(poll(Pin::new(&mut second), &waker).is_pending());
        if woken {
            gate.open();
            rig.ex.run_until_idle();
            assert!(first_wakes.take() > 0 && wakes.take() == 0);
            drop(first);
        } else {
            drop(first);
            gate.open();
            rig.ex.run_until_idle();
        }
        assert_eq!(drops.count(), 1);
        assert!(wakes.take() > 0, "woken: {woken}");
        let Poll::Ready(Ok(mut task)) = poll_once(Pin::new(&mut second)) else { unreachable!("there is room") };
        rig.ex.run_until_idle();
        assert_eq!(end(&mut task), End::Value(2));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn try_submit_does_not_overtake_those_who_wait_for_room() {
    let rig = Rig::with_line(1, 0);
    let gate = rig.fill().pop().unwrap();
    let mut submit = rig.pool.submit(async {});
    assert!(poll_once(Pin::new(&mut submit)).is_pending());
    gate.open();
    rig.ex.run_until_idle();
    assert!(rig.pool.try_submit(async {}).is_err_and(|error| error.is_full()));
    let mut late = rig.pool.submit(async {});
    assert!(poll_once(Pin::new(&mut late)).is_pending());
    drop(submit);
    assert!(poll_once(Pin::new(&mut late)).is_ready());
    rig.ex.run_until_idle();
    assert!(rig.pool.try_submit(async {}).is_ok());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_submit_that_was_never_polled_has_no_place() {
    let rig = Rig::with_line(1, 0);
    let submit: Submit<_> = rig.pool.submit(async {});
    assert!(rig.pool.try_submit(async {}).is_ok());
    drop(submit);
    assert_eq!(rig.pool.stats().submitted, 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_future_handed_back_can_be_given_again() {
    let rig = Rig::with_line(1, 0);
    let (gate, future) = gated(());
    let _running = accepted(rig.pool.try_submit(future));
    let refused = rig.pool.try_submit(async { "again" }).map(drop).unwrap_err();
    gate.open();
    rig.ex.run_until_idle();
    let mut task = accepted(rig.pool.try_submit(refused.into_inner()));
    rig.ex.run_until_idle();
    assert_eq!(end(&mut task), End::Value("again"));
}

#[wasm_bindgen_test(unsupported = test)]
fn run_waits_for_room_for_its_turn_and_for_the_end() {
    let rig = Rig::with_line(1, 1);
    let gates = rig.fill();
    let (second_gate, second) = gated("waited in line");
    let (third_gate, third) = gated("waited for room");
    let (mut second, mut third) = (rig.pool.run(second), rig.pool.run(third));
    assert_eq!((end(&mut second), end(&mut third)), (End::NotYet, End::NotYet));
    assert_eq!(rig.pool.stats().waiting, 1);
    gates.into_iter().for_each(super::kit::Gate::open);
    rig.ex.run_until_idle();
    assert_eq!(end(&mut third), End::NotYet);
    second_gate.open();
    rig.ex.run_until_idle();
    assert_eq!((end(&mut second), end(&mut third)), (End::Value("waited in line"), End::NotYet));
    third_gate.open();
    rig.ex.run_until_idle();
    assert_eq!(end(&mut third), End::Value("waited for room"));
}
