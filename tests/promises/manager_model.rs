//! Everything a manager promises at once: random use of many keys, and changes of its options, against a plain model that knows when each
//! pool must be there, which generation it must give, what it must tell of, and when each resource must be gone. The same seed gives the
//! same story.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::time::Duration;

use millpond::{Evicted, GetError, Lease, Task, TaskState};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Gauge, Random, accepted, end, gated};
use super::manager_kit::{Estate, IDLE, LIFE, Ledger, Shared};
use super::support::Recorder;

const KEYS: usize = 5;
const EACH: u32 = 2;
const ALL: u32 = 6;
const STEPS: usize = 500;
/// How many keys have a pool at most, where that is bounded.
const POOLS: usize = 3;

/// A pool as it must be.
struct Known {
    /// The resource that the next get gives; none when it is over its lifetime, invalidated or closed.
    current: Option<usize>,
    /// When it was made; nothing once it is over its lifetime.
    born: Option<Duration>,
    /// Since when it is idle, by the clock and by the steps of the story.
    idle_since: Option<(Duration, usize)>,
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
    /// Pools that fall idle in one step do so in the same moment.
    moment: usize,
    idle: Option<Duration>,
    life: Option<Duration>,
    max_pools: Option<usize>,
    /// What the manager has told of, and what it must have.
    told: Recorder<(u32, Evicted)>,
    parted: Vec<(u32, Evicted)>,
    partings: usize,
}

impl Story {
    fn new(seed: u64) -> Self {
        let told = Recorder::new();
        let note = told.clone();
        let estate = Estate::new(|options| {
            let options = options.concurrency(ALL).pool_concurrency(EACH).idle_timeout(IDLE).max_lifetime(LIFE);
            options.on_evict(move |key, reason| note.note((*key, reason)))
        });
        let gauges = (0..KEYS).map(|_| Gauge::default()).collect();
        Self {
            estate,
            ledger: Ledger::default(),
            random: Random::new(seed),
            known: BTreeMap::new(),
            leases: vec![],
            tasks: vec![],
            gauges,
            total: Gauge::default(),
            submitted: 0,
            moment: 0,
            idle: Some(IDLE),
            life: Some(LIFE),
            max_pools: None,
            told,
            parted: vec![],
            partings: 0,
        }
    }

    fn step(&mut self) {
        match self.random.below(23) {
            0..4 => self.get(),
            4..8 => self.give_back(),
            8..12 => self.submit(),
            12..16 => self.end_a_task(),
            16 | 17 => self.steer(),
            18 => self.invalidate(),
            19 => self.close_a_lease(),
            20 => self.change(),
            _ => self.wait(),
        }
        self.estate.ex.run_until_idle();
        self.settle_idle();
        self.check();
    }

    fn get(&mut self) {
        let key = self.random.below(KEYS) as u32;
        let in_use = self.known.values().filter(|pool| pool.idle_since.is_none()).count();
        let (is_known, is_full) = (self.known.contains_key(&key), self.max_pools.is_some_and(|max| in_use >= max));
        let got = self.estate.finish(self.estate.manager.get_with(key, self.ledger.factory()));
        self.send_away();
        let lease = match got {
            Ok(lease) => lease,
            Err(error) => return assert!(matches!(error, GetError::Full) && is_full && !is_known),
        };
        assert!(is_known || (!is_full && self.max_pools.is_none_or(|max| self.known.len() < max)));
        let now = self.estate.ex.now();
        let pool = self.known.entry(key).or_insert(Known { current: None, born: None, idle_since: None });
        let number = *pool.current.get_or_insert_with(|| {
            pool.born = Some(now);
            self.ledger.made()
        });
        pool.idle_since = None;
        assert_eq!((lease.resource().number, lease.is_current()), (number, true), "the generation of {key}");
        self.leases.push((key, number, lease));
    }

    /// Who went for want of room was idle for longest, each in turn.
    fn send_away(&mut self) {
        for (key, reason) in self.told.take() {
            let longest = self.known.values().filter_map(|pool| Some(pool.idle_since?.1)).min();
            let gone = self.known.remove(&key).unwrap();
            assert_eq!((reason, gone.idle_since.map(|since| since.1)), (Evicted::Capacity, longest));
            self.partings += 1;
        }
    }

    fn invalidate(&mut self) {
        let key = self.random.below(KEYS) as u32;
        let found = self.known.get(&key).is_some_and(|pool| pool.current.is_some());
        assert_eq!(self.estate.manager.invalidate(&key), found);
        if found {
            self.part(key, Evicted::Invalidated);
        }
    }

