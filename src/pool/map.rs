//! Maps: a pool's tasks made from the items of an iterator or a stream, one by one, as there is room to start them.
//!
//! ```text
//!  source ──> f ──> the pool's line ──> running ──> held ──> who polls the map
//!   └── pulled by polling the map ──┘   └─ the executor ─┘
//! ```
//!
//! Invariant: a map pulls an item only when the task made of it would be one of at most `concurrency` that have not ended, and only as
//! long as few enough outputs wait to be taken.

mod flight;
mod held;
mod try_map;

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{FusedStream, Iter, Stream, iter};
use pin_project_lite::pin_project;

pub use try_map::TryMap;

use super::Pool;
use super::submit::Options;
use super::watchers::Watcher;
use crate::error::TaskError;
use crate::limit::Limit;
use crate::priority::Priority;
use flight::Flight;
use held::Held;

/// How many items are pulled in one poll at most, before whoever polls has a turn.
const TURN: u32 = 64;

/// How many outputs may wait to be taken before nothing more is pulled, whatever the limit of the pool.
const MOST_HELD: u32 = 1024;

/// Maps over iterators and streams.
impl Pool {
    /// Runs a task for each item of an iterator, and gives their outputs as a stream: in the order of the items, or
    /// [as completed](Map::unordered). See [`Map`].
    ///
    /// # Examples
    /// ```
    /// use futures::StreamExt;
    /// use millpond::{LocalExecutor, Pool};
    ///
    /// let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(3).build()?;
    /// let squares = pool.map(1.., |number: u32| async move { number * number });
    /// let first: Vec<u32> = ex.block_on(squares.take(4).map(|output| output.unwrap_or(0)).collect());
    /// assert_eq!(first, [1, 4, 9, 16]);
    /// # Ok::<(), millpond::OptionError>(())
    /// ```
    pub fn map<I, F, Fut>(&self, items: I, f: F) -> Map<Iter<I::IntoIter>, F, Fut>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> Fut,
        Fut: Future + 'static,
    {
        self.map_stream(iter(items), f)
    }

    /// Runs a task for each item of a stream; otherwise as [`map`](Self::map).
    ///
    /// # Examples
    /// ```
    /// use futures::channel::mpsc;
    /// use futures::{StreamExt, TryStreamExt};
    /// use millpond::{LocalExecutor, Pool};
    ///
    /// let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).concurrency(3).build()?;
    /// let (send, receive) = mpsc::unbounded();
    /// let lengths = pool.map_stream(receive, |word: &str| async move { word.len() });
    /// ["mill", "pond", "water"].into_iter().for_each(|word| assert!(send.unbounded_send(word).is_ok()));
    /// drop(send);
    /// assert_eq!(ex.block_on(lengths.try_collect::<Vec<_>>())?, [4, 4, 5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map_stream<S, F, Fut>(&self, items: S, f: F) -> Map<S, F, Fut>
    where
        S: Stream,
        F: FnMut(S::Item) -> Fut,
        Fut: Future + 'static,
    {
        Map::new(self, items, f, |_| false)
    }
}

pin_project! {
    /// The outputs of tasks made from items, one by one; see [`Pool::map`].
    ///
    /// Polling it pulls items and makes tasks of them; the executor runs these, whether the map is polled or not. They stand in the
    /// pool's own line, under its cap, beside the tasks of others.
    ///
    /// # Order
    /// That of the items, unless [`unordered`](Self::unordered). Tasks are submitted in the order of the items in either case.
    ///
    /// # Laziness
    /// With `c` for the concurrency of the pool (and its manager) at that moment: an item is pulled, and `f` called with it, only when
    /// fewer than `c` tasks of this map have not ended. Items pulled and not given yet are never more than `c` as completed, and `2 c`
    /// in order, where outputs may wait for an earlier one. While 1,024 outputs wait, nothing is pulled at all. One poll pulls at most
    /// 64 items. Nothing is pulled before the first poll, nor after the source has ended. If the line is full the map waits for room,
    /// with one item.
    ///
    /// # Errors
    /// Items are [`TaskError`]s where a task was cancelled from outside, timed out, panicked, or was dropped from the line; the map goes
    /// on. When the pool is closed, what it has accepted is still given; if items are left then, or the source does not know yet, the
    /// last item is one [`TaskError::Closed`]. An item may be pulled and dropped to learn whether any is left.
    ///
    /// # Panics
    /// A panic of the source or of `f` reaches whoever polls the map; the item is lost, the tasks go on. A panic of a task is an item.
    ///
    /// # Cancel safety
    /// The next item can be awaited and given up at any time: nothing is lost. Dropping the map cancels all its tasks at once, those
    /// that wait and those that run; their permits are back when the drop ends.
    ///
    /// # Cost
    /// One allocation per item, one more and an executor task for an item that finds the line full. No timer unless a timeout is set.
    ///
    /// # Hazard
    /// A task that polls a map of its own pool holds its permit meanwhile; if all are held so, an item is [`TaskError::Deadlock`]. Not where an
    /// item waits for room in the line: that may hang.
    ///
    /// # Source
    /// `buffered` and `buffer_unordered` of futures, with tasks that do not starve when nobody polls (futures-rs #2387), and that are
    /// always as many as may be (#2961); the bounds are p-map's.
    ///
    /// # Examples
    /// ```
    /// use futures::StreamExt;
    /// use millpond::{LocalExecutor, ManualClock, Pool, TaskError};
    /// use std::time::Duration;
    ///
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// let pool = Pool::builder(&ex).concurrency(2).build()?;
    /// let clock = ex.clone();
    /// let naps = pool.map([3, 1, 9], move |seconds| {
    ///     let nap = clock.sleep(Duration::from_secs(seconds));
    ///     async move { nap.await; seconds }
    /// });
    /// let ends: Vec<_> = ex.block_on(naps.timeout(Duration::from_secs(5)).unordered().map(Result::ok).collect());
    /// assert_eq!(ends, [Some(1), Some(3), None]);
    /// # Ok::<(), millpond::OptionError>(())
    /// ```
    #[must_use = "a map does nothing unless polled"]
    pub struct Map<S, F, Fut>
    where
        Fut: Future,
        Fut: 'static,
    {
        #[pin]
        source: S,
        f: F,
        pool: Pool,
        options: Options,
        // Nothing is pulled any more.
        ended: bool,
        flight: Rc<Flight<Fut::Output>>,
    }

    impl<S, F, Fut> PinnedDrop for Map<S, F, Fut>
    where
        Fut: Future,
        Fut: 'static,
    {
        fn drop(this: Pin<&mut Self>) {
            this.flight.cancel();
        }
    }
}

