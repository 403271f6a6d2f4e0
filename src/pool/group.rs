//! Groups: tasks of one pool that succeed together or not at all.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::Pool;
use super::deadlock::ties::Probe;
use super::job::{Settled, Sink};
use super::submit::{Options, Submit};
use super::waits::What;
use crate::error::{Closed, GroupError, GroupSubmitError, TaskError, TrySubmitError};
use crate::priority::Priority;
use crate::state::{Id, Outcome};

/// Tasks of a pool that belong together: all outputs in order, or the first error and nothing left running; see [`Pool::group`].
///
/// The tasks stand in the pool's own line, under its cap, beside those of others.
///
/// # Order
/// They start as the pool lets them; [`join`](Self::join) gives their outputs in the order in which the pool accepted them.
///
/// # Errors
/// The first error of a task, or the first task that ends without a result (it panicked, timed out, was cancelled from outside), cancels
/// every sibling in the same turn, waiting or running: none of them is polled again. A task that gives an error is counted as `failed`,
/// its siblings as `cancelled`. A group that was refused a task because the pool is closed has failed too; one whose tasks were all
/// accepted before drains as any task does.
///
/// # Cancel safety
/// Dropping the group, or its [`Join`], cancels all its tasks at once; their permits are back when the drop ends.
///
/// # Cost
/// One allocation per task, and a place for each output until `join`. No timer unless a timeout is set.
///
/// # Hazard
/// A task that joins a group of its own pool holds its permit meanwhile: if every permit is held so, the group ends with
/// [`TaskError::Deadlock`]. Give nested groups a pool of their own.
///
/// # Source
/// Context and error pools of conc, groups of pond; `try_join_all` of futures for the rule about errors.
///
/// # Examples
/// ```
/// use millpond::{GroupError, LocalExecutor, Pool};
///
/// let ex = LocalExecutor::new();
/// let pool = Pool::builder(&ex).concurrency(2).queue_capacity(10).build()?;
/// let group = pool.group();
/// for text in ["1", "2", "3"] {
///     group.try_submit(async move { text.parse::<u32>() })?;
/// }
/// assert!(matches!(ex.block_on(group.join()), Ok(numbers) if numbers == [1, 2, 3]));
///
/// let group = pool.group();
/// group.try_submit(std::future::pending())?;
/// group.try_submit(async { "two".parse::<u32>() })?;
/// assert!(matches!(ex.block_on(group.join()), Err(GroupError::Failed(_))));
/// assert_eq!((pool.stats().failed, pool.stats().cancelled, pool.stats().running), (1, 1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a dropped group cancels its tasks"]
pub struct Group<T: 'static, E: 'static> {
    hold: Hold<T, E>,
    options: Options,
}

/// Groups.
impl Pool {
    /// A group without tasks; see [`Group`].
    pub fn group<T: 'static, E: 'static>(&self) -> Group<T, E> {
        let members = Members {
            pool: self.clone(),
            places: RefCell::default(),
            left: Cell::new(0),
            failed: Cell::new(false),
            error: Cell::new(None),
            waker: Cell::new(None),
        };
        Group { hold: Hold(Rc::new(members)), options: Options::default() }
    }
}

/// Options of the tasks that it is given from then on.
impl<T: 'static, E: 'static> Group<T, E> {
    /// Their class in the line. Default: [`Priority::Normal`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = priority;
        self
    }

    /// The longest each may wait in line; see [`TaskBuilder::queue_timeout`](crate::TaskBuilder::queue_timeout).
    pub fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeouts.queue = Some(timeout);
        self
    }

    /// The longest each may run; see [`TaskBuilder::timeout`](crate::TaskBuilder::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeouts.run = Some(timeout);
        self
    }

    /// The longest each may take in all; see [`TaskBuilder::total_timeout`](crate::TaskBuilder::total_timeout).
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeouts.total = Some(timeout);
        self
    }
}

