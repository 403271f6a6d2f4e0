//! Maps and groups amid panics: those of a task are its own, those of a source or a closure are whoever's polls. Native only: on wasm a
//! panic aborts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::task::Poll;

use millpond::{GroupError, TaskError};

use super::kit::{End, Rig, adds_up};
use super::map_kit::{Next, Works, next, value};
use super::support::{Drops, on_drop, poll_once};

/// Panics when dropped, unless the thread does so already.
fn panics_when_dropped() -> impl Drop {
    on_drop(|| {
        if !std::thread::panicking() {
            panic_any("drop");
        }
    })
}

#[test]
fn a_panic_of_a_task_is_an_item_and_the_map_goes_on() {
    let rig = Rig::new(2);
    let mut map = rig.pool.map(0..4, |number| async move {
        assert!(number != 1, "one");
        number
    });
    let mut outputs = Vec::new();
    loop {
        match next(&mut map) {
            Next::NotYet => assert!(rig.ex.run_until_idle() > 0),
            Next::Over => break,
            output => outputs.push(output),
        }
    }
    assert_eq!(outputs, [value(0), Next::Item(End::Panicked), value(2), value(3)]);
    rig.assert_all_permits_are_back(2);
}

#[test]
fn a_panic_of_the_source_or_the_closure_reaches_who_polls_and_loses_one_item() {
    for in_source in [false, true] {
        let (rig, works) = (Rig::new(2), Works::default());
        let source = (0..5).inspect(move |number| assert!(!in_source || *number != 1, "source"));
        let mut map = rig.pool.map(source, |number| {
            assert!(in_source || number != 1, "closure");
            works.work(number)
        });
        let payload = catch_unwind(AssertUnwindSafe(|| next(&mut map))).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(if in_source { &"source" } else { &"closure" }));
        assert_eq!(next(&mut map), Next::NotYet);
        rig.ex.run_until_idle();
        assert_eq!((works.running.now(), rig.pool.stats().submitted), (2, 2));
        for number in [0, 2, 3, 4] {
            works.open(number);
            rig.ex.run_until_idle();
            assert_eq!(next(&mut map), value(number));
            rig.ex.run_until_idle();
        }
        assert_eq!(next(&mut map), Next::Over);
        rig.assert_all_permits_are_back(2);
    }
}

#[test]
fn a_panic_while_an_output_is_ready_does_not_lose_the_output() {
    let rig = Rig::new(1);
    let mut map = rig.pool.map((0..3).inspect(|number| assert!(*number != 1)), |number| async move { number });
    assert_eq!(next(&mut map), Next::NotYet);
    rig.ex.run_until_idle();
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut map))).is_err());
    assert_eq!(next(&mut map), value(0));
}

#[test]
fn panicking_drops_of_cancelled_items_harm_nobody() {
    for capacity in [0, 10] {
        let (rig, drops) = (Rig::with_line(3, capacity), Drops::default());
        let mut map = rig.pool.map(0..9, |_| {
            let guards = (panics_when_dropped(), drops.guard());
            async move {
                let _guards = guards;
                pending::<()>().await;
            }
        });
        assert_eq!(next(&mut map), Next::NotYet);
        rig.ex.run_until_idle();
        drop(map);
        assert_eq!((drops.count(), adds_up(&rig.pool).panicked), (3, 3));
        rig.assert_all_permits_are_back(3);
    }
}

#[test]
fn a_panic_fails_the_group_and_cancels_its_siblings() {
    let (rig, drops) = (Rig::new(2), Drops::default());
    let group = rig.pool.group::<(), ()>();
    for number in 0..4 {
        let guards = ((number != 1).then(panics_when_dropped), drops.guard());
        group
            .try_submit(async move {
                let _guards = guards;
                assert!(number != 1, "one");
                pending().await
            })
            .unwrap();
    }
    let mut join = group.join();
    rig.ex.run_until_idle();
    let Poll::Ready(Err(GroupError::Task(TaskError::Panicked(payload)))) = poll_once(Pin::new(&mut join)) else { panic!("no panic") };
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"one"));
    assert_eq!(drops.count(), 4);
    rig.assert_all_permits_are_back(2);
}
