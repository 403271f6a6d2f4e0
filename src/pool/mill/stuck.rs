//! Looking for a deadlock, when nothing goes on and no time will change it.

use std::collections::HashSet;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::super::deadlock::ties::{Note, Probe};
use super::super::deadlock::{Holder, Knot, Victim, Wait};
use super::super::waits::What;
use super::Mill;
use crate::error::TaskError;
use crate::executor::Guest;
use crate::state::Id;

impl Mill {
    /// Whoever is polled right now waits for something of this mill.
    pub(in super::super) fn tie(self: &Rc<Self>, wait: Wait) {
        if self.ties.note(wait) {
            let guest: Weak<dyn Guest> = Rc::<Self>::downgrade(self);
            self.executor().into_iter().for_each(|executor| executor.guests().worry(Weak::clone(&guest)));
        }
    }

    /// Whoever is polled right now waits for any of these tasks of this mill, with one waker for all of them: the first must know it.
    pub(in super::super) fn tie_to(self: &Rc<Self>, tasks: impl Iterator<Item = Id>) {
        if self.ties.is_polling() {
            tasks.for_each(|ticket| self.tie(Wait::Task(ticket)));
        }
    }

    /// Those who are stuck, if all is as it was noted and nobody outside can wake them as far as that is known.
    /// A task that drives the executor from inside its own poll is not between two polls, and so is free.
    pub(super) fn knot(&self) -> Option<Knot> {
        if !self.ties.any() {
            return None;
        }
        let holders = self.ties.look(|ticket, note| {
            let stays = self.slots.runner(ticket).is_some_and(|(_, runner)| self.is_ours_alone(&runner, note));
            stays.then(|| Holder { ticket, waits: note.waits.clone() })
        });
        self.look(|pond| Knot::find(pond, holders))
    }

    /// Whether all that may wake a task are handles of this mill. Unless it was probed nobody knows, and it may be so.
    fn is_ours_alone(&self, runner: &Waker, note: &Note) -> bool {
        let Some(probe) = &note.probe else { return true };
        let waits: HashSet<&Wait> = note.waits.iter().collect();
        let known = waits.into_iter().filter(|wait| self.would_wake(wait, probe)).count();
        // Its slot has a waker too, and `runner` is a clone of that.
        known > 0 && probe.is_known(known + if probe.is(runner) { 2 } else { 0 })
    }

    fn would_wake(&self, wait: &Wait, probe: &Arc<Probe>) -> bool {
        match wait {
            Wait::Task(ticket) => self.slots.would_wake(*ticket, probe),
            Wait::Room(lane, place) => self.waits.waker(*lane, What::Room, *place).is_some_and(|waker| probe.is(&waker)),
            Wait::Drained(lane, place) => self.waits.waker(*lane, What::Drained, *place).is_some_and(|waker| probe.is(&waker)),
        }
    }

    /// Makes sure of those who seem to be stuck, and ends something if they are. Says whether there is something to do now.
    pub(super) fn untie(self: &Rc<Self>) -> bool {
        while let Some(knot) = self.knot() {
            let unsure: Vec<Id> = knot.tickets().filter(|ticket| !self.ties.is_probed(*ticket)).collect();
            if unsure.is_empty() {
                return self.break_up(&knot);
            }
            // All of them: who went on is no reason to leave the others in doubt.
            if unsure.into_iter().filter(|ticket| self.probe(*ticket)).count() > 0 {
                return true;
            }
        }
        false
    }

    /// Polls a task once more, with a waker that can be counted. Says whether it went on.
    fn probe(self: &Rc<Self>, ticket: Id) -> bool {
        let Some((berth, runner)) = self.slots.runner(ticket) else { return true };
        let probe = Probe::new(runner);
        let waker = Waker::from(Arc::clone(&probe));
        match self.step(berth, &mut Context::from_waker(&waker)) {
            Poll::Pending => self.ties.probed(ticket, probe),
            // Its own runner finds out by itself what there is to do now.
            Poll::Ready(_) => waker.wake(),
        }
        !self.ties.is_probed(ticket)
    }

    /// Ends what has to end, which tells whoever awaits it.
    fn break_up(self: &Rc<Self>, knot: &Knot) -> bool {
        let verdict = self.look(|pond| knot.verdict(pond));
        match verdict {
            Some((Victim::Task(ticket), deadlock)) => self.end(ticket, TaskError::Deadlock(deadlock)),
            Some((Victim::Room(lane, place), deadlock)) => {
                let waker = self.waits.waker(lane, What::Room, place);
                self.ties.deny(place, deadlock);
                waker.map(Waker::wake).is_some()
            }
            None => false,
        }
    }
}
