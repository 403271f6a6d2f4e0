//! The mill works the pond: it holds the futures, starts a runner for each permit, and tells who must know.
//!
//! Every method takes what it needs out of the cells, lets go of them, and only then calls foreign code (futures, their drops, wakers),
//! which may come back here for anything.

mod lanes;
mod scales;
mod starts;
mod stuck;
mod time;
mod told;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::deadlock::ties::Ties;
use super::job::{BoxedWork, abort};
use super::keeper::Keeper;
use super::observe::Observers;
use super::runner::Unmanned;
use super::slots::{Berth, Found, Left, Slot, Slots};
use super::turns::Turns;
use super::waits::{Waits, What};
use super::watchers::Watchers;
use crate::clock::Clock;
use crate::error::TaskError;
use crate::event::{Rejection, TaskOutcome};
use crate::executor::{Guest, LocalExecutor, WeakExecutor};
use crate::foreign::isolated;
use crate::limit::Limit;
use crate::priority::{Level, Priority};
use crate::state::{Expiry, Id, Offer, Phase, Pond, Refused, Submitted, Time};
use scales::Scales;
pub(crate) use scales::Shrinks;

/// Is told when lanes grow old; a manager.
pub(crate) trait Landlord {
    /// The lane is gone from the pond; which of its clocks ran out.
    fn expired(&self, lane: Id, clock: Phase);
    /// The lane is over its lifetime, and in use.
    fn aged(&self, lane: Id);
    /// A household has closed: it is not to be given out any more.
    fn resigned(&self, lane: Id, era: u32);
    /// Whether somebody may still come for a lane that nobody holds.
    fn lets(&self) -> bool;
}

/// The timeouts of one task.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Timeouts {
    pub(super) queue: Option<Duration>,
    pub(super) run: Option<Duration>,
    pub(super) total: Option<Duration>,
    /// By the executor's clock.
    pub(super) deadline: Option<Duration>,
}

impl Timeouts {
    const fn any(&self) -> bool {
        self.queue.is_some() || self.run.is_some() || self.total.is_some() || self.deadline.is_some()
    }
}

pub(crate) struct Mill {
    executor: WeakExecutor,
    clock: Clock,
    /// Whether anything here has a clock, or ever had: else nobody asks what is due.
    pub(super) clocked: Cell<bool>,
    /// Whether admission depends on the time: lanes expire, or tasks age, or starts have a rate.
    timed: Cell<bool>,
    /// Whether lanes expire, or ever did: else nobody knows since when they are idle.
    expires: Cell<bool>,
    /// Whether one end may let several start: some task is heavier than others.
    weighted: Cell<bool>,
    pond: RefCell<Pond>,
    pub(super) slots: Slots,
    pub(super) unmanned: Unmanned,
    /// Run timeouts of tasks that wait; most have none.
    run_timeouts: RefCell<HashMap<Id, Duration>>,
    pub(super) waits: Waits,
    pub(super) watchers: Watchers,
    turns: RefCell<Turns>,
    pub(super) keeper: Keeper,
    /// Who waits for tasks of this mill while it runs in it.
    pub(super) ties: Ties,
    scales: Scales,
    /// Whether every task is first polled in the order in which tasks start, at the price of a turn of the executor for each.
    pub(super) in_order: Cell<bool>,
    landlord: RefCell<Option<Weak<dyn Landlord>>>,
    observers: Observers,
}

/// Making it and looking at it.
impl Mill {
    pub(crate) fn new(executor: &LocalExecutor, limit: Limit, expiry: Expiry) -> Rc<Self> {
        let mill = Rc::new(Self {
            executor: executor.downgrade(),
            clock: executor.clock(),
            clocked: Cell::new(expiry.ends()),
            timed: Cell::new(expiry.ends()),
            expires: Cell::new(expiry.ends()),
            weighted: Cell::new(false),
            pond: RefCell::new(Pond::new(limit, expiry)),
            slots: Slots::default(),
            unmanned: Unmanned::default(),
            run_timeouts: RefCell::default(),
            waits: Waits::default(),
            watchers: Watchers::default(),
            turns: RefCell::default(),
            keeper: Keeper::default(),
            ties: Ties::default(),
            scales: Scales::default(),
            in_order: Cell::new(false),
            landlord: RefCell::new(None),
            observers: Observers::default(),
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

    #[inline]
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Pond) -> T) -> T {
        look(&self.pond.borrow())
    }

    pub(super) fn time(&self) -> Time {
        Time::from_elapsed(self.clock.elapsed())
    }

    /// The time, where anything depends on it: reading a clock costs more than admitting a task.
    #[inline]
    fn now(&self) -> Time {
        let depends = || self.timed.get() || self.look(Pond::next_deadline) != Time::NEVER;
        if self.clocked.get() && depends() { self.time() } else { Time::ZERO }
    }
}

/// Tasks.
impl Mill {
    /// Takes a task in, or tells why not; [`Mill::place`] must follow with its future.
    pub(super) fn admit(&self, lane: Id, offer: Offer) -> Result<Submitted, Refused> {
        if offer.weight > 1 {
            self.weighted.set(true);
        }
        self.stretch(lane, offer.weight);
        let now = self.now();
        let admitted = self.pond.borrow_mut().submit(lane, offer, now);
        self.note_admission(lane, offer, &admitted);
        self.rescale(lane);
        admitted
    }

