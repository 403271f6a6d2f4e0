//! Promise 10, re-entrancy: everything works from everywhere, because no borrow is held while foreign code runs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::any::Any;
use std::cell::Cell;
use std::future::pending;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;

use millpond::{Concurrency, LocalExecutor, Pool, Priority, Task};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Later, Rig, SECOND, accepted, adds_up, end, gated};
use super::support::{on_drop, poll, poll_once, waker_calling};

/// Something with a drop, or nothing.
type Output = Option<Box<dyn Any>>;

/// What foreign code has at hand.
#[derive(Clone)]
struct Hand {
    ex: LocalExecutor,
    pool: Pool,
    own: Rc<Cell<Option<Task<Output>>>>,
    running: Rc<Task<()>>,
    waiting: Rc<Task<()>>,
}

type Deed = fn(&Hand);

/// Everything that can be done with a pool.
const DEEDS: [(&str, Deed); 18] = [
    ("try_submit", |hand| drop(hand.pool.try_submit(async {}))),
    ("submit", |hand| drop(poll_once(Pin::new(&mut hand.pool.submit(async {}))))),
    ("run, dropped", |hand| drop(poll_once(Pin::new(&mut hand.pool.run(pending::<()>()))))),
    ("submit with clocks", |hand| drop(hand.pool.task(pending::<()>()).timeout(SECOND).queue_timeout(SECOND).try_submit())),
    ("cancel what runs", |hand| _ = hand.running.cancel()),
    ("cancel what waits", |hand| _ = hand.waiting.cancel()),
    ("cancel itself", |hand| {
        if let Some(own) = hand.own.take() {
            own.cancel();
            hand.own.set(Some(own));
        }
    }),
    ("drop its own handle", |hand| drop(hand.own.take())),
    ("set_priority", |hand| _ = hand.waiting.set_priority(Priority::Critical)),
    ("grow", |hand| hand.pool.resize(Concurrency::Unlimited).unwrap()),
    ("shrink", |hand| hand.pool.resize(1).unwrap()),
    ("pause and resume", |hand| {
        hand.pool.pause();
        hand.pool.resume();
    }),
    ("cancel_waiting", |hand| _ = hand.pool.cancel_waiting()),
    ("close", |hand| drop(hand.pool.close())),
    ("close and cancel", |hand| _ = poll_once(Pin::new(&mut hand.pool.close().within(std::time::Duration::ZERO)))),
    ("look", |hand| drop(format!("{:?} {:?} {:?}", hand.pool, adds_up(&hand.pool), hand.waiting))),
    ("drive", |hand| _ = hand.ex.try_tick()),
    ("clone and drop", |hand| drop(hand.pool.clone())),
];

/// Where foreign code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    FirstPoll,
    LaterPoll,
    DropAtTheEnd,
    DropAtACancelWhileRunning,
    DropAtACancelInLine,
    DropAtATimeout,
    DropOfTheOutput,
    WakerOfTheHandle,
    WakerOfOneWhoWaitsForRoom,
    WakerOfACloser,
}

use Place::{
    DropAtACancelInLine, DropAtACancelWhileRunning, DropAtATimeout, DropAtTheEnd, DropOfTheOutput, FirstPoll, LaterPoll, WakerOfACloser,
    WakerOfOneWhoWaitsForRoom, WakerOfTheHandle,
};

const PLACES: [Place; 10] = [
    FirstPoll,
    LaterPoll,
    DropAtTheEnd,
    DropAtACancelWhileRunning,
    DropAtACancelInLine,
    DropAtATimeout,
    DropOfTheOutput,
    WakerOfTheHandle,
    WakerOfOneWhoWaitsForRoom,
    WakerOfACloser,
];

/// Does the deed the first time it is called.
struct Act {
    deed: Deed,
    hand: Later<Hand>,
    done: Rc<Cell<usize>>,
}

