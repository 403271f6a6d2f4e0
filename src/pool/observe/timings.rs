//! How long tasks wait and run: distributions, in memory that does not grow with their number.

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::books::{Note, Spent};

/// Percentiles are right to two digits: within a hundredth of the time.
const DIGITS: u8 = 2;

/// How long the tasks of a pool waited and ran so far; see [`PoolBuilder::timings`](crate::PoolBuilder::timings).
///
/// Taken by the executor's clock. A task that waits or runs right now is in none of them yet.
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, ManualClock, Pool};
/// use std::time::Duration;
///
/// let second = Duration::from_secs(1);
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let pool = Pool::builder(&ex).concurrency(1).queue_capacity(9).timings().build()?;
/// for _ in 0..3 {
///     let inner = ex.clone();
///     drop(pool.try_submit(async move { inner.sleep(10 * second).await })?);
/// }
/// ex.advance(30 * second)?;
/// let timings = pool.timings().unwrap_or_default();
/// assert_eq!((timings.running.count, timings.running.mean), (3, 10 * second));
/// assert_eq!((timings.waiting.min, timings.waiting.mean, timings.waiting.max), (0 * second, 10 * second, 20 * second));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PoolTimings {
    /// From acceptance to the start, or to the end of those that never started. Of every accepted task once.
    pub waiting: Distribution,
    /// From the start to the end, whatever that was. Of every started task once.
    pub running: Distribution,
}

/// What is known of many durations. All are zero if there is none.
///
/// `count`, `min`, `max` and `mean` are exact; a percentile is the duration that so many of a hundred do not exceed, right to a hundredth of
/// it, and never outside of `min` and `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Distribution {
    /// How many there are.
    pub count: u64,
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
    /// Their sum by their number.
    pub mean: Duration,
    /// The median.
    pub p50: Duration,
    /// Nine of ten do not exceed it.
    pub p90: Duration,
    /// Nineteen of twenty do not exceed it.
    pub p95: Duration,
    /// All but one of a hundred do not exceed it.
    pub p99: Duration,
}

/// What measures a pool.
#[derive(Default)]
pub(crate) struct Timings(RefCell<(Gauge, Gauge)>);

impl Timings {
    pub(super) fn measure(&self, note: &Note) {
        let (waiting, running) = &mut *self.0.borrow_mut();
        match note.spent {
            Some(Spent::Waiting(span)) => waiting.record(span),
            Some(Spent::Running(span)) => running.record(span),
            None => {}
        }
    }

    pub(crate) fn read(&self) -> PoolTimings {
        let (waiting, running) = &*self.0.borrow();
        PoolTimings { waiting: waiting.read(), running: running.read() }
    }
}

impl fmt::Debug for Timings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}

/// One distribution as it grows. The histogram has the percentiles, and grows with the longest time only: by half a kilobyte each time
/// that doubles.
#[derive(Default)]
struct Gauge {
    histogram: Option<Histogram<u32>>,
    count: u64,
    total: u128,
    min: u64,
    max: u64,
}

impl Gauge {
    fn record(&mut self, span: Duration) {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        self.min = if self.count == 0 { nanos } else { self.min.min(nanos) };
        self.max = self.max.max(nanos);
        self.count += 1;
        self.total += u128::from(nanos);
        if self.histogram.is_none() {
            self.histogram = Histogram::new(DIGITS).ok();
        }
        if let Some(histogram) = &mut self.histogram {
            // It grows by itself; only what no clock of ours can say would be out of its reach.
            let _recorded = histogram.record(nanos);
        }
    }

    fn read(&self) -> Distribution {
        let nanos = |nanos: u64| Duration::from_nanos(nanos);
        let mean = self.total.checked_div(self.count.into()).and_then(|mean| u64::try_from(mean).ok());
        Distribution {
            count: self.count,
            min: nanos(self.min),
            max: nanos(self.max),
            mean: nanos(mean.unwrap_or_default()),
            p50: nanos(self.at(0.50)),
            p90: nanos(self.at(0.90)),
            p95: nanos(self.at(0.95)),
            p99: nanos(self.at(0.99)),
        }
    }

    fn at(&self, quantile: f64) -> u64 {
        let value = self.histogram.as_ref().map_or(0, |histogram| histogram.value_at_quantile(quantile));
        value.clamp(self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_a_hundredth_and_the_rest_is_exact() {
        let mut gauge = Gauge::default();
        assert_eq!(gauge.read(), Distribution::default());
        (1..=1000).rev().for_each(|millis| gauge.record(Duration::from_millis(millis)));
        let read = gauge.read();
        assert_eq!((read.count, read.min, read.max), (1000, Duration::from_millis(1), Duration::from_secs(1)));
        assert_eq!(read.mean, Duration::from_micros(500_500));
        for (value, exact) in [(read.p50, 0.5), (read.p90, 0.9), (read.p95, 0.95), (read.p99, 0.99)] {
            assert!((value.as_secs_f64() / exact - 1.0).abs() < 0.01, "{value:?}");
        }
    }

    #[test]
    fn the_longest_and_the_shortest_time_are_no_trouble() {
        let mut gauge = Gauge::default();
        [Duration::ZERO, Duration::MAX].into_iter().for_each(|span| gauge.record(span));
        let read = gauge.read();
        assert_eq!((read.min, read.p50, read.max), (Duration::ZERO, Duration::ZERO, Duration::from_nanos(u64::MAX)));
        assert!(read.p99 > read.max / 100 * 99 && read.p99 <= read.max);
        assert!(gauge.histogram.is_some_and(|histogram| histogram.distinct_values() * 4 < 40_000), "bytes");
    }
}
