//! Everything a manager promises at once: random use of many keys against a plain model that knows when each pool must be there,
//! which generation it must give, and when each resource must be gone. The same seed gives the same story.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::time::Duration;

use millpond::{Lease, Task, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Gauge, Random, accepted, end, gated};
use super::manager_kit::{Estate, IDLE, LIFE, Ledger, Shared};

const KEYS: usize = 5;
const EACH: u32 = 2;
const ALL: u32 = 6;
const STEPS: usize = 400;

/// A pool as it must be.
struct Known {
    /// The resource that the next get gives; none when it is over its lifetime.
    current: Option<usize>,
    ages_at: Option<Duration>,
    idle_since: Option<Duration>,
}

/// A lease and a task, with the key and the number of the resource they keep.
type Leased = (u32, usize, Lease<Shared>);
type Given = (u32, usize, Option<Gate>, Task<u32>);

struct Story {
    estate: Estate<Shared>,
    ledger: Ledger,
    random: Random,
    known: BTreeMap<u32, Known>,
    leases: Vec<Leased>,
    tasks: Vec<Given>,
    gauges: Vec<Gauge>,
    total: Gauge,
    submitted: u64,
}

impl Story {
    fn new(seed: u64) -> Self {
        let estate = Estate::new(|options| options.concurrency(ALL).pool_concurrency(EACH).idle_timeout(IDLE).max_lifetime(LIFE));
        let gauges = (0..KEYS).map(|_| Gauge::default()).collect();
        let (ledger, random, total) = (Ledger::default(), Random::new(seed), Gauge::default());
        Self { estate, ledger, random, known: BTreeMap::new(), leases: vec![], tasks: vec![], gauges, total, submitted: 0 }
    }

    fn step(&mut self) {
        match self.random.below(10) {
            0..2 => self.get(),
            2 | 3 => self.give_back(),
            4 | 5 => self.submit(),
            6 | 7 => self.end_a_task(),
            8 => self.steer(),
            _ => self.wait(),
        }
        self.estate.ex.run_until_idle();
        self.settle_idle();
        self.check();
    }

    fn get(&mut self) {
        let key = self.random.below(KEYS) as u32;
        let lease = self.estate.shared(key, &self.ledger);
        let now = self.estate.ex.now();
        let pool = self.known.entry(key).or_insert(Known { current: None, ages_at: None, idle_since: None });
        let number = *pool.current.get_or_insert_with(|| {
            pool.ages_at = Some(now + LIFE);
            self.ledger.made()
        });
        pool.idle_since = None;
        assert_eq!(lease.resource().number, number, "the generation of {key}");
        self.leases.push((key, number, lease));
    }

    fn give_back(&mut self) {
        if !self.leases.is_empty() {
            let place = self.random.below(self.leases.len());
            drop(self.leases.swap_remove(place));
        }
    }

    fn submit(&mut self) {
        if self.leases.is_empty() {
            return;
        }
        let (key, number, lease) = &self.leases[self.random.below(self.leases.len())];
        let (gate, future) = gated(*key);
        let (own, total) = (self.gauges[*key as usize].clone(), self.total.clone());
        let task = accepted(lease.try_submit(async move {
            let _inside = (own.enter(), total.enter());
            future.await
        }));
        self.submitted += 1;
        self.tasks.push((*key, *number, Some(gate), task));
    }

    /// Lets it come to its end, or cancels it.
    fn end_a_task(&mut self) {
        if self.tasks.is_empty() {
            return;
        }
        let place = self.random.below(self.tasks.len());
        match &mut self.tasks[place] {
            (_, _, gate, _) if self.random.below(2) == 0 => gate.take().into_iter().for_each(Gate::open),
            (_, _, _, task) => assert!(task.cancel()),
        }
    }

    /// Pauses or resumes.
    fn steer(&mut self) {
        let Some((_, _, lease)) = self.leases.first() else { return };
        if self.random.below(3) == 0 { lease.pause() } else { lease.resume() }
    }

    /// Moves the clock, event by event.
    fn wait(&mut self) {
        let step = [IDLE / 3, IDLE - Duration::from_nanos(1), IDLE, LIFE / 2, LIFE + IDLE][self.random.below(5)];
        let target = self.estate.ex.now() + step;
        while let Some(at) = self.next_event().filter(|at| *at <= target) {
            self.estate.advance(at - self.estate.ex.now());
            self.pass(at);
            self.check();
        }
        self.estate.advance(target - self.estate.ex.now());
    }

    fn next_event(&self) -> Option<Duration> {
        let idle = self.known.values().filter_map(|pool| Some(pool.idle_since? + IDLE));
        idle.chain(self.known.values().filter_map(|pool| pool.ages_at)).min()
    }

