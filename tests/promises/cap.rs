//! Promise 1, the cap: never more tasks run than may, at no instant, and never fewer than could.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::task::Waker;

use millpond::{Concurrency, LocalExecutor, Pool, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Gauge, Later, Rig, accepted, adds_up, end, gated};
use super::support::{give_way, on_drop};

#[wasm_bindgen_test(unsupported = test)]
fn exactly_as_many_run_as_may_while_enough_wait() {
    for (concurrency, tasks) in [(1, 1), (1, 9), (2, 9), (3, 2), (7, 50), (50, 50), (64, 500)] {
        let rig = Rig::new(concurrency);
        let gauge = Gauge::default();
        for _ in 0..tasks {
            let gauge = gauge.clone();
            let _detached = accepted(rig.pool.try_submit(async move {
                let _inside = gauge.enter();
                give_way().await;
                give_way().await;
            }));
            adds_up(&rig.pool);
        }
        while rig.ex.try_tick() {
            let stats = adds_up(&rig.pool);
            assert!(stats.running <= u64::from(concurrency));
            assert!(stats.waiting == 0 || stats.running == u64::from(concurrency), "a permit lies idle while tasks wait");
        }
        assert_eq!(gauge.most(), tasks.min(concurrency as usize), "{concurrency} of {tasks}");
        assert_eq!(rig.pool.stats().succeeded, tasks as u64);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn unlimited_runs_everything_at_once() {
    let ex = LocalExecutor::new();
    let pool = Pool::builder(&ex).build().unwrap();
    let gates: Vec<Gate> = (0..1000)
        .map(|_| {
            let (gate, future) = gated(());
            assert_eq!(accepted(pool.try_submit(future)).state(), TaskState::Running);
            gate
        })
        .collect();
    ex.run_until_idle();
    assert_eq!(pool.stats().running, 1000);
    gates.into_iter().for_each(Gate::open);
    ex.run_until_idle();
    assert_eq!(pool.stats().succeeded, 1000);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_free_permit_is_given_in_the_very_call() {
    let rig = Rig::new(2);
    let tasks: Vec<_> = (0..3).map(|_| accepted(rig.pool.try_submit(async {}))).collect();
    let states: Vec<_> = tasks.iter().map(millpond::Task::state).collect();
    assert_eq!(states, [TaskState::Running, TaskState::Running, TaskState::Waiting]);
}

#[wasm_bindgen_test(unsupported = test)]
fn after_a_shrink_nothing_starts_until_fewer_run() {
    let rig = Rig::new(4);
    let mut gates = rig.fill();
    let mut waiting = accepted(rig.pool.try_submit(async { "started" }));
    rig.pool.resize(2).unwrap();
    assert_eq!(rig.pool.stats().running, 4, "a shrink stops nothing");
    for running in [3, 2] {
        gates.pop().unwrap().open();
        rig.ex.run_until_idle();
        assert_eq!(rig.pool.stats().running, running);
        assert_eq!(waiting.state(), TaskState::Waiting);
    }
    gates.pop().unwrap().open();
    rig.ex.run_until_idle();
    assert_eq!(end(&mut waiting), End::Value("started"));
    gates.pop().unwrap().open();
    rig.assert_all_permits_are_back(2);
}

#[wasm_bindgen_test(unsupported = test)]
fn after_a_growth_what_waits_starts_at_once() {
    let rig = Rig::new(1);
    let _gates = rig.fill();
    let waiting: Vec<_> = (0..5).map(|_| accepted(rig.pool.try_submit(std::future::pending::<()>()))).collect();
    let running = |waiting: &[millpond::Task<()>]| waiting.iter().take_while(|task| task.state() == TaskState::Running).count();
    rig.pool.resize(3).unwrap();
    assert_eq!((running(&waiting), rig.pool.stats().running), (2, 3));
    rig.pool.resize(Concurrency::Unlimited).unwrap();
    assert_eq!((running(&waiting), rig.pool.stats().running), (5, 6));
}

#[wasm_bindgen_test(unsupported = test)]
fn resizing_from_inside_tasks_never_breaks_the_cap_of_the_moment() {
    let rig = Rig::new(3);
    let gauge = Gauge::default();
    for number in 0..200_u32 {
        let (pool, gauge) = (rig.pool.clone(), gauge.clone());
        let _detached = accepted(rig.pool.try_submit(async move {
            let inside = gauge.enter();
            give_way().await;
            let before = gauge.now();
            pool.resize(1 + number % 5).unwrap();
            assert_eq!(gauge.now(), before, "resizing polls nothing");
            give_way().await;
            drop(inside);
        }));
    }
    let mut last = 0;
    while rig.ex.try_tick() {
        let stats = adds_up(&rig.pool);
        let Concurrency::AtMost(cap) = stats.concurrency else { unreachable!() };
        assert!(stats.running <= u64::from(cap) || stats.running <= last, "{} run of {cap}, {last} before", stats.running);
        last = stats.running;
    }
    assert!(gauge.most() <= 5);
    assert_eq!(rig.pool.stats().succeeded, 200);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_permit_is_held_until_the_future_is_dropped() {
    // What the future held (a connection, a file) is free when the next task starts: however the first one ends.
    type Way = fn(&millpond::Task<()>, Gate);
    let ways: [Way; 2] = [|_, gate| gate.open(), |task, _| assert!(task.cancel())];
    for way in ways {
        let rig = Rig::new(1);
        let (pool, next) = (rig.pool.clone(), Later::<millpond::Task<()>>::new());
        // Noted, not asserted: the pool catches what panics in a drop.
        let (inner, seen) = (next.clone(), Later::new());
        let set = seen.clone();
        let guard = on_drop(move || set.set((inner.take().map(|next| next.state()), pool.stats().running)));
        let (gate, future) = gated(());
        let task = accepted(rig.pool.try_submit(async move {
            let _guard = guard;
            future.await;
        }));
        next.set(accepted(rig.pool.try_submit(async {})));
        rig.ex.run_until_idle();
        way(&task, gate);
        rig.ex.run_until_idle();
        assert_eq!(seen.take(), Some((Some(TaskState::Waiting), 1)), "the next one started before the drop");
        rig.assert_all_permits_are_back(1);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn pools_of_one_executor_have_caps_of_their_own() {
    let ex = LocalExecutor::new();
    let pools: Vec<Pool> =
        (1..=3).map(|concurrency| Pool::builder(&ex).concurrency(concurrency).queue_capacity(10).build().unwrap()).collect();
    for pool in &pools {
        (0..5).for_each(|_| drop(pool.try_submit(std::future::pending::<()>())));
    }
    ex.run_until_idle();
    let counts: Vec<_> = pools.iter().map(|pool| (pool.stats().running, pool.stats().waiting)).collect();
    assert_eq!(counts, [(1, 4), (2, 3), (3, 2)]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_paused_pool_starts_nothing_and_stops_nothing() {
    let rig = Rig::new(2);
    let (gate, future) = gated(1);
    let mut running = accepted(rig.pool.try_submit(future));
    rig.pool.pause();
    assert!(rig.pool.is_paused());
    let mut waiting = accepted(rig.pool.try_submit(async { 2 }));
    assert_eq!(waiting.state(), TaskState::Waiting, "although a permit is free");
    gate.open();
    rig.ex.run_until_idle();
    rig.pool.resize(10).unwrap();
    rig.ex.run_until_idle();
    assert_eq!((end(&mut running), end(&mut waiting)), (End::Value(1), End::NotYet));
    rig.pool.resume();
    assert_eq!((rig.pool.is_paused(), waiting.state()), (false, TaskState::Running));
    rig.ex.run_until_idle();
    assert_eq!(end(&mut waiting), End::Value(2));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_wakes_itself_holds_one_permit_only() {
    let rig = Rig::new(2);
    let gauge = Gauge::default();
    for _ in 0..2 {
        let gauge = gauge.clone();
        let _detached = accepted(rig.pool.try_submit(async move {
            let _inside = gauge.enter();
            loop {
                // More wakes than polls.
                let waker = std::future::poll_fn(|cx| std::task::Poll::Ready(cx.waker().clone())).await;
                (0..3).for_each(|_| Waker::wake_by_ref(&waker));
                give_way().await;
            }
        }));
    }
    let _waiting = accepted(rig.pool.try_submit(async {}));
    (0..100).for_each(|_| assert!(rig.ex.try_tick()));
    assert_eq!((gauge.most(), rig.pool.stats().running, rig.pool.stats().waiting), (2, 2, 1));
}
