//! Promise 7, cancel: wherever a task stands and whoever lets go of it, it leaves at once, its future is dropped once, and no permit is lost.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::future::pending;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use millpond::{Task, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Later, Rig, SECOND, accepted, adds_up, end, until};
use super::support::{Drops, Recorder, WakeCount, on_drop, poll, poll_once};

/// Where a task stands when it is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stand {
    /// Made, never polled.
    Unpolled,
    /// Waits for room in the line.
    BeforeTheLine,
    /// The same, and told that there is room now.
    ToldOfRoom,
    InLine,
    /// Was in line, has got a permit from somebody else, and was not polled since.
    HandedOver,
    /// Took a free permit, was not polled yet.
    Started,
    /// Polled once, asleep.
    Running,
    /// Polled once, woken.
    Woken,
    Ended,
}

use Stand::{BeforeTheLine, Ended, HandedOver, InLine, Running, Started, ToldOfRoom, Unpolled, Woken};

const STANDS: [Stand; 9] = [Unpolled, BeforeTheLine, ToldOfRoom, InLine, HandedOver, Started, Running, Woken, Ended];

/// A pool of one permit and a line of one place, and what happens around one task in it.
struct Scene {
    stand: Stand,
    rig: Rig,
    drops: Drops,
    ready: Rc<Cell<bool>>,
    waker: Later<Waker>,
    holder: Option<Task<()>>,
    filler: Option<Task<()>>,
}

impl Scene {
    fn new(stand: Stand) -> Self {
        let rig = Rig::with_line(1, 1);
        let stuck = |wanted: bool| wanted.then(|| accepted(rig.pool.try_submit(pending::<()>())));
        let holder = stuck((BeforeTheLine..=HandedOver).contains(&stand));
        let filler = stuck(matches!(stand, BeforeTheLine | ToldOfRoom));
        rig.ex.run_until_idle();
        Self { stand, rig, drops: Drops::default(), ready: Rc::new(Cell::new(stand == Ended)), waker: Later::new(), holder, filler }
    }

    fn work(&self) -> impl Future<Output = ()> + use<> {
        let (guard, ready, waker) = (self.drops.guard(), self.ready.clone(), self.waker.clone());
        async move {
            let _guard = guard;
            until(ready, waker).await;
        }
    }

    /// What happens after the task was given to the pool.
    fn play(&self) {
        match self.stand {
            ToldOfRoom => assert!(self.filler.as_ref().is_some_and(Task::cancel)),
            HandedOver => assert!(self.holder.as_ref().is_some_and(Task::cancel)),
            Running | Woken | Ended => _ = self.rig.ex.run_until_idle(),
            _ => {}
        }
        if self.stand == Woken {
            self.ready.set(true);
            self.waker.take().unwrap().wake();
        }
    }

