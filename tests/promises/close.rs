//! Promise 9, close: nothing more is taken, what was accepted drains, as patiently as asked; again and again, and never a hang.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::pin::Pin;
use std::task::Poll;

use millpond::{Close, CloseReport, Closed, Task};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Later, Rig, SECOND, TICK, accepted, adds_up, end, gated};
use super::support::{Drops, WakeCount, poll, poll_once};

/// What a close reports, once it is there: drained, cancelled in line, cancelled running.
fn report(close: &mut Close) -> Option<(u64, u64, u64)> {
    match poll_once(Pin::new(close)) {
        Poll::Ready(CloseReport { drained, cancelled_waiting, cancelled_running, .. }) => {
            Some((drained, cancelled_waiting, cancelled_running))
        }
        Poll::Pending => None,
    }
}

/// Two that run, behind gates, and three that wait.
fn busy() -> (Rig, Vec<Gate>, Vec<Task<()>>) {
    let rig = Rig::new(2);
    let (gates, tasks) = (0..5)
        .map(|_| {
            let (gate, future) = gated(());
            (gate, accepted(rig.pool.try_submit(future)))
        })
        .unzip();
    rig.ex.run_until_idle();
    (rig, gates, tasks)
}

#[wasm_bindgen_test(unsupported = test)]
fn a_closed_pool_takes_nothing_from_the_call_on_and_drains() {
    let (rig, gates, mut tasks) = busy();
    assert!(!rig.pool.is_closed());
    let mut close = rig.pool.close();
    assert!(rig.pool.is_closed(), "although nobody awaited it");
    assert!(rig.pool.try_submit(async {}).is_err_and(|error| !error.is_full()));
    assert_eq!(end(&mut rig.pool.run(async {})), End::Closed);
    let refused = poll_once(Pin::new(&mut rig.pool.submit(std::future::ready("mine"))));
    assert!(matches!(refused, Poll::Ready(Err(Closed(future))) if future.clone().into_inner() == "mine"));
    let (wakes, waker) = WakeCount::new();
    assert!(poll(Pin::new(&mut close), &waker).is_pending());
    for gate in gates {
        assert_eq!((wakes.take(), report(&mut rig.pool.close())), (0, None));
        gate.open();
        rig.ex.run_until_idle();
    }
    assert!(wakes.take() > 0);
    assert_eq!(report(&mut close), Some((5, 0, 0)));
    tasks.iter_mut().for_each(|task| assert_eq!(end(task), End::Value(())));
}

