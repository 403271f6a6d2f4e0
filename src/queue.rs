//! Job queues: a bounded buffer of typed jobs, and workers whose handlers are built when they are needed.
//!
//! ```text
//!  submit, run ──> Pool (the line, the cap, autoscale, close) ──> Shift   one job as a task of the pool
//!                                                                   │
//!  results, errors <── Delivery   who reads what became of it  <────┤
//!                                                                   └─> Crew   a handler for it: an idle one, or a new one
//! ```
//!
//! It is a [`Pool`](crate::Pool) with handlers: order, backpressure and the end are the pool's. It is not for jobs of many kinds; those
//! are tasks of a pool.

mod builder;
mod crew;
mod delivery;
mod error;
mod results;
mod shift;
mod stats;
mod submit;

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

pub use builder::JobQueueBuilder;
pub use error::JobError;
pub use results::{Errors, Results};
pub use stats::QueueStats;
pub use submit::{RunJob, SubmitJob};

use crate::error::TrySubmitError;
use crate::executor::LocalExecutor;
use crate::pool::{Close, Pool, TaskBuilder};
use crew::Staff;
use delivery::{Delivery, Letter};
use shift::Shift;

/// The number of a job that a [`JobQueue`] has accepted by [`submit`](JobQueue::submit) or [`try_submit`](JobQueue::try_submit).
///
/// Numbers ascend in the order of acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

impl JobId {
    /// From 0 on, in each queue.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A bounded queue of jobs `J` for workers that make an `R` of each, or an error `E`.
///
/// Each worker has a handler of its own, built by a generator when there is first a job for it, with a state that no other worker sees. A
/// handler has one job at a time. One whose job panicked or was cancelled is dropped, because its state may be broken, and its worker
/// gets a new one for its next job.
///
/// Clones are handles of the same queue. When the last one is dropped the queue closes and what it has accepted drains.
///
/// # Order
/// Jobs start in the order of submission; with one worker they end in it too. Who waits for room is served first come, first served.
///
/// # Backpressure
/// Exactly `capacity` jobs wait, beside one for each worker. Nothing else holds an accepted job: whoever submits more waits, or has
/// the job back.
///
/// # Settling
/// Every accepted job settles exactly once, also through close and when the executor is dropped: to whoever [`run`](Self::run)s it, or
/// into the streams of [`results`](Self::results) and [`errors`](Self::errors).
///
/// # Cost
/// That of a [`Pool`], and an allocation for each job. A timer only while a worker that may go is idle, or work waits for one more.
///
/// # Source
/// The handler generators, the error stream and the growing crews of Go's two-tier pools, whose queue has no bound and whose crews never
/// shrink.
///
/// # Examples
/// ```
/// use futures::StreamExt;
/// use millpond::{JobQueue, LocalExecutor};
///
/// let ex = LocalExecutor::new();
/// let queue = JobQueue::builder(&ex).workers(2..=8).capacity(100).build(|_worker| {
///     let mut calls = 0; // of this worker
///     async move |text: &str| {
///         calls += 1;
///         text.parse::<u32>().map(|number| number * 2)
///     }
/// })?;
/// let results = queue.results();
/// ex.block_on(async {
///     for text in ["1", "two", "3"] {
///         queue.submit(text).await?;
///     }
///     assert_eq!(queue.run("21").await?, 42);
///     queue.close().await;
///     let results: Vec<_> = results.map(|(job, result)| (job.get(), result.ok())).collect().await;
///     assert_eq!(results, [(0, Some(2)), (1, None), (2, Some(6))]);
///     Ok::<_, Box<dyn std::error::Error>>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JobQueue<J: 'static, R: 'static, E: 'static> {
    pool: Pool,
    office: Rc<Office<J, R, E>>,
}

/// What all handles of a queue share.
struct Office<J, R, E> {
    staff: Rc<dyn Staff<J, R, E>>,
    delivery: Rc<Delivery<R, E>>,
    accepted: Cell<u64>,
}

/// Making one.
impl JobQueue<(), (), ()> {
    /// Starts to describe a queue on an executor. See [`JobQueueBuilder`].
    pub fn builder(executor: &LocalExecutor) -> JobQueueBuilder {
        JobQueueBuilder::new(executor)
    }
}

