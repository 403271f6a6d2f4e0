//! What time it is: the one file that reads a clock, and a clock that is moved by hand.
//!
//! A [`Clock`] is a cheap handle; its reading is the time since its own origin, so it starts near zero and never runs back.
//! It is *not* a timer: it wakes nobody by itself, apart from whoever watches a [`ManualClock`] that somebody moves.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use web_time::Instant;

/// A source of time: the system's, or a [`ManualClock`]. Clones read the same clock.
///
/// # Cost
/// A system clock is read by one call into the system or the page, a manual one by a load.
///
/// # Examples
/// ```
/// use millpond::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let system = Clock::system();
/// assert!(system.elapsed() <= system.elapsed());
///
/// let manual = ManualClock::new();
/// let clock = Clock::from(manual.clone());
/// manual.advance(Duration::from_secs(60));
/// assert_eq!(clock.elapsed(), Duration::from_secs(60));
/// ```
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System(Instant),
    Manual(ManualClock),
}

impl Clock {
    /// The monotonic clock of the system, or `performance.now()` in a browser; its origin is this call.
    ///
    /// # Panics
    /// In a browser worklet, which has no `performance`: here, once, and never at a later reading.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System(Instant::now()))
    }

    /// The time since the clock's origin; it never decreases.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::System(origin) => origin.elapsed(),
            Source::Manual(clock) => clock.now(),
        }
    }

    /// The clock to move by hand, if it is one.
    pub(crate) fn manual(&self) -> Option<&ManualClock> {
        match &self.0 {
            Source::System(_) => None,
            Source::Manual(clock) => Some(clock),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.manual().is_some() { "Manual" } else { "System" };
        f.debug_tuple("Clock").field(&kind).field(&self.elapsed()).finish()
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self(Source::Manual(clock))
    }
}

/// A clock that stands still until it is moved: time for tests and simulations. Clones share their time.
///
/// Give it to [`LocalExecutor::with_clock`](crate::LocalExecutor::with_clock). Then
/// [`LocalExecutor::advance`](crate::LocalExecutor::advance) moves it from one deadline to the next, running what each one wakes;
/// [`ManualClock::advance`] moves it in one leap and only wakes the executor, which sees every deadline passed at once.
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let ex = LocalExecutor::with_clock(clock.clone());
/// ex.spawn(ex.sleep(Duration::from_secs(3600)));
/// ex.advance(Duration::from_secs(3600))?; // an hour, in no time
/// assert_eq!(clock.now(), Duration::from_secs(3600));
/// # Ok::<(), millpond::AdvanceError>(())
/// ```
#[derive(Clone, Default)]
pub struct ManualClock {
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    elapsed: Cell<Duration>,
    /// Whoever waits for a later time, told once when the clock moves.
    watchers: RefCell<Vec<Waker>>,
}

impl ManualClock {
    /// A clock that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the clock stands: the sum of all advances.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.shared.elapsed.get()
    }

    /// Moves the clock forward in one leap and wakes the executors that wait on it. It stops at [`Duration::MAX`].
    pub fn advance(&self, by: Duration) {
        self.advance_to(self.now().saturating_add(by));
    }

    /// Moves the clock to `at`; never back.
    pub(crate) fn advance_to(&self, at: Duration) {
        self.shared.elapsed.set(self.now().max(at));
        let watchers = self.shared.watchers.take();
        watchers.into_iter().for_each(Waker::wake);
    }

    /// Wakes `waker` the next time the clock moves, once.
    pub(crate) fn watch(&self, waker: &Waker) {
        let mut watchers = self.shared.watchers.borrow_mut();
        if !watchers.iter().any(|watcher| watcher.will_wake(waker)) {
            watchers.push(waker.clone());
        }
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[test]
    fn clones_share_their_time_and_it_never_runs_back() {
        let clock = ManualClock::new();
        let other = clock.clone();
        clock.advance(Duration::from_secs(2));
        other.advance_to(Duration::from_secs(1));
        assert_eq!(other.now(), Duration::from_secs(2));
        other.advance(Duration::MAX);
        assert_eq!(clock.now(), Duration::MAX);
    }

    #[test]
    fn a_watcher_is_told_once() {
        struct Count(AtomicUsize);
        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let clock = ManualClock::new();
        clock.watch(&waker);
        clock.watch(&waker);
        clock.advance(Duration::ZERO);
        clock.advance(Duration::ZERO);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}
