//! Tasks: in what order they are polled, what their handles tell, and what is left when somebody lets go.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use millpond::{JoinError, LocalExecutor, ManualClock};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Drops, Recorder, WakeCount, forever, give_way, on_drop, poll, poll_once, waker_calling};

#[wasm_bindgen_test(unsupported = test)]
fn tasks_are_polled_in_the_order_in_which_they_became_ready() {
    let ex = LocalExecutor::new();
    let record = Recorder::new();
    for name in 0..3 {
        let (ex, record, inner) = (ex.clone(), record.clone(), record.clone());
        ex.clone().spawn(async move {
            record.note(name);
            ex.spawn(async move { inner.note(name + 10) });
            give_way().await;
            record.note(name + 20);
        });
    }
    ex.run_until_idle();
    assert_eq!(record.take(), [0, 1, 2, 10, 20, 11, 21, 12, 22]);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_order_is_the_same_however_the_executor_is_driven() {
    let trace = |drive: fn(&LocalExecutor)| {
        let ex = LocalExecutor::new();
        let record = Recorder::new();
        for name in 0..200 {
            let record = record.clone();
            ex.spawn(async move {
                for _ in 0..name % 5 {
                    record.note(name);
                    give_way().await;
                }
            });
        }
        drive(&ex);
        record.take()
    };
    let by_hand = trace(|ex| while ex.try_tick() {});
    assert_eq!(by_hand.len(), 400);
    assert_eq!(by_hand, trace(|ex| assert_eq!(ex.run_until_idle(), 600)));
    assert_eq!(
        by_hand,
        trace(|ex| {
            let mut run = pin!(ex.run(pending::<()>()));
            (0..100).for_each(|_| assert!(poll_once(run.as_mut()).is_pending()));
        })
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn try_tick_polls_one_task_once() {
    let ex = LocalExecutor::new();
    let record = Recorder::new();
    let inner = record.clone();
    ex.spawn(async move {
        inner.note(1);
        give_way().await;
        inner.note(2);
    });
    assert_eq!(record.take(), [0; 0], "spawning polls nothing");
    assert!(ex.try_tick());
    assert_eq!(record.take(), [1]);
    assert!(ex.try_tick());
    assert_eq!(record.take(), [2]);
    assert!(!ex.try_tick());
}

#[wasm_bindgen_test(unsupported = test)]
fn run_until_idle_counts_polls() {
    let ex = LocalExecutor::new();
    assert_eq!(ex.run_until_idle(), 0);
    for _ in 0..300 {
        ex.spawn(give_way());
    }
    assert_eq!(ex.run_until_idle(), 600);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_handle_gives_the_output_and_wakes_who_awaits_it() {
    let ex = LocalExecutor::new();
    let mut task = pin!(ex.spawn(async { 42 }));
    let (count, waker) = WakeCount::new();
    assert!(poll(task.as_mut(), &waker).is_pending());
    ex.run_until_idle();
    assert_eq!(count.take(), 1);
    assert!(matches!(poll(task.as_mut(), &waker), Poll::Ready(Ok(42))));
}

#[wasm_bindgen_test(unsupported = test)]
fn dropping_a_handle_detaches_the_task() {
    let ex = LocalExecutor::new();
    let record = Recorder::new();
    let inner = record.clone();
    drop(ex.spawn(async move {
        give_way().await;
        inner.note("done");
    }));
    ex.run_until_idle();
    assert_eq!(record.take(), ["done"]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_cancelled_task_is_dropped_by_the_next_poll_and_its_handle_says_so() {
    for polled_before in [false, true] {
        let ex = LocalExecutor::new();
        let drops = Drops::default();
        let guard = drops.guard();
        let mut task = pin!(ex.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
        if polled_before {
            ex.run_until_idle();
        }
        task.cancel();
        task.cancel();
        let (count, waker) = WakeCount::new();
        assert!(poll(task.as_mut(), &waker).is_pending());
        assert_eq!(drops.count(), 0);
        assert!(ex.try_tick());
        assert_eq!((drops.count(), count.take()), (1, 1));
        assert!(matches!(poll(task.as_mut(), &waker), Poll::Ready(Err(JoinError::Cancelled))));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn dropping_a_cancelled_handle_still_cancels() {
    let ex = LocalExecutor::new();
    let drops = Drops::default();
    let guard = drops.guard();
    let task = ex.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    ex.run_until_idle();
    task.cancel();
    drop(task);
    ex.run_until_idle();
    assert_eq!(drops.count(), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_has_ended_gives_its_output_though_cancelled() {
    let ex = LocalExecutor::new();
    let task = ex.spawn(async { "done" });
    ex.run_until_idle();
    task.cancel();
    assert!(matches!(poll_once(pin!(task)), Poll::Ready(Ok("done"))));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_may_cancel_itself() {
    let ex = LocalExecutor::new();
    let drops = Drops::default();
    let guard = drops.guard();
    let handle = Rc::new(RefCell::new(None));
    let own = handle.clone();
    let task = ex.spawn(async move {
        let _guard = guard;
        if let Some(task) = own.take() {
            millpond::JoinHandle::<()>::cancel(&task);
        }
        pending::<()>().await;
    });
    handle.replace(Some(task));
    ex.run_until_idle();
    assert_eq!(drops.count(), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn spawning_and_driving_from_inside_a_task_or_a_drop_works() {
    let ex = LocalExecutor::new();
    let record = Recorder::new();
    let (inner, notes) = (ex.clone(), record.clone());
    ex.spawn(async move {
        let leaf = notes.clone();
        let spawns = on_drop({
            let (ex, leaf) = (inner.clone(), leaf.clone());
            move || {
                let leaf = leaf.clone();
                ex.spawn(async move { leaf.note("spawned while dropping") });
            }
        });
        inner.spawn(async move { leaf.note("driven from inside") });
        assert_eq!(inner.run_until_idle(), 1);
        drop(spawns);
        notes.note("outer");
    });
    ex.run_until_idle();
    assert_eq!(record.take(), ["driven from inside", "outer", "spawned while dropping"]);
}

#[wasm_bindgen_test(unsupported = test)]
fn run_drives_tasks_until_its_future_is_ready_and_leaves_the_rest() {
    let ex = LocalExecutor::new();
    let record = Recorder::new();
    let (first, second) = (record.clone(), record.clone());
    let task = ex.spawn(async move {
        give_way().await;
        first.note("first");
    });
    let gate = Rc::new(Cell::new(false));
    let inner = gate.clone();
    ex.spawn(async move {
        while !inner.get() {
            give_way().await;
        }
        second.note("second");
    });
    {
        let mut run = pin!(ex.run(task));
        while poll_once(run.as_mut()).is_pending() {}
    }
    assert_eq!(record.take(), ["first"]);
    gate.set(true);
    ex.run_until_idle();
    assert_eq!(record.take(), ["second"]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_that_waits_is_woken_by_new_work() {
    let ex = LocalExecutor::new();
    let (count, waker) = WakeCount::new();
    let mut run = pin!(ex.run(pending::<()>()));
    assert!(poll(run.as_mut(), &waker).is_pending());
    assert_eq!(count.take(), 0);
    let record = Recorder::new();
    let inner = record.clone();
    ex.spawn(async move { inner.note("ran") });
    assert_eq!(count.take(), 1);
    assert!(poll(run.as_mut(), &waker).is_pending());
    assert_eq!(record.take(), ["ran"]);
    assert_eq!(count.take(), 0, "it waits again");
}

#[wasm_bindgen_test(unsupported = test)]
fn two_runs_share_the_work_and_either_may_stop() {
    let ex = LocalExecutor::new();
    let (count, waker) = WakeCount::new();
    let mut one = Box::pin(ex.run(pending::<()>()));
    let mut two = Box::pin(ex.run(pending::<()>()));
    assert!(poll(one.as_mut(), Waker::noop()).is_pending());
    assert!(poll(two.as_mut(), Waker::noop()).is_pending());
    drop(two);
    assert!(poll(one.as_mut(), &waker).is_pending());
    let task = ex.spawn(async { 7 });
    assert!(count.take() > 0, "the one that is left is woken");
    assert!(poll(one.as_mut(), &waker).is_pending());
    assert!(matches!(poll_once(pin!(task)), Poll::Ready(Ok(7))));
}

#[wasm_bindgen_test(unsupported = test)]
fn tick_waits_for_one_task() {
    let ex = LocalExecutor::new();
    let (count, waker) = WakeCount::new();
    let mut tick = pin!(ex.tick());
    assert!(poll(tick.as_mut(), &waker).is_pending());
    let (one, two) = (Drops::default(), Drops::default());
    let guards = [one.guard(), two.guard()];
    for guard in guards {
        ex.spawn(async move { drop(guard) });
    }
    assert_eq!(count.take(), 1);
    assert!(poll(tick.as_mut(), &waker).is_ready());
    assert_eq!((one.count(), two.count()), (1, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn tick_waits_for_a_deadline_too() {
    let clock = ManualClock::new();
    let ex = LocalExecutor::with_clock(clock.clone());
    let task = ex.spawn(ex.sleep(Duration::from_secs(1)));
    ex.run_until_idle();
    let (count, waker) = WakeCount::new();
    let mut tick = pin!(ex.tick());
    assert!(poll(tick.as_mut(), &waker).is_pending());
    clock.advance(Duration::from_secs(1));
    assert_eq!(count.take(), 1);
    assert!(poll(tick.as_mut(), &waker).is_ready());
    assert!(matches!(poll_once(pin!(task)), Poll::Ready(Ok(()))));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_wakes_itself_for_ever_starves_neither_tasks_nor_timers_nor_who_polls() {
    let clock = ManualClock::new();
    let ex = LocalExecutor::with_clock(clock.clone());
    let polls = Rc::new(Cell::new(0));
    ex.spawn(forever(polls.clone()));
    let sleeper = ex.spawn(ex.sleep(Duration::from_secs(1)));
    let (count, waker) = WakeCount::new();
    let mut run = pin!(ex.run(sleeper));
    for round in 1..=10 {
        assert!(poll(run.as_mut(), &waker).is_pending());
        assert_eq!(count.take(), 1, "it gives way and asks to go on");
        assert!(polls.get() <= round * 200);
    }
    clock.advance(Duration::from_secs(1));
    let more = (0..3).any(|_| poll(run.as_mut(), &waker).is_ready());
    assert!(more, "the timer is seen amid the work");
    let before = polls.get();
    let other = ex.spawn(async { "had its turn" });
    ex.try_tick();
    ex.try_tick();
    assert!(matches!(poll_once(pin!(other)), Poll::Ready(Ok("had its turn"))));
    assert_eq!(polls.get(), before + 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_waker_may_use_the_executor_from_inside() {
    let ex = LocalExecutor::new();
    let record = Recorder::new();
    let (inner, notes) = (ex.clone(), record.clone());
    let waker = waker_calling(move || {
        let notes = notes.clone();
        inner.spawn(async move { notes.note("spawned by a waker") });
        inner.run_until_idle();
    });
    let mut run = pin!(ex.run(pending::<()>()));
    assert!(poll(run.as_mut(), &waker).is_pending());
    ex.spawn(async {});
    assert_eq!(record.take(), ["spawned by a waker"]);
}
