//! Who waits for whom, as far as it is known.
//!
//! Who awaits a handle of a pool while a task of the same pool is polled is noted as that task's [`Wait`]: a store to a cell for each
//! poll, more only for tasks that do so. A note says what a task waits for, not that it waits for nothing else. That is made sure of only
//! when everything stands still: the task is polled once more with a [`Probe`] for its waker, which all that may wake it must have
//! cloned when the poll returns. If there are more clones than the handles of this mill have, somebody outside may wake it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::task::{Wake, Waker};

use super::Wait;
use crate::error::Deadlock;
use crate::state::Id;

/// What is known of a running task since its last poll.
#[derive(Debug, Default)]
pub(in crate::pool) struct Note {
    pub(in crate::pool) waits: Vec<Wait>,
    /// The waker of its last poll, if that can be counted.
    pub(in crate::pool) probe: Option<Arc<Probe>>,
}

#[derive(Debug)]
pub(in crate::pool) struct Ties {
    /// Whose poll is under way; nobody's between polls.
    current: Cell<Id>,
    /// Whether there are notes.
    any: Cell<bool>,
    notes: RefCell<HashMap<Id, Note>>,
    /// Those who wait for room in vain, by their place.
    denied: RefCell<HashMap<u64, Deadlock>>,
    /// Whether the executor knows that it is to ask.
    listed: Cell<bool>,
}

impl Default for Ties {
    fn default() -> Self {
        let (current, any, listed) = (Cell::new(Id::NONE), Cell::new(false), Cell::new(false));
        Self { current, any, notes: RefCell::default(), denied: RefCell::default(), listed }
    }
}

impl Ties {
    /// Polls a task: what it waited for before is over.
    #[inline]
    pub(in crate::pool) fn polling<T>(&self, ticket: Id, poll: impl FnOnce() -> T) -> T {
        self.forget(ticket);
        let around = self.current.replace(ticket);
        let polled = poll();
        self.current.set(around);
        polled
    }

    /// Whether a task of this mill is polled right now.
    pub(in crate::pool) fn is_polling(&self) -> bool {
        self.current.get().some().is_some()
    }

    /// Whoever is polled right now waits for something. Says whether the executor must hear of it.
    pub(in crate::pool) fn note(&self, wait: Wait) -> bool {
        let Some(ticket) = self.current.get().some() else { return false };
        let mut notes = self.notes.borrow_mut();
        let waits = &mut notes.entry(ticket).or_default().waits;
        if waits.last() != Some(&wait) {
            waits.push(wait);
        }
        self.any.set(true);
        !self.listed.replace(true)
    }

    /// A task is polled again, or has ended.
    #[inline]
    pub(in crate::pool) fn forget(&self, ticket: Id) {
        if self.any.get() {
            self.remove(ticket);
        }
    }

    fn remove(&self, ticket: Id) {
        let note = self.notes.borrow_mut().remove(&ticket);
        self.any.set(!self.notes.borrow().is_empty());
        drop(note);
    }

    pub(in crate::pool) fn any(&self) -> bool {
        self.any.get()
    }

    /// Whether the executor still has to ask; it forgets who says no.
    pub(in crate::pool) fn stays_listed(&self) -> bool {
        self.listed.set(self.any());
        self.any()
    }

    /// Whoever has a note, if `look` makes something of it.
    pub(in crate::pool) fn look<T>(&self, mut look: impl FnMut(Id, &Note) -> Option<T>) -> Vec<T> {
        self.notes.borrow().iter().filter_map(|(ticket, note)| look(*ticket, note)).collect()
    }

    pub(in crate::pool) fn is_probed(&self, ticket: Id) -> bool {
        self.notes.borrow().get(&ticket).is_some_and(|note| note.probe.is_some())
    }

    /// The task was polled with this waker and is not ready.
    pub(in crate::pool) fn probed(&self, ticket: Id, probe: Arc<Probe>) {
        let old = self.notes.borrow_mut().entry(ticket).or_default().probe.replace(probe);
        self.any.set(true);
        drop(old);
    }

    /// Lets somebody wait for room no longer.
    pub(in crate::pool) fn deny(&self, place: u64, deadlock: Deadlock) {
        self.denied.borrow_mut().insert(place, deadlock);
    }

    /// Why somebody is to wait for room no longer, once.
    pub(in crate::pool) fn denial(&self, place: u64) -> Option<Deadlock> {
        self.denied.borrow_mut().remove(&place)
    }
}

/// Wakes a runner, and can be counted.
#[derive(Debug)]
pub(crate) struct Probe {
    runner: Waker,
    woken: AtomicBool,
}

impl Probe {
    pub(in crate::pool) fn new(runner: Waker) -> Arc<Self> {
        Arc::new(Self { runner, woken: AtomicBool::new(false) })
    }

    /// Whether a waker is one of this probe's.
    pub(in crate::pool) fn is(self: &Arc<Self>, waker: &Waker) -> bool {
        waker.data() == Arc::as_ptr(self).cast()
    }

    /// Whether the waker in a cell is one of this probe's.
    pub(in crate::pool) fn is_in(self: &Arc<Self>, cell: &Cell<Option<Waker>>) -> bool {
        let waker = cell.take();
        let is = waker.as_ref().is_some_and(|waker| self.is(waker));
        cell.set(waker);
        is
    }

    /// Whether there are no more wakers than `known`, and none of them was used.
    ///
    /// A waker is used before it is dropped, so whoever saw the one must see the other, on whatever thread it was.
    pub(in crate::pool) fn is_known(self: &Arc<Self>, known: usize) -> bool {
        let wakers = Arc::strong_count(self) - 1;
        fence(Ordering::Acquire);
        wakers == known && !self.woken.load(Ordering::Relaxed)
    }
}

impl Wake for Probe {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.runner.wake_by_ref();
    }
}
