//! One job as a task of the pool.

use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;

use super::crew::Staff;

/// Waits in the pool's line as the plain job; looks for a handler when it starts.
pub(super) struct Shift<J, R, E> {
    staff: Rc<dyn Staff<J, R, E>>,
    stage: Stage<J, R, E>,
}

enum Stage<J, R, E> {
    Waiting(J),
    Running(LocalBoxFuture<'static, Result<R, E>>),
    Over,
}

// The job is moved, never polled.
impl<J, R, E> Unpin for Shift<J, R, E> {}

impl<J, R, E> Shift<J, R, E> {
    pub(super) const fn new(staff: Rc<dyn Staff<J, R, E>>, job: J) -> Self {
        Self { staff, stage: Stage::Waiting(job) }
    }

    /// The job of a shift that was not accepted.
    pub(super) fn into_job(self) -> J {
        match self.stage {
            Stage::Waiting(job) => job,
            Stage::Running(_) | Stage::Over => unreachable!("only an accepted job starts"),
        }
    }
}

impl<J, R, E> Future for Shift<J, R, E> {
    type Output = Result<R, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut work = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Waiting(job) => Rc::clone(&self.staff).serve(job),
            Stage::Running(work) => work,
            Stage::Over => return Poll::Pending,
        };
        let Poll::Ready(result) = work.as_mut().poll(cx) else {
            self.stage = Stage::Running(work);
            return Poll::Pending;
        };
        Poll::Ready(result)
    }
}
