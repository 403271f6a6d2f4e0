//! Where the futures are: those that wait by their ticket's index, those that run in a berth.

use std::cell::RefCell;
use std::mem::{replace, take};
use std::sync::Arc;
use std::task::Waker;

use super::deadlock::ties::Probe;
use super::job::BoxedWork;
use crate::error::TaskError;
use crate::state::Id;

/// The number of a berth. It belongs to one runner until that leaves it, so a runner never meets a task that is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Berth(u32);

/// Where the future of a ticket is: small, since there is one for each task that waits.
enum Place {
    Waiting(BoxedWork),
    Aboard(Berth),
}

impl Place {
    const EMPTY: Self = Self::Aboard(Berth(u32::MAX));
}

/// What a runner works on.
struct Seat {
    ticket: Id,
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

/// What was found in the slot of a ticket.
pub(super) enum Slot {
    Empty,
    /// In line. It is taken out.
    Waiting(BoxedWork),
    /// Between two polls, with the runner to wake. It is taken out, and its berth is busy.
    Parked(Berth, BoxedWork, Option<Waker>),
    /// In use.
    Busy(Berth),
}

#[derive(Default)]
struct Tables {
    places: Vec<Place>,
    seats: Vec<Seat>,
    /// Berths that nobody needs.
    free: Vec<Berth>,
}

impl Tables {
    fn place(&mut self, ticket: Id) -> Option<&mut Place> {
        self.places.get_mut(ticket.index())
    }

    fn seat(&mut self, berth: Berth) -> Option<&mut Seat> {
        self.seats.get_mut(berth.0 as usize)
    }

    /// The berth of a task that runs.
    fn berth(&self, ticket: Id) -> Option<(Berth, &Seat)> {
        let Some(&Place::Aboard(berth)) = self.places.get(ticket.index()) else { return None };
        let seat = self.seats.get(berth.0 as usize).filter(|seat| seat.ticket == ticket)?;
        Some((berth, seat))
    }
}

#[derive(Default)]
pub(super) struct Slots(RefCell<Tables>);

/// By ticket; of one that is settled there is nothing to be found.
impl Slots {
    /// The slot of a new ticket.
    pub(super) fn enter(&self, ticket: Id, work: BoxedWork) {
        let places = &mut self.0.borrow_mut().places;
        if places.len() <= ticket.index() {
            places.resize_with(ticket.index() + 1, || Place::EMPTY);
        }
        if let Some(place) = places.get_mut(ticket.index()) {
            *place = Place::Waiting(work);
        }
    }

    /// Has a task that waits, no more, be the one of a berth.
    pub(super) fn board(&self, ticket: Id, berth: Berth) {
        let mut tables = self.0.borrow_mut();
        if let Some(Place::Waiting(work)) = tables.place(ticket).map(|place| replace(place, Place::Aboard(berth)))
            && let Some(seat) = tables.seat(berth)
        {
            (seat.ticket, seat.era, seat.content) = (ticket, work.era(), Content::Parked(work));
        }
    }

    /// Takes what is in the slot of a ticket.
    pub(super) fn take(&self, ticket: Id) -> Slot {
        let mut tables = self.0.borrow_mut();
        let Some(place) = tables.place(ticket) else { return Slot::Empty };
        let berth = match replace(place, Place::EMPTY) {
            Place::Waiting(work) => return Slot::Waiting(work),
            Place::Aboard(berth) => berth,
        };
        *place = Place::Aboard(berth);
        let Some(seat) = tables.seat(berth).filter(|seat| seat.ticket == ticket) else { return Slot::Empty };
        match take(&mut seat.content) {
            Content::Empty => Slot::Empty,
            Content::Parked(work) => {
                seat.content = Content::Busy(None);
                Slot::Parked(berth, work, seat.runner.take())
            }
            busy @ Content::Busy(_) => {
                seat.content = busy;
                Slot::Busy(berth)
            }
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
        match (tables.places.get(ticket.index()), tables.berth(ticket)) {
            (Some(Place::Waiting(work)), _) => work.would_wake(probe),
            (_, Some((_, Seat { content: Content::Parked(work), .. }))) => work.would_wake(probe),
            _ => false,
        }
    }

    /// The household of a task; 0 for none.
    pub(super) fn era(&self, ticket: Id) -> u32 {
        let tables = self.0.borrow();
        match tables.places.get(ticket.index()) {
            Some(Place::Waiting(work)) => work.era(),
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
            tables.seats.push(Seat { ticket: Id::NONE, era: 0, content: Content::Empty, runner: None });
            Berth(tables.seats.len() as u32 - 1)
        })
    }

    /// The runner has left for good.
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

    /// Its task is over.
    pub(super) fn leave(&self, berth: Berth) {
        let mut tables = self.0.borrow_mut();
        let Some(seat) = tables.seat(berth) else { return };
        let (ticket, runner) = (replace(&mut seat.ticket, Id::NONE), seat.runner.take());
        seat.content = Content::Empty;
        if let Some(place) = tables.place(ticket) {
            *place = Place::EMPTY;
        }
        drop(tables);
        drop(runner);
    }
}
