//! A task's future, and the way of its result to the handle.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use crate::error::TaskError;
use crate::state::Outcome;

/// Where a task's result waits for its handle. Settled once; later settlements are dropped.
pub(super) struct Promise<T> {
    result: RefCell<Option<Result<T, TaskError>>>,
    settled: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl<T> Promise<T> {
    pub(super) const fn new() -> Self {
        Self { result: RefCell::new(None), settled: Cell::new(false), waker: Cell::new(None) }
    }

    pub(super) fn failed(error: TaskError) -> Self {
        let promise = Self::new();
        promise.settle(Err(error));
        promise
    }

    pub(super) fn is_settled(&self) -> bool {
        self.settled.get()
    }

    fn settle(&self, result: Result<T, TaskError>) {
        if !self.settled.replace(true) {
            self.result.replace(Some(result));
        }
    }

    /// Settling and telling are apart, so that whoever is told finds the pool's books in order.
    fn announce(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<Result<T, TaskError>> {
        if let Some(result) = self.result.take() {
            return Poll::Ready(result);
        }
        self.waker.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}

/// A task without its types: what a runner works on.
pub(super) trait Work {
    /// Polls the future; when it is ready, it is dropped and its output promised.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the future where it stands.
    fn stop(self: Pin<&mut Self>);
    fn fail(self: Pin<&mut Self>, error: TaskError);
    fn announce(self: Pin<&mut Self>);
}

pub(super) type BoxedWork = Pin<Box<dyn Work>>;

pin_project! {
    pub(super) struct Job<F: Future> {
        #[pin]
        future: Option<F>,
        promise: Rc<Promise<F::Output>>,
    }
}

impl<F: Future> Job<F> {
    pub(super) const fn new(future: F, promise: Rc<Promise<F::Output>>) -> Self {
        Self { future: Some(future), promise }
    }
}

impl<F: Future> Work for Job<F> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut() {
            let output = ready!(future.poll(cx));
            this.future.set(None);
            this.promise.settle(Ok(output));
        }
        Poll::Ready(())
    }

    fn stop(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }

    fn fail(self: Pin<&mut Self>, error: TaskError) {
        self.promise.settle(Err(error));
    }

    fn announce(self: Pin<&mut Self>) {
        self.promise.announce();
    }
}

pin_project! {
    /// A future that keeps something alive until it is dropped itself.
    pub(super) struct Kept<F> {
        #[pin]
        pub(super) future: F,
        pub(super) generation: Rc<dyn Any>,
    }
}

impl<F: Future> Future for Kept<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

/// Drops a task's future and promises `error`, or the panic of the drop itself. Says how the task has ended by that.
pub(super) fn abort(work: &mut BoxedWork, error: TaskError) -> Outcome {
    let error = match (catch_unwind(AssertUnwindSafe(|| work.as_mut().stop())), error) {
        // The first panic tells more than what came of it.
        (_, error @ TaskError::Panicked(_)) | (Ok(()), error) => error,
        (Err(payload), _) => TaskError::Panicked(payload),
    };
    let outcome = outcome(&error);
    work.as_mut().fail(error);
    outcome
}

pub(super) const fn outcome(error: &TaskError) -> Outcome {
    match error {
        TaskError::Cancelled | TaskError::Closed => Outcome::Cancelled,
        TaskError::TimedOut(_) => Outcome::TimedOut,
        TaskError::Panicked(_) => Outcome::Panicked,
        TaskError::Dropped => Outcome::Dropped,
    }
}

/// Tells the handle that the task is settled, and drops what nobody took. A panic of its waker or of its output stays here: it is
/// nobody's who would hear of it, least of all of whoever drives the executor.
pub(super) fn dismiss(mut work: BoxedWork) {
    let _told = catch_unwind(AssertUnwindSafe(|| work.as_mut().announce()));
    let _dropped = catch_unwind(AssertUnwindSafe(|| drop(work)));
}
