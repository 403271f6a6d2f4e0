//! Promises of a manager about the number of its keys: never above the bound, and nothing in use ever goes for it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::pin::pin;

use millpond::{Evicted, GetError, LocalExecutor, PoolManager, Task};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Random, SECOND, accepted, end, gated};
use super::manager_kit::{Estate, Got, IDLE, Ledger, Shared, got};
use super::support::{Recorder, poll_once};

fn sorted(mut keys: Vec<u32>) -> Vec<u32> {
    keys.sort_unstable();
    keys
}

#[wasm_bindgen_test(unsupported = test)]
fn one_more_key_takes_the_place_of_the_one_that_is_idle_for_longest() {
    let gone = Recorder::new();
    let told = gone.clone();
    let estate = Estate::<()>::new(|options| options.max_pools(3).on_evict(move |key, reason| told.note((*key, reason))));
    (1..=3).for_each(|key| drop(estate.manager.get(key).unwrap()));
    // Used again, by a lease and by a task alone: it is the second that is idle for longest.
    drop(estate.manager.get(1).unwrap());
    for (new, out) in [(4, 2), (5, 3), (6, 1)] {
        drop(estate.manager.get(new).unwrap());
        assert_eq!(gone.take(), [(out, Evicted::Capacity)]);
        assert_eq!(estate.manager.len(), 3);
    }
    assert_eq!(sorted(estate.manager.keys()), [4, 5, 6]);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_end_of_a_task_counts_as_use_and_looking_does_not() {
    let estate = Estate::<()>::new(|options| options.max_pools(2));
    let (gate, future) = gated(());
    let _task = accepted(estate.manager.get(1).unwrap().try_submit(future));
    drop(estate.manager.get(2).unwrap());
    gate.open();
    estate.ex.run_until_idle();
    assert!(estate.manager.contains(&2) && estate.manager.pool_stats(&2).is_some() && estate.manager.snapshot().len() == 2);
    drop(estate.manager.get(3).unwrap());
    assert_eq!(sorted(estate.manager.keys()), [1, 3]);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_in_use_never_goes_and_the_bound_is_never_broken() {
    let estate = Estate::<()>::new(|options| options.max_pools(2).pool_concurrency(1));
    let lease = estate.manager.get(1).unwrap();
    let (gate, future) = gated("done");
    let mut task = accepted(estate.manager.get(2).unwrap().try_submit(future));
    for _ in 0..3 {
        assert!(matches!(estate.manager.get(3), Err(GetError::Full)));
        assert_eq!(sorted(estate.manager.keys()), [1, 2]);
    }
    assert!(estate.manager.get(1).is_ok() && estate.manager.get(2).is_ok(), "those that are there can be had");
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!(end(&mut task), End::Value("done"));
    drop(estate.manager.get(3).unwrap());
    assert_eq!(sorted(estate.manager.keys()), [1, 3]);
    drop(lease);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_expired_pool_makes_room_by_itself() {
    let gone = Recorder::new();
    let told = gone.clone();
    let estate = Estate::<()>::new(|options| options.max_pools(1).idle_timeout(IDLE).on_evict(move |_, reason| told.note(reason)));
    drop(estate.manager.get(1).unwrap());
    estate.clock.advance(IDLE);
    drop(estate.manager.get(2).unwrap());
    assert_eq!(gone.take(), [Evicted::Idle], "its time was over before anybody needed its place");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_successor_needs_no_place_of_its_own() {
    let estate = Estate::<Shared>::new(|options| options.max_pools(1));
    let ledger = Ledger::default();
    let old = estate.shared(1, &ledger);
    assert!(estate.manager.invalidate(&1));
    assert_eq!(estate.shared(1, &ledger).resource().number, 2);
    assert_eq!((estate.manager.len(), old.resource().number), (1, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_factory_under_way_has_its_place() {
    let estate = Estate::<Shared>::new(|options| options.max_pools(2));
    let ledger = Ledger::default();
    let held = estate.shared(1, &ledger);
    let mut slow = Box::pin(estate.manager.get_with(2, ledger.slowly(estate.ex.sleep(SECOND))));
    assert_eq!(got(slow.as_mut()), Got::NotYet);
    let mut late = pin!(estate.manager.get_with(3, ledger.factory()));
    assert_eq!((got(late.as_mut()), ledger.made()), (Got::Full, 1), "and no factory runs in vain");
    drop(held);
    let third = estate.shared(3, &ledger);
    estate.advance(SECOND);
    assert_eq!(got(slow.as_mut()), Got::Lease(3));
    assert_eq!((sorted(estate.manager.keys()), third.resource().number), (vec![2, 3], 2));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_factory_that_is_given_up_or_fails_frees_its_place_at_once() {
    let estate = Estate::<Shared>::new(|options| options.max_pools(1));
    let ledger = Ledger::default();
    {
        let mut slow = pin!(estate.manager.get_with(1, ledger.slowly(std::future::pending())));
        assert!(poll_once(slow.as_mut()).is_pending());
        assert_eq!(got(pin!(estate.manager.get_with(2, ledger.factory()))), Got::Full);
    }
    let mut call = Box::pin(estate.manager.get_with(2, async |_| Err::<Shared, _>("no luck")));
    assert_eq!(got(call.as_mut()), Got::NotYet);
    estate.ex.run_until_idle();
    assert_eq!(got(call.as_mut()), Got::Failed("no luck".to_owned()));
    drop(estate.shared(3, &ledger));
    assert_eq!(estate.manager.keys(), [3]);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_evicted_is_disposed_of_once_and_its_counts_stay() {
    let estate = Estate::<Shared>::new(|options| options.max_pools(1));
    let ledger = Ledger::default();
    for key in 1..=5 {
        estate.finish(estate.shared(key, &ledger).run(async {})).unwrap();
    }
    estate.ex.run_until_idle();
    assert_eq!((ledger.disposed(), ledger.dropped(), estate.adds_up().succeeded), (vec![1, 2, 3, 4], vec![1, 2, 3, 4], 5));
}

#[wasm_bindgen_test(unsupported = test)]
fn lowering_the_bound_sends_away_what_is_idle_and_nothing_else() {
    let estate = Estate::<()>::new(|options| options);
    let held: Vec<_> = (0..3).map(|key| estate.manager.get(key).unwrap()).collect();
    (3..6).for_each(|key| drop(estate.manager.get(key).unwrap()));
    estate.manager.set_max_pools(Some(4)).unwrap();
    assert_eq!(sorted(estate.manager.keys()), [0, 1, 2, 5]);
    estate.manager.set_max_pools(Some(2)).unwrap();
    assert_eq!(sorted(estate.manager.keys()), [0, 1, 2]);
    drop(held);
    assert_eq!(estate.manager.len(), 3, "nobody needs their places yet");
    drop(estate.manager.get(9).unwrap());
    assert_eq!(sorted(estate.manager.keys()), [2, 9]);
    estate.manager.set_max_pools(None).unwrap();
    (10..20).for_each(|key| drop(estate.manager.get(key).unwrap()));
    assert_eq!(estate.manager.len(), 12);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_goes_although_there_is_still_no_room_is_told_of_in_the_same_call() {
    let gone = Recorder::new();
    let told = gone.clone();
    let estate = Estate::<Shared>::new(|options| options.on_evict(move |key, _| told.note(*key)));
    let ledger = Ledger::default();
    let [_one, _two, three] = [1, 2, 3].map(|key| estate.shared(key, &ledger));
    estate.manager.set_max_pools(Some(2)).unwrap();
    drop(three);
    assert_eq!((got(pin!(estate.manager.get_with(4, ledger.factory()))), gone.take()), (Got::Full, vec![3]));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_bound_of_zero_is_refused_by_name() {
    let ex = LocalExecutor::new();
    let error = PoolManager::<u32>::builder(&ex).max_pools(0).build().unwrap_err();
    assert_eq!(error.to_string(), "max_pools: 0 is refused, use 1 or more, or no such bound");
    let manager = PoolManager::<u32>::builder(&ex).max_pools(1).build().unwrap();
    assert_eq!(manager.set_max_pools(Some(0)).unwrap_err().option(), "max_pools");
}

#[wasm_bindgen_test(unsupported = test)]
fn the_order_of_idleness_is_exact_under_random_use() {
    // A list of the idle keys in order, beside the manager; with a cap over all, so that pools wait as well as idle.
    for seed in 0..20 {
        let (estate, mut random) =
            (Estate::<()>::new(|options| options.max_pools(4).concurrency(1).pool_concurrency(1)), Random::new(seed));
        let (mut idle, mut used) = (Vec::<u32>::new(), Vec::<(u32, Task<()>, Gate)>::new());
        for _ in 0..200 {
            let key = random.below(9) as u32;
            let known = used.iter().any(|(of, ..)| *of == key);
            let place = idle.iter().position(|of| *of == key);
            match (random.below(3), known) {
                (0, false) => {
                    let full = place.is_none() && used.len() == 4;
                    let Ok(lease) = estate.manager.get(key) else {
                        assert!(full);
                        continue;
                    };
                    assert!(!full);
                    match place {
                        Some(place) => drop(idle.remove(place)),
                        None if idle.len() + used.len() == 4 => drop(idle.remove(0)),
                        None => {}
                    }
                    let (gate, future) = gated(());
                    used.push((key, accepted(lease.try_submit(future)), gate));
                }
                (1, true) => {
                    let place = used.iter().position(|(of, ..)| *of == key).unwrap();
                    let (_, task, _gate) = used.remove(place);
                    assert!(task.cancel());
                    idle.push(key);
                }
                _ => {}
            }
            let all = idle.iter().chain(used.iter().map(|(key, ..)| key)).copied().collect();
            assert_eq!(sorted(estate.manager.keys()), sorted(all), "seed {seed}");
        }
    }
}
