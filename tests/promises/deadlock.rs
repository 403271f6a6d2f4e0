//! Promise 12, deadlock told: when all that runs waits for what waits, and nothing else can ever happen, that is an error that names
//! the cycle, and all goes on. When it is not told is the matter of `deadlock_silent`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::pin::{Pin, pin};
use std::task::Poll;

use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::{Either, join, join_all, select};
use millpond::{Awaited, GroupError, LocalExecutor, ManualClock, Pool, PoolManager, Task, TaskError, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Later, Rig, SECOND, accepted, adds_up, end};
use super::support::{Drops, Recorder, give_way, poll_once};

pub(super) type Waits = Vec<(u64, Awaited)>;

/// What was told, or the value.
pub(super) fn told<T>(result: Result<T, TaskError>) -> Result<T, Waits> {
    result.map_err(|error| match error {
        TaskError::Deadlock(deadlock) => deadlock.waits().to_vec(),
        other => panic!("{other:?}"),
    })
}

/// Runs `inner` in the pool and waits for its end.
pub(super) async fn nested<T: 'static>(pool: Pool, inner: impl Future<Output = T> + 'static) -> Result<T, Waits> {
    told(pool.run(inner).await)
}

/// A task that waits for its first nested task, however that ends.
pub(super) fn nesting(rig: &Rig) -> Task<Result<u8, Waits>> {
    accepted(rig.pool.try_submit(nested(rig.pool.clone(), async { 7 })))
}

