//! Who starts, and in whose berth.

use std::rc::Rc;

use super::super::runner::Runner;
use super::super::slots::Berth;
use super::super::waits::What;
use super::Mill;
use crate::state::{Id, Outcome, Phase};

impl Mill {
    /// Starts the next task in a berth that is free. What is due comes first: nobody starts whose time to wait is over.
    pub(super) fn next(self: &Rc<Self>, berth: impl FnOnce() -> Berth) -> Option<Berth> {
        let now = self.now();
        if self.is_due(now) {
            self.keeper.dismiss();
            return None;
        }
        let ticket = self.pond.borrow_mut().next(now)?;
        let berth = berth();
        self.start(ticket, berth);
        Some(berth)
    }

    /// Starts a runner for each task that may start.
    pub(super) fn pump(self: &Rc<Self>) {
        if self.executor.is_gone() {
            return;
        }
        while let Some(berth) = self.next(|| self.slots.hire()) {
            self.man(berth);
        }
    }

    /// Sees to it that a runner comes to a berth.
    pub(super) fn man(self: &Rc<Self>, berth: Berth) {
        self.unmanned.push(berth);
        self.call_runners(1);
    }

    /// Calls runners until so many are on their way, or one for each berth that has none.
    pub(in crate::pool) fn call_runners(self: &Rc<Self>, most: usize) {
        while self.unmanned.call(most) {
            if let Some(executor) = self.executor() {
                executor.spawn_detached(Runner::new(Rc::clone(self)));
            }
        }
    }

    /// A task has a permit.
    pub(super) fn start(self: &Rc<Self>, ticket: Id, berth: Berth) {
        self.board(ticket, berth);
        self.tell_observers();
        self.tell_room(ticket);
    }

    /// Who starts makes room in its line.
    #[inline]
    fn tell_room(&self, ticket: Id) {
        if self.waits.has(What::Room) {
            self.notify(self.look(|pond| pond.lane_of(ticket)));
        }
    }

    /// It goes aboard before anybody hears of it.
    fn board(self: &Rc<Self>, ticket: Id, berth: Berth) {
        self.slots.board(ticket, berth);
        self.note_start(ticket);
        if self.has_run_timeouts() {
            self.start_clock(ticket);
        }
    }

    fn start_clock(self: &Rc<Self>, ticket: Id) {
        let Some(span) = self.run_timeouts.borrow_mut().remove(&ticket) else { return };
        self.pond.borrow_mut().arm(ticket, Phase::Run, self.time().saturating_add(span));
        self.keep_time();
    }

    /// Ends the task of a berth and starts the next one there, if there is one.
    pub(super) fn hand_over(self: &Rc<Self>, ticket: Id, outcome: Outcome, berth: Berth) -> bool {
        let now = self.now();
        if self.is_due(now) {
            self.settle(ticket, outcome);
            return self.next(|| berth).is_some();
        }
        let lane = self.look(|pond| pond.lane_of(ticket));
        let next = self.pond.borrow_mut().hand_over(ticket, outcome, now);
        self.note_end(ticket, lane, outcome);
        if let Some(next) = next {
            self.board(next, berth);
        }
        self.tell_end(ticket, lane);
        next.into_iter().for_each(|next| self.tell_room(next));
        next.is_some()
    }
}
