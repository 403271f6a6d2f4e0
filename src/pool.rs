//! Pools: concurrency-limited task queues on a [`LocalExecutor`](crate::LocalExecutor).
//!
//! ```text
//!  Pool ──> submit ──> mill ─┬─> state::Pond   who may start, who waits
//!    │         │             ├─> slots, job    the futures, and the results on their way to the handle
//!    │         └─> Task      ├─> runner        an executor task that goes from job to job, each in a permit's berth
//!    └─> close, stats        ├─> keeper        one sleep for all deadlines, only while there is one
//!                            └─> observe       whoever wants to be told of what happens
//! ```

mod autoscale;
mod builder;
mod close;
mod deadlock;
mod group;
pub(crate) mod household;
mod job;
mod keeper;
mod map;
pub(crate) mod mill;
mod observe;
mod options;
mod runner;
mod slots;
mod stats;
mod submit;
mod task;
mod turns;
mod waits;
mod watchers;

use std::fmt;
use std::rc::{Rc, Weak};

pub use autoscale::Autoscale;
pub use builder::PoolBuilder;
pub use close::{Close, CloseReport};
pub(crate) use close::{Ended, Tally, Terms};
pub use group::{Group, GroupSubmit, Join};
pub use map::{Map, TryMap};
pub use observe::{Distribution, PoolTimings};
pub(crate) use observe::{Observe, Scope};
pub use options::PoolOptions;
pub use stats::PoolStats;
pub use submit::{Run, Submit, TaskBuilder};
pub use task::{Task, TaskState};

use crate::error::{Closed, OptionError, TrySubmitError};
use crate::executor::LocalExecutor;
use crate::limit::{Concurrency, Limit};
use crate::state::{Id, Offer, Refused};
use household::{Generation, Household, Kept, Member};
use job::{BoxedWork, Job};
pub(crate) use job::{Outcome, Settled, Sink};
use mill::Mill;

/// A queue of tasks of which at most `concurrency` run at once, on a [`LocalExecutor`].
///
/// Clones are handles of the same pool. When the last handle is dropped the pool closes and what it has accepted drains.
///
/// # Order
/// Higher [`Priority`](crate::Priority) first, then first come, first served. A permit that comes free goes to the head of the line
/// directly; newcomers never overtake. `running` is never above `concurrency`; after a shrink nothing starts until it is below.
///
/// # Settling
/// Every accepted task settles exactly once: with its value, or a [`TaskError`](crate::TaskError). Also through close and when the
/// executor is dropped.
///
/// # Cost
/// O(1) per task, O(log n) with many different priorities. One allocation per task. At most `concurrency` executor tasks, made when
/// needed; no timer unless a timeout is set.
///
/// # Deadlock
/// A task that waits for another task of the same pool holds its permit meanwhile; if all do, nothing can ever go on. That is told: when
/// nothing is ready, no timer is set, and every task that holds a permit waits for a task that runs or waits in the same pool (or for room in
/// its line), one of the awaited tasks ends with [`TaskError::Deadlock`](crate::TaskError::Deadlock), which names the cycle; whoever awaits
/// it goes on with that error, and its permit comes free. The pools of a manager are looked at together.
///
/// It is never told while anything else may wake one of these tasks: a channel, a socket, another executor. Nor while the pool is
/// paused. What nobody can see stays silent: a task awaited through another executor task, or through wakers of its own as
/// `FuturesUnordered` has them. What a handle could still do from outside (cancel, resize) is not waited for, beyond one more turn of the
/// future that drives. To be sure a task may be polled once more than it was woken.
///
/// # Source
/// The hand-over is that of a fair semaphore (tokio's `Semaphore`); the lazily made workers are those of keyed worker pools.
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, Pool};
///
/// let ex = LocalExecutor::new();
/// let pool = Pool::builder(&ex).concurrency(10).build()?;
/// let answer = ex.block_on(pool.run(async { 42 }))?;
/// assert_eq!(answer, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Pool {
    handle: Rc<Handle>,
}

/// What all handles of a pool share; its drop is the drop of the last one.
struct Handle {
    mill: Rc<Mill>,
    lane: Id,
    /// What every task keeps alive: the generation of a manager's pool. A pool of its own has none, and closes with its last handle.
    generation: Option<Rc<dyn Generation>>,
    /// Whether it keeps the lane, or only looks at it.
    holds: bool,
}

/// What all handles of a pool share, while there are any.
#[derive(Default)]
pub(crate) struct WeakPool(Weak<Handle>);

impl WeakPool {
    pub(crate) fn upgrade(&self) -> Option<Pool> {
        self.0.upgrade().map(|handle| Pool { handle })
    }
}

/// Making one.
impl Pool {
    /// Starts to describe a pool on an executor. See [`PoolBuilder`].
    pub fn builder(executor: &LocalExecutor) -> PoolBuilder {
        PoolBuilder::new(executor)
    }

