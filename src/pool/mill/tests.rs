//! What a mill keeps of tasks and pools that are over: nothing.

use std::future::pending;

use super::*;
use crate::clock::ManualClock;
use crate::pool::Pool;

fn pool() -> (LocalExecutor, Pool) {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).concurrency(1).queue_capacity(9).build().unwrap();
    (ex, pool)
}

#[test]
fn neither_its_timeouts_nor_what_it_waited_for() {
    let (ex, pool) = pool();
    let (own, mill) = (pool.clone(), pool.mill());
    let outer = pool.try_submit(async move { own.run(async {}).await }).unwrap();
    let timed = pool.task(pending::<()>()).timeout(Duration::from_secs(1)).try_submit().unwrap();
    assert!(ex.try_tick());
    assert!(mill.ties.any() && !mill.run_timeouts.borrow().is_empty());
    assert!(timed.cancel() && outer.cancel());
    assert!(!mill.ties.any() && mill.run_timeouts.borrow().is_empty());
}

#[test]
fn nor_the_berth_of_its_runner() {
    let (ex, pool) = pool();
    let slots = &pool.mill().slots;
    let first = slots.hire();
    slots.retire(first);
    for _ in 0..3 {
        let _detached = pool.try_submit(async {}).unwrap();
        ex.run_until_idle();
    }
    assert_eq!(slots.hire(), first);
}

#[test]
fn nor_what_is_told_of_a_pool_that_is_gone() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).on_event(|_| {}).build().unwrap();
    let mill = Rc::clone(pool.mill());
    let lanes = || mill.observers.get().unwrap().write(|books| books.lanes()).len();
    assert_eq!(lanes(), 1);
    drop(pool);
    assert_eq!(lanes(), 0);
}

#[test]
fn nor_anything_in_its_slot() {
    let (ex, pool) = pool();
    let _detached = pool.try_submit(async {}).unwrap();
    let mill = pool.mill();
    let ticket = mill.look(|pond| pond.tickets().next()).unwrap();
    ex.run_until_idle();
    assert!(matches!(mill.slots.take(ticket), Found::Nothing));
}

#[test]
fn few_runners_end_many_that_are_ready_at_once() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).concurrency(20).build().unwrap();
    (0..20).for_each(|_| drop(pool.try_submit(async {}).unwrap()));
    assert_eq!((ex.run_until_idle(), pool.stats().succeeded), (2, 20));
}
