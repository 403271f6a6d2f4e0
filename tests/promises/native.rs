//! What only exists natively: threads, blocking, and panics that are caught.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::{Either, select};
use millpond::{JoinError, LocalExecutor, ManualClock, Pool};

use super::support::{forever, give_way};

const SECOND: Duration = Duration::from_secs(1);
/// For the tests whose subject is real time.
const SHORT: Duration = Duration::from_millis(3);

#[test]
fn block_on_moves_a_manual_clock_when_nothing_is_ready() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let inner = ex.clone();
    let task = ex.spawn(async move {
        inner.sleep(SECOND * 3600).await;
        inner.now()
    });
    let (early, late) = ex.block_on(async {
        ex.sleep(SECOND * 60).await;
        (ex.now(), task.await.ok())
    });
    assert_eq!((early, late), (SECOND * 60, Some(SECOND * 3600)));
}

#[test]
fn block_on_runs_all_that_is_ready_before_it_moves_the_clock() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let inner = ex.clone();
    let busy = ex.spawn(async move {
        for _ in 0..10_000 {
            give_way().await;
        }
        inner.now()
    });
    ex.block_on(ex.sleep(SECOND));
    assert_eq!(ex.block_on(busy).ok(), Some(Duration::ZERO));
}

#[test]
fn block_on_is_woken_by_another_thread() {
    let ex = LocalExecutor::new();
    let (send, receive) = mpsc::channel::<Waker>();
    let waking = thread::spawn(move || receive.recv().map(Waker::wake));
    let mut woken = false;
    ex.block_on(poll_fn(|cx| {
        if std::mem::replace(&mut woken, true) {
            return Poll::Ready(());
        }
        assert!(send.send(cx.waker().clone()).is_ok());
        Poll::Pending
    }));
    assert!(waking.join().is_ok());
}

#[test]
fn a_waker_on_another_thread_may_outlive_the_executor() {
    let ex = LocalExecutor::new();
    let (send, receive) = mpsc::channel::<Waker>();
    let task = ex.spawn(poll_fn(move |cx| {
        assert!(send.send(cx.waker().clone()).is_ok());
        Poll::<()>::Pending
    }));
    ex.run_until_idle();
    let waking = thread::spawn(move || receive.into_iter().for_each(Waker::wake));
    drop(ex);
    assert!(matches!(block_on(task), Err(JoinError::Cancelled)));
    assert!(waking.join().is_ok());
}

#[test]
fn block_on_may_be_nested() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let inner = ex.clone();
    let task = ex.spawn(async move { inner.block_on(async { 7 }) });
    assert_eq!(ex.block_on(task).ok(), Some(7));
}

/// Real time is its subject.
#[test]
fn block_on_sleeps_until_the_deadline() {
    let ex = LocalExecutor::new();
    let start = Instant::now();
    ex.block_on(ex.sleep(SHORT));
    assert!(start.elapsed() >= SHORT);
}

/// Real time is its subject.
#[test]
fn timers_are_served_amid_a_task_that_wakes_itself_for_ever() {
    let ex = LocalExecutor::new();
    let polls = Rc::new(Cell::new(0));
    ex.spawn(forever(polls.clone()));
    ex.block_on(ex.sleep(SHORT));
    assert!(polls.get() > 0);
}

/// Real time is its subject.
#[test]
fn run_sleeps_inside_a_foreign_executor() {
    let ex = LocalExecutor::new();
    let start = Instant::now();
    let inner = ex.clone();
    let task = ex.spawn(async move {
        inner.sleep(SHORT).await;
        inner.sleep(SHORT).await;
    });
    assert!(block_on(ex.run(task)).is_ok());
    assert!(start.elapsed() >= 2 * SHORT);
}

/// Real time is its subject.
#[test]
fn two_runs_inside_a_foreign_executor_share_one_timer() {
    let ex = LocalExecutor::new();
    block_on(futures::future::join(ex.run(ex.sleep(SHORT)), ex.run(ex.sleep(2 * SHORT))));
    assert_eq!(ex.next_deadline(), None);
}

/// Real time is its subject: a task of the foreign executor sleeps on ours while ours is driven and idle.
#[test]
fn a_sleep_outside_the_executor_is_served_by_a_run_that_waits() {
    let ex = LocalExecutor::new();
    let outside = async {
        ex.sleep(SHORT).await;
        ex.sleep(SHORT).await;
    };
    let driver = std::pin::pin!(ex.run(pending::<()>()));
    block_on(futures::future::select(driver, std::pin::pin!(outside)));
    assert_eq!(ex.next_deadline(), None);
}

#[test]
fn a_panic_is_told_to_who_awaits_the_task_and_the_others_go_on() {
    let ex = LocalExecutor::new();
    let bad = ex.spawn(async { panic!("on purpose") });
    let good = ex.spawn(async { "fine" });
    assert!(matches!(ex.block_on(good), Ok("fine")));
    let payload = match ex.block_on(bad) {
        Err(JoinError::Panicked(payload)) => payload.downcast::<&str>().ok(),
        _ => None,
    };
    assert_eq!(payload.as_deref(), Some(&"on purpose"));
}

#[test]
fn a_panic_of_the_driven_future_leaves_the_executor_whole() {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let task = ex.spawn(ex.sleep(SECOND));
    let inner = ex.clone();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        inner.block_on(async {
            give_way().await;
            panic!("on purpose")
        })
    }));
    assert!(caught.is_err());
    assert!(ex.block_on(task).is_ok());
}

#[test]
#[ignore = "writes the files that the tests in trace.rs compare with"]
fn the_golden_traces_are_written_anew() {
    super::trace::traces().into_iter().for_each(|(name, text)| {
        let file = format!("{}/tests/golden/trace-{name}.txt", env!("CARGO_MANIFEST_DIR"));
        assert!(std::fs::write(file, text).is_ok());
    });
}

#[test]
fn another_thread_may_wake_a_task_at_any_moment_so_it_is_never_called_a_deadlock() {
    let (ask, asked) = mpsc::channel::<oneshot::Sender<u8>>();
    let answering = thread::spawn(move || assert!(asked.into_iter().all(|answer| answer.send(7).is_ok())));
    for _ in 0..500 {
        let ex = LocalExecutor::new();
        let Ok(pool) = Pool::builder(&ex).concurrency(1).build() else { panic!("1 is refused") };
        let (inner, ask) = (pool.clone(), ask.clone());
        let outer = pool.run(async move {
            let (answer, answered) = oneshot::channel();
            assert!(ask.send(answer).is_ok());
            match select(pin!(answered), pin!(inner.run(async { 0 }))).await {
                Either::Left((answer, _)) => answer.ok(),
                Either::Right(_) => None,
            }
        });
        assert_eq!(ex.block_on(outer).ok(), Some(Some(7)));
    }
    drop(ask);
    assert!(answering.join().is_ok());
}
