//! Where the futures are: those that wait in the slot of their task, those that run in a berth.
//!
//! A task has its slot together with its handle. What is left of a task that has ended, its result, waits there for whoever has the handle.

use std::cell::RefCell;
use std::mem::{replace, take};
use std::sync::Arc;
use std::task::Waker;

use super::deadlock::ties::Probe;
use super::job::BoxedWork;
use crate::error::TaskError;
use crate::state::Id;
use crate::state::grow::put;

/// The number of a slot. It is its task's and its handle's, until both have let go of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u32);

impl Slot {
    /// Nobody's.
    pub(super) const NONE: Self = Self(u32::MAX);
}

impl Default for Slot {
    fn default() -> Self {
        Self::NONE
    }
}

/// The number of a berth. It belongs to one runner until that leaves it, so a runner never meets a task that is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Berth(u32);

/// Small, since there is one for each task that waits.
struct Share {
    place: Place,
    /// Wakes whoever awaits the handle.
    listener: Option<Waker>,
    /// Nobody's once the task is to be found no more.
    ticket: Id,
    /// Whether there is a handle.
    held: bool,
}

/// Where a task's future is, or its result.
enum Place {
    Here(BoxedWork),
    /// In that berth; of a slot that is nobody's, the next such slot.
    Away(u32),
}

impl Share {
    /// Whether what is here is the result.
    fn is_over(&self) -> bool {
        self.ticket == Id::NONE && matches!(self.place, Place::Here(_))
    }
}

impl Place {
    const EMPTY: Self = Self::Away(u32::MAX);
}

/// What a runner works on.
struct Seat {
    ticket: Id,
    slot: Slot,
    /// The household of the task; 0 for none.
    era: u32,
    content: Content,
    /// Wakes whoever has polled the task last.
    runner: Option<Waker>,
}

#[derive(Default)]
enum Content {
    #[default]
    Empty,
    /// Between two polls.
    Parked(BoxedWork),
    /// In a poll or a drop right now; with the reason to end it afterwards.
    Busy(Option<TaskError>),
}

impl Seat {
    /// Takes what there is of its task.
    fn take(&mut self, berth: Berth) -> Found {
        match take(&mut self.content) {
            Content::Empty => Found::Nothing,
            Content::Parked(work) => {
                self.content = Content::Busy(None);
                Found::Parked(berth, work, self.runner.take())
            }
            busy @ Content::Busy(_) => {
                self.content = busy;
                Found::Busy(berth)
            }
        }
    }
}

/// What was found under a ticket.
pub(super) enum Found {
    Nothing,
    /// In line. It is taken out.
    Waiting(Slot, BoxedWork),
    /// Between two polls, with the runner to wake. It is taken out, and its berth is busy.
    Parked(Berth, BoxedWork, Option<Waker>),
    /// In use.
    Busy(Berth),
}

#[derive(Default)]
struct Tables {
    shares: Vec<Share>,
    /// The first slot that is nobody's.
    free_slot: Slot,
    /// The slots of tickets, by their index.
    slots: Vec<Slot>,
    seats: Vec<Seat>,
    /// Berths that nobody needs.
    free: Vec<Berth>,
}

impl Tables {
    fn share(&mut self, slot: Slot) -> Option<&mut Share> {
        self.shares.get_mut(slot.0 as usize)
    }

    fn rent(&mut self, share: Share) -> Slot {
        let slot = self.free_slot;
        let Some(free) = self.share(slot) else {
            self.shares.push(share);
            return Slot(self.shares.len() as u32 - 1);
        };
        if let Place::Away(next) = replace(free, share).place {
            self.free_slot = Slot(next);
        }
        slot
    }

    /// Takes what is in a slot, which is nobody's from now on.
    fn vacate(&mut self, slot: Slot) -> Option<BoxedWork> {
        let next = Place::Away(self.free_slot.0);
        let left = replace(&mut self.share(slot)?.place, next);
        self.free_slot = slot;
        if let Place::Here(work) = left { Some(work) } else { None }
    }

    /// What a task has that has not ended.
    fn share_of(&self, ticket: Id) -> Option<&Share> {
        let slot = self.slots.get(ticket.index())?;
        self.shares.get(slot.0 as usize).filter(|share| share.ticket == ticket)
    }

    fn seat(&mut self, berth: Berth) -> Option<&mut Seat> {
        self.seats.get_mut(berth.0 as usize)
    }

