//! A server is told to stop: `cargo run --example graceful_close`.
//!
//! It takes nothing more, gives what is under way two seconds, and then insists. The clock is a manual one, so this is over at once.

#![cfg_attr(
    target_family = "wasm",
    allow(unused_imports, dead_code, reason = "a page cannot block: there it is `drive`, and nothing of this")
)]

use std::error::Error;
use std::time::Duration;

use millpond::{LocalExecutor, ManualClock, Pool, TaskError};

#[cfg(target_family = "wasm")]
fn main() {}

#[cfg(not(target_family = "wasm"))]
fn main() -> Result<(), Box<dyn Error>> {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).concurrency(2).queue_capacity(8).build()?;

    // Two quick requests, one that hangs, and two more that wait behind them.
    let mut requests = Vec::new();
    for seconds in [1, 3600, 1, 5, 5] {
        let work = ex.sleep(Duration::from_secs(seconds));
        requests.push(pool.try_submit(async move {
            work.await;
            seconds
        })?);
    }

    let report = ex.block_on(async {
        ex.sleep(Duration::from_millis(500)).await;
        // Ctrl-C. From here on nothing is taken …
        let close = pool.close().within(Duration::from_secs(2));
        assert!(pool.try_submit(async {}).is_err_and(|refused| !refused.is_full()));
        // … what is under way has two seconds, and whoever is left is cancelled.
        close.await
    });

    println!("stopped after {:?}: {report:?}", ex.now());
    assert_eq!((report.drained, report.cancelled_waiting, report.cancelled_running), (2, 1, 2));
    assert_eq!(ex.now(), Duration::from_millis(2500));

    // Every request hears how it ended.
    let answers = ex.block_on(async {
        let mut answers = Vec::new();
        for request in requests {
            answers.push(match request.await {
                Ok(seconds) => format!("200 after {seconds} s of work"),
                Err(TaskError::Cancelled) => "503, the server is stopping".to_owned(),
                Err(other) => format!("500, {other}"),
            });
        }
        answers
    });
    answers.iter().for_each(|answer| println!("{answer}"));
    assert_eq!(answers.iter().filter(|answer| answer.starts_with("200")).count(), 2);
    assert_eq!(answers.iter().filter(|answer| answer.starts_with("503")).count(), 3);
    Ok(())
}
