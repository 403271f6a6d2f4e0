//! One pool of a pond: its line, its limits, its counters, and the lists it is in.

use std::num::NonZeroU32;

use super::counts::{Counter, Counts};
use super::deadlines::Alarms;
use super::heap::{Handle, NO_HANDLE};
use super::line::Line;
use super::rate::{Even, Rate};
use super::slab::{Id, Slab};
use super::time::Time;
use crate::limit::Limit;
use crate::policy::{Order, Overflow};

/// What a lane is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaneOptions {
    pub(crate) limit: Limit,
    /// The most tasks that may wait; `u32::MAX` is unbounded.
    pub(crate) capacity: u32,
    pub(crate) order: Order,
    pub(crate) overflow: Overflow,
    /// How long a task waits until it rises by a class; [`Time::NEVER`] for strict classes.
    pub(crate) aging: Time,
    pub(crate) rate: Option<Even>,
}

impl LaneOptions {
    /// A line of any length, strict classes, first in first out.
    pub(crate) const fn new(limit: Limit) -> Self {
        Self { limit, capacity: u32::MAX, order: Order::Fifo, overflow: Overflow::Reject, aging: Time::NEVER, rate: None }
    }
}

/// A task that waits or runs. There may be very many of them.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) lane: Id,
    /// How many units it takes; while it runs, how many it has taken.
    weight: NonZeroU32,
    /// Its place in the order of submission, kept when the priority changes; in bytes, so that none are lost between two tasks in a table.
    sequence: [u8; 8],
    /// The run of the line it waits in; none once it runs, and [`LATE`] if a clock ran out since.
    pub(super) run: Handle,
    pub(super) alarms: Alarms,
}

/// All tasks of a pond; in pieces where addresses are as short as in wasm, and memory with them.
pub(super) type Tasks = Slab<Task, { usize::BITS == 32 }>;

/// In place of the run of a task whose clock ran out while it ran.
const LATE: Handle = NO_HANDLE - 1;

impl Task {
    pub(super) const fn new(lane: Id, weight: u32, sequence: u64) -> Self {
        Self { lane, weight: units(weight), sequence: sequence.to_ne_bytes(), run: NO_HANDLE, alarms: Alarms::NONE }
    }

    pub(super) const fn sequence(&self) -> u64 {
        u64::from_ne_bytes(self.sequence)
    }

    pub(super) const fn weight(&self) -> u32 {
        self.weight.get()
    }

    pub(super) const fn set_weight(&mut self, weight: u32) {
        self.weight = units(weight);
    }

    pub(super) const fn is_waiting(&self) -> bool {
        self.run < LATE
    }

    /// A clock ran out while it ran: that is its outcome if it is abandoned.
    pub(super) const fn is_late(&self) -> bool {
        self.run == LATE
    }

    /// It runs, and a clock ran out.
    pub(super) const fn be_late(&mut self) {
        self.run = LATE;
    }
}

/// Nothing weighs nothing.
const fn units(weight: u32) -> NonZeroU32 {
    match NonZeroU32::new(weight) {
        Some(units) => units,
        None => NonZeroU32::MIN,
    }
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) line: Line,
    pub(super) limit: Limit,
    pub(super) capacity: u32,
    pub(super) aging: Time,
    pub(super) rate: Option<Rate>,
    /// The units of those that run.
    pub(super) used: u32,
    /// The units of those that wait.
    pub(super) wanted: u64,
    /// How many running tasks may be recalled at once.
    pub(super) lapsed: u32,
    /// Leases and handles: as long as there is one the lane does not expire.
    pub(super) holds: u32,
    pub(super) paused: bool,
    /// Nothing starts before that time; zero if it may.
    pub(super) held_until: Time,
    pub(super) closed: bool,
    /// Over its lifetime: expires as soon as it is idle.
    pub(super) aged: bool,
    /// Among those whose head may start as soon as the cap over all lets it.
    pub(super) ready: bool,
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
            line: Line::new(options.order, options.overflow),
            limit: options.limit,
            capacity: options.capacity,
            aging: options.aging,
            rate: options.rate.map(Rate::Even),
            used: 0,
            wanted: 0,
            lapsed: 0,
            holds: 0,
            paused: false,
            held_until: Time::ZERO,
            closed: false,
            aged: false,
            ready: false,
            idle: false,
            idle_since: Time::ZERO,
            born: Time::ZERO,
            alarms: Alarms::NONE,
            counts: Counts::default(),
        }
    }

    /// Whether its hold has come to its end, and nobody has noticed.
    pub(super) fn has_hold_to_end(&self, now: Time) -> bool {
        self.held_until != Time::ZERO && self.held_until <= now
    }

    /// Whether something may start as far as pauses and holds go.
    pub(super) fn is_open(&self) -> bool {
        !self.paused && self.held_until == Time::ZERO
    }

    /// Whether this lane, for its part, lets a task of that weight start.
    pub(super) fn fits(&self, weight: u32) -> bool {
        self.is_open() && self.limit.fits(self.used, weight)
    }

    /// Whether all that wait have a weight of one.
    pub(super) const fn is_light(&self) -> bool {
        self.wanted == self.counts.get(Counter::Waiting)
    }

    /// Whether whoever is next in line may start as soon as somebody who runs has ended, and nothing else is to be thought of.
    pub(super) fn passes_permits_on(&self) -> bool {
        let is_plain = self.aging == Time::NEVER && self.rate.is_none() && self.is_light();
        is_plain && self.is_open() && self.limit.fits(self.used - 1, 1)
    }

    /// Nothing waits, nothing runs, nobody holds it.
    pub(super) const fn is_idle(&self) -> bool {
        self.holds == 0 && self.has_no_task()
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
