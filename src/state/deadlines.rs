//! Which task's clock runs out when: one heap for all tasks and all their clocks, and one for those that are looked at at their own time.

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
    /// Until when the task must have ended.
    Deadline,
    /// Until the next class. Nothing happens then but that the order of the line changes: looked at before somebody starts.
    Aging,
    /// Of a lane: until when nothing starts in it.
    Hold,
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

    /// In which of the two heaps its clocks are.
    const fn heap(self) -> usize {
        matches!(self, Self::Aging | Self::Hold) as usize
    }
}

/// The clocks of one task that are set: the first of a chain through the heap's entries.
#[derive(Debug)]
pub(super) struct Alarms(Handle);

impl Alarms {
    pub(super) const NONE: Self = Self(NO_HANDLE);

    const fn is_none(&self) -> bool {
        self.0 == NO_HANDLE
    }
}

#[derive(Debug, Clone, Copy)]
struct Alarm {
    owner: Id,
    phase: Phase,
    next: Handle,
}

/// The heap of clocks that end something.
pub(super) const ENDS: usize = 0;
/// The heap of clocks that begin something: of aging, of holds.
pub(super) const BEGINNINGS: usize = 1;

/// All clocks that are set. Equal times come due in the order they were set.
#[derive(Debug)]
pub(super) struct Deadlines {
    heaps: Heaps,
    roots: [Root; 2],
    alarms: Vec<Alarm>,
    sequence: u64,
}

impl Deadlines {
    pub(super) const fn new() -> Self {
        Self { heaps: Heaps::new(), roots: [Root::EMPTY; 2], alarms: Vec::new(), sequence: 0 }
    }

    /// When the first clock of a heap runs out.
    #[inline]
    pub(super) fn next(&self, heap: usize) -> Time {
        let first = self.first(heap).and_then(|first| self.heaps.key(first));
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
        if let Some(root) = self.roots.get_mut(phase.heap()) {
            alarms.0 = self.heaps.insert(root, (at.nanos(), self.sequence));
            put(&mut self.alarms, alarms.0, Alarm { owner, phase, next });
        }
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
    #[inline]
    fn stop(&mut self, alarms: &mut Alarms, phase: Option<Phase>) {
        if !alarms.is_none() {
            self.stop_some(alarms, phase);
        }
    }

    fn stop_some(&mut self, alarms: &mut Alarms, phase: Option<Phase>) {
        let mut left = NO_HANDLE;
        while let Some(alarm) = self.alarms.get_mut(alarms.0 as usize) {
            let handle = std::mem::replace(&mut alarms.0, alarm.next);
            if phase.is_none_or(|phase| phase == alarm.phase) {
                if let Some(root) = self.roots.get_mut(alarm.phase.heap()) {
                    self.heaps.remove(root, handle);
                }
            } else {
                alarm.next = std::mem::replace(&mut left, handle);
            }
        }
        alarms.0 = left;
    }

    /// The clock of a heap that ran out first, if one has; it stays set until it is disarmed.
    #[inline]
    pub(super) fn due(&self, heap: usize, now: Time) -> Option<(Id, Phase)> {
        let alarm = self.alarms.get(self.first(heap)? as usize)?;
        (self.next(heap) <= now).then_some((alarm.owner, alarm.phase))
    }

    #[inline]
    fn first(&self, heap: usize) -> Option<Handle> {
        self.roots.get(heap)?.first()
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
        assert_eq!(deadlines.next(ENDS), at(3.0));
        assert_eq!(deadlines.due(ENDS, at(2.0)), None);
        assert_eq!(deadlines.due(ENDS, at(3.0)), Some((task, Phase::Queue)));
        deadlines.disarm(&mut alarms, Phase::Queue);
        assert_eq!(deadlines.next(ENDS), at(6.0));
        deadlines.clear(&mut alarms);
        assert_eq!(deadlines.next(ENDS), Time::NEVER);
    }

    #[test]
    fn equal_times_come_due_in_the_order_they_were_set() {
        let mut deadlines = Deadlines::new();
        let mut chains: Vec<Alarms> = (0..20).map(|_| Alarms::NONE).collect();
        for (chain, number) in chains.iter_mut().zip(0..) {
            deadlines.arm(chain, Id::from_raw(number), Phase::Run, Time::from_millis(1.0));
        }
        for (chain, number) in chains.iter_mut().zip(0..) {
            assert_eq!(deadlines.due(ENDS, Time::NEVER), Some((Id::from_raw(number), Phase::Run)));
            deadlines.disarm(chain, Phase::Run);
        }
    }

    #[test]
    fn phases_have_the_numbers_the_javascript_face_knows_them_by() {
        use Phase::*;
        assert_eq!([0, 1, 2, 3, 4, 5].map(Phase::from_number), [Queue, Run, Body, Total, Abandon, Unread].map(Some));
        assert_eq!(Phase::from_number(6), None);
    }

    #[test]
    fn never_sets_no_clock() {
        let mut deadlines = Deadlines::new();
        let mut alarms = Alarms::NONE;
        deadlines.arm(&mut alarms, Id::from_raw(0), Phase::Run, Time::NEVER);
        assert_eq!(deadlines.due(ENDS, Time::NEVER), None);
    }
}
