//! millpond: concurrency-limited task queues on a local executor, native and in the browser.

#![cfg_attr(
    not(all(target_family = "wasm", target_os = "unknown", feature = "js")),
    allow(dead_code, reason = "the JavaScript face uses parts of the heart that the Rust face does not; with both there is no dead code")
)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails"))]

mod clock;
mod error;
mod executor;
mod limit;
mod manager;
mod platform;
mod pool;
mod priority;
mod state;

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

#[cfg(all(target_family = "wasm", target_os = "unknown", feature = "js"))]
#[expect(unreachable_pub, reason = "what wasm-bindgen exports is reached from JavaScript")]
mod js;

pub use clock::{Clock, ManualClock};
pub use error::{Closed, OptionError, TaskError, Timeout, TrySubmitError};
pub use executor::{AdvanceError, JoinError, JoinHandle, LocalExecutor, Sleep};
pub use limit::Concurrency;
pub use manager::{CloseAll, GetError, Lease, PoolManager, PoolManagerBuilder, Resource};
pub use pool::{Close, CloseReport, Pool, PoolBuilder, PoolStats, Run, Submit, Task, TaskBuilder, TaskState};
pub use priority::Priority;