/// Giving it tasks, and their end.
impl<T: 'static, E: 'static> Group<T, E> {
    /// Gives a task to the pool, or the future back. Never waits.
    ///
    /// # Errors
    /// [`GroupSubmitError::Full`] if the line is full or others wait for room; the group goes on. [`GroupSubmitError::Failed`] after its
    /// first error, [`GroupSubmitError::Closed`] if the pool takes no more.
    pub fn try_submit<F: Future<Output = Result<T, E>> + 'static>(&self, future: F) -> Result<(), GroupSubmitError<F>> {
        if self.has_failed() {
            return Err(GroupSubmitError::Failed(future));
        }
        let members = &self.hold.0;
        let task = self.options.describe(&members.pool, future);
        task.try_with(|task| task.offer_to(|entry| (members.join(entry.ticket), ()))).map_err(|error| match error {
            TrySubmitError::Full(future) => GroupSubmitError::Full(future),
            TrySubmitError::Closed(future) => members.refuse(future),
        })
    }

    /// Waits for room in the line, then gives the task to the pool.
    ///
    /// # Errors
    /// [`GroupSubmitError::Failed`] or [`GroupSubmitError::Closed`] with the future, now or while waiting; never `Full`.
    ///
    /// # Cancel safety
    /// Dropped while waiting: the place among those who wait for room goes to the next, the future is dropped, nothing ran, and the
    /// group has no such task.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{LocalExecutor, Pool};
    /// # let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(1).queue_capacity(0).build()?;
    /// let numbers = ex.block_on(async {
    ///     let group = pool.group::<u32, std::io::Error>();
    ///     for number in 0..3 {
    ///         group.submit(async move { Ok(number) }).await?; // waits while another one runs
    ///     }
    ///     Ok::<_, Box<dyn std::error::Error>>(group.join().await?)
    /// })?;
    /// assert_eq!(numbers, [0, 1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit<F: Future<Output = Result<T, E>> + 'static>(&self, future: F) -> GroupSubmit<'_, F, T, E> {
        let members = &self.hold.0;
        GroupSubmit { members, submit: self.options.describe(&members.pool, future).submit() }
    }

    /// Whether it has had its first error. Nothing of it waits or runs any more then.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.hold.0.failed.get()
    }

    /// Takes no more tasks, waits for the end of all, and gives their outputs, or the first error. A group without tasks is done at once.
    ///
    /// # Errors
    /// [`GroupError`]: the first one. Nothing of the group waits or runs any more then.
    ///
    /// # Cancel safety
    /// Dropped: all tasks are cancelled.
    pub fn join(self) -> Join<T, E> {
        Join { hold: self.hold }
    }
}

/// Waits for room in the line of a group's pool; see [`Group::submit`].
#[must_use = "futures do nothing unless polled"]
pub struct GroupSubmit<'a, F: Future + 'static, T: 'static, E: 'static> {
    members: &'a Rc<Members<T, E>>,
    submit: Submit<F>,
}

impl<F, T, E> Future for GroupSubmit<'_, F, T, E>
where
    F: Future<Output = Result<T, E>> + 'static,
{
    type Output = Result<(), GroupSubmitError<F>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { members, submit } = &mut *self;
        if members.failed.get() {
            return submit.retract().map_or(Poll::Pending, |future| Poll::Ready(Err(GroupSubmitError::Failed(future))));
        }
        let polled = submit.poll_with(cx, |entry| (members.join(entry.ticket), ()));
        polled.map(|accepted| accepted.map_err(|Closed(future)| members.refuse(future)))
    }
}

/// Waits for the end of a group; see [`Group::join`].
#[must_use = "a dropped join cancels the tasks of its group"]
pub struct Join<T: 'static, E: 'static> {
    hold: Hold<T, E>,
}

impl<T: 'static, E: 'static> Future for Join<T, E> {
    type Output = Result<Vec<T>, GroupError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let members = &self.hold.0;
        if let Some(error) = members.error.take() {
            return Poll::Ready(Err(error));
        }
        if members.failed.get() || members.left.get() > 0 {
            members.waker.set(Some(cx.waker().clone()));
            members.tie();
            return Poll::Pending;
        }
        Poll::Ready(Ok(members.places.take().into_iter().filter_map(Place::output).collect()))
    }
}

/// Whoever keeps the group going; its drop ends it.
struct Hold<T: 'static, E: 'static>(Rc<Members<T, E>>);

