//! What time brings to a mill: clocks that run out, lanes that expire.

use std::rc::{Rc, Weak};

use super::super::slots::Found;
use super::{Landlord, Mill};
use crate::error::{TaskError, Timeout};
use crate::event::EventKind;
use crate::state::{Due, Id, Phase, Pond, Time};

/// Time.
impl Mill {
    /// When the keeper is needed next.
    #[inline]
    pub(crate) fn next_time(&self) -> Time {
        self.look(|pond| pond.next_deadline().min(pond.next_expiry()).min(pond.next_resumption())).min(self.scales.next())
    }

    /// Serves everything that is due.
    pub(crate) fn serve_due(self: &Rc<Self>) {
        let next = self.next_time();
        if next == Time::NEVER {
            return;
        }
        let now = self.time();
        if now < next {
            return;
        }
        loop {
            let due = self.pond.borrow_mut().due(now);
            let Some(due) = due else { break };
            self.serve(due);
        }
        self.serve_scales(now);
        self.pump();
    }

    fn serve(self: &Rc<Self>, due: Due) {
        match due {
            Due::TimedOut { ticket, lane, phase, waited: true } => self.end_settled(ticket, lane, timed_out(phase)),
            Due::TimedOut { ticket, phase, .. } => {
                self.end(ticket, timed_out(phase));
            }
            Due::Expired(lane, clock) => {
                self.note_expired(lane);
                self.rescale(lane);
                self.landlord().into_iter().for_each(|landlord| landlord.expired(lane, clock));
            }
            Due::Aged(lane) => {
                self.note_lane(lane, EventKind::Aged);
                self.landlord().into_iter().for_each(|landlord| landlord.aged(lane));
            }
            Due::Resumed(lane) => self.notify(lane),
            // Only the JavaScript face has tasks that outlive their end.
            Due::Abandoned(_) | Due::Recalled(_) => {}
        }
        self.tell_observers();
    }

    pub(super) fn end_settled(self: &Rc<Self>, ticket: Id, lane: Id, error: TaskError) {
        self.note_end(ticket, lane, &error);
        self.forget(ticket);
        if let Found::Waiting(slot, work) = self.slots.take(ticket) {
            self.bury(slot, work, error);
        }
        self.notify(lane);
    }

    pub(super) fn landlord(&self) -> Option<Rc<dyn Landlord>> {
        self.landlord.borrow().as_ref().and_then(Weak::upgrade)
    }

    /// Whether a task's time is over that nobody has served.
    #[inline]
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.clocked.get() && self.look(Pond::next_deadline) <= now
    }

    #[inline]
    pub(crate) fn keep_time(self: &Rc<Self>) {
        if self.clocked.get() {
            self.keeper.keep(self);
        }
    }
}

fn timed_out(phase: Phase) -> TaskError {
    TaskError::TimedOut(match phase {
        Phase::Queue => Timeout::Queue,
        Phase::Total => Timeout::Total,
        Phase::Deadline => Timeout::Deadline,
        _ => Timeout::Run,
    })
}
