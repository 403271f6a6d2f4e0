//! One module per promise. Every body runs natively, under Node and in a browser, unless its subject exists in one of them only.
//!
//! Tests own time and polling: a manual clock, futures polled by hand, wakers that count. Nobody sleeps to let a race go away.

#[path = "../common/kit.rs"]
mod kit;
#[path = "../common/support.rs"]
mod support;

mod aging;
mod auto_traits;
mod backpressure;
mod cancel;
mod cap;
mod clocks;
mod close;
mod conservation;
mod deadline;
mod drop;
mod events;
mod executor;
mod lifo;
mod manager_close;
mod manager_dispose;
mod manager_expiry;
mod manager_factory;
mod manager_keys;
mod manager_kit;
mod manager_model;
mod model;
mod options;
mod order;
mod overflow;
mod pool_drop;
mod rate;
mod reentrancy;
mod replay;
mod settle;
mod timers;
mod timings;
mod trace;
mod virtual_time;
mod weights;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod fairness_drive;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod native;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod panic;
