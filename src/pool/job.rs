//! A task's future, and the way of its result: to its sink, or to its handle, for whom it stays where the future was.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::deadlock::ties::Probe;
use super::household::Member;
use crate::error::TaskError;
pub(crate) use crate::state::Outcome;

/// How a task has ended.
pub(crate) type Settled<T> = Result<T, TaskError>;

/// Who receives the result of one task.
pub(crate) trait Sink<T> {
    /// Whether there is a handle, which comes for the result.
    const HAS_HANDLE: bool = false;

    /// Takes the result, or leaves it with the job, and says how a task that gave an output has ended by that. Only the first of several counts.
    fn settle(&self, result: Settled<T>) -> (Outcome, Option<Settled<T>>);

    /// Tells whoever waits. Settling and telling are apart, so that whoever is told finds the pool's books in order.
    fn announce(&self);

    /// Whether who waits is told by a probe.
    fn would_wake(&self, _: &Arc<Probe>) -> bool {
        false
    }
}

/// Leaves the result for the handle, which the slot tells.
pub(super) struct Keep<J>(pub(super) J);

/// Says whether an output is an error.
pub(super) trait Judge<T> {
    fn is_error(&self, output: &T) -> bool;
}

/// No output is.
pub(super) struct Lenient;

impl<T> Judge<T> for Lenient {
    fn is_error(&self, _: &T) -> bool {
        false
    }
}

impl<T> Judge<T> for fn(&T) -> bool {
    fn is_error(&self, output: &T) -> bool {
        self(output)
    }
}

impl<T, J: Judge<T>> Sink<T> for Keep<J> {
    const HAS_HANDLE: bool = true;

    fn settle(&self, result: Settled<T>) -> (Outcome, Option<Settled<T>>) {
        let failed = result.as_ref().is_ok_and(|output| self.0.is_error(output));
        (if failed { Outcome::Failed } else { Outcome::Succeeded }, Some(result))
    }

    fn announce(&self) {}
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
    /// The option with the result that was left here; see [`receive`].
    fn result(self: Pin<&mut Self>) -> Option<&mut dyn Any>;
    /// The household it belongs to; 0 for none.
    fn era(&self) -> u32 {
        0
    }
    /// Its place in its household, given up.
    fn resign(self: Pin<&mut Self>) -> Option<Member> {
        None
    }
}

pub(super) type BoxedWork = Pin<Box<dyn Work>>;

pin_project! {
    #[project = Standing]
    enum Stage<F: Future> {
        Unfinished { #[pin] future: F },
        // For whoever comes for it.
        Ended { result: Option<Settled<F::Output>> },
        Over,
    }
}

pin_project! {
    pub(super) struct Job<F: Future, S> {
        #[pin]
        stage: Stage<F>,
        sink: S,
    }
}

impl<F: Future, S> Job<F, S> {
    pub(super) const fn new(future: F, sink: S) -> Self {
        Self { stage: Stage::Unfinished { future }, sink }
    }

    /// One whose future is gone.
    pub(super) const fn over(sink: S) -> Self {
        Self { stage: Stage::Over, sink }
    }
}

impl<F: Future<Output: 'static>, S: Sink<F::Output>> Work for Job<F, S> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut this = self.project();
        let Standing::Unfinished { future } = this.stage.as_mut().project() else { return Poll::Ready(Outcome::Succeeded) };
        let output = ready!(future.poll(cx));
        this.stage.set(Stage::Over);
        let (outcome, left) = this.sink.settle(Ok(output));
        if let Some(result) = left {
            this.stage.set(Stage::Ended { result: Some(result) });
        }
        Poll::Ready(outcome)
    }

    fn stop(self: Pin<&mut Self>) {
        let mut stage = self.project().stage;
        if matches!(*stage, Stage::Unfinished { .. }) {
            stage.set(Stage::Over);
        }
    }

    fn fail(self: Pin<&mut Self>, error: TaskError) {
        let mut this = self.project();
        if let (_, Some(result)) = this.sink.settle(Err(error))
            && matches!(*this.stage, Stage::Over)
        {
            this.stage.set(Stage::Ended { result: Some(result) });
        }
    }

    fn announce(self: Pin<&mut Self>) {
        self.sink.announce();
    }

    fn would_wake(&self, probe: &Arc<Probe>) -> bool {
        self.sink.would_wake(probe)
    }

    fn result(self: Pin<&mut Self>) -> Option<&mut dyn Any> {
        if let Standing::Ended { result } = self.project().stage.project() { Some(result) } else { None }
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

/// Takes the result that was left in a job of that output.
pub(super) fn receive<T: 'static>(mut work: BoxedWork) -> Option<Settled<T>> {
    work.as_mut().result()?.downcast_mut::<Option<Settled<T>>>()?.take()
}

pub(super) const fn outcome(error: &TaskError) -> Outcome {
    match error {
        TaskError::Cancelled | TaskError::Closed | TaskError::Deadlock(_) => Outcome::Cancelled,
        TaskError::TimedOut(_) => Outcome::TimedOut,
        TaskError::Panicked(_) => Outcome::Panicked,
        TaskError::Dropped => Outcome::Dropped,
    }
}
