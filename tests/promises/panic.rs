//! Promise 8, panics: caught, reported to the handle with their payload, and nobody else notices. Native only: on wasm a panic aborts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::task::Poll;

use millpond::{EventLog, LocalExecutor, Pool, Replay, Task, TaskError};

use super::kit::{End, Later, Rig, SECOND, accepted, adds_up, end, gated};
use super::support::{Drops, WakeCount, on_drop, poll, poll_once, waker_calling};

/// Panics when dropped, unless the thread does so already.
fn panics_when_dropped(text: &'static str) -> impl Drop {
    on_drop(move || {
        if !std::thread::panicking() {
            panic_any(text);
        }
    })
}

/// What a task panicked with.
fn payload<T>(task: &mut Task<T>) -> &'static str {
    match poll_once(Pin::new(task)) {
        Poll::Ready(Err(TaskError::Panicked(payload))) => payload.downcast_ref::<&str>().copied().unwrap(),
        Poll::Ready(Err(other)) => panic!("{other}"),
        Poll::Ready(Ok(_)) => panic!("it did not panic"),
        Poll::Pending => panic!("it has not settled"),
    }
}

#[test]
fn a_panic_reaches_the_handle_and_the_others_go_on() {
    for later in [false, true] {
        let (rig, drops) = (Rig::new(1), Drops::default());
        let guard = drops.guard();
        let mut bad: Task<()> = accepted(rig.pool.try_submit(async move {
            let _guard = guard;
            if later {
                super::support::give_way().await;
            }
            panic!("boom");
        }));
        let mut good = accepted(rig.pool.try_submit(async { "fine" }));
        rig.ex.run_until_idle();
        assert_eq!((payload(&mut bad), end(&mut good), drops.count()), ("boom", End::Value("fine"), 1));
        let stats = adds_up(&rig.pool);
        assert_eq!((stats.panicked, stats.succeeded), (1, 1));
        rig.assert_all_permits_are_back(1);
    }
}

#[test]
fn a_payload_of_any_type_arrives() {
    let rig = Rig::new(1);
    let mut task: Task<()> = accepted(rig.pool.try_submit(async { panic_any(42_u8) }));
    rig.ex.run_until_idle();
    let Poll::Ready(Err(error)) = poll_once(Pin::new(&mut task)) else { panic!("settled with an error") };
    assert!(error.to_string().starts_with("the task panicked"));
    assert!(matches!(error, TaskError::Panicked(payload) if payload.downcast_ref() == Some(&42_u8)));
}

#[test]
fn a_panic_with_text_says_it() {
    let rig = Rig::new(2);
    let number = 7;
    let mut formatted: Task<()> = accepted(rig.pool.try_submit(async move { panic!("number {number}") }));
    rig.ex.run_until_idle();
    let Poll::Ready(Err(error)) = poll_once(Pin::new(&mut formatted)) else { panic!("settled with an error") };
    assert_eq!((error.to_string().as_str(), format!("{error:?}").as_str()), ("the task panicked: number 7", "Panicked(..)"));
}

#[test]
fn a_run_reports_a_panic_and_block_on_survives() {
    let rig = Rig::new(1);
    let result = rig.ex.block_on(rig.pool.run(async { panic!("boom") }));
    assert!(matches!(result, Err::<(), _>(TaskError::Panicked(_))));
    assert_eq!(rig.ex.block_on(rig.pool.run(async { 1 })).ok(), Some(1));
}

#[test]
fn a_panicking_drop_of_a_future_that_has_ended_is_a_panic_of_the_task() {
    let rig = Rig::new(1);
    let guard = panics_when_dropped("drop");
    // The guard lives in the future, not in its body: it goes after the output is there.
    let mut bad = accepted(rig.pool.try_submit(poll_fn(move |_| {
        let _keep = &guard;
        Poll::Ready("output")
    })));
    let mut good = accepted(rig.pool.try_submit(async { "fine" }));
    rig.ex.run_until_idle();
    assert_eq!((payload(&mut bad), end(&mut good)), ("drop", End::Value("fine")));
    assert_eq!((adds_up(&rig.pool).panicked, rig.pool.stats().succeeded), (1, 1));
    rig.assert_all_permits_are_back(1);
}

#[test]
fn a_panicking_drop_of_a_cancelled_future_reaches_the_handle() {
    type Ending = fn(&Rig, &Task<()>);
    let endings: [(bool, Ending); 5] = [
        (true, |_, task| assert!(task.cancel())),
        (false, |_, task| assert!(task.cancel())),
        (true, |rig, _| rig.advance(SECOND)),
        (false, |rig, _| rig.advance(SECOND)),
        (false, |rig, _| assert_eq!(rig.pool.cancel_waiting(), 2)),
    ];
    for (running, ending) in endings {
        let rig = Rig::new(1);
        let gates = if running { Vec::new() } else { rig.fill() };
        let guard = panics_when_dropped("drop");
        let work = async move {
            let _guard = guard;
            pending::<()>().await;
        };
        let mut bad = accepted(rig.pool.task(work).timeout(SECOND).queue_timeout(SECOND).try_submit());
        let mut next = accepted(rig.pool.try_submit(async {}));
        rig.ex.run_until_idle();
        ending(&rig, &bad);
        assert_eq!(payload(&mut bad), "drop");
        adds_up(&rig.pool);
        gates.into_iter().for_each(super::kit::Gate::open);
        rig.ex.run_until_idle();
        assert_ne!(end(&mut next), End::NotYet);
        rig.assert_all_permits_are_back(1);
    }
}

