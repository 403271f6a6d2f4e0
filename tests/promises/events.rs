//! Whoever observes a pool is told of everything, in order, and may do anything meanwhile.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;

use millpond::{
    Event, EventKind, EventLog, LocalExecutor, ManualClock, Overflow, ParseEventError, Pool, PoolBuilder, PoolManager, PoolTimings,
    Priority, Rejection, Replay, ReplayError, Task, TaskOutcome, TaskState,
};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Later, SECOND, accepted, adds_up, gated};
use super::support::Recorder;

fn rig(options: impl FnOnce(PoolBuilder) -> PoolBuilder) -> (LocalExecutor, Pool) {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = options(Pool::builder(&ex).concurrency(1).queue_capacity(3)).build().unwrap();
    (ex, pool)
}

/// What is in the log, without the numbers of the events.
fn lines(log: &EventLog) -> Vec<String> {
    log.take().iter().map(|event| event.to_string().split_once(' ').unwrap().1.to_owned()).collect()
}

#[wasm_bindgen_test(unsupported = test)]
fn tasks_are_told_of_by_the_number_their_handles_have() {
    let (record, ex) = (Recorder::new(), LocalExecutor::with_clock(ManualClock::new()));
    let note = record.clone();
    let manager = PoolManager::builder(&ex)
        .pool_concurrency(1)
        .on_event(move |event| {
            if matches!(event.kind, EventKind::Submitted { .. }) {
                note.note(event.task.unwrap());
            }
        })
        .build()
        .unwrap();
    let leases = ["a", "b"].map(|key| manager.get(key).unwrap());
    let mut numbers = Vec::new();
    for lease in leases.iter().cycle().take(4) {
        numbers.push(accepted(lease.try_submit(async {})).id());
    }
    // One that is too late even to wait, and one that is refused, which has no number.
    numbers.push(accepted(leases[0].task(async {}).deadline(ex.now()).try_submit()).id());
    assert!(leases[0].try_submit(async {}).is_err());
    ex.run_until_idle();
    numbers.push(accepted(leases[1].try_submit(async {})).id());
    assert_eq!((record.take(), &numbers), (numbers.clone(), &vec![1, 2, 3, 4, 5, 6]));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_tells_of_every_transition_in_order() {
    let log = EventLog::new();
    let (ex, pool) = rig(|pool| pool.on_event(log.listener()));
    let (gate, future) = gated(());
    let _first = accepted(pool.try_submit(future));
    let second = accepted(pool.task(pending::<()>()).timeout(SECOND).try_submit());
    let third = accepted(pool.task(pending::<()>()).queue_timeout(2 * SECOND).try_submit());
    let fourth = accepted(pool.task(pending::<()>()).total_timeout(SECOND).priority(Priority::Low).try_submit());
    assert!(pool.try_submit(async {}).is_err());
    assert!(fourth.set_priority(Priority::Normal));
    assert!(fourth.set_priority(Priority::Normal), "which tells nothing new");
    gate.open();
    ex.run_until_idle();
    pool.pause();
    pool.pause();
    ex.advance(3 * SECOND).unwrap();
    pool.resume();
    pool.resize(2).unwrap();
    pool.resize(2).unwrap();
    let last = accepted(pool.try_submit(async {}));
    drop(pool.close());
    drop(pool.close());
    assert!(pool.try_submit(async {}).is_err());
    ex.run_until_idle();
    drop((second, third, last));
    assert_eq!(
        lines(&log),
        [
            "0.000000000 pool=1 opened concurrency=1",
            "0.000000000 pool=1 task=1 submitted priority=normal",
            "0.000000000 pool=1 task=1 started",
            "0.000000000 pool=1 task=2 submitted priority=normal",
            "0.000000000 pool=1 task=3 submitted priority=normal",
            "0.000000000 pool=1 task=4 submitted priority=low",
            "0.000000000 pool=1 rejected full",
            "0.000000000 pool=1 task=4 reprioritised priority=normal",
            "0.000000000 pool=1 task=1 settled succeeded",
            "0.000000000 pool=1 task=2 started",
            "0.000000000 pool=1 paused",
            "1.000000000 pool=1 task=4 settled total_timeout",
            "1.000000000 pool=1 task=2 settled run_timeout",
            "2.000000000 pool=1 task=3 settled queue_timeout",
            "3.000000000 pool=1 resumed",
            "3.000000000 pool=1 resized concurrency=2",
            "3.000000000 pool=1 task=5 submitted priority=normal",
            "3.000000000 pool=1 task=5 started",
            "3.000000000 pool=1 closed",
            "3.000000000 pool=1 rejected closed",
            "3.000000000 pool=1 task=5 settled succeeded",
            "3.000000000 pool=1 drained",
        ]
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn who_is_dropped_comes_too_late_or_is_heavy_is_told_of_too() {
    let log = EventLog::new();
    let (ex, pool) = rig(|pool| pool.concurrency(2).queue_capacity(1).overflow(Overflow::DropOldest).on_event(log.listener()));
    let heavy = pool.task(async {}).weight(7).unwrap();
    let _tasks = (accepted(heavy.try_submit()), accepted(pool.try_submit(async {})), accepted(pool.try_submit(async {})));
    let _late = accepted(pool.task(async {}).deadline(std::time::Duration::ZERO).try_submit());
    ex.run_until_idle();
    let events = log.take();
    assert_eq!(Replay::of(&events).unwrap().stats(1), Some(adds_up(&pool)));
    events.into_iter().for_each(|event| log.note(event));
    assert_eq!(
        lines(&log)[1..],
        [
            "0.000000000 pool=1 task=1 submitted priority=normal weight=7",
            "0.000000000 pool=1 task=1 started",
            "0.000000000 pool=1 task=2 submitted priority=normal",
            "0.000000000 pool=1 task=3 submitted priority=normal",
            "0.000000000 pool=1 task=2 settled dropped",
            "0.000000000 pool=1 task=4 submitted priority=normal",
            "0.000000000 pool=1 task=4 settled deadline",
            "0.000000000 pool=1 task=1 settled succeeded",
            "0.000000000 pool=1 task=3 started",
            "0.000000000 pool=1 task=3 settled succeeded",
        ]
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn tasks_cancelled_together_leave_before_anything_else_is_told() {
    let log = EventLog::new();
    let later: Later<Pool> = Later::new();
    let again = later.clone();
    let (ex, pool) = rig(|pool| {
        pool.on_event(log.listener()).on_event(move |event| {
            if event.kind == EventKind::Settled(TaskOutcome::Cancelled)
                && let Some(pool) = again.take()
            {
                drop(pool.try_submit(async {}));
            }
        })
    });
    let _tasks: Vec<_> = (0..3).map(|_| accepted(pool.try_submit(pending::<()>()))).collect();
    log.take().clear();
    later.set(pool.clone());
    assert_eq!(pool.cancel_waiting(), 2, "what a listener submits is not meant");
    assert_eq!(
        lines(&log),
        [
            "0.000000000 pool=1 task=2 settled cancelled",
            "0.000000000 pool=1 task=3 settled cancelled",
            "0.000000000 pool=1 task=4 submitted priority=normal",
        ]
    );
    ex.run_until_idle();
    assert_eq!(adds_up(&pool).waiting, 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_a_listener_causes_is_told_of_afterwards_and_to_all_in_one_order() {
    let (first, second) = (Recorder::new(), Recorder::new());
    let later: Later<Pool> = Later::new();
    let (note_first, note_second, again) = (first.clone(), second.clone(), later.clone());
    let (ex, pool) = rig(|pool| {
        pool.on_event(move |event| {
            note_first.note(event.number);
            if event.kind == EventKind::Started
                && let Some(pool) = again.take()
            {
                let _cancelled = accepted(pool.try_submit(pending::<()>())).cancel();
                pool.resize(7).unwrap();
                drop(pool.close());
            }
        })
        .on_event(move |event| note_second.note(event.number))
    });
    later.set(pool.clone());
    let _task = accepted(pool.try_submit(async {}));
    ex.run_until_idle();
    let told = first.take();
    assert_eq!(told, (1..=told.len() as u64).collect::<Vec<_>>());
    assert_eq!(told, second.take());
    assert_eq!(adds_up(&pool).cancelled, 1);
    assert!(pool.is_closed());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_listener_may_end_the_task_it_is_told_of() {
    for moment in [EventKind::Submitted { priority: Priority::Normal, weight: 1 }, EventKind::Started] {
        let (pools, tasks): (Later<Pool>, Later<Task<()>>) = (Later::new(), Later::new());
        let (its_pool, its_task) = (pools.clone(), tasks.clone());
        let log = EventLog::new();
        let (ex, pool) = rig(|pool| {
            pool.on_event(log.listener()).on_event(move |event| {
                if (event.task, event.kind) == (Some(2), moment) {
                    match its_task.take() {
                        Some(task) => drop(task.cancel()),
                        None => drop(its_pool.take().unwrap().cancel_waiting()),
                    }
                }
            })
        });
        pools.set(pool.clone());
        let (gate, future) = gated(());
        let _first = accepted(pool.try_submit(future));
        tasks.set(accepted(pool.try_submit(pending())));
        let third = accepted(pool.try_submit(async {}));
        gate.open();
        ex.run_until_idle();
        let stats = adds_up(&pool);
        assert_eq!((stats.cancelled, stats.succeeded, stats.running), (1, 2, 0), "{moment:?}");
        assert_eq!(third.state(), TaskState::Ended);
        assert_eq!(Replay::of(&log.take()).unwrap().stats(1), Some(stats));
        drop((pools.take(), tasks.take()));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn tasks_that_lose_their_executor_settle_as_closed() {
    let log = EventLog::new();
    let (ex, pool) = rig(|pool| pool.on_event(log.listener()));
    let _tasks: Vec<_> = (0..2).map(|_| accepted(pool.try_submit(pending::<()>()))).collect();
    log.take().clear();
    drop(ex);
    assert_eq!(
        lines(&log),
        [
            "0.000000000 pool=1 closed",
            "0.000000000 pool=1 task=1 settled closed",
            "0.000000000 pool=1 task=2 settled closed",
            "0.000000000 pool=1 drained",
        ]
    );
    assert_eq!(adds_up(&pool).cancelled, 2);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_manager_tells_of_its_pools_and_of_the_cap_over_them() {
    let log = EventLog::new();
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let builder = PoolManager::builder(&ex).concurrency(1).idle_timeout(SECOND).max_lifetime(5 * SECOND);
    let manager: PoolManager<&str> = builder.on_event(log.listener()).build().unwrap();
    let (left, right) = (manager.get("left").unwrap(), manager.get("right").unwrap());
    let _tasks = (accepted(left.try_submit(async {})), accepted(right.try_submit(async {})));
    manager.resize(2).unwrap();
    ex.run_until_idle();
    drop(left);
    ex.advance(6 * SECOND).unwrap();
    drop(right);
    ex.run_until_idle();
    drop(manager.get("left").unwrap());
    assert_eq!(
        lines(&log),
        [
            "0.000000000 pool=all opened concurrency=1",
            "0.000000000 pool=1 opened concurrency=unlimited",
            "0.000000000 pool=2 opened concurrency=unlimited",
            "0.000000000 pool=1 task=1 submitted priority=normal",
            "0.000000000 pool=1 task=1 started",
            "0.000000000 pool=2 task=2 submitted priority=normal",
            "0.000000000 pool=all resized concurrency=2",
            "0.000000000 pool=2 task=2 started",
            "0.000000000 pool=1 task=1 settled succeeded",
            "0.000000000 pool=2 task=2 settled succeeded",
            "1.000000000 pool=1 expired",
            "5.000000000 pool=2 aged",
            "6.000000000 pool=2 expired",
            "6.000000000 pool=3 opened concurrency=unlimited",
        ]
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn a_listener_that_is_told_of_a_new_pool_gets_that_pool() {
    let (log, later) = (EventLog::new(), Later::<PoolManager<u8>>::new());
    let again = later.clone();
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let builder = PoolManager::builder(&ex).pool_concurrency(1).pool_queue_capacity(9).on_event(log.listener());
    let listener = move |event: &Event| {
        if let EventKind::Opened { .. } = event.kind
            && let Some(manager) = again.take()
        {
            drop(accepted(manager.get(7).unwrap().try_submit(pending::<()>())));
        }
    };
    let manager = builder.on_event(listener).build().unwrap();
    later.set(manager.clone());
    let lease = manager.get(7).unwrap();
    let _task = accepted(lease.try_submit(pending::<()>()));
    assert_eq!((manager.len(), lease.stats().running, lease.stats().waiting), (1, 1, 1), "one pool under one cap");
    assert_eq!(lines(&log).iter().filter(|line| line.contains("opened")).count(), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_told_and_measured_goes_anywhere() {
    fn goes_anywhere<T: Send + Sync + Unpin + 'static>() {}
    goes_anywhere::<(Event, EventKind, TaskOutcome, Rejection, PoolTimings, Replay, ReplayError, ParseEventError)>();
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_that_loses_its_last_handle_closes_and_drains() {
    let log = EventLog::new();
    let (ex, pool) = rig(|pool| pool.on_event(log.listener()));
    let _task = accepted(pool.try_submit(async {}));
    drop(pool);
    ex.run_until_idle();
    let told = lines(&log);
    assert_eq!(
        told[3..],
        ["0.000000000 pool=1 closed", "0.000000000 pool=1 task=1 settled succeeded", "0.000000000 pool=1 drained"].map(str::to_owned)
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn a_bounded_log_keeps_the_latest_and_counts_the_others() {
    let log = EventLog::with_capacity(3);
    let (ex, pool) = rig(|pool| pool.on_event(log.listener()));
    for _ in 0..5 {
        drop(accepted(pool.try_submit(async {})));
        ex.run_until_idle();
    }
    assert_eq!((log.len(), log.lost()), (3, 13));
    let last: Vec<u64> = log.take().iter().map(|event| event.number).collect();
    assert_eq!(last, [14, 15, 16]);
    assert!(log.is_empty());
    assert_eq!(log.lost(), 13);
}
