//! What the types of the pool are by nature: of one thread, movable where that is claimed, and printable.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::fmt::Debug;
use std::marker::PhantomPinned;
use std::pin::Pin;

use millpond::workers::{Counter, Elapsed, Ending, Job, Retry, RunCounts, WorkError, WorkerContext};
use millpond::{
    Autoscale, Awaited, Close, CloseReport, Closed, Concurrency, Deadlock, Event, EventLog, Evicted, GetError, Group, GroupError, JobError,
    JobId, JobQueue, Join, Lease, LocalExecutor, ManualClock, Map, OptionError, Order, Overflow, Pool, PoolBuilder, PoolManager,
    PoolOptions, PoolStats, PoolTimings, Priority, QueueStats, Replay, ReplayError, Results, Run, Sleep, Submit, SubmitJob, Task,
    TaskBuilder, TaskError, TaskOutcome, TaskState, Timeout, TryMap, TrySubmitError, Workers,
};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Rig, accepted};

/// Fails to compile if a type implements the trait: then both impls fit, and the call is ambiguous.
macro_rules! assert_not {
    ($trait:path: $($type:ty),+ $(,)?) => {$({
        trait IsNot<A> { fn ambiguous_if_implemented() {} }
        impl<T: ?Sized> IsNot<()> for T {}
        struct Implemented;
        impl<T: ?Sized + $trait> IsNot<Implemented> for T {}
        <$type as IsNot<_>>::ambiguous_if_implemented();
    })+};
}

type Fut = Pin<Box<dyn Future<Output = u8> + Send>>;
type TryFut = Pin<Box<dyn Future<Output = Result<u8, u8>> + Send>>;
type Items = futures::stream::Empty<u8>;

#[wasm_bindgen_test(unsupported = test)]
fn handles_and_futures_stay_on_their_thread() {
    assert_not!(Send: Pool, PoolBuilder, TaskBuilder<Fut>, Task<u8>, Submit<Fut>, Run<Fut>, Close, LocalExecutor, ManualClock, Sleep);
    assert_not!(Sync: Pool, PoolBuilder, TaskBuilder<Fut>, Task<u8>, Submit<Fut>, Run<Fut>, Close, LocalExecutor, ManualClock, Sleep);
    assert_not!(Send: Map<Items, fn(u8) -> Fut, Fut>, TryMap<Items, fn(u8) -> TryFut, TryFut>, Group<u8, u8>, Join<u8, u8>, EventLog);
    assert_not!(Send: PoolManager<u8>, Lease, JobQueue<u8, u8, u8>, SubmitJob<u8, u8, u8>, Results<u8, u8>);
    assert_not!(Send: Workers, WorkerContext, Ending, Job, Counter, Elapsed, Retry);
}

#[wasm_bindgen_test(unsupported = test)]
fn plain_values_and_errors_go_anywhere() {
    fn goes_anywhere<T: Send + Sync + Unpin + 'static>() {}
    goes_anywhere::<(PoolStats, CloseReport, Concurrency, Priority, TaskState, Timeout, Awaited, Deadlock)>();
    goes_anywhere::<(OptionError, Closed, Closed<u8>, TrySubmitError<u8>)>();
    goes_anywhere::<(Autoscale, Evicted, JobId, Order, Overflow, PoolOptions, PoolTimings, QueueStats)>();
    goes_anywhere::<(Event, TaskOutcome, Replay, ReplayError, RunCounts)>();
    fn is_sent<T: Send + 'static>() {}
    is_sent::<TaskError>();
    assert_not!(Sync: TrySubmitError<Cell<u8>>, Closed<Cell<u8>>);
}

#[wasm_bindgen_test(unsupported = test)]
fn futures_can_be_moved_between_polls_even_if_the_task_cannot() {
    fn moves<T: Unpin>() {}
    struct Pinned(PhantomPinned);
    impl Future for Pinned {
        type Output = PhantomPinned;
        fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<PhantomPinned> {
            std::task::Poll::Pending
        }
    }
    moves::<(Task<PhantomPinned>, Submit<Pinned>, Run<Pinned>, Close, Sleep, Pool)>();
    moves::<(Join<PhantomPinned, u8>, SubmitJob<PhantomPinned, u8, u8>, Results<PhantomPinned, u8>, Ending)>();
}

#[wasm_bindgen_test(unsupported = test)]
fn errors_are_errors() {
    fn is_error<T: std::error::Error>() {}
    is_error::<OptionError>();
    is_error::<TaskError>();
    is_error::<Deadlock>();
    is_error::<Closed<Cell<u8>>>();
    is_error::<TrySubmitError<Cell<u8>>>();
    is_error::<GetError>();
    is_error::<GroupError<TaskError>>();
    is_error::<JobError<TaskError>>();
    is_error::<ReplayError>();
    is_error::<WorkError>();
}

#[wasm_bindgen_test(unsupported = test)]
fn everything_can_be_printed_and_says_where_it_stands() {
    fn shows(thing: &impl Debug, expected: &str) {
        let text = format!("{thing:?}");
        assert!(text.contains(expected), "{text}");
    }
    let rig = Rig::with_line(1, 1);
    let running = accepted(rig.pool.try_submit(std::future::pending::<()>()));
    shows(&rig.pool, "running: 1");
    shows(&rig.pool.task(async {}).priority(Priority::High), "High");
    shows(&running, "Running");
    shows(&rig.pool.submit(async {}), "Submit");
    shows(&rig.pool.run(async {}), "Run(Submit");
    shows(&rig.pool.try_submit(async {}), "Waiting");
    shows(&rig.pool.try_submit(async {}), "Full(..)");
    shows(&rig.pool.close().cancel_waiting(), "cancel_waiting: true");
    shows(&rig.pool.try_submit(async {}), "Closed(..)");
    shows(&TaskError::TimedOut(Timeout::Queue), "TimedOut(Queue)");
}

#[wasm_bindgen_test(unsupported = test)]
fn errors_say_what_happened() {
    let texts =
        [TaskError::Cancelled, TaskError::TimedOut(Timeout::Queue), TaskError::TimedOut(Timeout::Run), TaskError::TimedOut(Timeout::Total)];
    assert_eq!(
        texts.map(|error| error.to_string()),
        [
            "the task was cancelled",
            "the task waited longer than its queue timeout",
            "the task ran longer than its timeout",
            "the task took longer than its total timeout"
        ]
    );
    assert_eq!(TaskError::Closed.to_string(), "the pool was closed, or its executor dropped, before the task ended");
    assert_eq!(Closed(()).to_string(), "the pool is closed and takes no more tasks");
}
