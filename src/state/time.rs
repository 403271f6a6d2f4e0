//! A point in time as a plain number: nanoseconds since the origin of whatever clock the caller reads.

use std::time::Duration;

/// Nanoseconds since the clock's origin; 584 years fit. Arithmetic stops at the ends and never wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Time(u64);

impl Time {
    pub(crate) const ZERO: Self = Self(0);
    /// Later than any deadline: stands for "never".
    pub(crate) const NEVER: Self = Self(u64::MAX);

    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub(crate) const fn nanos(self) -> u64 {
        self.0
    }

    /// The time at which a clock that reads `elapsed` since its origin stands.
    pub(crate) fn from_elapsed(elapsed: Duration) -> Self {
        Self(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(crate) const fn elapsed(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// From the milliseconds of JavaScript's `performance.now()`; infinity and beyond is [`Time::NEVER`].
    pub(crate) const fn from_millis(millis: f64) -> Self {
        Self((millis * 1e6) as u64)
    }

    pub(crate) const fn as_millis(self) -> f64 {
        if self.0 == u64::MAX { f64::INFINITY } else { self.0 as f64 / 1e6 }
    }

    pub(crate) fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(Self::from_elapsed(duration).0))
    }

    /// How long it is from `earlier` to here; nothing if `earlier` is later.
    pub(crate) const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The later by a span that is itself kept as a [`Time`]: no 128-bit arithmetic, which costs the browser build dearly.
    pub(crate) const fn after(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_stops_at_the_ends() {
        let second = Duration::from_secs(1);
        assert_eq!(Time::NEVER.saturating_add(second), Time::NEVER);
        assert_eq!(Time::ZERO.saturating_since(Time::NEVER), Duration::ZERO);
        assert_eq!(Time::ZERO.saturating_add(second).saturating_since(Time::ZERO), second);
        assert_eq!(Time::from_elapsed(Duration::MAX), Time::NEVER);
    }

    #[test]
    fn milliseconds_go_there_and_back() {
        assert_eq!(Time::from_millis(1.5).elapsed(), Duration::from_micros(1500));
        assert_eq!(Time::from_millis(1234.5678).as_millis(), 1234.5678);
        assert_eq!(Time::from_millis(f64::INFINITY), Time::NEVER);
        assert_eq!(Time::from_millis(-1.0), Time::ZERO);
        assert_eq!(Time::NEVER.as_millis(), f64::INFINITY);
    }
}
