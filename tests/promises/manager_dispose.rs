//! Promises of a manager about resources: each generation is disposed of exactly once, after its last task and its last lease.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::pin::pin;

use millpond::{PoolManager, Resource, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Later, SECOND, accepted, gated, orders};
use super::manager_kit::{Estate, IDLE, LIFE, Ledger, Shared};
use super::support::{on_drop, poll_once};

fn estate() -> Estate<Shared> {
    Estate::new(|options| options.pool_concurrency(1).idle_timeout(IDLE).max_lifetime(LIFE))
}

#[wasm_bindgen_test(unsupported = test)]
fn a_resource_is_disposed_of_once_after_lease_task_and_currency_whatever_goes_last() {
    orders(4, |order| {
        let (estate, ledger) = (estate(), Ledger::default());
        let lease = estate.shared(1, &ledger);
        let ((first_gate, first), (second_gate, second)) = (gated(()), gated(()));
        let _first = accepted(lease.try_submit(first));
        let _second = accepted(lease.try_submit(second));
        let (mut lease, mut first_gate, mut second_gate) = (Some(lease), Some(first_gate), Some(second_gate));
        for (done, step) in order.iter().enumerate() {
            assert!(ledger.disposed().is_empty(), "{order:?}, after {done}");
            match step {
                0 => drop(lease.take()),
                1 => first_gate.take().unwrap().open(),
                2 => second_gate.take().unwrap().open(),
                // Now it is over its lifetime.
                _ => estate.advance(LIFE),
            }
            estate.ex.run_until_idle();
        }
        // An idle pool is gone at its lifetime, one that was in use before may still wait for its idle time; its resource does not.
        assert_eq!((ledger.disposed(), ledger.dropped()), (vec![1], vec![1]), "{order:?}");
        estate.advance(LIFE * 3);
        assert_eq!((ledger.disposed(), ledger.dropped(), estate.manager.len()), (vec![1], vec![1], 0), "{order:?}");
    });
}

#[wasm_bindgen_test(unsupported = test)]
fn the_future_of_the_last_task_is_gone_before_the_resource() {
    let (estate, ledger) = (estate(), Ledger::default());
    let lease = estate.shared(1, &ledger);
    let seen = ledger.clone();
    let guard = on_drop(move || assert!(seen.disposed().is_empty()));
    let task = accepted(lease.try_submit(async move {
        let _guard = guard;
        std::future::pending::<()>().await;
    }));
    estate.ex.run_until_idle();
    drop(lease);
    estate.advance(LIFE);
    assert!(task.cancel());
    estate.ex.run_until_idle();
    assert_eq!((task.state(), ledger.disposed()), (TaskState::Ended, vec![1]));
}

#[wasm_bindgen_test(unsupported = test)]
fn an_expired_pool_is_disposed_of_once_however_often_its_key_comes_back() {
    let (estate, ledger) = (estate(), Ledger::default());
    for round in 1..=20 {
        let lease = estate.shared(1, &ledger);
        let _detached = accepted(lease.try_submit(async {}));
        drop(lease);
        estate.advance(IDLE);
        assert_eq!(ledger.disposed(), (1..=round).collect::<Vec<_>>());
    }
    assert_eq!(ledger.dropped(), ledger.disposed());
}

