//! Pools by key: work for many keys, and how fast the pool of a key is found.

use std::collections::HashMap;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_lock::Semaphore;
use futures::executor::block_on;
use millpond::{LocalExecutor, PoolManager, PoolOptions};

use super::tasks::no_op;
use crate::meter::{Clock, Meter};
use crate::peers::MILLPOND;
use crate::plan::{Plan, spell};
use crate::scenario::{Contender, Point, Scenario, Target};
use crate::work::{Chance, check, told};

const IDLE: Duration = Duration::from_secs(600);
const LIMIT: u32 = 2;
const TASKS_PER_KEY: u64 = 10;
const LOOKUP: &str = "HashMap lookup";

pub(crate) fn tasks(plan: Plan) -> Scenario {
    let count = plan.count(1_000_000);
    Scenario {
        id: "manager-tasks",
        title: format!("{} keys, {TASKS_PER_KEY} no-op tasks each, limit {LIMIT} per key", spell(count / TASKS_PER_KEY)),
        unit: "ns per task",
        says: "For each task in turn its key's pool is got, given the task and released; then all results are awaited in order. The pools of millpond \
               would expire after a time. The other is a HashMap from key to semaphore, as one writes it by hand around LocalExecutor::spawn; nothing leaves it.",
        x: None,
        points: vec![Point { at: count, rounds: plan.rounds(5) }],
        contenders: vec![Contender::new(MILLPOND, managed), Contender::new("HashMap of Semaphores + LocalExecutor", by_hand)],
        targets: Vec::new(),
    }
}

fn number_of_keys(count: u64) -> u64 {
    (count / TASKS_PER_KEY).max(1)
}

fn manager(executor: &LocalExecutor) -> Result<PoolManager<u64>> {
    let options = PoolOptions::new().unbounded_queue();
    Ok(PoolManager::builder(executor).pool_concurrency(LIMIT).pool_options(options).idle_timeout(IDLE).build()?)
}

fn managed(count: u64) -> Result<f64> {
    let executor = LocalExecutor::new();
    let manager = manager(&executor)?;
    let keys = number_of_keys(count);
    let mark = Clock.mark();
    let sum = executor.block_on(async {
        let mut tasks = Vec::with_capacity(usize::try_from(count)?);
        for number in 0..count {
            tasks.push(manager.get(number % keys).map_err(told)?.try_submit(no_op(number)).map_err(told)?);
        }
        let mut sum = 0;
        for task in tasks {
            sum += task.await.map_err(told)?;
        }
        anyhow::Ok(sum)
    })?;
    let cost = Clock.since(mark);
    check(sum, count)?;
    Ok(cost / count as f64)
}

fn by_hand(count: u64) -> Result<f64> {
    let executor = async_executor::LocalExecutor::new();
    let mut semaphores = HashMap::<u64, Rc<Semaphore>>::new();
    let keys = number_of_keys(count);
    let mark = Clock.mark();
    let sum = block_on(executor.run(async {
        let mut tasks = Vec::with_capacity(usize::try_from(count)?);
        for number in 0..count {
            let semaphore = semaphores.entry(number % keys).or_insert_with(|| Rc::new(Semaphore::new(LIMIT as usize)));
            let semaphore = Rc::clone(semaphore);
            tasks.push(executor.spawn(async move {
                let _permit = semaphore.acquire().await;
                no_op(number).await
            }));
        }
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        anyhow::Ok(sum)
    }))?;
    let cost = Clock.since(mark);
    check(sum, count)?;
    Ok(cost / count as f64)
}

pub(crate) fn get(plan: Plan) -> Scenario {
    let count = plan.count(1_000_000);
    Scenario {
        id: "manager-get",
        title: format!("{} times the pool of one of {} keys, at random, that are there", spell(count), spell(count / TASKS_PER_KEY)),
        unit: "ns per get",
        says: "What it takes to get a lease of a pool that is there and to release it, in a manager whose pools expire when they are idle: where others hold \
               leases of it as well, and where it was idle before and is again after, which starts its clock. Beside it a lookup in a HashMap of the same keys.",
        x: None,
        points: vec![Point { at: count, rounds: plan.rounds(7) }],
        contenders: vec![
            Contender::new(MILLPOND, |count| got(count, Use::Shared)),
            Contender::new("millpond, idle pools", |count| got(count, Use::Alone)),
            Contender::new(LOOKUP, looked_up),
        ],
        targets: vec![Target::ratio(LOOKUP, 3.0)],
    }
}

/// All keys in an order of chance, each as often as the others.
fn keys(count: u64) -> Vec<u64> {
    let number = number_of_keys(count);
    let mut keys = (0..count).map(|index| index % number).collect::<Vec<_>>();
    Chance::new().shuffle(&mut keys);
    keys
}

/// Who holds leases meanwhile.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Shared,
    Alone,
}

fn got(count: u64, used: Use) -> Result<f64> {
    let executor = LocalExecutor::new();
    let (manager, keys) = (manager(&executor)?, keys(count));
    let made = (0..number_of_keys(count)).map(|key| manager.get(key)).collect::<Result<Vec<_>, _>>().map_err(told)?;
    let _held = (used == Use::Shared).then_some(made);
    let mark = Clock.mark();
    for &key in &keys {
        drop(black_box(manager.get(key).map_err(told)?));
    }
    Ok(Clock.since(mark) / count as f64)
}

fn looked_up(count: u64) -> Result<f64> {
    let keys = keys(count);
    let map = keys.iter().map(|&key| (key, Rc::new(key))).collect::<HashMap<_, _>>();
    let mark = Clock.mark();
    for key in &keys {
        black_box(map.get(key).context("a key is gone")?);
    }
    Ok(Clock.since(mark) / count as f64)
}
