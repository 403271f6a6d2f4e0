//! Promise 2, the order: higher classes first, inside a class first come first served, and nobody overtakes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::pin::Pin;
use std::task::Waker;

use millpond::{LocalExecutor, Pool, Priority, Task, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Later, Random, Rig, accepted, end, gated};
use super::support::{Recorder, give_way, poll, poll_once, waker_calling};

const CLASSES: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];

/// One permit, taken; and a record of who starts.
struct Line {
    rig: Rig,
    gate: Gate,
    record: Recorder<usize>,
}

impl Line {
    fn new() -> Self {
        let rig = Rig::new(1);
        let gate = rig.fill().pop().unwrap();
        Self { rig, gate, record: Recorder::new() }
    }

    fn enter(&self, name: usize, priority: Priority) -> Task<()> {
        let record = self.record.clone();
        accepted(self.rig.pool.task(async move { record.note(name) }).priority(priority).try_submit())
    }

    /// Lets everybody through and tells the order.
    fn starts(self) -> Vec<usize> {
        self.gate.open();
        self.rig.ex.run_until_idle();
        self.record.take()
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn inside_a_class_first_come_is_first_served() {
    for class in CLASSES {
        let line = Line::new();
        (0..100).for_each(|name| drop(line.enter(name, class)));
        assert_eq!(line.starts(), Vec::from_iter(0..100));
    }
}

/// Where all classes below the highest are served alike, every other of these is the wrong one.
#[wasm_bindgen_test(unsupported = test)]
fn normal_goes_before_low_every_single_time() {
    let line = Line::new();
    for name in 0..40 {
        drop(line.enter(name, if name % 2 == 0 { Priority::Low } else { Priority::Normal }));
    }
    let starts = line.starts();
    assert!(starts[..20].iter().all(|name| name % 2 == 1) && starts[20..].iter().all(|name| name % 2 == 0), "{starts:?}");
}

#[wasm_bindgen_test(unsupported = test)]
fn higher_classes_start_first_whatever_the_order_of_coming() {
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let line = Line::new();
        let classes: Vec<Priority> = (0..60).map(|_| CLASSES[random.below(4)]).collect();
        classes.iter().enumerate().for_each(|(name, class)| drop(line.enter(name, *class)));
        let mut expected = Vec::from_iter(0..60);
        expected.sort_by_key(|name| std::cmp::Reverse(classes[*name]));
        assert_eq!(line.starts(), expected, "seed {seed}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_says_nothing_is_normal() {
    let line = Line::new();
    let record = line.record.clone();
    drop(line.enter(0, Priority::Low));
    let _silent = accepted(line.rig.pool.try_submit(async move { record.note(1) }));
    drop(line.enter(2, Priority::Normal));
    drop(line.enter(3, Priority::High));
    assert_eq!(line.starts(), [3, 1, 2, 0]);
}

#[wasm_bindgen_test(unsupported = test)]
fn changed_priorities_count_and_the_order_of_submission_stays() {
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let line = Line::new();
        let mut classes = [Priority::Normal; 40];
        let tasks: Vec<_> = (0..40).map(|name| line.enter(name, Priority::Normal)).collect();
        for _ in 0..80 {
            let (name, class) = (random.below(40), CLASSES[random.below(4)]);
            assert!(tasks[name].set_priority(class));
            classes[name] = class;
        }
        let mut expected = Vec::from_iter(0..40);
        expected.sort_by_key(|name| std::cmp::Reverse(classes[*name]));
        assert_eq!(line.starts(), expected, "seed {seed}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn only_a_waiting_task_can_change_its_priority() {
    let rig = Rig::new(1);
    let (gate, future) = gated(());
    let running = accepted(rig.pool.try_submit(future));
    let waiting = accepted(rig.pool.try_submit(async {}));
    assert!(!running.set_priority(Priority::Critical));
    assert!(waiting.set_priority(Priority::Low));
    gate.open();
    rig.ex.run_until_idle();
    assert!(!running.set_priority(Priority::High) && !waiting.set_priority(Priority::High));
}

#[wasm_bindgen_test(unsupported = test)]
fn cancelling_one_does_not_disturb_the_others() {
    let line = Line::new();
    let tasks: Vec<_> = (0..20).map(|name| line.enter(name, CLASSES[name % 2])).collect();
    for (name, task) in tasks.iter().enumerate() {
        assert!(name % 3 != 0 || task.cancel());
    }
    let left = |class: usize| (0..20).filter(move |name| name % 3 != 0 && name % 2 == class);
    assert_eq!(line.starts(), Vec::from_iter(left(1).chain(left(0))));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_permit_that_comes_free_is_handed_over_before_anybody_is_told() {
    // Whoever hears first that a permit came free cannot take it away from the head of the line.
    let rig = Rig::new(1);
    let (gate, future) = gated(());
    let mut first = accepted(rig.pool.try_submit(future));
    let head = accepted(rig.pool.task(gated(()).1).priority(Priority::Low).try_submit());
    let (pool, newcomer, seen) = (rig.pool.clone(), Later::new(), Later::new());
    let (newcomer2, seen2) = (newcomer.clone(), seen.clone());
    let waker = waker_calling(move || {
        newcomer2.set(accepted(pool.task(async {}).priority(Priority::Critical).try_submit()));
        seen2.set(pool.stats());
    });
    assert!(poll(Pin::new(&mut first), &waker).is_pending());
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!(head.state(), TaskState::Running);
    assert_eq!(newcomer.take().map(|task| task.state()), Some(TaskState::Waiting));
    assert_eq!(seen.take().map(|stats| (stats.running, stats.waiting)), Some((1, 1)));
}

#[wasm_bindgen_test(unsupported = test)]
fn who_waits_for_room_does_not_overtake_the_line_at_a_hand_over() {
    // It is polled by its own waker, in the middle of whatever wakes it.
    let rig = Rig::with_line(1, 1);
    let gate = rig.fill().pop().unwrap();
    let head = accepted(rig.pool.try_submit(gated(()).1));
    let (submit, seen) = (Later::new(), Recorder::new());
    let (inner, record) = (submit.clone(), seen.clone());
    let waker = waker_calling(move || {
        let Some(mut late) = inner.take() else { return };
        if poll_once(Pin::new(&mut late)).is_ready() {
            record.note(head.state());
        } else {
            inner.set(late);
        }
    });
    let mut late = rig.pool.submit(async {});
    assert!(poll(Pin::new(&mut late), &waker).is_pending());
    submit.set(late);
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!(seen.take(), [TaskState::Running], "accepted once, after the head had got its permit");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_newcomer_does_not_overtake_while_a_permit_is_on_its_way() {
    // The first task has ended, the second has its permit and was not polled yet.
    let rig = Rig::new(1);
    let (gate, future) = gated(());
    let first = accepted(rig.pool.try_submit(future));
    let second = accepted(rig.pool.try_submit(async {}));
    rig.ex.run_until_idle();
    assert!(first.cancel());
    assert_eq!(second.state(), TaskState::Running);
    let third = accepted(rig.pool.task(async {}).priority(Priority::Critical).try_submit());
    assert_eq!(third.state(), TaskState::Waiting);
    drop(gate);
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pause_keeps_the_order() {
    let rig = Rig::new(1);
    let record = Recorder::new();
    rig.pool.pause();
    for name in 0..10 {
        let record = record.clone();
        let class = CLASSES[name % 4];
        let _detached = accepted(rig.pool.task(async move { record.note(name) }).priority(class).try_submit());
    }
    rig.ex.run_until_idle();
    assert_eq!(record.take(), [0; 0]);
    rig.pool.resume();
    rig.ex.run_until_idle();
    assert_eq!(record.take(), [3, 7, 2, 6, 1, 5, 9, 0, 4, 8]);
}

#[wasm_bindgen_test(unsupported = test)]
fn those_who_wait_for_room_are_served_in_the_order_of_coming() {
    let rig = Rig::with_line(1, 1);
    let record = Recorder::new();
    let note = |name: usize| {
        let record = record.clone();
        async move { record.note(name) }
    };
    let gate = rig.fill().pop().unwrap();
    let _waiting = accepted(rig.pool.try_submit(note(0)));
    let mut submits: Vec<_> = (1..6).map(|name| rig.pool.submit(note(name))).collect();
    submits.iter_mut().for_each(|submit| assert!(poll_once(Pin::new(submit)).is_pending()));
    gate.open();
    // Polled in the wrong order all the time, they still enter in the right one.
    for round in 0..5 {
        rig.ex.run_until_idle();
        for later in (1..submits.len()).rev() {
            assert!(poll_once(Pin::new(&mut submits[later])).is_pending(), "round {round}: {later} overtook");
        }
        let mut first = submits.remove(0);
        assert!(poll_once(Pin::new(&mut first)).is_ready(), "round {round}");
    }
    rig.ex.run_until_idle();
    assert_eq!(record.take(), [0, 1, 2, 3, 4, 5]);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_order_is_the_same_however_the_executor_is_driven() {
    let trace = |drive: fn(&LocalExecutor)| {
        let ex = LocalExecutor::new();
        let pool = Pool::builder(&ex).concurrency(3).unbounded_queue().build().unwrap();
        let record = Recorder::new();
        for name in 0..300 {
            let record = record.clone();
            let class = CLASSES[name * 7 % 4];
            let work = async move {
                record.note(name);
                for _ in 0..name % 3 {
                    give_way().await;
                }
                record.note(name);
            };
            let _detached = accepted(pool.task(work).priority(class).try_submit());
        }
        drive(&ex);
        record.take()
    };
    let by_hand = trace(|ex| while ex.try_tick() {});
    assert_eq!(by_hand.len(), 600);
    assert_eq!(by_hand, trace(|ex| assert!(ex.run_until_idle() > 0)));
    assert_eq!(
        by_hand,
        trace(|ex| {
            let mut run = std::pin::pin!(ex.run(std::future::pending::<()>()));
            (0..200).for_each(|_| assert!(poll(run.as_mut(), Waker::noop()).is_pending()));
        })
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn a_ready_task_gives_others_a_turn() {
    // A runner goes from task to task, but not for ever: the executor's other tasks get their turn.
    let rig = Rig::new(1);
    let tasks: Vec<_> = (0..1000).map(|name| accepted(rig.pool.try_submit(async move { name }))).collect();
    let pool = rig.pool.clone();
    let seen = Later::new();
    let seen2 = seen.clone();
    rig.ex.spawn(async move { seen2.set(pool.stats().succeeded) });
    rig.ex.run_until_idle();
    let before = seen.take().unwrap();
    assert!(before < 100, "{before} tasks ran before another had its turn");
    for (name, mut task) in tasks.into_iter().enumerate() {
        assert_eq!(end(&mut task), End::Value(name));
    }
}
