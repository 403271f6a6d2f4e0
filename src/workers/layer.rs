//! Middleware: what wraps a job, and in which order.

use super::WorkerContext;
use super::counter::Counter;
use super::crew::Build;
use super::error::WorkError;
use super::job::{Job, JobOutput};

/// Wraps a job in something that happens around each of its runs: counting, timing, retrying, pausing, or anything of the user's.
///
/// It is asked once for each worker, so what [`wrap`](Self::wrap) makes belongs to one worker, and what the layer itself holds is
/// shared by all. The layer that was added first is outermost: it is the first to see a run and the last to see its end.
///
/// A layer that is cancelled while it waits gives [`WorkError::Cancelled`], as [`WorkerContext::sleep`] does. Whatever it does, the
/// job itself never begins under a cancelled context.
///
/// # Source
/// tower's `Layer` and the order of its `ServiceBuilder`.
///
/// # Examples
/// A closure is a layer:
/// ```
/// use millpond::workers::Job;
/// use millpond::{LocalExecutor, Workers};
///
/// let ex = LocalExecutor::new();
/// let log = |mut job: Job| Job::new(async move |cx| {
///     println!("worker {} begins run {}", cx.worker(), cx.run());
///     let end = job.run(cx).await;
///     println!("{end:?}");
///     end
/// });
/// let workers = Workers::builder(&ex).layer(log).start(|| async |_cx| {})?;
/// ex.try_tick();
/// assert_eq!(workers.stats().succeeded, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
/// So is a type that implements the trait:
/// ```
/// use millpond::workers::{Job, Layer};
/// use std::{cell::Cell, rc::Rc};
///
/// /// Lets only every `n`th run of a worker through, and counts for all workers what it kept back.
/// struct Sampled { n: u64, kept_back: Rc<Cell<u64>> }
///
/// impl Layer for Sampled {
///     fn wrap(&self, mut job: Job) -> Job {
///         let (n, kept_back) = (self.n, self.kept_back.clone());
///         Job::new(async move |cx| {
///             if cx.run() % n == 0 {
///                 return job.run(cx).await;
///             }
///             kept_back.set(kept_back.get() + 1);
///             Ok(())
///         })
///     }
/// }
/// # let ex = millpond::LocalExecutor::new();
/// # let kept_back = Rc::new(Cell::new(0));
/// # let layer = Sampled { n: 3, kept_back: kept_back.clone() };
/// # let workers = millpond::Workers::builder(&ex).layer(layer).start(|| async |_| {})?;
/// # (0..7).for_each(|_| assert!(ex.try_tick()));
/// # assert_eq!((workers.stats().started, kept_back.get()), (3, 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Layer {
    /// Wraps the job of one worker.
    fn wrap(&self, job: Job) -> Job;
}

impl<F: Fn(Job) -> Job> Layer for F {
    fn wrap(&self, job: Job) -> Job {
        self(job)
    }
}

/// What makes the job of each worker: the builder's, counted, in its layers.
pub(super) fn stack<J, O>(mut build: impl FnMut() -> J + 'static, counter: Counter, layers: Vec<Box<dyn Layer>>) -> Build
where
    J: AsyncFnMut(WorkerContext) -> O + 'static,
    O: JobOutput + 'static,
{
    Box::new(move || {
        let job = guard(Job::new(build()), counter.clone());
        layers.iter().rev().fold(job, |job, layer| layer.wrap(job))
    })
}

/// The innermost layer: counts the job itself, says while it runs, and never lets it begin under a cancelled context.
fn guard(mut job: Job, counter: Counter) -> Job {
    Job::new(async move |cx| {
        if cx.is_cancelled() {
            return Err(WorkError::Cancelled);
        }
        let _busy = cx.busy();
        counter.count(job.run(cx)).await
    })
}
