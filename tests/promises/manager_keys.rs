//! Promises of a manager about keys: one pool for each, made when it is needed; caps of their own, and one over all in which keys take turns.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::pin::Pin;

use millpond::{Concurrency, LocalExecutor, PoolManager, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Gauge, SECOND, accepted, end, gated};
use super::manager_kit::{Estate, IDLE};
use super::support::{Recorder, give_way, poll, poll_once, waker_calling};

#[wasm_bindgen_test(unsupported = test)]
fn nothing_exists_before_it_is_asked_for() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
    assert!(estate.manager.is_empty());
    assert_eq!((estate.ex.run_until_idle(), estate.ex.next_deadline()), (0, None));
    let lease = estate.manager.get(7).unwrap();
    assert_eq!((estate.manager.len(), estate.manager.keys(), estate.manager.contains(&7)), (1, vec![7], true));
    assert!(!estate.manager.contains(&8), "asking whether there is one makes none");
    assert_eq!((estate.ex.run_until_idle(), estate.ex.next_deadline()), (0, None), "a pool without work is no task and no timer");
    drop(lease);
}

#[wasm_bindgen_test(unsupported = test)]
fn five_hundred_gets_of_a_key_make_one_pool_and_no_runner() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(2));
    let leases: Vec<_> = (0..500).map(|_| estate.manager.get(1).unwrap()).collect();
    assert_eq!(estate.manager.len(), 1);
    assert_eq!(estate.ex.run_until_idle(), 0, "no runner without work");
    let gauge = Gauge::default();
    for lease in &leases {
        let gauge = gauge.clone();
        let _detached = accepted(lease.try_submit(async move {
            let _inside = gauge.enter();
            give_way().await;
        }));
    }
    let stats = estate.adds_up();
    assert_eq!((stats.running, stats.waiting), (2, 498));
    estate.ex.run_until_idle();
    assert_eq!((gauge.most(), estate.adds_up().succeeded), (2, 500));
}

#[wasm_bindgen_test(unsupported = test)]
fn five_hundred_gets_one_after_the_other_leave_no_runner_behind() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(3).idle_timeout(IDLE));
    for number in 0..500 {
        let lease = estate.manager.get(1).unwrap();
        let mut task = accepted(lease.try_submit(async move { number }));
        estate.ex.run_until_idle();
        assert_eq!(end(&mut task), End::Value(number));
    }
    assert!(estate.ex.run_until_idle() <= 1, "nobody but who keeps time");
    assert_eq!((estate.manager.len(), estate.ex.next_deadline()), (1, Some(IDLE)));
}

#[wasm_bindgen_test(unsupported = test)]
fn all_leases_of_a_key_share_one_line() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1));
    let (one, other) = (estate.manager.get(1).unwrap(), estate.manager.get(1).unwrap());
    let order = Recorder::new();
    for (number, lease) in [&one, &other, &one.clone(), &other].into_iter().enumerate() {
        let order = order.clone();
        let _detached = accepted(lease.try_submit(async move { order.note(number) }));
    }
    assert_eq!((one.stats(), one.stats().waiting), (other.stats(), 3));
    estate.ex.run_until_idle();
    assert_eq!(order.take(), [0, 1, 2, 3]);
}

#[wasm_bindgen_test(unsupported = test)]
fn keys_have_caps_of_their_own() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(2));
    let leases: Vec<_> = (0..3).map(|key| estate.manager.get(key).unwrap()).collect();
    leases[1].resize(3).unwrap();
    for lease in &leases {
        (0..5).for_each(|_| drop(accepted(lease.try_submit(std::future::pending::<()>()))));
    }
    let counts: Vec<_> = leases.iter().map(|lease| (lease.stats().running, lease.stats().waiting)).collect();
    assert_eq!(counts, [(2, 3), (3, 2), (2, 3)]);
    assert_eq!(estate.adds_up().running, 7);
}

#[wasm_bindgen_test(unsupported = test)]
fn under_the_cap_over_all_keys_take_turns() {
    let estate = Estate::<()>::new(|options| options.concurrency(1));
    let order = Recorder::new();
    for key in 0..3 {
        let lease = estate.manager.get(key).unwrap();
        for number in 1..=4 {
            let order = order.clone();
            let _detached = accepted(lease.try_submit(async move { order.note((key, number)) }));
        }
    }
    assert_eq!(estate.adds_up().running, 1);
    estate.ex.run_until_idle();
    let turns = [(0, 1), (0, 2), (1, 1), (2, 1), (0, 3), (1, 2), (2, 2), (0, 4), (1, 3), (2, 3), (1, 4), (2, 4)];
    assert_eq!(order.take(), turns);
}

