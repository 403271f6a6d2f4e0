//! Every error of the Rust face: one small type for each way to fail.

mod deadlock;

use std::any::Any;
use std::fmt;

pub(crate) use deadlock::Scarce;
pub use deadlock::{Awaited, Deadlock};

/// An option was refused when it was set; names the option, the value and the rule. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError {
    option: &'static str,
    value: String,
    rule: &'static str,
}

impl OptionError {
    pub(crate) fn new(option: &'static str, value: impl fmt::Display, rule: &'static str) -> Self {
        Self { option, value: value.to_string(), rule }
    }

    /// The name of the option, as it is spelled in the builder.
    #[must_use]
    pub fn option(&self) -> &'static str {
        self.option
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} is refused, {}", self.option, self.value, self.rule)
    }
}

impl std::error::Error for OptionError {}

/// The pool takes no more tasks: it was closed, its manager was, or its executor is gone. Hands the task back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Closed<F = ()>(pub F);

impl<F> fmt::Debug for Closed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed(..)")
    }
}

impl<F> fmt::Display for Closed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is closed and takes no more tasks")
    }
}

impl<F> std::error::Error for Closed<F> {}

/// Why [`Pool::try_submit`](crate::Pool::try_submit) did not take a task; hands it back by value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySubmitError<F> {
    /// The waiting line is full, or others already wait for room in it.
    Full(F),
    /// The pool is closed, or its executor is gone.
    Closed(F),
}

impl<F> TrySubmitError<F> {
    /// The task that was not taken.
    pub fn into_inner(self) -> F {
        match self {
            Self::Full(task) | Self::Closed(task) => task,
        }
    }

    /// Whether a later try may succeed.
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

impl<F> fmt::Debug for TrySubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_full() { "Full(..)" } else { "Closed(..)" })
    }
}

impl<F> fmt::Display for TrySubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_full() { "the waiting line of the pool is full" } else { "the pool is closed and takes no more tasks" })
    }
}

impl<F> std::error::Error for TrySubmitError<F> {}

/// Which of a task's clocks ran out. None of them is counted in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// `queue_timeout`: from acceptance until the task starts.
    Queue,
    /// `timeout`: from the start of the task until its end.
    Run,
    /// `total_timeout`: from acceptance until the end.
    Total,
    /// `deadline`: a point in time.
    Deadline,
}

/// How a task ended that has no value to give.
pub enum TaskError {
    /// It was cancelled, while waiting or while running.
    Cancelled,
    /// One of its clocks ran out.
    TimedOut(Timeout),
    /// It panicked; carries the payload. Not on wasm, where a panic aborts the module.
    Panicked(Box<dyn Any + Send + 'static>),
    /// The pool was closed before the task was taken, or its executor was dropped.
    Closed,
    /// It went out of a full line for the sake of another; see [`Overflow`](crate::Overflow).
    Dropped,
    /// It was part of a deadlock: the pool's tasks waited for each other, so that it could never have ended.
    Deadlock(Deadlock),
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("Cancelled"),
            Self::TimedOut(clock) => write!(f, "TimedOut({clock:?})"),
            Self::Panicked(_) => f.write_str("Panicked(..)"),
            Self::Closed => f.write_str("Closed"),
            Self::Dropped => f.write_str("Dropped"),
            Self::Deadlock(deadlock) => write!(f, "Deadlock({:?})", deadlock.waits()),
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::TimedOut(Timeout::Queue) => f.write_str("the task waited longer than its queue timeout"),
            Self::TimedOut(Timeout::Run) => f.write_str("the task ran longer than its timeout"),
            Self::TimedOut(Timeout::Total) => f.write_str("the task took longer than its total timeout"),
            Self::TimedOut(Timeout::Deadline) => f.write_str("the task was not done by its deadline"),
            Self::Panicked(payload) => write!(f, "the task panicked: {}", message(payload.as_ref())),
            Self::Closed => f.write_str("the pool was closed, or its executor dropped, before the task ended"),
            Self::Dropped => f.write_str("the task was dropped from a full line for the sake of another"),
            Self::Deadlock(deadlock) => deadlock.fmt(f),
        }
    }
}

impl std::error::Error for TaskError {}

/// Why a [`Group`](crate::Group) or a [`TryMap`](crate::TryMap) has failed: its first error.
pub enum GroupError<E> {
    /// A task gave this error.
    Failed(E),
    /// A task ended without giving anything: it panicked, timed out, was cancelled from outside, or the pool takes no more.
    Task(TaskError),
}

impl<E: fmt::Debug> fmt::Debug for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            Self::Task(error) => f.debug_tuple("Task").field(error).finish(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Task(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error> std::error::Error for GroupError<E> {}

/// Why a [`Group`](crate::Group) did not take a task; hands it back by value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum GroupSubmitError<F> {
    /// The waiting line is full, or others already wait for room in it. Only of `try_submit`; the group goes on.
    Full(F),
    /// The group has failed before.
    Failed(F),
    /// The pool is closed, or its executor is gone. The group has failed by that.
    Closed(F),
}

impl<F> GroupSubmitError<F> {
    /// The task that was not taken.
    pub fn into_inner(self) -> F {
        match self {
            Self::Full(task) | Self::Failed(task) | Self::Closed(task) => task,
        }
    }

    /// Whether a later try may succeed.
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

impl<F> fmt::Debug for GroupSubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Failed(_) => "Failed(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<F> fmt::Display for GroupSubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the waiting line of the pool is full",
            Self::Failed(_) => "the group has failed and takes no more tasks",
            Self::Closed(_) => "the pool is closed and takes no more tasks",
        })
    }
}

impl<F> std::error::Error for GroupSubmitError<F> {}

/// The text of a panic, or that it has none.
pub(crate) fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("with something other than a text")
}
