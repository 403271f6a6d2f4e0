//! What a scenario measures with: the clock, or the allocator.

use std::time::Instant;

/// Reads something that goes up; what was between two readings is the cost of what was done.
pub(crate) trait Meter: Copy + 'static {
    /// A reading.
    type Mark;

    fn mark(self) -> Self::Mark;

    /// How much it is since then.
    fn since(self, mark: Self::Mark) -> f64;
}

/// Nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Clock;

impl Meter for Clock {
    type Mark = Instant;

    fn mark(self) -> Instant {
        Instant::now()
    }

    fn since(self, mark: Instant) -> f64 {
        mark.elapsed().as_secs_f64() * 1e9
    }
}

/// What was allocated so far.
#[derive(Debug, Clone, Copy)]
pub struct Heap {
    /// How many allocations there were.
    pub allocations: usize,
    /// How many bytes are in use.
    pub bytes: usize,
}

/// How many allocations are made, whether they are given back or not.
#[derive(Clone, Copy)]
pub(crate) struct Allocations(pub(crate) fn() -> Heap);

impl Meter for Allocations {
    type Mark = usize;

    fn mark(self) -> usize {
        (self.0)().allocations
    }

    fn since(self, mark: usize) -> f64 {
        difference(mark, self.mark())
    }
}

/// How many bytes are taken and not given back.
#[derive(Clone, Copy)]
pub(crate) struct Bytes(pub(crate) fn() -> Heap);

impl Meter for Bytes {
    type Mark = usize;

    fn mark(self) -> usize {
        (self.0)().bytes
    }

    fn since(self, mark: usize) -> f64 {
        difference(mark, self.mark())
    }
}

fn difference(before: usize, after: usize) -> f64 {
    after as f64 - before as f64
}
