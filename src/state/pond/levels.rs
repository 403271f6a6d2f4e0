//! The levels of those who wait: given by who submits, changed on request, raised by aging.

use super::Pond;
use crate::priority::Level;
use crate::state::deadlines::{BEGINNINGS, Phase};
use crate::state::slab::Id;
use crate::state::time::Time;

impl Pond {
    /// Moves a waiting task to another level; it keeps its place in the order of submission, and ages from there. False if it does not wait.
    pub(crate) fn set_level(&mut self, ticket: Id, level: Level, now: Time) -> bool {
        self.move_to(ticket, level) && self.age_from(ticket, now)
    }

    fn move_to(&mut self, ticket: Id, level: Level) -> bool {
        let Some(id) = self.tasks.get(ticket).filter(|task| task.is_waiting()).map(|task| task.lane) else { return false };
        let Some(lane) = self.lanes.get_mut(id) else { return false };
        self.lines.remove(&mut lane.line, &mut self.tasks, ticket);
        self.lines.insert(&mut lane.line, &mut self.tasks, ticket, level);
        self.refresh_ready(id);
        true
    }

    /// Has those rise by a class that have waited for a step of their lane's aging.
    #[inline]
    pub(super) fn grow_old(&mut self, now: Time) {
        while let Some((ticket, phase)) = self.deadlines.due(BEGINNINGS, now) {
            let at = self.deadlines.next(BEGINNINGS);
            let Some(task) = self.tasks.get_mut(ticket) else { return };
            self.deadlines.disarm(&mut task.alarms, phase);
            if let Some(level) = self.lines.level(task).and_then(Level::raised) {
                self.set_level(ticket, level, at);
            }
        }
    }

    /// Starts a waiting task's step to the next class.
    pub(super) fn age_from(&mut self, ticket: Id, now: Time) -> bool {
        let Some(task) = self.tasks.get_mut(ticket) else { return false };
        let step = self.lanes.get(task.lane).map_or(Time::NEVER, |lane| lane.aging);
        self.deadlines.arm(&mut task.alarms, ticket, Phase::Aging, now.after(step));
        true
    }
}
