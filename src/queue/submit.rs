//! Giving a job to a queue: waiting for room, or waiting for its result.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::error::{JobError, settled};
use super::shift::Shift;
use super::{JobId, Office};
use crate::error::Closed;
use crate::pool::{Run, Submit};

/// Waits for room in a queue; see [`JobQueue::submit`](crate::JobQueue::submit).
#[must_use = "futures do nothing unless polled"]
pub struct SubmitJob<J: 'static, R: 'static, E: 'static> {
    submit: Submit<Shift<J, R, E>>,
    office: Rc<Office<J, R, E>>,
}

impl<J, R, E> SubmitJob<J, R, E> {
    pub(super) fn new(submit: Submit<Shift<J, R, E>>, office: &Rc<Office<J, R, E>>) -> Self {
        Self { submit, office: Rc::clone(office) }
    }
}

impl<J, R, E> Future for SubmitJob<J, R, E> {
    type Output = Result<JobId, Closed<J>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { submit, office } = &mut *self;
        submit.poll_with(cx, |_| office.enter()).map_err(|Closed(shift)| Closed(shift.into_job()))
    }
}

impl<J, R, E> fmt::Debug for SubmitJob<J, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SubmitJob").field(&self.submit).finish()
    }
}

/// Runs a job and waits for its result; see [`JobQueue::run`](crate::JobQueue::run).
#[must_use = "futures do nothing unless polled"]
pub struct RunJob<J: 'static, R: 'static, E: 'static>(Run<Shift<J, R, E>>);

impl<J, R, E> RunJob<J, R, E> {
    pub(super) const fn new(run: Run<Shift<J, R, E>>) -> Self {
        Self(run)
    }
}

impl<J, R, E> Future for RunJob<J, R, E> {
    type Output = Result<R, JobError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(settled)
    }
}

impl<J, R, E> fmt::Debug for RunJob<J, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunJob").field(&self.0).finish()
    }
}
