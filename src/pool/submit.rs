//! Giving a task to a pool: at once, or waiting for room, or waiting for the end.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::crew::Crew;
use super::job::Promise;
use super::mill::Timeouts;
use super::task::Task;
use super::waits::What;
use super::{Pool, Submitted};
use crate::error::{Closed, TaskError, TrySubmitError};
use crate::priority::Priority;
use crate::state::Refused;

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
pub struct TaskBuilder<F> {
    pool: Pool,
    future: F,
    priority: Priority,
    timeouts: Timeouts,
}

impl<F: Future + 'static> TaskBuilder<F> {
    pub(super) fn new(pool: Pool, future: F) -> Self {
        Self { pool, future, priority: Priority::default(), timeouts: Timeouts::default() }
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

    /// Waits for room in the line; see [`Pool::submit`].
    pub fn submit(self) -> Submit<F> {
        Submit { task: Some(self), place: None }
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
        let (mill, lane) = (self.pool.mill(), self.pool.lane());
        if mill.waits.anyone(lane, What::Room) && !self.pool.is_closed() {
            mill.reject(lane);
            return Err(TrySubmitError::Full(self.future));
        }
        self.offer().map_err(|(task, refused)| match refused {
            Refused::Full | Refused::Exhausted => TrySubmitError::Full(task.future),
            Refused::Closed | Refused::NoLane => TrySubmitError::Closed(task.future),
        })
    }

    /// Asks the heart; a refused task comes back as it was.
    fn offer(self) -> Result<Task<F::Output>, (Self, Refused)> {
        let mill = Rc::clone(self.pool.mill());
        if self.pool.crew().is_some_and(Crew::is_closed) {
            mill.reject(self.pool.lane());
            return Err((self, Refused::Closed));
        }
        let task = match mill.admit(self.pool.lane(), self.priority.into()) {
            Ok(task) => task,
            Err(refused) => return Err((self, refused)),
        };
        let promise = Rc::new(Promise::new());
        mill.place(task, self.pool.work(self.future, &promise), self.timeouts);
        Ok(Task::new(mill, task.ticket, promise))
    }
}

impl<F> fmt::Debug for TaskBuilder<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder").field("priority", &self.priority).field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

/// Waits for room in a pool's line; see [`Pool::submit`].
#[must_use = "futures do nothing unless polled"]
pub struct Submit<F: Future + 'static> {
    /// There until it is accepted or refused.
    task: Option<TaskBuilder<F>>,
    /// Its place among those who wait for room, while it does.
    place: Option<u64>,
}

// The future inside is moved, never polled here.
impl<F: Future + 'static> Unpin for Submit<F> {}

impl<F: Future + 'static> Submit<F> {
    /// It is first, and there is room, or there will never be any.
    fn is_my_turn(&self, pool: &Pool) -> bool {
        let (waits, lane) = (&pool.mill().waits, pool.lane());
        let is_first = self.place.map_or_else(|| !waits.anyone(lane, What::Room), |place| waits.is_first(lane, What::Room, place));
        match pool.admissible() {
            Ok(()) => is_first,
            Err(Refused::Full | Refused::Exhausted) => false,
            Err(Refused::Closed | Refused::NoLane) => true,
        }
    }

    fn wait(&mut self, task: TaskBuilder<F>, cx: &Context<'_>) {
        let (mill, lane) = (Rc::clone(task.pool.mill()), task.pool.lane());
        mill.waits.wait(lane, What::Room, &mut self.place, cx.waker());
        self.task = Some(task);
        mill.take_turns(lane);
    }

    /// Gives up the place; whoever is next may find room.
    fn leave(&mut self, pool: &Pool) {
        if let Some(place) = self.place.take() {
            pool.mill().waits.leave(pool.lane(), What::Room, place);
            pool.mill().notify(pool.lane());
        }
    }
}

impl<F: Future + 'static> Future for Submit<F> {
    type Output = Submitted<F>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(task) = self.task.take() else { return Poll::Pending };
        let pool = task.pool.clone();
        if !self.is_my_turn(&pool) {
            self.wait(task, cx);
            return Poll::Pending;
        }
        let submitted = match task.offer() {
            Ok(handle) => Ok(handle),
            Err((task, Refused::Closed | Refused::NoLane)) => Err(Closed(task.future)),
            Err((task, Refused::Full | Refused::Exhausted)) => {
                self.wait(task, cx);
                return Poll::Pending;
            }
        };
        self.leave(&pool);
        Poll::Ready(submitted)
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
