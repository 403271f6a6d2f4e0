//! Time: deadlines in order, exactly when due, gone when dropped, and no wake that nobody asked for.

use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use millpond::{AdvanceError, LocalExecutor, ManualClock, Sleep};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Recorder, WakeCount, poll, poll_once, waker_calling};

const SECOND: Duration = Duration::from_secs(1);

fn manual() -> (ManualClock, LocalExecutor) {
    let clock = ManualClock::new();
    let ex = LocalExecutor::with_clock(clock.clone());
    (clock, ex)
}

/// A sleep that is in line already.
fn asleep(ex: &LocalExecutor, duration: Duration, waker: &Waker) -> std::pin::Pin<Box<Sleep>> {
    let mut sleep = Box::pin(ex.sleep(duration));
    assert!(poll(sleep.as_mut(), waker).is_pending());
    sleep
}

#[wasm_bindgen_test(unsupported = test)]
fn sleepers_wake_by_deadline_and_equal_ones_in_the_order_they_came() {
    let (_clock, ex) = manual();
    let record = Recorder::new();
    for (name, seconds) in [("c", 2), ("a", 1), ("d", 2), ("b", 1)] {
        let (ex, record) = (ex.clone(), record.clone());
        ex.clone().spawn(async move {
            ex.sleep(SECOND * seconds).await;
            record.note((name, ex.now()));
        });
    }
    assert!(ex.advance(5 * SECOND).is_ok());
    assert_eq!(record.take(), [("a", SECOND), ("b", SECOND), ("c", 2 * SECOND), ("d", 2 * SECOND)]);
    assert_eq!(ex.now(), 5 * SECOND);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_deadline_is_kept_to_the_nanosecond() {
    let (clock, ex) = manual();
    let (count, waker) = WakeCount::new();
    let mut sleep = asleep(&ex, SECOND, &waker);
    assert_eq!((sleep.deadline(), ex.next_deadline()), (SECOND, Some(SECOND)));
    clock.advance(SECOND - Duration::from_nanos(1));
    assert_eq!((ex.try_tick(), count.take()), (false, 0));
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    clock.advance(Duration::from_nanos(1));
    assert_eq!((ex.try_tick(), count.take()), (false, 1), "woken, though no task of ours was polled");
    assert!(poll(sleep.as_mut(), &waker).is_ready());
    assert_eq!(ex.next_deadline(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_dropped_sleep_leaves_nothing_behind() {
    let (_clock, ex) = manual();
    let (count, waker) = WakeCount::new();
    let late = asleep(&ex, 3 * SECOND, &waker);
    let early = asleep(&ex, SECOND, &waker);
    assert_eq!(ex.next_deadline(), Some(SECOND));
    drop(early);
    assert_eq!(ex.next_deadline(), Some(3 * SECOND));
    drop(late);
    assert_eq!(ex.next_deadline(), None);
    assert!(ex.advance(5 * SECOND).is_ok());
    assert_eq!(count.take(), 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_sleep_dropped_after_its_wake_does_not_take_anothers_place() {
    let (clock, ex) = manual();
    let fired = asleep(&ex, SECOND, Waker::noop());
    clock.advance(SECOND);
    ex.run_until_idle();
    let (count, waker) = WakeCount::new();
    let _other = asleep(&ex, SECOND, &waker); // gets the place that the first one left
    drop(fired);
    assert_eq!(ex.next_deadline(), Some(2 * SECOND));
    assert!(ex.advance(SECOND).is_ok());
    assert_eq!(count.take(), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn only_the_waker_of_the_last_poll_is_called() {
    let (_clock, ex) = manual();
    let (first, first_waker) = WakeCount::new();
    let (second, second_waker) = WakeCount::new();
    let mut sleep = asleep(&ex, SECOND, &first_waker);
    assert!(poll(sleep.as_mut(), &second_waker).is_pending());
    assert!(ex.advance(SECOND).is_ok());
    assert_eq!((first.take(), second.take()), (0, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn no_time_is_over_at_once_and_all_time_never() {
    let (_clock, ex) = manual();
    assert!(poll_once(pin!(ex.sleep(Duration::ZERO))).is_ready());
    assert!(poll_once(pin!(ex.sleep_until(Duration::ZERO))).is_ready());
    let _never = asleep(&ex, Duration::MAX, Waker::noop());
    assert_eq!(ex.next_deadline(), None, "never is no deadline");
}

#[wasm_bindgen_test(unsupported = test)]
fn advance_runs_what_is_ready_before_time_moves() {
    let (_clock, ex) = manual();
    let inner = ex.clone();
    let task = ex.spawn(async move {
        let start = inner.now();
        inner.sleep(SECOND).await;
        (start, inner.now())
    });
    assert_eq!(ex.advance(SECOND), Ok(2), "two polls: one before time moved, one after");
    assert!(matches!(poll_once(pin!(task)), Poll::Ready(Ok((Duration::ZERO, SECOND)))));
}

#[wasm_bindgen_test(unsupported = test)]
fn advance_serves_a_deadline_that_lies_on_its_end() {
    let (_clock, ex) = manual();
    let _sleep = asleep(&ex, SECOND, Waker::noop());
    assert_eq!(ex.advance(SECOND), Ok(0));
    assert_eq!(ex.next_deadline(), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_system_clock_cannot_be_advanced() {
    let ex = LocalExecutor::new();
    ex.spawn(async {});
    assert!(matches!(ex.advance(SECOND), Err(AdvanceError { .. })));
    assert_eq!(ex.run_until_idle(), 1, "and nothing was run");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_that_waits_is_woken_by_a_clock_moved_elsewhere() {
    let (clock, ex) = manual();
    let (count, waker) = WakeCount::new();
    let mut run = pin!(ex.run(ex.sleep(SECOND)));
    assert!(poll(run.as_mut(), &waker).is_pending());
    clock.advance(SECOND / 2);
    assert_eq!(count.take(), 1);
    assert!(poll(run.as_mut(), &waker).is_pending());
    clock.advance(SECOND / 2);
    assert!(count.take() >= 1);
    assert!((0..2).any(|_| poll(run.as_mut(), &waker).is_ready()));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_that_waits_is_woken_by_an_earlier_deadline_only() {
    let (_clock, ex) = manual();
    let (count, waker) = WakeCount::new();
    let mut run = pin!(ex.run(pending::<()>()));
    assert!(poll(run.as_mut(), &waker).is_pending());
    let _far = asleep(&ex, 3 * SECOND, Waker::noop());
    assert_eq!(count.take(), 1);
    assert!(poll(run.as_mut(), &waker).is_pending());
    let _farther = asleep(&ex, 4 * SECOND, Waker::noop());
    assert_eq!(count.take(), 0);
    let _near = asleep(&ex, 2 * SECOND, Waker::noop());
    assert_eq!(count.take(), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_sleep_outlives_its_executor_without_harm() {
    let (clock, ex) = manual();
    let mut sleep = asleep(&ex, SECOND, Waker::noop());
    drop(ex);
    assert!(poll_once(sleep.as_mut()).is_pending());
    clock.advance(SECOND);
    assert!(poll_once(sleep.as_mut()).is_ready());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_waker_may_drop_other_sleepers_and_make_new_ones() {
    let (_clock, ex) = manual();
    let (count, counting) = WakeCount::new();
    let victim = Rc::new(std::cell::RefCell::new(Some(asleep(&ex, SECOND * 2, &counting))));
    let made = Rc::new(std::cell::RefCell::new(Vec::new()));
    let waker = waker_calling({
        let (ex, victim, made, counting) = (ex.clone(), victim.clone(), made.clone(), counting.clone());
        move || {
            drop(victim.take());
            made.borrow_mut().push(asleep(&ex, SECOND, &counting));
            ex.run_until_idle();
        }
    });
    let _first = asleep(&ex, SECOND, &waker);
    assert!(ex.advance(SECOND).is_ok());
    assert_eq!((count.take(), ex.next_deadline()), (0, Some(2 * SECOND)));
    assert!(ex.advance(SECOND).is_ok());
    assert_eq!(count.take(), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn many_sleepers_wake_in_order_whoever_leaves() {
    let (_clock, ex) = manual();
    let record = Recorder::new();
    let mut seed = 42_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as u32 % 50
    };
    let mut expected = Vec::new();
    let mut cancelled = Vec::new();
    for name in 0..500 {
        let at = SECOND * random();
        let (ex, record) = (ex.clone(), record.clone());
        let task = ex.clone().spawn(async move {
            ex.sleep_until(at).await;
            record.note((ex.now(), name));
        });
        if random() % 2 == 0 && at > Duration::ZERO {
            cancelled.push(task);
        } else {
            expected.push((at, name));
        }
    }
    ex.run_until_idle();
    cancelled.iter().for_each(millpond::JoinHandle::cancel);
    assert!(ex.advance(SECOND * 50).is_ok());
    expected.sort_unstable();
    assert_eq!(record.take(), expected);
}
