//! The machine: a set of lanes under one shared cap. Every rule of admission is here, and nowhere else.
//!
//! A permit is one unit of a lane's limit and of the pond's. A task holds one from the moment it is told to start
//! ([`Submitted::started`], [`Pond::next`]) until it is settled. After anything that may free a permit or widen a limit
//! the caller asks [`Pond::next`] until there is none; meanwhile newcomers cannot overtake, because a line that waits goes first.

mod hand_over;
mod levels;
mod look;
mod recall;
mod stuck;
mod time;

use super::counts::{Counter, Counts, Outcome};
use super::deadlines::{Deadlines, Phase};
use super::lane::{Lane, LaneOptions, Task, Tasks};
use super::line::Lines;
use super::list::List;
use super::rate::Rate;
use super::slab::{Id, Slab};
use super::time::Time;
use crate::limit::Limit;
use crate::priority::Level;

/// How long a lane lives; spans, [`Time::NEVER`] for ever.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expiry {
    /// From the moment nothing waits, runs or holds it.
    pub(crate) idle: Time,
    /// From its making.
    pub(crate) lifetime: Time,
}

impl Expiry {
    pub(crate) const NEVER: Self = Self { idle: Time::NEVER, lifetime: Time::NEVER };

    /// Whether any lane ever expires by it.
    pub(crate) fn ends(self) -> bool {
        self.idle != Time::NEVER || self.lifetime != Time::NEVER
    }
}

/// A task that asks to be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) level: Level,
    /// How many units of the limits it takes, one at least.
    pub(crate) weight: u32,
}

impl From<Level> for Offer {
    fn from(level: Level) -> Self {
        Self { level, weight: 1 }
    }
}

/// A task was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Submitted {
    pub(crate) ticket: Id,
    /// It holds a permit and is to be started now.
    pub(crate) started: bool,
    /// Who had to go for it: settled.
    pub(crate) dropped: Option<Id>,
}

/// A task was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The line is full.
    Full,
    /// The lane takes no more.
    Closed,
    /// There is no such lane.
    NoLane,
    /// There are no more tickets.
    Exhausted,
}

/// What time has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// A clock ran out. A task that waited is settled; one that runs keeps its permit until the caller settles it.
    TimedOut { ticket: Id, lane: Id, phase: Phase, waited: bool },
    /// An aborted task did not end in time: it is settled, its permit is back.
    Abandoned(Id),
    /// A response that nobody reads gave up its permit to somebody who waits: it is settled.
    Recalled(Id),
    /// The lane is gone, by its clock: idle too long, or idle and over its lifetime.
    Expired(Id, Phase),
    /// The lane is over its lifetime and in use; it expires as soon as it is idle, unless it is renewed.
    Aged(Id),
    /// The lane is held no longer.
    Resumed(Id),
}

#[derive(Debug)]
pub(crate) struct Pond {
    limit: Limit,
    /// The units of those that run.
    used: u32,
    expiry: Expiry,
    lanes: Slab<Lane>,
    tasks: Tasks,
    sequence: u64,
    /// What stands in the lanes' lines.
    lines: Lines,
    /// Lanes whose head may start as soon as the cap over all lets it, in the order of their turns.
    ready: List,
    /// Idle lanes, the longest idle first. They are never ready.
    idle: List,
    /// Running tasks whose permit may be recalled at once; they stand in no line.
    lapsed: List,
    /// The clocks of the tasks.
    deadlines: Deadlines,
    /// The clocks of the lanes.
    expiries: Deadlines,
    /// Recalled tasks the caller has not heard of.
    recalled: Vec<Id>,
    /// What lanes that are gone have counted.
    retired: Counts,
}

/// Making and changing.
impl Pond {
    pub(crate) fn new(limit: Limit, expiry: Expiry) -> Self {
        Self {
            limit,
            used: 0,
            expiry,
            lanes: Slab::new(),
            tasks: Tasks::new(),
            sequence: 0,
            lines: Lines::new(),
            ready: List::EMPTY,
            idle: List::EMPTY,
            lapsed: List::EMPTY,
            deadlines: Deadlines::new(),
            expiries: Deadlines::new(),
            recalled: Vec::new(),
            retired: Counts::default(),
        }
    }

