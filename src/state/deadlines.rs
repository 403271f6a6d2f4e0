//! Which task's clock runs out when: one heap for all tasks and all their clocks.

use super::grow::put;
use super::heap::{Handle, Heaps, NO_HANDLE, Root};
use super::slab::Id;
use super::time::Time;

/// Which of the clocks of a task or a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// Until it starts; stops by itself then.
    Queue,
    /// While it runs.
    Run,
    /// Between two reads of a response's body.
    Body,
    /// From acceptance to the end.
    Total,
    /// How long the permit of an aborted task is kept that does not end.
    Abandon,
    /// How long the permit of a response is kept that nobody reads.
    Unread,
    /// Of a lane: since it fell idle.
    Idle,
    /// Of a lane: since it was made.
    Age,
}

impl Phase {
    /// The phase a number of the JavaScript face stands for.
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Queue,
            1 => Self::Run,
            2 => Self::Body,
            3 => Self::Total,
            4 => Self::Abandon,
            5 => Self::Unread,
            _ => return None,
        })
    }
}

/// The clocks of one task that are set: the first of a chain through the heap's entries.
#[derive(Debug)]
pub(super) struct Alarms(Handle);

impl Alarms {
    pub(super) const NONE: Self = Self(NO_HANDLE);
}

#[derive(Debug, Clone, Copy)]
struct Alarm {
    owner: Id,
    phase: Phase,
    next: Handle,
}

/// All clocks that are set. Equal times come due in the order they were set.
#[derive(Debug)]
pub(super) struct Deadlines {
    heaps: Heaps,
    all: Root,
    alarms: Vec<Alarm>,
    sequence: u64,
}

impl Deadlines {
    pub(super) const fn new() -> Self {
        Self { heaps: Heaps::new(), all: Root::EMPTY, alarms: Vec::new(), sequence: 0 }
    }

    pub(super) fn next(&self) -> Time {
        let first = self.all.first().and_then(|first| self.heaps.key(first));
        first.map_or(Time::NEVER, |(at, _)| Time::from_nanos(at))
    }

    /// Sets a clock of a task or a lane; one that was set is set anew.
    pub(super) fn arm(&mut self, alarms: &mut Alarms, owner: Id, phase: Phase, at: Time) {
        self.disarm(alarms, phase);
        if at == Time::NEVER {
            return;
        }
        self.sequence += 1;
        let next = alarms.0;
        alarms.0 = self.heaps.insert(&mut self.all, (at.nanos(), self.sequence));
        put(&mut self.alarms, alarms.0, Alarm { owner, phase, next });
    }

    /// Stops a clock of a task or a lane.
    pub(super) fn disarm(&mut self, alarms: &mut Alarms, phase: Phase) {
        self.stop(alarms, Some(phase));
    }

    /// Stops every clock of a task or a lane.
    pub(super) fn clear(&mut self, alarms: &mut Alarms) {
        self.stop(alarms, None);
    }

    /// Stops one clock of an owner, or all.
    fn stop(&mut self, alarms: &mut Alarms, phase: Option<Phase>) {
        let mut left = NO_HANDLE;
        while let Some(alarm) = self.alarms.get_mut(alarms.0 as usize) {
            let handle = std::mem::replace(&mut alarms.0, alarm.next);
            if phase.is_none_or(|phase| phase == alarm.phase) {
                self.heaps.remove(&mut self.all, handle);
            } else {
                alarm.next = std::mem::replace(&mut left, handle);
            }
        }
        alarms.0 = left;
    }

    /// The clock that ran out first, if one has; it stays set until it is disarmed.
    pub(super) fn due(&self, now: Time) -> Option<(Id, Phase)> {
        let alarm = self.alarms.get(self.all.first()? as usize)?;
        (self.next() <= now).then_some((alarm.owner, alarm.phase))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_clock_is_set_and_stopped_by_itself() {
        let mut deadlines = Deadlines::new();
        let mut alarms = Alarms::NONE;
        let task = Id::from_raw(1);
        let at = Time::from_millis;
        deadlines.arm(&mut alarms, task, Phase::Total, at(9.0));
        deadlines.arm(&mut alarms, task, Phase::Queue, at(3.0));
        deadlines.arm(&mut alarms, task, Phase::Run, at(5.0));
        deadlines.arm(&mut alarms, task, Phase::Run, at(6.0));
        assert_eq!(deadlines.next(), at(3.0));
        assert_eq!(deadlines.due(at(2.0)), None);
        assert_eq!(deadlines.due(at(3.0)), Some((task, Phase::Queue)));
        deadlines.disarm(&mut alarms, Phase::Queue);
        assert_eq!(deadlines.next(), at(6.0));
        deadlines.clear(&mut alarms);
        assert_eq!(deadlines.next(), Time::NEVER);
    }

    #[test]
    fn equal_times_come_due_in_the_order_they_were_set() {
        let mut deadlines = Deadlines::new();
        let mut chains: Vec<Alarms> = (0..20).map(|_| Alarms::NONE).collect();
        for (chain, number) in chains.iter_mut().zip(0..) {
            deadlines.arm(chain, Id::from_raw(number), Phase::Run, Time::from_millis(1.0));
        }
        for (chain, number) in chains.iter_mut().zip(0..) {
            assert_eq!(deadlines.due(Time::NEVER), Some((Id::from_raw(number), Phase::Run)));
            deadlines.disarm(chain, Phase::Run);
        }
    }

    #[test]
    fn never_sets_no_clock() {
        let mut deadlines = Deadlines::new();
        let mut alarms = Alarms::NONE;
        deadlines.arm(&mut alarms, Id::from_raw(0), Phase::Run, Time::NEVER);
        assert_eq!(deadlines.due(Time::NEVER), None);
    }
}
