//! Groups: all outputs in the order of submission, or the first error and nothing left of the siblings.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::{pending, ready};
use std::pin::Pin;
use std::task::Poll;

use millpond::{Close, Group, GroupError, GroupSubmitError, Join, LocalExecutor, Pool, Priority, TaskError};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Gauge, Later, Rig, SECOND, adds_up, end, gated, orders};
use super::support::{Drops, Recorder, WakeCount, give_way, poll, poll_once, waker_calling};

/// How a group has ended, as a text; empty if it has not.
fn joined(join: &mut Join<u32, &'static str>) -> String {
    match poll_once(Pin::new(join)) {
        Poll::Ready(result) => format!("{result:?}"),
        Poll::Pending => String::new(),
    }
}

fn group(rig: &Rig) -> Group<u32, &'static str> {
    rig.pool.group()
}

#[wasm_bindgen_test(unsupported = test)]
fn outputs_come_in_the_order_of_submission_whatever_ends_first() {
    orders(4, |order| {
        let (rig, mut gates) = (Rig::new(4), Vec::new());
        let group = group(&rig);
        for number in 0..4 {
            let (gate, future) = gated(Ok(number));
            group.try_submit(future).unwrap();
            gates.push(Some(gate));
        }
        let mut join = group.join();
        for &number in order {
            assert_eq!(joined(&mut join), "");
            gates[number].take().unwrap().open();
            rig.ex.run_until_idle();
        }
        assert_eq!(joined(&mut join), "Ok([0, 1, 2, 3])");
    });
}

