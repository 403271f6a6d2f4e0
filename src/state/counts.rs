//! What became of every task, so that the sums always add up.

/// What is counted, in the order of the numbers that `stat` of the JavaScript face knows them by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Counter {
    Submitted,
    Waiting,
    Running,
    Succeeded,
    Failed,
    Panicked,
    Cancelled,
    TimedOut,
    Dropped,
    /// Submissions that never were tasks.
    Rejected,
    /// Counted in an outcome as well.
    Abandoned,
    /// Counted in an outcome as well.
    Recalled,
}

/// How many counters there are.
pub(crate) const COUNTERS: usize = 12;

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    Succeeded,
    Failed,
    Cancelled,
    TimedOut,
    Panicked,
    Dropped,
}

impl Outcome {
    /// The outcome a number of the JavaScript face stands for.
    pub(crate) const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Succeeded,
            2 => Self::Cancelled,
            3 => Self::TimedOut,
            4 => Self::Panicked,
            5 => Self::Dropped,
            _ => Self::Failed,
        }
    }

    pub(super) const fn counter(self) -> Counter {
        match self {
            Self::Succeeded => Counter::Succeeded,
            Self::Failed => Counter::Failed,
            Self::Cancelled => Counter::Cancelled,
            Self::TimedOut => Counter::TimedOut,
            Self::Panicked => Counter::Panicked,
            Self::Dropped => Counter::Dropped,
        }
    }
}

/// The counters of a lane or a pond.
///
/// At every instant `submitted = waiting + running + succeeded + failed + panicked + cancelled + timed_out + dropped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts([u64; COUNTERS]);

impl Counts {
    pub(crate) const fn get(&self, counter: Counter) -> u64 {
        let Self(counts) = self;
        #[expect(clippy::indexing_slicing, reason = "there is a place for every counter")]
        counts[counter as usize]
    }

    /// The counter of a number; nothing is counted under a number that stands for none.
    pub(crate) fn at(&self, number: usize) -> u64 {
        self.0.get(number).copied().unwrap_or_default()
    }

    pub(super) fn count(&mut self, counter: Counter) {
        *self.at_mut(counter) += 1;
    }

    /// Takes one away again: of those that are as many as there are now.
    pub(super) fn uncount(&mut self, counter: Counter) {
        *self.at_mut(counter) -= 1;
    }

    fn at_mut(&mut self, counter: Counter) -> &mut u64 {
        #[expect(clippy::indexing_slicing, reason = "there is a place for every counter")]
        &mut self.0[counter as usize]
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, other)| *count += other);
    }

    /// The sum that equals `submitted`.
    #[cfg(test)]
    pub(crate) fn sum(&self) -> u64 {
        self.0[Counter::Waiting as usize..=Counter::Dropped as usize].iter().sum()
    }

    /// Counters of the given values, for comparison.
    #[cfg(test)]
    pub(crate) fn of(counters: &[(Counter, u64)]) -> Self {
        let mut counts = Self::default();
        counters.iter().for_each(|&(counter, value)| *counts.at_mut(counter) = value);
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_and_counters_have_the_numbers_the_javascript_face_knows_them_by() {
        use Outcome::*;
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(Outcome::from_number), [Succeeded, Failed, Cancelled, TimedOut, Panicked, Dropped, Failed]);
        let mut counts = Counts::default();
        (0..3).for_each(|_| counts.count(Counter::Cancelled));
        assert_eq!([5, 6, 7, COUNTERS].map(|number| counts.at(number)), [0, 3, 0, 0]);
    }
}
