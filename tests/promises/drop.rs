//! What is left when an executor is dropped with work in it: nothing, and nothing unsettled.

use std::cell::RefCell;
use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use millpond::{JoinError, LocalExecutor};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Drops, on_drop, poll_once};

#[wasm_bindgen_test(unsupported = test)]
fn dropping_the_last_handle_drops_all_tasks_and_settles_their_handles() {
    let ex = LocalExecutor::new();
    let other = ex.clone();
    let drops = Drops::default();
    let handles: Vec<_> = (0..3)
        .map(|name| {
            let guard = drops.guard();
            let sleep = ex.sleep(Duration::from_secs(name));
            ex.spawn(async move {
                let _guard = guard;
                sleep.await;
                pending::<()>().await;
            })
        })
        .collect();
    ex.try_tick();
    drop(ex);
    assert_eq!(drops.count(), 0, "there is another handle");
    drop(other);
    assert_eq!(drops.count(), 3);
    for task in handles {
        assert!(matches!(poll_once(pin!(task)), Poll::Ready(Err(JoinError::Cancelled))));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn wakers_that_fire_while_the_executor_is_dropped_do_no_harm() {
    let ex = LocalExecutor::new();
    let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
    let drops = Drops::default();
    for _ in 0..3 {
        let (guard, wakers) = (drops.guard(), wakers.clone());
        let wakes_all = on_drop({
            let wakers = wakers.clone();
            move || wakers.borrow().iter().for_each(Waker::wake_by_ref)
        });
        ex.spawn(async move {
            let _both = (guard, wakes_all);
            std::future::poll_fn(|cx| {
                wakers.borrow_mut().push(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
        });
    }
    ex.run_until_idle();
    drop(ex);
    assert_eq!(drops.count(), 3);
    wakers.take().into_iter().for_each(Waker::wake);
}

#[wasm_bindgen_test(unsupported = test)]
fn tasks_that_hold_each_others_handles_can_be_dropped_together() {
    let ex = LocalExecutor::new();
    let drops = Drops::default();
    let guard = drops.guard();
    let inner = ex.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let cancels = on_drop({
        let third = ex.spawn(pending::<()>());
        move || third.cancel()
    });
    let guard = drops.guard();
    ex.spawn(async move {
        let _both = (guard, cancels);
        inner.await
    });
    ex.run_until_idle();
    drop(ex);
    assert_eq!(drops.count(), 2);
}
