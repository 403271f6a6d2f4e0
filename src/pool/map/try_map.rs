//! Maps whose tasks may give errors: the first one ends it all.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{FusedStream, Iter, Stream, iter};
use pin_project_lite::pin_project;

use super::super::Pool;
use super::Map;
use crate::error::{GroupError, TaskError};
use crate::priority::Priority;

/// Maps that end with the first error.
impl Pool {
    /// As [`map`](Self::map), with tasks that give results: the first error cancels all the others and ends the stream. See [`TryMap`].
    ///
    /// # Examples
    /// ```
    /// use futures::TryStreamExt;
    /// use millpond::{LocalExecutor, Pool};
    ///
    /// let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(2).build()?;
    /// let numbers = pool.try_map(["1", "2", "3"], |text| async move { text.parse::<u32>() });
    /// assert_eq!(ex.block_on(numbers.try_collect::<Vec<_>>())?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_map<I, F, Fut, T, E>(&self, items: I, f: F) -> TryMap<Iter<I::IntoIter>, F, Fut>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> Fut,
        Fut: Future<Output = Result<T, E>> + 'static,
    {
        self.try_map_stream(iter(items), f)
    }

    /// As [`map_stream`](Self::map_stream), with tasks that give results; see [`TryMap`].
    pub fn try_map_stream<S, F, Fut, T, E>(&self, items: S, f: F) -> TryMap<S, F, Fut>
    where
        S: Stream,
        F: FnMut(S::Item) -> Fut,
        Fut: Future<Output = Result<T, E>> + 'static,
    {
        TryMap { map: Map::new(self, items, f, |output| !matches!(output, Ok(Ok(_)))) }
    }
}

pin_project! {
    /// A [`Map`] that ends with the first error; see [`Pool::try_map`].
    ///
    /// An error, or a task that ends without an output, cancels every other task of the map in the same turn, waiting or running. What
    /// had ended before, and whose turn it is, is still given; then the error, then nothing more. A task that gives an error is counted
    /// as `failed`.
    ///
    /// In all else it is a [`Map`]: order, laziness, panics, cancel safety and cost are the same.
    ///
    /// # Errors
    /// [`GroupError::Failed`] with the error of a task; [`GroupError::Task`] if a task ended without an output. Items that are left when
    /// the pool is closed are told as `GroupError::Task(TaskError::Closed)` after everything else, and cancel nothing.
    ///
    /// # Examples
    /// ```
    /// use futures::StreamExt;
    /// use millpond::{GroupError, LocalExecutor, Pool};
    ///
    /// let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(1).build()?;
    /// let results = pool.try_map(["1", "two", "3"], |text| async move { text.parse::<u32>() });
    /// let results: Vec<_> = ex.block_on(results.collect());
    /// assert!(matches!(results.as_slice(), [Ok(1), Err(GroupError::Failed(_))]));
    /// assert_eq!((pool.stats().succeeded, pool.stats().failed), (1, 1));
    /// # Ok::<(), millpond::OptionError>(())
    /// ```
    #[must_use = "a map does nothing unless polled"]
    pub struct TryMap<S, F, Fut>
    where
        Fut: Future,
        Fut: 'static,
    {
        #[pin]
        map: Map<S, F, Fut>,
    }
}

impl<S, F, Fut: Future + 'static> TryMap<S, F, Fut> {
    /// Gives outputs as they come, not in the order of the items.
    pub fn unordered(self) -> Self {
        Self { map: self.map.unordered() }
    }

    /// The class of its tasks in the line. Default: [`Priority::Normal`].
    pub fn priority(self, priority: Priority) -> Self {
        Self { map: self.map.priority(priority) }
    }

    /// The longest each of its tasks may wait in line; see [`TaskBuilder::queue_timeout`](crate::TaskBuilder::queue_timeout).
    pub fn queue_timeout(self, timeout: Duration) -> Self {
        Self { map: self.map.queue_timeout(timeout) }
    }

    /// The longest each of its tasks may run; see [`TaskBuilder::timeout`](crate::TaskBuilder::timeout).
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { map: self.map.timeout(timeout) }
    }

    /// The longest each of its tasks may take in all; see [`TaskBuilder::total_timeout`](crate::TaskBuilder::total_timeout).
    pub fn total_timeout(self, timeout: Duration) -> Self {
        Self { map: self.map.total_timeout(timeout) }
    }
}

impl<S, F, Fut, T, E> Stream for TryMap<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + 'static,
{
    type Item = Result<T, GroupError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().map.poll_next(cx).map(|output| output.map(flatten))
    }
}

impl<S, F, Fut, T, E> FusedStream for TryMap<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + 'static,
{
    fn is_terminated(&self) -> bool {
        self.map.is_terminated()
    }
}

impl<S, F, Fut: Future + 'static> fmt::Debug for TryMap<S, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TryMap").field(&self.map).finish()
    }
}

fn flatten<T, E>(output: Result<Result<T, E>, TaskError>) -> Result<T, GroupError<E>> {
    output.map_err(GroupError::Task)?.map_err(GroupError::Failed)
}