impl Act {
    /// The act, if this is its place.
    fn at(&self, place: bool) -> Option<impl Fn() + 'static> {
        let (deed, hand, done) = (self.deed, self.hand.clone(), self.done.clone());
        let act = move || {
            if let Some(at_hand) = hand.take() {
                deed(&at_hand);
                // Not counted if the deed panicked: the pool catches that.
                done.set(done.get() + 1);
            }
        };
        place.then_some(act)
    }
}

/// Two permits: one task runs, one waits, others wait for room, and the task in question is where the deed is done.
fn play(place: Place, deed: Deed) -> (Rig, usize) {
    let act = Act { deed, hand: Later::new(), done: Rc::default() };
    let in_line = place == DropAtACancelInLine;
    let rig = Rig::with_line(2, if in_line { 2 } else { 1 });
    let running = Rc::new(accepted(rig.pool.try_submit(pending::<()>())));
    let (blocker_gate, blocker) = gated(());
    let _blocker = in_line.then(|| accepted(rig.pool.try_submit(blocker)));

    let (gate, open) = gated(());
    let (first, later) = (act.at(place == FirstPoll), act.at(place == LaterPoll));
    let guard = act.at(matches!(place, DropAtTheEnd | DropAtACancelWhileRunning | DropAtACancelInLine | DropAtATimeout)).map(on_drop);
    let output = act.at(place == DropOfTheOutput).map(on_drop);
    let mut task = accepted(
        rig.pool
            .task(async move {
                let _guard = guard;
                first.into_iter().for_each(|act| act());
                open.await;
                later.into_iter().for_each(|act| act());
                output.map(|output| Box::new(output) as Box<dyn Any>)
            })
            .timeout(2 * SECOND)
            .try_submit(),
    );
    if let Some(act) = act.at(place == WakerOfTheHandle) {
        assert!(poll(Pin::new(&mut task), &waker_calling(act)).is_pending());
    }
    // An output is dropped by the pool when nobody has its handle.
    let own = Rc::new(Cell::new((place != DropOfTheOutput).then_some(task)));
    let waiting = Rc::new(accepted(rig.pool.try_submit(async {})));
    let mut submits: Vec<_> = (0..3).map(|_| rig.pool.submit(async {})).collect();
    for submit in &mut submits {
        let waker = act.at(place == WakerOfOneWhoWaitsForRoom).map_or(Waker::noop().clone(), waker_calling);
        assert!(poll(Pin::new(submit), &waker).is_pending());
    }
    let mut close = None;
    if let Some(act) = act.at(place == WakerOfACloser) {
        assert!(poll(Pin::new(close.insert(rig.pool.close())), &waker_calling(act)).is_pending());
    }
    act.hand.set(Hand { ex: rig.ex.clone(), pool: rig.pool.clone(), own: own.clone(), running: running.clone(), waiting });

    let cancel = |wanted: bool| {
        if let Some(task) = own.take().filter(|_| wanted) {
            task.cancel();
        }
    };
    if in_line {
        cancel(true);
    }
    blocker_gate.open();
    rig.ex.run_until_idle();
    match place {
        DropAtACancelWhileRunning => cancel(true),
        DropAtATimeout => rig.advance(2 * SECOND),
        _ => gate.open(),
    }
    rig.ex.run_until_idle();
    running.cancel();
    rig.ex.run_until_idle();
    drop((submits, close, act.hand.take(), own.take()));
    (rig, act.done.get())
}

