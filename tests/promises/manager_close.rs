//! Promises of a manager about its end, and about the end of one of its pools: nothing hangs, nothing is lost, everybody is told.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::pin::pin;

use millpond::{CloseReport, GetError, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, SECOND, TICK, accepted, end, gated};
use super::manager_kit::{Estate, Got, IDLE, LIFE, Ledger, Shared, got};
use super::support::poll_once;

/// Three keys with one task that runs and one that waits for each.
fn busy() -> (Estate, Vec<super::kit::Gate>, Vec<millpond::Task<u32>>) {
    let estate = Estate::new(|options| options.pool_concurrency(1).idle_timeout(IDLE).max_lifetime(LIFE));
    let (mut gates, mut tasks) = (Vec::new(), Vec::new());
    for key in 0..3 {
        let lease = estate.manager.get(key).unwrap();
        let (gate, future) = gated(key);
        gates.push(gate);
        tasks.push(accepted(lease.try_submit(future)));
        tasks.push(accepted(lease.try_submit(async move { key })));
    }
    estate.ex.run_until_idle();
    (estate, gates, tasks)
}

fn counts(report: CloseReport) -> (u64, u64, u64) {
    (report.drained, report.cancelled_waiting, report.cancelled_running)
}

#[wasm_bindgen_test(unsupported = test)]
fn a_second_close_never_hangs() {
    for used in [false, true] {
        let estate = Estate::<()>::new(|options| options);
        let lease = used.then(|| estate.manager.get(1).unwrap());
        for _ in 0..3 {
            let mut closing = pin!(estate.manager.close());
            assert!(poll_once(closing.as_mut()).is_ready());
        }
        assert!(estate.manager.is_closed() && lease.is_none_or(|lease| lease.is_closed()));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_get_after_close_is_an_error_and_makes_no_pool_that_never_goes() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
    estate.finish(estate.manager.close());
    for key in 0..10 {
        assert!(matches!(estate.manager.get(key), Err(GetError::Closed)));
        let call = estate.manager.get_with(key, async |_| Ok::<_, std::io::Error>(()));
        assert!(matches!(estate.finish(call), Err(GetError::Closed)));
        assert!(!estate.manager.invalidate(&key) && !estate.manager.contains(&key));
    }
    assert_eq!((estate.manager.len(), estate.manager.snapshot().len(), estate.ex.run_until_idle()), (0, 0, 0));
    assert_eq!(estate.ex.next_deadline(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_close_ends_every_pause() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1));
    let leases: Vec<_> = (0..3).map(|key| estate.manager.get(key).unwrap()).collect();
    leases.iter().for_each(|lease| lease.pause());
    let mut tasks: Vec<_> = leases.iter().map(|lease| accepted(lease.try_submit(async { 1 }))).collect();
    let one = estate.ex.spawn(leases[0].close());
    estate.ex.run_until_idle();
    assert_eq!(tasks.iter_mut().map(end).collect::<Vec<_>>(), [End::Value(1), End::NotYet, End::NotYet]);
    assert_eq!(counts(estate.finish(one).unwrap()), (1, 0, 0));
    let all = estate.manager.close();
    leases[1].pause();
    assert!(!leases[1].is_paused(), "and there is no other after it");
    assert_eq!(counts(estate.finish(all)), (2, 0, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_report_of_a_close_adds_up_whoever_cancels_meanwhile() {
    let (estate, mut gates, tasks) = busy();
    let (lease, other) = (estate.manager.get(0).unwrap(), estate.manager.get(1).unwrap());
    let closing = estate.ex.spawn(estate.manager.close().within(SECOND));
    estate.ex.run_until_idle();
    assert!(tasks[1].cancel() && tasks[0].cancel());
    assert_eq!(other.cancel_waiting(), 1);
    gates.remove(1).open();
    estate.advance(SECOND);
    let report = estate.finish(closing).unwrap();
    assert_eq!((counts(report), report.cancelled_otherwise), ((1, 1, 1), 3));
    drop(lease);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_a_drop_submits_to_another_key_during_a_close_is_refused() {
    // All pools are closed before anybody hears of the first.
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).pool_queue_capacity(0));
    let (first, second) = (estate.manager.get(1).unwrap(), estate.manager.get(2).unwrap());
    let refused = super::kit::Later::new();
    let (set, inside) = (refused.clone(), second.clone());
    let _running = accepted(first.try_submit(std::future::pending::<()>()));
    let waker = super::support::waker_calling(move || set.set(inside.try_submit(async {}).is_err()));
    let mut run = first.run(async {});
    assert!(super::support::poll(std::pin::Pin::new(&mut run), &waker).is_pending());
    let report = estate.finish(estate.manager.close().within(std::time::Duration::ZERO));
    assert_eq!((refused.take(), estate.adds_up().running), (Some(true), 0));
    assert_eq!(report.cancelled_waiting + report.cancelled_running, estate.adds_up().cancelled);
}

#[wasm_bindgen_test(unsupported = test)]
fn close_takes_nothing_from_the_call_on_and_drains() {
    let (estate, gates, mut tasks) = busy();
    let lease = estate.manager.get(0).unwrap();
    // Not even polled.
    drop(estate.manager.close());
    assert!(estate.manager.is_closed() && estate.manager.get(0).is_err() && estate.manager.get(9).is_err());
    assert!(!lease.try_submit(async {}).unwrap_err().is_full());
    let (mut closing, mut again) = (Box::pin(estate.manager.close()), Box::pin(estate.manager.close()));
    assert!(poll_once(closing.as_mut()).is_pending() && poll_once(again.as_mut()).is_pending());
    gates.into_iter().for_each(super::kit::Gate::open);
    assert_eq!((counts(estate.finish(closing)), counts(estate.finish(again))), ((6, 0, 0), (6, 0, 0)));
    let ends: Vec<_> = tasks.iter_mut().map(end).collect();
    assert_eq!(ends, [0, 0, 1, 1, 2, 2].map(End::Value));
    assert_eq!(counts(estate.finish(estate.manager.close())), (0, 0, 0));
    assert_eq!((estate.manager.len(), estate.adds_up().succeeded), (0, 6));
}

#[wasm_bindgen_test(unsupported = test)]
fn close_can_be_given_up_and_awaited_again() {
    let (estate, gates, _tasks) = busy();
    for _ in 0..3 {
        let mut closing = pin!(estate.manager.close());
        assert!(poll_once(closing.as_mut()).is_pending());
    }
    gates.into_iter().for_each(super::kit::Gate::open);
    assert_eq!(counts(estate.finish(estate.manager.close())), (6, 0, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn cancel_waiting_cancels_what_waits_in_every_pool_and_lets_run_what_runs() {
    let (estate, gates, mut tasks) = busy();
    let mut closing = Box::pin(estate.manager.close().cancel_waiting());
    assert!(poll_once(closing.as_mut()).is_pending());
    assert_eq!((estate.adds_up().waiting, estate.adds_up().running), (0, 3));
    gates.into_iter().for_each(super::kit::Gate::open);
    assert_eq!(counts(estate.finish(closing)), (3, 3, 0));
    let ends: Vec<_> = tasks.iter_mut().map(end).collect();
    assert_eq!(ends, [End::Value(0), End::Cancelled, End::Value(1), End::Cancelled, End::Value(2), End::Cancelled]);
}

#[wasm_bindgen_test(unsupported = test)]
fn within_insists_when_the_time_is_up_and_not_before() {
    let (estate, mut gates, mut tasks) = busy();
    let closing = estate.ex.spawn(estate.manager.close().within(SECOND));
    estate.ex.run_until_idle();
    gates.remove(0).open();
    estate.advance(SECOND - TICK);
    assert_eq!((estate.adds_up().waiting, estate.adds_up().running, estate.adds_up().succeeded), (2, 2, 2));
    estate.advance(TICK);
    assert_eq!(counts(estate.finish(closing).unwrap()), (2, 2, 2));
    let ends: Vec<_> = tasks.iter_mut().map(end).collect();
    assert_eq!(ends, [End::Value(0), End::Value(0), End::Cancelled, End::Cancelled, End::Cancelled, End::Cancelled]);
    assert_eq!((estate.manager.len(), estate.ex.next_deadline()), (0, None));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_close_within_can_follow_one_that_drains_for_ever() {
    let (estate, _gates, _tasks) = busy();
    let patient = estate.ex.spawn(estate.manager.close());
    estate.ex.run_until_idle();
    let impatient = estate.ex.spawn(estate.manager.close().within(SECOND));
    estate.advance(SECOND);
    assert_eq!(counts(estate.finish(impatient).unwrap()), (0, 3, 3));
    estate.finish(patient).unwrap();
}

#[wasm_bindgen_test(unsupported = test)]
fn a_submit_after_close_is_an_error_and_never_hangs() {
    let estate = Estate::<Shared>::new(|options| options);
    let ledger = Ledger::default();
    let lease = estate.shared(1, &ledger);
    estate.finish(estate.manager.close());
    let mut get = pin!(estate.manager.get_with(1, ledger.factory()));
    assert_eq!((got(get.as_mut()), ledger.made()), (Got::Closed, 1), "and no factory runs");
    assert_eq!(end(&mut lease.run(async {})), End::Closed);
    assert!(poll_once(pin!(lease.submit(async {}))).is_ready());
    assert!(lease.try_submit(async {}).is_err() && lease.is_closed());
    estate.finish(lease.close());
}

#[wasm_bindgen_test(unsupported = test)]
fn who_waits_for_room_is_told_of_the_close() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).pool_queue_capacity(0));
    let lease = estate.manager.get(1).unwrap();
    let (gate, future) = gated(());
    let _running = accepted(lease.try_submit(future));
    let run = estate.ex.spawn(lease.run(async {}));
    estate.ex.run_until_idle();
    drop(estate.manager.close());
    let ended = estate.finish(run).unwrap();
    assert!(matches!(ended, Err(millpond::TaskError::Closed)), "{ended:?}");
    gate.open();
    assert_eq!(counts(estate.finish(estate.manager.close())), (1, 0, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn closing_from_inside_a_task_works() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE));
    let (manager, lease) = (estate.manager.clone(), estate.manager.get(1).unwrap());
    let mut task = accepted(lease.try_submit(async move { drop(manager.close()) }));
    let mut next = accepted(lease.try_submit(async { "drained" }));
    estate.ex.run_until_idle();
    assert_eq!((end(&mut task), end(&mut next)), (End::Value(()), End::Value("drained")));
    assert!(estate.manager.is_closed());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_waits_for_the_close_is_ended_by_within() {
    let estate = Estate::<()>::new(|options| options);
    let (manager, lease) = (estate.manager.clone(), estate.manager.get(1).unwrap());
    let mut task = accepted(lease.try_submit(async move {
        manager.close().within(SECOND).await;
    }));
    estate.advance(SECOND);
    assert_eq!(end(&mut task), End::Cancelled);
    assert_eq!(counts(estate.finish(estate.manager.close())), (0, 0, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn leases_outlive_the_manager() {
    let Estate { ex, manager, .. } = Estate::<()>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE));
    let lease = manager.get(1).unwrap();
    drop(manager.get(2).unwrap());
    drop(manager);
    ex.advance(IDLE * 2).unwrap();
    let mut task = accepted(lease.try_submit(async { 1 }));
    ex.run_until_idle();
    assert_eq!((end(&mut task), ex.next_deadline()), (End::Value(1), None));
    drop(lease);
    ex.advance(IDLE).unwrap();
    assert_eq!(ex.next_deadline(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_was_accepted_runs_although_manager_and_leases_are_gone() {
    let Estate { ex, manager, .. } = Estate::<()>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE));
    let lease = manager.get(1).unwrap();
    let mut tasks: Vec<_> = (0..5).map(|number| accepted(lease.try_submit(async move { number }))).collect();
    drop((manager, lease));
    ex.run_until_idle();
    assert!(tasks.iter_mut().enumerate().all(|(number, task)| end(task) == End::Value(number)));
}

#[wasm_bindgen_test(unsupported = test)]
fn what_waits_in_a_paused_pool_that_nobody_can_resume_runs() {
    // The lease goes last, or the manager does, or the manager is closed: in the end nobody is left who could resume.
    for how in 0..5 {
        let Estate { ex, manager, .. } = Estate::<()>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE).max_lifetime(LIFE));
        let lease = manager.get(1).unwrap();
        let other = manager.get(1).unwrap();
        lease.pause();
        let mut task = accepted(lease.try_submit(async { "ran" }));
        drop(other);
        assert_eq!(task.state(), TaskState::Waiting);
        match how {
            0 => drop((manager, lease)),
            1 => drop((lease, manager)),
            2 => {
                drop(manager);
                assert_eq!(task.state(), TaskState::Waiting, "its lease can still resume it");
                drop(lease);
            }
            3 => {
                drop(lease);
                ex.advance(LIFE * 2).unwrap();
                let mut closing = pin!(manager.close());
                assert!(poll_once(closing.as_mut()).is_pending());
                ex.run_until_idle();
                assert!(poll_once(closing.as_mut()).is_ready());
            }
            _ => {
                // Although its lease could still resume it: a close ends the pause.
                let mut closing = pin!(manager.close());
                assert!(poll_once(closing.as_mut()).is_pending());
                ex.run_until_idle();
                assert!(poll_once(closing.as_mut()).is_ready());
                drop(lease);
            }
        }
        ex.run_until_idle();
        assert_eq!(end(&mut task), End::Value("ran"), "{how}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_paused_pool_stays_paused_while_somebody_can_get_it() {
    let estate = Estate::<()>::new(|options| options.pool_concurrency(1).idle_timeout(IDLE));
    let lease = estate.manager.get(1).unwrap();
    lease.pause();
    let mut task = accepted(lease.try_submit(async { 1 }));
    drop(lease);
    estate.advance(IDLE * 5);
    assert_eq!(end(&mut task), End::NotYet);
    let lease = estate.manager.get(1).unwrap();
    assert!(lease.is_paused());
    lease.resume();
    estate.ex.run_until_idle();
    assert_eq!(end(&mut task), End::Value(1));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_closed_by_one_of_its_users_has_a_successor_at_once_under_the_same_cap() {
    let estate = Estate::<Shared>::new(|options| options.pool_concurrency(1));
    let ledger = Ledger::default();
    let lease = estate.shared(1, &ledger);
    let (gate, future) = gated(());
    let mut running = accepted(lease.try_submit(future));
    let mut waiting = accepted(lease.try_submit(async { "too" }));
    drop(lease.close());
    assert!(lease.is_closed() && lease.try_submit(async {}).is_err_and(|error| !error.is_full()));
    let new = estate.shared(1, &ledger);
    assert_eq!((new.resource().number, new.is_closed()), (2, false), "a get never gives what is closed");
    let mut task = accepted(new.try_submit(async { 5 }));
    estate.ex.run_until_idle();
    assert_eq!(end(&mut task), End::NotYet, "the cap is not doubled");
    gate.open();
    estate.ex.run_until_idle();
    assert_eq!((end(&mut running), end(&mut waiting), end(&mut task)), (End::Value(()), End::Value("too"), End::Value(5)));
    drop(lease);
    estate.ex.run_until_idle();
    assert_eq!((ledger.disposed(), estate.adds_up().succeeded, estate.manager.len()), (vec![1], 3, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_closed_while_its_successor_is_made_does_not_close_the_successor() {
    let estate = Estate::<Shared>::new(|options| options.max_lifetime(LIFE));
    let ledger = Ledger::default();
    let old = estate.shared(1, &ledger);
    estate.advance(LIFE);
    let mut call = Box::pin(estate.manager.get_with(1, ledger.slowly(estate.ex.sleep(SECOND))));
    assert_eq!(got(call.as_mut()), Got::NotYet);
    drop(old.close());
    estate.advance(SECOND);
    let new = estate.finish(call).unwrap();
    assert_eq!((new.resource().number, new.is_closed(), old.is_closed()), (2, false, true));
    assert_eq!(estate.finish(new.run(async { 1 })).unwrap(), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_executor_that_goes_settles_everything_and_the_manager_says_so() {
    let (estate, gates, mut tasks) = busy();
    let lease = estate.manager.get(0).unwrap();
    let manager = estate.manager.clone();
    let mut closing = Box::pin(manager.close());
    let was_pending = poll_once(closing.as_mut()).is_pending();
    drop(estate);
    assert!(was_pending && tasks.iter_mut().all(|task| end(task) == End::Closed));
    assert!(manager.is_closed() && manager.get(1).is_err() && lease.is_closed());
    assert_eq!(end(&mut lease.run(async {})), End::Closed);
    assert!(poll_once(closing.as_mut()).is_ready() && poll_once(pin!(manager.close())).is_ready());
    let stats = manager.stats();
    assert_eq!((stats.submitted, stats.cancelled, stats.running, stats.waiting), (6, 6, 0, 0));
    drop(gates);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_closed_manager_needs_no_timer() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE).max_lifetime(LIFE));
    (0..5).for_each(|key| drop(estate.manager.get(key).unwrap()));
    estate.ex.run_until_idle();
    assert!(estate.ex.next_deadline().is_some());
    estate.finish(estate.manager.close());
    estate.ex.run_until_idle();
    assert_eq!(estate.ex.next_deadline(), None);
}