    /// The berth of a task that runs.
    fn berth(&self, ticket: Id) -> Option<(Berth, &Seat)> {
        let Place::Away(berth) = self.share_of(ticket)?.place else { return None };
        let berth = Berth(berth);
        let seat = self.seats.get(berth.0 as usize).filter(|seat| seat.ticket == ticket)?;
        Some((berth, seat))
    }
}

#[derive(Default)]
pub(super) struct Slots(RefCell<Tables>);

/// By ticket; of one that is settled there is nothing to be found.
impl Slots {
    /// The slot of a new task, which may have no ticket any more, and of its handle if it has one.
    pub(super) fn rent(&self, ticket: Id, held: bool) -> Slot {
        let mut tables = self.0.borrow_mut();
        let slot = tables.rent(Share { place: Place::EMPTY, listener: None, ticket, held });
        if ticket != Id::NONE {
            // Tickets are dense.
            put(&mut tables.slots, ticket.index() as u32, slot);
        }
        slot
    }

    /// Has a task wait in its slot.
    pub(super) fn enter(&self, slot: Slot, work: BoxedWork) {
        if let Some(share) = self.0.borrow_mut().share(slot) {
            share.place = Place::Here(work);
        }
    }

    /// Has a task that waits, no more, be the one of a berth.
    pub(super) fn board(&self, ticket: Id, berth: Berth) {
        let mut tables = self.0.borrow_mut();
        let Some(&slot) = tables.slots.get(ticket.index()) else { return };
        if let Some(share) = tables.share(slot)
            && let Place::Here(work) = replace(&mut share.place, Place::Away(berth.0))
            && let Some(seat) = tables.seat(berth)
        {
            (seat.ticket, seat.slot, seat.era, seat.content) = (ticket, slot, work.era(), Content::Parked(work));
        }
    }

    /// Takes what there is of a ticket.
    pub(super) fn take(&self, ticket: Id) -> Found {
        let mut tables = self.0.borrow_mut();
        let Some(&slot) = tables.slots.get(ticket.index()) else { return Found::Nothing };
        let Some(share) = tables.share(slot).filter(|share| share.ticket == ticket) else { return Found::Nothing };
        if let Place::Away(berth) = share.place {
            let berth = Berth(berth);
            return tables.seat(berth).filter(|seat| seat.ticket == ticket).map_or(Found::Nothing, |seat| seat.take(berth));
        }
        share.ticket = Id::NONE;
        match replace(&mut share.place, Place::EMPTY) {
            Place::Here(work) => Found::Waiting(slot, work),
            Place::Away(_) => Found::Nothing,
        }
    }

    /// The berth of a task that runs, and the runner, of one that is between two polls.
    pub(super) fn runner(&self, ticket: Id) -> Option<(Berth, Waker)> {
        let tables = self.0.borrow();
        let (berth, seat) = tables.berth(ticket).filter(|(_, seat)| matches!(seat.content, Content::Parked(_)))?;
        Some((berth, seat.runner.clone()?))
    }

    /// Whether who awaits a task is told by a probe.
    pub(super) fn would_wake(&self, ticket: Id, probe: &Arc<Probe>) -> bool {
        let tables = self.0.borrow();
        let Some(share) = tables.share_of(ticket) else { return false };
        share.listener.as_ref().is_some_and(|listener| probe.is(listener))
            || match (&share.place, tables.berth(ticket)) {
                (Place::Here(work), _) | (_, Some((_, Seat { content: Content::Parked(work), .. }))) => work.would_wake(probe),
                _ => false,
            }
    }

    /// The household of a task; 0 for none.
    pub(super) fn era(&self, ticket: Id) -> u32 {
        let tables = self.0.borrow();
        match tables.share_of(ticket) {
            Some(Share { place: Place::Here(work), .. }) => work.era(),
            _ => tables.berth(ticket).map_or(0, |(_, seat)| seat.era),
        }
    }
}

/// By berth.
impl Slots {
    /// A berth for a task that starts, for whose runner it stays.
    pub(super) fn hire(&self) -> Berth {
        let mut tables = self.0.borrow_mut();
        tables.free.pop().unwrap_or_else(|| {
            tables.seats.push(Seat { ticket: Id::NONE, slot: Slot::NONE, era: 0, content: Content::Empty, runner: None });
            Berth(tables.seats.len() as u32 - 1)
        })
    }

    /// Its runner has left it.
    pub(super) fn retire(&self, berth: Berth) {
        self.0.borrow_mut().free.push(berth);
    }