/// Giving it jobs.
impl<J: 'static, R: 'static, E: 'static> JobQueue<J, R, E> {
    /// Waits for room, then gives the number of the accepted job. What becomes of it goes to [`results`](Self::results).
    ///
    /// # Errors
    /// [`Closed`](crate::Closed) with the job, if the queue is closed or its executor gone, now or while waiting.
    ///
    /// # Cancel safety
    /// Dropped while waiting: the place among those who wait for room goes to the next, the job is dropped.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{JobQueue, LocalExecutor};
    /// # let ex = LocalExecutor::new();
    /// let queue = JobQueue::builder(&ex).capacity(0).build(|_| async |_: u32| Ok::<(), ()>(()))?;
    /// ex.block_on(async {
    ///     for number in 0..3 {
    ///         assert_eq!(queue.submit(number).await.map(|job| job.get()), Ok(u64::from(number))); // waits while the one before runs
    ///     }
    ///     queue.close().await;
    ///     assert!(queue.submit(3).await.is_err_and(|error| error.0 == 3));
    /// });
    /// # Ok::<(), millpond::OptionError>(())
    /// ```
    pub fn submit(&self, job: J) -> SubmitJob<J, R, E> {
        SubmitJob::new(self.task(job).submit(), &self.office)
    }

    /// Gives the number of the accepted job, or the job back. Never waits.
    ///
    /// # Errors
    /// [`TrySubmitError::Full`] if no more may wait or others wait for room; [`TrySubmitError::Closed`] if the queue takes no more.
    pub fn try_submit(&self, job: J) -> Result<JobId, TrySubmitError<J>> {
        self.task(job).try_with(|task| task.offer_to(|_| self.office.enter())).map_err(|error| match error {
            TrySubmitError::Full(shift) => TrySubmitError::Full(shift.into_job()),
            TrySubmitError::Closed(shift) => TrySubmitError::Closed(shift.into_job()),
        })
    }

    /// Waits for room, for the job's turn, and for its own result, which goes to no stream.
    ///
    /// # Errors
    /// [`JobError::Failed`] with what the handler gave; [`JobError::Task`] if the job was cancelled, panicked, or was not taken because the
    /// queue is closed.
    ///
    /// # Cancel safety
    /// Dropped while waiting: the job leaves the line. Dropped while running: it is dropped at its await point, and its handler with it.
    ///
    /// # Examples
    /// ```
    /// # use millpond::{JobError, JobQueue, LocalExecutor};
    /// # let ex = LocalExecutor::new();
    /// let queue = JobQueue::builder(&ex).build(|_| async |text: &str| text.parse::<u32>())?;
    /// assert_eq!(ex.block_on(queue.run("7"))?, 7);
    /// assert!(matches!(ex.block_on(queue.run("seven")), Err(JobError::Failed(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run(&self, job: J) -> RunJob<J, R, E> {
        RunJob::new(self.task(job).run())
    }

    fn task(&self, job: J) -> TaskBuilder<Shift<J, R, E>> {
        self.pool.task(Shift::new(Rc::clone(&self.office.staff), job)).fallible()
    }
}

/// Reading what became of them, and the end.
impl<J: 'static, R: 'static, E: 'static> JobQueue<J, R, E> {
    /// A stream of what becomes of the jobs that are submitted from now on, in the order in which they end; it ends with the queue.
    ///
    /// Results are kept only for readers, and only so many ([`results_capacity`](JobQueueBuilder::results_capacity)): of more that nobody
    /// has read the oldest go, and are [counted](QueueStats::missed). No job and no close ever waits for a reader. Several readers
    /// share the results: each goes to one of them.
    pub fn results(&self) -> Results<R, E> {
        Results::new(&self.office.delivery, &self.pool)
    }

    /// A stream of the errors alone. While somebody reads it, errors go there and not to [`results`](Self::results).
    ///
    /// # Examples
    /// ```
    /// use futures::StreamExt;
    /// # use millpond::{JobQueue, LocalExecutor};
    /// # let ex = LocalExecutor::new();
    /// let queue = JobQueue::builder(&ex).build(|_| async |number: u32| if number % 2 == 0 { Ok(()) } else { Err("odd") })?;
    /// let errors = queue.errors();
    /// let told = ex.block_on(async {
    ///     for number in 0..4 {
    ///         queue.submit(number).await?;
    ///     }
    ///     queue.close().await;
    ///     Ok::<_, millpond::Closed<u32>>(errors.map(|(job, error)| format!("{job}: {error}")).collect::<Vec<_>>().await)
    /// })?;
    /// assert_eq!(told, ["1: the job failed: odd", "3: the job failed: odd"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn errors(&self) -> Errors<R, E> {
        Errors::new(&self.office.delivery, &self.pool)
    }

    /// Takes no more jobs, from this very call on; await it to wait until all that were accepted have settled. See [`Close`].
    ///
    /// Handlers go as soon as there is no job left for them.
    pub fn close(&self) -> Close {
        let close = self.pool.close();
        self.office.staff.closed();
        close
    }

    /// Whether it takes no more jobs.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// What became of every job so far; the sums add up at every instant.
    #[must_use]
    pub fn stats(&self) -> QueueStats {
        QueueStats::new(&self.pool.stats(), self.office.staff.handlers(), self.office.delivery.tally())
    }
}

impl<J, R: 'static, E: 'static> Office<J, R, E> {
    /// A job is accepted: its number, and who receives its result.
    fn enter(&self) -> (Letter<R, E>, JobId) {
        let id = JobId(self.accepted.get());
        self.accepted.set(id.0 + 1);
        (self.delivery.expect(id), id)
    }
}

impl<J, R, E> Clone for JobQueue<J, R, E> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), office: Rc::clone(&self.office) }
    }
}

impl<J: 'static, R: 'static, E: 'static> fmt::Debug for JobQueue<J, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobQueue").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
