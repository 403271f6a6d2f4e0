//! What a mill keeps of tasks that are over: nothing.

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
