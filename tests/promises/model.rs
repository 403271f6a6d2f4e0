//! All promises at once: random lives of a pool, step by step beside a model that is too simple to be wrong.
//!
//! The same seeds every time. After every step the pool and the model must agree on every task, on the counters, and on who was started in
//! which order. Steps settle completely (the executor runs until idle) before the next one is taken.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::time::Duration;

use millpond::{LocalExecutor, ManualClock, Pool, Priority, Task, TaskState, Timeout, TrySubmitError};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{End, Gate, Random, SECOND, adds_up, end, gated};
use super::support::{Drops, Recorder, on_drop};

const CLASSES: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];
const STEPS: usize = 400;
/// Fewer where every step is slow.
const SEEDS: u64 = if cfg!(target_family = "wasm") { 20 } else { 100 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Running,
    Ended(End<usize>),
}

/// A task of the model.
#[derive(Debug, Clone, Copy)]
struct Entry {
    class: Priority,
    phase: Phase,
    queue_until: Duration,
    run_for: Duration,
    run_until: Duration,
    total_until: Duration,
}

impl Entry {
    /// The first of its clocks to run out.
    fn deadline(&self) -> Option<(Duration, Timeout)> {
        let clock = match self.phase {
            Phase::Waiting => (self.queue_until, Timeout::Queue),
            Phase::Running => (self.run_until, Timeout::Run),
            Phase::Ended(_) => return None,
        };
        Some(if clock.0 <= self.total_until { clock } else { (self.total_until, Timeout::Total) })
    }
}

/// The pool as it ought to be: a list of all tasks ever, walked from end to end for every question.
struct Model {
    cap: usize,
    capacity: usize,
    paused: bool,
    closed: bool,
    now: Duration,
    tasks: Vec<Entry>,
    starts: Vec<usize>,
    rejected: u64,
}

impl Model {
    fn count(&self, phase: Phase) -> usize {
        self.tasks.iter().filter(|task| task.phase == phase).count()
    }

    fn takes_one(&self) -> bool {
        let free = !self.paused && self.count(Phase::Running) < self.cap && self.count(Phase::Waiting) == 0;
        !self.closed && (free || self.count(Phase::Waiting) < self.capacity)
    }

    fn submit(&mut self, class: Priority, [queue, run, total]: [Duration; 3]) {
        let (queue_until, total_until) = (self.now + queue, self.now + total);
        self.tasks.push(Entry { class, phase: Phase::Waiting, queue_until, run_for: run, run_until: Duration::MAX, total_until });
        self.start();
    }

    /// Starts the highest class first, the oldest first inside.
    fn start(&mut self) {
        while !self.paused && self.count(Phase::Running) < self.cap {
            let waiting = (0..self.tasks.len()).rev().filter(|name| self.tasks[*name].phase == Phase::Waiting);
            let Some(name) = waiting.max_by_key(|name| self.tasks[*name].class) else { return };
            let task = &mut self.tasks[name];
            (task.phase, task.run_until) = (Phase::Running, self.now + task.run_for);
            self.starts.push(name);
        }
    }

    fn end(&mut self, name: usize, end: End<usize>) {
        self.tasks[name].phase = Phase::Ended(end);
        self.start();
    }

    /// Time goes by, from one deadline to the next.
    fn advance(&mut self, by: Duration) {
        let target = self.now + by;
        loop {
            let deadlines = self.tasks.iter().enumerate().filter_map(|(name, task)| Some((task.deadline()?, name)));
            let Some(((at, clock), name)) = deadlines.filter(|((at, _), _)| *at <= target).min_by_key(|((at, _), _)| *at) else { break };
            self.now = at;
            self.end(name, End::TimedOut(clock));
        }
        self.now = target;
    }

    fn names(&self, phase: Phase) -> Vec<usize> {
        (0..self.tasks.len()).filter(|name| self.tasks[*name].phase == phase).collect()
    }
}

