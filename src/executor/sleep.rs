//! Time as tasks and tests see it: reading the clock, sleeping, and moving a manual clock from deadline to deadline.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::LocalExecutor;
use super::timers::{Entry, Timers};
use crate::clock::ManualClock;
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
        self.advance_to(self.core.timers.now().saturating_add(by).elapsed())
    }

    /// Moves the manual clock forward until it reads `at`, as [`advance`](Self::advance) does. It never runs back: if it reads more
    /// already, only what is ready is run.
    ///
    /// # Errors
    /// [`AdvanceError`] if the executor reads the system's clock.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, ManualClock};
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// ex.spawn(ex.sleep(second));
    /// assert_eq!(ex.advance_to(2 * second)?, 2); // one poll to fall asleep, one to wake up
    /// assert_eq!(ex.advance_to(second)?, 0);
    /// assert_eq!(ex.now(), 2 * second);
    /// # Ok::<(), millpond::AdvanceError>(())
    /// ```
    pub fn advance_to(&self, at: Duration) -> Result<usize, AdvanceError> {
        let target = Time::from_elapsed(at);
        let clock = self.manual()?;
        let polls = self.leap_while(|next| next < target)?;
        clock.advance_to(target.elapsed());
        Ok(polls + self.run_until_idle())
    }

    /// Runs until nothing is ready and nobody sleeps: moves the manual clock from deadline to deadline, but not past the one that is `within`
    /// from now; says how many polls it took.
    ///
    /// The clock stands at the last deadline that was served. Somebody who sleeps again and again is why there is a bound; whoever
    /// is left then shows as [`next_deadline`](Self::next_deadline). What waits for something else than time is left as well.
    ///
    /// # Errors
    /// [`AdvanceError`] if the executor reads the system's clock.
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, ManualClock, Pool};
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// let pool = Pool::builder(&ex).concurrency(2).unbounded_queue().build()?;
    /// for _ in 0..6 {
    ///     let inner = ex.clone();
    ///     drop(pool.try_submit(async move { inner.sleep(7 * second).await })?);
    /// }
    /// ex.run_until_settled(3600 * second)?;
    /// assert_eq!((pool.stats().succeeded, ex.now(), ex.next_deadline()), (6, 21 * second, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_until_settled(&self, within: Duration) -> Result<usize, AdvanceError> {
        let last = self.core.timers.now().saturating_add(within);
        self.leap_while(|next| next <= last)
    }

    /// Runs until idle, and leaps to the next deadline and runs until idle for as long as `goes_on` likes that.
    fn leap_while(&self, goes_on: impl Fn(Time) -> bool) -> Result<usize, AdvanceError> {
        let clock = self.manual()?;
        let mut polls = self.run_until_idle();
        while let Some(at) = self.core.timers.next_deadline().filter(|at| goes_on(*at)) {
            clock.advance_to(at.elapsed());
            polls += self.run_until_idle();
        }
        Ok(polls)
    }

    fn manual(&self) -> Result<&ManualClock, AdvanceError> {
        self.core.timers.clock().manual().ok_or(AdvanceError)
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
