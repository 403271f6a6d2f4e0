//! A slot is there as long as its task or its handle is, and no longer.

use std::future::pending;

use futures::FutureExt;

use crate::error::TaskError;
use crate::executor::LocalExecutor;
use crate::pool::{Pool, Task, TaskState};

fn pool() -> (LocalExecutor, Pool) {
    let ex = LocalExecutor::new();
    let pool = Pool::builder(&ex).concurrency(1).unbounded_queue().build().unwrap();
    (ex, pool)
}

fn slots(pool: &Pool) -> usize {
    pool.mill().slots.0.borrow().shares.len()
}

fn end(ex: &LocalExecutor, task: &mut Task<u32>) -> Result<u32, TaskError> {
    ex.run_until_idle();
    task.now_or_never().unwrap()
}

#[test]
fn however_the_two_part_the_slot_is_used_again() {
    let (ex, pool) = pool();
    let ways: [fn(&LocalExecutor, Task<u32>); 6] = [
        |ex, mut task| assert!(end(ex, &mut task).is_ok()),
        |_, task| drop(task),
        |ex, task| {
            ex.run_until_idle();
            drop(task);
        },
        |_, task| assert!(task.cancel()),
        |ex, mut task| {
            assert!(task.cancel());
            assert!(end(ex, &mut task).is_err());
        },
        |ex, mut task| {
            assert!(end(ex, &mut task).is_ok());
            assert_eq!((task.state(), task.cancel()), (TaskState::Ended, false));
        },
    ];
    for (number, part) in (0..).zip(ways.into_iter().cycle().take(60)) {
        part(&ex, pool.try_submit(async move { number }).unwrap());
        ex.run_until_idle();
        assert_eq!(slots(&pool), 1, "after way {}", number % 6);
    }
}

#[test]
fn one_that_is_held_is_nobody_elses_though_its_ticket_is() {
    let (ex, pool) = pool();
    let held: Vec<Task<u32>> = (0..9).map(|number| pool.try_submit(async move { number }).unwrap()).collect();
    ex.run_until_idle();
    for _ in 0..200 {
        let later = pool.try_submit(pending::<()>()).unwrap();
        assert!(held.iter().all(|task| !task.cancel() && task.state() == TaskState::Ended));
        assert!(later.cancel());
    }
    assert_eq!(slots(&pool), 10);
    let outputs: Vec<u32> = held.into_iter().map(|mut task| end(&ex, &mut task).unwrap()).collect();
    assert_eq!(outputs, (0..9).collect::<Vec<u32>>());
}

#[test]
fn a_result_goes_with_the_handle_that_nobody_awaited() {
    let (ex, pool) = pool();
    let output = std::rc::Rc::new(());
    let given = std::rc::Rc::clone(&output);
    let task = pool.try_submit(async move { given }).unwrap();
    ex.run_until_idle();
    assert_eq!(std::rc::Rc::strong_count(&output), 2);
    drop(task);
    assert_eq!(std::rc::Rc::strong_count(&output), 1);
}
