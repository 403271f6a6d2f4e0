//! A task's future, and the way of its result to the handle.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use super::deadlock::ties::Probe;
use crate::error::TaskError;
use crate::foreign::isolated;
use crate::state::Outcome;

/// Where a task's result waits for its handle. Settled once; later settlements are dropped.
pub(super) struct Promise<T> {
    result: Cell<Option<Result<T, TaskError>>>,
    settled: Cell<bool>,
    listener: Cell<Option<Listener<T>>>,
}

/// Who is told.
enum Listener<T> {
    /// Comes for the result.
    Waker(Waker),
    /// Is given the result.
    Heir(Heir<T>),
}

pub(super) type Heir<T> = Box<dyn FnOnce(Result<T, TaskError>)>;

impl<T> Promise<T> {
    pub(super) const fn new() -> Self {
        Self { result: Cell::new(None), settled: Cell::new(false), listener: Cell::new(None) }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.settled.get()
    }

    fn settle(&self, result: Result<T, TaskError>) {
        if !self.settled.replace(true) {
            self.result.set(Some(result));
        }
    }

    fn announce(&self) {
        match self.listener.take() {
            Some(Listener::Waker(waker)) => waker.wake(),
            Some(Listener::Heir(heir)) => self.bequeath(heir),
            None => {}
        }
    }

    /// Has the result go to `heir` as soon as there is one.
    pub(super) fn bequeath(&self, heir: Heir<T>) {
        match self.result.take() {
            Some(result) => heir(result),
            None => self.listener.set(Some(Listener::Heir(heir))),
        }
    }

    fn would_wake(&self, probe: &Arc<Probe>) -> bool {
        let listener = self.listener.take();
        let would = matches!(&listener, Some(Listener::Waker(waker)) if probe.is(waker));
        self.listener.set(listener);
        would
    }

    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<Result<T, TaskError>> {
        if let Some(result) = self.result.take() {
            return Poll::Ready(result);
        }
        self.listener.set(Some(Listener::Waker(cx.waker().clone())));
        Poll::Pending
    }
}

/// Who receives the result of one task.
pub(super) trait Sink<T> {
    /// Takes the result, and says how a task that gave an output has ended by that. Only the first of several counts.
    fn settle(&self, result: Result<T, TaskError>) -> Outcome;
    /// Tells whoever waits. Settling and telling are apart, so that whoever is told finds the pool's books in order.
    fn announce(&self);
    /// Whether who waits is told by a probe.
    fn would_wake(&self, probe: &Arc<Probe>) -> bool;
}

/// The end of a promise at the task's side, with how to tell whether an output is an error.
pub(super) struct Receiver<T> {
    pub(super) promise: Rc<Promise<T>>,
    pub(super) is_error: Option<fn(&T) -> bool>,
}

impl<T> Sink<T> for Receiver<T> {
    fn settle(&self, result: Result<T, TaskError>) -> Outcome {
        let failed = self.is_error.is_some_and(|is_error| result.as_ref().is_ok_and(is_error));
        self.promise.settle(result);
        if failed { Outcome::Failed } else { Outcome::Succeeded }
    }

    fn announce(&self) {
        self.promise.announce();
    }

    fn would_wake(&self, probe: &Arc<Probe>) -> bool {
        self.promise.would_wake(probe)
    }
}

/// A task without its types: what a runner works on.
pub(super) trait Work {
    /// Polls the future; when it is ready, it is dropped and its output handed on. Says how the task has ended.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome>;
    /// Drops the future where it stands.
    fn stop(self: Pin<&mut Self>);
    fn fail(self: Pin<&mut Self>, error: TaskError);
    fn announce(self: Pin<&mut Self>);
    /// Whether who awaits it is told by a probe.
    fn would_wake(&self, probe: &Arc<Probe>) -> bool;
    /// The household it belongs to; 0 for none.
    fn era(&self) -> u32 {
        0
    }
}

pub(super) type BoxedWork = Pin<Box<dyn Work>>;

pin_project! {
    pub(super) struct Job<F, S> {
        #[pin]
        future: Option<F>,
        sink: S,
    }
}

impl<F, S> Job<F, S> {
    pub(super) const fn new(future: F, sink: S) -> Self {
        Self { future: Some(future), sink }
    }
}

impl<F: Future, S: Sink<F::Output>> Work for Job<F, S> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Ready(Outcome::Succeeded) };
        let output = ready!(future.poll(cx));
        this.future.set(None);
        Poll::Ready(this.sink.settle(Ok(output)))
    }

    fn stop(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }

    fn fail(self: Pin<&mut Self>, error: TaskError) {
        self.sink.settle(Err(error));
    }

    fn announce(self: Pin<&mut Self>) {
        self.sink.announce();
    }

    fn would_wake(&self, probe: &Arc<Probe>) -> bool {
        self.sink.would_wake(probe)
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
        TaskError::Cancelled | TaskError::Closed | TaskError::Deadlock(_) => Outcome::Cancelled,
        TaskError::TimedOut(_) => Outcome::TimedOut,
        TaskError::Panicked(_) => Outcome::Panicked,
        TaskError::Dropped => Outcome::Dropped,
    }
}

/// Tells the handle that the task is settled, and drops what nobody took. A panic of its waker or of its output stays here: it is
/// nobody's who would hear of it, least of all of whoever drives the executor.
pub(super) fn dismiss(mut work: BoxedWork) {
    isolated(|| work.as_mut().announce());
    isolated(|| drop(work));
}
