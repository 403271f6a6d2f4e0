//! How many may start in a span of time, by one of two rules.

use super::grow::put;
use super::time::Time;

/// A rule, and what it has to know of the starts so far.
#[derive(Debug, Clone)]
pub(crate) enum Rate {
    Even(Even),
    Sliding(Sliding),
}

impl Rate {
    /// Takes note of a start, and says from when on the next is allowed.
    pub(crate) fn start(&mut self, now: Time) -> Time {
        match self {
            Self::Even(rate) => rate.start(now),
            Self::Sliding(rate) => rate.start(now),
        }
    }

    /// From when on it is as if nothing had ever started.
    pub(crate) fn forgets(&self) -> Time {
        match self {
            Self::Even(rate) => rate.theoretical,
            Self::Sliding(rate) => rate.last.after(rate.span),
        }
    }
}

/// `count` starts in each span of time, of which `burst` may come at once: the generic cell rate algorithm, which keeps one number and refills
/// by itself. Starts are due at even intervals; the *theoretical* time of the next one may lie ahead of the real one by no more than the burst.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Even {
    /// Between two starts.
    interval: Time,
    /// How far ahead the theoretical time may lie.
    tolerance: Time,
    /// When the next start would be due if all came evenly.
    theoretical: Time,
}

impl Even {
    /// `span` is divided evenly, rounded up to a nanosecond so that the rate is never above what was asked for.
    pub(crate) const fn new(count: u32, span: Time, burst: u32) -> Self {
        let interval = span.nanos().div_ceil(count as u64);
        let tolerance = interval.saturating_mul(burst.saturating_sub(1) as u64);
        Self { interval: Time::from_nanos(interval), tolerance: Time::from_nanos(tolerance), theoretical: Time::ZERO }
    }

    fn start(&mut self, now: Time) -> Time {
        self.theoretical = self.theoretical.max(now).after(self.interval);
        Time::from_nanos(self.theoretical.nanos().saturating_sub(self.tolerance.nanos()))
    }
}

/// At most `count` starts in any span of time, wherever it begins. Remembers the last `count` of them.
#[derive(Debug, Clone)]
pub(crate) struct Sliding {
    count: u32,
    span: Time,
    /// A ring, once it is full.
    starts: Vec<Time>,
    /// The place of the oldest start in it, or of the next one until it is full.
    oldest: u32,
    last: Time,
}

impl Sliding {
    pub(crate) const fn new(count: u32, span: Time) -> Self {
        Self { count, span, starts: Vec::new(), oldest: 0, last: Time::ZERO }
    }

    fn start(&mut self, now: Time) -> Time {
        self.last = now;
        put(&mut self.starts, self.oldest, now);
        self.oldest += 1;
        if self.oldest == self.count {
            self.oldest = 0;
        }
        self.starts.get(self.oldest as usize).map_or(Time::ZERO, |start| start.after(self.span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When starts happen that are made as soon as they are allowed, in milliseconds.
    fn starts(mut rate: Even, count: usize) -> Vec<f64> {
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
        assert_eq!(starts(Even::new(10, Time::from_millis(1000.0), 1), 4), [0.0, 100.0, 200.0, 300.0]);
    }

    #[test]
    fn a_burst_comes_at_once_and_then_they_are_even() {
        assert_eq!(starts(Even::new(10, Time::from_millis(1000.0), 3), 6), [0.0, 0.0, 0.0, 100.0, 200.0, 300.0]);
    }

    #[test]
    fn what_is_not_used_is_there_again_but_never_more_than_the_burst() {
        let mut rate = Even::new(1, Time::from_millis(100.0), 2);
        assert_eq!(rate.start(Time::ZERO), Time::ZERO);
        assert_eq!(rate.start(Time::ZERO), Time::from_millis(100.0));
        let later = Time::from_millis(10_000.0);
        assert_eq!(rate.start(later), later);
        assert_eq!(rate.start(later), Time::from_millis(10_100.0));
    }

    #[test]
    fn a_span_that_cannot_be_divided_is_rounded_so_that_the_rate_is_kept() {
        let mut rate = Even::new(3, Time::from_nanos(10), 1);
        assert_eq!(rate.start(Time::ZERO), Time::from_nanos(4));
    }

    #[test]
    fn no_span_however_it_lies_has_more_starts_than_allowed() {
        let mut rate = Rate::Sliding(Sliding::new(2, Time::from_millis(100.0)));
        let mut start = |millis| rate.start(Time::from_millis(millis)).as_millis();
        assert_eq!([0.0, 90.0, 100.0, 190.0, 500.0, 500.0].map(&mut start), [0.0, 100.0, 190.0, 200.0, 290.0, 600.0]);
        assert_eq!(start(700.0), 600.0, "the start before was long ago");
        assert_eq!(rate.forgets(), Time::from_millis(800.0));
    }
}
