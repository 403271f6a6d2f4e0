//! Whoever waits for the executor to have work: told when a deadline comes before the one they wait for, or the timer fires.
//!
//! Ready tasks are not their business: async-executor tells its tickers by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The wakers of all that wait. Thread-safe, because the timers of a native host fire on a thread of their own.
#[derive(Debug, Default)]
pub(crate) struct Drivers(Mutex<Seats>);

#[derive(Debug, Default)]
struct Seats {
    taken: Vec<(u64, Waker)>,
    made: u64,
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
        let woken = std::mem::take(&mut self.seats().taken);
        woken.into_iter().for_each(|(_, waker)| waker.wake());
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