#[wasm_bindgen_test(unsupported = test)]
fn nobody_slips_in_between_the_end_of_a_task_and_the_start_of_the_next() {
    let estate = Estate::<()>::new(|options| options.concurrency(1));
    let (ends, waits, late) = (estate.manager.get(0).unwrap(), estate.manager.get(1).unwrap(), estate.manager.get(2).unwrap());
    let (gate, future) = gated(());
    let _first = accepted(ends.try_submit(future));
    let order = Recorder::new();
    let (second, third) = (order.clone(), order.clone());
    let _second = accepted(waits.try_submit(async move { second.note(1) }));
    // Told inside the settling of the first task, when its permit is free and nobody has it yet.
    let late = Cell::new(Some(late));
    let slips_in = waker_calling(move || {
        let Some(late) = late.take() else { return };
        let third = third.clone();
        let task = accepted(late.try_submit(async move { third.note(2) }));
        assert_eq!(task.state(), TaskState::Waiting);
    });
    let mut drained = ends.close();
    assert!(poll(Pin::new(&mut drained), &slips_in).is_pending());
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!(order.take(), [1, 2]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_key_with_a_thousand_tasks_delays_another_by_one_turn() {
    let estate = Estate::<()>::new(|options| options.concurrency(2).pool_concurrency(2));
    let busy = estate.manager.get(0).unwrap();
    (0..1000).for_each(|_| drop(accepted(busy.try_submit(give_way()))));
    let mut task = accepted(estate.manager.get(1).unwrap().try_submit(async {}));
    while end(&mut task) == End::NotYet {
        assert!(estate.ex.try_tick());
    }
    assert!(busy.stats().succeeded <= 4, "{:?}", busy.stats());
}

#[wasm_bindgen_test(unsupported = test)]
fn the_cap_over_all_holds_at_every_instant_and_no_permit_lies_idle() {
    for (all, each, keys) in [(1, 1, 3), (4, 2, 3), (5, 3, 2), (7, 4, 5)] {
        let estate = Estate::<()>::new(|options| options.concurrency(all).pool_concurrency(each));
        let (total, leases): (Gauge, Vec<_>) = (Gauge::default(), (0..keys).map(|key| estate.manager.get(key).unwrap()).collect());
        let gauges: Vec<Gauge> = leases.iter().map(|_| Gauge::default()).collect();
        for round in 0..60 {
            let place = round * 7 % leases.len();
            let (own, total) = (gauges[place].clone(), total.clone());
            let _detached = accepted(leases[place].try_submit(async move {
                let _inside = (own.enter(), total.enter());
                for _ in 0..round % 4 {
                    give_way().await;
                }
            }));
        }
        while estate.ex.try_tick() {
            let stats = estate.adds_up();
            assert!(stats.running <= u64::from(all));
            let startable = leases.iter().any(|lease| lease.stats().waiting > 0 && lease.stats().running < u64::from(each));
            assert!(!startable || stats.running == u64::from(all), "a permit lies idle while tasks wait");
        }
        assert!(gauges.iter().all(|gauge| gauge.most() <= each as usize));
        assert_eq!((total.most(), estate.adds_up().succeeded), ((all as usize).min((each * keys) as usize), 60));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn who_waits_for_room_gets_the_permit_another_key_gives_back() {
    // Without a line, only a permit is room; and here it is the cap over all that is in the way.
    let estate = Estate::<()>::new(|options| options.concurrency(1).pool_queue_capacity(0));
    let (gate, future) = gated(());
    let _running = accepted(estate.manager.get(0).unwrap().try_submit(future));
    let runs: Vec<_> = (1..=3).map(|key| estate.ex.spawn(estate.manager.get(key).unwrap().run(async move { key }))).collect();
    estate.ex.run_until_idle();
    assert_eq!(estate.adds_up().submitted, 1);
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!(estate.adds_up().succeeded, 4);
    for (key, run) in (1..=3).zip(runs) {
        assert_eq!(estate.finish(run).unwrap().unwrap(), key);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_place_among_those_who_wait_for_room_is_passed_on_to_other_keys() {
    let estate = Estate::<()>::new(|options| options.concurrency(1).pool_queue_capacity(0));
    let (gate, future) = gated(());
    let _running = accepted(estate.manager.get(0).unwrap().try_submit(future));
    let (gone, paused) = (estate.manager.get(1).unwrap(), estate.manager.get(2).unwrap());
    let mut leaves = Box::pin(gone.run(async {}));
    let mut held_up = paused.run(async {});
    assert!(poll_once(leaves.as_mut()).is_pending() && end(&mut held_up) == End::NotYet);
    let run = estate.ex.spawn(estate.manager.get(3).unwrap().run(async { "through" }));
    estate.ex.run_until_idle();
    gate.open();
    estate.ex.run_until_idle();
    // The permit is free, and was offered to the first of key 1, which goes; then to key 2, which is paused before it looks.
    drop(leaves);
    paused.pause();
    assert_eq!(end(&mut held_up), End::NotYet);
    estate.ex.run_until_idle();
    assert_eq!(estate.finish(run).unwrap().unwrap(), "through");
    paused.resume();
    estate.ex.run_until_idle();
    assert_eq!(estate.finish(held_up).unwrap(), ());
}

#[wasm_bindgen_test(unsupported = test)]
fn raising_the_cap_over_all_lets_in_who_waits_for_room() {
    let estate = Estate::<()>::new(|options| options.concurrency(1).pool_queue_capacity(0));
    let _running = accepted(estate.manager.get(0).unwrap().try_submit(std::future::pending::<()>()));
    for key in 1..=3 {
        drop(estate.ex.spawn(estate.manager.get(key).unwrap().run(std::future::pending::<()>())));
    }
    estate.ex.run_until_idle();
    estate.manager.resize(3).unwrap();
    estate.ex.run_until_idle();
    assert_eq!(estate.adds_up().running, 3);
    estate.manager.resize(Concurrency::Unlimited).unwrap();
    estate.ex.run_until_idle();
    assert_eq!(estate.adds_up().running, 4);
}

#[wasm_bindgen_test(unsupported = test)]
fn resizing_all_starts_what_may_start_and_stops_nothing() {
    let estate = Estate::<()>::new(|options| options.concurrency(1));
    let mut gates: Vec<Gate> = Vec::new();
    let tasks: Vec<_> = (0..4)
        .map(|key| {
            let (gate, future) = gated(());
            gates.push(gate);
            accepted(estate.manager.get(key).unwrap().try_submit(future))
        })
        .collect();
    assert_eq!(estate.manager.concurrency(), Concurrency::AtMost(1));
    estate.manager.resize(3).unwrap();
    let states = || tasks.iter().filter(|task| task.state() == TaskState::Running).count();
    assert_eq!(states(), 3);
    estate.manager.resize(1).unwrap();
    assert_eq!(states(), 3, "a shrink stops nothing");
    for (gate, running) in gates.into_iter().zip([2, 1, 1, 0]) {
        gate.open();
        estate.ex.run_until_idle();
        assert_eq!(states(), running);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_totals_add_up_and_count_what_is_gone() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).pool_queue_capacity(1).idle_timeout(IDLE));
    for key in 0..10 {
        let lease = estate.manager.get(key).unwrap();
        let _detached = accepted(lease.try_submit(async {}));
        assert!(accepted(lease.try_submit(async {})).cancel());
        let _late = accepted(lease.task(async {}).queue_timeout(SECOND / 2).try_submit());
        lease.try_submit(async {}).unwrap_err();
        lease.pause();
        estate.advance(SECOND);
        lease.resume();
        estate.adds_up();
    }
    let before = estate.adds_up();
    assert_eq!((before.submitted, before.succeeded, before.cancelled, before.timed_out, before.rejected), (30, 10, 10, 10, 10));
    estate.advance(IDLE);
    assert!(estate.manager.is_empty());
    assert_eq!(estate.adds_up(), before);
}

#[wasm_bindgen_test(unsupported = test)]
fn bad_options_are_refused_by_name_and_change_nothing() {
    let ex = LocalExecutor::new();
    let builder = || PoolManager::<u32>::builder(&ex);
    let refused = [builder().concurrency(0).build(), builder().pool_concurrency(0).build()];
    let options: Vec<_> = refused.into_iter().map(|refused| refused.unwrap_err().option()).collect();
    assert_eq!(options, ["concurrency", "pool_concurrency"]);
    let manager = builder().concurrency(3).build().unwrap();
    assert_eq!(manager.resize(0).unwrap_err().option(), "concurrency");
    assert_eq!(manager.concurrency(), Concurrency::AtMost(3));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_key_has_its_turn_at_a_free_permit_from_when_somebody_waits() {
    let estate = Estate::<()>::new(|options| options.concurrency(1).pool_queue_capacity(0));
    let [busy, early, late] = [0, 1, 2].map(|key| estate.manager.get(key).unwrap());
    let (gate, future) = gated(());
    let _running = accepted(busy.try_submit(future));
    // Somebody waits, and a key is changed for which nobody does.
    let _close = estate.ex.spawn(busy.close());
    estate.ex.run_until_idle();
    late.pause();
    late.resume();
    let order = Recorder::new();
    for (name, lease) in [(1, &early), (2, &late)] {
        let (run, order) = (lease.run(async {}), order.clone());
        estate.ex.spawn(async move { order.note((name, run.await.is_ok())) });
    }
    estate.ex.run_until_idle();
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!(order.take(), [(1, true), (2, true)]);
}
