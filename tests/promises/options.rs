//! Promise 13, bad options: refused where they are given, with an error naming option, value and rule; and the pool stays as it was.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::error::Error;

use millpond::{Concurrency, LocalExecutor, Pool, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Rig, accepted};

#[wasm_bindgen_test(unsupported = test)]
fn a_concurrency_that_means_nothing_is_refused() {
    let ex = LocalExecutor::new();
    for (value, text) in [(0, "0"), (u32::MAX, "4294967295")] {
        for given in [Concurrency::from(value), Concurrency::AtMost(value)] {
            let error = Pool::builder(&ex).concurrency(given).build().unwrap_err();
            assert_eq!(error.option(), "concurrency");
            assert_eq!(error.to_string(), format!("concurrency: {text} is refused, use 1 or more, or Concurrency::Unlimited"));
            assert!(error.source().is_none());
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_smallest_and_the_largest_values_are_taken() {
    let ex = LocalExecutor::new();
    for given in [Concurrency::AtMost(1), Concurrency::AtMost(u32::MAX - 1), Concurrency::Unlimited] {
        let pool = Pool::builder(&ex).concurrency(given).build().unwrap();
        assert_eq!((pool.concurrency(), pool.stats().concurrency), (given, given));
    }
    assert_eq!(Pool::builder(&ex).build().unwrap().concurrency(), Concurrency::Unlimited, "the default");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_refused_resize_leaves_the_pool_as_it_was() {
    let rig = Rig::new(1);
    let _gates = rig.fill();
    let waiting = accepted(rig.pool.try_submit(async {}));
    let before = rig.pool.stats();
    for bad in [0, u32::MAX] {
        assert_eq!(rig.pool.resize(bad).unwrap_err().option(), "concurrency");
    }
    assert_eq!((rig.pool.stats(), waiting.state()), (before, TaskState::Waiting));
}

#[wasm_bindgen_test(unsupported = test)]
fn building_does_nothing_yet() {
    let ex = LocalExecutor::new();
    let builder = Pool::builder(&ex).concurrency(3).queue_capacity(0);
    assert!(format!("{builder:?}").contains("AtMost(3)"));
    let pool = builder.build().unwrap();
    assert!(!ex.try_tick(), "no task");
    assert_eq!(ex.next_deadline(), None, "and no timer");
    assert!(format!("{pool:?}").contains("AtMost(3)"));
}
