//! The mill works the pond: it holds the futures, starts a runner for each permit, and tells who must know.
//!
//! Every method takes what it needs out of the cells, lets go of them, and only then calls foreign code (futures, their drops, wakers),
//! which may come back here for anything.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::job::{BoxedWork, abort};
use super::keeper::Keeper;
use super::runner::Runner;
use super::waits::{Waits, What};
use crate::clock::Clock;
use crate::error::{TaskError, Timeout};
use crate::executor::{Guest, LocalExecutor, WeakExecutor};
use crate::limit::Limit;
use crate::priority::Level;
use crate::state::{Due, Expiry, Id, LaneOptions, Outcome, Phase, Pond, Refused, Submitted, Time};

/// Is told when lanes grow old; a manager.
pub(crate) trait Landlord {
    /// The lane is gone from the pond.
    fn expired(&self, lane: Id);
    /// The lane is over its lifetime, and in use.
    fn aged(&self, lane: Id);
}

/// The timeouts of one task.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Timeouts {
    pub(super) queue: Option<Duration>,
    pub(super) run: Option<Duration>,
    pub(super) total: Option<Duration>,
}

/// Where the future of a ticket is.
#[derive(Default)]
enum Slot {
    #[default]
    Empty,
    /// At rest, waiting or between two polls; with the runner to wake if it is taken away.
    Parked(Id, BoxedWork, Option<Waker>),
    /// In a poll or a drop right now; with the reason to end it afterwards.
    Busy(Id, Option<TaskError>),
}

impl Slot {
    const fn owner(&self) -> Id {
        match self {
            Self::Empty => Id::NONE,
            Self::Parked(ticket, ..) | Self::Busy(ticket, _) => *ticket,
        }
    }
}

pub(crate) struct Mill {
    executor: WeakExecutor,
    clock: Clock,
    /// Whether lanes expire: without it nothing needs the time of a submission.
    expires: bool,
    pond: RefCell<Pond>,
    /// By the index of the ticket.
    slots: RefCell<Vec<Slot>>,
    /// Run timeouts of tasks that wait; most have none.
    run_timeouts: RefCell<HashMap<Id, Duration>>,
    pub(super) waits: Waits,
    pub(super) keeper: Keeper,
    landlord: RefCell<Option<Weak<dyn Landlord>>>,
}

/// Making it and looking at it.
impl Mill {
    pub(crate) fn new(executor: &LocalExecutor, limit: Limit, expiry: Expiry) -> Rc<Self> {
        let mill = Rc::new(Self {
            executor: executor.downgrade(),
            clock: executor.clock(),
            expires: expiry.idle != Time::NEVER || expiry.lifetime != Time::NEVER,
            pond: RefCell::new(Pond::new(limit, expiry)),
            slots: RefCell::default(),
            run_timeouts: RefCell::default(),
            waits: Waits::default(),
            keeper: Keeper::default(),
            landlord: RefCell::new(None),
        });
        let guest: Weak<dyn Guest> = Rc::<Self>::downgrade(&mill);
        executor.guests().add(guest);
        mill
    }

    pub(crate) fn set_landlord(&self, landlord: Weak<dyn Landlord>) {
        self.landlord.replace(Some(landlord));
    }

    /// The executor, unless it is gone.
    pub(crate) fn executor(&self) -> Option<LocalExecutor> {
        self.executor.upgrade()
    }

    pub(crate) fn executor_handle(&self) -> WeakExecutor {
        self.executor.clone()
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Pond) -> T) -> T {
        look(&self.pond.borrow())
    }

    pub(super) fn time(&self) -> Time {
        Time::from_elapsed(self.clock.elapsed())
    }

    /// The time, where anything depends on it: reading a clock costs more than admitting a task.
    fn now(&self) -> Time {
        if self.expires { self.time() } else { Time::ZERO }
    }
}

/// Lanes.
impl Mill {
    /// A new lane, held once.
    pub(crate) fn open(self: &Rc<Self>, options: LaneOptions) -> Option<Id> {
        let lane = self.pond.borrow_mut().open(options, self.now())?;
        self.hold(lane);
        self.keep_time();
        Some(lane)
    }

