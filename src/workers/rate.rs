//! A fixed rate of a worker's runs.

use std::time::Duration;

use super::job::Job;
use super::layer::Layer;

/// A layer that begins the runs of a worker at a fixed rate: the first at once, which sets the beats, then one for each beat.
///
/// A run that is not over at the next beat misses it. The next run then begins as soon as it can, once, and the ones after it on the
/// beats again; missed beats are not made up for. With a beat every 50 ms, a run of 80 ms and short ones after it begin at 0, 80, 100, 150.
///
/// Over at once when the worker is cancelled: then the run gives [`WorkError::Cancelled`](super::WorkError::Cancelled) and the job does not
/// begin. Each worker keeps its own beats. See [`Pause`](super::Pause) for a fixed time from end to start.
///
/// # Source
/// `MissedTickBehavior::Skip` of tokio's `Interval`.
///
/// # Examples
/// ```
/// use millpond::workers::Rate;
/// use millpond::{LocalExecutor, ManualClock, Workers};
/// use std::time::Duration;
///
/// let second = Duration::from_secs(1);
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let workers = Workers::builder(&ex).layer(Rate::every(second)).start(|| async |cx| {
///     cx.sleep(Duration::from_millis(900)).await
/// })?;
/// ex.advance(10 * second)?;
/// assert_eq!(workers.stats().started, 11);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Rate(Duration);

impl Rate {
    /// One run every `period`; zero is as fast as they come.
    #[must_use]
    pub const fn every(period: Duration) -> Self {
        Self(period)
    }
}

impl Layer for Rate {
    fn wrap(&self, mut job: Job) -> Job {
        let (period, mut beat) = (self.0, None);
        Job::new(async move |cx| {
            if let Some(beat) = beat {
                cx.sleep_until(beat).await?;
            }
            let now = cx.now();
            beat = Some(next_beat(beat.unwrap_or(now), period, now));
            job.run(cx).await
        })
    }
}

/// The first of the times `beat`, `beat + period`, `beat + 2 * period`, … that is after `now`; `now` itself without a period.
fn next_beat(beat: Duration, period: Duration, now: Duration) -> Duration {
    let late = now.saturating_sub(beat).as_nanos();
    let since = late.checked_rem(period.as_nanos()).unwrap_or_default();
    now.saturating_sub(nanos(since)).saturating_add(period)
}

fn nanos(nanos: u128) -> Duration {
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    Duration::new(u64::try_from(seconds).unwrap_or(u64::MAX), u32::try_from(rest).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(beat: u64, period: u64, now: u64) -> u128 {
        next_beat(Duration::from_millis(beat), Duration::from_millis(period), Duration::from_millis(now)).as_millis()
    }

    #[test]
    fn the_next_beat_is_after_now_and_on_the_grid() {
        let beats = [(0, 0), (0, 49), (50, 50), (50, 80), (50, 99), (50, 100), (50, 1_000_010)];
        assert_eq!(beats.map(|(beat, now)| next(beat, 50, now)), [50, 50, 100, 100, 100, 150, 1_000_050]);
    }

    #[test]
    fn no_period_is_no_wait_and_an_endless_one_does_not_overflow() {
        assert_eq!(next(30, 0, 80), 80);
        assert_eq!(next_beat(Duration::ZERO, Duration::MAX, Duration::from_secs(1)), Duration::MAX);
    }
}
