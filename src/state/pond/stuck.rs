//! What there is to know of a pond in which nothing goes on.

use super::Pond;
use crate::state::counts::Counter;
use crate::state::slab::Id;

impl Pond {
    /// How many tasks were accepted so far, which is the number of the newest.
    pub(crate) const fn accepted(&self) -> u64 {
        self.sequence
    }

    /// The number of a task: they are counted from 1 as they are accepted, over all lanes.
    pub(crate) fn number(&self, ticket: Id) -> Option<u64> {
        self.tasks.get(ticket).map(|task| task.sequence + 1)
    }

    /// Whether it is the lane's own limit that lets nothing start. Not while it is paused: then it is whoever paused it.
    pub(crate) fn is_full(&self, id: Id) -> bool {
        self.lanes.get(id).is_some_and(|lane| !lane.paused && !lane.has_room())
    }

    /// Whether the cap over all lets nothing start, in a lane that is not paused.
    pub(crate) fn is_full_over_all(&self, id: Id) -> bool {
        !self.limit.has_room(self.running) && !self.is_paused(id)
    }

    /// How many tasks run, of a lane.
    pub(crate) fn running_in(&self, id: Id) -> u32 {
        self.lanes.get(id).map_or(0, |lane| lane.counts.get(Counter::Running) as u32)
    }

    /// How many tasks run, of all lanes.
    pub(crate) const fn running_in_all(&self) -> u32 {
        self.running
    }

    /// How many tasks wait, of a lane.
    pub(crate) fn waiting_in(&self, id: Id) -> u32 {
        self.lanes.get(id).map_or(0, |lane| lane.counts.get(Counter::Waiting) as u32)
    }
}
