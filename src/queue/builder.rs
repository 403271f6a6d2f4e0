//! How a queue is described and made.

use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::crew::Crew;
use super::delivery::Delivery;
use super::{JobQueue, Office};
use crate::error::OptionError;
use crate::executor::LocalExecutor;
use crate::pool::mill::Shrinks;
use crate::pool::{Autoscale, Pool};

/// Describes a [`JobQueue`]; see [`JobQueue::builder`].
///
/// # Examples
/// ```
/// use millpond::{JobQueue, LocalExecutor};
/// use std::time::Duration;
///
/// let ex = LocalExecutor::new();
/// let queue = JobQueue::builder(&ex)
///     .workers(2..=8)
///     .capacity(100)
///     .idle(Duration::from_secs(60))
///     .grow_after(Duration::from_millis(100))
///     .build(|worker| async move |job: u32| Ok::<_, ()>((worker, job)))?;
/// assert_eq!(ex.block_on(queue.run(1)).ok(), Some((0, 1)));
/// # Ok::<(), millpond::OptionError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct JobQueueBuilder {
    executor: LocalExecutor,
    workers: Autoscale,
    capacity: Option<u32>,
    idle: Option<Duration>,
    grow_after: Option<Duration>,
    results_capacity: usize,
}

impl JobQueueBuilder {
    pub(super) fn new(executor: &LocalExecutor) -> Self {
        Self {
            executor: executor.clone(),
            workers: Autoscale::from(1),
            capacity: None,
            idle: None,
            grow_after: None,
            results_capacity: 1024,
        }
    }

    /// How many workers there are: so many, or as many as the work needs `2..=8`; 1 or more. Default: 1.
    ///
    /// With a range they are [autoscaled](Pool::autoscale_with): a job that would have to wait brings one more worker, up to the upper
    /// bound; a worker that goes drops its handler.
    pub fn workers(mut self, workers: impl Into<Autoscale>) -> Self {
        self.workers = workers.into();
        self
    }

    /// How many jobs may wait: 0 or more; 0 takes only what a worker can start at once. Default: as many as there may be workers.
    pub fn capacity(mut self, capacity: u32) -> Self {
        self.capacity = Some(capacity);
        self
    }

    /// How long a worker must be unused for one to go; see [`Autoscale::idle`]. Default: 30 seconds.
    pub fn idle(mut self, span: Duration) -> Self {
        self.idle = Some(span);
        self
    }

    /// How long work must wait for one more worker to come; see [`Autoscale::grow_after`]. Default: zero.
    pub fn grow_after(mut self, span: Duration) -> Self {
        self.grow_after = Some(span);
        self
    }

    /// How many results are kept for readers who have not read them yet, in each stream: 1 or more. Default: 1024.
    pub fn results_capacity(mut self, capacity: usize) -> Self {
        self.results_capacity = capacity;
        self
    }

    /// Makes the queue. `generator` is called with the number of a worker when there is a job for it and it has no handler; numbers are
    /// below the upper bound of the workers. Nothing runs and no handler is built until there is a job.
    ///
    /// # Errors
    /// [`OptionError`] naming the option, the value and the rule.
    ///
    /// # Panics
    /// Not here. A panic of the generator or of a handler ends the one job it was for.
    pub fn build<J, R, E, G, H>(mut self, generator: G) -> Result<JobQueue<J, R, E>, OptionError>
    where
        G: FnMut(usize) -> H + 'static,
        H: AsyncFnMut(J) -> Result<R, E> + 'static,
    {
        self.workers = self.idle.into_iter().fold(self.workers, Autoscale::idle);
        self.workers = self.grow_after.into_iter().fold(self.workers, Autoscale::grow_after);
        let (min, max) = (*self.workers.bounds().start(), *self.workers.bounds().end());
        let rule = self.workers.rule("workers", min)?;
        if self.results_capacity == 0 {
            return Err(OptionError::new("results_capacity", 0, "use 1 or more"));
        }
        let pool = Pool::builder(&self.executor).concurrency(min).queue_capacity(self.capacity.unwrap_or(max)).build()?;
        pool.begin_in_order();
        let crew = Rc::new(Crew::new(&pool, generator));
        let shrinks: Weak<dyn Shrinks> = Rc::<Crew<G, H>>::downgrade(&crew);
        if min < max {
            pool.follow(rule, Some(shrinks));
        }
        let office = Office { staff: crew, delivery: Delivery::new(self.results_capacity), accepted: Cell::new(0) };
        Ok(JobQueue { pool, office: Rc::new(office) })
    }
}
