//! Promises of a manager about options: some keys have their own, all of them can be changed while it works, and looking changes nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;

use millpond::{Concurrency, GetError, Order, Overflow, PoolOptions, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{SECOND, TICK, accepted, gated};
use super::manager_kit::{Estate, IDLE, LIFE, Ledger, Shared};
use super::support::{Recorder, on_drop, poll_once};

/// Keys above nine have a permit more than the others, or as many as the cell says.
fn privileged(own: &Rc<Cell<u32>>) -> impl Fn(&u32) -> PoolOptions + use<> {
    let own = Rc::clone(own);
    move |key| if *key > 9 { PoolOptions::new().concurrency(own.get()).queue_capacity(1) } else { PoolOptions::new() }
}

#[wasm_bindgen_test(unsupported = test)]
fn some_keys_have_options_of_their_own() {
    let own = Rc::new(Cell::new(3));
    let estate = Estate::<()>::new(|options| options.pool_concurrency(2).pool_options_for(privileged(&own)));
    for (key, permits, line) in [(1, 2, 50), (10, 3, 1)] {
        let lease = estate.manager.get(key).unwrap();
        let taken = (0..60).filter_map(|_| lease.try_submit(std::future::pending::<()>()).ok()).collect::<Vec<_>>();
        let running = taken.iter().filter(|task| task.state() == TaskState::Running).count();
        assert_eq!((running, (taken.len() - running).min(50)), (permits, line), "{key}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn options_of_a_key_that_are_refused_are_its_own_trouble() {
    let own = Rc::new(Cell::new(0));
    let estate = Estate::<()>::new(|options| options.pool_options_for(privileged(&own)));
    let error = estate.manager.get(10).unwrap_err();
    assert_eq!(error.to_string(), "pool_concurrency: 0 is refused, use 1 or more, or Concurrency::Unlimited");
    assert!(matches!(error, GetError::Options(_)));
    assert!(estate.manager.get(1).is_ok() && !estate.manager.contains(&10));
    own.set(1);
    assert!(estate.manager.get(10).is_ok());
    // With a factory, it does not even begin.
    let shared = Estate::<Shared>::new(|options| options.pool_options_for(|_| PoolOptions::new().concurrency(0)));
    let ledger = Ledger::default();
    let mut call = pin!(shared.manager.get_with(1, ledger.factory()));
    assert!(matches!(poll_once(call.as_mut()), std::task::Poll::Ready(Err(GetError::Options(_)))));
    shared.ex.run_until_idle();
    assert_eq!(ledger.made(), 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_key_is_resized_without_a_lease_and_without_being_used() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE));
    let lease = estate.manager.get(1).unwrap();
    let tasks: Vec<_> = (0..3).map(|_| accepted(lease.try_submit(std::future::pending::<()>()))).collect();
    assert_eq!(estate.manager.resize_pool(&1, 2), Ok(true));
    assert_eq!(tasks.iter().filter(|task| task.state() == TaskState::Running).count(), 2);
    assert_eq!(estate.manager.resize_pool(&2, 2), Ok(false));
    assert!(!estate.manager.contains(&2) && estate.manager.resize_pool(&1, 0).unwrap_err().option() == "concurrency");
    assert_eq!(lease.concurrency(), Concurrency::AtMost(2));
    tasks.iter().for_each(|task| assert!(task.cancel()));
    drop(lease);
    estate.advance(IDLE - TICK);
    assert_eq!(estate.manager.resize_pool(&1, 5), Ok(true));
    estate.advance(TICK);
    assert!(!estate.manager.contains(&1));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_concurrency_of_all_pools_changes_and_overrides_are_asked_again() {
    let own = Rc::new(Cell::new(5));
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).pool_options_for(privileged(&own)));
    let (plain, privileged) = (estate.manager.get(1).unwrap(), estate.manager.get(10).unwrap());
    let waits: Vec<_> = (0..4).map(|_| accepted(plain.try_submit(std::future::pending::<()>()))).collect();
    own.set(6);
    estate.manager.set_pool_concurrency(3).unwrap();
    let limits = || (plain.concurrency(), privileged.concurrency());
    assert_eq!(limits(), (Concurrency::AtMost(3), Concurrency::AtMost(6)));
    assert_eq!(waits.iter().filter(|task| task.state() == TaskState::Running).count(), 3);
    assert_eq!(estate.manager.get(2).unwrap().concurrency(), Concurrency::AtMost(3));
    own.set(0);
    assert_eq!(estate.manager.set_pool_concurrency(4).unwrap_err().option(), "pool_concurrency");
    assert!(estate.manager.set_pool_concurrency(0).is_err());
    assert_eq!(limits(), (Concurrency::AtMost(3), Concurrency::AtMost(6)), "refused is as if never asked");
    assert_eq!(estate.manager.get(3).unwrap().concurrency(), Concurrency::AtMost(3));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_line_of_all_pools_changes_and_nobody_who_waits_is_sent_away() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1));
    let lease = estate.manager.get(1).unwrap();
    let tasks: Vec<_> = (0..4).map(|_| accepted(lease.try_submit(gated(()).1))).collect();
    estate.manager.set_pool_queue_capacity(Some(1)).unwrap();
    assert!(lease.try_submit(async {}).is_err() && tasks.iter().all(|task| task.state() != TaskState::Ended));
    estate.manager.set_pool_queue_capacity(None).unwrap();
    let other = estate.manager.get(2).unwrap();
    let taken = (0..9).filter_map(|_| other.try_submit(gated(()).1).ok()).count();
    assert_eq!(taken, 2, "as many as may run");
}