#[wasm_bindgen_test(unsupported = test)]
fn closing_an_empty_pool_is_over_at_once() {
    let rig = Rig::new(1);
    assert_eq!(report(&mut rig.pool.close()), Some((0, 0, 0)));
    assert_eq!(report(&mut rig.pool.close().cancel_waiting().within(SECOND)), Some((0, 0, 0)));
    rig.ex.run_until_idle();
    assert_eq!(rig.ex.next_deadline(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn it_can_be_closed_again_and_awaited_by_many() {
    let (rig, gates, _tasks) = busy();
    let mut closes: Vec<_> = (0..3).map(|_| rig.pool.close()).collect();
    closes.iter_mut().for_each(|close| assert_eq!(report(close), None));
    drop(closes.pop());
    gates.into_iter().for_each(Gate::open);
    rig.ex.run_until_idle();
    closes.iter_mut().for_each(|close| assert_eq!(report(close), Some((5, 0, 0))));
    assert_eq!(report(&mut rig.pool.close()), Some((0, 0, 0)), "there is nothing left");
}

#[wasm_bindgen_test(unsupported = test)]
fn cancel_waiting_cancels_the_line_and_lets_end_what_runs() {
    let (rig, gates, mut tasks) = busy();
    let mut close = rig.pool.close().cancel_waiting();
    assert_eq!(rig.pool.stats().waiting, 3, "nothing before the first poll");
    assert_eq!(report(&mut close), None);
    assert_eq!((rig.pool.stats().waiting, rig.pool.stats().running), (0, 2));
    tasks[2..].iter_mut().for_each(|task| assert_eq!(end(task), End::Cancelled));
    gates.into_iter().for_each(Gate::open);
    rig.ex.run_until_idle();
    assert_eq!(report(&mut close), Some((2, 3, 0)));
    tasks[..2].iter_mut().for_each(|task| assert_eq!(end(task), End::Value(())));
}

#[wasm_bindgen_test(unsupported = test)]
fn within_waits_that_long_and_not_longer() {
    let (rig, mut gates, _tasks) = busy();
    let mut close = rig.pool.close().within(30 * SECOND);
    assert_eq!(report(&mut close), None);
    gates.remove(0).open();
    rig.advance(30 * SECOND - TICK);
    assert_eq!((report(&mut close), rig.pool.stats().cancelled), (None, 0));
    rig.advance(TICK);
    assert_eq!(report(&mut close), Some((1, 2, 2)));
    assert_eq!((adds_up(&rig.pool).cancelled, rig.pool.stats().running), (4, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn within_ends_early_when_the_pool_is_drained_and_leaves_no_timer() {
    let (rig, gates, _tasks) = busy();
    let mut close = rig.pool.close().within(30 * SECOND);
    assert_eq!(report(&mut close), None);
    gates.into_iter().for_each(Gate::open);
    rig.ex.run_until_idle();
    assert_eq!(report(&mut close), Some((5, 0, 0)));
    drop(close);
    assert_eq!((rig.ex.next_deadline(), rig.ex.now()), (None, std::time::Duration::ZERO));
}

#[wasm_bindgen_test(unsupported = test)]
fn both_terms_together_cancel_the_line_first() {
    let (rig, _gates, _tasks) = busy();
    let mut close = rig.pool.close().cancel_waiting().within(SECOND);
    assert_eq!((report(&mut close), rig.pool.stats().waiting, rig.pool.stats().running), (None, 0, 2));
    rig.advance(SECOND);
    assert_eq!(report(&mut close), Some((0, 3, 2)));
}

#[wasm_bindgen_test(unsupported = test)]
fn an_impatient_close_can_follow_a_patient_one() {
    let (rig, _gates, _tasks) = busy();
    let mut patient = rig.pool.close();
    assert_eq!(report(&mut patient), None);
    let mut impatient = rig.pool.close().within(std::time::Duration::ZERO);
    assert_eq!(report(&mut impatient), Some((0, 3, 2)));
    assert!(report(&mut patient).is_some());
}

#[wasm_bindgen_test(unsupported = test)]
fn those_who_wait_for_room_get_their_futures_back() {
    let rig = Rig::with_line(1, 0);
    let _gates = rig.fill();
    let drops = Drops::default();
    let mut submits: Vec<_> = (0..3)
        .map(|_| {
            let guard = drops.guard();
            rig.pool.submit(async move { drop(guard) })
        })
        .collect();
    let mut run = rig.pool.run(async {});
    let (wakes, waker) = WakeCount::new();
    submits.iter_mut().for_each(|submit| assert!(poll(Pin::new(submit), &waker).is_pending()));
    assert!(poll(Pin::new(&mut run), &waker).is_pending());
    drop(rig.pool.close());
    assert_eq!(wakes.take(), 4, "all are told, not only the first");
    assert_eq!(end(&mut run), End::Closed);
    let back: Vec<_> = submits.iter_mut().rev().map(|submit| poll_once(Pin::new(submit))).collect();
    assert!(back.iter().all(|polled| matches!(polled, Poll::Ready(Err(Closed(_))))));
    assert_eq!(drops.count(), 0, "they are ours again");
    drop(back);
    assert_eq!(drops.count(), 3);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_full_line_that_was_closed_says_closed_and_not_full() {
    // "Full" would ask to try again later.
    let rig = Rig::with_line(1, 0);
    let _gates = rig.fill();
    let mut waits_for_room = rig.pool.submit(async {});
    assert!(poll_once(Pin::new(&mut waits_for_room)).is_pending());
    drop(rig.pool.close());
    assert!(rig.pool.try_submit(async {}).is_err_and(|error| !error.is_full()));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_last_handle_closes_the_pool_and_what_was_accepted_drains() {
    let (rig, gates, mut tasks) = busy();
    let Rig { ex, pool } = rig;
    let other = pool.clone();
    drop(pool);
    assert!(!other.is_closed());
    other.pause();
    drop(other);
    gates.into_iter().for_each(Gate::open);
    ex.run_until_idle();
    tasks.iter_mut().for_each(|task| assert_eq!(end(task), End::Value(())));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_can_close_its_own_pool() {
    let rig = Rig::new(1);
    let pool = rig.pool.clone();
    let mut closer = accepted(rig.pool.try_submit(async move {
        // To await this without terms would be to wait for itself.
        pool.close().within(SECOND).await;
    }));
    let mut other = accepted(rig.pool.try_submit(async {}));
    rig.ex.run_until_idle();
    assert!(rig.pool.is_closed());
    rig.advance(SECOND);
    assert_eq!((end(&mut closer), end(&mut other)), (End::Cancelled, End::Cancelled));
    assert_eq!((adds_up(&rig.pool).cancelled, rig.pool.stats().running), (2, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn who_awaits_a_close_hears_when_the_executor_goes() {
    for term in [None, Some(SECOND)] {
        let (rig, _gates, mut tasks) = busy();
        let mut close = rig.pool.close();
        if let Some(within) = term {
            close = close.within(within);
        }
        let (wakes, waker) = WakeCount::new();
        assert!(poll(Pin::new(&mut close), &waker).is_pending());
        drop(rig.ex);
        assert!(wakes.take() > 0, "{term:?}");
        assert!(report(&mut close).is_some(), "{term:?}");
        tasks.iter_mut().for_each(|task| assert_eq!(end(task), End::Closed));
        assert_eq!(adds_up(&rig.pool).cancelled, 5);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_close_ends_a_pause_and_there_is_no_other_after_it() {
    let rig = Rig::new(1);
    rig.pool.pause();
    let mut task = accepted(rig.pool.try_submit(async { 1 }));
    let mut close = rig.pool.close();
    rig.pool.pause();
    assert!(!rig.pool.is_paused());
    rig.ex.run_until_idle();
    assert_eq!((end(&mut task), report(&mut close)), (End::Value(1), Some((1, 0, 0))));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_report_counts_apart_what_others_cancel_meanwhile() {
    let (rig, mut gates, tasks) = busy();
    let mut close = rig.pool.close().within(SECOND);
    assert_eq!(report(&mut close), None);
    assert!(tasks[0].cancel() && tasks[4].cancel());
    gates.remove(1).open();
    rig.ex.run_until_idle();
    rig.advance(SECOND);
    let Poll::Ready(report) = poll_once(Pin::new(&mut close)) else { panic!("it is over") };
    let CloseReport { drained, cancelled_waiting, cancelled_running, cancelled_otherwise, .. } = report;
    assert_eq!([drained, cancelled_waiting, cancelled_running, cancelled_otherwise], [1, 0, 2, 2]);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_ends_between_the_call_and_the_first_poll_is_reported() {
    let (rig, gates, _tasks) = busy();
    let mut close = rig.pool.close();
    gates.into_iter().for_each(Gate::open);
    rig.ex.run_until_idle();
    assert_eq!(report(&mut close), Some((5, 0, 0)));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_drop_that_submits_during_a_close_is_refused() {
    let (rig, _gates, _tasks) = busy();
    let (pool, refused) = (rig.pool.clone(), Later::new());
    let set = refused.clone();
    let guard = super::support::on_drop(move || set.set(pool.try_submit(async {}).is_err_and(|error| !error.is_full())));
    drop(rig.pool.try_submit(async move {
        let _guard = guard;
        pending::<()>().await;
    }));
    assert_eq!(report(&mut rig.pool.close().within(std::time::Duration::ZERO)), Some((0, 4, 2)));
    assert_eq!(refused.take(), Some(true));
}

#[wasm_bindgen_test(unsupported = test)]
fn who_is_cancelled_in_its_last_poll_and_ends_all_the_same_has_drained() {
    let rig = Rig::new(1);
    let (pool, seen) = (rig.pool.clone(), Later::new());
    let set = seen.clone();
    let mut last = accepted(rig.pool.try_submit(async move {
        let mut close = pool.close().within(std::time::Duration::ZERO);
        assert_eq!(report(&mut close), None);
        set.set(close);
    }));
    let mut waiting = accepted(rig.pool.try_submit(async {}));
    rig.ex.run_until_idle();
    let Poll::Ready(report) = poll_once(Pin::new(&mut seen.take().unwrap())) else { panic!("it is over") };
    let CloseReport { drained, cancelled_waiting, cancelled_running, cancelled_otherwise, .. } = report;
    assert_eq!([drained, cancelled_waiting, cancelled_running, cancelled_otherwise], [1, 1, 0, 0]);
    assert_eq!((end(&mut last), end(&mut waiting)), (End::Value(()), End::Cancelled));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_close_that_is_dropped_is_not_told() {
    let (rig, gates, _tasks) = busy();
    let (wakes, waker) = WakeCount::new();
    let mut close = rig.pool.close();
    assert!(poll(Pin::new(&mut close), &waker).is_pending());
    drop(close);
    gates.into_iter().for_each(Gate::open);
    rig.ex.run_until_idle();
    assert_eq!(wakes.take(), 0);
}
