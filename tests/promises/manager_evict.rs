//! Promises of a manager about what goes: everybody who asks is told, once, in order and why; and what is invalidated is lost to nobody.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::rc::Rc;

use millpond::{Evicted, PoolManager, PoolManagerBuilder, Resource};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gauge, Later, SECOND, TICK, accepted, end, gated};
use super::manager_kit::{Estate, IDLE, LIFE, Ledger, Shared};
use super::support::{Recorder, give_way};

type Gone = Recorder<(u32, Evicted)>;

/// A manager that tells the recorder.
fn told<S: Resource>(options: impl FnOnce(PoolManagerBuilder<u32, S>) -> PoolManagerBuilder<u32, S>) -> (Estate<S>, Gone) {
    let gone = Recorder::new();
    let told = gone.clone();
    (Estate::new(|builder| options(builder).on_evict(move |key, reason| told.note((*key, reason)))), gone)
}

#[wasm_bindgen_test(unsupported = test)]
fn each_way_to_go_has_its_reason() {
    let (estate, gone) = told::<()>(|options| options.idle_timeout(IDLE).max_lifetime(LIFE).max_pools(2));
    drop(estate.manager.get(1).unwrap());
    estate.advance(IDLE);
    assert_eq!(gone.take(), [(1, Evicted::Idle)]);
    let held = estate.manager.get(2).unwrap();
    estate.advance(LIFE - TICK);
    assert_eq!(gone.take(), []);
    estate.advance(TICK);
    assert_eq!(gone.take(), [(2, Evicted::Lifetime)], "although it is in use");
    drop(held);
    estate.advance(LIFE * 2);
    assert_eq!((gone.take(), estate.manager.len()), (vec![], 0), "its end was told of");
    (3..6).for_each(|key| drop(estate.manager.get(key).unwrap()));
    assert_eq!(gone.take(), [(3, Evicted::Capacity)]);
    assert!(estate.manager.invalidate(&4));
    assert_eq!(gone.take(), [(4, Evicted::Invalidated)]);
    drop(estate.manager.get(5).unwrap().close());
    assert_eq!(gone.take(), [(5, Evicted::PoolClosed)]);
    let _held = estate.manager.get(6).unwrap();
    drop(estate.manager.close());
    drop(estate.manager.close());
    assert_eq!(gone.take(), [(6, Evicted::Closed)]);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_idle_pool_over_its_lifetime_went_for_its_lifetime() {
    let (estate, gone) = told::<()>(|options| options.max_lifetime(LIFE));
    drop(estate.manager.get(1).unwrap());
    estate.advance(LIFE);
    assert_eq!(gone.take(), [(1, Evicted::Lifetime)]);
}

#[wasm_bindgen_test(unsupported = test)]
fn every_generation_is_told_of_once_and_in_order() {
    let (estate, gone) = told::<Shared>(|options| options.max_lifetime(LIFE).idle_timeout(IDLE));
    let ledger = Ledger::default();
    let mut leases = Vec::new();
    for _ in 0..3 {
        leases.push(estate.shared(1, &ledger));
        leases.push(estate.shared(2, &ledger));
        estate.advance(LIFE);
        assert_eq!(gone.take(), [(1, Evicted::Lifetime), (2, Evicted::Lifetime)]);
    }
    leases.push(estate.shared(1, &ledger));
    drop(leases);
    estate.advance(LIFE * 3);
    assert_eq!((gone.take(), ledger.made(), ledger.disposed().len()), (vec![(1, Evicted::Idle)], 7, 7));
    for key in [3, 1, 2] {
        drop(estate.shared(key, &ledger));
    }
    estate.advance(IDLE);
    assert_eq!(gone.take(), [(3, Evicted::Idle), (1, Evicted::Idle), (2, Evicted::Idle)], "as they fell idle");
}

#[wasm_bindgen_test(unsupported = test)]
fn the_last_handle_of_a_manager_tells_of_all_that_is_left() {
    let (estate, gone) = told::<()>(|options| options.idle_timeout(IDLE));
    let held = estate.manager.get(2).unwrap();
    drop(estate.manager.get(1).unwrap());
    let Estate { ex, manager, .. } = estate;
    drop(manager);
    assert_eq!(gone.take(), [(2, Evicted::Closed), (1, Evicted::Closed)]);
    drop(held);
    ex.advance(IDLE * 2).unwrap();
    assert_eq!(gone.take(), []);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_listener_is_told_in_the_same_turn_before_the_resource_is_disposed_of() {
    let ledger = Ledger::default();
    let (seen, order) = (ledger.clone(), Recorder::new());
    let note = order.clone();
    let estate = Estate::<Shared>::new(|options| options.on_evict(move |key, _| note.note((*key, seen.disposed(), seen.dropped()))));
    drop(estate.shared(7, &ledger));
    assert!(estate.manager.invalidate(&7));
    assert_eq!(order.take(), [(7, vec![], vec![])]);
    estate.ex.run_until_idle();
    assert_eq!((ledger.disposed(), ledger.dropped()), (vec![1], vec![1]));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_listener_may_call_the_manager_for_anything() {
    let manager: Later<PoolManager<u32>> = Later::new();
    let (inside, gone, seen) = (manager.clone(), Recorder::new(), Recorder::new());
    let (note, look) = (gone.clone(), seen.clone());
    let depth = Gauge::default();
    let most = depth.clone();
    let estate = Estate::<()>::new(|options| {
        options.idle_timeout(IDLE).on_evict(move |key, reason| {
            let _inside = depth.enter();
            note.note((*key, reason));
            let Some(manager) = inside.take() else { return };
            // A pool that nobody used is as if it had never been; one with work is there until it is drained. (A panic would stay in here.)
            look.note((manager.contains(key), manager.len() == manager.keys().len()));
            if *key < 10 {
                let lease = manager.get(key + 10).unwrap();
                drop(accepted(lease.try_submit(async {})));
            }
            match key {
                1 => assert!(manager.invalidate(&11)),
                2 => drop(manager.get(12).unwrap().close()),
                3 => drop(manager.close()),
                _ => {}
            }
            inside.set(manager);
        })
    });
    manager.set(estate.manager.clone());
    for key in 1..=3 {
        drop(estate.manager.get(key).unwrap());
    }
    assert_eq!(estate.manager.invalidate_all(), 3);
    let order = [(1, Evicted::Invalidated), (2, Evicted::Invalidated), (3, Evicted::Invalidated)];
    let after = [(11, Evicted::Invalidated), (12, Evicted::PoolClosed), (13, Evicted::Closed)];
    assert_eq!(gone.take(), [&order[..], &after[..]].concat(), "what it brings about comes after what was there");
    let [idle, with_work] = [(false, true), (true, true)];
    assert_eq!(seen.take(), [idle, idle, idle, with_work, with_work, with_work]);
    assert_eq!(most.most(), 1, "it is never inside itself");
    estate.ex.run_until_idle();
    assert_eq!(estate.adds_up().succeeded, 3);
    drop(manager.take());
}

#[wasm_bindgen_test(unsupported = test)]
fn ten_thousand_that_expire_at_once_do_not_nest() {
    let manager: Later<PoolManager<u32>> = Later::new();
    let (inside, gone) = (manager.clone(), Recorder::new());
    let note = gone.clone();
    let estate = Estate::<()>::new(|options| {
        options.idle_timeout(IDLE).on_evict(move |key, _| {
            let manager = inside.take().unwrap();
            // Looking serves what is due, which is all the others.
            note.note((*key, manager.len()));
            inside.set(manager);
        })
    });
    manager.set(estate.manager.clone());
    (0..10_000).for_each(|key| drop(estate.manager.get(key).unwrap()));
    estate.clock.advance(IDLE);
    assert!(estate.manager.is_empty());
    let gone = gone.take();
    assert!(gone.iter().map(|(key, _)| *key).eq(0..10_000) && gone[1..].iter().all(|(_, left)| *left == 0));
    drop(manager.take());
}

#[wasm_bindgen_test(unsupported = test)]
fn an_invalidated_pool_has_a_successor_and_both_stay_under_the_cap() {
    let (estate, gone) = told::<Shared>(|options| options.pool_concurrency(2).idle_timeout(IDLE));
    let (ledger, gauge) = (Ledger::default(), Gauge::default());
    let mut leases = Vec::new();
    for number in 1..=4 {
        let lease = estate.shared(1, &ledger);
        assert_eq!((lease.resource().number, lease.is_current()), (number, true));
        for _ in 0..3 {
            let gauge = gauge.clone();
            drop(accepted(lease.try_submit(async move {
                let _inside = gauge.enter();
                give_way().await;
            })));
        }
        assert!(estate.manager.invalidate(&1) && !estate.manager.invalidate(&1) && !lease.is_current());
        leases.push(lease);
    }
    assert_eq!(gone.take(), [(1, Evicted::Invalidated); 4]);
    assert!(estate.manager.contains(&1), "its users still have it");
    estate.ex.run_until_idle();
    assert_eq!((gauge.most(), estate.adds_up().succeeded, ledger.disposed()), (2, 12, vec![]));
    leases.clear();
    estate.ex.run_until_idle();
    assert_eq!((ledger.disposed(), ledger.dropped(), estate.manager.len()), (vec![1, 2, 3, 4], vec![1, 2, 3, 4], 0));
    assert_eq!(estate.ex.next_deadline(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_invalidated_pool_loses_no_task_and_its_resource_goes_with_the_last_one() {
    let estate = Estate::<Shared>::new(|options| options.pool_concurrency(1));
    let ledger = Ledger::default();
    let lease = estate.shared(1, &ledger);
    let (gate, future) = gated(1);
    let (mut first, mut second) = (accepted(lease.try_submit(future)), accepted(lease.try_submit(async { 2 })));
    drop(lease);
    assert!(estate.manager.invalidate(&1));
    estate.ex.run_until_idle();
    assert_eq!((ledger.disposed(), estate.manager.len()), (vec![], 1));
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!((end(&mut first), end(&mut second), ledger.disposed()), (End::Value(1), End::Value(2), vec![1]));
    assert_eq!(estate.manager.len(), 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_idle_pool_that_is_invalidated_is_gone_at_once() {
    let estate = Estate::<Shared>::new(|options| options.idle_timeout(IDLE).max_lifetime(LIFE));
    let ledger = Ledger::default();
    drop(estate.shared(1, &ledger));
    assert!(estate.manager.invalidate(&1) && !estate.manager.contains(&1) && !estate.manager.invalidate(&2));
    estate.ex.run_until_idle();
    assert_eq!((ledger.disposed(), estate.ex.next_deadline()), (vec![1], None));
    estate.advance(SECOND);
    drop(estate.shared(1, &ledger));
    estate.advance(IDLE - TICK);
    assert!(estate.manager.contains(&1), "the new one has clocks of its own");
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_due_has_expired_and_is_not_invalidated() {
    let (estate, gone) = told::<()>(|options| options.idle_timeout(IDLE));
    drop(estate.manager.get(1).unwrap());
    estate.clock.advance(IDLE);
    assert!(!estate.manager.invalidate(&1));
    assert_eq!(gone.take(), [(1, Evicted::Idle)]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_listener_goes_with_its_manager() {
    let alive = Rc::new(());
    let kept = Rc::clone(&alive);
    let estate = Estate::<()>::new(|options| options.on_evict(move |_, _| drop(Rc::clone(&kept))));
    let lease = estate.manager.get(1).unwrap();
    drop(estate);
    assert_eq!(Rc::strong_count(&alive), 1);
    drop(lease);
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod native {
    //! A panic aborts on wasm.
    use super::*;

    #[test]
    fn a_listener_that_panics_is_nobodys_trouble() {
        let ledger = Ledger::default();
        let estate = Estate::<Shared>::new(|options| options.idle_timeout(IDLE).on_evict(|key, _| assert!(*key > 2, "ouch")));
        (1..=4).for_each(|key| drop(estate.shared(key, &ledger)));
        assert!(estate.manager.invalidate(&1));
        estate.advance(IDLE);
        assert_eq!((ledger.disposed().len(), estate.manager.len()), (4, 0));
        estate.finish(estate.shared(1, &ledger).run(async {})).unwrap();
        estate.finish(estate.manager.close());
        assert_eq!(ledger.disposed().len(), 5);
    }
}
