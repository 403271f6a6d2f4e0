//! Promises of a manager about time: pools that nobody uses go, on the tick; pools in use stay, with their cap and every task.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::time::Duration;

use millpond::TaskState;
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gauge, SECOND, TICK, accepted, end, gated};
use super::manager_kit::{Estate, IDLE, LIFE, Ledger, Shared};
use super::support::{Recorder, give_way};

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_goes_on_the_tick_when_its_idle_time_is_over() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
    estate.advance(SECOND);
    drop(estate.manager.get(1).unwrap());
    estate.advance(IDLE - TICK);
    assert!(estate.manager.contains(&1), "too early");
    estate.advance(TICK);
    assert!(!estate.manager.contains(&1), "too late");
    estate.advance(TICK);
    assert!(estate.manager.is_empty());
}

#[wasm_bindgen_test(unsupported = test)]
fn the_idle_clock_starts_when_the_last_lease_and_the_last_task_are_gone() {
    for lease_goes_first in [true, false] {
        let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
        let lease = estate.manager.get(1).unwrap();
        let (gate, future) = gated(());
        let _detached = accepted(lease.try_submit(future));
        estate.advance(IDLE * 3);
        if lease_goes_first {
            drop(lease);
            estate.advance(IDLE * 3);
            gate.open();
        } else {
            gate.open();
            estate.advance(IDLE * 3);
            drop(lease);
        }
        estate.ex.run_until_idle();
        estate.advance(IDLE - TICK);
        assert!(estate.manager.contains(&1), "lease first: {lease_goes_first}");
        estate.advance(TICK);
        assert!(!estate.manager.contains(&1), "lease first: {lease_goes_first}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn using_a_pool_starts_its_idle_clock_anew_and_looking_does_not() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
    drop(estate.manager.get(1).unwrap());
    estate.advance(IDLE - TICK);
    drop(estate.manager.get(1).unwrap());
    estate.advance(IDLE - TICK);
    assert!(estate.manager.contains(&1));
    assert_eq!((estate.manager.keys(), estate.manager.stats().submitted), (vec![1], 0));
    estate.advance(TICK);
    assert!(!estate.manager.contains(&1));
}

#[wasm_bindgen_test(unsupported = test)]
fn each_key_has_an_idle_clock_of_its_own() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
    for key in 0..5 {
        drop(estate.manager.get(key).unwrap());
        estate.advance(SECOND);
    }
    drop(estate.manager.get(0).unwrap());
    estate.advance(IDLE - SECOND * 5);
    for left in [vec![0, 2, 3, 4], vec![0, 3, 4], vec![0, 4], vec![0], vec![]] {
        estate.advance(SECOND);
        let mut keys = estate.manager.keys();
        keys.sort_unstable();
        assert_eq!(keys, left);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_with_work_never_expires() {
    // What waits counts as well as what runs, also in a paused pool.
    for paused in [false, true] {
        let estate = Estate::<()>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE).max_lifetime(LIFE));
        let lease = estate.manager.get(1).unwrap();
        let (gate, future) = gated(1);
        if paused {
            lease.pause();
        }
        let mut tasks = [accepted(lease.try_submit(future)), accepted(lease.try_submit(gated(2).1))];
        drop(lease);
        estate.advance(LIFE * 10);
        assert!(estate.manager.contains(&1));
        let lease = estate.manager.get(1).unwrap();
        lease.resume();
        assert_eq!((lease.stats().submitted, lease.stats().running, lease.stats().waiting), (2, 1, 1), "it is the same pool");
        gate.open();
        estate.ex.run_until_idle();
        assert_eq!((end(&mut tasks[0]), tasks[1].state()), (End::Value(1), TaskState::Running));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn no_task_is_lost_at_expiry_fifty_left_alone_all_run() {
    for (idle, life) in [(IDLE, Duration::MAX), (Duration::ZERO, Duration::MAX), (TICK, TICK), (IDLE, SECOND)] {
        let estate = Estate::<()>::new(|options| options.pool_concurrency(3).idle_timeout(idle).max_lifetime(life));
        let ran = Recorder::new();
        let lease = estate.manager.get(1).unwrap();
        for number in 0..50 {
            let (ran, sleep) = (ran.clone(), estate.ex.sleep(IDLE * 2 * (1 + number / 3)));
            let _detached = accepted(lease.try_submit(async move {
                sleep.await;
                ran.note(number);
            }));
        }
        drop(lease);
        estate.advance(IDLE * 100 + LIFE);
        assert_eq!(ran.take(), (0..50).collect::<Vec<_>>());
        assert!(estate.manager.is_empty());
        assert_eq!(estate.adds_up().succeeded, 50);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_lease_that_outlives_idle_time_and_lifetime_never_doubles_the_cap() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE).max_lifetime(LIFE));
    let gauge = Gauge::default();
    let mut leases = Vec::new();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let lease = estate.manager.get(1).unwrap();
        let (gauge, (gate, future)) = (gauge.clone(), gated(()));
        let task = accepted(lease.try_submit(async move {
            let _inside = gauge.enter();
            future.await;
        }));
        leases.push(lease);
        tasks.push((gate, task));
        estate.advance(LIFE + IDLE);
    }
    assert_eq!((gauge.now(), estate.adds_up().running, estate.adds_up().waiting), (1, 1, 3));
    for (gate, mut task) in tasks {
        gate.open();
        estate.ex.run_until_idle();
        assert_eq!(end(&mut task), End::Value(()));
    }
    assert_eq!(gauge.most(), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_cap_of_a_key_holds_across_expiry() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE));
    let gauge = Gauge::default();
    for round in 0..6 {
        let lease = estate.manager.get(1).unwrap();
        for _ in 0..3 {
            let (gauge, sleep) = (gauge.clone(), estate.ex.sleep(IDLE * 2));
            let _detached = accepted(lease.try_submit(async move {
                let _inside = gauge.enter();
                sleep.await;
            }));
        }
        drop(lease);
        // Sometimes the pool is gone by then, sometimes it is at work, sometimes in the very moment between.
        estate.advance([IDLE, IDLE * 3, IDLE * 7][round % 3]);
    }
    estate.advance(IDLE * 50);
    assert_eq!((gauge.most(), estate.adds_up().succeeded, estate.manager.len()), (1, 18, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn over_its_lifetime_a_pool_has_a_successor_and_both_stay_under_the_cap() {
    let estate = Estate::<Shared>::new(|options| options.pool_concurrency(2).idle_timeout(IDLE).max_lifetime(LIFE));
    let ledger = Ledger::default();
    let old = estate.shared(1, &ledger);
    let (gate, future) = gated(());
    let _first = accepted(old.try_submit(future));
    estate.advance(LIFE - TICK);
    assert_eq!(estate.shared(1, &ledger).resource().number, 1, "too early");
    estate.advance(TICK);
    let new = estate.shared(1, &ledger);
    assert_eq!((old.resource().number, new.resource().number), (1, 2));
    let second = accepted(new.try_submit(std::future::pending::<()>()));
    let third = accepted(new.try_submit(std::future::pending::<()>()));
    let fourth = accepted(old.try_submit(async {}));
    assert_eq!([second.state(), third.state(), fourth.state()], [TaskState::Running, TaskState::Waiting, TaskState::Waiting]);
    assert_eq!(estate.manager.len(), 1);
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!(third.state(), TaskState::Running, "the permit of the old one's task goes to the new one's");
    assert_eq!(estate.shared(1, &ledger).resource().number, 2);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_idle_pool_goes_when_its_lifetime_is_over() {
    let estate = Estate::<Shared>::new(|options| options.max_lifetime(LIFE));
    let ledger = Ledger::default();
    drop(estate.shared(1, &ledger));
    estate.advance(LIFE - TICK);
    assert!(estate.manager.contains(&1));
    estate.advance(TICK);
    assert_eq!((estate.manager.contains(&1), ledger.disposed()), (false, vec![1]));
    assert_eq!(estate.ex.next_deadline(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_that_came_of_age_in_use_goes_when_it_is_idle() {
    let estate = Estate::<Shared>::new(|options| options.idle_timeout(IDLE).max_lifetime(LIFE));
    let ledger = Ledger::default();
    let lease = estate.shared(1, &ledger);
    estate.advance(LIFE * 3);
    assert_eq!((ledger.disposed(), lease.resource().number), (vec![], 1));
    drop(lease);
    estate.ex.run_until_idle();
    assert_eq!(ledger.disposed(), [1], "nobody can get it any more, so nothing is waited for");
    estate.advance(IDLE);
    assert_eq!((estate.manager.len(), estate.ex.next_deadline()), (0, None));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_successor_has_a_lifetime_of_its_own() {
    let estate = Estate::<Shared>::new(|options| options.max_lifetime(LIFE));
    let ledger = Ledger::default();
    let mut leases = Vec::new();
    for generation in 1..=5 {
        leases.push(estate.shared(1, &ledger));
        assert_eq!(leases.last().unwrap().resource().number, generation);
        estate.advance(LIFE - TICK);
        assert_eq!(estate.shared(1, &ledger).resource().number, generation);
        estate.advance(TICK);
    }
    assert_eq!((ledger.made(), estate.manager.len()), (5, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn no_timer_exists_when_nothing_can_expire() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
    let deadline = || {
        estate.ex.run_until_idle();
        estate.ex.next_deadline()
    };
    assert_eq!(deadline(), None);
    let lease = estate.manager.get(1).unwrap();
    assert_eq!(deadline(), None, "leased");
    drop(lease);
    assert_eq!(deadline(), Some(IDLE));
    estate.advance(SECOND);
    let lease = estate.manager.get(1).unwrap();
    assert_eq!(deadline(), None, "leased again");
    let (gate, future) = gated(());
    let _detached = accepted(lease.try_submit(future));
    drop(lease);
    assert_eq!(deadline(), None, "at work");
    gate.open();
    assert_eq!(deadline(), Some(IDLE + SECOND));
    estate.advance(IDLE);
    assert_eq!((deadline(), estate.manager.len()), (None, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn for_ever_needs_no_timer() {
    for life in [Duration::MAX, LIFE] {
        let estate = Estate::<()>::new(|options| options.idle_timeout(Duration::MAX).max_lifetime(life));
        drop(estate.manager.get(1).unwrap());
        estate.ex.run_until_idle();
        assert_eq!(estate.ex.next_deadline(), (life != Duration::MAX).then_some(life));
        estate.advance(LIFE - TICK);
        assert!(estate.manager.contains(&1));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn all_expiries_share_one_sleep() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE).max_lifetime(LIFE));
    (0..1000).for_each(|key| drop(estate.manager.get(key).unwrap()));
    assert!(estate.ex.run_until_idle() <= 2, "one task keeps time for all");
    estate.advance(IDLE - TICK);
    assert_eq!(estate.manager.len(), 1000);
    estate.advance(TICK);
    assert_eq!((estate.manager.len(), estate.ex.next_deadline()), (0, None));
}

#[wasm_bindgen_test(unsupported = test)]
fn what_has_expired_is_not_given_out_although_nobody_drove_the_executor() {
    let estate = Estate::<Shared>::new(|options| options.idle_timeout(IDLE).max_lifetime(LIFE));
    let ledger = Ledger::default();
    drop(estate.shared(1, &ledger));
    estate.clock.advance(IDLE - TICK);
    assert_eq!(estate.shared(1, &ledger).resource().number, 1);
    estate.clock.advance(IDLE);
    assert_eq!(estate.shared(1, &ledger).resource().number, 2);
    let held = estate.shared(1, &ledger);
    estate.clock.advance(LIFE * 5);
    assert_eq!((held.resource().number, estate.shared(1, &ledger).resource().number), (2, 3));
    estate.ex.run_until_idle();
    assert_eq!(ledger.disposed(), [1]);
}

#[wasm_bindgen_test(unsupported = test)]
fn without_an_idle_time_a_pool_goes_at_once_but_never_under_its_users() {
    let estate = Estate::<Shared>::new(|options| options.idle_timeout(Duration::ZERO));
    let ledger = Ledger::default();
    let lease = estate.shared(1, &ledger);
    estate.advance(SECOND);
    assert_eq!(estate.shared(1, &ledger).resource().number, 1);
    drop(lease);
    estate.ex.run_until_idle();
    assert_eq!((estate.manager.len(), ledger.disposed()), (0, vec![1]));
}

#[wasm_bindgen_test(unsupported = test)]
fn without_a_lifetime_every_get_has_a_generation_of_its_own() {
    let estate = Estate::<Shared>::new(|options| options.pool_concurrency(1).max_lifetime(Duration::ZERO));
    let ledger = Ledger::default();
    let leases: Vec<_> = (0..3).map(|_| estate.shared(1, &ledger)).collect();
    let gauge = Gauge::default();
    for lease in &leases {
        let gauge = gauge.clone();
        let _detached = accepted(lease.try_submit(async move {
            let _inside = gauge.enter();
            give_way().await;
        }));
    }
    estate.advance(SECOND);
    assert_eq!((ledger.made(), ledger.disposed(), gauge.most(), estate.adds_up().succeeded), (3, vec![], 1, 3));
    drop(leases);
    estate.ex.run_until_idle();
    assert_eq!((ledger.disposed(), estate.manager.len()), (vec![1, 2, 3], 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_that_came_of_age_needs_no_timer_while_it_is_in_use() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE).max_lifetime(LIFE));
    let lease = estate.manager.get(1).unwrap();
    estate.advance(LIFE);
    assert_eq!(estate.ex.next_deadline(), None, "there is nothing more to happen to it");
    let successor = estate.manager.get(1).unwrap();
    estate.ex.run_until_idle();
    assert_eq!(estate.ex.next_deadline(), Some(LIFE * 2), "its successor comes of age as well");
    drop((lease, successor));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_key_that_expires_in_the_very_moment_of_a_get_is_neither_lost_nor_doubled() {
    for undriven in [true, false] {
        let estate = Estate::<()>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE));
        drop(estate.manager.get(1).unwrap());
        estate.ex.run_until_idle();
        estate.clock.advance(IDLE);
        if undriven {
            estate.ex.run_until_idle();
        }
        let gauge = Gauge::default();
        let mut tasks: Vec<_> = (0..3)
            .map(|number| {
                let gauge = gauge.clone();
                accepted(estate.manager.get(1).unwrap().try_submit(async move {
                    let _inside = gauge.enter();
                    give_way().await;
                    number
                }))
            })
            .collect();
        assert_eq!((estate.manager.len(), estate.manager.keys()), (1, vec![1]));
        estate.ex.run_until_idle();
        assert_eq!((tasks.iter_mut().map(end).collect::<Vec<_>>(), gauge.most()), ([0, 1, 2].map(End::Value).to_vec(), 1));
        assert_eq!(estate.manager.len(), 1);
        estate.advance(IDLE);
        assert_eq!((estate.manager.len(), estate.adds_up().succeeded), (0, 3));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_key_made_anew_before_its_old_pool_was_swept_is_not_swept_with_it() {
    let estate = Estate::<Shared>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE).max_lifetime(LIFE));
    let ledger = Ledger::default();
    let others: Vec<_> = (2..5).map(|key| estate.shared(key, &ledger)).collect();
    drop(estate.shared(1, &ledger));
    drop(others);
    // All of them are over, and nobody has driven the executor since: the keeper wakes with all of that before it.
    estate.clock.advance(IDLE * 2);
    let lease = estate.shared(1, &ledger);
    assert_eq!(lease.resource().number, 5);
    for _ in 0..2 {
        estate.ex.run_until_idle();
        assert_eq!((estate.shared(1, &ledger).resource().number, estate.manager.keys()), (5, vec![1]));
        estate.advance(IDLE * 2);
    }
    assert_eq!(ledger.disposed(), [4, 1, 2, 3]);
    drop(lease);
    estate.advance(IDLE - TICK);
    assert!(estate.manager.contains(&1), "nor does it have the old one's clock");
    estate.advance(TICK);
    assert_eq!((ledger.disposed(), ledger.dropped().len()), (vec![4, 1, 2, 3, 5], 5));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_kept_by_a_waiting_submit_does_not_expire() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).pool_queue_capacity(0).idle_timeout(IDLE));
    let lease = estate.manager.get(1).unwrap();
    let (gate, future) = gated(());
    let _running = accepted(lease.try_submit(future));
    let run = estate.ex.spawn(lease.run(async { "late" }));
    lease.pause();
    drop(lease);
    estate.ex.run_until_idle();
    gate.open();
    estate.advance(IDLE * 3);
    assert!(estate.manager.contains(&1), "somebody still waits for room in it");
    estate.manager.get(1).unwrap().resume();
    assert_eq!(estate.finish(run).unwrap().unwrap(), "late");
    estate.advance(IDLE);
    assert!(!estate.manager.contains(&1));
}
