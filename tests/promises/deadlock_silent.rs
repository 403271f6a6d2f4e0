//! Promise 12, the other half: a deadlock is never told while anything else may help, or as far as nobody can know.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::mem::replace;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use futures::channel::oneshot;
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use millpond::{Awaited, Pool, PoolManager, TaskError};
use wasm_bindgen_test::wasm_bindgen_test;

use super::deadlock::{nested, nesting, value};
use super::kit::{End, Later, Rig, SECOND, accepted, adds_up, end, gated};
use super::support::{WakeCount, poll, poll_once};

#[wasm_bindgen_test(unsupported = test)]
fn nothing_is_told_while_somebody_outside_may_wake_a_task() {
    let rig = Rig::new(1);
    let (pool, (send, receive)) = (rig.pool.clone(), oneshot::channel::<u8>());
    let polls = Rc::new(Cell::new(0));
    let counted = polls.clone();
    let mut outer = accepted(rig.pool.try_submit(async move {
        let (mut inner, mut receive) = (pin!(nested(pool, async { 7 })), receive);
        poll_fn(move |cx| {
            counted.set(counted.get() + 1);
            match inner.as_mut().poll(cx) {
                Poll::Ready(told) => Poll::Ready(told),
                Poll::Pending => Pin::new(&mut receive).poll(cx).map(|received| Ok(received.unwrap())),
            }
        })
        .await
    }));
    rig.ex.run_until_idle();
    assert_eq!((end(&mut outer), polls.get()), (End::NotYet, 2), "polled once more to be sure");
    for _ in 0..9 {
        rig.ex.spawn(async {});
        rig.ex.run_until_idle();
    }
    assert_eq!((end(&mut outer), polls.get()), (End::NotYet, 2), "and not again, as long as nothing changes");
    send.send(9).unwrap();
    rig.ex.run_until_idle();
    assert_eq!(value(&mut outer), Ok(9), "it could be woken indeed");
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn when_the_last_one_outside_lets_go_it_is_told() {
    let rig = Rig::new(1);
    let (pool, (gate, gated)) = (rig.pool.clone(), gated(()));
    let mut outer = accepted(rig.pool.try_submit(async move {
        match select(pin!(nested(pool, async { 7 })), pin!(gated)).await {
            Either::Left((told, _)) => told,
            Either::Right(_) => Ok(0),
        }
    }));
    rig.ex.run_until_idle();
    assert_eq!(end(&mut outer), End::NotYet);
    drop(gate);
    rig.ex.run_until_idle();
    assert_eq!(value(&mut outer), Err(vec![(1, Awaited::Task(2))]), "the gate never opens now");
}

#[wasm_bindgen_test(unsupported = test)]
fn nothing_is_told_while_another_task_of_the_pool_is_free() {
    let rig = Rig::new(2);
    let (gate, opened) = gated(());
    let _free = accepted(rig.pool.try_submit(opened));
    let mut outer = nesting(&rig);
    let _second = nesting(&rig);
    rig.ex.run_until_idle();
    assert_eq!((end(&mut outer), rig.pool.stats().waiting), (End::NotYet, 2));
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!(adds_up(&rig.pool).running, 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn nothing_is_told_while_a_timer_is_set() {
    let rig = Rig::new(1);
    let mut outer = nesting(&rig);
    rig.ex.spawn(rig.ex.sleep(5 * SECOND));
    rig.ex.run_until_idle();
    rig.advance(4 * SECOND);
    assert_eq!(end(&mut outer), End::NotYet);
    rig.advance(SECOND);
    assert_eq!(value(&mut outer), Err(vec![(1, Awaited::Task(2))]));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_timeout_of_the_nested_task_comes_before_the_report() {
    let rig = Rig::new(1);
    let pool = rig.pool.clone();
    let mut outer = accepted(rig.pool.try_submit(async move { pool.task(async {}).queue_timeout(SECOND).run().await }));
    rig.ex.run_until_idle();
    assert!(poll_once(Pin::new(&mut outer)).is_pending());
    rig.advance(SECOND);
    assert!(matches!(value(&mut outer), Err(TaskError::TimedOut(_))));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_paused_pool_waits_for_who_paused_it() {
    let rig = Rig::new(1);
    let mut outer = nesting(&rig);
    rig.pool.pause();
    rig.ex.run_until_idle();
    assert_eq!(end(&mut outer), End::NotYet);
    rig.pool.resume();
    rig.ex.run_until_idle();
    assert_eq!(value(&mut outer), Err(vec![(1, Awaited::Task(2))]));
}

#[wasm_bindgen_test(unsupported = test)]
fn whoever_drives_may_still_raise_the_concurrency() {
    let rig = Rig::new(1);
    let (asked, pool) = (Later::<()>::new(), rig.pool.clone());
    let told = asked.clone();
    let mut outer = accepted(rig.pool.try_submit(async move {
        let task = accepted(pool.try_submit(async { 7 }));
        told.set(());
        task.await
    }));
    // The future that is driven sees what the turn before has done, before anybody looks for a deadlock.
    let helper = poll_fn(|cx| {
        if asked.take().is_some() {
            rig.pool.resize(2).unwrap();
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    let mut run = pin!(rig.ex.run(helper));
    while poll_once(run.as_mut()).is_pending() {}
    rig.ex.run_until_idle();
    assert!(matches!(value(&mut outer), Ok(7)));
}

#[wasm_bindgen_test(unsupported = test)]
fn after_a_shrink_the_tasks_that_are_left_are_told() {
    let rig = Rig::new(3);
    let (gate, opened) = gated(());
    let _free = accepted(rig.pool.try_submit(opened));
    let mut outer = nesting(&rig);
    let (second, opened) = gated(());
    let _other = accepted(rig.pool.try_submit(opened));
    rig.ex.run_until_idle();
    rig.pool.resize(1).unwrap();
    assert_eq!(end(&mut outer), End::NotYet);
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!(end(&mut outer), End::NotYet, "two run, one of them is free");
    second.open();
    rig.ex.run_until_idle();
    assert_eq!(value(&mut outer), Err(vec![(2, Awaited::Task(4))]));
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn wakers_of_others_are_nobodys_business() {
    // Limits, told in the documentation: through wakers of its own, or another task, nobody knows who waits. It is never a false report.
    let rig = Rig::new(1);
    let (ex, pool) = (rig.ex.clone(), rig.pool.clone());
    let mut spawned = accepted(rig.pool.try_submit(async move { ex.spawn(nested(pool, async {})).await.unwrap() }));
    rig.ex.run_until_idle();
    assert_eq!(end(&mut spawned), End::NotYet);
    assert!(spawned.cancel());

    let pool = rig.pool.clone();
    let mut unordered = accepted(rig.pool.try_submit(async move {
        let mut runs: FuturesUnordered<_> = (0..3).map(|_| pool.run(async {})).collect();
        runs.next().await
    }));
    rig.ex.run_until_idle();
    assert!(poll_once(Pin::new(&mut unordered)).is_pending());
    assert!(unordered.cancel());
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_only_looks_at_a_handle_does_not_wait_for_it() {
    let rig = Rig::new(1);
    let pool = rig.pool.clone();
    let mut outer = accepted(rig.pool.try_submit(async move {
        let mut task = accepted(pool.try_submit(async { 7 }));
        poll_fn(|_| poll_once(Pin::new(&mut task)).map(|_| ())).await;
    }));
    rig.ex.run_until_idle();
    assert_eq!((end(&mut outer), rig.pool.stats().waiting), (End::NotYet, 1), "it waits for ever because it wants to");
    assert!(outer.cancel());
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_drives_the_executor_itself_is_not_stuck() {
    let rig = Rig::new(1);
    let (ex, pool) = (rig.ex.clone(), rig.pool.clone());
    let mut outer = accepted(rig.pool.try_submit(async move {
        let mut task = accepted(pool.try_submit(async { 7 }));
        assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut task).poll(cx).is_pending())).await);
        ex.run_until_idle();
        task.cancel()
    }));
    rig.ex.run_until_idle();
    assert!(value(&mut outer), "nobody has ended it");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_handle_that_would_wake_nobody_is_not_taken_for_who_may() {
    // Each looks at something of its own pool with a waker of nobody's, and waits for somebody outside.
    type Look = fn(Pool) -> Box<dyn FnMut()>;
    let looks: [(&str, Look); 3] = [
        ("a handle", |pool| {
            let mut task = accepted(pool.try_submit(async {}));
            Box::new(move || assert!(poll_once(Pin::new(&mut task)).is_pending()))
        }),
        ("a map", |pool| {
            let mut map = pool.map(0..9, async |_| ());
            Box::new(move || assert!(poll_once(Pin::new(&mut map.next())).is_pending()))
        }),
        ("a group", |pool| {
            let group = pool.group::<(), ()>();
            (0..3).for_each(|_| group.try_submit(async { Ok(()) }).unwrap());
            let mut join = group.join();
            Box::new(move || assert!(poll_once(Pin::new(&mut join)).is_pending()))
        }),
    ];
    for (name, look) in looks {
        for leased in [false, true] {
            let rig = Rig::new(1);
            let manager = PoolManager::<u8>::builder(&rig.ex).pool_concurrency(1).pool_queue_capacity(9).build().unwrap();
            let lease = manager.get(1).unwrap();
            let pool = if leased { (*lease).clone() } else { rig.pool.clone() };
            let (inner, (gate, opened)) = (pool.clone(), gated(7));
            let mut outer = accepted(pool.try_submit(async move {
                let (mut look, mut opened) = (look(inner), pin!(opened));
                poll_fn(move |cx| {
                    look();
                    opened.as_mut().poll(cx)
                })
                .await
            }));
            rig.ex.run_until_idle();
            assert_eq!((end(&mut outer), pool.stats().cancelled), (End::NotYet, 0), "{name}, leased: {leased}");
            gate.open();
            rig.ex.run_until_idle();
            assert_eq!(end(&mut outer), End::Value(7), "{name}, leased: {leased}");
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_with_many_tasks_has_one_waker() {
    let rig = Rig::new(2);
    let (pool, (gate, opened)) = (rig.pool.clone(), gated(None));
    let mut outer = accepted(rig.pool.try_submit(async move {
        let mut map = pool.map(0..2, async |number: u8| number);
        let items = match select(map.next(), pin!(opened)).await {
            Either::Left((item, _)) => item,
            Either::Right((nothing, _)) => nothing,
        };
        items.map(|item| item.is_ok())
    }));
    let _second = nesting(&rig);
    rig.ex.run_until_idle();
    assert_eq!((end(&mut outer), rig.pool.stats().waiting), (End::NotYet, 3));
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!(value(&mut outer), None, "somebody outside could wake it");
}

#[wasm_bindgen_test(unsupported = test)]
fn who_goes_on_when_it_is_polled_to_be_sure_may_help_the_others() {
    let rig = Rig::new(1);
    let manager = PoolManager::<u8>::builder(&rig.ex).pool_concurrency(1).pool_queue_capacity(9).build().unwrap();
    let (helps, stuck) = ((*manager.get(1).unwrap()).clone(), (*manager.get(2).unwrap()).clone());
    let mut outer = accepted(stuck.try_submit(nested(stuck.clone(), async { 7 })));
    let (ex, own) = (rig.ex.clone(), helps.clone());
    let _helps = accepted(helps.try_submit(async move {
        let (mut inner, mut polled) = (pin!(nested(own, async {})), false);
        poll_fn(move |cx| {
            if !replace(&mut polled, true) {
                return inner.as_mut().poll(cx).map(drop);
            }
            let stuck = stuck.clone();
            ex.spawn(async move { stuck.resize(2).unwrap() });
            Poll::Ready(())
        })
        .await;
    }));
    rig.ex.run_until_idle();
    assert_eq!(value(&mut outer), Ok(7));
}

#[wasm_bindgen_test(unsupported = test)]
fn whoever_drives_is_not_kept_busy_by_a_task_that_somebody_outside_may_wake() {
    let rig = Rig::new(1);
    let (pool, (gate, opened)) = (rig.pool.clone(), gated(()));
    let _outer = accepted(rig.pool.try_submit(async move { drop(select(pin!(nested(pool, async {})), pin!(opened)).await) }));
    let (wakes, waker) = WakeCount::new();
    let mut run = pin!(rig.ex.run(pending::<()>()));
    let mut rests = || {
        assert!(poll(run.as_mut(), &waker).is_pending());
        wakes.take() == 0
    };
    assert!((0..9).any(|_| rests()), "it is looked at once more to be sure");
    rig.ex.spawn(async {});
    assert!(wakes.take() > 0 && rests(), "and then left alone");
    drop(gate);
}
