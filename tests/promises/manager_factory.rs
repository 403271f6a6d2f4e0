//! Promises of a manager about factories: one at a time for a key, never in the way of other keys, and nothing is kept of a failure.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use millpond::{GetError, PoolManager};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Later, SECOND, gated};
use super::manager_kit::{Estate, Got, IDLE, LIFE, Ledger, Shared, got};
use super::support::{Drops, WakeCount, poll, poll_once, waker_calling};

fn estate() -> Estate<Shared> {
    Estate::new(|options| options.idle_timeout(IDLE).max_lifetime(LIFE))
}

#[wasm_bindgen_test(unsupported = test)]
fn all_who_ask_meanwhile_share_one_factory() {
    let (estate, ledger) = (estate(), Ledger::default());
    let (gate, wait) = gated(());
    let mut first = pin!(estate.manager.get_with(1, ledger.slowly(wait)));
    let mut others: Vec<_> = (0..20).map(|_| Box::pin(estate.manager.get_with(1, ledger.factory()))).collect();
    assert_eq!(got(first.as_mut()), Got::NotYet);
    assert!(others.iter_mut().all(|other| got(other.as_mut()) == Got::NotYet));
    estate.ex.run_until_idle();
    assert_eq!((ledger.made(), estate.manager.len()), (0, 0));
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!(got(first.as_mut()), Got::Lease(1));
    assert!(others.iter_mut().all(|other| got(other.as_mut()) == Got::Lease(1)));
    assert_eq!((ledger.made(), estate.manager.keys()), (1, vec![1]));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_factory_whose_pool_is_there_is_dropped_unused() {
    let (estate, ledger, drops) = (estate(), Ledger::default(), Drops::default());
    let _lease = estate.shared(1, &ledger);
    let guard = drops.guard();
    let unused = async move |_| {
        let _guard = guard;
        Err::<Shared, _>(io::Error::other("never asked"))
    };
    let lease = estate.finish(estate.manager.get_with(1, unused)).unwrap();
    assert_eq!((lease.resource().number, drops.count()), (1, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_slow_factory_delays_no_other_key() {
    let (estate, ledger) = (estate(), Ledger::default());
    let mut slow = pin!(estate.manager.get_with(1, ledger.slowly(estate.ex.sleep(SECOND * 5))));
    assert_eq!(got(slow.as_mut()), Got::NotYet);
    for key in 2..50 {
        drop(estate.shared(key, &ledger));
    }
    assert_eq!((ledger.made(), estate.ex.now()), (48, std::time::Duration::ZERO), "at once");
    estate.advance(SECOND * 5);
    assert_eq!(got(slow.as_mut()), Got::Lease(49));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_failure_is_everyones_who_waited_and_nobodys_after() {
    let (estate, ledger) = (estate(), Ledger::default());
    let (gate, wait) = gated(());
    let failing = async move |key: u32| {
        wait.await;
        Err::<Shared, _>(io::Error::other(format!("no host for {key}")))
    };
    let mut first = pin!(estate.manager.get_with(1, failing));
    let mut second = pin!(estate.manager.get_with(1, ledger.factory()));
    assert_eq!((got(first.as_mut()), got(second.as_mut())), (Got::NotYet, Got::NotYet));
    assert_eq!(estate.shared(2, &ledger).resource().number, 1, "other keys have nothing to do with it");
    gate.open();
    estate.ex.run_until_idle();
    let retried = estate.shared(1, &ledger);
    assert_eq!((retried.resource().number, ledger.made()), (2, 2), "nothing is kept, although the failure is not collected yet");
    let failed = || Got::Failed("no host for 1".to_owned());
    assert_eq!((got(first.as_mut()), got(second.as_mut())), (failed(), failed()));
    estate.advance(IDLE);
    assert_eq!(ledger.disposed(), [1]);
}

#[wasm_bindgen_test(unsupported = test)]
fn who_waited_for_one_factory_gets_one_error() {
    let estate = estate();
    let failing = || async |_| Err::<Shared, _>(io::Error::other("no"));
    let (mut first, mut second) = (Box::pin(estate.manager.get_with(1, failing())), Box::pin(estate.manager.get_with(1, failing())));
    assert!(poll_once(first.as_mut()).is_pending() && poll_once(second.as_mut()).is_pending());
    let errors = (estate.finish(first).unwrap_err(), estate.finish(second).unwrap_err());
    let (GetError::Failed(first), GetError::Failed(second)) = errors else { panic!("{errors:?}") };
    assert!(Rc::ptr_eq(&first, &second));
}

#[wasm_bindgen_test(unsupported = test)]
fn who_tries_again_when_told_of_a_failure_gets_a_factory_of_its_own() {
    let (estate, ledger) = (estate(), Ledger::default());
    let (manager, retry) = (estate.manager.clone(), Later::new());
    let (ledger_inside, retry_inside) = (ledger.clone(), retry.clone());
    // The retry begins inside the wake that tells of the failure.
    let waker = waker_calling(move || {
        let (manager, factory) = (manager.clone(), ledger_inside.factory());
        let mut again = Box::pin(async move { manager.get_with(1, factory).await });
        assert_eq!(got(again.as_mut()), Got::NotYet, "the old failure is not handed out again");
        retry_inside.set(again);
    });
    let mut first = pin!(estate.manager.get_with(1, async |_| Err::<Shared, _>(io::Error::other("no"))));
    assert!(poll(first.as_mut(), &waker).is_pending());
    estate.ex.run_until_idle();
    assert_eq!(got(first.as_mut()), Got::Failed("no".to_owned()));
    assert_eq!(estate.finish(retry.take().unwrap()).unwrap().resource().number, 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn callers_that_go_leave_the_factory_to_the_others() {
    let (estate, ledger) = (estate(), Ledger::default());
    let (gate, wait) = gated(());
    let mut callers: Vec<_> = vec![Box::pin(estate.manager.get_with(1, ledger.slowly(wait)))];
    assert_eq!(got(callers[0].as_mut()), Got::NotYet);
    let mut second = pin!(estate.manager.get_with(1, ledger.factory()));
    assert_eq!(got(second.as_mut()), Got::NotYet);
    // Also the one who brought the factory may go.
    callers.clear();
    estate.ex.run_until_idle();
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!((got(second.as_mut()), ledger.made()), (Got::Lease(1), 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn with_the_last_caller_the_factory_goes_and_the_next_call_starts_afresh() {
    let (estate, ledger, drops) = (estate(), Ledger::default(), Drops::default());
    for driven in [true, false] {
        let guard = drops.guard();
        let stuck = ledger.slowly(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        let mut call = Box::pin(estate.manager.get_with(1, stuck));
        assert!(poll_once(call.as_mut()).is_pending());
        estate.ex.run_until_idle();
        drop(call);
        if driven {
            estate.ex.run_until_idle();
            assert_eq!(drops.count(), 1);
        }
    }
    let lease = estate.shared(1, &ledger);
    assert_eq!((lease.resource().number, ledger.made(), drops.count()), (1, 1, 2));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_caller_that_is_never_polled_asks_for_nothing() {
    let (estate, ledger) = (estate(), Ledger::default());
    drop(estate.manager.get_with(1, ledger.factory()));
    assert_eq!((estate.ex.run_until_idle(), ledger.made(), estate.manager.len()), (0, 0, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_waiting_caller_costs_one_waker_however_often_it_is_polled() {
    let (estate, ledger) = (estate(), Ledger::default());
    let (count, waker) = WakeCount::new();
    let before = Arc::strong_count(&count);
    let mut first = pin!(estate.manager.get_with(1, ledger.slowly(pending())));
    assert!(poll_once(first.as_mut()).is_pending());
    let mut call = Box::pin(estate.manager.get_with(1, ledger.factory()));
    (0..100).for_each(|_| assert!(poll(call.as_mut(), &waker).is_pending()));
    assert!(Arc::strong_count(&count) <= before + 1, "{} wakers are kept", Arc::strong_count(&count) - before);
    drop(call);
    assert_eq!(Arc::strong_count(&count), before, "and none when it is gone");
}

#[wasm_bindgen_test(unsupported = test)]
fn only_the_last_waker_of_a_caller_is_told() {
    let (estate, ledger) = (estate(), Ledger::default());
    let ((old, old_waker), (new, new_waker)) = (WakeCount::new(), WakeCount::new());
    let mut call = pin!(estate.manager.get_with(1, ledger.factory()));
    assert!(poll(call.as_mut(), &old_waker).is_pending());
    assert!(poll(call.as_mut(), &new_waker).is_pending());
    estate.ex.run_until_idle();
    assert_eq!((old.take(), new.take()), (0, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn an_executor_dropped_during_a_flight_tells_everyone() {
    let (estate, ledger) = (estate(), Ledger::default());
    let (count, waker) = WakeCount::new();
    let manager = estate.manager.clone();
    let mut first = pin!(manager.get_with(1, ledger.slowly(pending())));
    let mut second = pin!(manager.get_with(1, ledger.factory()));
    assert!(poll(first.as_mut(), &waker).is_pending() && poll(second.as_mut(), &waker).is_pending());
    estate.ex.run_until_idle();
    drop(estate);
    assert_eq!(count.take(), 2);
    assert_eq!((got(first.as_mut()), got(second.as_mut())), (Got::Closed, Got::Closed));
    let mut late = pin!(manager.get_with(1, ledger.factory()));
    assert_eq!((got(late.as_mut()), ledger.made()), (Got::Closed, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_manager_closed_during_a_flight_tells_everyone_and_drops_the_factory() {
    let (estate, ledger, drops) = (estate(), Ledger::default(), Drops::default());
    let (count, waker) = WakeCount::new();
    let guard = drops.guard();
    let wait = async move {
        let _guard = guard;
        pending::<()>().await;
    };
    let mut first = Box::pin(estate.manager.get_with(1, ledger.slowly(wait)));
    let mut second = Box::pin(estate.manager.get_with(1, ledger.factory()));
    assert!(poll(first.as_mut(), &waker).is_pending() && poll(second.as_mut(), &waker).is_pending());
    estate.ex.run_until_idle();
    let closing = estate.manager.close();
    assert_eq!(count.take(), 2, "in the very call");
    // The factory goes although its callers, told as they are, do not look.
    estate.finish(closing);
    estate.ex.run_until_idle();
    assert_eq!(drops.count(), 1);
    assert_eq!((got(first.as_mut()), got(second.as_mut())), (Got::Closed, Got::Closed));
}

#[wasm_bindgen_test(unsupported = test)]
fn what_a_factory_makes_for_a_closed_manager_is_disposed_of() {
    let (estate, ledger) = (estate(), Ledger::default());
    let (manager, making) = (estate.manager.clone(), ledger.clone());
    let closes = async move |_| {
        drop(manager.close());
        Ok::<_, io::Error>(making.make())
    };
    let mut call = pin!(estate.manager.get_with(1, closes));
    assert!(poll_once(call.as_mut()).is_pending());
    estate.ex.run_until_idle();
    assert_eq!(got(call.as_mut()), Got::Closed);
    assert_eq!((ledger.disposed(), ledger.dropped(), estate.manager.len()), (vec![1], vec![1], 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_factory_may_ask_the_manager_for_other_keys() {
    let estate = estate();
    fn nested(manager: PoolManager<u32, Shared>, ledger: Ledger) -> impl AsyncFnOnce(u32) -> Result<Shared, GetError> + 'static {
        async move |key: u32| {
            if let Some(below) = key.checked_sub(1) {
                let factory = nested(manager.clone(), ledger.clone());
                let lease = Box::pin(manager.get_with(below, factory)).await?;
                assert_eq!(lease.resource().number, key as usize);
                assert_eq!(lease.run(async { "works" }).await.unwrap(), "works");
            }
            Ok(ledger.make())
        }
    }
    let ledger = Ledger::default();
    let lease = estate.finish(estate.manager.get_with(5, nested(estate.manager.clone(), ledger.clone()))).unwrap();
    assert_eq!((lease.resource().number, estate.manager.len()), (6, 6));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_factory_may_outlast_the_pool_it_succeeds() {
    // The old generation is over its lifetime; while its successor is made, its last user goes.
    let (estate, ledger) = (estate(), Ledger::default());
    let old = estate.shared(1, &ledger);
    estate.advance(LIFE);
    let mut call = Box::pin(estate.manager.get_with(1, ledger.slowly(estate.ex.sleep(IDLE * 3))));
    assert_eq!(got(call.as_mut()), Got::NotYet);
    drop(old);
    estate.advance(IDLE * 2);
    assert_eq!((estate.manager.len(), ledger.disposed()), (1, vec![1]), "the place is kept for the successor");
    estate.advance(IDLE);
    let lease = estate.finish(call).unwrap();
    assert_eq!((lease.resource().number, estate.manager.len()), (2, 1));
    assert_eq!(estate.finish(lease.run(async { 3 })).unwrap(), 3);
    drop(lease);
    estate.advance(IDLE);
    assert_eq!((ledger.disposed(), estate.manager.len()), (vec![1, 2], 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_lease_nobody_collects_is_given_back_with_the_call() {
    let (estate, ledger) = (estate(), Ledger::default());
    let mut call = Box::pin(estate.manager.get_with(1, ledger.factory()));
    assert!(poll_once(call.as_mut()).is_pending());
    estate.advance(IDLE * 2);
    assert!(estate.manager.contains(&1), "it is the caller's, who has not looked yet");
    drop(call);
    estate.advance(IDLE);
    assert_eq!((estate.manager.len(), ledger.disposed()), (0, vec![1]));
}

#[wasm_bindgen_test(unsupported = test)]
fn what_a_flight_brings_can_be_used_by_a_waker_at_once() {
    let (estate, ledger) = (estate(), Ledger::default());
    let (manager, seen) = (estate.manager.clone(), Later::new());
    let (told, making) = (seen.clone(), ledger.clone());
    let waker = waker_calling(move || {
        let mut call = pin!(manager.get_with(1, making.factory()));
        told.set(got(call.as_mut()));
    });
    let mut call = pin!(estate.manager.get_with(1, ledger.factory()));
    assert!(poll(call.as_mut(), &waker).is_pending());
    estate.ex.run_until_idle();
    assert_eq!((seen.take(), ledger.made()), (Some(Got::Lease(1)), 1));
}

/// A waker that outlives everything must not keep a manager or be called for ever.
#[wasm_bindgen_test(unsupported = test)]
fn no_waker_outlives_its_flight() {
    let (estate, ledger) = (estate(), Ledger::default());
    let (count, waker) = WakeCount::new();
    let mut call = Box::pin(estate.manager.get_with(1, ledger.factory()));
    assert!(poll(call.as_mut(), &waker).is_pending());
    drop(Waker::clone(&waker));
    estate.ex.run_until_idle();
    assert_eq!((count.take(), got(call.as_mut())), (1, Got::Lease(1)));
    drop((call, waker));
    assert_eq!(Arc::strong_count(&count), 1);
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod native {
    //! A panic aborts on wasm.
    use super::*;

    #[test]
    fn a_panicking_factory_stalls_no_other_key_and_hurts_its_own_callers_only() {
        let (estate, ledger) = (estate(), Ledger::default());
        let (gate, wait) = gated(());
        let panicking = async move |_| -> Result<Shared, io::Error> {
            wait.await;
            panic!("out of hosts")
        };
        let mut first = pin!(estate.manager.get_with(1, panicking));
        let mut second = pin!(estate.manager.get_with(1, ledger.factory()));
        assert_eq!((got(first.as_mut()), got(second.as_mut())), (Got::NotYet, Got::NotYet));
        drop(estate.shared(2, &ledger));
        gate.open();
        estate.ex.run_until_idle();
        let panicked = || Got::Panicked("out of hosts".to_owned());
        assert_eq!((got(first.as_mut()), got(second.as_mut())), (panicked(), panicked()));
        assert_eq!(estate.shared(1, &ledger).resource().number, 2);
    }

    #[test]
    fn a_factory_that_panics_before_its_first_await_is_no_different() {
        let (estate, ledger) = (estate(), Ledger::default());
        let panicking = async |_| -> Result<Shared, io::Error> { std::panic::panic_any(7) };
        let error = estate.finish(estate.manager.get_with(1, panicking)).unwrap_err();
        assert_eq!(error.to_string(), "the factory panicked: with something other than a text");
        assert_eq!(estate.shared(1, &ledger).resource().number, 1);
    }
}
