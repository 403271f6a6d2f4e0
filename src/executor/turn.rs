//! A turn: wake what is due, poll some tasks, and either give way or wait for more.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::timers::Timers;
use super::{Core, TURN};

/// Who sees to it that the first deadline ends the waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// The timer of the host.
    Own,
    /// Whoever polls: it will be back by then.
    #[allow(dead_code, reason = "only a thread can wait by itself; a page cannot")]
    Caller,
}

/// The place of one driver among those that wait. Leaving the last one disarms the timer.
pub(crate) struct Seat {
    timers: Rc<Timers>,
    id: u64,
    alarm: Alarm,
}

impl Core {
    /// Polls up to `most` tasks and says how many; fewer than `most` only if nothing was ready any more.
    pub(crate) fn turn(&self, most: usize) -> usize {
        self.timers.wake_due();
        (0..most).take_while(|_| self.tasks.try_tick()).count()
    }

    /// Drives until dropped.
    pub(crate) async fn turn_forever(&self, alarm: Alarm) -> Infallible {
        let seat = self.seat(alarm);
        loop {
            if self.turn(TURN) == TURN {
                give_way().await;
            } else if !self.unstick_at_last().await {
                self.idle(&seat).await;
            }
        }
    }

    /// When nothing is ready and nobody sleeps: has a guest that is stuck in itself give something up. Says whether one did.
    pub(crate) fn unstick(&self) -> bool {
        self.timers.next_deadline().is_none() && self.guests.unstick_one()
    }

    /// The same, after whoever polls us had a turn to do something about it.
    pub(crate) async fn unstick_at_last(&self) -> bool {
        if self.timers.next_deadline().is_some() || !self.guests.is_anyone_stuck() {
            return false;
        }
        give_way().await;
        self.turn(TURN) > 0 || self.unstick()
    }

    pub(crate) fn seat(&self, alarm: Alarm) -> Seat {
        Seat { timers: Rc::clone(&self.timers), id: self.timers.drivers().enter(), alarm }
    }

    /// Waits until there may be work. Says whether a task was polled while looking, which happens only if another thread woke it.
    pub(crate) async fn idle(&self, seat: &Seat) -> bool {
        let waker = self.timers.waker();
        let mut tick = pin!(self.tasks.tick());
        let mut waits = false;
        let ticked = poll_fn(|cx| {
            if std::mem::replace(&mut waits, true) {
                return Poll::Ready(false);
            }
            // We sit first: whatever happens while the ticker starts to listen and the timer is set wakes us.
            seat.sit(cx.waker());
            match tick.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(()) => Poll::Ready(true),
                Poll::Pending if seat.is_due() => Poll::Ready(false),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        seat.leave();
        ticked
    }
}

impl Seat {
    fn sit(&self, waker: &Waker) {
        self.timers.drivers().sit(self.id, waker);
    }

    /// Sets the timer for the first deadline; true if that has passed already.
    fn is_due(&self) -> bool {
        self.alarm == Alarm::Own && self.timers.arm()
    }

    fn leave(&self) {
        self.timers.drivers().leave(self.id);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
        if self.timers.drivers().is_empty() {
            self.timers.disarm();
        }
    }
}

/// Lets whoever polls us do something else.
pub(crate) async fn give_way() {
    let mut given = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
