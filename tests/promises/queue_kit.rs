//! What the tests of job queues share: a queue whose jobs are gates, and what its workers did.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::pin::Pin;
use std::task::Poll;

use futures::Stream;
use futures::channel::oneshot;
use millpond::{JobError, JobId, JobQueue, JobQueueBuilder, LocalExecutor, ManualClock, TaskError};

use super::kit::Gauge;
use super::support::{Drops, Recorder, poll_once};

/// A job that ends when it is told how: with a result or an error.
pub(crate) struct Order {
    pub(crate) number: u32,
    told: oneshot::Receiver<Result<u32, &'static str>>,
}

/// Tells a job how to end. Dropped, the job never ends.
pub(crate) type Tell = oneshot::Sender<Result<u32, &'static str>>;

pub(crate) fn order(number: u32) -> (Tell, Order) {
    let (tell, told) = oneshot::channel();
    (tell, Order { number, told })
}

/// A queue of orders on a clock that is moved by hand.
pub(crate) struct Mill {
    pub(crate) ex: LocalExecutor,
    pub(crate) queue: JobQueue<Order, u32, &'static str>,
    /// Which worker started which job as its how-manieth.
    pub(crate) started: Recorder<(usize, u32, u32)>,
    /// Numbers of the workers for which handlers were built.
    pub(crate) built: Recorder<usize>,
    /// Handlers that were dropped.
    pub(crate) dropped: Drops,
    pub(crate) running: Gauge,
}

impl Mill {
    pub(crate) fn new(describe: impl FnOnce(JobQueueBuilder) -> JobQueueBuilder) -> Self {
        let ex = LocalExecutor::with_clock(ManualClock::new());
        let (started, built) = (Recorder::new(), Recorder::new());
        let (dropped, running) = (Drops::default(), Gauge::default());
        let queue = describe(JobQueue::builder(&ex))
            .build({
                let (started, built, dropped, running) = (started.clone(), built.clone(), dropped.clone(), running.clone());
                move |worker| {
                    built.note(worker);
                    let (started, guard, running) = (started.clone(), dropped.guard(), running.clone());
                    let mut jobs = 0;
                    async move |order: Order| {
                        let (_kept, _inside) = (&guard, running.enter());
                        jobs += 1;
                        started.note((worker, order.number, jobs));
                        match order.told.await {
                            Ok(result) => result,
                            Err(_) => std::future::pending().await,
                        }
                    }
                }
            })
            .unwrap();
        Self { ex, queue, started, built, dropped, running }
    }

    /// Submits jobs, all of which must be taken, and lets them start.
    pub(crate) fn submit(&self, numbers: impl IntoIterator<Item = u32>) -> Vec<Tell> {
        let tells = numbers.into_iter().map(|number| {
            let (tell, order) = order(number);
            self.queue.try_submit(order).unwrap();
            tell
        });
        let tells = tells.collect();
        self.ex.run_until_idle();
        tells
    }

    /// Has jobs end with their places in the list.
    pub(crate) fn finish(&self, tells: impl IntoIterator<Item = Tell>) {
        for (place, tell) in (0..).zip(tells) {
            // A job that is gone does not hear it.
            let _gone = tell.send(Ok(place));
            self.ex.run_until_idle();
        }
    }

    /// The numbers of the jobs that have started since this was last asked.
    pub(crate) fn begun(&self) -> Vec<u32> {
        self.started.take().into_iter().map(|(_, number, _)| number).collect()
    }

    pub(crate) fn advance(&self, by: std::time::Duration) {
        self.ex.advance(by).unwrap();
    }
}

/// What became of a job, to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate<R, E> {
    Done(R),
    Failed(E),
    Cancelled,
    Panicked,
    Closed,
    Lost,
}

impl<R, E> From<Result<R, JobError<E>>> for Fate<R, E> {
    fn from(result: Result<R, JobError<E>>) -> Self {
        match result {
            Ok(result) => Self::Done(result),
            Err(JobError::Failed(error)) => Self::Failed(error),
            Err(JobError::Task(TaskError::Cancelled)) => Self::Cancelled,
            Err(JobError::Task(TaskError::Panicked(_))) => Self::Panicked,
            Err(JobError::Task(TaskError::Closed)) => Self::Closed,
            Err(JobError::Task(_)) => Self::Lost,
        }
    }
}

/// All that is there, by number; and whether the stream has ended.
pub(crate) fn read<T>(stream: &mut (impl Stream<Item = (JobId, T)> + Unpin)) -> (Vec<(u64, T)>, bool) {
    let mut items = Vec::new();
    loop {
        match poll_once(Box::pin(std::future::poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx))).as_mut()) {
            Poll::Ready(Some((id, item))) => items.push((id.get(), item)),
            Poll::Ready(None) => return (items, true),
            Poll::Pending => return (items, false),
        }
    }
}

/// What became of a run, unless it has not ended.
pub(crate) fn fate<R, E>(run: &mut (impl Future<Output = Result<R, JobError<E>>> + Unpin)) -> Option<Fate<R, E>> {
    match poll_once(Pin::new(run)) {
        Poll::Ready(result) => Some(result.into()),
        Poll::Pending => None,
    }
}

/// Asserts that the counters add up.
pub(crate) fn adds_up<J, R, E>(queue: &JobQueue<J, R, E>) -> millpond::QueueStats {
    let stats = queue.stats();
    let ended = stats.succeeded + stats.failed + stats.panicked + stats.cancelled;
    assert_eq!(stats.submitted, stats.waiting + stats.running + ended, "{stats:?}");
    stats
}