    /// The task is gone; one that waits behind it goes on; nothing is lost.
    fn assert_left(self) {
        let Self { stand, rig, drops, holder, filler, .. } = self;
        assert_eq!(drops.count(), 1, "{stand:?}: the future was not dropped at once");
        [holder, filler].into_iter().flatten().for_each(|task| _ = task.cancel());
        rig.assert_all_permits_are_back(1);
        assert_eq!(drops.count(), 1, "{stand:?}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_can_be_dropped_at_every_stand() {
    for stand in STANDS {
        let scene = Scene::new(stand);
        let mut run = scene.rig.pool.run(scene.work());
        if stand != Unpolled {
            assert_eq!(end(&mut run), End::NotYet);
        }
        scene.play();
        let before = adds_up(&scene.rig.pool);
        drop(run);
        let after = adds_up(&scene.rig.pool);
        let was_in = (InLine..=Woken).contains(&stand);
        assert_eq!(after.cancelled - before.cancelled, u64::from(was_in), "{stand:?}");
        assert_eq!((after.submitted, after.rejected), (before.submitted, before.rejected), "{stand:?}");
        scene.assert_left();
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_submit_can_be_dropped_at_every_stand() {
    for stand in [Unpolled, BeforeTheLine, ToldOfRoom] {
        let scene = Scene::new(stand);
        let mut submit = scene.rig.pool.submit(scene.work());
        if stand != Unpolled {
            assert!(poll_once(Pin::new(&mut submit)).is_pending());
        }
        scene.play();
        drop(submit);
        scene.assert_left();
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_can_be_cancelled_at_every_stand() {
    for stand in [InLine, HandedOver, Started, Running, Woken, Ended] {
        let scene = Scene::new(stand);
        let mut task = accepted(scene.rig.pool.try_submit(scene.work()));
        let (wakes, waker) = WakeCount::new();
        assert!(poll(Pin::new(&mut task), &waker).is_pending());
        scene.play();
        let expected = match stand {
            InLine => TaskState::Waiting,
            Ended => TaskState::Ended,
            _ => TaskState::Running,
        };
        assert_eq!(task.state(), expected, "{stand:?}");
        assert_eq!(task.cancel(), stand != Ended, "{stand:?}");
        assert_eq!((task.state(), wakes.take()), (TaskState::Ended, 1), "{stand:?}");
        assert!(!task.cancel(), "{stand:?}: twice");
        assert_eq!(end(&mut task), if stand == Ended { End::Value(()) } else { End::Cancelled }, "{stand:?}");
        scene.assert_left();
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_next_in_line_starts_in_the_very_call_that_cancels_who_runs() {
    for stand in [HandedOver, Started, Running, Woken] {
        let scene = Scene::new(stand);
        let task = accepted(scene.rig.pool.try_submit(scene.work()));
        scene.play();
        let mut next = accepted(scene.rig.pool.try_submit(async { "next" }));
        assert_eq!(next.state(), TaskState::Waiting, "{stand:?}");
        assert!(task.cancel());
        assert_eq!(next.state(), TaskState::Running, "{stand:?}");
        scene.rig.ex.run_until_idle();
        assert_eq!(end(&mut next), End::Value("next"), "{stand:?}");
        scene.assert_left();
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_permit_handed_from_cancelled_to_cancelled_is_not_lost() {
    // The classic: whoever gets the permit is gone before it can use it, a hundred times in a row.
    let rig = Rig::new(1);
    let tasks: Vec<_> = (0..100).map(|_| accepted(rig.pool.try_submit(pending::<()>()))).collect();
    let mut last = accepted(rig.pool.try_submit(async { "last" }));
    for task in &tasks {
        assert_eq!(task.state(), TaskState::Running);
        assert!(task.cancel());
        adds_up(&rig.pool);
    }
    assert_eq!(last.state(), TaskState::Running);
    rig.ex.run_until_idle();
    assert_eq!(end(&mut last), End::Value("last"));
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_cancels_itself_ends_at_its_next_await() {
    for await_first in [false, true] {
        let (rig, record) = (Rig::new(1), Recorder::new());
        let handle = Later::<Task<()>>::new();
        let (inner, back, noted) = (handle.clone(), handle.clone(), record.clone());
        let guard = {
            let record = record.clone();
            on_drop(move || record.note("dropped"))
        };
        handle.set(accepted(rig.pool.try_submit(async move {
            let _guard = guard;
            if await_first {
                super::support::give_way().await;
            }
            let task = inner.take().unwrap();
            assert!(task.cancel());
            noted.note("goes on");
            assert_eq!(task.state(), TaskState::Running);
            back.set(task);
            super::support::give_way().await;
            noted.note("too far");
        })));
        rig.ex.run_until_idle();
        assert_eq!(record.take(), ["goes on", "dropped"]);
        assert_eq!(end(&mut handle.take().unwrap()), End::Cancelled);
        rig.assert_all_permits_are_back(1);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_can_cancel_its_neighbours() {
    let rig = Rig::new(2);
    let others = Later::<Vec<Task<()>>>::new();
    let inner = others.clone();
    let mut first = accepted(rig.pool.try_submit(async move { inner.take().unwrap().iter().filter(|task| task.cancel()).count() }));
    others.set((0..10).map(|_| accepted(rig.pool.try_submit(pending::<()>()))).collect());
    rig.ex.run_until_idle();
    assert_eq!(end(&mut first), End::Value(10), "one that runs and nine that wait");
    rig.assert_all_permits_are_back(2);
}

#[wasm_bindgen_test(unsupported = test)]
fn cancelling_all_that_waits_leaves_what_runs() {
    let rig = Rig::new(2);
    let mut tasks: Vec<_> = (0..10).map(|_| accepted(rig.pool.try_submit(pending::<()>()))).collect();
    assert_eq!((rig.pool.cancel_waiting(), rig.pool.cancel_waiting()), (8, 0));
    let ends: Vec<_> = tasks.iter_mut().map(end).collect();
    assert_eq!(ends[..2], [End::NotYet; 2]);
    assert_eq!(ends[2..], [End::Cancelled; 8]);
    assert_eq!((rig.pool.stats().running, rig.pool.stats().cancelled), (2, 8));
}

#[wasm_bindgen_test(unsupported = test)]
fn cancelling_all_that_waits_does_not_touch_what_comes_meanwhile() {
    // Each of them leaves a successor behind when it is dropped; that one is not asked to leave.
    let rig = Rig::new(1);
    let gates = rig.fill();
    for _ in 0..5 {
        let pool = rig.pool.clone();
        let guard = on_drop(move || drop(pool.try_submit(async {})));
        drop(rig.pool.try_submit(async move { drop(guard) }));
    }
    assert_eq!(rig.pool.cancel_waiting(), 5);
    assert_eq!(adds_up(&rig.pool).waiting, 5);
    gates.into_iter().for_each(super::kit::Gate::open);
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn cancelling_stops_the_clocks() {
    let rig = Rig::new(1);
    let task = accepted(rig.pool.task(pending::<()>()).timeout(SECOND).total_timeout(2 * SECOND).try_submit());
    rig.ex.run_until_idle();
    assert_eq!(rig.ex.next_deadline(), Some(SECOND));
    assert!(task.cancel());
    rig.advance(10 * SECOND);
    assert_eq!((rig.ex.next_deadline(), adds_up(&rig.pool).cancelled, rig.pool.stats().timed_out), (None, 1, 0));
}

#[wasm_bindgen_test(unsupported = test)]
fn dropping_the_run_of_another_pool_from_inside_a_task_works() {
    let (outer, inner) = (Rig::new(1), Rig::new(1));
    let drops = Drops::default();
    let guard = drops.guard();
    let mut run = inner.pool.run(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    assert_eq!(end(&mut run), End::NotYet);
    inner.ex.run_until_idle();
    let mut task = accepted(outer.pool.try_submit(async move { drop(run) }));
    outer.ex.run_until_idle();
    assert_eq!((end(&mut task), drops.count()), (End::Value(()), 1));
    inner.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn no_run_is_left_behind_by_a_thousand_cancels_in_one_turn() {
    // Numbers of tasks come round again in the meantime; the futures must go all the same, and nothing be polled for the gone.
    let rig = Rig::new(1);
    let polls = Rc::new(Cell::new(0));
    let stuck = || {
        let polls = polls.clone();
        std::future::poll_fn(move |_| {
            polls.set(polls.get() + 1);
            Poll::<()>::Pending
        })
    };
    for _ in 0..1000 {
        assert!(accepted(rig.pool.try_submit(stuck())).cancel());
    }
    let last = accepted(rig.pool.try_submit(stuck()));
    rig.ex.run_until_idle();
    assert_eq!(polls.get(), 1, "polled for somebody else, too");
    assert!(last.cancel());
    rig.assert_all_permits_are_back(1);
}
