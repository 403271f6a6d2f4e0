//! Handing a permit over: one task ends, the next one starts.

use super::Pond;
use crate::state::counts::{Counter, Outcome};
use crate::state::deadlines::Phase;
use crate::state::slab::Id;
use crate::state::time::Time;

impl Pond {
    /// Ends a running task and starts another: [`Pond::settle`], then [`Pond::next`].
    pub(crate) fn hand_over(&mut self, ticket: Id, outcome: Outcome, now: Time) -> Option<Id> {
        self.pass_on(ticket, outcome).or_else(|| {
            self.settle(ticket, outcome, now);
            self.next(now)
        })
    }

    /// The same for the common case, in which nothing changes but who has the permit: only the lane of the task waits for one, and neither
    /// time nor weights have a say in it.
    fn pass_on(&mut self, ticket: Id, outcome: Outcome) -> Option<Id> {
        let id = self.tasks.get(ticket).filter(|task| task.weight() == 1 && !task.is_waiting())?.lane;
        let nobody_else = self.ready.head().is_none() && self.lapsed.head().is_none() && self.limit.fits(self.used - 1, 1);
        let lane = self.lanes.get_mut(id).filter(|lane| nobody_else && lane.passes_permits_on())?;
        let next = self.lines.head(&lane.line)?;
        lane.counts.count(outcome.counter());
        lane.counts.uncount(Counter::Waiting);
        lane.wanted -= 1;
        self.lines.remove(&mut lane.line, &mut self.tasks, next);
        let mut ended = self.tasks.remove(ticket)?;
        self.deadlines.clear(&mut ended.alarms);
        self.deadlines.disarm(&mut self.tasks.get_mut(next)?.alarms, Phase::Queue);
        Some(next)
    }
}