    /// Makes a lane; nothing if 2²⁴ lanes exist.
    pub(crate) fn open(&mut self, options: LaneOptions, now: Time) -> Option<Id> {
        let id = self.lanes.insert(Lane::new(options))?;
        self.renew(id, now);
        Some(id)
    }

    /// Removes a lane that has no task; its counts stay in the totals.
    pub(crate) fn remove(&mut self, id: Id) -> bool {
        let Some(lane) = self.lanes.get_mut(id).filter(|lane| lane.has_no_task()) else { return false };
        self.retired.add(&lane.counts);
        self.expiries.clear(&mut lane.alarms);
        if lane.idle {
            self.lanes.unlink(&mut self.idle, id);
        }
        self.lanes.remove(id).is_some()
    }

    /// Changes the cap over all lanes. After a shrink nothing starts until fewer run.
    pub(crate) const fn resize(&mut self, limit: Limit) {
        self.limit = limit;
    }

    pub(crate) fn resize_lane(&mut self, id: Id, limit: Limit) {
        self.change(id, |lane| lane.limit = limit);
    }

    /// Changes how many may wait; those who wait already stay.
    pub(crate) fn set_capacity(&mut self, id: Id, capacity: u32) {
        self.change(id, |lane| lane.capacity = capacity);
    }

    /// Bounds how many may start in a span of time, from now on.
    pub(crate) fn set_rate(&mut self, id: Id, rate: Rate) {
        self.change(id, |lane| lane.rate = Some(rate));
    }

    /// Lets nothing start in a lane, or lets it again. Clocks go on.
    pub(crate) fn pause(&mut self, id: Id, paused: bool) {
        self.change(id, |lane| lane.paused = paused);
    }

    /// Refuses all that comes from now on; what waits and runs goes on.
    pub(crate) fn close(&mut self, id: Id) {
        self.change(id, |lane| lane.closed = true);
    }

    pub(crate) fn close_all(&mut self) {
        self.lanes.change_all(|lane| lane.closed = true);
    }

    /// Keeps a lane from expiring until [`Pond::release`] is called as often.
    pub(crate) fn hold(&mut self, id: Id) {
        self.change(id, |lane| lane.holds += 1);
        self.refresh_idle(id, Time::ZERO);
    }

    pub(crate) fn release(&mut self, id: Id, now: Time) {
        self.change(id, |lane| lane.holds = lane.holds.saturating_sub(1));
        self.refresh_idle(id, now);
    }

    /// Starts a lane's lifetime anew, and its idle time if it is idle.
    pub(crate) fn renew(&mut self, id: Id, now: Time) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        (lane.aged, lane.born) = (false, now);
        self.expiries.arm(&mut lane.alarms, id, Phase::Age, now.after(self.expiry.lifetime));
        if std::mem::replace(&mut lane.idle, false) {
            self.lanes.unlink(&mut self.idle, id);
        }
        self.refresh_idle(id, now);
    }

    fn change(&mut self, id: Id, change: impl FnOnce(&mut Lane)) {
        if let Some(lane) = self.lanes.get_mut(id) {
            change(lane);
        }
        self.refresh_ready(id);
    }

    /// Puts a lane among those whose head may start, or takes it out, as its state asks for.
    fn refresh_ready(&mut self, id: Id) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let head_weight = || self.lines.head(&lane.line).and_then(|head| self.tasks.get(head)).map_or(1, Task::weight);
        let ready = lane.waiting() > 0 && lane.fits(if lane.is_light() { 1 } else { head_weight() });
        if ready == std::mem::replace(&mut lane.ready, ready) {
            return;
        }
        if ready {
            self.lanes.link_back(&mut self.ready, id);
        } else {
            self.lanes.unlink(&mut self.ready, id);
        }
    }

    /// Has the clock of a lane run while it is idle. One over its lifetime expires at once.
    #[inline]
    fn refresh_idle(&mut self, id: Id, now: Time) {
        if self.lanes.get(id).is_some_and(|lane| lane.idle != lane.is_idle()) {
            self.turn_idle(id, now);
        }
    }

    fn turn_idle(&mut self, id: Id, now: Time) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let idle = !lane.idle;
        (lane.idle, lane.idle_since) = (idle, now);
        if idle {
            self.lanes.link_back(&mut self.idle, id);
        } else {
            self.lanes.unlink(&mut self.idle, id);
        }
        self.arm_idle(id);
    }
}

