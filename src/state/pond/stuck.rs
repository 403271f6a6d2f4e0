//! What there is to know of a pond in which nothing goes on.

use super::Pond;
use crate::state::counts::Counter;
use crate::state::lane::Lane;
use crate::state::slab::Id;

impl Pond {
    /// How many tasks were accepted so far, which is the number of the newest.
    pub(crate) const fn accepted(&self) -> u64 {
        self.sequence
    }

    /// The number of a task: they are counted from 1 as they are accepted, over all lanes.
    pub(crate) fn number(&self, ticket: Id) -> Option<u64> {
        let task = self.tasks.get(ticket)?;
        Some(self.lanes.get(task.lane)?.line.order.place(task.sequence()) + 1)
    }

    /// Whether it is the lane's own limit that lets nothing start. Not while it is paused: then it is whoever paused it.
    pub(crate) fn is_full(&self, id: Id) -> bool {
        self.lanes.get(id).is_some_and(|lane| lane.is_open() && !lane.fits(self.head_weight(lane)))
    }

    /// Whether the cap over all lets nothing start, in a lane that is not paused.
    pub(crate) fn is_full_over_all(&self, id: Id) -> bool {
        self.lanes.get(id).is_some_and(|lane| lane.is_open() && !self.limit.fits(self.used, self.head_weight(lane)))
    }

    /// How much the head of a line weighs, or a newcomer where nobody waits.
    fn head_weight(&self, lane: &Lane) -> u32 {
        self.lines.head(&lane.line).and_then(|head| self.tasks.get(head)).map_or(1, |head| head.weight())
    }

    /// How many tasks run, of a lane.
    pub(crate) fn running_in(&self, id: Id) -> u32 {
        self.lanes.get(id).map_or(0, |lane| lane.counts.get(Counter::Running) as u32)
    }

    /// How many tasks run, of all lanes.
    pub(crate) fn running_in_all(&self) -> u32 {
        self.totals().get(Counter::Running) as u32
    }

    /// How many tasks wait, of a lane.
    pub(crate) fn waiting_in(&self, id: Id) -> u32 {
        self.lanes.get(id).map_or(0, |lane| lane.counts.get(Counter::Waiting) as u32)
    }
}