#[wasm_bindgen_test(unsupported = test)]
fn everything_can_be_done_from_everywhere() {
    for place in PLACES {
        for (name, deed) in DEEDS {
            let (rig, done) = play(place, deed);
            assert_eq!(done, 1, "{name} at {place:?} was not done");
            rig.ex.run_until_idle();
            rig.advance(10 * SECOND);
            let stats = adds_up(&rig.pool);
            assert_eq!((stats.waiting, stats.running), (0, 0), "{name} at {place:?}: {stats:?}");
            if !rig.pool.is_closed() {
                let cap = if let Concurrency::AtMost(cap) = stats.concurrency { cap as usize } else { continue };
                rig.assert_all_permits_are_back(cap);
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn synchronous_tasks_in_a_row_do_not_recurse() {
    let rig = Rig::new(1);
    let mut last = None;
    for number in 0..200_000_u32 {
        last = Some(accepted(rig.pool.try_submit(async move { number })));
    }
    rig.ex.run_until_idle();
    assert_eq!(last.as_mut().map(end), Some(End::Value(199_999)));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_chain_of_tasks_that_submit_the_next_does_not_recurse() {
    fn step(pool: &Pool, left: u32, done: &Rc<Cell<u32>>) {
        let (inner, done2) = (pool.clone(), done.clone());
        drop(pool.try_submit(async move {
            done2.set(done2.get() + 1);
            if left > 0 {
                step(&inner, left - 1, &done2);
            }
        }));
    }
    let (rig, done) = (Rig::new(1), Rc::new(Cell::new(0)));
    step(&rig.pool, 50_000, &done);
    rig.ex.run_until_idle();
    assert_eq!((done.get(), rig.pool.stats().succeeded), (50_001, 50_001));
}

#[wasm_bindgen_test(unsupported = test)]
fn cancelling_many_that_run_and_wait_does_not_recurse() {
    let rig = Rig::new(1);
    let tasks: Vec<_> = (0..50_000).map(|_| accepted(rig.pool.try_submit(pending::<()>()))).collect();
    tasks.iter().for_each(|task| assert!(task.cancel()));
    rig.assert_all_permits_are_back(1);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_can_await_tasks_of_its_own_pool() {
    let rig = Rig::new(2);
    let pool = rig.pool.clone();
    let mut sum = accepted(rig.pool.try_submit(async move {
        let mut sum = 0;
        for number in 0..10 {
            sum += pool.run(async move { number }).await.unwrap_or(-1);
        }
        sum
    }));
    rig.ex.run_until_idle();
    assert_eq!(end(&mut sum), End::Value(45));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_can_drive_the_executor_it_runs_on() {
    let rig = Rig::new(2);
    let (ex, pool) = (rig.ex.clone(), rig.pool.clone());
    let mut task = accepted(rig.pool.try_submit(async move {
        let mut inner = accepted(pool.try_submit(async { 3 }));
        while ex.try_tick() {}
        end(&mut inner) == End::Value(3)
    }));
    rig.ex.run_until_idle();
    assert_eq!(end(&mut task), End::Value(true));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_that_drives_the_executor_holds_up_none_that_started_with_it() {
    let rig = Rig::new(8);
    let done = Rc::new(Cell::new(0));
    let (ex, seen) = (rig.ex.clone(), done.clone());
    let mut first = accepted(rig.pool.try_submit(async move {
        while ex.try_tick() {}
        seen.get()
    }));
    let others: Vec<_> = (0..3).map(|_| (done.clone(), rig.pool.clone())).collect();
    for (done, pool) in others {
        drop(accepted(rig.pool.try_submit(async move {
            let more = accepted(pool.try_submit(async {}));
            assert!(more.await.is_ok());
            done.set(done.get() + 1);
        })));
    }
    rig.ex.run_until_idle();
    assert_eq!(end(&mut first), End::Value(3));
}

#[wasm_bindgen_test(unsupported = test)]
fn nor_does_one_that_is_not_ready() {
    let (rig, begun) = (Rig::new(100), Rc::new(Cell::new(0)));
    let tasks: Vec<_> = (0..100).map(|_| begun.clone()).collect();
    let begin = |begun: Rc<Cell<u32>>| async move {
        begun.set(begun.get() + 1);
        pending::<()>().await;
    };
    tasks.into_iter().for_each(|begun| drop(accepted(rig.pool.try_submit(begin(begun)))));
    let mut polls = 0;
    while begun.get() < 100 {
        assert!(rig.ex.try_tick());
        polls += 1;
    }
    assert_eq!((polls, rig.ex.run_until_idle()), (100, 0));
}
