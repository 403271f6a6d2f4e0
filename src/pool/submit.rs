//! Giving a task to a pool: at once, or waiting for room, or waiting for the end.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::deadlock::Wait;
use super::household::Household;
use super::job::{BoxedWork, Job, Judge, Keep, Lenient, Sink};
use super::mill::{Mill, Timeouts};
use super::slots::Slot;
use super::task::Task;
use super::waits::What;
use super::{Pool, Submitted};
use crate::error::{Closed, Deadlock, OptionError, TaskError, Timeout, TrySubmitError};
use crate::executor::Sleep;
use crate::priority::Priority;
use crate::state::{Id, Offer, Pond, Refused, Time};

/// Describes a task; see [`Pool::task`].
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, ManualClock, Pool, Priority, TaskError, Timeout};
/// use std::time::Duration;
///
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let pool = Pool::builder(&ex).concurrency(1).build()?;
/// let stuck = pool.task(std::future::pending::<()>()).priority(Priority::High).timeout(Duration::from_secs(5)).run();
/// assert!(matches!(ex.block_on(stuck), Err(TaskError::TimedOut(Timeout::Run))));
/// # Ok::<(), millpond::OptionError>(())
/// ```
#[must_use = "a task is nothing until it is submitted"]
pub struct TaskBuilder<F: Future> {
    pool: Pool,
    future: F,
    priority: Priority,
    timeouts: Timeouts,
    weight: u32,
    /// Whether an output is a failure; without it none is.
    is_error: Option<fn(&F::Output) -> bool>,
}