/// The pool beside its model.
struct Pair {
    ex: LocalExecutor,
    pool: Pool,
    handles: Vec<Option<Task<usize>>>,
    gates: Vec<Option<Gate>>,
    starts: Recorder<usize>,
    drops: Drops,
    model: Model,
}

impl Pair {
    fn new(random: &mut Random) -> Self {
        let (cap, capacity) = (1 + random.below(4), random.below(12));
        let ex = LocalExecutor::with_clock(ManualClock::new());
        let pool = Pool::builder(&ex).concurrency(cap as u32).queue_capacity(capacity as u32).build().unwrap();
        let model =
            Model { cap, capacity, paused: false, closed: false, now: Duration::ZERO, tasks: Vec::new(), starts: Vec::new(), rejected: 0 };
        Self { ex, pool, handles: Vec::new(), gates: Vec::new(), starts: Recorder::new(), drops: Drops::default(), model }
    }

    fn submit(&mut self, random: &mut Random) {
        let name = self.handles.len();
        let (gate, open) = gated(name);
        let (guard, starts) = (self.drops.guard(), self.starts.clone());
        let work = async move {
            let _guard = guard;
            starts.note(name);
            open.await
        };
        let class = CLASSES[random.below(4)];
        let spans = [9, 9, 20].map(|most| random_span(random, most));
        let task = self.pool.task(work).priority(class).queue_timeout(spans[0]).timeout(spans[1]).total_timeout(spans[2]);
        match task.try_submit() {
            Ok(handle) => {
                assert!(self.model.takes_one());
                self.model.submit(class, spans);
                self.handles.push(Some(handle));
                self.gates.push(Some(gate));
            }
            Err(TrySubmitError::Closed(_)) => assert!(self.model.closed),
            Err(TrySubmitError::Full(_)) => assert!(!self.model.closed && !self.model.takes_one()),
        }
        let refused = self.handles.len() == name;
        self.model.rejected += u64::from(refused);
        // What was refused was handed back, and has just been dropped.
        assert_eq!(
            self.drops.count(),
            self.model.tasks.iter().filter(|task| matches!(task.phase, Phase::Ended(_))).count() + self.model.rejected as usize
        );
    }

    fn cancel(&mut self, random: &mut Random) {
        let Some(name) = self.pick(random) else { return };
        let Some(task) = &self.handles[name] else { return };
        let ended = matches!(self.model.tasks[name].phase, Phase::Ended(_));
        assert_eq!(task.cancel(), !ended);
        if !ended {
            self.model.end(name, End::Cancelled);
        }
    }

    fn set_priority(&mut self, random: &mut Random) {
        let (Some(name), class) = (self.pick(random), CLASSES[random.below(4)]) else { return };
        let Some(task) = &self.handles[name] else { return };
        let waits = self.model.tasks[name].phase == Phase::Waiting;
        assert_eq!(task.set_priority(class), waits);
        self.model.tasks[name].class = class;
    }

    /// One that runs comes to its end.
    fn finish(&mut self, random: &mut Random) {
        let running = self.model.names(Phase::Running);
        if running.is_empty() {
            return;
        }
        let name = running[random.below(running.len())];
        if let Some(gate) = self.gates[name].take() {
            gate.open();
        }
        self.ex.run_until_idle();
        self.model.end(name, End::Value(name));
    }

