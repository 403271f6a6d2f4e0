//! Maps: outputs in order or as completed, never more at once than the pool allows, nothing lost, nobody starved, all gone with the map.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::pin::Pin;
use std::rc::Rc;

use futures::StreamExt;
use futures::channel::mpsc;
use millpond::{LocalExecutor, ManualClock, PoolManager, Priority, Timeout};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Later, Random, Rig, SECOND, accepted, adds_up, end, gated};
use super::map_kit::{Next, Works, next, next_with, value};
use super::support::{Drops, Recorder, WakeCount, give_way, on_drop, poll, poll_once, waker_calling};

#[wasm_bindgen_test(unsupported = test)]
fn outputs_come_in_the_order_of_the_items() {
    let (rig, works) = (Rig::new(3), Works::default());
    let mut map = rig.pool.map(0..3, |number| works.work(number));
    assert_eq!(next(&mut map), Next::NotYet);
    for number in [2, 1] {
        works.open(number);
        rig.ex.run_until_idle();
        assert_eq!(next(&mut map), Next::NotYet);
    }
    works.open(0);
    rig.ex.run_until_idle();
    assert_eq!([0; 4].map(|_| next(&mut map)), [value(0), value(1), value(2), Next::Over]);
}

#[wasm_bindgen_test(unsupported = test)]
fn unordered_outputs_come_as_completed() {
    let (rig, works) = (Rig::new(3), Works::default());
    let mut map = rig.pool.map(0..3, |number| works.work(number)).unordered();
    assert_eq!(next(&mut map), Next::NotYet);
    for number in [2, 0, 1] {
        works.open(number);
        rig.ex.run_until_idle();
        assert_eq!(next(&mut map), value(number));
    }
    assert_eq!((next(&mut map), next(&mut map)), (Next::Over, Next::Over));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_polled_before_it_is_made_unordered_gives_what_it_held_back() {
    let (rig, works) = (Rig::new(3), Works::default());
    let mut map = rig.pool.map(0..3, |number| works.work(number));
    assert_eq!(next(&mut map), Next::NotYet);
    works.open(2);
    rig.ex.run_until_idle();
    assert_eq!(next(&mut map), Next::NotYet);
    assert_eq!(next(&mut map.unordered()), value(2));
}

/// Ends tasks at random until the map is over, and says what it gave.
fn finish(
    rig: &Rig,
    works: &Works,
    map: &mut (impl futures::Stream<Item = Result<u32, millpond::TaskError>> + Unpin),
    seed: u64,
) -> Vec<u32> {
    let (mut random, mut outputs) = (Random::new(seed), Vec::new());
    loop {
        match next(map) {
            Next::Item(End::Value(number)) => outputs.push(number),
            Next::Item(other) => panic!("{other:?}"),
            Next::Over => return outputs,
            Next::NotYet => {
                let shut = works.shut();
                // Only what has started can end.
                let running = shut.len().min(works.running.now());
                if running > 0 {
                    works.open(shut[random.below(running)]);
                }
                rig.ex.run_until_idle();
                adds_up(&rig.pool);
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn nothing_is_lost_of_a_thousand_items_that_end_in_any_order() {
    for seed in 0..4 {
        let (rig, works) = (Rig::with_line(7, seed as u32), Works::default());
        let mut map = rig.pool.map(0..1000, |number| works.work(number));
        assert!(finish(&rig, &works, &mut map, seed).into_iter().eq(0..1000), "seed {seed}");
        assert_eq!((works.running.most(), rig.pool.stats().rejected), (7, 0));

        let works = Works::default();
        let mut map = rig.pool.map(0..1000, |number| works.work(number)).unordered();
        let mut outputs = finish(&rig, &works, &mut map, seed);
        assert!(!outputs.is_sorted());
        outputs.sort_unstable();
        assert!(outputs.into_iter().eq(0..1000), "seed {seed}");
        rig.assert_all_permits_are_back(7);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_starts_no_more_than_the_cap_also_over_resize() {
    for unordered in [false, true] {
        let (rig, works) = (Rig::new(2), Works::default());
        let map = rig.pool.map(0.., |number| works.work(number));
        let mut map = if unordered { map.unordered() } else { map };
        let (mut random, mut cap) = (Random::new(7), 2);
        for _ in 0..500 {
            let before = works.running.now();
            if random.below(5) == 0 {
                cap = 1 + random.below(9);
                rig.pool.resize(u32::try_from(cap).unwrap()).unwrap();
            }
            while next(&mut map) != Next::NotYet {}
            rig.ex.run_until_idle();
            // After a shrink nothing starts until fewer run.
            assert!(works.running.now() <= cap.max(before), "{} of {cap}", works.running.now());
            if unordered {
                assert_eq!(works.running.now(), cap.max(before), "as many as may be");
            }
            let shut = works.shut();
            works.open(shut[random.below(shut.len().min(works.running.now()))]);
            rig.ex.run_until_idle();
        }
        drop(map);
        rig.assert_all_permits_are_back(cap);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_hears_of_a_resize_while_nothing_ends() {
    let (rig, works) = (Rig::new(2), Works::default());
    let mut map = rig.pool.map(works.pull(0..), |number| works.work(number));
    let (wakes, waker) = WakeCount::new();
    assert_eq!(next_with(&mut map, &waker), Next::NotYet);
    assert_eq!(works.pulled.get(), 2);
    rig.pool.resize(5).unwrap();
    assert_eq!(wakes.take(), 1);
    assert_eq!(next_with(&mut map, &waker), Next::NotYet);
    assert_eq!(works.pulled.get(), 5);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_of_a_manager_keeps_to_the_cap_over_all() {
    let (ex, works) = (LocalExecutor::with_clock(ManualClock::new()), Works::default());
    let manager: PoolManager<&str> = PoolManager::builder(&ex).concurrency(2).build().unwrap();
    let lease = manager.get("key").unwrap();
    let mut map = lease.map(works.pull(0..), |number| works.work(number));
    let (wakes, waker) = WakeCount::new();
    assert_eq!(next_with(&mut map, &waker), Next::NotYet);
    assert_eq!(works.pulled.get(), 2);
    manager.resize(3).unwrap();
    assert_eq!((wakes.take(), next(&mut map), works.pulled.get()), (1, Next::NotYet, 3));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_shares_the_cap_and_the_line_with_others() {
    let (rig, works) = (Rig::new(2), Works::default());
    let (gate, future) = gated(());
    let _other = accepted(rig.pool.try_submit(future));
    let mut map = rig.pool.map(0..3, |number| works.work(number));
    assert_eq!(next(&mut map), Next::NotYet);
    let mut behind = accepted(rig.pool.try_submit(async { "behind" }));
    rig.ex.run_until_idle();
    assert_eq!((works.running.now(), rig.pool.stats().waiting), (1, 2));
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!((works.running.now(), end(&mut behind)), (2, End::NotYet));
    works.open(0);
    rig.ex.run_until_idle();
    assert_eq!(end(&mut behind), End::Value("behind"));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_that_nobody_polls_keeps_nobody_from_running() {
    let (rig, works) = (Rig::with_line(1, 0), Works::default());
    let (gate, future) = gated(());
    let _running = accepted(rig.pool.try_submit(future));
    let mut map = rig.pool.map(0.., |number| works.work(number));
    assert_eq!(next(&mut map), Next::NotYet);
    let mut behind = rig.pool.submit(async { "behind" });
    assert!(poll_once(Pin::new(&mut behind)).is_pending());
    rig.ex.run_until_idle();
    // The map is at the door, before the other. From here on nobody polls it.
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!((works.running.now(), poll_once(Pin::new(&mut behind)).is_ready()), (1, false));
    works.open(0);
    rig.ex.run_until_idle();
    let std::task::Poll::Ready(Ok(mut behind)) = poll_once(Pin::new(&mut behind)) else { panic!("starved by a map that nobody polls") };
    rig.ex.run_until_idle();
    assert_eq!((end(&mut behind), next(&mut map)), (End::Value("behind"), value(0)));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_full_line_is_waited_for_and_nothing_is_rejected() {
    let (rig, works) = (Rig::with_line(3, 0), Works::default());
    let gates = rig.fill();
    let rejected = rig.pool.stats().rejected;
    let mut map = rig.pool.map(works.pull(0..4), |number| works.work(number));
    let (wakes, waker) = WakeCount::new();
    for _ in 0..3 {
        assert_eq!(next_with(&mut map, &waker), Next::NotYet);
        rig.ex.run_until_idle();
    }
    assert_eq!((works.pulled.get(), works.called.get(), works.running.now()), (1, 1, 0));
    gates.into_iter().for_each(super::kit::Gate::open);
    rig.ex.run_until_idle();
    assert!(wakes.take() > 0);
    assert_eq!(works.running.now(), 1);
    assert_eq!(finish(&rig, &works, &mut map, 1), [0, 1, 2, 3]);
    assert_eq!((rig.pool.stats().rejected, works.running.most()), (rejected, 3));
}

#[wasm_bindgen_test(unsupported = test)]
fn dropping_a_map_cancels_all_it_has_submitted_at_once() {
    for (capacity, pulled, opened) in [(10, 3, 0), (10, 3, 1), (1, 2, 0), (1, 2, 1), (0, 1, 0), (0, 1, 1)] {
        let (rig, works, drops) = (Rig::with_line(3, capacity), Works::default(), Drops::default());
        let mut gates = rig.fill();
        let mut map = rig.pool.map(works.pull(0..), |_| {
            let guard = drops.guard();
            async move {
                let _guard = guard;
                pending::<()>().await;
            }
        });
        assert_eq!(next(&mut map), Next::NotYet);
        rig.ex.run_until_idle();
        // Of its tasks some run, some stand in line, and one is at the door.
        gates.drain(..opened).for_each(super::kit::Gate::open);
        rig.ex.run_until_idle();
        assert_eq!(works.pulled.get(), pulled);
        drop(map);
        assert_eq!(drops.count() as u32, pulled);
        let stats = adds_up(&rig.pool);
        assert_eq!((stats.waiting, stats.running), (0, 3 - opened as u64));
        gates.into_iter().for_each(super::kit::Gate::open);
        rig.assert_all_permits_are_back(3);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_of_a_dropped_map_does_not_start_in_the_place_of_another() {
    let (rig, started) = (Rig::new(2), Recorder::new());
    let mut map = rig.pool.map(0..2, |number| {
        let (started, pool) = (started.clone(), rig.pool.clone());
        async move {
            started.note(number);
            let _counts = on_drop(move || started.note(100 + pool.stats().waiting));
            pending::<()>().await;
        }
    });
    let gates = rig.fill();
    assert_eq!(next(&mut map), Next::NotYet);
    gates.into_iter().next().unwrap().open();
    rig.ex.run_until_idle();
    drop(map);
    // When the running one is dropped the other has left the line already.
    assert_eq!(started.take(), [0, 100]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_may_be_dropped_by_its_own_task_or_by_whoever_it_wakes() {
    let (rig, later) = (Rig::new(2), Later::new());
    let drops = Drops::default();
    let mut map = rig.pool.map(0..5, {
        let (later, drops) = (later.clone(), drops.clone());
        move |number| {
            let (later, guard) = (later.clone(), drops.guard());
            async move {
                let _guard = guard;
                if number == 1 {
                    give_way().await;
                    drop::<Option<Box<dyn futures::Stream<Item = _>>>>(later.take());
                }
                pending::<()>().await;
            }
        }
    });
    assert_eq!(next(&mut map), Next::NotYet);
    later.set(Box::new(map) as Box<dyn futures::Stream<Item = _>>);
    rig.ex.run_until_idle();
    assert_eq!((drops.count(), adds_up(&rig.pool).cancelled), (2, 2));

    let (later, works) = (Later::new(), Works::default());
    let mut map = rig.pool.map(0..5, {
        let works = works.clone();
        move |number| works.work(number)
    });
    let waker = waker_calling({
        let later: Later<Box<dyn futures::Stream<Item = _>>> = later.clone();
        move || drop(later.take())
    });
    assert_eq!(next_with(&mut map, &waker), Next::NotYet);
    later.set(Box::new(map));
    works.open(0);
    rig.ex.run_until_idle();
    assert_eq!(works.running.now(), 0);
    rig.assert_all_permits_are_back(2);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_source_may_use_the_pool_that_it_feeds() {
    let rig = Rig::new(2);
    let pool = rig.pool.clone();
    let items = (0..3).inspect(move |&number| {
        drop(pool.try_submit(async {}));
        pool.resize(2 + number).unwrap();
    });
    let map = rig.pool.map(items, |number| async move { number });
    let later = Rc::new(RefCell::new(None));
    let outputs = later.clone();
    rig.ex.spawn(async move { *outputs.borrow_mut() = Some(map.map(Result::unwrap).collect::<Vec<_>>().await) });
    rig.ex.run_until_idle();
    assert_eq!(later.take(), Some(vec![0, 1, 2]));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_stream_that_has_nothing_for_a_while_holds_nothing_up() {
    let (rig, works) = (Rig::new(2), Works::default());
    let (send, receive) = mpsc::unbounded();
    let mut map = rig.pool.map_stream(receive, |number| works.work(number));
    let (wakes, waker) = WakeCount::new();
    assert_eq!(next_with(&mut map, &waker), Next::NotYet);
    send.unbounded_send(0).unwrap();
    assert_eq!((wakes.take(), next_with(&mut map, &waker)), (1, Next::NotYet));
    works.open(0);
    rig.ex.run_until_idle();
    assert_eq!((wakes.take(), next_with(&mut map, &waker)), (1, value(0)));
    assert_eq!(next_with(&mut map, &waker), Next::NotYet);
    (1..5).for_each(|number| send.unbounded_send(number).unwrap());
    assert_eq!((wakes.take(), next_with(&mut map, &waker)), (1, Next::NotYet));
    assert_eq!(works.called.get(), 3);
    drop(send);
    assert_eq!(finish(&rig, &works, &mut map, 3), [1, 2, 3, 4]);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_tasks_of_a_map_have_its_priority_and_its_timeouts() {
    let rig = Rig::new(1);
    let gates = rig.fill();
    let order = Recorder::new();
    let note = |text: &'static str| {
        let order = order.clone();
        async move { order.note(text) }
    };
    let mut low = rig.pool.map(["low"], note).priority(Priority::Low);
    let mut high = rig.pool.map(["high"], note).priority(Priority::High);
    let mut late = rig.pool.map(["late"], note).queue_timeout(SECOND);
    let mut total = rig.pool.map(["total"], note).total_timeout(SECOND);
    for map in [&mut low, &mut high, &mut late, &mut total] {
        assert_eq!(next(map), Next::NotYet);
    }
    rig.advance(SECOND);
    assert_eq!(next(&mut late), Next::Item(End::TimedOut(Timeout::Queue)));
    assert_eq!(next(&mut total), Next::Item(End::TimedOut(Timeout::Total)));
    gates.into_iter().for_each(super::kit::Gate::open);
    rig.ex.run_until_idle();
    assert_eq!(order.take(), ["high", "low"]);

    let mut map = rig
        .pool
        .map([true, false], |stuck| async move {
            if stuck {
                pending().await
            }
        })
        .timeout(SECOND);
    assert_eq!(next(&mut map), Next::NotYet);
    rig.advance(SECOND);
    assert_eq!(next(&mut map), Next::Item(End::TimedOut(Timeout::Run)));
    rig.ex.run_until_idle();
    assert_eq!((next(&mut map), next(&mut map)), (value(()), Next::Over));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_borrows_what_it_likes_and_stays_on_its_thread() {
    fn moves<T: Unpin>(_: &T) {}
    let rig = Rig::new(1);
    let (factor, calls) = (vec![2], Cell::new(0));
    let mut map = rig.pool.map(&factor, |factor| {
        calls.set(calls.get() + 1);
        std::future::ready(factor * 3)
    });
    moves(&map);
    assert_eq!(next(&mut map), Next::NotYet);
    assert!(format!("{map:?}").contains("unfinished: 1"));
    rig.ex.run_until_idle();
    let mut first = map.next();
    let (_, waker) = WakeCount::new();
    assert!(matches!(poll(Pin::new(&mut first), &waker), std::task::Poll::Ready(Some(Ok(6)))));
    assert_eq!(calls.get(), 1);
}