    pub(crate) fn hold(&self, lane: Id) {
        self.pond.borrow_mut().hold(lane);
    }

    pub(crate) fn release(self: &Rc<Self>, lane: Id) {
        self.pond.borrow_mut().release(lane, self.now());
        self.keep_time();
    }

    /// Starts a lane's lifetime anew.
    pub(crate) fn renew(self: &Rc<Self>, lane: Id) {
        self.pond.borrow_mut().renew(lane, self.now());
        self.keep_time();
    }

    /// Changes the pond or a lane of it, then starts what may start now.
    pub(crate) fn change(self: &Rc<Self>, lane: Id, change: impl FnOnce(&mut Pond, Id)) {
        change(&mut self.pond.borrow_mut(), lane);
        self.pump();
        self.notify(lane);
    }

    pub(crate) fn close(self: &Rc<Self>, lane: Id) {
        self.change(lane, Pond::close);
    }

    pub(crate) fn cancel_waiting(self: &Rc<Self>, lane: Id) -> u64 {
        std::iter::from_fn(|| {
            let head = self.pond.borrow_mut().head(lane)?;
            self.end(head, TaskError::Cancelled);
            Some(())
        })
        .fuse()
        .count() as u64
    }

    pub(crate) fn cancel_running(self: &Rc<Self>, lane: Id) -> u64 {
        let running: Vec<Id> = self.look(|pond| pond.running(lane).collect());
        running.into_iter().filter(|&ticket| self.end(ticket, TaskError::Cancelled)).count() as u64
    }
}

/// Tasks.
impl Mill {
    /// Takes a task in, or tells why not; [`Mill::place`] must follow with its future.
    pub(super) fn admit(&self, lane: Id, level: Level) -> Result<Submitted, Refused> {
        self.pond.borrow_mut().submit(lane, level, self.now())
    }

    pub(super) fn place(self: &Rc<Self>, task: Submitted, work: BoxedWork, timeouts: Timeouts) {
        self.put(task.ticket, Slot::Parked(task.ticket, work, None));
        self.arm(task.ticket, timeouts);
        if task.started {
            self.start(task.ticket);
        }
        self.keep_time();
    }

    fn arm(&self, ticket: Id, timeouts: Timeouts) {
        let clocks = [(Phase::Queue, timeouts.queue), (Phase::Total, timeouts.total)];
        for (phase, span) in clocks {
            if let Some(span) = span {
                self.pond.borrow_mut().arm(ticket, phase, self.time().saturating_add(span));
            }
        }
        if let Some(run) = timeouts.run {
            self.run_timeouts.borrow_mut().insert(ticket, run);
        }
    }

    pub(super) fn is_waiting(&self, ticket: Id) -> Option<bool> {
        self.look(|pond| pond.is_waiting(ticket))
    }

    pub(super) fn set_level(&self, ticket: Id, level: Level) -> bool {
        self.pond.borrow_mut().set_level(ticket, level)
    }

    /// Ends a task for a reason of somebody else's: at once, or after the poll it is in. False if it has ended.
    pub(super) fn end(self: &Rc<Self>, ticket: Id, error: TaskError) -> bool {
        let Some(waiting) = self.is_waiting(ticket) else { return false };
        match self.take(ticket) {
            Slot::Parked(_, work, _) if waiting => {
                self.settle(ticket, outcome(&error));
                self.bury(work, error);
            }
            Slot::Parked(_, work, runner) => {
                self.put(ticket, Slot::Busy(ticket, None));
                self.end_running(ticket, work, error);
                // It has nothing to do any more, and finds that out by itself.
                runner.into_iter().for_each(Waker::wake);
            }
            Slot::Busy(_, reason) => self.put(ticket, Slot::Busy(ticket, reason.or(Some(error)))),
            Slot::Empty => return false,
        }
        true
    }

