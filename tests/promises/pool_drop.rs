//! Promises 3 and 10 at the end of things: executor, pool, handles and futures may go in every order, from everywhere; nothing leaks or hangs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::any::Any;
use std::future::pending;
use std::pin::Pin;

use millpond::{LocalExecutor, ManualClock, Pool, Task, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Later, Rig, SECOND, accepted, adds_up, end, gated, orders};
use super::support::{Drops, WakeCount, on_drop, poll, poll_once, waker_calling};

/// How many polls of the executor there were before things are dropped, and whether the pool was closed before.
const PROGRESS: [(usize, bool); 5] = [(0, false), (1, false), (9, false), (0, true), (9, true)];

/// A pool in full use, in seven parts that can be dropped one by one; `drops` counts the futures of its tasks.
fn parts(drops: &Drops, (polls, closed): (usize, bool)) -> [Option<Box<dyn Any>>; 7] {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).concurrency(1).queue_capacity(1).build().unwrap();
    let work = || {
        let guard = drops.guard();
        async move {
            let _guard = guard;
            pending::<()>().await;
        }
    };
    let running = accepted(pool.task(work()).timeout(SECOND).try_submit());
    let waiting = accepted(pool.task(work()).queue_timeout(SECOND).try_submit());
    let (mut submit, mut run) = (pool.submit(work()), pool.run(work()));
    assert!(poll_once(Pin::new(&mut submit)).is_pending());
    assert_eq!(end(&mut run), End::NotYet);
    let close: Option<Box<dyn Any>> = closed.then(|| {
        let mut close = pool.close().within(SECOND);
        assert!(poll_once(Pin::new(&mut close)).is_pending());
        Box::new(close) as Box<dyn Any>
    });
    (0..polls).take_while(|_| ex.try_tick()).for_each(drop);
    [
        Some(Box::new(ex)),
        Some(Box::new(pool)),
        Some(Box::new(running)),
        Some(Box::new(waiting)),
        Some(Box::new(submit)),
        Some(Box::new(run)),
        close,
    ]
}

