//! Recall: the permit of a response that nobody reads goes to somebody who waits.

use super::Pond;
use crate::state::counts::{Counter, Outcome};
use crate::state::grow::push;
use crate::state::slab::Id;
use crate::state::time::Time;

impl Pond {
    pub(super) fn unlapse(&mut self, ticket: Id) {
        if self.lapsed.head().is_none() {
            return;
        }
        let Some(task) = self.tasks.get(ticket).filter(|task| !task.is_waiting() && self.tasks.is_linked(ticket)) else { return };
        if let Some(lane) = self.lanes.get_mut(task.lane) {
            lane.lapsed -= 1;
        }
        self.tasks.unlink(&mut self.lapsed, ticket);
    }

    /// Its time is up: recalled if somebody waits, or for the end of a closed lane; else as soon as somebody does.
    pub(super) fn lapse(&mut self, ticket: Id, now: Time) {
        let Some(id) = self.tasks.get(ticket).map(|task| task.lane) else { return };
        let Some(lane) = self.lanes.get_mut(id) else { return };
        lane.lapsed += 1;
        let wanted = lane.waiting() > 0 || lane.closed || self.ready.head().is_some();
        self.tasks.link_back(&mut self.lapsed, ticket);
        if wanted {
            self.recall(ticket, now);
        }
    }

    fn recall(&mut self, ticket: Id, now: Time) {
        if let Some(lane) = self.tasks.get(ticket).and_then(|task| self.lanes.get_mut(task.lane)) {
            lane.counts.count(Counter::Recalled);
        }
        self.settle(ticket, Outcome::Succeeded, now);
        push(&mut self.recalled, ticket);
    }

    /// Whether a lapsed permit would let a newcomer of this lane start: its own lane's, or anyone's if only the cap over all is in the way.
    pub(super) fn can_recall_for(&self, id: Id) -> bool {
        if self.lapsed.head().is_none() {
            return false;
        }
        let Some(lane) = self.lanes.get(id).filter(|lane| lane.waiting() == 0 && lane.is_open()) else { return false };
        let one_less = self.limit.has_room(self.used - 1);
        one_less && (lane.fits(1) || (lane.lapsed > 0 && lane.limit.has_room(lane.used - 1)))
    }

    /// Recalls all such permits of a lane: who closes it waits for them.
    pub(crate) fn recall_all(&mut self, id: Id, now: Time) {
        let last = self.tasks.tail(self.lapsed);
        let mut next = self.lapsed.head();
        while let Some(ticket) = next {
            next = self.tasks.next(ticket).some().filter(|_| last != Some(ticket));
            if self.lane_of(ticket) == id {
                self.recall(ticket, now);
            }
        }
    }

    /// Recalls such a permit. The walk ends at the first that serves, and there is one.
    pub(super) fn recall_for(&mut self, id: Id, now: Time) -> bool {
        if !self.can_recall_for(id) {
            return false;
        }
        let own = self.lanes.get(id).is_some_and(|lane| lane.lapsed > 0);
        let Some(mut ticket) = self.lapsed.head() else { return false };
        while own && self.lane_of(ticket) != id {
            ticket = self.tasks.next(ticket);
        }
        self.recall(ticket, now);
        true
    }
}