    /// Counts a task that is too late even to wait.
    pub(super) fn admit_late(&self, lane: Id, offer: Offer) -> Result<(), Refused> {
        let admitted = self.pond.borrow_mut().submit_late(lane);
        self.note_late(lane, offer, admitted);
        admitted
    }

    pub(super) fn place(self: &Rc<Self>, task: Submitted, slot: Slot, work: BoxedWork, timeouts: Timeouts) {
        self.slots.enter(slot, work);
        if timeouts.any() {
            self.arm(task.ticket, &timeouts);
        }
        if task.started {
            let berth = self.slots.hire();
            self.start(task.ticket, berth);
            self.man(berth);
        }
        if let Some(dropped) = task.dropped {
            self.end_settled(dropped, self.look(|pond| pond.lane_of(task.ticket)), TaskError::Dropped);
            self.pump();
        }
        self.keep_time();
        self.tell_observers();
    }

    fn arm(&self, ticket: Id, timeouts: &Timeouts) {
        self.clocked.set(true);
        let from_now = |span: Option<Duration>| span.map(|span| self.time().saturating_add(span));
        let deadline = timeouts.deadline.map(Time::from_elapsed);
        let clocks = [(Phase::Queue, from_now(timeouts.queue)), (Phase::Total, from_now(timeouts.total)), (Phase::Deadline, deadline)];
        for (phase, at) in clocks {
            if let Some(at) = at {
                self.pond.borrow_mut().arm(ticket, phase, at);
            }
        }
        if let Some(run) = timeouts.run {
            self.run_timeouts.borrow_mut().insert(ticket, run);
        }
    }

    /// Counts somebody who was not even taken to the heart.
    pub(super) fn reject(&self, lane: Id) {
        self.pond.borrow_mut().reject(lane);
        self.note_rejection(lane, Rejection::Full);
    }

    pub(super) fn is_waiting(&self, ticket: Id) -> Option<bool> {
        self.look(|pond| pond.is_waiting(ticket))
    }

    /// A lighter task at the head may start where a heavier one could not.
    pub(super) fn set_priority(self: &Rc<Self>, ticket: Id, priority: Priority) -> bool {
        let now = self.now();
        let moved = self.pond.borrow_mut().set_level(ticket, priority.into(), now);
        if moved {
            self.note_priority(ticket, priority);
        }
        if self.weighted.get() {
            self.pump();
        }
        moved
    }

    /// Ends a task for a reason of somebody else's: at once, or after the poll it is in. False if it has ended.
    pub(super) fn end(self: &Rc<Self>, ticket: Id, error: TaskError) -> bool {
        if self.is_waiting(ticket).is_none() {
            return false;
        }
        match self.slots.take(ticket) {
            Found::Waiting(slot, work) => {
                self.settle(ticket, &error);
                self.bury(slot, work, error);
            }
            Found::Parked(berth, work, runner) => {
                self.end_running(ticket, berth, work, error);
                // It has nothing to do any more, and finds that out by itself.
                runner.into_iter().for_each(Waker::wake);
            }
            Found::Busy(berth) => self.slots.interrupt(berth, error),
            Found::Nothing => return false,
        }
        true
    }