/// Admission.
impl Pond {
    /// Takes a task in: it starts now, or waits in line, or is refused.
    pub(crate) fn submit(&mut self, id: Id, offer: impl Into<Offer>, now: Time) -> Result<Submitted, Refused> {
        let offer = offer.into();
        self.grow_old(now);
        self.end_hold(id, now);
        let dropped = self.room_for(id, offer).inspect_err(|_| self.reject(id))?;
        let mut started = self.starts_at_once(id, offer.weight);
        while !started && self.recall_for(id, now) {
            started = self.starts_at_once(id, offer.weight);
        }
        let ticket = self.accept(id, offer.weight).ok_or(Refused::Exhausted)?;
        if let Some(dropped) = dropped {
            self.settle(dropped, Outcome::Dropped, now);
        }
        if started {
            self.take_permit(id, ticket, now);
        } else {
            self.enter_line(id, ticket, offer, now);
        }
        // Not among the idle ones any more before it may be among the ready ones.
        self.refresh_idle(id, now);
        // Who joins a line does not change how light tasks stand, started or not.
        if self.lanes.get(id).is_some_and(|lane| lane.waiting() == 1 || !lane.is_light()) {
            self.refresh_ready(id);
        }
        Ok(Submitted { ticket, started, dropped })
    }

    /// Takes a task in whose time is over: it is settled before it could wait.
    pub(crate) fn submit_late(&mut self, id: Id) -> Result<(), Refused> {
        let lane = self.lanes.get_mut(id).ok_or(Refused::NoLane)?;
        if lane.closed {
            lane.counts.count(Counter::Rejected);
            return Err(Refused::Closed);
        }
        lane.counts.count(Counter::Submitted);
        lane.counts.count(Counter::TimedOut);
        self.sequence += 1;
        Ok(())
    }

    /// Whether a lane would take a task now.
    pub(crate) fn admissible(&self, id: Id, offer: impl Into<Offer>) -> Result<(), Refused> {
        self.room_for(id, offer.into()).map(|_| ())
    }

    /// Whether there is room for a task, and who must go for it.
    #[inline]
    fn room_for(&self, id: Id, offer: Offer) -> Result<Option<Id>, Refused> {
        let lane = self.lanes.get(id).ok_or(Refused::NoLane)?;
        if lane.closed {
            return Err(Refused::Closed);
        }
        if lane.waiting() < lane.capacity || self.starts_at_once(id, offer.weight) || self.can_recall_for(id) {
            return Ok(None);
        }
        let place = lane.line.order.place(self.sequence);
        self.lines.victim(&lane.line, offer.level, place).map(Some).ok_or(Refused::Full)
    }

    /// Whether nothing but the cap over all, or the turns of others, keeps the next task of a lane without a line from starting.
    pub(crate) fn wants_permit(&self, id: Id) -> bool {
        self.lanes.get(id).is_some_and(|lane| !lane.closed && lane.waiting() == 0 && lane.fits(1))
    }

    /// Whether there is a permit that no line wants.
    pub(crate) fn has_spare(&self) -> bool {
        self.limit.has_room(self.used) && self.ready.head().is_none()
    }

    /// The next task to start, with its permit; call until there is none. Lanes take turns, a lane's line goes by its order. A task that
    /// the cap over all has no room for keeps its turn: it waits, and is not overtaken.
    pub(crate) fn next(&mut self, now: Time) -> Option<Id> {
        self.grow_old(now);
        let id = self.ready.head().filter(|_| self.limit.has_room(self.used))?;
        let ticket = self.head(id)?;
        if !self.limit.fits(self.used, self.tasks.get(ticket)?.weight()) {
            return None;
        }
        self.lanes.rotate(&mut self.ready);
        self.leave_line(id, ticket);
        self.take_permit(id, ticket, now);
        self.refresh_ready(id);
        Some(ticket)
    }

