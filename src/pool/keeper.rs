//! The keeper of a mill's time: one executor task that sleeps until the next deadline, and is there only while there is one.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use super::mill::Mill;
use crate::executor::Sleep;
use crate::state::Time;

/// What the mill knows of its keeper.
pub(super) struct Keeper {
    /// Until when it sleeps; nothing while there is no keeper.
    until: Cell<Option<Time>>,
    waker: Cell<Option<Waker>>,
}

impl Default for Keeper {
    fn default() -> Self {
        Self { until: Cell::new(None), waker: Cell::new(None) }
    }
}

impl Keeper {
    /// Sees to it that the keeper knows the next deadline: hires one, wakes it for an earlier one, or lets it go.
    pub(super) fn keep(&self, mill: &Rc<Mill>) {
        let next = mill.next_time();
        match self.until.get() {
            None if next != Time::NEVER => self.hire(mill, next),
            Some(until) if next < until || next == Time::NEVER => self.dismiss(),
            _ => {}
        }
    }

    fn hire(&self, mill: &Rc<Mill>, next: Time) {
        if let Some(executor) = mill.executor() {
            self.until.set(Some(next));
            executor.spawn_detached(Watch { mill: Rc::downgrade(mill), sleep: None });
        }
    }

    /// Wakes it, so that it looks again; without a deadline it goes.
    pub(super) fn dismiss(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("until", &self.until.get()).finish_non_exhaustive()
    }
}

/// The executor task. It does not keep the mill alive.
struct Watch {
    mill: Weak<Mill>,
    sleep: Option<(Time, Sleep)>,
}

impl Future for Watch {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            let Some(mill) = this.mill.upgrade() else { return Poll::Ready(()) };
            mill.serve_due();
            if !this.reset(&mill) {
                return Poll::Ready(());
            }
            mill.keeper.waker.set(Some(cx.waker().clone()));
            if !this.is_over(cx) {
                return Poll::Pending;
            }
        }
    }
}

impl Watch {
    /// Sets the sleep for the next deadline; false if there is none.
    fn reset(&mut self, mill: &Mill) -> bool {
        let next = mill.next_time();
        mill.keeper.until.set((next != Time::NEVER).then_some(next));
        let Some(executor) = mill.executor().filter(|_| next != Time::NEVER) else { return false };
        if self.sleep.as_ref().is_none_or(|(at, _)| *at != next) {
            self.sleep = Some((next, executor.sleep_until(next.elapsed())));
        }
        true
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.sleep.as_mut().is_some_and(|(_, sleep)| Pin::new(sleep).poll(cx).is_ready())
    }
}