    fn step(&mut self, random: &mut Random) {
        match random.below(40) {
            0..14 => self.submit(random),
            14..22 => self.finish(random),
            22..26 => self.cancel(random),
            26..30 => self.set_priority(random),
            30..34 => {
                self.ex.run_until_idle();
                self.ex.advance(SECOND).unwrap();
                self.model.advance(SECOND);
            }
            34 => {
                self.model.cap = 1 + random.below(6);
                self.pool.resize(self.model.cap as u32).unwrap();
                self.model.start();
            }
            35 => {
                self.pool.pause();
                self.model.paused = !self.model.closed;
            }
            36 | 37 => {
                self.pool.resume();
                self.model.paused = false;
                self.model.start();
            }
            38 => drop(self.pick(random).map(|name| self.handles[name].take())),
            _ if random.below(8) == 0 => {
                let waiting = self.model.names(Phase::Waiting);
                assert_eq!(self.pool.cancel_waiting(), waiting.len() as u64);
                waiting.into_iter().for_each(|name| self.model.tasks[name].phase = Phase::Ended(End::Cancelled));
            }
            _ if random.below(20) == 0 => {
                drop(self.pool.close());
                (self.model.closed, self.model.paused) = (true, false);
                self.model.start();
            }
            _ => {}
        }
    }

    fn pick(&self, random: &mut Random) -> Option<usize> {
        (!self.handles.is_empty()).then(|| random.below(self.handles.len()))
    }

    /// Both tell the same story.
    fn compare(&mut self) {
        let stats = adds_up(&self.pool);
        let ended = |wanted: fn(&End<usize>) -> bool| {
            self.model.tasks.iter().filter(|task| matches!(&task.phase, Phase::Ended(end) if wanted(end))).count()
        };
        assert_eq!(stats.waiting as usize, self.model.count(Phase::Waiting));
        assert_eq!(stats.running as usize, self.model.count(Phase::Running));
        assert_eq!(stats.succeeded as usize, ended(|end| matches!(end, End::Value(_))));
        assert_eq!(stats.cancelled as usize, ended(|end| *end == End::Cancelled));
        assert_eq!(stats.timed_out as usize, ended(|end| matches!(end, End::TimedOut(_))));
        assert_eq!((stats.submitted as usize, stats.rejected), (self.model.tasks.len(), self.model.rejected));
        for (task, entry) in self.handles.iter().zip(&self.model.tasks) {
            let Some(task) = task else { continue };
            let expected = match entry.phase {
                Phase::Waiting => TaskState::Waiting,
                Phase::Running => TaskState::Running,
                Phase::Ended(_) => TaskState::Ended,
            };
            assert_eq!(task.state(), expected);
        }
    }

    /// Everything ends, and every handle that is left says how, once.
    fn finish_all(mut self, random: &mut Random) {
        self.pool.resume();
        self.model.paused = false;
        self.model.start();
        while self.model.count(Phase::Running) > 0 {
            self.finish(random);
            self.compare();
        }
        for (name, (task, entry)) in self.handles.iter_mut().zip(&self.model.tasks).enumerate() {
            let Some(task) = task else { continue };
            assert_eq!(Phase::Ended(end(task)), entry.phase, "task {name}");
            assert_eq!(end(task), End::NotYet, "task {name} settled twice");
        }
        assert_eq!(self.drops.count(), self.model.tasks.len() + self.model.rejected as usize);
    }
}

/// So fine that no two clocks run out at the same instant: who goes first then is nobody's promise.
fn random_span(random: &mut Random, most: usize) -> Duration {
    SECOND * random.below(most) as u32 + Duration::from_nanos(1 + random.below(999_999_999) as u64)
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pool_and_its_model_tell_the_same_story() {
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let mut pair = Pair::new(&mut random);
        for step in 0..STEPS {
            let _tell = on_drop(|| {
                if std::thread::panicking() {
                    println!("in step {step} of seed {seed}")
                }
            });
            pair.step(&mut random);
            pair.compare();
            // Sometimes several steps fall into one turn of the executor.
            if random.below(2) == 0 {
                pair.ex.run_until_idle();
                pair.compare();
            }
        }
        pair.finish_all(&mut random);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn tasks_are_polled_in_the_order_in_which_the_model_starts_them() {
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let mut pair = Pair::new(&mut random);
        for _ in 0..STEPS {
            pair.step(&mut random);
            pair.ex.run_until_idle();
            assert_eq!(pair.starts.take(), std::mem::take(&mut pair.model.starts), "seed {seed}");
        }
    }
}