    /// It is the generation of the lease that is closed, whichever that is.
    fn close_a_lease(&mut self) {
        if self.leases.is_empty() || self.random.below(4) > 0 {
            return;
        }
        let place = self.random.below(self.leases.len());
        let (key, number, lease) = self.leases.swap_remove(place);
        drop(lease.close());
        assert!(lease.is_closed());
        if self.known.get(&key).is_some_and(|pool| pool.current == Some(number)) {
            self.part(key, Evicted::PoolClosed);
        }
    }

    /// It is not given out any more; it is gone unless somebody uses it.
    fn part(&mut self, key: u32, reason: Evicted) {
        self.parted.push((key, reason));
        if let Some(pool) = self.known.get_mut(&key) {
            (pool.current, pool.born) = (None, None);
        }
    }

    /// Changes an option while everything goes on.
    fn change(&mut self) {
        let manager = self.estate.manager.clone();
        match self.random.below(4) {
            0 => {
                self.max_pools = [None, Some(POOLS), Some(POOLS + 1)][self.random.below(3)];
                manager.set_max_pools(self.max_pools).unwrap();
                self.send_away();
                let some_idle = self.known.values().any(|pool| pool.idle_since.is_some());
                assert!(!some_idle || self.max_pools.is_none_or(|max| self.known.len() <= max));
            }
            1 => {
                self.idle = [None, Some(IDLE), Some(IDLE * 2), Some(IDLE / 2)][self.random.below(4)];
                manager.set_idle_timeout(self.idle);
            }
            2 => {
                self.life = [None, Some(LIFE), Some(LIFE / 2)][self.random.below(3)];
                manager.set_max_lifetime(self.life);
            }
            _ => manager.set_pool_concurrency(EACH).unwrap(),
        }
        // What is over by the new spans went in that call.
        self.pass(self.estate.ex.now());
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
        if lease.is_closed() {
            return assert!(lease.try_submit(async {}).is_err_and(|error| !error.is_full()));
        }
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
        let idle = self.known.values().filter_map(|pool| Some(pool.idle_since?.0 + self.idle?));
        idle.chain(self.known.values().filter_map(|pool| Some(pool.born? + self.life?))).min()
    }

    /// What that moment brings. Where a pool is over both its spans, it went for the one that was over first.
    fn pass(&mut self, now: Duration) {
        let (idle, life, parted) = (self.idle, self.life, &mut self.parted);
        self.known.retain(|key, pool| {
            let ages = pool.born.and_then(|born| Some(born + life?)).filter(|at| *at <= now);
            let expires = pool.idle_since.and_then(|(since, _)| Some(since + idle?)).filter(|at| *at <= now);
            if ages.is_none() && expires.is_none() {
                return true;
            }
            let aged = expires.is_none_or(|expires| ages.is_some_and(|ages| ages < expires));
            let either = ages.is_some() && ages == expires;
            if pool.current.is_some() {
                parted.push((*key, if aged || either { Evicted::Lifetime } else { Evicted::Idle }));
            }
            (pool.born, pool.current) = (None, None);
            pool.idle_since.is_none()
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
        self.moment += 1;
        let (now, moment) = (self.estate.ex.now(), self.moment);
        let (leases, tasks) = (&self.leases, &self.tasks);
        self.known.retain(|key, pool| {
            let used = leases.iter().any(|(of, ..)| of == key) || tasks.iter().any(|(of, ..)| of == key);
            if used {
                pool.idle_since = None;
            } else {
                pool.idle_since.get_or_insert((now, moment));
            }
            used || pool.current.is_some()
        });
    }

    fn check(&mut self) {
        // What happens in one moment has an order as well; the model does not know it.
        let (mut told, mut parted) = (self.told.take(), std::mem::take(&mut self.parted));
        told.sort_unstable_by_key(|(key, _)| *key);
        parted.sort_unstable_by_key(|(key, _)| *key);
        assert_eq!(told, parted, "what was told of");
        self.partings += told.len();
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
        assert_eq!(self.partings + self.told.take().len(), made, "each is told of once");
        (made, stats.succeeded)
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn random_use_of_many_keys_keeps_every_promise() {
    for seed in 0..60 {
        let mut story = Story::new(seed);
        (0..STEPS).for_each(|_| story.step());
        let (made, succeeded) = story.finish();
        assert!(made > KEYS && succeeded > 10, "seed {seed} tells too little: {made} made, {succeeded} succeeded");
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
