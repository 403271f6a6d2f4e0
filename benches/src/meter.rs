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

/// What an allocator has counted so far.
#[derive(Clone, Copy)]
pub(crate) struct Counter(pub(crate) fn() -> usize);

impl Meter for Counter {
    type Mark = usize;

    fn mark(self) -> usize {
        (self.0)()
    }

    fn since(self, mark: usize) -> f64 {
        self.mark() as f64 - mark as f64
    }
}
