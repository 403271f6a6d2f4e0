//! The lanes of a mill: opened, held, changed, closed.

use std::rc::Rc;

use super::super::job::BoxedWork;
use super::super::slots::{Found, Slot};
use super::Mill;
use crate::error::TaskError;
use crate::state::{Expiry, Id, LaneOptions, Outcome, Pond, Time};

impl Mill {
    /// A new lane, held once.
    pub(crate) fn open(self: &Rc<Self>, options: LaneOptions) -> Option<Id> {
        if options.aging != Time::NEVER || options.rate.is_some() {
            self.keep_to_time();
        }
        let now = self.now();
        let lane = self.pond.borrow_mut().open(options, now)?;
        self.hold(lane);
        self.note_opened(lane, options.limit);
        Some(lane)
    }

    pub(crate) fn hold(self: &Rc<Self>, lane: Id) {
        self.pond.borrow_mut().hold(lane);
        if self.look(|pond| pond.holds(lane)) == 1 {
            self.keep_time();
        }
    }

    pub(crate) fn release(self: &Rc<Self>, lane: Id) {
        if self.look(|pond| pond.holds(lane)) > 1 {
            return self.pond.borrow_mut().release(lane, Time::ZERO);
        }
        // Only of a lane that becomes idle by this anybody asks since when it is.
        let now = if self.look(|pond| pond.is_drained(lane)) { self.now() } else { Time::ZERO };
        self.pond.borrow_mut().release(lane, now);
        if !self.landlord().is_some_and(|landlord| landlord.lets()) {
            self.forsake(lane);
        }
        self.keep_time();
    }

    /// Gives up a lane, unless somebody holds it: nobody can use it or resume it any more, and what was accepted must settle.
    pub(crate) fn forsake(self: &Rc<Self>, lane: Id) {
        if self.look(|pond| pond.holds(lane)) == 0 {
            self.change(lane, |pond, lane| {
                pond.close(lane);
                pond.pause(lane, false);
                pond.remove(lane);
            });
            self.keep_time();
        }
    }

    /// Starts a lane's lifetime anew.
    pub(crate) fn renew(self: &Rc<Self>, lane: Id) {
        let now = self.now();
        self.pond.borrow_mut().renew(lane, now);
        self.keep_time();
    }

    /// Changes the pond or a lane of it, then starts what may start now.
    pub(crate) fn change(self: &Rc<Self>, lane: Id, change: impl FnOnce(&mut Pond, Id)) {
        let before = self.facets(lane);
        change(&mut self.pond.borrow_mut(), lane);
        self.note_change(lane, before);
        self.tell_observers();
        self.pump();
        self.notify(lane);
        self.watchers.tell(lane);
        self.keep_time();
    }

    /// Takes no more, and lets start what was held back by a pause: nothing must wait for ever.
    pub(crate) fn close(self: &Rc<Self>, lane: Id) {
        self.change(lane, |pond, lane| {
            pond.close(lane);
            pond.pause(lane, false);
        });
    }

    /// Takes no more in any lane; each is to be closed then.
    pub(crate) fn refuse_all(&self) {
        self.pond.borrow_mut().close_all();
    }

    /// A household has closed.
    pub(crate) fn resign(&self, lane: Id, era: u32) {
        self.landlord().into_iter().for_each(|landlord| landlord.resigned(lane, era));
    }

    /// Ends a lane's lifetime: it goes now if it is idle, and says so, or else as soon as it is, unless it is renewed.
    pub(crate) fn retire(self: &Rc<Self>, lane: Id) -> bool {
        let gone = self.pond.borrow_mut().retire(lane);
        self.keep_time();
        gone
    }

    /// Makes a lane as a new one would be. Its tasks and its counts stay.
    pub(crate) fn reset(self: &Rc<Self>, lane: Id, options: LaneOptions) {
        self.change(lane, |pond, lane| {
            pond.resize_lane(lane, options.limit);
            pond.set_capacity(lane, options.capacity);
            pond.pause(lane, false);
        });
    }

    /// Changes how long lanes live, those that are there included.
    pub(crate) fn set_expiry(self: &Rc<Self>, expiry: Expiry) {
        if expiry.ends() && !self.expires.replace(true) {
            self.keep_to_time();
            self.pond.borrow_mut().start_clocks(self.time());
        }
        self.pond.borrow_mut().set_expiry(expiry);
        self.keep_time();
    }

    /// Cancels what waits of a lane.
    pub(crate) fn cancel_waiting(self: &Rc<Self>, lane: Id) -> u64 {
        let head = || self.pond.borrow_mut().head(lane);
        let heads = std::iter::from_fn(|| head().and_then(|head| self.withdraw(head)));
        self.dispel(lane, heads.collect())
    }

    /// Cancels what waits of a household of a lane.
    pub(crate) fn cancel_waiting_of(self: &Rc<Self>, lane: Id, era: u32) -> u64 {
        let waiting = self.tickets_of(era).into_iter().filter(|&ticket| self.is_waiting(ticket) == Some(true));
        self.dispel(lane, waiting.filter_map(|ticket| self.withdraw(ticket)).collect())
    }

    /// All have left before the first is dropped: what their drops submit is not meant.
    fn dispel(self: &Rc<Self>, lane: Id, leaving: Vec<(Slot, BoxedWork)>) -> u64 {
        let count = leaving.len() as u64;
        self.tell_observers();
        leaving.into_iter().for_each(|(slot, work)| self.bury(slot, work, TaskError::Cancelled));
        self.notify(lane);
        self.keep_time();
        count
    }

    /// Takes a waiting task out of its line, as cancelled.
    fn withdraw(&self, ticket: Id) -> Option<(Slot, BoxedWork)> {
        let (lane, now) = (self.look(|pond| pond.lane_of(ticket)), self.now());
        self.pond.borrow_mut().settle(ticket, Outcome::Cancelled, now);
        self.note_end(ticket, lane, Outcome::Cancelled);
        self.forget(ticket);
        if let Found::Waiting(slot, work) = self.slots.take(ticket) { Some((slot, work)) } else { None }
    }

    /// Cancels what runs of a lane.
    pub(crate) fn cancel_running(self: &Rc<Self>, lane: Id) -> u64 {
        let running = self.look(|pond| pond.running(lane).collect());
        self.cancel_all(running)
    }

    /// Cancels what runs of a household.
    pub(crate) fn cancel_running_of(self: &Rc<Self>, era: u32) -> u64 {
        self.cancel_all(self.tickets_of(era).into_iter().filter(|&ticket| self.is_waiting(ticket) == Some(false)).collect())
    }

    /// All tasks of a household, in the order of submission. Looks at every task.
    fn tickets_of(&self, era: u32) -> Vec<Id> {
        self.look(|pond| {
            let mut tickets: Vec<Id> = pond.tickets().filter(|ticket| self.slots.era(*ticket) == era).collect();
            tickets.sort_unstable_by_key(|ticket| pond.number(*ticket));
            tickets
        })
    }

    fn cancel_all(self: &Rc<Self>, running: Vec<Id>) -> u64 {
        running.into_iter().filter(|&ticket| self.end(ticket, TaskError::Cancelled)).count() as u64
    }

    /// Ends many tasks at once, those that wait first: none of them takes over the permit of another.
    pub(in crate::pool) fn end_all(self: &Rc<Self>, tickets: &[Id], error: fn() -> TaskError) {
        for waiting in [true, false] {
            for &ticket in tickets {
                if self.is_waiting(ticket) == Some(waiting) {
                    self.end(ticket, error());
                }
            }
        }
    }
}
