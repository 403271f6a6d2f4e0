//! The executor: tasks of one thread, their timers, and every way to drive them.
//!
//! Tasks are async-executor's, never re-implemented; this file adds time. Every sleeping task has one deadline in [`Timers`], and
//! all deadlines of an executor share one timer of the host, which exists only while somebody sleeps and somebody drives.
//!
//! ```text
//!  run, tick        a future under any other executor ─┐
//!  block_on         a parked thread (native)          ─┼─> Core ─┬─> async-executor   ready tasks, strictly first come, first polled
//!  drive            slices of a page's time (browser) ─┤         └─> Timers ──> clock, platform
//!  try_tick, …      the caller, by hand               ─┘
//! ```
//!
//! Whoever drives does it in turns: wake what is due, poll a bounded number of tasks, look again. No borrow is held meanwhile.

mod drivers;
mod guests;
mod join;
mod sleep;
mod timers;
pub(crate) mod turn;

use std::cell::Cell;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::{Rc, Weak};

use futures::FutureExt;
use futures::future::{Either, select};

use crate::clock::Clock;

pub(crate) use guests::Guest;
pub use join::{JoinError, JoinHandle};
pub use sleep::{AdvanceError, Sleep};

use guests::Guests;
use timers::Timers;
use turn::Alarm;

/// How many tasks are polled before whoever drives looks at the clock and gives way.
const TURN: usize = 64;

/// A single-threaded executor with timers. Clones are handles of the same executor.
///
/// A task runs only while somebody drives the executor: [`block_on`](Self::block_on) on a thread of its own, [`run`](Self::run)
/// inside any other executor, `drive` in a browser, or the caller's own loop with [`try_tick`](Self::try_tick). Tasks are polled
/// in the order in which they became ready; a task that always is becomes one of many and starves neither the others nor the timers.
///
/// Dropping the last handle drops all tasks, unless a browser drives it. A task that owns a handle of its own executor keeps it alive.
///
/// # Panics
/// A panic of a task is caught and told to whoever awaits its [`JoinHandle`]; on wasm it aborts the module.
///
/// # Cost
/// One allocation per task. No timer exists while nothing sleeps.
///
/// # Source
/// Tasks and their queue are async-executor's; names are those of smol and tokio.
///
/// # Examples
/// ```
/// use millpond::LocalExecutor;
///
/// let ex = LocalExecutor::new();
/// let task = ex.spawn(async { 6 * 7 });
/// assert_eq!(ex.block_on(task)?, 42);
/// # Ok::<(), millpond::JoinError>(())
/// ```
#[derive(Clone)]
pub struct LocalExecutor {
    pub(crate) core: Rc<Core>,
}

/// What all handles share. The tasks never own it, so that dropping the handles drops the tasks.
pub(crate) struct Core {
    /// Told first when the executor goes, while its tasks are still there.
    guests: Guests,
    pub(crate) tasks: async_executor::LocalExecutor<'static>,
    pub(crate) timers: Rc<Timers>,
    /// Whether the page drives it and so holds a handle of its own.
    pub(crate) driven: Cell<bool>,
}

/// Making one, and its tasks.
impl LocalExecutor {
    /// An executor on the system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Clock::system())
    }

    /// An executor on a clock of the caller's, such as a [`ManualClock`](crate::ManualClock).
    ///
    /// # Examples
    /// ```
    /// use millpond::{LocalExecutor, ManualClock};
    /// use std::time::Duration;
    ///
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// // Nothing is ready, so the clock is moved to the next deadline: a day is over at once.
    /// ex.block_on(ex.sleep(Duration::from_secs(86_400)));
    /// assert_eq!(ex.now(), Duration::from_secs(86_400));
    /// ```
    #[must_use]
    pub fn with_clock(clock: impl Into<Clock>) -> Self {
        let tasks = async_executor::LocalExecutor::new();
        Self {
            core: Rc::new(Core { guests: Guests::default(), tasks, timers: Rc::new(Timers::new(clock.into())), driven: Cell::new(false) }),
        }
    }

    /// Starts a task: it is polled for the first time when the executor is next driven, after what is ready already.
    ///
    /// Dropping the handle detaches the task, as tokio's does.
    ///
    /// # Examples
    /// ```
    /// use millpond::LocalExecutor;
    ///
    /// let ex = LocalExecutor::new();
    /// let hello = ex.spawn(async { "hello" });
    /// let both = ex.spawn(async move { format!("{} world", hello.await.unwrap_or("no")) });
    /// assert_eq!(ex.block_on(both)?, "hello world");
    /// # Ok::<(), millpond::JoinError>(())
    /// ```
    pub fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> JoinHandle<T> {
        let spawn = || self.core.tasks.spawn(AssertUnwindSafe(future).catch_unwind());
        JoinHandle::new(self.core.timers.drivers().hold(spawn))
    }
}

