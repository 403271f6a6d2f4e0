//! The handle of a task: awaits its output, cancels it, or lets it go.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use async_executor::{FallibleTask, Task};
use futures::FutureExt;
use futures::future::LocalBoxFuture;

/// The output of a task, or what it panicked with.
type Caught<T> = thread::Result<T>;

/// A task started by [`LocalExecutor::spawn`](crate::LocalExecutor::spawn): await it for the output, drop it to detach the task.
///
/// # Errors
/// [`JoinError::Cancelled`] if the task was cancelled or its executor dropped, [`JoinError::Panicked`] if it panicked.
///
/// # Cancel safety
/// Dropped: the task goes on, its output is dropped.
///
/// # Examples
/// ```
/// use millpond::{JoinError, LocalExecutor};
///
/// let ex = LocalExecutor::new();
/// let task = ex.spawn(std::future::pending::<()>());
/// task.cancel();
/// assert!(matches!(ex.block_on(task), Err(JoinError::Cancelled)));
/// ```
pub struct JoinHandle<T> {
    stage: Cell<Stage<T>>,
}

#[derive(Default)]
enum Stage<T> {
    Running(FallibleTask<Caught<T>>),
    /// Told to stop; waits until its future is dropped.
    Cancelling(LocalBoxFuture<'static, Option<Caught<T>>>),
    /// Only while the stage is replaced.
    #[default]
    Between,
}

impl<T> JoinHandle<T> {
    pub(crate) fn new(task: Task<Caught<T>>) -> Self {
        Self { stage: Cell::new(Stage::Running(task.fallible())) }
    }
}

impl<T: 'static> JoinHandle<T> {
    /// Stops the task where it awaits: its future is dropped by the executor's next poll, not inside this call.
    ///
    /// Await the handle to wait for that. A task that has ended already still gives its output; a second cancel does nothing.
    pub fn cancel(&self) {
        let stage = match self.stage.take() {
            Stage::Running(task) => Stage::cancelling(task),
            other => other,
        };
        self.stage.set(stage);
    }
}

impl<T: 'static> Stage<T> {
    /// async-task cancels at the first poll of this future, which is therefore now.
    fn cancelling(task: FallibleTask<Caught<T>>) -> Self {
        let mut cancelled = task.cancel().boxed_local();
        match cancelled.poll_unpin(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Self::Cancelling(cancelled),
            Poll::Ready(output) => Self::Cancelling(std::future::ready(output).boxed_local()),
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let output = match self.stage.get_mut() {
            Stage::Running(task) => Pin::new(task).poll(cx),
            Stage::Cancelling(cancelled) => cancelled.as_mut().poll(cx),
            Stage::Between => Poll::Ready(None),
        };
        output.map(|output| output.ok_or(JoinError::Cancelled)?.map_err(JoinError::Panicked))
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Stage::Running(task) = self.stage.take() {
            task.detach();
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// Why a task has no output.
#[non_exhaustive]
pub enum JoinError {
    /// It was cancelled, or its executor was dropped.
    Cancelled,
    /// It panicked; carries the payload. Not on wasm, where a panic aborts the module.
    Panicked(Box<dyn Any + Send + 'static>),
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "Cancelled",
            Self::Panicked(_) => "Panicked(..)",
        })
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the task was cancelled, or its executor dropped",
            Self::Panicked(_) => "the task panicked",
        })
    }
}

impl std::error::Error for JoinError {}