    /// Ends a task, wherever it is: it leaves the line or gives its permit back. False if it has ended before.
    pub(crate) fn settle(&mut self, ticket: Id, outcome: Outcome, now: Time) -> bool {
        self.unlapse(ticket);
        let Some(task) = self.tasks.get_mut(ticket) else { return false };
        self.deadlines.clear(&mut task.alarms);
        let (id, units, waits) = (task.lane, task.weight(), task.is_waiting());
        if waits {
            self.leave_line(id, ticket);
        }
        self.tasks.remove(ticket);
        let Some(lane) = self.lanes.get_mut(id) else { return true };
        lane.counts.count(outcome.counter());
        if !waits {
            lane.counts.uncount(Counter::Running);
            lane.used -= units;
            self.used -= units;
        }
        self.refresh_ready(id);
        self.refresh_idle(id, now);
        true
    }

    /// Whether a task waits; nothing if it is settled.
    pub(crate) fn is_waiting(&self, ticket: Id) -> Option<bool> {
        self.tasks.get(ticket).map(Task::is_waiting)
    }

    /// The task of a lane that would start next.
    pub(crate) fn head(&mut self, id: Id) -> Option<Id> {
        self.lines.head(&self.lanes.get(id)?.line)
    }

    /// Every task.
    #[allow(dead_code, reason = "the JavaScript face knows its tasks by itself")]
    pub(crate) fn tickets(&self) -> impl Iterator<Item = Id> {
        self.tasks.iter().map(|(ticket, _)| ticket)
    }

    /// Every task of a lane that runs. Looks at all tasks of the pond.
    pub(crate) fn running(&self, id: Id) -> impl Iterator<Item = Id> {
        self.tasks.iter().filter(move |(_, task)| task.lane == id && !task.is_waiting()).map(|(ticket, _)| ticket)
    }

    /// Nothing waits and nothing with a permit comes before a newcomer.
    pub(crate) fn starts_at_once(&self, id: Id, weight: u32) -> bool {
        let here = self.lanes.get(id).is_some_and(|lane| lane.waiting() == 0 && lane.fits(weight));
        here && self.ready.head().is_none() && self.limit.fits(self.used, weight)
    }

    pub(crate) fn reject(&mut self, id: Id) {
        if let Some(lane) = self.lanes.get_mut(id) {
            lane.counts.count(Counter::Rejected);
        }
    }

    fn accept(&mut self, id: Id, weight: u32) -> Option<Id> {
        let lane = self.lanes.get_mut(id)?;
        let ticket = self.tasks.insert(Task::new(id, weight, lane.line.order.place(self.sequence)))?;
        self.sequence += 1;
        lane.counts.count(Counter::Submitted);
        Some(ticket)
    }

    fn enter_line(&mut self, id: Id, ticket: Id, offer: Offer, now: Time) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        self.lines.insert(&mut lane.line, &mut self.tasks, ticket, offer.level);
        lane.counts.count(Counter::Waiting);
        lane.wanted += u64::from(offer.weight);
        if lane.aging != Time::NEVER {
            self.age_from(ticket, now);
        }
    }

    fn leave_line(&mut self, id: Id, ticket: Id) {
        if let (Some(lane), Some(task)) = (self.lanes.get_mut(id), self.tasks.get(ticket)) {
            lane.counts.uncount(Counter::Waiting);
            lane.wanted -= u64::from(task.weight());
            self.lines.remove(&mut lane.line, &mut self.tasks, ticket);
        }
    }

    /// What is heavier than a limit takes all of it.
    fn take_permit(&mut self, id: Id, ticket: Id, now: Time) {
        let (Some(lane), Some(task)) = (self.lanes.get_mut(id), self.tasks.get_mut(ticket)) else { return };
        self.deadlines.disarm(&mut task.alarms, Phase::Queue);
        self.deadlines.disarm(&mut task.alarms, Phase::Aging);
        let units = task.weight().min(lane.limit.get()).min(self.limit.get());
        task.set_weight(units);
        lane.used += units;
        self.used += units;
        lane.counts.count(Counter::Running);
        if let Some(at) = lane.rate.as_mut().map(|rate| rate.start(now)) {
            self.hold_until(id, at, now);
        }
    }
}

#[cfg(test)]
mod tests;