    /// What that moment brings.
    fn pass(&mut self, now: Duration) {
        self.known.retain(|_, pool| {
            if pool.ages_at.is_some_and(|at| at <= now) {
                (pool.ages_at, pool.current) = (None, None);
            }
            pool.idle_since.is_none_or(|since| pool.current.is_some() && since + IDLE > now)
        });
    }

    /// Starts the idle clocks of those that nobody uses any more; who is over its lifetime goes at once.
    fn settle_idle(&mut self) {
        self.tasks.retain_mut(|(key, _, gate, task)| match end(task) {
            End::NotYet => true,
            End::Value(value) => {
                assert!(value == *key && gate.is_none());
                false
            }
            other => {
                assert_eq!(other, End::Cancelled);
                false
            }
        });
        let now = self.estate.ex.now();
        let (leases, tasks) = (&self.leases, &self.tasks);
        self.known.retain(|key, pool| {
            let used = leases.iter().any(|(of, ..)| of == key) || tasks.iter().any(|(of, ..)| of == key);
            pool.idle_since = if used { None } else { pool.idle_since.or(Some(now)) };
            used || pool.current.is_some()
        });
    }

    fn check(&self) {
        let mut keys = self.estate.manager.keys();
        keys.sort_unstable();
        assert_eq!(keys, self.known.keys().copied().collect::<Vec<_>>(), "the keys that have a pool");
        // A timer may come too early, for something that is put off by now; never too late, and never for nothing.
        let (timer, event) = (self.estate.ex.next_deadline(), self.next_event());
        assert!(timer.is_some() == event.is_some() && timer <= event, "a timer at {timer:?} for {event:?}");
        self.check_caps();
        self.check_resources();
    }

    fn check_caps(&self) {
        let stats = self.estate.adds_up();
        assert_eq!((stats.submitted, stats.waiting + stats.running), (self.submitted, self.tasks.len() as u64));
        assert_eq!(stats.running, self.total.now() as u64);
        assert!(self.total.most() <= ALL as usize && self.gauges.iter().all(|gauge| gauge.most() <= EACH as usize));
        let waits = self.tasks.iter().any(|(key, .., task)| task.state() == TaskState::Waiting && self.could_start(*key));
        assert!(!waits || stats.running == u64::from(ALL), "a permit lies idle while tasks wait");
    }

    /// Whether nothing but the cap over all is in the way of a key.
    fn could_start(&self, key: u32) -> bool {
        let lease = self.leases.iter().find(|(of, ..)| *of == key);
        self.gauges[key as usize].now() < EACH as usize && lease.is_some_and(|(_, _, lease)| !lease.is_paused())
    }

    /// Gone is who is not current, not leased, and kept by no task; exactly once.
    fn check_resources(&self) {
        let kept = |number: &usize| {
            self.known.values().any(|pool| pool.current == Some(*number))
                || self.leases.iter().any(|(_, of, _)| of == number)
                || self.tasks.iter().any(|(_, of, ..)| of == number)
        };
        let gone: Vec<usize> = (1..=self.ledger.made()).filter(|number| !kept(number)).collect();
        for mut seen in [self.ledger.disposed(), self.ledger.dropped()] {
            seen.sort_unstable();
            assert_eq!(seen, gone, "the resources that are gone");
        }
    }

    /// Gives everything back: everything ends.
    fn finish(mut self) -> (usize, u64) {
        self.leases.iter().for_each(|(_, _, lease)| lease.resume());
        self.leases.clear();
        for (_, _, gate, _) in &mut self.tasks {
            gate.take().into_iter().for_each(Gate::open);
        }
        // Some pools were left paused by leases that are gone; the end of the manager lets them go.
        self.estate.ex.run_until_idle();
        self.estate.finish(self.estate.manager.close());
        self.estate.ex.run_until_idle();
        assert!(self.tasks.iter_mut().all(|(key, _, _, task)| end(task) == End::Value(*key)));
        let (stats, made) = (self.estate.adds_up(), self.ledger.made());
        assert_eq!((stats.waiting, stats.running, self.estate.manager.len(), self.estate.ex.next_deadline()), (0, 0, 0, None));
        assert_eq!((self.ledger.disposed().len(), self.ledger.dropped().len()), (made, made));
        (made, stats.succeeded)
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn random_use_of_many_keys_keeps_every_promise() {
    for seed in 0..60 {
        let mut story = Story::new(seed);
        (0..STEPS).for_each(|_| story.step());
        let (made, succeeded) = story.finish();
        assert!(made > KEYS && succeeded > 20, "seed {seed} tells too little: {made} made, {succeeded} succeeded");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_same_seed_tells_the_same_story() {
    let tell = || {
        let mut story = Story::new(7);
        (0..STEPS).for_each(|_| story.step());
        (story.ledger.disposed(), story.finish())
    };
    assert_eq!(tell(), tell());
}
