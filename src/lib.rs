//! Concurrency-limited task queues on a local executor, native and in the browser.
//!
//! - [`LocalExecutor`] runs the tasks of one thread, with timers: by itself, inside any other executor, in a loop of yours, or in a page.
//! - [`Pool`] is a queue of tasks of which at most so many run at once: with priorities, timeouts, backpressure and an orderly end.
//! - [`JobQueue`] is a bounded queue of typed jobs, with a handler for each of its workers.
//! - [`PoolManager`] builds one pool for each key when it is needed and lets it expire, under one cap over all.
//! - [`Workers`] run one job again and again until they are stopped, with middleware: counting, timing, retries, pauses.
//! - [`ManualClock`] drives every deadline of an executor by hand, in tests.
//!
//! ```
//! use millpond::{LocalExecutor, Pool, Priority};
//!
//! let ex = LocalExecutor::new();
//! let pool = Pool::builder(&ex).concurrency(2).queue_capacity(100).build()?;
//! let report = pool.task(async { "report" }).priority(Priority::Low).try_submit()?;
//! let answer = pool.task(async { "answer" }).priority(Priority::High).try_submit()?;
//! assert_eq!(ex.block_on(answer)?, "answer");
//! assert_eq!(ex.block_on(report)?, "report");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whatever happens in a pool can be observed: [`EventLog`] writes it down, [`Replay`] checks it, [`Pool::timings`] measures it. Two
//! features that are off by default export named pools ([`PoolBuilder::name`]): `metrics` to the facade of that name, for Prometheus and
//! others, and `tracing` as spans and events.
//!
//! The [guide] leads from the first pool to the host it lives in. Every accepted task settles exactly once; what a pool promises is
//! listed at [`Pool`]. Nothing here is `Send`, and tasks need not be.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails"))]

mod clock;
mod error;
mod event;
mod executor;
mod foreign;
pub mod guide;
mod limit;
mod manager;
mod platform;
mod policy;
mod pool;
#[allow(dead_code, reason = "the JavaScript face (core.rs) uses parts of the heart that the Rust face does not")]
mod priority;
mod queue;
mod replay;
#[allow(dead_code, reason = "the JavaScript face (core.rs) uses parts of the heart that the Rust face does not")]
mod state;
pub mod workers;

// How a host drives the executor differs in more than a function: each way is there only where it works.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#[path = "executor/block_on.rs"]
mod block_on;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
#[path = "executor/drive.rs"]
mod drive;
#[cfg(any(test, all(target_family = "wasm", target_os = "unknown")))]
#[path = "executor/slice.rs"]
mod slice;

pub use clock::{Clock, ManualClock};
pub use error::{Awaited, Closed, Deadlock, GroupError, GroupSubmitError, OptionError, TaskError, Timeout, TrySubmitError};
pub use event::{Event, EventKind, EventLog, ParseEventError, Rejection, TaskOutcome};
pub use executor::{AdvanceError, JoinError, JoinHandle, LocalExecutor, Sleep};
pub use limit::Concurrency;
pub use manager::{CloseAll, Evicted, GetError, Lease, PoolManager, PoolManagerBuilder, Resource};
pub use policy::{Order, Overflow};
pub use pool::{
    Autoscale, Close, CloseReport, Distribution, Group, GroupSubmit, Join, Map, Pool, PoolBuilder, PoolOptions, PoolStats, PoolTimings,
    Run, Submit, Task, TaskBuilder, TaskState, TryMap,
};
pub use priority::Priority;
pub use queue::{Errors, JobError, JobId, JobQueue, JobQueueBuilder, QueueStats, Results, RunJob, SubmitJob};
pub use replay::{Replay, ReplayError};
pub use workers::Workers;

/// The Rust of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
