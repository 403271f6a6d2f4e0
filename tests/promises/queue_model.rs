//! Job queues of many shapes, used at random: whatever is done, the bounds hold, jobs start in order, and every job is told of exactly once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::time::Duration;

use millpond::{Concurrency, Results};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Random, SECOND};
use super::queue_kit::{Fate, Mill, Tell, adds_up, order, read};

/// A queue, and what is known of its jobs by their numbers.
struct Model {
    mill: Mill,
    results: Results<u32, &'static str>,
    min: u32,
    max: u32,
    capacity: u32,
    open: BTreeMap<u32, Tell>,
    told: BTreeMap<u64, Fate<u32, &'static str>>,
    accepted: u32,
    begun: u32,
}

impl Model {
    fn new(random: &mut Random) -> Self {
        let (min, capacity) = (1 + random.below(3) as u32, random.below(5) as u32);
        let max = min + random.below(4) as u32;
        let grow_after = Duration::from_millis(500) * random.below(3) as u32;
        let mill = Mill::new(|builder| builder.workers(min..=max).capacity(capacity).idle(3 * SECOND).grow_after(grow_after));
        let results = mill.queue.results();
        Self { mill, results, min, max, capacity, open: BTreeMap::new(), told: BTreeMap::new(), accepted: 0, begun: 0 }
    }

    fn act(&mut self, random: &mut Random) {
        match random.below(5) {
            0 | 1 => self.submit(),
            2 => self.end(random, |number| if number.is_multiple_of(3) { Err("three") } else { Ok(number) }),
            3 => self.mill.advance(Duration::from_millis(250) * random.below(10) as u32),
            _ => drop(self.mill.ex.run_until_idle()),
        }
    }

    fn submit(&mut self) {
        let (tell, order) = order(self.accepted);
        if let Ok(job) = self.mill.queue.try_submit(order) {
            assert_eq!(job.get(), u64::from(self.accepted));
            self.open.insert(self.accepted, tell);
            self.accepted += 1;
        }
    }

    fn end(&mut self, random: &mut Random, how: impl Fn(u32) -> Result<u32, &'static str>) {
        let number = self.open.keys().copied().nth(random.below(self.open.len().max(1)));
        if let Some((number, tell)) = number.and_then(|number| self.open.remove_entry(&number)) {
            tell.send(how(number)).unwrap();
        }
    }

    fn check(&mut self) {
        for number in self.mill.begun() {
            assert_eq!(number, self.begun, "jobs start in the order of submission");
            self.begun += 1;
        }
        let stats = adds_up(&self.mill.queue);
        let Concurrency::AtMost(workers) = stats.workers else { panic!("unlimited") };
        assert!((self.min..=self.max).contains(&workers), "{stats:?}");
        assert!(stats.running <= u64::from(workers) && stats.waiting <= u64::from(self.capacity), "{stats:?}");
        assert!(self.mill.running.now() <= stats.handlers && stats.handlers <= workers as usize, "{stats:?}");
        assert!(stats.waiting == 0 || stats.running == u64::from(workers), "who could work works: {stats:?}");
        for (job, result) in read(&mut self.results).0 {
            assert_eq!(self.told.insert(job, result.into()), None, "told twice");
        }
    }

    /// Closes in its own way, and looks at what became of every job.
    fn close(mut self, random: &mut Random) {
        let close = self.mill.queue.close();
        let (ended, by_force) = (self.told.len() as u64, random.below(2) == 0);
        let report = if by_force {
            self.mill.ex.block_on(close.within(SECOND))
        } else {
            while !self.open.is_empty() {
                self.end(random, Ok);
            }
            self.mill.ex.block_on(close)
        };
        self.mill.ex.run_until_idle();
        self.check();
        assert_eq!((self.told.len() as u32, self.mill.queue.stats().handlers, self.mill.running.now()), (self.accepted, 0, 0));
        assert!(ended + report.drained + report.cancelled_waiting + report.cancelled_running <= u64::from(self.accepted));
        let cancelled = self.told.values().filter(|fate| **fate == Fate::Cancelled).count() as u64;
        assert_eq!(cancelled, report.cancelled_waiting + report.cancelled_running);
        assert!(by_force || cancelled == 0);
        assert_eq!(self.mill.ex.next_deadline(), None);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn whatever_is_done_the_bounds_hold_and_every_job_is_told_of_once() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mut model = Model::new(&mut random);
        for _ in 0..100 {
            model.act(&mut random);
            model.check();
        }
        model.close(&mut random);
    }
}