#[wasm_bindgen_test(unsupported = test)]
fn every_generation_is_disposed_of_once_while_its_successors_work() {
    let (estate, ledger) = (estate(), Ledger::default());
    let mut leases = Vec::new();
    for _ in 0..4 {
        leases.push(estate.shared(1, &ledger));
        estate.advance(LIFE);
    }
    // The third goes first, by the end of a task of its own after its lease.
    let (gate, future) = gated(());
    let _task = accepted(leases[2].try_submit(future));
    let third = leases.remove(2);
    drop(third);
    estate.ex.run_until_idle();
    assert!(ledger.disposed().is_empty());
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!(ledger.disposed(), [3]);
    leases.drain(..).for_each(|lease| {
        drop(lease);
        estate.ex.run_until_idle();
    });
    assert_eq!((ledger.disposed(), ledger.made()), (vec![3, 1, 2, 4], 4));
    estate.advance(LIFE);
    assert_eq!((ledger.disposed(), ledger.dropped(), estate.manager.len()), (vec![3, 1, 2, 4], vec![3, 1, 2, 4], 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn close_waits_for_what_nobody_leases() {
    let (estate, ledger) = (estate(), Ledger::default());
    drop(estate.shared(1, &ledger));
    let (gate, farewell) = gated(());
    ledger.set_farewell(farewell);
    let closing = estate.ex.spawn(estate.manager.close());
    let again = estate.ex.spawn(estate.manager.close());
    estate.ex.run_until_idle();
    assert_eq!((ledger.disposed(), ledger.dropped()), (vec![1], vec![]));
    let (ended, told) = (Later::new(), Later::new());
    let (ended_inside, told_inside) = (ended.clone(), told.clone());
    drop(estate.ex.spawn(async move { ended_inside.set(closing.await.unwrap()) }));
    drop(estate.ex.spawn(async move { told_inside.set(again.await.unwrap()) }));
    estate.ex.run_until_idle();
    assert!(ended.take().is_none() && told.take().is_none(), "disposing is not over");
    gate.open();
    estate.ex.run_until_idle();
    assert!(ended.take().is_some() && told.take().is_some(), "both who wait are told");
    assert_eq!((ledger.disposed(), ledger.dropped()), (vec![1], vec![1]));
}

#[wasm_bindgen_test(unsupported = test)]
fn close_does_not_wait_for_leases_and_their_resource_goes_with_them() {
    let (estate, ledger) = (estate(), Ledger::default());
    let lease = estate.shared(1, &ledger);
    drop(estate.shared(2, &ledger));
    estate.finish(estate.manager.close());
    assert_eq!((ledger.disposed(), lease.resource().number), (vec![2], 1));
    drop(lease);
    estate.ex.run_until_idle();
    assert_eq!((ledger.disposed(), ledger.dropped()), (vec![2, 1], vec![2, 1]));
    estate.finish(estate.manager.close());
    assert_eq!(ledger.disposed(), [2, 1]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_manager_that_is_dropped_disposes_of_what_is_idle_now_and_of_the_rest_later() {
    let (estate, ledger) = (estate(), Ledger::default());
    let leased = estate.shared(1, &ledger);
    drop(estate.shared(2, &ledger));
    let (gate, future) = gated(());
    let _busy = accepted(estate.shared(3, &ledger).try_submit(future));
    let Estate { ex, manager, .. } = estate;
    drop(manager);
    ex.run_until_idle();
    assert_eq!(ledger.disposed(), [2]);
    gate.open();
    ex.run_until_idle();
    assert_eq!(ledger.disposed(), [2, 3]);
    drop(leased);
    ex.run_until_idle();
    assert_eq!((ledger.disposed(), ledger.dropped()), (vec![2, 3, 1], vec![2, 3, 1]));
}

#[wasm_bindgen_test(unsupported = test)]
fn without_an_executor_resources_are_dropped_once_and_never_disposed_of() {
    let (estate, ledger) = (estate(), Ledger::default());
    let leased = estate.shared(1, &ledger);
    drop(estate.shared(2, &ledger));
    let _busy = accepted(estate.shared(3, &ledger).try_submit(std::future::pending::<()>()));
    let manager = estate.manager.clone();
    drop(estate);
    drop(leased);
    drop(manager);
    let mut dropped = ledger.dropped();
    dropped.sort_unstable();
    assert_eq!((ledger.disposed(), dropped), (vec![], vec![1, 2, 3]));
}

#[wasm_bindgen_test(unsupported = test)]
fn an_executor_that_goes_in_the_midst_of_disposing_drops_the_resource_once() {
    let (estate, ledger) = (estate(), Ledger::default());
    ledger.set_farewell(std::future::pending());
    drop(estate.shared(1, &ledger));
    estate.advance(IDLE);
    assert_eq!((ledger.disposed(), ledger.dropped()), (vec![1], vec![]));
    drop(estate);
    assert_eq!((ledger.disposed(), ledger.dropped()), (vec![1], vec![1]));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_slow_dispose_is_in_nobodys_way() {
    let (estate, ledger) = (estate(), Ledger::default());
    ledger.set_farewell(estate.ex.sleep(SECOND * 1000));
    drop(estate.shared(1, &ledger));
    estate.advance(IDLE);
    let lease = estate.shared(1, &ledger);
    assert_eq!((lease.resource().number, estate.finish(lease.run(async { 1 })).unwrap()), (2, 1));
    drop(lease);
    estate.advance(IDLE);
    assert_eq!((ledger.disposed(), ledger.dropped()), (vec![1, 2], vec![2]));
    estate.advance(SECOND * 1000);
    assert_eq!(ledger.dropped(), [2, 1]);
}

/// Asks its own manager for its own key while it is disposed of.
struct Phoenix(PoolManager<u32, Phoenix>, Later<u32>);

impl Resource for Phoenix {
    async fn dispose(self) {
        let Self(manager, reborn) = self;
        let (again, next) = (manager.clone(), reborn.clone());
        let lease = manager.get_with(1, async move |_| Ok::<_, std::io::Error>(Self(again, next))).await;
        if let Ok(lease) = lease {
            reborn.set(lease.run(async { 42 }).await.unwrap());
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_dispose_may_use_the_manager() {
    let estate = Estate::<Phoenix>::new(|options| options.idle_timeout(IDLE));
    let (manager, reborn) = (estate.manager.clone(), Later::new());
    let seen = reborn.clone();
    drop(estate.finish(estate.manager.get_with(1, async move |_| Ok::<_, std::io::Error>(Phoenix(manager, reborn)))).unwrap());
    for _ in 0..3 {
        estate.advance(IDLE);
        assert_eq!((seen.take(), estate.manager.len()), (Some(42), 1));
    }
    estate.finish(estate.manager.close());
    assert_eq!((seen.take(), estate.manager.len()), (None, 0));
}

/// Uses the manager while it is plainly dropped.
struct Curious(PoolManager<u32, Curious>, Later<bool>);

impl Resource for Curious {}

impl Drop for Curious {
    fn drop(&mut self) {
        let (manager, seen) = (&self.0, &self.1);
        assert!(manager.len() < 10 && manager.stats().running == 0);
        drop(manager.close());
        seen.set(manager.contains(&1));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_drop_of_a_resource_may_use_the_manager() {
    for how in 0..3 {
        let estate = Estate::<Curious>::new(|options| options.idle_timeout(IDLE));
        let (manager, seen) = (estate.manager.clone(), Later::new());
        let told = seen.clone();
        let lease = estate.finish(estate.manager.get_with(1, async move |_| Ok::<_, std::io::Error>(Curious(manager, told)))).unwrap();
        match how {
            0 => {
                drop(lease);
                estate.advance(IDLE);
            }
            1 => {
                drop(lease);
                estate.finish(estate.manager.close());
            }
            _ => {
                let manager = estate.manager.clone();
                drop(estate);
                assert!(manager.is_closed());
                drop(lease);
                assert!(poll_once(pin!(manager.close())).is_ready());
            }
        }
        assert_eq!(seen.take(), Some(false), "{how}");
    }
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod native {
    //! A panic aborts on wasm.
    use super::*;

    #[test]
    fn a_dispose_that_panics_ends_there_and_close_goes_on() {
        let (estate, ledger) = (estate(), Ledger::default());
        ledger.set_farewell(async { panic!("no farewell") });
        drop(estate.shared(1, &ledger));
        drop(estate.shared(2, &ledger));
        estate.finish(estate.manager.close());
        let (mut disposed, mut dropped) = (ledger.disposed(), ledger.dropped());
        disposed.sort_unstable();
        dropped.sort_unstable();
        assert_eq!((disposed, dropped), (vec![1, 2], vec![1, 2]));
    }

    #[test]
    fn a_task_that_panics_lets_go_of_its_resource() {
        let (estate, ledger) = (estate(), Ledger::default());
        let _task = accepted(estate.shared(1, &ledger).try_submit(async { panic!("ouch") }));
        estate.advance(IDLE);
        assert_eq!((ledger.disposed(), estate.manager.len(), estate.adds_up().panicked), (vec![1], 0, 1));
    }
}