pub(super) fn value<T>(task: &mut Task<T>) -> T {
    match end(task) {
        End::Value(value) => value,
        _ => panic!("the task has no value"),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_waits_for_another_one_with_the_only_permit_is_told_so() {
    let rig = Rig::new(1);
    let mut outer = nesting(&rig);
    rig.ex.run_until_idle();
    assert_eq!(value(&mut outer), Err(vec![(1, Awaited::Task(2))]));
    let stats = adds_up(&rig.pool);
    assert_eq!((stats.submitted, stats.succeeded, stats.cancelled, stats.rejected), (2, 1, 1, 0));
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_error_names_the_cycle_in_words() {
    let rig = Rig::new(1);
    let pool = rig.pool.clone();
    let mut outer = accepted(rig.pool.try_submit(async move { pool.run(async {}).await.unwrap_err().to_string() }));
    rig.ex.run_until_idle();
    assert_eq!(
        value(&mut outer),
        "deadlock in a pool of concurrency 1: all permits are held by tasks that wait for tasks of the same pool: \
         task 1 waits for task 2; run nested work in a pool of its own, or raise the concurrency"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn two_tasks_that_wait_crosswise_are_told_together_and_one_of_them_gets_what_it_waits_for() {
    let rig = Rig::new(2);
    let nests = [(); 2].map(|()| Later::<Task<u8>>::new());
    let tasks = [0, 1].map(|own| {
        let (pool, own, other) = (rig.pool.clone(), nests[own].clone(), nests[1 - own].clone());
        accepted(rig.pool.try_submit(async move {
            own.set(accepted(pool.try_submit(async { 7 })));
            give_way().await;
            let task: Task<u8> = other.take().unwrap();
            told(task.await)
        }))
    });
    rig.ex.run_until_idle();
    let cycle = vec![(1, Awaited::Task(4)), (2, Awaited::Task(3))];
    assert_eq!(tasks.map(|mut task| value(&mut task)), [Err(cycle), Ok(7)], "the youngest in line ends, the other one runs");
    rig.assert_all_permits_are_back(2);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_cycle_through_two_pools_of_a_manager_is_found_under_the_cap_over_all() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let manager = PoolManager::<u8>::builder(&ex).pool_concurrency(5).pool_queue_capacity(5).concurrency(2).build().unwrap();
    let (one, two) = (manager.get(1).unwrap(), manager.get(2).unwrap());
    let mut tasks = [(&one, &two), (&two, &one)].map(|(own, other)| {
        let other = (**other).clone();
        accepted(own.try_submit(async move { other.run(async { 7 }).await }))
    });
    ex.run_until_idle();
    let [first, second] = &mut tasks;
    assert!(matches!(value(first), Ok(7)));
    let Err(TaskError::Deadlock(deadlock)) = value(second) else { panic!("it told nothing") };
    assert_eq!(deadlock.waits(), [(1, Awaited::Task(3)), (2, Awaited::Task(4))]);
    assert!(deadlock.to_string().contains("under the cap of 2 over all pools"), "{deadlock}");
    let stats = manager.stats();
    assert_eq!((stats.submitted, stats.succeeded, stats.cancelled, stats.running, stats.waiting), (4, 3, 1, 0, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn each_pool_of_a_manager_is_looked_at_by_itself_too() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let manager = PoolManager::<u8>::builder(&ex).pool_concurrency(1).pool_queue_capacity(5).concurrency(9).build().unwrap();
    let (one, two) = (manager.get(1).unwrap(), manager.get(2).unwrap());
    let _free = accepted(two.try_submit(pending::<()>()));
    let mut outer = accepted(one.try_submit(nested((*one).clone(), async {})));
    ex.run_until_idle();
    assert_eq!(value(&mut outer), Err(vec![(2, Awaited::Task(3))]));
}

/// A task that runs `width` tasks of the next level and counts how many were told.
fn level(pool: Pool, depth: u32, width: usize) -> Pin<Box<dyn Future<Output = usize>>> {
    Box::pin(async move {
        if depth == 0 {
            return 0;
        }
        let runs = (0..width).map(|_| pool.run(level(pool.clone(), depth - 1, width)));
        let ends = join_all(runs).await;
        ends.into_iter().map(|end| told(end).map_or(1, |told| told)).sum()
    })
}

#[wasm_bindgen_test(unsupported = test)]
fn groups_in_groups_come_to_an_end_at_any_width() {
    for (concurrency, capacity) in [(1, 100), (2, 100), (3, 100), (2, 1), (1, 0), (4, 3)] {
        let rig = Rig::with_line(concurrency, capacity);
        let mut root = accepted(rig.pool.try_submit(level(rig.pool.clone(), 3, 2)));
        rig.ex.run_until_idle();
        assert!(value(&mut root) > 0, "{concurrency} {capacity}");
        rig.assert_all_permits_are_back(concurrency as usize);
    }
    let wide = Rig::new(8);
    let mut root = accepted(wide.pool.try_submit(level(wide.pool.clone(), 3, 2)));
    wide.ex.run_until_idle();
    assert_eq!(value(&mut root), 0, "7 tasks have children: there is a permit for each and one for the leaves");
}

#[wasm_bindgen_test(unsupported = test)]
fn who_waits_for_room_with_the_only_permit_is_told_by_run_and_by_the_task_of_submit() {
    let rig = Rig::with_line(1, 0);
    let (drops, pool) = (Drops::default(), rig.pool.clone());
    let guard = drops.guard();
    let mut outer = accepted(rig.pool.try_submit(async move {
        let ran = told(pool.run(async move { drop(guard) }).await);
        let task = pool.submit(async { 7 }).await.unwrap();
        (ran, task.id(), task.state(), told(task.await))
    }));
    rig.ex.run_until_idle();
    let room = vec![(1, Awaited::Room)];
    assert_eq!(value(&mut outer), (Err(room.clone()), 0, TaskState::Ended, Err(room)));
    let stats = adds_up(&rig.pool);
    assert_eq!((stats.submitted, stats.succeeded, stats.rejected, drops.count()), (1, 1, 2, 1));
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn tasks_that_run_and_wait_for_each_other_are_told_without_a_line() {
    let rig = Rig::new(5);
    let handles = [(); 2].map(|()| Later::<Task<u8>>::new());
    for (own, mine) in handles.iter().enumerate() {
        let other = handles[1 - own].clone();
        let task = accepted(rig.pool.try_submit(async move {
            let task = other.take().unwrap();
            assert_eq!(told(task.await), Err(vec![(1, Awaited::Task(2)), (2, Awaited::Task(1))]));
            7
        }));
        mine.set(task);
    }
    rig.ex.run_until_idle();
    let stats = adds_up(&rig.pool);
    assert_eq!((stats.succeeded, stats.cancelled, stats.running), (1, 1, 0), "the youngest ends, the other one goes on");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_waits_for_itself_or_for_its_own_pool_to_be_drained_ends() {
    let rig = Rig::new(2);
    let handle = Later::<Task<()>>::new();
    let own = handle.clone();
    let task = accepted(rig.pool.try_submit(async move {
        let task = own.take().unwrap();
        let _never = task.await;
    }));
    handle.set(task);
    let pool = rig.pool.clone();
    let mut closing = accepted(rig.pool.try_submit(async move { pool.close().await }));
    rig.ex.run_until_idle();
    let Poll::Ready(Err(TaskError::Deadlock(deadlock))) = poll_once(Pin::new(&mut closing)) else { panic!("it told nothing") };
    assert_eq!(deadlock.waits(), [(2, Awaited::Drained)]);
    assert_eq!((adds_up(&rig.pool).cancelled, rig.pool.stats().running), (2, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn one_waker_through_join_and_select_is_still_one_task_that_waits() {
    let rig = Rig::new(1);
    let pool = rig.pool.clone();
    let mut outer = accepted(rig.pool.try_submit(async move {
        let (one, two) = join(nested(pool.clone(), async {}), nested(pool.clone(), async {})).await;
        let either = match select(pin!(nested(pool.clone(), async {})), pin!(pending::<()>())).await {
            Either::Left((told, _)) => told,
            Either::Right(_) => Ok(()),
        };
        [one, two, either]
    }));
    rig.ex.run_until_idle();
    let [one, two, either] = value(&mut outer);
    assert_eq!((one, two), (Err(vec![(1, Awaited::Task(2))]), Err(vec![(1, Awaited::Task(2))])));
    assert_eq!(either, Err(vec![(1, Awaited::Task(4))]));
}

#[wasm_bindgen_test(unsupported = test)]
fn whoever_drives_finds_it() {
    type Drive = fn(&LocalExecutor);
    let drives: [(&str, Drive); 4] = [
        ("run_until_idle", |ex| assert!(ex.run_until_idle() > 0)),
        ("advance", |ex| assert!(ex.advance(SECOND).unwrap() > 0)),
        ("try_tick", |ex| while ex.try_tick() {}),
        ("run", |ex| {
            let mut run = pin!(ex.run(pending::<()>()));
            (0..99).for_each(|_| assert!(poll_once(run.as_mut()).is_pending()));
        }),
    ];
    for (name, drive) in drives {
        let rig = Rig::new(1);
        let mut outer = nesting(&rig);
        drive(&rig.ex);
        assert_eq!(end(&mut outer), End::Value(Err(vec![(1, Awaited::Task(2))])), "{name}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn reports_come_one_at_a_time_and_in_the_same_order_every_time() {
    let run = || {
        let (rig, record) = (Rig::new(3), Recorder::new());
        for name in 0..6 {
            let (pool, record) = (rig.pool.clone(), record.clone());
            drop(accepted(rig.pool.try_submit(async move {
                let told = nested(pool, async { 7 }).await;
                record.note((name, told.map_err(|waits| waits.len())));
            })));
        }
        rig.ex.run_until_idle();
        assert_eq!(adds_up(&rig.pool).running, 0);
        record.take()
    };
    let first = run();
    assert_eq!(first.len(), 6);
    assert_eq!(first[0], (2, Err(3)));
    assert_eq!(first, run());
}

#[wasm_bindgen_test(unsupported = test)]
fn tasks_are_numbered_as_they_are_accepted() {
    let rig = Rig::with_line(1, 1);
    let tasks = [(); 2].map(|()| accepted(rig.pool.try_submit(async {})));
    assert!(rig.pool.try_submit(async {}).is_err());
    rig.ex.run_until_idle();
    let third = accepted(rig.pool.try_submit(async {}));
    assert_eq!((tasks.map(|task| task.id()), third.id()), ([1, 2], 3));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_maps_over_its_own_pool_is_told_by_an_item_each() {
    for unordered in [true, false] {
        let rig = Rig::new(1);
        let pool = rig.pool.clone();
        let mut outer = accepted(rig.pool.try_submit(async move {
            let map = pool.map(0..3, async |number: u8| number);
            let items: Vec<_> = if unordered { map.unordered().collect().await } else { map.collect().await };
            items.into_iter().map(told).collect::<Vec<_>>()
        }));
        rig.ex.run_until_idle();
        // One item at a time: no more are made than may run.
        let waits = |task| Err(vec![(1, Awaited::Task(task))]);
        assert_eq!(value(&mut outer), [waits(2), waits(3), waits(4)], "unordered: {unordered}");
        rig.assert_all_permits_are_back(1);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_joins_a_group_of_its_own_pool_is_told_by_the_end_of_the_group() {
    let rig = Rig::new(1);
    let pool = rig.pool.clone();
    let mut outer = accepted(rig.pool.try_submit(async move {
        let group = pool.group::<u8, ()>();
        (0..3).for_each(|number| group.try_submit(async move { Ok(number) }).unwrap());
        match group.join().await {
            Err(GroupError::Task(error)) => told::<()>(Err(error)),
            other => panic!("{other:?}"),
        }
    }));
    rig.ex.run_until_idle();
    let Err(waits) = value(&mut outer) else { panic!("the group has an end") };
    assert_eq!(waits, [(1, Awaited::Task(2))]);
    assert_eq!(adds_up(&rig.pool).cancelled, 3, "all siblings went with it");
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_whose_source_may_still_bring_something_is_no_deadlock() {
    let rig = Rig::new(1);
    let (pool, (send, receive)) = (rig.pool.clone(), mpsc::unbounded::<u8>());
    let mut outer = accepted(rig.pool.try_submit(async move { pool.map_stream(receive, async |number| number).next().await }));
    rig.ex.run_until_idle();
    assert!(matches!(end(&mut outer), End::NotYet));
    rig.pool.resize(2).unwrap();
    send.unbounded_send(7).unwrap();
    rig.ex.run_until_idle();
    assert!(matches!(value(&mut outer), Some(Ok(7))));
}