    /// A runner's step: polls its task once. Ready if that is over; true if there is another one in its place.
    pub(super) fn step(self: &Rc<Self>, berth: Berth, cx: &mut Context<'_>) -> Poll<bool> {
        let Some((ticket, mut work)) = self.slots.begin(berth) else { return Poll::Ready(self.next(|| berth).is_some()) };
        let outcome = match self.ties.polling(ticket, || catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)))) {
            Ok(Poll::Pending) => return self.park(ticket, berth, work, cx.waker()),
            Ok(Poll::Ready(outcome)) => outcome,
            Err(payload) => abort(&mut work, TaskError::Panicked(payload)),
        };
        let slot = self.slots.leave(berth);
        let next = self.hand_over(ticket, outcome, berth);
        if self.weighted.get() {
            self.pump();
        }
        self.dismiss(slot, work);
        Poll::Ready(next)
    }

    /// Puts a task back that is not ready, unless it was ended meanwhile.
    fn park(self: &Rc<Self>, ticket: Id, berth: Berth, work: BoxedWork, runner: &Waker) -> Poll<bool> {
        let Some((work, error)) = self.slots.park(berth, work, runner) else { return Poll::Pending };
        self.end_running(ticket, berth, work, error);
        Poll::Ready(self.next(|| berth).is_some())
    }

    /// The future goes first, then the permit: what the future held is free when the next task starts.
    fn end_running(self: &Rc<Self>, ticket: Id, berth: Berth, mut work: BoxedWork, error: TaskError) {
        let reason = TaskOutcome::from(&error);
        let outcome = abort(&mut work, error);
        let slot = self.slots.leave(berth);
        self.settle(ticket, if outcome == reason.counted() { reason } else { outcome.into() });
        self.pump();
        self.dismiss(slot, work);
    }

    /// Ends the future of a task that is settled already.
    fn bury(self: &Rc<Self>, slot: Slot, mut work: BoxedWork, error: TaskError) {
        abort(&mut work, error);
        self.pump();
        self.dismiss(slot, work);
    }

    /// Has admission depend on the time from now on.
    pub(super) fn keep_to_time(&self) {
        self.clocked.set(true);
        self.timed.set(true);
    }

    /// Tells whoever waits that a task is settled. Its result stays for the handle; without one all that is left is dropped. A panic of a
    /// waker or of an output stays here: it is nobody's who would hear of it, least of all of whoever drives the executor.
    pub(super) fn dismiss(&self, slot: Slot, mut work: BoxedWork) {
        let member = work.as_mut().resign();
        match self.slots.finish(slot, work) {
            Left::Kept(listener) => listener.into_iter().for_each(|listener| isolated(|| listener.wake())),
            Left::Gone(mut work) => {
                isolated(|| work.as_mut().announce());
                isolated(|| drop(work));
            }
        }
        member.into_iter().for_each(|member| isolated(|| drop(member)));
    }

    fn settle(self: &Rc<Self>, ticket: Id, outcome: impl Into<TaskOutcome>) {
        let (lane, outcome) = (self.look(|pond| pond.lane_of(ticket)), outcome.into());
        let now = self.now();
        self.pond.borrow_mut().settle(ticket, outcome.counted(), now);
        self.note_end(ticket, lane, outcome);
        self.tell_end(ticket, lane);
    }

    /// A task has left its lane, and that is written down.
    fn tell_end(self: &Rc<Self>, ticket: Id, lane: Id) {
        self.forget(ticket);
        self.notify(lane);
        self.keep_time();
        self.tell_observers();
    }

    #[inline]
    fn has_run_timeouts(&self) -> bool {
        self.clocked.get() && !self.run_timeouts.borrow().is_empty()
    }

    #[inline]
    fn forget(&self, ticket: Id) {
        self.ties.forget(ticket);
        if self.has_run_timeouts() {
            self.run_timeouts.borrow_mut().remove(&ticket);
        }
    }
}

/// Room.
impl Mill {
    /// Tells those who wait for a lane that it may be their turn.
    #[inline]
    pub(super) fn notify(&self, lane: Id) {
        self.rescale(lane);
        if self.waits.has(What::Room) {
            self.tell_first(lane);
            self.give_turn();
        }
        if self.waits.has(What::Drained) && self.look(|pond| pond.is_drained(lane)) {
            self.waits.wake_all(lane, What::Drained);
        }
    }

    /// The first of those who wait for room is told, if there is any; all of them, if there never will be.
    fn tell_first(&self, lane: Id) {
        match self.look(|pond| pond.admissible(lane, Level::default())) {
            Ok(()) => self.waits.wake_first(lane, What::Room),
            Err(Refused::Full | Refused::Exhausted) => self.take_turns(lane),
            Err(Refused::Closed | Refused::NoLane) => self.waits.wake_all(lane, What::Room),
        }
    }

    /// Without a line, a permit is the only room there is. Where only the cap over all is in the way, anyone's permit will do.
    pub(super) fn take_turns(&self, lane: Id) {
        if self.waits.anyone(lane, What::Room) && self.look(|pond| pond.wants_permit(lane)) {
            self.turns.borrow_mut().push(lane);
        }
    }

    /// Offers a permit that no line wants to who waits for one, in the order of the lanes' turns. Whatever comes of it, it is told of
    /// again: the task starts, or its submission goes, or its lane is changed.
    fn give_turn(&self) {
        while self.look(Pond::has_spare) {
            let lane = self.turns.borrow_mut().pop();
            let Some(lane) = lane else { return };
            if self.waits.anyone(lane, What::Room) && self.look(|pond| pond.admissible(lane, Level::default()).is_ok()) {
                return self.waits.wake_first(lane, What::Room);
            }
        }
    }
}

impl Guest for Mill {
    /// Nothing will run any more: every task settles as closed, and nothing new is taken.
    fn executor_gone(self: Rc<Self>) {
        self.close_all();
        let tickets: Vec<Id> = self.look(|pond| pond.tickets().collect());
        for ticket in tickets {
            self.end(ticket, TaskError::Closed);
        }
        self.waits.lanes().into_iter().for_each(|lane| self.notify(lane));
        self.watchers.tell(Id::NONE);
    }

    fn worries(&self) -> bool {
        self.ties.stays_listed()
    }

    fn is_stuck(&self) -> bool {
        self.knot().is_some()
    }

    fn unstick(self: Rc<Self>) -> bool {
        self.untie()
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

#[cfg(test)]
mod tests;