impl<F: Future + 'static> TaskBuilder<F> {
    pub(super) fn new(pool: Pool, future: F) -> Self {
        Self { pool, future, priority: Priority::default(), timeouts: Timeouts::default(), weight: 1, is_error: None }
    }

    /// Its class in the line. Default: [`Priority::Normal`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The longest it may wait in line, from acceptance to its start; then it leaves with [`TaskError::TimedOut`]. Default: no end.
    pub fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.queue = Some(timeout);
        self
    }

    /// The longest it may run, from its start; then it is dropped at its await point. Default: no end.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.run = Some(timeout);
        self
    }

    /// The longest it may take in all, from acceptance to its end. Default: no end.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.total = Some(timeout);
        self
    }

    /// The point in time, by [`LocalExecutor::now`](crate::LocalExecutor::now), by which it must have ended. In line or running, it ends then
    /// with [`Timeout::Deadline`](crate::Timeout::Deadline); a task that comes too late is accepted and never starts. Default: none.
    pub fn deadline(mut self, at: Duration) -> Self {
        self.timeouts.deadline = Some(at);
        self
    }

    /// How many units of the concurrency it takes while it runs: 1 or more. Default: 1.
    ///
    /// At the head of the line it waits until there is room, and is not overtaken. One that is heavier than the pool takes all of it,
    /// and so runs alone.
    ///
    /// # Errors
    /// [`OptionError`] for zero; the future is dropped.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{LocalExecutor, Pool};
    /// # let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(3).build()?;
    /// let _heavy = pool.task(async {}).weight(2)?.try_submit()?;
    /// let _light = pool.try_submit(async {})?;
    /// let waits = pool.task(async {}).weight(2)?.try_submit()?;
    /// assert_eq!((pool.stats().running, pool.stats().waiting), (2, 1));
    /// ex.block_on(waits)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn weight(mut self, units: u32) -> Result<Self, OptionError> {
        if units == 0 {
            return Err(OptionError::new("weight", units, "use 1 or more"));
        }
        self.weight = units;
        Ok(self)
    }

    fn admission(&self) -> Offer {
        Offer { level: self.priority.into(), weight: self.weight }
    }

    /// Whether its deadline has passed before it was taken in.
    fn is_late(&self) -> bool {
        self.timeouts.deadline.is_some_and(|deadline| Time::from_elapsed(deadline) <= self.pool.mill().time())
    }

    /// Waits for room in the line; see [`Pool::submit`].
    pub fn submit(self) -> Submit<F> {
        Submit { task: Some(self), place: None, alarm: None }
    }

    /// Waits for the output; see [`Pool::run`].
    pub fn run(self) -> Run<F> {
        Run(Stage::Submitting(self.submit()))
    }

    /// Never waits; see [`Pool::try_submit`].
    ///
    /// # Errors
    /// [`TrySubmitError`] with the future.
    pub fn try_submit(self) -> Result<Task<F::Output>, TrySubmitError<F>> {
        self.try_with(Self::offer)
    }

    /// Offers the task, unless others wait for room.
    pub(crate) fn try_with<R>(self, offer: impl FnOnce(Self) -> Result<R, (Self, Refused)>) -> Result<R, TrySubmitError<F>> {
        let (mill, lane) = (self.pool.mill(), self.pool.lane());
        if mill.waits.anyone(lane, What::Room) && !self.pool.is_closed() {
            mill.reject(lane);
            return Err(TrySubmitError::Full(self.future));
        }
        offer(self).map_err(|(task, refused)| match refused {
            Refused::Full | Refused::Exhausted => TrySubmitError::Full(task.future),
            Refused::Closed | Refused::NoLane => TrySubmitError::Closed(task.future),
        })
    }

    /// Whether its generation of a manager's pool takes no more, though the lane may.
    fn is_shut(&self) -> bool {
        self.pool.household().is_some_and(Household::is_closed)
    }

    fn offer(self) -> Result<Task<F::Output>, (Self, Refused)> {
        let mill = Rc::clone(self.pool.mill());
        match self.is_error {
            None => self.offer_to(|entry| entry.handle(mill, Lenient)),
            Some(is_error) => self.offer_to(|entry| entry.handle(mill, is_error)),
        }
    }

    /// Asks the heart; a refused task comes back as it was. `receive` makes of the entry of an accepted task who receives its result, and
    /// what is given here.
    pub(crate) fn offer_to<S, R>(self, receive: impl FnOnce(Entry) -> (S, R)) -> Result<R, (Self, Refused)>
    where
        S: Sink<F::Output> + 'static,
    {
        if self.is_shut() {
            self.pool.mill().reject(self.pool.lane());
            return Err((self, Refused::Closed));
        }
        let (mill, lane, late) = (self.pool.mill(), self.pool.lane(), self.is_late());
        let admitted =
            if late { mill.admit_late(lane, self.admission()).map(|()| None) } else { mill.admit(lane, self.admission()).map(Some) };
        let number = mill.look(Pond::accepted);
        match admitted {
            Err(refused) => Err((self, refused)),
            Ok(None) => Ok(self.end_at_once(number, TaskError::TimedOut(Timeout::Deadline), receive)),
            Ok(Some(task)) => {
                let Self { pool, future, timeouts, .. } = self;
                let slot = pool.mill().slots.rent(task.ticket, S::HAS_HANDLE);
                let (sink, given) = receive(Entry { ticket: task.ticket, number, slot });
                pool.mill().place(task, slot, pool.work(task.ticket, future, sink), timeouts);
                Ok(given)
            }
        }
    }

    /// There will never be room: it is told as the task's own end, and counted as rejected.
    fn deny<S: Sink<F::Output> + 'static, R>(self, deadlock: Deadlock, receive: impl FnOnce(Entry) -> (S, R)) -> R {
        self.pool.mill().reject(self.pool.lane());
        self.end_at_once(0, TaskError::Deadlock(deadlock), receive)
    }

    /// It has ended by its coming, and never had a ticket.
    fn end_at_once<S, R>(self, number: u64, error: TaskError, receive: impl FnOnce(Entry) -> (S, R)) -> R
    where
        S: Sink<F::Output> + 'static,
    {
        let mill = self.pool.mill();
        let slot = mill.slots.rent(Id::NONE, S::HAS_HANDLE);
        let (sink, given) = receive(Entry { ticket: Id::NONE, number, slot });
        let mut work: BoxedWork = Box::pin(Job::<F, S>::over(sink));
        work.as_mut().fail(error);
        mill.dismiss(slot, work);
        given
    }
}

