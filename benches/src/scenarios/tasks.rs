//! Everything is submitted, then everything is awaited in order by its handle.

use std::hint::black_box;

use anyhow::Result;

use crate::meter::{Clock, Counter, Meter};
use crate::peers::streams::{BUFFER_UNORDERED, FUTURES_UNORDERED, buffer_unordered, futures_unordered};
use crate::peers::{BARE_SPAWN, LOCAL_EXECUTOR, LOCAL_SET, MINIMUM};
use crate::peers::{BareSpawn, JoinSetSemaphore, LocalExecutorSemaphore, LocalPoolSemaphore, LocalSetSemaphore, Millpond, Minimum, Peer};
use crate::plan::{Plan, decades, spell};
use crate::scenario::{Contender, Point, Scenario, Target};
use crate::work::{check, give_way};

pub(crate) fn limit_10(plan: Plan) -> Scenario {
    no_ops(plan, "tasks-limit-10", 10)
}

pub(crate) fn limit_100(plan: Plan) -> Scenario {
    no_ops(plan, "tasks-limit-100", 100)
}

fn no_ops(plan: Plan, id: &'static str, limit: usize) -> Scenario {
    let count = plan.count(1_000_000);
    Scenario {
        id,
        title: format!("{} no-op tasks, limit {limit}, with result handle", spell(count)),
        unit: "ns per task",
        says: "From the first submission to the last result: all tasks are submitted, then each is awaited in order by its handle. bare spawn has no \
               limit, JoinSet gives results as they come, buffer_unordered and FuturesUnordered pull tasks one by one and have no handles.",
        x: None,
        points: vec![Point { at: count, rounds: plan.rounds(7) }],
        contenders: everyone(Clock, limit, no_op),
        targets: vec![
            Target::ratio(BARE_SPAWN, 0.7),
            Target::ratio(LOCAL_EXECUTOR, 0.5),
            Target::ratio(LOCAL_SET, 0.2),
            Target::ratio(MINIMUM, 1.3),
        ],
    }
}

pub(crate) fn yielding(plan: Plan) -> Scenario {
    let count = plan.count(1_000_000);
    let task = |number| async move {
        for _ in 0..10 {
            give_way().await;
        }
        number
    };
    Scenario {
        id: "yield-10",
        title: format!("{} tasks that each give way 10 times, limit 10, with result handle", spell(count)),
        unit: "ns per task",
        says: "As with no-op tasks, but each wakes itself 10 times before it ends, so that it is polled 11 times.",
        x: None,
        points: vec![Point { at: count, rounds: plan.rounds(5) }],
        contenders: everyone(Clock, 10, task),
        targets: vec![Target::ratio(BARE_SPAWN, 1.1)],
    }
}

pub(crate) fn count(plan: Plan) -> Scenario {
    // At 10 M a round takes seconds.
    let rounds = |at| if at < 10_000_000 { 7 } else { 3 };
    let last = plan.count(10_000_000);
    Scenario {
        id: "tasks-count",
        title: format!("1 k to {} no-op tasks, limit 10, with result handle", spell(last)),
        unit: "ns per task",
        says: "As with 1 M no-op tasks, by their number: what a task costs must not grow with how many there are.",
        x: Some("tasks"),
        points: decades(last).map(|at| Point { at, rounds: plan.rounds(rounds(at)) }).collect(),
        contenders: vec![
            handles::<Millpond, _, _>(Clock, 10, no_op),
            handles::<BareSpawn, _, _>(Clock, 10, no_op),
            handles::<Minimum, _, _>(Clock, 10, no_op),
        ],
        targets: vec![Target::growth(10_000, last, 1.5)],
    }
}

pub(crate) fn allocations(plan: Plan, meter: Counter) -> Scenario {
    let count = plan.count(1_000_000);
    Scenario {
        id: "allocations-limit-10",
        title: format!("allocations for {} no-op tasks, limit 10, with result handle", spell(count)),
        unit: "allocations per task",
        says: "How many allocations are made from the first submission to the last result, growing of a table included.",
        x: None,
        // They are the same in every round.
        points: vec![Point { at: count, rounds: 1 }],
        contenders: everyone(meter, 10, no_op),
        // Two, and a little for tables and queues, which grow by many tasks at a time.
        targets: vec![Target::value(2.01)],
    }
}

/// A task that does nothing but give its number.
pub(super) async fn no_op(number: u64) -> u64 {
    black_box(number)
}

fn everyone<M, F, T>(meter: M, limit: usize, task: T) -> Vec<Contender>
where
    M: Meter,
    F: Future<Output = u64> + 'static,
    T: Fn(u64) -> F + Copy + 'static,
{
    vec![
        handles::<Millpond, _, _>(meter, limit, task),
        handles::<BareSpawn, _, _>(meter, limit, task),
        handles::<LocalExecutorSemaphore, _, _>(meter, limit, task),
        handles::<LocalSetSemaphore, _, _>(meter, limit, task),
        handles::<JoinSetSemaphore, _, _>(meter, limit, task),
        handles::<LocalPoolSemaphore, _, _>(meter, limit, task),
        pulled(BUFFER_UNORDERED, meter, move |count| Ok(buffer_unordered(count, limit, task))),
        pulled(FUTURES_UNORDERED, meter, move |count| Ok(futures_unordered(count, limit, task))),
        handles::<Minimum, _, _>(meter, limit, task),
    ]
}

fn handles<P: Peer, M: Meter, F>(meter: M, limit: usize, task: impl Fn(u64) -> F + Copy + 'static) -> Contender
where
    F: Future<Output = u64> + 'static,
{
    Contender::new(P::NAME, move |count| {
        let peer = P::new(limit)?;
        let mark = meter.mark();
        let sum = peer.block_on(async { peer.sum(peer.submit_all(count, task)?).await })?;
        let cost = meter.since(mark);
        check(sum, count)?;
        Ok(cost / count as f64)
    })
}

/// One whose work gives the sum, and can be timed as a whole.
pub(super) fn pulled(name: &'static str, meter: impl Meter, work: impl Fn(u64) -> Result<u64> + 'static) -> Contender {
    Contender::new(name, move |count| {
        let mark = meter.mark();
        let sum = work(count)?;
        let cost = meter.since(mark);
        check(sum, count)?;
        Ok(cost / count as f64)
    })
}
