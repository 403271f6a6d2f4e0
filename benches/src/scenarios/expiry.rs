//! Many pools are idle for so long that all of them go.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_lock::Semaphore;
use millpond::{LocalExecutor, ManualClock, PoolManager};
use moka::sync::Cache;

use crate::meter::{Clock, Meter};
use crate::peers::MILLPOND;
use crate::plan::{Plan, decades, spell};
use crate::scenario::{Contender, Point, Scenario, Target};
use crate::work::told;

const MOKA: &str = "moka time_to_idle";

pub(crate) fn beside_moka(plan: Plan) -> Scenario {
    let count = plan.count(1_000_000);
    Scenario {
        id: "manager-expiry",
        title: format!("{} idle pools expire", spell(count)),
        unit: "ns per pool",
        says: "Each became idle at a time of its own; then the clock is beyond all of them. millpond: the manual clock leaps, the executor runs until it is idle. \
               moka, whose clock cannot be moved: a cache of semaphores with a short time_to_idle, slept through before; timed is run_pending_tasks until it is empty.",
        x: None,
        // A round has to sleep.
        points: vec![Point { at: count, rounds: plan.rounds(3) }],
        contenders: vec![Contender::new(MILLPOND, millpond), Contender::new(MOKA, moka)],
        targets: vec![Target::ratio(MOKA, 0.5)],
    }
}

pub(crate) fn curve(plan: Plan) -> Scenario {
    let last = plan.count(1_000_000);
    Scenario {
        id: "manager-expiry-curve",
        title: format!("1 k to {} idle pools expire", spell(last)),
        unit: "ns per pool",
        says: "As with 1 M idle pools, by their number: what it costs on average that a pool expires, when all do.",
        x: Some("pools"),
        points: decades(last).map(|at| Point { at, rounds: plan.rounds(7) }).collect(),
        contenders: vec![Contender::new(MILLPOND, millpond)],
        targets: vec![Target::growth(10_000, last, 1.5)],
    }
}

fn millpond(count: u64) -> Result<f64> {
    const IDLE: Duration = Duration::from_secs(60);
    let clock = ManualClock::new();
    let executor = LocalExecutor::with_clock(clock.clone());
    let manager = PoolManager::builder(&executor).pool_concurrency(2).idle_timeout(IDLE).build()?;
    for key in 0..count {
        drop(manager.get(key).map_err(told)?);
        clock.advance(Duration::from_micros(1));
    }
    // What the first clock has set up is over.
    executor.run_until_idle();
    ensure!(manager.len() as u64 == count, "{} of {count} pools are there", manager.len());

    let mark = Clock.mark();
    clock.advance(IDLE);
    executor.run_until_idle();
    let left = manager.len();
    let cost = Clock.since(mark);

    ensure!(left == 0, "{left} pools are left");
    Ok(cost / count as f64)
}

fn moka(count: u64) -> Result<f64> {
    // None may go before the last has come: 1 M take a second or two, and longer where the machine has other things to do.
    let idle = Duration::from_millis(500) + Duration::from_micros(4) * u32::try_from(count)?;
    let (cache, idle) = [1, 2, 4, 8]
        .map(|times| idle * times)
        .into_iter()
        .find_map(|idle| Some((filled(count, idle)?, idle)))
        .context("it takes too long to fill a cache")?;
    sleep(idle + Duration::from_millis(10));

    let mark = Clock.mark();
    while cache.entry_count() > 0 {
        cache.run_pending_tasks();
    }
    Ok(Clock.since(mark) / count as f64)
}

/// A cache with all its entries, unless the first have gone already.
fn filled(count: u64, idle: Duration) -> Option<Cache<u64, Arc<Semaphore>>> {
    let cache = Cache::builder().time_to_idle(idle).build();
    for key in 0..count {
        cache.insert(key, Arc::new(Semaphore::new(2)));
    }
    cache.run_pending_tasks();
    (cache.entry_count() == count).then_some(cache)
}