/// What an accepted task is known by.
pub(crate) struct Entry {
    /// Nobody's, if the task has ended by its coming.
    pub(super) ticket: Id,
    number: u64,
    slot: Slot,
}

impl Entry {
    fn handle<T: 'static, J: Judge<T>>(self, mill: Rc<Mill>, judge: J) -> (Keep<J>, Task<T>) {
        (Keep(judge), Task::new(mill, self.number, self.slot))
    }
}

impl<F, T, E> TaskBuilder<F>
where
    F: Future<Output = Result<T, E>> + 'static,
{
    /// Counts an output that is an error as [`failed`](crate::PoolStats::failed), not as succeeded. The output stays what it is.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{LocalExecutor, Pool};
    /// # let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(1).build()?;
    /// let number = ex.block_on(pool.task(async { "one".parse::<u32>() }).fallible().run())?;
    /// assert!(number.is_err());
    /// assert_eq!((pool.stats().succeeded, pool.stats().failed), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fallible(mut self) -> Self {
        self.is_error = Some(|output| output.is_err());
        self
    }
}

impl<F: Future> fmt::Debug for TaskBuilder<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder").field("priority", &self.priority).field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

/// What the tasks of a map or a group have in common.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options {
    pub(super) priority: Priority,
    pub(super) timeouts: Timeouts,
}

impl Options {
    pub(super) fn describe<F: Future + 'static>(self, pool: &Pool, future: F) -> TaskBuilder<F> {
        TaskBuilder { priority: self.priority, timeouts: self.timeouts, ..pool.task(future) }
    }
}

/// Waits for room in a pool's line; see [`Pool::submit`].
#[must_use = "futures do nothing unless polled"]
pub struct Submit<F: Future + 'static> {
    /// There until it is accepted or refused.
    task: Option<TaskBuilder<F>>,
    /// Its place among those who wait for room, while it does.
    place: Option<u64>,
    /// Ends the waiting of a task that has a deadline.
    alarm: Option<Sleep>,
}

// The future inside is moved, never polled here.
impl<F: Future + 'static> Unpin for Submit<F> {}

impl<F: Future + 'static> Submit<F> {
    /// It is first, and there is room, or there will never be any.
    fn is_my_turn(&self, task: &TaskBuilder<F>, pool: &Pool) -> bool {
        let (waits, lane) = (&pool.mill().waits, pool.lane());
        let is_first = self.place.map_or_else(|| !waits.anyone(lane, What::Room), |place| waits.is_first(lane, What::Room, place));
        if is_first {
            pool.mill().stretch(lane, task.weight);
        }
        match pool.admissible(task.admission()) {
            Ok(()) => is_first || task.is_late(),
            Err(Refused::Full | Refused::Exhausted) => task.is_late(),
            Err(Refused::Closed | Refused::NoLane) => true,
        }
    }

    fn wait(&mut self, task: TaskBuilder<F>, cx: &Context<'_>) {
        let (mill, lane) = (Rc::clone(task.pool.mill()), task.pool.lane());
        mill.waits.wait(lane, What::Room, &mut self.place, cx.waker());
        self.watch(&task, cx);
        self.place.into_iter().for_each(|place| mill.tie(Wait::Room(lane, place)));
        self.task = Some(task);
        mill.take_turns(lane);
        mill.rescale(lane);
        mill.keep_time();
    }

    fn watch(&mut self, task: &TaskBuilder<F>, cx: &Context<'_>) {
        let Some((executor, deadline)) = task.pool.mill().executor().zip(task.timeouts.deadline) else { return };
        let alarm = self.alarm.get_or_insert_with(|| executor.sleep_until(deadline));
        // Not over: a task that is late does not come to wait.
        let _not_yet = Pin::new(alarm).poll(&mut Context::from_waker(cx.waker()));
    }

    /// Gives up the place; whoever is next may find room.
    fn leave(&mut self, pool: &Pool) {
        if let Some(place) = self.place.take() {
            pool.mill().waits.leave(pool.lane(), What::Room, place);
            drop(pool.mill().ties.denial(place));
            pool.mill().notify(pool.lane());
            pool.mill().keep_time();
        }
    }
}

