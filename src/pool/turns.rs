//! Lanes that take turns at what they all wait for.

use std::collections::{HashSet, VecDeque};

use crate::state::Id;

/// Lanes in the order in which they came, each at most once.
#[derive(Debug, Default)]
pub(super) struct Turns {
    line: VecDeque<Id>,
    lanes: HashSet<Id>,
}

impl Turns {
    /// Puts a lane last, unless it is in line.
    pub(super) fn push(&mut self, lane: Id) {
        if self.lanes.insert(lane) {
            self.line.push_back(lane);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Id> {
        let lane = self.line.pop_front()?;
        self.lanes.remove(&lane);
        Some(lane)
    }
}