impl<T: 'static, E: 'static> Drop for Hold<T, E> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The tasks of a group, in the order of their acceptance.
struct Members<T, E> {
    pool: Pool,
    places: RefCell<Vec<Place<T>>>,
    /// How many have not ended.
    left: Cell<usize>,
    failed: Cell<bool>,
    /// Until somebody takes it.
    error: Cell<Option<GroupError<E>>>,
    waker: Cell<Option<Waker>>,
}

/// Where a task is on its way, or its output.
enum Place<T> {
    Unfinished(Id),
    Ended(T),
}

impl<T> Place<T> {
    fn output(self) -> Option<T> {
        if let Self::Ended(output) = self { Some(output) } else { None }
    }

    fn ticket(&self) -> Option<Id> {
        if let Self::Unfinished(ticket) = self { Some(*ticket) } else { None }
    }
}

impl<T: 'static, E: 'static> Members<T, E> {
    /// The membership of a task that the pool has accepted.
    fn join(self: &Rc<Self>, ticket: Id) -> Member<T, E> {
        let mut places = self.places.borrow_mut();
        places.push(Place::Unfinished(ticket));
        self.left.set(self.left.get() + 1);
        Member { members: Rc::clone(self), place: places.len() - 1 }
    }

    fn refuse<F>(&self, future: F) -> GroupSubmitError<F> {
        self.fail(GroupError::Task(TaskError::Closed));
        GroupSubmitError::Closed(future)
    }

    fn put(&self, place: usize, output: T) {
        let mut places = self.places.borrow_mut();
        if let Some(place @ Place::Unfinished(_)) = places.get_mut(place) {
            *place = Place::Ended(output);
            self.left.set(self.left.get() - 1);
        }
    }

    /// The first error ends the group, and tells those who wait for room for it.
    fn fail(&self, error: GroupError<E>) {
        if !self.failed.get() {
            self.error.set(Some(error));
            self.end();
            self.pool.mill().waits.wake_all(self.pool.lane(), What::Room);
        }
    }

    fn unfinished(places: &[Place<T>]) -> impl Iterator<Item = Id> {
        places.iter().filter_map(Place::ticket)
    }

    /// Says what whoever joins the group waits for.
    fn tie(&self) {
        self.pool.mill().tie_to(Self::unfinished(&self.places.borrow()));
    }

    /// Cancels whatever has not ended.
    fn end(&self) {
        self.failed.set(true);
        let places = self.places.take();
        let tickets: Vec<Id> = Self::unfinished(&places).collect();
        self.pool.mill().end_all(&tickets, || TaskError::Cancelled);
        drop(places);
    }
}

/// Receives the result of one task.
struct Member<T, E> {
    members: Rc<Members<T, E>>,
    place: usize,
}

impl<T: 'static, E: 'static> Sink<Result<T, E>> for Member<T, E> {
    fn settle(&self, result: Settled<Result<T, E>>) -> (Outcome, Option<Settled<Result<T, E>>>) {
        match result {
            Ok(Ok(output)) => {
                self.members.put(self.place, output);
                return (Outcome::Succeeded, None);
            }
            Ok(Err(error)) => self.members.fail(GroupError::Failed(error)),
            Err(error) => self.members.fail(GroupError::Task(error)),
        }
        (Outcome::Failed, None)
    }

    fn announce(&self) {
        if self.members.failed.get() || self.members.left.get() == 0 {
            self.members.waker.take().into_iter().for_each(Waker::wake);
        }
    }

    /// All members have the waker of who joins the group; the first of them says so.
    fn would_wake(&self, probe: &Arc<Probe>) -> bool {
        let first = self.members.places.borrow().iter().position(|place| place.ticket().is_some());
        first == Some(self.place) && probe.is_in(&self.members.waker)
    }
}

impl<T: 'static, E: 'static> fmt::Debug for Members<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").field("left", &self.left.get()).field("failed", &self.failed.get()).finish_non_exhaustive()
    }
}

impl<T: 'static, E: 'static> fmt::Debug for Group<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("members", &self.hold.0).field("options", &self.options).finish()
    }
}

impl<T: 'static, E: 'static> fmt::Debug for Join<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join").field("members", &self.hold.0).finish()
    }
}

impl<F: Future + 'static, T: 'static, E: 'static> fmt::Debug for GroupSubmit<'_, F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupSubmit").field("members", &self.members).finish_non_exhaustive()
    }
}
