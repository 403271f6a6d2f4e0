//! The benches that measure bytes and allocations, with an allocator that counts; see the library.

use std::alloc::System;
use std::process::ExitCode;

use millpond_benches::Heap;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    millpond_benches::memory(read)
}

/// To grow an allocation counts as one.
fn read() -> Heap {
    let stats = ALLOCATOR.stats();
    Heap { allocations: stats.allocations + stats.reallocations, bytes: stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated) }
}
