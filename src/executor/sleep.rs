//! Time as tasks and tests see it: reading the clock, sleeping, and moving a manual clock from deadline to deadline.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::LocalExecutor;
use super::timers::{Entry, Timers};
use crate::state::Time;

/// Time.
impl LocalExecutor {
    /// What the executor's clock reads: the time since its origin.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.core.timers.now().elapsed()
    }

    /// When the first sleeper is due, by the same clock as [`now`](Self::now); `None` while nobody sleeps.
    ///
    /// A loop that drives by hand waits until then at most, when [`try_tick`](Self::try_tick) has nothing left.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, ManualClock};
    /// use std::time::Duration;
    ///
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// ex.spawn(ex.sleep(Duration::from_secs(5)));
    /// ex.run_until_idle();
    /// assert_eq!(ex.next_deadline(), Some(Duration::from_secs(5)));
    /// ```
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.core.timers.next_deadline().map(Time::elapsed)
    }

    /// Waits for `duration`, counted from this call.
    ///
    /// The executor must be driven meanwhile, by anybody. No time at all is over at the first poll; [`Duration::MAX`] never is.
    ///
    /// # Cancel safety
    /// Dropped: the deadline is gone at once, and with the last one the timer.
    ///
    /// # Cost
    /// O(log n) of the number that sleep, at the first poll and at the end. No timer of its own.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, ManualClock};
    /// use std::time::Duration;
    ///
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// ex.block_on(ex.sleep(Duration::from_millis(1500)));
    /// assert_eq!(ex.now(), Duration::from_millis(1500));
    /// ```
    pub fn sleep(&self, duration: Duration) -> Sleep {
        let timers = &self.core.timers;
        Sleep::new(timers, timers.now().saturating_add(duration))
    }

    /// Waits until the executor's clock reads `at`. See [`sleep`](Self::sleep).
    pub fn sleep_until(&self, at: Duration) -> Sleep {
        Sleep::new(&self.core.timers, Time::from_elapsed(at))
    }

    /// Moves the manual clock forward by `by`, from one deadline to the next, and runs until idle at each; says how many polls it took.
    ///
    /// What is ready now is run first. Equal deadlines are served in the order in which they were made.
    ///
    /// # Errors
    /// [`AdvanceError`] if the executor reads the system's clock, which nobody can move.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, ManualClock};
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// let clock = ex.clone();
    /// let woken = ex.spawn(async move {
    ///     clock.sleep(second).await;
    ///     clock.sleep(second).await;
    ///     clock.now()
    /// });
    /// ex.advance(10 * second)?; // both sleeps end at their own time, not at the tenth second
    /// assert_eq!(ex.block_on(woken).ok(), Some(2 * second));
    /// assert_eq!(ex.now(), 10 * second);
    /// # Ok::<(), millpond::AdvanceError>(())
    /// ```
    pub fn advance(&self, by: Duration) -> Result<usize, AdvanceError> {
        let timers = &self.core.timers;
        let clock = timers.clock().manual().ok_or(AdvanceError)?;
        let target = timers.now().saturating_add(by);
        let mut polls = self.run_until_idle();
        while let Some(at) = timers.next_deadline().filter(|at| *at < target) {
            clock.advance_to(at.elapsed());
            polls += self.run_until_idle();
        }
        clock.advance_to(target.elapsed());
        Ok(polls + self.run_until_idle())
    }
}

/// Waits until its executor's clock reads a given time. Made by [`LocalExecutor::sleep`](crate::LocalExecutor::sleep).
///
/// Becomes ready only while the executor is driven, but may be awaited anywhere on its thread.
///
/// # Cancel safety
/// Dropped: the deadline is gone at once, in O(log n).
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    timers: Rc<Timers>,
    at: Time,
    entry: Option<Entry>,
}

impl Sleep {
    pub(crate) fn new(timers: &Rc<Timers>, at: Time) -> Self {
        Self { timers: Rc::clone(timers), at, entry: None }
    }

    /// When it is due, by the executor's clock.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.at.elapsed()
    }

    fn wait(&mut self, waker: &Waker) {
        if !self.entry.is_some_and(|entry| self.timers.change(entry, waker)) {
            self.entry = Some(self.timers.enter(self.at, waker.clone()));
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.at == Time::NEVER {
            return Poll::Pending;
        }
        if self.at <= self.timers.now() {
            return Poll::Ready(());
        }
        self.wait(cx.waker());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.timers.leave(entry);
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline()).finish_non_exhaustive()
    }
}

/// The executor told to move its clock reads the system's, which moves by itself.
///
/// # Examples
/// ```
/// use millpond::LocalExecutor;
/// use std::time::Duration;
///
/// let error = LocalExecutor::new().advance(Duration::from_secs(1)).unwrap_err();
/// assert_eq!(error.to_string(), "advance: the executor reads the system clock, give it a ManualClock with LocalExecutor::with_clock");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdvanceError;

impl fmt::Display for AdvanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("advance: the executor reads the system clock, give it a ManualClock with LocalExecutor::with_clock")
    }
}

impl std::error::Error for AdvanceError {}
