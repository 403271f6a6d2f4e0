//! What time does to a pond: clocks of tasks, and the lives of lanes.

use super::{Due, Expiry, Pond};
use crate::state::counts::{Counter, Outcome};
use crate::state::deadlines::{BEGINNINGS, ENDS, Phase};
use crate::state::rate::Rate;
use crate::state::slab::Id;
use crate::state::time::Time;

impl Pond {
    /// Sets a clock of a task; [`Time::NEVER`] stops it. The queue clock of a task that runs stays stopped.
    pub(crate) fn arm(&mut self, ticket: Id, phase: Phase, at: Time) {
        self.unlapse(ticket);
        let Some(task) = self.tasks.get_mut(ticket) else { return };
        if phase != Phase::Queue || task.is_waiting() {
            self.deadlines.arm(&mut task.alarms, ticket, phase, at);
        }
    }

    pub(crate) fn disarm(&mut self, ticket: Id, phase: Phase) {
        self.arm(ticket, phase, Time::NEVER);
    }

    /// The next thing that time has brought; call until there is none, then [`Pond::next`].
    pub(crate) fn due(&mut self, now: Time) -> Option<Due> {
        self.recalled.pop().map(Due::Recalled).or_else(|| self.due_task(now)).or_else(|| self.due_lane(now)).or_else(|| self.due_hold(now))
    }

    /// When the first clock of a task runs out.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Time {
        if self.recalled.is_empty() { self.deadlines.next(ENDS) } else { Time::ZERO }
    }

    /// When the first lane expires or comes of age.
    #[inline]
    pub(crate) fn next_expiry(&self) -> Time {
        self.expiries.next(ENDS)
    }

    /// When the first lane that is held is held no longer.
    #[inline]
    pub(crate) fn next_resumption(&self) -> Time {
        self.expiries.next(BEGINNINGS)
    }

    /// Lets nothing start in a lane before a time: that of the longest hold, if it is held already. A hold that is over ends. Clocks go on.
    pub(crate) fn hold_until(&mut self, id: Id, at: Time, now: Time) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let until = at.max(lane.held_until);
        lane.held_until = if until > now { until } else { Time::ZERO };
        let at = if until > now { until } else { Time::NEVER };
        self.expiries.arm(&mut lane.alarms, id, Phase::Hold, at);
        self.arm_idle(id);
        self.refresh_ready(id);
    }

    /// Ends a hold that is over, should nobody have asked what is due.
    #[inline]
    pub(super) fn end_hold(&mut self, id: Id, now: Time) {
        if self.lanes.get(id).is_some_and(|lane| lane.has_hold_to_end(now)) {
            self.hold_until(id, Time::ZERO, now);
        }
    }

    fn due_task(&mut self, now: Time) -> Option<Due> {
        while let Some((ticket, phase)) = self.deadlines.due(ENDS, now) {
            self.disarm(ticket, phase);
            match phase {
                Phase::Unread => {
                    self.lapse(ticket, now);
                    if let Some(recalled) = self.recalled.pop() {
                        return Some(Due::Recalled(recalled));
                    }
                }
                Phase::Abandon => return Some(self.abandon(ticket, now)),
                _ => return Some(self.time_out(ticket, phase, now)),
            }
        }
        None
    }

    fn abandon(&mut self, ticket: Id, now: Time) -> Due {
        let task = self.tasks.get(ticket);
        let outcome = if task.is_some_and(|task| task.is_late()) { Outcome::TimedOut } else { Outcome::Cancelled };
        if let Some(lane) = task.and_then(|task| self.lanes.get_mut(task.lane)) {
            lane.counts.count(Counter::Abandoned);
        }
        self.settle(ticket, outcome, now);
        Due::Abandoned(ticket)
    }

    fn time_out(&mut self, ticket: Id, phase: Phase, now: Time) -> Due {
        let waited = self.is_waiting(ticket) == Some(true);
        let lane = self.lane_of(ticket);
        if waited {
            self.settle(ticket, Outcome::TimedOut, now);
        } else if let Some(task) = self.tasks.get_mut(ticket) {
            task.be_late();
        }
        Due::TimedOut { ticket, lane, phase, waited }
    }

    fn due_hold(&mut self, now: Time) -> Option<Due> {
        let (id, _) = self.expiries.due(BEGINNINGS, now)?;
        self.hold_until(id, Time::ZERO, now);
        Some(Due::Resumed(id))
    }

    fn due_lane(&mut self, now: Time) -> Option<Due> {
        let (id, phase) = self.expiries.due(ENDS, now)?;
        Some(if self.retire(id) { Due::Expired(id, phase) } else { Due::Aged(id) })
    }

    /// Ends a lane's lifetime: it goes now if it is idle, and says so, or else as soon as it is, unless it is renewed.
    pub(crate) fn retire(&mut self, id: Id) -> bool {
        let Some(lane) = self.lanes.get_mut(id) else { return false };
        lane.aged = true;
        self.expiries.disarm(&mut lane.alarms, Phase::Age);
        lane.is_idle() && self.remove(id)
    }

    /// Sets the clock of a lane that fell idle, or stops it. One over its lifetime expires at once, but none is forgotten with a hold on it
    /// or starts that count.
    pub(super) fn arm_idle(&mut self, id: Id) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let forgets = lane.rate.as_ref().map_or(Time::ZERO, Rate::forgets).max(lane.held_until);
        let at = match lane.idle {
            false => Time::NEVER,
            true if lane.aged => forgets,
            true => lane.idle_since.after(self.expiry.idle).max(forgets),
        };
        self.expiries.arm(&mut lane.alarms, id, Phase::Idle, at);
    }

    pub(crate) const fn expiry(&self) -> Expiry {
        self.expiry
    }

    /// Changes how long lanes live, those that are there included: their clocks go on from when they fell idle and were made.
    pub(crate) fn set_expiry(&mut self, expiry: Expiry) {
        self.expiry = expiry;
        let ids: Vec<Id> = self.lanes.iter().map(|(id, _)| id).collect();
        for id in ids {
            if let Some(lane) = self.lanes.get_mut(id).filter(|lane| !lane.aged) {
                self.expiries.arm(&mut lane.alarms, id, Phase::Age, lane.born.after(expiry.lifetime));
            }
            self.arm_idle(id);
        }
    }

    /// Has the clocks of all lanes start now: nobody has kept time so far.
    pub(crate) fn start_clocks(&mut self, now: Time) {
        self.lanes.change_all(|lane| (lane.idle_since, lane.born) = (now, now));
    }
}
