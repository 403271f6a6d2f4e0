//! Whoever waits for the executor to have work: told when a task is ready, the first deadline moves, or the timer fires.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The wakers of all that wait. Thread-safe, because tasks are woken and timers fire on other threads too.
#[derive(Debug, Default)]
pub(crate) struct Drivers(Mutex<Seats>);

#[derive(Debug, Default)]
struct Seats {
    taken: Vec<(u64, Waker)>,
    made: u64,
    /// How many calls hold wakes back at the moment.
    holds: u32,
    held_back: bool,
}

impl Drivers {
    /// A number for one driver.
    pub(crate) fn enter(&self) -> u64 {
        let mut seats = self.seats();
        seats.made += 1;
        seats.made
    }

    /// The driver waits and wants to be told.
    pub(crate) fn sit(&self, id: u64, waker: &Waker) {
        let waker = waker.clone();
        self.seats().taken.push((id, waker));
    }

    /// The driver waits no longer. Its waker is dropped with nothing locked.
    pub(crate) fn leave(&self, id: u64) {
        let left = {
            let mut seats = self.seats();
            seats.taken.iter().position(|(taken, _)| *taken == id).map(|place| seats.taken.swap_remove(place))
        };
        drop(left);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.seats().taken.is_empty()
    }

    /// Tells everybody, once.
    pub(crate) fn wake_all(&self) {
        let woken = {
            let mut seats = self.seats();
            if seats.holds > 0 {
                seats.held_back = true;
                return;
            }
            mem::take(&mut seats.taken)
        };
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Tells nobody before `act` is over. async-executor schedules a new task with its list of tasks locked, so a waker that
    /// spawned another one from inside would wait for itself.
    pub(crate) fn hold<T>(&self, act: impl FnOnce() -> T) -> T {
        self.seats().holds += 1;
        let result = act();
        if self.release() {
            self.wake_all();
        }
        result
    }

    /// Whether somebody is to be told now.
    fn release(&self) -> bool {
        let mut seats = self.seats();
        seats.holds -= 1;
        seats.holds == 0 && mem::take(&mut seats.held_back)
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Drivers {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}
