//! How a run fails, and every error of [`Workers`](super::Workers): one small type per operation.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::counter::RunCounts;
use super::crew::Tripped;
use crate::error::{OptionError, message};

/// How a run of a job ended that did not succeed.
pub enum WorkError {
    /// It ended because its worker was cancelled. Not a failure: it stops nobody, and is never retried.
    Cancelled,
    /// It took longer than a [`Timeout`](super::Timeout) allows; carries the limit.
    TimedOut(Duration),
    /// It panicked; carries the payload. Not on wasm, where a panic aborts the module.
    Panicked(Box<dyn Any + Send + 'static>),
    /// The job gave an error.
    Failed(Box<dyn Error>),
}

impl WorkError {
    /// The failure of a job by `error`, or `error` itself if it is a `WorkError` already.
    pub fn new(error: impl Into<Box<dyn Error>>) -> Self {
        error.into().downcast().map_or_else(Self::Failed, |error| *error)
    }

    /// Whether it is no failure.
    #[must_use]
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }
}

impl fmt::Debug for WorkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("Cancelled"),
            Self::TimedOut(limit) => f.debug_tuple("TimedOut").field(limit).finish(),
            Self::Panicked(_) => f.write_str("Panicked(..)"),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

impl fmt::Display for WorkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the run was cancelled"),
            Self::TimedOut(limit) => write!(f, "the run took longer than {limit:?}"),
            Self::Panicked(payload) => write!(f, "the run panicked: {}", message(payload.as_ref())),
            Self::Failed(error) => write!(f, "the run failed: {error}"),
        }
    }
}

impl Error for WorkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

/// Why no worker was started. Nothing is left of the attempt.
pub enum StartError {
    /// An option was refused.
    Option(OptionError),
    /// The builder of a job, or a layer, panicked; carries the payload. Not on wasm, where a panic aborts the module.
    Panicked(Box<dyn Any + Send + 'static>),
}

impl From<OptionError> for StartError {
    fn from(error: OptionError) -> Self {
        Self::Option(error)
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(error) => f.debug_tuple("Option").field(error).finish(),
            Self::Panicked(_) => f.write_str("Panicked(..)"),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(error) => error.fmt(f),
            Self::Panicked(payload) => write!(f, "the builder of a job panicked: {}", message(payload.as_ref())),
        }
    }
}

impl Error for StartError {}

/// Why no worker was added. Nothing was changed.
pub enum MoreError {
    /// There are `max` already, those included that are `leaving`: removed, but still in their last run.
    AtMax {
        /// The option.
        max: u32,
        /// How many of them will make room when their run ends.
        leaving: usize,
    },
    /// The workers were closed, stopped by an error, or their executor is gone.
    Closed,
    /// It was called from inside the builder of a job.
    Building,
    /// The builder of the job, or a layer, panicked; carries the payload. Not on wasm, where a panic aborts the module.
    Panicked(Box<dyn Any + Send + 'static>),
}

impl fmt::Debug for MoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMax { max, leaving } => f.debug_struct("AtMax").field("max", max).field("leaving", leaving).finish(),
            Self::Closed => f.write_str("Closed"),
            Self::Building => f.write_str("Building"),
            Self::Panicked(_) => f.write_str("Panicked(..)"),
        }
    }
}

impl fmt::Display for MoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMax { max, leaving } => write!(f, "there are {max} workers already, the most allowed; {leaving} of them are leaving"),
            Self::Closed => f.write_str("the workers are closed and take no more"),
            Self::Building => f.write_str("the builder of a job cannot add workers itself"),
            Self::Panicked(payload) => write!(f, "the builder of a job panicked: {}", message(payload.as_ref())),
        }
    }
}

impl Error for MoreError {}

/// Why no worker was removed. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LessError {
    /// There are only `min` left.
    AtMin {
        /// The option.
        min: u32,
    },
    /// The workers were closed, stopped by an error, or their executor is gone: all are leaving already.
    Closed,
}

impl fmt::Display for LessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMin { min } => write!(f, "there are only {min} workers, the fewest allowed"),
            Self::Closed => f.write_str("the workers are closed, all are leaving"),
        }
    }
}

impl Error for LessError {}

/// An error of a run stopped all workers; tells which, and what became of all runs.
#[derive(Clone)]
pub struct TripError {
    tripped: Tripped,
    report: RunCounts,
}

impl TripError {
    pub(super) const fn new(tripped: Tripped, report: RunCounts) -> Self {
        Self { tripped, report }
    }

    /// The first error that was no cancellation.
    #[must_use]
    pub fn error(&self) -> &Rc<WorkError> {
        &self.tripped.error
    }

    /// The number of the worker that failed.
    #[must_use]
    pub fn worker(&self) -> u64 {
        self.tripped.worker
    }

    /// How many runs that worker had had before.
    #[must_use]
    pub fn run(&self) -> u64 {
        self.tripped.run
    }

    /// What became of all runs.
    #[must_use]
    pub fn report(&self) -> RunCounts {
        self.report
    }
}

impl fmt::Debug for TripError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tripped { error, worker, run } = &self.tripped;
        let mut out = f.debug_struct("TripError");
        out.field("error", error).field("worker", worker).field("run", run).field("report", &self.report).finish()
    }
}

impl fmt::Display for TripError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tripped { error, worker, run } = &self.tripped;
        write!(f, "run {run} of worker {worker} stopped all workers: {error}")
    }
}

impl Error for TripError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.tripped.error.as_ref())
    }
}

/// What [`Ending`](super::Ending) gives instead of a report.
#[derive(Debug, Clone)]
pub enum EndError {
    /// The time was over and `running` workers had not ended. They go on to their end; wait again, or [`abort`](super::Workers::abort).
    TimedOut {
        /// How many.
        running: usize,
    },
    /// An error of a run had stopped all workers, or came while they were closed; all have ended.
    Tripped(TripError),
}

impl fmt::Display for EndError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { running } => write!(f, "{running} workers have not ended in time"),
            Self::Tripped(error) => error.fmt(f),
        }
    }
}

impl Error for EndError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TimedOut { .. } => None,
            Self::Tripped(error) => error.source(),
        }
    }
}

/// Why [`WorkersBuilder::run`](super::WorkersBuilder::run) gave no report.
#[derive(Debug)]
pub enum RunError {
    /// They never started.
    Start(StartError),
    /// An error of a run stopped all workers; all have ended.
    Tripped(TripError),
}

impl From<StartError> for RunError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<TripError> for RunError {
    fn from(error: TripError) -> Self {
        Self::Tripped(error)
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Tripped(error) => error.fmt(f),
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Start(error) => error.source(),
            Self::Tripped(error) => error.source(),
        }
    }
}
