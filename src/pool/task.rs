//! The handle of an accepted task.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::deadlock::Wait;
use super::job::{BoxedWork, Settled, receive};
use super::mill::Mill;
use super::slots::Slot;
use crate::error::TaskError;
use crate::priority::Priority;
use crate::state::Id;

/// Where a task is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskState {
    /// In line.
    Waiting,
    /// Holds a permit.
    Running,
    /// Settled.
    Ended,
}

/// A task that a pool has accepted: await it for its output, drop it to let it go on by itself.
///
/// # Errors
/// A [`TaskError`] if it was cancelled, timed out, panicked, or lost its executor.
///
/// # Cancel safety
/// Dropped: the task goes on; its output is dropped. To stop it, call [`cancel`](Self::cancel).
///
/// # Examples
/// ```
/// use millpond::{LocalExecutor, Pool, Priority, TaskState};
///
/// let ex = LocalExecutor::new();
/// let pool = Pool::builder(&ex).concurrency(1).build()?;
/// let first = pool.try_submit(async { 1 })?;
/// let second = pool.try_submit(async { 2 })?;
/// assert_eq!((first.state(), second.state()), (TaskState::Running, TaskState::Waiting));
/// assert!(second.set_priority(Priority::High));
/// assert_eq!(ex.block_on(second)?, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a dropped handle lets the task go on by itself"]
pub struct Task<T> {
    mill: Rc<Mill>,
    id: u64,
    /// Nobody's once the result was given.
    slot: Slot,
    /// Takes the result out of what is left of the task; only who made it knew all of its types.
    receive: fn(BoxedWork) -> Option<Settled<T>>,
}

impl<T> Task<T> {
    pub(super) const fn new(mill: Rc<Mill>, id: u64, slot: Slot) -> Self
    where
        T: 'static,
    {
        Self { mill, id, slot, receive }
    }

    /// Nobody's if the task has ended.
    fn ticket(&self) -> Id {
        self.mill.slots.ticket(self.slot)
    }

    /// Its number: tasks are counted from 1 as a pool accepts them, those of a manager's pools together. It never changes.
    ///
    /// A task that was never accepted, because its submission waited for room in a [deadlock](crate::Deadlock), has number 0.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Stops the task: a waiting one leaves the line at once, a running one is dropped at its await point and its permit is back
    /// when this call returns. A task that cancels itself is dropped at its next await point. False if it has ended.
    pub fn cancel(&self) -> bool {
        self.mill.end(self.ticket(), TaskError::Cancelled)
    }

    /// Moves a waiting task to another class; inside it the order of submission holds. False if it does not wait any more.
    ///
    /// # Cost
    /// O(log n) of the number that were moved; the line is never scanned.
    pub fn set_priority(&self, priority: Priority) -> bool {
        self.mill.set_priority(self.ticket(), priority)
    }

    /// Where the task is.
    #[must_use]
    pub fn state(&self) -> TaskState {
        match self.mill.is_waiting(self.ticket()) {
            Some(true) => TaskState::Waiting,
            Some(false) => TaskState::Running,
            None => TaskState::Ended,
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.mill.slots.claim(self.slot, cx.waker()) {
            Ok(work) => {
                self.slot = Slot::NONE;
                (self.receive)(work).map_or(Poll::Pending, Poll::Ready)
            }
            Err(ticket) => {
                self.mill.tie(Wait::Task(ticket));
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.mill.slots.release(self.slot);
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("state", &self.state()).finish_non_exhaustive()
    }
}
