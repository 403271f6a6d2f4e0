//! Ten downloads, three at a time, one of them urgent: `cargo run --example quickstart`.
//!
//! A pool lives on an executor; here `block_on` drives it. The downloads are sleeps, so that the program needs no network.

#![cfg_attr(target_family = "wasm", allow(unused_imports, reason = "a page cannot block: there it is `drive`, and nothing of this"))]

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use millpond::{LocalExecutor, Pool, Priority};

#[cfg(target_family = "wasm")]
fn main() {}

#[cfg(not(target_family = "wasm"))]
fn main() -> Result<(), Box<dyn Error>> {
    let ex = LocalExecutor::new();
    // Three run at once, the others wait; ten may wait.
    let pool = Pool::builder(&ex).concurrency(3).queue_capacity(10).build()?;
    let (at_once, most, order) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));

    let mut tasks = Vec::new();
    for number in 0..10 {
        let (at_once, most, order, sleep) = (at_once.clone(), most.clone(), order.clone(), ex.sleep(Duration::from_millis(20)));
        let download = async move {
            at_once.set(at_once.get() + 1);
            most.set(most.get().max(at_once.get()));
            order.borrow_mut().push(number);
            sleep.await;
            at_once.set(at_once.get() - 1);
            number * number
        };
        let priority = if number == 9 { Priority::High } else { Priority::Normal };
        tasks.push(pool.task(download).priority(priority).try_submit()?);
    }

    let sum = ex.block_on(async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await?;
        }
        Ok::<_, millpond::TaskError>(sum)
    })?;

    println!("sum {sum}, at most {} at once, started in the order {:?}", most.get(), order.borrow());
    assert_eq!((sum, most.get()), (285, 3));
    assert_eq!(*order.borrow(), [0, 1, 2, 9, 3, 4, 5, 6, 7, 8]);
    assert_eq!(pool.stats().succeeded, 10);
    Ok(())
}
