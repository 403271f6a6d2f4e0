//! Weights: what runs never weighs more than the concurrency, a heavy task at the head waits and is not overtaken, and none waits for ever.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::rc::Rc;

use millpond::{LocalExecutor, ManualClock, Pool, PoolManager, Task, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Random, Rig, accepted, adds_up, end, gated};

fn heavy(pool: &Pool, weight: u32) -> (Gate, Task<()>) {
    let (gate, future) = gated(());
    (gate, accepted(pool.task(future).weight(weight).unwrap().try_submit()))
}

fn states<T>(tasks: &[(Gate, Task<T>)]) -> Vec<TaskState> {
    tasks.iter().map(|(_, task)| task.state()).collect()
}

use TaskState::{Ended, Running, Waiting};

#[wasm_bindgen_test(unsupported = test)]
fn what_runs_never_weighs_more_than_the_concurrency() {
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let rig = Rig::new(7);
        let weighs = Rc::new(Cell::new(0));
        for _ in 0..60 {
            let weight = 1 + random.below(7) as u32;
            let (scale, ex, polls) = (weighs.clone(), rig.ex.clone(), random.below(4));
            let work = async move {
                scale.set(scale.get() + weight);
                assert!(scale.get() <= 7, "{} of 7", scale.get());
                for _ in 0..polls {
                    super::support::give_way().await;
                }
                scale.set(scale.get() - weight);
                drop(ex);
            };
            drop(accepted(rig.pool.task(work).weight(weight).unwrap().try_submit()));
        }
        rig.ex.run_until_idle();
        assert_eq!((adds_up(&rig.pool).succeeded, weighs.get()), (60, 0));
        rig.assert_all_permits_are_back(7);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_heavy_task_at_the_head_waits_for_room_and_is_not_overtaken() {
    let rig = Rig::new(3);
    let mut tasks = vec![heavy(&rig.pool, 2), heavy(&rig.pool, 2), heavy(&rig.pool, 1)];
    // One unit is free, and the light one would fit; but it came later.
    assert_eq!(states(&tasks), [Running, Waiting, Waiting]);
    let (gate, _first) = tasks.remove(0);
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!(states(&tasks), [Running, Running]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_heavier_than_the_pool_runs_alone_instead_of_never() {
    let rig = Rig::new(3);
    let light = heavy(&rig.pool, 1);
    let giant = heavy(&rig.pool, u32::MAX);
    let after = heavy(&rig.pool, 1);
    assert_eq!(states(&[light, giant, after])[..], [Running, Waiting, Waiting]);

    let rig = Rig::new(3);
    let tasks = [heavy(&rig.pool, 100), heavy(&rig.pool, 1)];
    assert_eq!(states(&tasks), [Running, Waiting]);
    let [(gate, mut giant), light] = tasks;
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!((end(&mut giant), light.1.state()), (End::Value(()), Running));
}

#[wasm_bindgen_test(unsupported = test)]
fn after_a_shrink_a_heavy_task_waits_for_all_there_is_and_gives_back_what_it_took() {
    let rig = Rig::new(4);
    let running = heavy(&rig.pool, 4);
    let waiting = heavy(&rig.pool, 3);
    rig.pool.resize(2).unwrap();
    running.0.open();
    rig.ex.run_until_idle();
    assert_eq!((running.1.state(), waiting.1.state()), (Ended, Running));
    rig.pool.resize(4).unwrap();
    // It took the two units there were, not three.
    let others = [heavy(&rig.pool, 1), heavy(&rig.pool, 1), heavy(&rig.pool, 1)];
    assert_eq!(states(&others), [Running, Running, Waiting]);
    drop(waiting.1);
    waiting.0.open();
    others.into_iter().for_each(|(gate, _)| gate.open());
    rig.assert_all_permits_are_back(4);
}

#[wasm_bindgen_test(unsupported = test)]
fn under_a_cap_over_all_a_heavy_head_keeps_its_turn() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let manager = PoolManager::builder(&ex).concurrency(3).pool_queue_capacity(9).build().unwrap();
    let [a, b] = ["a", "b"].map(|key| manager.get(key).unwrap());
    let first = heavy(&a, 2);
    let second = heavy(&a, 2);
    let light = heavy(&b, 1);
    assert_eq!(states(&[first, second, light]), [Running, Waiting, Waiting]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_heavy_task_that_leaves_the_head_lets_the_next_start() {
    for cancels in [true, false] {
        let rig = Rig::new(2);
        let tasks = [heavy(&rig.pool, 1), heavy(&rig.pool, 2), heavy(&rig.pool, 1)];
        assert_eq!(states(&tasks), [Running, Waiting, Waiting]);
        if cancels {
            tasks[1].1.cancel();
        } else {
            tasks[2].1.set_priority(millpond::Priority::High);
        }
        assert_eq!(tasks[2].1.state(), Running, "cancelled: {cancels}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_submission_waits_for_as_much_room_as_it_needs() {
    let rig = Rig::with_line(3, 0);
    let (gate, running) = heavy(&rig.pool, 2);
    let (_gate, future) = gated(());
    let mut submit = Box::pin(rig.pool.task(future).weight(2).unwrap().submit());
    assert!(super::support::poll_once(submit.as_mut()).is_pending());
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!(running.state(), Ended);
    assert!(super::support::poll_once(submit.as_mut()).is_ready());
}

#[wasm_bindgen_test(unsupported = test)]
fn no_weight_at_all_is_refused() {
    let rig = Rig::new(1);
    let error = rig.pool.task(async {}).weight(0).unwrap_err();
    assert_eq!(error.to_string(), "weight: 0 is refused, use 1 or more");
    assert_eq!(rig.pool.stats().submitted, 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_room_that_one_heavy_task_leaves_is_for_all_who_fit_into_it() {
    let rig = Rig::new(4);
    let mut tasks = vec![heavy(&rig.pool, 4), heavy(&rig.pool, 2), heavy(&rig.pool, 2)];
    rig.ex.run_until_idle();
    tasks.remove(0).0.open();
    rig.ex.run_until_idle();
    assert_eq!(states(&tasks), [Running, Running]);
}
