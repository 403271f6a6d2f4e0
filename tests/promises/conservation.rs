//! Promise 4, conservation: the counters add up at every instant, and every end is counted under its own name.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::pin::Pin;

use millpond::{Pool, PoolStats, Task, TrySubmitError};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Gate, Later, Random, Rig, SECOND, accepted, adds_up, balances, gated};
use super::support::{Recorder, give_way, on_drop, poll, poll_once, waker_calling};

/// What has ended, by name: succeeded, cancelled, timed out.
fn ends(stats: &PoolStats) -> (u64, u64, u64) {
    (stats.succeeded, stats.cancelled, stats.timed_out)
}

#[wasm_bindgen_test(unsupported = test)]
fn a_new_pool_has_counted_nothing() {
    let stats = Rig::new(3).pool.stats();
    assert_eq!((stats.submitted, stats.waiting, stats.running, ends(&stats), stats.rejected), (0, 0, 0, (0, 0, 0), 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn every_end_is_counted_under_its_name() {
    let rig = Rig::new(1);
    let stuck = |queue, run| rig.pool.task(pending::<()>()).queue_timeout(queue * SECOND).timeout(run * SECOND).try_submit().unwrap();
    let expect = |expected: (u64, u64, u64)| assert_eq!(ends(&adds_up(&rig.pool)), expected);
    drop(rig.pool.try_submit(async {}));
    rig.ex.run_until_idle();
    expect((1, 0, 0));
    stuck(9, 9).cancel();
    expect((1, 1, 0));
    let _running = stuck(9, 5);
    stuck(9, 9).cancel();
    expect((1, 2, 0));
    drop(stuck(1, 9));
    rig.advance(SECOND);
    expect((1, 2, 1));
    rig.advance(4 * SECOND);
    expect((1, 2, 2));
    let (_running, _waiting) = (stuck(9, 9), stuck(9, 9));
    drop(rig.ex);
    expect_closed(&rig.pool);
}

/// Those who lose their executor count as cancelled.
fn expect_closed(pool: &Pool) {
    assert_eq!(ends(&adds_up(pool)), (1, 4, 2));
}

#[wasm_bindgen_test(unsupported = test)]
fn what_does_not_fit_is_handed_back_and_counted_apart() {
    let rig = Rig::with_line(1, 1);
    let kept: Vec<Task<()>> = (0..2).map(|_| accepted(rig.pool.try_submit(pending()))).collect();
    let refused = rig.pool.try_submit(std::future::ready("mine")).map(drop).unwrap_err();
    assert!(refused.is_full());
    assert_eq!(refused.to_string(), "the waiting line of the pool is full");
    assert_eq!(futures_ready(refused), "mine");
    let _close = rig.pool.close();
    let refused = rig.pool.try_submit(std::future::ready("still mine")).map(drop).unwrap_err();
    assert!(!refused.is_full());
    assert_eq!(refused.to_string(), "the pool is closed and takes no more tasks");
    assert_eq!(futures_ready(refused), "still mine");
    let stats = adds_up(&rig.pool);
    assert_eq!((stats.submitted, stats.rejected, kept.len()), (2, 2, 2));
}

/// The output of the future that came back.
fn futures_ready<F: Future + Unpin>(refused: TrySubmitError<F>) -> F::Output {
    match poll_once(Pin::new(&mut refused.into_inner())) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => unreachable!("it is ready"),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn waiting_for_room_is_neither_submitted_nor_rejected() {
    let rig = Rig::with_line(1, 0);
    let (gate, future) = gated(());
    let _running = accepted(rig.pool.try_submit(future));
    let mut submit = rig.pool.submit(async {});
    (0..3).for_each(|_| assert!(poll_once(Pin::new(&mut submit)).is_pending()));
    let stats = adds_up(&rig.pool);
    assert_eq!((stats.submitted, stats.waiting, stats.rejected), (1, 0, 0));
    gate.open();
    rig.ex.run_until_idle();
    assert!(poll_once(Pin::new(&mut submit)).is_ready());
    assert_eq!((adds_up(&rig.pool).submitted, rig.pool.stats().rejected), (2, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn who_is_refused_because_others_wait_for_room_is_counted() {
    let rig = Rig::with_line(1, 0);
    let gate = rig.fill().pop().unwrap();
    let before = rig.pool.stats().rejected;
    let mut submit = rig.pool.submit(async {});
    assert!(poll_once(Pin::new(&mut submit)).is_pending());
    gate.open();
    rig.ex.run_until_idle();
    assert!(rig.pool.try_submit(async {}).is_err_and(|error| error.is_full()), "somebody else comes first");
    assert_eq!(adds_up(&rig.pool).rejected, before + 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_sums_hold_inside_tasks_drops_and_wakers() {
    let rig = Rig::with_line(3, 20);
    let mut random = Random::new(4);
    let mut tasks: Vec<Task<()>> = Vec::new();
    let record = Recorder::new();
    let look = |place: &'static str| {
        let (pool, record) = (rig.pool.clone(), record.clone());
        move || record.note((place, balances(&pool.stats())))
    };
    for _ in 0..300 {
        let (guard, inside, rounds) = (on_drop(look("drop")), look("task"), random.below(4));
        let work = async move {
            let _guard = guard;
            for _ in 0..rounds {
                inside();
                give_way().await;
            }
            inside();
        };
        if let Ok(mut task) = rig.pool.task(work).timeout(SECOND).try_submit() {
            assert!(poll(Pin::new(&mut task), &waker_calling(look("waker"))).is_pending());
            tasks.push(task);
        }
        if random.below(3) == 0 && !tasks.is_empty() {
            tasks.swap_remove(random.below(tasks.len())).cancel();
        }
        (0..random.below(5)).for_each(|_| _ = rig.ex.try_tick());
        adds_up(&rig.pool);
    }
    rig.pool.cancel_waiting();
    rig.assert_all_permits_are_back(3);
    let seen = record.take();
    for place in ["drop", "task", "waker"] {
        assert!(seen.iter().filter(|(at, _)| *at == place).count() > 100, "{place}");
        assert!(!seen.contains(&(place, false)), "{place}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_snapshot_taken_at_the_hand_over_adds_up() {
    let rig = Rig::new(1);
    let (gate, future) = gated(());
    let mut first = accepted(rig.pool.try_submit(future));
    let _second = accepted(rig.pool.try_submit(pending::<()>()));
    let (pool, seen) = (rig.pool.clone(), Later::new());
    let set = seen.clone();
    let waker = waker_calling(move || set.set(adds_up(&pool)));
    assert!(poll(Pin::new(&mut first), &waker).is_pending());
    Gate::open(gate);
    rig.ex.run_until_idle();
    assert_eq!(seen.take().map(|stats| (stats.succeeded, stats.running, stats.waiting)), Some((1, 1, 0)));
}
