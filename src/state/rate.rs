//! How many may start in a span of time: the generic cell rate algorithm, which keeps one number and refills by itself.
//!
//! Starts are due at even intervals; the *theoretical* time of the next one may lie ahead of the real one by no more than the burst.

use super::time::Time;

/// `count` starts in each span of time, of which `burst` may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Between two starts.
    interval: Time,
    /// How far ahead the theoretical time may lie.
    tolerance: Time,
    /// When the next start would be due if all came evenly.
    theoretical: Time,
}

impl Rate {
    /// `span` is divided evenly, rounded up to a nanosecond so that the rate is never above what was asked for.
    pub(crate) const fn new(count: u32, span: Time, burst: u32) -> Self {
        let interval = span.nanos().div_ceil(count as u64);
        let tolerance = interval.saturating_mul(burst.saturating_sub(1) as u64);
        Self { interval: Time::from_nanos(interval), tolerance: Time::from_nanos(tolerance), theoretical: Time::ZERO }
    }

    /// Takes note of a start, and says from when on the next is allowed.
    pub(crate) fn start(&mut self, now: Time) -> Time {
        self.theoretical = self.theoretical.max(now).after(self.interval);
        Time::from_nanos(self.theoretical.nanos().saturating_sub(self.tolerance.nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When starts happen that are made as soon as they are allowed, in milliseconds.
    fn starts(mut rate: Rate, count: usize) -> Vec<f64> {
        let mut now = Time::ZERO;
        let mut start = || {
            let at = now;
            now = now.max(rate.start(now));
            at.as_millis()
        };
        (0..count).map(|_| start()).collect()
    }

    #[test]
    fn without_a_burst_starts_are_even() {
        assert_eq!(starts(Rate::new(10, Time::from_millis(1000.0), 1), 4), [0.0, 100.0, 200.0, 300.0]);
    }

    #[test]
    fn a_burst_comes_at_once_and_then_they_are_even() {
        assert_eq!(starts(Rate::new(10, Time::from_millis(1000.0), 3), 6), [0.0, 0.0, 0.0, 100.0, 200.0, 300.0]);
    }

    #[test]
    fn what_is_not_used_is_there_again_but_never_more_than_the_burst() {
        let mut rate = Rate::new(1, Time::from_millis(100.0), 2);
        assert_eq!(rate.start(Time::ZERO), Time::ZERO);
        assert_eq!(rate.start(Time::ZERO), Time::from_millis(100.0));
        let later = Time::from_millis(10_000.0);
        assert_eq!(rate.start(later), later);
        assert_eq!(rate.start(later), Time::from_millis(10_100.0));
    }

    #[test]
    fn a_span_that_cannot_be_divided_is_rounded_so_that_the_rate_is_kept() {
        let mut rate = Rate::new(3, Time::from_nanos(10), 1);
        assert_eq!(rate.start(Time::ZERO), Time::from_nanos(4));
    }
}