    /// A handle of a lane that is held already.
    pub(crate) fn of(mill: &Rc<Mill>, lane: Id, generation: Option<Rc<dyn Generation>>) -> Self {
        Self { handle: Rc::new(Handle { mill: Rc::clone(mill), lane, generation, holds: true }) }
    }

    /// A handle that keeps nothing, to see the end of a lane.
    pub(crate) fn watch(mill: &Rc<Mill>, lane: Id) -> Self {
        Self { handle: Rc::new(Handle { mill: Rc::clone(mill), lane, generation: None, holds: false }) }
    }

    pub(crate) fn downgrade(&self) -> WeakPool {
        WeakPool(Rc::downgrade(&self.handle))
    }

    pub(crate) fn mill(&self) -> &Rc<Mill> {
        &self.handle.mill
    }

    pub(crate) fn lane(&self) -> Id {
        self.handle.lane
    }

    /// Has tasks first polled in the order in which they start; otherwise a runner may go on before another one has begun.
    pub(crate) fn begin_in_order(&self) {
        self.mill().in_order.set(true);
    }

    /// Those it shares its lane with, if it is one of a manager's.
    fn household(&self) -> Option<&Household> {
        self.handle.generation.as_deref().map(Generation::household)
    }

    /// Whether what is done through it goes for the lane: not through a lease that has a successor.
    fn steers(&self) -> bool {
        self.household().is_none_or(Household::steers)
    }

    /// Whether it would take a task now.
    fn admissible(&self, offer: Offer) -> Result<(), Refused> {
        match self.household().is_some_and(Household::is_closed) {
            true => Err(Refused::Closed),
            false => self.mill().look(|pond| pond.admissible(self.lane(), offer)),
        }
    }

    /// How many tasks it has, and how many were cancelled so far.
    pub(crate) fn tally(&self) -> Tally {
        let counts = || self.mill().look(|pond| pond.counts(self.lane())).unwrap_or_default();
        self.household().map_or_else(|| Tally::of(&counts()), Household::tally)
    }

    /// Takes no more tasks, and lets start what a pause holds back.
    fn shut(&self) {
        match self.household() {
            None => self.mill().close(self.lane()),
            Some(household) => {
                household.close();
                self.resume();
            }
        }
    }

    /// Nothing waits and nothing runs.
    fn is_drained(&self) -> bool {
        let drained = || self.mill().look(|pond| pond.is_drained(self.lane()));
        self.household().map_or_else(drained, |household| household.tally().tasks == 0)
    }

    fn cancel_running(&self) -> u64 {
        let mill = self.mill();
        self.household().map_or_else(|| mill.cancel_running(self.lane()), |household| mill.cancel_running_of(household.era()))
    }

    /// A task's future, made ready for a runner; it keeps the pool's generation alive.
    fn work<F: Future + 'static>(&self, ticket: Id, future: F, sink: impl Sink<F::Output> + 'static) -> BoxedWork {
        let future = self.mill().traced(ticket, future);
        match self.handle.generation.clone() {
            None => Box::pin(Job::new(future, sink)),
            Some(generation) => Box::pin(Kept::new(Job::new(future, sink), Member::new(generation))),
        }
    }
}

