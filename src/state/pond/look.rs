//! What can be seen of a pond without changing it.

use super::Pond;
use crate::limit::Limit;
use crate::state::counts::Counts;
use crate::state::slab::Id;

impl Pond {
    pub(crate) fn counts(&self, id: Id) -> Option<Counts> {
        self.lanes.get(id).map(|lane| lane.counts)
    }

    /// All lanes together, those that are gone included. Looks at every lane.
    pub(crate) fn totals(&self) -> Counts {
        let mut totals = self.retired;
        self.lanes.iter().for_each(|(_, lane)| totals.add(&lane.counts));
        totals
    }

    /// One counter by its number, of a lane, or of all together for nobody's.
    pub(crate) fn count(&self, id: Id, counter: usize) -> u64 {
        match self.lanes.get(id) {
            Some(lane) => lane.counts.at(counter),
            None if id == Id::NONE => self.lanes.iter().fold(self.retired.at(counter), |sum, (_, lane)| sum + lane.counts.at(counter)),
            None => 0,
        }
    }

    /// The lane of a task; nobody's once it is settled.
    pub(crate) fn lane_of(&self, ticket: Id) -> Id {
        self.tasks.get(ticket).map_or(Id::NONE, |task| task.lane)
    }

    pub(crate) const fn limit(&self) -> Limit {
        self.limit
    }

    pub(crate) fn lane_limit(&self, id: Id) -> Option<Limit> {
        self.lanes.get(id).map(|lane| lane.limit)
    }

    /// How many units run and wait.
    pub(crate) fn demand(&self, id: Id) -> u32 {
        let demand = self.lanes.get(id).map_or(0, |lane| u64::from(lane.used) + lane.wanted);
        u32::try_from(demand).unwrap_or(u32::MAX)
    }

    pub(crate) fn holds(&self, id: Id) -> u32 {
        self.lanes.get(id).map_or(0, |lane| lane.holds)
    }

    pub(crate) fn is_paused(&self, id: Id) -> bool {
        self.lanes.get(id).is_some_and(|lane| lane.paused)
    }

    /// Closed, or gone.
    pub(crate) fn is_closed(&self, id: Id) -> bool {
        self.lanes.get(id).is_none_or(|lane| lane.closed)
    }

    /// The lane that has been idle for longest.
    pub(crate) fn idlest(&self) -> Option<Id> {
        self.idle.head()
    }

    /// Nothing waits and nothing runs.
    pub(crate) fn is_drained(&self, id: Id) -> bool {
        self.lanes.get(id).is_none_or(|lane| lane.has_no_task())
    }

    /// Whether a line wants a permit.
    #[allow(dead_code, reason = "the Rust face asks for the next one instead")]
    pub(crate) fn has_ready(&self) -> bool {
        self.ready.head().is_some()
    }
}
