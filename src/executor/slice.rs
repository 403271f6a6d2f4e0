//! How much a driver may do before the page gets its turn: a budget of time, with a clock that is read only now and then.
//!
//! Plain data: durations in, decisions out. The budget is refilled by a hop and by nothing else, so a chain of microtasks that
//! wakes the driver again and again spends it like a single long run does.

use std::time::Duration;

/// A stride that took longer is halved: the clock is read too rarely for tasks like these.
const LONG: Duration = Duration::from_millis(1);
/// A full stride that took less is doubled.
const SHORT: Duration = Duration::from_micros(250);
/// Reading the clock costs as much as polling a few empty tasks: beyond this nothing is saved.
const LONGEST_STRIDE: usize = 64;
/// However little time has passed: some pages have a clock that is coarse, or frozen by a test.
const MOST_POLLS: usize = 10_000;

/// The part of a page's time that is ours until the next hop.
#[derive(Debug)]
pub(crate) struct Slice {
    budget: Duration,
    spent: Duration,
    polls: usize,
    stride: usize,
    /// How long a task took, last.
    each: Duration,
}

impl Slice {
    pub(crate) const fn new(budget: Duration) -> Self {
        Self { budget, spent: Duration::ZERO, polls: 0, stride: 8, each: Duration::ZERO }
    }

    /// How many tasks to poll before the clock is read again: no more than fit into what is left if they take as long as the last ones did.
    /// One does always.
    pub(crate) fn room(&self) -> usize {
        let left = self.budget.saturating_sub(self.spent);
        let fitting = left.as_nanos().checked_div(self.each.as_nanos());
        fitting.and_then(|fitting| usize::try_from(fitting).ok()).map_or(self.stride, |fitting| fitting.clamp(1, self.stride))
    }

    /// Takes note of a stride.
    pub(crate) fn took(&mut self, time: Duration, polls: usize) {
        self.spent = self.spent.saturating_add(time);
        self.polls += polls;
        self.each = u32::try_from(polls).ok().and_then(|polls| time.checked_div(polls)).unwrap_or(self.each);
        if time > LONG {
            self.stride = (self.stride / 2).max(1);
        } else if time < SHORT && polls == self.stride {
            self.stride = (self.stride * 2).min(LONGEST_STRIDE);
        }
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.spent >= self.budget || self.polls >= MOST_POLLS
    }

    /// The page has had its turn.
    pub(crate) const fn refill(&mut self) {
        self.spent = Duration::ZERO;
        self.polls = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn the_budget_is_spent_by_many_short_runs_as_by_a_long_one() {
        let mut slice = Slice::new(4 * MILLI);
        for _ in 0..3 {
            slice.took(MILLI, 1);
            assert!(!slice.is_spent());
        }
        slice.took(MILLI, 1);
        assert!(slice.is_spent());
        slice.refill();
        assert!(!slice.is_spent());
    }

    #[test]
    fn strides_shrink_for_long_tasks_and_grow_for_short_ones() {
        let mut slice = Slice::new(MILLI);
        for expected in [4, 2, 1, 1] {
            slice.took(2 * MILLI, slice.stride);
            assert_eq!(slice.stride, expected);
        }
        for expected in [2, 4, 8, 16, 32, 64, 64] {
            slice.took(Duration::ZERO, slice.stride);
            assert_eq!(slice.stride, expected);
        }
        slice.took(Duration::ZERO, 3);
        assert_eq!(slice.stride, 64, "a stride that found nothing more to do says nothing");
    }

    #[test]
    fn the_last_stride_is_as_long_as_fits() {
        let mut slice = Slice::new(4 * MILLI);
        assert_eq!(slice.room(), 8);
        slice.took(MILLI, 4);
        assert_eq!(slice.room(), 8);
        slice.took(2 * MILLI, 4);
        assert_eq!((slice.stride, slice.room()), (4, 2));
        slice.took(MILLI, 2);
        assert_eq!(slice.room(), 1, "however little is left");
        slice.refill();
        assert_eq!(slice.room(), 4);
    }

    #[test]
    fn a_clock_that_stands_still_does_not_make_a_slice_endless() {
        let mut slice = Slice::new(4 * MILLI);
        let strides = (0..).take_while(|_| {
            slice.took(Duration::ZERO, slice.stride);
            !slice.is_spent()
        });
        assert!(strides.count() < MOST_POLLS);
    }

    #[test]
    fn no_budget_still_allows_one_stride() {
        let mut slice = Slice::new(Duration::ZERO);
        slice.took(Duration::ZERO, 1);
        assert!(slice.is_spent());
    }
}
