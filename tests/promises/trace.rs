//! The same seed gives the same trace, byte for byte, wherever it runs: the committed files in `tests/golden` are compared with natively,
//! in Node and in a browser.
//!
//! `cargo test --test promises -- --ignored the_golden_traces_are_written_anew` writes them anew, natively.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::time::Duration;

use millpond::{EventLog, LocalExecutor, ManualClock, Pool, PoolManager, PoolStats, Priority, Task, TaskBuilder};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Random, SECOND};

const KEYS: usize = 4;
const STEPS: usize = 300;

/// What a play is about.
enum Stage {
    Pool(Pool),
    Manager(PoolManager<usize>),
}

/// Somebody who does whatever can be done, at random, with one pool or with those of a manager.
pub(crate) struct Play {
    pub(crate) log: EventLog,
    ex: LocalExecutor,
    stage: Stage,
    random: Random,
    /// The pools in use, by key.
    pools: Vec<Option<Pool>>,
    tasks: Vec<Task<()>>,
}

impl Play {
    pub(crate) fn with_pool(seed: u64) -> Self {
        let (ex, log) = (LocalExecutor::with_clock(ManualClock::new()), EventLog::new());
        let pool = Pool::builder(&ex).concurrency(3).queue_capacity(6).on_event(log.listener()).build().unwrap();
        Self::new(seed, ex, log, Stage::Pool(pool))
    }

    pub(crate) fn with_manager(seed: u64) -> Self {
        let (ex, log) = (LocalExecutor::with_clock(ManualClock::new()), EventLog::new());
        let builder = PoolManager::builder(&ex).concurrency(4).pool_concurrency(2).pool_queue_capacity(5);
        let manager = builder.idle_timeout(4 * SECOND).max_lifetime(30 * SECOND).on_event(log.listener()).build().unwrap();
        Self::new(seed, ex, log, Stage::Manager(manager))
    }

    fn new(seed: u64, ex: LocalExecutor, log: EventLog, stage: Stage) -> Self {
        Self { log, ex, stage, random: Random::new(seed), pools: vec![None; KEYS], tasks: Vec::new() }
    }

    pub(crate) fn stats(&self) -> PoolStats {
        match &self.stage {
            Stage::Pool(pool) => pool.stats(),
            Stage::Manager(manager) => manager.stats(),
        }
    }

    /// All steps and the end, calling back now and then.
    pub(crate) fn perform(&mut self, look: impl Fn(&Self)) {
        for step in 0..STEPS {
            self.step();
            self.ex.run_until_idle();
            if step % 16 == 0 {
                look(self);
            }
        }
        self.end();
        look(self);
    }

    fn pool(&mut self) -> Pool {
        let key = self.random.below(KEYS);
        let pool = match &self.stage {
            Stage::Pool(pool) => pool.clone(),
            Stage::Manager(manager) => self.pools[key].clone().unwrap_or_else(|| (*manager.get(key).unwrap()).clone()),
        };
        self.pools[key].insert(pool).clone()
    }

    /// So fine that no two clocks run out at the same instant.
    fn span(&mut self, seconds: usize) -> Duration {
        SECOND * self.random.below(seconds) as u32 + Duration::from_nanos(1 + self.random.below(999_999_999) as u64)
    }

    fn priority(&mut self) -> Priority {
        [Priority::Low, Priority::Normal, Priority::High, Priority::Critical][self.random.below(4)]
    }

    fn task(&mut self) -> TaskBuilder<impl Future<Output = ()> + use<>> {
        let (pool, span, priority) = (self.pool(), self.span(4), self.priority());
        let task = pool.task(self.ex.sleep(span)).priority(priority);
        match self.random.below(8) {
            0 => task.queue_timeout(self.span(2)),
            1 => task.timeout(self.span(2)),
            2 => task.total_timeout(self.span(4)),
            _ => task,
        }
    }

    fn step(&mut self) {
        match self.random.below(40) {
            0..18 => {
                let task = self.task().try_submit();
                self.tasks.extend(task);
            }
            18 => {
                let submit = self.task().submit();
                self.ex.spawn(async move { drop(submit.await) });
            }
            19..22 if !self.tasks.is_empty() => {
                let index = self.random.below(self.tasks.len());
                self.tasks.swap_remove(index).cancel();
            }
            22..25 if !self.tasks.is_empty() => {
                let (index, priority) = (self.random.below(self.tasks.len()), self.priority());
                self.tasks[index].set_priority(priority);
            }
            25..34 => {
                let span = self.span(2);
                self.ex.advance(span).unwrap();
            }
            34 => self.resize(),
            35 => self.pool().pause(),
            36 | 37 => self.pool().resume(),
            38 if self.random.below(3) == 0 => drop(self.pool().cancel_waiting()),
            // A manager's pool is left to expire.
            38 => self.leave(),
            39 if self.random.below(10) == 0 && matches!(self.stage, Stage::Manager(_)) => {
                drop(self.pool().close());
                self.leave();
            }
            _ => {}
        }
    }

    fn resize(&mut self) {
        let concurrency = 1 + self.random.below(4) as u32;
        match &self.stage {
            Stage::Manager(manager) if concurrency.is_multiple_of(2) => manager.resize(2 + concurrency).unwrap(),
            _ => self.pool().resize(concurrency).unwrap(),
        }
    }

    fn leave(&mut self) {
        self.pools.iter_mut().for_each(|pool| drop(pool.take()));
    }

    /// Closes one pool after the other, and waits until everything has settled.
    fn end(&mut self) {
        for key in 0..KEYS {
            let pool = match &self.stage {
                Stage::Pool(pool) => Some(pool.clone()),
                Stage::Manager(manager) if manager.contains(&key) => Some((*manager.get(key).unwrap()).clone()),
                Stage::Manager(_) => None,
            };
            if let Some(pool) = pool {
                pool.resume();
                drop(pool.close());
                self.ex.advance(60 * SECOND).unwrap();
            }
        }
    }
}

fn trace(mut play: Play) -> String {
    play.perform(|_| ());
    play.log.to_string()
}

/// Names the first line that differs, and not only that some does.
fn assert_same(trace: &str, golden: &str) {
    for (index, (line, expected)) in trace.lines().zip(golden.lines()).enumerate() {
        assert_eq!(line, expected, "line {}", index + 1);
    }
    assert_eq!(trace, golden);
}

/// The name and the text of every trace that is compared below.
#[cfg_attr(all(target_family = "wasm", target_os = "unknown"), expect(dead_code, reason = "they are written natively only"))]
pub(crate) fn traces() -> [(&'static str, String); 4] {
    [
        ("pool-1", trace(Play::with_pool(1))),
        ("pool-2", trace(Play::with_pool(2))),
        ("manager-1", trace(Play::with_manager(1))),
        ("manager-2", trace(Play::with_manager(2))),
    ]
}

#[wasm_bindgen_test(unsupported = test)]
fn the_same_seed_gives_the_same_trace_of_a_pool_everywhere() {
    assert_same(&trace(Play::with_pool(1)), include_str!("../golden/trace-pool-1.txt"));
    assert_same(&trace(Play::with_pool(2)), include_str!("../golden/trace-pool-2.txt"));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_same_seed_gives_the_same_trace_of_a_manager_everywhere() {
    assert_same(&trace(Play::with_manager(1)), include_str!("../golden/trace-manager-1.txt"));
    assert_same(&trace(Play::with_manager(2)), include_str!("../golden/trace-manager-2.txt"));
}