#[test]
fn a_running_task_whose_drop_panics_is_counted_as_its_handle_says() {
    let rig = Rig::new(1);
    let guard = panics_when_dropped("drop");
    let mut bad = accepted(rig.pool.try_submit(async move {
        let _guard = guard;
        pending::<()>().await;
    }));
    rig.ex.run_until_idle();
    bad.cancel();
    assert_eq!(payload(&mut bad), "drop");
    assert_eq!((adds_up(&rig.pool).panicked, rig.pool.stats().cancelled), (1, 0));
}

#[test]
fn a_panicking_drop_of_an_output_nobody_takes_harms_nobody() {
    let rig = Rig::new(1);
    let output = panics_when_dropped("output");
    drop(rig.pool.try_submit(async move { output }));
    let mut good = accepted(rig.pool.try_submit(async { "fine" }));
    rig.ex.run_until_idle();
    assert_eq!(end(&mut good), End::Value("fine"));
    rig.assert_all_permits_are_back(1);
}

#[test]
fn a_panicking_waker_of_a_handle_loses_no_permit() {
    let rig = Rig::new(1);
    let (gate, future) = gated(());
    let mut first = accepted(rig.pool.try_submit(future));
    assert!(poll(Pin::new(&mut first), &waker_calling(|| panic_any("waker"))).is_pending());
    let mut second = accepted(rig.pool.try_submit(async { "fine" }));
    rig.ex.run_until_idle();
    gate.open();
    // Whoever drives may see the panic, or not; the pool is whole.
    let _seen = catch_unwind(AssertUnwindSafe(|| rig.ex.run_until_idle()));
    rig.ex.run_until_idle();
    assert_eq!((end(&mut first), end(&mut second)), (End::Value(()), End::Value("fine")));
    rig.assert_all_permits_are_back(1);
}

#[test]
fn a_panic_while_the_executor_goes_settles_the_others() {
    let rig = Rig::new(2);
    let mut tasks: Vec<_> = (0..5)
        .map(|number| {
            let guard = (number % 2 == 0).then(|| panics_when_dropped("drop"));
            accepted(rig.pool.try_submit(async move {
                let _guard = guard;
                pending::<()>().await;
            }))
        })
        .collect();
    rig.ex.run_until_idle();
    drop(rig.ex);
    let ends: Vec<_> = tasks.iter_mut().map(end).collect();
    assert_eq!(ends, [End::Panicked, End::Closed, End::Panicked, End::Closed, End::Panicked]);
    assert_eq!((adds_up(&rig.pool).running, rig.pool.stats().waiting), (0, 0));
}

#[test]
fn a_closing_pool_drains_over_panics() {
    let rig = Rig::new(2);
    for number in 0..10 {
        drop(rig.pool.try_submit(async move {
            super::support::give_way().await;
            assert!(number % 3 == 0, "boom");
        }));
    }
    let report = rig.ex.block_on(rig.pool.close());
    assert_eq!((report.drained, adds_up(&rig.pool).panicked), (10, 6));
}

#[test]
fn a_self_cancelled_task_that_panics_says_so() {
    let rig = Rig::new(1);
    let handle = Later::<Task<()>>::new();
    let (inner, back) = (handle.clone(), handle.clone());
    handle.set(accepted(rig.pool.try_submit(async move {
        let task = inner.take().unwrap();
        task.cancel();
        back.set(task);
        panic!("boom");
    })));
    rig.ex.run_until_idle();
    assert_eq!(payload(&mut handle.take().unwrap()), "boom");
    rig.assert_all_permits_are_back(1);
}

#[test]
fn a_panic_in_a_run_that_nobody_awaits_is_silent() {
    let rig = Rig::new(1);
    {
        let mut run = pin!(rig.pool.run(async { panic!("boom") }));
        assert!(matches!(poll_once(run.as_mut()), Poll::Pending::<Result<(), _>>));
        rig.ex.run_until_idle();
    }
    assert_eq!(adds_up(&rig.pool).panicked, 1);
    rig.assert_all_permits_are_back(1);
}

#[test]
fn a_listener_that_panics_harms_neither_the_pool_nor_the_other_listeners() {
    let log = EventLog::new();
    let ex = LocalExecutor::new();
    let pool = Pool::builder(&ex).concurrency(1).on_event(|_| panic!("listener")).on_event(log.listener()).build().unwrap();
    let task = pool.try_submit(async { 7 }).unwrap();
    assert_eq!(ex.block_on(task).unwrap(), 7);
    assert_eq!(log.len(), 4);
    assert_eq!(Replay::of(&log.take()).unwrap().stats(1), Some(pool.stats()));
}

#[test]
fn a_panicking_waker_of_one_who_waits_keeps_nobody_else_waiting() {
    let rig = Rig::new(1);
    let gate = rig.fill().pop().unwrap();
    let (wakes, waker) = WakeCount::new();
    let (mut first, mut second) = (rig.pool.close(), rig.pool.close());
    assert!(poll(Pin::new(&mut first), &waker_calling(|| panic_any("waker"))).is_pending());
    assert!(poll(Pin::new(&mut second), &waker).is_pending());
    gate.open();
    rig.ex.run_until_idle();
    assert_eq!(wakes.take(), 1);
    assert!(poll_once(Pin::new(&mut second)).is_ready() && poll_once(Pin::new(&mut first)).is_ready());
}
