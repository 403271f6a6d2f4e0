//! What became of every task, so that the sums always add up.

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
}

/// The counters of a lane or a pond.
///
/// At every instant `submitted = waiting + running + succeeded + failed + panicked + cancelled + timed_out + dropped`.
/// `rejected` submissions never were tasks; `abandoned` and `recalled` ones are counted in an outcome as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) submitted: u64,
    pub(crate) waiting: u64,
    pub(crate) running: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) panicked: u64,
    pub(crate) cancelled: u64,
    pub(crate) timed_out: u64,
    pub(crate) dropped: u64,
    pub(crate) rejected: u64,
    pub(crate) abandoned: u64,
    pub(crate) recalled: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.submitted += other.submitted;
        self.waiting += other.waiting;
        self.running += other.running;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.panicked += other.panicked;
        self.cancelled += other.cancelled;
        self.timed_out += other.timed_out;
        self.dropped += other.dropped;
        self.rejected += other.rejected;
        self.abandoned += other.abandoned;
        self.recalled += other.recalled;
    }

    pub(super) fn settle(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Succeeded => &mut self.succeeded,
            Outcome::Failed => &mut self.failed,
            Outcome::Cancelled => &mut self.cancelled,
            Outcome::TimedOut => &mut self.timed_out,
            Outcome::Panicked => &mut self.panicked,
            Outcome::Dropped => &mut self.dropped,
        };
        *counter += 1;
    }

    /// The sum that equals `submitted`.
    #[cfg(test)]
    pub(crate) fn sum(&self) -> u64 {
        self.waiting + self.running + self.succeeded + self.failed + self.panicked + self.cancelled + self.timed_out + self.dropped
    }
}
