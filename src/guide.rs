//! The guide: from the first pool to the host it lives in. There is nothing in this module but text, and every example in it runs.
//!
//! [A pool](#a-pool) · [Backpressure](#backpressure) · [Who goes first](#who-goes-first) · [Time](#time) · [Stopping](#stopping) ·
//! [Many at once](#many-at-once) · [A pool for each key](#a-pool-for-each-key) · [Jobs with handlers](#jobs-with-handlers) ·
//! [Workers](#workers) · [Seeing what happens](#seeing-what-happens) · [Testing](#testing) · [Embedding](#embedding)
//!
//! # A pool
//!
//! Everything runs on one thread. A [`LocalExecutor`](crate::LocalExecutor) polls tasks; a [`Pool`](crate::Pool) decides which of *its* tasks may run.
//! A task is any future; it need not be `Send`, and may share an `Rc` with its neighbours.
//!
//! ```
//! use millpond::{LocalExecutor, Pool};
//! use std::{cell::Cell, rc::Rc};
//!
//! let ex = LocalExecutor::new();
//! let pool = Pool::builder(&ex).concurrency(2).queue_capacity(100).build()?;
//!
//! let sum = Rc::new(Cell::new(0));
//! let add = |number: u32| {
//!     let sum = sum.clone();
//!     async move { sum.set(sum.get() + number) }
//! };
//!
//! ex.block_on(async {
//!     pool.run(add(1)).await?; // waits for the end, and has the output
//!     let task = pool.submit(add(2)).await?; // waits for room in the line, and has a handle
//!     task.await?;
//!     drop(pool.try_submit(add(3))?); // never waits; a dropped handle lets the task go on by itself
//!     pool.close().await; // no more tasks; waits until all have ended
//!     Ok::<_, Box<dyn std::error::Error>>(())
//! })?;
//! assert_eq!(sum.get(), 6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every accepted task settles exactly once: with its output, or with a [`TaskError`](crate::TaskError) that says why not. A panic of a task
//! is caught and told to its handle (natively; on wasm it aborts).
//!
//! # Backpressure
//!
//! The line of a pool is bounded, as long as the concurrency unless you say otherwise. What does not fit comes back to you by value: a server
//! answers 503, a producer waits.
//!
//! ```
//! use millpond::{LocalExecutor, Pool, TrySubmitError};
//!
//! let ex = LocalExecutor::new();
//! let pool = Pool::builder(&ex).concurrency(1).queue_capacity(1).build()?;
//! let (_runs, _waits) = (pool.try_submit(async {})?, pool.try_submit(async {})?);
//! match pool.try_submit(async { "a third" }) {
//!     Err(TrySubmitError::Full(future)) => assert_eq!(ex.block_on(future), "a third"), // nothing was lost
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`PoolBuilder::overflow`](crate::PoolBuilder::overflow) has the line drop somebody instead: the oldest, or who would start last.
//! [`PoolBuilder::unbounded_queue`](crate::PoolBuilder::unbounded_queue) takes everything, at your own risk.
//!
//! # Who goes first
//!
//! Higher [`Priority`](crate::Priority) first; inside a class first come, first served, or by [`Order::Lifo`](crate::Order) the freshest first.
//! A permit that comes free is handed to the head of the line directly: no newcomer is faster. The priority of a waiting task can
//! be changed at any time. With [`aging`](crate::PoolBuilder::aging) nobody waits for ever.
//!
//! A task may be heavier than others: [`weight(2)?`](crate::TaskBuilder::weight) takes two units of the concurrency.
//!
//! ```
//! use millpond::{LocalExecutor, Pool, Priority};
//! use std::time::Duration;
//!
//! let ex = LocalExecutor::new();
//! let pool = Pool::builder(&ex).concurrency(4).aging(Duration::from_secs(10)).build()?;
//! let thumbnail = pool.task(async { "small" }).priority(Priority::Low).try_submit()?;
//! let video = pool.task(async { "large" }).weight(3)?.try_submit()?;
//! thumbnail.set_priority(Priority::Critical); // somebody looks at it now; no effect once it runs
//! assert_eq!((ex.block_on(thumbnail)?, ex.block_on(video)?), ("small", "large"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Time
//!
//! Four clocks, none of which is counted in another: [`queue_timeout`](crate::TaskBuilder::queue_timeout) while a task waits,
//! [`timeout`](crate::TaskBuilder::timeout) while it runs, [`total_timeout`](crate::TaskBuilder::total_timeout) for both, and
//! [`deadline`](crate::TaskBuilder::deadline), a point in time. A task that is late never starts. [`rate`](crate::PoolBuilder::rate) bounds how many start
//! in a span of time, beside the concurrency.
//!
//! All deadlines of an executor share one timer, and while nothing waits on time there is none.
//!
//! # Stopping
//!
//! | | |
//! |---|---|
//! | [`Task::cancel`](crate::Task::cancel) | a waiting task leaves the line, a running one is dropped where it awaits |
//! | [`Pool::pause`](crate::Pool::pause), [`resume`](crate::Pool::resume) | nothing new starts |
//! | [`Pool::resize`](crate::Pool::resize) | fewer or more; after a shrink nothing starts until fewer run |
//! | [`Pool::close`](crate::Pool::close) | takes no more, drains; can be awaited again and again |
//! | [`close().within(..)`](crate::Close::within) | drains for so long, then cancels, and tells how many |
//!
//! # Many at once
//!
//! [`Pool::map`](crate::Pool::map) makes tasks of the items of an iterator or a stream, as there is room to start them: an endless source is no harm. Their
//! outputs come as a stream, in the order of the items or [as completed](crate::Map::unordered). [`try_map`](crate::Pool::try_map) and
//! [`Group`](crate::Group) stop at the first error and cancel all the others.
//!
//! ```
//! use futures::TryStreamExt;
//! use millpond::{GroupError, LocalExecutor, Pool};
//!
//! let ex = LocalExecutor::new();
//! let pool = Pool::builder(&ex).concurrency(3).build()?;
//! let sizes = pool.map(["a", "bc", "def"], async |word: &str| word.len());
//! assert_eq!(ex.block_on(sizes.try_collect::<Vec<_>>())?, [1, 2, 3]);
//!
//! let numbers = pool.try_map(["1", "two", "3"], async |text: &str| text.parse::<u32>());
//! assert!(matches!(ex.block_on(numbers.try_collect::<Vec<_>>()), Err(GroupError::Failed(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A task that waits for another task of its own pool holds its permit meanwhile. When all do, and nothing outside can help, that is told as
//! an error that names the cycle ([`Deadlock`](crate::Deadlock)): run nested work in a pool of its own.
//!
//! # A pool for each key
//!
//! A [`PoolManager`](crate::PoolManager) builds one pool per key when it is needed, and lets it expire when it is not: per tenant, per host, per
//! file. A [`Lease`](crate::Lease) is the right to use the pool of a key; while there is one, or a task, the pool stays. All pools together can have a cap of
//! their own, at which keys take turns.
//!
//! ```
//! use millpond::{LocalExecutor, ManualClock, PoolManager, Resource};
//! use std::time::Duration;
//!
//! struct Connection(&'static str);
//! impl Resource for Connection {
//!     async fn dispose(self) { /* say goodbye; runs exactly once */ }
//! }
//!
//! let ex = LocalExecutor::with_clock(ManualClock::new());
//! let hosts = PoolManager::<&str, Connection>::builder(&ex)
//!     .pool_concurrency(2)
//!     .concurrency(50)
//!     .idle_timeout(Duration::from_secs(60))
//!     .build()?;
//! let lease = ex.block_on(hosts.get_with("db", async |host| Ok::<_, std::io::Error>(Connection(host))))?;
//! assert_eq!(lease.resource().0, "db");
//! drop(lease);
//! ex.advance(Duration::from_secs(60))?;
//! assert!(hosts.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Jobs with handlers
//!
//! A [`JobQueue`](crate::JobQueue) takes jobs of one type and gives each of its workers a handler of its own, with a state that nobody else sees, built
//! when there is first a job for it. The workers follow the work between two bounds; [`Pool::autoscale`](crate::Pool::autoscale) does the same for a pool.
//!
//! ```
//! use millpond::{JobQueue, LocalExecutor};
//!
//! let ex = LocalExecutor::new();
//! let queue = JobQueue::builder(&ex).workers(1..=4).capacity(100).build(|worker: usize| {
//!     let mut done = 0; // of this worker alone
//!     async move |job: u32| {
//!         done += 1;
//!         job.checked_mul(job).ok_or(format!("worker {worker}, job {done}: too large"))
//!     }
//! })?;
//! assert_eq!(ex.block_on(queue.run(7))?, 49);
//! assert!(ex.block_on(queue.run(70_000)).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Workers
//!
//! Where nothing is submitted and one job is to be done again and again, there are [`Workers`](crate::Workers): so many at least, so many at most,
//! more or fewer while they run, and [middleware](crate::workers) around each run, the first added outermost.
//!
//! ```
//! use millpond::workers::{Counter, Pause, Retry};
//! use millpond::{LocalExecutor, ManualClock, Workers};
//! use std::time::Duration;
//!
//! let ex = LocalExecutor::with_clock(ManualClock::new());
//! let counter = Counter::new();
//! let workers = Workers::builder(&ex)
//!     .max(2)
//!     .layer(counter.clone())
//!     .layer(Pause::between(Duration::from_secs(60)))
//!     .layer(Retry::exponential(3))
//!     .start(|| async |cx| cx.sleep(Duration::from_secs(1)).await)?;
//! ex.advance(Duration::from_secs(300))?;
//! assert_eq!(counter.snapshot().succeeded, 5);
//! ex.block_on(workers.close())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Seeing what happens
//!
//! | | |
//! |---|---|
//! | [`Pool::stats`](crate::Pool::stats) | counters at one instant; they always add up |
//! | [`Pool::timings`](crate::Pool::timings) | how long tasks waited and ran, with percentiles; by [`timings`](crate::PoolBuilder::timings) |
//! | [`on_event`](crate::PoolBuilder::on_event), [`EventLog`](crate::EventLog) | everything that happens, in order, as lines of text that [`Replay`](crate::Replay) can check |
//! | feature `metrics` | named pools in the recorder you install; `examples/prometheus.rs` |
//! | feature `tracing` | a span for each task, below the one it was submitted in |
//! | [`on_evict`](crate::PoolManagerBuilder::on_evict) | why each pool of a manager went |
//!
//! # Testing
//!
//! Give the executor a [`ManualClock`](crate::ManualClock), and time is yours: [`advance`](crate::LocalExecutor::advance) goes from one deadline to the next and runs what each one
//! wakes. One clock drives sleeps, timeouts, expiry, retries, rates and scaling; equal deadlines come in the order they were set.
//!
//! ```
//! use millpond::{LocalExecutor, ManualClock, Pool, TaskError, Timeout};
//! use std::time::Duration;
//!
//! let ex = LocalExecutor::with_clock(ManualClock::new());
//! let pool = Pool::builder(&ex).concurrency(1).build()?;
//! let slow = pool.task(ex.sleep(Duration::from_secs(3600))).timeout(Duration::from_secs(30)).try_submit()?;
//! ex.advance(Duration::from_secs(30))?; // takes no time at all
//! assert!(matches!(ex.block_on(slow), Err(TaskError::TimedOut(Timeout::Run))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | step | |
//! |---|---|
//! | [`step(n)`](crate::LocalExecutor::step) | so many polls |
//! | [`run_until_idle`](crate::LocalExecutor::run_until_idle) | until nothing is ready |
//! | [`advance_to(time)`](crate::LocalExecutor::advance_to), [`advance(span)`](crate::LocalExecutor::advance) | from deadline to deadline, until then |
//! | [`run_until_settled(within)`](crate::LocalExecutor::run_until_settled), [`block_on`](crate::LocalExecutor::block_on) | the clock goes by itself |
//!
//! The same seed gives the same events, byte for byte, natively and in wasm.
//!
//! # Embedding
//!
//! The executor is driven by whoever has the thread:
//!
//! | host | how | example |
//! |---|---|---|
//! | a thread of its own | [`block_on`](crate::LocalExecutor::block_on) | `examples/quickstart.rs` |
//! | smol, tokio's `current_thread`, any other executor | [`run(future).await`](crate::LocalExecutor::run) | `examples/in_smol.rs`, `examples/in_tokio.rs` |
//! | the loop of a game or a window | [`try_tick`](crate::LocalExecutor::try_tick) within a budget | `examples/frame_loop.rs` |
//! | a page, a worker | `drive` | `examples/web_page` |
//!
//! In a page the executor works in slices of 3 ms and gives the page a whole turn between them. Servers drain with
//! `close().within(..)` when they are told to stop: `examples/http_shed.rs`. A client that limits itself per host: `examples/downloader.rs`.
