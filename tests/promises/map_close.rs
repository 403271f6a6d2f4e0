//! Maps and the end of their pool: what was accepted is given, what is left is told of once, nobody hangs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;

use futures::channel::mpsc;
use futures::stream::FusedStream;
use millpond::{Close, LocalExecutor, Pool};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Rig, SECOND, adds_up};
use super::map_kit::{Next, Works, next, next_with, value};
use super::support::{Drops, WakeCount, poll_once};

#[wasm_bindgen_test(unsupported = test)]
fn what_was_accepted_is_given_and_the_rest_is_told_of_once() {
    for unordered in [false, true] {
        let (rig, works) = (Rig::new(2), Works::default());
        let map = rig.pool.map(works.pull(0..), |number| works.work(number));
        let mut map = if unordered { map.unordered() } else { map };
        assert_eq!(next(&mut map), Next::NotYet);
        drop::<Close>(rig.pool.close());
        works.open(0);
        works.open(1);
        rig.ex.run_until_idle();
        let outputs = [0; 5].map(|_| next(&mut map));
        assert_eq!(outputs, [value(0), value(1), Next::Item(End::Closed), Next::Over, Next::Over]);
        assert!(map.is_terminated());
        // One is pulled to learn that something is left; no task is made of it.
        assert_eq!((works.pulled.get(), works.called.get()), (3, 2));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_that_has_taken_every_item_does_not_hear_of_the_close() {
    let (rig, works) = (Rig::new(2), Works::default());
    let mut map = rig.pool.map(0..2, |number| works.work(number));
    assert_eq!(next(&mut map), Next::NotYet);
    drop::<Close>(rig.pool.close());
    works.open(0);
    works.open(1);
    rig.ex.run_until_idle();
    assert_eq!([0; 3].map(|_| next(&mut map)), [value(0), value(1), Next::Over]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_of_a_closed_pool_says_so_unless_it_is_empty() {
    let rig = Rig::new(2);
    drop::<Close>(rig.pool.close());
    let mut map = rig.pool.map([1], |_| pending::<()>());
    assert_eq!([0; 2].map(|_| next(&mut map)), [Next::Item(End::Closed), Next::Over]);
    let mut map = rig.pool.map([0; 0], |_| pending::<()>());
    assert_eq!(next(&mut map), Next::Over);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_that_waits_for_its_source_hears_of_the_close() {
    let rig = Rig::new(2);
    let (_send, receive) = mpsc::unbounded::<u32>();
    let mut map = rig.pool.map_stream(receive, |number| async move { number });
    let (wakes, waker) = WakeCount::new();
    assert_eq!(next_with(&mut map, &waker), Next::NotYet);
    drop::<Close>(rig.pool.close());
    assert_eq!(wakes.take(), 1);
    assert_eq!([0; 2].map(|_| next(&mut map)), [Next::Item(End::Closed), Next::Over]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_that_waits_for_room_hears_of_the_close() {
    for executor_first in [false, true] {
        let (rig, drops) = (Rig::with_line(1, 0), Drops::default());
        let gates = rig.fill();
        let mut map = rig.pool.map(0.., |_: i32| {
            let guard = drops.guard();
            async move {
                let _guard = guard;
                pending::<()>().await;
            }
        });
        let (wakes, waker) = WakeCount::new();
        assert_eq!(next_with(&mut map, &waker), Next::NotYet);
        rig.ex.run_until_idle();
        drop::<Close>(rig.pool.close());
        assert_eq!(wakes.take(), 1);
        if executor_first {
            rig.ex.run_until_idle();
        }
        assert_eq!([0; 2].map(|_| next(&mut map)), [Next::Item(End::Closed), Next::Over]);
        assert_eq!(drops.count(), 1);
        gates.into_iter().for_each(Gate::open);
        rig.ex.run_until_idle();
        assert!(rig.ex.run_until_idle() == 0 && adds_up(&rig.pool).running == 0);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_close_that_insists_cancels_the_items_one_by_one() {
    let (rig, works) = (Rig::new(2), Works::default());
    let mut map = rig.pool.map(0..4, |number| works.work(number));
    assert_eq!(next(&mut map), Next::NotYet);
    rig.ex.run_until_idle();
    works.open(1);
    rig.ex.run_until_idle();
    let mut close = Box::pin(rig.pool.close().within(SECOND));
    assert!(poll_once(close.as_mut()).is_pending());
    rig.advance(SECOND);
    assert!(poll_once(close.as_mut()).is_ready());
    let outputs = [0; 4].map(|_| next(&mut map));
    assert_eq!(outputs, [Next::Item(End::Cancelled), value(1), Next::Item(End::Closed), Next::Over]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_outlives_its_executor_and_the_handles_of_its_pool() {
    for capacity in [0, 10] {
        let ex = LocalExecutor::new();
        let pool = Pool::builder(&ex).concurrency(1).queue_capacity(capacity).build().unwrap();
        let _running = pool.try_submit(pending::<()>()).unwrap();
        let mut map = pool.map(0.., |_: i32| pending::<()>());
        drop(pool);
        let (wakes, waker) = WakeCount::new();
        assert_eq!(next_with(&mut map, &waker), Next::NotYet);
        drop(ex);
        assert!(wakes.take() > 0);
        let closed = std::iter::from_fn(|| Some(next(&mut map))).take_while(|output| *output != Next::Over).collect::<Vec<_>>();
        // In line it was accepted, and settles; at the door it is of the rest.
        let expected: &[_] = if capacity == 0 { &[Next::Item(End::Closed)] } else { &[Next::Item(End::Closed), Next::Item(End::Closed)] };
        assert_eq!(closed, expected);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_keeps_its_pool_open() {
    let ex = LocalExecutor::new();
    let pool = Pool::builder(&ex).concurrency(1).build().unwrap();
    let mut map = pool.map(0..3, |number: u32| async move { number });
    drop(pool);
    let mut outputs = Vec::new();
    loop {
        match next(&mut map) {
            Next::NotYet => assert!(ex.run_until_idle() > 0),
            Next::Over => break,
            output => outputs.push(output),
        }
    }
    assert_eq!(outputs, [value(0), value(1), value(2)]);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_last_item_of_all_is_told_of_if_it_is_left_at_the_door() {
    for executor_first in [false, true] {
        let rig = Rig::with_line(1, 0);
        let _gates = rig.fill();
        let mut map = rig.pool.map([()], |()| async {});
        assert_eq!(next(&mut map), Next::NotYet);
        rig.ex.run_until_idle();
        drop::<Close>(rig.pool.close());
        if executor_first {
            rig.ex.run_until_idle();
        }
        assert_eq!([0; 2].map(|_| next(&mut map)), [Next::Item(End::Closed), Next::Over]);
    }
}