impl<F: Future + 'static> Submit<F> {
    /// Offers the task when it is its turn; see [`TaskBuilder::offer_to`].
    pub(crate) fn poll_with<S, R>(&mut self, cx: &Context<'_>, receive: impl FnOnce(Entry) -> (S, R)) -> Poll<Result<R, Closed<F>>>
    where
        S: Sink<F::Output> + 'static,
    {
        let Some(task) = self.task.take() else { return Poll::Pending };
        let pool = task.pool.clone();
        if !self.is_my_turn(&task, &pool) {
            if let Some(deadlock) = self.place.and_then(|place| pool.mill().ties.denial(place)) {
                self.leave(&pool);
                return Poll::Ready(Ok(task.deny(deadlock, receive)));
            }
            self.wait(task, cx);
            return Poll::Pending;
        }
        let submitted = match task.offer_to(receive) {
            Ok(given) => Ok(given),
            Err((task, Refused::Closed | Refused::NoLane)) => Err(Closed(task.future)),
            Err((task, Refused::Full | Refused::Exhausted)) => {
                self.wait(task, cx);
                return Poll::Pending;
            }
        };
        self.leave(&pool);
        Poll::Ready(submitted)
    }

    /// Gives the task up before it is accepted.
    pub(super) fn retract(&mut self) -> Option<F> {
        let task = self.task.take()?;
        self.leave(&task.pool);
        Some(task.future)
    }
}

impl<F: Future + 'static> Future for Submit<F> {
    type Output = Submitted<F>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(task) = &self.task else { return Poll::Pending };
        let (mill, is_error) = (Rc::clone(task.pool.mill()), task.is_error);
        match is_error {
            None => self.poll_with(cx, |entry| entry.handle(mill, Lenient)),
            Some(is_error) => self.poll_with(cx, |entry| entry.handle(mill, is_error)),
        }
    }
}

impl<F: Future + 'static> Drop for Submit<F> {
    fn drop(&mut self) {
        if let Some(pool) = self.task.as_ref().map(|task| task.pool.clone()) {
            self.leave(&pool);
        }
    }
}

impl<F: Future + 'static> fmt::Debug for Submit<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submit").field("task", &self.task).finish_non_exhaustive()
    }
}

/// Runs a task in a pool and waits for its output; see [`Pool::run`].
#[must_use = "futures do nothing unless polled"]
pub struct Run<F: Future + 'static>(Stage<F>);

enum Stage<F: Future + 'static> {
    Submitting(Submit<F>),
    Accepted(Task<F::Output>),
}

impl<F: Future + 'static> Future for Run<F> {
    type Output = Result<F::Output, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                Stage::Submitting(submit) => match ready!(Pin::new(submit).poll(cx)) {
                    Ok(task) => self.0 = Stage::Accepted(task),
                    Err(Closed(_)) => return Poll::Ready(Err(TaskError::Closed)),
                },
                Stage::Accepted(task) => return Pin::new(task).poll(cx),
            }
        }
    }
}

impl<F: Future + 'static> Drop for Run<F> {
    fn drop(&mut self) {
        if let Stage::Accepted(task) = &self.0 {
            task.cancel();
        }
    }
}

impl<F: Future + 'static> fmt::Debug for Run<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Stage::Submitting(submit) => f.debug_tuple("Run").field(submit).finish(),
            Stage::Accepted(task) => f.debug_tuple("Run").field(task).finish(),
        }
    }
}