impl<S, F, Fut: Future + 'static> Map<S, F, Fut> {
    fn new(pool: &Pool, source: S, f: F, is_error: fn(&Result<Fut::Output, TaskError>) -> bool) -> Self {
        let flight = Rc::new(Flight::new(Rc::clone(pool.mill()), is_error));
        let watcher: Rc<dyn Watcher> = flight.clone();
        pool.mill().watchers.add(pool.lane(), Rc::downgrade(&watcher));
        Self { source, f, pool: pool.clone(), options: Options::default(), ended: false, flight }
    }

    /// Gives outputs as they come, not in the order of the items.
    pub fn unordered(self) -> Self {
        self.flight.give_as_completed();
        self
    }

    /// The class of its tasks in the line. Default: [`Priority::Normal`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = priority;
        self
    }

    /// The longest each of its tasks may wait in line; see [`TaskBuilder::queue_timeout`](crate::TaskBuilder::queue_timeout).
    pub fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeouts.queue = Some(timeout);
        self
    }

    /// The longest each of its tasks may run; see [`TaskBuilder::timeout`](crate::TaskBuilder::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeouts.run = Some(timeout);
        self
    }

    /// The longest each of its tasks may take in all; see [`TaskBuilder::total_timeout`](crate::TaskBuilder::total_timeout).
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeouts.total = Some(timeout);
        self
    }

    /// Whether it may make one more task.
    fn has_room(&self) -> bool {
        let limit = self.pool.mill().look(|pond| pond.lane_limit(self.pool.lane()).map_or(pond.limit(), |limit| limit.min(pond.limit())));
        let unfinished = self.flight.unfinished();
        let room = |held: &Held<_>| {
            // One whose turn it is goes in this very poll.
            let stay = held.count() - u32::from(held.is_ready());
            stay < MOST_HELD && u64::from(unfinished) + u64::from(stay) < window(limit, held.is_ordered())
        };
        limit.has_room(unfinished) && self.flight.look(room)
    }

    fn may_pull(&self) -> bool {
        !self.ended && !self.flight.is_over() && !self.flight.is_at_door() && self.has_room()
    }

    /// Nothing comes any more but what is held.
    fn has_ended(&self) -> bool {
        self.flight.is_over() || (self.ended && self.flight.unfinished() == 0)
    }
}

/// How many items may be on their way, from the source to who polls.
fn window(limit: Limit, ordered: bool) -> u64 {
    u64::from(limit.get()) << u8::from(ordered)
}

impl<S, F, Fut> Map<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future + 'static,
{
    /// Makes as many tasks as there may be.
    fn fill(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if self.pool.is_closed() && self.flight.is_at_door() {
            self.flight.leave_door();
            self.flight.fall_short();
        }
        *self.as_mut().project().ended |= self.flight.is_short();
        for _ in 0..TURN {
            if !self.may_pull() || !self.as_mut().pull(cx) {
                return;
            }
        }
        if self.may_pull() {
            cx.waker().wake_by_ref();
        }
    }

    /// Makes a task of one item. False if there is none now, or never will be.
    fn pull(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let this = self.project();
        let item = match this.source.poll_next(cx) {
            Poll::Ready(Some(item)) => Some(item),
            Poll::Ready(None) => {
                *this.ended = true;
                return false;
            }
            Poll::Pending => None,
        };
        if this.pool.is_closed() {
            this.flight.fall_short();
        } else if let Some(item) = item {
            this.flight.submit(this.options.describe(this.pool, (this.f)(item)));
        } else {
            return false;
        }
        *this.ended |= this.flight.is_short();
        !*this.ended
    }
}

impl<S, F, Fut> Stream for Map<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future + 'static,
{
    type Item = Result<Fut::Output, TaskError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.flight.listen(cx.waker());
        self.as_mut().fill(cx);
        if let Some(output) = self.flight.take() {
            return Poll::Ready(Some(output));
        }
        if !self.has_ended() {
            self.flight.tie();
            return Poll::Pending;
        }
        Poll::Ready(self.flight.take_short().then_some(Err(TaskError::Closed)))
    }
}

impl<S, F, Fut> FusedStream for Map<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future + 'static,
{
    fn is_terminated(&self) -> bool {
        self.has_ended() && self.flight.look(Held::count) == 0 && !self.flight.is_short()
    }
}

impl<S, F, Fut: Future + 'static> fmt::Debug for Map<S, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("flight", &self.flight).field("options", &self.options).finish_non_exhaustive()
    }
}
