//! Last in, first out: inside a class the freshest goes first, by option; classes go before that, and hand-over stays exact.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cmp::Reverse;

use millpond::{LocalExecutor, ManualClock, Order, Pool, Priority};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Random, accepted, gated};
use super::support::Recorder;

const CLASSES: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];

#[wasm_bindgen_test(unsupported = test)]
fn higher_classes_first_and_inside_a_class_last_come_first_served() {
    for seed in 0..30 {
        let mut random = Random::new(seed);
        let ex = LocalExecutor::with_clock(ManualClock::new());
        let pool = Pool::builder(&ex).concurrency(1).unbounded_queue().order(Order::Lifo).build().unwrap();
        let (gate, future) = gated(());
        drop(accepted(pool.try_submit(future)));
        let record = Recorder::new();
        let mut expected = Vec::new();
        let mut tasks = Vec::new();
        for name in 0..50 {
            let class = CLASSES[random.below(4)];
            let note = record.clone();
            tasks.push(accepted(pool.task(async move { note.note(name) }).priority(class).try_submit()));
            expected.push((class, name));
        }
        for _ in 0..10 {
            // A task that changes class keeps its place in the order of submission.
            let (chosen, class) = (random.below(50), CLASSES[random.below(4)]);
            assert!(tasks[chosen].set_priority(class));
            expected[chosen].0 = class;
        }
        let gone = random.below(50);
        assert!(tasks[gone].cancel());
        expected.remove(gone);
        expected.sort_by_key(|task| Reverse(*task));
        gate.open();
        ex.run_until_idle();
        assert_eq!(record.take(), expected.into_iter().map(|(_, name)| name).collect::<Vec<_>>());
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_newcomer_waits_behind_nobody_but_does_not_take_a_permit_from_who_is_handed_it() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).concurrency(1).queue_capacity(9).order(Order::Lifo).build().unwrap();
    let (gate, future) = gated(());
    drop(accepted(pool.try_submit(future)));
    let record = Recorder::new();
    let enter = |name: &'static str| {
        let note = record.clone();
        drop(accepted(pool.try_submit(async move { note.note(name) })));
    };
    enter("first");
    gate.open();
    ex.try_tick(); // the permit is handed over to the first, which is not polled yet
    enter("second");
    ex.run_until_idle();
    assert_eq!(record.take(), ["first", "second"]);
}