    /// Takes out what is to be polled, unless it is gone or in use.
    pub(super) fn begin(&self, berth: Berth) -> Option<(Id, BoxedWork)> {
        let mut tables = self.0.borrow_mut();
        let seat = tables.seat(berth)?;
        match replace(&mut seat.content, Content::Busy(None)) {
            Content::Parked(work) => Some((seat.ticket, work)),
            other => {
                seat.content = other;
                None
            }
        }
    }

    /// Ends what is in use as soon as it is not any more; the first reason counts.
    pub(super) fn interrupt(&self, berth: Berth, error: TaskError) {
        if let Some(Seat { content: Content::Busy(reason @ None), .. }) = self.0.borrow_mut().seat(berth) {
            *reason = Some(error);
        }
    }

    /// Puts back what was polled, unless it was ended meanwhile: then it comes back, and the berth stays busy.
    pub(super) fn park(&self, berth: Berth, work: BoxedWork, runner: &Waker) -> Option<(BoxedWork, TaskError)> {
        let mut tables = self.0.borrow_mut();
        let seat = tables.seat(berth)?;
        if let Content::Busy(Some(error)) = replace(&mut seat.content, Content::Busy(None)) {
            return Some((work, error));
        }
        seat.content = Content::Parked(work);
        let is_known = seat.runner.as_ref().is_some_and(|known| known.will_wake(runner));
        drop(tables);
        if !is_known {
            self.set_runner(berth, runner.clone());
        }
        None
    }

    fn set_runner(&self, berth: Berth, runner: Waker) {
        let old = self.0.borrow_mut().seat(berth).and_then(|seat| seat.runner.replace(runner));
        drop(old);
    }

    /// Its task is over, and is to be found no more. Says which slot it had.
    pub(super) fn leave(&self, berth: Berth) -> Slot {
        let mut tables = self.0.borrow_mut();
        let Some(seat) = tables.seat(berth) else { return Slot::NONE };
        let (slot, runner) = (replace(&mut seat.slot, Slot::NONE), seat.runner.take());
        (seat.ticket, seat.content) = (Id::NONE, Content::Empty);
        if let Some(share) = tables.share(slot) {
            (share.ticket, share.place) = (Id::NONE, Place::EMPTY);
        }
        drop(tables);
        drop(runner);
        slot
    }
}

/// What was left of a task that is over.
pub(super) enum Left {
    /// Waits for the handle; who awaits that is to be told.
    Kept(Option<Waker>),
    /// Nobody will come for it.
    Gone(BoxedWork),
}

/// By slot.
impl Slots {
    /// Keeps what is left of a task that is over for its handle.
    pub(super) fn finish(&self, slot: Slot, work: BoxedWork) -> Left {
        let mut tables = self.0.borrow_mut();
        if let Some(share) = tables.share(slot).filter(|share| share.held) {
            share.place = Place::Here(work);
            return Left::Kept(share.listener.take());
        }
        tables.vacate(slot);
        Left::Gone(work)
    }

    /// What is left of a task that is over, for its handle, whose slot it is no more. Or else its ticket, and who is told when it is over.
    pub(super) fn claim(&self, slot: Slot, waker: &Waker) -> Result<BoxedWork, Id> {
        let mut tables = self.0.borrow_mut();
        let Some(share) = tables.share(slot) else { return Err(Id::NONE) };
        let ticket = share.ticket;
        if share.is_over() {
            return tables.vacate(slot).ok_or(ticket);
        }
        let is_known = share.listener.as_ref().is_some_and(|known| known.will_wake(waker));
        drop(tables);
        if !is_known {
            self.set_listener(slot, waker.clone());
        }
        Err(ticket)
    }

    fn set_listener(&self, slot: Slot, listener: Waker) {
        let old = self.0.borrow_mut().share(slot).and_then(|share| share.listener.replace(listener));
        drop(old);
    }

    /// The ticket of a task; nobody's if it has ended.
    pub(super) fn ticket(&self, slot: Slot) -> Id {
        self.0.borrow_mut().share(slot).map_or(Id::NONE, |share| share.ticket)
    }

    /// The handle is gone; so is what was left for it, and who awaited it.
    pub(super) fn release(&self, slot: Slot) {
        let mut tables = self.0.borrow_mut();
        let Some(share) = tables.share(slot) else { return };
        share.held = false;
        let (listener, is_over) = (share.listener.take(), share.is_over());
        let left = if is_over { tables.vacate(slot) } else { None };
        drop(tables);
        drop((listener, left));
    }
}

#[cfg(test)]
mod tests;
