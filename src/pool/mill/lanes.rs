//! The lanes of a mill: opened, held, changed, closed.

use std::rc::Rc;

use super::super::job::BoxedWork;
use super::super::slots::Slot;
use super::Mill;
use crate::error::TaskError;
use crate::state::{Id, LaneOptions, Outcome, Pond, Time};

impl Mill {
    /// A new lane, held once.
    pub(crate) fn open(self: &Rc<Self>, options: LaneOptions) -> Option<Id> {
        if options.aging != Time::NEVER || options.rate.is_some() {
            self.timed.set(true);
        }
        let now = self.now();
        let lane = self.pond.borrow_mut().open(options, now)?;
        self.hold(lane);
        self.note_opened(lane, options.limit);
        Some(lane)
    }

    pub(crate) fn hold(self: &Rc<Self>, lane: Id) {
        self.pond.borrow_mut().hold(lane);
        self.keep_time();
    }

    pub(crate) fn release(self: &Rc<Self>, lane: Id) {
        let now = self.now();
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

    pub(crate) fn close(self: &Rc<Self>, lane: Id) {
        self.change(lane, Pond::close);
    }

    /// All leave before the first is dropped: what their drops submit is not meant.
    pub(crate) fn cancel_waiting(self: &Rc<Self>, lane: Id) -> u64 {
        let leaving: Vec<BoxedWork> = std::iter::from_fn(|| self.cancel_head(lane)).collect();
        let count = leaving.len() as u64;
        self.tell_observers();
        leaving.into_iter().for_each(|work| self.bury(work, TaskError::Cancelled));
        self.notify(lane);
        self.keep_time();
        count
    }

    fn cancel_head(&self, lane: Id) -> Option<BoxedWork> {
        let head = self.pond.borrow_mut().head(lane)?;
        let now = self.now();
        self.pond.borrow_mut().settle(head, Outcome::Cancelled, now);
        self.note_end(head, lane, Outcome::Cancelled);
        self.forget(head);
        if let Slot::Parked(_, work, _) = self.slots.take(head) { Some(work) } else { None }
    }

    pub(crate) fn cancel_running(self: &Rc<Self>, lane: Id) -> u64 {
        let running: Vec<Id> = self.look(|pond| pond.running(lane).collect());
        running.into_iter().filter(|&ticket| self.end(ticket, TaskError::Cancelled)).count() as u64
    }
}
