//! All deadlines of one executor, in order, and the one timer they share.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Waker};

use super::drivers::Drivers;
use crate::clock::Clock;
use crate::platform::Timer;
use crate::state::Time;
use crate::state::heap::{Handle, Heap, Key};

/// Who sleeps until when. Owned by the executor and by each sleeper, so it outlives the tasks that are dropped with the executor.
pub(crate) struct Timers {
    clock: Clock,
    line: RefCell<Line>,
    alarm: RefCell<Option<Alarm>>,
    drivers: Arc<Drivers>,
}

struct Line {
    sleepers: Heap<Waker>,
    made: u64,
}

/// The timer of the host, and the deadline it was set for.
struct Alarm {
    at: Time,
    timer: Timer,
}

/// Where a sleeper stands. The heap uses a handle again, so the key says whether it is still ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    handle: Handle,
    key: Key,
}

impl Timers {
    pub(crate) fn new(clock: Clock) -> Self {
        let line = RefCell::new(Line { sleepers: Heap::new(), made: 0 });
        Self { clock, line, alarm: RefCell::new(None), drivers: Arc::default() }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_elapsed(self.clock.elapsed())
    }

    pub(crate) fn next_deadline(&self) -> Option<Time> {
        self.line.borrow().sleepers.first_key().map(|(at, _)| Time::from_nanos(at))
    }

    /// Wakes every sleeper whose time has come, first deadline first. Reads the clock only if somebody sleeps.
    pub(crate) fn wake_due(&self) {
        let Some(first) = self.next_deadline() else { return };
        let now = self.now();
        if first <= now {
            while let Some(waker) = self.take_due(now) {
                waker.wake();
            }
        }
    }

    /// One at a time: whatever a waker does or however it fails, the others keep their place.
    fn take_due(&self, now: Time) -> Option<Waker> {
        let mut line = self.line.borrow_mut();
        let first = line.sleepers.first()?;
        line.sleepers.key(first).filter(|(at, _)| *at <= now.nanos())?;
        line.sleepers.remove(first)
    }

    /// Puts a sleeper in line. One that comes first is told to who waits for a later one.
    pub(super) fn enter(&self, at: Time, waker: Waker) -> Entry {
        let (entry, is_first) = {
            let mut line = self.line.borrow_mut();
            line.made += 1;
            let key = (at.nanos(), line.made);
            let handle = line.sleepers.insert(key, waker);
            (Entry { handle, key }, line.sleepers.first() == Some(handle))
        };
        if is_first {
            self.drivers.wake_all();
        }
        entry
    }

    /// Has a sleeper wake somebody else from now on; false if it is not in line any more.
    pub(super) fn change(&self, entry: Entry, waker: &Waker) -> bool {
        let waker = waker.clone();
        let old = {
            let mut line = self.line.borrow_mut();
            if line.sleepers.key(entry.handle) != Some(entry.key) {
                return false;
            }
            line.sleepers.get_mut(entry.handle).map(|place| std::mem::replace(place, waker))
        };
        drop(old);
        true
    }

    /// Takes a sleeper out of line, and with the last one the timer.
    pub(super) fn leave(&self, entry: Entry) {
        let waker = {
            let mut line = self.line.borrow_mut();
            if line.sleepers.key(entry.handle) == Some(entry.key) { line.sleepers.remove(entry.handle) } else { None }
        };
        drop(waker);
        if self.next_deadline().is_none() {
            self.disarm();
        }
    }
}

/// The side of who drives.
impl Timers {
    pub(crate) fn drivers(&self) -> &Drivers {
        &self.drivers
    }

    /// Wakes all drivers that wait.
    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.drivers))
    }

    /// Sets the timer for the first deadline; says whether that has passed already.
    pub(crate) fn arm(&self) -> bool {
        let Some(at) = self.next_deadline() else {
            self.disarm();
            return false;
        };
        let now = self.now();
        if at <= now {
            return true;
        }
        match self.clock.manual() {
            Some(clock) => {
                clock.watch(&self.waker());
                false
            }
            None => self.poll_timer(at, now, &self.waker()),
        }
    }

    /// A timer that fired too early for a far deadline counts as passed: who drives looks again and arms it for the rest.
    fn poll_timer(&self, at: Time, now: Time, waker: &Waker) -> bool {
        let mut alarm = self.alarm.borrow_mut();
        if alarm.as_ref().is_none_or(|alarm| alarm.at != at) {
            *alarm = Some(Alarm { at, timer: Timer::new(at.saturating_since(now)) });
        }
        let fired = alarm.as_mut().is_some_and(|alarm| alarm.timer.poll(&mut Context::from_waker(waker)).is_ready());
        if fired {
            *alarm = None;
        }
        fired
    }

    /// There is nobody to wake, or nobody who would hear it.
    pub(crate) fn disarm(&self) {
        self.alarm.take();
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").field("clock", &self.clock).field("next_deadline", &self.next_deadline()).finish_non_exhaustive()
    }
}
