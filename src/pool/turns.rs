//! Lanes that take turns at what they all wait for.

use std::collections::{BTreeMap, HashMap};

use crate::state::Id;

/// Lanes in the order in which they came, each at most once.
#[derive(Debug, Default)]
pub(super) struct Turns {
    lanes: BTreeMap<u64, Id>,
    places: HashMap<Id, u64>,
    made: u64,
}

impl Turns {
    /// Puts a lane last, unless it is in line.
    pub(super) fn push(&mut self, lane: Id) {
        if !self.places.contains_key(&lane) {
            self.made += 1;
            self.places.insert(lane, self.made);
            self.lanes.insert(self.made, lane);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Id> {
        let (_, lane) = self.lanes.pop_first()?;
        self.places.remove(&lane);
        Some(lane)
    }

    pub(super) fn remove(&mut self, lane: Id) {
        if let Some(place) = self.places.remove(&lane) {
            self.lanes.remove(&place);
        }
    }
}
