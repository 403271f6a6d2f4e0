//! Who waits for a lane: for room in its line, or for it to be drained.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::task::Waker;

use crate::foreign::isolated;
use crate::state::Id;

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Room in the line. Served one by one, in the order of coming.
    Room,
    /// That nothing waits and nothing runs. All are told at once.
    Drained,
}

/// By lane; nothing is kept for lanes that nobody waits for.
type Lines = RefCell<HashMap<Id, BTreeMap<u64, Waker>>>;

/// All who wait. Each in a table of their own kind: often nobody waits for room, while somebody waits for the end.
#[derive(Debug, Default)]
pub(super) struct Waits {
    room: Lines,
    drained: Lines,
    made: Cell<u64>,
}

impl Waits {
    const fn lines(&self, what: What) -> &Lines {
        match what {
            What::Room => &self.room,
            What::Drained => &self.drained,
        }
    }

    /// Whether anyone waits for that, in whatever lane.
    #[inline]
    pub(super) fn has(&self, what: What) -> bool {
        !self.lines(what).borrow().is_empty()
    }

    #[inline]
    pub(super) fn anyone(&self, lane: Id, what: What) -> bool {
        self.lines(what).borrow().contains_key(&lane)
    }

    pub(super) fn count(&self, lane: Id, what: What) -> usize {
        self.lines(what).borrow().get(&lane).map_or(0, BTreeMap::len)
    }

    pub(super) fn is_first(&self, lane: Id, what: What, place: u64) -> bool {
        let lines = self.lines(what).borrow();
        lines.get(&lane).and_then(|line| line.keys().next()) == Some(&place)
    }

    /// Takes a place at the end, or keeps the one it has; wakes `waker` when it is its turn.
    pub(super) fn wait(&self, lane: Id, what: What, place: &mut Option<u64>, waker: &Waker) {
        let place = *place.get_or_insert_with(|| {
            self.made.set(self.made.get() + 1);
            self.made.get()
        });
        let old = self.lines(what).borrow_mut().entry(lane).or_default().insert(place, waker.clone());
        drop(old);
    }

    pub(super) fn leave(&self, lane: Id, what: What, place: u64) {
        let mut lines = self.lines(what).borrow_mut();
        let Some(line) = lines.get_mut(&lane) else { return };
        let old = line.remove(&place);
        if line.is_empty() {
            lines.remove(&lane);
        }
        drop(lines);
        drop(old);
    }

    /// Who is to be told at a place.
    pub(super) fn waker(&self, lane: Id, what: What, place: u64) -> Option<Waker> {
        self.lines(what).borrow().get(&lane).and_then(|line| line.get(&place).cloned())
    }

    /// Wakes the first; it keeps its place until it leaves.
    pub(super) fn wake_first(&self, lane: Id, what: What) {
        let first = self.lines(what).borrow().get(&lane).and_then(|line| line.values().next().cloned());
        first.into_iter().for_each(|waker| isolated(|| waker.wake()));
    }

    /// Wakes all; they keep their places until they leave.
    pub(super) fn wake_all(&self, lane: Id, what: What) {
        let all = self.lines(what).borrow().get(&lane).map(|line| line.values().cloned().collect::<Vec<Waker>>());
        all.into_iter().flatten().for_each(|waker| isolated(|| waker.wake()));
    }

    pub(super) fn lanes(&self) -> Vec<Id> {
        [What::Room, What::Drained].iter().flat_map(|what| self.lines(*what).borrow().keys().copied().collect::<Vec<_>>()).collect()
    }
}
