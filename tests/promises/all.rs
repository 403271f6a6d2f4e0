//! One module per promise. Every body runs natively, under Node and in a browser, unless its subject exists in one of them only.
//!
//! Tests own time and polling: a manual clock, futures polled by hand, wakers that count. Nobody sleeps to let a race go away.

#[path = "../common/support.rs"]
mod support;

mod drop;
mod executor;
mod timers;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod fairness_drive;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod native;