/// Giving it tasks.
impl Pool {
    /// Runs a future in the pool and gives its output: waits for room in the line, for its turn, and for its end.
    ///
    /// # Errors
    /// A [`TaskError`](crate::TaskError): the task was cancelled, timed out or panicked, the pool was closed before it was taken, or it
    /// was called inside a task of the same pool and could never have started or ended.
    ///
    /// # Cancel safety
    /// Dropped while waiting: the place is lost, nothing ran. Dropped while running: the task is dropped at its await point and the
    /// permit is back before the drop ends.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{LocalExecutor, Pool};
    /// # let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(1).build()?;
    /// let both = async { Ok::<_, millpond::TaskError>(pool.run(async { 1 }).await? + pool.run(async { 2 }).await?) };
    /// assert_eq!(ex.block_on(both)?, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run<F: Future + 'static>(&self, future: F) -> Run<F> {
        self.task(future).run()
    }

    /// Waits for room in the line, then gives a handle of the accepted task.
    ///
    /// Those who wait for room are served first come, first served.
    ///
    /// # Errors
    /// [`Closed`] with the future, if the pool is closed or its executor gone, now or while waiting.
    ///
    /// Inside a task of the same pool there may never be room. Then the task it gives has ended already, with
    /// [`TaskError::Deadlock`](crate::TaskError::Deadlock), and is counted as rejected.
    ///
    /// # Cancel safety
    /// Dropped while waiting: the place among those who wait for room goes to the next, the future is dropped, nothing ran.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{LocalExecutor, Pool};
    /// # let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(1).queue_capacity(0).build()?;
    /// let outputs = ex.block_on(async {
    ///     let mut tasks = Vec::new();
    ///     for number in 0..3 {
    ///         tasks.push(pool.submit(async move { number * number }).await?); // waits while another one runs
    ///     }
    ///     let mut outputs = Vec::new();
    ///     for task in tasks {
    ///         outputs.push(task.await?);
    ///     }
    ///     Ok::<_, Box<dyn std::error::Error>>(outputs)
    /// })?;
    /// assert_eq!(outputs, [0, 1, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit<F: Future + 'static>(&self, future: F) -> Submit<F> {
        self.task(future).submit()
    }

    /// Gives a handle of the accepted task, or the future back. Never waits.
    ///
    /// # Errors
    /// [`TrySubmitError::Full`] if the line is full or others wait for room; [`TrySubmitError::Closed`] if the pool takes no more.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{LocalExecutor, Pool};
    /// # let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(1).queue_capacity(1).build()?;
    /// let _running = pool.try_submit(async {})?;
    /// let _waiting = pool.try_submit(async {})?;
    /// assert!(pool.try_submit(async {}).is_err_and(|error| error.is_full()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_submit<F: Future + 'static>(&self, future: F) -> Result<Task<F::Output>, TrySubmitError<F>> {
        self.task(future).try_submit()
    }

    /// Starts to describe a task: priority and timeouts, then [`run`](TaskBuilder::run), [`submit`](TaskBuilder::submit) or
    /// [`try_submit`](TaskBuilder::try_submit).
    pub fn task<F: Future + 'static>(&self, future: F) -> TaskBuilder<F> {
        TaskBuilder::new(self.clone(), future)
    }
}

/// Steering it.
impl Pool {
    /// Changes how many tasks may run at once. After a shrink nothing starts until fewer run; nothing that runs is stopped.
    /// Ends [autoscaling](Self::autoscale).
    ///
    /// # Errors
    /// [`OptionError`] for zero; the pool stays as it was.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{Concurrency, LocalExecutor, Pool};
    /// # let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(1).build()?;
    /// pool.resize(20)?;
    /// assert!(pool.resize(0).is_err());
    /// assert_eq!(pool.concurrency(), Concurrency::AtMost(20));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resize(&self, concurrency: impl Into<Concurrency>) -> Result<(), OptionError> {
        let limit = Limit::checked("concurrency", concurrency.into())?;
        if self.steers() {
            self.mill().fix_scale(self.lane());
            self.mill().change(self.lane(), |pond, lane| pond.resize_lane(lane, limit));
        }
        Ok(())
    }

    /// How many tasks may run at once.
    #[must_use]
    pub fn concurrency(&self) -> Concurrency {
        self.mill().look(|pond| pond.lane_limit(self.lane())).unwrap_or(Limit::UNLIMITED).into()
    }

    /// Starts nothing from now on. What runs goes on, the line takes more, clocks go on. A closed pool is not paused any more.
    pub fn pause(&self) {
        if self.steers() && !self.is_closed() {
            self.mill().change(self.lane(), |pond, lane| pond.pause(lane, true));
        }
    }

    /// Starts what waits again.
    pub fn resume(&self) {
        if self.steers() {
            self.mill().change(self.lane(), |pond, lane| pond.pause(lane, false));
        }
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.mill().look(|pond| pond.is_paused(self.lane()))
    }

    /// Cancels every task that waits, and says how many there were. Their handles get [`TaskError::Cancelled`](crate::TaskError::Cancelled).
    pub fn cancel_waiting(&self) -> u64 {
        let (mill, lane) = (self.mill(), self.lane());
        self.household().map_or_else(|| mill.cancel_waiting(lane), |household| mill.cancel_waiting_of(lane, household.era()))
    }

    /// Takes no more tasks, from this very call on; await it to wait until all that were accepted have settled. Ends a pause.
    ///
    /// Idempotent, and can be awaited again and again. See [`Close`].
    pub fn close(&self) -> Close {
        Close::new(self.clone())
    }

    /// Whether it takes no more tasks.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.household().is_some_and(Household::is_closed) || self.mill().look(|pond| pond.is_closed(self.lane()))
    }

    /// What became of every task so far; the sums add up at every instant.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        PoolStats::new(self.mill().look(|pond| pond.counts(self.lane())).unwrap_or_default(), self.concurrency())
    }

    /// How long its tasks waited and ran; of a manager's pool: those of all its pools. None unless they are measured, see
    /// [`PoolBuilder::timings`].
    #[must_use]
    pub fn timings(&self) -> Option<PoolTimings> {
        self.mill().timings()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.holds {
            self.mill.release(self.lane);
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// What [`Submit`] gives.
pub(crate) type Submitted<F> = Result<Task<<F as Future>::Output>, Closed<F>>;