#[wasm_bindgen_test(unsupported = test)]
fn another_idle_time_counts_from_when_a_pool_fell_idle() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
    drop(estate.manager.get(1).unwrap());
    estate.advance(SECOND * 4);
    drop(estate.manager.get(2).unwrap());
    let held = estate.manager.get(3).unwrap();
    estate.advance(SECOND);
    estate.manager.set_idle_timeout(Some(SECOND * 5));
    assert!(!estate.manager.contains(&1) && estate.manager.len() == 2, "its time is over in this very call");
    estate.manager.set_idle_timeout(Some(SECOND * 20));
    drop(held);
    estate.advance(SECOND * 19 - TICK);
    assert!(estate.manager.contains(&2));
    estate.advance(TICK);
    assert!(!estate.manager.contains(&2) && estate.manager.contains(&3));
    estate.manager.set_idle_timeout(None);
    estate.advance(LIFE * 100);
    assert!(estate.manager.contains(&3) && estate.ex.next_deadline().is_none());
    estate.manager.set_idle_timeout(Some(LIFE));
    assert!(estate.manager.is_empty());
}

#[wasm_bindgen_test(unsupported = test)]
fn another_lifetime_counts_from_when_a_pool_was_made() {
    let estate = Estate::<Shared>::new(|options| options.max_lifetime(LIFE));
    let ledger = Ledger::default();
    let old = estate.shared(1, &ledger);
    estate.advance(SECOND * 10);
    estate.manager.set_max_lifetime(Some(SECOND * 11));
    assert!(old.is_current());
    estate.advance(SECOND);
    assert!(!old.is_current());
    estate.manager.set_max_lifetime(Some(LIFE));
    assert!(!old.is_current(), "it does not come back");
    let new = estate.shared(1, &ledger);
    estate.manager.set_max_lifetime(None);
    estate.advance(LIFE * 9);
    assert!(new.is_current() && estate.ex.next_deadline().is_none());
    estate.manager.set_max_lifetime(Some(LIFE));
    assert!(!new.is_current());
    assert_eq!(estate.shared(1, &ledger).resource().number, 3);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_manager_that_kept_no_time_begins_with_the_change() {
    let estate = Estate::<()>::new(|options| options);
    drop(estate.manager.get(1).unwrap());
    estate.advance(LIFE);
    estate.manager.set_idle_timeout(Some(IDLE));
    estate.manager.set_max_lifetime(Some(LIFE));
    estate.advance(IDLE - TICK);
    assert!(estate.manager.contains(&1));
    estate.advance(TICK);
    assert!(!estate.manager.contains(&1));
}

#[wasm_bindgen_test(unsupported = test)]
fn looking_is_exact_although_nobody_drove_the_executor_and_is_no_use() {
    for look in 0..5 {
        let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
        drop(estate.manager.get(1).unwrap());
        let there = || match look {
            0 => estate.manager.contains(&1),
            1 => estate.manager.len() == 1,
            2 => estate.manager.keys() == [1],
            3 => estate.manager.pool_stats(&1).is_some(),
            _ => estate.manager.snapshot().len() == 1,
        };
        estate.clock.advance(IDLE - TICK);
        assert!(there(), "{look}");
        estate.clock.advance(TICK);
        assert!(!there(), "{look}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_snapshot_is_of_one_instant_and_adds_up() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(2).concurrency(3));
    for key in 0..4 {
        for _ in 0..=key {
            let _detached = accepted(estate.manager.get(key).unwrap().try_submit(std::future::pending::<()>()));
        }
    }
    let mut snapshot = estate.manager.snapshot();
    snapshot.sort_unstable_by_key(|(key, _)| *key);
    assert!(snapshot.iter().map(|(key, stats)| (*key, stats.submitted)).eq((0..4).map(|key| (key, u64::from(key) + 1))));
    let sum = |count: fn(&millpond::PoolStats) -> u64| snapshot.iter().map(|(_, stats)| count(stats)).sum::<u64>();
    let all = estate.adds_up();
    assert_eq!((sum(|stats| stats.running), sum(|stats| stats.waiting)), (all.running, all.waiting));
    assert_eq!(estate.manager.pool_stats(&3), Some(snapshot[3].1));
    assert_eq!(snapshot[3].1.concurrency, Concurrency::AtMost(2));
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_said_for_all_keys_goes_for_each_that_says_nothing_else() {
    let estate = Estate::<()>::new(|options| {
        let all = PoolOptions::new().concurrency(1).queue_capacity(9).order(Order::Lifo).overflow(Overflow::DropOldest);
        options.pool_options(all).pool_options_for(|key| if *key == 2 { PoolOptions::new().order(Order::Fifo) } else { PoolOptions::new() })
    });
    for (key, expected) in [(1, [0, 3, 2, 1]), (2, [0, 1, 2, 3])] {
        let lease = estate.manager.get(key).unwrap();
        let record = Recorder::new();
        for number in 0..4 {
            let note = record.clone();
            drop(accepted(lease.try_submit(async move { note.note(number) })));
        }
        estate.ex.run_until_idle();
        assert_eq!(record.take(), expected, "key {key}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_rate_of_a_key_is_its_own() {
    let estate = Estate::<()>::new(|options| options.pool_options(PoolOptions::new().rate(1, SECOND)));
    let leases = [1, 2].map(|key| estate.manager.get(key).unwrap());
    let started = || leases.iter().map(|lease| lease.stats().succeeded).collect::<Vec<_>>();
    for lease in &leases {
        (0..3).for_each(|_| drop(accepted(lease.try_submit(async {}))));
    }
    estate.ex.run_until_idle();
    assert_eq!(started(), [1, 1]);
    estate.advance(SECOND);
    assert_eq!(started(), [2, 2]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_cancelled_task_of_a_key_lets_go_of_what_it_holds_before_its_permit_goes_on() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1));
    let lease = estate.manager.get(1).unwrap();
    let (pool, seen) = ((*lease).clone(), Recorder::new());
    let looks = {
        let seen = seen.clone();
        on_drop(move || seen.note((pool.stats().running, pool.stats().waiting)))
    };
    let running = accepted(lease.try_submit(async move {
        let _looks = looks;
        std::future::pending::<()>().await;
    }));
    let next = accepted(lease.try_submit(async {}));
    estate.ex.run_until_idle();
    assert!(running.cancel());
    assert_eq!((seen.take(), next.state()), (vec![(1, 1)], TaskState::Running));
}