/// Driving it.
impl LocalExecutor {
    /// Drives the executor until `future` is ready, inside any other executor: smol, tokio's `current_thread`, `spawn_local` of a page.
    ///
    /// Sleeping works there too. Gives way to the other executor after a bounded number of polls. Several runs at a time share the
    /// work. In a page prefer `drive`, which knows how to give way to it.
    ///
    /// # Cancel safety
    /// Dropped: `future` is dropped, the tasks stay and go on when the executor is driven again.
    ///
    /// # Examples
    /// ```
    /// use millpond::LocalExecutor;
    ///
    /// let ex = LocalExecutor::new();
    /// let task = ex.spawn(async { 1 + 1 });
    /// // Any executor will do; this is the one of the futures crate.
    /// let two = futures::executor::block_on(ex.run(task));
    /// assert_eq!(two?, 2);
    /// # Ok::<(), millpond::JoinError>(())
    /// ```
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.run_with(Alarm::Own, future).await
    }

    /// `future` is polled first in every turn, so it sees what the turn before has done.
    pub(crate) async fn run_with<T>(&self, alarm: Alarm, future: impl Future<Output = T>) -> T {
        match select(pin!(future), pin!(self.core.turn_forever(alarm))).await {
            Either::Left((output, _)) => output,
            Either::Right((never, _)) => match never {},
        }
    }

    /// Waits until a task is ready or a deadline passes, and polls one task once.
    ///
    /// # Cancel safety
    /// Dropped: nothing was polled, or all of one poll.
    ///
    /// # Examples
    /// ```
    /// use millpond::LocalExecutor;
    ///
    /// let ex = LocalExecutor::new();
    /// ex.spawn(async {});
    /// futures::executor::block_on(ex.tick());
    /// assert!(!ex.try_tick());
    /// ```
    pub async fn tick(&self) {
        let seat = self.core.seat(Alarm::Own);
        while !self.try_tick() {
            if self.core.idle(&seat).await {
                return;
            }
        }
    }

    /// Polls one task once, if one is ready; says whether one was.
    ///
    /// Never waits: call it from the loop of a game or a window. What is due by now is woken first.
    ///
    /// # Examples
    /// ```
    /// use millpond::LocalExecutor;
    ///
    /// let ex = LocalExecutor::new();
    /// ex.spawn(async {});
    /// assert!(ex.try_tick());
    /// assert!(!ex.try_tick());
    /// ```
    pub fn try_tick(&self) -> bool {
        self.core.turn(1) == 1 || (self.core.unstick() && self.core.turn(1) == 1)
    }

    /// Polls `most` tasks at most, each once, and says how many; fewer than that only if none is ready any more.
    ///
    /// What is due by now is woken first, and once only: with a clock that runs by itself call it again.
    ///
    /// # Examples
    /// ```
    /// use millpond::LocalExecutor;
    ///
    /// let ex = LocalExecutor::new();
    /// (0..5).for_each(|_| drop(ex.spawn(async {})));
    /// assert_eq!((ex.step(3), ex.step(3), ex.step(3)), (3, 2, 0));
    /// ```
    pub fn step(&self, most: usize) -> usize {
        self.core.turn(most)
    }

    /// Polls tasks until none is ready, and says how many polls it took. Deadlines that pass meanwhile are served.
    ///
    /// A task that wakes itself for ever keeps it from returning.
    ///
    /// # Examples
    /// ```
    /// use millpond::LocalExecutor;
    ///
    /// let ex = LocalExecutor::new();
    /// ex.spawn(async {});
    /// ex.spawn(async {});
    /// assert_eq!(ex.run_until_idle(), 2);
    /// ```
    pub fn run_until_idle(&self) -> usize {
        std::iter::repeat_with(|| self.core.turn(TURN)).take_while(|&polls| polls > 0 || self.core.unstick()).sum()
    }
}

impl LocalExecutor {
    /// Starts a task that nobody waits for and that does not panic by itself.
    pub(crate) fn spawn_detached(&self, future: impl Future<Output = ()> + 'static) {
        self.core.timers.drivers().hold(|| self.core.tasks.spawn(future).detach());
    }

    pub(crate) fn clock(&self) -> Clock {
        self.core.timers.clock().clone()
    }

    pub(crate) fn guests(&self) -> &Guests {
        &self.core.guests
    }

    /// A handle that keeps nothing alive, for what the tasks themselves hold.
    pub(crate) fn downgrade(&self) -> WeakExecutor {
        WeakExecutor(Rc::downgrade(&self.core))
    }
}

impl Default for LocalExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalExecutor").field("tasks", &self.core.tasks).field("timers", &self.core.timers).finish()
    }
}

impl Drop for LocalExecutor {
    /// The page lets go of an executor without tasks when nobody else can give it any.
    fn drop(&mut self) {
        if self.core.driven.get() && Rc::strong_count(&self.core) == 2 && self.core.tasks.is_empty() {
            self.core.timers.drivers().wake_all();
        }
    }
}

/// An executor that may be gone. Handed to whatever is owned by tasks, so that no task keeps its own executor alive.
#[derive(Clone)]
pub(crate) struct WeakExecutor(Weak<Core>);

impl WeakExecutor {
    pub(crate) fn upgrade(&self) -> Option<LocalExecutor> {
        self.0.upgrade().map(|core| LocalExecutor { core })
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl fmt::Debug for WeakExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakExecutor(..)")
    }
}
