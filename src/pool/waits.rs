//! Who waits for a lane: for room in its line, or for it to be drained.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::task::Waker;

use crate::foreign::isolated;
use crate::state::Id;

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Room in the line. Served one by one, in the order of coming.
    Room,
    /// That nothing waits and nothing runs. All are told at once.
    Drained,
}

type Key = (Id, What);

/// All who wait, by lane; nothing is kept for lanes that nobody waits for.
#[derive(Debug, Default)]
pub(super) struct Waits {
    lines: RefCell<HashMap<Key, BTreeMap<u64, Waker>>>,
    made: Cell<u64>,
}

impl Waits {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.lines.borrow().is_empty()
    }

    #[inline]
    pub(super) fn anyone(&self, lane: Id, what: What) -> bool {
        !self.is_empty() && self.has(lane, what)
    }

    fn has(&self, lane: Id, what: What) -> bool {
        self.lines.borrow().contains_key(&(lane, what))
    }

    pub(super) fn count(&self, lane: Id, what: What) -> usize {
        self.lines.borrow().get(&(lane, what)).map_or(0, BTreeMap::len)
    }

    pub(super) fn is_first(&self, lane: Id, what: What, place: u64) -> bool {
        let lines = self.lines.borrow();
        lines.get(&(lane, what)).and_then(|line| line.keys().next()) == Some(&place)
    }

    /// Takes a place at the end, or keeps the one it has; wakes `waker` when it is its turn.
    pub(super) fn wait(&self, lane: Id, what: What, place: &mut Option<u64>, waker: &Waker) {
        let place = *place.get_or_insert_with(|| {
            self.made.set(self.made.get() + 1);
            self.made.get()
        });
        let old = self.lines.borrow_mut().entry((lane, what)).or_default().insert(place, waker.clone());
        drop(old);
    }

    pub(super) fn leave(&self, lane: Id, what: What, place: u64) {
        let mut lines = self.lines.borrow_mut();
        let Some(line) = lines.get_mut(&(lane, what)) else { return };
        let old = line.remove(&place);
        if line.is_empty() {
            lines.remove(&(lane, what));
        }
        drop(lines);
        drop(old);
    }

    /// Who is to be told at a place.
    pub(super) fn waker(&self, lane: Id, what: What, place: u64) -> Option<Waker> {
        self.lines.borrow().get(&(lane, what)).and_then(|line| line.get(&place).cloned())
    }

    /// Wakes the first; it keeps its place until it leaves.
    pub(super) fn wake_first(&self, lane: Id, what: What) {
        let first = self.lines.borrow().get(&(lane, what)).and_then(|line| line.values().next().cloned());
        first.into_iter().for_each(|waker| isolated(|| waker.wake()));
    }

    /// Wakes all; they keep their places until they leave.
    pub(super) fn wake_all(&self, lane: Id, what: What) {
        let all: Vec<Waker> = self.lines.borrow().get(&(lane, what)).map(|line| line.values().cloned().collect()).unwrap_or_default();
        all.into_iter().for_each(|waker| isolated(|| waker.wake()));
    }

    pub(super) fn lanes(&self) -> Vec<Id> {
        self.lines.borrow().keys().map(|(lane, _)| *lane).collect()
    }
}
