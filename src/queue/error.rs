//! Why a job has no result.

use std::fmt;

use crate::error::TaskError;

/// Why a job of a [`JobQueue`](crate::JobQueue) has no result.
#[derive(Debug)]
pub enum JobError<E> {
    /// Its handler gave an error.
    Failed(E),
    /// Its handler never came to an end: the job was cancelled, or it or the generator panicked, or the queue was closed before it was
    /// taken, or the executor is gone.
    Task(TaskError),
}

impl<E> From<TaskError> for JobError<E> {
    fn from(error: TaskError) -> Self {
        Self::Task(error)
    }
}

impl<E: fmt::Display> fmt::Display for JobError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "the job failed: {error}"),
            Self::Task(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for JobError<E> {}

/// What a task of the pool says of its job.
pub(super) fn settled<R, E>(ended: Result<Result<R, E>, TaskError>) -> Result<R, JobError<E>> {
    ended?.map_err(JobError::Failed)
}