#[wasm_bindgen_test(unsupported = test)]
fn everything_can_be_dropped_in_every_order() {
    for progress in PROGRESS {
        let count = if progress.1 { 7 } else { 6 };
        orders(count, |order| {
            let drops = Drops::default();
            let mut parts = parts(&drops, progress);
            for (done, part) in order.iter().enumerate() {
                drop(parts[*part].take());
                let executor_is_gone = order[..=done].contains(&0);
                let mut still_ours = order[done + 1..].iter().filter(|part| [4, 5].contains(*part));
                assert!(!executor_is_gone || drops.count() >= 4 - still_ours.by_ref().count(), "{progress:?} {order:?}: kept after {part}");
            }
            assert_eq!(drops.count(), 4, "{progress:?} {order:?}");
        });
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn what_outlives_the_executor_settles() {
    let rig = Rig::with_line(1, 1);
    let Rig { ex, pool } = rig;
    let (gate, future) = gated(());
    let mut running = accepted(pool.try_submit(future));
    let mut waiting = accepted(pool.try_submit(async {}));
    let (mut submit, mut run) = (pool.submit(std::future::ready(5)), pool.run(async {}));
    assert!(poll_once(Pin::new(&mut submit)).is_pending());
    assert_eq!(end(&mut run), End::NotYet);
    ex.run_until_idle();
    drop(ex);
    assert_eq!((running.state(), waiting.state()), (TaskState::Ended, TaskState::Ended));
    assert_eq!((end(&mut running), end(&mut waiting), end(&mut run)), (End::Closed, End::Closed, End::Closed));
    assert!(matches!(poll_once(Pin::new(&mut submit)), std::task::Poll::Ready(Err(millpond::Closed(_)))));
    assert!(pool.is_closed() && pool.try_submit(async {}).is_err());
    assert_eq!((pool.cancel_waiting(), adds_up(&pool).cancelled), (0, 2));
    // Steering it is in vain, and does no harm.
    pool.pause();
    pool.resize(9).unwrap();
    pool.resume();
    assert!(poll_once(Pin::new(&mut pool.close().within(SECOND))).is_ready());
    gate.open();
}

#[wasm_bindgen_test(unsupported = test)]
fn who_waits_for_room_in_a_pool_without_tasks_hears_when_the_executor_goes() {
    let Rig { ex, pool } = Rig::with_line(1, 0);
    pool.pause();
    let mut submits: Vec<_> = (0..2).map(|_| (WakeCount::new(), pool.submit(async {}))).collect();
    submits.iter_mut().for_each(|((_, waker), submit)| assert!(poll(Pin::new(submit), waker).is_pending()));
    drop(ex);
    for ((wakes, _), submit) in &mut submits {
        assert!(wakes.take() > 0);
        assert!(matches!(poll_once(Pin::new(submit)), std::task::Poll::Ready(Err(millpond::Closed(_)))));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_that_outlives_its_executor_drops_no_future_twice_and_none_late() {
    let drops = Drops::default();
    let rig = Rig::new(2);
    let tasks: Vec<Task<()>> = (0..10)
        .map(|_| {
            let guard = drops.guard();
            accepted(rig.pool.try_submit(async move {
                let _guard = guard;
                pending::<()>().await;
            }))
        })
        .collect();
    rig.ex.run_until_idle();
    drop(rig.ex);
    assert_eq!(drops.count(), 10);
    drop((rig.pool, tasks));
    assert_eq!(drops.count(), 10);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_owns_its_own_handle_or_pool_goes_with_the_executor() {
    let drops = Drops::default();
    let rig = Rig::new(1);
    for _ in 0..3 {
        let (guard, pool, own) = (drops.guard(), rig.pool.clone(), Later::<Task<()>>::new());
        let inside = own.clone();
        own.set(accepted(rig.pool.try_submit(async move {
            let _all = (guard, pool, inside);
            pending::<()>().await;
        })));
    }
    let Rig { ex, pool } = rig;
    drop(pool);
    ex.run_until_idle();
    assert_eq!(drops.count(), 0);
    drop(ex);
    assert_eq!(drops.count(), 3);
}

#[wasm_bindgen_test(unsupported = test)]
fn parts_can_be_dropped_from_inside_a_task() {
    // Everything but the executor, which is in use by whoever polls.
    for part in 1..7 {
        let drops = Drops::default();
        let mut parts = parts(&drops, (9, true));
        let other = Rig::new(1);
        let taken = parts[part].take();
        let mut task = accepted(other.pool.try_submit(async move { drop(taken) }));
        other.ex.run_until_idle();
        assert_eq!(end(&mut task), End::Value(()));
        drop(parts);
        assert_eq!(drops.count(), 4, "{part}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_can_drop_the_last_handle_of_its_own_pool() {
    let Rig { ex, pool } = Rig::new(1);
    let own = pool.clone();
    let mut first = accepted(pool.try_submit(async move {
        drop(own);
        super::support::give_way().await;
        1
    }));
    let mut second = accepted(pool.try_submit(async { 2 }));
    drop(pool);
    ex.run_until_idle();
    assert_eq!((end(&mut first), end(&mut second)), (End::Value(1), End::Value(2)));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_executor_of_another_pool_can_go_from_inside_a_task() {
    let (mine, other) = (Rig::new(1), Rig::new(1));
    let Rig { ex, pool } = other;
    let mut tasks: Vec<_> = (0..3).map(|_| accepted(pool.try_submit(pending::<()>()))).collect();
    ex.run_until_idle();
    let _killer = accepted(mine.pool.try_submit(async move { drop(ex) }));
    mine.ex.run_until_idle();
    tasks.iter_mut().for_each(|task| assert_eq!(end(task), End::Closed));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_executor_can_go_from_a_waker_or_a_drop() {
    for by_drop in [false, true] {
        let Rig { ex, pool } = Rig::new(1);
        let last = Later::new();
        let inner = last.clone();
        let end_it = move || drop(inner.take());
        let mut first = if by_drop {
            let guard = on_drop(end_it);
            accepted(pool.try_submit(async move {
                let _guard = guard;
                pending::<()>().await;
            }))
        } else {
            let mut task = accepted(pool.try_submit(pending::<()>()));
            assert!(poll(Pin::new(&mut task), &waker_calling(end_it)).is_pending());
            task
        };
        let mut others: Vec<_> = (0..3).map(|_| accepted(pool.try_submit(pending::<()>()))).collect();
        ex.run_until_idle();
        last.set(ex);
        assert!(first.cancel());
        assert_eq!(end(&mut first), End::Cancelled);
        others.iter_mut().for_each(|task| assert_eq!(end(task), End::Closed));
        assert_eq!((adds_up(&pool).cancelled, pool.stats().running), (4, 0));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_drop_during_the_end_of_the_executor_can_use_the_pool() {
    let Rig { ex, pool } = Rig::new(2);
    let refused = Later::new();
    for _ in 0..4 {
        let (inner, set) = (pool.clone(), refused.clone());
        let guard = on_drop(move || {
            let refused = inner.try_submit(async {}).is_err();
            inner.cancel_waiting();
            inner.resize(7).unwrap();
            adds_up(&inner);
            set.set(refused);
        });
        drop(pool.try_submit(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
    }
    ex.run_until_idle();
    drop(ex);
    assert_eq!((refused.take(), adds_up(&pool).cancelled), (Some(true), 4));
}
