//! Promise 10, re-entrancy: everything works from everywhere, because no borrow is held while foreign code runs.

use std::cell::Cell;
use std::future::pending;
use std::pin::Pin;
use std::rc::Rc;

use millpond::{Concurrency, LocalExecutor, Pool, Priority, Task};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Later, Rig, SECOND, accepted, adds_up, end, gated};
use super::support::{on_drop, poll, poll_once, waker_calling};

/// What foreign code has at hand.
#[derive(Clone)]
struct Hand {
    ex: LocalExecutor,
    pool: Pool,
    own: Rc<Cell<Option<Task<()>>>>,
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
    ("cancel what runs", |hand| drop(hand.running.cancel())),
    ("cancel what waits", |hand| drop(hand.waiting.cancel())),
    ("cancel itself", |hand| {
        if let Some(own) = hand.own.take() {
            own.cancel();
            hand.own.set(Some(own));
        }
    }),
    ("drop its own handle", |hand| drop(hand.own.take())),
    ("set_priority", |hand| drop(hand.waiting.set_priority(Priority::Critical))),
    ("grow", |hand| hand.pool.resize(Concurrency::Unlimited).unwrap()),
    ("shrink", |hand| hand.pool.resize(1).unwrap()),
    ("pause and resume", |hand| {
        hand.pool.pause();
        hand.pool.resume();
    }),
    ("cancel_waiting", |hand| drop(hand.pool.cancel_waiting())),
    ("close", |hand| drop(hand.pool.close())),
    ("close and cancel", |hand| drop(poll_once(Pin::new(&mut hand.pool.close().within(std::time::Duration::ZERO))))),
    ("look", |hand| drop(format!("{:?} {:?} {:?}", hand.pool, adds_up(&hand.pool), hand.waiting))),
    ("drive", |hand| drop(hand.ex.try_tick())),
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

/// Two permits and a line of three: one runs, one waits, and the task in question does the deed at its place.
fn play(place: Place, deed: Deed) -> (Rig, usize) {
    let rig = Rig::with_line(2, 3);
    let running = Rc::new(accepted(rig.pool.try_submit(pending::<()>())));
    let (gate, open) = gated(());
    let (blocker_gate, blocker) = gated(());
    let in_line = place == DropAtACancelInLine;
    let _blocker = in_line.then(|| accepted(rig.pool.try_submit(blocker)));
    let own = Rc::new(Cell::new(None));
    let hand = Later::<Hand>::new();
    let done = Rc::new(Cell::new(0));
    let act = {
        let (hand, done) = (hand.clone(), done.clone());
        move || {
            if let Some(at_hand) = hand.take() {
                deed(&at_hand);
                done.set(done.get() + 1);
            }
        }
    };
    let at = |wanted: &[Place]| wanted.contains(&place).then(|| act.clone());
    let (first, later) = (at(&[FirstPoll]), at(&[LaterPoll]));
    let guard = at(&[DropAtTheEnd, DropAtACancelWhileRunning, DropAtACancelInLine, DropAtATimeout]).map(on_drop);
    let output = at(&[DropOfTheOutput]).map(on_drop);
    let work = async move {
        let _guard = guard;
        first.into_iter().for_each(|act| act());
        open.await;
        later.into_iter().for_each(|act| act());
        // The output goes with the task, because its handle is gone.
        drop(output);
    };
    let mut task = accepted(rig.pool.task(work).timeout(2 * SECOND).try_submit());
    if let Some(act) = at(&[WakerOfTheHandle]) {
        assert!(poll(Pin::new(&mut task), &waker_calling(act)).is_pending());
    }
    own.set(Some(task));
    let waiting = Rc::new(accepted(rig.pool.try_submit(async {})));
    let mut submits: Vec<_> = (0..3).map(|_| rig.pool.submit(async {})).collect();
    for submit in &mut submits {
        let polled = match at(&[WakerOfOneWhoWaitsForRoom]) {
            Some(act) => poll(Pin::new(submit), &waker_calling(act)),
            None => poll_once(Pin::new(submit)),
        };
        drop(polled);
    }
    hand.set(Hand { ex: rig.ex.clone(), pool: rig.pool.clone(), own: own.clone(), running: running.clone(), waiting });
    let mut close = rig.pool.clone();
    drop(close.clone());
    let mut closer = None;
    if let Some(act) = at(&[WakerOfACloser]) {
        assert!(poll(Pin::new(closer.insert(close.close())), &waker_calling(act)).is_pending());
        running.cancel();
    }
    close = rig.pool.clone();
    drop(close);
    let cancel_own = || {
        if let Some(task) = own.take() {
            task.cancel();
            own.set(Some(task));
        }
    };
    if in_line {
        cancel_own();
    }
    blocker_gate.open();
    rig.ex.run_until_idle();
    match place {
        DropAtACancelWhileRunning => cancel_own(),
        DropAtATimeout => rig.advance(2 * SECOND),
        _ => gate.open(),
    }
    rig.ex.run_until_idle();
    submits.into_iter().for_each(drop);
    rig.ex.run_until_idle();
    drop((closer, hand.take(), own.take()));
    running.cancel();
    (rig, done.get())
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