    /// A runner's step: polls a task once. Ready with the next task for this runner, if there is one.
    pub(super) fn step(self: &Rc<Self>, ticket: Id, cx: &mut Context<'_>) -> Poll<Option<Id>> {
        let Slot::Parked(_, mut work, _) = self.take(ticket) else { return Poll::Ready(self.next()) };
        self.put(ticket, Slot::Busy(ticket, None));
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return self.park(ticket, work, cx.waker()),
            Ok(Poll::Ready(())) => self.settle_busy(ticket, Outcome::Succeeded),
            Err(payload) => {
                abort(&mut work, TaskError::Panicked(payload));
                self.settle_busy(ticket, Outcome::Panicked);
            }
        }
        let next = self.next();
        work.as_mut().announce();
        Poll::Ready(next)
    }

    /// Puts a task back that is not ready, unless it was ended meanwhile.
    fn park(self: &Rc<Self>, ticket: Id, work: BoxedWork, runner: &Waker) -> Poll<Option<Id>> {
        match self.take(ticket) {
            Slot::Busy(_, Some(error)) => {
                self.put(ticket, Slot::Busy(ticket, None));
                self.end_running(ticket, work, error);
                Poll::Ready(self.next())
            }
            _ => {
                self.put(ticket, Slot::Parked(ticket, work, Some(runner.clone())));
                Poll::Pending
            }
        }
    }

    /// The future goes first, then the permit: what the future held is free when the next task starts.
    fn end_running(self: &Rc<Self>, ticket: Id, mut work: BoxedWork, error: TaskError) {
        let outcome = outcome(&error);
        abort(&mut work, error);
        self.settle_busy(ticket, outcome);
        self.pump();
        work.as_mut().announce();
    }

    /// Ends the future of a task that is settled already.
    fn bury(self: &Rc<Self>, mut work: BoxedWork, error: TaskError) {
        abort(&mut work, error);
        self.pump();
        work.as_mut().announce();
    }

    fn settle_busy(self: &Rc<Self>, ticket: Id, outcome: Outcome) {
        self.put(ticket, Slot::Empty);
        self.settle(ticket, outcome);
    }

    fn settle(self: &Rc<Self>, ticket: Id, outcome: Outcome) {
        let lane = self.look(|pond| pond.lane_of(ticket));
        self.pond.borrow_mut().settle(ticket, outcome, self.now());
        self.forget(ticket);
        self.notify(lane);
        self.keep_time();
    }

    fn forget(&self, ticket: Id) {
        let mut timeouts = self.run_timeouts.borrow_mut();
        if !timeouts.is_empty() {
            timeouts.remove(&ticket);
        }
    }
}

/// Starting.
impl Mill {
    /// The next task to start, for a runner that is free.
    fn next(self: &Rc<Self>) -> Option<Id> {
        let ticket = self.pond.borrow_mut().next()?;
        self.on_start(ticket);
        Some(ticket)
    }

    /// Starts a runner for each task that may start.
    fn pump(self: &Rc<Self>) {
        if self.executor.is_gone() {
            return;
        }
        while let Some(ticket) = self.next() {
            self.spawn(ticket);
        }
    }

    fn start(self: &Rc<Self>, ticket: Id) {
        self.on_start(ticket);
        self.spawn(ticket);
    }

    fn spawn(self: &Rc<Self>, ticket: Id) {
        if let Some(executor) = self.executor() {
            executor.spawn_detached(Runner::new(Rc::clone(self), ticket));
        }
    }

    fn on_start(self: &Rc<Self>, ticket: Id) {
        if !self.run_timeouts.borrow().is_empty() {
            self.start_clock(ticket);
        }
        if !self.waits.is_empty() {
            self.notify(self.look(|pond| pond.lane_of(ticket)));
        }
    }

    fn start_clock(self: &Rc<Self>, ticket: Id) {
        let Some(span) = self.run_timeouts.borrow_mut().remove(&ticket) else { return };
        self.pond.borrow_mut().arm(ticket, Phase::Run, self.time().saturating_add(span));
        self.keep_time();
    }

