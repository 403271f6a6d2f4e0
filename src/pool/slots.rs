//! Where the futures are: a slot for each ticket, by its index.

use std::cell::{Cell, RefCell};
use std::mem::take;
use std::sync::Arc;
use std::task::Waker;

use super::deadlock::ties::Probe;
use super::job::BoxedWork;
use crate::error::TaskError;
use crate::state::Id;

/// The stay of one task in a slot. Ids come round again after a while, serials do not: a runner that finds another serial is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) ticket: Id,
    serial: u32,
    /// The household of the task; 0 for none.
    era: u32,
}

/// Where the future of a ticket is.
#[derive(Default)]
pub(super) enum Slot {
    #[default]
    Empty,
    /// At rest, waiting or between two polls; with the runner to wake if it is taken away.
    Parked(Stay, BoxedWork, Option<Waker>),
    /// In a poll or a drop right now; with the reason to end it afterwards.
    Busy(Stay, Option<TaskError>),
}

impl Slot {
    const fn stay(&self) -> Option<Stay> {
        match self {
            Self::Empty => None,
            Self::Parked(stay, ..) | Self::Busy(stay, _) => Some(*stay),
        }
    }

    fn is_of(&self, ticket: Id) -> bool {
        self.stay().is_some_and(|stay| stay.ticket == ticket)
    }
}

#[derive(Default)]
pub(super) struct Slots {
    slots: RefCell<Vec<Slot>>,
    serial: Cell<u32>,
}

impl Slots {
    /// A new stay for a new ticket.
    pub(super) fn enter(&self, ticket: Id, work: BoxedWork) -> Stay {
        let stay = Stay { ticket, serial: self.serial.get(), era: work.era() };
        self.serial.set(stay.serial.wrapping_add(1));
        self.put(Slot::Parked(stay, work, None), stay);
        stay
    }

    /// The stay of a ticket that was given a slot and has not left it.
    pub(super) fn stay(&self, ticket: Id) -> Option<Stay> {
        self.slots.borrow().get(ticket.index()).and_then(Slot::stay).filter(|stay| stay.ticket == ticket)
    }

    /// Takes what is in the slot of a ticket, if it is this ticket's.
    pub(super) fn take(&self, ticket: Id) -> Slot {
        self.slots.borrow_mut().get_mut(ticket.index()).filter(|slot| slot.is_of(ticket)).map(take).unwrap_or_default()
    }

    /// Takes what is in the slot of a stay, if it is not over.
    pub(super) fn resume(&self, stay: Stay) -> Slot {
        let mut slots = self.slots.borrow_mut();
        slots.get_mut(stay.ticket.index()).filter(|slot| slot.stay() == Some(stay)).map(take).unwrap_or_default()
    }

    /// Puts a future back, with the runner that polls it.
    pub(super) fn park(&self, stay: Stay, work: BoxedWork, runner: &Waker) {
        self.put(Slot::Parked(stay, work, Some(runner.clone())), stay);
    }

    /// Marks that the future is in use.
    pub(super) fn occupy(&self, stay: Stay, reason: Option<TaskError>) {
        self.put(Slot::Busy(stay, reason), stay);
    }

    pub(super) fn leave(&self, stay: Stay) {
        self.put(Slot::Empty, stay);
    }

    /// The runner of a task that is between two polls.
    pub(super) fn runner(&self, ticket: Id) -> Option<Waker> {
        match self.slots.borrow().get(ticket.index()) {
            Some(Slot::Parked(stay, _, runner)) if stay.ticket == ticket => runner.clone(),
            _ => None,
        }
    }

    /// Whether who awaits a task is told by a probe.
    pub(super) fn would_wake(&self, ticket: Id, probe: &Arc<Probe>) -> bool {
        match self.slots.borrow().get(ticket.index()) {
            Some(Slot::Parked(stay, work, _)) => stay.ticket == ticket && work.would_wake(probe),
            _ => false,
        }
    }

    /// All tickets that have a slot.
    pub(super) fn tickets(&self) -> Vec<Id> {
        self.slots.borrow().iter().filter_map(Slot::stay).map(|stay| stay.ticket).collect()
    }

    /// All tickets of a household, in the order of submission. Looks at every slot.
    pub(super) fn tickets_of(&self, era: u32) -> Vec<Id> {
        let mut stays: Vec<Stay> = self.slots.borrow().iter().filter_map(Slot::stay).filter(|stay| stay.era == era).collect();
        // Serials may have come round since the first of them.
        stays.sort_unstable_by_key(|stay| stay.serial.wrapping_sub(self.serial.get()));
        stays.into_iter().map(|stay| stay.ticket).collect()
    }

    fn put(&self, content: Slot, stay: Stay) {
        let (mut slots, index) = (self.slots.borrow_mut(), stay.ticket.index());
        if slots.len() <= index {
            slots.resize_with(index + 1, Slot::default);
        }
        if let Some(slot) = slots.get_mut(index) {
            *slot = content;
        }
    }
}
