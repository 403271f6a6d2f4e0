//! One pool of a pond: its line, its limits, its counters, and the lists it is in.

use super::counts::{Counter, Counts};
use super::deadlines::Alarms;
use super::heap::{Handle, NO_HANDLE};
use super::line::Line;
use super::slab::Id;
use super::time::Time;
use crate::limit::Limit;

/// What a lane is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaneOptions {
    pub(crate) limit: Limit,
    /// The most tasks that may wait; `u32::MAX` is unbounded.
    pub(crate) capacity: u32,
}

/// A task that waits or runs.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) lane: Id,
    /// Its place in the order of submission, kept when the priority changes.
    pub(super) sequence: u64,
    /// The run of the line it waits in; none once it runs.
    pub(super) run: Handle,
    pub(super) alarms: Alarms,
    /// A clock ran out while it ran: that is its outcome if it is abandoned.
    pub(super) late: bool,
}

impl Task {
    pub(super) const fn new(lane: Id, sequence: u64) -> Self {
        Self { lane, sequence, run: NO_HANDLE, alarms: Alarms::NONE, late: false }
    }

    pub(super) const fn is_waiting(&self) -> bool {
        self.run != NO_HANDLE
    }
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) line: Line,
    pub(super) limit: Limit,
    pub(super) capacity: u32,
    /// How many running tasks may be recalled at once.
    pub(super) lapsed: u32,
    /// Leases and handles: as long as there is one the lane does not expire.
    pub(super) holds: u32,
    pub(super) paused: bool,
    pub(super) closed: bool,
    /// Over its lifetime: expires as soon as it is idle.
    pub(super) aged: bool,
    /// Among the idle ones, whose clock runs.
    pub(super) idle: bool,
    /// When it fell idle last.
    pub(super) idle_since: Time,
    /// When it was made, or renewed.
    pub(super) born: Time,
    pub(super) alarms: Alarms,
    pub(super) counts: Counts,
}

impl Lane {
    pub(super) fn new(options: LaneOptions) -> Self {
        Self {
            line: Line::EMPTY,
            limit: options.limit,
            capacity: options.capacity,
            lapsed: 0,
            holds: 0,
            paused: false,
            closed: false,
            aged: false,
            idle: false,
            idle_since: Time::ZERO,
            born: Time::ZERO,
            alarms: Alarms::NONE,
            counts: Counts::default(),
        }
    }

    /// Whether this lane, for its part, lets one more start.
    pub(super) const fn has_room(&self) -> bool {
        !self.paused && self.limit.has_room(self.running())
    }

    pub(super) const fn is_ready(&self) -> bool {
        self.waiting() > 0 && self.has_room()
    }

    /// Nothing waits, nothing runs, nobody holds it.
    pub(super) const fn is_idle(&self) -> bool {
        self.has_no_task() && self.holds == 0
    }

    pub(super) const fn waiting(&self) -> u32 {
        self.counts.get(Counter::Waiting) as u32
    }

    pub(super) const fn running(&self) -> u32 {
        self.counts.get(Counter::Running) as u32
    }

    /// Nothing waits and nothing runs.
    pub(super) const fn has_no_task(&self) -> bool {
        self.waiting() + self.running() == 0
    }
}