    /// Tells those who wait for a lane that it may be their turn.
    pub(super) fn notify(&self, lane: Id) {
        if self.waits.is_empty() {
            return;
        }
        let (admissible, drained) = self.look(|pond| (pond.admissible(lane), pond.is_drained(lane)));
        match admissible {
            Ok(()) => self.waits.wake_first(lane, What::Room),
            Err(Refused::Full | Refused::Exhausted) => {}
            Err(Refused::Closed | Refused::NoLane) => self.waits.wake_all(lane, What::Room),
        }
        if drained {
            self.waits.wake_all(lane, What::Drained);
        }
    }
}

/// Time.
impl Mill {
    /// When the keeper is needed next.
    pub(super) fn next_time(&self) -> Time {
        self.look(|pond| pond.next_deadline().min(pond.next_expiry()))
    }

    /// Serves everything that is due.
    pub(crate) fn serve_due(self: &Rc<Self>) {
        let now = self.time();
        loop {
            let due = self.pond.borrow_mut().due(now);
            let Some(due) = due else { break };
            self.serve(due);
        }
        self.pump();
    }

    fn serve(self: &Rc<Self>, due: Due) {
        match due {
            Due::TimedOut { ticket, lane, phase, waited: true } => self.end_settled(ticket, lane, timed_out(phase)),
            Due::TimedOut { ticket, phase, .. } => {
                self.end(ticket, timed_out(phase));
            }
            Due::Expired(lane) => self.landlord().into_iter().for_each(|landlord| landlord.expired(lane)),
            Due::Aged(lane) => self.landlord().into_iter().for_each(|landlord| landlord.aged(lane)),
            // Only the JavaScript face has tasks that outlive their end.
            Due::Abandoned(_) | Due::Recalled(_) => {}
        }
    }

    fn end_settled(self: &Rc<Self>, ticket: Id, lane: Id, error: TaskError) {
        self.forget(ticket);
        if let Slot::Parked(_, work, _) = self.take(ticket) {
            self.bury(work, error);
        }
        self.notify(lane);
    }

    fn landlord(&self) -> Option<Rc<dyn Landlord>> {
        self.landlord.borrow().as_ref().and_then(Weak::upgrade)
    }

    fn keep_time(self: &Rc<Self>) {
        self.keeper.keep(self);
    }
}

/// Slots.
impl Mill {
    /// Takes what is in the slot of a ticket, if it is this ticket's.
    fn take(&self, ticket: Id) -> Slot {
        let mut slots = self.slots.borrow_mut();
        slots.get_mut(ticket.index()).filter(|slot| slot.owner() == ticket).map(std::mem::take).unwrap_or_default()
    }

    fn put(&self, ticket: Id, content: Slot) {
        let mut slots = self.slots.borrow_mut();
        if slots.len() <= ticket.index() {
            slots.resize_with(ticket.index() + 1, Slot::default);
        }
        if let Some(slot) = slots.get_mut(ticket.index()) {
            *slot = content;
        }
    }

    fn tickets(&self) -> Vec<Id> {
        let slots = self.slots.borrow();
        slots.iter().filter_map(|slot| slot.owner().some()).collect()
    }
}

impl Guest for Mill {
    /// Nothing will run any more: every task settles as closed, and nothing new is taken.
    fn executor_gone(self: Rc<Self>) {
        self.pond.borrow_mut().close_all();
        for ticket in self.tickets() {
            self.end(ticket, TaskError::Closed);
        }
        self.waits.lanes().into_iter().for_each(|lane| self.notify(lane));
    }
}

impl Drop for Mill {
    fn drop(&mut self) {
        self.keeper.dismiss();
    }
}

impl fmt::Debug for Mill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mill").field("totals", &self.look(Pond::totals)).finish_non_exhaustive()
    }
}

fn timed_out(phase: Phase) -> TaskError {
    TaskError::TimedOut(match phase {
        Phase::Queue => Timeout::Queue,
        Phase::Total => Timeout::Total,
        _ => Timeout::Run,
    })
}

const fn outcome(error: &TaskError) -> Outcome {
    match error {
        TaskError::Cancelled | TaskError::Closed => Outcome::Cancelled,
        TaskError::TimedOut(_) => Outcome::TimedOut,
        TaskError::Panicked(_) => Outcome::Panicked,
    }
}