#[wasm_bindgen_test(unsupported = test)]
fn a_group_without_tasks_is_done_at_once() {
    let rig = Rig::new(1);
    assert_eq!(joined(&mut group(&rig).join()), "Ok([])");
    assert_eq!(rig.ex.run_until_idle(), 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_join_is_told_once_when_the_last_has_ended() {
    let rig = Rig::new(1);
    let group = group(&rig);
    (0..3).for_each(|number| group.try_submit(ready(Ok(number))).unwrap());
    let mut join = group.join();
    let (wakes, waker) = WakeCount::new();
    assert!(poll(Pin::new(&mut join), &waker).is_pending());
    rig.ex.run_until_idle();
    assert_eq!((wakes.take(), joined(&mut join)), (1, "Ok([0, 1, 2])".to_owned()));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_group_shares_the_cap_and_the_line_with_others() {
    let (rig, gauge) = (Rig::with_line(2, 3), Gauge::default());
    let (gate, future) = gated(());
    let _other = rig.pool.try_submit(future).unwrap();
    let group = group(&rig);
    for number in 0..4 {
        let inside = gauge.clone();
        let task = async move {
            let _inside = inside.enter();
            give_way().await;
            Ok(number)
        };
        group.try_submit(task).unwrap();
    }
    assert!(matches!(group.try_submit(ready(Ok(4))), Err(error @ GroupSubmitError::Full(_)) if error.is_full()));
    rig.ex.run_until_idle();
    assert_eq!(gauge.most(), 1);
    gate.open();
    assert_eq!(joined(&mut group.join()), "Ok([0, 1, 2, 3])");
}

#[wasm_bindgen_test(unsupported = test)]
fn the_first_error_cancels_waiting_and_running_siblings_in_the_same_turn() {
    let (rig, drops, started) = (Rig::new(3), Drops::default(), Recorder::new());
    let group = group(&rig);
    let (gate, fails) = gated(Err("bad"));
    let mut fails = Some(fails);
    for number in 0..6 {
        let (guard, started, fails) = (drops.guard(), started.clone(), (number == 1).then(|| fails.take()).flatten());
        let task = async move {
            let _guard = guard;
            started.note(number);
            match fails {
                Some(fails) => fails.await,
                None => pending().await,
            }
        };
        group.try_submit(task).unwrap();
    }
    let (gate_other, other) = gated(());
    let _other = rig.pool.try_submit(other).unwrap();
    rig.ex.run_until_idle();
    gate.open();
    while drops.count() == 0 {
        assert!(rig.ex.try_tick());
    }
    let stats = adds_up(&rig.pool);
    assert_eq!((drops.count(), stats.failed, stats.cancelled, stats.succeeded), (6, 1, 5, 0));
    // Those in line never start, and who comes after the group does.
    assert_eq!((stats.waiting, stats.running, started.take()), (0, 1, vec![0, 1, 2]));
    assert!(group.has_failed());
    assert_eq!(joined(&mut group.join()), "Err(Failed(\"bad\"))");
    gate_other.open();
    rig.assert_all_permits_are_back(3);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_first_of_several_errors_counts() {
    let rig = Rig::new(3);
    let group = group(&rig);
    group.try_submit(ready(Ok(1))).unwrap();
    group.try_submit(ready(Err("first"))).unwrap();
    group.try_submit(ready(Err("second"))).unwrap();
    let mut join = group.join();
    rig.ex.run_until_idle();
    assert_eq!(joined(&mut join), "Err(Failed(\"first\"))");
    // Told once.
    assert_eq!(joined(&mut join), "");
    let stats = adds_up(&rig.pool);
    assert_eq!((stats.succeeded, stats.failed, stats.cancelled), (1, 1, 1));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_ends_without_a_result_is_an_error_of_the_group() {
    type Ending = fn(&Rig);
    let endings: [(&str, Ending); 4] = [
        ("Err(Task(TimedOut(Queue)))", |rig| rig.advance(SECOND)),
        ("Err(Task(Cancelled))", |rig| assert_eq!(rig.pool.cancel_waiting(), 2)),
        ("Err(Task(TimedOut(Run)))", |rig| {
            rig.pool.resize(9).unwrap();
            rig.advance(2 * SECOND);
        }),
        ("Err(Task(TimedOut(Total)))", |rig| {
            rig.pool.resize(9).unwrap();
            rig.advance(SECOND);
            rig.advance(SECOND / 2);
        }),
    ];
    for (expected, ending) in endings {
        let (rig, drops) = (Rig::new(1), Drops::default());
        let gates = rig.fill();
        let group = group(&rig).queue_timeout(SECOND).priority(Priority::Low);
        let group = if expected.contains("Total") { group.total_timeout(SECOND + SECOND / 2) } else { group.timeout(2 * SECOND) };
        for _ in 0..2 {
            let guard = drops.guard();
            let task = async move {
                let _guard = guard;
                pending().await
            };
            group.try_submit(task).unwrap();
        }
        ending(&rig);
        assert_eq!((joined(&mut group.join()), drops.count()), (expected.to_owned(), 2));
        gates.into_iter().for_each(Gate::open);
        adds_up(&rig.pool);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_failed_group_hands_every_task_back() {
    let rig = Rig::with_line(1, 0);
    let group = group(&rig);
    group.try_submit(ready(Err("bad"))).unwrap();
    // One waits for room already, behind somebody else.
    let mut ahead = rig.pool.submit(async { "ahead" });
    assert!(poll_once(Pin::new(&mut ahead)).is_pending());
    let mut waits = group.submit(ready(Ok(1)));
    let (wakes, waker) = WakeCount::new();
    assert!(poll(Pin::new(&mut waits), &waker).is_pending());
    let mut behind = rig.pool.submit(async { "behind" });
    assert!(poll_once(Pin::new(&mut behind)).is_pending());
    rig.ex.run_until_idle();
    assert!(wakes.take() > 0);
    let Poll::Ready(Err(GroupSubmitError::Failed(back))) = poll(Pin::new(&mut waits), &waker) else { panic!("taken") };
    assert_eq!(back.into_inner(), Ok(1));
    assert!(poll_once(Pin::new(&mut ahead)).is_ready());
    rig.ex.run_until_idle();
    assert!(poll_once(Pin::new(&mut behind)).is_ready(), "its place went to the next");
    rig.ex.run_until_idle();
    let refused = group.try_submit(ready(Ok(2))).unwrap_err();
    assert!(!refused.is_full() && matches!(refused, GroupSubmitError::Failed(_)));
    assert_eq!((refused.into_inner().into_inner(), rig.pool.stats().submitted), (Ok(2), 3));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_submit_to_a_full_line_waits_and_one_that_is_given_up_leaves_nothing() {
    let rig = Rig::with_line(1, 0);
    let group = group(&rig);
    group.try_submit(ready(Ok(1))).unwrap();
    let (mut second, mut third) = (group.submit(ready(Ok(2))), group.submit(ready(Ok(3))));
    assert!(poll_once(Pin::new(&mut second)).is_pending() && poll_once(Pin::new(&mut third)).is_pending());
    assert!(group.try_submit(ready(Ok(4))).is_err_and(|error| error.is_full()));
    drop(second);
    rig.ex.run_until_idle();
    assert!(matches!(poll_once(Pin::new(&mut third)), Poll::Ready(Ok(()))));
    drop(third);
    rig.ex.run_until_idle();
    assert_eq!(joined(&mut group.join()), "Ok([1, 3])");
}

#[wasm_bindgen_test(unsupported = test)]
fn dropping_a_group_or_its_join_cancels_all_tasks_at_once() {
    for join in [false, true] {
        let (rig, drops) = (Rig::new(2), Drops::default());
        let group = group(&rig);
        for number in 0..5 {
            let guard = drops.guard();
            let task = async move {
                let _guard = guard;
                if number == 0 { Ok(number) } else { pending().await }
            };
            group.try_submit(task).unwrap();
        }
        rig.ex.run_until_idle();
        if join {
            drop(group.join());
        } else {
            drop(group);
        }
        let stats = adds_up(&rig.pool);
        assert_eq!((drops.count(), stats.cancelled, stats.succeeded, stats.running, stats.waiting), (5, 4, 1, 0, 0));
        rig.assert_all_permits_are_back(2);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_group_may_be_dropped_by_its_own_task_or_by_whoever_it_wakes() {
    let (rig, later, drops) = (Rig::new(2), Later::new(), Drops::default());
    let group = group(&rig);
    for number in 0..4 {
        let (later, guard) = (later.clone(), drops.guard());
        let task = async move {
            let _guard = guard;
            if number == 1 {
                drop::<Option<Group<u32, &str>>>(later.take());
            }
            pending().await
        };
        group.try_submit(task).unwrap();
    }
    later.set(group);
    rig.ex.run_until_idle();
    assert_eq!((drops.count(), adds_up(&rig.pool).cancelled), (4, 4));

    let (later, group) = (Later::new(), rig.pool.group::<u32, &str>());
    group.try_submit(ready(Err("bad"))).unwrap();
    group.try_submit(pending()).unwrap();
    let mut join = group.join();
    let dropped: Later<Join<u32, &str>> = later.clone();
    assert!(poll(Pin::new(&mut join), &waker_calling(move || drop(dropped.take()))).is_pending());
    later.set(join);
    rig.ex.run_until_idle();
    rig.assert_all_permits_are_back(2);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_a_pool_has_accepted_before_it_closes_is_joined() {
    let rig = Rig::new(1);
    let group = group(&rig);
    (0..2).for_each(|number| group.try_submit(ready(Ok(number))).unwrap());
    drop::<Close>(rig.pool.close());
    let mut join = group.join();
    rig.ex.run_until_idle();
    assert_eq!(joined(&mut join), "Ok([0, 1])");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_a_closed_pool_refuses_fails_the_group() {
    for waits in [false, true] {
        let (rig, drops) = (Rig::with_line(1, 0), Drops::default());
        let group = group(&rig);
        let guard = drops.guard();
        let running = async move {
            let _guard = guard;
            pending().await
        };
        group.try_submit(running).unwrap();
        let mut submit = group.submit(ready(Ok(1)));
        if waits {
            assert!(poll_once(Pin::new(&mut submit)).is_pending());
        }
        drop::<Close>(rig.pool.close());
        let Poll::Ready(Err(GroupSubmitError::Closed(back))) = poll_once(Pin::new(&mut submit)) else { panic!("taken") };
        assert_eq!((back.into_inner(), drops.count()), (Ok(1), 1));
        drop(submit);
        assert!(matches!(group.try_submit(ready(Ok(1))), Err(GroupSubmitError::Failed(_))));
        assert_eq!(joined(&mut group.join()), "Err(Task(Closed))");
    }
    let rig = Rig::new(1);
    drop::<Close>(rig.pool.close());
    let group = group(&rig);
    assert!(matches!(group.try_submit(ready(Ok(1))), Err(GroupSubmitError::Closed(_))));
    assert_eq!(joined(&mut group.join()), "Err(Task(Closed))");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_group_hears_of_the_end_of_its_executor() {
    let ex = LocalExecutor::new();
    let pool = Pool::builder(&ex).concurrency(1).build().unwrap();
    let group = pool.group::<u32, &str>();
    group.try_submit(pending()).unwrap();
    group.try_submit(pending()).unwrap();
    let mut join = group.join();
    let (wakes, waker) = WakeCount::new();
    assert!(poll(Pin::new(&mut join), &waker).is_pending());
    drop(ex);
    assert!(wakes.take() > 0);
    assert!(matches!(poll_once(Pin::new(&mut join)), Poll::Ready(Err(GroupError::Task(TaskError::Closed)))));
    adds_up(&pool);
}

#[wasm_bindgen_test(unsupported = test)]
fn groups_say_where_they_stand() {
    let rig = Rig::new(1);
    let group = group(&rig);
    group.try_submit(pending()).unwrap();
    assert!(format!("{group:?}").contains("left: 1"));
    assert!(format!("{:?}", group.submit(pending())).contains("left: 1"));
    assert!(format!("{:?}", group.join()).contains("left: 1"));
    let errors = [GroupSubmitError::Full(()), GroupSubmitError::Failed(()), GroupSubmitError::Closed(())];
    assert_eq!(errors.map(|error| format!("{error:?}")), ["Full(..)", "Failed(..)", "Closed(..)"]);
    assert_eq!(GroupSubmitError::Failed(()).to_string(), "the group has failed and takes no more tasks");
}

#[wasm_bindgen_test(unsupported = test)]
fn errors_of_fallible_tasks_are_counted_as_failures() {
    let rig = Rig::with_line(1, 0);
    let mut tasks = Vec::new();
    for result in [Ok(1), Err("bad"), Ok(2)] {
        tasks.push(rig.pool.task(ready(result)).fallible().try_submit().unwrap());
        rig.ex.run_until_idle();
    }
    let outputs: Vec<_> = tasks.iter_mut().map(end).collect();
    assert_eq!(outputs, [End::Value(Ok(1)), End::Value(Err("bad")), End::Value(Ok(2))]);
    // Without it, an output is an output.
    drop(rig.pool.try_submit(ready(Err::<(), _>("bad"))));
    rig.ex.run_until_idle();
    assert_eq!((adds_up(&rig.pool).succeeded, rig.pool.stats().failed), (3, 1));
}
