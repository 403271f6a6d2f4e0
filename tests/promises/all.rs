//! One module per promise. Every body runs natively, under Node and in a browser, unless its subject exists in one of them only.
//!
//! Tests own time and polling: a manual clock, futures polled by hand, wakers that count. Nobody sleeps to let a race go away.

#[path = "../common/kit.rs"]
mod kit;
#[path = "../common/support.rs"]
mod support;

mod aging;
mod auto_traits;
mod autoscale;
mod backpressure;
mod cancel;
mod cap;
mod clocks;
mod close;
mod conservation;
mod deadline;
mod deadlock;
mod deadlock_silent;
mod drop;
mod events;
mod executor;
mod group;
mod lifo;
mod manager_bound;
mod manager_close;
mod manager_dispose;
mod manager_evict;
mod manager_expiry;
mod manager_factory;
mod manager_keys;
mod manager_kit;
mod manager_lease;
mod manager_live;
mod manager_model;
mod manager_stale;
mod map;
mod map_close;
mod map_kit;
mod map_lazy;
mod middleware;
mod middleware_pace;
mod middleware_retry;
mod model;
mod options;
mod order;
mod overflow;
mod pool_drop;
mod queue;
mod queue_kit;
mod queue_model;
mod queue_results;
mod queue_scale;
mod rate;
mod reentrancy;
mod replay;
mod settle;
mod timers;
mod timings;
mod trace;
mod try_map;
mod virtual_time;
mod weights;
mod workers_close;
mod workers_drop;
mod workers_kit;
mod workers_size;
mod workers_start;
mod workers_stop;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod fairness_drive;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod map_panic;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod native;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod panic;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod queue_panic;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod workers_panic;
