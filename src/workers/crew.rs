//! The crew: all workers of one [`Workers`](super::Workers), who may come, who must go, and when all are gone.
//!
//! Methods take what they need out of the cells, let go of them, and only then call foreign code: builders, wakers, drops.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};

use super::counter::{Counter, RunCounts};
use super::error::{LessError, MoreError, TripError, WorkError};
use super::job::Job;
use super::signal::Signal;
use super::worker::Worker;
use crate::clock::Clock;
use crate::executor::{Guest, LocalExecutor, WeakExecutor};
use crate::foreign::isolated;
use crate::limit::Limit;

/// Makes the job of the next worker, in all its layers.
pub(super) type Build = Box<dyn FnMut() -> Job>;

/// The numbers and rules of a crew, checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) min: u32,
    pub(super) max: Limit,
    pub(super) stop_on_error: bool,
}

pub(super) struct Crew {
    executor: WeakExecutor,
    clock: Clock,
    rules: Rules,
    /// Not there while it is called, nor after the end.
    build: Cell<Option<Build>>,
    counter: Counter,
    /// Those who have not ended, by number.
    workers: RefCell<BTreeMap<u64, Rc<Worker>>>,
    hired: Cell<u64>,
    closed: Cell<bool>,
    tripped: OnceCell<Tripped>,
    /// Closed, and all have ended.
    pub(super) ended: Rc<Signal>,
}

/// The error that stopped all, and whose it was.
#[derive(Debug, Clone)]
pub(super) struct Tripped {
    pub(super) error: Rc<WorkError>,
    pub(super) worker: u64,
    pub(super) run: u64,
}

/// Making it and looking at it.
impl Crew {
    pub(super) fn new(executor: &LocalExecutor, rules: Rules, counter: Counter, build: Build, jobs: Vec<Job>) -> Rc<Self> {
        let crew = Rc::new(Self {
            executor: executor.downgrade(),
            clock: executor.clock(),
            rules,
            build: Cell::new(Some(build)),
            counter,
            workers: RefCell::default(),
            hired: Cell::new(0),
            closed: Cell::new(false),
            tripped: OnceCell::new(),
            ended: Rc::default(),
        });
        let guest: Weak<dyn Guest> = Rc::<Self>::downgrade(&crew);
        executor.guests().add(guest);
        for job in jobs {
            crew.hire(executor, job);
        }
        crew
    }

    pub(super) fn executor(&self) -> Option<LocalExecutor> {
        self.executor.upgrade()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// How many stay.
    pub(super) fn current(&self) -> usize {
        self.count(Worker::stays)
    }

    /// How many have not ended.
    pub(super) fn present(&self) -> usize {
        self.workers.borrow().len()
    }

    fn count(&self, which: impl Fn(&Worker) -> bool) -> usize {
        self.workers.borrow().values().filter(|worker| which(worker)).count()
    }

    fn everybody(&self) -> Vec<Rc<Worker>> {
        self.workers.borrow().values().cloned().collect()
    }

    pub(super) fn counts(&self) -> RunCounts {
        self.counter.snapshot()
    }

    /// What its owner is told in the end.
    pub(super) fn verdict(&self) -> Result<RunCounts, TripError> {
        let counts = self.counts();
        self.tripped.get().map_or(Ok(counts), |tripped| Err(TripError::new(tripped.clone(), counts)))
    }
}

/// Coming.
impl Crew {
    pub(super) fn more(self: &Rc<Self>) -> Result<u64, MoreError> {
        self.check_room()?;
        let job = self.build()?;
        // The builder may have closed us.
        let executor = self.executor().filter(|_| !self.is_closed()).ok_or(MoreError::Closed)?;
        Ok(self.hire(&executor, job))
    }

    fn check_room(&self) -> Result<(), MoreError> {
        if self.is_closed() {
            return Err(MoreError::Closed);
        }
        let leaving = self.count(|worker| worker.is_busy() && !worker.stays());
        let count = u32::try_from(self.current() + leaving).unwrap_or(u32::MAX);
        let max = self.rules.max;
        if max.has_room(count) { Ok(()) } else { Err(MoreError::AtMax { max: max.get(), leaving }) }
    }

    fn build(&self) -> Result<Job, MoreError> {
        let mut build = self.build.take().ok_or(MoreError::Building)?;
        let job = catch_unwind(AssertUnwindSafe(&mut build));
        if !self.is_closed() {
            self.build.set(Some(build));
        }
        job.map_err(MoreError::Panicked)
    }

    fn hire(self: &Rc<Self>, executor: &LocalExecutor, job: Job) -> u64 {
        let id = self.hired.replace(self.hired.get() + 1);
        let worker = Rc::new(Worker::new(id, self.executor.clone(), self.clock.clone()));
        let seat = worker.place(self, job);
        self.workers.borrow_mut().insert(id, worker);
        executor.spawn_detached(seat);
        id
    }
}

/// Going.
impl Crew {
    pub(super) fn less(&self) -> Result<u64, LessError> {
        if self.is_closed() {
            return Err(LessError::Closed);
        }
        if self.current() <= self.rules.min as usize {
            return Err(LessError::AtMin { min: self.rules.min });
        }
        let worker = self.dispensable().ok_or(LessError::Closed)?;
        worker.cancelled.fire();
        Ok(worker.id)
    }

    /// The newest that is idle, else the newest.
    fn dispensable(&self) -> Option<Rc<Worker>> {
        let workers = self.workers.borrow();
        let mut staying = workers.values().rev().filter(|worker| worker.stays());
        let idle = staying.clone().find(|worker| !worker.is_busy());
        idle.or_else(|| staying.next()).cloned()
    }

    /// An error of a run. The first one that is no cancellation stops all, if errors do.
    pub(super) fn hear(&self, error: WorkError, worker: u64, run: u64) {
        if self.rules.stop_on_error && !error.is_cancelled() {
            let first = self.tripped.set(Tripped { error: Rc::new(error), worker, run }).is_ok();
            if first {
                self.close();
            }
        }
    }

    /// Cancels all; nobody comes any more.
    pub(super) fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        self.everybody().iter().for_each(|worker| worker.cancelled.fire());
        self.check_end();
        // What the builder holds is let go of. A panic of it is nobody's who would hear of it.
        let build = self.build.take();
        isolated(|| drop(build));
    }

    /// Closes, and drops what still runs. Says how many workers that were.
    pub(super) fn abort(&self) -> usize {
        self.close();
        let everybody = self.everybody();
        for worker in &everybody {
            if worker.abort() {
                self.leave(worker.id);
            }
        }
        everybody.len()
    }

    /// A worker has ended.
    pub(super) fn leave(&self, id: u64) {
        let worker = self.workers.borrow_mut().remove(&id);
        drop(worker);
        self.check_end();
    }

    fn check_end(&self) {
        if self.is_closed() && self.present() == 0 && !self.ended.is_fired() {
            self.ended.fire();
        }
    }
}

impl Guest for Crew {
    /// Nothing will run any more.
    fn executor_gone(self: Rc<Self>) {
        self.abort();
    }
}
