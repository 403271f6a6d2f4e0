//! The switch: the two things the executor needs from its host, and the one file that picks who provides them.
//!
//! **Poll me at T.** `Timer::new(after)` is armed at once; `Timer::poll` is ready when the time has passed, else it wakes the caller
//! later. A timer may fire early when T is very far (hosts have a longest delay), so who arms it looks at the clock and arms it again.
//! Dropping a timer disarms it.
//!
//! **Poll me soon.** Natively a thread is parked until its waker is called (`Parker`). A browser's thread cannot be parked: `spawn`
//! polls a future in a microtask, and `Hops` lets it wait for its next turn as a macrotask, so that the page gets its own.
//!
//! Neither ever calls back from inside these functions: a waker is called from a thread, a timer or a turn of its own.
//! Nothing here knows tasks, deadlines or pools.

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod browser;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod native;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) use browser::{Hops, Timer, spawn};
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(crate) use native::{Parker, Timer};
