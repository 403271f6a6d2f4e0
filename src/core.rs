//! The root of the wasm module in the npm package (`npm/core`): the heart and its JavaScript face, without the Rust one.

#![cfg(all(target_family = "wasm", target_os = "unknown"))]
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "the heart serves the Rust face as well, and what wasm-bindgen exports is reached from JavaScript"
)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails"))]

mod error;
mod js;
mod limit;
mod policy;
mod priority;
mod state;
