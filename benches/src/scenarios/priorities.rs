//! Tasks of all classes wait, as chance has it.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::task::{Context, Waker};

use anyhow::Result;
use millpond::{LocalExecutor, Pool, Priority};

use crate::meter::{Clock, Meter};
use crate::peers::MILLPOND;
use crate::plan::{Plan, decades, spell};
use crate::scenario::{Contender, Point, Scenario, Target};
use crate::work::{Chance, Tally, check, told};

const HEAP: &str = "bare BinaryHeap";

/// Their classes.
pub(super) const CLASSES: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];

pub(crate) fn random(plan: Plan) -> Scenario {
    let last = plan.count(1_000_000);
    Scenario {
        id: "priorities",
        title: format!("1 k to {} no-op tasks of random priority, limit 10, all submitted, then run", spell(last)),
        unit: "ns per task",
        says: "From the first submission to the end of the last task; nobody keeps a handle. The bare BinaryHeap is of priority, sequence and \
               boxed future: each is pushed, then each is popped and polled.",
        x: Some("tasks"),
        points: decades(last).map(|at| Point { at, rounds: plan.rounds(7) }).collect(),
        contenders: vec![Contender::new(MILLPOND, millpond), Contender::new(HEAP, binary_heap)],
        targets: vec![Target::ratio(HEAP, 2.0)],
    }
}

/// A class for each task.
pub(super) fn classes(count: u64) -> impl Iterator<Item = Priority> {
    let mut chance = Chance::new();
    (0..count).map(move |_| CLASSES.into_iter().nth(chance.below(4) as usize).unwrap_or_default())
}

fn millpond(count: u64) -> Result<f64> {
    let executor = LocalExecutor::new();
    let pool = Pool::builder(&executor).concurrency(10).unbounded_queue().build()?;
    let (classes, sum) = (classes(count).collect::<Vec<_>>(), Tally::default());
    let mark = Clock.mark();
    for (number, priority) in (0..).zip(classes) {
        drop(pool.task(task(&sum, number)).priority(priority).try_submit().map_err(told)?);
    }
    executor.block_on(pool.close());
    let cost = Clock.since(mark);
    check(sum.get(), count)?;
    Ok(cost / count as f64)
}

fn binary_heap(count: u64) -> Result<f64> {
    let (classes, sum) = (classes(count).collect::<Vec<_>>(), Tally::default());
    let mut cx = Context::from_waker(Waker::noop());
    let mark = Clock.mark();
    let mut heap = BinaryHeap::new();
    for (number, priority) in (0..).zip(classes) {
        heap.push(Entry { order: (priority, Reverse(number)), future: Box::pin(task(&sum, number)) });
    }
    while let Some(mut entry) = heap.pop() {
        // It is ready at once.
        let _ready = entry.future.as_mut().poll(&mut cx);
    }
    let cost = Clock.since(mark);
    check(sum.get(), count)?;
    Ok(cost / count as f64)
}

fn task(sum: &Tally, number: u64) -> impl Future<Output = ()> + 'static {
    let sum = sum.clone();
    async move { sum.add(number) }
}

struct Entry {
    order: (Priority, Reverse<u64>),
    future: Pin<Box<dyn Future<Output = ()>>>,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order.cmp(&other.order)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Entry {}
