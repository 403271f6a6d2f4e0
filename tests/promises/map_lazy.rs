//! Maps are lazy: how many items are pulled at each step, exactly.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use futures::StreamExt;
use futures::channel::mpsc;
use futures::stream::FusedStream;
use millpond::Concurrency;
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::Rig;
use super::map_kit::{Next, Works, next, next_with, value};
use super::support::WakeCount;

#[wasm_bindgen_test(unsupported = test)]
fn nothing_is_pulled_before_the_first_poll_nor_after_the_end() {
    let (rig, polls) = (Rig::new(2), Rc::new(Cell::new(0)));
    let counted = polls.clone();
    let items = std::iter::from_fn(move || {
        counted.set(counted.get() + 1);
        (counted.get() == 1).then_some(())
    });
    let mut map = rig.pool.map(items, |()| async {});
    rig.ex.run_until_idle();
    assert_eq!((polls.get(), rig.pool.stats().submitted), (0, 0));
    assert_eq!(next(&mut map), Next::NotYet);
    rig.ex.run_until_idle();
    assert_eq!([0; 3].map(|_| next(&mut map)), [value(()), Next::Over, Next::Over]);
    assert_eq!(polls.get(), 2);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_empty_source_ends_at_the_first_poll() {
    let rig = Rig::new(1);
    let mut map = rig.pool.map([(); 0], |()| pending::<()>());
    assert!(!map.is_terminated());
    assert_eq!(next(&mut map), Next::Over);
    assert!(map.is_terminated());
    let mut map = rig.pool.map_stream(futures::stream::empty::<()>(), |()| pending::<()>());
    assert_eq!(next(&mut map), Next::Over);
    assert_eq!((rig.pool.stats().submitted, rig.ex.run_until_idle()), (0, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn in_order_at_most_twice_the_cap_is_on_its_way() {
    let (rig, works) = (Rig::new(2), Works::default());
    let mut map = rig.pool.map(works.pull(0..), |number| works.work(number));
    let mut step = |open: Option<u32>, given: Next<u32>, pulled: u32| {
        open.into_iter().for_each(|number| works.open(number));
        rig.ex.run_until_idle();
        assert_eq!((next(&mut map), works.pulled.get(), works.called.get()), (given, pulled, pulled), "after {open:?}");
        rig.ex.run_until_idle();
    };
    step(None, Next::NotYet, 2);
    step(None, Next::NotYet, 2);
    // The head is slow: others start as long as four are on their way.
    step(Some(1), Next::NotYet, 3);
    step(Some(2), Next::NotYet, 4);
    step(Some(3), Next::NotYet, 4);
    // One given, one pulled.
    step(Some(0), value(0), 5);
    step(None, value(1), 6);
    step(None, value(2), 6);
    step(None, value(3), 6);
    step(None, Next::NotYet, 6);
    step(Some(4), value(4), 7);
}

#[wasm_bindgen_test(unsupported = test)]
fn as_completed_no_more_than_the_cap_is_on_its_way() {
    let (rig, works) = (Rig::new(2), Works::default());
    let mut map = rig.pool.map(works.pull(0..), |number| works.work(number)).unordered();
    let mut step = |open: &[u32], given: Next<u32>, pulled: u32| {
        open.iter().for_each(|&number| works.open(number));
        rig.ex.run_until_idle();
        assert_eq!((next(&mut map), works.pulled.get(), works.called.get()), (given, pulled, pulled), "after {open:?}");
        rig.ex.run_until_idle();
    };
    step(&[], Next::NotYet, 2);
    step(&[1], value(1), 3);
    step(&[], Next::NotYet, 3);
    // Nobody takes what has ended: nothing more is pulled for it.
    step(&[0, 2], value(0), 4);
    step(&[3], value(2), 5);
    step(&[4], value(3), 6);
    step(&[], value(4), 7);
    step(&[], Next::NotYet, 7);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_shrunk_pool_pulls_nothing_until_fewer_are_on_their_way() {
    let (rig, works) = (Rig::new(3), Works::default());
    let mut map = rig.pool.map(works.pull(0..), |number| works.work(number)).unordered();
    assert_eq!((next(&mut map), works.pulled.get()), (Next::NotYet, 3));
    rig.ex.run_until_idle();
    rig.pool.resize(1).unwrap();
    for (number, pulled) in [(0, 3), (1, 3), (2, 4), (3, 5)] {
        works.open(number);
        rig.ex.run_until_idle();
        assert_eq!((next(&mut map), works.pulled.get()), (value(number), pulled));
        rig.ex.run_until_idle();
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn an_infinite_source_is_pulled_as_far_as_it_is_asked() {
    let (rig, works) = (Rig::new(3), Works::default());
    let mut map = rig.pool.map(works.pull(0..), |number| async move { number });
    let mut outputs = Vec::new();
    while outputs.len() < 10 {
        match next(&mut map) {
            Next::NotYet => assert!(rig.ex.run_until_idle() > 0),
            output => outputs.push(output),
        }
    }
    assert_eq!(outputs, (0..10).map(value).collect::<Vec<_>>());
    assert!(works.pulled.get() <= 10 + 6);
    drop(map.take(5));
    rig.assert_all_permits_are_back(3);
}

#[wasm_bindgen_test(unsupported = test)]
fn one_poll_pulls_at_most_64_items_and_gives_way() {
    let (rig, works) = (Rig::new(1), Works::default());
    rig.pool.resize(Concurrency::Unlimited).unwrap();
    let mut map = rig.pool.map(works.pull(0..), |_| pending::<()>());
    let (wakes, waker) = WakeCount::new();
    for round in 1..4 {
        assert_eq!(next_with(&mut map, &waker), Next::NotYet);
        assert_eq!((works.pulled.get(), wakes.take()), (64 * round, 1));
    }
    rig.pool.resize(200).unwrap();
    assert_eq!((wakes.take(), next_with(&mut map, &waker)), (1, Next::NotYet));
    assert_eq!((works.pulled.get(), wakes.take()), (200, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn nothing_is_pulled_while_1024_outputs_wait() {
    for unordered in [false, true] {
        let (rig, works) = (Rig::new(1), Works::default());
        rig.pool.resize(Concurrency::Unlimited).unwrap();
        let map = rig.pool.map(works.pull(0..), |number| {
            let stuck = number == 0;
            async move {
                if stuck {
                    pending().await
                }
            }
        });
        let mut map = if unordered { map.unordered() } else { map };
        for _ in 0..100 {
            // As completed, one is given in each round.
            let _given = next(&mut map);
            rig.ex.run_until_idle();
        }
        let most = if unordered { 100 + 1024 + 64 } else { 1 + 1024 + 63 };
        assert!((1000..=most).contains(&works.pulled.get()), "{} pulled", works.pulled.get());
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn of_1024_outputs_that_wait_each_counts() {
    let (rig, (send, receive)) = (Rig::new(1), mpsc::unbounded::<u32>());
    rig.pool.resize(Concurrency::Unlimited).unwrap();
    let pulled = Rc::new(Cell::new(0));
    let counted = pulled.clone();
    let source = receive.inspect(move |_| counted.set(counted.get() + 1));
    let mut map = rig.pool.map_stream(source, |number| async move {
        if number == 0 {
            pending().await
        }
    });
    let mut pull = |numbers: std::ops::Range<u32>| {
        numbers.for_each(|number| send.unbounded_send(number).unwrap());
        for _ in 0..20 {
            assert_eq!(next(&mut map), Next::NotYet);
            rig.ex.run_until_idle();
        }
        pulled.get()
    };
    assert_eq!(pull(0..1024), 1024);
    assert_eq!(pull(1024..1025), 1025, "1023 wait for the first one");
    assert_eq!(pull(1025..1026), 1025, "1024 wait");
}
